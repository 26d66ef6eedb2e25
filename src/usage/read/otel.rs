//! OpenTelemetry: spans with `gen_ai` attributes, in OTLP's JSON, a batch a value.
//!
//! Input holds cached and written tokens, output holds reasoning. Spans of agents and tools repeat what
//! the spans of their model calls count and are set aside.

use serde_json::Value;

use super::cell::{Cell, Fault};
use super::context::Context;
use super::ledger::{Ledger, Parsed, id_hash};
use super::reading::{ReadError, Reason};
use super::{Record, words};
use crate::billing::Usage;

/// Whether a value is a batch, or a single span.
pub fn is_batch(value: &Value) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| value.get(name).is_some());
    has(&["resourceSpans", "resource_spans", "scopeSpans", "scope_spans"])
        || (has(&["attributes"]) && has(&START))
}

const START: [&str; 2] = ["startTimeUnixNano", "start_time_unix_nano"];
const END: [&str; 2] = ["endTimeUnixNano", "end_time_unix_nano"];

/// Operations that are no call of a model, though their spans may repeat what the calls inside of them used.
const AROUND: [&str; 6] =
    ["invoke_agent", "create_agent", "invoke_workflow", "execute_tool", "plan", "retrieval"];

const INPUT: [&str; 2] = ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"];
const OUTPUT: [&str; 2] = ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"];
const CACHED: [&str; 3] = [
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
];
const WRITTEN: [&str; 3] = [
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.input_tokens.cache_write",
];
const REASONING: [&str; 3] = [
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.output_tokens.reasoning",
];
const TIER: [&str; 4] = [
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "openai.request.service_tier",
    "gen_ai.openai.request.service_tier",
];

/// Reads all spans of a batch.
///
/// # Errors
/// When a strict reading meets a span that cannot be used.
pub fn batch(value: &Value, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
    let mut found = false;
    each(value, &["resourceSpans", "resource_spans"], ledger, &mut found)?;
    if !found {
        let parsed = span(value, &mut ledger.context);
        ledger.row(parsed)?;
    }
    Ok(())
}

/// Goes down from resources to scopes to spans.
fn each(value: &Value, lists: &[&str], ledger: &mut Ledger<'_>, found: &mut bool) -> Result<(), ReadError> {
    const SCOPES: [&str; 3] = ["scopeSpans", "scope_spans", "instrumentationLibrarySpans"];
    if let Some(Value::Array(resources)) = first(value, lists) {
        *found = true;
        resources.iter().try_for_each(|resource| each(resource, &SCOPES, ledger, found))
    } else if let Some(Value::Array(scopes)) = first(value, &SCOPES) {
        *found = true;
        scopes.iter().try_for_each(|scope| each(scope, &["spans"], ledger, found))
    } else if let Some(Value::Array(spans)) = value.get("spans") {
        *found = true;
        spans.iter().try_for_each(|one| {
            let parsed = span(one, &mut ledger.context);
            ledger.row(parsed)
        })
    } else {
        Ok(())
    }
}

fn first<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| value.get(name))
}

fn span(span: &Value, context: &mut Context) -> Result<Parsed, Fault> {
    let get = |names: &[&str]| Cell::of(names.iter().find_map(|name| attribute(span, name)));
    let text = |names: &[&str]| get(names).text();
    let operation = text(&["gen_ai.operation.name"]);
    let model = text(&["gen_ai.response.model"]).or(text(&["gen_ai.request.model"]));
    let counted = get(&INPUT).is_there() || get(&OUTPUT).is_there();
    let around = operation.is_some_and(|name| AROUND.contains(&name));
    if around || !(counted || model.is_some()) {
        return Err(Fault::new(Reason::NotARequest, "a span that is no call of a model"));
    }
    let failed = has_failed(span) || get(&["error.type"]).is_there();
    let total = |names: &[&str], needed: bool| {
        let cell = get(names);
        if needed { cell.needed(names[0]) } else { Ok(cell.count(names[0])?.unwrap_or(0)) }
    };
    // An embedding has no output; a call that failed may have no counts at all.
    let usage = Usage {
        input: total(&INPUT, !failed)?,
        cached: total(&CACHED, false)?,
        written: total(&WRITTEN, false)?,
        audio_input: total(&["gen_ai.usage.audio.input_tokens"], false)?,
        image_input: total(&["gen_ai.usage.image.input_tokens"], false)?,
        video_input: total(&["gen_ai.usage.video.input_tokens"], false)?,
        output: total(&OUTPUT, !failed && operation != Some("embeddings"))?,
        reasoning: total(&REASONING, false)?,
        audio_output: total(&["gen_ai.usage.audio.output_tokens"], false)?,
        ..Usage::NONE
    };
    let at_ms = Cell::of(first(span, &START)).time("startTimeUnixNano", context)?;
    let end = Cell::of(first(span, &END)).time("endTimeUnixNano", context).ok();
    let Some(model) = model else {
        return Err(Fault::new(
            Reason::NoModel,
            "gen_ai.response.model and gen_ai.request.model are missing",
        ));
    };
    let record = Record {
        at_ms,
        provider: text(&["gen_ai.provider.name", "gen_ai.system"]).map(|name| words::provider(name, context)),
        model: Some(context.name(model)),
        tier: text(&TIER).and_then(|name| words::tier(name, context)),
        usage,
        requests: 1,
        latency_ms: end.and_then(|end| u64::try_from(end - at_ms).ok()),
        first_token_ms: get(&["gen_ai.response.time_to_first_chunk"]).duration_ms(1000, context),
        failed,
        session: text(&["gen_ai.conversation.id"]).map(|name| context.name(name)),
        ..Record::default()
    };
    let trace = first(span, &["traceId", "trace_id"]).and_then(Value::as_str);
    let own = first(span, &["spanId", "span_id"]).and_then(Value::as_str);
    Ok(Parsed { record, id: trace.zip(own).map(id_hash) })
}

/// Whether a span's status is an error: 2, or its name.
fn has_failed(span: &Value) -> bool {
    let code = span.get("status").and_then(|status| status.get("code"));
    code.is_some_and(|code| code == 2 || code == "STATUS_CODE_ERROR" || code == "ERROR")
}

/// An attribute of a span: in OTLP a list of keys with typed values, elsewhere a plain map.
fn attribute<'a>(span: &'a Value, name: &str) -> Option<&'a Value> {
    match span.get("attributes")? {
        Value::Array(list) => {
            let pair = list.iter().find(|pair| pair.get("key").is_some_and(|key| key == name))?;
            let value = pair.get("value")?;
            const TYPES: [&str; 8] = [
                "stringValue",
                "intValue",
                "doubleValue",
                "boolValue",
                "string_value",
                "int_value",
                "double_value",
                "bool_value",
            ];
            first(value, &TYPES)
        }
        Value::Object(map) => map.get(name),
        _ => None,
    }
}
