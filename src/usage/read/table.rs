//! Rows with named fields: the lines of a CSV file, or flat JSON objects.

use std::io::BufRead;

use csv::{ErrorKind, ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::cell::{Cell, Fault};
use super::context::Context;
use super::framing::Bounded;
use super::ledger::{Ledger, Parsed};
use super::reading::{ReadError, Reason};
use super::{Format, cell, detect};

/// How the rows of a format are read.
pub struct Table {
    /// The fields, each with the names that it goes by, the preferred first; the reader knows them by their
    /// place in this list.
    pub fields: Vec<Vec<String>>,
    /// Places of the fields without which no row can be read.
    pub needed: &'static [usize],
    /// Reads one row.
    pub row: fn(&Cells<'_>, &mut Context) -> Result<Parsed, Fault>,
}

impl Table {
    /// A table of fixed names.
    pub fn fixed(
        fields: &[&[&str]],
        needed: &'static [usize],
        row: fn(&Cells<'_>, &mut Context) -> Result<Parsed, Fault>,
    ) -> Table {
        let fields =
            fields.iter().map(|names| names.iter().map(|name| (*name).to_owned()).collect()).collect();
        Table { fields, needed, row }
    }

    /// Where the column of each field is among the header's names.
    pub fn columns(&self, header: &[String]) -> Vec<Option<usize>> {
        (0..self.fields.len()).map(|field| self.column(field, header)).collect()
    }

    /// Where a field's column is among the header's names.
    fn column(&self, field: usize, header: &[String]) -> Option<usize> {
        let same = |name: &String| header.iter().position(|column| column.eq_ignore_ascii_case(name));
        self.fields[field].iter().find_map(same)
    }
}

/// The fields of one row.
pub enum Cells<'a> {
    /// A line of a table.
    Line {
        /// Its fields.
        record: &'a StringRecord,
        /// Where each field of the format stands.
        columns: &'a [Option<usize>],
    },
    /// An object.
    Object {
        /// Its members.
        members: &'a Map<String, Value>,
        /// The names of each field of the format.
        fields: &'a [Vec<String>],
    },
}

impl<'a> Cells<'a> {
    /// A field by its place in the format's list.
    pub fn get(&self, field: usize) -> Cell<'a> {
        match self {
            Cells::Line { record, columns } => {
                columns[field].and_then(|at| record.get(at)).map_or(Cell::Absent, Cell::Text)
            }
            Cells::Object { members, fields } => {
                let named = |name: &String| match members.get(name) {
                    Some(value) => Some(value),
                    None => members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v),
                };
                Cell::of(fields[field].iter().find_map(named))
            }
        }
    }

    /// Whether the log has such a field at all, in a table; in an object, whether this one does.
    pub fn has(&self, field: usize) -> bool {
        match self {
            Cells::Line { columns, .. } => columns[field].is_some(),
            Cells::Object { .. } => !matches!(self.get(field), Cell::Absent),
        }
    }
}

/// Reads a table with a header.
///
/// # Errors
/// When the header fits no format, when a strict reading meets a row that cannot be used, or when reading
/// fails.
pub fn read(text: impl BufRead, delimiter: u8, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
    let (bounded, bound) = Bounded::new(text, ledger.name);
    let mut lines =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(bounded);
    let mut record = StringRecord::new();
    if !next(&mut lines, &mut record)?.unwrap_or(false) {
        return Err(detect::no_header(ledger.name, "it is empty or not UTF-8"));
    }
    let header: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
    // Data in the header's place is not to be shown: some of it may be a prompt's text.
    if header.iter().any(|name| cell::is_number_or_time(name)) {
        return Err(detect::no_header(ledger.name, "it holds numbers or times"));
    }
    remark_delimiter(delimiter, ledger);
    let format = detect::of_header(&header, ledger)?;
    let Some(table) = detect::table(format, &header, ledger)? else {
        return Err(detect::not_a_table(ledger.name, format));
    };
    let columns = table.columns(&header);
    let mut complete = true;
    loop {
        bound.row_ended();
        let parsed = match next(&mut lines, &mut record)? {
            Some(false) => break,
            Some(true) => line(&table, &record, &columns, header.len(), ledger),
            None => Err(Fault::new(Reason::WrongEncoding, "a byte that is no UTF-8")),
        };
        if ledger.reading.rows == 0 {
            refuse_missing(ledger.name, format, &table, &header, &columns)?;
        }
        complete = parsed.is_ok();
        ledger.row(parsed)?;
    }
    if complete && !matches!(bound.last_byte(), b'\n' | b'\r') {
        remark_open_end(ledger);
    }
    Ok(())
}

/// Says what separates the fields, if it is no comma.
pub fn remark_delimiter(delimiter: u8, ledger: &mut Ledger<'_>) {
    if delimiter != b',' {
        let mark =
            if delimiter == b'\t' { "tabs".to_owned() } else { format!("`{}`", char::from(delimiter)) };
        ledger.remark(format!("The fields of the table are separated by {mark}."));
    }
}

/// Says that the last line, which was used, does not end.
pub fn remark_open_end(ledger: &mut Ledger<'_>) {
    ledger.remark(
        "The last line has no line end. It is used; if the log was cut off there, its last number may be short.",
    );
}

/// Reads the next line: whether there is one; `None` if it is not UTF-8.
fn next<R: std::io::Read>(
    lines: &mut csv::Reader<R>,
    record: &mut StringRecord,
) -> Result<Option<bool>, ReadError> {
    match lines.read_record(record) {
        Ok(there) => Ok(Some(there)),
        Err(error) => match error.into_kind() {
            ErrorKind::Utf8 { .. } => Ok(None),
            ErrorKind::Io(error) => Err(ReadError::from(error)),
            other => Err(ReadError::Io(std::io::Error::other(format!("{other:?}")))),
        },
    }
}

/// Reads one line of a table whose header has `wanted` columns.
///
/// # Errors
/// What is wrong with it.
pub fn line(
    table: &Table,
    record: &StringRecord,
    columns: &[Option<usize>],
    wanted: usize,
    ledger: &mut Ledger<'_>,
) -> Result<Parsed, Fault> {
    let found = record.len();
    if found != wanted {
        let reason = if found < wanted { Reason::Torn } else { Reason::TooManyFields };
        return Err(Fault::new(reason, format!("{found} fields where the header has {wanted}")));
    }
    (table.row)(&Cells::Line { record, columns }, &mut ledger.context)
}

/// Refuses a table without a column that its rows need, or with two of the same name.
///
/// # Errors
/// Which is missing or stands there twice.
pub fn refuse_missing(
    name: &str,
    format: Format,
    table: &Table,
    header: &[String],
    columns: &[Option<usize>],
) -> Result<(), ReadError> {
    let missing: Vec<_> = table
        .needed
        .iter()
        .filter(|field| columns[**field].is_none())
        .map(|field| &table.fields[*field])
        .collect();
    if !missing.is_empty() {
        return Err(detect::missing_columns(name, format, &missing, header));
    }
    for at in columns.iter().flatten() {
        if header.iter().filter(|column| column.eq_ignore_ascii_case(&header[*at])).count() > 1 {
            return Err(detect::doubled_column(name, &header[*at]));
        }
    }
    Ok(())
}

/// Reads one object.
pub fn object(table: &Table, value: &Value, context: &mut Context) -> Result<Parsed, Fault> {
    let Some(members) = value.as_object() else {
        return Err(Fault::new(Reason::NotJson, "a value that is no object"));
    };
    (table.row)(&Cells::Object { members, fields: &table.fields }, context)
}
