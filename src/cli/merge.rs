//! `tollcast merge`: joins the parts of a forecast to the very bytes of a single run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use super::files;
use super::outcome::{Exit, Failure};
use super::partial::{Header, Job, Part, read};
use super::run::{Run, with_capacity};
use super::simulate::{Output, deliver};
use crate::catalogue::{ExchangeRate, Wanted};
use crate::domain::format::thousands;
use crate::domain::problem::Source;
use crate::engine::{BATCH, Batch, Engine, Estimator, Options, Sampler, batches_of};
use crate::workload::{Assembled, Scenario, assemble};

/// Arguments of `merge`.
#[derive(Args)]
pub struct Arguments {
    /// The files that `simulate --shard` left, all of them, in any order
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Joins, prints and writes.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut parts = Vec::new();
    for path in &arguments.parts {
        parts.push((
            path.as_path(),
            read(path).map_err(|error| Failure::usage(&format!("{error:#}"), "run its shard again"))?,
        ));
    }
    refuse_other_jobs(&parts)?;
    parts.sort_by_key(|(_, part)| part.header.first);
    let job = parts[0].1.header.job.clone();
    refuse_gaps_and_overlaps(&parts, job.trials)?;
    let over = sources(&job.over);
    let exchange: Result<Vec<ExchangeRate>, String> =
        job.exchange.iter().map(|text| ExchangeRate::parse(text)).collect();
    let exchange = exchange.map_err(anyhow::Error::msg).context("an exchange rate of the parts")?;
    let assembled = assembled(&job)?;
    let catalogue = files::catalogue_over(&over, &exchange, &Wanted::Named(assembled.providers()))?;
    if catalogue.digest != job.pricing_sha256 {
        return Err(Failure::usage(
            "the parts were run with other built-in price files",
            "join them with the binary that ran them",
        ));
    }
    let scenario = Scenario::read(&assembled, &catalogue)?;
    if scenario.digest != job.scenario_sha256 {
        return Err(
            anyhow::anyhow!("the scenario in the parts is not the one that they were run with").into()
        );
    }
    let options = options(&job)?;
    let engine = Engine::new(&scenario, &[], options);
    let mut batches = Vec::new();
    for (path, part) in &parts {
        batches.extend(batches_in(part, &options, &engine).with_context(|| format!("{}", path.display()))?);
    }
    let simulation = engine.blank().merged(batches);
    let run = with_capacity(Run { simulation, options, scenario: scenario.clone() }, &[], false)?;
    deliver(&run, &catalogue, job.command, &arguments.output)
}

fn refuse_other_jobs(parts: &[(&Path, Part)]) -> Result<(), Failure> {
    let job = &parts[0].1.header.job;
    for (path, part) in &parts[1..] {
        let other = &part.header.job;
        let differs = [
            (job.tool_version != other.tool_version, "version of tollcast"),
            (job.scenario_sha256 != other.scenario_sha256, "scenario"),
            (job.pricing_sha256 != other.pricing_sha256, "price files"),
            (job.exchange != other.exchange, "exchange rates"),
            (job.seed != other.seed, "seed"),
            (job.trials != other.trials, "number of trials"),
            (job.estimator != other.estimator, "estimator"),
            (job.sampler != other.sampler, "sampler"),
            (job != other, "command"),
        ];
        if let Some((_, what)) = differs.iter().find(|(differs, _)| *differs) {
            return Err(Failure::usage(
                &format!("{} has another {what} than {}", path.display(), parts[0].0.display()),
                "join parts of one job only",
            ));
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    if job.tool_version != version {
        return Err(Failure::usage(
            &format!("the parts are of tollcast {}, this is {version}", job.tool_version),
            "join them with the version that ran them",
        ));
    }
    Ok(())
}

/// The parts are in order of their first batch.
fn refuse_gaps_and_overlaps(parts: &[(&Path, Part)], trials: u32) -> Result<(), Failure> {
    let all = batches_of(trials);
    let numbers = |from: u32, to: u32| {
        let last = (to * BATCH).min(trials) - 1;
        format!("{} to {}", thousands(u64::from(from * BATCH)), thousands(u64::from(last)))
    };
    let (mut missing, mut gaps) = (Vec::new(), Vec::new());
    let mut next = 0;
    for (at, (path, part)) in parts.iter().enumerate() {
        let Header { first, end, .. } = part.header;
        if first < next {
            let before = parts[at - 1].0.display();
            return Err(Failure::usage(
                &format!("{} holds trials that {before} holds too", path.display()),
                "give every part once",
            ));
        }
        if first > next {
            missing.push(numbers(next, first));
            gaps.push((next, first));
        }
        next = end;
    }
    if next < all {
        missing.push(numbers(next, all));
        gaps.push((next, all));
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(
        &format!(
            "parts are missing: trials {} of {all_trials}",
            missing.join(", "),
            all_trials = thousands(u64::from(trials))
        ),
        &match shards_of(parts, &gaps, all) {
            Some(shards) => format!("give all files of the job, or run again {shards}"),
            None => "give all files of the job; run the shards that failed again".to_owned(),
        },
    ))
}

/// The most shards of a job among which missing ones are looked for.
const MOST_SHARDS: u32 = 4_096;

/// The missing shards as `--shard` names them, if all parts are shards of one number of them.
fn shards_of(parts: &[(&Path, Part)], gaps: &[(u32, u32)], all: u32) -> Option<String> {
    let fits = |count: &u32| {
        let edge = |batch: u32| shard_edge(all, batch, *count).is_some();
        let single = |(_, part): &(&Path, Part)| {
            let shard = shard_edge(all, part.header.first, *count);
            shard.is_some() && shard_edge(all, part.header.end, *count) == shard.map(|index| index + 1)
        };
        parts.iter().all(single) && gaps.iter().all(|(from, to)| edge(*from) && edge(*to))
    };
    let count = (2..=MOST_SHARDS.min(all)).find(fits)?;
    let of_gap = |(from, to): &(u32, u32)| {
        let shards = shard_edge(all, *from, count)?..shard_edge(all, *to, count)?;
        Some(shards.map(|index| format!("--shard {}/{count}", index + 1)).collect::<Vec<_>>())
    };
    Some(gaps.iter().filter_map(of_gap).flatten().collect::<Vec<_>>().join(", "))
}

/// How many shards of `count` end at a batch, if one does.
fn shard_edge(all: u32, batch: u32, count: u32) -> Option<u32> {
    let index = (u64::from(batch) * u64::from(count)).div_ceil(u64::from(all)) as u32;
    let edge = (u64::from(all) * u64::from(index) / u64::from(count)) as u32;
    (edge == batch).then_some(index)
}

fn sources(texts: &[(String, String)]) -> Vec<Arc<Source>> {
    texts.iter().map(|(name, text)| Arc::new(Source::new(name.clone(), text.clone()))).collect()
}

/// The scenario from the texts in the parts, not yet checked.
fn assembled(job: &Job) -> Result<Assembled, Failure> {
    let known = sources(&job.scenario);
    let first = known.first().context("the parts hold no scenario")?;
    let open = |name: &str, from: &str| {
        let path = Path::new(from).parent().unwrap_or(Path::new("")).join(name);
        let found = known.iter().find(|source| Path::new(&source.name) == path);
        found.cloned().ok_or_else(|| format!("the parts do not hold {}", path.display()))
    };
    Ok(assemble(first, &open)?)
}

fn options(job: &Job) -> anyhow::Result<Options> {
    let estimator = Estimator::ALL.into_iter().find(|e| e.name() == job.estimator);
    let sampler = [Sampler::Sobol, Sampler::Random].into_iter().find(|s| s.name() == job.sampler);
    Ok(Options {
        seed: job.seed,
        trials: job.trials,
        threads: 0,
        estimator: estimator.context("the parts name an unknown estimator")?,
        sampler: sampler.context("the parts name an unknown sampler")?,
    })
}

fn batches_in(part: &Part, options: &Options, engine: &Engine<'_>) -> anyhow::Result<Vec<Batch>> {
    let Header { first, end, .. } = part.header;
    let blank = engine.blank();
    let numbered = (first..end).zip(&part.batches);
    let read = numbered.map(|(number, numbers)| {
        let trials = options.trials.saturating_sub(number * BATCH).min(BATCH) as usize;
        Batch::from_numbers(numbers, trials, &blank)
    });
    let batches: Option<Vec<Batch>> = read.collect();
    batches
        .filter(|batches| batches.len() == (end - first) as usize)
        .context("it does not hold the batches that its header names")
}
