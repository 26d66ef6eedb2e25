//! Money axes: from dollars to pixels, with round ticks, linear or logarithmic.

use super::style::{GAP, SMALL};
use super::text::width;
use crate::domain::format::usd_short;

/// Above this ratio between the largest and the smallest positive value, the small ones vanish on a linear
/// axis, so the axis becomes logarithmic.
const LOG_ABOVE: f64 = 12.0;
/// Amounts below a ten-thousandth of a cent count as zero.
const NOTHING: f64 = 1e-6;

/// Where a linear axis begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// At zero: for lengths, which lie when they do not start there.
    Zero,
    /// Near the smallest value: for positions.
    Tight,
}

/// A way from dollars to pixels.
#[derive(Debug, Clone)]
pub struct Scale {
    log: bool,
    low: f64,
    high: f64,
    /// Distance between the ticks of a linear axis.
    step: f64,
    from: f64,
    to: f64,
}

/// One tick of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Its place in pixels.
    pub at: f64,
    /// What stands beside it.
    pub label: String,
}

impl Scale {
    /// A scale over `values` from pixel `span.0` to pixel `span.1`, logarithmic when the positive values
    /// differ more than twelvefold and none is negative. The `budget` widens a linear axis up to twofold.
    pub fn new(values: &[f64], budget: Option<f64>, base: Base, span: (f64, f64)) -> Scale {
        let positive = || values.iter().copied().filter(|&value| value > NOTHING);
        let (smallest, largest) = (positive().fold(f64::INFINITY, f64::min), positive().fold(0.0, f64::max));
        let negative = values.iter().any(|&value| value < -NOTHING);
        if !negative && largest > smallest * LOG_ABOVE {
            return Scale::logarithmic(smallest, largest, budget, span);
        }
        let base = if values.iter().any(|&value| value.abs() <= NOTHING) { Base::Zero } else { base };
        Scale::linear(values, budget, base, span, 90.0)
    }

    /// A linear scale with ticks about `spacing` pixels apart, its ends on ticks.
    pub fn linear(values: &[f64], budget: Option<f64>, base: Base, span: (f64, f64), spacing: f64) -> Scale {
        let start = if base == Base::Zero { 0.0 } else { f64::INFINITY };
        let mut low = values.iter().copied().fold(start, f64::min);
        let mut high = values.iter().copied().fold(if base == Base::Zero { 0.0 } else { -1e300 }, f64::max);
        if let Some(budget) = budget.filter(|&budget| worth_showing(budget, low, high)) {
            (low, high) = (low.min(budget), high.max(budget));
        }
        let intervals = ((span.1 - span.0).abs() / spacing).clamp(2.0, 7.0);
        let step = round_step(low, high, intervals);
        // A hair of slack, or a value on a tick would open one more interval by rounding error.
        let mut first = (low / step + 1e-9).floor();
        let mut last = (high / step - 1e-9).ceil();
        if last <= first {
            first = if first > 0.0 { first - 1.0 } else { first };
            last = first + 2.0;
        }
        Scale { log: false, low: first * step, high: last * step, step, from: span.0, to: span.1 }
    }

    /// A logarithmic scale with a little air at both ends.
    fn logarithmic(smallest: f64, largest: f64, budget: Option<f64>, span: (f64, f64)) -> Scale {
        let near = budget.filter(|&budget| budget >= smallest / 4.0 && budget <= largest * 4.0);
        let (low, high) = near.map_or((smallest, largest), |at| (smallest.min(at), largest.max(at)));
        let air = (high / low).powf(0.03);
        Scale { log: true, low: low / air, high: high * air, step: 0.0, from: span.0, to: span.1 }
    }

    /// Whether equal distances are equal factors, which the axis must say.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The smallest value on the axis, in dollars.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The largest value on the axis, in dollars.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// The pixel of a value; values beyond an end are drawn at that end.
    pub fn at(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        let share = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share * (self.to - self.from)
    }

    /// As many ticks as have differing labels that do not touch.
    pub fn ticks(&self) -> Vec<Tick> {
        let candidates = if self.log { self.decades() } else { self.multiples() };
        let upright = self.to < self.from;
        let fits = |ticks: &[Tick]| ticks.windows(2).all(|pair| apart(&pair[0], &pair[1], upright));
        let coarsest = candidates.first().cloned().unwrap_or_default();
        candidates.into_iter().rev().find(|ticks| fits(ticks)).unwrap_or(coarsest)
    }

    /// Tick sets of a linear axis from coarse to fine: every eighth multiple of the step to every one.
    fn multiples(&self) -> Vec<Vec<Tick>> {
        let count = ((self.high - self.low) / self.step).round() as u32;
        let first = (self.low / self.step).round();
        let every = |stride: u32| {
            (0..=count)
                .map(move |at| first + f64::from(at))
                .filter(move |multiple| (multiple / f64::from(stride)).fract().abs() < 1e-9)
        };
        [8, 4, 2, 1]
            .map(|stride| every(stride).map(|multiple| self.tick(multiple * self.step)).collect())
            .into()
    }

    /// Tick sets of a logarithmic axis from coarse to fine: every fourth decade to 1, 2, 5 in each.
    fn decades(&self) -> Vec<Vec<Tick>> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let choose = |stride: i32, leads: &[f64]| -> Vec<Tick> {
            (first..=last)
                .filter(|power| power.rem_euclid(stride) == 0)
                .flat_map(|power| leads.iter().map(move |lead| lead * 10_f64.powi(power)))
                .filter(|value| (self.low..=self.high).contains(value))
                .map(|value| self.tick(value))
                .collect()
        };
        vec![
            choose(4, &[1.0]),
            choose(3, &[1.0]),
            choose(2, &[1.0]),
            choose(1, &[1.0]),
            choose(1, &[1.0, 3.0]),
            choose(1, &[1.0, 2.0, 5.0]),
        ]
    }

    fn tick(&self, value: f64) -> Tick {
        Tick { at: self.at(value), label: usd_short(value) }
    }
}

/// Whether the budget is near enough to the data for the axis to reach out to it.
fn worth_showing(budget: f64, low: f64, high: f64) -> bool {
    high <= NOTHING || (budget <= high * 2.0 && (low <= 0.0 || budget >= low / 2.0))
}

/// A distance between ticks of 1, 2, 2.5 or 5 times a power of ten that makes about `intervals` of them,
/// and never so fine that three significant digits could not tell two neighbours apart.
fn round_step(low: f64, high: f64, intervals: f64) -> f64 {
    let largest = low.abs().max(high.abs());
    if largest <= NOTHING {
        return 0.5;
    }
    let finest = 10_f64.powf(largest.log10().floor() - 2.0);
    let wanted = ((high - low) / intervals).max(finest * 0.999);
    let power = 10_f64.powf(wanted.log10().floor());
    let lead = [1.0, 2.0, 2.5, 5.0].into_iter().find(|lead| lead * power >= wanted * 0.999).unwrap_or(10.0);
    // A quarter of the finest step would need a fourth digit.
    if lead > 2.0 && lead < 3.0 && power < finest * 5.0 { 5.0 * power } else { lead * power }
}

/// Whether two neighbouring labels differ and leave a gap between them, above or beside each other.
fn apart(left: &Tick, right: &Tick, upright: bool) -> bool {
    let beside = (width(&left.label, SMALL) + width(&right.label, SMALL)) / 2.0 + GAP;
    let needed = if upright { SMALL.size * 1.5 } else { beside };
    left.label != right.label && (right.at - left.at).abs() >= needed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<String> {
        scale.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn lengths_start_at_zero_and_end_on_a_tick() {
        let scale = Scale::new(&[800e3, 1.2e6, 1.9e6], None, Base::Zero, (0.0, 400.0));
        assert_eq!(labels(&scale), ["$0", "$500k", "$1M", "$1.5M", "$2M"]);
    }

    #[test]
    fn twelvefold_stays_linear_and_more_is_logarithmic() {
        assert!(!Scale::new(&[1.0, 12.0], None, Base::Zero, (0.0, 400.0)).is_log());
        assert!(Scale::new(&[1.0, 12.1], None, Base::Zero, (0.0, 400.0)).is_log());
        assert!(Scale::new(&[0.0, 1.0, 12.1], None, Base::Zero, (0.0, 400.0)).is_log());
    }

    #[test]
    fn twelve_decades_still_have_readable_ticks() {
        let scale = Scale::new(&[0.01, 1e10], None, Base::Zero, (0.0, 400.0));
        let ticks = scale.ticks();
        assert!((3..=8).contains(&ticks.len()), "{ticks:?}");
        assert!(ticks.windows(2).all(|pair| apart(&pair[0], &pair[1], false)));
    }

    #[test]
    fn nothing_at_all_still_has_an_axis() {
        let scale = Scale::new(&[0.0, 0.0], None, Base::Tight, (0.0, 400.0));
        assert_eq!(labels(&scale), ["$0", "$0.5", "$1"]);
        assert!(scale.at(0.0).abs() < 1e-9);
    }

    #[test]
    fn one_value_does_not_get_false_precision() {
        let scale = Scale::new(&[1_234_567.0; 3], None, Base::Tight, (0.0, 400.0));
        let shown = labels(&scale);
        assert!(shown.len() >= 2 && shown.windows(2).all(|pair| pair[0] != pair[1]), "{shown:?}");
    }

    #[test]
    fn a_far_budget_does_not_squeeze_the_data() {
        let near = Scale::new(&[100.0, 120.0], Some(200.0), Base::Zero, (0.0, 400.0));
        let far = Scale::new(&[100.0, 120.0], Some(9e9), Base::Zero, (0.0, 400.0));
        assert!(near.high() >= 200.0 && far.high() < 200.0);
    }
}
