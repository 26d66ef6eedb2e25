//! What the readers of rows share: names met before, decisions that were taken, where relative time begins.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::time::Instant;

/// The most names that are remembered; sessions may be as many as rows.
const MOST_NAMES: usize = 8_192;

/// Shared by all rows of a reading.
pub struct Context {
    /// What second 0 means, milliseconds since 1970-01-01 UTC.
    pub epoch_ms: i64,
    names: HashSet<Arc<str>>,
    last: Option<Arc<str>>,
    notes: [u64; Note::COUNT],
}

/// Something that was decided about single rows and that the account has to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Note {
    /// A time without a zone.
    Zoneless,
    /// A time in seconds from the beginning.
    Relative,
    /// An amount in another currency.
    OtherCurrency,
    /// A sum that is not told apart by model.
    NoModel,
    /// A row that says nothing about cached tokens.
    NoCached,
    /// A tier that has no word here.
    UnknownTier,
    /// A duration that cannot be read.
    BadDuration,
    /// Counts whose parts stand inside of the whole.
    PartsInside,
    /// Counts whose parts stand beside the whole.
    PartsBeside,
    /// A row without a number of requests.
    NoRequests,
    /// A line of a bill about long prompts.
    LongContext,
    /// A price that a caller's own key paid.
    OwnKey,
}

impl Note {
    const COUNT: usize = 12;

    const ALL: [Note; Note::COUNT] = [
        Note::Zoneless,
        Note::Relative,
        Note::OtherCurrency,
        Note::NoModel,
        Note::NoCached,
        Note::UnknownTier,
        Note::BadDuration,
        Note::PartsInside,
        Note::PartsBeside,
        Note::NoRequests,
        Note::LongContext,
        Note::OwnKey,
    ];

    fn sentence(self) -> &'static str {
        match self {
            Note::Zoneless => "have times without a zone, which are taken as UTC",
            Note::Relative => {
                "have times in seconds from the beginning of the log, which were placed in time by --epoch"
            }
            Note::OtherCurrency => {
                "are billed in another currency than US dollars, so their cost is left out"
            }
            Note::NoModel => "do not name a model",
            Note::NoCached => "say nothing about cached tokens, which are taken as none",
            Note::UnknownTier => "name a tier that has no price here, so their tier is left open",
            Note::BadDuration => "have a duration that is negative or cannot be read, which is left out",
            Note::PartsInside => "count cached tokens inside of their input, as their total shows",
            Note::PartsBeside => "count cached tokens beside their input, and reasoning beside their output",
            Note::NoRequests => "do not tell how many requests they sum up",
            Note::LongContext => "are billed at a price for long prompts",
            Note::OwnKey => {
                "were paid through a key of the caller's own, so their cost is what that key's contract paid"
            }
        }
    }
}

impl Context {
    /// Nothing met yet.
    pub fn new(epoch: Instant) -> Self {
        Context {
            epoch_ms: epoch.unix_seconds().saturating_mul(1000),
            names: HashSet::new(),
            last: None,
            notes: [0; Note::COUNT],
        }
    }

    /// A name as text that is shared with the rows before.
    pub fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(last) = self.last.as_ref().filter(|last| last.as_ref() == name) {
            return last.clone();
        }
        let shared = match self.names.get(name) {
            Some(known) => known.clone(),
            None => {
                if self.names.len() >= MOST_NAMES {
                    self.names.clear();
                }
                let new: Arc<str> = name.into();
                self.names.insert(new.clone());
                new
            }
        };
        self.last = Some(shared.clone());
        shared
    }

    /// Counts a decision about the current row.
    pub fn note(&mut self, note: Note) {
        self.notes[note as usize] += 1;
    }

    /// Counts rows whose times name no zone.
    pub fn note_zoneless(&mut self, rows: u64) {
        self.notes[Note::Zoneless as usize] += rows;
    }

    /// What was decided, each as a sentence.
    pub fn sentences(&self) -> Vec<String> {
        let met = Note::ALL.into_iter().filter(|note| self.notes[*note as usize] > 0);
        met.map(|note| format!("{} rows {}.", self.notes[note as usize], note.sentence())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_stand_in_their_own_place() {
        for (index, note) in Note::ALL.into_iter().enumerate() {
            assert_eq!(note as usize, index);
        }
    }

    #[test]
    fn names_are_shared_even_after_many() {
        let mut context = Context::new(Instant::from_unix_seconds(0));
        let first = context.name("a");
        assert!(Arc::ptr_eq(&first, &context.name("a")));
        for index in 0..=MOST_NAMES {
            context.name(&index.to_string());
        }
        assert!(context.names.len() <= MOST_NAMES);
        assert_eq!(context.name("a").as_ref(), "a");
    }
}
