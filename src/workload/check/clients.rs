//! Clients that make sense: how often they try again, how long they wait, how many requests they let run.

use super::super::capacity::ClientTerms;
use super::super::capacity_wire::ClientWire;
use super::super::quantity::Kind;
use super::inputs::{count, plain, range};
use crate::domain::document::Count;
use crate::domain::problem::Problems;

/// The most retries of a request.
const MOST_RETRIES: u64 = 20;
/// The longest pause and the longest wait, seconds.
pub const DAY_S: f64 = 86_400.0;
/// The most requests at once.
pub const MOST_RUNNING: u64 = 10_000_000;

/// The clients of a file; those that give up at once where it says nothing.
pub fn client(wire: Option<&ClientWire>, problems: &mut Problems) -> Option<ClientTerms> {
    let seconds = range(Kind::Positive, 0.0, DAY_S, "s");
    let backoff = plain(wire.and_then(|w| w.backoff_s.as_ref()), 0.5, seconds, problems);
    let longest = plain(wire.and_then(|w| w.longest_backoff_s.as_ref()), 8.0, seconds, problems);
    let queue = plain(wire.and_then(|w| w.queue_s.as_ref()), 0.0, seconds, problems);
    let budget = wire.and_then(|w| w.retry_budget.as_ref());
    let budget = match budget {
        None => Some(None),
        Some(stated) => {
            plain(Some(stated), 0.0, range(Kind::Positive, 0.0, MOST_RETRIES as f64, "retries"), problems)
                .map(Some)
        }
    };
    let retries = count(wire.and_then(|w| w.retries.as_ref()), 0, 0, MOST_RETRIES, problems);
    Some(ClientTerms {
        retries: retries as u32,
        backoff_s: backoff?,
        longest_backoff_s: longest?,
        jitter: wire.and_then(|w| w.jitter.as_ref()).is_none_or(|stated| stated.value),
        retry_budget: budget?,
        queue_s: queue?,
        concurrency: running(wire.and_then(|w| w.concurrency.as_ref()), problems),
    })
}

/// A number of requests at once.
pub fn running(wire: Option<&Count>, problems: &mut Problems) -> Option<u32> {
    wire.map(|_| count(wire, 1, 1, MOST_RUNNING, problems) as u32)
}
