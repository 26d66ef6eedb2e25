//! Numbers as people write them in YAML: `40%`, `1.2M`, `800k`, `1_050_000`, `2.50`.
//!
//! Money is parsed to integers from its digits and never passes through a float.

use std::fmt;

/// Why a text is not the number that was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// The text is not a number at all.
    NotANumber,
    /// A decimal with more digits after the point than can be held exactly.
    TooManyDecimals {
        /// The most decimals that are held.
        most: usize,
    },
    /// A currency sign, an exponent or a unit where a plain decimal is wanted.
    NotPlain,
    /// Beyond what can be held.
    TooLarge,
    /// Zero or less, where only more than that makes sense.
    NotPositive,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NumberError::NotANumber => write!(f, "not a number"),
            NumberError::TooManyDecimals { most } => {
                write!(f, "more than {most} decimals cannot be held exactly")
            }
            NumberError::NotPlain => {
                write!(f, "not a plain decimal: no currency sign, exponent or unit here")
            }
            NumberError::TooLarge => write!(f, "too large"),
            NumberError::NotPositive => write!(f, "not above zero"),
        }
    }
}

/// A number, and whether it was written with a percent sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// The value; `40%` is 0.4.
    pub value: f64,
    /// Whether the text ended in `%`.
    pub percent: bool,
}

/// Reads a number with optional `_` separators and one suffix of `%`, `k`, `M`, `B`.
///
/// # Errors
/// When the text is not such a number; `NaN` and infinities are not numbers here.
///
/// ```
/// use tollcast::domain::number::parse_number;
/// assert_eq!(parse_number("1.2M").unwrap().value, 1_200_000.0);
/// assert_eq!(parse_number("40%").unwrap().value, 0.4);
/// ```
pub fn parse_number(text: &str) -> Result<Number, NumberError> {
    let text = text.trim();
    let (digits, exponent, percent) = match text.char_indices().last() {
        Some((at, '%')) => (&text[..at], "e-2", true),
        Some((at, 'k')) => (&text[..at], "e3", false),
        Some((at, 'M')) => (&text[..at], "e6", false),
        Some((at, 'B')) => (&text[..at], "e9", false),
        _ => (text, "", false),
    };
    let digits = digits.trim_end();
    if !digits.chars().all(|c| c.is_ascii_digit() || "+-._eE".contains(c)) {
        return Err(NumberError::NotANumber);
    }
    if !separators_are_inside(digits) {
        return Err(NumberError::NotANumber);
    }
    // The suffix becomes an exponent of the text, so that `76.1%` is the float nearest to 0.761.
    let value: f64 =
        format!("{}{exponent}", digits.replace('_', "")).parse().map_err(|_| NumberError::NotANumber)?;
    if value.is_finite() { Ok(Number { value, percent }) } else { Err(NumberError::TooLarge) }
}

/// Reads a plain decimal exactly, in units of 10^−`decimals`.
///
/// # Errors
/// When the text is not a plain decimal, has more decimals than that, or is beyond 10¹² of those units.
///
/// ```
/// use tollcast::domain::number::parse_decimal;
/// assert_eq!(parse_decimal("0.003625", 6).unwrap(), 3625);
/// ```
pub fn parse_decimal(text: &str, decimals: usize) -> Result<i64, NumberError> {
    let value = parse_large_decimal(text, decimals)?;
    if value.unsigned_abs() > 1_000_000_000_000 { Err(NumberError::TooLarge) } else { Ok(value) }
}

/// As [`parse_decimal`], up to 9 · 10¹⁸ of those units: for quantities and amounts that are no unit prices.
///
/// # Errors
/// When the text is not a plain decimal, has more decimals than that, or is too large.
pub fn parse_large_decimal(text: &str, decimals: usize) -> Result<i64, NumberError> {
    let text = text.trim();
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(NumberError::NotANumber);
    }
    if !unsigned.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '_') || fraction.contains('.') {
        let close = unsigned.chars().any(|c| c.is_ascii_digit());
        return Err(if close { NumberError::NotPlain } else { NumberError::NotANumber });
    }
    if !separators_are_inside(unsigned) {
        return Err(NumberError::NotANumber);
    }
    let fraction = fraction.replace('_', "");
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        return Err(NumberError::TooManyDecimals { most: decimals });
    }
    let digits = format!("{}{fraction:0<decimals$}", whole.replace('_', ""));
    let value: i64 = digits.parse().map_err(|_| NumberError::TooLarge)?;
    Ok(if negative { -value } else { value })
}

/// A decimal in whole units of a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaled {
    /// The nearest whole number of units, half to even.
    pub value: i64,
    /// Whether nothing was lost.
    pub exact: bool,
}

/// Reads a decimal with an optional exponent, as other programs write it, in units of 10^−`shift`.
///
/// # Errors
/// When the text is not such a number, or is beyond 10¹⁸ of those units.
///
/// ```
/// use tollcast::domain::number::parse_scaled;
/// assert_eq!(parse_scaled("2.5e-06", 12).unwrap().value, 2_500_000);
/// assert!(!parse_scaled("1.41953125E-7", 12).unwrap().exact);
/// ```
pub fn parse_scaled(text: &str, shift: i32) -> Result<Scaled, NumberError> {
    let (mantissa, exponent) = match text.trim().split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| NumberError::NotANumber)?)
        }
        None => (text.trim(), 0),
    };
    let (negative, unsigned) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits: String = whole.chars().chain(fraction.chars()).collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::NotANumber);
    }
    let significant = digits.trim_start_matches('0');
    let places = i32::try_from(fraction.len()).map_err(|_| NumberError::TooLarge)?;
    // The number is `significant` · 10^power in the wanted units.
    let power =
        exponent.checked_sub(places).and_then(|p| p.checked_add(shift)).ok_or(NumberError::TooLarge)?;
    if significant.is_empty() {
        return Ok(Scaled { value: 0, exact: true });
    }
    let length = significant.len() as i64;
    if length + i64::from(power) > 18 {
        return Err(NumberError::TooLarge);
    }
    let kept = usize::try_from((length + i64::from(power.min(0))).max(0)).unwrap_or(0);
    let (head, tail) = significant.split_at(kept.min(significant.len()));
    let zeros = "0".repeat(usize::try_from(power.max(0)).unwrap_or(0));
    let head: i64 = format!("0{head}{zeros}").parse().map_err(|_| NumberError::TooLarge)?;
    // What is cut off, as a fraction: it has −power digits, of which leading zeros may be missing.
    let cut_digits = usize::try_from(-i64::from(power.min(0))).unwrap_or(0);
    let exact = tail.bytes().all(|byte| byte == b'0');
    let up = if tail.len() < cut_digits {
        false
    } else {
        match (tail.as_bytes().first().copied().unwrap_or(b'0'), tail.get(1..).unwrap_or("")) {
            (b'5', rest) if rest.bytes().all(|byte| byte == b'0') => head % 2 != 0,
            (first, _) => first >= b'5',
        }
    };
    let value = head + i64::from(up);
    Ok(Scaled { value: if negative { -value } else { value }, exact })
}

/// Whether every `_` stands between two digits.
fn separators_are_inside(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, &byte)| {
        byte != b'_'
            || (at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_understood() {
        let read = |text| parse_number(text).map(|n| n.value);
        assert_eq!(read("40%"), Ok(0.4));
        assert_eq!(read("76.1%"), Ok(0.761));
        assert_eq!(read("1.2M"), Ok(1_200_000.0));
        assert_eq!(read("800k"), Ok(800_000.0));
        assert_eq!(read("1_050_000"), Ok(1_050_000.0));
        assert_eq!(read("1e6"), Ok(1e6));
        assert_eq!(read("-3%"), Ok(-0.03));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "NaN", "inf", ".nan", "12 apples", "1__0", "_1", "1_", "%", "1e999", "k"] {
            assert!(parse_number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn money_is_read_digit_by_digit() {
        assert_eq!(parse_decimal("2.50", 6), Ok(2_500_000));
        assert_eq!(parse_decimal("0.003625", 6), Ok(3_625));
        assert_eq!(parse_decimal(".5", 6), Ok(500_000));
        assert_eq!(parse_decimal("1_000", 6), Ok(1_000_000_000));
        assert_eq!(parse_decimal("0.1000000000000", 6), Ok(100_000));
    }

    #[test]
    fn scaled_decimals_round_half_to_even() {
        let read = |text, shift| parse_scaled(text, shift).map(|s| (s.value, s.exact));
        assert_eq!(read("2.5e-06", 12), Ok((2_500_000, true)));
        assert_eq!(read("0.0000029999900000000002", 12), Ok((2_999_990, false)));
        assert_eq!(read("1.0000000000000001E-7", 12), Ok((100_000, false)));
        assert_eq!(read("0.25", 1), Ok((2, false)));
        assert_eq!(read("0.35", 1), Ok((4, false)));
        assert_eq!(read("0.2500001", 1), Ok((3, false)));
        assert_eq!(read("0.0049", 1), Ok((0, false)));
        assert_eq!(read("0.05", 0), Ok((0, false)));
        assert_eq!(read("0.5", 0), Ok((0, false)));
        assert_eq!(read("0.9", 0), Ok((1, false)));
        assert_eq!(read("-3", 6), Ok((-3_000_000, true)));
        assert_eq!(read("0", 12), Ok((0, true)));
        assert_eq!(read("3", 6), Ok((3_000_000, true)));
        for text in ["", "e5", "1.2.3", "NaN", "1e", "$1", "1e99999999999"] {
            assert!(parse_scaled(text, 6).is_err(), "{text}");
        }
        assert_eq!(parse_scaled("1e30", 6), Err(NumberError::TooLarge));
    }

    #[test]
    fn money_is_refused_rather_than_rounded() {
        assert_eq!(parse_decimal("0.0000001", 6), Err(NumberError::TooManyDecimals { most: 6 }));
        assert_eq!(parse_decimal("$2.5", 6), Err(NumberError::NotPlain));
        assert_eq!(parse_decimal("1e-3", 6), Err(NumberError::NotPlain));
        assert_eq!(parse_decimal("99999999999999999999", 6), Err(NumberError::TooLarge));
        assert_eq!(parse_decimal("NaN", 6), Err(NumberError::NotANumber));
        assert_eq!(parse_decimal("1.2.3", 6), Err(NumberError::NotPlain));
    }
}
