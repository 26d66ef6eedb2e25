//! The report of a fit: how well its laws fit, and pictures of the log beside the model.

use super::chart::Chart;
use super::chart::cache_fit::{self, CacheBin, CacheFit};
use super::chart::days_fit::{self, DaysFit};
use super::chart::laws_fit::{self, FittedLaw, LawsFit};
use super::chart::memory_fit::{self, MemoryFit};
use super::chart::shape_fit::{self, Column, ShapeFit};
use super::fitted::FitReport;
use super::page::{Looked, looked_html};
use super::sheet::Sheet;
use crate::domain::format::{percent, thousands};
use crate::domain::time::Instant;
use crate::usage::{DAY_MS, Fitted, HeldShare};

/// A chart of the report, and what to look at.
#[derive(Clone, Debug)]
pub struct FitChart {
    /// The chart.
    pub chart: Chart,
    /// A sentence for people who have not seen one like it.
    pub look: &'static str,
}

/// How well the laws fit, as a table.
pub fn fit_sheet(report: &FitReport) -> Sheet {
    let fit = &report.fit;
    let tokens = |value: f64| thousands(value.round() as u64);
    let title = format!(
        "Fitted to {} requests: {} input tokens in the mean, {} of them cached, {} output tokens",
        thousands(fit.total.requests as u64),
        tokens(fit.prompt.mean),
        percent(fit.cache.hit_rate),
        tokens(fit.total.output / fit.total.requests)
    );
    let mut sheet =
        Sheet::new(title, &["law", "mean, tokens", "components", "KS distance", "its mean is known to"]);
    let mut row = |name: &str, law: &Fitted, error: f64| {
        let known = if error > 0.0 { percent(error) } else { String::new() };
        let components = law.components.len().to_string();
        sheet.rows.push(vec![
            name.to_owned(),
            tokens(law.mean),
            components,
            format!("{:.3}", law.distance),
            known,
        ]);
    };
    row("prompt", &fit.prompt, fit.prompt_error);
    if let Some(output) = &fit.output {
        row("output", output, fit.output_error);
    }
    if let Some((_, reasoning)) = &fit.reasoning {
        row("reasoning", reasoning, 0.0);
    }
    if let Some(turns) = &fit.turns {
        row("requests in a session", turns, 0.0);
    }
    sheet.notes.push(format!("Volume: {}.", fit.volume.basis));
    sheet.notes.extend(report.remarks.iter().cloned());
    sheet
}

/// The report as Markdown; pictures are links to the SVG files beside it.
pub fn fit_markdown(report: &FitReport, charts: &[FitChart]) -> String {
    let mut text = fit_sheet(report).markdown();
    for FitChart { chart, look } in charts {
        text += &format!("\n{look}\n\n![{}](charts/{}.svg)\n", chart.description, chart.name);
    }
    text
}

/// The report as one self-contained page.
///
/// # Errors
/// When a template and the report disagree, a defect of ours.
pub fn fit_html(report: &FitReport, charts: &[FitChart]) -> anyhow::Result<String> {
    let pictures: Vec<Looked<'_>> =
        charts.iter().map(|FitChart { chart, look }| Looked { look, svg: &chart.svg }).collect();
    looked_html(&format!("Fit of {}", report.name), &fit_sheet(report), &pictures, &report.provenance)
}

/// All charts for which the log has data.
///
/// # Errors
/// When a chart cannot be drawn, a defect of ours.
pub fn fit_charts(report: &FitReport) -> anyhow::Result<Vec<FitChart>> {
    let all = [
        days(report)?,
        hours(report)?,
        weekdays(report)?,
        memory(report)?,
        length(report, "prompts", Some(&report.fit.prompt), &report.fit.seen.prompts)?,
        length(report, "outputs", report.fit.output.as_ref(), &report.fit.seen.outputs)?,
        cache(report)?,
        turns(report)?,
    ];
    Ok(all.into_iter().flatten().collect())
}

type Drawn = anyhow::Result<Option<FitChart>>;

fn length(report: &FitReport, what: &str, law: Option<&Fitted>, data: &[(f64, f64)]) -> Drawn {
    let Some(law) = law.filter(|_| data.len() > 1) else { return Ok(None) };
    let chart = laws_fit::draw(&LawsFit {
        name: format!("fit-{what}"),
        title: format!("Lengths of {what}"),
        of: "requests",
        unit: "tokens",
        law: FittedLaw { data: data.to_vec(), model: law.shares(data.iter().map(|(tokens, _)| *tokens)) },
        distance: law.distance,
        cut_at: report.fit.cut_at.filter(|_| what == "prompts"),
        provenance: report.provenance.clone(),
    })?;
    let look = if what == "prompts" {
        "Look at the right end, where the longest are: they cost most, and beyond some lengths all prices are higher."
    } else {
        "Look at the right end: the longest outputs cost most, and a model's limit may cut them."
    };
    Ok(Some(FitChart { chart, look }))
}

fn turns(report: &FitReport) -> Drawn {
    let data = &report.fit.seen.turns;
    let Some(law) = report.fit.turns.as_ref().filter(|_| data.len() > 1) else { return Ok(None) };
    let chart = laws_fit::draw(&LawsFit {
        name: "fit-sessions".to_owned(),
        title: "Requests in a session".to_owned(),
        of: "sessions",
        unit: "requests",
        law: FittedLaw { data: data.clone(), model: law.shares(data.iter().map(|(turns, _)| turns + 0.5)) },
        distance: law.distance,
        cut_at: None,
        provenance: report.provenance.clone(),
    })?;
    let look = "Look at the right end: a few long sessions make months differ more than many short ones.";
    Ok(Some(FitChart { chart, look }))
}

fn cache(report: &FitReport) -> Drawn {
    /// Fewer prompts say little of a share.
    const TELLING: f64 = 30.0;
    let bins = &report.fit.seen.cached;
    let input: f64 = bins.iter().map(|bin| bin.sums.input).sum();
    if report.fit.total.cached <= 0.0 || report.gate.is_empty() || input <= 0.0 {
        return Ok(None);
    }
    let shown = bins.iter().map(|bin| CacheBin {
        tokens: bin.tokens,
        weight: bin.sums.input / input,
        cached: (bin.sums.requests >= TELLING).then(|| bin.sums.cached / bin.sums.input),
    });
    let chart = cache_fit::draw(&CacheFit {
        bins: shown.collect(),
        gate: report.gate.clone(),
        distance: report.gate_distance,
        provenance: report.provenance.clone(),
    })?;
    let look = "Look where the grey bars are high: a dot off the line there is money that the scenario puts to other lengths.";
    Ok(Some(FitChart { chart, look }))
}

fn days(report: &FitReport) -> Drawn {
    let Some(held) = &report.held.days else { return Ok(None) };
    let name = |at: usize| {
        let seconds = (held.first_ms + at as i64 * DAY_MS).div_euclid(1_000);
        Instant::from_unix_seconds(seconds).to_string()
    };
    let chart = days_fit::draw(&DaysFit {
        days: (0..held.requests.len()).map(name).collect(),
        requests: held.requests.clone(),
        bands: held.bands.clone(),
        provenance: report.provenance.clone(),
    })?;
    let look = "Look for runs of red dots: a step or a slope that the band does not follow is one that the forecast does not know.";
    Ok(Some(FitChart { chart, look }))
}

fn hours(report: &FitReport) -> Drawn {
    let Some(held) = &report.held.hours else { return Ok(None) };
    let columns = held.iter().enumerate().map(|(hour, share)| {
        let label = if hour % 3 == 0 { format!("{hour:02}") } else { String::new() };
        column(format!("at {hour:02} h"), label, share)
    });
    let chart = shape_fit::draw(&ShapeFit {
        name: "fit-hours".to_owned(),
        whole: "day",
        part: "hour",
        columns: columns.collect(),
        provenance: report.provenance.clone(),
    })?;
    let look = "Look at the hours in which a route is dearer: the fitted share of a day is billed there, whatever single days do.";
    Ok(Some(FitChart { chart, look }))
}

fn weekdays(report: &FitReport) -> Drawn {
    const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let Some(held) = &report.held.weekdays else { return Ok(None) };
    if held.iter().any(|share| share.seen.is_empty()) {
        return Ok(None);
    }
    let columns =
        NAMES.iter().zip(held).map(|(name, share)| column(format!("on {name}s"), (*name).to_owned(), share));
    let chart = shape_fit::draw(&ShapeFit {
        name: "fit-weekdays".to_owned(),
        whole: "week",
        part: "weekday",
        columns: columns.collect(),
        provenance: report.provenance.clone(),
    })?;
    let look = "Look whether the fit leans to the middle: with few weeks it trusts a weekday's difference only in part.";
    Ok(Some(FitChart { chart, look }))
}

fn column(name: String, label: String, share: &HeldShare) -> Column {
    Column { name, label, seen: share.seen.clone(), fitted: share.fitted }
}

fn memory(report: &FitReport) -> Drawn {
    let Some(held) = &report.held.memory else { return Ok(None) };
    let chart = memory_fit::draw(&MemoryFit {
        seen: held.seen.clone(),
        bands: held.bands.clone(),
        provenance: report.provenance.clone(),
    })?;
    let look = "Look at the first dots: above the band, the log has longer spells of high and low days than the scenario, and its months differ more.";
    Ok(Some(FitChart { chart, look }))
}
