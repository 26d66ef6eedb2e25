//! Differences between two states of the price files.

use serde::Serialize;

use crate::catalogue::diff::{Change, LIMIT, ROUTE};
use crate::domain::format::{percent, thousands};
use crate::render::sheet::Sheet;

/// A difference between two states of the price files.
#[derive(Clone, Debug, Serialize)]
pub struct ShownChange {
    subject: String,
    part: String,
    component: String,
    before: Option<String>,
    after: Option<String>,
    relative_change: Option<f64>,
}

/// Differences, ready to be shown.
pub fn shown_changes(changes: &[Change]) -> Vec<ShownChange> {
    let shown = changes.iter().map(|change| ShownChange {
        subject: change.subject.clone(),
        part: change.part.clone(),
        component: change.component.clone(),
        before: change.before.as_ref().map(|value| value.words.clone()),
        after: change.after.as_ref().map(|value| value.words.clone()),
        relative_change: change.relative(),
    });
    shown.collect()
}

/// Differences as a sheet: a line for each route, or for each single price where `all`.
pub fn diff_sheet(a: &str, b: &str, changes: &[ShownChange], all: bool) -> Sheet {
    let title = format!("Prices, A: {a}, B: {b}; USD per million tokens");
    let (one_sided, both): (Vec<&ShownChange>, Vec<&ShownChange>) =
        changes.iter().partition(|change| change.is_one_sided());
    let mut sheet = if all { detailed(title, changes) } else { summarised(title, &both) };
    for (side, on_a) in [("A", true), ("B", false)] {
        let only = one_sided.iter().filter(|change| change.before.is_some() == on_a);
        let names: Vec<&str> = only.map(|change| change.subject.as_str()).collect();
        if !names.is_empty() && !all {
            let mut first = names.clone();
            first.dedup();
            sheet.notes.push(format!(
                "{} routes, meters, fees or limits are known on {side} alone, such as {}; --all names them.",
                thousands(names.len() as u64),
                first.iter().take(3).copied().collect::<Vec<_>>().join(", ")
            ));
        }
    }
    if changes.is_empty() {
        sheet.notes.push("No price differs.".to_owned());
    } else if both.is_empty() {
        sheet.notes.push("No price that both know differs.".to_owned());
    }
    sheet
}

impl ShownChange {
    /// Whether only one side knows the route, meter, fee or limit.
    fn is_one_sided(&self) -> bool {
        let whole = [ROUTE, LIMIT, "price"].contains(&self.component.as_str());
        whole && (self.before.is_none() || self.after.is_none())
    }
}

/// Every single price.
fn detailed(title: String, changes: &[ShownChange]) -> Sheet {
    let mut sheet = Sheet::new(title, &["route", "part", "component", "A", "B", "change"]);
    for change in changes {
        let unknown = || "not known".to_owned();
        sheet.rows.push(vec![
            change.subject.clone(),
            change.part.clone(),
            change.component.clone(),
            change.before.clone().unwrap_or_else(unknown),
            change.after.clone().unwrap_or_else(unknown),
            change.relative_change.map(signed).unwrap_or_default(),
        ]);
    }
    sheet
}

/// A line for each route: its first input and output price on both sides, and the range of all changes.
fn summarised(title: String, changes: &[&ShownChange]) -> Sheet {
    let mut sheet = Sheet::new(title, &["route", "A", "B", "change", "what"]);
    for group in changes.chunk_by(|x, y| x.subject == y.subject) {
        let first = |side: fn(&ShownChange) -> &Option<String>| {
            let shown = [("input", " in"), ("output", " out"), ("price", ""), (LIMIT, "")]
                .into_iter()
                .filter_map(|(name, unit)| {
                    let change = group.iter().find(|change| change.component == name)?;
                    Some(format!("{}{unit}", side(change).clone().unwrap_or_else(|| "not known".to_owned())))
                });
            shown.collect::<Vec<_>>().join(", ")
        };
        let mut moved: Vec<f64> = group.iter().filter_map(|change| change.relative_change).collect();
        moved.sort_by(f64::total_cmp);
        let range = match (moved.first(), moved.last()) {
            (Some(low), Some(high)) if signed(*low) != signed(*high) => {
                format!("{} to {}", signed(*low), signed(*high))
            }
            (Some(only), _) => signed(*only),
            _ => String::new(),
        };
        let mut what: Vec<&str> = group.iter().map(|change| change.component.as_str()).collect();
        let mut seen: Vec<&str> = Vec::new();
        what.retain(|name| {
            !seen.contains(name) && {
                seen.push(name);
                true
            }
        });
        let what = if what == ["price"] || what == [LIMIT] { group[0].part.clone() } else { what.join(", ") };
        sheet.rows.push(vec![
            group[0].subject.clone(),
            first(|c| &c.before),
            first(|c| &c.after),
            range,
            what,
        ]);
    }
    sheet
}

fn signed(share: f64) -> String {
    if share > 0.0 { format!("+{}", percent(share)) } else { percent(share) }
}
