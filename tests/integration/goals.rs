//! Goal seek and maps against break-evens that can be worked out by hand.

use serde_json::{Value as Json, json};

use super::support::tollcast;

/// Another provider with an SLA, at seven tenths of the prices of `test/flat`.
const OTHER: &str = r#"
tollcast_prices: 1
provider: other
name: Other
currency: USD
cached_tokens: inside_input
reasoning_tokens: inside_output
facts:
  sla: {text: Yes., value: "yes", source: invented, checked: 2020-01-01}
models:
  - id: seventy
    name: Seventy
    prices:
      - {tiers: [standard], regions: [global], from: 2020-01-01, bands: [{input: 0.7, cached_input: 0.07, output: 7}], source: invented, checked: 2020-01-01}
"#;

/// A folder with invented providers and a scenario.
fn ground(scenario: &str) -> (tempfile::TempDir, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let pricing = folder.path().join("pricing");
    std::fs::create_dir(&pricing).unwrap();
    std::fs::write(pricing.join("test.yaml"), super::support::PRICES).unwrap();
    std::fs::write(pricing.join("other.yaml"), OTHER).unwrap();
    let path = folder.path().join("scenario.yaml");
    std::fs::write(&path, scenario).unwrap();
    let names = [path, pricing].map(|path| path.to_str().unwrap().to_owned());
    (folder, names)
}

fn optimize(scenario: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let (_folder, [path, pricing]) = ground(scenario);
    let fixed = ["optimize", &path, "--pricing", &pricing, "-q"];
    let output = tollcast(&[&fixed, arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn solved(scenario: &str, path: &str, until: &str, more: &[&str]) -> Json {
    let (code, out, err) =
        optimize(scenario, &[&["--solve", path, "--until", until, "--format", "json"], more].concat());
    assert_eq!(code, Some(0), "{err}");
    serde_json::from_str(&out).unwrap()
}

/// The only break-even.
fn break_even(json: &Json) -> (f64, bool) {
    let edges = json["break_even"].as_array().unwrap();
    assert_eq!(edges.len(), 1, "{json:#}");
    (edges[0]["value"].as_f64().unwrap(), edges[0]["holds_above"].as_bool().unwrap())
}

fn near(found: f64, wanted: f64) {
    assert!((found / wanted - 1.0).abs() < 1e-3, "{found} against {wanted}");
}

/// Prompts of 1,000 and answers of 100 tokens: at `flat` a million requests cost 1,000 · (1 − 0.9 h) + 1,000 USD.
const KNOWN: &str = "
name: known
start: 2027-01
months: 2
workloads:
  chat:
    volume: {requests_per_month: 1M}
    prompt: 1000
    output: 100
    cache: {hit_rate: 40%, share_when_hit: 100%}
routes:
  - test/flat
  - {id: test/flat, label: no cache, cache: {hit_rate: 0%}, discount: 25%}
budget: {total: 4_000, confidence: 90%}
";

/// 1,000 (1 − 0.9 h) + 1,000 < 0.75 · 2,000 from h = 5/9 on.
#[test]
fn a_hit_rate_that_beats_a_discount() {
    let json = solved(KNOWN, "workloads.chat.cache.hit_rate", "test/flat cheaper than no cache", &[]);
    let (at, above) = break_even(&json);
    near(at, 5.0 / 9.0);
    assert!(above && json["now"]["holds"] == false);
}

/// The discount of the other one, from its side: 2,000 (1 − d) < 2,000 − 900 h. Every request hits or does not, so
/// h of N = 1,938,000 requests scatters by √(0.24/N), and a chance of 90 % needs z = 1.2816 of that more:
/// d = 0.45 (0.4 + z √(0.24/N)), 18.00 % and 18.02 %.
#[test]
fn a_discount_that_beats_a_cache() {
    let requests = 1e6 * 59.0 / (365.2425 / 12.0);
    for (confidence, z) in [("50%", 0.0), ("90%", 1.281_551_565_5)] {
        let until = "no cache cheaper than test/flat";
        let json = solved(KNOWN, "routes.no cache.discount", until, &["--confidence", confidence]);
        let (found, wanted) = (break_even(&json).0, 0.45 * (0.4 + z * (0.24_f64 / requests).sqrt()));
        assert!((found / wanted - 1.0).abs() < 2e-4, "{found} against {wanted}");
    }
}

/// A lognormal volume with P10 800 k and P90 1.25 M: P90 of two months (59 days of 30.4375) of 1.64 USD per thousand
/// requests is 1.25 M · 59/30.436875 · 0.00164 times the factor, without growth or drift and hardly any scatter of
/// requests; the mean is the median √(0.8 · 1.25) = 1 M times exp(σ²/2).
#[test]
fn the_largest_volume_whose_p90_stays_below_an_amount() {
    let uncertain = KNOWN.replace("requests_per_month: 1M", "requests_per_month: {p10: 800k, p90: 1.25M}");
    let months = 59.0 / (365.2425 / 12.0);
    let until = "p90 of test/flat below 5000";
    let (at, above) =
        break_even(&solved(&uncertain, "workloads.chat.volume.requests_per_month", until, &["--times"]));
    near(at, 5000.0 / (1.25e6 * months * 0.00164));
    assert!(!above);
    let sigma = (1.25_f64 / 0.8).ln() / (2.0 * 1.281_551_565_544_8);
    let until = "mean of test/flat below 5000";
    let (at, _) =
        break_even(&solved(&uncertain, "workloads.chat.volume.requests_per_month", until, &["--times"]));
    near(at, 5000.0 / (1e6 * (0.5 * sigma * sigma).exp() * months * 0.00164));
    // Within the budget with a chance of 90 %: P90 is at the budget of 4,000.
    let (at, _) = break_even(&solved(
        &uncertain,
        "workloads.chat.volume.requests_per_month",
        "test/flat within budget",
        &["--times", "--confidence", "90%"],
    ));
    near(at, 4000.0 / (1.25e6 * months * 0.00164));
}

/// Above 1,000 tokens the whole request costs more: the premium is gone where the longest prompt is no longer.
#[test]
fn the_prompt_cut_that_removes_the_premium() {
    let banded = KNOWN.replace("prompt: 1000", "prompt: 3000").replace("- test/flat", "- test/banded");
    let json = solved(&banded, "workloads.chat.prompt", "mean premium of test/banded below 0", &[]);
    let (at, above) = break_even(&json);
    // Constants are whole tokens: 3,000 · 0.3335 rounds to 1,000 still, 3,000 · 0.33351 to 1,001.
    near(at, 1000.5 / 3000.0);
    assert!(!above && json["is_factor"] == true);
}

/// A price change is a field too: input at `flat` costs 1, and 0.6 · p + 0.04 + 1 < 1.5 up to p = 0.46/0.6.
#[test]
fn the_price_at_which_a_route_wins() {
    let json = solved(KNOWN, "prices.test/flat.input", "test/flat cheaper than no cache", &[]);
    // Both routes are bought at the same list price: 600 p + 40 + 1,000 < 0.75 (1,000 p + 1,000).
    let (at, above) = break_even(&json);
    near(at, 290.0 / 150.0);
    assert!(above);
}

#[test]
fn equal_prices_are_no_advantage() {
    let equal = KNOWN.replace("label: no cache, cache: {hit_rate: 0%}, discount: 25%", "label: no cache");
    let never = solved(&equal, "workloads.chat.cache.hit_rate", "test/flat cheaper than no cache", &[]);
    assert!(never["answer"].as_str().unwrap().starts_with("Never"), "{never:#}");
}

/// Two providers at the same prices, of which one is reached by a discount of 30 %: amounts that differ in their last
/// bits.
const TIED: &str = "
name: tied
start: 2027-01
months: 2
workloads:
  chat:
    volume: {requests_per_month: {p10: 8k, p90: 12.5k}}
    prompt: {lognormal: {median: 700, p90: 2_000}}
    output: 100
    cache: {hit_rate: {p10: 20%, p90: 60%}, share_when_hit: 100%}
routes:
  - {id: test/flat, label: by discount, discount: 30%}
  - other/seventy
  - {id: test/flat, label: dear}
";

#[test]
fn prices_that_differ_by_rounding_are_no_advantage_either_way() {
    for until in ["by discount cheaper than other/seventy", "other/seventy cheaper than by discount"] {
        let json = solved(TIED, "workloads.chat.cache.hit_rate", until, &["--trials", "64"]);
        assert!(json["answer"].as_str().unwrap().starts_with("Never"), "{json:#}");
        for probe in json["probes"].as_array().unwrap() {
            assert!(probe["margin"] == 0.0 && probe["holds"] == false, "{probe:#}");
        }
        assert!(json["now"]["probability"] == 0.5 && json["now"]["margin"] == 0.0, "{json:#}");
    }
}

#[test]
fn routes_at_equal_prices_differ_by_nothing_in_a_report() {
    let (_folder, [path, pricing]) = ground(TIED);
    let run = ["simulate", &path, "--pricing", &pricing, "-q", "--trials", "64", "--format", "json"];
    let json: Json = serde_json::from_slice(&tollcast(&run).stdout).unwrap();
    let text = json.to_string();
    let pairs = json.pointer("/comparisons").or_else(|| json.pointer("/0/comparisons")).expect(&text);
    let pair = &pairs.as_array().unwrap()[0];
    assert_eq!(pair["probability_a_cheaper"], 0.5);
    for figure in ["mean", "sd", "p05", "p50", "p99"] {
        assert_eq!(pair["difference_usd"][figure], 0.0, "{figure}");
    }
}

#[test]
fn all_routes_that_tie_share_a_cell_without_a_lead() {
    let axes = [
        "--map",
        "workloads.chat.cache.hit_rate=0..1",
        "--map",
        "workloads.chat.volume.requests_per_month=1k..2k",
    ];
    let (code, out, err) = optimize(TIED, &[&axes[..], &["--cells", "4", "--format", "json"]].concat());
    assert_eq!(code, Some(0), "{err}");
    let json: Json = serde_json::from_str(&out).unwrap();
    let cells = json["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 16);
    for cell in cells {
        assert_eq!((&cell["cheapest"], &cell["tied"]), (&"by discount".into(), &json!(["other/seventy"])));
        assert_eq!(cell["next"], "dear");
        let dearer = cell["next_spend_usd"].as_f64().unwrap() / cell["spend_usd"].as_f64().unwrap();
        near(dearer, 1.0 / 0.7);
    }
    let (_, table, _) = optimize(TIED, &[&axes[..], &["--cells", "4"]].concat());
    assert!(table.contains("by discount and other/seventy: the cheapest everywhere on the map"), "{table}");
}

/// At 70 % of the price of the other only one has an SLA: with half off, `test/flat` is cheaper but not admissible.
#[test]
fn a_map_takes_admissible_routes_only() {
    let text = TIED.replace("discount: 30%", "discount: 50%");
    let axes = [
        "--map",
        "workloads.chat.cache.hit_rate=0..1",
        "--map",
        "workloads.chat.volume.requests_per_month=1k..2k",
    ];
    let map = |text: &str, format: &str| {
        let (code, out, err) = optimize(text, &[&axes[..], &["--cells", "3", "--format", format]].concat());
        assert_eq!(code, Some(0), "{err}");
        out
    };
    let cheapest = |text: &str| -> Vec<Json> {
        let json: Json = serde_json::from_str(&map(text, "json")).unwrap();
        let cells = json["cells"].as_array().unwrap().iter();
        cells.map(|cell| cell.get("cheapest").cloned().unwrap_or_default()).collect()
    };
    assert_eq!(cheapest(&text), vec![Json::from("by discount"); 9]);
    let required = format!("{text}requirements: {{sla: true}}\n");
    assert_eq!(cheapest(&required), vec![Json::from("other/seventy"); 9]);
    let table = map(&required, "table");
    assert!(table.contains("other/seventy: the cheapest admissible everywhere on the map"), "{table}");
    assert!(table.contains("meet what the scenario requires take part: SLA."), "{table}");
    let impossible = format!("{text}requirements: {{sla: true, fallback: true}}\n");
    assert_eq!(cheapest(&impossible), vec![Json::Null; 9]);
    assert!(map(&impossible, "table").starts_with("None: no route that serves the job meets"));
}

#[test]
fn values_at_which_prompts_are_refused_are_no_saving() {
    let text = KNOWN.replace("- test/flat", "- test/windowed").replace("prompt: 1000", "prompt: 1400");
    let long =
        solved(&text, "workloads.chat.prompt", "p90 of test/windowed below 1M", &["--between", "0.5..2"]);
    let refused = |probe: &&Json| probe["margin"].is_null();
    let probes = long["probes"].as_array().unwrap();
    // Of the 41 values from 0.5 to 2, those beyond 1,500 of 1,400 tokens are refused: 0.5 + 0.0375 k > 1.0717.
    assert_eq!(probes.iter().filter(refused).count(), 25, "{long:#}");
    let holds = long["holds"].as_array().unwrap();
    assert_eq!((holds.len(), &holds[0]["from"]), (1, &Json::Null));
    near(holds[0]["to"].as_f64().unwrap(), 0.5 + 15.0 * 0.0375);
}

/// P90 of two months of 1.64 USD per thousand requests is 1.25 M · 59/30.436875 · 0.00164.
#[test]
fn the_budget_that_is_needed_is_the_quantile_of_spend() {
    let uncertain = KNOWN.replace("requests_per_month: 1M", "requests_per_month: {p10: 800k, p90: 1.25M}");
    let json = solved(&uncertain, "budget.total", "test/flat within budget", &["--confidence", "90%"]);
    let (at, above) = break_even(&json);
    near(at, 1.25e6 * 59.0 / (365.2425 / 12.0) * 0.00164);
    assert!(above && json["margin_unit"] == "probability" && json["unit"] == "USD");
    assert_eq!([&json["scenario"], &json["currency"]], ["known", "USD"]);
    assert_eq!(json["horizon"], "2 months from Jan 2027");
    let monthly = ["--between", "1000..5000", "--confidence", "90%"];
    let json = solved(&uncertain, "budget.monthly", "test/flat within budget", &monthly);
    assert!(break_even(&json).1, "{json:#}");
}

/// Prompts of 1,000 tokens are refused below a limit of 1,000, whether the limit is stated or not.
#[test]
fn the_limit_of_prompts_on_a_route_can_be_varied() {
    let stated = KNOWN.replace("discount: 25%", "discount: 25%, longest_prompt: 2_000");
    let path = "routes.no cache.longest_prompt";
    for text in [KNOWN, &stated] {
        let json = solved(text, path, "p90 of no cache below 1M", &["--between", "500..1500"]);
        for probe in json["probes"].as_array().unwrap() {
            assert_eq!(probe["margin"].is_null(), probe["value"].as_f64().unwrap() < 999.5, "{probe}");
        }
        assert_eq!(json["holds"], json!([{"from": 1000.0, "to": null}]));
    }
    let (code, _, message) = optimize(KNOWN, &["--solve", path, "--until", "p90 of no cache below 1M"]);
    assert!(code == Some(2) && message.contains("leads to no number"), "{message}");
}

#[test]
fn a_goal_is_drawn_with_its_margin() {
    let (folder, [path, pricing]) = ground(KNOWN);
    let out = folder.path().join("out");
    let goal = ["--solve", "workloads.chat.cache.hit_rate", "--until", "test/flat cheaper than no cache"];
    let fixed = ["optimize", &path, "--pricing", &pricing, "-q", "--out", out.to_str().unwrap()];
    assert!(tollcast(&[&fixed[..], &goal[..]].concat()).status.success());
    let svg = std::fs::read_to_string(out.join("charts/margin.svg")).unwrap();
    assert!(svg.contains("55.56 %") && svg.contains("Margin of the goal, USD"), "{svg}");
    assert!(std::fs::read(out.join("charts/margin.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn never_and_always_are_said() {
    let path = "workloads.chat.cache.hit_rate";
    let never = solved(KNOWN, path, "p90 of test/flat below 1", &[]);
    assert!(never["answer"].as_str().unwrap().starts_with("Never"), "{never:#}");
    assert!(never["holds"].as_array().unwrap().is_empty());
    let always = solved(KNOWN, path, "p90 of test/flat below 1M", &[]);
    assert!(always["answer"].as_str().unwrap().starts_with("Always"), "{always:#}");
    let itself = solved(KNOWN, path, "test/flat cheaper than no cache", &["--between", "60%..90%"]);
    assert!(itself["answer"].as_str().unwrap().starts_with("Always"), "{itself:#}");
}

/// A route that refuses four fifths of the job is no cheaper way to do it, at whatever discount.
#[test]
fn a_route_that_does_less_of_the_job_is_not_cheaper() {
    let text = KNOWN
        .replace("prompt: 1000", "prompt: {lognormal: {median: 3k, p95: 20k}}")
        .replace("- test/flat", "- {id: test/flat, label: short, longest_prompt: 4000}\n  - test/flat");
    assert_ne!(text.matches("test/flat").count(), KNOWN.matches("test/flat").count());
    for until in ["short cheaper than test/flat", "test/flat cheaper than short"] {
        let (code, _, message) = optimize(&text, &["--solve", "routes.short.discount", "--until", until]);
        assert!(code == Some(2) && message.contains("do not do the same job"), "{until}: {message}");
    }
    // Prices in their decimals: break-evens of a price are found by steps that can be written.
    let json =
        solved(KNOWN, "prices.test/flat.input", "test/flat cheaper than no cache", &["--between", "0.01..7"]);
    assert!(json["probes"].as_array().unwrap().iter().all(|probe| probe["margin"].is_number()), "{json:#}");
}

#[test]
fn what_is_no_goal_is_refused_with_a_remedy() {
    let refused = |arguments: &[&str], wanted: &str| {
        let (code, _, message) = optimize(KNOWN, arguments);
        assert!(code == Some(2) && message.contains(wanted), "{arguments:?}: {message}");
    };
    let hit = "workloads.chat.cache.hit_rate";
    refused(&[], "what is to be optimised");
    refused(&["--solve", hit], "--until");
    refused(&["--solve", hit, "--until", "test/flat"], "compares nothing");
    refused(&["--solve", hit, "--until", "test/flt cheaper than no cache"], "did you mean test/flat");
    refused(
        &["--solve", "workloads.chat.cache.hit_rte", "--until", "test/flat within budget"],
        "did you mean",
    );
    refused(
        &["--solve", hit, "--until", "p90 of test/flat below 5", "--confidence", "90%"],
        "the figure says",
    );
    refused(&["--solve", hit, "--until", "test/flat within budget", "--between", "5..1"], "ends before");
    refused(&["--solve", hit, "--until", "test/flat within budget", "--confidence", "100%"], "1% to 99%");
    refused(&["--map", hit], "two fields");
    refused(&["--map", hit, "--map", "name"], "no number");
    refused(&["--map", hit, "--map", "routes.no cache.discount", "--cells", "1000"], "2 to 100");
}

/// On the map over hit rate and discount the border lies where 1,000 (1 − 0.9 h) + 1,000 = 2,000 (1 − d).
#[test]
fn the_border_on_a_map_is_where_both_cost_the_same() {
    let axes = ["--map", "workloads.chat.cache.hit_rate=0..1", "--map", "routes.no cache.discount=0..0.5"];
    let (code, out, err) = optimize(KNOWN, &[&axes[..], &["--cells", "21", "--format", "json"]].concat());
    assert_eq!(code, Some(0), "{err}");
    let json: Json = serde_json::from_str(&out).unwrap();
    let values = |axis: &str| -> Vec<f64> {
        json[axis]["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let (x, y) = (values("x"), values("y"));
    let cells = json["cells"].as_array().unwrap();
    assert_eq!((x.len(), y.len(), cells.len()), (21, 21, 441));
    assert_eq!([&json["scenario"], &json["horizon"]], ["known", "2 months from Jan 2027"]);
    for (at, cell) in cells.iter().enumerate() {
        let (h, d) = (x[at % 21], y[at / 21]);
        let (own, other) = (2000.0 - 900.0 * h, 2000.0 * (1.0 - d));
        if (own / other - 1.0).abs() > 1e-9 {
            let cheapest = if own < other { "test/flat" } else { "no cache" };
            assert_eq!(cell["cheapest"], cheapest, "hit rate {h}, discount {d}");
        }
    }
}
