//! The forecasters that a forecast has to beat: what people do in a spreadsheet, and what naive Monte Carlo does.
//!
//! Each sees the same totals as the model and gives as many draws of the sum of the next bins.

use crate::engine::{Purpose, Stream};

/// What a baseline sees.
pub struct Past<'a> {
    /// Totals so far, oldest first.
    pub totals: &'a [f64],
    /// Requests so far, where they are known.
    pub requests: f64,
    /// The second moment of a request's cost over its squared mean; 1 where costs are not known one by one.
    pub cost_moment: f64,
    /// Bins to forecast.
    pub horizon: usize,
    /// After how many bins a season comes back.
    pub season: usize,
}

/// A forecaster's name, and its draws for a past.
pub type Baseline = (&'static str, fn(&Past<'_>, &mut Stream, usize) -> Vec<f64>);

/// All of them. The last is the equal mixture of four.
pub const BASELINES: [Baseline; 6] = [
    ("poisson_requests", poisson_requests),
    ("mean_days", mean_days),
    ("negative_binomial", negative_binomial),
    ("linear_trend", linear_trend),
    ("naive_week", naive_week),
    ("equal_mixture", equal_mixture),
];

/// Draws of a baseline, in increasing order.
pub fn draws(baseline: &Baseline, past: &Past<'_>, seed: u64, origin: u32, count: usize) -> Vec<f64> {
    let mut stream = Stream::new(seed, origin, Purpose::named(baseline.0));
    let mut draws = (baseline.1)(past, &mut stream, count);
    draws.sort_by(f64::total_cmp);
    draws
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre) * (value - centre)).sum();
    (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt()
}

fn normals(centre: f64, sd: f64, stream: &mut Stream, count: usize) -> Vec<f64> {
    (0..count).map(|_| (centre + sd * stream.normal()).max(0.0)).collect()
}

/// A Poisson number of independent requests at the mean rate: naive Monte Carlo.
fn poisson_requests(past: &Past<'_>, stream: &mut Stream, count: usize) -> Vec<f64> {
    let share = past.horizon as f64 / past.totals.len() as f64;
    let expected = past.totals.iter().sum::<f64>() * share;
    let sd = expected * (past.cost_moment / (past.requests * share).max(1.0)).sqrt();
    normals(expected, sd, stream, count)
}

/// Mean times days, with the normal error of independent days.
fn mean_days(past: &Past<'_>, stream: &mut Stream, count: usize) -> Vec<f64> {
    let (horizon, bins) = (past.horizon as f64, past.totals.len() as f64);
    let sd = deviation(past.totals) * (horizon + horizon * horizon / bins).sqrt();
    normals(mean(past.totals) * horizon, sd, stream, count)
}

/// Independent days of a negative binomial law: Poisson with a gamma rate, and at these sizes its gamma.
fn negative_binomial(past: &Past<'_>, stream: &mut Stream, count: usize) -> Vec<f64> {
    let (centre, sd) = (mean(past.totals), deviation(past.totals));
    if sd <= 1e-9 * centre {
        return vec![centre * past.horizon as f64; count];
    }
    let shape = (centre / sd) * (centre / sd) * past.horizon as f64;
    (0..count).map(|_| gamma(shape, stream) * sd * sd / centre).collect()
}

/// A gamma variate of scale 1 (Marsaglia and Tsang, ACM TOMS 2000).
fn gamma(shape: f64, stream: &mut Stream) -> f64 {
    if shape < 1.0 {
        return gamma(shape + 1.0, stream) * stream.uniform().powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = stream.normal();
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && stream.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// A straight line by least squares, with its prediction error.
fn linear_trend(past: &Past<'_>, stream: &mut Stream, count: usize) -> Vec<f64> {
    let (bins, horizon) = (past.totals.len() as f64, past.horizon as f64);
    let middle = 0.5 * (bins - 1.0);
    let centre = mean(past.totals);
    let spread = bins * (bins * bins - 1.0) / 12.0;
    let along = |(at, total): (usize, &f64)| (at as f64 - middle) * (total - centre);
    let slope = past.totals.iter().enumerate().map(along).sum::<f64>() / spread;
    let residual = |(at, total): (usize, &f64)| (total - centre - slope * (at as f64 - middle)).powi(2);
    let squares: f64 = past.totals.iter().enumerate().map(residual).sum();
    let variance = squares / (bins - 2.0).max(1.0);
    let ahead = bins + 0.5 * (horizon - 1.0) - middle;
    let expected = horizon * (centre + slope * ahead);
    let error = variance * (horizon + horizon * horizon * (1.0 / bins + ahead * ahead / spread));
    normals(expected, error.sqrt(), stream, count)
}

/// What the same bins of the last season were, with the errors that this made before.
fn naive_week(past: &Past<'_>, stream: &mut Stream, count: usize) -> Vec<f64> {
    let (totals, horizon) = (past.totals, past.horizon);
    let season = past.season.min(totals.len());
    let forecast = |history: &[f64]| -> f64 {
        (0..horizon).map(|ahead| history[history.len() - season + ahead % season]).sum()
    };
    let origins = season..(totals.len() + 1).saturating_sub(horizon);
    let error = |at: usize| totals[at..at + horizon].iter().sum::<f64>() - forecast(&totals[..at]);
    let squares: Vec<f64> = origins.map(|at| error(at).powi(2)).collect();
    let expected = forecast(totals);
    let sd = if squares.len() > 1 { mean(&squares).sqrt() } else { 0.5 * expected };
    normals(expected, sd, stream, count)
}

/// A level times weekdays, with autocorrelated logarithms.
fn level_with_memory(past: &Past<'_>, stream: &mut Stream, count: usize) -> Vec<f64> {
    let (totals, season) = (past.totals, past.season);
    let floor = 0.1 * mean(totals);
    let mut logs: Vec<f64> = totals.iter().map(|total| total.max(floor).ln()).collect();
    let mut effects = vec![0.0; season];
    if totals.len() >= 2 * season {
        for (phase, effect) in effects.iter_mut().enumerate() {
            *effect = mean(&logs.iter().skip(phase).step_by(season).copied().collect::<Vec<f64>>());
        }
        let centre = mean(&effects);
        effects.iter_mut().for_each(|effect| *effect -= centre);
    }
    logs.iter_mut().enumerate().for_each(|(at, log)| *log -= effects[at % season]);
    let level = mean(&logs[logs.len().saturating_sub(28)..]);
    logs.iter_mut().for_each(|log| *log -= level);
    let squares: f64 = logs.iter().map(|log| log * log).sum();
    let products: f64 = logs.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let memory = (products / squares.max(1e-12)).clamp(0.0, 0.95);
    let steps: Vec<f64> = logs.windows(2).map(|pair| (pair[1] - memory * pair[0]).powi(2)).collect();
    let sd = mean(&steps).sqrt().max(0.02);
    let last = logs[logs.len() - 1];
    let path = |_| {
        let mut state = last;
        (0..past.horizon)
            .map(|ahead| {
                state = memory * state + sd * stream.normal();
                (level + effects[(totals.len() + ahead) % season] + state).exp()
            })
            .sum()
    };
    (0..count).map(path).collect()
}

/// A quarter each of negative binomial, trend, seasonal naive, and level by weekday with memory.
fn equal_mixture(past: &Past<'_>, stream: &mut Stream, count: usize) -> Vec<f64> {
    let parts = [negative_binomial, linear_trend, naive_week, level_with_memory];
    parts.iter().flat_map(|part| part(past, stream, count / parts.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(totals: &[f64], horizon: usize) -> Past<'_> {
        Past { totals, requests: 1e6, cost_moment: 4.0, horizon, season: 7 }
    }

    fn centre(name: &str, past: &Past<'_>) -> f64 {
        let baseline = BASELINES.iter().find(|(known, _)| *known == name).unwrap();
        mean(&draws(baseline, past, 1, 0, 20_000))
    }

    #[test]
    fn baselines_continue_what_they_know() {
        let week = [10.0, 10.0, 10.0, 10.0, 10.0, 3.0, 3.0];
        let weeks: Vec<f64> = week.into_iter().cycle().take(28).collect();
        // A week is 56 in the mean; after four whole weeks its first two days are 20.
        for (name, horizon, wanted) in [
            ("poisson_requests", 7, 56.0),
            ("mean_days", 7, 56.0),
            ("negative_binomial", 7, 56.0),
            ("naive_week", 2, 20.0),
            ("naive_week", 7, 56.0),
        ] {
            let found = centre(name, &past(&weeks, horizon));
            assert!((found / wanted - 1.0).abs() < 0.02, "{name}: {found}");
        }
        let line: Vec<f64> = (1..=20).map(f64::from).collect();
        assert!((centre("linear_trend", &past(&line, 2)) - 43.0).abs() < 0.01);
    }

    #[test]
    fn a_gamma_variate_has_mean_and_variance_of_its_shape() {
        let mut stream = Stream::new(1, 0, Purpose::named("gamma"));
        for shape in [0.5, 2.0, 30.0] {
            let draws: Vec<f64> = (0..100_000).map(|_| gamma(shape, &mut stream)).collect();
            // Four standard errors of the mean.
            assert!((mean(&draws) - shape).abs() < 4.0 * (shape / 1e5).sqrt(), "{shape}");
            assert!((deviation(&draws).powi(2) / shape - 1.0).abs() < 0.05, "{shape}");
        }
    }
}
