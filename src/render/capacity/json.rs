//! The answer as JSON. Counts are sums over the horizon; names carry their units.

use serde::Serialize;

use super::CapacityAnswer;
use crate::analysis::capacity::{Earned, Enqueued, Lived, RequiredTier, RouteHolds, UnitsCurve};
use crate::engine::capacity::Histogram;
use crate::render::report::Manifest;

#[derive(Serialize)]
struct Json<'a> {
    schema_version: u32,
    currency: &'static str,
    manifest: &'a Manifest,
    scenario: &'a str,
    horizon: &'a str,
    lived: String,
    busiest_hour_requests: Busiest,
    routes: Vec<JsonRoute<'a>>,
}

#[derive(Serialize)]
struct Busiest {
    p50: f64,
    p90: f64,
}

#[derive(Serialize)]
struct JsonRoute<'a> {
    id: &'a str,
    offered: f64,
    served: f64,
    rejected: f64,
    spilled: f64,
    delayed: f64,
    abandoned: f64,
    in_flight: f64,
    rejected_by: RejectedBy,
    served_by: Vec<ServedBy<'a>>,
    shares: Shares,
    attempts_per_request: f64,
    retries_over_budget: f64,
    wait_s: Quantiles,
    answer_s: Option<Quantiles>,
    concurrency: Option<Running>,
    requests_per_minute: Minutes,
    tokens_per_minute: Minutes,
    required_units: Option<JsonUnits<'a>>,
    required_tier: Option<&'a str>,
    required_tier_detail: Option<JsonTier<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_queue: Option<JsonQueue>,
    cost_usd: JsonCost,
    worst_hour: Option<JsonWorst<'a>>,
    refused_by_limit: Vec<JsonRefused>,
    refused_by_limit_in_force: Vec<JsonInForce>,
    units: Option<JsonCurve<'a>>,
    speed: Option<&'a str>,
}

/// Of the rejected requests, those by each cause.
#[derive(Serialize)]
struct RejectedBy {
    limit: f64,
    too_long: f64,
    error: f64,
}

#[derive(Serialize)]
struct ServedBy<'a> {
    route: &'a str,
    served: f64,
    usd: f64,
}

/// Shares of the offered requests.
#[derive(Serialize)]
struct Shares {
    served: f64,
    rejected: f64,
    rejected_standard_error: Option<f64>,
    spilled: f64,
    spilled_standard_error: Option<f64>,
    delayed: f64,
    abandoned: f64,
}

#[derive(Serialize)]
struct Quantiles {
    p50: f64,
    p99: f64,
}

#[derive(Serialize)]
struct Running {
    mean: f64,
    p50: u64,
    p99: u64,
    max: u64,
}

#[derive(Serialize)]
struct Minutes {
    mean: f64,
    p99: u64,
    p999: u64,
    max: u64,
}

#[derive(Serialize)]
struct JsonUnits<'a> {
    unit: &'a str,
    mean: u64,
    p99_minute: u64,
    p999_minute: u64,
    exact_mean: f64,
    exact_p99_minute: f64,
}

#[derive(Serialize)]
struct JsonTier<'a> {
    enough: bool,
    usage_tier: &'a str,
    earned_by: &'a str,
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_queue_tokens: Option<u64>,
    /// How many times the highest tier's tightest limit is asked for, where none is enough.
    times: Option<f64>,
}

/// Input tokens that wait in a batch queue.
#[derive(Serialize)]
struct JsonQueue {
    job_hours: u64,
    waiting_p50: f64,
    waiting_p99: f64,
    waiting_max: f64,
    holds: Option<u64>,
    /// The share of the hours in which more would wait than it holds.
    above_share: Option<f64>,
    /// The share of the tokens that it takes at most.
    taken_share: Option<f64>,
    required_tier: Option<String>,
}

impl JsonQueue {
    fn new(queue: &Enqueued) -> Self {
        let [waiting_p50, waiting_p99, waiting_max] = queue.tokens;
        JsonQueue {
            job_hours: queue.hours,
            waiting_p50,
            waiting_p99,
            waiting_max,
            holds: queue.holds.map(|(holds, _)| holds),
            above_share: queue.holds.map(|(_, above)| above),
            taken_share: queue.taken,
            required_tier: match &queue.required_tier {
                RequiredTier::Tier(earned) => Some(earned.name.clone()),
                _ => None,
            },
        }
    }
}

#[derive(Serialize)]
struct JsonCost {
    total: f64,
    units: f64,
    tokens: f64,
    fall_back: f64,
    all_by_tokens: f64,
}

#[derive(Serialize)]
struct JsonWorst<'a> {
    from: &'a str,
    requests: f64,
    without_room_at_once: f64,
    step_s: u32,
    offered: &'a [f64],
    first_route: &'a [f64],
    refused: &'a [f64],
}

#[derive(Serialize)]
struct JsonRefused {
    enforced_over_s: u64,
    points: Vec<JsonPoint>,
}

#[derive(Serialize)]
struct JsonInForce {
    enforced_over_s: u64,
    refused_share: f64,
}

#[derive(Serialize)]
struct JsonPoint {
    requests_per_minute: f64,
    refused_share: f64,
}

#[derive(Serialize)]
struct JsonCurve<'a> {
    unit: &'a str,
    by_tokens_usd: f64,
    ways: Vec<JsonWay<'a>>,
    sizes: Vec<JsonSize>,
}

#[derive(Serialize)]
struct JsonWay<'a> {
    term: &'a str,
    best_units: u64,
    flat_from_units: u64,
    flat_to_units: u64,
    break_even_utilisation: BreakEven,
}

#[derive(Serialize)]
struct BreakEven {
    p10: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
}

#[derive(Serialize)]
struct JsonSize {
    units: u64,
    served_share: f64,
    used_share: f64,
    rest_usd: f64,
    total_usd: Vec<f64>,
}

/// The answer as JSON.
///
/// # Errors
/// Never in practice: everything is written to memory.
pub fn capacity_holds_json(answer: &CapacityAnswer) -> anyhow::Result<String> {
    let json = Json {
        schema_version: 1,
        currency: "USD",
        manifest: &answer.manifest,
        scenario: &answer.title,
        horizon: &answer.horizon,
        lived: match answer.found.lived {
            Some(Lived::Some(hours)) => format!("{hours} hours of many futures"),
            None => "the requests of a log".to_owned(),
            Some(Lived::All) => "all hours of one future".to_owned(),
        },
        busiest_hour_requests: Busiest { p50: answer.found.busiest_hour.0, p90: answer.found.busiest_hour.1 },
        routes: answer.found.routes.iter().map(route).collect(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}

fn route(route: &RouteHolds) -> JsonRoute<'_> {
    let tally = &route.tally;
    let seconds = |histogram: &Histogram, q: f64| histogram.quantile(q) as f64 / 1_000.0;
    let both =
        |histogram: &Histogram| Quantiles { p50: seconds(histogram, 0.5), p99: seconds(histogram, 0.99) };
    let running = &tally.running;
    let known = route.latency.is_some();
    JsonRoute {
        id: &route.label,
        offered: tally.offered,
        served: tally.served,
        rejected: tally.rejected(),
        spilled: tally.spilled(),
        delayed: tally.delayed,
        abandoned: tally.abandoned,
        in_flight: tally.in_flight,
        rejected_by: RejectedBy { limit: tally.refused, too_long: tally.too_long, error: tally.failed },
        served_by: route
            .chain
            .iter()
            .zip(tally.served_by.iter().zip(&tally.usd_by))
            .map(|(route, (served, usd))| ServedBy { route, served: *served, usd: *usd })
            .collect(),
        shares: Shares {
            served: tally.share(tally.served),
            rejected: tally.share(tally.rejected()),
            rejected_standard_error: route.rejected_error,
            spilled: tally.share(tally.spilled()),
            spilled_standard_error: route.spilled_error,
            delayed: tally.share(tally.delayed),
            abandoned: tally.share(tally.abandoned),
        },
        attempts_per_request: tally.share(tally.attempts),
        retries_over_budget: tally.over_budget,
        wait_s: both(&tally.wait_ms),
        answer_s: known.then(|| both(&tally.answer_ms)),
        concurrency: known.then(|| Running {
            mean: running.mean(),
            p50: running.quantile(0.5),
            p99: running.quantile(0.99),
            max: running.max(),
        }),
        requests_per_minute: minutes(&tally.load().per_minute),
        tokens_per_minute: minutes(&tally.load().tokens_per_minute),
        required_units: route.required_units.as_ref().map(|units| JsonUnits {
            unit: &units.unit,
            mean: units.mean,
            p99_minute: units.p99_minute,
            p999_minute: units.p999_minute,
            exact_mean: units.exact.0,
            exact_p99_minute: units.exact.1,
        }),
        required_tier: match &route.required_tier {
            RequiredTier::Tier(earned) => Some(&earned.name),
            RequiredTier::Unpublished | RequiredTier::Unused | RequiredTier::None { .. } => None,
        },
        required_tier_detail: match &route.required_tier {
            RequiredTier::Unpublished | RequiredTier::Unused => None,
            RequiredTier::Tier(earned) => Some(tier(earned, None)),
            RequiredTier::None { highest, times } => Some(tier(highest, Some(*times))),
        },
        batch_queue: route.batch_queue.as_ref().map(JsonQueue::new),
        cost_usd: JsonCost {
            total: route.cost.total(),
            units: route.cost.units,
            tokens: route.cost.tokens,
            fall_back: route.cost.fall_back,
            all_by_tokens: route.cost.all_by_tokens,
        },
        worst_hour: route.worst.as_ref().map(|worst| {
            let (beyond, offered) = worst.course.badness();
            JsonWorst {
                from: &worst.when,
                requests: offered,
                without_room_at_once: beyond,
                step_s: 10,
                offered: &worst.course.offered,
                first_route: &worst.course.first,
                refused: &worst.course.refused,
            }
        }),
        refused_by_limit: route
            .refused_by_limit
            .iter()
            .map(|(window, points)| JsonRefused {
                enforced_over_s: *window,
                points: points
                    .iter()
                    .map(|(limit, share)| JsonPoint { requests_per_minute: *limit, refused_share: *share })
                    .collect(),
            })
            .collect(),
        refused_by_limit_in_force: route
            .refused_in_force
            .iter()
            .map(|(window, share)| JsonInForce { enforced_over_s: *window, refused_share: *share })
            .collect(),
        units: route.units.as_ref().map(curve),
        speed: route.latency.as_deref(),
    }
}

fn minutes(histogram: &Histogram) -> Minutes {
    Minutes {
        mean: histogram.mean(),
        p99: histogram.quantile(0.99),
        p999: histogram.quantile(0.999),
        max: histogram.max(),
    }
}

fn tier(earned: &Earned, times: Option<f64>) -> JsonTier<'_> {
    JsonTier {
        enough: times.is_none(),
        usage_tier: &earned.name,
        earned_by: &earned.earned_by,
        requests_per_minute: earned.requests_per_minute,
        tokens_per_minute: earned.tokens_per_minute,
        batch_queue_tokens: earned.batch_queue_tokens,
        times,
    }
}

fn curve(curve: &UnitsCurve) -> JsonCurve<'_> {
    let finite = |share: f64| share.is_finite().then_some(share);
    JsonCurve {
        unit: &curve.unit,
        by_tokens_usd: curve.by_tokens_usd,
        ways: curve
            .terms
            .iter()
            .zip(curve.best.iter().zip(&curve.break_even))
            .map(|(term, ((best, from, to), [low, middle, high]))| JsonWay {
                term,
                best_units: *best,
                flat_from_units: *from,
                flat_to_units: *to,
                break_even_utilisation: BreakEven {
                    p10: finite(*low),
                    p50: finite(*middle),
                    p90: finite(*high),
                },
            })
            .collect(),
        sizes: curve
            .sizes
            .iter()
            .map(|size| JsonSize {
                units: size.units,
                served_share: size.served_share,
                used_share: size.used_share,
                rest_usd: size.rest_usd,
                total_usd: size.total_usd.clone(),
            })
            .collect(),
    }
}
