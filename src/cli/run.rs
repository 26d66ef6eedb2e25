//! From a scenario file to an analysed simulation: what `simulate` and `compare` share.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::outcome::{Failure, say};
use super::{EstimatorArgument, PricingArguments, RunArguments, SamplerArgument, files, interrupt, progress};
use crate::analysis::capacity::include;
use crate::analysis::{Analysis, Lived, analyse};
use crate::catalogue::{Catalogue, Wanted};
use crate::domain::format::{percent, thousands};
use crate::domain::normal;
use crate::domain::time::horizon;
use crate::engine::{BATCH, Batch, Engine, Estimator, Options, Sampler, Simulation, Stopped, batches_of};
use crate::workload::{Assembled, Input, Scenario, Uncertain};

/// Trials where neither the command nor the scenario says how many.
const DEFAULT_TRIALS: u32 = 8_192;
/// The seed where neither says one.
pub const DEFAULT_SEED: u64 = 1;
/// The most route-months that are kept: trials × months × routes. Six numbers of each and the room to sort some
/// are about 70 bytes, two gigabytes in all.
const MOST_KEPT: u64 = 30_000_000;
/// `auto` draws every request where they are no more than this: a second or so, and without any approximation.
/// The fast way would draw most of so few one by one anyway.
const CHEAP_TO_DRAW: f64 = 2e7;
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

impl Run {
    /// The run with its answers, to be paired with another.
    pub fn lived<'a>(&'a self, analysis: &'a Analysis) -> Lived<'a> {
        Lived { scenario: &self.scenario, simulation: &self.simulation, analysis }
    }

    /// `12 months from Jan 2027`.
    pub fn horizon(&self) -> String {
        horizon(&self.scenario.months)
    }
}

/// The options for a scenario: the command's, else the scenario's, else the defaults.
pub fn options(scenario: &Scenario, arguments: &RunArguments) -> Result<Options, Failure> {
    let trials = arguments.trials.or(scenario.trials).unwrap_or(DEFAULT_TRIALS).max(2);
    let drawn = |trials: u32| expected_requests(scenario) * f64::from(trials);
    let options = Options {
        seed: arguments.seed.or(scenario.seed).unwrap_or(DEFAULT_SEED),
        trials,
        threads: usize::from(arguments.threads),
        estimator: match arguments.estimator {
            EstimatorArgument::Fast => Estimator::Fast,
            EstimatorArgument::Exact => Estimator::Exact,
            EstimatorArgument::ExactFma => Estimator::ExactFma,
            EstimatorArgument::Auto if drawn(trials) <= CHEAP_TO_DRAW => Estimator::Exact,
            EstimatorArgument::Auto => Estimator::Fast,
        },
        sampler: match arguments.sampler {
            SamplerArgument::Sobol => Sampler::Sobol,
            SamplerArgument::Random => Sampler::Random,
        },
    };
    if options.trials > most_trials(scenario) {
        return Err(Failure::usage(
            &format!(
                "{} trials × {} months × {} routes do not fit into memory",
                options.trials,
                scenario.months.len(),
                scenario.routes.len()
            ),
            "ask for fewer trials; 8,192 usually know P90 to 0.1 %",
        ));
    }
    refuse_endless(scenario, &options)?;
    Ok(options)
}

/// Refuses to draw more requests one by one than anybody would wait for.
pub fn refuse_endless(scenario: &Scenario, options: &Options) -> Result<(), Failure> {
    let drawn = expected_requests(scenario) * f64::from(options.trials);
    if options.estimator.drawn().is_some() && drawn > MOST_DRAWN {
        return Err(Failure::usage(
            &format!("the exact estimator would draw about {drawn:.0e} requests one by one"),
            "ask for fewer trials; the fast estimator does not depend on the number of requests",
        ));
    }
    Ok(())
}

/// Requests over the horizon, in the mean over the assumptions.
fn expected_requests(scenario: &Scenario) -> f64 {
    // Means of powers of growth, and of the level, at the middles of equally likely stretches.
    const STRETCHES: usize = 64;
    let mean = |input: Input, of: &dyn Fn(f64) -> f64| {
        let score = |at: usize| normal::quantile((at as f64 + 0.5) / STRETCHES as f64);
        let values = (0..STRETCHES).map(|at| of(scenario.law(input).at_score(score(at))));
        values.sum::<f64>() / STRETCHES as f64
    };
    let workload = |workload: &crate::workload::Workload| -> f64 {
        let volume = &workload.volume;
        let level = match scenario.law(volume.requests_per_day) {
            Uncertain::LogNormal { median, sigma } => median * (0.5 * sigma * sigma).exp(),
            _ => mean(volume.requests_per_day, &|level| level),
        };
        let months = scenario.months.iter().enumerate().map(|(m, month)| {
            month.days() as f64
                * mean(volume.growth_per_month, &|growth| (1.0 + growth).powf(volume.growth_by(m)))
        });
        level / volume.days_in_unit * months.sum::<f64>()
    };
    scenario.workloads.iter().map(workload).sum()
}

/// Simulates a checked scenario, on the same random numbers as those `beside` it; with `--precision`, twice as
/// many trials again and again until every route's P90 is known so well.
pub fn simulated(
    scenario: Scenario,
    beside: &[&Scenario],
    mut options: Options,
    arguments: &RunArguments,
) -> Result<Run, Failure> {
    let bar = progress::bar(u64::from(options.trials), arguments.quiet);
    let watch = Watch::new(&bar);
    let mut engine = Engine::new(&scenario, beside, options);
    let batches = watch.run(&engine, 0..batches_of(options.trials), options.trials)?;
    let mut simulation = engine.blank().merged(batches);
    if let Some(wanted) = arguments.precision {
        // A batch that is not full cannot be continued.
        let most = most_trials(&scenario) / BATCH * BATCH;
        while p90_error(&scenario, &simulation) > wanted.0 && options.trials < most {
            let done = batches_of(options.trials);
            options.trials = (done * BATCH * 2).min(most);
            bar.set_length(u64::from(options.trials));
            engine.options = options;
            let from = if (simulation.trials as u32).is_multiple_of(BATCH) { done } else { 0 };
            if from == 0 {
                simulation = engine.blank();
            }
            let more = watch.run(&engine, from..batches_of(options.trials), options.trials)?;
            simulation = simulation.merged(more);
        }
        let error = p90_error(&scenario, &simulation);
        if error > wanted.0 {
            say(&format!(
                "note: P90 is known to {} only; {} trials are the most that fit into memory",
                percent(error),
                thousands(u64::from(options.trials))
            ));
        }
    }
    bar.finish_and_clear();
    Ok(Run { scenario, simulation, options })
}

/// What takes the time where capacity is asked for.
pub const LIVING: &str = "living through hours second by second";

/// The same run, made on the random numbers of those `beside` it, with its scenario's capacity in the spend, where the
/// scenario asks for that.
pub fn with_capacity(mut run: Run, beside: &[&Scenario], quiet: bool) -> Result<Run, Failure> {
    if run.scenario.capacity.in_spend {
        let Run { scenario, simulation, options } = &mut run;
        progress::spin(LIVING, quiet, || include(scenario, beside, options, simulation)).map_err(
            |error| {
                let help = "leave `in_spend` out, or divide volume, limits and units by a thousand";
                Failure::usage(&error.to_string(), help)
            },
        )?;
    }
    Ok(run)
}

/// Says that a scenario's capacity is no part of an answer, where it asks to be.
pub fn capacity_left_out(scenario: &Scenario) {
    if scenario.capacity.in_spend {
        say(
            "note: limits and provisioned units (`in_spend` under `capacity`) are a part of `simulate` and `compare`, not of this answer",
        );
    }
}

/// Simulates one of several scenarios that are compared.
pub fn compared(
    scenario: Scenario,
    beside: &[&Scenario],
    options: Options,
    arguments: &RunArguments,
) -> Result<Run, Failure> {
    let bar = progress::bar(u64::from(options.trials), arguments.quiet);
    let engine = Engine::new(&scenario, beside, options).compared();
    let batches = Watch::new(&bar).run(&engine, 0..batches_of(options.trials), options.trials)?;
    let simulation = engine.blank().merged(batches);
    bar.finish_and_clear();
    Ok(Run { scenario, simulation, options })
}

/// The options for scenarios that are compared: those of the first, without drawing one by one what is too much
/// for one of the others.
pub fn common_options(scenarios: &[&Scenario], arguments: &RunArguments) -> Result<Options, Failure> {
    let mut all =
        scenarios.iter().map(|scenario| options(scenario, arguments)).collect::<Result<Vec<_>, _>>()?;
    let fast = all.iter().any(|options| options.estimator == Estimator::Fast);
    let mut common = all.swap_remove(0);
    if fast {
        common.estimator = Estimator::Fast;
    }
    for scenario in scenarios {
        refuse_endless(scenario, &common)?;
        if common.trials > most_trials(scenario) {
            return Err(Failure::usage(
                &format!("{} trials of `{}` do not fit into memory", common.trials, scenario.name),
                "ask for fewer trials; 8,192 usually know P90 to 0.1 %",
            ));
        }
    }
    Ok(common)
}

/// Refuses `--precision` where trials are paired: all scenarios need the same number of them.
pub fn refuse_precision(arguments: &RunArguments) -> Result<(), Failure> {
    if arguments.precision.is_none() {
        return Ok(());
    }
    Err(Failure::usage(
        "--precision beside several scenarios",
        "they are compared trial by trial: say how many with --trials",
    ))
}

/// The largest relative error of P90 of any route's spend over the horizon.
fn p90_error(scenario: &Scenario, simulation: &Simulation) -> f64 {
    let error = |route: &crate::analysis::RouteAnalysis| match route.spend.standard_error.p90 {
        Some(error) if error.is_nan() => f64::INFINITY,
        Some(error) if route.spend.p90 > 0.0 => error / route.spend.p90,
        Some(_) => 0.0,
        None => f64::INFINITY,
    };
    analyse(scenario, simulation).routes.iter().map(error).fold(0.0, f64::max)
}

/// The most trials that fit into memory.
fn most_trials(scenario: &Scenario) -> u32 {
    let numbers = scenario.months.len() as u64 * scenario.routes.len() as u64;
    u32::try_from(MOST_KEPT / numbers.max(1)).unwrap_or(u32::MAX)
}

/// Watches trials on their way: a bar for people, and Ctrl-C.
pub struct Watch<'a> {
    bar: &'a progress::Bar,
    done: AtomicU64,
}

impl<'a> Watch<'a> {
    /// Watches with a bar.
    pub fn new(bar: &'a progress::Bar) -> Self {
        Watch { bar, done: AtomicU64::new(0) }
    }

    /// Runs batches of a job of `trials` trials.
    pub fn run(&self, engine: &Engine<'_>, batches: Range<u32>, trials: u32) -> Result<Vec<Batch>, Failure> {
        let progress = |finished: u64| {
            self.bar.inc(finished);
            self.done.fetch_add(finished, Ordering::Relaxed);
            !interrupt::came()
        };
        engine.run(batches, &progress).map_err(|error| match error.downcast_ref::<Stopped>() {
            Some(_) => {
                self.bar.finish_and_clear();
                let done = thousands(self.done.load(Ordering::Relaxed));
                anyhow::anyhow!(
                    "interrupted after {done} of {} trials; no report of them was written",
                    thousands(u64::from(trials))
                )
                .into()
            }
            None => error.into(),
        })
    }
}

/// Reads all scenarios before any is simulated, so that a mistake in the last one shows at once.
pub fn scenarios(
    paths: &[std::path::PathBuf],
    pricing: &PricingArguments,
) -> Result<(Vec<Scenario>, Catalogue), Failure> {
    if paths.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return Err(Failure::usage("standard input was named twice", "it can be read once only"));
    }
    let assembled: Vec<Assembled> =
        paths.iter().map(|path| files::assembled(&files::source(path)?)).collect::<Result<_, _>>()?;
    let wanted = Wanted::Named(assembled.iter().flat_map(Assembled::providers).collect());
    let catalogue = files::catalogue(pricing, &wanted)?;
    let read = assembled.iter().map(|assembled| Scenario::read(assembled, &catalogue));
    Ok((read.collect::<Result<_, _>>()?, catalogue))
}

/// The command that gives a result again: without what does not change it (threads, format, folder).
pub fn command(name: &str, paths: &[&Path], options: &Options, pricing: &PricingArguments) -> String {
    command_with(name, paths, &[], options, pricing)
}

/// The same with options of one command and their values.
pub fn command_with(
    name: &str,
    paths: &[&Path],
    more: &[(&str, String)],
    options: &Options,
    pricing: &PricingArguments,
) -> String {
    let paths: Vec<String> = paths.iter().map(|path| quoted(&path.display().to_string())).collect();
    let mut command = format!("tollcast {name} {}", paths.join(" "));
    for (option, value) in more {
        command += &format!(" {option} {}", quoted(value));
    }
    command += &format!(" --trials {} --seed {}", options.trials, options.seed);
    command += &format!(" --estimator {}", options.estimator.name());
    if options.sampler == Sampler::Random {
        command += " --sampler random";
    }
    command + &pricing_words(pricing)
}

/// Where prices come from, as a command says it.
pub fn pricing_words(pricing: &PricingArguments) -> String {
    let mut words = String::new();
    if let Some(folder) = &pricing.pricing {
        words += &format!(" --pricing {}", quoted(&folder.display().to_string()));
    }
    for rate in &pricing.exchange {
        words += &format!(" --exchange {}", quoted(&rate.to_string()));
    }
    words
}

/// A text as a shell takes it.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+=,%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
