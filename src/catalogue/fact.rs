//! Stated facts about buying from a provider: the text with its source, and beside it what a program can judge by.

use super::{Citation, Measured, Offer};

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Whether and how it can be bought.
    Availability,
    /// What has to be signed or approved first.
    Registration,
    /// The service-level agreement.
    Sla,
    /// Whether several upstream providers serve a request.
    Routing,
    /// The prompt cache.
    Cache,
    /// The documentation.
    Documentation,
    /// Where data is processed.
    DataResidency,
    /// Whom it suits.
    BestFor,
    /// Where it is weaker.
    WeakerAt,
}

impl Topic {
    /// Its key in price files.
    pub const fn key(self) -> &'static str {
        match self {
            Topic::Availability => "availability",
            Topic::Registration => "registration",
            Topic::Sla => "sla",
            Topic::Routing => "routing",
            Topic::Cache => "cache",
            Topic::Documentation => "documentation",
            Topic::DataResidency => "data_residency",
            Topic::BestFor => "best_for",
            Topic::WeakerAt => "weaker_at",
        }
    }
}

/// How documentation is rated; the better is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rating {
    /// Poor.
    Poor,
    /// Good.
    Good,
    /// Excellent.
    Excellent,
}

impl Rating {
    /// The words of price files and scenarios, and what they say.
    pub const WORDS: [(&str, Rating); 3] =
        [("poor", Rating::Poor), ("good", Rating::Good), ("excellent", Rating::Excellent)];

    /// Its word in files.
    pub const fn name(self) -> &'static str {
        match self {
            Rating::Poor => "poor",
            Rating::Good => "good",
            Rating::Excellent => "excellent",
        }
    }
}

/// Where data can be said to be processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Territory {
    /// The United States.
    Us,
    /// The European Union.
    Eu,
    /// Asia and the Pacific.
    Apac,
    /// The United Kingdom.
    Uk,
    /// The United Arab Emirates.
    Ae,
    /// Australia.
    Au,
    /// Canada.
    Ca,
    /// India.
    In,
    /// Japan.
    Jp,
    /// South Korea.
    Kr,
    /// Singapore.
    Sg,
    /// That of an endpoint which is bound to none.
    Anywhere,
}

impl Territory {
    /// The words of price files and scenarios, and what they say.
    pub const WORDS: [(&str, Territory); 12] = [
        ("us", Territory::Us),
        ("eu", Territory::Eu),
        ("apac", Territory::Apac),
        ("uk", Territory::Uk),
        ("ae", Territory::Ae),
        ("au", Territory::Au),
        ("ca", Territory::Ca),
        ("in", Territory::In),
        ("jp", Territory::Jp),
        ("kr", Territory::Kr),
        ("sg", Territory::Sg),
        ("anywhere", Territory::Anywhere),
    ];

    /// Its word in files.
    pub const fn name(self) -> &'static str {
        match self {
            Territory::Us => "us",
            Territory::Eu => "eu",
            Territory::Apac => "apac",
            Territory::Uk => "uk",
            Territory::Ae => "ae",
            Territory::Au => "au",
            Territory::Ca => "ca",
            Territory::In => "in",
            Territory::Jp => "jp",
            Territory::Kr => "kr",
            Territory::Sg => "sg",
            Territory::Anywhere => "anywhere",
        }
    }

    /// Whether data that is processed here stays in `wanted`: Japan lies in Asia and the Pacific, not the reverse.
    ///
    /// ```
    /// use tollcast::catalogue::Territory::{Anywhere, Apac, Eu, Jp};
    /// assert!(Jp.lies_in(Apac) && !Apac.lies_in(Jp) && !Anywhere.lies_in(Eu));
    /// ```
    pub const fn lies_in(self, wanted: Territory) -> bool {
        use Territory::{Apac, Au, In, Jp, Kr, Sg};
        self as u8 == wanted as u8 || matches!((self, wanted), (Au | In | Jp | Kr | Sg, Apac))
    }
}

/// A stated fact, such as the SLA, with its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is about.
    pub topic: Topic,
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
    pub regions: Vec<(String, Vec<Territory>)>,
    /// How the documentation is rated.
    pub rating: Option<Rating>,
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

impl<'a> Offer<'a> {
    /// What the provider's file says about a topic.
    pub fn fact(self, topic: Topic) -> Option<&'a Fact> {
        self.provider.facts.iter().find(|fact| fact.topic == topic)
    }

    /// A topic's answer for this model and tier, with the fact that gives it; unknown where none is stated.
    pub fn answer(self, topic: Topic) -> (Answer, Option<&'a Fact>) {
        let Some(fact) = self.fact(topic) else { return (Answer::Unknown, None) };
        let names = |list: &[String], name: &str| list.is_empty() || list.iter().any(|known| known == name);
        let fits = |exception: &&Exception| {
            names(&exception.tiers, self.tier) && names(&exception.models, &self.model.id)
        };
        let other = fact.typed.except.iter().find(fits).map(|exception| exception.answer);
        (other.or(fact.typed.answer).unwrap_or(Answer::Unknown), Some(fact))
    }

    /// The places in which this region can process data, with the fact that says so; `None` where nothing does.
    pub fn places(self) -> Option<(&'a [Territory], &'a Fact)> {
        let fact = self.fact(Topic::DataResidency)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_they_are_read_as() {
        assert!(Rating::WORDS.iter().all(|(word, rating)| rating.name() == *word));
        assert!(Territory::WORDS.iter().all(|(word, territory)| territory.name() == *word));
        assert!(Answer::WORDS.iter().all(|(word, answer)| answer.name() == *word));
        assert!(Rating::Poor < Rating::Good && Rating::Good < Rating::Excellent);
    }
}
