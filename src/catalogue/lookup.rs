//! Finding what is in force on a route at an instant. What is not there is an error that says what is,
//! never another price.

use super::{CapacityOffer, Catalogue, Counting, Fee, Meter, Model, PriceEntry, Provider, RateCard, Window};
use crate::domain::problem::{Code, near, suggest};
use crate::domain::route::RouteId;
use crate::domain::time::{HOUR_SECONDS, Instant};

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
        let (provider, model) = self.model(route)?;
        let region = route.region.as_deref().unwrap_or(&provider.default_region);
        let offer = Offer { provider, model, tier: &route.tier, region };
        if offer.entries().next().is_none() {
            return Err(offer.missing());
        }
        Ok(offer)
    }

    /// The provisioned units behind a route name such as `azure/gpt-5.4:ptu@global`, in force at `instant`.
    ///
    /// # Errors
    /// Which part of the name does not exist, and what does.
    pub fn capacity<'a>(
        &'a self,
        route: &RouteId,
        instant: Instant,
    ) -> Result<&'a CapacityOffer, LookupError> {
        let (provider, model) = self.model(route)?;
        let region = route.region.as_deref().unwrap_or(&provider.default_region);
        let units = || model.capacity.iter().filter(|offer| offer.unit.eq_ignore_ascii_case(&route.tier));
        let found = units()
            .filter(|offer| offer.from <= instant)
            .filter(|offer| offer.regions.iter().any(|known| known == region))
            .max_by_key(|offer| offer.from)
            .filter(|offer| offer.until.is_none_or(|until| instant < until));
        found.ok_or_else(|| {
            let known: Vec<String> =
                units().map(|offer| format!("{} from {}", offer.regions.join(", "), offer.from)).collect();
            let help = if known.is_empty() {
                "this model has none".to_owned()
            } else {
                format!("known: {}", known.join("; "))
            };
            LookupError {
                title: format!(
                    "no price of {} units is published for {} in region `{region}` at {instant}",
                    route.tier, model.name
                ),
                help,
                unpriced: true,
            }
        })
    }

    /// The region whose provisioned units a route means: its own, or the provider's default; `regional` is the first
    /// single region that they are sold in.
    ///
    /// # Errors
    /// Which part of the name does not exist, and what does.
    pub fn unit_region<'a>(&'a self, route: &'a RouteId) -> Result<&'a str, LookupError> {
        let (provider, model) = self.model(route)?;
        let region = route.region.as_deref().unwrap_or(&provider.default_region);
        let sold = model.capacity.iter().flat_map(|offer| offer.regions.iter().map(String::as_str));
        let single = sold.into_iter().find(|region| *region != "global" && !region.starts_with("datazone"));
        Ok(single.filter(|_| region == "regional").unwrap_or(region))
    }

    fn model(&self, route: &RouteId) -> Result<(&Provider, &Model), LookupError> {
        let provider = self.provider(&route.provider)?;
        let models = &provider.models;
        let alias = models.iter().find(|model| model.aliases.contains(&route.model));
        let model =
            alias.or_else(|| models.iter().find(|model| model.id == route.model)).ok_or_else(|| {
                let known = models.iter().map(|model| model.id.as_str()).collect();
                unknown(&format!("model at {}", provider.name), &route.model, known)
            })?;
        if !provider.currency.is_usable() {
            return Err(no_exchange_rate(provider));
        }
        Ok((provider, model))
    }

    fn provider(&self, wanted: &str) -> Result<&Provider, LookupError> {
        debug_assert!(
            !self.unread.contains(&wanted),
            "a command reads the providers that it names: {wanted}"
        );
        self.providers.iter().find(|provider| provider.id == wanted).ok_or_else(|| {
            let read = self.providers.iter().map(|provider| provider.id.as_str());
            let mut known: Vec<&str> = read.chain(self.unread.iter().copied()).collect();
            known.sort_unstable();
            unknown("provider", wanted, known)
        })
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
    /// How this model's usage records count cached and written tokens.
    pub fn cached_tokens(self) -> Counting {
        self.model.cached_tokens.unwrap_or(self.provider.cached_tokens)
    }

    /// How this model's usage records count reasoning tokens.
    pub fn reasoning_tokens(self) -> Counting {
        self.model.reasoning_tokens.unwrap_or(self.provider.reasoning_tokens)
    }

    /// The entries for this tier and region, oldest first.
    pub fn history(self) -> Vec<&'a PriceEntry> {
        let mut entries: Vec<&PriceEntry> = self.entries().map(|(_, entry)| entry).collect();
        entries.sort_by_key(|entry| entry.from);
        entries
    }

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
        let window = found.windows.iter().position(|window| window.is_open(instant));
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

    /// The time of day of a slot of this offer, if it lies in one.
    pub fn window(self, slot: Slot) -> Option<&'a Window> {
        slot.window.map(|window| &self.entry(slot).windows[window])
    }

    /// The entry of a slot of this offer.
    pub fn entry(self, slot: Slot) -> &'a PriceEntry {
        &self.model.prices[slot.entry]
    }

    /// Whether some price of the offer changes within an hour, so that hours have to be told apart by
    /// quarters.
    pub fn changes_within_hours(self) -> bool {
        let inside = |instant: Instant| instant.unix_seconds() % HOUR_SECONDS != 0;
        let window = |window: &Window| {
            let calendar = window.except.as_ref();
            window.spans.iter().any(|(from, to)| from % 60 + to % 60 > 0)
                || calendar.is_some_and(|calendar| calendar.utc_offset_seconds % HOUR_SECONDS != 0)
        };
        let spans = self.entries().map(|(_, entry)| (entry.from, entry.until));
        let mut spans = spans.chain(self.provider.meters.iter().map(|meter| (meter.from, meter.until)));
        spans.any(|(from, until)| inside(from) || until.is_some_and(inside))
            || self.entries().any(|(_, entry)| entry.windows.iter().any(window))
    }

    /// Until when the slot and the meters of `instant` hold at least: until an entry or a meter begins or ends. Not
    /// at all, where times of day tell hours apart.
    pub fn unchanged_until(self, instant: Instant) -> Instant {
        if self.entries().any(|(_, entry)| !entry.windows.is_empty()) {
            return instant;
        }
        let entries = self.entries().map(|(_, entry)| (entry.from, entry.until));
        let meters = self.provider.meters.iter().map(|meter| (meter.from, meter.until));
        let edges = entries.chain(meters).flat_map(|(from, until)| std::iter::once(from).chain(until));
        edges.filter(|edge| *edge > instant).min().unwrap_or(Instant::from_unix_seconds(i64::MAX))
    }

    /// The meter `name` in force at `instant`, of the variant `level`: the one that names the model, the
    /// region or the tier before one for all, and of these the latest.
    pub fn meter_at(self, name: &str, level: Option<&str>, instant: Instant) -> Option<&'a Meter> {
        let wanted = |meter: &&Meter| meter.name == name && meter.level.as_deref() == level;
        self.begun_meters(instant)
            .filter(wanted)
            .max_by_key(|meter| (narrowness(meter), meter.from))
            .filter(|meter| meter.until.is_none_or(|until| instant < until))
    }

    /// All meters in force at `instant`, one of each name and variant.
    pub fn meters_at(self, instant: Instant) -> Vec<&'a Meter> {
        let mut names: Vec<(&str, Option<&str>)> = Vec::new();
        for meter in self.begun_meters(instant) {
            let name = (meter.name.as_str(), meter.level.as_deref());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.into_iter().filter_map(|(name, level)| self.meter_at(name, level, instant)).collect()
    }

    fn begun_meters(self, instant: Instant) -> impl Iterator<Item = &'a Meter> {
        let holds = |list: &[String], name: &str| list.is_empty() || list.iter().any(|n| n == name);
        self.provider.meters.iter().filter(move |meter| {
            meter.from <= instant
                && holds(&meter.models, &self.model.id)
                && holds(&meter.regions, self.region)
                && holds(&meter.tiers, self.tier)
        })
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
                "known: {}. Choose a later date, or add a dated entry with its source",
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
            " Provisioned units are sold by the hour, not by the token: `tollcast price` bills them with --units and --hours, `simulate` bills token routes."
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
            help: if sold.is_empty() {
                format!("no price of this model is known.{hint}")
            } else {
                format!("{close}What is sold: {}.{hint}", sold.join(", "))
            },
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

/// How many of model, region and tier a meter names.
fn narrowness(meter: &Meter) -> usize {
    [&meter.models, &meter.regions, &meter.tiers].iter().filter(|list| !list.is_empty()).count()
}

fn no_exchange_rate(provider: &Provider) -> LookupError {
    let code = &provider.currency.code;
    LookupError {
        title: format!("the prices of {} are in {code}, and no exchange rate is given", provider.name),
        help: format!(
            "add `--exchange {code}=RATE@DATE`: US dollars for one {code}, and the day of that rate"
        ),
        unpriced: true,
    }
}

/// The error for a name that is not among those that exist.
fn unknown(what: &str, wanted: &str, known: Vec<&str>) -> LookupError {
    LookupError {
        title: format!("unknown {what}: `{wanted}`"),
        help: suggest(wanted, known),
        unpriced: false,
    }
}
