//! Prices in other currencies, at exchange rates that the user states: there is no rate inside.

use super::{Catalogue, Provider, RateCard};
use crate::domain::money::UsdPerUnit;
use crate::domain::time::Instant;

/// The currency in which the catalogue counts.
pub const USD: &str = "USD";

/// What one unit of a currency is worth, by the user's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExchangeRate {
    /// The ISO code.
    pub currency: String,
    /// US dollars for one unit.
    pub usd: UsdPerUnit,
    /// The day of the rate.
    pub on: Instant,
}

impl ExchangeRate {
    /// Reads `EUR=1.08@2026-11-20`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wanted =
            || "expected a dated rate such as EUR=1.08@2026-11-20 (US dollars for one euro)".to_owned();
        let (currency, rest) = text.split_once('=').ok_or_else(wanted)?;
        let (rate, on) = rest.split_once('@').ok_or_else(wanted)?;
        if !is_currency(currency) {
            return Err(format!("`{currency}` is no currency code of three capital letters"));
        }
        if currency == USD {
            return Err("a dollar is a dollar: give the rate of another currency".to_owned());
        }
        let usd = UsdPerUnit::parse(rate).map_err(|error| format!("`{rate}`: {error}"))?;
        Ok(ExchangeRate { currency: currency.to_owned(), usd, on: Instant::parse(on)? })
    }
}

/// `EUR=1.08@2026-11-20`.
impl std::fmt::Display for ExchangeRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}@{}", self.currency, self.usd, self.on)
    }
}

/// Whether a text is an ISO 4217 code: three capital letters.
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase())
}

/// The currency of a price file, and how it was turned into dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    /// The ISO code of the file.
    pub code: String,
    /// The rate at which its prices were converted.
    pub rate: Option<ExchangeRate>,
}

impl Currency {
    /// Whether the provider's prices are in dollars, by the file or by a conversion.
    pub fn is_usable(&self) -> bool {
        self.code == USD || self.rate.is_some()
    }
}

impl Catalogue {
    /// The catalogue with the prices of other currencies in dollars, each rounded once, half to even, to
    /// six decimals. Providers whose currency has no rate stay as they are; their routes are refused.
    pub fn exchanged(mut self, rates: &[ExchangeRate]) -> Self {
        for provider in self.providers.iter_mut().filter(|provider| !provider.currency.is_usable()) {
            if let Some(rate) = rates.iter().find(|rate| rate.currency == provider.currency.code) {
                convert(provider, rate);
            }
        }
        self
    }
}

fn convert(provider: &mut Provider, rate: &ExchangeRate) {
    let usd = rate.usd;
    let card = |card: &RateCard| card.map(|rate| rate.exchanged(usd));
    for fee in &mut provider.fees {
        fee.minimum = fee.minimum.exchanged(usd);
    }
    for meter in &mut provider.meters {
        meter.tariff = meter.tariff.map(|rate| rate.exchanged(usd));
    }
    for model in &mut provider.models {
        for entry in &mut model.prices {
            entry.card = card(&entry.card);
            for window in &mut entry.windows {
                window.card = card(&window.card);
            }
        }
        for term in model.capacity.iter_mut().flat_map(|offer| offer.terms.iter_mut()) {
            term.price = term.price.exchanged(usd);
        }
    }
    provider.currency.rate = Some(rate.clone());
}
