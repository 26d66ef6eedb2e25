//! What to commit, as JSON. Names carry their units; amounts are USD, or units where `amount_unit` says so.

use serde::Serialize;

use super::CommitmentReport;
use super::words;
use crate::analysis::{AmountUnit, Judged, MeanOf, OfferAnalysis, Summary};
use crate::domain::time::horizon as span;
use crate::render::report::Manifest;

#[derive(Serialize)]
struct Json<'a> {
    schema_version: u32,
    currency: &'static str,
    manifest: &'a Manifest,
    scenario: &'a str,
    horizon: &'a str,
    commitments: Vec<JsonOffer<'a>>,
}

#[derive(Serialize)]
struct JsonOffer<'a> {
    name: &'a str,
    route: &'a str,
    terms: String,
    covers: String,
    note: Option<&'a str>,
    answer: Vec<String>,
    amount_unit: String,
    lowest_mean: JsonChoice<'a>,
    lowest_mean_amount_standard_error: Option<f64>,
    lowest_p90: JsonChoice<'a>,
    nothing: JsonChoice<'a>,
    /// Mean cost of nothing less that of the best commitment; negative where committing costs more.
    price_of_flexibility_usd: Option<f64>,
    price_of_flexibility_standard_error_usd: Option<f64>,
    choices: Vec<JsonChoice<'a>>,
    curve_terms: String,
    curve: Vec<JsonPoint>,
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct JsonChoice<'a> {
    commit: String,
    amount: Option<f64>,
    cost_usd: &'a Summary,
    saving_against_nothing_usd: &'a Summary,
    regret_usd: &'a Summary,
    shortfall_usd: JsonMean,
    overage_usd: JsonMean,
    not_reached_probability: Option<f64>,
    lost_share: Option<f64>,
}

#[derive(Serialize)]
struct JsonMean {
    mean: f64,
    standard_error: Option<f64>,
}

#[derive(Serialize)]
struct JsonPoint {
    amount: f64,
    cost_mean_usd: f64,
    cost_p90_usd: f64,
}

/// The answer as JSON.
///
/// # Errors
/// Never in practice.
pub fn commitment_json(report: &CommitmentReport) -> anyhow::Result<String> {
    let json = Json {
        schema_version: 1,
        currency: "USD",
        manifest: &report.manifest,
        scenario: &report.title,
        horizon: &report.horizon,
        commitments: report.offers.iter().map(|offer| json_offer(offer, &report.horizon)).collect(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}

fn json_offer<'a>(offer: &'a OfferAnalysis, horizon: &str) -> JsonOffer<'a> {
    let point = |point: &crate::analysis::CurvePoint| JsonPoint {
        amount: point.amount,
        cost_mean_usd: point.mean,
        cost_p90_usd: point.p90,
    };
    let saving = offer.best_signed.as_ref().map(|signed| &signed.saving);
    JsonOffer {
        name: &offer.offer.name,
        route: &offer.route,
        terms: words::terms(&offer.offer),
        covers: span(&offer.months),
        note: offer.offer.note.as_deref(),
        answer: words::answer(offer, horizon),
        amount_unit: match &offer.unit {
            AmountUnit::Usd(_) | AmountUnit::Credit => format!("USD {}", words::money_for(&offer.unit)),
            AmountUnit::Units(name) => name.clone(),
            AmountUnit::Signing => "none".to_owned(),
        },
        lowest_mean: choice(offer, &offer.best_mean),
        lowest_mean_amount_standard_error: offer.amount_error,
        lowest_p90: choice(offer, &offer.best_p90),
        nothing: choice(offer, &offer.nothing),
        price_of_flexibility_usd: saving.map(|saving| saving.mean),
        price_of_flexibility_standard_error_usd: saving.and_then(|saving| saving.standard_error.mean),
        choices: offer.shown.iter().map(|judged| choice(offer, judged)).collect(),
        curve_terms: offer.curve.reserved.as_ref().map(words::reserved).unwrap_or_default(),
        curve: offer.curve.points.iter().map(point).collect(),
        remarks: offer.remarks.iter().map(|remark| words::remark(offer, remark)).collect(),
    }
}

fn choice<'a>(offer: &OfferAnalysis, judged: &'a Judged) -> JsonChoice<'a> {
    let mean = |of: MeanOf| JsonMean { mean: of.mean, standard_error: of.standard_error };
    JsonChoice {
        commit: words::label(offer, judged),
        amount: judged.amount(),
        cost_usd: &judged.cost,
        saving_against_nothing_usd: &judged.saving,
        regret_usd: &judged.regret,
        shortfall_usd: mean(judged.shortfall),
        overage_usd: mean(judged.overage),
        not_reached_probability: judged.not_reached,
        lost_share: judged.lost_share,
    }
}
