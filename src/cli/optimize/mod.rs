//! `tollcast optimize`: goal seek, break-even maps, and what to commit. Each mode is one file and returns an answer; printing and
//! writing it is the same for all.

mod commit;
mod ground;
mod map;
mod solve;

use std::fmt;
use std::path::PathBuf;

use clap::Args;

use super::answer::{Answer, Shown, ToldFigure};
use super::outcome::{Exit, Failure};
use super::{PricingArguments, RunArguments};
use crate::domain::number::parse_number;

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
    #[arg(long, value_enum, default_value_t = ToldFigure::P50, requires = "map")]
    at: ToldFigure,
    /// What to commit: judge the scenario's contract offers, or those that are named
    #[arg(long, value_name = "OFFER", num_args = 0.., conflicts_with_all = ["solve", "map"])]
    commit: Option<Vec<String>>,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// Asks the mode that the arguments name, prints its answer and writes it.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    arguments.shown.prepare(&arguments.run)?;
    let answer = match (&arguments.solve, &arguments.until, &arguments.commit, arguments.map.as_slice()) {
        (Some(path), Some(until), ..) => solve::run(arguments, path, until)?,
        (_, _, Some(names), _) => commit::run(arguments, names)?,
        (_, _, _, axes) if !axes.is_empty() => map::run(arguments, axes)?,
        _ => {
            return Err(Failure::usage(
                "what is to be optimised?",
                "give --solve PATH --until GOAL, --map PATH=LOW..HIGH twice, or --commit",
            ));
        }
    };
    arguments.shown.deliver(answer)
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
