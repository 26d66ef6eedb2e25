//! The chance that a total exceeds an amount: one falling curve per route, labelled above the plot.

use anyhow::{Result, ensure};

use super::budget::{self, Place};
use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::reading::{amount_at, chance_at, end_chance, from_above};
use super::rows::{AXIS_HEIGHT, axis_title, draw_bottom_axis};
use super::scale::{Base, Scale};
use super::stairs::{self, STEP, Stair};
use super::style::{GRID, LABEL, MARGIN, PAPER, SMALL, VERMILION, VERMILION_WORD, WIDE, hue};
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

/// Draws the chart. An error when there is no curve, a curve has no point, or its dollars do not increase.
pub fn draw(input: &Exceedance) -> Result<Chart> {
    check_input(input)?;
    let mut curves: Vec<&ExceedanceCurve> = input.curves.iter().collect();
    curves.sort_by(|a, b| amount_at(&a.points, 0.5).total_cmp(&amount_at(&b.points, 0.5)));
    let page = Page::wide(&title(input, &curves), &subtitle(input), &input.provenance);
    let steps = curves.len() + usize::from(input.budget_usd.is_some());
    let top = page.top() + STEP * steps as f64 + 8.0;
    let frame = frame(input, &curves, top);
    let zero = curves.iter().any(|curve| amount_at(&curve.points, TAIL) <= 0.0);
    let horizon = axis_title("Total spend", &input.horizon, &frame.money, zero);
    page.chart("exceedance", &description(input, &curves), frame.bottom + AXIS_HEIGHT, |canvas| {
        draw_axes(canvas, &frame, &horizon)?;
        let stairs = stairs(input, &curves, &frame);
        // A budget off the axis has no place among the stairs: it takes the free line above them.
        let first_step = top - STEP * stairs.len() as f64 - 8.0;
        if let Some(usd) = input.budget_usd.filter(|_| first_step > page.top() + 1.0) {
            budget::draw_note(canvas, &frame.money, usd, (frame.left, WIDE - MARGIN), first_step - 4.0)?;
        }
        stairs::draw(canvas, &stairs, first_step, frame.left, (frame.top, frame.bottom))?;
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

/// Gives the plot the width that lets every label end within the page.
fn frame(input: &Exceedance, curves: &[&ExceedanceCurve], top: f64) -> Frame {
    let ends = curves
        .iter()
        .flat_map(|curve| [amount_at(&curve.points, TAIL), amount_at(&curve.points, 1.0 - TAIL)]);
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
        let right = stairs::widest_right(&stairs, (left, frame.right)).min(full).max(left + 300.0);
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
            let (amount, chance) = from_above(&curve.points, LEAVE_AT);
            let over = input.budget_usd.map_or(String::new(), |usd| {
                format!(": {} over budget", probability(chance_at(&curve.points, usd)))
            });
            Stair {
                words: format!("{}{over}", name(&curve.route)),
                face: LABEL.ink(hue(index).word),
                mark: hue(index).mark,
                whole_height: false,
                foot: frame.point(amount, chance),
            }
        })
        .collect();
    if let Some(usd) = input.budget_usd
        && let Place::Inside(x) = budget::place(&frame.money, usd)
    {
        let (words, face) = (budget::label(Place::Inside(x), usd), LABEL.strong().ink(VERMILION_WORD));
        stairs.push(Stair { words, face, mark: VERMILION, whole_height: true, foot: (x, frame.top) });
    }
    stairs.sort_by(|a, b| a.foot.0.total_cmp(&b.foot.0));
    stairs
}

/// The part of the curve between its tails; dashed from the seventh on, when colours repeat.
fn draw_curve(canvas: &mut Canvas, frame: &Frame, curve: &ExceedanceCurve, index: usize) -> Result<()> {
    let (first, last) = (
        from_above(&curve.points, TAIL),
        (amount_at(&curve.points, 1.0 - TAIL), end_chance(&curve.points).max(1.0 - TAIL)),
    );
    let within = curve.points.iter().filter(|point| point.0 > first.0 && point.0 < last.0);
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

/// Whether a curve is drawn where it has this chance.
fn crosses(chance: f64) -> bool {
    (1.0 - TAIL..=TAIL).contains(&chance)
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
    let radius = if curves.len() > 8 { 3.2 } else { 4.0 };
    for (index, curve) in curves.iter().enumerate() {
        let chance = chance_at(&curve.points, usd);
        if crosses(chance) {
            canvas.dot(frame.point(usd, chance), radius + 1.4, PAPER)?;
            canvas.dot(frame.point(usd, chance), radius, hue(index).mark)?;
        }
    }
    Ok(())
}

fn title(input: &Exceedance, curves: &[&ExceedanceCurve]) -> String {
    let Some(budget) = input.budget_usd else { return title_without_budget(curves) };
    let limit = usd_short(budget);
    let chances: Vec<f64> = curves.iter().map(|curve| chance_at(&curve.points, budget)).collect();
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
    let p90 = curves.iter().map(|curve| (curve.route.as_str(), amount_at(&curve.points, 0.1)));
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
    let crosses = |usd: f64| input.curves.iter().any(|curve| crosses(chance_at(&curve.points, usd)));
    let dots = if input.budget_usd.is_some_and(crosses) {
        " Dots on the dashed line: chance to exceed the budget."
    } else {
        ""
    };
    format!("Read a curve at an amount: the height is the share of trials that cost more.{dots}")
}

fn description(input: &Exceedance, curves: &[&ExceedanceCurve]) -> String {
    let (first, last) = (curves[0], curves[curves.len() - 1]);
    let told = |curve: &ExceedanceCurve| {
        format!("{} exceeds {} in one trial of ten", curve.route, usd_short(amount_at(&curve.points, 0.1)))
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
}
