//! What moves the answer, against closed forms and against scenarios that say the same by hand.

use serde_json::Value as Json;

use super::support::{self, run, tollcast, totals};
use tollcast::analysis::{Driver, Figure, RouteSensitivity, Sensitivity, Summary, sensitivity};
use tollcast::engine::{Estimator, Options, Sampler};

fn studied(scenario: &str, trials: u32) -> Sensitivity {
    let scenario = support::scenario(scenario);
    let options =
        Options { seed: 3, trials, threads: 0, estimator: Estimator::Fast, sampler: Sampler::Sobol };
    sensitivity(&scenario, options, 0.1, &|_| true).unwrap()
}

fn index(route: &RouteSensitivity, name: &str) -> tollcast::analysis::Indices {
    route.indices.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("{name}")).1
}

fn close(what: &str, found: tollcast::analysis::Index, wanted: f64) {
    let error = found.error.unwrap();
    // Eight parts know their error to a quarter; evenly spread points make them smaller than that of the whole.
    assert!((found.value - wanted).abs() < 5.0 * error + 1e-4, "{what}: {found:?} against {wanted}");
    assert!(error < 0.03, "{what}: {found:?}");
}

/// Two workloads of a million expensive or cheap requests, each uniform ± a half: spend is 2 V₁ + 1 V₂ (in thousands
/// of USD a million), so the first has 4/5 of the variance, alone and in all.
#[test]
fn indices_of_a_linear_bill_are_its_squared_weights() {
    let text = "
name: linear
start: 2027-01
months: 1
workloads:
  a: {volume: {requests_per_month: {low: 50M, high: 150M}}, prompt: 1000, output: 100}
  b: {volume: {requests_per_month: {low: 50M, high: 150M}}, prompt: 500, output: 50}
routes: [test/flat]
";
    let found = studied(text, 4096);
    let route = &found.routes[0];
    for (workload, wanted) in [("a", 0.8), ("b", 0.2)] {
        let index = index(route, &format!("workloads.{workload}.volume.requests_per_month"));
        close(workload, index.first, wanted);
        close(workload, index.total, wanted);
    }
    assert!(route.layers.assumptions > 0.999 && route.layers.paths < 1e-6, "{:?}", route.layers);
}

const SIGMA: [f64; 2] = [0.3, 0.2];

/// Volume times prompt length, both lognormal, at a price of input alone (the answer is one token of a million).
fn product() -> String {
    let z = 1.281_551_565_544_8;
    let range = |median: f64, sigma: f64| {
        format!("{{p10: {}, p90: {}}}", median * (-z * sigma).exp(), median * (z * sigma).exp())
    };
    format!(
        "
name: product
start: 2027-01
months: 1
workloads:
  a:
    volume: {{requests_per_month: {}}}
    prompt: {{lognormal: {{median: 100k, p95: 200k, scale: {}}}}}
    output: 1
routes: [test/flat]
",
        range(1e8, SIGMA[0]),
        range(1.0, SIGMA[1])
    )
}

/// V = exp(0.3 z₁ + 0.2 z₂): S₁ = (e^{σ₁²} − 1)/(e^{σ₁² + σ₂²} − 1) and T₁ = 1 − (e^{σ₂²} − 1)/(e^{σ₁² + σ₂²} − 1); with
/// the first one at its P90 the median is that of the rest times e^{1.2816 σ₁}, and the mean is that of the rest.
#[test]
fn tornado_and_indices_of_a_lognormal_product_are_its_closed_forms() {
    let found = studied(&product(), 4096);
    let route = &found.routes[0];
    let growth = |square: f64| square.exp() - 1.0;
    let squares = SIGMA.map(|sigma| sigma * sigma);
    let all = growth(squares[0] + squares[1]);
    let names = ["workloads.a.volume.requests_per_month", "workloads.a.prompt.scale"];
    let (median, mean) = (route.spend.p50, route.spend.mean);
    for (at, name) in names.into_iter().enumerate() {
        let index = index(route, name);
        close(name, index.first, growth(squares[at]) / all);
        close(name, index.total, 1.0 - growth(squares[1 - at]) / all);
        let swing = route.tornado.iter().find(|swing| swing.name == name).unwrap();
        for (end, sign) in [(0, -1.0), (1, 1.0)] {
            let factor = (sign * 1.281_551_565_544_8 * SIGMA[at]).exp();
            let changed = |figure: Figure, usual: f64| swing.change(figure)[end] / usual + 1.0;
            assert!(
                (changed(Figure::P50, median) / factor - 1.0).abs() < 2e-3,
                "{name}: median {}",
                changed(Figure::P50, median)
            );
            // E[V] = e^{σ₁²/2} E[rest], and the mean at the end is factor · E[rest].
            let wanted = factor * (-0.5 * squares[at]).exp();
            assert!(
                (changed(Figure::Mean, mean) / wanted - 1.0).abs() < 2e-3,
                "{name}: mean {}",
                changed(Figure::Mean, mean)
            );
        }
    }
    let widest: Vec<&str> = route.tornado.iter().map(|swing| swing.name.as_str()).take(2).collect();
    assert_eq!(widest, names);
}

const LAYERED: &str = "
name: layered
start: 2027-01
months: 3
workloads:
  chat:
    volume: {requests_per_month: {p10: 800, p90: 1_500}, daily_cv: 60%, drift_sd: 10%}
    prompt: {lognormal: {median: 600, p95: 4k}}
    output: {lognormal: {median: 100, p95: 900}}
    sessions: {turns: {lognormal: {median: 4, p95: 30}}}
    cache: {hit_rate: 40%}
routes: [test/flat, {id: test/flat, label: dear, discount: {low: 0%, high: 20%}}]
";

/// The layers' standard deviation is that of trials that nobody took apart, random ones and twice as many.
#[test]
fn layers_add_up_to_the_variance_of_spend() {
    let found = studied(LAYERED, 4096);
    let simulation = run(&support::scenario(LAYERED), Estimator::Fast, 8192, 9);
    for (at, route) in found.routes.iter().enumerate() {
        let layers = &route.layers;
        let shares = [layers.assumptions, layers.paths, layers.clusters, layers.requests];
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shares:?}");
        assert!(shares.iter().all(|share| *share > 0.01), "every layer has a share: {shares:?}");
        let plain = Summary::of(&totals(&simulation, at));
        let error = plain.standard_error.sd.unwrap();
        // The study's own error is no larger than that of as many random trials, √2 of this one.
        assert!(
            (layers.sd - plain.sd).abs() < 5.0 * error * 3_f64.sqrt(),
            "{} against {} ± {error}",
            layers.sd,
            plain.sd
        );
    }
    // Without sessions nothing is clustered, and the others keep their variance.
    let alone =
        studied(&LAYERED.replace("    sessions: {turns: {lognormal: {median: 4, p95: 30}}}\n", ""), 1024);
    assert_eq!(alone.routes[0].layers.clusters, 0.0);
}

/// A price that is a tenth higher in the price file costs what the swing says; the discount of one route is no driver
/// of another.
#[test]
fn price_swings_are_what_the_price_file_would_make_of_them() {
    let found = studied(LAYERED, 512);
    let text = LAYERED.replace("test/flat", "test/banded");
    let banded = studied(&text, 512);
    for (route, text) in [(&found.routes[0], LAYERED), (&banded.routes[0], &text)] {
        for (name, component) in [("price of input", "input"), ("price of output", "output")] {
            let swing = route.tornado.iter().find(|swing| swing.name == name).unwrap();
            assert_eq!(swing.driver, Driver::Price);
            let tree =
                tollcast::workload::assemble(&support::source("s.yaml", text), &|_, _| Err(String::new()))
                    .unwrap();
            let route_name = if text.contains("banded") { "test/banded" } else { "test/flat" };
            let pair = format!("prices.{route_name}.{component}={{times: 1.1}}");
            let case = tollcast::workload::Case::of_pairs(&[pair]).unwrap();
            let dearer = case.scenario(&tree, &support::catalogue()).unwrap();
            let options = Options {
                seed: 3,
                trials: 512,
                threads: 0,
                estimator: Estimator::Fast,
                sampler: Sampler::Sobol,
            };
            let by_hand = sensitivity(&dearer, options, 0.1, &|_| true).unwrap();
            let wanted = by_hand.routes[0].spend.mean - route.spend.mean;
            let mean = swing.change(Figure::Mean)[1];
            // Few requests are drawn one by one; what is expected of them is not: the swing is of the latter.
            assert!((mean / wanted - 1.0).abs() < 1e-3, "{name} at {route_name}: {mean} against {wanted}");
        }
    }
    let others =
        |route: &RouteSensitivity| route.tornado.iter().any(|swing| swing.name == "routes.dear.discount");
    assert_eq!([others(&found.routes[0]), others(&found.routes[1])], [false, true]);
}

/// In the worst futures the inputs that make a bill large are large.
#[test]
fn the_worst_futures_have_the_inputs_that_make_bills_large() {
    let route = &studied(&product(), 4096).routes[0];
    let shift = |name: &str| route.worst.iter().find(|input| input.name == name).unwrap().shift;
    // Of the worst 5 % of a normal sum the score is 2.063 on average, of which each part has its share σᵢ/σ. The
    // values are exponentials of theirs, so the shift in standard deviations of the value is a little more.
    let sigma = SIGMA[0].hypot(SIGMA[1]);
    for (name, own) in
        [("workloads.a.volume.requests_per_month", SIGMA[0]), ("workloads.a.prompt.scale", SIGMA[1])]
    {
        let score = 2.063 * own / sigma;
        assert!(shift(name) > score && shift(name) < 1.3 * score, "{name}: {} against {score}", shift(name));
    }
}

/// Correlated discounts of two routes are one input of both, and a route whose label begins with another's keeps its
/// own.
#[test]
fn drivers_belong_to_the_routes_that_they_change() {
    let found = studied(
        "
name: discounts
start: 2027-01
months: 1
workloads:
  a: {volume: {requests_per_month: {low: 50M, high: 150M}}, prompt: 1000, output: 100}
routes:
  - {id: test/flat, label: one, discount: {low: 0%, high: 30%}}
  - {id: test/flat, label: one.two, discount: {low: 0%, high: 20%}}
correlations:
  - {a: routes.one.discount, b: routes.one.two.discount, rank: 0.5}
",
        256,
    );
    for route in &found.routes {
        let own = format!("routes.{}.discount", route.label);
        let swings: Vec<&str> = route.tornado.iter().map(|swing| swing.name.as_str()).collect();
        let discounts: Vec<&&str> = swings.iter().filter(|name| name.starts_with("routes.")).collect();
        assert_eq!(discounts, [&own.as_str()]);
        let swing = route.tornado.iter().find(|swing| swing.name == own).unwrap();
        assert_eq!(swing.driver, Driver::Price);
        let worst: Vec<&str> = route.worst.iter().map(|input| input.name.as_str()).collect();
        assert!(
            worst.contains(&own.as_str())
                && !worst.iter().any(|name| name.starts_with("routes.") && *name != own)
        );
        let together = route.indices.iter().find(|(name, _)| name.ends_with("(correlated)"));
        assert!(together.is_some_and(|(_, index)| index.total.value > 0.01), "{:?}", route.indices);
    }
}

#[test]
fn nothing_uncertain_is_an_answer_and_bad_usage_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.yaml");
    std::fs::write(&path, "name: known\nstart: 2027-01\nmonths: 2\nworkloads:\n  chat: {volume: {requests_per_month: 1M}, prompt: 1000, output: 100}\nroutes: [openai/gpt-5.4]\n").unwrap();
    let path = path.to_str().unwrap();
    let output = tollcast(&["sensitivity", path, "--format", "json", "-q"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json: Json = serde_json::from_slice(&output.stdout).unwrap();
    let route = &json["routes"][0];
    assert!(route["tornado"].as_array().unwrap().iter().all(|swing| swing["is_price"] == true), "{route:#}");
    let refused = |arguments: &[&str], wanted: &str| {
        let output = tollcast(&[&["sensitivity", path], arguments].concat());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && message.contains(wanted), "{arguments:?}: {message}");
    };
    refused(&["--route", "openai/gpt-5.5"], "did you mean openai/gpt-5.4");
    refused(&["--price-change", "0"], "above 0");
    refused(&["--format", "csv"], "no CSV form");
    refused(&["--estimator", "exact"], "leave --estimator out");
}
