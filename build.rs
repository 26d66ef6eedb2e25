//! Reads the shipped price files once, when the program is built: their events go into the binary beside their
//! text, so that no start has to parse them, and so does what is asked of files that nobody opens. A file that is
//! not YAML stops the build.

#[path = "src/domain/document/events.rs"]
mod events;
#[path = "src/domain/document/tape.rs"]
#[allow(dead_code, reason = "the build writes tapes and replays none")]
mod tape;

use std::path::{Path, PathBuf};

use events::{Event, Span};

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
        std::fs::write(&target, tape::record(&text, read.iter().cloned())).map_err(|e| say(&target, e))?;
        let checked = latest_check(&read);
        list += &format!(
            "Shipped {{ provider: {name:?}, text: include_str!({path:?}), tape: include_bytes!({target:?}), checked: {checked:?} }},\n"
        );
    }
    let target = out.join("shipped.rs");
    std::fs::write(&target, format!("[\n{list}]\n")).map_err(|e| say(&target, e))
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
