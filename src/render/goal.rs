//! What goal seek found: where a goal is met, as a table, as JSON and as a chart.

use serde::Serialize;

use super::chart::Chart;
use super::chart::margin::{self, MarginChart, MarginPoint};
use super::report::Manifest;
use super::sheet::Sheet;
use crate::analysis::{Edge, End, MarginUnit, Probe, Sought, Standing, Stretch};
use crate::domain::format::{percent, probability, significant, thousands, usd_short};
use crate::workload::Varied;

/// What was sought and found.
#[derive(Clone, Debug)]
pub struct GoalReport {
    /// The scenario's name.
    pub scenario: String,
    /// The field that was varied.
    pub field: Varied,
    /// The goal as it was given.
    pub until: String,
    /// How probable it has to be, where it has a chance.
    pub confidence: Option<f64>,
    /// What its margin is in.
    pub unit: MarginUnit,
    /// As the scenario is.
    pub now: Standing,
    /// What was tried, and where the goal begins and ends to be met.
    pub sought: Sought,
    /// `12 months from Jan 2027`.
    pub horizon: String,
    /// What it can be reproduced from.
    pub manifest: Manifest,
}

/// The most values that the table shows.
const MOST_ROWS: usize = 11;
/// Labels along the chart's axis.
const TICKS: usize = 9;

impl GoalReport {
    fn is_share(&self) -> bool {
        ["share", "a month", "of the mean"].contains(&self.field.unit)
    }

    /// A value to four digits.
    fn value(&self, value: f64) -> String {
        match (self.is_share(), self.field.times) {
            (true, _) => format!("{} %", significant(100.0 * value, 4)),
            (false, true) => format!("\u{d7} {}", significant(value, 4)),
            // Three digits would move a break-even to its other side.
            (false, false) if (1e3..1e9).contains(&value) => thousands(value.round() as u64),
            (false, false) => self.field.show(value),
        }
    }

    fn at(&self, edge: &Edge) -> String {
        let shown = self.value(edge.at);
        match edge.error {
            // An error below the last digit that is shown says nothing.
            Some(error) if error > 5e-5 * edge.at.abs() => {
                let error = if self.is_share() {
                    format!("{} %", significant(100.0 * error, 2))
                } else {
                    significant(error, 2)
                };
                format!("{shown} (± {error})")
            }
            Some(_) => shown,
            None => format!("{shown} (error not known)"),
        }
    }

    /// The least and the largest value that is possible.
    fn range(&self) -> (String, String) {
        let possible = || self.sought.possible().map(|(at, _)| at);
        let low = possible().fold(f64::INFINITY, f64::min);
        let high = possible().fold(f64::NEG_INFINITY, f64::max);
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
        let stretches = self.sought.stretches();
        if stretches.is_empty() {
            return format!("Never: {goal} holds for no {field} from {low} to {high}.");
        }
        if self.sought.possible().all(|(_, margin)| margin.met) {
            return format!("Always: {goal} holds for every {field} from {low} to {high}.");
        }
        let parts: Vec<String> = stretches.iter().map(|stretch| self.part(stretch)).collect();
        format!("{goal} holds for {field} {}.", parts.join(", and "))
    }

    fn part(&self, stretch: &Stretch) -> String {
        let from = match &stretch.from {
            End::Range => None,
            End::Edge(edge) => Some(self.at(edge)),
            End::Possible(at) => Some(self.value(*at)),
        };
        let to = match &stretch.to {
            End::Range => None,
            End::Edge(edge) => Some(self.at(edge)),
            End::Possible(at) => Some(format!("{}, the last value tried that is possible", self.value(*at))),
        };
        match (from, to) {
            (Some(from), None) => format!("from {from} on"),
            (None, Some(to)) => format!("up to {to}"),
            (Some(from), Some(to)) => format!("from {from} to {to}"),
            (None, None) => "everywhere".to_owned(),
        }
    }

    fn standing(&self) -> String {
        let chance =
            self.now.chance.map_or(String::new(), |p| format!(", with a chance of {}", probability(p)));
        let value = match (self.field.now, self.field.times) {
            (Some(now), false) => format!(" ({}, at its median)", self.field.show(now)),
            _ => String::new(),
        };
        let holds = if self.now.margin.met { "holds" } else { "does not hold" };
        format!("As the scenario stands{value} it {holds}{chance}.")
    }

    fn margin(&self, value: f64) -> String {
        match self.unit {
            MarginUnit::Usd => usd_short(value),
            MarginUnit::Probability => percent(value),
        }
    }

    /// How far along the field's range a value lies.
    fn place(&self, value: f64) -> f64 {
        let low = self.field.low;
        self.field.place(value).unwrap_or(if value < low { 0.0 } else { 1.0 })
    }
}

/// The answer and what was tried, as a sheet.
pub fn goal_sheet(report: &GoalReport) -> Sheet {
    let mut sheet = Sheet::new(report.answer(), &[&report.field.words(), "holds", "margin"]);
    let probes = &report.sought.probes;
    for probe in probes.iter().step_by(probes.len().div_ceil(MOST_ROWS).max(1)) {
        let (holds, margin) = match probe.margin {
            Some(margin) => (if margin.met { "yes" } else { "no" }, report.margin(margin.value)),
            None => ("no", "not possible".to_owned()),
        };
        sheet.rows.push(vec![report.field.show(probe.at), holds.to_owned(), margin]);
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

/// The goal's margin over the field's values, as a chart.
///
/// # Errors
/// When it cannot be drawn, a defect of ours.
pub fn goal_chart(report: &GoalReport) -> anyhow::Result<Chart> {
    let point = |probe: &Probe| {
        probe.margin.map(|margin| MarginPoint {
            place: report.place(probe.at),
            margin: margin.value,
            met: margin.met,
        })
    };
    let place = |end: &End, range: f64| match end {
        End::Range => range,
        End::Edge(edge) => report.place(edge.at),
        End::Possible(at) => report.place(*at),
    };
    let field = &report.field;
    let title = if field.times { format!("{}, factor", field.path) } else { field.path.clone() };
    let ticks = field.grid(TICKS).into_iter().map(|value| (report.place(value), field.show(value)));
    margin::draw(&MarginChart {
        title: report.answer(),
        field: title,
        points: report.sought.probes.iter().map(point).collect(),
        chances: report.unit == MarginUnit::Probability,
        edges: report.sought.edges.iter().map(|edge| (report.place(edge.at), report.at(edge))).collect(),
        met: report.sought.stretches().iter().map(|s| (place(&s.from, 0.0), place(&s.to, 1.0))).collect(),
        now: field.now.and_then(|now| field.place(now)),
        ticks: ticks.collect(),
        horizon: report.horizon.clone(),
        provenance: report.manifest.provenance(),
    })
}

#[derive(Serialize)]
struct Json<'a> {
    schema_version: u32,
    manifest: &'a Manifest,
    scenario: &'a str,
    horizon: &'a str,
    currency: &'static str,
    solve: &'a str,
    is_factor: bool,
    unit: &'a str,
    until: &'a str,
    confidence: Option<f64>,
    margin_unit: &'static str,
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
    margin: f64,
}

#[derive(Serialize)]
struct JsonProbe {
    value: f64,
    holds: Option<bool>,
    margin: Option<f64>,
}

/// The answer as JSON. `holds` lists stretches; an end that is `null` is that of the range, and one that is no
/// break-even is the last value tried before those that are not possible. Margins are in `margin_unit`.
///
/// # Errors
/// Never in practice.
pub fn goal_json(report: &GoalReport) -> anyhow::Result<String> {
    let edge =
        |edge: &Edge| JsonEdge { value: edge.at, standard_error: edge.error, holds_above: edge.holds_above };
    let value = |end: &End| match end {
        End::Range => None,
        End::Edge(edge) => Some(edge.at),
        End::Possible(at) => Some(*at),
    };
    let probe = |probe: &Probe| JsonProbe {
        value: probe.at,
        holds: probe.margin.map(|margin| margin.met),
        margin: probe.margin.map(|margin| margin.value),
    };
    let stretches = report.sought.stretches();
    let json = Json {
        schema_version: 1,
        manifest: &report.manifest,
        scenario: &report.scenario,
        horizon: &report.horizon,
        currency: "USD",
        solve: &report.field.path,
        is_factor: report.field.times,
        unit: report.field.unit,
        until: &report.until,
        confidence: report.confidence,
        margin_unit: match report.unit {
            MarginUnit::Usd => "USD",
            MarginUnit::Probability => "probability",
        },
        answer: report.answer(),
        break_even: report.sought.edges.iter().map(edge).collect(),
        holds: stretches.iter().map(|s| JsonStretch { from: value(&s.from), to: value(&s.to) }).collect(),
        now: JsonNow {
            value: report.field.now,
            holds: report.now.margin.met,
            probability: report.now.chance,
            margin: report.now.margin.value,
        },
        probes: report.sought.probes.iter().map(probe).collect(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}
