//! Reads the shipped price files once, when the program is built: their events go into the binary beside their
//! text, so that no start has to parse them, and so does what is asked of files that nobody opens. A file that is
//! not YAML stops the build.

#[path = "src/catalogue/digest.rs"]
#[allow(dead_code, reason = "the build has one digest to take")]
mod digest;
#[path = "src/domain/document/events.rs"]
mod events;
#[path = "src/domain/document/tape.rs"]
#[allow(dead_code, reason = "the build writes tapes and replays none")]
mod tape;

use std::path::{Path, PathBuf};

use events::{Event, Span};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=pricing");
    println!("cargo::rerun-if-changed=src/catalogue/digest.rs");
    println!("cargo::rerun-if-changed=src/domain/document/events.rs");
    println!("cargo::rerun-if-changed=src/domain/document/tape.rs");
    if let Err(error) = write_shipped() {
        println!("cargo::error={error}");
    }
}

/// Writes `shipped.rs`, the list and the digest of all price files, and their tapes.
fn write_shipped() -> Result<(), String> {
    let variable = |name: &str| std::env::var_os(name).ok_or_else(|| format!("cargo sets {name}"));
    let out = PathBuf::from(variable("OUT_DIR")?);
    let folder = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("pricing");
    let entries = std::fs::read_dir(&folder).map_err(|error| say(&folder, error))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    // By name as providers are, not as files are: `deepseek` before `deepseek-cn`.
    paths.sort_by_key(|path| name_of(path));
    let texts: Vec<(String, String)> = paths
        .iter()
        .map(|path| Ok((name_of(path), std::fs::read_to_string(path).map_err(|error| say(path, error))?)))
        .collect::<Result<_, String>>()?;
    let list: String = paths
        .iter()
        .zip(&texts)
        .map(|(path, (name, text))| shipped_file(path, name, text, &out))
        .collect::<Result<_, String>>()?;
    let digest = digest::digest(texts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let target = out.join("shipped.rs");
    let shipped =
        format!("pub const FILES: &[Shipped] = &[\n{list}];\npub const DIGEST: &str = {digest:?};\n");
    std::fs::write(&target, shipped).map_err(|error| say(&target, error))
}

/// Writes a file's tape, and gives its line in the list.
fn shipped_file(path: &Path, name: &str, text: &str, out: &Path) -> Result<String, String> {
    let events: Result<Vec<_>, _> = events::events(text).collect();
    let events = events.map_err(|e| format!("{}:{}: {}", path.display(), e.span.line, e.message))?;
    let tape = out.join(format!("{name}.tape"));
    let checked = latest_check(&events).to_owned();
    std::fs::write(&tape, tape::record(text, events.into_iter())).map_err(|error| say(&tape, error))?;
    Ok(format!(
        "Shipped {{ provider: {name:?}, text: include_str!({path:?}), tape: include_bytes!({tape:?}), checked: {checked:?} }},\n"
    ))
}

fn say(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

/// The provider of a price file.
fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A map or list whose end has not come; of a map, the key whose value is next.
enum Open<'a> {
    List,
    Map(Option<&'a str>),
}

/// The latest day on which any price of a file was checked: dates sort as their text does.
fn latest_check<'a>(events: &'a [(Event<'a>, Span)]) -> &'a str {
    let mut open: Vec<Open> = Vec::new();
    let mut latest = "";
    for (event, _) in events {
        match event {
            Event::Document => {}
            Event::List(_) => open.push(Open::List),
            Event::Map(_) => open.push(Open::Map(None)),
            Event::Scalar(text, ..) if matches!(open.last(), Some(Open::Map(None))) => {
                open.pop();
                open.push(Open::Map(Some(text)));
            }
            Event::Scalar(..) | Event::Alias(_) | Event::End => {
                if let (Event::Scalar(text, ..), [.., "models", "prices", "checked"]) =
                    (event, &keys(&open)[..])
                {
                    latest = latest.max(text);
                }
                if *event == Event::End {
                    open.pop();
                }
                if let Some(Open::Map(key)) = open.last_mut() {
                    *key = None;
                }
            }
        }
    }
    latest
}

/// The keys that lead to a value.
fn keys<'a>(open: &[Open<'a>]) -> Vec<&'a str> {
    let key = |open: &Open<'a>| match open {
        Open::Map(key) => *key,
        Open::List => None,
    };
    open.iter().filter_map(key).collect()
}
