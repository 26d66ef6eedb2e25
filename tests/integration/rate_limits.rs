//! Rate limits of price files: which hold when and where, and the shipped figures.

use std::sync::Arc;

use tollcast::catalogue::diff::{LIMIT, State, diff};
use tollcast::catalogue::{Catalogue, NewPrice, Offer, PriceChange, Provider, RateLimit, price_file};
use tollcast::domain::money::{Ratio, Usd};
use tollcast::domain::problem::Source;
use tollcast::domain::route::RouteId;
use tollcast::domain::time::Instant;

use crate::support::{catalogue, source};

const CITED: &str = "source: invented, checked: 2020-01-01";

fn at(date: &str) -> Instant {
    Instant::parse(date).unwrap()
}

/// An invented provider whose tiers are not in the order of their names, with a model of these limits.
fn file(limits: &[&str]) -> Arc<Source> {
    let head = "tollcast_prices: 1\nprovider: t\nname: T\ncurrency: USD\ncached_tokens: inside_input\nreasoning_tokens: inside_output\n";
    let tiers = [
        "name: starter, paid_usd: 5, from: 2020-01-01",
        "name: grown, paid_usd: 0.5, from: 2019-01-01", // cheaper only before `starter` was there
        "name: grown, paid_usd: 1_000.25, days: 30, monthly_cap_usd: 200_000, from: 2020-01-01",
        "name: big, days: 0, from: 2020-01-01",
        "name: starter, paid_usd: 10, from: 2026-06-01",
    ];
    let enforcement = [
        "requests_over_s: [1, 10], tokens_over_s: [60], reserves_max_tokens: true, rejected_count: false, from: 2020-01-01",
        "rejected_count: true, from: 2026-06-01",
    ];
    let listed = |indent: &str, entries: &[&str]| -> String {
        entries.iter().map(|entry| format!("{indent}- {{{entry}, {CITED}}}\n")).collect()
    };
    source(
        "t.yaml",
        &format!(
            "{head}usage_tiers:\n{}enforcement:\n{}models:\n  - id: m\n    name: M\n    prices:\n      - {{tiers: [standard, batch], regions: [global, eu], from: 2020-01-01, bands: [{{input: 2, output: 10}}], {CITED}}}\n    rate_limits:\n{}",
            listed("  ", &tiers),
            listed("  ", &enforcement),
            listed("      ", limits)
        ),
    )
}

const LIMITS: [&str; 9] = [
    "usage_tier: grown, tiers: [standard], regions: [global], requests_per_minute: 900, from: 2026-01-01",
    "usage_tier: big, tiers: [standard], regions: [global], requests_per_minute: 700, from: 2026-01-01",
    "usage_tier: starter, tiers: [standard], regions: [global], requests_per_minute: 100, tokens_per_minute: 5_000, from: 2026-01-01",
    "usage_tier: starter, tiers: [standard], regions: [global], above_tokens: 1_000, requests_per_minute: 10, from: 2026-01-01",
    "usage_tier: starter, tiers: [batch], batch_queue_tokens: 70_000, from: 2026-01-01",
    "usage_tier: starter, tiers: [standard], regions: [eu], requests_per_minute: 50, from: 2026-01-01, until: 2026-05-01",
    "usage_tier: starter, tiers: [standard], regions: [global], requests_per_minute: 200, from: 2026-03-01",
    "usage_tier: grown, regions: [global], requests_per_minute: 950, from: 2026-04-01, until: 2026-05-01",
    "concurrency: 8, from: 2026-02-01",
];

fn on<T>(catalogue: &Catalogue, route: &str, read: impl Fn(Offer<'_>) -> T) -> T {
    let id = RouteId::parse(route).unwrap();
    read(catalogue.offer(&id).unwrap())
}

/// The limits of a route on a day, in words: usage tier, separate limit, figures.
fn words(catalogue: &Catalogue, route: &str, day: &str) -> Vec<String> {
    let shown = |limit: &RateLimit| {
        let above = limit.above_tokens.map(|tokens| format!(" above {tokens}")).unwrap_or_default();
        format!("{}{above}: {}", limit.usage_tier.as_deref().unwrap_or("all"), limit.words())
    };
    on(catalogue, route, |offer| offer.rate_limits(at(day)).into_iter().map(shown).collect())
}

#[test]
fn a_limit_holds_for_its_tier_and_region_until_a_later_one_takes_over() {
    let catalogue = Catalogue::read(&[file(&LIMITS)], &[]).unwrap_or_else(|problems| panic!("{problems}"));
    let words = |route: &str, day: &str| words(&catalogue, route, day);
    assert!(words("t/m", "2025-12-31").is_empty());
    assert_eq!(
        words("t/m", "2026-01-01"),
        [
            "starter: 100 requests/min, 5,000 tokens/min",
            "starter above 1000: 10 requests/min",
            "grown: 900 requests/min",
            "big: 700 requests/min", // lower than the tier before it, as published
        ]
    );
    // The later entry states no tokens, so none are known to be limited; one for all customers joins them.
    assert_eq!(
        words("t/m", "2026-03-01"),
        [
            "all: 8 requests at once",
            "starter: 200 requests/min",
            "starter above 1000: 10 requests/min",
            "grown: 900 requests/min",
            "big: 700 requests/min",
        ]
    );
    assert!(words("t/m", "2026-04-30").contains(&"grown: 950 requests/min".to_owned()));
    assert!(!words("t/m", "2026-05-01").iter().any(|limit| limit.starts_with("grown")));
    assert_eq!(words("t/m@eu", "2026-01-31"), ["starter: 50 requests/min"]);
    assert_eq!(words("t/m@eu", "2026-05-01"), ["all: 8 requests at once"]);
    assert_eq!(words("t/m:batch@eu", "2026-01-31"), ["starter: 70,000 tokens in the batch queue"]);
    assert_eq!(
        words("t/m:batch", "2026-04-01"),
        ["all: 8 requests at once", "starter: 70,000 tokens in the batch queue", "grown: 950 requests/min"]
    );
}

#[test]
fn usage_tiers_and_enforcement_change_on_their_days() {
    let catalogue = Catalogue::read(&[file(&LIMITS)], &[]).unwrap();
    let tiers = |day: &str| -> Vec<String> {
        let shown = |offer: Offer<'_>| {
            let tiers = offer.usage_tiers(at(day)).into_iter();
            tiers.map(|tier| format!("{}: {}", tier.name, tier.words())).collect()
        };
        on(&catalogue, "t/m", shown)
    };
    assert_eq!(tiers("2019-06-01"), ["grown: 0.5 USD paid"]);
    assert_eq!(
        tiers("2026-05-31"),
        [
            "starter: 5 USD paid",
            "grown: 1000.25 USD paid, 30 days, at most 200000 USD a month",
            "big: 0 days"
        ]
    );
    assert_eq!(tiers("2026-06-01")[0], "starter: 10 USD paid");
    on(&catalogue, "t/m", |offer| {
        assert_eq!(
            offer.usage_tier("grown", at("2026-01-01")).unwrap().monthly_cap_usd,
            Some(Usd::from_micro_usd(200_000_000_000))
        );
        assert!(offer.usage_tier("none", at("2026-01-01")).is_none());
        assert!(offer.enforcement(at("2019-12-31")).is_none());
        let old = offer.enforcement(at("2026-05-31")).unwrap();
        assert_eq!((&old.requests_over_s[..], &old.tokens_over_s[..]), (&[1, 10][..], &[60][..]));
        assert_eq!((old.reserves_max_tokens, old.rejected_count), (Some(true), Some(false)));
        // What the later entry leaves out is not known; it is not carried on.
        let new = offer.enforcement(at("2026-06-01")).unwrap();
        assert!(new.requests_over_s.is_empty() && new.reserves_max_tokens.is_none());
        assert_eq!(new.rejected_count, Some(true));
    });
}

#[test]
fn a_written_file_reads_back_with_its_limits() {
    let provider = Provider::read(&file(&LIMITS)).unwrap();
    assert_eq!(
        (provider.usage_tiers.len(), provider.enforcement.len(), provider.models[0].rate_limits.len()),
        (5, 2, LIMITS.len())
    );
    let again = Provider::read(&source("t.yaml", &price_file(&provider)));
    assert_eq!(again.unwrap_or_else(|problems| panic!("{problems}")), provider);
}

#[test]
fn a_what_if_of_prices_leaves_the_limits() {
    let catalogue = Catalogue::read(&[file(&LIMITS)], &[]).unwrap();
    let change = PriceChange {
        route: RouteId::parse("t/m").unwrap(),
        component: None,
        to: NewPrice::Times(Ratio::from_millionths(500_000)),
        from: None,
        words: "a what-if".into(),
    };
    let changed = catalogue.with_change(&change).unwrap();
    assert_eq!(words(&changed, "t/m", "2026-03-01"), words(&catalogue, "t/m", "2026-03-01"));
    assert_eq!(changed.providers[0].usage_tiers, catalogue.providers[0].usage_tiers);
}

#[test]
fn a_difference_of_limits_is_a_change() {
    let read = |limits: &[&str]| Catalogue::read(&[file(limits)], &[]).unwrap();
    let (a, mut limits) = (read(&LIMITS), LIMITS);
    limits[1] =
        "usage_tier: big, tiers: [standard], regions: [global], requests_per_minute: 800, from: 2026-01-01";
    let b = read(&limits);
    let state = |catalogue, day: &str| State { catalogue, at: at(day) };
    let told = |a: State<'_>, b: State<'_>| -> Vec<String> {
        let side = |value: &Option<tollcast::catalogue::diff::Value>| {
            value.as_ref().map_or("nothing".to_owned(), |value| value.words.clone())
        };
        let told = diff(a, b).into_iter().map(|change| {
            assert_eq!(change.component, LIMIT);
            format!(
                "{}, {}: {} to {}",
                change.subject,
                change.part,
                side(&change.before),
                side(&change.after)
            )
        });
        told.collect()
    };
    assert_eq!(
        told(state(&a, "2026-06-01"), state(&b, "2026-06-01")),
        ["t/m, usage tier big, standard, global: 700 requests/min to 800 requests/min"]
    );
    assert_eq!(
        told(state(&a, "2026-04-30"), state(&a, "2026-06-01")),
        [
            "t, usage tier starter: 5 USD paid to 10 USD paid",
            "t/m, usage tier grown, global: 950 requests/min to nothing",
            "t/m, usage tier starter, standard, eu: 50 requests/min to nothing",
        ]
    );
}

/// The shipped limits of a route on a day: usage tier, requests and tokens per minute, batch queue.
fn shipped_limits(shipped: &Catalogue, route: &str, day: &str) -> Vec<(String, [Option<u64>; 3])> {
    let row = |limit: &RateLimit| {
        let figures = [limit.requests_per_minute, limit.tokens_per_minute, limit.batch_queue_tokens];
        (limit.usage_tier.clone().unwrap_or_default(), figures)
    };
    on(shipped, route, |offer| offer.rate_limits(at(day)).into_iter().map(row).collect())
}

const K: u64 = 1_000;
const M: u64 = 1_000_000;

#[test]
fn the_shipped_limits_of_openai_are_those_of_its_model_pages() {
    let shipped = catalogue();
    let per_minute = |rows: [(u64, u64); 5]| -> Vec<(String, [Option<u64>; 3])> {
        let row =
            |(tier, (requests, tokens))| (format!("{}", tier + 1), [Some(requests), Some(tokens), None]);
        rows.into_iter().enumerate().map(row).collect()
    };
    let queue = |rows: [u64; 5]| -> Vec<(String, [Option<u64>; 3])> {
        rows.into_iter()
            .enumerate()
            .map(|(tier, q)| (format!("{}", tier + 1), [None, None, Some(q)]))
            .collect()
    };
    let standard =
        per_minute([(500, 500 * K), (5_000, M), (5_000, 2 * M), (10_000, 4 * M), (15_000, 40 * M)]);
    for day in ["2026-03-05", "2027-06-01"] {
        assert_eq!(shipped_limits(&shipped, "openai/gpt-5.4", day), standard);
        assert_eq!(shipped_limits(&shipped, "openai/gpt-5.4:priority", day), standard); // it shares them
        assert_eq!(
            shipped_limits(&shipped, "openai/gpt-5.4:batch", day),
            queue([1_500 * K, 3 * M, 100 * M, 200 * M, 15_000 * M])
        );
    }
    assert_eq!(
        shipped_limits(&shipped, "openai/gpt-5.4-pro", "2027-01-01"),
        per_minute([(500, 30 * K), (5_000, 450 * K), (5_000, 800 * K), (10_000, 2 * M), (10_000, 30 * M)])
    );
    assert_eq!(
        shipped_limits(&shipped, "openai/gpt-5.4-pro:batch", "2027-01-01"),
        queue([90 * K, 1_350 * K, 50 * M, 200 * M, 5_000 * M])
    );
    assert_eq!(
        shipped_limits(&shipped, "openai/gpt-5.5", "2027-01-01"),
        per_minute([(200, 400 * K), (500, M), (1_000, 2 * M), (2_000, 10 * M), (8_000, 20 * M)])
    );
    assert_eq!(
        shipped_limits(&shipped, "openai/gpt-5.5:batch", "2027-01-01"),
        queue([5 * M, 40 * M, 80 * M, 200 * M, 2_000 * M])
    );
    on(&shipped, "openai/gpt-5.5", |offer| {
        assert!(offer.rate_limits(at("2027-01-01")).iter().all(|limit| limit.above_tokens == Some(272_000)));
    });
    // Before the model was sold, and where nothing is published.
    assert!(shipped_limits(&shipped, "openai/gpt-5.4", "2026-03-04").is_empty());
    for unknown in ["openai/gpt-5.4:flex", "openai/gpt-5.4@data-residency", "openrouter/openai/gpt-5.4"] {
        assert!(shipped_limits(&shipped, unknown, "2027-01-01").is_empty(), "{unknown}");
    }
    on(&shipped, "openai/gpt-5.4", |offer| {
        let tiers: Vec<String> =
            offer.usage_tiers(at("2027-01-01")).iter().map(|tier| tier.words()).collect();
        let paid = ["5 USD paid", "50 USD paid, 7 days", "100 USD paid, 7 days", "250 USD paid, 14 days"];
        assert_eq!(tiers[..4], paid);
        assert_eq!(tiers[4..], ["1000 USD paid, 30 days, at most 200000 USD a month"]);
        let enforced = offer.enforcement(at("2027-01-01")).unwrap();
        assert_eq!((enforced.reserves_max_tokens, enforced.rejected_count), (Some(true), Some(true)));
    });
}

#[test]
fn the_shipped_limits_of_azure_and_deepseek_are_those_of_their_pages() {
    let shipped = catalogue();
    let azure = |route: &str| -> Vec<(u64, u64)> {
        let rows = shipped_limits(&shipped, route, "2027-01-01").into_iter();
        rows.map(|(_, figures)| (figures[0].unwrap(), figures[1].unwrap())).collect()
    };
    let thousands = |rows: [u64; 6]| rows.map(|requests| (requests, requests * K)).to_vec();
    let global = [10, 20, 40, 70, 100, 150].map(|k| (k * K, k * 100 * K)).to_vec();
    assert_eq!(azure("azure/gpt-5.4"), global);
    for zone in ["azure/gpt-5.4@datazone-us", "azure/gpt-5.4@datazone-eu"] {
        assert_eq!(azure(zone), thousands([300, 670, 1_000, 2_000, 3_000, 4_000]));
    }
    assert_eq!(azure("azure/gpt-5.4-pro"), thousands([160, 350, 700, 1_150, 1_600, 2_400]));
    assert_eq!(azure("azure/gpt-5.4-mini"), [(1_000, M), (15_000, 15 * M)]);
    assert_eq!(azure("azure/gpt-5.4-nano"), [(5_000, 5 * M), (225_000, 225 * M)]);
    assert!(azure("azure/gpt-5.4@datazone-apac").is_empty());
    on(&shipped, "azure/gpt-5.4", |offer| {
        let tiers = offer.usage_tiers(at("2027-01-01"));
        assert_eq!(
            tiers.iter().map(|tier| tier.name.as_str()).collect::<Vec<_>>(),
            ["1", "2", "3", "4", "5", "6"]
        );
        assert!(tiers.iter().all(|tier| tier.words().is_empty())); // what earns them is not published
        assert_eq!(offer.enforcement(at("2027-01-01")).unwrap().requests_over_s, [1, 10]);
    });
    for (route, at_once) in [("deepseek/deepseek-flash", 2_500), ("deepseek/deepseek-v4-pro", 500)] {
        on(&shipped, route, |offer| {
            let limits = offer.rate_limits(at("2027-01-01"));
            assert_eq!(limits.len(), 1);
            assert_eq!((limits[0].concurrency, &limits[0].usage_tier), (Some(at_once), &None));
            assert!(offer.usage_tiers(at("2027-01-01")).is_empty());
        });
    }
}

#[test]
fn no_shipped_limit_is_older_than_what_it_limits() {
    let mut seen = 0;
    for provider in &catalogue().providers {
        for model in &provider.models {
            for limit in &model.rate_limits {
                let of_it = |list: &[String], sold: &[String]| {
                    list.is_empty() || list.iter().any(|name| sold.contains(name))
                };
                let sold = model.prices.iter().filter(|entry| {
                    of_it(&limit.tiers, &entry.tiers) && of_it(&limit.regions, &entry.regions)
                });
                let first = sold.map(|entry| entry.from).min();
                assert!(first.is_some_and(|first| first <= limit.from), "{} {}", model.id, limit.words());
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}
