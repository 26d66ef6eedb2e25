//! `tollcast prices list`.

use clap::Args;

use super::filter::Filter;
use super::{ViewArguments, printed};
use crate::catalogue::{Catalogue, Wanted};
use crate::cli::outcome::{Exit, Failure, print};
use crate::cli::{Format, files};
use crate::domain::route::{RouteId, STANDARD};
use crate::render::{list_sheet, listed_routes, to_json};

/// Arguments of `prices list`.
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    filter: Filter,
    /// Every tier and region, not only the standard tier in the provider's default region
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    view: ViewArguments,
}

/// Prints the list.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let catalogue = files::catalogue(&arguments.view.pricing, &Wanted::All)?;
    arguments.filter.refuse_unknown(&catalogue)?;
    let at = arguments.view.at(&catalogue);
    let known = catalogue.routes();
    let chosen: Vec<RouteId> =
        known.iter().filter(|route| fits(arguments, &catalogue, route)).cloned().collect();
    let routes = listed_routes(&catalogue, &chosen, at);
    let text = match arguments.view.format {
        Format::Json => to_json(&routes)?,
        format => {
            let mut sheet = list_sheet(&routes, at);
            let hidden = known.len() - chosen.len();
            if hidden > 0 && !arguments.all && arguments.filter.tier.is_none() {
                sheet.notes.push(format!(
                    "{} routes of {}; --all shows other tiers and regions too. Prices by band stand as a · b, by rule means the provider states the rule.",
                    routes.len(),
                    known.len()
                ));
            }
            let foreign: Vec<&str> = catalogue
                .providers
                .iter()
                .filter(|provider| !provider.currency.is_usable())
                .map(|provider| provider.id.as_str())
                .collect();
            if !foreign.is_empty() {
                sheet.notes.push(format!(
                    "Not listed, as their currency has no --exchange rate: {}.",
                    foreign.join(", ")
                ));
            }
            printed(&sheet, format)?
        }
    };
    print(&text)?;
    Ok(Exit::Answered)
}

/// Whether a route is listed: where no tier is named, those that a bare model name means.
fn fits(arguments: &Arguments, catalogue: &Catalogue, route: &RouteId) -> bool {
    let plain = route.tier == STANDARD && route.region.is_none();
    (arguments.all || arguments.filter.tier.is_some() || plain) && arguments.filter.fits(catalogue, route)
}
