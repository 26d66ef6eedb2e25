//! `tollcast schema`: JSON Schema for editors, from the same declarations that read the files.

use clap::{Args, ValueEnum};

use super::outcome::{Exit, Failure, print};
use crate::catalogue::{ContractWire, PriceFileWire};
use crate::domain::document::Wire;
use crate::workload::ScenarioWire;

/// Arguments of `schema`.
#[derive(Args)]
pub struct Arguments {
    /// Of which kind of file
    #[arg(value_enum, default_value_t = Kind::Scenario)]
    kind: Kind,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Scenario files
    Scenario,
    /// Price files
    Prices,
    /// Contracts
    Contract,
}

/// Prints the schema.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut schema = match arguments.kind {
        Kind::Scenario => ScenarioWire::schema(),
        Kind::Prices => PriceFileWire::schema(),
        Kind::Contract => ContractWire::schema(),
    };
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    }
    let text = serde_json::to_string_pretty(&schema).map_err(anyhow::Error::from)?;
    print(&(text + "\n"))?;
    Ok(Exit::Answered)
}
