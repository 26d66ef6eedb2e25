//! Usage tiers, rate limits, and how they are enforced.

use super::{Amount, Text};
use crate::domain::document::{Count, Spanned};
use crate::domain::time::Instant;
use crate::wire_map;

wire_map! {
    /// A standing that a customer earns by paying, and that rate limits go by.
    pub struct UsageTierWire {
        /// Its name.
        name: Text,
        /// What has to be paid in all to reach it, USD; not published if absent.
        paid_usd: Option<Amount>,
        /// Days since the first payment that it takes at least.
        days: Option<Count>,
        /// The most that can be spent in a month, USD.
        monthly_cap_usd: Option<Amount>,
        /// Since when; a tier that changes gets a later entry of the same name.
        from: Spanned<Instant>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}

wire_map! {
    /// How much of a model one customer gets. Figures that are not published are left out.
    pub struct RateLimitWire {
        /// The usage tier that it is of; every customer's if absent.
        usage_tier: Option<Text>,
        /// The service tiers that it holds for, which share it: standard, batch, …; all if absent.
        tiers: Vec<Text>,
        /// The regions that it holds for, each by itself; all if absent.
        regions: Vec<Text>,
        /// A separate limit, beside the ordinary one, for prompts of more tokens than this.
        above_tokens: Option<Count>,
        /// Requests per minute.
        requests_per_minute: Option<Count>,
        /// Tokens per minute, input and output together.
        tokens_per_minute: Option<Count>,
        /// Requests that may be open at once.
        concurrency: Option<Count>,
        /// Input tokens that may wait in the batch queue.
        batch_queue_tokens: Option<Count>,
        /// Since when.
        from: Spanned<Instant>,
        /// Until when it holds; left out where a later entry takes over.
        until: Option<Spanned<Instant>>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}

wire_map! {
    /// How limits per minute are enforced. What is not published is left out.
    pub struct EnforcementWire {
        /// The windows over which requests are counted, in seconds, shortest first.
        requests_over_s: Vec<Count>,
        /// The windows over which tokens are counted, in seconds, shortest first.
        tokens_over_s: Vec<Count>,
        /// Whether a request counts at its arrival with the output that it may have at most.
        reserves_max_tokens: Option<Spanned<bool>>,
        /// Whether a limit on tokens counts the larger of max_tokens and an estimate of the request, instead of prompt
        /// and max_tokens together.
        counts_larger: Option<Spanned<bool>>,
        /// Whether rejected requests count.
        rejected_count: Option<Spanned<bool>>,
        /// Since when.
        from: Spanned<Instant>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}
