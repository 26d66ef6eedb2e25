//! How many logged requests are billed in a second?
//!
//! Five million rows of invented traffic, written once below target/. One card: every row on gpt-5.4, one sum.
//! Eight models: by model and day. `cargo bench --bench replay --features parquet`. For other programs on the
//! same files: benches/compare/run_replay.sh.

#![expect(clippy::expect_used, reason = "a bench that cannot read its own fixtures should stop")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use tollcast::catalogue::{Catalogue, Component, RateCard, shipped};
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;
use tollcast::usage::columns::{self, Attempt, Plan, Prices, Sums, Unfit};
use tollcast::usage::read::Options;

/// Their prices at their makers', in the catalogue of this version.
const MODELS: [(&str, &str); 8] = [
    ("openai", "gpt-5.4"),
    ("openai", "gpt-5.4-mini"),
    ("openai", "gpt-5.4-nano"),
    ("anthropic", "claude-opus-4-6"),
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-haiku-4-5"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-2.5-flash"),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--once", scenario, path] => once(scenario, Path::new(path)),
        ["--cards"] => cards(),
        _ => divan::main(),
    }
}

/// Bills one file, for the comparison with other programs: milliseconds, rows, lines and picodollars.
fn once(scenario: &str, path: &Path) {
    LazyLock::force(&CARDS);
    let start = std::time::Instant::now();
    let sums = if scenario == "one_card" { one_card(path) } else { eight_models(path) };
    let (lines, total) = total(&sums);
    let ms = start.elapsed().as_secs_f64() * 1e3;
    println!("{ms:.1} {} {lines} {total}", sums.reading.map_or(0, |reading| reading.used));
}

/// Writes the files and prints the cards, for other programs: the end of the first band, and what input, cached
/// input and output cost in it and above it.
fn cards() {
    csv_file();
    #[cfg(feature = "parquet")]
    packed_file();
    for ((_, name), card) in MODELS.into_iter().zip(CARDS.iter()) {
        let end = card.bands[0].up_to.unwrap_or(i64::MAX as u64);
        print!("{name} {end}");
        for band in [card.bands.first(), card.bands.last()].into_iter().flatten() {
            for component in [Component::Input, Component::CachedInput, Component::Output] {
                let rate = band.rates.rate(component).expect("a price");
                print!(" {}", rate.micro_usd_per_million());
            }
        }
        println!();
    }
}

fn rows() -> u64 {
    std::env::var("REPLAY_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(5_000_000)
}

/// A number from 0 to 1 of the splitmix sequence.
fn next(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A folder for the files, and the CSV file in it, written if it is not there.
fn csv_file() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{}", rows()));
    let path = folder.join("requests.csv");
    if path.exists() {
        return path;
    }
    std::fs::create_dir_all(&folder).expect("a folder below target/");
    let part = folder.join("requests.part");
    let mut file = std::io::BufWriter::new(File::create(&part).expect("a file"));
    writeln!(file, "time,model,input_tokens,cached_tokens,output_tokens").expect("room on the disk");
    let (mut state, step) = (7, 30.0 * 86_400.0 / rows() as f64);
    for row in 0..rows() {
        let at = 1_761_955_200 + (row as f64 * step) as u64;
        let model = MODELS[(next(&mut state) * 8.0) as usize].1;
        // Around 3,000 tokens, one prompt in a hundred of up to 400,000.
        let long = if next(&mut state) < 0.01 { 400_000.0 } else { 6_000.0 };
        let input = (next(&mut state) * long) as u64;
        let cached = if next(&mut state) < 0.6 { input * 4 / 5 } else { 0 };
        let output = (next(&mut state) * next(&mut state) * 2_000.0) as u64;
        writeln!(file, "{at},{model},{input},{cached},{output}").expect("room on the disk");
    }
    drop(file);
    std::fs::rename(part, &path).expect("a file renamed");
    path
}

/// The cards of the models on one day: other programs join one price to a model.
static CARDS: LazyLock<Vec<RateCard>> = LazyLock::new(|| {
    let catalogue = Catalogue::read(&shipped(), &[]).expect("the shipped files are right");
    let at = Instant::parse("2026-11-23").expect("a date");
    let card = |(provider, name): (&str, &str)| {
        let route = RouteId::parse(&format!("{provider}/{name}")).expect("a route");
        let offer = catalogue.offer(&route).expect("on sale");
        offer.card(offer.slot_at(at).expect("a price")).clone()
    };
    MODELS.into_iter().map(card).collect()
});

fn sums(path: &Path, plan: &mut Plan<'_>) -> Sums {
    let file = File::open(path).expect("the file is there");
    let options = Options::default();
    let attempt = if path.extension().is_some_and(|ending| ending == "csv") {
        columns::csv("requests", Box::new(file), &options, plan)
    } else {
        packed(file, &options, plan)
    };
    match attempt.expect("the file can be read") {
        Attempt::Summed(sums) => *sums,
        Attempt::RowByRow(unfit) => {
            eprintln!("row by row: {unfit}");
            std::process::exit(1)
        }
    }
}

#[cfg(feature = "parquet")]
fn packed(
    file: File,
    options: &Options,
    plan: &mut Plan<'_>,
) -> Result<Attempt, tollcast::usage::read::ReadError> {
    columns::parquet("requests", file, options, plan)
}

#[cfg(not(feature = "parquet"))]
fn packed(_: File, _: &Options, _: &mut Plan<'_>) -> Result<Attempt, tollcast::usage::read::ReadError> {
    Ok(Attempt::RowByRow(Unfit::Packing))
}

fn one_card(path: &Path) -> Sums {
    let prices = Prices::one(&CARDS[0]).expect("whole requests");
    sums(path, &mut Plan::Forced { prices, by_day: false })
}

fn eight_models(path: &Path) -> Sums {
    let mut find = |name: Option<&str>| -> Result<Option<Prices>, Unfit> {
        let known = MODELS.iter().position(|(_, model)| Some(*model) == name);
        known.map(|at| Prices::one(&CARDS[at])).transpose()
    };
    sums(path, &mut Plan::ByModel(&mut find))
}

/// How many lines the bill has, and its picodollars.
fn total(sums: &Sums) -> (usize, i128) {
    let lines = sums.bill();
    let sum = lines.iter().map(|line| line.amount.clone().expect("a price").0.picodollars()).sum();
    (lines.len(), sum)
}

#[divan::bench(sample_count = 7)]
fn csv_one_card(bencher: Bencher) {
    let path = csv_file();
    bencher.counter(ItemsCount::new(rows())).bench(|| total(&one_card(&path)));
}

#[divan::bench(sample_count = 7)]
fn csv_eight_models(bencher: Bencher) {
    let path = csv_file();
    bencher.counter(ItemsCount::new(rows())).bench(|| total(&eight_models(&path)));
}

#[cfg(feature = "parquet")]
#[divan::bench(sample_count = 15)]
fn parquet_one_card(bencher: Bencher) {
    let path = packed_file();
    bencher.counter(ItemsCount::new(rows())).bench(|| total(&one_card(&path)));
}

#[cfg(feature = "parquet")]
#[divan::bench(sample_count = 15)]
fn parquet_eight_models(bencher: Bencher) {
    let path = packed_file();
    bencher.counter(ItemsCount::new(rows())).bench(|| total(&eight_models(&path)));
}

/// The rows of the CSV file as Parquet, with snappy and dictionaries, as most tools write it by default.
#[cfg(feature = "parquet")]
fn packed_file() -> PathBuf {
    use std::io::BufRead;
    use std::sync::Arc;

    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    let csv = csv_file();
    let path = csv.with_extension("parquet");
    if path.exists() {
        return path;
    }
    let schema = "message requests { required int64 time; required binary model (utf8);
        required int64 input_tokens; required int64 cached_tokens; required int64 output_tokens; }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let part = path.with_extension("part");
    let file = File::create(&part).expect("a file");
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).expect("a writer");
    let mut lines =
        std::io::BufReader::new(File::open(csv).expect("the file is there")).lines().skip(1).peekable();
    while lines.peek().is_some() {
        let (mut models, mut numbers) = (Vec::new(), [const { Vec::<i64>::new() }; 4]);
        for line in lines.by_ref().take(500_000) {
            let line = line.expect("a line");
            let mut fields = line.split(',');
            let mut number = || fields.next().expect("a field");
            numbers[0].push(number().parse().expect("a number"));
            models.push(ByteArray::from(number()));
            for column in &mut numbers[1..] {
                column.push(number().parse().expect("a number"));
            }
        }
        let mut group = writer.next_row_group().expect("a row group");
        for at in [0, 9, 1, 2, 3] {
            let mut column = group.next_column().expect("a column").expect("a column");
            let written = match numbers.get(at) {
                Some(numbers) => column.typed::<Int64Type>().write_batch(numbers, None, None),
                None => column.typed::<ByteArrayType>().write_batch(&models, None, None),
            };
            written.expect("values written");
            column.close().expect("a column closed");
        }
        group.close().expect("a row group closed");
    }
    writer.close().expect("the file closed");
    std::fs::rename(part, &path).expect("a file renamed");
    path
}
