//! The standard prices of an entry and those of its service tiers, by length of the prompt.

use crate::catalogue::import::build::{self, Found, rates};
use crate::catalogue::import::{Missing, RemarkKind, Shelf, text};
use crate::catalogue::{Component, Model, RateCard, Rates};
use crate::domain::document::{Node, Value};
use crate::domain::money::{Rate, Ratio};
use crate::domain::route::STANDARD;

/// Service tiers and the ending of their keys.
pub(super) const SERVICE_TIERS: [(&str, &str); 5] = [
    ("flex", "_flex"),
    ("priority", "_priority"),
    ("balanced", "_balanced"),
    ("ultrafast", "_ultrafast"),
    ("decisions", "_decisions"),
];
pub(super) const BATCH: &str = "_batches";

pub(super) const INPUT: &str = "input_cost_per_token";
pub(super) const OUTPUT: &str = "output_cost_per_token";
pub(super) const READ: &str = "cache_read_input_token_cost";
pub(super) const WRITE: &str = "cache_creation_input_token_cost";

/// Components outside of the four that bands and tiers follow: listed or not, without fall-backs.
pub(super) const PLAIN: [(&str, Component); 9] = [
    ("explicit_cache_read_input_token_cost", Component::ExplicitCachedInput),
    ("input_cost_per_audio_token", Component::AudioInput),
    ("cache_read_input_audio_token_cost", Component::CachedAudioInput),
    ("input_cost_per_image_token", Component::ImageInput),
    ("cache_read_input_image_token_cost", Component::CachedImageInput),
    ("input_cost_per_video_token", Component::VideoInput),
    ("output_cost_per_audio_token", Component::AudioOutput),
    ("output_cost_per_image_token", Component::ImageOutput),
    ("output_cost_per_video_token", Component::VideoOutput),
];

/// One entry and what is found in it.
pub(super) struct Book<'a> {
    pub(super) key: &'a str,
    pub(super) fields: &'a Node,
    pub(super) provider: &'a str,
    pub(super) shelf: &'a mut Shelf,
    /// Whether some price of the entry cannot be read: then none of it is taken.
    pub(super) unreadable: bool,
}

impl Book<'_> {
    pub(super) fn model(&mut self, id: &str) -> Option<Model> {
        let mut model = build::model(id, self.key);
        let retires =
            text(self.fields, "deprecation_date").map(|date| format!("Retires on {date}, it says."));
        let standard = self.standard()?;
        let free = |component| {
            let rate = standard.bands[0].rates.rate(component);
            rate.is_none_or(|rate| rate == Rate::ZERO)
        };
        if free(Component::Input) && free(Component::Output) {
            self.doubt("listed as free: input and output cost nothing");
        }
        let mut entry = build::entry(self.shelf, self.key, STANDARD, standard.clone(), retires);
        entry.windows = self.off_peak(&standard)?;
        model.prices.push(entry);
        for (tier, ending) in SERVICE_TIERS {
            if self.has_tier(ending) {
                let card = self.service_tier(ending, tier)?;
                model.prices.push(build::entry(self.shelf, self.key, tier, card, None));
            }
        }
        if self.has_tier(BATCH) {
            let card = self.batch()?;
            model.prices.push(build::entry(self.shelf, self.key, "batch", card, None));
        }
        let multiples = self.multiples(&model.prices);
        model.prices.extend(multiples);
        self.describe(&mut model);
        (!self.unreadable).then_some(model)
    }

    /// The rate under a key, if there is one.
    pub(super) fn rate(&mut self, name: &str) -> Option<Rate> {
        let written = text(self.fields, name)?.to_owned();
        let rate = build::rate(self.shelf, self.key, &written, 12);
        self.unreadable |= rate.is_none();
        rate
    }

    pub(super) fn has_tier(&self, ending: &str) -> bool {
        let Value::Map(entries) = &self.fields.value else { return false };
        entries.iter().any(|entry| {
            let name = entry.key.value.as_ref();
            name.ends_with(ending) && [INPUT, OUTPUT, READ, WRITE].iter().any(|stem| name.starts_with(stem))
        })
    }

    /// The thresholds that any key of these endings names, in tokens, in order.
    pub(super) fn thresholds(&self, endings: &[&str]) -> Vec<u64> {
        let Value::Map(entries) = &self.fields.value else { return Vec::new() };
        let mut found: Vec<u64> = entries
            .iter()
            .filter_map(|entry| {
                let name = entry.key.value.as_ref();
                let stem = [INPUT, OUTPUT, READ, WRITE].into_iter().find(|stem| name.starts_with(stem))?;
                let rest = name[stem.len()..].split("_above_").last()?;
                let (number, ending) = rest.split_once("k_tokens")?;
                endings
                    .contains(&ending)
                    .then(|| number.parse::<u64>().ok())?
                    .map(|thousands| thousands * 1000)
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The largest input below each threshold: all but xAI leave the threshold itself to the lower band.
    pub(super) fn ends(&self, thresholds: &[u64]) -> Vec<u64> {
        let inclusive = u64::from(self.provider == "xai");
        thresholds.iter().map(|threshold| threshold.saturating_sub(inclusive)).collect()
    }

    pub(super) fn keep(&self) -> bool {
        self.shelf.options.missing == Missing::AsTheDatabase
    }

    pub(super) fn doubt(&mut self, words: &str) {
        self.shelf.report.note(RemarkKind::Doubtful, self.key, words);
    }

    pub(super) fn standard(&mut self) -> Option<RateCard> {
        if let Some(Value::List(ranges)) = self.fields.get("tiered_pricing").map(|node| node.value.clone()) {
            return self.ranges(&ranges);
        }
        let thresholds = self.thresholds(&[""]);
        let mut bands: Vec<Rates> = Vec::new();
        for crossed in 0..=thresholds.len() {
            let band = self.band("", &thresholds[..crossed]);
            bands.push(rates(&band, self.keep()));
        }
        Some(build::card(&self.ends(&thresholds), |at| bands[at]))
    }

    pub(super) fn service_tier(&mut self, ending: &str, tier: &str) -> Option<RateCard> {
        let thresholds = self.thresholds(&["", ending]);
        let mut bands: Vec<Rates> = Vec::new();
        for crossed in 0..=thresholds.len() {
            let band = self.band(ending, &thresholds[..crossed]);
            let fell = |(component, found): &(Component, Found)| {
                matches!(found, Found::FallBack(_))
                    && matches!(component, Component::Input | Component::Output)
            };
            if band.iter().any(fell) {
                self.doubt(&format!(
                    "`{tier}` without a price of its own for some length: the standard price is taken"
                ));
            }
            bands.push(rates(&band, self.keep()));
        }
        Some(build::card(&self.ends(&thresholds), |at| bands[at]))
    }

    /// The prices of a service tier (or none) beyond the crossed thresholds.
    pub(super) fn band(&mut self, ending: &str, crossed: &[u64]) -> Vec<(Component, Found)> {
        let input = self.along(INPUT, "", ending, crossed);
        let output = match self.along(OUTPUT, "", ending, crossed) {
            // Embeddings have none.
            Found::Nothing => Found::NotSold,
            found => found,
        };
        let mut found = vec![
            (Component::Input, input),
            (Component::CachedInput, self.cached(ending, crossed)),
            (Component::CacheWrite, self.written(ending, crossed)),
            (Component::CacheWrite1h, self.long_lived("_above_1hr", ending, crossed)),
            (Component::CacheWrite12h, self.along(WRITE, "_above_12hr", ending, crossed)),
            (Component::Output, output),
            (Component::Reasoning, self.reasoning(ending, output)),
        ];
        for (name, component) in PLAIN {
            if let Some(rate) = self.rate(&format!("{name}{ending}")) {
                found.push((component, Found::Listed(rate)));
            }
        }
        if let Some(rate) = self.rate("citation_cost_per_token") {
            found.push((Component::Citation, Found::Listed(rate)));
        }
        found
    }

    /// A price beyond the crossed thresholds: each key keeps the lower band's price where it has none of its
    /// own, and a tier takes the standard price of the same length.
    pub(super) fn along(&mut self, stem: &str, life: &str, ending: &str, crossed: &[u64]) -> Found {
        let named = |threshold: &str, ending: &str| format!("{stem}{life}{threshold}{ending}");
        let mut found = match (self.rate(&named("", ending)), self.rate(&named("", ""))) {
            (Some(rate), _) => Found::Listed(rate),
            (None, Some(rate)) => Found::FallBack(rate),
            (None, None) => Found::Nothing,
        };
        for threshold in crossed {
            let above = format!("_above_{}k_tokens", threshold / 1000);
            found = match (self.rate(&named(&above, ending)), self.rate(&named(&above, "")), found) {
                (Some(rate), ..) => Found::Listed(rate),
                (None, Some(rate), _) => Found::FallBack(rate),
                (None, None, Found::Listed(rate)) => Found::FallBack(rate),
                (None, None, lower) => lower,
            };
        }
        if let (Found::FallBack(_), true, "") = (found, !crossed.is_empty(), ending) {
            self.doubt(&format!(
                "`{stem}{life}` without a long price: the short one is taken beyond the threshold"
            ));
        }
        found
    }

    /// Cache writes; where only some length or tier has a price of its own, the rest is input.
    pub(super) fn written(&mut self, ending: &str, crossed: &[u64]) -> Found {
        match self.along(WRITE, "", ending, crossed) {
            Found::Nothing if self.has_key(WRITE) => {
                self.doubt(
                    "no price of cache writes is listed for some length: they are taken at the input price",
                );
                Found::AsInput
            }
            found => found,
        }
    }

    pub(super) fn has_key(&self, stem: &str) -> bool {
        let Value::Map(entries) = &self.fields.value else { return false };
        entries.iter().any(|entry| entry.key.value.starts_with(stem))
    }

    /// Writes for an hour have no tiers; a tier's long price is its own or the short standard one.
    pub(super) fn long_lived(&mut self, life: &str, ending: &str, crossed: &[u64]) -> Found {
        if ending.is_empty() {
            return self.along(WRITE, life, ending, crossed);
        }
        let Some(short) = self.rate(&format!("{WRITE}{life}")) else { return Found::Nothing };
        self.doubt("one-hour cache writes have no price in a service tier: the standard one is taken");
        let long = crossed.iter().rev().find_map(|threshold| {
            self.rate(&format!("{WRITE}{life}_above_{}k_tokens{ending}", threshold / 1000))
        });
        Found::FallBack(long.unwrap_or(short))
    }

    pub(super) fn cached(&mut self, ending: &str, crossed: &[u64]) -> Found {
        match self.along(READ, "", ending, crossed) {
            Found::Nothing if self.provider == "fireworks_ai" => {
                self.doubt("Fireworks without a cached price: LiteLLM takes half of the input price");
                match self.along(INPUT, "", ending, crossed) {
                    Found::Listed(rate) | Found::FallBack(rate) => {
                        let half = Ratio::from_millionths(500_000);
                        Found::FallBack(rate.scaled(half))
                    }
                    other => other,
                }
            }
            Found::Nothing => {
                self.doubt(build::NO_CACHED_PRICE);
                Found::AsInput
            }
            found => found,
        }
    }

    /// Reasoning: its own price in the tier, else the tier's output price, else the standard reasoning price.
    pub(super) fn reasoning(&mut self, ending: &str, output: Found) -> Found {
        let stem = "output_cost_per_reasoning_token";
        let own = self.rate(&format!("{stem}{ending}"));
        let output_rate = match output {
            Found::Listed(rate) | Found::FallBack(rate) => Some(rate),
            _ => None,
        };
        let rate = match (own, output) {
            (Some(rate), _) => Some(rate),
            (None, Found::Listed(_)) if !ending.is_empty() => None,
            (None, _) => self.rate(stem),
        };
        // xAI's calculator bills all output alike.
        match rate.filter(|rate| Some(*rate) != output_rate && self.provider != "xai") {
            Some(rate) => Found::Listed(rate),
            None => Found::Nothing,
        }
    }
}
