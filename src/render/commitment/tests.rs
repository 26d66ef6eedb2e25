//! Answers in words against the figures that they are of.

use super::{commitment_json, row, words};
use crate::analysis::{Choice, OfferAnalysis, commitments};
use crate::engine::{Estimator, Options, Sampler, simulate};
use crate::render::report::Manifest;
use crate::workload::ContractOffer;

/// The answer for two levels that read the same when rounded, on bills of 1,000 to 2,000 USD, evenly spread.
///
/// At 1,104 USD and 20.1 % a bill below 1,375 USD costs 4 USD more than at 1,100 USD and 20 %, one above 1,382 USD a
/// thousandth less: 0.375 · 4 > 0.001 · 1,045 in the mean, and less at P90.
fn close_levels() -> OfferAnalysis {
    let scenario = crate::engine::fixtures::scenario(
        "name: t\nstart: 2027-01\nmonths: 1\nroutes: [openai/gpt-5.4]\nworkloads:\n  w: {volume: {requests_per_month: 1k}, prompt: 1000, output: 100}\ncommitments:\n  offer: {route: openai/gpt-5.4, minimum_spend: {per: month, levels: [{amount: 1_100, discount: 20%}, {amount: 1_104, discount: 20.1%}]}}\n",
    );
    let options =
        Options { seed: 1, trials: 64, threads: 1, estimator: Estimator::Fast, sampler: Sampler::Sobol };
    let mut simulation = simulate(&scenario, &[], &options, &|_| true).unwrap();
    for (at, usd) in simulation.routes[0].spend.iter_mut().enumerate() {
        *usd = 1_000.0 + 1_000.0 * (at as f64 + 0.5) / 64.0;
    }
    let offers: Vec<&ContractOffer> = scenario.commitments.iter().collect();
    commitments(&scenario, &simulation, &options, &offers).unwrap().remove(0)
}

#[test]
fn choices_that_round_to_one_label_stay_two_choices() {
    let offer = close_levels();
    let taken = |amount| Choice::Take { line: 0, amount };
    assert_eq!((offer.best_mean.choice, offer.best_p90.choice), (taken(1_100.0), taken(1_104.0)));
    let rows: Vec<String> = offer.shown.iter().map(|judged| row(&offer, judged)[0].clone()).collect();
    assert_eq!(rows, ["nothing", "$1,100 a month ◆", "$1,104 a month ●"]);
    let answer = words::answer(&offer, "1 month");
    assert!(answer[0].starts_with("offer: Commit $1,100 a month."), "{answer:?}");
    assert!(answer[1].starts_with("Lowest P90: committing $1,104 a month: "), "{answer:?}");
    assert!(answer[4].contains(" with $1,100 a month; ") && answer[4].contains(" with $1,104 a month; "));
}

fn manifest() -> Manifest {
    Manifest {
        tool_version: String::new(),
        seed: 1,
        trials: 64,
        estimator: "fast".to_owned(),
        scenario_sha256: String::new(),
        pricing_sha256: String::new(),
        command: String::new(),
    }
}

#[test]
fn json_says_of_both_what_the_table_says() {
    let report = super::CommitmentReport {
        title: String::new(),
        question: None,
        horizon: "1 month".to_owned(),
        manifest: manifest(),
        offers: vec![close_levels()],
    };
    let json: serde_json::Value = serde_json::from_str(&commitment_json(&report).unwrap()).unwrap();
    let offer = &json["commitments"][0];
    assert_eq!(offer["lowest_mean"]["commit"], "$1,100 a month");
    assert_eq!(offer["lowest_p90"]["commit"], "$1,104 a month");
    assert_eq!(offer["amount_unit"], "USD a month");
}
