//! How the cache of a scenario serves prompts of single lengths, to be held against a log.

use super::traffic::Traffic;
use crate::domain::normal;
use crate::workload::Scenario;

/// The share of a prompt's tokens that is cached in the mean, at each of some lengths in tokens: of the first
/// workload on the first route, with all assumptions at their medians.
pub fn cached_shares(scenario: &Scenario, lengths: &[f64]) -> Vec<f64> {
    let clamped = |assumption: &crate::workload::Assumption| {
        assumption.law.median().clamp(assumption.minimum, assumption.maximum)
    };
    let values: Vec<f64> = scenario.assumptions.iter().map(clamped).collect();
    let traffic = Traffic::new(scenario, 0);
    let terms = traffic.terms(&values);
    let view = &terms.views[traffic.routes[0].view];
    let share = |length: &f64| {
        let rank = traffic.prompt.below(length / terms.prompt_scale);
        let z = normal::quantile(rank.clamp(1e-12, 1.0 - 1e-12));
        view.share * view.hit_probability(*length, z, traffic.cache_correlation)
    };
    lengths.iter().map(share).collect()
}
