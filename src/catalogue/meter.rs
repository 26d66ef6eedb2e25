//! What is billed beside tokens: tool calls, results, pages, hours, storage; and provisioned capacity.

use super::Citation;
use crate::domain::money::{Rate, Usd};
use crate::domain::quantity::Quantity;
use crate::domain::time::Instant;

/// The meter whose calls a scenario counts as searches.
pub const WEB_SEARCH: &str = "web_search";

/// Something that is billed by its quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    /// Its name: `web_search`, `cache_storage`, …
    pub name: String,
    /// What is counted: `call`, `gb_day`, …
    pub unit: String,
    /// A variant with a price of its own, such as a search context: `low`.
    pub level: Option<String>,
    /// The models that it holds for; all if empty.
    pub models: Vec<String>,
    /// The tiers that it holds for; all if empty.
    pub tiers: Vec<String>,
    /// The regions that it holds for; all if empty.
    pub regions: Vec<String>,
    /// Its prices.
    pub tariff: Tariff,
    /// Quantities are billed in whole steps of this, rounded up; nothing if zero.
    pub step: Quantity,
    /// The least quantity that is billed where any is used.
    pub minimum: Quantity,
    /// What costs nothing.
    pub included: Option<Included>,
    /// Since when.
    pub from: Instant,
    /// Until when, if it is no longer sold after.
    pub until: Option<Instant>,
    /// By whose word.
    pub source: Citation,
}

/// The prices of a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tariff {
    /// One price for all units.
    Flat(Rate),
    /// Each unit at the price of its own band.
    Graduated(Vec<MeterBand>),
    /// All units at the price of the band that the quantity falls into.
    Whole(Vec<MeterBand>),
}

impl Tariff {
    /// The tariff with its rates replaced.
    pub fn map(&self, change: impl Fn(Rate) -> Rate) -> Tariff {
        let all = |bands: &[MeterBand]| {
            bands.iter().map(|band| MeterBand { rate: change(band.rate), ..*band }).collect()
        };
        match self {
            Tariff::Flat(rate) => Tariff::Flat(change(*rate)),
            Tariff::Graduated(bands) => Tariff::Graduated(all(bands)),
            Tariff::Whole(bands) => Tariff::Whole(all(bands)),
        }
    }
}

/// A price for quantities up to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterBand {
    /// The largest quantity in the band; open where `None`.
    pub up_to: Option<Quantity>,
    /// The price, per million units.
    pub rate: Rate,
}

/// A free quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Included {
    /// How much is free.
    pub quantity: Quantity,
    /// Over which time.
    pub per: Period,
}

/// The time that an allowance is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A single request.
    Request,
    /// A day.
    Day,
    /// A calendar month.
    Month,
}

impl Period {
    /// All of them with their names.
    pub const ALL: [(&'static str, Period); 3] =
        [("request", Period::Request), ("day", Period::Day), ("month", Period::Month)];

    /// Its name in price files.
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }
}

/// Provisioned throughput on sale.
#[derive(Clone, Debug, PartialEq)]
pub struct CapacityOffer {
    /// The unit's name: PTU.
    pub unit: String,
    /// Where it is sold.
    pub regions: Vec<String>,
    /// Input tokens per minute that one unit serves.
    pub input_tokens_per_minute: Option<u64>,
    /// Output tokens per minute that one unit serves, where they have a limit of their own.
    pub output_tokens_per_minute: Option<u64>,
    /// Input tokens that one output token counts as, in millionths.
    pub output_weight_millionths: Option<i64>,
    /// Input tokens that one cached token counts as, in millionths.
    pub cached_weight_millionths: Option<i64>,
    /// The fewest units.
    pub minimum_units: u64,
    /// Units are sold in steps of this.
    pub increment_units: u64,
    /// Longer prompts, in tokens, are refused.
    pub maximum_prompt_tokens: Option<u64>,
    /// What one unit costs, by commitment.
    pub terms: Vec<Term>,
    /// Since when.
    pub from: Instant,
    /// Until when, if it is no longer sold after.
    pub until: Option<Instant>,
    /// By whose word.
    pub source: Citation,
}

/// What a provisioned unit costs under a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// How long one commits; `None` is no commitment at all.
    pub commitment: Option<Length>,
    /// The price of one unit for `per`.
    pub price: Usd,
    /// For how long that pays; `None` is the whole commitment.
    pub per: Option<Length>,
}

/// A length of time as contracts state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// How many.
    pub count: u64,
    /// Of what.
    pub unit: TimeUnit,
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.count, self.unit.name())
    }
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of 24 hours.
    Day,
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

impl TimeUnit {
    /// All of them with their names.
    pub const ALL: [(&'static str, TimeUnit); 7] = [
        ("second", TimeUnit::Second),
        ("minute", TimeUnit::Minute),
        ("hour", TimeUnit::Hour),
        ("day", TimeUnit::Day),
        ("week", TimeUnit::Week),
        ("month", TimeUnit::Month),
        ("year", TimeUnit::Year),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }
}
