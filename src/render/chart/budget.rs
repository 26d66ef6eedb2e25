//! The budget line of charts whose money runs from left to right.

use anyhow::Result;

use super::canvas::{Anchor, Canvas};
use super::scale::Scale;
use super::style::{LABEL, VERMILION, VERMILION_WORD};
use super::text::width;
use crate::domain::format::usd_short;

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

/// A dashed line from `top` to `bottom` with its label above, kept within `span`; the label alone when the
/// budget is off the axis, beside a small wedge that points to where it would be.
pub fn draw(canvas: &mut Canvas, scale: &Scale, budget: f64, span: (f64, f64), rows: (f64, f64)) -> Result<()> {
    let place = place(scale, budget);
    let label = label(place, budget);
    let face = LABEL.strong().ink(VERMILION_WORD);
    let baseline = rows.0 - 7.0;
    let half = width(&label, face) / 2.0;
    match place {
        Place::Inside(x) => {
            canvas.dashed(&[(x, rows.0 - 2.0), (x, rows.1)], (6.0, 4.0), 1.8, VERMILION)?;
            let middle = x.min(span.1 - half).max(span.0 + half);
            canvas.words((middle, baseline), Anchor::Middle, face, &label)
        }
        Place::Below => {
            wedge(canvas, (span.0, baseline - 4.5), 7.0)?;
            canvas.words((span.0 + 12.0, baseline), Anchor::Start, face, &label)
        }
        Place::Above => {
            wedge(canvas, (span.1, baseline - 4.5), -7.0)?;
            canvas.words((span.1 - 12.0, baseline), Anchor::End, face, &label)
        }
    }
}

/// A triangle with its tip at `tip` and its base `length` to the right of it.
fn wedge(canvas: &mut Canvas, tip: (f64, f64), length: f64) -> Result<()> {
    let base = tip.0 + length;
    canvas.polygon(&[tip, (base, tip.1 - 4.0), (base, tip.1 + 4.0)], VERMILION)
}
