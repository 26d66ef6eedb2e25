//! Where the uncertainty comes from: the share of the variance of spend that each layer of the model has, by route.

use anyhow::Result;

use super::canvas::Anchor;
use super::page::Page;
use super::rows::{Column, Rows};
use super::style::{GAP, LABEL, MARGIN, hue};
use super::text::width;
use super::{Chart, check};
use crate::domain::format::{probability, usd_short};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct LayersChart {
    /// A route, the shares of its layers in the order of [`LAYERS`], and the standard deviation of its spend, USD.
    pub rows: Vec<(String, [f64; 4], f64)>,
    /// The time that the totals cover, such as `12 months from Jan 2027`.
    pub horizon: String,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// The layers of the model.
pub const LAYERS: [&str; 4] = ["assumptions", "paths", "sessions", "single requests"];

/// Height of a row.
const ROW: f64 = 28.0;
/// Half the thickness of a bar.
const HALF_BAR: f64 = 8.0;
/// Height of the key.
const KEY: f64 = 22.0;

/// Draws the chart. An error when there is no route.
pub fn draw(input: &LayersChart) -> Result<Chart> {
    check::some(&input.rows, "layers", "route")?;
    let mean =
        |layer: usize| input.rows.iter().map(|row| row.1[layer]).sum::<f64>() / input.rows.len() as f64;
    let most = (0..LAYERS.len()).max_by(|a, b| mean(*a).total_cmp(&mean(*b))).unwrap_or(0);
    let title =
        format!("{} of the variance of spend comes from the {}", probability(mean(most)), LAYERS[most]);
    let subtitle = "Assumptions: what nobody knows, drawn once a trial. Paths: drift, changes of regime and days around it. Sessions and single requests: what is left of chance when all that is known.";
    let page = Page::wide(&title, subtitle, &input.provenance);
    let names: Vec<&str> = input.rows.iter().map(|row| row.0.as_str()).collect();
    let deviations = input.rows.iter().map(|row| usd_short(row.2)).collect();
    let columns = vec![Column { head: "standard deviation", figures: deviations, bold: false }];
    let frame = Rows::even(&names, columns, page.top() + KEY, ROW);
    let axis = format!("Share of the variance of total spend, {}", input.horizon);
    let description = format!("Stacked bars of the variance of spend by layer for {}.", names.join(", "));
    page.chart("layers", &description, frame.bottom(), |canvas| {
        let mut x = MARGIN;
        for (layer, words) in LAYERS.iter().enumerate() {
            canvas.rect((x, page.top()), (x + 14.0, page.top() + 14.0), hue(layer).mark)?;
            canvas.words((x + 20.0, page.top() + 12.0), Anchor::Start, LABEL, words)?;
            x += 20.0 + width(words, LABEL) + 1.5 * GAP;
        }
        frame.draw_share_axis(canvas, &axis)?;
        let at = |share: f64| frame.span.0 + share * (frame.span.1 - frame.span.0);
        for ((_, shares, _), &centre) in input.rows.iter().zip(&frame.centres) {
            let mut from = 0.0;
            for (layer, share) in shares.iter().enumerate() {
                let to = from + share;
                canvas.rect((at(from), centre - HALF_BAR), (at(to), centre + HALF_BAR), hue(layer).mark)?;
                from = to;
            }
        }
        frame.draw_words(canvas)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_names_the_layer_with_most_of_the_variance() {
        let rows = vec![("a".to_owned(), [0.1, 0.8, 0.05, 0.05], 3.0)];
        let chart = draw(&LayersChart { rows, horizon: "1 month".to_owned(), provenance: String::new() });
        assert_eq!(chart.unwrap().title, "80 % of the variance of spend comes from the paths");
    }
}
