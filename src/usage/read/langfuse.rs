//! Langfuse's observations, of which the generations are calls of a model.
//!
//! `usage_details` is a map of counts. Langfuse prices every key on its own, so its keys do not overlap:
//! cached tokens stand beside `input`, reasoning beside `output`. Programs that report them inside show it
//! by their `total`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::Record;
use super::cell::{Cell, Fault};
use super::context::{Context, Note};
use super::ledger::{Parsed, id_hash};
use super::reading::Reason;
use super::table::{Cells, Table};
use crate::billing::Usage;
use crate::usage::Billed;

const ID: usize = 0;
const TYPE: usize = 1;
const START: usize = 2;
const END: usize = 3;
const MODEL: usize = 4;
const DETAILS: usize = 5;
const COST: usize = 6;
const FIRST: usize = 7;
const SESSION: usize = 8;
const LEVEL: usize = 9;
const FIELDS: [&[&str]; 10] = [
    &["id"],
    &["type"],
    &["start_time", "startTime"],
    &["end_time", "endTime"],
    &["provided_model_name", "providedModelName", "model"],
    &["usage_details", "usageDetails"],
    &["total_cost", "totalCost", "calculatedTotalCost"],
    &["completion_start_time", "completionStartTime"],
    &["session_id", "sessionId"],
    &["level"],
];

/// How its rows are read.
pub fn table() -> Table {
    Table::fixed(&FIELDS, &[TYPE, START, MODEL, DETAILS], row)
}

fn row(cells: &Cells<'_>, context: &mut Context) -> Result<Parsed, Fault> {
    let get = |field: usize| cells.get(field);
    if !get(TYPE).text().is_some_and(|kind| kind.eq_ignore_ascii_case("generation")) {
        return Err(Fault::new(Reason::NotARequest, "its type is not GENERATION"));
    }
    let failed = get(LEVEL).text().is_some_and(|level| level.eq_ignore_ascii_case("error"));
    let at_ms = get(START).time("start_time", context)?;
    let Some(model) = get(MODEL).text() else {
        return Err(Fault::new(Reason::NoModel, "provided_model_name is empty"));
    };
    let usage = match details(get(DETAILS)) {
        Some(details) => counts(&details, failed, context)?,
        None if failed => Usage::NONE,
        None => return Err(Fault::new(Reason::NoCount, "usage_details is empty or no map")),
    };
    // The unit of `latency` depends on when an export was set up; the times do not.
    let mut since = |field: usize| u64::try_from(get(field).later(context)? - at_ms).ok();
    let (latency_ms, first_token_ms) = (since(END), since(FIRST));
    let record = Record {
        at_ms,
        latency_ms,
        first_token_ms,
        model: Some(context.name(model)),
        usage,
        requests: 1,
        failed,
        billed: get(COST).usd("total_cost")?.map(|amount| Billed { amount, own_key: false }),
        session: get(SESSION).text().map(|name| context.name(name)),
        ..Record::default()
    };
    Ok(Parsed { record, id: get(ID).text().map(id_hash) })
}

/// The map of counts; in a table it is JSON as text.
fn details<'a>(cell: Cell<'a>) -> Option<Cow<'a, Map<String, Value>>> {
    let map = match cell {
        Cell::Json(Value::Object(map)) => Cow::Borrowed(map),
        _ => Cow::Owned(serde_json::from_str(cell.text()?).ok()?),
    };
    Some(map).filter(|map| !map.is_empty())
}

fn counts(details: &Map<String, Value>, failed: bool, context: &mut Context) -> Result<Usage, Fault> {
    let any = |names: &[&str]| {
        let found = names.iter().find_map(|name| Some((name, details.get(*name)?)));
        found.map_or(Ok(None), |(name, value)| Cell::of(Some(value)).count(name))
    };
    let sum = |names: &[&str]| any(names).map(|count| count.unwrap_or(0));
    let needed = |names: &[&str]| match any(names)? {
        None if !failed => Err(Fault::new(Reason::NoCount, format!("usage_details has no {}", names[0]))),
        count => Ok(count.unwrap_or(0)),
    };
    let own_input = needed(&["input", "input_tokens", "prompt_tokens"])?;
    let own_output = needed(&["output", "output_tokens", "completion_tokens"])?;
    let cached =
        sum(&["input_cached_tokens", "input_cache_read", "cache_read_input_tokens", "cached_tokens"])?;
    let written = sum(&["input_cache_creation", "cache_creation_input_tokens"])?;
    let audio_input = sum(&["input_audio_tokens", "input_audio"])?;
    let reasoning = sum(&["output_reasoning_tokens", "output_reasoning", "reasoning_tokens"])?;
    let audio_output = sum(&["output_audio_tokens", "output_audio"])?;
    let (parts_in, parts_out) = (cached + written + audio_input, reasoning + audio_output);
    let total = any(&["total", "total_tokens"])?;
    // Which parts are added: those that make up the total; both where there is none or it tells nothing.
    let ways = [(parts_in, parts_out), (0, 0), (parts_in, 0), (0, parts_out)];
    let adds_up = |(input, output): &&(u64, u64)| total == Some(own_input + own_output + input + output);
    let (added_in, added_out) = *ways.iter().find(adds_up).unwrap_or(&ways[0]);
    if parts_in + parts_out > 0 {
        context.note(if added_in + added_out == 0 { Note::PartsInside } else { Note::PartsBeside });
    }
    Ok(Usage {
        input: own_input + added_in,
        cached,
        written,
        audio_input,
        output: own_output + added_out,
        reasoning,
        audio_output,
        ..Usage::NONE
    })
}
