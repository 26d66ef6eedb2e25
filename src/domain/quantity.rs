//! Quantities that are billed: whole or fractional counts of calls, pages, hours, tokens times hours.

use std::fmt;

use super::money::Usd;
use super::number::{NumberError, parse_large_decimal};

/// A quantity, exactly, in millionths of its unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Quantity(u64);

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity(0);

    /// The quantity of `millionths` of a unit.
    pub const fn from_millionths(millionths: u64) -> Self {
        Quantity(millionths)
    }

    /// `count` whole units. Counts above 1.8·10¹³ saturate.
    pub const fn whole(count: u64) -> Self {
        Quantity(count.saturating_mul(1_000_000))
    }

    /// Millionths of a unit.
    pub const fn millionths(self) -> u64 {
        self.0
    }

    /// Reads a plain decimal with at most six decimals.
    ///
    /// # Errors
    /// When the text is not one, or is negative.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let value = parse_large_decimal(text, 6)?;
        u64::try_from(value).map(Quantity).map_err(|_| NumberError::NotANumber)
    }

    /// Both together; saturates.
    pub const fn plus(self, other: Quantity) -> Quantity {
        Quantity(self.0.saturating_add(other.0))
    }

    /// What is left after `other` is taken away; nothing if that is more.
    pub const fn less(self, other: Quantity) -> Quantity {
        Quantity(self.0.saturating_sub(other.0))
    }

    /// This many times the quantity; saturates.
    pub const fn times(self, count: u64) -> Quantity {
        Quantity(self.0.saturating_mul(count))
    }

    /// The next multiple of `step` that is not below; a step of nothing changes nothing.
    pub const fn up_to_step(self, step: Quantity) -> Quantity {
        if step.0 == 0 { self } else { Quantity(self.0.div_ceil(step.0).saturating_mul(step.0)) }
    }
}

/// A decimal without trailing zeros: `0.25`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Millionths of a unit print like micro-dollars of a dollar.
        Usd::from_picodollars(i128::from(self.0) * 1_000_000).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_round_up() {
        let step = Quantity::whole(10);
        let billed = [0, 1, 10, 11].map(|n| Quantity::whole(n).up_to_step(step).to_string());
        assert_eq!(billed, ["0", "10", "10", "20"]);
        assert_eq!(Quantity::parse("0.25").map(|q| q.to_string()), Ok("0.25".to_owned()));
        assert!(Quantity::parse("-1").is_err());
    }
}
