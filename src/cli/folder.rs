//! A report folder: all of it or nothing. It is written beside its place and renamed.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The file by which a folder is known to be a report.
const MARK: &str = "manifest.json";

/// Writes `files` (relative path and content) as the folder `target`.
///
/// An existing report at that place is replaced; anything else there is left alone.
///
/// # Errors
/// When the place is taken by something else, or cannot be written; then nothing has changed.
pub fn write(target: &Path, files: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
    let target = absolute(target)?;
    refuse_foreign(&target)?;
    let beside = sibling(&target, "new")?;
    let result = write_all(&beside, files).and_then(|()| put_in_place(&beside, &target));
    if result.is_err() {
        // What was half written is ours to remove; the first error is the one to tell.
        let _ = std::fs::remove_dir_all(&beside);
    }
    result
}

/// Fails early, before minutes of work, when the folder could not be written at the end.
///
/// # Errors
/// As [`write`].
pub fn probe(target: &Path) -> anyhow::Result<()> {
    let target = absolute(target)?;
    refuse_foreign(&target)?;
    let beside = sibling(&target, "probe")?;
    write_all(&beside, &[(MARK.to_owned(), Vec::new())])?;
    std::fs::remove_dir_all(&beside).with_context(|| format!("cannot remove {}", beside.display()))
}

fn absolute(target: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(target).with_context(|| format!("cannot find {}", target.display()))
}

fn refuse_foreign(target: &Path) -> anyhow::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(target) else { return Ok(()) };
    if !metadata.is_dir() {
        bail!("{} exists and is not a folder; choose another place for --out", target.display());
    }
    let mut entries =
        std::fs::read_dir(target).with_context(|| format!("cannot read {}", target.display()))?;
    if entries.next().is_some() && !target.join(MARK).is_file() {
        bail!(
            "{} holds files that are not a tollcast report; choose an empty or new folder for --out",
            target.display()
        );
    }
    Ok(())
}

fn sibling(target: &Path, purpose: &str) -> anyhow::Result<PathBuf> {
    let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
        bail!("{} cannot be a report folder", target.display());
    };
    let hidden = format!(".{}.{purpose}-{}", name.to_string_lossy(), std::process::id());
    Ok(parent.join(hidden))
}

fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
    for (name, content) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot create the folder {}", parent.display()))?;
        }
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn put_in_place(beside: &Path, target: &Path) -> anyhow::Result<()> {
    let replaced = target.exists();
    let old = sibling(target, "old")?;
    if replaced {
        std::fs::rename(target, &old)
            .with_context(|| format!("cannot move the old report {}", target.display()))?;
    }
    if let Err(error) = std::fs::rename(beside, target) {
        if replaced {
            // Put the old report back; if that fails too, its hidden place is in the message.
            std::fs::rename(&old, target)
                .with_context(|| format!("cannot restore the old report from {}", old.display()))?;
        }
        return Err(error).with_context(|| format!("cannot create {}", target.display()));
    }
    if replaced {
        std::fs::remove_dir_all(&old)
            .with_context(|| format!("cannot remove the old report {}", old.display()))?;
    }
    Ok(())
}
