//! The fast estimator against drawing every request, trial by trial on the same assumptions and counts.

use serde::Serialize;

use super::distribution::mean_error;
use super::outcome::totals;
use super::summary::quantile;
use crate::engine::{RouteOutcome, Simulation};
use crate::workload::Scenario;

/// Every figure of both, beside each other.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// One per route, amount and figure.
    pub rows: Vec<AuditRow>,
}

/// A figure of both estimators.
#[derive(Clone, Debug, Serialize)]
pub struct AuditRow {
    /// The route's label.
    pub route: String,
    /// `spend` or `premium`.
    pub amount: &'static str,
    /// `total`, or the month's label.
    pub over: String,
    /// `mean`, `p50`, …
    pub figure: &'static str,
    /// By the fast way, USD.
    pub fast_usd: f64,
    /// By drawing every request, USD.
    pub exact_usd: f64,
    /// How much of their difference chance alone explains: its standard error, USD.
    pub expected_error_usd: Option<f64>,
    /// The difference over that.
    pub standard_errors: Option<f64>,
}

/// Beyond this many standard errors a difference is not chance.
const SUSPICIOUS: f64 = 5.0;
/// Relative differences below this are rounding.
const ROUNDING: f64 = 1e-9;

/// The quantiles that are compared, beside the mean.
const QUANTILES: [(&str, f64); 5] =
    [("p10", 0.10), ("p50", 0.50), ("p90", 0.90), ("p95", 0.95), ("p99", 0.99)];

/// Reads the drawn values of an amount.
type Amount = (&'static str, fn(&RouteOutcome) -> &[f64]);

const AMOUNTS: [Amount; 2] = [("spend", |outcome| &outcome.spend), ("premium", |outcome| &outcome.premium)];

/// Compares two simulations of `scenario` with the same trials.
pub fn audit(scenario: &Scenario, fast: &Simulation, exact: &Simulation) -> Audit {
    let mut rows = Vec::new();
    for (index, route) in scenario.routes.iter().enumerate() {
        for (amount, read) in AMOUNTS {
            let both = [read(&fast.routes[index]), read(&exact.routes[index])];
            let months = fast.months;
            let column = |month: usize| both.map(|v| v.iter().skip(month).step_by(months).copied().collect());
            let mut compare = |over: String, [a, b]: [Vec<f64>; 2]| {
                if b.iter().chain(&a).any(|value| *value != 0.0) {
                    let place = Place { route: &route.label, amount, over };
                    let pairs = Pairs::new(a, b);
                    rows.push(place.row("mean", pairs.mean()));
                    rows.extend(QUANTILES.iter().map(|(name, p)| place.row(name, pairs.quantile(*p))));
                }
            };
            compare("total".to_owned(), both.map(|values| totals(values, months)));
            compare(scenario.months[0].label(), column(0));
            if months > 1 {
                compare(scenario.months[months - 1].label(), column(months - 1));
            }
        }
    }
    Audit { rows }
}

/// What a row is about.
struct Place<'a> {
    route: &'a str,
    amount: &'static str,
    over: String,
}

/// A figure of both, the standard error of their difference, and the difference in such errors.
struct Compared {
    fast: f64,
    exact: f64,
    error: Option<f64>,
    ratio: Option<f64>,
}

impl Place<'_> {
    fn row(&self, figure: &'static str, compared: Compared) -> AuditRow {
        AuditRow {
            route: self.route.to_owned(),
            amount: self.amount,
            over: self.over.clone(),
            figure,
            fast_usd: compared.fast,
            exact_usd: compared.exact,
            expected_error_usd: compared.error,
            standard_errors: compared.ratio,
        }
    }
}

/// An amount in every trial by both ways.
struct Pairs {
    pairs: Vec<(f64, f64)>,
    fast: Vec<f64>,
    exact: Vec<f64>,
}

impl Pairs {
    fn new(fast: Vec<f64>, exact: Vec<f64>) -> Self {
        let pairs = fast.iter().copied().zip(exact.iter().copied()).collect();
        let sorted = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values
        };
        Pairs { pairs, fast: sorted(fast), exact: sorted(exact) }
    }

    /// Means; given the assumptions, the differences of the trials are independent.
    fn mean(&self) -> Compared {
        let differences: Vec<f64> = self.pairs.iter().map(|(fast, exact)| fast - exact).collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let error = mean_error(&differences);
        let ratio = error.filter(|error| *error > 0.0).map(|error| mean(&differences) / error);
        Compared { fast: mean(&self.fast), exact: mean(&self.exact), error, ratio }
    }

    /// Quantiles, by a sign test: if both ways have the same law in every trial, as many trials lie below the
    /// quantile by the one way only as by the other only (McNemar 1947). The error of the quantile is that of
    /// the share below it over the density.
    fn quantile(&self, p: f64) -> Compared {
        let (fast, exact) = (quantile(&self.fast, p), quantile(&self.exact, p));
        let middle = 0.5 * (fast + exact);
        let only = |below: fn(f64, f64, f64) -> bool| {
            self.pairs.iter().filter(|(fast, exact)| below(*fast, *exact, middle)).count() as f64
        };
        let by_fast = only(|fast, exact, middle| fast <= middle && exact > middle);
        let by_exact = only(|fast, exact, middle| exact <= middle && fast > middle);
        let n = self.pairs.len() as f64;
        let reach = (p * (1.0 - p) / n).sqrt();
        let at = |p: f64| quantile(&self.exact, p.clamp(0.0, 1.0));
        // USD for a share of the trials.
        let slope = (at(p + reach) - at(p - reach)) / (2.0 * reach);
        let discordant = by_fast + by_exact;
        Compared {
            fast,
            exact,
            error: Some(discordant.max(1.0).sqrt() / n * slope),
            ratio: (discordant > 0.0).then(|| (by_exact - by_fast) / discordant.sqrt()),
        }
    }
}

impl AuditRow {
    /// Whether chance explains the difference.
    pub fn holds(&self) -> bool {
        let small = (self.fast_usd - self.exact_usd).abs() <= ROUNDING * self.exact_usd.abs();
        small || self.standard_errors.is_none_or(|ratio| ratio.abs() <= SUSPICIOUS)
    }
}

impl Audit {
    /// Whether chance explains every difference.
    pub fn holds(&self) -> bool {
        self.rows.iter().all(AuditRow::holds)
    }
}
