//! JSON values: one a line, one after another, or the elements of a list at the top, each on its own.

use std::io::{BufRead, Cursor, Read};

use serde_json::Value;

use super::cell::Fault;
use super::context::Context;
use super::detect::{self, Reader};
use super::framing::{LONGEST, too_long};
use super::ledger::{Ledger, Parsed};
use super::reading::{ReadError, Reason};

/// How a result of a bucket, in a page, is read: bucket, result, context.
pub type OfBucket = fn(&Value, &Value, &mut Context) -> Result<Parsed, Fault>;

/// Reads a page of buckets, or a bucket of one, each with its results.
///
/// # Errors
/// When a strict reading meets a result that cannot be used.
pub fn page(value: &Value, result: OfBucket, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
    if let Some(Value::Array(buckets)) = value.get("data") {
        return buckets.iter().try_for_each(|bucket| page(bucket, result, ledger));
    }
    let Some(Value::Array(results)) = value.get("results") else {
        return ledger.row(Err(Fault::new(Reason::NotARequest, "an object without results")));
    };
    results.iter().try_for_each(|one| {
        let parsed = result(value, one, &mut ledger.context);
        ledger.row(parsed)
    })
}

/// How many values are looked at to find the format.
const LOOKED_AT: usize = 64;

/// How many bytes of them.
const LOOKED_AT_BYTES: usize = 16 * 1024 * 1024;

/// Reads a file of JSON values.
///
/// # Errors
/// When the values fit no format, when a strict reading meets a row that cannot be used, or when reading
/// fails.
pub fn read(text: Box<dyn BufRead + '_>, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
    let mut pieces = Pieces::new(text, ledger.name)?;
    let mut first = Vec::new();
    let mut format = ledger.options.format;
    let mut bytes = 0;
    while format.is_none() && first.len() < LOOKED_AT && bytes < LOOKED_AT_BYTES {
        let Some(piece) = pieces.next()? else { break };
        bytes += pieces.buffer.len();
        if let Ok(value) = &piece {
            format = detect::of_value(value, ledger);
        }
        first.push(piece);
    }
    let values: Vec<&Value> = first.iter().flatten().collect();
    let Some(format) = format else { return Err(detect::unknown_values(ledger.name, &values)) };
    ledger.reading.format = format;
    let mut reader = match (detect::reader(format), values.first()) {
        (Some(reader), _) => reader,
        (None, seen) => match detect::table_of_value(format, seen.copied(), ledger)? {
            Some(table) => Reader::Table(table),
            None => return Err(detect::not_json(ledger.name, format)),
        },
    };
    for piece in first {
        settle(piece, &mut reader, ledger)?;
    }
    while let Some(piece) = pieces.next()? {
        settle(piece, &mut reader, ledger)?;
    }
    if pieces.in_list {
        ledger.remark("The list at the top is never closed: the log may be cut off.");
    }
    reader.end(ledger)
}

/// A value, or why it is none.
type Piece = Result<Value, Fault>;

fn settle(piece: Piece, reader: &mut Reader, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
    match piece {
        // A line that is a list is as good as its elements on lines of their own.
        Ok(Value::Array(elements)) => {
            elements.into_iter().try_for_each(|element| reader.value(&element, ledger))
        }
        Ok(value) => reader.value(&value, ledger),
        Err(fault) => ledger.row(Err(fault)),
    }
}

/// The values of a text.
struct Pieces<'a> {
    name: &'a str,
    text: Box<dyn BufRead + 'a>,
    buffer: Vec<u8>,
    /// Whether every line is a value, so that a broken one spoils no other.
    by_line: bool,
    in_list: bool,
}

impl<'a> Pieces<'a> {
    fn new(mut text: Box<dyn BufRead + 'a>, name: &'a str) -> Result<Self, ReadError> {
        let is_list = first_byte(&mut text)? == Some(b'[');
        let mut pieces = Pieces { name, text, buffer: Vec::new(), by_line: !is_list, in_list: false };
        if !is_list && pieces.next_line()? {
            // A value that goes on in the next line ends this one inside of a list or map.
            let goes_on = matches!(pieces.buffer.trim_ascii().last(), Some(b'{' | b'[' | b',' | b':'));
            pieces.by_line = !goes_on;
            let line = std::mem::take(&mut pieces.buffer);
            pieces.text = Box::new(Cursor::new(line).chain(pieces.text));
        }
        Ok(pieces)
    }

    /// The next value; `None` at the end.
    fn next(&mut self) -> Result<Option<Piece>, ReadError> {
        self.buffer.clear();
        let found = if self.by_line { self.next_line()? } else { self.next_value()? };
        Ok(found.then(|| parse(&self.buffer)))
    }

    /// Puts the next line with something in it into the buffer.
    fn next_line(&mut self) -> Result<bool, ReadError> {
        loop {
            self.buffer.clear();
            let read = self.text.by_ref().take(LONGEST).read_until(b'\n', &mut self.buffer)?;
            if read as u64 == LONGEST {
                return Err(ReadError::from(too_long(self.name)));
            }
            if read == 0 || !self.buffer.trim_ascii().is_empty() {
                return Ok(read > 0);
            }
        }
    }

    /// Puts the next value, wherever its lines end, into the buffer: a list or map by its brackets, anything
    /// else to the end of its line.
    fn next_value(&mut self) -> Result<bool, ReadError> {
        let mut state = Nesting::default();
        loop {
            let chunk = self.text.fill_buf()?;
            if chunk.is_empty() {
                return Ok(!self.buffer.is_empty());
            }
            let (mut used, mut done) = (0, false);
            for byte in chunk {
                used += 1;
                if state.depth == 0 && !state.loose {
                    match byte {
                        b' ' | b'\t' | b'\n' | b'\r' | b',' => continue,
                        b'[' if !self.in_list => {
                            self.in_list = true;
                            continue;
                        }
                        b']' if self.in_list => {
                            self.in_list = false;
                            continue;
                        }
                        _ => {}
                    }
                }
                done = state.ends_with(*byte);
                self.buffer.push(*byte);
                if done {
                    break;
                }
            }
            self.text.consume(used);
            if done {
                return Ok(true);
            }
            if self.buffer.len() as u64 > LONGEST {
                return Err(ReadError::from(too_long(self.name)));
            }
        }
    }
}

/// Skips blanks; the byte behind them.
fn first_byte(text: &mut impl BufRead) -> Result<Option<u8>, ReadError> {
    loop {
        let chunk = text.fill_buf()?;
        let blanks = chunk.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (first, end) = (chunk.get(blanks).copied(), chunk.is_empty());
        text.consume(blanks);
        if first.is_some() || end {
            return Ok(first);
        }
    }
}

/// Where in a value the text stands.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Inside of something that is neither a list nor a map.
    loose: bool,
}

impl Nesting {
    /// Whether the value ends with this byte.
    fn ends_with(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'{' | b'[' if !self.loose => self.depth += 1,
            b'}' | b']' if self.depth > 0 => {
                self.depth -= 1;
                return self.depth == 0;
            }
            b'"' if self.depth > 0 => self.in_string = true,
            b'\n' if self.depth == 0 => return true,
            _ if self.depth == 0 => self.loose = true,
            _ => {}
        }
        false
    }
}

fn parse(bytes: &[u8]) -> Piece {
    let text = std::str::from_utf8(bytes.trim_ascii())
        .map_err(|_| Fault::new(Reason::WrongEncoding, "a byte that is no UTF-8"))?;
    serde_json::from_str(text).map_err(|error| {
        let reason = if error.is_eof() { Reason::Torn } else { Reason::NotJson };
        Fault::new(reason, format!("broken at its byte {}", error.column()))
    })
}
