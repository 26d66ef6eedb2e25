//! What is wrong with a user's input: every mistake with its code, place, finding and remedy.
//!
//! A [`Problem`] is about input; a defect of ours is an assertion. Checks collect all problems of a
//! file before they give up, so that one run shows everything there is to mend.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A text that was read, with the name under which messages speak of it.
#[derive(PartialEq, Eq)]
pub struct Source {
    /// The path as the user gave it.
    pub name: String,
    /// The whole text.
    pub text: Cow<'static, str>,
    /// Its YAML events, where they were read when the program was built.
    pub tape: Option<&'static [u8]>,
}

impl Source {
    /// A text that is read when it is needed.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Source { name: name.into(), text: Cow::Owned(text.into()), tape: None }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// A stretch of a source.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The text that it lies in.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.source.name, self.line, self.column)
    }
}

/// The kind of a problem. The code is what `tollcast explain` takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// The file is not YAML.
    Syntax,
    /// The file holds nothing.
    Empty,
    /// The file or its nesting is larger than any honest one.
    TooLarge,
    /// A key that is not understood.
    UnknownKey,
    /// A key that has to be there.
    MissingKey,
    /// A key that stands twice.
    DuplicateKey,
    /// A list where a map is wanted, and the like.
    WrongType,
    /// A text that is not a number, date, month or route.
    Unreadable,
    /// A number outside of what makes sense.
    OutOfRange,
    /// A range that contradicts itself.
    ImpossibleRange,
    /// A name that is not among those that exist.
    UnknownName,
    /// A route, tier, region, date or component without a published price.
    NoPrice,
    /// Two statements that contradict each other.
    Conflict,
}

/// All codes with their text, for `tollcast explain`.
pub const CODES: [(Code, &str, &str); 13] = [
    (
        Code::Syntax,
        "E01",
        "The file is not valid YAML. The message names the first place at which reading failed; tabs for indentation and unbalanced quotes or brackets are the usual causes.",
    ),
    (Code::Empty, "E02", "The file holds no data. `tollcast init` prints a scenario to start from."),
    (
        Code::TooLarge,
        "E03",
        "The file, its nesting, or what its YAML aliases expand to is larger than any honest scenario or price file. Scenarios hold a few hundred lines.",
    ),
    (
        Code::UnknownKey,
        "E04",
        "A key that tollcast does not know. It is refused rather than ignored, because a misspelt assumption would silently keep its default. The message lists the keys that exist at this place.",
    ),
    (
        Code::MissingKey,
        "E05",
        "A key that must be given is not there. There is no default for it, because a guess would look like an answer.",
    ),
    (
        Code::DuplicateKey,
        "E06",
        "The same key stands twice in one map. YAML readers disagree about which one wins; here neither does.",
    ),
    (Code::WrongType, "E07", "A map, a list or a plain value stands where another of the three is wanted."),
    (
        Code::Unreadable,
        "E08",
        "The text cannot be read as what is wanted here: a number such as 1.2M, 800k or 40%, a month such as 2027-01, a date such as 2026-03-05, or a route such as openai/gpt-5.4. NaN and infinity are not numbers here.",
    ),
    (
        Code::OutOfRange,
        "E09",
        "The number is outside of what makes sense for this field: a share above 100 %, a negative volume, a horizon of no months.",
    ),
    (
        Code::ImpossibleRange,
        "E10",
        "The range contradicts itself: p10 above p90, a mode outside of low and high, a percentile below the median that it should exceed.",
    ),
    (
        Code::UnknownName,
        "E11",
        "A name that does not exist: a provider, model, tier, region, preset, workload or assumption. The message lists the nearest names and what exists.",
    ),
    (
        Code::NoPrice,
        "E12",
        "The route exists, but no price is published for what the scenario asks of it: a tier, a region, a date before the first known price, a tool. Unknown is not free and not the standard price, so this is an error. Choose one of the combinations that the message lists, or add a dated entry with its source to a price file and pass it with --pricing.",
    ),
    (
        Code::Conflict,
        "E13",
        "Two statements that cannot both hold: a correlation stated twice, correlations that no joint distribution can have, a cache hit rate that the stated share cannot reach, options of a command that do not go together.",
    ),
];

impl Code {
    /// `E04`.
    pub fn number(self) -> &'static str {
        CODES.iter().find(|(code, ..)| *code == self).map_or("E00", |(_, number, _)| number)
    }
}

/// One mistake in the input.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// Where it is, if it is in a file.
    pub place: Option<Place>,
    /// What is wrong, as a sentence without a full stop.
    pub title: String,
    /// What stands at the place.
    pub found: String,
    /// What to do.
    pub help: Option<String>,
}

/// `E04 scenario.yaml:3:5: unknown key …`, on one line, for logs and tests.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code.number())?;
        if let Some(place) = &self.place {
            write!(f, " {place:?}")?;
        }
        write!(f, ": {}", self.title)?;
        if !self.found.is_empty() {
            write!(f, " ({})", self.found)?;
        }
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

/// All problems found so far.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
    /// Those beyond [`MOST_KEPT`], counted only.
    dropped: usize,
}

/// The most problems that are kept; a file with more is not read to its end by anybody.
const MOST_KEPT: usize = 200;

impl Problems {
    /// No problems yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One problem without a place.
    pub fn one(code: Code, title: &str) -> Self {
        let mut problems = Self::new();
        problems.push(Problem {
            code,
            place: None,
            title: title.to_owned(),
            found: String::new(),
            help: None,
        });
        problems
    }

    /// Notes a problem at a place: what is wrong, what stands there, what to do.
    pub fn at(
        &mut self,
        code: Code,
        place: &Place,
        title: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) {
        let help = Some(help.into()).filter(|text| !text.is_empty());
        self.push(Problem {
            code,
            place: Some(place.clone()),
            title: title.into(),
            found: found.into(),
            help,
        });
    }

    /// Notes all that others found.
    pub fn extend(&mut self, others: Problems) {
        others.into_sorted().into_iter().for_each(|problem| self.push(problem));
    }

    /// Notes a problem. The same mistake at the same place (a YAML alias used twice, say) counts once.
    pub fn push(&mut self, problem: Problem) {
        if self.list.len() >= MOST_KEPT {
            self.dropped += 1;
            return;
        }
        let same = |p: &Problem| p.place == problem.place && p.title == problem.title;
        if !self.list.iter().any(same) {
            self.list.push(problem);
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.list.len() + self.dropped
    }

    /// The problems, by file in order of reading and then by place.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        let mut files: Vec<String> = Vec::new();
        let mut key = |problem: &Problem| {
            let Some(place) = &problem.place else { return (0, 0, 0) };
            let file = files.iter().position(|name| *name == place.source.name).unwrap_or_else(|| {
                files.push(place.source.name.clone());
                files.len() - 1
            });
            (file, place.line, place.column)
        };
        let mut keyed: Vec<_> = self.list.drain(..).map(|problem| (key(&problem), problem)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        keyed.into_iter().map(|(_, problem)| problem).collect()
    }

    /// `value` if nothing was found, else the problems.
    ///
    /// # Errors
    /// The problems, if there are any. `value` must be there when there are none.
    pub fn or_value<T>(self, value: Option<T>) -> Result<T, Problems> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            _ => {
                debug_assert!(!self.is_empty(), "nothing was read and no problem says why");
                Err(self)
            }
        }
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.list.iter().map(Problem::to_string).collect();
        write!(f, "{}", lines.join("\n"))
    }
}

/// The names in `known` nearest to `wrong`, nearest first, at most three.
pub fn near<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = wrong.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&lower, &name.to_lowercase()), name))
        .filter(|(score, _)| *score > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// The most names that a message lists.
const MOST_LISTED: usize = 24;

/// `did you mean a or b? known: …` for a wrong name.
pub fn suggest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let close = near(wrong, known.clone());
    let all: Vec<&str> = known.into_iter().collect();
    let listed = if all.len() > MOST_LISTED {
        format!("{} and {} more", all[..MOST_LISTED].join(", "), all.len() - MOST_LISTED)
    } else {
        all.join(", ")
    };
    if all.is_empty() {
        "nothing of the kind exists here".to_owned()
    } else if close.is_empty() {
        format!("what exists here: {listed}")
    } else {
        format!("did you mean {}? What exists here: {listed}", close.join(" or "))
    }
}
