//! One field of a row, whether it came as text of a table or as a JSON value: counts, amounts, times.
//!
//! A fault names the field and shows a value only if it looks like a number or a time: a table whose
//! quotes are broken may have a prompt's text in any column.

use std::borrow::Cow;

use serde_json::Value;

use super::context::{Context, Note};
use super::reading::Reason;
use crate::domain::money::Usd;
use crate::domain::number::parse_scaled;
use crate::domain::time::parse_ms;

/// No request has more tokens, and no sum over requests that a log writes in one row.
pub const MOST_TOKENS: u64 = 1_000_000_000_000;

/// 2000-01-01 and 2200-01-01 UTC in milliseconds: what lies outside is not the time of a request to a model.
pub const SENSIBLE_MS: std::ops::Range<i64> = 946_684_800_000..7_258_118_400_000;

/// Why a row cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The reason.
    pub reason: Reason,
    /// What it is about, in names and numbers.
    pub detail: String,
}

impl Fault {
    /// A fault of that kind.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Fault { reason, detail: detail.into() }
    }
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    /// It is not there.
    Absent,
    /// Text of a table.
    Text(&'a str),
    /// A value of an object.
    Json(&'a Value),
}

impl<'a> Cell<'a> {
    /// A field of an object.
    pub fn of(value: Option<&'a Value>) -> Self {
        value.map_or(Cell::Absent, Cell::Json)
    }

    /// Its text, if it has one that says something.
    pub fn text(self) -> Option<&'a str> {
        let text = match self {
            Cell::Absent => return None,
            Cell::Text(text) => text,
            Cell::Json(value) => value.as_str()?,
        };
        Some(text.trim()).filter(|text| !says_nothing(text))
    }

    /// Whether it is there and says something.
    pub fn is_there(self) -> bool {
        self.written().is_some()
    }

    /// A text or a number as it is written.
    pub fn written(self) -> Option<Cow<'a, str>> {
        match self {
            // The shortest decimal of a JSON number is the one that was written, to 15 digits.
            Cell::Json(Value::Number(number)) => Some(Cow::Owned(number.to_string())),
            Cell::Json(value @ (Value::Object(_) | Value::Array(_) | Value::Bool(_))) => {
                Some(Cow::Owned(kind(value).to_owned()))
            }
            _ => self.text().map(Cow::Borrowed),
        }
    }

    /// A count of tokens or requests.
    ///
    /// # Errors
    /// When it is not a whole number from 0 to 10¹².
    pub fn count(self, name: &str) -> Result<Option<u64>, Fault> {
        if let Cell::Json(Value::Number(number)) = self
            && let Some(count) = number.as_u64().filter(|count| *count <= MOST_TOKENS)
        {
            return Ok(Some(count));
        }
        let Some(written) = self.written() else { return Ok(None) };
        let fault = || Fault::new(Reason::BadCount, format!("{name} is {}", shown(&written)));
        let count = match whole(&written) {
            Some(count) => count,
            // `374.0` is how some tools write a whole number, `1e3` how others do.
            None => {
                let scaled =
                    parse_scaled(&written, 0).ok().filter(|scaled| scaled.exact).ok_or_else(fault)?;
                u64::try_from(scaled.value).map_err(|_| fault())?
            }
        };
        if count <= MOST_TOKENS { Ok(Some(count)) } else { Err(fault()) }
    }

    /// A count that has to be there.
    ///
    /// # Errors
    /// When it is not, or is no count.
    pub fn needed(self, name: &str) -> Result<u64, Fault> {
        self.count(name)?.ok_or_else(|| Fault::new(Reason::NoCount, format!("{name} is empty")))
    }

    /// An amount of dollars, exact to the picodollar.
    ///
    /// # Errors
    /// When it is not a number of at least zero.
    pub fn usd(self, name: &str) -> Result<Option<Usd>, Fault> {
        let Some(written) = self.written() else { return Ok(None) };
        let fault = || Fault::new(Reason::BadCost, format!("{name} is {}", shown(&written)));
        let amount = match parse_scaled(&written, 12) {
            Ok(pico) => Usd::from_picodollars(i128::from(pico.value)),
            // More than a million dollars: to the micro-dollar.
            Err(_) => Usd::from_micro_usd(parse_scaled(&written, 6).map_err(|_| fault())?.value),
        };
        if amount < Usd::ZERO { Err(fault()) } else { Ok(Some(amount)) }
    }

    /// A duration in milliseconds, of a number that counts `unit_ms` each; what is no duration is noted.
    pub fn duration_ms(self, unit_ms: i128, context: &mut Context) -> Option<u64> {
        let written = self.written()?;
        let ms = thousandths(&written).map(|value| value * unit_ms / 1000);
        // A request of more than 30 days is a broken clock.
        let ms = ms.filter(|ms| (0..=2_592_000_000).contains(ms)).and_then(|ms| u64::try_from(ms).ok());
        if ms.is_none() {
            context.note(Note::BadDuration);
        }
        ms
    }

    /// Yes or no.
    pub fn flag(self) -> Option<bool> {
        if let Cell::Json(Value::Bool(flag)) = self {
            return Some(*flag);
        }
        let written = self.written()?;
        let is = |words: &[&str]| words.iter().any(|word| written.eq_ignore_ascii_case(word));
        if is(&["true", "1", "yes", "t"]) {
            Some(true)
        } else if is(&["false", "0", "no", "f"]) {
            Some(false)
        } else {
            None
        }
    }

    /// A time in milliseconds since 1970-01-01 UTC: a date, or a number of seconds, milliseconds,
    /// microseconds or nanoseconds by its magnitude. Below 10⁸ it is seconds from the log's beginning.
    ///
    /// # Errors
    /// When it is missing or cannot be read.
    pub fn time(self, name: &str, context: &mut Context) -> Result<i64, Fault> {
        let written = self.written().ok_or_else(|| Fault::new(Reason::NoTime, format!("{name} is empty")))?;
        let fault = || Fault::new(Reason::BadTime, format!("{name} is {}", shown(&written)));
        if let Some(stamp) = parse_ms(&written) {
            if !stamp.zoned {
                context.note(Note::Zoneless);
            }
            return Some(stamp.ms).filter(|ms| SENSIBLE_MS.contains(ms)).ok_or_else(fault);
        }
        let value = thousandths(&written).filter(|value| *value >= 0).ok_or_else(fault)?;
        let whole = value / 1000;
        if whole < 100_000_000 {
            context.note(Note::Relative);
            return Ok(context.epoch_ms + value as i64);
        }
        let ms = match whole {
            ..100_000_000_000 => value,
            100_000_000_000..100_000_000_000_000 => whole,
            100_000_000_000_000..100_000_000_000_000_000 => whole / 1_000,
            _ => whole / 1_000_000,
        };
        i64::try_from(ms).ok().filter(|ms| SENSIBLE_MS.contains(ms)).ok_or_else(fault)
    }
}

/// Words by which programs say that there is no value.
fn says_nothing(text: &str) -> bool {
    const NOTHING: [&str; 6] = ["null", "none", "nan", "n/a", "\\n", "nil"];
    let first = text.as_bytes().first();
    first.is_none_or(|first| {
        !first.is_ascii_digit()
            && text.len() <= 4
            && NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word))
    })
}

/// A whole number of at most 18 digits.
fn whole(text: &str) -> Option<u64> {
    let digits = text.as_bytes();
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

/// A decimal in thousandths; further decimals are cut off.
fn thousandths(text: &str) -> Option<i128> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole_part, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let Some(all) = whole_part.bytes().try_fold(0_i128, |sum, byte| {
        byte.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(i128::from(byte - b'0')))
    }) else {
        // With an exponent.
        return parse_scaled(text, 3).ok().map(|scaled| i128::from(scaled.value));
    };
    if whole_part.is_empty() || whole_part.len() > 24 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return parse_scaled(text, 3).ok().map(|scaled| i128::from(scaled.value));
    }
    let part =
        fraction.bytes().chain(*b"000").take(3).fold(0, |sum, byte| sum * 10 + i128::from(byte - b'0'));
    let value = all * 1000 + part;
    Some(if negative { -value } else { value })
}

/// A value for a message: only if it looks like a number or a time.
pub fn shown(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.:, /eETZ".contains(&byte);
    if text.len() <= 40 && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("a text of {} bytes", text.len())
    }
}

/// A name for a message: only if it looks like one.
pub fn shown_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:() ".contains(c);
    if name.len() <= 40 && name.chars().all(plain) && name.split(' ').count() <= 4 {
        name.to_owned()
    } else {
        format!("(a name of {} bytes)", name.len())
    }
}

/// What a JSON value is.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "(an object)",
        Value::Array(_) => "(a list)",
        Value::Bool(_) => "(true or false)",
        _ => "(a value)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Instant;

    fn count(text: &str) -> Result<Option<u64>, Reason> {
        Cell::Text(text).count("n").map_err(|fault| fault.reason)
    }

    #[test]
    fn counts_are_whole_and_sensible() {
        assert_eq!(count("374"), Ok(Some(374)));
        assert_eq!(count(" 374.0 "), Ok(Some(374)));
        assert_eq!(count("1e3"), Ok(Some(1000)));
        assert_eq!(count("1000000000000"), Ok(Some(1_000_000_000_000)));
        for nothing in ["", "null", "None", "NaN", "\\N"] {
            assert_eq!(count(nothing), Ok(None), "{nothing}");
        }
        for bad in ["-5", "1.5", "1000000000001", "99999999999999999999", "1,234", "inf", "abc", "0x10"] {
            assert_eq!(count(bad), Err(Reason::BadCount), "{bad}");
        }
        assert_eq!(Cell::Json(&serde_json::json!(-5)).count("n").unwrap_err().detail, "n is -5");
        assert_eq!(Cell::Json(&serde_json::json!("12")).count("n"), Ok(Some(12)));
        assert!(Cell::Json(&serde_json::json!([1])).count("n").is_err());
    }

    #[test]
    fn a_text_in_a_number_s_place_is_never_shown() {
        let fault = Cell::Text("my secret question").count("output_tokens").unwrap_err();
        assert_eq!(fault.detail, "output_tokens is a text of 18 bytes");
    }

    #[test]
    fn times_are_read_by_their_magnitude() {
        let mut context = Context::new(Instant::from_unix_seconds(1_000_000_000));
        let mut time = |text: &str| Cell::Text(text).time("t", &mut context).map_err(|fault| fault.reason);
        assert_eq!(time("1700000000"), Ok(1_700_000_000_000));
        assert_eq!(time("1700000000.25"), Ok(1_700_000_000_250));
        assert_eq!(time("1700000000123"), Ok(1_700_000_000_123));
        assert_eq!(time("1700000000123456"), Ok(1_700_000_000_123));
        assert_eq!(time("1700000000123456789"), Ok(1_700_000_000_123));
        assert_eq!(time("1.7e9"), Ok(1_700_000_000_000));
        assert_eq!(time("2.5"), Ok(1_000_000_002_500));
        assert_eq!(time("2023-11-14T22:13:20Z"), Ok(1_700_000_000_000));
        assert_eq!(time(""), Err(Reason::NoTime));
        for bad in ["-1", "soon", "1970-01-01", "9999999999999999999999"] {
            assert_eq!(time(bad), Err(Reason::BadTime), "{bad}");
        }
    }

    #[test]
    fn amounts_are_read_digit_by_digit() {
        let usd = |text: &str| Cell::Text(text).usd("cost").map_err(|fault| fault.reason);
        assert_eq!(usd("0.000000000001"), Ok(Some(Usd::from_picodollars(1))));
        assert_eq!(usd("2.5e-06"), Ok(Some(Usd::from_picodollars(2_500_000))));
        assert_eq!(usd("2000000"), Ok(Some(Usd::from_micro_usd(2_000_000_000_000))));
        assert_eq!(usd(""), Ok(None));
        assert_eq!(usd("-1"), Err(Reason::BadCost));
        assert_eq!(usd("$1"), Err(Reason::BadCost));
    }

    #[test]
    fn durations_are_cut_to_milliseconds() {
        let mut context = Context::new(Instant::from_unix_seconds(0));
        assert_eq!(Cell::Text("7.3409").duration_ms(1000, &mut context), Some(7_340));
        assert_eq!(Cell::Text("7.9").duration_ms(1, &mut context), Some(7));
        assert_eq!(Cell::Text("-7").duration_ms(1, &mut context), None);
        assert_eq!(context.sentences().len(), 1);
    }
}
