//! A fit held against its own log: what was seen beside what the model has for it, ready to be drawn.
//!
//! Nothing here is a test of forecasts (that is `backtest`): the model has seen these days. It shows whether
//! its terms can say what the log says at all.

use std::collections::BTreeMap;

use super::fit::{Fit, History};
use super::forecast::Outlook;
use super::series::DAY_MS;
use crate::domain::time::weekday_of_day;

/// An hour, in milliseconds.
const HOUR_MS: i64 = DAY_MS / 24;
/// Paths of the model from which bands are taken: a P10 of so many is known to a rank of a percent.
const PATHS: u32 = 1_000;
/// Bands need no seed of the user's: all that differs is their last percent.
const SEED: u64 = 1;
/// Days from which it can be told how days remember each other.
const LEAST_FOR_MEMORY: usize = 21;
/// The longest distance of days that is looked at.
const MOST_LAGS: usize = 14;

/// P10, P50 and P90.
pub type Band = [f64; 3];

/// What a log shows beside what its fit has.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Volume by day, where the log has a week of whole days.
    pub days: Option<HeldDays>,
    /// By hour of the UTC day, where the fit has hours.
    pub hours: Option<Vec<HeldShare>>,
    /// By weekday from Monday on, where the fit has weekdays.
    pub weekdays: Option<Vec<HeldShare>>,
    /// How days remember those before, where the log has three weeks.
    pub memory: Option<HeldMemory>,
}

/// Days of a log, and the model of them.
#[derive(Clone, Debug)]
pub struct HeldDays {
    /// When the first one begins, milliseconds since 1970-01-01 UTC.
    pub first_ms: i64,
    /// Requests of each day.
    pub requests: Vec<f64>,
    /// What the model has for it.
    pub bands: Vec<Band>,
}

/// Shares of a day or week that fell into one part of it, and the share that the fit has.
#[derive(Clone, Debug)]
pub struct HeldShare {
    /// In each whole day or week of the log, the oldest first.
    pub seen: Vec<f64>,
    /// In the fit.
    pub fitted: f64,
}

/// Autocorrelations of the logarithm of a day's requests, its weekday's weight taken out.
#[derive(Clone, Debug)]
pub struct HeldMemory {
    /// Of the log, from a distance of one day on.
    pub seen: Vec<f64>,
    /// Of histories as long as the log's that the model makes.
    pub bands: Vec<Band>,
}

/// Holds a fit against its log.
pub fn held(fit: &Fit) -> Held {
    let Some(history) = &fit.seen.history else { return Held::default() };
    let hours = fit.volume.hours.map(|fitted| hours(history, &fitted));
    let mut held = Held { hours: hours.filter(|hours| !hours[0].seen.is_empty()), ..Held::default() };
    let Some(outlook) = &history.outlook else { return held };
    // The outlook was made from the newest days.
    let from = history.days.len() - outlook.bins;
    let requests = history.days.requests[from..].to_vec();
    let first_ms = history.days.first_ms + from as i64 * DAY_MS;
    let paths: Vec<Vec<f64>> = (0..PATHS).map(|trial| outlook.past(requests.len(), SEED, trial)).collect();
    held.memory = (requests.len() >= LEAST_FOR_MEMORY).then(|| memory(&requests, outlook, &paths));
    if let Some(weights) = fit.volume.weekdays {
        held.weekdays = Some(weekdays(&requests, first_ms, &weights));
    }
    let scale = 1.0 / history.usd_per_request;
    let day = |at: usize| {
        let weight = weight_of(outlook, at, requests.len());
        band(paths.iter().map(|path| scale * weight * path[at]).collect())
    };
    held.days = Some(HeldDays { first_ms, bands: (0..requests.len()).map(day).collect(), requests });
    held
}

/// The weight of day `at` of a history of so many, whose season begins anew after it.
fn weight_of(outlook: &Outlook, at: usize, days: usize) -> f64 {
    let period = outlook.season.len();
    outlook.season[(at as i64 - days as i64).rem_euclid(period as i64) as usize]
}

fn band(mut values: Vec<f64>) -> Band {
    values.sort_by(f64::total_cmp);
    [0.1, 0.5, 0.9].map(|rank| values[(rank * values.len() as f64) as usize])
}

fn hours(history: &History, fitted: &[f64; 24]) -> Vec<HeldShare> {
    let mut days: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for (at, requests) in history.hours.requests.iter().enumerate() {
        let hour = history.hours.first_ms / HOUR_MS + at as i64;
        days.entry(hour.div_euclid(24)).or_default().push(*requests);
    }
    let whole = |day: &&Vec<f64>| day.len() == 24 && day.iter().sum::<f64>() > 0.0;
    let days: Vec<&Vec<f64>> = days.values().filter(whole).collect();
    let share = |day: &&Vec<f64>, hour: usize| day[hour] / day.iter().sum::<f64>();
    (0..24)
        .map(|hour| HeldShare {
            seen: days.iter().map(|day| share(day, hour)).collect(),
            fitted: fitted[hour],
        })
        .collect()
}

/// Weeks are counted back from the end, so that the newest one is whole.
fn weekdays(requests: &[f64], first_ms: i64, weights: &[f64; 7]) -> Vec<HeldShare> {
    let first_day = first_ms.div_euclid(DAY_MS);
    let mut shares: Vec<HeldShare> =
        weights.iter().map(|weight| HeldShare { seen: Vec::new(), fitted: weight / 7.0 }).collect();
    let skipped = requests.len() % 7;
    for (number, week) in requests[skipped..].chunks_exact(7).enumerate() {
        let total: f64 = week.iter().sum();
        for (at, count) in week.iter().enumerate().filter(|_| total > 0.0) {
            let day = first_day + (skipped + 7 * number + at) as i64;
            shares[weekday_of_day(day)].seen.push(count / total);
        }
    }
    shares
}

fn memory(requests: &[f64], outlook: &Outlook, paths: &[Vec<f64>]) -> HeldMemory {
    let lags = MOST_LAGS.min(requests.len() / 3);
    let mean = requests.iter().sum::<f64>() / requests.len() as f64;
    let deseasoned: Vec<f64> = requests
        .iter()
        .enumerate()
        // An empty day has no logarithm; a tenth of the mean is what the forecaster takes, too.
        .map(|(at, count)| count.max(0.1 * mean) / weight_of(outlook, at, requests.len()))
        .collect();
    let made: Vec<Vec<f64>> = paths.iter().map(|path| autocorrelations(path, lags)).collect();
    let bands = (0..lags).map(|lag| band(made.iter().map(|of| of[lag]).collect())).collect();
    HeldMemory { seen: autocorrelations(&deseasoned, lags), bands }
}

/// Σ x(t) x(t + k) / Σ x(t)² of the logarithms around their mean, for every distance k from 1 on.
fn autocorrelations(values: &[f64], lags: usize) -> Vec<f64> {
    let logs: Vec<f64> = values.iter().map(|value| libm::log(*value)).collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    let x: Vec<f64> = logs.iter().map(|log| log - mean).collect();
    let all: f64 = x.iter().map(|x| x * x).sum();
    let product = |lag: usize| x.iter().zip(&x[lag..]).map(|(a, b)| a * b).sum::<f64>();
    (1..=lags).map(|lag| if all > 0.0 { product(lag) / all } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn autocorrelations_of_turns_are_those_of_a_hand() {
        // Logarithms around their mean: +1, −1, +1, −1. Of four squares three products are left, then two.
        let up_and_down = [1.0, -1.0, 1.0, -1.0].map(libm::exp);
        let found = autocorrelations(&up_and_down, 2);
        assert!((found[0] + 0.75).abs() < 1e-12 && (found[1] - 0.5).abs() < 1e-12, "{found:?}");
        assert_eq!(autocorrelations(&[2.0; 5], 1), [0.0]);
    }

    #[test]
    fn weeks_are_whole_and_end_with_the_log() {
        // 1970-01-05 was a Monday. A day too many at the beginning is left out.
        let first_ms = 3 * DAY_MS;
        let requests = [99.0, 10.0, 10.0, 10.0, 10.0, 20.0, 20.0, 20.0];
        let shares = weekdays(&requests, first_ms, &[1.0; 7]);
        assert_eq!(shares[0].seen, [0.1]);
        assert_eq!(shares[6].seen, [0.2]);
        assert!((shares[3].fitted - 1.0 / 7.0).abs() < 1e-12);
    }
}
