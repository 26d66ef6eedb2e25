//! What changed between two states of the price files: two dates, two files, two catalogues.

use std::collections::BTreeMap;

use super::{
    BandMode, CapacityOffer, Catalogue, Component, Fee, Meter, Offer, Price, RateCard, RateLimit, Tariff,
};
use crate::domain::money::{Rate, Usd};
use crate::domain::quantity::Quantity;
use crate::domain::route::RouteId;
use crate::domain::time::Instant;

/// The component of a change that is about a whole route: only one side knows it.
pub const ROUTE: &str = "route";

/// The component of a change that is about a rate limit or a usage tier.
pub const LIMIT: &str = "limit";

/// A catalogue and the instant at which it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct State<'a> {
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// The instant.
    pub at: Instant,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The route, or the provider where it is a fee, a meter or a usage tier, or its model where it is a limit.
    pub subject: String,
    /// What of it: a band, a time of day, a meter.
    pub part: String,
    /// The component, `route` for a whole route, `price` for meters, fees and units, `limit` for limits.
    pub component: String,
    /// What it was; `None` where there was nothing.
    pub before: Option<Value>,
    /// What it is; `None` where there is nothing.
    pub after: Option<Value>,
}

/// A side of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// In words.
    pub words: String,
    /// As a rate, where it is one.
    pub rate: Option<Rate>,
}

impl Value {
    fn words(words: impl Into<String>) -> Self {
        Value { words: words.into(), rate: None }
    }

    fn rate(rate: Rate) -> Self {
        Value { words: rate.to_string(), rate: Some(rate) }
    }
}

impl Change {
    /// After over before, less one; `None` where one of them is no price, or zero.
    pub fn relative(&self) -> Option<f64> {
        let rate =
            |value: &Option<Value>| value.as_ref()?.rate.map(|rate| rate.micro_usd_per_million() as f64);
        let (before, after) = (rate(&self.before)?, rate(&self.after)?);
        (before > 0.0).then(|| after / before - 1.0)
    }
}

/// All differences, by route and then by provider.
pub fn diff(a: State<'_>, b: State<'_>) -> Vec<Change> {
    let mut routes: Vec<RouteId> = a.catalogue.routes();
    routes.extend(b.catalogue.routes());
    routes.sort();
    routes.dedup();
    let mut changes = Vec::new();
    for route in &routes {
        compare_route(route, a, b, &mut changes);
    }
    compare_beside(a, b, &mut changes);
    changes
}

fn compare_route(route: &RouteId, a: State<'_>, b: State<'_>, changes: &mut Vec<Change>) {
    let (before, after) = (cards(route, a), cards(route, b));
    let subject = route.to_string();
    let whole = |before: Option<Value>, after: Option<Value>| Change {
        subject: subject.clone(),
        part: String::new(),
        component: ROUTE.to_owned(),
        before,
        after,
    };
    match (before, after) {
        (None, None) => {}
        (None, Some(cards)) => changes.push(whole(None, Some(Value::words(base_prices(&cards[0].1))))),
        (Some(cards), None) => changes.push(whole(Some(Value::words(base_prices(&cards[0].1))), None)),
        (Some(before), Some(after)) => {
            let mut names: Vec<&String> = before.iter().chain(&after).map(|(name, _)| name).collect();
            names.sort();
            names.dedup();
            for name in names {
                let find = |cards: &[(String, RateCard)]| {
                    cards.iter().find(|(known, _)| known == name).map(|(_, card)| card.clone())
                };
                compare_cards(&subject, name, find(&before), find(&after), changes);
            }
        }
    }
}

/// The card of a route at a state, and those of its times of day, by name; the ordinary one has none.
fn cards(route: &RouteId, state: State<'_>) -> Option<Vec<(String, RateCard)>> {
    let offer: Offer<'_> = state.catalogue.offer(route).ok()?;
    let entry = offer.entry(offer.slot_at(state.at)?);
    let mut cards = vec![(String::new(), entry.card.clone())];
    // The hours are part of the name, so that longer ones show as others.
    cards.extend(entry.windows.iter().map(|w| (format!("{} {}", w.name, w.words()), w.card.clone())));
    Some(cards)
}

/// `2.5 in, 15 out`.
fn base_prices(card: &RateCard) -> String {
    let shown =
        |component| card.bands[0].rates.rate(component).map_or("-".to_owned(), |rate| rate.to_string());
    format!("{} in, {} out", shown(Component::Input), shown(Component::Output))
}

fn compare_cards(
    subject: &str,
    window: &str,
    before: Option<RateCard>,
    after: Option<RateCard>,
    changes: &mut Vec<Change>,
) {
    let change = |part: String, component: &str, before, after| Change {
        subject: subject.to_owned(),
        part: if window.is_empty() { part } else { format!("{window}, {part}") },
        component: component.to_owned(),
        before,
        after,
    };
    let (Some(before), Some(after)) = (&before, &after) else {
        let words = |card: &Option<RateCard>| card.as_ref().map(|card| Value::words(base_prices(card)));
        changes.push(change("time of day".to_owned(), "prices", words(&before), words(&after)));
        return;
    };
    let ends = |card: &RateCard| card.bands.iter().map(|band| band.up_to).collect::<Vec<_>>();
    if ends(before) != ends(after) {
        let words = |card: &RateCard| {
            Value::words((0..card.bands.len()).map(|at| card.band_words(at)).collect::<Vec<_>>().join("; "))
        };
        changes.push(change(String::new(), "bands", Some(words(before)), Some(words(after))));
    }
    if before.mode != after.mode {
        let words = |card: &RateCard| {
            let graduated = card.mode == BandMode::Graduated;
            Some(Value::words(if graduated { "graduated" } else { "whole request" }))
        };
        changes.push(change(String::new(), "mode", words(before), words(after)));
    }
    // A band is compared with the one that its longest prompt fell into before, so that a new one shows.
    for (at, new) in after.bands.iter().enumerate() {
        let longest = new.up_to.unwrap_or(u64::MAX);
        let old = before.band_of(longest).map(|band| before.bands[band].rates);
        for component in Component::ALL {
            let (old, new) = (old.map(|rates| rates.price(component)), new.rates.price(component));
            if old != Some(new) && (old.is_some() || new != Price::Unknown) {
                let part = after.band_words(at);
                changes.push(change(part, component.name(), old.and_then(value), value(new)));
            }
        }
    }
}

fn value(price: Price) -> Option<Value> {
    match price {
        Price::Listed(rate) | Price::ByRule(rate) => Some(Value::rate(rate)),
        Price::NotSold => Some(Value::words("not sold")),
        Price::Unknown => None,
    }
}

/// Meters, fees, provisioned units and limits by provider.
fn compare_beside(a: State<'_>, b: State<'_>, changes: &mut Vec<Change>) {
    let (before, after) = (beside(a), beside(b));
    let mut keys: Vec<&Key> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (old, new) = (before.get(key), after.get(key));
        if old != new {
            changes.push(Change {
                subject: key.0.clone(),
                part: key.1.clone(),
                component: key.2.to_owned(),
                before: old.cloned(),
                after: new.cloned(),
            });
        }
    }
}

/// Subject, name and component.
type Key = (String, String, &'static str);

/// The price of every meter, fee and provisioned unit in force, and every limit.
fn beside(state: State<'_>) -> BTreeMap<Key, Value> {
    let mut found: BTreeMap<Key, (Instant, Value)> = BTreeMap::new();
    for provider in &state.catalogue.providers {
        let mut put = |subject: String, name: String, component, from: Instant, value: Value| {
            let place = found.entry((subject, name, component)).or_insert((from, value.clone()));
            if place.0 <= from {
                *place = (from, value);
            }
        };
        let in_force = |from: Instant, until: Option<Instant>| {
            from <= state.at && until.is_none_or(|until| state.at < until)
        };
        for meter in provider.meters.iter().filter(|meter| in_force(meter.from, meter.until)) {
            put(provider.id.clone(), meter_words(meter), "price", meter.from, tariff(meter));
        }
        for tier in provider.usage_tiers.iter().filter(|tier| in_force(tier.from, None)) {
            let name = format!("usage tier {}", tier.name);
            put(provider.id.clone(), name, LIMIT, tier.from, Value::words(tier.words()));
        }
        for fee in provider.fees.iter().filter(|fee| in_force(fee.from, None)) {
            put(provider.id.clone(), fee.name.clone(), "price", fee.from, fee_value(fee));
        }
        for model in &provider.models {
            for offer in model.capacity.iter().filter(|offer| in_force(offer.from, offer.until)) {
                let name = format!("{} of {} ({})", offer.unit, model.id, offer.regions.join(", "));
                put(provider.id.clone(), name, "price", offer.from, capacity_value(offer));
            }
            for limit in model.rate_limits.iter().filter(|limit| in_force(limit.from, limit.until)) {
                let subject = format!("{}/{}", provider.id, model.id);
                put(subject, limit_words(limit), LIMIT, limit.from, Value::words(limit.words()));
            }
        }
    }
    found.into_iter().map(|(key, (_, value))| (key, value)).collect()
}

/// `usage tier 1, standard, global`; `all` where it names nothing.
fn limit_words(limit: &RateLimit) -> String {
    let usage_tier = limit.usage_tier.iter().map(|name| format!("usage tier {name}"));
    let above = limit.above_tokens.map(|tokens| format!("prompts above {tokens}"));
    let parts = usage_tier.chain(limit.tiers.iter().chain(&limit.regions).cloned()).chain(above);
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "all".to_owned() } else { parts.join(", ") }
}

fn meter_words(meter: &Meter) -> String {
    let parts = meter.level.iter().chain(&meter.models).chain(&meter.tiers).chain(&meter.regions);
    let parts: Vec<&str> = parts.map(String::as_str).collect();
    if parts.is_empty() { meter.name.clone() } else { format!("{} ({})", meter.name, parts.join(", ")) }
}

fn tariff(meter: &Meter) -> Value {
    let mut value = prices_of(meter);
    if let Some(included) = meter.included {
        value.words += &format!(", {} a {} free", included.quantity, included.per.name());
    }
    for (quantity, words) in [(meter.step, "in steps of"), (meter.minimum, "at least")] {
        if quantity != Quantity::ZERO {
            value.words += &format!(", {words} {quantity}");
        }
    }
    value
}

fn prices_of(meter: &Meter) -> Value {
    match &meter.tariff {
        Tariff::Flat(rate) => {
            Value { words: format!("{} a {}", rate.times(1), meter.unit), rate: Some(*rate) }
        }
        Tariff::Graduated(bands) | Tariff::Whole(bands) => {
            let shown: Vec<String> = bands
                .iter()
                .map(|band| match band.up_to {
                    Some(end) => format!("{} up to {end}", band.rate.times(1)),
                    None => format!("{} beyond", band.rate.times(1)),
                })
                .collect();
            Value::words(format!("{} a {}", shown.join(", "), meter.unit))
        }
    }
}

fn capacity_value(offer: &CapacityOffer) -> Value {
    let terms = offer.terms.iter().map(|term| {
        let commitment = term.commitment.map_or("none".to_owned(), |length| length.to_string());
        format!("{commitment} {}", term.price)
    });
    let sizes = format!("from {} by {}", offer.minimum_units, offer.increment_units);
    Value::words(format!("{}; {sizes}", terms.collect::<Vec<_>>().join(", ")))
}

fn fee_value(fee: &Fee) -> Value {
    Value::words(format!("{} %, at least {}", Usd::from_micro_usd(fee.share.millionths() * 100), fee.minimum))
}
