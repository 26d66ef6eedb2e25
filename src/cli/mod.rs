//! The command line: arguments, files, progress, exit codes. Every command is one file; the pipeline of
//! each is visible in one short function.

mod answer;
mod backtest;
mod capacity;
mod check;
mod compare;
mod destination;
mod explain;
mod files;
mod fit;
mod folder;
mod init;
mod interrupt;
mod logs;
mod merge;
mod optimize;
mod outcome;
mod partial;
mod price;
mod prices;
mod problems;
mod progress;
mod replay;
mod run;
mod schema;
mod sensitivity;
mod simulate;
mod values;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::catalogue::{ExchangeRate, LookupError};

pub use outcome::{Exit, Failure};

/// Forecasts what large-language-model APIs will cost, offline.
///
/// Exit codes: 0 answered; 1 could not be done (files, a defect of ours); 2 bad input or usage;
/// 3 the answer breaks a stated budget or expectation (--fail-on).
#[derive(Parser)]
#[command(name = "tollcast", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Forecast the spend of scenarios on all their routes
    Simulate(simulate::Arguments),
    /// Join the parts of a forecast that ran as several shards
    Merge(merge::Arguments),
    /// What-ifs: scenarios against the first one, on the same random numbers
    Compare(compare::Arguments),
    /// What moves the answer: assumptions and prices, shares of the variance, the worst futures
    Sensitivity(sensitivity::Arguments),
    /// Goal seek, break-even maps and commitments: where another route wins, what the budget carries, what to sign
    Optimize(optimize::Arguments),
    /// Whether capacity holds: rate limits, refusals, queues, requests at once, provisioned units
    Capacity(capacity::Arguments),
    /// The exact bill of one request, itemised, with its rule and source; or of a whole usage log
    Price(price::Arguments),
    /// What the price files say: list, show, history, diff, check, import, export
    Prices(prices::Arguments),
    /// Turn a usage log into a scenario with ranges as wide as the log is short
    Fit(fit::Arguments),
    /// How often forecasts from a log would have held: the model against its rivals, on what came
    Backtest(backtest::Arguments),
    /// Check scenarios, price files and contracts without simulating
    Check(check::Arguments),
    /// Print a commented scenario to start from
    Init(init::Arguments),
    /// Print the JSON Schema of scenarios or price files, for editors
    Schema(schema::Arguments),
    /// Explain a problem's code
    Explain(explain::Arguments),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where prices come from.
#[derive(Args, Clone)]
struct PricingArguments {
    /// Folder with price files (*.yaml); each replaces the built-in file of the same provider
    #[arg(long, value_name = "DIR")]
    pricing: Option<std::path::PathBuf>,
    /// Exchange rate for price files in another currency: US dollars for one unit, and the day of the rate
    #[arg(long, value_name = "EUR=1.08@DATE", value_parser = ExchangeRate::parse)]
    exchange: Vec<ExchangeRate>,
}

/// How to simulate.
#[derive(Args, Clone)]
struct RunArguments {
    /// Possible futures to draw, 2 to 10 million (default: the scenario's, else 8,192; sensitivity 1,024, optimize 2,048 with --solve and 128 in every cell of --map, whatever the scenario says)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    trials: Option<u32>,
    /// Seed of all random numbers (default: the scenario's, else 1)
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; changes the speed, never the result (default: one per core)
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u16).range(0..=1024))]
    threads: u16,
    /// How a month's token sums come about
    #[arg(long, value_enum, default_value_t = EstimatorArgument::Auto)]
    estimator: EstimatorArgument,
    /// Where the uncertain assumptions' numbers come from
    #[arg(long, value_enum, default_value_t = SamplerArgument::Sobol)]
    sampler: SamplerArgument,
    /// Twice as many trials again and again until the error of every route's P90 is below this, 0.001% to 50%
    #[arg(long, value_name = "SHARE", value_parser = Precision::parse)]
    precision: Option<Precision>,
    /// No progress bar
    #[arg(long, short)]
    quiet: bool,
}

/// A relative error, written as `0.5%` or `0.005`.
#[derive(Clone, Copy, Debug)]
struct Precision(f64);

impl Precision {
    fn parse(text: &str) -> Result<Self, String> {
        let (number, unit) = match text.strip_suffix('%') {
            Some(number) => (number, 0.01),
            None => (text, 1.0),
        };
        match number.trim().parse::<f64>() {
            Ok(value) if value * unit >= 1e-5 && value * unit <= 0.5 => Ok(Precision(value * unit)),
            _ => Err("expected a share between 0.001% and 50%, for instance 0.5%".to_owned()),
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum SamplerArgument {
    /// Scrambled Sobol points: evenly spread, far smaller errors
    Sobol,
    /// Independent random numbers
    Random,
}

#[derive(Clone, Copy, ValueEnum)]
enum EstimatorArgument {
    /// Exact where that takes a moment, else fast
    Auto,
    /// From the moments of a request
    Fast,
    /// By drawing every single request: slow, the audit of `fast`
    Exact,
    /// The same by fused multiply-add: a fifth faster, equally reproducible, other digits from the eighth on
    ExactFma,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For scripts
    Json,
    /// One row per route and month
    Csv,
    /// For documents and comments
    Markdown,
}

/// A route that cannot be bought, as a failure.
fn unsold(route: &crate::domain::route::RouteId, error: LookupError) -> Failure {
    Failure::problem(error.code(), &format!("{route}: {}", error.title), &error.help)
}

/// Runs the command line and returns its exit code.
pub fn main() -> std::process::ExitCode {
    let result = match Cli::parse().command {
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Merge(arguments) => merge::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Sensitivity(arguments) => sensitivity::run(&arguments),
        Command::Optimize(arguments) => optimize::run(&arguments),
        Command::Capacity(arguments) => capacity::run(&arguments),
        Command::Price(arguments) => price::run(&arguments),
        Command::Prices(arguments) => prices::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::Backtest(arguments) => backtest::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Completions { shell } => completions(shell),
    };
    outcome::report(result)
}

fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tollcast", &mut script);
    outcome::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Answered)
}
