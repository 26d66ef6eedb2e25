//! The sums of a CSV file: rows of plain numbers are read in place, every other row by the reader of plain
//! tables.

use std::cell::Cell;
use std::io::{BufRead, Read};

use csv::StringRecord;

use super::digits::{controls, is_foreign, marks, number, word};
use super::names::Names;
use super::plan::{Plan, Unfit};
use super::split::Split;
use super::sums::{Counts, Sums};
use super::{Attempt, Columns, Role, Stop, attempt, counts};
use crate::domain::time::parse_ms;
use crate::usage::read::cell::Fault;
use crate::usage::read::framing::{self, Framed, LONGEST, Shape, too_long};
use crate::usage::read::ledger::{Ledger, Parsed};
use crate::usage::read::{Options, ReadError, Reason, table};
use crate::usage::{DAY_MS, Record};

/// Bytes read at a time.
const CHUNK: usize = 512 * 1024;

/// Zeros behind the text, so that sixteen bytes can be read at its every byte and at the next few.
const PADDING: usize = 32;

/// No count of the quick way is as large.
const SMALL: u64 = 100_000_000;

/// First eight digits of Unix seconds (of ten) and milliseconds (of thirteen) of 2000-01-01 to 2200-01-01.
const SENSIBLE: std::ops::Range<u64> = 9_466_848..72_581_184;

/// The sums of a table in text, packed with gzip or zstd or not. `name` is how messages call it.
///
/// # Errors
/// As [`crate::usage::read::read`].
pub fn csv(
    name: &str,
    input: Box<dyn Read + '_>,
    options: &Options,
    plan: &mut Plan<'_>,
) -> Result<Attempt, ReadError> {
    let Framed { text, shape, compression, marked } = framing::open(name, input)?;
    let Shape::Table { delimiter } = shape else { return Ok(Attempt::RowByRow(Unfit::Format)) };
    let handed = Cell::new(None);
    let mut take = |record: Record| handed.set(Some(record));
    let mut ledger = Ledger::new(name, options, &mut take);
    ledger.reading.compression = compression;
    if let Some(compression) = compression {
        ledger.remark(format!("The file is compressed with {compression} and was read as it is."));
    }
    if marked {
        ledger.remark("The file begins with a byte order mark, which was skipped.");
    }
    attempt(read(Text::new(text), delimiter, plan, ledger, &handed))
}

/// Reads the header and all rows.
fn read(
    mut text: Text<'_>,
    delimiter: u8,
    plan: &mut Plan<'_>,
    mut ledger: Ledger<'_>,
    handed: &Cell<Option<Record>>,
) -> Result<Sums, Stop> {
    let mut split = Split::default();
    if !text.record(&mut split, delimiter, ledger.name)? {
        return Err(Unfit::Format.into());
    }
    let names: Option<Vec<String>> =
        split.fields().map(|name| Some(std::str::from_utf8(name).ok()?.trim().to_owned())).collect();
    text.at += split.length;
    table::remark_delimiter(delimiter, &mut ledger);
    let columns = Columns::find(names.ok_or(Unfit::Format)?, plan, &mut ledger)?;
    let mut sums = Sums::default();
    let forced = match plan {
        Plan::Forced { prices, .. } => Some(sums.model(None, Some(prices.clone()))?),
        Plan::ByModel(_) => None,
    };
    let quick = Quick {
        roles: columns.roles.clone(),
        delimiter,
        by_day: plan.by_day(),
        names: Names::new(),
        // Rows that name no model are rows of a model without a name.
        model: forced,
        date: Date { text: [0; 10], midnight_ms: 0 },
        zoneless: 0,
    };
    Rows {
        text,
        split,
        columns,
        sums,
        quick,
        plan,
        ledger,
        handed,
        complete: true,
        line: StringRecord::new(),
    }
    .read()
}

/// All that takes part while rows are read.
struct Rows<'a, 'l, 'p> {
    text: Text<'a>,
    split: Split,
    line: StringRecord,
    columns: Columns,
    sums: Sums,
    quick: Quick,
    plan: &'a mut Plan<'p>,
    ledger: Ledger<'l>,
    handed: &'a Cell<Option<Record>>,
    /// Whether the last row was used.
    complete: bool,
}

impl Rows<'_, '_, '_> {
    fn read(mut self) -> Result<Sums, Stop> {
        loop {
            self.quick_rows()?;
            if !self.text.record(&mut self.split, self.quick.delimiter, self.ledger.name)? {
                break;
            }
            self.single_row()?;
            self.text.at += self.split.length;
        }
        if self.complete && !matches!(self.text.last, b'\n' | b'\r') {
            table::remark_open_end(&mut self.ledger);
        }
        self.ledger.context.note_zoneless(self.quick.zoneless);
        self.sums.reading = Some(self.ledger.finish());
        Ok(self.sums)
    }

    /// Takes rows for as long as they are plain.
    fn quick_rows(&mut self) -> Result<(), Stop> {
        let bytes = &self.text.bytes[..self.text.end + PADDING];
        let (mut at, mut rows) = (self.text.at, 0);
        while at < self.text.end {
            let Some((row, next)) = self.quick.row(bytes, at) else { break };
            let day = if self.quick.by_day { row.day } else { 0 };
            self.sums.block(row.model, day)?.add(&row.counts);
            self.ledger.taken(row.at_ms);
            rows += 1;
            at = next;
        }
        self.text.at = at;
        self.complete |= rows > 0;
        self.sums.allow(rows * SMALL)?;
        Ok(())
    }

    /// Reads the split row as the readers of plain tables do.
    fn single_row(&mut self) -> Result<(), Stop> {
        let parsed = self.parse();
        self.complete = parsed.is_ok();
        self.ledger.row(parsed)?;
        let Some(record) = self.handed.take() else { return Ok(()) };
        let model = self.model(&record)?;
        let day = if self.quick.by_day { record.at_ms.div_euclid(DAY_MS) } else { 0 };
        let usage = &record.usage;
        let counts = counts([usage.input, usage.cached, usage.written, usage.output, usage.reasoning]);
        self.sums.allow(usage.input.max(usage.output))?;
        self.sums.block(model, day)?.add(&counts);
        Ok(())
    }

    fn parse(&mut self) -> Result<Parsed, Fault> {
        self.line.clear();
        for field in self.split.fields() {
            let text = std::str::from_utf8(field)
                .map_err(|_| Fault::new(Reason::WrongEncoding, "a byte that is no UTF-8"))?;
            self.line.push_field(text);
        }
        let (columns, wanted) = (&self.columns, self.columns.header.len());
        table::line(&columns.table, &self.line, &columns.places, wanted, &mut self.ledger)
    }

    /// The model of a record, and from now on of its name's bytes.
    fn model(&mut self, record: &Record) -> Result<usize, Stop> {
        let Plan::ByModel(find) = &mut *self.plan else { return Ok(0) };
        let name = record.model.as_deref();
        let model = match self.sums.find(name) {
            Some(known) => known,
            None => {
                let prices = find(name)?;
                self.sums.model(name, prices)?
            }
        };
        match self.columns.roles.iter().position(|role| *role == Role::Model) {
            None => self.quick.model = Some(model),
            Some(column) if !self.split.quoted => {
                if let Some(bytes) = self.split.fields().nth(column) {
                    self.quick.names.put(bytes, model);
                }
            }
            Some(_) => {}
        }
        Ok(model)
    }
}

/// Reads plain rows in place.
struct Quick {
    roles: Vec<Role>,
    delimiter: u8,
    by_day: bool,
    names: Names,
    /// The model of rows that name none.
    model: Option<usize>,
    date: Date,
    /// Rows whose time has no zone.
    zoneless: u64,
}

/// The last date that was written out.
struct Date {
    text: [u8; 10],
    midnight_ms: i64,
}

/// A row.
struct Row {
    model: usize,
    day: i64,
    at_ms: i64,
    counts: Counts,
}

impl Quick {
    /// The row that begins at `at`, and where the next one does; `None` if it is not as plain as that, or not
    /// complete.
    #[inline]
    fn row(&mut self, bytes: &[u8], mut at: usize) -> Option<(Row, usize)> {
        let (mut tokens, mut model, mut at_ms) = ([0; 5], self.model, 0);
        let mut zoneless = false;
        let last = self.roles.len() - 1;
        for column in 0..=last {
            match self.roles[column] {
                Role::Count(place, may_be_empty) => {
                    let (value, length) = number(word(bytes, at)?);
                    if length == 0 && !may_be_empty {
                        return None;
                    }
                    tokens[place] = value;
                    at += length;
                }
                Role::Time => (at_ms, at) = self.time(bytes, at, &mut zoneless)?,
                Role::Model => {
                    let end = self.end(bytes, at)?;
                    model = self.names.get(bytes, at, end - at);
                    at = end;
                }
                Role::Skipped => at = self.end(bytes, at)?,
            }
            let mark = bytes[at];
            if column < last {
                if mark != self.delimiter {
                    return None;
                }
            } else if mark == b'\r' {
                at += 1;
                if bytes[at] != b'\n' {
                    return None;
                }
            } else if mark != b'\n' {
                return None;
            }
            at += 1;
        }
        let counts = counts(tokens);
        if !counts.fit() {
            return None;
        }
        let model = model?;
        self.zoneless += u64::from(zoneless);
        Some((Row { model, day: at_ms.div_euclid(DAY_MS), at_ms, counts }, at))
    }

    /// Where a field without quotes ends.
    #[inline]
    fn end(&self, bytes: &[u8], mut at: usize) -> Option<usize> {
        if bytes.get(at) == Some(&b'"') {
            return None;
        }
        loop {
            // Sixteen bytes without a branch: most names are shorter, of ever other lengths.
            let words = [word(bytes, at)?, word(bytes, at + 8)?];
            if is_foreign(words[0] | words[1]) {
                return None;
            }
            let [first, second] = words.map(|word| marks(word, self.delimiter) | controls(word));
            if first | second != 0 {
                let (found, from) = if first != 0 { (first, at) } else { (second, at + 8) };
                return Some(from + found.trailing_zeros() as usize / 8);
            }
            at += 16;
        }
    }

    /// Unix seconds of ten digits, milliseconds of thirteen, or a date and a time of day in UTC.
    #[inline]
    fn time(&mut self, bytes: &[u8], at: usize, zoneless: &mut bool) -> Option<(i64, usize)> {
        let (first, length) = number(word(bytes, at)?);
        if length < 8 {
            return self.written_out(bytes, at, zoneless);
        }
        let (rest, length) = number(word(bytes, at + 8)?);
        let ms = match length {
            2 => (first * 100 + rest) * 1_000,
            5 => first * 100_000 + rest,
            _ => return None,
        };
        SENSIBLE.contains(&first).then_some((ms as i64, at + 8 + length))
    }

    /// `2026-11-24T10:00:00Z`, also with a blank, with a fraction and without the zone.
    fn written_out(&mut self, bytes: &[u8], at: usize, zoneless: &mut bool) -> Option<(i64, usize)> {
        let date: &[u8; 10] = bytes.get(at..)?.first_chunk()?;
        if self.date.text != *date {
            let stamp = parse_ms(std::str::from_utf8(date).ok()?)?;
            // 2000-01-01 and 2200-01-01, as for numbers.
            if !SENSIBLE.contains(&u64::try_from(stamp.ms / 100_000).ok()?) {
                return None;
            }
            self.date = Date { text: *date, midnight_ms: stamp.ms };
        }
        let clock: &[u8; 8] = bytes.get(at + 11..)?.first_chunk()?;
        let [h, i, b':', m, n, b':', s, t] = *clock else { return None };
        if !matches!(bytes[at + 10], b'T' | b' ') || ![h, i, m, n, s, t].iter().all(u8::is_ascii_digit) {
            return None;
        }
        let two = |high: u8, low: u8| i64::from(high - b'0') * 10 + i64::from(low - b'0');
        let (hours, minutes, seconds) = (two(h, i), two(m, n), two(s, t));
        if hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let (mut at, mut ms) = (at + 19, ((hours * 60 + minutes) * 60 + seconds) * 1_000);
        if bytes[at] == b'.' {
            let (_, length) = number(word(bytes, at + 1)?);
            let thousandths = number(word(bytes, at + 1)? & 0x00ff_ffff | u64::from(b',') << 24);
            if !(3..8).contains(&length) {
                return None;
            }
            ms += thousandths.0 as i64;
            at += 1 + length;
        }
        if bytes[at] == b'Z' {
            at += 1;
        } else {
            *zoneless = true;
        }
        Some((self.date.midnight_ms + ms, at))
    }
}

/// A part of the text in memory.
struct Text<'a> {
    source: Box<dyn BufRead + 'a>,
    /// The text and zeros.
    bytes: Vec<u8>,
    /// What is read of it.
    at: usize,
    /// Where the zeros begin.
    end: usize,
    /// Whether nothing follows it.
    whole: bool,
    /// The last byte of all.
    last: u8,
}

impl<'a> Text<'a> {
    fn new(source: Box<dyn BufRead + 'a>) -> Self {
        Text { source, bytes: vec![0; CHUNK + PADDING], at: 0, end: 0, whole: false, last: b'\n' }
    }

    /// Splits the next record and leaves it unread; whether there is one.
    fn record(&mut self, split: &mut Split, delimiter: u8, name: &str) -> Result<bool, Stop> {
        loop {
            let text = &self.bytes[self.at..self.end];
            let blank = text.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            self.at += blank;
            let text = &text[blank..];
            if text.is_empty() && self.whole {
                return Ok(false);
            }
            if !text.is_empty() && split.record(text, delimiter, self.whole) {
                return Ok(true);
            }
            if text.len() as u64 > LONGEST {
                return Err(ReadError::from(too_long(name)).into());
            }
            self.more()?;
        }
    }

    /// Moves what is not read to the front and reads on behind it.
    fn more(&mut self) -> Result<(), Stop> {
        self.bytes.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        if self.end + PADDING > self.bytes.len() / 2 {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        let room = self.bytes.len() - PADDING;
        while self.end < room {
            match self.source.read(&mut self.bytes[self.end..room]) {
                Ok(0) => {
                    self.whole = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(byte) = self.bytes[..self.end].last() {
            self.last = *byte;
        }
        self.bytes[self.end..self.end + PADDING].fill(0);
        Ok(())
    }
}
