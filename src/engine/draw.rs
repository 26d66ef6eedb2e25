//! Coordinates of trials: one point of a scrambled Sobol sequence, or one random number, for everything that
//! is uncertain once a trial or once a month.
//!
//! Trial t is point t of one scrambled sequence. Any stretch of it is a scrambled net of its own, so how far
//! the answers of equal parts scatter bounds the error of the whole, which is smaller than that of as many
//! independent parts (METHOD.md).

use super::lowdiscrepancy::{DIMENSIONS, Sobol};
use super::stream::{Purpose, Stream};
use crate::domain::normal;
use crate::workload::{Input, Scenario};

/// Where the trials' coordinates come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sampler {
    /// Owen-scrambled Sobol points.
    Sobol,
    /// Independent random numbers.
    Random,
}

impl Sampler {
    /// The name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Sampler::Sobol => "sobol",
            Sampler::Random => "random",
        }
    }
}

/// The trials' points.
pub struct Points {
    seed: u64,
    sampler: Sampler,
    sobol: Sobol,
    /// What has a dimension, by name.
    dimensions: Vec<String>,
    /// What is read from a second, independent sequence, by name.
    again: Vec<String>,
}

/// One coordinate of all trials.
pub struct Coordinate {
    purpose: Purpose,
    /// The dimension and its scramble; `None` for plain random numbers.
    dimension: Option<(usize, u32)>,
}

impl Points {
    /// The points of `scenario` under `seed`. Every name has the same numbers in all scenarios `beside` it; what
    /// finds no dimension left is random.
    pub fn new(scenario: &Scenario, beside: &[&Scenario], seed: u64, sampler: Sampler) -> Self {
        let mut dimensions: Vec<String> = Vec::new();
        let all: Vec<&Scenario> = if beside.is_empty() { vec![scenario] } else { beside.to_vec() };
        for name in all.iter().flat_map(|scenario| uncertain_names(scenario)) {
            if !dimensions.contains(&name) && dimensions.len() < DIMENSIONS {
                dimensions.push(name);
            }
        }
        let count = if sampler == Sampler::Sobol { dimensions.len() } else { 0 };
        Points { seed, sampler, sobol: Sobol::new(count), dimensions, again: Vec::new() }
    }

    /// The same points, but for the coordinates of some names, which come from a second sequence of as many
    /// dimensions: what pick-and-freeze estimators ask for.
    pub fn again(mut self, names: &[String]) -> Self {
        let second: Vec<String> = self.dimensions.iter().map(|name| second_name(name)).collect();
        self.dimensions.extend(second);
        self.dimensions.truncate(DIMENSIONS);
        if self.sampler == Sampler::Sobol {
            self.sobol = Sobol::new(self.dimensions.len());
        }
        self.again = names.to_vec();
        self
    }

    /// The purpose called `name`, in the sequence that it is read from.
    pub fn purpose(&self, name: &str) -> Purpose {
        Purpose::named(&self.address(name))
    }

    fn address(&self, name: &str) -> String {
        if self.again.iter().any(|known| known == name) { second_name(name) } else { name.to_owned() }
    }

    /// The coordinate called `name`.
    pub fn coordinate(&self, name: &str) -> Coordinate {
        let name = self.address(name);
        let purpose = Purpose::named(&name);
        let known = self.dimensions.iter().position(|dimension| *dimension == name);
        let dimension = known.filter(|_| self.sampler == Sampler::Sobol);
        let scramble = Stream::new(self.seed, 0, purpose).word();
        let dimension = dimension.map(|dimension| (dimension, scramble));
        Coordinate { purpose, dimension }
    }

    /// The standard normal score of a coordinate in a trial.
    pub fn score(&self, coordinate: &Coordinate, trial: u32) -> f64 {
        match coordinate.dimension {
            Some((dimension, scramble)) => {
                normal::quantile(self.sobol.coordinate(dimension, trial, scramble))
            }
            None => Stream::new(self.seed, trial, coordinate.purpose).normal(),
        }
    }
}

/// The name of a coordinate in the second sequence.
fn second_name(name: &str) -> String {
    format!("{name}, again")
}

/// The name of an assumption's coordinate.
pub fn assumption_name(path: &str) -> String {
    format!("assumption {path}")
}

/// The name of a month's drift of a workload.
pub fn drift_name(workload: &str, month: usize) -> String {
    format!("drift {workload} {month}")
}

/// The name of a workload's change of regime.
pub fn regime_name(workload: &str) -> String {
    format!("regime {workload}")
}

/// The name of a workload's days.
pub fn days_name(workload: &str) -> String {
    format!("days {workload}")
}

/// Everything in a scenario that has a dimension, what matters in all months first.
fn uncertain_names(scenario: &Scenario) -> Vec<String> {
    let uncertain = (0..scenario.assumptions.len())
        .filter(|at| is_drawn(scenario, *at))
        .map(|at| &scenario.assumptions[at]);
    let changing = scenario.workloads.iter().filter(|w| w.volume.regime_change.probability > 0.0);
    let regimes = changing.map(|workload| regime_name(&workload.name));
    let drifts = scenario.workloads.iter().flat_map(|workload| {
        let months = if scenario.law(workload.volume.drift_sd).fixed() == Some(0.0) {
            0
        } else {
            scenario.months.len()
        };
        (1..months).map(|month| drift_name(&workload.name, month))
    });
    uncertain.map(|assumption| assumption_name(&assumption.path)).chain(regimes).chain(drifts).collect()
}

/// Whether an assumption has a score: it is uncertain, or what it is correlated with needs it.
fn is_drawn(scenario: &Scenario, at: usize) -> bool {
    scenario.assumptions[at].law.fixed().is_none() || scenario.dependence.inputs.contains(&Input(at))
}

/// Draws the assumptions of a scenario.
pub struct Assumptions<'a> {
    scenario: &'a Scenario,
    /// One coordinate per uncertain assumption, by its path: adding an assumption shifts no other name.
    coordinates: Vec<Option<Coordinate>>,
}

/// The assumptions of a trial.
pub struct Values {
    /// The value of every assumption, in the order of the scenario.
    pub values: Vec<f64>,
    /// The normal score behind each.
    pub scores: Vec<f64>,
}

impl<'a> Assumptions<'a> {
    /// Prepares a scenario's assumptions.
    pub fn new(scenario: &'a Scenario, points: &Points) -> Self {
        let coordinate = |at: usize| {
            let path = &scenario.assumptions[at].path;
            is_drawn(scenario, at).then(|| points.coordinate(&assumption_name(path)))
        };
        Assumptions { scenario, coordinates: (0..scenario.assumptions.len()).map(coordinate).collect() }
    }

    /// The assumptions of `trial`, with the stated rank correlations.
    pub fn values(&self, points: &Points, trial: u32) -> Values {
        let score =
            |coordinate: &Option<Coordinate>| coordinate.as_ref().map_or(0.0, |c| points.score(c, trial));
        let own: Vec<f64> = self.coordinates.iter().map(score).collect();
        let mut scores = own.clone();
        let dependence = &self.scenario.dependence;
        for (row, input) in dependence.inputs.iter().enumerate() {
            // Correlated scores are the Cholesky factor times independent ones.
            let parts = dependence.factor[row].iter().zip(&dependence.inputs);
            scores[input.0] = parts.map(|(weight, input)| weight * own[input.0]).sum();
        }
        let value = |(assumption, score): (&crate::workload::Assumption, &f64)| {
            assumption.law.at_score(*score).clamp(assumption.minimum, assumption.maximum)
        };
        Values { values: self.scenario.assumptions.iter().zip(&scores).map(value).collect(), scores }
    }
}
