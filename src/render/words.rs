//! What a report says in sentences: the answer, the budget, the warnings.

use crate::analysis::{Analysis, RouteAnalysis, refuses_more};
use crate::domain::format::{percent, probability, usd_short};
use crate::engine::{Unserved, share_above};
use crate::workload::{Budget, Route, Scenario};

/// The answer in a few sentences. `order` lists the routes, cheapest median first.
pub fn answer(scenario: &Scenario, analysis: &Analysis, order: &[usize], horizon: &str) -> Vec<String> {
    let span = |route: &RouteAnalysis| {
        format!(
            "{} (P10 {}, P90 {})",
            usd_short(route.spend.p50),
            usd_short(route.spend.p10),
            usd_short(route.spend.p90)
        )
    };
    let mut sentences =
        vec![format!("{} costs {} over {horizon}.", analysis.routes[0].label, span(&analysis.routes[0]))];
    let serving: Vec<&RouteAnalysis> =
        order.iter().map(|&at| &analysis.routes[at]).filter(|route| route.serves_the_job()).collect();
    if let [cheapest, .., dearest] = serving.as_slice() {
        sentences.push(format!(
            "Of the {} routes that refuse no more of the traffic than others, {} costs least at the median, {}, and {} most, {}.",
            serving.len(),
            cheapest.label,
            span(cheapest),
            dearest.label,
            span(dearest)
        ));
    }
    for route in analysis.routes.iter().filter(|route| !route.serves_the_job()) {
        sentences.push(format!(
            "{} refuses {} of the input tokens {}: its spend of {} is for the rest only.",
            route.label,
            percent(route.refused()),
            why_refused(route),
            usd_short(route.spend.p50)
        ));
    }
    let least = analysis.routes.iter().min_by(|a, b| a.refused().total_cmp(&b.refused()));
    if let Some(route) = least.filter(|route| refuses_more(0.0, route.unserved.tokens)) {
        sentences.push(format!(
            "No route serves all of the traffic: even {} refuses {} of the input tokens {}, and no spend here is for the whole job.",
            route.label,
            percent(route.refused()),
            why_refused(route)
        ));
    }
    if let Some(budget) = &scenario.budget {
        let chance = |route: &RouteAnalysis| route.over_budget_probability.unwrap_or(0.0);
        let holds = order.iter().filter(|&&at| budget.allows(chance(&analysis.routes[at]))).count();
        sentences.push(format!(
            "The budget of {} holds with at least {} probability on {holds} of {} routes.",
            self::budget(budget, scenario.months.len()),
            probability(budget.confidence),
            order.len()
        ));
    }
    // The first route is the one that the scenario is about.
    let crossing = analysis.routes.iter().find(|route| route.premium.mean > 0.001 * route.spend.mean);
    if let Some(route) = crossing {
        sentences.push(format!(
            "Prompts above a price threshold cost {} extra on {}: there, {} of requests cause {} of the spend on tokens.",
            usd_short(route.premium.mean),
            route.label,
            route.shares.crossing_requests.map_or("n/a".to_owned(), percent),
            route.shares.crossing_spend.map_or("n/a".to_owned(), percent),
        ));
    }
    sentences
}

/// A budget in words.
pub fn budget(budget: &Budget, months: usize) -> String {
    match (budget.monthly_usd, budget.total_usd) {
        (Some(monthly), Some(total)) => {
            format!("{} a month and {} in all", usd_short(monthly), usd_short(total))
        }
        (Some(monthly), None) => format!("{} a month", usd_short(monthly)),
        (None, _) => format!("{} over {months} months", usd_short(budget.horizon_usd(months))),
    }
}

/// What the chance in the main table is of.
pub fn budget_event(budget: &Budget) -> String {
    match (budget.monthly_usd, budget.total_usd) {
        (Some(monthly), Some(total)) => {
            format!("chance over {} a month or {} in all", usd_short(monthly), usd_short(total))
        }
        (None, Some(total)) => format!("chance over {} in all", usd_short(total)),
        (Some(monthly), None) => format!("chance of a month over {}", usd_short(monthly)),
        (None, None) => "no budget".to_owned(),
    }
}

/// The largest share, over the workloads, of visible answers beyond a route's limit, at median scales.
fn cut_answers(scenario: &Scenario, route: &Route) -> Option<f64> {
    let shares = route.plans.iter().zip(&scenario.workloads).filter_map(|(plan, workload)| {
        let limit = plan.max_output? as f64;
        let factor = scenario.law(plan.token_factor).median();
        Some(share_above(
            &workload.output.shape,
            scenario.law(workload.output.scale).median() * factor,
            limit,
        ))
    });
    shares.reduce(f64::max)
}

/// Why a route refuses what it refuses.
pub fn why_refused(route: &RouteAnalysis) -> &'static str {
    let too_long = route.shares.rejected_tokens.is_some_and(|share| share >= WORTH_A_NOTE);
    match (too_long, route.unserved.tokens >= WORTH_A_NOTE) {
        (true, true) => "as too long or for want of capacity",
        (false, true) => "for want of capacity",
        _ => "as too long",
    }
}

/// A hit rate that is out of reach by this share of the input tokens is worth a note.
pub const UNREACHED: f64 = 0.005;

/// Shares of requests below this are not worth a note.
pub const WORTH_A_NOTE: f64 = 1e-5;

/// Sentences, and the routes that each is true of.
#[derive(Default)]
struct Said<'a>(Vec<(String, Vec<&'a str>)>);

impl<'a> Said<'a> {
    fn note(&mut self, label: &'a str, text: String) {
        match self.0.iter_mut().find(|(known, _)| *known == text) {
            Some((_, labels)) => labels.push(label),
            None => self.0.push((text, vec![label])),
        }
    }
}

/// What a reader must be warned of, each sentence with the routes that it is true of.
pub fn warnings(scenario: &Scenario, analysis: &Analysis) -> Vec<String> {
    let mut said = Said::default();
    for (at, (route, analysed)) in scenario.routes.iter().zip(&analysis.routes).enumerate() {
        if let Some(share) = analysed.shares.rejected.filter(|share| *share >= WORTH_A_NOTE) {
            let tokens = analysed.shares.rejected_tokens.map_or("n/a".to_owned(), percent);
            said.note(
                &route.label,
                format!(
                    "{} of requests, with {tokens} of the input tokens, are longer than the route serves; they are refused, cost nothing here and would have to go elsewhere",
                    percent(share)
                ),
            );
        }
        if analysed.unserved.requests >= WORTH_A_NOTE {
            let Unserved { requests, tokens } = analysed.unserved;
            said.note(
                &route.label,
                format!(
                    "{} of requests, with {} of the input tokens, are left unserved by limits and units; they cost nothing here",
                    percent(requests),
                    percent(tokens)
                ),
            );
        }
        if let Some(share) = analysed.shares.truncated.filter(|share| *share >= WORTH_A_NOTE) {
            said.note(
                &route.label,
                format!("{} of prompts are cut to the longest that the route sells", percent(share)),
            );
        }
        if let Some(share) = analysed.shares.unreached_cache.filter(|share| *share >= UNREACHED) {
            said.note(
                &route.label,
                format!(
                    "the stated cache hit rate is out of reach by {} of input tokens: prompts below the provider's minimum are never cached",
                    percent(share)
                ),
            );
        }
        if route.sources.iter().any(|(what, _)| what.ends_with("HYPOTHETICAL")) {
            said.note(&route.label, "a price is hypothetical: somebody's what-if, not an offer".to_owned());
        }
        if let Some(share) = cut_answers(scenario, route).filter(|share| *share >= WORTH_A_NOTE) {
            said.note(
                &route.label,
                format!("{} of visible answers are cut at the longest that the route sells", percent(share)),
            );
        }
        if analysed.sampling_error > 1e-3 {
            said.note(
                &route.label,
                format!(
                    "what capacity leaves to pay by the token is read off sampled hours: it is known to ± {}, beside the errors stated, which are of trials",
                    percent(analysed.sampling_error)
                ),
            );
        }
        let capacity = &scenario.capacity.routes[at];
        if scenario.capacity.in_spend {
            if let (Some(units), Some(sold)) = (&capacity.units, &capacity.sold) {
                let term =
                    units.term.as_ref().map_or("by the hour".to_owned(), |term| format!("for {}", term.name));
                said.note(
                    &route.label,
                    format!(
                        "the spend is {} {} bought {term}{}",
                        units.count,
                        sold.offer.unit,
                        if units.spills { ", and the tokens of what they do not serve" } else { "" }
                    ),
                );
            } else if !capacity.limits.is_empty() || capacity.concurrency.is_some() {
                said.note(
                    &route.label,
                    "the spend is of what limits let through, and what falls back is paid where it goes"
                        .to_owned(),
                );
            }
        }
        if route.plans.iter().any(|plan| plan.longest_prompt.is_none()) {
            said.note(
                &route.label,
                "no context window is published in the price file, so every prompt is taken to fit"
                    .to_owned(),
            );
        }
    }
    said.0
        .into_iter()
        .map(|(text, labels)| match labels.as_slice() {
            all if all.len() == scenario.routes.len() && all.len() > 1 => format!("On all routes, {text}."),
            some => format!("On {}, {text}.", some.join("; ")),
        })
        .collect()
}
