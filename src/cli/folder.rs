//! A report folder: all of it or nothing. It is written beside its place and renamed.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The file by which a folder is known to be a report.
const MARK: &str = "manifest.json";

/// The files beside the charts that reports and comparisons consist of.
const OURS: [&str; 18] = [
    MARK,
    "result.json",
    "months.csv",
    "report.md",
    "report.html",
    "comparison.json",
    "comparison.md",
    "comparison.csv",
    "goal.json",
    "goal.md",
    "map.json",
    "map.md",
    "import.json",
    "backtest.json",
    "backtest.md",
    "fit.md",
    "fit.html",
    "scenario.yaml",
];

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
    let written = write_all(&beside, &[(MARK.to_owned(), Vec::new())]);
    if written.is_err() {
        let _ = std::fs::remove_dir_all(&beside);
    }
    written?;
    std::fs::remove_dir_all(&beside).with_context(|| format!("cannot remove {}", beside.display()))
}

fn absolute(target: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(target).with_context(|| format!("cannot find {}", target.display()))
}

/// Refuses a place that holds anything which a report of ours does not consist of.
fn refuse_foreign(target: &Path) -> anyhow::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(target) else { return Ok(()) };
    if !metadata.is_dir() {
        bail!("{} exists and is not a folder; choose another place for --out", target.display());
    }
    let found = files_below(target)?;
    let mark = std::fs::read_to_string(target.join(MARK)).unwrap_or_default();
    let imported = mark.contains("\"imported_from\"");
    let is_report = mark.contains("\"tool_version\"") && (imported || mark.contains("\"scenario_sha256\""));
    let ours = |path: &Path| {
        let inside = path.strip_prefix(target).unwrap_or(path);
        is_ours(inside) || imported && inside.extension().is_some_and(|ending| ending == "yaml")
    };
    let foreign = found.iter().find(|path| !is_report || !ours(path));
    match foreign {
        Some(path) => bail!(
            "{} holds files that are not of a tollcast report, such as {}; choose an empty or new folder for --out",
            target.display(),
            path.display()
        ),
        None => Ok(()),
    }
}

/// Whether a path inside a report is one that we write.
fn is_ours(inside: &Path) -> bool {
    let name = inside.to_string_lossy();
    let ending = inside.extension().is_some_and(|ending| ending == "svg" || ending == "png");
    OURS.contains(&name.as_ref()) || inside.parent() == Some(Path::new("charts")) && ending
}

/// All files and links below a folder; empty folders count as nothing.
fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files.extend(files_below(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
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
