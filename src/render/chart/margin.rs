//! Goal seek: the goal's margin over the values of a field, where it crosses zero, and where it is met.

use anyhow::{Result, ensure};

use super::canvas::{Canvas, Point};
use super::page::Page;
use super::plot::{Plot, Unit};
use super::rows::{AXIS_HEIGHT, draw_bottom_axis};
use super::scale::Tick;
use super::stairs::{self, STEP, Stair};
use super::style::{BLUE, BLUE_LIGHT, GAP, INK, LABEL, MARGIN, PAPER, SMALL, SOFT, VERMILION};
use super::text::width;
use super::{Chart, check};

/// What the chart shows. Places run along the field's range, 0 at its least value and 1 at its largest.
#[derive(Debug, Clone)]
pub struct MarginChart {
    /// The finding.
    pub title: String,
    /// What is varied, in words.
    pub field: String,
    /// What was tried: the place, the margin and whether the goal is met; none where the value is not possible.
    pub points: Vec<Option<MarginPoint>>,
    /// Whether margins are chances; else they are USD.
    pub chances: bool,
    /// The break-even points, rising: the place and the value in words.
    pub edges: Vec<(f64, String)>,
    /// The places between which the goal is met.
    pub met: Vec<(f64, f64)>,
    /// Where the scenario itself is, if it is within the range.
    pub now: Option<f64>,
    /// Places and values in words, evenly spread.
    pub ticks: Vec<(f64, String)>,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// A value that was tried.
#[derive(Debug, Clone, Copy)]
pub struct MarginPoint {
    /// Its place.
    pub place: f64,
    /// By how much the goal is met there.
    pub margin: f64,
    /// Whether it is.
    pub met: bool,
}

/// Height of the plot.
const PLOT: f64 = 320.0;
/// The most break-even points that are labelled.
const MOST_LABELS: usize = 8;
/// One side of zero is shown to at most so many times the other: else what is near zero cannot be seen.
const MOST_UNEVEN: f64 = 8.0;

/// Draws the chart. An error when nothing was tried, or a margin cannot be drawn.
pub fn draw(input: &MarginChart) -> Result<Chart> {
    check::some(&input.points, "margin", "value")?;
    let points: Vec<MarginPoint> = input.points.iter().flatten().copied().collect();
    let margins: Vec<f64> = points.iter().map(|point| point.margin).collect();
    check::amounts(&margins, "the goal's margin")?;
    let places = points.iter().map(|point| point.place).chain(input.edges.iter().map(|edge| edge.0));
    ensure!(
        places.clone().all(|place| (0.0..=1.0).contains(&place)),
        "a value lies beyond the field's range"
    );
    let ends = shown(&margins, input.chances);
    let cut = margins.iter().any(|margin| !(ends.0..=ends.1).contains(margin));
    let page = Page::wide(&input.title, &subtitle(input, cut), &input.provenance);
    let steps = input.edges.len().min(MOST_LABELS) + usize::from(input.now.is_some());
    let top = page.top() + STEP * steps as f64 + 8.0;
    let unit = if input.chances { Unit::Share } else { Unit::Usd };
    let mut plot = Plot::new(&[ends.0, ends.1], unit, page.width, (top + PLOT, top));
    plot.left += 2.0 * GAP;
    plot.right -= 2.0 * GAP;
    // The plot is narrowed until every label ends within the page.
    let fit = stairs::widest_right(&labels(input, &plot), (plot.left, plot.right));
    plot.right = plot.right.min(fit).max(plot.left + 300.0);
    let description = format!("{} {}", input.title, subtitle(input, cut));
    page.chart("margin", &description, plot.bottom + AXIS_HEIGHT, |canvas| {
        for (from, to) in &input.met {
            canvas.rect(
                (x(&plot, *from), plot.top),
                (x(&plot, *to).max(x(&plot, *from) + 1.0), plot.bottom),
                BLUE_LIGHT,
            )?;
        }
        plot.draw(canvas)?;
        let ticks: Vec<Tick> = fitting(input, &plot);
        draw_bottom_axis(canvas, (plot.left, plot.right), plot.bottom, &ticks, &input.field)?;
        canvas.words_upwards((MARGIN + 10.0, 0.5 * (plot.top + plot.bottom)), SMALL, &axis_title(input))?;
        let zero = plot.y(0.0);
        canvas.line((plot.left, zero), (plot.right, zero), 1.6, INK)?;
        draw_points(canvas, input, &plot, ends)?;
        let labels = labels(input, &plot);
        let first_step = plot.top - STEP * labels.len() as f64 - 8.0;
        stairs::draw(canvas, &labels, first_step, plot.left, (plot.top, plot.bottom))?;
        for label in labels.iter().filter(|label| !label.whole_height) {
            canvas.dot(label.foot, 5.4, PAPER)?;
            canvas.dot(label.foot, 4.2, VERMILION)?;
        }
        Ok(())
    })
}

fn x(plot: &Plot, place: f64) -> f64 {
    plot.left + (plot.right - plot.left) * place
}

/// The margins at both ends of the axis: of amounts one side of zero is cut where it is far longer than the other.
fn shown(margins: &[f64], chances: bool) -> (f64, f64) {
    let low = margins.iter().copied().fold(0.0, f64::min);
    let high = margins.iter().copied().fold(0.0, f64::max);
    if low == 0.0 || high == 0.0 || chances {
        return (low, high);
    }
    (low.max(-MOST_UNEVEN * high), high.min(-MOST_UNEVEN * low))
}

/// Ticks whose labels do not touch: of those that were given every one, or every second, third and so on.
fn fitting(input: &MarginChart, plot: &Plot) -> Vec<Tick> {
    let all: Vec<Tick> =
        input.ticks.iter().map(|(place, label)| Tick { at: x(plot, *place), label: label.clone() }).collect();
    let every = |step: usize| -> Vec<Tick> { all.iter().step_by(step).cloned().collect() };
    let half = |tick: &Tick| 0.5 * width(&tick.label, SMALL);
    let fits = |ticks: &[Tick]| {
        ticks.windows(2).all(|pair| pair[1].at - pair[0].at >= half(&pair[0]) + half(&pair[1]) + GAP)
    };
    (1..=all.len().max(1)).map(every).find(|ticks| fits(ticks)).unwrap_or_default()
}

/// The break-even points on the line of zero and the scenario itself, from left to right.
fn labels(input: &MarginChart, plot: &Plot) -> Vec<Stair> {
    let edge = |(place, words): &(f64, String)| Stair {
        words: words.clone(),
        face: LABEL.strong(),
        mark: VERMILION,
        whole_height: false,
        foot: (x(plot, *place), plot.y(0.0)),
    };
    let now = input.now.map(|place| Stair {
        words: "the scenario".to_owned(),
        face: LABEL,
        mark: SOFT,
        whole_height: true,
        foot: (x(plot, place), plot.top),
    });
    let mut all: Vec<Stair> = input.edges.iter().take(MOST_LABELS).map(edge).chain(now).collect();
    all.sort_by(|a, b| a.foot.0.total_cmp(&b.foot.0));
    all
}

/// The margins: a line between neighbours that are both possible, and a dot at each that is on the axis.
fn draw_points(canvas: &mut Canvas, input: &MarginChart, plot: &Plot, ends: (f64, f64)) -> Result<()> {
    for pair in input.points.windows(2) {
        if let [Some(a), Some(b)] = pair
            && let Some([from, to]) = within(*a, *b, ends)
        {
            let at = |(place, margin): Point| (x(plot, place), plot.y(margin));
            canvas.path(&[at(from), at(to)], 2.0, BLUE)?;
        }
    }
    for point in input.points.iter().flatten() {
        if (ends.0..=ends.1).contains(&point.margin) {
            let at = (x(plot, point.place), plot.y(point.margin));
            canvas.dot(at, 3.2, BLUE)?;
            if !point.met {
                canvas.dot(at, 1.9, PAPER)?;
            }
        }
    }
    Ok(())
}

/// The part of the line between two points that lies between the ends of the axis.
fn within(a: MarginPoint, b: MarginPoint, (low, high): (f64, f64)) -> Option<[Point; 2]> {
    let cut = |from: MarginPoint, to: MarginPoint| -> Option<Point> {
        let limit = from.margin.clamp(low, high);
        if limit == from.margin {
            return Some((from.place, from.margin));
        }
        let share = (limit - from.margin) / (to.margin - from.margin);
        (0.0..=1.0).contains(&share).then_some((from.place + share * (to.place - from.place), limit))
    };
    Some([cut(a, b)?, cut(b, a)?])
}

fn axis_title(input: &MarginChart) -> String {
    let unit = if input.chances { "percentage points" } else { "USD" };
    format!("Margin of the goal, {unit}")
}

fn subtitle(input: &MarginChart, cut: bool) -> String {
    let mut text = format!(
        "Above zero and on blue ground the goal is met. Each dot is a value that was tried, filled where it is met; totals over {}.",
        input.horizon
    );
    if input.points.iter().any(Option::is_none) {
        text += " Where the line is broken, values are not possible.";
    }
    if cut {
        text += " Margins far from zero are cut off.";
    }
    if input.edges.len() > MOST_LABELS {
        text += &format!(" The first {MOST_LABELS} of {} break-even points are labelled.", input.edges.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(place: f64, margin: f64) -> MarginPoint {
        MarginPoint { place, margin, met: margin >= 0.0 }
    }

    #[test]
    fn the_longer_side_of_zero_is_cut() {
        assert_eq!(shown(&[-1e6, 10.0, 2.0], false), (-80.0, 10.0));
        assert_eq!(shown(&[-1.0, 2.0], false), (-1.0, 2.0));
        assert_eq!(shown(&[5.0, 2.0], false), (0.0, 5.0));
        assert_eq!(shown(&[-0.9, 0.1], true), (-0.9, 0.1));
    }

    #[test]
    fn a_line_ends_where_it_leaves_the_axis() {
        let part = within(point(0.0, -100.0), point(1.0, 100.0), (-50.0, 100.0)).unwrap();
        assert_eq!(part, [(0.25, -50.0), (1.0, 100.0)]);
        assert_eq!(within(point(0.0, -100.0), point(1.0, -90.0), (-50.0, 100.0)), None);
    }
}
