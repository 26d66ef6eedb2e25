//! The share of requests that a limit refuses, by the limit and by the time over which it is enforced.

use anyhow::{Result, ensure};

use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::rows::{AXIS_HEIGHT, draw_bottom_axis};
use super::scale::{Base, Scale, Tick};
use super::stairs::{self, STEP, Stair};
use super::style::{GRID, INK, LABEL, MARGIN, SMALL, SOFT, WIDE, hue};
use super::words::{name, share};
use super::{Chart, check};
use crate::domain::format::count_short;

/// The seconds of a window, and the share of requests that each limit refuses; limits rise.
pub type Window = (u64, Vec<(f64, f64)>);

/// What the chart shows. Limits are requests per minute.
#[derive(Debug, Clone)]
pub struct Refusals {
    /// The stem of the file.
    pub name: String,
    /// The route's label.
    pub route: String,
    /// One curve for each window of enforcement.
    pub windows: Vec<Window>,
    /// The mean rate, requests per minute.
    pub mean: f64,
    /// The limit in force, and the seconds over which it is enforced, if there is one.
    pub limit: Option<(f64, u64)>,
    /// The share that it would refuse, by the seconds of a window; where it is empty, the curves are read.
    pub refused: Vec<(u64, f64)>,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// Height of the plot itself.
const PLOT: f64 = 320.0;
/// The share whose limits are named.
const HARDLY: f64 = 0.01;

/// More falls than this between two points are drawn as a line.
const MOST_STEPS: f64 = 4.0;

/// Where things go.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    limit: Scale,
}

impl Frame {
    fn point(&self, (limit, share): Point) -> Point {
        (self.limit.at(limit), self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top))
    }
}

/// Draws the chart. An error when a curve is missing or its limits do not rise from above zero.
pub fn draw(input: &Refusals) -> Result<Chart> {
    check_input(input)?;
    let page = Page::wide(&title(input), &subtitle(input), &input.provenance);
    let steps = input.windows.len() + 1 + usize::from(input.limit.is_some());
    let top = page.top() + STEP * steps as f64 + 8.0;
    let frame = frame(input, top);
    page.chart(&input.name, &description(input), frame.bottom + AXIS_HEIGHT, |canvas| {
        draw_axes(canvas, &frame)?;
        let stairs = labels(input, &frame);
        let first_step = top - STEP * stairs.len() as f64 - 8.0;
        stairs::draw(canvas, &stairs, first_step, frame.left, (frame.top, frame.bottom))?;
        for (at, (window, points)) in input.windows.iter().enumerate() {
            let path: Vec<Point> =
                stepped(*window, points).into_iter().map(|point| frame.point(point)).collect();
            canvas.path(&path, 2.4, hue(at).mark)?;
        }
        Ok(())
    })
}

fn check_input(input: &Refusals) -> Result<()> {
    check::some(&input.windows, "refusals", "window")?;
    for (window, points) in &input.windows {
        ensure!(*window > 0, "a window of the refusals chart has no length");
        check::some(points, "refusals", "limit per window")?;
        for (limit, refused) in points {
            check::amounts(&[*limit], "the limits")?;
            check::shares(&[*refused], "the requests")?;
        }
        ensure!(
            points[0].0 > 0.0 && points.windows(2).all(|pair| pair[0].0 <= pair[1].0),
            "the limits of the refusals chart do not rise from above zero"
        );
    }
    check::amounts(&[input.mean], "the mean rate")?;
    let limit: Vec<f64> = input.limit.iter().map(|(limit, _)| *limit).collect();
    check::amounts(&limit, "the limit")?;
    let refused: Vec<f64> = input.refused.iter().map(|(_, share)| *share).collect();
    check::shares(&refused, "the requests")?;
    ensure!(input.mean > 0.0, "the refusals chart needs a mean rate above zero, and got {}", input.mean);
    Ok(())
}

/// Gives the plot the width that lets every label end within the page.
fn frame(input: &Refusals, top: f64) -> Frame {
    let (left, bottom) = (MARGIN + 66.0, top + PLOT);
    let points = || input.windows.iter().flat_map(|(_, points)| points).map(|point| point.0);
    let ends = [points().fold(f64::INFINITY, f64::min), points().fold(0.0, f64::max), input.mean];
    let limit = input.limit.map(|(limit, _)| limit);
    let near = limit.filter(|limit| *limit >= ends[0] / 4.0 && *limit <= ends[1] * 4.0);
    let values: Vec<f64> = ends.into_iter().chain(near).collect();
    let full = WIDE - MARGIN - 20.0;
    let with = |right: f64| Frame {
        left,
        right,
        top,
        bottom,
        limit: Scale::new(&values, None, Base::Tight, (left, right)),
    };
    let mut frame = with(full);
    // The ticks depend on the width: twice is enough to settle.
    for _ in 0..2 {
        let stairs = labels(input, &frame);
        let right = stairs::widest_right(&stairs, (left, frame.right)).min(full).max(left + 300.0);
        frame = with(right);
    }
    frame
}

fn draw_axes(canvas: &mut Canvas, frame: &Frame) -> Result<()> {
    for at in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let y = frame.bottom - at * (frame.bottom - frame.top);
        canvas.line((frame.left, y), (frame.right, y), 1.0, GRID)?;
        canvas.words((frame.left - 8.0, y + 4.2), Anchor::End, SMALL, &format!("{:.0} %", 100.0 * at))?;
    }
    let plain = |tick: Tick| Tick { label: tick.label.replace('$', ""), ..tick };
    let ticks: Vec<Tick> = frame.limit.ticks().into_iter().map(plain).collect();
    let scale = if frame.limit.is_log() { ", logarithmic scale" } else { "" };
    let title = format!("Limit, requests per minute{scale}");
    draw_bottom_axis(canvas, (frame.left, frame.right), frame.bottom, &ticks, &title)?;
    let beside = (MARGIN + 10.0, (frame.top + frame.bottom) / 2.0);
    canvas.words_upwards(beside, SMALL, "Requests refused without retries")
}

/// The names of the curves where they fall to a hundredth, the mean and the limit, from left to right.
fn labels(input: &Refusals, frame: &Frame) -> Vec<Stair> {
    let curve = |(at, (window, points)): (usize, &Window)| {
        let (limit, words) = match hardly(*window, points) {
            Some(limit) => {
                (limit, format!("at most {} refused from {} on", share(HARDLY), count_short(limit)))
            }
            None => {
                let (limit, refused) = points[points.len() - 1];
                (limit, format!("{} refused even at {}", share(refused), count_short(limit)))
            }
        };
        let foot = frame.point((limit, at_limit(*window, points, limit).min(1.0)));
        let words = format!("{} window: {words}", seconds(*window));
        Stair { words, face: LABEL.strong().ink(hue(at).word), mark: hue(at).mark, whole_height: false, foot }
    };
    let line = |limit: f64, words: String, face, mark| {
        let foot = (frame.limit.at(limit), frame.top);
        Stair { words, face, mark, whole_height: true, foot }
    };
    let mean = line(input.mean, format!("mean: {}", count_short(input.mean)), LABEL, SOFT);
    let ends = (frame.limit.low(), frame.limit.high());
    let limit = input.limit.map(|(limit, over_s)| {
        let beyond = if (ends.0..=ends.1).contains(&limit) { "" } else { ", beyond the axis" };
        let words = format!("limit in force: {}, {} window{beyond}", count_short(limit), seconds(over_s));
        line(limit, words, LABEL.strong(), INK)
    });
    let mut all: Vec<Stair> =
        input.windows.iter().enumerate().map(curve).chain([mean]).chain(limit).collect();
    all.sort_by(|a, b| a.foot.0.total_cmp(&b.foot.0));
    all
}

/// Requests that a limit allows in a window.
fn allowed(window: u64, limit: f64) -> f64 {
    (limit * window as f64 / 60.0 + 1e-9).floor()
}

/// The curve as it is: flat while a window allows as many requests, so that it falls where one more is allowed. Of
/// several falls between two points each has an equal part.
fn stepped(window: u64, points: &[Point]) -> Vec<Point> {
    let mut path: Vec<Point> = Vec::with_capacity(points.len() * 2);
    for (at, &point) in points.iter().enumerate() {
        if let Some(&(before, refused)) = at.checked_sub(1).and_then(|at| points.get(at)) {
            let (low, high) = (allowed(window, before), allowed(window, point.0));
            if high - low < MOST_STEPS + 0.5 {
                let after = |step: f64| refused + (point.1 - refused) * (step - low) / (high - low);
                let edges = (1..=(high - low) as u32).map(|step| low + f64::from(step));
                path.extend(edges.flat_map(|step| {
                    let edge = step * 60.0 / window as f64;
                    [(edge, after(step - 1.0)), (edge, after(step))]
                }));
            }
        }
        path.push(point);
    }
    path
}

/// The share that a limit refuses; beyond an end of the curve that at the end.
fn at_limit(window: u64, points: &[Point], limit: f64) -> f64 {
    let path = stepped(window, points);
    let after = path.partition_point(|point| point.0 <= limit);
    match (after.checked_sub(1).map(|at| path[at]), path.get(after)) {
        (Some(a), Some(b)) if b.0 > a.0 => a.1 + (b.1 - a.1) * (limit - a.0) / (b.0 - a.0),
        (Some(end), _) => end.1,
        (None, Some(start)) => start.1,
        (None, None) => 0.0,
    }
}

/// The lowest limit that refuses hardly anything.
fn hardly(window: u64, points: &[Point]) -> Option<f64> {
    let path = stepped(window, points);
    let at = path.iter().position(|point| point.1 <= HARDLY)?;
    let Some(before) = at.checked_sub(1).map(|at| path[at]) else { return Some(path[at].0) };
    let (from, to) = (before, path[at]);
    Some(from.0 + (to.0 - from.0) * (from.1 - HARDLY) / (from.1 - to.1))
}

fn seconds(window: u64) -> String {
    format!("{window} s")
}

fn title(input: &Refusals) -> String {
    let (limit, subject) = match input.limit {
        Some((limit, _)) => (limit, format!("The limit of {} a minute", count_short(limit))),
        None => (2.0 * input.mean, "A limit of twice the mean".to_owned()),
    };
    let read = input.windows.iter().filter(|(_, points)| points[0].0 <= limit);
    let read = read.map(|(window, points)| (*window, at_limit(*window, points, limit)));
    let known: Vec<(u64, f64)> =
        if input.refused.is_empty() { read.collect() } else { input.refused.clone() };
    let mut found: Vec<(u64, String)> =
        known.into_iter().map(|(window, refused)| (window, share(refused))).collect();
    if found.is_empty() {
        return format!("{subject} is below all that are shown");
    }
    found.sort_by_key(|(window, _)| std::cmp::Reverse(*window));
    let (first, last) = (&found[0], &found[found.len() - 1]);
    let window = if found.len() > 1 { ", whatever its window" } else { "" };
    if found.iter().all(|(_, share)| *share == first.1) {
        let refused = if first.1 == "0 %" { "no request".to_owned() } else { of_requests(&first.1) };
        return format!("{subject} refuses {refused}{window}");
    }
    let (one, other) = match first.1.as_str() {
        "0 %" => ("nothing".to_owned(), of_requests(&last.1)),
        some => (of_requests(some), last.1.clone()),
    };
    format!(
        "{subject} refuses {one} when enforced over {} and {other} over {}",
        seconds(first.0),
        seconds(last.0)
    )
}

fn of_requests(share: &str) -> String {
    format!("{share} of requests")
}

fn subtitle(input: &Refusals) -> String {
    let narrow = input.windows.iter().map(|(window, _)| *window).filter(|window| *window < 60).min();
    let example = narrow.map_or(String::new(), |window| {
        let each = if window == 1 { "second".to_owned() } else { seconds(window) };
        let limit = count_short(600.0 / window as f64);
        format!(" Enforced over {}, a limit of {limit} a minute allows 10 in every {each}.", seconds(window))
    });
    format!(
        "Requests to {}, if none is tried again. Read a curve at a limit: its height is the share that comes when the window is full.{example}",
        name(&input.route)
    )
}

fn description(input: &Refusals) -> String {
    let curve = |(window, points): &Window| match hardly(*window, points) {
        Some(limit) => format!("over {} from {} on", seconds(*window), count_short(limit)),
        None => format!("over {} from no limit shown", seconds(*window)),
    };
    let all: Vec<String> = input.windows.iter().map(curve).collect();
    format!(
        "Falling curves of the share of requests that a limit per minute refuses without retries. One in a hundred is refused {}. The mean rate is {} a minute.",
        all.join(", "),
        count_short(input.mean)
    )
}
