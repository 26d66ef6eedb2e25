//! Which format a log has, by the names of its columns or the keys of its objects; and what to say when it
//! has none.

use serde_json::Value;

use super::cell::shown_name;
use super::ledger::Ledger;
use super::reading::{Options, ReadError};
use super::table::{Table, object};
use super::{
    Format, anthropic, azure, bedrock, claude_code, focus, helicone, langfuse, litellm, openai, openrouter,
    otel, plain,
};
use crate::domain::problem::Code;

/// Names that only one format has together.
const SIGNATURES: [(Format, &[&str]); 14] = [
    (Format::LiteLlm, &["spend", "prompt_tokens", "call_type"]),
    (Format::LiteLlm, &["spend", "prompt_tokens", "custom_llm_provider"]),
    (Format::LiteLlm, &["spend", "prompt_tokens", "api_requests"]),
    (Format::LiteLlm, &["spend", "prompt_tokens", "request_id", "startTime"]),
    (Format::OpenAiCsv, &["num_model_requests", "input_tokens"]),
    (Format::OpenAiCsv, &["start_time", "end_time", "start_time_iso", "end_time_iso"]),
    (Format::OpenRouter, &["tokens_prompt", "tokens_completion"]),
    (Format::Langfuse, &["usage_details"]),
    (Format::Langfuse, &["usageDetails"]),
    (Format::Langfuse, &["provided_model_name"]),
    (Format::Helicone, &["request_created_at", "prompt_tokens"]),
    (Format::AzureCost, &["MeterName", "Quantity"]),
    (Format::Focus, &["BilledCost", "ChargePeriodStart"]),
    (Format::Focus, &["ConsumedQuantity", "ChargePeriodStart"]),
];

/// The most names that a message lists.
const MOST_LISTED: usize = 30;

/// What to do about a log in no known format.
const REMEDY: &str = "say which format it is with --log-format, or which columns to read: --log-format plain --column time=… --column input=… --column output=…";

/// Reads the values of a JSON log.
pub enum Reader {
    /// Flat objects.
    Table(Table),
    /// Values that hold rows, or are a row with an inner structure.
    Values(fn(&Value, &mut Ledger<'_>) -> Result<(), ReadError>),
    /// Lines of transcripts.
    Transcripts(claude_code::Transcripts),
}

impl Reader {
    /// Reads one value with all rows in it.
    ///
    /// # Errors
    /// When a strict reading meets a row that cannot be used.
    pub fn value(&mut self, value: &Value, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
        match self {
            Reader::Table(table) => match value.get("data").and_then(Value::as_array) {
                Some(rows) => rows.iter().try_for_each(|row| {
                    let parsed = object(table, row, &mut ledger.context);
                    ledger.row(parsed)
                }),
                None => {
                    let parsed = object(table, value, &mut ledger.context);
                    ledger.row(parsed)
                }
            },
            Reader::Values(read) => read(value, ledger),
            Reader::Transcripts(lines) => lines.line(value, ledger),
        }
    }

    /// Settles what was held back.
    ///
    /// # Errors
    /// As [`Reader::value`].
    pub fn end(self, ledger: &mut Ledger<'_>) -> Result<(), ReadError> {
        match self {
            Reader::Transcripts(lines) => lines.end(ledger),
            _ => Ok(()),
        }
    }
}

/// The reader of a format whose values have an inner structure.
pub fn reader(format: Format) -> Option<Reader> {
    match format {
        Format::OpenAiUsage => Some(Reader::Values(openai::page)),
        Format::Anthropic => Some(Reader::Values(anthropic::page)),
        Format::OpenTelemetry => Some(Reader::Values(otel::batch)),
        Format::Bedrock => Some(Reader::Values(bedrock::call)),
        Format::ClaudeCode => Some(Reader::Transcripts(claude_code::Transcripts::new())),
        _ => None,
    }
}

/// The table of a format whose rows are flat.
///
/// # Errors
/// When a plain table has no column for what is needed.
pub fn table(format: Format, header: &[String], ledger: &mut Ledger<'_>) -> Result<Option<Table>, ReadError> {
    Ok(Some(match format {
        Format::OpenAiCsv => openai::table(),
        Format::LiteLlm => litellm::table(),
        Format::OpenRouter => openrouter::table(),
        Format::Langfuse => langfuse::table(),
        Format::Helicone => helicone::table(),
        Format::AzureCost => azure::table(),
        Format::Focus => focus::table(),
        Format::Plain => plain::table(header, ledger)?,
        _ => return Ok(None),
    }))
}

/// The table of flat objects, by the keys of the first.
///
/// # Errors
/// As [`table`].
pub fn table_of_value(
    format: Format,
    first: Option<&Value>,
    ledger: &mut Ledger<'_>,
) -> Result<Option<Table>, ReadError> {
    let row = first.and_then(|value| value.get("data")).and_then(|data| data.get(0)).or(first);
    table(format, &keys(row), ledger)
}

/// The format of a table: what the options say, or what its header shows.
///
/// # Errors
/// When the header fits no format.
pub fn of_header(header: &[String], ledger: &mut Ledger<'_>) -> Result<Format, ReadError> {
    let format = match ledger.options.format {
        Some(format) => format,
        None if !ledger.options.columns.is_empty() => Format::Plain,
        None => match by_names(header, ledger) {
            Some(format) => format,
            None => return Err(unknown(ledger.name, "columns", header)),
        },
    };
    ledger.reading.format = format;
    Ok(format)
}

/// The format of the first value that shows it.
pub fn of_value(value: &Value, ledger: &mut Ledger<'_>) -> Option<Format> {
    if !ledger.options.columns.is_empty() {
        return Some(Format::Plain);
    }
    let inner = value.get(0).unwrap_or(value);
    let data = inner.get("data").and_then(|data| data.get(0));
    let has = |value: &Value, name: &str| value.get(name).is_some();
    let bucket = data.unwrap_or(inner);
    let (format, reason) = if has(bucket, "starting_at") && has(bucket, "results") {
        (Format::Anthropic, "buckets with `starting_at` and `results`")
    } else if has(bucket, "start_time") && has(bucket, "results") || inner["object"] == "page" {
        (Format::OpenAiUsage, "a page of buckets with `start_time` and `results`")
    } else if otel::is_batch(inner) {
        (Format::OpenTelemetry, "spans of OTLP")
    } else if has(inner, "sessionId") && has(inner, "type")
        || inner["type"] == "summary" && has(inner, "leafUuid")
    {
        (Format::ClaudeCode, "lines with `type` and `sessionId`")
    } else if has(inner, "modelId") && has(inner, "requestId") || inner["schemaType"] == "ModelInvocationLog"
    {
        (Format::Bedrock, "objects with `modelId` and `requestId`")
    } else {
        return by_names(&keys(Some(bucket)), ledger);
    };
    ledger.remark(format!("Read as {}, because the log has {reason}.", format.describe()));
    Some(format)
}

fn by_names(names: &[String], ledger: &mut Ledger<'_>) -> Option<Format> {
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    let found = SIGNATURES.iter().find(|(_, wanted)| wanted.iter().all(|name| has(name)));
    if let Some((format, wanted)) = found {
        let names: Vec<String> = wanted.iter().map(|name| format!("`{name}`")).collect();
        ledger.remark(format!("Read as {}, because it has {}.", format.describe(), names.join(", ")));
        return Some(*format);
    }
    plain::fits(names).then(|| {
        ledger.remark(
            "Read as a plain table, because its columns are a time, input and output tokens and no other format's.",
        );
        Format::Plain
    })
}

fn keys(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_object).map(|members| members.keys().cloned().collect()).unwrap_or_default()
}

/// A list of names for a message.
pub fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(MOST_LISTED).map(|name| shown_name(name)).collect();
    let more = names.len().saturating_sub(MOST_LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Refuses columns that are named for a format whose columns have fixed names.
///
/// # Errors
/// When they are.
pub fn refuse_idle_columns(options: &Options) -> Result<(), ReadError> {
    match options.format.filter(|format| *format != Format::Plain && !options.columns.is_empty()) {
        Some(format) => Err(ReadError::input(
            Code::Conflict,
            "columns are named for a log that is no plain table",
            format!("the format is {}, whose columns have fixed names", format.name()),
            "leave --column out, or say --log-format plain",
        )),
        None => Ok(()),
    }
}

/// The problem with values of no known format.
pub fn unknown_values(name: &str, values: &[&Value]) -> ReadError {
    let all = keys(values.first().copied());
    if values.is_empty() {
        return ReadError::input(Code::Syntax, format!("{name} holds no JSON value"), "", REMEDY);
    }
    unknown(name, "keys", &all)
}

fn unknown(name: &str, kind: &str, names: &[String]) -> ReadError {
    let near: Vec<&str> = near(names).into_iter().map(Format::describe).collect();
    let near =
        if near.is_empty() { String::new() } else { format!("; the nearest formats: {}", near.join(", ")) };
    ReadError::input(
        Code::UnknownName,
        format!("{name} is in no format of usage logs that is known here"),
        format!("its {kind} are: {}{near}", listed(names)),
        REMEDY,
    )
}

/// Formats with some of the names, the most first.
fn near(names: &[String]) -> Vec<Format> {
    let tables = [
        (Format::LiteLlm, litellm::table()),
        (Format::OpenAiCsv, openai::table()),
        (Format::OpenRouter, openrouter::table()),
        (Format::Langfuse, langfuse::table()),
        (Format::Helicone, helicone::table()),
        (Format::AzureCost, azure::table()),
        (Format::Focus, focus::table()),
        (Format::Plain, plain::known()),
    ];
    let mut scored: Vec<(usize, Format)> = tables
        .into_iter()
        .map(|(format, table)| {
            let known = |name: &&String| table.fields.iter().flatten().any(|k| k.eq_ignore_ascii_case(name));
            (names.iter().filter(known).count(), format)
        })
        .filter(|(score, _)| *score >= 2)
        .collect();
    scored.sort_by_key(|(score, format)| (std::cmp::Reverse(*score), *format));
    scored.into_iter().take(3).map(|(_, format)| format).collect()
}

/// The problem with a table without a header.
pub fn no_header(name: &str, found: &str) -> ReadError {
    ReadError::input(
        Code::Syntax,
        format!("the first line of {name} is no header"),
        found,
        "the first line has to name the columns",
    )
}

/// The problem with a table in a format of JSON.
pub fn not_a_table(name: &str, format: Format) -> ReadError {
    ReadError::input(
        Code::WrongType,
        format!("{name} is not {}", format.describe()),
        "it is a table, not JSON",
        "give the log as JSON, or leave --log-format out",
    )
}

/// The problem with JSON in a format of tables.
pub fn not_json(name: &str, format: Format) -> ReadError {
    ReadError::input(
        Code::WrongType,
        format!("{name} is not {}", format.describe()),
        "it is JSON",
        "give the log as the format says, or leave --log-format out",
    )
}

/// The problem with a table that lacks columns.
pub fn missing_columns(name: &str, format: Format, missing: &[&Vec<String>], header: &[String]) -> ReadError {
    let wanted: Vec<&str> = missing.iter().filter_map(|names| names.first()).map(String::as_str).collect();
    ReadError::input(
        Code::MissingKey,
        format!("{name} is read as {} and lacks {}", format.describe(), wanted.join(", ")),
        format!("its columns are: {}", listed(header)),
        REMEDY,
    )
}

/// The problem with two columns of one name.
pub fn doubled_column(name: &str, column: &str) -> ReadError {
    ReadError::input(
        Code::DuplicateKey,
        format!("{name} has two columns of the same name"),
        shown_name(column),
        "rename or remove one of them",
    )
}
