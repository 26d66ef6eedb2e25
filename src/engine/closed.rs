//! Moments of a request in closed form, where prompts are lognormal or mixtures of lognormals.
//!
//! With ln X normal (μ, σ), ln O normal (ν, s) and correlation ρ, the part of E[Xᵃ Oᵇ] from prompts below x is
//! exp(aμ + bν + ½(a²σ² + 2abρσs + b²s²)) · Φ((ln x − μ)/σ − aσ − bρs). An output that does not depend on the
//! prompt may have any law and any limits, and the prompt any mixture: the output's moments are factors, the
//! parts of a mixture add up. Gates that depend on the prompt's length, and outputs that depend on it while a
//! limit is in reach or prompts are mixed, have no such form: [`moments`] then leaves them to quadrature.

use super::few::{BASIS, Few, zeros};
use super::moments::Moments;
use super::output::{OutputLaw, OutputMoments};
use super::tariff::{Tariff, Unit};
use super::traffic::{Segment, Terms, Traffic, View};
use crate::domain::normal;
use crate::workload::Component;

/// E[Xᵃ Oᵇ] over some stretch of prompts, by a and b with a + b at most 3, under the first output limit.
type Table = [[f64; 4]; 4];

/// The moments of every segment, if all laws allow it.
pub fn moments(
    traffic: &Traffic<'_>,
    terms: &Terms,
    output: &OutputLaw<'_>,
    tariff: &Tariff,
) -> Option<Vec<Moments>> {
    if traffic.cache_correlation != 0.0 {
        return None;
    }
    let joint = Joint::new(traffic.prompt.components(), terms.prompt_scale, output)?;
    let mut low = (0.0, Table::default());
    let mut all = Vec::with_capacity(terms.segments.len());
    for (at, segment) in terms.segments.iter().enumerate() {
        let high = (segment.high, joint.below(segment.high));
        all.push(joint.segment(at, segment, (&low.1, &high.1), terms, tariff));
        low = high;
    }
    Some(all)
}

/// The joint law of prompt and output.
struct Joint {
    prompts: Few<Prompt, 1>,
    /// ρs: how far a power of the output tilts the prompt's score.
    tilt: f64,
    /// Of the output, under every limit.
    output: OutputMoments,
    /// E[Oᵇ] under every limit, as a multiple of the first's.
    ratios: Few<[f64; 4], BASIS>,
}

/// One lognormal of the prompts, or a constant where `sigma` is 0.
struct Prompt {
    mu: f64,
    sigma: f64,
    /// Moments without a limit, times its weight.
    whole: Table,
}

impl Joint {
    fn new(components: &[Component], scale: f64, output: &OutputLaw<'_>) -> Option<Self> {
        // The score of a mixture is no straight line in those of its parts.
        let single = if let [prompt] = components { Some(prompt.sigma) } else { None };
        let (output, tilt) = output.plain_moments(single)?;
        let ratios = output.ratios()?;
        let first = output.powers.first()?;
        let powers = [1.0, first[0], first[1], first[2]];
        let ln_scale = libm::log(scale);
        let of = |component: &Component| {
            let (mu, sigma) = (component.ln_median + ln_scale, component.sigma);
            let mixed = libm::exp(sigma * tilt);
            let mut whole = Table::default();
            for (a, row) in whole.iter_mut().enumerate() {
                // A length of 0 has a logarithm of −∞, and the zeroth power 1.
                let exponent =
                    if a == 0 { 0.0 } else { a as f64 * mu + 0.5 * (a * a) as f64 * sigma * sigma };
                let x = component.weight * libm::exp(exponent);
                for b in 0..4 - a {
                    row[b] = x * powers[b] * mixed.powi((a * b) as i32);
                }
            }
            Prompt { mu, sigma, whole }
        };
        Some(Joint { prompts: components.iter().map(of).collect(), tilt, output, ratios })
    }

    /// The part from prompts below `x`, which is no whole number of tokens.
    fn below(&self, x: f64) -> Table {
        let mut sum = Table::default();
        if x <= 0.0 {
            return sum;
        }
        let ln_x = libm::log(x);
        self.prompts.iter().for_each(|prompt| prompt.add_below(ln_x, self.tilt, &mut sum));
        sum
    }

    fn segment(
        &self,
        at: usize,
        segment: &Segment,
        (low, high): (&Table, &Table),
        terms: &Terms,
        tariff: &Tariff,
    ) -> Moments {
        let inside = less(high, low);
        let fixed = 1 + terms.caps.len();
        let size = fixed + terms.views.len();
        let mut moments = Moments {
            probability: segment.probability(),
            first: zeros(size),
            second: zeros(size * (size + 1) / 2),
            third: zeros(tariff.quantities.len()),
        };
        moments.first[0] = inside[1][0];
        if !tariff.served[at] || segment.probability() <= 0.0 {
            return moments;
        }
        let cached: Few<Cached, BASIS> =
            terms.views.iter().map(|view| self.cached(view, segment, &inside, high)).collect();
        for (mean, ratio) in moments.first[1..fixed].iter_mut().zip(&self.ratios) {
            *mean = inside[0][1] * ratio[1];
        }
        for (mean, part) in moments.first[fixed..].iter_mut().zip(&cached) {
            *mean = part.hit * part.view.share * part.times(0, 0, 1);
        }
        let mut index = 0;
        for row in 0..size {
            for column in 0..=row {
                moments.second[index] = match (row, column) {
                    (0, _) => inside[2][0],
                    (row, 0) if row < fixed => inside[1][1] * self.ratios[row - 1][1],
                    (row, column) if row < fixed => {
                        inside[0][2] * self.output.relative_product(row - 1, column - 1)
                    }
                    (row, column) if column < fixed => {
                        let part = &cached[row - fixed];
                        let times = match column {
                            0 => part.times(1, 0, 1),
                            limit => part.times(0, 1, 1) * self.ratios[limit - 1][1],
                        };
                        part.hit * part.view.share * times
                    }
                    (row, column) => both(&cached[row - fixed], &cached[column - fixed]),
                };
                index += 1;
            }
        }
        for (third, quantity) in moments.third.iter_mut().zip(&tariff.quantities) {
            let ratios = &self.ratios[quantity.output - 1];
            *third = cube(quantity.units[at], ratios, &inside, &cached[quantity.cached - fixed]);
        }
        moments
    }

    /// What a view of the cache sees of a segment.
    fn cached<'a>(&self, view: &'a View, segment: &Segment, inside: &Table, high: &Table) -> Cached<'a> {
        let reached = if view.minimum <= segment.low {
            *inside
        } else if view.minimum >= segment.high {
            Table::default()
        } else {
            less(high, &self.below(view.minimum))
        };
        let cut = (view.cut <= segment.low).then_some(view.cut);
        Cached { view, hit: view.open(), reached, cut }
    }
}

impl Prompt {
    /// Adds the part from prompts below exp(`ln_x`).
    #[expect(clippy::needless_range_loop, reason = "the indices are powers")]
    fn add_below(&self, ln_x: f64, tilt: f64, sum: &mut Table) {
        let whole = |sum: &mut Table| {
            for a in 0..4 {
                (0..4 - a).for_each(|b| sum[a][b] += self.whole[a][b]);
            }
        };
        if ln_x == f64::INFINITY || self.sigma == 0.0 {
            if self.mu < ln_x {
                whole(sum);
            }
            return;
        }
        let z = (ln_x - self.mu) / self.sigma;
        for a in 0..4 {
            let mut share = share_below(z - a as f64 * self.sigma);
            for b in 0..4 - a {
                // An independent output takes the prompt's own share.
                if b > 0 && tilt != 0.0 {
                    share = share_below(z - a as f64 * self.sigma - b as f64 * tilt);
                }
                sum[a][b] += self.whole[a][b] * share;
            }
        }
    }
}

/// Prompts of a segment that a cache may serve.
struct Cached<'a> {
    view: &'a View,
    /// The chance of a hit.
    hit: f64,
    /// Moments over the prompts that reach the cache's minimum.
    reached: Table,
    /// The length that prompts of the segment are cut to.
    cut: Option<f64>,
}

impl Cached<'_> {
    /// E[Xᵃ Oᵇ Lᵏ] over them, where L is the length that can be cached.
    fn times(&self, a: usize, b: usize, k: usize) -> f64 {
        match self.cut {
            Some(cut) => self.reached[a][b] * cut.powi(k as i32),
            None => self.reached[a + k][b],
        }
    }
}

/// E[C_v C_u]: gates are nested and both shares come from one uniform.
fn both(v: &Cached<'_>, u: &Cached<'_>) -> f64 {
    // The higher minimum decides.
    let (higher, lower) = if v.view.minimum >= u.view.minimum { (v, u) } else { (u, v) };
    let lengths = match (higher.cut, lower.cut) {
        (Some(a), Some(b)) => a * b * higher.reached[0][0],
        (Some(cut), None) | (None, Some(cut)) => cut * higher.reached[1][0],
        (None, None) => higher.reached[2][0],
    };
    v.hit.min(u.hit) / (1.0 + v.view.exponent() + u.view.exponent()) * lengths
}

/// E[c³] of a quantity c = (w + pX + oO) + C with C = r · hit · S · L; `ratios` are those of its output limit.
fn cube(unit: Unit, ratios: &[f64; 4], inside: &Table, cached: &Cached<'_>) -> f64 {
    if unit.is_nothing() {
        return 0.0;
    }
    let whole = power(3, &unit, |a, b| inside[a][b] * ratios[b]);
    if unit.cached == 0.0 {
        return whole;
    }
    let view = cached.view;
    let share = |k: usize| cached.hit * unit.cached.powi(k as i32) / (1.0 + k as f64 * view.exponent());
    whole
        + 3.0 * share(1) * power(2, &unit, |a, b| cached.times(a, b, 1) * ratios[b])
        + 3.0 * share(2) * power(1, &unit, |a, b| cached.times(a, b, 2) * ratios[b])
        + share(3) * cached.times(0, 0, 3)
}

/// E[(w + pX + oO)ᵏ …] by the multinomial theorem, from the moments that `of` gives.
#[expect(clippy::needless_range_loop, reason = "the indices are powers")]
fn power(k: usize, unit: &Unit, of: impl Fn(usize, usize) -> f64) -> f64 {
    const FACTORIAL: [f64; 4] = [1.0, 1.0, 2.0, 6.0];
    let (w, p, o) = (unit.request, unit.prompt, unit.output);
    if w == 0.0 {
        return match k {
            1 => p * of(1, 0) + o * of(0, 1),
            2 => p * p * of(2, 0) + 2.0 * p * o * of(1, 1) + o * o * of(0, 2),
            _ => p * p * p * of(3, 0) + 3.0 * p * o * (p * of(2, 1) + o * of(1, 2)) + o * o * o * of(0, 3),
        };
    }
    let (mut sum, mut prompt) = (0.0, 1.0);
    for a in 0..=k {
        let mut output = 1.0;
        for b in 0..=k - a {
            let rest = k - a - b;
            let ways = FACTORIAL[k] / (FACTORIAL[a] * FACTORIAL[b] * FACTORIAL[rest]);
            sum += ways * w.powi(rest as i32) * prompt * output * of(a, b);
            output *= o;
        }
        prompt *= p;
    }
    sum
}

/// E[Xᵃ] for a = 0 to 3 of a lognormal: exp(aμ + ½a²σ²).
pub fn lognormal_powers(mu: f64, sigma: f64) -> [f64; 4] {
    let (first, growth) = (libm::exp(mu + 0.5 * sigma * sigma), libm::exp(sigma * sigma));
    [1.0, first, first * first * growth, first * first * first * growth * growth * growth]
}

/// Φ(z), right to 10⁻⁷ of itself: what it is a share of grows as fast as it falls.
fn share_below(z: f64) -> f64 {
    if z < -3.0 { normal::cdf(z) } else { normal::Table::get().at(z).0 }
}

fn less(high: &Table, low: &Table) -> Table {
    std::array::from_fn(|a| std::array::from_fn(|b| high[a][b] - low[a][b]))
}
