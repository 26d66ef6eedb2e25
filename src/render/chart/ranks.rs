//! Where outcomes fell in their forecasts (the probability integral transform): a tenth in each tenth, if the
//! forecasts are honest. Too many at both ends says too sure, too many in the middle too wide.

use anyhow::{Result, ensure};

use super::Chart;
use super::canvas::{Anchor, Canvas};
use super::page::Page;
use super::style::{AXIS, BLUE_MID, HALF_HEIGHT, LABEL, MARGIN, SMALL, VERMILION, VERMILION_WORD};
use crate::domain::format::{percent, thousands};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Ranks {
    /// Outcomes in each tenth of their forecast, the lowest first.
    pub counts: Vec<usize>,
    /// How many forecasts.
    pub forecasts: usize,
    /// Where it comes from, for the foot.
    pub provenance: String,
}

/// Draws the chart. An error when there is no forecast.
pub fn draw(input: &Ranks) -> Result<Chart> {
    ensure!(input.forecasts > 0 && !input.counts.is_empty(), "the chart of ranks has no forecast");
    let share = |count: usize| count as f64 / input.forecasts as f64;
    let ends = share(input.counts[0] + input.counts[input.counts.len() - 1]);
    let verdict = if ends > 0.3 {
        "forecasts are too sure of themselves"
    } else if ends < 0.1 {
        "forecasts are wider than they need to be"
    } else {
        "forecasts are about as wide as they should be"
    };
    let lower = share(input.counts[..input.counts.len() / 2].iter().sum());
    let lean = if lower > 0.6 {
        ", and lean high"
    } else if lower < 0.4 {
        ", and lean low"
    } else {
        ""
    };
    let title = format!("{} of outcomes lie in the outer tenths: {verdict}{lean}", percent(ends));
    let subtitle = format!(
        "Where {} outcomes fell in their forecasts. A tenth in each bar (red line) is honest.",
        thousands(input.forecasts as u64)
    );
    let page = Page::half(&title, &subtitle, &input.provenance);
    let bottom = (HALF_HEIGHT - page.foot_height()).max(page.top() + 200.0);
    let (left, right, base) = (MARGIN + 40.0, page.width - MARGIN, bottom - 40.0);
    let most = input.counts.iter().map(|count| share(*count)).fold(0.2, f64::max);
    let height = |value: f64| base - (base - page.top() - 8.0) * value / most;
    let step = (right - left) / input.counts.len() as f64;
    let description = format!("{title}. {subtitle}");
    page.chart("backtest-ranks", &description, bottom, |canvas: &mut Canvas| {
        for (at, count) in input.counts.iter().enumerate() {
            let x = left + at as f64 * step;
            canvas.rect((x + 2.0, height(share(*count))), (x + step - 2.0, base), BLUE_MID)?;
            let words = format!("{:.0}", 100.0 * share(*count));
            canvas.words((x + 0.5 * step, height(share(*count)) - 4.0), Anchor::Middle, SMALL, &words)?;
        }
        canvas.line((left, base), (right, base), 1.2, AXIS)?;
        canvas.line((left, height(0.1)), (right, height(0.1)), 1.5, VERMILION)?;
        canvas.words((left - 6.0, height(0.1) + 4.0), Anchor::End, SMALL.ink(VERMILION_WORD), "10 %")?;
        canvas.words((left, base + 18.0), Anchor::Start, LABEL, "lower than forecast")?;
        canvas.words((right, base + 18.0), Anchor::End, LABEL, "higher than forecast")
    })
}
