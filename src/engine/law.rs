//! The length law of a workload at scale 1: distribution function, partial moments, quantiles.
//!
//! A mixture of lognormals has all but the quantile in closed form; the quantile of a single lognormal
//! too. For mixtures it is tabulated once in the normal score, where it is smooth enough for linear
//! interpolation of the logarithm.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::normal;
use crate::workload::{Component, Shape};

/// Normal scores beyond ±9 have a probability below 10⁻¹⁸.
const SCORE_LIMIT: f64 = 9.0;
/// Nodes of the table; a step of 0.0022 in the score.
const NODES: usize = 8192;

/// A length law ready for use.
#[derive(Clone, Debug)]
pub struct Law {
    components: Vec<Component>,
    table: Option<Arc<Vec<f64>>>,
}

impl Law {
    /// Prepares a shape.
    pub fn new(shape: &Shape) -> Self {
        let components = shape.components.clone();
        let table = (components.len() > 1).then(|| table_of(&components));
        Law { components, table }
    }

    /// Its lognormals.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The ranks, from and to, that the constant component number `index` takes up.
    pub fn atom_ranks(&self, index: usize) -> (f64, f64) {
        let atom = &self.components[index];
        let ln = atom.ln_median;
        let under = |c: &Component| match c.sigma {
            0.0 => f64::from(u8::from(c.ln_median < ln)),
            _ => normal::cdf((ln - c.ln_median) / c.sigma),
        };
        let low: f64 = self.components.iter().map(|c| c.weight * under(c)).sum();
        // Constants of one length share their ranks evenly.
        let same = |c: &&Component| c.sigma == 0.0 && c.ln_median == ln;
        let width: f64 = self.components.iter().filter(same).map(|c| c.weight).sum();
        (low, low + width)
    }

    /// The probability that the length is below `x` (at most `x` where the law is continuous).
    pub fn below(&self, x: f64) -> f64 {
        below(&self.components, x)
    }

    /// E[Xᵏ; X < x], the part of the k-th moment below `x`. `x` may be infinite.
    ///
    /// For a lognormal with log-mean μ and log-sd σ it is exp(kμ + k²σ²/2) Φ((ln x − μ − kσ²)/σ).
    pub fn partial_moment(&self, k: i32, x: f64) -> f64 {
        let k = f64::from(k);
        self.components
            .iter()
            .map(|c| {
                let shifted = Component { ln_median: c.ln_median + k * c.sigma * c.sigma, ..*c };
                let whole = libm::exp(k * c.ln_median + 0.5 * k * k * c.sigma * c.sigma);
                let share = if c.sigma == 0.0 { component_below(c, x) } else { component_below(&shifted, x) };
                if share == 0.0 { 0.0 } else { c.weight * whole * share }
            })
            .sum()
    }

    /// How fast the logarithm of the length grows with the score in the upper tail: σ for a lognormal.
    pub fn tail_slope(&self) -> f64 {
        let (near, far) = (self.at_score(2.0), self.at_score(4.0));
        if near > 0.0 { 0.5 * libm::log(far / near) } else { 0.0 }
    }

    /// The length at the normal score `z`: the quantile at Φ(z).
    pub fn at_score(&self, z: f64) -> f64 {
        match &self.table {
            None => {
                let c = &self.components[0];
                if c.sigma == 0.0 { libm::exp(c.ln_median) } else { libm::exp(c.ln_median + c.sigma * z) }
            }
            Some(table) => {
                let position = (z.clamp(-SCORE_LIMIT, SCORE_LIMIT) + SCORE_LIMIT) * SCORES_PER_UNIT;
                let node = (position as usize).min(NODES - 2);
                let part = position - node as f64;
                if table[node] == f64::NEG_INFINITY {
                    // A share of the requests has length zero, and this rank is among them.
                    return 0.0;
                }
                libm::exp(table[node] + part * (table[node + 1] - table[node]))
            }
        }
    }

    /// The length at score `z` without the table: in closed form for one component, else by bisection of the
    /// distribution function, which is slow.
    pub fn at_score_untabulated(&self, z: f64) -> f64 {
        match self.components.as_slice() {
            [_] => self.at_score(z),
            many => libm::exp(ln_quantile(many, z)),
        }
    }

    /// The normal score of the length `x`: Φ⁻¹ of its rank. Where a constant component puts many requests
    /// at one length, `u` (uniform) picks among their ranks.
    pub fn score_of(&self, x: f64, u: f64) -> f64 {
        if let [c] = self.components.as_slice()
            && c.sigma > 0.0
        {
            return ((libm::log(x) - c.ln_median) / c.sigma).clamp(-SCORE_LIMIT, SCORE_LIMIT);
        }
        let ln_x = libm::log(x);
        // Constants are drawn as exp(ln median), whose logarithm comes back within a few last bits.
        let at = |c: &Component| c.sigma == 0.0 && (ln_x == c.ln_median || (ln_x - c.ln_median).abs() < 1e-9);
        let atom: f64 = self.components.iter().filter(|c| at(c)).map(|c| c.weight).sum();
        let score = if atom > 0.0 {
            let others = self.components.iter().filter(|c| !at(c));
            let under: f64 = others.map(|c| c.weight * component_below(c, x)).sum();
            normal::quantile(under + u * atom)
        } else {
            score_below(&self.components, ln_x)
        };
        score.clamp(-SCORE_LIMIT, SCORE_LIMIT)
    }

    /// The length of the component that `pick` (uniform) chooses, at that component's own score `z`.
    pub fn draw(&self, pick: f64, z: f64) -> f64 {
        let mut rest = pick;
        for c in &self.components {
            if rest < c.weight {
                return libm::exp(if c.sigma == 0.0 { c.ln_median } else { c.ln_median + c.sigma * z });
            }
            rest -= c.weight;
        }
        let last = &self.components[self.components.len() - 1];
        libm::exp(if last.sigma == 0.0 { last.ln_median } else { last.ln_median + last.sigma * z })
    }
}

const SCORES_PER_UNIT: f64 = (NODES - 1) as f64 / (2.0 * SCORE_LIMIT);

fn component_below(c: &Component, x: f64) -> f64 {
    if x == f64::INFINITY {
        return 1.0;
    }
    if x <= 0.0 {
        return 0.0;
    }
    let distance = libm::log(x) - c.ln_median;
    if c.sigma == 0.0 { f64::from(u8::from(distance > 0.0)) } else { normal::cdf(distance / c.sigma) }
}

fn below(components: &[Component], x: f64) -> f64 {
    components.iter().map(|c| c.weight * component_below(c, x)).sum()
}

/// Φ⁻¹ of the rank of exp(`ln_x`), from whichever tail is thinner, so that neither loses digits.
fn score_below(components: &[Component], ln_x: f64) -> f64 {
    let score = |c: &Component| {
        let distance = ln_x - c.ln_median;
        if c.sigma == 0.0 { if distance > 0.0 { 40.0 } else { -40.0 } } else { distance / c.sigma }
    };
    let lower: f64 = components.iter().map(|c| c.weight * normal::cdf(score(c))).sum();
    if lower < 0.5 {
        normal::quantile(lower)
    } else {
        let upper: f64 = components.iter().map(|c| c.weight * normal::cdf(-score(c))).sum();
        -normal::quantile(upper)
    }
}

/// A mixture with its table.
type Tabulated = (Vec<Component>, Arc<Vec<f64>>);

/// Tables of the last mixtures that were asked for: scenarios that are compared, searched or mapped share theirs.
static TABLES: Mutex<Vec<Tabulated>> = Mutex::new(Vec::new());
/// How many are kept, 64 kB each.
const MOST_TABLES: usize = 16;

fn table_of(components: &[Component]) -> Arc<Vec<f64>> {
    let tables = || TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, table)) = tables().iter().find(|(known, _)| known == components) {
        return table.clone();
    }
    let table = Arc::new(tabulate(components));
    let mut known = tables();
    if known.len() >= MOST_TABLES {
        known.remove(0);
    }
    known.push((components.to_vec(), table.clone()));
    table
}

fn tabulate(components: &[Component]) -> Vec<f64> {
    let score = |node: usize| -SCORE_LIMIT + node as f64 / SCORES_PER_UNIT;
    let mut table: Vec<f64> = Vec::with_capacity(NODES);
    for node in 0..NODES {
        let next = match table.last() {
            Some(before) if before.is_finite() => ln_quantile_above(components, score(node), *before),
            _ => ln_quantile(components, score(node)),
        };
        table.push(next);
    }
    table
}

/// The logarithm of the quantile at score `z`, which is not below `low`: a bracket from there, narrowed by false
/// position, and by halving every third time, so that jumps are found too.
fn ln_quantile_above(components: &[Component], z: f64, low: f64) -> f64 {
    let excess = |ln: f64| score_below(components, ln) - z;
    let mut low = (low, excess(low));
    if low.1 >= 0.0 {
        return low.0;
    }
    let mut step = 4.0 / SCORES_PER_UNIT;
    let mut high = (low.0 + step, excess(low.0 + step));
    while high.1 < 0.0 {
        step *= 4.0;
        (low, high) = (high, (high.0 + step, excess(high.0 + step)));
    }
    for turn in 0..90 {
        if high.0 - low.0 <= 1e-14 * high.0.abs().max(1.0) {
            break;
        }
        let share = if turn % 3 == 2 { 0.5 } else { (low.1 / (low.1 - high.1)).clamp(0.0, 1.0) };
        let at = low.0 + share * (high.0 - low.0);
        let found = (at, excess(at));
        if found.1 == 0.0 {
            return at;
        }
        if found.1 < 0.0 { low = found } else { high = found }
    }
    0.5 * (low.0 + high.0)
}

/// The logarithm of the quantile at score `z`, by bisection to the last bits; −∞ within a share of zeros.
fn ln_quantile(components: &[Component], z: f64) -> f64 {
    let zeros: f64 = components.iter().filter(|c| c.ln_median == f64::NEG_INFINITY).map(|c| c.weight).sum();
    if zeros > 0.0 && normal::cdf(z) <= zeros {
        return f64::NEG_INFINITY;
    }
    let reach = |sign: f64| {
        components
            .iter()
            .map(move |c| c.ln_median + sign * (c.sigma * (SCORE_LIMIT + 1.0) + 1e-9))
            .filter(|ln| ln.is_finite())
    };
    let mut low = reach(-1.0).fold(f64::INFINITY, f64::min);
    let mut high = reach(1.0).fold(f64::NEG_INFINITY, f64::max);
    if low > high {
        return f64::NEG_INFINITY;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if score_below(components, middle) < z { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Median, 95 % quantile and mean of lengths of `shape`, times `scale`.
pub fn length_figures(shape: &Shape, scale: f64) -> [f64; 3] {
    let law = Law::new(shape);
    let figures =
        [law.at_score(0.0), law.at_score(normal::quantile(0.95)), law.partial_moment(1, f64::INFINITY)];
    figures.map(|tokens| tokens * scale)
}

/// The share of lengths of `shape`, times `scale`, that exceed `tokens`.
pub fn share_above(shape: &Shape, scale: f64, tokens: f64) -> f64 {
    1.0 - below(&shape.components, tokens / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::PRESETS;

    fn lognormal(median: f64, sigma: f64) -> Law {
        Law::new(&Shape { components: vec![Component { weight: 1.0, ln_median: median.ln(), sigma }] })
    }

    #[test]
    fn moments_of_a_lognormal_are_its_closed_forms() {
        let law = lognormal(8000.0, 1.3);
        assert!(
            (law.partial_moment(1, f64::INFINITY) / (8000.0 * (0.5_f64 * 1.69).exp()) - 1.0).abs() < 1e-12
        );
        let middle = law.partial_moment(1, 8000.0) / law.partial_moment(1, f64::INFINITY);
        // Half of the requests lie below the median, and Φ(−σ) of the tokens.
        assert!((middle - normal::cdf(-1.3)).abs() < 1e-12);
    }

    /// Every node against bisection from the ends; with a constant in the mixture the law jumps.
    #[test]
    fn tables_are_what_bisection_finds() {
        let lognormal =
            |weight: f64, median: f64, sigma: f64| Component { weight, ln_median: median.ln(), sigma };
        let smooth = vec![lognormal(0.6, 300.0, 0.4), lognormal(0.4, 20_000.0, 0.2)];
        let jumps =
            vec![lognormal(0.5, 300.0, 0.8), lognormal(0.3, 400.0, 0.0), lognormal(0.2, 9_000.0, 0.5)];
        for components in [smooth, jumps] {
            let table = tabulate(&components);
            for node in (0..NODES).step_by(7) {
                let z = -SCORE_LIMIT + node as f64 / SCORES_PER_UNIT;
                let wanted = ln_quantile(&components, z);
                assert!((table[node] - wanted).abs() < 1e-11, "score {z}: {} against {wanted}", table[node]);
            }
        }
    }

    #[test]
    fn the_table_inverts_the_distribution_function() {
        for preset in &PRESETS {
            let law = Law::new(&preset.shape(crate::workload::Role::Prompt));
            for step in 1..400 {
                let z = -4.0 + f64::from(step) * 0.02;
                let x = law.at_score(z);
                assert!(
                    (normal::cdf(law.score_of(x, 0.5)) - normal::cdf(z)).abs() < 2e-4,
                    "{} {z}",
                    preset.name
                );
            }
        }
    }

    #[test]
    fn constants_stay_constant() {
        let law = lognormal(3000.0, 0.0);
        assert!(
            (law.at_score(2.0) - 3000.0).abs() < 1e-9
                && (law.partial_moment(1, f64::INFINITY) - 3000.0).abs() < 1e-9
        );
        assert!(law.below(2999.5) == 0.0 && law.below(3000.5) == 1.0);
    }
}
