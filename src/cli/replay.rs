//! `tollcast price --log`: what a usage log costs exactly, by route, model and day.

use std::path::{Path, PathBuf};

use super::logs::{LogArguments, refuse_unpriced, remarks};
use super::outcome::{Exit, Failure, print};
use super::simulate::width;
use super::{Format, PricingArguments, files};
use crate::catalogue::{Catalogue, Wanted};
use crate::domain::problem::Code;
use crate::domain::route::RouteId;
use crate::domain::time::Instant;
use crate::render::{ReplayReport, ReplayReports, replay_days, replay_json, replay_sheets};
use crate::usage::columns::{self, Attempt, Plan};
use crate::usage::read::{self, Reading};
use crate::usage::{Pricer, Replay};

/// What is asked.
pub struct Job<'a> {
    /// The logs, as one.
    pub logs: &'a [PathBuf],
    /// The routes for all rows; the log's own where there are none.
    pub routes: Vec<RouteId>,
    /// How logs are read.
    pub how: &'a LogArguments,
    /// The instant of all prices.
    pub on: Option<Instant>,
    /// What to print.
    pub format: Format,
    /// Where prices come from.
    pub pricing: &'a PricingArguments,
}

/// Prices the logs in every way that is asked for, in one reading.
pub fn run(job: &Job<'_>) -> Result<Exit, Failure> {
    let catalogue = files::catalogue(job.pricing, &Wanted::All)?;
    let ways: Vec<Option<RouteId>> =
        if job.routes.is_empty() { vec![None] } else { job.routes.iter().cloned().map(Some).collect() };
    for route in ways.iter().flatten() {
        catalogue.offer(route).map_err(|error| super::unsold(route, error))?;
    }
    let pricer = |route: &Option<RouteId>| Pricer::new(&catalogue, job.how.terms(route.clone(), job.on));
    let mut all: Vec<(Pricer<'_>, Replay)> =
        ways.iter().map(|route| (pricer(route), Replay::default())).collect();
    let mut failed = 0;
    let readings = match summed(job, &catalogue, &mut all)? {
        Some(readings) => readings,
        None => {
            all = ways.iter().map(|route| (pricer(route), Replay::default())).collect();
            row_by_row(job, &catalogue, &mut all, &mut failed)?
        }
    };
    let used: u64 = readings.iter().map(|reading| reading.used).sum();
    if used == 0 {
        let why: Vec<String> =
            job.logs.iter().zip(&readings).flat_map(|(log, reading)| remarks(log, reading)).collect();
        return Err(Failure::problem(Code::Empty, "no row of the log can be used", &why.join(" ")));
    }
    let mut notes: Vec<String> =
        job.logs.iter().zip(&readings).flat_map(|(log, reading)| remarks(log, reading)).collect();
    if failed > 0 {
        notes.push(format!("{failed} rows are of failed requests; their tokens are billed like all others."));
    }
    let mut reports = ReplayReports::default();
    for (route, (pricer, mut replay)) in ways.into_iter().zip(all) {
        replay.finish();
        let name = route.map_or("as logged".to_owned(), |route| route.to_string());
        for note in refuse_unpriced(&replay, used)? {
            notes.push(format!("{name}: {note}"));
        }
        reports.ways.push(ReplayReport { name, replay, routes: pricer.routes });
    }
    reports.remarks = notes;
    print(&match job.format {
        Format::Json => replay_json(&reports)?,
        Format::Csv => replay_days(&reports).csv()?,
        Format::Markdown => {
            replay_sheets(&reports).iter().map(|sheet| sheet.markdown()).collect::<Vec<_>>().join("\n")
        }
        Format::Table => {
            replay_sheets(&reports).iter().map(|sheet| sheet.terminal(width())).collect::<Vec<_>>().join("\n")
        }
    })?;
    Ok(Exit::Answered)
}

/// Bills every row by itself, all ways in one reading.
fn row_by_row(
    job: &Job<'_>,
    catalogue: &Catalogue,
    all: &mut [(Pricer<'_>, Replay)],
    failed: &mut u64,
) -> Result<Vec<Reading>, Failure> {
    let mut read = |log: &PathBuf| {
        job.how.read(log, catalogue, &mut |record| {
            *failed += u64::from(record.failed);
            for (pricer, replay) in &mut *all {
                replay.add(&record, pricer);
            }
        })
    };
    job.logs.iter().map(&mut read).collect()
}

/// Bills the sums of plain tables, many times as fast and to the same picodollar. `None` where that would not be
/// so, or where something is wrong that the other way explains better.
fn summed(
    job: &Job<'_>,
    catalogue: &Catalogue,
    all: &mut [(Pricer<'_>, Replay)],
) -> Result<Option<Vec<Reading>>, Failure> {
    let plain = matches!(job.how.usage_format()?, None | Some(read::Format::Plain));
    if !plain || job.how.strict || job.logs.iter().any(|log| !log.is_file()) {
        return Ok(None);
    }
    let options = job.how.options(catalogue)?;
    let mut readings = Vec::new();
    for log in job.logs {
        for (at, (pricer, replay)) in all.iter_mut().enumerate() {
            let Some(reading) = summed_once(log, &options, job, pricer, replay)? else { return Ok(None) };
            if at == 0 {
                readings.push(reading);
            }
        }
    }
    Ok(Some(readings))
}

/// One log in one way.
fn summed_once(
    log: &Path,
    options: &read::Options,
    job: &Job<'_>,
    pricer: &mut Pricer<'_>,
    replay: &mut Replay,
) -> Result<Option<Reading>, Failure> {
    let mut find = |model: Option<&str>| match pricer.route_of(model) {
        Ok(route) => pricer.prices(route).map(Some),
        Err(_) => Ok(None),
    };
    let mut plan = if job.routes.is_empty() {
        Plan::ByModel(&mut find)
    } else {
        match find(None) {
            Ok(Some(prices)) => Plan::Forced { prices, by_day: job.format != Format::Table },
            _ => return Ok(None),
        }
    };
    let name = log.display().to_string();
    let attempt = if files::is_parquet(log)? {
        parquet(&name, log, options, &mut plan)?
    } else {
        columns::csv(&name, files::open(log)?, options, &mut plan).ok()
    };
    let Some(Attempt::Summed(sums)) = attempt else { return Ok(None) };
    if !replay.add_sums(&sums, |model| pricer.route_of(model).ok()) {
        return Ok(None);
    }
    Ok(sums.reading)
}

#[cfg(feature = "parquet")]
fn parquet(
    name: &str,
    log: &Path,
    options: &read::Options,
    plan: &mut Plan<'_>,
) -> Result<Option<Attempt>, Failure> {
    let file = std::fs::File::open(log).map_err(anyhow::Error::from)?;
    let help = "Parquet is billed by its sums only: price one route, or write the table as CSV";
    match columns::parquet(name, file, options, plan) {
        Ok(Attempt::Summed(sums)) => Ok(Some(Attempt::Summed(sums))),
        Ok(Attempt::RowByRow(why)) => Err(Failure::usage(&format!("{name}: {why}"), help)),
        Err(error) => Err(super::logs::failed(name, error)),
    }
}

#[cfg(not(feature = "parquet"))]
fn parquet(name: &str, _: &Path, _: &read::Options, _: &mut Plan<'_>) -> Result<Option<Attempt>, Failure> {
    Err(Failure::usage(
        &format!("{name} is a Parquet file, and this tollcast was built without them"),
        "build with `cargo build --release --features parquet`, or write the table as CSV",
    ))
}
