//! Routes and their own terms.

use super::super::quantity::Kind;
use super::super::timeline::{PlanTerms, route_plan};
use super::super::wire::{RouteMapWire, RouteWire, ScenarioWire, Text};
use super::super::{Route, Workload};
use super::inputs::{FACTOR, Inputs, SHARE, range};
use super::traffic::{CacheInputs, cache_inputs};
use crate::catalogue::Catalogue;
use crate::domain::problem::{Code, Problems, suggest};
use crate::domain::route::RouteId;
use crate::domain::time::Month;

/// The most routes of a scenario; beyond, no table or chart can be read.
const MOST_ROUTES: usize = 60;

/// The routes of the file, each with a plan for every workload.
pub fn routes(
    wire: &ScenarioWire,
    workloads: &[(Workload, CacheInputs)],
    complete: bool,
    months: &[Month],
    catalogue: &Catalogue,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Vec<Route> {
    if wire.routes.is_empty() && problems.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "a scenario without routes",
            "",
            "add at least one under `routes:`, for instance openai/gpt-5.4",
        );
    }
    if let Some(RouteWire(first)) = wire.routes.get(MOST_ROUTES) {
        let found = format!("found {}", wire.routes.len());
        problems.at(
            Code::TooLarge,
            &first.place,
            format!("more than {MOST_ROUTES} routes"),
            found,
            "split the scenario",
        );
        return Vec::new();
    }
    let mut routes: Vec<Route> = Vec::new();
    for RouteWire(route) in &wire.routes {
        let Some(read) = route_of(route, workloads, complete, months, catalogue, inputs, problems) else {
            continue;
        };
        if let Some(twin) = routes.iter().find(|other| other.label == read.label) {
            problems.at(
                Code::Conflict,
                &read.place,
                format!("the route `{}` stands twice", read.label),
                format!("first on line {}", twin.place.line),
                "give one of them another `label`",
            );
        }
        routes.push(read);
    }
    routes
}

fn route_of(
    wire: &RouteMapWire,
    workloads: &[(Workload, CacheInputs)],
    complete: bool,
    months: &[Month],
    catalogue: &Catalogue,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Option<Route> {
    let written = wire.id.get()?;
    let id = match RouteId::parse(&written.value) {
        Ok(id) => id,
        Err(why) => {
            problems.at(Code::Unreadable, &written.place, why, format!("found `{}`", written.value), "");
            return None;
        }
    };
    let label = wire.label.as_ref().map_or_else(|| id.to_string(), |label| label.value.clone());
    let base = format!("routes.{label}");
    let discount = inputs.add(&format!("{base}.discount"), wire.discount.as_ref(), 0.0, SHARE, problems);
    let factor =
        inputs.add(&format!("{base}.token_factor"), wire.token_factor.as_ref(), 1.0, FACTOR, problems);
    let searches = range(Kind::Positive, 0.0, 1000.0, "a request");
    let searches = wire.searches_per_request.as_ref().map(|stated| {
        inputs.add(&format!("{base}.searches_per_request"), Some(stated), 0.0, searches, problems)
    });
    let own_caches = wire.workloads.0.iter().filter_map(|(_, terms)| terms.cache.as_ref());
    for stated in own_caches.chain(&wire.cache).filter_map(|cache| cache.length_correlation.as_ref()) {
        problems.at(
            Code::Conflict,
            stated.place(),
            "the correlation of length and cache hits belongs to the workload",
            "",
            "state `length_correlation` under the workload's own `cache`; it holds on all routes",
        );
    }
    let own_cache = wire.cache.as_ref().map(|cache| cache_inputs(&base, Some(cache), inputs, problems));
    let id = offered(&id, written, catalogue, problems)?;
    for (name, _) in &wire.workloads.0 {
        if complete && workloads.iter().all(|(workload, _)| workload.name != name.value) {
            let known: Vec<&str> = workloads.iter().map(|(workload, _)| workload.name.as_str()).collect();
            problems.at(
                Code::UnknownName,
                &name.place,
                format!("unknown workload `{}`", name.value),
                "",
                suggest(&name.value, known),
            );
        }
    }
    let (discount, token_factor) = (discount?, factor?);
    let own_searches = match searches {
        Some(read) => Some(read?),
        None => None,
    };
    let own_cache = match own_cache {
        Some(read) => Some(read?),
        None => None,
    };
    let mut route = Route {
        id: id.clone(),
        label,
        bought: Vec::new(),
        discount,
        plans: Vec::new(),
        fees: Vec::new(),
        sources: Vec::new(),
        place: wire.place.clone(),
    };
    let longest_prompt = wire.longest_prompt.as_ref().map(|tokens| tokens.0.value);
    for (workload, cache) in workloads {
        let terms =
            wire.workloads.0.iter().find(|(name, _)| name.value == workload.name).map(|(_, terms)| terms);
        let mut cache = own_cache.map_or(*cache, |own| own.over(*cache));
        if let Some(stated) = terms.and_then(|terms| terms.cache.as_ref()) {
            let place = format!("{base}.workloads.{}", workload.name);
            cache = cache_inputs(&place, Some(stated), inputs, problems)?.over(cache);
        }
        let tier = terms.and_then(|terms| terms.tier.as_ref());
        let bought = tier.map_or_else(|| id.clone(), |tier| id.with_tier(&tier.value));
        let place = tier.map_or(&written.place, |tier| &tier.place);
        let searches = own_searches.unwrap_or(workload.searches_per_request);
        let terms = PlanTerms { workload, cache, token_factor, searches, longest_prompt, place };
        route_plan(&bought, &terms, months, catalogue, inputs, &mut route, problems)?;
        route.bought.push(bought);
    }
    Some(route)
}

/// The route if the catalogue knows it; otherwise a problem that says what exists.
fn offered<'a>(
    id: &'a RouteId,
    written: &Text,
    catalogue: &Catalogue,
    problems: &mut Problems,
) -> Option<&'a RouteId> {
    match catalogue.offer(id) {
        Ok(_) => Some(id),
        Err(error) => {
            problems.at(error.code(), &written.place, error.title, format!("found `{id}`"), error.help);
            None
        }
    }
}
