//! All routes at a glance: what each will probably cost, and how likely it breaks the budget.

use anyhow::Result;

use super::budget::{self, Place};
use super::canvas::Canvas;
use super::page::Page;
use super::rows::{Column, Rows, axis_title};
use super::scale::{Base, Scale};
use super::style::{BLUE, BLUE_MID, PAPER, VERMILION_MID};
use super::words::{Leaders, lowest, name};
use super::{Chart, check};
use crate::domain::format::{probability, usd_short};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Glance {
    /// One row per route, in any order.
    pub rows: Vec<GlanceRow>,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// The budget for the whole horizon.
    pub budget_usd: Option<f64>,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// One route's total over the horizon, in dollars.
#[derive(Debug, Clone)]
pub struct GlanceRow {
    /// The route's name.
    pub route: String,
    /// One trial in ten costs less.
    pub p10: f64,
    /// Half of the trials cost less.
    pub p50: f64,
    /// One trial in ten costs more.
    pub p90: f64,
    /// Share of trials above the budget.
    pub over_budget_probability: Option<f64>,
}

/// Height of a row.
const ROW: f64 = 34.0;
/// Half the thickness of a bar.
const HALF_BAR: f64 = 8.0;

/// Draws the chart, the cheapest route first. An error when there is no route or a figure is not a number.
pub fn draw(input: &Glance) -> Result<Chart> {
    check_input(input)?;
    let mut rows: Vec<&GlanceRow> = input.rows.iter().collect();
    rows.sort_by(|a, b| a.p50.total_cmp(&b.p50));
    let page = Page::wide(&title(input, &rows), &subtitle(input), &input.provenance);
    let names: Vec<&str> = rows.iter().map(|row| row.route.as_str()).collect();
    let frame = Rows::even(&names, columns(input, &rows), page.top(), ROW);
    let values: Vec<f64> = rows.iter().flat_map(|row| [row.p10, row.p50, row.p90]).collect();
    let scale = Scale::new(&values, input.budget_usd, Base::Zero, frame.span);
    let zero = values.iter().any(|&value| value <= 0.0);
    let axis = axis_title("Total spend", &input.horizon, &scale, zero);
    page.chart("glance", &description(input, &rows), frame.bottom(), |canvas| {
        frame.draw_axis(canvas, &scale, &axis)?;
        for (row, &centre) in rows.iter().zip(&frame.centres) {
            draw_bar(canvas, &scale, row, centre, input.budget_usd)?;
        }
        frame.draw_budget(canvas, &scale, input.budget_usd)?;
        for (row, &centre) in rows.iter().zip(&frame.centres) {
            draw_mark(canvas, scale.at(row.p50), centre)?;
        }
        frame.draw_words(canvas)
    })
}

fn check_input(input: &Glance) -> Result<()> {
    check::some(&input.rows, "glance", "route")?;
    check::budget(input.budget_usd)?;
    for row in &input.rows {
        check::amounts(&[row.p10, row.p50, row.p90], &row.route)?;
        check::shares(row.over_budget_probability.as_slice(), &row.route)?;
    }
    Ok(())
}

/// The bar from P10 to P90, its part beyond the budget in the budget's tint.
fn draw_bar(
    canvas: &mut Canvas,
    scale: &Scale,
    row: &GlanceRow,
    centre: f64,
    budget: Option<f64>,
) -> Result<()> {
    let (left, right) = (scale.at(row.p10), scale.at(row.p90));
    let (top, bottom) = (centre - HALF_BAR, centre + HALF_BAR);
    let turn = match budget.map(|usd| budget::place(scale, usd)) {
        Some(Place::Inside(x)) => x.clamp(left.min(right), right.max(left)),
        Some(Place::Below) => left,
        Some(Place::Above) | None => right,
    };
    canvas.rect((left, top), (turn, bottom), BLUE_MID)?;
    canvas.rect((turn, top), (right, bottom), VERMILION_MID)
}

/// The median, above the budget line, so that the two can be told apart where they coincide.
fn draw_mark(canvas: &mut Canvas, middle: f64, centre: f64) -> Result<()> {
    let (top, bottom) = (centre - HALF_BAR, centre + HALF_BAR);
    canvas.rect((middle - 3.0, top - 3.0), (middle + 3.0, bottom + 3.0), PAPER)?;
    canvas.rect((middle - 1.8, top - 3.0), (middle + 1.8, bottom + 3.0), BLUE)
}

fn columns(input: &Glance, rows: &[&GlanceRow]) -> Vec<Column> {
    let figures = |pick: fn(&GlanceRow) -> f64| rows.iter().map(|row| usd_short(pick(row))).collect();
    let mut columns = vec![
        Column { head: "P10", figures: figures(|row| row.p10), bold: false },
        Column { head: "P50", figures: figures(|row| row.p50), bold: true },
        Column { head: "P90", figures: figures(|row| row.p90), bold: false },
    ];
    if input.budget_usd.is_some() && rows.iter().any(|row| row.over_budget_probability.is_some()) {
        let chance =
            |row: &&GlanceRow| row.over_budget_probability.map_or("\u{2013}".to_owned(), probability);
        columns.push(Column { head: "Over budget", figures: rows.iter().map(chance).collect(), bold: false });
    }
    columns
}

fn leaders(rows: &[&GlanceRow]) -> Leaders {
    lowest(rows.iter().map(|row| (row.route.as_str(), row.p50)), usd_short)
}

fn title(input: &Glance, rows: &[&GlanceRow]) -> String {
    let leaders = leaders(rows);
    let finding = if let [row] = rows {
        let (p10, p50, p90) = (usd_short(row.p10), usd_short(row.p50), usd_short(row.p90));
        format!("{} costs {p50} at the median, {p10} to {p90} in eight trials of ten", name(&row.route))
    } else if leaders.all_tie() {
        format!("{} at the median: {}", leaders.subject("costs the same", "cost the same"), leaders.figure)
    } else {
        format!("{} at the median: {}", leaders.subject("costs least", "cost least"), leaders.figure)
    };
    let first = leaders.places.first().and_then(|&place| rows[place].over_budget_probability);
    match (input.budget_usd, first) {
        (Some(budget), Some(p)) if leaders.alone() => {
            format!("{finding}; chance to exceed the {} budget: {}", usd_short(budget), probability(p))
        }
        _ => finding,
    }
}

fn subtitle(input: &Glance) -> String {
    let exceeds = |usd: f64| input.rows.iter().any(|row| row.p90 > usd);
    let orange =
        if input.budget_usd.is_some_and(exceeds) { ", orange where it exceeds the budget" } else { "" };
    format!(
        "Bar: from P10 to P90, the middle eight of ten trials{orange}. Mark: P50, the median. \
         Total for {}.",
        input.horizon
    )
}

fn description(input: &Glance, rows: &[&GlanceRow]) -> String {
    let told = |row: &GlanceRow| {
        let (p10, p50, p90) = (usd_short(row.p10), usd_short(row.p50), usd_short(row.p90));
        format!("{} at a median of {p50} (P10 {p10}, P90 {p90})", row.route)
    };
    match rows {
        [first, .., last] => format!(
            "Interval bars of the total spend of {} routes for {}, from {} to {}.",
            rows.len(),
            input.horizon,
            told(first),
            told(last)
        ),
        _ => format!("Interval bar of the total spend for {}: {}.", input.horizon, told(rows[0])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(rows: &[(&str, f64, Option<f64>)], budget_usd: Option<f64>) -> Glance {
        let row = |&(route, p50, over_budget_probability): &(&str, f64, Option<f64>)| GlanceRow {
            route: route.to_owned(),
            p10: p50 * 0.8,
            p50,
            p90: p50 * 1.5,
            over_budget_probability,
        };
        let rows = rows.iter().map(row).collect();
        Glance { rows, horizon: "12 months".to_owned(), budget_usd, provenance: "seed 7".to_owned() }
    }

    fn title_of(rows: &[(&str, f64, Option<f64>)], budget_usd: Option<f64>) -> String {
        draw(&glance(rows, budget_usd)).unwrap().title
    }

    #[test]
    fn the_title_names_the_cheapest_route() {
        let rows = [("a", 2e6, Some(0.9)), ("b", 1.2e6, Some(0.124))];
        assert_eq!(title_of(&rows, None), "b costs least at the median: $1.2M");
        assert_eq!(
            title_of(&rows, Some(1.5e6)),
            "b costs least at the median: $1.2M; chance to exceed the $1.5M budget: 12 %"
        );
    }

    #[test]
    fn ties_are_not_ranked() {
        let two = [("a", 1.2e6, None), ("b", 1.2001e6, None)];
        assert_eq!(title_of(&two, Some(1e6)), "Both routes cost the same at the median: $1.2M");
        let three = [("a", 1.2e6, None), ("b", 1.2e6, None), ("c", 3e6, None)];
        assert_eq!(title_of(&three, None), "a and b cost least at the median: $1.2M");
    }

    #[test]
    fn one_route_is_not_compared() {
        let title = title_of(&[("a", 1e6, None)], None);
        assert_eq!(title, "a costs $1M at the median, $800k to $1.5M in eight trials of ten");
    }

    #[test]
    fn nothing_to_draw_is_an_error() {
        assert!(draw(&glance(&[], None)).is_err());
        assert!(draw(&glance(&[("a", f64::NAN, None)], None)).is_err());
    }
}
