//! Where an export goes: a file, which it replaces if that is an export too, or standard output.

use std::io::{IsTerminal, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::Context;

use super::export::ExportFormat;
use crate::cli::files;
use crate::cli::outcome::{Failure, print_bytes, say};
use crate::render::FLAT_TABLE;

/// How the CSV and the script begin, and Parquet.
const BEGINNINGS: [&[u8]; 3] = [b"provider,model,model_id,", b"-- tollcast ", b"PAR1"];
/// Bytes at the end of a Parquet file in which its schema and our notes stand: some twenty thousand.
const FOOTER: u64 = 1 << 16;

/// A place that an export may be written to.
pub struct Destination<'a> {
    file: Option<&'a Path>,
}

impl<'a> Destination<'a> {
    /// The file, or standard output.
    ///
    /// # Errors
    /// A file is there that is no export, or the format is binary and would fill a terminal, or cannot be
    /// written by this binary.
    pub fn of(file: Option<&'a Path>, format: ExportFormat) -> Result<Self, Failure> {
        #[cfg(not(feature = "parquet"))]
        if format == ExportFormat::Parquet {
            return Err(super::export::without_parquet());
        }
        match file {
            Some(path) => refuse_foreign(path)?,
            None if format == ExportFormat::Parquet && std::io::stdout().is_terminal() => {
                return Err(Failure::usage(
                    "Parquet is binary, and standard output is a terminal",
                    "say where it goes: --out prices.parquet",
                ));
            }
            None => {}
        }
        Ok(Destination { file })
    }

    /// Writes all of it, or leaves what was there.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        match self.file {
            None => print_bytes(bytes),
            Some(path) => {
                files::replace(path, bytes)?;
                say(&format!("wrote {}", path.display()));
                Ok(())
            }
        }
    }
}

/// Refuses to write over anything but an export: a log, for instance.
fn refuse_foreign(path: &Path) -> Result<(), Failure> {
    if !path.exists() {
        return Ok(());
    }
    if path.is_file() && is_export(path).with_context(|| format!("cannot read {}", path.display()))? {
        return Ok(());
    }
    Err(Failure::usage(
        &format!("{} exists and is no export of prices", path.display()),
        "choose another place for --out, or remove that file",
    ))
}

/// Whether a file is empty or one that was written here, by its beginning and, of Parquet, its end.
fn is_export(path: &Path) -> std::io::Result<bool> {
    let mut file = std::fs::File::open(path)?;
    let mut begin = Vec::new();
    file.by_ref().take(64).read_to_end(&mut begin)?;
    let Some(format) = BEGINNINGS.iter().find(|beginning| begin.starts_with(beginning)) else {
        return Ok(begin.is_empty());
    };
    if *format != b"PAR1" {
        return Ok(true);
    }
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(FOOTER)))?;
    let mut end = Vec::new();
    file.take(FOOTER).read_to_end(&mut end)?;
    Ok(end.windows(FLAT_TABLE.len()).any(|word| word == FLAT_TABLE.as_bytes()))
}
