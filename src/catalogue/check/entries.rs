//! Dated entries: their order, their times of day, and those that are a multiple of another.

use std::sync::Arc;

use super::bands::card;
use super::{citation, one_of, texts, unique, until_after_from};
use crate::catalogue::wire::{MultipleWire, PriceEntryWire, Text, WindowWire};
use crate::catalogue::{Calendar, Citation, PriceEntry, Status, Window};
use crate::domain::problem::{Code, Problems};
use crate::domain::time::Instant;

/// The tiers that tokens are sold on.
pub const TIERS: [&str; 10] = [
    "standard",
    "batch",
    "flex",
    "priority",
    "fast",
    "ultrafast",
    "balanced",
    "spot",
    "reserved",
    "decisions",
];
/// The weekdays, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES: u32 = 24 * 60;

/// All entries of a model: those with bands, and what those that are a multiple come to.
pub fn price_entries(
    all: &[PriceEntryWire],
    calendars: &[Arc<Calendar>],
    problems: &mut Problems,
) -> Vec<PriceEntry> {
    refuse_disorder(all, problems);
    let mut entries: Vec<PriceEntry> = Vec::new();
    for entry in all.iter().filter(|entry| entry.multiple_of.is_none()) {
        entries.extend(price_entry(entry, all, calendars, problems));
    }
    let mut derived = Vec::new();
    for entry in all {
        let Some(multiple) = &entry.multiple_of else { continue };
        check_entry(entry, problems);
        if let Some(bands) = entry.bands.first() {
            let help = "a published price wins: keep the bands, or the multiple where only that is published";
            problems.at(Code::Conflict, &bands.place, "bands beside `multiple_of`", "", help);
            continue;
        }
        derived.extend(multiples(entry, multiple, all, &entries, problems));
    }
    entries.extend(derived);
    entries.sort_by_key(|entry| entry.from);
    entries
}

/// What holds for entries of both kinds.
fn check_entry(wire: &PriceEntryWire, problems: &mut Problems) {
    for tier in &wire.tiers {
        one_of(tier, &TIERS, "tier", problems);
    }
    unique(wire.tiers.iter(), "tier", problems);
    unique(wire.regions.iter(), "region", problems);
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
    until_after_from(wire.until.as_ref(), &wire.from, problems);
}

fn price_entry(
    wire: &PriceEntryWire,
    all: &[PriceEntryWire],
    calendars: &[Arc<Calendar>],
    problems: &mut Problems,
) -> Option<PriceEntry> {
    check_entry(wire, problems);
    let status = status(wire, problems)?;
    let windows = wire.windows.iter().filter_map(|w| window(w, wire, all, calendars, problems));
    let windows = windows.collect();
    let windows: Vec<Window> = windows;
    refuse_open_together(&windows, wire, problems);
    Some(PriceEntry {
        tiers: texts(&wire.tiers),
        regions: texts(&wire.regions),
        from: wire.from.value,
        until: wire.until.as_ref().map(|until| until.value),
        status: status.unwrap_or(Status::List),
        card: card(&wire.bands, wire, all, problems)?,
        windows,
        derived: None,
        source: citation(&wire.source, &wire.checked, wire.note.as_ref()),
    })
}

/// Two times of day that hold at once would make the price a matter of their order.
fn refuse_open_together(windows: &[Window], wire: &PriceEntryWire, problems: &mut Problems) {
    let open = |window: &Window, slot: i64| {
        // Any week will do; holidays only ever close a window.
        let free = Window { except: None, ..window.clone() };
        free.is_open(Instant::from_unix_seconds(slot * 15 * 60))
    };
    for (at, later) in windows.iter().enumerate() {
        let clash =
            windows[..at].iter().find(|first| (0..7 * 96).any(|slot| open(first, slot) && open(later, slot)));
        if let Some(first) = clash {
            let place = wire.windows.get(at).map_or(&wire.place, |window| &window.place);
            let title = format!("`{}` and `{}` are open at the same time", first.name, later.name);
            problems.at(Code::Conflict, place, title, "", "one price holds at a time: cut one of them");
        }
    }
}

/// The stated status; the inner `None` where there is none.
fn status(wire: &PriceEntryWire, problems: &mut Problems) -> Option<Option<Status>> {
    let Some(text) = wire.status.as_ref() else { return Some(None) };
    Some(Some(match one_of(text, &["list", "announced", "hypothetical"], "status", problems)? {
        "announced" => Status::Announced,
        "hypothetical" => Status::Hypothetical,
        _ => Status::List,
    }))
}

/// The entries that a multiple comes to: one for each tier, region and dated entry that it follows.
fn multiples(
    wire: &PriceEntryWire,
    multiple: &MultipleWire,
    all: &[PriceEntryWire],
    direct: &[PriceEntry],
    problems: &mut Problems,
) -> Vec<PriceEntry> {
    let ends = end_of(wire, all);
    let chained = all.iter().any(|other| {
        other.multiple_of.is_some()
            && ends.is_none_or(|ends| other.from.value < ends)
            && named(&other.tiers, &multiple.tier)
            && named(&other.regions, &multiple.region)
    });
    if chained {
        let title = format!(
            "tier `{}` in region `{}` is itself a multiple for some time",
            multiple.tier.value, multiple.region.value
        );
        let help = "name the tier and region whose entries have bands, and multiply the numbers";
        problems.at(Code::Conflict, &multiple.place, title, "", help);
        return Vec::new();
    }
    let holds = |list: &[String], name: &Text| list.contains(&name.value);
    let mut bases: Vec<&PriceEntry> = direct
        .iter()
        .filter(|base| holds(&base.tiers, &multiple.tier) && holds(&base.regions, &multiple.region))
        .collect();
    bases.sort_by_key(|base| base.from);
    if bases.iter().all(|base| base.from > wire.from.value) {
        problems.at(
            Code::UnknownName,
            &multiple.place,
            format!(
                "no entry of tier `{}` in region `{}` with bands by {}",
                multiple.tier.value, multiple.region.value, wire.from.value
            ),
            "",
            "`multiple_of` names a tier and region of the same model with an entry that starts no later",
        );
        return Vec::new();
    }
    let Some(stated) = status(wire, problems) else { return Vec::new() };
    let ratio = multiple.times.ratio();
    let until = wire.until.as_ref().map(|until| until.value);
    let mut entries = Vec::new();
    for tier in &wire.tiers {
        for region in &wire.regions {
            let successor = all
                .iter()
                .filter(|other| other.from.value > wire.from.value)
                .filter(|other| named(&other.tiers, tier) && named(&other.regions, region))
                .map(|other| other.from.value)
                .min();
            for (at, base) in bases.iter().enumerate() {
                let next = bases.get(at + 1).map(|next| next.from);
                let over = next.is_some_and(|next| next <= wire.from.value);
                let replaced = successor.into_iter().chain(until).any(|end| base.from >= end);
                let ended = base.until.is_some_and(|end| end <= wire.from.value);
                if over || replaced || ended {
                    continue;
                }
                entries.push(PriceEntry {
                    tiers: vec![tier.value.clone()],
                    regions: vec![region.value.clone()],
                    from: base.from.max(wire.from.value),
                    until: base.until.into_iter().chain(until).min(),
                    status: stated.unwrap_or(base.status),
                    card: base.card.map(|rate| rate.scaled(ratio)),
                    windows: scaled_windows(base, |rate| rate.scaled(ratio)),
                    derived: Some(format!(
                        "{} in {} times {}",
                        multiple.tier.value,
                        multiple.region.value,
                        multiple.times.to_f64()
                    )),
                    source: cited_with_base(wire, base),
                });
            }
        }
    }
    entries
}

/// A multiple's own source, with what its base has to note: a promotion, for instance.
fn cited_with_base(wire: &PriceEntryWire, base: &PriceEntry) -> Citation {
    let own = citation(&wire.source, &wire.checked, wire.note.as_ref());
    let notes: Vec<String> = own.note.iter().chain(&base.source.note).cloned().collect();
    Citation { note: (!notes.is_empty()).then(|| notes.join(" ")), ..own }
}

fn scaled_windows(
    base: &PriceEntry,
    change: impl Fn(crate::domain::money::Rate) -> crate::domain::money::Rate,
) -> Vec<Window> {
    let scaled =
        base.windows.iter().map(|window| Window { card: window.card.map(&change), ..window.clone() });
    scaled.collect()
}

/// When an entry ends: at its `until`, or where a later entry of its tiers and regions takes over.
pub fn end_of(entry: &PriceEntryWire, all: &[PriceEntryWire]) -> Option<Instant> {
    let shares = |a: &[Text], b: &[Text]| a.iter().any(|name| named(b, name));
    let next = all.iter().filter(|other| {
        other.from.value > entry.from.value
            && shares(&other.tiers, &entry.tiers)
            && shares(&other.regions, &entry.regions)
    });
    next.map(|other| other.from.value).chain(entry.until.as_ref().map(|until| until.value)).min()
}

fn named(list: &[Text], name: &Text) -> bool {
    list.iter().any(|text| text.value == name.value)
}

/// The entries of one tier and region stand in the order of their dates and never overlap, so that a file
/// reads as a history and an old month has one price.
fn refuse_disorder(all: &[PriceEntryWire], problems: &mut Problems) {
    for (at, entry) in all.iter().enumerate() {
        let shares = |a: &[Text], b: &[Text]| a.iter().any(|name| named(b, name));
        let rivals = all[..at]
            .iter()
            .filter(|other| shares(&other.tiers, &entry.tiers) && shares(&other.regions, &entry.regions));
        for before in rivals {
            let from: Instant = entry.from.value;
            let (title, found, help) = if before.from.value == from {
                (
                    "two entries for the same tier, region and instant",
                    format!("from {from}"),
                    "a new price needs a later `from`",
                )
            } else if before.from.value > from {
                (
                    "the entries of a tier and region are not in the order of their dates",
                    format!("from {from} after one from {}", before.from.value),
                    "append new entries below the older ones",
                )
            } else if before.until.as_ref().is_some_and(|until| until.value > from) {
                let until = before.until.as_ref().map_or(from, |until| until.value);
                (
                    "two entries of one tier and region overlap",
                    format!("from {from}, and the one before holds until {until}"),
                    "leave out `until` where a later entry takes over, or end it there",
                )
            } else {
                continue;
            };
            problems.at(Code::Conflict, &entry.place, title, found, help);
            break;
        }
    }
}

fn window(
    wire: &WindowWire,
    entry: &PriceEntryWire,
    all: &[PriceEntryWire],
    calendars: &[Arc<Calendar>],
    problems: &mut Problems,
) -> Option<Window> {
    let mut weekdays = [wire.weekdays.is_empty(); 7];
    for day in &wire.weekdays {
        let known = one_of(day, &WEEKDAYS, "weekday", problems);
        if let Some(index) = known.and_then(|name| WEEKDAYS.iter().position(|day| *day == name)) {
            weekdays[index] = true;
        }
    }
    if wire.utc_hours.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "a window without hours",
            "",
            "add `utc_hours: [\"01:00-04:00\"]`",
        );
    }
    let except = match &wire.except {
        None => None,
        Some(name) => {
            let names: Vec<&str> = calendars.iter().map(|calendar| calendar.name.as_str()).collect();
            one_of(name, &names, "calendar", problems)?;
            calendars.iter().find(|calendar| calendar.name == name.value).cloned()
        }
    };
    let mut spans = Vec::new();
    for text in &wire.utc_hours {
        spans.push(span(text, problems)?);
    }
    Some(Window {
        name: wire.name.value.clone(),
        spans,
        weekdays,
        except,
        card: card(&wire.bands, entry, all, problems)?,
    })
}

/// `01:00-04:00` as minutes of the day.
fn span(text: &Text, problems: &mut Problems) -> Option<(u32, u32)> {
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !two(hour) || !two(minute) {
            return None;
        }
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        let minutes = hour * 60 + minute;
        (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
    };
    let read = text.value.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
    // A quarter of an hour is the finest step that forecasts follow.
    let read = read.filter(|(from, to)| from % 15 == 0 && to % 15 == 0 && *from < DAY_MINUTES);
    if read.is_none() {
        problems.at(
            Code::Unreadable,
            &text.place,
            "expected a span of UTC time in quarters of an hour, such as 01:00-04:00",
            format!("found `{}`", text.value),
            "",
        );
    }
    read
}
