//! What-ifs side by side: the model of a comparison and its renderings as text, Markdown and JSON.

use serde::Serialize;

use super::figures::cheaper_note;
use super::report::Manifest;
use super::terminal::{align_numbers, plain_table};
use crate::analysis::{PairedRoute, Pairing, Summary};
use crate::domain::format::{probability, usd_short};

/// Scenarios on the same random numbers, each against the first.
#[derive(Clone, Debug)]
pub struct ComparisonReport {
    /// Their names, the base first.
    pub scenarios: Vec<String>,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// What each can be reproduced from.
    pub manifests: Vec<Manifest>,
    /// In one line.
    pub provenance: String,
    /// The base against each other scenario, in order.
    pub pairings: Vec<Pairing>,
    /// For the chart: every route and what it costs in each scenario.
    pub routes: Vec<ComparedRoute>,
}

/// A route in all scenarios.
#[derive(Clone, Debug)]
pub struct ComparedRoute {
    /// Its label.
    pub label: String,
    /// Spend over the horizon in each scenario that has the route.
    pub spends: Vec<Option<Summary>>,
    /// A remark for the chart.
    pub note: String,
}

impl ComparisonReport {
    /// The report of pairings of the first scenario with each other one.
    pub fn new(
        scenarios: Vec<String>,
        horizon: String,
        manifests: Vec<Manifest>,
        pairings: Vec<Pairing>,
    ) -> Self {
        let provenance = match manifests.first() {
            Some(first) => {
                format!("{} · {} scenarios on the same random numbers", first.provenance(), scenarios.len())
            }
            None => String::new(),
        };
        let routes = compared_routes(&scenarios, &pairings);
        ComparisonReport { scenarios, horizon, manifests, provenance, pairings, routes }
    }

    /// Each paired route with the names of its two scenarios.
    fn pairs(&self) -> impl Iterator<Item = (&str, &str, &PairedRoute)> {
        let base = self.scenarios[0].as_str();
        self.pairings.iter().zip(&self.scenarios[1..]).flat_map(move |(pairing, other)| {
            pairing.routes.iter().map(move |route| (base, other.as_str(), route))
        })
    }

    fn unpaired(&self) -> Vec<String> {
        let mut labels: Vec<String> = self.pairings.iter().flat_map(|p| p.unpaired.clone()).collect();
        labels.sort();
        labels.dedup();
        labels
    }
}

fn compared_routes(scenarios: &[String], pairings: &[Pairing]) -> Vec<ComparedRoute> {
    let mut routes: Vec<ComparedRoute> = Vec::new();
    for (index, pairing) in pairings.iter().enumerate() {
        for paired in &pairing.routes {
            let at = routes.iter().position(|route| route.label == paired.label).unwrap_or_else(|| {
                let spends = vec![None; scenarios.len()];
                routes.push(ComparedRoute { label: paired.label.clone(), spends, note: String::new() });
                routes.len() - 1
            });
            routes[at].spends[0] = Some(paired.a.clone());
            routes[at].spends[index + 1] = Some(paired.b.clone());
            if scenarios.len() == 2 {
                routes[at].note = cheaper_note(paired.a_cheaper, &scenarios[0], &scenarios[1]);
            }
        }
    }
    routes
}

const HEAD: [&str; 8] =
    ["route", "A", "B", "A, P50", "B, P50", "B − A, P50", "B − A, P10 to P90", "B cheaper"];

fn row(a: &str, b: &str, route: &PairedRoute) -> [String; 8] {
    let d = &route.difference;
    let signed = |value: f64| if value > 0.0 { format!("+{}", usd_short(value)) } else { usd_short(value) };
    [
        route.label.clone(),
        a.to_owned(),
        b.to_owned(),
        usd_short(route.a.p50),
        usd_short(route.b.p50),
        signed(-d.p50),
        format!("{} to {}", signed(-d.p90), signed(-d.p10)),
        probability(1.0 - route.a_cheaper),
    ]
}

/// The comparison as text for a terminal.
pub fn comparison_terminal(report: &ComparisonReport, width: Option<u16>) -> String {
    let mut table = plain_table(width);
    table.set_header(HEAD);
    for (a, b, route) in report.pairs() {
        table.add_row(row(a, b, route));
    }
    align_numbers(&mut table);
    let mut out = format!("Spend over {}, scenarios on the same random numbers\n\n{table}\n", report.horizon);
    if let Some(ratio) = worst_ratio(report) {
        out += &format!(
            "The paired difference is known {} as precisely as from independent runs, or better.\n",
            times(ratio)
        );
    }
    for label in report.unpaired() {
        out += &format!("note: {label} is in only one of the scenarios and not compared.\n");
    }
    out + &format!("\n{}\n", report.provenance)
}

/// The largest ratio of the paired to the independent standard error.
fn worst_ratio(report: &ComparisonReport) -> Option<f64> {
    report.pairs().filter_map(|(_, _, route)| route.error_ratio).reduce(f64::max)
}

fn times(ratio: f64) -> String {
    if ratio > 0.0 { format!("{:.1} times", 1.0 / ratio) } else { "exactly, not only".to_owned() }
}

/// The comparison as Markdown, fit for a comment on a change.
pub fn comparison_markdown(report: &ComparisonReport) -> String {
    let mut out = format!(
        "### Spend over {}\n\n| {} |\n|{}\n",
        report.horizon,
        HEAD.join(" | "),
        "---|".repeat(HEAD.len())
    );
    for (a, b, route) in report.pairs() {
        let cells = row(a, b, route).map(|cell| cell.replace('|', "\\|"));
        out += &format!("| {} |\n", cells.join(" | "));
    }
    for label in report.unpaired() {
        out += &format!("\n`{label}` is in only one of the scenarios and not compared.\n");
    }
    out + &format!("\n{}\n", report.provenance)
}

#[derive(Serialize)]
struct Json<'a> {
    schema_version: u32,
    currency: &'static str,
    manifests: &'a [Manifest],
    scenarios: &'a [String],
    comparisons: Vec<JsonPair<'a>>,
    unpaired_routes: Vec<String>,
}

#[derive(Serialize)]
struct JsonPair<'a> {
    route: &'a str,
    a: &'a str,
    b: &'a str,
    a_spend_usd: &'a Summary,
    b_spend_usd: &'a Summary,
    difference_usd: &'a Summary,
    probability_a_cheaper: f64,
    paired_to_independent_error: Option<f64>,
}

/// The comparison as JSON; `difference_usd` is a minus b.
///
/// # Errors
/// Never in practice.
pub fn comparison_json(report: &ComparisonReport) -> anyhow::Result<String> {
    let pairs = report.pairs().map(|(a, b, route)| JsonPair {
        route: &route.label,
        a,
        b,
        a_spend_usd: &route.a,
        b_spend_usd: &route.b,
        difference_usd: &route.difference,
        probability_a_cheaper: route.a_cheaper,
        paired_to_independent_error: route.error_ratio,
    });
    let json = Json {
        schema_version: 1,
        currency: "USD",
        manifests: &report.manifests,
        scenarios: &report.scenarios,
        comparisons: pairs.collect(),
        unpaired_routes: report.unpaired(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}
