//! Who takes part: routes as servers of requests, and clients that ask them.

use super::limit::Limit;

/// A route as a server of requests.
#[derive(Clone, Debug, Default)]
pub struct Station {
    /// Its limits.
    pub limits: Vec<Limit>,
    /// How many it serves at once.
    pub concurrency: Option<u32>,
    /// The share of attempts that fail.
    pub error_share: f64,
    /// Whether the input of a failed attempt is billed.
    pub bills_failed: bool,
}

/// What clients do when they are refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Client {
    /// How often a request is tried again.
    pub retries: u32,
    /// The first pause, microseconds; each is twice the one before.
    pub backoff: u64,
    /// The longest pause, microseconds.
    pub longest_backoff: u64,
    /// Whether pauses are uniform between nothing and their length (full jitter).
    pub jitter: bool,
    /// Retries per request that all clients together may make, on average; infinite is no budget.
    pub retry_budget: f64,
    /// How long a request waits in the queue, microseconds; 0 is no queue.
    pub patience: u64,
    /// How many requests the clients let run at once.
    pub concurrency: Option<u32>,
}

impl Client {
    /// One that takes no for an answer.
    pub const MEEK: Client = Client {
        retries: 0,
        backoff: 0,
        longest_backoff: 0,
        jitter: true,
        retry_budget: f64::INFINITY,
        patience: 0,
        concurrency: None,
    };
}
