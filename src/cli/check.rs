//! `tollcast check`: scenarios and price files, without simulating.

use std::path::PathBuf;

use clap::Args;

use super::outcome::{Exit, Failure, print};
use super::{PricingArguments, files};
use crate::catalogue::Provider;
use crate::domain::document::parse;
use crate::domain::problem::Problems;

/// Arguments of `check`.
#[derive(Args)]
pub struct Arguments {
    /// Scenarios, price files, contracts, or folders of them; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// Checks every file and shows all problems of all of them.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.files.iter().filter(|path| path.as_path() == std::path::Path::new("-")).count() > 1 {
        return Err(Failure::usage("standard input was named twice", "it can be read once only"));
    }
    let catalogue = files::catalogue(&arguments.pricing)?;
    let mut problems = Problems::new();
    let mut lines = Vec::new();
    for path in &named(&arguments.files)? {
        let source = files::source(path)?;
        // Price files and contracts say so with a key; everything else is meant as a scenario.
        let has = |key: &str| parse(&source).is_ok_and(|root| root.get(key).is_some());
        let checked = if has("tollcast_contract") {
            files::contract_from(&source, &catalogue).map(|contract| {
                format!("{}: contract `{}` with {}", source.name, contract.name, contract.provider)
            })
        } else if has("tollcast_prices") {
            Provider::read(&source).map_err(Failure::Input).map(|provider| {
                let entries: usize = provider.models.iter().map(|model| model.prices.len()).sum();
                format!(
                    "{}: price file of {}, models: {}, dated entries: {entries}",
                    source.name,
                    provider.name,
                    provider.models.len()
                )
            })
        } else {
            files::scenario_from(source.clone(), &catalogue).map(|scenario| {
                format!(
                    "{}: scenario `{}`, routes: {}, workloads: {}",
                    source.name,
                    scenario.name,
                    scenario.routes.len(),
                    scenario.workloads.len()
                )
            })
        };
        match checked {
            Ok(line) => lines.push(format!("ok  {line}\n")),
            Err(Failure::Input(found)) => found.into_sorted().into_iter().for_each(|p| problems.push(p)),
            Err(other) => return Err(other),
        }
    }
    print(&lines.concat())?;
    if problems.is_empty() { Ok(Exit::Answered) } else { Err(problems.into()) }
}

/// The files that were named, with those of a folder in its place.
fn named(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() { all.extend(files::folder(path)?) } else { all.push(path.clone()) }
    }
    Ok(all)
}
