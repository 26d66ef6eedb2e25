//! The bill of one request.

use std::fmt;

use crate::catalogue::{Band, BandMode, Component, Price, RateCard, Rates};
use crate::domain::money::{Rate, Usd};

/// What one request used. Every count is a total: cached, written, audio, image and video tokens are inside
/// `input`; reasoning, audio, image and video are inside `output`; cached audio and cached images are inside
/// both of their kinds. Only citations stand beside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input tokens.
    pub input: u64,
    /// Those that a cache served, of all kinds.
    pub cached: u64,
    /// Those of the cached ones that a cache of the caller's own served.
    pub explicit_cached: u64,
    /// Input tokens written to the cache for its default lifetime.
    pub written: u64,
    /// Input tokens written to the cache for an hour.
    pub written_1h: u64,
    /// Input tokens written to the cache for twelve hours.
    pub written_12h: u64,
    /// Audio input tokens.
    pub audio_input: u64,
    /// Audio input tokens that the cache served.
    pub cached_audio: u64,
    /// Image input tokens.
    pub image_input: u64,
    /// Image input tokens that the cache served.
    pub cached_image: u64,
    /// Video input tokens.
    pub video_input: u64,
    /// All output tokens.
    pub output: u64,
    /// Those that were reasoning.
    pub reasoning: u64,
    /// Audio output tokens.
    pub audio_output: u64,
    /// Image output tokens.
    pub image_output: u64,
    /// Video output tokens.
    pub video_output: u64,
    /// Tokens of cited sources.
    pub citation: u64,
}

impl Usage {
    /// Nothing.
    pub const NONE: Usage = Usage {
        input: 0,
        cached: 0,
        explicit_cached: 0,
        written: 0,
        written_1h: 0,
        written_12h: 0,
        audio_input: 0,
        cached_audio: 0,
        image_input: 0,
        cached_image: 0,
        video_input: 0,
        output: 0,
        reasoning: 0,
        audio_output: 0,
        image_output: 0,
        video_output: 0,
        citation: 0,
    };

    /// The tokens of each component, every token in exactly one.
    ///
    /// # Errors
    /// When parts are more than what they are part of.
    pub fn tokens(&self) -> Result<[u64; Component::COUNT], BillError> {
        let inside = |parts: &[u64], whole: u64, part: &'static str, of: &'static str| {
            let sum = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
            whole.checked_sub(sum).ok_or(BillError::PartAboveWhole { part, parts: sum, of, whole })
        };
        let audio = inside(&[self.cached_audio], self.audio_input, "cached audio", "audio input")?;
        let image = inside(&[self.cached_image], self.image_input, "cached image", "image input")?;
        let special = [self.explicit_cached, self.cached_audio, self.cached_image];
        let cached = inside(&special, self.cached, "explicitly cached, cached audio and image", "cached")?;
        let (written, hour, half_day) = (self.written, self.written_1h, self.written_12h);
        let parts = [self.cached, written, hour, half_day, audio, image, self.video_input];
        let input = inside(&parts, self.input, "cached, written, audio, image and video", "input")?;
        let parts = [self.reasoning, self.audio_output, self.image_output, self.video_output];
        let output = inside(&parts, self.output, "reasoning, audio, image and video", "output")?;
        let mut tokens = [0; Component::COUNT];
        for (component, count) in [
            (Component::Input, input),
            (Component::CachedInput, cached),
            (Component::ExplicitCachedInput, self.explicit_cached),
            (Component::CacheWrite, self.written),
            (Component::CacheWrite1h, self.written_1h),
            (Component::CacheWrite12h, self.written_12h),
            (Component::AudioInput, audio),
            (Component::CachedAudioInput, self.cached_audio),
            (Component::ImageInput, image),
            (Component::CachedImageInput, self.cached_image),
            (Component::VideoInput, self.video_input),
            (Component::Output, output),
            (Component::Reasoning, self.reasoning),
            (Component::AudioOutput, self.audio_output),
            (Component::ImageOutput, self.image_output),
            (Component::VideoOutput, self.video_output),
            (Component::Citation, self.citation),
        ] {
            tokens[component as usize] = count;
        }
        Ok(tokens)
    }
}

/// One line of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What was used.
    pub component: Component,
    /// The band whose price holds.
    pub band: usize,
    /// Tokens billed.
    pub tokens: u64,
    /// Price per million tokens.
    pub rate: Rate,
    /// Tokens times price.
    pub amount: Usd,
}

/// An itemised bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The lines with any tokens.
    pub items: Vec<Item>,
    /// The index of the band that the request falls into.
    pub band: usize,
    /// The sum of the lines.
    pub total: Usd,
    /// What the request costs beyond the base band's rates; zero in the base band.
    pub premium: Usd,
}

/// Why a request cannot be billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillError {
    /// Parts are more than what they are part of.
    PartAboveWhole {
        /// The parts.
        part: &'static str,
        /// How many tokens they are.
        parts: u64,
        /// What they are part of.
        of: &'static str,
        /// How many tokens that has.
        whole: u64,
    },
    /// The prompt is longer than what the tier sells.
    TooLong {
        /// All input tokens.
        input: u64,
        /// The longest prompt on sale.
        longest: u64,
    },
    /// Tokens of a component without a published price.
    NoPrice {
        /// The component.
        component: Component,
        /// Whether the provider says that it does not sell it.
        not_sold: bool,
    },
}

impl fmt::Display for BillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BillError::PartAboveWhole { part, parts, of, whole } => {
                write!(f, "{parts} {part} tokens do not fit into {whole} {of} tokens")
            }
            BillError::TooLong { input, longest } => {
                write!(f, "a prompt of {input} tokens is not sold here; the longest is {longest}")
            }
            BillError::NoPrice { component, not_sold: false } => {
                write!(f, "no price for `{}` is published here", component.name())
            }
            BillError::NoPrice { component, not_sold: true } => {
                write!(f, "`{}` is not sold here", component.name())
            }
        }
    }
}

impl std::error::Error for BillError {}

/// The exact bill of one request on a card.
///
/// The band is chosen by `usage.input`, cached tokens included, and its rates hold for the whole
/// request. 272,001 input and 10,000 output tokens of gpt-5.4 cost 272,001 × 5.00 + 10,000 × 22.50 per
/// million, 1.585005 USD, of which 272,001 × 2.50 + 10,000 × 7.50 per million is premium. On a graduated
/// card each part of the prompt has the price of the band that it lies in.
///
/// # Errors
/// When the usage contradicts itself or has no published price.
pub fn bill_request(card: &RateCard, usage: &Usage) -> Result<Bill, BillError> {
    let mut items = Vec::with_capacity(4);
    let (band, total, premium) = each_line(card, usage, |item| items.push(item))?;
    Ok(Bill { items, band, total, premium })
}

/// What one request costs in all, without its items.
///
/// # Errors
/// As [`bill_request`].
pub fn price_request(card: &RateCard, usage: &Usage) -> Result<Usd, BillError> {
    each_line(card, usage, |_| ()).map(|(_, total, _)| total)
}

/// What requests of the same band cost together, and their premium, by the sums of their tokens: a price is linear
/// inside of a band. The card bills whole requests.
///
/// # Errors
/// As [`bill_request`].
pub fn price_together(card: &RateCard, band: usize, sums: &Usage) -> Result<(Usd, Usd), BillError> {
    let tokens = sums.tokens()?;
    let Some(band) = card.bands.get(band) else {
        let longest = card.longest_prompt().unwrap_or(u64::MAX);
        return Err(BillError::TooLong { input: sums.input, longest });
    };
    let (mut total, mut premium) = (Usd::ZERO, Usd::ZERO);
    for component in Component::ALL.into_iter().filter(|component| tokens[*component as usize] > 0) {
        let (amount, dearer) = line_of(band, component, tokens[component as usize])?;
        total += amount;
        premium += dearer;
    }
    Ok((total, premium))
}

/// What tokens of a component cost in a band, and what of it is owed to that band.
fn line_of(band: &Band, component: Component, tokens: u64) -> Result<(Usd, Usd), BillError> {
    let rate = rate_of(&band.rates, component)?;
    // A component without a price in the base band has nothing to be dearer than.
    let base = rate_of(&band.base, component).unwrap_or(rate);
    let amount = rate.times(tokens);
    let premium = if base == rate { Usd::ZERO } else { amount - base.times(tokens) };
    Ok((amount, premium))
}

/// Hands every line to `take`; returns the band, the total and the premium.
fn each_line(
    card: &RateCard,
    usage: &Usage,
    mut take: impl FnMut(Item),
) -> Result<(usize, Usd, Usd), BillError> {
    let tokens = usage.tokens()?;
    let Some(band) = card.band_of(usage.input) else {
        let longest = card.longest_prompt().unwrap_or(u64::MAX);
        return Err(BillError::TooLong { input: usage.input, longest });
    };
    let (mut total, mut premium) = (Usd::ZERO, Usd::ZERO);
    let mut line = |component: Component, tokens: u64, band: usize| -> Result<(), BillError> {
        let rate = rate_of(&card.bands[band].rates, component)?;
        let (amount, dearer) = line_of(&card.bands[band], component, tokens)?;
        total += amount;
        premium += dearer;
        take(Item { component, band, tokens, rate, amount });
        Ok(())
    };
    match card.mode {
        BandMode::WholeRequest => {
            for component in Component::ALL {
                if tokens[component as usize] > 0 {
                    line(component, tokens[component as usize], band)?;
                }
            }
        }
        BandMode::Graduated => {
            let mut begun = 0;
            for component in along_the_prompt() {
                let end = begun + tokens[component as usize];
                let mut from = begun;
                for (index, band) in card.bands.iter().enumerate() {
                    let to = band.up_to.unwrap_or(u64::MAX).min(end);
                    if to > from {
                        line(component, to - from, index)?;
                        from = to;
                    }
                }
                begun = end;
            }
            for component in Component::ALL.into_iter().filter(|component| !component.is_input()) {
                if tokens[component as usize] > 0 {
                    line(component, tokens[component as usize], band)?;
                }
            }
        }
    }
    Ok((band, total, premium))
}

/// The input components in the order in which a prompt holds them: what a cache serves is its beginning,
/// what is written follows, the rest comes last.
fn along_the_prompt() -> impl Iterator<Item = Component> {
    const FIRST: [Component; 7] = [
        Component::CachedInput,
        Component::ExplicitCachedInput,
        Component::CachedAudioInput,
        Component::CachedImageInput,
        Component::CacheWrite,
        Component::CacheWrite1h,
        Component::CacheWrite12h,
    ];
    let rest = Component::ALL.into_iter().filter(|c| c.is_input() && !FIRST.contains(c));
    FIRST.into_iter().chain(rest)
}

/// The rate of a component. Reasoning without a price of its own is output.
fn rate_of(rates: &Rates, component: Component) -> Result<Rate, BillError> {
    match rates.price(component) {
        Price::Listed(rate) | Price::ByRule(rate) => Ok(rate),
        Price::Unknown if component == Component::Reasoning => rate_of(rates, Component::Output),
        price => Err(BillError::NoPrice { component, not_sold: price == Price::NotSold }),
    }
}
