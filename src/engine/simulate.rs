//! The trials: batches of fixed size, merged in order, so that the same seed gives the same bytes on any
//! number of threads.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::draw::{Assumptions, Points, Sampler, assumption_name, days_name, drift_name, regime_name};
use super::invoice::{Ledger, MonthFee};
use super::kernel::Arithmetic;
use super::moments::Integrator;
use super::outcome::{Batch, Items, Scatter, Simulation};
use super::parallel::ordered;
use super::path::{Expected, Path, drift_variances};
use super::source::Source;
use super::stream::{Purpose, Stream};
use super::tariff::Tariff;
use super::traffic::{Segment, SegmentSums, Traffic};
use crate::workload::{Input, Scenario, Slice, Uncertain};

/// How a month's sums come about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Estimator {
    /// From the moments of a request and the limit law of their sum.
    Fast,
    /// By drawing every request.
    Exact,
    /// The same with fused multiplications and additions: faster, with sums that differ by some 10⁻⁸ of
    /// themselves, and as reproducible.
    ExactFma,
}

impl Estimator {
    /// All of them.
    pub const ALL: [Estimator; 3] = [Estimator::Fast, Estimator::Exact, Estimator::ExactFma];

    /// The name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Estimator::Fast => "fast",
            Estimator::Exact => "exact",
            Estimator::ExactFma => "exact-fma",
        }
    }

    /// How requests are drawn, if every one is.
    pub fn drawn(self) -> Option<Arithmetic> {
        match self {
            Estimator::Fast => None,
            Estimator::Exact => Some(Arithmetic::Separate),
            Estimator::ExactFma => Some(Arithmetic::Fused),
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
    /// Where the assumptions' numbers come from.
    pub sampler: Sampler,
}

/// Trials that are worked on together. It is part of the promise of equal bytes: sums are taken in batches.
pub const BATCH: u32 = 32;

/// Runs all trials of a scenario, on the same random numbers as those `beside` it. `progress` is told how many
/// trials a finished batch held, from several threads, and says whether to go on.
///
/// # Errors
/// When the operating system refuses the threads, or `progress` said no.
pub fn simulate(
    scenario: &Scenario,
    beside: &[&Scenario],
    options: &Options,
    progress: Progress<'_>,
) -> anyhow::Result<Simulation> {
    let engine = Engine::new(scenario, beside, *options);
    let batches = engine.run(0..batches_of(options.trials), progress)?;
    Ok(engine.blank().merged(batches))
}

/// Is told how many trials a finished batch held, and says whether to go on.
pub type Progress<'a> = &'a (dyn Fn(u64) -> bool + Sync);

/// How many batches `trials` trials are.
pub fn batches_of(trials: u32) -> u32 {
    trials.div_ceil(BATCH)
}

/// The trials were stopped.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the trials were stopped")
    }
}

impl std::error::Error for Stopped {}

/// Something that is uncertain once a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drawn {
    /// An assumption: the independent score behind it, where it is correlated with others.
    Assumption(Input),
    /// The way of all volumes around what is assumed: drift, changes of regime, days.
    Paths,
}

impl Drawn {
    fn names(self, scenario: &Scenario) -> Vec<String> {
        match self {
            Drawn::Assumption(input) => vec![assumption_name(&scenario.assumptions[input.0].path)],
            Drawn::Paths => {
                let of = |workload: &crate::workload::Workload| {
                    let name = &workload.name;
                    let drifts = (1..scenario.months.len()).map(|month| drift_name(name, month));
                    drifts.chain([regime_name(name), days_name(name)]).collect::<Vec<_>>()
                };
                scenario.workloads.iter().flat_map(of).collect()
            }
        }
    }
}

/// Everything that trials share.
pub struct Engine<'a> {
    scenario: &'a Scenario,
    /// How to simulate.
    pub options: Options,
    /// Whether other scenarios are compared with this one: every trial says what its spend is made of, and requests
    /// scatter alike in all of them.
    pub compared: bool,
    points: Points,
    assumptions: Assumptions<'a>,
    workloads: Vec<Prepared<'a>>,
    /// Computes moments.
    pub integrator: Integrator,
    /// How volume scatters, where that is a known law.
    volume: Option<KnownVolume>,
    /// Of every route and month.
    fees: Vec<Vec<Vec<MonthFee>>>,
}

/// What a batch works on.
struct Desk {
    /// Of every route and month, in the trial at hand.
    ledgers: Vec<Ledger>,
    /// What the trial at hand is made of, by route, where that was asked for.
    items: Vec<Items>,
    /// Sums that wait to be billed at tariffs that all trials share: by workload, period and segment.
    unbilled: Vec<Vec<Vec<SegmentSums>>>,
}

/// A workload prepared for all trials.
struct Prepared<'a> {
    traffic: Traffic<'a>,
    path: Path<'a>,
    searches: Purpose,
    may_search: bool,
    /// For each month the first one with the same cards.
    same_cards: Vec<usize>,
    /// The tariff, where it is the same in all trials.
    tariff: Option<Tariff>,
}

/// One workload's volume as level · drift, both lognormal with known parameters.
struct KnownVolume {
    /// `None` where the level is known, or not lognormal.
    level: Option<Input>,
    level_sd: f64,
    drift_sd: Vec<f64>,
    /// Of level and drift together, month by month.
    month_sd: Vec<f64>,
}

impl<'a> Engine<'a> {
    /// Prepares a scenario, beside others that are to see the same random numbers.
    pub fn new(scenario: &'a Scenario, beside: &[&Scenario], options: Options) -> Self {
        Engine::with(scenario, Points::new(scenario, beside, options.seed, options.sampler), options)
    }

    /// The same for a scenario alone, with all that `again` names drawn a second time, independently.
    pub fn drawn_again(scenario: &'a Scenario, again: &[Drawn], options: Options) -> Self {
        let names: Vec<String> = again.iter().flat_map(|drawn| drawn.names(scenario)).collect();
        let points = Points::new(scenario, &[], options.seed, options.sampler).again(&names);
        Engine::with(scenario, points, options)
    }

    fn with(scenario: &'a Scenario, points: Points, options: Options) -> Self {
        let workloads = (0..scenario.workloads.len()).map(|w| Prepared::new(scenario, w, &points)).collect();
        Engine {
            scenario,
            options,
            compared: false,
            assumptions: Assumptions::new(scenario, &points),
            points,
            workloads,
            integrator: Integrator::new(),
            fees: scenario
                .routes
                .iter()
                .map(|route| {
                    route.fees.iter().map(|month| month.iter().map(MonthFee::from).collect()).collect()
                })
                .collect(),
            volume: KnownVolume::of(scenario).filter(|_| options.estimator.drawn().is_none()),
        }
    }

    /// The same, to be compared with other scenarios.
    pub fn compared(mut self) -> Self {
        self.compared = true;
        self
    }

    /// Runs the batches of some numbers.
    ///
    /// # Errors
    /// When the operating system refuses the threads, or `progress` said no.
    pub fn run(&self, batches: Range<u32>, progress: Progress<'_>) -> anyhow::Result<Vec<Batch>> {
        let stopped = AtomicBool::new(false);
        let results = ordered(batches.len(), self.options.threads, |at| {
            if stopped.load(Ordering::Relaxed) {
                return None;
            }
            let first = (batches.start + at as u32) * BATCH;
            let last = (first + BATCH).min(self.options.trials);
            let batch = self.batch(first, last);
            if !progress(u64::from(last - first)) {
                stopped.store(true, Ordering::Relaxed);
            }
            Some(batch)
        })?;
        let finished: Option<Vec<Batch>> = results.into_iter().collect();
        Ok(finished.ok_or(Stopped)?)
    }

    /// The assumptions of a trial, and the requests that it expects of every workload over the horizon.
    pub fn inputs_of(&self, trial: u32) -> (Vec<f64>, Vec<f64>) {
        let drawn = self.assumptions.values(&self.points, trial);
        let address = (&self.points, self.options.seed, trial);
        let requests = |workload: &Prepared<'_>| {
            let expected = workload.path.expected(&drawn.values, address);
            expected.iter().map(|month| month.requests).sum()
        };
        let requests = self.workloads.iter().map(requests).collect();
        (drawn.values, requests)
    }

    /// A simulation without trials.
    pub fn blank(&self) -> Simulation {
        let scatter = self.volume.as_ref().map(|volume| Scatter {
            level_sd: volume.level_sd,
            drift_sd: volume.drift_sd.clone(),
            level: Vec::new(),
            drift: Vec::new(),
        });
        Simulation::blank(
            self.options.sampler,
            self.scenario.months.len(),
            self.scenario.routes.len(),
            scatter,
        )
    }

    fn batch(&self, first: u32, last: u32) -> Batch {
        let (months, routes) = (self.scenario.months.len(), self.scenario.routes.len());
        let mut batch = Batch::new(months, routes, (last - first) as usize);
        let mut desk = Desk {
            ledgers: vec![Ledger::default(); routes * months],
            items: Vec::new(),
            unbilled: self.workloads.iter().map(Prepared::no_sums).collect(),
        };
        for trial in first..last {
            desk.ledgers.iter_mut().for_each(Ledger::clear);
            desk.items = vec![Items::default(); if self.compared { routes } else { 0 }];
            self.trial(trial, &mut desk, &mut batch);
        }
        for (workload, unbilled) in self.workloads.iter().zip(&desk.unbilled) {
            let periods = workload.tariff.iter().flat_map(|tariff| &tariff.periods);
            for (period, sums) in periods.zip(unbilled) {
                for (route, line) in batch.routes.iter_mut().zip(&period.lines) {
                    route.sums.bill(&line.parts, sums, 0.0);
                }
            }
        }
        batch
    }

    fn trial(&self, trial: u32, desk: &mut Desk, batch: &mut Batch) {
        let drawn = self.assumptions.values(&self.points, trial);
        let months = self.scenario.months.len();
        for (index, workload) in self.workloads.iter().enumerate() {
            let address = (&self.points, self.options.seed, trial);
            let expected = workload.path.expected(&drawn.values, address);
            if let Some(known) = &self.volume {
                batch.level.push(known.level_sd * known.level.map_or(0.0, |input| drawn.scores[input.0]));
                let drift = expected.iter().zip(&known.drift_sd);
                batch.drift.extend(drift.map(|(expected, sd)| if *sd > 0.0 { expected.drift } else { 0.0 }));
            }
            self.live(index, (trial, &drawn.values), &expected, desk, batch);
        }
        let volume_sd = |month: usize| self.volume.as_ref().map_or(0.0, |known| known.month_sd[month]);
        for (index, fees) in self.fees.iter().enumerate() {
            for (month, ledger) in desk.ledgers[index * months..(index + 1) * months].iter().enumerate() {
                let days = self.scenario.months[month].days();
                let beside = batch.routes[index].enter(ledger, &fees[month], days, volume_sd(month));
                if let Some(items) = desk.items.get_mut(index) {
                    items.enter(beside);
                }
            }
            batch.routes[index].items.extend(desk.items.get(index));
        }
    }

    /// Lives through the horizon of a workload once, and enters it into the ledgers of all routes.
    fn live(
        &self,
        index: usize,
        (trial, values): (u32, &[f64]),
        expected: &[Expected],
        desk: &mut Desk,
        batch: &mut Batch,
    ) {
        let workload = &self.workloads[index];
        let traffic = &workload.traffic;
        let terms = traffic.terms(values);
        let mut searches = Stream::new(self.options.seed, trial, workload.searches);
        let searched = if workload.may_search { expected.len() } else { 0 };
        let search_u: Vec<f64> = (0..searched).map(|_| searches.uniform()).collect();
        let own;
        let tariff = match &workload.tariff {
            Some(tariff) => tariff,
            None => {
                own = workload.tariff_of(self.scenario, &terms.segments, values);
                &own
            }
        };
        let mut source = Source::new(self, traffic, &terms, tariff);
        for (number, period) in tariff.periods.iter().enumerate() {
            for (month, mean) in expected.iter().enumerate() {
                if workload.same_cards[month] != period.month {
                    continue;
                }
                let mut stream = Stream::new(self.options.seed, trial, traffic.purposes[month]);
                let requests = source.month(mean.requests, period, &mut stream);
                batch.requests[month] += source.counted(mean.requests, requests);
                for (index, line) in period.lines.iter().enumerate() {
                    let ledger = &mut desk.ledgers[index * expected.len() + month];
                    source.enter(line, mean.requests, ledger);
                    let plan = &self.scenario.routes[index].plans[traffic.index];
                    let per_request = values[plan.searches_per_request.0];
                    if per_request > 0.0 {
                        let served = source.served(line, requests);
                        ledger.search(per_request, &plan.months[month], served, search_u[month]);
                    }
                }
            }
            let sums = source.take_sums();
            for (items, line) in desk.items.iter_mut().zip(&period.lines) {
                items.bill(&line.parts, &sums);
            }
            if workload.tariff.is_some() && terms.views.iter().all(|view| view.shortfall == 0.0) {
                desk.unbilled[index][number].iter_mut().zip(&sums).for_each(|(all, more)| all.add(more));
                continue;
            }
            for (index, line) in period.lines.iter().enumerate() {
                let shortfall = terms.views[traffic.routes[index].view].shortfall;
                batch.routes[index].sums.bill(&line.parts, &sums, shortfall);
            }
        }
    }
}

impl<'a> Prepared<'a> {
    fn new(scenario: &'a Scenario, index: usize, points: &Points) -> Self {
        let traffic = Traffic::new(scenario, index);
        let name = &traffic.workload.name;
        let plans = || scenario.routes.iter().map(|route| &route.plans[index]);
        let fixed = |input: Input| scenario.law(input).fixed();
        let months = scenario.months.len();
        let same = |a: usize, b: usize| plans().all(|plan| same_slices(&plan.months[a], &plan.months[b]));
        let mut prepared = Prepared {
            path: Path::new(traffic.workload, &scenario.months, points),
            searches: Purpose::named(&format!("searches {name}")),
            same_cards: (0..months).map(|m| (0..m).find(|&before| same(before, m)).unwrap_or(m)).collect(),
            may_search: plans().any(|plan| fixed(plan.searches_per_request) != Some(0.0)),
            tariff: None,
            traffic,
        };
        let inputs = scenario.routes.iter().flat_map(|route| {
            let plan = &route.plans[index];
            [route.discount, plan.token_factor, plan.write_share, plan.write_1h_share]
        });
        if inputs.into_iter().all(|input| fixed(input).is_some()) {
            let values: Vec<f64> = scenario.assumptions.iter().map(|a| a.law.median()).collect();
            let segments = prepared.traffic.terms(&values).segments;
            prepared.tariff = Some(prepared.tariff_of(scenario, &segments, &values));
        }
        prepared
    }

    /// Sums of nothing for every period of a tariff that all trials share.
    fn no_sums(&self) -> Vec<Vec<SegmentSums>> {
        let Some(tariff) = &self.tariff else { return Vec::new() };
        let none = vec![SegmentSums::empty(self.traffic.basis_len()); tariff.served.len()];
        vec![none; tariff.periods.len()]
    }

    /// The tariff of a trial.
    fn tariff_of(&self, scenario: &Scenario, segments: &[Segment], values: &[f64]) -> Tariff {
        let months: Vec<usize> =
            (0..self.same_cards.len()).filter(|&month| self.same_cards[month] == month).collect();
        Tariff::new(&self.traffic, &scenario.routes, segments, &months, values)
    }
}

fn same_slices(a: &[Slice], b: &[Slice]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(x, y)| x.share == y.share && (Arc::ptr_eq(&x.card, &y.card) || x.card == y.card))
}

impl KnownVolume {
    /// The volume of a scenario with one workload, if it scatters by independent lognormals. A level or drift of
    /// another kind stays among what is drawn.
    fn of(scenario: &Scenario) -> Option<Self> {
        let [workload] = scenario.workloads.as_slice() else { return None };
        let volume = &workload.volume;
        let input = volume.requests_per_day;
        let alone = !scenario.dependence.inputs.contains(&input);
        let (level, level_sd) = match scenario.law(input) {
            Uncertain::LogNormal { sigma, .. } if alone => (Some(input), *sigma),
            _ => (None, 0.0),
        };
        let drift_sd = scenario.law(volume.drift_sd).fixed().unwrap_or(0.0);
        let variances = drift_variances(volume, scenario.months.len(), drift_sd);
        let drift_sd: Vec<f64> = variances.into_iter().map(libm::sqrt).collect();
        let month_sd = drift_sd.iter().map(|drift| libm::hypot(level_sd, *drift)).collect();
        Some(KnownVolume { level, level_sd, drift_sd, month_sd })
    }
}
