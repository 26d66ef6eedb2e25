//! Requirements, and how every route stands to them by the facts of the price files.

use super::super::quantity::QuantityWire;
use super::super::requirement::{Bought, Demand, Requirement};
use super::super::wire::RequirementsWire;
use super::super::{Route, RoutePlan, Verdict};
use super::inputs::{known, known_share};
use crate::catalogue::{Catalogue, Rating, Territory};
use crate::domain::document::{Spanned, word_of};
use crate::domain::problem::{Code, Problems};
use crate::domain::time::DAY_SECONDS;

/// The slowest and the fastest output that can be required, tokens per second.
const SPEEDS: (f64, f64) = (0.001, 1e6);
/// The shortest and the longest wait for a first token that can be required, seconds: up to a day.
const WAITS_S: (f64, f64) = (0.001, DAY_SECONDS as f64);

/// What the scenario requires, with a verdict on each of its routes.
pub fn requirements(
    wire: Option<&RequirementsWire>,
    routes: &[Route],
    catalogue: &Catalogue,
    problems: &mut Problems,
) -> Vec<Requirement> {
    let Some(wire) = wire else { return Vec::new() };
    let judged = |demand: Demand| {
        let verdict = |route: &Route| verdict(&demand, route, catalogue);
        Requirement { verdicts: routes.iter().map(verdict).collect(), demand }
    };
    demands(wire, problems).into_iter().map(judged).collect()
}

fn verdict(demand: &Demand, route: &Route, catalogue: &Catalogue) -> Verdict {
    let first = |at: &usize| !route.bought[..*at].contains(&route.bought[*at]);
    let bought = (0..route.bought.len()).filter(first).filter_map(|at| {
        let id = &route.bought[at];
        let plans = route.bought.iter().zip(&route.plans).filter(|(other, _)| *other == id);
        let longest_priced = plans.filter_map(|(_, plan)| longest_priced(plan)).min();
        // Every route of a checked scenario has an offer.
        catalogue.offer(id).ok().map(|offer| Bought { offer, longest_priced })
    });
    demand.judged(&bought.collect::<Vec<_>>())
}

/// The longest prompt that has a price in every month and at every time of day; none where prices have no end.
fn longest_priced(plan: &RoutePlan) -> Option<u64> {
    plan.months.iter().flatten().filter_map(|slice| slice.card.longest_prompt()).min()
}

/// What is stated, in the order of the reports. `false` requires nothing.
fn demands(wire: &RequirementsWire, problems: &mut Problems) -> Vec<Demand> {
    let wanted = |flag: &Option<Spanned<bool>>, demand: Demand| {
        flag.as_ref().is_some_and(|flag| flag.value).then_some(demand)
    };
    let mut figure = |stated: &Option<QuantityWire>, (least, most): (f64, f64)| {
        stated.as_ref().and_then(|stated| known(Some(stated), least, least, most, problems))
    };
    let speed = figure(&wire.speed_tokens_per_s, SPEEDS).map(Demand::Speed);
    let first_token = figure(&wire.first_token_s, WAITS_S).map(Demand::FirstToken);
    let errors = wire.error_share.as_ref().and_then(|share| known_share(Some(share), 0.0, problems));
    // No provider can be required to process data in no place, or to have poor documentation.
    let places: Vec<_> =
        Territory::WORDS.into_iter().filter(|(_, place)| *place != Territory::Anywhere).collect();
    let ratings: Vec<_> = Rating::WORDS.into_iter().filter(|(_, rating)| *rating > Rating::Poor).collect();
    let all = [
        wanted(&wire.sla, Demand::Sla),
        wanted(&wire.no_registration, Demand::NoRegistration),
        wire.context_window.as_ref().map(|tokens| Demand::ContextWindow(tokens.0.value)),
        wire.data_residency
            .as_ref()
            .and_then(|place| word_of(place, &places, "residency", problems))
            .map(Demand::DataResidency),
        wanted(&wire.fallback, Demand::Fallback),
        speed,
        first_token,
        errors.map(Demand::Errors),
        wire.documentation
            .as_ref()
            .and_then(|rating| word_of(rating, &ratings, "rating", problems))
            .map(Demand::Documentation),
        live_by(wire, problems),
    ];
    all.into_iter().flatten().collect()
}

fn live_by(wire: &RequirementsWire, problems: &mut Problems) -> Option<Demand> {
    let (live_by, apply_on) = match (&wire.live_by, &wire.apply_on) {
        (Some(live_by), Some(apply_on)) => (live_by, apply_on),
        (Some(alone), None) => {
            let help = "add `apply_on:`, the day on which you ask for the approval";
            problems.at(Code::MissingKey, &alone.place, "`live_by` without `apply_on`", "", help);
            return None;
        }
        (None, Some(alone)) => {
            let help = "add `live_by:`, the day on which it must be usable";
            problems.at(Code::MissingKey, &alone.place, "`apply_on` without `live_by`", "", help);
            return None;
        }
        (None, None) => return None,
    };
    if live_by.value < apply_on.value {
        let found = format!("live by {}, applied for on {}", live_by.value, apply_on.value);
        let help = "`live_by` is the day of use, `apply_on` the earlier day of asking for it";
        problems.at(Code::Conflict, &live_by.place, "`live_by` lies before `apply_on`", found, help);
        return None;
    }
    Some(Demand::LiveBy { live_by: live_by.value, apply_on: apply_on.value })
}
