//! A rate card: bands of input tokens, and the price of every component in each.
//!
//! The band rule in words: a request belongs to the first band whose upper end is not below its total
//! input tokens, cached ones included, output not. Its **whole** usage is billed at that band's prices,
//! unless the card is graduated. `up_to: 272_000` in a file puts a request of exactly 272,000 tokens into
//! the band, `below: 200_000` leaves one of exactly 200,000 to the next.

use crate::domain::money::{Rate, Ratio};

/// A kind of token with a price of its own. The kinds of one request are disjoint: a token is billed as
/// exactly one of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(usize)]
pub enum Component {
    /// Text input that no cache served and that was not written to one.
    Input,
    /// Input served by the cache.
    CachedInput,
    /// Input served by a cache that the caller made, where that reads at another price.
    ExplicitCachedInput,
    /// Input written to the cache for the provider's default lifetime.
    CacheWrite,
    /// Input written to the cache for an hour.
    CacheWrite1h,
    /// Input written to the cache for twelve hours.
    CacheWrite12h,
    /// Audio input.
    AudioInput,
    /// Audio input served by the cache.
    CachedAudioInput,
    /// Image input.
    ImageInput,
    /// Image input served by the cache.
    CachedImageInput,
    /// Video input.
    VideoInput,
    /// Text output.
    Output,
    /// Reasoning, where it has a price of its own.
    Reasoning,
    /// Audio output.
    AudioOutput,
    /// Image output.
    ImageOutput,
    /// Video output.
    VideoOutput,
    /// Tokens of cited sources, beside input and output.
    Citation,
}

impl Component {
    /// How many there are.
    pub const COUNT: usize = 17;

    /// All of them, in the order of bills.
    pub const ALL: [Component; Self::COUNT] = [
        Component::Input,
        Component::CachedInput,
        Component::ExplicitCachedInput,
        Component::CacheWrite,
        Component::CacheWrite1h,
        Component::CacheWrite12h,
        Component::AudioInput,
        Component::CachedAudioInput,
        Component::ImageInput,
        Component::CachedImageInput,
        Component::VideoInput,
        Component::Output,
        Component::Reasoning,
        Component::AudioOutput,
        Component::ImageOutput,
        Component::VideoOutput,
        Component::Citation,
    ];

    /// Its name in price files and bills.
    pub const fn name(self) -> &'static str {
        match self {
            Component::Input => "input",
            Component::CachedInput => "cached_input",
            Component::ExplicitCachedInput => "explicit_cached_input",
            Component::CacheWrite => "cache_write",
            Component::CacheWrite1h => "cache_write_1h",
            Component::CacheWrite12h => "cache_write_12h",
            Component::AudioInput => "audio_input",
            Component::CachedAudioInput => "cached_audio_input",
            Component::ImageInput => "image_input",
            Component::CachedImageInput => "cached_image_input",
            Component::VideoInput => "video_input",
            Component::Output => "output",
            Component::Reasoning => "reasoning",
            Component::AudioOutput => "audio_output",
            Component::ImageOutput => "image_output",
            Component::VideoOutput => "video_output",
            Component::Citation => "citation",
        }
    }

    /// Whether its tokens count toward the input of a request, and so toward its band.
    pub const fn is_input(self) -> bool {
        (self as usize) < Component::Output as usize
    }
}

/// What a component costs in a band.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Price {
    /// A published price.
    Listed(Rate),
    /// The provider's rule that it costs what another component costs.
    ByRule(Rate),
    /// The provider does not sell it.
    NotSold,
    /// No price and no rule is published; using it is an error.
    Unknown,
}

impl Price {
    /// The rate, if there is one.
    pub const fn rate(self) -> Option<Rate> {
        match self {
            Price::Listed(rate) | Price::ByRule(rate) => Some(rate),
            Price::NotSold | Price::Unknown => None,
        }
    }

    /// The price with its rate replaced.
    pub fn map(self, change: impl Fn(Rate) -> Rate) -> Price {
        match self {
            Price::Listed(rate) => Price::Listed(change(rate)),
            Price::ByRule(rate) => Price::ByRule(change(rate)),
            none => none,
        }
    }
}

/// The prices of one band, by component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    prices: [Price; Component::COUNT],
}

impl Rates {
    /// Nothing has a price.
    pub const UNKNOWN: Rates = Rates { prices: [Price::Unknown; Component::COUNT] };

    /// These rates with one price set.
    pub const fn with(mut self, component: Component, price: Price) -> Rates {
        self.prices[component as usize] = price;
        self
    }

    /// What a component costs.
    pub const fn price(&self, component: Component) -> Price {
        self.prices[component as usize]
    }

    /// The rate of a component, if it has one.
    pub const fn rate(&self, component: Component) -> Option<Rate> {
        self.price(component).rate()
    }

    /// The rate of tokens written to a cache: its own, else that of input, which they also are.
    pub fn written(&self) -> Option<Rate> {
        self.rate(Component::CacheWrite).or(self.rate(Component::Input))
    }

    /// Whether it is known what tokens cost that are written to a cache for an hour. Where writes pay the input
    /// price by rule, it makes no difference how long they are kept.
    pub fn prices_hour_writes(&self) -> bool {
        self.rate(Component::CacheWrite1h).is_some()
            || matches!(self.price(Component::CacheWrite), Price::ByRule(rate) if Some(rate) == self.rate(Component::Input))
    }

    /// The rate of tokens written to a cache for an hour: its own, else that of other writes.
    pub fn written_1h(&self) -> Option<Rate> {
        self.rate(Component::CacheWrite1h).or(self.written())
    }

    /// All components with a price or a rule, in the order of bills.
    pub fn known(&self) -> impl Iterator<Item = (Component, Price)> {
        Component::ALL
            .into_iter()
            .map(|component| (component, self.price(component)))
            .filter(|(_, price)| *price != Price::Unknown)
    }

    /// Every rate times an exact ratio, rounded once, half to even, to six decimals.
    pub fn times(&self, ratio: Ratio) -> Rates {
        self.map(|rate| rate.scaled(ratio))
    }

    /// Every rate replaced.
    pub fn map(&self, change: impl Fn(Rate) -> Rate) -> Rates {
        Rates { prices: self.prices.map(|price| price.map(&change)) }
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

impl Band {
    /// The band with its rates replaced.
    pub fn map(&self, change: impl Fn(Rate) -> Rate) -> Band {
        Band { rates: self.rates.map(&change), base: self.base.map(&change), ..*self }
    }
}

/// How bands are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BandMode {
    /// The whole request at the prices of the band that its input falls into.
    WholeRequest,
    /// Each part of the prompt at the prices of the band that the part lies in, in the order cached,
    /// written, other input; output at the band of the total.
    Graduated,
}

/// The bands of one tier and region at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateCard {
    /// How they are applied.
    pub mode: BandMode,
    /// By increasing `up_to`; at least one.
    pub bands: Vec<Band>,
    /// Those of the bands that are another tier's, by `billed_as`.
    pub lent: Vec<Loan>,
}

/// Bands that another tier lends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loan {
    /// The indices of the first band and of the one after the last.
    pub bands: std::ops::Range<usize>,
    /// The tier that they belong to.
    pub tier: String,
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

    /// Whether every band has a rate for the component.
    pub fn prices(&self, component: Component) -> bool {
        self.bands.iter().all(|band| band.rates.rate(component).is_some())
    }

    /// The card with every rate replaced.
    pub fn map(&self, change: impl Fn(Rate) -> Rate) -> RateCard {
        let bands = self.bands.iter().map(|band| band.map(&change)).collect();
        RateCard { mode: self.mode, bands, lent: self.lent.clone() }
    }

    /// A band in words: `up to 272,000 input tokens`, `above 272,000 input tokens`, `all`.
    pub fn band_words(&self, band: usize) -> String {
        use crate::domain::format::thousands;
        let below = band.checked_sub(1).and_then(|before| self.bands[before].up_to);
        match (below, self.bands[band].up_to) {
            (None, None) => "all input lengths".to_owned(),
            (None, Some(end)) => format!("up to {} input tokens", thousands(end)),
            (Some(start), None) => format!("above {} input tokens", thousands(start)),
            (Some(start), Some(end)) => {
                format!("above {} and up to {} input tokens", thousands(start), thousands(end))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(ends: &[Option<u64>]) -> RateCard {
        let price = Price::Listed(Rate::from_micro_usd_per_million(1));
        let rates = Rates::UNKNOWN.with(Component::Input, price).with(Component::Output, price);
        let bands = ends.iter().map(|&up_to| Band { up_to, rates, base: rates }).collect();
        RateCard { mode: BandMode::WholeRequest, bands, lent: Vec::new() }
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

    #[test]
    fn components_are_listed_in_the_order_of_their_numbers() {
        for (at, component) in Component::ALL.into_iter().enumerate() {
            assert_eq!(component as usize, at, "{}", component.name());
        }
    }

    #[test]
    fn a_multiple_is_rounded_once_half_to_even() {
        // 0.130001 × 1.1 = 0.1430011 and 0.000005 × 1.1 = 0.0000055, between two sixth decimals.
        let rate =
            |micros| Rate::from_micro_usd_per_million(micros).scaled(Ratio::from_millionths(1_100_000));
        assert_eq!(rate(130_001).micro_usd_per_million(), 143_001);
        assert_eq!(rate(5).micro_usd_per_million(), 6);
        assert_eq!(rate(15).micro_usd_per_million(), 16);
    }
}
