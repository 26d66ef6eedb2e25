//! Contracts: discounts, own prices, volume steps, commitments and credit, beside the list and never in it.

use std::sync::Arc;

use super::wire::ContractWire;
use super::{Catalogue, Citation, Offer, PriceEntry, RateCard, check};
use crate::domain::document::{Wire, parse};
use crate::domain::money::{Ratio, Usd};
use crate::domain::problem::{Problems, Source};
use crate::domain::time::Instant;

/// What was agreed with one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// Its name.
    pub name: String,
    /// The provider that it is with.
    pub provider: String,
    /// Since when it holds.
    pub from: Instant,
    /// Until when it holds.
    pub until: Option<Instant>,
    /// Percentages off the list price of tokens, in order.
    pub discounts: Vec<Discount>,
    /// Prices of single models instead of the list.
    pub models: Vec<(String, Vec<PriceEntry>)>,
    /// Percentages off a month's bill.
    pub volume: Option<VolumeSteps>,
    /// What has to be spent in any case.
    pub commitment: Option<Commitment>,
    /// Prepaid credit.
    pub credit: Option<Credit>,
    /// The document that says so.
    pub source: Citation,
}

/// A percentage off the list price of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// How much is taken off.
    pub share: Ratio,
    /// The models that it holds for; all if empty.
    pub models: Vec<String>,
    /// The tiers that it holds for; all if empty.
    pub tiers: Vec<String>,
}

/// Percentages off a month's bill by its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSteps {
    /// Whether a step's percentage holds for the part above it only.
    pub graduated: bool,
    /// The amounts above which they hold, growing, and the percentages.
    pub steps: Vec<(Usd, Ratio)>,
}

/// A minimum spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The least that is billed.
    pub minimum: Usd,
    /// Whether every month has to reach it, rather than the whole term.
    pub monthly: bool,
}

/// Credit that is paid in advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// What it is worth.
    pub amount: Usd,
    /// What is paid for it.
    pub paid: Usd,
    /// From when on what is left is lost.
    pub expires: Instant,
}

/// The card of a contract, and by which of its terms.
#[derive(Clone, Debug, PartialEq)]
pub struct ContractCard {
    /// The prices.
    pub card: RateCard,
    /// `10 % off the list` or `contract price`.
    pub terms: String,
}

impl Contract {
    /// Reads a contract file.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn read(source: &Arc<Source>) -> Result<Self, Problems> {
        let root = parse(source)?;
        let mut problems = Problems::new();
        let contract =
            ContractWire::read(&root, &mut problems).and_then(|wire| check::contract(&wire, &mut problems));
        problems.or_value(contract)
    }

    /// The names in the contract that the catalogue does not know, each with what it is and what is known.
    pub fn unknown_names<'a>(
        &'a self,
        catalogue: &'a Catalogue,
    ) -> Vec<(&'static str, &'a str, Vec<&'a str>)> {
        let providers = &catalogue.providers;
        let Some(provider) = providers.iter().find(|provider| provider.id == self.provider) else {
            let known = providers.iter().map(|provider| provider.id.as_str()).collect();
            return vec![("provider", self.provider.as_str(), known)];
        };
        let known: Vec<&str> = provider.models.iter().map(|model| model.id.as_str()).collect();
        let named = self.discounts.iter().flat_map(|discount| &discount.models);
        let named = named.chain(self.models.iter().map(|(model, _)| model));
        let unknown = named.filter(|model| !known.contains(&model.as_str()));
        unknown.map(|model| ("model", model.as_str(), known.clone())).collect()
    }

    /// Whether it has terms that only whole months can settle.
    pub fn settles_months(&self) -> bool {
        self.volume.is_some() || self.commitment.is_some() || self.credit.is_some()
    }

    /// Whether it holds for a provider at an instant.
    pub fn holds(&self, provider: &str, instant: Instant) -> bool {
        self.provider == provider && self.from <= instant && self.until.is_none_or(|until| instant < until)
    }

    /// The card of an offer at an instant: the contract's own price, else the list with the first discount that
    /// fits, each rate rounded once, half to even, to six decimals. `None` where neither holds.
    pub fn card(&self, offer: Offer<'_>, instant: Instant, list: &RateCard) -> Option<ContractCard> {
        if !self.holds(&offer.provider.id, instant) {
            return None;
        }
        let own = self
            .models
            .iter()
            .filter(|(model, _)| *model == offer.model.id)
            .flat_map(|(_, entries)| entries)
            .filter(|entry| entry.from <= instant)
            .filter(|entry| entry.tiers.iter().any(|tier| tier == offer.tier))
            .filter(|entry| entry.regions.iter().any(|region| region == offer.region))
            .max_by_key(|entry| entry.from)
            .filter(|entry| entry.until.is_none_or(|until| instant < until));
        if let Some(entry) = own {
            let window = entry.windows.iter().find(|window| window.is_open(instant));
            let card = window.map_or(&entry.card, |window| &window.card).clone();
            return Some(ContractCard { card, terms: "contract price".to_owned() });
        }
        let fits = |list: &[String], name: &str| list.is_empty() || list.iter().any(|known| known == name);
        let discount = self
            .discounts
            .iter()
            .find(|discount| fits(&discount.models, &offer.model.id) && fits(&discount.tiers, offer.tier))?;
        let left = discount.share.complement();
        let percent = Usd::from_micro_usd(discount.share.millionths() * 100);
        Some(ContractCard {
            card: list.map(|rate| rate.scaled(left)),
            terms: format!("{percent} % off the list"),
        })
    }
}
