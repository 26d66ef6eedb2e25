//! The expected number of requests of each month in one trial: level, growth, drift, weekdays and days
//! that scatter more than chance would.

use super::draw::{Coordinate, Points, drift_name};
use super::stream::{Purpose, Stream};
use crate::domain::time::Month;
use crate::workload::Volume;

/// Draws volume paths of one workload.
pub struct Path {
    /// The shock of every month but the first.
    drift: Vec<Coordinate>,
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

impl Path {
    /// The paths of the workload called `name` over a number of months.
    pub fn new(name: &str, months: usize, points: &Points) -> Self {
        Path {
            drift: (1..months).map(|month| points.coordinate(&drift_name(name, month))).collect(),
            days: Purpose::named(&format!("days {name}")),
        }
    }

    /// Expected requests of each month.
    ///
    /// Month m has level · (1 + growth)^m · exp(D_m − Var(D_m)/2) requests on a mean day, where
    /// D_m = persistence · D_{m−1} + drift_sd · ε and D_0 = 0. Day d of it has its weekday's weight times
    /// exp(σ Z_d − σ²/2), σ² = ln(1 + daily_cv²), Z an AR(1) of unit variance. Both factors have mean 1.
    pub fn expected(
        &self,
        volume: &Volume,
        months: &[Month],
        values: &[f64],
        (points, seed, trial): (&Points, u64, u32),
    ) -> Vec<Expected> {
        let value = |input: crate::workload::Input| values[input.0];
        let level = value(volume.requests_per_day) / volume.days_in_unit;
        let (growth, drift_sd) = (1.0 + value(volume.growth_per_month), value(volume.drift_sd));
        let cv = value(volume.daily_cv);
        let sigma = libm::sqrt(libm::log1p(cv * cv));
        let mut days = Days {
            sigma,
            memory: volume.daily_autocorrelation,
            state: None,
            stream: Stream::new(seed, trial, self.days),
        };
        let (mut compounded, mut drift, mut variance) = (1.0, 0.0, 0.0);
        let mut expected = Vec::with_capacity(months.len());
        for (m, month) in months.iter().enumerate() {
            if m > 0 {
                compounded *= growth;
                let shock =
                    if drift_sd > 0.0 { drift_sd * points.score(&self.drift[m - 1], trial) } else { 0.0 };
                drift = volume.drift_persistence * drift + shock;
                variance = next_variance(volume, drift_sd, variance);
            }
            let weighted: f64 = if sigma == 0.0 {
                (0..7).map(|weekday| volume.weekdays[weekday] * weekdays_in(month, weekday)).sum()
            } else {
                let weekday = |day: usize| volume.weekdays[(month.first_weekday() + day) % 7];
                (0..month.days()).map(|day| weekday(day) * days.next()).sum()
            };
            let factor = if drift_sd > 0.0 { libm::exp(drift - 0.5 * variance) } else { 1.0 };
            expected.push(Expected { requests: level * compounded * factor * weighted, drift });
        }
        expected
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

/// Autocorrelated day factors of mean 1.
struct Days {
    sigma: f64,
    memory: f64,
    state: Option<f64>,
    stream: Stream,
}

impl Days {
    fn next(&mut self) -> f64 {
        let fresh = self.stream.normal();
        let state = match self.state {
            None => fresh,
            Some(before) => self.memory * before + libm::sqrt(1.0 - self.memory * self.memory) * fresh,
        };
        self.state = Some(state);
        libm::exp(self.sigma * state - 0.5 * self.sigma * self.sigma)
    }
}
