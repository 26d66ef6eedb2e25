//! The recommendation in `result.json`: names that scripts rely on.

use serde::Serialize;

use super::report::Report;
use crate::analysis::{Cheapest, Summary};
use crate::workload::{Outcome, Requirement};

/// Which route to sign; null where nothing is required. Routes are named by their `id`.
#[derive(Serialize)]
pub struct RecommendationJson<'a> {
    /// The cheapest admissible route by the median; null where there is none.
    cheapest_admissible_p50: Option<PickJson<'a>>,
    /// The same by P90.
    cheapest_admissible_p90: Option<PickJson<'a>>,
    /// The cheapest route that serves the job, whatever is required.
    cheapest_without_requirements_p50: Option<PickJson<'a>>,
    /// The same by P90.
    cheapest_without_requirements_p90: Option<PickJson<'a>>,
    /// What all requirements cost together, paired, at P50's choice.
    all_requirements_cost_usd: Option<&'a Summary>,
    routes: Vec<CandidateJson<'a>>,
    requirements: Vec<RequirementJson<'a>>,
}

#[derive(Serialize)]
struct PickJson<'a> {
    id: &'a str,
    /// The quantile by which it was chosen.
    spend_usd: f64,
}

#[derive(Serialize)]
struct CandidateJson<'a> {
    id: &'a str,
    admissible: bool,
    serves_the_job: bool,
}

#[derive(Serialize)]
struct RequirementJson<'a> {
    /// The key in the scenario.
    requirement: &'static str,
    text: String,
    /// What would be signed if this one were dropped.
    cheapest_without_it_p50: Option<PickJson<'a>>,
    cheapest_without_it_p90: Option<PickJson<'a>>,
    /// What it costs, paired, at P50's choice; null where nothing is admissible.
    cost_usd: Option<&'a Summary>,
    /// What would be signed if nothing else were required, and what that costs above the cheapest of all.
    cheapest_alone_p50: Option<PickJson<'a>>,
    cost_alone_usd: Option<&'a Summary>,
    routes: Vec<VerdictJson<'a>>,
}

#[derive(Serialize)]
struct VerdictJson<'a> {
    id: &'a str,
    /// `meets`, `fails` or `not_known`.
    outcome: &'static str,
    why: &'a str,
    source: Option<&'a str>,
    checked: Option<String>,
}

/// The recommendation of a report whose scenario requires something.
pub fn recommendation(report: &Report) -> Option<RecommendationJson<'_>> {
    if report.required.is_empty() {
        return None;
    }
    let found = &report.analysis.recommendation;
    let [admissible, free] = [found.cheapest, found.without_requirements].map(|picks| both(report, picks));
    let routes = report.analysis.routes.iter().zip(&found.admissible);
    let requirements = report.required.iter().enumerate();
    Some(RecommendationJson {
        cheapest_admissible_p50: admissible.0,
        cheapest_admissible_p90: admissible.1,
        cheapest_without_requirements_p50: free.0,
        cheapest_without_requirements_p90: free.1,
        all_requirements_cost_usd: found.all_cost.as_ref(),
        routes: routes
            .map(|(route, admissible)| CandidateJson {
                id: &route.label,
                admissible: *admissible,
                serves_the_job: route.serves_the_job(),
            })
            .collect(),
        requirements: requirements.map(|(at, required)| requirement(report, at, required)).collect(),
    })
}

fn both(report: &Report, picks: Cheapest) -> (Option<PickJson<'_>>, Option<PickJson<'_>>) {
    let pick = |at: Option<usize>, quantile: fn(&Summary) -> f64| {
        let route = &report.analysis.routes[at?];
        Some(PickJson { id: &route.label, spend_usd: quantile(&route.spend) })
    };
    (pick(picks.p50, |spend| spend.p50), pick(picks.p90, |spend| spend.p90))
}

fn requirement<'a>(report: &'a Report, at: usize, required: &'a Requirement) -> RequirementJson<'a> {
    let dropped = &report.analysis.recommendation.dropped[at];
    let (p50, p90) = both(report, dropped.cheapest);
    let routes = report.analysis.routes.iter().zip(&required.verdicts);
    let verdicts = routes.map(|(route, verdict)| VerdictJson {
        id: &route.label,
        outcome: match verdict.outcome {
            Outcome::Meets => "meets",
            Outcome::NotKnown => "not_known",
            Outcome::Fails => "fails",
        },
        why: &verdict.why,
        source: verdict.source.as_ref().map(|source| source.source.as_str()),
        checked: verdict.source.as_ref().map(|source| source.checked.to_string()),
    });
    RequirementJson {
        requirement: required.demand.key(),
        text: required.demand.text(),
        cheapest_without_it_p50: p50,
        cheapest_without_it_p90: p90,
        cost_usd: dropped.cost.as_ref(),
        cheapest_alone_p50: both(report, dropped.alone).0,
        cost_alone_usd: dropped.alone_cost.as_ref(),
        routes: verdicts.collect(),
    }
}
