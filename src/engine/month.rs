//! A month's token sums in one trial.
//!
//! The number of requests is drawn, then how many fall into each segment (so crossings are whole numbers
//! and may be none), then the sums of each segment: request by request where there are few, from the limit
//! law where there are many. The limit law has the right mean and covariance of the whole basis and the
//! right skewness of the reference cost.

use super::counts::{binomial, skewed};
use super::moments::Moments;
use super::stream::Stream;
use super::traffic::{Segment, SegmentSums, Terms, Traffic, add_request, month_requests};
use crate::domain::normal;

/// The sums of a month that expects `mean` requests, one per segment.
pub fn month_sums(
    traffic: &Traffic<'_>,
    terms: &Terms,
    moments: &[Moments],
    mean: f64,
    stream: &mut Stream,
) -> Vec<SegmentSums> {
    let mut left = month_requests(traffic, mean, stream);
    let mut probability_left = 1.0;
    let mut sums = Vec::with_capacity(moments.len());
    for (segment, moments) in terms.segments.iter().zip(moments) {
        // A multinomial is a chain of binomials: each segment takes its share of what is left.
        let share =
            if probability_left > 0.0 { (moments.probability / probability_left).min(1.0) } else { 0.0 };
        let requests = binomial(left, share, stream.uniform());
        left -= requests;
        probability_left -= moments.probability;
        sums.push(if requests == 0.0 {
            SegmentSums::empty(traffic.basis_len())
        } else if requests < moments.draw_below {
            drawn(traffic, terms, segment, requests, stream)
        } else {
            limit(moments, requests, stream)
        });
    }
    sums
}

/// Sums of `requests` requests from their limit law.
fn limit(moments: &Moments, requests: f64, stream: &mut Stream) -> SegmentSums {
    let size = moments.mean.len();
    let root = libm::sqrt(requests);
    let main = skewed(stream.normal(), moments.skew / root);
    let scores: Vec<f64> = (0..size).map(|_| stream.normal()).collect();
    let mut at = 0;
    let mut basis = Vec::with_capacity(size);
    for row in 0..size {
        let mut noise = moments.loading[row] * main;
        for score in &scores[..=row] {
            noise += moments.rest[at] * score;
            at += 1;
        }
        basis.push((requests * moments.mean[row] + root * noise).max(0.0));
    }
    SegmentSums { requests, basis }
}

/// Sums of `requests` requests of a segment, each drawn.
fn drawn(
    traffic: &Traffic<'_>,
    terms: &Terms,
    segment: &Segment,
    requests: f64,
    stream: &mut Stream,
) -> SegmentSums {
    let mut sums = SegmentSums { requests, basis: vec![0.0; traffic.basis_len()] };
    let to_output = libm::sqrt(1.0 - traffic.output_correlation * traffic.output_correlation);
    let to_gate = libm::sqrt(1.0 - traffic.cache_correlation * traffic.cache_correlation);
    let (reasoning_share, reasoning_scale) = terms.reasoning;
    for _ in 0..requests as u64 {
        let rank = segment.rank_low + stream.uniform() * segment.probability();
        let score = normal::quantile(rank).clamp(-9.0, 9.0);
        let x = (terms.prompt_scale * traffic.prompt.at_score(score)).clamp(segment.low, segment.high);
        let output_score = traffic.output_correlation * score + to_output * stream.normal();
        let mut output = terms.output_scale * traffic.output.at_score(output_score);
        if let Some(law) = &traffic.reasoning
            && stream.uniform() < reasoning_share
        {
            output += reasoning_scale * law.at_score(stream.normal());
        }
        let gate = traffic.cache_correlation * score + to_gate * stream.normal();
        add_request(terms, x, gate, stream.uniform(), output, &mut sums.basis);
    }
    sums
}
