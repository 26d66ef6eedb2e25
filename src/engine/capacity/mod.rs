//! Whether capacity holds: arrivals second by second, limits as they are enforced, what clients do when refused.
//!
//! `arrivals` says when requests come (`split` how they bunch), `limit` what a provider allows, `line` what becomes of
//! each request, `tally` what came of all; `stage` puts a scenario's futures on it. Time is in whole microseconds, so
//! that sums of it are exact.

mod arrivals;
mod client;
mod course;
mod event;
mod limit;
mod line;
mod request;
mod split;
mod stage;
mod tally;
#[cfg(test)]
mod theory;

pub use arrivals::{ArrivalLaw, ArrivalStream, HOUR, Rates};
pub use client::{Client, Station};
pub use course::Course;
pub use limit::{Ask, Counts, Enforced, Limit, SECOND};
pub use line::{Asks, Line};
pub use stage::{Future, Latency, Lived, Seen, Stage, Stop};
pub use tally::{Histogram, Load, STEPS, Tally};

use crate::workload::Burst;

/// E[Σ nᵢ(nᵢ−1)] / n(n−1) and E[Σ nᵢ(nᵢ−1)(nᵢ−2)] / n(n−1)(n−2) of the parts of a split of n requests, whatever n is.
///
/// With m parts on they are (α+1)/(mα+1) and (α+1)(α+2)/((mα+1)(mα+2)); m is binomial, and where it would be zero,
/// all requests are in one part. Six equal parts have 1/6 and 1/36.
pub fn split_moments(parts: usize, burst: &Burst) -> (f64, f64) {
    let alpha = burst.evenness(parts);
    let of = |m: f64| {
        if alpha == f64::INFINITY {
            return (1.0 / m, 1.0 / (m * m));
        }
        let second = (alpha + 1.0) / (m * alpha + 1.0);
        (second, second * (alpha + 2.0) / (m * alpha + 2.0))
    };
    let (on, quiet) = (1.0 - burst.quiet, burst.quiet);
    let none = libm::pow(quiet, parts as f64);
    let (mut second, mut third) = (none, none);
    let mut ways = 1.0;
    for m in 1..=parts {
        ways *= (parts - m + 1) as f64 / m as f64;
        let chance = ways * libm::pow(on, m as f64) * libm::pow(quiet, (parts - m) as f64);
        let (two, three) = of(m as f64);
        second += chance * two;
        third += chance * three;
    }
    (second, third)
}
