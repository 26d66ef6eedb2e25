//! What it takes to hold: provisioned units, and the usage tier of a provider.

use crate::billing::sold_size;
use crate::catalogue::{RateLimit, UsageTier};
use crate::engine::capacity::{Load, Tally};
use crate::workload::{RouteCapacity, UnitOffer};

/// Units that it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct RequiredUnits {
    /// What a unit is called.
    pub unit: String,
    /// For the mean of all minutes.
    pub mean: u64,
    /// For all but one minute in a hundred.
    pub p99_minute: u64,
    /// For all but one minute in a thousand.
    pub p999_minute: u64,
    /// The same before rounding to what is sold.
    pub exact: (f64, f64, f64),
}

/// The units for the load of a tally: weighted tokens per minute over what a unit serves, rounded to sizes on sale.
pub fn required_units(sold: &UnitOffer, tally: &Tally) -> RequiredUnits {
    let of = |weighted: f64| weighted / sold.input_tokens_per_minute;
    let minutes = (tally.seconds / 60.0).max(f64::MIN_POSITIVE);
    let mean = of(tally.weighted / minutes);
    let p99 = of(tally.weighted_per_minute.quantile(0.99) as f64);
    let p999 = of(tally.weighted_per_minute.quantile(0.999) as f64);
    RequiredUnits {
        unit: sold.offer.unit.clone(),
        mean: sold_size(&sold.offer, mean),
        p99_minute: sold_size(&sold.offer, p99),
        p999_minute: sold_size(&sold.offer, p999),
        exact: (mean, p99, p999),
    }
}

/// The usage tier that it takes.
#[derive(Clone, Debug, PartialEq)]
pub enum RequiredTier {
    /// No limits are published.
    Unpublished,
    /// Nothing is asked of the route's tokens: its units serve all, or refuse.
    Unused,
    /// The lowest whose limits hold in all but one window of a hundred.
    Tier(Earned),
    /// None holds: the highest, and how many times its limit is asked for.
    None {
        /// The highest.
        highest: Earned,
        /// How many times its tightest limit.
        times: f64,
    },
}

/// A usage tier and what it takes to have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Earned {
    /// Its name.
    pub name: String,
    /// What earns it, in words; empty where it is not published.
    pub earned_by: String,
    /// Requests per minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens per minute.
    pub tokens_per_minute: Option<u64>,
    /// Input tokens that its batch queue holds.
    pub batch_queue_tokens: Option<u64>,
}

impl Earned {
    /// A tier by its limit.
    pub fn new(name: &str, limit: &RateLimit, tier: Option<&UsageTier>) -> Self {
        Earned {
            name: name.to_owned(),
            earned_by: tier.map_or_else(String::new, UsageTier::words),
            requests_per_minute: limit.requests_per_minute,
            tokens_per_minute: limit.tokens_per_minute,
            batch_queue_tokens: limit.batch_queue_tokens,
        }
    }
}

/// The lowest usage tier whose limits hold in all but one of a hundred of the windows over which they are enforced:
/// requests over every published one, tokens over the minute. `load` is what is asked of the route's tokens.
pub fn required_tier(capacity: &RouteCapacity, load: Option<&Load>) -> RequiredTier {
    let Some(load) = load else { return RequiredTier::Unused };
    // A window's count as a rate per minute.
    let in_window = |seconds: &u64| {
        let (counts, seconds) = load.window(*seconds);
        counts.quantile(0.99) as f64 * 60.0 / seconds as f64
    };
    let requests = capacity.request_windows_s.iter().map(in_window).fold(0.0, f64::max);
    let tokens = load.tokens_per_minute.quantile(0.99) as f64;
    let over = |figure: Option<u64>, asked: f64| figure.map(|figure| asked / figure as f64);
    lowest(&capacity.tiers, |limit| {
        [over(limit.requests_per_minute, requests), over(limit.tokens_per_minute, tokens)]
            .into_iter()
            .flatten()
            .reduce(f64::max)
    })
}

/// The lowest tier whose limit is asked for at most once; `times` says how often, where a tier has such a limit.
pub fn lowest(
    tiers: &[(RateLimit, Option<UsageTier>)],
    times: impl Fn(&RateLimit) -> Option<f64>,
) -> RequiredTier {
    let mut highest = None;
    for (limit, tier) in tiers.iter().filter(|(limit, _)| limit.above_tokens.is_none()) {
        let (Some(name), Some(times)) = (&limit.usage_tier, times(limit)) else { continue };
        let earned = Earned::new(name, limit, tier.as_ref());
        if times <= 1.0 {
            return RequiredTier::Tier(earned);
        }
        highest = Some((earned, times));
    }
    highest.map_or(RequiredTier::Unpublished, |(highest, times)| RequiredTier::None { highest, times })
}
