//! The sums of a table bill what its rows bill one by one, to the picodollar, and set the same rows aside.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tollcast::billing::price_request;
use tollcast::catalogue::{Band, BandMode, Catalogue, Component, Price, RateCard, Rates};
use tollcast::domain::money::{Rate, Usd};
use tollcast::domain::route::RouteId;
use tollcast::usage::columns::{self, Attempt, Plan, Prices, Sums, Unfit};
use tollcast::usage::read::{Field, Options, Reading, read};

use crate::support::source;

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
        Attempt::Summed(sums) => *sums,
        Attempt::RowByRow(unfit) => panic!("{unfit}"),
    }
}

type Bill = BTreeMap<(String, i64), (u64, Option<Usd>)>;

fn bill(sums: &Sums) -> Bill {
    let key = |line: &columns::Line<'_>| (line.model.unwrap_or_default().to_owned(), line.day);
    sums.bill()
        .into_iter()
        .map(|line| (key(&line), (line.requests, line.amount.ok().map(|(total, _)| total))))
        .collect()
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
        1 => prop::sample::select(vec!["c", "", "\"a\"", " a ", "null", "\"a\n\"", "\"a\"\"\"", "modèle", "model-b-"]),
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

#[cfg(feature = "parquet")]
mod packed {
    //! The same rows in Parquet, written in all the ways that are read.

    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use tollcast::usage::read::Reason;

    use super::*;

    /// Time, model, input, cached, output.
    type Row = (Option<i64>, Option<String>, Option<i64>, Option<f64>, Option<i32>);

    /// How a file is written.
    #[derive(Clone, Debug)]
    struct Manner {
        dictionary: bool,
        second: bool,
        page: usize,
        group: usize,
        required: bool,
    }

    fn write(rows: &[Row], manner: &Manner) -> std::fs::File {
        let kind = if manner.required { "required" } else { "optional" };
        let schema = format!(
            "message rows {{ {kind} int64 time; {kind} binary model (utf8); {kind} int64 input;
            {kind} double cached; {kind} int32 output; }}"
        );
        let version = if manner.second { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let mut properties = WriterProperties::builder()
            .set_compression(if manner.second { Compression::UNCOMPRESSED } else { Compression::SNAPPY })
            .set_writer_version(version)
            .set_dictionary_enabled(manner.dictionary)
            .set_dictionary_page_size_limit(4_000)
            .set_write_batch_size(8)
            .set_data_page_row_count_limit(manner.page);
        for column in ["time", "model", "input", "cached", "output"] {
            properties = properties.set_column_encoding(column.into(), parquet::basic::Encoding::PLAIN);
        }
        let schema = Arc::new(parse_message_type(&schema).unwrap());
        let file = tempfile::tempfile().unwrap();
        let copy = file.try_clone().unwrap();
        let mut writer = SerializedFileWriter::new(copy, schema, Arc::new(properties.build())).unwrap();
        for rows in rows.chunks(manner.group) {
            let mut group = writer.next_row_group().unwrap();
            macro_rules! column {
                ($kind:ty, $values:expr) => {{
                    let all: Vec<_> = rows.iter().map($values).collect();
                    let levels: Vec<i16> = all.iter().map(|value| i16::from(value.is_some())).collect();
                    let values: Vec<_> = all.into_iter().flatten().collect();
                    let mut column = group.next_column().unwrap().unwrap();
                    let levels = (!manner.required).then_some(&levels[..]);
                    column.typed::<$kind>().write_batch(&values, levels, None).unwrap();
                    column.close().unwrap();
                }};
            }
            column!(Int64Type, |row: &Row| row.0);
            column!(ByteArrayType, |row: &Row| row.1.as_deref().map(ByteArray::from));
            column!(Int64Type, |row: &Row| row.2);
            column!(DoubleType, |row: &Row| row.3);
            column!(Int32Type, |row: &Row| row.4);
            group.close().unwrap();
        }
        writer.close().unwrap();
        file
    }

    fn text(rows: &[Row]) -> String {
        fn cell<T: ToString>(value: Option<T>) -> String {
            value.map(|value| value.to_string()).unwrap_or_default()
        }
        let line = |(time, model, input, cached, output): &Row| {
            let model = format!("\"{}\"", cell(model.as_ref()));
            format!("{},{model},{},{},{}\n", cell(*time), cell(*input), cell(*cached), cell(*output))
        };
        "time,model,input,cached,output\n".to_owned() + &rows.iter().map(line).collect::<String>()
    }

    /// Rows, used ones, those set aside by reason with their first numbers, the earliest and the latest time.
    type Account = (u64, u64, Vec<(Reason, u64, Vec<u64>)>, [Option<i64>; 2]);

    /// What the reading counted, without texts.
    fn account(sums: &Sums) -> Account {
        let reading = sums.reading.as_ref().unwrap();
        let aside = reading.set_aside.iter().map(|aside| (aside.reason, aside.rows, aside.first.clone()));
        (reading.rows, reading.used, aside.collect(), [reading.first_ms, reading.last_ms])
    }

    fn packed(rows: &[Row], manner: &Manner, forced: Option<&RateCard>, by_day: bool) -> Sums {
        let cards = cards();
        let mut find =
            |name: Option<&str>| name.and_then(|name| cards.get(name)).map(Prices::one).transpose();
        let mut plan = match forced {
            Some(card) => Plan::Forced { prices: Prices::one(card).unwrap(), by_day },
            None => Plan::ByModel(&mut find),
        };
        match columns::parquet("log", write(rows, manner), &Options::default(), &mut plan).unwrap() {
            Attempt::Summed(sums) => *sums,
            Attempt::RowByRow(unfit) => panic!("{unfit}"),
        }
    }

    fn assert_same(rows: &[Row], manner: &Manner) {
        for forced in [None, Some(card(&[10, 1_000, 2_000], 7))] {
            let (sums, wanted) =
                (packed(rows, manner, forced.as_ref(), true), summed(&text(rows), forced.as_ref()));
            assert_eq!(bill(&sums), bill(&wanted), "{rows:?}");
            assert_eq!(account(&sums), account(&wanted), "{rows:?}");
        }
    }

    fn manner() -> impl Strategy<Value = Manner> {
        (any::<bool>(), any::<bool>(), 1..50_usize, 1..70_usize).prop_map(
            |(dictionary, second, page, group)| Manner { dictionary, second, page, group, required: false },
        )
    }

    fn strange() -> impl Strategy<Value = Row> {
        let time = prop_oneof![
            6 => 1_763_900_000..1_764_200_000_i64,
            2 => 1_763_900_000_000..1_764_200_000_000_i64,
            1 => prop::sample::select(vec![-1, 0, 946_684_799, 1_764_000_000_000_000, 1_764_000_000_000_000_000, i64::MAX]),
        ];
        let input = prop_oneof![8 => 0..3_000_i64, 1 => prop::sample::select(vec![-1, 999, 1_000, 1_001, 100_000_000, 1_000_000_000_001])];
        let cached = prop_oneof![4 => Just(0.0), 4 => (0..10_i32).prop_map(f64::from), 1 => prop::sample::select(vec![0.5, -1.0, 1e13])];
        let model = prop::sample::select(vec!["a", "model-b", " a ", "unknown"]).prop_map(str::to_owned);
        fn some<T: Clone + std::fmt::Debug>(
            value: impl Strategy<Value = T>,
        ) -> impl Strategy<Value = Option<T>> {
            prop::option::weighted(0.95, value)
        }
        (
            some(time),
            some(model),
            some(input),
            some(cached),
            some(prop_oneof![8 => 0..900_i32, 1 => Just(-4)]),
        )
    }

    fn sound(seed: u64) -> Row {
        let mixed = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let model = ["a", "model-b", "a model, with a comma and a long name"][(mixed % 3) as usize];
        let input = (mixed / 3 % 3_000) as i64;
        let cached = if mixed.is_multiple_of(2) { input } else { 0 };
        let time = 1_763_900_000 + seed as i64 * 31;
        (Some(time), Some(model.to_owned()), Some(input), Some(cached as f64), Some((mixed % 997) as i32))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(192))]

        #[test]
        fn a_parquet_file_sums_to_what_its_csv_does(rows in prop::collection::vec(strange(), 1..80), manner in manner()) {
            assert_same(&rows, &manner);
        }
    }

    #[test]
    fn sound_rows_of_several_batches_are_summed_in_every_manner() {
        let rows: Vec<Row> = (0..20_000).map(sound).collect();
        for (dictionary, second, required) in [(true, false, true), (false, true, false), (true, true, false)]
        {
            let manner = Manner { dictionary, second, page: 1_003, group: 9_001, required };
            assert_same(&rows, &manner);
            // On one card whatever the day: as much as all days together.
            let card = card(&[10, 1_000, 2_000], 7);
            let total = |sums: &Sums| {
                let all = bill(sums).into_values();
                all.fold((0, Usd::ZERO), |(requests, usd), line| (requests + line.0, usd + line.1.unwrap()))
            };
            let (whole, days) =
                (packed(&rows, &manner, Some(&card), false), packed(&rows, &manner, Some(&card), true));
            assert_eq!((bill(&whole).len(), total(&whole)), (1, total(&days)));
            assert_eq!(total(&whole), total(&summed(&text(&rows), Some(&card))));
        }
    }

    #[test]
    fn a_file_that_is_no_parquet_is_left_alone() {
        let mut plan = Plan::Forced { prices: Prices::one(&card(&[], 1)).unwrap(), by_day: false };
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"PAR1 and nothing").unwrap();
        let attempt = columns::parquet("log", file, &Options::default(), &mut plan).unwrap();
        assert!(matches!(attempt, Attempt::RowByRow(Unfit::Packing)));
    }
}

/// The prices of a model with these entries.
fn through_time(entries: &str) -> Result<Prices, Unfit> {
    let entry = |entry: &str| {
        format!(
            "      - {{tiers: [standard], regions: [global], source: invented, checked: 2026-01-01, {entry}}}\n"
        )
    };
    let entries: String = entries.lines().map(entry).collect();
    let text = format!(
        "tollcast_prices: 1\nprovider: test\nname: Test\ncurrency: USD\ncached_tokens: inside_input\n\
        reasoning_tokens: inside_output\nmodels:\n  - id: m\n    name: M\n    prices:\n{entries}"
    );
    let catalogue =
        Catalogue::read(&[source("test.yaml", &text)], &[]).unwrap_or_else(|problems| panic!("{problems}"));
    let route = RouteId::parse("test/m").unwrap();
    Prices::of(catalogue.offer(&route).unwrap(), RateCard::clone)
}

#[test]
fn a_price_that_changes_at_midnight_holds_from_that_day_on() {
    let prices = through_time(
        "from: 2026-11-01, bands: [{input: 1, output: 10}]\nfrom: 2026-11-24, bands: [{input: 2, output: 20}]",
    );
    // 2026-10-31 without a price, then 5 × 1 + 1 × 10 the day before the change and 5 × 2 + 1 × 20 after it.
    let text =
        "time,input,output\n2026-10-31T23:59:59Z,5,1\n2026-11-23T23:59:59Z,5,1\n2026-11-24T00:00:00Z,5,1\n";
    let mut plan = Plan::Forced { prices: prices.unwrap(), by_day: false };
    let attempt = columns::csv("log", Box::new(text.as_bytes()), &Options::default(), &mut plan).unwrap();
    let Attempt::Summed(sums) = attempt else { panic!("not summed") };
    let amounts: Vec<Option<Usd>> =
        sums.bill().into_iter().map(|line| line.amount.ok().map(|(total, _)| total)).collect();
    assert_eq!(amounts, [None, Some(Usd::from_micro_usd(15)), Some(Usd::from_micro_usd(30))]);
}

#[test]
fn a_price_that_changes_within_a_day_is_not_for_sums() {
    let noon = "from: 2026-11-01, bands: [{input: 1, output: 10}]\nfrom: 2026-11-24T12:00:00Z, bands: [{input: 2, output: 20}]";
    let night = "from: 2026-11-01, bands: [{input: 1, output: 10}], windows: [{name: night, utc_hours: [\"00:00-06:00\"], bands: [{input: 2, output: 20}]}]";
    let graduated = "from: 2026-11-01, mode: graduated, bands: [{up_to: 10, input: 1, output: 10}, {input: 2, output: 20}]";
    assert_eq!(through_time(noon), Err(Unfit::WithinADay));
    assert_eq!(through_time(night), Err(Unfit::WithinADay));
    assert_eq!(through_time(graduated), Err(Unfit::Graduated));
}
