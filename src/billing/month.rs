//! The bill of a month from its token sums: linear in the sums, so one multiplication per component
//! and band prices any number of requests.

use crate::catalogue::{Band, Component, Fee, Rates};
use crate::domain::money::{Rate, Ratio, Usd};

/// Token sums of the requests of one band. The token counts are disjoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BandSums {
    /// Input tokens that no cache served and that were not written to one.
    pub uncached: u64,
    /// Input tokens that the cache served.
    pub cached: u64,
    /// Input tokens written to the cache for its default lifetime.
    pub written: u64,
    /// Input tokens written to the cache for an hour.
    pub written_1h: u64,
    /// Output tokens.
    pub output: u64,
}

/// A month's bill by component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonthBill {
    /// Uncached input.
    pub input: Usd,
    /// Cached input.
    pub cached_input: Usd,
    /// Cache writes.
    pub cache_write: Usd,
    /// Output.
    pub output: Usd,
    /// Tool calls.
    pub tools: Usd,
    /// Platform fees.
    pub fees: Usd,
    /// The part of the token components that is owed to crossing a band, before fees.
    pub premium: Usd,
}

impl MonthBill {
    /// Everything that has to be paid; the premium is inside of it.
    pub fn total(&self) -> Usd {
        self.input + self.cached_input + self.cache_write + self.output + self.tools + self.fees
    }

    /// Adds another bill, component by component.
    pub fn add(&mut self, other: &MonthBill) {
        self.input += other.input;
        self.cached_input += other.cached_input;
        self.cache_write += other.cache_write;
        self.output += other.output;
        self.tools += other.tools;
        self.fees += other.fees;
        self.premium += other.premium;
    }
}

/// What the requests of one band cost at its rates, after a discount on tokens.
///
/// `price_ratio` is what remains of the list price, one minus the discount. A band without a price for
/// cached input, or that sells no output, must not be given such tokens: the scenario's check refuses that
/// before any trial.
pub fn bill_band(band: &Band, sums: &BandSums, price_ratio: Ratio) -> MonthBill {
    let rate = |rates: &Rates, component| rates.rate(component).unwrap_or(Rate::ZERO);
    debug_assert!(
        sums.cached == 0 || band.rates.rate(Component::CachedInput).is_some(),
        "cached tokens without a price"
    );
    let net = |amount: Usd| if price_ratio == Ratio::ONE { amount } else { amount.times(price_ratio) };
    let lines = |rates: &Rates| {
        [
            rate(rates, Component::Input).times(sums.uncached),
            rate(rates, Component::CachedInput).times(sums.cached),
            rates.written().unwrap_or(Rate::ZERO).times(sums.written)
                + rates.written_1h().unwrap_or(Rate::ZERO).times(sums.written_1h),
            rate(rates, Component::Output).times(sums.output),
        ]
    };
    let [input, cached_input, cache_write, output] = lines(&band.rates).map(net);
    let premium = if band.rates == band.base {
        Usd::ZERO
    } else {
        input + cached_input + cache_write + output - net(lines(&band.base).into_iter().sum())
    };
    MonthBill { input, cached_input, cache_write, output, tools: Usd::ZERO, fees: Usd::ZERO, premium }
}

/// The platform fees on a month's spend: each fee's share, at least its minimum; none on nothing.
pub fn fees_of(fees: &[&Fee], spend: Usd) -> Usd {
    if spend == Usd::ZERO {
        return Usd::ZERO;
    }
    fees.iter().map(|fee| spend.times(fee.share).max(fee.minimum)).sum()
}
