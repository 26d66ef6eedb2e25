//! LiteLLM: spend logs, one row a request, and its daily sums by user, team or tag.
//!
//! Prompt tokens hold the cached and written ones. A spend log has no column for those: they stand in
//! `metadata.usage_object`, as the provider reported them. `cache_hit` is the proxy's own cache of answers.

use serde_json::Value;

use super::cell::{Cell, Fault};
use super::context::{Context, Note};
use super::ledger::{Parsed, id_hash};
use super::reading::Reason;
use super::table::{Cells, Table};
use super::{Record, words};
use crate::billing::Usage;
use crate::usage::Billed;

const DAY_MS: i64 = 86_400_000;

const ID: usize = 0;
const START: usize = 1;
const END: usize = 2;
const FIRST: usize = 3;
const DURATION: usize = 4;
const MODEL: usize = 5;
const PROVIDER: usize = 6;
const PROMPT: usize = 7;
const COMPLETION: usize = 8;
const SPEND: usize = 9;
const CACHE_HIT: usize = 10;
const SESSION: usize = 11;
const STATUS: usize = 12;
const METADATA: usize = 13;
const REQUESTS: usize = 14;
const CACHE_READ: usize = 15;
const CACHE_WRITE: usize = 16;
const DAY: usize = 17;
const FIELDS: [&[&str]; 18] = [
    &["request_id"],
    &["startTime", "start_time", "date"],
    &["endTime", "end_time"],
    &["completionStartTime"],
    &["request_duration_ms"],
    &["model"],
    &["custom_llm_provider"],
    &["prompt_tokens"],
    &["completion_tokens"],
    &["spend"],
    &["cache_hit"],
    &["session_id"],
    &["status"],
    &["metadata"],
    &["api_requests"],
    &["cache_read_input_tokens"],
    &["cache_creation_input_tokens"],
    &["date"],
];

/// How its rows are read.
pub fn table() -> Table {
    Table::fixed(&FIELDS, &[START, PROMPT, COMPLETION, MODEL], row)
}

fn row(cells: &Cells<'_>, context: &mut Context) -> Result<Parsed, Fault> {
    let get = |field: usize| cells.get(field);
    let requests = get(REQUESTS).count("api_requests")?;
    let daily = cells.has(REQUESTS) && cells.has(DAY);
    if get(CACHE_HIT).flag() == Some(true) {
        return Err(Fault::new(Reason::OwnCache, "cache_hit is true"));
    }
    let failed = get(STATUS).text().is_some_and(|status| status.eq_ignore_ascii_case("failure"));
    let at_ms = get(START).time("startTime", context)?;
    let (end, first) = (get(END).later(context), get(FIRST).later(context));
    let since = |then: Option<i64>| then.and_then(|then| u64::try_from(then - at_ms).ok());
    let latency_ms = get(DURATION).duration_ms(1, context).or(since(end)).filter(|_| !daily);
    // Where an answer is not streamed, its first token is said to have come with its last.
    let first_token_ms = since(first).filter(|_| first < end);
    let model = get(MODEL).text();
    if model.is_none() && !failed {
        return Err(Fault::new(Reason::NoModel, "model is empty"));
    }
    let mut record = Record {
        at_ms,
        span_ms: daily.then_some(DAY_MS),
        provider: get(PROVIDER).text().map(|name| words::provider(name, context)),
        model: model.map(|name| context.name(name)),
        usage: totals(cells, failed)?,
        requests: requests.unwrap_or(1),
        latency_ms,
        first_token_ms,
        failed,
        billed: get(SPEND).usd("spend")?.map(|amount| Billed { amount, own_key: false }),
        session: get(SESSION).text().map(|name| context.name(name)),
        ..Record::default()
    };
    if !cells.has(CACHE_READ) {
        reported(get(METADATA), &mut record, context)?;
    }
    Ok(Parsed { record, id: get(ID).text().map(id_hash) })
}

/// The counts that have columns.
fn totals(cells: &Cells<'_>, failed: bool) -> Result<Usage, Fault> {
    let total = |field: usize, name: &str| {
        let cell = cells.get(field);
        if failed { cell.count(name).map(|count| count.unwrap_or(0)) } else { cell.needed(name) }
    };
    Ok(Usage {
        input: total(PROMPT, "prompt_tokens")?,
        output: total(COMPLETION, "completion_tokens")?,
        cached: cells.get(CACHE_READ).count("cache_read_input_tokens")?.unwrap_or(0),
        written: cells.get(CACHE_WRITE).count("cache_creation_input_tokens")?.unwrap_or(0),
        ..Usage::NONE
    })
}

/// The parts of the counts, and the tier, as the provider reported them.
fn reported(metadata: Cell<'_>, record: &mut Record, context: &mut Context) -> Result<(), Fault> {
    let parsed: Option<Value> = match metadata {
        // In a table the metadata is JSON as text.
        Cell::Text(text) => serde_json::from_str(text).ok(),
        Cell::Json(Value::String(text)) => serde_json::from_str(text).ok(),
        Cell::Json(value) => Some(value.clone()),
        Cell::Absent => None,
    };
    let Some(report) =
        parsed.as_ref().and_then(|metadata| metadata.get("usage_object")).filter(|r| r.is_object())
    else {
        context.note(Note::NoCached);
        return Ok(());
    };
    let input = report.get("prompt_tokens_details").unwrap_or(&Value::Null);
    let output = report.get("completion_tokens_details").unwrap_or(&Value::Null);
    let count = |of: &Value, name: &str| Cell::of(of.get(name)).count(name);
    let cached = match count(input, "cached_tokens")? {
        Some(cached) => cached,
        None => count(report, "cache_read_input_tokens")?.unwrap_or(0),
    };
    let written = match count(report, "cache_creation_input_tokens")? {
        Some(written) => written,
        None => count(input, "cache_creation_tokens")?.unwrap_or(0),
    };
    let lifetimes = input.get("cache_creation_token_details").or_else(|| report.get("cache_creation"));
    let hour =
        count(lifetimes.unwrap_or(&Value::Null), "ephemeral_1h_input_tokens")?.unwrap_or(0).min(written);
    record.usage = Usage {
        cached,
        written: written - hour,
        written_1h: hour,
        audio_input: count(input, "audio_tokens")?.unwrap_or(0),
        reasoning: count(output, "reasoning_tokens")?.unwrap_or(0),
        audio_output: count(output, "audio_tokens")?.unwrap_or(0),
        ..record.usage
    };
    record.tier =
        report.get("service_tier").and_then(Value::as_str).and_then(|tier| words::tier(tier, context));
    Ok(())
}
