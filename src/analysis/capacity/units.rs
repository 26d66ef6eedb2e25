//! Cost against provisioned units: the units, and what they spill by the token.

use super::plan::Plan;
use super::route::{Chain, lived, summed, weights};
use crate::billing::sold_size;
use crate::engine::Options;
use crate::engine::capacity::{Client, Lived as Stretch, Load, Stage, Tally};
use crate::workload::{ReservedTerm, Scenario, UnitOffer};

/// Sizes that are tried, closer where they are small.
const SIZES: u64 = 11;
/// How often the sizes beside the cheapest are halved.
const HALVINGS: usize = 2;
/// How often the hours are lived through for a curve, at most.
pub const PASSES: usize = SIZES as usize + 3 + 2 * HALVINGS;
/// What costs at most this much more than the least is as good.
const FLAT: f64 = 0.01;

/// Cost against the number of units.
#[derive(Clone, Debug)]
pub struct UnitsCurve {
    /// What a unit is called.
    pub unit: String,
    /// The ways to buy them: `by the hour`, and commitments.
    pub terms: Vec<String>,
    /// Sizes, growing.
    pub sizes: Vec<SizeCost>,
    /// Of every way: the size that costs least, and the first and last that cost hardly more.
    pub best: Vec<(u64, u64, u64)>,
    /// What everything costs by the token, USD over the horizon.
    pub by_tokens_usd: f64,
    /// What the units that are bought have no room for, were there no limits and retries.
    pub beyond: Option<Load>,
    /// How busy a unit has to be to pay for itself, under every way: P10, P50 and P90 of the hours with a load; above 1
    /// it never does.
    pub break_even: Vec<[f64; 3]>,
}

/// A size.
#[derive(Clone, Debug, PartialEq)]
pub struct SizeCost {
    /// Units.
    pub units: u64,
    /// The share of the requests that they serve.
    pub served_share: f64,
    /// The share of their throughput that is used.
    pub used_share: f64,
    /// What the rest costs by the token, USD over the horizon.
    pub rest_usd: f64,
    /// Units and rest, under every way to buy them.
    pub total_usd: Vec<f64>,
}

/// What a unit costs over the horizon under a commitment, or by the hour.
pub fn unit_usd(sold: &UnitOffer, term: Option<&ReservedTerm>, hours: f64) -> f64 {
    match term {
        Some(term) => term.unit_price.to_f64(),
        None => sold.hour_usd.unwrap_or(0.0) * hours,
    }
}

/// The curve of a route, from none to more than its busiest minutes take. Every size serves the same requests: what
/// units refuse is served by the route's tokens, whose limits and errors are left out.
pub fn curve(
    scenario: &Scenario,
    stage: &Stage<'_>,
    plan: &Plan,
    options: &Options,
    at: usize,
    sold: &UnitOffer,
    (tally, own): (&Tally, &[Stretch]),
) -> anyhow::Result<UnitsCurve> {
    let hours = plan.hours;
    let usd = |term| unit_usd(sold, term, stage.hours() as f64) * hours / stage.hours() as f64;
    let by_hour = sold.hour_usd.map(|_| ("by the hour".to_owned(), usd(None)));
    let committed = sold.terms.iter().map(|term| (format!("for {}", term.name), usd(Some(term))));
    let ways: Vec<(String, f64)> = by_hour.into_iter().chain(committed).collect();
    let per_unit = sold.input_tokens_per_minute;
    let most = tally.weighted_per_minute.quantile(0.999) as f64 / per_unit * 1.1;
    let bought = scenario.capacity.routes[at].units.as_ref().map(|units| units.count);
    let part = |n: u64| (n as f64 / SIZES as f64).powf(1.5);
    let mut numbers: Vec<u64> = (1..=SIZES).map(|n| sold_size(&sold.offer, most * part(n))).collect();
    numbers.push(sold.offer.minimum_units);
    numbers.extend(bought);
    numbers.sort_unstable();
    numbers.dedup();
    let sum_of = |units: u64| {
        let chain = Chain::for_costs(scenario, at, units);
        let stretches = lived(stage, plan, options, &chain, Client::MEEK, weights(Some(sold)))?;
        anyhow::Ok(summed(plan, &stretches, chain.stops.len()))
    };
    let by_tokens_usd: f64 = sum_of(0)?.usd_by.iter().sum();
    let cost_of =
        |rest: f64, units: u64| ways.iter().map(|(_, usd)| rest + usd * units as f64).collect::<Vec<f64>>();
    let mut sizes = vec![SizeCost {
        units: 0,
        served_share: 0.0,
        used_share: 0.0,
        rest_usd: by_tokens_usd,
        total_usd: cost_of(by_tokens_usd, 0),
    }];
    let mut beyond = None;
    let mut size_of = |units: u64| {
        let sum = sum_of(units)?;
        if Some(units) == bought {
            beyond = sum.loads.last().cloned();
        }
        let rest: f64 = sum.usd_by.iter().skip(1).sum();
        let throughput = units as f64 * per_unit * tally.seconds / 60.0;
        anyhow::Ok(SizeCost {
            units,
            served_share: sum.share(sum.served_by[0]),
            used_share: if throughput > 0.0 { sum.weighted_first / throughput } else { 0.0 },
            rest_usd: rest,
            total_usd: cost_of(rest, units),
        })
    };
    for units in numbers.into_iter().filter(|units| *units > 0) {
        sizes.push(size_of(units)?);
    }
    for _ in 0..HALVINGS {
        for units in beside_the_cheapest(&sizes, sold) {
            sizes.push(size_of(units)?);
        }
        sizes.sort_by_key(|size| size.units);
    }
    let best = (0..ways.len()).map(|way| best(&sizes, way)).collect();
    Ok(UnitsCurve {
        unit: sold.offer.unit.clone(),
        break_even: ways.iter().map(|(_, usd)| break_even(plan, own, per_unit, usd / hours)).collect(),
        terms: ways.into_iter().map(|(name, _)| name).collect(),
        sizes,
        best,
        by_tokens_usd,
        beyond,
    })
}

/// Sizes half way between the cheapest and its neighbours that were not tried.
fn beside_the_cheapest(sizes: &[SizeCost], sold: &UnitOffer) -> Vec<u64> {
    let least = |size: &SizeCost| size.total_usd.iter().copied().fold(f64::INFINITY, f64::min);
    let cheapest = (0..sizes.len()).min_by(|a, b| least(&sizes[*a]).total_cmp(&least(&sizes[*b])));
    let Some(at) = cheapest else { return Vec::new() };
    let pairs = [at.checked_sub(1).map(|before| (before, at)), Some((at, at + 1))];
    let halves = pairs.into_iter().flatten().filter(|(_, after)| *after < sizes.len());
    let mut halves: Vec<u64> = halves
        .map(|(a, b)| sold_size(&sold.offer, 0.5 * (sizes[a].units + sizes[b].units) as f64))
        .filter(|units| sizes.iter().all(|size| size.units != *units))
        .collect();
    halves.dedup();
    halves
}

fn best(sizes: &[SizeCost], way: usize) -> (u64, u64, u64) {
    let cost = |size: &SizeCost| size.total_usd[way];
    let least = sizes.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
    let Some(least) = least else { return (0, 0, 0) };
    let good: Vec<u64> =
        sizes.iter().filter(|size| cost(size) <= cost(least) * (1.0 + FLAT)).map(|size| size.units).collect();
    (least.units, good.first().copied().unwrap_or(0), good.last().copied().unwrap_or(0))
}

/// The share of its throughput at which a unit costs what the same requests cost by the token: P10, P50 and P90.
fn break_even(plan: &Plan, stretches: &[Stretch], per_unit: f64, unit_hour_usd: f64) -> [f64; 3] {
    let of = |lived: &Stretch| {
        let usd_per_token = lived.tally.weighted_usd / lived.tally.weighted;
        unit_hour_usd / (usd_per_token * per_unit * 60.0)
    };
    let mut found: Vec<(f64, f64)> = plan
        .stretches
        .iter()
        .zip(stretches)
        .filter(|(_, lived)| lived.tally.weighted > 0.0)
        .map(|(stretch, lived)| (of(lived), stretch.weight))
        .filter(|(share, _)| share.is_finite())
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    // An hour counts as often as it stands for others.
    let all: f64 = found.iter().map(|(_, weight)| weight).sum();
    [0.1, 0.5, 0.9].map(|share| {
        let mut below = 0.0;
        let at = found.iter().position(|(_, weight)| {
            below += weight;
            below >= share * all * (1.0 - 1e-12)
        });
        at.map_or(f64::INFINITY, |at| found[at].0)
    })
}
