//! Which routes a command is about: the filters of `prices list` and `prices export`.

use std::collections::BTreeSet;

use clap::Args;

use crate::catalogue::{CAPABILITIES, Catalogue, Model, TIERS};
use crate::cli::outcome::Failure;
use crate::domain::problem::{Code, suggest};
use crate::domain::route::RouteId;

/// Filters of routes; all have to fit.
#[derive(Args, Clone)]
pub struct Filter {
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
    pub tier: Option<String>,
}

impl Filter {
    /// Whether a route passes.
    pub fn fits(&self, catalogue: &Catalogue, route: &RouteId) -> bool {
        let Some(provider) = catalogue.providers.iter().find(|provider| provider.id == route.provider) else {
            return false;
        };
        let Some(model) = provider.models.iter().find(|model| model.id == route.model) else { return false };
        self.tier.as_ref().is_none_or(|wanted| *wanted == route.tier)
            && self.provider.as_ref().is_none_or(|wanted| *wanted == provider.id)
            && self.model.as_ref().is_none_or(|wanted| is_named(model, wanted))
            && self.capability.iter().all(|wanted| model.capabilities.contains(wanted))
    }

    /// The routes that pass.
    ///
    /// # Errors
    /// Unknown names, and filters that nothing passes, with the nearest names that do exist.
    pub fn some_routes(&self, catalogue: &Catalogue) -> Result<Vec<RouteId>, Failure> {
        self.refuse_unknown(catalogue)?;
        let known = catalogue.routes();
        let fitting: Vec<RouteId> = known.iter().filter(|r| self.fits(catalogue, r)).cloned().collect();
        if !fitting.is_empty() {
            return Ok(fitting);
        }
        Err(self.nothing(catalogue, &known))
    }

    /// That nothing passes: the tiers that would, else the names of the models that could.
    fn nothing(&self, catalogue: &Catalogue, known: &[RouteId]) -> Failure {
        let any_tier = Filter { tier: None, ..self.clone() };
        let tiers: BTreeSet<&str> =
            known.iter().filter(|r| any_tier.fits(catalogue, r)).map(|route| route.tier.as_str()).collect();
        let help = if tiers.is_empty() {
            let sold = |route: &&RouteId| self.provider.as_ref().is_none_or(|p| *p == route.provider);
            let models: BTreeSet<&str> =
                known.iter().filter(sold).map(|route| route.model.as_str()).collect();
            suggest(self.model.as_deref().unwrap_or_default(), models)
        } else {
            format!(
                "what else passes is sold on the tiers {}",
                tiers.into_iter().collect::<Vec<_>>().join(", ")
            )
        };
        Failure::problem(Code::UnknownName, "no route passes all of the filters", &help)
    }

    /// Refuses names that exist nowhere.
    ///
    /// # Errors
    /// The first of them, with near names and those that exist.
    pub fn refuse_unknown(&self, catalogue: &Catalogue) -> Result<(), Failure> {
        let refuse = |what: &str, wanted: &str, known: &[&str]| {
            let title = format!("unknown {what} `{wanted}`");
            Err(Failure::problem(Code::UnknownName, &title, &suggest(wanted, known.iter().copied())))
        };
        let providers: Vec<&str> = catalogue.providers.iter().map(|provider| provider.id.as_str()).collect();
        if let Some(wanted) = self.provider.as_deref().filter(|wanted| !providers.contains(wanted)) {
            return refuse("provider", wanted, &providers);
        }
        if let Some(wanted) = self.tier.as_deref().filter(|wanted| !TIERS.contains(wanted)) {
            return refuse("tier", wanted, &TIERS);
        }
        let models = || catalogue.providers.iter().flat_map(|provider| &provider.models);
        if let Some(wanted) = &self.model
            && !models().any(|model| is_named(model, wanted))
        {
            let known: BTreeSet<&str> = models().map(|model| model.id.as_str()).collect();
            let known: Vec<&str> = known.into_iter().collect();
            return refuse("model", wanted, &known);
        }
        match self.capability.iter().find(|wanted| !CAPABILITIES.contains(&wanted.as_str())) {
            Some(wanted) => refuse("capability", wanted, &CAPABILITIES),
            None => Ok(()),
        }
    }
}

/// Whether some name of the model holds a text.
fn is_named(model: &Model, text: &str) -> bool {
    let text = text.to_lowercase();
    [&model.id, &model.name].into_iter().chain(&model.aliases).any(|name| name.to_lowercase().contains(&text))
}
