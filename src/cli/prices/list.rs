//! `tollcast prices list`.

use std::collections::BTreeSet;

use clap::Args;

use super::{ViewArguments, printed};
use crate::catalogue::{CAPABILITIES, Catalogue, Model, TIERS};
use crate::cli::outcome::{Exit, Failure, print};
use crate::cli::{Format, files};
use crate::domain::problem::{Code, suggest};
use crate::domain::route::{RouteId, STANDARD};
use crate::render::{list_sheet, listed_routes, to_json};

/// Arguments of `prices list`.
#[derive(Args)]
pub struct Arguments {
    /// Only this provider
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only models with this in their name
    #[arg(long, value_name = "TEXT")]
    model: Option<String>,
    /// Only models that can do this: reasoning, vision, tools, embedding, …; may be repeated
    #[arg(long, value_name = "WORD")]
    capability: Vec<String>,
    /// Only this tier
    #[arg(long, value_name = "TIER")]
    tier: Option<String>,
    /// Every tier and region, not only the standard tier in the provider's default region
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    view: ViewArguments,
}

/// Prints the list.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let catalogue = files::catalogue(&arguments.view.pricing)?;
    refuse_unknown(arguments, &catalogue)?;
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
            if hidden > 0 && !arguments.all && arguments.tier.is_none() {
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

fn fits(arguments: &Arguments, catalogue: &Catalogue, route: &RouteId) -> bool {
    let Some(provider) = catalogue.providers.iter().find(|provider| provider.id == route.provider) else {
        return false;
    };
    let Some(model) = provider.models.iter().find(|model| model.id == route.model) else { return false };
    let plain = route.tier == STANDARD && route.region.is_none();
    let tier_fits = match &arguments.tier {
        Some(tier) => *tier == route.tier,
        None => arguments.all || plain,
    };
    tier_fits
        && arguments.provider.as_ref().is_none_or(|wanted| *wanted == provider.id)
        && arguments.model.as_ref().is_none_or(|wanted| is_named(model, wanted))
        && arguments.capability.iter().all(|wanted| model.capabilities.contains(wanted))
}

/// Whether some name of the model holds a text.
fn is_named(model: &Model, text: &str) -> bool {
    let text = text.to_lowercase();
    [&model.id, &model.name].into_iter().chain(&model.aliases).any(|name| name.to_lowercase().contains(&text))
}

fn refuse_unknown(arguments: &Arguments, catalogue: &Catalogue) -> Result<(), Failure> {
    let refuse = |what: &str, wanted: &str, known: &[&str]| {
        let title = format!("unknown {what} `{wanted}`");
        Err(Failure::problem(Code::UnknownName, &title, &suggest(wanted, known.iter().copied())))
    };
    let providers: Vec<&str> = catalogue.providers.iter().map(|provider| provider.id.as_str()).collect();
    if let Some(wanted) = arguments.provider.as_deref().filter(|wanted| !providers.contains(wanted)) {
        return refuse("provider", wanted, &providers);
    }
    if let Some(wanted) = arguments.tier.as_deref().filter(|wanted| !TIERS.contains(wanted)) {
        return refuse("tier", wanted, &TIERS);
    }
    let models = || catalogue.providers.iter().flat_map(|provider| &provider.models);
    if let Some(wanted) = &arguments.model
        && !models().any(|model| is_named(model, wanted))
    {
        let known: BTreeSet<&str> = models().map(|model| model.id.as_str()).collect();
        let known: Vec<&str> = known.into_iter().collect();
        return refuse("model", wanted, &known);
    }
    match arguments.capability.iter().find(|wanted| !CAPABILITIES.contains(&wanted.as_str())) {
        Some(wanted) => refuse("capability", wanted, &CAPABILITIES),
        None => Ok(()),
    }
}
