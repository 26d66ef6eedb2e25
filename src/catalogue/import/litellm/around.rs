//! What stands around the prices of an entry: off-peak hours, multipliers, limits.

use super::tiers::{Book, INPUT, OUTPUT, READ, WRITE};
use crate::catalogue::import::{RemarkKind, build, count, text};
use crate::catalogue::{
    Citation, Component, Limits, Model, Price, PriceEntry, PromptCache, RateCard, Window,
};
use crate::domain::document::{Node, Value};
use crate::domain::money::Ratio;
use crate::domain::route::STANDARD;

impl Book<'_> {
    /// `off_peak_pricing` as windows over the prices of the entry itself, which are those of the peak.
    pub(super) fn off_peak(&mut self, peak: &RateCard) -> Option<Vec<Window>> {
        let Some(block) = self.fields.get("off_peak_pricing") else { return Some(Vec::new()) };
        let zone = text(block, "weekday_timezone");
        let ahead = match zone {
            None | Some("UTC") => 0,
            Some("Asia/Shanghai") => 8,
            Some(_) => {
                self.shelf.report.note(
                    RemarkKind::LeftOut,
                    self.key,
                    "off-peak weekdays of an unknown time zone",
                );
                return None;
            }
        };
        let mut card = peak.clone();
        for (name, component) in [
            (INPUT, Component::Input),
            (OUTPUT, Component::Output),
            (READ, Component::CachedInput),
            (WRITE, Component::CacheWrite),
        ] {
            let Some(written) = text(block, name).map(str::to_owned) else { continue };
            let rate = build::rate(self.shelf, self.key, &written, 12)?;
            for band in &mut card.bands {
                band.rates = band.rates.with(component, Price::Listed(rate));
                band.base = band.rates;
            }
        }
        let Some(Value::List(windows)) = block.get("windows").map(|node| &node.value) else {
            self.shelf.report.note(RemarkKind::LeftOut, self.key, "off-peak prices without hours");
            return None;
        };
        let mut found = Vec::new();
        for window in windows {
            let Some(spans) = clock_spans(window) else {
                self.shelf.report.note(RemarkKind::LeftOut, self.key, "off-peak hours that cannot be read");
                return None;
            };
            let weekdays = iso_weekdays(window);
            for (shift, spans) in in_local_days(&spans, ahead) {
                let mut utc = [false; 7];
                for (day, open) in weekdays.iter().enumerate() {
                    utc[(day + 7 - shift) % 7] |= open;
                }
                found.push(Window {
                    name: "off-peak".to_owned(),
                    spans,
                    weekdays: utc,
                    except: None,
                    card: card.clone(),
                });
            }
        }
        Some(found)
    }

    /// Regions and tiers for which only a multiplier of all prices is listed.
    pub(super) fn multiples(&mut self, tiers: &[PriceEntry]) -> Vec<PriceEntry> {
        let geo = self.fields.get("provider_specific_entry");
        let of = |node: Option<&Node>, name: &str| node.and_then(|node| text(node, name)).map(str::to_owned);
        let listed = [
            (of(geo, "us"), STANDARD, "us"),
            (of(geo, "fast"), "fast", "global"),
            (of(Some(self.fields), "regional_processing_uplift_multiplier_eu"), STANDARD, "eu"),
            (of(Some(self.fields), "regional_processing_uplift_multiplier_us"), STANDARD, "us"),
            (of(Some(self.fields), "regional_endpoint_uplift_multiplier"), STANDARD, "regional"),
        ];
        let mut found: Vec<PriceEntry> = Vec::new();
        for (written, tier, region) in listed {
            let Some(times) = written.and_then(|text| crate::domain::number::parse_scaled(&text, 6).ok())
            else {
                continue;
            };
            let ratio = Ratio::from_millionths(times.value);
            for base in tiers {
                // A faster tier is a multiple of the standard one; a region of every tier.
                if tier == "fast" && base.tiers[0] != STANDARD {
                    continue;
                }
                let own = if tier == "fast" { "fast".to_owned() } else { base.tiers[0].clone() };
                let taken = found.iter().any(|known| known.tiers[0] == own && known.regions[0] == region);
                if taken {
                    continue;
                }
                let scaled = base.card.map(|rate| rate.scaled(ratio));
                found.push(PriceEntry {
                    tiers: vec![own],
                    regions: vec![region.to_owned()],
                    card: scaled,
                    windows: base
                        .windows
                        .iter()
                        .map(|window| Window {
                            card: window.card.map(|rate| rate.scaled(ratio)),
                            ..window.clone()
                        })
                        .collect(),
                    derived: Some(format!("{} in global times {}", base.tiers[0], ratio.to_f64())),
                    ..base.clone()
                });
            }
        }
        found
    }

    /// Limits, cache and capabilities.
    pub(super) fn describe(&mut self, model: &mut Model) {
        let citation = |book: &Self| -> Citation { book.shelf.citation(book.key, None) };
        if let Some(window) = count(self.fields, "max_input_tokens").filter(|tokens| *tokens > 0) {
            let output = count(self.fields, "max_output_tokens").filter(|tokens| *tokens > 0);
            if output.is_some_and(|output| output > window) {
                self.doubt("a longest answer beyond the window: it is not taken");
            }
            model.limits = Some(Limits {
                context_window: window,
                max_input: None,
                max_output: output.filter(|output| *output <= window),
                source: citation(self),
            });
        }
        if let Some(minimum_tokens) = count(self.fields, "prompt_cache_min_tokens") {
            model.prompt_cache = Some(PromptCache { minimum_tokens, source: citation(self) });
        }
        let known = [
            ("supports_reasoning", "reasoning"),
            ("supports_vision", "vision"),
            ("supports_pdf_input", "pdf_input"),
            ("supports_audio_input", "audio_input"),
            ("supports_video_input", "video_input"),
            ("supports_audio_output", "audio_output"),
            ("supports_function_calling", "tools"),
            ("supports_web_search", "web_search"),
            ("supports_computer_use", "computer_use"),
            ("supports_response_schema", "structured_output"),
            ("supports_prompt_caching", "prompt_cache"),
        ];
        let has = |name: &str| text(self.fields, name) == Some("true");
        model.capabilities =
            known.iter().filter(|(name, _)| has(name)).map(|(_, ours)| (*ours).to_owned()).collect();
        if text(self.fields, "mode") == Some("embedding") {
            model.capabilities.push("embedding".to_owned());
        }
    }
}

/// Spans of the UTC day of an off-peak window, in minutes, none of them across midnight.
fn clock_spans(window: &Node) -> Option<Vec<(u32, u32)>> {
    let texts: Vec<&str> = match &window.get("hours_utc")?.value {
        Value::Scalar(text) => vec![text],
        Value::List(items) => items
            .iter()
            .map(|item| match &item.value {
                Value::Scalar(text) => Some(&**text),
                _ => None,
            })
            .collect::<Option<_>>()?,
        _ => return None,
    };
    let minute = |text: &str| -> Option<u32> {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60 && minute % 15 == 0).then_some(hour * 60 + minute)
    };
    let mut spans = Vec::new();
    for text in texts {
        let (from, to) = text.split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        if to > from {
            spans.push((from, to));
        } else {
            spans.push((from, 1440));
            if to > 0 && from > 0 {
                spans.push((0, to));
            }
        }
    }
    Some(spans)
}

/// The open weekdays, Monday first; all where none are given.
fn iso_weekdays(window: &Node) -> [bool; 7] {
    let Some(Value::List(days)) = window.get("weekdays").map(|node| &node.value) else { return [true; 7] };
    let mut open = [false; 7];
    for day in days {
        if let Value::Scalar(text) = &day.value
            && let Ok(number @ 1..=7) = text.parse::<usize>()
        {
            open[number - 1] = true;
        }
    }
    open
}

/// The spans cut at the local midnight of a place `ahead` hours of UTC: those on which the local date is that
/// of UTC, and those on which it is a day later.
fn in_local_days(spans: &[(u32, u32)], ahead: u32) -> Vec<(usize, Vec<(u32, u32)>)> {
    let midnight = (24 - ahead) * 60;
    let cut = |from: u32, to: u32| -> Vec<(u32, u32)> {
        let clipped = spans.iter().map(|&(a, b)| (a.max(from), b.min(to))).filter(|(a, b)| a < b);
        clipped.collect()
    };
    [(0, cut(0, midnight)), (1, cut(midnight, 1440))]
        .into_iter()
        .filter(|(_, spans)| !spans.is_empty())
        .collect()
}
