//! What trials came to: kept trial by trial where quantiles need it, summed where means do.

use super::draw::Sampler;
use super::tariff::{Parts, Quantity};
use super::traffic::SegmentSums;

/// What was simulated.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// How many trials.
    pub trials: usize,
    /// How many months.
    pub months: usize,
    /// Where the assumptions' numbers came from.
    pub sampler: Sampler,
    /// Requests of each month over all trials, all workloads.
    pub requests: Vec<f64>,
    /// One per route, in the order of the scenario.
    pub routes: Vec<RouteOutcome>,
    /// How volume scatters, where its law is known and so can be integrated out.
    pub scatter: Option<Scatter>,
}

/// How volume scatters around its median: level · drift, both lognormal.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// Standard deviation of the logarithm of the level.
    pub level_sd: f64,
    /// Standard deviation of the logarithm of each month's drift.
    pub drift_sd: Vec<f64>,
    /// The logarithm of the level over its median, trial by trial.
    pub level: Vec<f64>,
    /// The drift of the log level, trial by trial, month after month.
    pub drift: Vec<f64>,
}

/// What a route came to in every trial. Lists hold trial by trial, month after month.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteOutcome {
    /// Spend, USD.
    pub spend: Vec<f64>,
    /// Premium, USD.
    pub premium: Vec<f64>,
    /// What is expected of spend and premium given the trial's assumptions and path.
    pub expected: Expectations,
    /// What each trial's spend is expected to be made of, where that was asked for.
    pub items: Vec<Items>,
    /// Everything else, summed over trials and months.
    pub sums: OutcomeSums,
    /// What capacity leaves unserved, where it is a part of the spend.
    pub unserved: Unserved,
    /// The relative standard error of what is then paid by the token: hours are sampled.
    pub sampling_error: f64,
}

/// Shares of what a route's window takes and its capacity does not serve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Unserved {
    /// Of the requests.
    pub requests: f64,
    /// Of their input tokens.
    pub tokens: f64,
}

/// What a trial's spend over the horizon is expected to be made of, USD.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Items {
    /// Uncached input.
    pub input: f64,
    /// Cached input.
    pub cached_input: f64,
    /// Cache writes.
    pub cache_write: f64,
    /// Output.
    pub output: f64,
    /// Tools.
    pub tools: f64,
    /// Fees.
    pub fees: f64,
    /// Provisioned capacity.
    pub capacity: f64,
}

impl Items {
    /// Makes what is paid by the token `scale` times as much.
    pub fn scale(&mut self, scale: f64) {
        let Items { input, cached_input, cache_write, output, tools, fees, capacity: _ } = self;
        for usd in [input, cached_input, cache_write, output, tools, fees] {
            *usd *= scale;
        }
    }

    /// Adds what a route is billed for the tokens of a workload.
    pub fn bill(&mut self, parts: &Parts, sums: &[SegmentSums]) {
        self.input += parts.input.of(sums);
        self.cached_input += parts.cached_input.of(sums);
        self.cache_write += parts.cache_write.of(sums);
        self.output += parts.output.of(sums);
    }

    /// Adds what a month has beside its tokens.
    pub fn enter(&mut self, beside: BesideTokens) {
        self.tools += beside.tools;
        self.fees += beside.fees;
    }
}

/// What a month of a trial costs beside its tokens, USD.
#[derive(Clone, Copy, Debug)]
pub struct BesideTokens {
    /// Tools.
    pub tools: f64,
    /// Fees on what is expected.
    pub fees: f64,
}

/// Conditional means of spend and premium, and how months scatter around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectations {
    /// E[spend], USD.
    pub spend: Vec<f64>,
    /// E[premium], USD.
    pub premium: Vec<f64>,
    /// Variance over mean of spend, USD: it does not depend on the volume. Negative where its limit law is so skewed
    /// that it may only stand for few trials; NaN where the month does not follow one, or is not proportional to its
    /// volume.
    pub spend_noise: Vec<f64>,
    /// The same of the premium.
    pub premium_noise: Vec<f64>,
}

/// Requests and tokens beside the money, of one month or summed over many.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Requests that were served.
    pub served: f64,
    /// Requests that were refused for their length.
    pub rejected: f64,
    /// Requests whose prompt was cut.
    pub truncated: f64,
    /// Served requests above the base band.
    pub crossing: f64,
    /// What those cost, tokens only.
    pub crossing_usd: f64,
    /// Input tokens that were billed.
    pub input_tokens: f64,
    /// Of these, cached.
    pub cached_tokens: f64,
    /// Tokens that should have been cached by the stated hit rate, and could not be.
    pub unreached_tokens: f64,
    /// Input tokens of refused requests.
    pub rejected_tokens: f64,
    /// Output tokens that were billed.
    pub output_tokens: f64,
}

impl Tally {
    /// The tally of a route's sums; `shortfall` is the share of input tokens that its cache cannot reach.
    fn of(parts: &Parts, sums: &[SegmentSums], shortfall: f64) -> Self {
        let input_tokens = parts.input_tokens.of(sums);
        Tally {
            served: parts.served.of(sums),
            rejected: parts.rejected.of(sums),
            truncated: parts.truncated.of(sums),
            crossing: parts.crossing.of(sums),
            crossing_usd: parts.crossing_usd.of(sums),
            input_tokens,
            cached_tokens: parts.cached_tokens.of(sums),
            unreached_tokens: input_tokens * shortfall,
            rejected_tokens: parts.rejected_tokens.of(sums),
            output_tokens: parts.output_tokens.of(sums),
        }
    }
}

/// Sums over trials and months.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OutcomeSums {
    /// Uncached input, USD.
    pub input: f64,
    /// Cached input, USD.
    pub cached_input: f64,
    /// Cache writes, USD.
    pub cache_write: f64,
    /// Output, USD.
    pub output: f64,
    /// Tools, USD.
    pub tools: f64,
    /// Fees, USD.
    pub fees: f64,
    /// Provisioned capacity, USD.
    pub capacity: f64,
    /// Requests and tokens.
    pub tally: Tally,
}

/// How many numbers sums are.
const SUMS: usize = 17;

impl OutcomeSums {
    /// Adds what a route is billed for the sums of a workload.
    pub fn bill(&mut self, parts: &Parts, sums: &[SegmentSums], shortfall: f64) {
        let of = |quantity: &Quantity| quantity.of(sums);
        self.input += of(&parts.input);
        self.cached_input += of(&parts.cached_input);
        self.cache_write += of(&parts.cache_write);
        self.output += of(&parts.output);
        let tally = OutcomeSums { tally: Tally::of(parts, sums, shortfall), ..OutcomeSums::default() };
        self.add(&tally);
    }

    /// Adds other sums, figure by figure.
    pub fn add(&mut self, other: &OutcomeSums) {
        let (own, more) = (self.numbers(), other.numbers());
        *self = OutcomeSums::from_numbers(std::array::from_fn(|at| own[at] + more[at]));
    }

    fn numbers(&self) -> [f64; SUMS] {
        let t = &self.tally;
        [
            self.input,
            self.cached_input,
            self.cache_write,
            self.output,
            self.tools,
            self.fees,
            self.capacity,
            t.served,
            t.rejected,
            t.truncated,
            t.crossing,
            t.crossing_usd,
            t.input_tokens,
            t.cached_tokens,
            t.unreached_tokens,
            t.rejected_tokens,
            t.output_tokens,
        ]
    }

    fn from_numbers(n: [f64; SUMS]) -> Self {
        let [
            input,
            cached_input,
            cache_write,
            output,
            tools,
            fees,
            capacity,
            served,
            rejected,
            truncated,
            crossing,
            ..,
        ] = n;
        let [.., crossing_usd, input_tokens, cached_tokens, unreached_tokens, rejected_tokens, output_tokens] =
            n;
        let tally = Tally {
            served,
            rejected,
            truncated,
            crossing,
            crossing_usd,
            input_tokens,
            cached_tokens,
            unreached_tokens,
            rejected_tokens,
            output_tokens,
        };
        OutcomeSums { input, cached_input, cache_write, output, tools, fees, capacity, tally }
    }
}

/// What a batch of trials came to: the unit in which results are merged, always in the same order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Requests of each month, summed over the trials.
    pub requests: Vec<f64>,
    /// One per route.
    pub routes: Vec<RouteOutcome>,
    /// See [`Scatter::level`].
    pub level: Vec<f64>,
    /// See [`Scatter::drift`].
    pub drift: Vec<f64>,
}

impl Batch {
    /// Nothing yet, with room for `trials` trials.
    pub fn new(months: usize, routes: usize, trials: usize) -> Self {
        let route = || {
            let mut route = RouteOutcome::default();
            route.lists_mut().into_iter().for_each(|list| list.reserve_exact(trials * months));
            route
        };
        Batch {
            requests: vec![0.0; months],
            routes: (0..routes).map(|_| route()).collect(),
            level: Vec::with_capacity(trials),
            drift: Vec::with_capacity(trials * months),
        }
    }

    /// All of it as numbers, for a file.
    pub fn numbers(&self) -> Vec<f64> {
        let mut numbers = self.requests.clone();
        numbers.extend(self.level.iter().chain(&self.drift));
        for route in &self.routes {
            route.lists().into_iter().for_each(|list| numbers.extend(list));
            numbers.extend(route.sums.numbers());
        }
        numbers
    }

    /// The batch of `trials` trials behind its numbers; `None` if there are too many or too few.
    pub fn from_numbers(numbers: &[f64], trials: usize, blank: &Simulation) -> Option<Self> {
        let (months, mut rest) = (blank.months, numbers);
        let mut take = |count: usize| {
            let (taken, left) = rest.split_at_checked(count)?;
            rest = left;
            Some(taken.to_vec())
        };
        let mut batch = Batch { requests: take(months)?, ..Batch::default() };
        if blank.scatter.is_some() {
            (batch.level, batch.drift) = (take(trials)?, take(trials * months)?);
        }
        for _ in &blank.routes {
            let mut route = RouteOutcome::default();
            for list in route.lists_mut() {
                *list = take(trials * months)?;
            }
            route.sums = OutcomeSums::from_numbers(take(SUMS)?.try_into().ok()?);
            batch.routes.push(route);
        }
        rest.is_empty().then_some(batch)
    }
}

impl RouteOutcome {
    fn lists(&self) -> [&Vec<f64>; 6] {
        let e = &self.expected;
        [&self.spend, &self.premium, &e.spend, &e.premium, &e.spend_noise, &e.premium_noise]
    }

    fn lists_mut(&mut self) -> [&mut Vec<f64>; 6] {
        let e = &mut self.expected;
        [
            &mut self.spend,
            &mut self.premium,
            &mut e.spend,
            &mut e.premium,
            &mut e.spend_noise,
            &mut e.premium_noise,
        ]
    }
}

impl Simulation {
    /// A simulation without trials.
    pub fn blank(sampler: Sampler, months: usize, routes: usize, scatter: Option<Scatter>) -> Self {
        Simulation {
            trials: 0,
            months,
            sampler,
            requests: vec![0.0; months],
            routes: vec![RouteOutcome::default(); routes],
            scatter,
        }
    }

    /// Joins batches, in their order, to what is not there yet.
    pub fn merged(mut self, batches: Vec<Batch>) -> Self {
        let length = |batch: &Batch| batch.routes.first().map_or(0, |route| route.spend.len());
        let more = batches.iter().map(length).sum();
        for list in self.routes.iter_mut().flat_map(RouteOutcome::lists_mut) {
            list.reserve(more);
        }
        for batch in batches {
            for (total, sum) in self.requests.iter_mut().zip(&batch.requests) {
                *total += sum;
            }
            if let Some(scatter) = &mut self.scatter {
                scatter.level.extend(batch.level);
                scatter.drift.extend(batch.drift);
            }
            for (route, mut part) in self.routes.iter_mut().zip(batch.routes) {
                for (list, more) in route.lists_mut().into_iter().zip(part.lists_mut()) {
                    list.append(more);
                }
                route.items.append(&mut part.items);
                route.sums.add(&part.sums);
            }
        }
        self.trials = self.routes.first().map_or(0, |route| route.spend.len() / self.months.max(1));
        self
    }

    /// Mean number of requests of a month, all workloads.
    pub fn requests_mean(&self, month: usize) -> f64 {
        self.requests[month] / self.trials.max(1) as f64
    }
}
