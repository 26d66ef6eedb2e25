//! What differs between the engines' SQL: types, literals and the seconds of a timestamp. All the rest of the
//! text is the same for all, so that what was run on one engine says something about the others.

use crate::domain::time::Instant;

/// An engine's SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// DuckDB.
    DuckDb,
    /// Spark SQL, Databricks included.
    Spark,
    /// BigQuery, GoogleSQL.
    BigQuery,
    /// Snowflake.
    Snowflake,
}

impl Dialect {
    /// Its name in options and comments.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::DuckDb => "duckdb",
            Dialect::Spark => "spark",
            Dialect::BigQuery => "bigquery",
            Dialect::Snowflake => "snowflake",
        }
    }

    /// The type of texts.
    pub const fn text(self) -> &'static str {
        match self {
            Dialect::DuckDb | Dialect::Snowflake => "VARCHAR",
            Dialect::Spark | Dialect::BigQuery => "STRING",
        }
    }

    /// The type of truth values.
    pub const fn boolean(self) -> &'static str {
        match self {
            Dialect::BigQuery => "BOOL",
            _ => "BOOLEAN",
        }
    }

    /// The type of counts and rates: 64 bits.
    pub const fn integer(self) -> &'static str {
        match self {
            Dialect::BigQuery => "INT64",
            _ => "BIGINT",
        }
    }

    /// The type of amounts: whole numbers of 38 digits. BigQuery's NUMERIC has 29, hence BIGNUMERIC.
    pub const fn amount(self) -> &'static str {
        match self {
            Dialect::DuckDb => "HUGEINT",
            Dialect::Spark => "DECIMAL(38, 0)",
            Dialect::BigQuery => "BIGNUMERIC",
            Dialect::Snowflake => "NUMBER(38, 0)",
        }
    }

    /// The type of floats, for what is shown only.
    pub const fn float(self) -> &'static str {
        match self {
            Dialect::BigQuery => "FLOAT64",
            _ => "DOUBLE",
        }
    }

    /// The type of the instants of the price table, all UTC.
    pub const fn timestamp(self) -> &'static str {
        match self {
            Dialect::Snowflake => "TIMESTAMP_NTZ",
            _ => "TIMESTAMP",
        }
    }

    /// An instant as a literal.
    pub fn instant(self, at: Instant) -> String {
        let text = at.to_string();
        let (day, clock) = match text.split_once('T') {
            Some((day, clock)) => (day, clock.trim_end_matches('Z')),
            None => (text.as_str(), "00:00:00"),
        };
        let zone = match self {
            Dialect::DuckDb | Dialect::Snowflake => "",
            Dialect::Spark => "Z",
            Dialect::BigQuery => "+00",
        };
        format!("TIMESTAMP '{day} {clock}{zone}'")
    }

    /// The whole seconds since 1970-01-01 UTC of a timestamp.
    pub fn seconds(self, column: &str) -> String {
        match self {
            Dialect::DuckDb => format!("epoch_us({column}) // 1000000"),
            Dialect::Spark => format!("UNIX_SECONDS({column})"),
            Dialect::BigQuery => format!("UNIX_SECONDS({column})"),
            Dialect::Snowflake => format!("DATE_PART(EPOCH_SECOND, {column})"),
        }
    }

    /// A text as a literal.
    pub fn literal(self, text: &str) -> String {
        match self {
            Dialect::DuckDb => format!("'{}'", text.replace('\'', "''")),
            _ => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_names_stay_inside_of_the_literal() {
        assert_eq!(Dialect::DuckDb.literal("o'brien\\"), "'o''brien\\'");
        assert_eq!(Dialect::Spark.literal("o'brien\\"), "'o\\'brien\\\\'");
    }

    #[test]
    fn instants_name_their_zone_where_the_engine_has_one() {
        let at = Instant::parse("2026-08-16T16:00:00Z").unwrap();
        assert_eq!(Dialect::DuckDb.instant(at), "TIMESTAMP '2026-08-16 16:00:00'");
        assert_eq!(Dialect::Spark.instant(at), "TIMESTAMP '2026-08-16 16:00:00Z'");
        let midnight = Instant::parse("2026-03-05").unwrap();
        assert_eq!(Dialect::BigQuery.instant(midnight), "TIMESTAMP '2026-03-05 00:00:00+00'");
    }
}
