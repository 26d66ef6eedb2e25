//! The flat price table for other engines: its columns and cells, and the table as CSV.
//!
//! CSV, Parquet and SQL are written from the same cells, so that a join with any of them bills the same.

use crate::catalogue::{Component, FlatPrice};
use crate::domain::time::Instant;
use crate::render::csv::guarded;

/// What the table is called, in scripts and in the metadata of Parquet files.
pub const FLAT_TABLE: &str = "tollcast_prices";

/// What the cells of a column hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// True or false.
    Truth,
    /// A whole number.
    Whole,
    /// An instant, UTC.
    Time,
    /// A day.
    Day,
}

/// A cell of the table.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// A name by which logs are joined.
    Name(&'a str),
    /// Words for people.
    Words(&'a str),
    /// Seven digits, Monday first.
    Weekdays(String),
    /// True or false.
    Truth(bool),
    /// A whole number.
    Whole(i64),
    /// An instant.
    Time(Instant),
    /// A day, by its first instant.
    Day(Instant),
}

/// A column of the table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name; of rates, that of their component.
    name: &'static str,
    /// What its cells hold.
    pub kind: Kind,
    /// Whether cells may be empty.
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "only Parquet asks"))]
    pub may_be_empty: bool,
    is_rate: bool,
}

impl Column {
    /// The name in the table.
    pub fn name(&self) -> String {
        if self.is_rate { format!("{}_micro_usd_per_mtok", self.name) } else { self.name.to_owned() }
    }
}

/// The columns that say to what a row applies; the rates follow them.
pub const PLACES: [Column; 16] = [
    always("provider", Kind::Text),
    always("model", Kind::Text),
    always("model_id", Kind::Text),
    always("tier", Kind::Text),
    always("region", Kind::Text),
    always("is_default_region", Kind::Truth),
    always("valid_from", Kind::Time),
    sometimes("valid_until", Kind::Time),
    sometimes("window_name", Kind::Text),
    always("weekdays", Kind::Text),
    always("minute_from", Kind::Whole),
    always("minute_until", Kind::Whole),
    always("tokens_from", Kind::Whole),
    sometimes("tokens_to", Kind::Whole),
    always("band_mode", Kind::Text),
    always("price_status", Kind::Text),
];

/// The columns that say by whose word; the last ones.
const WORD: [Column; 2] = [always("checked", Kind::Day), always("source", Kind::Text)];

const fn always(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, may_be_empty: false, is_rate: false }
}

const fn sometimes(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, may_be_empty: true, is_rate: false }
}

/// The column of a component's rate, in micro-dollars per million tokens; empty where no price is published.
pub const fn rate_column(component: Component) -> Column {
    Column { name: component.name(), kind: Kind::Whole, may_be_empty: true, is_rate: true }
}

/// All columns, in their order.
pub fn columns() -> impl Iterator<Item = Column> {
    PLACES.into_iter().chain(Component::ALL.map(rate_column)).chain(WORD)
}

/// The cells under [`PLACES`].
pub fn place_cells<'a>(row: &FlatPrice<'a>) -> [Cell<'a>; PLACES.len()] {
    let whole = |tokens: u64| Cell::Whole(i64::try_from(tokens).unwrap_or(i64::MAX));
    [
        Cell::Name(row.provider),
        Cell::Name(row.model),
        Cell::Name(row.model_id),
        Cell::Name(row.tier),
        Cell::Name(row.region),
        Cell::Truth(row.is_default_region),
        Cell::Time(row.from),
        row.until.map_or(Cell::Empty, Cell::Time),
        row.window.map_or(Cell::Empty, Cell::Words),
        Cell::Weekdays(row.weekday_text()),
        Cell::Whole(row.minutes.0.into()),
        Cell::Whole(row.minutes.1.into()),
        whole(row.tokens_from),
        row.tokens_to.map_or(Cell::Empty, whole),
        Cell::Name(row.mode.name()),
        Cell::Name(row.status.name()),
    ]
}

/// The cell under [`rate_column`].
pub fn rate_cell(row: &FlatPrice<'_>, component: Component) -> Cell<'static> {
    row.rates[component as usize].map_or(Cell::Empty, |rate| Cell::Whole(rate.micro_usd_per_million()))
}

/// The cells under [`columns`].
pub fn cells<'a>(row: &FlatPrice<'a>) -> impl Iterator<Item = Cell<'a>> {
    let rates = Component::ALL.map(|component| rate_cell(row, component));
    let word = [Cell::Day(row.source.checked), Cell::Words(&row.source.source)];
    place_cells(row).into_iter().chain(rates).chain(word)
}

/// The rows with every component's rate in micro-dollars per million tokens; an empty cell is no price.
///
/// # Errors
/// Never in practice: everything is written to memory.
pub fn flat_csv(rows: &[FlatPrice<'_>]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns().map(|column| column.name()))?;
    for row in rows {
        writer.write_record(cells(row).map(csv_text))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Names stay as they are even where a spreadsheet would see a formula: logs are joined by them.
fn csv_text(cell: Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Name(text) => text.to_owned(),
        Cell::Words(text) => guarded(text),
        Cell::Weekdays(text) => text,
        Cell::Truth(truth) => truth.to_string(),
        Cell::Whole(number) => number.to_string(),
        Cell::Time(at) => instant(at),
        Cell::Day(at) => at.to_string(),
    }
}

/// Always with the time of day and the zone, so that a reader of the file finds timestamps.
fn instant(at: Instant) -> String {
    let text = at.to_string();
    if text.contains('T') { text } else { format!("{text}T00:00:00Z") }
}
