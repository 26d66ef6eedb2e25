//! A route's capacity as the charts want it.

use crate::analysis::capacity::{RouteHolds, UnitsCurve, WorstHour};
use crate::domain::format::count_short;
use crate::render::chart::Chart;
use crate::render::chart::load::{self, Load};
use crate::render::chart::refusals::{self, Refusals};
use crate::render::chart::unit_costs::{self, UnitCosts};
use crate::render::figures::file_stem;

/// All charts of a route: the load of its worst hour, what limits refuse, what units cost. One that would show nothing
/// is left out.
///
/// # Errors
/// When a chart cannot be drawn, a defect of ours.
pub fn charts_of(route: &RouteHolds, horizon: &str, foot: &str) -> anyhow::Result<Vec<Chart>> {
    let mut charts = Vec::new();
    if let Some(worst) = route.worst.as_ref().filter(|worst| worst.course.offered.iter().sum::<f64>() > 0.0) {
        charts.push(load::draw(&load_of(route, worst, foot))?);
    }
    if let Some(input) = refusals_of(route, foot) {
        charts.push(refusals::draw(&input)?);
    }
    if let Some(units) =
        route.units.as_ref().filter(|units| !units.terms.is_empty() && !units.sizes.is_empty())
    {
        charts.push(unit_costs::draw(&units_of(route, units, horizon, foot))?);
    }
    Ok(charts)
}

/// The limit on requests of the first route of the chain; units have none, but on tokens.
fn limit_per_minute(route: &RouteHolds) -> Option<f64> {
    route.requests_limit.filter(|_| !route.by_units).map(|(limit, _)| limit)
}

fn load_of(route: &RouteHolds, worst: &WorstHour, foot: &str) -> Load {
    let limit = limit_per_minute(route);
    Load {
        name: format!("load-{:02}-{}", route.route + 1, file_stem(&route.label)),
        route: route.label.clone(),
        when: plain_time(&worst.when),
        offered: worst.course.offered.clone(),
        first: worst.course.first.clone(),
        unserved: worst.course.refused.clone(),
        by_units: route.by_units,
        limit: limit.map(|limit| limit / 6.0),
        limit_words: limit
            .map_or(String::new(), |limit| format!("limit of {} requests a minute", count_short(limit))),
        served_by: route.chain.first().unwrap_or(&route.label).clone(),
        rest: rest(route),
        provenance: foot.to_owned(),
    }
}

/// `2027-03-15T14:00:00Z` as `2027-03-15 14:00`; midnight comes as a day alone.
fn plain_time(when: &str) -> String {
    match when.trim_end_matches('Z').split_once(['T', ' ']) {
        Some((day, time)) => format!("{day} {}", time.get(..5).unwrap_or(time)),
        None => format!("{when} 00:00"),
    }
}

/// What requests do that the first route does not serve at once and that are served after all.
fn rest(route: &RouteHolds) -> String {
    let verb = if route.by_units { "spill" } else { "fall back" };
    match route.chain.get(1..).unwrap_or_default() {
        [] => "have to try again".to_owned(),
        [next] => format!("{verb} to {next}"),
        [next, ..] => format!("{verb} to {next} and others"),
    }
}

fn refusals_of(route: &RouteHolds, foot: &str) -> Option<Refusals> {
    let tally = &route.tally;
    let mean = if tally.seconds > 0.0 { 60.0 * tally.offered / tally.seconds } else { 0.0 };
    let shown = mean > 0.0 && !route.refused_by_limit.is_empty();
    shown.then(|| Refusals {
        name: format!("refusals-{:02}-{}", route.route + 1, file_stem(&route.label)),
        route: route.label.clone(),
        windows: route.refused_by_limit.clone(),
        mean,
        limit: route.requests_limit.filter(|_| !route.by_units),
        refused: if route.by_units { Vec::new() } else { route.refused_in_force.clone() },
        provenance: foot.to_owned(),
    })
}

fn units_of(route: &RouteHolds, units: &UnitsCurve, horizon: &str, foot: &str) -> UnitCosts {
    UnitCosts {
        name: format!("units-{:02}-{}", route.route + 1, file_stem(&route.label)),
        route: route.label.clone(),
        unit: units.unit.clone(),
        ways: units.terms.clone(),
        sizes: units.sizes.iter().map(|size| (size.units, size.total_usd.clone())).collect(),
        best: units.best.clone(),
        by_tokens_usd: units.by_tokens_usd,
        horizon: horizon.to_owned(),
        provenance: foot.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::capacity::{Cost, RequiredTier, SizeCost};
    use crate::engine::capacity::{Course, Tally};

    fn route(requests: f64) -> RouteHolds {
        let course = Course {
            start: 0,
            offered: vec![requests; 360],
            first: vec![0.75 * requests; 360],
            refused: vec![0.0; 360],
            weighted: vec![0.0; 360],
        };
        let size = |units: u64, usd: f64| SizeCost {
            units,
            served_share: 0.0,
            used_share: 0.0,
            rest_usd: 0.0,
            total_usd: vec![usd],
        };
        let units = UnitsCurve {
            beyond: None,
            unit: "PTU".to_owned(),
            terms: vec!["for 1 year".to_owned()],
            sizes: vec![size(0, 100.0), size(15, 80.0), size(30, 120.0)],
            best: vec![(15, 15, 15)],
            by_tokens_usd: 100.0,
            break_even: Vec::new(),
        };
        RouteHolds {
            expected: 0.0,
            route: 0,
            label: "Azure/GPT-5.4 @global".to_owned(),
            chain: vec!["15 PTU of azure/gpt-5.4".to_owned(), "azure/gpt-5.4".to_owned()],
            by_units: true,
            tally: Tally { offered: 360.0 * requests, seconds: 3_600.0, ..Tally::default() },
            rejected_error: None,
            spilled_error: None,
            unserved_error: None,
            worst: Some(WorstHour { when: "2027-03-15T14:00:00Z".to_owned(), course }),
            refused_by_limit: vec![(60, vec![(3.0, 0.5), (12.0, 0.0)])],
            requests_limit: Some((600.0, 60)),
            refused_in_force: Vec::new(),
            required_units: None,
            required_tier: RequiredTier::Unpublished,
            batch_queue: None,
            units: Some(units),
            cost: Cost::default(),
            latency: None,
        }
    }

    #[test]
    fn a_route_has_up_to_three_charts_named_after_it() {
        let charts = charts_of(&route(1.0), "12 months from Jan 2027", "source").unwrap();
        let names: Vec<&str> = charts.iter().map(|chart| chart.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "load-01-azure-gpt-5.4-global",
                "refusals-01-azure-gpt-5.4-global",
                "units-01-azure-gpt-5.4-global"
            ]
        );
        assert_eq!(charts[0].title, "In the worst hour 25 % of the requests spill to azure/gpt-5.4");
        assert!(charts[0].description.contains("from 2027-03-15 14:00 UTC"));
        assert_eq!(charts[2].title, "15 PTU for 1 year cost least: $80, 20 % less than by the token");
    }

    #[test]
    fn what_would_show_nothing_is_left_out() {
        let none = RouteHolds { units: None, ..route(0.0) };
        assert!(charts_of(&none, "", "").unwrap().is_empty());
        assert!(charts_of(&RouteHolds { worst: None, ..none }, "", "").unwrap().is_empty());
    }

    #[test]
    fn a_limit_of_the_route_is_not_one_of_its_units() {
        assert_eq!(limit_per_minute(&route(1.0)), None);
        let alone = RouteHolds { by_units: false, chain: vec!["a".to_owned()], ..route(1.0) };
        assert_eq!((limit_per_minute(&alone), rest(&alone)), (Some(600.0), "have to try again".to_owned()));
    }

    #[test]
    fn midnight_is_an_hour_too() {
        assert_eq!(plain_time("2027-03-15"), "2027-03-15 00:00");
        assert_eq!(plain_time("2027-03-15T14:00:00Z"), "2027-03-15 14:00");
        assert_eq!(plain_time("2027-03-15 14:00"), "2027-03-15 14:00");
    }
}
