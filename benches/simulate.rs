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
    read(name, std::fs::read_to_string(&path).expect("the scenario is there"))
}

fn read(name: &str, text: String) -> Scenario {
    let source = Arc::new(Source::new(name, text));
    let none = |_: &str, _: &str| Err("no scenario here extends another".to_owned());
    let assembled = assemble(&source, &none).expect("the scenario is right");
    Scenario::read(&assembled, &catalogue()).expect("the scenario is right")
}

fn fast(trials: u32, threads: usize) -> Options {
    Options { seed: 1, trials, threads, estimator: Estimator::Fast, sampler: Sampler::Sobol }
}

/// The job that the product is timed on, from a checked scenario to every quantile with its error: all, and
/// the trials alone, on all cores and on one.
#[divan::bench(args = [0, 1])]
fn headline(bencher: Bencher, threads: usize) {
    let scenario = scenario("benchmark-headline.yaml");
    let options = fast(1_024, threads);
    bencher.counter(ItemsCount::new(options.trials)).bench(|| {
        let simulation = simulate(black_box(&scenario), &[], &options, &|_| true).expect("threads");
        analyse(&scenario, &simulation)
    });
}

#[divan::bench]
fn headline_setup(bencher: Bencher) {
    let scenario = scenario("benchmark-headline.yaml");
    let options = fast(1, 0);
    bencher.bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}

#[divan::bench(args = [0, 1])]
fn headline_trials(bencher: Bencher, threads: usize) {
    let scenario = scenario("benchmark-headline.yaml");
    let options = fast(1_024, threads);
    bencher
        .counter(ItemsCount::new(options.trials))
        .bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}

/// Trials of the main job on all cores and on one: does the second core pay?
#[divan::bench(args = [0, 1], sample_count = 5)]
fn article_trials(bencher: Bencher, threads: usize) {
    let scenario = scenario("gpt-5.4-article.yaml");
    let options = fast(2_000, threads);
    bencher
        .counter(ItemsCount::new(options.trials))
        .bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}

/// The hard shape: mixtures, sessions, a cache that depends on length.
#[divan::bench(sample_count = 5)]
fn coding_agent_trials(bencher: Bencher) {
    let scenario = scenario("coding-agent.yaml");
    let options = fast(1_000, 0);
    bencher
        .counter(ItemsCount::new(options.trials))
        .bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}

/// Requests drawn one by one: what the audit costs, and what fused steps save.
#[divan::bench(sample_count = 5, args = [Estimator::Exact, Estimator::ExactFma])]
fn exact_requests(bencher: Bencher, estimator: Estimator) {
    let mut scenario = scenario("gpt-5.4-article.yaml");
    scenario.months.truncate(1);
    let options = Options { seed: 1, trials: 2, threads: 1, estimator, sampler: Sampler::Sobol };
    let simulation = simulate(&scenario, &[], &options, &|_| true).expect("threads");
    let requests = simulation.requests_mean(0);
    bencher
        .counter(ItemsCount::new((requests * 2.0) as u64))
        .bench(|| simulate(black_box(&scenario), &[], &options, &|_| true));
}

/// The kernel alone on the headline job's lengths, one core: is drawing a request a matter of a nanosecond on
/// this machine's instruction sets, and what do fused steps save on each? Nobody waits for the last line's kind
/// of machine, which has to do in many steps what others do in one.
mod kernel {
    use tollcast::engine::kernel::{Arithmetic, Gate, Level, Shape, sums};
    use tollcast::workload::Component;

    use super::*;

    const WAYS: [(Arithmetic, Level); 6] = [
        (Arithmetic::Separate, Level::Best),
        (Arithmetic::Fused, Level::Best),
        (Arithmetic::Separate, Level::Avx2),
        (Arithmetic::Fused, Level::Avx2),
        (Arithmetic::Separate, Level::Baseline),
        (Arithmetic::Fused, Level::Baseline),
    ];

    fn lognormal(median: f64, sigma: f64) -> Vec<Component> {
        vec![Component { weight: 1.0, ln_median: median.ln(), sigma }]
    }

    #[divan::bench(args = WAYS, sample_count = 9)]
    fn headline(bencher: Bencher, (arithmetic, level): (Arithmetic, Level)) {
        let gate = Gate { minimum: 1_024, cut: u32::MAX, hit_probability: 0.4, exponent: 0.0 };
        let shape = Shape {
            prompt: lognormal(8_000.0, 1.3),
            output: lognormal(400.0, 1.0),
            correlation: 0.3,
            reasoning: None,
            ends: vec![272_000],
            caps: vec![128_000],
            gates: vec![gate],
        };
        let requests = 1_000_000_u64;
        bencher
            .counter(ItemsCount::new(requests))
            .bench(|| sums(black_box(&shape), requests, [1, 2], arithmetic, level));
    }
}

/// How cost grows with the size of a job, one core: each figure of [`Size`] four-, sixteen- and 64-fold where
/// that is possible, all others as they are. Compare the medians of a group with its first line.
mod growth {
    use super::*;

    /// What a job is made of.
    #[derive(Clone, Copy)]
    struct Size {
        requests_per_month: u64,
        trials: u32,
        /// Routes with thresholds and prices of their own are what costs; the same one under a discount is not.
        routes: usize,
        months: usize,
        workloads: usize,
    }

    const BASE: Size =
        Size { requests_per_month: 16_000_000, trials: 256, routes: 1, months: 3, workloads: 1 };

    const ROUTES: [&str; 16] = [
        "openai/gpt-5.4",
        "azure/gpt-5.4@datazone-us",
        "openai/gpt-5.4:batch",
        "openai/gpt-5.4:priority",
        "openai/gpt-5.4-mini",
        "openai/gpt-5.4-nano",
        "openai/gpt-5.4-pro",
        "azure/gpt-5.4-mini",
        "azure/gpt-5.4-nano",
        "azure/gpt-5.5",
        "openai/gpt-5.1",
        "openai/gpt-5.2",
        "openai/gpt-5.3-codex",
        "openai/gpt-5.5",
        "azure/gpt-5.4-pro",
        "openrouter/openai/gpt-5.4",
    ];

    fn run(bencher: Bencher, size: Size) {
        let workload = |index: usize| {
            format!(
                "  w{index}:\n    volume: {{requests_per_month: {{p10: {}, p90: {}}}, growth_per_month: 3%}}\n    \
                 prompt: {{lognormal: {{median: {}, p95: 40k}}}}\n    output: {{lognormal: {{median: 400, p95: \
                 2k}}}}\n    cache: {{hit_rate: 40%}}\n    over_window: truncate\n",
                size.requests_per_month / 2,
                size.requests_per_month * 2,
                8_000 + index
            )
        };
        let workloads: String = (0..size.workloads).map(workload).collect();
        let routes: String = ROUTES[..size.routes].iter().map(|route| format!("  - {route}\n")).collect();
        let text = format!(
            "tollcast: 1\nname: growth\nstart: 2026-12\nmonths: {}\nworkloads:\n{workloads}routes:\n{routes}",
            size.months
        );
        let scenario = read("growth.yaml", text);
        let options = fast(size.trials, 1);
        bencher.bench(|| simulate(black_box(&scenario), &[], &options, &|_| true).expect("threads"));
    }

    #[divan::bench(args = [4_000_000, 16_000_000, 64_000_000, 1_000_000_000])]
    fn requests(bencher: Bencher, requests_per_month: u64) {
        run(bencher, Size { requests_per_month, ..BASE });
    }

    #[divan::bench(args = [256, 1_024, 4_096])]
    fn trials(bencher: Bencher, trials: u32) {
        run(bencher, Size { trials, ..BASE });
    }

    #[divan::bench(args = [1, 4, 16])]
    fn routes(bencher: Bencher, routes: usize) {
        run(bencher, Size { routes, ..BASE });
    }

    #[divan::bench(args = [3, 12, 48])]
    fn months(bencher: Bencher, months: usize) {
        run(bencher, Size { months, ..BASE });
    }

    #[divan::bench(args = [1, 4, 16])]
    fn workloads(bencher: Bencher, workloads: usize) {
        run(bencher, Size { workloads, ..BASE });
    }
}
