//! What goal seek found: where a goal is met, as a table and as JSON.

use serde::Serialize;

use super::report::Manifest;
use super::sheet::Sheet;
use crate::analysis::{Edge, Probe};
use crate::domain::format::{probability, significant};
use crate::workload::Varied;

/// What was sought and found.
#[derive(Clone, Debug)]
pub struct GoalReport {
    /// The field that was varied.
    pub field: Varied,
    /// The goal as it was given.
    pub until: String,
    /// How probable it has to be, where it has a chance.
    pub confidence: Option<f64>,
    /// As the scenario is.
    pub now: Met,
    /// What was tried along the range.
    pub probes: Vec<Probe>,
    /// The break-even points, rising, with the Monte Carlo error of each.
    pub edges: Vec<BreakEven>,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// What it can be reproduced from.
    pub manifest: Manifest,
}

/// A break-even point with its Monte Carlo error.
pub type BreakEven = (Edge, Option<f64>);

/// The ends of a stretch; none where the range itself ends.
type Stretch<'a> = [Option<&'a BreakEven>; 2];

/// Whether a goal is met, and its chance if it has one.
#[derive(Clone, Copy, Debug)]
pub struct Met {
    /// Whether it is.
    pub holds: bool,
    /// Its chance.
    pub chance: Option<f64>,
}

impl GoalReport {
    /// The stretches of the field in which the goal is met, each with the edges that bound it.
    fn stretches(&self) -> Vec<Stretch<'_>> {
        let first = self.probes.iter().find_map(|probe| probe.margin);
        let mut open = first.is_some_and(|margin| margin >= 0.0).then_some(None);
        let mut stretches = Vec::new();
        for edge in &self.edges {
            match (edge.0.holds_above, open) {
                (true, _) => open = Some(Some(edge)),
                (false, Some(from)) => {
                    stretches.push([from, Some(edge)]);
                    open = None;
                }
                (false, None) => {}
            }
        }
        stretches.extend(open.map(|from| [from, None]));
        stretches
    }

    fn at(&self, edge: &BreakEven) -> String {
        let (value, field) = (edge.0.at, &self.field);
        let share = ["share", "a month", "of the mean"].contains(&field.unit);
        let shown = match (share, field.times) {
            (true, _) => format!("{} %", significant(100.0 * value, 4)),
            (false, true) => format!("\u{d7} {}", significant(value, 4)),
            (false, false) => field.show(value),
        };
        match edge.1 {
            // An error below the last digit that is shown says nothing.
            Some(error) if error > 5e-5 * value.abs() => {
                let error = if share {
                    format!("{} %", significant(100.0 * error, 2))
                } else {
                    significant(error, 2)
                };
                format!("{shown} (± {error})")
            }
            _ => shown,
        }
    }

    fn range(&self) -> (String, String) {
        let possible = || self.probes.iter().filter(|probe| probe.margin.is_some());
        let low = possible().map(|probe| probe.at).fold(f64::INFINITY, f64::min);
        let high = possible().map(|probe| probe.at).fold(f64::NEG_INFINITY, f64::max);
        (self.field.show(low), self.field.show(high))
    }

    /// The answer in a sentence.
    fn answer(&self) -> String {
        let field = &self.field.path;
        let (low, high) = self.range();
        let goal = match self.confidence {
            Some(confidence) => {
                format!("\u{201C}{}\u{201D} with a chance of {}", self.until, probability(confidence))
            }
            None => format!("\u{201C}{}\u{201D}", self.until),
        };
        let stretches = self.stretches();
        let all = self.edges.is_empty();
        let parts: Vec<String> = stretches.iter().map(|stretch| self.part(stretch)).collect();
        match parts.as_slice() {
            [] => format!("Never: {goal} holds for no {field} from {low} to {high}."),
            [_] if all => format!("Always: {goal} holds for every {field} from {low} to {high}."),
            parts => format!("{goal} holds for {field} {}.", parts.join(", and ")),
        }
    }

    fn part(&self, stretch: &Stretch<'_>) -> String {
        match stretch {
            [Some(from), None] => format!("from {} on", self.at(from)),
            [None, Some(to)] => format!("up to {}", self.at(to)),
            [Some(from), Some(to)] => format!("from {} to {}", self.at(from), self.at(to)),
            [None, None] => "everywhere".to_owned(),
        }
    }

    fn standing(&self) -> String {
        let chance =
            self.now.chance.map_or(String::new(), |p| format!(", with a chance of {}", probability(p)));
        let value = match (self.field.now, self.field.times) {
            (Some(now), false) => format!(" ({}, at its median)", self.field.show(now)),
            _ => String::new(),
        };
        let holds = if self.now.holds { "holds" } else { "does not hold" };
        format!("As the scenario stands{value} it {holds}{chance}.")
    }
}

/// The answer and what was tried, as a sheet.
pub fn goal_sheet(report: &GoalReport) -> Sheet {
    let mut sheet = Sheet::new(report.answer(), &[&report.field.words(), "holds", "margin"]);
    let unit = if report.until.ends_with(" within budget") { 100.0 } else { 1.0 };
    let shown = report.probes.iter().step_by((report.probes.len() / 10).max(1));
    for probe in shown {
        let (holds, margin) = match probe.margin {
            Some(margin) if unit > 1.0 => (margin >= 0.0, format!("{} %", significant(unit * margin, 3))),
            Some(margin) => (margin >= 0.0, crate::domain::format::usd_short(margin)),
            None => (false, "not possible".to_owned()),
        };
        sheet.rows.push(vec![
            report.field.show(probe.at),
            if holds { "yes" } else { "no" }.to_owned(),
            margin,
        ]);
    }
    sheet.notes.push(report.standing());
    let of = if report.field.times {
        "The factor multiplies what the scenario states, ranges included."
    } else {
        "The field was set to one value each time, in place of the range that the scenario may state."
    };
    sheet.notes.push(format!("{of} Spend over {}.", report.horizon));
    sheet
}

#[derive(Serialize)]
struct Json<'a> {
    schema_version: u32,
    manifest: &'a Manifest,
    solve: &'a str,
    is_factor: bool,
    unit: &'a str,
    until: &'a str,
    confidence: Option<f64>,
    answer: String,
    break_even: Vec<JsonEdge>,
    holds: Vec<JsonStretch>,
    now: JsonNow,
    probes: Vec<JsonProbe>,
}

#[derive(Serialize)]
struct JsonEdge {
    value: f64,
    standard_error: Option<f64>,
    holds_above: bool,
}

#[derive(Serialize)]
struct JsonStretch {
    from: Option<f64>,
    to: Option<f64>,
}

#[derive(Serialize)]
struct JsonNow {
    value: Option<f64>,
    holds: bool,
    probability: Option<f64>,
}

#[derive(Serialize)]
struct JsonProbe {
    value: f64,
    margin: Option<f64>,
}

/// The answer as JSON. `holds` lists stretches; an end that is `null` is that of the range. Margins are in USD, or
/// chances for budgets.
///
/// # Errors
/// Never in practice.
pub fn goal_json(report: &GoalReport) -> anyhow::Result<String> {
    let value = |edge: &Option<&BreakEven>| edge.map(|edge| edge.0.at);
    let json = Json {
        schema_version: 1,
        manifest: &report.manifest,
        solve: &report.field.path,
        is_factor: report.field.times,
        unit: report.field.unit,
        until: &report.until,
        confidence: report.confidence,
        answer: report.answer(),
        break_even: report
            .edges
            .iter()
            .map(|(edge, error)| JsonEdge {
                value: edge.at,
                standard_error: *error,
                holds_above: edge.holds_above,
            })
            .collect(),
        holds: report
            .stretches()
            .iter()
            .map(|[from, to]| JsonStretch { from: value(from), to: value(to) })
            .collect(),
        now: JsonNow { value: report.field.now, holds: report.now.holds, probability: report.now.chance },
        probes: report.probes.iter().map(|p| JsonProbe { value: p.at, margin: p.margin }).collect(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}
