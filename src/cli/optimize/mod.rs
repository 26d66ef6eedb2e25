//! `tollcast optimize`: goal seek and break-even maps. Each mode is one file and returns an answer; printing and
//! writing it is the same for all.

mod ground;
mod map;
mod solve;

use std::fmt;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::outcome::{Exit, Failure, print, say};
use super::simulate::width;
use super::{Format, PricingArguments, RunArguments, folder};
use crate::analysis::Summary;
use crate::domain::number::parse_number;
use crate::render::chart::Chart;
use crate::render::chart::png::png;
use crate::render::{Manifest, Sheet, manifest_json};

/// Arguments of `optimize`.
#[derive(Args)]
pub struct Arguments {
    /// The scenario file; - is standard input
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// Goal seek: the field to vary, for instance workloads.chat.cache.hit_rate; lengths and prices by a factor
    #[arg(long, value_name = "PATH", requires = "until")]
    solve: Option<String>,
    /// The goal: 'ROUTE cheaper than ROUTE', 'p90 of ROUTE below 100k', 'mean premium of ROUTE below 500' (USD over
    /// the horizon) or 'ROUTE within budget'
    #[arg(long, value_name = "GOAL", requires = "solve")]
    until: Option<String>,
    /// How probable the goal has to be (default: 50%)
    #[arg(long, value_name = "SHARE", value_parser = Confidence::parse, requires = "solve")]
    confidence: Option<Confidence>,
    /// Where to search, for instance 20%..80% (default: all that makes sense)
    #[arg(long, value_name = "LOW..HIGH", value_parser = Range::parse, requires = "solve")]
    between: Option<Range>,
    /// Vary a factor on what is stated, and so keep its range, instead of the value
    #[arg(long)]
    times: bool,
    /// Break-even map: the cheapest route over two fields; give it twice, across and up
    #[arg(long, value_name = "PATH=LOW..HIGH", value_parser = Axis::parse, conflicts_with = "solve")]
    map: Vec<Axis>,
    /// Cells of the map along each axis
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = cells, requires = "map")]
    cells: usize,
    /// The figure by which routes are compared on the map
    #[arg(long, value_enum, default_value_t = At::P50, requires = "map")]
    at: At,
    /// Write the answer as .md and .json, and its charts, to a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// What a mode found, ready to be shown.
struct Answer {
    /// The stem of its files.
    name: &'static str,
    sheets: Vec<Sheet>,
    json: String,
    charts: Vec<Chart>,
    manifest: Manifest,
}

/// Asks the mode that the arguments name, prints its answer and writes it.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.format == Format::Csv {
        return Err(Failure::usage("this answer has no CSV form", "use --format json, markdown or table"));
    }
    if arguments.run.precision.is_some() {
        return Err(Failure::usage("--precision has no meaning here", "say how many futures with --trials"));
    }
    if let Some(folder) = &arguments.out {
        folder::probe(folder)?;
    }
    let answer = match (&arguments.solve, &arguments.until, arguments.map.as_slice()) {
        (Some(path), Some(until), _) => solve::run(arguments, path, until)?,
        (_, _, axes) if !axes.is_empty() => map::run(arguments, axes)?,
        _ => {
            return Err(Failure::usage(
                "what is to be optimised?",
                "give --solve PATH --until GOAL, or --map PATH=LOW..HIGH twice",
            ));
        }
    };
    if let Some(folder) = &arguments.out {
        folder::write(folder, &files(&answer)?)?;
        say(&format!("answer: {}", folder.join(format!("{}.md", answer.name)).display()));
    }
    print(&match arguments.format {
        Format::Json => answer.json,
        Format::Markdown => markdown(&answer),
        Format::Table | Format::Csv => {
            let sheets: Vec<String> = answer.sheets.iter().map(|sheet| sheet.terminal(width())).collect();
            format!("{}\n{}\n", sheets.join("\n"), answer.manifest.provenance())
        }
    })?;
    Ok(Exit::Answered)
}

fn markdown(answer: &Answer) -> String {
    let sheets: Vec<String> = answer.sheets.iter().map(Sheet::markdown).collect();
    format!("{}\n{}\n", sheets.join("\n"), answer.manifest.provenance())
}

fn files(answer: &Answer) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut text = markdown(answer);
    for chart in &answer.charts {
        text += &format!("\n![{}](charts/{}.svg)\n", chart.description, chart.name);
    }
    let mut all = vec![
        ("manifest.json".to_owned(), manifest_json(&answer.manifest)?.into_bytes()),
        (format!("{}.json", answer.name), answer.json.clone().into_bytes()),
        (format!("{}.md", answer.name), text.into_bytes()),
    ];
    for chart in &answer.charts {
        all.push((format!("charts/{}.png", chart.name), png(&chart.svg)?));
        all.push((format!("charts/{}.svg", chart.name), chart.svg.clone().into_bytes()));
    }
    Ok(all)
}

/// A figure of spend.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum At {
    /// The mean
    Mean,
    /// The median
    P50,
    /// What nine of ten futures do not pass
    P90,
}

impl At {
    fn name(self) -> &'static str {
        match self {
            At::Mean => "mean",
            At::P50 => "p50",
            At::P90 => "p90",
        }
    }

    fn reader(self) -> fn(&Summary) -> f64 {
        match self {
            At::Mean => |summary| summary.mean,
            At::P50 => |summary| summary.p50,
            At::P90 => |summary| summary.p90,
        }
    }
}

/// A chance between 1 % and 99 %, written as `90%` or `0.9`.
#[derive(Clone, Copy, Debug)]
struct Confidence(f64);

impl Confidence {
    fn parse(text: &str) -> Result<Self, String> {
        match parse_number(text) {
            Ok(number) if (0.01..=0.99).contains(&number.value) => Ok(Confidence(number.value)),
            _ => Err("expected a chance from 1% to 99%".to_owned()),
        }
    }
}

/// A range of values.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    fn parse(text: &str) -> Result<Self, String> {
        let wanted = "expected LOW..HIGH, for instance 20%..80% or 100k..2M";
        let (low, high) = text.split_once("..").ok_or(wanted)?;
        let number = |text: &str| parse_number(text.trim()).map_err(|error| format!("{wanted}: {error}"));
        let (low, high) = (number(low)?.value, number(high)?.value);
        if low < high { Ok(Range { low, high }) } else { Err("the range ends before it begins".to_owned()) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.low, self.high)
    }
}

/// A field and the range that an axis shows of it.
#[derive(Clone, Debug)]
struct Axis {
    path: String,
    range: Option<Range>,
}

impl Axis {
    fn parse(text: &str) -> Result<Self, String> {
        match text.rsplit_once("=") {
            Some((path, range)) => {
                Ok(Axis { path: path.trim().to_owned(), range: Some(Range::parse(range)?) })
            }
            None => Ok(Axis { path: text.trim().to_owned(), range: None }),
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range {
            Some(range) => write!(f, "{}={range}", self.path),
            None => write!(f, "{}", self.path),
        }
    }
}

/// How many cells an axis has.
fn cells(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (2..=100).contains(&count) => Ok(count),
        _ => Err("expected 2 to 100 cells".to_owned()),
    }
}
