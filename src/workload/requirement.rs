//! What a buyer requires of a route, and what the price files say of it. Unknown stays unknown: it is not met, and
//! it is told apart from what fails.

use crate::catalogue::{Answer, Citation, Fact, Offer, Rating, Territory, Topic};
use crate::domain::format::{percent, thousands};
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
    DataResidency(Territory),
    /// Several upstream providers, the next one where one fails.
    Fallback,
    /// At least so many output tokens per second, by published figures.
    Speed(f64),
    /// At most so many seconds to the first token, by published figures.
    FirstToken(f64),
    /// At most this share of requests fails, by published figures.
    Errors(f64),
    /// Documentation that its source rates so or better.
    Documentation(Rating),
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
            Demand::FirstToken(_) => "first_token_s",
            Demand::Errors(_) => "error_share",
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
            Demand::DataResidency(place) => format!("data in {}", place.name().to_uppercase()),
            Demand::Fallback => "several upstreams".to_owned(),
            Demand::Speed(speed) => format!("{speed} tokens/s published"),
            Demand::FirstToken(seconds) => format!("first token in {seconds} s"),
            Demand::Errors(share) => format!("at most {} errors", percent(*share)),
            Demand::Documentation(rating) => format!("{} documentation", rating.name()),
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
            Demand::Sla => answered(offer, Topic::Sla, Answer::Yes, "no SLA is stated"),
            Demand::NoRegistration => {
                answered(offer, Topic::Registration, Answer::No, "what registration takes is not stated")
            }
            Demand::ContextWindow(tokens) => window(bought, *tokens),
            Demand::DataResidency(place) => residency(offer, *place),
            Demand::Fallback => answered(offer, Topic::Routing, Answer::Yes, "no routing is stated"),
            Demand::Speed(wanted) => speed(offer, *wanted),
            Demand::FirstToken(wanted) => first_token(offer, *wanted),
            Demand::Errors(wanted) => errors(offer, *wanted),
            Demand::Documentation(wanted) => documentation(offer, *wanted),
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

fn answered(offer: Offer<'_>, topic: Topic, wanted: Answer, silence: &str) -> Verdict {
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
    let Some(longest) = cut else {
        let why = format!("a window of {} tokens is published", thousands(limits.context_window));
        return said(limits.context_window >= tokens, why, &limits.source);
    };
    let why = format!(
        "on tier `{}`, prompts above {} tokens have no price; the model's window is {} tokens",
        offer.tier,
        thousands(longest),
        thousands(limits.context_window)
    );
    let window = limits.context_window.min(longest + limits.max_output.unwrap_or(0));
    let latest = offer.history().last().map_or(&limits.source, |entry| &entry.source);
    said(window >= tokens, why, latest)
}

fn residency(offer: Offer<'_>, wanted: Territory) -> Verdict {
    let Some((places, fact)) = offer.places() else {
        let silence = || unsaid("no data residency is stated");
        return offer.fact(Topic::DataResidency).map_or_else(silence, |fact| unsettled(offer, fact));
    };
    let region = offer.region;
    let bound = match places {
        [Territory::Anywhere] => format!("the region `{region}` is bound to no place"),
        [only] => format!("the region `{region}` is {}", only.name().to_uppercase()),
        several => {
            let names: Vec<&str> = several.iter().map(|place| place.name()).collect();
            format!("the region `{region}` is a choice of {}", names.join(", ").to_uppercase())
        }
    };
    let why = format!("{bound}: {}", fact.text);
    said(places.iter().any(|place| place.lies_in(wanted)), why, &fact.source)
}

fn speed(offer: Offer<'_>, wanted: f64) -> Verdict {
    let Some((speed, record)) = offer.published(|figures| figures.speed_tokens_per_s) else {
        return unsaid("no speed is published");
    };
    said(speed >= wanted, format!("{speed} tokens/s are published"), &record.source)
}

fn first_token(offer: Offer<'_>, wanted: f64) -> Verdict {
    let Some((seconds, record)) = offer.published(|figures| figures.first_token_s) else {
        return unsaid("no time to the first token is published");
    };
    said(seconds <= wanted, format!("{seconds} s to the first token are published"), &record.source)
}

fn errors(offer: Offer<'_>, wanted: f64) -> Verdict {
    let Some((share, record)) = offer.published(|figures| figures.error_share) else {
        return unsaid("no share of errors is published");
    };
    said(share <= wanted, format!("{} of errors are published", percent(share)), &record.source)
}

fn documentation(offer: Offer<'_>, wanted: Rating) -> Verdict {
    let Some(fact) = offer.fact(Topic::Documentation) else { return unsaid("no rating is stated") };
    let Some(found) = fact.typed.rating else { return unsettled(offer, fact) };
    said(found >= wanted, fact.text.clone(), &fact.source)
}

/// Whether what must be approved can be there in time. Lead times are in whole calendar days.
fn live_by_then(offer: Offer<'_>, apply_on: Instant, live_by: Instant) -> Verdict {
    let (approval, fact) = offer.answer(Topic::Registration);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalogue::Catalogue;
    use crate::domain::problem::Source;
    use crate::domain::route::RouteId;

    /// Priority has a price up to 1,000 tokens of a window of 4,000; answers have at most 500.
    const PRICES: &str = "
tollcast_prices: 1
provider: test
name: Test
currency: USD
cached_tokens: inside_input
reasoning_tokens: inside_output
facts:
  documentation: {text: Rated good., rating: good, source: invented, checked: 2020-01-01}
  data_residency: {text: In Japan., regions: [{region: global, places: [jp]}], source: invented, checked: 2020-01-01}
models:
  - id: m
    name: M
    limits: {context_window: 4_000, max_output: 500, source: invented, checked: 2020-01-01}
    measured:
      - {speed_tokens_per_s: 40, first_token_s: 1.5, error_share: 1%, source: invented, checked: 2020-01-01}
      - {speed_tokens_per_s: 30, source: invented, checked: 2020-02-01}
      - {tiers: [priority], speed_tokens_per_s: 90, source: invented, checked: 2020-01-01}
    prices:
      - {tiers: [standard, batch], regions: [global], from: 2020-01-01, bands: [{input: 1, output: 10}], source: invented, checked: 2020-01-01}
      - {tiers: [priority], regions: [global], from: 2020-01-01, bands: [{up_to: 1_000, input: 1, output: 10}], source: of priority, checked: 2020-01-01}
";

    fn judged(demand: &Demand, route: &str) -> Verdict {
        let files = [Arc::new(Source::new("test.yaml", PRICES))];
        let catalogue = Catalogue::read(&files, &[]).expect("the price file is right");
        let route = RouteId::parse(route).expect("a route");
        let offer = catalogue.offer(&route).expect("on sale");
        let card = &offer.history()[0].card;
        demand.judged(&[Bought { offer, longest_priced: card.longest_prompt() }])
    }

    #[test]
    fn a_window_ends_where_the_prices_of_a_tier_end() {
        let outcome = |tokens, route| judged(&Demand::ContextWindow(tokens), route).outcome;
        assert_eq!(outcome(4_000, "test/m"), Outcome::Meets);
        assert_eq!(outcome(4_001, "test/m"), Outcome::Fails);
        // A prompt of 1,000 tokens and an answer of 500.
        assert_eq!(outcome(1_500, "test/m:priority"), Outcome::Meets);
        let beyond = judged(&Demand::ContextWindow(1_501), "test/m:priority");
        assert_eq!((beyond.outcome, beyond.source.unwrap().source.as_str()), (Outcome::Fails, "of priority"));
    }

    #[test]
    fn ratings_and_places_are_held_against_what_is_wanted() {
        let outcome = |demand| judged(&demand, "test/m").outcome;
        assert_eq!(outcome(Demand::Documentation(Rating::Poor)), Outcome::Meets);
        assert_eq!(outcome(Demand::Documentation(Rating::Good)), Outcome::Meets);
        assert_eq!(outcome(Demand::Documentation(Rating::Excellent)), Outcome::Fails);
        assert_eq!(outcome(Demand::DataResidency(Territory::Jp)), Outcome::Meets);
        assert_eq!(outcome(Demand::DataResidency(Territory::Apac)), Outcome::Meets);
        assert_eq!(outcome(Demand::DataResidency(Territory::Eu)), Outcome::Fails);
        assert_eq!(outcome(Demand::Sla), Outcome::NotKnown);
    }

    #[test]
    fn published_figures_are_those_of_the_tier_and_the_latest_that_has_them() {
        let outcome = |demand, route| judged(&demand, route).outcome;
        assert_eq!(outcome(Demand::Speed(30.0), "test/m"), Outcome::Meets);
        assert_eq!(outcome(Demand::Speed(31.0), "test/m"), Outcome::Fails);
        assert_eq!(outcome(Demand::Speed(90.0), "test/m:priority"), Outcome::Meets);
        assert_eq!(outcome(Demand::Speed(1.0), "test/m:batch"), Outcome::NotKnown);
        assert_eq!(outcome(Demand::FirstToken(1.5), "test/m"), Outcome::Meets);
        assert_eq!(outcome(Demand::FirstToken(1.4), "test/m"), Outcome::Fails);
        assert_eq!(outcome(Demand::FirstToken(9.0), "test/m:priority"), Outcome::NotKnown);
        assert_eq!(outcome(Demand::Errors(0.01), "test/m"), Outcome::Meets);
        assert_eq!(outcome(Demand::Errors(0.009), "test/m"), Outcome::Fails);
    }
}
