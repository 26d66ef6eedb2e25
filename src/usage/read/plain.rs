//! Any table with a time, input and output tokens: columns by their usual names, or as the caller says.

use super::cell::{Cell, Fault, shown_name};
use super::context::Context;
use super::detect::listed;
use super::ledger::{Ledger, Parsed, id_hash};
use super::reading::ReadError;
use super::table::{Cells, Table};
use super::{Record, words};
use crate::billing::Usage;
use crate::domain::problem::{Code, near};
use crate::usage::Billed;

/// What a column of a plain table can hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Field {
    /// When the request began.
    Time,
    /// All input tokens, cached and written ones among them.
    Input,
    /// Input tokens that were neither cached nor written, for logs that count those beside.
    Uncached,
    /// All output tokens, reasoning among them.
    Output,
    /// Input tokens that a cache served.
    Cached,
    /// Input tokens written to the cache.
    Written,
    /// Input tokens written to the cache for an hour.
    Written1h,
    /// Output tokens that were reasoning.
    Reasoning,
    /// The model.
    Model,
    /// Who served it.
    Provider,
    /// The tier.
    Tier,
    /// The region.
    Region,
    /// What the request belongs to.
    Session,
    /// Seconds from the request to the end of its answer.
    LatencySeconds,
    /// The same in milliseconds.
    LatencyMs,
    /// What it cost, in US dollars.
    Cost,
    /// How many requests the row sums up.
    Requests,
    /// What tells the row from all others.
    Id,
}

/// Every field, its name for `--column`, and the columns that hold it by custom, the preferred first.
const FIELDS: [(Field, &str, &[&str]); 18] = [
    (
        Field::Time,
        "time",
        &[
            "timestamp",
            "time",
            "ts",
            "time_s",
            "created_at",
            "start_time",
            "startTime",
            "datetime",
            "date_time",
            "request_time",
            "created",
            "date",
        ],
    ),
    (
        Field::Input,
        "input",
        &[
            "input_tokens",
            "prompt_tokens",
            "ContextTokens",
            "context_tokens",
            "tokens_in",
            "inputTokens",
            "promptTokens",
            "n_input",
            "inp",
            "input",
        ],
    ),
    (Field::Uncached, "uncached", &["uncached_input_tokens", "input_uncached_tokens", "uncached_tokens"]),
    (
        Field::Output,
        "output",
        &[
            "output_tokens",
            "completion_tokens",
            "GeneratedTokens",
            "generated_tokens",
            "tokens_out",
            "outputTokens",
            "completionTokens",
            "n_output",
            "out",
            "output",
        ],
    ),
    (
        Field::Cached,
        "cached",
        &[
            "cached_tokens",
            "cached_input_tokens",
            "input_cached_tokens",
            "cache_read_input_tokens",
            "cache_read_tokens",
            "cached",
        ],
    ),
    (
        Field::Written,
        "written",
        &["cache_creation_input_tokens", "cache_write_tokens", "cache_write_input_tokens"],
    ),
    (Field::Written1h, "written_1h", &["cache_creation_1h_input_tokens", "cache_write_1h_tokens"]),
    (Field::Reasoning, "reasoning", &["reasoning_tokens", "output_reasoning_tokens", "reasoning"]),
    (Field::Model, "model", &["model", "model_name", "model_id"]),
    (Field::Provider, "provider", &["provider", "provider_name"]),
    (Field::Tier, "tier", &["tier", "service_tier"]),
    (Field::Region, "region", &["region"]),
    (Field::Session, "session", &["session", "session_id", "conversation_id", "sessionId"]),
    (Field::LatencySeconds, "latency_s", &["latency_s", "duration_s", "latency_seconds", "latency"]),
    (Field::LatencyMs, "latency_ms", &["latency_ms", "duration_ms"]),
    (Field::Cost, "cost", &["cost_usd", "cost", "spend_usd", "spend", "total_cost"]),
    (Field::Requests, "requests", &["requests", "num_requests", "n_requests"]),
    (Field::Id, "id", &["request_id", "id"]),
];

impl Field {
    /// The name for `--column`.
    pub fn name(self) -> &'static str {
        FIELDS[self as usize].1
    }

    /// The field of that name.
    ///
    /// # Errors
    /// A sentence that names the nearest and all fields.
    pub fn parse(name: &str) -> Result<Field, String> {
        let names = FIELDS.map(|(_, name, _)| name);
        match FIELDS.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name.trim())) {
            Some((field, ..)) => Ok(*field),
            None => {
                let close = near(name, names);
                let close = if close.is_empty() {
                    String::new()
                } else {
                    format!("did you mean {}? ", close.join(" or "))
                };
                Err(format!("{close}the fields are {}", names.join(", ")))
            }
        }
    }
}

/// A table of all usual names, for comparison.
pub fn known() -> Table {
    let names: Vec<&[&str]> = FIELDS.iter().map(|(_, _, names)| *names).collect();
    Table::fixed(&names, &[], row)
}

/// Whether a table with these columns can be read without being told how.
pub fn fits(header: &[String]) -> bool {
    let has = |field: Field| by_custom(field, header).is_some();
    has(Field::Time) && (has(Field::Input) || has(Field::Uncached)) && has(Field::Output)
}

/// Decides which column holds what, and says so.
///
/// # Errors
/// When a column that the caller names is not there, or none holds what is needed.
pub fn table(header: &[String], ledger: &mut Ledger<'_>) -> Result<Table, ReadError> {
    let mut columns: Vec<Option<String>> = Vec::with_capacity(FIELDS.len());
    for (field, ..) in FIELDS {
        let told = ledger.options.columns.iter().rev().find(|(told, _)| *told == field);
        columns.push(match told {
            Some((_, column)) => Some(named(field, column, header, ledger.name)?),
            None if field == Field::Cached => cached(header, ledger),
            None => by_custom(field, header),
        });
    }
    // Tokens beside the cached ones make the whole; a column that has the whole already is not needed.
    let told = |field: Field| ledger.options.columns.iter().any(|(told, _)| *told == field);
    if columns[Field::Input as usize].is_some() && columns[Field::Uncached as usize].is_some() {
        let dropped = if told(Field::Uncached) { Field::Input } else { Field::Uncached };
        columns[dropped as usize] = None;
    }
    let input = if columns[Field::Uncached as usize].is_some() { Field::Uncached } else { Field::Input };
    for field in [Field::Time, input, Field::Output] {
        if columns[field as usize].is_none() {
            return Err(ReadError::input(
                Code::MissingKey,
                format!("no column of {} holds {}", ledger.name, field.name()),
                format!("its columns are: {}", listed(header)),
                format!("say which does: --column {}=NAME", field.name()),
            ));
        }
    }
    explain(&columns, ledger);
    let fields = columns.into_iter().map(|column| column.into_iter().collect()).collect();
    Ok(Table { fields, needed: &[Field::Time as usize, Field::Output as usize], row })
}

/// Says which column was taken for what.
fn explain(columns: &[Option<String>], ledger: &mut Ledger<'_>) {
    let pairs: Vec<String> = FIELDS
        .iter()
        .zip(columns)
        .filter_map(|((_, name, _), column)| Some(format!("{name} from `{}`", shown_name(column.as_ref()?))))
        .collect();
    ledger.remark(format!("Columns: {}.", pairs.join(", ")));
    let column = |field: Field| columns[field as usize].as_deref();
    if column(Field::Cached).is_some() && column(Field::Uncached).is_none() {
        ledger.remark(
            "Cached tokens are taken to be inside of the input. If your log counts them beside it, say so: --column uncached=NAME.",
        );
    }
    if column(Field::LatencySeconds).is_some_and(|name| name.eq_ignore_ascii_case("latency")) {
        ledger.remark("The latency is taken to be in seconds. If it is in milliseconds, say so: --column latency_ms=latency.");
    }
}

/// The column that the caller names.
fn named(field: Field, column: &str, header: &[String], name: &str) -> Result<String, ReadError> {
    let found = header.iter().find(|known| known.eq_ignore_ascii_case(column.trim()));
    found.cloned().ok_or_else(|| {
        ReadError::input(
            Code::UnknownName,
            format!("{name} has no column `{column}` for {}", field.name()),
            format!("its columns are: {}", listed(header)),
            "name one of them",
        )
    })
}

/// The column that holds a field by custom.
fn by_custom(field: Field, header: &[String]) -> Option<String> {
    let same = |name: &&str| header.iter().find(|column| column.eq_ignore_ascii_case(name)).cloned();
    FIELDS[field as usize].2.iter().find_map(same)
}

/// The column of cached tokens; of several that differ by how long a cache remembers, the one of five minutes.
fn cached(header: &[String], ledger: &mut Ledger<'_>) -> Option<String> {
    if let Some(column) = by_custom(Field::Cached, header) {
        return Some(column);
    }
    let lower = |column: &String| column.to_ascii_lowercase();
    let several: Vec<&String> = header.iter().filter(|column| lower(column).starts_with("cached_")).collect();
    let chosen = several.iter().find(|column| lower(column).contains("5m")).or(several.first())?;
    if several.len() > 1 {
        let all: Vec<String> = several.iter().map(|column| format!("`{}`", shown_name(column))).collect();
        ledger.remark(format!(
            "Of {} the cached tokens are taken from `{}`; --column cached=NAME takes another.",
            all.join(", "),
            shown_name(chosen)
        ));
    }
    Some((*chosen).clone())
}

fn row(cells: &Cells<'_>, context: &mut Context) -> Result<Parsed, Fault> {
    let get = |field: Field| cells.get(field as usize);
    let count = |field: Field| get(field).count(field.name());
    let (cached, written) = (count(Field::Cached)?.unwrap_or(0), count(Field::Written)?.unwrap_or(0));
    let written_1h = count(Field::Written1h)?.unwrap_or(0);
    let input = match get(Field::Input) {
        Cell::Absent => get(Field::Uncached).needed("uncached")? + cached + written + written_1h,
        input => input.needed("input")?,
    };
    let usage = Usage {
        input,
        cached,
        written,
        written_1h,
        output: get(Field::Output).needed("output")?,
        reasoning: count(Field::Reasoning)?.unwrap_or(0),
        ..Usage::NONE
    };
    let amount = get(Field::Cost).usd("cost")?;
    let latency_ms = match get(Field::LatencyMs) {
        Cell::Absent => get(Field::LatencySeconds).duration_ms(1000, context),
        ms => ms.duration_ms(1, context),
    };
    let record = Record {
        at_ms: get(Field::Time).time_or_seconds("time", context)?,
        model: get(Field::Model).written().map(|name| context.name(&name)),
        provider: get(Field::Provider).text().map(|name| words::provider(name, context)),
        tier: get(Field::Tier).text().and_then(|name| words::tier(name, context)),
        region: get(Field::Region).text().map(|name| context.name(name)),
        session: get(Field::Session).written().map(|name| context.name(&name)),
        usage,
        requests: count(Field::Requests)?.unwrap_or(1),
        latency_ms,
        billed: amount.map(|amount| Billed { amount, own_key: false }),
        ..Record::default()
    };
    Ok(Parsed { record, id: get(Field::Id).written().map(id_hash) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_their_own_place_and_are_found_by_name() {
        for (index, (field, name, _)) in FIELDS.into_iter().enumerate() {
            assert_eq!(field as usize, index);
            assert_eq!(Field::parse(name), Ok(field));
        }
        assert!(Field::parse("inputs").unwrap_err().starts_with("did you mean input"));
    }
}
