//! The comparison of access paths, drawn from the price files: one column per provider and model.

use serde::Serialize;

use crate::catalogue::{Catalogue, Component, Model, Offer, Price, PriceEntry, RateCard, Topic};
use crate::domain::format::{percent, thousands};
use crate::domain::route::{RouteId, STANDARD};
use crate::domain::time::Instant;
use crate::workload::Scenario;

/// A table of facts.
#[derive(Clone, Debug, Serialize)]
pub struct FactTable {
    /// The heads of its columns.
    pub columns: Vec<String>,
    /// A topic, and what each column says of it.
    pub rows: Vec<FactRow>,
}

/// One topic.
#[derive(Clone, Debug, Serialize)]
pub struct FactRow {
    /// The topic.
    pub topic: &'static str,
    /// One cell per column.
    pub cells: Vec<FactCell>,
}

/// A fact with its source.
#[derive(Clone, Debug, Serialize)]
pub struct FactCell {
    /// The fact.
    pub text: String,
    /// Source and check date, for a tooltip; empty where nothing is known.
    pub source: String,
}

impl FactCell {
    fn unknown() -> Self {
        FactCell { text: "not known".to_owned(), source: String::new() }
    }
}

/// The facts about the providers and models of a scenario's routes.
pub fn fact_table(scenario: &Scenario, catalogue: &Catalogue) -> FactTable {
    let mut ids: Vec<RouteId> = Vec::new();
    for route in &scenario.routes {
        if ids.iter().all(|known| (&known.provider, &known.model) != (&route.id.provider, &route.id.model)) {
            ids.push(route.id.clone());
        }
    }
    // Every route of a checked scenario has an offer.
    let offers: Vec<Offer<'_>> = ids.iter().filter_map(|id| catalogue.offer(id).ok()).collect();
    let start = scenario.months[0].start();
    type Cell<'a> = Box<dyn Fn(&Offer<'_>) -> FactCell + 'a>;
    let priced = |text: fn(&RateCard) -> String| -> Cell<'_> {
        Box::new(move |offer| match entry_at(offer, start) {
            Some(entry) => FactCell {
                text: at_all_hours(entry, text),
                source: cited(&entry.source.source, &entry.source.checked.to_string()),
            },
            None => FactCell::unknown(),
        })
    };
    let stated = |topic: Topic| -> Cell<'_> {
        Box::new(move |offer| {
            offer.fact(topic).map_or_else(FactCell::unknown, |fact| FactCell {
                text: fact.text.clone(),
                source: cited(&fact.source.source, &fact.source.checked.to_string()),
            })
        })
    };
    let topics: Vec<(&'static str, Cell<'_>)> = vec![
        ("Availability", stated(Topic::Availability)),
        ("Registration", stated(Topic::Registration)),
        ("Input, USD per million tokens", priced(|card| by_component(card, Component::Input))),
        ("Cached input", priced(|card| by_component(card, Component::CachedInput))),
        ("Output", priced(|card| by_component(card, Component::Output))),
        ("Fees on top", Box::new(move |offer| fees(offer, start))),
        ("Prompt cache", stated(Topic::Cache)),
        ("Several upstream providers", stated(Topic::Routing)),
        ("SLA", stated(Topic::Sla)),
        ("Context window", Box::new(|offer| limit(offer.model, |limits| Some(limits.context_window)))),
        ("Longest prompt", Box::new(|offer| limit(offer.model, |limits| limits.max_input))),
        ("Maximum output", Box::new(|offer| limit(offer.model, |limits| limits.max_output))),
        ("Published performance", Box::new(|offer| measured(offer.model))),
        ("Data residency", stated(Topic::DataResidency)),
        ("Documentation", stated(Topic::Documentation)),
        ("Said to be best for", stated(Topic::BestFor)),
        ("Weaker at", stated(Topic::WeakerAt)),
    ];
    let rows =
        topics.into_iter().map(|(topic, cell)| FactRow { topic, cells: offers.iter().map(&cell).collect() });
    FactTable {
        columns: offers
            .iter()
            .map(|offer| format!("{}: {}", offer.provider.name, offer.model.name))
            .collect(),
        rows: rows.filter(|row| row.cells.iter().any(|cell| !cell.source.is_empty())).collect(),
    }
}

/// The entry of an offer at the scenario's start.
fn entry_at<'a>(offer: &Offer<'a>, start: Instant) -> Option<&'a PriceEntry> {
    offer.slot_at(start).map(|slot| offer.entry(slot))
}

/// What an entry's card says, and what those of its times of day say.
fn at_all_hours(entry: &PriceEntry, text: fn(&RateCard) -> String) -> String {
    let windows =
        entry.windows.iter().map(|window| format!("; {} hours {}", window.name, text(&window.card)));
    windows.fold(text(&entry.card), |all, window| all + &window)
}

fn cited(source: &str, checked: &str) -> String {
    format!("{source}, checked {checked}")
}

fn by_component(card: &RateCard, component: Component) -> String {
    by_band(card, |band| match band.rates.price(component) {
        Price::Listed(rate) => rate.to_string(),
        Price::ByRule(_) if component == Component::CachedInput => "as input".to_owned(),
        Price::ByRule(rate) => rate.to_string(),
        Price::NotSold => "not sold".to_owned(),
        Price::Unknown => "no published price".to_owned(),
    })
}

fn by_band(card: &RateCard, show: impl Fn(&crate::catalogue::Band) -> String) -> String {
    let mut texts: Vec<(String, Option<u64>)> = Vec::new();
    for band in &card.bands {
        let text = show(band);
        match texts.last_mut() {
            Some((before, end)) if *before == text => *end = band.up_to,
            _ => texts.push((text, band.up_to)),
        }
    }
    let single = texts.len() == 1;
    let shown: Vec<String> = texts
        .into_iter()
        .map(|(text, end)| match end {
            Some(end) => format!("{text} up to {}", thousands(end)),
            None if single => text,
            None => format!("{text} above"),
        })
        .collect();
    shown.join("; ")
}

fn fees(offer: &Offer<'_>, at: Instant) -> FactCell {
    let fees = offer.fees_at(at);
    match fees.first() {
        None => FactCell { text: "none known".to_owned(), source: String::new() },
        Some(first) => FactCell {
            text: fees
                .iter()
                .map(|fee| {
                    format!(
                        "{} {}, at least ${:.2}",
                        percent(fee.share.to_f64()),
                        fee.name,
                        fee.minimum.to_f64()
                    )
                })
                .collect::<Vec<_>>()
                .join("; "),
            source: cited(&first.source.source, &first.source.checked.to_string()),
        },
    }
}

fn limit(model: &Model, read: impl Fn(&crate::catalogue::Limits) -> Option<u64>) -> FactCell {
    let known = model.limits.as_ref().and_then(|limits| read(limits).map(|tokens| (tokens, limits)));
    known.map_or_else(FactCell::unknown, |(tokens, limits)| FactCell {
        text: format!("{} tokens", thousands(tokens)),
        source: cited(&limits.source.source, &limits.source.checked.to_string()),
    })
}

fn measured(model: &Model) -> FactCell {
    let of_standard = |figures: &&crate::catalogue::Measured| figures.holds_for(STANDARD);
    let Some(figures) = model.measured.iter().rfind(of_standard) else { return FactCell::unknown() };
    let parts = [
        figures.speed_tokens_per_s.map(|speed| format!("{speed} tokens/s")),
        figures.first_token_s.map(|seconds| format!("first token {seconds} s")),
        figures.full_output_s.map(|seconds| format!("full output {seconds} s")),
        figures.error_share.map(|share| format!("errors {}", percent(share))),
    ];
    FactCell {
        text: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
        source: cited(&figures.source.source, &figures.source.checked.to_string()),
    }
}
