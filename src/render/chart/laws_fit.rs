//! Lengths of a log against the law that was fitted to them: the share of requests up to each length, or of
//! sessions up to each number of requests.

use anyhow::{Result, ensure};

use super::Chart;
use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::style::{AXIS, BLUE, GRID, HALF_HEIGHT, INK, LABEL, MARGIN, SMALL};
use crate::domain::format::{count_short, thousands};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct LawsFit {
    /// The chart's name, which becomes the stem of its file.
    pub name: String,
    /// What is measured: `Lengths of prompts`.
    pub title: String,
    /// Of what shares are taken: `requests`.
    pub of: &'static str,
    /// In which unit: `tokens`.
    pub unit: &'static str,
    /// The data and its law.
    pub law: FittedLaw,
    /// The largest distance of the two.
    pub distance: f64,
    /// Where both log and scenario cut what is longer, if they do.
    pub cut_at: Option<u64>,
    /// Where it comes from, for the foot.
    pub provenance: String,
}

/// Shares of requests up to some lengths.
#[derive(Debug, Clone)]
pub struct FittedLaw {
    /// Of the data.
    pub data: Vec<(f64, f64)>,
    /// Of the law.
    pub model: Vec<(f64, f64)>,
}

/// Draws the chart. An error when there is no length.
pub fn draw(input: &LawsFit) -> Result<Chart> {
    let law = &input.law;
    ensure!(!law.data.is_empty(), "the chart of {} has no length", input.title);
    ensure!(
        law.data.iter().chain(&law.model).all(|(x, y)| x.is_finite() && y.is_finite()),
        "a length is no number"
    );
    let title = format!("{}: the law is within {:.1} points of the log", input.title, 100.0 * input.distance);
    let cut = input.cut_at.map(|most| {
        format!(
            " The log is cut at {} {}, and so is what the scenario draws beyond.",
            thousands(most),
            input.unit
        )
    });
    let subtitle = format!(
        "Share of {} with up to so many {}. Black: the log. Blue: the fitted law.{}",
        input.of,
        input.unit,
        cut.unwrap_or_default()
    );
    let page = Page::half(&title, &subtitle, &input.provenance);
    let bottom = (HALF_HEIGHT - page.foot_height()).max(page.top() + 220.0);
    let frame =
        Frame::new(law, (MARGIN + 44.0, page.width - MARGIN - 8.0), (bottom - 38.0, page.top() + 6.0));
    page.chart(&input.name, &format!("{title}. {subtitle}"), bottom, |canvas| {
        axes(canvas, &frame, input.unit)?;
        canvas.path(&frame.steps(&law.data), 2.4, INK)?;
        canvas.path(&frame.line(&law.model), 1.6, BLUE)?;
        let x = frame.left + 10.0;
        canvas.words((x, frame.top + 14.0), Anchor::Start, LABEL, "log")?;
        canvas.words((x, frame.top + 32.0), Anchor::Start, LABEL.ink(BLUE), "law")
    })
}

/// Where the plot goes.
struct Frame {
    left: f64,
    right: f64,
    bottom: f64,
    top: f64,
    low: f64,
    high: f64,
}

impl Frame {
    fn new(law: &FittedLaw, (left, right): (f64, f64), (bottom, top): (f64, f64)) -> Self {
        let lengths = law.data.iter().map(|(tokens, _)| tokens.max(1.0));
        let low = lengths.clone().fold(f64::INFINITY, f64::min).log10().floor();
        let high = lengths.fold(1.0, f64::max).log10().ceil().max(low + 1.0);
        Frame { left, right, bottom, top, low, high }
    }

    fn at(&self, tokens: f64, share: f64) -> Point {
        let along = (tokens.max(1.0).log10() - self.low) / (self.high - self.low);
        (self.left + (self.right - self.left) * along, self.bottom - (self.bottom - self.top) * share)
    }

    fn line(&self, points: &[(f64, f64)]) -> Vec<Point> {
        points.iter().map(|(tokens, share)| self.at(*tokens, *share)).collect()
    }

    fn steps(&self, points: &[(f64, f64)]) -> Vec<Point> {
        let mut before = 0.0;
        let step = |(tokens, share): &(f64, f64)| {
            let corner = [self.at(*tokens, before), self.at(*tokens, *share)];
            before = *share;
            corner
        };
        points.iter().flat_map(step).collect()
    }
}

fn axes(canvas: &mut Canvas, frame: &Frame, unit: &str) -> Result<()> {
    for quarter in 0..=4 {
        let share = 0.25 * f64::from(quarter);
        let (_, y) = frame.at(1.0, share);
        canvas.line((frame.left, y), (frame.right, y), 1.0, if quarter == 0 { AXIS } else { GRID })?;
        canvas.words((frame.left - 8.0, y + 4.0), Anchor::End, SMALL, &format!("{:.0} %", 100.0 * share))?;
    }
    let mut decade = frame.low;
    while decade <= frame.high {
        let (x, _) = frame.at(10_f64.powf(decade), 0.0);
        canvas.line((x, frame.bottom), (x, frame.bottom + 4.0), 1.0, AXIS)?;
        canvas.words((x, frame.bottom + 18.0), Anchor::Middle, SMALL, &count_short(10_f64.powf(decade)))?;
        decade += 1.0;
    }
    canvas.words((0.5 * (frame.left + frame.right), frame.bottom + 34.0), Anchor::Middle, SMALL, unit)
}
