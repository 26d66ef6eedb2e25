//! `tollcast capacity`: the provider's own examples of sizing, what becomes of requests against closed forms, and how
//! it answers for what nobody should ask.

use serde_json::Value;

use tollcast::analysis::capacity::{CapacityAnalysis, FUTURES, Lived, RequiredTier, RouteHolds, capacity};
use tollcast::engine::{Estimator, Options, Sampler};

use crate::support::{agree, answers, scenario, tollcast};

fn options(seed: u64) -> Options {
    Options { seed, trials: FUTURES, threads: 0, estimator: Estimator::Exact, sampler: Sampler::Sobol }
}

fn lived(text: &str, lived: Lived, seed: u64) -> CapacityAnalysis {
    let found = capacity(&scenario(text), &options(seed), lived).unwrap();
    for route in &found.routes {
        conserved(route);
    }
    found
}

/// Every request is accounted for, and no figure is NaN or below zero.
fn conserved(route: &RouteHolds) {
    let tally = &route.tally;
    let ended = tally.served + tally.rejected() + tally.abandoned + tally.in_flight;
    assert!((tally.offered - ended).abs() <= 1e-9 * tally.offered, "{}: {ended}", route.label);
    for figure in [
        tally.offered,
        tally.served,
        tally.delayed,
        tally.spilled(),
        tally.unserved(),
        tally.attempts,
        route.cost.total(),
        route.cost.all_by_tokens,
        tally.running.mean(),
        tally.wait_ms.mean(),
    ] {
        assert!(figure.is_finite() && figure >= 0.0, "{}: {figure}", route.label);
    }
}

/// A month of requests that come by chance, and what holds on routes of the invented provider.
fn month(per_second: f64, capacity: &str, routes: &str) -> String {
    format!(
        "name: t\nstart: 2027-02\nmonths: 1\nworkloads:\n  w: {{volume: {{requests_per_day: {}}}, prompt: 500, output: 100}}\nroutes: {routes}\ncapacity:\n{capacity}",
        per_second * 86_400.0
    )
}

const FLAT: &str = "[test/flat]";

fn json(arguments: &[&str]) -> Value {
    let output = tollcast(&[arguments, &["--format", "json"]].concat());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {message}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The message of a refusal.
fn refused(arguments: &[&str]) -> String {
    let output = tollcast(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed something");
    message
}

fn written(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.yaml");
    std::fs::write(&path, text).unwrap();
    let name = path.to_str().unwrap().to_owned();
    (folder, name)
}

/// The examples of Microsoft's page on sizing, and the one of the article on GPT-5.4.
#[test]
fn published_examples_of_sizing_are_met() {
    for (model, rpm, input, output, cached, wanted) in [
        ("gpt-5.2@datazone-us", "1_000", "200", "20", None, 110),
        ("gpt-5.2@datazone-us", "1_000", "200", "20", Some("50%"), 80),
        ("gpt-5.2@regional", "1_000", "100", "50", None, 150),
        ("gpt-5.2@regional", "1_000", "100", "50", Some("25%"), 150),
        ("gpt-5.4@global", "500", "2_000", "300", Some("76.1%"), 475),
    ] {
        let mut arguments =
            vec!["capacity", "--ptu", model, "--rpm", rpm, "--input", input, "--output", output];
        arguments.extend(cached.into_iter().flat_map(|share| ["--cached", share]));
        assert_eq!(json(&arguments)["units"], wanted, "{arguments:?}");
    }
}

const TWO_ROUTES: &str = "name: t\nstart: 2027-02\nmonths: 1\nworkloads:\n  w:\n    volume: {requests_per_day: 4k, hours: office}\n    arrivals: {bursts: {minute: {quiet: 30%, cv: 0.5}, second: 0.5}}\n    prompt: {lognormal: {median: 2k, p95: 9k}}\n    output: {lognormal: {median: 200, p95: 700}}\n    cache: {hit_rate: 40%}\nroutes: [openai/gpt-5.4, azure/gpt-5.4]\ncapacity:\n  client: {retries: 2, retry_budget: 0.1, queue_s: 2}\n  routes:\n    openai/gpt-5.4: {max_tokens: 1k, requests_per_minute: 60, enforced_over_s: 10, concurrency: 6, latency: {first_token_s: 1, tokens_per_s: 50}}\n    azure/gpt-5.4: {units: 15, term: 1 month, fall_back: [openai/gpt-5.4]}\n";

#[test]
fn json_has_the_promised_keys_and_every_request() {
    let (_folder, path) = written(TWO_ROUTES);
    let answer = json(&["capacity", &path, "--hours", "all"]);
    assert_eq!(answer["schema_version"], 1);
    for route in answer["routes"].as_array().unwrap() {
        let of = |key: &str| route[key].as_f64().unwrap_or_else(|| panic!("no {key} in {route}"));
        assert_eq!(of("offered"), of("served") + of("rejected") + of("abandoned") + of("in_flight"));
        assert!(of("offered") > 100_000.0 && of("spilled") + of("delayed") > 0.0);
        assert!(route["id"].is_string());
        assert!(route["wait_s"]["p50"].is_number() && route["wait_s"]["p99"].is_number());
        assert!(route.get("required_tier").is_some() && route.get("required_units").is_some());
    }
    let [openai, azure] = [0, 1].map(|at| &answer["routes"][at]);
    let running = |key: &str| openai["concurrency"][key].as_u64().unwrap();
    assert!(running("p50") <= running("p99") && running("p99") <= running("max") && running("max") == 6);
    // How fast Azure is, nobody says here.
    assert!(azure["concurrency"].is_null() && azure["speed"].is_null());
    assert_eq!(azure["id"], "azure/gpt-5.4");
    let units = |key: &str| azure["required_units"][key].as_u64().unwrap();
    assert!(units("mean") >= 15 && units("mean") <= units("p99_minute"));
    assert_eq!(units("mean") % 5, 0);
    assert_eq!(answer["routes"][0]["required_tier"], "1");
    // What was bought is paid: 15 units at 260 USD for a month.
    assert_eq!(azure["cost_usd"]["units"], 3_900.0);
    let text = |threads: &str, hours: &str| {
        let arguments = ["capacity", &path, "--hours", hours, "--threads", threads, "--format", "json"];
        String::from_utf8(tollcast(&arguments).stdout).unwrap()
    };
    assert_eq!(text("1", "40"), text("2", "40"));
    assert!(text("1", "40").len() > 1_000);
}

/// Sampled hours are unbiased, and err as they say, against every hour of futures that differ by chance alone.
#[test]
fn sampled_hours_agree_with_all_hours() {
    let share = |found: &CapacityAnalysis| {
        let route = &found.routes[0];
        (route.tally.share(route.tally.unserved()), route.unserved_error, route.cost.total())
    };
    let text = "name: t\nstart: 2027-02\nmonths: 1\nworkloads:\n  w:\n    volume: {requests_per_day: 3k, hours: office, weekdays: office}\n    arrivals: {bursts: {minute: 0.6}}\n    prompt: 500\n    output: 100\nroutes: [test/flat]\ncapacity: {routes: {test/flat: {requests_per_minute: 8}}}\n";
    let seeds = 1..=8;
    let all: Vec<_> = seeds.clone().map(|seed| share(&lived(text, Lived::All, seed))).collect();
    let some: Vec<_> = seeds.map(|seed| share(&lived(text, Lived::Some(120), seed))).collect();
    let summary = |values: Vec<f64>| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0) / n).sqrt())
    };
    let (wanted, wanted_error) = summary(all.iter().map(|one| one.0).collect());
    assert!(wanted > 0.02 && wanted_error < 0.03 * wanted, "{wanted} ± {wanted_error}");
    for (found, error, _) in &some {
        let error = error.unwrap();
        assert!(error > 0.0 && error < 0.25 * wanted, "{error}");
        assert!((found - wanted).abs() < 4.0 * error.hypot(wanted_error), "{found} ± {error}, {wanted}");
    }
    let costs = |from: &[(f64, Option<f64>, f64)]| summary(from.iter().map(|one| one.2).collect());
    let (sampled, exact) = (costs(&some), costs(&all));
    agree("cost", sampled.0, sampled.1, exact.0, exact.1);
    assert!(sampled.1 < 0.02 * exact.0);
}

/// Without limits a route costs what `simulate` says, fees and discounts included.
#[test]
fn without_limits_the_cost_is_that_of_a_forecast() {
    let text = "name: t\nstart: 2027-02\nmonths: 2\nworkloads:\n  a: {volume: {requests_per_day: 2k, hours: office}, prompt: {lognormal: {median: 3k, p95: 20k}}, output: {lognormal: {median: 200, p95: 800}}, cache: {hit_rate: 50%}}\n  b: {volume: {requests_per_day: 1k}, prompt: 270k, output: 50, sessions: {turns: {lognormal: {median: 3, p95: 9}}, gap_s: 20}}\nroutes: [openai/gpt-5.4, openrouter/openai/gpt-5.4, {id: openai/gpt-5.4, label: cheap, discount: 10%}]\n";
    let forecast = answers(&scenario(text), 512);
    let runs: Vec<CapacityAnalysis> = (1..=4).map(|seed| lived(text, Lived::All, seed)).collect();
    for (at, route) in forecast.routes.iter().enumerate() {
        let costs: Vec<f64> = runs.iter().map(|run| run.routes[at].cost.total()).collect();
        let mean = costs.iter().sum::<f64>() / 4.0;
        let spread = costs.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 3.0;
        let error = route.spend.standard_error.mean.unwrap();
        assert!(spread.sqrt() < 0.02 * mean, "{costs:?}");
        agree(&route.label, mean, (spread / 4.0).sqrt(), route.spend.mean, error);
    }
    // The same requests, ten percent cheaper; and with OpenRouter's fee of 5.5 %.
    let [openai, openrouter, cheap] = [0, 1, 2].map(|at| runs[0].routes[at].cost.total());
    assert!((cheap / openai - 0.9).abs() < 1e-9, "{}", cheap / openai);
    // Errors of OpenRouter are published and are no sales.
    let served = runs[0].routes[1].tally.share(runs[0].routes[1].tally.served);
    assert!((openrouter / openai / (1.055 * served) - 1.0).abs() < 0.01, "{}", openrouter / openai);
}

#[test]
fn fewer_units_never_spill_less() {
    let routes = [15, 20, 40, 200].map(|units| format!("{{id: azure/gpt-5.4, label: u{units}}}")).join(", ");
    let own: String =
        [15, 20, 40, 200].map(|units| format!("    u{units}: {{units: {units}, term: 1 month}}\n")).concat();
    let text = TWO_ROUTES.split("routes:").next().unwrap().to_owned()
        + &format!("routes: [{routes}]\ncapacity:\n  routes:\n{own}");
    let found = lived(&text, Lived::Some(30), 1);
    let spilled: Vec<f64> = found.routes.iter().map(|route| route.tally.spilled()).collect();
    assert!(spilled.windows(2).all(|pair| pair[1] <= pair[0]), "{spilled:?}");
    assert!(spilled[0] > 1.2 * spilled[1] && spilled[3] < 0.01 * spilled[0], "{spilled:?}");
    // All spills by the token, so every route serves all, and pays for its units and the rest.
    for (route, units) in found.routes.iter().zip([15.0, 20.0, 40.0, 200.0]) {
        assert_eq!(route.tally.unserved(), 0.0);
        assert_eq!(route.cost.units, units * 260.0);
    }
    // The curve says what the routes do: the same requests, size by size.
    let curve = found.routes[0].units.as_ref().unwrap();
    assert!(curve.sizes.windows(2).all(|pair| pair[0].served_share <= pair[1].served_share + 1e-9));
    let of15 = curve.sizes.iter().find(|size| size.units == 15).unwrap();
    let route = &found.routes[0];
    assert!((of15.served_share - route.tally.share(route.tally.served_by[0])).abs() < 1e-12);
    assert!((of15.rest_usd / route.cost.tokens - 1.0).abs() < 1e-12);
    let by_month = curve.terms.iter().position(|term| term == "for 1 month").unwrap();
    assert!((of15.total_usd[by_month] / route.cost.total() - 1.0).abs() < 1e-12);
}

/// Limits of 429s and errors do not make units look dear or tokens cheap: every size of the curve serves all requests.
#[test]
fn the_curve_of_units_serves_everything_at_every_size() {
    let with = |own: &str| {
        let text = TWO_ROUTES.replace("units: 15, term: 1 month, fall_back: [openai/gpt-5.4]", own);
        lived(&text, Lived::Some(20), 1).routes.swap_remove(1).units.unwrap()
    };
    let free = with("units: 15, term: 1 month");
    let tight = with(
        "units: 15, term: 1 month, requests_per_minute: 1, concurrency: 1, latency: {first_token_s: 30, tokens_per_s: 10, error_share: 50%}",
    );
    let costs = |curve: &tollcast::analysis::capacity::UnitsCurve| -> Vec<(u64, f64)> {
        curve.sizes.iter().map(|size| (size.units, size.rest_usd)).collect()
    };
    assert_eq!(costs(&free)[0], costs(&tight)[0]);
    // What runs longer gives back its reservation later, so a little more spills; nothing is lost.
    for ((units, rest), (_, other)) in costs(&free).into_iter().zip(costs(&tight)) {
        assert!(other >= 0.9 * rest - 1.0, "{units}: {rest}, {other}");
    }
}

/// A second with room for one serves (1 − e^−λ)/λ of Poisson arrivals; a bucket of one that fills once a second serves
/// 1/(1 + λ).
#[test]
fn a_window_and_a_bucket_serve_what_theory_says() {
    let served = |bucket: bool| {
        let own = format!(
            "  routes: {{test/flat: {{requests_per_minute: 60, enforced_over_s: 1, token_bucket: {bucket}}}}}\n"
        );
        let found = lived(&month(0.5, &own, FLAT), Lived::Some(60), 1);
        (found.routes[0].tally.share(found.routes[0].tally.served), found.routes[0].unserved_error.unwrap())
    };
    let (window, bucket) = (served(false), served(true));
    agree("window", window.0, window.1, (1.0 - (-0.5_f64).exp()) / 0.5, 0.0);
    agree("bucket", bucket.0, bucket.1, 1.0 / 1.5, 0.0);
    assert!(window.1 < 0.004 && bucket.1 < 0.004);
}

/// Whether a figure is within a share of another.
fn near(found: f64, wanted: f64, share: f64) -> bool {
    (found - wanted).abs() <= share * wanted.abs()
}

/// What units have no room for, and nothing else, is asked of their route's tokens, whatever limit is in force and
/// whatever clients do: a steady load of which units serve three tenths leaves seven tenths of it for a tier.
#[test]
fn the_required_tier_is_for_what_is_asked_of_the_tokens() {
    // 6 requests a second, 500 of input and 100 of output, which counts six times: 396,000 a minute.
    let text = "name: t\nstart: 2027-02\nmonths: 1\nworkloads:\n  w: {volume: {requests_per_day: 518_400}, prompt: 500, output: 100}\nroutes: [azure/gpt-5.4@datazone-us]\ncapacity:\n";
    let holds = |terms: &str, client: &str| {
        let route = format!("  client: {client}\n  routes:\n    azure/gpt-5.4@datazone-us: {terms}\n");
        lived(&format!("{text}{route}"), Lived::Some(40), 5).routes.remove(0)
    };
    let tier = |route: &RouteHolds| match &route.required_tier {
        RequiredTier::Tier(earned) => earned.name.parse::<u32>().unwrap(),
        other => panic!("{other:?}"),
    };
    let alone = holds("{}", "{}");
    assert!(near(alone.tally.loads[0].per_minute.mean(), 360.0, 0.02));
    // 50 units serve 120,000 of the 396,000.
    let beside = holds("{units: 50}", "{}");
    let asked = beside.units.as_ref().unwrap().beyond.as_ref().unwrap().per_minute.mean();
    assert!(near(asked, 360.0 * (1.0 - 120.0 / 396.0), 0.03), "{asked}");
    assert!(tier(&beside) < tier(&alone), "{beside:?} and {alone:?}");
    for client in ["{}", "{queue_s: 60}", "{retries: 3}"] {
        let bound = holds("{units: 50, requests_per_minute: 60}", client);
        assert!(bound.tally.unserved() > 0.3 * bound.tally.offered);
        assert_eq!(bound.required_tier, beside.required_tier, "{client}");
    }
    assert_eq!(holds("{units: 50, spill: false}", "{}").required_tier, RequiredTier::Unused);
}

/// Prompts that a route's window does not take are not asked of it.
#[test]
fn what_a_window_does_not_take_is_no_load() {
    let text = "name: t\nstart: 2027-02\nmonths: 1\nworkloads:\n  short: {volume: {requests_per_day: 86_400}, prompt: 200, output: 100}\n  long: {volume: {requests_per_day: 86_400}, prompt: 60_000, output: 100, over_window: reject}\nroutes: [{id: openai/gpt-5.4, longest_prompt: 10k}]\n";
    let found = lived(text, Lived::Some(40), 5);
    let tokens = found.routes[0].tally.load().tokens_per_minute.mean();
    assert!(near(tokens, 60.0 * 300.0, 0.05), "{tokens}");
}

/// What a route buys as batch waits in a queue, and asks nothing of its limits.
#[test]
fn what_is_bought_as_batch_is_apart() {
    let text = "name: t\nstart: 2027-02\nmonths: 1\nworkloads:\n  chat: {volume: {requests_per_day: 86_400}, prompt: 2000, output: 100}\n  night: {volume: {requests_per_day: 864_000}, prompt: 1000, output: 100}\nroutes: [{id: openai/gpt-5.4, workloads: {night: {tier: batch}}}]\ncapacity: {routes: {openai/gpt-5.4: {usage_tier: 3}}}\n";
    let found = lived(text, Lived::Some(40), 5);
    let route = &found.routes[0];
    assert!(near(route.tally.load().tokens_per_minute.mean(), 60.0 * 2_100.0, 0.05));
    assert_eq!(route.tally.unserved(), 0.0);
    let queue = route.batch_queue.as_ref().unwrap();
    for tokens in queue.tokens {
        assert!(near(tokens, 864_000.0 * 1_000.0, 1e-9), "{queue:?}");
    }
    // Tier 3 holds 100 million, tier 4 200 million, tier 5 fifteen thousand million.
    assert_eq!(queue.holds, Some((100_000_000, 1.0)));
    let RequiredTier::Tier(earned) = &queue.required_tier else { panic!("{queue:?}") };
    assert_eq!(earned.name, "5");
    // Ten times the requests on the limits of a route would not have held.
    let live = found.routes[0].required_tier.clone();
    assert!(matches!(&live, RequiredTier::Tier(earned) if earned.name == "1"), "{live:?}");
}

/// The queue of a steady batch holds a day of input, or as long as jobs take.
#[test]
fn a_batch_queue_holds_what_comes_while_jobs_take() {
    let text = |queue: &str| {
        format!(
            "name: t\nstart: 2027-02\nmonths: 1\nworkloads:\n  w: {{volume: {{requests_per_day: 2_400}}, prompt: {{lognormal: {{median: 1k, sigma: 1}}}}, output: 100}}\nroutes: [\"openai/gpt-5.4:batch\"]\ncapacity:\n  routes:\n    \"openai/gpt-5.4:batch\": {queue}\n"
        )
    };
    // 2,400 requests of e^{1/2} thousand tokens each.
    let day = 2_400.0 * 1_000.0 * 0.5_f64.exp();
    for (queue, wanted, tier) in
        [("{usage_tier: 1}", day, "3"), ("{batch_hours: 12, usage_tier: 1}", day / 2.0, "2")]
    {
        let found = lived(&text(queue), Lived::Some(20), 5);
        let route = &found.routes[0];
        let waits = route.batch_queue.as_ref().unwrap();
        for tokens in waits.tokens {
            // The window refuses what is beyond it, some 10⁻⁹ of the tokens.
            assert!(near(tokens, wanted, 1e-8), "{queue}: {waits:?} and {wanted}");
        }
        // Tier 1 holds 1.5 million, tier 2 three, tier 3 a hundred.
        assert_eq!(waits.holds, Some((1_500_000, 1.0)));
        // In every length of a job it takes what it holds.
        assert!(near(waits.taken.unwrap(), 1_500_000.0 / wanted, 1e-8), "{waits:?}");
        let RequiredTier::Tier(earned) = &route.required_tier else { panic!("{:?}", route.required_tier) };
        assert_eq!(earned.name, tier);
    }
    for (holds, above) in [(3_956_930, 1.0), (3_956_932, 0.0)] {
        let found = lived(&text(&format!("{{batch_queue_tokens: {holds}}}")), Lived::Some(20), 5);
        let waits = found.routes[0].batch_queue.as_ref().unwrap();
        assert_eq!(waits.holds, Some((holds, above)));
        assert!(waits.taken.is_some_and(|taken| if above > 0.0 { taken < 1.0 } else { taken == 1.0 }));
    }
    let unknown = lived(&text("{batch_hours: 6}"), Lived::Some(20), 5);
    assert_eq!(unknown.routes[0].batch_queue.as_ref().unwrap().taken, None);
}

/// What a what-if of units changes is what two forecasts differ by, and its parts add up.
#[test]
fn comparing_units_is_comparing_two_forecasts() {
    let text = |units: u64| {
        format!(
            "name: t\nstart: 2027-01\nmonths: 2\ntrials: 64\nroutes: [azure/gpt-5.4]\nworkloads: {{w: {{volume: {{requests_per_month: {{p10: 800k, p90: 2M}}, hours: office}}, prompt: 3000, output: 300}}}}\ncapacity: {{in_spend: true, routes: {{azure/gpt-5.4: {{units: {units}}}}}}}\nwhat_if: {{more: {{set: {{capacity.routes.azure/gpt-5.4.units: 60}}}}}}\n"
        )
    };
    let (_folder, path) = written(&text(30));
    let compared = json(&["compare", &path, "--quiet"]);
    let pair = &compared["comparisons"][0];
    let mean = |units: u64| {
        let (_folder, path) = written(&text(units));
        json(&["simulate", &path, "--quiet"])["routes"][0]["total"]["spend_usd"]["mean"].as_f64().unwrap()
    };
    let (few, many) = (mean(30), mean(60));
    let difference = pair["difference_usd"]["mean"].as_f64().unwrap();
    assert!(few != many && near(difference, few - many, 1e-6), "{difference}: {few} and {many}");
    let parts = pair["component_differences_usd"].as_object().unwrap();
    let sum: f64 = parts.values().map(|part| part["mean"].as_f64().unwrap()).sum();
    assert!(near(sum, difference, 1e-6), "{sum} and {difference}");
    // Thirty units for 59 days, by the hour: 1 USD each.
    assert!(near(parts["capacity"]["mean"].as_f64().unwrap(), -30.0 * 59.0 * 24.0, 1e-9), "{parts:?}");
}

/// A case with one more uncertain assumption has futures of its own order: capacity has to be that of the same ones.
#[test]
fn a_case_with_more_assumptions_is_what_its_forecast_is() {
    let text = |median: &str| {
        format!(
            "name: t\nstart: 2027-01\nmonths: 1\ntrials: 256\nroutes: [openai/gpt-5.4]\nworkloads:\n  a: {{volume: {{requests_per_month: 1k}}, prompt: {{lognormal: {{median: {median}, p95: 2500}}}}, output: 100}}\n  w: {{volume: {{requests_per_month: {{p10: 100k, p90: 4M}}}}, prompt: 1000, output: 100}}\ncapacity: {{in_spend: true, routes: {{openai/gpt-5.4: {{requests_per_minute: 10}}}}}}\nwhat_if: {{wide: {{set: {{workloads.a.prompt.lognormal.median: {{p10: 900, p90: 1200}}}}}}}}\n"
        )
    };
    let (_folder, path) = written(&text("1000"));
    let compared = json(&["compare", &path, "--quiet"]);
    let (_folder, path) = written(&text("{p10: 900, p90: 1200}"));
    let alone = json(&["simulate", &path, "--quiet"]);
    let alone = alone["routes"][0]["total"]["spend_usd"]["mean"].as_f64().unwrap();
    let case = compared["comparisons"][0]["b_spend_usd"]["mean"].as_f64().unwrap();
    // Other points for the same laws: the volume alone moves the mean by a few percent.
    assert!(near(case, alone, 0.05), "{case} and {alone}");
    let pair = &compared["comparisons"][0]["difference_usd"];
    let scatter = pair["sd"].as_f64().unwrap();
    assert!(scatter < 0.01 * case, "{pair}");
}

#[test]
fn a_queue_delays_and_then_abandons() {
    let own = |queue: u32| {
        format!(
            "  client: {{queue_s: {queue}}}\n  routes: {{test/flat: {{requests_per_minute: 60, enforced_over_s: 1}}}}\n"
        )
    };
    let at = |rate: f64, queue: u32| {
        lived(&month(rate, &own(queue), FLAT), Lived::Some(40), 1).routes.swap_remove(0).tally
    };
    // Room for one a second is enough for one in two: all wait a little, and none in vain.
    let calm = at(0.5, 30);
    assert_eq!(calm.unserved(), 0.0);
    assert!(calm.share(calm.delayed) > 0.2 && calm.wait_ms.quantile(0.99) < 6_000);
    // Three in two are too many: one a second is served, after nearly as long as anybody waits.
    let busy = at(1.5, 30);
    assert_eq!(busy.rejected(), 0.0);
    assert!((busy.share(busy.abandoned) - 1.0 / 3.0).abs() < 0.02, "{}", busy.share(busy.abandoned));
    let median = busy.wait_ms.quantile(0.5);
    assert!((25_000..=30_500).contains(&median), "{median}");
    // Without a queue the same limit refuses at once.
    let none = at(1.5, 0);
    assert_eq!((none.abandoned, none.delayed), (0.0, 0.0));
    assert!((none.share(none.served) - (1.0 - (-1.5_f64).exp()) / 1.5).abs() < 0.01);
}

/// Erlang's B: two at once, one erlang offered, a fifth refused.
#[test]
fn a_cap_on_requests_at_once_is_erlangs() {
    let own = "  routes: {test/flat: {concurrency: 2, latency: {first_token_s: 2, tokens_per_s: 1M}}}\n";
    let found = lived(&month(0.5, own, FLAT), Lived::Some(60), 1);
    let route = &found.routes[0];
    agree("refused", route.tally.share(route.tally.refused), route.unserved_error.unwrap(), 0.2, 0.0);
    assert_eq!(route.tally.running.max(), 2);
    // 0.8 of one erlang is carried.
    assert!((route.tally.running.mean() - 0.8).abs() < 0.01, "{}", route.tally.running.mean());
}

#[test]
fn a_chain_serves_what_its_first_route_refuses() {
    let own = "  routes: {test/flat: {requests_per_minute: 60, enforced_over_s: 1, fall_back: [dear]}}\n";
    let text = month(0.5, own, "[test/flat, {id: test/flat, label: dear, discount: -50%}]");
    let text = text.replace("discount: -50%", "token_factor: 2");
    let found = lived(&text, Lived::Some(60), 1);
    let route = &found.routes[0];
    let first = (1.0 - (-0.5_f64).exp()) / 0.5;
    assert_eq!(route.tally.served, route.tally.offered);
    agree(
        "spilled",
        route.tally.share(route.tally.spilled()),
        route.spilled_error.unwrap(),
        1.0 - first,
        0.0,
    );
    // 500 in and 100 out cost 0.0015 USD, and twice that where tokens count twice.
    let each = |usd: f64, served: f64| usd / served;
    assert!((each(route.cost.tokens, route.tally.served_by[0]) - 0.001_5).abs() < 1e-12);
    assert!((each(route.cost.fall_back, route.tally.served_by[1]) - 0.003).abs() < 1e-12);
}

/// Units take prompts of up to 128,000 tokens; longer ones go to the route's own tokens, and are no load of the units.
/// What fails at one route is asked of the next at once: with a healthy one behind it nothing is lost.
#[test]
fn errors_fall_back() {
    for (errors, wanted) in [(1.0, 1.0), (0.5, 0.5)] {
        let terms = format!(
            "  routes:\n    test/flat: {{fall_back: [other], latency: {{first_token_s: 1, tokens_per_s: 50, error_share: {errors}}}}}\n"
        );
        let found =
            lived(&month(0.5, &terms, "[test/flat, {id: test/flat, label: other}]"), Lived::Some(40), 5);
        let tally = &found.routes[0].tally;
        assert_eq!(tally.unserved(), 0.0);
        assert!((tally.share(tally.spilled()) - wanted).abs() < 0.01, "{errors}: {}", tally.spilled());
    }
}

/// OpenAI counts the larger of max_tokens and the estimate; others count prompt and max_tokens.
#[test]
fn tokens_are_counted_as_the_provider_does() {
    // 60 requests a minute of 3,000 + 250 tokens that reserve 4,000: 240,000 or 420,000 a minute.
    let refused = |route: &str| {
        let text = format!(
            "name: t\nstart: 2027-01\nmonths: 1\nworkloads: {{a: {{volume: {{requests_per_day: 86_400}}, prompt: 3000, output: 250}}}}\nroutes: [{route}]\ncapacity: {{max_tokens: 4k, routes: {{{route}: {{tokens_per_minute: 336k}}}}}}\n"
        );
        let found = lived(&text, Lived::Some(60), 5);
        found.routes[0].tally.share(found.routes[0].tally.refused)
    };
    // 84 of 4,000 fit: three standard deviations above 60; 48 of 7,000 do.
    assert!(refused("openai/gpt-5.4") < 0.005, "{}", refused("openai/gpt-5.4"));
    assert!((refused("azure/gpt-5.4") - 0.2).abs() < 0.02, "{}", refused("azure/gpt-5.4"));
}

/// A route whose limit lets a third through is not called the cheapest, and its tokens cost what they cost.
#[test]
fn what_a_limit_refuses_is_no_saving() {
    let text = |volume: &str| {
        format!(
            "name: t\nstart: 2027-01\nmonths: 1\ntrials: 64\nworkloads: {{a: {{volume: {{requests_per_month: {volume}}}, prompt: 3000, output: 250}}}}\nroutes: [openai/gpt-5.4, azure/gpt-5.4]\ncapacity: {{in_spend: true, routes: {{openai/gpt-5.4: {{requests_per_minute: 15, enforced_over_s: 60}}}}}}\n"
        )
    };
    let (_folder, path) = written(&text("2M"));
    let answer = json(&["simulate", &path, "--quiet"]);
    let limited = &answer["routes"][0]["total"];
    let figure = |key: &str| limited[key].as_f64().unwrap();
    // A month of 31 days has more than the mean month of 30.44.
    let wanted = 1.0 - 15.0 * 44_640.0 / (2e6 * 31.0 / 30.436_875);
    assert!(near(figure("unserved_request_share"), wanted, 0.005), "{limited}");
    assert!(near(limited["effective_usd_per_mtok"]["input"].as_f64().unwrap(), 2.5, 1e-3), "{limited}");
    assert!(near(limited["effective_usd_per_mtok"]["output"].as_f64().unwrap(), 15.0, 1e-3), "{limited}");
    let told = String::from_utf8(tollcast(&["simulate", &path, "--quiet"]).stdout).unwrap();
    assert!(told.contains("openai/gpt-5.4 refuses 67.") && told.contains("for want of capacity"), "{told}");
    assert!(!told.contains("openai/gpt-5.4 costs least"), "{told}");
    // Too many requests to be lived through are the file's mistake.
    let (_folder, path) = written(&text("1e12"));
    assert!(refused(&["simulate", &path, "--quiet"]).contains("in_spend"));
}

/// Goals are for routes; the capacity of the others is no obstacle.
#[test]
fn a_goal_is_found_in_a_scenario_with_capacity() {
    let output = tollcast(&[
        "optimize",
        "scenarios/capacity.yaml",
        "-q",
        "--trials",
        "64",
        "--solve",
        "workloads.assistant.volume.requests_per_month",
        "--times",
        "--until",
        "p90 of openai/gpt-5.4 below 250k",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A what-if reaches the capacity of a route that the file does not mention yet, whatever dots its name has.
#[test]
fn a_what_if_gives_a_route_its_first_limit() {
    let text = "name: t\nstart: 2027-01\nmonths: 1\ntrials: 64\nworkloads: {a: {volume: {requests_per_month: 2M}, prompt: 3000, output: 250}}\nroutes: [openai/gpt-5.4]\ncapacity: {in_spend: true}\nwhat_if: {tight: {set: {capacity.routes.openai/gpt-5.4.requests_per_minute: 20}}}\n";
    let (_folder, path) = written(text);
    let compared = json(&["compare", &path, "--quiet"]);
    let of = |key: &str| compared["comparisons"][0][key]["mean"].as_f64().unwrap();
    // Counted by the second, 20 a minute are one in three seconds: (1 − e^−λ)/λ of λ = 3 · 2 million/31 days.
    let lambda = 3.0 * 2e6 / (31.0 * 86_400.0_f64);
    let wanted = of("a_spend_usd") * (1.0 - (-lambda).exp()) / lambda;
    assert!(near(of("b_spend_usd"), wanted, 0.03), "{} and {wanted}", of("b_spend_usd"));
}

/// What a scenario adds to the capacity of one that it extends leaves the rest of it.
#[test]
fn capacity_is_extended_key_by_key() {
    let terms = "  client: {retries: 3}\n  routes: {openai/gpt-5.4: {requests_per_minute: 6}}\n";
    let (folder, _) = written(&month(0.5, terms, "[openai/gpt-5.4]"));
    let path = folder.path().join("more.yaml");
    std::fs::write(&path, "extends: s.yaml\ncapacity: {client: {backoff_s: 2}}\n").unwrap();
    let output = tollcast(&["capacity", path.to_str().unwrap(), "--hours", "20"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("3 retries after 2 s") && told.contains("loses"), "{told}");
}

#[test]
fn prompts_too_long_for_units_go_to_tokens() {
    let with = |prompt: u64| {
        let text = format!(
            "name: t\nstart: 2027-02\nmonths: 1\nworkloads: {{w: {{volume: {{requests_per_day: 200}}, prompt: {prompt}, output: 10}}}}\nroutes: [azure/gpt-5.4]\ncapacity: {{routes: {{azure/gpt-5.4: {{units: 100_000, term: 1 month}}}}}}\n"
        );
        lived(&text, Lived::All, 1).routes.swap_remove(0)
    };
    let (short, long) = (with(128_000), with(128_001));
    assert_eq!((short.tally.served_by[0], short.tally.spilled()), (short.tally.offered, 0.0));
    assert_eq!((long.tally.served_by[0], long.tally.served_by[1]), (0.0, long.tally.offered));
    assert!(short.tally.weighted > 0.0 && long.tally.weighted == 0.0);
    assert_eq!(short.cost.tokens, 0.0);
    // 128,001 at 2.50 and 10 at 15 USD a million.
    assert!((long.cost.tokens / long.tally.offered - 0.320_152_5).abs() < 1e-9);
}

/// OpenAI publishes limits of gpt-5.5 for prompts above 272,000 tokens alone.
#[test]
fn limits_of_long_prompts_concern_long_prompts() {
    let with = |prompt: u64| {
        let text = format!(
            "name: t\nstart: 2027-02\nmonths: 1\nworkloads: {{w: {{volume: {{requests_per_day: 20k}}, prompt: {prompt}, output: 10}}}}\nroutes: [openai/gpt-5.5]\ncapacity: {{routes: {{openai/gpt-5.5: {{usage_tier: 1}}}}}}\n"
        );
        lived(&text, Lived::Some(20), 1).routes.swap_remove(0)
    };
    let (short, long) = (with(272_000), with(272_001));
    assert_eq!(short.tally.refused, 0.0);
    // 400,000 tokens a minute are one such prompt of 13.9: (1 − e^−λ)/λ are served, as every minute serves its first.
    let rate = 20_000.0 / 1_440.0;
    let wanted = (1.0 - f64::exp(-rate)) / rate;
    let served = long.tally.share(long.tally.served);
    agree("long prompts", served, long.unserved_error.unwrap(), wanted, 0.0);
    assert_eq!(long.required_tier, RequiredTier::Unpublished);
}

#[test]
fn a_mistake_on_the_command_line_has_a_remedy() {
    let ptu = |model: &str, rest: &[&str]| refused(&[&["capacity", "--ptu", model], rest].concat());
    let load = ["--rpm", "10", "--input", "1k", "--output", "100"];
    let (_folder, path) = written(TWO_ROUTES);
    for (message, parts) in [
        (ptu("gpt-9@global", &load), &["gpt-9", "gpt-5"][..]),
        (ptu("gpt-5.4@mars", &load), &["mars", "global"]),
        (ptu("openai/gpt-5.4@global", &load), &["no provisioned units are sold", "prices show"]),
        (ptu("gpt-5.4@global", &["--input", "1k", "--output", "100"]), &["--rpm"]),
        (
            ptu("gpt-5.4@global", &["--rpm", "10", "--input", "128_001", "--output", "100"]),
            &["128001", "128000", "by the token"],
        ),
        (ptu("gpt-5.4@global", &[&load[..], &["--cached", "120%"]].concat()), &["--cached", "0% to 100%"]),
        (
            ptu("gpt-5.4@global", &["--rpm", "1.5", "--input", "1k", "--output", "100"]),
            &["--rpm", "whole number"],
        ),
        (
            ptu("gpt-5.4@global", &["--rpm", "0", "--input", "1k", "--output", "100"]),
            &["--rpm", "at least 1"],
        ),
        (refused(&["capacity", &path, "--hours", "5"]), &["--hours", "20 to 100000 hours, or all"]),
        (refused(&["capacity", &path, "--format", "csv"]), &["CSV", "json, markdown or table"]),
        (refused(&["capacity"]), &["SCENARIO"]),
        (refused(&["capacity", &path, "--rpm", "10"]), &["--ptu"]),
    ] {
        for part in parts {
            assert!(message.contains(part), "no {part} in: {message}");
        }
    }
}

/// What nobody means and somebody writes: an answer or a message, never a panic, and never NaN.
#[test]
fn what_nobody_means_has_an_answer_too() {
    let with = |volume: &str, more: &str, months: u32, capacity: &str| {
        format!(
            "name: t\nstart: 2027-01\nmonths: {months}\nworkloads:\n  w: {{volume: {volume}, {more}}}\nroutes: [azure/gpt-5.4]\ncapacity:\n{capacity}"
        )
    };
    let plain = "prompt: 1000, output: 100";
    let units = "  routes: {azure/gpt-5.4: {units: 15}}\n";
    let slow = "  routes: {azure/gpt-5.4: {latency: {first_token_s: 86_400, tokens_per_s: 0.1}}}\n";
    let queue =
        "  client: {queue_s: 86_400, retries: 20}\n  routes: {azure/gpt-5.4: {requests_per_minute: 1}}\n";
    let failing = "  client: {retries: 20, backoff_s: 0, longest_backoff_s: 0}\n  routes: {azure/gpt-5.4: {latency: {first_token_s: 0, tokens_per_s: 1, error_share: 100%}, failed_attempts: input}}\n";
    let tiny = "  routes: {azure/gpt-5.4: {requests_per_minute: 0.000001, tokens_per_minute: 0.001, token_bucket: true}}\n";
    let bursts =
        "arrivals: {bursts: {hour: {quiet: 99.9%, cv: 4}, minute: 2.9, second: {quiet: 99.9%, cv: 2.9}}}";
    let few = "{requests_per_day: 500}";
    for (name, text) in [
        ("no volume", with("{requests_per_month: 0}", plain, 2, units)),
        ("one request a month", with("{requests_per_month: 1}", &format!("{plain}, {bursts}"), 12, units)),
        ("ten years", with("{requests_per_month: 300}", plain, 120, units)),
        ("a token of output", with(few, "prompt: 1000, output: 1", 1, units)),
        (
            "only thoughts",
            with(few, "prompt: 1, output: 1, reasoning: {share_of_requests: 100%, tokens: 90k}", 1, units),
        ),
        ("no gaps", with(few, &format!("{plain}, sessions: {{turns: 50, gap_s: 0}}"), 1, units)),
        ("gaps of a week", with(few, &format!("{plain}, sessions: {{turns: 50, gap_s: 600k}}"), 1, units)),
        ("a day to answer", with(few, plain, 1, slow)),
        ("a day's queue", with("{requests_per_day: 5k}", plain, 1, queue)),
        ("all fails", with(few, plain, 1, failing)),
        ("hardly a limit", with(few, plain, 1, tiny)),
        (
            "nobody is heard",
            with(
                few,
                &format!("{plain}, arrivals: {{clients: {{count: 100k, cv: 100, gaps: weibull}}}}"),
                1,
                units,
            ),
        ),
        (
            "one regular client",
            with(few, &format!("{plain}, arrivals: {{clients: {{count: 1, cv: 0}}}}"), 1, units),
        ),
    ] {
        let (_folder, path) = written(&text);
        for hours in ["20", "all"] {
            let output = tollcast(&["capacity", &path, "--hours", hours]);
            let (out, message) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let answered = matches!(output.status.code(), Some(0 | 2)) && !message.contains("panicked");
            assert!(answered, "{name}, {hours}: {message}");
            assert!(!out.contains("NaN") && !out.contains("inf"), "{name}, {hours}: {out}");
        }
    }
    // As many routes as anybody compares, and the longest chain.
    let many: Vec<String> = (0..60).map(|at| format!("{{id: test/flat, label: r{at}}}")).collect();
    let text = month(
        0.1,
        "  routes: {r0: {requests_per_minute: 1, fall_back: [r1, r2, r3, r4, r5, r6, r7, r8]}}\n",
        &format!("[{}]", many.join(", ")),
    );
    let found = lived(&text, Lived::Some(20), 1);
    assert_eq!((found.routes.len(), found.routes[0].chain.len()), (60, 9));
    assert_eq!(found.routes[0].tally.unserved(), 0.0);
    let (_folder, path) = written(&with("{requests_per_day: 24_000M}", plain, 1, units));
    assert!(refused(&["capacity", &path]).contains("cannot be lived through one by one"));
    let (_folder, path) = written(&with("{requests_per_day: 100M}", plain, 1, units));
    let message = refused(&["capacity", &path, "--hours", "all"]);
    assert!(message.contains("requests would have to be lived through") && message.contains("--hours"));
}
