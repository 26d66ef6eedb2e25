//! What a scenario says about capacity: limits, units, latency, and what clients do when they are refused.

use super::ReservedTerm;
use crate::catalogue::{CapacityOffer, RateLimit, UsageTier};

/// The capacity of every route, and the clients that use it.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// Output tokens that a request reserves, where its route does not say otherwise; what comes, if absent.
    pub max_tokens: Option<u64>,
    /// What clients do when refused.
    pub client: ClientTerms,
    /// Whether `simulate` includes what follows from capacity in the spend.
    pub in_spend: bool,
    /// One per route of the scenario, in its order.
    pub routes: Vec<RouteCapacity>,
}

/// What clients do when they are refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientTerms {
    /// How often a request is tried again.
    pub retries: u32,
    /// The first pause, seconds; each is twice the one before.
    pub backoff_s: f64,
    /// The longest pause, seconds.
    pub longest_backoff_s: f64,
    /// Whether a pause is uniform between nothing and its length.
    pub jitter: bool,
    /// Retries per request that all together may make; no budget if absent.
    pub retry_budget: Option<f64>,
    /// How long a request waits for room, seconds; 0 is not at all.
    pub queue_s: f64,
    /// How many requests run at once at most.
    pub concurrency: Option<u32>,
}

/// A route's capacity.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteCapacity {
    /// Limits that hold: those of the stated usage tier, or stated ones.
    pub limits: Vec<LimitTerms>,
    /// The usage tier that they are of.
    pub usage_tier: Option<String>,
    /// How many requests it serves at once at most.
    pub concurrency: Option<u32>,
    /// Provisioned units that serve it.
    pub units: Option<Units>,
    /// Routes that are asked next, in order.
    pub fall_back: Vec<usize>,
    /// Output tokens that a request reserves; what comes, if absent.
    pub max_tokens: Option<u64>,
    /// Whether its limit on tokens counts the larger of what comes and of max_tokens, instead of prompt and max_tokens.
    pub counts_larger: bool,
    /// How fast it is; not known if absent.
    pub latency: Option<LatencyTerms>,
    /// Whether the input of failed attempts is billed.
    pub bills_failed: bool,
    /// Over how many seconds the provider counts requests: its published windows, else the minute.
    pub request_windows_s: Vec<u64>,
    /// The provider's limits of every usage tier, lowest first, with what earns it.
    pub tiers: Vec<(RateLimit, Option<UsageTier>)>,
    /// Provisioned units on sale for it.
    pub sold: Option<UnitOffer>,
    /// The queue that its jobs wait in, where any workload is bought as batch.
    pub batch_queue: Option<BatchQueue>,
}

/// The queue of what a route buys as batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchQueue {
    /// The workloads whose jobs they are.
    pub workloads: Vec<usize>,
    /// The provider's queues of every usage tier, lowest first, with what earns it.
    pub tiers: Vec<(RateLimit, Option<UsageTier>)>,
    /// Hours until a job is done and leaves it.
    pub hours: u64,
    /// Input tokens that may wait in it, where that is stated or of the stated usage tier.
    pub holds: Option<u64>,
}

/// Provisioned units on sale, with what one serves.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitOffer {
    /// As the price file has them.
    pub offer: CapacityOffer,
    /// Input tokens per minute that one unit serves.
    pub input_tokens_per_minute: f64,
    /// Input tokens that an output token counts as.
    pub output_weight: f64,
    /// Input tokens that a cached token counts as.
    pub cached_weight: f64,
    /// The price of a unit for an hour without a commitment, USD, where it is sold so.
    pub hour_usd: Option<f64>,
    /// Commitments that fit into the horizon, and what one unit costs over it.
    pub terms: Vec<ReservedTerm>,
}

/// A limit of a minute, and how it is enforced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitTerms {
    /// What is limited.
    pub what: Limited,
    /// How much of it in a minute.
    pub per_minute: f64,
    /// Over how many seconds it is enforced.
    pub over_s: u64,
    /// Whether it is a token bucket that holds as much as comes in that time, not a window.
    pub bucket: bool,
    /// Whether refused attempts count.
    pub refused_count: bool,
    /// Prompts longer than the first and at most as long as the second are its business, in the route's tokens.
    pub prompts: (Option<u64>, Option<u64>),
}

/// What a limit is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Requests.
    Requests,
    /// Prompt tokens and reserved output.
    Tokens,
}

/// Provisioned units that serve a route.
#[derive(Clone, Debug, PartialEq)]
pub struct Units {
    /// How many.
    pub count: u64,
    /// How much of a minute's throughput their bucket holds, seconds.
    pub burst_s: f64,
    /// Whether what they refuse goes to the route's own tokens.
    pub spills: bool,
    /// The commitment that they are bought with; by the hour if absent.
    pub term: Option<ReservedTerm>,
}

/// How long a request takes.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyTerms {
    /// Seconds to the first token.
    pub first_token_s: f64,
    /// Output tokens per second.
    pub tokens_per_s: f64,
    /// Seconds for a thousand prompt tokens, beside that.
    pub per_1k_input_s: f64,
    /// The share of attempts that fail.
    pub error_share: f64,
    /// Where the figures are from, for people.
    pub source: String,
}
