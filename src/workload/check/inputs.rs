//! Inputs as they are met: each registered under its path with what is believed of it.

use super::super::quantity::{Kind, QuantityWire, Uncertain};
use super::super::{Assumption, Input};
use crate::domain::document::Count;
use crate::domain::problem::{Code, Problems};

/// The most requests that a month may have; far beyond the largest customers known.
const MOST_REQUESTS: f64 = 1e13;

/// The inputs met so far, each under its path.
pub struct Inputs {
    /// In order of registration.
    pub list: Vec<Assumption>,
}

impl Inputs {
    /// Registers a stated quantity, or its default.
    pub fn add(
        &mut self,
        path: &str,
        wire: Option<&QuantityWire>,
        default: f64,
        range: Range,
        problems: &mut Problems,
    ) -> Option<Input> {
        let law = match wire {
            Some(wire) => wire.uncertain(range.kind, range.minimum, range.maximum, problems)?,
            None => Uncertain::Fixed(default),
        };
        Some(self.register(path, law, range))
    }

    /// Registers an input with a law that is known already.
    pub fn register(&mut self, path: &str, law: Uncertain, range: Range) -> Input {
        self.list.push(Assumption {
            path: path.to_owned(),
            law,
            minimum: range.minimum,
            maximum: range.maximum,
            unit: range.unit,
        });
        Input(self.list.len() - 1)
    }

    /// What is believed about an input.
    pub fn law(&self, input: Input) -> &Uncertain {
        &self.list[input.0].law
    }
}

/// What a field's numbers may be.
#[derive(Clone, Copy)]
pub struct Range {
    /// The kind of number.
    pub kind: Kind,
    /// The smallest that makes sense.
    pub minimum: f64,
    /// The largest that makes sense.
    pub maximum: f64,
    /// The unit for display.
    pub unit: &'static str,
}

/// A range of numbers.
pub const fn range(kind: Kind, minimum: f64, maximum: f64, unit: &'static str) -> Range {
    Range { kind, minimum, maximum, unit }
}

/// What such an input may be.
pub const SHARE: Range = range(Kind::Share, 0.0, 1.0, "share");
/// What such an input may be.
pub const REQUESTS: Range = range(Kind::Positive, 0.0, MOST_REQUESTS, "requests");
/// What such an input may be.
pub const GROWTH: Range = range(Kind::Signed, -0.95, 1.0, "a month");
/// What such an input may be.
pub const CV: Range = range(Kind::Positive, 0.0, 20.0, "of the mean");
/// What such an input may be.
pub const FACTOR: Range = range(Kind::Positive, 0.001, 1000.0, "times");
/// What such an input may be.
pub const TOKENS: Range = range(Kind::Positive, 1.0, 1e9, "tokens");

/// A correlation between −1 and 1, exclusive; 0 if absent.
pub fn correlation_value(wire: Option<&QuantityWire>, problems: &mut Problems) -> Option<f64> {
    known(wire, 0.0, -0.99, 0.99, problems)
}

/// A share that must be a plain value.
pub fn known_share(wire: Option<&QuantityWire>, default: f64, problems: &mut Problems) -> Option<f64> {
    plain(wire, default, SHARE, problems)
}

/// A number that must be a plain value.
pub fn known(
    wire: Option<&QuantityWire>,
    default: f64,
    minimum: f64,
    maximum: f64,
    problems: &mut Problems,
) -> Option<f64> {
    plain(wire, default, range(Kind::Signed, minimum, maximum, ""), problems)
}

/// A number in a range that must be a plain value, or its default.
pub fn plain(
    wire: Option<&QuantityWire>,
    default: f64,
    range: Range,
    problems: &mut Problems,
) -> Option<f64> {
    let Some(wire) = wire else { return Some(default) };
    let law = wire.uncertain(range.kind, range.minimum, range.maximum, problems)?;
    if law.fixed().is_none() {
        problems.at(
            Code::WrongType,
            wire.place(),
            "expected one value, not a range",
            "",
            "this field is part of the model's structure and cannot be uncertain yet",
        );
    }
    law.fixed()
}

/// A stated count within bounds, or its default.
pub fn count(wire: Option<&Count>, default: u64, minimum: u64, maximum: u64, problems: &mut Problems) -> u64 {
    let Some(Count(wire)) = wire else { return default };
    if !(minimum..=maximum).contains(&wire.value) {
        let found = format!("found {}", wire.value);
        problems.at(Code::OutOfRange, &wire.place, format!("expected {minimum} to {maximum}"), found, "");
    }
    wire.value.clamp(minimum, maximum)
}
