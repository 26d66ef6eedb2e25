//! `result.json`: the names that scripts rely on.

use serde::Serialize;

use super::recommend_json::{RecommendationJson, recommendation};
use super::report::{Manifest, Report};
use crate::analysis::{Components, RouteAnalysis, Summary};

#[derive(Serialize)]
struct ResultJson<'a> {
    schema_version: u32,
    manifest: &'a Manifest,
    scenario: &'a str,
    currency: &'static str,
    routes: Vec<RouteJson<'a>>,
    comparisons: Vec<ComparisonJson<'a>>,
    expectations: Vec<ExpectationJson<'a>>,
    recommendation: Option<RecommendationJson<'a>>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct RouteJson<'a> {
    id: &'a str,
    route: &'a str,
    months: Vec<MonthJson<'a>>,
    total: TotalJson<'a>,
}

#[derive(Serialize)]
struct MonthJson<'a> {
    month: String,
    requests_mean: f64,
    spend_usd: &'a Summary,
    premium_usd: &'a Summary,
    over_budget_probability: Option<f64>,
}

#[derive(Serialize)]
struct TotalJson<'a> {
    spend_usd: &'a Summary,
    premium_usd: &'a Summary,
    crossing_request_share: Option<f64>,
    crossing_spend_share: Option<f64>,
    rejected_request_share: Option<f64>,
    rejected_input_token_share: Option<f64>,
    /// What limits and units leave unserved, where they are in the spend.
    #[serde(skip_serializing_if = "Option::is_none")]
    unserved_request_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unserved_input_token_share: Option<f64>,
    truncated_request_share: Option<f64>,
    cached_input_share: Option<f64>,
    components_usd_mean: &'a Components,
    effective_usd_per_mtok: EffectiveJson,
    over_budget_probability: Option<f64>,
    over_total_budget_probability: Option<f64>,
}

#[derive(Serialize)]
struct EffectiveJson {
    input: Option<f64>,
    output: Option<f64>,
}

#[derive(Serialize)]
struct ComparisonJson<'a> {
    a: &'a str,
    b: &'a str,
    difference_usd: &'a Summary,
    probability_a_cheaper: f64,
}

#[derive(Serialize)]
struct ExpectationJson<'a> {
    text: &'a str,
    holds: bool,
}

/// The result as JSON, indented, with a line end.
///
/// # Errors
/// Never in practice: all keys are texts and all numbers finite.
pub fn result_json(report: &Report) -> anyhow::Result<String> {
    let analysis = &report.analysis;
    let comparisons = analysis.differences.iter().map(|d| ComparisonJson {
        a: &d.a,
        b: &d.b,
        difference_usd: &d.difference,
        probability_a_cheaper: d.a_cheaper,
    });
    let result = ResultJson {
        schema_version: 1,
        manifest: &report.manifest,
        scenario: &report.title,
        currency: "USD",
        routes: analysis.routes.iter().map(route).collect(),
        comparisons: comparisons.collect(),
        expectations: report
            .expectations
            .iter()
            .map(|e| ExpectationJson { text: &e.text, holds: e.holds })
            .collect(),
        recommendation: recommendation(report),
        warnings: &report.warnings,
    };
    Ok(serde_json::to_string_pretty(&result)? + "\n")
}

/// The manifest as JSON.
///
/// # Errors
/// Never in practice.
pub fn manifest_json(manifest: &Manifest) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(manifest)? + "\n")
}

fn route(route: &RouteAnalysis) -> RouteJson<'_> {
    let months = route.months.iter().map(|month| MonthJson {
        month: month.month.to_string(),
        requests_mean: month.requests_mean,
        spend_usd: &month.spend,
        premium_usd: &month.premium,
        over_budget_probability: month.over_budget_probability,
    });
    RouteJson {
        id: &route.label,
        route: &route.route,
        months: months.collect(),
        total: TotalJson {
            spend_usd: &route.spend,
            premium_usd: &route.premium,
            crossing_request_share: route.shares.crossing_requests,
            crossing_spend_share: route.shares.crossing_spend,
            rejected_request_share: route.shares.rejected,
            rejected_input_token_share: route.shares.rejected_tokens,
            unserved_request_share: Some(route.unserved.requests).filter(|share| *share > 0.0),
            unserved_input_token_share: Some(route.unserved.tokens).filter(|share| *share > 0.0),
            truncated_request_share: route.shares.truncated,
            cached_input_share: route.shares.cached,
            components_usd_mean: &route.components,
            effective_usd_per_mtok: EffectiveJson {
                input: route.effective_input,
                output: route.effective_output,
            },
            over_budget_probability: route.over_budget_probability,
            over_total_budget_probability: route.over_total_probability,
        },
    }
}
