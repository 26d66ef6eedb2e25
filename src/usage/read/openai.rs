//! OpenAI: pages of its usage interface and the export of its dashboard. Both are sums over spans of time,
//! and input holds the cached tokens.

use serde_json::Value;

use super::cell::{Cell, Fault};
use super::context::{Context, Note};
use super::ledger::{Ledger, Parsed, group_hash};
use super::reading::{ReadError, Reason};
use super::table::{Cells, Table};
use super::{Record, values, words};
use crate::billing::Usage;

const PROVIDER: &str = "openai";

const START: usize = 0;
const END: usize = 1;
const MODEL: usize = 2;
const BATCH: usize = 3;
const TIER: usize = 4;
const REQUESTS: usize = 5;
const INPUT: usize = 6;
const OUTPUT: usize = 7;
/// The parts follow, in the order of [`parts`].
const PARTS: usize = 8;
const OBJECT: usize = 17;
const FIELDS: [&[&str]; 18] = [
    &["start_time", "start_time_iso"],
    &["end_time", "end_time_iso"],
    &["model"],
    &["batch"],
    &["service_tier"],
    &["num_model_requests"],
    &["input_tokens"],
    &["output_tokens"],
    &["input_cached_tokens"],
    &["input_cache_write_tokens"],
    &["input_audio_tokens"],
    &["input_cached_audio_tokens"],
    &["input_image_tokens"],
    &["input_cached_image_tokens"],
    &["output_reasoning_tokens"],
    &["output_audio_tokens"],
    &["output_image_tokens"],
    &["object"],
];

/// How the rows of the dashboard's export are read.
pub fn table() -> Table {
    Table::fixed(&FIELDS, &[START, INPUT, OUTPUT, REQUESTS], row)
}

fn row(cells: &Cells<'_>, context: &mut Context) -> Result<Parsed, Fault> {
    let at_ms = cells.get(START).time("start_time", context)?;
    let end_ms = cells.get(END).time("end_time", context)?;
    sum(at_ms, end_ms, &|field| cells.get(field), context)
}

/// Reads a page, or a bucket of one.
///
/// # Errors
/// When a strict reading meets a result that cannot be used.
pub fn page(value: &Value, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
    values::page(value, grouped, ledger)
}

/// A result of a bucket.
fn grouped(bucket: &Value, result: &Value, context: &mut Context) -> Result<Parsed, Fault> {
    let at_ms = Cell::of(bucket.get("start_time")).time("start_time", context)?;
    let end_ms = Cell::of(bucket.get("end_time")).time("end_time", context)?;
    let get = |field: usize| Cell::of(FIELDS[field].iter().find_map(|name| result.get(name)));
    let Parsed { record, .. } = sum(at_ms, end_ms, &get, context)?;
    Ok(Parsed { record, id: Some(group_hash(at_ms, end_ms, result)) })
}

/// All requests of one group in a span of time.
fn sum<'a>(
    at_ms: i64,
    end_ms: i64,
    get: &dyn Fn(usize) -> Cell<'a>,
    context: &mut Context,
) -> Result<Parsed, Fault> {
    if end_ms <= at_ms {
        return Err(Fault::new(Reason::BadTime, "the span ends before it begins"));
    }
    let model = get(MODEL).text().map(|name| context.name(name));
    if model.is_none() {
        context.note(Note::NoModel);
    }
    let batch = get(BATCH).flag() == Some(true);
    let tier = if batch { Some("batch") } else { get(TIER).text() };
    let record = Record {
        at_ms,
        span_ms: Some(end_ms - at_ms),
        provider: Some(context.name(PROVIDER)),
        model,
        tier: tier.and_then(|tier| words::tier(tier, context)),
        usage: parts(get)?,
        requests: get(REQUESTS).needed("num_model_requests")?,
        ..Record::default()
    };
    Ok(Parsed::from(record))
}

fn parts<'a>(get: &dyn Fn(usize) -> Cell<'a>) -> Result<Usage, Fault> {
    let part = |index: usize| {
        let field = PARTS + index;
        Ok(get(field).count(FIELDS[field][0])?.unwrap_or(0))
    };
    // An embedding has no output.
    let embedding = get(OBJECT).text().is_some_and(|kind| kind.contains("embeddings"));
    Ok(Usage {
        input: get(INPUT).needed("input_tokens")?,
        output: if embedding { 0 } else { get(OUTPUT).needed("output_tokens")? },
        cached: part(0)?,
        written: part(1)?,
        audio_input: part(2)?,
        cached_audio: part(3)?,
        image_input: part(4)?,
        cached_image: part(5)?,
        reasoning: part(6)?,
        audio_output: part(7)?,
        image_output: part(8)?,
        ..Usage::NONE
    })
}
