//! models.dev's `api.json`: providers with `models`, each with a `cost` in USD per million tokens.
//!
//! Long prompts stand in `cost.tiers` (`tier: {type: context, size}`) or, in older files, in
//! `cost.context_over_200k`.

use super::build::{self, Found, Listed};
use super::{RemarkKind, Shelf, count, spelt_provider, text};
use crate::catalogue::{Component, Counting, Limits, RateCard};
use crate::domain::document::{Node, Value};
use crate::domain::money::Rate;
use crate::domain::problem::{Code, Problems};
use crate::domain::route::STANDARD;

/// Keys of token prices and what they are here.
const TOKENS: [(&str, Component); 7] = [
    ("input", Component::Input),
    ("output", Component::Output),
    ("cache_read", Component::CachedInput),
    ("cache_write", Component::CacheWrite),
    ("reasoning", Component::Reasoning),
    ("input_audio", Component::AudioInput),
    ("output_audio", Component::AudioOutput),
];

/// Reads every model of every provider.
pub fn read(root: &Node, shelf: &mut Shelf, problems: &mut Problems) -> Option<()> {
    let providers = root.map("a map from providers to their models", problems)?;
    let known = providers.iter().any(|provider| provider.value.get("models").is_some());
    if !known {
        problems.at(
            Code::WrongType,
            &root.place,
            "this is not models.dev's data",
            "no provider has `models`",
            "it is the file api.json",
        );
        return None;
    }
    for provider in providers {
        let id = provider.key.value.as_ref();
        let Some(Value::Map(models)) = provider.value.get("models").map(|node| &node.value) else {
            shelf.report.note(RemarkKind::LeftOut, id, "a provider without models");
            continue;
        };
        let beside = ["anthropic", "amazon-bedrock"].contains(&id);
        let counting = if beside { Counting::Beside } else { Counting::Inside };
        let spelt = spelt_provider(id);
        shelf.provider(&spelt, text(&provider.value, "name").unwrap_or(id), counting);
        for model in models {
            read_model(&spelt, &model.key.value, &model.value, shelf);
        }
    }
    Some(())
}

fn read_model(provider: &str, id: &str, node: &Node, shelf: &mut Shelf) {
    let key = format!("{provider}/{id}");
    let Some(cost) = node.get("cost") else {
        shelf.report.note(RemarkKind::LeftOut, &key, "a model without prices");
        return;
    };
    let Some(card) = card(&key, cost, shelf) else { return };
    let mut model = build::model(id, text(node, "name").unwrap_or(id));
    model.prices.push(build::entry(shelf, &key, STANDARD, card, None));
    if let Some(limit) = node.get("limit")
        && let Some(context_window) = count(limit, "context").filter(|tokens| *tokens > 0)
    {
        let within = |name: &str| count(limit, name).filter(|tokens| (1..=context_window).contains(tokens));
        let (max_input, max_output) = (within("input"), within("output"));
        let source = shelf.citation(&key, None);
        model.limits = Some(Limits { context_window, max_input, max_output, source });
    }
    let has = |name: &str| text(node, name) == Some("true");
    let known = [
        ("reasoning", "reasoning"),
        ("tool_call", "tools"),
        ("structured_output", "structured_output"),
        ("open_weights", "open_weights"),
    ];
    model.capabilities =
        known.iter().filter(|(name, _)| has(name)).map(|(_, ours)| (*ours).to_owned()).collect();
    shelf.add(provider, &key, model, Vec::new());
}

fn card(key: &str, cost: &Node, shelf: &mut Shelf) -> Option<RateCard> {
    let short = listed(key, cost, shelf)?;
    let mut steps: Vec<(u64, &Node)> = Vec::new();
    match (cost.get("tiers").map(|node| &node.value), cost.get("context_over_200k")) {
        (Some(Value::List(tiers)), _) => {
            for tier in tiers {
                let size = tier.get("tier").filter(|node| text(node, "type") == Some("context"));
                let Some(size) = size.and_then(|node| count(node, "size")) else {
                    shelf.report.note(
                        RemarkKind::LeftOut,
                        key,
                        "a tier that is not by the length of the context",
                    );
                    return None;
                };
                steps.push((size, tier));
            }
        }
        (_, Some(long)) => steps.push((200_000, long)),
        _ => {}
    }
    build::stepped_card(shelf, key, short, steps, listed)
}

/// The token prices of a map; `None` if one of them cannot be read.
fn listed(key: &str, node: &Node, shelf: &mut Shelf) -> Listed {
    let mut found = Vec::new();
    let output = text(node, "output").map(str::to_owned);
    for (name, component) in TOKENS {
        let Some(written) = text(node, name).map(str::to_owned) else { continue };
        let same_as_output = component == Component::Reasoning && Some(&written) == output.as_ref();
        let rate: Rate = build::rate(shelf, key, &written, 6)?;
        if !same_as_output {
            found.push((component, Found::Listed(rate)));
        }
    }
    Some(found)
}
