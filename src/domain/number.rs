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
    if value > 1_000_000_000_000 {
        return Err(NumberError::TooLarge);
    }
    Ok(if negative { -value } else { value })
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
    fn money_is_refused_rather_than_rounded() {
        assert_eq!(parse_decimal("0.0000001", 6), Err(NumberError::TooManyDecimals { most: 6 }));
        assert_eq!(parse_decimal("$2.5", 6), Err(NumberError::NotPlain));
        assert_eq!(parse_decimal("1e-3", 6), Err(NumberError::NotPlain));
        assert_eq!(parse_decimal("99999999999999999999", 6), Err(NumberError::TooLarge));
        assert_eq!(parse_decimal("NaN", 6), Err(NumberError::NotANumber));
        assert_eq!(parse_decimal("1.2.3", 6), Err(NumberError::NotPlain));
    }
}
