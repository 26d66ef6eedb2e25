//! `tollcast price` and `tollcast prices` as scripts and people use them.

use serde_json::Value;

use crate::support::{project, tollcast};

fn ok(arguments: &[&str]) -> String {
    let output = tollcast(arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {message}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    serde_json::from_str(&ok(&all)).unwrap()
}

/// The message of a refusal, which has to exit with 2 and print nothing.
fn refused(arguments: &[&str]) -> String {
    let output = tollcast(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed something");
    message
}

#[test]
fn a_bill_in_json_has_exact_decimal_strings() {
    let bill =
        json(&["price", "openai/gpt-5.4", "--input", "272001", "--output", "10000", "--on", "2026-11-23"]);
    assert_eq!(bill["route"], "openai/gpt-5.4");
    assert_eq!(bill["on"], "2026-11-23");
    assert_eq!(bill["total_usd"], "1.585005");
    assert_eq!(bill["band"], "above 272,000 input tokens");
    assert_eq!(bill["premium_usd"], "0.7550025"); // 0.272001 × 2.50 + 0.01 × 7.50
    assert_eq!(bill["source_url"], "https://developers.openai.com/api/docs/pricing");
    assert_eq!(bill["checked_on"], "2026-10-01");
    let items = bill["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["component"], "input");
    assert_eq!((items[0]["quantity"].as_u64(), items[0]["unit"].as_str()), (Some(272_001), Some("token")));
    assert_eq!(
        (items[0]["rate_usd"].as_str(), items[0]["amount_usd"].as_str()),
        (Some("5"), Some("1.360005"))
    );
}

#[test]
fn all_formats_of_a_bill_say_the_same() {
    let order = ["price", "openai/gpt-5.4", "--input", "272_001", "--output", "10k", "--searches", "2"];
    let with = |format: &str| ok(&[&order[..], &["--format", format]].concat());
    for text in [with("table"), with("markdown")] {
        for part in ["1.360005", "0.225", "0.02", "1.605005", "272,001"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
    let csv = with("csv");
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.contains("openai/gpt-5.4,2026-11-24,web_search,2,call,0.01,1,0.02"), "{csv}");
}

#[test]
fn the_same_counts_mean_the_same_on_all_routes_unless_they_are_a_record() {
    let order = ["--input", "803", "--cached", "380", "--output", "18", "--on", "2026-11-23"];
    let inside = json(&[&["price", "anthropic/claude-sonnet-4-5"], &order[..]].concat());
    assert_eq!(inside["total_usd"], "0.001653"); // 423 × 3 + 380 × 0.30 + 18 × 15
    assert!(inside["notes"].to_string().contains("--as-recorded"));
    let record =
        ["--input", "423", "--cached", "380", "--output", "18", "--on", "2026-11-23", "--as-recorded"];
    let recorded = json(&[&["price", "anthropic/claude-sonnet-4-5"], &record[..]].concat());
    assert_eq!(recorded["total_usd"], "0.001653");
    // OpenAI's records count cached tokens inside input: nothing changes.
    let openai =
        |more: &[&str]| json(&[&["price", "openai/gpt-5.4"], &order[..], more].concat())["total_usd"].clone();
    assert_eq!(openai(&[]), openai(&["--as-recorded"]));
    // Claude at Vertex counts like Anthropic, Gemini like Google.
    let message = refused(&["price", "vertex/claude-opus-5", "--input", "10", "--cached", "20"]);
    assert!(message.contains("--as-recorded"), "{message}");
    let message = refused(&["price", "vertex/gemini-3.8-flash", "--input", "10", "--cached", "20"]);
    assert!(!message.contains("--as-recorded"), "{message}");
}

#[test]
fn several_routes_are_set_side_by_side() {
    let routes = ["openai/gpt-5.4", "openrouter/openai/gpt-5.4", "azure/gpt-5.4@datazone-us"];
    let bills = json(&[&["price"], &routes[..], &["--input", "100k", "--on", "2026-11-24"]].concat());
    let totals: Vec<&str> =
        bills.as_array().unwrap().iter().map(|b| b["total_usd"].as_str().unwrap()).collect();
    assert_eq!(totals, ["0.25", "0.25", "0.275"]);
    assert_eq!(bills[1]["total_with_fees_usd"], "0.26375"); // and 5.5 % for buying credit
}

#[test]
fn provisioned_units_cost_by_the_minute() {
    let bill = json(&["price", "azure/gpt-5.4:ptu@global", "--units", "45", "--hours", "0.25"]);
    assert_eq!((bill["total_usd"].as_str(), bill["minutes"].as_u64()), (Some("11.25"), Some(15)));
    let message = refused(&["price", "azure/gpt-5.4:ptu", "--units", "44", "--hours", "1"]);
    assert!(message.contains("the next size is 45"), "{message}");
}

#[test]
fn a_month_has_its_free_allowances() {
    let route = ["price", "google/gemini-3.8-flash", "--searches", "6000", "--on", "2026-11-23"];
    assert_eq!(json(&route)["total_usd"], "84"); // 6,000 × 0.014: a request does not know the month
    let month = json(&[&route[..], &["--scope", "month"]].concat());
    assert_eq!(month["total_usd"], "14"); // 5,000 of them are free
}

#[test]
fn what_has_no_price_is_refused_with_what_has() {
    for (arguments, parts) in [
        (&["price", "openai/gpt-5.4"][..], &["nothing to price", "--input"][..]),
        (
            &["price", "openai/gpt-5.4", "--input", "10", "--cached", "11"],
            &["do not fit", "--input is all input"],
        ),
        (&["price", "openai/gpt-5.4", "--output", "10", "--reasoning", "11"], &["do not fit", "output"]),
        (&["price", "openai/gpt-5.4:priority", "--input", "272_001"], &["272001", "the longest is 272000"]),
        (&["price", "openai/gpt-5.4:ultra", "--input", "1"], &["tier `ultra`", "openai/gpt-5.4:batch"]),
        (&["price", "azure/gpt-5.4@mars", "--input", "1"], &["region `mars`", "azure/gpt-5.4@datazone-us"]),
        (
            &["price", "openai/gpt-5.4", "--input", "1", "--on", "2026-03-04"],
            &["no price is known", "from 2026-03-05"],
        ),
        (
            &["price", "openai/gpt-5.4", "--audio-input", "1", "--input", "1"],
            &["`audio_input`", "cached_input"],
        ),
        (&["price", "openai/gpt-5.4", "--use", "web_serach=1"], &["`web_serach`", "web_search"]),
        (&["price", "scaleway/llama-3.3-70b", "--input", "1"], &["EUR", "--exchange EUR=RATE@DATE"]),
        (&["price", "azure/gpt-5.4:ptu", "--input", "1"], &["--units and --hours"]),
        (&["price", "openai/gpt-5.4", "--input", "1", "--scope", "month"], &["single request"]),
        (
            &[
                "price",
                "openai/gpt-5.4",
                "--input",
                "1",
                "--exchange",
                "EUR=1@2026-01-01",
                "--exchange",
                "EUR=2@2026-01-01",
            ],
            &["two exchange rates"],
        ),
        (&["prices", "list", "--capability", "resoning"], &["did you mean reasoning"]),
        (&["prices", "list", "--provider", "opnai"], &["did you mean openai"]),
        (&["prices", "list", "--model", "gtp-5.4"], &["unknown model `gtp-5.4`", "did you mean gpt-5.4"]),
        (&["prices", "list", "--tier", "bacth"], &["did you mean batch"]),
        (&["prices", "show", "openai/gpt-5.4", "--on", "2020-01-01"], &["no price is known"]),
        (&["prices", "diff", "2026-08-01", "pricing/openai.yaml"], &["a date and a file"]),
        (
            &["prices", "import", "--from", "litellm", "pricing/openai.yaml", "--as-of", "2026-11-24"],
            &["not LiteLLM's price map"],
        ),
        (&["prices", "import", "--from", "litellm", "pricing/openai.yaml"], &["--as-of"]),
    ] {
        let message = refused(arguments);
        for part in parts {
            assert!(message.contains(part), "{arguments:?} says nothing of {part}: {message}");
        }
    }
}

#[test]
fn numbers_that_are_none_are_refused() {
    for number in ["NaN", "inf", "1.5", "1e30", "40%", "", "12 apples", "0x10"] {
        let message = refused(&["price", "openai/gpt-5.4", "--input", number]);
        assert!(message.contains("--input"), "{number}: {message}");
    }
    let most = json(&["price", "openai/gpt-5.4", "--input", "1e15", "--output", "1e15"]);
    assert_eq!(most["total_usd"], "27500000000"); // 10⁹ million tokens at 5 and 22.50
}

#[test]
fn a_contract_is_shown_beside_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contract.yaml");
    let text = "tollcast_contract: 1\nname: Frame agreement\nprovider: openai\nfrom: 2026-06-01\ndiscounts: [{share: 12.5%}]\nsource: order form 7\nchecked: 2026-06-01\n";
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let bill =
        json(&["price", "openai/gpt-5.4", "--input", "1000", "--contract", path, "--on", "2026-11-23"]);
    assert_eq!(bill["total_usd"], "0.0021875"); // 1,000 × 2.1875 per million
    assert_eq!(bill["contract"]["list_tokens_usd"], "0.0025");
    assert_eq!(bill["contract"]["terms"], "12.5 % off the list");
    let before =
        json(&["price", "openai/gpt-5.4", "--input", "1000", "--contract", path, "--on", "2026-05-31"]);
    assert_eq!((before["total_usd"].as_str(), before["contract"].is_null()), (Some("0.0025"), true));
    assert!(ok(&["check", path]).contains("contract `Frame agreement` with openai"));
    std::fs::write(path, text.replace("{share: 12.5%}", "{share: 12.5%, models: [gpt-5.44]}")).unwrap();
    let message = refused(&["price", "openai/gpt-5.4", "--input", "1", "--contract", path]);
    assert!(message.contains("unknown model `gpt-5.44`") && message.contains("gpt-5.4"), "{message}");
}

#[test]
fn lists_show_what_was_asked_for() {
    let routes =
        json(&["prices", "list", "--provider", "openai", "--model", "gpt-5.4", "--capability", "reasoning"]);
    let names: Vec<&str> = routes.as_array().unwrap().iter().map(|r| r["route"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"openai/gpt-5.4-mini") && names.iter().all(|name| name.starts_with("openai/gpt-5.4")),
        "{names:?}"
    );
    let past = json(&["prices", "list", "--provider", "openai", "--on", "2026-03-04"]);
    assert!(past.as_array().unwrap().iter().all(|route| route["route"] != "openai/gpt-5.4"));
    let shown = json(&["prices", "show", "azure/gpt-5.4@datazone-apac"]);
    assert_eq!(shown["cards"][0]["bands"][1]["prices_usd_per_mtok"]["output"], "27");
    let limits = json(&["prices", "show", "openai/gpt-5.4"]);
    let top = &limits["rate_limits"][4];
    assert_eq!((&top["usage_tier"], &top["tokens_per_minute"]), (&"5".into(), &40_000_000.into()));
    assert_eq!((&top["paid_usd"], &top["monthly_cap_usd"]), (&"1000".into(), &"200000".into()));
    assert_eq!(limits["enforcement"]["rejected_count"], true);
    let table = ok(&["prices", "show", "openai/gpt-5.4", "--format", "markdown"]);
    assert!(table.contains("| 5 | 15,000 | 40,000,000 | 1,000 | 30 | 200,000 |"), "{table}");
    let table = ok(&["prices", "show", "deepseek/deepseek-flash", "--format", "markdown"]);
    assert!(
        table.contains("| usage tier | requests at once |") && table.contains("| all | 2,500 |"),
        "{table}"
    );
    assert!(!ok(&["prices", "show", "openrouter/openai/gpt-5.4"]).contains("Rate limits"));
    let history = json(&["prices", "history", "openai/gpt-5.6-sol"]);
    let dates: Vec<&str> =
        history.as_array().unwrap().iter().map(|entry| entry["from"].as_str().unwrap()).collect();
    assert!(dates.is_sorted() && dates.len() >= 2, "{dates:?}");
    let bands = &routes.as_array().unwrap().iter().find(|r| r["route"] == "openai/gpt-5.4").unwrap()["bands"];
    assert_eq!(bands[1]["prices_usd_per_mtok"]["output"], "22.5");
}

/// gpt-5.4 in the EU Data Zone has a price since November only: the other routes are compared all the same.
#[test]
fn a_route_without_a_price_on_one_date_does_not_stop_the_comparison() {
    let text = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [openai/gpt-5.4, azure/gpt-5.4@datazone-eu]\nexpect: [{route: azure/gpt-5.4@datazone-eu, effective_input_usd_per_mtok: 9, within: 1%}]\nworkloads: {w: {volume: {requests_per_day: 100}, prompt: 1000, output: 100, cache: {hit_rate: 0%}}}\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, text).unwrap();
    let diff = ["prices", "diff", "2026-06-01", "2026-11-23", "--trials", "20", "--scenario"];
    let mut arguments = diff.to_vec();
    arguments.push(path.to_str().unwrap());
    let both = json(&arguments);
    assert_eq!(both["forecast"]["comparisons"].as_array().unwrap().len(), 1);
    let left_out = both["left_out"].as_array().unwrap();
    assert!(left_out.len() == 1 && left_out[0].as_str().unwrap().contains("azure/gpt-5.4@datazone-eu"));
    // What is wrong on any date is still refused, and so is a scenario of which nothing is left.
    std::fs::write(&path, text.replace("prompt: 1000", "prompt: -1")).unwrap();
    assert!(refused(&arguments).contains("`-1`"));
    std::fs::write(&path, text.replace("openai/gpt-5.4, ", "")).unwrap();
    assert!(refused(&arguments).contains("no route of the scenario has a price on both sides"));
}

#[test]
fn a_folder_is_checked_file_by_file() {
    assert_eq!(ok(&["check", "pricing"]).lines().count(), 18);
}

#[test]
fn a_price_change_moves_a_forecast_by_what_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(project().join("pricing/openai.yaml")).unwrap();
    let (old, new) = (
        "input: 0.75, cached_input: 0.075, cache_write: same_as_input, output: 4.50",
        "input: 1.50, cached_input: 0.15, cache_write: same_as_input, output: 9.00",
    );
    assert_eq!(text.matches(old).count(), 1, "the entry of gpt-5.4-mini");
    let path = folder.path().join("dearer.yaml");
    std::fs::write(&path, text.replace(old, new)).unwrap();
    let scenario = folder.path().join("scenario.yaml");
    std::fs::write(&scenario, "name: t\nstart: 2027-01\nmonths: 2\nroutes: [openai/gpt-5.4-mini]\nworkloads: {w: {volume: {requests_per_month: 10k}, prompt: 1000, output: 100}}\n").unwrap();
    let (path, scenario) = (path.to_str().unwrap(), scenario.to_str().unwrap());
    let diff =
        json(&["prices", "diff", "built-in", path, "--scenario", scenario, "--trials", "50", "--quiet"]);
    let input =
        diff["changes"].as_array().unwrap().iter().find(|change| change["component"] == "input").unwrap();
    assert_eq!((input["before"].as_str(), input["after"].as_str()), (Some("0.75"), Some("1.5")));
    assert_eq!(input["relative_change"], 1.0);
    let paired = &diff["forecast"]["comparisons"][0];
    let mean = |side: &str| paired[side]["mean"].as_f64().unwrap_or_else(|| panic!("{paired}"));
    // Twice the price is twice the spend on the same random numbers, in every trial.
    assert!((mean("b_spend_usd") / mean("a_spend_usd") - 2.0).abs() < 1e-12, "{paired}");
}

#[test]
fn an_import_writes_price_files_that_work() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data.json");
    std::fs::write(&data, r#"{"p/x": {"litellm_provider": "p", "mode": "chat", "input_cost_per_token": 2e-6, "output_cost_per_token": 1e-5, "output_cost_per_image": 0.1}}"#).unwrap();
    let out = folder.path().join("prices");
    let (data, out) = (data.to_str().unwrap(), out.to_str().unwrap());
    let import = ["prices", "import", "--from", "litellm", data, "--as-of", "2026-11-24", "--out", out];
    let report = json(&import);
    assert_eq!(report["imported"][0]["route"], "p/x");
    assert!(report["remarks"].to_string().contains("by character, second, picture or pixel"), "{report}");
    assert_eq!(json(&["price", "p/x", "--input", "1M", "--pricing", out])["total_usd"], "2");
    // Again over its own folder, never over somebody else's.
    ok(&import);
    std::fs::write(folder.path().join("prices/notes.txt"), "mine").unwrap();
    let output = tollcast(&import);
    assert_eq!(output.status.code(), Some(1));
    assert!(folder.path().join("prices/notes.txt").exists());
}

#[test]
fn a_meter_named_twice_is_one_quantity() {
    let minutes = |uses: &[&str]| {
        let mut all = vec!["price", "openai/gpt-5.4", "--on", "2026-11-23"];
        uses.iter().for_each(|one| all.extend(["--use", *one]));
        json(&all)["total_usd"].clone()
    };
    // Six minutes at 0.0015, not twice the minimum of five.
    assert_eq!(minutes(&["code_interpreter:1gb=3", "code_interpreter:1gb=3"]), "0.009");
    assert_eq!(minutes(&["code_interpreter:1gb=6"]), "0.009");
    // A million tokens kept for three days.
    let stored =
        json(&["price", "google/gemini-2.5-pro", "--use", "cache_storage=72000000", "--on", "2026-11-23"]);
    assert_eq!(stored["total_usd"], "324"); // 72 × 4.50
    // A started minute of provisioned units is a minute.
    let started = json(&["price", "azure/gpt-5.4:ptu@global", "--units", "15", "--hours", "0.005"]);
    assert_eq!((started["minutes"].as_u64(), started["total_usd"].as_str()), (Some(1), Some("0.25")));
    refused(&["price", "azure/gpt-5.4:ptu@global", "--units", "18446744073709551615", "--hours", "1"]);
}

#[test]
fn nothing_that_is_given_is_ignored() {
    let units = ["price", "azure/gpt-5.4:ptu@global", "--units", "45", "--hours", "3"];
    for more in [
        &["--input", "5"][..],
        &["--searches", "1"],
        &["--contract", "no-such-file"],
        &["--scope", "month"],
        &["--as-recorded"],
    ] {
        let message = refused(&[&units[..], more].concat());
        assert!(message.contains("beside --units"), "{more:?}: {message}");
    }
    let message = refused(&["price", "openai/gpt-5.4", "--input", "5", "--requests", "10"]);
    assert!(message.contains("--scope month"), "{message}");
}

#[test]
fn a_month_is_not_billed_at_one_hours_price_and_pays_its_least_fee() {
    let message = refused(&["price", "deepseek/deepseek-flash", "--input", "1M", "--scope", "month"]);
    assert!(message.contains("the time of day"), "{message}");
    let fee = |more: &[&str]| {
        let order = ["price", "openrouter/openai/gpt-5.4", "--searches", "10", "--on", "2026-11-24"];
        json(&[&order[..], more].concat())["total_with_fees_usd"].clone()
    };
    assert_eq!(fee(&[]), "0.1055"); // 0.10 and 5.5 %
    assert_eq!(fee(&["--scope", "month"]), "0.9"); // at least 0.80 a month
}

#[test]
fn the_amounts_of_a_csv_add_up_to_the_bill_with_fees() {
    let order =
        ["price", "openrouter/openai/gpt-5.4", "--input", "300k", "--cached", "100k", "--output", "5k"];
    let text = ok(&[&order[..], &["--format", "csv"]].concat());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let at = reader.headers().unwrap().iter().position(|name| name == "amount_usd").unwrap();
    // In hundred-millionths of a dollar, which hold these amounts exactly.
    let units = |amount: &str| (amount.parse::<f64>().unwrap() * 1e8).round() as i64;
    let sum: i64 = reader.records().map(|row| units(&row.unwrap()[at])).sum();
    assert_eq!(sum, units(json(&order)["total_with_fees_usd"].as_str().unwrap()));
}

#[test]
fn several_routes_keep_their_notes() {
    let text = ok(&["price", "deepseek/deepseek-flash", "openai/gpt-5.4", "--input", "1.05M"]);
    assert!(text.contains("note: deepseek/deepseek-flash: Prices change by the hour"), "{text}");
    assert!(text.contains("note: openai/gpt-5.4: No such request is served"), "{text}");
}

#[test]
fn an_import_moves_no_date_and_removes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data.json");
    let entry = |name: &str| {
        format!(
            r#""{name}/x": {{"litellm_provider": "{name}", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6, "some_new_cost_per_token": 5e-6}}"#
        )
    };
    std::fs::write(&data, format!("{{{}, {}}}", entry("p"), entry("q"))).unwrap();
    let out = folder.path().join("prices");
    let (data, out) = (data.to_str().unwrap(), out.to_str().unwrap());
    let import = |provider: &str| {
        tollcast(&[
            "prices",
            "import",
            "--from",
            "litellm",
            data,
            "--as-of",
            "2190-01-01",
            "--out",
            out,
            "--provider",
            provider,
            "--format",
            "json",
        ])
    };
    let report = String::from_utf8(import("p").stdout).unwrap();
    assert!(report.contains("not understood: some_new_cost_per_token"), "{report}");
    assert_eq!(import("q").status.code(), Some(2));
    assert!(std::path::Path::new(out).join("p.yaml").exists());
    let bill = |more: &[&str]| json(&[&["price", "google/gemini-3.6-flash", "--input", "1M"], more].concat());
    assert_eq!(bill(&[])["on"], bill(&["--pricing", out])["on"]);
}
