//! The forecaster: what a history of totals says about those to come.
//!
//! One model serves `fit`, `backtest` and `simulate`. Its parameters are those of a scenario's volume (level,
//! growth, weekdays, scatter with memory, scatter without, change of regime), and its days are drawn by the
//! engine's own path. `fit` writes them down; `backtest` draws from them as `simulate` would.

mod gaussian;
mod posterior;

pub use gaussian::{Triangle, dot};
pub use posterior::{Period, posterior};

use crate::engine::{DayScatter, Days, Purpose, Stream, regime_factor};
use crate::workload::RegimeChange;

/// A normal law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
}

/// What is believed about the totals of the bins to come, in the terms of a scenario's volume. A bin is a day,
/// or another stretch of time that takes a day's place.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The logarithm of the mean total of a bin at the end of the history, in its long run.
    pub log_level: Normal,
    /// Growth of that logarithm from bin to bin.
    pub growth: Normal,
    /// Where the scatter with memory stands after the last bin.
    pub start: Normal,
    /// The factor of the correlations of those three, in that order.
    pub dependence: Triangle,
    /// The logarithm of the coefficient of variation of the scatter with memory.
    pub log_cv: Normal,
    /// The logarithm of that of the scatter without.
    pub log_noise_cv: Normal,
    /// The memory: the correlation of neighbouring bins.
    pub memory: f64,
    /// Weights of the bins of a period, mean 1, in order of the bins to come.
    pub season: Vec<f64>,
    /// The change of regime.
    pub regime: RegimeChange,
}

/// A regime changes in one horizon of ten, by a factor between 0.44 and 2.3 in nine cases of ten: what histories
/// too short to show a change say nothing about. A convention, not a fit.
pub const REGIME: RegimeChange = RegimeChange { probability: 0.1, sd: 0.5 };

impl Outlook {
    /// The correlation of two of level, growth and start, in that order.
    pub fn correlation(&self, a: usize, b: usize) -> f64 {
        self.dependence.product(a, b)
    }

    /// The total of the next `bins` bins in a trial under `seed`.
    pub fn total(&self, bins: usize, seed: u64, trial: u32) -> f64 {
        let mut stream = Stream::new(seed, trial, Purpose::named("outlook"));
        let scores: Vec<f64> = (0..3).map(|_| stream.normal()).collect();
        let scores = self.dependence.times(&scores);
        let at = |law: &Normal, score: f64| law.mean + law.sd * score;
        let (cv, noise) = (at(&self.log_cv, stream.normal()), at(&self.log_noise_cv, stream.normal()));
        let regime = regime_factor(&self.regime, stream.normal());
        // As in a scenario, whose months have one level each: that of the middle of the horizon.
        let middle = 0.5 * (bins as f64 + 1.0);
        let log_level = at(&self.log_level, scores[0]) + middle * at(&self.growth, scores[1]);
        let scatter = DayScatter {
            cv: libm::exp(cv),
            memory: self.memory,
            start: Some(at(&self.start, scores[2])),
            noise_cv: libm::exp(noise),
        };
        let mut days = Days::new(&scatter, Stream::new(seed, trial, Purpose::named("outlook days")));
        let weights = self.season.iter().cycle().take(bins);
        regime * libm::exp(log_level) * weights.map(|weight| weight * days.next()).sum::<f64>()
    }

    /// Totals of the next `bins` bins in so many trials, in increasing order.
    pub fn totals(&self, bins: usize, seed: u64, trials: u32) -> Vec<f64> {
        let mut totals: Vec<f64> = (0..trials).map(|trial| self.total(bins, seed, trial)).collect();
        totals.sort_by(f64::total_cmp);
        totals
    }
}
