//! What a request of a segment uses, computed and not sampled: mean, covariance and skewness of the basis.
//!
//! Cache gate and share are integrated in closed form. Prompt, output and reasoning lengths are integrated
//! over a scrambled Sobol panel laid into each segment. Means and second moments of long-tailed lengths are
//! made far out in the tail, where evenly spread ranks have no points; so half of the points of every
//! dimension come from a law that is shifted into that tail, and all are weighted by the density of the
//! mixture (the balance heuristic). Closed forms can replace the panel here.

use super::lowdiscrepancy::points;
use super::traffic::{Segment, Terms, Traffic, View};
use crate::domain::normal;

/// Points in the segment that holds most requests.
const MAIN_POINTS: usize = 2048;
/// Points in each other segment; there the law is cut on one side at least, and smoother.
const SIDE_POINTS: usize = 512;
/// Independent randomisations of the panel; trials take turns, so that its error averages out.
const PANELS: u32 = 16;

/// The cost of an output token in input tokens, and the saving on a cached one, in the reference cost that
/// carries the skewness: the typical ratios of list prices. They shape the noise, never a bill.
const OUTPUT_WEIGHT: f64 = 6.0;
const CACHED_SAVING: f64 = 0.9;

/// Requests are drawn one by one where the normal law's error at P99, 0.735 · cv · skewness / n of the
/// mean, would exceed this. The skewness correction then leaves about a thirtieth of it (METHOD.md).
const PLAIN_NORMAL_ERROR: f64 = 0.03;
/// Even a law without a useful third moment is drawn one by one up to this many requests only.
const MOST_DRAWN: f64 = 20_000.0;

/// Moments of a request in a segment.
#[derive(Clone, Debug)]
pub struct Moments {
    /// The share of requests that fall into the segment.
    pub probability: f64,
    /// Means of the basis.
    pub mean: Vec<f64>,
    /// Regression of the basis on the reference cost, times that cost's standard deviation.
    pub loading: Vec<f64>,
    /// Skewness of the reference cost.
    pub skew: f64,
    /// Lower-triangular factor of what the reference cost leaves of the covariance, row by row.
    pub rest: Vec<f64>,
    /// Below this many requests, draw them one by one.
    pub draw_below: f64,
}

/// Integration points: uniforms of prompt, output and reasoning length.
type Panel = Vec<[f64; 3]>;

/// Computes moments; built once for a simulation.
pub struct Integrator {
    panels: Vec<Panel>,
}

impl Integrator {
    /// The panels.
    pub fn new() -> Self {
        Integrator { panels: (0..PANELS).map(|scramble| points::<3>(MAIN_POINTS as u32, scramble)).collect() }
    }

    /// The moments of every segment in a trial.
    pub fn moments(&self, traffic: &Traffic<'_>, terms: &Terms, trial: u32) -> Vec<Moments> {
        let panel = &self.panels[(trial % PANELS) as usize];
        let main = terms.segments.iter().map(Segment::probability).fold(0.0, f64::max);
        let of = |segment: &Segment| {
            let full = segment.probability() >= main;
            let points = &panel[..if full { MAIN_POINTS } else { SIDE_POINTS }];
            Sums::over(traffic, terms, segment, points).moments(segment)
        };
        terms.segments.iter().map(of).collect()
    }
}

/// A standard normal score between two bounds, drawn half from its own law and half from one that is
/// shifted by `shift` towards the tail.
struct Tilted {
    low: f64,
    mass: f64,
    shift: f64,
    shifted_low: f64,
    shifted_mass: f64,
}

impl Tilted {
    /// Scores whose ranks lie between `low` and `high`, tilted for a law of slope `slope` (the growth of the
    /// log length with the score): the second moment of exp(slope · z) has its mass around 2 · slope.
    fn new(low: f64, high: f64, slope: f64) -> Self {
        // Beyond 8, the tail that is reached for holds nothing that any price could see.
        let shift = (2.0 * slope).clamp(0.0, 8.0);
        let shifted = |rank: f64| normal::cdf(normal::quantile(rank) - shift);
        let (shifted_low, shifted_high) = (shifted(low), shifted(high));
        Tilted { low, mass: high - low, shift, shifted_low, shifted_mass: shifted_high - shifted_low }
    }

    /// The score that the uniform `u` gives, and its weight: target over mixture density.
    fn score(&self, u: f64) -> (f64, f64) {
        if self.shifted_mass <= 0.0 {
            return (normal::quantile(self.low + u * self.mass).clamp(-9.0, 9.0), 1.0);
        }
        let z = if u < 0.5 {
            normal::quantile(self.low + 2.0 * u * self.mass)
        } else {
            self.shift + normal::quantile(self.shifted_low + (2.0 * u - 1.0) * self.shifted_mass)
        };
        let ratio = libm::exp(self.shift * z - 0.5 * self.shift * self.shift) * self.mass / self.shifted_mass;
        (z.clamp(-9.0, 9.0), 1.0 / (0.5 + 0.5 * ratio))
    }
}

/// Weighted sums over the points of a segment.
struct Sums {
    size: usize,
    weight: f64,
    first: Vec<f64>,
    /// Lower triangle, row by row.
    second: Vec<f64>,
    /// E[y³] of the reference cost.
    third: f64,
    /// The reference cost as weights on the basis.
    cost: Vec<f64>,
}

/// One integration point.
struct Point {
    prompt: f64,
    score: f64,
    output: f64,
    weight: f64,
}

impl Sums {
    fn over(traffic: &Traffic<'_>, terms: &Terms, segment: &Segment, points: &[[f64; 3]]) -> Self {
        let size = traffic.basis_len();
        let mut cost = vec![0.0; size];
        let (cap, view) = terms.reference();
        (cost[0], cost[1 + cap], cost[1 + terms.caps.len() + view]) = (1.0, OUTPUT_WEIGHT, -CACHED_SAVING);
        let mut sums = Sums {
            size,
            weight: 0.0,
            first: vec![0.0; size],
            second: vec![0.0; size * (size + 1) / 2],
            third: 0.0,
            cost,
        };
        if segment.probability() <= 0.0 {
            return sums;
        }
        let mut scratch = Scratch::new(terms);
        let rest = libm::sqrt(1.0 - traffic.output_correlation * traffic.output_correlation);
        let (reasoning_share, reasoning_scale) = terms.reasoning;
        let prompts = Tilted::new(segment.rank_low, segment.rank_high, traffic.prompt.tail_slope());
        let outputs = Tilted::new(0.0, 1.0, rest * traffic.output.tail_slope());
        let thoughts = traffic.reasoning.as_ref().map(|law| (law, Tilted::new(0.0, 1.0, law.tail_slope())));
        for u in points {
            let (score, prompt_weight) = prompts.score(u[0]);
            let (own, output_weight) = outputs.score(u[1]);
            let prompt =
                (terms.prompt_scale * traffic.prompt.at_score(score)).clamp(segment.low, segment.high);
            let visible =
                terms.output_scale * traffic.output.at_score(traffic.output_correlation * score + rest * own);
            let weight = prompt_weight * output_weight;
            if reasoning_share < 1.0 {
                let weight = weight * (1.0 - reasoning_share);
                sums.add(&Point { prompt, score, output: visible, weight }, traffic, terms, &mut scratch);
            }
            if let (Some((law, scores)), true) = (&thoughts, reasoning_share > 0.0) {
                let (thought, thought_weight) = scores.score(u[2]);
                let output = visible + reasoning_scale * law.at_score(thought);
                let weight = weight * thought_weight * reasoning_share;
                sums.add(&Point { prompt, score, output, weight }, traffic, terms, &mut scratch);
            }
        }
        sums.normalised()
    }

    /// The sums divided by the weights, whose mean is 1 up to the error of the panel.
    fn normalised(mut self) -> Self {
        let scale = 1.0 / self.weight;
        self.first.iter_mut().chain(&mut self.second).for_each(|sum| *sum *= scale);
        self.third *= scale;
        self
    }

    /// Adds a point; what is random given the lengths (gate and share of every view) is integrated here.
    fn add(&mut self, point: &Point, traffic: &Traffic<'_>, terms: &Terms, scratch: &mut Scratch) {
        let fixed = 1 + terms.caps.len();
        self.weight += point.weight;
        scratch.mean[0] = point.prompt;
        for (slot, cap) in scratch.mean[1..fixed].iter_mut().zip(&terms.caps) {
            *slot = point.output.min(*cap);
        }
        for (v, view) in terms.views.iter().enumerate() {
            scratch.hit[v] = view.hit_probability(point.prompt, point.score, traffic.cache_correlation);
            scratch.length[v] = point.prompt.min(view.cut);
            scratch.mean[fixed + v] = scratch.hit[v] * view.share * scratch.length[v];
        }
        let mut at = 0;
        for row in 0..self.size {
            self.first[row] += point.weight * scratch.mean[row];
            for column in 0..=row {
                let product = if column < fixed {
                    scratch.mean[row] * scratch.mean[column]
                } else {
                    // Gates are nested: two views hit together as often as the rarer one does.
                    let (v, u) = (row - fixed, column - fixed);
                    let together = scratch.hit[v].min(scratch.hit[u]) * scratch.shares[v * scratch.views + u];
                    together * scratch.length[v] * scratch.length[u]
                };
                self.second[at] += point.weight * product;
                at += 1;
            }
        }
        self.third += point.weight * reference_third(point, terms, scratch);
    }

    fn moments(&self, segment: &Segment) -> Moments {
        let size = self.size;
        let covariance = |row: usize, column: usize| {
            let (row, column) = (row.max(column), row.min(column));
            self.second[row * (row + 1) / 2 + column] - self.first[row] * self.first[column]
        };
        let with_cost: Vec<f64> = (0..size)
            .map(|row| (0..size).map(|column| covariance(row, column) * self.cost[column]).sum())
            .collect();
        let variance: f64 = with_cost.iter().zip(&self.cost).map(|(c, w)| c * w).sum::<f64>().max(0.0);
        let mean: f64 = self.first.iter().zip(&self.cost).map(|(m, w)| m * w).sum();
        let sd = libm::sqrt(variance);
        let central = self.third - 3.0 * mean * variance - mean * mean * mean;
        let known = sd > 1e-9 * mean.abs();
        let skew = if known { central / (sd * variance) } else { 0.0 };
        let loading: Vec<f64> = with_cost.iter().map(|c| if known { c / sd } else { 0.0 }).collect();
        let residual = |row: usize, column: usize| covariance(row, column) - loading[row] * loading[column];
        let cv = if mean > 0.0 { sd / mean } else { 0.0 };
        // 0.735 · cv · skew / n is the relative error at P99 of a normal sum of n terms (METHOD.md).
        let draw_below = (0.735 * cv * skew.abs() / PLAIN_NORMAL_ERROR).clamp(32.0, MOST_DRAWN);
        Moments {
            probability: segment.probability(),
            mean: self.first.clone(),
            skew,
            rest: semidefinite_factor(size, &residual, &|row| covariance(row, row)),
            loading,
            draw_below,
        }
    }
}

/// E[y³] of the reference cost at a point: y = A − b C with A known and C the cached tokens of the reference view.
fn reference_third(point: &Point, terms: &Terms, scratch: &Scratch) -> f64 {
    let (cap, at) = terms.reference();
    let view = &terms.views[at];
    let a = point.prompt + OUTPUT_WEIGHT * point.output.min(terms.caps[cap]);
    let b = CACHED_SAVING * scratch.length[at];
    let hit = scratch.hit[at];
    let share = |k: f64| hit * share_moment(view, k);
    a * a * a - 3.0 * a * a * b * share(1.0) + 3.0 * a * b * b * share(2.0) - b * b * b * share(3.0)
}

/// E[Sᵏ] of the share's law: α/(α + k) = 1/(1 + k/α).
fn share_moment(view: &View, k: f64) -> f64 {
    1.0 / (1.0 + k * view.exponent())
}

/// Room for one point's figures.
struct Scratch {
    views: usize,
    mean: Vec<f64>,
    hit: Vec<f64>,
    length: Vec<f64>,
    /// E[S_v S_u], by row.
    shares: Vec<f64>,
}

impl Scratch {
    fn new(terms: &Terms) -> Self {
        let views = terms.views.len();
        // Shares of two views come from one uniform u as u^{1/α_v}, u^{1/α_u}.
        let shares = (0..views * views).map(|at| {
            let (v, u) = (&terms.views[at / views], &terms.views[at % views]);
            1.0 / (1.0 + v.exponent() + u.exponent())
        });
        Scratch {
            views,
            mean: vec![0.0; 1 + terms.caps.len() + views],
            hit: vec![0.0; views],
            length: vec![0.0; views],
            shares: shares.collect(),
        }
    }
}

/// The lower-triangular factor of a positive semidefinite matrix; directions without variance get zeros.
fn semidefinite_factor(
    size: usize,
    entry: &dyn Fn(usize, usize) -> f64,
    scale: &dyn Fn(usize) -> f64,
) -> Vec<f64> {
    let mut factor = vec![0.0; size * (size + 1) / 2];
    let index = |row: usize, column: usize| row * (row + 1) / 2 + column;
    for row in 0..size {
        for column in 0..=row {
            let inner: f64 = (0..column).map(|k| factor[index(row, k)] * factor[index(column, k)]).sum();
            let left = entry(row, column) - inner;
            let pivot = factor[index(column, column)];
            factor[index(row, column)] = if row == column {
                // What rounding leaves of a variance that is not there.
                if left > 1e-10 * scale(row) { libm::sqrt(left) } else { 0.0 }
            } else if pivot > 0.0 {
                left / pivot
            } else {
                0.0
            };
        }
    }
    factor
}
