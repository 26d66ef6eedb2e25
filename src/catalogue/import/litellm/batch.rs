//! Batches and ranges of input: where LiteLLM's code goes ways of its own.

use super::tiers::{BATCH, Book, INPUT, OUTPUT, PLAIN, READ, WRITE};
use crate::catalogue::import::build::{self, Found, rates};
use crate::catalogue::import::{RemarkKind, text};
use crate::catalogue::{Component, RateCard, Rates};
use crate::domain::document::{Node, Value};
use crate::domain::money::{Rate, Ratio};

impl Book<'_> {
    /// Batches: what they do not list falls back to the batch input price, output to half of the standard one.
    pub(super) fn batch(&mut self) -> Option<RateCard> {
        let thresholds = self.thresholds(&[BATCH]);
        let long = self.thresholds(&[""]);
        if !long.is_empty() && thresholds.is_empty() {
            self.doubt("batch without long prices: the short batch price is taken at any length");
        }
        let mut bands: Vec<Rates> = Vec::new();
        for crossed in 0..=thresholds.len() {
            let crossed = &thresholds[..crossed];
            let half = |rate: Rate| rate.scaled(Ratio::from_millionths(500_000));
            let output = match (self.batch_price(OUTPUT, "", crossed), self.rate(OUTPUT)) {
                (Some(rate), _) => Found::Listed(rate),
                (None, Some(standard)) => {
                    self.doubt("batch without an output price: half of the standard one is taken");
                    Found::FallBack(half(standard))
                }
                (None, None) => Found::NotSold,
            };
            let input = match self.batch_price(INPUT, "", crossed) {
                Some(rate) => Found::Listed(rate),
                None => {
                    self.doubt("batch without an input price: half of the standard one is taken");
                    self.rate(INPUT).map_or(Found::Nothing, |rate| Found::FallBack(half(rate)))
                }
            };
            let cached = match self.batch_price(READ, "", crossed) {
                Some(rate) => Found::Listed(rate),
                None => {
                    self.doubt(
                        "batch without a cached price: cached tokens are taken at the batch input price",
                    );
                    Found::AsInput
                }
            };
            let written = match (self.batch_price(WRITE, "", crossed), self.has_key(WRITE)) {
                (Some(rate), _) => Found::Listed(rate),
                (None, true) => {
                    self.doubt(
                        "batch without a price of cache writes: they are taken at the batch input price",
                    );
                    Found::AsInput
                }
                (None, false) => Found::Nothing,
            };
            let hour = match (self.rate(&format!("{WRITE}_above_1hr")), written) {
                (Some(_), Found::Listed(rate)) => {
                    self.doubt(
                        "batch without a price of one-hour cache writes: the one of shorter writes is taken",
                    );
                    Found::FallBack(rate)
                }
                (Some(_), other) => other,
                (None, _) => Found::Nothing,
            };
            let half_day = self.batch_price(WRITE, "_above_12hr", crossed);
            let mut band = vec![
                (Component::Input, input),
                (Component::CachedInput, cached),
                (Component::CacheWrite, written),
                (Component::CacheWrite1h, hour),
                (Component::CacheWrite12h, half_day.map_or(Found::Nothing, Found::Listed)),
                (Component::Output, output),
            ];
            for (name, component) in PLAIN {
                if let Some(rate) = self.rate(&format!("{name}{BATCH}")) {
                    band.push((component, Found::Listed(rate)));
                }
            }
            bands.push(rates(&band, self.keep()));
        }
        Some(build::card(&self.ends(&thresholds), |at| bands[at]))
    }

    /// The batch price beyond the highest crossed threshold that has one of the same stem.
    pub(super) fn batch_price(&mut self, stem: &str, life: &str, crossed: &[u64]) -> Option<Rate> {
        let long = crossed.iter().rev().find_map(|threshold| {
            self.rate(&format!("{stem}{life}_above_{}k_tokens{BATCH}", threshold / 1000))
        });
        long.or_else(|| self.rate(&format!("{stem}{life}{BATCH}")))
    }

    /// `tiered_pricing`: ranges of the whole input, the last one open.
    pub(super) fn ranges(&mut self, ranges: &[Node]) -> Option<RateCard> {
        let mut ends: Vec<u64> = Vec::new();
        let mut bands: Vec<Rates> = Vec::new();
        for range in ranges {
            let own = |name: &str| text(range, name).map(str::to_owned);
            let mut rate = |name: &str| {
                let written = own(name)?;
                build::rate(self.shelf, self.key, &written, 12)
            };
            let (Some(input), output) = (rate(INPUT), rate(OUTPUT)) else {
                self.shelf.report.note(RemarkKind::LeftOut, self.key, "a range without a price of input");
                return None;
            };
            let (read, written, reasoning) =
                (rate(READ), rate(WRITE), rate("output_cost_per_reasoning_token"));
            let output = match output {
                Some(rate) => Found::Listed(rate),
                None => self.rate(OUTPUT).map_or(Found::NotSold, Found::FallBack),
            };
            if read.is_none() {
                self.doubt(build::NO_CACHED_PRICE);
            }
            let differs = |rate: &Rate| output != Found::Listed(*rate);
            let mut band = vec![
                (Component::Input, Found::Listed(input)),
                (Component::CachedInput, read.map_or(Found::AsInput, Found::Listed)),
                (Component::CacheWrite, written.map_or(Found::Nothing, Found::Listed)),
                (Component::Output, output),
                (Component::Reasoning, reasoning.filter(differs).map_or(Found::Nothing, Found::Listed)),
            ];
            if let Some(explicit) = self.rate("explicit_cache_read_input_token_cost") {
                band.push((Component::ExplicitCachedInput, Found::Listed(explicit)));
            }
            bands.push(rates(&band, self.keep()));
            let Some(Value::List(bounds)) = range.get("range").map(|node| &node.value) else {
                self.shelf.report.note(RemarkKind::LeftOut, self.key, "a price range without its bounds");
                return None;
            };
            let end = bounds.get(1).and_then(|node| match &node.value {
                Value::Scalar(text) => crate::domain::number::parse_number(text).ok(),
                _ => None,
            });
            ends.push(end.map(|number| number.value as u64).unwrap_or(u64::MAX));
        }
        ends.pop()?;
        if !ends.is_sorted_by(|a, b| a < b) {
            self.shelf.report.note(RemarkKind::LeftOut, self.key, "price ranges that do not grow");
            return None;
        }
        Some(build::card(&ends, |at| bands[at]))
    }
}
