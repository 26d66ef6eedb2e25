//! What a scenario says about the queue of a batch route.

use super::super::Route;
use super::super::capacity::BatchQueue;
use super::super::capacity_wire::RouteCapacityWire;
use super::inputs::count;
use crate::catalogue::RateLimit;
use crate::domain::problem::{Code, Problems};

/// The service tier whose jobs wait in a queue.
const BATCH: &str = "batch";
/// How long a provider may take for a job, hours.
const HOURS: u64 = 24;
/// The longest that may be stated, hours.
const MOST_HOURS: u64 = 168;

/// The queue of a route; none where it is not of the batch tier, and then nothing of a queue may be stated.
///
/// `None` where something is wrong, which `problems` says.
pub fn batch_queue(
    route: &Route,
    wire: Option<&RouteCapacityWire>,
    published: &[&RateLimit],
    problems: &mut Problems,
) -> Option<Option<BatchQueue>> {
    let (tokens, hours) =
        wire.map_or((None, None), |wire| (wire.batch_queue_tokens.as_ref(), wire.batch_hours.as_ref()));
    if route.id.tier != BATCH {
        let Some(stated) = tokens.or(hours) else { return Some(None) };
        let title = format!("{} has no batch queue", route.id);
        let help = format!("only routes of the tier `{BATCH}` have one; leave it out");
        problems.at(Code::Conflict, &stated.0.place, title, "", help);
        return None;
    }
    if let Some(stated) = tokens.filter(|stated| stated.0.value == 0) {
        problems.at(
            Code::OutOfRange,
            &stated.0.place,
            "a queue that holds no token takes no job",
            "",
            "state what it holds, or leave it out",
        );
        return None;
    }
    let tier = wire.and_then(|wire| wire.usage_tier.as_ref());
    let of_tier = |limit: &&RateLimit| {
        limit.above_tokens.is_none() && limit.usage_tier.as_ref() == tier.map(|text| &text.value)
    };
    let published = published
        .iter()
        .copied()
        .filter(|_| tier.is_some())
        .filter(of_tier)
        .find_map(|limit| limit.batch_queue_tokens);
    if let (Some(stated), Some(tier)) = (tokens, tier) {
        problems.at(
            Code::Conflict,
            &tier.place,
            "a queue of your own and that of a usage tier",
            format!("found `batch_queue_tokens: {}` too", stated.0.value),
            "keep one of them",
        );
        return None;
    }
    let before = problems.len();
    let hours = count(hours, HOURS, 1, MOST_HOURS, problems);
    (problems.len() == before)
        .then(|| Some(BatchQueue { hours, holds: tokens.map(|stated| stated.0.value).or(published) }))
}
