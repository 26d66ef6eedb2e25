//! A rate card: bands of input tokens, and the rates that hold in each.
//!
//! The band rule in words: a request belongs to the first band whose upper end is not below its total
//! input tokens, cached ones included, output not. Its **whole** usage is billed at that band's rates.
//! `up_to: 272_000` in a file puts a request of exactly 272,000 tokens into the band, `below: 200_000`
//! leaves one of exactly 200,000 to the next.

use crate::domain::money::Rate;

/// What cached input tokens cost in a band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachedInput {
    /// A published price.
    Priced(Rate),
    /// The provider's rule: cached tokens pay the input price.
    SameAsInput,
    /// No price and no rule is published; using it is an error.
    Unknown,
}

/// Prices of one band, each per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Input tokens that no cache served.
    pub input: Rate,
    /// Input tokens that the cache served.
    pub cached_input: CachedInput,
    /// Input tokens written to the cache, where that has a price of its own.
    pub cache_write: Option<Rate>,
    /// Output tokens, reasoning included.
    pub output: Rate,
}

impl Rates {
    /// The price of cached input tokens, if there is one.
    pub fn cached(&self) -> Option<Rate> {
        match self.cached_input {
            CachedInput::Priced(rate) => Some(rate),
            CachedInput::SameAsInput => Some(self.input),
            CachedInput::Unknown => None,
        }
    }

    /// The price of tokens written to the cache: its own, else the input price.
    pub fn written(&self) -> Rate {
        self.cache_write.unwrap_or(self.input)
    }
}

/// One band of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The largest total input in the band, in tokens; open where `None`.
    pub up_to: Option<u64>,
    /// What holds in it.
    pub rates: Rates,
    /// The rates that the premium is measured against: those of the lowest band of the tier that bills.
    pub base: Rates,
}

/// The bands of one tier and region at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateCard {
    /// By increasing `up_to`; at least one.
    pub bands: Vec<Band>,
}

impl RateCard {
    /// The index of the band that a request of `input` tokens (cached ones included) falls into, or
    /// `None` where such a long prompt is not sold.
    pub fn band_of(&self, input: u64) -> Option<usize> {
        self.bands.iter().position(|band| band.up_to.is_none_or(|most| input <= most))
    }

    /// The longest prompt on sale, in tokens, if the last band ends.
    pub fn longest_prompt(&self) -> Option<u64> {
        self.bands.last().and_then(|band| band.up_to)
    }

    /// Whether every band says what cached tokens cost.
    pub fn prices_cached_input(&self) -> bool {
        self.bands.iter().all(|band| band.rates.cached().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(ends: &[Option<u64>]) -> RateCard {
        let rate = Rate::from_micro_usd_per_million(1);
        let rates =
            Rates { input: rate, cached_input: CachedInput::SameAsInput, cache_write: None, output: rate };
        RateCard { bands: ends.iter().map(|&up_to| Band { up_to, rates, base: rates }).collect() }
    }

    #[test]
    fn the_upper_end_belongs_to_its_band() {
        let card = card(&[Some(272_000), None]);
        assert_eq!([271_999, 272_000, 272_001].map(|n| card.band_of(n)), [Some(0), Some(0), Some(1)]);
    }

    #[test]
    fn beyond_a_closed_last_band_nothing_is_sold() {
        let card = card(&[Some(272_000)]);
        assert_eq!([272_000, 272_001].map(|n| card.band_of(n)), [Some(0), None]);
    }
}
