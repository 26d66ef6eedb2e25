//! Scenarios against each other on the same random numbers: the difference trial by trial.

use super::distribution::Distribution;
use super::outcome::{Analysis, RouteAnalysis, column, totals};
use super::paired::{cheaper, difference, differences};
use super::summary::Summary;
use crate::domain::problem::Problems;
use crate::domain::time::Month;
use crate::engine::{Items, RouteOutcome, Simulation};
use crate::workload::{Input, Scenario};

/// A scenario that was simulated, and its answers.
#[derive(Clone, Copy)]
pub struct Lived<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its trials.
    pub simulation: &'a Simulation,
    /// Its answers.
    pub analysis: &'a Analysis,
}

/// The same, with all that it is of.
#[derive(Clone, Debug)]
pub struct Case {
    /// The scenario.
    pub scenario: Scenario,
    /// Its trials.
    pub simulation: Simulation,
    /// Its answers.
    pub analysis: Analysis,
}

/// A case that was tried; the problems where there is no such scenario; an error where it could not be simulated.
pub type Tried<E, C = Case> = Result<Result<C, Problems>, E>;

impl Case {
    /// To be looked at.
    pub fn lived(&self) -> Lived<'_> {
        Lived { scenario: &self.scenario, simulation: &self.simulation, analysis: &self.analysis }
    }
}

/// Two scenarios, route by route.
#[derive(Clone, Debug)]
pub struct Pairing {
    /// Routes that both have, by label.
    pub routes: Vec<PairedRoute>,
    /// Labels of routes that only one of them has.
    pub unpaired: Vec<String>,
}

/// One route in two scenarios. Every difference is that of a minus that of b in the same trial, USD.
#[derive(Clone, Debug)]
pub struct PairedRoute {
    /// Its label.
    pub label: String,
    /// Spend of a over the horizon, USD.
    pub a: Summary,
    /// Spend of b over the horizon, USD.
    pub b: Summary,
    /// Of spend over the horizon.
    pub difference: Summary,
    /// Of what crossing a band costs over the horizon.
    pub premium: Summary,
    /// Of what spend is expected to be made of, over the horizon; empty where the trials do not say.
    pub items: Vec<(&'static str, Summary)>,
    /// Of each month's spend.
    pub months: Vec<PairedMonth>,
    /// The first month that the other one is cheaper in than in the first month, at the median.
    pub monthly_crossing: Option<Month>,
    /// The first month by whose end the other one has cost less since the start, at the median.
    pub cumulative_crossing: Option<Month>,
    /// The share of trials in which a costs less; ties count half.
    pub a_cheaper: f64,
    /// How much smaller the standard error of the mean difference is than that of independent runs.
    pub error_ratio: Option<f64>,
    /// The chances of a and of b to break their budget.
    pub over_budget: [Option<f64>; 2],
    /// The shares of the input tokens that a and b refuse.
    pub refused: [f64; 2],
    /// The share of input tokens by which the stated hit rate is out of reach, in a and in b.
    pub unreached: [f64; 2],
    /// What is bought under the label, in a and in b.
    pub ids: [String; 2],
}

/// A month of a route in two scenarios.
#[derive(Clone, Debug)]
pub struct PairedMonth {
    /// The month.
    pub month: Month,
    /// Spend of a minus spend of b, USD.
    pub difference: Summary,
    /// The share of trials in which a costs less; ties count half.
    pub a_cheaper: f64,
}

/// Pairs the routes of two simulations with the same seed and number of trials.
pub fn pair(a: Lived<'_>, b: Lived<'_>) -> Pairing {
    let label = |lived: Lived<'_>, at: usize| lived.scenario.routes[at].label.clone();
    let mut pairing = Pairing { routes: Vec::new(), unpaired: Vec::new() };
    for at in 0..a.scenario.routes.len() {
        let name = label(a, at);
        match b.scenario.routes.iter().position(|route| route.label == name) {
            Some(other) => pairing.routes.push(paired_route(name, (a, at), (b, other))),
            None => pairing.unpaired.push(name),
        }
    }
    let known = |name: &String| a.scenario.routes.iter().any(|route| route.label == *name);
    let only_b = (0..b.scenario.routes.len()).map(|at| label(b, at)).filter(|name| !known(name));
    pairing.unpaired.extend(only_b);
    pairing
}

fn paired_route(label: String, a: (Lived<'_>, usize), b: (Lived<'_>, usize)) -> PairedRoute {
    let first = &a.0.simulation.routes[a.1];
    // On the same random numbers the same terms come to the same, save for what rounding and the prices of other
    // routes leave of the scatter of requests.
    let alike =
        same_terms((a.0.scenario, a.1), (b.0.scenario, b.1)) && same_capacity(a.0.scenario, b.0.scenario);
    let second = if alike { first } else { &b.0.simulation.routes[b.1] };
    // Budgets and windows may still differ.
    let [own_a, own_b] = [a, b].map(|(lived, at)| &lived.analysis.routes[at]);
    let spend_b = if alike { &own_a.spend } else { &own_b.spend };
    let (sampler, months) = (a.0.simulation.sampler, a.0.simulation.months);
    let law =
        |drawn: Vec<f64>, expected: Vec<f64>| Distribution::of_sample(sampler, drawn, expected).summary();
    let over = |amount: fn(&RouteOutcome) -> &Vec<f64>| {
        differences(&totals(amount(first), months), &totals(amount(second), months))
    };
    let spend = over(|route| &route.spend);
    let expected = over(|route| &route.expected.spend);
    let month = |m: usize| {
        let of = |amount: fn(&RouteOutcome) -> &Vec<f64>| {
            differences(&column(amount(first), months, m), &column(amount(second), months, m))
        };
        let drawn = of(|route| &route.spend);
        let a_cheaper = cheaper(&drawn);
        let difference = law(drawn, of(|route| &route.expected.spend));
        PairedMonth { month: a.0.scenario.months[m], difference, a_cheaper }
    };
    let paired_months: Vec<PairedMonth> = crate::engine::all(months, month);
    let sd = |values: &[f64]| Summary::of(values).sd;
    let independent =
        sd(&totals(&first.expected.spend, months)).hypot(sd(&totals(&second.expected.spend, months)));
    PairedRoute {
        label,
        a: own_a.spend.clone(),
        b: spend_b.clone(),
        a_cheaper: cheaper(&spend),
        error_ratio: (independent > 0.0).then(|| sd(&expected) / independent),
        premium: law(over(|route| &route.premium), over(|route| &route.expected.premium)),
        items: items(&first.items, &second.items, &law),
        monthly_crossing: crossing(&paired_months.iter().map(|m| m.difference.p50).collect::<Vec<_>>())
            .map(|m| paired_months[m].month),
        cumulative_crossing: crossing(&cumulative_medians(first, second, months))
            .map(|m| paired_months[m].month),
        months: paired_months,
        difference: law(spend, expected),
        refused: [own_a, own_b].map(RouteAnalysis::refused),
        unreached: [own_a, own_b].map(|route| route.shares.unreached_cache.unwrap_or(0.0)),
        ids: [own_a, own_b].map(|route| route.route.clone()),
        over_budget: [own_a.over_budget_probability, own_b.over_budget_probability],
    }
}

/// Whether a route is asked for the same and billed alike in two scenarios.
fn same_terms((a, at): (&Scenario, usize), (b, other): (&Scenario, usize)) -> bool {
    let (first, second) = (&a.routes[at], &b.routes[other]);
    let law = |scenario: &Scenario, input: Input| {
        let assumption = &scenario.assumptions[input.0];
        (assumption.path.clone(), assumption.law, assumption.minimum, assumption.maximum)
    };
    // How each uncertain assumption of the route comes from independent scores: a weight for each of their names.
    let depends = |scenario: &Scenario, route: usize| -> Vec<(String, Vec<(String, f64)>)> {
        let dependence = &scenario.dependence;
        let path = |input: Input| scenario.assumptions[input.0].path.clone();
        let own = |input: Input| scenario.law(input).fixed().is_none() && scenario.concerns(input, route);
        let rows = dependence.inputs.iter().zip(&dependence.factor).filter(|(input, _)| own(**input));
        rows.map(|(input, row)| {
            let parts = row.iter().zip(&dependence.inputs).filter(|(weight, _)| **weight != 0.0);
            (path(*input), parts.map(|(weight, input)| (path(*input), *weight)).collect())
        })
        .collect()
    };
    let same = |x: Input, y: Input| law(a, x) == law(b, y);
    let plans = || first.plans.iter().zip(&second.plans);
    a.workloads.len() == b.workloads.len()
        && a.workloads.iter().zip(&b.workloads).all(|(x, y)| x.alike(y, &same))
        && same(first.discount, second.discount)
        && first.plans.len() == second.plans.len()
        && plans().all(|(x, y)| x.alike(y, &same))
        && first.fees == second.fees
        && depends(a, at) == depends(b, other)
}

/// Whether nothing of capacity can make the spend of two scenarios differ, or all of it is the same: a route's spend
/// hangs on the routes that it falls back to, and on when requests come.
fn same_capacity(a: &Scenario, b: &Scenario) -> bool {
    let asked = a.capacity.in_spend || b.capacity.in_spend;
    !asked
        || (a.capacity == b.capacity
            && a.workloads.iter().zip(&b.workloads).all(|(x, y)| x.arrivals == y.arrivals)
            && a.routes.len() == b.routes.len()
            && (0..a.routes.len()).all(|at| same_terms((a, at), (b, at))))
}

/// Reads a part of spend.
type Item = fn(&Items) -> f64;

/// What spend is made of, by name.
const ITEMS: [(&str, Item); 7] = [
    ("input", |items| items.input),
    ("cached_input", |items| items.cached_input),
    ("cache_write", |items| items.cache_write),
    ("output", |items| items.output),
    ("tools", |items| items.tools),
    ("fees", |items| items.fees),
    ("capacity", |items| items.capacity),
];

fn items(
    a: &[Items],
    b: &[Items],
    law: &dyn Fn(Vec<f64>, Vec<f64>) -> Summary,
) -> Vec<(&'static str, Summary)> {
    if a.is_empty() || a.len() != b.len() {
        return Vec::new();
    }
    let of_each = |of: Item| -> Vec<f64> { a.iter().zip(b).map(|(x, y)| difference(of(x), of(y))).collect() };
    ITEMS.iter().map(|(name, of)| (*name, law(of_each(*of), of_each(*of)))).collect()
}

/// The median difference of what was spent since the start, by the end of each month.
fn cumulative_medians(a: &RouteOutcome, b: &RouteOutcome, months: usize) -> Vec<f64> {
    let trials = a.spend.len() / months.max(1);
    let mut since = [vec![0.0; trials], vec![0.0; trials]];
    let by_end = |month: usize| {
        for (sums, route) in since.iter_mut().zip([a, b]) {
            sums.iter_mut().enumerate().for_each(|(trial, sum)| *sum += route.spend[trial * months + month]);
        }
        let mut sorted = differences(&since[0], &since[1]);
        sorted.sort_by(f64::total_cmp);
        super::summary::quantile(&sorted, 0.5)
    };
    (0..months).map(by_end).collect()
}

/// The first place at which the sign is not that of the first value with one.
fn crossing(medians: &[f64]) -> Option<usize> {
    let first = medians.iter().find(|median| **median != 0.0)?.signum();
    medians.iter().position(|median| *median != 0.0 && median.signum() != first)
}

#[cfg(test)]
mod tests {
    use super::{RouteOutcome, crossing, cumulative_medians};

    #[test]
    fn what_rounding_leaves_of_sums_is_no_crossing() {
        let spent = |spend: &[f64]| RouteOutcome { spend: spend.to_vec(), ..RouteOutcome::default() };
        let (a, b) = (spent(&[0.1, 0.2, 0.3]), spent(&[0.3, 0.3 - 0.3, 0.1 + 0.2]));
        // 0.1 + 0.2 is a last bit more than 0.3.
        assert_eq!(cumulative_medians(&a, &b, 3)[1..], [0.0, 0.0]);
        assert_eq!(crossing(&cumulative_medians(&a, &b, 3)), None);
    }

    #[test]
    fn lines_cross_where_the_sign_changes_first() {
        assert_eq!(crossing(&[1.0, 2.0, -1.0, 1.0]), Some(2));
        assert_eq!(crossing(&[0.0, -1.0, 0.0, 3.0]), Some(3));
        assert_eq!([crossing(&[0.0, 0.0]), crossing(&[1.0, 0.0, 2.0])], [None, None]);
    }
}
