//! One route: its chain, the hours that are lived through on it, and the sums.

use super::plan::{Plan, ratio_error};
use super::{Cost, RouteHolds, WorstHour, need, queue, units};
use crate::catalogue::Fee;
use crate::domain::format::thousands;
use crate::domain::route::BATCH;
use crate::domain::time::Instant;
use crate::engine::capacity::{
    Client, Counts, Enforced, Latency, Limit, Lived as Stretch, SECOND, Stage, Station, Stop, Tally,
};
use crate::engine::{Options, ordered};
use crate::workload::{ClientTerms, LimitTerms, Limited, RouteCapacity, Scenario, UnitOffer};

/// Points of the curve of refusals against the limit.
const CURVE: usize = 48;
/// Windows over which limits are enforced, seconds.
const WINDOWS: [u64; 3] = [1, 10, 60];

/// The routes that are asked, in order, with their labels.
pub struct Chain {
    /// The stops.
    pub stops: Vec<Stop>,
    /// Their labels.
    pub labels: Vec<String>,
    /// Whether the first is provisioned units.
    pub by_units: bool,
}

impl Chain {
    /// The chain of a route.
    pub fn new(scenario: &Scenario, route: usize) -> Self {
        let own = &scenario.capacity.routes[route];
        let label = |at: usize| scenario.routes[at].label.clone();
        let (mut stops, mut labels) = (Vec::new(), Vec::new());
        let bought = own.units.as_ref().zip(own.sold.as_ref());
        if let Some((units, sold)) = bought {
            stops.push(unit_stop(scenario, route, sold, units.count));
            labels.push(format!("{} {} of {}", thousands(units.count), sold.offer.unit, label(route)));
        }
        if bought.is_none_or(|(units, _)| units.spills) {
            stops.push(stop(scenario, route));
            let own = label(route);
            labels.push(if bought.is_some() { format!("{own} by the token") } else { own });
        }
        for &other in &own.fall_back {
            stops.push(stop(scenario, other));
            labels.push(label(other));
        }
        Chain { stops, labels, by_units: bought.is_some() }
    }

    /// Whether a route's own tokens are among the stops.
    fn has_tokens(&self, route: usize) -> bool {
        self.stops[usize::from(self.by_units)..].iter().any(|stop| stop.route == route)
    }

    /// The tokens of a route without limits and errors, behind so many units if there are any.
    pub fn for_costs(scenario: &Scenario, route: usize, units: u64) -> Self {
        let free = Stop { station: Station::default(), ..stop(scenario, route) };
        let sold = scenario.capacity.routes[route].sold.as_ref().filter(|_| units > 0);
        let mut units_stop = sold.map(|sold| unit_stop(scenario, route, sold, units));
        units_stop.iter_mut().for_each(|stop| stop.station.error_share = 0.0);
        let stops: Vec<Stop> = units_stop.into_iter().chain([free]).collect();
        Chain { labels: vec![scenario.routes[route].label.clone(); stops.len()], stops, by_units: units > 0 }
    }
}

/// How the tokens of a route count as load on units, and the longest prompt that they serve.
pub fn weights(sold: Option<&UnitOffer>) -> (Counts, f64) {
    match sold {
        Some(sold) => (
            Counts::Weighted { output: sold.output_weight, cached: sold.cached_weight },
            sold.offer.maximum_prompt_tokens.map_or(f64::INFINITY, |most| most as f64),
        ),
        None => (Counts::Tokens, f64::INFINITY),
    }
}

fn unit_stop(scenario: &Scenario, route: usize, sold: &UnitOffer, count: u64) -> Stop {
    let own = &scenario.capacity.routes[route];
    let burst_s = own.units.as_ref().map_or(60.0, |units| units.burst_s);
    let per_minute = count as f64 * sold.input_tokens_per_minute;
    let rate = per_minute / (60.0 * SECOND as f64);
    let bucket = Enforced::LeakyBucket { capacity: per_minute * burst_s / 60.0, rate };
    let own_stop = stop_with(scenario, route, own);
    Stop {
        units: true,
        longest_prompt: sold.offer.maximum_prompt_tokens,
        station: Station {
            limits: vec![Limit::new(weights(Some(sold)).0, bucket)],
            concurrency: None,
            // Units fail as often as their route.
            ..own_stop.station
        },
        ..own_stop
    }
}

fn stop(scenario: &Scenario, route: usize) -> Stop {
    stop_with(scenario, route, &scenario.capacity.routes[route])
}

fn stop_with(scenario: &Scenario, route: usize, own: &RouteCapacity) -> Stop {
    let latency = own.latency.as_ref();
    let bought = &scenario.routes[route];
    Stop {
        route,
        station: Station {
            limits: own.limits.iter().map(limit).collect(),
            concurrency: own.concurrency,
            error_share: latency.map_or(0.0, |latency| latency.error_share),
            bills_failed: own.bills_failed,
        },
        latency: latency.map_or(Latency::default(), |latency| Latency {
            first_token_s: latency.first_token_s,
            per_1k_input_s: latency.per_1k_input_s,
            tokens_per_s: latency.tokens_per_s,
        }),
        units: false,
        apart: bought.bought.iter().map(|id| id.tier != bought.id.tier).collect(),
        longest_prompt: None,
        counts_larger: own.counts_larger,
        max_tokens: own.max_tokens.or(scenario.capacity.max_tokens),
        fees: bought.fees.iter().map(|month| fee_share(month)).collect(),
    }
}

/// All platform fees of a month, as a share of what tokens cost; minimum fees are left out.
fn fee_share(fees: &[Fee]) -> f64 {
    fees.iter().map(|fee| fee.share.to_f64()).sum()
}

fn limit(terms: &LimitTerms) -> Limit {
    let counts = match terms.what {
        Limited::Requests => Counts::Requests,
        Limited::Tokens => Counts::Tokens,
    };
    let enforced = if terms.bucket {
        let capacity = (terms.per_minute * terms.over_s as f64 / 60.0).max(1.0);
        Enforced::TokenBucket { capacity, rate: terms.per_minute / (60.0 * SECOND as f64) }
    } else {
        Enforced::per_minute(terms.per_minute, terms.over_s)
    };
    let (above, upto) = terms.prompts;
    Limit::new(counts, enforced)
        .for_prompts(
            above.map_or(-1.0, |tokens| tokens as f64),
            upto.map_or(f64::INFINITY, |tokens| tokens as f64),
        )
        .counting_refused(terms.refused_count)
}

/// What the terms of clients are to the engine.
pub fn client(terms: &ClientTerms) -> Client {
    let micros = |seconds: f64| (seconds * SECOND as f64) as u64;
    Client {
        retries: terms.retries,
        backoff: micros(terms.backoff_s),
        longest_backoff: micros(terms.longest_backoff_s),
        jitter: terms.jitter,
        retry_budget: terms.retry_budget.unwrap_or(f64::INFINITY),
        patience: micros(terms.queue_s),
        concurrency: terms.concurrency,
    }
}

/// Lives through the plan's stretches on a chain.
pub fn lived(
    stage: &Stage<'_>,
    plan: &Plan,
    options: &Options,
    chain: &Chain,
    client: Client,
    weights: (Counts, f64),
) -> anyhow::Result<Vec<Stretch>> {
    ordered(plan.stretches.len(), options.threads, |at| {
        if let Some(log) = &plan.log {
            return stage.replay(log, &chain.stops, client, weights);
        }
        let stretch = &plan.stretches[at];
        let future = stage.future(stretch.trial);
        stage.live(&future, &chain.stops, client, weights, stretch.hours)
    })
}

/// Sums of stretches, each as often as it stands for others.
pub fn summed(plan: &Plan, stretches: &[Stretch], chain: usize) -> Tally {
    let mut tally = Tally::new(chain);
    for (stretch, lived) in plan.stretches.iter().zip(stretches) {
        tally.merge(&lived.tally, stretch.weight);
    }
    tally
}

/// The answer for a route.
pub fn holds(
    scenario: &Scenario,
    stage: &Stage<'_>,
    plan: &Plan,
    options: &Options,
    at: usize,
) -> anyhow::Result<RouteHolds> {
    let capacity = &scenario.capacity.routes[at];
    let chain = Chain::new(scenario, at);
    let weights = weights(capacity.sold.as_ref());
    let client = client(&scenario.capacity.client);
    let stretches = lived(stage, plan, options, &chain, client, weights)?;
    let tally = summed(plan, &stretches, chain.stops.len());
    let error = |of: &dyn Fn(&Tally) -> f64| {
        let figures: Vec<(f64, f64)> =
            stretches.iter().map(|lived| (of(&lived.tally), lived.tally.offered)).collect();
        ratio_error(&plan.stretches, &figures)
    };
    let units = match &capacity.sold {
        Some(sold) => Some(units::curve(scenario, stage, plan, options, at, sold, (&tally, &stretches))?),
        None => None,
    };
    let queue = capacity.batch_queue.as_ref();
    let queue = queue.map(|queue| queue::enqueued(stage, plan, options, at, queue)).transpose()?;
    let required_tier = match queue.as_ref().filter(|_| scenario.routes[at].id.tier == BATCH) {
        Some(queue) => queue.required_tier.clone(),
        None => {
            let beyond = units.as_ref().and_then(|curve| curve.beyond.as_ref());
            let load = beyond.filter(|_| chain.by_units).unwrap_or(tally.load());
            need::required_tier(capacity, chain.has_tokens(at).then_some(load))
        }
    };
    let requests = |limit: &&LimitTerms| limit.what == Limited::Requests && limit.prompts.0.is_none();
    let in_force = capacity.limits.iter().find(requests).map(|limit| (limit.per_minute, limit.over_s));
    Ok(RouteHolds {
        route: at,
        label: scenario.routes[at].label.clone(),
        rejected_error: error(&Tally::rejected),
        spilled_error: error(&Tally::spilled),
        unserved_error: error(&Tally::unserved),
        worst: worst(scenario, plan, &stretches),
        refused_by_limit: curves(&tally),
        refused_in_force: in_force.map_or(Vec::new(), |(limit, _)| refused_at(&tally, limit)),
        requests_limit: in_force,
        required_units: capacity.sold.as_ref().map(|sold| need::required_units(sold, &tally)),
        required_tier,
        batch_queue: queue,
        units,
        cost: cost(scenario, (stage, plan), at, &chain, &tally),
        latency: capacity.latency.as_ref().map(|latency| latency.source.clone()),
        chain: chain.labels,
        by_units: chain.by_units,
        expected: plan.stretches.iter().map(|stretch| stretch.weight * stretch.load).sum(),
        tally,
    })
}

/// What a route costs over the horizon.
pub fn cost(
    scenario: &Scenario,
    (stage, plan): (&Stage<'_>, &Plan),
    at: usize,
    chain: &Chain,
    tally: &Tally,
) -> Cost {
    let capacity = &scenario.capacity.routes[at];
    let bought = capacity.units.as_ref().zip(capacity.sold.as_ref());
    let hours = stage.hours() as f64;
    // A log is a part of what commitments are paid for.
    let part = plan.hours / hours;
    let units = bought.map_or(0.0, |(units, sold)| {
        part * units.count as f64 * units::unit_usd(sold, units.term.as_ref(), hours)
    });
    let mut cost = Cost { units, all_by_tokens: tally.first_usd, ..Cost::default() };
    for (number, (stop, usd)) in chain.stops.iter().zip(&tally.usd_by).enumerate() {
        match (number == 0 && chain.by_units, stop.route == at) {
            (true, _) => {}
            (false, true) => cost.tokens += usd,
            (false, false) => cost.fall_back += usd,
        }
    }
    cost
}

fn worst(scenario: &Scenario, plan: &Plan, stretches: &[Stretch]) -> Option<WorstHour> {
    let beyond = |lived: &Stretch| lived.worst.as_ref().map(|course| course.badness());
    let found = plan.stretches.iter().zip(stretches).filter(|(_, lived)| lived.worst.is_some());
    let (_, lived) = found.max_by(|a, b| {
        let (a, b) = (beyond(a.1).unwrap_or((0.0, 0.0)), beyond(b.1).unwrap_or((0.0, 0.0)));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    })?;
    let course = lived.worst.clone()?;
    // The horizon's clock is that of the first workload.
    let offset = scenario.workloads.first()?.volume.utc_offset_hours * 3_600;
    let horizon = scenario.months.first()?.start().unix_seconds() - offset;
    let first = plan.begun.map_or(horizon, |begun| begun.unix_seconds());
    let when = Instant::from_unix_seconds(first + (course.start / SECOND) as i64).to_string();
    let when = when.get(..16).map_or(when.clone(), |minute| minute.replace('T', " "));
    Some(WorstHour { when, course })
}

/// The share of requests that come when a window is full.
fn refused(tally: &Tally, window: u64, limit: f64) -> f64 {
    let (counts, window) = tally.load().window(window);
    counts.excess_share((limit * window as f64 / 60.0 + 1e-9).floor())
}

/// What a limit refuses over every window that it allows a request in.
fn refused_at(tally: &Tally, limit: f64) -> Vec<(u64, f64)> {
    let whole = WINDOWS.into_iter().filter(|window| limit * *window as f64 / 60.0 + 1e-9 >= 1.0);
    whole.map(|window| (window, refused(tally, window, limit))).collect()
}

/// The share of requests that limits refuse without retries, from the counts of windows. A limit of less than one
/// request in a window is enforced over a longer one, and is left out.
fn curves(tally: &Tally) -> Vec<(u64, Vec<(f64, f64)>)> {
    let mean = if tally.seconds > 0.0 { 60.0 * tally.offered / tally.seconds } else { 0.0 };
    let load = tally.load();
    let most = load.per_minute.max().max(load.per_second.max()) as f64 * 1.2;
    if mean <= 0.0 || most <= 0.0 {
        return Vec::new();
    }
    let (low, high) = (mean.min(most) * 0.5, (60.0 * load.per_second.quantile(0.9999) as f64).max(most));
    let curve = |window: u64| {
        let low = low.max(60.0 / window as f64);
        let at = |point: usize| low * (high / low).powf(point as f64 / (CURVE - 1) as f64);
        let point = |limit: f64| (limit, refused(tally, window, limit));
        (low < high).then(|| (window, (0..CURVE).map(|number| point(at(number))).collect()))
    };
    WINDOWS.into_iter().filter_map(curve).collect()
}
