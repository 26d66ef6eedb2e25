//! How good forecasts were, once it is known what came.
//!
//! The continuous ranked probability score (Gneiting and Raftery, JASA 2007) of a forecast with draws x and the
//! outcome y is E|x − y| − ½ E|x − x′|: in dollars, the absolute error for a point forecast, smaller the
//! narrower an interval is that still holds. A forecaster cannot better it by saying what it does not believe.

/// Nominal coverages that are reported.
pub const COVERAGES: [f64; 4] = [0.5, 0.8, 0.9, 0.95];

/// Quantiles whose pinball loss is averaged.
const PINBALL: [f64; 9] = [0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95];

/// Bars of the histogram of ranks.
pub const PIT_BARS: usize = 10;

/// Forecasts against outcomes, pooled.
#[derive(Clone, Debug, Default)]
pub struct Score {
    forecasts: usize,
    spend: f64,
    crps: f64,
    pinball: f64,
    absolute: f64,
    error: f64,
    width_90: f64,
    covered: [usize; COVERAGES.len()],
    /// How many outcomes fell into each tenth of their forecast.
    pub pit: [usize; PIT_BARS],
}

impl Score {
    /// Adds a forecast by its draws, in increasing order, and what came.
    pub fn add(&mut self, draws: &[f64], outcome: f64) {
        let count = draws.len() as f64;
        self.forecasts += 1;
        self.spend += outcome;
        self.crps += crps(draws, outcome);
        let losses = PINBALL.iter().map(|&p| {
            let miss = outcome - quantile(draws, p);
            if miss >= 0.0 { p * miss } else { (p - 1.0) * miss }
        });
        self.pinball += losses.sum::<f64>() / PINBALL.len() as f64;
        self.absolute += (quantile(draws, 0.5) - outcome).abs();
        self.error += draws.iter().sum::<f64>() / count - outcome;
        self.width_90 += quantile(draws, 0.95) - quantile(draws, 0.05);
        for (covered, coverage) in self.covered.iter_mut().zip(COVERAGES) {
            let tail = 0.5 * (1.0 - coverage);
            let inside = quantile(draws, tail) <= outcome && outcome <= quantile(draws, 1.0 - tail);
            *covered += usize::from(inside);
        }
        let rank = draws.partition_point(|draw| *draw < outcome) as f64 / count;
        self.pit[((rank * PIT_BARS as f64) as usize).min(PIT_BARS - 1)] += 1;
    }

    /// Pools the forecasts of another task. Amounts are taken in units of that task's mean spend, so that every
    /// forecast counts alike: else the largest account would be the only one that matters.
    pub fn pool(&mut self, other: &Score) {
        let unit = other.spend / other.forecasts.max(1) as f64;
        if unit <= 0.0 {
            return;
        }
        self.forecasts += other.forecasts;
        self.spend += other.spend / unit;
        self.crps += other.crps / unit;
        self.pinball += other.pinball / unit;
        self.absolute += other.absolute / unit;
        self.error += other.error / unit;
        self.width_90 += other.width_90 / unit;
        self.covered.iter_mut().zip(other.covered).for_each(|(a, b)| *a += b);
        self.pit.iter_mut().zip(other.pit).for_each(|(a, b)| *a += b);
    }

    /// How many forecasts.
    pub fn forecasts(&self) -> usize {
        self.forecasts
    }

    /// CRPS over spend.
    pub fn crps_over_spend(&self) -> f64 {
        self.crps / self.spend
    }

    /// Mean pinball loss over spend.
    pub fn pinball_over_spend(&self) -> f64 {
        self.pinball / self.spend
    }

    /// Absolute errors of the medians over spend.
    pub fn wape(&self) -> f64 {
        self.absolute / self.spend
    }

    /// Errors of the means over spend: above 0 where forecasts are too high.
    pub fn bias(&self) -> f64 {
        self.error / self.spend
    }

    /// Width of the central 90 % over spend.
    pub fn width_90(&self) -> f64 {
        self.width_90 / self.spend
    }

    /// The share of outcomes inside each of the [`COVERAGES`].
    pub fn coverage(&self) -> [f64; COVERAGES.len()] {
        self.covered.map(|covered| covered as f64 / self.forecasts as f64)
    }
}

/// The quantile of draws in increasing order, between neighbours by their distance.
pub fn quantile(draws: &[f64], p: f64) -> f64 {
    let at = p * (draws.len() - 1) as f64;
    let (low, rest) = (at.floor() as usize, at.fract());
    let high = (low + 1).min(draws.len() - 1);
    draws[low] + rest * (draws[high] - draws[low])
}

/// The continuous ranked probability score of draws in increasing order.
fn crps(draws: &[f64], outcome: f64) -> f64 {
    let count = draws.len() as f64;
    let distance = draws.iter().map(|draw| (draw - outcome).abs()).sum::<f64>() / count;
    // ½ E|x − x′| from sorted draws: Σ (2i − n − 1) xᵢ / n².
    let ranked = draws.iter().enumerate().map(|(at, draw)| (2.0 * at as f64 + 1.0 - count) * draw);
    distance - ranked.sum::<f64>() / (count * count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::normal;

    #[test]
    fn the_crps_of_a_normal_law_is_its_closed_form() {
        // σ (z (2Φ(z) − 1) + 2φ(z) − 1/√π) with z = (y − μ)/σ.
        let draws: Vec<f64> =
            (0..20_000).map(|i| 5.0 + 2.0 * normal::quantile((f64::from(i) + 0.5) / 20_000.0)).collect();
        for outcome in [5.0, 7.5, 0.0] {
            let z: f64 = (outcome - 5.0) / 2.0;
            let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let wanted =
                2.0 * (z * (2.0 * normal::cdf(z) - 1.0) + 2.0 * density - 1.0 / std::f64::consts::PI.sqrt());
            assert!((crps(&draws, outcome) / wanted - 1.0).abs() < 1e-3, "{outcome}");
        }
    }

    #[test]
    fn pooled_tasks_count_by_their_forecasts_and_not_by_their_dollars() {
        let (mut small, mut large, mut pooled) = (Score::default(), Score::default(), Score::default());
        small.add(&[2.0, 2.0], 1.0);
        large.add(&[1000.0, 1000.0], 1000.0);
        [&small, &large].into_iter().for_each(|score| pooled.pool(score));
        assert_eq!(pooled.crps_over_spend(), 0.5);
    }

    #[test]
    fn scores_are_shares_of_spend() {
        let mut score = Score::default();
        // Two point forecasts: 10 too high, 20 too low, of 200 in all.
        score.add(&[110.0, 110.0], 100.0);
        score.add(&[80.0, 80.0], 100.0);
        assert_eq!((score.crps_over_spend(), score.wape(), score.bias()), (0.15, 0.15, -0.05));
        assert_eq!((score.width_90(), score.coverage()), (0.0, [0.0; 4]));
        assert_eq!((score.pit[0], score.pit[9]), (1, 1));
    }
}
