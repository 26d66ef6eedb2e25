//! Logs on the command line: replay, fit, backtest, and that all three speak of one model.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tollcast::engine::{Purpose, Stream};
use tollcast::usage::forecast::{Period, posterior};

use crate::support::{project, tollcast};

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = tollcast(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn json(arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = run(arguments);
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&stdout).expect("the answer is JSON")
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// 1,000 input and 100 output tokens on gpt-5.4: 0.0025 + 0.0015 = 0.004 USD a request.
const LOG: &str = "timestamp,model,provider,input_tokens,cached_tokens,output_tokens,cost\n\
                   2026-11-20T10:00:00Z,gpt-5.4,openai,1000,0,100,0.004\n\
                   2026-11-20T11:00:00Z,gpt-5.4,openai,300000,0,0,1.5\n\
                   2026-11-21T00:00:00Z,gpt-99,openai,1000,0,100,1\n\
                   2026-11-21T00:00:01Z,gpt-5.4,openai,1000,2000,100,1\n\
                   2026-11-21T00:00:02Z,gpt-5.4,openai,2000,1000,100,0.00425\n";

#[test]
fn a_log_is_billed_row_by_row_and_what_cannot_be_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let log = written(folder.path(), "log.csv", LOG);
    let answer = json(&["price", "--log", &log, "--format", "json"]);
    let way = &answer["priced_as"][0];
    // 0.004 + 300,000 × 5.00 per million + 1,000 × 2.50 + 1,000 × 0.25 + 100 × 15 per million.
    assert_eq!(way["total_usd"], "1.50825");
    assert_eq!(way["days"].as_array().unwrap().len(), 2);
    assert_eq!(way["routes"][0]["crossing_requests"], 1);
    assert_eq!(way["routes"][0]["premium_usd"], "0.75");
    assert_eq!((&way["unpriced"][0]["rows"], &way["unpriced"][0]["first_row"]), (&1.into(), &3.into()));
    // The three rows with a price were billed at just that.
    assert_eq!(
        (&way["billed"][0]["explanation"], &way["billed"][0]["rows"]),
        (&"the price".into(), &3.into())
    );
    let remarks = answer["remarks"].to_string();
    assert!(remarks.contains("5 rows read, 4 used, 1 set aside"), "{remarks}");
}

#[test]
fn the_same_log_on_other_routes_is_the_same_tokens_at_other_prices() {
    let folder = tempfile::tempdir().unwrap();
    let log = written(folder.path(), "log.csv", LOG);
    let answer = json(&[
        "price",
        "--log",
        &log,
        "--route",
        "openai/gpt-5.4",
        "--route",
        "azure/gpt-5.4@datazone-us",
        "--format",
        "json",
    ]);
    let total = |at: usize| answer["priced_as"][at]["total_usd"].as_str().unwrap().parse::<f64>().unwrap();
    // Data Zone is a tenth dearer; the unknown model is priced as told: 0.004 more.
    assert_eq!(total(0), 1.51225);
    assert!((total(1) / total(0) - 1.1).abs() < 1e-12);
}

#[test]
fn logs_that_cannot_be_used_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let log = written(folder.path(), "log.csv", LOG);
    let nameless =
        written(folder.path(), "nameless.csv", "ts,input_tokens,output_tokens\n2026-11-20,10,10\n");
    let series = written(folder.path(), "series.csv", "bin,requests,spend_usd\n0,1,1\n1,1,1\n2,1,1\n");
    let broken = written(folder.path(), "broken.csv", "bin,requests,spend_usd\n0,1,1\n0,1,-1\nx,1,1\n");
    let headed = written(folder.path(), "headed.csv", "ts,input_tokens,output_tokens\n");
    let empty = written(folder.path(), "empty.csv", "");
    for (arguments, says) in [
        (&["price", "--log", &nameless][..], "names no model"),
        (&["price", "--log", &log, "--strict"], "row 4"),
        (&["price", "--log", &log, "--route", "openai/gpt-99"], "unknown model"),
        (&["price", "--log", &log, "--log-format", "excel"], "unknown log format"),
        (&["price", "--log", &log, "--column", "input"], "FIELD=COLUMN"),
        (&["price", "--log", &log, "--column", "tokens=x"], "the fields are"),
        (&["price", "--log", &log, "--provider", "opnai"], "did you mean openai"),
        (&["price", "--log", &empty], "is empty"),
        (&["price", "--route", "openai/gpt-5.4"], "--log"),
        (&["price", "--log", &series, "--log-format", "series"], "no single requests"),
        (&["fit", &empty], "is empty"),
        (&["fit", &log, "--model", "nobody"], "0 requests to fit"),
        (&["fit", &log, "--route", "openai/gpt-99"], "unknown model"),
        (&["fit", &log, "-o", &log], "log.csv exists"),
        (&["prices", "export", "--format", "csv", "--out", &log], "log.csv exists"),
        (
            &["price", "--log", &log, "--column", "input=cost", "--column", "input=input_tokens"],
            "contradicts",
        ),
        (&["price", "--log", &headed], "no row of the log can be used"),
        (&["backtest", &series, "--bin", "1d"], "are too few for a horizon"),
        (&["backtest", &series, "--bin", "1d", "--horizon", "7d"], "too few"),
        (&["backtest", &series, "--log-format", "series"], "without --bin"),
        (&["backtest", &series, "--bin", "1 fortnight"], "expected a length of time"),
        (&["backtest", &broken, "--bin", "1d"], "line 3"),
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?} should say {says:?}: {stderr}");
    }
    let (code, _, stderr) = run(&["backtest", "no-such-log.csv", "--bin", "1d"]);
    assert_eq!(code, Some(1), "{stderr}");
}

/// A history of days from the model's own family.
fn invented_days(count: u32, seed: u32) -> Vec<f64> {
    let mut stream = Stream::new(11, seed, Purpose::named("invented days"));
    let mut state = stream.normal();
    (0..count)
        .map(|day| {
            state = 0.9 * state + (1.0_f64 - 0.81).sqrt() * stream.normal();
            let weekend = if day % 7 >= 5 { 0.5 } else { 1.0 };
            (1000.0 * weekend * (0.2 * state + 0.05 * stream.normal()).exp()).round()
        })
        .collect()
}

fn series_csv(days: &[f64]) -> String {
    let mut text = "bin,requests,spend_usd\n".to_owned();
    for (day, requests) in days.iter().enumerate() {
        writeln!(text, "{day},{requests},{:.2}", 0.01 * requests).unwrap();
    }
    text
}

#[test]
fn a_backtest_has_the_promised_shape_and_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let log = written(folder.path(), "series.csv", &series_csv(&invented_days(60, 1)));
    let arguments =
        ["backtest", &log, "--log-format", "series", "--bin", "1d", "--horizon", "1d,7d", "--format", "json"];
    let answer = json(&arguments);
    let tasks = answer["tasks"].as_array().unwrap();
    let names: Vec<&str> = tasks.iter().map(|task| task["horizon"].as_str().unwrap()).collect();
    assert_eq!(
        (names, &tasks[0]["name"], &tasks[1]["origins"]),
        (vec!["1d", "7d"], &"series".into(), &40.into())
    );
    for name in
        ["poisson_requests", "mean_days", "negative_binomial", "linear_trend", "naive_week", "equal_mixture"]
    {
        for score in [&tasks[1]["baselines"][name], &tasks[1]["model"]] {
            let in_order =
                ["50", "80", "90", "95"].map(|nominal| score["coverage"][nominal].as_f64().unwrap());
            assert!(in_order.is_sorted(), "{name}: {in_order:?}");
            for key in ["crps_over_spend", "wape", "width_90", "bias"] {
                assert!(score[key].as_f64().unwrap().is_finite(), "{name}: {key}");
            }
        }
    }
    let on_three: Vec<&str> = arguments.into_iter().chain(["--threads", "3"]).collect();
    assert_eq!(run(&arguments), run(&on_three));
}

#[test]
fn a_report_folder_of_a_backtest_is_replaced_by_the_next_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let log = written(folder.path(), "series.csv", &series_csv(&invented_days(30, 2)));
    let out = folder.path().join("out");
    let arguments = ["backtest", &log, "--bin", "1d", "--horizon", "3d", "--out", out.to_str().unwrap()];
    for _ in 0..2 {
        let (code, _, stderr) = run(&arguments);
        assert_eq!(code, Some(0), "{stderr}");
        for file in [
            "backtest.json",
            "backtest.md",
            "manifest.json",
            "charts/backtest-1.png",
            "charts/backtest-ranks.svg",
        ] {
            assert!(out.join(file).is_file(), "{file}");
        }
    }
    let manifest: Value = serde_json::from_slice(&std::fs::read(out.join("manifest.json")).unwrap()).unwrap();
    assert!(manifest["command"].as_str().unwrap().contains("--horizon 3d"), "{manifest}");
    assert_eq!(manifest["logs"][0]["sha256"].as_str().map(str::len), Some(64), "{manifest}");
    std::fs::write(out.join("mine.txt"), "keep me").unwrap();
    assert_eq!(run(&arguments).0, Some(1));
    assert!(out.join("mine.txt").is_file());
}

/// One request of 4,000 tokens for every ten dollars-to-the-thousandth of a day: a log of days.
fn log_of_days(days: &[f64], first: &str) -> String {
    let begin = tollcast::domain::time::Instant::parse(first).unwrap().unix_seconds();
    let mut text = "timestamp,model,provider,input_tokens,output_tokens\n".to_owned();
    for (day, total) in days.iter().enumerate() {
        let count = (total / 10.0).round() as i64;
        for request in 0..count {
            let at = begin + day as i64 * 86_400 + request * 86_000 / count.max(1);
            writeln!(text, "{at},gpt-5.4,openai,4000,200").unwrap();
        }
    }
    text
}

/// What `backtest` scores is what `simulate` draws: the scenario that `fit` writes has the outlook's own law of the
/// month after the log.
#[test]
fn a_fitted_scenario_simulates_the_forecast_that_was_tested() {
    let folder = tempfile::tempdir().unwrap();
    // 62 days that end with November; December follows without a gap.
    let days = invented_days(62, 3);
    let log = written(folder.path(), "log.csv", &log_of_days(&days, "2026-09-30"));
    let scenario = folder.path().join("fitted.yaml");
    let scenario = scenario.to_str().unwrap();
    let (code, _, stderr) = run(&["fit", &log, "-o", scenario, "--start", "2026-12", "--months", "1"]);
    assert_eq!(code, Some(0), "{stderr}");
    let answer = json(&["simulate", scenario, "--trials", "8192", "--format", "json", "--quiet"]);
    let spend = &answer["routes"][0]["total"]["spend_usd"];
    // A request costs 4,000 × 2.50 + 200 × 15 per million = 0.013 USD.
    let history: Vec<f64> = days.iter().map(|total| 0.013 * (total / 10.0).round()).collect();
    let outlook = posterior(&history, Period::Bins(7)).unwrap();
    let totals = outlook.totals(31, 5, 8_192);
    for (key, rank) in [("p10", 0.1), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p90", 0.9)] {
        let forecast = totals[(rank * 8_192.0) as usize];
        let simulated = spend[key].as_f64().unwrap();
        // The standard error of a quantile of 8,192 draws with a spread of 20 % is below half a percent; a scenario
        // has four digits of its correlations, and December's growth in one step.
        assert!(
            (simulated / forecast - 1.0).abs() < 0.025,
            "{key}: {simulated} simulated, {forecast} forecast"
        );
    }
}

/// A scenario that begins months after its log: the level has grown by what fading growth comes to, and is less sure by
/// the months' drift.
#[test]
fn a_gap_between_log_and_scenario_is_lived_through() {
    let folder = tempfile::tempdir().unwrap();
    let days: Vec<f64> = invented_days(62, 3)
        .iter()
        .enumerate()
        .map(|(day, total)| total * (0.01 * (day as f64 - 31.0)).exp())
        .collect();
    let log = written(folder.path(), "log.csv", &log_of_days(&days, "2026-09-30"));
    let history: Vec<f64> = days.iter().map(|total| (total / 10.0).round()).collect();
    let outlook = posterior(&history, Period::Bins(7)).unwrap();
    let (level, growth) = (outlook.log_level, outlook.growth);
    // From the end of November to the first of the month; its days.
    for (start, ahead, month) in [("2026-12", 0, 31), ("2027-03", 90, 31), ("2027-08", 243, 31)] {
        let scenario = folder.path().join(format!("{start}.yaml"));
        let scenario = scenario.to_str().unwrap();
        let (code, _, stderr) = run(&["fit", &log, "-o", scenario, "--start", start]);
        assert_eq!(code, Some(0), "{stderr}");
        let text = std::fs::read_to_string(scenario).unwrap();
        let line = text.lines().find(|line| line.contains("requests_per_day:")).unwrap();
        let at = |key: &str| {
            let (_, rest) = line.split_once(key).unwrap();
            rest.trim_start().split([',', '}']).next().unwrap().parse::<f64>().unwrap().ln()
        };
        let (low, high) = (at("p10:"), at("p90:"));
        // Growth day by day from the history's last day to the month's middle, each with half of the growth of the
        // one two mean months before.
        let halfway = f64::from(ahead) + 0.5 * (f64::from(month) + 1.0);
        let steps = 100_000;
        let by_then: f64 = (0..steps)
            .map(|step| halfway * (f64::from(step) + 0.5) / f64::from(steps))
            .map(|day| 0.5_f64.powf(day / 60.875) * halfway / f64::from(steps))
            .sum();
        let mean = level.mean + by_then * growth.mean;
        // An AR(1) of 5 % a month with 0.9 left, whole months of it and a part.
        let months = f64::from(ahead) / 30.4375;
        let drift = |months: i32| (0..months).map(|m| 0.0025 * 0.81_f64.powi(m)).sum::<f64>();
        let between = (drift(months.floor() as i32), drift(months.ceil() as i32));
        let known = level.sd.powi(2)
            + 2.0 * by_then * outlook.correlation(0, 1) * level.sd * growth.sd
            + (by_then * growth.sd).powi(2);
        let found = ((high - low) / 2.563_103).powi(2);
        assert!((0.5 * (low + high) - mean).abs() < 1e-3, "{start}: {low}, {high}, {mean}");
        assert!(
            known + between.0 - 1e-5 <= found && found <= known + between.1 + 1e-5,
            "{start}: {found}, {known} and {between:?}"
        );
    }
}

/// Whatever a log does, from doubling in a week to a year's pause, its scenario passes the check.
#[test]
fn every_fitted_scenario_passes_the_check() {
    let folder = tempfile::tempdir().unwrap();
    for (name, count, growth, begin) in [
        ("week", 21, 0.1_f64, "2026-10-01"),
        ("month", 60, 0.03, "2026-09-01"),
        ("decline", 21, -0.15, "2026-10-01"),
        ("old", 60, 0.0, "2024-01-01"),
    ] {
        let days: Vec<f64> = invented_days(count, 5)
            .iter()
            .enumerate()
            .map(|(day, total)| total * (growth * (day as f64 - f64::from(count) / 2.0)).exp())
            .collect();
        let log = written(folder.path(), &format!("{name}.csv"), &log_of_days(&days, begin));
        let scenario = folder.path().join(format!("{name}.yaml"));
        let scenario = scenario.to_str().unwrap();
        let (code, _, stderr) = run(&["fit", &log, "-o", scenario]);
        assert_eq!(code, Some(0), "{name}: {stderr}");
        let (code, _, stderr) = run(&["check", scenario]);
        assert_eq!(code, Some(0), "{name}: {stderr}");
        let text = std::fs::read_to_string(scenario).unwrap();
        let cut = text.contains("changes faster than a scenario may say");
        assert_eq!(cut, growth.abs() > 0.05, "{name}: {text}");
    }
}

#[test]
fn a_fit_of_days_shows_days_hours_weekdays_and_memory_beside_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let log = written(folder.path(), "log.csv", &log_of_days(&invented_days(42, 7), "2026-10-01"));
    let out = folder.path().join("report");
    let (code, _, stderr) = run(&["fit", &log, "--out", out.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{stderr}");
    let (html, markdown) = (
        std::fs::read_to_string(out.join("fit.html")).unwrap(),
        std::fs::read_to_string(out.join("fit.md")).unwrap(),
    );
    for chart in ["days", "hours", "weekdays", "memory"] {
        assert!(markdown.contains(&format!("](charts/fit-{chart}.svg)")), "{chart}");
        assert!(out.join(format!("charts/fit-{chart}.png")).is_file(), "{chart}");
    }
    // All prompts have 4,000 tokens: a picture of their law would be a line from 0 to 100 %.
    assert!(!markdown.contains("fit-prompts") && !markdown.contains("fit-cache"));
    assert_eq!((html.matches("<svg").count(), html.matches("<figcaption>Look").count()), (4, 4));
    assert!(!html.contains("src=\"http") && !html.contains("href=\"http"), "nothing comes from outside");
    // Another run makes the same bytes, over the report that is there.
    let (code, ..) = run(&["fit", &log, "--out", out.to_str().unwrap()]);
    assert_eq!(code, Some(0));
    assert_eq!(html, std::fs::read_to_string(out.join("fit.html")).unwrap());
}

#[test]
fn writes_that_a_log_keeps_for_an_hour_are_written_so_by_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let mut text =
        "ts,provider,model,input_tokens,cached_tokens,cache_write_tokens,cache_write_1h_tokens,output_tokens\n"
            .to_owned();
    for request in 0..200 {
        let at = 1_795_000_000 + 60 * request;
        writeln!(text, "{at},anthropic,claude-opus-5,10000,4000,1000,3000,100").unwrap();
    }
    let log = written(folder.path(), "log.csv", &text);
    let (code, yaml, stderr) = run(&["fit", &log]);
    assert_eq!(code, Some(0), "{stderr}");
    // 4,000 of 6,000 uncached tokens are written, three of four for an hour.
    assert!(yaml.contains("write_share: 0.666667, write_1h_share: 0.75}"), "{yaml}");
    let scenario = written(folder.path(), "fitted.yaml", &yaml);
    let answer = json(&["simulate", &scenario, "--estimator", "fast", "--format", "json", "--quiet"]);
    let components = &answer["routes"][0]["total"]["components_usd_mean"];
    let ratio = components["cache_write"].as_f64().unwrap() / components["input"].as_f64().unwrap();
    // 1,000 at 6.25 and 3,000 at 10 to 2,000 at 5; the shares are written with six digits.
    assert!((ratio / 3.625 - 1.0).abs() < 1e-5, "{ratio}");
    // A route without such a price: the scenario says what it does instead.
    let (code, yaml, stderr) = run(&["fit", &log, "--route", "alibaba/qwen-flash"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        yaml.contains("75.0 % of the tokens that the log writes to a cache are kept for an hour"),
        "{yaml}"
    );
    assert!(yaml.contains("write_share: 0.666667}") && !yaml.contains("write_1h_share"), "{yaml}");
    // One whose writes are input by rule changes nothing for the log's own route.
    let (code, yaml, stderr) =
        run(&["fit", &log, "--route", "anthropic/claude-opus-5", "--route", "openai/gpt-5.4"]);
    assert_eq!(code, Some(0), "{stderr}");
    let both = written(folder.path(), "both.yaml", &yaml);
    let answer = json(&["simulate", &both, "--estimator", "fast", "--format", "json", "--quiet"]);
    let components = &answer["routes"][0]["total"]["components_usd_mean"];
    let ratio = components["cache_write"].as_f64().unwrap() / components["input"].as_f64().unwrap();
    assert!((ratio / 3.625 - 1.0).abs() < 1e-5, "{ratio}");
    let other = &answer["routes"][1]["total"]["components_usd_mean"];
    let (input, cached) = (other["input"].as_f64().unwrap(), other["cached_input"].as_f64().unwrap());
    let written = other["cache_write"].as_f64().unwrap();
    // 6,000 tokens at 2.50, written or not, to 4,000 at 0.25.
    assert!(((input + written) / cached / 15.0 - 1.0).abs() < 1e-5, "{input} {written} {cached}");
}

#[test]
fn a_weekend_of_the_log_is_a_weekend_of_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    // 2026-10-01 is a Thursday: Saturdays and Sundays have a quarter of a weekday's requests.
    let days: Vec<f64> =
        (0..40).map(|day| if [5, 6].contains(&((day + 3) % 7)) { 250.0 } else { 1000.0 }).collect();
    let log = written(folder.path(), "log.csv", &log_of_days(&days, "2026-10-01"));
    let (code, yaml, stderr) = run(&["fit", &log]);
    assert_eq!(code, Some(0), "{stderr}");
    let list = yaml.split("weekdays: [").nth(1).unwrap().split(']').next().unwrap();
    let weekdays: Vec<f64> = list.split(',').map(|weight| weight.trim().parse().unwrap()).collect();
    let [saturday, sunday] = [weekdays[5], weekdays[6]];
    for weekday in &weekdays[..5] {
        assert!(saturday < 0.5 * weekday && sunday < 0.5 * weekday, "{weekdays:?}");
    }
}

#[test]
fn a_fitted_scenario_gives_back_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(4, 0, Purpose::named("invented log"));
    let mut text =
        "timestamp,model,provider,session,input_tokens,cached_tokens,output_tokens,reasoning_tokens\n"
            .to_owned();
    let (mut spend, mut crossings) = (0.0, 0);
    let count = 20_000_u32;
    for request in 0..count {
        let (z, hit) = (stream.normal(), stream.uniform() < 0.6);
        let input = (60_000.0 * (0.8 * z).exp()).round().min(900_000.0);
        let cached = if hit { (0.8 * input).floor() } else { 0.0 };
        let reasoning =
            if stream.uniform() < 0.3 { (900.0 * (0.5 * stream.normal()).exp()).round() } else { 0.0 };
        let output = reasoning + (300.0 * (0.9 * stream.normal()).exp()).round();
        let above = input > 272_000.0;
        let factor = if above { 2.0 } else { 1.0 };
        spend += (factor * (2.5 * (input - cached) + 0.25 * cached)
            + if above { 22.5 } else { 15.0 } * output)
            / 1e6;
        crossings += u32::from(above);
        let at = 1_795_000_000 + i64::from(request) * 100;
        writeln!(text, "{at},gpt-5.4,openai,s{},{input},{cached},{output},{reasoning}", request / 20)
            .unwrap();
    }
    let log = written(folder.path(), "log.csv", &text);
    let out = folder.path().join("report");
    let scenario = folder.path().join("fitted.yaml");
    let (code, table, stderr) = run(&[
        "fit",
        &log,
        "-o",
        scenario.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--months",
        "1",
        "--route",
        "azure/gpt-5.4",
    ]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(table.contains("Fitted to 20,000 requests"), "{table}");
    for file in ["fit.md", "scenario.yaml", "charts/fit-prompts.svg", "charts/fit-outputs.png"] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let markdown = std::fs::read_to_string(out.join("fit.md")).unwrap();
    // Hits come whatever the length, so the gate is off the log by chance only: of a half octave with n prompts
    // and a share of 0.8 · 0.6 by 0.39/√n, which is half a point for most tokens.
    let off = markdown.split("the fit is ").nth(1).unwrap().split(" points").next().unwrap();
    assert!(off.parse::<f64>().unwrap() < 1.5, "the gate is {off} points off");
    assert!(!markdown.contains("fit-sessions"), "all sessions have twenty requests: there is nothing to see");
    let answer =
        json(&["simulate", scenario.to_str().unwrap(), "--estimator", "fast", "--format", "json", "--quiet"]);
    let route = &answer["routes"][0];
    let requests = route["months"][0]["requests_mean"].as_f64().unwrap();
    let mean = route["total"]["spend_usd"]["mean"].as_f64().unwrap() / requests;
    let wanted = spend / f64::from(count);
    assert!((mean / wanted - 1.0).abs() < 0.01, "{mean} a request, {wanted} in the log");
    let share = route["total"]["crossing_request_share"].as_f64().unwrap();
    let wanted = f64::from(crossings) / f64::from(count);
    assert!((share / wanted - 1.0).abs() < 0.1, "{share} above the threshold, {wanted} in the log");
    assert_eq!(answer["routes"][1]["id"], "azure/gpt-5.4");
}

/// What the exported query makes of a log: `fit` reads that in its place.
#[test]
fn a_log_in_small_fits_as_the_log_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = Stream::new(8, 0, Purpose::named("a log in small"));
    let mut log = "ts,provider,model,requests,input_tokens,cached_tokens,output_tokens\n".to_owned();
    let mut cells: std::collections::BTreeMap<(i64, u64, u64), [u64; 4]> = std::collections::BTreeMap::new();
    for request in 0..8_000_i64 {
        let at = 1_795_046_400 + 60 * request;
        let input = (9_000.0 * (0.8 * stream.normal()).exp()).round() as u64;
        let cached = if stream.uniform() < 0.5 { input / 2 } else { 0 };
        let output = (400.0 * (0.7 * stream.normal()).exp()).round() as u64;
        writeln!(log, "{at},openai,gpt-5.4,1,{input},{cached},{output}").unwrap();
        let low = |tokens: u64| {
            let width = if tokens < 32 { 1 } else { (1_u64 << tokens.ilog2()) / 16 };
            tokens - tokens % width
        };
        let cell = cells.entry((at - at.rem_euclid(3600), low(input), low(output))).or_default();
        [1, input, cached, output].into_iter().zip(cell).for_each(|(more, sum)| *sum += more);
    }
    let mut small = "ts,provider,model,requests,input_tokens,cached_tokens,output_tokens\n".to_owned();
    for ((hour, ..), [requests, input, cached, output]) in cells {
        writeln!(small, "{hour},openai,gpt-5.4,{requests},{input},{cached},{output}").unwrap();
    }
    let means: Vec<[f64; 2]> = [("whole", log), ("small", small)]
        .into_iter()
        .map(|(name, text)| {
            let log = written(folder.path(), &format!("{name}.csv"), &text);
            let scenario = folder.path().join(format!("{name}.yaml"));
            let (code, _, stderr) = run(&["fit", &log, "-o", scenario.to_str().unwrap(), "--months", "1"]);
            assert_eq!(code, Some(0), "{stderr}");
            let arguments =
                ["simulate", scenario.to_str().unwrap(), "--estimator", "fast", "--format", "json", "-q"];
            let route = &json(&arguments)["routes"][0];
            let requests = route["months"][0]["requests_mean"].as_f64().unwrap();
            [requests, route["total"]["spend_usd"]["mean"].as_f64().unwrap() / requests]
        })
        .collect();
    for (whole, small) in means[0].iter().zip(&means[1]) {
        assert!((small / whole - 1.0).abs() < 0.01, "{small} from the small log, {whole} from the whole");
    }
}

/// The traces, where they are.
pub fn trace(file: &str) -> Option<PathBuf> {
    let beside = project().parent().map(|parent| parent.join("shared/traces"));
    let folder = std::env::var_os("TOLLCAST_TRACES").map(PathBuf::from).or(beside)?;
    let path = folder.join(file);
    if !path.is_file() {
        eprintln!("skipped: no {file}; TOLLCAST_TRACES names the folder of traces");
        return None;
    }
    Some(path)
}

/// Real traffic: the intervals hold as often as they say, and no rival forecasts better.
#[test]
fn forecasts_of_real_traces_hold() {
    let files = [
        ("series_burstgpt_conversation.csv", &["--bin", "1h"][..]),
        ("series_servegen_m-large.csv", &["--bin", "1h"]),
        ("series_azure2024_conv.csv", &["--bin", "1h"]),
        ("azure2023_code.csv", &["--horizon", "10m"]),
        ("azure2023_conv.csv", &["--horizon", "10m"]),
        ("mooncake_conversation.csv", &["--horizon", "10m"]),
    ];
    let mut pooled: Vec<(String, f64, f64)> = Vec::new();
    let mut forecasts = 0.0;
    for (file, options) in files {
        let Some(path) = trace(file) else { return };
        let mut arguments = vec!["backtest", path.to_str().unwrap(), "--format", "json"];
        arguments.extend(options);
        for task in json(&arguments)["tasks"].as_array().unwrap() {
            let count = task["origins"].as_f64().unwrap();
            forecasts += count;
            let baselines = task["baselines"].as_object().unwrap();
            let all = baselines.iter().map(|(name, score)| (name.as_str(), score));
            for (name, score) in all.chain([("model", &task["model"])]) {
                let (crps, held) =
                    (score["crps_over_spend"].as_f64().unwrap(), score["coverage"]["90"].as_f64().unwrap());
                match pooled.iter_mut().find(|(known, ..)| known == name) {
                    Some((_, sum, coverage)) => {
                        (*sum, *coverage) = (*sum + count * crps, *coverage + count * held)
                    }
                    None => pooled.push((name.to_owned(), count * crps, count * held)),
                }
            }
        }
    }
    let (_, model, held) = pooled.iter().find(|(name, ..)| name == "model").unwrap();
    let held = held / forecasts;
    assert!((0.85..=0.95).contains(&held), "the 90 % interval held in {held} of all");
    for (name, crps, _) in pooled.iter().filter(|(name, ..)| name != "model") {
        assert!(
            model < crps,
            "{name} has a CRPS of {} of spend, the model {}",
            crps / forecasts,
            model / forecasts
        );
    }
}

#[test]
fn halves_of_real_sessions_are_held_as_often_as_stated() {
    let Some(path) = trace("agent_sessions_train.csv.gz") else { return };
    let answer = json(&["backtest", path.to_str().unwrap(), "--format", "json"]);
    let task = &answer["tasks"][0];
    assert_eq!(task["origins"], 200);
    for (nominal, share) in [("80", 0.8), ("90", 0.9), ("95", 0.95)] {
        let held = task["model"]["coverage"][nominal].as_f64().unwrap();
        assert!((held - share).abs() <= 0.04, "{nominal} %: {held}");
    }
}

/// A scenario fitted to a real trace costs what the trace costs, a request.
#[test]
fn fitted_scenarios_give_back_real_traces() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        "azure2023_code.csv",
        "azure2023_conv.csv",
        "mooncake_conversation.csv",
        "agent_sessions_train.csv.gz",
    ];
    for file in files {
        let Some(path) = trace(file) else { return };
        let path = path.to_str().unwrap();
        let scenario = folder.path().join(format!("{file}.yaml"));
        let scenario = scenario.to_str().unwrap();
        let (code, _, stderr) =
            run(&["fit", path, "-o", scenario, "--route", "openai/gpt-5.4", "--months", "1"]);
        assert_eq!(code, Some(0), "{stderr}");
        let log = json(&[
            "price",
            "--log",
            path,
            "--route",
            "openai/gpt-5.4",
            "--on",
            "2026-11-20",
            "--format",
            "json",
        ]);
        let sums = &log["priced_as"][0]["routes"][0];
        let number = |key: &str| match &sums[key] {
            Value::String(text) => text.parse::<f64>().unwrap(),
            other => other.as_f64().unwrap(),
        };
        let answer = json(&["simulate", scenario, "--estimator", "fast", "--format", "json", "--quiet"]);
        let route = &answer["routes"][0];
        let requests = route["months"][0]["requests_mean"].as_f64().unwrap();
        let mean = route["total"]["spend_usd"]["mean"].as_f64().unwrap() / requests;
        let wanted = number("spend_usd") / number("requests");
        assert!((mean / wanted - 1.0).abs() < 0.01, "{file}: {mean} a request, {wanted} in the log");
        let (crossing, all) = (number("crossing_requests"), number("requests"));
        let share = route["total"]["crossing_request_share"].as_f64().unwrap();
        if crossing > 0.0 {
            assert!((share * all / crossing - 1.0).abs() < 0.1, "{file}: {share} of requests cross");
        } else {
            assert!(share < 1e-3, "{file}: {share} of requests cross, and none in the log");
        }
        let text = std::fs::read_to_string(scenario).unwrap();
        for distance in text.split("Kolmogorov-Smirnov distance ").skip(1) {
            let distance: f64 = distance[..5].parse().unwrap();
            assert!(distance < 0.05, "{file}: a distance of {distance}");
        }
    }
}
