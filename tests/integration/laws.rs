//! Laws that hold for any input, tested on generated ones.

use proptest::prelude::*;
use tollcast::billing::{Usage, bill_request};
use tollcast::catalogue::{Band, BandMode, Component, Price, RateCard, Rates};
use tollcast::domain::money::{Rate, Usd};
use tollcast::engine::{Estimator, Simulation};

use crate::support::{answers, run, scenario, totals};

const BASE: &str = "name: t\nstart: 2027-01\nmonths: 3\nroutes: [openai/gpt-5.4, azure/gpt-5.4@datazone-us, openrouter/openai/gpt-5.4, test/windowed]\nworkloads:\n  w:\n    volume: {requests_per_month: {p10: 5k, p90: 20k}}\n    prompt: {mixture: {components: [{weight: 60%, median: 500, p90: 1500}, {weight: 40%, median: 100k, p90: 300k}]}}\n    output: {preset: coding-agent}\n    searches_per_request: 0\n    cache: {hit_rate: {p10: 50%, p90: 90%}}\n";

#[test]
fn components_add_up_to_the_total() {
    let analysis = answers(&scenario(BASE), 200);
    for route in &analysis.routes {
        let difference = route.components.total() - route.spend.mean;
        assert!(difference.abs() < 1e-9 * route.spend.mean, "{}", route.label);
    }
}

#[test]
fn the_premium_is_never_negative_and_never_above_the_spend() {
    let simulation = run(&scenario(BASE), Estimator::Fast, 300, 1);
    for route in &simulation.routes {
        assert!(
            route
                .premium
                .iter()
                .zip(&route.spend)
                .all(|(premium, spend)| *premium >= 0.0 && premium <= spend)
        );
    }
}

#[test]
fn no_request_is_lost_between_offered_served_and_refused() {
    let simulation = run(&scenario(BASE), Estimator::Fast, 300, 1);
    let offered: f64 = simulation.requests.iter().sum();
    for route in &simulation.routes {
        let seen = route.sums.tally.served + route.sums.tally.rejected;
        assert!((seen / offered - 1.0).abs() < 1e-9);
    }
    assert!(simulation.routes[3].sums.tally.rejected > 0.0, "the small window refuses some");
}

#[test]
fn twice_the_traffic_costs_twice() {
    let double = BASE.replace("{p10: 5k, p90: 20k}", "{p10: 10k, p90: 40k}");
    let (one, two) = (answers(&scenario(BASE), 2000), answers(&scenario(&double), 2000));
    for (a, b) in one.routes.iter().zip(&two.routes) {
        // The same assumptions are drawn, so only the noise of the requests differs: well below 1 %.
        assert!((b.spend.mean / a.spend.mean - 2.0).abs() < 0.01, "{}", a.label);
    }
}

#[test]
fn more_traffic_never_costs_less_in_any_future() {
    let more = BASE.replace("{p10: 5k, p90: 20k}", "{p10: 6k, p90: 24k}");
    let (one, two) = (scenario(BASE), scenario(&more));
    let (one, two) = (run(&one, Estimator::Fast, 500, 1), run(&two, Estimator::Fast, 500, 1));
    for index in 0..one.routes.len() {
        assert!(totals(&one, index).iter().zip(totals(&two, index)).all(|(a, b)| *a < b));
    }
}

#[test]
fn a_dearer_route_is_dearer_in_every_future() {
    let simulation = run(&scenario(BASE), Estimator::Fast, 500, 1);
    // Same traffic, all prices 10 % higher (Data Zone), or 5.5 % fee on top (OpenRouter).
    let (openai, zone, router) = (totals(&simulation, 0), totals(&simulation, 1), totals(&simulation, 2));
    for trial in 0..openai.len() {
        assert!((zone[trial] / openai[trial] - 1.1).abs() < 1e-9);
        assert!((router[trial] / openai[trial] - 1.055).abs() < 1e-9);
    }
}

#[test]
fn a_route_sees_the_same_traffic_whoever_stands_beside_it() {
    let alone = BASE.replace(
        "[openai/gpt-5.4, azure/gpt-5.4@datazone-us, openrouter/openai/gpt-5.4, test/windowed]",
        "[openai/gpt-5.4]",
    );
    let (together, alone) = (answers(&scenario(BASE), 2000), answers(&scenario(&alone), 2000));
    let (a, b) = (&together.routes[0].spend, &alone.routes[0].spend);
    // Assumptions are the same; the noise of requests is drawn over other segments.
    assert!((a.mean / b.mean - 1.0).abs() < 0.005, "{} {}", a.mean, b.mean);
}

fn finite(simulation: &Simulation) -> bool {
    simulation
        .routes
        .iter()
        .all(|r| r.spend.iter().chain(&r.premium).all(|usd| usd.is_finite() && *usd >= 0.0))
}

#[test]
fn extremes_give_finite_answers() {
    let volumes = ["0", "1", "1e12"];
    let caches = ["0%", "100%", "0.01%"];
    let sigmas = ["p95: 8000", "p95: 20M"];
    for volume in volumes {
        for cache in caches {
            for sigma in sigmas {
                let text = format!(
                    "name: t\nstart: 2027-01\nmonths: 2\nroutes: [openai/gpt-5.4, test/windowed]\nworkloads:\n  w:\n    volume: {{requests_per_month: {volume}}}\n    prompt: {{lognormal: {{median: 8000, {sigma}}}}}\n    output: {{lognormal: {{median: 10, p95: 40k}}}}\n    cache: {{hit_rate: {cache}}}\n"
                );
                let simulation = run(&scenario(&text), Estimator::Fast, 8, 1);
                assert!(finite(&simulation), "volume {volume}, cache {cache}, {sigma}");
            }
        }
    }
}

fn card(short: (i64, i64, i64), up_to: u64, markup: i64) -> RateCard {
    let listed = |micros| Price::Listed(Rate::from_micro_usd_per_million(micros));
    let rates = |k: i64| {
        Rates::UNKNOWN
            .with(Component::Input, listed(short.0 * k))
            .with(Component::CachedInput, listed(short.1 * k))
            .with(Component::Output, listed(short.2 * k))
    };
    let base = rates(1);
    RateCard {
        mode: BandMode::WholeRequest,
        bands: vec![
            Band { up_to: Some(up_to), rates: base, base },
            Band { up_to: None, rates: rates(markup), base },
        ],
        lent: Vec::new(),
    }
}

proptest! {
    #[test]
    fn a_bill_is_the_sum_of_its_items_and_its_premium_is_a_part_of_it(
        input in 0_u64..2_000_000, share in 0.0..1.0_f64, output in 0_u64..200_000,
        prices in (0_i64..100_000_000, 0_i64..100_000_000, 0_i64..500_000_000),
        up_to in 0_u64..1_000_000, markup in 1_i64..5,
    ) {
        let usage = Usage { input, cached: (input as f64 * share) as u64, output, ..Usage::default() };
        let bill = bill_request(&card(prices, up_to, markup), &usage).unwrap();
        prop_assert_eq!(bill.items.iter().map(|item| item.amount).sum::<Usd>(), bill.total);
        prop_assert!(bill.premium >= Usd::ZERO && bill.premium <= bill.total);
    }

    #[test]
    fn more_tokens_never_cost_less(
        input in 0_u64..1_000_000, more in 0_u64..1_000_000, output in 0_u64..100_000, extra in 0_u64..100_000,
    ) {
        let card = card((2_500_000, 250_000, 15_000_000), 272_000, 2);
        let bill = |input, output| bill_request(&card, &Usage { input, output, ..Usage::default() }).unwrap().total;
        prop_assert!(bill(input, output) <= bill(input + more, output + extra));
    }

    #[test]
    fn caching_never_costs_more(input in 0_u64..1_000_000, cached in 0_u64..1_000_000) {
        let card = card((2_500_000, 250_000, 15_000_000), 272_000, 2);
        let bill = |cached| bill_request(&card, &Usage { input, cached, ..Usage::default() }).unwrap().total;
        prop_assert!(bill(cached.min(input)) <= bill(0));
    }
}
