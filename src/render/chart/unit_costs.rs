//! Cost against provisioned units: a line for every way to buy them, and the cost by the token.

use anyhow::{Result, ensure};
use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::rows::{AXIS_HEIGHT, draw_bottom_axis};
use super::scale::{Base, Scale, Tick};
use super::spread::spread;
use super::style::{AXIS, Face, GRID, INK, LABEL, MARGIN, PAPER, SMALL, WIDE, hue};
use super::text::{shorten, width};
use super::words::{name, share};
use super::{Chart, check};
use crate::domain::format::{thousands, usd_short};

/// What the chart shows. Amounts are USD over the horizon.
#[derive(Debug, Clone)]
pub struct UnitCosts {
    /// The stem of the file.
    pub name: String,
    /// The route's label.
    pub route: String,
    /// What a unit is called: `PTU`.
    pub unit: String,
    /// The ways to buy, as they follow a number of units: `by the hour`, `for 1 year`.
    pub ways: Vec<String>,
    /// Sizes, rising, and what each costs with what it spills, under every way.
    pub sizes: Vec<(u64, Vec<f64>)>,
    /// Of every way: the size that costs least, and the first and last that cost hardly more.
    pub best: Vec<(u64, u64, u64)>,
    /// What everything costs by the token.
    pub by_tokens_usd: f64,
    /// The time that costs cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// Height of the plot itself.
const PLOT: f64 = 330.0;
/// Height of a line of words above the plot.
const ROW: f64 = 21.0;
/// Room for the names at the right of the plot.
const NAMES: f64 = 190.0;
/// Costs above so many times the dearest of what matters are off the plot.
const FAR: f64 = 1.6;

struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    units: Scale,
    usd: Scale,
}

/// A way at its best.
#[derive(Clone, Copy)]
struct Best {
    way: usize,
    units: u64,
    usd: f64,
    flat: (u64, u64),
}

/// Draws the chart. An error when there is no size or no way, or they do not fit together.
pub fn draw(input: &UnitCosts) -> Result<Chart> {
    check_input(input)?;
    let best = best(input);
    let sizes = near(input, &best);
    let cut = ceiling(input, &best);
    // How far the axis reaches does not depend on where it stands.
    let high = frame(input, sizes, cut, 0.0).usd.high();
    let leave = sizes.iter().flat_map(|(_, usd)| usd).any(|usd| *usd > high);
    let page = Page::wide(&title(input, &best), &subtitle(input, &best, leave), &input.provenance);
    let marks: Vec<Best> = best.iter().copied().filter(|best| best.units > 0).collect();
    let top = page.top() + ROW * marks.len() as f64 + 4.0;
    let frame = frame(input, sizes, cut, top);
    page.chart(&input.name, &description(input, &best), frame.bottom + AXIS_HEIGHT, |canvas| {
        if let Some(least) = flat(&best) {
            let x = |units: u64| frame.units.at(units as f64);
            let (from, to) = (x(least.flat.0) - 3.0, x(least.flat.1) + 3.0);
            canvas.rect(
                (from.max(frame.left), frame.top),
                (to.min(frame.right), frame.bottom),
                pale(hue(least.way).tint),
            )?;
        }
        draw_axes(canvas, &frame, input)?;
        let y = frame.usd.at(input.by_tokens_usd);
        canvas.dashed(&[(frame.left, y), (frame.right, y)], (6.0, 4.0), 1.8, INK)?;
        for way in (0..input.ways.len()).rev() {
            draw_line(canvas, &frame, sizes, way)?;
        }
        draw_names(canvas, &frame, input, sizes)?;
        draw_marks(canvas, &frame, input, &marks)
    })
}

fn check_input(input: &UnitCosts) -> Result<()> {
    check::some(&input.sizes, "units", "size")?;
    check::some(&input.ways, "units", "way to buy them")?;
    check::amounts(&[input.by_tokens_usd], "the tokens")?;
    for (units, usd) in &input.sizes {
        check::amounts(usd, "the units")?;
        ensure!(usd.len() == input.ways.len(), "{units} units do not have a cost for every way to buy them");
    }
    ensure!(
        input.best.len() == input.ways.len(),
        "the units chart has no best size for every way to buy them"
    );
    ensure!(
        input.sizes.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "the sizes of the units chart do not rise"
    );
    Ok(())
}

/// The ways at their best, in their order. A size that is not among those with a cost is left out.
fn best(input: &UnitCosts) -> Vec<Best> {
    let found = |(way, &(units, from, to)): (usize, &(u64, u64, u64))| {
        let (_, usd) = input.sizes.iter().find(|size| size.0 == units)?;
        Some(Best { way, units, usd: usd[way], flat: (from, to) })
    };
    input.best.iter().enumerate().filter_map(found).collect()
}

fn cheapest(best: &[Best]) -> Option<&Best> {
    best.iter().min_by(|a, b| a.usd.total_cmp(&b.usd))
}

/// The least that any number of units costs, be it more than tokens.
fn some_units(input: &UnitCosts) -> Option<Best> {
    let some = input.sizes.iter().filter(|size| size.0 > 0);
    let all = some.flat_map(|(units, usd)| {
        usd.iter().enumerate().map(|(way, usd)| Best {
            way,
            units: *units,
            usd: *usd,
            flat: (*units, *units),
        })
    });
    all.min_by(|a, b| a.usd.total_cmp(&b.usd))
}

/// The cheapest way, if it has several sizes that cost hardly more than its best.
fn flat(best: &[Best]) -> Option<&Best> {
    cheapest(best).filter(|least| least.units > 0 && least.flat.0 < least.flat.1)
}

/// A colour half way to paper.
fn pale(color: RGBColor) -> RGBColor {
    let half = |channel: u8| channel / 2 + 128;
    RGBColor(half(color.0), half(color.1), half(color.2))
}

/// The cost up to which the plot reaches at least.
fn ceiling(input: &UnitCosts, best: &[Best]) -> f64 {
    let matters = best.iter().map(|best| best.usd).fold(input.by_tokens_usd, f64::max);
    let some = some_units(input).map_or(0.0, |best| best.usd);
    FAR * matters.max(some).max(1e-9)
}

/// The sizes that are worth room: beyond all best ones, from where even the cheapest way is off the plot, the rest
/// is left out.
fn near<'a>(input: &'a UnitCosts, best: &[Best]) -> &'a [(u64, Vec<f64>)] {
    let last = best.iter().map(|best| best.units.max(best.flat.1)).max().unwrap_or(0);
    let cut = ceiling(input, best);
    let is_far = |(units, usd): &(u64, Vec<f64>)| *units > last && usd.iter().all(|usd| *usd > cut);
    let end = input.sizes.iter().position(is_far).map_or(input.sizes.len(), |at| at + 1);
    &input.sizes[..end]
}

fn frame(input: &UnitCosts, sizes: &[(u64, Vec<f64>)], cut: f64, top: f64) -> Frame {
    let all = sizes.iter().flat_map(|(_, usd)| usd).chain([&input.by_tokens_usd]);
    let usd: Vec<f64> = all.map(|usd| usd.min(cut)).collect();
    let bottom = top + PLOT;
    let usd = Scale::linear(&usd, None, Base::Tight, (bottom, top), 52.0);
    let labels = usd.ticks().iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
    let (left, right) = (MARGIN + 20.0 + labels + 10.0, WIDE - MARGIN - NAMES);
    let units: Vec<f64> = sizes.iter().map(|size| size.0 as f64).collect();
    let units = Scale::linear(&units, None, Base::Tight, (left, right), 90.0);
    Frame { left, right, top, bottom, units, usd }
}

fn draw_axes(canvas: &mut Canvas, frame: &Frame, input: &UnitCosts) -> Result<()> {
    for tick in frame.usd.ticks() {
        canvas.line((frame.left, tick.at), (frame.right, tick.at), 1.0, GRID)?;
        canvas.words((frame.left - 8.0, tick.at + 4.2), Anchor::End, SMALL, &tick.label)?;
    }
    let plain = |tick: Tick| Tick { label: tick.label.replace('$', ""), ..tick };
    // There are no parts of a unit: `2.5`, unlike `2.5k`.
    let whole = |tick: &Tick| !tick.label.contains('.') || tick.label.ends_with(char::is_alphabetic);
    let ticks: Vec<Tick> = frame.units.ticks().into_iter().map(plain).filter(whole).collect();
    let title = format!("Provisioned units, {}", name(&input.unit));
    draw_bottom_axis(canvas, (frame.left, frame.right), frame.bottom, &ticks, &title)?;
    let beside = (MARGIN + 10.0, (frame.top + frame.bottom) / 2.0);
    canvas.words_upwards(beside, SMALL, &format!("Cost over {}, USD", input.horizon))
}

/// The line of a way, up to where it leaves the plot.
fn line(frame: &Frame, sizes: &[(u64, Vec<f64>)], way: usize) -> Vec<Point> {
    let mut path: Vec<Point> = Vec::new();
    let mut before: Option<Point> = None;
    for (units, usd) in sizes {
        let (here, top) = ((*units as f64, usd[way]), frame.usd.high());
        if here.1 > top {
            if let Some(from) = before {
                let part = (top - from.1) / (here.1 - from.1);
                path.push((from.0 + part * (here.0 - from.0), top));
            }
            break;
        }
        path.push(here);
        before = Some(here);
    }
    path.into_iter().map(|(units, usd)| (frame.units.at(units), frame.usd.at(usd))).collect()
}

fn draw_line(canvas: &mut Canvas, frame: &Frame, sizes: &[(u64, Vec<f64>)], way: usize) -> Result<()> {
    let path = line(frame, sizes, way);
    if path.len() > 1 {
        canvas.path(&path, 2.4, hue(way).mark)?;
    }
    // Sizes that were reckoned; between them the line only joins.
    let shown = sizes.iter().zip(&path).filter(|((_, usd), _)| usd[way] <= frame.usd.high());
    for (_, at) in shown {
        canvas.dot(*at, 2.6, hue(way).mark)?;
    }
    Ok(())
}

/// The names of all lines at their right ends, moved apart.
fn draw_names(
    canvas: &mut Canvas,
    frame: &Frame,
    input: &UnitCosts,
    sizes: &[(u64, Vec<f64>)],
) -> Result<()> {
    let way = |(way, words): (usize, &String)| {
        let end = line(frame, sizes, way).last().copied().unwrap_or((frame.right, frame.top));
        (end, words.clone(), LABEL.strong().ink(hue(way).word))
    };
    let tokens = format!("by the token: {}", usd_short(input.by_tokens_usd));
    let tokens = ((frame.right, frame.usd.at(input.by_tokens_usd)), tokens, LABEL.strong());
    let mut names: Vec<(Point, String, Face)> =
        input.ways.iter().enumerate().map(way).chain([tokens]).collect();
    // Of lines that leave at the top, the one that leaves first is the dearest.
    names.sort_by(|a, b| a.0.1.total_cmp(&b.0.1).then(a.0.0.total_cmp(&b.0.0)));
    let wanted: Vec<f64> = names.iter().map(|(end, ..)| end.1).collect();
    let places = spread(&wanted, 18.0, frame.top + 4.0, frame.bottom - 4.0);
    let (start, room) = (frame.right + 22.0, WIDE - MARGIN - frame.right - 22.0);
    for ((end, words, face), y) in names.iter().zip(places) {
        canvas.path(&[(end.0 + 3.0, end.1), (frame.right + 6.0, end.1), (start - 4.0, y)], 1.0, GRID)?;
        canvas.words((start, y + 4.6), Anchor::Start, *face, &shorten(words, *face, room))?;
    }
    Ok(())
}

/// The best sizes, each with its words on a line of its own above the plot.
fn draw_marks(canvas: &mut Canvas, frame: &Frame, input: &UnitCosts, marks: &[Best]) -> Result<()> {
    let x = |best: &Best| frame.units.at(best.units as f64);
    let baseline = |row: usize| frame.top - 10.0 - ROW * (marks.len() - 1 - row) as f64;
    for (row, best) in marks.iter().enumerate() {
        let line = [(x(best), baseline(row) + 5.0), (x(best), frame.bottom)];
        canvas.dashed(&line, (2.0, 3.0), 1.0, AXIS)?;
    }
    for best in marks {
        let at = (x(best), frame.usd.at(best.usd));
        canvas.dot(at, 7.0, PAPER)?;
        canvas.dot(at, 5.5, hue(best.way).mark)?;
    }
    for (row, best) in marks.iter().enumerate() {
        let baseline = baseline(row);
        let words = format!("{}: {}", bought(input, best), usd_short(best.usd));
        let face = LABEL.strong().ink(hue(best.way).word);
        let words = shorten(&words, face, WIDE - 2.0 * MARGIN);
        let half = width(&words, face) / 2.0;
        let middle = x(best).min(WIDE - MARGIN - half).max(MARGIN + half);
        canvas.rect((middle - half - 3.0, baseline - 12.5), (middle + half + 3.0, baseline + 4.0), PAPER)?;
        canvas.words((middle, baseline), Anchor::Middle, face, &words)?;
    }
    Ok(())
}

/// `85 PTU for 1 year`.
fn bought(input: &UnitCosts, best: &Best) -> String {
    format!("{} {} {}", thousands(best.units), name(&input.unit), name(&input.ways[best.way]))
}

fn title(input: &UnitCosts, best: &[Best]) -> String {
    let saved = |least: &&Best| input.by_tokens_usd - least.usd;
    let Some(least) = cheapest(best).filter(|least| least.units > 0 && saved(least) > 0.0) else {
        let least = some_units(input).map_or(String::new(), |least| {
            let (usd, tokens) = (usd_short(least.usd), usd_short(input.by_tokens_usd));
            format!(": {tokens} by the token, {usd} with {}", bought(input, &least))
        });
        return format!("No number of {} is cheaper than tokens{least}", name(&input.unit));
    };
    let verb = if least.units == 1 { "costs" } else { "cost" };
    let (usd, tokens) = (usd_short(least.usd), usd_short(input.by_tokens_usd));
    let less = match share(saved(&least) / input.by_tokens_usd) {
        _ if usd == tokens => "hardly less than by the token".to_owned(),
        less => format!("{less} less than by the token"),
    };
    format!("{} {verb} least: {usd}, {less}", bought(input, least))
}

fn subtitle(input: &UnitCosts, best: &[Best], leave: bool) -> String {
    let mut text = format!(
        "{}: what units cost and, by the token, what they do not serve. Dashed: everything by the token.",
        name(&input.route)
    );
    let marked = best.iter().filter(|best| best.units > 0).count();
    if marked > 0 {
        text += " Large dots: the best size of each way to buy";
        text += if flat(best).is_some() { "; shaded: sizes within 1 % of the least cost." } else { "." };
    }
    if marked > 0 && marked < input.ways.len() {
        text += " A way without one is never cheaper than tokens.";
    }
    if leave {
        text += " Lines that leave at the top only cost more.";
    }
    text
}

fn description(input: &UnitCosts, best: &[Best]) -> String {
    let told = |best: &Best| format!("{}: {}", bought(input, best), usd_short(best.usd));
    let best: Vec<String> = best.iter().filter(|best| best.units > 0).map(told).collect();
    let best = if best.is_empty() { "no number of units is cheaper".to_owned() } else { best.join("; ") };
    format!(
        "Cost over {} against provisioned units, one line for every way to buy them. By the token it is {}; at best, {best}.",
        input.horizon,
        usd_short(input.by_tokens_usd)
    )
}
