//! What an entry bills beside tokens, and which of its prices have no place in a price file.

use super::tiers::{BATCH, INPUT, OUTPUT, PLAIN, READ, SERVICE_TIERS, WRITE};
use crate::catalogue::Meter;
use crate::catalogue::import::{RemarkKind, Shelf, build, text};
use crate::domain::document::{Node, Value};

/// Calls that are billed beside tokens.
pub(super) fn meters(fields: &Node, key: &str, model: &str, shelf: &mut Shelf) -> Vec<Meter> {
    let mut found = Vec::new();
    let mut meter =
        |shelf: &mut Shelf, name: &str, level: Option<&str>, written: &str, note: Option<&str>| {
            let Some(rate) = build::rate(shelf, key, written, 12) else { return };
            let flat = build::meter(shelf, key, model, name, "call", rate);
            found.push(Meter {
                level: level.map(str::to_owned),
                source: shelf.citation(key, note.map(str::to_owned)),
                ..flat
            });
        };
    if let Some(node) = fields.get("search_context_cost_per_query") {
        let sizes = ["low", "medium", "high"];
        let prices: Vec<Option<&str>> =
            sizes.iter().map(|size| text(node, &format!("search_context_size_{size}"))).collect();
        let alike = prices.iter().all(|price| price.is_some() && *price == prices[0]);
        if let (true, Some(price)) = (alike, prices[0]) {
            meter(shelf, "web_search", None, price, None);
        } else {
            for (size, price) in sizes.iter().zip(prices) {
                if let Some(price) = price {
                    meter(shelf, "web_search", Some(size), price, None);
                }
            }
        }
    }
    if let Some(price) = text(fields, "google_maps_grounding_cost_per_query") {
        meter(shelf, "maps_grounding", None, price, None);
    }
    if let Some(price) = text(fields, "input_cost_per_request") {
        shelf.report.note(RemarkKind::Doubtful, key, "a fee per request that LiteLLM's code never bills");
        meter(shelf, "request", None, price, Some("LiteLLM's own code never bills it."));
    }
    found
}

/// Says which prices of the entry a price file of ours does not hold.
pub(super) fn note_the_rest(fields: &Node, key: &str, shelf: &mut Shelf) {
    let Value::Map(entries) = &fields.value else { return };
    for entry in entries {
        let name = entry.key.value.as_ref();
        let words = match name {
            "search_free_requests" | "web_search_billing_unit" => {
                "free searches and their unit are not taken: their period is not in the data"
            }
            "input_cost_per_token_cache_hit" => continue,
            _ if name.contains("dbu_cost") => "DBU prices are not taken: the dollar prices beside them are",
            _ if name.contains("_per_character")
                || name.contains("_per_second")
                || name.contains("cost_per_image") && !name.contains("per_image_token")
                || name.contains("_per_pixel")
                || name.contains("_per_video_per") =>
            {
                "prices by character, second, picture or pixel are not taken"
            }
            _ if name.contains("code_interpreter")
                || name.contains("file_search")
                || name.contains("vector_store") =>
            {
                "prices of file search, storage and code interpreter are not taken"
            }
            _ if name.contains("cache_creation_input_audio") => "cache writes of audio are not taken",
            _ if understood(name) || !(name.contains("cost") || name.contains("price")) => continue,
            _ => {
                let words = format!("a price key that is not understood: {name}");
                shelf.report.note(RemarkKind::LeftOut, key, &words);
                continue;
            }
        };
        shelf.report.note(RemarkKind::LeftOut, key, words);
    }
}

/// Whether the importer reads a price key: a stem, a lifetime, a threshold and a tier, in that order.
fn understood(name: &str) -> bool {
    const WHOLE: [&str; 7] = [
        "tiered_pricing",
        "off_peak_pricing",
        "citation_cost_per_token",
        "search_context_cost_per_query",
        "google_maps_grounding_cost_per_query",
        "input_cost_per_request",
        "explicit_cache_read_input_token_cost",
    ];
    let plain = PLAIN.iter().map(|(stem, _)| *stem);
    let stems = [INPUT, OUTPUT, READ, WRITE, "output_cost_per_reasoning_token"].into_iter().chain(plain);
    let rest = stems.filter_map(|stem| name.strip_prefix(stem)).min_by_key(|rest| rest.len());
    let Some(rest) = rest else { return WHOLE.contains(&name) };
    let after = |rest: &str, words: &[&str]| -> String {
        words.iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest).to_owned()
    };
    let rest = after(rest, &["_above_1hr", "_above_12hr"]);
    let rest = match rest.strip_prefix("_above_").and_then(|rest| rest.split_once("k_tokens")) {
        Some((thousands, rest)) if thousands.bytes().all(|byte| byte.is_ascii_digit()) => rest.to_owned(),
        _ => rest,
    };
    rest.is_empty() || rest == BATCH || SERVICE_TIERS.iter().any(|(_, ending)| *ending == rest)
}
