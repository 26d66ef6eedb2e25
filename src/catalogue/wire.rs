//! What a price file may contain. `check` says what it must mean.

use serde_json::{Value as Json, json};

use crate::domain::document::{Count, Node, Spanned, Value, Wire};
use crate::domain::money::Rate;
use crate::domain::number::parse_decimal;
use crate::domain::problem::{Code, Problems};
use crate::domain::time::Instant;
use crate::wire_map;

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
        /// The currency of all prices; USD.
        currency: Text,
        /// Whether cached tokens are counted inside_input or beside_input in this provider's usage records.
        cached_tokens: Text,
        /// Whether reasoning tokens are counted inside_output or beside_output.
        reasoning_tokens: Text,
        /// The region that a route without @region means; global if absent.
        default_region: Option<Text>,
        /// Plain facts for the comparison table.
        facts: Option<FactsWire>,
        /// Platform fees on top of a month's bill.
        fees: Vec<FeeWire>,
        /// Fees per tool call.
        tools: Vec<ToolFeeWire>,
        /// The models on sale.
        models: Vec<ModelWire>,
    }
}

wire_map! {
    /// Plain facts about buying from this provider.
    pub struct FactsWire {
        /// Whether and how it can be bought.
        availability: Option<FactWire>,
        /// What has to be signed or approved first.
        registration: Option<FactWire>,
        /// The service-level agreement.
        sla: Option<FactWire>,
        /// Whether several upstream providers serve a request.
        routing: Option<FactWire>,
        /// The prompt cache.
        cache: Option<FactWire>,
        /// The documentation.
        documentation: Option<FactWire>,
        /// Where data is processed.
        data_residency: Option<FactWire>,
        /// Whom it suits.
        best_for: Option<FactWire>,
        /// Where it is weaker.
        weaker_at: Option<FactWire>,
    }
}

wire_map! {
    /// A fact with its source.
    pub struct FactWire {
        /// The fact.
        text: Text,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
    }
}

wire_map! {
    /// A fee on top of a month's bill.
    pub struct FeeWire {
        /// Its name.
        name: Text,
        /// Its share of the bill.
        share: Share,
        /// The least it costs in a month with any spend, USD.
        minimum_usd: Option<Price>,
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
    /// A fee per tool call.
    pub struct ToolFeeWire {
        /// The tool: web_search, file_search, code_interpreter.
        tool: Text,
        /// The models it holds for; all if absent.
        models: Vec<Text>,
        /// The regions it holds for; all if absent.
        regions: Vec<Text>,
        /// USD per thousand calls.
        usd_per_1000_calls: Price,
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
        /// Context window and limits, in tokens.
        limits: Option<LimitsWire>,
        /// The prompt cache; absent if none is known.
        prompt_cache: Option<PromptCacheWire>,
        /// Whether it reasons.
        reasoning: Option<Spanned<bool>>,
        /// Published speed and reliability.
        measured: Vec<MeasuredWire>,
        /// Dated prices.
        prices: Vec<PriceEntryWire>,
        /// Provisioned units.
        capacity: Vec<CapacityWire>,
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
        /// Output tokens per second.
        speed_tokens_per_s: Option<Count>,
        /// Seconds to the first token.
        first_token_s: Option<Price>,
        /// Seconds to the whole answer.
        full_output_s: Option<Price>,
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

wire_map! {
    /// Prices of some tiers and regions from an instant on.
    pub struct PriceEntryWire {
        /// The tiers: standard, batch, flex, priority.
        tiers: Vec<Text>,
        /// The regions.
        regions: Vec<Text>,
        /// Since when: a date (midnight UTC) or an instant.
        from: Spanned<Instant>,
        /// Until when it is sold.
        until: Option<Spanned<Instant>>,
        /// list (default), announced or hypothetical.
        status: Option<Text>,
        /// Bands by total input tokens.
        bands: Vec<BandWire>,
        /// Times at which other bands hold.
        windows: Vec<WindowWire>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}

wire_map! {
    /// A band of total input tokens; prices in USD per million tokens.
    pub struct BandWire {
        /// The largest input in the band, inclusive.
        up_to: Option<Count>,
        /// The smallest input beyond the band.
        below: Option<Count>,
        /// Input tokens that no cache served.
        input: Option<Price>,
        /// Cached input tokens: a price, or same_as_input.
        cached_input: Option<CachedPrice>,
        /// Tokens written to the cache, where that has its own price.
        cache_write: Option<Price>,
        /// Output tokens.
        output: Option<Price>,
        /// Prompts of this band are billed at that tier's bands.
        billed_as: Option<Text>,
    }
}

wire_map! {
    /// A time of day with bands of its own.
    pub struct WindowWire {
        /// Its name.
        name: Text,
        /// Spans such as 01:00-04:00, whole UTC hours; they may cross midnight.
        utc_hours: Vec<Text>,
        /// mon, tue, …; all if absent.
        weekdays: Vec<Text>,
        /// The bands in the window.
        bands: Vec<BandWire>,
    }
}

wire_map! {
    /// Provisioned throughput.
    pub struct CapacityWire {
        /// The unit's name.
        unit: Text,
        /// Where it is sold.
        regions: Vec<Text>,
        /// Input tokens per minute of one unit.
        input_tokens_per_minute: Count,
        /// Input tokens that an output token counts as.
        output_weight: Price,
        /// Input tokens that a cached token counts as.
        cached_weight: Price,
        /// The fewest units.
        minimum_units: Count,
        /// The step between sizes.
        increment_units: Count,
        /// Longer prompts are refused.
        maximum_prompt_tokens: Option<Count>,
        /// USD for a unit and hour.
        usd_per_unit_hour: Price,
        /// USD for a unit reserved for a month.
        usd_per_unit_month: Option<Price>,
        /// USD for a unit reserved for a year.
        usd_per_unit_year: Option<Price>,
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

/// Millionths of a unit, exactly: a price in USD, a time in seconds, a weight.
#[derive(Clone, Debug)]
pub struct Price(pub Spanned<i64>);

impl Price {
    /// The price as a rate per million.
    pub fn rate(&self) -> Rate {
        Rate::from_micro_usd_per_million(self.0.value)
    }

    /// The value as a float, for what is not money.
    pub fn to_f64(&self) -> f64 {
        self.0.value as f64 / 1e6
    }
}

impl Wire for Price {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = node.scalar("a decimal number", problems)?;
        match parse_decimal(text, 6) {
            Ok(value) if value >= 0 => Some(Price(Spanned { value, place: node.place.clone() })),
            Ok(_) => {
                problems.at(Code::OutOfRange, &node.place, "a price is not negative", node.found(), "");
                None
            }
            Err(error) => {
                problems.at(
                    Code::Unreadable,
                    &node.place,
                    "expected a decimal with at most six decimals, for instance 2.50",
                    format!("{}: {error}", node.found()),
                    "prices are plain numbers in USD",
                );
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": ["number", "string"], "minimum": 0, "pattern": "^[0-9_]*(\\.[0-9]{1,6}0*)?$"})
    }
}

/// A price for cached input, or the rule that it costs what input costs.
#[derive(Clone, Debug)]
pub enum CachedPrice {
    /// A price.
    Price(Price),
    /// `same_as_input`.
    SameAsInput,
}

impl Wire for CachedPrice {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Scalar(text) if text == "same_as_input" => Some(CachedPrice::SameAsInput),
            _ => Price::read(node, problems).map(CachedPrice::Price),
        }
    }

    fn schema() -> Json {
        json!({"oneOf": [{"const": "same_as_input"}, Price::schema()]})
    }
}

/// An exact share between 0 and 100 %, in millionths.
#[derive(Clone, Debug)]
pub struct Share(pub Spanned<i64>);

impl Wire for Share {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = node.scalar("a share such as 5.5%", problems)?;
        let parts = match text.strip_suffix('%') {
            Some(percent) => parse_decimal(percent.trim(), 4),
            None => parse_decimal(text, 6),
        };
        match parts {
            Ok(value) if (0..=1_000_000).contains(&value) => {
                Some(Share(Spanned { value, place: node.place.clone() }))
            }
            Ok(_) => {
                problems.at(
                    Code::OutOfRange,
                    &node.place,
                    "a share lies between 0 % and 100 %",
                    node.found(),
                    "",
                );
                None
            }
            Err(error) => {
                problems.at(
                    Code::Unreadable,
                    &node.place,
                    "expected a share such as 5.5%",
                    format!("{}: {error}", node.found()),
                    "",
                );
                None
            }
        }
    }

    fn schema() -> Json {
        json!({"type": ["number", "string"]})
    }
}
