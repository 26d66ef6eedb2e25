//! Amounts against each other, trial by trial: what the difference is, when it is nothing, and how often one is less.

use super::distribution::Distribution;
use super::outcome::totals;
use super::summary::Summary;
use crate::engine::{RouteOutcome, Simulation};
use crate::workload::Scenario;

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

/// Amounts that differ by less than this share of both together differ by rounding alone.
const ROUNDING: f64 = 1e-9;

/// a − b; nothing where that is rounding: of 1,000,000,000 and 1,000,000,001 it is 0, of 10 and 11 it is −1.
pub fn difference(a: f64, b: f64) -> f64 {
    if (a - b).abs() <= ROUNDING * (a.abs() + b.abs()) { 0.0 } else { a - b }
}

/// The same of every pair.
pub fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| difference(*a, *b)).collect()
}

/// The share of negative differences; ties count half.
pub fn cheaper(differences: &[f64]) -> f64 {
    let score = |usd: &f64| match *usd {
        usd if usd < 0.0 => 1.0,
        usd if usd > 0.0 => 0.0,
        _ => 0.5,
    };
    differences.iter().map(score).sum::<f64>() / differences.len() as f64
}

/// Spend over the horizon of a route, USD: as drawn, and as expected, trial by trial.
struct Spend {
    drawn: Vec<f64>,
    expected: Vec<f64>,
}

impl Spend {
    fn of(route: &RouteOutcome, months: usize) -> Self {
        Spend { drawn: totals(&route.spend, months), expected: totals(&route.expected.spend, months) }
    }

    /// What it is more than another's.
    fn less(&self, other: &Spend) -> Spend {
        Spend {
            drawn: differences(&self.drawn, &other.drawn),
            expected: differences(&self.expected, &other.expected),
        }
    }

    fn summary(self, simulation: &Simulation) -> Summary {
        Distribution::of_sample(simulation.sampler, self.drawn, self.expected).summary()
    }
}

/// What route `a` costs more than route `b` over the horizon in each trial, as drawn, USD.
pub fn drawn(simulation: &Simulation, a: usize, b: usize) -> Vec<f64> {
    let [a, b] = [a, b].map(|at| totals(&simulation.routes[at].spend, simulation.months));
    differences(&a, &b)
}

/// The law of what route `a` costs more than route `b` over the horizon, USD, in the same futures.
pub fn paired(simulation: &Simulation, a: usize, b: usize) -> Summary {
    let [a, b] = [a, b].map(|at| Spend::of(&simulation.routes[at], simulation.months));
    a.less(&b).summary(simulation)
}

/// Every pair of routes.
pub fn every_pair(scenario: &Scenario, simulation: &Simulation) -> Vec<RouteDifference> {
    let spends: Vec<Spend> =
        simulation.routes.iter().map(|route| Spend::of(route, simulation.months)).collect();
    let pairs: Vec<(usize, usize)> =
        (0..spends.len()).flat_map(|a| (a + 1..spends.len()).map(move |b| (a, b))).collect();
    crate::engine::all(pairs.len(), |at| {
        let (a, b) = pairs[at];
        let less = spends[a].less(&spends[b]);
        RouteDifference {
            a: scenario.routes[a].label.clone(),
            b: scenario.routes[b].label.clone(),
            a_cheaper: cheaper(&less.drawn),
            difference: less.summary(simulation),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_a_billionth_of_both_is_nothing_and_more_is_not() {
        assert_eq!(
            [difference(1e9, 1e9 + 1.0), difference(10.0, 11.0), difference(0.0, 0.0)],
            [0.0, -1.0, 0.0]
        );
        assert_eq!([difference(1e9, 1e9 + 3.0), difference(5.0, 0.0)], [-3.0, 5.0]);
        assert_eq!(differences(&[0.3, 1.0], &[0.1 + 0.2, 2.0]), [0.0, -1.0]);
        assert_eq!(cheaper(&[-1.0, 0.0, 1.0, 2.0]), 0.375);
        assert_eq!(cheaper(&[-0.0]), 0.5);
    }
}
