//! The trials: batches of fixed size, merged in order, so that the same seed gives the same bytes on any
//! number of threads.

use super::draw::Assumptions;
use super::exact;
use super::invoice::{Invoice, Month, Tally, invoice};
use super::moments::Integrator;
use super::month;
use super::parallel::ordered;
use super::path::Path;
use super::stream::{Purpose, Stream};
use super::traffic::{SegmentSums, Terms, Traffic};
use crate::workload::Scenario;

/// How a month's sums come about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Estimator {
    /// From the moments of a request and the limit law of their sum.
    Fast,
    /// By drawing every request.
    Exact,
}

impl Estimator {
    /// The name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Estimator::Fast => "fast",
            Estimator::Exact => "exact",
        }
    }
}

/// How to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The seed of all random numbers.
    pub seed: u64,
    /// How many futures.
    pub trials: u32,
    /// Threads; 0 for one per core. Does not change the result.
    pub threads: usize,
    /// How a month's sums come about.
    pub estimator: Estimator,
}

/// Trials that are worked on together. It is part of the promise of equal bytes: sums are taken in batches.
const BATCH: u32 = 32;

/// What was simulated.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// How many trials.
    pub trials: usize,
    /// How many months.
    pub months: usize,
    /// Mean number of requests of each month, all workloads.
    pub requests_mean: Vec<f64>,
    /// One per route, in the order of the scenario.
    pub routes: Vec<RouteOutcome>,
}

/// What a route came to in every trial.
#[derive(Clone, Debug, Default)]
pub struct RouteOutcome {
    /// Spend in USD, trial by trial, month after month.
    pub spend: Vec<f64>,
    /// Premium in USD, in the same order.
    pub premium: Vec<f64>,
    /// Everything else, summed over trials and months.
    pub sums: OutcomeSums,
}

/// Sums over trials and months.
#[derive(Clone, Copy, Debug, Default)]
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
    /// Requests and tokens.
    pub tally: Tally,
}

impl OutcomeSums {
    fn add(&mut self, invoice: &Invoice) {
        self.input += invoice.bill.input.to_f64();
        self.cached_input += invoice.bill.cached_input.to_f64();
        self.cache_write += invoice.bill.cache_write.to_f64();
        self.output += invoice.bill.output.to_f64();
        self.tools += invoice.bill.tools.to_f64();
        self.fees += invoice.bill.fees.to_f64();
        self.tally.add(&invoice.tally);
    }

    fn merge(&mut self, other: &OutcomeSums) {
        let pairs = [
            (&mut self.input, other.input),
            (&mut self.cached_input, other.cached_input),
            (&mut self.cache_write, other.cache_write),
            (&mut self.output, other.output),
            (&mut self.tools, other.tools),
            (&mut self.fees, other.fees),
        ];
        for (own, more) in pairs {
            *own += more;
        }
        self.tally.add(&other.tally);
    }
}

/// Runs all trials of a scenario. `progress` is told how many trials a finished batch held; it is called
/// from several threads.
///
/// # Errors
/// When the operating system refuses the threads.
pub fn simulate(
    scenario: &Scenario,
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
) -> anyhow::Result<Simulation> {
    let engine = Engine::new(scenario, *options);
    let batches = options.trials.div_ceil(BATCH) as usize;
    let results = ordered(batches, options.threads, |batch| {
        let first = batch as u32 * BATCH;
        let last = (first + BATCH).min(options.trials);
        let result = engine.batch(first, last);
        progress(u64::from(last - first));
        result
    })?;
    Ok(merged(scenario, options.trials as usize, results))
}

fn merged(scenario: &Scenario, trials: usize, batches: Vec<Batch>) -> Simulation {
    let months = scenario.months.len();
    let mut requests_mean = vec![0.0; months];
    let mut routes: Vec<RouteOutcome> = vec![RouteOutcome::default(); scenario.routes.len()];
    for route in &mut routes {
        route.spend.reserve_exact(trials * months);
        route.premium.reserve_exact(trials * months);
    }
    for batch in batches {
        for (total, sum) in requests_mean.iter_mut().zip(&batch.requests) {
            *total += sum / trials as f64;
        }
        for (route, part) in routes.iter_mut().zip(batch.routes) {
            route.spend.extend(part.spend);
            route.premium.extend(part.premium);
            route.sums.merge(&part.sums);
        }
    }
    Simulation { trials, months, requests_mean, routes }
}

/// What a batch of trials came to.
struct Batch {
    requests: Vec<f64>,
    routes: Vec<RouteOutcome>,
}

/// Everything that trials share.
struct Engine<'a> {
    scenario: &'a Scenario,
    options: Options,
    assumptions: Assumptions<'a>,
    paths: Vec<Path>,
    traffic: Vec<Traffic<'a>>,
    searches: Vec<Purpose>,
    integrator: Integrator,
}

impl<'a> Engine<'a> {
    fn new(scenario: &'a Scenario, options: Options) -> Self {
        let names = || scenario.workloads.iter().map(|workload| workload.name.as_str());
        Engine {
            scenario,
            options,
            assumptions: Assumptions::new(scenario),
            paths: names().map(Path::new).collect(),
            traffic: (0..scenario.workloads.len()).map(|w| Traffic::new(scenario, w)).collect(),
            searches: names().map(|name| Purpose::named(&format!("searches {name}"))).collect(),
            integrator: Integrator::new(),
        }
    }

    fn batch(&self, first: u32, last: u32) -> Batch {
        let mut batch = Batch {
            requests: vec![0.0; self.scenario.months.len()],
            routes: vec![RouteOutcome::default(); self.scenario.routes.len()],
        };
        for trial in first..last {
            self.trial(trial, &mut batch);
        }
        batch
    }

    fn trial(&self, trial: u32, batch: &mut Batch) {
        let values = self.assumptions.values(self.options.seed, trial);
        let lives: Vec<Life<'_>> = (0..self.traffic.len()).map(|w| self.live(w, trial, &values)).collect();
        for month in 0..self.scenario.months.len() {
            let months: Vec<Month<'_>> = lives
                .iter()
                .map(|life| Month {
                    traffic: life.traffic,
                    terms: &life.terms,
                    sums: &life.months[month],
                    search_u: life.search_u[month],
                })
                .collect();
            let requests = months.iter().flat_map(|m| m.sums).map(|sums| sums.requests);
            batch.requests[month] += requests.sum::<f64>();
            for (index, route) in self.scenario.routes.iter().enumerate() {
                let days = self.scenario.months[month].days();
                let invoice = invoice(route, index, (month, days), &months, &values);
                let outcome = &mut batch.routes[index];
                outcome.spend.push(invoice.bill.total().to_f64());
                outcome.premium.push(invoice.bill.premium.to_f64());
                outcome.sums.add(&invoice);
            }
        }
    }

    /// Lives through the horizon of workload number `w` once.
    fn live(&self, w: usize, trial: u32, values: &[f64]) -> Life<'_> {
        let (seed, traffic) = (self.options.seed, &self.traffic[w]);
        let volume = &traffic.workload.volume;
        let expected = self.paths[w].expected_requests(volume, &self.scenario.months, values, seed, trial);
        let terms = traffic.terms(values);
        let stream = |month: usize| Stream::new(seed, trial, traffic.purposes[month]);
        let numbered = expected.into_iter().enumerate();
        let months = match self.options.estimator {
            Estimator::Exact => {
                numbered.map(|(m, mean)| exact::month_sums(traffic, &terms, mean, &mut stream(m))).collect()
            }
            Estimator::Fast => {
                let moments = self.integrator.moments(traffic, &terms, trial);
                numbered
                    .map(|(m, mean)| month::month_sums(traffic, &terms, &moments, mean, &mut stream(m)))
                    .collect()
            }
        };
        let mut searches = Stream::new(seed, trial, self.searches[w]);
        let search_u = self.scenario.months.iter().map(|_| searches.uniform()).collect();
        Life { traffic, terms, months, search_u }
    }
}

/// One workload's horizon in one trial.
struct Life<'a> {
    traffic: &'a Traffic<'a>,
    terms: Terms,
    months: Vec<Vec<SegmentSums>>,
    search_u: Vec<f64>,
}
