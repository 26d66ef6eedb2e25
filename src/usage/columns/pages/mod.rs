//! The sums of a Parquet file: pages of whole numbers, batch by batch. A batch with anything strange in it is
//! gone through row by row.
//!
//! Pages are unpacked by the `parquet` crate and decoded here, because a dictionary of model names is worth
//! more than the names: it turns every name into a small number before any row is met.

mod column;
mod runs;

use std::cell::Cell;
use std::fs::File;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::plan::{Find, Plan, Unfit};
use super::sums::{Sums, Tally};
use super::{Attempt, Columns, Counts, Role, Stop, attempt, counts};
use crate::billing::Usage;
use crate::usage::read::cell::{self, Fault, MOST_TOKENS, SENSIBLE_MS};
use crate::usage::read::context::{Context, Note};
use crate::usage::read::ledger::{Ledger, Parsed};
use crate::usage::read::{Options, ReadError, Reason};
use crate::usage::{DAY_MS, Record};
use column::{BROKEN, Column, Kind, Meaning, NULL};

/// Rows of a batch: all its columns stay in the processor's second cache.
const BATCH: usize = 4_096;

/// Rows that are looked through together for long prompts.
const STRETCH: usize = 16;

/// So many models are few; a power of two.
const FEW: usize = 32;

/// No count of the quick way is as large; a power of two.
const SMALL: i64 = 1 << 27;

/// The sums of a Parquet file. `name` is how messages call it.
///
/// # Errors
/// As [`crate::usage::read::read`].
pub fn parquet(name: &str, file: File, options: &Options, plan: &mut Plan<'_>) -> Result<Attempt, ReadError> {
    let Ok(reader) = SerializedFileReader::new(file) else { return Ok(Attempt::RowByRow(Unfit::Packing)) };
    let handed = Cell::new(None);
    let mut take = |record: Record| handed.set(Some(record));
    let ledger = Ledger::new(name, options, &mut take);
    attempt(read(&reader, plan, ledger, &handed))
}

fn read(
    file: &SerializedFileReader<File>,
    plan: &mut Plan<'_>,
    mut ledger: Ledger<'_>,
    handed: &Cell<Option<Record>>,
) -> Result<Sums, Stop> {
    let schema = file.metadata().file_metadata().schema_descr();
    let header = schema.columns().iter().map(|column| column.path().string()).collect();
    let mut columns = Columns::find(header, plan, &mut ledger)?;
    let mut sums = Sums::default();
    let by_day = plan.by_day();
    if let Plan::Forced { prices, .. } = plan {
        sums.model(None, Some(prices.clone()))?;
    }
    if !by_day {
        // Nothing depends on the time.
        columns.roles.iter_mut().filter(|role| **role == Role::Time).for_each(|role| *role = Role::Skipped);
    }
    let counted = |place: usize| columns.roles.contains(&Role::Count(place, true));
    let parts = counted(2) || counted(4);
    let values = std::array::from_fn(|_| vec![0; BATCH]);
    let mut table = Batches { sums, plan, ledger, handed, by_day, parts, values, long: Vec::new() };

    if !columns.roles.contains(&Role::Model) && matches!(table.plan, Plan::ByModel(_)) {
        table.values[MODEL].fill(NULL);
    }
    for index in 0..file.num_row_groups() {
        let group = file.get_row_group(index).map_err(|_| Unfit::Packing)?;
        table.group(&*group, &columns.roles)?;
    }
    table.sums.reading = Some(table.ledger.finish());
    Ok(table.sums)
}

/// Where counts, times and models stand among the values of a batch.
const TIME: usize = 5;
const MODEL: usize = 6;

/// All that takes part while batches are read.
struct Batches<'a, 'l, 'p> {
    sums: Sums,
    plan: &'a mut Plan<'p>,
    ledger: Ledger<'l>,
    handed: &'a Cell<Option<Record>>,
    by_day: bool,
    /// Whether written and reasoning tokens are counted.
    parts: bool,
    /// The five counts, the time and the model of every row of a batch.
    values: [Vec<i64>; 7],
    /// Where long prompts are.
    long: Vec<usize>,
}

impl Batches<'_, '_, '_> {
    fn group(&mut self, group: &dyn RowGroupReader, roles: &[Role]) -> Result<(), Stop> {
        let mut columns = Vec::new();
        for (at, role) in roles.iter().enumerate() {
            let place = match role {
                Role::Skipped => continue,
                Role::Time => TIME,
                Role::Model => MODEL,
                Role::Count(place, _) => *place,
            };
            let described = group.metadata().column(at).column_descr_ptr();
            let (kind, unit) = stored(&described, place).ok_or(Unfit::Packing)?;
            let pages = group.get_column_page_reader(at).map_err(|_| Unfit::Packing)?;
            columns.push((place, unit, Column::new(pages, kind, described.max_def_level() == 1)));
        }
        let mut left = usize::try_from(group.metadata().num_rows()).map_err(|_| Unfit::Packing)?;
        while left > 0 {
            let rows = left.min(BATCH);
            for (place, unit, column) in &mut columns {
                self.fill(*place, *unit, column, rows)?;
            }
            self.batch(rows)?;
            left -= rows;
        }
        Ok(())
    }

    fn fill(&mut self, place: usize, unit: Unit, column: &mut Column, rows: usize) -> Result<(), Stop> {
        let out = &mut self.values[place][..rows];
        match (place, &mut *self.plan) {
            (MODEL, Plan::ByModel(find)) => {
                column.fill(out, &mut Models { sums: &mut self.sums, find: &mut **find })
            }
            (TIME, _) => column.fill(out, &mut Times { unit, context: &mut self.ledger.context }),
            _ => column.fill(out, &mut Plain),
        }
    }

    fn batch(&mut self, rows: usize) -> Result<(), Stop> {
        if !self.by_day && matches!(self.plan, Plan::Forced { .. }) {
            return if self.parts {
                self.one_card([0, 1, 3, 2, 4], rows)
            } else {
                self.one_card([0, 1, 3], rows)
            };
        }
        if !self.is_plain(rows) {
            return (0..rows).try_for_each(|row| self.single_row(row));
        }
        let times = &self.values[TIME][..rows];
        let (first, last) = self.ledger.taken_all(rows, self.by_day.then_some(times));
        self.sums.allow(rows as u64 * SMALL as u64)?;
        let (first, last) = (first.div_euclid(DAY_MS), last.div_euclid(DAY_MS));
        let day = if self.by_day { first } else { 0 };
        let one_day = !self.by_day || first == last;
        let [input, cached, written, output, reasoning] =
            [0, 1, 2, 3, 4].map(|place| &self.values[place][..rows]);
        let models = &self.values[MODEL][..rows];
        if one_day && !self.parts && self.sums.models() <= FEW {
            return few(&mut self.sums, day, models, [input, cached, output]);
        }
        for row in 0..rows {
            let day = if one_day { day } else { times[row].div_euclid(DAY_MS) };
            let tokens = [input[row], cached[row], written[row], output[row], reasoning[row]];
            self.sums.block(models[row] as usize, day)?.add(&counts(tokens.map(|count| count as u64)));
        }
        Ok(())
    }

    /// A batch at one card, whatever its days; the places of input, cached and output, and of written and reasoning
    /// where those are counted.
    fn one_card<const N: usize>(&mut self, places: [usize; N], rows: usize) -> Result<(), Stop> {
        let end = i64::try_from(self.sums.block(0, 0)?.ends[0]).unwrap_or(i64::MAX);
        let columns = places.map(|place| &self.values[place][..rows]);
        let Some(sums) = together(columns, end, &mut self.long) else {
            return (0..rows).try_for_each(|row| self.single_row(row));
        };
        self.ledger.taken_all(rows, None);
        self.sums.allow(rows as u64 * SMALL as u64)?;
        let block = self.sums.block(0, 0)?;
        let mut over = Tally::default();
        for from in self.long.drain(..) {
            for row in (from..rows.min(from + STRETCH)).filter(|row| columns[0][*row] > end) {
                let tokens = placed(columns.map(|column| column[row]));
                over.add(&tokens);
                block.add(&tokens);
            }
        }
        block.tallies[0].join(&Tally { requests: rows as u64, tokens: placed(sums) }, &over);
        Ok(())
    }

    /// Whether every row of the batch can be summed as it is.
    fn is_plain(&self, rows: usize) -> bool {
        let [input, cached, written, output, reasoning, time, model] =
            self.values.each_ref().map(|values| &values[..rows]);
        // Without comparisons: whatever is negative has the highest bit, whatever is large another one.
        let (mut small, mut signs) = (0, 0);
        for row in 0..rows {
            small |= input[row] | cached[row] | output[row];
            signs |= input[row].wrapping_sub(cached[row]) | time[row] | model[row];
        }
        for row in 0..if self.parts { rows } else { 0 } {
            small |= written[row] | reasoning[row];
            signs |= input[row].wrapping_sub(cached[row]).wrapping_sub(written[row]);
            signs |= output[row].wrapping_sub(reasoning[row]);
        }
        (0..SMALL).contains(&small) && signs >= 0
    }

    /// A row on its own, as the readers of plain tables would have it.
    fn single_row(&mut self, row: usize) -> Result<(), Stop> {
        let parsed = self.record(row);
        self.ledger.row(parsed.map(Parsed::from))?;
        let Some(record) = self.handed.take() else { return Ok(()) };
        let model = match (self.values[MODEL][row], &mut *self.plan) {
            (NULL, Plan::ByModel(find)) => Models { sums: &mut self.sums, find: &mut **find }.named(None)?,
            (model, _) => model as usize,
        };
        let day = if self.by_day { record.at_ms.div_euclid(DAY_MS) } else { 0 };
        let usage = &record.usage;
        self.sums.allow(usage.input.max(usage.output))?;
        let counts = counts([usage.input, usage.cached, usage.written, usage.output, usage.reasoning]);
        self.sums.block(model, day)?.add(&counts);
        Ok(())
    }

    fn record(&self, row: usize) -> Result<Record, Fault> {
        let count = |place: usize| {
            let name = Columns::COUNTS[place].name();
            match self.values[place][row] {
                NULL => Ok(None),
                BROKEN => Err(Fault::new(Reason::BadCount, format!("{name} is no whole number"))),
                count => match u64::try_from(count).ok().filter(|count| *count <= MOST_TOKENS) {
                    Some(count) => Ok(Some(count)),
                    None => Err(Fault::new(Reason::BadCount, format!("{name} is {count}"))),
                },
            }
        };
        let needed = |place: usize| {
            let empty = || Fault::new(Reason::NoCount, format!("{} is empty", Columns::COUNTS[place].name()));
            count(place)?.ok_or_else(empty)
        };
        let usage = Usage {
            cached: count(1)?.unwrap_or(0),
            written: count(2)?.unwrap_or(0),
            input: needed(0)?,
            output: needed(3)?,
            reasoning: count(4)?.unwrap_or(0),
            ..Usage::NONE
        };
        match self.values[TIME][row] {
            NULL => Err(Fault::new(Reason::NoTime, "time is empty")),
            BROKEN => Err(Fault::new(Reason::BadTime, "time is none of a request to a model")),
            at_ms => Ok(Record { at_ms, usage, requests: 1, ..Record::default() }),
        }
    }
}

/// Counts in the order of [`Batches::one_card`].
fn placed<const N: usize>(values: [i64; N]) -> Counts {
    let at = |place: usize| values.get(place).map_or(0, |count| *count as u64);
    counts([at(0), at(1), at(3), at(2), at(4)])
}

/// The sums of columns in the order of [`Batches::one_card`] whose rows can all be summed as they are; and where those
/// of more input than `end` are, as the beginnings of [`STRETCH`]es.
fn together<const N: usize>(columns: [&[i64]; N], end: i64, long: &mut Vec<usize>) -> Option<[i64; N]> {
    let rows = columns[0].len();
    let (mut small, mut signs, mut sums) = (0, 0, [0_i64; N]);
    long.clear();
    for from in (0..rows).step_by(STRETCH) {
        let stretch = columns.map(|column| &column[from..rows.min(from + STRETCH)]);
        // As in `is_plain`, without comparisons.
        let mut over = 0;
        for row in 0..stretch[0].len() {
            let values = stretch.map(|column| column[row]);
            let part = |place: usize| values.get(place).copied().unwrap_or(0);
            small |= values.iter().fold(0, |all, value| all | value);
            signs |= values[0].wrapping_sub(values[1]).wrapping_sub(part(3));
            signs |= values[2].wrapping_sub(part(4));
            over |= end.wrapping_sub(values[0]);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = sum.wrapping_add(value);
            }
        }
        if over < 0 {
            long.push(from);
        }
    }
    ((0..SMALL).contains(&small) && signs >= 0).then_some(sums)
}

/// Adds rows of few models and one day: those of the lowest bands beside each other first, which stay in the
/// processor's first cache.
fn few(sums: &mut Sums, day: i64, models: &[i64], [input, cached, output]: [&[i64]; 3]) -> Result<(), Stop> {
    let (mut lowest, mut ends) = ([[0_u64; 4]; FEW], [0; FEW]);
    for (model, end) in ends.iter_mut().enumerate().take(sums.models()) {
        *end = sums.block(model, day)?.ends[0];
    }
    let rows = models.iter().zip(input).zip(cached.iter().zip(output));
    for ((model, input), (cached, output)) in rows {
        let (model, tokens) = (*model as usize % FEW, [*input as u64, *cached as u64, *output as u64]);
        if tokens[0] > ends[model] {
            sums.block(model, day)?.add(&counts([tokens[0], tokens[1], 0, tokens[2], 0]));
            continue;
        }
        for (sum, count) in lowest[model].iter_mut().zip([1, tokens[0], tokens[1], tokens[2]]) {
            *sum += count;
        }
    }
    for (model, [requests, input, cached, output]) in lowest.into_iter().enumerate().take(sums.models()) {
        let tokens = counts([input, cached, 0, output, 0]);
        sums.block(model, day)?.tallies[0].join(&Tally { requests, tokens }, &Tally::default());
    }
    Ok(())
}

/// How a time is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    /// By its magnitude.
    Open,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    Days,
}

/// How a column is stored and counted, if it can be read here as what it is to be.
fn stored(column: &ColumnDescriptor, place: usize) -> Option<(Kind, Unit)> {
    if column.max_rep_level() > 0 || column.max_def_level() > 1 {
        return None;
    }
    let kind = match (column.physical_type(), column.converted_type()) {
        (_, ConvertedType::DECIMAL) => return None,
        (Type::INT32, ConvertedType::UINT_32) => Kind::Uint32,
        (Type::INT32, _) => Kind::Int32,
        (Type::INT64, _) => Kind::Int64,
        (Type::DOUBLE, _) => Kind::Double,
        (Type::BYTE_ARRAY, _) => Kind::Text,
        _ => return None,
    };
    let unit = match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Timestamp(time)), _) => match time.unit {
            TimeUnit::MILLIS => Unit::Milliseconds,
            TimeUnit::MICROS => Unit::Microseconds,
            TimeUnit::NANOS => Unit::Nanoseconds,
        },
        (_, ConvertedType::TIMESTAMP_MILLIS) => Unit::Milliseconds,
        (_, ConvertedType::TIMESTAMP_MICROS) => Unit::Microseconds,
        (_, ConvertedType::DATE) => Unit::Days,
        (_, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => return None,
        _ => Unit::Open,
    };
    let fits = match place {
        MODEL => kind == Kind::Text,
        TIME => kind != Kind::Double,
        _ => kind != Kind::Text && unit == Unit::Open,
    };
    fits.then_some((kind, unit))
}

/// Numbers that mean themselves.
struct Plain;

impl Meaning for Plain {
    fn numbers(&mut self, _: &mut [i64]) {}

    fn text(&mut self, _: &[u8]) -> Result<i64, Stop> {
        Err(Unfit::Packing.into())
    }
}

/// Times, in milliseconds since 1970-01-01 UTC.
struct Times<'a> {
    unit: Unit,
    context: &'a mut Context,
}

impl Meaning for Times<'_> {
    fn numbers(&mut self, numbers: &mut [i64]) {
        let usual = self.unit == Unit::Open && numbers.iter().all(|number| SENSIBLE_S.contains(number));
        for number in numbers {
            *number = if usual { *number * 1_000 } else { self.number(*number) };
        }
    }

    fn text(&mut self, text: &[u8]) -> Result<i64, Stop> {
        let Ok(text) = std::str::from_utf8(text) else { return Ok(BROKEN) };
        Ok(match cell::Cell::Text(text).time("time", self.context) {
            Ok(ms) => ms,
            Err(fault) if fault.reason == Reason::NoTime => NULL,
            Err(_) => BROKEN,
        })
    }
}

impl Times<'_> {
    fn number(&mut self, number: i64) -> i64 {
        let ms = match (self.unit, number) {
            (Unit::Open, 100_000_000..100_000_000_000) => number * 1_000,
            (Unit::Open, 100_000_000_000..100_000_000_000_000) | (Unit::Milliseconds, _) => number,
            (Unit::Open, 100_000_000_000_000..100_000_000_000_000_000) | (Unit::Microseconds, _) => {
                number.div_euclid(1_000)
            }
            (Unit::Open, 100_000_000_000_000_000..) | (Unit::Nanoseconds, _) => number.div_euclid(1_000_000),
            (Unit::Open, 0..) => {
                self.context.note(Note::Relative);
                return self.context.epoch_ms + number * 1_000;
            }
            (Unit::Open, _) => BROKEN,
            (Unit::Days, _) => number.saturating_mul(DAY_MS),
        };
        if SENSIBLE_MS.contains(&ms) { ms } else { BROKEN }
    }
}

/// Unix seconds of [`SENSIBLE_MS`], as most logs have them.
const SENSIBLE_S: std::ops::Range<i64> = SENSIBLE_MS.start / 1_000..SENSIBLE_MS.end / 1_000;

/// Models, as their places among the sums.
struct Models<'a, 'f> {
    sums: &'a mut Sums,
    find: &'a mut Find<'f>,
}

impl Models<'_, '_> {
    fn named(&mut self, name: Option<&str>) -> Result<usize, Stop> {
        if let Some(known) = self.sums.find(name) {
            return Ok(known);
        }
        let prices = (self.find)(name)?;
        Ok(self.sums.model(name, prices)?)
    }
}

impl Meaning for Models<'_, '_> {
    fn numbers(&mut self, _: &mut [i64]) {}

    fn text(&mut self, text: &[u8]) -> Result<i64, Stop> {
        let Ok(text) = std::str::from_utf8(text) else { return Err(Unfit::Packing.into()) };
        match cell::Cell::Text(text).text() {
            Some(name) => Ok(self.named(Some(name))? as i64),
            None => Ok(NULL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums and long prompts of columns against a look at every row.
    #[test]
    fn rows_are_summed_together_where_each_could_be() {
        let mut state = 1_u64;
        let mut next = |most: u64| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 33) % most
        };
        for round in 0..3_000 {
            let rows = 1 + next(50) as usize;
            let mut columns: [Vec<i64>; 5] = std::array::from_fn(|_| vec![0; rows]);
            for row in 0..rows {
                let (input, output) = (next(5_000) as i64, next(900) as i64);
                let (cached, reasoning) = (next(input as u64 + 1) as i64, next(output as u64 + 1) as i64);
                let written = next((input - cached) as u64 + 1) as i64;
                let values = [input, cached, output, written, reasoning];
                columns.iter_mut().zip(values).for_each(|(column, value)| column[row] = value);
            }
            if round % 3 == 0 {
                let (column, row) = (next(5) as usize, next(rows as u64) as usize);
                columns[column][row] = [NULL, BROKEN, -1, 6_000, SMALL, i64::MAX][next(6) as usize];
            }
            let row = |at: usize| columns.each_ref().map(|column| column[at]);
            let end = [0, 2_500, 4_999, i64::MAX][next(4) as usize];
            let sound = |at: usize| {
                let [input, cached, output, written, reasoning] = row(at);
                let small = row(at).iter().all(|count| (0..SMALL).contains(count));
                small && input >= cached + written && output >= reasoning
            };
            let wanted = (0..rows).all(sound).then(|| columns.each_ref().map(|column| column.iter().sum()));
            let mut long = Vec::new();
            let found = together(columns.each_ref().map(|column| &column[..]), end, &mut long);
            assert_eq!(found, wanted, "{columns:?}");
            let has = |from: &usize| (*from..rows.min(from + STRETCH)).any(|at| row(at)[0] > end);
            let wanted: Vec<usize> = (0..rows).step_by(STRETCH).filter(has).collect();
            assert!(found.is_none() || long == wanted, "{columns:?}, {end}: {long:?}");
        }
    }
}
