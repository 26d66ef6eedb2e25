//! `tollcast prices show` and `tollcast prices history`.

use clap::Args;

use super::{ViewArguments, printed};
use crate::catalogue::Wanted;
use crate::cli::outcome::{Exit, Failure, print};
use crate::cli::{Format, PricingArguments, files, unsold};
use crate::domain::route::RouteId;
use crate::render::{history_sheet, rate_limits_sheet, show_sheet, shown_route, to_json};

/// Arguments of `prices show`.
#[derive(Args)]
pub struct ShowArguments {
    /// A route, such as azure/gpt-5.4:batch@datazone-us
    #[arg(value_name = "ROUTE", value_parser = RouteId::parse)]
    route: RouteId,
    #[command(flatten)]
    view: ViewArguments,
}

/// Arguments of `prices history`.
#[derive(Args)]
pub struct HistoryArguments {
    /// A route, such as deepseek/deepseek-v4-pro
    #[arg(value_name = "ROUTE", value_parser = RouteId::parse)]
    route: RouteId,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// Prints what holds on a route.
pub fn run(arguments: &ShowArguments) -> Result<Exit, Failure> {
    let catalogue = files::catalogue(&arguments.view.pricing, &Wanted::All)?;
    let at = arguments.view.at(&catalogue);
    let offer = catalogue.offer(&arguments.route).map_err(|error| unsold(&arguments.route, error))?;
    let shown = shown_route(&arguments.route, offer, at)
        .ok_or_else(|| unsold(&arguments.route, offer.no_price_at(at)))?;
    print(&match arguments.view.format {
        Format::Json => to_json(&shown)?,
        // A second table has other columns: rows for scripts are the prices alone.
        Format::Csv => printed(&show_sheet(&shown), Format::Csv)?,
        format => {
            let sheets = std::iter::once(show_sheet(&shown)).chain(rate_limits_sheet(&shown));
            let texts: Result<Vec<String>, _> = sheets.map(|sheet| printed(&sheet, format)).collect();
            texts?.join("\n")
        }
    })?;
    Ok(Exit::Answered)
}

/// Prints the dated prices of a route.
pub fn history(arguments: &HistoryArguments) -> Result<Exit, Failure> {
    let catalogue = files::catalogue(&arguments.pricing, &Wanted::All)?;
    let offer = catalogue.offer(&arguments.route).map_err(|error| unsold(&arguments.route, error))?;
    let entries = crate::render::history(offer);
    print(&match arguments.format {
        Format::Json => to_json(&entries)?,
        format => printed(&history_sheet(&arguments.route, &entries), format)?,
    })?;
    Ok(Exit::Answered)
}
