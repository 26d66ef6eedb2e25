//! Amazon Bedrock's log of model invocations. Cached and written tokens stand beside the input.

use std::sync::Arc;

use serde_json::Value;

use super::Record;
use super::cell::{Cell, Fault};
use super::context::Context;
use super::ledger::{Ledger, Parsed, id_hash};
use super::reading::{ReadError, Reason};
use crate::billing::Usage;

const PROVIDER: &str = "bedrock";

/// What a model's name begins with where requests may be served across a part of the world.
const ACROSS: [&str; 6] = ["global", "us", "eu", "jp", "au", "apac"];

/// Reads one call.
///
/// # Errors
/// When a strict reading meets a call that cannot be used.
pub fn call(value: &Value, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
    let parsed = one(value, &mut ledger.context);
    ledger.row(parsed)
}

fn one(value: &Value, context: &mut Context) -> Result<Parsed, Fault> {
    let text = |name: &str| Cell::of(value.get(name)).text();
    if !value.is_object() {
        return Err(Fault::new(Reason::NotJson, "a value that is no object"));
    }
    let Some(model) = text("modelId") else {
        return Err(Fault::new(Reason::NoModel, "modelId is missing"));
    };
    // Of a resource's full name, which holds an account's number, only the end is the model.
    let model = model.rsplit('/').next().unwrap_or(model);
    let failed = text("errorCode").is_some();
    let body = value.get("output").and_then(|output| output.get("outputBodyJson"));
    let latency = body.and_then(|body| body.get("metrics")).and_then(|metrics| metrics.get("latencyMs"));
    let record = Record {
        at_ms: Cell::of(value.get("timestamp")).time("timestamp", context)?,
        provider: Some(context.name(PROVIDER)),
        model: Some(context.name(model)),
        region: region(model, text("region"), context),
        usage: usage(value, failed)?,
        requests: 1,
        latency_ms: Cell::of(latency).duration_ms(1, context),
        failed,
        ..Record::default()
    };
    Ok(Parsed { record, id: text("requestId").map(id_hash) })
}

fn usage(value: &Value, failed: bool) -> Result<Usage, Fault> {
    let cell = |side: &str, name: &str| Cell::of(value.get(side).and_then(|side| side.get(name)));
    let count = |side: &str, name: &str| Ok(cell(side, name).count(name)?.unwrap_or(0));
    let needed = |side: &str, name: &str| {
        if failed { count(side, name) } else { cell(side, name).needed(name) }
    };
    let cached = count("input", "cacheReadInputTokenCount")?;
    let written = count("input", "cacheWriteInputTokenCount")?;
    let own = needed("input", "inputTokenCount")?;
    // An embedding has no output.
    let embedding = value.get("modelId").and_then(Value::as_str).is_some_and(|name| name.contains("embed"));
    let output =
        if embedding { count("output", "outputTokenCount")? } else { needed("output", "outputTokenCount")? };
    Ok(Usage { input: own + cached + written, cached, written, output, ..Usage::NONE })
}

/// The region in the words of the catalogue: across a part of the world where the model's name says so, else
/// the part of the world that the request went to.
fn region(model: &str, region: Option<&str>, context: &mut Context) -> Option<Arc<str>> {
    let first = model.split('.').next().unwrap_or_default();
    if ACROSS.contains(&first) {
        return Some(context.name(first));
    }
    let region = region?;
    let ours = match region {
        "us-gov-east-1" => "govcloud-east",
        "us-gov-west-1" => "govcloud-west",
        "ap-northeast-1" | "ap-northeast-3" => "jp",
        "ap-southeast-2" | "ap-southeast-4" => "au",
        _ if region.starts_with("us-") => "us",
        _ if region.starts_with("eu-") => "eu",
        other => other,
    };
    Some(context.name(ours))
}
