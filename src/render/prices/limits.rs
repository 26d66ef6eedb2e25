//! The rate limits of a route, what earns them, and how they are enforced.

use serde::Serialize;

use super::Sheet;
use crate::catalogue::{Enforcement, Offer, RateLimit};
use crate::domain::format::thousands;
use crate::domain::time::Instant;

/// A rate limit with what earns its usage tier.
#[derive(Clone, Debug, Serialize)]
pub struct ShownLimit {
    usage_tier: Option<String>,
    /// What the usage tier takes; `None` where nothing is published.
    paid_usd: Option<String>,
    days: Option<u64>,
    monthly_cap_usd: Option<String>,
    tiers: Vec<String>,
    regions: Vec<String>,
    above_tokens: Option<u64>,
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    concurrency: Option<u64>,
    batch_queue_tokens: Option<u64>,
    since: String,
    until: Option<String>,
    source: String,
    checked_on: String,
    note: Option<String>,
}

/// How limits are enforced.
#[derive(Clone, Debug, Serialize)]
pub struct ShownEnforcement {
    requests_over_s: Vec<u64>,
    tokens_over_s: Vec<u64>,
    reserves_max_tokens: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts_larger: Option<bool>,
    rejected_count: Option<bool>,
    source: String,
    checked_on: String,
    note: Option<String>,
}

/// The limits that hold on an offer at an instant.
pub fn shown_limits(offer: Offer<'_>, at: Instant) -> Vec<ShownLimit> {
    offer.rate_limits(at).into_iter().map(|limit| shown_limit(offer, limit, at)).collect()
}

fn shown_limit(offer: Offer<'_>, limit: &RateLimit, at: Instant) -> ShownLimit {
    let standing = limit.usage_tier.as_deref().and_then(|name| offer.usage_tier(name, at));
    let usd = |amount: Option<crate::domain::money::Usd>| amount.map(|amount| amount.to_string());
    ShownLimit {
        usage_tier: limit.usage_tier.clone(),
        paid_usd: usd(standing.and_then(|tier| tier.paid_usd)),
        days: standing.and_then(|tier| tier.days),
        monthly_cap_usd: usd(standing.and_then(|tier| tier.monthly_cap_usd)),
        tiers: limit.tiers.clone(),
        regions: limit.regions.clone(),
        above_tokens: limit.above_tokens,
        requests_per_minute: limit.requests_per_minute,
        tokens_per_minute: limit.tokens_per_minute,
        concurrency: limit.concurrency,
        batch_queue_tokens: limit.batch_queue_tokens,
        since: limit.from.to_string(),
        until: limit.until.map(|until| until.to_string()),
        source: limit.source.source.clone(),
        checked_on: limit.source.checked.to_string(),
        note: limit.source.note.clone(),
    }
}

/// How the limits of an offer are enforced at an instant; `None` where it has none, or nothing is known.
pub fn shown_enforcement(offer: Offer<'_>, at: Instant) -> Option<ShownEnforcement> {
    let known = offer.enforcement(at).filter(|_| !offer.rate_limits(at).is_empty())?;
    let Enforcement {
        requests_over_s,
        tokens_over_s,
        reserves_max_tokens,
        counts_larger,
        rejected_count,
        ..
    } = known.clone();
    Some(ShownEnforcement {
        requests_over_s,
        tokens_over_s,
        reserves_max_tokens,
        counts_larger,
        rejected_count,
        source: known.source.source.clone(),
        checked_on: known.source.checked.to_string(),
        note: known.source.note.clone(),
    })
}

/// The columns of a table of limits.
const HEAD: [&str; 9] = [
    "usage tier",
    "prompts above",
    "requests/min",
    "tokens/min",
    "requests at once",
    "batch queue tokens",
    "qualifies from USD",
    "after days",
    "USD a month at most",
];

fn row(limit: &ShownLimit) -> [String; HEAD.len()] {
    let count = |figure: Option<u64>| figure.map(thousands).unwrap_or_default();
    [
        limit.usage_tier.clone().unwrap_or_else(|| "all".to_owned()),
        count(limit.above_tokens),
        count(limit.requests_per_minute),
        count(limit.tokens_per_minute),
        count(limit.concurrency),
        count(limit.batch_queue_tokens),
        in_thousands(&limit.paid_usd),
        count(limit.days),
        in_thousands(&limit.monthly_cap_usd),
    ]
}

/// An amount with commas, where it is whole dollars.
fn in_thousands(amount: &Option<String>) -> String {
    let text = amount.as_deref().unwrap_or_default();
    text.parse().map_or_else(|_| text.to_owned(), thousands)
}

/// The limits as a table, without the columns that no limit has an entry in; `None` without limits.
pub fn limits_sheet(limits: &[ShownLimit], enforcement: Option<&ShownEnforcement>) -> Option<Sheet> {
    if limits.is_empty() {
        return None;
    }
    let cells: Vec<[String; HEAD.len()]> = limits.iter().map(row).collect();
    let used: Vec<usize> =
        (0..HEAD.len()).filter(|&at| cells.iter().any(|row| !row[at].is_empty())).collect();
    let tiered = limits.iter().any(|limit| limit.usage_tier.is_some());
    let title =
        if tiered { "Rate limits of a customer, by usage tier" } else { "Rate limits of every customer" };
    let mut sheet = Sheet::new(title, &used.iter().map(|&at| HEAD[at]).collect::<Vec<_>>());
    sheet.rows = cells.iter().map(|row| used.iter().map(|&at| row[at].clone()).collect()).collect();
    let shared = limits.iter().find(|limit| limit.tiers.len() > 1);
    sheet.notes.extend(shared.map(|limit| format!("Shared by the tiers {}.", limit.tiers.join(", "))));
    let mut said = |note: String| {
        if !sheet.notes.contains(&note) {
            sheet.notes.push(note);
        }
    };
    for limit in limits {
        let until = limit.until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
        said(format!(
            "Limits since {}{until}. Source: {}, checked {}.",
            limit.since, limit.source, limit.checked_on
        ));
    }
    limits.iter().filter_map(|limit| limit.note.as_ref()).for_each(|note| said(format!("note: {note}")));
    sheet.notes.extend(enforcement.map(enforcement_words));
    Some(sheet)
}

fn enforcement_words(known: &ShownEnforcement) -> String {
    let windows = |what: &str, all: &[u64]| {
        let all: Vec<String> = all.iter().map(u64::to_string).collect();
        (!all.is_empty()).then(|| format!("{what} counted over {} s", all.join(" or ")))
    };
    let parts = [
        windows("requests", &known.requests_over_s),
        windows("tokens", &known.tokens_over_s),
        known.reserves_max_tokens.map(|yes| match yes {
            true => "max_tokens counts at arrival".to_owned(),
            false => "output counts as it comes".to_owned(),
        }),
        known.counts_larger.map(|yes| match yes {
            true => "tokens count as the larger of max_tokens and what the request has".to_owned(),
            false => "tokens count as prompt and max_tokens together".to_owned(),
        }),
        known.rejected_count.map(|yes| match yes {
            true => "rejected requests count".to_owned(),
            false => "rejected requests do not count".to_owned(),
        }),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let note = known.note.as_ref().map(|note| format!(" {note}")).unwrap_or_default();
    format!("Enforced: {}.{note} ({}, checked {})", parts.join(", "), known.source, known.checked_on)
}
