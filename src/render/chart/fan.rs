//! One route month by month: the median between its 50 % and 90 % bands, and the monthly budget.

use anyhow::{Result, ensure};

use super::canvas::{Anchor, Canvas, Point};
use super::months;
use super::page::Page;
use super::scale::{Base, Scale};
use super::spread::spread;
use super::style::{
    AXIS, BLUE, BLUE_LIGHT, BLUE_MID, Face, GRID, HALF_HEIGHT, LABEL, MARGIN, SMALL, SOFT, VERMILION,
    VERMILION_WORD,
};
use super::text::width;
use super::words::name;
use super::{Chart, check};
use crate::domain::format::usd_short;

/// What the chart shows.
#[derive(Debug, Clone)]
pub struct Fan {
    /// The chart's name, which becomes the stem of its file.
    pub name: String,
    /// The route's name.
    pub route: String,
    /// The months as `Jan 2027`, in order.
    pub months: Vec<String>,
    /// Per month: one trial in twenty costs less.
    pub p05: Vec<f64>,
    /// Per month: one trial in four costs less.
    pub p25: Vec<f64>,
    /// Per month: half of the trials cost less.
    pub p50: Vec<f64>,
    /// Per month: one trial in four costs more.
    pub p75: Vec<f64>,
    /// Per month: one trial in twenty costs more.
    pub p95: Vec<f64>,
    /// The budget per month.
    pub budget_usd: Option<f64>,
    /// Upper end of the axis, when several charts share it; larger values of this route widen it.
    pub y_max_usd: Option<f64>,
    /// Seed, prices and scenario, for the foot.
    pub provenance: String,
}

/// Height that one label at the right edge needs.
const LABEL_LINE: f64 = 15.0;
/// Half the width of the bars that stand for the bands when there is only one month.
const HALF_BAR: f64 = 45.0;

/// Where the plot goes and how to get there from months and dollars.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    money: Scale,
}

/// One label at the right edge.
struct Mark {
    words: String,
    face: Face,
    /// The height that it belongs to.
    at: f64,
}

/// Draws the chart. An error when there is no month, the series differ in length or a figure is no number.
pub fn draw(input: &Fan) -> Result<Chart> {
    check_input(input)?;
    let subtitle = "Spend per month in USD. Line: P50, the median. Bands: 50 % and 90 % of trials.";
    let page = Page::half(&title(input), subtitle, &input.provenance);
    let bottom = (HALF_HEIGHT - page.foot_height()).max(page.top() + 200.0);
    let frame = frame(input, page.top() + 4.0, bottom - months::HEIGHT, page.width);
    page.chart(&input.name, &description(input), bottom, |canvas| {
        draw_money_axis(canvas, &frame)?;
        let level = frame.money.at(0.0_f64.max(frame.money.low()));
        canvas.line((frame.left, level), (frame.right, level), 1.2, AXIS)?;
        months::draw(canvas, frame.span(), frame.bottom, &input.months)?;
        draw_bands(canvas, &frame, input)?;
        draw_budget(canvas, &frame, input.budget_usd)?;
        draw_labels(canvas, &frame, marks(input, &frame))
    })
}

fn check_input(input: &Fan) -> Result<()> {
    check::some(&input.months, "fan", "month")?;
    check::budget(input.budget_usd)?;
    check::amounts(input.y_max_usd.as_slice(), "the shared axis")?;
    for series in [&input.p05, &input.p25, &input.p50, &input.p75, &input.p95] {
        ensure!(
            series.len() == input.months.len(),
            "the fan chart of {} has {} months but {} values in one of its series",
            input.route,
            input.months.len(),
            series.len()
        );
        check::amounts(series, &input.route)?;
    }
    Ok(())
}

/// Measures labels on both sides, and gives the plot what they leave.
fn frame(input: &Fan, top: f64, bottom: f64, page_width: f64) -> Frame {
    let series = [&input.p05, &input.p25, &input.p50, &input.p75, &input.p95];
    let values: Vec<f64> = series.into_iter().flatten().copied().chain(input.y_max_usd).collect();
    let money = Scale::linear(&values, input.budget_usd, Base::Zero, (bottom, top), 46.0);
    let widest = money.ticks().iter().map(|tick| width(&tick.label, SMALL)).fold(0.0, f64::max);
    let mut frame = Frame { left: MARGIN + widest + 10.0, right: 0.0, top, bottom, money };
    let labels = marks(input, &frame);
    let widest = labels.iter().map(|mark| width(&mark.words, mark.face)).fold(0.0, f64::max);
    frame.right = page_width - MARGIN - widest - 14.0;
    frame
}

impl Frame {
    /// Left and right edge of the plot.
    fn span(&self) -> (f64, f64) {
        (self.left, self.right)
    }

    /// A series as a line; a single month becomes a short level line, so that it can be seen.
    fn line(&self, values: &[f64]) -> Vec<Point> {
        if let [value] = values {
            let (middle, y) = (months::place(self.span(), 0, 1), self.money.at(*value));
            return vec![(middle - HALF_BAR, y), (middle + HALF_BAR, y)];
        }
        values
            .iter()
            .enumerate()
            .map(|(month, &value)| (months::place(self.span(), month, values.len()), self.money.at(value)))
            .collect()
    }

    /// The area between two series.
    fn band(&self, low: &[f64], high: &[f64]) -> Vec<Point> {
        self.line(high).into_iter().chain(self.line(low).into_iter().rev()).collect()
    }
}

fn draw_money_axis(canvas: &mut Canvas, frame: &Frame) -> Result<()> {
    for tick in frame.money.ticks() {
        canvas.line((frame.left, tick.at), (frame.right, tick.at), 1.0, GRID)?;
        canvas.words((frame.left - 8.0, tick.at + 4.2), Anchor::End, SMALL, &tick.label)?;
    }
    Ok(())
}

fn draw_bands(canvas: &mut Canvas, frame: &Frame, input: &Fan) -> Result<()> {
    canvas.polygon(&frame.band(&input.p05, &input.p95), BLUE_LIGHT)?;
    canvas.polygon(&frame.band(&input.p25, &input.p75), BLUE_MID)?;
    canvas.path(&frame.line(&input.p50), 2.4, BLUE)
}

fn draw_budget(canvas: &mut Canvas, frame: &Frame, budget: Option<f64>) -> Result<()> {
    let Some(budget) = budget.filter(|&usd| on_axis(frame, usd)) else { return Ok(()) };
    let y = frame.money.at(budget);
    canvas.dashed(&[(frame.left, y), (frame.right, y)], (6.0, 4.0), 1.8, VERMILION)
}

fn on_axis(frame: &Frame, budget: f64) -> bool {
    (frame.money.low()..=frame.money.high() * (1.0 + 1e-9)).contains(&budget)
}

/// The labels at the right edge, each with the height that it belongs to.
fn marks(input: &Fan, frame: &Frame) -> Vec<Mark> {
    let soft = LABEL.ink(SOFT);
    let series = [
        ("P95", &input.p95, soft),
        ("P75", &input.p75, soft),
        ("Median", &input.p50, LABEL.strong().ink(BLUE)),
        ("P25", &input.p25, soft),
        ("P5", &input.p05, soft),
    ];
    let mut marks: Vec<Mark> = series
        .into_iter()
        .filter_map(|(word, values, face)| values.last().map(|&value| (word, value, face)))
        .map(|(word, value, face)| Mark {
            words: format!("{word} {}", usd_short(value)),
            face,
            at: frame.money.at(value),
        })
        .collect();
    if let Some(budget) = input.budget_usd {
        let off = if on_axis(frame, budget) { "" } else { ", off the axis" };
        let (words, face) =
            (format!("Budget {}{off}", usd_short(budget)), LABEL.strong().ink(VERMILION_WORD));
        // First, so that it stays above a percentile of exactly its own height.
        marks.insert(0, Mark { words, face, at: frame.money.at(budget) });
    }
    marks
}

/// The labels, pushed apart where they collide, with a line to the place that each belongs to.
fn draw_labels(canvas: &mut Canvas, frame: &Frame, marks: Vec<Mark>) -> Result<()> {
    let wanted: Vec<f64> = marks.iter().map(|mark| mark.at).collect();
    let places = spread(&wanted, LABEL_LINE, frame.top - 4.0, frame.bottom - 1.0);
    for (mark, place) in marks.iter().zip(places) {
        if (place - mark.at).abs() > 2.0 {
            let bend = frame.right + 10.0;
            canvas.path(&[(frame.right + 2.0, mark.at), (bend, place)], 0.8, AXIS)?;
        }
        canvas.words((frame.right + 14.0, place + 4.5), Anchor::Start, mark.face, &mark.words)?;
    }
    Ok(())
}

fn title(input: &Fan) -> String {
    let route = name(&input.route);
    let (first, last) = (input.p50[0], input.p50[input.p50.len() - 1]);
    let (from, to) = (usd_short(first), usd_short(last));
    if input.p95.iter().all(|&value| value.abs() < 1e-6) {
        return format!("{route}: no spend in any month");
    }
    if let Some(budget) = input.budget_usd {
        return format!("{route}: {}", against(input, budget));
    }
    if input.months.len() == 1 {
        format!("{route}: {to} at the median in {}", input.months[0])
    } else if from == to {
        format!("{route}: the median month starts and ends at {to}")
    } else {
        let way = if last > first { "grows" } else { "falls" };
        format!("{route}: the median month {way} from {from} to {to}")
    }
}

/// How median and P95 stand against the budget, and since when.
fn against(input: &Fan, budget: f64) -> String {
    let limit = usd_short(budget);
    let over = |series: &[f64]| series.iter().position(|&value| value > budget);
    let single = input.months.len() == 1;
    match (over(&input.p50), over(&input.p95)) {
        (Some(_), _) if single => format!("the median exceeds the {limit} budget"),
        (Some(_), _) if input.p50.iter().all(|&value| value > budget) => {
            format!("the median exceeds the {limit} budget in every month")
        }
        (Some(month), _) => format!("the median first exceeds the {limit} budget in {}", input.months[month]),
        (None, Some(_)) if single => format!("the median stays within the {limit} budget, but P95 does not"),
        (None, Some(month)) => {
            format!(
                "the median stays within the {limit} budget, but P95 first exceeds it in {}",
                input.months[month]
            )
        }
        (None, None) if single => format!("at least 95 % of trials stay within the {limit} budget"),
        (None, None) => format!("at least 95 % of trials stay within the {limit} budget in every month"),
    }
}

fn description(input: &Fan) -> String {
    let last = input.months.len() - 1;
    let budget =
        input.budget_usd.map_or(String::new(), |usd| format!(" The monthly budget is {}.", usd_short(usd)));
    format!(
        "Fan chart of the monthly spend on {} from {} to {}; in the last month the median is {}, P5 {} and P95 \
         {}.{budget}",
        input.route,
        input.months[0],
        input.months[last],
        usd_short(input.p50[last]),
        usd_short(input.p05[last]),
        usd_short(input.p95[last])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fan(p50: &[f64], budget_usd: Option<f64>) -> Fan {
        let times = |factor: f64| p50.iter().map(|value| value * factor).collect();
        let all = ["Jan 2027", "Feb 2027", "Mar 2027"];
        Fan {
            name: "fan".to_owned(),
            route: "a".to_owned(),
            months: all.iter().take(p50.len()).map(|&month| month.to_owned()).collect(),
            p05: times(0.5),
            p25: times(0.8),
            p50: p50.to_vec(),
            p75: times(1.3),
            p95: times(2.0),
            budget_usd,
            y_max_usd: None,
            provenance: String::new(),
        }
    }

    fn title_of(p50: &[f64], budget: Option<f64>) -> String {
        draw(&fan(p50, budget)).unwrap().title
    }

    #[test]
    fn without_a_budget_the_title_tells_the_trend() {
        assert_eq!(title_of(&[1e5, 2e5, 3e5], None), "a: the median month grows from $100k to $300k");
        assert_eq!(title_of(&[3e5, 2e5], None), "a: the median month falls from $300k to $200k");
        assert_eq!(title_of(&[1e5, 1e5], None), "a: the median month starts and ends at $100k");
        assert_eq!(title_of(&[1e5], None), "a: $100k at the median in Jan 2027");
        assert_eq!(title_of(&[0.0, 0.0], Some(1.0)), "a: no spend in any month");
    }

    #[test]
    fn with_a_budget_the_title_tells_when_it_breaks() {
        let p50 = [100.0, 200.0, 300.0];
        assert_eq!(
            title_of(&p50, Some(700.0)),
            "a: at least 95 % of trials stay within the $700 budget in every month"
        );
        assert_eq!(
            title_of(&p50, Some(350.0)),
            "a: the median stays within the $350 budget, but P95 first exceeds it in Feb 2027"
        );
        assert_eq!(title_of(&p50, Some(250.0)), "a: the median first exceeds the $250 budget in Mar 2027");
        assert_eq!(title_of(&p50, Some(50.0)), "a: the median exceeds the $50 budget in every month");
    }

    #[test]
    fn series_of_different_length_are_an_error() {
        let mut input = fan(&[1.0, 2.0], None);
        input.p95.pop();
        assert!(draw(&input).is_err());
    }
}
