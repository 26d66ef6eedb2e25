//! The fast estimator against drawing every request, with different seeds, on shapes that are hard.

use tollcast::engine::Estimator;

use crate::support::{premiums, run, samples_agree, scenario, totals};

fn one_month(routes: &str, volume: &str, rest: &str) -> String {
    format!(
        "name: t\nstart: 2027-01\nmonths: 1\nroutes: {routes}\nworkloads:\n  w:\n    volume: {{requests_per_month: {volume}}}\n{rest}"
    )
}

/// Fast and exact agree in the distribution of spend and premium on every route.
fn fast_agrees_with_exact(text: &str, trials: u32) {
    let scenario = scenario(text);
    let fast = run(&scenario, Estimator::Fast, trials * 4, 11);
    let exact = run(&scenario, Estimator::Exact, trials, 22);
    for (index, route) in scenario.routes.iter().enumerate() {
        samples_agree(&format!("spend on {}", route.label), &totals(&fast, index), &totals(&exact, index));
        samples_agree(
            &format!("premium on {}", route.label),
            &premiums(&fast, index),
            &premiums(&exact, index),
        );
    }
}

#[test]
fn on_a_skewed_lognormal_with_many_requests() {
    fast_agrees_with_exact(
        &one_month(
            "[test/banded, {id: test/banded, label: cold, cache: {hit_rate: 10%}}]",
            "4k",
            "    prompt: {lognormal: {median: 400, p95: 3400}}\n    output: {lognormal: {median: 100, p95: 600}}\n    cache: {hit_rate: 60%}\n",
        ),
        1500,
    );
}

#[test]
fn on_few_requests_that_are_drawn_one_by_one() {
    fast_agrees_with_exact(
        &one_month(
            "[test/banded]",
            "40",
            "    prompt: {lognormal: {median: 400, p95: 3400}}\n    output: {lognormal: {median: 100, p95: 600}}\n    cache: {hit_rate: 60%}\n",
        ),
        8000,
    );
}

#[test]
fn on_rare_crossings() {
    // About 3 crossings a month: their number is often 0, and the premium has an atom there.
    fast_agrees_with_exact(
        &one_month(
            "[test/banded]",
            "3k",
            "    prompt: {lognormal: {median: 100, p95: 510}}\n    output: 50\n",
        ),
        3000,
    );
}

#[test]
fn on_a_mixture_with_correlated_lengths_and_a_cache_that_prefers_long_prompts() {
    fast_agrees_with_exact(
        &one_month(
            "[openai/gpt-5.4]",
            "600",
            "    prompt: {preset: coding-agent}\n    output: {preset: coding-agent}\n    prompt_output_correlation: 0.38\n    cache: {hit_rate: 80%, share_when_hit: 95%, length_correlation: 0.4}\n",
        ),
        1200,
    );
}

#[test]
fn on_windows_that_refuse_or_cut_and_answers_that_stop() {
    for choice in ["reject", "truncate"] {
        fast_agrees_with_exact(
            &one_month(
                "[test/windowed, test/banded]",
                "3k",
                &format!(
                    "    prompt: {{lognormal: {{median: 700, p95: 2500}}}}\n    output: {{lognormal: {{median: 200, p95: 900}}}}\n    cache: {{hit_rate: 50%}}\n    over_window: {choice}\n"
                ),
            ),
            1200,
        );
    }
}

#[test]
fn on_requests_that_reason_and_cluster() {
    fast_agrees_with_exact(
        &one_month(
            "[test/banded]",
            "20k",
            "    sessions: {turns: {lognormal: {median: 8, p90: 40}}}\n    prompt: {lognormal: {median: 400, p95: 1500}}\n    output: {lognormal: {median: 100, p95: 300}}\n    reasoning: {share_of_requests: 40%, tokens: {lognormal: {median: 500, p95: 4000}}}\n    cache: {hit_rate: 30%}\n",
        ),
        800,
    );
}

#[test]
fn on_cache_writes_of_both_lifetimes() {
    fast_agrees_with_exact(
        "name: t\nstart: 2027-01\nmonths: 1\nroutes: [test/writer, {id: test/writer, label: hours, cache: {hit_rate: 60%, write_1h_share: {low: 80%, high: 100%}}}]\nworkloads:\n  w:\n    volume: {requests_per_month: 2k}\n    prompt: {lognormal: {median: 700, p95: 2500}}\n    output: {lognormal: {median: 100, p95: 300}}\n    cache: {hit_rate: 30%, length_correlation: 0.4, write_share: {low: 20%, high: 60%}, write_1h_share: 25%}\n",
        3000,
    );
}

#[test]
fn on_uncertain_assumptions_over_several_months() {
    fast_agrees_with_exact(
        "name: t\nstart: 2027-01\nmonths: 3\nroutes: [test/banded, {id: test/windowed, token_factor: 1.3, discount: {low: 0%, high: 20%}}]\nworkloads:\n  w:\n    volume: {requests_per_month: {p10: 300, p90: 900}, growth_per_month: {p10: -5%, p90: 15%}, daily_cv: 40%, drift_sd: 20%, weekdays: office}\n    prompt: {lognormal: {median: {p10: 300, p90: 700}, p95: 2000}}\n    output: {lognormal: {median: 100, p95: 300}}\n    cache: {hit_rate: {p10: 20%, p90: 70%}}\n",
        3000,
    );
}

/// A month without requests has no fee, and no minimum of one: the printed mean says so too.
#[test]
fn a_fees_minimum_is_not_billed_on_what_is_only_expected() {
    let text = one_month(
        "[openrouter/openai/gpt-5.4]",
        "1",
        "    prompt: {lognormal: {median: 3k, p95: 20k}}\n    output: {lognormal: {median: 400, p95: 2k}}\n",
    );
    let scenario = scenario(&text);
    let simulation = run(&scenario, Estimator::Fast, 8_192, 5);
    let analysis = tollcast::analysis::analyse(&scenario, &simulation);
    let spend = &totals(&simulation, 0);
    let raw = spend.iter().sum::<f64>() / spend.len() as f64;
    let printed = analysis.routes[0].spend.mean;
    // Five standard errors of a mean whose coefficient of variation is near 1.
    assert!(
        (printed / raw - 1.0).abs() < 5.0 / (spend.len() as f64).sqrt(),
        "{printed} printed, {raw} drawn"
    );
}
