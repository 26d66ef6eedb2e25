//! A simulation's answers, route by route.

use serde::Serialize;

use super::distribution::Distribution;
use super::mixture::{Mixture, Trial};
use super::paired::{RouteDifference, every_pair};
use super::recommend::{Recommendation, recommend};
use super::summary::Summary;
use crate::domain::format::significant;
use crate::domain::time::Month;
use crate::engine::{RouteOutcome, Sampler, Simulation, Unserved, all};
use crate::workload::{Figure, Scenario};

/// Everything that a report says of a simulation.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// One per route, in the order of the scenario.
    pub routes: Vec<RouteAnalysis>,
    /// Every pair of routes.
    pub differences: Vec<RouteDifference>,
    /// The scenario's own expectations.
    pub expectations: Vec<ExpectationResult>,
    /// Which route to sign, by the scenario's requirements.
    pub recommendation: Recommendation,
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
    /// What its capacity leaves unserved, where that is a part of the spend.
    pub unserved: Unserved,
    /// The relative standard error of what is then paid by the token, beside those of the trials.
    pub sampling_error: f64,
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
    /// The share of input tokens that this route refuses and the route that serves most does
    /// not: what its spend leaves out beside that route's.
    pub left_out: f64,
    /// The law of spend over the horizon, USD.
    pub totals: Distribution,
}

/// A route that leaves out more than this share of the input tokens does another job for less money.
const MOST_LEFT_OUT: f64 = 0.01;

/// Whether the share of the input tokens that is refused has grown so much from `now` to `then` that what
/// is paid then is paid for another job.
pub fn refuses_more(now: f64, then: f64) -> bool {
    then - now > MOST_LEFT_OUT
}

/// The share of the input tokens that is refused as too long, or then for want of capacity.
fn refused(too_long: Option<f64>, unserved: Unserved) -> f64 {
    let too_long = too_long.unwrap_or(0.0);
    too_long + (1.0 - too_long) * unserved.tokens
}

impl RouteAnalysis {
    /// The share of the input tokens that it refuses: as too long, or for want of capacity.
    pub fn refused(&self) -> f64 {
        refused(self.shares.rejected_tokens, self.unserved)
    }

    /// Whether it serves as much as the routes that refuse least, so that what it costs can be held beside them.
    pub fn serves_the_job(&self) -> bool {
        !refuses_more(0.0, self.left_out)
    }
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
    let volume = Volume::of(simulation);
    let mut routes = route_analyses(scenario, simulation, volume.as_ref());
    let least = routes.iter().map(RouteAnalysis::refused).fold(1.0, f64::min);
    routes.iter_mut().for_each(|route| route.left_out = route.refused() - least);
    Analysis {
        differences: every_pair(scenario, simulation),
        expectations: expectations(scenario, &routes),
        recommendation: recommend(&scenario.requirements, &routes, simulation),
        routes,
    }
}

/// Spend over the horizon of every route, and the share of the input tokens that it leaves out: what is needed where
/// many scenarios are only to be ranked.
pub fn spends(simulation: &Simulation) -> Vec<Ranked> {
    let volume = Volume::of(simulation);
    let spend = |outcome: &RouteOutcome| {
        let laws = Laws { simulation, outcome, volume: volume.as_ref() };
        laws.total(|outcome| (&outcome.spend, &outcome.expected.spend, &outcome.expected.spend_noise))
            .summary()
    };
    let too_long = |outcome: &RouteOutcome| {
        let tally = &outcome.sums.tally;
        share(tally.rejected_tokens, tally.input_tokens + tally.rejected_tokens).unwrap_or(0.0)
    };
    let least = simulation.routes.iter().map(too_long).fold(1.0, f64::min);
    let ranked = |outcome: &RouteOutcome| Ranked {
        spend: spend(outcome),
        serves_the_job: !refuses_more(least, too_long(outcome)),
        refused: too_long(outcome),
    };
    simulation.routes.iter().map(ranked).collect()
}

/// A route among others.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// Spend over the horizon, USD.
    pub spend: Summary,
    /// Whether it serves as much as the routes that refuse least.
    pub serves_the_job: bool,
    /// The share of the input tokens that it refuses.
    pub refused: f64,
}

/// The answers of all routes; those of routes that come to the same, at equal prices, are computed once.
fn route_analyses(
    scenario: &Scenario,
    simulation: &Simulation,
    volume: Option<&Volume>,
) -> Vec<RouteAnalysis> {
    let outcomes = &simulation.routes;
    let first = |at: usize| (0..at).find(|&before| outcomes[before] == outcomes[at]).unwrap_or(at);
    let firsts: Vec<usize> = (0..outcomes.len()).map(first).collect();
    let distinct: Vec<usize> = (0..firsts.len()).filter(|&at| firsts[at] == at).collect();
    let analysed = all(distinct.len(), |at| route_analysis(scenario, simulation, volume, distinct[at]));
    let of = |(index, first): (usize, &usize)| {
        let (known, route) = (distinct.partition_point(|at| at < first), &scenario.routes[index]);
        RouteAnalysis { label: route.label.clone(), route: route.id.to_string(), ..analysed[known].clone() }
    };
    firsts.iter().enumerate().map(of).collect()
}

fn route_analysis(
    scenario: &Scenario,
    simulation: &Simulation,
    volume: Option<&Volume>,
    index: usize,
) -> RouteAnalysis {
    let outcome = &simulation.routes[index];
    let months = simulation.months;
    let laws = Laws { simulation, outcome, volume };
    let totals =
        laws.total(|outcome| (&outcome.spend, &outcome.expected.spend, &outcome.expected.spend_noise));
    let premium =
        laws.total(|outcome| (&outcome.premium, &outcome.expected.premium, &outcome.expected.premium_noise));
    let total_budget = scenario.budget.and_then(|budget| budget.total_usd);
    let monthly_budget = scenario.budget.and_then(|budget| budget.monthly_usd);
    let over_total = |trial: &[f64]| total_budget.is_some_and(|limit| trial.iter().sum::<f64>() > limit);
    let over_month = |trial: &[f64]| monthly_budget.is_some_and(|limit| trial.iter().any(|usd| *usd > limit));
    let total_risk = total_budget.map(|limit| totals.exceeds(limit));
    let month = |m: usize| {
        let spend =
            laws.month(m, |outcome| (&outcome.spend, &outcome.expected.spend, &outcome.expected.spend_noise));
        let premium = laws.month(m, |outcome| {
            (&outcome.premium, &outcome.expected.premium, &outcome.expected.premium_noise)
        });
        let risk = scenario.budget.map(|budget| match (budget.monthly_usd, budget.total_usd) {
            (Some(limit), _) => spend.exceeds(limit),
            (None, Some(_)) if m + 1 == months => total_risk.unwrap_or(0.0),
            // What is over the budget by some month is over it in the end.
            (None, Some(limit)) => risk(outcome, months, |trial| trial[..=m].iter().sum::<f64>() > limit)
                .min(total_risk.unwrap_or(1.0)),
            (None, None) => 0.0,
        });
        MonthAnalysis {
            month: scenario.months[m],
            requests_mean: simulation.requests_mean(m) * volume.map_or(1.0, |volume| volume.scale[m]),
            spend: spend.summary(),
            premium: premium.summary(),
            over_budget_probability: risk,
        }
    };
    let analysed: Vec<MonthAnalysis> = all(months, month);
    let likely = analysed.iter().find(|month| month.over_budget_probability.is_some_and(|p| p >= 0.5));
    // With both budgets the months tell of the monthly one and the chance of the other: no single event.
    let one_event = total_budget.is_some() != monthly_budget.is_some();
    let likely_break = likely.filter(|_| one_event).map(|month| month.month);
    let month_risks = || analysed.iter().filter_map(|month| month.over_budget_probability);
    let over_budget = scenario.budget.map(|_| match (monthly_budget, total_risk) {
        (None, Some(risk)) => risk,
        (Some(_), None) if months == 1 => month_risks().sum(),
        // Any of several events, counted in the sample; not less likely than the likeliest of them.
        _ => {
            let any = risk(outcome, months, |trial| over_month(trial) || over_total(trial));
            month_risks().chain(total_risk).fold(any, f64::max)
        }
    });
    let spend = totals.summary();
    // Means that integrate volume out are closer than those of the trials: what spend is made of follows them.
    let sample_mean = outcome.expected.spend.iter().sum::<f64>() / simulation.trials as f64;
    let scale = if sample_mean > 0.0 { spend.mean / sample_mean } else { 1.0 };
    let sums = &outcome.sums;
    let trials = simulation.trials as f64 / scale;
    let token_spend = sums.input + sums.cached_input + sums.cache_write + sums.output;
    let input_spend = sums.input + sums.cached_input + sums.cache_write;
    // What capacity leaves unserved was asked for too.
    let Unserved { requests, tokens } = outcome.unserved;
    let in_window = |served: f64, unserved: f64| if unserved < 1.0 { served / (1.0 - unserved) } else { 0.0 };
    let asked = in_window(sums.tally.served, requests) + sums.tally.rejected;
    let asked_tokens = in_window(sums.tally.input_tokens, tokens) + sums.tally.rejected_tokens;
    RouteAnalysis {
        label: scenario.routes[index].label.clone(),
        route: scenario.routes[index].id.to_string(),
        months: analysed,
        spend,
        premium: premium.summary(),
        components: Components {
            input: sums.input / trials,
            cached_input: sums.cached_input / trials,
            cache_write: sums.cache_write / trials,
            output: sums.output / trials,
            tools: sums.tools / trials,
            fees: sums.fees / trials,
            capacity: sums.capacity / trials,
        },
        shares: Shares {
            crossing_requests: share(sums.tally.crossing, sums.tally.served),
            crossing_spend: share(sums.tally.crossing_usd, token_spend),
            rejected: share(sums.tally.rejected, asked),
            rejected_tokens: share(sums.tally.rejected_tokens, asked_tokens),
            unreached_cache: share(sums.tally.unreached_tokens, sums.tally.input_tokens),
            truncated: share(sums.tally.truncated, asked),
            cached: share(sums.tally.cached_tokens, sums.tally.input_tokens),
        },
        unserved: outcome.unserved,
        sampling_error: outcome.sampling_error,
        // What units cost is not paid for input or for output.
        effective_input: share(input_spend * 1e6, sums.tally.input_tokens).filter(|_| sums.capacity == 0.0),
        effective_output: share(sums.output * 1e6, sums.tally.output_tokens).filter(|_| sums.capacity == 0.0),
        over_budget_probability: over_budget,
        over_total_probability: total_risk,
        likely_break,
        left_out: 0.0,
        totals,
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// Sums over the months of each trial.
pub fn totals(values: &[f64], months: usize) -> Vec<f64> {
    values.chunks_exact(months).map(|trial| trial.iter().sum()).collect()
}

/// The amounts of one month, trial by trial.
pub fn column(values: &[f64], months: usize, month: usize) -> Vec<f64> {
    values.iter().skip(month).step_by(months).copied().collect()
}

/// The laws of a route's amounts.
struct Laws<'a> {
    simulation: &'a Simulation,
    outcome: &'a RouteOutcome,
    volume: Option<&'a Volume>,
}

/// What volume comes to in every trial, where its law is known; taken off before it is put back as a law.
struct Volume {
    level_sd: f64,
    month_sd: Vec<f64>,
    /// What the mean volume of each month is of the trials' own mean.
    scale: Vec<f64>,
    /// The logarithm of the level, by trial; and of level and drift, trial by trial, month after month. Each
    /// with its inverse as a factor.
    level: Vec<(f64, f64)>,
    months: Vec<(f64, f64)>,
}

impl Volume {
    /// The volume of a simulation, if it is to be integrated out: plain random trials stay plain.
    fn of(simulation: &Simulation) -> Option<Self> {
        let scatter = simulation.scatter.as_ref().filter(|_| simulation.sampler == Sampler::Sobol)?;
        let both = |ln: f64| (ln, libm::exp(-ln));
        let months = simulation.months;
        let mut all = Vec::with_capacity(scatter.drift.len());
        let mut sums = vec![0.0; months];
        for (level, drifts) in scatter.level.iter().zip(scatter.drift.chunks_exact(months)) {
            for (drift, sum) in drifts.iter().zip(&mut sums) {
                let (ln, inverse) = both(level + drift);
                *sum += 1.0 / inverse;
                all.push((ln, inverse));
            }
        }
        let month_sd: Vec<f64> =
            scatter.drift_sd.iter().map(|drift| libm::hypot(scatter.level_sd, *drift)).collect();
        let trials = scatter.level.len() as f64;
        let scale = |(sd, sum): (&f64, &f64)| libm::exp(0.5 * sd * sd) * trials / sum;
        Some(Volume {
            level_sd: scatter.level_sd,
            scale: month_sd.iter().zip(&sums).map(scale).collect(),
            month_sd,
            level: scatter.level.iter().map(|ln| both(*ln)).collect(),
            months: all,
        })
    }
}

/// Reads an amount: as drawn, its expectations and their noise.
type Amount = fn(&RouteOutcome) -> (&Vec<f64>, &Vec<f64>, &Vec<f64>);

impl Laws<'_> {
    /// The law of a month's amount.
    fn month(&self, month: usize, amount: Amount) -> Distribution {
        let (drawn, expected, noise) = amount(self.outcome);
        let months = self.simulation.months;
        let mixture = self.volume.and_then(|volume| {
            let trial = |t: usize| {
                let at = t * months + month;
                let (ln, factor) = volume.months[at];
                Trial { ln: libm::log(expected[at]) - ln, centre: expected[at] * factor, noise: noise[at] }
            };
            Mixture::of((0..self.simulation.trials).map(trial), volume.month_sd[month])
        });
        mixture.map_or_else(
            || {
                let (drawn, expected) = (column(drawn, months, month), column(expected, months, month));
                Distribution::of_sample(self.simulation.sampler, drawn, expected)
            },
            Distribution::Mixture,
        )
    }

    /// The law of an amount over the horizon. Drift differs from month to month and stays as drawn.
    fn total(&self, amount: Amount) -> Distribution {
        let (drawn, expected, noise) = amount(self.outcome);
        let months = self.simulation.months;
        let mixture = self.volume.and_then(|volume| {
            let trial = |t: usize| {
                let cells = t * months..(t + 1) * months;
                let (mut total, mut variance, mut skewed) = (0.0, 0.0, false);
                for (mean, noise) in expected[cells.clone()].iter().zip(&noise[cells]) {
                    total += mean;
                    variance += mean * noise.abs();
                    skewed |= *noise < 0.0;
                }
                let (ln, factor) = volume.level[t];
                let noise = if total > 0.0 { variance / total } else { variance };
                let noise = if skewed { -noise } else { noise };
                Trial { ln: libm::log(total) - ln, centre: total * factor, noise }
            };
            Mixture::of((0..self.simulation.trials).map(trial), volume.level_sd)
        });
        mixture.map_or_else(
            || {
                Distribution::of_sample(
                    self.simulation.sampler,
                    totals(drawn, months),
                    totals(expected, months),
                )
            },
            Distribution::Mixture,
        )
    }
}

/// The share of trials whose months are `over`.
fn risk(outcome: &RouteOutcome, months: usize, over: impl Fn(&[f64]) -> bool) -> f64 {
    let trials = outcome.spend.chunks_exact(months);
    let count = trials.len() as f64;
    trials.filter(|trial| over(trial)).count() as f64 / count
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
