//! What the readers of rows share: names met before, decisions that were taken, where relative time begins.

use std::sync::Arc;

use crate::domain::time::Instant;

/// How many names are remembered, each in the place that its hash gives it; sessions may be as many as rows.
const NAMES: usize = 8_192;

/// Shared by all rows of a reading.
pub struct Context {
    /// What second 0 means, milliseconds since 1970-01-01 UTC.
    pub epoch_ms: i64,
    names: Vec<Option<Arc<str>>>,
    /// Decisions about the current row, one bit each.
    noted: u32,
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
            Note::Zoneless => "Times without a zone are taken as UTC",
            Note::Relative => "Times in seconds from the beginning were placed in time by --epoch",
            Note::OtherCurrency => "Costs in another currency than US dollars are left out",
            Note::NoModel => "No model is named",
            Note::NoCached => "Nothing is said about cached tokens, which are taken as none",
            Note::UnknownTier => "A tier is named that has no price here; it is left open",
            Note::BadDuration => "A duration is negative or cannot be read; it is left out",
            Note::PartsInside => {
                "Cached and reasoning tokens stand inside of input and output, as the total shows"
            }
            Note::PartsBeside => {
                "Cached or reasoning tokens stand beside input and output and were added to them"
            }
            Note::NoRequests => "How many requests were made is not told",
            Note::LongContext => "Tokens are billed at a price for long prompts, which a sum cannot show",
            Note::OwnKey => "A key of the caller's own paid; the cost is what that key's contract paid",
        }
    }
}

impl Context {
    /// Nothing met yet.
    pub fn new(epoch: Instant) -> Self {
        Context {
            epoch_ms: epoch.unix_seconds().saturating_mul(1000),
            names: vec![None; NAMES],
            noted: 0,
            notes: [0; Note::COUNT],
        }
    }

    /// A name as text that is shared with the rows before.
    pub fn name(&mut self, name: &str) -> Arc<str> {
        // FNV-1a: short names are the rule, and a collision only costs an allocation.
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, mix);
        let place = &mut self.names[(hash ^ (hash >> 32)) as usize % NAMES];
        match place {
            Some(known) if known.as_ref() == name => known.clone(),
            _ => place.insert(name.into()).clone(),
        }
    }

    /// Notes a decision about the current row, once.
    pub fn note(&mut self, note: Note) {
        self.noted |= 1 << note as u32;
    }

    /// Ends the current row: its decisions count if it is used.
    pub fn end_row(&mut self, used: bool) {
        if self.noted != 0 {
            let noted = std::mem::take(&mut self.noted);
            for (index, count) in self.notes.iter_mut().enumerate() {
                *count += u64::from(used && noted >> index & 1 == 1);
            }
        }
    }

    /// Counts rows whose times name no zone.
    pub fn note_zoneless(&mut self, rows: u64) {
        self.notes[Note::Zoneless as usize] += rows;
    }

    /// What was decided, each as a sentence.
    pub fn sentences(&self) -> Vec<String> {
        let met = Note::ALL.into_iter().filter(|note| self.notes[*note as usize] > 0);
        met.map(|note| format!("{} ({}).", note.sentence(), rows(self.notes[note as usize]))).collect()
    }
}

/// `1 row`, `2 rows`.
pub fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
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
    fn a_row_counts_once_and_only_if_it_is_used() {
        let mut context = Context::new(Instant::from_unix_seconds(0));
        context.note(Note::Zoneless);
        context.note(Note::Zoneless);
        context.end_row(true);
        context.note(Note::Relative);
        context.end_row(false);
        assert_eq!(context.sentences(), ["Times without a zone are taken as UTC (1 row)."]);
    }

    #[test]
    fn names_are_shared_and_right_even_after_many() {
        let mut context = Context::new(Instant::from_unix_seconds(0));
        let first = context.name("a");
        assert!(Arc::ptr_eq(&first, &context.name("a")));
        for index in 0..=2 * NAMES {
            assert_eq!(context.name(&index.to_string()).as_ref(), index.to_string());
        }
        assert_eq!(context.name("a").as_ref(), "a");
    }
}
