//! Price databases of other projects as price files, with a report of all that does not fit or is doubtful.
//!
//! An importer states what its database's own arithmetic comes to. Where that is a fall-back (cached tokens at
//! the input price because no cached price is listed), the report says so, and `Missing::Unknown` leaves the
//! price out instead. Rates are read digit by digit from the text and rounded to six decimals per million only
//! where they have more, which is reported.

mod build;
mod genai_prices;
mod litellm;
mod models_dev;
mod openrouter;
mod report;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Citation, Component, Counting, Currency, Meter, Model, Price, Provider};
use crate::domain::document::{Node, parse};
use crate::domain::problem::{Problems, Source};
use crate::domain::time::Instant;

pub use report::{Group, ImportReport, RemarkKind};

/// A database that can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// LiteLLM's `model_prices_and_context_window.json`.
    LiteLlm,
    /// genai-prices' `data.json`.
    GenaiPrices,
    /// OpenRouter's `/api/v1/models` answer.
    OpenRouter,
    /// models.dev's `api.json`.
    ModelsDev,
}

impl Database {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Database::LiteLlm => "LiteLLM",
            Database::GenaiPrices => "genai-prices",
            Database::OpenRouter => "OpenRouter",
            Database::ModelsDev => "models.dev",
        }
    }
}

/// What becomes of a price that a database does not list, but computes by a fall-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// What the database's own arithmetic takes, reported as doubtful.
    AsTheDatabase,
    /// Nothing: using it is an error.
    Unknown,
}

/// How to import.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions {
    /// Which database.
    pub database: Database,
    /// The day as of which the file was taken: since when its undated prices hold, and when they were checked.
    pub as_of: Instant,
    /// What becomes of prices that it does not list.
    pub missing: Missing,
}

/// What an import comes to.
#[derive(Debug)]
pub struct Imported {
    /// One for each price file, in order of name.
    pub providers: Vec<Provider>,
    /// What became of everything.
    pub report: ImportReport,
}

/// Reads a database's file.
///
/// # Errors
/// A file that is not JSON, or not of that database's shape.
pub fn import(source: &Arc<Source>, options: &ImportOptions) -> Result<Imported, Problems> {
    let root = parse(source)?;
    let mut problems = Problems::new();
    let mut shelf = Shelf { options: *options, providers: BTreeMap::new(), report: ImportReport::default() };
    let read = match options.database {
        Database::LiteLlm => litellm::read(&root, &mut shelf, &mut problems),
        Database::GenaiPrices => genai_prices::read(&root, &mut shelf, &mut problems),
        Database::OpenRouter => openrouter::read(&root, &mut shelf, &mut problems),
        Database::ModelsDev => models_dev::read(&root, &mut shelf, &mut problems),
    };
    let imported = read.map(|()| {
        let mut providers: Vec<Provider> = shelf.providers.into_values().collect();
        providers.retain(|provider| !provider.models.is_empty());
        Imported { providers, report: shelf.report }
    });
    problems.or_value(imported)
}

/// What has been imported so far.
struct Shelf {
    options: ImportOptions,
    providers: BTreeMap<String, Provider>,
    report: ImportReport,
}

impl Shelf {
    /// The provider `id`, spelt as routes can spell it, made where there is none yet.
    fn provider(&mut self, id: &str, name: &str, cached: Counting) -> &mut Provider {
        self.providers.entry(id.to_owned()).or_insert_with(|| Provider {
            id: id.to_owned(),
            name: name.to_owned(),
            currency: Currency { code: "USD".to_owned(), rate: None },
            cached_tokens: cached,
            reasoning_tokens: Counting::Inside,
            default_region: "global".to_owned(),
            facts: Vec::new(),
            fees: Vec::new(),
            meters: Vec::new(),
            usage_tiers: Vec::new(),
            enforcement: Vec::new(),
            models: Vec::new(),
        })
    }

    /// Adds a model under a name that a route can spell, and its meters, which name it.
    fn add(&mut self, provider: &str, key: &str, mut model: Model, meters: Vec<Meter>) {
        let spelt = spelt(&model.id);
        if spelt != model.id {
            self.report.note(RemarkKind::Respelt, key, "`:`, `@` or a space in the name became `~`");
            model.id = spelt;
        }
        let known = model.prices.len();
        model.prices.retain(|entry| {
            let cards = std::iter::once(&entry.card).chain(entry.windows.iter().map(|window| &window.card));
            cards.into_iter().flat_map(|card| &card.bands).all(|band| {
                let output = band.rates.price(Component::Output);
                band.rates.rate(Component::Input).is_some() && output != Price::Unknown
            })
        });
        if model.prices.len() < known {
            self.report.note(RemarkKind::LeftOut, key, "prices of a tier without one of input or output");
        }
        if model.prices.is_empty() {
            return;
        }
        let Some(shelf) = self.providers.get_mut(provider) else { return };
        if shelf.models.iter().any(|known| known.id == model.id) {
            self.report.note(RemarkKind::LeftOut, key, "another entry comes to the same name");
            return;
        }
        self.report.imported.push((key.to_owned(), format!("{provider}/{}", model.id)));
        shelf.models.push(model);
        shelf.meters.extend(meters);
    }

    /// Who says so.
    fn citation(&self, key: &str, note: Option<String>) -> Citation {
        let source = format!("{} price data, key `{key}`", self.options.database.name());
        Citation { source, checked: self.options.as_of, note }
    }
}

/// A name without what a route cannot hold.
fn spelt(name: &str) -> String {
    name.chars().map(|c| if c == ':' || c == '@' || c.is_whitespace() { '~' } else { c }).collect()
}

/// A provider's name without what a route cannot hold, `/` too.
fn spelt_provider(name: &str) -> String {
    spelt(name).replace('/', "~")
}

/// The text under `key`, if it is one.
fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    match &node.get(key)?.value {
        crate::domain::document::Value::Scalar(text) => Some(text),
        _ => None,
    }
}

/// The count under `key`, whatever way it is written (`1e6`, `256000.0`).
fn count(node: &Node, key: &str) -> Option<u64> {
    let number = crate::domain::number::parse_number(text(node, key)?).ok()?.value;
    (number >= 0.0 && number.fract() == 0.0 && number < 9e15).then_some(number as u64)
}
