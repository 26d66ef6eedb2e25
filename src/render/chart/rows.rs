//! The frame of charts with one row per route: names left, plot in the middle, columns of figures right,
//! money axis below. It measures first, so that names, figures and marks never meet.

use anyhow::Result;
use plotters::style::RGBColor;

use super::budget;
use super::canvas::{Anchor, Canvas};
use super::scale::{Scale, Tick};
use super::style::{AXIS, GAP, GRID, LABEL, MARGIN, SMALL, TICK, WIDE};
use super::text::{shorten, width};
use crate::domain::format::probability;

/// The widest that the column of names may become.
const NAMES_AT_MOST: f64 = 344.0;
/// Height of the strip above the rows for heads of columns and the budget's label.
pub const STRIP: f64 = 24.0;
/// Height of the axis below the rows: tick labels and the axis title.
pub const AXIS_HEIGHT: f64 = 46.0;

/// A column of figures, right-aligned.
pub struct Column {
    /// Its head.
    pub head: &'static str,
    /// One figure per row; an empty one leaves its place empty.
    pub figures: Vec<String>,
    /// Whether this is the column to read first.
    pub bold: bool,
}

/// Where everything in a chart of rows goes.
pub struct Rows {
    names: Vec<String>,
    /// Ink of each name, in turn.
    inks: Vec<RGBColor>,
    columns: Vec<Column>,
    /// Right edge of each column.
    edges: Vec<f64>,
    /// Vertical middle of each row.
    pub centres: Vec<f64>,
    /// Left and right edge of the plot.
    pub span: (f64, f64),
    /// Upper and lower edge of the plot.
    pub range: (f64, f64),
}

impl Rows {
    /// Rows of equal height below `top`.
    pub fn even(names: &[&str], columns: Vec<Column>, top: f64, height: f64) -> Rows {
        let top = top + STRIP;
        let centres = (0..names.len()).map(|row| top + height * (row as f64 + 0.5)).collect();
        Rows::new(names, columns, centres, (top, top + height * names.len() as f64))
    }

    /// Rows whose middles are given, all within `range`.
    pub fn new(names: &[&str], columns: Vec<Column>, centres: Vec<f64>, range: (f64, f64)) -> Rows {
        let names: Vec<String> = names.iter().map(|name| shorten(name, LABEL, NAMES_AT_MOST)).collect();
        let left = MARGIN + names.iter().map(|name| width(name, LABEL)).fold(0.0, f64::max) + GAP;
        let mut right = WIDE - MARGIN;
        let mut edges: Vec<f64> = Vec::new();
        for column in columns.iter().rev() {
            edges.insert(0, right);
            right -= column.width() + GAP;
        }
        // Half a tick label, or a budget line, may stand at the right end of the axis.
        let right = right - 8.0;
        Rows { names, inks: vec![LABEL.color], columns, edges, centres, span: (left, right), range }
    }

    /// The same with the names in the given inks, which repeat from group to group.
    pub fn with_inks(self, inks: Vec<RGBColor>) -> Rows {
        Rows { inks, ..self }
    }

    /// The lower end of the whole frame, axis included.
    pub fn bottom(&self) -> f64 {
        self.range.1 + AXIS_HEIGHT
    }

    /// Grid and axis, to be drawn below the marks.
    pub fn draw_axis(&self, canvas: &mut Canvas, scale: &Scale, title: &str) -> Result<()> {
        self.draw_ticks(canvas, &scale.ticks(), title)
    }

    /// The same for shares from nothing to everything.
    pub fn draw_share_axis(&self, canvas: &mut Canvas, title: &str) -> Result<()> {
        let tick = |share: f64| Tick {
            at: self.span.0 + share * (self.span.1 - self.span.0),
            label: probability(share),
        };
        self.draw_ticks(canvas, &[0.0, 0.25, 0.5, 0.75, 1.0].map(tick), title)
    }

    fn draw_ticks(&self, canvas: &mut Canvas, ticks: &[Tick], title: &str) -> Result<()> {
        let (top, bottom) = self.range;
        for tick in ticks {
            canvas.line((tick.at, top), (tick.at, bottom), 1.0, GRID)?;
        }
        draw_bottom_axis(canvas, self.span, bottom, ticks, title)
    }

    /// Names and figures.
    pub fn draw_words(&self, canvas: &mut Canvas) -> Result<()> {
        for ((name, centre), ink) in self.names.iter().zip(&self.centres).zip(self.inks.iter().cycle()) {
            canvas.words((MARGIN, centre + 4.6), Anchor::Start, LABEL.ink(*ink), name)?;
        }
        for (column, &edge) in self.columns.iter().zip(&self.edges) {
            canvas.words((edge, self.range.0 - 7.0), Anchor::End, SMALL, column.head)?;
            let face = if column.bold { LABEL.strong() } else { LABEL };
            for (figure, centre) in column.figures.iter().zip(&self.centres) {
                canvas.words((edge, centre + 4.6), Anchor::End, face, figure)?;
            }
        }
        Ok(())
    }

    /// The budget's line and label, to be drawn above the marks.
    pub fn draw_budget(&self, canvas: &mut Canvas, scale: &Scale, budget_usd: Option<f64>) -> Result<()> {
        budget_usd.map_or(Ok(()), |usd| budget::draw(canvas, scale, usd, self.span, self.range))
    }
}

impl Column {
    fn width(&self) -> f64 {
        let face = if self.bold { LABEL.strong() } else { LABEL };
        self.figures.iter().map(|figure| width(figure, face)).fold(width(self.head, SMALL), f64::max)
    }
}

/// The axis along the lower edge of a plot: its line, ticks, labels, and its title centred below.
pub fn draw_bottom_axis(
    canvas: &mut Canvas,
    span: (f64, f64),
    y: f64,
    ticks: &[Tick],
    title: &str,
) -> Result<()> {
    for tick in ticks {
        canvas.line((tick.at, y), (tick.at, y + TICK), 1.0, AXIS)?;
        canvas.words((tick.at, y + TICK + 14.0), Anchor::Middle, SMALL, &tick.label)?;
    }
    canvas.line((span.0, y), (span.1, y), 1.2, AXIS)?;
    let title = shorten(title, SMALL, WIDE - 2.0 * MARGIN);
    let half = width(&title, SMALL) / 2.0;
    let middle = ((span.0 + span.1) / 2.0).min(WIDE - MARGIN - half).max(MARGIN + half);
    canvas.words((middle, y + TICK + 34.0), Anchor::Middle, SMALL, &title)
}

/// The title of a money axis, which says its unit, its horizon and whether it is logarithmic.
pub fn axis_title(what: &str, horizon: &str, scale: &Scale, has_zero: bool) -> String {
    let note = match (scale.is_log(), has_zero) {
        (false, _) => "",
        (true, false) => ", logarithmic scale",
        (true, true) => ", logarithmic scale, $0 at the left end",
    };
    format!("{what}, {horizon}, USD{note}")
}
