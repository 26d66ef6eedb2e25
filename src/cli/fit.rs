//! `tollcast fit`: a usage log as a scenario with honest ranges.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::destination::Destination;
use super::logs::{LogArguments, nameless_remark, refuse_unpriced};
use super::outcome::{Exit, Failure, print, say};
use super::simulate::width;
use super::{PricingArguments, files, folder, logs};
use crate::analysis::analyse;
use crate::catalogue::{Catalogue, Component, Rates, Wanted};
use crate::domain::format::{percent, significant, thousands};
use crate::domain::problem::{Code, Source};
use crate::domain::route::RouteId;
use crate::domain::time::{Instant, Month};
use crate::engine::{Estimator, Options, Sampler, cached_shares, simulate};
use crate::render::chart::png::png;
use crate::render::{FitChart, FitReport, fit_charts, fit_html, fit_markdown, fit_sheet, fit_yaml};
use crate::usage::{Pricer, Replay, Traffic, VolumeOptions, fit, held, next_month};
use crate::workload::Scenario;

/// Arguments of `fit`.
#[derive(Args)]
pub struct Arguments {
    /// Usage logs, read as one; - is standard input
    #[arg(required = true, value_name = "LOG")]
    files: Vec<PathBuf>,
    /// Where the scenario goes; standard output if absent
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write fit.html, fit.md and charts of the log against the model to a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Routes to forecast beside the log's own; the first is the log's own where it names no model
    #[arg(long, value_name = "ROUTE", value_parser = RouteId::parse)]
    route: Vec<RouteId>,
    /// Fit the requests of this model only, as the log names it
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The scenario's first month (default: the one after the log)
    #[arg(long, value_name = "MONTH", value_parser = Month::parse)]
    start: Option<Month>,
    /// The scenario's months
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=120))]
    months: u32,
    /// How many days a log spans whose times all begin anew with every session
    #[arg(long, value_name = "DAYS", default_value_t = 30.4375, value_parser = days)]
    span: f64,
    /// Prices as of this day, for telling prompts above a threshold (default: the day on which prices were last
    /// checked)
    #[arg(long, value_name = "DATE", value_parser = Instant::parse)]
    on: Option<Instant>,
    #[command(flatten)]
    logs: LogArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

fn days(text: &str) -> Result<f64, String> {
    let wanted = || "expected days from 0.01 to 10,000, for instance 30".to_owned();
    text.parse::<f64>().ok().filter(|days| (0.01..=10_000.0).contains(days)).ok_or_else(wanted)
}

/// Reads the logs, fits them, and writes the scenario.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.out {
        folder::probe(folder)?;
    }
    let destination = Destination::of(arguments.output.as_deref())?;
    let catalogue = files::catalogue(&arguments.pricing, &Wanted::All)?;
    for route in &arguments.route {
        catalogue.offer(route).map_err(|error| super::unsold(route, error))?;
    }
    let mut report = fitted(arguments, &catalogue)?;
    hold_against_log(&mut report, &catalogue)?;
    let yaml = fit_yaml(&report);
    if let Some(folder) = &arguments.out {
        let manifest = logs::manifest(&arguments.files, Some(&catalogue.digest))?;
        folder::write(folder, &folder_files(&report, &yaml, manifest)?)?;
        say(&format!("fit: {}", folder.join("fit.html").display()));
    }
    if let Some(path) = destination.file() {
        print(&fit_sheet(&report).terminal(width()))?;
        destination
            .write(yaml.as_bytes(), &format!("; next: tollcast simulate {} --out report", path.display()))?;
    } else {
        destination.write(yaml.as_bytes(), "")?;
    }
    Ok(Exit::Answered)
}

/// Fewer requests say nothing about their law.
const LEAST_REQUESTS: u64 = 10;
/// Trials from which it is told what a request of the scenario costs.
const TRIALS: u32 = 1_024;
/// A difference that a reader should know of.
const SEEN: f64 = 0.02;

/// Holds the scenario against the log: its cache by length, and what a request costs.
fn hold_against_log(report: &mut FitReport, catalogue: &Catalogue) -> Result<(), Failure> {
    let source = Arc::new(Source::new("the fitted scenario", fit_yaml(report)));
    let scenario = match files::scenario_from(source, catalogue) {
        Ok(scenario) => scenario,
        Err(Failure::Input(problems)) => {
            report.remarks.push(format!("The scenario does not pass `tollcast check` as it is: {problems}"));
            return Ok(());
        }
        Err(other) => return Err(other),
    };
    hold_cache(report, &scenario);
    report.remarks.push(cost_of_a_request(report, &scenario)?);
    Ok(())
}

/// The gate at every length that the log has, and how far the log is from it.
fn hold_cache(report: &mut FitReport, scenario: &Scenario) {
    /// Lengths of each bin at which the gate is looked at.
    const STEPS: u32 = 12;
    let bins = &report.fit.seen.cached;
    let inside = |(low, high): (f64, f64)| {
        (0..STEPS).map(move |step| low * libm::pow(high / low, f64::from(step) / f64::from(STEPS)))
    };
    let lengths: Vec<f64> = bins.iter().flat_map(|bin| inside(bin.tokens)).collect();
    let mean_lengths: Vec<f64> = bins.iter().map(|bin| bin.sums.input / bin.sums.requests).collect();
    let means = cached_shares(scenario, &mean_lengths);
    let apart = bins.iter().zip(&means).map(|(bin, gate)| (bin.sums.cached - gate * bin.sums.input).abs());
    report.gate_distance = apart.sum::<f64>() / report.fit.total.input;
    let shares = cached_shares(scenario, &lengths);
    report.gate = lengths.into_iter().zip(shares).collect();
}

/// What a request costs in the scenario, against what it cost in the log.
fn cost_of_a_request(report: &FitReport, scenario: &Scenario) -> Result<String, Failure> {
    let options =
        Options { seed: 1, trials: TRIALS, threads: 0, estimator: Estimator::Fast, sampler: Sampler::Sobol };
    let simulation = simulate(scenario, &[], &options, &|_| true)?;
    let analysis = analyse(scenario, &simulation);
    let requests: f64 = analysis.routes[0].months.iter().map(|month| month.requests_mean).sum();
    let tokens = analysis.routes[0].components.total() - analysis.routes[0].components.fees;
    let (model, log) = (tokens / requests, report.fit.total.usd / report.fit.total.requests);
    let difference = model / log - 1.0;
    let told = format!(
        "A request costs {} USD in the log and {} USD in the scenario on {} ({:+.1} %).",
        significant(log, 4),
        significant(model, 4),
        report.routes[0],
        100.0 * difference
    );
    Ok(if difference.abs() < SEEN {
        told
    } else {
        told + " The rest is what a scenario does not say: other routes, prices that change, cache writes for an hour where some route has no price for them, or for twelve hours, audio or images, or laws that fit badly."
    })
}

fn fitted(arguments: &Arguments, catalogue: &Catalogue) -> Result<FitReport, Failure> {
    let on = Some(arguments.on.unwrap_or(catalogue.as_of));
    let stand_in = arguments.route.first().cloned();
    let mut terms = arguments.logs.terms_with_stand_in(None, on);
    terms.stand_in = stand_in.or(terms.stand_in);
    let mut pricer = Pricer::new(catalogue, terms);
    let mut traffic = Traffic::new(60_000);
    let (mut replay, mut remarks) = (Replay::default(), Vec::new());
    let (mut used, mut nameless, mut failed, mut last_ms) = (0, 0, 0, None);
    for log in &arguments.files {
        let reading = arguments.logs.read(log, catalogue, &mut |record| {
            let other = arguments.model.as_ref().is_some_and(|model| record.model.as_deref() != Some(model));
            failed += u64::from(record.failed);
            if other || record.failed {
                return;
            }
            used += 1;
            nameless += u64::from(record.model.is_none());
            if let Some(priced) = replay.add(&record, &mut pricer) {
                traffic.add(&record, priced.amount.to_f64(), priced.crossing);
            }
        })?;
        remarks.extend(logs::remarks(log, &reading));
        last_ms = last_ms.max(reading.last_ms);
    }
    if used < LEAST_REQUESTS {
        let title = format!("the log has {used} requests to fit, and {LEAST_REQUESTS} are the least");
        let help = format!("{} Is --model the name as the log writes it?", remarks.join(" "));
        return Err(Failure::problem(Code::Empty, &title, &help));
    }
    remarks.extend(refuse_unpriced(&replay, used)?);
    if traffic.sums > 0 {
        remarks.push(
            "The log holds sums, not requests: lengths are means, so prompts above a threshold are not seen."
                .to_owned(),
        );
    }
    if failed > 0 {
        remarks.push(format!("{failed} requests failed and are left out."));
    }
    if nameless > 0 && arguments.route.is_empty() {
        remarks.push(nameless_remark(nameless));
    }
    let routes = routes(arguments, &replay, &pricer, &mut remarks);
    let start = start(arguments, last_ms, catalogue, &mut remarks)?;
    let options = VolumeOptions { start, span_days: arguments.span };
    let fit = fit(traffic, &options).map_err(|why| Failure::problem(Code::OutOfRange, &why, ""))?;
    let hour_writes_are_billed =
        known(catalogue, &routes, Rates::prices_hour_writes).into_iter().all(|known| known);
    if fit.cache.write_1h_share > 0.0 && !hour_writes_are_billed {
        remarks.push(format!(
            "{} of the tokens that the log writes to a cache are kept for an hour. Some route here has no price for that: the scenario has them as other writes on all routes, which cost less.",
            percent(fit.cache.write_1h_share)
        ));
    }
    let name =
        arguments.files[0].file_stem().map_or("log".to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok(FitReport {
        provenance: format!(
            "tollcast {} fit of {name} · {} requests",
            env!("CARGO_PKG_VERSION"),
            thousands(fit.total.requests as u64)
        ),
        name,
        writes_are_billed: known(catalogue, &routes, |rates| rates.rate(Component::CacheWrite).is_some())
            .contains(&true),
        hour_writes_are_billed,
        start: start.to_string(),
        months: arguments.months,
        routes,
        remarks,
        held: held(&fit),
        gate: Vec::new(),
        gate_distance: 0.0,
        fit,
    })
}

/// The month after the log, but not before prices are known: an old log says what traffic is like, not what it
/// will cost then.
fn start(
    arguments: &Arguments,
    last_ms: Option<i64>,
    catalogue: &Catalogue,
    remarks: &mut Vec<String>,
) -> Result<Month, Failure> {
    if let Some(start) = arguments.start {
        let end = start.plus(1).start().unix_seconds();
        if last_ms.is_some_and(|last| last >= 1000 * end) {
            return Err(Failure::usage(
                "the scenario begins before the log ends",
                "a log says what comes after it: let --start be its last month or a later one",
            ));
        }
        return Ok(start);
    }
    let after_prices = next_month(1000 * catalogue.as_of.unix_seconds());
    let after_log = last_ms.and_then(next_month);
    match (after_log, after_prices) {
        (Some(log), Some(prices)) if log < prices => {
            remarks.push(format!(
                "The log ends before the prices that are known; the scenario begins in {prices} and carries the log's traffic on to then."
            ));
            Ok(prices)
        }
        (Some(log), _) => Ok(log),
        (None, Some(prices)) => Ok(prices),
        (None, None) => {
            Err(Failure::usage("the log has no time", "say when the scenario begins: --start 2027-01"))
        }
    }
}

/// The route of most requests, and those that were asked for.
fn routes(
    arguments: &Arguments,
    replay: &Replay,
    pricer: &Pricer<'_>,
    remarks: &mut Vec<String>,
) -> Vec<String> {
    let most = replay.routes.iter().max_by_key(|(_, tally)| tally.requests);
    let own = most.map(|(route, _)| pricer.routes[*route].clone());
    if let (Some(own), true) = (&own, replay.routes.len() > 1) {
        remarks.push(format!(
            "The log uses {} routes; all requests are one workload here, forecast on {own}. --model fits one of them.",
            replay.routes.len()
        ));
    }
    let mut routes: Vec<String> = own.into_iter().collect();
    let asked = arguments.route.iter().map(RouteId::to_string);
    routes.extend(asked.filter(|route| !routes.contains(route)).collect::<Vec<_>>());
    routes
}

/// For each route, whether something holds of the prices that are in force when prices were last checked.
fn known(catalogue: &Catalogue, routes: &[String], what: impl Fn(&Rates) -> bool) -> Vec<bool> {
    let has = |route: &RouteId| {
        let Ok(offer) = catalogue.offer(route) else { return false };
        let card = offer.slot_at(catalogue.as_of).map(|slot| offer.card(slot));
        card.is_some_and(|card| card.bands.iter().any(|band| what(&band.rates)))
    };
    routes.iter().filter_map(|route| RouteId::parse(route).ok()).map(|route| has(&route)).collect()
}

fn folder_files(report: &FitReport, yaml: &str, manifest: Vec<u8>) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let charts = fit_charts(report)?;
    let mut files = vec![
        ("manifest.json".to_owned(), manifest),
        ("fit.md".to_owned(), fit_markdown(report, &charts).into_bytes()),
        ("fit.html".to_owned(), fit_html(report, &charts)?.into_bytes()),
    ];
    for FitChart { chart, .. } in charts {
        files.push((format!("charts/{}.png", chart.name), png(&chart.svg)?));
        files.push((format!("charts/{}.svg", chart.name), chart.svg.into_bytes()));
    }
    files.push(("scenario.yaml".to_owned(), yaml.as_bytes().to_vec()));
    Ok(files)
}
