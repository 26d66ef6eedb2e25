//! Prices that nobody published: what a what-if makes of an offer's entries, from a date on, beside all others.

use super::{Catalogue, Citation, Component, Offer, Price, PriceEntry, RateCard, Rates, Status};
use crate::domain::money::{Rate, Ratio};
use crate::domain::route::RouteId;
use crate::domain::time::Instant;

/// A change of an offer's prices.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceChange {
    /// Whose prices: one tier in one region.
    pub route: RouteId,
    /// The component whose price changes; all of them where `None`.
    pub component: Option<Component>,
    /// What it changes to.
    pub to: NewPrice,
    /// Since when; always where `None`.
    pub from: Option<Instant>,
    /// What a list of sources says of it.
    pub words: String,
}

/// What a price changes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NewPrice {
    /// A multiple of what it is, in every band and at every time of day.
    Times(Ratio),
    /// This in the lowest band outside of windows; where others hold, as many times it as before.
    Rate(Rate),
}

impl Catalogue {
    /// The catalogue with a changed price; every other offer keeps its own.
    ///
    /// # Errors
    /// What a list of problems says: a price that does not exist cannot be multiplied.
    pub fn with_change(&self, change: &PriceChange) -> Result<Catalogue, String> {
        let offer = self.offer(&change.route).map_err(|error| format!("{}; {}", error.title, error.help))?;
        let (provider, model) = (offer.provider.id.clone(), offer.model.id.clone());
        let (tier, region) = (offer.tier.to_owned(), offer.region.to_owned());
        let touched = touched(offer, change.from);
        let mut added = Vec::new();
        for &at in &touched {
            added.push(changed(&offer.model.prices[at], (&tier, &region), change)?);
        }
        let mut all = self.clone();
        let providers = all.providers.iter_mut().filter(|known| known.id == provider);
        for model in providers.flat_map(|p| &mut p.models).filter(|known| known.id == model) {
            let old = std::mem::take(&mut model.prices);
            for (at, entry) in old.into_iter().enumerate() {
                let replaced = touched.contains(&at) && added.iter().any(|new| new.from == entry.from);
                if replaced {
                    model.prices.extend(without(entry, &tier, &region));
                } else {
                    model.prices.push(entry);
                }
            }
            model.prices.append(&mut added);
        }
        Ok(all)
    }
}

/// The entries of an offer that hold at some time since `from`: the one in force then, and all that follow.
fn touched(offer: Offer<'_>, from: Option<Instant>) -> Vec<usize> {
    let model = &offer.model.prices;
    let of_offer = |entry: &PriceEntry| {
        entry.tiers.iter().any(|tier| tier == offer.tier) && entry.regions.iter().any(|r| r == offer.region)
    };
    let all = (0..model.len()).filter(|&at| of_offer(&model[at]));
    let Some(from) = from else { return all.collect() };
    let in_force = all.clone().filter(|&at| model[at].from <= from).max_by_key(|&at| model[at].from);
    let living = in_force.filter(|&at| model[at].until.is_none_or(|until| until > from));
    living.into_iter().chain(all.filter(|&at| model[at].from > from)).collect()
}

/// An entry for one tier and region, with its prices changed.
fn changed(
    entry: &PriceEntry,
    (tier, region): (&str, &str),
    change: &PriceChange,
) -> Result<PriceEntry, String> {
    let lowest = entry.card.bands.first().and_then(|band| change.component.map(|c| band.rates.price(c)));
    let rule = Rule { component: change.component, to: change.to, lowest: lowest.and_then(Price::rate) };
    if let (Some(component), None, NewPrice::Times(_)) = (change.component, rule.lowest, change.to) {
        return Err(format!("no price of `{}` is known there that could be multiplied", component.name()));
    }
    let mut new = entry.clone();
    (new.tiers, new.regions) = (vec![tier.to_owned()], vec![region.to_owned()]);
    new.from = change.from.map_or(entry.from, |from| from.max(entry.from));
    new.status = Status::Hypothetical;
    new.card = rule.card(&entry.card);
    new.windows.iter_mut().for_each(|window| window.card = rule.card(&window.card));
    new.source = Citation {
        source: change.words.clone(),
        note: Some(entry.source.source.clone()),
        ..entry.source.clone()
    };
    Ok(new)
}

/// What remains of an entry for all tiers and regions but one pair.
fn without(entry: PriceEntry, tier: &str, region: &str) -> Vec<PriceEntry> {
    let (tiers, regions) = (entry.tiers.clone(), entry.regions.clone());
    let others = |list: &[String], name: &str| list.iter().filter(|n| *n != name).cloned().collect();
    let parts: [(Vec<String>, Vec<String>); 2] =
        [(others(&tiers, tier), regions.clone()), (vec![tier.to_owned()], others(&regions, region))];
    let kept = parts.into_iter().filter(|(tiers, regions)| !tiers.is_empty() && !regions.is_empty());
    kept.map(|(tiers, regions)| PriceEntry { tiers, regions, ..entry.clone() }).collect()
}

/// How rates change.
struct Rule {
    component: Option<Component>,
    to: NewPrice,
    /// The component's rate in the lowest band outside of windows.
    lowest: Option<Rate>,
}

impl Rule {
    fn card(&self, card: &RateCard) -> RateCard {
        let mut new = card.clone();
        for band in &mut new.bands {
            (band.rates, band.base) = (self.rates(&band.rates), self.rates(&band.base));
        }
        new
    }

    /// The rates with the component's changed, and with it those that cost the same by the provider's rule.
    fn rates(&self, rates: &Rates) -> Rates {
        let Some(component) = self.component else { return rates.map(|rate| self.rate(rate)) };
        let old = rates.rate(component);
        let new = match (old, self.to) {
            (Some(old), _) => self.rate(old),
            (None, NewPrice::Rate(rate)) => rate,
            (None, NewPrice::Times(_)) => return *rates,
        };
        let follows = |(other, price): &(Component, Price)| {
            *other != component && matches!(price, Price::ByRule(rate) if Some(*rate) == old)
        };
        let followers: Vec<(Component, Price)> = rates.known().filter(follows).collect();
        let changed = rates.with(component, Price::Listed(new));
        followers.into_iter().fold(changed, |rates, (other, _)| rates.with(other, Price::ByRule(new)))
    }

    fn rate(&self, old: Rate) -> Rate {
        match (self.to, self.lowest) {
            (NewPrice::Times(ratio), _) => old.scaled(ratio),
            (NewPrice::Rate(new), Some(lowest)) if lowest > Rate::ZERO => {
                old.times_fraction(new.micro_usd_per_million(), lowest.micro_usd_per_million())
            }
            (NewPrice::Rate(new), _) => new,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::problem::Source;
    use std::sync::Arc;

    const FILE: &str = r#"
tollcast_prices: 1
provider: test
name: Test
currency: USD
cached_tokens: inside_input
reasoning_tokens: inside_output
models:
  - id: m
    name: M
    prices:
      - {tiers: [standard, batch], regions: [global, eu], from: 2020-01-01, bands: [{up_to: 1_000, input: 3, cached_input: 0.3, output: 10}, {input: 5, cached_input: 0.6, output: 15}], source: invented, checked: 2020-01-01}
      - {tiers: [standard], regions: [global], from: 2027-06-01, bands: [{input: 2, cached_input: 0.2, output: 8}], source: invented, checked: 2020-01-01}
"#;

    fn after(component: Option<Component>, to: NewPrice, from: Option<&str>) -> Catalogue {
        let catalogue = Catalogue::read(&[Arc::new(Source::new("p.yaml", FILE))], &[]).unwrap();
        let from = from.map(|day| Instant::parse(day).unwrap());
        let route = RouteId::parse("test/m").unwrap();
        catalogue.with_change(&PriceChange { route, component, to, from, words: "a what-if".into() }).unwrap()
    }

    /// Input prices by band, in micro-dollars per million, of a route on a day.
    fn input(catalogue: &Catalogue, route: &str, day: &str) -> Vec<i64> {
        let id = RouteId::parse(route).unwrap();
        let offer = catalogue.offer(&id).unwrap();
        let slot = offer.slot_at(Instant::parse(day).unwrap()).unwrap();
        let rate = |band: &super::super::Band| band.rates.rate(Component::Input).unwrap();
        offer.card(slot).bands.iter().map(|band| rate(band).micro_usd_per_million()).collect()
    }

    #[test]
    fn a_price_changes_from_its_day_on_and_only_on_its_route() {
        let cut = NewPrice::Times(Ratio::from_millionths(500_000));
        let catalogue = after(None, cut, Some("2027-03-01"));
        assert_eq!(input(&catalogue, "test/m", "2027-02-28"), [3_000_000, 5_000_000]);
        assert_eq!(input(&catalogue, "test/m", "2027-03-01"), [1_500_000, 2_500_000]);
        assert_eq!(input(&catalogue, "test/m", "2027-06-01"), [1_000_000]);
        for other in ["test/m:batch", "test/m@eu", "test/m:batch@eu"] {
            assert_eq!(input(&catalogue, other, "2027-07-01"), [3_000_000, 5_000_000], "{other}");
        }
    }

    #[test]
    fn a_price_for_all_times_leaves_the_other_tiers_and_regions_of_its_entries() {
        let new = NewPrice::Rate(Rate::from_micro_usd_per_million(1_000_000));
        let catalogue = after(Some(Component::Input), new, None);
        // The upper band keeps its 5/3 of the lower one, rounded once to six decimals.
        assert_eq!(input(&catalogue, "test/m", "2026-01-01"), [1_000_000, 1_666_667]);
        assert_eq!(input(&catalogue, "test/m", "2027-07-01"), [1_000_000]);
        for other in ["test/m:batch", "test/m@eu", "test/m:batch@eu"] {
            assert_eq!(input(&catalogue, other, "2026-01-01"), [3_000_000, 5_000_000], "{other}");
        }
    }

    #[test]
    fn what_costs_the_same_by_rule_follows() {
        let price = |rate| Price::Listed(Rate::from_micro_usd_per_million(rate));
        let rates = Rates::UNKNOWN
            .with(Component::Input, price(4))
            .with(Component::Output, price(9))
            .with(Component::CacheWrite, Price::ByRule(Rate::from_micro_usd_per_million(4)));
        let half = NewPrice::Times(Ratio::from_millionths(500_000));
        let rule = Rule { component: Some(Component::Input), to: half, lowest: None };
        let micros = |c| rule.rates(&rates).rate(c).map(Rate::micro_usd_per_million);
        assert_eq!(
            [Component::Input, Component::CacheWrite, Component::Output].map(micros),
            [Some(2), Some(2), Some(9)]
        );
    }
}
