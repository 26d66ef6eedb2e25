//! Whether capacity holds: the answer as tables, JSON and charts; and the provider's own sizing of units.

mod charts;
mod json;
mod sizing;
mod words;

use super::chart::Chart;
use super::report::Manifest;
use super::sheet::Sheet;
use crate::analysis::capacity::CapacityAnalysis;
use crate::workload::ClientTerms;

pub use json::capacity_holds_json;
pub use sizing::{SizingReport, sizing_json, sizing_sheet};

/// The answer for a scenario.
#[derive(Clone, Debug)]
pub struct CapacityAnswer {
    /// The scenario's name.
    pub title: String,
    /// Its question.
    pub question: Option<String>,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// What the result can be reproduced from.
    pub manifest: Manifest,
    /// What clients do when refused.
    pub client: ClientTerms,
    /// What was found.
    pub found: CapacityAnalysis,
}

/// All tables: what becomes of requests, what it takes, what units cost.
pub fn capacity_sheets(answer: &CapacityAnswer) -> Vec<Sheet> {
    let mut sheets = vec![words::fate_sheet(answer), words::need_sheet(answer)];
    sheets.extend(answer.found.routes.iter().filter_map(|route| words::units_sheet(answer, route)));
    sheets
}

/// Of every route the worst hour, refusals against the limit, and cost against units.
///
/// # Errors
/// When drawing fails.
pub fn capacity_charts(answer: &CapacityAnswer) -> anyhow::Result<Vec<Chart>> {
    let foot = answer.manifest.provenance();
    let mut all = Vec::new();
    for route in &answer.found.routes {
        all.extend(charts::charts_of(route, &answer.horizon, &foot)?);
    }
    Ok(all)
}
