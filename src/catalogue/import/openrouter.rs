//! OpenRouter's `/api/v1/models` answer: `data`, a list of models with prices per token as decimal texts.
//!
//! Long prompts stand in `pricing.overrides`, each with `min_prompt_tokens`; what an override leaves out keeps
//! the price below. The model names carry variants after a colon; `:batch` is a tier here.

use super::build::{self, Found, Listed};
use super::{RemarkKind, Shelf, count, text};
use crate::catalogue::{Component, Counting, Limits, PriceEntry, RateCard};
use crate::domain::document::{Node, Value};
use crate::domain::money::Rate;
use crate::domain::problem::{Code, Problems};
use crate::domain::route::STANDARD;

const PROVIDER: &str = "openrouter";

/// Keys of token prices and what they are here.
const TOKENS: [(&str, Component); 9] = [
    ("prompt", Component::Input),
    ("completion", Component::Output),
    ("input_cache_read", Component::CachedInput),
    ("input_cache_write", Component::CacheWrite),
    ("input_cache_write_1h", Component::CacheWrite1h),
    ("internal_reasoning", Component::Reasoning),
    ("audio", Component::AudioInput),
    ("input_audio_cache", Component::CachedAudioInput),
    ("audio_output", Component::AudioOutput),
];

/// Prices of single calls.
const COUNTED: [(&str, &str, &str); 3] =
    [("request", "request", "request"), ("web_search", "web_search", "call"), ("image", "image", "image")];

/// Reads every model.
pub fn read(root: &Node, shelf: &mut Shelf, problems: &mut Problems) -> Option<()> {
    let Some(Value::List(models)) = root.get("data").map(|node| &node.value) else {
        problems.at(
            Code::WrongType,
            &root.place,
            "this is not OpenRouter's list of models",
            root.found(),
            "it is a map with a list of models under `data`",
        );
        return None;
    };
    shelf.provider(PROVIDER, "OpenRouter", Counting::Inside);
    // `:batch` variants join the model that they are a variant of, which therefore has to come first.
    let (variants, plain): (Vec<&Node>, Vec<&Node>) =
        models.iter().partition(|model| text(model, "id").is_some_and(|id| id.ends_with(":batch")));
    for model in plain.into_iter().chain(variants) {
        match text(model, "id") {
            Some(id) => read_model(id, model, shelf),
            None => shelf.report.note(RemarkKind::LeftOut, PROVIDER, "a model without an id"),
        }
    }
    Some(())
}

fn read_model(id: &str, node: &Node, shelf: &mut Shelf) {
    let Some(pricing) = node.get("pricing") else {
        shelf.report.note(RemarkKind::LeftOut, id, "a model without prices");
        return;
    };
    // A router's own entry has the price −1: it depends on where a request goes.
    if text(pricing, "prompt").is_some_and(|price| price.starts_with('-')) {
        shelf.report.note(RemarkKind::LeftOut, id, "a router without prices of its own");
        return;
    }
    let Some(card) = card(id, pricing, shelf) else { return };
    if let Some(base) = id.strip_suffix(":batch") {
        let batch = PriceEntry { ..build::entry(shelf, id, "batch", card, None) };
        let known = shelf.providers.get_mut(PROVIDER);
        match known.and_then(|known| known.models.iter_mut().find(|model| model.id == super::spelt(base))) {
            Some(model) => {
                model.prices.push(batch);
                shelf
                    .report
                    .imported
                    .push((id.to_owned(), format!("{PROVIDER}/{}:batch", super::spelt(base))));
            }
            None => {
                shelf.report.note(RemarkKind::LeftOut, id, "a batch variant of a model that is not listed")
            }
        }
        return;
    }
    let mut model = build::model(id, text(node, "name").unwrap_or(id));
    model.prices.push(build::entry(shelf, id, STANDARD, card, None));
    if let Some(context_window) = count(node, "context_length").filter(|tokens| *tokens > 0) {
        let longest = node.get("top_provider").and_then(|top| count(top, "max_completion_tokens"));
        let max_output = longest.filter(|tokens| (1..=context_window).contains(tokens));
        let source = shelf.citation(id, None);
        model.limits = Some(Limits { context_window, max_input: None, max_output, source });
    }
    let mut meters = Vec::new();
    for (key, meter, unit) in COUNTED {
        let Some(written) = text(pricing, key).map(str::to_owned) else { continue };
        // The answer lists 0 for what is not billed apart.
        let rate = build::rate(shelf, id, &written, 12).filter(|rate| *rate != Rate::ZERO);
        meters.extend(rate.map(|rate| build::meter(shelf, id, id, meter, unit, rate)));
    }
    shelf.add(PROVIDER, id, model, meters);
}

fn card(id: &str, pricing: &Node, shelf: &mut Shelf) -> Option<RateCard> {
    let short = listed(id, pricing, shelf)?;
    if text(pricing, "discount").is_some_and(|discount| discount != "0") {
        shelf.report.note(
            RemarkKind::Doubtful,
            id,
            "a discount is listed: the prices are taken as they stand",
        );
    }
    let mut overrides: Vec<(u64, &Node)> = Vec::new();
    if let Some(Value::List(items)) = pricing.get("overrides").map(|node| &node.value) {
        for item in items {
            let Some(least) = count(item, "min_prompt_tokens") else {
                shelf.report.note(
                    RemarkKind::LeftOut,
                    id,
                    "an override that is not by the length of the prompt",
                );
                return None;
            };
            overrides.push((least, item));
        }
    }
    build::stepped_card(shelf, id, short, overrides, listed)
}

/// The token prices of a map; `None` if one of them cannot be read.
fn listed(id: &str, node: &Node, shelf: &mut Shelf) -> Listed {
    let mut found = Vec::new();
    for (key, component) in TOKENS {
        let Some(written) = text(node, key).map(str::to_owned) else { continue };
        let rate = build::rate(shelf, id, &written, 12)?;
        // The answer lists 0 for what has no price of its own, such as reasoning.
        let own = component != Component::Input && component != Component::Output;
        if !(own && rate == Rate::ZERO) {
            found.push((component, Found::Listed(rate)));
        }
    }
    Some(found)
}
