//! What the money is spent on: the mean total of each route as one stacked bar.

use anyhow::{Result, ensure};
use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas};
use super::page::Page;
use super::rows::{Column, Rows, axis_title};
use super::scale::{Base, Scale};
use super::style::{GAP, HUES, INK, LABEL, MARGIN, PAPER, SMALL, VERMILION};
use super::text::width;
use super::words::{counted, name};
use super::{Chart, check};
use crate::domain::format::{percent, usd_short};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Components {
    /// One row per route, in any order.
    pub rows: Vec<ComponentsRow>,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// The parts of one route's mean total over the horizon, in dollars.
#[derive(Debug, Clone)]
pub struct ComponentsRow {
    /// The route's name.
    pub route: String,
    /// Input tokens at the full price.
    pub input: f64,
    /// Input tokens read from a cache.
    pub cached_input: f64,
    /// Input tokens written to a cache.
    pub cache_write: f64,
    /// Output tokens.
    pub output: f64,
    /// Tool calls.
    pub tools: f64,
    /// Fees on top.
    pub fees: f64,
    /// Reserved capacity.
    pub capacity: f64,
}

/// The parts in the order of the stack: name, colour, and ink for words upon it.
const PARTS: [(&str, RGBColor, RGBColor); 7] = [
    ("Input", HUES[0].mark, PAPER),
    ("Cached input", HUES[4].mark, INK),
    ("Cache write", HUES[2].mark, INK),
    ("Output", HUES[1].mark, INK),
    ("Tools", HUES[3].mark, INK),
    ("Fees", VERMILION, INK),
    ("Capacity", HUES[5].mark, PAPER),
];

/// Height of a row.
const ROW: f64 = 36.0;
/// Half the thickness of a bar.
const HALF_BAR: f64 = 11.0;
/// Height of one line of the key.
const KEY_LINE: f64 = 22.0;

/// Draws the chart, the cheapest route first. An error when there is no route or a part is negative.
pub fn draw(input: &Components) -> Result<Chart> {
    check_input(input)?;
    let mut rows: Vec<&ComponentsRow> = input.rows.iter().collect();
    rows.sort_by(|a, b| a.total().total_cmp(&b.total()));
    let totals: Vec<f64> = rows.iter().map(|row| row.total()).collect();
    // Parts of a bar have no meaning on a logarithmic axis, so totals of very different size become shares.
    let shares = Scale::new(&totals, None, Base::Zero, (0.0, 1.0)).is_log();
    let page = Page::wide(&title(&rows), &subtitle(shares), &input.provenance);
    let (key, key_height) = key(&rows, page.top() + 8.0);
    let names: Vec<&str> = rows.iter().map(|row| row.route.as_str()).collect();
    let frame = Rows::even(&names, columns(&totals), page.top() + key_height, ROW);
    let scale = Scale::linear(if shares { &[1.0] } else { &totals }, None, Base::Zero, frame.span, 90.0);
    page.chart("components", &description(input, &rows), frame.bottom(), |canvas| {
        draw_key(canvas, &key)?;
        if shares {
            frame.draw_share_axis(
                canvas,
                &format!("Share of the route\u{2019}s mean total spend, {}", input.horizon),
            )?;
        } else {
            frame.draw_axis(
                canvas,
                &scale,
                &axis_title("Mean total spend", &input.horizon, &scale, false),
            )?;
        }
        for (row, &centre) in rows.iter().zip(&frame.centres) {
            let unit = if shares && row.total() > 0.0 { row.total() } else { 1.0 };
            draw_row(canvas, &scale, row, unit, centre)?;
        }
        frame.draw_words(canvas)
    })
}

fn check_input(input: &Components) -> Result<()> {
    check::some(&input.rows, "components", "route")?;
    for row in &input.rows {
        check::amounts(&row.parts(), &row.route)?;
        let negative = row.parts().iter().any(|&part| part < 0.0);
        ensure!(!negative, "a component of {} is negative, which a stacked bar cannot show", row.route);
    }
    Ok(())
}

impl ComponentsRow {
    fn parts(&self) -> [f64; 7] {
        [self.input, self.cached_input, self.cache_write, self.output, self.tools, self.fees, self.capacity]
    }

    fn total(&self) -> f64 {
        self.parts().iter().sum()
    }
}

/// One bar; a part is labelled with its dollars where they fit.
fn draw_row(canvas: &mut Canvas, scale: &Scale, row: &ComponentsRow, unit: f64, centre: f64) -> Result<()> {
    let mut passed = 0.0;
    for (part, (_, color, ink)) in row.parts().into_iter().zip(PARTS) {
        let (left, right) = (scale.at(passed / unit), scale.at((passed + part) / unit));
        passed += part;
        if right - left < 0.05 {
            continue;
        }
        canvas.rect((left, centre - HALF_BAR), (right, centre + HALF_BAR), color)?;
        if right - left > 3.0 {
            canvas.rect((right - 0.5, centre - HALF_BAR), (right, centre + HALF_BAR), PAPER)?;
        }
        let label = usd_short(part);
        if width(&label, SMALL) + 10.0 <= right - left {
            let middle = ((left + right) / 2.0, centre + 4.2);
            canvas.words(middle, Anchor::Middle, SMALL.ink(ink), &label)?;
        }
    }
    Ok(())
}

/// One entry of the key: the place of its swatch, its colour and its name.
type KeyEntry = (f64, f64, RGBColor, &'static str);

/// Where the names of the parts that occur go, below `top`, and how much height they take.
fn key(rows: &[&ComponentsRow], top: f64) -> (Vec<KeyEntry>, f64) {
    let (mut x, mut line, mut entries) = (MARGIN, 0.0, Vec::new());
    for (part, (words, color, _)) in PARTS.into_iter().enumerate() {
        if rows.iter().all(|row| row.parts()[part] <= 0.0) {
            continue;
        }
        entries.push((x, top + line * KEY_LINE, color, words));
        x += 18.0 + width(words, LABEL) + GAP + 4.0;
        if x > super::style::WIDE - MARGIN - 120.0 {
            (x, line) = (MARGIN, line + 1.0);
        }
    }
    let height = if entries.is_empty() { 0.0 } else { (line + 1.0) * KEY_LINE };
    (entries, height)
}

fn draw_key(canvas: &mut Canvas, entries: &[KeyEntry]) -> Result<()> {
    for &(x, y, color, words) in entries {
        canvas.rect((x, y - 6.0), (x + 12.0, y + 6.0), color)?;
        canvas.words((x + 18.0, y + 4.6), Anchor::Start, LABEL, words)?;
    }
    Ok(())
}

fn columns(totals: &[f64]) -> Vec<Column> {
    vec![Column {
        head: "Mean total",
        figures: totals.iter().map(|&total| usd_short(total)).collect(),
        bold: true,
    }]
}

fn title(rows: &[&ComponentsRow]) -> String {
    let spending: Vec<(&ComponentsRow, usize)> =
        rows.iter().filter(|row| row.total() > 0.0).map(|row| (*row, largest(row))).collect();
    let Some(&(first, top)) = spending.first() else {
        return if rows.len() == 1 {
            format!("{} has no spend", name(&rows[0].route))
        } else {
            "No route has any spend".to_owned()
        };
    };
    let share = |row: &ComponentsRow, part: usize| row.parts()[part] / row.total();
    if spending.len() == 1 {
        let (part, share) = (PARTS[top].0, percent(share(first, top)));
        return format!("{part} is the largest part of the bill on {}: {share}", name(&first.route));
    }
    let common = (0..PARTS.len())
        .max_by_key(|part| (spending.iter().filter(|(_, top)| top == part).count(), PARTS.len() - part));
    let common = common.unwrap_or(top);
    let members: Vec<&ComponentsRow> =
        spending.iter().filter(|(_, top)| *top == common).map(|(row, _)| *row).collect();
    let shares = members.iter().map(|row| share(row, common));
    let (low, high) = (shares.clone().fold(1.0, f64::min), shares.fold(0.0, f64::max));
    let (low, high) = (percent(low), percent(high));
    let span = if low == high { low } else { format!("{low} to {high}") };
    let routes = match (members.len() == spending.len(), members.as_slice()) {
        (true, _) if spending.len() == rows.len() => "every route".to_owned(),
        (true, _) => "every route with spend".to_owned(),
        (false, [one]) => name(&one.route),
        (false, _) => format!("{} of {} routes", members.len(), rows.len()),
    };
    format!("{} is the largest part of the bill on {routes}: {span}", PARTS[common].0)
}

/// The largest part of a bill.
fn largest(row: &ComponentsRow) -> usize {
    let parts = row.parts();
    (0..parts.len()).max_by(|&a, &b| parts[a].total_cmp(&parts[b]).then(b.cmp(&a))).unwrap_or(0)
}

fn subtitle(shares: bool) -> String {
    let what = if shares {
        "Each bar is the whole bill of its route, whatever its size: the totals differ too much for one axis."
    } else {
        "Length of a bar: mean total over all trials, split into what is paid for."
    };
    what.to_owned()
}

fn description(input: &Components, rows: &[&ComponentsRow]) -> String {
    let told = |row: &ComponentsRow| format!("{} {}", row.route, usd_short(row.total()));
    let span = match rows {
        [first, .., last] => format!("from {} to {}", told(first), told(last)),
        rows => told(rows[0]),
    };
    let count = counted(rows.len(), "route");
    format!("Stacked bars of the mean total spend of {count} for {} by component: {span}.", input.horizon)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(route: &str, input: f64, output: f64, fees: f64) -> ComponentsRow {
        let (cached_input, cache_write, tools, capacity) = (0.0, 0.0, 0.0, 0.0);
        ComponentsRow {
            route: route.to_owned(),
            input,
            cached_input,
            cache_write,
            output,
            tools,
            fees,
            capacity,
        }
    }

    fn chart(rows: Vec<ComponentsRow>) -> Chart {
        draw(&Components { rows, horizon: "12 months".to_owned(), provenance: String::new() }).unwrap()
    }

    #[test]
    fn the_title_names_the_largest_part() {
        let both = vec![row("a", 40.0, 60.0, 0.0), row("b", 30.0, 70.0, 0.0)];
        assert_eq!(
            chart(both).title,
            "Output is the largest part of the bill on every route: 60.0 % to 70.0 %"
        );
        let some = vec![row("a", 40.0, 60.0, 0.0), row("b", 30.0, 70.0, 0.0), row("c", 80.0, 20.0, 0.0)];
        assert_eq!(
            chart(some).title,
            "Output is the largest part of the bill on 2 of 3 routes: 60.0 % to 70.0 %"
        );
        let one = vec![row("a", 40.0, 60.0, 0.0)];
        assert_eq!(chart(one).title, "Output is the largest part of the bill on a: 60.0 %");
    }

    #[test]
    fn routes_without_spend_are_said_to_have_none() {
        assert_eq!(chart(vec![row("a", 0.0, 0.0, 0.0)]).title, "a has no spend");
        assert_eq!(
            chart(vec![row("a", 0.0, 0.0, 0.0), row("b", 0.0, 0.0, 0.0)]).title,
            "No route has any spend"
        );
    }

    #[test]
    fn totals_of_very_different_size_become_shares() {
        let near = chart(vec![row("a", 40.0, 60.0, 0.0), row("b", 400.0, 600.0, 0.0)]);
        let far = chart(vec![row("a", 40.0, 60.0, 0.0), row("b", 4000.0, 6000.0, 0.0)]);
        assert!(!near.svg.contains("Share of the route") && far.svg.contains("Share of the route"));
    }

    #[test]
    fn only_parts_that_occur_are_in_the_key() {
        let svg = chart(vec![row("a", 40.0, 60.0, 0.0), row("b", 30.0, 70.0, 5.0)]).svg;
        assert!(svg.contains(">Fees</text>") && !svg.contains(">Tools</text>"));
    }

    #[test]
    fn a_negative_part_is_an_error() {
        let input = Components {
            rows: vec![row("a", -1.0, 2.0, 0.0)],
            horizon: String::new(),
            provenance: String::new(),
        };
        assert!(draw(&input).is_err());
    }
}
