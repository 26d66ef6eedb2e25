//! The load of an hour, ten seconds a step: what the first route serves, what it does not, and the limit.

use anyhow::{Result, ensure};
use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::plot::{Plot, Unit};
use super::rows::{AXIS_HEIGHT, draw_bottom_axis};
use super::scale::Tick;
use super::style::{BLUE_MID, GAP, HUES, INK, LABEL, MARGIN, SMALL, VERMILION, WIDE};
use super::text::{shorten, width, wrap};
use super::words::{name, share};
use super::{Chart, check};
use crate::domain::format::count_short;

/// What the chart shows. Counts are per step of ten seconds.
#[derive(Debug, Clone)]
pub struct Load {
    /// The stem of the file.
    pub name: String,
    /// The route's label.
    pub route: String,
    /// When the hour begins: `2027-03-15 14:00`.
    pub when: String,
    /// Requests that came.
    pub offered: Vec<f64>,
    /// Of these, those that the first route served at its first try.
    pub first: Vec<f64>,
    /// Of these, those that came to nothing.
    pub unserved: Vec<f64>,
    /// Whether the first route is provisioned units, which limit tokens and not requests.
    pub by_units: bool,
    /// The limit of the first route, requests in ten seconds, if it has one.
    pub limit: Option<f64>,
    /// The limit in words: `limit of 600 requests a minute`.
    pub limit_words: String,
    /// The first route in words, `85 PTU of azure/gpt-5.4`.
    pub served_by: String,
    /// What the requests do that are in neither series, as a verb in the plural: `spill to azure/gpt-5.4`.
    pub rest: String,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// Height of the plot itself.
const PLOT: f64 = 320.0;
/// Steps of an hour.
const STEPS: usize = 360;
/// Steps of a minute.
const MINUTE: usize = 6;
/// Height of a line of words above the plot.
const ROW: f64 = 21.0;
/// Side of the square before an entry of the legend, and from there to its words.
const SQUARE: f64 = 11.0;
/// Room at the right of the plot for the words of the limit.
const BESIDE: f64 = 104.0;
/// The axis reaches out to a limit that is at most so many times the highest step.
const FAR: f64 = 2.5;

/// From so many times the peak on, a limit is told as a multiple of it.
const MANY: f64 = 10.0;

/// Sums and peaks of the hour.
struct Hour {
    offered: f64,
    rest: f64,
    unserved: f64,
    /// Requests per minute of the busiest ten seconds, and of the busiest minute.
    peaks: (f64, f64),
    /// The limit, requests per minute.
    limit: Option<f64>,
}

/// Draws the chart. An error when no request came, or a series is not one of an hour's counts.
pub fn draw(input: &Load) -> Result<Chart> {
    check_input(input)?;
    let hour = hour(input);
    let title = title(input, &hour);
    let page = Page::wide(&title, &subtitle(input, &hour), &input.provenance);
    let entries = legend(input, &hour);
    let rows = entries.iter().map(|entry| entry.row + 1).max().unwrap_or(0);
    let top = page.top() + ROW * rows as f64 + 4.0;
    let near = hour.limit.filter(|limit| *limit <= FAR * hour.peaks.0);
    let values: Vec<f64> = near.into_iter().chain([hour.peaks.0]).collect();
    let mut plot = Plot::new(&values, Unit::Count, page.width, (top + PLOT, top));
    plot.left += 20.0;
    plot.right -= if near.is_some() { BESIDE } else { GAP };
    page.chart(&input.name, &description(input, &hour), plot.bottom + AXIS_HEIGHT, |canvas| {
        for entry in &entries {
            entry.draw(canvas, page.top())?;
        }
        plot.draw(canvas)?;
        let served: Vec<f64> = input.first.clone();
        let upto = |at: usize| (input.offered[at] - input.unserved[at]).max(served[at]);
        let rest: Vec<f64> = (0..STEPS).map(upto).collect();
        let none = vec![0.0; STEPS];
        for (low, high, color) in
            [(&none, &served, SERVED), (&served, &rest, REST), (&rest, &input.offered, UNSERVED)]
        {
            draw_layer(canvas, &plot, low, high, color)?;
        }
        draw_axes(canvas, input, &plot)?;
        near.map_or(Ok(()), |limit| draw_limit(canvas, input, &plot, limit))
    })
}

const SERVED: RGBColor = BLUE_MID;
const REST: RGBColor = HUES[1].mark;
const UNSERVED: RGBColor = VERMILION;

fn check_input(input: &Load) -> Result<()> {
    for series in [&input.offered, &input.first, &input.unserved] {
        ensure!(series.len() == STEPS, "the load chart needs {STEPS} steps, and got {}", series.len());
        check::amounts(series, "the load")?;
        ensure!(series.iter().all(|count| *count >= 0.0), "a count of the load chart is below zero");
    }
    check::amounts(input.limit.as_slice(), "the limit")?;
    ensure!(input.limit.is_none_or(|limit| limit >= 0.0), "the limit of the load chart is below zero");
    let parts = input.first.iter().zip(&input.unserved).map(|(first, unserved)| first + unserved);
    ensure!(
        parts.zip(&input.offered).all(|(parts, offered)| parts <= offered + 1e-6 * offered.max(1.0)),
        "more requests were served and refused in a step of the load chart than came"
    );
    ensure!(
        input.offered.iter().sum::<f64>() > 0.0,
        "the load chart needs at least one request, and got none"
    );
    Ok(())
}

fn hour(input: &Load) -> Hour {
    let sum = |series: &[f64]| series.iter().sum::<f64>();
    let (offered, unserved) = (sum(&input.offered), sum(&input.unserved));
    let rest = offered - unserved - sum(&input.first);
    let ten = input.offered.iter().copied().fold(0.0, f64::max) * MINUTE as f64;
    let minute = input.offered.chunks(MINUTE).map(sum).fold(0.0, f64::max);
    Hour {
        offered,
        rest: if rest > 1e-6 * offered { rest } else { 0.0 },
        unserved,
        peaks: (ten, minute),
        limit: input.limit.map(|limit| limit * MINUTE as f64),
    }
}

/// The area between two series: runs of steps in which it is not empty.
fn draw_layer(canvas: &mut Canvas, plot: &Plot, low: &[f64], high: &[f64], color: RGBColor) -> Result<()> {
    let x = |step: usize| plot.left + step as f64 * plot.step(STEPS);
    let y = |count: f64| plot.y(count * MINUTE as f64);
    let mut from = 0;
    while from < STEPS {
        let filled = |step: &usize| high[*step] > low[*step];
        let to = (from..STEPS).find(|step| !filled(step)).unwrap_or(STEPS);
        let edge = |series: &[f64], step: usize| [(x(step), y(series[step])), (x(step + 1), y(series[step]))];
        let above = (from..to).flat_map(|step| edge(high, step));
        let below = (from..to).rev().flat_map(|step| edge(low, step).into_iter().rev());
        let corners: Vec<Point> = above.chain(below).collect();
        if !corners.is_empty() {
            canvas.polygon(&corners, color)?;
        }
        from = to + 1;
    }
    Ok(())
}

fn draw_axes(canvas: &mut Canvas, input: &Load, plot: &Plot) -> Result<()> {
    let at = |minute: u32| plot.left + f64::from(minute) / 60.0 * (plot.right - plot.left);
    let ticks: Vec<Tick> =
        (0..=60).step_by(10).map(|minute| Tick { at: at(minute), label: minute.to_string() }).collect();
    let title = format!("Minutes of the hour from {} UTC", input.when);
    draw_bottom_axis(canvas, (plot.left, plot.right), plot.bottom, &ticks, &title)?;
    canvas.words_upwards((MARGIN + 10.0, 0.5 * (plot.top + plot.bottom)), SMALL, "Requests per minute")
}

/// The line of the limit, and its words beside the plot.
fn draw_limit(canvas: &mut Canvas, input: &Load, plot: &Plot, limit: f64) -> Result<()> {
    let y = plot.y(limit);
    canvas.line((plot.left, y), (plot.right + 6.0, y), 1.8, INK)?;
    let face = LABEL.strong();
    let lines = wrap(&input.limit_words, face, WIDE - MARGIN - plot.right - 10.0);
    let height = 17.0 * lines.len() as f64;
    let first = (y - 0.5 * height).min(plot.bottom - height).max(plot.top - 8.0) + 13.0;
    for (at, line) in lines.iter().enumerate() {
        canvas.words((plot.right + 10.0, first + 17.0 * at as f64), Anchor::Start, face, line)?;
    }
    Ok(())
}

/// An entry of the legend, and its place.
struct Entry {
    color: Option<RGBColor>,
    words: String,
    left: f64,
    row: usize,
}

impl Entry {
    fn draw(&self, canvas: &mut Canvas, top: f64) -> Result<()> {
        let baseline = top + ROW * self.row as f64 + 10.0;
        let mut left = self.left;
        if let Some(color) = self.color {
            canvas.rect((left, baseline - SQUARE + 1.0), (left + SQUARE, baseline + 1.0), color)?;
            left += SQUARE + 6.0;
        }
        canvas.words((left, baseline), Anchor::Start, LABEL, &self.words)
    }
}

/// What the colours say, one after the other as the lines have room; the limit where it is off the axis.
fn legend(input: &Load, hour: &Hour) -> Vec<Entry> {
    let counted = |words: &str, count: f64| format!("{words}: {}", share(count / hour.offered));
    let first = hour.offered - hour.rest - hour.unserved;
    let served = (Some(SERVED), counted(&format!("served by {}", name(&input.served_by)), first.max(0.0)));
    let rest = (Some(REST), counted(&name(&input.rest), hour.rest));
    let unserved = (Some(UNSERVED), counted("not served", hour.unserved));
    let far = hour.limit.filter(|limit| *limit > FAR * hour.peaks.0).map(|limit| {
        let times = count_short(limit / hour.peaks.0);
        (None, format!("{}: {times} times the peak, above the axis", input.limit_words))
    });
    let shown = [(true, served), (hour.rest > 0.0, rest), (hour.unserved > 0.0, unserved)];
    let all = shown.into_iter().filter(|(seen, _)| *seen).map(|(_, entry)| entry).chain(far);
    let (mut left, mut row) = (MARGIN, 0);
    let mut place = |(color, words): (Option<RGBColor>, String)| {
        let words = shorten(&words, LABEL, WIDE - 2.0 * MARGIN - 20.0);
        let long = width(&words, LABEL) + 20.0;
        if left > MARGIN && left + long > WIDE - MARGIN {
            (left, row) = (MARGIN, row + 1);
        }
        let entry = Entry { color, words, left, row };
        left += long + GAP;
        entry
    };
    all.map(&mut place).collect()
}

fn title(input: &Load, hour: &Hour) -> String {
    let told = |count: f64| share(count / hour.offered);
    match (hour.rest > 0.0, hour.unserved > 0.0) {
        (_, true) if hour.unserved >= hour.offered => "In the worst hour no request is served".to_owned(),
        // What is little beside it is left to the legend.
        (true, true) if hour.rest >= 0.05 * hour.unserved => format!(
            "In the worst hour {} of the requests {}, and {} are not served",
            told(hour.rest),
            name(&input.rest),
            told(hour.unserved)
        ),
        (_, true) => format!("In the worst hour {} of the requests are not served", told(hour.unserved)),
        (true, false) => {
            format!("In the worst hour {} of the requests {}", told(hour.rest), name(&input.rest))
        }
        (false, false) => unharmed(hour),
    }
}

/// The finding where every request is served at once.
fn unharmed(hour: &Hour) -> String {
    let (ten, minute) = hour.peaks;
    let below = |limit: f64, peak: f64| share(1.0 - peak / limit);
    match hour.limit {
        Some(limit) if limit >= MANY * ten => {
            format!("The limit is {} times the peak of the worst hour", count_short(limit / ten))
        }
        Some(limit) if ten < limit => format!("The worst hour stays {} below the limit", below(limit, ten)),
        Some(limit) if minute < limit => {
            format!("The busiest minute of the worst hour stays {} below the limit", below(limit, minute))
        }
        _ => {
            let most = count_short(minute);
            let noun = if most == "1" { "request" } else { "requests" };
            format!("The first route serves the whole worst hour; its busiest minute has {most} {noun}")
        }
    }
}

fn subtitle(input: &Load, hour: &Hour) -> String {
    let mut text =
        "Of the simulated hours the one in which the most requests find no room at the first route. Each step is ten seconds, as a rate per minute."
            .to_owned();
    let turned_away = |at: usize| input.offered[at] - input.first[at] > 1e-6 * input.offered[at];
    let odd =
        |limit: f64| (0..STEPS).any(|at| turned_away(at) != (input.offered[at] * MINUTE as f64 > limit));
    if hour.limit.is_some_and(|limit| limit > FAR * hour.peaks.0 && odd(limit)) {
        text +=
            " The limit on requests is far: what is turned away met another, such as on tokens, or an error.";
    } else if hour.limit.is_some_and(odd) {
        text += " The limit counts over its own window, and others may hold, such as on tokens: requests can be turned away below the line and pass above it.";
    }
    if input.by_units {
        text += " Units are limited by tokens, not by requests.";
    }
    text
}

fn description(input: &Load, hour: &Hour) -> String {
    let limit = hour.limit.map_or(String::new(), |_| format!(" It has a {}.", input.limit_words));
    format!(
        "Requests per minute on {} in the hour from {} UTC: {} came, {} at most in a minute. {} were not served by the first route at its first try, {} not at all.{limit}",
        input.route,
        input.when,
        count_short(hour.offered),
        count_short(hour.peaks.1),
        share((hour.rest + hour.unserved) / hour.offered),
        share(hour.unserved / hour.offered),
    )
}
