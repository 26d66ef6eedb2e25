//! The break-even map: every cell in the colour of the cheapest route, pale where the next one is close.

use anyhow::{Result, ensure};
use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas};
use super::page::Page;
use super::style::{AXIS, GAP, INK, LABEL, MARGIN, PAPER, SMALL, TICK, WIDE, hue};
use super::text::{shorten, width};
use super::words::name;
use super::{Chart, check};
use crate::domain::format::percent;

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct HeatMap {
    /// The field across.
    pub x: HeatMapAxis,
    /// The field up.
    pub y: HeatMapAxis,
    /// What is compared, such as `route` or `admissible route`.
    pub what: String,
    /// The routes that are cheapest somewhere, those that cost the same in one name, with their share of the map, the largest first.
    pub routes: Vec<(String, f64)>,
    /// Row by row from below: the place in `routes`, and by which share the next one is dearer: nothing where several
    /// cost the same, infinitely where there is no other.
    pub cells: Vec<Option<(usize, f64)>>,
    /// The figure that is compared, such as `P50`.
    pub figure: String,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// A field of the map.
#[derive(Debug, Clone)]
pub struct HeatMapAxis {
    /// What it is.
    pub title: String,
    /// Its value in each cell.
    pub labels: Vec<String>,
    /// Where the scenario itself is, if it is on the map: 0 in the middle of the first cell, 1 in that of the last.
    pub now: Option<f64>,
}

/// Height of the map.
const HEIGHT: f64 = 420.0;
/// The most labels along an axis.
const MOST_LABELS: usize = 6;
/// Where the next route costs less than this share more, a cell is pale.
const CLOSE: f64 = 0.05;
/// Height of a line of the key.
const KEY_LINE: f64 = 22.0;

/// Draws the chart. An error when there is no cell, or their number is not that of the axes.
pub fn draw(input: &HeatMap) -> Result<Chart> {
    check::some(&input.routes, "map", "route")?;
    let (columns, rows) = (input.x.labels.len(), input.y.labels.len());
    ensure!(columns * rows == input.cells.len(), "{} cells for {columns} × {rows}", input.cells.len());
    let subtitle = format!(
        "Colour: the {} with the lowest {} of spend over {}. Pale: the next one costs less than {} more.",
        input.what,
        input.figure,
        input.horizon,
        percent(CLOSE)
    );
    let blank = if input.cells.iter().any(Option::is_none) {
        " Blank: no scenario, or no route that is admissible."
    } else {
        ""
    };
    let page = Page::wide(&title(input), &(subtitle + blank), &input.provenance);
    let top = page.top() + KEY_LINE * input.routes.len() as f64 + 6.0;
    let labels = shown(rows).map(|row| width(&input.y.labels[row], SMALL)).fold(0.0, f64::max);
    let left = MARGIN + 22.0 + labels + 12.0;
    let frame = Frame { left, right: WIDE - MARGIN - 8.0, top, bottom: top + HEIGHT, columns, rows };
    let description = format!(
        "Map of the cheapest {} over {} across and {} up: {}.",
        input.what,
        input.x.title,
        input.y.title,
        input
            .routes
            .iter()
            .map(|(route, share)| format!("{route} in {}", percent(*share)))
            .collect::<Vec<_>>()
            .join(", ")
    );
    page.chart("map", &description, frame.bottom + 46.0, |canvas| {
        draw_key(canvas, input, page.top())?;
        for (at, cell) in input.cells.iter().enumerate() {
            if let Some(cell) = cell {
                let (from, to) = frame.cell(at % columns, at / columns);
                // A little over its edge, which the next one covers: else paper shines through between them.
                let over = ((to.0 + 0.6).min(frame.right), (to.1 - 0.6).max(frame.top));
                canvas.rect(from, over, ink(*cell))?;
            }
        }
        draw_axes(canvas, input, &frame)?;
        draw_now(canvas, input, &frame)
    })
}

/// Where the map goes.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    columns: usize,
    rows: usize,
}

impl Frame {
    fn cell(&self, column: usize, row: usize) -> ((f64, f64), (f64, f64)) {
        let x = |at: usize| self.left + (self.right - self.left) * at as f64 / self.columns as f64;
        let y = |at: usize| self.bottom - (self.bottom - self.top) * at as f64 / self.rows as f64;
        ((x(column), y(row)), (x(column + 1), y(row + 1)))
    }

    fn middle(&self, column: usize, row: usize) -> (f64, f64) {
        let ((x0, y0), (x1, y1)) = self.cell(column, row);
        (0.5 * (x0 + x1), 0.5 * (y0 + y1))
    }

    /// A place between the middles of the first and the last cell of either axis.
    fn place(&self, across: f64, up: f64) -> (f64, f64) {
        let (first, last) = (self.middle(0, 0), self.middle(self.columns - 1, self.rows - 1));
        (first.0 + (last.0 - first.0) * across, first.1 + (last.1 - first.1) * up)
    }
}

/// The colour of a cell.
fn ink((route, lead): (usize, f64)) -> RGBColor {
    let tint = hue(route).tint;
    let pale = |channel: u8| (0.4 * f64::from(channel) + 0.6 * 255.0).round() as u8;
    if lead >= CLOSE { tint } else { RGBColor(pale(tint.0), pale(tint.1), pale(tint.2)) }
}

/// The places of the labels along an axis of so many cells: both ends and a few between.
fn shown(count: usize) -> impl Iterator<Item = usize> {
    let labels = MOST_LABELS.min(count);
    (0..labels).map(move |at| ((count - 1) as f64 * at as f64 / (labels.max(2) - 1) as f64).round() as usize)
}

fn draw_key(canvas: &mut Canvas, input: &HeatMap, top: f64) -> Result<()> {
    for (at, (route, share)) in input.routes.iter().enumerate() {
        let y = top + KEY_LINE * at as f64;
        canvas.rect((MARGIN, y), (MARGIN + 14.0, y + 14.0), hue(at).tint)?;
        let words = format!("{}: {} of {}", shorten(route, LABEL, 700.0), percent(*share), whole(input));
        canvas.words((MARGIN + 14.0 + 0.5 * GAP, y + 12.0), Anchor::Start, LABEL, &words)?;
    }
    Ok(())
}

fn draw_axes(canvas: &mut Canvas, input: &HeatMap, frame: &Frame) -> Result<()> {
    for column in shown(frame.columns) {
        let x = frame.middle(column, 0).0;
        canvas.line((x, frame.bottom), (x, frame.bottom + TICK), 1.0, AXIS)?;
        canvas.words((x, frame.bottom + TICK + 14.0), Anchor::Middle, SMALL, &input.x.labels[column])?;
    }
    for row in shown(frame.rows) {
        let y = frame.middle(0, row).1;
        canvas.line((frame.left - TICK, y), (frame.left, y), 1.0, AXIS)?;
        canvas.words((frame.left - TICK - 4.0, y + 4.0), Anchor::End, SMALL, &input.y.labels[row])?;
    }
    let (middle_x, middle_y) = (0.5 * (frame.left + frame.right), 0.5 * (frame.top + frame.bottom));
    let across = shorten(&input.x.title, LABEL, frame.right - frame.left);
    let up = shorten(&input.y.title, LABEL, frame.bottom - frame.top);
    canvas.words((middle_x, frame.bottom + TICK + 36.0), Anchor::Middle, LABEL, &across)?;
    canvas.words_upwards((MARGIN + 12.0, middle_y), LABEL, &up)
}

/// A ring where the scenario itself is.
fn draw_now(canvas: &mut Canvas, input: &HeatMap, frame: &Frame) -> Result<()> {
    let (Some(across), Some(up)) = (input.x.now, input.y.now) else { return Ok(()) };
    let (x, y) = frame.place(across, up);
    canvas.dot((x, y), 7.0, PAPER)?;
    canvas.dot((x, y), 5.0, INK)?;
    let words = "the scenario";
    let after = x + 12.0 + width(words, LABEL.strong()) < frame.right;
    let (at, anchor) = if after { (x + 12.0, Anchor::Start) } else { (x - 12.0, Anchor::End) };
    canvas.words((at, y + 4.6), anchor, LABEL.strong(), words)
}

fn title(input: &HeatMap) -> String {
    match input.routes.as_slice() {
        [(only, _)] if input.cells.iter().any(Option::is_none) => {
            format!("{}: cheapest wherever the map has an answer", name(only))
        }
        [(only, _)] => format!("{}: cheapest everywhere on the map", name(only)),
        [(first, share), ..] => {
            format!("{}: cheapest in {} of {}", name(first), percent(*share), whole(input))
        }
        [] => String::new(),
    }
}

/// What shares are shares of.
fn whole(input: &HeatMap) -> &'static str {
    if input.cells.iter().any(Option::is_none) { "the cells with an answer" } else { "the map" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(routes: &[(&str, f64)], cells: Vec<Option<(usize, f64)>>) -> Result<Chart> {
        let axis = |labels: &[&str]| HeatMapAxis {
            title: "field".to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            now: Some(0.25),
        };
        draw(&HeatMap {
            x: axis(&["1", "2"]),
            y: axis(&["3"]),
            what: "route".to_owned(),
            routes: routes.iter().map(|(route, share)| ((*route).to_owned(), *share)).collect(),
            cells,
            figure: "P50".to_owned(),
            horizon: "12 months".to_owned(),
            provenance: String::new(),
        })
    }

    #[test]
    fn the_title_names_who_has_most_of_the_map() {
        let both = map(&[("a", 0.5), ("b", 0.5)], vec![Some((0, 0.5)), Some((1, 0.01))]).unwrap();
        assert_eq!(both.title, "a: cheapest in 50.0 % of the map");
        let blank = map(&[("a", 0.5), ("b", 0.5)], vec![Some((0, 0.5)), None]).unwrap();
        assert_eq!(blank.title, "a: cheapest in 50.0 % of the cells with an answer");
        let part = map(&[("a", 1.0)], vec![Some((0, 0.1)), None]).unwrap();
        assert_eq!(part.title, "a: cheapest wherever the map has an answer");
        let all = map(&[("a", 1.0)], vec![Some((0, 0.1)), Some((0, 0.2))]).unwrap();
        assert_eq!(all.title, "a: cheapest everywhere on the map");
        assert!(map(&[("a", 1.0)], vec![None]).is_err());
    }

    #[test]
    fn a_lead_of_nothing_is_pale_and_one_without_a_rival_strong() {
        let paper = |(_, lead): (usize, f64)| f64::from(ink((0, lead)).0);
        assert!(paper((0, 0.0)) > paper((0, 0.06)) && ink((0, f64::INFINITY)) == hue(0).tint);
    }

    /// Two columns of one row: 0 is the middle of the first and 1 that of the second.
    #[test]
    fn the_scenario_is_at_its_place_and_not_at_a_cells() {
        let frame = Frame { left: 100.0, right: 300.0, top: 0.0, bottom: 50.0, columns: 2, rows: 1 };
        assert_eq!(
            [0.0, 0.25, 1.0].map(|across| frame.place(across, 0.0)),
            [150.0, 175.0, 250.0].map(|x| (x, 25.0))
        );
    }

    #[test]
    fn labels_stand_at_both_ends() {
        let places: Vec<usize> = shown(40).collect();
        assert_eq!((places.len(), places[0], places[5]), (6, 0, 39));
        assert_eq!(shown(2).collect::<Vec<_>>(), [0, 1]);
    }
}
