//! The charts of capacity held to the laws of all charts, over awkward inputs, and their findings to hand counts.

use super::laws::{LONG, obeys};
use super::load::{self, Load};
use super::refusals::{self, Refusals};
use super::unit_costs::{self, UnitCosts};

const LONGEST: &str = "a-provider-with-a-very-long-name/and-a-model-of-sixty-letters";

fn foot() -> String {
    "tollcast 0.1.0 \u{B7} seed 7 \u{B7} 240 hours of 64 futures \u{B7} prices 2026-11-01 ".repeat(2)
}

/// An hour with so many requests every ten seconds and ten times as many in a minute of it; shares of them.
pub(super) fn hour(count: f64, first: f64, unserved: f64, limit: Option<f64>, route: &str) -> Load {
    let at = |step: usize| if (180..186).contains(&step) { 10.0 * count } else { count };
    let series = |share: f64| (0..360).map(|step| share * at(step)).collect();
    Load {
        name: "load".to_owned(),
        route: route.to_owned(),
        when: "2027-03-15 14:00".to_owned(),
        offered: series(1.0),
        first: series(first),
        unserved: series(unserved),
        by_units: true,
        limit,
        limit_words: limit
            .map_or(String::new(), |limit| format!("limit of {} requests a minute", limit * 6.0)),
        served_by: format!("85 PTU of {route}"),
        rest: format!("spill to {route}"),
        provenance: foot(),
    }
}

/// Two curves that fall from one share to another between limits of 30 and 480.
fn falling(shares: [(f64, f64); 2], limit: Option<f64>, route: &str) -> Refusals {
    let curve = |(from, to): (f64, f64)| vec![(30.0, from), (480.0, to)];
    Refusals {
        name: "refusals".to_owned(),
        route: route.to_owned(),
        windows: vec![(1, curve(shares[0])), (60, curve(shares[1]))],
        mean: 60.0,
        limit: limit.map(|limit| (limit, 60)),
        refused: Vec::new(),
        provenance: foot(),
    }
}

fn costs(
    ways: usize,
    sizes: &[(u64, f64)],
    best: (u64, u64, u64),
    by_tokens_usd: f64,
    unit: &str,
) -> UnitCosts {
    let of = |usd: f64| (0..ways).map(|way| usd * (1.0 + 0.3 * way as f64)).collect();
    let name = |way: usize| ["for 1 year", "for 1 month", "by the hour"][way % 3].to_owned();
    UnitCosts {
        name: "units".to_owned(),
        route: LONGEST.to_owned(),
        unit: unit.to_owned(),
        ways: (0..ways).map(name).collect(),
        sizes: sizes.iter().map(|(units, usd)| (*units, of(*usd))).collect(),
        best: vec![best; ways],
        by_tokens_usd,
        horizon: "12 months from Jan 2027".to_owned(),
        provenance: foot(),
    }
}

#[test]
fn loads_obey_the_laws() {
    for route in ["a", LONG, LONGEST] {
        for count in [1e-3, 1.0, 37.0, 1e6, 1e12] {
            for (first, unserved) in [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (0.6, 0.1), (0.999_99, 0.000_01)] {
                for limit in
                    [None, Some(0.0), Some(count), Some(10.0 * count), Some(24.0 * count), Some(1e14)]
                {
                    let chart = load::draw(&hour(count, first, unserved, limit, route)).unwrap();
                    obeys(&format!("{route}, {count}, {first}, {unserved}, {limit:?}"), &chart);
                }
            }
        }
    }
}

#[test]
fn refusals_obey_the_laws() {
    for route in ["a", LONGEST] {
        for shares in [[(1.0, 0.0), (0.5, 0.0)], [(0.0, 0.0); 2], [(1.0, 1.0); 2], [(0.01, 0.01); 2]] {
            for limit in [None, Some(1.0), Some(30.0), Some(60.0), Some(61.0), Some(480.0), Some(1e14)] {
                for mean in [60.0, 1e-3, 1e12] {
                    let input = Refusals { mean, ..falling(shares, limit, route) };
                    obeys(&format!("{shares:?}, {limit:?}, {mean}"), &refusals::draw(&input).unwrap());
                }
            }
        }
    }
    // A single limit, and one curve.
    let one = Refusals { windows: vec![(10, vec![(5.0, 0.2)])], ..falling([(1.0, 0.0); 2], None, LONG) };
    obeys("one limit", &refusals::draw(&one).unwrap());
}

#[test]
fn unit_costs_obey_the_laws() {
    let curve = [(0, 100.0), (15, 82.0), (100, 78.0), (1_000, 900.0), (12_345_678, 9e14 / 3.0)];
    for unit in ["PTU", LONGEST] {
        for ways in [1, 2, 3] {
            for best in [(0, 0, 0), (15, 15, 15), (100, 15, 100), (12_345_678, 0, 12_345_678)] {
                for tokens in [0.0, 0.01, 100.0, 1e12] {
                    for sizes in [1, 2, 5] {
                        let input = costs(ways, &curve[..sizes], best, tokens, unit);
                        let case = format!("{ways} ways, {sizes} sizes, {best:?} against {tokens}");
                        obeys(&case, &unit_costs::draw(&input).unwrap());
                    }
                }
            }
        }
    }
    obeys(
        "nothing costs anything",
        &unit_costs::draw(&costs(2, &[(7, 0.0)], (7, 7, 7), 0.0, "PTU")).unwrap(),
    );
}

#[test]
fn the_load_says_what_became_of_the_requests() {
    let title = |first, unserved, limit| load::draw(&hour(6.0, first, unserved, limit, "a/b")).unwrap().title;
    assert_eq!(title(0.88, 0.12, None), "In the worst hour 12 % of the requests are not served");
    assert_eq!(title(0.75, 0.0, None), "In the worst hour 25 % of the requests spill to a/b");
    assert_eq!(
        title(0.7, 0.1, Some(1.0)),
        "In the worst hour 20 % of the requests spill to a/b, and 10 % are not served"
    );
    assert_eq!(title(0.0, 1.0, None), "In the worst hour no request is served");
    // The busiest ten seconds have 60 requests.
    assert_eq!(title(1.0, 0.0, Some(80.0)), "The worst hour stays 25 % below the limit");
    assert_eq!(
        title(1.0, 0.0, Some(10.0)),
        "The first route serves the whole worst hour; its busiest minute has 360 requests"
    );
    assert_eq!(title(1.0, 0.0, None), title(1.0, 0.0, Some(0.0)));
    assert_eq!(title(1.0, 0.0, Some(720.0)), "The limit is 12 times the peak of the worst hour");
}

#[test]
fn a_short_peak_is_not_the_minute() {
    let mut input = hour(0.0, 1.0, 0.0, Some(10.0), "a/b");
    (input.offered[7], input.first[7]) = (30.0, 30.0);
    let chart = load::draw(&input).unwrap();
    assert_eq!(chart.title, "The busiest minute of the worst hour stays 50 % below the limit");
}

#[test]
fn refusals_are_told_by_window() {
    let title = |shares, limit| refusals::draw(&falling(shares, limit, "a/b")).unwrap().title;
    // Half way between 30 and 480 is 255.
    assert_eq!(
        title([(1.0, 0.0), (0.5, 0.0)], Some(255.0)),
        "The limit of 255 a minute refuses 25 % of requests when enforced over 60 s and 50 % over 1 s"
    );
    assert_eq!(
        title([(1.0, 1.0), (1.0, 1.0)], None),
        "A limit of twice the mean refuses 100 % of requests, whatever its window"
    );
    assert_eq!(
        title([(0.0, 0.0), (0.0, 0.0)], None),
        "A limit of twice the mean refuses no request, whatever its window"
    );
    assert_eq!(
        title([(1.0, 0.0), (0.0, 0.0)], Some(255.0)),
        "The limit of 255 a minute refuses nothing when enforced over 60 s and 50 % of requests over 1 s"
    );
    // Beyond the curves the nearest end holds.
    assert!(
        title([(1.0, 0.0), (0.5, 0.0)], Some(1e6)).starts_with("The limit of 1M a minute refuses no request")
    );
    assert!(title([(1.0, 0.0), (0.5, 0.0)], Some(30.0)).contains("50 % of requests when"));
    // Below its curves nothing is known of a limit: it may allow less than one request in a window.
    assert!(title([(1.0, 0.0), (0.5, 0.0)], Some(1.0)).ends_with("is below all that are shown"));
}

#[test]
fn a_window_allows_whole_requests() {
    // In a second one request is allowed from 60 a minute on, and two from 120 on.
    let curve = vec![(50.0, 1.0), (90.0, 0.4), (130.0, 0.1)];
    let at = |limit| {
        let input =
            Refusals { windows: vec![(1, curve.clone())], ..falling([(1.0, 0.0); 2], Some(limit), "a") };
        refusals::draw(&input).unwrap().title
    };
    assert!(at(59.0).contains("refuses 100 %") && at(61.0).contains("refuses 40 %"), "{}", at(61.0));
    assert!(at(119.0).contains("refuses 40 %") && at(121.0).contains("refuses 10 %"), "{}", at(121.0));
}

#[test]
fn units_are_held_against_tokens() {
    let title = |sizes: &[(u64, f64)], best, tokens| {
        unit_costs::draw(&costs(2, sizes, best, tokens, "PTU")).unwrap().title
    };
    let sizes = [(0, 52_500.0), (1, 50_000.0), (85, 41_000.0)];
    assert_eq!(
        title(&sizes, (85, 85, 85), 52_500.0),
        "85 PTU for 1 year cost least: $41k, 22 % less than by the token"
    );
    assert_eq!(
        title(&sizes, (1, 1, 1), 50_001.0),
        "1 PTU for 1 year costs least: $50k, hardly less than by the token"
    );
    let none = "No number of PTU is cheaper than tokens:";
    assert_eq!(
        title(&sizes, (0, 0, 0), 30_000.0),
        format!("{none} $30k by the token, $41k with 85 PTU for 1 year")
    );
    assert_eq!(
        title(&sizes, (85, 85, 85), 41_000.0),
        format!("{none} $41k by the token, $41k with 85 PTU for 1 year")
    );
    assert_eq!(
        title(&[(7, 0.0)], (7, 7, 7), 0.0),
        format!("{none} $0 by the token, $0 with 7 PTU for 1 year")
    );
    assert_eq!(title(&[(0, 9.0)], (0, 0, 0), 9.0), "No number of PTU is cheaper than tokens");
}

#[test]
fn what_is_no_load_no_share_and_no_cost_is_an_error() {
    let load = |change: fn(&mut Load)| {
        let mut input = hour(6.0, 0.5, 0.5, Some(1.0), "a");
        change(&mut input);
        load::draw(&input).unwrap_err().to_string()
    };
    assert!(load(|input| input.offered[3] = f64::NAN).contains("cannot be drawn"));
    assert!(load(|input| input.first[3] = -1.0).contains("below zero"));
    assert!(load(|input| input.first[3] = 60.0).contains("more requests were served"));
    assert!(load(|input| input.unserved.truncate(9)).contains("needs 360 steps, and got 9"));
    assert!(load(|input| input.limit = Some(f64::INFINITY)).contains("cannot be drawn"));
    let empty = load::draw(&hour(0.0, 1.0, 0.0, None, "a")).unwrap_err().to_string();
    assert!(empty.contains("at least one request"));
    let refusals = |change: fn(&mut Refusals)| {
        let mut input = falling([(1.0, 0.0); 2], None, "a");
        change(&mut input);
        refusals::draw(&input).unwrap_err().to_string()
    };
    assert!(refusals(|input| input.windows[0].1[0].1 = 1.5).contains("not between 0 and 1"));
    assert!(refusals(|input| input.windows[0].1[0].0 = 0.0).contains("do not rise from above zero"));
    assert!(refusals(|input| input.mean = 0.0).contains("a mean rate above zero"));
    assert!(refusals(|input| input.windows.clear()).contains("at least one window"));
    let costs = |change: fn(&mut UnitCosts)| {
        let mut input = costs(2, &[(0, 1.0), (5, 2.0)], (0, 0, 0), 1.0, "PTU");
        change(&mut input);
        unit_costs::draw(&input).unwrap_err().to_string()
    };
    assert!(costs(|input| input.sizes[0].1[0] = f64::NAN).contains("cannot be drawn"));
    assert!(costs(|input| input.sizes.reverse()).contains("do not rise"));
    assert!(costs(|input| input.sizes.clear()).contains("at least one size"));
    assert!(costs(|input| input.best.clear()).contains("no best size"));
}
