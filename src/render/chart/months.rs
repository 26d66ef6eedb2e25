//! A horizontal axis of months: as many names as fit, counted from a January, years below.

use anyhow::Result;

use super::canvas::{Anchor, Canvas};
use super::style::{AXIS, SMALL, TICK};
use super::text::width;

/// Height below the plot: names of months and, below some of them, the year.
pub const HEIGHT: f64 = 38.0;

/// The horizontal place of month number `month` out of `count` between the edges of the plot; a single month
/// stands in the middle.
pub fn place(span: (f64, f64), month: usize, count: usize) -> f64 {
    if count < 2 {
        return (span.0 + span.1) / 2.0;
    }
    span.0 + (span.1 - span.0) * month as f64 / (count - 1) as f64
}

/// Ticks and names below `bottom`, with the year below the first name and wherever it changes.
pub fn draw(canvas: &mut Canvas, span: (f64, f64), bottom: f64, months: &[String]) -> Result<()> {
    let mut year_before = "";
    for month in labelled(months, span.1 - span.0) {
        let (x, (short, year)) = (place(span, month, months.len()), split(&months[month]));
        canvas.line((x, bottom), (x, bottom + TICK), 1.0, AXIS)?;
        canvas.words((x, bottom + TICK + 13.0), Anchor::Middle, SMALL, short)?;
        if year != year_before {
            canvas.words((x, bottom + TICK + 28.0), Anchor::Middle, SMALL, year)?;
            year_before = year;
        }
    }
    Ok(())
}

/// `Jan 2027` as `Jan` and `2027`; a name without a space has no year.
fn split(month: &str) -> (&str, &str) {
    month.rsplit_once(' ').unwrap_or((month, ""))
}

/// The months to label: every one, or every second, third, sixth or twelfth, counted from a January.
fn labelled(months: &[String], room: f64) -> Vec<usize> {
    let words = months.iter().map(|month| split(month));
    let widest = words.map(|(short, year)| width(short, SMALL).max(width(year, SMALL))).fold(0.0, f64::max);
    let apart = room / (months.len().max(2) - 1) as f64;
    let fitting = [1, 2, 3, 6, 12, 24, 60].into_iter().find(|&stride| apart * stride as f64 >= widest + 12.0);
    let stride = fitting.unwrap_or(months.len());
    let january = months.iter().position(|month| month.starts_with("Jan")).unwrap_or(0);
    (0..months.len()).filter(|month| month % stride == january % stride).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_months_are_labelled_at_january() {
        let months: Vec<String> = (0..60)
            .map(|m| format!("{} {}", ["Jul", "Jan"][usize::from(m % 12 == 6)], 2027 + (m + 6) / 12))
            .collect();
        let labelled = labelled(&months, 430.0);
        assert!(labelled.len() >= 5 && labelled.iter().all(|month| month % 6 == 0));
    }

    #[test]
    fn few_months_are_all_labelled() {
        let months = ["Nov 2027", "Dec 2027", "Jan 2028"].map(str::to_owned);
        assert_eq!(labelled(&months, 430.0), [0, 1, 2]);
        assert_eq!(split("Q1"), ("Q1", ""));
    }
}
