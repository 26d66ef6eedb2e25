//! The price files for people and scripts: lists, single routes, histories; differences and imports.

mod diff;
pub(super) mod flat;
#[cfg(feature = "parquet")]
mod flat_parquet;
mod import;
mod limits;

use serde::Serialize;

use self::limits::{ShownEnforcement, ShownLimit, limits_sheet, shown_enforcement, shown_limits};
use super::quote::{status, url};
use super::sheet::Sheet;
use crate::catalogue::{
    Band, CapacityOffer, Catalogue, Component, Included, Offer, Price, PriceEntry, RateCard, Tariff,
};
use crate::domain::format::{percent, thousands};
use crate::domain::route::RouteId;
use crate::domain::time::Instant;

pub use self::diff::{diff_sheet, shown_changes};
pub use self::flat::{FLAT_TABLE, flat_csv};
#[cfg(feature = "parquet")]
pub use self::flat_parquet::flat_parquet;
pub use self::import::{import_sheet, import_summary};

/// The prices of a component, band by band: `2.5 · 5`, and of the times of day in brackets.
fn shown(entry: &PriceEntry, component: Component) -> String {
    let card = |card: &RateCard| -> String {
        let mut texts: Vec<String> =
            card.bands.iter().map(|band| price_words(band.rates.price(component))).collect();
        if texts.iter().all(|text| *text == texts[0]) {
            texts.truncate(1);
        }
        texts.join(" · ")
    };
    let windows = entry.windows.iter().map(|window| (card(&window.card), &window.name));
    let ordinary = card(&entry.card);
    windows
        .filter(|(text, _)| *text != ordinary)
        .fold(ordinary.clone(), |all, (text, name)| format!("{all} ({name} {text})"))
}

fn price_words(price: Price) -> String {
    match price {
        Price::Listed(rate) => rate.to_string(),
        Price::ByRule(rate) => format!("{rate} by rule"),
        Price::NotSold => "not sold".to_owned(),
        Price::Unknown => "unknown".to_owned(),
    }
}

/// A route in a list of prices.
#[derive(Clone, Debug, Serialize)]
pub struct ListedRoute {
    route: String,
    model: String,
    bands: Vec<ShownBand>,
    /// Input, cached input and output over all bands, for a row of a sheet.
    #[serde(skip)]
    cells: [String; 3],
    #[serde(skip)]
    band_ends: String,
    context_window: Option<u64>,
    capabilities: Vec<String>,
    since: String,
    checked_on: String,
}

/// The routes among `routes` with a price at `at`.
pub fn listed_routes(catalogue: &Catalogue, routes: &[RouteId], at: Instant) -> Vec<ListedRoute> {
    let listed = routes.iter().filter_map(|route| {
        let offer = catalogue.offer(route).ok()?;
        let entry = offer.entry(offer.slot_at(at)?);
        Some(ListedRoute {
            route: route.to_string(),
            model: offer.model.name.clone(),
            bands: bands(&entry.card),
            cells: [Component::Input, Component::CachedInput, Component::Output]
                .map(|component| shown(entry, component)),
            band_ends: band_ends(&entry.card),
            context_window: offer.model.limits.as_ref().map(|limits| limits.context_window),
            capabilities: offer.model.capabilities.clone(),
            since: entry.from.to_string(),
            checked_on: entry.source.checked.to_string(),
        })
    });
    listed.collect()
}

/// A list of prices as a sheet.
pub fn list_sheet(routes: &[ListedRoute], at: Instant) -> Sheet {
    let head = ["route", "input", "cached", "output", "long above", "window", "since", "checked"];
    let mut sheet = Sheet::new(format!("USD per million tokens on {at}"), &head);
    for route in routes {
        let [input, cached, output] = route.cells.clone();
        sheet.rows.push(vec![
            route.route.clone(),
            input,
            cached,
            output,
            route.band_ends.clone(),
            route.context_window.map(thousands).unwrap_or_default(),
            route.since.clone(),
            route.checked_on.clone(),
        ]);
    }
    sheet
}

fn band_ends(card: &RateCard) -> String {
    let ends: Vec<String> = card.bands.iter().filter_map(|band| band.up_to).map(thousands).collect();
    ends.join(", ")
}

/// A route with all that holds on it at an instant.
#[derive(Clone, Debug, Serialize)]
pub struct ShownRoute {
    route: String,
    model: String,
    provider: String,
    on: String,
    cached_tokens_in_records: &'static str,
    cards: Vec<ShownCard>,
    meters: Vec<ShownMeter>,
    fees: Vec<String>,
    capacity: Vec<ShownCapacity>,
    limits: Option<String>,
    rate_limits: Vec<ShownLimit>,
    enforcement: Option<ShownEnforcement>,
    capabilities: Vec<String>,
    since: String,
    until: Option<String>,
    status: &'static str,
    derived: Option<String>,
    source_url: String,
    source: String,
    checked_on: String,
    note: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownCard {
    window: Option<String>,
    hours: Option<String>,
    bands: Vec<ShownBand>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownBand {
    band: String,
    prices_usd_per_mtok: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownMeter {
    meter: String,
    price: String,
    source: String,
    note: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownCapacity {
    unit: String,
    region: String,
    sizing: String,
    prices: Vec<String>,
    source: String,
}

/// All that holds on an offer at an instant; `None` where no price is known then.
pub fn shown_route(route: &RouteId, offer: Offer<'_>, at: Instant) -> Option<ShownRoute> {
    let entry = offer.entry(offer.slot_at(at)?);
    let mut cards = vec![ShownCard { window: None, hours: None, bands: bands(&entry.card) }];
    cards.extend(entry.windows.iter().map(|window| ShownCard {
        window: Some(window.name.clone()),
        hours: Some(window.words()),
        bands: bands(&window.card),
    }));
    let limits = offer.model.limits.as_ref().map(|limits| {
        let part = |name: &str, tokens: Option<u64>| tokens.map(|n| format!(", {name} {}", thousands(n)));
        format!(
            "window {}{}{} tokens",
            thousands(limits.context_window),
            part("longest prompt", limits.max_input).unwrap_or_default(),
            part("longest answer", limits.max_output).unwrap_or_default()
        )
    });
    Some(ShownRoute {
        route: route.to_string(),
        model: offer.model.name.clone(),
        provider: offer.provider.name.clone(),
        on: at.to_string(),
        cached_tokens_in_records: match offer.cached_tokens() {
            crate::catalogue::Counting::Inside => "inside input",
            crate::catalogue::Counting::Beside => "beside input",
        },
        cards,
        meters: meters(offer, at),
        fees: offer
            .fees_at(at)
            .iter()
            .map(|fee| {
                format!("{}: {}, at least {} USD a month", fee.name, percent(fee.share.to_f64()), fee.minimum)
            })
            .collect(),
        capacity: offer
            .model
            .capacity
            .iter()
            .filter(|c| c.regions.iter().any(|r| r == offer.region))
            .filter(|c| c.from <= at && c.until.is_none_or(|until| at < until))
            .map(capacity)
            .collect(),
        limits,
        rate_limits: shown_limits(offer, at),
        enforcement: shown_enforcement(offer, at),
        capabilities: offer.model.capabilities.clone(),
        since: entry.from.to_string(),
        until: entry.until.map(|until| until.to_string()),
        status: status(entry),
        derived: entry.derived.clone(),
        source_url: url(&entry.source.source),
        source: entry.source.source.clone(),
        checked_on: entry.source.checked.to_string(),
        note: entry.source.note.clone(),
    })
}

fn bands(card: &RateCard) -> Vec<ShownBand> {
    let one = |(at, band): (usize, &Band)| ShownBand {
        band: card.band_words(at),
        prices_usd_per_mtok: band
            .rates
            .known()
            .map(|(component, price)| (component.name().to_owned(), price_words(price).into()))
            .collect(),
    };
    card.bands.iter().enumerate().map(one).collect()
}

fn meters(offer: Offer<'_>, at: Instant) -> Vec<ShownMeter> {
    let shown = offer.meters_at(at).into_iter().map(|meter| {
        let price = match &meter.tariff {
            Tariff::Flat(rate) => format!("{} USD a {}", rate.times(1), meter.unit),
            Tariff::Graduated(bands) | Tariff::Whole(bands) => {
                let mode = if matches!(meter.tariff, Tariff::Whole(_)) { "all units" } else { "each unit" };
                let parts: Vec<String> = bands
                    .iter()
                    .map(|band| {
                        let end = band.up_to.map_or("beyond".to_owned(), |end| format!("up to {end}"));
                        format!("{} {end}", band.rate.times(1))
                    })
                    .collect();
                format!("USD a {}, {mode}: {}", meter.unit, parts.join(", "))
            }
        };
        let free = meter
            .included
            .map(|Included { quantity, per }| format!(", {quantity} a {} free", per.name()))
            .unwrap_or_default();
        ShownMeter {
            meter: crate::billing::meter_name(&meter.name, meter.level.as_deref()),
            price: price + &free,
            source: meter.source.source.clone(),
            note: meter.source.note.clone(),
        }
    });
    shown.collect()
}

fn capacity(offer: &CapacityOffer) -> ShownCapacity {
    let mut sizing = format!("at least {}, in steps of {}", offer.minimum_units, offer.increment_units);
    if let Some(tokens) = offer.input_tokens_per_minute {
        sizing += &format!(", {} input tokens a minute each", thousands(tokens));
    }
    let prices = offer.terms.iter().map(|term| {
        let commitment = term.commitment.map_or("no commitment".to_owned(), |length| length.to_string());
        let per = term.per.map_or("the term".to_owned(), |length| length.unit.name().to_owned());
        format!("{commitment}: {} USD for {per}", term.price)
    });
    ShownCapacity {
        unit: offer.unit.clone(),
        region: offer.regions.join(", "),
        sizing,
        prices: prices.collect(),
        source: offer.source.source.clone(),
    }
}

/// The rate limits of a route as a sheet; `None` where none is known.
pub fn rate_limits_sheet(route: &ShownRoute) -> Option<Sheet> {
    limits_sheet(&route.rate_limits, route.enforcement.as_ref())
}

/// A route as a sheet, without its rate limits.
pub fn show_sheet(route: &ShownRoute) -> Sheet {
    let title = format!("{}: {} at {}, on {}", route.route, route.model, route.provider, route.on);
    let mut sheet = Sheet::new(title, &["component", "USD per million", "band", "hours"]);
    for card in &route.cards {
        for band in &card.bands {
            for (component, price) in &band.prices_usd_per_mtok {
                let hours = match (&card.window, &card.hours) {
                    (Some(name), Some(hours)) => format!("{name}: {hours}"),
                    _ if route.cards.len() > 1 => "else".to_owned(),
                    _ => String::new(),
                };
                let price = price.as_str().unwrap_or_default().to_owned();
                sheet.rows.push(vec![component.clone(), price, band.band.clone(), hours]);
            }
        }
    }
    for meter in &route.meters {
        let note = meter.note.as_ref().map(|note| format!(" {note}")).unwrap_or_default();
        sheet.notes.push(format!("{}: {}.{note} ({})", meter.meter, meter.price, meter.source));
    }
    sheet.notes.extend(route.fees.iter().map(|fee| format!("{fee}.")));
    for offer in &route.capacity {
        sheet.notes.push(format!(
            "{} in {}: {}; {} ({})",
            offer.unit,
            offer.region,
            offer.sizing,
            offer.prices.join("; "),
            offer.source
        ));
    }
    sheet.notes.extend(route.limits.iter().map(|limits| format!("Limits: {limits}.")));
    sheet.notes.push(format!("Its usage records count cached tokens {}.", route.cached_tokens_in_records));
    let until = route.until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
    let standing = if route.status == "list" { String::new() } else { format!(" ({})", route.status) };
    sheet.notes.push(format!(
        "Prices{standing} since {}{until}. Source: {}, checked {}.",
        route.since, route.source, route.checked_on
    ));
    sheet
        .notes
        .extend(route.derived.iter().map(|derived| format!("note: not published as such: {derived}.")));
    sheet.notes.extend(route.note.iter().map(|note| format!("note: {note}")));
    sheet
}

/// An entry in a history.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryEntry {
    from: String,
    until: Option<String>,
    status: &'static str,
    bands: Vec<ShownBand>,
    /// The price of every component over all bands and hours, in the order of [`HISTORY`].
    #[serde(skip)]
    cells: [String; HISTORY.len()],
    source: String,
    checked_on: String,
    note: Option<String>,
}

/// The components of a history, and the heads of their columns.
const HISTORY: [(Component, &str); 5] = [
    (Component::Input, "input"),
    (Component::CachedInput, "cached"),
    (Component::CacheWrite, "cache write"),
    (Component::CacheWrite1h, "1 h write"),
    (Component::Output, "output"),
];

/// The dated entries of an offer, oldest first.
pub fn history(offer: Offer<'_>) -> Vec<HistoryEntry> {
    let entries = offer.history().into_iter().map(|entry| HistoryEntry {
        from: entry.from.to_string(),
        until: entry.until.map(|until| until.to_string()),
        status: status(entry),
        bands: bands(&entry.card),
        cells: HISTORY.map(|(component, _)| shown(entry, component)),
        source: entry.source.source.clone(),
        checked_on: entry.source.checked.to_string(),
        note: entry.source.note.clone(),
    });
    entries.collect()
}

/// A history as a sheet.
pub fn history_sheet(route: &RouteId, entries: &[HistoryEntry]) -> Sheet {
    let heads = HISTORY.map(|(_, name)| name);
    let head: Vec<&str> = ["from", "until"].into_iter().chain(heads).chain(["checked"]).collect();
    let mut sheet = Sheet::new(format!("{route}: USD per million tokens, by date"), &head);
    for entry in entries {
        let standing = if entry.status == "list" { String::new() } else { format!(" ({})", entry.status) };
        let mut row = vec![format!("{}{standing}", entry.from), entry.until.clone().unwrap_or_default()];
        row.extend(entry.cells.iter().cloned());
        row.push(entry.checked_on.clone());
        sheet.rows.push(row);
    }
    for entry in entries {
        let note = entry.note.as_ref().map(|note| format!(" {note}")).unwrap_or_default();
        sheet.notes.push(format!("{}: {}.{note}", entry.from, entry.source));
    }
    sheet
}

/// Anything as JSON.
///
/// # Errors
/// Never in practice: everything is plain text and numbers.
pub fn to_json(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
