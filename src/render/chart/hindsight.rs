//! Forecasts over what came: each forecast's median and bands at the moment when it was made, the spend that
//! then came as a dot.

use anyhow::{Result, ensure};

use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::scale::{Base, Scale};
use super::style::{
    AXIS, BLUE, BLUE_LIGHT, BLUE_MID, GRID, INK, LABEL, MARGIN, SMALL, VERMILION, VERMILION_WORD,
};
use super::text::width;
use super::{Chart, check};
use crate::domain::format::thousands;

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Hindsight {
    /// The chart's name, which becomes the stem of its file.
    pub name: String,
    /// What was forecast.
    pub task: String,
    /// How far ahead, in words.
    pub horizon: String,
    /// Whether forecasts follow each other in time; else they are splits of the same sessions.
    pub rolling: bool,
    /// When each forecast was made, milliseconds from the beginning, or its number.
    pub at_ms: Vec<i64>,
    /// What came, USD.
    pub spent: Vec<f64>,
    /// The forecasts at 2.5, 5, 25, 50, 75, 95 and 97.5 %.
    pub fans: Vec<[f64; 7]>,
    /// How often the central 90 % held.
    pub coverage_90: f64,
    /// Where it comes from, for the foot.
    pub provenance: String,
}

/// Height of the plot.
const PLOT: f64 = 300.0;
/// Room for the labels at the right edge.
const LEGEND: f64 = 132.0;

/// Where the plot goes.
struct Frame {
    left: f64,
    right: f64,
    bottom: f64,
    money: Scale,
    first: f64,
    last: f64,
}

/// Draws the chart. An error when there are fewer than two forecasts or a figure is no number.
pub fn draw(input: &Hindsight) -> Result<Chart> {
    ensure!(input.spent.len() >= 2, "the chart of {} has fewer than two forecasts", input.task);
    check::amounts(&input.spent, &input.task)?;
    check::amounts(input.fans.as_flattened(), &input.task)?;
    let count = input.spent.len() as u64;
    let title = format!(
        "{}: {} of {} outcomes lay inside the 90 % interval",
        input.task,
        thousands((input.coverage_90 * count as f64).round() as u64),
        thousands(count)
    );
    let subtitle = if input.rolling {
        format!(
            "Spend of the {} after each moment in USD, forecast from what was known then. Line: the median. Bands: 50 % and 90 % of the forecast. Dots: what came, red outside of the 90 %.",
            input.horizon
        )
    } else {
        "Spend of one half of the sessions in USD, forecast from the other, for splits in order of what came. Line: the median. Bands: 50 % and 90 % of the forecast. Dots: what came, red outside of the 90 %.".to_owned()
    };
    let page = Page::wide(&title, &subtitle, &input.provenance);
    let plot_bottom = page.top() + PLOT;
    let sorted = sorted(input);
    let frame = frame(&sorted, page.top() + 4.0, plot_bottom, page.width);
    let description = format!("{title}. {subtitle}");
    page.chart(&input.name, &description, plot_bottom + 34.0, |canvas| {
        draw_axes(canvas, &frame, &sorted)?;
        draw_fans(canvas, &frame, &sorted)?;
        draw_outcomes(canvas, &frame, &sorted)?;
        draw_legend(canvas, &frame)
    })
}

/// Splits have no order of their own: they are shown by what came.
fn sorted(input: &Hindsight) -> Hindsight {
    let mut sorted = input.clone();
    if !input.rolling {
        let mut order: Vec<usize> = (0..input.spent.len()).collect();
        order.sort_by(|a, b| input.spent[*a].total_cmp(&input.spent[*b]));
        sorted.spent = order.iter().map(|at| input.spent[*at]).collect();
        sorted.fans = order.iter().map(|at| input.fans[*at]).collect();
    }
    sorted
}

fn frame(input: &Hindsight, top: f64, bottom: f64, page_width: f64) -> Frame {
    // A few forecasts that were far too wide shall not flatten all others.
    let mut highs: Vec<f64> = input.fans.iter().map(|fan| fan[5]).collect();
    highs.sort_by(f64::total_cmp);
    let most = highs[(highs.len() - 1) * 98 / 100];
    let values: Vec<f64> = input.spent.iter().copied().chain([most]).collect();
    let money = Scale::linear(&values, None, Base::Zero, (bottom, top), 46.0);
    let widest = money.ticks().iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
    Frame {
        left: MARGIN + widest + 10.0,
        right: page_width - MARGIN - LEGEND,
        bottom,
        money,
        first: input.at_ms[0] as f64,
        last: input.at_ms[input.at_ms.len() - 1] as f64,
    }
}

impl Frame {
    fn x(&self, at_ms: i64) -> f64 {
        self.left + (self.right - self.left) * (at_ms as f64 - self.first) / (self.last - self.first).max(1.0)
    }

    /// The height of an amount, at most that of the highest tick's line.
    fn y(&self, usd: f64) -> f64 {
        self.money.at(usd.min(self.money.high()))
    }
}

fn draw_axes(canvas: &mut Canvas, frame: &Frame, input: &Hindsight) -> Result<()> {
    for tick in frame.money.ticks() {
        canvas.line((frame.left, tick.at), (frame.right, tick.at), 1.0, GRID)?;
        canvas.words((frame.left - 8.0, tick.at + 4.0), Anchor::End, SMALL, &tick.label)?;
    }
    canvas.line((frame.left, frame.bottom), (frame.right, frame.bottom), 1.2, AXIS)?;
    let count = input.at_ms.len();
    let marks = if input.rolling { 6.min(count) } else { 0 };
    for mark in 0..marks {
        let at = input.at_ms[mark * (count - 1) / (marks - 1).max(1)];
        let words = crate::usage::duration(at);
        canvas.words((frame.x(at), frame.bottom + 18.0), Anchor::Middle, SMALL, &words)?;
    }
    let below = if input.rolling { "known history when the forecast was made" } else { "splits" };
    canvas.words((0.5 * (frame.left + frame.right), frame.bottom + 33.0), Anchor::Middle, SMALL, below)
}

fn draw_fans(canvas: &mut Canvas, frame: &Frame, input: &Hindsight) -> Result<()> {
    let line = |of: usize| -> Vec<Point> {
        input.at_ms.iter().zip(&input.fans).map(|(at, fan)| (frame.x(*at), frame.y(fan[of]))).collect()
    };
    let band = |low: usize, high: usize| -> Vec<Point> {
        line(high).into_iter().chain(line(low).into_iter().rev()).collect()
    };
    canvas.polygon(&band(1, 5), BLUE_LIGHT)?;
    canvas.polygon(&band(2, 4), BLUE_MID)?;
    canvas.path(&line(3), 2.0, BLUE)
}

fn draw_outcomes(canvas: &mut Canvas, frame: &Frame, input: &Hindsight) -> Result<()> {
    let radius = if input.spent.len() > 120 { 1.8 } else { 2.8 };
    for ((at, spent), fan) in input.at_ms.iter().zip(&input.spent).zip(&input.fans) {
        let inside = fan[1] <= *spent && *spent <= fan[5];
        canvas.dot((frame.x(*at), frame.y(*spent)), radius, if inside { INK } else { VERMILION })?;
    }
    Ok(())
}

fn draw_legend(canvas: &mut Canvas, frame: &Frame) -> Result<()> {
    let left = frame.right + 18.0;
    let mut y = frame.bottom - PLOT + 24.0;
    let words = left + 26.0;
    for (color, thick, label) in [(BLUE_LIGHT, 12.0, "90 %"), (BLUE_MID, 12.0, "50 %"), (BLUE, 2.0, "median")]
    {
        canvas.rect((left, y - 4.0 - 0.5 * thick), (left + 18.0, y - 4.0 + 0.5 * thick), color)?;
        canvas.words((words, y), Anchor::Start, LABEL, label)?;
        y += 20.0;
    }
    canvas.dot((left + 9.0, y - 4.0), 2.8, INK)?;
    canvas.words((words, y), Anchor::Start, LABEL, "what came")?;
    canvas.dot((left + 9.0, y + 16.0), 2.8, VERMILION)?;
    canvas.words((words, y + 20.0), Anchor::Start, LABEL.ink(VERMILION_WORD), "outside 90 %")
}
