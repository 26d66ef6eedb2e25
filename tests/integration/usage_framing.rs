//! Usage logs as they come: compressed, marked, torn, broken, empty, in no known format.

use std::io::{self, Read, Write};

use proptest::prelude::*;
use tollcast::domain::time::Instant;
use tollcast::usage::read::{Format, Options, ReadError, Reason, read};

use crate::usage_formats::{aside, read_text, read_with, refused};

const PLAIN: &str =
    "time,input_tokens,output_tokens\n2026-01-01T00:00:00Z,100,10\n2026-01-01T00:00:01Z,200,20\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A frame of one raw block: magic, descriptor of a single segment with one byte of size, size, block, data.
fn zstd(text: &[u8]) -> Vec<u8> {
    let size = u8::try_from(text.len()).unwrap();
    let header = (u32::from(size) << 3 | 1).to_le_bytes();
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, size], &header[..3], text].concat()
}

fn strict() -> Options {
    Options { strict: true, ..Options::default() }
}

fn two(reading: &tollcast::usage::read::Reading) {
    assert_eq!((reading.rows, reading.used), (2, 2), "{reading:?}");
}

#[test]
fn compression_is_found_by_its_first_bytes() {
    let (head, tail) = PLAIN.as_bytes().split_at(40);
    let members = [gzip(head), gzip(tail)].concat();
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(tail)].concat();
    for (bytes, kind) in [
        (gzip(PLAIN.as_bytes()), "gzip"),
        (members, "gzip"),
        (zstd(PLAIN.as_bytes()), "zstd"),
        ([zstd(head), skipped].concat(), "zstd"),
    ] {
        let (reading, _) = read_text(&bytes);
        two(&reading);
        assert_eq!(reading.compression, Some(kind));
        let message = refused(&bytes[..bytes.len() - 12], &Options::default());
        assert!(message.contains("damaged or cut off"), "{message}");
    }
}

#[test]
fn a_large_zstd_file_is_read_through() {
    let mut log = String::from("time,input_tokens,output_tokens\n");
    (0..50_000).for_each(|row| log.push_str(&format!("{},{row},1\n", 1_700_000_000 + row)));
    let packed =
        ruzstd::encoding::compress_to_vec(log.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let (reading, records) = read_text(packed);
    assert_eq!(reading.used, 50_000);
    assert_eq!(records.iter().map(|record| record.usage.input).sum::<u64>(), 49_999 * 25_000);
}

#[test]
fn marks_and_all_line_ends_are_understood() {
    for log in [
        format!("\u{feff}{PLAIN}"),
        PLAIN.replace('\n', "\r\n"),
        PLAIN.replacen('\n', "\r\n", 2),
        PLAIN.replace('\n', "\r"),
        PLAIN.replace('\n', "\n\n"),
        format!("\n\n{PLAIN}"),
        PLAIN.replace(',', ";"),
        PLAIN.replace(',', "\t"),
        PLAIN.to_uppercase(),
        PLAIN.replace("time,", " \"time\" ,").replace(" \"", "\"").replace("\" ", "\""),
    ] {
        two(&read_text(&log).0);
    }
    let object = r#"{"time":1700000000,"input":1,"output":2}"#;
    for log in [
        format!("{object}\n{object}"),
        format!("\u{feff}{object}\r\n{object}\r\n"),
        format!("[{object},{object}]"),
        format!("  [\n  {object},\n  {object}\n]\n"),
        format!("{object}\n\n\n{object}\n"),
        format!("{0}\n{0}\n", object.replace(',', ",\n").replace('{', "{\n")),
    ] {
        two(&read_text(&log).0);
    }
}

#[test]
fn other_kinds_of_files_are_refused_with_a_remedy() {
    let wide: Vec<u8> = PLAIN.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe][..], &wide].concat();
    let big: Vec<u8> = PLAIN.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [&wide, &marked, &big, &gzip(&marked)] {
        let message = refused(bytes, &Options::default());
        assert!(message.contains("UTF-16") && message.contains("iconv"), "{message}");
    }
    assert!(refused(b"PK\x03\x04....", &Options::default()).contains("zip"));
    assert!(refused(b"PAR1....", &Options::default()).contains("Parquet"));
}

#[test]
fn an_empty_log_is_a_problem_and_a_header_alone_is_none() {
    for empty in ["", "\n\n", "  \r\n", "\u{feff}"] {
        assert!(refused(empty, &Options::default()).contains("is empty"), "{empty:?}");
    }
    assert!(refused(gzip(b""), &Options::default()).contains("is empty"));
    let (reading, _) = read_text("time,input_tokens,output_tokens\n");
    assert_eq!((reading.rows, reading.first_ms), (0, None));
    assert!(refused("[]", &Options::default()).contains("no JSON value"));
}

#[test]
fn a_torn_last_line_is_set_aside() {
    let (reading, _) = read_text(&PLAIN[..PLAIN.len() - 4]);
    assert_eq!((reading.used, aside(&reading)), (1, vec![(Reason::Torn, 1)]));
    let object = r#"{"time":1700000000,"input":1,"output":2}"#;
    let (reading, _) = read_text(format!("{object}\n{}\n{object}\n{}", &object[..20], &object[..9]));
    assert_eq!((reading.used, aside(&reading)), (2, vec![(Reason::Torn, 2)]));
    assert_eq!(reading.set_aside[0].first, [2, 4]);
    let (reading, _) = read_text(format!("[{object},{}", &object[..20]));
    assert_eq!((reading.used, aside(&reading)), (1, vec![(Reason::Torn, 1)]));
}

#[test]
fn broken_rows_are_set_aside_with_their_reason() {
    let head = "time,input_tokens,cached_tokens,output_tokens,reasoning_tokens,cost,request_id\n";
    let at = "2026-01-01T00:00:00Z";
    let log = [
        head.as_bytes(),
        format!("{at},100,50,20,10,0.5,a\n").as_bytes(),
        format!("{at},-100,50,20,10,0.5,b\n").as_bytes(),
        format!("{at},100,150,20,10,0.5,c\n").as_bytes(),
        format!("{at},100,50,20,21,0.5,d\n").as_bytes(),
        format!("{at},,50,20,10,0.5,e\n").as_bytes(),
        b"soon,100,50,20,10,0.5,f\n",
        b",100,50,20,10,0.5,g\n",
        format!("{at},100,50,20,10,-0.5,h\n").as_bytes(),
        format!("{at},100,50,20,10,0.5,a\n").as_bytes(),
        format!("{at},100,50,20.5,10,0.5,i\n").as_bytes(),
        format!("{at},100,50,20,10,0.5,j,k\n").as_bytes(),
        b"2026-01-01T00:00:00Z,100,50,20,10,0.5,\xff\n",
        format!("{at},5000000000000,50,20,10,0.5,l\n").as_bytes(),
    ]
    .concat();
    let (reading, records) = read_text(&log);
    assert_eq!((reading.rows, records.len()), (13, 1));
    let expected = [
        (Reason::BadCount, 3),
        (Reason::CachedAboveInput, 1),
        (Reason::ReasoningAboveOutput, 1),
        (Reason::NoCount, 1),
        (Reason::BadTime, 1),
        (Reason::NoTime, 1),
        (Reason::BadCost, 1),
        (Reason::Duplicate, 1),
        (Reason::TooManyFields, 1),
        (Reason::WrongEncoding, 1),
    ];
    assert_eq!(aside(&reading), expected);
    assert_eq!((reading.set_aside[0].example.as_str(), reading.faulty()), ("input is -100", 11));
    let message = refused(&log, &strict());
    assert!(message.contains("row 2 of log") && message.contains("input is -100"), "{message}");
}

#[test]
fn time_may_run_backwards_and_offsets_are_honoured() {
    let (reading, records) = read_text(
        "time,input,output\n2026-10-25T02:30:00+01:00,1,1\n2026-10-25T02:30:00+02:00,1,1\n2026-10-25T02:00:00Z,1,1\n",
    );
    assert_eq!(records[0].at_ms - records[1].at_ms, 3_600_000);
    assert!(reading.remarks.iter().any(|remark| remark.contains("backwards at 1 row;")));
    assert_eq!((reading.first_ms, reading.last_ms), (Some(records[1].at_ms), Some(records[2].at_ms)));
}

#[test]
fn a_log_in_no_known_format_is_named_by_what_it_has() {
    let message = refused("when,tokens_prompt,cost_total\n1,2,3\n", &Options::default());
    assert!(message.contains("when, tokens_prompt, cost_total"), "{message}");
    assert!(message.contains("OpenRouter") && message.contains("--log-format plain"), "{message}");
    let message = refused("{\"a\":1,\"b\":2}\n", &Options::default());
    assert!(message.contains("a, b"), "{message}");
    let prompt = "Please tell me, in confidence and at length, what my neighbour said yesterday, and why\n";
    assert!(!refused(prompt, &Options::default()).contains("neighbour"));
    let message = refused("1700000000,5,7,what my neighbour said\n", &Options::default());
    assert!(message.contains("is no header") && !message.contains("neighbour"), "{message}");
    let of = |format| Options { format: Some(format), ..Options::default() };
    let message = refused(PLAIN, &of(Format::Helicone));
    assert!(message.contains("lacks request_created_at") && message.contains("output_tokens"), "{message}");
    assert!(refused(PLAIN, &of(Format::ClaudeCode)).contains("it is a table"));
}

#[test]
fn long_lines_are_read_and_absurd_ones_refused() {
    let long = "x".repeat(1_000_000);
    let (reading, _) = read_text(format!("time,input,output,text\n1700000000,1,2,{long}"));
    assert_eq!(reading.used, 1);
    let message = refused(&long, &Options::default());
    assert!(message.len() < 1_000, "{}", message.len());
    let (reading, _) =
        read_text(format!("{{\"time\":1700000000,\"input\":1,\"output\":2,\"text\":\"{long}\"}}"));
    assert_eq!(reading.used, 1);
    for begin in ["time,input,output\n1700000000,1,\"", "{\"time\":\"", "[{\"time\":\""] {
        let endless = io::Cursor::new(begin).chain(io::repeat(b'x').take(200_000_000));
        let result = read("log", Box::new(endless), &Options::default(), &mut |_| ());
        let Err(ReadError::Input(problems)) = result else { panic!("{result:?}") };
        assert!(problems.to_string().contains("more than 64 MB"), "{problems}");
    }
}

#[test]
fn a_list_may_be_longer_than_any_of_its_elements() {
    let text = "x".repeat(1_000_000);
    let element = format!("{{\"time\":1700000000,\"input\":1,\"output\":2,\"text\":\"{text}\"}}");
    let list = format!("[{}]", vec![element; 70].join(","));
    let mut used = 0;
    let options = Options::default();
    let reading = read("log", Box::new(list.as_bytes()), &options, &mut |_| used += 1).unwrap();
    assert_eq!((used, reading.rows), (70, 70));
}

#[test]
fn failures_of_the_system_are_no_problems_of_the_input() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(5))
        }
    }
    for begin in [&PLAIN.as_bytes()[..50], &gzip(PLAIN.as_bytes())[..30], b"{\"a\":1}\n"] {
        let input = io::Cursor::new(begin.to_vec()).chain(Failing);
        let result = read("log", Box::new(input), &Options::default(), &mut |_| ());
        assert!(matches!(result, Err(ReadError::Io(_))), "{result:?}");
    }
}

const CODE: &str = "{\"type\":\"assistant\",\"sessionId\":\"s\",\"requestId\":\"r\",\"timestamp\":\"2026-03-01T00:00:00Z\",\"message\":{\"id\":\"m\",\"model\":\"x\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}}\n";

const SPANS: &str = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"t\",\"spanId\":\"1\",\"startTimeUnixNano\":\"1700000000000000000\",\"attributes\":[{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"m\"}},{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"1\"}},{\"key\":\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":\"1\"}}]}]}]}]}\n";

const METERS: &str = "Date,MeterName,UnitOfMeasure,Quantity,CostInBillingCurrency,BillingCurrencyCode,ChargeType,ResourceLocation\n";

const METER: &str = "11/16/2026,5.4 cd inp Dz 1M Tokens,1M,12.345678,3.5,USD,Usage,EU West\n";

const CALLS: &str = "request_id,call_type,spend,prompt_tokens,completion_tokens,startTime,endTime,model,cache_hit,status,metadata\n";

const CALL: &str = "r,chat,0.5,10,2,2026-03-01T10:00:00Z,2026-03-01T10:00:02Z,m,False,success,\"{\"\"usage_object\"\": {\"\"cache_read_input_tokens\"\": 4}}\"\n";

proptest! {
    /// Whatever happens to a log, nothing panics and every row is accounted for.
    #[test]
    fn every_row_of_a_mutated_log_is_used_or_set_aside(
        which in 0..6_usize,
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..12),
    ) {
        let repeated = [
            PLAIN.repeat(3),
            CODE.repeat(4),
            SPANS.repeat(3),
            format!("[{}]", CODE.trim()),
            format!("{METERS}{}", METER.repeat(3)),
            format!("{CALLS}{}", CALL.repeat(3)),
        ];
        let mut bytes = repeated[which].clone().into_bytes();
        for (at, byte, kind) in hits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => { bytes.remove(at); }
                _ => {}
            }
        }
        // The account itself is checked in `read_with`.
        let options = Options { epoch: Instant::from_unix_seconds(1_700_000_000), ..Options::default() };
        match read_with(&bytes, &options) {
            Ok((reading, records)) => {
                let rows: std::collections::HashSet<u64> = records.iter().map(|record| record.row).collect();
                prop_assert_eq!(rows.len() as u64, reading.used);
                prop_assert!(records.iter().all(|record| record.usage.tokens().is_ok()));
            }
            Err(error) => prop_assert!(matches!(error, ReadError::Input(_)), "{error:?}"),
        }
    }
}

#[test]
fn real_traces_are_read_to_their_last_row() {
    for (file, rows) in [
        ("azure2023_code.csv", 8_819),
        ("azure2023_conv.csv", 19_366),
        ("mooncake_conversation.csv", 12_031),
        ("agent_sessions_train.csv.gz", 22_577),
    ] {
        let folder = std::env::var("TOLLCAST_TRACES").unwrap_or_default();
        let Ok(open) = std::fs::File::open(std::path::Path::new(&folder).join(file)) else {
            eprintln!("skipped: TOLLCAST_TRACES names no folder with {file}");
            continue;
        };
        let mut used = 0_u64;
        let options = Options { epoch: Instant::from_unix_seconds(1_700_000_000), ..Options::default() };
        let reading = read(file, Box::new(open), &options, &mut |_| used += 1).unwrap();
        assert_eq!((used, reading.rows), (rows, rows), "{:?}", reading.set_aside);
    }
}
