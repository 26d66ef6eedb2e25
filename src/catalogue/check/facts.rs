//! Facts with what scenarios can require of them: answers, lead times, places, ratings.

use super::super::wire::{
    AnsweredWire, ExceptionWire, FactWire, FactsWire, PriceFileWire, ResidencyWire, Text,
};
use super::super::{Answer, Exception, Fact, Rating, Territory, Topic, Typed};
use super::{TIERS, citation, one_of, texts, unique};
use crate::domain::document::{Spanned, word_of};
use crate::domain::problem::{Code, Problems, suggest};
use crate::domain::time::Instant;

/// The longest lead time that makes sense, in days.
const LONGEST_LEAD_DAYS: u64 = 1_000;

/// The facts of a price file, whose models and regions they may name.
pub fn facts(wire: &FactsWire, file: &PriceFileWire, problems: &mut Problems) -> Vec<Fact> {
    let plain = |topic, fact: &Option<FactWire>| {
        let fact = fact.as_ref()?;
        Some(stated(topic, &fact.text, Typed::default(), &fact.source, &fact.checked))
    };
    let registration = wire.registration.as_ref().map(|fact| {
        let lead_time_days = fact.lead_time_days.as_ref().map(|days| {
            if days.0.value > LONGEST_LEAD_DAYS {
                let title = format!("a lead time is at most {LONGEST_LEAD_DAYS} days");
                problems.at(Code::OutOfRange, &days.0.place, title, format!("found {}", days.0.value), "");
            }
            days.0.value
        });
        let typed = answered(fact.value.as_ref(), &fact.except, file, problems);
        let typed = Typed { lead_time_days, ..typed };
        stated(Topic::Registration, &fact.text, typed, &fact.source, &fact.checked)
    });
    let mut answer = |topic, fact: &Option<AnsweredWire>| {
        let fact = fact.as_ref()?;
        let typed = answered(fact.value.as_ref(), &fact.except, file, problems);
        Some(stated(topic, &fact.text, typed, &fact.source, &fact.checked))
    };
    let (sla, routing) = (answer(Topic::Sla, &wire.sla), answer(Topic::Routing, &wire.routing));
    let documentation = wire.documentation.as_ref().map(|fact| {
        let rating = fact.rating.as_ref();
        let rating = rating.and_then(|word| word_of(word, &Rating::WORDS, "rating", problems));
        let typed = Typed { rating, ..Typed::default() };
        stated(Topic::Documentation, &fact.text, typed, &fact.source, &fact.checked)
    });
    let residency = wire.data_residency.as_ref().map(|fact| {
        let typed = Typed { regions: regions(fact, file, problems), ..Typed::default() };
        stated(Topic::DataResidency, &fact.text, typed, &fact.source, &fact.checked)
    });
    let all = [
        plain(Topic::Availability, &wire.availability),
        registration,
        sla,
        routing,
        plain(Topic::Cache, &wire.cache),
        documentation,
        residency,
        plain(Topic::BestFor, &wire.best_for),
        plain(Topic::WeakerAt, &wire.weaker_at),
    ];
    all.into_iter().flatten().collect()
}

fn stated(topic: Topic, text: &Text, typed: Typed, source: &Text, checked: &Spanned<Instant>) -> Fact {
    Fact { topic, text: text.value.clone(), typed, source: citation(source, checked, None) }
}

/// An answer with its exceptions.
fn answered(
    value: Option<&Text>,
    except: &[ExceptionWire],
    file: &PriceFileWire,
    problems: &mut Problems,
) -> Typed {
    let read = except.iter().filter_map(|wire| exception(wire, file, problems)).collect();
    Typed { answer: value.and_then(|word| answer(word, problems)), except: read, ..Typed::default() }
}

fn answer(word: &Text, problems: &mut Problems) -> Option<Answer> {
    word_of(word, &Answer::WORDS, "answer", problems)
}

fn exception(wire: &ExceptionWire, file: &PriceFileWire, problems: &mut Problems) -> Option<Exception> {
    if wire.tiers.is_empty() && wire.models.is_empty() {
        problems.at(
            Code::MissingKey,
            &wire.place,
            "an exception of nothing",
            "",
            "name the `tiers` or the `models` that it is of, or change the value itself",
        );
    }
    for tier in &wire.tiers {
        one_of(tier, &TIERS, "tier", problems);
    }
    let models: Vec<&str> = file.models.iter().map(|model| model.id.value.as_str()).collect();
    for model in &wire.models {
        one_of(model, &models, "model of this file", problems);
    }
    Some(Exception {
        tiers: texts(&wire.tiers),
        models: texts(&wire.models),
        answer: answer(&wire.value, problems)?,
    })
}

/// Where the regions of a file process data.
fn regions(
    wire: &ResidencyWire,
    file: &PriceFileWire,
    problems: &mut Problems,
) -> Vec<(String, Vec<Territory>)> {
    let sold = file.models.iter().flat_map(|model| {
        let tokens = model.prices.iter().flat_map(|entry| &entry.regions);
        tokens.chain(model.capacity.iter().flat_map(|offer| &offer.regions))
    });
    let mut known: Vec<&str> = sold.map(|region| region.value.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    unique(wire.regions.iter().map(|region| &region.region), "region", problems);
    let mut read = Vec::new();
    for region in &wire.regions {
        if !known.contains(&region.region.value.as_str()) {
            let title = format!("nothing in this file is sold in a region `{}`", region.region.value);
            let help = suggest(&region.region.value, known.iter().copied());
            problems.at(Code::UnknownName, &region.region.place, title, "", help);
        }
        if region.places.is_empty() {
            let help = "name where data is processed, or leave the region out: not listed is not known";
            problems.at(Code::MissingKey, &region.place, "a region without places", "", help);
        }
        let words = region.places.iter();
        let places = words.filter_map(|word| word_of(word, &Territory::WORDS, "place", problems));
        read.push((region.region.value.clone(), places.collect()));
    }
    read
}
