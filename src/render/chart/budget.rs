//! The budget line of charts whose money runs from left to right, and what stands in for it off the axis.

use anyhow::Result;

use super::canvas::{Anchor, Canvas};
use super::scale::Scale;
use super::style::{Face, LABEL, VERMILION, VERMILION_WORD};
use super::text::width;
use crate::domain::format::usd_short;

/// How its amount is written.
const FACE: Face = LABEL.strong().ink(VERMILION_WORD);

/// Where a budget stands on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// On the axis, at this pixel.
    Inside(f64),
    /// Below the lower end.
    Below,
    /// Above the upper end.
    Above,
}

/// Where the budget stands. A budget equal to an end is inside.
pub fn place(scale: &Scale, budget: f64) -> Place {
    let slack = (scale.high() - scale.low()) * 1e-9;
    if budget < scale.low() - slack {
        Place::Below
    } else if budget > scale.high() + slack {
        Place::Above
    } else {
        Place::Inside(scale.at(budget))
    }
}

/// What stands beside the line, or in its stead when it is off the axis.
pub fn label(place: Place, budget: f64) -> String {
    match place {
        Place::Inside(_) => format!("Budget {}", usd_short(budget)),
        Place::Below => format!("Budget {}, below this axis", usd_short(budget)),
        Place::Above => format!("Budget {}, beyond this axis", usd_short(budget)),
    }
}

/// A dashed line through `rows` with its label above, kept within `span`; a note in its stead when the budget
/// is off the axis.
pub fn draw(
    canvas: &mut Canvas,
    scale: &Scale,
    budget: f64,
    span: (f64, f64),
    rows: (f64, f64),
) -> Result<()> {
    let baseline = rows.0 - 7.0;
    let Place::Inside(x) = place(scale, budget) else {
        return draw_note(canvas, scale, budget, span, baseline);
    };
    let label = label(Place::Inside(x), budget);
    let half = width(&label, FACE) / 2.0;
    canvas.dashed(&[(x, rows.0 - 2.0), (x, rows.1)], (6.0, 4.0), 1.8, VERMILION)?;
    let middle = x.min(span.1 - half).max(span.0 + half);
    canvas.words((middle, baseline), Anchor::Middle, FACE, &label)
}

/// What stands in for the line of a budget off the axis: its amount at the end of `span` beyond which it
/// lies, and a small wedge that points there.
pub fn draw_note(
    canvas: &mut Canvas,
    scale: &Scale,
    budget: f64,
    span: (f64, f64),
    baseline: f64,
) -> Result<()> {
    let place = place(scale, budget);
    let (end, inwards, anchor) = match place {
        Place::Below => (span.0, 1.0, Anchor::Start),
        Place::Inside(_) | Place::Above => (span.1, -1.0, Anchor::End),
    };
    wedge(canvas, (end, baseline - 4.5), 7.0 * inwards)?;
    canvas.words((end + 12.0 * inwards, baseline), anchor, FACE, &label(place, budget))
}

/// A triangle with its tip at `tip` and its base `length` to the right of it.
fn wedge(canvas: &mut Canvas, tip: (f64, f64), length: f64) -> Result<()> {
    let base = tip.0 + length;
    canvas.polygon(&[tip, (base, tip.1 - 4.0), (base, tip.1 + 4.0)], VERMILION)
}
