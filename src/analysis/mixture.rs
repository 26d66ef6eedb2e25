//! A mixture of lognormals of one width, one per trial: an amount with volume integrated out.
//!
//! Trial i holds the amount A_i at the median volume; volume scatters by σ in the logarithm, and the requests of
//! the month by √(v_i A F) around A F, whose relative variance at the amount q is v_i / q. So
//! P(S ≤ q | i) = Φ((ln q − ln A_i + η²/2) / √(σ² + η²)) with η² = v_i / q, up to terms of order η³.
//!
//! The logarithms of A are spread linearly over a grid that is fine against σ; the variance that this adds is
//! taken off again.

use super::distribution::{PARTS, mean_error};
use super::summary::{Figures, Summary};
use crate::domain::normal;

/// Grid cells for each standard deviation of volume.
const CELLS: f64 = 6.0;
/// A grid of more cells than this means that volume hardly scatters: the sample says as much.
const MOST_CELLS: f64 = 2048.0;

/// The most trials whose skewed law is taken as if it were not.
const MOST_SKEWED: f64 = 0.1;

/// The mixture, and its parts by part of the trials.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// Logarithms of the amount at the grid's nodes that hold mass.
    nodes: Vec<Node>,
    /// Variance of the logarithm that volume adds, less what the grid added.
    variance: f64,
    /// Mean, and its parts by part of the trials.
    mean: (f64, Vec<f64>),
    /// Standard deviation, and its parts.
    sd: (f64, Vec<f64>),
}

#[derive(Clone, Debug)]
struct Node {
    ln: f64,
    /// The share of the trials here.
    mass: f64,
    /// The same within each part of the trials.
    parts: [f64; PARTS],
    /// Variance over mean, USD.
    noise: f64,
}

/// A quantile that is known, and how far apart quantiles are: for the next one's search.
struct Start {
    z: f64,
    ln: f64,
    sd: f64,
}

/// What a trial contributes.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// The logarithm of the amount at the median volume.
    pub ln: f64,
    /// That amount, USD.
    pub centre: f64,
    /// Its variance over its mean, USD; negative where its law is so skewed that it may only stand for few trials.
    pub noise: f64,
}

impl Mixture {
    /// The mixture of `trials` under volume that scatters by `sd`; `None` where that is too little to help, or
    /// an amount is zero or does not follow its law.
    pub fn of(trials: impl ExactSizeIterator<Item = Trial>, sd: f64) -> Option<Self> {
        if sd <= 0.0 || trials.len() < PARTS {
            return None;
        }
        let count = trials.len();
        let (mut from, mut to, mut skewed) = (f64::INFINITY, f64::NEG_INFINITY, 0);
        let mut known = Vec::with_capacity(count);
        for mut trial in trials {
            if !(trial.centre > 0.0 && trial.ln.is_finite() && trial.noise.is_finite()) {
                return None;
            }
            skewed += usize::from(trial.noise < 0.0);
            trial.noise = trial.noise.abs();
            (from, to) = (from.min(trial.ln), to.max(trial.ln));
            known.push(trial);
        }
        if skewed as f64 > MOST_SKEWED * count as f64 {
            return None;
        }
        let cells = ((to - from) / sd * CELLS).ceil().max(1.0);
        if cells > MOST_CELLS {
            return None;
        }
        let step = ((to - from) / cells).max(f64::MIN_POSITIVE);
        let blank = Node { ln: 0.0, mass: 0.0, parts: [0.0; PARTS], noise: 0.0 };
        let mut nodes = vec![blank; cells as usize + 2];
        let (mut added, mut moments, mut counts) = (0.0, [[0.0_f64; 2]; PARTS], [0.0; PARTS]);
        let (first, second) = (libm::exp(0.5 * sd * sd), libm::exp(2.0 * sd * sd));
        let begin = |part: usize| (part * count).div_ceil(PARTS);
        for own in 0..PARTS {
            let members = &known[begin(own)..begin(own + 1)];
            counts[own] = members.len() as f64;
            for trial in members {
                let position = (trial.ln - from) / step;
                let cell = (position as usize).min(cells as usize);
                let part = position - cell as f64;
                for (node, share) in [(cell, 1.0 - part), (cell + 1, part)] {
                    nodes[node].parts[own] += share;
                    nodes[node].noise += share * trial.noise;
                }
                added += part * (1.0 - part);
                let mean = trial.centre * first;
                moments[own][0] += mean;
                moments[own][1] += trial.centre * trial.centre * second + trial.noise * mean;
            }
        }
        let n = count as f64;
        for (at, node) in nodes.iter_mut().enumerate() {
            let trials: f64 = node.parts.iter().sum();
            node.ln = from + step * at as f64;
            node.noise /= trials.max(f64::MIN_POSITIVE);
            node.mass = trials / n;
            node.parts.iter_mut().zip(counts).for_each(|(part, count)| *part /= count);
        }
        nodes.retain(|node| node.mass > 0.0);
        let sd_of = |[mean, square]: [f64; 2], count: f64| {
            let mean = mean / count;
            (mean, (square / count - mean * mean).max(0.0).sqrt())
        };
        let whole = moments.iter().fold([0.0; 2], |sum, part| [sum[0] + part[0], sum[1] + part[1]]);
        let parts: Vec<(f64, f64)> =
            moments.iter().zip(counts).map(|(part, count)| sd_of(*part, count)).collect();
        let (mean, spread) = sd_of(whole, n);
        Some(Mixture {
            nodes,
            variance: sd * sd - added * step * step / n,
            mean: (mean, parts.iter().map(|part| part.0).collect()),
            sd: (spread, parts.iter().map(|part| part.1).collect()),
        })
    }

    /// The chance of more than `limit`.
    pub fn exceeds(&self, limit: f64) -> f64 {
        if limit <= 0.0 { 1.0 } else { 1.0 - self.below(libm::log(limit)).below }
    }

    /// The mixture's figures. The error of a quantile is the scatter of the parts' distribution
    /// functions there, over the density.
    pub fn summary(&self) -> Summary {
        let mut start = self.start();
        let mut figure = |p: f64| {
            let (ln, law) = self.quantile(p, &mut start);
            let usd = libm::exp(ln);
            (usd, mean_error(&law.parts).map(|error| error / law.slope.max(1e-300) * usd))
        };
        let (p05, p10, p25, p50) = (figure(0.05), figure(0.10), figure(0.25), figure(0.50));
        let (p75, p90, p95, p99) = (figure(0.75), figure(0.90), figure(0.95), figure(0.99));
        Summary {
            mean: self.mean.0,
            sd: self.sd.0,
            p05: p05.0,
            p10: p10.0,
            p25: p25.0,
            p50: p50.0,
            p75: p75.0,
            p90: p90.0,
            p95: p95.0,
            p99: p99.0,
            standard_error: Figures {
                mean: mean_error(&self.mean.1),
                sd: mean_error(&self.sd.1),
                p05: p05.1,
                p10: p10.1,
                p25: p25.1,
                p50: p50.1,
                p75: p75.1,
                p90: p90.1,
                p95: p95.1,
                p99: p99.1,
            },
        }
    }

    /// `count` quantiles at evenly spread ranks.
    pub fn quantiles(&self, count: usize) -> Vec<f64> {
        let mut start = self.start();
        let at = |at: usize| libm::exp(self.quantile((at as f64 + 0.5) / count as f64, &mut start).0);
        (0..count).map(at).collect()
    }

    /// P(S ≤ exp(ln)), its slope, and the same of the parts.
    fn below(&self, ln: f64) -> Law {
        let (inverse, table) = (libm::exp(-ln), normal::Table::get());
        let mut law = Law { below: 0.0, slope: 0.0, parts: [0.0; PARTS] };
        for node in &self.nodes {
            let eta = node.noise * inverse;
            let narrow = 1.0 / (self.variance + eta).sqrt();
            let (below, density) = table.at((ln - node.ln + 0.5 * eta) * narrow);
            law.below += node.mass * below;
            law.slope += node.mass * density * narrow;
            law.parts.iter_mut().zip(node.parts).for_each(|(sum, part)| *sum += part * below);
        }
        law
    }

    /// Where the search for a quantile begins, if the mixture were one lognormal.
    fn start(&self) -> Start {
        let mean: f64 = self.nodes.iter().map(|node| node.mass * node.ln).sum();
        let square: f64 = self.nodes.iter().map(|node| node.mass * node.ln * node.ln).sum();
        Start { z: 0.0, ln: mean, sd: (self.variance + (square - mean * mean).max(0.0)).sqrt() }
    }

    /// The logarithm of the quantile at `p`, and the law within a millionth of it: Newton's method, kept inside of a
    /// bracket, from where the quantile found before would put it.
    fn quantile(&self, p: f64, start: &mut Start) -> (f64, Law) {
        let reach = 9.0 * self.variance.sqrt().max(1e-6) + 2.0;
        let (mut low, mut high) = (self.nodes[0].ln - reach, self.nodes[self.nodes.len() - 1].ln + reach);
        let z = normal::quantile(p);
        let mut ln = (start.ln + (z - start.z) * start.sd).clamp(low, high);
        let mut law = self.below(ln);
        for _ in 0..60 {
            if law.below > p {
                high = ln
            } else {
                low = ln
            }
            let step = ln + (p - law.below) / law.slope.max(1e-12);
            let newton = low < step && step < high;
            let next = if newton { step } else { 0.5 * (low + high) };
            let moved = (next - ln).abs();
            ln = next;
            // Newton's error is the square of its last step times the law's curvature, z/σ at most: a step of
            // 10⁻⁶ leaves 10⁻¹⁰ for σ of a percent.
            if moved < if newton { 1e-6 } else { 1e-9 } {
                break;
            }
            law = self.below(ln);
        }
        // How fast quantiles grow with the score here is how fast they do on the way to the next.
        let sd = if law.slope > 0.0 { normal::density(z) / law.slope } else { start.sd };
        *start = Start { z, ln, sd };
        (ln, law)
    }
}

/// A distribution function in one place.
struct Law {
    /// Its value.
    below: f64,
    /// Its derivative by the logarithm of the amount.
    slope: f64,
    /// Its value within each part of the trials.
    parts: [f64; PARTS],
}
