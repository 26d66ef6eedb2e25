//! The binary as a script sees it: names, formats, exit codes, and the shipped scenarios.

use serde_json::Value;

use crate::support::{project, tollcast};

fn json(arguments: &[&str]) -> Value {
    let output = tollcast(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

const ARTICLE: &str = "scenarios/gpt-5.4-article.yaml";

#[test]
fn the_article_scenario_keeps_its_word() {
    let result =
        json(&["simulate", ARTICLE, "--trials", "400", "--format", "json", "--fail-on", "expectations"]);
    let router =
        result["routes"].as_array().unwrap().iter().find(|r| r["id"] == "openrouter/openai/gpt-5.4").unwrap();
    let effective = &router["total"]["effective_usd_per_mtok"];
    let (input, output) = (effective["input"].as_f64().unwrap(), effective["output"].as_f64().unwrap());
    assert!((input / 0.883 - 1.0).abs() < 0.005, "{input}");
    assert!((output / 15.06 - 1.0).abs() < 0.001, "{output}");
}

#[test]
fn the_result_has_the_names_that_scripts_rely_on() {
    let result = json(&["simulate", ARTICLE, "--trials", "50", "--format", "json"]);
    assert_eq!(result["schema_version"], 1);
    assert_eq!(result["currency"], "USD");
    for key in ["tool_version", "seed", "trials", "estimator", "scenario_sha256", "pricing_sha256", "command"]
    {
        assert!(!result["manifest"][key].is_null(), "manifest.{key}");
    }
    let quantities = ["mean", "sd", "p05", "p10", "p25", "p50", "p75", "p90", "p95", "p99"];
    let is_q = |q: &Value| {
        for key in quantities {
            assert!(q[key].is_f64(), "{key}");
            assert!(q["standard_error"].get(key).is_some(), "standard_error.{key}");
        }
    };
    for route in result["routes"].as_array().unwrap() {
        let months = route["months"].as_array().unwrap();
        assert_eq!((months.len(), &months[0]["month"]), (12, &Value::from("2027-01")));
        for month in months {
            is_q(&month["spend_usd"]);
            is_q(&month["premium_usd"]);
            assert!(month["requests_mean"].is_f64() && month["over_budget_probability"].is_f64());
        }
        let total = &route["total"];
        is_q(&total["spend_usd"]);
        is_q(&total["premium_usd"]);
        for key in ["input", "cached_input", "cache_write", "output", "tools", "fees", "capacity"] {
            assert!(total["components_usd_mean"][key].is_f64(), "{key}");
        }
        for key in ["crossing_request_share", "crossing_spend_share", "over_budget_probability"] {
            assert!(total[key].is_f64(), "{key}");
        }
    }
    let comparison = &result["comparisons"][0];
    is_q(&comparison["difference_usd"]);
    assert!(
        comparison["a"].is_string()
            && comparison["b"].is_string()
            && comparison["probability_a_cheaper"].is_f64()
    );
}

#[test]
fn threads_do_not_change_the_output() {
    let text = |threads: &str| {
        tollcast(&["simulate", ARTICLE, "--trials", "70", "--format", "json", "--threads", threads]).stdout
    };
    let one = text("1");
    assert!(!one.is_empty());
    assert_eq!(one, text("2"));
    assert_eq!(one, text("8"));
}

#[test]
fn a_scenario_against_itself_differs_by_nothing() {
    let result = json(&["compare", ARTICLE, ARTICLE, "--trials", "50", "--format", "json"]);
    for pair in result["comparisons"].as_array().unwrap() {
        for key in ["mean", "sd", "p10", "p90"] {
            assert_eq!(pair["difference_usd"][key], 0.0, "{}", pair["route"]);
        }
        assert_eq!(pair["probability_a_cheaper"], 0.5);
    }
}

#[test]
fn a_higher_hit_rate_is_cheaper_in_every_future() {
    let result = json(&[
        "compare",
        "scenarios/what-if-cache-40.yaml",
        "scenarios/what-if-cache-76.yaml",
        "--trials",
        "200",
        "--format",
        "json",
    ]);
    for pair in result["comparisons"].as_array().unwrap() {
        assert_eq!(pair["probability_a_cheaper"], 0.0, "{}", pair["route"]);
        assert!(pair["paired_to_independent_error"].as_f64().unwrap() < 1.0);
    }
}

/// A mean over draws is the same to a hundred-thousandth of a percent; the manifest says how it was made.
#[test]
fn fused_draws_are_named_and_mean_the_same() {
    let run = |estimator: &str| {
        json(&[
            "simulate",
            "scenarios/starter.yaml",
            "--trials",
            "64",
            "--estimator",
            estimator,
            "--format",
            "json",
            "-q",
        ])
    };
    let (separate, fused) = (run("exact"), run("exact-fma"));
    assert_eq!(fused["manifest"]["estimator"], "exact-fma");
    assert!(fused["manifest"]["command"].as_str().unwrap().contains(" --estimator exact-fma"));
    let mean = |result: &Value, route: usize| {
        result["routes"][route]["total"]["spend_usd"]["mean"].as_f64().unwrap()
    };
    for route in 0..separate["routes"].as_array().unwrap().len() {
        let (a, b) = (mean(&separate, route), mean(&fused, route));
        assert!(a != b && (a / b - 1.0).abs() < 1e-7, "{a} and {b}");
    }
}

#[test]
fn every_shipped_scenario_runs_and_keeps_its_word() {
    for entry in std::fs::read_dir(project().join("scenarios")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        let opening = std::fs::read_to_string(&path).unwrap();
        assert!(opening.starts_with('#'), "{name} does not open with its question");
        let result = json(&["simulate", &name, "--format", "json"]);
        for expectation in result["expectations"].as_array().unwrap() {
            assert_eq!(expectation["holds"], true, "{name}: {}", expectation["text"]);
        }
    }
}

#[test]
fn shipped_files_and_the_starter_pass_the_check() {
    let mut files: Vec<String> = Vec::new();
    for folder in ["scenarios", "pricing"] {
        let entries = std::fs::read_dir(project().join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path().to_string_lossy().into_owned()));
    }
    let mut arguments = vec!["check"];
    arguments.extend(files.iter().map(String::as_str));
    let output = tollcast(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), files.len());
    assert_eq!(tollcast(&["init"]).stdout, std::fs::read(project().join("scenarios/starter.yaml")).unwrap());
}

#[test]
fn a_report_folder_is_complete_and_contains_itself() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("report");
    let output = tollcast(&["simulate", ARTICLE, "--trials", "60", "--out", folder.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in [
        "report.html",
        "report.md",
        "result.json",
        "months.csv",
        "manifest.json",
        "charts/glance.png",
        "charts/glance.svg",
        "charts/exceedance.png",
        "charts/components.svg",
        "charts/premium.png",
        "charts/distribution.svg",
    ] {
        assert!(std::fs::metadata(folder.join(name)).is_ok_and(|file| file.len() > 100), "{name}");
    }
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    // Nothing is loaded from outside: no scripts, no links to styles, no addresses but in plain text.
    for outside in ["<script", "<link", "src=\"http", "url(http", "@import", "NaN"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let csv = std::fs::read_to_string(folder.join("months.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 9 * 12);
    let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing is left beside the report");
}

#[test]
fn a_broken_budget_fails_when_asked_to() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("tight.yaml");
    let text = "name: tight\nstart: 2027-01\nmonths: 2\nbudget: {total: 1}\nroutes: [openai/gpt-5.4]\nworkloads: {w: {volume: {requests_per_day: 100}, prompt: 1000, output: 100}}\nexpect: [{route: openai/gpt-5.4, effective_input_usd_per_mtok: 9, within: 1%}]\n";
    std::fs::write(&file, text).unwrap();
    let name = file.to_str().unwrap();
    let code = |more: &[&str]| {
        let mut arguments = vec!["simulate", name, "--trials", "20"];
        arguments.extend(more);
        tollcast(&arguments).status.code()
    };
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["--fail-on", "budget"]), Some(3));
    assert_eq!(code(&["--fail-on", "expectations"]), Some(3));
    assert_eq!(
        tollcast(&["simulate", ARTICLE, "--trials", "100", "--fail-on", "expectations"]).status.code(),
        Some(0)
    );
}

#[test]
fn the_schema_knows_what_the_reader_knows() {
    let schema = json(&["schema"]);
    let properties = schema["properties"].as_object().unwrap();
    for key in ["name", "start", "routes", "workloads", "budget", "expect", "extends"] {
        assert!(properties.contains_key(key), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
    assert!(json(&["schema", "prices"])["properties"]["models"].is_object());
}

#[test]
fn every_code_is_explained() {
    let all = String::from_utf8(tollcast(&["explain"]).stdout).unwrap();
    assert!(all.contains("E01") && all.contains("E13"));
    assert!(
        String::from_utf8(tollcast(&["explain", "e12"]).stdout).unwrap().contains("No price")
            || all.contains("no price")
    );
}
