//! How the days of a log remember those before them, and how those of the fitted model do.

use anyhow::{Result, ensure};

use super::Chart;
use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::style::{AXIS, BLUE, BLUE_LIGHT, GRID, HALF_HEIGHT, INK, MARGIN, SMALL, TICK, VERMILION};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct MemoryFit {
    /// Correlations of days so many days apart, from 1 on.
    pub seen: Vec<f64>,
    /// P10, P50 and P90 of the same in histories that the model makes.
    pub bands: Vec<[f64; 3]>,
    /// Where it comes from, for the foot.
    pub provenance: String,
}

/// Draws the chart. An error when there are fewer than two distances or a figure is no correlation.
pub fn draw(input: &MemoryFit) -> Result<Chart> {
    let lags = input.seen.len();
    ensure!(lags >= 2 && input.bands.len() == lags, "the chart of memory needs two distances at least");
    let all = || input.seen.iter().chain(input.bands.as_flattened());
    ensure!(all().all(|value| (-1.01..=1.01).contains(value)), "a correlation of days is none");
    let inside = input.seen.iter().zip(&input.bands).filter(|(seen, band)| is_inside(**seen, band)).count();
    let title = format!(
        "Neighbouring days correlate by {} in the log, by {} to {} in the model",
        signed(input.seen[0]),
        signed(input.bands[0][0]),
        signed(input.bands[0][2])
    );
    let subtitle = format!(
        "Autocorrelation of a day's logarithm, weekdays taken out. Blue: median and P10 to P90 of histories as long as the log that the model makes. Dots: the log, {inside} of {lags} inside.",
    );
    let page = Page::half(&title, &subtitle, &input.provenance);
    let bottom = (HALF_HEIGHT - page.foot_height()).max(page.top() + 220.0);
    let low = all().copied().fold(-0.4, f64::min);
    let frame = Frame {
        left: MARGIN + 44.0,
        right: page.width - MARGIN,
        bottom: bottom - 40.0,
        top: page.top() + 8.0,
        low: (2.0 * low).floor() / 2.0,
        lags,
    };
    page.chart("fit-memory", &format!("{title}. {subtitle}"), bottom, |canvas| {
        axes(canvas, &frame)?;
        let line = |of: usize| -> Vec<Point> {
            input.bands.iter().enumerate().map(|(at, band)| frame.at(at, band[of])).collect()
        };
        let band: Vec<Point> = line(2).into_iter().chain(line(0).into_iter().rev()).collect();
        canvas.polygon(&band, BLUE_LIGHT)?;
        canvas.line(frame.start(0.0), frame.end(0.0), 1.2, AXIS)?;
        canvas.path(&line(1), 2.0, BLUE)?;
        for (at, (seen, band)) in input.seen.iter().zip(&input.bands).enumerate() {
            canvas.dot(frame.at(at, *seen), 3.4, if is_inside(*seen, band) { INK } else { VERMILION })?;
        }
        Ok(())
    })
}

fn is_inside(seen: f64, band: &[f64; 3]) -> bool {
    (band[0]..=band[2]).contains(&seen)
}

fn signed(value: f64) -> String {
    let text = format!("{value:.2}").replace('-', "\u{2212}");
    if text == "\u{2212}0.00" { "0.00".to_owned() } else { text }
}

/// Where the plot goes.
struct Frame {
    left: f64,
    right: f64,
    bottom: f64,
    top: f64,
    /// The lowest correlation; the highest is 1.
    low: f64,
    lags: usize,
}

impl Frame {
    fn at(&self, lag: usize, value: f64) -> Point {
        let step = (self.right - self.left) / self.lags as f64;
        (self.left + (lag as f64 + 0.5) * step, self.y(value))
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * (value - self.low) / (1.0 - self.low)
    }

    fn start(&self, value: f64) -> Point {
        (self.left, self.y(value))
    }

    fn end(&self, value: f64) -> Point {
        (self.right, self.y(value))
    }
}

fn axes(canvas: &mut Canvas, frame: &Frame) -> Result<()> {
    let mut tick = frame.low;
    while tick <= 1.0 {
        canvas.line(frame.start(tick), frame.end(tick), 1.0, GRID)?;
        canvas.words((frame.left - 8.0, frame.y(tick) + 4.0), Anchor::End, SMALL, &signed(tick))?;
        tick += 0.5;
    }
    for lag in 0..frame.lags {
        let (x, _) = frame.at(lag, 0.0);
        canvas.line((x, frame.bottom), (x, frame.bottom + TICK), 1.0, AXIS)?;
        canvas.words((x, frame.bottom + 19.0), Anchor::Middle, SMALL, &(lag + 1).to_string())?;
    }
    let middle = 0.5 * (frame.left + frame.right);
    canvas.words((middle, frame.bottom + 34.0), Anchor::Middle, SMALL, "days apart")
}
