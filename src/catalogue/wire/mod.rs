//! What a price file may contain. `check` says what it must mean.

mod contract;
mod entry;
mod fact;
mod limit;
mod meter;
mod scalars;

use crate::domain::document::{Count, Named, Spanned};
use crate::domain::time::Instant;
use crate::wire_map;

pub use contract::{ContractWire, VolumeStepsWire};
pub use entry::{BandWire, MultipleWire, PriceEntryWire, WindowWire};
pub use fact::{AnsweredWire, ExceptionWire, FactWire, FactsWire, ResidencyWire};
pub use limit::{EnforcementWire, RateLimitWire, UsageTierWire};
pub use meter::{CapacityWire, MeterBandWire, MeterWire};
pub use scalars::{Amount, Decimal, Share, TokenPrice};

/// A text with its place.
pub type Text = Spanned<String>;

wire_map! {
    /// A tollcast price file: one provider's dated prices. A price that was right is never edited: append a dated entry.
    pub struct PriceFileWire {
        /// Version of this format: 1.
        tollcast_prices: Count,
        /// The provider's name in routes.
        provider: Text,
        /// The provider's name for people.
        name: Text,
        /// The currency of all prices, an ISO code; another than USD needs an exchange rate when it is used.
        currency: Text,
        /// Whether cached tokens are counted inside_input or beside_input in this provider's usage records.
        cached_tokens: Text,
        /// Whether reasoning tokens are counted inside_output or beside_output.
        reasoning_tokens: Text,
        /// The region that a route without @region means; global if absent.
        default_region: Option<Text>,
        /// Lists of days, such as public holidays, that times of day can be tied to.
        calendars: Named<CalendarWire>,
        /// Plain facts for the comparison table.
        facts: Option<FactsWire>,
        /// Platform fees on top of a month's bill.
        fees: Vec<FeeWire>,
        /// What is billed beside tokens: calls, results, pages, hours, storage.
        meters: Vec<MeterWire>,
        /// Usage tiers that rate limits go by, in order from lowest to highest.
        usage_tiers: Vec<UsageTierWire>,
        /// How rate limits are enforced.
        enforcement: Vec<EnforcementWire>,
        /// The models on sale.
        models: Vec<ModelWire>,
    }
}

wire_map! {
    /// A list of days.
    pub struct CalendarWire {
        /// Hours that the days' local time is ahead of UTC.
        utc_offset_hours: Option<Decimal>,
        /// The days, each as 2026-10-01.
        dates: Vec<Spanned<Instant>>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}

wire_map! {
    /// A fee on top of a month's bill.
    pub struct FeeWire {
        /// Its name.
        name: Text,
        /// Its share of the bill.
        share: Share,
        /// The least it costs in a month with any spend.
        minimum: Option<Amount>,
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

wire_map! {
    /// A model on sale.
    pub struct ModelWire {
        /// Its name in routes.
        id: Text,
        /// Its name for people.
        name: Text,
        /// Other names of the same model.
        aliases: Vec<Text>,
        /// How its own usage records count cached tokens, where that is not what the provider's others do.
        cached_tokens: Option<Text>,
        /// How its own usage records count reasoning tokens, where that is not what the provider's others do.
        reasoning_tokens: Option<Text>,
        /// What it can do: reasoning, vision, audio_input, tools, embedding, …
        capabilities: Vec<Text>,
        /// Context window and limits, in tokens.
        limits: Option<LimitsWire>,
        /// The prompt cache; absent if none is known.
        prompt_cache: Option<PromptCacheWire>,
        /// Published speed and reliability.
        measured: Vec<MeasuredWire>,
        /// Dated prices.
        prices: Vec<PriceEntryWire>,
        /// Provisioned units.
        capacity: Vec<CapacityWire>,
        /// How much of it one customer gets.
        rate_limits: Vec<RateLimitWire>,
    }
}

wire_map! {
    /// Window and limits, in tokens.
    pub struct LimitsWire {
        /// Input and output together.
        context_window: Count,
        /// The longest prompt.
        max_input: Option<Count>,
        /// The longest answer.
        max_output: Option<Count>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}

wire_map! {
    /// A prompt cache.
    pub struct PromptCacheWire {
        /// Shorter prompts are never cached.
        minimum_tokens: Count,
        /// Cached length grows in these steps.
        step_tokens: Option<Count>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}

wire_map! {
    /// Published performance.
    pub struct MeasuredWire {
        /// The tiers that it was published for; standard if absent.
        tiers: Vec<Text>,
        /// Output tokens per second.
        speed_tokens_per_s: Option<Count>,
        /// Seconds to the first token.
        first_token_s: Option<Decimal>,
        /// Seconds to the whole answer.
        full_output_s: Option<Decimal>,
        /// Share of requests that fail.
        error_share: Option<Share>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}
