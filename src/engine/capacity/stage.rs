//! A scenario's futures, lived through on one route: the same assumptions and days as in the simulation, requests
//! drawn one by one, second by second.

use super::arrivals::{ArrivalLaw, ArrivalStream, HOUR, Rates};
use super::client::{Client, Station};
use super::course::Course;
use super::limit::{Ask, Counts, SECOND};
use super::line::{Asks, Line};
use super::request::Requests;
use super::tally::Tally;
use crate::engine::draw::{Assumptions, Points};
use crate::engine::moments::Integrator;
use crate::engine::path::Path;
use crate::engine::simulate::Options;
use crate::engine::stream::{Purpose, Stream};
use crate::engine::tariff::{Quantity, Tariff, Unit};
use crate::engine::traffic::{SegmentSums, Terms, Traffic};
use crate::workload::Scenario;

/// How long a request takes on a route.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latency {
    /// Seconds to the first token.
    pub first_token_s: f64,
    /// Seconds for a thousand prompt tokens, beside that.
    pub per_1k_input_s: f64,
    /// Output tokens per second.
    pub tokens_per_s: f64,
}

/// A route of a chain.
#[derive(Clone, Debug)]
pub struct Stop {
    /// The number of the scenario's route.
    pub route: usize,
    /// Its limits, and how often it fails.
    pub station: Station,
    /// How fast it is; 0 tokens per second is not known, and then requests take no time.
    pub latency: Latency,
    /// Whether it is provisioned units: they serve the workloads that are bought in the route's own tier.
    pub units: bool,
    /// By workload: whether it is bought in another tier than the route's.
    pub apart: Vec<bool>,
    /// Longer prompts, in the route's tokens, are not taken.
    pub longest_prompt: Option<u64>,
    /// Output tokens that every request reserves; what comes, where it is absent.
    pub max_tokens: Option<u64>,
    /// Whether a limit on tokens counts the larger of what comes and of max_tokens, instead of prompt and max_tokens.
    pub counts_larger: bool,
    /// Platform fees of every month, as a share of what tokens cost; none where it is empty.
    pub fees: Vec<f64>,
}

/// Lives through the hours of a scenario.
pub struct Stage<'a> {
    scenario: &'a Scenario,
    seed: u64,
    points: Points,
    assumptions: Assumptions<'a>,
    workloads: Vec<(Traffic<'a>, Path<'a>, ArrivalLaw)>,
    /// The first hour of every month, and the one after the last.
    months: Vec<usize>,
}

/// One future.
pub struct Future {
    /// The number of its trial.
    pub trial: u32,
    values: Vec<f64>,
    terms: Vec<Terms>,
    /// Expected requests, by workload.
    pub rates: Vec<Rates>,
}

/// A request of a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// When it came, microseconds since the hour in which the log begins.
    pub at: u64,
    /// Prompt tokens, cached ones included.
    pub input: f64,
    /// Of these, cached.
    pub cached: f64,
    /// Output tokens.
    pub output: f64,
    /// How long it took, microseconds, where the log tells.
    pub service: Option<u64>,
}

/// What came of a stretch.
#[derive(Clone, Debug)]
pub struct Lived {
    /// Counts.
    pub tally: Tally,
    /// Its worst hour.
    pub worst: Option<Course>,
}

impl<'a> Stage<'a> {
    /// The stage of the trials that a simulation of `scenario` with `options` has, on the same random numbers as those
    /// `beside` it.
    pub fn new(scenario: &'a Scenario, beside: &[&Scenario], options: &Options) -> Self {
        let points = Points::new(scenario, beside, options.seed, options.sampler);
        let workloads = scenario.workloads.iter().enumerate().map(|(index, workload)| {
            let path = Path::new(workload, &scenario.months, &points);
            let law = ArrivalLaw::new(&workload.name, &workload.arrivals, workload.sessions.as_ref());
            (Traffic::new(scenario, index), path, law)
        });
        let workloads: Vec<(Traffic<'a>, Path<'a>, ArrivalLaw)> = workloads.collect();
        let assumptions = Assumptions::new(scenario, &points);
        let ends = scenario.months.iter().scan(0, |hours, month| {
            *hours += month.days() * 24;
            Some(*hours)
        });
        let months = std::iter::once(0).chain(ends).collect();
        Stage { scenario, seed: options.seed, points, assumptions, workloads, months }
    }

    /// The hours of the horizon.
    pub fn hours(&self) -> usize {
        self.months[self.months.len() - 1]
    }

    /// The month of an hour.
    pub fn month_of(&self, hour: usize) -> usize {
        self.months.partition_point(|first| *first <= hour).saturating_sub(1)
    }

    /// The hours of a month.
    pub fn month_hours(&self, month: usize) -> std::ops::Range<usize> {
        self.months[month]..self.months[month + 1]
    }

    /// The workloads of the scenario.
    pub fn workloads(&self) -> usize {
        self.workloads.len()
    }

    /// The months of the horizon.
    pub fn months(&self) -> usize {
        self.months.len() - 1
    }

    /// What a future expects of every workload, hour by hour.
    pub fn rates(&self, trial: u32) -> Vec<Rates> {
        self.rates_of(trial, &self.assumptions.values(&self.points, trial).values)
    }

    fn rates_of(&self, trial: u32, values: &[f64]) -> Vec<Rates> {
        let first = self.scenario.workloads[0].volume.utc_offset_hours;
        let rates = self.workloads.iter().map(|(traffic, path, _)| {
            let volume = &traffic.workload.volume;
            let days = path.daily(values, (&self.points, self.seed, trial));
            Rates {
                days: days.into_iter().flatten().collect(),
                hours: volume.hours,
                shift: volume.utc_offset_hours - first,
            }
        });
        rates.collect()
    }

    /// A future.
    pub fn future(&self, trial: u32) -> Future {
        let values = self.assumptions.values(&self.points, trial).values;
        let rates = self.rates_of(trial, &values);
        let terms = self.workloads.iter().map(|(traffic, ..)| traffic.terms(&values)).collect();
        Future { trial, values, terms, rates }
    }

    /// Expected input tokens of a request on a route, by workload and month.
    pub fn input_tokens(&self, future: &Future, route: usize) -> Vec<Vec<f64>> {
        let months: Vec<usize> = (0..self.months()).collect();
        let integrator = Integrator::new();
        let of_workload = |((traffic, ..), terms): (&(Traffic<'_>, Path<'_>, ArrivalLaw), &Terms)| {
            let tariff =
                Tariff::new(traffic, &self.scenario.routes, &terms.segments, &months, &future.values);
            let sums: Vec<SegmentSums> = integrator
                .moments(traffic, terms, &tariff)
                .into_iter()
                .map(|moments| SegmentSums { requests: moments.probability, basis: moments.first })
                .collect();
            tariff.periods.iter().map(|period| period.lines[route].parts.input_tokens.of(&sums)).collect()
        };
        self.workloads.iter().zip(&future.terms).map(of_workload).collect()
    }

    /// The expected requests of an hour of a future.
    pub fn expected(&self, future: &Future, hour: usize) -> f64 {
        future.rates.iter().map(|rates| rates.of(hour)).sum()
    }

    /// Lives through the hours from `from` to before `to` on a chain of routes, after a warm-up that does not count.
    pub fn live(
        &self,
        future: &Future,
        chain: &[Stop],
        client: Client,
        weights: (Counts, f64),
        (from, to): (usize, usize),
    ) -> Lived {
        let memory = self.workloads.iter().map(|(.., law)| law.memory_hours).max().unwrap_or(0);
        let begin = from.saturating_sub(memory.max(1));
        let stations = chain.iter().map(|stop| stop.station.clone()).collect();
        let named = |name: String| Stream::new(self.seed, future.trial, Purpose::named(&name));
        let own = named(format!("clients {from}"));
        let mut line = Line::new(stations, client, weights, own, (begin as u64 * HOUR, from as u64 * HOUR));
        let mut sources: Vec<Source<'_>> = self
            .workloads
            .iter()
            .zip(&future.rates)
            .enumerate()
            .map(|(index, ((traffic, _, law), rates))| {
                let address = (self.seed, future.trial);
                let mut arrivals = ArrivalStream::new(law, rates, address, begin, to);
                let next = arrivals.next();
                let stream = named(format!("asked {} {begin}", traffic.workload.name));
                let requests = Requests::new(traffic, &future.terms[index], stream);
                let sums = SegmentSums { requests: 1.0, ..SegmentSums::empty(traffic.basis_len()) };
                Source { index, arrivals, next, requests, sums, prices: None }
            })
            .collect();
        while let Some(at) = sources.iter().filter_map(|source| source.next).min() {
            for source in &mut sources {
                while source.next == Some(at) {
                    let asks = self.asks(source, future, chain, at);
                    line.arrive(at, asks);
                    source.next = source.arrivals.next();
                }
            }
        }
        let (tally, worst) = line.finish(to as u64 * HOUR);
        Lived { tally, worst }
    }

    /// Lives through requests of a log, in the order of time, at the prices of the first month; what no log tells is
    /// as for the first workload in the middle of its assumptions.
    pub fn replay(&self, requests: &[Seen], chain: &[Stop], client: Client, weights: (Counts, f64)) -> Lived {
        let values = self.scenario.medians();
        let (traffic, ..) = &self.workloads[0];
        let terms = traffic.terms(&values);
        let tariff = Tariff::new(traffic, &self.scenario.routes, &terms.segments, &[0], &values);
        let stations = chain.iter().map(|stop| stop.station.clone()).collect();
        let own = Stream::new(self.seed, 0, Purpose::named("clients of a log"));
        let begin = requests.first().map_or(0, |first| first.at);
        let mut line = Line::new(stations, client, weights, own, (begin, begin));
        let mut end = begin;
        for seen in requests {
            let mut sums = SegmentSums { requests: 1.0, ..SegmentSums::empty(traffic.basis_len()) };
            sums.basis[0] = seen.input;
            let outputs = terms.caps.len();
            for (output, cap) in sums.basis[1..=outputs].iter_mut().zip(&terms.caps) {
                *output = seen.output.min(cap.round());
            }
            for (cached, view) in sums.basis[1 + outputs..].iter_mut().zip(&terms.views) {
                *cached = seen.cached.min(view.cut);
            }
            let segment = terms.segments.partition_point(|segment| segment.high < seen.input);
            let asks = chain.iter().map(|stop| {
                let ask = with_fees(stop, 0, ask(stop, traffic, &tariff, segment, &sums));
                Ask { service: seen.service.unwrap_or(ask.service), ..ask }
            });
            line.arrive(seen.at, asks.collect());
            end = seen.at;
        }
        // The log ends with the second of its last request.
        let (tally, worst) = line.finish((end / SECOND + 1) * SECOND);
        Lived { tally, worst }
    }

    /// Draws a request and says what it asks of every route of the chain.
    fn asks(&self, source: &mut Source<'_>, future: &Future, chain: &[Stop], at: u64) -> Asks {
        let (traffic, ..) = &self.workloads[source.index];
        let terms = &future.terms[source.index];
        let hour = (at / HOUR) as usize;
        let known = source.prices.as_ref().is_some_and(|(hours, _)| hours.contains(&hour));
        if !known {
            let month = self.month_of(hour);
            let tariff =
                Tariff::new(traffic, &self.scenario.routes, &terms.segments, &[month], &future.values);
            source.prices = Some((self.month_hours(month), tariff));
        }
        let Some((_, tariff)) = &source.prices else { return Asks::new() };
        let sums = &mut source.sums;
        source.requests.next(traffic, terms, &mut sums.basis);
        let segment = terms.segments.partition_point(|segment| segment.high < sums.basis[0]);
        let month = self.month_of(hour);
        chain.iter().map(|stop| with_fees(stop, month, ask(stop, traffic, tariff, segment, sums))).collect()
    }
}

/// A workload's requests in a stretch.
struct Source<'a> {
    index: usize,
    arrivals: ArrivalStream<'a>,
    next: Option<u64>,
    requests: Requests,
    /// The tokens of the last one.
    sums: SegmentSums,
    /// The prices of a month, and its hours.
    prices: Option<(std::ops::Range<usize>, Tariff)>,
}

/// The same with a month's platform fees on what it costs.
fn with_fees(stop: &Stop, month: usize, ask: Ask) -> Ask {
    let fees = 1.0 + stop.fees.get(month).copied().unwrap_or(0.0);
    Ask { usd: ask.usd * fees, input_usd: ask.input_usd * fees, ..ask }
}

/// What a request asks of a route.
fn ask(stop: &Stop, traffic: &Traffic<'_>, tariff: &Tariff, segment: usize, sums: &SegmentSums) -> Ask {
    let apart = stop.apart.get(traffic.index).is_some_and(|apart| *apart);
    let beyond_units = stop.units && apart;
    let line = &tariff.periods[0].lines[stop.route];
    let parts = &line.parts;
    let of = |quantity: &Quantity| {
        let unit: &Unit = &quantity.units[segment];
        quantity.in_segment(unit, sums)
    };
    let input = of(&parts.input_tokens);
    let long = stop.longest_prompt.is_some_and(|most| input.round() > most as f64);
    let served = of(&parts.served) > 0.0;
    if !served {
        // What it would have been is what a limit on long prompts counts.
        return Ask { fits: false, input: sums.basis[0], ..Ask::default() };
    }
    let output = of(&parts.output_tokens);
    // A limit counts the estimate or the answer, whichever is more.
    let reserved = stop.max_tokens.map_or(output, |most| output.max(most as f64));
    let latency = &stop.latency;
    let first = latency.first_token_s + latency.per_1k_input_s * input / 1_000.0;
    let writing = if latency.tokens_per_s > 0.0 { output / latency.tokens_per_s } else { 0.0 };
    let micros = |seconds: f64| (seconds * SECOND as f64) as u64;
    Ask {
        fits: !(long || beyond_units),
        in_window: true,
        apart,
        input,
        cached: of(&parts.cached_tokens),
        output,
        reserved,
        counted: if stop.counts_larger { reserved.max(input + output) } else { input + reserved },
        usd: of(&tariff.quantities[line.spend]),
        input_usd: of(&parts.input) + of(&parts.cached_input) + of(&parts.cache_write),
        service: micros(first + writing),
        first_token: micros(first),
    }
}
