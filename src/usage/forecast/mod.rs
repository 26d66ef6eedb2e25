//! The forecaster: what a history of totals says about those to come.
//!
//! One model serves `fit`, `backtest` and `simulate`. Its parameters are those of a scenario's volume (level,
//! growth, weekdays, scatter with memory, scatter without, change of regime), and its days are drawn by the
//! engine's own path. `fit` writes them down; `backtest` draws from them as `simulate` would.

mod gaussian;
mod posterior;

pub use gaussian::{Triangle, dot};
pub use posterior::{Period, posterior};

use crate::domain::time::MEAN_MONTH_DAYS;
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
    /// Growth of that logarithm from bin to bin at the end of the history; see [`grown`].
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
    /// How many bins, the newest ones, it was made from.
    pub bins: usize,
}

/// After so many bins (for days: two months) half of a growth is left. Trends that are continued for ever overshoot
/// (Gardner and McKenzie, Management Science 31, 1985). A convention, not a fit.
pub const GROWTH_HALF_LIFE: f64 = 2.0 * MEAN_MONTH_DAYS;

/// The share of a month's growth that the next month has.
pub const GROWTH_PERSISTENCE: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// What the level drifts by from month to month after the history's end, for what no growth of the past foresees; it
/// begins with the second month. A convention, too.
pub const DRIFT_SD: f64 = 0.05;

/// The share of a drift that is left a month later.
pub const DRIFT_PERSISTENCE: f64 = 0.9;

/// How many bins' worth of growth the next `bins` bins have: of 61 that are days it is 44.
pub fn grown(bins: f64) -> f64 {
    let rate = std::f64::consts::LN_2 / GROWTH_HALF_LIFE;
    -libm::expm1(-rate * bins) / rate
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
        let log_level = at(&self.log_level, scores[0]) + grown(middle) * at(&self.growth, scores[1]);
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

    /// The totals of the last `bins` bins of a history that the model might have made in place of the one that
    /// was, the season taken out: growth leads up to the level at its end, and no regime changes.
    pub fn past(&self, bins: usize, seed: u64, trial: u32) -> Vec<f64> {
        let mut stream = Stream::new(seed, trial, Purpose::named("outlook of the past"));
        let scores: Vec<f64> = (0..3).map(|_| stream.normal()).collect();
        let scores = self.dependence.times(&scores);
        let at = |law: &Normal, score: f64| law.mean + law.sd * score;
        let (level, growth) = (at(&self.log_level, scores[0]), at(&self.growth, scores[1]));
        let (cv, noise) = (at(&self.log_cv, stream.normal()), at(&self.log_noise_cv, stream.normal()));
        let scatter =
            DayScatter { cv: libm::exp(cv), memory: self.memory, start: None, noise_cv: libm::exp(noise) };
        let mut days = Days::new(&scatter, Stream::new(seed, trial, Purpose::named("days of the past")));
        let usual = regime_factor(&self.regime, 0.0);
        let before = |bin: usize| (bins - 1 - bin) as f64;
        (0..bins).map(|bin| usual * libm::exp(level - growth * before(bin)) * days.next()).collect()
    }

    /// Totals of the next `bins` bins in so many trials, in increasing order.
    pub fn totals(&self, bins: usize, seed: u64, trials: u32) -> Vec<f64> {
        let mut totals: Vec<f64> = (0..trials).map(|trial| self.total(bins, seed, trial)).collect();
        totals.sort_by(f64::total_cmp);
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_of_bins_and_of_months_fades_alike() {
        let month = |m: f64| grown((m + 1.0) * MEAN_MONTH_DAYS) - grown(m * MEAN_MONTH_DAYS);
        for m in 0..12 {
            let left = month(f64::from(m) + 1.0) / month(f64::from(m));
            assert!((left - GROWTH_PERSISTENCE).abs() < 1e-12, "{left}");
        }
        assert!((grown(0.01) - 0.01).abs() < 1e-5);
    }

    #[test]
    fn the_past_leads_to_the_level_at_its_end_without_a_change_of_regime() {
        let outlook =
            posterior(&[90.0, 110.0, 95.0, 105.0, 100.0, 120.0, 80.0, 100.0], Period::None).unwrap();
        let trials = 20_000;
        let paths: Vec<Vec<f64>> = (0..trials).map(|trial| outlook.past(8, 3, trial)).collect();
        let last: Vec<f64> = paths.iter().map(|path| path[7]).collect();
        let mean = last.iter().sum::<f64>() / f64::from(trials);
        let variance = last.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(trials);
        // A day's factors have mean 1, and a lognormal level of s.d. s has the mean exp(μ + s²/2).
        let level = outlook.log_level;
        let wanted = regime_factor(&outlook.regime, 0.0) * libm::exp(level.mean + 0.5 * level.sd * level.sd);
        let error = libm::sqrt(variance / f64::from(trials));
        assert!((mean - wanted).abs() < 4.0 * error, "{mean}, {wanted} wanted, error {error}");
        assert_eq!(paths[5], outlook.past(8, 3, 5), "the same seed makes the same path");
    }
}
