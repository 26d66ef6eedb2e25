//! The break-even map: which route is the cheapest over two fields, as a table, as JSON and as a chart.

use serde::Serialize;

use super::chart::Chart;
use super::chart::heat_map::{self, HeatMap, HeatMapAxis};
use super::report::Manifest;
use super::sheet::Sheet;
use crate::analysis::{Cell, Figure, Map, Spot, Winner};
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
    /// What was found.
    pub found: Map,
    /// The routes by their numbers.
    pub routes: Vec<String>,
    /// What the scenario requires of a route, in words.
    pub required: Vec<String>,
    /// The figure that is compared.
    pub figure: Figure,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// What it can be reproduced from.
    pub manifest: Manifest,
}

impl MapReport {
    /// The names of routes that cost the same: `a`, `a and b`, `a, b and c`.
    fn names(&self, routes: &[usize]) -> String {
        let names: Vec<&str> = routes.iter().map(|route| self.routes[*route].as_str()).collect();
        match names.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            _ => names.concat(),
        }
    }

    /// Where a winner is found, by the extremes of its cells.
    fn where_it_wins(&self, winner: &Winner) -> String {
        let span = |field: &Varied, (low, high): (f64, f64)| {
            format!("{} {} to {}", field.words(), field.show(low), field.show(high))
        };
        format!("{}, {}", span(&self.x, winner.across), span(&self.y, winner.up))
    }

    /// What is compared: routes, or those that meet what the scenario requires.
    fn what(&self) -> &'static str {
        if self.required.is_empty() { "route" } else { "admissible route" }
    }

    fn title(&self, winners: &[Winner]) -> String {
        let blank = self.found.inadmissible() > 0;
        match winners {
            [] => "None: no route that serves the job meets the scenario's requirements, wherever on the map"
                .to_owned(),
            [only] if !blank && self.required.is_empty() => {
                format!("{}: the cheapest everywhere on the map", self.names(&only.routes))
            }
            [only] if !blank => {
                format!("{}: the cheapest admissible everywhere on the map", self.names(&only.routes))
            }
            _ => format!("The cheapest {} over {} and {}", self.what(), self.x.path, self.y.path),
        }
    }
}

/// Who is cheapest where, as a table.
pub fn map_sheet(report: &MapReport) -> Sheet {
    let winners = report.found.winners();
    let head = ["route", "cheapest in", "leads by at most", "found within"];
    let mut sheet = Sheet::new(report.title(&winners), &head);
    for winner in &winners {
        let lead = winner.lead.map_or(String::new(), percent);
        let names = report.names(&winner.routes);
        sheet.rows.push(vec![names, percent(winner.share), lead, report.where_it_wins(winner)]);
    }
    if !report.required.is_empty() {
        let required = report.required.join(", ");
        sheet.notes.push(format!("Only routes that meet what the scenario requires take part: {required}."));
    }
    let blank = report.found.inadmissible();
    if blank > 0 {
        sheet.notes.push(format!("In {blank} of {} cells no route is admissible.", report.found.cells.len()));
    }
    let (answered, all) = (report.found.answered(), report.found.cells.len());
    if answered < all {
        sheet.notes.push(format!("Shares are of the {answered} of {all} cells that have an answer."));
    }
    sheet.notes.push(format!(
        "By {} of spend over {}; {} × {} cells on the same random numbers. --out draws the map, --format json has its cells.",
        report.figure.words(),
        report.horizon,
        report.found.columns.len(),
        report.found.rows.len()
    ));
    sheet
}

/// The map as a chart; none where no route wins anywhere.
///
/// # Errors
/// When it cannot be drawn, a defect of ours.
pub fn map_charts(report: &MapReport) -> anyhow::Result<Vec<Chart>> {
    let axis = |field: &Varied, values: &[f64]| HeatMapAxis {
        title: if field.times { format!("{}, factor", field.path) } else { field.path.clone() },
        labels: values.iter().map(|value| field.show(*value)).collect(),
        now: field.now.and_then(|now| field.place(now)),
    };
    let winners = report.found.winners();
    if winners.is_empty() {
        return Ok(Vec::new());
    }
    let cell = |spot: &Spot| match spot {
        Spot::Cheapest(cell) => winners
            .iter()
            .position(|winner| winner.routes == cell.routes)
            .map(|winner| (winner, cell.lead().unwrap_or(f64::INFINITY))),
        Spot::Impossible | Spot::Inadmissible => None,
    };
    let chart = heat_map::draw(&HeatMap {
        what: report.what().to_owned(),
        x: axis(&report.x, &report.found.columns),
        y: axis(&report.y, &report.found.rows),
        routes: winners.iter().map(|winner| (report.names(&winner.routes), winner.share)).collect(),
        cells: report.found.cells.iter().map(cell).collect(),
        figure: report.figure.words(),
        horizon: report.horizon.clone(),
        provenance: report.manifest.provenance(),
    })?;
    Ok(vec![chart])
}

#[derive(Serialize)]
struct Json<'a> {
    schema_version: u32,
    manifest: &'a Manifest,
    scenario: &'a str,
    horizon: &'a str,
    x: JsonAxis<'a>,
    y: JsonAxis<'a>,
    figure: &'a str,
    currency: &'static str,
    routes: &'a [String],
    required: &'a [String],
    cells_without_admissible_route: usize,
    cells: Vec<Option<JsonCell<'a>>>,
}

#[derive(Serialize)]
struct JsonAxis<'a> {
    path: &'a str,
    is_factor: bool,
    unit: &'a str,
    now: Option<f64>,
    values: &'a [f64],
}

#[derive(Serialize)]
struct JsonCell<'a> {
    cheapest: &'a str,
    tied: Vec<&'a str>,
    spend_usd: f64,
    next: Option<&'a str>,
    next_spend_usd: Option<f64>,
}

/// The map as JSON: cells row by row, x first, in the order of the axes' values; `tied` are the others that cost the
/// same as `cheapest`. A cell is `null` where the values make no scenario or no route is admissible.
///
/// # Errors
/// Never in practice.
pub fn map_json(report: &MapReport) -> anyhow::Result<String> {
    let name = |route: usize| report.routes[route].as_str();
    let cell = |cell: &Cell| JsonCell {
        cheapest: name(cell.routes[0]),
        tied: cell.routes[1..].iter().map(|route| name(*route)).collect(),
        spend_usd: cell.usd,
        next: cell.next.map(|(route, _)| name(route)),
        next_spend_usd: cell.next.map(|(_, usd)| usd),
    };
    let cells = report.found.cells.iter().map(|spot| match spot {
        Spot::Cheapest(found) => Some(cell(found)),
        Spot::Impossible | Spot::Inadmissible => None,
    });
    let json = Json {
        schema_version: 1,
        manifest: &report.manifest,
        scenario: &report.scenario,
        horizon: &report.horizon,
        x: axis(&report.x, &report.found.columns),
        y: axis(&report.y, &report.found.rows),
        figure: report.figure.name(),
        currency: "USD",
        routes: &report.routes,
        required: &report.required,
        cells_without_admissible_route: report.found.inadmissible(),
        cells: cells.collect(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}

fn axis<'a>(field: &'a Varied, values: &'a [f64]) -> JsonAxis<'a> {
    JsonAxis { path: &field.path, is_factor: field.times, unit: field.unit, now: field.now, values }
}
