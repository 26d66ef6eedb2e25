//! Price files: what every provider charges, since when, by whose word.
//!
//! `wire` says what a file may contain, `check` turns it into the types here, `read` puts files together,
//! `lookup` finds what is in force on a route at an instant, `embedded` holds the shipped files.

mod card;
mod check;
mod contract;
pub mod diff;
mod digest;
mod embedded;
mod exchange;
mod fact;
mod flat;
mod hypothetical;
pub mod import;
mod limit;
mod lookup;
mod meter;
mod read;
mod wire;
mod write;

use std::sync::Arc;

use crate::domain::document::{Wire, parse};
use crate::domain::money::{Ratio, Usd};
use crate::domain::problem::{Problems, Source};
use crate::domain::route::STANDARD;
use crate::domain::time::{Instant, utc_day_and_minute, weekday_of_day};

pub use card::{Band, BandMode, Component, Loan, Price, RateCard, Rates};
pub use check::{CAPABILITIES, TIERS};
pub use contract::{Commitment, Contract, ContractCard, Credit, Discount, VolumeSteps};
pub use digest::{digest, sha256, sha256_of};
pub use embedded::shipped;
pub use exchange::{Currency, ExchangeRate};
pub use fact::{Answer, Exception, Fact, Rating, Territory, Topic, Typed};
pub use flat::{FlatMode, FlatPrice, flat_prices};
pub use hypothetical::{NewPrice, PriceChange};
pub use limit::{Enforcement, RateLimit, UsageTier};
pub use lookup::{LookupError, Offer, Slot};
pub use meter::{
    CapacityOffer, Included, Length, Meter, MeterBand, Period, Tariff, Term, TimeUnit, WEB_SEARCH,
};
pub use read::Wanted;
pub use wire::{ContractWire, PriceFileWire};
pub use write::price_file;

/// All price files together.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// One per price file, in order of name.
    pub providers: Vec<Provider>,
    /// The names of the shipped providers that were not asked for, in order.
    pub unread: Vec<&'static str>,
    /// SHA-256 over the names and texts of all files, hexadecimal.
    pub digest: String,
    /// The latest day on which any price of the files that others were laid over was checked.
    pub as_of: Instant,
}

/// One provider: one price file.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// The name in routes: `openai`.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The currency of its prices, and what they were converted at.
    pub currency: Currency,
    /// How its usage records count cached and written tokens.
    pub cached_tokens: Counting,
    /// How its usage records count reasoning tokens.
    pub reasoning_tokens: Counting,
    /// The region that a route without `@region` means.
    pub default_region: String,
    /// Plain facts for the comparison table.
    pub facts: Vec<Fact>,
    /// Platform fees on top of a month's bill.
    pub fees: Vec<Fee>,
    /// What is billed beside tokens.
    pub meters: Vec<Meter>,
    /// The usage tiers that rate limits go by, lowest first.
    pub usage_tiers: Vec<UsageTier>,
    /// How rate limits are enforced, where that is published.
    pub enforcement: Vec<Enforcement>,
    /// The models on sale.
    pub models: Vec<Model>,
}

/// How a usage record counts some tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// They are part of the total (of input for cached tokens, of output for reasoning).
    Inside,
    /// They stand beside it.
    Beside,
}

/// Who says so, and when we looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// A URL or the name of a data set.
    pub source: String,
    /// The day on which it was checked.
    pub checked: Instant,
    /// What a reader should know beside it.
    pub note: Option<String>,
}

/// A fee on top of everything that a month's traffic costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Fee {
    /// The fee's name.
    pub name: String,
    /// Its share of the bill.
    pub share: Ratio,
    /// The least it costs in a month with any spend.
    pub minimum: Usd,
    /// Since when.
    pub from: Instant,
    /// By whose word.
    pub source: Citation,
}

/// A model as one provider sells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The name in routes.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Other names of the same model.
    pub aliases: Vec<String>,
    /// How its usage records count cached tokens, where that is not what the provider's others do.
    pub cached_tokens: Option<Counting>,
    /// How its usage records count reasoning tokens, where that is not what the provider's others do.
    pub reasoning_tokens: Option<Counting>,
    /// What it can do, in the words of [`CAPABILITIES`].
    pub capabilities: Vec<String>,
    /// Window and limits in tokens, where known.
    pub limits: Option<Limits>,
    /// The prompt cache, where the host has one.
    pub prompt_cache: Option<PromptCache>,
    /// Published speeds and error rates.
    pub measured: Vec<Measured>,
    /// Dated prices, in the order of the file.
    pub prices: Vec<PriceEntry>,
    /// Provisioned units on sale.
    pub capacity: Vec<CapacityOffer>,
    /// How much of it one customer gets, by usage tier.
    pub rate_limits: Vec<RateLimit>,
}

/// A model's window, in tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Input and output together.
    pub context_window: u64,
    /// The longest prompt.
    pub max_input: Option<u64>,
    /// The longest answer.
    pub max_output: Option<u64>,
    /// By whose word.
    pub source: Citation,
}

impl Limits {
    /// The longest prompt that is served, in tokens: the stated one, else the window.
    pub fn longest_prompt(&self) -> u64 {
        self.max_input.unwrap_or(self.context_window)
    }
}

/// A host's prompt cache.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptCache {
    /// Shorter prompts, in tokens, are never cached.
    pub minimum_tokens: u64,
    /// By whose word.
    pub source: Citation,
}

/// Published performance of a model at a host.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The tiers that it was published for; the standard one if empty.
    pub tiers: Vec<String>,
    /// Output speed.
    pub speed_tokens_per_s: Option<f64>,
    /// Time to the first token, seconds.
    pub first_token_s: Option<f64>,
    /// Time to the whole answer, seconds.
    pub full_output_s: Option<f64>,
    /// Share of requests that fail.
    pub error_share: Option<f64>,
    /// By whose word.
    pub source: Citation,
}

impl Measured {
    /// Whether it was published for a tier.
    pub fn holds_for(&self, tier: &str) -> bool {
        if self.tiers.is_empty() { tier == STANDARD } else { self.tiers.iter().any(|known| known == tier) }
    }
}

/// Whether a price is on the provider's list, promised, or made up for a what-if.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Published and in force, or once in force.
    List,
    /// Published, for a later date.
    Announced,
    /// A what-if.
    Hypothetical,
}

impl Status {
    /// Its name in price files and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Status::List => "list",
            Status::Announced => "announced",
            Status::Hypothetical => "hypothetical",
        }
    }
}

/// The prices of some tiers and regions from an instant on.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceEntry {
    /// The tiers that it holds for.
    pub tiers: Vec<String>,
    /// The regions that it holds for.
    pub regions: Vec<String>,
    /// Since when.
    pub from: Instant,
    /// Until when, if it is no longer sold after.
    pub until: Option<Instant>,
    /// On the list, announced or made up.
    pub status: Status,
    /// The card outside of all windows.
    pub card: RateCard,
    /// Cards for times of day.
    pub windows: Vec<Window>,
    /// Where the prices are a multiple of another entry's: which, in words.
    pub derived: Option<String>,
    /// By whose word.
    pub source: Citation,
}

/// A time of day at which another card holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Its name: `peak`.
    pub name: String,
    /// Spans of minutes of the UTC day, start included, end not; one whose end is not after its start
    /// crosses midnight.
    pub spans: Vec<(u32, u32)>,
    /// On which weekdays (Monday = 0) its spans begin.
    pub weekdays: [bool; 7],
    /// The days on which it stays closed.
    pub except: Option<Arc<Calendar>>,
    /// The card in the window.
    pub card: RateCard,
}

impl Window {
    /// Its hours in words: `01:00-04:00, 06:00-10:00 UTC, mon tue, not on cn-public-holidays`.
    pub fn words(&self) -> String {
        let mut words = format!("{} UTC", self.span_texts().join(", "));
        if self.weekdays != [true; 7] {
            words += &format!(", {}", self.weekday_names().join(" "));
        }
        if let Some(calendar) = &self.except {
            words += &format!(", not on {}", calendar.name);
        }
        words
    }

    /// Its spans as a price file writes them: `01:00-04:00`.
    fn span_texts(&self) -> Vec<String> {
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        self.spans.iter().map(|(from, to)| format!("{}-{}", clock(*from), clock(*to))).collect()
    }

    /// The weekdays on which its spans begin: `mon`.
    fn weekday_names(&self) -> Vec<&'static str> {
        check::WEEKDAYS.into_iter().zip(self.weekdays).filter(|(_, open)| *open).map(|(day, _)| day).collect()
    }

    /// Whether the window is open at an instant.
    pub fn is_open(&self, instant: Instant) -> bool {
        let (day, minute) = utc_day_and_minute(instant);
        let begins = |day: i64| self.weekdays[weekday_of_day(day)];
        let open = self.spans.iter().any(|&(from, to)| {
            if from < to {
                (from..to).contains(&minute) && begins(day)
            } else {
                (minute >= from && begins(day)) || (minute < to && begins(day - 1))
            }
        });
        open && !self.except.as_ref().is_some_and(|calendar| calendar.holds(instant))
    }
}

/// A list of days in a local time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its name.
    pub name: String,
    /// Seconds that its local time is ahead of UTC.
    pub utc_offset_seconds: i64,
    /// Days since 1970-01-01, in order.
    pub days: Vec<i64>,
    /// By whose word.
    pub source: Citation,
}

impl Calendar {
    /// Whether the local date at an instant is among its days.
    pub fn holds(&self, instant: Instant) -> bool {
        let (day, _) = utc_day_and_minute(instant.plus_seconds(self.utc_offset_seconds));
        self.days.binary_search(&day).is_ok()
    }
}

impl Catalogue {
    /// The catalogue as it was known at an instant, as far as the entries tell: without those that start later,
    /// unless they were announced before.
    pub fn known_at(mut self, instant: Instant) -> Self {
        for model in self.providers.iter_mut().flat_map(|provider| provider.models.iter_mut()) {
            model.prices.retain(|entry| {
                let announced = entry.status == Status::Announced && entry.source.checked <= instant;
                entry.from <= instant || announced
            });
        }
        self
    }
}

impl Provider {
    /// Reads one price file.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn read(source: &Arc<Source>) -> Result<Self, Problems> {
        let root = parse(source)?;
        let mut problems = Problems::new();
        let provider =
            PriceFileWire::read(&root, &mut problems).and_then(|wire| check::provider(&wire, &mut problems));
        problems.or_value(provider)
    }
}
