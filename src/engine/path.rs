//! The expected number of requests of each month in one trial: level, growth, drift, weekdays and days
//! that scatter more than chance would.

use super::stream::{Purpose, Stream};
use crate::domain::time::Month;
use crate::workload::Volume;

/// Draws volume paths of one workload.
pub struct Path {
    drift: Purpose,
    days: Purpose,
}

impl Path {
    /// The paths of the workload called `name`.
    pub fn new(name: &str) -> Self {
        Path {
            drift: Purpose::named(&format!("drift {name}")),
            days: Purpose::named(&format!("days {name}")),
        }
    }

    /// Expected requests of each month.
    ///
    /// Month m has level · (1 + growth)^m · exp(D_m − Var(D_m)/2) requests on a mean day, where
    /// D_m = persistence · D_{m−1} + drift_sd · ε and D_0 = 0. Day d of it has its weekday's weight times
    /// exp(σ Z_d − σ²/2), σ² = ln(1 + daily_cv²), Z an AR(1) of unit variance. Both factors have mean 1.
    pub fn expected_requests(
        &self,
        volume: &Volume,
        months: &[Month],
        values: &[f64],
        seed: u64,
        trial: u32,
    ) -> Vec<f64> {
        let value = |input: crate::workload::Input| values[input.0];
        let level = value(volume.requests_per_day) / volume.days_in_unit;
        let (growth, drift_sd) = (1.0 + value(volume.growth_per_month), value(volume.drift_sd));
        let cv = value(volume.daily_cv);
        let sigma = libm::sqrt(libm::log1p(cv * cv));
        let mut drift = Drift { state: 0.0, variance: 0.0, stream: Stream::new(seed, trial, self.drift) };
        let mut days = Days {
            sigma,
            memory: volume.daily_autocorrelation,
            state: None,
            stream: Stream::new(seed, trial, self.days),
        };
        let mut compounded = 1.0;
        let mut expected = Vec::with_capacity(months.len());
        for (m, month) in months.iter().enumerate() {
            if m > 0 {
                compounded *= growth;
                drift.advance(drift_sd, volume.drift_persistence);
            }
            let weekday = |day: usize| volume.weekdays[(month.first_weekday() + day) % 7];
            let weighted: f64 = (0..month.days()).map(|day| weekday(day) * days.next()).sum();
            expected.push(level * compounded * drift.factor() * weighted);
        }
        expected
    }
}

/// The drifting log level.
struct Drift {
    state: f64,
    variance: f64,
    stream: Stream,
}

impl Drift {
    fn advance(&mut self, sd: f64, persistence: f64) {
        let shock = if sd > 0.0 { sd * self.stream.normal() } else { 0.0 };
        self.state = persistence * self.state + shock;
        self.variance = persistence * persistence * self.variance + sd * sd;
    }

    fn factor(&self) -> f64 {
        libm::exp(self.state - 0.5 * self.variance)
    }
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
        if self.sigma == 0.0 {
            return 1.0;
        }
        let fresh = self.stream.normal();
        let state = match self.state {
            None => fresh,
            Some(before) => self.memory * before + libm::sqrt(1.0 - self.memory * self.memory) * fresh,
        };
        self.state = Some(state);
        libm::exp(self.sigma * state - 0.5 * self.sigma * self.sigma)
    }
}
