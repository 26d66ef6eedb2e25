//! One value for every assumption of a trial, with the stated rank correlations.

use super::stream::{Purpose, Stream};
use crate::workload::Scenario;

/// Draws the assumptions of a scenario.
pub struct Assumptions<'a> {
    scenario: &'a Scenario,
    /// One purpose per assumption, named by its path: adding an assumption shifts no other.
    purposes: Vec<Purpose>,
}

impl<'a> Assumptions<'a> {
    /// Prepares a scenario's assumptions.
    pub fn new(scenario: &'a Scenario) -> Self {
        let named = |path: &String| Purpose::named(&format!("assumption {path}"));
        Assumptions { scenario, purposes: scenario.assumptions.iter().map(|a| named(&a.path)).collect() }
    }

    /// The value of every assumption in `trial`, in the order of the scenario.
    pub fn values(&self, seed: u64, trial: u32) -> Vec<f64> {
        let own_score = |at: usize| Stream::new(seed, trial, self.purposes[at]).normal();
        let dependence = &self.scenario.dependence;
        let scores: Vec<f64> = dependence.inputs.iter().map(|input| own_score(input.0)).collect();
        let mut values = Vec::with_capacity(self.purposes.len());
        for (at, assumption) in self.scenario.assumptions.iter().enumerate() {
            let value = match assumption.law.fixed() {
                Some(value) => value,
                None => {
                    let member = dependence.inputs.iter().position(|input| input.0 == at);
                    let z = match member {
                        // Correlated scores are the Cholesky factor times independent ones.
                        Some(row) => dependence.factor[row].iter().zip(&scores).map(|(l, z)| l * z).sum(),
                        None => own_score(at),
                    };
                    assumption.law.at_score(z)
                }
            };
            values.push(value.clamp(assumption.minimum, assumption.maximum));
        }
        values
    }
}
