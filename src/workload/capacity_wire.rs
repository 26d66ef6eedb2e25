//! What a scenario file may say about arrivals and capacity.

use serde_json::{Value as Json, json};

use super::quantity::QuantityWire;
use super::wire::Text;
use crate::domain::document::{Count, Must, Named, Node, Spanned, Value, Wire};
use crate::domain::problem::Problems;
use crate::wire_map;

wire_map! {
    /// How requests fall on the clock; by chance around the hours if absent. It changes no day's number.
    pub struct ArrivalsWire {
        /// How unevenly they fall on the parts of days, hours and minutes.
        bursts: Option<BurstsWire>,
        /// A number of clients with independent gaps, instead of bursts.
        clients: Option<ClientsWire>,
    }
}

wire_map! {
    /// Bursts by the length of time: what each is to the next longer one. `tollcast fit` finds them in a log.
    pub struct BurstsWire {
        /// An hour to its day, around the workload's hours.
        hour: Option<BurstWire>,
        /// Ten minutes to their hour.
        ten_minutes: Option<BurstWire>,
        /// A minute to its ten minutes.
        minute: Option<BurstWire>,
        /// Ten seconds to their minute.
        ten_seconds: Option<BurstWire>,
        /// A second to its ten seconds.
        second: Option<BurstWire>,
    }
}

wire_map! {
    /// Quiet parts, and how the shares of the others scatter.
    pub struct BurstMapWire {
        /// The share of parts in which nothing comes.
        quiet: Option<QuantityWire>,
        /// Coefficient of variation of a part's share, beyond chance, where none is quiet.
        cv: Option<QuantityWire>,
    }
}

/// A coefficient of variation, or a map that also says how much is quiet.
#[derive(Clone, Debug)]
pub struct BurstWire(pub BurstMapWire);

impl Wire for BurstWire {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        if let Value::Map(_) = node.value {
            return BurstMapWire::read(node, problems).map(BurstWire);
        }
        let cv = QuantityWire::read(node, problems)?;
        Some(BurstWire(BurstMapWire { place: node.place.clone(), quiet: None, cv: Some(cv) }))
    }

    fn schema() -> Json {
        json!({"anyOf": [QuantityWire::schema(), BurstMapWire::schema()]})
    }
}

wire_map! {
    /// Clients, equally busy, each with independent gaps between its requests.
    pub struct ClientsWire {
        /// How many.
        count: Must<Count>,
        /// gamma (default) or weibull: the law of the gaps.
        gaps: Option<Text>,
        /// Coefficient of variation of a gap; 1 is chance alone.
        cv: Must<QuantityWire>,
    }
}

wire_map! {
    /// Capacity: limits, units, latency, and what clients do when they are refused. For `tollcast capacity`.
    pub struct CapacityWire {
        /// true: `simulate` includes provisioned units, spill-over and refusals in the spend; false if absent.
        in_spend: Option<Spanned<bool>>,
        /// Output tokens that a request reserves (max_tokens); what really comes, if absent.
        max_tokens: Option<Count>,
        /// What clients do when they are refused; they give up at once if absent.
        client: Option<ClientWire>,
        /// Capacity by the route's label.
        routes: Named<RouteCapacityWire>,
    }
}

wire_map! {
    /// What clients do when they are refused.
    pub struct ClientWire {
        /// How often a request is tried again, 0 to 20; 0 if absent. SDKs mostly have 2.
        retries: Option<Count>,
        /// The first pause, seconds; each is twice the one before; 0.5 if absent.
        backoff_s: Option<QuantityWire>,
        /// The longest pause, seconds; 8 if absent.
        longest_backoff_s: Option<QuantityWire>,
        /// true (default): a pause is anything between nothing and its length.
        jitter: Option<Spanned<bool>>,
        /// Retries per request that all clients together may make; no budget if absent.
        retry_budget: Option<QuantityWire>,
        /// Seconds that a request waits for room before it is given up; 0 if absent: it does not wait.
        queue_s: Option<QuantityWire>,
        /// Requests that run at once at most.
        concurrency: Option<Count>,
    }
}

wire_map! {
    /// A route's capacity.
    pub struct RouteCapacityWire {
        /// The usage tier whose published limits hold, for instance 4.
        usage_tier: Option<Text>,
        /// Requests per minute that are allowed, instead of a usage tier's.
        requests_per_minute: Option<QuantityWire>,
        /// Tokens per minute that are allowed: prompt and reserved output.
        tokens_per_minute: Option<QuantityWire>,
        /// Seconds over which requests are counted, 1 to 60; as the provider does if published, else 60.
        enforced_over_s: Option<Count>,
        /// true: a token bucket that holds what comes in that time; false if absent: windows.
        token_bucket: Option<Spanned<bool>>,
        /// true: refused attempts count too; as the provider does if published, else false.
        rejected_count: Option<Spanned<bool>>,
        /// Requests that it serves at once at most.
        concurrency: Option<Count>,
        /// Of what is bought as batch: input tokens that may wait in its queue, instead of a usage tier's.
        batch_queue_tokens: Option<Count>,
        /// Of what is bought as batch: hours until a job is done and leaves the queue, 1 to 168; 24 if absent.
        batch_hours: Option<Count>,
        /// Provisioned units that serve it, of the model and region of the route.
        units: Option<Count>,
        /// The units' commitment as the price file has it, for instance 1 month; by the hour if absent.
        term: Option<Text>,
        /// How much of their throughput the units' bucket holds, seconds; 60 if absent.
        burst_s: Option<QuantityWire>,
        /// true (default): what the units refuse is served by the route's own tokens.
        spill: Option<Spanned<bool>>,
        /// Routes that are asked next when it refuses, in order.
        fall_back: Vec<Text>,
        /// Output tokens that a request reserves on this route.
        max_tokens: Option<Count>,
        /// How long requests take; the published figures if absent.
        latency: Option<LatencyWire>,
        /// free (default) or input: what a failed attempt is billed.
        failed_attempts: Option<Text>,
    }
}

wire_map! {
    /// How long a request takes: first token, and output over speed.
    pub struct LatencyWire {
        /// Seconds to the first token.
        first_token_s: Must<QuantityWire>,
        /// Output tokens per second.
        tokens_per_s: Must<QuantityWire>,
        /// Seconds for a thousand prompt tokens, beside that; 0 if absent.
        per_1k_input_s: Option<QuantityWire>,
        /// The share of attempts that fail; 0 if absent.
        error_share: Option<QuantityWire>,
    }
}
