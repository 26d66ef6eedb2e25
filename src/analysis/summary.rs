//! Mean, spread and quantiles of trials, each with its Monte Carlo error.

use serde::Serialize;

/// Figures of a sample of trials. JSON field names are part of the outside contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Mean.
    pub mean: Option<f64>,
    /// Standard deviation of the trials.
    pub sd: Option<f64>,
    /// 5 % quantile.
    pub p05: Option<f64>,
    /// 10 % quantile.
    pub p10: Option<f64>,
    /// 25 % quantile.
    pub p25: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// 75 % quantile.
    pub p75: Option<f64>,
    /// 90 % quantile.
    pub p90: Option<f64>,
    /// 95 % quantile.
    pub p95: Option<f64>,
    /// 99 % quantile.
    pub p99: Option<f64>,
}

/// A sample's figures and the standard error of each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the trials.
    pub sd: f64,
    /// 5 % quantile.
    pub p05: f64,
    /// 10 % quantile.
    pub p10: f64,
    /// 25 % quantile.
    pub p25: f64,
    /// Median.
    pub p50: f64,
    /// 75 % quantile.
    pub p75: f64,
    /// 90 % quantile.
    pub p90: f64,
    /// 95 % quantile.
    pub p95: f64,
    /// 99 % quantile.
    pub p99: f64,
    /// The Monte Carlo error of each figure; `null` where the trials are too few to tell.
    pub standard_error: Figures,
}

impl Summary {
    /// The figures of `sample`, which must not be empty.
    ///
    /// Quantiles interpolate linearly between order statistics (Hyndman and Fan's type 7). The error of
    /// a quantile p of n trials is half the distance of the order statistics at np ± √(np(1−p)), which
    /// holds for any distribution; it is unknown where those fall outside of the sample.
    pub fn of(sample: &[f64]) -> Self {
        Summary::of_sorted(sample, &sorted(sample))
    }

    /// The same of a sample that is known in order, too.
    pub fn of_sorted(sample: &[f64], sorted: &[f64]) -> Self {
        assert!(!sample.is_empty(), "figures need at least one trial");
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let moment = |k: i32| sample.iter().map(|x| (x - mean).powi(k)).sum::<f64>();
        let sd = if sample.len() > 1 { (moment(2) / (n - 1.0)).sqrt() } else { 0.0 };
        let error = |p: f64| quantile_error(sorted, p);
        Summary {
            mean,
            sd,
            p05: quantile(sorted, 0.05),
            p10: quantile(sorted, 0.10),
            p25: quantile(sorted, 0.25),
            p50: quantile(sorted, 0.50),
            p75: quantile(sorted, 0.75),
            p90: quantile(sorted, 0.90),
            p95: quantile(sorted, 0.95),
            p99: quantile(sorted, 0.99),
            standard_error: Figures {
                mean: (sample.len() > 1).then(|| sd / n.sqrt()),
                sd: sd_error(sd, moment(4) / n, n),
                p05: error(0.05),
                p10: error(0.10),
                p25: error(0.25),
                p50: error(0.50),
                p75: error(0.75),
                p90: error(0.90),
                p95: error(0.95),
                p99: error(0.99),
            },
        }
    }
}

/// A figure of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Mean.
    Mean,
    /// Standard deviation of the trials.
    Sd,
    /// 5 % quantile.
    P05,
    /// 10 % quantile.
    P10,
    /// 25 % quantile.
    P25,
    /// Median.
    P50,
    /// 75 % quantile.
    P75,
    /// 90 % quantile.
    P90,
    /// 95 % quantile.
    P95,
    /// 99 % quantile.
    P99,
}

impl Figure {
    /// All of them, each in the place of its number.
    pub const ALL: [Figure; 10] = [
        Figure::Mean,
        Figure::Sd,
        Figure::P05,
        Figure::P10,
        Figure::P25,
        Figure::P50,
        Figure::P75,
        Figure::P90,
        Figure::P95,
        Figure::P99,
    ];

    /// Its name, which is part of the outside contract.
    pub const fn name(self) -> &'static str {
        match self {
            Figure::Mean => "mean",
            Figure::Sd => "sd",
            Figure::P05 => "p05",
            Figure::P10 => "p10",
            Figure::P25 => "p25",
            Figure::P50 => "p50",
            Figure::P75 => "p75",
            Figure::P90 => "p90",
            Figure::P95 => "p95",
            Figure::P99 => "p99",
        }
    }

    /// The figure of a name, of those that are amounts: all but the standard deviation, which nobody pays.
    pub fn amount(name: &str) -> Option<Figure> {
        Figure::ALL.into_iter().find(|figure| figure.name() == name && *figure != Figure::Sd)
    }

    /// Its name in sentences: `P90`, `mean`.
    pub fn words(self) -> String {
        match self {
            Figure::Mean | Figure::Sd => self.name().to_owned(),
            _ => self.name().to_uppercase(),
        }
    }

    /// Its value.
    pub const fn of(self, summary: &Summary) -> f64 {
        match self {
            Figure::Mean => summary.mean,
            Figure::Sd => summary.sd,
            Figure::P05 => summary.p05,
            Figure::P10 => summary.p10,
            Figure::P25 => summary.p25,
            Figure::P50 => summary.p50,
            Figure::P75 => summary.p75,
            Figure::P90 => summary.p90,
            Figure::P95 => summary.p95,
            Figure::P99 => summary.p99,
        }
    }

    /// Its Monte Carlo error, if that is known.
    pub const fn error_of(self, summary: &Summary) -> Option<f64> {
        let errors = &summary.standard_error;
        match self {
            Figure::Mean => errors.mean,
            Figure::Sd => errors.sd,
            Figure::P05 => errors.p05,
            Figure::P10 => errors.p10,
            Figure::P25 => errors.p25,
            Figure::P50 => errors.p50,
            Figure::P75 => errors.p75,
            Figure::P90 => errors.p90,
            Figure::P95 => errors.p95,
            Figure::P99 => errors.p99,
        }
    }
}

impl Summary {
    /// A summary from its figures by their names, and their standard errors; `None` if a figure is missing.
    pub fn from_figures(read: &dyn Fn(&str, bool) -> Option<f64>) -> Option<Self> {
        let (figure, error) = (|name: &str| read(name, false), |name: &str| read(name, true));
        Some(Summary {
            mean: figure("mean")?,
            sd: figure("sd")?,
            p05: figure("p05")?,
            p10: figure("p10")?,
            p25: figure("p25")?,
            p50: figure("p50")?,
            p75: figure("p75")?,
            p90: figure("p90")?,
            p95: figure("p95")?,
            p99: figure("p99")?,
            standard_error: Figures {
                mean: error("mean"),
                sd: error("sd"),
                p05: error("p05"),
                p10: error("p10"),
                p25: error("p25"),
                p50: error("p50"),
                p75: error("p75"),
                p90: error("p90"),
                p95: error("p95"),
                p99: error("p99"),
            },
        })
    }

    /// The same figures with errors from the scatter of `parts`, of which the smallest has `least` trials: a
    /// quantile with fewer than one of them beyond it is not known.
    pub fn with_errors(self, mean: f64, mean_error: Option<f64>, parts: &[Summary], least: usize) -> Self {
        let error = |read: fn(&Summary) -> f64, tail: f64| {
            let values: Vec<f64> = parts.iter().map(read).collect();
            if tail * least as f64 >= 1.0 { super::distribution::mean_error(&values) } else { None }
        };
        Summary {
            mean,
            standard_error: Figures {
                mean: mean_error,
                sd: error(|s| s.sd, 1.0),
                p05: error(|s| s.p05, 0.05),
                p10: error(|s| s.p10, 0.10),
                p25: error(|s| s.p25, 0.25),
                p50: error(|s| s.p50, 0.50),
                p75: error(|s| s.p75, 0.25),
                p90: error(|s| s.p90, 0.10),
                p95: error(|s| s.p95, 0.05),
                p99: error(|s| s.p99, 0.01),
            },
            ..self
        }
    }
}

/// A sample in order.
pub fn sorted(sample: &[f64]) -> Vec<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The quantile at `p` of a sorted sample.
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let position = p * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

fn quantile_error(sorted: &[f64], p: f64) -> Option<f64> {
    let n = sorted.len() as f64;
    let (centre, reach) = (p * n, (n * p * (1.0 - p)).sqrt());
    let (low, high) = (centre - reach, centre + reach);
    if low < 1.0 || high > n {
        return None;
    }
    let share = |rank: f64| (rank - 0.5) / n;
    Some(0.5 * (quantile(sorted, share(high).min(1.0)) - quantile(sorted, share(low).max(0.0))))
}

/// The error of a standard deviation: sd/2 · √((kurtosis − 1)/n), by the delta method.
fn sd_error(sd: f64, fourth: f64, n: f64) -> Option<f64> {
    if n < 2.0 {
        return None;
    }
    if sd == 0.0 {
        return Some(0.0);
    }
    let kurtosis = fourth / (sd * sd * sd * sd);
    Some(0.5 * sd * ((kurtosis - 1.0).max(0.0) / n).sqrt())
}

/// A histogram of a sorted sample between its 0.5 % and 99.5 % quantiles: low, high, share of trials.
pub fn histogram(sorted: &[f64], bins: usize) -> Vec<(f64, f64, f64)> {
    let (low, high) = (quantile(sorted, 0.005), quantile(sorted, 0.995));
    if low >= high {
        return vec![(low, high, 1.0)];
    }
    let edge = |bin: usize| low + (high - low) * bin as f64 / bins as f64;
    let rank = |x: f64| sorted.partition_point(|value| *value < x);
    (0..bins)
        .map(|bin| {
            let upto = if bin + 1 == bins {
                sorted.partition_point(|value| *value <= high)
            } else {
                rank(edge(bin + 1))
            };
            (edge(bin), edge(bin + 1), (upto - rank(edge(bin))) as f64 / sorted.len() as f64)
        })
        .collect()
}

/// The chance that a sorted sample's law exceeds x, at evenly spread ranks: x and probability.
pub fn exceedance(sorted: &[f64], points: usize) -> Vec<(f64, f64)> {
    let rank = |at: usize| at as f64 / points as f64;
    (0..=points).map(|at| (quantile(sorted, rank(at)), 1.0 - rank(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, LogNormal};

    #[test]
    fn every_figure_is_read_at_its_own_name() {
        let summary = Summary::of(&(0..5_000).map(|x| f64::from(x * x)).collect::<Vec<_>>());
        let json = serde_json::to_value(&summary).unwrap();
        for (at, figure) in Figure::ALL.into_iter().enumerate() {
            let error = figure.error_of(&summary).unwrap();
            assert_eq!(json[figure.name()].as_f64().unwrap(), figure.of(&summary), "{figure:?}");
            assert_eq!(json["standard_error"][figure.name()].as_f64().unwrap(), error, "{figure:?}");
            assert_eq!(
                (figure as usize, Figure::amount(figure.name()).is_some()),
                (at, figure != Figure::Sd)
            );
        }
    }

    #[test]
    fn quantiles_interpolate() {
        let summary = Summary::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!((summary.mean, summary.p50, summary.p25, summary.p90), (3.0, 3.0, 2.0, 4.6));
        assert!((summary.sd - 2.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(summary.standard_error.p99, None);
    }

    #[test]
    fn stated_errors_are_the_scatter_of_repeated_samples() {
        let law = LogNormal::new(0.0, 0.5).unwrap();
        let mut random = rand::rngs::StdRng::seed_from_u64(1);
        let summaries: Vec<Summary> = (0..400)
            .map(|_| Summary::of(&law.sample_iter(&mut random).take(1000).collect::<Vec<f64>>()))
            .collect();
        for figure in [Figure::Mean, Figure::P50, Figure::P90, Figure::Sd] {
            let name = figure.name();
            let values: Vec<f64> = summaries.iter().map(|s| figure.of(s)).collect();
            let stated = summaries.iter().filter_map(|s| figure.error_of(s)).sum::<f64>() / 400.0;
            let scatter = Summary::of(&values).sd;
            // A standard deviation of 400 values is known to 1/√800 = 3.5 %; sd's own error has a heavy
            // tail, so 15 % are allowed, four of its standard errors.
            assert!((stated / scatter - 1.0).abs() < 0.15, "{name}: stated {stated}, scatter {scatter}");
        }
    }
}
