//! `tollcast optimize --commit`: what to commit of a scenario's contract offers.

use super::{Answer, Arguments};
use crate::analysis::{commitments, sizes_tried};
use crate::cli::outcome::Failure;
use crate::cli::run::{capacity_left_out, command, options, scenarios, simulated};
use crate::domain::format::thousands;
use crate::domain::problem::{Code, suggest};
use crate::domain::time::horizon;
use crate::render::{CommitmentReport, Manifest, commitment_charts, commitment_json, commitment_sheets};
use crate::workload::{ContractOffer, Scenario};

/// The most trials times sizes of provisioned units: four numbers of each, half a gigabyte.
const MOST_SIZED: u64 = 16_000_000;

/// Simulates the scenario and judges its offers.
pub fn run(arguments: &Arguments, names: &[String]) -> Result<Answer, Failure> {
    let report = judged(arguments, names)?;
    Ok(Answer {
        name: "commitment",
        sheets: commitment_sheets(&report),
        json: commitment_json(&report)?,
        charts: commitment_charts(&report)?,
        manifest: report.manifest,
    })
}

fn judged(arguments: &Arguments, names: &[String]) -> Result<CommitmentReport, Failure> {
    let (mut scenarios, catalogue) =
        scenarios(std::slice::from_ref(&arguments.scenario), &arguments.pricing)?;
    let scenario = scenarios.remove(0);
    capacity_left_out(&scenario);
    let options = options(&scenario, &arguments.run)?;
    refuse_large(&offers(&scenario, names)?, options.trials)?;
    let run = simulated(scenario, &[], options, &arguments.run)?;
    let chosen = offers(&run.scenario, names)?;
    // `--precision` can have asked for more.
    refuse_large(&chosen, run.options.trials)?;
    let found = commitments(&run.scenario, &run.simulation, &run.options, &chosen)?;
    let mut command = command("optimize", &[&arguments.scenario], &run.options, &arguments.pricing);
    command += " --commit";
    names.iter().for_each(|name| command += &format!(" {}", crate::cli::run::quoted(name)));
    let months = &run.scenario.months;
    Ok(CommitmentReport {
        title: run.scenario.name.clone(),
        question: run.scenario.question.clone(),
        horizon: horizon(months),
        manifest: Manifest::new(&run.scenario, &catalogue, &run.options, command),
        offers: found,
    })
}

/// The offers that are named, or all.
fn offers<'a>(scenario: &'a Scenario, names: &[String]) -> Result<Vec<&'a ContractOffer>, Failure> {
    let all = &scenario.commitments;
    if all.is_empty() {
        return Err(Failure::problem(
            Code::MissingKey,
            &format!("the scenario `{}` states no contract offers", scenario.name),
            "add `commitments:` to it; scenarios/commit-or-not.yaml shows how",
        ));
    }
    for name in names {
        if all.iter().all(|offer| offer.name != *name) {
            let known: Vec<&str> = all.iter().map(|offer| offer.name.as_str()).collect();
            let title = format!("no contract offer `{name}` in this scenario");
            return Err(Failure::problem(Code::UnknownName, &title, &suggest(name, known)));
        }
    }
    Ok(all.iter().filter(|offer| names.is_empty() || names.contains(&offer.name)).collect())
}

fn refuse_large(offers: &[&ContractOffer], trials: u32) -> Result<(), Failure> {
    let sizes = offers.iter().map(|offer| sizes_tried(offer)).max().unwrap_or(0) as u64;
    if sizes * u64::from(trials) > MOST_SIZED {
        let found = thousands(u64::from(trials));
        return Err(Failure::usage(
            &format!("{found} trials × {sizes} sizes of a reservation do not fit into memory"),
            "ask for fewer trials with --trials, or for fewer `units`",
        ));
    }
    Ok(())
}
