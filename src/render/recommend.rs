//! Which route to sign, in words and tables.

use serde::Serialize;

use super::words;
use crate::analysis::{Analysis, RouteAnalysis, Summary};
use crate::domain::format::{percent, probability, usd_short};
use crate::workload::{Outcome, Requirement, Scenario, Verdict};

/// The section of a report. It is there where a scenario requires anything.
#[derive(Clone, Debug, Serialize)]
pub struct Recommended {
    /// The answer in a few sentences.
    pub sentences: Vec<String>,
    /// The heads of the table of routes: the requirements, in a few words each.
    pub requirements: Vec<String>,
    /// The routes, cheapest median first.
    pub routes: Vec<CandidateRow>,
    /// Why routes do not meet a requirement, each reason once.
    pub reasons: Vec<ReasonRow>,
    /// What each requirement costs, and all of them.
    pub costs: Vec<CostRow>,
    /// Whether no route is admissible.
    pub none: bool,
}

/// A route and how it stands to each requirement.
#[derive(Clone, Debug, Serialize)]
pub struct CandidateRow {
    /// Its label.
    pub label: String,
    /// Whether it is admissible.
    pub admissible: bool,
    /// Median spend over the horizon.
    pub p50: String,
    /// Its 90 % quantile.
    pub p90: String,
    /// `meets`, `fails` or `not known`, in the order of the requirements.
    pub cells: Vec<&'static str>,
    /// Whether it serves the whole job: `yes`, or the share of the input tokens that it refuses.
    pub serves: String,
}

/// Why routes do not meet a requirement.
#[derive(Clone, Debug, Serialize)]
pub struct ReasonRow {
    /// The requirement.
    pub requirement: String,
    /// `fails` or `not known`.
    pub outcome: &'static str,
    /// The routes that it is true of.
    pub labels: Vec<String>,
    /// The reason.
    pub why: String,
    /// Source and check date; empty where nobody says anything.
    pub source: String,
}

/// What a requirement costs.
#[derive(Clone, Debug, Serialize)]
pub struct CostRow {
    /// The requirement.
    pub requirement: String,
    /// The route to sign at P50 without it.
    pub without: String,
    /// Its median spend.
    pub without_p50: String,
    /// What the requirement costs, median.
    pub p50: String,
    /// 10 % to 90 % quantile of it.
    pub range: String,
    /// What it would cost if nothing else were required, median.
    pub alone: String,
}

/// The section, or none where nothing is required. `order` lists the routes, cheapest median first.
pub fn recommended(scenario: &Scenario, analysis: &Analysis, order: &[usize]) -> Option<Recommended> {
    if scenario.requirements.is_empty() {
        return None;
    }
    let candidate = |&at: &usize| {
        let route = &analysis.routes[at];
        CandidateRow {
            label: route.label.clone(),
            admissible: analysis.recommendation.admissible[at],
            p50: usd_short(route.spend.p50),
            p90: usd_short(route.spend.p90),
            cells: scenario.requirements.iter().map(|r| r.verdicts[at].outcome.words()).collect(),
            serves: match route.serves_the_job() {
                true => "yes".to_owned(),
                false => format!("refuses {}", percent(route.refused())),
            },
        }
    };
    Some(Recommended {
        sentences: sentences(scenario, analysis, order),
        requirements: scenario.requirements.iter().map(|required| required.demand.text()).collect(),
        routes: order.iter().map(candidate).collect(),
        reasons: reasons(scenario, analysis, order),
        costs: costs(scenario, analysis),
        none: analysis.recommendation.cheapest.p50.is_none(),
    })
}

fn sentences(scenario: &Scenario, analysis: &Analysis, order: &[usize]) -> Vec<String> {
    let recommendation = &analysis.recommendation;
    let (chosen, free) = (recommendation.cheapest, recommendation.without_requirements);
    let mut sentences = Vec::new();
    if let (Some(p50), Some(p90)) = (chosen.p50, chosen.p90) {
        let (route, at_p90) = (&analysis.routes[p50], &analysis.routes[p90]);
        let by = if p50 == p90 { "at the median and at P90" } else { "at the median" };
        let met = match recommendation.admissible.iter().filter(|meets| **meets).count() {
            1 => format!("the only one of {} routes that meets every requirement", order.len()),
            count => {
                format!(
                    "the cheapest {by} of the {count} routes, of {}, that meet every requirement",
                    order.len()
                )
            }
        };
        sentences.push(format!("Sign {}, {met}: {}.", route.label, spends(route)));
        if p50 != p90 {
            sentences.push(format!("Who plans for P90 signs {}: {}.", at_p90.label, spends(at_p90)));
        }
        sentences.extend(level(analysis, p50));
        sentences.extend(budget_chance(scenario, route));
        sentences.extend(free.p50.map(|free| price_of_all(analysis, p50, free)));
    } else {
        sentences.push(format!("None of the {} routes meets every requirement.", order.len()));
        sentences.extend(nearest(scenario, analysis));
    }
    sentences.extend(worth_asking(scenario, analysis, order));
    sentences
}

fn spends(route: &RouteAnalysis) -> String {
    format!("{} at the median, {} at P90", usd_short(route.spend.p50), usd_short(route.spend.p90))
}

/// Admissible routes that cost the same to the cent; then the order of the scenario decided.
fn level(analysis: &Analysis, chosen: usize) -> Option<String> {
    let median = |at: usize| analysis.routes[at].spend.p50;
    let same = |at: &usize| *at != chosen && (median(*at) - median(chosen)).abs() < 0.01;
    let meets = analysis.recommendation.admissible.iter().enumerate().filter(|(_, meets)| **meets);
    let labels: Vec<&str> =
        meets.map(|(at, _)| at).filter(same).map(|at| analysis.routes[at].label.as_str()).collect();
    (!labels.is_empty())
        .then(|| format!("The same costs: {}. The scenario names it later.", labels.join("; ")))
}

/// How the route to sign stands to the budget.
fn budget_chance(scenario: &Scenario, route: &RouteAnalysis) -> Option<String> {
    let (budget, risk) = (scenario.budget?, route.over_budget_probability?);
    let verdict = if budget.allows(risk) { "the budget holds" } else { "the budget does not hold" };
    Some(format!(
        "On it {verdict} with the {} that are asked for ({}: {}).",
        probability(budget.confidence),
        words::budget_event(&budget),
        probability(risk)
    ))
}

/// What all requirements cost together.
fn price_of_all(analysis: &Analysis, chosen: usize, free: usize) -> String {
    let free_route = &analysis.routes[free];
    match &analysis.recommendation.all_cost {
        Some(cost) if chosen != free => format!(
            "All requirements together cost {} (P10 {}, P90 {}) against {}, the cheapest without any.",
            usd_short(cost.p50),
            usd_short(cost.p10),
            usd_short(cost.p90),
            free_route.label
        ),
        _ => "The requirements cost nothing: it is the cheapest without them, too.".to_owned(),
    }
}

/// Which single requirement, dropped, would leave a route to sign.
fn nearest(scenario: &Scenario, analysis: &Analysis) -> Vec<String> {
    let dropped = scenario.requirements.iter().zip(&analysis.recommendation.dropped);
    let found = dropped.filter_map(|(required, dropped)| {
        let route = &analysis.routes[dropped.cheapest.p50?];
        Some(format!(
            "Without \u{201c}{}\u{201d}, sign {}: {} at the median.",
            required.demand.text(),
            route.label,
            usd_short(route.spend.p50)
        ))
    });
    let found: Vec<String> = found.collect();
    if found.is_empty() {
        vec!["Dropping any single one of them leaves none either.".to_owned()]
    } else {
        found
    }
}

/// The cheapest route that fails nothing, if it is cheaper than the recommended one: an answer could admit it.
fn worth_asking(scenario: &Scenario, analysis: &Analysis, order: &[usize]) -> Option<String> {
    let fails = |at: usize| scenario.requirements.iter().any(|r| r.verdicts[at].outcome == Outcome::Fails);
    let first = *order.iter().find(|&&at| analysis.routes[at].serves_the_job() && !fails(at))?;
    if analysis.recommendation.admissible[first] {
        return None;
    }
    let open = |required: &&Requirement| required.verdicts[first].outcome == Outcome::NotKnown;
    let open: Vec<String> = scenario.requirements.iter().filter(open).map(|r| r.demand.text()).collect();
    let route = &analysis.routes[first];
    Some(format!(
        "Worth asking the provider: {} ({} at the median) fails nothing, but is not known to offer: {}.",
        route.label,
        usd_short(route.spend.p50),
        open.join(", ")
    ))
}

/// Every reason once, with the routes that it is true of.
fn reasons(scenario: &Scenario, analysis: &Analysis, order: &[usize]) -> Vec<ReasonRow> {
    let mut rows: Vec<ReasonRow> = Vec::new();
    for required in &scenario.requirements {
        for &at in order {
            let verdict = &required.verdicts[at];
            if verdict.outcome == Outcome::Meets {
                continue;
            }
            let row = reason(required, verdict, &analysis.routes[at].label);
            let same = |known: &&mut ReasonRow| {
                (&known.requirement, known.outcome) == (&row.requirement, row.outcome)
                    && (&known.why, &known.source) == (&row.why, &row.source)
            };
            match rows.iter_mut().find(same) {
                Some(known) => known.labels.extend(row.labels),
                None => rows.push(row),
            }
        }
    }
    for route in order.iter().map(|&at| &analysis.routes[at]).filter(|route| !route.serves_the_job()) {
        rows.push(ReasonRow {
            requirement: "the whole job".to_owned(),
            outcome: Outcome::Fails.words(),
            labels: vec![route.label.clone()],
            why: format!(
                "{} of the input tokens are refused {}",
                percent(route.refused()),
                words::why_refused(route)
            ),
            source: "this simulation".to_owned(),
        });
    }
    rows
}

fn reason(required: &Requirement, verdict: &Verdict, label: &str) -> ReasonRow {
    let cited =
        |source: &crate::catalogue::Citation| format!("{}, checked {}", source.source, source.checked);
    ReasonRow {
        requirement: required.demand.text(),
        outcome: verdict.outcome.words(),
        labels: vec![label.to_owned()],
        why: verdict.why.trim_end_matches('.').to_owned(),
        source: verdict.source.as_ref().map(cited).unwrap_or_default(),
    }
}

fn costs(scenario: &Scenario, analysis: &Analysis) -> Vec<CostRow> {
    let recommendation = &analysis.recommendation;
    let free = recommendation.without_requirements.p50;
    let row = |requirement: String, without: Option<usize>, cost: &Option<Summary>| {
        let route = without.map(|at| &analysis.routes[at]);
        let range = |cost: &Summary| format!("{} to {}", usd_short(cost.p10), usd_short(cost.p90));
        let stays = without == recommendation.cheapest.p50;
        CostRow {
            requirement,
            without: route.map_or("none".to_owned(), |route| route.label.clone()),
            without_p50: route.map_or(String::new(), |route| usd_short(route.spend.p50)),
            p50: price(cost, stays),
            range: cost.as_ref().filter(|_| !stays).map(range).unwrap_or_default(),
            alone: String::new(),
        }
    };
    let single = scenario.requirements.iter().zip(&recommendation.dropped).map(|(required, dropped)| {
        let alone = price(&dropped.alone_cost, dropped.alone.p50 == free);
        CostRow { alone, ..row(required.demand.text(), dropped.cheapest.p50, &dropped.cost) }
    });
    let all = row("all together".to_owned(), free, &recommendation.all_cost);
    single.chain([all]).collect()
}

/// The median of a cost, and a word where the same route is signed or none can be.
fn price(cost: &Option<Summary>, same_route: bool) -> String {
    match cost {
        Some(cost) if same_route || cost.p10 == 0.0 && cost.p90 == 0.0 => "nothing".to_owned(),
        Some(cost) => usd_short(cost.p50),
        None => "no route".to_owned(),
    }
}
