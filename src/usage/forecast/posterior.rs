//! From a history of totals to an [`Outlook`].
//!
//! The logarithm of the total of bin t is μ + g t + w(t) + O(t) + ε(t): a level, growth, a season that sums to
//! zero, an Ornstein-Uhlenbeck process (an AR(1)) of memory ρ, independent noise. All are normal given a few
//! ratios of variances, so the history's likelihood is known in closed form; the ratios and ρ are taken from a
//! coarse grid where it is largest. Priors are weak and round; METHOD.md lists them with their reasons.

use super::gaussian::{Triangle, dot};
use super::{Normal, Outlook, REGIME};

/// The memory of neighbouring bins.
const MEMORIES: [f64; 5] = [0.6, 0.8, 0.9, 0.95, 0.98];
/// Variance with memory over variance without. Some memory is always allowed for: a history that shows none is
/// mostly a short one.
const PERSISTENT: [f64; 3] = [1.0, 4.0, 16.0];
/// Variance of the season over variance without memory.
const SEASONAL: [f64; 4] = [0.0, 1.0, 4.0, 16.0];
/// Before any data, bins scatter by about 25 %, which counts as much as four bins.
const PRIOR_SD: f64 = 0.25;
const PRIOR_BINS: f64 = 4.0;
/// Before any data, growth is within ±0.1 % from bin to bin in two cases of three: for days 3 % a month. A wider law
/// would hardly change what the next month is, and blow up what the year is.
const GROWTH_SD: f64 = 0.001;
/// Before any data, the level is within a factor e of the history's geometric mean.
const LEVEL_SD: f64 = 1.0;
/// A bin with next to nothing in it counts as this share of the mean: its logarithm would drown all others.
const FLOOR: f64 = 0.1;
/// Older bins say nothing that newer ones do not.
const MOST_BINS: usize = 182;

/// How bins repeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Period {
    /// Not at all.
    None,
    /// Every so many bins.
    Bins(usize),
}

/// What totals say about those after them; `None` if there are fewer than two or all are zero.
pub fn posterior(totals: &[f64], period: Period) -> Option<Outlook> {
    let totals = &totals[totals.len().saturating_sub(MOST_BINS)..];
    let mean = totals.iter().sum::<f64>() / totals.len() as f64;
    if totals.len() < 2 || mean.is_nan() || mean <= 0.0 {
        return None;
    }
    let logs: Vec<f64> = totals.iter().map(|total| libm::log(total.max(FLOOR * mean))).collect();
    let centre = logs.iter().sum::<f64>() / logs.len() as f64;
    let history =
        History { totals, logs: logs.into_iter().map(|log| log - centre).collect(), centre, period };
    let best = history
        .shapes()
        .filter_map(|shape| history.fit(shape))
        .max_by(|a, b| a.evidence.total_cmp(&b.evidence));
    Some(history.outlook(&best?))
}

/// Logarithms of totals, around their mean.
struct History<'a> {
    totals: &'a [f64],
    logs: Vec<f64>,
    centre: f64,
    period: Period,
}

/// Ratios of variances, and the memory. Variances are in units of that of O and ε together.
#[derive(Clone, Copy)]
struct Shape {
    memory: f64,
    persistent: f64,
    season: f64,
}

/// A shape with the history's likelihood.
struct Fitted {
    shape: Shape,
    factor: Triangle,
    /// L⁻¹ y.
    whitened: Vec<f64>,
    evidence: f64,
    /// The variance of O and ε together.
    variance: f64,
    /// Bins behind it, the prior's included.
    bins: f64,
}

impl Shape {
    fn noise(&self) -> f64 {
        1.0 - self.persistent
    }
}

impl History<'_> {
    fn shapes(&self) -> impl Iterator<Item = Shape> {
        let seasons = if self.period == Period::None { &SEASONAL[..1] } else { &SEASONAL[..] };
        MEMORIES.into_iter().flat_map(move |memory| {
            PERSISTENT.into_iter().flat_map(move |ratio| {
                seasons.iter().map(move |season| Shape {
                    memory,
                    persistent: ratio / (1.0 + ratio),
                    season: season / (1.0 + ratio),
                })
            })
        })
    }

    /// The covariance of a season's effects at two phases: any, but summing to zero over the period.
    fn season_covariance(&self, a: usize, b: usize) -> f64 {
        match self.period {
            Period::None => 0.0,
            Period::Bins(period) => f64::from(u8::from(a % period == b % period)) - 1.0 / period as f64,
        }
    }

    fn fit(&self, shape: Shape) -> Option<Fitted> {
        let size = self.logs.len();
        let last = size as f64 - 1.0;
        let prior = PRIOR_SD * PRIOR_SD;
        let (level, growth) = (LEVEL_SD * LEVEL_SD / prior, GROWTH_SD * GROWTH_SD / prior);
        let powers: Vec<f64> = (0..size).map(|lag| libm::pow(shape.memory, lag as f64)).collect();
        let covariance = Triangle::new(size, |row, column| {
            let noise = if row == column { shape.noise() } else { 0.0 };
            noise
                + shape.persistent * powers[row - column]
                + shape.season * self.season_covariance(row, column)
                + level
                + growth * (row as f64 - last) * (column as f64 - last)
        });
        let factor = covariance.factor()?;
        let whitened = factor.solve(self.logs.clone());
        let bins = PRIOR_BINS + size as f64;
        let squares = PRIOR_BINS * prior + dot(&whitened, &whitened);
        let evidence = -factor.half_log_determinant() - 0.5 * bins * libm::log(squares);
        Some(Fitted { shape, factor, whitened, evidence, variance: squares / bins, bins })
    }

    fn outlook(&self, fitted: &Fitted) -> Outlook {
        let size = self.logs.len();
        let (shape, last) = (&fitted.shape, size as f64 - 1.0);
        let prior = PRIOR_SD * PRIOR_SD;
        let (level, growth) = (LEVEL_SD * LEVEL_SD / prior, GROWTH_SD * GROWTH_SD / prior);
        // Covariances of what is wanted with the history.
        let row = |of: &dyn Fn(usize) -> f64| fitted.factor.solve((0..size).map(of).collect());
        let wanted = [
            row(&|_| level),
            row(&|t| growth * (t as f64 - last)),
            row(&|t| shape.persistent * libm::pow(shape.memory, last - t as f64)),
        ];
        let before = [level, growth, shape.persistent];
        let mean = |at: usize| dot(&wanted[at], &fitted.whitened);
        let covariance = |a: usize, b: usize| {
            let own = if a == b { before[a] } else { 0.0 };
            own - dot(&wanted[a], &wanted[b])
        };
        // A Student law of `bins` degrees of freedom, as a normal one of its variance.
        let spread = fitted.variance * fitted.bins / (fitted.bins - 2.0);
        let law = |at: usize| Normal { mean: mean(at), sd: libm::sqrt(spread * covariance(at, at).max(0.0)) };
        let correlation = |a: usize, b: usize| {
            let scale = libm::sqrt(covariance(a, a) * covariance(b, b));
            // Rounding may leave a correlation of one, which has no factor.
            if a == b { 1.0 } else { (covariance(a, b) / scale).clamp(-0.999, 0.999) }
        };
        let dependence = Triangle::new(3, correlation).factor();
        let independent = || Triangle::new(3, |a, b| if a == b { 1.0 } else { 0.0 });
        let (kept, noise) = (fitted.variance * shape.persistent, fitted.variance * shape.noise());
        // The standard deviation of a Student variance's half logarithm.
        let uncertain = libm::sqrt(0.5 / fitted.bins);
        let cv = |variance: f64| Normal { mean: 0.5 * libm::log(libm::expm1(variance)), sd: uncertain };
        let effects = self.season(fitted);
        let mean_weight = effects.iter().sum::<f64>() / effects.len() as f64;
        let mut log_level = law(0);
        // From the middle of logarithms to the mean of totals; a changed regime lowers the usual one's factor.
        let change = 1.0 + REGIME.probability * libm::expm1(0.5 * REGIME.sd * REGIME.sd);
        let spread_to_mean = (0.5 * (kept + noise)).min(self.log_smear(mean(0), mean(1), &effects).max(0.0));
        log_level.mean += self.centre + spread_to_mean + libm::log(mean_weight * change);
        let season: Vec<f64> =
            (0..effects.len()).map(|ahead| effects[(size + ahead) % effects.len()] / mean_weight).collect();
        Outlook {
            log_level,
            growth: law(1),
            start: law(2),
            dependence: dependence.unwrap_or_else(independent),
            log_cv: cv(kept),
            log_noise_cv: cv(noise),
            memory: shape.memory,
            season,
            regime: REGIME,
            bins: size,
        }
    }

    /// Factors of the phases, the first bin's first.
    fn season(&self, fitted: &Fitted) -> Vec<f64> {
        let Period::Bins(period) = self.period else { return vec![1.0] };
        let effect = |phase: usize| {
            let with = (0..self.logs.len()).map(|t| fitted.shape.season * self.season_covariance(t, phase));
            libm::exp(dot(&fitted.factor.solve(with.collect()), &fitted.whitened))
        };
        (0..period).map(effect).collect()
    }

    /// The logarithm of the history's sum over what level, growth and season alone give: what scatter adds to the
    /// mean (Duan's smearing estimate, JASA 1983). Lognormal scatter adds σ²/2; that of a history with empty bins,
    /// whose logarithms reach far down and not as far up, adds less.
    fn log_smear(&self, level: f64, growth: f64, effects: &[f64]) -> f64 {
        let last = self.logs.len() as f64 - 1.0;
        let line = |t: usize| {
            let log = self.centre + level + growth * (t as f64 - last);
            libm::exp(log) * effects[t % effects.len()]
        };
        let plain: f64 = (0..self.logs.len()).map(line).sum();
        libm::log(self.totals.iter().sum::<f64>() / plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Stream};

    #[test]
    fn a_steady_history_is_continued() {
        let outlook = posterior(&[100.0; 28], Period::Bins(7)).unwrap();
        let totals = outlook.totals(7, 1, 4_000);
        let median = totals[2_000];
        assert!((median / 700.0 - 1.0).abs() < 0.02, "{median}");
    }

    #[test]
    fn weekends_come_back() {
        let week = [120.0, 120.0, 120.0, 120.0, 120.0, 40.0, 40.0];
        let history: Vec<f64> = week.into_iter().cycle().take(33).collect();
        let outlook = posterior(&history, Period::Bins(7)).unwrap();
        // The history ends on a Friday: a weekend of a third of the weekdays comes first.
        let ratio = outlook.season[0] / outlook.season[2];
        assert!((ratio * 3.0 - 1.0).abs() < 0.15, "{ratio}");
    }

    /// Histories drawn from the model itself: its intervals then hold as often as they say.
    #[test]
    fn intervals_hold_on_the_models_own_histories() {
        let (mut inside, count) = (0, 400);
        for history in 0..count {
            let mut stream = Stream::new(7, history, Purpose::named("history"));
            let (mut kept, memory, sd) = (stream.normal(), 0.9_f64, 0.2);
            let growth = 0.005 * stream.normal();
            let days: Vec<f64> = (0..37)
                .map(|t| {
                    kept = memory * kept + (1.0 - memory * memory).sqrt() * stream.normal();
                    (growth * f64::from(t) + sd * (0.9 * kept + 0.45 * stream.normal())).exp()
                })
                .collect();
            let actual: f64 = days[30..].iter().sum();
            let mut outlook = posterior(&days[..30], Period::Bins(7)).unwrap();
            // Nothing changes regime here.
            let change = 1.0 + REGIME.probability * libm::expm1(0.5 * REGIME.sd * REGIME.sd);
            outlook.log_level.mean -= libm::log(change);
            outlook.regime = crate::workload::RegimeChange::NEVER;
            let totals = outlook.totals(7, u64::from(history), 1_000);
            inside += usize::from(totals[50] <= actual && actual <= totals[949]);
        }
        let share = inside as f64 / f64::from(count);
        // The largest of a grid's shapes is a little too sure of itself; three standard errors are 4.5 points.
        assert!((0.84..0.95).contains(&share), "{share}");
    }
}
