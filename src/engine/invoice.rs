//! A month's sums priced on one route, with the same exact arithmetic as a single request.

use std::sync::Arc;

use super::counts::poisson;
use super::traffic::{SegmentSums, Terms, Traffic};
use crate::billing::{BandSums, MonthBill, Scope, bill_band, bill_meter, fees_of};
use crate::catalogue::{Component, Fee, Meter, Price};
use crate::domain::money::{Ratio, Usd};
use crate::domain::quantity::Quantity;
use crate::workload::{OverWindow, Route, RoutePlan, Slice};

/// What a route's month comes to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Invoice {
    /// The bill.
    pub bill: MonthBill,
    /// What it is for.
    pub tally: Tally,
}

/// Requests and tokens beside the money, of one month or summed over many.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Requests that were served.
    pub served: f64,
    /// Requests that were refused for their length.
    pub rejected: f64,
    /// Requests whose prompt was cut.
    pub truncated: f64,
    /// Served requests above the base band.
    pub crossing: f64,
    /// What those cost, tokens only.
    pub crossing_usd: f64,
    /// Input tokens that were billed.
    pub input_tokens: f64,
    /// Of these, cached.
    pub cached_tokens: f64,
    /// Tokens that should have been cached by the stated hit rate, and could not be.
    pub unreached_tokens: f64,
    /// Input tokens of refused requests.
    pub rejected_tokens: f64,
    /// Whether there were more tokens than can be billed.
    pub too_large: bool,
    /// Output tokens that were billed.
    pub output_tokens: f64,
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: &Tally) {
        self.served += other.served;
        self.rejected += other.rejected;
        self.truncated += other.truncated;
        self.crossing += other.crossing;
        self.crossing_usd += other.crossing_usd;
        self.input_tokens += other.input_tokens;
        self.cached_tokens += other.cached_tokens;
        self.unreached_tokens += other.unreached_tokens;
        self.rejected_tokens += other.rejected_tokens;
        self.output_tokens += other.output_tokens;
        self.too_large |= other.too_large;
    }
}

/// One workload's month as a route sees it.
pub struct Month<'a> {
    /// The workload.
    pub traffic: &'a Traffic<'a>,
    /// What holds in the trial.
    pub terms: &'a Terms,
    /// The sums, one per segment.
    pub sums: &'a [SegmentSums],
    /// The uniform behind the number of searches, the same for all routes.
    pub search_u: f64,
}

/// Prices the workloads' months on route number `index`; the month has `days`.
pub fn invoice(
    route: &Route,
    index: usize,
    (month, days): (usize, usize),
    workloads: &[Month<'_>],
    values: &[f64],
) -> Invoice {
    let mut invoice = Invoice::default();
    let price_ratio = Ratio::nearest(values[route.discount.0]).complement();
    let mut used: Vec<MeterUse> = Vec::new();
    for (plan, workload) in route.plans.iter().zip(workloads) {
        let served_before = invoice.tally.served;
        for slice in &plan.months[month] {
            add_slice(&mut invoice, plan, index, slice, workload, values, price_ratio);
        }
        let served = invoice.tally.served - served_before;
        count_searches(&mut used, plan, month, served, workload.search_u, values);
    }
    // Free allowances belong to all workloads of the route together.
    let scope = Scope::Month { days: days as u64, requests: whole(invoice.tally.served) };
    invoice.bill.tools = used.iter().map(|one| bill_share(one, &used, scope)).sum();
    let fees: Vec<&Fee> = route.fees[month].iter().collect();
    invoice.bill.fees = fees_of(&fees, invoice.bill.total());
    invoice
}

fn add_slice(
    invoice: &mut Invoice,
    plan: &RoutePlan,
    index: usize,
    slice: &Slice,
    workload: &Month<'_>,
    values: &[f64],
    price_ratio: Ratio,
) {
    let route = &workload.traffic.routes[index];
    let factor = values[plan.token_factor.0];
    for (segment, sums) in workload.terms.segments.iter().zip(workload.sums) {
        let requests = sums.requests * slice.share;
        if requests == 0.0 {
            continue;
        }
        let (tokens, prompt) = match (route.tokens_of(segment, factor), route.longest()) {
            (Some(tokens), _) => (tokens, sums.basis[0] * slice.share * factor),
            (None, Some(longest)) if workload.traffic.workload.over_window == OverWindow::Truncate => {
                invoice.tally.truncated += requests;
                (longest, requests * longest as f64)
            }
            (None, _) => {
                invoice.tally.rejected += requests;
                invoice.tally.rejected_tokens += sums.basis[0] * slice.share * factor;
                continue;
            }
        };
        let Some(band) = slice.card.band_of(tokens) else {
            // `longest` is at most what every card in use sells.
            debug_assert!(false, "a served prompt that the card does not sell");
            continue;
        };
        let band = &slice.card.bands[band];
        // Where cached tokens pay the input price by rule, they are input like any other.
        let cached = match band.rates.price(Component::CachedInput) {
            Price::ByRule(rate) if Some(rate) == band.rates.rate(Component::Input) => 0.0,
            _ => (sums.basis[route.cached] * slice.share * factor).min(prompt),
        };
        let output = sums.basis[route.output] * slice.share * factor;
        let written = (prompt - cached) * values[plan.write_share.0];
        let band_sums = BandSums {
            uncached: whole(prompt - cached - written),
            cached: whole(cached),
            written: whole(written),
            output: whole(output),
        };
        let bill = bill_band(band, &band_sums, price_ratio);
        invoice.tally.too_large |= prompt.max(output) > MOST_TOKENS;
        invoice.tally.served += requests;
        invoice.tally.input_tokens += prompt;
        invoice.tally.cached_tokens += cached;
        invoice.tally.unreached_tokens += prompt * workload.terms.views[route.view].shortfall;
        invoice.tally.output_tokens += output;
        if band.rates != band.base {
            invoice.tally.crossing += requests;
            invoice.tally.crossing_usd += bill.total().to_f64();
        }
        invoice.bill.add(&bill);
    }
}

/// What a month used of a meter.
struct MeterUse {
    meter: Arc<Meter>,
    quantity: Quantity,
}

/// The bill of a meter that was in force for a part of the month: it has that part of the free allowance.
fn bill_share(one: &MeterUse, all: &[MeterUse], scope: Scope) -> Usd {
    let rivals = all.iter().filter(|other| other.meter.name == one.meter.name);
    let total: u64 = rivals.map(|other| other.quantity.millionths()).sum();
    if total == one.quantity.millionths() || total == 0 {
        return bill_meter(&one.meter, one.quantity, scope).amount;
    }
    let share = one.quantity.millionths() as f64 / total as f64;
    let mut meter = Meter::clone(&one.meter);
    if let Some(included) = &mut meter.included {
        let part = included.quantity.millionths() as f64 * share;
        included.quantity = Quantity::from_millionths(whole(part));
    }
    bill_meter(&meter, one.quantity, scope).amount
}

/// Adds the searches of `served` requests: a Poisson number, split over the month's prices.
fn count_searches(
    used: &mut Vec<MeterUse>,
    plan: &RoutePlan,
    month: usize,
    served: f64,
    u: f64,
    values: &[f64],
) {
    let mean = served * values[plan.searches_per_request.0];
    if mean <= 0.0 {
        return;
    }
    let count = poisson(mean, u);
    for slice in &plan.months[month] {
        let Some(meter) = &slice.search else { continue };
        let quantity = Quantity::whole(whole(count * slice.share));
        match used.iter_mut().find(|known| Arc::ptr_eq(&known.meter, meter) || known.meter == *meter) {
            Some(known) => known.quantity = known.quantity.plus(quantity),
            None => used.push(MeterUse { meter: meter.clone(), quantity }),
        }
    }
}

/// The most tokens of a month and segment that are billed exactly: a float still tells them apart to a
/// thousandth, and the money stays inside of 128 bits.
const MOST_TOKENS: f64 = 9e18;

/// The nearest whole token count.
fn whole(tokens: f64) -> u64 {
    debug_assert!(tokens.is_finite(), "token sums are finite");
    tokens.round().max(0.0) as u64
}
