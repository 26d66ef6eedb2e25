//! Parity with the databases of LiteLLM and genai-prices: what an import bills is what their own code bills.
//!
//! `tests/parity/peers.py` computes bills with the peers' own code. A frozen sample of them stands beside it;
//! `TOLLCAST_PARITY=FOLDER` compares with all of them instead. Where the peers' data is not at hand, both tests
//! say so and pass. The differences that stand are listed here, and each has to be as large as its rule allows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tollcast::billing::{Scope, Usage, bill_meter, bill_request};
use tollcast::catalogue::import::{Database, ImportOptions, ImportReport, Missing, RemarkKind, import};
use tollcast::catalogue::{Catalogue, price_file};
use tollcast::domain::problem::Source;
use tollcast::domain::quantity::Quantity;
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;

use crate::support::{project, source};

/// The day as of which the peers' files are taken here: before all their instants, so that every row has a
/// price.
const AS_OF: &str = "2020-01-01";

/// The models that differ. All have a rate with more than six decimals per million (a third of a cent's tenth,
/// or a price converted from yuan by sevenths), which an import rounds to the nearest: no token is off by more
/// than half a picodollar.
const ROUNDED: [&str; 10] = [
    "bigmodel/glm-5.3",
    "bigmodel/glm-5.3-flash",
    "bigmodel/glm-5.3-flashx",
    "morph/morph-dsv4flash",
    "openrouter/google/gemini-2.5-flash-image",
    "openrouter/google/gemini-2.5-flash-lite",
    "openrouter/google/gemini-3-flash-preview",
    "openrouter/google/gemini-3.1-flash-lite",
    "openrouter/google/gemini-3.5-flash",
    "openrouter/~google/gemini-flash-latest",
];

/// A bill that a peer's own code computed.
#[derive(Debug)]
struct Row {
    model: String,
    tier: String,
    at: Instant,
    usage: Usage,
    usd: Option<f64>,
    note: String,
}

fn rows(path: &Path) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(path).unwrap();
    let names = reader.headers().unwrap().clone();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let field = |name: &str| record[names.iter().position(|n| n == name).unwrap()].to_owned();
        let number = |name: &str| field(name).parse::<u64>().unwrap();
        Row {
            model: field("model"),
            tier: field("tier"),
            at: Instant::parse(&field("at")).unwrap(),
            usage: Usage {
                input: number("input"),
                cached: number("cached"),
                written: number("cache_write"),
                written_1h: number("cache_write_1h"),
                output: number("output"),
                reasoning: number("reasoning"),
                ..Usage::default()
            },
            // Where a provider's calculator ignores prices that the data lists, the generic one reads them.
            usd: field("generic_usd").parse().or(field("usd").parse()).ok(),
            note: field("note"),
        }
    });
    rows.collect()
}

/// The peers' folder, or nothing with a loud word.
fn peers() -> Option<PathBuf> {
    let folder = project().join("../shared/peers");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: the peers' price databases are not at {}", folder.display());
    None
}

/// An imported database, written as price files and read back.
fn imported(file: &Path, database: Database) -> (Catalogue, ImportReport) {
    let text = std::fs::read_to_string(file).unwrap();
    let options =
        ImportOptions { database, as_of: Instant::parse(AS_OF).unwrap(), missing: Missing::AsTheDatabase };
    let imported = import(&source("peer.json", &text), &options).unwrap();
    let files: Vec<Arc<Source>> = imported
        .providers
        .iter()
        .map(|provider| source(&format!("{}.yaml", provider.id), &price_file(provider)))
        .collect();
    let catalogue = Catalogue::read(&files, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    for (read, written) in catalogue.providers.iter().zip(&imported.providers) {
        let mut written = written.clone();
        // A multiple is written out as what it comes to.
        written.models.iter_mut().flat_map(|model| &mut model.prices).for_each(|entry| entry.derived = None);
        for (read, written) in read.models.iter().zip(&written.models) {
            assert_eq!(read, written, "what is written reads back as it was");
        }
        assert_eq!(*read, written, "what is written reads back as it was");
    }
    (catalogue, imported.report)
}

/// What tollcast bills for a row, in USD; an error as text.
fn billed(catalogue: &Catalogue, route: &str, row: &Row) -> Result<i128, String> {
    let (tier, region) = match row.tier.split_once('@') {
        None => (row.tier.as_str(), None),
        Some((tier, "geo-us" | "residency-us")) => (tier, Some("us")),
        Some((tier, "residency-eu")) => (tier, Some("eu")),
        Some((tier, _)) => (tier, Some("regional")),
    };
    let mut id = RouteId::parse(route)?.with_tier(tier);
    id.region = region.map(str::to_owned);
    let offer = catalogue.offer(&id).map_err(|error| error.title)?;
    let slot = offer.slot_at(row.at).ok_or("no price then")?;
    let mut total = bill_request(offer.card(slot), &row.usage).map_err(|error| error.to_string())?.total;
    if row.note.contains("request") {
        let meter = offer.meter_at("request", None, row.at).ok_or("no fee per request")?;
        total += bill_meter(meter, Quantity::whole(1), Scope::Request).amount;
    }
    Ok(total.picodollars())
}

/// Differences by model, each with a first example.
fn compare(
    catalogue: &Catalogue,
    report: &ImportReport,
    rows: &[Row],
) -> (BTreeSet<String>, BTreeMap<String, String>) {
    let routes: HashMap<&str, &str> =
        report.imported.iter().map(|(key, route)| (key.as_str(), route.as_str())).collect();
    let mut compared = BTreeSet::new();
    let mut differing = BTreeMap::new();
    for row in rows {
        let Some(theirs) = row.usd else { continue };
        compared.insert(row.model.clone());
        let ours = match routes.get(row.model.as_str()) {
            Some(route) => billed(catalogue, route, row),
            None => Err("not imported".to_owned()),
        };
        // Their float is exact to some 10⁻¹⁵ of itself: a thousandth of a picodollar for a dollar.
        let apart = ours.as_ref().map_or(f64::INFINITY, |ours| (*ours as f64 - theirs * 1e12).abs());
        let float_noise = 1e-3 * theirs;
        let equal = apart <= 0.5 + float_noise;
        let tokens = (row.usage.input + row.usage.output) as f64;
        let rounded = ROUNDED.contains(&row.model.as_str()) && apart <= 0.5 * tokens + float_noise;
        if !equal && !rounded {
            differing.entry(row.model.clone()).or_insert_with(|| format!("{ours:?} picodollars for {row:?}"));
        }
    }
    (compared, differing)
}

fn check(file: &str, database: Database, table: &str) {
    let Some(folder) = peers() else { return };
    let (catalogue, report) = imported(&folder.join(file), database);
    let table = match std::env::var_os("TOLLCAST_PARITY") {
        Some(folder) => PathBuf::from(folder).join(format!("{table}.csv")),
        None => project().join(format!("tests/parity/{table}-sample.csv")),
    };
    let rows = rows(&table);
    let rounded = report.groups.iter().find(|group| group.kind == RemarkKind::Rounded).unwrap();
    for model in ROUNDED.iter().filter(|model| rows.iter().any(|row| row.model == **model)) {
        assert!(rounded.keys.iter().any(|key| key == model), "{model} is reported as rounded");
    }
    let (compared, differing) = compare(&catalogue, &report, &rows);
    eprintln!(
        "{}: {} models, {} bills; {} models differ",
        database.name(),
        compared.len(),
        rows.iter().filter(|row| row.usd.is_some()).count(),
        differing.len()
    );
    for (model, example) in &differing {
        eprintln!("{model}: {example}");
    }
    assert!(differing.is_empty(), "{} models differ", differing.len());
    assert!(compared.len() > 100, "only {} models were compared", compared.len());
}

#[test]
fn litellm_bills_alike() {
    check("litellm_model_prices.json", Database::LiteLlm, "litellm");
}

#[test]
fn genai_prices_bills_alike() {
    check("genai_prices_v2.json", Database::GenaiPrices, "genai-prices");
}
