//! The bill of one request.

use std::fmt;

use crate::catalogue::{RateCard, Rates};
use crate::domain::money::{Rate, Usd};

/// What one request used. Cached and written tokens are inside `input`; reasoning is inside `output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input tokens.
    pub input: u64,
    /// Those that the cache served.
    pub cached: u64,
    /// Those written to the cache.
    pub written: u64,
    /// All output tokens.
    pub output: u64,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// `input`, `cached_input`, `cache_write`, `output`.
    pub component: &'static str,
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
    /// The index of the band that applied.
    pub band: usize,
    /// The sum of the lines.
    pub total: Usd,
    /// What the request costs beyond the base band's rates; zero in the base band.
    pub premium: Usd,
}

/// Why a request cannot be billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillError {
    /// More cached and written tokens than input.
    CachedAboveInput {
        /// All input tokens.
        input: u64,
        /// Cached and written tokens together.
        inside: u64,
    },
    /// The prompt is longer than what the tier sells.
    TooLong {
        /// All input tokens.
        input: u64,
        /// The longest prompt on sale.
        longest: u64,
    },
    /// Cached tokens, and no published price for them.
    NoCachedPrice,
}

impl fmt::Display for BillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BillError::CachedAboveInput { input, inside } => {
                write!(f, "{inside} cached and written tokens do not fit into {input} input tokens")
            }
            BillError::TooLong { input, longest } => {
                write!(f, "a prompt of {input} tokens is not sold here; the longest is {longest}")
            }
            BillError::NoCachedPrice => write!(f, "no price for cached input is published here"),
        }
    }
}

impl std::error::Error for BillError {}

/// The exact bill of one request on a card.
///
/// The band is chosen by `usage.input`, cached tokens included, and its rates hold for the whole
/// request. 272,001 input and 10,000 output tokens of gpt-5.4 cost 272,001 × 5.00 + 10,000 × 22.50 per
/// million, 1.585005 USD, of which 272,001 × 2.50 + 10,000 × 7.50 per million is premium.
///
/// # Errors
/// When the usage contradicts itself or has no published price.
pub fn bill_request(card: &RateCard, usage: &Usage) -> Result<Bill, BillError> {
    let inside = usage.cached.saturating_add(usage.written);
    let Some(uncached) = usage.input.checked_sub(inside) else {
        return Err(BillError::CachedAboveInput { input: usage.input, inside });
    };
    let Some(band) = card.band_of(usage.input) else {
        let longest = card.longest_prompt().unwrap_or(u64::MAX);
        return Err(BillError::TooLong { input: usage.input, longest });
    };
    let items = items(&card.bands[band].rates, uncached, usage)?;
    let total = items.iter().map(|item| item.amount).sum();
    let base: Usd = items_total(&card.bands[band].base, uncached, usage)?;
    Ok(Bill { items, band, total, premium: total - base })
}

fn items(rates: &Rates, uncached: u64, usage: &Usage) -> Result<Vec<Item>, BillError> {
    let cached_rate = match rates.cached() {
        Some(rate) => rate,
        None if usage.cached == 0 => rates.input,
        None => return Err(BillError::NoCachedPrice),
    };
    let lines = [
        ("input", uncached, rates.input),
        ("cached_input", usage.cached, cached_rate),
        ("cache_write", usage.written, rates.written()),
        ("output", usage.output, rates.output),
    ];
    let used = lines.into_iter().filter(|(_, tokens, _)| *tokens > 0);
    Ok(used
        .map(|(component, tokens, rate)| Item { component, tokens, rate, amount: rate.times(tokens) })
        .collect())
}

fn items_total(rates: &Rates, uncached: u64, usage: &Usage) -> Result<Usd, BillError> {
    Ok(items(rates, uncached, usage)?.iter().map(|item| item.amount).sum())
}
