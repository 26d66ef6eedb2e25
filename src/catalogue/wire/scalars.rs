//! Numbers of price files: read digit by digit, never through a float.

use serde_json::{Value as Json, json};

use crate::catalogue::card::Component;
use crate::domain::document::{Node, Spanned, Value, Wire};
use crate::domain::money::{Rate, Ratio};
use crate::domain::number::{NumberError, parse_decimal, parse_large_decimal};
use crate::domain::problem::{Code, Problems};

/// Millionths of a unit, exactly: an amount of money, a time in seconds, a weight.
#[derive(Clone, Debug)]
pub struct Decimal(pub Spanned<i64>);

impl Decimal {
    /// The number as a price per million.
    pub fn rate(&self) -> Rate {
        Rate::from_micro_usd_per_million(self.0.value)
    }

    /// The number as an exact multiplier.
    pub fn ratio(&self) -> Ratio {
        Ratio::from_millionths(self.0.value)
    }

    /// The value as a float, for what is not money.
    pub fn to_f64(&self) -> f64 {
        self.0.value as f64 / 1e6
    }
}

impl Wire for Decimal {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let what = ("a price is not negative", "prices are plain numbers in the file's currency");
        read_decimal(node, parse_decimal, what, problems).map(Decimal)
    }

    fn schema() -> Json {
        json!({"type": ["number", "string"], "minimum": 0, "pattern": "^[0-9_]*(\\.[0-9]{1,6}0*)?$"})
    }
}

/// Millionths of a unit, exactly, where the unit is counted or paid rather than a price: a quantity, an amount.
#[derive(Clone, Debug)]
pub struct Amount(pub Spanned<i64>);

impl Wire for Amount {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let what = ("a quantity or an amount is not negative", "write it as a plain number");
        read_decimal(node, parse_large_decimal, what, problems).map(Amount)
    }

    fn schema() -> Json {
        Decimal::schema()
    }
}

/// A decimal in millionths that is not negative; `what` says so, and what to write.
fn read_decimal(
    node: &Node,
    parse: fn(&str, usize) -> Result<i64, NumberError>,
    what: (&str, &str),
    problems: &mut Problems,
) -> Option<Spanned<i64>> {
    let text = node.scalar("a decimal number", problems)?;
    match parse(text, 6) {
        Ok(value) if value >= 0 => Some(Spanned { value, place: node.place.clone() }),
        Ok(_) => {
            problems.at(Code::OutOfRange, &node.place, what.0, node.found(), "");
            None
        }
        Err(error) => {
            problems.at(
                Code::Unreadable,
                &node.place,
                "expected a decimal with at most six decimals, for instance 2.50",
                format!("{}: {error}", node.found()),
                what.1,
            );
            None
        }
    }
}

/// The rules that a component's price can follow instead of a number.
const RULES: [(&str, Component); 3] = [
    ("same_as_input", Component::Input),
    ("same_as_cached_input", Component::CachedInput),
    ("same_as_output", Component::Output),
];

/// The word for a component that the provider does not sell.
const NOT_SOLD: &str = "not_sold";

/// What a file says of a component's price.
#[derive(Clone, Debug)]
pub enum TokenPrice {
    /// A number.
    Listed(Decimal),
    /// `same_as_…`: what another component costs, by the provider's word.
    SameAs(Spanned<Component>),
    /// `not_sold`.
    NotSold,
}

impl Wire for TokenPrice {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        if let Value::Scalar(text) = &node.value {
            if text == NOT_SOLD {
                return Some(TokenPrice::NotSold);
            }
            if let Some((_, value)) = RULES.iter().find(|(word, _)| word == text) {
                return Some(TokenPrice::SameAs(Spanned { value: *value, place: node.place.clone() }));
            }
        }
        Decimal::read(node, problems).map(TokenPrice::Listed)
    }

    fn schema() -> Json {
        let mut words: Vec<&str> = RULES.iter().map(|(word, _)| *word).collect();
        words.push(NOT_SOLD);
        json!({"oneOf": [{"enum": words}, Decimal::schema()]})
    }
}

/// An exact share between 0 and 100 %, in millionths.
#[derive(Clone, Debug)]
pub struct Share(pub Spanned<i64>);

impl Share {
    /// The share as an exact ratio.
    pub fn ratio(&self) -> Ratio {
        Ratio::from_millionths(self.0.value)
    }
}

impl Wire for Share {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = node.scalar("a share such as 5.5%", problems)?;
        let parts = match text.strip_suffix('%') {
            Some(percent) => parse_decimal(percent.trim(), 4),
            None => parse_decimal(text, 6),
        };
        match parts {
            Ok(value) if (0..=1_000_000).contains(&value) => {
                Some(Share(Spanned { value, place: node.place.clone() }))
            }
            Ok(_) => {
                problems.at(
                    Code::OutOfRange,
                    &node.place,
                    "a share lies between 0 % and 100 %",
                    node.found(),
                    "",
                );
                None
            }
            Err(error) => {
                problems.at(
                    Code::Unreadable,
                    &node.place,
                    "expected a share such as 5.5%",
                    format!("{}: {error}", node.found()),
                    "",
                );
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": ["number", "string"]})
    }
}
