//! From a record to its exact price: which route a logged name means, which card held then, what it billed.

use std::collections::HashMap;
use std::sync::Arc;

use super::Record;
use super::columns::{Prices, Unfit};
use crate::billing::{BillError, Usage, bill_request};
use crate::catalogue::{BandMode, Catalogue, Model, Offer, PriceEntry, Provider, RateCard, Slot};
use crate::domain::money::Usd;
use crate::domain::route::RouteId;
use crate::domain::time::Instant;

/// What a record costs on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The route, an index into [`Pricer::routes`].
    pub route: usize,
    /// Its price.
    pub amount: Usd,
    /// What of it is owed to a long prompt.
    pub premium: Usd,
    /// Whether it lies above the base band.
    pub crossing: bool,
}

/// Why a record has no price.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unpriced {
    /// What is not there.
    pub title: String,
    /// What to do.
    pub help: String,
}

/// Which prices a log is billed at.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The route of all rows, whatever they name.
    pub route: Option<RouteId>,
    /// The provider of rows that name none.
    pub provider: Option<String>,
    /// The route of rows that name no model; they have no price where it is absent.
    pub stand_in: Option<RouteId>,
    /// The instant of all prices; each row's own where absent.
    pub on: Option<Instant>,
}

/// Names of a record that decide its route.
type Names = (Option<Arc<str>>, Option<Arc<str>>, Option<Arc<str>>, Option<Arc<str>>);

/// Bills records, and remembers what their names mean.
pub struct Pricer<'a> {
    catalogue: &'a Catalogue,
    terms: Terms,
    /// The routes met so far.
    pub routes: Vec<String>,
    offers: Vec<Offer<'a>>,
    known: HashMap<Names, Result<usize, Unpriced>>,
    last: Option<(Names, Result<usize, Unpriced>)>,
    /// Of every route, the minute that was last asked for and what held then.
    slots: Vec<Option<(i64, Option<Slot>)>>,
}

impl<'a> Pricer<'a> {
    /// At the prices of a catalogue.
    pub fn new(catalogue: &'a Catalogue, terms: Terms) -> Self {
        Pricer {
            catalogue,
            terms,
            routes: Vec::new(),
            offers: Vec::new(),
            known: HashMap::new(),
            last: None,
            slots: Vec::new(),
        }
    }

    /// The exact price of a record.
    ///
    /// A sum over requests is billed in the band of its mean prompt, because it does not tell more; one that does
    /// not tell how many they are (a count of 0), in the base band.
    ///
    /// # Errors
    /// Why there is none: a name that is not in the catalogue, no price at that time, or for its tokens.
    pub fn price(&mut self, record: &Record) -> Result<Priced, Unpriced> {
        let route = self.route(record)?;
        let at = self.terms.on.unwrap_or(record.instant());
        let card = self.card(route, at)?;
        match bill(card, &record.usage, record.requests) {
            Ok((amount, premium, crossing)) => Ok(Priced { route, amount, premium, crossing }),
            Err(error) => Err(Unpriced {
                title: format!("{}: {}", self.routes[route], told(&error)),
                help: "unknown is not free: add the price to a price file, or price on another --route"
                    .to_owned(),
            }),
        }
    }

    /// What a record with other tokens would have cost on the same route and at the same time, where that has
    /// a price.
    pub fn price_as(&mut self, record: &Record, priced: &Priced, usage: &Usage) -> Option<Usd> {
        let at = self.terms.on.unwrap_or(record.instant());
        let card = self.card(priced.route, at).ok()?;
        bill(card, usage, record.requests).ok().map(|(amount, ..)| amount)
    }

    /// What a record would have cost on another tier of its route.
    pub fn price_on_tier(&mut self, record: &Record, priced: &Priced, tier: &str) -> Option<Usd> {
        let offer = self.offers[priced.route];
        let route = RouteId {
            provider: offer.provider.id.clone(),
            model: offer.model.id.clone(),
            tier: tier.to_owned(),
            region: Some(offer.region.to_owned()),
        };
        let other = self.index(&route).ok()?;
        let at = self.terms.on.unwrap_or(record.instant());
        let card = self.card(other, at).ok()?;
        bill(card, &record.usage, record.requests).ok().map(|(amount, ..)| amount)
    }

    /// The route that the name of a model in a log means.
    ///
    /// # Errors
    /// Why it means none.
    pub fn route_of(&mut self, model: Option<&str>) -> Result<usize, Unpriced> {
        self.route(&Record { model: model.map(Arc::from), ..Record::default() })
    }

    /// The prices of a route through time, for sums; those of one instant where all rows are billed as of it.
    ///
    /// # Errors
    /// When its rows have to be billed one by one.
    pub fn prices(&self, route: usize) -> Result<Prices, Unfit> {
        let offer = self.offers[route];
        match self.terms.on {
            None => Prices::of(offer, RateCard::clone),
            Some(at) => Prices::one(offer.slot_at(at).map(|slot| offer.card(slot)).ok_or(Unfit::Column)?),
        }
    }

    fn card(&mut self, route: usize, at: Instant) -> Result<&'a RateCard, Unpriced> {
        let offer = self.offers[route];
        // Prices change at whole minutes.
        let minute = at.unix_seconds().div_euclid(60);
        let slot = match self.slots[route] {
            Some((known, slot)) if known == minute => slot,
            _ => offer.slot_at(at),
        };
        self.slots[route] = Some((minute, slot));
        match slot {
            Some(slot) => Ok(offer.card(slot)),
            None => {
                let error = offer.no_price_at(at);
                // One reason for a route, not one for every second.
                let title = format!("no price is known for {} at the time of the row", offer.name());
                let help =
                    error.help.replace("Choose a later date", "Price the log as of another day with --on");
                Err(Unpriced { title, help })
            }
        }
    }

    /// The route of a record.
    fn route(&mut self, record: &Record) -> Result<usize, Unpriced> {
        let same = |names: &Names| {
            let same = |a: &Option<Arc<str>>, b: &Option<Arc<str>>| match (a, b) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
                (None, None) => true,
                _ => false,
            };
            same(&names.1, &record.model)
                && same(&names.0, &record.provider)
                && same(&names.2, &record.tier)
                && same(&names.3, &record.region)
        };
        if let Some((names, route)) = &self.last
            && same(names)
        {
            return route.clone();
        }
        let names: Names =
            (record.provider.clone(), record.model.clone(), record.tier.clone(), record.region.clone());
        let route = match self.known.get(&names) {
            Some(route) => route.clone(),
            None => {
                let route = self.resolved(record);
                self.known.insert(names.clone(), route.clone());
                route
            }
        };
        self.last = Some((names, route.clone()));
        route
    }

    fn resolved(&mut self, record: &Record) -> Result<usize, Unpriced> {
        if let Some(route) = self.terms.route.clone() {
            return self.index(&route);
        }
        let Some(model) = record.model.clone() else {
            if let Some(stand_in) = self.terms.stand_in.clone() {
                return self.index(&stand_in);
            }
            return Err(Unpriced {
                title: "the log names no model".to_owned(),
                help: "say where it would be bought: --route provider/model".to_owned(),
            });
        };
        let provider = record.provider.as_deref().map(str::to_owned).or(self.terms.provider.clone());
        let (provider, model) = named(self.catalogue, provider.as_deref(), &model)?;
        let route = RouteId {
            provider: provider.id.clone(),
            model: model.id.clone(),
            tier: record.tier.as_deref().unwrap_or("standard").to_owned(),
            region: record.region.as_deref().map(str::to_owned),
        };
        self.index(&route)
    }

    fn index(&mut self, route: &RouteId) -> Result<usize, Unpriced> {
        let offer = self
            .catalogue
            .offer(route)
            .map_err(|error| Unpriced { title: format!("{route}: {}", error.title), help: error.help })?;
        let name = route.to_string();
        if let Some(known) = self.routes.iter().position(|known| *known == name) {
            return Ok(known);
        }
        let offer = lasting(self.catalogue, &offer).ok_or_else(|| Unpriced {
            title: format!("{route} is not on sale"),
            help: "`tollcast prices list` names all".to_owned(),
        })?;
        self.routes.push(name);
        self.offers.push(offer);
        self.slots.push(None);
        Ok(self.routes.len() - 1)
    }
}

/// The same offer by the names that the catalogue holds, which live as long as it.
fn lasting<'a>(catalogue: &'a Catalogue, offer: &Offer<'_>) -> Option<Offer<'a>> {
    let provider = catalogue.providers.iter().find(|provider| provider.id == offer.provider.id)?;
    let model = provider.models.iter().find(|model| model.id == offer.model.id)?;
    let own = |of: fn(&PriceEntry) -> &[String], name: &str| {
        model.prices.iter().flat_map(of).find(|known| *known == name).map(String::as_str)
    };
    let (tier, region) = (own(|entry| &entry.tiers, offer.tier)?, own(|entry| &entry.regions, offer.region)?);
    Some(Offer { provider, model, tier, region })
}

/// The total, its premium, and whether the request lies above the base band.
fn bill(card: &RateCard, usage: &Usage, requests: u64) -> Result<(Usd, Usd, bool), BillError> {
    if requests == 1 || card.bands.len() == 1 && card.mode == BandMode::WholeRequest {
        let bill = bill_request(card, usage)?;
        return Ok((bill.total, bill.premium, bill.band > 0));
    }
    let mean = usage.input.checked_div(requests).unwrap_or(0);
    let Some(at) = card.band_of(mean) else {
        return Err(BillError::TooLong { input: mean, longest: card.longest_prompt().unwrap_or(u64::MAX) });
    };
    let mut only = card.bands[at];
    only.up_to = None;
    let card = RateCard { mode: BandMode::WholeRequest, bands: vec![only], lent: card.lent.clone() };
    let bill = bill_request(&card, usage)?;
    Ok((bill.total, bill.premium, at > 0))
}

/// Why tokens cannot be billed, without the numbers of a single row.
fn told(error: &BillError) -> String {
    match error {
        BillError::TooLong { longest, .. } => {
            format!("prompts longer than the longest on sale, {longest} tokens")
        }
        BillError::PartAboveWhole { part, of, .. } => format!("more {part} tokens than {of} tokens"),
        other => other.to_string(),
    }
}

/// The model that a log means by a name: as the catalogue writes it, by an alias, without a provider's name in
/// front, or without a date behind.
fn named<'a>(
    catalogue: &'a Catalogue,
    provider: Option<&str>,
    model: &str,
) -> Result<(&'a Provider, &'a Model), Unpriced> {
    let (own, rest) = match model.split_once('/') {
        Some((own, rest)) if catalogue.providers.iter().any(|known| known.id == own) => (Some(own), rest),
        _ => (None, model),
    };
    let wanted = provider.or(own);
    let sellers = catalogue.providers.iter().filter(|known| wanted.is_none_or(|wanted| known.id == wanted));
    let find = |provider: &'a Provider| {
        let called = |name: &str| {
            let is = |m: &&Model| m.id == name || m.aliases.iter().any(|alias| alias == name);
            provider.models.iter().find(is)
        };
        // A model of which other dates are known by name is not what a further date means.
        let dated = |m: &&Model| m.aliases.iter().any(|alias| undated(alias) != alias.as_str());
        let without_date =
            || (undated(rest) != rest).then(|| called(undated(rest)).filter(|m| !dated(m))).flatten();
        let found = called(model).or_else(|| called(rest)).or_else(without_date);
        found.map(|found| (provider, found))
    };
    let found: Vec<(&Provider, &Model)> = sellers.filter_map(find).collect();
    let whose = wanted.map_or(String::new(), |wanted| format!(" at {wanted}"));
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Unpriced {
            title: format!("no model `{}`{whose} is in the catalogue", short(model)),
            help: "`tollcast prices list` names all; price the log with --route, or add a price file"
                .to_owned(),
        }),
        several => Err(Unpriced {
            title: format!("the log does not say who served `{}`", short(model)),
            help: format!(
                "say it with --provider: {}",
                several.iter().map(|(provider, _)| provider.id.as_str()).collect::<Vec<_>>().join(", ")
            ),
        }),
    }
}

/// The beginning of a name: what stands in a model's column may be anything.
fn short(name: &str) -> String {
    const MOST: usize = 48;
    if name.chars().count() <= MOST {
        name.to_owned()
    } else {
        name.chars().take(MOST).collect::<String>() + "…"
    }
}

/// A name without `-2026-03-05` or `-20260305` at its end.
fn undated(name: &str) -> &str {
    let dated = |tail: &str, lengths: &[usize]| {
        let parts: Vec<&str> = tail.split('-').collect();
        parts.len() == lengths.len()
            && parts
                .iter()
                .zip(lengths)
                .all(|(part, length)| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    for (length, shape) in [(10, &[4, 2, 2][..]), (8, &[8][..])] {
        if let Some(at) = name.len().checked_sub(length + 1)
            && name.is_char_boundary(at)
            && name.as_bytes()[at] == b'-'
            && dated(&name[at + 1..], shape)
        {
            return &name[..at];
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::shipped;

    fn record(model: &str, input: u64, cached: u64, output: u64, requests: u64) -> Record {
        Record {
            model: Some(model.into()),
            provider: Some("openai".into()),
            at_ms: 1000 * Instant::parse("2026-11-20").unwrap().unix_seconds(),
            usage: Usage { input, cached, output, ..Usage::NONE },
            requests,
            ..Record::default()
        }
    }

    #[test]
    fn logged_names_find_their_model_and_its_price() {
        let catalogue = Catalogue::read(&shipped(), &[]).unwrap();
        let mut pricer = Pricer::new(&catalogue, Terms::default());
        // 1,000 × 2.50 + 0 × 0.25 + 100 × 15 per million = 0.004 USD.
        for name in ["gpt-5.4", "openai/gpt-5.4", "gpt-5.4-2026-03-05"] {
            let priced = pricer.price(&record(name, 1000, 0, 100, 1)).unwrap();
            assert_eq!((priced.amount.to_string().as_str(), priced.crossing), ("0.004", false), "{name}");
        }
        assert_eq!(pricer.routes, ["openai/gpt-5.4"]);
        let unknown = pricer.price(&record("gpt-99", 1, 0, 1, 1)).unwrap_err();
        assert!(unknown.title.contains("no model `gpt-99` at openai"), "{}", unknown.title);
    }

    #[test]
    fn sums_are_billed_in_the_band_of_their_mean_prompt() {
        let catalogue = Catalogue::read(&shipped(), &[]).unwrap();
        let mut pricer = Pricer::new(&catalogue, Terms::default());
        // Ten requests of 100,000 tokens are a million tokens below the threshold: 2.50 USD.
        let priced = pricer.price(&record("gpt-5.4", 1_000_000, 0, 0, 10)).unwrap();
        assert_eq!((priced.amount.to_string().as_str(), priced.crossing), ("2.5", false));
        // Two of 500,000 are above it: 5.00 USD, half of it premium.
        let priced = pricer.price(&record("gpt-5.4", 1_000_000, 0, 0, 2)).unwrap();
        assert_eq!((priced.amount.to_string().as_str(), priced.premium.to_string().as_str()), ("5", "2.5"));
    }

    /// Row after row on one route, at every hour of two weeks: the card is that of each row's own time.
    #[test]
    fn every_row_has_the_price_of_its_own_hour() {
        let catalogue = Catalogue::read(&shipped(), &[]).unwrap();
        let route = RouteId::parse("deepseek/deepseek-flash").unwrap();
        let offer = catalogue.offer(&route).unwrap();
        let mut pricer = Pricer::new(&catalogue, Terms { route: Some(route.clone()), ..Terms::default() });
        let begin = Instant::parse("2026-11-01").unwrap();
        let mut amounts = Vec::new();
        for hour in 0..336 {
            let at = begin.plus_seconds(3600 * hour);
            let one = Record { at_ms: 1000 * at.unix_seconds(), ..record("any", 1_000_000, 0, 0, 1) };
            let wanted = bill_request(offer.card(offer.slot_at(at).unwrap()), &one.usage).unwrap().total;
            assert_eq!(pricer.price(&one).unwrap().amount, wanted, "{at}");
            amounts.push(wanted);
        }
        amounts.dedup();
        assert!(amounts.len() > 10, "the price of this route changes with the hour");
    }

    #[test]
    fn dates_behind_names_are_cut() {
        for (name, wanted) in [
            ("a-2026-03-05", "a"),
            ("a-20260305", "a"),
            ("gpt-4-0613", "gpt-4-0613"),
            ("-20260305", ""),
            ("ä", "ä"),
        ] {
            assert_eq!(undated(name), wanted);
        }
    }
}
