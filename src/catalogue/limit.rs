//! How fast a provider serves: usage tiers and what earns them, rate limits, and how those are enforced.

use super::{Citation, Offer};
use crate::domain::format::thousands;
use crate::domain::money::Usd;
use crate::domain::time::Instant;

/// A standing that a customer earns by paying, and that rate limits go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageTier {
    /// Its name: `1`.
    pub name: String,
    /// What has to be paid in all to reach it.
    pub paid_usd: Option<Usd>,
    /// Days since the first payment that it takes at least.
    pub days: Option<u64>,
    /// The most that can be spent in a month.
    pub monthly_cap_usd: Option<Usd>,
    /// Since when.
    pub from: Instant,
    /// By whose word.
    pub source: Citation,
}

impl UsageTier {
    /// What it takes and allows: `50 USD paid, 7 days, at most 200000 USD a month`; empty where nothing is published.
    pub fn words(&self) -> String {
        let parts = [
            self.paid_usd.map(|paid| format!("{paid} USD paid")),
            self.days.map(|days| format!("{} days", thousands(days))),
            self.monthly_cap_usd.map(|cap| format!("at most {cap} USD a month")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// How much of a model one customer gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The usage tier that it is of; every customer's if `None`.
    pub usage_tier: Option<String>,
    /// The service tiers that it holds for, which share it; all if empty.
    pub tiers: Vec<String>,
    /// The regions that it holds for, each by itself; all if empty.
    pub regions: Vec<String>,
    /// A separate limit, beside the ordinary one, for prompts of more tokens than this.
    pub above_tokens: Option<u64>,
    /// Requests per minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens per minute, input and output together.
    pub tokens_per_minute: Option<u64>,
    /// Requests that may be open at once.
    pub concurrency: Option<u64>,
    /// Input tokens that may wait in the batch queue.
    pub batch_queue_tokens: Option<u64>,
    /// Since when.
    pub from: Instant,
    /// Until when, if it holds no longer after.
    pub until: Option<Instant>,
    /// By whose word.
    pub source: Citation,
}

impl RateLimit {
    /// Whether it holds for a service tier in a region.
    pub fn holds_for(&self, tier: &str, region: &str) -> bool {
        let names = |list: &[String], name: &str| list.is_empty() || list.iter().any(|known| known == name);
        names(&self.tiers, tier) && names(&self.regions, region)
    }

    /// Its figures: `500 requests/min, 500,000 tokens/min`.
    pub fn words(&self) -> String {
        let parts = [
            (self.requests_per_minute, "requests/min"),
            (self.tokens_per_minute, "tokens/min"),
            (self.concurrency, "requests at once"),
            (self.batch_queue_tokens, "tokens in the batch queue"),
        ];
        let parts = parts.into_iter().filter_map(|(figure, unit)| Some((figure?, unit)));
        parts.map(|(figure, unit)| format!("{} {unit}", thousands(figure))).collect::<Vec<_>>().join(", ")
    }
}

/// How a provider enforces its limits per minute. What is not stated is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcement {
    /// The windows, in seconds, over which requests are counted, shortest first.
    pub requests_over_s: Vec<u64>,
    /// The windows, in seconds, over which tokens are counted, shortest first.
    pub tokens_over_s: Vec<u64>,
    /// Whether a request counts at its arrival with the output that it may have at most.
    pub reserves_max_tokens: Option<bool>,
    /// Whether a limit on tokens counts the larger of max_tokens and an estimate, instead of both.
    pub counts_larger: Option<bool>,
    /// Whether rejected requests count.
    pub rejected_count: Option<bool>,
    /// Since when.
    pub from: Instant,
    /// By whose word.
    pub source: Citation,
}

impl<'a> Offer<'a> {
    /// The rate limits that hold for this model, tier and region at an instant, lowest usage tier first: of each
    /// usage tier, and of each separate limit for long prompts, the one that began last. Those for every customer
    /// come first. Empty where none is known.
    pub fn rate_limits(self, at: Instant) -> Vec<&'a RateLimit> {
        let mut latest: Vec<&RateLimit> = Vec::new();
        let begun = self.model.rate_limits.iter().filter(|limit| limit.from <= at);
        for limit in begun.filter(|limit| limit.holds_for(self.tier, self.region)) {
            let same = |known: &&mut &RateLimit| {
                known.usage_tier == limit.usage_tier && known.above_tokens == limit.above_tokens
            };
            match latest.iter_mut().find(same) {
                Some(known) if known.from < limit.from => *known = limit,
                Some(_) => {}
                None => latest.push(limit),
            }
        }
        latest.retain(|limit| limit.until.is_none_or(|until| at < until));
        let order = self.provider.usage_tiers.iter().map(|tier| tier.name.as_str()).collect::<Vec<_>>();
        let rank = |limit: &RateLimit| {
            limit.usage_tier.as_ref().map(|name| order.iter().position(|known| known == name))
        };
        latest.sort_by_key(|limit| (rank(limit), limit.above_tokens));
        latest
    }

    /// The usage tiers in force at an instant, lowest first.
    pub fn usage_tiers(self, at: Instant) -> Vec<&'a UsageTier> {
        let mut names: Vec<&str> = Vec::new();
        for tier in &self.provider.usage_tiers {
            if !names.contains(&tier.name.as_str()) {
                names.push(&tier.name);
            }
        }
        names.into_iter().filter_map(|name| self.usage_tier(name, at)).collect()
    }

    /// What a usage tier takes and allows at an instant.
    pub fn usage_tier(self, name: &str, at: Instant) -> Option<&'a UsageTier> {
        let all = self.provider.usage_tiers.iter().filter(|tier| tier.name == name && tier.from <= at);
        all.max_by_key(|tier| tier.from)
    }

    /// How the provider enforces its limits at an instant.
    pub fn enforcement(self, at: Instant) -> Option<&'a Enforcement> {
        self.provider.enforcement.iter().filter(|entry| entry.from <= at).max_by_key(|entry| entry.from)
    }
}
