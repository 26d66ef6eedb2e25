//! Spend and requests over time, in bins of equal length.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use crate::domain::problem::{Code, Place, Problems, Source, suggest};
use crate::domain::time::parse_ms;

/// A day, in milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;

/// Totals of neighbouring bins.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The length of a bin, milliseconds.
    pub bin_ms: i64,
    /// When the first bin begins, milliseconds since 1970-01-01 UTC; where that is unknown, a multiple of days.
    pub first_ms: i64,
    /// Whether the calendar is known, not only the order.
    pub dated: bool,
    /// Spend of each bin, USD.
    pub spend: Vec<f64>,
    /// Requests of each bin.
    pub requests: Vec<f64>,
    /// E[c²]/E[c]² of the cost of a request; 1 where costs are not known one by one.
    pub cost_moment: f64,
}

impl Series {
    /// The same totals in bins of `bin_ms`, a multiple of the present ones, that begin at multiples of their
    /// length. Bins at the ends of which a tenth or more is missing are left out.
    pub fn in_bins(&self, bin_ms: i64) -> Series {
        let factor = bin_ms / self.bin_ms;
        let mut bins: BTreeMap<i64, (f64, f64, i64)> = BTreeMap::new();
        for (at, (spend, requests)) in self.spend.iter().zip(&self.requests).enumerate() {
            let bin = (self.first_ms + at as i64 * self.bin_ms).div_euclid(bin_ms);
            let sums = bins.entry(bin).or_default();
            *sums = (sums.0 + spend, sums.1 + requests, sums.2 + 1);
        }
        let whole = |sums: &(f64, f64, i64)| 10 * sums.2 > 9 * factor;
        let kept: Vec<(i64, (f64, f64, i64))> = bins.into_iter().filter(|(_, sums)| whole(sums)).collect();
        Series {
            bin_ms,
            first_ms: kept.first().map_or(0, |(bin, _)| bin * bin_ms),
            spend: kept.iter().map(|(_, sums)| sums.0).collect(),
            requests: kept.iter().map(|(_, sums)| sums.1).collect(),
            ..*self
        }
    }

    /// How many bins.
    pub fn len(&self) -> usize {
        self.spend.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spend.is_empty()
    }
}

/// Collects single requests into a [`Series`].
pub struct Collector {
    bin_ms: i64,
    bins: BTreeMap<i64, (f64, f64)>,
    first_ms: i64,
    last_ms: i64,
    costs: (f64, f64, f64),
}

impl Collector {
    /// In bins of `bin_ms`.
    pub fn new(bin_ms: i64) -> Self {
        Collector {
            bin_ms,
            bins: BTreeMap::new(),
            first_ms: i64::MAX,
            last_ms: i64::MIN,
            costs: (0.0, 0.0, 0.0),
        }
    }

    /// Adds `requests` requests that cost `usd` in all: at an instant, or evenly over a span of time.
    pub fn add(&mut self, at_ms: i64, span_ms: Option<i64>, requests: f64, usd: f64) {
        let end_ms = at_ms.saturating_add(span_ms.unwrap_or(0).max(1) - 1);
        let (first, last) = (at_ms.div_euclid(self.bin_ms), end_ms.div_euclid(self.bin_ms));
        // A span of more bins than a series may have is taken as its beginning.
        let last = if last - first < MOST_BINS { last } else { first };
        let share = 1.0 / (last - first + 1) as f64;
        for bin in first..=last {
            let bin = self.bins.entry(bin).or_default();
            *bin = (bin.0 + share * usd, bin.1 + share * requests);
        }
        (self.first_ms, self.last_ms) = (self.first_ms.min(at_ms), self.last_ms.max(end_ms));
        self.costs = (self.costs.0 + 1.0, self.costs.1 + usd, self.costs.2 + usd * usd);
    }

    /// The series from the first whole bin to the last; empty bins between are zeros.
    ///
    /// # Errors
    /// A sentence, where the log spans more bins than anybody could mean.
    pub fn series(self, dated: bool) -> Result<Series, String> {
        let (count, sum, squares) = self.costs;
        let cost_moment = if sum > 0.0 { squares * count / (sum * sum) } else { 1.0 };
        let mut series = Series {
            bin_ms: self.bin_ms,
            first_ms: 0,
            dated,
            spend: Vec::new(),
            requests: Vec::new(),
            cost_moment,
        };
        if self.bins.is_empty() {
            return Ok(series);
        }
        // A bin that the log enters or leaves in its midst is not whole; a tenth of it may be missing.
        let slack = self.bin_ms / 10;
        let first = (self.first_ms - slack).div_euclid(self.bin_ms) + 1;
        let end = (self.last_ms + slack).div_euclid(self.bin_ms);
        series.first_ms = first * self.bin_ms;
        if end - first > MOST_BINS {
            return Err(format!(
                "the log spans {} days: is the time of some row wrong? A longer --horizon needs fewer bins",
                (end - first) / (DAY_MS / self.bin_ms).max(1)
            ));
        }
        for bin in first..end {
            let (spend, requests) = self.bins.get(&bin).copied().unwrap_or_default();
            series.spend.push(spend);
            series.requests.push(requests);
        }
        Ok(series)
    }
}

/// The most bins that a series may span.
const MOST_BINS: i64 = 5_000_000;

/// A series as read from a file.
#[derive(Clone, Debug)]
pub struct SeriesReading {
    /// The series.
    pub series: Series,
    /// Bins that no row speaks of; they are zeros.
    pub empty: usize,
    /// Bins whose row was set aside; they are the mean of their neighbours.
    pub filled: usize,
    /// What is wrong with the rows that were set aside, line by line.
    pub set_aside: Vec<String>,
}

/// A series of which more rows than this share cannot be used is none.
const MOST_SET_ASIDE: f64 = 0.1;

/// Reads a CSV with one row per bin: `bin` (a number, or a time), `requests`, and a column that begins with `spend`.
/// Rows that cannot be used are set aside, unless `strict`.
///
/// # Errors
/// Columns that are not there; all rows that cannot be used, with their lines, where one is too many.
pub fn read_series(
    name: &str,
    input: impl Read,
    bin_ms: i64,
    strict: bool,
) -> Result<SeriesReading, Problems> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(input);
    let mut file = File { source: Arc::new(Source::new(name, String::new())), problems: Problems::new() };
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return Err(file.stop(1, "the header cannot be read", &error.to_string())),
    };
    let columns = file.columns(&header)?;
    let mut rows: Vec<Row> = Vec::new();
    let (mut dated, mut lines, mut after_bad) = (false, 0, false);
    for (at, row) in reader.records().enumerate() {
        lines = at + 1;
        match file.bin(row, &columns, at + 2, bin_ms, rows.last()) {
            Some((bin, is_dated, requests, spend)) => {
                dated |= is_dated;
                rows.push(Row { bin, requests, spend, after_bad: std::mem::take(&mut after_bad) });
            }
            None => after_bad = true,
        }
    }
    let bad = file.problems.len();
    if strict && bad > 0 || bad as f64 > MOST_SET_ASIDE * lines as f64 {
        return Err(file.problems);
    }
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Err(file.stop(1, "the series has no rows", "one row for every bin is needed"));
    };
    let (first, count) = (first.bin, last.bin - first.bin + 1);
    if count > MOST_BINS {
        return Err(file.stop(1, "the series spans too many bins", "is --bin the length of a bin?"));
    }
    let mut series = Series {
        bin_ms,
        first_ms: first * bin_ms,
        dated,
        spend: vec![0.0; count as usize],
        requests: vec![0.0; count as usize],
        cost_moment: 1.0,
    };
    let filled = fill(&mut series, &rows, first);
    let set_aside = file.problems.into_sorted().into_iter().map(|problem| problem.title).collect();
    Ok(SeriesReading { series, empty: count as usize - rows.len() - filled, filled, set_aside })
}

/// A usable row.
struct Row {
    bin: i64,
    requests: f64,
    spend: f64,
    /// Whether the row before it was set aside.
    after_bad: bool,
}

/// Enters the rows. Bins between two of them where a row was set aside become the mean of those two; tells how many.
fn fill(series: &mut Series, rows: &[Row], first: i64) -> usize {
    let mut filled = 0;
    let mut before: Option<&Row> = None;
    for row in rows {
        if let (Some(before), true) = (before, row.after_bad) {
            for at in (before.bin + 1 - first) as usize..(row.bin - first) as usize {
                series.requests[at] = 0.5 * (before.requests + row.requests);
                series.spend[at] = 0.5 * (before.spend + row.spend);
                filled += 1;
            }
        }
        let at = (row.bin - first) as usize;
        (series.requests[at], series.spend[at]) = (row.requests, row.spend);
        before = Some(row);
    }
    filled
}

/// When a row's bin is: its number, or a time.
enum Time {
    Bin(i64),
    Ms(i64),
}

/// Where the columns stand.
struct Columns {
    time: usize,
    requests: Option<usize>,
    spend: usize,
}

/// A file with what is wrong in it.
struct File {
    source: Arc<Source>,
    problems: Problems,
}

impl File {
    fn add(&mut self, line: usize, title: &str, help: &str) {
        let place = Place { source: self.source.clone(), start: 0, end: 0, line, column: 1 };
        self.problems.at(Code::OutOfRange, &place, format!("line {line}: {title}"), "", help);
    }

    fn stop(mut self, line: usize, title: &str, help: &str) -> Problems {
        self.add(line, title, help);
        self.problems
    }

    fn columns(&mut self, header: &csv::StringRecord) -> Result<Columns, Problems> {
        let names: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').to_ascii_lowercase()).collect();
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let time = find(&["bin", "time", "timestamp", "ts", "date", "day", "hour"]);
        let requests = find(&["requests", "num_requests", "count"]);
        let spend = names.iter().position(|name| name.starts_with("spend") || name.starts_with("cost"));
        match (time, spend) {
            (Some(time), Some(spend)) => Ok(Columns { time, requests, spend }),
            (time, _) => {
                let missing = if time.is_none() { "bin" } else { "spend_usd" };
                let help = suggest(missing, names.iter().map(String::as_str));
                self.add(1, &format!("the series has no column `{missing}`"), &help);
                Err(std::mem::replace(&mut self.problems, Problems::new()))
            }
        }
    }

    /// The bin of a row, whether it is a date, requests and spend; or a problem.
    fn bin(
        &mut self,
        row: Result<csv::StringRecord, csv::Error>,
        columns: &Columns,
        line: usize,
        bin_ms: i64,
        before: Option<&Row>,
    ) -> Option<(i64, bool, f64, f64)> {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                self.add(line, "a row that cannot be read", &error.to_string());
                return None;
            }
        };
        let (time, requests, spend) = self.row(&row, columns, line)?;
        let (bin, is_dated) = match time {
            Time::Bin(bin) => (bin, false),
            Time::Ms(ms) => (ms.div_euclid(bin_ms), true),
        };
        if before.is_some_and(|before| before.bin >= bin) {
            self.add(line, "bins are not in order, or one comes twice", "sort the rows by time");
            return None;
        }
        Some((bin, is_dated, requests, spend))
    }

    fn row(&mut self, row: &csv::StringRecord, columns: &Columns, line: usize) -> Option<(Time, f64, f64)> {
        let time = row.get(columns.time).unwrap_or_default();
        let time = match time.parse::<i64>() {
            Ok(bin) if bin.unsigned_abs() < 100_000_000 => Some(Time::Bin(bin)),
            _ => parse_ms(time).map(|stamp| Time::Ms(stamp.ms)),
        };
        let spend = number(row.get(columns.spend));
        let requests = match columns.requests {
            Some(column) => number(row.get(column)),
            None => Some(0.0),
        };
        match (time, requests, spend) {
            (Some(time), Some(requests), Some(spend)) => Some((time, requests, spend)),
            (None, ..) => {
                self.add(
                    line,
                    "no number of a bin and no time",
                    "write 0, 1, 2, ... or 2026-11-24T10:00:00Z",
                );
                None
            }
            _ => {
                self.add(line, "not a number from 0 on", "spend is in USD, requests are counted");
                None
            }
        }
    }
}

fn number(text: Option<&str>) -> Option<f64> {
    text?.parse::<f64>().ok().filter(|value| (0.0..1e15).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_without_rows_are_zeros_and_days_are_sums_of_hours() {
        let text = "bin,requests,spend_usd_x\n0,10,1.5\n1,20,2.5\n4,1,0.5\n23,9,3\n24,7,7\n";
        let reading = read_series("s.csv", text.as_bytes(), 3_600_000, true).unwrap();
        let series = reading.series;
        assert_eq!((series.len(), reading.empty, series.dated), (25, 20, false));
        // The second day has one hour only, and is no whole day.
        let days = series.in_bins(DAY_MS);
        assert_eq!((days.spend, days.requests), (vec![7.5], vec![40.0]));
    }

    #[test]
    fn a_log_that_begins_in_a_bin_does_not_count_it() {
        let mut collector = Collector::new(1000);
        for at in [400, 900, 1000, 1500, 2100, 2950, 3500] {
            collector.add(at, None, 1.0, 2.0);
        }
        let series = collector.series(true).unwrap();
        assert_eq!((series.first_ms, series.requests), (1000, vec![2.0, 2.0]));
        assert_eq!(series.cost_moment, 1.0);
    }

    #[test]
    fn a_span_is_spread_over_its_bins() {
        let mut collector = Collector::new(1000);
        collector.add(0, Some(2000), 10.0, 4.0);
        collector.add(2000, Some(2000), 2.0, 2.0);
        let series = collector.series(true).unwrap();
        assert_eq!((series.requests, series.spend), (vec![5.0, 5.0, 1.0, 1.0], vec![2.0, 2.0, 1.0, 1.0]));
    }

    #[test]
    fn a_bad_row_among_many_is_set_aside_and_its_bin_is_the_mean_of_its_neighbours() {
        let line = |bin: i32| match bin {
            7 => "7,1,NaN\n".to_owned(),
            bin => format!("{bin},{bin},{}\n", 2 * bin),
        };
        let text = "bin,requests,spend_usd\n".to_owned() + &(0..20).map(line).collect::<String>();
        let reading = read_series("s.csv", text.as_bytes(), DAY_MS, false).unwrap();
        assert_eq!((reading.filled, reading.empty, reading.series.spend[7]), (1, 0, 14.0));
        assert!(reading.set_aside[0].contains("line 9"), "{:?}", reading.set_aside);
        assert!(read_series("s.csv", text.as_bytes(), DAY_MS, true).is_err());
    }

    #[test]
    fn bad_rows_are_named_by_line() {
        let text = "bin,requests,spend_usd\n0,1,1\n0,1,1\n2,-1,1\nsoon,1,1\n";
        let problems = read_series("s.csv", text.as_bytes(), DAY_MS, false).unwrap_err();
        let text = problems.to_string();
        for line in ["line 3", "line 4", "line 5"] {
            assert!(text.contains(line), "{text}");
        }
        assert!(read_series("s.csv", "bin,requests\n0,1\n".as_bytes(), DAY_MS, false).is_err());
        assert!(read_series("s.csv", "".as_bytes(), DAY_MS, false).is_err());
    }
}
