//! What moves the answer: tables, JSON and charts.

use serde::Serialize;

use super::chart::Chart;
use super::chart::layers::{self, LayersChart};
use super::chart::tornado::{self, Tornado, TornadoRow};
use super::report::Manifest;
use super::sheet::Sheet;
use crate::analysis::{Driver, Figure, Index, RouteSensitivity, Sensitivity, Summary, Swing};
use crate::domain::format::{percent, probability, significant, usd_change, usd_short};
use crate::workload::shown;

/// What was studied.
#[derive(Clone, Debug)]
pub struct SensitivityReport {
    /// What was found.
    pub found: Sensitivity,
    /// The routes to be shown, by their numbers.
    pub routes: Vec<usize>,
    /// The figure that is told.
    pub figure: Figure,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// What it can be reproduced from.
    pub manifest: Manifest,
}

/// The most drivers that a table or a chart shows.
const MOST_DRIVERS: usize = 12;
/// The most inputs of the worst trials that are told.
const MOST_WORST: usize = 5;

impl SensitivityReport {
    fn shown(&self) -> impl Iterator<Item = &RouteSensitivity> {
        self.routes.iter().map(|at| &self.found.routes[*at])
    }

    /// The drivers of a route by the figure that is told, the widest first.
    fn drivers<'a>(&self, route: &'a RouteSensitivity) -> Vec<&'a Swing> {
        let mut drivers: Vec<&Swing> = route.tornado.iter().collect();
        drivers.sort_by(|a, b| b.width(self.figure).total_cmp(&a.width(self.figure)));
        drivers
    }

    fn answer(&self, route: &RouteSensitivity) -> String {
        let figure = self.figure.words();
        let Some(first) = self.drivers(route).into_iter().next() else {
            return format!("Nothing is uncertain about {}, and nothing on it has a price.", route.label);
        };
        let usual = self.figure.of(&route.spend);
        let [low, high] = ends(first);
        let span = if first.unit == "times" {
            format!("From {low} to {high}")
        } else {
            format!("From P10 ({low}) to P90 ({high})")
        };
        let change = first.change(self.figure);
        let width = change[1] - change[0];
        let sign = if width < 0.0 { "\u{2212}" } else { "+" };
        format!(
            "What moves {} most: {}. {span} it changes {figure} of spend by {sign}{}, {} of it.",
            route.label,
            first.name,
            usd_short(width.abs()),
            percent(if usual > 0.0 { width.abs() / usual } else { 0.0 })
        )
    }
}

/// The values of a driver at both ends, in words.
fn ends(swing: &Swing) -> [String; 2] {
    swing.ends.map(|value| shown(swing.unit, value))
}

/// The tables of the routes that are shown.
pub fn sensitivity_sheets(report: &SensitivityReport) -> Vec<Sheet> {
    report
        .shown()
        .flat_map(|route| [tornado_sheet(report, route), indices_sheet(route), worst_sheet(route)])
        .filter(|sheet| !sheet.rows.is_empty() || !sheet.notes.is_empty())
        .collect()
}

fn tornado_sheet(report: &SensitivityReport, route: &RouteSensitivity) -> Sheet {
    let figure = report.figure.words();
    let head = ["driver", "low end", "high end", "at the low end", "at the high end"];
    let mut sheet = Sheet::new(report.answer(route), &head);
    let drivers = report.drivers(route);
    for swing in drivers.iter().take(MOST_DRIVERS) {
        let [low, high] = ends(swing);
        let change = swing.change(report.figure);
        sheet.rows.push(vec![swing.name.clone(), low, high, usd_change(change[0]), usd_change(change[1])]);
    }
    if drivers.len() > MOST_DRIVERS {
        sheet.notes.push(format!("{} more drivers are in --format json.", drivers.len() - MOST_DRIVERS));
    }
    sheet.notes.push(format!(
        "Change of {figure} of spend over {}, {} as things stand. Assumptions at their P10 and P90, prices by the factor shown; each alone, the others with their own ranges, correlated ones too.",
        report.horizon,
        usd_short(report.figure.of(&route.spend))
    ));
    sheet
}

fn indices_sheet(route: &RouteSensitivity) -> Sheet {
    let title = format!("Whose variance it is: {}", route.label);
    let mut sheet = Sheet::new(title, &["uncertain", "alone", "with others"]);
    let mut found: Vec<_> = route.indices.iter().collect();
    found.sort_by(|a, b| b.1.total.value.total_cmp(&a.1.total.value));
    for (name, index) in found {
        sheet.rows.push(vec![name.clone(), share(&index.first), share(&index.total)]);
    }
    let layers = &route.layers;
    if layers.sd > 0.0 {
        sheet.notes.push(format!(
            "Shares of the variance of what is expected (Sobol' indices, ± one standard error). Of all variance of spend, the assumptions have {}, the paths {}, sessions {}, single requests {}.",
            probability(layers.assumptions),
            probability(layers.paths),
            probability(layers.clusters),
            probability(layers.requests)
        ));
    }
    sheet
}

fn share(index: &Index) -> String {
    let value = index.value.max(0.0);
    match index.error {
        Some(error) => format!("{} % ± {}", significant(100.0 * value, 3), significant(100.0 * error, 2)),
        None => percent(value),
    }
}

fn worst_sheet(route: &RouteSensitivity) -> Sheet {
    let title = format!("What the inputs were in the worst 5 % of futures: {}", route.label);
    let mut sheet = Sheet::new(title, &["input", "usually", "in the worst 5 %", "apart by"]);
    for input in route.worst.iter().take(MOST_WORST) {
        let value = |value: f64| shown(input.unit, value);
        let apart = format!("{:+.1} sd", input.shift);
        sheet.rows.push(vec![input.name.clone(), value(input.usual), value(input.worst), apart]);
    }
    if sheet.rows.is_empty() { Sheet::default() } else { sheet }
}

/// A tornado for each route that is shown, and the layers of all.
///
/// # Errors
/// When one cannot be drawn, a defect of ours.
pub fn sensitivity_charts(report: &SensitivityReport) -> anyhow::Result<Vec<Chart>> {
    let mut charts = Vec::new();
    for (number, route) in report.shown().enumerate() {
        let drivers = report.drivers(route);
        if drivers.is_empty() {
            continue;
        }
        let row = |swing: &&Swing| TornadoRow {
            name: swing.name.trim_start_matches("workloads.").to_owned(),
            is_price: swing.driver == Driver::Price,
            ends: ends(swing),
            change: swing.change(report.figure),
        };
        charts.push(tornado::draw(&Tornado {
            route: route.label.clone(),
            rows: drivers.iter().take(MOST_DRIVERS).map(row).collect(),
            figure: report.figure.words(),
            usual: report.figure.of(&route.spend),
            horizon: report.horizon.clone(),
            stem: format!("tornado-{:02}", number + 1),
            provenance: report.manifest.provenance(),
        })?);
    }
    let varied = report.found.routes.iter().filter(|route| route.layers.sd > 0.0);
    let rows: Vec<(String, [f64; 4], f64)> = varied
        .map(|route| {
            let l = &route.layers;
            (route.label.clone(), [l.assumptions, l.paths, l.clusters, l.requests], l.sd)
        })
        .collect();
    if !rows.is_empty() {
        let horizon = report.horizon.clone();
        charts.push(layers::draw(&LayersChart { rows, horizon, provenance: report.manifest.provenance() })?);
    }
    Ok(charts)
}

#[derive(Serialize)]
struct Json<'a> {
    schema_version: u32,
    manifest: &'a Manifest,
    currency: &'static str,
    runs: usize,
    routes: Vec<JsonRoute<'a>>,
}

#[derive(Serialize)]
struct JsonRoute<'a> {
    id: &'a str,
    spend_usd: &'a Summary,
    tornado: Vec<JsonSwing<'a>>,
    indices: Vec<JsonIndex<'a>>,
    variance_shares: JsonLayers,
    spend_sd_usd: f64,
    worst_5_percent: Vec<JsonWorst<'a>>,
}

#[derive(Serialize)]
struct JsonSwing<'a> {
    driver: &'a str,
    is_price: bool,
    low: f64,
    high: f64,
    unit: &'a str,
    mean_change_usd: [f64; 2],
    p50_change_usd: [f64; 2],
    p90_change_usd: [f64; 2],
}

#[derive(Serialize)]
struct JsonIndex<'a> {
    input: &'a str,
    first_order: f64,
    first_order_standard_error: Option<f64>,
    total: f64,
    total_standard_error: Option<f64>,
}

#[derive(Serialize)]
struct JsonLayers {
    assumptions: f64,
    paths: f64,
    sessions: f64,
    requests: f64,
}

#[derive(Serialize)]
struct JsonWorst<'a> {
    input: &'a str,
    unit: &'a str,
    usual_mean: f64,
    worst_mean: f64,
    shift_sd: f64,
}

/// Everything that was found as JSON, all routes. Pairs of changes are those at the low and the high end.
///
/// # Errors
/// Never in practice.
pub fn sensitivity_json(report: &SensitivityReport) -> anyhow::Result<String> {
    let json = Json {
        schema_version: 1,
        manifest: &report.manifest,
        currency: "USD",
        runs: report.found.runs,
        routes: report.found.routes.iter().map(json_route).collect(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}

fn json_route(route: &RouteSensitivity) -> JsonRoute<'_> {
    let layers = &route.layers;
    JsonRoute {
        id: &route.label,
        spend_usd: &route.spend,
        tornado: route.tornado.iter().map(json_swing).collect(),
        indices: route
            .indices
            .iter()
            .map(|(input, found)| JsonIndex {
                input,
                first_order: found.first.value,
                first_order_standard_error: found.first.error,
                total: found.total.value,
                total_standard_error: found.total.error,
            })
            .collect(),
        variance_shares: JsonLayers {
            assumptions: layers.assumptions,
            paths: layers.paths,
            sessions: layers.clusters,
            requests: layers.requests,
        },
        spend_sd_usd: layers.sd,
        worst_5_percent: route
            .worst
            .iter()
            .map(|input| JsonWorst {
                input: &input.name,
                unit: input.unit,
                usual_mean: input.usual,
                worst_mean: input.worst,
                shift_sd: input.shift,
            })
            .collect(),
    }
}

fn json_swing(swing: &Swing) -> JsonSwing<'_> {
    JsonSwing {
        driver: &swing.name,
        is_price: swing.driver == Driver::Price,
        low: swing.ends[0],
        high: swing.ends[1],
        unit: swing.unit,
        mean_change_usd: swing.change(Figure::Mean),
        p50_change_usd: swing.change(Figure::P50),
        p90_change_usd: swing.change(Figure::P90),
    }
}
