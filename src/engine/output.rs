//! Moments of a request's output under every output limit, given the score of its prompt.
//!
//! The visible part is lognormal (or a mixture, or points where a mixture depends on the prompt), so what a
//! limit leaves of it has closed forms: E[min(V + r, c)ᵏ] from the partial moments of V below c − r. Reasoning
//! lengths r are points of a rule.

use super::closed::lognormal_powers;
use super::few::{BASIS, Few, PRODUCTS, zeros};
use super::quadrature::Rules;
use super::traffic::{Terms, Traffic};
use crate::domain::normal;
use crate::workload::Component;

/// Normal scores beyond ±6.5 have a probability below 10⁻¹⁰.
const REACH: f64 = 6.5;

/// E[Oᵏ] for k = 1, 2, 3 under every limit, and E[O_i O_j] of two limits.
#[derive(Clone, Debug)]
pub struct OutputMoments {
    /// One per limit.
    pub powers: Few<[f64; 3], BASIS>,
    /// Limits by row and column.
    cross: Few<f64, PRODUCTS>,
}

impl OutputMoments {
    fn empty(limits: usize) -> Self {
        OutputMoments { powers: Few::from_elem([0.0; 3], limits), cross: zeros(limits * limits) }
    }

    /// E[Oᵇ] for b = 0 to 3 under every limit, as a multiple of the first's; 1 where they differ by rounding only.
    /// `None` where the first limit leaves nothing of what another leaves.
    pub fn ratios(&self) -> Option<Few<[f64; 4], BASIS>> {
        let first = self.powers.first()?;
        let ratio = |power: f64, first: f64| match (power - first).abs() <= 1e-12 * first {
            true => Some(1.0),
            false => (first > 0.0).then(|| power / first),
        };
        let of = |power: &[f64; 3]| {
            Some([1.0, ratio(power[0], first[0])?, ratio(power[1], first[1])?, ratio(power[2], first[2])?])
        };
        self.powers.iter().map(of).collect()
    }

    /// E[O_i O_j] as a multiple of E[O²] under the first limit.
    pub fn relative_product(&self, i: usize, j: usize) -> f64 {
        let (product, first) = (self.together(i, j), self.powers[0][1]);
        if (product - first).abs() <= 1e-12 * first { 1.0 } else { product / first }
    }

    /// E[O_i O_j].
    pub fn together(&self, i: usize, j: usize) -> f64 {
        if i == j { self.powers[i][1] } else { self.cross[i * self.powers.len() + j] }
    }
}

/// The output law of a trial.
pub struct OutputLaw<'a> {
    caps: &'a [f64],
    visible: Visible,
    /// Weights and lengths of reasoning; no reasoning is a length of 0.
    thoughts: Few<(f64, f64), 1>,
}

enum Visible {
    /// The same for all prompts.
    Fixed(Few<Part, BASIS>),
    /// ln V is normal with mean `ln_mean + slope · score`.
    Lognormal { ln_mean: f64, slope: f64, sigma: f64, growth: f64 },
    /// Points of the own score and lengths at the joint one, for mixtures that depend on the prompt.
    Points { law: super::law::Law, scale: f64, correlation: f64, rest: f64, nodes: Vec<(f64, f64)> },
}

/// A weighted lognormal; a constant where `sigma` is 0.
#[derive(Clone, Copy)]
struct Part {
    weight: f64,
    ln_median: f64,
    sigma: f64,
    /// exp(σ²).
    growth: f64,
}

impl Part {
    fn new(weight: f64, ln_median: f64, sigma: f64) -> Self {
        Part { weight, ln_median, sigma, growth: libm::exp(sigma * sigma) }
    }
}

impl<'a> OutputLaw<'a> {
    /// The law of a trial.
    pub fn new(traffic: &'a Traffic<'a>, terms: &'a Terms, rules: &Rules) -> Self {
        let ln_scale = libm::log(terms.output_scale);
        let (components, correlation) = (traffic.output.components(), traffic.output_correlation);
        let rest = libm::sqrt(1.0 - correlation * correlation);
        let visible = match components {
            [c] if correlation != 0.0 && c.sigma > 0.0 => {
                let sigma = rest * c.sigma;
                Visible::Lognormal {
                    ln_mean: ln_scale + c.ln_median,
                    slope: correlation * c.sigma,
                    sigma,
                    growth: libm::exp(sigma * sigma),
                }
            }
            many if correlation != 0.0 && many.len() > 1 => Visible::Points {
                law: traffic.output.clone(),
                scale: terms.output_scale,
                correlation,
                rest,
                nodes: score_nodes(rules, REACH + 3.0 * traffic.output.tail_slope(), &[]),
            },
            all => Visible::Fixed(
                all.iter().map(|c| Part::new(c.weight, ln_scale + c.ln_median, c.sigma)).collect(),
            ),
        };
        OutputLaw { caps: &terms.caps, visible, thoughts: thoughts(traffic, terms, rules) }
    }

    /// Moments that hold as they stand or tilted by the score of a prompt, and by how much each power tilts it:
    /// ρs. `None` where outputs depend on prompts and limits are in reach of them, or where the law has no such
    /// form. `prompt_sigma` is the log-sd of the prompts, if they are a single lognormal.
    pub fn plain_moments(&self, prompt_sigma: Option<f64>) -> Option<(OutputMoments, f64)> {
        match &self.visible {
            Visible::Fixed(_) => Some((self.fixed(), 0.0)),
            Visible::Lognormal { ln_mean, slope, sigma, .. } => {
                let prompt_sigma = prompt_sigma.filter(|_| self.thoughts.len() == 1)?;
                let s = libm::hypot(*slope, *sigma);
                let cap = self.caps.iter().copied().fold(f64::INFINITY, f64::min);
                let reach = if cap.is_finite() { (libm::log(cap) - ln_mean) / s } else { f64::INFINITY };
                // What a limit takes: less than 2 · 10⁻⁶ of the mean, 10⁻⁴ of second moments.
                let free = reach - s > 4.7
                    && reach - 2.0 * s > 3.7
                    && reach - slope.abs() * prompt_sigma / s - s > 3.7;
                free.then(|| {
                    let [_, first, second, third] = lognormal_powers(*ln_mean, s);
                    let limits = self.caps.len();
                    let powers = Few::from_elem([first, second, third], limits);
                    let cross = Few::from_elem(second, limits * limits);
                    (OutputMoments { powers, cross }, *slope)
                })
            }
            Visible::Points { .. } => None,
        }
    }

    /// The moments of all requests where outputs do not depend on prompts; room for them otherwise.
    pub fn fixed(&self) -> OutputMoments {
        let mut moments = OutputMoments::empty(self.caps.len());
        if let Visible::Fixed(parts) = &self.visible {
            parts.iter().for_each(|part| self.add(part, &mut moments));
        }
        moments
    }

    /// The moments given the prompt's score, where outputs depend on prompts.
    pub fn at_score(&self, score: f64, moments: &mut OutputMoments) {
        let clear = |moments: &mut OutputMoments| {
            moments.powers.iter_mut().for_each(|power| *power = [0.0; 3]);
            moments.cross.iter_mut().for_each(|product| *product = 0.0);
        };
        match &self.visible {
            Visible::Fixed(_) => {}
            Visible::Lognormal { ln_mean, slope, sigma, growth } => {
                clear(moments);
                let ln_median = ln_mean + slope * score;
                self.add(&Part { weight: 1.0, ln_median, sigma: *sigma, growth: *growth }, moments);
            }
            Visible::Points { law, scale, correlation, rest, nodes } => {
                clear(moments);
                for (weight, own) in nodes {
                    let length = scale * law.at_score(correlation * score + rest * own);
                    self.add(
                        &Part { weight: *weight, ln_median: libm::log(length), sigma: 0.0, growth: 1.0 },
                        moments,
                    );
                }
            }
        }
    }

    /// Adds a part of the visible law, with every reasoning length on top.
    fn add(&self, part: &Part, moments: &mut OutputMoments) {
        let m1 = libm::exp(part.ln_median + 0.5 * part.sigma * part.sigma);
        let m2 = m1 * m1 * part.growth;
        let whole = [1.0, m1, m2, m1 * m2 * part.growth * part.growth];
        for &(share, thought) in &self.thoughts {
            let weight = part.weight * share;
            let limits = self.caps.len();
            for (i, &cap) in self.caps.iter().enumerate() {
                let below = part.below(cap - thought, &whole);
                let v = shifted(&below, thought);
                let above = 1.0 - below[0];
                let power = &mut moments.powers[i];
                if above == 0.0 {
                    (0..3).for_each(|k| power[k] += weight * v[k]);
                } else {
                    power[0] += weight * (v[0] + above * cap);
                    power[1] += weight * (v[1] + above * cap * cap);
                    power[2] += weight * (v[2] + above * cap * cap * cap);
                }
                for (j, &other) in self.caps.iter().enumerate().filter(|(j, _)| *j != i) {
                    // E[min(O, c) min(O, d)] for c ≤ d: O² below c, c · O between, c · d above.
                    if cap < other || (cap == other && i < j) {
                        let upto = part.below(other - thought, &whole);
                        let between = shifted(&upto, thought)[0] - v[0];
                        let beyond = 1.0 - upto[0];
                        let mut product = v[1] + cap * between;
                        if beyond > 0.0 {
                            product += cap * other * beyond;
                        }
                        moments.cross[i * limits + j] += weight * product;
                        moments.cross[j * limits + i] += weight * product;
                    }
                }
            }
        }
    }
}

impl Part {
    /// E[Vᵏ; V < c] for k = 0 to 3; `whole` are the moments without a limit.
    ///
    /// For a lognormal with log-mean μ and log-sd σ the part below c is Φ((ln c − μ)/σ − kσ) of the whole.
    fn below(&self, c: f64, whole: &[f64; 4]) -> [f64; 4] {
        if c == f64::INFINITY {
            return *whole;
        }
        if c <= 0.0 {
            return [0.0; 4];
        }
        if self.sigma == 0.0 {
            return if whole[1] < c { *whole } else { [0.0; 4] };
        }
        let z = (libm::log(c) - self.ln_median) / self.sigma;
        // Beyond this the limit takes less than 10⁻⁶ of the mean and 10⁻⁴ of the second moment.
        if z > (self.sigma + 4.75).max(2.0 * self.sigma + 3.9) {
            return *whole;
        }
        std::array::from_fn(|k| whole[k] * normal::cdf(z - k as f64 * self.sigma))
    }
}

/// E[(V + r)ᵏ; …] for k = 1, 2, 3 from E[Vᵏ; …] for k = 0 to 3.
fn shifted(v: &[f64; 4], r: f64) -> [f64; 3] {
    if r == 0.0 {
        return [v[1], v[2], v[3]];
    }
    [
        v[1] + r * v[0],
        v[2] + 2.0 * r * v[1] + r * r * v[0],
        v[3] + 3.0 * r * v[2] + 3.0 * r * r * v[1] + r * r * r * v[0],
    ]
}

/// Weights and scores of a rule over the whole normal law, up to `most`, cut at some scores.
fn score_nodes(rules: &Rules, most: f64, cuts: &[f64]) -> Vec<(f64, f64)> {
    // Two rules side by side at least: a single one of the largest size would be thin over a long range.
    let mut edges = vec![-REACH, 0.5 * (most - REACH), most];
    edges.extend(cuts.iter().filter(|cut| -REACH < **cut && **cut < most));
    edges.sort_by(f64::total_cmp);
    let nodes = edges.windows(2).flat_map(|edge| {
        let (half, middle) = (0.5 * (edge[1] - edge[0]), 0.5 * (edge[1] + edge[0]));
        rules.for_width(edge[1] - edge[0]).iter().map(move |(node, weight)| {
            let z = middle + half * node;
            (weight * half * normal::density(z), z)
        })
    });
    nodes.collect()
}

/// Scores of the visible output at which the axis of reasoning lengths is cut: its limit comes into reach, at
/// one length after the other.
const JUMP_SCORES: [f64; 6] = [-2.5, -1.0, 0.0, 1.0, 2.5, 4.5];

/// Reasoning lengths around which a limit begins to cut: the limit, and the limit less some visible outputs.
fn jumps(caps: &[f64], traffic: &Traffic<'_>, terms: &Terms) -> Vec<f64> {
    let mut caps: Vec<f64> = caps.iter().copied().filter(|cap| cap.is_finite()).collect();
    caps.sort_by(f64::total_cmp);
    caps.dedup();
    let parts = traffic.output.components();
    let visible =
        |part: &Component, score: f64| terms.output_scale * libm::exp(part.ln_median + part.sigma * score);
    let before = |cap: f64| {
        let ahead = parts.iter().flat_map(move |part| JUMP_SCORES.map(|score| cap - visible(part, score)));
        ahead.chain([cap]).filter(|length| *length > 0.0)
    };
    caps.into_iter().flat_map(before).collect()
}

/// Weights and lengths of reasoning; the rule is cut at the jumps.
fn thoughts(traffic: &Traffic<'_>, terms: &Terms, rules: &Rules) -> Few<(f64, f64), 1> {
    let (share, scale) = terms.reasoning;
    let mut thoughts = Few::from_elem((1.0 - share, 0.0), 1);
    if let (Some(law), true) = (&traffic.reasoning, share > 0.0) {
        let jumps = jumps(&terms.caps, traffic, terms);
        let of = |c: &Component| -> Vec<(f64, f64)> {
            if c.sigma == 0.0 {
                return vec![(c.weight, libm::exp(c.ln_median))];
            }
            let score = |jump: &f64| (libm::log(jump / scale) - c.ln_median) / c.sigma;
            let mut cuts: Vec<f64> = jumps.iter().map(score).collect();
            cuts.sort_by(f64::total_cmp);
            cuts.dedup_by(|a, b| (*a - *b).abs() < 0.02);
            let nodes = score_nodes(rules, REACH + 3.0 * c.sigma, &cuts);
            let length = |z: f64| libm::exp(c.ln_median + c.sigma * z);
            nodes.into_iter().map(|(weight, z)| (c.weight * weight, length(z))).collect()
        };
        let lengths = law.components().iter().flat_map(of);
        thoughts.extend(lengths.map(|(weight, length)| (share * weight, scale * length)));
    } else {
        thoughts[0].0 = 1.0;
    }
    thoughts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixtures::scenario;

    /// E[min(R, c)] of a lognormal R in closed form, without any rule.
    #[test]
    fn reasoning_stops_at_the_output_limit() {
        for sigma in [0.5, 1.2, 2.0, 2.5, 3.0, 4.0] {
            let text = format!(
                "name: t\nstart: 2027-01\nmonths: 1\nroutes: [openai/gpt-5.4-mini]\nworkloads:\n  w:\n    volume: {{requests_per_month: 1k}}\n    prompt: 3000\n    output: 0\n    reasoning: {{tokens: {{lognormal: {{median: 30k, sigma: {sigma}}}}}}}\n"
            );
            let scenario = scenario(&text);
            let traffic = Traffic::new(&scenario, 0);
            let values: Vec<f64> = scenario.assumptions.iter().map(|a| a.law.median()).collect();
            let terms = traffic.terms(&values);
            let moments = OutputLaw::new(&traffic, &terms, &Rules::new()).fixed();
            let cap = terms.caps[0];
            let z = (cap / 30_000.0).ln() / sigma;
            let wanted =
                30_000.0 * (0.5 * sigma * sigma).exp() * normal::cdf(z - sigma) + cap * normal::cdf(-z);
            let found = moments.powers[0][0];
            assert!((found / wanted - 1.0).abs() < 1e-7, "{sigma}: {found} and {wanted}");
        }
    }
}
