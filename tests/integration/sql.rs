//! `prices export --format sql`, run: what the generated script bills in an engine is what `bill_request` bills.
//!
//! `TOLLCAST_DUCKDB=PYTHON` names a Python with `duckdb`, `TOLLCAST_SPARK=PYTHON` one with `pyspark` (and Java),
//! `TOLLCAST_SQLGLOT=PYTHON` one with `sqlglot`, which reads the dialects that no engine here runs. Without
//! them the tests say so and pass. The log is random: all shipped routes under all names of their models, at
//! moments around every start, with lengths around every threshold, and rows that have no bill.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tollcast::billing::{BillError, Usage, bill_request};
#[cfg(feature = "parquet")]
use tollcast::catalogue::Component;
use tollcast::catalogue::{BandMode, Catalogue, FlatPrice, Offer, flat_prices};
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;
use tollcast::render::{Dialect, SqlName, SqlOptions, price_script};

use crate::flat_prices::every_price;
use crate::support::{project, tollcast};

/// Rows for every name of a route.
const ROWS_EACH: usize = 6;

/// A row of the log; a count below zero or above 10¹² is as wrong as it looks.
#[derive(Clone, Debug)]
struct LogRow {
    second: i64,
    micros: u32,
    provider: String,
    model: String,
    tier: String,
    region: String,
    /// Input, cached, written, written for an hour, output, reasoning.
    tokens: [i64; 6],
    requests: i64,
}

impl LogRow {
    fn csv(&self) -> String {
        let text = Instant::from_unix_seconds(self.second).to_string();
        let (day, clock) = text.split_once('T').unwrap_or((&text, "00:00:00Z"));
        let ts = format!("{day} {}.{:06}", clock.trim_end_matches('Z'), self.micros);
        let tokens: Vec<String> = self.tokens.iter().map(i64::to_string).collect();
        let names = [&self.provider, &self.model, &self.tier, &self.region].map(String::as_str).join(",");
        format!("{ts},{names},{},{}\n", tokens.join(","), self.requests)
    }
}

/// What became of a row: its region as it was understood, its status, and its amount.
fn judged(catalogue: &Catalogue, row: &LogRow) -> (String, &'static str, i128) {
    let known = catalogue.providers.iter().find(|provider| provider.id == row.provider);
    let default = known.map(|provider| provider.default_region.clone()).unwrap_or_default();
    let region = if row.region.is_empty() { default } else { row.region.clone() };
    let (status, amount) = outcome(catalogue, row, &region);
    (region, status, amount)
}

fn outcome(catalogue: &Catalogue, row: &LogRow, region: &str) -> (&'static str, i128) {
    let counts = 0..=1_000_000_000_000;
    if row.model.is_empty() || row.requests < 1 || !row.tokens.iter().all(|count| counts.contains(count)) {
        return ("unreadable", 0);
    }
    let tier = if row.tier.is_empty() { "standard" } else { &row.tier };
    let route = RouteId {
        provider: row.provider.clone(),
        model: row.model.clone(),
        tier: tier.to_owned(),
        region: Some(region.to_owned()),
    };
    let Ok(offer) = catalogue.offer(&route) else { return ("no_such_route", 0) };
    let Some(slot) = offer.slot_at(Instant::from_unix_seconds(row.second)) else {
        return ("no_price_then", 0);
    };
    let card = offer.card(slot);
    let [input, cached, written, written_1h, output, reasoning] = row.tokens.map(|count| count as u64);
    let usage = Usage { input, cached, written, written_1h, output, reasoning, ..Usage::NONE };
    let bill = bill_request(card, &usage);
    if matches!(bill, Err(BillError::PartAboveWhole { .. })) {
        return ("parts_above_whole", 0);
    }
    let too_long = matches!(bill, Err(BillError::TooLong { .. }));
    if card.mode == BandMode::Graduated && !too_long {
        return ("graduated_price", 0);
    }
    let by_length = card.bands.len() > 1 || card.longest_prompt().is_some();
    if row.requests > 1 && (by_length || by_hour(offer, Instant::from_unix_seconds(row.second))) {
        return ("several_requests", 0);
    }
    match bill {
        Ok(bill) => ("priced", bill.total.picodollars()),
        Err(BillError::TooLong { .. }) => ("prompt_too_long", 0),
        Err(_) => ("no_component_price", 0),
    }
}

/// Whether some window of the entry is not closed for the day, so that the price depends on the hour.
fn by_hour(offer: Offer<'_>, at: Instant) -> bool {
    let windows = offer.slot_at(at).map(|slot| offer.entry(slot).windows.as_slice()).unwrap_or_default();
    windows.iter().any(|window| !window.except.as_ref().is_some_and(|calendar| calendar.holds(at)))
}

/// A random log over some rows of the price table: every name of every route, and what has no bill.
fn random_log(prices: &[FlatPrice<'_>], random: &mut StdRng) -> Vec<LogRow> {
    let mut routes: BTreeMap<_, Vec<&FlatPrice<'_>>> = BTreeMap::new();
    for row in prices {
        routes.entry((row.provider, row.model, row.tier, row.region)).or_default().push(row);
    }
    let mut log = Vec::new();
    for ((provider, model, tier, region), rows) in &routes {
        for _ in 0..ROWS_EACH {
            let row = rows[random.random_range(0..rows.len())];
            let mut line = LogRow {
                second: moment(row, random),
                micros: [0, 999_999][random.random_range(0..2)],
                provider: (*provider).to_owned(),
                model: (*model).to_owned(),
                tier: (*tier).to_owned(),
                region: (*region).to_owned(),
                tokens: tokens(row, random),
                requests: if random.random_bool(0.03) { 3 } else { 1 },
            };
            if *tier == "standard" && random.random_bool(0.5) {
                line.tier.clear();
            }
            if row.is_default_region && random.random_bool(0.5) {
                line.region.clear();
            }
            if random.random_bool(0.05) {
                spoil(&mut line, random);
            }
            log.push(line);
        }
    }
    log
}

/// A second before, at or after a start or end, or any time within two months.
fn moment(row: &FlatPrice<'_>, random: &mut StdRng) -> i64 {
    let from = row.from.unix_seconds();
    match random.random_range(0..8) {
        0 => from - 1,
        1 => from,
        2 => row.until.map_or(from, Instant::unix_seconds),
        3 => row.until.map_or(from, Instant::unix_seconds) - 1,
        _ => from + random.random_range(0..60 * 86_400),
    }
}

/// Lengths around the row's thresholds or anywhere, with parts.
fn tokens(row: &FlatPrice<'_>, random: &mut StdRng) -> [i64; 6] {
    let low = row.tokens_from as i64;
    let high = row.tokens_to.map_or(low + 50_000, |most| most as i64);
    let input = match random.random_range(0..6) {
        0 => low,
        1 => high,
        2 => high + 1,
        3 => 0.max(low - 1),
        _ => random.random_range(low..=high),
    };
    let output = random.random_range(0..20_000);
    let part = |random: &mut StdRng, whole: i64, chance: f64| {
        if random.random_bool(chance) { random.random_range(0..=whole / 3) } else { 0 }
    };
    let cached = part(random, input, 0.4);
    let (written, written_1h) = (part(random, input, 0.15), part(random, input, 0.1));
    let reasoning = part(random, output, 0.4);
    [input, cached, written, written_1h, output, reasoning]
}

/// Makes a row one that has no bill, or a huge one.
fn spoil(row: &mut LogRow, random: &mut StdRng) {
    match random.random_range(0..9) {
        0 => row.model = "no-such-model".to_owned(),
        1 => row.provider = "nobody".to_owned(),
        2 => row.tier = "free".to_owned(),
        3 => row.region = "moon".to_owned(),
        4 => row.tokens[0] = -1,
        5 => row.tokens[4] = 1_000_000_000_001,
        6 => row.tokens[1] = row.tokens[0] + 1,
        7 => row.requests = 0,
        _ => (row.tokens[0], row.tokens[4], row.tokens[5]) = (1_000_000_000_000, 1_000_000_000_000, 0),
    }
}

/// Per route: how many rows have which status, and the sum.
type Totals = BTreeMap<[String; 4], (BTreeMap<String, u64>, i128)>;

fn wanted(catalogue: &Catalogue, log: &[LogRow]) -> Totals {
    let mut totals = Totals::new();
    for row in log {
        let (region, status, amount) = judged(catalogue, row);
        let tier = if row.tier.is_empty() { "standard" } else { &row.tier };
        let route = [&row.provider, &row.model, tier, &region].map(str::to_owned);
        let (counts, sum) = totals.entry(route).or_default();
        *counts.entry(status.to_owned()).or_default() += 1;
        *sum += amount;
    }
    totals
}

/// The rows of a result by the names of its columns.
fn result(folder: &Path, number: usize) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join(format!("{number}.csv"))).unwrap();
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        head.iter().cloned().zip(row.iter().map(str::to_owned)).collect()
    });
    rows.collect()
}

/// Columns that are no status.
const OTHERS: [&str; 8] =
    ["provider", "model", "tier", "region", "log_rows", "rows_in_log", "picodollars", "usd_rounded"];

fn read_totals(rows: &[BTreeMap<String, String>]) -> Totals {
    let read = rows.iter().map(|row| {
        let route = ["provider", "model", "tier", "region"].map(|name| row[name].clone());
        let statuses = row.iter().filter(|(name, _)| !OTHERS.contains(&name.as_str()));
        let counts: BTreeMap<String, u64> = statuses
            .map(|(name, count)| (name.clone(), count.parse().unwrap()))
            .filter(|(_, count)| *count > 0)
            .collect();
        // No priced row means no amount at all, not an amount of zero.
        assert_eq!(row["picodollars"].is_empty(), !counts.contains_key("priced"), "{row:?}");
        (route, (counts, if row["picodollars"].is_empty() { 0 } else { row["picodollars"].parse().unwrap() }))
    });
    read.collect()
}

fn options(dialect: Dialect) -> SqlOptions {
    SqlOptions {
        dialect,
        log_table: SqlName::table("usage_log").unwrap(),
        price_table: SqlName::table("tollcast_prices").unwrap(),
        bill_view: SqlName::table("tollcast_bills").unwrap(),
        columns: Vec::new(),
        replace: true,
        table: true,
        histogram: true,
        notes: vec!["a note".to_owned()],
    }
}

/// The Python that a variable names, or a loud word.
fn python(variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        eprintln!("SKIPPED: {variable} names no Python, so the SQL was not run there");
    }
    found
}

fn driver(python: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(python);
    let output = command.arg(project().join("tests/sql/engines.py")).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().last().unwrap_or_default().to_owned()
}

/// Runs the script of a dialect on a random log and compares everything that it returns.
fn bills_as_bill_request(variable: &str, engine: &str, dialect: Dialect) {
    let Some(python) = python(variable) else { return };
    bills_equal(&python, engine, &options(dialect), None);
}

/// A way to write the price table into a file.
type TableWriter = fn(&[FlatPrice<'_>]) -> Vec<u8>;

/// The same with the table as a file, where the script makes none.
fn bills_equal(python: &Path, engine: &str, options: &SqlOptions, table: Option<TableWriter>) {
    let catalogue = every_price();
    let known = catalogue.routes();
    let prices = flat_prices(&catalogue, &known);
    let log = random_log(&prices, &mut StdRng::seed_from_u64(20_261_124));
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let head = "ts,route_provider,model,tier,region,input_tokens,cached_tokens,cache_write_tokens,cache_write_1h_tokens,output_tokens,reasoning_tokens,requests\n";
    let lines: String = log.iter().map(LogRow::csv).collect();
    std::fs::write(path("log.csv"), head.to_owned() + &lines).unwrap();
    std::fs::write(path("script.sql"), price_script(&prices, options)).unwrap();
    let (script, log_file, folder_path) = (path("script.sql"), path("log.csv"), path(""));
    let mut arguments = vec![engine, &script, &log_file, &folder_path];
    let table_file = path("prices.parquet");
    if let Some(table) = table {
        std::fs::write(&table_file, table(&prices)).unwrap();
        arguments.push(&table_file);
    }
    let version = driver(python, &arguments);

    let wanted = wanted(&catalogue, &log);
    let found = read_totals(&result(folder.path(), 1));
    for (route, totals) in &wanted {
        assert_eq!(found.get(route), Some(totals), "{route:?}");
    }
    assert_eq!(found.len(), wanted.len());
    let everything = &result(folder.path(), 2)[0];
    let sum: i128 = wanted.values().map(|(_, sum)| sum).sum();
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    for (status, count) in wanted.values().flat_map(|(counts, _)| counts) {
        *statuses.entry(status.clone()).or_default() += count;
    }
    assert_eq!(everything["picodollars"].parse::<i128>().unwrap(), sum);
    for name in ["rows_in_log", "log_rows"] {
        assert_eq!(everything[name].parse::<usize>().unwrap(), log.len(), "{name}");
    }
    assert_eq!(statuses.len(), 9, "the log has rows of every status: {statuses:?}");
    for (status, count) in &statuses {
        assert_eq!(everything[status].parse::<u64>().unwrap(), *count, "{status}");
    }
    compare_histogram(folder.path(), &catalogue, &log);
    eprintln!(
        "{version}: {} rows of the log, {} of the table, {} routes, {sum} picodollars, all equal; {statuses:?}",
        log.len(),
        prices.len(),
        wanted.len()
    );
}

/// Route, quantity, shortest and longest length.
type Bin = (String, String, i64, i64);

/// The bins and hours against bins and hours counted here.
fn compare_histogram(folder: &Path, catalogue: &Catalogue, log: &[LogRow]) {
    let mut bins: BTreeMap<Bin, (u64, i64, i64)> = BTreeMap::new();
    let mut hours: BTreeMap<(String, i64), (u64, i64)> = BTreeMap::new();
    for row in log {
        let (region, status, _) = judged(catalogue, row);
        if status == "unreadable" {
            continue;
        }
        let tier = if row.tier.is_empty() { "standard" } else { &row.tier };
        let route = [&row.provider, &row.model, tier, &region].join("|");
        let hour = hours.entry((route.clone(), row.second - row.second.rem_euclid(3_600))).or_default();
        *hour = (hour.0 + 1, hour.1 + row.requests);
        if row.requests != 1 {
            continue;
        }
        let [input, cached, _, _, output, reasoning] = row.tokens;
        for (quantity, tokens, part) in [("input", input, cached), ("output", output, reasoning)] {
            let width = if tokens < 32 { 1 } else { (1_i64 << tokens.ilog2()) / 16 };
            let low = tokens / width * width;
            let bin = bins.entry((route.clone(), quantity.to_owned(), low, low + width - 1)).or_default();
            *bin = (bin.0 + 1, bin.1 + tokens, bin.2 + part);
        }
    }
    let route = |row: &BTreeMap<String, String>| {
        ["provider", "model", "tier", "region"].map(|name| row[name].clone()).join("|")
    };
    let number = |row: &BTreeMap<String, String>, name: &str| row[name].parse::<i64>().unwrap();
    let found: BTreeMap<_, _> = result(folder, 3)
        .iter()
        .map(|row| {
            let key = (route(row), row["quantity"].clone(), number(row, "bin_low"), number(row, "bin_high"));
            (key, (number(row, "requests") as u64, number(row, "tokens"), number(row, "part_tokens")))
        })
        .collect();
    assert_eq!(found, bins);
    let found: BTreeMap<_, _> = result(folder, 4)
        .iter()
        .map(|row| {
            let counts = (number(row, "log_rows") as u64, number(row, "requests"));
            ((route(row), number(row, "hour_second")), counts)
        })
        .collect();
    assert_eq!(found, hours);
    let mut small: BTreeMap<(String, i64), i64> = BTreeMap::new();
    for row in result(folder, 5) {
        *small.entry((route(&row), number(&row, "ts"))).or_default() += number(&row, "requests");
    }
    let hours: BTreeMap<_, _> = hours.into_iter().map(|(hour, (_, requests))| (hour, requests)).collect();
    assert_eq!(small, hours);
}

#[test]
fn duckdb_bills_as_bill_request_does() {
    bills_as_bill_request("TOLLCAST_DUCKDB", "duckdb", Dialect::DuckDb);
}

#[cfg(feature = "parquet")]
fn table_as_parquet(prices: &[FlatPrice<'_>]) -> Vec<u8> {
    tollcast::render::flat_parquet(prices, "a note").unwrap()
}

#[cfg(feature = "parquet")]
#[test]
fn duckdb_bills_with_the_parquet_table_as_bill_request_does() {
    let Some(python) = python("TOLLCAST_DUCKDB") else { return };
    let options = SqlOptions { table: false, ..options(Dialect::DuckDb) };
    bills_equal(&python, "duckdb", &options, Some(table_as_parquet));
}

#[cfg(feature = "parquet")]
#[test]
fn spark_bills_with_the_parquet_table_as_bill_request_does() {
    let Some(python) = python("TOLLCAST_SPARK") else { return };
    let options = SqlOptions { table: false, ..options(Dialect::Spark) };
    bills_equal(&python, "spark", &options, Some(table_as_parquet));
}

#[cfg(feature = "parquet")]
#[test]
fn duckdb_finds_every_cell_of_the_csv_in_the_parquet_table() {
    let Some(python) = python("TOLLCAST_DUCKDB") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let export = |format: &str| {
        let output = tollcast(&["prices", "export", "--format", format, "--exchange", "CNY=0.14@2026-11-20"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    std::fs::write(path("prices.parquet"), export("parquet")).unwrap();
    let types = driver(&python, &["table", &path("prices.parquet"), &path("found.csv")]);
    assert_eq!(
        String::from_utf8(export("csv")).unwrap(),
        std::fs::read_to_string(path("found.csv")).unwrap()
    );
    let (texts, numbers) = ("VARCHAR ".repeat(5), "BIGINT ".repeat(4));
    assert_eq!(
        types,
        format!(
            "{texts}BOOLEAN TIMESTAMP WITH TIME ZONE TIMESTAMP WITH TIME ZONE VARCHAR VARCHAR {numbers}\
             VARCHAR VARCHAR {}DATE VARCHAR",
            "BIGINT ".repeat(Component::COUNT)
        )
    );
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_is_written_to_a_file_and_over_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let export = |name: &str| {
        tollcast(&["prices", "export", "--format", "parquet", "--provider", "openai", "--out", &path(name)])
    };
    let first = export("prices.parquet");
    assert!(first.status.success() && first.stdout.is_empty());
    let written = std::fs::read(path("prices.parquet")).unwrap();
    assert!(written.starts_with(b"PAR1") && written.ends_with(b"PAR1"));
    assert!(export("again.parquet").status.success());
    assert_eq!(std::fs::read(path("again.parquet")).unwrap(), written, "same input, same bytes");
    let refusal = export("prices.parquet");
    assert_eq!(refusal.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refusal.stderr).contains("prices.parquet exists"));
    assert_eq!(std::fs::read(path("prices.parquet")).unwrap(), written);
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_binary_without_parquet_says_how_to_build_one_with_it() {
    let refusal = refused(&["--format", "parquet"]);
    assert!(refusal.contains("cargo build --release --features parquet"), "{refusal}");
}

#[test]
fn spark_bills_as_bill_request_does() {
    bills_as_bill_request("TOLLCAST_SPARK", "spark", Dialect::Spark);
}

#[test]
fn every_dialect_is_read_by_a_parser() {
    let Some(python) = python("TOLLCAST_SQLGLOT") else { return };
    let catalogue = every_price();
    let known = catalogue.routes();
    let prices = flat_prices(&catalogue, &known);
    for dialect in [Dialect::DuckDb, Dialect::Spark, Dialect::BigQuery, Dialect::Snowflake] {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script.sql");
        std::fs::write(&script, price_script(&prices, &options(dialect))).unwrap();
        eprintln!("{}", driver(&python, &["parse", &script.display().to_string(), dialect.name()]));
    }
}

/// Runs `prices export` and returns what it says on standard error; it has to be refused as bad input.
fn refused(arguments: &[&str]) -> String {
    let output = tollcast(&[&["prices", "export"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_cannot_be_exported_is_refused_with_what_can() {
    let refusal = refused(&["--format", "sql", "--dialect", "oracle"]);
    assert!(refusal.contains("duckdb, spark, bigquery, snowflake"), "{refusal}");
    let refusal = refused(&["--format", "csv", "--dialect", "duckdb"]);
    assert!(refusal.contains("--dialect belongs to --format sql"), "{refusal}");
    let refusal = refused(&["--format", "csv", "--no-table"]);
    assert!(refusal.contains("--no-table belongs to --format sql"), "{refusal}");
    let refusal = refused(&["--format", "csv", "--log-table", "mine"]);
    assert!(refusal.contains("--log-table belongs to --format sql"), "{refusal}");
    for name in ["usage log", "a;b", "1st", "a..b"] {
        let refusal = refused(&["--format", "sql", "--log-table", name]);
        assert!(refusal.contains("such as usage_log or finance.llm_usage"), "{refusal}");
    }
    let refusal = refused(&["--format", "sql", "--column", "prompt=tokens"]);
    assert!(refusal.contains("it is one of ts, route_provider"), "{refusal}");
    let refusal = refused(&["--format", "csv", "--provider", "opanai"]);
    assert!(refusal.contains("did you mean openai"), "{refusal}");
    let refusal = refused(&["--format", "csv", "--model", "gpt-5.44"]);
    assert!(refusal.contains("did you mean gpt-5.4"), "{refusal}");
    let refusal = refused(&["--format", "csv", "--provider", "openai", "--model", "sonnet"]);
    assert!(refusal.contains("no route passes all of the filters"), "{refusal}");
    let refusal = refused(&["--format", "csv", "--provider", "deepseek", "--tier", "batch"]);
    assert!(refusal.contains("sold on the tiers standard"), "{refusal}");
    let refusal =
        refused(&["--format", "sql", "--replace", "--log-table", "x.Prices", "--price-table", "prices"]);
    assert!(refusal.contains("are called `prices`"), "{refusal}");
    let refusal = refused(&["--format", "csv", "--provider", "scaleway"]);
    assert!(refusal.contains("--exchange"), "{refusal}");
}

#[test]
fn the_export_says_what_it_leaves_out() {
    let arguments = ["prices", "export", "--format", "sql", "--log-table", "fin.llm", "--replace"];
    let columns = ["--column", "input_tokens=prompt_tokens", "--column", "cache_write_1h_tokens=-"];
    let output = tollcast(&[&arguments[..], &columns].concat());
    assert!(output.status.success());
    let (script, said) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let note = "Not exported, as their currency has no --exchange rate: deepseek-cn, scaleway.";
    assert!(said.contains(note) && script.contains(&format!("-- {note}\n")), "{said}");
    assert!(script.contains("DROP TABLE IF EXISTS tollcast_prices;"));
    assert!(script.contains("  FROM fin.llm\n"));
    assert!(script.contains("CAST(prompt_tokens AS BIGINT) AS input_tokens"));
    assert!(script.contains("CAST(0 AS BIGINT) AS cache_write_1h_tokens"));
    assert!(!script.contains(['{', '}']), "no placeholder is left");
}

#[test]
fn a_script_without_the_table_neither_makes_nor_drops_it() {
    let output = tollcast(&["prices", "export", "--format", "sql", "--no-table", "--replace"]);
    let script = String::from_utf8(output.stdout).unwrap();
    assert!(script.contains("DROP VIEW IF EXISTS tollcast_bills;"), "{script}");
    for word in ["DROP TABLE", "CREATE TABLE", "INSERT"] {
        assert!(!script.contains(word), "{word}");
    }
    assert!(script.contains("read_parquet('prices.parquet')"));
}

#[test]
fn the_csv_has_whole_rates_under_every_name() {
    let output =
        tollcast(&["prices", "export", "--format", "csv", "--provider", "openai", "--model", "gpt-5.4"]);
    assert!(output.status.success());
    let mut reader = csv::Reader::from_reader(&output.stdout[..]);
    let head = reader.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|n| n == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let long = rows.iter().find(|row| {
        &row[column("model")] == "gpt-5.4"
            && &row[column("tier")] == "standard"
            && &row[column("tokens_from")] == "272001"
            && &row[column("is_default_region")] == "true"
    });
    let long = long.unwrap();
    assert_eq!(&long[column("input_micro_usd_per_mtok")], "5000000");
    assert_eq!(&long[column("output_micro_usd_per_mtok")], "22500000");
    assert_eq!(&long[column("audio_input_micro_usd_per_mtok")], "");
    assert_eq!(&long[column("valid_from")], "2026-03-05T00:00:00Z");
}
