//! Reading what the user names: scenarios, price files, standard input; and writing a single file.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::PricingArguments;
use super::outcome::{Failure, say};
use crate::catalogue::{Catalogue, Contract, ExchangeRate, Wanted};
use crate::domain::document::MAX_BYTES;
use crate::domain::problem::{Code, Place, Problems, Source, suggest};
use crate::workload::{Assembled, Scenario, assemble};

/// The text of a file, or of standard input for `-`.
///
/// # Errors
/// A file that cannot be read (exit 1), is too large or is not UTF-8 (exit 2).
pub fn source(path: &Path) -> Result<Arc<Source>, Failure> {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let bytes = bytes(path, &name)?;
    let empty = |text: String| Arc::new(Source::new(name.clone(), text));
    if bytes.len() > MAX_BYTES {
        return Err(refused(
            &empty(String::new()),
            "the file is too large",
            "more than 8 MiB",
            "scenarios hold a few hundred lines",
        ));
    }
    match String::from_utf8(bytes) {
        // A byte order mark is no part of the text.
        Ok(text) => Ok(empty(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())),
        Err(error) => {
            // Everything before the first wrong byte is as in the file, so the place fits the lossy text.
            let start = error.utf8_error().valid_up_to();
            let source = empty(String::from_utf8_lossy(error.as_bytes()).into_owned());
            Err(not_utf8(&source, start))
        }
    }
}

/// A log, to be read as it comes.
///
/// # Errors
/// A file that cannot be opened.
pub fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(file))
}

/// Writes a file beside its place and renames it, so that it is there whole or as it was.
///
/// # Errors
/// A place that cannot be written.
pub fn replace(target: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let beside = target.with_file_name(name);
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, target));
    if written.is_err() {
        // What was half written is ours to remove; the first error is the one to tell.
        let _ = std::fs::remove_file(&beside);
    }
    written.with_context(|| format!("cannot write {}", target.display()))
}

/// Whether a file is Parquet, by its first bytes.
///
/// # Errors
/// A file that cannot be read.
pub fn is_parquet(path: &Path) -> anyhow::Result<bool> {
    let mut mark = Vec::new();
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    file.take(4).read_to_end(&mut mark).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(mark == b"PAR1")
}

/// At most one byte more than is allowed, so that a huge file is never read whole.
fn bytes(path: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 + 1;
    if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {name}"))?;
        file.take(limit).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    }
    Ok(bytes)
}

fn refused(source: &Arc<Source>, title: &str, found: &str, help: &str) -> Failure {
    let mut problems = Problems::new();
    let place = Place { source: source.clone(), start: 0, end: 0, line: 1, column: 1 };
    problems.at(Code::TooLarge, &place, title, found, help);
    Failure::Input(problems)
}

fn not_utf8(source: &Arc<Source>, start: usize) -> Failure {
    let before = &source.text[..start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let place = Place {
        source: source.clone(),
        start,
        end: start + '\u{fffd}'.len_utf8(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    };
    let mut problems = Problems::new();
    problems.at(
        Code::Syntax,
        &place,
        "the file is not UTF-8 text",
        "not a UTF-8 character",
        "save it as UTF-8",
    );
    Failure::Input(problems)
}

/// The built-in price files of the providers that a command asks for, with those of `--pricing` over them.
///
/// # Errors
/// A folder that cannot be read or holds no price file, and all problems of the files.
pub fn catalogue(arguments: &PricingArguments, wanted: &Wanted) -> Result<Catalogue, Failure> {
    catalogue_over(&price_sources(arguments)?, &arguments.exchange, wanted)
}

/// The built-in price files of the providers that a command asks for, with others over them.
///
/// # Errors
/// All problems of the files; two rates for one currency.
pub fn catalogue_over(
    over: &[Arc<Source>],
    exchange: &[ExchangeRate],
    wanted: &Wanted,
) -> Result<Catalogue, Failure> {
    if let Some(twice) = repeated(exchange) {
        return Err(Failure::usage(
            &format!("two exchange rates for {}", twice.currency),
            "one rate holds for all months: keep one of them",
        ));
    }
    Ok(Catalogue::read_shipped(wanted, over)?.exchanged(exchange))
}

/// The price files of `--pricing`.
///
/// # Errors
/// A folder that cannot be read or holds no price file.
pub fn price_sources(arguments: &PricingArguments) -> Result<Vec<Arc<Source>>, Failure> {
    let Some(folder) = &arguments.pricing else { return Ok(Vec::new()) };
    let files = self::folder(folder)?;
    say(&format!("prices: {} file(s) of {} over the built-in ones", files.len(), folder.display()));
    files.iter().map(|file| source(file)).collect()
}

/// The price files of a folder, and no others.
///
/// # Errors
/// A folder that cannot be read or holds no price file, and all problems of the files.
pub fn folder_catalogue(folder: &Path) -> Result<Catalogue, Failure> {
    let files: Vec<Arc<Source>> =
        self::folder(folder)?.iter().map(|file| source(file)).collect::<Result<_, _>>()?;
    Ok(Catalogue::read(&files, &[])?)
}

/// A contract, whose provider and models the catalogue knows.
///
/// # Errors
/// A file that cannot be read, and all its problems.
pub fn contract(path: &Path, catalogue: &Catalogue) -> Result<Contract, Failure> {
    contract_from(&source(path)?, catalogue)
}

/// A contract from a text that was read already.
///
/// # Errors
/// All problems of the contract.
pub fn contract_from(source: &Arc<Source>, catalogue: &Catalogue) -> Result<Contract, Failure> {
    let contract = Contract::read(source)?;
    let mut problems = Problems::new();
    let place = Place { source: source.clone(), start: 0, end: 0, line: 1, column: 1 };
    for (what, name, known) in contract.unknown_names(catalogue) {
        let title = format!("the contract names the unknown {what} `{name}`");
        problems.at(Code::UnknownName, &place, title, "", suggest(name, known.iter().copied()));
    }
    if problems.is_empty() { Ok(contract) } else { Err(problems.into()) }
}

fn repeated(rates: &[ExchangeRate]) -> Option<&ExchangeRate> {
    rates
        .iter()
        .enumerate()
        .find(|(at, rate)| rates[..*at].iter().any(|r| r.currency == rate.currency))
        .map(|(_, r)| r)
}

/// The YAML files of a folder, in order of name.
///
/// # Errors
/// A folder that cannot be read or holds none.
pub fn folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot open the folder {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read the folder {}", folder.display()))?.path();
        if path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml"))
        {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("the folder {} holds no YAML file (*.yaml)", folder.display());
    }
    Ok(files)
}

/// A checked scenario from a text that was read already; what it extends is read here.
///
/// # Errors
/// All problems of the scenario.
pub fn scenario_from(source: Arc<Source>, catalogue: &Catalogue) -> Result<Scenario, Failure> {
    Ok(Scenario::read(&assembled(&source)?, catalogue)?)
}

/// A scenario with all that it extends, not yet checked.
///
/// # Errors
/// A file that cannot be read or is no tree.
pub fn assembled(source: &Arc<Source>) -> Result<Assembled, Failure> {
    let open = |name: &str, from: &str| {
        if name == "-" {
            return Err("standard input cannot be extended".to_owned());
        }
        let base = Path::new(from).parent().unwrap_or(Path::new(""));
        self::source(&base.join(name)).map_err(|failure| match failure {
            Failure::Other(error) => format!("{error:#}"),
            Failure::Input(problems) => problems.to_string(),
        })
    };
    Ok(assemble(source, &open)?)
}
