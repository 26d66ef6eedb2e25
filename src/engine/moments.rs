//! What a request uses, computed and not sampled: for every segment of the prompt axis the first and second
//! moments of the basis, and the third of every spend and premium.
//!
//! Prompt lengths are integrated by Gauss-Legendre rules in the normal score of each component of their law,
//! split at every jump: the segments' ends and the caches' minimums. Given the prompt, all else is in closed
//! form: outputs under their limits by the partial moments of lognormals, the cache's gate and share. Only
//! reasoning on top of an output, and outputs of mixtures that depend on the prompt, are integrated once more.

use super::closed;
use super::few::{BASIS, Few, PRODUCTS, QUANTITIES, zeros};
use super::law::Law;
use super::output::{OutputLaw, OutputMoments};
use super::quadrature::Rules;
use super::tariff::{Quantity, Tariff};
use super::traffic::{Segment, Terms, Traffic, View};
use crate::domain::normal;
use crate::workload::Component;

/// Normal scores beyond ±6.5 have a probability below 10⁻¹⁰. Upwards this counts from three log standard
/// deviations on, where third moments are made.
const REACH: f64 = 6.5;

/// Moments of a request, counted only if it falls into the segment: E[1], E[b], E[b bᵀ], E[c³].
#[derive(Clone, Debug)]
pub struct Moments {
    /// The share of requests that fall into the segment.
    pub probability: f64,
    /// Of the basis.
    pub first: Few<f64, BASIS>,
    /// Lower triangle, row by row.
    pub second: Few<f64, PRODUCTS>,
    /// Of every quantity of the tariff.
    pub third: Few<f64, QUANTITIES>,
}

impl Moments {
    /// E[b_row b_column].
    pub fn second(&self, row: usize, column: usize) -> f64 {
        let (row, column) = (row.max(column), row.min(column));
        self.second[row * (row + 1) / 2 + column]
    }
}

/// Computes moments; built once for a simulation.
pub struct Integrator {
    rules: Rules,
}

impl Integrator {
    /// With its rules.
    pub fn new() -> Self {
        Integrator { rules: Rules::new() }
    }

    /// The moments of every segment in a trial, for the quantities of `tariff`.
    pub fn moments(&self, traffic: &Traffic<'_>, terms: &Terms, tariff: &Tariff) -> Vec<Moments> {
        let output = OutputLaw::new(traffic, terms, &self.rules);
        closed::moments(traffic, terms, &output, tariff)
            .unwrap_or_else(|| self.by_quadrature(traffic, terms, &output, tariff))
    }

    fn by_quadrature(
        &self,
        traffic: &Traffic<'_>,
        terms: &Terms,
        output: &OutputLaw<'_>,
        tariff: &Tariff,
    ) -> Vec<Moments> {
        let mut work = Work {
            traffic,
            terms,
            quantities: &tariff.quantities,
            output: output.fixed(),
            law: output,
            scratch: Scratch::new(traffic, terms),
        };
        let segments = terms.segments.iter().zip(&tariff.served).enumerate();
        segments.map(|(at, (segment, served))| self.segment(at, segment, *served, &mut work)).collect()
    }

    fn segment(&self, at: usize, segment: &Segment, served: bool, work: &mut Work<'_>) -> Moments {
        let size = work.traffic.basis_len();
        let mut moments = Moments {
            probability: segment.probability(),
            first: zeros(size),
            second: zeros(size * (size + 1) / 2),
            third: zeros(work.quantities.len()),
        };
        let (law, scale) = (&work.traffic.prompt, work.terms.prompt_scale);
        if moments.probability <= 0.0 {
            return moments;
        }
        if !served {
            // Nobody is billed for it: only the tokens that are refused are counted.
            let part = |x: f64| scale * law.partial_moment(1, x / scale);
            moments.first[0] = part(segment.high) - part(segment.low);
            return moments;
        }
        let mut edges = vec![segment.low];
        let minimums = work.terms.views.iter().map(|view| view.minimum);
        edges.extend(minimums.filter(|minimum| segment.low < *minimum && *minimum < segment.high));
        edges.push(segment.high);
        edges.sort_by(f64::total_cmp);
        for (index, component) in law.components().iter().enumerate() {
            for piece in edges.windows(2) {
                self.piece(at, (index, component), (piece[0], piece[1]), &mut moments, work);
            }
        }
        moments
    }

    /// Adds the prompts of one component between two lengths.
    fn piece(
        &self,
        segment: usize,
        (index, component): (usize, &Component),
        (low, high): (f64, f64),
        moments: &mut Moments,
        work: &mut Work<'_>,
    ) {
        let scale = work.terms.prompt_scale;
        if component.sigma == 0.0 {
            let length = libm::exp(component.ln_median);
            let x = scale * length;
            if low < x.max(f64::MIN_POSITIVE) && x <= high {
                for (weight, score) in self.atom_scores(&work.traffic.prompt, index, work.depends()) {
                    work.add(segment, x, score, component.weight * weight, moments);
                }
            }
            return;
        }
        let score = |x: f64| (libm::log(x / scale) - component.ln_median) / component.sigma;
        let from = if low > 0.0 { score(low).max(-REACH) } else { -REACH };
        let most = REACH + 3.0 * component.sigma;
        let to = if high.is_finite() { score(high).min(most) } else { most };
        if from >= to {
            return;
        }
        let (half, middle) = (0.5 * (to - from), 0.5 * (to + from));
        let single = work.traffic.prompt.components().len() == 1;
        for (node, weight) in self.rules.for_width(to - from) {
            let z = middle + half * node;
            let length = libm::exp(component.ln_median + component.sigma * z);
            let score = match (single, work.depends()) {
                (true, _) => z,
                (false, true) => work.traffic.prompt.score_of(length, 0.5),
                (false, false) => 0.0,
            };
            let weight = component.weight * weight * half * normal::density(z);
            work.add(segment, scale * length, score, weight, moments);
        }
    }

    /// Weights and scores of the ranks that a constant component takes up: they matter where other quantities
    /// depend on the prompt's score.
    fn atom_scores(&self, law: &Law, index: usize, depends: bool) -> Vec<(f64, f64)> {
        if !depends {
            return vec![(1.0, 0.0)];
        }
        let (low, high) = law.atom_ranks(index);
        let (from, to) = (normal::quantile(low).max(-REACH), normal::quantile(high).min(REACH));
        let (half, middle) = (0.5 * (to - from), 0.5 * (to + from));
        let node = |(node, weight): &(f64, f64)| {
            let z = middle + half * node;
            (weight * half * normal::density(z) / (high - low), z)
        };
        self.rules.for_width(to - from).iter().map(node).collect()
    }
}

/// What is at hand while a trial's moments are computed.
struct Work<'a> {
    traffic: &'a Traffic<'a>,
    terms: &'a Terms,
    quantities: &'a [Quantity],
    law: &'a OutputLaw<'a>,
    /// The output's moments: of all requests, or of the node at hand where they depend on the prompt.
    output: OutputMoments,
    scratch: Scratch,
}

impl Work<'_> {
    /// Whether anything depends on the prompt's score.
    fn depends(&self) -> bool {
        self.traffic.output_correlation != 0.0 || self.traffic.cache_correlation != 0.0
    }

    /// Adds prompts of length `x` and score `score`.
    fn add(&mut self, segment: usize, x: f64, score: f64, weight: f64, moments: &mut Moments) {
        let Work { traffic, terms, scratch, output, .. } = self;
        if traffic.output_correlation != 0.0 {
            self.law.at_score(score, output);
        }
        let fixed = 1 + terms.caps.len();
        scratch.mean[0] = x;
        for (mean, power) in scratch.mean[1..fixed].iter_mut().zip(&output.powers) {
            *mean = power[0];
        }
        for (v, view) in terms.views.iter().enumerate() {
            scratch.hit[v] = view.hit_probability(x, score, traffic.cache_correlation);
            scratch.length[v] = x.min(view.cut);
            scratch.mean[fixed + v] = scratch.hit[v] * view.share * scratch.length[v];
        }
        let mut at = 0;
        for row in 0..scratch.mean.len() {
            moments.first[row] += weight * scratch.mean[row];
            for column in 0..=row {
                let product = if column >= fixed {
                    // Gates are nested: two views hit together as often as the rarer one does.
                    let (v, u) = (row - fixed, column - fixed);
                    let together = scratch.hit[v].min(scratch.hit[u]) * scratch.shares[v * scratch.views + u];
                    together * scratch.length[v] * scratch.length[u]
                } else if row < fixed && column > 0 {
                    output.together(row - 1, column - 1)
                } else {
                    scratch.mean[row] * scratch.mean[column]
                };
                moments.second[at] += weight * product;
                at += 1;
            }
        }
        for (third, quantity) in moments.third.iter_mut().zip(self.quantities) {
            let unit = quantity.units[segment];
            if unit.is_nothing() {
                continue;
            }
            let a = unit.request + unit.prompt * x;
            let o = output.powers[quantity.output - 1];
            let v = quantity.cached - fixed;
            let share = |k: f64| scratch.hit[v] * share_moment(&terms.views[v], k);
            let length = unit.cached * scratch.length[v];
            let (b1, b2, b3) = (
                unit.output * o[0],
                unit.output * unit.output * o[1],
                unit.output * unit.output * unit.output * o[2],
            );
            let (c1, c2, c3) = if unit.cached == 0.0 {
                (0.0, 0.0, 0.0)
            } else {
                (length * share(1.0), length * length * share(2.0), length * length * length * share(3.0))
            };
            // E[(a + B + C)³] with B and C independent given the prompt.
            let cube = a * a * a
                + 3.0 * a * a * (b1 + c1)
                + 3.0 * a * (b2 + 2.0 * b1 * c1 + c2)
                + b3
                + 3.0 * b2 * c1
                + 3.0 * b1 * c2
                + c3;
            *third += weight * cube;
        }
    }
}

/// E[Sᵏ] of the share's law: α/(α + k) = 1/(1 + k/α).
fn share_moment(view: &View, k: f64) -> f64 {
    1.0 / (1.0 + k * view.exponent())
}

/// Room for one node's figures.
struct Scratch {
    views: usize,
    mean: Vec<f64>,
    hit: Vec<f64>,
    length: Vec<f64>,
    /// E[S_v S_u], by row.
    shares: Vec<f64>,
}

impl Scratch {
    fn new(traffic: &Traffic<'_>, terms: &Terms) -> Self {
        let views = terms.views.len();
        // Shares of two views come from one uniform u as u^{1/α_v}, u^{1/α_u}.
        let shares = (0..views * views).map(|at| {
            let (v, u) = (&terms.views[at / views], &terms.views[at % views]);
            1.0 / (1.0 + v.exponent() + u.exponent())
        });
        Scratch {
            views,
            mean: vec![0.0; traffic.basis_len()],
            hit: vec![0.0; views],
            length: vec![0.0; views],
            shares: shares.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixtures;
    use crate::engine::month::{Pool, Spread};
    use crate::workload::Scenario;

    const ROUTES: &str = "openai/gpt-5.4, {id: azure/gpt-5.4, cache: {hit_rate: 20%, share_when_hit: 90%}}, deepseek/deepseek-flash";

    fn scenario(routes: &str, rest: &str) -> Scenario {
        let text = format!(
            "name: t\nstart: 2027-01\nmonths: 1\nroutes: [{routes}]\nworkloads: {{w: {{volume: {{requests_per_month: 1M}}, {rest}}}}}\n"
        );
        fixtures::scenario(&text)
    }

    /// Two ways to the same integrals: closed forms and quadrature share only the laws.
    #[test]
    fn closed_forms_and_quadrature_agree() {
        // Quadrature has the output limit of 128,000, which the closed form leaves out where outputs depend on
        // prompts: among the longest prompts, with the longest outputs, it takes 10⁻⁵ of the mean at most.
        let near = [1e-5, 1e-3, 2e-2];
        // Elsewhere only the reach of the rules tells them apart, and of Φ's table.
        let same = [2e-8, 1e-7, 1e-5];
        for (tolerances, routes, rest) in [
            (
                near,
                ROUTES,
                "prompt: {lognormal: {median: 8k, p95: 68k}}, output: {lognormal: {median: 400, p95: 2072}}, prompt_output_correlation: 0.3, cache: {hit_rate: 40%, share_when_hit: 80%}",
            ),
            (
                same,
                ROUTES,
                "prompt: {lognormal: {median: 60k, p95: 400k}}, output: {mixture: {components: [{weight: 60%, median: 300, p90: 900}, {weight: 40%, median: 1k, p90: 2k}]}}, cache: {hit_rate: 70%}, over_window: truncate",
            ),
            (
                same,
                ROUTES,
                "prompt: {lognormal: {median: 900, p95: 3k}}, output: 300, cache: {hit_rate: 0%}, over_window: reject",
            ),
            // A wide law that the longest prompt cuts far below the middle of its third moment.
            (
                near,
                "openai/gpt-5.4-mini",
                "prompt: {lognormal: {median: 500, sigma: 4}}, output: {lognormal: {median: 400, p95: 2072}}",
            ),
            // Mixed prompts, with a constant among them.
            (
                same,
                ROUTES,
                "prompt: {mixture: {components: [{weight: 50%, median: 2k, p90: 9k}, {weight: 30%, median: 150k, p90: 400k}, {weight: 20%, median: 4k, sigma: 0}]}}, output: {lognormal: {median: 400, p95: 2072}}, cache: {hit_rate: 40%, share_when_hit: 80%}, over_window: truncate",
            ),
            // Two limits within reach of the outputs.
            (
                same,
                "openai/gpt-5.4, bedrock/llama-3.3-70b",
                "prompt: {preset: chat-long-context}, output: {lognormal: {median: 3k, p95: 20k}}, over_window: reject",
            ),
            (
                same,
                ROUTES,
                "prompt: 300k, output: {lognormal: {median: 400, p95: 2072}}, cache: {hit_rate: 30%}",
            ),
        ] {
            let scenario = scenario(routes, rest);
            let traffic = Traffic::new(&scenario, 0);
            let values: Vec<f64> = scenario.assumptions.iter().map(|a| a.law.median()).collect();
            let terms = traffic.terms(&values);
            let tariff = Tariff::new(&traffic, &scenario.routes, &terms.segments, &[0], &values);
            let integrator = Integrator::new();
            let output = OutputLaw::new(&traffic, &terms, &integrator.rules);
            let closed =
                closed::moments(&traffic, &terms, &output, &tariff).expect("laws with a closed form");
            let quadrature = integrator.by_quadrature(&traffic, &terms, &output, &tariff);
            for (at, (a, b)) in closed.iter().zip(&quadrature).enumerate() {
                // Beyond the rule's reach there is nothing that could be seen.
                if a.probability < 1e-9 {
                    continue;
                }
                let lists = [(&a.first[..], &b.first[..]), (&a.second, &b.second), (&a.third, &b.third)];
                for (order, (x, y)) in lists.into_iter().enumerate() {
                    let tolerance = tolerances[order];
                    for (x, y) in x.iter().zip(y) {
                        assert!(
                            (x - y).abs() <= tolerance * y.abs() + 1e-12,
                            "{rest}, segment {at}: {x} and {y}"
                        );
                    }
                }
            }
            let [a, b] = [closed, quadrature]
                .map(|moments| Pool::new(&Spread::new(&tariff, &moments, false), &moments, &|_| true));
            for (x, y) in a.mean.iter().chain(&a.sd).zip(b.mean.iter().chain(&b.sd)) {
                assert!((x - y).abs() < 1e-4 * y + 1e-6 * a.mean[0], "{rest}: {x} and {y}");
            }
        }
    }
}
