//! What provisioned units cost, and the provider's own sizing of them.

use crate::catalogue::{CapacityOffer, Length, Term, TimeUnit};
use crate::domain::money::Usd;
use crate::domain::time::Month;

/// A steady load, per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Requests in a minute.
    pub requests: u64,
    /// Input tokens of a request, cached ones included.
    pub input: u64,
    /// Output tokens of a request.
    pub output: u64,
    /// Share of the input tokens that the cache serves, in millionths.
    pub cached_millionths: u64,
}

/// The provider's deterministic sizing: units that a steady load needs, before and after rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizing {
    /// Units as computed, for display.
    pub exact: f64,
    /// Units to buy: rounded up to the increment, at least the minimum.
    pub units: u64,
}

/// The units that a steady load needs: (requests · input · (1 − cached · (1 − w_c)) + w_o · requests ·
/// output) / input tokens per minute of a unit, where w_c and w_o are the weights of cached and output
/// tokens. 1,000 requests of 200 in and 20 out on units of 3,400 with w_o = 8 need 360,000 / 3,400 = 105.88,
/// so 110 in steps of 5. `None` where the offer does not say how much a unit serves.
pub fn size(offer: &CapacityOffer, load: &Load) -> Option<Sizing> {
    const ONE: i128 = 1_000_000;
    let per_unit = i128::from(offer.input_tokens_per_minute?);
    let output_weight = i128::from(offer.output_weight_millionths?);
    let cached_weight = i128::from(offer.cached_weight_millionths?);
    let [requests, input, output] = [load.requests, load.input, load.output].map(i128::from);
    let cached = i128::from(load.cached_millionths);
    // In 10⁻¹² tokens per minute, exactly.
    let weighted = requests * input * (ONE * ONE - cached * (ONE - cached_weight))
        + requests * output * output_weight * ONE;
    let unit = per_unit * ONE * ONE;
    let whole = weighted.max(0).unsigned_abs().div_ceil(unit.max(1).unsigned_abs());
    let increment = u128::from(offer.increment_units.max(1));
    let stepped = whole.div_ceil(increment) * increment;
    let units = u64::try_from(stepped).unwrap_or(u64::MAX).max(offer.minimum_units);
    Some(Sizing { exact: weighted as f64 / unit as f64, units })
}

/// The smallest size on sale that holds so many units: rounded up to the increment, at least the minimum; none for none.
/// 105.88 units in steps of 5 from 15 on are 110, and 3 are 15.
pub fn sold_size(offer: &CapacityOffer, units: f64) -> u64 {
    if units <= 0.0 {
        return 0;
    }
    let step = offer.increment_units.max(1);
    // A demand of 475 that floating point makes 475.00000000001 is one of 475.
    let steps = (units / step as f64 - 1e-9).ceil().max(1.0) as u64;
    steps.saturating_mul(step).max(offer.minimum_units)
}

/// What `units` cost for `minutes` without a commitment: the hourly price, by the minute. 45 units at 1.00
/// an hour for three hours cost 135 USD, for a quarter of an hour 11.25.
pub fn pay_as_you_go(offer: &CapacityOffer, units: u64, minutes: u64) -> Option<Usd> {
    let term = offer.terms.iter().find(|term| term.commitment.is_none())?;
    let seconds = seconds_of(term.per?)?;
    let unit_seconds = i128::from(units) * i128::from(minutes) * 60;
    Some(term.price.times_fraction(unit_seconds, i128::from(seconds)))
}

/// Of the deployed units, those that no reservation covers and that are billed by the hour.
pub fn beyond_reservation(deployed: &[u64], reserved: u64) -> u64 {
    deployed.iter().sum::<u64>().saturating_sub(reserved)
}

/// What `units` cost over one whole commitment, where its price pays for all of it.
pub fn commitment_price(term: &Term, units: u64) -> Option<Usd> {
    match (term.commitment, term.per) {
        (Some(_), None) => Some(term.price.times_fraction(i128::from(units), 1)),
        _ => None,
    }
}

/// What one unit costs for as many whole terms as cover `months` from `first` on, and how many months they are.
/// 12 months on terms of a month at 260 USD cost 3,120; on a year at 2,652, that. `None` where the commitment is
/// not in months or years.
pub fn reserved_unit(term: &Term, first: Month, months: u64) -> Option<(Usd, u64)> {
    let commitment = term.commitment?;
    let per_term = commitment.count.max(1)
        * match commitment.unit {
            TimeUnit::Month => 1,
            TimeUnit::Year => 12,
            _ => return None,
        };
    let terms = months.div_ceil(per_term);
    let paid = terms * per_term;
    let price = match term.per {
        None => term.price.times_fraction(i128::from(terms), 1),
        Some(Length { count, unit: TimeUnit::Month }) => {
            term.price.times_fraction(i128::from(paid), i128::from(count.max(1)))
        }
        Some(Length { count, unit: TimeUnit::Year }) => {
            term.price.times_fraction(i128::from(paid), i128::from(12 * count.max(1)))
        }
        Some(length) => {
            let seconds = i128::from(first.plus(u32::try_from(paid).ok()?).start().unix_seconds())
                - i128::from(first.start().unix_seconds());
            term.price.times_fraction(seconds, i128::from(seconds_of(length)?))
        }
    };
    Some((price, paid))
}

/// Seconds of a length of time that always has the same number of them.
fn seconds_of(length: Length) -> Option<u64> {
    let unit = match length.unit {
        TimeUnit::Second => 1,
        TimeUnit::Minute => 60,
        TimeUnit::Hour => 3_600,
        TimeUnit::Day => 24 * 3_600,
        TimeUnit::Week => 7 * 24 * 3_600,
        TimeUnit::Month | TimeUnit::Year => return None,
    };
    Some(length.count * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(count: u64, unit: TimeUnit, usd: i64, per: Option<TimeUnit>) -> Term {
        Term {
            commitment: Some(Length { count, unit }),
            price: Usd::from_micro_usd(usd * 1_000_000),
            per: per.map(|unit| Length { count: 1, unit }),
        }
    }

    #[test]
    fn whole_terms_cover_the_months() {
        let january = Month::parse("2027-01").unwrap();
        let usd = |term: Term, months| {
            reserved_unit(&term, january, months).map(|(usd, paid)| (usd.to_f64(), paid))
        };
        assert_eq!(usd(term(1, TimeUnit::Month, 260, None), 12), Some((3120.0, 12)));
        assert_eq!(usd(term(1, TimeUnit::Year, 2652, None), 12), Some((2652.0, 12)));
        assert_eq!(usd(term(1, TimeUnit::Year, 2652, None), 13), Some((5304.0, 24)));
        // January and February 2027 have 59 days.
        assert_eq!(usd(term(1, TimeUnit::Month, 2, Some(TimeUnit::Hour)), 2), Some((59.0 * 48.0, 2)));
        assert_eq!(usd(term(1, TimeUnit::Year, 221, Some(TimeUnit::Month)), 3), Some((2652.0, 12)));
        assert_eq!(usd(term(1, TimeUnit::Week, 10, None), 1), None);
    }
}
