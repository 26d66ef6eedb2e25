//! Meters and provisioned capacity: what is billed beside tokens.

use super::{citation, one_of, texts, until_after_from};
use crate::catalogue::meter::{
    CapacityOffer, Included, Length, Meter, MeterBand, Period, Tariff, Term, TimeUnit,
};
use crate::catalogue::wire::{Amount, CapacityWire, Decimal, MeterBandWire, MeterWire, Text};
use crate::domain::document::Count;
use crate::domain::money::{Rate, Usd};
use crate::domain::problem::{Code, Place, Problems};
use crate::domain::quantity::Quantity;

/// The meters that are understood.
const METERS: [&str; 15] = [
    "web_search",
    "x_search",
    "web_fetch",
    "file_search",
    "code_interpreter",
    "maps_grounding",
    "cache_storage",
    "file_storage",
    "image",
    "page",
    "request",
    "session_hour",
    "model_router",
    "guardrail",
    "research_session",
];

/// What can be counted.
const UNITS: [&str; 17] = [
    "call",
    "request",
    "result",
    "page",
    "image",
    "second",
    "minute",
    "hour",
    "session",
    "session_hour",
    "gb_day",
    "gb_month",
    "token",
    "token_hour",
    "character",
    "credit",
    "unit",
];

/// A meter.
pub fn meter(wire: &MeterWire, problems: &mut Problems) -> Option<Meter> {
    one_of(&wire.meter, &METERS, "meter", problems);
    one_of(&wire.unit, &UNITS, "unit", problems);
    until_after_from(wire.until.as_ref(), &wire.from, problems);
    let quantity = |decimal: &Option<Amount>| decimal.as_ref().map_or(Quantity::ZERO, as_quantity);
    Some(Meter {
        name: wire.meter.value.clone(),
        unit: wire.unit.value.clone(),
        level: wire.level.as_ref().map(|text| text.value.clone()),
        models: texts(&wire.models),
        tiers: texts(&wire.tiers),
        regions: texts(&wire.regions),
        tariff: tariff(wire, problems)?,
        step: quantity(&wire.step),
        minimum: quantity(&wire.minimum),
        included: included(wire, problems),
        from: wire.from.value,
        until: wire.until.as_ref().map(|until| until.value),
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    })
}

fn as_quantity(decimal: &Amount) -> Quantity {
    // `Amount` reads nothing negative.
    Quantity::from_millionths(decimal.0.value.unsigned_abs())
}

fn tariff(wire: &MeterWire, problems: &mut Problems) -> Option<Tariff> {
    match (&wire.price, wire.bands.as_slice()) {
        (Some(price), []) => {
            if let Some(mode) = &wire.mode {
                problems.at(Code::Conflict, &mode.place, "`mode` without `bands`", "", "leave it out");
            }
            Some(Tariff::Flat(unit_rate(price, wire.per.as_ref(), problems)?))
        }
        (None, []) => {
            let help = "unknown is not free: give the published `price`, for `per` units";
            problems.at(Code::MissingKey, &wire.place, "a meter without a price", "", help);
            None
        }
        (Some(price), _) => {
            problems.at(Code::Conflict, &price.0.place, "`price` beside `bands`", "", "keep one of them");
            None
        }
        (None, bands) => {
            let bands = meter_bands(bands, problems)?;
            let Some(mode) = &wire.mode else {
                problems.at(
                    Code::MissingKey,
                    &wire.place,
                    "a meter with bands does not say how they are applied",
                    "",
                    "add `mode: graduated` (each unit at its own band) or `mode: whole` (all units at one)",
                );
                return None;
            };
            match one_of(mode, &["graduated", "whole"], "mode", problems)? {
                "graduated" => Some(Tariff::Graduated(bands)),
                _ => Some(Tariff::Whole(bands)),
            }
        }
    }
}

fn meter_bands(bands: &[MeterBandWire], problems: &mut Problems) -> Option<Vec<MeterBand>> {
    let mut done: Vec<MeterBand> = Vec::new();
    for (at, wire) in bands.iter().enumerate() {
        let up_to = wire.up_to.as_ref().map(as_quantity);
        let last = at + 1 == bands.len();
        if up_to.is_none() != last {
            let help =
                "only the last band leaves out `up_to`; a largest quantity that is sold is not a price";
            problems.at(Code::Conflict, &wire.place, "the last band has to be the open one", "", help);
            return None;
        }
        let before = done.last().and_then(|band| band.up_to);
        if let (Some(before), Some(end)) = (before, up_to)
            && end <= before
        {
            let found = format!("{end} after {before}");
            problems.at(
                Code::ImpossibleRange,
                &wire.place,
                "bands must grow",
                found,
                "order them by `up_to`",
            );
            return None;
        }
        done.push(MeterBand { up_to, rate: unit_rate(&wire.price, wire.per.as_ref(), problems)? });
    }
    Some(done)
}

/// `price` for `per` units as a price per million units, which has to come out even.
fn unit_rate(price: &Decimal, per: Option<&Count>, problems: &mut Problems) -> Option<Rate> {
    let units = per.map_or(1, |count| count.0.value);
    let per_million = i128::from(price.0.value) * 1_000_000;
    let place = per.map_or(&price.0.place, |count| &count.0.place);
    if units == 0 {
        problems.at(Code::OutOfRange, place, "a price for no units", "found 0", "");
        return None;
    }
    let rate = i64::try_from(per_million / i128::from(units)).ok();
    match rate.filter(|_| per_million % i128::from(units) == 0) {
        Some(rate) => Some(Rate::from_micro_usd_per_million(rate)),
        None => {
            problems.at(
                Code::OutOfRange,
                place,
                "a unit price that cannot be held exactly",
                format!("{} for {units}", Usd::from_micro_usd(price.0.value)),
                "units of 1, 1_000 or 1_000_000 always come out even",
            );
            None
        }
    }
}

fn included(wire: &MeterWire, problems: &mut Problems) -> Option<Included> {
    let names: Vec<&str> = Period::ALL.iter().map(|(name, _)| *name).collect();
    match (&wire.included, &wire.included_per) {
        (Some(quantity), Some(per)) => {
            let name = one_of(per, &names, "period", problems)?;
            let (_, per) = Period::ALL.into_iter().find(|(known, _)| *known == name)?;
            Some(Included { quantity: as_quantity(quantity), per })
        }
        (None, None) => None,
        (Some(quantity), None) => {
            let help = "add `included_per:` request, day or month";
            problems.at(Code::MissingKey, &quantity.0.place, "free over which time?", "", help);
            None
        }
        (None, Some(per)) => {
            problems.at(
                Code::MissingKey,
                &per.place,
                "`included_per` without `included`",
                "",
                "say how much is free",
            );
            None
        }
    }
}

/// Provisioned capacity.
pub fn capacity(wire: &CapacityWire, problems: &mut Problems) -> Option<CapacityOffer> {
    until_after_from(wire.until.as_ref(), &wire.from, problems);
    for count in [&wire.minimum_units, &wire.increment_units] {
        if count.0.value == 0 {
            problems.at(Code::OutOfRange, &count.0.place, "units come by at least one", "found 0", "");
        }
    }
    if wire.terms.is_empty() && problems.is_empty() {
        let help = "add `terms:`, for instance `- {commitment: none, price: 1.00, per: hour}`";
        problems.at(Code::MissingKey, &wire.place, "provisioned units without a price", "", help);
    }
    let terms: Vec<Term> = wire
        .terms
        .iter()
        .filter_map(|term| {
            Some(Term {
                commitment: match term.commitment.value.as_str() {
                    "none" => None,
                    _ => Some(length(&term.commitment, problems)?),
                },
                price: Usd::from_micro_usd(term.price.0.value),
                per: pay_period(&term.per, &term.commitment, problems)?,
            })
        })
        .collect();
    for (at, term) in terms.iter().enumerate() {
        if terms[..at].iter().any(|other| other.commitment == term.commitment) {
            let place: &Place = wire.terms.get(at).map_or(&wire.place, |term| &term.place);
            problems.at(Code::Conflict, place, "two prices for one commitment", "", "keep one of them");
        }
    }
    let count = |count: &Option<Count>| count.as_ref().map(|n| n.0.value);
    Some(CapacityOffer {
        unit: wire.unit.value.clone(),
        regions: texts(&wire.regions),
        input_tokens_per_minute: count(&wire.input_tokens_per_minute),
        output_tokens_per_minute: count(&wire.output_tokens_per_minute),
        output_weight_millionths: wire.output_weight.as_ref().map(|weight| weight.0.value),
        cached_weight_millionths: wire.cached_weight.as_ref().map(|weight| weight.0.value),
        minimum_units: wire.minimum_units.0.value,
        increment_units: wire.increment_units.0.value,
        maximum_prompt_tokens: count(&wire.maximum_prompt_tokens),
        terms,
        from: wire.from.value,
        until: wire.until.as_ref().map(|until| until.value),
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    })
}

/// For how long a term's price pays; the inner `None` is the whole commitment.
fn pay_period(per: &Text, commitment: &Text, problems: &mut Problems) -> Option<Option<Length>> {
    const PERIODS: [&str; 6] = ["second", "minute", "hour", "month", "year", "term"];
    match one_of(per, &PERIODS, "period", problems)? {
        "term" if commitment.value == "none" => {
            let help = "without a commitment there is no term: give a price per hour, for instance";
            problems.at(Code::Conflict, &per.place, "`per: term` without a commitment", "", help);
            None
        }
        "term" => Some(None),
        name => Some(Some(Length { count: 1, unit: unit_of(name)? })),
    }
}

/// `6 months` as a length of time.
fn length(text: &Text, problems: &mut Problems) -> Option<Length> {
    let read = text.value.split_once(' ').and_then(|(count, unit)| {
        let count: u64 = count.parse().ok().filter(|count| (1..=1_000).contains(count))?;
        Some(Length { count, unit: unit_of(unit.trim().strip_suffix('s').unwrap_or(unit.trim()))? })
    });
    if read.is_none() {
        problems.at(
            Code::Unreadable,
            &text.place,
            "expected none or a length of time such as 1 month or 1 year",
            format!("found `{}`", text.value),
            "",
        );
    }
    read
}

fn unit_of(name: &str) -> Option<TimeUnit> {
    TimeUnit::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, unit)| unit)
}
