//! What-ifs side by side: per route one bar per scenario, a scenario in one colour throughout.

use anyhow::{Result, ensure};

use super::canvas::{Anchor, Canvas};
use super::page::Page;
use super::rows::{Column, Rows, STRIP, axis_title};
use super::scale::{Base, Scale};
use super::style::{Hue, LABEL, MARGIN, PAPER, SOFT, WIDE, hue};
use super::text::{shorten, width};
use super::words::{counted, name};
use super::{Chart, check};
use crate::domain::format::{percent, usd_short};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Overlay {
    /// Names of the scenarios; the first is what the others are compared with.
    pub scenarios: Vec<String>,
    /// One group of bars per route, drawn in this order.
    pub routes: Vec<OverlayRoute>,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// Seed, prices and scenarios, for the foot.
    pub provenance: String,
}

/// One route in all scenarios.
#[derive(Debug, Clone)]
pub struct OverlayRoute {
    /// The route's name.
    pub route: String,
    /// P10, P50 and P90 of the total in dollars per scenario; `None` where it does not offer the route.
    pub bars: Vec<Option<(f64, f64, f64)>>,
    /// A remark beside the route's name, such as `B cheaper in 99 %`.
    pub note: String,
}

/// Height of the line that names a route.
const HEAD: f64 = 26.0;
/// Height of a scenario's row.
const ROW: f64 = 22.0;
/// Space between two routes.
const APART: f64 = 10.0;
/// Half the thickness of a bar.
const HALF_BAR: f64 = 6.0;

/// Draws the chart. An error when there is no scenario or route, or a route has not one bar per scenario.
pub fn draw(input: &Overlay) -> Result<Chart> {
    check_input(input)?;
    let page = Page::wide(&title(input), &subtitle(input), &input.provenance);
    let top = page.top() + STRIP;
    let group = HEAD + ROW * input.scenarios.len() as f64 + APART;
    let centres = (0..input.routes.len() * input.scenarios.len()).map(|row| {
        let (route, scenario) = (row / input.scenarios.len(), row % input.scenarios.len());
        top + group * route as f64 + HEAD + ROW * (scenario as f64 + 0.5)
    });
    let names: Vec<&str> =
        input.routes.iter().flat_map(|_| input.scenarios.iter().map(String::as_str)).collect();
    let range = (top, top + group * input.routes.len() as f64);
    let inks = (0..input.scenarios.len()).map(|scenario| hue(scenario).word).collect();
    let frame = Rows::new(&names, columns(input), centres.collect(), range).with_inks(inks);
    let scale = Scale::new(&values(input), None, Base::Zero, frame.span);
    let axis = axis_title("Total spend", &input.horizon, &scale, values(input).iter().any(|&usd| usd <= 0.0));
    page.chart("overlay", &description(input), frame.bottom(), |canvas| {
        frame.draw_axis(canvas, &scale, &axis)?;
        for (index, route) in input.routes.iter().enumerate() {
            draw_head(canvas, route, top + group * index as f64 + HEAD - 8.0)?;
        }
        let bars = input.routes.iter().flat_map(|route| route.bars.iter().enumerate());
        for ((scenario, bar), &centre) in bars.zip(&frame.centres) {
            draw_bar(canvas, &scale, *bar, hue(scenario), centre)?;
        }
        frame.draw_words(canvas)
    })
}

fn check_input(input: &Overlay) -> Result<()> {
    check::some(&input.scenarios, "overlay", "scenario")?;
    check::some(&input.routes, "overlay", "route")?;
    for route in &input.routes {
        let (bars, scenarios) = (route.bars.len(), input.scenarios.len());
        ensure!(bars == scenarios, "{} has {bars} bars for {scenarios} scenarios", route.route);
        for (p10, p50, p90) in route.bars.iter().flatten() {
            check::amounts(&[*p10, *p50, *p90], &route.route)?;
        }
    }
    Ok(())
}

fn values(input: &Overlay) -> Vec<f64> {
    let bars = input.routes.iter().flat_map(|route| route.bars.iter().flatten());
    bars.flat_map(|&(p10, p50, p90)| [p10, p50, p90]).collect()
}

/// The route's name, and the remark after it on a paper ground, since grid lines pass below.
fn draw_head(canvas: &mut Canvas, route: &OverlayRoute, baseline: f64) -> Result<()> {
    let (face, soft) = (LABEL.strong(), LABEL.ink(SOFT));
    let title = shorten(&route.route, face, 460.0);
    let after = MARGIN + width(&title, face) + 12.0;
    let note = shorten(&route.note, soft, WIDE - MARGIN - after);
    let end = after + width(&note, soft);
    canvas.rect((MARGIN, baseline - 13.0), (end + 4.0, baseline + 5.0), PAPER)?;
    canvas.words((MARGIN, baseline), Anchor::Start, face, &title)?;
    canvas.words((after, baseline), Anchor::Start, soft, &note)
}

fn draw_bar(
    canvas: &mut Canvas,
    scale: &Scale,
    bar: Option<(f64, f64, f64)>,
    hue: Hue,
    centre: f64,
) -> Result<()> {
    let Some((p10, p50, p90)) = bar else { return Ok(()) };
    let middle = scale.at(p50);
    canvas.rect((scale.at(p10), centre - HALF_BAR), (scale.at(p90), centre + HALF_BAR), hue.tint)?;
    canvas.rect((middle - 2.8, centre - HALF_BAR - 2.0), (middle + 2.8, centre + HALF_BAR + 2.0), PAPER)?;
    canvas.rect((middle - 1.6, centre - HALF_BAR - 2.0), (middle + 1.6, centre + HALF_BAR + 2.0), hue.mark)
}

fn columns(input: &Overlay) -> Vec<Column> {
    let bars = || input.routes.iter().flat_map(|route| route.bars.iter());
    let money = |pick: fn(&(f64, f64, f64)) -> f64| {
        bars().map(|bar| bar.as_ref().map_or("\u{2013}".to_owned(), |bar| usd_short(pick(bar)))).collect()
    };
    let mut columns = vec![
        Column { head: "P10", figures: money(|bar| bar.0), bold: false },
        Column { head: "P50", figures: money(|bar| bar.1), bold: true },
        Column { head: "P90", figures: money(|bar| bar.2), bold: false },
    ];
    if input.scenarios.len() > 1 {
        let changes = input.routes.iter().flat_map(|route| {
            let first = route.bars[0];
            route.bars.iter().enumerate().map(move |(scenario, bar)| match scenario {
                0 => String::new(),
                _ => change(first, *bar).map_or("\u{2013}".to_owned(), signed),
            })
        });
        columns.push(Column { head: "P50 change", figures: changes.collect(), bold: false });
    }
    columns
}

/// The relative change of the median, where both are known and the first is not zero.
fn change(first: Option<(f64, f64, f64)>, other: Option<(f64, f64, f64)>) -> Option<f64> {
    let ((_, before, _), (_, after, _)) = (first?, other?);
    (before.abs() > 1e-6).then(|| after / before - 1.0)
}

/// A relative change with its sign.
fn signed(change: f64) -> String {
    let sign = if change > 0.0 { "+" } else { "\u{2212}" };
    if change.abs() < 5e-7 { percent(0.0) } else { format!("{sign}{}", percent(change.abs())) }
}

/// The largest change of a median against the first scenario: route, scenario, change.
fn largest_change(input: &Overlay) -> Option<(usize, usize, f64)> {
    let mut largest: Option<(usize, usize, f64)> = None;
    for (at, route) in input.routes.iter().enumerate() {
        for (scenario, bar) in route.bars.iter().enumerate().skip(1) {
            if let Some(found) = change(route.bars[0], *bar)
                && largest.is_none_or(|(_, _, before)| found.abs() > before.abs())
            {
                largest = Some((at, scenario, found));
            }
        }
    }
    largest
}

fn title(input: &Overlay) -> String {
    let quoted = |scenario: usize| format!("\u{201C}{}\u{201D}", name(&input.scenarios[scenario]));
    let first = quoted(0);
    if input.scenarios.len() == 1 {
        return format!("{first}: total spend of {}", counted(input.routes.len(), "route"));
    }
    match largest_change(input) {
        None => format!("No other scenario can be compared with {first}"),
        Some((_, _, change)) if signed(change) == signed(0.0) => {
            format!("No scenario changes the median of any route against {first}")
        }
        Some((route, scenario, change)) => {
            let way = if change < 0.0 { "saves" } else { "adds" };
            let (routes, same_everywhere) = with_the_same_change(input, route, scenario, change);
            let compared = input.scenarios.len() > 2 || !same_everywhere;
            let most = if compared { " most" } else { "" };
            format!(
                "{} {way}{most} against {first}: {} at the median on {routes}",
                quoted(scenario),
                signed(change)
            )
        }
    }
}

/// The routes on which a scenario makes the same change as on `route`, as far as its printed form can tell,
/// and whether these are all.
fn with_the_same_change(input: &Overlay, route: usize, scenario: usize, found: f64) -> (String, bool) {
    let alike = |route: &&OverlayRoute| {
        change(route.bars[0], route.bars[scenario]).is_some_and(|other| signed(other) == signed(found))
    };
    let (count, of) = (input.routes.iter().filter(alike).count(), input.routes.len());
    let words = match count {
        1 => name(&input.routes[route].route),
        _ if count == of => "every route".to_owned(),
        _ => format!("{count} of {of} routes"),
    };
    (words, count == of)
}

fn subtitle(input: &Overlay) -> String {
    let change = if input.scenarios.len() > 1 {
        format!(" Change: of P50 against \u{201C}{}\u{201D}.", name(&input.scenarios[0]))
    } else {
        String::new()
    };
    format!("Bar: from P10 to P90, the middle eight of ten trials. Mark: P50, the median.{change}")
}

fn description(input: &Overlay) -> String {
    let scenarios = input.scenarios.join(", ");
    format!(
        "Interval bars of the total spend of {} for {} in {}: {scenarios}.",
        counted(input.routes.len(), "route"),
        input.horizon,
        counted(input.scenarios.len(), "scenario")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title_of(scenarios: &[&str], medians: &[&[Option<f64>]]) -> String {
        let bar = |p50: &Option<f64>| p50.map(|p50| (p50 * 0.8, p50, p50 * 1.3));
        let route = |(at, medians): (usize, &&[Option<f64>])| OverlayRoute {
            route: ["x", "y", "z"][at].to_owned(),
            bars: medians.iter().map(bar).collect(),
            note: String::new(),
        };
        let input = Overlay {
            scenarios: scenarios.iter().map(|&name| name.to_owned()).collect(),
            routes: medians.iter().enumerate().map(route).collect(),
            horizon: "12 months".to_owned(),
            provenance: String::new(),
        };
        draw(&input).unwrap().title
    }

    #[test]
    fn the_title_names_the_largest_change() {
        assert_eq!(
            title_of(&["A", "B"], &[&[Some(100.0), Some(80.0)], &[Some(100.0), Some(60.0)]]),
            "\u{201C}B\u{201D} saves most against \u{201C}A\u{201D}: \u{2212}40.0 % at the median on y"
        );
        assert_eq!(
            title_of(&["A", "B"], &[&[Some(100.0), Some(125.0)]]),
            "\u{201C}B\u{201D} adds against \u{201C}A\u{201D}: +25.0 % at the median on x"
        );
    }

    #[test]
    fn a_change_that_is_the_same_everywhere_names_no_route() {
        let same: &[Option<f64>] = &[Some(100.0), Some(80.0)];
        let title = title_of(&["A", "B"], &[same, same]);
        assert_eq!(
            title,
            "\u{201C}B\u{201D} saves against \u{201C}A\u{201D}: \u{2212}20.0 % at the median on every route"
        );
    }

    #[test]
    fn scenarios_without_a_common_route_or_change_say_so() {
        assert_eq!(
            title_of(&["A", "B"], &[&[Some(1.0), None]]),
            "No other scenario can be compared with \u{201C}A\u{201D}"
        );
        assert_eq!(
            title_of(&["A", "B"], &[&[Some(1.0), Some(1.0)]]),
            "No scenario changes the median of any route against \u{201C}A\u{201D}"
        );
        assert_eq!(title_of(&["A"], &[&[Some(1.0)]]), "\u{201C}A\u{201D}: total spend of 1 route");
    }
}
