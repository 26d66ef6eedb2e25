//! The days of a log over the band that the fitted model has for them.

use anyhow::{Result, ensure};

use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::plot::{Plot, Unit};
use super::style::{AXIS, BLUE, BLUE_LIGHT, INK, MARGIN, SMALL, TICK, VERMILION};
use super::text::width;
use super::{Chart, check};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct DaysFit {
    /// Names of the days, the oldest first.
    pub days: Vec<String>,
    /// Requests of each.
    pub requests: Vec<f64>,
    /// P10, P50 and P90 of the model.
    pub bands: Vec<[f64; 3]>,
    /// Where it comes from, for the foot.
    pub provenance: String,
}

/// Height of the plot.
const PLOT: f64 = 280.0;
/// Names below the axis, at most.
const NAMES: usize = 8;

/// Draws the chart. An error when there are fewer than two days or a figure is no number.
pub fn draw(input: &DaysFit) -> Result<Chart> {
    let count = input.requests.len();
    ensure!(
        count >= 2 && input.days.len() == count && input.bands.len() == count,
        "the chart of days needs two days at least, each with its band"
    );
    check::amounts(&input.requests, "a day")?;
    check::amounts(input.bands.as_flattened(), "a day's band")?;
    let inside = input.requests.iter().zip(&input.bands).filter(|(seen, band)| is_inside(**seen, band));
    let title = format!("{} of {count} days of the log lie inside of the model's P10 to P90", inside.count());
    let subtitle = "Requests a day, UTC. Blue line and band: the fitted model's median and P10 to P90 for each day, its weekday and growth included. Dots: the log, red where outside: two days of ten in the long run, and rather many or none in a row, for days stray together.";
    let page = Page::wide(&title, subtitle, &input.provenance);
    let bottom = page.top() + PLOT;
    let values: Vec<f64> =
        input.requests.iter().copied().chain(input.bands.iter().map(|band| band[2])).collect();
    let plot = Plot::new(&values, Unit::Count, page.width, (bottom, page.top() + 4.0));
    page.chart("fit-days", &format!("{title}. {subtitle}"), bottom + 24.0, |canvas| {
        plot.draw(canvas)?;
        names(canvas, &plot, input)?;
        let line = |of: usize| -> Vec<Point> {
            let point = |(at, band): (usize, &[f64; 3])| (plot.column(at, count), plot.y(band[of]));
            input.bands.iter().enumerate().map(point).collect()
        };
        let band: Vec<Point> = line(2).into_iter().chain(line(0).into_iter().rev()).collect();
        canvas.polygon(&band, BLUE_LIGHT)?;
        canvas.path(&line(1), 2.0, BLUE)?;
        let radius = if count > 100 { 2.2 } else { 3.0 };
        for (at, (seen, band)) in input.requests.iter().zip(&input.bands).enumerate() {
            let ink = if is_inside(*seen, band) { INK } else { VERMILION };
            canvas.dot((plot.column(at, count), plot.y(*seen)), radius, ink)?;
        }
        Ok(())
    })
}

fn is_inside(seen: f64, band: &[f64; 3]) -> bool {
    (band[0]..=band[2]).contains(&seen)
}

/// Every so many days has its name, beginning with the first.
fn names(canvas: &mut Canvas, plot: &Plot, input: &DaysFit) -> Result<()> {
    let count = input.days.len();
    // Whole weeks where there are some, so that the same weekday is named.
    let stride = match count.div_ceil(NAMES) {
        stride if stride > 3 => stride.div_ceil(7) * 7,
        stride => stride,
    };
    for (at, day) in input.days.iter().enumerate().step_by(stride) {
        let x = plot.column(at, count);
        canvas.line((x, plot.bottom), (x, plot.bottom + TICK), 1.0, AXIS)?;
        let half = 0.5 * width(day, SMALL);
        let (place, anchor) = if x - half < MARGIN {
            (MARGIN, Anchor::Start)
        } else if x + half > plot.right {
            (plot.right, Anchor::End)
        } else {
            (x, Anchor::Middle)
        };
        canvas.words((place, plot.bottom + 19.0), anchor, SMALL, day)?;
    }
    Ok(())
}
