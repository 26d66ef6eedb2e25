//! What-ifs: a case is the scenario that a person would have written by hand, on the same random numbers.

use serde_json::Value as Json;

use super::support::{self, PRICES, catalogue, project, run, source, tollcast};
use tollcast::analysis::{Lived, Pairing, Summary, analyse, pair};
use tollcast::catalogue::{Catalogue, shipped};
use tollcast::domain::problem::Problems;
use tollcast::engine::{Engine, Estimator, Options, Sampler, Simulation, batches_of};
use tollcast::workload::{Assembled, Case, Scenario, assemble};

const BASE: &str = "
name: base
start: 2027-01
months: 6
workloads:
  chat:
    volume: {requests_per_month: {p10: 80k, p90: 150k}, growth_per_month: {p10: 0%, p90: 4%}}
    prompt: {lognormal: {median: 600, p95: 2k}}
    output: {lognormal: {median: 100, p95: 400}}
    cache: {hit_rate: {p10: 20%, p90: 60%}}
routes: [test/banded, {id: test/flat, label: plain}]
";

fn assembled(text: &str) -> Assembled {
    assemble(&source("scenario.yaml", text), &|_, _| Err(String::new())).unwrap()
}

/// The first case of a scenario whose `what_if` is given, as a scenario.
fn case_in(what_if: &str, catalogue: &Catalogue) -> Result<Scenario, Problems> {
    let tree = assembled(&format!("{BASE}what_if:\n{what_if}"));
    let cases: Vec<Case> = tree.cases()?;
    cases[0].scenario(&tree, catalogue)
}

fn case(what_if: &str) -> Scenario {
    case_in(what_if, &catalogue()).unwrap()
}

fn spends(scenario: &Scenario) -> Vec<Vec<f64>> {
    let simulation = run(scenario, Estimator::Fast, 64, 3);
    simulation.routes.iter().map(|route| route.spend.clone()).collect()
}

/// The what-if comes to the very trials of a file that says the same itself.
fn same_as(what_if: &str, from: &str, to: &str) {
    assert!(BASE.contains(from), "{from}");
    let by_hand = support::scenario(&BASE.replace(from, to));
    assert!(spends(&case(what_if)) == spends(&by_hand), "{what_if}");
}

#[test]
fn a_what_if_is_the_file_that_says_the_same() {
    let hit = "{p10: 20%, p90: 60%}";
    same_as("  a: {set: {workloads.chat.cache.hit_rate: 76%}}", hit, "76%");
    same_as("  a: {set: {workloads.chat.cache.hit_rate: {times: 1.5}}}", hit, "{p10: 30%, p90: 90%}");
    same_as("  a: {set: {workloads.chat.cache.hit_rate: {plus: 5%}}}", hit, "{p10: 25%, p90: 65%}");
    let median = "{median: 600, p95: 2k}";
    same_as(
        "  a: {set: {workloads.chat.prompt: {times: 0.5}}}",
        median,
        "{median: 600, p95: 2k, scale: 0.5}",
    );
    same_as("  a: {set: {workloads.chat.prompt.lognormal.median: 500}}", median, "{median: 500, p95: 2k}");
    same_as(
        "  a: {set: {workloads.chat.sessions.turns: 4}}",
        "    prompt:",
        "    sessions: {turns: 4}\n    prompt:",
    );
    same_as("  a: {set: {routes.plain.discount: 10%}}", "label: plain", "label: plain, discount: 10%");
    same_as(
        "  a: {set: {routes.test/banded.id: test/windowed}}",
        "test/banded",
        "{id: test/windowed, label: test/banded}",
    );
    same_as(
        "  a: {set: {workloads.chat.volume.requests_per_day: 5k}}",
        "requests_per_month: {p10: 80k, p90: 150k}",
        "requests_per_day: 5k",
    );
}

const CORRELATED: &str = "
name: correlated
start: 2027-01
months: 3
workloads:
  chat:
    volume: {requests_per_month: {p10: 500k, p90: 1.4M}}
    prompt: 3000
    output: 200
    cache: {hit_rate: {p10: 20%, p90: 80%}}
routes:
  - {id: test/flat, label: x, discount: {p10: 2%, p90: 20%}}
  - {id: test/flat, label: y, discount: {p10: 2%, p90: 20%}}
correlations:
  - {a: routes.x.discount, b: routes.y.discount, rank: 0.9}
  - {a: workloads.chat.volume.requests_per_month, b: workloads.chat.cache.hit_rate, rank: 0.9}
";

fn against_base(set: &str) -> Pairing {
    let tree = assembled(CORRELATED);
    let case = Case::of_pairs(&[set.to_owned()]).unwrap().scenario(&tree, &catalogue()).unwrap();
    paired(&support::scenario(CORRELATED), &case, 512)
}

/// What is correlated with a value that a case sets is drawn as before: the futures are the same ones. Setting a volume
/// to its median is the same as giving it a range that is as good as nothing.
#[test]
fn what_is_correlated_with_a_known_value_stays_the_same_in_every_future() {
    let set = "workloads.chat.volume.requests_per_month";
    let [known, narrow] = ["836660", "{p10: 836658, p90: 836662}"]
        .map(|volume| against_base(&format!("{set}={volume}")).routes[0].difference.clone());
    for (a, b) in [(known.p10, narrow.p10), (known.p50, narrow.p50), (known.p90, narrow.p90)] {
        assert!((a - b).abs() < 1e-3 * known.sd, "{a} against {b}");
    }
    let y = &against_base("routes.x.discount=10%").routes[1];
    assert_eq!((y.label.as_str(), y.difference.p05, y.difference.p95), ("y", 0.0, 0.0));
    // Stated in other words the volume has the same law, though the hit rates have futures of their own.
    let [by_day, by_month] = ["requests_per_day=30k", "requests_per_month=913125"]
        .map(|volume| against_base(&format!("workloads.chat.volume.{volume}")).routes[0].b.clone());
    let error = |law: &Summary| law.sd / (512.0_f64).sqrt();
    assert!((by_day.mean - by_month.mean).abs() < 5.0 * error(&by_day).hypot(error(&by_month)));
    assert!(by_day.sd > 0.5 * by_month.sd && by_month.sd > 0.5 * by_day.sd);
}

/// A known value depends on nothing: the others stay correlated as they were.
#[test]
fn what_is_set_to_a_value_is_correlated_with_nothing() {
    let two = "correlations:\n  - {a: workloads.chat.volume.requests_per_month, b: workloads.chat.cache.hit_rate, rank: 0.5}\n  - {a: workloads.chat.volume.requests_per_month, b: workloads.chat.volume.growth_per_month, rank: -0.4}\n";
    let tree = assembled(&format!("{BASE}{two}"));
    let known = Case::of_pairs(&["workloads.chat.cache.hit_rate=76%".to_owned()]).unwrap();
    let one = two.lines().filter(|line| !line.contains("hit_rate")).collect::<Vec<_>>().join("\n");
    let by_hand = support::scenario(&format!("{}{one}\n", BASE.replace("{p10: 20%, p90: 60%}", "76%")));
    assert!(spends(&known.scenario(&tree, &catalogue()).unwrap()) == spends(&by_hand));
}

#[test]
fn combined_what_ifs_hold_at_once_and_sweeps_make_a_case_of_every_value() {
    let text = format!(
        "{BASE}what_if:\n  warm: {{set: {{workloads.chat.cache.hit_rate: 70%}}}}\n  short: {{set: {{workloads.chat.output: 50}}}}\n  both: {{combine: [warm, short]}}\n  grid: {{sweep: {{workloads.chat.cache.hit_rate: {{from: 10%, to: 30%, steps: 3}}, workloads.chat.output: [10, 20]}}}}\n"
    );
    let tree = assembled(&text);
    let cases = tree.cases().unwrap();
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), 3 + 6);
    assert_eq!(names[3], "grid: hit rate 10%, output 10");
    assert_eq!(names[8], "grid: hit rate 30%, output 20");
    let both = cases[2].scenario(&tree, &catalogue()).unwrap();
    let by_hand =
        BASE.replace("{p10: 20%, p90: 60%}", "70%").replace("{lognormal: {median: 100, p95: 400}}", "50");
    assert_eq!(spends(&both), spends(&support::scenario(&by_hand)));
}

/// An invented price file in which the entry of `banded` changes in March as the what-if says.
#[test]
fn a_price_from_a_date_on_is_an_entry_that_begins_then() {
    let old = "        bands:\n          - {up_to: 1_000, input: 1, cached_input: 0.1, output: 10}\n          - {input: 2, cached_input: 0.2, output: 15}\n        source: invented\n        checked: 2020-01-01\n";
    let new = format!(
        "{old}      - tiers: [standard]\n        regions: [global]\n        from: 2027-03-01\n{}",
        old.replace("input: 1,", "input: 0.5,").replace("input: 2,", "input: 1,")
    );
    let at = PRICES.find("id: banded").unwrap();
    let file = PRICES[..at].to_owned() + &PRICES[at..].replacen(old, &new, 1);
    let changed = Catalogue::read(&shipped(), &[source("test.yaml", &file)]).unwrap();
    let by_hand = Scenario::read(&assembled(BASE), &changed).unwrap();
    for what_if in ["{value: 0.5, from: 2027-03}", "{times: 50%, from: 2027-03-01}"] {
        let scenario = case(&format!("  a: {{set: {{prices.test/banded.input: {what_if}}}}}"));
        assert_eq!(spends(&scenario), spends(&by_hand), "{what_if}");
        let note = scenario.routes[0].sources.iter().find(|(what, _)| what.contains("HYPOTHETICAL"));
        assert!(note.is_some_and(|(_, source)| source.source.starts_with("what-if")), "{what_if}");
    }
    let outcome = |text: &str| case_in(text, &catalogue()).unwrap_err().to_string();
    assert!(
        outcome("  a: {set: {prices.test/banded.input: {times: 0.5, from: 2029-01}}}")
            .contains("changes no price")
    );
    assert!(outcome("  a: {set: {prices.test/writer.input: 3}}").contains("changes no price"));
    assert!(outcome("  a: {set: {prices.test/banded.inptu: 3}}").contains("did you mean input"));
    assert!(outcome("  a: {set: {prices.test/banded: 3}}").contains("which price"));
    assert!(
        outcome("  a: {set: {prices.test/banded.cache_write: {times: 2}}}")
            .contains("no price of `cache_write`")
    );
}

#[test]
fn a_price_that_is_set_to_what_it_is_changes_nothing_and_is_no_mistake() {
    for what_if in ["{times: 1}", "{value: 1, from: 2027-03}", "1"] {
        let same = case(&format!("  a: {{set: {{prices.test/banded.input: {what_if}}}}}"));
        assert!(spends(&same) == spends(&support::scenario(BASE)), "{what_if}");
    }
    let whole =
        case_in("  a: {set: {workloads.chat.volume: {times: 2}}}", &catalogue()).unwrap_err().to_string();
    assert!(whole.contains("cannot be multiplied"), "{whole}");
}

/// Runs scenarios that are to be compared.
fn together(scenarios: &[&Scenario], trials: u32, seed: u64, sampler: Sampler) -> Vec<Simulation> {
    let options = Options { seed, trials, threads: 0, estimator: Estimator::Fast, sampler };
    let one = |scenario: &&Scenario| {
        let engine = Engine::new(scenario, scenarios, options).compared();
        let batches = engine.run(0..batches_of(trials), &|_| true).unwrap();
        engine.blank().merged(batches)
    };
    scenarios.iter().map(one).collect()
}

fn paired(a: &Scenario, b: &Scenario, trials: u32) -> Pairing {
    let runs = together(&[a, b], trials, 5, Sampler::Sobol);
    let answers = [analyse(a, &runs[0]), analyse(b, &runs[1])];
    let lived = |scenario, at: usize| Lived { scenario, simulation: &runs[at], analysis: &answers[at] };
    pair(lived(a, 0), lived(b, 1))
}

/// The standard error of the mean difference over 60 pairs of runs, paired by their seed and independent of each
/// other. Both are known to 1/√120 = 9 %; ten per cent off the price make a ratio of 0.1/√(1 + 0.9²) = 0.074.
#[test]
fn a_price_what_if_is_known_ten_times_as_precisely_as_from_independent_runs() {
    let base = support::scenario(BASE);
    let cut = case("  a: {set: {prices.test/banded: {times: 0.9}}}");
    for sampler in [Sampler::Random, Sampler::Sobol] {
        let mean = |simulation: &Simulation| {
            let spend = &simulation.routes[0].expected.spend;
            spend.iter().sum::<f64>() / simulation.trials as f64
        };
        let means: Vec<[f64; 2]> = (0..60)
            .map(|seed| {
                let runs = together(&[&base, &cut], 128, seed, sampler);
                [mean(&runs[0]), mean(&runs[1])]
            })
            .collect();
        let sd = |values: Vec<f64>| Summary::of(&values).sd;
        let together = sd(means.iter().map(|[a, b]| a - b).collect());
        let apart = sd((0..60).map(|at| means[at][0] - means[(at + 1) % 60][1]).collect());
        assert!(together <= 0.1 * apart, "{sampler:?}: {together} against {apart}");
    }
}

#[test]
fn a_route_that_a_what_if_leaves_alone_differs_by_nothing() {
    let base = support::scenario(BASE);
    let cut = case("  a: {set: {prices.test/banded: {times: 0.9, from: 2027-03}}}");
    let pairing = paired(&base, &cut, 256);
    let [banded, plain] = &pairing.routes[..] else { panic!("{pairing:?}") };
    assert_eq!((plain.difference.p90, plain.difference.p10, plain.a_cheaper), (0.0, 0.0, 0.5));
    // Before March the cut changes nothing either, and then a tenth less is a tenth less.
    let months: Vec<(f64, f64)> =
        banded.months.iter().map(|m| (m.difference.p10, m.difference.p90)).collect();
    assert_eq!(months[..2], [(0.0, 0.0), (0.0, 0.0)]);
    assert!(months[2].0 > 0.0 && banded.a_cheaper == 0.0, "{months:?}");
}

#[test]
fn parts_of_a_difference_add_up_to_it_month_by_month_and_item_by_item() {
    let base = support::scenario(BASE);
    let warm = case("  a: {set: {workloads.chat.cache.hit_rate: 76%}}");
    for route in paired(&base, &warm, 256).routes {
        let near = |sum: f64| (sum - route.difference.mean).abs() <= 1e-9 * route.a.mean;
        assert!(near(route.items.iter().map(|(_, d)| d.mean).sum()), "{}", route.label);
        assert!(near(route.months.iter().map(|month| month.difference.mean).sum()), "{}", route.label);
        let item = |name: &str| route.items.iter().find(|(known, _)| *known == name).unwrap().1.mean;
        assert!(item("input") > 0.0 && item("cached_input") < 0.0 && item("output") == 0.0);
    }
    let simulation = &together(&[&base], 64, 1, Sampler::Sobol)[0];
    for route in &simulation.routes {
        for (trial, items) in route.items.iter().enumerate() {
            let expected: f64 = route.expected.spend[trial * 6..(trial + 1) * 6].iter().sum();
            let sum = items.input
                + items.cached_input
                + items.cache_write
                + items.output
                + items.tools
                + items.fees;
            assert!((sum - expected).abs() < 1e-9 * expected, "{sum} against {expected}");
        }
    }
}

/// Falling on one route and flat on the other: the median of the difference changes its sign between two months.
#[test]
fn lines_that_cross_are_told_with_their_month() {
    let base =
        support::scenario(&BASE.replace("growth_per_month: {p10: 0%, p90: 4%}", "growth_per_month: 0%"));
    let tree = assembled(&BASE.replace("growth_per_month: {p10: 0%, p90: 4%}", "growth_per_month: 0%"));
    let pairs = [
        "workloads.chat.volume.requests_per_month={p10: 60k, p90: 112.5k}",
        "workloads.chat.volume.growth_per_month=15%",
    ];
    let grown = Case::of_pairs(&pairs.map(str::to_owned)).unwrap().scenario(&tree, &catalogue()).unwrap();
    // 0.75 × 1.15^m passes 1 at m = 2.06, in the fourth month. Since the start: 0.75 (1.15^n − 1)/0.15 against n is
    // 4.98 against 5 after five months (days are 151 of January to May, 0.75 Σ days · 1.15^m), and ahead after six.
    let route = &paired(&base, &grown, 512).routes[0];
    assert_eq!(route.monthly_crossing.unwrap().to_string(), "2027-04");
    let days = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0];
    let (mut flat, mut growing, mut ahead) = (0.0, 0.0, None);
    for (m, days) in days.iter().enumerate() {
        flat += days;
        growing += 0.75 * days * 1.15_f64.powi(m as i32);
        if growing > flat && ahead.is_none() {
            ahead = Some(m);
        }
    }
    assert_eq!(route.cumulative_crossing.unwrap(), base.months[ahead.unwrap()]);
}

fn json(arguments: &[&str]) -> Json {
    let output = tollcast(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

const SHIPPED: &str = "scenarios/what-if-cache-40.yaml";

#[test]
fn a_what_if_of_the_command_line_is_the_second_file() {
    let run = ["--trials", "64", "--format", "json", "-q"];
    let set = "workloads.assistant.cache.hit_rate=76%";
    let by_set = json(&[&["compare", SHIPPED, "--set", set][..], &run].concat());
    let by_file = json(&[&["compare", SHIPPED, "scenarios/what-if-cache-76.yaml"][..], &run].concat());
    let [by_set_routes, by_file_routes] =
        [&by_set, &by_file].map(|found| found["comparisons"].as_array().unwrap());
    assert!(by_set_routes.len() == by_file_routes.len() && by_set_routes.len() > 3);
    for (a, b) in by_set_routes.iter().zip(by_file_routes) {
        assert_eq!(a["difference_usd"], b["difference_usd"], "{}", a["route"]);
        assert_eq!(a["months"], b["months"]);
    }
    assert!(by_set["manifests"][0]["command"].as_str().unwrap().contains(&format!("--set {set}")));
}

#[test]
fn rules_and_saved_results_gate_a_pipeline() {
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("result.json");
    let saved = tollcast(&["simulate", SHIPPED, "--trials", "64", "--format", "json", "-q"]);
    std::fs::write(&result, &saved.stdout).unwrap();
    let result = result.to_str().unwrap();
    let code = |arguments: &[&str]| {
        let output = tollcast(&[&["compare", SHIPPED, "--trials", "64", "-q"], arguments].concat());
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(
        code(&["--baseline", result, "--fail-on", "p90_increase>0%"]).0,
        0,
        "against itself nothing grows"
    );
    let more = "workloads.assistant.volume.requests_per_month={times: 1.1}";
    assert_eq!(code(&["--set", more, "--fail-on", "p90_increase>11%"]).0, 0);
    let (broken, why) = code(&["--set", more, "--fail-on", "p90_increase>9%"]);
    assert!(broken == 3 && why.contains("broken: p90_increase>9% on openai/gpt-5.4"), "{why}");
    // A changed file against the result that was saved before the change.
    let dearer = folder.path().join("dearer.yaml");
    let base = project().join(SHIPPED);
    let text = format!(
        "extends: {}\nname: dearer\nworkloads: {{assistant: {{cache: {{hit_rate: 10%}}}}}}\n",
        base.display()
    );
    std::fs::write(&dearer, text).unwrap();
    let output = tollcast(&[
        "compare",
        dearer.to_str().unwrap(),
        "--baseline",
        result,
        "--fail-on",
        "mean_increase>1%",
        "--trials",
        "64",
        "-q",
    ]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Since the saved result"));
}

#[test]
fn what_cannot_be_compared_is_refused_with_a_remedy() {
    let refused = |arguments: &[&str], wanted: &str| {
        let output = tollcast(&[&["compare", SHIPPED, "--trials", "8", "-q"], arguments].concat());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && message.contains(wanted), "{arguments:?}: {message}");
    };
    refused(&[], "nothing to compare");
    refused(&["--set", "workloads.assistant.cache.hit_rate"], "expected PATH=VALUE");
    refused(&["--set", "workloads.assistent.cache.hit_rate=1%"], "did you mean assistant");
    refused(&["--set", "workloads.assistant.cache.hit_rte=1%"], "did you mean hit_rate");
    refused(&["--set", "start=2028-01"], "cannot change `start`");
    refused(&["--set", "a=1", "--set", "a=2"], "set twice");
    refused(&["--set", "workloads.assistant.cache.hit_rate=[1"], "--set");
    refused(&["--what-if", "nope"], "no what-if `nope`");
    refused(&["--baseline", "README.md"], "no saved result");
    refused(&["--set", "workloads.assistant.cache.hit_rate=300%"], "0 % to 100 %");
    let other = tollcast(&["compare", SHIPPED, "--fail-on", "p90>5%"]);
    assert!(
        other.status.code() == Some(2) && String::from_utf8_lossy(&other.stderr).contains("p90_increase>5%")
    );
}

/// Setting the volume of a workload whose name ends like the section: its path is read from the front.
#[test]
fn a_path_without_its_workload_is_a_message() {
    let output = tollcast(&["compare", SHIPPED, "--set", "workloads.volume.requests_per_day=5"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && message.contains("leads to no workload"), "{message}");
}

/// A budget is no part of what a route is asked for: its chance to break is the case's own.
#[test]
fn a_case_with_another_budget_breaks_its_own() {
    let found =
        json(&["compare", SHIPPED, "--set", "budget={total: 1}", "--trials", "64", "--format", "json", "-q"]);
    let pair = &found["comparisons"][0];
    assert_eq!(pair["difference_usd"]["p90"], 0.0);
    assert!(pair["a_over_budget_probability"] != 1.0 && pair["b_over_budget_probability"] == 1.0, "{pair:#}");
}

/// What `simulate` says to sign is what `compare` names.
#[test]
fn the_cheapest_route_of_a_case_meets_its_requirements() {
    let file = "scenarios/persona-enterprise.yaml";
    let run = ["--trials", "64", "--format", "json", "-q"];
    let signed = json(&[&["simulate", file][..], &run].concat());
    let compared = json(&[&["compare", file, "--set", "budget={total: 1M}"][..], &run].concat());
    let wanted = &signed["recommendation"]["cheapest_admissible_p50"]["id"];
    assert!(
        wanted.is_string() && *wanted != signed["recommendation"]["cheapest_without_requirements_p50"]["id"]
    );
    for case in compared["cases"].as_array().unwrap() {
        assert_eq!(case["cheapest_route"], *wanted);
    }
}

/// All that is wrong with a case is told at once: paths, prices.
#[test]
fn every_mistake_of_a_case_is_told() {
    let what_if = "  a: {set: {workloads.chta.cache.hit_rate: 5%, prices.test/banded.inptu: 1, prices.test/flat.output: -2}}";
    let problems = case_in(what_if, &catalogue()).unwrap_err();
    let titles: Vec<String> = problems.into_sorted().into_iter().map(|problem| problem.title).collect();
    assert_eq!(titles.len(), 3, "{titles:?}");
}

#[test]
fn totals_are_those_that_simulate_reports() {
    let compared = json(&["compare", SHIPPED, SHIPPED, "--trials", "64", "--format", "json", "-q"]);
    let simulated = json(&["simulate", SHIPPED, "--trials", "64", "--format", "json", "-q"]);
    let (pairs, routes) =
        (compared["comparisons"].as_array().unwrap(), simulated["routes"].as_array().unwrap());
    assert!(pairs.len() == routes.len() && pairs.len() > 3);
    for (pair, route) in pairs.iter().zip(routes) {
        assert_eq!(pair["route"], route["id"]);
        let (a, b) = (&pair["a_spend_usd"], &route["total"]["spend_usd"]);
        for figure in ["mean", "p50", "p90"] {
            let error = b["standard_error"][figure].as_f64().unwrap();
            let (a, b) = (a[figure].as_f64().unwrap(), b[figure].as_f64().unwrap());
            // The same trials, but for the scatter of requests, which cases share and single scenarios need not.
            assert!((a - b).abs() < error, "{} {figure}: {a} against {b} ± {error}", route["id"]);
        }
    }
}
