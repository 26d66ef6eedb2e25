//! Is the main job fast enough to be run on a whim, and where does its time go?
//!
//! The article scenario has nine routes, twelve months and about a million requests a month. Throughput is
//! in trials; 10,000 of them are the shipped default. `cargo bench`.

#![expect(clippy::expect_used, reason = "a bench that cannot read its own fixtures should stop")]

use std::path::Path;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use tollcast::analysis::analyse;
use tollcast::catalogue::{Catalogue, shipped};
use tollcast::domain::problem::Source;
use tollcast::engine::{Estimator, Options, Sampler, simulate};
use tollcast::workload::{Scenario, assemble};

fn main() {
    divan::main();
}

fn catalogue() -> Catalogue {
    Catalogue::read(&shipped(), &[]).expect("the shipped price files are right")
}

fn scenario(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    let text = std::fs::read_to_string(&path).expect("the scenario is there");
    let source = Arc::new(Source::new(name, text));
    let none = |_: &str, _: &str| Err("no scenario here extends another".to_owned());
    let assembled = assemble(&source, &none).expect("the scenario is right");
    Scenario::read(&assembled, &catalogue()).expect("the scenario is right")
}

/// The job that the product is timed on, from a checked scenario to every quantile with its error: all, and
/// the trials alone, on all cores and on one.
#[divan::bench(args = [0, 1])]
fn headline(bencher: Bencher, threads: usize) {
    let scenario = scenario("benchmark-headline.yaml");
    let options =
        Options { seed: 1, trials: 1_024, threads, estimator: Estimator::Fast, sampler: Sampler::Sobol };
    bencher.counter(ItemsCount::new(options.trials)).bench(|| {
        let simulation = simulate(black_box(&scenario), &[], &options, &|_| true).expect("threads");
        analyse(&scenario, &simulation)
    });
}

#[divan::bench]
fn headline_setup(bencher: Bencher) {
    let scenario = scenario("benchmark-headline.yaml");
    let options =
        Options { seed: 1, trials: 1, threads: 0, estimator: Estimator::Fast, sampler: Sampler::Sobol };
    bencher.bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}

#[divan::bench(args = [0, 1])]
fn headline_trials(bencher: Bencher, threads: usize) {
    let scenario = scenario("benchmark-headline.yaml");
    let options =
        Options { seed: 1, trials: 1_024, threads, estimator: Estimator::Fast, sampler: Sampler::Sobol };
    bencher
        .counter(ItemsCount::new(options.trials))
        .bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}

/// Trials of the main job on all cores and on one: does the second core pay?
#[divan::bench(args = [0, 1], sample_count = 5)]
fn article_trials(bencher: Bencher, threads: usize) {
    let scenario = scenario("gpt-5.4-article.yaml");
    let options =
        Options { seed: 1, trials: 2_000, threads, estimator: Estimator::Fast, sampler: Sampler::Sobol };
    bencher
        .counter(ItemsCount::new(options.trials))
        .bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}

/// The hard shape: mixtures, sessions, a cache that depends on length.
#[divan::bench(sample_count = 5)]
fn coding_agent_trials(bencher: Bencher) {
    let scenario = scenario("coding-agent.yaml");
    let options =
        Options { seed: 1, trials: 1_000, threads: 0, estimator: Estimator::Fast, sampler: Sampler::Sobol };
    bencher
        .counter(ItemsCount::new(options.trials))
        .bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}

/// Requests drawn one by one: what the audit costs.
#[divan::bench(sample_count = 5)]
fn exact_requests(bencher: Bencher) {
    let mut scenario = scenario("gpt-5.4-article.yaml");
    scenario.months.truncate(1);
    let options =
        Options { seed: 1, trials: 2, threads: 1, estimator: Estimator::Exact, sampler: Sampler::Sobol };
    let simulation = simulate(&scenario, &[], &options, &|_| true).expect("threads");
    let requests = simulation.requests_mean(0);
    bencher
        .counter(ItemsCount::new((requests * 2.0) as u64))
        .bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}
