//! `tollcast capacity`: whether rate limits and provisioned units hold, or the provider's own sizing of units.

use std::path::{Path, PathBuf};

use clap::Args;

use super::answer::{Answer, Shown};
use super::logs::LogArguments;
use super::outcome::{Exit, Failure, print, say};
use super::run::{DEFAULT_SEED, LIVING, pricing_words, quoted, scenarios};
use super::simulate::width;
use super::{Format, PricingArguments, files, progress};
use crate::analysis::capacity::{CapacityAnalysis, FUTURES, HOURS, Lived, capacity, capacity_of_log};
use crate::billing::{Load, size};
use crate::catalogue::{CapacityOffer, Catalogue, Wanted};
use crate::domain::format::thousands;
use crate::domain::number::parse_number;
use crate::domain::problem::{Code, suggest};
use crate::domain::route::RouteId;
use crate::domain::time::{Instant, horizon};
use crate::engine::capacity::{SECOND, Seen};
use crate::engine::{Estimator, Options, Sampler};
use crate::render::{
    CapacityAnswer, Manifest, SizingReport, capacity_charts, capacity_holds_json, capacity_sheets,
    sizing_json, sizing_sheet,
};
use crate::workload::Scenario;

/// The most requests of a log: each takes some fifty bytes.
const MOST_LOGGED: usize = 20_000_000;

/// Arguments of `capacity`.
#[derive(Args)]
pub struct Arguments {
    /// The scenario file; - is standard input
    #[arg(value_name = "SCENARIO", required_unless_present = "ptu", conflicts_with = "ptu")]
    scenario: Option<PathBuf>,
    /// Hours that are lived through second by second, of many futures, busy ones more often; or all: every hour of
    /// the horizon in the future of median volume
    #[arg(long, value_name = "N", default_value_t = Hours(Lived::Some(HOURS)), value_parser = Hours::parse)]
    hours: Hours,
    /// Seed of all random numbers (default: the scenario's, else 1)
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; changes the speed, never the result (default: one per core)
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u16).range(0..=1024))]
    threads: u16,
    /// The provider's own sizing of provisioned units instead, for instance azure/gpt-5.4@global; `regional` is any
    /// single region
    #[arg(long, value_name = "MODEL@REGION", requires_all = ["rpm", "input", "output"])]
    ptu: Option<String>,
    /// With --ptu: requests per minute
    #[arg(long, value_name = "N", requires = "ptu", value_parser = at_least_one)]
    rpm: Option<u64>,
    /// With --ptu: input tokens of a request, cached ones included
    #[arg(long, value_name = "N", requires = "ptu", value_parser = at_least_one)]
    input: Option<u64>,
    /// With --ptu: output tokens of a request
    #[arg(long, value_name = "N", requires = "ptu", value_parser = whole)]
    output: Option<u64>,
    /// With --ptu: the share of the input that is cached, for instance 50% (default: none)
    #[arg(long, value_name = "SHARE", requires = "ptu", value_parser = share)]
    cached: Option<u64>,
    /// The requests of a usage log, when they came, instead of the scenario's; routes, limits and clients are the
    /// scenario's. Their own latency counts where the log tells it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ptu", "hours"])]
    log: Option<PathBuf>,
    #[command(flatten)]
    logs: LogArguments,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// Which hours are lived through.
#[derive(Clone, Copy, Debug)]
struct Hours(Lived);

impl Hours {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Hours(Lived::All));
        }
        match text.parse() {
            Ok(count) if (20..=100_000).contains(&count) => Ok(Hours(Lived::Some(count))),
            _ => Err("expected 20 to 100000 hours, or all".to_owned()),
        }
    }
}

impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Lived::Some(count) => write!(f, "{count}"),
            Lived::All => write!(f, "all"),
        }
    }
}

/// Answers for a scenario, or sizes units.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if let Some(name) = &arguments.ptu {
        return sizing(arguments, name);
    }
    let Some(path) = &arguments.scenario else {
        return Err(Failure::usage("which scenario?", "name a file, or give --ptu"));
    };
    arguments.shown.refuse_csv()?;
    arguments.shown.probe()?;
    let (mut scenarios, catalogue) = scenarios(std::slice::from_ref(path), &arguments.pricing)?;
    let scenario = scenarios.remove(0);
    let options = Options {
        seed: arguments.seed.or(scenario.seed).unwrap_or(DEFAULT_SEED),
        trials: FUTURES,
        threads: usize::from(arguments.threads),
        estimator: Estimator::Exact,
        sampler: Sampler::Sobol,
    };
    let (found, span) = match &arguments.log {
        Some(log) => {
            let (seen, begun) = requests_of(log, &arguments.logs, &catalogue)?;
            let (first, last) = (seen.first().map_or(0, |one| one.at), seen.last().map_or(0, |one| one.at));
            let minutes = (last - first) / (60 * SECOND) + 1;
            (
                capacity_of_log(&scenario, &options, seen, begun)?,
                format!("the log's {} minute{}", thousands(minutes), if minutes == 1 { "" } else { "s" }),
            )
        }
        None => (of_hours(&scenario, &options, arguments.hours.0)?, horizon(&scenario.months)),
    };
    let lived = match &arguments.log {
        Some(log) => format!("--log {}", quoted(&log.display().to_string())),
        None => format!("--hours {}", arguments.hours),
    };
    let command = format!(
        "tollcast capacity {} {lived} --seed {}{}",
        quoted(&path.display().to_string()),
        options.seed,
        pricing_words(&arguments.pricing)
    );
    let answer = CapacityAnswer {
        title: scenario.name.clone(),
        question: scenario.question.clone(),
        horizon: span,
        manifest: Manifest::new(&scenario, &catalogue, &options, command),
        client: scenario.capacity.client,
        found,
    };
    arguments.shown.deliver(Answer {
        name: "capacity",
        sheets: capacity_sheets(&answer),
        json: capacity_holds_json(&answer)?,
        charts: capacity_charts(&answer)?,
        manifest: answer.manifest,
    })
}

fn of_hours(scenario: &Scenario, options: &Options, lived: Lived) -> Result<CapacityAnalysis, Failure> {
    progress::spin(LIVING, false, || capacity(scenario, options, lived)).map_err(|error| {
        let help = "ask for fewer --hours, or divide volume, limits and units by a thousand: shares come out rather too \
                    large then, as small numbers scatter more";
        Failure::usage(&error.to_string(), help)
    })
}

/// The requests of a log, in the order of time, and the hour in which it begins.
fn requests_of(
    log: &Path,
    logs: &LogArguments,
    catalogue: &Catalogue,
) -> Result<(Vec<Seen>, Instant), Failure> {
    let mut rows: Vec<(i64, Seen)> = Vec::new();
    let mut sums = false;
    let reading = logs.read(log, catalogue, &mut |record| {
        sums |= record.span_ms.is_some() || record.requests != 1;
        if rows.len() <= MOST_LOGGED {
            let usage = &record.usage;
            let service = record.latency_ms.map(|latency| latency * 1_000);
            let seen = Seen {
                at: 0,
                input: usage.input as f64,
                cached: usage.cached as f64,
                output: usage.output as f64,
                service,
            };
            rows.push((record.at_ms, seen));
        }
    })?;
    super::logs::remarks(log, &reading).iter().for_each(|remark| say(remark));
    let name = log.display();
    if sums {
        let title = format!("{name} holds sums over requests: when each of them came is not known");
        return Err(Failure::problem(
            Code::Conflict,
            &title,
            "capacity needs a log with a row for every request",
        ));
    }
    if rows.is_empty() || rows.len() > MOST_LOGGED {
        let title = format!("{name} has {} requests", if rows.is_empty() { "no usable" } else { "too many" });
        let help = format!("1 to {} can be lived through", thousands(MOST_LOGGED as u64));
        return Err(Failure::problem(Code::Empty, &title, &help));
    }
    rows.sort_by_key(|(at, _)| *at);
    // Windows of limits begin with whole seconds and minutes of the clock, not of the log.
    let hour = rows[0].0.div_euclid(3_600_000);
    let since = |(at, seen): (i64, Seen)| Seen { at: (at - hour * 3_600_000).unsigned_abs() * 1_000, ..seen };
    Ok((rows.into_iter().map(since).collect(), Instant::from_unix_seconds(hour * 3_600)))
}

/// The provider's own sizing of a steady load.
fn sizing(arguments: &Arguments, name: &str) -> Result<Exit, Failure> {
    let (Some(requests), Some(input), Some(output)) = (arguments.rpm, arguments.input, arguments.output)
    else {
        return Err(Failure::usage("--ptu needs a load", "give --rpm, --input and --output"));
    };
    let written = if name.contains('/') { name.to_owned() } else { format!("azure/{name}") };
    let route =
        RouteId::parse(&written).map_err(|why| Failure::usage(&format!("--ptu {name}: {why}"), ""))?;
    let catalogue = files::catalogue(&arguments.pricing, &Wanted::Named(vec![route.provider.clone()]))?;
    let (route, offer) = unit_offer(&catalogue, &route)?;
    let load = Load { requests, input, output, cached_millionths: arguments.cached.unwrap_or(0) };
    if let Some(most) = offer.maximum_prompt_tokens.filter(|most| input > *most) {
        return Err(Failure::problem(
            Code::OutOfRange,
            &format!("{route}: prompts of {input} tokens are refused by provisioned units"),
            &format!("they take up to {most}; longer ones are served by the token"),
        ));
    }
    let Some(sizing) = size(offer, &load) else {
        return Err(Failure::problem(
            Code::NoPrice,
            &format!("{route}: what one {} serves is not published as input tokens with weights", offer.unit),
            "add it to a price file of your own (--pricing)",
        ));
    };
    let report = SizingReport::new(route.to_string(), offer, load, sizing);
    print(&match arguments.shown.format() {
        Format::Json => sizing_json(&report)?,
        Format::Csv => sizing_sheet(&report).csv()?,
        Format::Markdown => sizing_sheet(&report).markdown(),
        Format::Table => sizing_sheet(&report).terminal(width()),
    })?;
    Ok(Exit::Answered)
}

/// The units of a model and region on the last day that its prices were checked.
fn unit_offer<'a>(
    catalogue: &'a Catalogue,
    route: &RouteId,
) -> Result<(RouteId, &'a CapacityOffer), Failure> {
    let plain = RouteId { region: None, ..route.with_tier(crate::domain::route::STANDARD) };
    let sold = catalogue.offer(&plain).map_err(|error| super::unsold(&plain, error))?;
    let all = &sold.model.capacity;
    let Some(any) = all.first() else {
        return Err(Failure::problem(
            Code::NoPrice,
            &format!("{plain}: no provisioned units are sold"),
            "`tollcast prices show` lists them under capacity",
        ));
    };
    let named = |error| super::unsold(&plain, error);
    let region = catalogue.unit_region(route).map_err(named)?.to_owned();
    let route = RouteId { region: Some(region), ..plain.with_tier(&any.unit.to_lowercase()) };
    let newest = all.iter().map(|offer| offer.from.max(offer.source.checked)).max().unwrap_or(any.from);
    match catalogue.capacity(&route, newest) {
        Ok(offer) => Ok((route, offer)),
        Err(error) => {
            let regions: Vec<&str> =
                all.iter().flat_map(|offer| offer.regions.iter().map(String::as_str)).collect();
            let wanted = route.region.as_deref().unwrap_or_default();
            let help = suggest(wanted, regions.iter().copied());
            Err(Failure::problem(error.code(), &format!("{route}: {}", error.title), &help))
        }
    }
}

fn whole(text: &str) -> Result<u64, String> {
    match parse_number(text) {
        Ok(number) if number.value >= 0.0 && number.value.fract() == 0.0 && number.value <= 1e12 => {
            Ok(number.value as u64)
        }
        _ => Err("expected a whole number, for instance 2000 or 2k".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<u64, String> {
    whole(text).and_then(|number| if number > 0 { Ok(number) } else { Err("expected at least 1".to_owned()) })
}

/// A share in millionths.
fn share(text: &str) -> Result<u64, String> {
    match parse_number(text) {
        Ok(number) if (0.0..=1.0).contains(&number.value) => Ok((number.value * 1e6).round() as u64),
        _ => Err("expected a share from 0% to 100%".to_owned()),
    }
}
