//! The flat price table bills as the catalogue does: a lookup in its rows, written anew here, against
//! `Offer::slot_at` and `bill_request`, on both sides of every start, end, hour and threshold.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tollcast::billing::{BillError, Usage, bill_request};
use tollcast::catalogue::{
    Catalogue, Component, ExchangeRate, FlatMode, FlatPrice, Offer, flat_prices, shipped,
};
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;

use crate::support::source;

/// What the shipped files lack: graduated bands, hours across midnight, two calendars, a last
/// band that ends, reasoning that is not sold, and an end without a successor.
const ODD: &str = r#"
tollcast_prices: 1
provider: odd
name: Odd
currency: USD
cached_tokens: inside_input
reasoning_tokens: inside_output
default_region: here
calendars:
  east: {utc_offset_hours: 8, dates: [2026-01-05, 2026-01-06, 2026-02-02], source: invented, checked: 2026-01-01}
  zulu: {utc_offset_hours: 0, dates: [2026-01-06, 2026-03-02], source: invented, checked: 2026-01-01}
models:
  - id: sliced
    name: Sliced
    aliases: [slices]
    prices:
      - {tiers: [standard], regions: [here, there], from: 2026-01-01, mode: graduated, bands: [{up_to: 1_000, input: 1, cached_input: 0.1, output: 10}, {up_to: 3_000, input: 2, cached_input: 0.2, output: 15}], source: invented, checked: 2026-01-01}
  - id: nightly
    name: Nightly
    prices:
      - tiers: [standard]
        regions: [here]
        from: 2026-01-01
        until: 2026-04-01
        bands: [{up_to: 1_000, input: 4, cached_input: 1, output: 8, reasoning: not_sold}, {up_to: 2_000, input: 8, output: 16}]
        windows:
          - {name: night, utc_hours: ["22:30-04:15"], weekdays: [fri, sun], except: east, bands: [{input: 1, output: 2}]}
          - {name: noon, utc_hours: ["11:00-13:00", "14:00-14:15"], except: zulu, bands: [{up_to: 500, input: 2, output: 4}, {input: 3, output: 6}]}
        source: invented
        checked: 2026-01-01
"#;

/// Shipped and odd prices, with those in other currencies at invented rates.
pub fn every_price() -> Catalogue {
    let rates = ["CNY=0.14@2026-11-20", "EUR=1.08@2026-11-20"].map(|text| ExchangeRate::parse(text).unwrap());
    Catalogue::read(&shipped(), &[source("odd.yaml", ODD)]).unwrap().exchanged(&rates)
}

/// The outcome of a lookup and a bill.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    NoPriceThen,
    PartsAboveWhole,
    TooLong,
    NoComponentPrice,
    Picodollars(i128),
}

/// What the catalogue says.
fn by_catalogue(offer: Offer<'_>, at: Instant, usage: &Usage) -> Outcome {
    let Some(slot) = offer.slot_at(at) else { return Outcome::NoPriceThen };
    match bill_request(offer.card(slot), usage) {
        Ok(bill) => Outcome::Picodollars(bill.total.picodollars()),
        Err(BillError::PartAboveWhole { .. }) => Outcome::PartsAboveWhole,
        Err(BillError::TooLong { .. }) => Outcome::TooLong,
        Err(BillError::NoPrice { .. }) => Outcome::NoComponentPrice,
    }
}

/// What the rows of one route say, with no help from the code under test but its rows.
fn by_rows(rows: &[FlatPrice<'_>], at: Instant, usage: &Usage) -> Outcome {
    let second = at.unix_seconds();
    let (day, minute) = (second.div_euclid(86_400), second.rem_euclid(86_400) / 60);
    let then: Vec<&FlatPrice<'_>> = rows
        .iter()
        .filter(|row| row.from <= at && row.until.is_none_or(|until| at < until))
        .filter(|row| row.weekdays[(day + 3).rem_euclid(7) as usize])
        .filter(|row| (i64::from(row.minutes.0)..i64::from(row.minutes.1)).contains(&minute))
        .collect();
    if then.is_empty() {
        return Outcome::NoPriceThen;
    }
    let cached_and_written = usage.cached + usage.written + usage.written_1h;
    if cached_and_written > usage.input || usage.reasoning > usage.output {
        return Outcome::PartsAboveWhole;
    }
    let inside = |row: &FlatPrice<'_>| {
        row.tokens_from <= usage.input && row.tokens_to.is_none_or(|to| usage.input <= to)
    };
    let fitting: Vec<&&FlatPrice<'_>> = then.iter().filter(|row| inside(row)).collect();
    let [row] = fitting[..] else { panic!("{} rows of {} fit at once", fitting.len(), then[0].route()) };
    // Along the prompt: cached first, then what is written, then the rest.
    let parts = [
        (Component::CachedInput, usage.cached),
        (Component::CacheWrite, usage.written),
        (Component::CacheWrite1h, usage.written_1h),
        (Component::Input, usage.input - cached_and_written),
    ];
    let mut lines: Vec<(Option<i64>, u64)> = Vec::new();
    let rate = |row: &FlatPrice<'_>, c: Component| row.rates[c as usize].map(|r| r.micro_usd_per_million());
    match row.mode {
        FlatMode::NotSold => return Outcome::TooLong,
        FlatMode::WholeRequest => lines.extend(parts.map(|(component, n)| (rate(row, component), n))),
        FlatMode::Graduated => {
            let mut token = 0;
            for (component, n) in parts {
                for _ in 0..n {
                    token += 1;
                    let band = then.iter().find(|row| row.tokens_to.is_none_or(|to| token <= to)).unwrap();
                    lines.push((rate(band, component), 1));
                }
            }
        }
    }
    lines.push((rate(row, Component::Output), usage.output - usage.reasoning));
    lines.push((rate(row, Component::Reasoning), usage.reasoning));
    let mut total = 0;
    for (rate, tokens) in lines.into_iter().filter(|(_, tokens)| *tokens > 0) {
        let Some(rate) = rate else { return Outcome::NoComponentPrice };
        total += i128::from(rate) * i128::from(tokens);
    }
    Outcome::Picodollars(total)
}

/// One second before, at and after every start and end of a row, and every turn of its hours in a week after
/// its start.
fn instants(rows: &[FlatPrice<'_>]) -> Vec<Instant> {
    let mut turns: Vec<i64> = Vec::new();
    for row in rows {
        turns.extend(row.until.into_iter().chain([row.from]).map(Instant::unix_seconds));
        if row.weekdays != [true; 7] || row.minutes != (0, 1440) {
            let first = row.from.unix_seconds().div_euclid(86_400);
            for day in first..first + 8 {
                turns.extend(
                    [row.minutes.0, row.minutes.1].map(|minute| day * 86_400 + i64::from(minute) * 60),
                );
            }
        }
    }
    let mut turns: Vec<i64> = turns.iter().flat_map(|turn| [turn - 1, *turn, turn + 1]).collect();
    turns.sort_unstable();
    turns.dedup();
    turns.into_iter().map(Instant::from_unix_seconds).collect()
}

/// Usages with all kinds of parts around every threshold of the rows.
fn usages(rows: &[FlatPrice<'_>]) -> Vec<Usage> {
    let mut lengths: Vec<u64> = vec![0, 1, 700];
    lengths.extend(rows.iter().flat_map(|row| row.tokens_to).flat_map(|most| [most - 1, most, most + 1]));
    lengths.sort_unstable();
    lengths.dedup();
    let parts = |input: u64| {
        let third = input / 3;
        let plain = Usage { input, output: 11, ..Usage::NONE };
        [
            plain,
            Usage { cached: third, reasoning: 4, ..plain },
            Usage { cached: input, reasoning: 11, ..plain },
            Usage { written: third, ..plain },
            Usage { written_1h: third, cached: third, ..plain },
            Usage { cached: input + 1, ..plain },
            Usage { reasoning: 12, ..plain },
            Usage { output: 0, ..plain },
        ]
    };
    lengths.into_iter().flat_map(parts).collect()
}

/// The rows of each route, under the route's name in the table.
fn by_route<'a>(rows: Vec<FlatPrice<'a>>) -> BTreeMap<RouteId, Vec<FlatPrice<'a>>> {
    let mut routes: BTreeMap<RouteId, Vec<FlatPrice<'a>>> = BTreeMap::new();
    for row in rows {
        let route = RouteId {
            provider: row.provider.to_owned(),
            model: row.model.to_owned(),
            tier: row.tier.to_owned(),
            region: Some(row.region.to_owned()),
        };
        routes.entry(route).or_default().push(row);
    }
    routes
}

#[test]
fn the_flat_table_bills_as_the_catalogue_does() {
    let catalogue = every_price();
    let known = catalogue.routes();
    let (mut compared, mut priced, mut names) = (0_u64, 0_u64, 0_u64);
    for (route, rows) in by_route(flat_prices(&catalogue, &known)) {
        names += 1;
        let offer = catalogue.offer(&route).unwrap();
        let usages = usages(&rows);
        for at in instants(&rows) {
            for usage in &usages {
                let wanted = by_catalogue(offer, at, usage);
                assert_eq!(by_rows(&rows, at, usage), wanted, "{route} at {at} {usage:?}");
                compared += 1;
                priced += u64::from(matches!(wanted, Outcome::Picodollars(_)));
            }
        }
    }
    eprintln!("{compared} bills under {names} names, {priced} of them priced");
    assert!(names >= known.len() as u64 && priced > 50_000, "{names} names, {priced} priced");
}

#[test]
fn hours_and_holidays_hold_at_any_moment() {
    let catalogue = every_price();
    let known = catalogue.routes();
    let mut random = StdRng::seed_from_u64(7);
    let mut by_window: BTreeMap<Option<String>, u64> = BTreeMap::new();
    let usage = Usage { input: 400, output: 10, ..Usage::NONE };
    for (route, rows) in by_route(flat_prices(&catalogue, &known)) {
        if rows.iter().all(|row| row.window.is_none()) {
            continue;
        }
        let offer = catalogue.offer(&route).unwrap();
        // From a day before its first price to a day after its last one, or for two years more.
        let first = rows.iter().map(|row| row.from.unix_seconds()).min().unwrap() - 86_400;
        let starts = rows.iter().map(|row| row.from.unix_seconds() + 2 * 365 * 86_400);
        let ends = rows.iter().map(|row| row.until.map(Instant::unix_seconds));
        let last = ends.zip(starts).map(|(end, start)| end.unwrap_or(start)).max().unwrap() + 86_400;
        for _ in 0..3_000 {
            let at = Instant::from_unix_seconds(random.random_range(first..last));
            assert_eq!(by_rows(&rows, at, &usage), by_catalogue(offer, at, &usage), "{route} at {at}");
            let slot = offer.slot_at(at);
            let window = slot.and_then(|slot| offer.window(slot)).map(|window| window.name.clone());
            *by_window.entry(window).or_default() += 1;
        }
    }
    eprintln!("moments by window: {by_window:?}");
    assert!(by_window.len() >= 4, "{by_window:?}");
}

#[test]
fn every_alias_has_rows_of_its_own() {
    let catalogue = every_price();
    let routes = [RouteId::parse("odd/sliced").unwrap()];
    let rows = flat_prices(&catalogue, &routes);
    let names: Vec<(&str, &str, u64, Option<u64>, &str)> = rows
        .iter()
        .map(|row| (row.model, row.model_id, row.tokens_from, row.tokens_to, row.mode.name()))
        .collect();
    let bands = [(0, Some(1_000), "graduated"), (1_001, Some(3_000), "graduated"), (3_001, None, "not_sold")];
    let wanted: Vec<_> = ["sliced", "slices"]
        .iter()
        .flat_map(|name| bands.map(|(from, to, mode)| (*name, "sliced", from, to, mode)))
        .collect();
    assert_eq!(names, wanted);
    assert!(rows.iter().all(|row| row.is_default_region && row.region == "here"));
}

#[test]
fn a_holiday_is_a_stretch_of_time_without_the_closed_hours() {
    let catalogue = every_price();
    let routes = [RouteId::parse("odd/nightly").unwrap()];
    let rows = flat_prices(&catalogue, &routes);
    // 2026-02-02 in the east is 2026-02-01T16:00Z to 2026-02-02T16:00Z: the night from Sunday is closed,
    // noon is not.
    let from = Instant::parse("2026-02-01T16:00:00Z").unwrap();
    let stretch: Vec<&FlatPrice<'_>> = rows.iter().filter(|row| row.from == from).collect();
    assert!(stretch.iter().all(|row| row.until == Some(from.plus_seconds(86_400))));
    let windows: Vec<Option<&str>> = stretch.iter().map(|row| row.window).collect();
    assert!(windows.contains(&Some("noon")) && !windows.contains(&Some("night")), "{windows:?}");
    // The entry's own end is the end of its last rows.
    assert_eq!(rows.iter().map(|row| row.until).max().unwrap(), Some(Instant::parse("2026-04-01").unwrap()));
    assert!(rows.iter().all(|row| row.until.is_some()));
}

#[test]
fn reasoning_has_the_rate_of_output_unless_it_is_refused() {
    let catalogue = every_price();
    let routes = [RouteId::parse("odd/nightly").unwrap()];
    let rows = flat_prices(&catalogue, &routes);
    let reasoning = |from: u64, window: Option<&str>| {
        let row = rows.iter().find(|row| row.tokens_from == from && row.window == window).unwrap();
        row.rates[Component::Reasoning as usize].map(|rate| rate.micro_usd_per_million())
    };
    assert_eq!(reasoning(0, None), None);
    assert_eq!(reasoning(1_001, None), Some(16_000_000));
    assert_eq!(reasoning(0, Some("night")), Some(2_000_000));
}
