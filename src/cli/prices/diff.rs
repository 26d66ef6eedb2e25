//! `tollcast prices diff`: what differs between two states of the price files, and what that does to a forecast.

use std::path::{Path, PathBuf};

use clap::Args;

use super::printed;
use crate::analysis::{analyse, pair};
use crate::catalogue::ExchangeRate;
use crate::catalogue::diff::{State, diff};
use crate::catalogue::{Catalogue, shipped};
use crate::cli::outcome::{Exit, Failure, print, say};
use crate::cli::run::{compared, options, refuse_precision};
use crate::cli::{Format, RunArguments, files};
use crate::domain::problem::{Code, Problems};
use crate::domain::time::Instant;
use crate::render::{
    CaseRow, ComparisonReport, Manifest, comparison_json, comparison_markdown, comparison_terminal,
    diff_sheet, shown_changes,
};
use crate::workload::Scenario;

/// Arguments of `prices diff`.
#[derive(Args)]
pub struct Arguments {
    /// A date, a price file, a folder of price files, or built-in
    #[arg(value_name = "A")]
    a: String,
    /// The same, to compare with
    #[arg(value_name = "B")]
    b: String,
    /// When files and folders are looked at; the last day on which any of their prices was checked if absent
    #[arg(long, value_name = "DATE", value_parser = Instant::parse)]
    on: Option<Instant>,
    /// Simulate this scenario with the prices of both, on the same random numbers
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
    /// Folder with price files that dates are looked up in, instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pricing: Option<PathBuf>,
    /// Exchange rate for price files in another currency
    #[arg(long, value_name = "EUR=1.08@DATE", value_parser = ExchangeRate::parse)]
    exchange: Vec<ExchangeRate>,
    /// Every single price, and every route that only one side knows
    #[arg(long)]
    all: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    run: RunArguments,
}

/// The name of the price files in the binary.
const BUILT_IN: &str = "built-in";

/// One of the two sides.
struct Side {
    /// What it is, in words.
    name: String,
    catalogue: Catalogue,
    at: Instant,
}

/// Compares and prints.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (a, b) = sides(arguments)?;
    let changes =
        diff(State { catalogue: &a.catalogue, at: a.at }, State { catalogue: &b.catalogue, at: b.at });
    for side in [&a, &b] {
        let foreign = side.catalogue.providers.iter().filter(|provider| !provider.currency.is_usable());
        let names: Vec<&str> = foreign.map(|provider| provider.id.as_str()).collect();
        if !names.is_empty() {
            say(&format!(
                "note: not compared for want of an --exchange rate, {}: {}",
                side.name,
                names.join(", ")
            ));
        }
    }
    let shown = shown_changes(&changes);
    let forecast = arguments.scenario.as_deref().map(|path| forecast(path, &a, &b, arguments)).transpose()?;
    let left_out = forecast.as_ref().map_or(&[][..], |forecast| &forecast.left_out);
    for route in left_out {
        say(&format!("note: left out of the forecast, {route}"));
    }
    let forecast = forecast.as_ref().map(|forecast| &forecast.report);
    print(&match arguments.format {
        Format::Json => {
            let forecast = forecast.map(comparison_json).transpose()?;
            let forecast: Option<serde_json::Value> =
                forecast.map(|text| serde_json::from_str(&text)).transpose().map_err(anyhow::Error::from)?;
            let whole = serde_json::json!({
                "a": a.name, "b": b.name, "changes": shown, "forecast": forecast, "left_out": left_out
            });
            crate::render::to_json(&whole)?
        }
        format => {
            let mut text = printed(&diff_sheet(&a.name, &b.name, &shown, arguments.all), format)?;
            if let Some(report) = forecast {
                text.push('\n');
                text += &match format {
                    Format::Markdown => comparison_markdown(report),
                    _ => comparison_terminal(report, crate::cli::simulate::width()),
                };
            }
            text
        }
    })?;
    Ok(Exit::Answered)
}

fn sides(arguments: &Arguments) -> Result<(Side, Side), Failure> {
    if arguments.format == Format::Csv && arguments.scenario.is_some() {
        return Err(Failure::usage(
            "a forecast has no place in this CSV",
            "leave --scenario out, or print JSON",
        ));
    }
    let dates = [&arguments.a, &arguments.b].map(|text| Instant::parse(text).ok());
    match dates {
        [Some(a), Some(b)] => {
            let catalogue = match &arguments.pricing {
                Some(folder) => files::folder_catalogue(folder)?,
                None => Catalogue::read(&shipped(), &[])?,
            };
            let side = |at: Instant| Side {
                name: format!("prices on {at}"),
                catalogue: catalogue.clone().known_at(at).exchanged(&arguments.exchange),
                at,
            };
            if arguments.on.is_some() {
                return Err(Failure::usage("--on beside two dates", "the dates say when; --on is for files"));
            }
            Ok((side(a), side(b)))
        }
        [None, None] => {
            let (mut a, mut b) = (state(&arguments.a)?, state(&arguments.b)?);
            // A single file is compared with what is built in of the same provider.
            let same = |all: &mut Catalogue, one: &Catalogue| {
                all.providers.retain(|provider| one.providers.iter().any(|own| own.id == provider.id));
            };
            match (arguments.a.as_str(), arguments.b.as_str()) {
                (BUILT_IN, name) if Path::new(name).is_file() => same(&mut a, &b),
                (name, BUILT_IN) if Path::new(name).is_file() => same(&mut b, &a),
                _ => {}
            }
            let at = arguments.on.unwrap_or_else(|| a.as_of.max(b.as_of));
            let side = |name: &str, catalogue: Catalogue| Side {
                name: format!("{name} on {at}"),
                catalogue: catalogue.exchanged(&arguments.exchange),
                at,
            };
            Ok((side(&arguments.a, a), side(&arguments.b, b)))
        }
        _ => Err(Failure::usage(
            "a date and a file cannot be compared",
            "give two dates, or two files or folders (built-in is one) and --on DATE",
        )),
    }
}

/// The catalogue of a file, of a folder, or the built-in one.
fn state(name: &str) -> Result<Catalogue, Failure> {
    if name == BUILT_IN {
        return Ok(Catalogue::read(&shipped(), &[])?);
    }
    let path = Path::new(name);
    if path.is_dir() {
        files::folder_catalogue(path)
    } else {
        Ok(Catalogue::read(&[files::source(path)?], &[])?)
    }
}

/// What the prices of both sides make of a scenario.
struct Forecast {
    report: ComparisonReport,
    /// The routes that only one side sells, or none, each with why.
    left_out: Vec<String>,
}

/// The scenario under both, the second laid over the built-in prices as the first is.
fn forecast(path: &Path, a: &Side, b: &Side, arguments: &Arguments) -> Result<Forecast, Failure> {
    let ([first, second], left_out) = scenarios(path, [a, b])?;
    refuse_precision(&arguments.run)?;
    let common = options(&first, &arguments.run)?;
    let both = [first.clone(), second.clone()];
    let beside = [&both[0], &both[1]];
    let first = compared(first, &beside, common, &arguments.run)?;
    let second = compared(second, &beside, common, &arguments.run)?;
    let analyses = [&first, &second].map(|run| analyse(&run.scenario, &run.simulation));
    let pairing = pair(first.lived(&analyses[0]), second.lived(&analyses[1]));
    let command =
        format!("tollcast prices diff {} {} --scenario {}", arguments.a, arguments.b, path.display());
    let manifests = [(&first, a), (&second, b)]
        .map(|(run, side)| Manifest::new(&run.scenario, &side.catalogue, &run.options, command.clone()));
    let horizon = first.horizon();
    let sides = [a, b].into_iter().zip(&analyses).map(|(side, analysis)| CaseRow::new(&side.name, analysis));
    Ok(Forecast {
        report: ComparisonReport::new(sides.collect(), horizon, manifests.to_vec(), vec![pairing]),
        left_out,
    })
}

/// The scenario with the prices of each side. Routes without a price on one of them are left out on both, each
/// with why.
fn scenarios(path: &Path, sides: [&Side; 2]) -> Result<([Scenario; 2], Vec<String>), Failure> {
    let assembled = files::assembled(&files::source(path)?)?;
    let catalogues = [over_built_in(sides[0])?, over_built_in(sides[1])?];
    let read = |keep: &[usize]| -> Result<[Scenario; 2], (usize, Problems)> {
        let part = assembled.with_routes(keep);
        let of = |side: usize| Scenario::read(&part, &catalogues[side]).map_err(|problems| (side, problems));
        Ok([of(0)?, of(1)?])
    };
    let (mut kept, mut left_out, mut first) = (Vec::new(), Vec::new(), None);
    for route in 0..assembled.routes() {
        let Err((side, problems)) = read(&[route]) else {
            kept.push(route);
            continue;
        };
        let list = problems.clone().into_sorted();
        if list.iter().any(|problem| !matches!(problem.code, Code::NoPrice | Code::UnknownName)) {
            // What is wrong beside the prices is wrong with any of them.
            return Err(problems.into());
        }
        let why: Vec<String> = list.iter().map(|p| format!("{} ({})", p.title, p.found)).collect();
        left_out.push(format!("{}: {}", sides[side].name, why.join("; ")));
        first.get_or_insert(problems);
    }
    if let (true, Some(problems)) = (kept.is_empty(), first) {
        say("no route of the scenario has a price on both sides; the first:");
        return Err(problems.into());
    }
    let both = read(&kept).map_err(|(_, problems)| problems)?;
    Ok((both, left_out))
}

/// A side's providers over the built-in ones, so that a scenario finds its other routes too.
fn over_built_in(side: &Side) -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::read(&shipped(), &[])?;
    catalogue.providers.retain(|known| side.catalogue.providers.iter().all(|own| own.id != known.id));
    catalogue.providers.extend(side.catalogue.providers.iter().cloned());
    catalogue.providers.sort_by(|x, y| x.id.cmp(&y.id));
    Ok(catalogue)
}
