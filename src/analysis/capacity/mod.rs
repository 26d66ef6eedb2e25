//! Whether capacity holds: of every route what is served, refused, delayed and spilled, what it takes to hold, and
//! what that costs.
//!
//! The hours of many futures are ranked by the requests that they expect, and some are lived through second by second,
//! more of them the busier they are. A figure is the sum over strata of their share times the mean of their hours:
//! nearly unbiased, whatever the shares, for these futures.

mod need;
mod plan;
mod queue;
mod route;
mod spend;
mod units;

use crate::domain::time::Instant;
use crate::engine::Options;
use crate::engine::capacity::{Course, Seen, Stage, Tally};
use crate::workload::Scenario;

pub use need::{Earned, RequiredTier, RequiredUnits};
pub use plan::Sampled;
pub use queue::Enqueued;
pub use spend::include;
pub use units::{SizeCost, UnitsCurve};

/// Futures whose hours are ranked.
pub const FUTURES: u32 = 64;
/// Hours that are lived through where nothing else is asked for.
pub const HOURS: usize = 240;
/// The most requests that an hour may expect: they are drawn one by one.
pub const MOST_IN_AN_HOUR: f64 = 2e7;

/// Which hours are lived through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lived {
    /// So many, from many futures, busy ones more often.
    Some(usize),
    /// All of the horizon, of the future in the middle.
    All,
}

/// The answer for all routes.
#[derive(Clone, Debug)]
pub struct CapacityAnalysis {
    /// Which hours were lived through; `None` where they are a log's own.
    pub lived: Option<Lived>,
    /// One per route.
    pub routes: Vec<RouteHolds>,
    /// Expected requests of the busiest hour of a future: at the median, and at the ninetieth percentile of futures.
    pub busiest_hour: (f64, f64),
}

/// What becomes of a route's requests.
#[derive(Clone, Debug)]
pub struct RouteHolds {
    /// The number of the route.
    pub route: usize,
    /// Its label.
    pub label: String,
    /// The labels of the routes that are asked, in order: its units, itself, others.
    pub chain: Vec<String>,
    /// Whether the first of them is provisioned units.
    pub by_units: bool,
    /// Sums over the horizon.
    pub tally: Tally,
    /// The requests that the hours expect, to be held against those that came.
    pub expected: f64,
    /// Standard error of the share that is rejected, if hours were sampled.
    pub rejected_error: Option<f64>,
    /// The same of the share that is spilled.
    pub spilled_error: Option<f64>,
    /// The same of the share that is rejected or abandoned.
    pub unserved_error: Option<f64>,
    /// The worst hour that was lived through.
    pub worst: Option<WorstHour>,
    /// The share refused without retries by a limit of so many requests per minute, by the window of enforcement in
    /// seconds.
    pub refused_by_limit: Vec<(u64, Vec<(f64, f64)>)>,
    /// The limit in force on requests, per minute, and over how many seconds it is enforced.
    pub requests_limit: Option<(f64, u64)>,
    /// The share that it would refuse by the window of enforcement in seconds.
    pub refused_in_force: Vec<(u64, f64)>,
    /// Provisioned units that it takes, where they are sold.
    pub required_units: Option<RequiredUnits>,
    /// The usage tier that it takes, where limits are published.
    pub required_tier: RequiredTier,
    /// What waits in the batch queue of what it buys in that tier.
    pub batch_queue: Option<Enqueued>,
    /// What units of the offered sizes cost, where they are sold.
    pub units: Option<UnitsCurve>,
    /// What it costs over the horizon, USD.
    pub cost: Cost,
    /// Whether latency is known, and by whose word.
    pub latency: Option<String>,
}

/// What a route costs over the horizon, USD, in the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Provisioned units.
    pub units: f64,
    /// Tokens of the route itself.
    pub tokens: f64,
    /// Tokens of other routes.
    pub fall_back: f64,
    /// What all of its served requests would cost by its tokens.
    pub all_by_tokens: f64,
}

impl Cost {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.units + self.tokens + self.fall_back
    }
}

/// An hour and when it is.
#[derive(Clone, Debug)]
pub struct WorstHour {
    /// `2027-03-15 14:00`.
    pub when: String,
    /// Its load.
    pub course: Course,
}

/// The answers for a scenario.
///
/// # Errors
/// When an hour expects more requests than can be drawn, or the operating system refuses the threads.
pub fn capacity(scenario: &Scenario, options: &Options, lived: Lived) -> anyhow::Result<CapacityAnalysis> {
    let stage = Stage::new(scenario, &[], options);
    // Each route is lived through once, and once for every size of its units.
    let sold = scenario.capacity.routes.iter().filter(|route| route.sold.is_some()).count();
    let passes = scenario.routes.len() + sold * units::PASSES;
    let plan = plan::Plan::new(&stage, options, lived, passes)?;
    let routes = (0..scenario.routes.len()).map(|at| route::holds(scenario, &stage, &plan, options, at));
    Ok(CapacityAnalysis {
        lived: Some(lived),
        routes: routes.collect::<anyhow::Result<_>>()?,
        busiest_hour: plan.busiest_hour,
    })
}

/// The answers for the requests of a log that begins at an instant, in the order of time, under the limits and clients of a scenario.
///
/// # Errors
/// When the operating system refuses the threads.
pub fn capacity_of_log(
    scenario: &Scenario,
    options: &Options,
    log: Vec<Seen>,
    begun: Instant,
) -> anyhow::Result<CapacityAnalysis> {
    let stage = Stage::new(scenario, &[], options);
    let plan = plan::Plan::of_log(log, begun);
    let routes = (0..scenario.routes.len()).map(|at| route::holds(scenario, &stage, &plan, options, at));
    Ok(CapacityAnalysis {
        lived: None,
        routes: routes.collect::<anyhow::Result<_>>()?,
        busiest_hour: plan.busiest_hour,
    })
}
