//! What calls, results, pages, hours and storage cost.

use crate::catalogue::{Included, Meter, MeterBand, Period, Tariff};
use crate::domain::money::{Rate, Usd};
use crate::domain::quantity::Quantity;

/// What a quantity was used in: it decides which free allowances apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One request. Allowances of a day or a month belong to all requests together and are not deducted.
    Request,
    /// All that a month used.
    Month {
        /// Days in the month.
        days: u64,
        /// Requests in the month, for allowances per request.
        requests: u64,
    },
}

/// The bill of one meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterBill {
    /// What was used.
    pub used: Quantity,
    /// What of it was free.
    pub free: Quantity,
    /// What is billed: used less free, in whole steps, at least the minimum.
    pub billed: Quantity,
    /// Quantities with their rates per million units.
    pub lines: Vec<(Quantity, Rate)>,
    /// What that costs.
    pub amount: Usd,
}

/// What a quantity costs on a meter. 11 results in steps of 10 are billed as 20; 5,400 pages with 1,000 a
/// month free at 1.50 a thousand cost 4,400 × 0.0015 = 6.60 USD.
pub fn bill_meter(meter: &Meter, used: Quantity, scope: Scope) -> MeterBill {
    let free = meter.included.map_or(Quantity::ZERO, |included| allowance(included, scope)).min(used);
    let rest = used.less(free);
    let billed = if rest == Quantity::ZERO { rest } else { rest.up_to_step(meter.step).max(meter.minimum) };
    let lines = match &meter.tariff {
        Tariff::Flat(rate) => vec![(billed, *rate)],
        Tariff::Graduated(bands) => slices(bands, billed),
        Tariff::Whole(bands) => {
            let band = bands.iter().find(|band| band.up_to.is_none_or(|end| billed <= end));
            // The last band of a checked meter is open, so there always is one.
            band.map(|band| vec![(billed, band.rate)]).unwrap_or_default()
        }
    };
    let amount = lines.iter().map(|(quantity, rate)| rate.times_quantity(*quantity)).sum();
    MeterBill { used, free, billed, lines, amount }
}

fn allowance(included: Included, scope: Scope) -> Quantity {
    match (included.per, scope) {
        (Period::Request, Scope::Request) | (Period::Month, Scope::Month { .. }) => included.quantity,
        (Period::Request, Scope::Month { requests, .. }) => included.quantity.times(requests),
        (Period::Day, Scope::Month { days, .. }) => included.quantity.times(days),
        (Period::Day | Period::Month, Scope::Request) => Quantity::ZERO,
    }
}

fn slices(bands: &[MeterBand], billed: Quantity) -> Vec<(Quantity, Rate)> {
    let mut begun = Quantity::ZERO;
    let mut slices = Vec::new();
    for band in bands {
        let end = band.up_to.map_or(billed, |end| end.min(billed));
        if end > begun {
            slices.push((end.less(begun), band.rate));
            begun = end;
        }
    }
    slices
}
