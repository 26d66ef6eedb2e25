//! Scenario files: what is asked of the providers, and what is not known about it.
//!
//! `wire` says what a file may contain, `extend` resolves `extends:`, `quantity` and `length` read ranges
//! and token-length laws, `check` turns it all into the types here, `timeline` works out which prices
//! hold for which share of every month. The engine sees only what is in this file.

mod arrivals;
mod capacity;
mod capacity_wire;
mod check;
mod commitment;
mod commitment_wire;
mod edit;
mod extend;
mod length;
mod presets;
mod price_edit;
mod quantity;
mod requirement;
mod timeline;
mod vary;
mod what_if;
mod wire;

use std::sync::Arc;

use crate::catalogue::{Catalogue, Citation, Fee, Meter, RateCard, digest};
use crate::domain::document::Wire;
use crate::domain::problem::{Place, Problems, Source};
use crate::domain::route::RouteId;
use crate::domain::time::Month;

pub use arrivals::{Arrivals, Burst, GapLaw, Pattern, Scale};
pub use capacity::{
    BatchQueue, Capacity, ClientTerms, LatencyTerms, LimitTerms, Limited, RouteCapacity, UnitOffer, Units,
};
pub use check::score_correlation;
pub use commitment::{
    Amounts, Beyond, ContractOffer, MoneyTerms, Per, Reservation, ReservedTerm, Terms, VolumeTerms,
};
pub use edit::Edit;
pub use extend::{Assembled, assemble};
pub use length::{Component, Shape};
pub use presets::{PRESETS, Role};
pub use quantity::Uncertain;
pub use requirement::{Demand, Outcome, Requirement, Verdict};
pub use vary::{Varied, shown};
pub use what_if::Case;
pub use wire::ScenarioWire;

/// A checked scenario: everything that a simulation needs, and nothing that could still be wrong.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name for people.
    pub name: String,
    /// The question that it answers.
    pub question: Option<String>,
    /// Why some inputs are calibrated and what that does not prove.
    pub calibrated: Option<String>,
    /// Remarks for the report.
    pub notes: Vec<String>,
    /// The months of the horizon.
    pub months: Vec<Month>,
    /// Trials, if the file states them.
    pub trials: Option<u32>,
    /// Seed, if the file states it.
    pub seed: Option<u64>,
    /// What may be spent.
    pub budget: Option<Budget>,
    /// Every uncertain or fixed input, by its path in the file.
    pub assumptions: Vec<Assumption>,
    /// Rank correlations between assumptions.
    pub dependence: Dependence,
    /// Streams of requests.
    pub workloads: Vec<Workload>,
    /// Ways to buy.
    pub routes: Vec<Route>,
    /// Limits, units, latency and clients.
    pub capacity: Capacity,
    /// Contract offers to decide about.
    pub commitments: Vec<ContractOffer>,
    /// What a route must meet to be recommended, in a fixed order of topics.
    pub requirements: Vec<Requirement>,
    /// What the scenario expects of its own result.
    pub expectations: Vec<Expectation>,
    /// SHA-256 of the file and of all that it extends.
    pub digest: String,
}

/// An index into [`Scenario::assumptions`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Input(pub usize);

/// An input that nobody knows exactly, or one that was stated as known.
#[derive(Clone, Debug)]
pub struct Assumption {
    /// Its path in the file, which also addresses its random numbers: `workloads.chat.cache.hit_rate`.
    pub path: String,
    /// What is believed about it.
    pub law: Uncertain,
    /// The smallest value that makes sense; draws below are raised to it.
    pub minimum: f64,
    /// The largest value that makes sense; draws above are lowered to it.
    pub maximum: f64,
    /// The unit for display.
    pub unit: &'static str,
}

/// A Gaussian copula over some assumptions.
#[derive(Clone, Debug, Default)]
pub struct Dependence {
    /// The assumptions that are correlated with any other, in order of their index.
    pub inputs: Vec<Input>,
    /// Lower-triangular Cholesky factor of the correlation of their normal scores, row by row.
    pub factor: Vec<Vec<f64>>,
}

/// What may be spent, USD.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// In any one month.
    pub monthly_usd: Option<f64>,
    /// Over the horizon.
    pub total_usd: Option<f64>,
    /// The probability with which it has to hold, for `--fail-on budget`.
    pub confidence: f64,
}

impl Budget {
    /// Whether a chance to break the budget is within what its confidence allows.
    pub fn allows(&self, risk: f64) -> bool {
        // 1 − 0.9 is a little less than 0.1 in floating point; a chance of exactly 10 % is allowed.
        risk <= 1.0 - self.confidence + 1e-12
    }

    /// The budget for the horizon: the stated one, else the monthly one times the months.
    pub fn horizon_usd(&self, months: usize) -> f64 {
        self.total_usd.or(self.monthly_usd.map(|usd| usd * months as f64)).unwrap_or(f64::INFINITY)
    }
}

/// One stream of requests.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its name in the file.
    pub name: String,
    /// How many requests come when.
    pub volume: Volume,
    /// How requests cluster, if they do.
    pub sessions: Option<Shape>,
    /// How they fall on the clock.
    pub arrivals: Arrivals,
    /// Prompt length in tokens, cached ones included.
    pub prompt: Length,
    /// Visible output length in tokens.
    pub output: Length,
    /// Reasoning tokens on top.
    pub reasoning: Option<Reasoning>,
    /// Rank correlation of prompt and output length within requests.
    pub prompt_output_correlation: f64,
    /// Rank correlation of prompt length and the cache gate.
    pub prompt_cache_correlation: f64,
    /// Mean tool searches in a request, where a route does not say otherwise.
    pub searches_per_request: Input,
    /// What happens to prompts that are longer than what the route sells.
    pub over_window: OverWindow,
}

/// How many requests come when.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Requests on a mean day of the first month.
    pub requests_per_day: Input,
    /// What `requests_per_day` has to be divided by: 1, or the mean month if it was stated per month.
    pub days_in_unit: f64,
    /// Growth from month to month, compounding.
    pub growth_per_month: Input,
    /// Share of a month's growth that the next month has.
    pub growth_persistence: f64,
    /// Weight of each weekday, Monday first, mean 1.
    pub weekdays: [f64; 7],
    /// Weight of each hour of the local day, sum 1.
    pub hours: [f64; 24],
    /// Hours that local time is ahead of UTC.
    pub utc_offset_hours: i64,
    /// Coefficient of variation of a day around its expectation.
    pub daily_cv: Input,
    /// Correlation of the scores of neighbouring days.
    pub daily_autocorrelation: f64,
    /// Where the log scatter of days stands on the eve of the first one; unknown where absent.
    pub daily_start: Option<Input>,
    /// Coefficient of variation of every day on its own, beside that.
    pub daily_noise: Input,
    /// A level altogether different, with its probability.
    pub regime_change: RegimeChange,
    /// Standard deviation of the monthly shock to the log level.
    pub drift_sd: Input,
    /// Share of the log level that is left a month later.
    pub drift_persistence: f64,
}

impl Volume {
    /// How much of the first growth lies between month number `month` and the one before: 1 for the first two, 0.5 for
    /// the next where half of it persists.
    pub fn growth_left(&self, month: usize) -> f64 {
        libm::pow(self.growth_persistence, month.saturating_sub(1) as f64)
    }

    /// How many times the first growth lies between the first month and month number `month`.
    pub fn growth_by(&self, month: usize) -> f64 {
        (1..=month).map(|month| self.growth_left(month)).sum()
    }
}

/// A change of regime: with a probability, the level is multiplied by a lognormal factor. The factor is scaled
/// so that its mean over all trials is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegimeChange {
    /// How probable it is.
    pub probability: f64,
    /// Standard deviation of the factor's logarithm.
    pub sd: f64,
}

impl RegimeChange {
    /// None.
    pub const NEVER: RegimeChange = RegimeChange { probability: 0.0, sd: 0.0 };
}

/// A length law: a fixed shape times a scale that may be uncertain.
#[derive(Clone, Debug)]
pub struct Length {
    /// The law at scale 1.
    pub shape: Shape,
    /// What it is multiplied by.
    pub scale: Input,
}

/// Reasoning tokens: some requests think, and then for a length of their own.
#[derive(Clone, Debug)]
pub struct Reasoning {
    /// The share of requests that reason.
    pub share_of_requests: Input,
    /// Their reasoning tokens.
    pub tokens: Length,
}

/// What happens to a prompt that is longer than what a route sells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OverWindow {
    /// It is refused and costs nothing; the share is reported.
    Reject,
    /// It is cut to the longest prompt on sale; the share is reported.
    Truncate,
}

/// A way to buy, for all workloads.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name.
    pub id: RouteId,
    /// The name for charts and tables.
    pub label: String,
    /// By which name each workload is bought, in the order of [`Scenario::workloads`]: tiers can differ.
    pub bought: Vec<RouteId>,
    /// The discount on tokens.
    pub discount: Input,
    /// Per workload, in the order of [`Scenario::workloads`].
    pub plans: Vec<RoutePlan>,
    /// The platform fees of each month.
    pub fees: Vec<Vec<Fee>>,
    /// The price entries that are used, with their sources.
    pub sources: Vec<(String, Citation)>,
    /// Where it was written.
    pub place: Place,
}

impl Route {
    /// Whether its bill depends on an assumption about routes.
    pub fn depends_on(&self, input: Input) -> bool {
        let of_plan = |plan: &RoutePlan| {
            [
                plan.hit_rate,
                plan.share_when_hit,
                plan.write_share,
                plan.write_1h_share,
                plan.token_factor,
                plan.searches_per_request,
            ]
        };
        self.discount == input || self.plans.iter().flat_map(of_plan).any(|other| other == input)
    }
}

/// How one workload is bought on one route.
#[derive(Clone, Debug)]
pub struct RoutePlan {
    /// Share of input tokens billed as cached.
    pub hit_rate: Input,
    /// Share of a prompt that is cached when the cache is hit at all.
    pub share_when_hit: Input,
    /// Share of the uncached tokens that are written to the cache at a price of their own.
    pub write_share: Input,
    /// Share of the written tokens that are kept for an hour, at a price of that.
    pub write_1h_share: Input,
    /// This route's tokens per token of the scenario.
    pub token_factor: Input,
    /// Mean tool searches in a request on this route.
    pub searches_per_request: Input,
    /// The longest prompt on sale, in the route's tokens.
    pub longest_prompt: Option<u64>,
    /// The longest answer, in the route's tokens.
    pub max_output: Option<u64>,
    /// Shorter prompts are never cached, in the route's tokens.
    pub cache_minimum: u64,
    /// For each month, the cards in force and the share of the month's traffic on each.
    pub months: Vec<Vec<Slice>>,
}

/// A part of a month in which one rate card holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// The card.
    pub card: Arc<RateCard>,
    /// The share of the month's expected traffic; the slices of a month sum to 1.
    pub share: f64,
    /// What a search costs, where a price is published.
    pub search: Option<Arc<Meter>>,
}

/// What a scenario expects of its own result, checked on every run.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The index of the route.
    pub route: usize,
    /// The figure.
    pub figure: Figure,
    /// Its expected value.
    pub value: f64,
    /// The largest relative deviation.
    pub within: f64,
}

/// A figure that can be expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// Expected cost of input over expected input tokens, USD per million.
    EffectiveInput,
    /// Expected cost of output over expected output tokens, USD per million.
    EffectiveOutput,
    /// Mean spend over the horizon, USD.
    MeanSpend,
}

/// Whether two inputs, of two scenarios, are believed to be the same.
pub type SameInput<'a> = &'a dyn Fn(Input, Input) -> bool;

impl Workload {
    /// Whether the workload of another scenario asks for the same.
    pub fn alike(&self, other: &Workload, same: SameInput<'_>) -> bool {
        let lengths = |a: &Length, b: &Length| a.shape == b.shape && same(a.scale, b.scale);
        let reasoning = match (&self.reasoning, &other.reasoning) {
            (Some(a), Some(b)) => {
                same(a.share_of_requests, b.share_of_requests) && lengths(&a.tokens, &b.tokens)
            }
            (None, None) => true,
            _ => false,
        };
        self.name == other.name
            && self.volume.alike(&other.volume, same)
            && self.sessions == other.sessions
            && lengths(&self.prompt, &other.prompt)
            && lengths(&self.output, &other.output)
            && reasoning
            && self.prompt_output_correlation == other.prompt_output_correlation
            && self.prompt_cache_correlation == other.prompt_cache_correlation
            && self.over_window == other.over_window
    }
}

impl Volume {
    fn alike(&self, other: &Volume, same: SameInput<'_>) -> bool {
        let start = match (self.daily_start, other.daily_start) {
            (Some(a), Some(b)) => same(a, b),
            (None, None) => true,
            _ => false,
        };
        let inputs =
            |v: &Volume| [v.requests_per_day, v.growth_per_month, v.daily_cv, v.daily_noise, v.drift_sd];
        let known = |v: &Volume| (v.days_in_unit, v.weekdays, v.hours, v.utc_offset_hours);
        let paths = |v: &Volume| {
            (v.daily_autocorrelation, v.drift_persistence, v.growth_persistence, v.regime_change)
        };
        start
            && inputs(self).into_iter().zip(inputs(other)).all(|(a, b)| same(a, b))
            && known(self) == known(other)
            && paths(self) == paths(other)
    }
}

impl RoutePlan {
    /// Whether the plan of a route in another scenario buys the same on the same terms.
    pub fn alike(&self, other: &RoutePlan, same: SameInput<'_>) -> bool {
        let inputs = |plan: &RoutePlan| {
            let cache = [plan.hit_rate, plan.share_when_hit, plan.write_share, plan.write_1h_share];
            (cache, [plan.token_factor, plan.searches_per_request])
        };
        let ((a, c), (b, d)) = (inputs(self), inputs(other));
        let limits = |plan: &RoutePlan| (plan.longest_prompt, plan.max_output, plan.cache_minimum);
        a.into_iter().zip(b).chain(c.into_iter().zip(d)).all(|(a, b)| same(a, b))
            && limits(self) == limits(other)
            && self.months == other.months
    }
}

impl Scenario {
    /// Reads a scenario from its document tree (see [`assemble`]) against a catalogue.
    ///
    /// # Errors
    /// All problems of the file, each with its place.
    pub fn read(assembled: &Assembled, catalogue: &Catalogue) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let wire = ScenarioWire::read(&assembled.root, &mut problems);
        let sources: &[Arc<Source>] = &assembled.sources;
        let digest = digest(sources.iter().map(|source| ("scenario", &*source.text)));
        let scenario = wire
            .and_then(|wire| check::scenario(&wire, &assembled.settled, catalogue, digest, &mut problems));
        problems.or_value(scenario)
    }

    /// Whether an assumption is about workloads, or about route number `route`.
    pub fn concerns(&self, input: Input, route: usize) -> bool {
        let of_routes = self.assumptions[input.0].path.starts_with("routes.");
        !of_routes || self.routes[route].depends_on(input)
    }

    /// Every assumption at its median.
    pub fn medians(&self) -> Vec<f64> {
        let median =
            |assumption: &Assumption| assumption.law.median().clamp(assumption.minimum, assumption.maximum);
        self.assumptions.iter().map(median).collect()
    }

    /// What is believed about an input.
    pub fn law(&self, input: Input) -> &Uncertain {
        &self.assumptions[input.0].law
    }
}
