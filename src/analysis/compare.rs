//! Scenarios against each other on the same random numbers: the difference trial by trial.

use super::outcome::{cheaper, totals};
use super::summary::Summary;
use crate::engine::Simulation;
use crate::workload::Scenario;

/// Two scenarios, route by route.
#[derive(Clone, Debug)]
pub struct Pairing {
    /// Routes that both have, by label.
    pub routes: Vec<PairedRoute>,
    /// Labels of routes that only one of them has.
    pub unpaired: Vec<String>,
}

/// One route in two scenarios.
#[derive(Clone, Debug)]
pub struct PairedRoute {
    /// Its label.
    pub label: String,
    /// Spend of a over the horizon, USD.
    pub a: Summary,
    /// Spend of b over the horizon, USD.
    pub b: Summary,
    /// Spend of a minus spend of b in the same trial, USD.
    pub difference: Summary,
    /// The share of trials in which a costs less.
    pub a_cheaper: f64,
    /// How much smaller the standard error of the mean difference is than that of independent runs.
    pub error_ratio: Option<f64>,
}

/// Pairs the routes of two simulations with the same seed and number of trials.
pub fn pair(a: (&Scenario, &Simulation), b: (&Scenario, &Simulation)) -> Pairing {
    let label = |scenario: &Scenario, at: usize| scenario.routes[at].label.clone();
    let mut pairing = Pairing { routes: Vec::new(), unpaired: Vec::new() };
    for at in 0..a.0.routes.len() {
        let name = label(a.0, at);
        match b.0.routes.iter().position(|route| route.label == name) {
            Some(other) => {
                let first = totals(&a.1.routes[at].spend, a.1.months);
                let second = totals(&b.1.routes[other].spend, b.1.months);
                pairing.routes.push(paired_route(name, &first, &second));
            }
            None => pairing.unpaired.push(name),
        }
    }
    let known = |name: &String| a.0.routes.iter().any(|route| route.label == *name);
    let only_b = (0..b.0.routes.len()).map(|at| label(b.0, at)).filter(|name| !known(name));
    pairing.unpaired.extend(only_b);
    pairing
}

fn paired_route(label: String, a: &[f64], b: &[f64]) -> PairedRoute {
    let paired: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
    let (first, second, difference) = (Summary::of(a), Summary::of(b), Summary::of(&paired));
    let independent = (first.sd * first.sd + second.sd * second.sd).sqrt();
    PairedRoute {
        label,
        a_cheaper: cheaper(&paired),
        error_ratio: (independent > 0.0).then(|| difference.sd / independent),
        a: first,
        b: second,
        difference,
    }
}
