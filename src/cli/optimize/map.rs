//! `tollcast optimize --map`: which route is the cheapest, over two fields.

use super::ground::{Ground, too_long};
use super::{Answer, Arguments, Axis};
use crate::analysis::{Ranked, spends};
use crate::cli::outcome::{Failure, say};
use crate::domain::problem::{Code, Problems};
use crate::engine::all;
use crate::render::{Cell, Manifest, MapReport, heat_map_chart, map_json, map_sheet};
use crate::workload::Varied;

/// Trials of a cell, where nobody says: medians and P90 to about a percent, and the same numbers in all cells, so
/// that borders are far sharper than that.
const TRIALS: u32 = 128;

/// Draws the map.
pub fn run(arguments: &Arguments, axes: &[Axis]) -> Result<Answer, Failure> {
    let [x, y] = axes else {
        return Err(Failure::usage(
            "a map goes over two fields",
            "give --map twice: PATH=LOW..HIGH for each axis",
        ));
    };
    if x.path == y.path {
        return Err(Failure::usage("both axes of the map are one field", "give two fields"));
    }
    let paths = [x.path.as_str(), y.path.as_str()];
    let mut ground = Ground::read(&arguments.scenario, &paths, &arguments.run, &arguments.pricing)?;
    if arguments.run.trials.is_none() {
        ground.options.trials = TRIALS;
    }
    let field = |axis: &Axis| {
        let between = axis.range.map(|range| (range.low, range.high));
        Varied::new(&axis.path, arguments.times, between, &ground.scenario, &ground.tree)
            .map_err(|why| Failure::problem(Code::UnknownName, &why, ""))
    };
    let (x, y) = (field(x)?, field(y)?);
    let (columns, rows) = (x.grid(arguments.cells), y.grid(arguments.cells));
    // Where a route refuses more than in the scenario itself, it is cheap by doing less.
    let usual = spends(&ground.simulated(&ground.scenario, ground.options.trials)?);
    let cell = |at: usize| -> Result<Result<Cell, Problems>, Failure> {
        let (column, row) = (columns[at % columns.len()], rows[at / columns.len()]);
        let scenario = match ground.edited(vec![x.edit(column), y.edit(row)]) {
            Ok(scenario) => scenario,
            Err(problems) => return Ok(Err(problems)),
        };
        let simulation = ground.simulated(&scenario, ground.options.trials)?;
        let figure = arguments.at.reader();
        let serves = |(at, route): &(usize, Ranked)| {
            route.serves_the_job && route.refused <= usual[*at].refused + 0.01
        };
        let routes = spends(&simulation).into_iter().enumerate().filter(serves);
        let found: Vec<(usize, f64)> = routes.map(|(at, route)| (at, figure(&route.spend))).collect();
        if found.is_empty() {
            return Ok(Err(too_long(
                "every route refuses more of the prompts as too long than in the scenario",
            )));
        }
        Ok(Ok(Cell::of(found)))
    };
    let found = all(columns.len() * rows.len(), cell);
    let (mut cells, mut refused) = (Vec::new(), None);
    for one in found {
        match one? {
            Ok(cell) => cells.push(Some(cell)),
            Err(problems) => {
                refused.get_or_insert(problems);
                cells.push(None);
            }
        }
    }
    if let Some(problems) = refused {
        if cells.iter().all(Option::is_none) {
            return Err(problems.into());
        }
        let first = problems.into_sorted().into_iter().next().map_or(String::new(), |problem| problem.title);
        say(&format!("note: some cells make no scenario and are left blank: {first}"));
    }
    let mut more: Vec<(&str, String)> = axes.iter().map(|axis| ("--map", axis.to_string())).collect();
    more.extend([("--cells", arguments.cells.to_string()), ("--at", arguments.at.name().to_owned())]);
    let mut command = ground.command(&arguments.scenario, &more, &arguments.pricing);
    if arguments.times {
        command += " --times";
    }
    let report = MapReport {
        scenario: ground.scenario.name.clone(),
        routes: ground.scenario.routes.iter().map(|route| route.label.clone()).collect(),
        figure: arguments.at.name(),
        horizon: ground.horizon(),
        manifest: Manifest::new(&ground.scenario, &ground.catalogue, &ground.options, command),
        columns,
        rows,
        cells,
        x,
        y,
    };
    Ok(Answer {
        name: "map",
        sheets: vec![map_sheet(&report)],
        json: map_json(&report)?,
        charts: vec![heat_map_chart(&report)?],
        manifest: report.manifest,
    })
}
