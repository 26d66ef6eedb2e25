//! `tollcast prices import`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::printed;
use crate::catalogue::import::{Database, ImportOptions, Imported, Missing, import};
use crate::catalogue::{Provider, digest, price_file};
use crate::cli::outcome::{Exit, Failure, print, say};
use crate::cli::{Format, files, folder};
use crate::domain::time::Instant;
use crate::render::{import_sheet, import_summary, to_json};

/// Arguments of `prices import`.
#[derive(Args)]
pub struct Arguments {
    /// The database
    #[arg(long, value_enum)]
    from: From,
    /// Its file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The day as of which the file was taken: since when its undated prices hold, and their check date
    #[arg(long, value_name = "DATE", value_parser = Instant::parse)]
    as_of: Instant,
    /// Write the price files to a folder, for --pricing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only these providers; may be repeated
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// What becomes of prices that the database does not list, but its own code computes
    #[arg(long, value_enum, default_value_t = Unlisted::Computed)]
    unlisted: Unlisted,
    /// Name every entry in the report
    #[arg(long)]
    verbose: bool,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum From {
    /// model_prices_and_context_window.json
    Litellm,
    /// data.json
    GenaiPrices,
    /// The answer of /api/v1/models
    Openrouter,
    /// api.json
    ModelsDev,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unlisted {
    /// As the database computes them, and reported as doubtful
    Computed,
    /// Left out: using them is an error
    Unknown,
}

/// Imports, reports and writes.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.out {
        folder::probe(folder)?;
    }
    let options = options(arguments);
    let mut imported = import(&files::source(&arguments.file)?, &options)?;
    choose(arguments, &mut imported)?;
    if let Some(folder) = &arguments.out {
        refuse_to_lose(folder, &imported)?;
    }
    let summary = import_summary(options.database.name(), &imported);
    if let Some(folder) = &arguments.out {
        folder::write(folder, &price_files(&imported, arguments)?)?;
        say(&format!("price files: {}; use them with --pricing {}", folder.display(), folder.display()));
    } else {
        say("note: nothing was written; --out DIR writes the price files");
    }
    print(&match arguments.format {
        Format::Json => to_json(&summary)?,
        format => printed(&import_sheet(&summary, arguments.verbose), format)?,
    })?;
    Ok(Exit::Answered)
}

/// A folder is written as a whole: price files of an earlier import that this one lacks would be gone.
fn refuse_to_lose(folder: &Path, imported: &Imported) -> Result<(), Failure> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let kept = |name: &str| imported.providers.iter().any(|provider| format!("{}.yaml", provider.id) == name);
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut lost: Vec<String> = names.filter(|name| name.ends_with(".yaml") && !kept(name)).collect();
    lost.sort();
    match lost.first() {
        Some(first) => Err(Failure::usage(
            &format!("{} holds {first}, which this import would remove", folder.display()),
            "choose another folder, or name all --provider in one import",
        )),
        None => Ok(()),
    }
}

fn options(arguments: &Arguments) -> ImportOptions {
    ImportOptions {
        database: match arguments.from {
            From::Litellm => Database::LiteLlm,
            From::GenaiPrices => Database::GenaiPrices,
            From::Openrouter => Database::OpenRouter,
            From::ModelsDev => Database::ModelsDev,
        },
        as_of: arguments.as_of,
        missing: match arguments.unlisted {
            Unlisted::Computed => Missing::AsTheDatabase,
            Unlisted::Unknown => Missing::Unknown,
        },
    }
}

/// Keeps the wanted providers only.
fn choose(arguments: &Arguments, imported: &mut Imported) -> Result<(), Failure> {
    if arguments.provider.is_empty() {
        return Ok(());
    }
    let known: Vec<&str> = imported.providers.iter().map(|provider| provider.id.as_str()).collect();
    if let Some(wanted) = arguments.provider.iter().find(|wanted| !known.contains(&wanted.as_str())) {
        return Err(Failure::problem(
            crate::domain::problem::Code::UnknownName,
            &format!("the database has no provider `{wanted}`"),
            &crate::domain::problem::suggest(wanted, known.iter().copied()),
        ));
    }
    imported.providers.retain(|provider| arguments.provider.contains(&provider.id));
    let kept: Vec<String> = imported.providers.iter().map(|provider| format!("{}/", provider.id)).collect();
    imported.report.imported.retain(|(_, route)| kept.iter().any(|start| route.starts_with(start)));
    Ok(())
}

/// The price files, read back before they are written, and a manifest by which the folder is known as ours.
fn price_files(imported: &Imported, arguments: &Arguments) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut written = Vec::new();
    for provider in &imported.providers {
        let name = format!("{}.yaml", provider.id);
        let text = price_file(provider);
        let source = std::sync::Arc::new(crate::domain::problem::Source::new(name.clone(), text.clone()));
        Provider::read(&source)?;
        written.push((name, text));
    }
    let sum = digest(written.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let manifest = serde_json::json!({
        "tool_version": env!("CARGO_PKG_VERSION"),
        "imported_from": arguments.file.file_name().map(|name| name.to_string_lossy().into_owned()),
        "as_of": arguments.as_of.to_string(),
        "pricing_sha256": sum,
    });
    let mut all: Vec<(String, Vec<u8>)> =
        written.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    let summary = to_json(&import_summary(options(arguments).database.name(), imported))?;
    all.push(("import.json".to_owned(), summary.into_bytes()));
    all.push(("manifest.json".to_owned(), (to_json(&manifest)?).into_bytes()));
    Ok(all)
}
