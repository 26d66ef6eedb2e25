//! Reads the shipped price files once, when the program is built: their events go into the binary beside their
//! text, so that no start has to parse them. A file that is not YAML stops the build.

#[path = "src/domain/document/events.rs"]
mod events;
#[path = "src/domain/document/tape.rs"]
#[allow(dead_code, reason = "the build writes tapes and replays none")]
mod tape;

use std::path::{Path, PathBuf};

fn main() {
    for path in ["build.rs", "pricing", "src/domain/document/events.rs", "src/domain/document/tape.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    if let Err(error) = write_tapes() {
        println!("cargo::error={error}");
    }
}

/// Writes `<name>.tape` for every `pricing/<name>.yaml`, and the list of all as `shipped.rs`.
fn write_tapes() -> Result<(), String> {
    let variable = |name: &str| std::env::var_os(name).ok_or_else(|| format!("cargo sets {name}"));
    let out = PathBuf::from(variable("OUT_DIR")?);
    let folder = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("pricing");
    let say = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let entries = std::fs::read_dir(&folder).map_err(|e| say(&folder, e))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    paths.sort();
    let mut list = String::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).map_err(|e| say(path, e))?;
        let read: Result<Vec<_>, _> = events::events(&text).collect();
        let read = read.map_err(|e| format!("{}:{}: {}", path.display(), e.span.line, e.message))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let target = out.join(format!("{name}.tape"));
        std::fs::write(&target, tape::record(&text, read.into_iter())).map_err(|e| say(&target, e))?;
        let file = format!("{name}.yaml");
        list += &format!("({file:?}, include_str!({path:?}), include_bytes!({target:?})),\n");
    }
    let target = out.join("shipped.rs");
    std::fs::write(&target, format!("[\n{list}]\n")).map_err(|e| say(&target, e))
}
