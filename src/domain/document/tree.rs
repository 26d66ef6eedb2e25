//! From a text's events to its tree.
//!
//! Limits guard against files that explode: bytes, nesting, and nodes after aliases are expanded.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::events::{Event, Span, events};
use super::node::{Entry, Node, Spanned, Value};
use super::tape::Replay;
use crate::domain::problem::{Code, Place, Problem, Problems, Source};

/// The largest file that is read, in bytes. The largest shipped price file has some ten kilobytes.
pub const MAX_BYTES: usize = 8 << 20;

/// The deepest nesting. A scenario needs seven levels.
const MAX_DEPTH: usize = 40;

/// The most nodes after expansion of aliases: `MAX_BYTES` of honest YAML stays below.
const MAX_NODES: usize = 500_000;

/// Reads one YAML document.
///
/// # Errors
/// One problem: a syntax error, an empty document, or a limit that was passed.
pub fn parse(source: &Arc<Source>) -> Result<Node, Problems> {
    let mut builder = Builder::new(source);
    builder.document().map_err(|problem| {
        let mut problems = Problems::new();
        problems.push(*problem);
        problems
    })
}

type Step<T> = Result<T, Box<Problem>>;

/// What is being filled while its end has not come.
enum Open {
    List { items: Vec<Node>, place: Place, anchor: usize },
    Map { entries: Vec<Entry>, key: Option<Spanned<Cow<'static, str>>>, place: Place, anchor: usize },
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    anchors: HashMap<usize, (Node, usize)>,
    open: Vec<Open>,
    nodes: usize,
    root: Option<Node>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Arc<Source>) -> Self {
        Builder { source, anchors: HashMap::new(), open: Vec::new(), nodes: 0, root: None }
    }

    fn document(&mut self) -> Step<Node> {
        let whole = self.place(&Span { start: 0, end: 0, line: 1, column: 1 });
        let source = self.source;
        if source.text.len() > MAX_BYTES {
            let size = format!("{} bytes", source.text.len());
            return Err(problem(Code::TooLarge, whole, "the file is too large", &size, "the limit is 8 MiB"));
        }
        match (source.tape, &source.text) {
            (Some(tape), &Cow::Borrowed(text)) => {
                Replay::new(text, tape).try_for_each(|(event, span)| self.take(event, &span))?;
            }
            _ => {
                for item in events(&source.text) {
                    let (event, span) = item.map_err(|error| {
                        let place = self.place(&error.span);
                        problem(Code::Syntax, place, "the file is not valid YAML", &error.message, "")
                    })?;
                    self.take(owned(event), &span)?;
                }
            }
        }
        match self.root.take() {
            Some(Node { value: Value::Null, .. }) | None => Err(problem(
                Code::Empty,
                whole,
                "the file is empty",
                "",
                "`tollcast init` prints a scenario to start from",
            )),
            Some(root) => Ok(root),
        }
    }

    fn take(&mut self, event: Event<'static>, span: &Span) -> Step<()> {
        let place = self.place(span);
        match event {
            Event::Document if self.root.is_some() => {
                let title = "a second YAML document begins here";
                Err(problem(Code::Syntax, place, title, "", "one file holds one document"))
            }
            Event::Document => Ok(()),
            Event::Scalar(text, plain, anchor) => {
                let null = plain && matches!(&*text, "" | "~" | "null");
                let value = if null { Value::Null } else { Value::Scalar(text) };
                self.add(Node { place, value }, anchor, 1)
            }
            Event::List(anchor) => self.push(Open::List { items: Vec::new(), place, anchor }),
            Event::Map(anchor) => self.push(Open::Map { entries: Vec::new(), key: None, place, anchor }),
            Event::End => self.close(),
            Event::Alias(anchor) => {
                let (mut node, size) = self.anchors.get(&anchor).cloned().ok_or_else(|| {
                    problem(Code::Syntax, place.clone(), "an alias inside of its own anchor", "", "")
                })?;
                node.place = place;
                self.add(node, 0, size)
            }
        }
    }

    fn push(&mut self, open: Open) -> Step<()> {
        if self.open.len() >= MAX_DEPTH {
            let place = match &open {
                Open::List { place, .. } | Open::Map { place, .. } => place.clone(),
            };
            let found = format!("more than {MAX_DEPTH} levels");
            return Err(problem(Code::TooLarge, place, "the nesting is too deep", &found, ""));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self) -> Step<()> {
        let (node, anchor) = match self.open.pop() {
            Some(Open::List { items, place, anchor }) => (Node { place, value: Value::List(items) }, anchor),
            Some(Open::Map { entries, place, anchor, .. }) => {
                (Node { place, value: Value::Map(merged(entries)?) }, anchor)
            }
            None => return Ok(()),
        };
        let size = if anchor == 0 { 1 } else { count(&node) };
        self.add(node, anchor, size)
    }

    /// Hangs a finished node under the one that is open.
    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Step<()> {
        self.nodes += size;
        if self.nodes > MAX_NODES {
            let found = format!("more than {MAX_NODES} values once its aliases are expanded");
            return Err(problem(Code::TooLarge, node.place, "the file is too large", &found, ""));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some(key) => entries.push(Entry { key, value: node }),
                None => *key = Some(key_of(node)?),
            },
        }
        Ok(())
    }

    fn place(&self, span: &Span) -> Place {
        let &Span { start, end, line, column } = span;
        Place { source: self.source.clone(), start, end, line, column }
    }
}

/// The event without the text that it was read from.
fn owned(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Document => Event::Document,
        Event::Scalar(text, plain, anchor) => Event::Scalar(Cow::Owned(text.into_owned()), plain, anchor),
        Event::List(anchor) => Event::List(anchor),
        Event::Map(anchor) => Event::Map(anchor),
        Event::End => Event::End,
        Event::Alias(anchor) => Event::Alias(anchor),
    }
}

fn key_of(node: Node) -> Step<Spanned<Cow<'static, str>>> {
    match node.value {
        Value::Scalar(value) => Ok(Spanned { value, place: node.place }),
        _ => {
            Err(problem(Code::WrongType, node.place.clone(), "a key must be a plain text", &node.found(), ""))
        }
    }
}

/// The entries with YAML merge keys (`<<: *base`) resolved; the map's own keys win.
fn merged(entries: Vec<Entry>) -> Step<Vec<Entry>> {
    refuse_doubled_keys(&entries)?;
    if entries.iter().all(|entry| entry.key.value != "<<") {
        return Ok(entries);
    }
    let (merges, mut own): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.key.value == "<<");
    for merge in merges {
        let bases = match merge.value.value {
            Value::List(items) => items,
            _ => vec![merge.value],
        };
        for base in bases {
            let Value::Map(inherited) = base.value else {
                return Err(problem(
                    Code::WrongType,
                    base.place.clone(),
                    "`<<` merges maps",
                    &base.found(),
                    "",
                ));
            };
            for entry in inherited {
                if own.iter().all(|e| e.key.value != entry.key.value) {
                    own.push(entry);
                }
            }
        }
    }
    Ok(own)
}

/// Maps of files that people write are small: comparing their keys costs less than hashing them. The large maps
/// of other programs' data are hashed.
const SMALL_MAP: usize = 24;

fn refuse_doubled_keys(entries: &[Entry]) -> Step<()> {
    let doubled = |first: &Entry, second: &Entry| {
        let key = &second.key;
        let found = format!("first on line {}", first.key.place.line);
        let title = format!("the key `{}` stands twice", key.value);
        Err(problem(Code::DuplicateKey, key.place.clone(), &title, &found, "keep one of them"))
    };
    if entries.len() <= SMALL_MAP {
        for (at, entry) in entries.iter().enumerate() {
            let same = |other: &&Entry| other.key.value == entry.key.value && entry.key.value != "<<";
            if let Some(first) = entries[..at].iter().find(same) {
                return doubled(first, entry);
            }
        }
        return Ok(());
    }
    let mut seen: HashMap<&str, &Entry> = HashMap::with_capacity(entries.len());
    for entry in entries.iter().filter(|entry| entry.key.value != "<<") {
        if let Some(first) = seen.insert(&entry.key.value, entry) {
            return doubled(first, entry);
        }
    }
    Ok(())
}

fn count(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(items) => items.iter().map(count).sum(),
        Value::Map(entries) => entries.iter().map(|e| 1 + count(&e.value)).sum(),
        Value::Scalar(_) | Value::Null => 0,
    }
}

fn problem(code: Code, place: Place, title: &str, found: &str, help: &str) -> Box<Problem> {
    let help = Some(help.to_owned()).filter(|text| !text.is_empty());
    Box::new(Problem { code, place: Some(place), title: title.to_owned(), found: found.to_owned(), help })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, String> {
        let source = Arc::new(Source::new("t.yaml", text));
        parse(&source).map_err(|problems| problems.to_string())
    }

    #[test]
    fn scalars_keep_their_text_and_place() {
        let root = read("ä: 1\nprice: 0.10\n").unwrap();
        let price = root.get("price").unwrap();
        assert!(matches!(&price.value, Value::Scalar(text) if text == "0.10"));
        assert_eq!((price.place.line, price.place.column), (2, 8));
        assert_eq!(&price.place.source.text[price.place.start..price.place.end], "0.10");
    }

    #[test]
    fn a_doubled_key_is_refused_with_both_lines() {
        let message = read("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert!(message.contains("t.yaml:3:1") && message.contains("line 1"), "{message}");
    }

    #[test]
    fn merge_keys_fill_what_is_missing() {
        let root = read("base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}\n").unwrap();
        let own = root.get("own").unwrap();
        assert!(matches!(&own.get("x").unwrap().value, Value::Scalar(t) if t == "1"));
        assert!(matches!(&own.get("y").unwrap().value, Value::Scalar(t) if t == "3"));
    }

    #[test]
    fn exploding_aliases_stop_at_the_limit() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..9 {
            let below = vec![format!("*a{}", level - 1); 10].join(",");
            text += &format!("a{level}: &a{level} [{below}]\n");
        }
        assert!(read(&text).unwrap_err().contains("aliases"));
    }

    #[test]
    fn endless_brackets_stop_at_the_limit() {
        // Unclosed brackets pass the scanner's own limit before ours; either way reading ends at once.
        let message = read(&"[".repeat(100_000)).unwrap_err();
        assert!(message.contains("E03") || message.contains("E01"), "{message}");
        assert!(read(&"{a: ".repeat(50_000)).is_err());
        assert!(read(&format!("{}x{}", "[".repeat(60), "]".repeat(60))).unwrap_err().contains("E03"));
    }

    #[test]
    fn empty_files_say_so() {
        for text in ["", "\n\n", "# only words\n", "---\n", "~"] {
            assert!(read(text).unwrap_err().contains("E02"), "{text:?}");
        }
    }
}
