//! The trials: batches of fixed size, merged in order, so that the same seed gives the same bytes on any
//! number of threads.

use std::sync::Arc;

use super::draw::{Assumptions, Points, Sampler};
use super::invoice::Ledger;
use super::moments::Integrator;
use super::outcome::{Batch, Scatter, Simulation};
use super::parallel::ordered;
use super::path::{Expected, Path, drift_variances};
use super::source::Source;
use super::stream::{Purpose, Stream};
use super::tariff::Tariff;
use super::traffic::{Segment, Traffic};
use crate::workload::{Input, Scenario, Slice, Uncertain};

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
    /// Where the assumptions' numbers come from.
    pub sampler: Sampler,
}

/// Trials that are worked on together. It is part of the promise of equal bytes: sums are taken in batches.
pub const BATCH: u32 = 64;

/// Runs all trials of a scenario, on the same random numbers as those `beside` it. `progress` is told how many
/// trials a finished batch held; it is called from several threads.
///
/// # Errors
/// When the operating system refuses the threads.
pub fn simulate(
    scenario: &Scenario,
    beside: &[&Scenario],
    options: &Options,
    progress: &(dyn Fn(u64) + Sync),
) -> anyhow::Result<Simulation> {
    let engine = Engine::new(scenario, beside, *options);
    let batches = options.trials.div_ceil(BATCH) as usize;
    let results = ordered(batches, options.threads, |batch| {
        let first = batch as u32 * BATCH;
        let last = (first + BATCH).min(options.trials);
        let result = engine.batch(first, last);
        progress(u64::from(last - first));
        result
    })?;
    Ok(Simulation::merged(engine.blank(), results))
}

/// Everything that trials share.
pub struct Engine<'a> {
    scenario: &'a Scenario,
    /// How to simulate.
    pub options: Options,
    points: Points,
    assumptions: Assumptions<'a>,
    workloads: Vec<Prepared<'a>>,
    /// Computes moments.
    pub integrator: Integrator,
    /// How volume scatters, where that is a known law.
    volume: Option<KnownVolume>,
}

/// A workload prepared for all trials.
struct Prepared<'a> {
    traffic: Traffic<'a>,
    path: Path,
    searches: Purpose,
    may_search: bool,
    /// For each month the first one with the same cards.
    same_cards: Vec<usize>,
    /// The tariffs of months with their own cards, where they are the same in all trials.
    tariffs: Option<Vec<(usize, Tariff)>>,
}

/// One workload's volume as level · drift, both lognormal with known parameters.
struct KnownVolume {
    /// `None` where the level is known, or not lognormal.
    level: Option<Input>,
    level_sd: f64,
    drift_sd: Vec<f64>,
}

impl<'a> Engine<'a> {
    fn new(scenario: &'a Scenario, beside: &[&Scenario], options: Options) -> Self {
        let points = Points::new(scenario, beside, options.seed, options.sampler);
        let workloads = (0..scenario.workloads.len()).map(|w| Prepared::new(scenario, w, &points)).collect();
        Engine {
            scenario,
            options,
            assumptions: Assumptions::new(scenario, &points),
            points,
            workloads,
            integrator: Integrator::new(),
            volume: KnownVolume::of(scenario).filter(|_| options.estimator == Estimator::Fast),
        }
    }

    fn blank(&self) -> Simulation {
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
        let mut batch = Batch::new(self.scenario.months.len(), self.scenario.routes.len());
        for trial in first..last {
            self.trial(trial, &mut batch);
        }
        batch
    }

    fn trial(&self, trial: u32, batch: &mut Batch) {
        let drawn = self.assumptions.values(&self.points, trial);
        let months = self.scenario.months.len();
        let mut ledgers = vec![Ledger::default(); self.scenario.routes.len() * months];
        for workload in &self.workloads {
            let volume = &workload.traffic.workload.volume;
            let address = (&self.points, self.options.seed, trial);
            let expected = workload.path.expected(volume, &self.scenario.months, &drawn.values, address);
            if let Some(known) = &self.volume {
                batch.level.push(known.level_sd * known.level.map_or(0.0, |input| drawn.scores[input.0]));
                let drift = expected.iter().zip(&known.drift_sd);
                batch.drift.extend(drift.map(|(expected, sd)| if *sd > 0.0 { expected.drift } else { 0.0 }));
            }
            self.live(workload, (trial, &drawn.values), &expected, &mut ledgers, batch);
        }
        let volume_sd = |month: usize| {
            self.volume.as_ref().map_or(0.0, |known| libm::hypot(known.level_sd, known.drift_sd[month]))
        };
        for (index, route) in self.scenario.routes.iter().enumerate() {
            for (month, ledger) in ledgers[index * months..(index + 1) * months].iter().enumerate() {
                let days = self.scenario.months[month].days();
                batch.routes[index].enter(ledger, &route.fees[month], days, volume_sd(month));
            }
        }
    }

    /// Lives through the horizon of a workload once, and enters it into the ledgers of all routes.
    fn live(
        &self,
        workload: &Prepared<'_>,
        (trial, values): (u32, &[f64]),
        expected: &[Expected],
        ledgers: &mut [Ledger],
        batch: &mut Batch,
    ) {
        let traffic = &workload.traffic;
        let terms = traffic.terms(values);
        let mut searches = Stream::new(self.options.seed, trial, workload.searches);
        let search_u: Vec<f64> =
            expected.iter().map(|_| if workload.may_search { searches.uniform() } else { 0.5 }).collect();
        let own;
        let tariffs = match &workload.tariffs {
            Some(tariffs) => tariffs,
            None => {
                own = workload.tariffs_of(self.scenario, &terms.segments, values);
                &own
            }
        };
        for (group, tariff) in tariffs {
            let mut source = Source::new(self, traffic, &terms, tariff);
            for (month, mean) in expected.iter().enumerate() {
                if workload.same_cards[month] != *group {
                    continue;
                }
                let mut stream = Stream::new(self.options.seed, trial, traffic.purposes[month]);
                let requests = source.month(mean.requests, &mut stream);
                batch.requests[month] += source.counted(mean.requests, requests);
                for (index, line) in tariff.lines.iter().enumerate() {
                    let ledger = &mut ledgers[index * expected.len() + month];
                    source.enter(line, mean.requests, ledger);
                    let plan = &self.scenario.routes[index].plans[traffic.index];
                    let per_request = values[plan.searches_per_request.0];
                    if per_request > 0.0 {
                        ledger.search(
                            per_request,
                            &plan.months[month],
                            source.served(line, requests),
                            search_u[month],
                        );
                    }
                }
            }
            let sums = source.sums();
            for (index, line) in tariff.lines.iter().enumerate() {
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
            path: Path::new(name, months, points),
            searches: Purpose::named(&format!("searches {name}")),
            same_cards: (0..months).map(|m| (0..m).find(|&before| same(before, m)).unwrap_or(m)).collect(),
            may_search: plans().any(|plan| fixed(plan.searches_per_request) != Some(0.0)),
            tariffs: None,
            traffic,
        };
        let inputs = scenario.routes.iter().flat_map(|route| {
            let plan = &route.plans[index];
            [route.discount, plan.token_factor, plan.write_share]
        });
        if inputs.into_iter().all(|input| fixed(input).is_some()) {
            let values: Vec<f64> = scenario.assumptions.iter().map(|a| a.law.median()).collect();
            let segments = prepared.traffic.terms(&values).segments;
            prepared.tariffs = Some(prepared.tariffs_of(scenario, &segments, &values));
        }
        prepared
    }

    /// The tariff of every month with cards of its own.
    fn tariffs_of(&self, scenario: &Scenario, segments: &[Segment], values: &[f64]) -> Vec<(usize, Tariff)> {
        let groups = (0..self.same_cards.len()).filter(|&month| self.same_cards[month] == month);
        groups
            .map(|month| (month, Tariff::new(&self.traffic, &scenario.routes, segments, month, values)))
            .collect()
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
        Some(KnownVolume { level, level_sd, drift_sd: variances.into_iter().map(libm::sqrt).collect() })
    }
}
