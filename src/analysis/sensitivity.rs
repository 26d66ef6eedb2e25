//! What moves the answer: a tornado of assumptions and prices, Sobol' indices, the share of variance of each layer of
//! the model, and what the inputs were in the worst trials.

use super::distribution::mean_error;
use super::indices::{Indices, indices};
use super::outcome::{Ranked, spends, totals};
use super::summary::{Figure, Summary, quantile};
use crate::domain::normal;
use crate::engine::{Drawn, Engine, Items, Options, RouteOutcome, Simulation, batches_of};
use crate::workload::{Input, Scenario, Uncertain};

/// Everything that was found, route by route.
#[derive(Clone, Debug)]
pub struct Sensitivity {
    /// One per route, in the order of the scenario.
    pub routes: Vec<RouteSensitivity>,
    /// How many scenarios were simulated.
    pub runs: usize,
}

/// What moves a route's spend.
#[derive(Clone, Debug)]
pub struct RouteSensitivity {
    /// The route's label.
    pub label: String,
    /// Its spend over the horizon, USD.
    pub spend: Summary,
    /// What happens at both ends of every assumption and price, the widest first.
    pub tornado: Vec<Swing>,
    /// Of every assumption and of the paths; empty where nothing is uncertain.
    pub indices: Vec<(String, Indices)>,
    /// Shares of the variance of spend.
    pub layers: Layers,
    /// The inputs of the worst trials, the most moved first.
    pub worst: Vec<WorstInput>,
}

/// A driver at its low and its high end.
#[derive(Clone, Debug, PartialEq)]
pub struct Swing {
    /// The assumption's path, or the price's name.
    pub name: String,
    /// What kind of driver it is.
    pub driver: Driver,
    /// The values at both ends: P10 and P90 of an assumption, the factors on a price.
    pub ends: [f64; 2],
    /// The assumption's unit.
    pub unit: &'static str,
    /// Spend over the horizon at both ends, less that of the base, by the number of the figure, USD.
    change: [[f64; 2]; Figure::ALL.len()],
}

impl Swing {
    /// What a figure of spend over the horizon is at both ends, less what it is in the base, USD.
    pub fn change(&self, figure: Figure) -> [f64; 2] {
        self.change[figure as usize]
    }

    /// How far a figure moves between both ends, USD.
    pub fn width(&self, figure: Figure) -> f64 {
        let [low, high] = self.change(figure);
        (high - low).abs()
    }

    /// Whether it moves any of the figures that are told.
    fn moves(&self) -> bool {
        [Figure::Mean, Figure::P50, Figure::P90].iter().any(|figure| self.change(*figure) != [0.0; 2])
    }
}

/// What kind of driver something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// How the service is used.
    Usage,
    /// What it costs.
    Price,
}

/// Shares of the variance of spend over the horizon, by the layers of the model. They sum to 1, where it varies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Layers {
    /// Of the assumptions.
    pub assumptions: f64,
    /// Of drift, changes of regime and days around what was assumed, and their interplay with it.
    pub paths: f64,
    /// Of requests that come in sessions, beyond what they would scatter alone.
    pub clusters: f64,
    /// Of single requests.
    pub requests: f64,
    /// The standard deviation of spend, USD.
    pub sd: f64,
}

/// An input in the worst trials.
#[derive(Clone, Debug, PartialEq)]
pub struct WorstInput {
    /// The assumption's path, or `requests of WORKLOAD over the horizon`.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// Its mean over all trials.
    pub usual: f64,
    /// Its mean over the worst ones.
    pub worst: f64,
    /// How far that is apart, in standard deviations.
    pub shift: f64,
}

/// The share of trials that are the worst.
const WORST: f64 = 0.05;

/// Studies a scenario. Prices move by `price_change` up and down, 0.1 for a tenth. `go_on` is asked between batches.
///
/// # Errors
/// When the operating system refuses the threads, or `go_on` said no.
pub fn sensitivity(
    scenario: &Scenario,
    options: Options,
    price_change: f64,
    go_on: &(dyn Fn(u64) -> bool + Sync),
) -> anyhow::Result<Sensitivity> {
    let run = |engine: Engine<'_>| -> anyhow::Result<Simulation> {
        let batches = engine.run(0..batches_of(options.trials), go_on)?;
        Ok(engine.blank().merged(batches))
    };
    let again = |drawn: &[Drawn]| run(Engine::drawn_again(scenario, drawn, options));
    let base_engine = Engine::drawn_again(scenario, &[], options).compared();
    let batches = base_engine.run(0..batches_of(options.trials), go_on)?;
    let base = base_engine.blank().merged(batches);
    let uncertain: Vec<Input> = (0..scenario.assumptions.len())
        .map(Input)
        .filter(|input| scenario.law(*input).fixed().is_none())
        .collect();
    let every = inputs_of(scenario, &uncertain);
    let second = again(&every.concat())?;
    let mixed: Vec<Simulation> = every.iter().map(|drawn| again(drawn)).collect::<Result<_, _>>()?;
    let ends = uncertain.iter().map(|input| swings(scenario, *input, options, go_on));
    let ends: Vec<[(f64, Vec<Ranked>); 2]> = ends.collect::<Result<_, _>>()?;
    let alone = scenario.workloads.iter().any(|workload| workload.sessions.is_some());
    let alone =
        if alone { Some(run(Engine::drawn_again(&without_sessions(scenario), &[], options))?) } else { None };
    let usual = spends(&base);
    let inputs: Vec<(Vec<f64>, Vec<f64>)> =
        (0..options.trials).map(|trial| base_engine.inputs_of(trial)).collect();
    let route = |at: usize| {
        let expected =
            |simulation: &Simulation| totals(&simulation.routes[at].expected.spend, simulation.months);
        let (a, b) = (expected(&base), expected(&second));
        let label = &scenario.routes[at].label;
        let own = |input: Input| scenario.concerns(input, at);
        let of_route = |drawn: &Drawn| match drawn {
            Drawn::Assumption(input) => own(*input),
            Drawn::Paths => true,
        };
        let found = every.iter().zip(&mixed).filter(|(drawn, _)| drawn.iter().any(of_route));
        let found: Vec<(String, Indices)> = found
            .filter_map(|(drawn, mixed)| {
                indices(&a, &b, &expected(mixed)).map(|found| (drawn_name(scenario, drawn), found))
            })
            .collect();
        let mut tornado: Vec<Swing> = uncertain
            .iter()
            .zip(&ends)
            .filter(|(input, _)| own(**input))
            .map(|(input, ends)| usage_swing(scenario, *input, ends, at, &usual[at].spend))
            .collect();
        tornado.extend(price_swings(&base.routes[at], base.months, price_change));
        tornado.retain(Swing::moves);
        tornado.sort_by(|x, y| y.width(Figure::P50).total_cmp(&x.width(Figure::P50)));
        let paths = expected(&mixed[mixed.len() - 1]);
        RouteSensitivity {
            label: label.clone(),
            spend: usual[at].spend.clone(),
            tornado,
            indices: found,
            layers: layers(&base.routes[at], alone.as_ref().map(|run| &run.routes[at]), base.months, &paths),
            worst: worst(scenario, &totals(&base.routes[at].spend, base.months), &inputs, &own),
        }
    };
    let runs = 2 + every.len() + 2 * uncertain.len() + usize::from(alone.is_some());
    Ok(Sensitivity { routes: crate::engine::all(scenario.routes.len(), route), runs })
}

/// What has an index of its own: every assumption by itself, correlated ones together, for what they share belongs to
/// neither; and the paths.
fn inputs_of(scenario: &Scenario, uncertain: &[Input]) -> Vec<Vec<Drawn>> {
    let correlated = &scenario.dependence.inputs;
    let (together, alone): (Vec<Input>, Vec<Input>) =
        uncertain.iter().partition(|input| correlated.contains(input));
    let drawn = |inputs: Vec<Input>| inputs.into_iter().map(Drawn::Assumption).collect::<Vec<_>>();
    let alone = alone.into_iter().map(|input| vec![Drawn::Assumption(input)]);
    let together = (!together.is_empty()).then(|| drawn(together));
    together.into_iter().chain(alone).chain([vec![Drawn::Paths]]).collect()
}

fn drawn_name(scenario: &Scenario, drawn: &[Drawn]) -> String {
    let name = |drawn: &Drawn| match drawn {
        Drawn::Assumption(input) => scenario.assumptions[input.0].path.clone(),
        Drawn::Paths => "drift, regime and days".to_owned(),
    };
    let names: Vec<String> = drawn.iter().map(name).collect();
    if names.len() > 1 { format!("{} (correlated)", names.join(" and ")) } else { names.concat() }
}

/// The scenario's spends with an assumption known to be at its P10, and at its P90; all others as they were.
fn swings(
    scenario: &Scenario,
    input: Input,
    options: Options,
    go_on: &(dyn Fn(u64) -> bool + Sync),
) -> anyhow::Result<[(f64, Vec<Ranked>); 2]> {
    let at = |score: f64| -> anyhow::Result<(f64, Vec<Ranked>)> {
        let assumption = &scenario.assumptions[input.0];
        let value = assumption.law.at_score(score).clamp(assumption.minimum, assumption.maximum);
        let mut known = scenario.clone();
        known.assumptions[input.0].law = Uncertain::Fixed(value);
        let engine = Engine::new(&known, &[scenario], options).compared();
        let batches = engine.run(0..batches_of(options.trials), go_on)?;
        Ok((value, spends(&engine.blank().merged(batches))))
    };
    let reach = normal::quantile(0.9);
    Ok([at(-reach)?, at(reach)?])
}

fn usage_swing(
    scenario: &Scenario,
    input: Input,
    ends: &[(f64, Vec<Ranked>); 2],
    route: usize,
    usual: &Summary,
) -> Swing {
    let assumption = &scenario.assumptions[input.0];
    let change = |figure: Figure| {
        let usual = figure.of(usual);
        // A route that does not depend on it differs by what another set of trials leaves, if at all.
        [0, 1].map(|end| settled(figure.of(&ends[end].1[route].spend) - usual, usual))
    };
    Swing {
        name: assumption.path.clone(),
        driver: if scenario.routes[route].discount == input { Driver::Price } else { Driver::Usage },
        ends: [ends[0].0, ends[1].0],
        unit: assumption.unit,
        change: Figure::ALL.map(change),
    }
}

/// A difference, or nothing where it is less than a millionth of what it is a difference of.
fn settled(difference: f64, of: f64) -> f64 {
    if difference.abs() < 1e-6 * of.abs() { 0.0 } else { difference }
}

/// What a price moves, from what each trial is expected to be made of: spend is linear in prices, and fees are a
/// share of it.
fn price_swings(outcome: &RouteOutcome, months: usize, change: f64) -> Vec<Swing> {
    type Part = fn(&Items) -> f64;
    const PRICES: [(&str, Part); 5] = [
        ("price of input", |items| items.input),
        ("price of cached input", |items| items.cached_input),
        ("price of cache writes", |items| items.cache_write),
        ("price of output", |items| items.output),
        ("price of tools", |items| items.tools),
    ];
    let expected = totals(&outcome.expected.spend, months);
    let usual = Summary::of(&expected);
    let swing = |(name, part): &(&str, Part)| {
        let at = |change: f64| {
            let moved = |(spend, items): (&f64, &Items)| {
                let before = spend - items.fees;
                let fees = if before > 0.0 { items.fees / before } else { 0.0 };
                spend + change * part(items) * (1.0 + fees)
            };
            Summary::of(&expected.iter().zip(&outcome.items).map(moved).collect::<Vec<_>>())
        };
        let (low, high) = (at(-change), at(change));
        Swing {
            name: (*name).to_owned(),
            driver: Driver::Price,
            ends: [1.0 - change, 1.0 + change],
            unit: "times",
            change: Figure::ALL.map(|figure| [&low, &high].map(|end| figure.of(end) - figure.of(&usual))),
        }
    };
    PRICES.iter().map(swing).collect()
}

fn without_sessions(scenario: &Scenario) -> Scenario {
    let mut alone = scenario.clone();
    alone.workloads.iter_mut().for_each(|workload| workload.sessions = None);
    alone
}

/// The variance of spend by the law of total variance: that of what is expected given assumptions and paths, and the
/// mean of what requests scatter around it. Of the first the assumptions have Cov(f, f') where f' has other paths.
fn layers(
    outcome: &RouteOutcome,
    alone: Option<&RouteOutcome>,
    months: usize,
    other_paths: &[f64],
) -> Layers {
    let expected = totals(&outcome.expected.spend, months);
    let n = expected.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (own, other) = (mean(&expected), mean(other_paths));
    let covariance = |a: &[f64], b: &[f64], (ma, mb): (f64, f64)| {
        a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / n
    };
    let between = covariance(&expected, &expected, (own, own));
    let assumptions = covariance(&expected, other_paths, (own, other)).clamp(0.0, between);
    let scatter = |outcome: &RouteOutcome| {
        let (drawn, expected) = (totals(&outcome.spend, months), totals(&outcome.expected.spend, months));
        drawn.iter().zip(&expected).map(|(x, y)| (x - y) * (x - y)).sum::<f64>() / n
    };
    let within = scatter(outcome);
    let requests = alone.map_or(within, scatter).min(within);
    let all = between + within;
    let share = |part: f64| if all > 0.0 { part / all } else { 0.0 };
    Layers {
        assumptions: share(assumptions),
        paths: share(between - assumptions),
        clusters: share(within - requests),
        requests: share(requests),
        sd: all.sqrt(),
    }
}

/// What the inputs of a route were where spend was above its P95.
fn worst(
    scenario: &Scenario,
    spend: &[f64],
    inputs: &[(Vec<f64>, Vec<f64>)],
    own: &dyn Fn(Input) -> bool,
) -> Vec<WorstInput> {
    let mut sorted = spend.to_vec();
    sorted.sort_by(f64::total_cmp);
    let least = quantile(&sorted, 1.0 - WORST);
    let bad: Vec<usize> = (0..spend.len()).filter(|trial| spend[*trial] >= least).collect();
    let input = |name: String, unit: &'static str, of: &dyn Fn(usize) -> f64| {
        let all: Vec<f64> = (0..spend.len()).map(of).collect();
        let (usual, spread) = (all.iter().sum::<f64>() / all.len() as f64, mean_error(&all)?);
        let sd = spread * (all.len() as f64).sqrt();
        let worst = bad.iter().map(|trial| all[*trial]).sum::<f64>() / bad.len() as f64;
        (sd > 1e-12 * usual.abs()).then(|| WorstInput {
            name,
            unit,
            usual,
            worst,
            shift: (worst - usual) / sd,
        })
    };
    let assumptions = scenario.assumptions.iter().enumerate();
    let assumptions = assumptions.filter(|(at, _)| own(Input(*at))).filter_map(|(at, assumption)| {
        input(assumption.path.clone(), assumption.unit, &|trial| inputs[trial].0[at])
    });
    let volumes = scenario.workloads.iter().enumerate().filter_map(|(at, workload)| {
        let name = format!("requests of {} over the horizon", workload.name);
        input(name, "requests", &|trial| inputs[trial].1[at])
    });
    let mut found: Vec<WorstInput> = assumptions.chain(volumes).collect();
    found.sort_by(|a, b| b.shift.abs().total_cmp(&a.shift.abs()));
    found
}
