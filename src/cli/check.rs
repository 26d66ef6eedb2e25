//! `tollcast check`: scenarios and price files, without simulating.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::outcome::{Exit, Failure, print};
use super::{PricingArguments, files};
use crate::catalogue::{Catalogue, Provider, Wanted};
use crate::domain::document::parse;
use crate::domain::problem::{Problems, Source};
use crate::workload::{Assembled, Scenario};

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
    let sources: Vec<Arc<Source>> =
        named(&arguments.files)?.iter().map(|path| files::source(path)).collect::<Result<_, _>>()?;
    let kinds: Vec<Kind> = sources.iter().map(Kind::of).collect();
    let catalogue = catalogue(&kinds, &arguments.pricing)?;
    let mut problems = Problems::new();
    let mut lines = Vec::new();
    for (source, kind) in sources.iter().zip(kinds) {
        match checked(source, kind, &catalogue) {
            Ok(line) => lines.push(format!("ok  {}: {line}\n", source.name)),
            Err(Failure::Input(found)) => problems.extend(found),
            Err(other) => return Err(other),
        }
    }
    print(&lines.concat())?;
    if problems.is_empty() { Ok(Exit::Answered) } else { Err(problems.into()) }
}

/// What a file is meant as.
enum Kind {
    Contract,
    Prices,
    /// With all that it extends, if that can be read.
    Scenario(Result<Assembled, Failure>),
}

impl Kind {
    /// Price files and contracts say so with a key; everything else is meant as a scenario.
    fn of(source: &Arc<Source>) -> Self {
        let root = parse(source).ok();
        let has = |key: &str| root.as_ref().is_some_and(|root| root.get(key).is_some());
        if has("tollcast_contract") {
            Kind::Contract
        } else if has("tollcast_prices") {
            Kind::Prices
        } else {
            Kind::Scenario(files::assembled(source))
        }
    }
}

/// The prices that the files need: a contract is held against those of its provider, whichever that is.
fn catalogue(kinds: &[Kind], pricing: &PricingArguments) -> Result<Catalogue, Failure> {
    let mut wanted = Vec::new();
    for kind in kinds {
        match kind {
            Kind::Contract => return files::catalogue(pricing, &Wanted::All),
            Kind::Scenario(Ok(assembled)) => {
                wanted.extend(assembled.providers());
                // What is wrong with its what-ifs is said when they are checked.
                let cases = assembled.cases().unwrap_or_default();
                wanted.extend(cases.iter().flat_map(|case| case.providers(assembled)));
            }
            Kind::Scenario(Err(_)) | Kind::Prices => {}
        }
    }
    files::catalogue(pricing, &Wanted::Named(wanted))
}

/// What there is to say of a file without problems.
fn checked(source: &Arc<Source>, kind: Kind, catalogue: &Catalogue) -> Result<String, Failure> {
    match kind {
        Kind::Contract => {
            let contract = files::contract_from(source, catalogue)?;
            Ok(format!("contract `{}` with {}", contract.name, contract.provider))
        }
        Kind::Prices => {
            let provider = Provider::read(source)?;
            let entries: usize = provider.models.iter().map(|model| model.prices.len()).sum();
            let models = provider.models.len();
            Ok(format!("price file of {}, models: {models}, dated entries: {entries}", provider.name))
        }
        Kind::Scenario(assembled) => {
            let assembled = assembled?;
            let scenario = Scenario::read(&assembled, catalogue)?;
            let cases = what_ifs(&assembled, catalogue)?;
            let (routes, workloads) = (scenario.routes.len(), scenario.workloads.len());
            let what_ifs = if cases > 0 { format!(", what-ifs: {cases}") } else { String::new() };
            Ok(format!("scenario `{}`, routes: {routes}, workloads: {workloads}{what_ifs}", scenario.name))
        }
    }
}

/// How many cases the what-ifs of a scenario make, all of them checked.
fn what_ifs(assembled: &Assembled, catalogue: &Catalogue) -> Result<usize, Problems> {
    let cases = assembled.cases()?;
    let mut problems = Problems::new();
    for case in &cases {
        if let Err(found) = case.scenario(assembled, catalogue) {
            problems.extend(found);
        }
    }
    problems.or_value(Some(cases.len()))
}

/// The files that were named, with those of a folder in its place.
fn named(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() { all.extend(files::folder(path)?) } else { all.push(path.clone()) }
    }
    Ok(all)
}
