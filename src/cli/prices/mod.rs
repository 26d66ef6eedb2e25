//! `tollcast prices`: what the price files say.

mod diff;
mod export;
mod filter;
mod import;
mod list;
mod show;

use clap::{Args, Subcommand};

use super::outcome::{Exit, Failure};
use super::{Format, PricingArguments, check};
use crate::catalogue::Catalogue;
use crate::domain::time::Instant;
use crate::render::Sheet;

/// Arguments of `prices`.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The routes with their prices on a date
    List(list::Arguments),
    /// All that holds on a route: bands, hours, meters, fees, units, sources
    Show(show::ShowArguments),
    /// The dated prices of a route
    History(show::HistoryArguments),
    /// What differs between two dates, price files or folders, and what that does to a forecast
    Diff(diff::Arguments),
    /// Check price files and contracts
    Check(check::Arguments),
    /// Turn another project's price database into price files
    Import(import::Arguments),
    /// The dated price table for other engines: CSV, Parquet, or SQL that bills a usage log where it lies
    Export(export::Arguments),
}

/// What `list` and `show` have in common.
#[derive(Args)]
struct ViewArguments {
    /// When: a date or an instant; the last day on which prices were checked if absent
    #[arg(long, value_name = "DATE", value_parser = Instant::parse)]
    on: Option<Instant>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    pricing: PricingArguments,
}

impl ViewArguments {
    /// The instant that is looked at.
    fn at(&self, catalogue: &Catalogue) -> Instant {
        self.on.unwrap_or(catalogue.as_of)
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::List(arguments) => list::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::History(arguments) => show::history(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Export(arguments) => export::run(arguments),
    }
}

/// A sheet in any format but JSON.
fn printed(sheet: &Sheet, format: Format) -> anyhow::Result<String> {
    match format {
        Format::Csv => sheet.csv(),
        Format::Markdown => Ok(sheet.markdown()),
        Format::Table | Format::Json => Ok(sheet.terminal(super::simulate::width())),
    }
}
