//! Which route to sign: the cheapest that meets every requirement, and what each requirement costs.

use super::outcome::RouteAnalysis;
use super::paired::{difference, paired};
use super::summary::{Figure, Summary};
use crate::engine::Simulation;
use crate::workload::{Outcome, Requirement};

/// The recommendation among the routes of a scenario. Routes are told by their number.
#[derive(Clone, Debug)]
pub struct Recommendation {
    /// The cheapest admissible routes.
    pub cheapest: Cheapest,
    /// The cheapest ones if nothing were required.
    pub without_requirements: Cheapest,
    /// For each route, whether it is admissible: it meets every requirement and serves the job.
    pub admissible: Vec<bool>,
    /// One per requirement, in the order of the scenario: what dropping it alone would change.
    pub dropped: Vec<Dropped>,
    /// What all requirements cost together over the horizon, USD: the cheapest admissible route at P50 less the
    /// cheapest of all, paired. None where no route is admissible.
    pub all_cost: Option<Summary>,
}

/// The cheapest of some routes, by two quantiles of spend over the horizon. None of no routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cheapest {
    /// By the median.
    pub p50: Option<usize>,
    /// By P90.
    pub p90: Option<usize>,
}

/// What dropping one requirement would change.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// The cheapest routes that meet all others.
    pub cheapest: Cheapest,
    /// What the requirement costs over the horizon, USD: the cheapest admissible route at P50 less the cheapest that
    /// meets all others, paired. None where no route is admissible.
    pub cost: Option<Summary>,
    /// The cheapest routes if nothing else were required.
    pub alone: Cheapest,
    /// What it would cost alone, USD: that route at P50 less the cheapest of all, paired. Where two requirements
    /// exclude the same routes, dropping either saves nothing, and this tells what both are for.
    pub alone_cost: Option<Summary>,
}

/// The recommendation. A route that refuses part of the job is never admissible, required or not.
pub fn recommend(
    requirements: &[Requirement],
    routes: &[RouteAnalysis],
    simulation: &Simulation,
) -> Recommendation {
    let admissible = |kept: &dyn Fn(usize) -> bool| -> Vec<bool> {
        let kept = || requirements.iter().enumerate().filter(|(at, _)| kept(*at)).map(|(_, kept)| kept);
        let routes = routes.iter().enumerate();
        routes.map(|(at, route)| route.serves_the_job() && meets(kept(), at)).collect()
    };
    let all = admissible(&|_| true);
    let (chosen, none) = (cheapest(routes, &all), cheapest(routes, &admissible(&|_| false)));
    let cost = |a: Cheapest, b: Cheapest| Some(paired(simulation, a.p50?, b.p50?));
    let dropped = (0..requirements.len()).map(|at| {
        let others = cheapest(routes, &admissible(&|other| other != at));
        let alone = cheapest(routes, &admissible(&|other| other == at));
        Dropped { cheapest: others, cost: cost(chosen, others), alone, alone_cost: cost(alone, none) }
    });
    Recommendation {
        dropped: dropped.collect(),
        all_cost: cost(chosen, none),
        cheapest: chosen,
        without_requirements: none,
        admissible: all,
    }
}

/// Whether the route of a number meets all of some requirements, by the word of the price files.
pub fn meets<'a>(mut requirements: impl Iterator<Item = &'a Requirement>, route: usize) -> bool {
    requirements.all(|requirement| requirement.verdicts[route].outcome == Outcome::Meets)
}

/// The cheapest of the routes that are `among`; the first of equals.
fn cheapest(routes: &[RouteAnalysis], among: &[bool]) -> Cheapest {
    let by = |figure: Figure| {
        let spend = |at: usize| figure.of(&routes[at].spend);
        let some = || (0..routes.len()).filter(|at| among[*at]);
        let least = some().map(spend).fold(f64::INFINITY, f64::min);
        some().find(|at| difference(spend(*at), least) == 0.0)
    };
    Cheapest { p50: by(Figure::P50), p90: by(Figure::P90) }
}
