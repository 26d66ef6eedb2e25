//! What a scenario says about the queue of what a route buys as batch.

use super::super::Route;
use super::super::capacity::BatchQueue;
use super::super::capacity_wire::RouteCapacityWire;
use super::inputs::count;
use crate::catalogue::{RateLimit, UsageTier};
use crate::domain::problem::{Code, Problems};
use crate::domain::route::BATCH;

/// How long a provider may take for a job, hours.
const HOURS: u64 = 24;
/// The longest that may be stated, hours.
const MOST_HOURS: u64 = 168;

/// The queue of a route, whose published queues are among `tiers`; none where nothing is bought as batch, and then
/// nothing of a queue may be stated. A route of that tier has no other limits.
///
/// `None` where something is wrong, which `problems` says.
pub fn batch_queue(
    route: &Route,
    wire: Option<&RouteCapacityWire>,
    tiers: Vec<(RateLimit, Option<UsageTier>)>,
    problems: &mut Problems,
) -> Option<Option<BatchQueue>> {
    let before = problems.len();
    let (tokens, hours) =
        wire.map_or((None, None), |wire| (wire.batch_queue_tokens.as_ref(), wire.batch_hours.as_ref()));
    let workloads: Vec<usize> =
        (0..route.bought.len()).filter(|at| route.bought[*at].tier == BATCH).collect();
    if workloads.is_empty() {
        let Some(stated) = tokens.or(hours) else { return Some(None) };
        let title = format!("{} has no batch queue", route.id);
        let help = format!("only what is bought in the tier `{BATCH}` has one; leave it out");
        problems.at(Code::Conflict, &stated.0.place, title, "", help);
        return None;
    }
    if let Some(wire) = wire.filter(|_| route.id.tier == BATCH) {
        refuse_what_queues_know_nothing_of(route, wire, problems);
    }
    if let Some(stated) = tokens.filter(|stated| stated.0.value == 0) {
        let title = "a queue that holds no token takes no job";
        problems.at(Code::OutOfRange, &stated.0.place, title, "", "state what it holds, or leave it out");
    }
    let tier = wire.and_then(|wire| wire.usage_tier.as_ref());
    if let (Some(stated), Some(tier)) = (tokens, tier) {
        let title = "a queue of your own and that of a usage tier";
        let found = format!("found `batch_queue_tokens: {}` too", stated.0.value);
        problems.at(Code::Conflict, &tier.place, title, found, "keep one of them");
    }
    let hours = count(hours, HOURS, 1, MOST_HOURS, problems);
    // Queues of long prompts are beside the one of all.
    let of_tier = |limit: &&RateLimit| {
        limit.above_tokens.is_none()
            && limit.usage_tier.as_ref().is_none_or(|name| Some(name) == tier.map(|text| &text.value))
    };
    let published =
        tiers.iter().map(|(limit, _)| limit).filter(of_tier).find_map(|limit| limit.batch_queue_tokens);
    let holds = tokens.map(|stated| stated.0.value).or(published);
    (problems.len() == before).then_some(Some(BatchQueue { workloads, tiers, hours, holds }))
}

/// Limits by the minute, units, requests at once and fall-backs are not a queue's.
fn refuse_what_queues_know_nothing_of(route: &Route, wire: &RouteCapacityWire, problems: &mut Problems) {
    let rates = [&wire.requests_per_minute, &wire.tokens_per_minute].into_iter().flatten();
    let rates = rates.map(|stated| stated.place());
    let counts = [&wire.units, &wire.concurrency].into_iter().flatten().map(|stated| &stated.0.place);
    let falls = wire.fall_back.iter().map(|text| &text.place);
    for place in rates.chain(counts).chain(falls) {
        let title = format!("{} is a batch route: it has a queue, and none of this", route.id);
        problems.at(Code::Conflict, place, title, "", "state `batch_queue_tokens` or `usage_tier`");
    }
}
