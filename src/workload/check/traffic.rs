//! Workloads: lengths, sessions, reasoning, caches.

use super::super::length::{Divisor, LengthWire, Shape};
use super::super::presets::Role;
use super::super::quantity::{Kind, Uncertain};
use super::super::wire::{CacheWire, Text, WorkloadWire};
use super::super::{Input, Length, OverWindow, Reasoning, Workload};
use super::arrivals::arrivals_of;
use super::inputs::{FACTOR, Inputs, SHARE, TOKENS, correlation_value, range};
use super::volume::volume;
use crate::domain::problem::{Code, Problems, suggest};

/// The cache inputs of a workload, which routes may override.
#[derive(Clone, Copy)]
pub struct CacheInputs {
    /// Share of input tokens billed as cached.
    pub hit_rate: Input,
    /// Share of a prompt that is cached when hit.
    pub share_when_hit: Input,
    /// Whether it was stated.
    pub share_stated: bool,
    /// Share of uncached tokens written, if it was stated.
    pub write_share: Input,
    /// Whether it was.
    pub write_share_stated: bool,
    /// Share of the written tokens that are kept for an hour.
    pub write_1h_share: Input,
    /// Whether it was stated.
    pub write_1h_share_stated: bool,
}

impl CacheInputs {
    /// These terms; where they do not say what a hit reaches, how much is written or how long it is kept, as in
    /// `inherited`.
    pub fn over(self, inherited: CacheInputs) -> CacheInputs {
        let mut terms = self;
        if !terms.share_stated {
            (terms.share_when_hit, terms.share_stated) = (inherited.share_when_hit, inherited.share_stated);
        }
        if !terms.write_share_stated {
            (terms.write_share, terms.write_share_stated) =
                (inherited.write_share, inherited.write_share_stated);
        }
        if !terms.write_1h_share_stated {
            (terms.write_1h_share, terms.write_1h_share_stated) =
                (inherited.write_1h_share, inherited.write_1h_share_stated);
        }
        terms
    }
}

/// A workload of the file, with its own cache terms.
pub fn workload_of(
    name: &Text,
    wire: &WorkloadWire,
    months: usize,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Option<(Workload, CacheInputs)> {
    let base = format!("workloads.{}", name.value);
    let before = problems.len();
    let volume = wire.volume.get().and_then(|wire| volume(&base, wire, months, inputs, problems));
    let sessions = wire.sessions.as_ref().map(|sessions| turns(sessions.turns.get()?, problems));
    let arrivals = arrivals_of(wire, problems);
    let prompt = length(&format!("{base}.prompt"), wire.prompt.get(), Role::Prompt, inputs, problems);
    let output = length(&format!("{base}.output"), wire.output.get(), Role::Output, inputs, problems);
    let reasoning = wire.reasoning.as_ref().map(|reasoning| {
        let path = format!("{base}.reasoning");
        let share = inputs.add(
            &format!("{path}.share_of_requests"),
            reasoning.share_of_requests.as_ref(),
            1.0,
            SHARE,
            problems,
        );
        let tokens =
            length(&format!("{path}.tokens"), reasoning.tokens.get(), Role::Output, inputs, problems);
        Some(Reasoning { share_of_requests: share?, tokens: tokens? })
    });
    let searches = range(Kind::Positive, 0.0, 1000.0, "a request");
    let searches = inputs.add(
        &format!("{base}.searches_per_request"),
        wire.searches_per_request.as_ref(),
        0.0,
        searches,
        problems,
    );
    let cache = cache_inputs(&base, wire.cache.as_ref(), inputs, problems);
    let prompt_cache = wire.cache.as_ref().and_then(|cache| cache.length_correlation.as_ref());
    let prompt_cache_correlation = correlation_value(prompt_cache, problems);
    let prompt_output_correlation = correlation_value(wire.prompt_output_correlation.as_ref(), problems);
    let over_window = over_window(wire.over_window.as_ref(), problems);
    if problems.len() > before {
        return None;
    }
    let workload = Workload {
        name: name.value.clone(),
        volume: volume?,
        sessions: sessions.flatten(),
        arrivals: arrivals?,
        prompt: prompt?,
        output: output?,
        reasoning: reasoning.flatten(),
        prompt_output_correlation: prompt_output_correlation?,
        prompt_cache_correlation: prompt_cache_correlation?,
        searches_per_request: searches?,
        over_window: over_window?,
    };
    Some((workload, cache?))
}

fn length(
    path: &str,
    wire: Option<&LengthWire>,
    role: Role,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Option<Length> {
    let read = wire?.read_law(role, problems)?;
    let scale = match &read.scale {
        None => inputs.register(&format!("{path}.scale"), Uncertain::Fixed(1.0), FACTOR),
        Some((key, quantity, Divisor::One)) => {
            inputs.add(&format!("{path}.{key}"), Some(quantity), 1.0, FACTOR, problems)?
        }
        Some((key, quantity, Divisor::OwnMedian)) => {
            inputs.add(&format!("{path}.{key}"), Some(quantity), 1.0, TOKENS, problems)?
        }
    };
    let mut shape = read.shape;
    if let Some((_, _, Divisor::OwnMedian)) = read.scale {
        // The assumption is the median itself, so the shape is the law of length over median.
        shape.components.iter_mut().for_each(|c| c.ln_median = 0.0);
    }
    Some(Length { shape, scale })
}

fn turns(wire: &LengthWire, problems: &mut Problems) -> Option<Shape> {
    let read = wire.read_law(Role::Prompt, problems)?;
    let longest = read.shape.components.iter().map(|c| c.ln_median).fold(f64::NEG_INFINITY, f64::max);
    if read.scale.is_some() || !(0.0..=libm::log(2_000.0)).contains(&longest) {
        problems.at(
            Code::OutOfRange,
            wire.place(),
            "turns are a known law with a median of 1 to 2,000 requests",
            "",
            "write for instance {lognormal: {median: 44, p90: 150}}",
        );
        return None;
    }
    Some(read.shape)
}

/// The cache terms under `base`.
pub fn cache_inputs(
    base: &str,
    wire: Option<&CacheWire>,
    inputs: &mut Inputs,
    problems: &mut Problems,
) -> Option<CacheInputs> {
    let base = format!("{base}.cache");
    let hit_rate = match wire {
        Some(wire) => wire
            .hit_rate
            .get()
            .and_then(|stated| inputs.add(&format!("{base}.hit_rate"), Some(stated), 0.0, SHARE, problems)),
        None => inputs.add(&format!("{base}.hit_rate"), None, 0.0, SHARE, problems),
    };
    let stated_share = wire.and_then(|c| c.share_when_hit.as_ref());
    let positive_share = range(Kind::Share, 0.001, 1.0, "share");
    let share = inputs.add(&format!("{base}.share_when_hit"), stated_share, 0.9, positive_share, problems);
    let stated_writes = wire.and_then(|c| c.write_share.as_ref());
    let write_share = inputs.add(&format!("{base}.write_share"), stated_writes, 0.0, SHARE, problems);
    let stated_1h = wire.and_then(|c| c.write_1h_share.as_ref());
    let write_1h_share = inputs.add(&format!("{base}.write_1h_share"), stated_1h, 0.0, SHARE, problems);
    let cache = CacheInputs {
        hit_rate: hit_rate?,
        share_when_hit: share?,
        share_stated: stated_share.is_some(),
        write_share: write_share?,
        write_share_stated: stated_writes.is_some(),
        write_1h_share: write_1h_share?,
        write_1h_share_stated: stated_1h.is_some(),
    };
    if let (Some(hit_rate), Some(quantity)) = (wire.and_then(|c| c.hit_rate.get()), stated_share) {
        let (hit, share) = (inputs.law(cache.hit_rate).median(), inputs.law(cache.share_when_hit).median());
        if hit > share + 1e-9 {
            problems.at(
                Code::Conflict,
                quantity.place(),
                "the hit rate is above the share that a hit can reach",
                format!("hit rate {hit}, share when hit {share}"),
                format!("raise `share_when_hit`, or lower the hit rate on line {}", hit_rate.place().line),
            );
            return None;
        }
    }
    Some(cache)
}

fn over_window(wire: Option<&Text>, problems: &mut Problems) -> Option<OverWindow> {
    match wire {
        None => Some(OverWindow::Reject),
        Some(text) => match text.value.as_str() {
            "reject" => Some(OverWindow::Reject),
            "truncate" => Some(OverWindow::Truncate),
            other => {
                problems.at(
                    Code::UnknownName,
                    &text.place,
                    format!("unknown choice `{other}`"),
                    "",
                    suggest(other, ["reject", "truncate"]),
                );
                None
            }
        },
    }
}
