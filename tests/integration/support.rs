//! Scenarios and price files from text, run without files.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use tollcast::analysis::{Analysis, Summary, analyse};
use tollcast::catalogue::{Catalogue, shipped};
use tollcast::domain::problem::{Problems, Source};
use tollcast::engine::{Estimator, Options, Sampler, Simulation, simulate};
use tollcast::workload::{Scenario, assemble};

/// An invented provider with round prices: a whole-request band above 1,000 tokens.
pub const PRICES: &str = r#"
tollcast_prices: 1
provider: test
name: Test
currency: USD
cached_tokens: inside_input
reasoning_tokens: inside_output
meters:
  - {meter: web_search, unit: call, price: 10, per: 1_000, from: 2020-01-01, source: invented, checked: 2020-01-01}
models:
  - id: flat
    name: Flat
    prices:
      - tiers: [standard]
        regions: [global]
        from: 2020-01-01
        bands: [{input: 1, cached_input: 0.1, output: 10}]
        source: invented
        checked: 2020-01-01
  - id: banded
    name: Banded
    prices:
      - tiers: [standard]
        regions: [global]
        from: 2020-01-01
        bands:
          - {up_to: 1_000, input: 1, cached_input: 0.1, output: 10}
          - {input: 2, cached_input: 0.2, output: 15}
        source: invented
        checked: 2020-01-01
  - id: writer
    name: Writer
    prices:
      - tiers: [standard]
        regions: [global]
        from: 2020-01-01
        bands:
          - {up_to: 1_000, input: 1, cached_input: 0.1, cache_write: 1.25, cache_write_1h: 2, output: 10}
          - {input: 2, cached_input: 0.2, cache_write: 2.50, cache_write_1h: 4, output: 15}
        source: invented
        checked: 2020-01-01
  - id: thinker
    name: Thinker
    prices:
      - {tiers: [standard], regions: [global], from: 2020-01-01, bands: [{input: 1, output: 10, reasoning: 20}], source: invented, checked: 2020-01-01}
  - id: sliced
    name: Sliced
    prices:
      - {tiers: [standard], regions: [global], from: 2020-01-01, mode: graduated, bands: [{up_to: 1_000, input: 1, output: 10}, {input: 2, output: 15}], source: invented, checked: 2020-01-01}
  - id: embedder
    name: Embedder
    prices:
      - {tiers: [standard], regions: [global], from: 2020-01-01, bands: [{input: 1, output: not_sold}], source: invented, checked: 2020-01-01}
  - id: windowed
    name: Windowed
    limits: {context_window: 2_000, max_input: 1_500, max_output: 300, source: invented, checked: 2020-01-01}
    prompt_cache: {minimum_tokens: 400, source: invented, checked: 2020-01-01}
    prices:
      - tiers: [standard]
        regions: [global]
        from: 2020-01-01
        bands:
          - {up_to: 1_000, input: 1, cached_input: 0.1, output: 10}
          - {input: 2, cached_input: 0.2, output: 15}
        source: invented
        checked: 2020-01-01
"#;

/// A text as a source.
pub fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(name, text))
}

/// The invented provider beside the shipped ones.
pub fn catalogue() -> Catalogue {
    Catalogue::read(&shipped(), &[source("test.yaml", PRICES)]).expect("the price files are right")
}

/// A scenario from text.
pub fn try_scenario(text: &str) -> Result<Scenario, Problems> {
    let none = |_: &str, _: &str| Err("no files here".to_owned());
    Scenario::read(&assemble(&source("scenario.yaml", text), &none)?, &catalogue())
}

/// A scenario that is right.
pub fn scenario(text: &str) -> Scenario {
    try_scenario(text).expect("the scenario is right")
}

/// A run of a scenario.
pub fn run(scenario: &Scenario, estimator: Estimator, trials: u32, seed: u64) -> Simulation {
    let options = Options { seed, trials, threads: 0, estimator, sampler: Sampler::Random };
    simulate(scenario, &[], &options, &|_| true).expect("threads")
}

/// A fast run with its answers.
pub fn answers(scenario: &Scenario, trials: u32) -> Analysis {
    analyse(scenario, &run(scenario, Estimator::Fast, trials, 1))
}

/// Spend over the horizon in every trial.
pub fn totals(simulation: &Simulation, route: usize) -> Vec<f64> {
    simulation.routes[route].spend.chunks(simulation.months).map(|trial| trial.iter().sum()).collect()
}

/// Premium over the horizon in every trial.
pub fn premiums(simulation: &Simulation, route: usize) -> Vec<f64> {
    simulation.routes[route].premium.chunks(simulation.months).map(|trial| trial.iter().sum()).collect()
}

/// Fails unless `a` and `b` agree within five combined standard errors.
pub fn agree(what: &str, a: f64, error_a: f64, b: f64, error_b: f64) {
    let error = (error_a * error_a + error_b * error_b).sqrt();
    assert!(
        (a - b).abs() <= 5.0 * error + 1e-9 * a.abs(),
        "{what}: {a} against {b}, combined standard error {error}"
    );
}

/// Fails unless two samples agree in mean, spread and upper quantiles, within five standard errors.
pub fn samples_agree(what: &str, a: &[f64], b: &[f64]) {
    let (a, b) = (Summary::of(a), Summary::of(b));
    let (ea, eb) = (&a.standard_error, &b.standard_error);
    let rows = [
        ("mean", a.mean, ea.mean, b.mean, eb.mean),
        ("sd", a.sd, ea.sd, b.sd, eb.sd),
        ("p10", a.p10, ea.p10, b.p10, eb.p10),
        ("p50", a.p50, ea.p50, b.p50, eb.p50),
        ("p90", a.p90, ea.p90, b.p90, eb.p90),
        ("p99", a.p99, ea.p99, b.p99, eb.p99),
    ];
    for (figure, x, ex, y, ey) in rows {
        let known = |error: Option<f64>| error.expect("enough trials");
        agree(&format!("{what}, {figure}"), x, known(ex), y, known(ey));
    }
}

/// Runs the binary in the project's folder.
pub fn tollcast(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollcast"));
    command.args(arguments).current_dir(project()).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command.output().expect("the binary runs")
}

/// The project's folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
