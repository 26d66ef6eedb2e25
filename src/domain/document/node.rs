//! The tree of a document: scalars as their exact text, lists, maps in order, each with its place.

use std::borrow::Cow;

use crate::domain::problem::{Code, Place, Problems};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub place: Place,
}

impl Spanned<Cow<'static, str>> {
    /// The same with a text of its own.
    pub fn to_text(&self) -> Spanned<String> {
        Spanned { value: self.value.to_string(), place: self.place.clone() }
    }
}

/// One node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// A plain or quoted text, exactly as written. Those of shipped files are not copied out of the binary.
    Scalar(Cow<'static, str>),
    /// Nothing, `~` or `null`.
    Null,
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Spanned<Cow<'static, str>>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// What stands here, for the `found` of a problem.
    pub fn found(&self) -> String {
        match &self.value {
            Value::Scalar(text) if text.chars().count() > 60 => {
                format!("found `{}…`", text.chars().take(60).collect::<String>())
            }
            Value::Scalar(text) => format!("found `{text}`"),
            Value::Null => "found nothing".to_owned(),
            Value::List(items) => format!("found a list of {}", items.len()),
            Value::Map(_) => "found a map".to_owned(),
        }
    }

    /// The text of a scalar; a problem otherwise.
    pub fn scalar(&self, wanted: &str, problems: &mut Problems) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => {
                problems.at(Code::WrongType, &self.place, format!("expected {wanted}"), self.found(), "");
                None
            }
        }
    }

    /// The entries of a map; a problem otherwise.
    pub fn map(&self, wanted: &str, problems: &mut Problems) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => {
                problems.at(Code::WrongType, &self.place, format!("expected {wanted}"), self.found(), "");
                None
            }
        }
    }

    /// The value under `key`, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|e| e.key.value == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// The value under `key`, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Map(entries) => entries.iter_mut().find(|e| e.key.value == key).map(|e| &mut e.value),
            _ => None,
        }
    }

    /// The keys of a map; none of anything else.
    pub fn keys(&self) -> Vec<&str> {
        match &self.value {
            Value::Map(entries) => entries.iter().map(|entry| entry.key.value.as_ref()).collect(),
            _ => Vec::new(),
        }
    }
}
