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

/// Parts of the trials whose scatter tells the error of a difference.
const PARTS: usize = 16;
/// Beyond this many standard errors a difference is not chance: with 16 parts one figure in 10,000 is.
const SUSPICIOUS: f64 = 5.0;
/// Relative differences below this are rounding.
const ROUNDING: f64 = 1e-9;

/// Reads a figure of sorted values.
type Figure = (&'static str, fn(&[f64]) -> f64);

const FIGURES: [Figure; 6] = [
    ("mean", |sorted| sorted.iter().sum::<f64>() / sorted.len() as f64),
    ("p10", |sorted| quantile(sorted, 0.10)),
    ("p50", |sorted| quantile(sorted, 0.50)),
    ("p90", |sorted| quantile(sorted, 0.90)),
    ("p95", |sorted| quantile(sorted, 0.95)),
    ("p99", |sorted| quantile(sorted, 0.99)),
];

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
                    rows.extend(
                        FIGURES.iter().map(|figure| row((&route.label, amount, &over), *figure, &a, &b)),
                    );
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

fn row(
    (route, amount, over): (&str, &'static str, &str),
    (name, read): Figure,
    a: &[f64],
    b: &[f64],
) -> AuditRow {
    let of = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        read(&sorted)
    };
    let (fast, exact) = (of(a), of(b));
    let size = a.len().div_ceil(PARTS);
    let differences: Vec<f64> = a.chunks(size).zip(b.chunks(size)).map(|(a, b)| of(a) - of(b)).collect();
    let error = mean_error(&differences).filter(|_| size > 1);
    let ratio = error.filter(|error| *error > ROUNDING * exact.abs()).map(|error| (fast - exact) / error);
    AuditRow {
        route: route.to_owned(),
        amount,
        over: over.to_owned(),
        figure: name,
        fast_usd: fast,
        exact_usd: exact,
        expected_error_usd: error,
        standard_errors: ratio,
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
