//! The expected number of requests of each month in one trial: level, growth, drift, weekdays and days
//! that scatter more than chance would.

use super::draw::{Coordinate, Points, days_name, drift_name, regime_name};
use super::stream::{Purpose, Stream};
use crate::domain::normal;
use crate::domain::time::Month;
use crate::workload::{RegimeChange, Volume, Workload};

/// Draws volume paths of one workload.
pub struct Path<'a> {
    volume: &'a Volume,
    months: &'a [Month],
    /// Mean days that each month is worth, by the weights of its weekdays.
    calendar: Vec<f64>,
    /// The shock of every month but the first.
    drift: Vec<Coordinate>,
    regime: Coordinate,
    days: Purpose,
}

/// What a trial expects of a month.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Requests.
    pub requests: f64,
    /// The drift of the log level, D_m.
    pub drift: f64,
}

impl<'a> Path<'a> {
    /// The paths of a workload over some months.
    pub fn new(workload: &'a Workload, months: &'a [Month], points: &Points) -> Self {
        let (name, volume) = (&workload.name, &workload.volume);
        let worth = |month: &Month| {
            (0..7).map(|weekday| volume.weekdays[weekday] * weekdays_in(month, weekday)).sum()
        };
        Path {
            volume,
            months,
            calendar: months.iter().map(worth).collect(),
            drift: (1..months.len()).map(|month| points.coordinate(&drift_name(name, month))).collect(),
            regime: points.coordinate(&regime_name(name)),
            days: points.purpose(&days_name(name)),
        }
    }

    /// Expected requests of each month.
    ///
    /// Month m has level · (1 + growth)^G_m · exp(D_m − Var(D_m)/2) requests on a mean day, where G_m is m, or
    /// 1 + p + … + p^(m−1) where the share p of a month's growth persists,
    /// D_m = persistence · D_{m−1} + drift_sd · ε and D_0 = 0, and where the level is another one after a
    /// change of regime. Each day has its weekday's weight times its [`DayScatter`].
    pub fn expected(&self, values: &[f64], address: (&Points, u64, u32)) -> Vec<Expected> {
        let mut expected = Vec::with_capacity(self.months.len());
        self.walk(values, address, |m, level, drift, days| {
            let weighted = if days.are_even() {
                self.calendar[m]
            } else {
                (0..self.months[m].days()).map(|day| self.weekday_weight(m, day) * days.next()).sum()
            };
            expected.push(Expected { requests: level * weighted, drift });
        });
        expected
    }

    /// Expected requests of each day of each month: what [`Path::expected`] adds up.
    pub fn daily(&self, values: &[f64], address: (&Points, u64, u32)) -> Vec<Vec<f64>> {
        let mut daily = Vec::with_capacity(self.months.len());
        self.walk(values, address, |m, level, _, days| {
            let even = days.are_even();
            let factor = |days: &mut Days| if even { 1.0 } else { days.next() };
            let day = |day: usize, days: &mut Days| level * (self.weekday_weight(m, day) * factor(days));
            daily.push((0..self.months[m].days()).map(|at| day(at, days)).collect());
        });
        daily
    }

    /// Visits every month with its number, its requests on a mean day, its drift and the days' scatter.
    fn walk(
        &self,
        values: &[f64],
        (points, seed, trial): (&Points, u64, u32),
        mut visit: impl FnMut(usize, f64, f64, &mut Days),
    ) {
        let volume = self.volume;
        let value = |input: crate::workload::Input| values[input.0];
        let change = &volume.regime_change;
        let regime = if change.probability > 0.0 {
            regime_factor(change, points.score(&self.regime, trial))
        } else {
            1.0
        };
        let level = regime * value(volume.requests_per_day) / volume.days_in_unit;
        let (growth, drift_sd) = (1.0 + value(volume.growth_per_month), value(volume.drift_sd));
        let fades = volume.growth_persistence < 1.0;
        let scatter = DayScatter {
            cv: value(volume.daily_cv),
            memory: volume.daily_autocorrelation,
            start: volume.daily_start.map(value),
            noise_cv: value(volume.daily_noise),
        };
        let mut days = Days::new(&scatter, Stream::new(seed, trial, self.days));
        let (mut compounded, mut drift, mut variance) = (1.0, 0.0, 0.0);
        for m in 0..self.months.len() {
            if m > 0 {
                compounded *= if fades { libm::pow(growth, volume.growth_left(m)) } else { growth };
                let shock =
                    if drift_sd > 0.0 { drift_sd * points.score(&self.drift[m - 1], trial) } else { 0.0 };
                drift = volume.drift_persistence * drift + shock;
                variance = next_variance(volume, drift_sd, variance);
            }
            let factor = if drift_sd > 0.0 { libm::exp(drift - 0.5 * variance) } else { 1.0 };
            visit(m, level * compounded * factor, drift, &mut days);
        }
    }

    fn weekday_weight(&self, month: usize, day: usize) -> f64 {
        self.volume.weekdays[(self.months[month].first_weekday() + day) % 7]
    }
}

/// Var(D_m) of every month, for a drift of standard deviation `drift_sd`.
pub fn drift_variances(volume: &Volume, months: usize, drift_sd: f64) -> Vec<f64> {
    let step = |variance: &mut f64, month: usize| {
        if month > 0 {
            *variance = next_variance(volume, drift_sd, *variance);
        }
        Some(*variance)
    };
    (0..months).scan(0.0, step).collect()
}

fn next_variance(volume: &Volume, drift_sd: f64, variance: f64) -> f64 {
    volume.drift_persistence * volume.drift_persistence * variance + drift_sd * drift_sd
}

/// How often a weekday (Monday = 0) comes in a month.
fn weekdays_in(month: &Month, weekday: usize) -> f64 {
    let first = (weekday + 7 - month.first_weekday()) % 7;
    ((month.days() + 6 - first) / 7) as f64
}

/// The factor on the level at the standard-normal score `z` of a change of regime: 1 in the middle
/// 1 − probability of all scores, else lognormal, and all divided by its mean.
pub fn regime_factor(change: &RegimeChange, z: f64) -> f64 {
    let RegimeChange { probability, sd } = *change;
    let mean = 1.0 - probability + probability * libm::exp(0.5 * sd * sd);
    // Ranks below ½ probability are the lower half of the lognormal's ranks, those above the upper half.
    let (rank, upper) = (normal::cdf(z), normal::cdf(-z));
    let score = if rank < 0.5 * probability {
        normal::quantile(rank / probability)
    } else if upper < 0.5 * probability {
        -normal::quantile(upper / probability)
    } else {
        return 1.0 / mean;
    };
    libm::exp(sd * score) / mean
}

/// How days scatter around what the calendar says.
///
/// Day d has the factor exp(σ Z_d − σ²/2) · exp(ν ε_d − ν²/2), σ² = ln(1 + cv²), ν² = ln(1 + noise_cv²), with
/// Z an AR(1) of unit variance and ε independent. Both factors have mean 1 where the start is unknown; where it
/// is known, σ Z_0 = start, and the mean leans its way until that is forgotten.
#[derive(Clone, Copy, Debug)]
pub struct DayScatter {
    /// Coefficient of variation of the first factor.
    pub cv: f64,
    /// Correlation of neighbouring Z.
    pub memory: f64,
    /// The logarithm of the first factor on the eve of the first day, but for σ²/2.
    pub start: Option<f64>,
    /// Coefficient of variation of the second factor.
    pub noise_cv: f64,
}

/// The factors of one day after the other.
pub struct Days {
    sigma: f64,
    noise: f64,
    memory: f64,
    fresh: f64,
    state: Option<f64>,
    stream: Stream,
}

impl Days {
    /// The days of a trial.
    pub fn new(scatter: &DayScatter, stream: Stream) -> Self {
        let sigma = libm::sqrt(libm::log1p(scatter.cv * scatter.cv));
        Days {
            sigma,
            noise: libm::sqrt(libm::log1p(scatter.noise_cv * scatter.noise_cv)),
            memory: scatter.memory,
            fresh: libm::sqrt(1.0 - scatter.memory * scatter.memory),
            // Without scatter there is nothing that a start could be a part of.
            state: scatter.start.filter(|_| sigma > 0.0).map(|start| start / sigma),
            stream,
        }
    }

    /// Whether all days are alike.
    fn are_even(&self) -> bool {
        self.sigma == 0.0 && self.noise == 0.0
    }

    /// The factor of the next day.
    #[expect(clippy::should_implement_trait, reason = "it never ends, and is no iterator")]
    pub fn next(&mut self) -> f64 {
        let mut log = 0.0;
        if self.sigma > 0.0 {
            let fresh = self.stream.normal();
            let state = match self.state {
                None => fresh,
                Some(before) => self.memory * before + self.fresh * fresh,
            };
            self.state = Some(state);
            log = self.sigma * state - 0.5 * self.sigma * self.sigma;
        }
        if self.noise > 0.0 {
            log += self.noise * self.stream.normal() - 0.5 * self.noise * self.noise;
        }
        libm::exp(log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_regime_keeps_the_mean_and_has_its_probability() {
        let change = RegimeChange { probability: 0.2, sd: 0.5 };
        let count = 200_000;
        let factors: Vec<f64> = (0..count)
            .map(|i| regime_factor(&change, normal::quantile((f64::from(i) + 0.5) / f64::from(count))))
            .collect();
        let mean = factors.iter().sum::<f64>() / f64::from(count);
        assert!((mean - 1.0).abs() < 1e-4, "{mean}");
        let usual = regime_factor(&change, 0.0);
        let changed = factors.iter().filter(|factor| **factor != usual).count();
        assert!((changed as f64 / f64::from(count) - 0.2).abs() < 1e-4, "{changed}");
        assert!(factors.windows(2).all(|pair| pair[0] <= pair[1]), "the factor grows with its score");
    }

    /// The level grows by the first growth to the power 1 + p + p² + …
    #[test]
    fn growth_fades_as_its_persistence_says() {
        for (persistence, wanted) in
            [("", 5.0), ("growth_persistence: 50%, ", 1.9375), ("growth_persistence: 0, ", 1.0)]
        {
            let text = format!(
                "name: t\nstart: 2027-03\nmonths: 6\nroutes: [openai/gpt-5.4]\nworkloads: {{w: {{volume: {{requests_per_day: 1000, {persistence}growth_per_month: 20%}}, prompt: 2000, output: 300, cache: {{hit_rate: 0%}}}}}}\n"
            );
            let scenario = crate::engine::fixtures::scenario(&text);
            let points = Points::new(&scenario, &[], 1, crate::engine::Sampler::Sobol);
            let path = Path::new(&scenario.workloads[0], &scenario.months, &points);
            let values: Vec<f64> = scenario.assumptions.iter().map(|a| a.law.median()).collect();
            let expected = path.expected(&values, (&points, 1, 0));
            // March and August have as many days.
            let grown = expected[5].requests / expected[0].requests;
            assert!((grown / 1.2_f64.powf(wanted) - 1.0).abs() < 1e-12, "{persistence}: {grown}");
            assert!((scenario.workloads[0].volume.growth_by(5) - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn days_that_start_high_come_down_by_their_memory() {
        let scatter = DayScatter { cv: 0.3, memory: 0.8, start: Some(0.5), noise_cv: 0.1 };
        let sigma_squared = libm::log1p(0.09);
        let trials = 40_000;
        let mut means = [0.0; 4];
        for trial in 0..trials {
            let mut days = Days::new(&scatter, Stream::new(1, trial, Purpose::named("test")));
            means.iter_mut().for_each(|mean| *mean += days.next() / f64::from(trials));
        }
        for (day, mean) in means.iter().enumerate() {
            // The logarithm has mean ρᵈ·start − σ²/2 and variance σ²(1 − ρ²ᵈ).
            let left = libm::pow(0.8, day as f64 + 1.0);
            let wanted = libm::exp(left * 0.5 - 0.5 * sigma_squared * left * left);
            // Four standard errors of a mean whose days have a coefficient of variation below 0.33.
            assert!(
                (mean / wanted - 1.0).abs() < 4.0 * 0.33 / f64::from(trials).sqrt(),
                "{day}: {mean}, {wanted}"
            );
        }
    }
}
