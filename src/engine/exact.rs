//! Every request drawn: the audit of the fast way, and independent of it.
//!
//! Lengths come from their mixture's components and not from ranks, segments from comparing token counts
//! and not from probabilities, sums from adding and not from a limit law. Shared with the fast way are the
//! assumptions, the law of the number of requests, the gate's threshold, the law of the cached share and the
//! bill; the closed forms in the tests check those.

use super::law::Law;
use super::stream::Stream;
use super::traffic::{SegmentSums, Terms, Traffic, add_request};

/// The sums of a month that expects `mean` requests, one per segment.
pub fn month_sums(traffic: &Traffic<'_>, terms: &Terms, mean: f64, stream: &mut Stream) -> Vec<SegmentSums> {
    let requests = match &traffic.sessions {
        Some(sessions) => sessions.requests_one_by_one(mean, stream),
        None => super::counts::poisson(mean, stream.uniform()),
    };
    let mut sums = vec![SegmentSums::empty(traffic.basis_len()); terms.segments.len()];
    let correlated = traffic.output_correlation != 0.0 || traffic.cache_correlation != 0.0;
    let (reasoning_share, reasoning_scale) = terms.reasoning;
    for _ in 0..requests as u64 {
        let length = traffic.prompt.draw(stream.uniform(), stream.normal());
        let x = libm::round(terms.prompt_scale * length);
        let score = if correlated { traffic.prompt.score_of(length, stream.uniform()) } else { 0.0 };
        let mut output =
            terms.output_scale * conditional(&traffic.output, traffic.output_correlation, score, stream);
        if let Some(law) = &traffic.reasoning
            && stream.uniform() < reasoning_share
        {
            output += reasoning_scale * law.draw(stream.uniform(), stream.normal());
        }
        let rest = libm::sqrt(1.0 - traffic.cache_correlation * traffic.cache_correlation);
        let gate = traffic.cache_correlation * score + rest * stream.normal();
        let at = terms.segments.partition_point(|segment| segment.high < x);
        sums[at].requests += 1.0;
        add_request(terms, x, gate, stream.uniform(), output, &mut sums[at].basis);
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
