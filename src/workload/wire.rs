//! What a scenario file may contain. `check` says what it must mean.

use serde_json::{Value as Json, json};

use super::capacity_wire::{ArrivalsWire, CapacityWire};
use super::commitment_wire::CommitmentWire;
use super::length::LengthWire;
use super::quantity::QuantityWire;
use super::what_if::WhatIfWire;
use crate::domain::document::{Count, Must, Named, Node, Spanned, Value, Wire};
use crate::domain::problem::{Code, Problems};
use crate::domain::time::{Instant, Month};
use crate::wire_map;

/// A text with its place.
pub type Text = Spanned<String>;

wire_map! {
    /// A tollcast scenario: what is asked of which providers, and what is not known about it.
    pub struct ScenarioWire {
        /// Version of this format: 1.
        tollcast: Option<Count>,
        /// The scenario's name for people.
        name: Must<Text>,
        /// The question that the scenario answers.
        question: Option<Text>,
        /// A scenario to start from; this file then says only what differs.
        extends: Option<Text>,
        /// The first month, for instance 2027-01.
        start: Must<Spanned<Month>>,
        /// Months in the horizon, 1 to 120; 12 if absent.
        months: Option<Count>,
        /// Possible futures to draw; 8,192 if absent.
        trials: Option<Count>,
        /// Seed of all random numbers; 1 if absent.
        seed: Option<Count>,
        /// What may be spent.
        budget: Option<BudgetWire>,
        /// Ways to buy: provider/model[:tier][@region], or a map.
        routes: Vec<RouteWire>,
        /// Streams of requests, by a name of your choice.
        workloads: Named<WorkloadWire>,
        /// What a route must meet to be recommended; all routes are simulated.
        requirements: Option<RequirementsWire>,
        /// What-ifs by a name of your choice, for `tollcast compare`.
        what_if: Named<WhatIfWire>,
        /// Rank correlations between assumptions.
        correlations: Vec<CorrelationWire>,
        /// Limits, units, latency, and what clients do when refused: for `tollcast capacity`.
        capacity: Option<CapacityWire>,
        /// Contract offers to decide about with `tollcast optimize --commit`, by a name of your choice.
        commitments: Named<CommitmentWire>,
        /// What the scenario expects of its own result.
        expect: Vec<ExpectWire>,
        /// Why inputs are calibrated, and what that does not prove.
        calibrated: Option<Text>,
        /// Remarks for the report.
        notes: Vec<Text>,
    }
}

wire_map! {
    /// What may be spent, in USD.
    pub struct BudgetWire {
        /// In any one month.
        monthly: Option<QuantityWire>,
        /// Over the whole horizon.
        total: Option<QuantityWire>,
        /// How probable it must be that the budget holds; 90% if absent.
        confidence: Option<QuantityWire>,
    }
}

wire_map! {
    /// What a route must meet to be recommended, by the facts of the price files. Not known is not met.
    pub struct RequirementsWire {
        /// true: a service-level agreement.
        sla: Option<Spanned<bool>>,
        /// true: no approval before use; an account and a key are enough.
        no_registration: Option<Spanned<bool>>,
        /// At least so many tokens of input and output together, counted as the route does.
        context_window: Option<Count>,
        /// us, eu, apac, uk, ca, jp, …: data is processed there.
        data_residency: Option<Text>,
        /// true: several upstream providers, the next one where one fails.
        fallback: Option<Spanned<bool>>,
        /// At least so many output tokens per second, by published figures.
        speed_tokens_per_s: Option<QuantityWire>,
        /// At most so many seconds to the first token, by published figures.
        first_token_s: Option<QuantityWire>,
        /// At most this share of requests fails, by published figures.
        error_share: Option<QuantityWire>,
        /// good or excellent: the documentation is rated so, or better, by its source.
        documentation: Option<Text>,
        /// The day on which it must be usable, against the lead time of an approval.
        live_by: Option<Spanned<Instant>>,
        /// The day on which the approval is asked for.
        apply_on: Option<Spanned<Instant>>,
    }
}

wire_map! {
    /// A stream of requests.
    pub struct WorkloadWire {
        /// How many requests come when.
        volume: Must<VolumeWire>,
        /// How requests cluster into sessions.
        sessions: Option<SessionsWire>,
        /// How requests fall on the clock, for `tollcast capacity`.
        arrivals: Option<ArrivalsWire>,
        /// Prompt tokens of a request, cached ones included.
        prompt: Must<LengthWire>,
        /// Visible output tokens of a request.
        output: Must<LengthWire>,
        /// Reasoning tokens, billed as output.
        reasoning: Option<ReasoningWire>,
        /// Prompt caching.
        cache: Option<CacheWire>,
        /// Mean tool searches in a request; 0 if absent.
        searches_per_request: Option<QuantityWire>,
        /// Rank correlation of prompt and output length, -1 to 1.
        prompt_output_correlation: Option<QuantityWire>,
        /// reject (default) or truncate prompts that are longer than what a route sells.
        over_window: Option<Text>,
    }
}

wire_map! {
    /// How many requests come when.
    pub struct VolumeWire {
        /// Requests in an average month (30.44 days) at the start.
        requests_per_month: Option<QuantityWire>,
        /// Requests on an average day at the start.
        requests_per_day: Option<QuantityWire>,
        /// Growth from month to month, compounding; 0 if absent.
        growth_per_month: Option<QuantityWire>,
        /// Share of a month's growth that the next month has, 0 to 1; 1 if absent.
        growth_persistence: Option<QuantityWire>,
        /// flat (default), office, or seven weights from Monday on.
        weekdays: Option<ShapeWire>,
        /// flat (default), office, night, or 24 weights from midnight on.
        hours: Option<ShapeWire>,
        /// Hours that local time is ahead of UTC; 0 if absent.
        utc_offset_hours: Option<QuantityWire>,
        /// Coefficient of variation of a day around its expectation; 0 if absent.
        daily_cv: Option<QuantityWire>,
        /// Correlation of neighbouring days, 0 to 0.99; 0.5 if absent.
        daily_autocorrelation: Option<QuantityWire>,
        /// Where that scatter stands on the eve of the first day: 0.1 is a tenth above the level; unknown if absent.
        daily_start: Option<QuantityWire>,
        /// Coefficient of variation of every day on its own, beside that; 0 if absent.
        daily_noise: Option<QuantityWire>,
        /// The chance that the level is another one altogether.
        regime_change: Option<RegimeChangeWire>,
        /// Standard deviation of the monthly shock to the level, as a share; 0 if absent.
        drift_sd: Option<QuantityWire>,
        /// Share of a level shock that is left a month later, 0 to 1; 0.9 if absent.
        drift_persistence: Option<QuantityWire>,
    }
}

wire_map! {
    /// A change of regime: what no history of the level shows until it happens.
    pub struct RegimeChangeWire {
        /// How probable it is within the horizon.
        probability: Must<QuantityWire>,
        /// Standard deviation of the logarithm of the factor on the level, if it happens; 50% if absent.
        sd: Option<QuantityWire>,
    }
}

wire_map! {
    /// Sessions: requests that belong together.
    pub struct SessionsWire {
        /// Requests in a session.
        turns: Must<LengthWire>,
        /// Seconds from one request of a session to the next, written as lengths are; requests come one by one if absent.
        gap_s: Option<LengthWire>,
    }
}

wire_map! {
    /// Reasoning tokens.
    pub struct ReasoningWire {
        /// The share of requests that reason; 100% if absent.
        share_of_requests: Option<QuantityWire>,
        /// Reasoning tokens of such a request.
        tokens: Must<LengthWire>,
    }
}

wire_map! {
    /// Prompt caching.
    pub struct CacheWire {
        /// Share of input tokens billed at the cached price.
        hit_rate: Must<QuantityWire>,
        /// Share of a prompt that is cached when the cache is hit at all; 90% if absent.
        share_when_hit: Option<QuantityWire>,
        /// Rank correlation of prompt length and cache hits, -1 to 1; 0 if absent.
        length_correlation: Option<QuantityWire>,
        /// Share of uncached input tokens written to the cache, where writing has its own price.
        write_share: Option<QuantityWire>,
        /// Share of the written tokens that are kept for an hour, at the price of that; 0% if absent.
        write_1h_share: Option<QuantityWire>,
    }
}

wire_map! {
    /// A route with its own terms.
    pub struct RouteMapWire {
        /// provider/model[:tier][@region].
        id: Must<Text>,
        /// Its name in tables and charts.
        label: Option<Text>,
        /// Discount on the token prices, a share.
        discount: Option<QuantityWire>,
        /// Prompt caching on this route, instead of the workloads' own.
        cache: Option<CacheWire>,
        /// Tokens of this route's tokenizer per token of the scenario; 1 if absent.
        token_factor: Option<QuantityWire>,
        /// A prompt limit of your own on this route, in its tokens; over_window says what happens above.
        longest_prompt: Option<Count>,
        /// Mean searches in a request on this route.
        searches_per_request: Option<QuantityWire>,
        /// Terms for single workloads.
        workloads: Named<RouteWorkloadWire>,
    }
}

wire_map! {
    /// A route's terms for one workload.
    pub struct RouteWorkloadWire {
        /// The tier that this workload is bought on.
        tier: Option<Text>,
        /// Prompt caching of this workload on this route.
        cache: Option<CacheWire>,
    }
}

wire_map! {
    /// A rank correlation between two assumptions, named by their paths.
    pub struct CorrelationWire {
        /// The path of one, for instance workloads.chat.volume.requests_per_month.
        a: Must<Text>,
        /// The path of the other.
        b: Must<Text>,
        /// Spearman rank correlation, -1 to 1.
        rank: Must<QuantityWire>,
    }
}

wire_map! {
    /// A figure that the scenario expects of its own result.
    pub struct ExpectWire {
        /// The route.
        route: Must<Text>,
        /// Expected cost of input over expected input tokens, USD per million, before fees.
        effective_input_usd_per_mtok: Option<QuantityWire>,
        /// Expected cost of output over expected output tokens, USD per million, before fees.
        effective_output_usd_per_mtok: Option<QuantityWire>,
        /// Mean spend over the horizon, USD.
        mean_spend_usd: Option<QuantityWire>,
        /// The largest relative deviation, for instance 0.5%.
        within: Must<QuantityWire>,
    }
}

/// A route: its name alone, or a map with its own terms.
#[derive(Clone, Debug)]
pub struct RouteWire(pub RouteMapWire);

impl Wire for RouteWire {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        if let Value::Map(_) = node.value {
            return RouteMapWire::read(node, problems).map(RouteWire);
        }
        let id = Text::read(node, problems)?;
        Some(RouteWire(RouteMapWire {
            place: node.place.clone(),
            id: Must::known(id),
            label: None,
            discount: None,
            cache: None,
            token_factor: None,
            longest_prompt: None,
            searches_per_request: None,
            workloads: Named(Vec::new()),
        }))
    }

    fn schema() -> Json {
        json!({"anyOf": [{"type": "string"}, RouteMapWire::schema()]})
    }
}

/// A profile over the week or the day: a name, or one weight each.
#[derive(Clone, Debug)]
pub enum ShapeWire {
    /// A named profile.
    Name(Text),
    /// Weights.
    Weights(Spanned<Vec<f64>>),
}

impl Wire for ShapeWire {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::List(items) = &node.value else { return Text::read(node, problems).map(ShapeWire::Name) };
        let mut weights = Vec::new();
        for item in items {
            let weight = super::quantity::plain_number(item, problems)?;
            if !(0.0..=1e6).contains(&weight) {
                problems.at(
                    Code::OutOfRange,
                    &item.place,
                    "a weight lies between 0 and 1,000,000",
                    item.found(),
                    "",
                );
                return None;
            }
            weights.push(weight);
        }
        Some(ShapeWire::Weights(Spanned { value: weights, place: node.place.clone() }))
    }

    fn schema() -> Json {
        json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "number", "minimum": 0}}]})
    }
}
