//! Random counts by inversion of one uniform number: Poisson, binomial, and sums of session lengths.

use super::law::Law;
use super::stream::Stream;
use crate::domain::normal;
use crate::workload::Shape;

/// Above this mean a count is drawn from its second-order Cornish-Fisher expansion; the largest error of
/// its distribution function is then below 10⁻⁴ (measured against the exact law in the tests).
const EXPANSION_FROM: f64 = 400.0;

/// The most turns of a session that are told apart.
const MOST_TURNS: usize = 20_000;

/// A standard variable with skewness `skew`, from a standard normal `z`: the first-order Cornish-Fisher
/// expansion, scaled to variance 1. Mean 0.
pub fn skewed(z: f64, skew: f64) -> f64 {
    (z + skew / 6.0 * (z * z - 1.0)) / libm::sqrt(1.0 + skew * skew / 18.0)
}

/// A standard variable with skewness `skew` by the second-order expansion, for sums whose excess kurtosis
/// is that of a Poisson or gamma law, 3/2 skew² at most.
fn lattice_score(z: f64, skew: f64, excess: f64) -> f64 {
    z + skew / 6.0 * (z * z - 1.0) + excess / 24.0 * (z * z * z - 3.0 * z)
        - skew * skew / 36.0 * (2.0 * z * z * z - 5.0 * z)
}

/// A Poisson count with mean `mean`, from the uniform `u`.
pub fn poisson(mean: f64, u: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    if mean > EXPANSION_FROM {
        let skew = 1.0 / libm::sqrt(mean);
        return rounded(mean, libm::sqrt(mean), lattice_score(normal::quantile(u), skew, 1.0 / mean));
    }
    let mut probability = libm::exp(-mean);
    let (mut sum, mut count) = (probability, 0.0);
    // The sum can stop short of u by rounding; probabilities below 10⁻¹⁸ end the search.
    while u > sum && (count < mean || probability > 1e-18) {
        count += 1.0;
        probability *= mean / count;
        sum += probability;
    }
    count
}

/// A binomial count out of `n` with probability `p`, from the uniform `u`.
pub fn binomial(n: f64, p: f64, u: f64) -> f64 {
    if n <= 0.0 || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return n;
    }
    if p > 0.5 {
        return n - binomial(n, 1.0 - p, 1.0 - u);
    }
    let (mean, variance) = (n * p, n * p * (1.0 - p));
    if mean > EXPANSION_FROM {
        let sd = libm::sqrt(variance);
        let excess = (1.0 - 6.0 * p * (1.0 - p)) / variance;
        let score = lattice_score(normal::quantile(u), (1.0 - 2.0 * p) / sd, excess);
        return rounded(mean, sd, score).min(n);
    }
    let odds = p / (1.0 - p);
    let mut probability = libm::exp(n * libm::log1p(-p));
    let (mut sum, mut count) = (probability, 0.0);
    while u > sum && count < n && (count < mean || probability > 1e-18) {
        probability *= (n - count) / (count + 1.0) * odds;
        count += 1.0;
        sum += probability;
    }
    count
}

fn rounded(mean: f64, sd: f64, score: f64) -> f64 {
    libm::round(mean + sd * score).max(0.0)
}

/// How requests come in sessions: raw moments of the number of turns, and its quantiles.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// E[T], E[T²], E[T³].
    moments: [f64; 3],
    /// P(T ≤ t) for t = 1, 2, …
    cumulative: Vec<f64>,
}

/// Below this many expected sessions, each one's turns are drawn; above, their sum is expanded. The
/// skewness of the sum is then at most that of one session over √500.
const SESSIONS_DRAWN_BELOW: f64 = 500.0;

impl Sessions {
    /// Prepares a law of turns: lengths rounded to whole turns, at least 1, at most 20,000.
    pub fn new(turns: &Shape) -> Self {
        let law = Law::new(turns);
        let mut cumulative = Vec::new();
        let mut moments = [0.0; 3];
        let mut before = 0.0;
        for turn in 1..=MOST_TURNS {
            let upto = if turn == MOST_TURNS { 1.0 } else { law.below(turn as f64 + 0.5) };
            for (k, moment) in moments.iter_mut().enumerate() {
                *moment += (upto - before) * libm::pow(turn as f64, (k + 1) as f64);
            }
            cumulative.push(upto);
            before = upto;
            if upto > 1.0 - 1e-15 {
                break;
            }
        }
        Sessions { moments, cumulative }
    }

    /// E[T].
    pub fn mean_turns(&self) -> f64 {
        self.moments[0]
    }

    /// The variance of a month's number of requests over its mean: E[T²]/E[T].
    pub fn dispersion(&self) -> f64 {
        self.moments[1] / self.moments[0]
    }

    /// The third cumulant of a month's number of requests over its mean: E[T³]/E[T].
    pub fn third(&self) -> f64 {
        self.moments[2] / self.moments[0]
    }

    /// The number of requests when `mean` are expected: a Poisson number of sessions, each with its turns.
    pub fn requests(&self, mean: f64, stream: &mut Stream) -> f64 {
        let [m1, m2, m3] = self.moments;
        let sessions = mean / m1;
        if sessions < SESSIONS_DRAWN_BELOW {
            let drawn = poisson(sessions, stream.uniform()) as usize;
            return (0..drawn).map(|_| self.turns(stream.uniform())).sum();
        }
        let (sd, skew) = (libm::sqrt(sessions * m2), sessions * m3 / libm::pow(sessions * m2, 1.5));
        rounded(mean, sd, skewed(stream.normal(), skew))
    }

    /// The requests of a Poisson number of sessions, each drawn; for the exact estimator.
    pub fn requests_one_by_one(&self, mean: f64, stream: &mut Stream) -> f64 {
        let drawn = poisson(mean / self.moments[0], stream.uniform()) as usize;
        (0..drawn).map(|_| self.turns(stream.uniform())).sum()
    }

    fn turns(&self, u: f64) -> f64 {
        (self.cumulative.partition_point(|&upto| upto < u) + 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stream::Purpose;
    use statrs::distribution::{Binomial, DiscreteCDF, Poisson};

    /// The largest gap between P(count ≤ k) and the share of an even grid of u that maps to ≤ k.
    fn gap(draw: impl Fn(f64) -> f64, exact: impl Fn(u64) -> f64) -> f64 {
        let grid = 200_000;
        let mut counts: Vec<u64> =
            (0..grid).map(|i| draw((f64::from(i) + 0.5) / f64::from(grid)) as u64).collect();
        counts.sort_unstable();
        let mut worst: f64 = 0.0;
        let mut at = 0;
        while at < counts.len() {
            let k = counts[at];
            at = counts.partition_point(|&c| c <= k);
            worst = worst.max((at as f64 / f64::from(grid) - exact(k)).abs());
        }
        worst
    }

    #[test]
    fn poisson_counts_follow_the_exact_law() {
        for mean in [0.01, 1.0, 37.0, 399.0, 401.0, 5_000.0, 1e6] {
            let law = Poisson::new(mean).unwrap();
            let worst = gap(|u| poisson(mean, u), |k| law.cdf(k));
            assert!(worst < 1e-4, "mean {mean}: {worst}");
        }
    }

    #[test]
    fn binomial_counts_follow_the_exact_law() {
        for (n, p) in [(10_u64, 0.3), (1_000, 0.004), (1_000, 0.996), (5_000, 0.3), (1_000_000, 0.008)] {
            let law = Binomial::new(p, n).unwrap();
            let worst = gap(|u| binomial(n as f64, p, u), |k| law.cdf(k));
            assert!(worst < 1e-4, "n {n}, p {p}: {worst}");
        }
    }

    #[test]
    fn session_counts_have_the_variance_of_a_compound_poisson_law() {
        let turns = Shape {
            components: vec![crate::workload::Component { weight: 1.0, ln_median: 3.64, sigma: 1.15 }],
        };
        let sessions = Sessions::new(&turns);
        let [m1, m2, _] = sessions.moments;
        // Rounding to whole turns moves the mean of the lognormal, exp(μ + σ²/2), by little.
        assert!((m1 / (3.64 + 0.5 * 1.15 * 1.15_f64).exp() - 1.0).abs() < 0.01);
        for mean in [2_000.0, 400_000.0] {
            let draws: Vec<f64> = (0..4_000)
                .map(|trial| sessions.requests(mean, &mut Stream::new(1, trial, Purpose::named("sessions"))))
                .collect();
            let average = draws.iter().sum::<f64>() / 4_000.0;
            let variance = draws.iter().map(|n| (n - average) * (n - average)).sum::<f64>() / 3_999.0;
            let wanted = mean / m1 * m2;
            // Five standard errors; the relative error of a variance is about sqrt(2/n), more with tails.
            assert!((average - mean).abs() < 5.0 * (wanted / 4_000.0).sqrt(), "{average}");
            assert!(
                (variance / wanted - 1.0).abs() < 5.0 * (4.0_f64 / 4_000.0).sqrt(),
                "{variance} {wanted}"
            );
        }
    }
}
