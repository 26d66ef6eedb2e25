//! From a scenario file to an analysed simulation: what `simulate` and `compare` share.

use std::path::Path;

use super::outcome::Failure;
use super::{EstimatorArgument, PricingArguments, RunArguments, SamplerArgument, files, progress};
use crate::catalogue::Catalogue;
use crate::engine::{Estimator, Options, Sampler, Simulation, simulate};
use crate::workload::Scenario;

/// Trials where neither the command nor the scenario says how many.
const DEFAULT_TRIALS: u32 = 8_192;
/// The seed where neither says one.
const DEFAULT_SEED: u64 = 1;
/// The most numbers of spend that are kept: trials × months × routes. At the 33 bytes each that a run was
/// measured to take, with premium and sorting, two gigabytes.
const MOST_KEPT: u64 = 60_000_000;
/// The most requests that are drawn one by one: some hours of work on two cores.
const MOST_DRAWN: f64 = 1e11;

/// A scenario and what it came to.
pub struct Run {
    /// The scenario.
    pub scenario: Scenario,
    /// The trials.
    pub simulation: Simulation,
    /// How they were run.
    pub options: Options,
}

/// The options for a scenario: the command's, else the scenario's, else the defaults.
pub fn options(scenario: &Scenario, arguments: &RunArguments) -> Result<Options, Failure> {
    let options = Options {
        seed: arguments.seed.or(scenario.seed).unwrap_or(DEFAULT_SEED),
        trials: arguments.trials.or(scenario.trials).unwrap_or(DEFAULT_TRIALS).max(2),
        threads: usize::from(arguments.threads),
        estimator: match arguments.estimator {
            EstimatorArgument::Fast => Estimator::Fast,
            EstimatorArgument::Exact => Estimator::Exact,
        },
        sampler: match arguments.sampler {
            SamplerArgument::Sobol => Sampler::Sobol,
            SamplerArgument::Random => Sampler::Random,
        },
    };
    let kept = u64::from(options.trials) * scenario.months.len() as u64 * scenario.routes.len() as u64;
    if kept > MOST_KEPT {
        return Err(Failure::usage(
            &format!(
                "{} trials × {} months × {} routes do not fit into memory",
                options.trials,
                scenario.months.len(),
                scenario.routes.len()
            ),
            "ask for fewer trials; 10,000 give quantiles within about 1 %",
        ));
    }
    let drawn = expected_requests(scenario) * f64::from(options.trials);
    if options.estimator == Estimator::Exact && drawn > MOST_DRAWN {
        return Err(Failure::usage(
            &format!("the exact estimator would draw about {drawn:.0e} requests one by one"),
            "ask for fewer trials; the fast estimator does not depend on the number of requests",
        ));
    }
    Ok(options)
}

/// Requests over the horizon with every assumption at its median.
fn expected_requests(scenario: &Scenario) -> f64 {
    let workload = |workload: &crate::workload::Workload| -> f64 {
        let volume = &workload.volume;
        let daily = scenario.law(volume.requests_per_day).median() / volume.days_in_unit;
        let growth = 1.0 + scenario.law(volume.growth_per_month).median();
        let months = scenario.months.iter().enumerate();
        months.map(|(m, month)| daily * month.days() as f64 * growth.powi(m as i32)).sum()
    };
    scenario.workloads.iter().map(workload).sum()
}

/// Simulates a checked scenario, on the same random numbers as those `beside` it.
pub fn simulated(
    scenario: Scenario,
    beside: &[&Scenario],
    options: Options,
    quiet: bool,
) -> Result<Run, Failure> {
    let bar = progress::bar(u64::from(options.trials), quiet);
    let simulation = simulate(&scenario, beside, &options, &|trials| bar.inc(trials))?;
    bar.finish_and_clear();
    Ok(Run { scenario, simulation, options })
}

/// Reads all scenarios before any is simulated, so that a mistake in the last one shows at once.
pub fn scenarios(
    paths: &[std::path::PathBuf],
    pricing: &PricingArguments,
) -> Result<(Vec<Scenario>, Catalogue), Failure> {
    if paths.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return Err(Failure::usage("standard input was named twice", "it can be read once only"));
    }
    let catalogue = files::catalogue(pricing)?;
    let mut scenarios = Vec::new();
    for path in paths {
        scenarios.push(files::scenario(path, &catalogue)?);
    }
    Ok((scenarios, catalogue))
}

/// The command that gives a result again: without what does not change it (threads, format, folder).
pub fn command(name: &str, paths: &[&Path], options: &Options, pricing: &PricingArguments) -> String {
    let paths: Vec<String> = paths.iter().map(|path| quoted(&path.display().to_string())).collect();
    let mut command =
        format!("tollcast {name} {} --trials {} --seed {}", paths.join(" "), options.trials, options.seed);
    if options.estimator == Estimator::Exact {
        command += " --estimator exact";
    }
    if options.sampler == Sampler::Random {
        command += " --sampler random";
    }
    if let Some(folder) = &pricing.pricing {
        command += &format!(" --pricing {}", quoted(&folder.display().to_string()));
    }
    for rate in &pricing.exchange {
        command += &format!(" --exchange {}", quoted(&rate.to_string()));
    }
    command
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+=,%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
