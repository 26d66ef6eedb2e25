//! Readers of single values that several kinds of files use.

use serde_json::{Value as Json, json};

use super::node::{Node, Spanned};
use super::wire::Wire;
use crate::domain::number::parse_number;
use crate::domain::problem::{Code, Problems, suggest};
use crate::domain::time::{Instant, Month};

/// What a word stands for. One that is not among `words` is noted as an unknown `what`, with those that are near.
pub fn word_of<T: Copy>(
    word: &Spanned<String>,
    words: &[(&str, T)],
    what: &str,
    problems: &mut Problems,
) -> Option<T> {
    let found = words.iter().find(|(known, _)| *known == word.value);
    if found.is_none() {
        unknown(word, words.iter().map(|(known, _)| *known), what, problems);
    }
    found.map(|(_, stands_for)| *stands_for)
}

/// A word that is among the `known`. Another is noted as an unknown `what`.
pub fn one_of<'a>(
    word: &'a Spanned<String>,
    known: &[&str],
    what: &str,
    problems: &mut Problems,
) -> Option<&'a str> {
    if known.contains(&word.value.as_str()) {
        return Some(&word.value);
    }
    unknown(word, known.iter().copied(), what, problems);
    None
}

fn unknown<'a>(
    word: &Spanned<String>,
    known: impl Iterator<Item = &'a str> + Clone,
    what: &str,
    problems: &mut Problems,
) {
    let title = format!("unknown {what} `{}`", word.value);
    problems.at(Code::UnknownName, &word.place, title, "", suggest(&word.value, known));
}

/// A whole number, not negative.
#[derive(Clone, Debug)]
pub struct Count(pub Spanned<u64>);

impl Wire for Count {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = node.scalar("a whole number", problems)?;
        // Beyond 2^53 a float no longer tells neighbours apart; no count comes near.
        let value = parse_number(text)
            .ok()
            .filter(|n| !n.percent && n.value >= 0.0 && n.value.fract() == 0.0 && n.value <= 9e15);
        match value {
            Some(number) => Some(Count(Spanned { value: number.value as u64, place: node.place.clone() })),
            None => {
                problems.at(
                    Code::Unreadable,
                    &node.place,
                    "expected a whole number, for instance 272_000",
                    node.found(),
                    "",
                );
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": ["integer", "string"], "minimum": 0})
    }
}

impl Wire for Spanned<Instant> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = node.scalar("a date such as 2026-03-05", problems)?;
        match Instant::parse(text) {
            Ok(value) => Some(Spanned { value, place: node.place.clone() }),
            Err(wanted) => {
                problems.at(Code::Unreadable, &node.place, wanted, node.found(), "");
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}"})
    }
}

impl Wire for Spanned<Month> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = node.scalar("a month such as 2027-01", problems)?;
        match Month::parse(text) {
            Ok(value) => Some(Spanned { value, place: node.place.clone() }),
            Err(wanted) => {
                problems.at(Code::Unreadable, &node.place, wanted, node.found(), "");
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"})
    }
}
