//! From text to YAML events with places in bytes: the one home of the YAML library.
//!
//! The build script includes this file too, to read the shipped price files before the binary starts.

use std::borrow::Cow;

use saphyr_parser::{Event as Found, Marker, Parser, ScalarStyle};

/// What comes next in a document. An anchor of 0 is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A document begins.
    Document,
    /// A scalar: its text, and whether it stands without quotes.
    Scalar(Cow<'a, str>, bool, usize),
    /// A list begins.
    List(usize),
    /// A map begins.
    Map(usize),
    /// The innermost list or map ends.
    End,
    /// The value of an anchor once more.
    Alias(usize),
}

/// Where an event stands: bytes `start..end`, line and column of its start, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// Its line.
    pub line: usize,
    /// Its column, in characters.
    pub column: usize,
}

/// A text that is not YAML: why, and where.
pub struct SyntaxError {
    /// The library's words.
    pub message: String,
    /// Where it gave up.
    pub span: Span,
}

/// The events of a text, until its end or its first mistake.
pub fn events(text: &str) -> impl Iterator<Item = Result<(Event<'_>, Span), SyntaxError>> {
    let bytes = Bytes::of(text);
    Parser::new_from_str(text).filter_map(move |item| match item {
        Ok((found, span)) => event(found).map(|event| Ok((event, bytes.span(&span.start, span.end.index())))),
        Err(error) => {
            let mark = error.marker();
            let span = bytes.span(mark, mark.index() + 1);
            Some(Err(SyntaxError { message: error.info().to_owned(), span }))
        }
    })
}

fn event(found: Found<'_>) -> Option<Event<'_>> {
    Some(match found {
        Found::DocumentStart(_) => Event::Document,
        Found::Scalar(text, style, anchor, _tag) => Event::Scalar(text, style == ScalarStyle::Plain, anchor),
        Found::SequenceStart(anchor, _) => Event::List(anchor),
        Found::MappingStart(anchor, _) => Event::Map(anchor),
        Found::SequenceEnd | Found::MappingEnd => Event::End,
        Found::Alias(anchor) => Event::Alias(anchor),
        Found::Nothing | Found::StreamStart | Found::StreamEnd | Found::DocumentEnd => return None,
    })
}

/// From the library's characters to bytes.
struct Bytes {
    /// The byte offset of each character, for texts that are not ASCII.
    offsets: Option<Vec<usize>>,
    length: usize,
}

impl Bytes {
    fn of(text: &str) -> Self {
        let all = || text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).collect();
        Bytes { offsets: (!text.is_ascii()).then(all), length: text.len() }
    }

    fn offset(&self, character: usize) -> usize {
        match &self.offsets {
            Some(offsets) => offsets.get(character).copied().unwrap_or(self.length),
            None => character.min(self.length),
        }
    }

    fn span(&self, from: &Marker, to: usize) -> Span {
        let start = self.offset(from.index());
        Span { start, end: self.offset(to).max(start), line: from.line(), column: from.col() + 1 }
    }
}
