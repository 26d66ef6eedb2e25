//! genai-prices' `data.json`: providers with models, prices in USD per million, bands strictly above their
//! start, dated and time-of-day conditions of which the last that holds wins.
//!
//! Its rule for what is not priced: the tokens cost what the class that they are part of costs, and nothing
//! where that has no price either.

use super::build::{self, Found, rates};
use super::{Missing, RemarkKind, Shelf, count, spelt_provider, text};
use crate::catalogue::{Component, Counting, Limits, Meter, PriceEntry, RateCard, Rates, Window};
use crate::domain::document::{Node, Value};
use crate::domain::money::Rate;
use crate::domain::problem::{Code, Problems};
use crate::domain::route::STANDARD;
use crate::domain::time::Instant;

/// Keys of token prices and what they are here.
const TOKENS: [(&str, Component); 16] = [
    ("input_mtok", Component::Input),
    ("cache_read_mtok", Component::CachedInput),
    ("cache_write_mtok", Component::CacheWrite),
    ("cache_write_5m_mtok", Component::CacheWrite),
    ("cache_write_1h_mtok", Component::CacheWrite1h),
    ("output_mtok", Component::Output),
    ("output_reasoning_mtok", Component::Reasoning),
    ("output_citation_mtok", Component::Citation),
    ("input_audio_mtok", Component::AudioInput),
    ("cache_audio_read_mtok", Component::CachedAudioInput),
    ("output_audio_mtok", Component::AudioOutput),
    ("input_image_mtok", Component::ImageInput),
    ("cache_image_read_mtok", Component::CachedImageInput),
    ("output_image_mtok", Component::ImageOutput),
    ("input_video_mtok", Component::VideoInput),
    ("output_video_mtok", Component::VideoOutput),
];

/// Prices of things that are counted by the thousand.
const COUNTED: [(&str, &str); 2] = [("requests_kcount", "request"), ("web_searches_kcount", "web_search")];

/// Seconds in a day.
const DAY: i64 = 24 * 3_600;

/// Reads every provider.
pub fn read(root: &Node, shelf: &mut Shelf, problems: &mut Problems) -> Option<()> {
    let Value::List(providers) = &root.value else {
        problems.at(
            Code::WrongType,
            &root.place,
            "this is not genai-prices' data",
            root.found(),
            "it is a list of providers, each with `models`",
        );
        return None;
    };
    for provider in providers {
        let (Some(id), Some(Value::List(models))) =
            (text(provider, "id"), provider.get("models").map(|node| &node.value))
        else {
            problems.at(Code::WrongType, &provider.place, "a provider without `id` or `models`", "", "");
            return None;
        };
        let beside = ["anthropic", "aws"].contains(&id);
        let counting = if beside { Counting::Beside } else { Counting::Inside };
        let id = spelt_provider(id);
        shelf.provider(&id, text(provider, "name").unwrap_or(&id), counting);
        for model in models {
            read_model(&id, model, shelf);
        }
    }
    Some(())
}

fn read_model(provider: &str, node: &Node, shelf: &mut Shelf) {
    let Some(id) = text(node, "id") else {
        shelf.report.note(RemarkKind::LeftOut, provider, "a model without an id");
        return;
    };
    let key = format!("{provider}/{id}");
    let mut model = build::model(id, text(node, "name").unwrap_or(id));
    let mut meters = Vec::new();
    let Some(prices) = node.get("prices") else {
        shelf.report.note(RemarkKind::LeftOut, &key, "a model without prices");
        return;
    };
    let entries = match &prices.value {
        Value::List(conditions) => conditional(&key, &model.id, conditions, &mut meters, shelf),
        _ => single(&key, &model.id, prices, &mut meters, shelf),
    };
    let Some(entries) = entries else { return };
    model.prices = entries;
    if let Some(context_window) = count(node, "context_window").filter(|tokens| *tokens > 0) {
        let source = shelf.citation(&key, None);
        model.limits = Some(Limits { context_window, max_input: None, max_output: None, source });
    }
    shelf.add(provider, &key, model, meters);
}

fn single(
    key: &str,
    model: &str,
    prices: &Node,
    meters: &mut Vec<Meter>,
    shelf: &mut Shelf,
) -> Option<Vec<PriceEntry>> {
    let card = card(key, prices, shelf)?;
    add_meters(key, model, prices, shelf.options.as_of, meters, shelf);
    Some(vec![build::entry(shelf, key, STANDARD, card, None)])
}

/// Conditions: the first set holds where no later one does.
fn conditional(
    key: &str,
    model: &str,
    conditions: &[Node],
    meters: &mut Vec<Meter>,
    shelf: &mut Shelf,
) -> Option<Vec<PriceEntry>> {
    let mut entries: Vec<PriceEntry> = Vec::new();
    let mut windows: Vec<Window> = Vec::new();
    let starts: Vec<Option<Instant>> = conditions
        .iter()
        .map(|node| node.get("constraint").and_then(|c| text(c, "start_date")))
        .map(|date| date.and_then(|date| Instant::parse(date).ok()))
        .collect();
    let first_start = starts.iter().flatten().min().copied();
    for (condition, start) in conditions.iter().zip(&starts) {
        let prices = condition.get("prices")?;
        let card = card(key, prices, shelf)?;
        let constraint = condition.get("constraint").filter(|node| matches!(node.value, Value::Map(_)));
        match (constraint, start) {
            (None, _) => {
                // Nothing says since when the first prices held: the day before the next ones is safe.
                let eve = first_start.map(|start| start.plus_seconds(-DAY));
                let from = eve.map_or(shelf.options.as_of, |eve| eve.min(shelf.options.as_of));
                if eve.is_some() {
                    let words =
                        "prices before the first dated change have no start: taken from the day before it";
                    shelf.report.note(RemarkKind::Doubtful, key, words);
                }
                add_meters(key, model, prices, from, meters, shelf);
                entries.push(PriceEntry { from, ..build::entry(shelf, key, STANDARD, card, None) });
            }
            (Some(_), Some(start)) => {
                add_meters(key, model, prices, *start, meters, shelf);
                entries.push(PriceEntry { from: *start, ..build::entry(shelf, key, STANDARD, card, None) });
            }
            (Some(constraint), None) => {
                let minute = |name: &str| {
                    let (hour, rest) = text(constraint, name)?.split_once(':')?;
                    let (hour, minute): (u32, u32) = (hour.parse().ok()?, rest.get(..2)?.parse().ok()?);
                    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
                };
                let (Some(from), Some(to)) = (minute("start_time"), minute("end_time")) else {
                    shelf.report.note(
                        RemarkKind::LeftOut,
                        key,
                        "a condition that is neither a date nor a time",
                    );
                    return None;
                };
                windows.push(Window {
                    name: "by the clock".to_owned(),
                    spans: vec![(from, to)],
                    weekdays: [true; 7],
                    except: None,
                    card,
                });
            }
        }
    }
    if windows.len() > 1 {
        shelf.report.note(
            RemarkKind::LeftOut,
            key,
            "several times of day, of which the last that holds wins",
        );
        return None;
    }
    let ordered = entries.is_sorted_by(|a, b| a.from < b.from);
    if !ordered || (!windows.is_empty() && entries.len() != 1) || entries.is_empty() {
        shelf.report.note(
            RemarkKind::LeftOut,
            key,
            "conditions that mix dates and times, or are out of order",
        );
        return None;
    }
    entries[0].windows = windows;
    Some(entries)
}

/// A price per million: its base, and its steps by input tokens.
struct Steps {
    base: Rate,
    steps: Vec<(u64, Rate)>,
}

fn steps(key: &str, node: &Node, shelf: &mut Shelf) -> Option<Steps> {
    match &node.value {
        Value::Scalar(written) => {
            Some(Steps { base: build::rate(shelf, key, written, 6)?, steps: Vec::new() })
        }
        Value::Map(_) => {
            let base = build::rate(shelf, key, text(node, "base")?, 6)?;
            let Value::List(tiers) = &node.get("tiers")?.value else { return None };
            let mut steps = Vec::new();
            for tier in tiers {
                let price = build::rate(shelf, key, text(tier, "price")?, 6)?;
                steps.push((count(tier, "start")?, price));
            }
            steps.sort_by_key(|(start, _)| *start);
            Some(Steps { base, steps })
        }
        _ => None,
    }
}

fn card(key: &str, prices: &Node, shelf: &mut Shelf) -> Option<RateCard> {
    let Value::Map(entries) = &prices.value else {
        shelf.report.note(RemarkKind::LeftOut, key, "prices that are no map");
        return None;
    };
    let mut found: Vec<(Component, Steps)> = Vec::new();
    for entry in entries {
        let name = entry.key.value.as_ref();
        if matches!(entry.value.value, Value::Null) || COUNTED.iter().any(|(counted, _)| *counted == name) {
            continue;
        }
        let Some((_, component)) = TOKENS.iter().find(|(known, _)| *known == name) else {
            let words = format!("a price that has no place here: {name}");
            shelf.report.note(RemarkKind::LeftOut, key, &words);
            continue;
        };
        match steps(key, &entry.value, shelf) {
            Some(steps) => found.push((*component, steps)),
            None => {
                shelf.report.note(RemarkKind::LeftOut, key, "a price that cannot be read");
                return None;
            }
        }
    }
    let has = |component: Component| found.iter().any(|(known, _)| *known == component);
    if !has(Component::Input) && !has(Component::Output) {
        shelf.report.note(RemarkKind::LeftOut, key, "no price of text tokens is listed");
        return None;
    }
    if !has(Component::CachedInput) && has(Component::Input) {
        shelf.report.note(RemarkKind::Doubtful, key, build::NO_CACHED_PRICE);
    }
    if !has(Component::Input) || !has(Component::Output) {
        let words = "input or output without a price: the database bills nothing for it";
        shelf.report.note(RemarkKind::Doubtful, key, words);
    }
    let mut thresholds: Vec<u64> =
        found.iter().flat_map(|(_, steps)| steps.steps.iter().map(|(start, _)| *start)).collect();
    thresholds.sort_unstable();
    thresholds.dedup();
    let keep = shelf.options.missing == Missing::AsTheDatabase;
    let band = |at: usize| -> Rates {
        let beyond = at.checked_sub(1).map(|last| thresholds[last]);
        let mut listed: Vec<(Component, Found)> = found
            .iter()
            .map(|(component, steps)| {
                let crossed = steps.steps.iter().rev().find(|(start, _)| beyond.is_some_and(|b| *start <= b));
                (*component, Found::Listed(crossed.map_or(steps.base, |(_, rate)| *rate)))
            })
            .collect();
        for (component, fall_back) in [
            (Component::Input, Found::FallBack(Rate::ZERO)),
            (Component::Output, if keep { Found::FallBack(Rate::ZERO) } else { Found::NotSold }),
            (Component::CachedInput, Found::AsInput),
        ] {
            if !has(component) {
                listed.push((component, fall_back));
            }
        }
        rates(&listed, keep)
    };
    Some(build::card(&thresholds, band))
}

fn add_meters(
    key: &str,
    model: &str,
    prices: &Node,
    from: Instant,
    meters: &mut Vec<Meter>,
    shelf: &mut Shelf,
) {
    for (name, meter) in COUNTED {
        let Some(written) = text(prices, name).map(str::to_owned) else { continue };
        // A price for a thousand is 10⁹ micro-dollars per million of them.
        let Some(rate) = build::rate(shelf, key, &written, 9) else { continue };
        let unit = if meter == "request" { "request" } else { "call" };
        meters.push(Meter { from, ..build::meter(shelf, key, model, meter, unit, rate) });
    }
}
