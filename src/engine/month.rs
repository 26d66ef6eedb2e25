//! What a month comes to in one trial.
//!
//! The number of requests is drawn. Segments that expect few of them are drawn request by request, after how
//! many fall into each (so rare crossings are whole numbers, and may be none). All other segments together are
//! one pool: its spends and premiums follow their joint limit law, each with its own mean, variance and
//! skewness and all with their covariance.

use super::counts::{binomial, skewed};
use super::moments::Moments;
use super::stream::Stream;
use super::tariff::{Quantity, Tariff};
use super::traffic::{Segment, SegmentSums, Terms, Traffic, add_request};
use crate::domain::normal;

/// Requests are drawn one by one where the plain normal law's error at P99 would exceed this share of what
/// their segment comes to. It is 0.735 · E[c³] / (E[c²] E[c] n) for n requests of cost c; the skewness
/// correction leaves about a thirtieth of it (METHOD.md).
const PLAIN_NORMAL_ERROR: f64 = 0.03;
/// Fewer requests than this are always drawn: their number itself is too grainy for a normal law.
const LEAST_POOLED: f64 = 100.0;
/// Even a law without a useful third moment is drawn one by one up to this many requests only.
const MOST_DRAWN: f64 = 20_000.0;

/// The limit law of the requests of some segments, for one of them.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The share of all requests that fall into its segments.
    pub probability: f64,
    /// Means of the quantities.
    pub mean: Vec<f64>,
    /// Their standard deviations.
    pub sd: Vec<f64>,
    /// Their skewness.
    pub skew: Vec<f64>,
    /// Lower-triangular factor of their correlations, row by row.
    factor: Vec<f64>,
}

impl Pool {
    /// The pool of the segments for which `within` is true.
    pub fn new(tariff: &Tariff, moments: &[Moments], within: &dyn Fn(usize) -> bool) -> Self {
        let quantities = &tariff.quantities;
        let size = quantities.len();
        let inside: Vec<usize> = (0..moments.len()).filter(|&at| within(at)).collect();
        let probability: f64 = inside.iter().map(|&at| moments[at].probability).sum();
        let mut pool = Pool {
            probability,
            mean: vec![0.0; size],
            sd: vec![0.0; size],
            skew: vec![0.0; size],
            factor: Vec::new(),
        };
        if probability <= 0.0 {
            pool.factor = vec![0.0; size * (size + 1) / 2];
            return pool;
        }
        let mut second = vec![0.0; size * (size + 1) / 2];
        for at in inside {
            let moments = &moments[at];
            for (row, quantity) in quantities.iter().enumerate() {
                pool.mean[row] += mean_in(quantity, at, moments) / probability;
                pool.skew[row] += moments.third[row] / probability;
                for (column, other) in quantities[..=row].iter().enumerate() {
                    second[row * (row + 1) / 2 + column] +=
                        product_in(quantity, other, at, moments) / probability;
                }
            }
        }
        let mut at = 0;
        for row in 0..size {
            for column in 0..=row {
                second[at] -= pool.mean[row] * pool.mean[column];
                at += 1;
            }
            let (mean, raw) = (pool.mean[row], pool.skew[row]);
            // What rounding leaves of a variance that is not there.
            let variance = second[at - 1];
            let known = variance > 1e-12 * mean * mean;
            pool.sd[row] = if known { libm::sqrt(variance) } else { 0.0 };
            let central = raw - 3.0 * mean * variance - mean * mean * mean;
            pool.skew[row] = if known { central / (variance * pool.sd[row]) } else { 0.0 };
        }
        pool.factor = correlation_factor(&second, &pool.sd);
        pool
    }

    /// Draws what `requests` of them come to, all quantities at once, and adds it to `totals`.
    fn draw(&self, requests: f64, stream: &mut Stream, totals: &mut [f64]) {
        let root = libm::sqrt(requests);
        let size = self.mean.len();
        let mut scores = [0.0; MOST_QUANTITIES];
        let mut at = 0;
        for (row, total) in totals.iter_mut().enumerate() {
            // A direction without variance of its own needs no number.
            if row < MOST_QUANTITIES && self.factor[at + row] > 0.0 {
                scores[row] = stream.normal();
            }
            let weights = &self.factor[at..at + (row + 1).min(MOST_QUANTITIES)];
            let score: f64 = weights.iter().zip(&scores).map(|(weight, score)| weight * score).sum();
            at += row + 1;
            let noise = self.sd[row] * root * skewed(score, self.skew[row] / root);
            let drawn = requests * self.mean[row] + noise;
            // Only a premium of prices that fall with length is negative.
            *total += if self.mean[row] >= 0.0 { drawn.max(0.0) } else { drawn };
        }
        debug_assert!(at == size * (size + 1) / 2, "the factor is a triangle");
    }
}

/// Quantities with noise of their own. What more distinct prices than that have of it beyond the first ones is
/// left out.
const MOST_QUANTITIES: usize = 64;

/// E[c] of a quantity in a segment.
pub fn mean_in(quantity: &Quantity, segment: usize, moments: &Moments) -> f64 {
    let unit = quantity.units[segment];
    unit.request * moments.probability
        + unit.prompt * moments.first[0]
        + unit.output * moments.first[quantity.output]
        + unit.cached * moments.first[quantity.cached]
}

/// E[c d] of two quantities in a segment.
fn product_in(c: &Quantity, d: &Quantity, segment: usize, moments: &Moments) -> f64 {
    let (u, v) = (c.units[segment], d.units[segment]);
    if u.is_nothing() || v.is_nothing() {
        return 0.0;
    }
    let of = |weights: [f64; 3], quantity: &Quantity| {
        [(0, weights[0]), (quantity.output, weights[1]), (quantity.cached, weights[2])]
    };
    let (first, second) = (of([u.prompt, u.output, u.cached], c), of([v.prompt, v.output, v.cached], d));
    let mut sum = u.request * v.request * moments.probability;
    for (i, weight) in first {
        sum += v.request * weight * moments.first[i];
        for (j, other) in second {
            sum += weight * other * moments.second(i, j);
        }
    }
    second.into_iter().fold(sum, |sum, (j, other)| sum + u.request * other * moments.first[j])
}

/// Below this many requests, those of a segment are drawn one by one.
pub fn draw_below(tariff: &Tariff, segment: usize, moments: &Moments) -> f64 {
    if moments.probability <= 0.0 || !tariff.served[segment] {
        return 0.0;
    }
    let error = |(row, quantity): (usize, &Quantity)| {
        let mean = mean_in(quantity, segment, moments);
        let square = product_in(quantity, quantity, segment, moments);
        // Moments count only requests of the segment; the probability makes them those of one in it.
        if mean * square > 0.0 { moments.third[row] / (square * mean) * moments.probability } else { 0.0 }
    };
    let most = tariff.quantities.iter().enumerate().map(error).fold(0.0, f64::max);
    (0.735 * most / PLAIN_NORMAL_ERROR).clamp(LEAST_POOLED, MOST_DRAWN)
}

/// A workload's laws in one trial, for months with the same cards.
pub struct Laws<'a> {
    traffic: &'a Traffic<'a>,
    terms: &'a Terms,
    tariff: &'a Tariff,
    /// Of every segment.
    pub moments: Vec<Moments>,
    draw_below: Vec<f64>,
    /// The pool of all segments.
    pub whole: Pool,
}

impl<'a> Laws<'a> {
    /// The laws behind the moments of a trial.
    pub fn new(
        traffic: &'a Traffic<'a>,
        terms: &'a Terms,
        tariff: &'a Tariff,
        moments: Vec<Moments>,
    ) -> Self {
        let draw_below =
            moments.iter().enumerate().map(|(at, moments)| draw_below(tariff, at, moments)).collect();
        let whole = Pool::new(tariff, &moments, &|_| true);
        Laws { traffic, terms, tariff, moments, draw_below, whole }
    }

    /// Draws a month of `requests` requests into `totals`, one figure per quantity of the tariff, USD; returns
    /// whether all of it came from the limit law.
    pub fn month(&self, requests: f64, stream: &mut Stream, totals: &mut [f64]) -> bool {
        totals.fill(0.0);
        let single = |at: usize| {
            let expected = requests * self.moments[at].probability;
            // What comes once in a million months is left to the pool: it changes no moment that could be seen.
            expected > 1e-6 && expected < self.draw_below[at]
        };
        if !(0..self.moments.len()).any(single) {
            if requests > 0.0 {
                self.whole.draw(requests, stream, totals);
            }
            return true;
        }
        let (mut left, mut probability_left) = (requests, 1.0);
        for at in (0..self.moments.len()).filter(|&at| single(at)) {
            // A multinomial is a chain of binomials: each segment takes its share of what is left.
            let probability = self.moments[at].probability;
            let count = binomial(left, (probability / probability_left).min(1.0), stream.uniform());
            left -= count;
            probability_left = (probability_left - probability).max(1e-300);
            let sums = self.drawn(&self.terms.segments[at], count, stream);
            for (total, quantity) in totals.iter_mut().zip(&self.tariff.quantities) {
                *total += quantity.in_segment(&quantity.units[at], &sums);
            }
        }
        let pool = Pool::new(self.tariff, &self.moments, &|at| !single(at));
        // What is left falls into the pool or, where single segments have all, by rounding nowhere.
        if left > 0.0 && pool.probability > 0.0 {
            pool.draw(left, stream, totals);
        }
        false
    }

    /// Sums of `requests` requests of a segment, each drawn.
    fn drawn(&self, segment: &Segment, requests: f64, stream: &mut Stream) -> SegmentSums {
        let (traffic, terms) = (self.traffic, self.terms);
        let mut sums = SegmentSums { requests, basis: vec![0.0; traffic.basis_len()] };
        let to_output = libm::sqrt(1.0 - traffic.output_correlation * traffic.output_correlation);
        let to_gate = libm::sqrt(1.0 - traffic.cache_correlation * traffic.cache_correlation);
        let (reasoning_share, reasoning_scale) = terms.reasoning;
        for _ in 0..requests as u64 {
            let rank = segment.rank_low + stream.uniform() * segment.probability();
            let score = normal::quantile(rank).clamp(-9.0, 9.0);
            let x = (terms.prompt_scale * traffic.prompt.at_score(score)).clamp(segment.low, segment.high);
            let output_score = traffic.output_correlation * score + to_output * stream.normal();
            let mut output = terms.output_scale * traffic.output.at_score(output_score);
            if let Some(law) = &traffic.reasoning
                && stream.uniform() < reasoning_share
            {
                output += reasoning_scale * law.at_score(stream.normal());
            }
            let gate = traffic.cache_correlation * score + to_gate * stream.normal();
            add_request(terms, x, gate, stream.uniform(), output, &mut sums.basis);
        }
        sums
    }
}

/// The lower-triangular factor of the correlations of a covariance; directions without variance of their own
/// get a zero.
fn correlation_factor(covariance: &[f64], sd: &[f64]) -> Vec<f64> {
    let size = sd.len();
    let index = |row: usize, column: usize| row * (row + 1) / 2 + column;
    let mut factor = vec![0.0; covariance.len()];
    for row in 0..size {
        for column in 0..=row {
            let scale = sd[row] * sd[column];
            let correlation = if scale > 0.0 { covariance[index(row, column)] / scale } else { 0.0 };
            let inner: f64 = (0..column).map(|k| factor[index(row, k)] * factor[index(column, k)]).sum();
            let (left, pivot) = (correlation - inner, factor[index(column, column)]);
            factor[index(row, column)] = if row == column {
                if left > 1e-9 { libm::sqrt(left) } else { 0.0 }
            } else if pivot > 0.0 {
                left / pivot
            } else {
                0.0
            };
        }
    }
    factor
}
