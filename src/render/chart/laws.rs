//! What holds for every chart and every input: no two labels overlap, nothing leaves the page, no number is
//! undefined, and the same input makes the same bytes. Checked on the finished SVG, over awkward inputs.

use super::style::{Face, LABEL};
use super::text::width;
use super::{
    Chart, cache_fit, components, days_fit, distribution, exceedance, fan, glance, heat_map, laws_fit,
    margin, memory_fit, overlay, premium, shape_fit,
};

pub(super) const LONG: &str = "openrouter/openai/gpt-5.4-pro:batch@datazone-apac";

/// The place that one line of words takes, in nominal pixels.
struct Words {
    words: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl std::fmt::Display for Words {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Words { words, left, right, top, bottom } = self;
        write!(out, "\"{words}\" ({left:.1} to {right:.1}, {top:.1} to {bottom:.1})")
    }
}

/// The value of an attribute in a line of SVG.
fn attribute<'a>(line: &'a str, name: &str) -> &'a str {
    let start = line.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    line[start..].split('"').next().unwrap()
}

fn number(line: &str, name: &str) -> f64 {
    attribute(line, name).parse().unwrap()
}

fn place(line: &str) -> Words {
    let words = line.split_once('>').unwrap().1.trim_end_matches("</text>");
    let words =
        ["&lt;<", "&gt;>", "&quot;\"", "&apos;'", "&amp;&"].iter().fold(words.to_owned(), |words, pair| {
            words.replace(&pair[..pair.len() - 1], &pair[pair.len() - 1..])
        });
    let size = number(line, "font-size") / 10.0;
    let long = width(&words, Face { size, bold: line.contains("font-weight=\"bold\""), ..LABEL });
    let (x, y) = (number(line, "x") / 10.0, number(line, "y") / 10.0);
    let before = match attribute(line, "text-anchor") {
        "start" => 0.0,
        "middle" => long / 2.0,
        _ => long,
    };
    if line.contains("rotate(270") {
        return Words { words, left: x, right: x + size, top: y + before - long, bottom: y + before };
    }
    Words { words, left: x - before, right: x - before + long, top: y + size * 0.04, bottom: y + size * 0.96 }
}

/// Checks one finished chart against every law.
pub(super) fn obeys(case: &str, chart: &Chart) {
    let svg = &chart.svg;
    assert!(!svg.contains("NaN") && !svg.contains("\"inf") && !svg.contains(" id="), "{case}");
    assert!(!chart.title.contains("NaN") && !chart.description.contains("NaN"), "{case}: {}", chart.title);
    let (wide, high) = (number(svg, "width"), number(svg, "height"));
    let places: Vec<Words> = svg.lines().filter(|line| line.starts_with("<text")).map(place).collect();
    assert!(places.len() > 5, "{case}: hardly any words");
    for (at, one) in places.iter().enumerate() {
        assert!(one.left >= 0.0 && one.right <= wide, "{case}, {}: {one} leaves the page", chart.name);
        assert!(one.top >= 0.0 && one.bottom <= high, "{case}, {}: {one} leaves the page", chart.name);
        for other in &places[..at] {
            let beside = one.left >= other.right || other.left >= one.right;
            let below = one.top >= other.bottom || other.top >= one.bottom;
            assert!(beside || below, "{case}, {}: {one} overlaps {other}", chart.name);
        }
    }
}

/// One awkward set of routes.
struct Case {
    name: &'static str,
    /// Median of each route.
    medians: Vec<f64>,
    /// P90 over P50, and P50 over P10.
    spread: f64,
    budget: Option<f64>,
}

fn case(name: &'static str, medians: Vec<f64>, spread: f64, budget: Option<f64>) -> Case {
    Case { name, medians, spread, budget }
}

fn cases() -> Vec<Case> {
    let fourteen = || (0..14).map(|at| 8e5 + 1.3e5 * f64::from((at * 5) % 14)).collect::<Vec<f64>>();
    let powers = || (0..14).map(|at| 0.01 * 10_f64.powi(at - 1)).collect::<Vec<f64>>();
    vec![
        case("one", vec![1.2e6], 1.4, None),
        case("one with a budget", vec![1.2e6], 1.4, Some(1.3e6)),
        case("four", vec![1.2e6, 1.3e6, 1.7e6, 2.1e6], 1.3, Some(1.7e6)),
        case("fourteen", fourteen(), 1.4, Some(1.5e6)),
        case("fourteen alike", vec![1e6; 14], 1.2, Some(1e6)),
        case("fourteen certain", vec![1_234_567.0; 14], 1.0, Some(1_234_567.0)),
        case("fourteen nearly alike", (0..14).map(|at| 1e6 + f64::from(at)).collect(), 1.000_01, Some(1e6)),
        case("hundredfold", vec![1e4, 3e4, 5e5, 1e6], 1.5, Some(1e6)),
        case("all decades", powers(), 1.3, Some(1e10)),
        case("zeros", vec![0.0; 3], 1.0, Some(1e6)),
        case("zeros without a budget", vec![0.0; 14], 1.0, None),
        case("zero among others", vec![0.0, 10.0, 1e9], 1.5, Some(0.0)),
        case("budget far above", fourteen(), 1.2, Some(9.99e14)),
        case("budget far below", fourteen(), 1.2, Some(0.01)),
        case("budget at the end of the axis", vec![1e6, 1.5e6], 1.1, Some(2e6)),
        case("cents", vec![0.01, 0.012], 1.1, Some(0.02)),
        case("billions", vec![1e10, 9.99e9], 1.01, Some(1e10)),
        case("negative", vec![-5.0, 10.0], 2.0, Some(-3.0)),
    ]
}

impl Case {
    fn route(&self, at: usize) -> String {
        // Lengths in turn from long to one letter, so that columns and staircases are tried unevenly.
        if at.is_multiple_of(3) { LONG.to_owned() } else { "r".repeat(1 + at * 3) }
    }

    fn routes(&self) -> impl Iterator<Item = (String, f64, f64, f64)> {
        let rows = self.medians.iter().enumerate();
        rows.map(|(at, &p50)| (self.route(at), p50 / self.spread, p50, p50 * self.spread))
    }

    fn charts(&self) -> Vec<Chart> {
        let drawn = [
            glance::draw(&self.glance()),
            distribution::draw(&self.distribution()),
            exceedance::draw(&self.exceedance()),
            components::draw(&self.components()),
            premium::draw(&self.premium()),
            overlay::draw(&self.overlay()),
        ];
        let drawn = drawn.into_iter().zip([
            "glance",
            "distribution",
            "exceedance",
            "components",
            "premium",
            "overlay",
        ]);
        drawn
            .map(|(chart, name)| chart.unwrap_or_else(|why| panic!("{}: {name}: {why}", self.name)))
            .collect()
    }

    fn glance(&self) -> glance::Glance {
        let row = |(route, p10, p50, p90)| glance::GlanceRow {
            route,
            p10,
            p50,
            p90,
            over_budget_probability: self.budget.map(|usd| f64::from(u8::from(p50 > usd))),
        };
        let rows = self.routes().map(row).collect();
        glance::Glance { rows, horizon: horizon(), budget_usd: self.budget, provenance: provenance() }
    }

    fn distribution(&self) -> distribution::Distribution {
        let row = |(route, p10, p50, p90): (String, f64, f64, f64)| distribution::DistributionRow {
            route,
            p10,
            p50,
            p90,
            bins: vec![(p10.min(p50), p50.max(p10), 0.5), (p50.min(p90), p90.max(p50), 0.5)],
        };
        let rows = self.routes().map(row).collect();
        distribution::Distribution {
            rows,
            horizon: horizon(),
            budget_usd: self.budget,
            provenance: provenance(),
        }
    }

    fn exceedance(&self) -> exceedance::Exceedance {
        let curve = |(route, p10, p50, p90): (String, f64, f64, f64)| exceedance::ExceedanceCurve {
            route,
            points: vec![(p10.min(p90), 1.0), (p50, 0.5), (p90.max(p10), 0.0)],
        };
        let curves = self.routes().map(curve).collect();
        exceedance::Exceedance {
            curves,
            horizon: horizon(),
            budget_usd: self.budget,
            provenance: provenance(),
        }
    }

    fn components(&self) -> components::Components {
        let row = |(route, _, p50, _): (String, f64, f64, f64)| components::ComponentsRow {
            route,
            input: p50.abs() * 0.3,
            cached_input: p50.abs() * 0.1,
            cache_write: p50.abs() * 0.02,
            output: p50.abs() * 0.5,
            tools: p50.abs() * 0.01,
            fees: p50.abs() * 0.055,
            capacity: p50.abs() * 0.2,
        };
        let rows = self.routes().map(row).collect();
        components::Components { rows, horizon: horizon(), provenance: provenance() }
    }

    fn premium(&self) -> premium::Premium {
        let row =
            |(route, p10, mean, p90)| premium::PremiumRow { route, mean, p10, p90, share_of_spend: 0.121 };
        let rows = self.routes().map(row).collect();
        premium::Premium { rows, horizon: horizon(), provenance: provenance() }
    }

    fn overlay(&self) -> overlay::Overlay {
        let route = |(route, p10, p50, p90): (String, f64, f64, f64)| overlay::OverlayRoute {
            route,
            bars: vec![Some((p10, p50, p90)), None, Some((p10 * 0.9, p50 * 0.9, p90 * 0.9))],
            note: format!("{LONG} cheaper in 99 % of all trials, which is a very long remark beside a name"),
        };
        let scenarios = vec!["base".to_owned(), "x".to_owned(), format!("a very long scenario name, {LONG}")];
        overlay::Overlay {
            scenarios,
            routes: self.routes().map(route).collect(),
            horizon: horizon(),
            provenance: provenance(),
        }
    }
}

fn horizon() -> String {
    "12 months from Jan 2027".to_owned()
}

fn provenance() -> String {
    "tollcast 0.1.0 \u{B7} seed 7 \u{B7} 4,096 trials \u{B7} prices 2026-11-01 ".repeat(3)
}

fn fan_of(months: usize, median: f64, spread: f64, budget_usd: Option<f64>, y_max_usd: Option<f64>) -> Chart {
    let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let series = |factor: f64| vec![median * factor; months];
    let input = fan::Fan {
        name: "fan".to_owned(),
        route: LONG.to_owned(),
        months: (4..4 + months).map(|at| format!("{} {}", names[at % 12], 2027 + at / 12)).collect(),
        p05: series(1.0 / spread / spread),
        p25: series(1.0 / spread),
        p50: series(1.0),
        p75: series(spread),
        p95: series(spread * spread),
        budget_usd,
        y_max_usd,
        provenance: provenance(),
    };
    fan::draw(&input).unwrap()
}

#[test]
fn every_chart_obeys_the_laws() {
    for case in cases() {
        for chart in case.charts() {
            obeys(case.name, &chart);
        }
    }
}

#[test]
fn every_fan_obeys_the_laws() {
    for months in [1, 2, 3, 12, 18, 24, 36, 60] {
        for (median, spread) in
            [(190e3, 1.3), (190e3, 1.0), (0.0, 1.0), (0.01, 1.01), (1e10, 3.0), (-4.0, 1.5)]
        {
            for budget in [None, Some(median), Some(median * 1.5), Some(0.0), Some(1e14)] {
                for y_max in [None, Some(2e6)] {
                    let chart = fan_of(months, median, spread, budget, y_max);
                    obeys(&format!("{months} months of {median} against {budget:?}"), &chart);
                }
            }
        }
    }
}

/// Margins that rise by `height` along the range, with break-even points at some places.
fn margins(height: f64, edges: &[f64], chances: bool) -> Chart {
    let at = |i: u32| f64::from(i) / 40.0;
    let point = |i: u32| {
        let margin = height * (at(i) - 0.3);
        (i != 7).then_some(margin::MarginPoint { place: at(i), margin, met: margin >= 0.0 })
    };
    margin::draw(&margin::MarginChart {
        title: format!(
            "\u{201C}{LONG} cheaper than {LONG}\u{201D} with a chance of 90 % holds from 1.234 % on."
        ),
        field: "workloads.assistant.cache.hit_rate".to_owned(),
        points: (0..=40).map(point).collect(),
        chances,
        edges: edges.iter().map(|place| (*place, "1,234,567 (± 1,234)".to_owned())).collect(),
        met: edges.iter().map(|place| (*place, 1.0)).collect(),
        now: Some(0.31),
        ticks: (0..9).map(|i| (f64::from(i) / 8.0, "\u{d7} 0.00123".to_owned())).collect(),
        horizon: horizon(),
        provenance: provenance(),
    })
    .unwrap()
}

/// A map of so many cells along each axis, the scenario at a place of both.
fn map(count: usize, now: f64, routes: usize) -> Chart {
    let axis = || heat_map::HeatMapAxis {
        title: format!("routes.{LONG}.discount, factor"),
        labels: (0..count).map(|i| format!("{:.1} %", 100.0 * i as f64 / count as f64)).collect(),
        now: Some(now),
    };
    heat_map::draw(&heat_map::HeatMap {
        what: "admissible route".to_owned(),
        x: axis(),
        y: axis(),
        routes: (0..routes).map(|at| (format!("{LONG} {at} and {LONG}"), 1.0 / routes as f64)).collect(),
        cells: (0..count * count)
            .map(|i| (i % 7 > 0).then_some((i % routes, 0.01 * (i % 9) as f64)))
            .collect(),
        figure: "P50".to_owned(),
        horizon: horizon(),
        provenance: provenance(),
    })
    .unwrap()
}

#[test]
fn margins_and_maps_obey_the_laws() {
    for height in [1e-3, 12.0, 1e7, -1e12] {
        for edges in [&[][..], &[0.3], &[0.0, 1.0], &[0.99, 0.995, 1.0], &[0.1; 12]] {
            obeys(&format!("{height}, {edges:?}"), &margins(height, edges, false));
        }
    }
    obeys("chances", &margins(0.9, &[0.3], true));
    for (count, now, routes) in [(2, 0.0, 1), (40, 1.0, 2), (100, 0.5, 7)] {
        obeys(&format!("{count} cells"), &map(count, now, routes));
    }
}

/// Charts of fits over so many days, columns or lengths, at a height.
fn fits(count: usize, height: f64) -> Vec<Chart> {
    let at = |i: usize| height * (0.5 + 0.5 * (i as f64).sin().abs());
    let band = |i: usize| [0.7 * at(i), at(i), 1.6 * at(i)];
    let share = |i: usize| (height / (height + 1.0)) * (0.5 + 0.5 * (i as f64).cos().abs());
    // As the reader of logs has them: half octaves up to 2³² tokens.
    let (tokens, lengths) = (|i: usize| 2_f64.powf(0.5 * i as f64), count.min(63));
    let columns = (0..count.min(24)).map(|i| shape_fit::Column {
        name: format!("on day {i}"),
        label: if count <= 7 { "Wednesday".to_owned() } else { format!("{i:02}") },
        seen: (0..count).map(share).collect(),
        fitted: share(i),
    });
    let bin = |i: usize| cache_fit::CacheBin {
        tokens: (tokens(i), tokens(i + 1)),
        weight: 1.0 / lengths as f64,
        cached: (i > 0).then(|| share(i)),
    };
    let law = laws_fit::FittedLaw {
        data: (0..lengths).map(|i| (tokens(i), (i + 1) as f64 / lengths as f64)).collect(),
        model: (0..lengths).map(|i| (tokens(i), i as f64 / lengths as f64)).collect(),
    };
    let all = [
        days_fit::draw(&days_fit::DaysFit {
            days: (0..count).map(|_| "2026-11-24".to_owned()).collect(),
            requests: (0..count).map(|i| at(3 * i)).collect(),
            bands: (0..count).map(band).collect(),
            provenance: provenance(),
        }),
        shape_fit::draw(&shape_fit::ShapeFit {
            name: "fit-shape".to_owned(),
            whole: "week",
            part: "weekday",
            columns: columns.collect(),
            provenance: provenance(),
        }),
        cache_fit::draw(&cache_fit::CacheFit {
            bins: (0..lengths).map(bin).collect(),
            gate: (0..lengths).map(|i| (tokens(i), share(i + 1))).collect(),
            distance: 0.0123,
            provenance: provenance(),
        }),
        memory_fit::draw(&memory_fit::MemoryFit {
            seen: (0..count.min(14)).map(|i| (i as f64).cos()).collect(),
            bands: (0..count.min(14)).map(|_| [-0.9, 0.0, 0.9]).collect(),
            provenance: provenance(),
        }),
        laws_fit::draw(&laws_fit::LawsFit {
            name: "fit-prompts".to_owned(),
            title: "Lengths of prompts".to_owned(),
            of: "requests",
            unit: "tokens",
            law,
            distance: 0.01,
            cut_at: (count > 7).then_some(131_072),
            provenance: provenance(),
        }),
    ];
    all.map(Result::unwrap).into()
}

#[test]
fn every_chart_of_a_fit_obeys_the_laws() {
    for count in [2, 3, 7, 24, 61, 182] {
        for height in [0.2, 3.0, 1e6, 3e11] {
            for chart in fits(count, height) {
                obeys(&format!("{count} at {height}"), &chart);
            }
        }
    }
}

#[test]
fn the_same_input_makes_the_same_bytes() {
    for case in cases() {
        assert_eq!(case.charts(), case.charts());
    }
}

#[test]
fn what_cannot_be_drawn_is_an_error_with_a_sentence() {
    let nothing = case("nothing", Vec::new(), 1.0, None);
    let undefined = case("undefined", vec![f64::NAN], 1.0, None);
    let infinite = case("infinite", vec![f64::INFINITY], 1.0, None);
    for case in [nothing, undefined, infinite] {
        let errors = [
            glance::draw(&case.glance()).err(),
            distribution::draw(&case.distribution()).err(),
            exceedance::draw(&case.exceedance()).err(),
            components::draw(&case.components()).err(),
            premium::draw(&case.premium()).err(),
            overlay::draw(&case.overlay()).err(),
        ];
        for error in errors {
            let sentence = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(sentence.split(' ').count() > 5, "{}: {sentence:?}", case.name);
        }
    }
}
