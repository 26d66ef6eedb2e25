//! The queue of a batch route: how many input tokens wait in it, if every job takes as long as it is said to.

use super::FUTURES;
use super::need::{RequiredTier, lowest};
use super::plan::Plan;
use crate::engine::capacity::{HOUR, Seen, Stage};
use crate::engine::{Options, ordered};
use crate::workload::BatchQueue;

/// What waits in a batch queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Enqueued {
    /// Hours that a job takes.
    pub hours: u64,
    /// Input tokens that wait: median and P99 of the hours, and the most.
    pub tokens: [f64; 3],
    /// What the queue holds, where that is known, and the share of the hours in which more would wait.
    pub holds: Option<(u64, f64)>,
    /// The share of the tokens that a queue of that size takes at most: as much as it holds in every length of a job.
    pub taken: Option<f64>,
    /// Whether all that the route serves waits in it.
    pub whole: bool,
    /// The lowest usage tier whose queue holds what waits in all but one hour of a hundred.
    pub required_tier: RequiredTier,
}

/// What waits in the queue of a route, as expected in the hours of many futures, or in those of a log: the input
/// tokens of the last hours, as many as a job takes.
pub fn enqueued(
    stage: &Stage<'_>,
    plan: &Plan,
    options: &Options,
    route: usize,
    queue: &BatchQueue,
) -> anyhow::Result<Enqueued> {
    let job = queue.hours as usize;
    let mut all = match &plan.log {
        Some(log) => waiting(&of_log(log, queue), job),
        None => {
            let futures = FUTURES.min(options.trials.max(1)) as usize;
            let of_future = |trial| waiting(&of_future(stage, trial as u32, route, queue), job);
            ordered(futures, options.threads, of_future)?.concat()
        }
    };
    all.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| all[((all.len() as f64 * share).ceil() as usize).clamp(1, all.len()) - 1];
    let above = |holds: u64| {
        let upto = all.partition_point(|tokens| *tokens <= holds as f64);
        (holds, 1.0 - upto as f64 / all.len() as f64)
    };
    let p99 = quantile(0.99);
    let mean = (all.iter().sum::<f64>() / all.len() as f64).max(f64::MIN_POSITIVE);
    Ok(Enqueued {
        hours: queue.hours,
        tokens: [quantile(0.5), p99, quantile(1.0)],
        holds: queue.holds.map(above),
        taken: queue.holds.map(|holds| (holds as f64 / mean).min(1.0)),
        whole: stage.workloads() == queue.workloads.len(),
        required_tier: lowest(&queue.tiers, |limit| Some(p99 / limit.batch_queue_tokens? as f64)),
    })
}

/// Tokens of every hour of a future.
fn of_future(stage: &Stage<'_>, trial: u32, route: usize, queue: &BatchQueue) -> Vec<f64> {
    let future = stage.future(trial);
    let tokens = stage.input_tokens(&future, route);
    let of = |hour: usize| {
        let month = stage.month_of(hour);
        queue.workloads.iter().map(|at| future.rates[*at].of(hour) * tokens[*at][month]).sum()
    };
    (0..stage.hours()).map(of).collect()
}

/// Tokens of every hour of a log, whose requests are the first workload's.
fn of_log(log: &[Seen], queue: &BatchQueue) -> Vec<f64> {
    let hours = log.last().map_or(1, |last| (last.at / HOUR + 1) as usize);
    let mut tokens = vec![0.0; hours];
    for seen in log.iter().filter(|_| queue.workloads.contains(&0)) {
        tokens[(seen.at / HOUR) as usize] += seen.input;
    }
    tokens
}

/// Sums over the last `job` hours, from the hour on by whose end the first job is done: until then the queue only
/// fills. All of a horizon that is shorter waits at its end. Never empty.
fn waiting(hourly: &[f64], job: usize) -> Vec<f64> {
    let job = job.min(hourly.len());
    hourly.windows(job).map(|hours| hours.iter().sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_the_sum_of_the_last_hours() {
        let hourly: Vec<f64> = (0..100).map(f64::from).collect();
        // At the end of hour h: 24 h − (0 + … + 23), the first of them at h = 23: 276, the last at 99: 2,100.
        let found = waiting(&hourly, 24);
        assert_eq!((found.len(), found[0], found[76]), (77, 276.0, 2_100.0));
        // A job longer than the horizon: all of it waits at the end.
        assert_eq!(waiting(&[10.0, 20.0], 24), [30.0]);
    }
}
