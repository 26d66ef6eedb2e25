//! The bill of provisioned units: pay as you go beside the commitments.

use serde::Serialize;

use super::quote::url;
use super::sheet::Sheet;
use crate::catalogue::CapacityOffer;
use crate::domain::format::thousands;
use crate::domain::money::Usd;
use crate::domain::time::Instant;

/// What provisioned units cost.
#[derive(Clone, Debug, Serialize)]
pub struct CapacityReport {
    schema_version: u32,
    route: String,
    on: String,
    unit: String,
    units: u64,
    minutes: u64,
    total_usd: String,
    commitments: Vec<CommitmentReport>,
    source_url: String,
    source: String,
    checked_on: String,
}

#[derive(Clone, Debug, Serialize)]
struct CommitmentReport {
    commitment: String,
    unit_usd: String,
    per: String,
    units_usd: String,
}

impl CapacityReport {
    /// The report of `units` deployed for `minutes`, which cost `total` without a commitment.
    pub fn new(
        route: String,
        offer: &CapacityOffer,
        units: u64,
        minutes: u64,
        total: Usd,
        at: Instant,
    ) -> Self {
        let commitments = offer.terms.iter().map(|term| CommitmentReport {
            commitment: term.commitment.map_or("none".to_owned(), |length| length.to_string()),
            unit_usd: term.price.to_string(),
            per: term.per.map_or("term".to_owned(), |length| length.unit.name().to_owned()),
            units_usd: term.price.times_fraction(i128::from(units), 1).to_string(),
        });
        CapacityReport {
            schema_version: 1,
            route,
            on: at.to_string(),
            unit: offer.unit.clone(),
            units,
            minutes,
            total_usd: total.to_string(),
            commitments: commitments.collect(),
            source_url: url(&offer.source.source),
            source: offer.source.source.clone(),
            checked_on: offer.source.checked.to_string(),
        }
    }
}

/// Provisioned units as a sheet.
pub fn capacity_sheet(report: &CapacityReport) -> Sheet {
    let title = format!(
        "{}: {} {} for {} minutes cost {} USD without a commitment, on {}",
        report.route,
        thousands(report.units),
        report.unit,
        thousands(report.minutes),
        report.total_usd,
        report.on
    );
    let mut sheet = Sheet::new(title, &["commitment", "USD a unit", "for a", "all units, USD"]);
    for term in &report.commitments {
        sheet.rows.push(vec![
            term.commitment.clone(),
            term.unit_usd.clone(),
            term.per.clone(),
            term.units_usd.clone(),
        ]);
    }
    sheet.notes.push(format!("Source: {}, checked {}.", report.source, report.checked_on));
    sheet
}
