//! Months, instants and hours of the calendar, all in UTC unless a name says otherwise.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

/// Seconds in an hour.
pub const HOUR_SECONDS: i64 = 3_600;

/// Seconds in a day.
pub const DAY_SECONDS: i64 = 86_400;

/// The mean number of days in a calendar month, 365.25 / 12.
pub const MEAN_MONTH_DAYS: f64 = 30.4375;

/// A point in time: whole seconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant(i64);

impl Instant {
    /// The instant `seconds` after 1970-01-01 00:00 UTC.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Instant(seconds)
    }

    /// Seconds since 1970-01-01 00:00 UTC.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// The instant `seconds` later.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Instant(self.0 + seconds)
    }

    /// Reads `2026-03-05` (midnight UTC) or `2026-08-16T16:00:00Z`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let stamp = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
        let time: Timestamp = stamp.parse().map_err(|_| {
            "expected a date such as 2026-03-05 or an instant such as 2026-08-16T16:00:00Z".to_owned()
        })?;
        Ok(Instant(time.as_second()))
    }
}

/// ISO 8601: the date alone at midnight, else date and time with `Z`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(time) => {
                let text = time.to_string();
                write!(f, "{}", text.strip_suffix("T00:00:00Z").unwrap_or(&text))
            }
            Err(_) => write!(f, "{} s", self.0),
        }
    }
}

/// A point in time as a log writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    pub ms: i64,
    /// Whether the text names its zone; without one it is taken to be UTC.
    pub zoned: bool,
}

/// Reads a date, or a date and a time of day, in the spellings of logs: `T` or a blank between them, seconds
/// and their fraction if any, and `Z`, `UTC`, an offset or nothing at the end. Fractions below a millisecond
/// are cut off.
///
/// ```
/// use tollcast::domain::time::parse_ms;
/// let stamp = parse_ms("1970-01-02 01:00:00.2509+01:00").unwrap();
/// assert_eq!((stamp.ms, stamp.zoned), (86_400_250, true));
/// ```
pub fn parse_ms(text: &str) -> Option<Stamp> {
    let bytes = text.trim().as_bytes();
    let mark = *bytes.get(4)?;
    if !matches!(mark, b'-' | b'/') || *bytes.get(7)? != mark {
        return None;
    }
    let day = Date::new(
        digits(bytes, 0, 4)? as i16,
        i8::try_from(digits(bytes, 5, 7)?).ok()?,
        i8::try_from(digits(bytes, 8, 10)?).ok()?,
    )
    .ok()?;
    let midnight = day.duration_since(Date::constant(1970, 1, 1)).as_secs() * 1000;
    let Some(between) = bytes.get(10) else { return Some(Stamp { ms: midnight, zoned: false }) };
    if !matches!(between, b'T' | b't' | b' ') {
        return None;
    }
    let (of_day, rest) = time_of_day(&bytes[11..])?;
    let offset = zone_ms(rest.trim_ascii())?;
    Some(Stamp { ms: midnight + of_day - offset.unwrap_or(0), zoned: offset.is_some() })
}

/// Milliseconds since midnight, and what follows the time.
fn time_of_day(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (hours, minutes) = (digits(bytes, 0, 2)?, digits(bytes, 3, 5)?);
    if bytes[2] != b':' || hours > 23 || minutes > 59 {
        return None;
    }
    let (mut ms, mut rest) = ((hours * 60 + minutes) * 60_000, &bytes[5..]);
    if rest.first() == Some(&b':') {
        // A leap second is counted as the one before it.
        let seconds = digits(rest, 1, 3).filter(|seconds| *seconds <= 60)?.min(59);
        ms += seconds * 1000;
        rest = &rest[3..];
        if matches!(rest.first(), Some(b'.' | b',')) {
            let fraction = &rest[1..];
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let first = fraction[..length].iter().chain(b"00").take(3);
            ms += first.fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'));
            rest = &fraction[length..];
            if length == 0 {
                return None;
            }
        }
    }
    Some((ms, rest))
}

/// The offset from UTC in milliseconds, `None` inside where no zone is written.
fn zone_ms(bytes: &[u8]) -> Option<Option<i64>> {
    let sign = match bytes {
        b"" => return Some(None),
        b"Z" | b"z" | b"UTC" | b"GMT" | b"+0000 UTC" => return Some(Some(0)),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let hours = digits(bytes, 1, 3)?;
    let minutes = match &bytes[3..] {
        b"" => 0,
        [b':', rest @ ..] | rest if rest.len() == 2 => digits(rest, 0, 2)?,
        _ => return None,
    };
    (hours <= 23 && minutes <= 59).then_some(Some(sign * (hours * 60 + minutes) * 60_000))
}

/// The number that the bytes from `start` to `end` spell, if all are digits.
fn digits(bytes: &[u8], start: usize, end: usize) -> Option<i64> {
    bytes
        .get(start..end)?
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// A calendar month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Month {
    first: Date,
}

impl Month {
    /// Reads `2027-01`.
    ///
    /// # Errors
    /// A sentence that says what was expected; years from 2000 to 2199 are understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wanted = || "expected a month such as 2027-01".to_owned();
        if text.len() != 7 {
            return Err(wanted());
        }
        let first: Date = format!("{text}-01").parse().map_err(|_| wanted())?;
        if (2000..2200).contains(&first.year()) {
            Ok(Month { first })
        } else {
            Err("expected a year from 2000 to 2199".to_owned())
        }
    }

    /// The month `count` months later.
    pub fn plus(self, count: u32) -> Month {
        let index = i32::from(self.first.year()) * 12 + i32::from(self.first.month()) - 1;
        let index = index + i32::try_from(count).unwrap_or(0);
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
        // A horizon is at most 120 months from a year below 2200, so this stays inside the calendar.
        let first = Date::new(year as i16, month as i8, 1).unwrap_or(self.first);
        Month { first }
    }

    /// Days in the month, 28 to 31.
    pub fn days(self) -> usize {
        usize::try_from(self.first.days_in_month()).unwrap_or(30)
    }

    /// The weekday of the first day, Monday = 0.
    pub fn first_weekday(self) -> usize {
        usize::try_from(self.first.weekday().to_monday_zero_offset()).unwrap_or(0)
    }

    /// The first second of the month, UTC.
    pub fn start(self) -> Instant {
        let days = self.first.duration_since(Date::constant(1970, 1, 1)).as_secs();
        Instant(days)
    }

    /// `Jan 2027`.
    pub fn label(self) -> String {
        self.first.strftime("%b %Y").to_string()
    }
}

/// A row of months in words: `12 months from Jan 2027`, `Jan 2027`.
pub fn horizon(months: &[Month]) -> String {
    match months {
        [] => "no months".to_owned(),
        [only] => only.label(),
        [first, ..] => format!("{} months from {}", months.len(), first.label()),
    }
}

/// `2027-01`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.strftime("%Y-%m"))
    }
}

/// Days since 1970-01-01 and the minute of the day (0 to 1,439) of an instant, UTC.
pub fn utc_day_and_minute(instant: Instant) -> (i64, u32) {
    let minutes = instant.0.div_euclid(60);
    (minutes.div_euclid(24 * 60), minutes.rem_euclid(24 * 60) as u32)
}

/// Days in the UTC month of an instant.
pub fn month_days(instant: Instant) -> u64 {
    // The text of an instant begins with its month, `2026-11`.
    Month::parse(instant.to_string().get(..7).unwrap_or_default()).map_or(30, |month| month.days() as u64)
}

/// The weekday, Monday = 0, of the day `days` after 1970-01-01, which was a Thursday.
pub fn weekday_of_day(days: i64) -> usize {
    (days + 3).rem_euclid(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_count_across_years() {
        let november = Month::parse("2026-11").unwrap();
        assert_eq!(november.plus(3).to_string(), "2027-02");
        assert_eq!(november.plus(3).days(), 28);
        assert_eq!(november.label(), "Nov 2026");
        assert_eq!(november.first_weekday(), 6);
    }

    #[test]
    fn instants_are_utc_seconds() {
        let day = Instant::parse("2026-03-05").unwrap();
        assert_eq!(day, Month::parse("2026-03").unwrap().start().plus_days(4));
        assert_eq!(Instant::parse("2026-08-16T16:00:00Z").unwrap().to_string(), "2026-08-16T16:00:00Z");
        let (days, minute) = utc_day_and_minute(Instant::parse("2026-11-23T10:01:59Z").unwrap());
        assert_eq!((weekday_of_day(days), minute), (0, 601));
        assert!(Instant::parse("tomorrow").is_err());
        assert!(Month::parse("2027-13").is_err());
    }

    #[test]
    fn stamps_of_logs_are_read_in_all_their_spellings() {
        let read = |text| parse_ms(text).map(|stamp| (stamp.ms, stamp.zoned));
        assert_eq!(read("1970-01-01"), Some((0, false)));
        assert_eq!(read("1970/01/02"), Some((86_400_000, false)));
        assert_eq!(read("1970-01-01T00:01"), Some((60_000, false)));
        assert_eq!(read("1970-01-01 00:00:01.6805900"), Some((1_680, false)));
        assert_eq!(read("1970-01-01T00:00:01.5Z"), Some((1_500, true)));
        assert_eq!(read("1970-01-01T02:00:00+02:00"), Some((0, true)));
        assert_eq!(read("1970-01-01 02:00:00 +0200"), Some((0, true)));
        assert_eq!(read("1969-12-31T18:30:00-05:30"), Some((0, true)));
        assert_eq!(read("1970-01-01 01:00:00+01"), Some((0, true)));
        assert_eq!(read("1970-01-01 00:00:00 UTC"), Some((0, true)));
    }

    #[test]
    fn the_hour_that_a_clock_repeats_is_told_apart_by_its_offset() {
        let summer = parse_ms("2026-10-25T02:30:00+02:00").unwrap().ms;
        let winter = parse_ms("2026-10-25T02:30:00+01:00").unwrap().ms;
        assert_eq!(winter - summer, 3_600_000);
    }

    #[test]
    fn what_is_no_stamp_is_refused() {
        for text in [
            "",
            "1970",
            "1970-13-01",
            "1970-02-30",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:60",
            "1970-01-01T",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00 Mars",
            "1970-01-01T00:00:00+1",
            "01/02/1970",
            "1970-01/01",
            "1970-01-01x00:00",
            "1970-01-01T00:00:00+24:00",
        ] {
            assert_eq!(parse_ms(text), None, "{text}");
        }
    }

    impl Instant {
        fn plus_days(self, days: i64) -> Instant {
            Instant(self.0 + days * 24 * HOUR_SECONDS)
        }
    }
}
