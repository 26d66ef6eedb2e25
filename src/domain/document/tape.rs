//! The events of a text that does not change, written down in a few bytes each: parsed when the program is
//! built, replayed at every start in a tenth of the time.
//!
//! A tape holds no text that the source holds: a scalar that stands as it means is two numbers. The build
//! script includes this file too.

use std::borrow::Cow;

use super::events::{Event, Span};

const DOCUMENT: u8 = 0;
const LIST: u8 = 1;
const MAP: u8 = 2;
const END: u8 = 3;
const ALIAS: u8 = 4;
/// A scalar whose text is what stands at its place.
const WRITTEN: u8 = 5;
/// A scalar whose text is another, because of quotes, escapes or folded lines. It follows.
const MEANT: u8 = 6;
/// Added for a scalar without quotes.
const PLAIN: u8 = 8;

/// Writes events down.
pub fn record<'a>(text: &str, events: impl Iterator<Item = (Event<'a>, Span)>) -> Vec<u8> {
    let mut tape = Vec::new();
    let mut before = Span::default();
    for (event, span) in events {
        let (kind, anchor, meant) = match &event {
            Event::Document => (DOCUMENT, None, None),
            Event::List(anchor) => (LIST, Some(*anchor), None),
            Event::Map(anchor) => (MAP, Some(*anchor), None),
            Event::End => (END, None, None),
            Event::Alias(anchor) => (ALIAS, Some(*anchor), None),
            Event::Scalar(scalar, plain, anchor) => {
                let written = text.get(span.start..span.end) == Some(&**scalar);
                let kind = if written { WRITTEN } else { MEANT } + if *plain { PLAIN } else { 0 };
                (kind, Some(*anchor), (!written).then_some(scalar))
            }
        };
        tape.push(kind);
        number(&mut tape, zigzag(span.start, before.start));
        number(&mut tape, span.end - span.start);
        number(&mut tape, zigzag(span.line, before.line));
        number(&mut tape, span.column);
        if let Some(anchor) = anchor {
            number(&mut tape, anchor);
        }
        if let Some(scalar) = meant {
            number(&mut tape, scalar.len());
            tape.extend_from_slice(scalar.as_bytes());
        }
        before = span;
    }
    tape
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn number(tape: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        tape.push(value as u8 | 0x80);
        value >>= 7;
    }
    tape.push(value as u8);
}

/// A difference of either sign as a small number without one.
fn zigzag(to: usize, from: usize) -> usize {
    let difference = to.wrapping_sub(from) as isize;
    ((difference << 1) ^ (difference >> (isize::BITS - 1))) as usize
}

/// Events read back. A tape that was cut ends early.
pub struct Replay<'a> {
    text: &'a str,
    tape: &'a [u8],
    before: Span,
}

impl<'a> Replay<'a> {
    /// The events that `record` wrote down of this text.
    pub fn new(text: &'a str, tape: &'a [u8]) -> Self {
        Replay { text, tape, before: Span::default() }
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.tape.split_first()?;
        self.tape = rest;
        Some(first)
    }

    fn number(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn moved(&mut self, from: usize) -> Option<usize> {
        let value = self.number()?;
        let difference = (value >> 1) as isize ^ -((value & 1) as isize);
        Some(from.wrapping_add(difference as usize))
    }
}

impl<'a> Iterator for Replay<'a> {
    type Item = (Event<'a>, Span);

    fn next(&mut self) -> Option<Self::Item> {
        let kind = self.byte()?;
        let start = self.moved(self.before.start)?;
        let end = start.checked_add(self.number()?)?;
        let span = Span { start, end, line: self.moved(self.before.line)?, column: self.number()? };
        self.before = span;
        let plain = kind & PLAIN != 0;
        let event = match kind & !PLAIN {
            DOCUMENT => Event::Document,
            LIST => Event::List(self.number()?),
            MAP => Event::Map(self.number()?),
            END => Event::End,
            ALIAS => Event::Alias(self.number()?),
            WRITTEN => {
                let anchor = self.number()?;
                Event::Scalar(Cow::Borrowed(self.text.get(start..end)?), plain, anchor)
            }
            MEANT => {
                let anchor = self.number()?;
                let length = self.number()?;
                let (text, rest) = self.tape.split_at_checked(length)?;
                self.tape = rest;
                Event::Scalar(Cow::Borrowed(std::str::from_utf8(text).ok()?), plain, anchor)
            }
            _ => return None,
        };
        Some((event, span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::document::events::events;

    /// Every kind of event, with places beyond one byte and characters beyond ASCII.
    #[test]
    fn what_is_replayed_is_what_was_read() {
        let filler = "x".repeat(300);
        let text = format!(
            "# {filler}\nä: &a 'it''s'\nb: *a\nc: [1, \"\\u00e4\", {{d: ~}}]\ne: >\n  folded\n  lines\nf:\n"
        );
        let read: Vec<_> = events(&text).map(|item| item.map_err(|e| e.message).unwrap()).collect();
        assert!(read.len() > 15 && read.iter().any(|(event, _)| matches!(event, Event::Alias(_))));
        let tape = record(&text, read.iter().cloned());
        assert_eq!(Replay::new(&text, &tape).collect::<Vec<_>>(), read);
    }

    #[test]
    fn a_tape_that_was_cut_or_spoilt_ends() {
        let text = "a: [1, 'b''c']\n";
        let tape = record(text, events(text).filter_map(Result::ok));
        for length in 0..tape.len() {
            assert!(Replay::new(text, &tape[..length]).count() <= 8);
        }
        assert!(Replay::new(text, &[0xff; 64]).count() <= 8);
        assert!(Replay::new("", &tape).count() <= 8);
    }
}
