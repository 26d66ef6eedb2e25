//! The price table: its columns and rows.

use super::{Dialect, SqlOptions};
use crate::catalogue::{Component, FlatPrice};
use crate::render::prices::flat::{Cell, Kind, PLACES, place_cells, rate_cell, rate_column};

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

/// What stands in its place where the table is there already.
pub fn found(options: &SqlOptions) -> String {
    let table = &options.price_table;
    let from_file = match options.dialect {
        Dialect::DuckDb => {
            format!("-- For instance: CREATE VIEW {table} AS SELECT * FROM read_parquet('prices.parquet');\n")
        }
        Dialect::Spark => {
            format!("-- For instance: CREATE VIEW {table} AS SELECT * FROM parquet.`prices.parquet`;\n")
        }
        Dialect::BigQuery | Dialect::Snowflake => String::new(),
    };
    format!(
        "-- The price table {table} is there already: what `tollcast prices export --format parquet` wrote.\n\
         {from_file}"
    )
}

fn columns(dialect: Dialect) -> Vec<(String, &'static str)> {
    let all = PLACES.into_iter().chain(BILLED.map(rate_column));
    all.map(|column| (column.name(), kind(column.kind, dialect))).collect()
}

fn kind(kind: Kind, dialect: Dialect) -> &'static str {
    match kind {
        Kind::Text => dialect.text(),
        Kind::Truth => dialect.boolean(),
        Kind::Whole => dialect.integer(),
        // No column of the script holds a day alone.
        Kind::Time | Kind::Day => dialect.timestamp(),
    }
}

fn values(row: &FlatPrice<'_>, dialect: Dialect) -> String {
    let cells = place_cells(row).into_iter().chain(BILLED.map(|component| rate_cell(row, component)));
    let cells: Vec<String> = cells.map(|cell| literal(cell, dialect)).collect();
    format!("({})", cells.join(", "))
}

fn literal(cell: Cell<'_>, dialect: Dialect) -> String {
    match cell {
        Cell::Empty => "NULL".to_owned(),
        Cell::Name(text) | Cell::Words(text) => dialect.literal(text),
        Cell::Weekdays(text) => dialect.literal(&text),
        Cell::Truth(truth) => if truth { "TRUE" } else { "FALSE" }.to_owned(),
        Cell::Whole(number) => number.to_string(),
        Cell::Time(at) | Cell::Day(at) => dialect.instant(at),
    }
}
