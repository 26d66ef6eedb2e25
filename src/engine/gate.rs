//! The gates of caches: how single requests come to them, and how prompts of single lengths are served, to be held
//! against a log.

use super::stream::Stream;
use super::traffic::{Traffic, View};
use crate::workload::Scenario;

/// Ranks of a single length that are told apart.
const RANKS: u32 = 64;

/// The share of a prompt's tokens that is cached in the mean, at each of some lengths in tokens: of the first
/// workload on the first route, with all assumptions at their medians.
pub fn cached_shares(scenario: &Scenario, lengths: &[f64]) -> Vec<f64> {
    let values = scenario.medians();
    let traffic = Traffic::new(scenario, 0);
    let terms = traffic.terms(&values);
    let view = &terms.views[traffic.routes[0].view];
    let share = |length: &f64| {
        // Many prompts of one length have many ranks, and each its own chance.
        let hit = |part: u32| {
            let u = (f64::from(part) + 0.5) / f64::from(RANKS);
            let score = traffic.prompt.score_of(length / terms.prompt_scale, u);
            view.hit_probability(*length, score, traffic.cache_correlation)
        };
        view.share * (0..RANKS).map(hit).sum::<f64>() / f64::from(RANKS)
    };
    lengths.iter().map(share).collect()
}

/// What a request brings to the caches' gates.
#[derive(Clone, Copy, Debug)]
pub enum GateDraw {
    /// A normal score.
    Score(f64),
    /// Its rank, a uniform number: enough where the gate does not depend on length, and no quantile is needed.
    Rank(f64),
}

impl GateDraw {
    /// A gate score that has `correlation` with the prompt's `score`.
    pub fn draw(correlation: f64, score: f64, stream: &mut Stream) -> Self {
        if correlation == 0.0 {
            return GateDraw::Rank(stream.uniform());
        }
        let rest = libm::sqrt(1.0 - correlation * correlation);
        GateDraw::Score(correlation * score + rest * stream.normal())
    }

    /// Whether it passes the gate of a view.
    pub fn passes(self, view: &View) -> bool {
        match self {
            GateDraw::Score(score) => score > view.threshold,
            GateDraw::Rank(rank) => rank > 1.0 - view.open(),
        }
    }
}
