//! The account of a log: what it costs by route and day, and against what it says was billed.

use serde_json::{Value, json};

use super::prices::to_json;
use super::sheet::Sheet;
use crate::domain::format::{percent, thousands, usd_short};
use crate::domain::money::Usd;
use crate::domain::time::Instant;
use crate::usage::{Difference, Replay, Tally};

/// A log priced in one way.
#[derive(Clone, Debug)]
pub struct ReplayReport {
    /// The name of the pricing: a route for all rows, or the log's own.
    pub name: String,
    /// The sums.
    pub replay: Replay,
    /// The names of the routes in it.
    pub routes: Vec<String>,
}

/// The account of a log in all ways that were asked for.
#[derive(Clone, Debug, Default)]
pub struct ReplayReports {
    /// One for every way.
    pub ways: Vec<ReplayReport>,
    /// What was read, set aside and decided.
    pub remarks: Vec<String>,
}

impl ReplayReport {
    fn route(&self, index: usize) -> &str {
        self.routes.get(index).map_or("", String::as_str)
    }
}

/// By route, the sums; then the comparison with what was billed.
pub fn replay_sheets(reports: &ReplayReports) -> Vec<Sheet> {
    let head = [
        "route",
        "requests",
        "above a threshold",
        "input tokens",
        "cached",
        "output tokens",
        "USD",
        "of it premium",
    ];
    let total: Vec<String> = reports
        .ways
        .iter()
        .map(|way| format!("{}: {}", way.name, usd_short(way.replay.total().to_f64())))
        .collect();
    let mut sums = Sheet::new(format!("What the log costs. {}", total.join("; ")), &head);
    for way in &reports.ways {
        for (route, tally) in &way.replay.routes {
            sums.rows.push(tally_row(way.route(*route), tally));
        }
    }
    let mut sheets = vec![sums];
    for way in reports.ways.iter().filter(|way| !way.replay.compared.is_empty()) {
        sheets.push(compared_sheet(way));
    }
    if let Some(last) = sheets.last_mut() {
        last.notes.extend(reports.remarks.iter().cloned());
    }
    sheets
}

fn tally_row(name: &str, tally: &Tally) -> Vec<String> {
    let cached = if tally.input == 0 { 0.0 } else { tally.cached as f64 / tally.input as f64 };
    vec![
        name.to_owned(),
        thousands(tally.requests),
        thousands(tally.crossing),
        thousands(u64::try_from(tally.input).unwrap_or(u64::MAX)),
        percent(cached),
        thousands(u64::try_from(tally.output).unwrap_or(u64::MAX)),
        tally.amount.to_string(),
        tally.premium.to_string(),
    ]
}

fn compared_sheet(way: &ReplayReport) -> Sheet {
    let head = ["what was billed", "rows", "billed USD", "priced USD", "difference USD"];
    let mut sheet = Sheet::new(format!("Against what the log says was billed ({})", way.name), &head);
    let (mut billed, mut priced, mut rows) = (Usd::ZERO, Usd::ZERO, 0);
    for (why, compared) in &way.replay.compared {
        sheet.rows.push(vec![
            difference(why),
            thousands(compared.rows),
            compared.billed.to_string(),
            compared.priced.to_string(),
            (compared.billed - compared.priced).to_string(),
        ]);
        (billed, priced, rows) = (billed + compared.billed, priced + compared.priced, rows + compared.rows);
    }
    sheet.rows.push(vec![
        "all rows with a billed amount".to_owned(),
        thousands(rows),
        billed.to_string(),
        priced.to_string(),
        (billed - priced).to_string(),
    ]);
    sheet
}

/// Why amounts differ, for people.
fn difference(why: &Difference) -> String {
    match why {
        Difference::None => "the price".to_owned(),
        Difference::Tier(tier) => format!("the price of the {tier} tier"),
        Difference::CacheIgnored => "cached tokens as if uncached".to_owned(),
        Difference::CachedTwice => "cached tokens counted twice".to_owned(),
        Difference::Ratio(thousandths) if *thousandths < 1000 => {
            format!("{} below the price, a discount", percent(1.0 - f64::from(*thousandths) / 1000.0))
        }
        Difference::Ratio(thousandths) => {
            format!("{} above the price, a margin", percent(f64::from(*thousandths) / 1000.0 - 1.0))
        }
        Difference::OwnKey => "the caller's own key, billed elsewhere".to_owned(),
        Difference::Free => "nothing".to_owned(),
        Difference::Unknown => "unexplained".to_owned(),
    }
}

/// By day and route, as rows.
pub fn replay_days(reports: &ReplayReports) -> Sheet {
    let head = [
        "priced as",
        "day",
        "route",
        "requests",
        "crossing_requests",
        "input_tokens",
        "cached_tokens",
        "output_tokens",
        "spend_usd",
        "premium_usd",
    ];
    let mut sheet = Sheet::new("What the log costs by day", &head);
    for way in &reports.ways {
        for ((day, route), tally) in &way.replay.days {
            sheet.rows.push(vec![
                way.name.clone(),
                Instant::from_unix_seconds(day * 86_400).to_string(),
                way.route(*route).to_owned(),
                tally.requests.to_string(),
                tally.crossing.to_string(),
                tally.input.to_string(),
                tally.cached.to_string(),
                tally.output.to_string(),
                tally.amount.to_string(),
                tally.premium.to_string(),
            ]);
        }
    }
    sheet
}

/// All of it as JSON; exact amounts are decimal strings.
///
/// # Errors
/// Never in practice: all of it is text and numbers.
pub fn replay_json(reports: &ReplayReports) -> anyhow::Result<String> {
    let ways: Vec<Value> = reports.ways.iter().map(way_json).collect();
    to_json(&json!({"schema_version": 1, "currency": "USD", "priced_as": ways, "remarks": reports.remarks}))
}

fn way_json(way: &ReplayReport) -> Value {
    let routes: Vec<Value> =
        way.replay.routes.iter().map(|(route, tally)| tally_json(way.route(*route), None, tally)).collect();
    let days: Vec<Value> = way
        .replay
        .days
        .iter()
        .map(|((day, route), tally)| {
            tally_json(way.route(*route), Some(Instant::from_unix_seconds(day * 86_400).to_string()), tally)
        })
        .collect();
    let compared: Vec<Value> = way
        .replay
        .compared
        .iter()
        .map(|(why, compared)| {
            json!({
                "explanation": difference(why),
                "rows": compared.rows,
                "billed_usd": compared.billed.to_string(),
                "priced_usd": compared.priced.to_string(),
            })
        })
        .collect();
    let unpriced: Vec<Value> = way
        .replay
        .unpriced
        .iter()
        .map(|(reason, (rows, first))| json!({"reason": reason.title, "rows": rows, "first_row": first}))
        .collect();
    json!({
        "name": way.name,
        "total_usd": way.replay.total().to_string(),
        "routes": routes,
        "days": days,
        "billed": compared,
        "unpriced": unpriced,
    })
}

fn tally_json(route: &str, day: Option<String>, tally: &Tally) -> Value {
    let mut value = json!({
        "route": route,
        "requests": tally.requests,
        "crossing_requests": tally.crossing,
        "input_tokens": tally.input.to_string(),
        "cached_tokens": tally.cached.to_string(),
        "output_tokens": tally.output.to_string(),
        "spend_usd": tally.amount.to_string(),
        "premium_usd": tally.premium.to_string(),
    });
    if let (Some(day), Some(map)) = (day, value.as_object_mut()) {
        map.insert("day".to_owned(), Value::String(day));
    }
    value
}
