//! The flat price table as Parquet: counts and rates as 64-bit whole numbers, instants in UTC.
//!
//! The types are those with which the SQL of `prices export` works on every engine. Instants are marked as
//! UTC: unmarked ones are TIMESTAMP_NTZ to Spark and DATETIME to BigQuery, and neither has seconds since 1970.

use std::fmt::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::flat::{Cell, Column, FLAT_TABLE, Kind, cells, columns};
use crate::catalogue::FlatPrice;
use crate::domain::time::utc_day_and_minute;

/// The rows of the CSV with typed columns; `about` goes to the file's metadata.
///
/// # Errors
/// Never in practice: everything is written to memory.
pub fn flat_parquet(rows: &[FlatPrice<'_>], about: &str) -> anyhow::Result<Vec<u8>> {
    Ok(written(rows, about)?)
}

fn written(rows: &[FlatPrice<'_>], about: &str) -> Result<Vec<u8>> {
    let columns: Vec<Column> = columns().collect();
    let properties = WriterProperties::builder()
        .set_created_by(format!("tollcast {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(vec![KeyValue::new(FLAT_TABLE.to_owned(), about.to_owned())]))
        .build();
    let schema = Arc::new(parse_message_type(&schema(&columns))?);
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    let mut stored: Vec<Vec<Cell<'_>>> = columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        stored.iter_mut().zip(cells(row)).for_each(|(column, cell)| column.push(cell));
    }
    for (column, cells) in columns.iter().zip(&stored) {
        if let Some(mut writer) = group.next_column()? {
            write(column, cells, &mut writer)?;
            writer.close()?;
        }
    }
    group.close()?;
    file.into_inner()
}

/// The schema in Parquet's own notation.
fn schema(columns: &[Column]) -> String {
    let mut text = format!("message {FLAT_TABLE} {{\n");
    for column in columns {
        let repeated = if column.may_be_empty { "OPTIONAL" } else { "REQUIRED" };
        let (stored, meaning) = match column.kind {
            Kind::Text => ("BYTE_ARRAY", " (STRING)"),
            Kind::Truth => ("BOOLEAN", ""),
            Kind::Whole => ("INT64", ""),
            Kind::Time => ("INT64", " (TIMESTAMP(MICROS, true))"),
            Kind::Day => ("INT32", " (DATE)"),
        };
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {repeated} {stored} {}{meaning};", column.name());
    }
    text + "}\n"
}

fn write(column: &Column, cells: &[Cell<'_>], writer: &mut SerializedColumnWriter<'_>) -> Result<()> {
    match column.kind {
        Kind::Text => put::<ByteArrayType>(column, cells, writer, text),
        Kind::Truth => put::<BoolType>(column, cells, writer, |cell| match cell {
            Cell::Truth(truth) => Some(*truth),
            _ => None,
        }),
        Kind::Whole | Kind::Time => put::<Int64Type>(column, cells, writer, |cell| match cell {
            Cell::Whole(number) => Some(*number),
            Cell::Time(at) => Some(at.unix_seconds() * 1_000_000),
            _ => None,
        }),
        Kind::Day => put::<Int32Type>(column, cells, writer, |cell| match cell {
            Cell::Day(at) => i32::try_from(utc_day_and_minute(*at).0).ok(),
            _ => None,
        }),
    }
}

/// No text is guarded against spreadsheets: a typed text is no formula.
fn text(cell: &Cell<'_>) -> Option<ByteArray> {
    match cell {
        Cell::Name(text) | Cell::Words(text) => Some(ByteArray::from(*text)),
        Cell::Weekdays(text) => Some(ByteArray::from(text.as_str())),
        _ => None,
    }
}

/// Writes the values that there are and, where some may be missing, which ones.
fn put<T: DataType>(
    column: &Column,
    cells: &[Cell<'_>],
    writer: &mut SerializedColumnWriter<'_>,
    value: impl Fn(&Cell<'_>) -> Option<T::T>,
) -> Result<()> {
    let values: Vec<Option<T::T>> = cells.iter().map(value).collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    let levels = column.may_be_empty.then_some(levels.as_slice());
    writer.typed::<T>().write_batch(&values, levels, None)?;
    Ok(())
}
