//! Contract offers that make sense.

use super::super::Route;
use super::super::commitment::{Amounts, ContractOffer, MoneyTerms, Per, Terms, VolumeTerms};
use super::super::commitment_wire::{
    AmountsWire, CommitmentWire, CreditTermsWire, MinimumWire, VolumeTermsWire,
};
use super::super::quantity::{Kind, QuantityWire};
use super::super::wire::{ScenarioWire, Text};
use super::inputs::{Inputs, SHARE, count, plain, range};
use super::reservations::reservation;
use crate::catalogue::Catalogue;
use crate::domain::document::word_of;
use crate::domain::problem::{Code, Place, Problems, suggest};
use crate::domain::time::Month;

/// The most that may be committed, USD.
const MOST_USD: f64 = 1e12;
/// The longest list of an offer: amounts, levels or steps.
const MOST_LISTED: usize = 100;
/// The most contract offers of a scenario.
const MOST_OFFERS: usize = 60;
/// The largest discount: at 100 % use would be free and no commitment large enough.
const MOST_DISCOUNT: f64 = 0.99;

/// What the checks of an offer need to know of the scenario.
pub struct Around<'a> {
    /// Its routes.
    pub routes: &'a [Route],
    /// Its months.
    pub months: &'a [Month],
    /// The prices.
    pub catalogue: &'a Catalogue,
    /// The inputs read so far.
    pub inputs: &'a Inputs,
}

/// The contract offers of the file. They are judged only where all routes could be read.
pub fn commitments(
    wire: &ScenarioWire,
    complete: bool,
    around: &Around<'_>,
    problems: &mut Problems,
) -> Vec<ContractOffer> {
    let offers = &wire.commitments.0;
    if let Some((name, _)) = offers.get(MOST_OFFERS) {
        let title = format!("more than {MOST_OFFERS} contract offers");
        let found = format!("found {}", offers.len());
        problems.at(Code::TooLarge, &name.place, title, found, "split the scenario");
        return Vec::new();
    }
    if !complete {
        return Vec::new();
    }
    offers.iter().filter_map(|(name, offer)| offer_of(name, offer, around, problems)).collect()
}

fn offer_of(
    name: &Text,
    wire: &CommitmentWire,
    around: &Around<'_>,
    problems: &mut Problems,
) -> Option<ContractOffer> {
    let route = wire.route.get().and_then(|label| route_named(label, around.routes, problems));
    let span = covered(wire, around.months, problems);
    let discount = share(wire.discount.as_ref(), problems);
    let volume = match &wire.volume {
        Some(volume) => volume_terms(volume, problems).map(Some),
        None => Some(None),
    };
    let months = span.map(|(_, months)| months);
    let terms = terms(wire, route, span, around, problems);
    let (route, (first, _)) = (route?, span?);
    Some(ContractOffer {
        name: name.value.clone(),
        route,
        first,
        months: months?,
        discount: discount?,
        volume: volume?,
        terms: terms?,
        note: wire.note.as_ref().map(|note| note.value.clone()),
    })
}

/// The route with a label, or the only one with that name.
pub fn route_named(label: &Text, routes: &[Route], problems: &mut Problems) -> Option<usize> {
    let by_label = routes.iter().position(|route| route.label == label.value);
    let mut by_name = (0..routes.len()).filter(|at| routes[*at].id.to_string() == label.value);
    let found = by_label.or_else(|| by_name.next().filter(|_| by_name.next().is_none()));
    if found.is_none() {
        let known: Vec<&str> = routes.iter().map(|route| route.label.as_str()).collect();
        problems.at(
            Code::UnknownName,
            &label.place,
            format!("no route `{}` in this scenario", label.value),
            "",
            suggest(&label.value, known),
        );
    }
    found
}

/// The first month of an offer and for how many it holds; all lie within the horizon.
fn covered(wire: &CommitmentWire, months: &[Month], problems: &mut Problems) -> Option<(usize, usize)> {
    let last = months.last()?;
    let first = match &wire.start {
        None => 0,
        Some(start) => {
            let found = months.iter().position(|month| *month == start.value);
            if found.is_none() {
                let found = format!("found {}; the horizon is {} to {last}", start.value, months[0]);
                let title = "the contract begins outside of the horizon";
                problems.at(Code::OutOfRange, &start.place, title, found, "");
            }
            found?
        }
    };
    let left = months.len() - first;
    let stated = count(wire.months.as_ref(), left as u64, 1, 120, problems) as usize;
    if stated > left {
        let place = wire.months.as_ref().map_or(&wire.place, |months| &months.0.place);
        let found = format!("found {stated}; {left} are left from {}", months[first]);
        let title = "the contract outlives the horizon, and nothing is known of what is used then";
        problems.at(
            Code::OutOfRange,
            place,
            title,
            found,
            "lengthen the scenario's `months`, or leave it out",
        );
        return None;
    }
    Some((first, stated))
}

/// The one commitment that an offer states.
fn terms(
    wire: &CommitmentWire,
    route: Option<usize>,
    span: Option<(usize, usize)>,
    around: &Around<'_>,
    problems: &mut Problems,
) -> Option<Terms> {
    let stated = [
        wire.prepaid_pool.is_some(),
        wire.minimum_spend.is_some(),
        wire.credit.is_some(),
        wire.reservation.is_some(),
    ];
    let stated = stated.iter().filter(|stated| **stated).count();
    let bare = wire.discount.is_none() && wire.volume.is_none();
    if stated > 1 {
        let help = "write an offer for each; `discount` and `volume` may stand beside any of them";
        let found = format!("found {stated}");
        problems.at(Code::Conflict, &wire.place, "an offer is one commitment", found, help);
        return None;
    }
    if stated == 0 && bare {
        let help = "add prepaid_pool, minimum_spend, credit or reservation, or a `discount` or `volume` that comes with signing";
        problems.at(Code::MissingKey, &wire.place, "an offer of nothing", "", help);
        return None;
    }
    if let Some(pool) = &wire.prepaid_pool {
        let (discount, per) = (discount_of(pool.discount.get(), problems), per_of(pool.per.get(), problems));
        let amounts = pool.amounts.get().and_then(|amounts| amounts_of(amounts, problems));
        return Some(Terms::Money(MoneyTerms::Pool { discount: discount?, per: per?, amounts: amounts? }));
    }
    if let Some(minimum) = &wire.minimum_spend {
        return minimum_of(minimum, problems).map(Terms::Money);
    }
    if let Some(credit) = &wire.credit {
        return credit_of(credit, span, problems).map(Terms::Money);
    }
    if let Some(reserved) = &wire.reservation {
        if !bare {
            let help =
                "leave them out, or state what the token route takes off as the route's own `discount`";
            let title = "a reservation has the price file's terms: no `discount` and no `volume`";
            problems.at(Code::Conflict, &wire.place, title, "", help);
            return None;
        }
        return reservation(reserved, route?, span?, around, problems)
            .map(|reserved| Terms::Reservation(Box::new(reserved)));
    }
    Some(Terms::Money(MoneyTerms::Signing))
}

fn minimum_of(wire: &MinimumWire, problems: &mut Problems) -> Option<MoneyTerms> {
    let per = per_of(wire.per.get(), problems);
    if wire.levels.is_empty() {
        let help = "add `levels: [{amount: 20k, discount: 8%}]`";
        problems.at(Code::MissingKey, &wire.place, "a minimum spend without a level", "", help);
        return None;
    }
    let help = "keep the levels that you might sign";
    if refuse_long(wire.levels.len(), ("levels to choose from", help), &wire.place, problems) {
        return None;
    }
    let mut levels: Vec<(f64, f64)> = Vec::new();
    for level in &wire.levels {
        let amount = usd(level.amount.get(), problems);
        let (amount, discount) = (amount?, discount_of(level.discount.get(), problems)?);
        if levels.last().is_some_and(|(before, _)| amount <= *before) {
            let help = "order the levels by `amount`";
            problems.at(Code::ImpossibleRange, &level.place, "levels must grow", "", help);
            return None;
        }
        levels.push((amount, discount));
    }
    Some(MoneyTerms::Minimum { per: per?, levels })
}

fn credit_of(
    wire: &CreditTermsWire,
    span: Option<(usize, usize)>,
    problems: &mut Problems,
) -> Option<MoneyTerms> {
    let bonus = wire.bonus.get().and_then(|bonus| {
        let wanted = range(Kind::Positive, 0.0, 10.0, "");
        plain(Some(bonus), 0.0, wanted, problems)
    });
    let amounts = wire.amounts.get().and_then(|amounts| amounts_of(amounts, problems));
    let expiry = wire.expires_after_months.get()?;
    let months = count(Some(expiry), 1, 1, 120, problems) as usize;
    let (_, covered) = span?;
    if months > covered {
        let title = "the credit outlives the contract, and nothing is known of what is used then";
        let found = format!("found {months}; the contract covers {covered} months of the horizon");
        let help = "lengthen the scenario's `months`, or let the credit expire with the contract";
        problems.at(Code::OutOfRange, &expiry.0.place, title, found, help);
        return None;
    }
    Some(MoneyTerms::Credit { bonus: bonus?, months, amounts: amounts? })
}

fn volume_terms(wire: &VolumeTermsWire, problems: &mut Problems) -> Option<VolumeTerms> {
    let mode = wire.mode.get()?;
    let graduated = word_of(mode, &[("graduated", true), ("whole", false)], "mode", problems)?;
    if wire.steps.is_empty() {
        let help = "add `steps: [{above: 50k, discount: 5%}]`";
        problems.at(Code::MissingKey, &wire.place, "volume steps without a step", "", help);
        return None;
    }
    let help = "merge steps with neighbouring discounts";
    if refuse_long(wire.steps.len(), ("volume steps", help), &wire.place, problems) {
        return None;
    }
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for step in &wire.steps {
        let above = usd(step.above.get(), problems);
        let (above, discount) = (above?, discount_of(step.discount.get(), problems)?);
        if steps.last().is_some_and(|(before, _)| above <= *before) {
            let help = "order the steps by `above`";
            problems.at(Code::ImpossibleRange, &step.place, "steps must grow", "", help);
            return None;
        }
        steps.push((above, discount));
    }
    Some(VolumeTerms { graduated, steps })
}

fn per_of(text: Option<&Text>, problems: &mut Problems) -> Option<Per> {
    word_of(text?, &[("month", Per::Month), ("term", Per::Term)], "period", problems)
}

/// The amounts to choose from, USD.
fn amounts_of(wire: &AmountsWire, problems: &mut Problems) -> Option<Amounts> {
    match wire {
        AmountsWire::Range(ends) => {
            let (from, to) = (usd(ends.from.get(), problems), usd(ends.to.get(), problems));
            grows(from?, to?, &ends.place, problems).map(|(from, to)| Amounts::Range(from, to))
        }
        AmountsWire::List(items, place) => {
            let help = "write {from: .., to: ..}, which tries every amount that can be best";
            if refuse_empty(items.is_empty(), place, problems)
                || refuse_long(items.len(), ("amounts to choose from", help), place, problems)
            {
                return None;
            }
            let read: Vec<f64> = items.iter().filter_map(|item| usd(Some(item), problems)).collect();
            if read.len() < items.len() {
                return None;
            }
            rising(&read, place, problems).map(|()| Amounts::List(read))
        }
    }
}

/// Two ends of which the second is larger.
pub fn grows(from: f64, to: f64, place: &Place, problems: &mut Problems) -> Option<(f64, f64)> {
    if from >= to {
        let found = format!("found from {from} to {to}");
        let help = "write a list for a single amount";
        problems.at(Code::ImpossibleRange, place, "`from` must be below `to`", found, help);
        return None;
    }
    Some((from, to))
}

/// Refuses a list that does not grow.
pub fn rising(values: &[f64], place: &Place, problems: &mut Problems) -> Option<()> {
    if values.windows(2).all(|pair| pair[0] < pair[1]) {
        return Some(());
    }
    let help = "order the amounts, and write each once";
    problems.at(Code::ImpossibleRange, place, "amounts must grow", "", help);
    None
}

/// Refuses a list without an amount.
pub fn refuse_empty(empty: bool, place: &Place, problems: &mut Problems) -> bool {
    if empty {
        let help = "write [10k, 20k] or {from: 0, to: 60k}; doing nothing is always compared with";
        problems.at(Code::MissingKey, place, "no amount to choose from", "", help);
    }
    empty
}

/// Refuses a longer list than anybody reads: what it is of, and what to do about it.
pub fn refuse_long(found: usize, (what, help): (&str, &str), place: &Place, problems: &mut Problems) -> bool {
    let long = found > MOST_LISTED;
    if long {
        let title = format!("more than {MOST_LISTED} {what}");
        problems.at(Code::TooLarge, place, title, format!("found {found}"), help);
    }
    long
}

fn usd(wire: Option<&QuantityWire>, problems: &mut Problems) -> Option<f64> {
    plain(Some(wire?), 0.0, range(Kind::Positive, 0.0, MOST_USD, "USD"), problems)
}

fn share(wire: Option<&QuantityWire>, problems: &mut Problems) -> Option<f64> {
    plain(wire, 0.0, range(SHARE.kind, 0.0, MOST_DISCOUNT, ""), problems)
}

fn discount_of(wire: Option<&QuantityWire>, problems: &mut Problems) -> Option<f64> {
    share(Some(wire?), problems)
}
