//! The log in small: how long its prompts and answers are, and when its requests come.

use super::{SqlOptions, filled};

/// Bins in each doubling of a length.
const BINS: u64 = 16;
/// Counts above 2 to this are not told apart.
const MOST_DOUBLINGS: u32 = 40;

const LENGTHS: &str = "\
-- Lengths of the readable rows of one request each, in bins: 16 of equal width in every doubling, from bin_low
-- to bin_high tokens inclusive; below 32 tokens every length is a bin. part_tokens are cached ones of input
-- and reasoning of output.
WITH widths AS (
  SELECT
    b.provider, b.model, b.tier, b.region, b.input_tokens, b.output_tokens, b.cached_tokens, b.reasoning_tokens,
    {input_width} AS input_width,
    {output_width} AS output_width
  FROM {bills} b
  WHERE b.requests = 1 AND b.status <> 'unreadable'
),
bins AS (
  SELECT
    w.*,
    w.input_tokens - MOD(w.input_tokens, w.input_width) AS input_low,
    w.output_tokens - MOD(w.output_tokens, w.output_width) AS output_low
  FROM widths w
)
SELECT
  provider, model, tier, region, 'input' AS quantity,
  input_low AS bin_low, input_low + input_width - 1 AS bin_high,
  COUNT(*) AS requests, SUM(input_tokens) AS tokens, SUM(cached_tokens) AS part_tokens
FROM bins
GROUP BY provider, model, tier, region, input_low, input_width
UNION ALL
SELECT
  provider, model, tier, region, 'output' AS quantity,
  output_low AS bin_low, output_low + output_width - 1 AS bin_high,
  COUNT(*) AS requests, SUM(output_tokens) AS tokens, SUM(reasoning_tokens) AS part_tokens
FROM bins
GROUP BY provider, model, tier, region, output_low, output_width
ORDER BY 1, 2, 3, 4, 5, 6;
";

const SMALL_LOG: &str = "\
-- The log in small, as a table that `tollcast fit` reads: save the answer as CSV with its header. One row for
-- every hour, route, and bin of input and output; its tokens are sums over its requests.
WITH widths AS (
  SELECT
    b.*,
    {input_width} AS input_width,
    {output_width} AS output_width
  FROM {bills} b
  WHERE b.status <> 'unreadable'
),
cells AS (
  SELECT
    w.*,
    w.at_second - MOD(w.at_second, 3600) AS hour_second,
    w.input_tokens - MOD(w.input_tokens, w.input_width) AS input_low,
    w.output_tokens - MOD(w.output_tokens, w.output_width) AS output_low
  FROM widths w
)
SELECT
  c.hour_second AS ts, c.provider, c.model, c.tier, c.region,
  SUM(c.requests) AS requests,
  SUM(c.input_tokens) AS input_tokens, SUM(c.cached_tokens) AS cached_tokens,
  SUM(c.cache_write_tokens) AS cache_write_tokens, SUM(c.cache_write_1h_tokens) AS cache_write_1h_tokens,
  SUM(c.output_tokens) AS output_tokens, SUM(c.reasoning_tokens) AS reasoning_tokens
FROM cells c
GROUP BY c.hour_second, c.provider, c.model, c.tier, c.region, c.input_low, c.output_low
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8;
";

/// The query whose answer `tollcast fit` reads in place of the log.
pub fn small_log(options: &SqlOptions) -> String {
    with_widths(SMALL_LOG, options)
}

/// A query with the widths of bins and the name of the view.
fn with_widths(query: &str, options: &SqlOptions) -> String {
    filled(
        query,
        &[
            ("input_width", &width("b.input_tokens")),
            ("output_width", &width("b.output_tokens")),
            ("bills", &options.bill_view.to_string()),
        ],
    )
}

/// The query with a line for each model and bin.
pub fn lengths(options: &SqlOptions) -> String {
    with_widths(LENGTHS, options)
}

/// The width of the bin of a length. By comparison, as logarithms differ in the last bit between engines.
fn width(tokens: &str) -> String {
    let first = 2 * BINS;
    let mut text = format!("CASE WHEN {tokens} < {first} THEN 1");
    for doubling in first.ilog2() + 1..=MOST_DOUBLINGS {
        let (end, width) = (1_u64 << doubling, (1_u64 << (doubling - 1)) / BINS);
        text += &format!("\n      WHEN {tokens} < {end} THEN {width}");
    }
    text += &format!("\n      ELSE {} END", (1_u64 << MOST_DOUBLINGS) / BINS);
    text
}

/// The query with the requests of each model by the hour.
pub fn hours(options: &SqlOptions) -> String {
    format!(
        "-- Requests by the hour of UTC; hour_second is the hour's start in seconds since 1970-01-01.\n\
         SELECT\n  provider, model, tier, region,\n  at_second - MOD(at_second, 3600) AS hour_second,\n  \
         COUNT(*) AS log_rows,\n  SUM(requests) AS requests\nFROM {}\nWHERE status <> 'unreadable'\n\
         GROUP BY 1, 2, 3, 4, 5\nORDER BY 1, 2, 3, 4, 5;\n",
        options.bill_view
    )
}

#[cfg(test)]
mod tests {
    use super::width;

    #[test]
    fn sixteen_bins_fill_a_doubling() {
        // From 272,000 on, which lies between 2^18 and 2^19, a bin is 2^18 / 16 = 16,384 tokens wide.
        let text = width("n");
        assert!(text.starts_with("CASE WHEN n < 32 THEN 1\n      WHEN n < 64 THEN 2\n"));
        assert!(text.contains("WHEN n < 524288 THEN 16384\n"));
        assert!(text.contains("WHEN n < 1099511627776 THEN 34359738368\n"));
    }
}
