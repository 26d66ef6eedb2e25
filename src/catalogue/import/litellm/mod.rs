//! LiteLLM's `model_prices_and_context_window.json`: one map from model keys to prices per token in USD.
//!
//! The rules are those of LiteLLM's own calculators, read from its code: bands are strictly above their
//! threshold (at or above it for xAI), reprice the whole request, and every price without a long key keeps its
//! short one; a service tier without a price of its own falls back to the standard one of the same length;
//! batches fall back to the batch input price. Two calculators ignore prices that the data lists (service
//! tiers at Fireworks, cached tokens and thresholds at Perplexity); here the data is believed.

mod around;
mod batch;
mod beside;
mod tiers;

use self::beside::{meters, note_the_rest};
use self::tiers::Book;
use super::{RemarkKind, Shelf, spelt_provider, text};
use crate::catalogue::Counting;
use crate::domain::document::{Entry, Node, Value};
use crate::domain::problem::{Code, Problems};

/// The modes of models that bill text by tokens.
const TEXT_MODES: [&str; 4] = ["chat", "responses", "completion", "embedding"];

/// Reads every entry; all that is no text model with a token price is left out and said so.
pub fn read(root: &Node, shelf: &mut Shelf, problems: &mut Problems) -> Option<()> {
    let entries = root.map("a map from model names to prices", problems)?;
    if !entries.iter().any(|entry| entry.value.get("litellm_provider").is_some()) {
        problems.at(
            Code::WrongType,
            &root.place,
            "this is not LiteLLM's price map",
            "no entry has a `litellm_provider`",
            "it is the file model_prices_and_context_window.json",
        );
        return None;
    }
    for entry in entries {
        if entry.key.value != "sample_spec" {
            read_entry(entry, entries, shelf);
        }
    }
    Some(())
}

fn read_entry(entry: &Entry, all: &[Entry], shelf: &mut Shelf) {
    let key = entry.key.value.as_ref();
    let fields = &entry.value;
    let mode = text(fields, "mode");
    if mode.is_some_and(|mode| !TEXT_MODES.contains(&mode)) {
        let words = format!("not a text model: mode {}", mode.unwrap_or_default());
        shelf.report.note(RemarkKind::LeftOut, key, &words);
        return;
    }
    let tiered = matches!(fields.get("tiered_pricing").map(|node| &node.value), Some(Value::List(_)));
    if text(fields, tiers::INPUT).is_none() && !tiered {
        shelf.report.note(RemarkKind::LeftOut, key, "no price of input tokens is listed");
        return;
    }
    let listed = text(fields, "litellm_provider").unwrap_or("unknown");
    let provider = family(listed);
    let id = key.strip_prefix(&format!("{provider}/")).unwrap_or(key);
    let twin = format!("{provider}/{key}");
    if id == key && all.iter().any(|other| other.key.value == twin) {
        let words = "LiteLLM never reaches it: the entry with the provider in front of the name wins";
        shelf.report.note(RemarkKind::LeftOut, key, words);
        return;
    }
    let mut book = Book { key, fields, provider: listed, shelf, unreadable: false };
    let Some(mut model) = book.model(id) else { return };
    model.name = key.to_owned();
    let beside = key.contains("anthropic") || key.contains("claude") || provider == "bedrock";
    let counting = if beside { Counting::Beside } else { Counting::Inside };
    let spelt = spelt_provider(provider);
    shelf.provider(&spelt, provider, counting);
    let meters = meters(fields, key, &model.id, shelf);
    note_the_rest(fields, key, shelf);
    shelf.add(&spelt, key, model, meters);
}

/// LiteLLM splits some providers by kind of model; their calculators are one.
fn family(provider: &str) -> &str {
    for head in ["vertex_ai-", "fireworks_ai-"] {
        if provider.starts_with(head) {
            return head.trim_end_matches('-');
        }
    }
    if provider == "bedrock_converse" { "bedrock" } else { provider }
}
