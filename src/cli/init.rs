//! `tollcast init`: a scenario to start from.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::outcome::{Exit, Failure, print, say};

const STARTER: &str = include_str!("../../scenarios/starter.yaml");

/// Arguments of `init`.
#[derive(Args)]
pub struct Arguments {
    /// Write to this new file instead of standard output
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Prints the starter scenario, or writes it to a file that does not exist yet.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Some(path) = &arguments.file else {
        print(STARTER)?;
        return Ok(Exit::Answered);
    };
    let mut file =
        std::fs::File::create_new(path).with_context(|| format!("cannot create {}", path.display()))?;
    if let Err(error) = file.write_all(STARTER.as_bytes()).and_then(|()| file.sync_all()) {
        // Half a scenario would be worse than none; the first error is the one to tell.
        let _ = std::fs::remove_file(path);
        return Err(anyhow::Error::new(error).context(format!("cannot write {}", path.display())).into());
    }
    say(&format!("wrote {0}; next: tollcast simulate {0} --out report", path.display()));
    Ok(Exit::Answered)
}
