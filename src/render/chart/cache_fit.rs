//! The cached share of prompts by their length: a log, and the gate that was fitted to it.

use anyhow::{Result, ensure};
use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::plot::{Plot, Unit};
use super::style::{AXIS, BLUE, HALF_HEIGHT, INK, SMALL, TICK};
use super::{Chart, check};
use crate::domain::format::count_short;

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct CacheFit {
    /// Prompts of the log by length, the shortest first.
    pub bins: Vec<CacheBin>,
    /// Lengths in tokens, and the share that the gate has cached there.
    pub gate: Vec<(f64, f64)>,
    /// The mean distance of the two over all input tokens.
    pub distance: f64,
    /// Where it comes from, for the foot.
    pub provenance: String,
}

/// Prompts of some lengths.
#[derive(Debug, Clone)]
pub struct CacheBin {
    /// The lengths, tokens.
    pub tokens: (f64, f64),
    /// Their share of all input tokens.
    pub weight: f64,
    /// The share of theirs that came from a cache; `None` where too few prompts tell.
    pub cached: Option<f64>,
}

/// The bars that show where the tokens are take this part of the height.
const WEIGHTS: f64 = 0.3;
/// Their colour.
const BAR: RGBColor = RGBColor(0xE5, 0xE7, 0xEB);

/// Draws the chart. An error when there is no length or a share is none.
pub fn draw(input: &CacheFit) -> Result<Chart> {
    check::some(&input.bins, "cache", "length")?;
    for bin in &input.bins {
        check::shares(&[bin.weight], "a length")?;
        check::shares(bin.cached.as_slice(), "a length's cache")?;
        ensure!(
            bin.tokens.0 > 0.0 && bin.tokens.1 > bin.tokens.0,
            "lengths of the cache chart are out of order"
        );
    }
    ensure!(
        input.gate.iter().all(|(tokens, share)| tokens.is_finite() && share.is_finite()),
        "the gate of the cache chart is no number"
    );
    let title =
        format!("Cached share by prompt length: the fit is {:.1} points off the log", 100.0 * input.distance);
    let subtitle = "Share of input tokens that came from a cache. Dots: the log, where 30 prompts or more tell. Blue: the fit. Grey: where the log's input tokens are (heights in proportion, not to this axis).";
    let page = Page::half(&title, subtitle, &input.provenance);
    let bottom = (HALF_HEIGHT - page.foot_height()).max(page.top() + 220.0);
    let plot = Plot::new(&[1.0], Unit::Share, page.width, (bottom - 40.0, page.top() + 4.0));
    let x = Lengths::over(&input.bins, &plot);
    page.chart("fit-cache", &format!("{title}. {subtitle}"), bottom, |canvas| {
        weights(canvas, &plot, &x, &input.bins)?;
        plot.draw(canvas)?;
        axis(canvas, &plot, &x)?;
        let inside = input.gate.iter().filter(|(tokens, _)| x.holds(*tokens));
        let line: Vec<Point> = inside.map(|(tokens, share)| (x.at(*tokens), plot.y(*share))).collect();
        if line.len() > 1 {
            canvas.path(&line, 2.0, BLUE)?;
        }
        for bin in &input.bins {
            let Some(cached) = bin.cached else { continue };
            let middle = (bin.tokens.0 * bin.tokens.1).sqrt();
            canvas.dot((x.at(middle), plot.y(cached)), 3.4, INK)?;
        }
        Ok(())
    })
}

/// The axis of lengths: equal distances are equal factors.
struct Lengths {
    low: f64,
    high: f64,
    left: f64,
    right: f64,
}

impl Lengths {
    fn over(bins: &[CacheBin], plot: &Plot) -> Lengths {
        let low = bins.iter().map(|bin| bin.tokens.0).fold(f64::INFINITY, f64::min);
        let high = bins.iter().map(|bin| bin.tokens.1).fold(low * 2.0, f64::max);
        Lengths { low, high, left: plot.left, right: plot.right }
    }

    fn holds(&self, tokens: f64) -> bool {
        (self.low..=self.high).contains(&tokens)
    }

    fn at(&self, tokens: f64) -> f64 {
        self.left + (self.right - self.left) * (tokens / self.low).ln() / (self.high / self.low).ln()
    }

    /// Powers of ten with their halves or thirds where a few decades are shown.
    fn ticks(&self) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let leads: &[f64] = if decades < 2.2 {
            &[1.0, 2.0, 5.0]
        } else if decades < 4.0 {
            &[1.0, 3.0]
        } else {
            &[1.0]
        };
        let powers = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let all = powers.flat_map(|power| leads.iter().map(move |lead| lead * 10_f64.powi(power)));
        all.filter(|tokens| self.holds(*tokens)).collect()
    }
}

fn weights(canvas: &mut Canvas, plot: &Plot, x: &Lengths, bins: &[CacheBin]) -> Result<()> {
    let most = bins.iter().map(|bin| bin.weight).fold(1e-9, f64::max);
    for bin in bins {
        let height = WEIGHTS * (plot.bottom - plot.top) * bin.weight / most;
        let (left, right) = (x.at(bin.tokens.0), x.at(bin.tokens.1));
        canvas.rect((left + 0.6, plot.bottom - height), (right - 0.6, plot.bottom), BAR)?;
    }
    Ok(())
}

fn axis(canvas: &mut Canvas, plot: &Plot, x: &Lengths) -> Result<()> {
    for tokens in x.ticks() {
        let at = x.at(tokens);
        canvas.line((at, plot.bottom), (at, plot.bottom + TICK), 1.0, AXIS)?;
        canvas.words((at, plot.bottom + 19.0), Anchor::Middle, SMALL, &count_short(tokens))?;
    }
    plot.name(canvas, "tokens of the prompt")
}
