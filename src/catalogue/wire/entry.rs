//! Dated prices: entries, bands, times of day.

use super::{Decimal, Text, TokenPrice};
use crate::domain::document::{Count, Spanned};
use crate::domain::time::Instant;
use crate::wire_map;

wire_map! {
    /// Prices of some tiers and regions from an instant on.
    pub struct PriceEntryWire {
        /// The tiers: standard, batch, flex, priority, fast, …
        tiers: Vec<Text>,
        /// The regions.
        regions: Vec<Text>,
        /// Since when: a date (midnight UTC) or an instant.
        from: Spanned<Instant>,
        /// Until when it is sold; left out where a later entry takes over.
        until: Option<Spanned<Instant>>,
        /// list (default), announced or hypothetical.
        status: Option<Text>,
        /// whole_request (default): a request is billed wholly at its band. graduated: each part of the prompt at the band that it lies in.
        mode: Option<Text>,
        /// Bands by total input tokens.
        bands: Vec<BandWire>,
        /// Instead of bands: another entry's prices times an exact number, where only that is published.
        multiple_of: Option<MultipleWire>,
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
    /// Another tier's or region's prices of the same model times an exact number; their dated changes are followed.
    pub struct MultipleWire {
        /// The tier.
        tier: Text,
        /// The region.
        region: Text,
        /// The number, for instance 1.1 or 0.5.
        times: Decimal,
    }
}

wire_map! {
    /// A band of total input tokens; prices per million tokens, in the file's currency.
    pub struct BandWire {
        /// Where the band begins, that number excluded; checked against the end of the band before.
        above: Option<Count>,
        /// Where the band begins, that number included; checked against the end of the band before.
        at_least: Option<Count>,
        /// The largest input in the band, inclusive.
        up_to: Option<Count>,
        /// The smallest input beyond the band.
        below: Option<Count>,
        /// Text input that no cache served.
        input: Option<TokenPrice>,
        /// Input served by the cache.
        cached_input: Option<TokenPrice>,
        /// Input served by a cache that the caller made, where that has another price.
        explicit_cached_input: Option<TokenPrice>,
        /// Input written to the cache for the provider's default lifetime.
        cache_write: Option<TokenPrice>,
        /// Input written to the cache for an hour.
        cache_write_1h: Option<TokenPrice>,
        /// Input written to the cache for twelve hours.
        cache_write_12h: Option<TokenPrice>,
        /// Audio input.
        audio_input: Option<TokenPrice>,
        /// Audio input served by the cache.
        cached_audio_input: Option<TokenPrice>,
        /// Image input.
        image_input: Option<TokenPrice>,
        /// Image input served by the cache.
        cached_image_input: Option<TokenPrice>,
        /// Video input.
        video_input: Option<TokenPrice>,
        /// Text output.
        output: Option<TokenPrice>,
        /// Reasoning, where it has another price than output.
        reasoning: Option<TokenPrice>,
        /// Audio output.
        audio_output: Option<TokenPrice>,
        /// Image output.
        image_output: Option<TokenPrice>,
        /// Video output.
        video_output: Option<TokenPrice>,
        /// Tokens of cited sources.
        citation: Option<TokenPrice>,
        /// Prompts of this band are billed at that tier's bands.
        billed_as: Option<Text>,
    }
}

wire_map! {
    /// A time of day with bands of its own.
    pub struct WindowWire {
        /// Its name.
        name: Text,
        /// Spans of UTC time such as 01:00-04:00 or 16:30-00:30; they may cross midnight.
        utc_hours: Vec<Text>,
        /// mon, tue, …; all if absent.
        weekdays: Vec<Text>,
        /// A calendar on whose days the window stays closed.
        except: Option<Text>,
        /// The bands in the window.
        bands: Vec<BandWire>,
    }
}
