//! `tollcast optimize`: decisions on the futures of a scenario. Each mode is one file beside this one.

mod commit;

use std::path::PathBuf;

use clap::Args;

use super::outcome::{Exit, Failure};
use super::{Format, PricingArguments, RunArguments};

/// Arguments of `optimize`.
#[derive(Args)]
pub struct Arguments {
    /// Scenario file; - is standard input
    #[arg(required = true, value_name = "SCENARIO")]
    scenario: PathBuf,
    /// What to commit: judge the scenario's contract offers, or those that are named
    #[arg(long, value_name = "OFFER", num_args = 0..)]
    commit: Option<Vec<String>>,
    /// Write the answer to a folder: Markdown, JSON and charts
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// Runs the mode that is asked for.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.commit {
        Some(names) => commit::run(arguments, names),
        None => Err(Failure::usage(
            "nothing to optimize was named",
            "say --commit: what to commit of the scenario's `commitments:`",
        )),
    }
}
