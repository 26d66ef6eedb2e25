//! Every request drawn: the audit of the fast way, and independent of it.
//!
//! Lengths come from their mixture's components and not from ranks, segments from comparing token counts
//! and not from probabilities, sums from adding and not from a limit law. Shared with the fast way are the
//! assumptions, the law of the number of requests, the gate's threshold, the law of the cached share and the
//! bill; the closed forms in the tests check those.

use super::gate::GateDraw;
use super::kernel::{self, Arithmetic, Gate, LIMIT, Level, MOST_PARTS, Shape, Totals};
use super::law::Law;
use super::stream::Stream;
use super::traffic::{SegmentSums, Terms, Traffic, add_request};
use crate::workload::{Component, OverWindow};

/// The sums of a month that expects `mean` requests, one per segment: by the kernel where its laws are among
/// those that it knows, else one request after the other, where nothing is ever fused.
pub fn month_sums(
    traffic: &Traffic<'_>,
    terms: &Terms,
    mean: f64,
    arithmetic: Arithmetic,
    stream: &mut Stream,
) -> Vec<SegmentSums> {
    let requests = match &traffic.sessions {
        Some(sessions) => sessions.requests_one_by_one(mean, stream),
        None => super::counts::poisson(mean, stream.uniform()),
    };
    match shape(traffic, terms) {
        Some(shape) => {
            let seed = [stream.bits(), stream.bits()];
            let sums = kernel::sums(&shape, requests as u64, seed, arithmetic, Level::Best);
            sums.into_iter().map(segment_sums).collect()
        }
        None => one_by_one(traffic, terms, requests, stream),
    }
}

fn segment_sums(totals: Totals) -> SegmentSums {
    let tokens = std::iter::once(totals.prompt).chain(totals.outputs).chain(totals.cached);
    SegmentSums { requests: totals.requests as f64, basis: tokens.map(|sum| sum as f64).collect() }
}

/// The most of the tokens that may lie beyond the kernel's longest length.
const MOST_BEYOND: f64 = 1e-6;
/// The same where those tokens are refused, and only their share is reported.
const MOST_BEYOND_REFUSED: f64 = 1e-3;

/// The kernel's shape for a workload in a trial. `None` where a gate depends on length, lengths of mixtures depend
/// on each other, or lengths beyond the kernel's limit could be billed.
pub fn shape(traffic: &Traffic<'_>, terms: &Terms) -> Option<Shape> {
    let simple = |law: &Law| law.components().len() <= MOST_PARTS;
    let single = |law: &Law| matches!(law.components(), [c] if c.sigma > 0.0);
    let dependent = traffic.output_correlation != 0.0;
    let known = simple(&traffic.prompt)
        && simple(&traffic.output)
        && traffic.reasoning.as_ref().is_none_or(simple)
        && traffic.cache_correlation == 0.0
        && (!dependent || (single(&traffic.prompt) && single(&traffic.output)));
    let limit = f64::from(LIMIT);
    // Nobody bills by the length of what every route cuts or refuses. What is refused is reported by its tokens,
    // and a thousandth of them is seen by nobody.
    let last = terms.segments.last()?;
    let prompts_end = last.low < limit && traffic.routes.iter().all(|route| route.longest().is_some());
    let truncated = traffic.workload.over_window == OverWindow::Truncate;
    let most_prompts = match (prompts_end, truncated) {
        (true, true) => f64::INFINITY,
        (true, false) => MOST_BEYOND_REFUSED,
        (false, _) => MOST_BEYOND,
    };
    let beyond = |law: &Law, scale: f64| {
        let whole = law.partial_moment(1, f64::INFINITY);
        1.0 - law.partial_moment(1, limit / scale) / whole.max(f64::MIN_POSITIVE)
    };
    let outputs_end = terms.caps.iter().all(|cap| *cap < limit);
    let fits = (beyond(&traffic.prompt, terms.prompt_scale) < most_prompts)
        && (outputs_end || beyond(&traffic.output, terms.output_scale) < MOST_BEYOND)
        && traffic.reasoning.as_ref().is_none_or(|law| beyond(law, terms.reasoning.1) < MOST_BEYOND);
    (known && fits).then(|| Shape {
        prompt: scaled(&traffic.prompt, terms.prompt_scale),
        output: scaled(&traffic.output, terms.output_scale),
        correlation: traffic.output_correlation,
        reasoning: traffic.reasoning.as_ref().map(|law| (terms.reasoning.0, scaled(law, terms.reasoning.1))),
        ends: terms.segments[..terms.segments.len() - 1]
            .iter()
            .map(|segment| tokens(segment.high.floor()))
            .collect(),
        caps: terms.caps.iter().map(|cap| tokens(cap.round())).collect(),
        gates: terms
            .views
            .iter()
            .map(|view| Gate {
                minimum: tokens(view.minimum.ceil()),
                cut: tokens(view.cut.floor()),
                hit_probability: view.open(),
                exponent: if view.exponent() < 1e-8 { 0.0 } else { view.exponent() },
            })
            .collect(),
    })
}

fn scaled(law: &Law, scale: f64) -> Vec<Component> {
    let ln_scale = libm::log(scale);
    law.components().iter().map(|c| Component { ln_median: c.ln_median + ln_scale, ..*c }).collect()
}

/// A whole number of tokens; what is more than 32 bits hold is as good as no limit.
fn tokens(x: f64) -> u32 {
    x.clamp(0.0, f64::from(u32::MAX)) as u32
}

/// A request as it was drawn.
pub struct Drawn {
    /// Prompt tokens of the scenario.
    pub prompt: f64,
    /// What the cache's threshold is held against.
    pub gate: GateDraw,
    /// The uniform behind the cached share.
    pub share: f64,
    /// Output tokens, reasoning included, before any limit.
    pub output: f64,
}

/// Draws a single request.
pub fn draw_request(traffic: &Traffic<'_>, terms: &Terms, stream: &mut Stream) -> Drawn {
    let correlated = traffic.output_correlation != 0.0 || traffic.cache_correlation != 0.0;
    let (reasoning_share, reasoning_scale) = terms.reasoning;
    let length = traffic.prompt.draw(stream.uniform(), stream.normal());
    let prompt = libm::round(terms.prompt_scale * length);
    let score = if correlated { traffic.prompt.score_of(length, stream.uniform()) } else { 0.0 };
    let mut output =
        terms.output_scale * conditional(&traffic.output, traffic.output_correlation, score, stream);
    if let Some(law) = &traffic.reasoning
        && stream.uniform() < reasoning_share
    {
        output += reasoning_scale * law.draw(stream.uniform(), stream.normal());
    }
    let gate = GateDraw::draw(traffic.cache_correlation, score, stream);
    Drawn { prompt, gate, share: stream.uniform(), output }
}

/// Every request drawn by itself.
fn one_by_one(traffic: &Traffic<'_>, terms: &Terms, requests: f64, stream: &mut Stream) -> Vec<SegmentSums> {
    let mut sums = vec![SegmentSums::empty(traffic.basis_len()); terms.segments.len()];
    for _ in 0..requests as u64 {
        let Drawn { prompt, gate, share, output } = draw_request(traffic, terms, stream);
        let at = terms.segments.partition_point(|segment| segment.high < prompt);
        sums[at].requests += 1.0;
        add_request(terms, prompt, gate, share, output, &mut sums[at].basis);
    }
    sums
}

/// A length whose score has `correlation` with `score`.
fn conditional(law: &Law, correlation: f64, score: f64, stream: &mut Stream) -> f64 {
    if correlation == 0.0 {
        return law.draw(stream.uniform(), stream.normal());
    }
    let rest = libm::sqrt(1.0 - correlation * correlation);
    law.at_score_untabulated(correlation * score + rest * stream.normal())
}
