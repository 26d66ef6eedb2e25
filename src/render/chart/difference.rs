//! Paired differences: what a what-if saves or adds, with the range that eight of ten trials lie in.

use anyhow::Result;

use super::canvas::Canvas;
use super::page::Page;
use super::rows::{Column, Rows};
use super::scale::{Base, Scale};
use super::style::{AXIS, BLUE_MID, INK, PAPER, VERMILION_MID};
use super::words::{counted, name};
use super::{Chart, check};
use crate::domain::format::{probability, usd_change, usd_short};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Difference {
    /// One row per route, or per case.
    pub rows: Vec<DifferenceRow>,
    /// What all rows are of, such as `openai/gpt-5.4` or the name of the only case.
    pub of: String,
    /// What they are compared with.
    pub base: String,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// Seed, prices and scenarios, for the foot.
    pub provenance: String,
}

/// One row.
#[derive(Debug, Clone)]
pub struct DifferenceRow {
    /// Its name.
    pub name: String,
    /// P10, P50 and P90 of what the case costs more than the base, USD; negative where it saves.
    pub more: (f64, f64, f64),
    /// The chance that it costs less.
    pub cheaper: f64,
}

/// Height of a row.
const ROW: f64 = 30.0;
/// Half the thickness of a bar.
const HALF_BAR: f64 = 7.0;

/// Draws the chart. An error when there is no row.
pub fn draw(input: &Difference) -> Result<Chart> {
    check::some(&input.rows, "difference", "row")?;
    let subtitle = format!(
        "{}: total spend less that of \u{201C}{}\u{201D} in the same trial. Bar: P10 to P90, the middle eight of ten trials, blue where it saves. Mark: P50.",
        name(&input.of),
        name(&input.base)
    );
    let page = Page::wide(&title(input), &subtitle, &input.provenance);
    let names: Vec<&str> = input.rows.iter().map(|row| row.name.as_str()).collect();
    let frame = Rows::even(&names, columns(input), page.top(), ROW);
    let values: Vec<f64> = input.rows.iter().flat_map(|row| [row.more.0, row.more.1, row.more.2]).collect();
    let scale = Scale::linear(&values, None, Base::Zero, frame.span, 90.0);
    let axis = format!("Difference of total spend, {}, USD", input.horizon);
    let description = format!("Interval bars of the difference to {} for {}.", input.base, names.join(", "));
    page.chart("difference", &description, frame.bottom(), |canvas| {
        frame.draw_axis(canvas, &scale, &axis)?;
        let zero = scale.at(0.0);
        for (row, &centre) in input.rows.iter().zip(&frame.centres) {
            draw_bar(canvas, &scale, row, centre)?;
        }
        canvas.line((zero, frame.range.0), (zero, frame.range.1), 1.4, AXIS)?;
        for (row, &centre) in input.rows.iter().zip(&frame.centres) {
            draw_median(canvas, scale.at(row.more.1), centre)?;
        }
        frame.draw_words(canvas)
    })
}

/// The bar, in two colours where it crosses zero.
fn draw_bar(canvas: &mut Canvas, scale: &Scale, row: &DifferenceRow, centre: f64) -> Result<()> {
    let (low, high) = (row.more.0, row.more.2);
    let mut part = |from: f64, to: f64, color| {
        canvas.rect((scale.at(from), centre - HALF_BAR), (scale.at(to), centre + HALF_BAR), color)
    };
    if low < 0.0 {
        part(low, high.min(0.0), BLUE_MID)?;
    }
    if high > 0.0 {
        part(low.max(0.0), high, VERMILION_MID)?;
    }
    Ok(())
}

fn draw_median(canvas: &mut Canvas, x: f64, centre: f64) -> Result<()> {
    canvas.rect((x - 2.8, centre - HALF_BAR - 2.0), (x + 2.8, centre + HALF_BAR + 2.0), PAPER)?;
    canvas.rect((x - 1.6, centre - HALF_BAR - 2.0), (x + 1.6, centre + HALF_BAR + 2.0), INK)
}

fn columns(input: &Difference) -> Vec<Column> {
    let figures = |of: &dyn Fn(&DifferenceRow) -> String| input.rows.iter().map(of).collect();
    vec![
        Column { head: "P10", figures: figures(&|row| usd_change(row.more.0)), bold: false },
        Column { head: "P50", figures: figures(&|row| usd_change(row.more.1)), bold: true },
        Column { head: "P90", figures: figures(&|row| usd_change(row.more.2)), bold: false },
        Column { head: "cheaper", figures: figures(&|row| probability(row.cheaper)), bold: false },
    ]
}

fn title(input: &Difference) -> String {
    let best = input.rows.iter().min_by(|a, b| a.more.1.total_cmp(&b.more.1));
    let Some(best) = best else { return String::new() };
    if best.more.1 < 0.0 {
        let most = if input.rows.len() > 1 { "most: " } else { "" };
        return format!("{} saves {most}{} at the median", name(&best.name), usd_short(-best.more.1));
    }
    if input.rows.iter().all(|row| row.more.1 == 0.0) {
        return format!("Nothing changes at the median in {}", counted(input.rows.len(), "row"));
    }
    format!("Nothing is saved at the median: {} adds least, {}", name(&best.name), usd_short(best.more.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title_of(medians: &[f64]) -> String {
        let row = |(at, median): (usize, &f64)| DifferenceRow {
            name: ["x", "y"][at].to_owned(),
            more: (median - 1.0, *median, median + 1.0),
            cheaper: 0.5,
        };
        let input = Difference {
            rows: medians.iter().enumerate().map(row).collect(),
            of: "r".to_owned(),
            base: "b".to_owned(),
            horizon: "12 months".to_owned(),
            provenance: String::new(),
        };
        draw(&input).unwrap().title
    }

    #[test]
    fn the_title_names_who_saves_most() {
        assert_eq!(title_of(&[-10.0, -20.0]), "y saves most: $20 at the median");
        assert_eq!(title_of(&[-10.0]), "x saves $10 at the median");
        assert_eq!(title_of(&[0.0, 0.0]), "Nothing changes at the median in 2 rows");
        assert_eq!(title_of(&[3.0, 5.0]), "Nothing is saved at the median: x adds least, $3");
    }
}
