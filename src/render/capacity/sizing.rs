//! The provider's own sizing of provisioned units.

use serde::Serialize;

use crate::billing::{Load, Sizing, pay_as_you_go};
use crate::catalogue::CapacityOffer;
use crate::domain::format::{percent, thousands};
use crate::render::quote::url;
use crate::render::sheet::Sheet;

/// Units for a steady load.
#[derive(Clone, Debug, Serialize)]
pub struct SizingReport {
    schema_version: u32,
    route: String,
    unit: String,
    requests_per_minute: u64,
    input_tokens: u64,
    output_tokens: u64,
    cached_share: f64,
    exact_units: f64,
    units: u64,
    minimum_units: u64,
    increment_units: u64,
    input_tokens_per_minute_per_unit: Option<u64>,
    output_weight: Option<f64>,
    /// What they cost for an hour without a commitment, USD, as a decimal text.
    hour_usd: Option<String>,
    commitments: Vec<Commitment>,
    source_url: String,
    source: String,
    checked_on: String,
}

#[derive(Clone, Debug, Serialize)]
struct Commitment {
    commitment: String,
    units_usd: String,
}

impl SizingReport {
    /// The report of a sizing.
    pub fn new(route: String, offer: &CapacityOffer, load: Load, sizing: Sizing) -> Self {
        let whole = offer.terms.iter().filter(|term| term.per.is_none());
        let commitments = whole.filter_map(|term| {
            Some(Commitment {
                commitment: term.commitment?.to_string(),
                units_usd: term.price.times_fraction(i128::from(sizing.units), 1).to_string(),
            })
        });
        SizingReport {
            schema_version: 1,
            route,
            unit: offer.unit.clone(),
            requests_per_minute: load.requests,
            input_tokens: load.input,
            output_tokens: load.output,
            cached_share: load.cached_millionths as f64 / 1e6,
            exact_units: sizing.exact,
            units: sizing.units,
            minimum_units: offer.minimum_units,
            increment_units: offer.increment_units,
            input_tokens_per_minute_per_unit: offer.input_tokens_per_minute,
            output_weight: offer.output_weight_millionths.map(|parts| parts as f64 / 1e6),
            hour_usd: pay_as_you_go(offer, sizing.units, 60).map(|usd| usd.to_string()),
            commitments: commitments.collect(),
            source_url: url(&offer.source.source),
            source: offer.source.source.clone(),
            checked_on: offer.source.checked.to_string(),
        }
    }
}

/// The sizing as a sheet.
pub fn sizing_sheet(report: &SizingReport) -> Sheet {
    let title = format!(
        "{}: {} {} for {} requests per minute of {} in ({} cached) and {} out",
        report.route,
        thousands(report.units),
        report.unit,
        thousands(report.requests_per_minute),
        thousands(report.input_tokens),
        percent(report.cached_share),
        thousands(report.output_tokens)
    );
    let mut sheet = Sheet::new(title, &["", "value"]);
    let mut row = |name: &str, value: String| sheet.rows.push(vec![name.to_owned(), value]);
    row("as computed", format!("{:.2}", report.exact_units));
    row("units to buy", thousands(report.units));
    row("sold from", thousands(report.minimum_units));
    row("in steps of", thousands(report.increment_units));
    if let Some(usd) = &report.hour_usd {
        row("USD for an hour", usd.clone());
    }
    for term in &report.commitments {
        row(&format!("USD for {}", term.commitment), term.units_usd.clone());
    }
    sheet.notes.push(
        "The provider's own rule for a steady load; a mean and a peak rate say nothing of bursts: `tollcast capacity SCENARIO` does."
            .to_owned(),
    );
    sheet.notes.push(format!("Source: {}, checked {}.", report.source, report.checked_on));
    sheet
}

/// The sizing as JSON.
///
/// # Errors
/// Never in practice: everything is written to memory.
pub fn sizing_json(report: &SizingReport) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}
