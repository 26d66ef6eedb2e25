//! A simulation's answers, route by route.

use serde::Serialize;

use super::summary::Summary;
use crate::domain::format::significant;
use crate::domain::time::Month;
use crate::engine::{RouteOutcome, Simulation};
use crate::workload::{Budget, Figure, Scenario};

/// Everything that a report says of a simulation.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// One per route, in the order of the scenario.
    pub routes: Vec<RouteAnalysis>,
    /// Every pair of routes.
    pub differences: Vec<RouteDifference>,
    /// The scenario's own expectations.
    pub expectations: Vec<ExpectationResult>,
}

/// A route's answers.
#[derive(Clone, Debug)]
pub struct RouteAnalysis {
    /// Its label.
    pub label: String,
    /// Its route name.
    pub route: String,
    /// Month by month.
    pub months: Vec<MonthAnalysis>,
    /// Spend over the horizon, USD.
    pub spend: Summary,
    /// Premium over the horizon, USD.
    pub premium: Summary,
    /// Mean spend over the horizon by component, USD.
    pub components: Components,
    /// Shares of requests, tokens and spend.
    pub shares: Shares,
    /// What all input tokens cost, divided by their number, USD per million, before fees.
    pub effective_input: Option<f64>,
    /// What all output tokens cost, divided by their number, USD per million, before fees.
    pub effective_output: Option<f64>,
    /// The chance to break the stated budget: any month above the monthly one, or the total above the one
    /// for the horizon.
    pub over_budget_probability: Option<f64>,
    /// The chance to break the budget for the horizon alone, if there is one.
    pub over_total_probability: Option<f64>,
    /// The first month in which breaking it has an even chance or better.
    pub likely_break: Option<Month>,
    /// The share of input tokens that this route refuses as too long and the route that serves most does
    /// not: what its spend leaves out beside that route's.
    pub left_out: f64,
    /// Spend over the horizon in every trial, sorted, USD.
    pub sorted_totals: Vec<f64>,
}

/// A route's month.
#[derive(Clone, Debug)]
pub struct MonthAnalysis {
    /// The month.
    pub month: Month,
    /// Mean number of requests, all workloads.
    pub requests_mean: f64,
    /// Spend, USD.
    pub spend: Summary,
    /// Premium, USD.
    pub premium: Summary,
    /// The chance that this month's spend passes the monthly budget, or, with a budget for the horizon
    /// only, that the spend up to here passes that.
    pub over_budget_probability: Option<f64>,
}

/// Mean spend by component, USD. The names are part of the outside contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Components {
    /// Uncached input.
    pub input: f64,
    /// Cached input.
    pub cached_input: f64,
    /// Cache writes.
    pub cache_write: f64,
    /// Output, reasoning included.
    pub output: f64,
    /// Tool calls.
    pub tools: f64,
    /// Platform fees.
    pub fees: f64,
    /// Provisioned capacity.
    pub capacity: f64,
}

impl Components {
    /// Their sum.
    pub fn total(&self) -> f64 {
        self.input
            + self.cached_input
            + self.cache_write
            + self.output
            + self.tools
            + self.fees
            + self.capacity
    }
}

/// Shares of what was asked of a route; `None` where there is nothing to take a share of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    /// Served requests above the base band, of served requests.
    pub crossing_requests: Option<f64>,
    /// What those cost, of the spend on tokens.
    pub crossing_spend: Option<f64>,
    /// Requests refused for their length, of all requests.
    pub rejected: Option<f64>,
    /// Input tokens of refused requests, of all input tokens.
    pub rejected_tokens: Option<f64>,
    /// Tokens that the stated hit rate wants cached and that cannot be, of input tokens.
    pub unreached_cache: Option<f64>,
    /// Requests whose prompt was cut, of all requests.
    pub truncated: Option<f64>,
    /// Cached tokens, of input tokens.
    pub cached: Option<f64>,
}

/// Two routes on the same traffic.
#[derive(Clone, Debug)]
pub struct RouteDifference {
    /// One route's label.
    pub a: String,
    /// The other's.
    pub b: String,
    /// Spend of a minus spend of b over the horizon, USD.
    pub difference: Summary,
    /// The share of trials in which a costs less.
    pub a_cheaper: f64,
}

/// An expectation and what came of it.
#[derive(Clone, Debug)]
pub struct ExpectationResult {
    /// The sentence to print.
    pub text: String,
    /// Whether it holds.
    pub holds: bool,
}

/// The answers of a simulation of `scenario`.
pub fn analyse(scenario: &Scenario, simulation: &Simulation) -> Analysis {
    let mut routes: Vec<RouteAnalysis> =
        (0..scenario.routes.len()).map(|index| route_analysis(scenario, simulation, index)).collect();
    let refused = |route: &RouteAnalysis| route.shares.rejected_tokens.unwrap_or(0.0);
    let least = routes.iter().map(refused).fold(1.0, f64::min);
    routes.iter_mut().for_each(|route| route.left_out = refused(route) - least);
    let expectations = expectations(scenario, &routes);
    Analysis { differences: differences(scenario, simulation), expectations, routes }
}

fn route_analysis(scenario: &Scenario, simulation: &Simulation, index: usize) -> RouteAnalysis {
    let outcome = &simulation.routes[index];
    let months = simulation.months;
    let mut totals = totals(&outcome.spend, months);
    let spend = Summary::of(&totals);
    let month_risk = scenario.budget.map(|budget| month_risk(&budget, outcome, months));
    let total_budget = scenario.budget.and_then(|budget| budget.total_usd);
    let monthly_budget = scenario.budget.and_then(|budget| budget.monthly_usd);
    let over_total = |trial: &[f64]| total_budget.is_some_and(|limit| trial.iter().sum::<f64>() > limit);
    let over_month = |trial: &[f64]| monthly_budget.is_some_and(|limit| trial.iter().any(|usd| *usd > limit));
    let month = |m: usize| MonthAnalysis {
        month: scenario.months[m],
        requests_mean: simulation.requests_mean[m],
        spend: Summary::of(&column(&outcome.spend, months, m)),
        premium: Summary::of(&column(&outcome.premium, months, m)),
        over_budget_probability: month_risk.as_ref().map(|risk| risk[m]),
    };
    let analysed: Vec<MonthAnalysis> = (0..months).map(month).collect();
    let likely = analysed.iter().find(|month| month.over_budget_probability.is_some_and(|p| p >= 0.5));
    // With both budgets the months tell of the monthly one and the chance of the other: no single event.
    let one_event = total_budget.is_some() != monthly_budget.is_some();
    let likely_break = likely.filter(|_| one_event).map(|month| month.month);
    totals.sort_by(f64::total_cmp);
    let sums = &outcome.sums;
    let trials = simulation.trials as f64;
    let token_spend = sums.input + sums.cached_input + sums.cache_write + sums.output;
    let input_spend = sums.input + sums.cached_input + sums.cache_write;
    let asked = sums.tally.served + sums.tally.rejected;
    RouteAnalysis {
        label: scenario.routes[index].label.clone(),
        route: scenario.routes[index].id.to_string(),
        months: analysed,
        spend,
        premium: Summary::of(&self::totals(&outcome.premium, months)),
        components: Components {
            input: sums.input / trials,
            cached_input: sums.cached_input / trials,
            cache_write: sums.cache_write / trials,
            output: sums.output / trials,
            tools: sums.tools / trials,
            fees: sums.fees / trials,
            capacity: 0.0,
        },
        shares: Shares {
            crossing_requests: share(sums.tally.crossing, sums.tally.served),
            crossing_spend: share(sums.tally.crossing_usd, token_spend),
            rejected: share(sums.tally.rejected, asked),
            rejected_tokens: share(
                sums.tally.rejected_tokens,
                sums.tally.input_tokens + sums.tally.rejected_tokens,
            ),
            unreached_cache: share(sums.tally.unreached_tokens, sums.tally.input_tokens),
            truncated: share(sums.tally.truncated, asked),
            cached: share(sums.tally.cached_tokens, sums.tally.input_tokens),
        },
        effective_input: share(input_spend * 1e6, sums.tally.input_tokens),
        effective_output: share(sums.output * 1e6, sums.tally.output_tokens),
        over_budget_probability: scenario
            .budget
            .map(|_| risk(outcome, months, |trial| over_month(trial) || over_total(trial))),
        over_total_probability: total_budget.map(|_| risk(outcome, months, over_total)),
        likely_break,
        left_out: 0.0,
        sorted_totals: totals,
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// Sums over the months of each trial.
pub fn totals(values: &[f64], months: usize) -> Vec<f64> {
    values.chunks_exact(months).map(|trial| trial.iter().sum()).collect()
}

fn column(values: &[f64], months: usize, month: usize) -> Vec<f64> {
    values.iter().skip(month).step_by(months).copied().collect()
}

/// For each month, the share of trials in which the budget is broken in it (or by it).
fn month_risk(budget: &Budget, outcome: &RouteOutcome, months: usize) -> Vec<f64> {
    let trials = (outcome.spend.len() / months) as f64;
    let mut broken = vec![0.0; months];
    for trial in outcome.spend.chunks_exact(months) {
        let mut spent = 0.0;
        for (m, usd) in trial.iter().enumerate() {
            spent += usd;
            let over = match budget.monthly_usd {
                Some(limit) => *usd > limit,
                None => budget.total_usd.is_some_and(|limit| spent > limit),
            };
            broken[m] += f64::from(u8::from(over));
        }
    }
    broken.into_iter().map(|count| count / trials).collect()
}

/// The share of trials whose months are `over`.
fn risk(outcome: &RouteOutcome, months: usize, over: impl Fn(&[f64]) -> bool) -> f64 {
    let trials = outcome.spend.chunks_exact(months);
    let count = trials.len() as f64;
    trials.filter(|trial| over(trial)).count() as f64 / count
}

fn differences(scenario: &Scenario, simulation: &Simulation) -> Vec<RouteDifference> {
    let totals: Vec<Vec<f64>> =
        simulation.routes.iter().map(|route| totals(&route.spend, simulation.months)).collect();
    let mut list = Vec::new();
    for a in 0..totals.len() {
        for b in a + 1..totals.len() {
            let paired: Vec<f64> = totals[a].iter().zip(&totals[b]).map(|(x, y)| x - y).collect();
            list.push(RouteDifference {
                a: scenario.routes[a].label.clone(),
                b: scenario.routes[b].label.clone(),
                difference: Summary::of(&paired),
                a_cheaper: cheaper(&paired),
            });
        }
    }
    list
}

/// The share of negative differences; ties count half.
pub fn cheaper(differences: &[f64]) -> f64 {
    let score: f64 = differences
        .iter()
        .map(|d| {
            if *d < 0.0 {
                1.0
            } else if *d > 0.0 {
                0.0
            } else {
                0.5
            }
        })
        .sum();
    score / differences.len() as f64
}

fn expectations(scenario: &Scenario, routes: &[RouteAnalysis]) -> Vec<ExpectationResult> {
    let results = scenario.expectations.iter().map(|expectation| {
        let route = &routes[expectation.route];
        let (name, unit, found) = match expectation.figure {
            Figure::EffectiveInput => {
                ("effective input price", "USD per million tokens", route.effective_input)
            }
            Figure::EffectiveOutput => {
                ("effective output price", "USD per million tokens", route.effective_output)
            }
            Figure::MeanSpend => ("mean spend", "USD", Some(route.spend.mean)),
        };
        let (value, within) = (expectation.value, expectation.within);
        let holds = found.is_some_and(|found| (found - value).abs() <= within * value.abs());
        let found = found.map_or("nothing".to_owned(), |found| significant(found, 5));
        ExpectationResult {
            text: format!(
                "{} of {}: expected {value} ± {} %, found {found} {unit}",
                name,
                route.label,
                within * 100.0
            ),
            holds,
        }
    });
    results.collect()
}
