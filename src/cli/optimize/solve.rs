//! `tollcast optimize --solve --until`: the value of a field from which on a goal is met.

use super::ground::{Ground, too_long};
use super::{Answer, Arguments};
use crate::analysis::{Goal, Margin, edges, sharpened};
use crate::cli::outcome::{Failure, say};
use crate::domain::problem::{Code, Problems};
use crate::engine::all;
use crate::render::{GoalReport, Manifest, Met, goal_json, goal_sheet};
use crate::workload::Varied;

/// Values that are tried along the range.
const GRID: usize = 41;
/// Trials near a break-even, where nobody says: the error that is printed tells whether more are worth it.
const TRIALS: u32 = 2_048;
/// Trials along the range, at most: near a break-even that they find, all trials are asked.
const ROUGH_TRIALS: u32 = 512;
/// The relative width of the stretch that a break-even is narrowed down to.
const TOLERANCE: f64 = 1e-5;
/// How probable a goal has to be, where nobody says.
const EVEN: f64 = 0.5;

/// Searches, and says what was found.
pub fn run(arguments: &Arguments, path: &str, until: &str) -> Result<Answer, Failure> {
    let goal = Goal::parse(until).map_err(|why| unreadable("--until", &why))?;
    if arguments.confidence.is_some() && !goal.has_chance() {
        return Err(Failure::usage(
            "--confidence beside a goal that names a figure",
            "the figure says how sure it is: p90 is not passed in nine of ten futures",
        ));
    }
    let ground = Ground::read(&arguments.scenario, &[path], &arguments.run, &arguments.pricing)?;
    known_routes(&goal, &ground)?;
    let mut ground = ground.with_routes(&kept(&goal, path))?;
    if arguments.run.trials.is_none() {
        ground.options.trials = TRIALS;
    }
    let confidence = arguments.confidence.map_or(EVEN, |share| share.0);
    let between = arguments.between.map(|range| (range.low, range.high));
    let field = Varied::new(path, arguments.times, between, &ground.scenario, &ground.tree)
        .map_err(|why| Failure::problem(Code::UnknownName, &why, ""))?;
    let trials = ground.options.trials;
    let now = ground.tried(ground.scenario.clone(), trials)?;
    let margin = |value: f64, trials: u32| -> Result<Result<Margin, Problems>, Failure> {
        let scenario = match ground.edited(vec![field.edit(value)]) {
            Ok(scenario) => scenario,
            Err(problems) => return Ok(Err(problems)),
        };
        let tried = ground.tried(scenario, trials)?;
        // What refuses more than in the scenario itself is cheap by doing less: no way to meet a goal.
        if let Some(route) = goal.routes().iter().find(|r| tried.refused(r) > now.refused(r) + 0.01) {
            return Ok(Err(too_long(&format!("{route} refuses more of the prompts as too long there"))));
        }
        goal.margin(tried.lived(), confidence).map(Ok).map_err(|why| unreadable("--until", &why))
    };
    let mut refused: Option<Problems> = None;
    let grid = field.grid(GRID);
    let rough_trials = trials.min(ROUGH_TRIALS);
    let mut along = |grid: &[f64]| -> Result<Vec<Option<f64>>, Failure> {
        let found = all(grid.len(), |at| margin(grid[at], rough_trials));
        let mut margins = Vec::new();
        for one in found {
            match one? {
                Ok(margin) => margins.push(Some(margin.value)),
                Err(problems) => {
                    refused.get_or_insert(problems);
                    margins.push(None);
                }
            }
        }
        Ok(margins)
    };
    let mut rough = |value: f64| Ok(margin(value, rough_trials)?.ok().map(|margin| margin.value));
    let (probes, rough_edges) = edges(&grid, TOLERANCE, &mut along, &mut rough)?;
    let mut fine = |value: f64| -> Result<Option<f64>, Failure> {
        Ok(margin(value, trials)?.ok().map(|margin| margin.value))
    };
    let mut edges = Vec::new();
    for edge in &rough_edges {
        edges.extend(sharpened(edge, TOLERANCE, &mut fine)?);
    }
    if probes.iter().all(|probe| probe.margin.is_none())
        && let Some(problems) = refused
    {
        return Err(problems.into());
    }
    if let Some(problems) = refused {
        let first = problems.into_sorted().into_iter().next().map_or(String::new(), |problem| problem.title);
        say(&format!("note: some values of {path} make no scenario and were passed over: {first}"));
    }
    let errors = edges.iter().map(|edge| {
        let found = margin(edge.at, trials)?.ok().and_then(|margin| margin.error);
        Ok(found.map(|error| error / edge.slope.abs().max(f64::MIN_POSITIVE)))
    });
    let errors: Vec<Option<f64>> = errors.collect::<Result<_, Failure>>()?;
    let now = goal.margin(now.lived(), confidence).map_err(|why| unreadable("--until", &why))?;
    let mut more = vec![("--solve", path.to_owned()), ("--until", until.to_owned())];
    more.extend(arguments.confidence.map(|share| ("--confidence", share.0.to_string())));
    more.extend(arguments.between.map(|range| ("--between", range.to_string())));
    let mut command = ground.command(&arguments.scenario, &more, &arguments.pricing);
    if arguments.times {
        command += " --times";
    }
    let report = GoalReport {
        until: until.trim().to_owned(),
        confidence: goal.has_chance().then_some(confidence),
        now: Met { holds: now.value >= 0.0, chance: now.chance },
        probes,
        edges: edges.into_iter().zip(errors).collect(),
        horizon: ground.horizon(),
        manifest: Manifest::new(&ground.scenario, &ground.catalogue, &ground.options, command),
        field,
    };
    Ok(Answer {
        name: "goal",
        sheets: vec![goal_sheet(&report)],
        json: goal_json(&report)?,
        charts: Vec::new(),
        manifest: report.manifest,
    })
}

fn unreadable(option: &str, why: &str) -> Failure {
    Failure::problem(Code::Unreadable, &format!("{option}: {why}"), "")
}

/// The goal's routes are the scenario's.
fn known_routes(goal: &Goal, ground: &Ground) -> Result<(), Failure> {
    let labels: Vec<&str> = ground.scenario.routes.iter().map(|route| route.label.as_str()).collect();
    match goal.routes().into_iter().find(|name| !labels.contains(name)) {
        Some(name) => {
            let help = crate::domain::problem::suggest(name, labels);
            let title = format!("--until: the scenario has no route `{name}`");
            Err(Failure::problem(Code::UnknownName, &title, &help))
        }
        None => Ok(()),
    }
}

/// The routes that have to be simulated: the goal's; all where another one's field is varied, to say so.
fn kept<'a>(goal: &'a Goal, path: &str) -> Vec<&'a str> {
    let routes = goal.routes();
    let own = |name: &&str| path.starts_with(&format!("routes.{name}."));
    if path.starts_with("routes.") && !routes.iter().any(own) { Vec::new() } else { routes }
}
