//! `tollcast price`: what one request costs, exactly, and by which rule.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::logs::LogArguments;
use super::outcome::{Exit, Failure, print, say};
use super::replay;
use super::simulate::width;
use super::values::{meter_use, quantity, tokens};
use super::{Format, PricingArguments, files, unsold};
use crate::billing::{BillError, Order, QuoteError, Scope, Usage, pay_as_you_go, quote};
use crate::catalogue::{CapacityOffer, Catalogue, Contract, Counting, Offer, WEB_SEARCH, Wanted};
use crate::domain::problem::Code;
use crate::domain::quantity::Quantity;
use crate::domain::route::RouteId;
use crate::domain::time::{Instant, month_days};
use crate::render::{
    CapacityReport, QuoteReport, Sheet, capacity_sheet, quote_sheet, quotes_csv, quotes_json, quotes_sheet,
    to_json,
};

/// Arguments of `price`.
#[derive(Args)]
pub struct Arguments {
    /// Routes, such as openai/gpt-5.4, azure/gpt-5.4:batch@datazone-us or azure/gpt-5.4:ptu@global
    #[arg(required_unless_present = "log", value_name = "ROUTE", value_parser = RouteId::parse)]
    routes: Vec<RouteId>,
    /// Price a whole usage log instead of one request; - is standard input
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// With --log: price all rows on this route, whatever they name; several are priced one beside the other
    #[arg(long, value_name = "ROUTE", value_parser = RouteId::parse, requires = "log")]
    route: Vec<RouteId>,
    #[command(flatten)]
    logs: LogArguments,
    /// When: a date (midnight UTC) or an instant; the last day on which prices were checked if absent, or with
    /// --log each row's own time
    #[arg(long, value_name = "DATE", value_parser = Instant::parse)]
    on: Option<Instant>,
    #[command(flatten)]
    usage: UsageArguments,
    /// Anything else that is billed, such as file_search=3 or web_search:low=2; `prices show` lists it
    #[arg(long = "use", value_name = "METER=N", value_parser = meter_use)]
    uses: Vec<(String, Option<String>, Quantity)>,
    /// Calls of the web search
    #[arg(long, value_name = "N", value_parser = quantity)]
    searches: Option<Quantity>,
    /// Whether the quantities are those of one request or of a month, for free allowances
    #[arg(long, value_enum, default_value_t = ScopeArgument::Request)]
    scope: ScopeArgument,
    /// Requests in the month, for allowances per request
    #[arg(long, value_name = "N")]
    requests: Option<u64>,
    /// Provisioned units, with --hours
    #[arg(long, value_name = "N", requires = "hours", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    units: Option<u64>,
    /// How long the units are deployed; they are billed by the minute
    #[arg(long, value_name = "HOURS", value_parser = quantity, requires = "units")]
    hours: Option<Quantity>,
    /// A contract file, laid over the list prices
    #[arg(long, value_name = "FILE")]
    contract: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// Token counts. Numbers such as 272_001, 100k and 1.2M are understood.
#[derive(Args)]
struct UsageArguments {
    /// All input tokens, cached and written ones included
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    input: u64,
    /// Those that a cache served
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    cached: u64,
    /// Those of them that a cache of your own served, where that has another price
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    explicit_cached: u64,
    /// Those written to the cache for its default lifetime
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    cache_write: u64,
    /// Those written to the cache for an hour
    #[arg(long = "cache-write-1h", value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    cache_write_1h: u64,
    /// Those written to the cache for twelve hours
    #[arg(long = "cache-write-12h", value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    cache_write_12h: u64,
    /// Those that were audio
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    audio_input: u64,
    /// Audio that a cache served
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    cached_audio: u64,
    /// Those that were images
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    image_input: u64,
    /// Images that a cache served
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    cached_image: u64,
    /// Those that were video
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    video_input: u64,
    /// All output tokens, reasoning included
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    output: u64,
    /// Those that were reasoning
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    reasoning: u64,
    /// Output that was audio
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    audio_output: u64,
    /// Output that was images
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    image_output: u64,
    /// Tokens of cited sources, beside input and output
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = tokens)]
    citations: u64,
    /// Take the counts as the provider's own usage records give them: Anthropic and Bedrock, for instance, count
    /// cached and written tokens beside input, not inside
    #[arg(long)]
    as_recorded: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScopeArgument {
    /// One request
    Request,
    /// All that the month of --on used
    Month,
}

/// Prices the order on every route and prints the bills.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if !arguments.log.is_empty() {
        let routes = arguments.routes.iter().chain(&arguments.route).cloned().collect();
        return replay::run(&replay::Job {
            logs: &arguments.log,
            routes,
            how: &arguments.logs,
            on: arguments.on,
            format: arguments.format,
            pricing: &arguments.pricing,
        });
    }
    if arguments.requests.is_some() && arguments.scope == ScopeArgument::Request {
        return Err(Failure::usage(
            "--requests beside one request",
            "it counts those of a month: add --scope month",
        ));
    }
    let catalogue = files::catalogue(&arguments.pricing, &wanted(arguments))?;
    let at = arguments.on.unwrap_or(catalogue.as_of);
    if arguments.units.is_some() {
        return units(arguments, &catalogue, at);
    }
    let contract = arguments.contract.as_deref().map(|path| files::contract(path, &catalogue)).transpose()?;
    if contract
        .as_ref()
        .is_some_and(|contract| arguments.routes.iter().all(|route| !contract.holds(&route.provider, at)))
    {
        say("note: the contract holds for none of these routes at that time");
    }
    let scope = scope(arguments, at);
    let mut reports = Vec::new();
    for route in &arguments.routes {
        reports.push(report(route, arguments, &catalogue, at, scope, contract.as_ref())?);
    }
    print(&printed(&reports, arguments.format, scope)?)?;
    Ok(Exit::Answered)
}

/// A contract is held against the prices of its provider, whichever that is.
fn wanted(arguments: &Arguments) -> Wanted {
    match arguments.contract {
        Some(_) => Wanted::All,
        None => Wanted::Named(arguments.routes.iter().map(|route| route.provider.clone()).collect()),
    }
}

fn scope(arguments: &Arguments, at: Instant) -> Scope {
    match arguments.scope {
        ScopeArgument::Request => Scope::Request,
        ScopeArgument::Month => {
            Scope::Month { days: month_days(at), requests: arguments.requests.unwrap_or(1) }
        }
    }
}

fn report(
    route: &RouteId,
    arguments: &Arguments,
    catalogue: &Catalogue,
    at: Instant,
    scope: Scope,
    contract: Option<&Contract>,
) -> Result<QuoteReport, Failure> {
    let offer = catalogue.offer(route).map_err(|error| unsold(route, error))?;
    let (usage, mut remarks) = usage(&arguments.usage, offer);
    let stated = arguments.uses.iter().cloned();
    let searches = arguments.searches.map(|count| (WEB_SEARCH.to_owned(), None, count));
    // The same meter named twice is one quantity: allowances and minimums hold once.
    let mut uses: Vec<(String, Option<String>, Quantity)> = Vec::new();
    for (name, level, count) in stated.chain(searches) {
        match uses.iter_mut().find(|(known, at, _)| *known == name && *at == level) {
            Some(known) => known.2 = known.2.plus(count),
            None => uses.push((name, level, count)),
        }
    }
    if usage == Usage::default() && uses.is_empty() {
        return Err(Failure::usage("nothing to price", "give --input, --output, --searches or --use"));
    }
    let order = Order { usage, uses, scope };
    let quote = quote(offer, at, &order, contract).map_err(|error| refused(route, offer, at, error))?;
    if quote.contract.is_none() && contract.is_some() {
        remarks
            .push("The contract has no term for this route at that time: these are list prices.".to_owned());
    }
    if contract.is_some_and(|contract| quote.contract.is_some() && contract.settles_months()) {
        remarks.push(
            "The contract's volume steps, commitment and credit settle whole months; this order is before them."
                .to_owned(),
        );
    }
    let agreed = contract.map(|contract| (contract.name.as_str(), contract.source.source.as_str()));
    Ok(QuoteReport::new(route.to_string(), &quote, scope, agreed, remarks))
}

/// The order's tokens in tollcast's way of counting, and what has to be said of it.
fn usage(arguments: &UsageArguments, offer: Offer<'_>) -> (Usage, Vec<String>) {
    let a = arguments;
    let mut usage = Usage {
        input: a.input,
        cached: a.cached,
        explicit_cached: a.explicit_cached,
        written: a.cache_write,
        written_1h: a.cache_write_1h,
        written_12h: a.cache_write_12h,
        audio_input: a.audio_input,
        cached_audio: a.cached_audio,
        image_input: a.image_input,
        cached_image: a.cached_image,
        video_input: a.video_input,
        output: a.output,
        reasoning: a.reasoning,
        audio_output: a.audio_output,
        image_output: a.image_output,
        video_output: 0,
        citation: a.citations,
    };
    let inside = usage.cached + usage.written + usage.written_1h + usage.written_12h;
    let cached_beside = offer.cached_tokens() == Counting::Beside && inside > 0;
    let reasoning_beside = offer.reasoning_tokens() == Counting::Beside && usage.reasoning > 0;
    let mut remarks = Vec::new();
    let provider = &offer.provider.name;
    if a.as_recorded {
        if cached_beside {
            usage.input = usage.input.saturating_add(inside);
            remarks.push(format!(
                "{provider} counts cached and written tokens beside input: {} tokens in all.",
                usage.input
            ));
        }
        if reasoning_beside {
            usage.output = usage.output.saturating_add(usage.reasoning);
            remarks
                .push(format!("{provider} counts reasoning beside output: {} tokens in all.", usage.output));
        }
    } else if cached_beside || reasoning_beside {
        let (part, whole) =
            if cached_beside { ("cached and written tokens", "input") } else { ("reasoning", "output") };
        remarks.push(format!(
            "{part} were taken as part of --{whole}; {provider}'s own records count them beside it: for such numbers add --as-recorded."
        ));
    }
    (usage, remarks)
}

/// A quote that cannot be given, with what to do.
fn refused(route: &RouteId, offer: Offer<'_>, at: Instant, error: QuoteError) -> Failure {
    let title = format!("{route}: {error}");
    let help = match &error {
        QuoteError::NoPrice(lookup) => lookup.help.clone(),
        QuoteError::NoMeter { known, .. } if known.is_empty() => {
            "nothing beside tokens is priced on this route then".to_owned()
        }
        QuoteError::NoMeter { known, .. } => format!("what is sold: {}", known.join(", ")),
        QuoteError::MonthOfBands | QuoteError::MonthOfHours => {
            "price a typical request, or simulate the month".to_owned()
        }
        QuoteError::Bill(BillError::PartAboveWhole { .. }) => {
            if offer.cached_tokens() == Counting::Beside {
                format!(
                    "--input is all input, cached and written tokens included; {}'s own records count them beside it: for such numbers add --as-recorded",
                    offer.provider.name
                )
            } else {
                "--input is all input, cached and written tokens included; --output is all output, reasoning included".to_owned()
            }
        }
        QuoteError::Bill(BillError::TooLong { .. }) => {
            "shorten the prompt, or choose a route that sells longer ones".to_owned()
        }
        QuoteError::Bill(BillError::NoPrice { .. }) => {
            let known = offer.slot_at(at).map(|slot| {
                let rates = offer.card(slot).bands[0].rates;
                rates
                    .known()
                    .filter(|(_, price)| price.rate().is_some())
                    .map(|(c, _)| c.name())
                    .collect::<Vec<_>>()
                    .join(", ")
            });
            format!("unknown is not free: what is priced here: {}", known.unwrap_or_default())
        }
    };
    let code = match &error {
        QuoteError::Bill(BillError::PartAboveWhole { .. })
        | QuoteError::MonthOfBands
        | QuoteError::MonthOfHours => Code::Conflict,
        _ => Code::NoPrice,
    };
    Failure::problem(code, &title, &help)
}

fn printed(reports: &[QuoteReport], format: Format, scope: Scope) -> anyhow::Result<String> {
    let sheet = || match reports {
        [one] => quote_sheet(one, scope),
        many => quotes_sheet(many),
    };
    Ok(match format {
        Format::Json => quotes_json(reports)?,
        Format::Csv => quotes_csv(reports).csv()?,
        Format::Markdown => sheet().markdown(),
        Format::Table => sheet().terminal(width()),
    })
}

/// Provisioned units by the hour, beside their reservations.
fn units(arguments: &Arguments, catalogue: &Catalogue, at: Instant) -> Result<Exit, Failure> {
    refuse_beside_units(arguments)?;
    let units = arguments.units.unwrap_or_default();
    // Every started minute counts.
    let minutes = (u128::from(arguments.hours.unwrap_or_default().millionths()) * 60).div_ceil(1_000_000);
    let minutes = u64::try_from(minutes).unwrap_or(u64::MAX);
    let mut reports: Vec<CapacityReport> = Vec::new();
    for route in &arguments.routes {
        let offer = catalogue.capacity(route, at).map_err(|error| unsold(route, error))?;
        refuse_size(route, offer, units)?;
        let total = pay_as_you_go(offer, units, minutes).ok_or_else(|| {
            Failure::problem(
                Code::NoPrice,
                &format!("{route}: no price without a commitment is published"),
                "`tollcast prices show` lists the commitments",
            )
        })?;
        reports.push(CapacityReport::new(route.to_string(), offer, units, minutes, total, at));
    }
    let text = match arguments.format {
        Format::Json => match reports.as_slice() {
            [one] => to_json(one)?,
            many => to_json(&many)?,
        },
        format => {
            let sheets: Vec<Sheet> = reports.iter().map(capacity_sheet).collect();
            let texts: Vec<String> = sheets
                .iter()
                .map(|sheet| match format {
                    Format::Csv => sheet.csv(),
                    Format::Markdown => Ok(sheet.markdown()),
                    _ => Ok(sheet.terminal(width())),
                })
                .collect::<anyhow::Result<_>>()?;
            texts.join("\n")
        }
    };
    print(&text)?;
    Ok(Exit::Answered)
}

/// Units are paid by the hour, whatever they serve: nothing else that is given can be part of the bill.
fn refuse_beside_units(arguments: &Arguments) -> Result<(), Failure> {
    let usage = &arguments.usage;
    let tokens = [
        usage.input,
        usage.cached,
        usage.explicit_cached,
        usage.cache_write,
        usage.cache_write_1h,
        usage.cache_write_12h,
        usage.audio_input,
        usage.cached_audio,
        usage.image_input,
        usage.cached_image,
        usage.video_input,
        usage.output,
        usage.reasoning,
        usage.audio_output,
        usage.image_output,
        usage.citations,
    ];
    let given = [
        ("tokens", tokens.iter().any(|count| *count > 0) || usage.as_recorded),
        ("--use or --searches", !arguments.uses.is_empty() || arguments.searches.is_some()),
        ("--contract", arguments.contract.is_some()),
        ("--scope month", arguments.scope == ScopeArgument::Month),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((what, _)) => Err(Failure::usage(
            &format!("{what} beside --units"),
            "units are billed by the hour alone: price the rest in a call of its own",
        )),
        None => Ok(()),
    }
}

/// Units are sold from a minimum on and in steps.
fn refuse_size(route: &RouteId, offer: &CapacityOffer, units: u64) -> Result<(), Failure> {
    if units >= offer.minimum_units && units.is_multiple_of(offer.increment_units.max(1)) {
        return Ok(());
    }
    let next = units.div_ceil(offer.increment_units.max(1)) * offer.increment_units.max(1);
    Err(Failure::problem(
        Code::OutOfRange,
        &format!("{route}: {units} units are not sold"),
        &format!(
            "they come from {} on in steps of {}; the next size is {}",
            offer.minimum_units,
            offer.increment_units,
            next.max(offer.minimum_units)
        ),
    ))
}
