//! `tollcast backtest`: how often forecasts from a log would have held.

use std::path::{Path, PathBuf};

use clap::Args;

use super::logs::{LogArguments, LogFormat, nameless_remark, refuse_unpriced};
use super::outcome::{Exit, Failure, print, say};
use super::simulate::width;
use super::{Format, PricingArguments, files, folder};
use crate::catalogue::{Catalogue, Wanted};
use crate::domain::problem::Code;
use crate::domain::route::RouteId;
use crate::domain::time::Instant;
use crate::render::chart::png::png;
use crate::render::{BacktestReport, backtest_charts, backtest_json, backtest_rows, backtest_sheet};
use crate::usage::{
    BacktestOptions, DAY_MS, Pricer, Replay, Series, Spending, Spent, Task, halves, parse_duration,
    read_series, rolling,
};

/// Arguments of `backtest`.
#[derive(Args)]
pub struct Arguments {
    /// Usage logs or series; - is standard input
    #[arg(required = true, value_name = "LOG")]
    files: Vec<PathBuf>,
    /// How far ahead to forecast, such as 7d, 6h or 10m; several are several tasks (default: 1d, 3d, 7d and 28d
    /// where the log is long enough, or a sixth of a log of hours)
    #[arg(long, value_name = "TIME", value_delimiter = ',', value_parser = parse_duration)]
    horizon: Vec<i64>,
    /// The length of a bin of a series: a CSV with the columns bin, requests, spend_usd
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    bin: Option<i64>,
    /// Draws of every forecast
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    draws: u32,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads; changes the speed, never the result (default: one per core)
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u16).range(0..=1024))]
    threads: u16,
    /// Write backtest.json, backtest.md and the charts to a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Price all rows on this route, whatever they name
    #[arg(long, value_name = "ROUTE", value_parser = RouteId::parse)]
    route: Option<RouteId>,
    /// Prices as of this day; one day for all rows, so that a change of prices is not taken for one of use (default:
    /// the day on which prices were last checked)
    #[arg(long, value_name = "DATE", value_parser = Instant::parse)]
    on: Option<Instant>,
    #[command(flatten)]
    logs: LogArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// Reads the logs, tests every horizon on each, and prints what was found.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.out {
        folder::probe(folder)?;
    }
    let is_series = arguments.bin.is_some() || arguments.logs.log_format == Some(LogFormat::Series);
    let catalogue = if is_series { None } else { Some(files::catalogue(&arguments.pricing, &Wanted::All)?) };
    let report = tested(arguments, catalogue.as_ref())?;
    if let Some(folder) = &arguments.out {
        let prices = catalogue.as_ref().map(|catalogue| catalogue.digest.as_str());
        let manifest = super::logs::manifest(&arguments.files, prices)?;
        folder::write(folder, &folder_files(&report, manifest)?)?;
        say(&format!("backtest: {}", folder.join("backtest.md").display()));
    }
    print(&match arguments.format {
        Format::Json => backtest_json(&report)?,
        Format::Csv => backtest_rows(&report).csv()?,
        Format::Markdown => backtest_sheet(&report).markdown(),
        Format::Table => backtest_sheet(&report).terminal(width()),
    })?;
    Ok(Exit::Answered)
}

fn tested(arguments: &Arguments, catalogue: Option<&Catalogue>) -> Result<BacktestReport, Failure> {
    let (mut tasks, mut remarks) = (Vec::new(), Vec::new());
    for log in &arguments.files {
        let name = name_of(log);
        match catalogue {
            None => {
                let series = series(log, arguments, &mut remarks)?;
                tasks.extend(of_series(&name, &series, arguments, &mut remarks)?);
            }
            Some(catalogue) => tasks.extend(of_log(&name, log, catalogue, arguments, &mut remarks)?),
        }
    }
    let provenance = format!("tollcast {} backtest · seed {}", env!("CARGO_PKG_VERSION"), arguments.seed);
    Ok(BacktestReport { tasks, remarks, provenance })
}

/// The tasks of a log of requests.
fn of_log(
    name: &str,
    log: &Path,
    catalogue: &Catalogue,
    arguments: &Arguments,
    remarks: &mut Vec<String>,
) -> Result<Vec<Task>, Failure> {
    let on = Some(arguments.on.unwrap_or(catalogue.as_of));
    let mut pricer = Pricer::new(catalogue, arguments.logs.terms_with_stand_in(arguments.route.clone(), on));
    let mut spending = Spending::new(finest_bin(arguments));
    let mut replay = Replay::default();
    let (mut tried, mut nameless, mut failed) = (0, 0, 0);
    let reading = arguments.logs.read(log, catalogue, &mut |record| {
        if record.failed {
            failed += 1;
            return;
        }
        tried += 1;
        nameless += u64::from(record.model.is_none());
        if let Some(priced) = replay.add(&record, &mut pricer) {
            spending.add(&record, priced.amount.to_f64());
        }
    })?;
    remarks.extend(super::logs::remarks(log, &reading));
    remarks.extend(refuse_unpriced(&replay, tried)?);
    if nameless > 0 && arguments.route.is_none() {
        remarks.push(format!("{name}: {}", nameless_remark(nameless)));
    }
    if failed > 0 {
        remarks.push(format!("{name}: {failed} requests failed and are left out."));
    }
    let refused = |why: String| Failure::problem(Code::OutOfRange, &format!("{name}: {why}"), "");
    match spending.finish().map_err(refused)? {
        Spent::Sessions(sessions) => {
            remarks.push(format!(
                "{name}: the {} sessions have no common clock, so one half of them is forecast from the other.",
                sessions.len()
            ));
            Ok(vec![halves(name, &sessions, &options(arguments)).map_err(refused)?])
        }
        Spent::Series(series) => of_series(name, &series, arguments, remarks),
    }
}

/// The bins in which single requests are collected: they divide a tenth of every horizon, and are an hour at most.
fn finest_bin(arguments: &Arguments) -> i64 {
    let tenths = arguments.horizon.iter().map(|horizon| (horizon / 10).clamp(1000, 3_600_000) / 1000 * 1000);
    tenths.reduce(common_divisor).unwrap_or(60_000)
}

fn common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn options(arguments: &Arguments) -> BacktestOptions {
    BacktestOptions { draws: arguments.draws, seed: arguments.seed, threads: usize::from(arguments.threads) }
}

/// The file's name without its endings.
fn name_of(log: &Path) -> String {
    let name = log.file_name().map_or("-".to_owned(), |name| name.to_string_lossy().into_owned());
    name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(&name).to_owned()
}

fn series(log: &Path, arguments: &Arguments, remarks: &mut Vec<String>) -> Result<Series, Failure> {
    let Some(bin_ms) = arguments.bin else {
        return Err(Failure::usage(
            "a series without --bin",
            "say how long a row's bin is: --bin 1h or --bin 1d",
        ));
    };
    let name = log.display().to_string();
    let reading = read_series(&name, files::open(log)?, bin_ms, arguments.logs.strict)?;
    if reading.empty > 0 {
        remarks.push(format!("{name}: {} bins have no row; they count as without requests.", reading.empty));
    }
    if !reading.set_aside.is_empty() {
        remarks.push(format!(
            "{name}: {} rows are set aside, and {} bins are the mean of their neighbours: {}.",
            reading.set_aside.len(),
            reading.filled,
            reading.set_aside.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("; ")
        ));
    }
    Ok(reading.series)
}

/// The tasks of a series: the horizons that were asked for, or those that it is long enough for.
fn of_series(
    name: &str,
    series: &Series,
    arguments: &Arguments,
    remarks: &mut Vec<String>,
) -> Result<Vec<Task>, Failure> {
    let options = options(arguments);
    let asked = !arguments.horizon.is_empty();
    let horizons = if asked { arguments.horizon.clone() } else { usual_horizons(series) };
    let (mut tasks, mut refused) = (Vec::new(), Vec::new());
    for horizon in horizons {
        match rolling(name, series, horizon, &options) {
            Ok(task) => tasks.push(task),
            Err(why) => refused.push(format!("{name}: {why}")),
        }
    }
    if tasks.is_empty() {
        let why = refused.first().map_or("no horizon fits", String::as_str);
        return Err(Failure::problem(
            Code::OutOfRange,
            &format!("nothing can be tested: {why}"),
            "a shorter --horizon, or a longer log, may do",
        ));
    }
    if asked {
        remarks.extend(refused.into_iter().map(|why| why + "."));
    }
    Ok(tasks)
}

/// Days and weeks, or a sixth of a log of hours.
fn usual_horizons(series: &Series) -> Vec<i64> {
    let span = series.len() as i64 * series.bin_ms;
    if span >= 4 * DAY_MS {
        return [1, 3, 7, 28].map(|days| days * DAY_MS).to_vec();
    }
    let tenth = (span / 60 / series.bin_ms).max(1) * series.bin_ms;
    vec![10 * tenth]
}

fn folder_files(report: &BacktestReport, manifest: Vec<u8>) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut markdown = backtest_sheet(report).markdown();
    let json = backtest_json(report)?;
    let mut files =
        vec![("manifest.json".to_owned(), manifest), ("backtest.json".to_owned(), json.into_bytes())];
    for chart in backtest_charts(report)? {
        markdown += &format!("\n![{}](charts/{}.svg)\n", chart.description, chart.name);
        files.push((format!("charts/{}.png", chart.name), png(&chart.svg)?));
        files.push((format!("charts/{}.svg", chart.name), chart.svg.into_bytes()));
    }
    files.push(("backtest.md".to_owned(), markdown.into_bytes()));
    Ok(files)
}
