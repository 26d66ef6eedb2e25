//! The shape of the total: one histogram per route, its middle and its median marked.

use anyhow::Result;

use super::budget::{self, Place};
use super::canvas::{Canvas, Point};
use super::page::Page;
use super::rows::{Column, Rows, axis_title};
use super::scale::{Base, Scale};
use super::style::{AXIS, BLUE, BLUE_LIGHT, BLUE_MID, VERMILION_LIGHT, VERMILION_MID};
use super::words::{lowest, name};
use super::{Chart, check};
use crate::domain::format::usd_short;

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// One row per route, in any order.
    pub rows: Vec<DistributionRow>,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// The budget for the whole horizon.
    pub budget_usd: Option<f64>,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// One route's total over the horizon, in dollars.
#[derive(Debug, Clone)]
pub struct DistributionRow {
    /// The route's name.
    pub route: String,
    /// One trial in ten costs less.
    pub p10: f64,
    /// Half of the trials cost less.
    pub p50: f64,
    /// One trial in ten costs more.
    pub p90: f64,
    /// Lower end, upper end and share of trials of each bin, from low to high.
    pub bins: Vec<(f64, f64, f64)>,
}

/// Height of a row.
const ROW: f64 = 56.0;
/// Height of the tallest bin, which leaves air to the row above.
const PEAK: f64 = 44.0;
/// The share of trials at each end that may lie beyond the axis, lest a few extreme trials squeeze the rest.
const TAIL: f64 = 0.005;

/// Draws the chart, the cheapest route first. An error when there is no route or a figure is not a number.
pub fn draw(input: &Distribution) -> Result<Chart> {
    check_input(input)?;
    let mut rows: Vec<&DistributionRow> = input.rows.iter().collect();
    rows.sort_by(|a, b| a.p50.total_cmp(&b.p50));
    let page = Page::wide(&title(&rows), &subtitle(input), &input.provenance);
    let names: Vec<&str> = rows.iter().map(|row| row.route.as_str()).collect();
    let frame = Rows::even(&names, columns(&rows), page.top(), ROW);
    let scale = scale(&rows, input.budget_usd, frame.span);
    let axis = axis_title("Total spend", &input.horizon, &scale, rows.iter().any(|row| row.p10 <= 0.0));
    page.chart("distribution", &description(input, &rows), frame.bottom(), |canvas| {
        frame.draw_axis(canvas, &scale, &axis)?;
        for (row, &centre) in rows.iter().zip(&frame.centres) {
            draw_row(canvas, &scale, row, centre + ROW / 2.0, input.budget_usd)?;
        }
        frame.draw_budget(canvas, &scale, input.budget_usd)?;
        for (row, &centre) in rows.iter().zip(&frame.centres) {
            let (median, base) = (scale.at(row.p50), centre + ROW / 2.0);
            canvas.line((median, base - PEAK - 2.0), (median, base), 2.4, BLUE)?;
        }
        frame.draw_words(canvas)
    })
}

fn check_input(input: &Distribution) -> Result<()> {
    check::some(&input.rows, "distribution", "route")?;
    check::budget(input.budget_usd)?;
    for row in &input.rows {
        check::amounts(&[row.p10, row.p50, row.p90], &row.route)?;
        for &(low, high, share) in &row.bins {
            check::amounts(&[low, high], &row.route)?;
            check::shares(&[share], &row.route)?;
        }
    }
    Ok(())
}

/// An axis over the percentiles of all rows and their bins without the outermost tails.
fn scale(rows: &[&DistributionRow], budget: Option<f64>, span: (f64, f64)) -> Scale {
    let percentiles: Vec<f64> = rows.iter().flat_map(|row| [row.p10, row.p50, row.p90]).collect();
    let ends: Vec<f64> = rows.iter().flat_map(|row| body(row)).chain(percentiles.iter().copied()).collect();
    // The tails of a single route may differ twelvefold too: only the percentiles decide for a logarithm.
    if Scale::new(&percentiles, None, Base::Zero, span).is_log() {
        return Scale::new(&ends, budget, Base::Tight, span);
    }
    Scale::linear(&ends, budget, Base::Tight, span, 90.0)
}

/// Where a row's bins begin and end, without the outermost half per cent on each side.
fn body(row: &DistributionRow) -> Vec<f64> {
    let total: f64 = row.bins.iter().map(|bin| bin.2).sum();
    let mut passed = 0.0;
    let mut ends = Vec::new();
    for &(low, high, share) in &row.bins {
        let (before, after) = (passed, passed + share);
        if after > TAIL * total && before < (1.0 - TAIL) * total {
            ends.extend([low, high]);
        }
        passed = after;
    }
    ends
}

/// The histogram above its base line; what exceeds the budget in the budget's tints.
fn draw_row(
    canvas: &mut Canvas,
    scale: &Scale,
    row: &DistributionRow,
    base: f64,
    budget: Option<f64>,
) -> Result<()> {
    let blocks = blocks(row, scale);
    let middle = (scale.at(row.p10), scale.at(row.p90));
    let turn = match budget.map(|usd| budget::place(scale, usd)) {
        Some(Place::Inside(x)) => x,
        Some(Place::Below) => f64::NEG_INFINITY,
        Some(Place::Above) | None => f64::INFINITY,
    };
    let everywhere = (f64::NEG_INFINITY, f64::INFINITY);
    for (range, color) in [
        (everywhere, BLUE_LIGHT),
        (middle, BLUE_MID),
        ((turn, f64::INFINITY), VERMILION_LIGHT),
        ((middle.0.max(turn), middle.1), VERMILION_MID),
    ] {
        let outline = outline(&blocks, range, base);
        if !outline.is_empty() {
            canvas.polygon(&outline, color)?;
        }
    }
    canvas.line((scale.at(scale.low()), base), (scale.at(scale.high()), base), 1.0, AXIS)?;
    for end in [middle.0, middle.1] {
        canvas.line((end, base - 5.0), (end, base), 1.4, BLUE)?;
    }
    Ok(())
}

/// Each bin as left pixel, right pixel and height: its share over its width, the tallest at full height.
/// Density, because a logarithmic axis draws equal bins unequally wide.
fn blocks(row: &DistributionRow, scale: &Scale) -> Vec<(f64, f64, f64)> {
    let visible = row.bins.iter().filter(|bin| bin.2 > 0.0 && bin.1 >= scale.low() && bin.0 <= scale.high());
    let blocks: Vec<(f64, f64, f64)> = visible
        .map(|&(low, high, share)| {
            // A bin narrower than a pixel is drawn one pixel wide, or a certain total would be invisible.
            let (left, right) = (scale.at(low), scale.at(high).max(scale.at(low) + 1.0));
            (left, right, share / (right - left))
        })
        .collect();
    let tallest = blocks.iter().map(|block| block.2).fold(0.0, f64::max);
    blocks.into_iter().map(|(left, right, height)| (left, right, height / tallest * PEAK)).collect()
}

/// The outline of the blocks between two pixels, closed along the base line; empty where there are none.
fn outline(blocks: &[(f64, f64, f64)], range: (f64, f64), base: f64) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for &(left, right, height) in blocks {
        let (left, right) = (left.max(range.0), right.min(range.1));
        if left >= right {
            continue;
        }
        match points.last().map(|last| last.0) {
            Some(before) if before < left => points.extend([(before, base), (left, base)]),
            Some(_) => {}
            None => points.push((left, base)),
        }
        points.extend([(left, base - height), (right, base - height)]);
    }
    points.extend(points.last().map(|last| (last.0, base)));
    points
}

fn columns(rows: &[&DistributionRow]) -> Vec<Column> {
    let figures = |pick: fn(&DistributionRow) -> f64| rows.iter().map(|row| usd_short(pick(row))).collect();
    vec![
        Column { head: "P10", figures: figures(|row| row.p10), bold: false },
        Column { head: "P50", figures: figures(|row| row.p50), bold: true },
        Column { head: "P90", figures: figures(|row| row.p90), bold: false },
    ]
}

fn title(rows: &[&DistributionRow]) -> String {
    if let [row] = rows {
        let (p10, p90, route) = (usd_short(row.p10), usd_short(row.p90), name(&row.route));
        return if p10 == p90 {
            format!("{route} costs {p10} in at least eight trials of ten")
        } else {
            format!("Eight trials of ten put {route} between {p10} and {p90}")
        };
    }
    let middle = lowest(rows.iter().map(|row| (row.route.as_str(), row.p50)), usd_short);
    let high = lowest(rows.iter().map(|row| (row.route.as_str(), row.p90)), usd_short);
    let (p50, p90) = (&middle.figure, &high.figure);
    if middle.places == high.places && middle.all_tie() {
        let same = middle.subject("costs the same", "cost the same");
        format!("{same} at the median ({p50}) and at P90 ({p90})")
    } else if middle.places == high.places {
        let least = middle.subject("costs least", "cost least");
        format!("{least}, both at the median ({p50}) and at P90 ({p90})")
    } else {
        let (least, safest) = (middle.subject("costs", "cost"), high.subject("is", "are"));
        format!("{least} least at the median ({p50}), but {safest} safest at P90 ({p90})")
    }
}

fn subtitle(input: &Distribution) -> String {
    let exceeds =
        |usd: f64| input.rows.iter().flat_map(|row| &row.bins).any(|bin| bin.1 > usd && bin.2 > 0.0);
    let orange = if input.budget_usd.is_some_and(exceeds) { " Orange: beyond the budget." } else { "" };
    let cut = if input.rows.iter().any(is_cut) { " Outermost 0.5 % on each side cut off." } else { "" };
    format!("Height: frequency, each row to its own peak. Dark: P10 to P90.{orange} Line: median (P50).{cut}")
}

/// Whether some bins of the row may lie beyond the axis.
fn is_cut(row: &DistributionRow) -> bool {
    body(row).len() / 2 < row.bins.iter().filter(|bin| bin.2 > 0.0).count()
}

fn description(input: &Distribution, rows: &[&DistributionRow]) -> String {
    let told: Vec<String> = [rows.first(), rows.last().filter(|_| rows.len() > 1)]
        .into_iter()
        .flatten()
        .map(|row| format!("{} from {} to {}", row.route, usd_short(row.p10), usd_short(row.p90)))
        .collect();
    let count = super::words::counted(rows.len(), "route");
    format!(
        "Histograms of the total spend of {count} for {}. P10 to P90: {}.",
        input.horizon,
        told.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(route: &str, p10: f64, p50: f64, p90: f64) -> DistributionRow {
        let bins = vec![(p10 * 0.9, p50, 0.5), (p50, p90 * 1.1, 0.5)];
        DistributionRow { route: route.to_owned(), p10, p50, p90, bins }
    }

    fn title_of(rows: Vec<DistributionRow>) -> String {
        let (horizon, provenance) = ("12 months".to_owned(), String::new());
        draw(&Distribution { rows, horizon, budget_usd: None, provenance }).unwrap().title
    }

    #[test]
    fn the_title_compares_median_and_p90() {
        assert_eq!(
            title_of(vec![row("a", 1.0, 2.0, 3.0), row("b", 2.0, 3.0, 4.0)]),
            "a costs least, both at the median ($2) and at P90 ($3)"
        );
        assert_eq!(
            title_of(vec![row("a", 1.0, 2.0, 9.0), row("b", 2.0, 3.0, 4.0)]),
            "a costs least at the median ($2), but b is safest at P90 ($4)"
        );
    }

    #[test]
    fn one_route_gets_its_range() {
        assert_eq!(title_of(vec![row("a", 1.0, 2.0, 3.0)]), "Eight trials of ten put a between $1 and $3");
        assert_eq!(title_of(vec![row("a", 2.0, 2.0, 2.0)]), "a costs $2 in at least eight trials of ten");
    }

    #[test]
    fn outlines_close_along_the_base_line() {
        let blocks = [(0.0, 10.0, 5.0), (10.0, 20.0, 8.0), (30.0, 40.0, 2.0)];
        let points = outline(&blocks, (5.0, 35.0), 100.0);
        assert_eq!(points.first(), Some(&(5.0, 100.0)));
        assert_eq!(points.last(), Some(&(35.0, 100.0)));
        assert!(points.contains(&(20.0, 100.0)) && points.contains(&(30.0, 100.0)));
        assert!(outline(&blocks, (50.0, 60.0), 100.0).is_empty());
    }
}
