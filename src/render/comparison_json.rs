//! The JSON of a comparison.

use serde::Serialize;

use super::comparison::ComparisonReport;
use super::report::Manifest;
use crate::analysis::{PairedRoute, Summary};

#[derive(Serialize)]
struct Json<'a> {
    schema_version: u32,
    currency: &'static str,
    /// How every difference is taken.
    difference: &'static str,
    manifests: &'a [Manifest],
    scenarios: Vec<&'a str>,
    cases: Vec<JsonCase<'a>>,
    comparisons: Vec<JsonPair<'a>>,
    unpaired_routes: Vec<String>,
    baseline: Option<JsonBaseline<'a>>,
}

#[derive(Serialize)]
struct JsonCase<'a> {
    name: &'a str,
    /// `null` where no route meets what the case requires.
    cheapest_route: Option<&'a str>,
    spend_usd: Option<&'a Summary>,
    over_budget_probability: Option<f64>,
}

#[derive(Serialize)]
struct JsonPair<'a> {
    route: &'a str,
    a: &'a str,
    b: &'a str,
    a_spend_usd: &'a Summary,
    b_spend_usd: &'a Summary,
    difference_usd: &'a Summary,
    premium_difference_usd: &'a Summary,
    component_differences_usd: std::collections::BTreeMap<&'a str, &'a Summary>,
    months: Vec<JsonMonth<'a>>,
    first_month_crossed: Option<String>,
    first_month_crossed_cumulative: Option<String>,
    probability_a_cheaper: f64,
    a_over_budget_probability: Option<f64>,
    b_over_budget_probability: Option<f64>,
    paired_to_independent_error: Option<f64>,
    a_rejected_input_token_share: f64,
    b_rejected_input_token_share: f64,
}

#[derive(Serialize)]
struct JsonMonth<'a> {
    month: String,
    difference_usd: &'a Summary,
    probability_a_cheaper: f64,
}

#[derive(Serialize)]
struct JsonBaseline<'a> {
    scenario: &'a str,
    routes: Vec<JsonSince<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct JsonSince<'a> {
    route: &'a str,
    then_spend_usd: &'a Summary,
    now_spend_usd: &'a Summary,
}

/// The comparison as JSON; every difference is a minus b.
///
/// # Errors
/// Never in practice.
pub fn comparison_json(report: &ComparisonReport) -> anyhow::Result<String> {
    let base = report.cases[0].name.as_str();
    let baseline = report.since.as_ref().map(|since| JsonBaseline {
        scenario: &since.saved.scenario,
        routes: since
            .routes
            .iter()
            .map(|(route, then, now)| JsonSince { route, then_spend_usd: then, now_spend_usd: now })
            .collect(),
        notes: &since.notes,
    });
    let cases = report.cases.iter().map(|case| {
        let best = case.cheapest.as_ref();
        JsonCase {
            name: &case.name,
            cheapest_route: best.map(|best| best.label.as_str()),
            spend_usd: best.map(|best| &best.spend),
            over_budget_probability: best.and_then(|best| best.over_budget),
        }
    });
    let json = Json {
        schema_version: 1,
        currency: "USD",
        difference: "a_minus_b",
        manifests: &report.manifests,
        scenarios: report.cases.iter().map(|case| case.name.as_str()).collect(),
        cases: cases.collect(),
        comparisons: report.pairs().map(|(case, route)| json_pair(base, case, route)).collect(),
        unpaired_routes: report.unpaired(),
        baseline,
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}

fn json_pair<'a>(a: &'a str, b: &'a str, route: &'a PairedRoute) -> JsonPair<'a> {
    let months = route.months.iter().map(|month| JsonMonth {
        month: month.month.to_string(),
        difference_usd: &month.difference,
        probability_a_cheaper: month.a_cheaper,
    });
    JsonPair {
        route: &route.label,
        a,
        b,
        a_spend_usd: &route.a,
        b_spend_usd: &route.b,
        difference_usd: &route.difference,
        premium_difference_usd: &route.premium,
        component_differences_usd: route.items.iter().map(|(name, difference)| (*name, difference)).collect(),
        months: months.collect(),
        first_month_crossed: route.monthly_crossing.map(|month| month.to_string()),
        first_month_crossed_cumulative: route.cumulative_crossing.map(|month| month.to_string()),
        probability_a_cheaper: route.a_cheaper,
        a_over_budget_probability: route.over_budget[0],
        b_over_budget_probability: route.over_budget[1],
        paired_to_independent_error: route.error_ratio,
        a_rejected_input_token_share: route.refused[0],
        b_rejected_input_token_share: route.refused[1],
    }
}
