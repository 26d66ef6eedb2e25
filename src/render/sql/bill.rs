//! The as-of join: a view with the bill of every row of the log, and the sums over it.

use super::{SqlOptions, filled};
use crate::catalogue::Component;
use crate::render::prices::flat::rate_column;

/// What can become of a row of the log, and which condition says so; the first that holds wins.
const STATUSES: [(&str, &str); 8] = [
    ("unreadable", "NOT readable"),
    ("no_such_route", "NOT route_known"),
    ("no_price_then", "band_mode IS NULL"),
    (
        "parts_above_whole",
        "cached_tokens + cache_write_tokens + cache_write_1h_tokens > input_tokens\n        OR reasoning_tokens > output_tokens",
    ),
    ("graduated_price", "band_mode = 'graduated'"),
    ("several_requests", "requests > 1 AND (by_hour OR tokens_from > 0 OR tokens_to IS NOT NULL)"),
    ("prompt_too_long", "band_mode = 'not_sold'"),
    ("no_component_price", ""),
];

/// The status of a row that has a bill.
const PRICED: &str = "priced";

/// The tokens of each component that is billed, and the column of its rate in the view.
const LINES: [(&str, &str, Component); 6] = [
    (
        "(input_tokens - cached_tokens - cache_write_tokens - cache_write_1h_tokens)",
        "input_rate",
        Component::Input,
    ),
    ("cached_tokens", "cached_rate", Component::CachedInput),
    ("cache_write_tokens", "write_rate", Component::CacheWrite),
    ("cache_write_1h_tokens", "write_1h_rate", Component::CacheWrite1h),
    ("(output_tokens - reasoning_tokens)", "output_rate", Component::Output),
    ("reasoning_tokens", "reasoning_rate", Component::Reasoning),
];

/// Counts of the log; above this a count is no honest one.
const COUNTS: [&str; 6] = [
    "input_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
];

const VIEW: &str = "\
-- The bill of every row of the log: its status, and whole picodollars where that is 'priced'.
CREATE VIEW {bills} AS
WITH usage_rows AS (
  SELECT
    {provider} AS provider,
    {model} AS model,
    COALESCE(NULLIF({tier}, ''), 'standard') AS tier,
    NULLIF({region}, '') AS stated_region,
    {ts} AS ts,
    {ts_seconds} AS at_second,
{counts},
    CAST({requests} AS {integer}) AS requests
  FROM {log}
),
dated_prices AS (
  SELECT
    provider, model, tier, region, weekdays, tokens_from, tokens_to, band_mode,
    {from_seconds} AS from_second,
    COALESCE({until_seconds}, 999999999999) AS until_second,
    minute_from * 60 AS day_second_from,
    minute_until * 60 AS day_second_until,
    COALESCE(tokens_to, 9000000000000000000) AS tokens_most,
    weekdays <> '1111111' OR minute_from > 0 OR minute_until < 1440 AS by_hour,
{rates}
  FROM {prices}
),
known_routes AS (
  SELECT DISTINCT provider, model, tier, region FROM {prices}
),
default_regions AS (
  SELECT DISTINCT provider, region FROM {prices} WHERE is_default_region
),
placed_rows AS (
  SELECT
    u.provider, u.model, u.tier, COALESCE(u.stated_region, d.region) AS region, u.ts, u.at_second,
    MOD(u.at_second, 86400) AS day_second,
    -- 1970-01-05 was a Monday, which is 1 here.
    MOD(CAST((u.at_second + 259200 - MOD(u.at_second, 86400)) / 86400 AS {integer}), 7) + 1 AS weekday,
{passed_counts},
    u.requests,
    COALESCE({readable}, FALSE) AS readable
  FROM usage_rows u
  LEFT JOIN default_regions d ON d.provider = u.provider
),
matched_rows AS (
  SELECT
    l.provider, l.model, l.tier, l.region, l.ts, l.at_second,
{matched_counts},
    l.requests, l.readable,
    r.provider IS NOT NULL AS route_known,
    p.band_mode, p.by_hour, p.tokens_from, p.tokens_to,
    p.input_rate, p.cached_rate, p.write_rate, p.write_1h_rate, p.output_rate, p.reasoning_rate
  FROM placed_rows l
  LEFT JOIN known_routes r
    ON r.provider = l.provider AND r.model = l.model AND r.tier = l.tier AND r.region = l.region
  LEFT JOIN dated_prices p
    ON p.provider = l.provider AND p.model = l.model AND p.tier = l.tier AND p.region = l.region
    AND l.at_second >= p.from_second AND l.at_second < p.until_second
    AND l.day_second >= p.day_second_from AND l.day_second < p.day_second_until
    AND l.input_tokens >= p.tokens_from AND l.input_tokens <= p.tokens_most
    AND SUBSTR(p.weekdays, l.weekday, 1) = '1'
),
judged_rows AS (
  SELECT
    m.*,
    CASE
{statuses}
      ELSE 'priced'
    END AS status
  FROM matched_rows m
)
SELECT
  provider, model, tier, region, ts, at_second,
  input_tokens, cached_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
  requests, status,
  CASE WHEN status = 'priced' THEN
{amount}
  END AS picodollars
FROM judged_rows;
";

/// The statement that makes the view of single bills.
pub fn view(options: &SqlOptions) -> String {
    let dialect = options.dialect;
    let column = |name: &str| options.column(name);
    let lines = |line: &dyn Fn(&str) -> String| COUNTS.map(line).join(",\n");
    let counts = lines(&|count| format!("    CAST({} AS {}) AS {count}", column(count), dialect.integer()));
    let rates = LINES.map(|(_, name, component)| {
        format!("    CAST({} AS {}) AS {name}", rate_column(component).name(), dialect.amount())
    });
    let readable = COUNTS.map(|count| format!("u.{count} BETWEEN 0 AND 1000000000000"));
    let readable = format!(
        "u.provider IS NOT NULL AND u.model IS NOT NULL AND u.at_second IS NOT NULL AND u.requests >= 1\n      AND {}",
        readable.join("\n      AND ")
    );
    filled(
        VIEW,
        &[
            ("counts", &counts),
            ("passed_counts", &lines(&|count| format!("    u.{count}"))),
            ("matched_counts", &lines(&|count| format!("    l.{count}"))),
            ("rates", &rates.join(",\n")),
            ("readable", &readable),
            ("statuses", &statuses()),
            ("amount", &amount(dialect.amount())),
            ("ts_seconds", &dialect.seconds(&column("ts"))),
            ("from_seconds", &dialect.seconds("valid_from")),
            ("until_seconds", &dialect.seconds("valid_until")),
            ("provider", &column("route_provider")),
            ("model", &column("model")),
            ("tier", &column("tier")),
            ("region", &column("region")),
            ("ts", &column("ts")),
            ("requests", &column("requests")),
            ("integer", dialect.integer()),
            ("bills", &options.bill_view.to_string()),
            ("prices", &options.price_table.to_string()),
            ("log", &options.log_table.to_string()),
        ],
    )
}

/// The branches of the status, one condition a line.
fn statuses() -> String {
    let unpriced = LINES.map(|(tokens, rate, _)| format!("({tokens} > 0 AND {rate} IS NULL)"));
    let unpriced = unpriced.join("\n        OR ");
    let branch = |(status, condition): (&str, &str)| {
        let condition = if condition.is_empty() { unpriced.as_str() } else { condition };
        format!("      WHEN {condition} THEN '{status}'")
    };
    STATUSES.map(branch).join("\n")
}

/// The sum of the lines. A component without tokens has no line, so its rate may be unknown.
fn amount(kind: &str) -> String {
    let zero = format!("CAST(0 AS {kind})");
    let line = |(tokens, rate, _): (&str, &str, Component)| {
        format!("CASE WHEN {tokens} > 0 THEN CAST({tokens} AS {kind}) * {rate} ELSE {zero} END")
    };
    format!("    {}", LINES.map(line).join("\n    + "))
}

/// The query with a line for each route.
pub fn totals_by_route(options: &SqlOptions) -> String {
    format!(
        "-- Each route: its rows by status, and the sum over those that are priced. An amount without any is NULL.\n\
         SELECT\n  provider, model, tier, region,\n{}\nFROM {}\nGROUP BY provider, model, tier, region\n\
         ORDER BY provider, model, tier, region;\n",
        sums(options),
        options.bill_view
    )
}

/// The query with the sum over all, beside the number of rows that the log itself has.
pub fn totals(options: &SqlOptions) -> String {
    format!(
        "-- Everything. Where rows_in_log and log_rows differ, the price table holds rows twice: make it anew.\n\
         SELECT\n  (SELECT COUNT(*) FROM {}) AS rows_in_log,\n{}\nFROM {};\n",
        options.log_table,
        sums(options),
        options.bill_view
    )
}

fn sums(options: &SqlOptions) -> String {
    let statuses = std::iter::once(PRICED).chain(STATUSES.map(|(status, _)| status));
    let count = |status: &str| format!("  COUNT(CASE WHEN status = '{status}' THEN 1 END) AS {status}");
    let counts: Vec<String> = statuses.map(count).collect();
    format!(
        "  COUNT(*) AS log_rows,\n{},\n  SUM(picodollars) AS picodollars,\n  \
         CAST(SUM(picodollars) AS {}) / 1000000000000 AS usd_rounded",
        counts.join(",\n"),
        options.dialect.float()
    )
}
