//! Same seed, same bytes, on any number of threads.

use tollcast::engine::{Estimator, Options, Sampler, simulate};

use crate::support::{run, scenario, totals};

const TEXT: &str = "name: t\nstart: 2027-01\nmonths: 3\nroutes: [openai/gpt-5.4, openai/gpt-5.4:batch]\nworkloads:\n  w:\n    volume: {requests_per_month: {p10: 100, p90: 3000}, daily_cv: 30%, drift_sd: 10%}\n    prompt: {preset: coding-agent}\n    output: {preset: coding-agent}\n    cache: {hit_rate: {p10: 50%, p90: 90%}}\n";

#[test]
fn threads_do_not_change_a_bit() {
    let scenario = scenario(TEXT);
    for estimator in Estimator::ALL {
        let bits = |threads: usize| -> Vec<u64> {
            let options = Options { seed: 9, trials: 101, threads, estimator, sampler: Sampler::Sobol };
            let simulation = simulate(&scenario, &[], &options, &|_| true).unwrap();
            let sums = simulation.routes.iter().map(|route| route.sums.input.to_bits());
            let spend = simulation.routes.iter().flat_map(|route| &route.spend).map(|usd| usd.to_bits());
            let means = simulation.requests.iter().map(|n| n.to_bits());
            spend.chain(sums).chain(means).collect()
        };
        let one = bits(1);
        assert_eq!(one, bits(2), "{estimator:?}");
        assert_eq!(one, bits(8), "{estimator:?}");
    }
}

#[test]
fn a_longer_run_begins_like_a_shorter_one() {
    let scenario = scenario(TEXT);
    let (short, long) = (run(&scenario, Estimator::Fast, 40, 9), run(&scenario, Estimator::Fast, 90, 9));
    assert_eq!(totals(&short, 0), totals(&long, 0)[..40]);
}

#[test]
fn another_seed_is_another_future() {
    let scenario = scenario(TEXT);
    assert_ne!(
        totals(&run(&scenario, Estimator::Fast, 5, 1), 0),
        totals(&run(&scenario, Estimator::Fast, 5, 2), 0)
    );
}

#[test]
fn a_new_workload_does_not_shift_the_old_ones() {
    let more =
        format!("{TEXT}  other:\n    volume: {{requests_per_month: 0}}\n    prompt: 10\n    output: 10\n");
    let (one, two) = (scenario(TEXT), scenario(&more));
    assert_eq!(totals(&run(&one, Estimator::Fast, 20, 3), 0), totals(&run(&two, Estimator::Fast, 20, 3), 0));
}
