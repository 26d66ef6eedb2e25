//! Spend by session: how well the sessions of one half of the users foretell those of the other.
//!
//! Sessions are few and their costs scatter by more than their mean, so what limits a forecast is how little the
//! known ones say of the law of all. Drawing the known sessions anew with the weights of a Bayesian bootstrap
//! (Rubin, Annals of Statistics 1981), that is Dirichlet(1, …, 1), counts both: which sessions there will be, and
//! that others than the known ones could have been seen.

use std::collections::HashMap;
use std::sync::Arc;

use super::Record;
use super::backtest::{FAN, Options, Origin, Task};
use super::score::{Score, quantile};
use super::series::{Collector, Series};
use crate::engine::{Purpose, Stream, ordered};

/// How often the sessions are split.
const SPLITS: usize = 200;
/// More sessions than these are not drawn anew one by one.
const MOST_RESAMPLED: usize = 1_000;

/// What a log spends, over time or by session.
pub struct Spending {
    collector: Collector,
    sessions: HashMap<Arc<str>, (Session, i64)>,
    /// Requests that belong to no session.
    single: u64,
}

/// A log as what it can be forecast from.
pub enum Spent {
    /// Its totals over time.
    Series(Series),
    /// Its sessions, whose times all begin anew.
    Sessions(Vec<Session>),
}

/// Sessions have no common clock if so many of them begin within a minute of each other.
const BEGIN_ANEW: f64 = 0.9;
/// Fewer sessions than this say nothing about clocks.
const LEAST_SESSIONS: usize = 5;

/// Whether sessions that begin at these times, milliseconds, have no common clock.
pub fn begin_anew(firsts: impl Iterator<Item = i64> + Clone) -> bool {
    let earliest = firsts.clone().min().unwrap_or(0);
    let (count, early) = firsts
        .fold((0, 0), |(count, early), first| (count + 1, early + usize::from(first - earliest < 60_000)));
    count >= LEAST_SESSIONS && early as f64 >= BEGIN_ANEW * count as f64
}

impl Spending {
    /// Collected in bins of `bin_ms`.
    pub fn new(bin_ms: i64) -> Self {
        Spending { collector: Collector::new(bin_ms), sessions: HashMap::new(), single: 0 }
    }

    /// Adds a record that cost `usd`.
    pub fn add(&mut self, record: &Record, usd: f64) {
        self.collector.add(record.at_ms, record.span_ms, record.requests as f64, usd);
        let Some(name) = &record.session else {
            self.single += 1;
            return;
        };
        if !self.sessions.contains_key(name) {
            self.sessions.insert(name.clone(), (Session::default(), record.at_ms));
        }
        if let Some((session, first)) = self.sessions.get_mut(name) {
            session.cost += usd;
            session.requests += record.requests as f64;
            session.squares += usd * usd;
            *first = (*first).min(record.at_ms);
        }
    }

    /// The sessions if their times all begin anew, in order of name; else the totals over time.
    ///
    /// # Errors
    /// As [`Collector::series`].
    pub fn finish(self) -> Result<Spent, String> {
        let mut sessions: Vec<(Arc<str>, (Session, i64))> = self.sessions.into_iter().collect();
        sessions.sort_by(|a, b| a.0.cmp(&b.0));
        if self.single == 0 && begin_anew(sessions.iter().map(|(_, (_, first))| *first)) {
            return Ok(Spent::Sessions(sessions.into_iter().map(|(_, (session, _))| session).collect()));
        }
        Ok(Spent::Series(self.collector.series(true)?))
    }
}

/// The cost of a session, and of its requests.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The sum, USD.
    pub cost: f64,
    /// How many requests it has.
    pub requests: f64,
    /// The sum of their squared costs.
    pub squares: f64,
}

/// Splits the sessions at random, again and again, and forecasts the spend of one half from the other.
///
/// # Errors
/// A sentence, where there are too few sessions.
pub fn halves(name: &str, sessions: &[Session], options: &Options) -> Result<Task, String> {
    if sessions.len() < 20 {
        return Err(format!("{} sessions are too few to be split: 20 are the least", sessions.len()));
    }
    let forecast = |split: usize| split_once(sessions, split as u32, options);
    let forecasts = ordered(SPLITS, options.threads, forecast).map_err(|error| format!("{error:#}"))?;
    let mut task = Task {
        name: name.to_owned(),
        horizon: "other half of the sessions".to_owned(),
        bin: None,
        model: Score::default(),
        baselines: ["poisson_requests", "session_bootstrap"].map(|name| (name, Score::default())).to_vec(),
        origins: Vec::new(),
    };
    for (split, (spent, draws)) in forecasts.into_iter().enumerate() {
        task.model.add(&draws[0], spent);
        task.baselines.iter_mut().zip(&draws[1..]).for_each(|((_, score), draws)| score.add(draws, spent));
        task.origins.push(Origin { at_ms: split as i64, spent, fan: FAN.map(|p| quantile(&draws[0], p)) });
    }
    Ok(task)
}

/// What one half spent, and draws of it from the other: the model's, and those of independent requests and of
/// sessions drawn anew with equal weights.
fn split_once(sessions: &[Session], split: u32, options: &Options) -> (f64, [Vec<f64>; 3]) {
    let mut stream = Stream::new(options.seed, split, Purpose::named("split of sessions"));
    let mut order: Vec<usize> = (0..sessions.len()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, (stream.uniform() * (at + 1) as f64) as usize);
    }
    let (known, other) = order.split_at(order.len() / 2);
    let spent: f64 = other.iter().map(|at| sessions[*at].cost).sum();
    let known: Vec<&Session> = known.iter().map(|at| &sessions[*at]).collect();
    let count = options.draws as usize;
    let sorted = |mut draws: Vec<f64>| {
        draws.sort_by(f64::total_cmp);
        draws
    };
    let costs: Vec<f64> = known.iter().map(|session| session.cost).collect();
    let scale = other.len() as f64 / known.len() as f64;
    let expected = scale * costs.iter().sum::<f64>();
    let mut normals = |sd: f64| sorted((0..count).map(|_| expected + sd * stream.normal()).collect());
    let [weighted, plain] = if costs.len() > MOST_RESAMPLED {
        // Sums of so many are normal: of the sessions to come, and of what is not known of their mean.
        let mean = costs.iter().sum::<f64>() / costs.len() as f64;
        let squares: f64 = costs.iter().map(|cost| (cost - mean) * (cost - mean)).sum();
        let to_come = libm::sqrt(scale * squares);
        [normals(to_come * libm::sqrt(1.0 + scale)), normals(to_come)]
    } else {
        let equal: Vec<f64> = (1..=costs.len()).map(|rank| rank as f64 / costs.len() as f64).collect();
        let mut anew = |flat: bool| {
            let draw = |_| {
                let weights = if flat { equal.clone() } else { dirichlet(costs.len(), &mut stream) };
                resampled(&costs, other.len(), &weights, &mut stream)
            };
            sorted((0..count).map(draw).collect())
        };
        [anew(false), anew(true)]
    };
    let sd = libm::sqrt(scale * known.iter().map(|session| session.squares).sum::<f64>());
    let independent = sorted((0..count).map(|_| expected + sd * stream.normal()).collect());
    (spent, [weighted, independent, plain])
}

/// Cumulative weights of a flat Dirichlet law: sums of exponential gaps.
fn dirichlet(count: usize, stream: &mut Stream) -> Vec<f64> {
    let mut sum = 0.0;
    let mut cumulative: Vec<f64> = (0..count)
        .map(|_| {
            sum -= libm::log(stream.uniform());
            sum
        })
        .collect();
    cumulative.iter_mut().for_each(|weight| *weight /= sum);
    cumulative
}

/// The sum of `count` costs drawn by cumulative weights.
fn resampled(costs: &[f64], count: usize, cumulative: &[f64], stream: &mut Stream) -> f64 {
    let draw = |u: f64| costs[cumulative.partition_point(|weight| *weight < u).min(costs.len() - 1)];
    (0..count).map(|_| draw(stream.uniform())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_sessions_that_scatter_are_held_as_often_as_stated() {
        let mut stream = Stream::new(3, 0, Purpose::named("invented sessions"));
        let session = |_| {
            let cost = libm::exp(stream.normal());
            Session { cost, requests: 10.0, squares: cost * cost / 10.0 }
        };
        let sessions: Vec<Session> = (0..300).map(session).collect();
        let options = Options { draws: 400, seed: 1, threads: 1 };
        let task = halves("t", &sessions, &options).unwrap();
        let [_, _, ninety, _] = task.model.coverage();
        // The standard error of a share of 200 is 2.1 points; the halves of one list are not independent.
        assert!((0.82..0.97).contains(&ninety), "{ninety}");
        let (_, independent) = &task.baselines[0];
        assert!(independent.coverage()[2] < 0.6, "single requests are far too sure");
        assert!(halves("t", &sessions[..10], &options).is_err());
    }
}
