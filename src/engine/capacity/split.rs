//! How a stretch's requests fall on its parts: some parts are quiet, the others share by a Dirichlet law.
//!
//! A split keeps the number of requests, so bursts move them within a day and never change how many come. With
//! equal shares and no quiet parts, a Poisson number splits into independent Poisson numbers: chance alone.

use crate::engine::counts::binomial;
use crate::engine::stream::Stream;
use crate::workload::Burst;

/// The most parts: hours of a day.
pub const MOST_PARTS: usize = 24;

/// Up to how many requests fall on their parts one by one.
const FEW: u64 = 24;

/// The law of a split.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    parts: usize,
    quiet: f64,
    evenness: f64,
}

impl Split {
    /// The law of a burst in so many parts.
    pub fn new(parts: usize, burst: Burst) -> Self {
        debug_assert!(parts <= MOST_PARTS);
        Split { parts, quiet: burst.quiet, evenness: burst.evenness(parts) }
    }

    /// The number of parts.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// Whether it is chance alone.
    pub fn is_even(&self) -> bool {
        self.quiet <= 0.0 && self.evenness == f64::INFINITY
    }

    /// Splits `count` requests; each part's share is `weights` in the mean where no part is quiet (equal if absent).
    pub fn split(&self, count: u64, weights: Option<&[f64]>, stream: &mut Stream) -> [u64; MOST_PARTS] {
        let mut counts = [0; MOST_PARTS];
        if count == 0 {
            return counts;
        }
        if count <= FEW && weights.is_none() && self.evenness < f64::INFINITY {
            self.urn(count, stream, &mut counts);
            return counts;
        }
        let shares = self.shares(weights, stream);
        let mut left = count as f64;
        let mut share_left: f64 = shares[..self.parts].iter().sum();
        for (part, share) in counts.iter_mut().zip(&shares[..self.parts]) {
            if left <= 0.0 || share_left <= 0.0 {
                break;
            }
            // What is left after the last part with a share is all of it, whatever the sums round to.
            let chance = if *share >= share_left * (1.0 - 1e-12) { 1.0 } else { share / share_left };
            let here = if chance > 0.0 { binomial(left, chance, stream.uniform()).min(left) } else { 0.0 };
            *part = here as u64;
            left -= here;
            share_left -= share;
        }
        counts
    }

    /// The same for a few requests, by Pólya's urn: request n + 1 falls on a part with n_i before it with probability
    /// (α + n_i) / (mα + n), where m parts are on. No shares have to be drawn.
    fn urn(&self, count: u64, stream: &mut Stream, counts: &mut [u64; MOST_PARTS]) {
        let (mut on, mut many) = ([0_usize; MOST_PARTS], 0);
        for part in 0..self.parts {
            if self.quiet <= 0.0 || stream.uniform() >= self.quiet {
                on[many] = part;
                many += 1;
            }
        }
        if many == 0 {
            on[0] = ((stream.uniform() * self.parts as f64) as usize).min(self.parts - 1);
            many = 1;
        }
        for before in 0..count {
            let mut pick = stream.uniform() * (many as f64 * self.evenness + before as f64);
            let mut at = 0;
            while at + 1 < many && pick >= self.evenness + counts[on[at]] as f64 {
                pick -= self.evenness + counts[on[at]] as f64;
                at += 1;
            }
            counts[on[at]] += 1;
        }
    }

    /// Shares of the parts, not scaled to sum to one.
    fn shares(&self, weights: Option<&[f64]>, stream: &mut Stream) -> [f64; MOST_PARTS] {
        let mut shares = [0.0; MOST_PARTS];
        let weight = |at: usize| weights.map_or(1.0, |weights| weights[at] * self.parts as f64);
        let mut any = false;
        for (at, share) in shares[..self.parts].iter_mut().enumerate() {
            let on = weight(at) > 0.0 && (self.quiet <= 0.0 || stream.uniform() >= self.quiet);
            if on {
                *share = if self.evenness == f64::INFINITY {
                    weight(at)
                } else {
                    gamma(self.evenness * weight(at), stream)
                };
                any |= *share > 0.0;
            }
        }
        if !any {
            // All parts are quiet, or their shares too small to tell: one of them, by its weight, has all.
            let total: f64 = (0..self.parts).map(weight).sum();
            let mut pick = stream.uniform() * total;
            let mut at = 0;
            while at + 1 < self.parts && (pick >= weight(at) || weight(at) <= 0.0) {
                pick -= weight(at);
                at += 1;
            }
            shares[at] = 1.0;
        }
        shares
    }
}

/// A gamma variable with `shape` and scale 1 (Marsaglia and Tsang, ACM TOMS 26, 2000); small shapes by
/// G(a) = G(a + 1) U^{1/a}.
pub fn gamma(shape: f64, stream: &mut Stream) -> f64 {
    if shape < 1.0 {
        let u = stream.uniform();
        return gamma(shape + 1.0, stream) * libm::exp(libm::log(u) / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let z = stream.normal();
        let v = 1.0 + c * z;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        if libm::log(stream.uniform()) < 0.5 * z * z + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stream::Purpose;

    /// E[Σ nᵢ(nᵢ−1)] / (n(n−1)) = (α+1)/(mα+1) with m parts on, and m is binomial but not zero.
    #[test]
    fn second_and_third_factorial_moments_are_those_of_the_law() {
        let (parts, rounds) = (6, 40_000);
        for (burst, count) in [
            (Burst::NONE, 40_u64),
            (Burst { quiet: 0.0, cv: 1.2 }, 40),
            (Burst { quiet: 0.4, cv: 0.3 }, 40),
            (Burst { quiet: 0.9, cv: 0.0 }, 40),
            // A few are drawn in another way.
            (Burst { quiet: 0.0, cv: 1.2 }, 5),
            (Burst { quiet: 0.4, cv: 0.3 }, 24),
            (Burst { quiet: 0.9, cv: 0.6 }, 3),
        ] {
            let split = Split::new(parts, burst);
            let mut stream = Stream::new(5, 0, Purpose::named("splits"));
            let (mut second, mut third) = (Vec::new(), Vec::new());
            let n = count as f64;
            for _ in 0..rounds {
                let counts = split.split(count, None, &mut stream);
                assert_eq!(counts.iter().sum::<u64>(), count);
                let sum = |of: &dyn Fn(f64) -> f64| counts.iter().map(|c| of(*c as f64)).sum::<f64>();
                second.push(sum(&|c| c * (c - 1.0)) / (n * (n - 1.0)));
                third.push(sum(&|c| c * (c - 1.0) * (c - 2.0)) / (n * (n - 1.0) * (n - 2.0)));
            }
            let (wanted2, wanted3) = crate::engine::capacity::split_moments(parts, &burst);
            for (found, wanted) in [(second, wanted2), (third, wanted3)] {
                let mean = found.iter().sum::<f64>() / f64::from(rounds);
                let variance = found.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(rounds);
                let error = (variance / f64::from(rounds)).sqrt();
                assert!((mean - wanted).abs() < 5.0 * error + 1e-12, "{burst:?}: {mean}, {wanted} ± {error}");
            }
        }
    }

    #[test]
    fn gamma_has_its_mean_and_variance() {
        for shape in [0.05, 0.7, 3.0] {
            let mut stream = Stream::new(9, 0, Purpose::named("gamma"));
            let rounds = 200_000;
            let draws: Vec<f64> = (0..rounds).map(|_| gamma(shape, &mut stream)).collect();
            let mean = draws.iter().sum::<f64>() / f64::from(rounds);
            let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(rounds);
            // Var(mean) = a/n; the fourth central moment of a gamma is 3a² + 6a.
            let n = f64::from(rounds);
            assert!((mean - shape).abs() < 5.0 * (shape / n).sqrt());
            assert!((variance - shape).abs() < 5.0 * ((2.0 * shape * shape + 6.0 * shape) / n).sqrt());
        }
    }
}
