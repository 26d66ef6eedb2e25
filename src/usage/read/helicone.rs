//! Helicone's export of requests. It says nothing about cached tokens.

use super::Record;
use super::cell::Fault;
use super::context::{Context, Note};
use super::ledger::{Parsed, id_hash};
use super::reading::Reason;
use super::table::{Cells, Table};
use crate::billing::Usage;
use crate::usage::Billed;

const ID: usize = 0;
const TIME: usize = 1;
const STATUS: usize = 2;
const MODEL: usize = 3;
const PROMPT: usize = 4;
const COMPLETION: usize = 5;
const LATENCY: usize = 6;
const COST: usize = 7;
const FIELDS: [&[&str]; 8] = [
    &["response_id", "request_id"],
    &["request_created_at"],
    &["response_status"],
    &["model"],
    &["prompt_tokens"],
    &["completion_tokens"],
    &["latency"],
    &["cost"],
];

/// How its rows are read.
pub fn table() -> Table {
    Table::fixed(&FIELDS, &[TIME, MODEL, PROMPT, COMPLETION], row)
}

fn row(cells: &Cells<'_>, context: &mut Context) -> Result<Parsed, Fault> {
    let get = |field: usize| cells.get(field);
    // Failures have a status of HTTP, or a negative one of the proxy's own.
    let status = get(STATUS).written();
    let failed = status.is_some_and(|status| !matches!(status.as_bytes().first(), Some(b'1'..=b'3')));
    let total = |field: usize| {
        let (cell, name) = (get(field), FIELDS[field][0]);
        if failed { cell.count(name).map(|count| count.unwrap_or(0)) } else { cell.needed(name) }
    };
    let model = get(MODEL).text();
    if model.is_none() && !failed {
        return Err(Fault::new(Reason::NoModel, "model is empty"));
    }
    let record = Record {
        at_ms: get(TIME).time("request_created_at", context)?,
        model: model.map(|name| context.name(name)),
        usage: Usage { input: total(PROMPT)?, output: total(COMPLETION)?, ..Usage::NONE },
        requests: 1,
        latency_ms: get(LATENCY).duration_ms(1, context),
        failed,
        billed: get(COST).usd("cost")?.map(|amount| Billed { amount, own_key: false }),
        ..Record::default()
    };
    context.note(Note::NoCached);
    Ok(Parsed { record, id: get(ID).text().map(id_hash) })
}
