//! Means of simulated months against closed forms that are written out here, with an independent normal
//! distribution.

use statrs::distribution::{ContinuousCDF, Normal};
use tollcast::analysis::Summary;
use tollcast::engine::{Estimator, cached_shares};

use crate::support::{agree, answers, run, scenario, totals};

/// Φ.
fn phi(z: f64) -> f64 {
    Normal::new(0.0, 1.0).unwrap().cdf(z)
}

const SIGMA: f64 = 0.9;
const MEDIAN: f64 = 600.0;

/// One year of flat traffic: 100,000 requests in a mean month, so 100,000 · 365/30.4375 in 2027.
fn flat(extra: &str) -> String {
    // P95 of a lognormal is median · exp(1.6448536 σ).
    let p95 = MEDIAN * (1.644_853_626_951_472_7 * SIGMA).exp();
    format!(
        "name: t\nstart: 2027-01\nroutes: [test/banded]\nworkloads:\n  w:\n    volume: {{requests_per_month: 100k}}\n    prompt: {{lognormal: {{median: {MEDIAN}, p95: {p95}}}}}\n    output: 200\n{extra}"
    )
}

const REQUESTS: f64 = 100_000.0 * 365.0 / 30.4375;

/// Mean prompt tokens of a request below and above the band's end at 1,000 tokens (1,000.5 on the
/// continuous axis), by E[X; X < t] = exp(μ + σ²/2) Φ((ln t − μ − σ²)/σ).
fn tokens() -> (f64, f64) {
    let mean = MEDIAN * (0.5 * SIGMA * SIGMA).exp();
    let below = mean * phi(((1000.5 / MEDIAN).ln() - SIGMA * SIGMA) / SIGMA);
    (below, mean - below)
}

fn crossing() -> f64 {
    1.0 - phi((1000.5 / MEDIAN).ln() / SIGMA)
}

#[test]
fn mean_spend_on_bands_without_a_cache() {
    let analysis = answers(&scenario(&flat("")), 2000);
    let (below, above) = tokens();
    let output = 200.0 * (10.0 * (1.0 - crossing()) + 15.0 * crossing());
    let wanted = REQUESTS * (below * 1.0 + above * 2.0 + output) / 1e6;
    let spend = &analysis.routes[0].spend;
    // The panel's own error is measured below; 2·10⁻⁵ of the mean covers it.
    agree("spend", spend.mean, spend.standard_error.mean.unwrap() + 4e-6 * wanted, wanted, 0.0);
    let share = analysis.routes[0].shares.crossing_requests.unwrap();
    assert!((share / crossing() - 1.0).abs() < 1e-3, "{share} against {}", crossing());
}

#[test]
fn the_hit_rate_is_the_share_of_input_tokens_that_are_cached() {
    for (rate, share) in [(0.4, 0.9), (0.761, 0.95), (0.95, 0.9), (1.0, 1.0)] {
        let cache = if rate > share {
            format!("    cache: {{hit_rate: {rate}}}\n")
        } else {
            format!("    cache: {{hit_rate: {rate}, share_when_hit: {share}}}\n")
        };
        let analysis = answers(&scenario(&flat(&cache)), 400);
        let route = &analysis.routes[0];
        let found = route.shares.cached.unwrap();
        assert!((found - rate).abs() < 5e-4, "{rate}: {found}");
        // Gate and length are independent, so both bands are cached alike.
        let (below, above) = tokens();
        let effective = (1.0 - 0.9 * rate) * (below + 2.0 * above) / (below + above);
        assert!((route.effective_input.unwrap() / effective - 1.0).abs() < 1e-3);
    }
}

#[test]
fn a_cache_that_prefers_long_prompts_still_has_its_hit_rate() {
    let cache = "    cache: {hit_rate: 50%, share_when_hit: 90%, length_correlation: 0.4}\n";
    let analysis = answers(&scenario(&flat(cache)), 400);
    let found = analysis.routes[0].shares.cached.unwrap();
    assert!((found - 0.5).abs() < 1e-3, "{found}");
}

#[test]
fn the_variance_of_a_month_is_that_of_a_compound_poisson_law() {
    // Var = N · E[c²] for the cost c of a request, here on one band: c = X + 2,000 output dollars.
    let text = flat("").replace("test/banded", "test/flat").replace("months: 12", "");
    let simulation = run(&scenario(&text), Estimator::Fast, 4000, 3);
    let first_months: Vec<f64> = simulation.routes[0].spend.chunks(12).map(|trial| trial[0]).collect();
    let summary = Summary::of(&first_months);
    let n: f64 = 100_000.0 * 31.0 / 30.4375;
    let (m1, m2) = (MEDIAN * (0.5 * SIGMA * SIGMA).exp(), MEDIAN * MEDIAN * (2.0 * SIGMA * SIGMA).exp());
    let out = 200.0 * 10.0;
    let second = m2 + 2.0 * m1 * out + out * out;
    agree("sd", summary.sd, summary.standard_error.sd.unwrap(), n.sqrt() * second.sqrt() / 1e6, 0.0);
}

#[test]
fn volume_uncertainty_comes_through_as_stated() {
    // All uncertainty is the level: spend quantiles are the level's quantiles times one factor.
    let text = flat("").replace("requests_per_month: 100k", "requests_per_month: {p10: 50k, p90: 200k}");
    let analysis = answers(&scenario(&text), 20_000);
    let spend = &analysis.routes[0].spend;
    let ratio = spend.p90 / spend.p10;
    let error = ratio
        * (spend.standard_error.p90.unwrap() / spend.p90 + spend.standard_error.p10.unwrap() / spend.p10);
    agree("P90 / P10", ratio, error, 4.0, 0.0);
}

#[test]
fn growth_compounds_by_calendar_days() {
    let text =
        flat("").replace("requests_per_month: 100k", "requests_per_month: 100k, growth_per_month: 10%");
    let analysis = answers(&scenario(&text), 400);
    let months = &analysis.routes[0].months;
    for (m, days) in [31.0, 28.0, 31.0, 30.0].into_iter().enumerate() {
        let wanted = 100_000.0 * days / 30.4375 * 1.1_f64.powi(m as i32);
        // 400 Poisson counts of 10⁵ are known to 1.6·10⁻⁴; five of those.
        assert!((months[m].requests_mean / wanted - 1.0).abs() < 8e-4, "month {m}");
    }
}

#[test]
fn autocorrelated_days_add_their_closed_form_variance() {
    // ln(1 + cv²) = σ²; Cov(G_d, G_e) = exp(σ² ρ^|d−e|) − 1.
    let (cv, rho) = (0.6_f64, 0.7_f64);
    let text = flat("").replace(
        "requests_per_month: 100k",
        "requests_per_month: 100M, daily_cv: 60%, daily_autocorrelation: 0.7",
    );
    let simulation = run(&scenario(&text), Estimator::Fast, 4000, 5);
    let january: Vec<f64> = simulation.routes[0].spend.chunks(12).map(|trial| trial[0]).collect();
    let summary = Summary::of(&january);
    let sigma2 = (1.0 + cv * cv).ln();
    let mut variance = 0.0;
    for d in 0..31_i32 {
        for e in 0..31_i32 {
            variance += ((sigma2 * rho.powi((d - e).abs())).exp() - 1.0) / (31.0 * 31.0);
        }
    }
    let relative = summary.sd / summary.mean;
    agree("cv of January", relative, summary.standard_error.sd.unwrap() / summary.mean, variance.sqrt(), 0.0);
}

#[test]
fn discount_comes_before_the_platform_fee() {
    // 1,000 requests a day for 31 days, 100 input tokens at 2.50 and 10 output tokens at 15 per million,
    // 10 % off: 31,000 · (0.00025 + 0.00015) · 0.9, and 5.5 % on top.
    let text = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [{id: openrouter/openai/gpt-5.4, discount: 10%}]\nworkloads: {w: {volume: {requests_per_day: 1M}, prompt: 100, output: 10}}\n";
    let analysis = answers(&scenario(text), 400);
    let spend = &analysis.routes[0].spend;
    let wanted = 31e6 * (0.000_25 + 0.000_15) * 0.9 * 1.055;
    agree("spend", spend.mean, spend.standard_error.mean.unwrap(), wanted, 0.0);
}

#[test]
fn constant_prompts_at_the_threshold_fall_on_their_side() {
    for (prompt, share) in [(999, 0.0), (1_000, 0.0), (1_001, 1.0)] {
        let text = format!(
            "name: t\nstart: 2027-01\nmonths: 1\nroutes: [test/banded]\nworkloads: {{w: {{volume: {{requests_per_day: 100}}, prompt: {prompt}, output: 0}}}}\n"
        );
        let analysis = answers(&scenario(&text), 10);
        // The shares of a month's hours add up to 1 within rounding.
        let found = analysis.routes[0].shares.crossing_requests.unwrap();
        assert!((found - share).abs() < 1e-12, "{prompt}: {found}");
    }
}

#[test]
fn the_peak_share_of_a_month_is_counted_in_hours() {
    // Flat traffic in January 2027: 20 weekdays with 7 of 24 peak hours each (New Year's Day, a Friday, is a
    // public holiday), 31 days in all.
    let text = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [deepseek/deepseek-flash]\nworkloads: {w: {volume: {requests_per_day: 1M}, prompt: 1000, output: 0}}\n";
    let analysis = answers(&scenario(text), 400);
    let peak = 20.0 * 7.0 / (31.0 * 24.0);
    let effective = 0.15 * (1.0 - peak) + 0.30 * peak;
    assert!((analysis.routes[0].effective_input.unwrap() / effective - 1.0).abs() < 1e-6);
    // Night work in Shanghai's evening: 13:00 to 22:00 UTC has no peak hour.
    let quiet = text.replace(
        "{requests_per_day: 1M}",
        "{requests_per_day: 1M, hours: [0,0,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,0,0]}",
    );
    let analysis = answers(&scenario(&quiet), 10);
    assert!((analysis.routes[0].effective_input.unwrap() / 0.15 - 1.0).abs() < 1e-6);
}

#[test]
fn an_unused_total_is_what_a_person_would_add_up() {
    let text = "name: t\nstart: 2027-01\nroutes: [test/flat]\nworkloads: {w: {volume: {requests_per_month: 10M}, prompt: 1000, output: 100, searches_per_request: 0.1}}\n";
    let simulation = run(&scenario(text), Estimator::Fast, 400, 1);
    let summary = Summary::of(&totals(&simulation, 0));
    // 10 M · 12 mean months less a quarter day: N · (1,000 · 1 + 100 · 10)/10⁶ + 0.1 N · 0.01
    let n = 10e6 * 365.0 / 30.4375;
    agree("spend", summary.mean, summary.standard_error.mean.unwrap(), n * 0.002 + 0.1 * n * 0.01, 0.0);
}

/// E of a three-lognormal mixture, from its published weights, means and deviations of the logarithm.
fn mixture_mean(rows: &[(f64, f64, f64)]) -> f64 {
    let total: f64 = rows.iter().map(|row| row.0).sum();
    rows.iter().map(|(w, mu, sigma)| w / total * (mu + 0.5 * sigma * sigma).exp()).sum()
}

#[test]
fn the_panel_is_exact_far_beyond_the_noise_even_without_any_limit() {
    // With 10¹² requests a month nothing scatters but the panel's own error.
    let reasoning = [(0.599, 6.17, 0.55), (0.177, 7.23, 0.17), (0.224, 8.03, 0.80)];
    let code = [(0.315, 5.53, 1.29), (0.634, 7.57, 0.64), (0.051, 8.91, 0.02)];
    let cases = [
        ("{preset: code-completion}", mixture_mean(&code), "{preset: reasoning}", mixture_mean(&reasoning)),
        ("1000", 1000.0, "{lognormal: {median: 400, p95: 10735.7}}", 400.0 * 2.0_f64.exp()), // σ = 2
        ("{lognormal: {median: 400, p95: 4716.4}}", 400.0 * 1.125_f64.exp(), "10", 10.0),    // σ = 1.5
    ];
    for (prompt, mean_prompt, output, mean_output) in cases {
        let text = format!(
            "name: t\nstart: 2027-01\nmonths: 1\nroutes: [test/flat]\nworkloads:\n  w:\n    volume: {{requests_per_day: 30G}}\n    prompt: {prompt}\n    output: {output}\n"
        )
        .replace("30G", "30B");
        let simulation = run(&scenario(&text), Estimator::Fast, 64, 1);
        let summary = Summary::of(&totals(&simulation, 0));
        let wanted = 31.0 * 30e9 * (mean_prompt + 10.0 * mean_output) / 1e6;
        assert!((summary.mean / wanted - 1.0).abs() < 1e-3, "{prompt}, {output}: {} {wanted}", summary.mean);
        assert!(summary.sd / wanted < 1e-3, "{prompt}, {output}: sd {}", summary.sd / wanted);
    }
}

#[test]
fn budget_risk_is_the_probability_of_a_lognormal_volume() {
    // Spend is the volume times a constant; the volume's median is 100k and its P90 200k.
    let text = flat("").replace("requests_per_month: 100k", "requests_per_month: {p10: 50k, p90: 200k}");
    let plain = answers(&scenario(&text), 20_000);
    let per_request = plain.routes[0].spend.p50 / 100_000.0;
    let january = 31.0 / 365.0;
    let at_p90 = 200_000.0 * per_request;
    let with = |budget: String| answers(&scenario(&format!("{text}budget: {{{budget}}}\n")), 20_000);
    // √(0.1 · 0.9 / 20,000) = 0.0021; the constant is known to about as much.
    let total = with(format!("total: {at_p90:.2}"));
    assert!((total.routes[0].over_budget_probability.unwrap() - 0.1).abs() < 0.015);
    let by_december = total.routes[0].months[11].over_budget_probability.unwrap();
    assert!((by_december - total.routes[0].over_budget_probability.unwrap()).abs() < 1e-12);
    let monthly = with(format!("monthly: {:.2}", at_p90 * january));
    let first = monthly.routes[0].months[0].over_budget_probability.unwrap();
    assert!((first - 0.1).abs() < 0.015, "{first}");
}

#[test]
fn a_cache_that_prefers_long_prompts_saves_more_in_the_dear_band() {
    let with = |correlation: f64| {
        let cache =
            format!("    cache: {{hit_rate: 50%, share_when_hit: 90%, length_correlation: {correlation}}}\n");
        answers(&scenario(&flat(&cache)), 200).routes[0].spend.mean
    };
    assert!(with(0.6) < 0.999 * with(0.0) && with(0.0) < 0.999 * with(-0.6));
}

/// Prompts of 200 and 1,000 tokens, half each, on a host that caches from 400 tokens on: to cache 50 % of all
/// tokens, 600 of each 1,000 have to come from a cache where they can, and none of 200.
#[test]
fn a_gate_is_shut_below_the_minimum_and_makes_up_for_it_above() {
    let text = "name: t\nstart: 2027-01\nroutes: [test/windowed]\nworkloads:\n  w:\n    volume: {requests_per_month: 1k}\n    prompt: {mixture: {components: [{weight: 50%, median: 200, sigma: 0}, {weight: 50%, median: 1000, sigma: 0}]}}\n    output: 10\n    cache: {hit_rate: 50%, share_when_hit: 80%}\n";
    let found = cached_shares(&scenario(text), &[200.0, 399.0, 1_000.0]);
    assert_eq!(found[..2], [0.0, 0.0]);
    assert!((found[2] - 0.6).abs() < 1e-9, "{found:?}");
    // Whatever the gate's correlation, all that is cached is cached at 1,000 tokens: half of 1,200 a pair.
    let correlated = text.replace("share_when_hit: 80%", "share_when_hit: 80%, length_correlation: 0.5");
    let found = cached_shares(&scenario(&correlated), &[200.0, 1_000.0]);
    assert!(found[0] == 0.0 && (found[1] - 0.6).abs() < 1e-3, "{found:?}");
}

/// Of 500 tokens 200 come from a cache, and half of the other 300 is written: 120 for minutes, 30 for an hour.
#[test]
fn what_is_written_for_an_hour_costs_its_own_price() {
    let text = "name: t\nstart: 2027-01\nmonths: 1\nroutes: [test/writer]\nworkloads:\n  w:\n    volume: {requests_per_month: 100k}\n    prompt: 500\n    output: 10\n    cache: {hit_rate: 40%, write_share: 50%, write_1h_share: 20%}\n";
    let analysis = answers(&scenario(text), 64);
    let components = &analysis.routes[0].components;
    // All are linear in the same sums: 150 × 1 for input, 120 × 1.25 + 30 × 2 for writes.
    let wanted = (120.0 * 1.25 + 30.0 * 2.0) / 150.0;
    let found = components.cache_write / components.input;
    assert!((found - wanted).abs() < 1e-9, "{found}, {wanted} wanted");
}
