//! The tornado: how far every driver moves the answer, from its low to its high end, the widest first.

use anyhow::Result;

use super::canvas::Canvas;
use super::page::Page;
use super::rows::{Column, Rows};
use super::scale::{Base, Scale};
use super::style::{AXIS, Hue, hue};
use super::words::name;
use super::{Chart, check};
use crate::domain::format::usd_short;

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Tornado {
    /// The route.
    pub route: String,
    /// The drivers, the widest first.
    pub rows: Vec<TornadoRow>,
    /// The figure that is moved, such as `P50`.
    pub figure: String,
    /// Its value as things stand, USD.
    pub usual: f64,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// The stem of the file.
    pub stem: String,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// One driver.
#[derive(Debug, Clone)]
pub struct TornadoRow {
    /// Its name.
    pub name: String,
    /// Whether it is a price rather than a use.
    pub is_price: bool,
    /// Its values at both ends, in words.
    pub ends: [String; 2],
    /// How the figure changes at both ends, USD.
    pub change: [f64; 2],
}

/// Height of a row.
const ROW: f64 = 30.0;
/// Half the thickness of a bar.
const HALF_BAR: f64 = 8.0;

/// Draws the chart. An error when there is no driver.
pub fn draw(input: &Tornado) -> Result<Chart> {
    check::some(&input.rows, "tornado", "driver")?;
    let subtitle = format!(
        "{} of total spend on {}, {}. Each driver alone at its low end (pale) and its high end, the others as they are: assumptions, blue, at P10 and P90; prices, amber, by the factor shown.",
        input.figure,
        name(&input.route),
        usd_short(input.usual)
    );
    let page = Page::wide(&title(input), &subtitle, &input.provenance);
    let names: Vec<&str> = input.rows.iter().map(|row| row.name.as_str()).collect();
    let frame = Rows::even(&names, columns(input), page.top(), ROW);
    let values: Vec<f64> = input.rows.iter().flat_map(|row| row.change).collect();
    let scale = Scale::linear(&values, None, Base::Zero, frame.span, 90.0);
    let axis = format!("Change of {} of total spend, {}, USD", input.figure, input.horizon);
    let description = format!("Tornado of {} on {}: {}.", input.figure, input.route, names.join(", "));
    page.chart(&input.stem, &description, frame.bottom(), |canvas| {
        frame.draw_axis(canvas, &scale, &axis)?;
        for (row, &centre) in input.rows.iter().zip(&frame.centres) {
            draw_bar(canvas, &scale, row, centre)?;
        }
        let zero = scale.at(0.0);
        canvas.line((zero, frame.range.0), (zero, frame.range.1), 1.4, AXIS)?;
        frame.draw_words(canvas)
    })
}

/// Both ends; the shorter one last where both lie on one side.
fn draw_bar(canvas: &mut Canvas, scale: &Scale, row: &TornadoRow, centre: f64) -> Result<()> {
    let Hue { mark, tint, .. } = hue(usize::from(row.is_price));
    let mut ends = [(row.change[0], tint), (row.change[1], mark)];
    ends.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    for (change, color) in ends {
        canvas.rect((scale.at(0.0), centre - HALF_BAR), (scale.at(change), centre + HALF_BAR), color)?;
    }
    Ok(())
}

fn columns(input: &Tornado) -> Vec<Column> {
    let figures = |of: &dyn Fn(&TornadoRow) -> String| input.rows.iter().map(of).collect();
    vec![
        Column { head: "low end", figures: figures(&|row| row.ends[0].clone()), bold: false },
        Column { head: "high end", figures: figures(&|row| row.ends[1].clone()), bold: false },
        Column { head: "moves by", figures: figures(&|row| usd_short(width(row))), bold: true },
    ]
}

fn width(row: &TornadoRow) -> f64 {
    (row.change[1] - row.change[0]).abs()
}

fn title(input: &Tornado) -> String {
    let first = &input.rows[0];
    format!("{} moves the bill most: by {}", name(&first.name), usd_short(width(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_names_the_widest_driver() {
        let row = |name: &str, change: [f64; 2]| TornadoRow {
            name: name.to_owned(),
            is_price: false,
            ends: ["1".to_owned(), "2".to_owned()],
            change,
        };
        let chart = draw(&Tornado {
            route: "a/m".to_owned(),
            rows: vec![row("volume", [-20.0, 30.0]), row("hit rate", [5.0, -5.0])],
            figure: "P50".to_owned(),
            usual: 100.0,
            horizon: "12 months".to_owned(),
            stem: "tornado".to_owned(),
            provenance: String::new(),
        });
        assert_eq!(chart.unwrap().title, "volume moves the bill most: by $50");
    }
}
