//! Which hours are lived through, and what each stands for.

use super::{FUTURES, Lived, MOST_IN_AN_HOUR};
use crate::domain::format::thousands;
use crate::domain::time::Instant;
use crate::engine::capacity::{Future, HOUR, SECOND, Seen, Stage};
use crate::engine::{Options, ordered};

/// The most hours that are ranked.
const MOST_RANKED: usize = 262_144;
/// The most requests that are lived through in all: a quarter of an hour or so on two cores.
const MOST_LIVED: f64 = 5e9;
/// Ends of the strata, by the share of hours below, and the share of the lived hours in each.
const STRATA: [(f64, f64); 6] =
    [(0.5, 0.15), (0.8, 0.15), (0.95, 0.2), (0.99, 0.2), (0.999, 0.15), (1.0, 0.15)];

/// A stretch to live through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    /// The trial.
    pub trial: u32,
    /// The first hour, and the one after the last.
    pub hours: (usize, usize),
    /// The requests that it expects.
    pub load: f64,
    /// How many hours of the horizon it stands for, for each of its own.
    pub weight: f64,
    /// The number of its stratum.
    pub stratum: usize,
}

/// The stretches of an answer.
pub struct Plan {
    /// In a fixed order.
    pub stretches: Vec<Sampled>,
    /// Expected requests of the busiest hour: median and ninetieth percentile of the futures.
    pub busiest_hour: (f64, f64),
    /// The requests of a log, where its own are lived through.
    pub log: Option<Vec<Seen>>,
    /// The hour in which a log begins.
    pub begun: Option<Instant>,
    /// The hours that all of it stands for.
    pub hours: f64,
}

impl Plan {
    /// Ranks the hours of the futures and picks some, or all of the middle one, to be lived through `passes` times.
    pub fn new(stage: &Stage<'_>, options: &Options, lived: Lived, passes: usize) -> anyhow::Result<Self> {
        let hours = stage.hours();
        let futures = FUTURES.min(options.trials.max(1));
        let stride = stride(hours * futures as usize);
        let found = ordered(futures as usize, options.threads, |trial| {
            let future = stage.future(trial as u32);
            let loads = (0..hours).map(|hour| stage.expected(&future, hour));
            let (sum, most) = loads.fold((0.0, 0.0_f64), |(sum, most), load| (sum + load, most.max(load)));
            (ranked(stage, &future, stride, trial), sum, most)
        })?;
        let mut peaks: Vec<f64> = found.iter().map(|(.., most)| *most).collect();
        peaks.sort_by(f64::total_cmp);
        let at = |share: f64| peaks[((peaks.len() - 1) as f64 * share).round() as usize];
        let busiest_hour = (at(0.5), at(0.9));
        if let Some(most) = peaks.last().filter(|most| **most > MOST_IN_AN_HOUR) {
            anyhow::bail!(
                "an hour with {} requests cannot be lived through one by one",
                thousands(*most as u64)
            );
        }
        let stretches = match lived {
            Lived::Some(count) => {
                sampled(found.into_iter().flat_map(|(ranked, ..)| ranked).collect(), count, hours)
            }
            Lived::All => {
                let mut order: Vec<usize> = (0..found.len()).collect();
                order.sort_by(|a, b| found[*a].1.total_cmp(&found[*b].1));
                let trial = order[order.len() / 2] as u32;
                let load = found[trial as usize].1;
                vec![Sampled { trial, hours: (0, hours), load, weight: 1.0, stratum: 0 }]
            }
        };
        // Every hour has a warm-up of one.
        let lived: f64 = match lived {
            Lived::Some(_) => stretches.iter().map(|one: &Sampled| 2.0 * one.load).sum(),
            Lived::All => stretches.iter().map(|one| one.load).sum(),
        };
        if lived * passes as f64 > MOST_LIVED {
            anyhow::bail!(
                "{} requests would have to be lived through one by one, and that {passes} times",
                thousands(lived as u64)
            );
        }
        Ok(Plan { stretches, busiest_hour, log: None, begun: None, hours: hours as f64 })
    }

    /// The requests of a log, in the order of time.
    pub fn of_log(log: Vec<Seen>, begun: Instant) -> Self {
        let (first, last) = (log.first().map_or(0, |one| one.at), log.last().map_or(0, |one| one.at));
        let mut hours = vec![0.0; (last / HOUR + 1) as usize];
        log.iter().for_each(|seen| hours[(seen.at / HOUR) as usize] += 1.0);
        let busiest = hours.iter().copied().fold(0.0, f64::max);
        let stretch =
            Sampled { trial: 0, hours: (0, hours.len()), load: log.len() as f64, weight: 1.0, stratum: 0 };
        Plan {
            stretches: vec![stretch],
            busiest_hour: (busiest, busiest),
            log: Some(log),
            begun: Some(begun),
            hours: ((last / SECOND + 1) * SECOND - first) as f64 / HOUR as f64,
        }
    }
}

/// Every how manieth hour is ranked, so that they are not too many; a number that visits all hours of the week.
fn stride(hours: usize) -> usize {
    let mut stride = hours.div_ceil(MOST_RANKED).max(1);
    while stride > 1 && [2, 3, 7].iter().any(|factor| stride.is_multiple_of(*factor)) {
        stride += 1;
    }
    stride
}

/// Some hours of a future with what they expect.
fn ranked(stage: &Stage<'_>, future: &Future, stride: usize, trial: usize) -> Vec<(f64, u32, u32)> {
    let hours = (trial % stride..stage.hours()).step_by(stride);
    hours.map(|hour| (stage.expected(future, hour), future.trial, hour as u32)).collect()
}

/// Hours from all strata, each spread evenly over its ranks.
fn sampled(mut ranked: Vec<(f64, u32, u32)>, count: usize, hours: usize) -> Vec<Sampled> {
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let all = ranked.len();
    let (mut stretches, mut from) = (Vec::new(), 0);
    for (stratum, (end, share)) in STRATA.iter().enumerate() {
        let to = ((all as f64 * end).round() as usize).min(all);
        let size = to.saturating_sub(from);
        if size == 0 {
            continue;
        }
        let picked = ((count as f64 * share).round() as usize).clamp(2, size.max(2)).min(size);
        // Equal loads are in no order that matters; ranks are met in steps.
        for pick in 0..picked {
            let at = from + ((pick as f64 + 0.5) / picked as f64 * size as f64) as usize;
            let (load, trial, hour) = ranked[at.min(to - 1)];
            let weight = size as f64 / all as f64 * hours as f64 / picked as f64;
            let hour = hour as usize;
            stretches.push(Sampled { trial, hours: (hour, hour + 1), load, weight, stratum });
        }
        from = to;
    }
    stretches
}

/// The standard error of a ratio Σ of/Σ over that was estimated from strata.
pub fn ratio_error(stretches: &[Sampled], figures: &[(f64, f64)]) -> Option<f64> {
    let total = |of: &dyn Fn(&(f64, f64)) -> f64| -> f64 {
        stretches.iter().zip(figures).map(|(stretch, figure)| stretch.weight * of(figure)).sum()
    };
    let over = total(&|figure| figure.1);
    if over <= 0.0 || stretches.len() < 2 {
        return None;
    }
    let ratio = total(&|figure| figure.0) / over;
    let mut variance = 0.0;
    for stratum in 0..STRATA.len() {
        let residuals: Vec<(f64, f64)> = stretches
            .iter()
            .zip(figures)
            .filter(|(stretch, _)| stretch.stratum == stratum)
            .map(|(stretch, (of, over))| (stretch.weight, of - ratio * over))
            .collect();
        let n = residuals.len() as f64;
        if n < 2.0 {
            continue;
        }
        let mean = residuals.iter().map(|(_, residual)| residual).sum::<f64>() / n;
        let spread = residuals.iter().map(|(_, r)| (r - mean) * (r - mean)).sum::<f64>() / (n - 1.0);
        // Every hour of the stratum has the same weight; the sum of n of them varies n times as one.
        variance += residuals[0].0 * residuals[0].0 * n * spread;
    }
    Some(variance.sqrt() / over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_stand_for_all_hours() {
        let ranked: Vec<(f64, u32, u32)> =
            (0..8_760_u32).map(|hour| (f64::from(hour % 24), 0, hour)).collect();
        let stretches = sampled(ranked, 240, 8_760);
        let weight: f64 = stretches.iter().map(|stretch| stretch.weight).sum();
        assert!((weight - 8_760.0).abs() < 1e-6);
        // The estimate of the mean load is near the mean: 11.5.
        let load = |stretch: &Sampled| stretch.weight * (stretch.hours.0 % 24) as f64;
        let mean = stretches.iter().map(load).sum::<f64>() / weight;
        assert!((mean - 11.5).abs() < 0.3, "{mean}");
        // Busy hours are met far more often than their share: 36 of 240 for a thousandth of the hours.
        assert!(stretches.iter().filter(|stretch| stretch.stratum == 5).count() >= 9);
    }

    #[test]
    fn every_hour_of_the_week_is_met() {
        for hours in [100, 300_000, 8_760 * 64, 87_600 * 64] {
            let stride = stride(hours);
            assert!(hours / stride <= MOST_RANKED);
            assert!(stride == 1 || [2, 3, 7].iter().all(|factor| !stride.is_multiple_of(*factor)));
        }
    }
}
