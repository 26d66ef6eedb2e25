//! What a month comes to in one trial.
//!
//! The number of requests is drawn. Segments that expect few of them stand alone: how many fall into each is
//! drawn (so rare crossings are whole numbers, and may be none), and what they come to, request by request where
//! the limit law of so few would not do. All other segments together are one pool: its spends and premiums follow
//! their joint limit law, each with its own mean, variance and skewness and all with their covariance.

use super::counts::{binomial, skewed};
use super::few::{Few, PRODUCTS, QUANTITIES, SEGMENTS, zeros};
use super::gate::GateDraw;
use super::moments::Moments;
use super::stream::Stream;
use super::tariff::{Period, Tariff};
use super::traffic::{Segment, SegmentSums, Terms, Traffic, add_request};
use crate::domain::normal;

/// Requests are drawn one by one where the plain normal law's error at P99 would exceed this share of what
/// their segment comes to. It is 0.735 · E[c³] / (E[c²] E[c] n) for n requests of cost c; the skewness
/// correction leaves about a thirtieth of it (METHOD.md).
const PLAIN_NORMAL_ERROR: f64 = 0.03;
/// Segments that expect fewer requests than this stand alone: their number itself is too grainy for a normal law.
const LEAST_POOLED: f64 = 100.0;
/// Even a law without a useful third moment is drawn one by one up to this many requests only.
const MOST_DRAWN: f64 = 20_000.0;
/// The factor of more quantities than this costs more than it saves in a year of months.
const MOST_FACTORED: usize = 16;

/// What a request of each segment costs: its mean, and how it scatters, as weights on independent scores.
///
/// Every segment has scores of its own, one for each sum of the basis, so the work grows with the number of
/// prices and not with its square.
pub struct Spread {
    segments: usize,
    /// How many sums the basis has.
    basis: usize,
    /// Whether months are drawn from the scores of the basis whatever the tariff: where scenarios are compared, the
    /// scatter of their requests is the same then, whichever other prices stand beside.
    common: bool,
    /// By quantity and segment: the mean of one request of the segment.
    means: Vec<f64>,
    /// By quantity, segment and sum of the basis: the weight of a score.
    weights: Vec<f64>,
    /// By quantity and segment: the third raw moment, counted only if a request falls into the segment.
    thirds: Vec<f64>,
}

impl Spread {
    /// The spread of every quantity of a tariff.
    pub fn new(tariff: &Tariff, moments: &[Moments], common: bool) -> Self {
        let (size, segments) = (tariff.quantities.len(), moments.len());
        let basis = moments.first().map_or(0, |moments| moments.first.len());
        let mut spread = Spread {
            segments,
            basis,
            common,
            means: vec![0.0; size * segments],
            weights: vec![0.0; size * segments * basis],
            thirds: vec![0.0; size * segments],
        };
        for (at, moments) in moments.iter().enumerate().filter(|(_, moments)| moments.probability > 0.0) {
            let factor = Factor::of(moments);
            for (row, quantity) in tariff.quantities.iter().enumerate() {
                let (unit, cell) = (quantity.units[at], row * segments + at);
                let terms =
                    [(0, unit.prompt), (quantity.output, unit.output), (quantity.cached, unit.cached)];
                let tokens: f64 = terms.iter().map(|(sum, weight)| weight * moments.first[*sum]).sum();
                spread.means[cell] = unit.request + tokens / moments.probability;
                spread.thirds[cell] = moments.third[row];
                for (column, weight) in spread.weights[cell * basis..][..basis].iter_mut().enumerate() {
                    *weight = terms.iter().map(|(sum, weight)| weight * factor.entry(*sum, column)).sum();
                }
            }
        }
        spread
    }

    /// The mean of a quantity in a request of a segment.
    fn mean(&self, quantity: usize, segment: usize) -> f64 {
        self.means[quantity * self.segments + segment]
    }

    /// The weights of a quantity on the scores of a segment.
    fn scores_of(&self, quantity: usize, segment: usize) -> &[f64] {
        &self.weights[(quantity * self.segments + segment) * self.basis..][..self.basis]
    }

    /// E[c²] of a quantity in a request of a segment.
    fn square(&self, quantity: usize, segment: usize) -> f64 {
        let mean = self.mean(quantity, segment);
        self.scores_of(quantity, segment).iter().fold(mean * mean, |sum, weight| sum + weight * weight)
    }

    /// Below this many requests, those of a segment are drawn one by one.
    pub fn draw_below(&self, tariff: &Tariff, segment: usize, moments: &Moments) -> f64 {
        if moments.probability <= 0.0 || !tariff.served[segment] {
            return 0.0;
        }
        let error = |row: usize| {
            let (mean, square) = (self.mean(row, segment), self.square(row, segment));
            let third = self.thirds[row * self.segments + segment] / moments.probability;
            if mean * square > 0.0 { third / (square * mean) } else { 0.0 }
        };
        let most = (0..tariff.quantities.len()).map(error).fold(0.0, f64::max);
        (0.735 * most / PLAIN_NORMAL_ERROR).min(MOST_DRAWN)
    }
}

/// The lower-triangular factor of the covariance of a segment's basis, for one of its requests.
struct Factor {
    entries: Few<f64, PRODUCTS>,
}

impl Factor {
    fn of(moments: &Moments) -> Self {
        let size = moments.first.len();
        let mut factor = Factor { entries: zeros(size * (size + 1) / 2) };
        let share = 1.0 / moments.probability;
        let mut at = 0;
        for row in 0..size {
            for column in 0..=row {
                let mean = moments.first[row] * moments.first[column] * share * share;
                let inner: f64 = (0..column).map(|k| factor.entry(row, k) * factor.entry(column, k)).sum();
                let covariance = moments.second[at] * share - mean;
                let left = covariance - inner;
                factor.entries[at] = if row == column {
                    // What rounding leaves of a variance that is not there, or that others explain.
                    let known = left > 1e-9 * covariance && covariance > 1e-12 * mean;
                    if known { libm::sqrt(left) } else { 0.0 }
                } else {
                    let pivot = factor.entry(column, column);
                    if pivot > 0.0 { left / pivot } else { 0.0 }
                };
                at += 1;
            }
        }
        factor
    }

    fn entry(&self, row: usize, column: usize) -> f64 {
        if column > row { 0.0 } else { self.entries[row * (row + 1) / 2 + column] }
    }
}

/// The limit law of the requests of some segments, for one of them.
///
/// With P_s the chance of segment s, m_s its mean and m the mean of all, a quantity scatters by
/// Σ_s √P_s ((m_s − m) ζ_s + w_s·z_s) with independent standard normal ζ and z: by how many requests fall where,
/// which is what a multinomial law leaves of its own variance and covariance, and by what they are there.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The share of all requests that fall into its segments.
    pub probability: f64,
    /// Means of the quantities.
    pub mean: Few<f64, QUANTITIES>,
    /// Their standard deviations.
    pub sd: Few<f64, QUANTITIES>,
    /// Their skewness.
    pub skew: Few<f64, QUANTITIES>,
    /// By quantity and score: weights of independent scores, in units of the standard deviation.
    weights: Vec<f64>,
    /// How many scores there are.
    scores: usize,
}

impl Pool {
    /// The pool of the segments for which `within` is true.
    pub fn new(spread: &Spread, moments: &[Moments], within: &dyn Fn(usize) -> bool) -> Self {
        let size = spread.means.len() / spread.segments;
        let inside: Few<usize, SEGMENTS> =
            (0..moments.len()).filter(|&at| moments[at].probability > 0.0 && within(at)).collect();
        let probability: f64 = inside.iter().map(|&at| moments[at].probability).sum();
        let mut pool = Pool {
            probability,
            mean: zeros(size),
            sd: zeros(size),
            skew: zeros(size),
            weights: Vec::new(),
            scores: 0,
        };
        if probability <= 0.0 {
            return pool;
        }
        pool.weights.reserve_exact(size * inside.len() * (1 + spread.basis));
        for row in 0..size {
            let (mut mean, mut raw) = (0.0, 0.0);
            for &at in &inside {
                mean += moments[at].probability / probability * spread.mean(row, at);
                raw += spread.thirds[row * spread.segments + at] / probability;
            }
            let from = pool.weights.len();
            for &at in &inside {
                let root = libm::sqrt(moments[at].probability / probability);
                pool.weights.push(root * (spread.mean(row, at) - mean));
                pool.weights.extend(spread.scores_of(row, at).iter().map(|weight| root * weight));
            }
            let weights = &mut pool.weights[from..];
            pool.scores = weights.len();
            let variance: f64 = weights.iter().map(|weight| weight * weight).sum();
            pool.mean[row] = mean;
            // What rounding leaves of a variance that is not there.
            if variance > 1e-12 * mean * mean {
                let sd = libm::sqrt(variance);
                pool.sd[row] = sd;
                pool.skew[row] = (raw - 3.0 * mean * variance - mean * mean * mean) / (variance * sd);
                weights.iter_mut().for_each(|weight| *weight /= sd);
            }
        }
        // Fewer scores pay where their factor costs less than drawing the others, month after month.
        if 2 * size <= pool.scores && size <= MOST_FACTORED && !spread.common {
            pool.weights = correlation_factor(&pool.weights, pool.scores, &pool.sd);
            pool.scores = size;
        }
        pool
    }

    /// Draws what `requests` of them come to, some quantities at once, and adds it to `totals`.
    fn draw(
        &self,
        requests: f64,
        quantities: &[usize],
        stream: &mut Stream,
        totals: &mut [f64],
        scores: &mut Vec<f64>,
    ) {
        let root = libm::sqrt(requests);
        scores.clear();
        scores.extend((0..self.scores).map(|_| stream.normal()));
        for &row in quantities {
            let weights = &self.weights[row * self.scores..(row + 1) * self.scores];
            let score: f64 = weights.iter().zip(&*scores).map(|(weight, score)| weight * score).sum();
            let noise = self.sd[row] * root * skewed(score, self.skew[row] / root);
            let drawn = requests * self.mean[row] + noise;
            // Only a premium of prices that fall with length is negative.
            totals[row] += if self.mean[row] >= 0.0 { drawn.max(0.0) } else { drawn };
        }
    }
}

/// A workload's laws in one trial.
pub struct Laws<'a> {
    traffic: &'a Traffic<'a>,
    terms: &'a Terms,
    tariff: &'a Tariff,
    /// Of every segment.
    pub moments: Vec<Moments>,
    spread: Spread,
    draw_below: Few<f64, SEGMENTS>,
    /// The pool of all segments.
    pub whole: Pool,
    /// Pools without some segments: the months of a trial mostly leave out the same.
    parts: Vec<(Few<bool, SEGMENTS>, Pool)>,
    /// Room for the scores of a month.
    scores: Vec<f64>,
}

impl<'a> Laws<'a> {
    /// The laws behind the moments of a trial.
    pub fn new(
        traffic: &'a Traffic<'a>,
        terms: &'a Terms,
        tariff: &'a Tariff,
        moments: Vec<Moments>,
        common: bool,
    ) -> Self {
        let spread = Spread::new(tariff, &moments, common);
        let draw_below =
            moments.iter().enumerate().map(|(at, moments)| spread.draw_below(tariff, at, moments)).collect();
        let whole = Pool::new(&spread, &moments, &|_| true);
        Laws {
            traffic,
            terms,
            tariff,
            moments,
            spread,
            draw_below,
            whole,
            parts: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// Draws a month of `requests` requests in a period into `totals`, one figure per quantity of the tariff, USD;
    /// returns whether all of it came from the limit law. Quantities of other periods stay 0.
    pub fn month(&mut self, requests: f64, period: &Period, stream: &mut Stream, totals: &mut [f64]) -> bool {
        totals.fill(0.0);
        let single = |at: usize| {
            let expected = requests * self.moments[at].probability;
            // What comes once in a million months is left to the pool: it changes no moment that could be seen.
            expected > 1e-6 && expected < self.draw_below[at].max(LEAST_POOLED) && self.draw_below[at] > 0.0
        };
        if !(0..self.moments.len()).any(single) {
            if requests > 0.0 {
                self.whole.draw(requests, &period.quantities, stream, totals, &mut self.scores);
            }
            return true;
        }
        let singles: Few<bool, SEGMENTS> = (0..self.moments.len()).map(single).collect();
        let (mut left, mut probability_left) = (requests, 1.0);
        for at in (0..singles.len()).filter(|&at| singles[at]) {
            // A multinomial is a chain of binomials: each segment takes its share of what is left.
            let probability = self.moments[at].probability;
            let count = binomial(left, (probability / probability_left).min(1.0), stream.uniform());
            left -= count;
            probability_left = (probability_left - probability).max(1e-300);
            if count >= self.draw_below[at] {
                let alone: Few<bool, SEGMENTS> = (0..singles.len()).map(|other| other != at).collect();
                self.draw_part(&alone, count, period, stream, totals);
                continue;
            }
            let sums = self.drawn(&self.terms.segments[at], count, stream);
            for &row in &period.quantities {
                let quantity = &self.tariff.quantities[row];
                totals[row] += quantity.in_segment(&quantity.units[at], &sums);
            }
        }
        self.draw_part(&singles, left, period, stream, totals);
        false
    }

    /// Draws requests that fall into none of some segments.
    fn draw_part(
        &mut self,
        without: &[bool],
        requests: f64,
        period: &Period,
        stream: &mut Stream,
        totals: &mut [f64],
    ) {
        let known = self.parts.iter().position(|(known, _)| known.as_slice() == without);
        let part = known.unwrap_or_else(|| {
            let pool = Pool::new(&self.spread, &self.moments, &|at| !without[at]);
            self.parts.push((without.into(), pool));
            self.parts.len() - 1
        });
        let pool = &self.parts[part].1;
        // Where single segments have all requests, what rounding leaves falls nowhere.
        if requests > 0.0 && pool.probability > 0.0 {
            pool.draw(requests, &period.quantities, stream, totals, &mut self.scores);
        }
    }

    /// Sums of `requests` requests of a segment, each drawn.
    fn drawn(&self, segment: &Segment, requests: f64, stream: &mut Stream) -> SegmentSums {
        let (traffic, terms) = (self.traffic, self.terms);
        let mut sums = SegmentSums { requests, basis: zeros(traffic.basis_len()) };
        let to_output = libm::sqrt(1.0 - traffic.output_correlation * traffic.output_correlation);
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
            let gate = GateDraw::draw(traffic.cache_correlation, score, stream);
            add_request(terms, x, gate, stream.uniform(), output, &mut sums.basis);
        }
        sums
    }
}

/// Fewer weights for the same correlations, where there are more scores than quantities: the lower-triangular
/// factor of the rows' products, as full rows. Directions without variance of their own get a zero.
fn correlation_factor(weights: &[f64], scores: usize, sd: &[f64]) -> Vec<f64> {
    let size = sd.len();
    let mut factor = vec![0.0; size * size];
    let row_of = |row: usize| &weights[row * scores..(row + 1) * scores];
    for row in 0..size {
        for column in 0..=row {
            let product = row_of(row).iter().zip(row_of(column)).map(|(a, b)| a * b).sum::<f64>();
            let correlation = if sd[row] > 0.0 && sd[column] > 0.0 { product } else { 0.0 };
            let inner: f64 = (0..column).map(|k| factor[row * size + k] * factor[column * size + k]).sum();
            let (left, pivot) = (correlation - inner, factor[column * size + column]);
            factor[row * size + column] = if row == column {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixtures::scenario;
    use crate::engine::moments::Integrator;
    use crate::engine::tariff::Quantity;

    /// E[c d] over some segments by the definition: every product of two terms of the costs, one by one.
    fn product(c: &Quantity, d: &Quantity, moments: &[Moments], within: &dyn Fn(usize) -> bool) -> f64 {
        let terms = |q: &Quantity, at: usize| {
            let unit = q.units[at];
            [
                (None, unit.request),
                (Some(0), unit.prompt),
                (Some(q.output), unit.output),
                (Some(q.cached), unit.cached),
            ]
        };
        let mut sum = 0.0;
        for (at, moments) in moments.iter().enumerate().filter(|(at, _)| within(*at)) {
            for (i, weight) in terms(c, at) {
                for (j, other) in terms(d, at) {
                    let expected = match (i, j) {
                        (None, None) => moments.probability,
                        (Some(one), None) | (None, Some(one)) => moments.first[one],
                        (Some(i), Some(j)) => moments.second(i, j),
                    };
                    sum += weight * other * expected;
                }
            }
        }
        sum
    }

    /// The scores of a pool scatter as the moments of a request say, with few prices (far fewer than scores) and with
    /// many.
    #[test]
    fn the_weights_of_a_pool_have_the_covariance_of_the_costs() {
        let many = "openai/gpt-5.4, azure/gpt-5.4@datazone-us, openai/gpt-5.4:batch, openai/gpt-5.4-mini, openai/gpt-5.4-nano, openai/gpt-5.4-pro, openai/gpt-5.1, azure/gpt-5.5, openai/gpt-5.4:priority, openai/gpt-5.2, openai/gpt-5.5, openai/gpt-5.5:batch, openai/gpt-5.3-codex, azure/gpt-5.4-pro";
        for (routes, few) in [("openai/gpt-5.4", true), (many, false)] {
            let text = format!(
                "name: t\nstart: 2027-01\nmonths: 1\nroutes: [{routes}]\nworkloads: {{w: {{volume: {{requests_per_month: 1M}}, prompt: {{lognormal: {{median: 60k, p95: 400k}}}}, output: {{lognormal: {{median: 400, p95: 2072}}}}, prompt_output_correlation: 0.3, cache: {{hit_rate: 40%}}, over_window: truncate}}}}\n"
            );
            let scenario = scenario(&text);
            let traffic = Traffic::new(&scenario, 0);
            let values: Vec<f64> = scenario.assumptions.iter().map(|a| a.law.median()).collect();
            let terms = traffic.terms(&values);
            let tariff = Tariff::new(&traffic, &scenario.routes, &terms.segments, &[0], &values);
            let moments = Integrator::new().moments(&traffic, &terms, &tariff);
            let spread = Spread::new(&tariff, &moments, false);
            let withins: [&dyn Fn(usize) -> bool; 2] = [&|_| true, &|at| at != 0];
            for within in withins {
                let pool = Pool::new(&spread, &moments, within);
                let size = tariff.quantities.len();
                assert_eq!(pool.scores == size, few, "{size} quantities, {} scores", pool.scores);
                let inside = || moments.iter().enumerate().filter(|(at, _)| within(*at)).map(|(_, m)| m);
                let probability: f64 = inside().map(|moments| moments.probability).sum();
                let row = |at: usize| &pool.weights[at * pool.scores..(at + 1) * pool.scores];
                for (i, c) in tariff.quantities.iter().enumerate() {
                    for (j, d) in tariff.quantities.iter().enumerate() {
                        let joint = product(c, d, &moments, within) / probability;
                        let wanted = joint - pool.mean[i] * pool.mean[j];
                        let correlation: f64 = row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum();
                        let scale = pool.sd[i] * pool.sd[j];
                        assert!(scale > 0.0);
                        assert!(
                            (correlation - wanted / scale).abs() < 1e-8,
                            "{i} {j}: {correlation}, {wanted}"
                        );
                    }
                    let third: f64 = inside().map(|moments| moments.third[i]).sum::<f64>() / probability;
                    let (mean, sd) = (pool.mean[i], pool.sd[i]);
                    // E[c³] = m³ + 3 m σ² + γ σ³.
                    let raw = mean * mean * mean + 3.0 * mean * sd * sd + pool.skew[i] * sd * sd * sd;
                    assert!((raw / third - 1.0).abs() < 1e-9, "{i}: {raw}, {third}");
                }
            }
        }
    }
}
