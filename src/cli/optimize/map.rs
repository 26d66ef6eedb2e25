//! `tollcast optimize --map`: which route is the cheapest, over two fields.

use super::ground::Ground;
use super::{Answer, Arguments, Axis};
use crate::analysis::{Spot, map};
use crate::cli::outcome::Failure;
use crate::render::{Manifest, MapReport, map_charts, map_json, map_sheet};

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
    let (figure, trials) = (arguments.at.figure(), ground.options.trials);
    let field = |axis: &Axis| ground.field(&axis.path, arguments.times, axis.range);
    let (x, y) = (field(x)?, field(y)?);
    let base = ground.simulated(&ground.scenario, trials)?;
    let found = map((&x, &y), arguments.cells, figure, &base, &|[column, row]| match ground
        .edited(vec![x.edit(column), y.edit(row)])
    {
        Ok(scenario) => ground.simulated(&scenario, trials).map(|simulation| Ok((scenario, simulation))),
        Err(problems) => Ok(Err(problems)),
    })?;
    let all = found.cells.iter().all(|spot| *spot == Spot::Impossible);
    let what = "some cells make no scenario and are left blank";
    Ground::passed_over(found.passed_over.clone(), all, what)?;
    let command = command(arguments, axes, &ground);
    let report = MapReport {
        scenario: ground.scenario.name.clone(),
        routes: ground.scenario.routes.iter().map(|route| route.label.clone()).collect(),
        required: ground.scenario.requirements.iter().map(|required| required.demand.text()).collect(),
        figure,
        horizon: ground.horizon(),
        manifest: Manifest::new(&ground.scenario, &ground.catalogue, &ground.options, command),
        found,
        x,
        y,
    };
    Ok(Answer {
        name: "map",
        sheets: vec![map_sheet(&report)],
        json: map_json(&report)?,
        charts: map_charts(&report)?,
        manifest: report.manifest,
    })
}

/// The command that draws it again.
fn command(arguments: &Arguments, axes: &[Axis], ground: &Ground) -> String {
    let mut more: Vec<(&str, String)> = axes.iter().map(|axis| ("--map", axis.to_string())).collect();
    let figure = arguments.at.figure().name().to_owned();
    more.extend([("--cells", arguments.cells.to_string()), ("--at", figure)]);
    let command = ground.command(&arguments.scenario, &more, &arguments.pricing);
    if arguments.times { command + " --times" } else { command }
}
