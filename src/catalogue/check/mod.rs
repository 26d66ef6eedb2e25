//! From wire types to price files that make sense. Every contradiction is a problem with its place.

mod bands;
mod contract;
mod entries;
mod facts;
mod limits;
mod meters;
mod names;

use std::sync::Arc;

use self::entries::price_entries;
use self::names::{refuse_doubled_dates, refuse_unusable_names};

use super::exchange::{Currency, is_currency};
use super::wire::{CalendarWire, FeeWire, LimitsWire, MeasuredWire, ModelWire, PriceFileWire, Text};
use super::{Calendar, Citation, Counting, Fee, Limits, Measured, Model, PriceEntry, PromptCache, Provider};
use crate::domain::document::{Named, Spanned, one_of};
use crate::domain::money::{Ratio, Usd};
use crate::domain::problem::{Code, Problems};
use crate::domain::time::{HOUR_SECONDS, Instant, utc_day_and_minute};

pub use self::contract::contract;
pub use self::entries::{TIERS, WEEKDAYS};

/// What a model can be said to do.
pub const CAPABILITIES: [&str; 14] = [
    "reasoning",
    "vision",
    "pdf_input",
    "audio_input",
    "video_input",
    "audio_output",
    "image_output",
    "tools",
    "web_search",
    "computer_use",
    "structured_output",
    "prompt_cache",
    "embedding",
    "open_weights",
];

/// The provider of a price file.
pub fn provider(wire: &PriceFileWire, problems: &mut Problems) -> Option<Provider> {
    if wire.tollcast_prices.0.value != 1 {
        problems.at(
            Code::OutOfRange,
            &wire.tollcast_prices.0.place,
            "only version 1 of the price file format is known",
            format!("found {}", wire.tollcast_prices.0.value),
            "write `tollcast_prices: 1`",
        );
    }
    if !is_currency(&wire.currency.value) {
        problems.at(
            Code::Unreadable,
            &wire.currency.place,
            "expected a currency code of three capital letters",
            format!("found `{}`", wire.currency.value),
            "USD, EUR, CNY, …",
        );
    }
    let cached_tokens = counting(&wire.cached_tokens, CACHED, problems);
    let reasoning_tokens = counting(&wire.reasoning_tokens, REASONING, problems);
    let calendars = calendars(&wire.calendars, problems);
    if wire.models.is_empty() && problems.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "a price file without models",
            "",
            "add at least one under `models:`",
        );
    }
    unique(wire.models.iter().map(|m| &m.id), "model", problems);
    refuse_unusable_names(wire, problems);
    refuse_doubled_dates(wire, problems);
    let models: Vec<Model> = wire.models.iter().map(|m| model(m, wire, &calendars, problems)).collect();
    Some(Provider {
        id: wire.provider.value.clone(),
        name: wire.name.value.clone(),
        currency: Currency { code: wire.currency.value.clone(), rate: None },
        cached_tokens: cached_tokens?,
        reasoning_tokens: reasoning_tokens?,
        default_region: wire.default_region.as_ref().map_or("global", |r| &r.value).to_owned(),
        facts: wire.facts.as_ref().map(|facts| facts::facts(facts, wire, problems)).unwrap_or_default(),
        fees: wire.fees.iter().map(fee).collect(),
        meters: wire.meters.iter().filter_map(|wire| meters::meter(wire, problems)).collect(),
        usage_tiers: limits::usage_tiers(&wire.usage_tiers, problems),
        enforcement: limits::enforcement(&wire.enforcement, problems),
        models,
    })
}

/// The words for what is counted inside and beside, and what they say.
type Counted = ([&'static str; 2], &'static str);
const CACHED: Counted = (["inside_input", "beside_input"], "way to count cached tokens");
const REASONING: Counted = (["inside_output", "beside_output"], "way to count reasoning tokens");

fn counting(text: &Text, (words, what): Counted, problems: &mut Problems) -> Option<Counting> {
    let word = one_of(text, &words, what, problems)?;
    Some(if word == words[0] { Counting::Inside } else { Counting::Beside })
}

fn calendars(wire: &Named<CalendarWire>, problems: &mut Problems) -> Vec<Arc<Calendar>> {
    let read = wire.0.iter().map(|(name, wire)| {
        let mut days: Vec<i64> = Vec::new();
        for date in &wire.dates {
            let (day, minute) = utc_day_and_minute(date.value);
            if minute != 0 {
                let found = format!("found {}", date.value);
                problems.at(Code::Unreadable, &date.place, "a calendar holds whole days", found, "");
            }
            days.push(day);
        }
        if days.is_empty() && problems.is_empty() {
            problems.at(Code::MissingKey, &wire.place, "a calendar without days", "", "add `dates: [...]`");
        }
        days.sort_unstable();
        days.dedup();
        let hours = wire.utc_offset_hours.as_ref().map_or(0, |hours| hours.0.value);
        let source = citation(&wire.source, &wire.checked, wire.note.as_ref());
        Arc::new(Calendar {
            name: name.value.clone(),
            // Millionths of an hour as seconds.
            utc_offset_seconds: hours * HOUR_SECONDS / 1_000_000,
            days,
            source,
        })
    });
    read.collect()
}

fn fee(wire: &FeeWire) -> Fee {
    Fee {
        name: wire.name.value.clone(),
        share: wire.share.ratio(),
        minimum: wire.minimum.as_ref().map_or(Usd::ZERO, |p| Usd::from_micro_usd(p.0.value)),
        from: wire.from.value,
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    }
}

fn model(
    wire: &ModelWire,
    file: &PriceFileWire,
    calendars: &[Arc<Calendar>],
    problems: &mut Problems,
) -> Model {
    if wire.prices.is_empty() && wire.capacity.is_empty() && problems.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            format!("no prices for {}", wire.id.value),
            "",
            "add `prices:`, or leave the model out",
        );
    }
    for capability in &wire.capabilities {
        one_of(capability, &CAPABILITIES, "capability", problems);
    }
    let prices: Vec<PriceEntry> = price_entries(&wire.prices, calendars, problems);
    Model {
        id: wire.id.value.clone(),
        name: wire.name.value.clone(),
        aliases: texts(&wire.aliases),
        cached_tokens: wire.cached_tokens.as_ref().and_then(|text| counting(text, CACHED, problems)),
        reasoning_tokens: wire.reasoning_tokens.as_ref().and_then(|text| counting(text, REASONING, problems)),
        capabilities: texts(&wire.capabilities),
        limits: wire.limits.as_ref().map(|wire| window_limits(wire, problems)),
        prompt_cache: wire.prompt_cache.as_ref().map(|cache| PromptCache {
            minimum_tokens: cache.minimum_tokens.0.value,
            source: citation(&cache.source, &cache.checked, cache.note.as_ref()),
        }),
        measured: wire.measured.iter().map(|wire| measured(wire, problems)).collect(),
        prices,
        capacity: wire.capacity.iter().filter_map(|wire| meters::capacity(wire, problems)).collect(),
        rate_limits: limits::rate_limits(wire, file, problems),
    }
}

fn window_limits(wire: &LimitsWire, problems: &mut Problems) -> Limits {
    let window = wire.context_window.0.value;
    for part in
        [Some(&wire.context_window), wire.max_input.as_ref(), wire.max_output.as_ref()].into_iter().flatten()
    {
        if part.0.value == 0 || part.0.value > window {
            let found = format!("found {} in a window of {window}", part.0.value);
            problems.at(
                Code::OutOfRange,
                &part.0.place,
                "a limit lies between 1 and the context window",
                found,
                "",
            );
        }
    }
    Limits {
        context_window: wire.context_window.0.value,
        max_input: wire.max_input.as_ref().map(|n| n.0.value),
        max_output: wire.max_output.as_ref().map(|n| n.0.value),
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    }
}

fn measured(wire: &MeasuredWire, problems: &mut Problems) -> Measured {
    for tier in &wire.tiers {
        one_of(tier, &TIERS, "tier", problems);
    }
    Measured {
        tiers: texts(&wire.tiers),
        speed_tokens_per_s: wire.speed_tokens_per_s.as_ref().map(|n| n.0.value as f64),
        first_token_s: wire.first_token_s.as_ref().map(|n| n.to_f64()),
        full_output_s: wire.full_output_s.as_ref().map(|n| n.to_f64()),
        error_share: wire.error_share.as_ref().map(|s| Ratio::from_millionths(s.0.value).to_f64()),
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    }
}

/// Notes an `until` that is not after its `from`.
fn until_after_from(until: Option<&Spanned<Instant>>, from: &Spanned<Instant>, problems: &mut Problems) {
    if let Some(until) = until.filter(|until| until.value <= from.value) {
        problems.at(
            Code::ImpossibleRange,
            &until.place,
            "`until` is not after `from`",
            format!("from {}", from.value),
            "",
        );
    }
}

fn citation(source: &Text, checked: &Spanned<Instant>, note: Option<&Text>) -> Citation {
    Citation {
        source: source.value.clone(),
        checked: checked.value,
        note: note.map(|text| text.value.clone()),
    }
}

fn texts(list: &[Text]) -> Vec<String> {
    list.iter().map(|text| text.value.clone()).collect()
}

fn unique<'a>(names: impl Iterator<Item = &'a Text>, what: &str, problems: &mut Problems) {
    let mut seen: Vec<&Text> = Vec::new();
    for name in names {
        if let Some(first) = seen.iter().find(|other| other.value == name.value) {
            let found = format!("first on line {}", first.place.line);
            problems.at(
                Code::Conflict,
                &name.place,
                format!("the {what} `{}` stands twice", name.value),
                found,
                "",
            );
        }
        seen.push(name);
    }
}
