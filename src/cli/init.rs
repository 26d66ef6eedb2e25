//! `tollcast init`: a scenario to start from.

use std::path::{Path, PathBuf};

use clap::Args;

use super::destination::Destination;
use super::outcome::{Exit, Failure};

const STARTER: &str = include_str!("../../scenarios/starter.yaml");

/// Arguments of `init`.
#[derive(Args)]
pub struct Arguments {
    /// Write to this new file instead of standard output
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Prints the starter scenario, or writes it to a file that does not exist yet.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let destination = Destination::of(arguments.file.as_deref())?;
    let next = |path: &Path| format!("; next: tollcast simulate {} --out report", path.display());
    destination.write(STARTER.as_bytes(), &destination.file().map_or(String::new(), next))?;
    Ok(Exit::Answered)
}
