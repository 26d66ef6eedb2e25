//! The account of a reading while it goes on: every row ends up used or set aside with its reason.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::cell::Fault;
use super::context::{Context, rows};
use super::reading::{Options, ReadError, Reading, Reason, SetAside};
use super::{Format, Record};
use crate::billing::{BillError, Usage};
use crate::domain::problem::Code;

/// The most ids that are remembered, about 300 MB of them.
const MOST_IDS: usize = 20_000_000;

/// The most row numbers that are listed for a reason.
const MOST_LISTED: usize = 5;

/// A row that could be read.
pub struct Parsed {
    /// What it says.
    pub record: Record,
    /// A hash of what tells it from all other rows, if the log has that.
    pub id: Option<u64>,
}

impl From<Record> for Parsed {
    fn from(record: Record) -> Self {
        Parsed { record, id: None }
    }
}

/// A hash of an id, the same in every run.
pub fn id_hash(id: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// A hash of what a sum of a page is about: its span, and what it was grouped by. In a page no two sums are
/// about the same, so that a repeated one comes from a page that was fetched twice.
pub fn group_hash(at_ms: i64, end_ms: i64, result: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    (at_ms, end_ms).hash(&mut hasher);
    for (key, value) in result.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => (key, text).hash(&mut hasher),
            Value::Bool(flag) => (key, flag).hash(&mut hasher),
            _ => {}
        }
    }
    hasher.finish()
}

/// The account.
pub struct Ledger<'a> {
    /// How messages call the log.
    pub name: &'a str,
    /// How it is to be read.
    pub options: &'a Options,
    /// The result so far.
    pub reading: Reading,
    /// What the readers of rows share.
    pub context: Context,
    take: &'a mut dyn FnMut(Record),
    seen: Seen,
    before_ms: i64,
    backwards: u64,
}

impl<'a> Ledger<'a> {
    /// Nothing read yet.
    pub fn new(name: &'a str, options: &'a Options, take: &'a mut dyn FnMut(Record)) -> Self {
        let reading = Reading {
            format: options.format.unwrap_or(Format::Plain),
            compression: None,
            rows: 0,
            used: 0,
            sums: 0,
            set_aside: Vec::new(),
            remarks: Vec::new(),
            first_ms: None,
            last_ms: None,
        };
        Ledger {
            name,
            options,
            reading,
            context: Context::new(options.epoch),
            take,
            seen: Seen::new(MOST_IDS),
            before_ms: i64::MIN,
            backwards: 0,
        }
    }

    /// Says something in the account.
    pub fn remark(&mut self, sentence: impl Into<String>) {
        self.reading.remarks.push(sentence.into());
    }

    /// Counts a row and settles it.
    ///
    /// # Errors
    /// When the row cannot be used and the reading is strict.
    pub fn row(&mut self, parsed: Result<Parsed, Fault>) -> Result<(), ReadError> {
        let row = self.count();
        self.settle(row, parsed)
    }

    /// Counts a row that is to be settled later; its number.
    pub fn count(&mut self) -> u64 {
        self.reading.rows += 1;
        self.reading.rows
    }

    /// Hands on a counted row, or sets it aside.
    ///
    /// # Errors
    /// When the row cannot be used and the reading is strict.
    pub fn settle(&mut self, row: u64, parsed: Result<Parsed, Fault>) -> Result<(), ReadError> {
        // A record is large: it is moved once, to who takes it.
        let fault = match parsed {
            Ok(mut parsed) => match self.fault_of(&parsed) {
                None => {
                    parsed.record.row = row;
                    self.context.end_row(true);
                    self.used(parsed.record);
                    return Ok(());
                }
                Some(fault) => fault,
            },
            Err(fault) => fault,
        };
        self.context.end_row(false);
        self.set_aside(row, fault)
    }

    /// The account, complete.
    pub fn finish(mut self) -> Reading {
        self.reading.remarks.extend(self.context.sentences());
        if self.backwards > 0 {
            let rows = rows(self.backwards);
            self.remark(format!("Time runs backwards at {rows}; the order of the log is kept."));
        }
        if self.reading.sums > 0 {
            let rows = rows(self.reading.sums);
            self.remark(format!(
                "Sums over spans of time ({rows}) do not show how long single prompts were."
            ));
        }
        if self.seen.full {
            self.remark(format!(
                "After {MOST_IDS} different ids, rows were no longer compared: later duplicates are not found."
            ));
        }
        if self.reading.rows == 0 {
            self.remark("The log holds no rows.");
        }
        debug_assert_eq!(self.reading.used + self.reading.unused(), self.reading.rows);
        self.reading
    }

    /// What is wrong with a row that could be read.
    fn fault_of(&mut self, parsed: &Parsed) -> Option<Fault> {
        let fault = fault_of_parts(&parsed.record.usage);
        if fault.is_none() && parsed.id.is_some_and(|id| self.seen.before(id)) {
            return Some(Fault::new(Reason::Duplicate, "the same id stands in an earlier row"));
        }
        fault
    }

    fn used(&mut self, record: Record) {
        self.reading.sums += u64::from(record.span_ms.is_some());
        self.clock(record.at_ms);
        (self.take)(record);
    }

    /// Counts a usable row that is not handed on: who reads it has taken it already.
    #[inline]
    pub fn taken(&mut self, at_ms: i64) {
        self.reading.rows += 1;
        self.clock(at_ms);
    }

    /// Counts usable rows of these times as [`Ledger::taken`] does, or of no time; the earliest and the latest.
    #[cfg(feature = "parquet")]
    pub fn taken_all(&mut self, rows: usize, times: Option<&[i64]>) -> (i64, i64) {
        self.reading.rows += rows as u64;
        self.reading.used += rows as u64;
        let Some(times) = times else { return (0, 0) };
        let (Some(&begin), Some(&end)) = (times.first(), times.last()) else { return (0, 0) };
        let falls = times.windows(2).map(|pair| u64::from(pair[1] < pair[0])).sum::<u64>();
        let (first, last) = match falls {
            0 => (begin, end),
            _ => times.iter().fold((begin, end), |(first, last), at| (first.min(*at), last.max(*at))),
        };
        self.backwards += falls + u64::from(begin < self.before_ms);
        self.before_ms = end;
        let reading = &mut self.reading;
        reading.first_ms = Some(reading.first_ms.map_or(first, |known| known.min(first)));
        reading.last_ms = Some(reading.last_ms.map_or(last, |known| known.max(last)));
        (first, last)
    }

    /// Counts a row as used, at its time.
    #[inline]
    fn clock(&mut self, at: i64) {
        let reading = &mut self.reading;
        reading.used += 1;
        reading.first_ms = Some(reading.first_ms.map_or(at, |first| first.min(at)));
        reading.last_ms = Some(reading.last_ms.map_or(at, |last| last.max(at)));
        self.backwards += u64::from(at < self.before_ms);
        self.before_ms = at;
    }

    fn set_aside(&mut self, row: u64, fault: Fault) -> Result<(), ReadError> {
        if self.options.strict && !fault.reason.is_expected() {
            return Err(ReadError::input(
                Code::Unreadable,
                format!("row {row} of {} cannot be used: {}", self.name, fault.reason.describe()),
                fault.detail,
                "mend the row, or leave strict reading out and have such rows set aside and counted",
            ));
        }
        let list = &mut self.reading.set_aside;
        match list.iter_mut().find(|aside| aside.reason == fault.reason) {
            Some(aside) => {
                aside.rows += 1;
                if aside.first.len() < MOST_LISTED {
                    aside.first.push(row);
                }
            }
            None => {
                list.push(SetAside { reason: fault.reason, rows: 1, first: vec![row], example: fault.detail })
            }
        }
        Ok(())
    }
}

/// The fault of parts that do not fit into what they are part of.
fn fault_of_parts(usage: &Usage) -> Option<Fault> {
    let error = usage.tokens().err()?;
    let output = matches!(error, BillError::PartAboveWhole { of: "output", .. });
    let reason = if output { Reason::ReasoningAboveOutput } else { Reason::CachedAboveInput };
    Some(Fault::new(reason, error.to_string()))
}

/// Ids met before, as hashes.
struct Seen {
    ids: HashSet<u64, BuildHasherDefault<AsItIs>>,
    most: usize,
    full: bool,
}

impl Seen {
    fn new(most: usize) -> Self {
        Seen { ids: HashSet::default(), most, full: false }
    }

    /// Whether the id came before; remembers it.
    fn before(&mut self, id: u64) -> bool {
        if self.ids.len() < self.most {
            return !self.ids.insert(id);
        }
        let known = self.ids.contains(&id);
        self.full |= !known;
        known
    }
}

/// The hash of a hash is itself.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_remembered_up_to_a_bound() {
        let mut seen = Seen::new(2);
        assert!(!seen.before(1) && !seen.before(2) && seen.before(1));
        assert!(!seen.full);
        assert!(!seen.before(3) && !seen.before(3) && seen.before(2));
        assert!(seen.full);
    }

    #[test]
    fn a_group_is_what_it_is_grouped_by() {
        let of = |text: &str| group_hash(0, 1, &serde_json::from_str(text).unwrap());
        let one = of(r#"{"model":"m","batch":true,"input_tokens":1}"#);
        assert_eq!(one, of(r#"{"model":"m","batch":true,"input_tokens":2}"#));
        assert_ne!(one, of(r#"{"model":"m","batch":false,"input_tokens":1}"#));
    }
}
