//! Anthropic's usage report: sums over spans of time, in which cached and written tokens stand beside the
//! input.

use serde_json::Value;

use super::Record;
use super::cell::{Cell, Fault};
use super::context::{Context, Note};
use super::ledger::{Ledger, Parsed, group_hash};
use super::reading::{ReadError, Reason};
use super::{values, words};
use crate::billing::Usage;

const PROVIDER: &str = "anthropic";

/// Reads a page, or a bucket of one.
///
/// # Errors
/// When a strict reading meets a result that cannot be used.
pub fn page(value: &Value, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
    values::page(value, sum, ledger)
}

fn sum(bucket: &Value, result: &Value, context: &mut Context) -> Result<Parsed, Fault> {
    let at_ms = Cell::of(bucket.get("starting_at")).time("starting_at", context)?;
    let end_ms = Cell::of(bucket.get("ending_at")).time("ending_at", context)?;
    if end_ms <= at_ms {
        return Err(Fault::new(Reason::BadTime, "the span ends before it begins"));
    }
    let text = |name: &str| Cell::of(result.get(name)).text();
    let model = text("model").map(|name| context.name(name));
    if model.is_none() {
        context.note(Note::NoModel);
    }
    context.note(Note::NoRequests);
    let record = Record {
        at_ms,
        span_ms: Some(end_ms - at_ms),
        provider: Some(context.name(PROVIDER)),
        model,
        tier: text("service_tier").and_then(|tier| words::tier(tier, context)),
        region: text("inference_geo").filter(|geo| *geo != "not_available").map(|geo| context.name(geo)),
        usage: usage(result)?,
        ..Record::default()
    };
    Ok(Parsed { record, id: Some(group_hash(at_ms, end_ms, result)) })
}

/// The counts of a result. What was written is a map by lifetime, or stands flat beside.
fn usage(result: &Value) -> Result<Usage, Fault> {
    let count = |name: &str| Cell::of(result.get(name)).count(name);
    let written =
        |nested: &str, flat: &str| match result.get("cache_creation").and_then(|created| created.get(nested))
        {
            Some(value) => Cell::of(Some(value)).count(nested),
            None => count(flat),
        };
    let uncached = Cell::of(result.get("uncached_input_tokens")).needed("uncached_input_tokens")?;
    let output = Cell::of(result.get("output_tokens")).needed("output_tokens")?;
    let cached = count("cache_read_input_tokens")?.unwrap_or(0);
    let five = written("ephemeral_5m_input_tokens", "cache_creation_5m_input_tokens")?.unwrap_or(0);
    let hour = written("ephemeral_1h_input_tokens", "cache_creation_1h_input_tokens")?.unwrap_or(0);
    Ok(Usage {
        input: uncached + cached + five + hour,
        cached,
        written: five,
        written_1h: hour,
        output,
        ..Usage::NONE
    })
}
