//! A report's figures as the charts want them.

use super::chart::components::{Components, ComponentsRow};
use super::chart::difference::{Difference, DifferenceRow};
use super::chart::distribution::{Distribution, DistributionRow};
use super::chart::exceedance::{Exceedance, ExceedanceCurve};
use super::chart::fan::Fan;
use super::chart::glance::{Glance, GlanceRow};
use super::chart::overlay::{Overlay, OverlayRoute};
use super::chart::premium::{Premium, PremiumRow};
use super::chart::{Chart, components, difference, distribution, exceedance, fan, glance, overlay, premium};
use super::comparison::ComparisonReport;
use super::report::Report;
use crate::analysis::{PairedRoute, RouteAnalysis, exceedance as exceedance_points, histogram};
use crate::domain::format::{percent, probability};

/// Values that stand for a law that is known by its formula.
const TOTALS: usize = 2_000;
/// Bars of a histogram row.
const BINS: usize = 48;
/// Points of an exceedance curve.
const POINTS: usize = 200;

/// All charts of a report, the overview first.
///
/// # Errors
/// When a chart cannot be drawn, a defect of ours.
pub fn charts(report: &Report) -> anyhow::Result<Vec<Chart>> {
    let routes = ordered(report);
    let mut charts = vec![
        glance::draw(&glance_of(report, &routes))?,
        exceedance::draw(&exceedance_of(report, &routes))?,
        distribution::draw(&distribution_of(report, &routes))?,
        components::draw(&components_of(report, &routes))?,
    ];
    // Where hardly any prompt crosses a threshold, a chart of it would only make much of nothing.
    if routes.iter().any(|route| route.premium.mean > 1e-4 * route.spend.mean) {
        charts.push(premium::draw(&premium_of(report, &routes))?);
    }
    for (number, route) in routes.iter().enumerate() {
        charts.push(fan::draw(&fan_of(report, route, number + 1))?);
    }
    Ok(charts)
}

/// The overlay of a comparison.
///
/// # Errors
/// When it cannot be drawn, a defect of ours.
pub fn overlay_chart(report: &ComparisonReport) -> anyhow::Result<Chart> {
    overlay::draw(&Overlay {
        scenarios: report.cases.iter().map(|case| case.name.clone()).collect(),
        routes: report
            .routes
            .iter()
            .map(|route| OverlayRoute {
                route: route.label.clone(),
                bars: route.spends.iter().map(|s| s.as_ref().map(|s| (s.p10, s.p50, s.p90))).collect(),
                note: route.note.clone(),
            })
            .collect(),
        horizon: report.horizon.clone(),
        provenance: report.provenance.clone(),
    })
}

/// The paired differences of a comparison: route by route for one case, case by case for several.
///
/// # Errors
/// When it cannot be drawn, a defect of ours.
pub fn difference_chart(report: &ComparisonReport) -> anyhow::Result<Chart> {
    let one = report.cases.len() == 2;
    let pairs: Vec<_> = if one { report.pairs().collect() } else { report.leading() };
    let alike = pairs.windows(2).all(|two| two[0].1.label == two[1].1.label);
    let row = |(case, route): &(&str, &PairedRoute)| DifferenceRow {
        name: match (one, alike) {
            (true, _) => route.label.clone(),
            (false, true) => (*case).to_owned(),
            (false, false) => format!("{case}, {}", route.label),
        },
        more: (-route.difference.p90, -route.difference.p50, -route.difference.p10),
        cheaper: 1.0 - route.a_cheaper,
    };
    let of = match (one, alike) {
        (true, _) => report.cases[1].name.clone(),
        (false, true) => pairs.first().map_or(String::new(), |(_, route)| route.label.clone()),
        (false, false) => "Each case".to_owned(),
    };
    difference::draw(&Difference {
        rows: pairs.iter().map(row).collect(),
        of,
        base: report.cases[0].name.clone(),
        horizon: report.horizon.clone(),
        provenance: report.provenance.clone(),
    })
}

/// The routes in the order of the report's table.
fn ordered(report: &Report) -> Vec<&RouteAnalysis> {
    let find = |label: &String| report.analysis.routes.iter().find(|route| route.label == *label);
    report.routes.iter().filter_map(|row| find(&row.label)).collect()
}

/// The label of a route on charts; one that refuses part of the job says so wherever its spend is seen.
fn name(route: &RouteAnalysis) -> String {
    if route.serves_the_job() {
        return route.label.clone();
    }
    format!("{}, refuses {}", route.label, percent(route.refused()))
}

/// The budget for the horizon, if one is stated: a monthly budget is another event, and its line belongs
/// to the fans.
fn total_budget(report: &Report) -> Option<f64> {
    report.limits.and_then(|budget| budget.total_usd)
}

fn glance_of(report: &Report, routes: &[&RouteAnalysis]) -> Glance {
    let row = |route: &&RouteAnalysis| GlanceRow {
        route: name(route),
        p10: route.spend.p10,
        p50: route.spend.p50,
        p90: route.spend.p90,
        over_budget_probability: route.over_total_probability.or(route.over_budget_probability),
    };
    Glance {
        rows: routes.iter().map(row).collect(),
        horizon: report.horizon.clone(),
        budget_usd: total_budget(report),
        provenance: report.provenance.clone(),
    }
}

fn exceedance_of(report: &Report, routes: &[&RouteAnalysis]) -> Exceedance {
    let curve = |route: &&RouteAnalysis| ExceedanceCurve {
        route: name(route),
        points: through_budget(exceedance_points(&route.totals.sorted(TOTALS), POINTS), report, route),
    };
    Exceedance {
        curves: routes.iter().map(curve).collect(),
        horizon: report.horizon.clone(),
        budget_usd: total_budget(report),
        provenance: report.provenance.clone(),
    }
}

/// The curve with the exact chance at the budget in it, so that no chart contradicts another by interpolation.
fn through_budget(mut points: Vec<(f64, f64)>, report: &Report, route: &RouteAnalysis) -> Vec<(f64, f64)> {
    if let (Some(budget), Some(chance)) = (total_budget(report), route.over_total_probability) {
        let at = points.partition_point(|(usd, _)| *usd <= budget);
        if at > 0 && at < points.len() {
            points.insert(at, (budget, chance));
        }
    }
    points
}

fn distribution_of(report: &Report, routes: &[&RouteAnalysis]) -> Distribution {
    let row = |route: &&RouteAnalysis| DistributionRow {
        route: name(route),
        p10: route.spend.p10,
        p50: route.spend.p50,
        p90: route.spend.p90,
        bins: histogram(&route.totals.sorted(TOTALS), BINS),
    };
    Distribution {
        rows: routes.iter().map(row).collect(),
        horizon: report.horizon.clone(),
        budget_usd: total_budget(report),
        provenance: report.provenance.clone(),
    }
}

fn components_of(report: &Report, routes: &[&RouteAnalysis]) -> Components {
    let row = |route: &&RouteAnalysis| {
        let parts = &route.components;
        ComponentsRow {
            route: name(route),
            input: parts.input,
            cached_input: parts.cached_input,
            cache_write: parts.cache_write,
            output: parts.output,
            tools: parts.tools,
            fees: parts.fees,
            capacity: parts.capacity,
        }
    };
    Components {
        rows: routes.iter().map(row).collect(),
        horizon: report.horizon.clone(),
        provenance: report.provenance.clone(),
    }
}

fn premium_of(report: &Report, routes: &[&RouteAnalysis]) -> Premium {
    let row = |route: &&RouteAnalysis| PremiumRow {
        route: name(route),
        mean: route.premium.mean,
        p10: route.premium.p10,
        p90: route.premium.p90,
        share_of_spend: if route.spend.mean > 0.0 { route.premium.mean / route.spend.mean } else { 0.0 },
    };
    Premium {
        rows: routes.iter().map(row).collect(),
        horizon: report.horizon.clone(),
        provenance: report.provenance.clone(),
    }
}

fn fan_of(report: &Report, route: &RouteAnalysis, number: usize) -> Fan {
    let column =
        |read: fn(&crate::analysis::Summary) -> f64| route.months.iter().map(|m| read(&m.spend)).collect();
    Fan {
        name: format!("fan-{number:02}-{}", file_stem(&route.label)),
        route: name(route),
        months: route.months.iter().map(|m| m.month.label()).collect(),
        p05: column(|s| s.p05),
        p25: column(|s| s.p25),
        p50: column(|s| s.p50),
        p75: column(|s| s.p75),
        p95: column(|s| s.p95),
        budget_usd: report.limits.and_then(|budget| budget.monthly_usd),
        y_max_usd: None,
        provenance: report.provenance.clone(),
    }
}

/// A label as a file name: letters, digits, dots and dashes.
pub fn file_stem(label: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' };
    let mut stem: String = label.chars().take(80).map(safe).collect();
    while stem.contains("--") {
        stem = stem.replace("--", "-");
    }
    stem.trim_matches('-').to_owned()
}

/// `B cheaper in 99 %`, for a pair.
pub fn cheaper_note(probability_a_cheaper: f64, a: &str, b: &str) -> String {
    if probability_a_cheaper >= 0.5 {
        format!("{a} cheaper in {}", probability(probability_a_cheaper))
    } else {
        format!("{b} cheaper in {}", probability(1.0 - probability_a_cheaper))
    }
}
