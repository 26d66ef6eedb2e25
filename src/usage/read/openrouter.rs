//! OpenRouter's activity export, one row a generation. Prompt tokens hold the cached ones, completion tokens
//! the reasoning.

use super::Record;
use super::cell::{Cell, Fault};
use super::context::{Context, Note};
use super::ledger::{Parsed, id_hash};
use super::reading::Reason;
use super::table::{Cells, Table};
use crate::billing::Usage;
use crate::domain::money::Usd;
use crate::usage::Billed;

const PROVIDER: &str = "openrouter";

const ID: usize = 0;
const TIME: usize = 1;
const COST: usize = 2;
const OWN_KEY: usize = 3;
const PROMPT: usize = 4;
const COMPLETION: usize = 5;
const REASONING: usize = 6;
const CACHED: usize = 7;
const MODEL: usize = 8;
const VARIANT: usize = 9;
const FINISH: usize = 10;
const LATENCY: usize = 11;
const FIRST_TOKEN: usize = 12;
const FIELDS: [&[&str]; 13] = [
    &["generation_id"],
    &["created_at"],
    &["cost_total"],
    &["byok_usage_inference"],
    &["tokens_prompt"],
    &["tokens_completion"],
    &["tokens_reasoning"],
    &["tokens_cached"],
    &["model_permaslug", "model"],
    &["variant"],
    &["finish_reason_normalized"],
    &["generation_time_ms"],
    &["time_to_first_token_ms"],
];

/// How its rows are read.
pub fn table() -> Table {
    Table::fixed(&FIELDS, &[TIME, PROMPT, COMPLETION, MODEL], row)
}

fn row(cells: &Cells<'_>, context: &mut Context) -> Result<Parsed, Fault> {
    let get = |field: usize| cells.get(field);
    let Some(model) = get(MODEL).text() else {
        return Err(Fault::new(Reason::NoModel, "model_permaslug is empty"));
    };
    let model = match get(VARIANT).text().filter(|variant| *variant != "standard") {
        // The catalogue knows variants as OpenRouter writes them in requests, `model:free`.
        Some(variant) if !model.contains(':') => context.name(&format!("{model}:{variant}")),
        _ => context.name(model),
    };
    let optional = |field: usize| Ok(get(field).count(FIELDS[field][0])?.unwrap_or(0));
    let usage = Usage {
        input: get(PROMPT).needed("tokens_prompt")?,
        cached: optional(CACHED)?,
        output: get(COMPLETION).needed("tokens_completion")?,
        reasoning: optional(REASONING)?,
        ..Usage::NONE
    };
    let record = Record {
        at_ms: get(TIME).time("created_at", context)?,
        provider: Some(context.name(PROVIDER)),
        model: Some(model),
        usage,
        requests: 1,
        latency_ms: get(LATENCY).duration_ms(1, context),
        first_token_ms: get(FIRST_TOKEN).duration_ms(1, context),
        failed: get(FINISH).text() == Some("error"),
        billed: billed(get(COST), get(OWN_KEY), context)?,
        ..Record::default()
    };
    Ok(Parsed { record, id: get(ID).text().map(id_hash) })
}

/// What was paid. With a key of the caller's own OpenRouter bills a fee only, at most some percent of what
/// the key's contract paid.
fn billed(cost: Cell<'_>, own_key: Cell<'_>, context: &mut Context) -> Result<Option<Billed>, Fault> {
    let cost = cost.usd("cost_total")?;
    let paid = own_key.usd("byok_usage_inference")?.filter(|paid| *paid > Usd::ZERO);
    let fee = cost.unwrap_or(Usd::ZERO).picodollars();
    match paid.filter(|paid| fee * 10 <= paid.picodollars()) {
        Some(amount) => {
            context.note(Note::OwnKey);
            Ok(Some(Billed { amount, own_key: true }))
        }
        None => Ok(cost.map(|amount| Billed { amount, own_key: false })),
    }
}
