//! One column of a row group as whole numbers: counts, times in milliseconds, places of models.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};

use super::super::{Stop, Unfit};
use super::runs::Runs;

/// Nothing is written.
pub const NULL: i64 = i64::MIN;

/// What is written is no whole number.
pub const BROKEN: i64 = i64::MIN + 1;

/// How values are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Signed, four bytes.
    Int32,
    /// Unsigned, four bytes.
    Uint32,
    /// Eight bytes.
    Int64,
    /// Floating-point numbers, which some tools make of counts of which some are missing.
    Double,
    /// Bytes behind their length.
    Text,
}

/// What turns a stored number or text into the number that is wanted.
pub trait Meaning {
    /// Of numbers, in place.
    fn numbers(&mut self, numbers: &mut [i64]);
    /// Of a text.
    ///
    /// # Errors
    /// When what it names cannot be summed.
    fn text(&mut self, text: &[u8]) -> Result<i64, Stop>;
}

/// A column chunk, being read.
pub struct Column {
    pages: Box<dyn PageReader>,
    kind: Kind,
    /// Whether values may be missing.
    optional: bool,
    page: Option<Page>,
    /// Rows left in the page.
    left: usize,
    /// Which of them have a value, where some have none.
    levels: Option<Runs>,
    values: Values,
    /// The meaning of the dictionary's entries.
    dictionary: Vec<i64>,
    present: Vec<u32>,
}

#[derive(Clone, Copy)]
enum Values {
    /// One after another from that byte.
    Plain(usize),
    /// Places in the dictionary.
    Indexes(Runs),
}

/// The error of a file that is not written in a way that is read here.
fn packing<E>(_: E) -> Stop {
    Stop::Unfit(Unfit::Packing)
}

impl Column {
    /// A column whose pages are read one after another.
    pub fn new(pages: Box<dyn PageReader>, kind: Kind, optional: bool) -> Column {
        Column {
            pages,
            kind,
            optional,
            page: None,
            left: 0,
            levels: None,
            values: Values::Plain(0),
            dictionary: Vec::new(),
            present: Vec::new(),
        }
    }

    /// Reads as many values as `out` holds.
    ///
    /// # Errors
    /// When there are fewer, or they are stored in a way that is not read here.
    pub fn fill(&mut self, out: &mut [i64], meaning: &mut dyn Meaning) -> Result<(), Stop> {
        let mut out = out;
        while !out.is_empty() {
            if self.left == 0 {
                self.open(meaning)?;
                continue;
            }
            let (now, later) = out.split_at_mut(self.left.min(out.len()));
            self.left -= now.len();
            match self.levels {
                None => self.values(now, meaning)?,
                Some(_) => self.sparse(now, meaning)?,
            }
            out = later;
        }
        Ok(())
    }

    /// Opens the next page.
    fn open(&mut self, meaning: &mut dyn Meaning) -> Result<(), Stop> {
        let page = self.pages.get_next_page().map_err(packing)?.ok_or(Unfit::Packing)?;
        let bytes: &[u8] = page.buffer();
        let (encoding, at) = match &page {
            Page::DictionaryPage { num_values, .. } => {
                // Every entry has four bytes at least, so that a broken number is not believed.
                if *num_values as usize > bytes.len() / 4 {
                    return Err(Unfit::Packing.into());
                }
                self.dictionary = vec![0; *num_values as usize];
                plain(bytes, 0, self.kind, &mut self.dictionary, meaning)?;
                return Ok(());
            }
            Page::DataPage { num_values, encoding, def_level_encoding, .. } => {
                self.left = *num_values as usize;
                self.levels = None;
                let mut at = 0;
                if self.optional {
                    if *def_level_encoding != Encoding::RLE {
                        return Err(Unfit::Packing.into());
                    }
                    let length = bytes.first_chunk::<4>().ok_or(Unfit::Packing)?;
                    at = 4 + u32::from_le_bytes(*length) as usize;
                    let levels = Runs::new(4, at.min(bytes.len()), 1).ok_or(Unfit::Packing)?;
                    self.levels = (levels.leading(bytes, 1) < self.left).then_some(levels);
                }
                (*encoding, at)
            }
            Page::DataPageV2 {
                num_values,
                encoding,
                num_nulls,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                self.left = *num_values as usize;
                let from = *rep_levels_byte_len as usize;
                let at = from + *def_levels_byte_len as usize;
                let levels = Runs::new(from, at.min(bytes.len()), 1).ok_or(Unfit::Packing)?;
                self.levels = (*num_nulls > 0).then_some(levels);
                (*encoding, at)
            }
        };
        let in_dictionary = matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY);
        self.values = if in_dictionary {
            // A page of missing values only may say nothing about them.
            let width = bytes.get(at).map_or(0, |width| usize::from(*width));
            Values::Indexes(Runs::new(at + 1, bytes.len(), width).ok_or(Unfit::Packing)?)
        } else if encoding == Encoding::PLAIN {
            Values::Plain(at)
        } else {
            return Err(Unfit::Packing.into());
        };
        self.page = Some(page);
        Ok(())
    }

    /// Reads values none of which is missing.
    fn values(&mut self, out: &mut [i64], meaning: &mut dyn Meaning) -> Result<(), Stop> {
        if out.is_empty() {
            return Ok(());
        }
        let Some(page) = &self.page else { return Err(Unfit::Packing.into()) };
        let bytes: &[u8] = page.buffer();
        match &mut self.values {
            Values::Plain(at) => *at = plain(bytes, *at, self.kind, out, meaning)?,
            Values::Indexes(runs) => {
                let entries = self.dictionary.as_slice();
                let last = entries.len().checked_sub(1).ok_or(Unfit::Packing)?;
                // What is beyond the last one leaves a sign, which is cheaper than to ask each time.
                let mut signs = 0;
                let mut entry = |index: u32| {
                    signs |= last as i64 - i64::from(index);
                    entries[(index as usize).min(last)]
                };
                runs.fill(bytes, out, &mut entry).ok_or(Unfit::Packing)?;
                if signs < 0 {
                    return Err(Unfit::Packing.into());
                }
            }
        }
        Ok(())
    }

    /// Reads values of which some are missing.
    fn sparse(&mut self, out: &mut [i64], meaning: &mut dyn Meaning) -> Result<(), Stop> {
        let (Some(page), Some(levels)) = (&self.page, &mut self.levels) else {
            return Err(Unfit::Packing.into());
        };
        let mut present = std::mem::take(&mut self.present);
        present.resize(out.len(), 0);
        levels.fill(page.buffer(), &mut present, &mut |level| level).ok_or(Unfit::Packing)?;
        let count = present.iter().filter(|present| **present == 1).count();
        self.values(&mut out[..count], meaning)?;
        // From the end, so that nothing is overwritten before it is moved.
        let mut from = count;
        for at in (0..out.len()).rev() {
            out[at] = if present[at] == 1 {
                from -= 1;
                out[from]
            } else {
                NULL
            };
        }
        self.present = present;
        Ok(())
    }
}

/// Reads values that stand one after another, from byte `at`; where the next one stands.
fn plain(
    bytes: &[u8],
    at: usize,
    kind: Kind,
    out: &mut [i64],
    meaning: &mut dyn Meaning,
) -> Result<usize, Stop> {
    let size = if matches!(kind, Kind::Int32 | Kind::Uint32) { 4 } else { 8 };
    if kind == Kind::Text {
        return texts(bytes, at, out, meaning);
    }
    let end = at + size * out.len();
    let stored = bytes.get(at..end).ok_or(Unfit::Packing)?;
    let (fours, eights) = (stored.as_chunks::<4>().0, stored.as_chunks::<8>().0);
    match kind {
        Kind::Int32 => each(out, fours, |four| i64::from(i32::from_le_bytes(four))),
        Kind::Uint32 => each(out, fours, |four| i64::from(u32::from_le_bytes(four))),
        Kind::Double => each(out, eights, |eight| whole(f64::from_le_bytes(eight))),
        Kind::Int64 | Kind::Text => each(out, eights, i64::from_le_bytes),
    }
    meaning.numbers(out);
    Ok(end)
}

fn each<const N: usize>(out: &mut [i64], stored: &[[u8; N]], read: impl Fn([u8; N]) -> i64) {
    for (place, stored) in out.iter_mut().zip(stored) {
        *place = read(*stored);
    }
}

fn texts(bytes: &[u8], at: usize, out: &mut [i64], meaning: &mut dyn Meaning) -> Result<usize, Stop> {
    let mut at = at;
    for place in out {
        let rest = bytes.get(at..).ok_or(Unfit::Packing)?;
        let length = u32::from_le_bytes(*rest.first_chunk::<4>().ok_or(Unfit::Packing)?) as usize;
        *place = meaning.text(rest.get(4..4 + length).ok_or(Unfit::Packing)?)?;
        at += 4 + length;
    }
    Ok(at)
}

/// The whole number that a float is.
fn whole(value: f64) -> i64 {
    if value.is_nan() {
        NULL
    } else if value.fract() == 0.0 && value.abs() < 9e15 {
        value as i64
    } else {
        BROKEN
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use parquet::basic::Type;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::catalogue::{Catalogue, flat_prices, shipped};
    use crate::domain::time::Instant;
    use crate::render::{flat_csv, flat_parquet};

    /// Texts, as their places in the order in which they are met.
    #[derive(Default)]
    struct Texts(HashMap<String, i64>);

    impl Texts {
        fn place(&mut self, text: &str) -> i64 {
            let next = self.0.len() as i64;
            *self.0.entry(text.to_owned()).or_insert(next)
        }
    }

    impl Meaning for Texts {
        fn numbers(&mut self, _: &mut [i64]) {}

        fn text(&mut self, text: &[u8]) -> Result<i64, Stop> {
            Ok(self.place(std::str::from_utf8(text).unwrap()))
        }
    }

    /// What a cell of the CSV is in a column of numbers or of texts.
    fn stored(name: &str, cell: &str, texts: &mut Texts) -> i64 {
        match name {
            _ if cell.is_empty() => NULL,
            "valid_from" | "valid_until" => Instant::parse(cell).unwrap().unix_seconds() * 1_000_000,
            "checked" => Instant::parse(cell).unwrap().unix_seconds() / 86_400,
            "weekdays" => texts.place(cell),
            _ => cell.parse().unwrap_or_else(|_| texts.place(cell)),
        }
    }

    #[test]
    fn the_exported_price_table_is_read_back_cell_by_cell() {
        let catalogue = Catalogue::read(&shipped(), &[]).unwrap();
        let routes = catalogue.routes();
        let rows = flat_prices(&catalogue, &routes);
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &flat_parquet(&rows, "a note").unwrap()).unwrap();
        let csv = flat_csv(&rows).unwrap();
        let mut csv = csv::Reader::from_reader(csv.as_bytes());
        let head = csv.headers().unwrap().clone();
        let csv: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
        assert!(csv.len() > 2_000);

        let reader = SerializedFileReader::new(file).unwrap();
        let group = reader.get_row_group(0).unwrap();
        assert_eq!((reader.num_row_groups(), group.metadata().num_rows()), (1, csv.len() as i64));
        let schema = group.metadata().schema_descr();
        let names: Vec<String> = schema.columns().iter().map(|column| column.path().string()).collect();
        assert_eq!(names, head.iter().collect::<Vec<_>>());
        for (at, described) in schema.columns().iter().enumerate() {
            let kind = match described.physical_type() {
                Type::INT32 => Kind::Int32,
                Type::INT64 => Kind::Int64,
                Type::BYTE_ARRAY => Kind::Text,
                // Truth is nothing that a log is read for; DuckDB reads it in the test of the SQL.
                other => {
                    assert_eq!((names[at].as_str(), other), ("is_default_region", Type::BOOLEAN));
                    continue;
                }
            };
            let (mut texts, mut found) = (Texts::default(), vec![0; csv.len()]);
            let pages = group.get_column_page_reader(at).unwrap();
            let mut column = Column::new(pages, kind, described.max_def_level() == 1);
            assert!(column.fill(&mut found, &mut texts).is_ok(), "{}", names[at]);
            for (row, found) in csv.iter().zip(found) {
                assert_eq!(found, stored(&names[at], &row[at], &mut texts), "{}: {}", names[at], &row[at]);
            }
        }
    }
}
