//! The sums of a table bill what its rows bill one by one, to the picodollar, and set the same rows aside.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tollcast::billing::{Usage, price_request};
use tollcast::catalogue::{Band, BandMode, Component, Price, RateCard, Rates};
use tollcast::domain::money::{Rate, Usd};
use tollcast::usage::columns::{self, Attempt, Plan, Prices, Sums, Unfit};
use tollcast::usage::read::{Field, Options, Reading, read};

/// Bands up to each end and above the last, dearer by the band.
fn card(ends: &[u64], dear: i64) -> RateCard {
    let ends = ends.iter().map(|end| Some(*end)).chain([None]);
    let bands = ends.zip(1..).map(|(up_to, times)| {
        let price = |micros: i64| Price::Listed(Rate::from_micro_usd_per_million(micros * times * dear));
        let rates = Rates::UNKNOWN
            .with(Component::Input, price(1_250_003))
            .with(Component::CachedInput, price(125_001))
            .with(Component::CacheWrite, price(1_562_507))
            .with(Component::Output, price(10_000_009));
        Band { up_to, rates, base: rates }
    });
    RateCard { mode: BandMode::WholeRequest, bands: bands.collect(), lent: Vec::new() }
}

/// Three models; any other name is unknown.
fn cards() -> BTreeMap<&'static str, RateCard> {
    BTreeMap::from([
        ("a", card(&[], 1)),
        ("model-b", card(&[1_000], 2)),
        ("a model, with a comma and a long name", card(&[10, 1_000, 2_000], 3)),
    ])
}

fn sum(text: &str, options: &Options, forced: Option<&RateCard>) -> Attempt {
    let input = Box::new(text.as_bytes());
    let cards = cards();
    let mut find = |name: Option<&str>| name.and_then(|name| cards.get(name)).map(Prices::one).transpose();
    let mut plan = match forced {
        Some(card) => Plan::Forced { prices: Prices::one(card).unwrap(), by_day: true },
        None => Plan::ByModel(&mut find),
    };
    columns::csv("log", input, options, &mut plan).unwrap()
}

fn summed(text: &str, forced: Option<&RateCard>) -> Sums {
    match sum(text, &Options::default(), forced) {
        Attempt::Summed(sums) => sums,
        Attempt::RowByRow(unfit) => panic!("{unfit}"),
    }
}

type Bill = BTreeMap<(String, i64), (u64, Option<Usd>)>;

fn bill(sums: &Sums) -> Bill {
    let key = |line: &columns::Line<'_>| (line.model.unwrap_or_default().to_owned(), line.day);
    sums.bill().into_iter().map(|line| (key(&line), (line.requests, line.amount.ok()))).collect()
}

/// The same by the way of single records.
fn row_by_row(text: &str, forced: Option<&RateCard>) -> (Bill, Reading) {
    let (cards, mut bill) = (cards(), Bill::new());
    let mut take = |record: tollcast::usage::Record| {
        let name = record.model.as_deref().unwrap_or_default();
        let card = forced.or_else(|| cards.get(name));
        let name = if forced.is_some() { "" } else { name };
        let entry = bill.entry((name.to_owned(), record.at_ms.div_euclid(86_400_000))).or_default();
        entry.0 += record.requests;
        let price = card.map(|card| price_request(card, &record.usage).unwrap());
        entry.1 = price.map(|price| price + entry.1.unwrap_or_default());
    };
    let reading = read("log", Box::new(text.as_bytes()), &Options::default(), &mut take).unwrap();
    (bill, reading)
}

fn assert_same(text: &str, forced: Option<&RateCard>) {
    let sums = summed(text, forced);
    let (wanted, reading) = row_by_row(text, forced);
    assert_eq!(bill(&sums), wanted, "{text}");
    assert_eq!(sums.reading.as_ref(), Some(&reading), "{text}");
}

fn time() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (1_763_900_000_u64..1_764_200_000).prop_map(|at| at.to_string()),
        4 => (1_763_900_000_000_u64..1_764_200_000_000).prop_map(|at| at.to_string()),
        4 => ("[TZ ]{1}", 20..28_u32, 0..24_u32, prop::sample::select(vec!["", "Z", ".123", ".1239Z", ".5", "+02:00"]))
            .prop_map(|(mark, day, hour, zone)| format!("2026-11-{day:02}{mark}{hour:02}:59:07{zone}")),
        1 => prop::sample::select(vec![
            "", "now", "-1", "0", "5.5", "1764000000.25", "17640000001", "946684799", "946684800", "0946684800",
            "7258118400", "7258118399", "1764000000000000", "2026-02-30T10:00:00Z", "2026-11-24", "2026-11-24T24:00:00Z",
            "\"1764000000\"", "1999-12-31T23:59:59Z", "2026-11-24T10:00:00.Z", "2026-11-24 10:00", " 1764000000",
        ]).prop_map(str::to_owned),
    ]
}

fn count() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0..3_000_u64).prop_map(|count| count.to_string()),
        3 => prop::sample::select(vec![0, 9, 10, 11, 999, 1_000, 1_001, 1_999, 2_000, 2_001, 99_999_999, 100_000_000])
            .prop_map(|count: u64| count.to_string()),
        1 => prop::sample::select(vec![
            "", "-3", "x", "1e3", "12.0", "007", "1000000000000", "1000000000001", "99999999999999999999", "\"12\"",
            "null", " 5", "5 ", "\"1,5\"", "1_000", "\u{663}",
        ]).prop_map(str::to_owned),
    ]
}

fn model() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec!["a", "model-b", "\"a model, with a comma and a long name\""]),
        1 => prop::sample::select(vec!["c", "", "\"a\"", " a ", "null", "\"a\n\"", "\"a\"\"\"", "modèle", "model-b\0"]),
    ]
    .prop_map(str::to_owned)
}

fn line() -> impl Strategy<Value = String> {
    let cells = (time(), model(), count(), prop_oneof![count(), Just("0".to_owned())], count());
    let end = prop::sample::select(vec!["\n", "\n", "\n", "\r\n", "\r", "\n\n", ",\n", "\"\n"]);
    (cells, prop::sample::select(vec!["", "", "note", "\"a, b\"", "\"two\nlines\""]), end).prop_map(
        |((time, model, input, cached, output), note, end)| {
            format!("{time},{model},{input},{note},{cached},{output}{end}")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn sums_bill_what_rows_bill(lines in prop::collection::vec(line(), 0..30), cut in 0..4_usize) {
        let mut text = format!("Time,Model,input_tokens,note,cached_tokens,output_tokens\n{}", lines.concat());
        if cut == 0 {
            text.truncate(text.trim_end_matches(['\n', '\r', '"']).len());
        }
        assert_same(&text, None);
        assert_same(&text, Some(&card(&[1_000], 7)));
    }
}

#[test]
fn a_threshold_is_crossed_above_its_end() {
    // Up to 1,000 tokens at 2.500006 and 0.250002 cached, above it at twice as much.
    let rows = "1764000000,model-b,999,0,0\n1764000000,model-b,1000,0,0\n1764000001,model-b,1001,1001,0\n";
    let sums = summed(&format!("time,model,input,cached,output\n{rows}"), None);
    let cells: Vec<_> = sums.cells().map(|cell| (cell.band, cell.tally.requests)).collect();
    assert_eq!(cells, [(0, 2), (1, 1)]);
    let pico = 1_999 * 2_500_006 + 1_001 * 500_004;
    assert_eq!(bill(&sums)[&("model-b".to_owned(), 20_416)], (3, Some(Usd::from_picodollars(pico))));
}

#[test]
fn rows_across_chunks_are_whole() {
    let mut text = "ts,in_note,model,tokens_in,tokens_out\r\n".to_owned();
    for row in 0..60_000_u64 {
        let note = if row % 1_000 == 0 {
            format!("\"{}\n\"", "x".repeat(9_000))
        } else {
            "n".repeat(row as usize % 40)
        };
        text += &format!("{},{note},model-b,{},{}\r\n", 1_764_000_000 + row, row % 2_003, row % 77);
    }
    assert_same(&text, None);
}

#[test]
fn a_table_that_says_more_than_sums_is_left_alone() {
    for header in [
        "time,input,output,id",
        "time,input,output,cost",
        "time,input,output,tier",
        "time,uncached_tokens,output",
    ] {
        let text = format!("{header}\n1764000000,1,1,1\n");
        let attempt = sum(&text, &Options::default(), None);
        assert!(matches!(attempt, Attempt::RowByRow(Unfit::Column)), "{header}");
    }
    let attempt = sum("{\"time\": 1}", &Options::default(), None);
    assert!(matches!(attempt, Attempt::RowByRow(Unfit::Format)));
}

#[test]
fn columns_can_be_named() {
    let options = Options {
        columns: vec![(Field::Input, "p".to_owned()), (Field::Output, "q".to_owned())],
        ..Options::default()
    };
    let Attempt::Summed(sums) = sum("time;p;q\n1764000000;7;8\n", &options, Some(&card(&[], 1))) else {
        panic!("not summed");
    };
    let tokens = sums.cells().next().unwrap().tally.tokens;
    assert_eq!((tokens.input, tokens.output), (7, 8));
}

#[test]
fn a_graduated_card_is_not_for_sums() {
    let graduated = RateCard { mode: BandMode::Graduated, ..card(&[1_000], 1) };
    assert_eq!(Prices::one(&graduated), Err(Unfit::Graduated));
    assert_eq!(Prices::one(&card(&[1, 2, 3, 4, 5], 1)), Err(Unfit::ManyBands));
}

#[test]
fn a_prompt_that_is_not_sold_has_no_price() {
    let mut closed = card(&[1_000], 1);
    closed.bands.pop();
    let sums = summed("time,input,output\n1764000000,1000,5\n1764090000,1001,5\n", Some(&closed));
    let priced: Vec<bool> = sums.bill().iter().map(|line| line.amount.is_ok()).collect();
    assert_eq!(priced, [true, false]);
}
