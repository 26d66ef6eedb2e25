//! `tollcast price --log`: what a usage log costs exactly, by route, model and day.

use std::path::PathBuf;

use super::logs::{LogArguments, refuse_unpriced, remarks};
use super::outcome::{Exit, Failure, print};
use super::simulate::width;
use super::{Format, PricingArguments, files};
use crate::domain::route::RouteId;
use crate::domain::time::Instant;
use crate::render::{ReplayReport, ReplayReports, replay_days, replay_json, replay_sheets};
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
    let catalogue = files::catalogue(job.pricing)?;
    let ways: Vec<Option<RouteId>> =
        if job.routes.is_empty() { vec![None] } else { job.routes.iter().cloned().map(Some).collect() };
    for route in ways.iter().flatten() {
        catalogue.offer(route).map_err(|error| super::unsold(route, error))?;
    }
    let mut all: Vec<(Pricer<'_>, Replay)> = ways
        .iter()
        .map(|route| (Pricer::new(&catalogue, job.how.terms(route.clone(), job.on)), Replay::default()))
        .collect();
    let (mut notes, mut used) = (Vec::new(), 0);
    for log in job.logs {
        let reading = job.how.read(log, &catalogue, &mut |record| {
            for (pricer, replay) in &mut all {
                replay.add(&record, pricer);
            }
        })?;
        used += reading.used;
        notes.extend(remarks(log, &reading));
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
