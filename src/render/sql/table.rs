//! The price table: its columns and rows.

use super::{Dialect, SqlOptions};
use crate::catalogue::{Component, FlatPrice};
use crate::domain::money::Rate;

/// The components that a usage log of the script can hold.
pub const BILLED: [Component; 6] = [
    Component::Input,
    Component::CachedInput,
    Component::CacheWrite,
    Component::CacheWrite1h,
    Component::Output,
    Component::Reasoning,
];

/// Rows in one INSERT.
const ROWS_AT_ONCE: usize = 500;

/// The column of a component's rate.
pub fn rate_column(component: Component) -> String {
    format!("{}_micro_usd_per_mtok", component.name())
}

/// The statements that make and fill the table.
pub fn create(rows: &[FlatPrice<'_>], options: &SqlOptions) -> String {
    let dialect = options.dialect;
    let columns = columns(dialect);
    let declared: Vec<String> = columns.iter().map(|(name, kind)| format!("  {name} {kind}")).collect();
    let stored = if dialect == Dialect::Spark { " USING PARQUET" } else { "" };
    let mut text = format!(
        "-- One row per route and name of its model, time, hours and band. A rate times tokens is whole\n\
         -- picodollars (1e-12 USD). NULL: no such price is published. weekdays: Monday first, UTC.\n\
         CREATE TABLE {} (\n{}\n){stored};\n",
        options.price_table,
        declared.join(",\n")
    );
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let values: Vec<String> = rows.iter().map(|row| values(row, dialect)).collect();
        text += &format!("INSERT INTO {} VALUES\n{};\n", options.price_table, values.join(",\n"));
    }
    text
}

fn columns(dialect: Dialect) -> Vec<(String, &'static str)> {
    let (text, integer) = (dialect.text(), dialect.integer());
    let fixed = [
        ("provider", text),
        ("model", text),
        ("model_id", text),
        ("tier", text),
        ("region", text),
        ("is_default_region", dialect.boolean()),
        ("valid_from", dialect.timestamp()),
        ("valid_until", dialect.timestamp()),
        ("window_name", text),
        ("weekdays", text),
        ("minute_from", integer),
        ("minute_until", integer),
        ("tokens_from", integer),
        ("tokens_to", integer),
        ("band_mode", text),
        ("price_status", text),
    ];
    let fixed = fixed.into_iter().map(|(name, kind)| (name.to_owned(), kind));
    fixed.chain(BILLED.map(|component| (rate_column(component), integer))).collect()
}

fn values(row: &FlatPrice<'_>, dialect: Dialect) -> String {
    let null = || "NULL".to_owned();
    let mut cells: Vec<String> = [row.provider, row.model, row.model_id, row.tier, row.region]
        .map(|text| dialect.literal(text))
        .into();
    cells.push(if row.is_default_region { "TRUE" } else { "FALSE" }.to_owned());
    cells.push(dialect.instant(row.from));
    cells.push(row.until.map_or_else(null, |until| dialect.instant(until)));
    cells.push(row.window.map_or_else(null, |name| dialect.literal(name)));
    cells.push(dialect.literal(&row.weekday_text()));
    cells.extend([row.minutes.0, row.minutes.1].map(|minute| minute.to_string()));
    cells.push(row.tokens_from.to_string());
    cells.push(row.tokens_to.map_or_else(null, |most| most.to_string()));
    cells.extend([row.mode.name(), row.status.name()].map(|text| dialect.literal(text)));
    let rate = |rate: Rate| rate.micro_usd_per_million().to_string();
    cells.extend(BILLED.map(|component| row.rates[component as usize].map_or_else(null, rate)));
    format!("({})", cells.join(", "))
}
