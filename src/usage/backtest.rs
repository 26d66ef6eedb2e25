//! How often the forecast would have held: the model and its rivals at every moment of a history, each seeing
//! only what was known then, against what came.

use std::num::NonZeroUsize;

use super::baselines::{BASELINES, Past, draws};
use super::forecast::{Period, posterior};
use super::score::{Score, quantile};
use super::series::{DAY_MS, Series};
use crate::engine::ordered;

/// How to test.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Draws of every forecast.
    pub draws: u32,
    /// Their seed.
    pub seed: u64,
    /// Threads; 0 for one per core.
    pub threads: usize,
}

/// Forecasts of one horizon, scored.
#[derive(Clone, Debug)]
pub struct Task {
    /// What was forecast.
    pub name: String,
    /// The horizon in words: `7d`.
    pub horizon: String,
    /// The bins that the model saw, in words: `1d`; none where it saw sessions.
    pub bin: Option<String>,
    /// The model.
    pub model: Score,
    /// Its rivals by name.
    pub baselines: Vec<(&'static str, Score)>,
    /// Every forecast in order.
    pub origins: Vec<Origin>,
}

/// One forecast and what came.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The end of what was known, milliseconds since the series' own beginning.
    pub at_ms: i64,
    /// What was spent in the horizon, USD.
    pub spent: f64,
    /// The model's quantiles at [`FAN`].
    pub fan: [f64; FAN.len()],
}

/// Quantiles that charts show.
pub const FAN: [f64; 7] = [0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975];

/// The least history before a first forecast, in bins.
const LEAST_HISTORY: usize = 3;
/// A third of a history is set aside before the first forecast, but no more bins than these.
const MOST_SET_ASIDE: usize = 14;
/// The most origins of a task; longer histories are tested at evenly spread ones.
const MOST_ORIGINS: usize = 400;

/// Forecasts the spend of the next `horizon_ms` at every moment of a series.
///
/// # Errors
/// A sentence, where the series is too short or its bins do not fit.
pub fn rolling(name: &str, series: &Series, horizon_ms: i64, options: &Options) -> Result<Task, String> {
    let series = binned(series, horizon_ms)?;
    let horizon = (horizon_ms / series.bin_ms) as usize;
    let first = (series.len() / 3).clamp(LEAST_HISTORY, MOST_SET_ASIDE);
    let last = (series.len() + 1).saturating_sub(horizon);
    let words = |ms: i64| duration(ms);
    if last < first + 2 {
        return Err(format!(
            "{} whole bins of {} are too few for a horizon of {}: {} bins are known before the first forecast, and two forecasts are the least",
            series.len(),
            words(series.bin_ms),
            words(horizon_ms),
            first,
        ));
    }
    let stride = (last - first).div_ceil(MOST_ORIGINS);
    let origins: Vec<usize> = (first..last).step_by(stride).collect();
    let forecast = |index: usize| forecast(&series, origins[index], horizon, options);
    let forecasts =
        ordered(origins.len(), options.threads, forecast).map_err(|error| format!("{error:#}"))?;
    let mut task = Task {
        name: name.to_owned(),
        horizon: words(horizon_ms),
        bin: Some(words(series.bin_ms)),
        model: Score::default(),
        baselines: BASELINES.iter().map(|(name, _)| (*name, Score::default())).collect(),
        origins: Vec::new(),
    };
    for (at, forecast) in origins.into_iter().zip(forecasts) {
        // Nothing was known or nothing was spent: there is nothing to score.
        let Some((model, rivals)) = forecast else { continue };
        let spent: f64 = series.spend[at..at + horizon].iter().sum();
        task.model.add(&model, spent);
        task.baselines.iter_mut().zip(&rivals).for_each(|((_, score), draws)| score.add(draws, spent));
        let fan = FAN.map(|p| quantile(&model, p));
        task.origins.push(Origin { at_ms: at as i64 * series.bin_ms, spent, fan });
    }
    if task.origins.len() < 2 || task.origins.iter().all(|origin| origin.spent <= 0.0) {
        return Err(format!("nothing was spent within {} of any forecast", words(horizon_ms)));
    }
    Ok(task)
}

/// Draws of the model and of its rivals at one origin.
fn forecast(
    series: &Series,
    origin: usize,
    horizon: usize,
    options: &Options,
) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
    let totals = &series.spend[..origin];
    if totals.iter().all(|total| *total <= 0.0) {
        return None;
    }
    let model = model(totals, series.bin_ms, horizon, options)?;
    let past = Past {
        totals,
        requests: series.requests[..origin].iter().sum(),
        cost_moment: series.cost_moment,
        horizon,
        season: season(series.bin_ms).map_or(horizon, NonZeroUsize::get),
    };
    let rivals = BASELINES.iter();
    let rivals = rivals.map(|rival| draws(rival, &past, options.seed, origin as u32, options.draws as usize));
    Some((model, rivals.collect()))
}

/// Draws of the model, in increasing order, of the total of the next `horizon` bins.
fn model(totals: &[f64], bin_ms: i64, horizon: usize, options: &Options) -> Option<Vec<f64>> {
    let (totals, width) =
        if season(bin_ms).is_some() { (totals.to_vec(), 1) } else { condensed(totals, horizon) };
    let period = match season(bin_ms) {
        Some(period) if totals.len() > period.get() => Period::Bins(period.get()),
        _ => Period::None,
    };
    Some(posterior(&totals, period)?.totals(horizon / width, options.seed, options.draws))
}

/// A bin with less than this share of the mean counts as nearly empty.
const NEARLY_EMPTY: f64 = 0.1;
/// More nearly empty bins than this share, and their logarithms say little: bins are joined.
const MOST_NEARLY_EMPTY: f64 = 0.02;

/// The totals in the narrowest bins that divide the horizon and are nearly never empty; and how many each joins.
fn condensed(totals: &[f64], horizon: usize) -> (Vec<f64>, usize) {
    let widths = (1..=horizon).filter(|width| horizon.is_multiple_of(*width));
    let mut usable =
        widths.filter(|width| totals.len() >= 2 * width).map(|width| (joined(totals, width), width));
    let widest = (1..=horizon / 2).rev().find(|w| horizon.is_multiple_of(*w) && totals.len() >= 2 * w);
    let found = usable.find(|(joined, _)| {
        let least = NEARLY_EMPTY * joined.iter().sum::<f64>() / joined.len() as f64;
        let empty = joined.iter().filter(|total| **total < least).count() as f64;
        empty <= MOST_NEARLY_EMPTY * joined.len() as f64
    });
    let widest = widest.unwrap_or(1);
    found.unwrap_or_else(|| (joined(totals, widest), widest))
}

/// Totals of `width` neighbours each, counted from the end.
fn joined(totals: &[f64], width: usize) -> Vec<f64> {
    let mut joined: Vec<f64> = totals.rchunks_exact(width).map(|bins| bins.iter().sum()).collect();
    joined.reverse();
    joined
}

/// After how many bins the calendar repeats.
fn season(bin_ms: i64) -> Option<NonZeroUsize> {
    match bin_ms {
        DAY_MS => NonZeroUsize::new(7),
        HOUR_MS => NonZeroUsize::new(24),
        _ => None,
    }
}

const HOUR_MS: i64 = 3_600_000;

/// The series in bins that suit a horizon: days for whole days, hours for hours, else a tenth of it.
fn binned(series: &Series, horizon_ms: i64) -> Result<Series, String> {
    let wanted = if horizon_ms % DAY_MS == 0 {
        DAY_MS
    } else if horizon_ms % HOUR_MS == 0
        && series.bin_ms <= HOUR_MS
        && series.len() as i64 * series.bin_ms > 2 * DAY_MS
    {
        HOUR_MS
    } else {
        (horizon_ms / 10).max(series.bin_ms)
    };
    if wanted < series.bin_ms || wanted % series.bin_ms != 0 || horizon_ms % wanted != 0 {
        return Err(format!(
            "a horizon of {} cannot be told from bins of {}: it must be a multiple of them",
            duration(horizon_ms),
            duration(series.bin_ms)
        ));
    }
    Ok(if wanted == series.bin_ms { series.clone() } else { series.in_bins(wanted) })
}

/// Reads a length of time: `7d`, `6h`, `10m`, `30s`, `2w`; milliseconds.
///
/// # Errors
/// What was expected.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let wanted = || "expected a length of time such as 7d, 6h, 10m or 30s".to_owned();
    let unit = match text.trim().chars().last() {
        Some('s') => 1000,
        Some('m') => 60_000,
        Some('h') => HOUR_MS,
        Some('d') => DAY_MS,
        Some('w') => 7 * DAY_MS,
        _ => return Err(wanted()),
    };
    let number = text.trim();
    match number[..number.len() - 1].trim().parse::<i64>() {
        Ok(count) if (1..=100_000).contains(&count) && count.saturating_mul(unit) <= 3_660 * DAY_MS => {
            Ok(count * unit)
        }
        _ => Err(wanted()),
    }
}

/// A length of time in its largest whole unit.
pub fn duration(ms: i64) -> String {
    let units = [(DAY_MS, "d"), (HOUR_MS, "h"), (60_000, "m"), (1000, "s")];
    match units.into_iter().find(|(unit, _)| ms % unit == 0) {
        Some((unit, name)) => format!("{}{name}", ms / unit),
        None => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = Options { draws: 500, seed: 1, threads: 1 };

    fn days(spend: Vec<f64>) -> Series {
        let requests = spend.iter().map(|usd| usd * 100.0).collect();
        Series { bin_ms: DAY_MS, first_ms: 0, dated: false, spend, requests, cost_moment: 1.0 }
    }

    #[test]
    fn no_forecast_sees_what_comes_after_it() {
        let mut spend: Vec<f64> = (0..30).map(|day| 100.0 + f64::from(day % 7)).collect();
        let before = rolling("t", &days(spend.clone()), 3 * DAY_MS, &OPTIONS).unwrap();
        // Everything after day 20 becomes a thousandfold: forecasts made until then stay as they were.
        spend[20..].iter_mut().for_each(|usd| *usd *= 1000.0);
        let after = rolling("t", &days(spend), 3 * DAY_MS, &OPTIONS).unwrap();
        let known = |task: &Task| -> Vec<[f64; FAN.len()]> {
            task.origins.iter().filter(|o| o.at_ms <= 20 * DAY_MS).map(|o| o.fan).collect()
        };
        assert_eq!(known(&before), known(&after));
        assert_eq!(known(&before).len(), 11);
    }

    #[test]
    fn too_short_a_series_is_refused_and_says_why() {
        let error = rolling("t", &days(vec![5.0; 6]), 7 * DAY_MS, &OPTIONS).unwrap_err();
        assert!(error.contains("too few"), "{error}");
        let error = rolling("t", &days(vec![5.0; 60]), HOUR_MS, &OPTIONS).unwrap_err();
        assert!(error.contains("multiple"), "{error}");
    }

    #[test]
    fn durations_are_read_and_written() {
        for (text, ms) in [("7d", 7 * DAY_MS), ("10m", 600_000), ("36h", 36 * HOUR_MS)] {
            assert_eq!(parse_duration(text), Ok(ms));
            assert_eq!(duration(ms), text);
        }
        for wrong in ["", "7", "d", "0d", "-1d", "1.5h", "999999d", "7 days", "ä"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nearly_empty_bins_are_joined() {
        let bursts: Vec<f64> = (0..40).map(|i| if i % 4 == 0 { 10.0 } else { 0.0 }).collect();
        let (joined, width) = condensed(&bursts, 8);
        assert_eq!((width, joined.len()), (4, 10));
        let (same, width) = condensed(&[5.0; 20], 10);
        assert_eq!((width, same.len()), (1, 20));
    }
}
