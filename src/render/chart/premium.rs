//! What prompts above the pricing threshold cost beyond the base rates, per route.

use anyhow::Result;

use super::canvas::Canvas;
use super::page::Page;
use super::rows::{Column, Rows, axis_title};
use super::scale::{Base, Scale};
use super::style::{BLUE, BLUE_MID, INK, PAPER};
use super::words::name;
use super::{Chart, check};
use crate::domain::format::{percent, usd_short};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Premium {
    /// One row per route, in any order.
    pub rows: Vec<PremiumRow>,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// One route's premium over the horizon, in dollars.
#[derive(Debug, Clone)]
pub struct PremiumRow {
    /// The route's name.
    pub route: String,
    /// The mean over all trials.
    pub mean: f64,
    /// One trial in ten has less.
    pub p10: f64,
    /// One trial in ten has more.
    pub p90: f64,
    /// The mean premium over the mean spend.
    pub share_of_spend: f64,
}

/// Height of a row.
const ROW: f64 = 34.0;
/// Half the thickness of a bar.
const HALF_BAR: f64 = 8.0;

/// Draws the chart, the dearest premium first. An error when there is no route or a figure is not a number.
pub fn draw(input: &Premium) -> Result<Chart> {
    check_input(input)?;
    let mut rows: Vec<&PremiumRow> = input.rows.iter().collect();
    rows.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    let names: Vec<&str> = rows.iter().map(|row| row.route.as_str()).collect();
    let values: Vec<f64> = rows.iter().flat_map(|row| [row.mean, row.p10, row.p90]).collect();
    // Whether lengths or positions are drawn decides the reading help, which decides where the plot begins.
    let log = Scale::new(&values, None, Base::Zero, (0.0, 1.0)).is_log();
    let page = Page::wide(&title(&rows), &subtitle(log), &input.provenance);
    let frame = Rows::even(&names, columns(&rows), page.top(), ROW);
    let scale = Scale::new(&values, None, Base::Zero, frame.span);
    let zero = rows.iter().any(|row| !nothing(row) && row.p10 <= 0.0);
    let axis = axis_title("Extra cost of prompts above the threshold", &input.horizon, &scale, zero);
    page.chart("premium", &description(input, &rows), frame.bottom(), |canvas| {
        frame.draw_axis(canvas, &scale, &axis)?;
        for (row, &centre) in rows.iter().zip(&frame.centres) {
            draw_row(canvas, &scale, row, centre)?;
        }
        frame.draw_words(canvas)
    })
}

fn check_input(input: &Premium) -> Result<()> {
    check::some(&input.rows, "premium", "route")?;
    for row in &input.rows {
        check::amounts(&[row.mean, row.p10, row.p90, row.share_of_spend], &row.route)?;
    }
    Ok(())
}

/// A bar to the mean, or a dot where the axis is logarithmic and lengths would mean nothing; the whisker
/// from P10 to P90 over it. Rows without any premium stay empty.
fn draw_row(canvas: &mut Canvas, scale: &Scale, row: &PremiumRow, centre: f64) -> Result<()> {
    if nothing(row) {
        return Ok(());
    }
    let (left, mean, right) = (scale.at(row.p10), scale.at(row.mean), scale.at(row.p90));
    if !scale.is_log() {
        canvas.rect((scale.at(0.0), centre - HALF_BAR), (mean, centre + HALF_BAR), BLUE_MID)?;
    }
    canvas.line((left, centre), (right, centre), 1.6, INK)?;
    for end in [left, right] {
        canvas.line((end, centre - 4.5), (end, centre + 4.5), 1.6, INK)?;
    }
    if scale.is_log() {
        canvas.dot((mean, centre), 5.4, PAPER)?;
        canvas.dot((mean, centre), 4.2, BLUE)?;
    }
    Ok(())
}

fn nothing(row: &PremiumRow) -> bool {
    [row.mean, row.p10, row.p90].iter().all(|value| value.abs() < 1e-6)
}

fn columns(rows: &[&PremiumRow]) -> Vec<Column> {
    let money = |pick: fn(&PremiumRow) -> f64| rows.iter().map(|row| usd_short(pick(row))).collect();
    let shares = rows.iter().map(|row| percent(row.share_of_spend)).collect();
    vec![
        Column { head: "Mean", figures: money(|row| row.mean), bold: true },
        Column { head: "P10", figures: money(|row| row.p10), bold: false },
        Column { head: "P90", figures: money(|row| row.p90), bold: false },
        Column { head: "Share of spend", figures: shares, bold: false },
    ]
}

/// `rows` come sorted, the dearest premium first.
fn title(rows: &[&PremiumRow]) -> String {
    let top = rows[0];
    let (money, share) = (usd_short(top.mean), percent(top.share_of_spend));
    let alike = rows.iter().filter(|row| usd_short(row.mean) == money).count();
    if rows.iter().all(|row| nothing(row)) {
        let where_from = if rows.len() == 1 { name(&top.route) } else { "any route".to_owned() };
        format!("No prompt pays a premium on {where_from}: none crosses a pricing threshold")
    } else if rows.len() == 1 {
        format!("Prompts above the threshold add {money} to {}, {share} of its spend", name(&top.route))
    } else if alike == rows.len() {
        format!("Prompts above the threshold add {money} on every route")
    } else if alike > 1 {
        format!("Prompts above the threshold add most on {alike} of {} routes: {money} each", rows.len())
    } else {
        let which = name(&top.route);
        format!("Prompts above the threshold cost most on {which}: {money} extra, {share} of its spend")
    }
}

fn subtitle(log: bool) -> String {
    let mark = if log { "Dot: mean" } else { "Bar: mean" };
    format!(
        "{mark} of what crossing requests cost beyond the base band\u{2019}s rates. Whisker: from P10 to P90 \
         of the trials."
    )
}

fn description(input: &Premium, rows: &[&PremiumRow]) -> String {
    let top = rows[0];
    format!(
        "Mean extra cost of prompts above the pricing threshold for {}, with P10 to P90. Highest of {}: {} \
         with {} ({} of its spend).",
        input.horizon,
        super::words::counted(rows.len(), "route"),
        top.route,
        usd_short(top.mean),
        percent(top.share_of_spend)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title_of(rows: &[(&str, f64, f64)]) -> String {
        let row = |&(route, mean, share_of_spend): &(&str, f64, f64)| PremiumRow {
            route: route.to_owned(),
            mean,
            p10: mean * 0.5,
            p90: mean * 1.7,
            share_of_spend,
        };
        let rows = rows.iter().map(row).collect();
        let input = Premium { rows, horizon: "12 months".to_owned(), provenance: String::new() };
        draw(&input).unwrap().title
    }

    #[test]
    fn no_crossings_are_said_in_the_title() {
        let rows = [("a", 0.0, 0.0), ("b", 0.0, 0.0)];
        assert_eq!(
            title_of(&rows),
            "No prompt pays a premium on any route: none crosses a pricing threshold"
        );
        assert_eq!(title_of(&rows[..1]), "No prompt pays a premium on a: none crosses a pricing threshold");
    }

    #[test]
    fn the_title_names_the_dearest_premium() {
        assert_eq!(
            title_of(&[("a", 50e3, 0.08), ("b", 120e3, 0.121)]),
            "Prompts above the threshold cost most on b: $120k extra, 12.1 % of its spend"
        );
        assert_eq!(
            title_of(&[("b", 120e3, 0.121)]),
            "Prompts above the threshold add $120k to b, 12.1 % of its spend"
        );
    }

    #[test]
    fn equal_premiums_are_not_ranked() {
        assert_eq!(
            title_of(&[("a", 5e3, 0.1), ("b", 5e3, 0.2)]),
            "Prompts above the threshold add $5k on every route"
        );
        assert_eq!(
            title_of(&[("a", 5e3, 0.1), ("b", 5e3, 0.2), ("c", 0.0, 0.0)]),
            "Prompts above the threshold add most on 2 of 3 routes: $5k each"
        );
    }
}
