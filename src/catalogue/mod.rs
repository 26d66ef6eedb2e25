//! Price files: what every provider charges, since when, by whose word.
//!
//! `wire` says what a file may contain, `check` turns it into the types here, `lookup` finds what is in
//! force on a route at an instant, `embedded` holds the shipped files.

mod card;
mod check;
mod embedded;
mod lookup;
mod wire;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::document::{Wire, parse};
use crate::domain::money::{Rate, Ratio, Usd};
use crate::domain::problem::{Code, Place, Problems, Source};
use crate::domain::time::Instant;

pub use card::{Band, CachedInput, RateCard, Rates};
pub use embedded::shipped;
pub use lookup::{LookupError, Offer, Slot};
pub use wire::PriceFileWire;

/// The tool whose calls a scenario counts as searches.
pub const WEB_SEARCH: &str = "web_search";

/// All price files together.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// One per price file, in order of name.
    pub providers: Vec<Provider>,
    /// SHA-256 over the names and texts of all files, hexadecimal.
    pub digest: String,
}

/// One provider: one price file.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The name in routes: `openai`.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The region that a route without `@region` means.
    pub default_region: String,
    /// Plain facts for the comparison table.
    pub facts: Vec<Fact>,
    /// Platform fees on top of a month's bill.
    pub fees: Vec<Fee>,
    /// Fees per tool call.
    pub tools: Vec<ToolFee>,
    /// The models on sale.
    pub models: Vec<Model>,
}

/// A stated fact, such as the SLA, with its source.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is about: `sla`, `availability`, …
    pub topic: &'static str,
    /// The fact in a few words.
    pub text: String,
    /// Where it stands and when that was checked.
    pub source: Citation,
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
#[derive(Clone, Debug)]
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

/// A fee per call of a tool.
#[derive(Clone, Debug)]
pub struct ToolFee {
    /// The tool: `web_search`, …
    pub tool: String,
    /// The models that it holds for; all if empty.
    pub models: Vec<String>,
    /// The regions that it holds for; all if empty.
    pub regions: Vec<String>,
    /// Price per million calls.
    pub rate: Rate,
    /// Since when.
    pub from: Instant,
    /// By whose word.
    pub source: Citation,
}

/// A model as one provider sells it.
#[derive(Clone, Debug)]
pub struct Model {
    /// The name in routes.
    pub id: String,
    /// The name for people.
    pub name: String,
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
}

/// A model's window, in tokens.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
pub struct PromptCache {
    /// Shorter prompts, in tokens, are never cached.
    pub minimum_tokens: u64,
    /// By whose word.
    pub source: Citation,
}

/// Published performance of a model at a host.
#[derive(Clone, Debug)]
pub struct Measured {
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

/// The prices of some tiers and regions from an instant on.
#[derive(Clone, Debug)]
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
    /// By whose word.
    pub source: Citation,
}

/// Hours of the week at which another card holds.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its name: `peak`.
    pub name: String,
    /// For each weekday (Monday = 0) and UTC hour, whether the window is open.
    pub open: [[bool; 24]; 7],
    /// The card in the window.
    pub card: RateCard,
}

/// Provisioned throughput, as data; capacity planning uses it.
#[derive(Clone, Debug)]
pub struct CapacityOffer {
    /// The unit's name: PTU.
    pub unit: String,
    /// Where it is sold.
    pub regions: Vec<String>,
    /// Input tokens per minute that one unit serves.
    pub input_tokens_per_minute: u64,
    /// Input tokens that one output token counts as.
    pub output_weight: f64,
    /// Input tokens that one cached token counts as.
    pub cached_weight: f64,
    /// The fewest units.
    pub minimum_units: u64,
    /// Units are sold in steps of this.
    pub increment_units: u64,
    /// Longer prompts, in tokens, are refused.
    pub maximum_prompt_tokens: Option<u64>,
    /// Price of a unit for an hour.
    pub per_hour: Usd,
    /// Price of a unit reserved for a month.
    pub per_month: Option<Usd>,
    /// Price of a unit reserved for a year.
    pub per_year: Option<Usd>,
    /// Since when.
    pub from: Instant,
    /// By whose word.
    pub source: Citation,
}

impl Catalogue {
    /// Reads price files; those of `over` replace, wholly, the one of `base` with the same provider.
    ///
    /// # Errors
    /// All problems of all files; two files of one provider in the same list are one.
    pub fn read(base: &[Arc<Source>], over: &[Arc<Source>]) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut files = read_all(base, &mut problems);
        let upper = read_all(over, &mut problems);
        files.retain(|(known, _)| upper.iter().all(|(provider, _)| provider.id != known.id));
        files.extend(upper);
        files.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        let digest =
            digest(files.iter().map(|(provider, source)| (provider.id.as_str(), source.text.as_str())));
        let providers = files.into_iter().map(|(provider, _)| provider).collect();
        problems.or_value(Some(Catalogue { providers, digest }))
    }
}

fn read_all<'a>(sources: &'a [Arc<Source>], problems: &mut Problems) -> Vec<(Provider, &'a Arc<Source>)> {
    let mut files: Vec<(Provider, &Arc<Source>)> = Vec::new();
    for source in sources {
        match Provider::read(source) {
            Ok(provider) => {
                if let Some((_, other)) = files.iter().find(|(known, _)| known.id == provider.id) {
                    let place = Place { source: source.clone(), start: 0, end: 0, line: 1, column: 1 };
                    let title = format!("a second price file for the provider `{}`", provider.id);
                    let found = format!("the first is {}", other.name);
                    problems.at(Code::Conflict, &place, title, found, "join them into one file");
                }
                files.push((provider, source));
            }
            Err(found) => found.into_sorted().into_iter().for_each(|p| problems.push(p)),
        }
    }
    files
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

/// SHA-256 over named texts, hexadecimal. Names and texts are length-prefixed, so none can pose as another.
pub fn digest<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        for part in [name, text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
