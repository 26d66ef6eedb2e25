//! The flat price table as CSV.

use crate::catalogue::{Component, FlatPrice};
use crate::domain::time::Instant;
use crate::render::csv::guarded;

const HEAD: [&str; 16] = [
    "provider",
    "model",
    "model_id",
    "tier",
    "region",
    "is_default_region",
    "valid_from",
    "valid_until",
    "window_name",
    "weekdays",
    "minute_from",
    "minute_until",
    "tokens_from",
    "tokens_to",
    "band_mode",
    "price_status",
];

/// The rows with every component's rate in micro-dollars per million tokens; an empty cell is no price.
///
/// # Errors
/// Never in practice: everything is written to memory.
pub fn flat_csv(rows: &[FlatPrice<'_>]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rates = Component::ALL.map(|component| format!("{}_micro_usd_per_mtok", component.name()));
    let head = HEAD.map(str::to_owned).into_iter().chain(rates);
    writer.write_record(head.chain(["checked", "source"].map(str::to_owned)))?;
    for row in rows {
        // Names stay as they are even where a spreadsheet would see a formula: logs are joined by them.
        let mut cells: Vec<String> =
            [row.provider, row.model, row.model_id, row.tier, row.region].map(str::to_owned).into();
        cells.push(row.is_default_region.to_string());
        cells.push(instant(row.from));
        cells.push(row.until.map(instant).unwrap_or_default());
        cells.push(row.window.map(guarded).unwrap_or_default());
        cells.push(row.weekday_text());
        cells.extend([row.minutes.0, row.minutes.1].map(|minute| minute.to_string()));
        cells.push(row.tokens_from.to_string());
        cells.push(row.tokens_to.map(|most| most.to_string()).unwrap_or_default());
        cells.extend([row.mode.name(), row.status.name()].map(str::to_owned));
        let rate = |rate: &Option<_>| rate.map(crate::domain::money::Rate::micro_usd_per_million);
        cells.extend(row.rates.iter().map(|r| rate(r).map(|micros| micros.to_string()).unwrap_or_default()));
        cells.extend([row.source.checked.to_string(), guarded(&row.source.source)]);
        writer.write_record(&cells)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Always with the time of day and the zone, so that a reader of the file finds timestamps.
fn instant(at: Instant) -> String {
    let text = at.to_string();
    if text.contains('T') { text } else { format!("{text}T00:00:00Z") }
}
