//! Cost against the amount that is committed: mean and P90, their lowest points, and committing nothing.

use anyhow::{Result, ensure};

use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::rows::{AXIS_HEIGHT, draw_bottom_axis};
use super::scale::{Base, Scale, Tick};
use super::spread::spread;
use super::style::{AXIS, Face, GRID, Hue, LABEL, MARGIN, PAPER, SMALL, WIDE, hue};
use super::text::{shorten, width};
use super::{Chart, check};
use crate::domain::format::usd_short;

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct CommitmentCurve {
    /// The stem of the file.
    pub name: String,
    /// The finding, as a sentence.
    pub title: String,
    /// The terms that all points share, if there are others.
    pub terms: String,
    /// What stands below the axis: `Committed, USD a month`.
    pub axis: String,
    /// Whether amounts are money.
    pub money: bool,
    /// Amount, mean cost and P90 of the cost, in the order of amounts.
    pub points: Vec<(f64, f64, f64)>,
    /// Whether only these amounts are on offer, so that nothing lies between them.
    pub apart: bool,
    /// Mean cost and P90 with nothing committed.
    pub nothing: (f64, f64),
    /// The amounts with the lowest mean and the lowest P90, and what stands beside them.
    pub marks: [Option<Mark>; 2],
    /// The time that costs cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// A marked point of a curve.
#[derive(Debug, Clone)]
pub struct Mark {
    /// Where it is.
    pub amount: f64,
    /// What it costs there.
    pub usd: f64,
    /// What stands above the plot.
    pub words: String,
}

/// Height of the plot itself.
const PLOT: f64 = 330.0;
/// Height of a line of words above the plot.
const ROW: f64 = 21.0;
/// Amounts beyond the one whose mean is this many times the dearest of what matters are left out.
const FAR: f64 = 1.5;

/// Mean, and P90.
const MEAN: usize = 0;
const HIGH: usize = 1;

struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    amount: Scale,
    usd: Scale,
}

/// Draws the chart. An error when it has no point.
pub fn draw(input: &CommitmentCurve) -> Result<Chart> {
    check::some(&input.points, "commitment", "point")?;
    check::amounts(&[input.nothing.0, input.nothing.1], "nothing")?;
    for &(amount, mean, p90) in &input.points {
        check::amounts(&[amount, mean, p90], "the commitment")?;
    }
    ensure!(
        input.points.windows(2).all(|pair| pair[0].0 <= pair[1].0),
        "amounts of the chart do not increase"
    );
    let points = near(input);
    let page = Page::wide(&input.title, &subtitle(input, points.len()), &input.provenance);
    let marks = input.marks.iter().flatten().count();
    let top = page.top() + ROW * marks as f64 + 4.0;
    let frame = frame(input, points, top);
    page.chart(&input.name, &description(input), frame.bottom + AXIS_HEIGHT, |canvas| {
        draw_axes(canvas, &frame, input)?;
        for (series, usd) in [(HIGH, input.nothing.1), (MEAN, input.nothing.0)] {
            let y = frame.usd.at(usd);
            canvas.dashed(&[(frame.left, y), (frame.right, y)], (5.0, 4.0), 1.5, colour(series).tint)?;
        }
        for series in [HIGH, MEAN] {
            draw_curve(canvas, &frame, points, input.apart, series)?;
        }
        draw_names(canvas, &frame, input, points)?;
        draw_marks(canvas, &frame, input)
    })
}

fn colour(series: usize) -> Hue {
    hue(series)
}

/// The points that are worth room: where committing too much only adds to the cost, the rest is left out.
fn near(input: &CommitmentCurve) -> &[(f64, f64, f64)] {
    let matters = input.points.iter().map(|point| point.2).fold(f64::INFINITY, f64::min).max(input.nothing.1);
    let marked = input.marks.iter().flatten().map(|mark| mark.amount).fold(0.0, f64::max);
    let is_far = |point: &(f64, f64, f64)| point.1 > FAR * matters && point.0 > marked;
    let end = input.points.iter().position(is_far).map_or(input.points.len(), |at| at + 1);
    &input.points[..end]
}

fn frame(input: &CommitmentCurve, points: &[(f64, f64, f64)], top: f64) -> Frame {
    let amounts: Vec<f64> = points.iter().map(|point| point.0).collect();
    let ends = points.iter().flat_map(|point| [point.1, point.2]);
    let usd: Vec<f64> = ends.chain([input.nothing.0, input.nothing.1]).collect();
    let bottom = top + PLOT;
    let usd = Scale::linear(&usd, None, Base::Tight, (bottom, top), 52.0);
    let labels = usd.ticks().iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
    let (left, right) = (MARGIN + 20.0 + labels + 10.0, WIDE - MARGIN - 176.0);
    let amount = Scale::linear(&amounts, None, Base::Tight, (left, right), 90.0);
    Frame { left, right, top, bottom, amount, usd }
}

fn draw_axes(canvas: &mut Canvas, frame: &Frame, input: &CommitmentCurve) -> Result<()> {
    for tick in frame.usd.ticks() {
        canvas.line((frame.left, tick.at), (frame.right, tick.at), 1.0, GRID)?;
        canvas.words((frame.left - 8.0, tick.at + 4.2), Anchor::End, SMALL, &tick.label)?;
    }
    let ticks: Vec<Tick> = frame.amount.ticks();
    let plain = |tick: Tick| Tick { label: tick.label.replace('$', ""), ..tick };
    let ticks: Vec<Tick> = if input.money { ticks } else { ticks.into_iter().map(plain).collect() };
    draw_bottom_axis(canvas, (frame.left, frame.right), frame.bottom, &ticks, &input.axis)?;
    let beside = (MARGIN + 10.0, (frame.top + frame.bottom) / 2.0);
    canvas.words_upwards(beside, SMALL, &format!("Cost over {}, USD", input.horizon))
}

fn draw_curve(
    canvas: &mut Canvas,
    frame: &Frame,
    points: &[(f64, f64, f64)],
    apart: bool,
    series: usize,
) -> Result<()> {
    let mark = colour(series).mark;
    let place = |point: &(f64, f64, f64)| (frame.amount.at(point.0), frame.usd.at(value(point, series)));
    let places: Vec<Point> = points.iter().map(place).collect();
    if apart {
        canvas.dashed(&places, (2.0, 3.0), 1.0, mark)?;
        return places.iter().try_for_each(|place| canvas.dot(*place, 4.0, mark));
    }
    canvas.path(&places, 2.4, mark)
}

fn value(point: &(f64, f64, f64), series: usize) -> f64 {
    if series == MEAN { point.1 } else { point.2 }
}

/// Names of the four lines at the right end, moved apart.
fn draw_names(
    canvas: &mut Canvas,
    frame: &Frame,
    input: &CommitmentCurve,
    points: &[(f64, f64, f64)],
) -> Result<()> {
    let Some(last) = points.last() else { return Ok(()) };
    let names = [
        (frame.usd.at(last.1), "mean cost".to_owned(), LABEL.strong().ink(colour(MEAN).word)),
        (frame.usd.at(last.2), "P90 of the cost".to_owned(), LABEL.strong().ink(colour(HIGH).word)),
        (frame.usd.at(input.nothing.0), nothing("mean", input.nothing.0), LABEL.ink(colour(MEAN).word)),
        (frame.usd.at(input.nothing.1), nothing("P90", input.nothing.1), LABEL.ink(colour(HIGH).word)),
    ];
    let wanted: Vec<f64> = names.iter().map(|(y, ..)| *y).collect();
    let places = spread(&wanted, 18.0, frame.top + 4.0, frame.bottom - 4.0);
    // Curves may end before the axis does; their names stand where all names do.
    let (start, room) = (frame.right + 22.0, WIDE - MARGIN - frame.right - 22.0);
    let ends = [frame.amount.at(last.0), frame.amount.at(last.0), frame.right, frame.right];
    for (((from, words, face), y), end) in names.iter().zip(places).zip(ends) {
        canvas.path(&[(end + 3.0, *from), (frame.right + 6.0, *from), (start - 4.0, y)], 1.0, GRID)?;
        canvas.words((start, y + 4.6), Anchor::Start, *face, &shorten(words, *face, room))?;
    }
    Ok(())
}

fn nothing(what: &str, usd: f64) -> String {
    format!("nothing: {what} {}", usd_short(usd))
}

/// The lowest points, each with its words on a line of its own above the plot.
fn draw_marks(canvas: &mut Canvas, frame: &Frame, input: &CommitmentCurve) -> Result<()> {
    let count = input.marks.iter().flatten().count();
    for (row, (series, mark)) in input
        .marks
        .iter()
        .enumerate()
        .filter_map(|(series, mark)| mark.as_ref().map(|m| (series, m)))
        .enumerate()
    {
        let (ink, face) = (colour(series), LABEL.strong().ink(colour(series).word));
        let (x, y) = (frame.amount.at(mark.amount), frame.usd.at(mark.usd));
        let baseline = frame.top - 10.0 - ROW * (count - 1 - row) as f64;
        // Two marks at one place: the upper one's line stands a little beside the lower one's.
        canvas.dashed(&[(x, baseline + 5.0), (x, frame.bottom)], (2.0, 3.0), 1.0, AXIS)?;
        canvas.dot((x, y), 7.0, PAPER)?;
        canvas.dot((x, y), 5.5, ink.mark)?;
        draw_label(canvas, (x, baseline), face, &mark.words)?;
    }
    Ok(())
}

/// Words centred on a place as far as the page allows, on paper.
fn draw_label(canvas: &mut Canvas, at: Point, face: Face, words: &str) -> Result<()> {
    let words = shorten(words, face, WIDE - 2.0 * MARGIN);
    let half = width(&words, face) / 2.0;
    let middle = at.0.min(WIDE - MARGIN - half).max(MARGIN + half);
    canvas.rect((middle - half - 3.0, at.1 - 12.5), (middle + half + 3.0, at.1 + 4.0), PAPER)?;
    canvas.words((middle, at.1), Anchor::Middle, face, &words)
}

fn subtitle(input: &CommitmentCurve, drawn: usize) -> String {
    let terms = if input.terms.is_empty() { String::new() } else { format!(" Terms: {}.", input.terms) };
    let dots = if input.apart { " Only the dots are on offer." } else { "" };
    let cut =
        if drawn < input.points.len() { " Larger amounts only cost more and are left out." } else { "" };
    format!(
        "What is paid over the horizon against what is committed, in the mean and in the dearest tenth of the futures (P90). Dashed: with nothing committed.{terms}{dots}{cut}"
    )
}

fn description(input: &CommitmentCurve) -> String {
    let marks: Vec<&str> = input.marks.iter().flatten().map(|mark| mark.words.as_str()).collect();
    format!(
        "Two curves of cost over {} against the committed amount. {}. With nothing committed the mean is {} and P90 {}.",
        input.horizon,
        marks.join("; "),
        usd_short(input.nothing.0),
        usd_short(input.nothing.1)
    )
}
