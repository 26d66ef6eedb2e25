//! The chance that a total exceeds an amount: one falling curve per route, labelled above the plot.
//!
//! Labels form a staircase above the plot, the leftmost curve's on top. A line then rises from each curve to
//! its label without crossing another label, however many curves there are.

use anyhow::{Result, ensure};

use super::budget::{self, Place};
use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::rows::{AXIS_HEIGHT, axis_title, draw_bottom_axis};
use super::scale::{Base, Scale};
use super::spread::spread;
use super::style::{
    Face, GRID, Hue, LABEL, MARGIN, PAPER, SMALL, VERMILION, VERMILION_WORD, WIDE, hue,
};
use super::text::width;
use super::words::{lowest, name};
use super::{Chart, check};
use crate::domain::format::{probability, usd_short};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Exceedance {
    /// One curve per route, in any order.
    pub curves: Vec<ExceedanceCurve>,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// The budget for the whole horizon.
    pub budget_usd: Option<f64>,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// One route's curve.
#[derive(Debug, Clone)]
pub struct ExceedanceCurve {
    /// The route's name.
    pub route: String,
    /// Dollars and the share of trials above them; dollars increase.
    pub points: Vec<(f64, f64)>,
}

/// Height of the plot itself.
const PLOT: f64 = 330.0;
/// Height of one step of the staircase of labels.
const STAIR: f64 = 19.0;
/// The line to a label leaves its curve where this share of trials exceeds.
const LEAVE_AT: f64 = 0.95;
/// Curves are drawn from this chance down to its complement: their far ends are noise and squeeze the rest.
const TAIL: f64 = 0.995;

/// Where things go.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    money: Scale,
}

/// One step of the staircase.
struct Stair {
    words: String,
    face: Face,
    hue: Option<Hue>,
    /// Where its line begins; the budget's continues the budget line.
    foot: Point,
}

/// Draws the chart. An error when there is no curve, a curve has no point, or its dollars do not increase.
pub fn draw(input: &Exceedance) -> Result<Chart> {
    check_input(input)?;
    let mut curves: Vec<&ExceedanceCurve> = input.curves.iter().collect();
    curves.sort_by(|a, b| amount_at(a, 0.5).total_cmp(&amount_at(b, 0.5)));
    let page = Page::wide(&title(input, &curves), &subtitle(input), &input.provenance);
    let steps = curves.len() + usize::from(input.budget_usd.is_some());
    let top = page.top() + STAIR * steps as f64 + 8.0;
    let frame = frame(input, &curves, top);
    let horizon = axis_title("Total spend", &input.horizon, &frame.money, false);
    page.chart("exceedance", &description(input, &curves), frame.bottom + AXIS_HEIGHT, |canvas| {
        draw_axes(canvas, &frame, &horizon)?;
        draw_stairs(canvas, &frame, stairs(input, &curves, &frame), page.top())?;
        for (index, curve) in curves.iter().enumerate() {
            draw_curve(canvas, &frame, curve, index)?;
        }
        draw_crossings(canvas, &frame, &curves, input.budget_usd)
    })
}

fn check_input(input: &Exceedance) -> Result<()> {
    check::some(&input.curves, "exceedance", "route")?;
    check::budget(input.budget_usd)?;
    for curve in &input.curves {
        check::some(&curve.points, "exceedance", "point per curve")?;
        for &(usd, chance) in &curve.points {
            check::amounts(&[usd], &curve.route)?;
            check::shares(&[chance], &curve.route)?;
        }
        let rising = curve.points.windows(2).all(|pair| pair[0].0 <= pair[1].0);
        ensure!(rising, "the dollars along the exceedance curve of {} do not increase", curve.route);
    }
    Ok(())
}

/// The chance that the total exceeds `usd`, between points by a straight line, beyond them as at the end.
fn chance_at(curve: &ExceedanceCurve, usd: f64) -> f64 {
    let after = curve.points.partition_point(|point| point.0 < usd);
    match (after.checked_sub(1).and_then(|before| curve.points.get(before)), curve.points.get(after)) {
        (Some(&(x0, p0)), Some(&(x1, p1))) => p0 + (p1 - p0) * (usd - x0) / (x1 - x0),
        (Some(&(_, p)), None) | (None, Some(&(_, p))) => p,
        (None, None) => 0.0,
    }
}

/// The amount that is exceeded with the given chance; an end of the curve when it never takes that chance.
fn amount_at(curve: &ExceedanceCurve, chance: f64) -> f64 {
    let first = curve.points.first().map_or(0.0, |point| point.0);
    for pair in curve.points.windows(2) {
        let ((x0, p0), (x1, p1)) = (pair[0], pair[1]);
        if p0 >= chance && p1 < chance {
            return x0 + (x1 - x0) * (p0 - chance) / (p0 - p1);
        }
    }
    let never_below = curve.points.last().filter(|point| point.1 >= chance);
    never_below.map_or(first, |point| point.0)
}

/// Gives the plot the width that lets every label end within the page.
fn frame(input: &Exceedance, curves: &[&ExceedanceCurve], top: f64) -> Frame {
    let ends = curves.iter().flat_map(|curve| [amount_at(curve, TAIL), amount_at(curve, 1.0 - TAIL)]);
    let ends: Vec<f64> = ends.collect();
    let (left, bottom) = (MARGIN + 66.0, top + PLOT);
    let full = WIDE - MARGIN - 20.0;
    let with = |right: f64| Frame {
        left,
        right,
        top,
        bottom,
        money: Scale::new(&ends, input.budget_usd, Base::Tight, (left, right)),
    };
    let mut frame = with(full);
    // The ticks, and with them the ends of the axis, depend on the width: twice is enough to settle.
    for _ in 0..2 {
        let stairs = stairs(input, curves, &frame);
        let fits = |stair: &Stair| {
            let share = (stair.foot.0 - left) / (frame.right - left);
            let room = WIDE - MARGIN - 16.0 - width(&stair.words, stair.face) - left;
            if share > 0.01 { left + room / share } else { full }
        };
        let right = stairs.iter().map(fits).fold(full, f64::min).max(left + 300.0);
        frame = with(right);
    }
    frame
}

impl Frame {
    fn point(&self, usd: f64, chance: f64) -> Point {
        (self.money.at(usd), self.bottom - chance.clamp(0.0, 1.0) * (self.bottom - self.top))
    }
}

fn draw_axes(canvas: &mut Canvas, frame: &Frame, title: &str) -> Result<()> {
    for chance in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let y = frame.bottom - chance * (frame.bottom - frame.top);
        canvas.line((frame.left, y), (frame.right, y), 1.0, GRID)?;
        canvas.words((frame.left - 8.0, y + 4.2), Anchor::End, SMALL, &probability(chance))?;
    }
    draw_bottom_axis(canvas, (frame.left, frame.right), frame.bottom, &frame.money.ticks(), title)?;
    let beside = (MARGIN + 10.0, (frame.top + frame.bottom) / 2.0);
    canvas.words_upwards(beside, SMALL, "Chance that the total exceeds the amount")
}

/// What stands on the staircase, from left to right.
fn stairs(input: &Exceedance, curves: &[&ExceedanceCurve], frame: &Frame) -> Vec<Stair> {
    let mut stairs: Vec<Stair> = curves
        .iter()
        .enumerate()
        .map(|(index, curve)| {
            let start = amount_at(curve, LEAVE_AT);
            let over = input.budget_usd.map_or(String::new(), |usd| {
                format!(": {} over budget", probability(chance_at(curve, usd)))
            });
            Stair {
                words: format!("{}{over}", name(&curve.route)),
                face: LABEL.ink(hue(index).word),
                hue: Some(hue(index)),
                foot: frame.point(start, chance_at(curve, start).min(LEAVE_AT)),
            }
        })
        .collect();
    if let Some(usd) = input.budget_usd {
        let place = budget::place(&frame.money, usd);
        let words = budget::label(place, usd);
        let foot = (frame.money.at(usd), frame.top);
        stairs.push(Stair { words, face: LABEL.strong().ink(VERMILION_WORD), hue: None, foot });
    }
    stairs.sort_by(|a, b| a.foot.0.total_cmp(&b.foot.0));
    stairs
}

/// Lines from the curves up to their labels; the budget's line goes all the way down.
fn draw_stairs(canvas: &mut Canvas, frame: &Frame, stairs: Vec<Stair>, top: f64) -> Result<()> {
    let wanted: Vec<f64> = stairs.iter().map(|stair| stair.foot.0).collect();
    let places = spread(&wanted, 7.0, frame.left, WIDE - MARGIN);
    for (step, (stair, x)) in stairs.iter().zip(places).enumerate() {
        let baseline = top + STAIR * (step as f64 + 1.0) - 4.0;
        let rise = [stair.foot, (stair.foot.0, frame.top - 2.0), (x, frame.top - 8.0), (x, baseline - 4.5)];
        match stair.hue {
            Some(hue) => {
                canvas.path(&rise, 1.0, hue.mark)?;
                canvas.path(&[(x, baseline - 4.5), (x + 5.0, baseline - 4.5)], 1.0, hue.mark)?;
                canvas.dot(stair.foot, 3.2, hue.mark)?;
            }
            None => draw_budget(canvas, frame, stair, x, baseline - 4.5)?,
        }
        canvas.words((x + 8.0, baseline), Anchor::Start, stair.face, &stair.words)?;
    }
    Ok(())
}

/// The budget line through the plot and up to its label; only the short end at the label when off the axis.
fn draw_budget(canvas: &mut Canvas, frame: &Frame, stair: &Stair, x: f64, y: f64) -> Result<()> {
    let foot = stair.foot.0;
    let line = [(foot, frame.bottom), (foot, frame.top - 2.0), (x, frame.top - 8.0), (x, y), (x + 5.0, y)];
    let off = stair.words.contains("this axis");
    canvas.dashed(if off { &line[3..] } else { &line }, (6.0, 4.0), 1.8, VERMILION)
}

/// The part of the curve between its tails; dashed from the seventh on, when colours repeat.
fn draw_curve(canvas: &mut Canvas, frame: &Frame, curve: &ExceedanceCurve, index: usize) -> Result<()> {
    let (low, high) = (amount_at(curve, TAIL), amount_at(curve, 1.0 - TAIL));
    let within = curve.points.iter().filter(|point| point.0 > low && point.0 < high);
    let ends = [(low, chance_at(curve, low)), (high, chance_at(curve, high))];
    let [first, last] = ends;
    let points: Vec<Point> = [&first]
        .into_iter()
        .chain(within)
        .chain([&last])
        .map(|&(usd, chance)| frame.point(usd, chance))
        .collect();
    let color = hue(index).mark;
    match index / super::style::HUES.len() {
        0 => canvas.path(&points, 2.2, color),
        1 => canvas.dashed(&points, (8.0, 3.0), 2.2, color),
        _ => canvas.dashed(&points, (2.5, 2.5), 2.2, color),
    }
}

/// A ringed dot wherever a curve meets the budget.
fn draw_crossings(
    canvas: &mut Canvas,
    frame: &Frame,
    curves: &[&ExceedanceCurve],
    budget_usd: Option<f64>,
) -> Result<()> {
    let Some(usd) = budget_usd else { return Ok(()) };
    let Place::Inside(_) = budget::place(&frame.money, usd) else { return Ok(()) };
    for (index, curve) in curves.iter().enumerate() {
        let chance = chance_at(curve, usd);
        if (1.0 - TAIL..=TAIL).contains(&chance) {
            canvas.dot(frame.point(usd, chance), 5.4, PAPER)?;
            canvas.dot(frame.point(usd, chance), 4.0, hue(index).mark)?;
        }
    }
    Ok(())
}

fn title(input: &Exceedance, curves: &[&ExceedanceCurve]) -> String {
    let Some(budget) = input.budget_usd else { return title_without_budget(curves) };
    let limit = usd_short(budget);
    let chances: Vec<f64> = curves.iter().map(|curve| chance_at(curve, budget)).collect();
    let routes = curves.iter().map(|curve| curve.route.as_str());
    if chances.iter().all(|&chance| chance <= 0.0) && curves.len() > 1 {
        return format!("No route exceeds the {limit} budget in any trial");
    }
    let least = lowest(routes.zip(chances.iter().copied()), probability);
    let chance = &least.figure;
    if let [curve] = curves {
        format!("{} exceeds the {limit} budget with a chance of {chance}", name(&curve.route))
    } else if least.all_tie() {
        let alike = least.subject("exceeds", "exceed");
        format!("{alike} the {limit} budget with the same chance: {chance}")
    } else {
        format!("{} least likely to exceed the {limit} budget: {chance}", least.subject("is", "are"))
    }
}

fn title_without_budget(curves: &[&ExceedanceCurve]) -> String {
    let p90 = curves.iter().map(|curve| (curve.route.as_str(), amount_at(curve, 0.1)));
    let least = lowest(p90, usd_short);
    if least.alone() && curves.len() > 1 {
        let safest = least.subject("has", "have");
        format!("{safest} the lowest bad case: one trial in ten exceeds {}", least.figure)
    } else if let [curve] = curves {
        format!("One trial in ten of {} exceeds {}", name(&curve.route), least.figure)
    } else {
        let alike = least.subject("has", "have");
        format!("{alike} the lowest bad case: one trial in ten exceeds {}", least.figure)
    }
}

fn subtitle(input: &Exceedance) -> String {
    let dots = if input.budget_usd.is_some() { " Dots on the dashed line: chance to exceed the budget." } else { "" };
    format!("Read a curve at an amount: the height is the share of trials that cost more.{dots}")
}

fn description(input: &Exceedance, curves: &[&ExceedanceCurve]) -> String {
    let (first, last) = (curves[0], curves[curves.len() - 1]);
    let told = |curve: &ExceedanceCurve| {
        format!("{} exceeds {} in one trial of ten", curve.route, usd_short(amount_at(curve, 0.1)))
    };
    let both = if curves.len() == 1 { told(first) } else { format!("{}, {}", told(first), told(last)) };
    format!("Curves of the chance that the total for {} exceeds an amount: {both}.", input.horizon)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(route: &str, low: f64, high: f64) -> ExceedanceCurve {
        ExceedanceCurve { route: route.to_owned(), points: vec![(low, 1.0), (high, 0.0)] }
    }

    fn title_of(curves: Vec<ExceedanceCurve>, budget_usd: Option<f64>) -> String {
        let (horizon, provenance) = ("12 months".to_owned(), String::new());
        draw(&Exceedance { curves, horizon, budget_usd, provenance }).unwrap().title
    }

    #[test]
    fn curves_are_read_between_their_points() {
        let curve = line("a", 100.0, 200.0);
        assert!((chance_at(&curve, 150.0) - 0.5).abs() < 1e-12);
        assert!((chance_at(&curve, 50.0) - 1.0).abs() < 1e-12);
        assert!(chance_at(&curve, 900.0).abs() < 1e-12);
        assert!((amount_at(&curve, 0.1) - 190.0).abs() < 1e-9);
    }

    #[test]
    fn the_title_names_the_safest_route() {
        let two = vec![line("a", 100.0, 200.0), line("b", 120.0, 240.0)];
        assert_eq!(title_of(two.clone(), Some(150.0)), "a is least likely to exceed the $150 budget: 50 %");
        assert_eq!(title_of(two.clone(), Some(300.0)), "No route exceeds the $300 budget in any trial");
        assert_eq!(
            title_of(two.clone(), Some(10.0)),
            "Both routes exceed the $10 budget with the same chance: 100 %"
        );
        assert_eq!(title_of(two, None), "a has the lowest bad case: one trial in ten exceeds $190");
    }

    #[test]
    fn one_route_is_not_compared() {
        let one = vec![line("a", 100.0, 200.0)];
        assert_eq!(title_of(one.clone(), None), "One trial in ten of a exceeds $190");
        assert_eq!(title_of(one, Some(150.0)), "a exceeds the $150 budget with a chance of 50 %");
    }

    #[test]
    fn a_certain_total_is_a_step() {
        let curve = ExceedanceCurve { route: "a".to_owned(), points: vec![(5.0, 1.0), (5.0, 0.0)] };
        assert!((amount_at(&curve, 0.5) - 5.0).abs() < 1e-12);
        assert!(!draw(&Exceedance {
            curves: vec![curve],
            horizon: String::new(),
            budget_usd: Some(5.0),
            provenance: String::new()
        })
        .unwrap()
        .svg
        .contains("NaN"));
    }
}
