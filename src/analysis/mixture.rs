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
        let mut trials: Vec<Trial> = trials.collect();
        let skewed = trials.iter().filter(|trial| trial.noise < 0.0).count();
        if skewed as f64 > MOST_SKEWED * trials.len() as f64 {
            return None;
        }
        trials.iter_mut().for_each(|trial| trial.noise = trial.noise.abs());
        let usable = |trial: &Trial| trial.centre > 0.0 && trial.ln.is_finite() && trial.noise.is_finite();
        let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
        for trial in &trials {
            if !usable(trial) {
                return None;
            }
            (from, to) = (from.min(trial.ln), to.max(trial.ln));
        }
        let cells = ((to - from) / sd * CELLS).ceil().max(1.0);
        if cells > MOST_CELLS {
            return None;
        }
        let step = ((to - from) / cells).max(f64::MIN_POSITIVE);
        let blank = Node { ln: 0.0, mass: 0.0, parts: [0.0; PARTS], noise: 0.0 };
        let mut nodes = vec![blank; cells as usize + 2];
        let mut counts = [0.0; PARTS];
        (0..trials.len()).for_each(|at| counts[at * PARTS / trials.len()] += 1.0);
        let (mut added, mut moments) = (0.0, [[0.0_f64; 2]; PARTS]);
        let (first, second) = (libm::exp(0.5 * sd * sd), libm::exp(2.0 * sd * sd));
        for (at, trial) in trials.iter().enumerate() {
            let own = at * PARTS / trials.len();
            let position = (trial.ln - from) / step;
            let cell = (position as usize).min(cells as usize);
            let part = position - cell as f64;
            for (node, share) in [(cell, 1.0 - part), (cell + 1, part)] {
                nodes[node].mass += share;
                nodes[node].parts[own] += share / counts[own];
                nodes[node].noise += share * trial.noise;
            }
            added += part * (1.0 - part) * step * step;
            let mean = trial.centre * first;
            moments[own][0] += mean;
            moments[own][1] += trial.centre * trial.centre * second + trial.noise * mean;
        }
        let n = trials.len() as f64;
        for (at, node) in nodes.iter_mut().enumerate() {
            node.ln = from + step * at as f64;
            node.noise /= node.mass.max(f64::MIN_POSITIVE);
            node.mass /= n;
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
            variance: sd * sd - added / n,
            mean: (mean, parts.iter().map(|part| part.0).collect()),
            sd: (spread, parts.iter().map(|part| part.1).collect()),
        })
    }

    /// The chance of more than `limit`.
    pub fn exceeds(&self, limit: f64) -> f64 {
        if limit <= 0.0 { 1.0 } else { 1.0 - self.below(libm::log(limit)).0 }
    }

    /// The mixture's figures. The error of a quantile is the scatter of the parts' distribution
    /// functions there, over the density.
    pub fn summary(&self) -> Summary {
        let mut start = self.start();
        let mut figure = |p: f64| {
            let ln = self.quantile(p, &mut start);
            (libm::exp(ln), self.error(ln))
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
        let at = |at: usize| libm::exp(self.quantile((at as f64 + 0.5) / count as f64, &mut start));
        (0..count).map(at).collect()
    }

    /// P(S ≤ exp(ln)) and its derivative by ln.
    fn below(&self, ln: f64) -> (f64, f64) {
        let (inverse, table) = (libm::exp(-ln), normal::Table::get());
        self.nodes.iter().fold((0.0, 0.0), |(sum, slope), node| {
            let (z, width) = self.score(node, ln, inverse);
            let (below, density) = table.at(z);
            (sum + node.mass * below, slope + node.mass * density / width)
        })
    }

    /// The score of exp(ln) in a node, and the width that it is measured in.
    fn score(&self, node: &Node, ln: f64, inverse: f64) -> (f64, f64) {
        let eta = node.noise * inverse;
        let width = (self.variance + eta).sqrt();
        ((ln - node.ln + 0.5 * eta) / width, width)
    }

    /// Where the search for a quantile begins, if the mixture were one lognormal.
    fn start(&self) -> Start {
        let mean: f64 = self.nodes.iter().map(|node| node.mass * node.ln).sum();
        let square: f64 = self.nodes.iter().map(|node| node.mass * node.ln * node.ln).sum();
        Start { z: 0.0, ln: mean, sd: (self.variance + (square - mean * mean).max(0.0)).sqrt() }
    }

    /// The logarithm of the quantile at `p`: Newton's method, kept inside of a bracket, from where the quantile
    /// found before would put it.
    fn quantile(&self, p: f64, start: &mut Start) -> f64 {
        let reach = 9.0 * self.variance.sqrt().max(1e-6) + 2.0;
        let (mut low, mut high) = (self.nodes[0].ln - reach, self.nodes[self.nodes.len() - 1].ln + reach);
        let z = normal::quantile(p);
        let mut ln = start.ln + (z - start.z) * start.sd;
        for _ in 0..60 {
            let (below, slope) = self.below(ln);
            if below > p {
                high = ln
            } else {
                low = ln
            }
            let step = ln + (p - below) / slope.max(1e-12);
            let newton = low < step && step < high;
            let next = if newton { step } else { 0.5 * (low + high) };
            let moved = (next - ln).abs();
            ln = next;
            // Newton's error is the square of its last step times the law's curvature, z/σ at most: a step of
            // 10⁻⁶ leaves 10⁻¹⁰ for σ of a percent.
            if moved < if newton { 1e-6 } else { 1e-9 } {
                break;
            }
        }
        (start.z, start.ln) = (z, ln);
        ln
    }

    fn error(&self, ln: f64) -> Option<f64> {
        let (inverse, table) = (libm::exp(-ln), normal::Table::get());
        let mut below = [0.0; PARTS];
        let mut slope = 0.0;
        for node in &self.nodes {
            let (z, width) = self.score(node, ln, inverse);
            let (share, density) = table.at(z);
            below.iter_mut().zip(node.parts).for_each(|(sum, part)| *sum += part * share);
            slope += node.mass * density / width;
        }
        mean_error(&below).map(|error| error / slope.max(1e-300) * libm::exp(ln))
    }
}
