//! What a row of any usage log becomes.

use std::sync::Arc;

use crate::billing::Usage;
use crate::domain::money::Usd;
use crate::domain::time::Instant;

/// One request, or all requests of one model in a span of time. No text of a prompt or an answer is ever part
/// of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Where it stands in the log: the number of the row, line or object, from 1.
    pub row: u64,
    /// When the request, or the span, began: milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// How long the span is, of a sum over requests; `None` for a single request.
    pub span_ms: Option<i64>,
    /// Who served it, in the words of the catalogue (`openai`, `azure`, `bedrock`), where the log tells.
    pub provider: Option<Arc<str>>,
    /// The model as the log names it, where it tells.
    pub model: Option<Arc<str>>,
    /// The tier in the words of the catalogue, where the log tells: `standard`, `batch`, `flex`, `priority`.
    pub tier: Option<Arc<str>>,
    /// The region in the words of the catalogue, where the log tells.
    pub region: Option<Arc<str>>,
    /// The tokens, counted tollcast's way: cached and written ones inside input, reasoning inside output.
    pub usage: Usage,
    /// How many requests it is.
    pub requests: u64,
    /// From the request to the end of its answer, milliseconds.
    pub latency_ms: Option<u64>,
    /// From the request to the first token, milliseconds.
    pub first_token_ms: Option<u64>,
    /// Whether it failed.
    pub failed: bool,
    /// What the log says that it cost.
    pub billed: Option<Billed>,
    /// What it belongs to: a conversation, an agent's run.
    pub session: Option<Arc<str>>,
}

/// A price that a log states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billed {
    /// The amount.
    pub amount: Usd,
    /// Whether it is the account's own price, or what a caller's own contract paid elsewhere (bring your own
    /// key), of which the log bills only a fee.
    pub own_key: bool,
}

impl Record {
    /// When it began, to the second.
    pub fn instant(&self) -> Instant {
        Instant::from_unix_seconds(self.at_ms.div_euclid(1000))
    }
}
