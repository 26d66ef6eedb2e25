//! Where an answer in one file goes: standard output, or a file that is not there yet.
//!
//! What is there is never written over: an answer is soon edited by hand, and a wrong name may be a log.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::Context;

use super::outcome::{Failure, print_bytes, say};

/// A place that one file may be written to.
pub struct Destination<'a> {
    file: Option<&'a Path>,
}

impl<'a> Destination<'a> {
    /// The file, or standard output if there is none or it is `-`.
    ///
    /// # Errors
    /// There is something already.
    pub fn of(file: Option<&'a Path>) -> Result<Self, Failure> {
        let file = file.filter(|path| *path != Path::new("-"));
        let there = file.and_then(|path| path.symlink_metadata().ok().map(|found| (path, found)));
        if let Some((path, found)) = there
            && (found.is_file() || found.is_dir() || found.is_symlink())
        {
            let remedy = if found.is_dir() {
                "name a file that is not there yet"
            } else {
                "name a file that is not there yet, or move that one away"
            };
            return Err(Failure::usage(&format!("{} exists", path.display()), remedy));
        }
        Ok(Destination { file })
    }

    /// The file, unless it is standard output.
    pub fn file(&self) -> Option<&Path> {
        self.file
    }

    /// Whether a person would see it.
    pub fn is_terminal(&self) -> bool {
        self.file.is_none() && std::io::stdout().is_terminal()
    }

    /// Writes all of it, or nothing; `then` is said behind the file's name.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn write(&self, bytes: &[u8], then: &str) -> Result<(), Failure> {
        let Some(path) = self.file else { return print_bytes(bytes) };
        if path.exists() {
            // A device or a pipe: nothing of it is lost.
            std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        } else {
            let file = std::fs::File::create_new(path);
            let mut file = file.with_context(|| format!("cannot create {}", path.display()))?;
            if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
                // Half an answer would be worse than none; the first error is the one to tell.
                let _ = std::fs::remove_file(path);
                return Err(anyhow::Error::new(error)
                    .context(format!("cannot write {}", path.display()))
                    .into());
            }
        }
        say(&format!("wrote {}{then}", path.display()));
        Ok(())
    }
}
