//! `tollcast optimize --solve --until`: the value of a field from which on a goal is met.

use super::ground::Ground;
use super::{Answer, Arguments};
use crate::analysis::{Goal, seek};
use crate::cli::outcome::Failure;
use crate::domain::problem::Code;
use crate::render::{GoalReport, Manifest, goal_chart, goal_json, goal_sheet};

/// Trials near a break-even, where nobody says: the error that is printed tells whether more are worth it.
const TRIALS: u32 = 2_048;
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
    let field = ground.field(path, arguments.times, arguments.between)?;
    let now = ground.tried(ground.scenario.clone(), ground.options.trials)?;
    let found = seek(&goal, &field, confidence, now.lived(), &|value, trials| match ground
        .edited(vec![field.edit(value)])
    {
        Ok(scenario) => ground.tried(scenario, trials).map(Ok),
        Err(problems) => Ok(Err(problems)),
    })?;
    let found = found.map_err(|why| unreadable("--until", &why))?;
    let none = found.sought.possible().next().is_none();
    let what = format!("some values of {path} make no scenario and were passed over");
    Ground::passed_over(found.passed_over, none, &what)?;
    let command = command(arguments, path, until, &ground);
    let report = GoalReport {
        scenario: ground.scenario.name.clone(),
        until: until.trim().to_owned(),
        confidence: goal.has_chance().then_some(confidence),
        unit: goal.unit(),
        now: found.now,
        sought: found.sought,
        horizon: ground.horizon(),
        manifest: Manifest::new(&ground.scenario, &ground.catalogue, &ground.options, command),
        field,
    };
    Ok(Answer {
        name: "goal",
        sheets: vec![goal_sheet(&report)],
        json: goal_json(&report)?,
        charts: vec![goal_chart(&report)?],
        manifest: report.manifest,
    })
}

/// The command that gives the answer again.
fn command(arguments: &Arguments, path: &str, until: &str, ground: &Ground) -> String {
    let mut more = vec![("--solve", path.to_owned()), ("--until", until.to_owned())];
    more.extend(arguments.confidence.map(|share| ("--confidence", share.0.to_string())));
    more.extend(arguments.between.map(|range| ("--between", range.to_string())));
    let command = ground.command(&arguments.scenario, &more, &arguments.pricing);
    if arguments.times { command + " --times" } else { command }
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
