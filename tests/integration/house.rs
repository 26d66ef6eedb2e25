//! The house keeps its order: imports point left, outside crates have one home, prose has no leftovers.

use std::path::{Path, PathBuf};

use crate::support::project;

/// The rooms, left to right.
const ROOMS: [&str; 9] =
    ["domain", "catalogue", "billing", "workload", "engine", "analysis", "usage", "render", "cli"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

/// Path below `src`, and text without the tests at its end.
fn modules() -> Vec<(String, String)> {
    let src = project().join("src");
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
        (name, code)
    };
    sources(&src).into_iter().map(read).collect()
}

#[test]
fn imports_point_left() {
    for (name, code) in modules() {
        let Some(own) = ROOMS.iter().position(|room| name.starts_with(&format!("{room}/"))) else { continue };
        for right in &ROOMS[own + 1..] {
            assert!(
                !code.contains(&format!("crate::{right}")),
                "{name} imports {right}, which stands to its right"
            );
        }
    }
}

#[test]
fn an_outside_crate_has_one_home() {
    let homes = [
        ("saphyr_parser", "domain/document/events.rs"),
        ("plotters", "render/chart/"),
        ("resvg", "render/chart/png.rs"),
        ("rayon", "engine/parallel.rs"),
        ("smallvec", "engine/few.rs"),
        ("multiversion", "engine/kernel/mod.rs"),
        ("ctrlc", "cli/interrupt.rs"),
        ("clap", "cli/"),
        ("indicatif", "cli/progress.rs"),
        ("annotate_snippets", "cli/problems.rs"),
        ("minijinja", "render/page.rs"),
        ("comfy_table", "render/terminal.rs"),
        ("jiff", "domain/time.rs"),
        ("sha2", "catalogue/digest.rs"),
        ("strsim", "domain/problem.rs"),
        ("flate2", "usage/read/framing.rs"),
        ("ruzstd", "usage/read/framing.rs"),
        // Reading the pages of a log and writing the price table share nothing but the crate, and no room
        // could hold both: the one computes from other people's files, the other renders ours.
        ("parquet", "usage/columns/pages/ render/prices/flat_parquet.rs"),
    ];
    for (name, code) in modules() {
        for (outside, home) in homes {
            let used = code.contains(&format!("use {outside}::")) || code.contains(&format!(" {outside}::"));
            let at_home = home.split(' ').any(|home| name.starts_with(home));
            assert!(!used || at_home, "{name} uses {outside}, whose home is {home}");
        }
    }
}

#[test]
fn every_file_says_what_lives_in_it() {
    for (name, code) in modules() {
        assert!(code.starts_with("//!"), "{name} does not open with //!");
        let lines = code.lines().count();
        assert!(lines <= 500, "{name} has {lines} lines: does it still hold one idea?");
    }
}

#[test]
fn nothing_reaches_for_the_network() {
    for (name, code) in modules() {
        for word in ["std::net", "TcpStream", "UdpSocket", "reqwest", "ureq"] {
            assert!(!code.contains(word), "{name} mentions {word}");
        }
    }
}

#[test]
fn sampled_paths_use_portable_functions() {
    // The platform's exp and ln differ in the last bit between systems; `libm`'s do not.
    for (name, code) in
        modules().iter().filter(|(name, _)| name.starts_with("engine/") || name.starts_with("workload/"))
    {
        for method in [".exp()", ".ln()", ".powf(", ".sin()", ".cos()", ".log10()"] {
            assert!(!code.contains(method), "{name} calls {method}");
        }
    }
}
