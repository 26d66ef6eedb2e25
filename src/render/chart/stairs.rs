//! Labels of many curves as a staircase above their plot, the leftmost curve's on top.
//!
//! A line rises from each curve to its label. Labels run to the right of their lines, and every line further
//! right ends on a lower step, so no line crosses a label, however many curves there are.

use anyhow::Result;
use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Point};
use super::spread::spread;
use super::style::{Face, MARGIN, WIDE};
use super::text::width;

/// Height of one step.
pub const STEP: f64 = 19.0;
/// The nearest that two rising lines may come.
const APART: f64 = 7.0;
/// From a rising line to the words of its label.
const WORDS_AFTER: f64 = 8.0;

/// One step of the staircase.
pub struct Stair {
    /// The label.
    pub words: String,
    /// How the label is written.
    pub face: Face,
    /// Colour of the line.
    pub mark: RGBColor,
    /// Whether the line is dashed and goes on down through the plot, as a budget's does.
    pub whole_height: bool,
    /// Where the line begins.
    pub foot: Point,
}

/// Draws the stairs, which come sorted from left to right, on steps below `first_step`; no line further left
/// than `left`. `plot` is the upper and the lower edge of the plot below.
pub fn draw(
    canvas: &mut Canvas,
    stairs: &[Stair],
    first_step: f64,
    left: f64,
    plot: (f64, f64),
) -> Result<()> {
    for (step, (stair, x)) in stairs.iter().zip(risers(stairs, left)).enumerate() {
        let baseline = first_step + STEP * (step as f64 + 1.0) - 4.0;
        let y = baseline - 4.5;
        let start = if stair.whole_height { (stair.foot.0, plot.1) } else { stair.foot };
        let rise = [start, (stair.foot.0, plot.0 - 2.0), (x, plot.0 - 8.0), (x, y)];
        if stair.whole_height {
            canvas.dashed(&rise, (6.0, 4.0), 1.8, stair.mark)?;
            canvas.line((x - 0.9, y), (x + 5.0, y), 1.8, stair.mark)?;
        } else {
            canvas.path(&rise, 1.0, stair.mark)?;
            canvas.line((x - 0.5, y), (x + 5.0, y), 1.0, stair.mark)?;
            canvas.dot(stair.foot, 3.2, stair.mark)?;
        }
        canvas.words((x + WORDS_AFTER, baseline), Anchor::Start, stair.face, &stair.words)?;
    }
    Ok(())
}

/// Where each line rises: above its foot, or beside it where several feet are too near to each other.
fn risers(stairs: &[Stair], left: f64) -> Vec<f64> {
    let feet: Vec<f64> = stairs.iter().map(|stair| stair.foot.0).collect();
    spread(&feet, APART, left, WIDE - MARGIN)
}

/// How far right the plot may reach for every label to end within the page, if the stairs were placed for a
/// plot over `span`: feet move with the plot's width, the words keep theirs.
pub fn widest_right(stairs: &[Stair], span: (f64, f64)) -> f64 {
    let (left, right) = span;
    let fits = |(stair, riser): (&Stair, f64)| {
        let share = (stair.foot.0 - left) / (right - left);
        let beside = riser - stair.foot.0 + WORDS_AFTER + width(&stair.words, stair.face);
        if share > 0.01 { left + (WIDE - MARGIN - beside - left) / share } else { f64::INFINITY }
    };
    stairs.iter().zip(risers(stairs, left)).map(fits).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::super::style::{BLUE, LABEL};
    use super::*;

    fn stair(x: f64, letters: usize) -> Stair {
        let words = "m".repeat(letters);
        Stair { words, face: LABEL, mark: BLUE, whole_height: false, foot: (x, 100.0) }
    }

    #[test]
    fn long_labels_at_the_right_narrow_the_plot() {
        let short = widest_right(&[stair(900.0, 1)], (90.0, 956.0));
        let long = widest_right(&[stair(900.0, 30)], (90.0, 956.0));
        assert!(short > 956.0 && long < 800.0, "{short} {long}");
    }

    #[test]
    fn lines_from_one_foot_part() {
        let places = risers(&[stair(500.0, 3), stair(500.0, 3), stair(500.0, 3)], 90.0);
        assert_eq!(places, [493.0, 500.0, 507.0]);
    }
}
