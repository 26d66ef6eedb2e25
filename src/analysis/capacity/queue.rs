//! The queue of a batch route: how many input tokens wait in it, if every job takes as long as it is said to.

use super::FUTURES;
use super::need::{Earned, RequiredTier};
use crate::engine::capacity::{Histogram, Stage};
use crate::engine::{Options, ordered};
use crate::workload::{BatchQueue, RouteCapacity};

/// What waits in a batch queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Enqueued {
    /// Hours that a job takes.
    pub hours: u64,
    /// Input tokens that wait, over the hours of all futures: median, P99 and most.
    pub tokens: [u64; 3],
    /// What the queue holds, where that is known, and the share of the hours in which more would wait.
    pub holds: Option<(u64, f64)>,
}

/// What waits in the queue of a route at the end of every hour of many futures, as expected there: the input tokens of
/// the last hours, as many as a job takes.
pub fn enqueued(
    stage: &Stage<'_>,
    options: &Options,
    route: usize,
    queue: &BatchQueue,
) -> anyhow::Result<(Enqueued, Histogram)> {
    let futures = FUTURES.min(options.trials.max(1)) as usize;
    let found = ordered(futures, options.threads, |trial| {
        let future = stage.future(trial as u32);
        let tokens = stage.input_tokens(&future, route);
        let hourly: Vec<f64> = (0..stage.hours())
            .map(|hour| {
                let month = stage.month_of(hour);
                future.rates.iter().zip(&tokens).map(|(rates, tokens)| rates.of(hour) * tokens[month]).sum()
            })
            .collect();
        waiting(&hourly, queue.hours as usize)
    })?;
    let mut all = Histogram::default();
    found.iter().for_each(|of_future| all.merge(of_future, 1.0));
    let above = |holds: u64| (holds, 1.0 - all.share_upto(holds));
    let tokens = [all.quantile(0.5), all.quantile(0.99), all.max()];
    Ok((Enqueued { hours: queue.hours, tokens, holds: queue.holds.map(above) }, all))
}

/// Sums over the last `hours` hours, at the end of each. Before the first hour the queue is as it is filled in the
/// first ones, so that a horizon shorter than a job has sums too.
fn waiting(hourly: &[f64], hours: usize) -> Histogram {
    let mut counts = Histogram::default();
    let mut sum = 0.0;
    for (at, tokens) in hourly.iter().enumerate() {
        sum += tokens;
        if let Some(done) = at.checked_sub(hours) {
            sum -= hourly[done];
        }
        // Until a job's length has passed, the queue only fills.
        if at + 1 >= hours.min(hourly.len()) {
            counts.add(sum.max(0.0) as u64, 1.0);
        }
    }
    counts
}

/// The lowest usage tier whose queue holds what waits in all but one hour of a hundred.
pub fn required_tier(capacity: &RouteCapacity, waiting: &Histogram) -> RequiredTier {
    let asked = waiting.quantile(0.99);
    let mut highest = None;
    for (limit, tier) in capacity.tiers.iter().filter(|(limit, _)| limit.above_tokens.is_none()) {
        let (Some(name), Some(holds)) = (&limit.usage_tier, limit.batch_queue_tokens) else { continue };
        let earned = Earned::new(name, limit, tier.as_ref());
        if asked <= holds {
            return RequiredTier::Tier(earned);
        }
        highest = Some((earned, asked as f64 / holds as f64));
    }
    highest.map_or(RequiredTier::Unpublished, |(highest, times)| RequiredTier::None { highest, times })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_the_sum_of_the_last_hours() {
        let hourly: Vec<f64> = (0..100).map(f64::from).collect();
        // At the end of hour h: 24 h − (0 + … + 23), the first of them at h = 23: 276, the last at 99: 2,100.
        let found = waiting(&hourly, 24);
        assert_eq!(found.total(), 77.0);
        assert!(found.max().abs_diff(2_100) <= 2_100 / 32);
        assert!((found.mean() / (0.5 * (276.0 + 2_100.0)) - 1.0).abs() < 0.01);
        // A job longer than the horizon: all of it waits at the end.
        assert_eq!(waiting(&[10.0, 20.0], 24).quantile(0.5), 30);
    }
}
