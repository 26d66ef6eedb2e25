//! Building blocks of the importers: rates from their text, cards from thresholds, entries.

use super::{RemarkKind, Shelf};
use crate::catalogue::{
    Band, BandMode, Component, Model, Price, PriceEntry, RateCard, Rates, Status, Window,
};
use crate::domain::money::Rate;
use crate::domain::number::parse_scaled;

/// A rate from its decimal text, `shift` powers of ten below micro-dollars per million.
///
/// LiteLLM's `2.5e-06` USD a token is 10¹² micro-dollars per million of it: shift 12. A price per million is
/// shift 6. Rounded half to even where it has more decimals than a rate holds, which is noted.
pub fn rate(shelf: &mut Shelf, key: &str, text: &str, shift: i32) -> Option<Rate> {
    match parse_scaled(text, shift) {
        Ok(scaled) if scaled.value >= 0 => {
            if !scaled.exact {
                shelf.report.note(
                    RemarkKind::Rounded,
                    key,
                    "a rate has more than six decimals per million and was rounded to the nearest",
                );
            }
            Some(Rate::from_micro_usd_per_million(scaled.value))
        }
        _ => {
            shelf.report.note(RemarkKind::LeftOut, key, "a price that is negative, too large or no number");
            None
        }
    }
}

/// A card whose bands end at `ends` (inclusive, in order), the last one open; `rates` gives those of a band by
/// its number.
pub fn card(ends: &[u64], rates: impl Fn(usize) -> Rates) -> RateCard {
    let base = rates(0);
    let open = ends.iter().copied().map(Some).chain(std::iter::once(None));
    let mut bands: Vec<Band> = Vec::new();
    for (at, up_to) in open.enumerate() {
        let band = Band { up_to, rates: rates(at), base };
        match bands.last_mut() {
            // A threshold at which nothing changes is none.
            Some(before) if before.rates == band.rates => before.up_to = up_to,
            _ => bands.push(band),
        }
    }
    RateCard { mode: BandMode::WholeRequest, bands, lent: Vec::new() }
}

/// A price that is listed, follows a rule, or is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Under its own key.
    Listed(Rate),
    /// By a fall-back of the database to another number.
    FallBack(Rate),
    /// By a fall-back to the input price of the same band.
    AsInput,
    /// Nothing is said.
    Nothing,
}

/// The rates of a band from what was found of each component; fall-backs are kept only if `keep`.
pub fn rates(found: &[(Component, Found)], keep: bool) -> Rates {
    let input = found.iter().find_map(|(component, found)| match (component, found) {
        (Component::Input, Found::Listed(rate) | Found::FallBack(rate)) => Some(*rate),
        _ => None,
    });
    found.iter().fold(Rates::UNKNOWN, |rates, (component, found)| match (found, input) {
        (Found::Listed(rate), _) => rates.with(*component, Price::Listed(*rate)),
        (Found::FallBack(rate), _) if keep || *component == Component::Input => {
            rates.with(*component, Price::Listed(*rate))
        }
        (Found::AsInput, Some(rate)) if keep => rates.with(*component, Price::ByRule(rate)),
        _ => rates,
    })
}

/// An entry of one tier in one region.
pub fn entry(shelf: &Shelf, key: &str, tier: &str, card: RateCard, note: Option<String>) -> PriceEntry {
    PriceEntry {
        tiers: vec![tier.to_owned()],
        regions: vec!["global".to_owned()],
        from: shelf.options.as_of,
        until: None,
        status: Status::List,
        card,
        windows: Vec::<Window>::new(),
        derived: None,
        source: shelf.citation(key, note),
    }
}

/// A model without anything but its names.
pub fn model(id: &str, name: &str) -> Model {
    Model {
        id: id.to_owned(),
        name: name.to_owned(),
        aliases: Vec::new(),
        cached_tokens: None,
        reasoning_tokens: None,
        capabilities: Vec::new(),
        limits: None,
        prompt_cache: None,
        measured: Vec::new(),
        prices: Vec::new(),
        capacity: Vec::new(),
    }
}
