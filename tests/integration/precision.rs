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

/// The spend or the premium of a route: as drawn, its expectations and their noise.
type Amount = fn(&tollcast::engine::RouteOutcome) -> (&[f64], &[f64], &[f64]);

/// Draws every request of `trials` trials of the headline job on its first route, with a part of its volume, and
/// compares each month with the mean and variance that the moments give it.
fn conditional_moments_hold(what: &str, volume: &str, trials: u32, read: Amount) -> [Simulation; 2] {
    let text = std::fs::read_to_string(project().join("scenarios/benchmark-headline.yaml")).unwrap();
    let (whole, others) = ("{p10: 545k, p90: 1.175M}", "  - azure/gpt-5.4\n  - openrouter/openai/gpt-5.4\n");
    assert!(text.contains(whole) && text.contains(others));
    let scenario = scenario(&text.replace(whole, volume).replace(others, ""));
    let fast = simulated(&scenario, Estimator::Fast, Sampler::Sobol, trials, 8);
    let exact = simulated(&scenario, Estimator::Exact, Sampler::Sobol, trials, 8);
    let (_, mean, noise) = read(&fast.routes[0]);
    // Months with few crossings follow no smooth limit law (their figure is negative, or none), but have a variance.
    let months: Vec<(f64, f64, f64)> = read(&exact.routes[0])
        .0
        .iter()
        .zip(mean)
        .zip(noise)
        .filter(|(_, noise)| noise.is_finite())
        .map(|((drawn, mean), noise)| (*drawn, *mean, mean * noise.abs()))
        .collect();
    assert!(months.len() > mean.len() / 2, "{what}: most months have a variance");
    let n = months.len() as f64;
    let z: Vec<f64> = months.iter().map(|(drawn, mean, variance)| (drawn - mean) / variance.sqrt()).collect();
    let first = z.iter().sum::<f64>() / n;
    let second = z.iter().map(|z| z * z).sum::<f64>() / n;
    let fourth = z.iter().map(|z| z.powi(4)).sum::<f64>() / n;
    let sum = |read: fn(&(f64, f64, f64)) -> f64| months.iter().map(read).sum::<f64>();
    let bias = sum(|month| month.0) / sum(|month| month.1) - 1.0;
    let bias_error = sum(|month| month.2).sqrt() / sum(|month| month.1);
    let variance_error = ((fourth - second * second) / n).sqrt();
    println!(
        "{what}: {n} months, {:.2e} requests, relative bias {bias:+.1e} ± {bias_error:.1e}, mean score {first:+.4} ± {:.4}, variance {second:.4} ± {variance_error:.4}",
        exact.requests.iter().sum::<f64>(),
        1.0 / n.sqrt(),
    );
    assert!(first.abs() < 5.0 / n.sqrt(), "{what}: mean score {first}");
    assert!((second - 1.0).abs() < 5.0 * variance_error, "{what}: variance {second}");
    assert!(bias.abs() < 5.0 * bias_error, "{what}: bias {bias} ± {bias_error}");
    [fast, exact]
}

/// How many times as many trials as CI has the time for: `TOLLCAST_LARGE=150` made the tables of METHOD.md.
fn times() -> u32 {
    std::env::var("TOLLCAST_LARGE").ok().and_then(|text| text.parse::<u32>().ok()).unwrap_or(1)
}

/// 512 trials of a tenth of the volume, 5,120 of a hundredth (means take many requests, variances many months) and 64
/// of the whole are 2 billion requests.
#[test]
fn conditional_moments_are_those_of_brute_force() {
    let times = times();
    let spend: Amount = |o| (&o.spend, &o.expected.spend, &o.expected.spend_noise);
    conditional_moments_hold("spend", "{p10: 54.5k, p90: 117.5k}", 512 * times, spend);
    conditional_moments_hold("spend of few", "{p10: 5.45k, p90: 11.75k}", 5_120 * times, spend);
    let [mut fast, exact] =
        conditional_moments_hold("premium", "{p10: 545k, p90: 1.175M}", 64 * times, |o| {
            (&o.premium, &o.expected.premium, &o.expected.premium_noise)
        });
    // Labels are all that an audit takes of a scenario.
    let mut scenario = headline();
    scenario.routes.truncate(1);
    assert!(audit(&scenario, &fast, &exact).holds());
    // An estimator that is wrong by one part in a thousand does not pass.
    fast.routes[0].spend.iter_mut().for_each(|usd| *usd *= 1.001);
    assert!(!audit(&scenario, &fast, &exact).holds());
}

/// Small months: quantiles against replicated brute force, at 100, 1,000 and 10,000 requests.
#[test]
fn small_months_have_the_quantiles_of_brute_force() {
    for (requests, trials) in [(100, 40_000), (1_000, 16_000), (10_000, 4_000)] {
        let trials = trials * times();
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
                ("mean", a.mean, b.mean, a.standard_error.mean, b.standard_error.mean),
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

/// With sessions, searches scatter with tokens, and the number of requests is skewed: neither may narrow what is
/// printed.
#[test]
fn sessions_keep_their_spread_where_volume_is_integrated_out() {
    for rest in [
        "volume: {requests_per_month: {p10: 98k, p90: 102k}}, sessions: {turns: {lognormal: {median: 38, p95: 250}}}, searches_per_request: 1, prompt: 40k, output: 1600",
        "volume: {requests_per_month: {p10: 900k, p90: 1.15M}}, sessions: {turns: {lognormal: {median: 10, p95: 1000}}}, prompt: 1000, output: 100",
    ] {
        let scenario = scenario(&format!(
            "name: t\nstart: 2027-01\nmonths: 1\nroutes: [openai/gpt-5.4-nano]\nworkloads: {{w: {{{rest}, cache: {{hit_rate: 0%}}}}}}\n"
        ));
        let of = |sampler, trials| {
            analyse(&scenario, &simulated(&scenario, Estimator::Fast, sampler, trials, 4))
                .routes
                .remove(0)
                .spend
        };
        let (sobol, random) = (of(Sampler::Sobol, 2048), of(Sampler::Random, 16_384));
        for (what, a, ea, b, eb) in [
            ("sd", sobol.sd, sobol.standard_error.sd, random.sd, random.standard_error.sd),
            ("p10", sobol.p10, sobol.standard_error.p10, random.p10, random.standard_error.p10),
            ("p99", sobol.p99, sobol.standard_error.p99, random.p99, random.standard_error.p99),
        ] {
            let error = ea.unwrap().hypot(eb.unwrap());
            assert!((a - b).abs() < 5.0 * error, "{rest}, {what}: {a} and {b} ± {error}");
        }
    }
}

/// Parts add up to the mean and one event has one chance, also where volume spreads a hundredfold.
#[test]
fn what_is_integrated_out_of_spend_is_integrated_out_of_its_parts() {
    let scenario = scenario(
        "name: t\nstart: 2027-01\nmonths: 1\nbudget: {monthly: 90k}\nroutes: [openai/gpt-5.4]\nworkloads: {w: {volume: {requests_per_month: {p10: 1M, p90: 100M}}, prompt: {lognormal: {median: 1000, p95: 3k}}, output: 100, cache: {hit_rate: 0%}}}\n",
    );
    let route =
        analyse(&scenario, &simulated(&scenario, Estimator::Fast, Sampler::Sobol, 512, 2)).routes.remove(0);
    assert!((route.components.total() / route.spend.mean - 1.0).abs() < 1e-9);
    assert_eq!(route.over_budget_probability, route.months[0].over_budget_probability);
    // Mean of a lognormal with these quantiles, 31 of 30.4375 days.
    let sigma = 100_f64.ln() / (2.0 * 1.281_551_565_544_6);
    let requests = 10e6 * (0.5 * sigma * sigma).exp() * 31.0 / 30.4375;
    assert!(
        (route.months[0].requests_mean / requests - 1.0).abs() < 1e-9,
        "{}",
        route.months[0].requests_mean
    );
}
