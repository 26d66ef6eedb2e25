//! Stated facts about buying from a provider: the text with its source, and beside it what a program can judge by.

use super::{Citation, Measured, Offer};

/// The places that data can be said to be processed in. `anywhere` is the word for endpoints that are bound to none.
pub const PLACES: [&str; 12] = ["us", "eu", "apac", "uk", "ae", "au", "ca", "in", "jp", "kr", "sg", ANYWHERE];
/// The place of an endpoint that promises none.
pub const ANYWHERE: &str = "anywhere";
/// What documentation can be rated, the best last.
pub const RATINGS: [&str; 3] = ["poor", "good", "excellent"];

/// The places that lie inside of Asia and the Pacific.
const IN_APAC: [&str; 5] = ["au", "in", "jp", "kr", "sg"];

/// A stated fact, such as the SLA, with its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is about: `sla`, `availability`, …
    pub topic: &'static str,
    /// The fact in a few words.
    pub text: String,
    /// The same for a program, as far as the text supports it.
    pub typed: Typed,
    /// Where it stands and when that was checked.
    pub source: Citation,
}

/// What a program can judge a fact by. What is not stated is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typed {
    /// Whether there is an SLA, whether several upstreams serve with fall-back, or whether buying needs more than
    /// an account and a key.
    pub answer: Option<Answer>,
    /// Tiers and models for which the answer is another one; the first that fits holds.
    pub except: Vec<Exception>,
    /// Days from asking for approval to having it, at most.
    pub lead_time_days: Option<u64>,
    /// In which places each region of the price file processes data; several are a choice.
    pub regions: Vec<(String, Vec<String>)>,
    /// How the documentation is rated, in the words of [`RATINGS`].
    pub rating: Option<String>,
}

/// An answer to a question of yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// The sources do not say.
    Unknown,
}

impl Answer {
    /// The words of price files, and what they say.
    pub const WORDS: [(&str, Answer); 3] =
        [("yes", Answer::Yes), ("no", Answer::No), ("unknown", Answer::Unknown)];

    /// Its word in price files.
    pub const fn name(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::Unknown => "unknown",
        }
    }
}

/// Tiers and models for which a fact's answer is another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// The tiers; all if empty.
    pub tiers: Vec<String>,
    /// The models; all if empty.
    pub models: Vec<String>,
    /// Their answer.
    pub answer: Answer,
}

/// Whether data that is processed in `place` stays in `wanted`: Japan lies in Asia and the Pacific, not the reverse.
///
/// ```
/// use tollcast::catalogue::lies_in;
/// assert!(lies_in("jp", "apac") && !lies_in("apac", "jp") && !lies_in("anywhere", "eu"));
/// ```
pub fn lies_in(place: &str, wanted: &str) -> bool {
    place == wanted || wanted == "apac" && IN_APAC.contains(&place)
}

impl<'a> Offer<'a> {
    /// What the provider's file says about a topic.
    pub fn fact(self, topic: &str) -> Option<&'a Fact> {
        self.provider.facts.iter().find(|fact| fact.topic == topic)
    }

    /// A topic's answer for this model and tier, with the fact that gives it; unknown where none is stated.
    pub fn answer(self, topic: &str) -> (Answer, Option<&'a Fact>) {
        let Some(fact) = self.fact(topic) else { return (Answer::Unknown, None) };
        let names = |list: &[String], name: &str| list.is_empty() || list.iter().any(|known| known == name);
        let fits = |exception: &&Exception| {
            names(&exception.tiers, self.tier) && names(&exception.models, &self.model.id)
        };
        let other = fact.typed.except.iter().find(fits).map(|exception| exception.answer);
        (other.or(fact.typed.answer).unwrap_or(Answer::Unknown), Some(fact))
    }

    /// The places in which this region can process data, with the fact that says so; `None` where nothing does.
    pub fn places(self) -> Option<(&'a [String], &'a Fact)> {
        let fact = self.fact("data_residency")?;
        let (_, places) = fact.typed.regions.iter().find(|(region, _)| region == self.region)?;
        Some((places, fact))
    }

    /// The latest published figure of this tier that `read` finds, with its record.
    pub fn published<T>(self, read: impl Fn(&Measured) -> Option<T>) -> Option<(T, &'a Measured)> {
        let of_tier = self.model.measured.iter().filter(|record| record.holds_for(self.tier));
        let found = of_tier.filter_map(|record| read(record).map(|figure| (figure, record)));
        found.max_by_key(|(_, record)| record.source.checked)
    }
}
