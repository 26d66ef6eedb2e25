//! What a buyer requires of a route, and what the price files say of it. Unknown stays unknown: it is not met, and
//! it is told apart from what fails.

use crate::catalogue::{ANYWHERE, Answer, Citation, Fact, Offer, RATINGS, lies_in};
use crate::domain::format::thousands;
use crate::domain::time::{DAY_SECONDS, Instant};

/// A requirement, and how every route of the scenario stands to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// What is required.
    pub demand: Demand,
    /// One per route, in the order of the scenario.
    pub verdicts: Vec<Verdict>,
}

/// What is required.
#[derive(Clone, Debug, PartialEq)]
pub enum Demand {
    /// A service-level agreement.
    Sla,
    /// No approval before use: an account and a key are enough.
    NoRegistration,
    /// At least so many tokens of input and output together.
    ContextWindow(u64),
    /// Data is processed in this place.
    DataResidency(String),
    /// Several upstream providers, the next one where one fails.
    Fallback,
    /// At least so many output tokens per second, by published figures.
    Speed(f64),
    /// Documentation that its source rates so or better, in the words of [`RATINGS`].
    Documentation(String),
    /// Usable on the day of `live_by` if it is applied for on that of `apply_on`.
    LiveBy {
        /// When it must be usable.
        live_by: Instant,
        /// When it is applied for.
        apply_on: Instant,
    },
}

/// How a route buys some of its workloads.
#[derive(Clone, Copy, Debug)]
pub struct Bought<'a> {
    /// Provider, model, tier and region.
    pub offer: Offer<'a>,
    /// The longest prompt that has a price on that tier, in tokens; none where prices have no end.
    pub longest_priced: Option<u64>,
}

/// How a route stands to a requirement. The worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It meets it, by a source.
    Meets,
    /// No source says.
    NotKnown,
    /// It does not meet it, by a source.
    Fails,
}

/// An outcome with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// How the route stands.
    pub outcome: Outcome,
    /// Why, in the words of the price file where it has any.
    pub why: String,
    /// By whose word; none where nobody says anything.
    pub source: Option<Citation>,
}

impl Outcome {
    /// Its words in tables.
    pub const fn words(self) -> &'static str {
        match self {
            Outcome::Meets => "meets",
            Outcome::NotKnown => "not known",
            Outcome::Fails => "fails",
        }
    }
}

impl Demand {
    /// Its key in scenario files.
    pub const fn key(&self) -> &'static str {
        match self {
            Demand::Sla => "sla",
            Demand::NoRegistration => "no_registration",
            Demand::ContextWindow(_) => "context_window",
            Demand::DataResidency(_) => "data_residency",
            Demand::Fallback => "fallback",
            Demand::Speed(_) => "speed_tokens_per_s",
            Demand::Documentation(_) => "documentation",
            Demand::LiveBy { .. } => "live_by",
        }
    }

    /// The requirement in a few words.
    pub fn text(&self) -> String {
        match self {
            Demand::Sla => "SLA".to_owned(),
            Demand::NoRegistration => "no approval needed".to_owned(),
            Demand::ContextWindow(tokens) => format!("window of {} tokens", thousands(*tokens)),
            Demand::DataResidency(place) => format!("data in {}", place.to_uppercase()),
            Demand::Fallback => "several upstreams".to_owned(),
            Demand::Speed(speed) => format!("{speed} tokens/s published"),
            Demand::Documentation(rating) => format!("{rating} documentation"),
            Demand::LiveBy { live_by, .. } => format!("live by {live_by}"),
        }
    }

    /// How a route stands whose workloads are bought so: as the worst of them does.
    pub fn judged(&self, bought: &[Bought<'_>]) -> Verdict {
        let verdict = |one: &Bought<'_>| {
            let mut verdict = self.of(*one);
            if bought.len() > 1 {
                verdict.why = format!("{}: {}", one.offer.name(), verdict.why);
            }
            verdict
        };
        let worst = bought.iter().map(verdict).reduce(|a, b| if b.outcome > a.outcome { b } else { a });
        worst.unwrap_or_else(|| unsaid("it is not on sale"))
    }

    fn of(&self, bought: Bought<'_>) -> Verdict {
        let offer = bought.offer;
        match self {
            Demand::Sla => answered(offer, "sla", Answer::Yes, "no SLA is stated"),
            Demand::NoRegistration => {
                answered(offer, "registration", Answer::No, "what registration takes is not stated")
            }
            Demand::ContextWindow(tokens) => window(bought, *tokens),
            Demand::DataResidency(place) => residency(offer, place),
            Demand::Fallback => answered(offer, "routing", Answer::Yes, "no routing is stated"),
            Demand::Speed(wanted) => speed(offer, *wanted),
            Demand::Documentation(wanted) => documentation(offer, wanted),
            Demand::LiveBy { live_by, apply_on } => live_by_then(offer, *apply_on, *live_by),
        }
    }
}

fn said(meets: bool, why: String, source: &Citation) -> Verdict {
    let outcome = if meets { Outcome::Meets } else { Outcome::Fails };
    Verdict { outcome, why, source: Some(source.clone()) }
}

fn unsaid(why: &str) -> Verdict {
    Verdict { outcome: Outcome::NotKnown, why: why.to_owned(), source: None }
}

/// Nothing in what is said settles it.
fn unsettled(offer: Offer<'_>, fact: &Fact) -> Verdict {
    let why = format!("the source does not settle it for {}: {}", offer.name(), fact.text);
    Verdict { outcome: Outcome::NotKnown, why, source: Some(fact.source.clone()) }
}

fn answered(offer: Offer<'_>, topic: &str, wanted: Answer, silence: &str) -> Verdict {
    match offer.answer(topic) {
        (_, None) => unsaid(silence),
        (Answer::Unknown, Some(fact)) => unsettled(offer, fact),
        (answer, Some(fact)) => said(answer == wanted, fact.text.clone(), &fact.source),
    }
}

/// A tier can sell shorter prompts than its model takes: priority ends at 272,000 tokens for gpt-5.4. Its window is
/// then the longest prompt with a price and the longest answer together.
fn window(bought: Bought<'_>, tokens: u64) -> Verdict {
    let offer = bought.offer;
    let Some(limits) = &offer.model.limits else { return unsaid("no context window is published") };
    let cut = bought.longest_priced.filter(|longest| *longest < limits.longest_prompt());
    if let Some(longest) = cut.filter(|longest| longest + limits.max_output.unwrap_or(0) < tokens) {
        let why =
            format!("on tier `{}`, prompts above {} tokens have no price", offer.tier, thousands(longest));
        let latest = offer.history().last().map_or(&limits.source, |entry| &entry.source);
        return said(false, why, latest);
    }
    let why = format!("a window of {} tokens is published", thousands(limits.context_window));
    said(limits.context_window >= tokens, why, &limits.source)
}

fn residency(offer: Offer<'_>, wanted: &str) -> Verdict {
    let Some((places, fact)) = offer.places() else {
        let silence = || unsaid("no data residency is stated");
        return offer.fact("data_residency").map_or_else(silence, |fact| unsettled(offer, fact));
    };
    let region = offer.region;
    let bound = match places {
        [only] if only == ANYWHERE => format!("the region `{region}` is bound to no place"),
        [only] => format!("the region `{region}` is {}", only.to_uppercase()),
        several => format!("the region `{region}` is a choice of {}", several.join(", ").to_uppercase()),
    };
    let why = format!("{bound}: {}", fact.text);
    said(places.iter().any(|place| lies_in(place, wanted)), why, &fact.source)
}

fn speed(offer: Offer<'_>, wanted: f64) -> Verdict {
    let Some((speed, record)) = offer.published(|figures| figures.speed_tokens_per_s) else {
        return unsaid("no speed is published");
    };
    said(speed >= wanted, format!("{speed} tokens/s are published"), &record.source)
}

fn documentation(offer: Offer<'_>, wanted: &str) -> Verdict {
    let Some(fact) = offer.fact("documentation") else { return unsaid("no rating is stated") };
    let Some(found) = &fact.typed.rating else { return unsettled(offer, fact) };
    let rank = |word: &str| RATINGS.iter().position(|rating| *rating == word);
    said(rank(found) >= rank(wanted), fact.text.clone(), &fact.source)
}

/// Whether what must be approved can be there in time. Lead times are in whole calendar days.
fn live_by_then(offer: Offer<'_>, apply_on: Instant, live_by: Instant) -> Verdict {
    let (approval, fact) = offer.answer("registration");
    let Some(fact) = fact else { return unsaid("what registration takes is not stated") };
    if approval == Answer::No {
        return said(true, fact.text.clone(), &fact.source);
    }
    let Some(lead) = fact.typed.lead_time_days else {
        let why = format!("how long registration takes is not stated: {}", fact.text);
        return Verdict { outcome: Outcome::NotKnown, why, source: Some(fact.source.clone()) };
    };
    let days = (live_by.unix_seconds() - apply_on.unix_seconds()).div_euclid(DAY_SECONDS);
    let in_time = i64::try_from(lead).is_ok_and(|lead| lead <= days);
    said(in_time, format!("registration takes up to {lead} days of {days}: {}", fact.text), &fact.source)
}
