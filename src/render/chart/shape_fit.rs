//! How a day's hours or a week's days share its requests: whole days or weeks of a log, and the fitted share.

use anyhow::{Result, ensure};
use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Point};
use super::page::Page;
use super::plot::{Plot, Unit};
use super::style::{BLUE, HALF_HEIGHT, INK, SMALL};
use super::{Chart, check};

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct ShapeFit {
    /// The chart's name, which becomes the stem of its file.
    pub name: String,
    /// What is shared: `day` or `week`.
    pub whole: &'static str,
    /// What a part is: `hour` or `weekday`.
    pub part: &'static str,
    /// The parts.
    pub columns: Vec<Column>,
    /// Where it comes from, for the foot.
    pub provenance: String,
}

/// A part: an hour or a weekday.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name in a sentence.
    pub name: String,
    /// Its name below the axis, where there is room.
    pub label: String,
    /// Its share in each whole day or week.
    pub seen: Vec<f64>,
    /// Its share in the fit.
    pub fitted: f64,
}

/// More observations than this are drawn as a bar.
const DOTS: usize = 10;
/// The bar from P10 to P90.
const BAR: RGBColor = RGBColor(0xD1, 0xD5, 0xDB);

/// Draws the chart. An error when there is no part or a share is none.
pub fn draw(input: &ShapeFit) -> Result<Chart> {
    check::some(&input.columns, "shape", "part")?;
    ensure!(
        input.columns.iter().all(|column| !column.seen.is_empty()),
        "a part of the {} was never seen",
        input.whole
    );
    for column in &input.columns {
        check::shares(&column.seen, &column.name)?;
        check::shares(&[column.fitted], &column.name)?;
    }
    let title = title(input);
    let many = input.columns[0].seen.len();
    let log = if many > DOTS {
        format!("Grey and black: P10 to P90 and the median of {many} {}s of the log.", input.whole)
    } else {
        format!("Dots: {many} {} of the log, the oldest at the left.", plural(input.whole, many))
    };
    let subtitle =
        format!("Share of a {}'s requests by {}, UTC. Blue: the fit. {log}", input.whole, input.part);
    let page = Page::half(&title, &subtitle, &input.provenance);
    let bottom = (HALF_HEIGHT - page.foot_height()).max(page.top() + 220.0);
    let values = input.columns.iter().flat_map(|column| {
        let most = if many > DOTS { ranks(&column.seen)[2] } else { largest(&column.seen) };
        [column.fitted, most]
    });
    let values: Vec<f64> = values.collect();
    let plot = Plot::new(&values, Unit::Share, page.width, (bottom - 40.0, page.top() + 4.0));
    page.chart(&input.name, &format!("{title}. {subtitle}"), bottom, |canvas| {
        plot.draw(canvas)?;
        plot.name(canvas, &format!("{}, UTC", input.part))?;
        for (at, column) in input.columns.iter().enumerate() {
            draw_seen(canvas, &plot, at, column, input.columns.len())?;
        }
        canvas.path(&fitted(&plot, input), 2.0, BLUE)
    })
}

fn title(input: &ShapeFit) -> String {
    let by_share = |a: &&Column, b: &&Column| a.fitted.total_cmp(&b.fitted);
    let (most, least) = (input.columns.iter().max_by(by_share), input.columns.iter().min_by(by_share));
    let share = |column: &Column| format!("{:.1} %", 100.0 * column.fitted);
    match (most, least) {
        (Some(most), Some(least)) if most.fitted > 1.02 * least.fitted => format!(
            "The fit has {} of a {}'s requests {}, and {} {}",
            share(most),
            input.whole,
            most.name,
            share(least),
            least.name
        ),
        _ => format!("To the fit all {}s are alike", input.part),
    }
}

fn plural(word: &str, count: usize) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn draw_seen(canvas: &mut Canvas, plot: &Plot, at: usize, column: &Column, columns: usize) -> Result<()> {
    let (x, step) = (plot.column(at, columns), plot.step(columns));
    if !column.label.is_empty() {
        canvas.words((x, plot.bottom + 17.0), Anchor::Middle, SMALL, &column.label)?;
    }
    if column.seen.len() > DOTS {
        let [low, middle, high] = ranks(&column.seen);
        let half = (0.3 * step).min(16.0);
        canvas.rect((x - half, plot.y(high)), (x + half, plot.y(low)), BAR)?;
        return canvas.line((x - half, plot.y(middle)), (x + half, plot.y(middle)), 2.4, INK);
    }
    let radius = (0.09 * step).clamp(1.6, 3.0);
    let spread = 0.7 * step / column.seen.len() as f64;
    for (number, share) in column.seen.iter().enumerate() {
        let aside = (number as f64 - 0.5 * (column.seen.len() - 1) as f64) * spread;
        canvas.dot((x + aside, plot.y(*share)), radius, INK)?;
    }
    Ok(())
}

/// The fitted shares as stairs.
fn fitted(plot: &Plot, input: &ShapeFit) -> Vec<Point> {
    let half = 0.5 * plot.step(input.columns.len());
    let ends = |(at, column): (usize, &Column)| {
        let (x, y) = (plot.column(at, input.columns.len()), plot.y(column.fitted));
        [(x - half, y), (x + half, y)]
    };
    input.columns.iter().enumerate().flat_map(ends).collect()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn ranks(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    [0.1, 0.5, 0.9].map(|rank| sorted[(rank * (sorted.len() - 1) as f64).round() as usize])
}
