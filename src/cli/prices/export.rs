//! `tollcast prices export`: the price table for other engines, and the SQL that bills a log with it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::filter::Filter;
use crate::catalogue::{Catalogue, FlatMode, FlatPrice, Wanted, flat_prices};
use crate::cli::destination::Destination;
use crate::cli::outcome::{Exit, Failure, say};
use crate::cli::{PricingArguments, files};
use crate::domain::problem::Code;
use crate::domain::route::RouteId;
use crate::domain::time::Instant;
use crate::render::{Dialect, LogColumn, SqlName, SqlOptions, flat_csv, price_script};

/// Arguments of `prices export`.
#[derive(Args)]
pub struct Arguments {
    /// What to write: the table, or a script with the table and the query that bills a log with it
    #[arg(long, value_enum)]
    format: ExportFormat,
    /// Where it goes; standard output if absent
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    filter: Filter,
    /// Leave out prices that ended by then
    #[arg(long, value_name = "DATE", value_parser = Instant::parse)]
    since: Option<Instant>,
    #[command(flatten)]
    sql: SqlArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// What `--format sql` can be told.
#[derive(Args)]
struct SqlArguments {
    /// Whose SQL (default: duckdb)
    #[arg(long, value_enum)]
    dialect: Option<DialectArgument>,
    /// The table with the usage log (default: usage_log)
    #[arg(long, value_name = "NAME", value_parser = SqlName::table)]
    log_table: Option<SqlName>,
    /// The price table that the script makes (default: tollcast_prices)
    #[arg(long, value_name = "NAME", value_parser = SqlName::table)]
    price_table: Option<SqlName>,
    /// The view of single bills that the script makes (default: tollcast_bills)
    #[arg(long, value_name = "NAME", value_parser = SqlName::table)]
    bill_view: Option<SqlName>,
    /// What the log calls a column, such as input_tokens=prompt_tokens; COLUMN=- where it has none
    #[arg(long = "column", value_name = "COLUMN=NAME", value_parser = LogColumn::parse)]
    columns: Vec<LogColumn>,
    /// Drop the table and the view of an earlier script first
    #[arg(long)]
    replace: bool,
    /// Make no price table: it is there already, from --format parquet or csv
    #[arg(long)]
    no_table: bool,
    /// Also count the log by lengths and hours
    #[arg(long)]
    histogram: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// The table, with all components and sources
    Csv,
    /// The same table with typed columns
    Parquet,
    /// The table and the query
    Sql,
}

#[derive(Clone, Copy, ValueEnum)]
enum DialectArgument {
    /// DuckDB
    Duckdb,
    /// Spark SQL and Databricks
    Spark,
    /// BigQuery
    Bigquery,
    /// Snowflake
    Snowflake,
}

/// Writes the export.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.format != ExportFormat::Sql {
        arguments.sql.refuse()?;
    }
    arguments.sql.refuse_one_name()?;
    #[cfg(not(feature = "parquet"))]
    if arguments.format == ExportFormat::Parquet {
        return Err(without_parquet());
    }
    let destination = Destination::of(arguments.out.as_deref())?;
    if arguments.format == ExportFormat::Parquet && destination.is_terminal() {
        return Err(Failure::usage(
            "Parquet is binary, and standard output is a terminal",
            "say where it goes: --out prices.parquet",
        ));
    }
    let catalogue = files::catalogue(&arguments.pricing, &Wanted::All)?;
    let routes = arguments.filter.some_routes(&catalogue)?;
    let mut rows = flat_prices(&catalogue, &routes);
    if let Some(since) = arguments.since {
        rows.retain(|row| row.until.is_none_or(|until| until > since));
    }
    if rows.is_empty() {
        return Err(nothing_left(arguments));
    }
    let notes = notes(&catalogue, &routes, &rows, arguments.since);
    let bytes = match arguments.format {
        ExportFormat::Csv => flat_csv(&rows)?.into_bytes(),
        ExportFormat::Parquet => parquet(&rows, &about(&catalogue, &rows, &notes))?,
        ExportFormat::Sql => {
            price_script(&rows, &arguments.sql.options(about(&catalogue, &rows, &notes))).into_bytes()
        }
    };
    say(&format!("{} rows of {} routes", rows.len(), route_count(&rows)));
    notes.iter().for_each(|note| say(&format!("note: {note}")));
    destination.write(&bytes, "")?;
    Ok(Exit::Answered)
}

/// What a reader of the file should know, a line each.
fn about(catalogue: &Catalogue, rows: &[FlatPrice<'_>], notes: &[String]) -> Vec<String> {
    let mut about = vec![origin(catalogue, rows)];
    about.extend(beside(catalogue, rows));
    about.extend(notes.iter().cloned());
    about
}

#[cfg(feature = "parquet")]
fn parquet(rows: &[FlatPrice<'_>], about: &[String]) -> Result<Vec<u8>, Failure> {
    Ok(crate::render::flat_parquet(rows, &about.join("\n"))?)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &[FlatPrice<'_>], _: &[String]) -> Result<Vec<u8>, Failure> {
    Err(without_parquet())
}

/// The refusal of a binary that cannot write Parquet.
#[cfg(not(feature = "parquet"))]
pub(super) fn without_parquet() -> Failure {
    Failure::usage(
        "this tollcast was built without Parquet",
        "build with `cargo build --release --features parquet`, or ask for --format csv",
    )
}

impl SqlArguments {
    /// Refuses options that only a script has.
    fn refuse(&self) -> Result<(), Failure> {
        let given = [
            (self.dialect.is_some(), "--dialect"),
            (self.log_table.is_some(), "--log-table"),
            (self.price_table.is_some(), "--price-table"),
            (self.bill_view.is_some(), "--bill-view"),
            (!self.columns.is_empty(), "--column"),
            (self.replace, "--replace"),
            (self.no_table, "--no-table"),
            (self.histogram, "--histogram"),
        ];
        match given.into_iter().find(|(given, _)| *given) {
            Some((_, option)) => Err(Failure::usage(
                &format!("{option} belongs to --format sql"),
                "leave it out, or ask for --format sql",
            )),
            None => Ok(()),
        }
    }

    /// Refuses one name for two things: to replace the price table must never drop the log.
    fn refuse_one_name(&self) -> Result<(), Failure> {
        let options = self.options(Vec::new());
        let names = [&options.log_table, &options.price_table, &options.bill_view].map(SqlName::last_part);
        let twice = (0..3).find(|at| names[..*at].contains(&names[*at]));
        match twice {
            Some(at) => Err(Failure::usage(
                &format!("two of the log, the price table and the view are called `{}`", names[at]),
                "give each a name of its own: --log-table, --price-table, --bill-view",
            )),
            None => Ok(()),
        }
    }

    fn options(&self, notes: Vec<String>) -> SqlOptions {
        SqlOptions {
            dialect: self.dialect.map_or(Dialect::DuckDb, DialectArgument::dialect),
            log_table: self.log_table.clone().unwrap_or_else(SqlName::usual_log),
            price_table: self.price_table.clone().unwrap_or_else(SqlName::usual_prices),
            bill_view: self.bill_view.clone().unwrap_or_else(SqlName::usual_bills),
            columns: self.columns.clone(),
            replace: self.replace,
            table: !self.no_table,
            histogram: self.histogram,
            notes,
        }
    }
}

impl DialectArgument {
    fn dialect(self) -> Dialect {
        match self {
            DialectArgument::Duckdb => Dialect::DuckDb,
            DialectArgument::Spark => Dialect::Spark,
            DialectArgument::Bigquery => Dialect::BigQuery,
            DialectArgument::Snowflake => Dialect::Snowflake,
        }
    }
}

/// Routes passed the filters, but none has a price that is left.
fn nothing_left(arguments: &Arguments) -> Failure {
    let title = match arguments.since {
        Some(since) => format!("no price of these routes that can be exported holds after {since}"),
        None => "no price of these routes can be exported".to_owned(),
    };
    let help = "an earlier --since, or --exchange for price files in another currency";
    Failure::problem(Code::NoPrice, &title, help)
}

fn route_count(rows: &[FlatPrice<'_>]) -> usize {
    let routes: BTreeSet<_> =
        rows.iter().map(|row| (row.provider, row.model_id, row.tier, row.region)).collect();
    routes.len()
}

/// What the rows are, from what.
fn origin(catalogue: &Catalogue, rows: &[FlatPrice<'_>]) -> String {
    format!(
        "tollcast {}: {} rows of {} routes; prices checked by {}; price files {}.",
        env!("CARGO_PKG_VERSION"),
        rows.len(),
        route_count(rows),
        catalogue.as_of,
        catalogue.digest
    )
}

/// What a bill by tokens does not hold.
fn beside(catalogue: &Catalogue, rows: &[FlatPrice<'_>]) -> Vec<String> {
    let sold: BTreeSet<&str> = rows.iter().map(|row| row.provider).collect();
    let providers = catalogue.providers.iter().filter(|provider| sold.contains(provider.id.as_str()));
    let with_fees: Vec<&str> =
        providers.filter(|provider| !provider.fees.is_empty()).map(|provider| provider.id.as_str()).collect();
    let mut notes = vec![
        "List prices of tokens only: no calls and searches, no contracts, no taxes. Audio, images and video that a log counts as tokens are billed as text here.".to_owned(),
    ];
    if !with_fees.is_empty() {
        notes.push(format!("Platform fees come on top at {}.", with_fees.join(", ")));
    }
    notes
}

/// What is not in the table or not in the bill, for the comments and for standard error.
fn notes(
    catalogue: &Catalogue,
    routes: &[RouteId],
    rows: &[FlatPrice<'_>],
    since: Option<Instant>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let foreign: BTreeSet<&str> = catalogue
        .providers
        .iter()
        .filter(|provider| !provider.currency.is_usable())
        .map(|provider| provider.id.as_str())
        .filter(|provider| routes.iter().any(|route| route.provider == *provider))
        .collect();
    if !foreign.is_empty() {
        let names: Vec<&str> = foreign.into_iter().collect();
        notes.push(format!("Not exported, as their currency has no --exchange rate: {}.", names.join(", ")));
    }
    let graduated: BTreeSet<String> =
        rows.iter().filter(|row| row.mode == FlatMode::Graduated).map(FlatPrice::route).collect();
    if !graduated.is_empty() {
        let names: Vec<String> = graduated.into_iter().collect();
        notes.push(format!(
            "Not billed by the query, as their bands are graduated (status graduated_price): {}.",
            names.join(", ")
        ));
    }
    let known = catalogue.routes().len();
    if routes.len() < known {
        notes.push(format!(
            "{} of {known} routes, by the filters: a log's other rows have the status no_such_route.",
            routes.len()
        ));
    }
    if let Some(since) = since {
        notes.push(format!("Prices that ended by {since} are left out: older rows of a log find none."));
    }
    notes
}
