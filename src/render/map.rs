//! The break-even map: which route is the cheapest over two fields, as a table, as JSON and as a chart.

use serde::Serialize;

use super::chart::Chart;
use super::chart::heat_map::{self, HeatMap, HeatMapAxis};
use super::report::Manifest;
use super::sheet::Sheet;
use crate::domain::format::percent;
use crate::workload::Varied;

/// The map.
#[derive(Clone, Debug)]
pub struct MapReport {
    /// The scenario's name.
    pub scenario: String,
    /// The field across.
    pub x: Varied,
    /// The field up.
    pub y: Varied,
    /// Its values.
    pub columns: Vec<f64>,
    /// Its values.
    pub rows: Vec<f64>,
    /// Row by row, the lowest first; `None` where the values make no scenario.
    pub cells: Vec<Option<Cell>>,
    /// The routes by their numbers.
    pub routes: Vec<String>,
    /// The figure that is compared: `p50`.
    pub figure: &'static str,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// What it can be reproduced from.
    pub manifest: Manifest,
}

/// A cell: the cheapest route of those that serve the whole job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Its number.
    pub route: usize,
    /// What it costs over the horizon, USD.
    pub usd: f64,
    /// Another one that costs the same, if there is one.
    pub tied: Option<usize>,
    /// The next cheapest of those that cost more, if there is one.
    pub next: Option<(usize, f64)>,
}

impl Cell {
    /// The cell of routes, by their numbers, with what they cost, USD; there is at least one.
    pub fn of(mut spends: Vec<(usize, f64)>) -> Self {
        spends.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let least = spends[0].1;
        // Less than a billionth is rounding.
        let (tied, dearer): (Vec<_>, Vec<_>) =
            spends.into_iter().partition(|(_, usd)| *usd <= least * (1.0 + 1e-9));
        let mut tied: Vec<usize> = tied.into_iter().map(|(route, _)| route).collect();
        tied.sort_unstable();
        Cell { route: tied[0], usd: least, tied: tied.get(1).copied(), next: dearer.first().copied() }
    }

    /// By how much the next one is dearer, as a share.
    pub fn lead(&self) -> Option<f64> {
        self.next.filter(|_| self.usd > 0.0).map(|(_, usd)| usd / self.usd - 1.0)
    }
}

impl MapReport {
    /// The routes that are cheapest somewhere: number, share of the cells, largest lead.
    fn winners(&self) -> Vec<(usize, f64, Option<f64>)> {
        let cells: Vec<&Cell> = self.cells.iter().flatten().collect();
        let winner = |route: usize| {
            let own = || cells.iter().filter(|cell| cell.route == route);
            let lead = own().filter_map(|cell| cell.lead()).reduce(f64::max);
            (route, own().count() as f64 / cells.len().max(1) as f64, lead)
        };
        let mut winners: Vec<_> =
            (0..self.routes.len()).map(winner).filter(|(_, share, _)| *share > 0.0).collect();
        winners.sort_by(|a, b| b.1.total_cmp(&a.1));
        winners
    }

    /// A winner's name, with that of a route that costs the same wherever it wins.
    fn winner_name(&self, route: usize) -> String {
        let mut own = self.cells.iter().flatten().filter(|cell| cell.route == route);
        let tied = own.next().and_then(|cell| cell.tied);
        match tied.filter(|_| own.all(|cell| cell.tied == tied)) {
            Some(other) => format!("{} and {}", self.routes[route], self.routes[other]),
            None => self.routes[route].clone(),
        }
    }

    /// Where a winner is found, by the extremes of its cells.
    fn where_it_wins(&self, route: usize) -> String {
        let at =
            |cell: usize| (self.columns[cell % self.columns.len()], self.rows[cell / self.columns.len()]);
        let own = (0..self.cells.len()).filter(|cell| self.cells[*cell].is_some_and(|c| c.route == route));
        let (mut x, mut y) = ((f64::INFINITY, f64::NEG_INFINITY), (f64::INFINITY, f64::NEG_INFINITY));
        for (column, row) in own.map(at) {
            (x, y) = ((x.0.min(column), x.1.max(column)), (y.0.min(row), y.1.max(row)));
        }
        let span = |field: &Varied, (low, high): (f64, f64)| {
            format!("{} {} to {}", field.words(), field.show(low), field.show(high))
        };
        format!("{}, {}", span(&self.x, x), span(&self.y, y))
    }
}

/// Who is cheapest where, as a table.
pub fn map_sheet(report: &MapReport) -> Sheet {
    let winners = report.winners();
    let title = match winners.as_slice() {
        [(route, ..)] => format!("{}: the cheapest everywhere on the map", report.winner_name(*route)),
        _ => format!("The cheapest route over {} and {}", report.x.path, report.y.path),
    };
    let mut sheet = Sheet::new(title, &["route", "cheapest in", "leads by at most", "found within"]);
    for (route, share, lead) in winners {
        let lead = lead.map_or(String::new(), percent);
        sheet.rows.push(vec![report.winner_name(route), percent(share), lead, report.where_it_wins(route)]);
    }
    sheet.notes.push(format!(
        "By {} of spend over {}; {} × {} cells on the same random numbers. --out draws the map, --format json has its cells.",
        report.figure.to_uppercase(),
        report.horizon,
        report.columns.len(),
        report.rows.len()
    ));
    sheet
}

/// The map as a chart.
///
/// # Errors
/// When it cannot be drawn, a defect of ours.
pub fn heat_map_chart(report: &MapReport) -> anyhow::Result<Chart> {
    let axis = |field: &Varied, values: &[f64]| HeatMapAxis {
        title: if field.times { format!("{}, factor", field.path) } else { field.path.clone() },
        labels: values.iter().map(|value| field.show(*value)).collect(),
        now: field
            .now
            .filter(|now| (values[0]..=values[values.len() - 1]).contains(now))
            .map(|now| values.partition_point(|value| *value < now).min(values.len() - 1)),
    };
    let winners = report.winners();
    let number = |route: usize| winners.iter().position(|(winner, ..)| *winner == route).unwrap_or(0);
    heat_map::draw(&HeatMap {
        x: axis(&report.x, &report.columns),
        y: axis(&report.y, &report.rows),
        routes: winners.iter().map(|(route, share, _)| (report.winner_name(*route), *share)).collect(),
        cells: report
            .cells
            .iter()
            .map(|cell| cell.map(|cell| (number(cell.route), cell.lead().unwrap_or(f64::INFINITY))))
            .collect(),
        figure: report.figure.to_uppercase(),
        horizon: report.horizon.clone(),
        provenance: report.manifest.provenance(),
    })
}

#[derive(Serialize)]
struct Json<'a> {
    schema_version: u32,
    manifest: &'a Manifest,
    x: JsonAxis<'a>,
    y: JsonAxis<'a>,
    figure: &'a str,
    currency: &'static str,
    routes: &'a [String],
    cells: Vec<Option<JsonCell<'a>>>,
}

#[derive(Serialize)]
struct JsonAxis<'a> {
    path: &'a str,
    is_factor: bool,
    values: &'a [f64],
}

#[derive(Serialize)]
struct JsonCell<'a> {
    cheapest: &'a str,
    tied: Option<&'a str>,
    spend_usd: f64,
    next: Option<&'a str>,
    next_spend_usd: Option<f64>,
}

/// The map as JSON: cells row by row, x first, in the order of the axes' values.
///
/// # Errors
/// Never in practice.
pub fn map_json(report: &MapReport) -> anyhow::Result<String> {
    let cell = |cell: &Cell| JsonCell {
        cheapest: &report.routes[cell.route],
        tied: cell.tied.map(|route| report.routes[route].as_str()),
        spend_usd: cell.usd,
        next: cell.next.map(|(route, _)| report.routes[route].as_str()),
        next_spend_usd: cell.next.map(|(_, usd)| usd),
    };
    let json = Json {
        schema_version: 1,
        manifest: &report.manifest,
        x: JsonAxis { path: &report.x.path, is_factor: report.x.times, values: &report.columns },
        y: JsonAxis { path: &report.y.path, is_factor: report.y.times, values: &report.rows },
        figure: report.figure,
        currency: "USD",
        routes: &report.routes,
        cells: report.cells.iter().map(|found| found.as_ref().map(cell)).collect(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}
