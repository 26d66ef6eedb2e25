//! The names that the SQL uses for the user's table, its columns and what the script makes.

use std::fmt;

/// The longest part of a name that all engines take.
const MOST_LETTERS: usize = 128;
/// A catalogue or project, a schema, a table, and one level more.
const MOST_PARTS: usize = 4;

/// A table or column name that needs no quotes: `usage_log`, `warehouse.finance.llm_usage`. A name with a
/// hyphen, as BigQuery's projects have, is written in backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlName(String);

impl SqlName {
    /// Reads a table's name, dots allowed.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn table(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let sound = |(at, part): (usize, &&str)| {
            // A project of BigQuery may have hyphens, what is in it may not.
            let hyphens = at == 0 && parts.len() == 3;
            is_identifier(&if hyphens { part.replace('-', "_") } else { (*part).to_owned() })
        };
        if parts.len() <= MOST_PARTS && parts.iter().enumerate().all(sound) {
            Ok(SqlName(text.to_owned()))
        } else {
            Err("expected a table name of letters, digits and _ with dots between its parts, such as usage_log or finance.llm_usage".to_owned())
        }
    }

    /// The name without what it lies in, in small letters, as engines compare names.
    pub fn last_part(&self) -> String {
        self.0.rsplit('.').next().unwrap_or_default().to_lowercase()
    }

    /// The log's name where none is given.
    pub fn usual_log() -> Self {
        SqlName("usage_log".to_owned())
    }

    /// The price table's name where none is given.
    pub fn usual_prices() -> Self {
        SqlName("tollcast_prices".to_owned())
    }

    /// The name of the view of bills where none is given.
    pub fn usual_bills() -> Self {
        SqlName("tollcast_bills".to_owned())
    }

    /// Reads a column's name.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn column(text: &str) -> Result<Self, String> {
        if is_identifier(text) {
            Ok(SqlName(text.to_owned()))
        } else {
            Err(format!("`{text}` is no column name of letters, digits and _"))
        }
    }
}

fn is_identifier(text: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(begins)
        && text.len() <= MOST_LETTERS
        && text.chars().all(|c| begins(c) || c.is_ascii_digit())
}

impl fmt::Display for SqlName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains('-') { write!(f, "`{}`", self.0) } else { write!(f, "{}", self.0) }
    }
}

/// The columns of a usage log, as the script calls them.
pub const LOG_COLUMNS: [&str; 12] = [
    "ts",
    "route_provider",
    "model",
    "tier",
    "region",
    "input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "requests",
];

/// What stands for a column that a log may lack.
const LACKING: [(&str, &str); 7] = [
    ("tier", "''"),
    ("region", "''"),
    ("cached_tokens", "0"),
    ("cache_write_tokens", "0"),
    ("cache_write_1h_tokens", "0"),
    ("reasoning_tokens", "0"),
    ("requests", "1"),
];

/// Where a column of the log is found: `input_tokens=prompt_tokens`, or `reasoning_tokens=-` where the log has
/// none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogColumn {
    /// One of [`LOG_COLUMNS`].
    pub column: &'static str,
    /// What stands for it in SQL.
    pub found: String,
}

impl LogColumn {
    /// Reads `input_tokens=prompt_tokens` or `reasoning_tokens=-`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (column, found) = text.split_once('=').ok_or_else(|| {
            "expected COLUMN=NAME, such as input_tokens=prompt_tokens, or COLUMN=- for one that the log lacks"
                .to_owned()
        })?;
        let known = LOG_COLUMNS.into_iter().find(|known| *known == column);
        let column = known
            .ok_or_else(|| format!("unknown column `{column}`: it is one of {}", LOG_COLUMNS.join(", ")))?;
        if found == "-" {
            let lacking = LACKING.into_iter().find(|(known, _)| *known == column);
            let (_, found) = lacking.ok_or_else(|| format!("a log without {column} cannot be priced"))?;
            return Ok(LogColumn { column, found: found.to_owned() });
        }
        Ok(LogColumn { column, found: SqlName::column(found)?.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_dotted_identifiers() {
        for name in ["usage_log", "finance.llm_usage", "a.b.c", "_x9", "my-project.billing.llm_usage"] {
            assert!(SqlName::table(name).is_ok(), "{name}");
        }
        for name in
            ["", "9a", "a..b", "a.", "a b", "a;DROP", "a'b", "a\"b", "a-b", "a--b.c", "ü", "a.b.c.d.e", "a`b"]
        {
            assert!(SqlName::table(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_column_that_must_be_there_cannot_be_lacking() {
        assert_eq!(LogColumn::parse("input_tokens=prompt_tokens").unwrap().found, "prompt_tokens");
        assert_eq!(LogColumn::parse("reasoning_tokens=-").unwrap().found, "0");
        assert_eq!(LogColumn::parse("requests=-").unwrap().found, "1");
        for text in ["input_tokens=-", "ts=-", "prompt=x", "ts", "ts=a.b", "ts=1"] {
            assert!(LogColumn::parse(text).is_err(), "{text}");
        }
    }
}
