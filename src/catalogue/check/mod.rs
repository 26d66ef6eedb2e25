//! From wire types to price files that make sense. Every contradiction is a problem with its place.

mod bands;
mod names;

use self::bands::card;
use self::names::{refuse_doubled_dates, refuse_unusable_names};

use super::wire::{
    CapacityWire, FactWire, FactsWire, FeeWire, LimitsWire, MeasuredWire, ModelWire, PriceEntryWire,
    PriceFileWire, Text, ToolFeeWire, WindowWire,
};
use super::{
    CapacityOffer, Citation, Fact, Fee, Limits, Measured, Model, PriceEntry, PromptCache, Provider, Status,
    ToolFee, Window,
};
use crate::domain::document::Spanned;
use crate::domain::money::{Rate, Ratio, Usd};
use crate::domain::problem::{Code, Place, Problems, suggest};
use crate::domain::time::Instant;

/// The tiers that tokens are sold on.
const TIERS: [&str; 4] = ["standard", "batch", "flex", "priority"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

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
    one_of(&wire.currency, &["USD"], "currency", problems);
    one_of(&wire.cached_tokens, &["inside_input", "beside_input"], "way to count cached tokens", problems);
    one_of(
        &wire.reasoning_tokens,
        &["inside_output", "beside_output"],
        "way to count reasoning tokens",
        problems,
    );
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
    let models: Vec<Model> = wire.models.iter().filter_map(|m| model(m, problems)).collect();
    Some(Provider {
        id: wire.provider.value.clone(),
        name: wire.name.value.clone(),
        default_region: wire.default_region.as_ref().map_or("global", |r| &r.value).to_owned(),
        facts: wire.facts.as_ref().map(facts).unwrap_or_default(),
        fees: wire.fees.iter().map(fee).collect(),
        tools: wire.tools.iter().map(tool).collect(),
        models,
    })
}

fn facts(wire: &FactsWire) -> Vec<Fact> {
    let topics: [(&'static str, &Option<FactWire>); 9] = [
        ("availability", &wire.availability),
        ("registration", &wire.registration),
        ("sla", &wire.sla),
        ("routing", &wire.routing),
        ("cache", &wire.cache),
        ("documentation", &wire.documentation),
        ("data_residency", &wire.data_residency),
        ("best_for", &wire.best_for),
        ("weaker_at", &wire.weaker_at),
    ];
    let known = topics.into_iter().filter_map(|(topic, fact)| fact.as_ref().map(|fact| (topic, fact)));
    known
        .map(|(topic, fact)| Fact {
            topic,
            text: fact.text.value.clone(),
            source: citation(&fact.source, &fact.checked, None),
        })
        .collect()
}

fn fee(wire: &FeeWire) -> Fee {
    Fee {
        name: wire.name.value.clone(),
        share: Ratio::from_millionths(wire.share.0.value),
        minimum: wire.minimum_usd.as_ref().map_or(Usd::ZERO, |p| Usd::from_micro_usd(p.0.value)),
        from: wire.from.value,
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    }
}

fn tool(wire: &ToolFeeWire) -> ToolFee {
    ToolFee {
        tool: wire.tool.value.clone(),
        models: texts(&wire.models),
        regions: texts(&wire.regions),
        rate: Rate::from_micro_usd_per_million(wire.usd_per_1000_calls.0.value * 1000),
        from: wire.from.value,
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    }
}

fn model(wire: &ModelWire, problems: &mut Problems) -> Option<Model> {
    if wire.prices.is_empty() && wire.capacity.is_empty() && problems.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            format!("no prices for {}", wire.id.value),
            "",
            "add `prices:`, or leave the model out",
        );
    }
    let mut prices: Vec<PriceEntry> = Vec::new();
    for entry in &wire.prices {
        let Some(read) = price_entry(entry, &wire.prices, problems) else { continue };
        refuse_doubled_entry(&read, &prices, &entry.place, problems);
        prices.push(read);
    }
    Some(Model {
        id: wire.id.value.clone(),
        name: wire.name.value.clone(),
        limits: wire.limits.as_ref().map(|wire| limits(wire, problems)),
        prompt_cache: wire.prompt_cache.as_ref().map(|cache| PromptCache {
            minimum_tokens: cache.minimum_tokens.0.value,
            source: citation(&cache.source, &cache.checked, cache.note.as_ref()),
        }),
        measured: wire.measured.iter().map(measured).collect(),
        prices,
        capacity: wire.capacity.iter().map(capacity).collect(),
    })
}

fn limits(wire: &LimitsWire, problems: &mut Problems) -> Limits {
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

fn measured(wire: &MeasuredWire) -> Measured {
    Measured {
        speed_tokens_per_s: wire.speed_tokens_per_s.as_ref().map(|n| n.0.value as f64),
        first_token_s: wire.first_token_s.as_ref().map(|n| n.to_f64()),
        full_output_s: wire.full_output_s.as_ref().map(|n| n.to_f64()),
        error_share: wire.error_share.as_ref().map(|s| Ratio::from_millionths(s.0.value).to_f64()),
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    }
}

fn capacity(wire: &CapacityWire) -> CapacityOffer {
    CapacityOffer {
        unit: wire.unit.value.clone(),
        regions: texts(&wire.regions),
        input_tokens_per_minute: wire.input_tokens_per_minute.0.value,
        output_weight: wire.output_weight.to_f64(),
        cached_weight: wire.cached_weight.to_f64(),
        minimum_units: wire.minimum_units.0.value,
        increment_units: wire.increment_units.0.value,
        maximum_prompt_tokens: wire.maximum_prompt_tokens.as_ref().map(|n| n.0.value),
        per_hour: Usd::from_micro_usd(wire.usd_per_unit_hour.0.value),
        per_month: wire.usd_per_unit_month.as_ref().map(|p| Usd::from_micro_usd(p.0.value)),
        per_year: wire.usd_per_unit_year.as_ref().map(|p| Usd::from_micro_usd(p.0.value)),
        from: wire.from.value,
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    }
}

fn price_entry(wire: &PriceEntryWire, all: &[PriceEntryWire], problems: &mut Problems) -> Option<PriceEntry> {
    for tier in &wire.tiers {
        one_of(tier, &TIERS, "tier", problems);
    }
    for (list, name) in [(&wire.tiers, "tiers"), (&wire.regions, "regions")] {
        if list.is_empty() && problems.is_empty() {
            problems.at(
                Code::MissingKey,
                &wire.place,
                format!("a price entry without {name}"),
                "",
                format!("add `{name}: [...]`"),
            );
        }
    }
    if let Some(until) = wire.until.as_ref().filter(|until| until.value <= wire.from.value) {
        problems.at(
            Code::ImpossibleRange,
            &until.place,
            "`until` is not after `from`",
            format!("from {}", wire.from.value),
            "",
        );
    }
    let status = match wire.status.as_ref() {
        None => Status::List,
        Some(text) => match one_of(text, &["list", "announced", "hypothetical"], "status", problems)? {
            "announced" => Status::Announced,
            "hypothetical" => Status::Hypothetical,
            _ => Status::List,
        },
    };
    let windows = wire.windows.iter().filter_map(|w| window(w, wire, all, problems)).collect();
    Some(PriceEntry {
        tiers: texts(&wire.tiers),
        regions: texts(&wire.regions),
        from: wire.from.value,
        until: wire.until.as_ref().map(|until| until.value),
        status,
        card: card(&wire.bands, wire, all, problems)?,
        windows,
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    })
}

fn window(
    wire: &WindowWire,
    entry: &PriceEntryWire,
    all: &[PriceEntryWire],
    problems: &mut Problems,
) -> Option<Window> {
    let days: Vec<usize> = if wire.weekdays.is_empty() {
        (0..7).collect()
    } else {
        let known = wire.weekdays.iter().filter_map(|day| one_of(day, &WEEKDAYS, "weekday", problems));
        known.filter_map(|day| WEEKDAYS.iter().position(|name| *name == day)).collect()
    };
    if wire.utc_hours.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "a window without hours",
            "",
            "add `utc_hours: [\"01:00-04:00\"]`",
        );
    }
    let mut open = [[false; 24]; 7];
    for span in &wire.utc_hours {
        let (from, to) = hours(span, problems)?;
        let length = (to + 24 - from) % 24;
        for step in 0..if length == 0 { 24 } else { length } {
            let hour = from + step;
            for &day in &days {
                open[(day + hour / 24) % 7][hour % 24] = true;
            }
        }
    }
    Some(Window { name: wire.name.value.clone(), open, card: card(&wire.bands, entry, all, problems)? })
}

/// `01:00-04:00` as whole hours.
fn hours(span: &Text, problems: &mut Problems) -> Option<(usize, usize)> {
    let hour = |text: &str| {
        let whole: usize = text.trim().strip_suffix(":00")?.parse().ok()?;
        (whole <= 24).then_some(whole % 24)
    };
    let read = span.value.split_once('-').and_then(|(from, to)| Some((hour(from)?, hour(to)?)));
    if read.is_none() {
        problems.at(
            Code::Unreadable,
            &span.place,
            "expected whole UTC hours such as 01:00-04:00",
            format!("found `{}`", span.value),
            "",
        );
    }
    read
}

fn refuse_doubled_entry(entry: &PriceEntry, before: &[PriceEntry], place: &Place, problems: &mut Problems) {
    let shares = |a: &[String], b: &[String]| a.iter().any(|name| b.contains(name));
    let twin = before.iter().find(|other| {
        other.from == entry.from
            && shares(&other.tiers, &entry.tiers)
            && shares(&other.regions, &entry.regions)
    });
    if twin.is_some() {
        problems.at(
            Code::Conflict,
            place,
            "two entries for the same tier, region and instant",
            format!("from {}", entry.from),
            "a new price needs a later `from`",
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

/// The text if it is among `known`; a problem otherwise.
fn one_of<'a>(text: &'a Text, known: &[&str], what: &str, problems: &mut Problems) -> Option<&'a str> {
    if known.contains(&text.value.as_str()) {
        return Some(&text.value);
    }
    problems.at(
        Code::UnknownName,
        &text.place,
        format!("unknown {what} `{}`", text.value),
        "",
        suggest(&text.value, known.iter().copied()),
    );
    None
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
