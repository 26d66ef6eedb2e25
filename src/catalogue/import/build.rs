//! Building blocks of the importers: rates from their text, cards from thresholds, entries.

use super::{Missing, RemarkKind, Shelf};
use crate::catalogue::{
    Band, BandMode, Component, Meter, Model, Price, PriceEntry, RateCard, Rates, Status, Tariff, Window,
};
use crate::domain::document::Node;
use crate::domain::money::Rate;
use crate::domain::number::parse_scaled;
use crate::domain::quantity::Quantity;

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
    /// The model does not produce it.
    NotSold,
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
        (Found::NotSold, _) => rates.with(*component, Price::NotSold),
        (Found::FallBack(rate), _) if keep => rates.with(*component, Price::Listed(*rate)),
        (Found::AsInput, Some(rate)) if keep => rates.with(*component, Price::ByRule(rate)),
        _ => rates,
    })
}

/// What a database says where it has no cached price and bills such tokens as input.
pub const NO_CACHED_PRICE: &str = "no cached price is listed: cached tokens are taken at the input price";

/// What a map lists of token prices; `None` if one of them cannot be read, which is noted.
pub type Listed = Option<Vec<(Component, Found)>>;

/// A card from the prices of short prompts and, for each threshold, a map of those that hold beyond it; what
/// such a map leaves out keeps the price below. `None` where input or output has no price, which is noted.
pub fn stepped_card(
    shelf: &mut Shelf,
    key: &str,
    short: Vec<(Component, Found)>,
    mut steps: Vec<(u64, &Node)>,
    listed: impl Fn(&str, &Node, &mut Shelf) -> Listed,
) -> Option<RateCard> {
    let mut below = short;
    let has = |component| below.iter().any(|(known, _)| *known == component);
    if !has(Component::Input) || !has(Component::Output) {
        shelf.report.note(RemarkKind::LeftOut, key, "no price of input or output is listed");
        return None;
    }
    if !has(Component::CachedInput) {
        shelf.report.note(RemarkKind::Doubtful, key, NO_CACHED_PRICE);
        below.push((Component::CachedInput, Found::AsInput));
    }
    if !steps.is_empty() {
        let words = "whether a prompt of exactly the threshold is long is not said: it is taken as short";
        shelf.report.note(RemarkKind::Doubtful, key, words);
    }
    steps.sort_by_key(|(threshold, _)| *threshold);
    let keep = shelf.options.missing == Missing::AsTheDatabase;
    let mut bands: Vec<Rates> = vec![rates(&below, keep)];
    for (_, step) in &steps {
        for (component, found) in listed(key, step, shelf)? {
            match below.iter_mut().find(|(known, _)| *known == component) {
                Some(known) => known.1 = found,
                None => below.push((component, found)),
            }
        }
        bands.push(rates(&below, keep));
    }
    let ends: Vec<u64> = steps.iter().map(|(threshold, _)| *threshold).collect();
    Some(card(&ends, |at| bands[at]))
}

/// A meter of one model with one price, since the day as of which the file was taken.
pub fn meter(shelf: &Shelf, key: &str, model: &str, name: &str, unit: &str, rate: Rate) -> Meter {
    Meter {
        name: name.to_owned(),
        unit: unit.to_owned(),
        level: None,
        models: vec![super::spelt(model)],
        tiers: Vec::new(),
        regions: Vec::new(),
        tariff: Tariff::Flat(rate),
        step: Quantity::ZERO,
        minimum: Quantity::ZERO,
        included: None,
        from: shelf.options.as_of,
        until: None,
        source: shelf.citation(key, None),
    }
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
        rate_limits: Vec::new(),
    }
}
