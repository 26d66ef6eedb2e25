//! What to commit: the model of the answer and its renderings as text, Markdown, JSON and charts.

mod json;
#[cfg(test)]
mod tests;
mod words;

use super::chart::Chart;
use super::chart::commitment::{self, CommitmentCurve, Mark};
use super::figures::file_stem;
use super::report::Manifest;
use super::sheet::Sheet;
use crate::analysis::{AmountUnit, Choice, Judged, OfferAnalysis};
use crate::domain::format::{percent, probability, usd_short};
use crate::domain::time::horizon as span;

pub use json::commitment_json;

/// Contract offers and what to do about each.
#[derive(Clone, Debug)]
pub struct CommitmentReport {
    /// The scenario's name.
    pub title: String,
    /// Its question.
    pub question: Option<String>,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// What the result can be reproduced from.
    pub manifest: Manifest,
    /// The offers, in the order of the scenario.
    pub offers: Vec<OfferAnalysis>,
}

const HEAD: [&str; 9] = [
    "commit",
    "mean cost",
    "P50",
    "P90",
    "P99",
    "less than nothing, mean",
    "paid, not used",
    "paid beyond",
    "regret, mean (P90)",
];

/// The choices of an offer as a sheet; its title is the answer.
fn sheet(offer: &OfferAnalysis, horizon: &str) -> Sheet {
    let mut sheet = Sheet::new(words::answer(offer, horizon).join("\n"), &HEAD);
    sheet.rows = offer.shown.iter().map(|judged| row(offer, judged).to_vec()).collect();
    sheet.notes.push(format!(
        "Offer on {}: {}; it covers {}. Lowest mean ◆, lowest P90 ●. Costs are over {horizon}.",
        offer.route,
        words::terms(&offer.offer),
        span(&offer.months)
    ));
    sheet.notes.extend(offer.offer.note.iter().cloned());
    sheet.notes.extend(offer.remarks.iter().map(|remark| words::remark(offer, remark)));
    sheet
}

fn row(offer: &OfferAnalysis, judged: &Judged) -> [String; 9] {
    let is = |best: &Judged| best.choice == judged.choice;
    let marks = [(is(&offer.best_mean), " ◆"), (is(&offer.best_p90), " ●")];
    let marks: String = marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark).collect();
    let lost = match (judged.not_reached, judged.lost_share) {
        (Some(missed), Some(share)) => {
            let of = words::period(&offer.unit);
            format!(
                "{} ({}; in {} of {of})",
                usd_short(judged.shortfall.mean),
                percent(share),
                probability(missed)
            )
        }
        _ => String::new(),
    };
    let saving = &judged.saving;
    let error = saving.standard_error.mean.filter(|e| *e >= 0.005);
    let error = error.map_or(String::new(), |e| format!(" ± {}", usd_short(e)));
    [
        format!("{}{marks}", words::label(offer, judged)),
        usd_short(judged.cost.mean),
        usd_short(judged.cost.p50),
        usd_short(judged.cost.p90),
        usd_short(judged.cost.p99),
        if judged.amount().is_some() { format!("{}{error}", usd_short(saving.mean)) } else { String::new() },
        lost,
        if judged.amount().is_some() { usd_short(judged.overage.mean) } else { String::new() },
        format!("{} ({})", usd_short(judged.regret.mean), usd_short(judged.regret.p90)),
    ]
}

/// A sheet for every offer, after one with the scenario's question.
pub fn commitment_sheets(report: &CommitmentReport) -> Vec<Sheet> {
    let question = report.question.iter().map(|question| format!("\n{question}")).collect::<String>();
    let head = Sheet::new(format!("{}{question}", report.title), &[]);
    std::iter::once(head).chain(report.offers.iter().map(|offer| sheet(offer, &report.horizon))).collect()
}

/// One chart for every offer with amounts to choose from.
///
/// # Errors
/// What cannot be drawn.
pub fn commitment_charts(report: &CommitmentReport) -> anyhow::Result<Vec<Chart>> {
    let mut charts = Vec::new();
    for (at, offer) in report.offers.iter().enumerate() {
        if offer.unit != AmountUnit::Signing && offer.curve.points.len() > 1 {
            charts.push(commitment::draw(&curve(report, offer, at))?);
        }
    }
    Ok(charts)
}

fn curve(report: &CommitmentReport, offer: &OfferAnalysis, at: usize) -> CommitmentCurve {
    // A best choice under other terms has no place on this curve.
    let mark = |judged: &Judged, what: &str, usd: f64| {
        let Choice::Take { line, amount } = judged.choice else { return None };
        let words = format!("lowest {what}: {} costs {}", words::amount(offer, judged)?, usd_short(usd));
        (line == offer.curve.line).then_some(Mark { amount, usd, words })
    };
    let (mean, p90) = (&offer.best_mean, &offer.best_p90);
    let axis = match &offer.unit {
        AmountUnit::Usd(_) | AmountUnit::Credit => {
            format!("Committed, USD {}", words::money_for(&offer.unit))
        }
        AmountUnit::Units(name) => format!("Reserved {name}"),
        AmountUnit::Signing => String::new(),
    };
    CommitmentCurve {
        name: format!("commitment-{:02}-{}", at + 1, file_stem(&offer.offer.name)),
        title: words::finding(offer),
        terms: offer.curve.reserved.as_ref().map(words::reserved).unwrap_or_default(),
        axis,
        money: matches!(offer.unit, AmountUnit::Usd(_) | AmountUnit::Credit),
        points: offer.curve.points.iter().map(|point| (point.amount, point.mean, point.p90)).collect(),
        apart: offer.curve.points.len() <= 12,
        nothing: (offer.nothing.cost.mean, offer.nothing.cost.p90),
        marks: [mark(mean, "mean", mean.cost.mean), mark(p90, "P90", p90.cost.p90)],
        horizon: report.horizon.clone(),
        provenance: report.manifest.provenance(),
    }
}
