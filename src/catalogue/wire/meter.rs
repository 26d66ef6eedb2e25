//! What is billed beside tokens, and provisioned capacity.

use super::{Amount, Decimal, Text};
use crate::domain::document::{Count, Spanned};
use crate::domain::time::Instant;
use crate::wire_map;

wire_map! {
    /// Something billed by its quantity: tool calls, results, pages, hours, storage.
    pub struct MeterWire {
        /// Its name: web_search, file_search, cache_storage, …
        meter: Text,
        /// What is counted: call, result, page, hour, gb_day, token_hour, …
        unit: Text,
        /// A named variant with a price of its own, such as a search context or a container size.
        level: Option<Text>,
        /// The models it holds for; all if absent.
        models: Vec<Text>,
        /// The tiers it holds for; all if absent.
        tiers: Vec<Text>,
        /// The regions it holds for; all if absent.
        regions: Vec<Text>,
        /// The price of `per` units.
        price: Option<Decimal>,
        /// The number of units that the price is for; 1 if absent.
        per: Option<Count>,
        /// Prices by quantity, instead of `price`.
        bands: Vec<MeterBandWire>,
        /// With bands: graduated (each unit at its own band) or whole (all units at the band that the quantity falls into).
        mode: Option<Text>,
        /// Quantities are billed in whole steps of so many units, rounded up.
        step: Option<Amount>,
        /// The least quantity that is billed where any is used.
        minimum: Option<Amount>,
        /// A quantity that costs nothing.
        included: Option<Amount>,
        /// Over which time that quantity is free: request, day or month.
        included_per: Option<Text>,
        /// Since when.
        from: Spanned<Instant>,
        /// Until when it is sold; left out where a later entry takes over.
        until: Option<Spanned<Instant>>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}

wire_map! {
    /// A price for quantities up to an end.
    pub struct MeterBandWire {
        /// The largest quantity in the band, inclusive; open if absent.
        up_to: Option<Amount>,
        /// The price of `per` units.
        price: Decimal,
        /// The number of units that the price is for; 1 if absent.
        per: Option<Count>,
    }
}

wire_map! {
    /// Provisioned throughput.
    pub struct CapacityWire {
        /// The unit's name.
        unit: Text,
        /// Where it is sold.
        regions: Vec<Text>,
        /// Input tokens per minute of one unit.
        input_tokens_per_minute: Option<Count>,
        /// Output tokens per minute of one unit, where they have a limit of their own.
        output_tokens_per_minute: Option<Count>,
        /// Input tokens that an output token counts as.
        output_weight: Option<Decimal>,
        /// Input tokens that a cached token counts as.
        cached_weight: Option<Decimal>,
        /// The fewest units.
        minimum_units: Count,
        /// The step between sizes.
        increment_units: Count,
        /// Longer prompts are refused.
        maximum_prompt_tokens: Option<Count>,
        /// What a unit costs, by commitment.
        terms: Vec<TermWire>,
        /// Since when.
        from: Spanned<Instant>,
        /// Until when it is sold; left out where a later entry takes over.
        until: Option<Spanned<Instant>>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}

wire_map! {
    /// What a provisioned unit costs under a commitment.
    pub struct TermWire {
        /// none, or a length such as 1 week, 1 month, 6 months, 1 year.
        commitment: Text,
        /// The price of one unit.
        price: Amount,
        /// For how long that pays: second, minute, hour, month, year, or term for the whole commitment.
        per: Text,
    }
}
