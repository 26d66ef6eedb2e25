//! What the caller of the readers gives and gets: options, the account of a reading, what went wrong.

use std::{fmt, io};

use super::{Field, Format};
use crate::domain::problem::{Code, Problem, Problems};
use crate::domain::time::Instant;

/// How a log is to be read.
#[derive(Clone, Debug)]
pub struct Options {
    /// The format; found from the names in the log if absent.
    pub format: Option<Format>,
    /// Which column of a plain table holds which field, where the names do not tell.
    pub columns: Vec<(Field, String)>,
    /// Whether the first row that cannot be used ends the reading.
    pub strict: bool,
    /// What second 0 means in logs whose times are relative.
    pub epoch: Instant,
}

impl Default for Options {
    fn default() -> Self {
        Options { format: None, columns: Vec::new(), strict: false, epoch: Instant::from_unix_seconds(0) }
    }
}

/// The account of a reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The format.
    pub format: Format,
    /// How the file is compressed, `gzip` or `zstd`, if it is.
    pub compression: Option<&'static str>,
    /// Data rows read: lines of a table, objects, spans or results of a page.
    pub rows: u64,
    /// Rows handed on.
    pub used: u64,
    /// Of the used ones, those that are sums over a span of time rather than single requests.
    pub sums: u64,
    /// The other rows, by reason.
    pub set_aside: Vec<SetAside>,
    /// What was detected and decided, in sentences for people.
    pub remarks: Vec<String>,
    /// When the earliest used row began, milliseconds since 1970-01-01 UTC.
    pub first_ms: Option<i64>,
    /// When the latest used row began.
    pub last_ms: Option<i64>,
}

impl Reading {
    /// Rows set aside for any reason.
    pub fn unused(&self) -> u64 {
        self.set_aside.iter().map(|aside| aside.rows).sum()
    }

    /// Rows set aside because something is wrong with them.
    pub fn faulty(&self) -> u64 {
        self.set_aside.iter().filter(|aside| !aside.reason.is_expected()).map(|aside| aside.rows).sum()
    }
}

/// Rows set aside for one reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SetAside {
    /// The reason.
    pub reason: Reason,
    /// How many rows.
    pub rows: u64,
    /// The numbers of the first few of them.
    pub first: Vec<u64>,
    /// What was wrong with the first one: names and numbers, never a prompt's text.
    pub example: String,
}

/// Why a row is set aside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// It ends before it is complete.
    Torn,
    /// It has more fields than the header.
    TooManyFields,
    /// It is not JSON, or not an object.
    NotJson,
    /// It is not UTF-8.
    WrongEncoding,
    /// Its time is missing.
    NoTime,
    /// Its time cannot be read.
    BadTime,
    /// Its model is missing.
    NoModel,
    /// A count that is needed is missing.
    NoCount,
    /// A count is negative, broken or absurdly large.
    BadCount,
    /// More cached or written tokens than input.
    CachedAboveInput,
    /// More reasoning tokens than output.
    ReasoningAboveOutput,
    /// Its cost cannot be read or is negative.
    BadCost,
    /// A bill's line that does not tell which tokens it is about.
    Untold,
    /// Another row has the same id.
    Duplicate,
    /// A proxy answered it from its own cache, so that nothing was bought.
    OwnCache,
    /// It is something else than a request to a model.
    NotARequest,
}

impl Reason {
    /// What it is, in a few words, to follow a number of rows: `12 rows: no time`.
    pub const fn describe(self) -> &'static str {
        match self {
            Reason::Torn => "ends before it is complete",
            Reason::TooManyFields => "more fields than the header",
            Reason::NotJson => "not a JSON object",
            Reason::WrongEncoding => "not UTF-8",
            Reason::NoTime => "no time",
            Reason::BadTime => "a time that cannot be read",
            Reason::NoModel => "no model",
            Reason::NoCount => "no count of tokens",
            Reason::BadCount => "a count that is negative, broken or absurd",
            Reason::CachedAboveInput => "more cached and written tokens than input",
            Reason::ReasoningAboveOutput => "more reasoning than output",
            Reason::BadCost => "a cost that is negative or cannot be read",
            Reason::Untold => "billed tokens without saying which",
            Reason::Duplicate => "the same id as another row",
            Reason::OwnCache => "served by the proxy's own cache",
            Reason::NotARequest => "not a request to a model",
        }
    }

    /// Whether such rows are normal in a sound log.
    pub const fn is_expected(self) -> bool {
        matches!(self, Reason::Duplicate | Reason::OwnCache | Reason::NotARequest)
    }
}

/// Why a reading ended early.
#[derive(Debug)]
pub enum ReadError {
    /// The input is wrong; a person can mend it.
    Input(Problems),
    /// The system could not read it.
    Io(io::Error),
}

impl ReadError {
    /// One problem with the input.
    pub(super) fn input(
        code: Code,
        title: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> ReadError {
        ReadError::from(Problem {
            code,
            place: None,
            title: title.into(),
            found: found.into(),
            help: Some(help.into()).filter(|text| !text.is_empty()),
        })
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Input(problems) => problems.fmt(f),
            ReadError::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<Problem> for ReadError {
    fn from(problem: Problem) -> Self {
        let mut problems = Problems::new();
        problems.push(problem);
        ReadError::Input(problems)
    }
}

/// What a reader below refused comes up as an I/O error that carries it.
impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Refused>() {
            Ok(Refused(problem)) => ReadError::from(problem),
            Err(error) => ReadError::Io(error),
        }
    }
}

/// A problem on its way up through [`io::Read`].
#[derive(Debug)]
pub(super) struct Refused(pub Problem);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}
