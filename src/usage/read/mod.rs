//! Readers of usage logs: text in whatever form a vendor writes it, to [`Record`]s.
//!
//! Streaming: a log may be larger than memory. Columns and fields are matched by name. A row that cannot be
//! used is counted with its reason and set aside; used and set-aside rows add up to the rows read.

mod anthropic;
mod azure;
mod bedrock;
pub(super) mod cell;
mod claude_code;
pub(super) mod context;
pub(super) mod detect;
mod focus;
mod format;
pub(super) mod framing;
mod helicone;
mod langfuse;
pub(super) mod ledger;
mod litellm;
mod openai;
mod openrouter;
mod otel;
pub(super) mod plain;
mod reading;
pub(super) mod table;
mod values;
mod words;

use std::io::Read;

use super::Record;

pub use format::Format;
pub use plain::Field;
pub use reading::{Options, ReadError, Reading, Reason, SetAside};

use framing::{Framed, Shape};
use ledger::Ledger;

/// Reads a whole log and hands every usable row to `take`, in the order of the log. `name` is how messages
/// call it.
///
/// # Errors
/// When the input is no usage log that is known here, when the options do not fit it, when `options.strict`
/// and a row cannot be used, or when reading fails.
pub fn read(
    name: &str,
    input: Box<dyn Read + '_>,
    options: &Options,
    take: &mut dyn FnMut(Record),
) -> Result<Reading, ReadError> {
    detect::refuse_idle_columns(options)?;
    let Framed { text, shape, compression, marked } = framing::open(name, input)?;
    let mut ledger = Ledger::new(name, options, take);
    ledger.reading.compression = compression;
    if let Some(compression) = compression {
        ledger.remark(format!("The file is compressed with {compression} and was read as it is."));
    }
    if marked {
        ledger.remark("The file begins with a byte order mark, which was skipped.");
    }
    match shape {
        Shape::Table { delimiter } => table::read(text, delimiter, &mut ledger)?,
        Shape::Values => values::read(text, &mut ledger)?,
    }
    Ok(ledger.finish())
}
