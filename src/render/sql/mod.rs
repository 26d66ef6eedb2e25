//! A script for the user's own SQL engine: the price table, and the as-of join that prices a usage log with it.
//!
//! Amounts are whole picodollars from end to end: a rate is a whole number of micro-dollars per million tokens,
//! and that times a number of tokens is a whole number of picodollars. What finds no price is counted under
//! its reason and is in no sum.

mod bill;
mod dialect;
mod histogram;
mod names;
mod table;

use crate::catalogue::FlatPrice;

pub use dialect::Dialect;
pub use names::{LogColumn, SqlName};

/// What a script is to say.
#[derive(Clone, Debug)]
pub struct SqlOptions {
    /// The engine.
    pub dialect: Dialect,
    /// The usage log.
    pub log_table: SqlName,
    /// The price table that the script makes.
    pub price_table: SqlName,
    /// The view of single bills that the script makes.
    pub bill_view: SqlName,
    /// Columns of the log that have another name, or none.
    pub columns: Vec<LogColumn>,
    /// Whether what an earlier script made is dropped first.
    pub replace: bool,
    /// Whether the script makes the price table, or finds it there.
    pub table: bool,
    /// Whether the log is also counted by lengths and hours.
    pub histogram: bool,
    /// What a reader should know, a line each.
    pub notes: Vec<String>,
}

impl SqlOptions {
    /// What stands for a column of the log.
    fn column(&self, name: &str) -> String {
        let mut renamed = self.columns.iter().rev();
        renamed.find(|column| column.column == name).map_or_else(|| name.to_owned(), |c| c.found.clone())
    }
}

/// The whole script.
pub fn price_script(rows: &[FlatPrice<'_>], options: &SqlOptions) -> String {
    let mut parts = vec![head(options)];
    if options.dialect == Dialect::Spark {
        parts.push(
            "-- For logs whose timestamps have no zone of their own.\nSET TIME ZONE 'UTC';\n".to_owned(),
        );
    }
    if options.replace {
        let table = format!("DROP TABLE IF EXISTS {};\n", options.price_table);
        let table = if options.table { table } else { String::new() };
        parts.push(format!("DROP VIEW IF EXISTS {};\n{table}", options.bill_view));
    }
    parts.push(if options.table { table::create(rows, options) } else { table::found(options) });
    parts.push(bill::view(options));
    parts.push(bill::totals_by_route(options));
    parts.push(bill::totals(options));
    if options.histogram {
        parts.push(histogram::lengths(options));
        parts.push(histogram::hours(options));
        parts.push(histogram::small_log(options));
    }
    parts.join("\n")
}

fn head(options: &SqlOptions) -> String {
    let lines = options.notes.iter().map(|note| comment(note));
    let log = format!(
        "-- The log: {} with the columns {}.\n\
         -- ts is UTC. input_tokens holds cached and written tokens too, output_tokens holds reasoning.\n\
         -- A row is one request; a row of several (requests above 1) is priced where length changes no price.\n",
        options.log_table,
        names::LOG_COLUMNS.map(|name| options.column(name)).join(", ")
    );
    lines.chain([log]).collect()
}

/// A note as a comment of one line, whatever it holds.
fn comment(text: &str) -> String {
    format!("-- {}\n", text.replace(char::is_control, " "))
}

/// A text with `{name}` replaced by what the pairs say.
fn filled(template: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}
