//! Reservations of provisioned units that make sense: units that are sold for the route, sizes that are sold,
//! commitments that have a price.

use super::super::commitment::{Beyond, Reservation, ReservedTerm};
use super::super::commitment_wire::{AmountsWire, ReservationWire};
use super::super::quantity::Kind;
use super::super::wire::Text;
use super::commitments::{Around, grows, refuse_empty, refuse_long, rising, route_named};
use super::inputs::{plain, range};
use crate::billing::{pay_as_you_go, reserved_unit, sold_size};
use crate::catalogue::CapacityOffer;
use crate::domain::document::word_of;
use crate::domain::problem::{Code, Place, Problems, suggest};
use crate::domain::route::RouteId;
use crate::domain::time::Month;

/// The most units that may be reserved.
const MOST_UNITS: f64 = 1e7;
/// The most sizes between two ends that are tried.
const MOST_SIZES: u64 = 500;

/// The units that may be reserved for a route over the months of `span`.
pub fn reservation(
    wire: &ReservationWire,
    route: usize,
    span: (usize, usize),
    around: &Around<'_>,
    problems: &mut Problems,
) -> Option<Reservation> {
    let before = problems.len();
    let (first, months) = (around.months[span.0], span.1);
    let spill = match &wire.spill_to {
        Some(label) => route_named(label, around.routes, problems)?,
        None => route,
    };
    refuse_searches(&[route, spill], around, &wire.place, problems);
    let beyond = match &wire.beyond {
        Some(text) => vec![word_of(text, &Beyond::ALL, "way to serve the rest", problems)?],
        None => Beyond::ALL.map(|(_, beyond)| beyond).to_vec(),
    };
    let id = &around.routes[route].id;
    let offer = units_of(id, first, around, &wire.place, problems)?;
    let hour_usd = pay_as_you_go(offer, 1, 60).map(|usd| usd.to_f64());
    if hour_usd.is_none() && wire.beyond.is_some() && beyond.contains(&Beyond::Hourly) {
        let title = format!("{} of {id} are not sold by the hour", offer.unit);
        problems.at(Code::NoPrice, &wire.place, title, "", "write `beyond: tokens`");
    }
    let sold = |way: &Beyond| hour_usd.is_some() || *way == Beyond::Tokens;
    let beyond = beyond.into_iter().filter(sold).collect();
    let terms = terms_of(wire.term.as_ref(), offer, (first, months), id, &wire.place, problems);
    let units = wire.units.get().and_then(|units| sizes(units, offer, problems));
    let served = served(offer, id, &wire.place, problems);
    let (tokens, output_weight, cached_weight) = served?;
    (problems.len() == before).then_some(())?;
    Some(Reservation {
        offer: offer.clone(),
        input_tokens_per_minute: tokens,
        output_weight,
        cached_weight,
        units: units?,
        terms: terms?,
        beyond,
        hour_usd,
        spill,
    })
}

/// The provisioned units that are sold for a token route's model and region.
pub(super) fn units_of<'a>(
    id: &RouteId,
    first: Month,
    around: &Around<'a>,
    place: &Place,
    problems: &mut Problems,
) -> Option<&'a CapacityOffer> {
    let sold = around.catalogue.offer(id).ok()?;
    let Some(any) = sold.model.capacity.first() else {
        let title = format!("no provisioned units are sold for {id}");
        let help = "name a route whose model has them: `tollcast prices show` lists them under capacity";
        problems.at(Code::NoPrice, place, title, "", help);
        return None;
    };
    match around.catalogue.capacity(&id.with_tier(&any.unit.to_lowercase()), first.start()) {
        Ok(offer) => Some(offer),
        Err(error) => {
            problems.at(error.code(), place, error.title, "", error.help);
            None
        }
    }
}

/// What a unit serves: input tokens per minute, and the weights of output and cached tokens.
pub(super) fn served(
    offer: &CapacityOffer,
    id: &RouteId,
    place: &Place,
    problems: &mut Problems,
) -> Option<(f64, f64, f64)> {
    let weight = |millionths: Option<i64>| millionths.map(|parts| parts as f64 / 1e6);
    let tokens = offer.input_tokens_per_minute.filter(|tokens| *tokens > 0);
    let found = tokens.zip(weight(offer.output_weight_millionths));
    let found = found.zip(weight(offer.cached_weight_millionths));
    if found.is_none() || offer.output_tokens_per_minute.is_some() {
        let title =
            format!("what one {} of {id} serves is not published as input tokens with weights", offer.unit);
        let help = "add input_tokens_per_minute, output_weight and cached_weight to a price file of your own";
        problems.at(Code::NoPrice, place, title, "", help);
        return None;
    }
    found.map(|((tokens, output), cached)| (tokens as f64, output, cached))
}

/// Searches of requests that units serve are billed by the call all the same, which a reservation does not know.
fn refuse_searches(routes: &[usize], around: &Around<'_>, place: &Place, problems: &mut Problems) {
    let plans = routes.iter().flat_map(|route| &around.routes[*route].plans);
    let mut inputs = plans.map(|plan| plan.searches_per_request);
    if inputs.any(|input| around.inputs.law(input).fixed() != Some(0.0)) {
        let title = "a reservation of units cannot tell searches from tokens in the route's bill";
        let help = "give its routes `searches_per_request: 0`: searches cost the same with units and without";
        problems.at(Code::Conflict, place, title, "", help);
    }
}

pub(super) fn terms_of(
    wanted: Option<&Text>,
    offer: &CapacityOffer,
    (first, months): (Month, usize),
    id: &RouteId,
    place: &Place,
    problems: &mut Problems,
) -> Option<Vec<ReservedTerm>> {
    let sold = offer.terms.iter().filter_map(|term| {
        let (unit_price, paid) = reserved_unit(term, first, months as u64)?;
        let months_beyond = (paid as usize).saturating_sub(months);
        Some(ReservedTerm { name: term.commitment?.to_string(), unit_price, months_beyond })
    });
    let sold: Vec<ReservedTerm> = sold.collect();
    if sold.is_empty() {
        let title = format!("no reservation price of {} is published for {id}", offer.unit);
        let help = "choose another region, or add a term to a price file of your own";
        problems.at(Code::NoPrice, place, title, "", help);
        return None;
    }
    let Some(text) = wanted else { return Some(sold) };
    let found: Vec<ReservedTerm> = sold.iter().filter(|term| term.name == text.value).cloned().collect();
    if found.is_empty() {
        let names: Vec<&str> = sold.iter().map(|term| term.name.as_str()).collect();
        let title = format!("no commitment of `{}` is sold for {id}", text.value);
        problems.at(Code::NoPrice, &text.place, title, "", suggest(&text.value, names));
        return None;
    }
    Some(found)
}

/// The sizes to choose from.
fn sizes(wire: &AmountsWire, offer: &CapacityOffer, problems: &mut Problems) -> Option<Vec<u64>> {
    let mut whole = |wire, place: &Place| {
        let units = plain(Some(wire), 0.0, range(Kind::Positive, 0.0, MOST_UNITS, "units"), problems)?;
        if units.fract() != 0.0 {
            problems.at(Code::OutOfRange, place, "units are whole", format!("found {units}"), "");
            return None;
        }
        Some(units as u64)
    };
    match wire {
        AmountsWire::Range(ends) => {
            let from = ends.from.get().and_then(|from| whole(from, from.place()));
            let to = ends.to.get().and_then(|to| whole(to, to.place()));
            let (from, to) = (from?, to?);
            grows(from as f64, to as f64, &ends.place, problems)?;
            every_size((from, to), offer, &ends.place, problems)
        }
        AmountsWire::List(items, place) => {
            let read: Vec<u64> = items.iter().filter_map(|item| whole(item, item.place())).collect();
            let help = "write {from: .., to: ..}, which tries every size that is sold";
            if refuse_empty(items.is_empty(), place, problems)
                || refuse_long(items.len(), ("sizes to choose from", help), place, problems)
                || read.len() < items.len()
            {
                return None;
            }
            let values: Vec<f64> = read.iter().map(|units| *units as f64).collect();
            rising(&values, place, problems)?;
            let odd = read.iter().find(|units| **units > 0 && next_size(**units, offer) != **units);
            if let Some(units) = odd {
                let found = format!("found {units}; {} would be sold", next_size(*units, offer));
                problems.at(Code::OutOfRange, place, size_rule(offer), found, "");
                return None;
            }
            Some(read)
        }
    }
}

/// Every size that is sold between two, and none at all if the first is zero.
fn every_size(
    (from, to): (u64, u64),
    offer: &CapacityOffer,
    place: &Place,
    problems: &mut Problems,
) -> Option<Vec<u64>> {
    let mut units: Vec<u64> = Vec::new();
    if from == 0 {
        units.push(0);
    }
    let mut size = next_size(from.max(1), offer);
    while size <= to {
        if units.len() as u64 >= MOST_SIZES {
            let title = format!("more than {MOST_SIZES} sizes between {from} and {to}");
            let help = "narrow the range, or write a list";
            problems.at(Code::TooLarge, place, title, size_rule(offer), help);
            return None;
        }
        units.push(size);
        size = next_size(size + 1, offer);
    }
    if units.iter().all(|units| *units == 0) {
        problems.at(Code::OutOfRange, place, "no size between the two is sold", size_rule(offer), "");
        return None;
    }
    Some(units)
}

/// The smallest size that is sold and holds so many units, at least one.
pub(super) fn next_size(units: u64, offer: &CapacityOffer) -> u64 {
    sold_size(offer, units.max(1) as f64)
}

pub(super) fn size_rule(offer: &CapacityOffer) -> String {
    format!("{} are sold in steps of {}, from {} on", offer.unit, offer.increment_units, offer.minimum_units)
}
