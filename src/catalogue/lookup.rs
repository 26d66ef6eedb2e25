//! Finding what is in force on a route at an instant. What is not there is an error that says what is,
//! never another price.

use super::{CapacityOffer, Catalogue, Fee, Model, PriceEntry, Provider, RateCard, ToolFee};
use crate::domain::problem::{Code, near};
use crate::domain::route::RouteId;
use crate::domain::time::{Instant, utc_hour_and_weekday};

/// A route that exists: where its prices are to be found.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The provider.
    pub provider: &'a Provider,
    /// The model.
    pub model: &'a Model,
    /// The tier.
    pub tier: &'a str,
    /// The region, the provider's default where the route names none.
    pub region: &'a str,
}

/// Which of an offer's prices hold at an instant. Equal slots bill alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Slot {
    entry: usize,
    window: Option<usize>,
}

/// A name that does not exist, or a combination without a price; and what exists instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupError {
    /// What is not there.
    pub title: String,
    /// What is.
    pub help: String,
    /// Whether the parts exist, but not their combination: no price is published.
    pub unpriced: bool,
}

impl LookupError {
    /// The kind of problem that this is.
    pub fn code(&self) -> Code {
        if self.unpriced { Code::NoPrice } else { Code::UnknownName }
    }
}

impl Catalogue {
    /// The offer behind a route name.
    ///
    /// # Errors
    /// Which part of the name does not exist, with near names and all that exist.
    pub fn offer<'a>(&'a self, route: &'a RouteId) -> Result<Offer<'a>, LookupError> {
        let provider = find(&self.providers, |p| &p.id, &route.provider, "provider")?;
        let what = format!("model at {}", provider.name);
        let model = find(&provider.models, |m| &m.id, &route.model, &what)?;
        let region = route.region.as_deref().unwrap_or(&provider.default_region);
        let offer = Offer { provider, model, tier: &route.tier, region };
        if offer.entries().next().is_none() {
            return Err(offer.missing());
        }
        Ok(offer)
    }

    /// All route names with a price in some entry, in order.
    pub fn routes(&self) -> Vec<RouteId> {
        let mut routes: Vec<RouteId> = self
            .providers
            .iter()
            .flat_map(|provider| provider.models.iter().flat_map(|model| routes_of(provider, model)))
            .collect();
        routes.sort();
        routes.dedup();
        routes
    }
}

impl<'a> Offer<'a> {
    /// The entries for this tier and region, whatever their date.
    fn entries(self) -> impl Iterator<Item = (usize, &'a PriceEntry)> {
        self.model.prices.iter().enumerate().filter(move |(_, entry)| {
            entry.tiers.iter().any(|t| t == self.tier) && entry.regions.iter().any(|r| r == self.region)
        })
    }

    /// Which prices hold at `instant`, or `None` if none is known for then.
    pub fn slot_at(self, instant: Instant) -> Option<Slot> {
        let (entry, found) = self
            .entries()
            .filter(|(_, entry)| entry.from <= instant)
            .max_by_key(|(_, entry)| entry.from)
            .filter(|(_, entry)| entry.until.is_none_or(|until| instant < until))?;
        let (hour, weekday) = utc_hour_and_weekday(instant);
        let window = found.windows.iter().position(|window| window.open[weekday][hour]);
        Some(Slot { entry, window })
    }

    /// The card of a slot of this offer.
    pub fn card(self, slot: Slot) -> &'a RateCard {
        let entry = &self.model.prices[slot.entry];
        match slot.window {
            Some(window) => &entry.windows[window].card,
            None => &entry.card,
        }
    }

    /// The entry of a slot of this offer.
    pub fn entry(self, slot: Slot) -> &'a PriceEntry {
        &self.model.prices[slot.entry]
    }

    /// The fee in force for a call of `tool` at `instant`.
    pub fn tool_at(self, tool: &str, instant: Instant) -> Option<&'a ToolFee> {
        let holds = |list: &[String], name: &str| list.is_empty() || list.iter().any(|n| n == name);
        self.provider
            .tools
            .iter()
            .filter(|fee| fee.tool == tool && fee.from <= instant)
            .filter(|fee| holds(&fee.models, &self.model.id) && holds(&fee.regions, self.region))
            .max_by_key(|fee| fee.from)
    }

    /// The platform fees in force at `instant`, the latest of each name.
    pub fn fees_at(self, instant: Instant) -> Vec<&'a Fee> {
        let mut latest: Vec<&Fee> = Vec::new();
        for fee in self.provider.fees.iter().filter(|fee| fee.from <= instant) {
            match latest.iter_mut().find(|known| known.name == fee.name) {
                Some(known) if known.from <= fee.from => *known = fee,
                Some(_) => {}
                None => latest.push(fee),
            }
        }
        latest
    }

    /// The error for an instant without a price: what is known instead.
    pub fn no_price_at(self, instant: Instant) -> LookupError {
        let spans: Vec<String> = self
            .entries()
            .map(|(_, entry)| match entry.until {
                Some(until) => format!("from {} until {until}", entry.from),
                None => format!("from {}", entry.from),
            })
            .collect();
        LookupError {
            title: format!("no price is known for {} at {instant}", self.name()),
            help: format!(
                "known: {}. Start the scenario later, or add a dated entry with its source",
                spans.join(", ")
            ),
            unpriced: true,
        }
    }

    /// `azure/gpt-5.4:batch@global`, always with its region.
    pub fn name(self) -> String {
        let route = RouteId {
            provider: self.provider.id.clone(),
            model: self.model.id.clone(),
            tier: self.tier.to_owned(),
            region: Some(self.region.to_owned()),
        };
        route.to_string()
    }

    fn missing(self) -> LookupError {
        let sold: Vec<String> = routes_of(self.provider, self.model).iter().map(RouteId::to_string).collect();
        let units: Vec<&CapacityOffer> = self.model.capacity.iter().collect();
        let hint = if units.iter().any(|unit| unit.unit.eq_ignore_ascii_case(self.tier)) {
            " Provisioned units are sold by the hour, not by the token; `simulate` bills token routes."
        } else {
            ""
        };
        let close = near(&self.name(), sold.iter().map(String::as_str));
        let close =
            if close.is_empty() { String::new() } else { format!("did you mean {}? ", close.join(" or ")) };
        LookupError {
            title: format!(
                "no price is published for {} on tier `{}` in region `{}`",
                self.model.name, self.tier, self.region
            ),
            help: format!("{close}What is sold: {}.{hint}", sold.join(", ")),
            unpriced: true,
        }
    }
}

fn routes_of(provider: &Provider, model: &Model) -> Vec<RouteId> {
    let mut routes = Vec::new();
    for entry in &model.prices {
        for tier in &entry.tiers {
            for region in &entry.regions {
                let default = *region == provider.default_region;
                routes.push(RouteId {
                    provider: provider.id.clone(),
                    model: model.id.clone(),
                    tier: tier.clone(),
                    region: (!default).then(|| region.clone()),
                });
            }
        }
    }
    routes.sort();
    routes.dedup();
    routes
}

fn find<'a, T>(
    list: &'a [T],
    name: impl Fn(&T) -> &String,
    wanted: &str,
    what: &str,
) -> Result<&'a T, LookupError> {
    list.iter().find(|item| name(item) == wanted).ok_or_else(|| {
        let known: Vec<&str> = list.iter().map(|item| name(item).as_str()).collect();
        let close = near(wanted, known.iter().copied());
        let hint =
            if close.is_empty() { String::new() } else { format!("did you mean {}? ", close.join(" or ")) };
        LookupError {
            title: format!("unknown {what}: `{wanted}`"),
            help: format!("{hint}What exists: {}", known.join(", ")),
            unpriced: false,
        }
    })
}
