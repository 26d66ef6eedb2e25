//! Are the stated errors true? Against closed forms, brute force and repetition.

use tollcast::analysis::{analyse, audit};
use tollcast::engine::{Estimator, Options, Sampler, Simulation, simulate};
use tollcast::workload::Scenario;

use crate::support::{project, scenario};

fn simulated(
    scenario: &Scenario,
    estimator: Estimator,
    sampler: Sampler,
    trials: u32,
    seed: u64,
) -> Simulation {
    let options = Options { seed, trials, threads: 0, estimator, sampler };
    simulate(scenario, &[], &options, &|_| true).expect("threads")
}

fn headline() -> Scenario {
    scenario(&std::fs::read_to_string(project().join("scenarios/benchmark-headline.yaml")).unwrap())
}

/// One month, constant lengths, a lognormal level and a lognormal scale: spend is lognormal.
const PRODUCT: &str = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [openai/gpt-5.4]\nworkloads: {w: {volume: {requests_per_day: {lognormal: {median: 1M, p90: 1.5M}}}, prompt: {lognormal: {median: 1000, p95: 1000.001, scale: {lognormal: {median: 1, p90: 1.4}}}}, output: 0, cache: {hit_rate: 0%}}}\n";

/// Quantiles of that product: 31 million requests of 1,000 tokens at 2.50 USD a million, times exp(z σ).
fn product_quantile(z: f64) -> f64 {
    let z90 = 1.281_551_565_544_6;
    let sigma = (1.5_f64.ln() / z90).hypot(1.4_f64.ln() / z90);
    31e6 * 1000.0 * 2.5e-6 * (z * sigma).exp()
}

#[test]
fn quantiles_of_a_lognormal_product_are_its_closed_form() {
    let scenario = scenario(PRODUCT);
    for seed in 1..6 {
        let spend = &analyse(&scenario, &simulated(&scenario, Estimator::Fast, Sampler::Sobol, 1024, seed))
            .routes[0]
            .spend;
        for (what, found, error, z) in [
            ("p10", spend.p10, spend.standard_error.p10, -1.281_551_565_544_6),
            ("p50", spend.p50, spend.standard_error.p50, 0.0),
            ("p90", spend.p90, spend.standard_error.p90, 1.281_551_565_544_6),
            ("p99", spend.p99, spend.standard_error.p99, 2.326_347_874_040_8),
        ] {
            let (wanted, error) = (product_quantile(z), error.unwrap());
            // Prompts are rounded to whole tokens: half a token in a thousand at most, and mostly cancelled.
            assert!(
                (found - wanted).abs() < 5.0 * error + 1e-4 * wanted,
                "{what}: {found}, {wanted} ± {error}"
            );
            assert!(error < 0.01 * wanted, "{what}: an error of {error} is far too large");
        }
    }
}

/// The scatter of 24 repetitions is at most what is stated, and not less than a quarter of it.
#[test]
fn stated_errors_cover_the_scatter_of_repetitions() {
    let scenario = headline();
    for (sampler, trials) in [(Sampler::Sobol, 256), (Sampler::Random, 512)] {
        let runs: Vec<_> = (1..25)
            .map(|seed| {
                analyse(&scenario, &simulated(&scenario, Estimator::Fast, sampler, trials, seed))
                    .routes
                    .remove(0)
            })
            .collect();
        for (what, read) in [("p50", false), ("p90", true)] {
            let values: Vec<f64> =
                runs.iter().map(|r| if read { r.spend.p90 } else { r.spend.p50 }).collect();
            let stated = runs.iter().map(|r| {
                let error = if read { r.spend.standard_error.p90 } else { r.spend.standard_error.p50 };
                error.unwrap().powi(2)
            });
            let stated = (stated.sum::<f64>() / 24.0).sqrt();
            let mean = values.iter().sum::<f64>() / 24.0;
            let scatter = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 23.0).sqrt();
            // A standard deviation of 24 values is known to 1/√46 = 15 %.
            assert!(scatter < 1.5 * stated, "{sampler:?} {what}: scatter {scatter}, stated {stated}");
            assert!(stated < 6.0 * scatter, "{sampler:?} {what}: scatter {scatter}, stated {stated}");
        }
    }
}

/// Spread points know P90 far better than as many random ones, and agree with them.
#[test]
fn sobol_and_random_trials_agree() {
    let scenario = headline();
    let of = |sampler, trials| {
        analyse(&scenario, &simulated(&scenario, Estimator::Fast, sampler, trials, 3)).routes.remove(0).spend
    };
    let (sobol, random) = (of(Sampler::Sobol, 1024), of(Sampler::Random, 8192));
    let error = |spend: &tollcast::analysis::Summary| spend.standard_error.p90.unwrap();
    assert!((sobol.p90 - random.p90).abs() < 5.0 * error(&sobol).hypot(error(&random)));
    assert!(4.0 * error(&sobol) < error(&random), "{} against {}", error(&sobol), error(&random));
}

/// Conditional means and variances against drawing every request: given a trial's assumptions, a month's spend
/// has the mean and variance that the moments say. 64 trials are 0.8 billion requests; `TOLLCAST_LARGE=16384`
/// runs the table of METHOD.md.
#[test]
fn conditional_moments_are_those_of_brute_force() {
    let scenario = headline();
    let trials = std::env::var("TOLLCAST_LARGE").ok().and_then(|text| text.parse().ok()).unwrap_or(64);
    let mut fast = simulated(&scenario, Estimator::Fast, Sampler::Sobol, trials, 8);
    let exact = simulated(&scenario, Estimator::Exact, Sampler::Sobol, trials, 8);
    // Counts are shared: another seed's would not be, but its assumptions would differ too.
    type Amount = (&'static str, fn(&tollcast::engine::RouteOutcome) -> (&[f64], &[f64], &[f64]));
    let amounts: [Amount; 2] = [
        ("spend", |o| (&o.spend, &o.expected.spend, &o.expected.spend_noise)),
        ("premium", |o| (&o.premium, &o.expected.premium, &o.expected.premium_noise)),
    ];
    for (what, read) in amounts {
        let drawn = read(&exact.routes[0]).0;
        let (_, mean, noise) = read(&fast.routes[0]);
        let n = drawn.len() as f64;
        let z: Vec<f64> =
            drawn.iter().zip(mean).zip(noise).map(|((x, m), v)| (x - m) / (m * v).sqrt()).collect();
        let first = z.iter().sum::<f64>() / n;
        let second = z.iter().map(|z| z * z).sum::<f64>() / n;
        let fourth = z.iter().map(|z| z.powi(4)).sum::<f64>() / n;
        let bias = drawn.iter().sum::<f64>() / mean.iter().sum::<f64>() - 1.0;
        let square: f64 = mean.iter().zip(noise).map(|(m, v)| m * v).sum();
        let bias_error = square.sqrt() / mean.iter().sum::<f64>();
        println!(
            "{what}: {n} months, relative bias {bias:+.1e} ± {bias_error:.1e}, mean z {first:+.4} ± {:.4}, variance {second:.4} ± {:.4}",
            1.0 / n.sqrt(),
            ((fourth - second * second) / n).sqrt()
        );
        assert!(first.abs() < 5.0 / n.sqrt(), "{what}: mean score {first}");
        assert!(
            (second - 1.0).abs() < 5.0 * ((fourth - second * second) / n).sqrt(),
            "{what}: variance {second}"
        );
        assert!(bias.abs() < 5.0 * bias_error, "{what}: bias {bias} ± {bias_error}");
    }
    assert!(audit(&scenario, &fast, &exact).holds());
    // An estimator that is wrong by one part in a thousand does not pass.
    fast.routes[0].spend.iter_mut().for_each(|usd| *usd *= 1.001);
    assert!(!audit(&scenario, &fast, &exact).holds());
}

/// Small months: quantiles against replicated brute force, at 100, 1,000 and 10,000 requests.
#[test]
fn small_months_have_the_quantiles_of_brute_force() {
    for (requests, trials) in [(100, 40_000), (1_000, 16_000), (10_000, 4_000)] {
        let text = format!(
            "name: t\nstart: 2027-01\nmonths: 1\nroutes: [openai/gpt-5.4]\nworkloads: {{w: {{volume: {{requests_per_month: {requests}}}, prompt: {{lognormal: {{median: 8k, p95: 67.9k}}}}, output: {{lognormal: {{median: 400, p95: 2072}}}}, prompt_output_correlation: 0.3, cache: {{hit_rate: 40%}}}}}}\n"
        );
        let scenario = scenario(&text);
        let fast = simulated(&scenario, Estimator::Fast, Sampler::Random, trials, 5);
        let exact = simulated(&scenario, Estimator::Exact, Sampler::Random, trials, 6);
        let both = |read: fn(&tollcast::engine::RouteOutcome) -> &Vec<f64>| {
            [&fast, &exact].map(|simulation| tollcast::analysis::Summary::of(read(&simulation.routes[0])))
        };
        for (what, [a, b]) in [("spend", both(|o| &o.spend)), ("premium", both(|o| &o.premium))] {
            for (figure, x, y, ex, ey) in [
                ("p50", a.p50, b.p50, a.standard_error.p50, b.standard_error.p50),
                ("p90", a.p90, b.p90, a.standard_error.p90, b.standard_error.p90),
                ("p99", a.p99, b.p99, a.standard_error.p99, b.standard_error.p99),
            ] {
                let error = ex.unwrap().hypot(ey.unwrap());
                println!(
                    "{requests} requests, {what} {figure}: {:+.2} % ± {:.2} %",
                    100.0 * (x / y - 1.0),
                    100.0 * error / y
                );
                assert!(
                    (x - y).abs() <= 5.0 * error + 1e-9,
                    "{requests} requests, {what} {figure}: {x}, {y} ± {error}"
                );
            }
        }
    }
}
