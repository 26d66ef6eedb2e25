//! A route's month in one trial: tokens of all workloads, searches, fees.

use std::sync::Arc;

use super::counts::poisson;
use super::outcome::{BesideTokens, RouteOutcome};
use crate::billing::{Scope, bill_meter};
use crate::catalogue::{Fee, Meter};
use crate::domain::quantity::Quantity;
use crate::workload::Slice;

/// What a route's month came to, workload by workload.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// What tokens cost, USD.
    pub tokens: Money,
    /// What crossing a band costs of that, USD.
    pub premium: Money,
    /// Requests that are served.
    served: f64,
    /// Searches by meter.
    searches: Vec<MeterUse>,
    /// Whether some part of the month did not follow its limit law.
    pub single: bool,
    /// Whether requests come in sessions, so that searches scatter with tokens.
    pub clustered: bool,
}

/// An amount as drawn, and what was expected of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Money {
    /// As drawn, USD.
    pub drawn: f64,
    /// Its expectation given the trial, USD.
    pub expected: f64,
    /// Its variance given the trial, USD².
    pub variance: f64,
    /// Its third cumulant given the trial, USD³.
    pub third: f64,
}

impl Money {
    /// Adds an independent amount.
    pub fn add(&mut self, other: Money) {
        self.drawn += other.drawn;
        self.expected += other.expected;
        self.variance += other.variance;
        self.third += other.third;
    }

    /// Variance over mean, if the skewness of the scatter is too small to be seen in a quantile; with a minus where
    /// it could just be seen if all trials were like this one.
    ///
    /// With relative scatter η and skewness γ it moves the logarithm of P99 by about 0.735 γ η² / √(σ² + η²)
    /// where volume scatters by σ: the third cumulant γ η³ over the variance, times (z² − 1)/6.
    fn noise(&self, volume_sd: f64) -> f64 {
        if self.expected <= 0.0 {
            return if self.drawn == 0.0 { 0.0 } else { f64::NAN };
        }
        let (mean, variance) = (self.expected, self.variance);
        let noise = variance / mean;
        let relative = noise / mean;
        // 0.735 γ η² / √(σ² + η²) < most, squared, with γ η² = third / (√variance · mean²).
        let skew = 0.735 * self.third;
        let below = |share: f64| {
            let most = share * mean * mean;
            skew * skew < most * most * variance * (volume_sd * volume_sd + relative)
        };
        if variance == 0.0 || below(MOST_SKEWNESS) {
            noise
        } else if below(VISIBLE_SKEWNESS) {
            -noise
        } else {
            f64::NAN
        }
    }
}

/// The most that neglected skewness may move P99, relative.
const MOST_SKEWNESS: f64 = 5e-4;
/// The same in the few trials of a forecast that may be beyond it: in a tenth of them it moves P99 of all by a tenth
/// of this.
const VISIBLE_SKEWNESS: f64 = 5e-3;

/// What a month used of a meter.
#[derive(Clone, Debug)]
struct MeterUse {
    meter: Arc<Meter>,
    /// Whole units.
    count: f64,
}

impl Ledger {
    /// Enters the searches of `served` requests: a Poisson number by the uniform `u`, split over the month's
    /// prices.
    pub fn search(&mut self, per_request: f64, slices: &[Slice], served: f64, u: f64) {
        self.served += served;
        let mean = served * per_request;
        if mean <= 0.0 {
            return;
        }
        let count = poisson(mean, u);
        for slice in slices {
            let Some(meter) = &slice.search else { continue };
            let count = (count * slice.share).round();
            match self
                .searches
                .iter_mut()
                .find(|known| Arc::ptr_eq(&known.meter, meter) || known.meter == *meter)
            {
                Some(known) => known.count += count,
                None => self.searches.push(MeterUse { meter: meter.clone(), count }),
            }
        }
    }

    /// Ready for another trial.
    pub fn clear(&mut self) {
        (self.tokens, self.premium, self.served) = (Money::default(), Money::default(), 0.0);
        (self.single, self.clustered) = (false, false);
        self.searches.clear();
    }

    /// What the searches cost, USD. Free allowances belong to all workloads of the route together.
    fn tools(&self, days: usize) -> f64 {
        if self.searches.is_empty() {
            return 0.0;
        }
        let scope = Scope::Month { days: days as u64, requests: whole(self.served) };
        self.searches.iter().map(|one| bill_share(one, &self.searches, scope)).sum()
    }
}

impl RouteOutcome {
    /// Enters a month of `days` days under `fees`; the logarithm of volume scatters by `volume_sd`.
    pub fn enter(&mut self, ledger: &Ledger, fees: &[MonthFee], days: usize, volume_sd: f64) -> BesideTokens {
        let tools = ledger.tools(days);
        let (spend, expected) = (ledger.tokens.drawn + tools, ledger.tokens.expected + tools);
        let (drawn_fees, _) = fees_on(fees, spend);
        let (expected_fees, minimum_counts) = fees_on(fees, expected);
        // A minimum is no share of what is expected: a month without any request has no fee at all.
        let expected_fees = if minimum_counts { drawn_fees } else { expected_fees };
        self.spend.push(spend + drawn_fees);
        self.premium.push(ledger.premium.drawn);
        self.expected.spend.push(expected + expected_fees);
        self.expected.premium.push(ledger.premium.expected);
        // Steps, allowances and minimums are not proportional to the volume, and with sessions the number of
        // searches scatters with that of tokens.
        let searches =
            ledger.searches.is_empty() || !ledger.clustered && ledger.searches.iter().all(MeterUse::is_flat);
        let proportional = !minimum_counts && searches;
        let factor = 1.0 + fees.iter().map(|fee| fee.share).sum::<f64>();
        let noise = |money: &Money| match (proportional, money.noise(volume_sd)) {
            (false, _) => f64::NAN,
            // Few requests of some segment: the law of their sum is no limit law, and may only stand for few trials.
            (true, noise) if ledger.single => -noise.abs(),
            (true, noise) => noise,
        };
        self.expected.spend_noise.push(noise(&ledger.tokens) * factor);
        self.expected.premium_noise.push(noise(&ledger.premium));
        self.sums.tools += tools;
        self.sums.fees += expected_fees;
        BesideTokens { tools, fees: expected_fees }
    }
}

/// A platform fee of a month.
#[derive(Clone, Copy, Debug)]
pub struct MonthFee {
    share: f64,
    minimum: f64,
}

impl From<&Fee> for MonthFee {
    fn from(fee: &Fee) -> Self {
        MonthFee { share: fee.share.to_f64(), minimum: fee.minimum.to_f64() }
    }
}

/// The platform fees on a month's spend, as [`fees_of`](crate::billing::fees_of) reckons them; and whether a
/// minimum could count at a fifth of the spend.
fn fees_on(fees: &[MonthFee], spend: f64) -> (f64, bool) {
    if spend == 0.0 {
        return (0.0, false);
    }
    fees.iter().fold((0.0, false), |(sum, counts), fee| {
        let share = spend * fee.share;
        (sum + share.max(fee.minimum), counts || share < 5.0 * fee.minimum)
    })
}

impl MeterUse {
    /// Whether it costs the same for every unit.
    fn is_flat(&self) -> bool {
        matches!(self.meter.tariff, crate::catalogue::Tariff::Flat(_)) && self.meter.included.is_none()
    }
}

/// The bill of a meter that was in force for a part of the month, USD: it has that part of the free allowance.
fn bill_share(one: &MeterUse, all: &[MeterUse], scope: Scope) -> f64 {
    let rivals = all.iter().filter(|other| other.meter.name == one.meter.name);
    let total: f64 = rivals.map(|other| other.count).sum();
    // Quantities hold so many units exactly. Beyond, no allowance or step is left that could be seen.
    let (count, times) =
        if one.count > MOST_UNITS { (MOST_UNITS, one.count / MOST_UNITS) } else { (one.count, 1.0) };
    let quantity = Quantity::whole(whole(count));
    if total == one.count || total == 0.0 {
        return times * bill_meter(&one.meter, quantity, scope).amount.to_f64();
    }
    let mut meter = Meter::clone(&one.meter);
    if let Some(included) = &mut meter.included {
        let part = included.quantity.millionths() as f64 * (one.count / total);
        included.quantity = Quantity::from_millionths(whole(part));
    }
    times * bill_meter(&meter, quantity, scope).amount.to_f64()
}

/// The most units of a month that are billed one by one.
const MOST_UNITS: f64 = 1e12;

/// The nearest whole count.
fn whole(count: f64) -> u64 {
    debug_assert!(count.is_finite(), "counts are finite");
    count.round().max(0.0) as u64
}
