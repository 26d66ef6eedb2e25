//! A table of requests of which only the sums are wanted: millions of rows, billed exactly, without a record
//! of any of them.
//!
//! Inside of a band a bill is linear in its tokens. So whole counts are summed by model, UTC day and band,
//! and each sum is priced once; the total is that of all single bills to the picodollar. What is not linear
//! (prices by the hour, graduated cards, ids that tell doubles) is left to the row by row way: an [`Attempt`]
//! says why. A row that the quick way does not understand at once is read by the readers of `read`, so that
//! both ways agree on every row.

mod digits;
mod names;
#[cfg(feature = "parquet")]
mod pages;
mod plan;
mod split;
mod sums;
mod text;

#[cfg(feature = "parquet")]
pub use pages::parquet;
pub use plan::{Find, Plan, Prices, Unfit};
pub use sums::{Cell, Counts, Line, Sums, Tally, Unpriced};
pub use text::csv;

use super::read::ReadError;
use super::read::ledger::Ledger;
use super::read::plain::Field;
use super::read::{Format, detect, table};

/// What came of summing a table.
#[derive(Debug)]
pub enum Attempt {
    /// The sums of all of it.
    Summed(Box<Sums>),
    /// Its rows have to be billed one by one, and why.
    RowByRow(Unfit),
}

/// Why a reading stops early.
enum Stop {
    /// What it reads has to be billed row by row.
    Unfit(Unfit),
    /// It failed.
    Failed(ReadError),
}

impl From<Unfit> for Stop {
    fn from(unfit: Unfit) -> Self {
        Stop::Unfit(unfit)
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Stop::Failed(error)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Stop::Failed(error.into())
    }
}

fn attempt(result: Result<Sums, Stop>) -> Result<Attempt, ReadError> {
    match result {
        Ok(sums) => Ok(Attempt::Summed(Box::new(sums))),
        Err(Stop::Unfit(unfit)) => Ok(Attempt::RowByRow(unfit)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// What a column is read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Skipped,
    Time,
    Model,
    /// A count, by its place in [`Columns::COUNTS`], and whether it may be empty.
    Count(usize, bool),
}

/// Which column of a table holds what.
struct Columns {
    header: Vec<String>,
    table: table::Table,
    places: Vec<Option<usize>>,
    /// For every column.
    roles: Vec<Role>,
}

impl Columns {
    /// What is summed.
    const COUNTS: [Field; 5] = [Field::Input, Field::Cached, Field::Written, Field::Output, Field::Reasoning];

    /// Decides as the readers of plain tables do.
    fn find(header: Vec<String>, plan: &Plan<'_>, ledger: &mut Ledger<'_>) -> Result<Columns, Stop> {
        if detect::of_header(&header, ledger)? != Format::Plain {
            return Err(Unfit::Format.into());
        }
        let table = super::read::plain::table(&header, ledger)?;
        let places = table.columns(&header);
        table::refuse_missing(ledger.name, Format::Plain, &table, &header, &places)?;
        let forced = matches!(plan, Plan::Forced { .. });
        let mut never = vec![Field::Uncached, Field::Written1h, Field::Requests, Field::Id, Field::Cost];
        if !forced {
            never.extend([Field::Provider, Field::Tier, Field::Region]);
        }
        if never.iter().any(|field| places[*field as usize].is_some()) {
            return Err(Unfit::Column.into());
        }
        let mut roles = vec![Role::Skipped; header.len()];
        let mut give = |field: Field, role: Role| match places[field as usize].map(|at| &mut roles[at]) {
            Some(place @ Role::Skipped) => {
                *place = role;
                Ok(())
            }
            Some(_) => Err(Unfit::Column),
            None => Ok(()),
        };
        give(Field::Time, Role::Time)?;
        if !forced {
            give(Field::Model, Role::Model)?;
        }
        for (place, field) in Self::COUNTS.into_iter().enumerate() {
            give(field, Role::Count(place, !matches!(field, Field::Input | Field::Output)))?;
        }
        Ok(Columns { header, table, places, roles })
    }
}

/// The counts in the order of [`Columns::COUNTS`].
fn counts([input, cached, written, output, reasoning]: [u64; 5]) -> Counts {
    Counts { input, cached, written, output, reasoning }
}
