//! Requirements: who meets what by the facts of invented price files, what is signed, and what that costs.

use serde_json::Value as Json;

use super::support::{project, run, source, tollcast};
use tollcast::analysis::{Analysis, analyse};
use tollcast::catalogue::{Catalogue, shipped};
use tollcast::engine::Estimator;
use tollcast::workload::{Assembled, Case, Outcome, Requirement, Scenario, assemble};

const CITED: &str = "source: invented, checked: 2020-01-01";

/// A price file: `price` is that of input, output costs ten times as much, batch half, the region eu the same.
fn provider(name: &str, price: u32, facts: &str, model: &str) -> String {
    let (output, half) = (10 * price, f64::from(price) / 2.0);
    format!(
        "tollcast_prices: 1
provider: {name}
name: {name}
currency: USD
cached_tokens: inside_input
reasoning_tokens: inside_output
facts:
{facts}
models:
  - id: m
    name: M
{model}
    prices:
      - {{tiers: [standard], regions: [global, eu], from: 2020-01-01, bands: [{{input: {price}, output: {output}}}], {CITED}}}
      - {{tiers: [batch], regions: [global], from: 2020-01-01, bands: [{{input: {half}, output: {}}}], {CITED}}}
",
        5 * price
    )
}

/// Four providers. `cheap` promises nothing, `mid` nearly all after an approval, `dear` everything; `silent` says
/// nothing at all.
fn catalogue() -> Catalogue {
    let cheap = format!(
        "  sla: {{text: None., value: \"no\", {CITED}}}
  registration: {{text: A key., value: \"no\", {CITED}}}
  routing: {{text: One upstream., value: \"no\", {CITED}}}
  documentation: {{text: Rated poor., rating: poor, {CITED}}}
  data_residency: {{text: Anywhere., regions: [{{region: global, places: [anywhere]}}], {CITED}}}"
    );
    let mid = format!(
        "  sla: {{text: Yes., value: \"yes\", except: [{{tiers: [batch], value: unknown}}], {CITED}}}
  registration: {{text: An approval., value: \"yes\", lead_time_days: 20, {CITED}}}
  documentation: {{text: Rated good., rating: good, {CITED}}}
  data_residency: {{text: Zones., regions: [{{region: global, places: [us, jp]}}, {{region: eu, places: [eu]}}], {CITED}}}"
    );
    let dear = format!(
        "  sla: {{text: Yes., value: \"yes\", {CITED}}}
  registration: {{text: A key., value: \"no\", {CITED}}}
  routing: {{text: Several upstreams., value: \"yes\", {CITED}}}
  documentation: {{text: Rated excellent., rating: excellent, {CITED}}}
  data_residency: {{text: The EU., regions: [{{region: global, places: [eu]}}], {CITED}}}"
    );
    let silent = format!("  availability: {{text: Open., {CITED}}}");
    let limits = |window: u32| format!("    limits: {{context_window: {window}, {CITED}}}");
    let fast = |speed: u32| format!("    measured: [{{speed_tokens_per_s: {speed}, {CITED}}}]");
    let files = [
        provider("cheap", 1, &cheap, &format!("{}\n{}", limits(4_000), fast(39))),
        provider("mid", 2, &mid, &limits(8_000)),
        provider("silent", 3, &silent, ""),
        provider("dear", 4, &dear, &format!("{}\n{}", limits(1_050_000), fast(40))),
    ];
    let named = ["cheap.yaml", "mid.yaml", "silent.yaml", "dear.yaml"];
    let sources: Vec<_> = named.iter().zip(&files).map(|(name, text)| source(name, text)).collect();
    Catalogue::read(&shipped(), &sources).expect("the price files are right")
}

const ROUTES: [&str; 5] = ["cheap/m", "mid/m", "mid/m@eu", "silent/m", "dear/m"];

fn text(requirements: &[&str], prompt: &str) -> String {
    let required: String = requirements.iter().map(|line| format!("  {line}\n")).collect();
    let required = if required.is_empty() { String::new() } else { format!("requirements:\n{required}") };
    format!(
        "name: base
start: 2027-01
months: 3
workloads:
  chat: {{volume: {{requests_per_month: {{p10: 800, p90: 1_200}}}}, prompt: {prompt}, output: 100}}
routes: [{}]
{required}",
        ROUTES.join(", ")
    )
}

fn assembled(text: &str) -> Assembled {
    assemble(&source("scenario.yaml", text), &|_, _| Err(String::new())).unwrap()
}

fn read(text: &str) -> Scenario {
    Scenario::read(&assembled(text), &catalogue()).expect("the scenario is right")
}

fn analysed(text: &str) -> Analysis {
    let scenario = read(text);
    analyse(&scenario, &run(&scenario, Estimator::Fast, 64, 5))
}

fn required(lines: &[&str]) -> Requirement {
    let [one] = <[Requirement; 1]>::try_from(read(&text(lines, "1_000")).requirements).unwrap();
    one
}

/// What stands behind a requirement: yes, no, or ? for each of the routes.
fn outcomes(lines: &[&str]) -> String {
    let sign = |outcome| match outcome {
        Outcome::Meets => 'y',
        Outcome::Fails => 'n',
        Outcome::NotKnown => '?',
    };
    required(lines).verdicts.iter().map(|verdict| sign(verdict.outcome)).collect()
}

#[test]
fn facts_decide_and_silence_is_told_from_refusal() {
    let cases: [(&[&str], &str); 12] = [
        (&["sla: true"], "nyy?y"),
        (&["no_registration: true"], "ynn?y"),
        (&["context_window: 8k"], "nyy?y"),
        (&["context_window: 8_001"], "nnn?y"),
        (&["data_residency: eu"], "nny?y"),
        (&["data_residency: us"], "nyn?n"),
        // Japan lies in Asia and the Pacific.
        (&["data_residency: apac"], "nyn?n"),
        (&["fallback: true"], "n???y"),
        (&["speed_tokens_per_s: 40"], "n???y"),
        (&["speed_tokens_per_s: 39.5"], "n???y"),
        (&["documentation: good"], "nyy?y"),
        (&["documentation: excellent"], "nnn?y"),
    ];
    for (lines, expected) in cases {
        assert_eq!(outcomes(lines), expected, "{lines:?}");
    }
}

#[test]
fn a_lead_time_counts_in_calendar_days() {
    // The approval takes up to 20 days from the 1st: the 21st is in time, the 20th is not.
    assert_eq!(outcomes(&["apply_on: 2027-01-01", "live_by: 2027-01-21"]), "yyy?y");
    assert_eq!(outcomes(&["apply_on: 2027-01-01", "live_by: 2027-01-20"]), "ynn?y");
}

#[test]
fn what_is_not_met_says_why_and_by_whose_word() {
    let sla = required(&["sla: true"]);
    let [cheap, _, _, silent, _] = &sla.verdicts[..] else { panic!("five routes") };
    assert_eq!((cheap.why.as_str(), cheap.source.as_ref().unwrap().source.as_str()), ("None.", "invented"));
    assert_eq!((silent.why.as_str(), &silent.source), ("no SLA is stated", &None));
}

#[test]
fn what_is_false_is_not_required() {
    assert!(read(&text(&["sla: false", "fallback: no"], "1_000")).requirements.is_empty());
}

#[test]
fn a_route_that_buys_by_two_tiers_stands_as_the_worse_of_them() {
    let both = text(&["sla: true"], "1_000").replace(
        "routes: [cheap/m",
        "  side: {volume: {requests_per_month: 1k}, prompt: 1_000, output: 100}
routes: [{id: mid/m, label: split, workloads: {side: {tier: batch}}}, cheap/m",
    );
    let verdict = &read(&both).requirements[0].verdicts[0];
    assert_eq!(verdict.outcome, Outcome::NotKnown);
    assert!(verdict.why.contains("mid/m:batch@global"), "{}", verdict.why);
}

#[test]
fn with_nothing_required_the_cheapest_of_all_is_signed_for_nothing() {
    let analysis = analysed(&text(&[], "1_000"));
    let found = &analysis.recommendation;
    assert_eq!((found.cheapest.p50, found.cheapest.p90), (Some(0), Some(0)));
    assert_eq!(found.cheapest, found.without_requirements);
    let cost = found.all_cost.as_ref().unwrap();
    assert_eq!((cost.p10, cost.p50, cost.p90), (0.0, 0.0, 0.0));
}

/// With one length for all requests, spend is proportional to the price in every future, so that a route at n times
/// the price costs n − 1 times the cheap one's spend more, quantile by quantile.
#[test]
fn a_requirement_costs_the_difference_of_the_prices() {
    let analysis = analysed(&text(&["sla: true", "fallback: true"], "1_000"));
    let (found, cheap) = (&analysis.recommendation, &analysis.routes[0].spend);
    let same = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} and {b}");
    assert_eq!(found.admissible, [false, false, false, false, true]);
    let all = found.all_cost.as_ref().unwrap();
    for (cost, spend) in [(all.p10, cheap.p10), (all.p50, cheap.p50), (all.p90, cheap.p90)] {
        same(cost, 3.0 * spend);
    }
    // Only `dear` has a fall-back: the SLA comes with it. Without fall-back `mid` would do.
    let [sla, fallback] = &found.dropped[..] else { panic!("two requirements") };
    assert_eq!((sla.cheapest.p50, sla.alone.p50), (Some(4), Some(1)));
    assert_eq!((fallback.cheapest.p50, fallback.alone.p50), (Some(1), Some(4)));
    assert_eq!(sla.cost.as_ref().unwrap().p50, 0.0);
    same(sla.alone_cost.as_ref().unwrap().p50, cheap.p50);
    same(fallback.cost.as_ref().unwrap().p50, 2.0 * cheap.p50);
    same(fallback.alone_cost.as_ref().unwrap().p50, 3.0 * cheap.p50);
}

#[test]
fn dropping_a_requirement_never_makes_the_cheapest_dearer() {
    let lines = [
        "sla: true",
        "no_registration: true",
        "context_window: 8k",
        "data_residency: us",
        "fallback: true",
        "documentation: excellent",
    ];
    let some = |subset: usize| -> Vec<&str> {
        lines.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1).map(|(_, line)| *line).collect()
    };
    let all: Vec<Analysis> =
        (0..1 << lines.len()).map(|subset| analysed(&text(&some(subset), "1_000"))).collect();
    for (subset, analysis) in all.iter().enumerate() {
        let spend = |at: Option<usize>| at.map_or(f64::INFINITY, |at| analysis.routes[at].spend.p50);
        let kept = (0..lines.len()).filter(|at| subset >> at & 1 == 1);
        for (at, dropped) in kept.zip(&analysis.recommendation.dropped) {
            assert!(spend(dropped.cheapest.p50) <= spend(analysis.recommendation.cheapest.p50));
            // It is what the scenario without that line says.
            let without = &all[subset & !(1 << at)].recommendation;
            assert_eq!(dropped.cheapest, without.cheapest, "{:?} without {}", some(subset), lines[at]);
        }
    }
}

#[test]
fn a_route_that_refuses_part_of_the_job_is_not_signed() {
    // Every third prompt is longer than the window of `cheap`.
    let prompt = "{mixture: {components: [{weight: 67%, median: 1_000, p95: 1_001}, {weight: 33%, median: 6_000, p95: 6_001}]}}";
    let analysis = analysed(&text(&["no_registration: true"], prompt));
    let (found, cheap) = (&analysis.recommendation, &analysis.routes[0]);
    assert!(!cheap.serves_the_job() && !found.admissible[0]);
    assert_eq!(found.cheapest.p50, Some(4));
    assert_eq!(found.without_requirements.p50, Some(1));
}

#[test]
fn what_ifs_and_parts_of_a_scenario_are_judged_anew() {
    let tree = assembled(&text(&["data_residency: eu"], "1_000"));
    let case = Case::of_pairs(&["requirements.data_residency=us".to_owned()]).unwrap();
    let changed = case.scenario(&tree, &catalogue()).unwrap();
    assert_eq!(changed.requirements[0].verdicts[1].outcome, Outcome::Meets);
    let part = Scenario::read(&tree.with_routes(&[2, 4]), &catalogue()).unwrap();
    let met = part.requirements[0].verdicts.iter().map(|verdict| verdict.outcome);
    assert_eq!(met.collect::<Vec<_>>(), [Outcome::Meets, Outcome::Meets]);
}

fn simulated(arguments: &[&str]) -> (Option<i32>, Json) {
    let quick = ["simulate", "--trials", "64", "--format", "json", "-q"];
    let output = tollcast(&[&quick[..], arguments].concat());
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or(Json::Null))
}

/// The article's claims for three kinds of buyers, by the price files of today.
#[test]
fn the_personas_sign_what_their_notes_say() {
    let signed = [
        ("startup", "openrouter/openai/gpt-5.4"),
        ("enterprise", "azure/gpt-5.4@datazone-eu"),
        ("research", "openai/gpt-5.4:batch"),
    ];
    for (persona, route) in signed {
        let file = format!("scenarios/persona-{persona}.yaml");
        let (code, result) = simulated(&[&file, "--fail-on", "requirements"]);
        assert_eq!(code, Some(0), "{persona}");
        let found = &result["recommendation"];
        assert_eq!(found["cheapest_admissible_p50"]["id"], route);
        assert_eq!(found["cheapest_admissible_p90"]["id"], route);
    }
}

#[test]
fn a_gate_breaks_where_no_route_meets_the_requirements() {
    let late = std::fs::read_to_string(project().join("scenarios/persona-enterprise.yaml")).unwrap();
    let late = late.replace("  # live_by:", "  live_by:").replace("  # apply_on:", "  apply_on:");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("late.yaml");
    std::fs::write(&file, late).unwrap();
    let file = file.to_str().unwrap();
    let (code, result) = simulated(&[file, "--fail-on", "requirements"]);
    assert_eq!(code, Some(3));
    let found = &result["recommendation"];
    assert_eq!(found["cheapest_admissible_p50"], Json::Null);
    assert_eq!(found["all_requirements_cost_usd"], Json::Null);
    let go_live = &found["requirements"][3];
    assert_eq!(go_live["requirement"], "live_by");
    assert_eq!(go_live["cheapest_without_it_p50"]["id"], "azure/gpt-5.4@datazone-eu");
    assert_eq!(go_live["routes"][0]["outcome"], "not_known");
    assert_eq!(simulated(&[file]).0, Some(0));
    let table = tollcast(&["simulate", file, "--trials", "64", "-q"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("None of the 5 routes meets every requirement."), "{table}");
    assert!(table.contains("Worth asking the provider: azure/gpt-5.4@datazone-eu"), "{table}");
}

#[test]
fn without_requirements_there_is_no_recommendation() {
    let (_, result) = simulated(&["scenarios/starter.yaml"]);
    assert_eq!(result["recommendation"], Json::Null);
}
