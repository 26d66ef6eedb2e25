//! Usage logs on the command line: how they are read, at which prices, and what is said of them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::files;
use super::outcome::Failure;
use crate::catalogue::{Catalogue, sha256_of};
use crate::domain::format::thousands;
use crate::domain::problem::{Code, suggest};
use crate::domain::route::RouteId;
use crate::domain::time::Instant;
use crate::render::to_json;
use crate::usage::read::{self, Field, ReadError, Reading};
use crate::usage::{Record, Replay, Terms};

/// How a log is read and priced.
#[derive(Args, Clone)]
pub struct LogArguments {
    /// The log's format, if the names in it do not tell: openai-usage, openai-csv, anthropic, litellm, openrouter,
    /// otel, langfuse, helicone, bedrock, azure-cost, claude-code, focus, plain; or, for backtest, series: bin,
    /// requests, spend_usd
    #[arg(long, value_name = "FORMAT", value_parser = format_named)]
    pub log_format: Option<LogFormat>,
    /// Which column of a plain table holds what, such as input=ContextTokens
    #[arg(long = "column", value_name = "FIELD=COLUMN", value_parser = column)]
    pub columns: Vec<(Field, String)>,
    /// The provider of rows that name none
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// The day on which logs begin whose times are seconds from 0 (default: the day on which prices were last checked)
    #[arg(long, value_name = "DATE", value_parser = Instant::parse)]
    pub epoch: Option<Instant>,
    /// Stop at the first row that cannot be used
    #[arg(long)]
    pub strict: bool,
}

/// Where rows that name no model are taken to be bought, when their shape alone is wanted.
pub const STAND_IN: &str = "openai/gpt-5.4";

/// A format by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Requests, or sums over requests.
    Usage(read::Format),
    /// Totals by bin.
    Series,
}

fn format_named(text: &str) -> Result<LogFormat, String> {
    if text == "series" {
        return Ok(LogFormat::Series);
    }
    read::Format::named(text).map(LogFormat::Usage).ok_or_else(|| {
        let names = read::Format::ALL.iter().map(|format| format.name()).chain(["series"]);
        format!("unknown log format `{text}`: {}", suggest(text, names))
    })
}

fn column(text: &str) -> Result<(Field, String), String> {
    let (field, column) =
        text.split_once('=').ok_or("expected FIELD=COLUMN, for instance input=prompt_tokens")?;
    let field = Field::parse(field)?;
    Ok((field, column.trim().to_owned()))
}

impl LogArguments {
    /// The format of requests that was named, if one was.
    pub fn usage_format(&self) -> Result<Option<read::Format>, Failure> {
        match self.log_format {
            Some(LogFormat::Series) => Err(Failure::usage(
                "a series has no single requests",
                "give a log of requests; `tollcast backtest` reads series",
            )),
            Some(LogFormat::Usage(format)) => Ok(Some(format)),
            None => Ok(None),
        }
    }

    /// At which prices its rows are billed.
    pub fn terms(&self, route: Option<RouteId>, on: Option<Instant>) -> Terms {
        Terms { route, provider: self.provider.clone(), stand_in: None, on }
    }

    /// The same where the shape of spend is wanted, of which rows that name no model are a part.
    pub fn terms_with_stand_in(&self, route: Option<RouteId>, on: Option<Instant>) -> Terms {
        Terms { stand_in: RouteId::parse(STAND_IN).ok(), ..self.terms(route, on) }
    }

    /// Reads a log and hands every usable row to `take`. Relative times begin on the day on which prices were last
    /// checked.
    pub fn read(
        &self,
        log: &Path,
        catalogue: &Catalogue,
        take: &mut dyn FnMut(Record),
    ) -> Result<Reading, Failure> {
        let options = self.options(catalogue)?;
        let name = log.display().to_string();
        read::read(&name, files::open(log)?, &options, take).map_err(|error| failed(&name, error))
    }

    /// How the readers are to read.
    pub fn options(&self, catalogue: &Catalogue) -> Result<read::Options, Failure> {
        if let Some(provider) = &self.provider
            && !catalogue.providers.iter().any(|known| known.id == *provider)
        {
            let help = suggest(provider, catalogue.providers.iter().map(|known| known.id.as_str()));
            return Err(Failure::problem(
                Code::UnknownName,
                &format!("unknown provider `{provider}`"),
                &help,
            ));
        }
        for (at, (field, column)) in self.columns.iter().enumerate() {
            let before = &self.columns[..at];
            if before.iter().any(|(other, name)| other == field || name.eq_ignore_ascii_case(column)) {
                return Err(Failure::usage(
                    &format!("--column {}={column} contradicts one before it", field.name()),
                    "one column for every field, and one field for every column",
                ));
            }
        }
        Ok(read::Options {
            format: self.usage_format()?,
            columns: self.columns.clone(),
            strict: self.strict,
            epoch: self.epoch.unwrap_or(catalogue.as_of),
        })
    }
}

/// What a report on logs can be reproduced from: version, command, and the digests of logs and prices.
///
/// # Errors
/// A log that can no longer be read; one from standard input has no digest.
pub fn manifest(logs: &[PathBuf], pricing_sha256: Option<&str>) -> anyhow::Result<Vec<u8>> {
    let digest = |log: &PathBuf| -> anyhow::Result<Value> {
        let name = log.display().to_string();
        let sha256 = if log.is_file() {
            let file = std::fs::File::open(log).with_context(|| format!("cannot open {name}"))?;
            Some(sha256_of(file).with_context(|| format!("cannot read {name}"))?)
        } else {
            None
        };
        Ok(json!({"name": name, "sha256": sha256}))
    };
    let logs: Vec<Value> = logs.iter().map(digest).collect::<anyhow::Result<_>>()?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let manifest = json!({
        "tool_version": env!("CARGO_PKG_VERSION"),
        "command": format!("tollcast {}", words.join(" ")),
        "scenario_sha256": null,
        "pricing_sha256": pricing_sha256,
        "logs": logs,
    });
    Ok(to_json(&manifest)?.into_bytes())
}

/// A reading that failed.
pub fn failed(name: &str, error: ReadError) -> Failure {
    match error {
        ReadError::Input(problems) => Failure::Input(problems),
        ReadError::Io(error) => {
            Failure::Other(anyhow::Error::new(error).context(format!("cannot read {name}")))
        }
    }
}

/// What has to be said of rows that name no model.
pub fn nameless_remark(rows: u64) -> String {
    format!(
        "{} rows name no model; they are priced on {STAND_IN}. Say another with --route.",
        thousands(rows)
    )
}

/// What has to be said of a reading, in sentences.
pub fn remarks(log: &Path, reading: &Reading) -> Vec<String> {
    let name = log.display();
    let mut all = vec![format!(
        "{name}: {}, {} rows read, {} used, {} set aside.",
        reading.format.describe(),
        thousands(reading.rows),
        thousands(reading.used),
        thousands(reading.unused())
    )];
    all.extend(reading.set_aside.iter().map(|aside| {
        let first: Vec<String> = aside.first.iter().map(|row| thousands(*row)).collect();
        format!(
            "Set aside: {} rows {} (first: row {}): {}",
            thousands(aside.rows),
            aside.reason.describe(),
            first.join(", "),
            aside.example
        )
    }));
    all.extend(reading.remarks.iter().cloned());
    if reading.sums > 0 {
        all.push(
            "Some rows are sums over many requests: they are billed in the band of their mean prompt, or in the base band where they do not tell how many they are, so what long prompts cost beyond it is not seen."
                .to_owned(),
        );
    }
    all
}

/// Refuses a log of which nothing could be priced, and says what could not be otherwise.
pub fn refuse_unpriced(replay: &Replay, used: u64) -> Result<Vec<String>, Failure> {
    let unpriced: u64 = replay.unpriced.values().map(|(rows, _)| rows).sum();
    let worst = replay.unpriced.iter().max_by_key(|(_, (rows, _))| *rows);
    if let Some((reason, (_, row))) = worst
        && unpriced == used
    {
        let title = format!("no row of the log has a price; row {row}: {}", reason.title);
        return Err(Failure::problem(Code::NoPrice, &title, &reason.help));
    }
    Ok(replay
        .unpriced
        .iter()
        .map(|(reason, (rows, first))| {
            format!(
                "Without a price: {} rows (first: row {first}): {}; {}",
                thousands(*rows),
                reason.title,
                reason.help
            )
        })
        .collect())
}
