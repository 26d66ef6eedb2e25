//! `tollcast sensitivity`: what moves the answer.

use std::path::PathBuf;

use clap::Args;

use super::answer::{Answer, Shown, ToldFigure};
use super::outcome::{Exit, Failure};
use super::run::{capacity_left_out, command_with, options, scenarios};
use super::{PricingArguments, RunArguments, interrupt, progress};
use crate::analysis::sensitivity;
use crate::domain::number::parse_number;
use crate::domain::problem::{Code, suggest};
use crate::domain::time::horizon;
use crate::engine::{Estimator, Options};
use crate::render::{Manifest, SensitivityReport, sensitivity_charts, sensitivity_json, sensitivity_sheets};
use crate::workload::Scenario;

/// Trials of every run, where nobody says: indices to about a percent.
const TRIALS: u32 = 1_024;
/// The most uncertain assumptions: each takes three runs.
const MOST_INPUTS: usize = 200;

/// Arguments of `sensitivity`.
#[derive(Args)]
pub struct Arguments {
    /// The scenario file; - is standard input
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// The routes to show (default: the first; JSON has all)
    #[arg(long, value_name = "ROUTE")]
    route: Vec<String>,
    /// The figure that is moved
    #[arg(long, value_enum, default_value_t = ToldFigure::P50)]
    of: ToldFigure,
    /// How far prices move, up and down
    #[arg(long, value_name = "SHARE", default_value = "10%", value_parser = price_change)]
    price_change: f64,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// Studies the scenario, prints and writes what was found.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    arguments.shown.prepare(&arguments.run)?;
    let (scenarios, catalogue) = scenarios(std::slice::from_ref(&arguments.scenario), &arguments.pricing)?;
    let scenario = &scenarios[0];
    capacity_left_out(scenario);
    let routes = routes(scenario, &arguments.route)?;
    let options = study_options(scenario, &arguments.run)?;
    let uncertain = scenario.assumptions.iter().filter(|a| a.law.fixed().is_none()).count();
    if uncertain > MOST_INPUTS {
        return Err(Failure::usage(
            &format!("{uncertain} uncertain assumptions take {} runs", 3 * uncertain),
            &format!("at most {MOST_INPUTS} are studied: give the smaller ones a plain value"),
        ));
    }
    let bar = progress::bar(u64::from(options.trials) * (3 * uncertain as u64 + 4), arguments.run.quiet);
    let go_on = |done: u64| {
        bar.inc(done);
        !interrupt::came()
    };
    let found = sensitivity(scenario, options, arguments.price_change, &go_on)?;
    bar.finish_and_clear();
    let mut more: Vec<(&str, String)> =
        arguments.route.iter().map(|route| ("--route", route.clone())).collect();
    more.push(("--of", arguments.of.figure().name().to_owned()));
    more.push(("--price-change", arguments.price_change.to_string()));
    let command = command_with("sensitivity", &[&arguments.scenario], &more, &options, &arguments.pricing);
    let report = SensitivityReport {
        found,
        routes,
        figure: arguments.of.figure(),
        horizon: horizon(&scenario.months),
        manifest: Manifest::new(scenario, &catalogue, &options, command),
    };
    arguments.shown.deliver(Answer {
        name: "sensitivity",
        sheets: sensitivity_sheets(&report),
        json: sensitivity_json(&report)?,
        charts: sensitivity_charts(&report)?,
        manifest: report.manifest,
    })
}

/// The options of every run: by the fast estimator, whose expectations the indices are of.
fn study_options(scenario: &Scenario, run: &RunArguments) -> Result<Options, Failure> {
    let mut options = options(scenario, run)?;
    if run.trials.is_none() {
        options.trials = TRIALS;
    }
    if matches!(run.estimator, super::EstimatorArgument::Auto) {
        options.estimator = Estimator::Fast;
    }
    if options.estimator != Estimator::Fast {
        return Err(Failure::usage(
            "sensitivity is a matter of what is expected, which the exact estimator does not compute",
            "leave --estimator out",
        ));
    }
    Ok(options)
}

/// The numbers of the routes to show.
fn routes(scenario: &Scenario, wanted: &[String]) -> Result<Vec<usize>, Failure> {
    let labels: Vec<&str> = scenario.routes.iter().map(|route| route.label.as_str()).collect();
    let number = |name: &String| {
        labels.iter().position(|label| label == name).ok_or_else(|| {
            let title = format!("--route: the scenario has no route `{name}`");
            Failure::problem(Code::UnknownName, &title, &suggest(name, labels.clone()))
        })
    };
    if wanted.is_empty() { Ok(vec![0]) } else { wanted.iter().map(number).collect() }
}

fn price_change(text: &str) -> Result<f64, String> {
    match parse_number(text) {
        Ok(number) if number.value > 0.0 && number.value <= 1.0 => Ok(number.value),
        _ => Err("expected a share above 0 and up to 100%".to_owned()),
    }
}
