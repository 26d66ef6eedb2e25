//! The transcripts of Claude Code: one JSON object a line, of which those of type `assistant` carry usage.
//!
//! Cached and written tokens stand beside the input. An answer of several blocks is written once for each,
//! with the same ids and growing counts: the largest stands for it. A window of answers is held back for
//! that, so that memory stays bounded.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::Record;
use super::cell::{Cell, Fault};
use super::context::Context;
use super::ledger::{Ledger, Parsed, id_hash};
use super::reading::{ReadError, Reason};
use super::words;
use crate::billing::Usage;

const PROVIDER: &str = "anthropic";

/// How many answers are held back. The lines of one answer follow each other closely.
const WINDOW: usize = 1_024;

/// Lines of transcripts.
pub struct Transcripts {
    held: HashMap<u64, (u64, Record)>,
    order: VecDeque<u64>,
}

impl Transcripts {
    /// Nothing read yet.
    pub fn new() -> Self {
        Transcripts { held: HashMap::new(), order: VecDeque::new() }
    }

    /// Reads one line.
    ///
    /// # Errors
    /// When a strict reading meets a line that cannot be used.
    pub fn line(&mut self, value: &Value, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
        let row = ledger.count();
        let Parsed { record, id } = match answer(value, &mut ledger.context) {
            Ok(parsed) => parsed,
            Err(fault) => return ledger.settle(row, Err(fault)),
        };
        // The row may be settled after others.
        ledger.context.end_row(true);
        let Some(id) = id else { return ledger.settle(row, Ok(Parsed::from(record))) };
        let again = || Err(Fault::new(Reason::Duplicate, "the same message and request"));
        if let Some(held) = self.held.get_mut(&id) {
            // Of two as large the later is kept.
            let larger = record.usage.output >= held.1.usage.output;
            let other = if larger { std::mem::replace(held, (row, record)).0 } else { row };
            return ledger.settle(other, again());
        }
        self.held.insert(id, (row, record));
        self.order.push_back(id);
        if self.order.len() > WINDOW { self.release(ledger) } else { Ok(()) }
    }

    /// Settles what is held back.
    ///
    /// # Errors
    /// As [`Transcripts::line`].
    pub fn end(mut self, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
        while !self.order.is_empty() {
            self.release(ledger)?;
        }
        Ok(())
    }

    /// Settles the answer that was held back longest.
    fn release(&mut self, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
        let Some(id) = self.order.pop_front() else { return Ok(()) };
        let Some((row, record)) = self.held.remove(&id) else { return Ok(()) };
        ledger.settle(row, Ok(Parsed { record, id: Some(id) }))
    }
}

fn answer(value: &Value, context: &mut Context) -> Result<Parsed, Fault> {
    let text = |of: &Value, name: &str| Cell::of(of.get(name)).text().map(str::to_owned);
    let message = value.get("message").unwrap_or(&Value::Null);
    let usage = message.get("usage").filter(|usage| usage.is_object());
    let model = Cell::of(message.get("model")).text();
    let (Some("assistant"), Some(usage)) = (value.get("type").and_then(Value::as_str), usage) else {
        return Err(Fault::new(Reason::NotARequest, "a line that is no answer of a model"));
    };
    let Some(model) = model else { return Err(Fault::new(Reason::NoModel, "message.model is missing")) };
    if model == "<synthetic>" {
        return Err(Fault::new(Reason::NotARequest, "an answer that no model gave"));
    }
    // A faster serving of the same model is a tier of its own.
    let speed = Cell::of(usage.get("speed")).text().filter(|speed| *speed == "fast");
    let tier = speed.or_else(|| Cell::of(usage.get("service_tier")).text());
    let record = Record {
        at_ms: Cell::of(value.get("timestamp")).time("timestamp", context)?,
        provider: Some(context.name(PROVIDER)),
        model: Some(context.name(model)),
        tier: tier.and_then(|tier| words::tier(tier, context)),
        usage: counts(usage)?,
        requests: 1,
        session: Cell::of(value.get("sessionId")).text().map(|name| context.name(name)),
        ..Record::default()
    };
    let id = text(message, "id").map(|message| id_hash((message, text(value, "requestId"))));
    Ok(Parsed { record, id })
}

fn counts(usage: &Value) -> Result<Usage, Fault> {
    let count = |of: &Value, name: &str| Ok(Cell::of(of.get(name)).count(name)?.unwrap_or(0));
    let own = Cell::of(usage.get("input_tokens")).needed("input_tokens")?;
    let cached = count(usage, "cache_read_input_tokens")?;
    let all_written = count(usage, "cache_creation_input_tokens")?;
    let (written, written_1h) = match usage.get("cache_creation").filter(|created| created.is_object()) {
        Some(created) => {
            let five = count(created, "ephemeral_5m_input_tokens")?;
            let hour = count(created, "ephemeral_1h_input_tokens")?;
            (five.max(all_written.saturating_sub(hour)), hour)
        }
        None => (all_written, 0),
    };
    Ok(Usage {
        input: own + cached + written + written_1h,
        cached,
        written,
        written_1h,
        output: Cell::of(usage.get("output_tokens")).needed("output_tokens")?,
        ..Usage::NONE
    })
}
