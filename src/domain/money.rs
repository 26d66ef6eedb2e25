//! Exact money: integers from the price file to the bill.
//!
//! One micro-dollar per million tokens times one token is one picodollar, so a price with up to six
//! decimals of USD per million tokens and a bill of any size are both whole numbers. Estimates are
//! `f64` elsewhere; only exact bills are [`Usd`].

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

use super::number::{NumberError, parse_decimal};
use super::quantity::Quantity;

/// Picodollars in one US dollar.
const PICO_PER_USD: i128 = 1_000_000_000_000;

/// An exact amount of US dollars, held as whole picodollars (10⁻¹² USD).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(i128);

impl Usd {
    /// Nothing.
    pub const ZERO: Usd = Usd(0);

    /// The amount of `picodollars` (10⁻¹² USD).
    pub const fn from_picodollars(picodollars: i128) -> Self {
        Usd(picodollars)
    }

    /// The amount of `micros` micro-dollars (10⁻⁶ USD).
    pub const fn from_micro_usd(micros: i64) -> Self {
        Usd(micros as i128 * 1_000_000)
    }

    /// Whole picodollars (10⁻¹² USD).
    pub const fn picodollars(self) -> i128 {
        self.0
    }

    /// The amount in dollars, rounded to the nearest `f64`: for estimates and statistics only.
    pub fn to_f64(self) -> f64 {
        // Split, so that the dollars and the fraction each convert exactly.
        (self.0 / PICO_PER_USD) as f64 + (self.0 % PICO_PER_USD) as f64 / PICO_PER_USD as f64
    }

    /// An amount in another currency as dollars, rounded once, half to even, to the picodollar.
    pub fn exchanged(self, usd: UsdPerUnit) -> Usd {
        Usd(usd.of(self.0))
    }

    /// This amount times `numerator / denominator`, rounded once, half to even, to the picodollar. The
    /// denominator is positive.
    pub fn times_fraction(self, numerator: i128, denominator: i128) -> Usd {
        Usd(div_half_even(self.0 * numerator, denominator))
    }

    /// This amount times an exact ratio, rounded once, half to even, to the picodollar.
    pub fn times(self, ratio: Ratio) -> Usd {
        Usd(div_half_even(self.0 * i128::from(ratio.parts), i128::from(Ratio::WHOLE)))
    }
}

/// Decimal dollars without trailing zeros, exact to the picodollar: `1.585005`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let whole = self.0.unsigned_abs() / PICO_PER_USD.unsigned_abs();
        let fraction = self.0.unsigned_abs() % PICO_PER_USD.unsigned_abs();
        let digits = format!("{fraction:012}");
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{digits}") }
    }
}

impl fmt::Debug for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${self}")
    }
}

impl Add for Usd {
    type Output = Usd;
    fn add(self, other: Usd) -> Usd {
        Usd(self.0 + other.0)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Usd) {
        self.0 += other.0;
    }
}

impl Sub for Usd {
    type Output = Usd;
    fn sub(self, other: Usd) -> Usd {
        Usd(self.0 - other.0)
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Usd>>(amounts: I) -> Usd {
        amounts.fold(Usd::ZERO, Add::add)
    }
}

/// A price: whole micro-dollars per million tokens, or per million of whatever is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rate(i64);

impl Rate {
    /// Free.
    pub const ZERO: Rate = Rate(0);

    /// The price of `micros` micro-dollars per million units.
    pub const fn from_micro_usd_per_million(micros: i64) -> Self {
        Rate(micros)
    }

    /// Micro-dollars per million units.
    pub const fn micro_usd_per_million(self) -> i64 {
        self.0
    }

    /// A rate in another currency as dollars, rounded once, half to even, to the micro-dollar per million.
    pub fn exchanged(self, usd: UsdPerUnit) -> Rate {
        Rate(i64::try_from(usd.of(i128::from(self.0))).unwrap_or(i64::MAX))
    }

    /// What a quantity costs, rounded once, half to even, to the picodollar; exact for whole quantities.
    pub fn times_quantity(self, quantity: Quantity) -> Usd {
        Usd(div_half_even(i128::from(self.0) * i128::from(quantity.millionths()), 1_000_000))
    }

    /// This rate times an exact ratio, rounded once, half to even, to the micro-dollar per million.
    pub fn scaled(self, ratio: Ratio) -> Rate {
        let micros = div_half_even(i128::from(self.0) * i128::from(ratio.parts), i128::from(Ratio::WHOLE));
        // A rate is at most 10¹² (`parse_decimal`) and a ratio at most 10⁹ whole, so 10¹⁵ · 10⁶ never leaves
        // i128; the quotient is held inside of i64 by saturation.
        Rate(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// This rate times `numerator / denominator`, rounded once, half to even, to the micro-dollar per million. The
    /// denominator is positive.
    pub fn times_fraction(self, numerator: i64, denominator: i64) -> Rate {
        let micros = div_half_even(i128::from(self.0) * i128::from(numerator), i128::from(denominator));
        Rate(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// What `quantity` units cost, exactly: 272,000 tokens at 2.50 are 0.68 USD.
    pub fn times(self, quantity: u64) -> Usd {
        Usd(i128::from(self.0) * i128::from(quantity))
    }
}

/// USD per million, without trailing zeros: `2.5`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Usd::from_micro_usd(self.0).fmt(f)
    }
}

/// An exact share or multiplier, held in parts per million: 5.5 % is 55,000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ratio {
    parts: i64,
}

impl Ratio {
    /// Parts in one whole.
    pub const WHOLE: i64 = 1_000_000;
    /// The ratio that changes nothing.
    pub const ONE: Ratio = Ratio { parts: Self::WHOLE };

    /// The ratio of `parts` millionths.
    pub const fn from_millionths(parts: i64) -> Self {
        Ratio { parts }
    }

    /// The nearest ratio to `value` in millionths. Values beyond ±10⁹ saturate.
    pub fn nearest(value: f64) -> Self {
        Ratio { parts: (value.clamp(-1e9, 1e9) * Self::WHOLE as f64).round() as i64 }
    }

    /// Millionths.
    pub const fn millionths(self) -> i64 {
        self.parts
    }

    /// What is left of the whole: 1 − this.
    pub const fn complement(self) -> Ratio {
        Ratio { parts: Self::WHOLE - self.parts }
    }

    /// The ratio as a number, for display and estimates.
    pub fn to_f64(self) -> f64 {
        self.parts as f64 / Self::WHOLE as f64
    }
}

/// What one unit of another currency is worth: billionths of a US dollar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct UsdPerUnit {
    billionths: i64,
}

impl UsdPerUnit {
    /// Reads a plain decimal above 0 with at most nine decimals.
    ///
    /// # Errors
    /// When the text is not one.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let billionths = parse_decimal(text, 9)?;
        if billionths > 0 { Ok(UsdPerUnit { billionths }) } else { Err(NumberError::NotPositive) }
    }

    fn of(self, amount: i128) -> i128 {
        div_half_even(amount * i128::from(self.billionths), 1_000_000_000)
    }
}

/// A decimal without trailing zeros: `1.08`.
impl fmt::Display for UsdPerUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Usd(i128::from(self.billionths) * 1_000).fmt(f)
    }
}

/// `numerator / denominator`, half to even; the denominator is positive.
fn div_half_even(numerator: i128, denominator: i128) -> i128 {
    let quotient = numerator.div_euclid(denominator);
    let twice = numerator.rem_euclid(denominator) * 2;
    let up = twice > denominator || (twice == denominator && quotient % 2 != 0);
    quotient + i128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_times_tokens_is_whole_picodollars() {
        // 272,001 × 5.00 + 10,000 × 22.50 USD per million = 1.360005 + 0.225
        let long_input = Rate::from_micro_usd_per_million(5_000_000).times(272_001);
        let long_output = Rate::from_micro_usd_per_million(22_500_000).times(10_000);
        assert_eq!((long_input + long_output).to_string(), "1.585005");
    }

    #[test]
    fn ratios_round_half_to_even() {
        let half = Ratio::from_millionths(500_000);
        let amounts = [1, 3, -1, -3].map(|p| Usd::from_picodollars(p).times(half).picodollars());
        assert_eq!(amounts, [0, 2, 0, -2]);
    }

    #[test]
    fn dollars_print_without_loss() {
        assert_eq!(Usd::from_picodollars(-1).to_string(), "-0.000000000001");
        assert_eq!(Usd::from_micro_usd(1_200_000).to_string(), "1.2");
        assert_eq!(Usd::ZERO.to_string(), "0");
    }

    #[test]
    fn large_amounts_convert_to_the_nearest_float() {
        let amount = Usd::from_picodollars(123_456_789_012_345_678_901_234);
        assert!((amount.to_f64() - 123_456_789_012.345_67).abs() < 1e-4);
    }
}
