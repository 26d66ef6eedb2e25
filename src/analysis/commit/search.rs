//! The choices with the lowest mean and the lowest P90.
//!
//! Lists are tried one by one. Of a range the mean's minimum is an order statistic of the bills, exact
//! ([`Law::cheapest`]). P90 is not convex in the amount: it is looked for on an even grid, which is then made finer
//! around its best point.

use super::law::{Choice, Law};
use crate::analysis::summary::quantile;
use crate::workload::Amounts;

/// Points of the first grid.
const GRID: usize = 129;
/// Points of every finer one, and how many there are: the last one's step is 10⁻⁵ of the range.
const FINER: usize = 33;
const ROUNDS: usize = 3;

/// A choice with its figures.
#[derive(Clone, Copy, Debug)]
pub struct Tried {
    /// The choice.
    pub choice: Choice,
    /// Mean cost, USD.
    pub mean: f64,
    /// P90 of the cost, USD.
    pub p90: f64,
}

/// Everything that was tried, nothing first; the best are among them.
pub fn try_all(law: &dyn Law, trials: usize) -> Vec<Tried> {
    let mut tried = vec![of(law, Choice::Nothing)];
    for (line, terms) in law.lines().iter().enumerate() {
        match &terms.amounts {
            Amounts::List(amounts) => {
                tried.extend(amounts.iter().map(|amount| of(law, taken(law, line, *amount))));
            }
            Amounts::Range(from, to) => {
                let exact = law.cheapest(line, 0..trials);
                tried.push(of(law, taken(law, line, exact)));
                tried.extend(grid(law, line, (*from, *to), GRID));
                let mut step = (to - from) / (GRID - 1) as f64;
                for _ in 0..ROUNDS {
                    let around = best(&tried, line, |tried| tried.p90).unwrap_or(*from);
                    let ends = ((around - step).max(*from), (around + step).min(*to));
                    tried.extend(grid(law, line, ends, FINER));
                    step = (ends.1 - ends.0) / (FINER - 1) as f64;
                }
            }
        }
    }
    tried
}

/// What has the smallest figure; of equals what was tried first, so that nothing wins over a free choice.
pub fn least<'a>(tried: impl IntoIterator<Item = &'a Tried>, figure: fn(&Tried) -> f64) -> Option<&'a Tried> {
    let mut best: Option<&Tried> = None;
    for next in tried {
        if best.is_none_or(|best| figure(next) < figure(best)) {
            best = Some(next);
        }
    }
    best
}

fn best(tried: &[Tried], line: usize, figure: fn(&Tried) -> f64) -> Option<f64> {
    let own =
        tried.iter().filter(|tried| matches!(tried.choice, Choice::Take { line: of, .. } if of == line));
    match least(own, figure)?.choice {
        Choice::Take { amount, .. } => Some(amount),
        Choice::Nothing => None,
    }
}

fn grid(law: &dyn Law, line: usize, (from, to): (f64, f64), points: usize) -> Vec<Tried> {
    let at = |point: usize| from + (to - from) * point as f64 / (points - 1) as f64;
    (0..points).map(|point| of(law, taken(law, line, at(point)))).collect()
}

/// An amount as a choice.
pub fn taken(law: &dyn Law, line: usize, amount: f64) -> Choice {
    if amount == 0.0 && law.zero_is_nothing(line) { Choice::Nothing } else { Choice::Take { line, amount } }
}

fn of(law: &dyn Law, choice: Choice) -> Tried {
    let mut cost = law.cost(choice);
    let mean = cost.iter().sum::<f64>() / cost.len() as f64;
    Tried { choice, mean, p90: p90(&mut cost) }
}

/// P90, as [`quantile`] of the sorted values.
fn p90(values: &mut [f64]) -> f64 {
    let position = 0.9 * (values.len() - 1) as f64;
    let below = position.floor() as usize;
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let next = above.iter().copied().fold(f64::INFINITY, f64::min);
    quantile(&[*low, if next.is_finite() { next } else { *low }], position - below as f64)
}
