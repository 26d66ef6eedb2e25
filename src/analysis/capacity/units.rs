//! Cost against provisioned units: the units, and what they spill by the token.

use super::plan::Plan;
use super::route::{Chain, lived, summed, weights};
use crate::billing::sold_size;
use crate::engine::Options;
use crate::engine::capacity::{Lived as Stretch, Stage, Tally};
use crate::workload::{ReservedTerm, Scenario, UnitOffer};

/// Sizes that are tried.
const SIZES: u64 = 14;
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
    /// How busy a unit has to be to pay for itself, under every way: P10, P50 and P90 of the futures; above 1 it never
    /// does.
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

/// The curve of a route, from none to more than its busiest minutes take.
pub fn curve(
    scenario: &Scenario,
    stage: &Stage<'_>,
    plan: &Plan,
    options: &Options,
    at: usize,
    sold: &UnitOffer,
    (tally, own): (&Tally, &[Stretch]),
) -> anyhow::Result<UnitsCurve> {
    let hours = stage.hours() as f64;
    let ways: Vec<(String, f64)> = sold
        .hour_usd
        .map(|_| ("by the hour".to_owned(), unit_usd(sold, None, hours)))
        .into_iter()
        .chain(
            sold.terms.iter().map(|term| (format!("for {}", term.name), unit_usd(sold, Some(term), hours))),
        )
        .collect();
    let per_unit = sold.input_tokens_per_minute;
    let most = tally.weighted_per_minute.quantile(0.999) as f64 / per_unit * 1.1;
    let mut numbers: Vec<u64> =
        (1..=SIZES).map(|n| sold_size(&sold.offer, most * n as f64 / SIZES as f64)).collect();
    numbers.extend(scenario.capacity.routes[at].units.as_ref().map(|units| units.count));
    numbers.sort_unstable();
    numbers.dedup();
    // What all of it costs by the token, where no limit refuses any.
    let free = lived(scenario, stage, plan, options, &Chain::by_tokens(scenario, at), weights(Some(sold)))?;
    let by_tokens_usd: f64 = summed(plan, &free, 1).usd_by.iter().sum();
    let cost_of =
        |rest: f64, units: u64| ways.iter().map(|(_, usd)| rest + usd * units as f64).collect::<Vec<f64>>();
    let mut sizes = vec![SizeCost {
        units: 0,
        served_share: 0.0,
        used_share: 0.0,
        rest_usd: by_tokens_usd,
        total_usd: cost_of(by_tokens_usd, 0),
    }];
    for units in numbers {
        let chain = Chain::new(scenario, at, Some(units));
        let stretches = lived(scenario, stage, plan, options, &chain, weights(Some(sold)))?;
        let sum = summed(plan, &stretches, chain.stops.len());
        let rest: f64 = sum.usd_by.iter().skip(1).sum();
        let throughput = units as f64 * per_unit * tally.seconds / 60.0;
        sizes.push(SizeCost {
            units,
            served_share: sum.share(sum.served_by[0]),
            used_share: if throughput > 0.0 { sum.weighted_first / throughput } else { 0.0 },
            rest_usd: rest,
            total_usd: cost_of(rest, units),
        });
    }
    let best = (0..ways.len()).map(|way| best(&sizes, way)).collect();
    Ok(UnitsCurve {
        unit: sold.offer.unit.clone(),
        break_even: ways.iter().map(|(_, usd)| break_even(own, per_unit, usd / hours)).collect(),
        terms: ways.into_iter().map(|(name, _)| name).collect(),
        sizes,
        best,
        by_tokens_usd,
    })
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
fn break_even(stretches: &[Stretch], per_unit: f64, unit_hour_usd: f64) -> [f64; 3] {
    let of = |lived: &Stretch| {
        let usd_per_token = lived.tally.weighted_usd / lived.tally.weighted;
        unit_hour_usd / (usd_per_token * per_unit * 60.0)
    };
    let mut found: Vec<f64> = stretches
        .iter()
        .filter(|lived| lived.tally.weighted > 0.0)
        .map(of)
        .filter(|share| share.is_finite())
        .collect();
    found.sort_by(f64::total_cmp);
    if found.is_empty() {
        return [f64::INFINITY; 3];
    }
    [0.1, 0.5, 0.9].map(|share| found[((found.len() - 1) as f64 * share).round() as usize])
}
