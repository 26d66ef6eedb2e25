//! `tollcast simulate`: the main job.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::outcome::{Exit, Failure, print, say};
use super::run::{command, options, scenarios, simulated};
use super::{Format, PricingArguments, RunArguments, folder};
use crate::analysis::analyse;
use crate::catalogue::Catalogue;
use crate::domain::format::percent;
use crate::render::chart::png::png;
use crate::render::{
    Manifest, Report, build, charts, html, manifest_json, markdown, months_csv, result_json, terminal,
};
use crate::workload::Scenario;

/// Arguments of `simulate`.
#[derive(Args)]
pub struct Arguments {
    /// Scenario files; - is standard input
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// Write a report folder: HTML, Markdown, JSON, CSV and charts
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Exit with 3 if a route breaks the budget's stated confidence, or an expectation does not hold
    #[arg(long, value_enum, value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Any route whose chance to break the budget is above 1 − its confidence
    Budget,
    /// Any expectation of the scenario
    Expectations,
}

/// Simulates, prints and writes.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (scenarios, catalogue) = scenarios(&arguments.scenarios, &arguments.pricing)?;
    refuse_pointless_gate(arguments, &scenarios)?;
    let folders = folders(arguments);
    for folder in folders.iter().flatten() {
        folder::probe(folder)?;
    }
    let mut reports = Vec::new();
    for ((scenario, path), folder) in scenarios.into_iter().zip(&arguments.scenarios).zip(folders) {
        let report = report(scenario, path, &catalogue, arguments)?;
        if let Some(folder) = folder {
            folder::write(&folder, &report_files(&report)?)?;
            say(&format!("report: {}", folder.join("report.html").display()));
        }
        reports.push(report);
    }
    print(&printed(&reports, arguments.format)?)?;
    Ok(verdict(&reports, &arguments.fail_on))
}

fn report(
    scenario: Scenario,
    path: &Path,
    catalogue: &Catalogue,
    arguments: &Arguments,
) -> Result<Report, Failure> {
    let options = options(&scenario, &arguments.run)?;
    let run = simulated(scenario, &[], options, &arguments.run)?;
    let command = command("simulate", &[path], &run.options, &arguments.pricing);
    let manifest = Manifest::new(&run.scenario, catalogue, &run.options, command);
    let analysis = analyse(&run.scenario, &run.simulation);
    let mut report = build(&run.scenario, catalogue, analysis, manifest);
    if arguments.out.is_some() {
        report.charts = charts(&report)?;
    }
    for warning in &report.warnings {
        if arguments.format != Format::Table {
            say(&format!("note: {warning}"));
        }
    }
    Ok(report)
}

/// Where each scenario's report goes: the folder itself for one, folders by file name in it for several.
fn folders(arguments: &Arguments) -> Vec<Option<PathBuf>> {
    let Some(out) = &arguments.out else { return vec![None; arguments.scenarios.len()] };
    if arguments.scenarios.len() == 1 {
        return vec![Some(out.clone())];
    }
    let mut used: Vec<String> = Vec::new();
    let stem = |path: &PathBuf| {
        path.file_stem().map_or("scenario".to_owned(), |stem| stem.to_string_lossy().into_owned())
    };
    let named = arguments.scenarios.iter().map(|path| {
        let mut name = stem(path);
        while used.contains(&name) {
            name += "-again";
        }
        used.push(name.clone());
        Some(out.join(name))
    });
    named.collect()
}

/// The files of a report folder.
fn report_files(report: &Report) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = vec![
        ("manifest.json".to_owned(), manifest_json(&report.manifest)?.into_bytes()),
        ("result.json".to_owned(), result_json(report)?.into_bytes()),
        ("months.csv".to_owned(), months_csv(&[report])?.into_bytes()),
        ("report.md".to_owned(), markdown(report)?.into_bytes()),
        ("report.html".to_owned(), html(report)?.into_bytes()),
    ];
    for chart in &report.charts {
        files.push((format!("charts/{}.png", chart.name), png(&chart.svg)?));
        files.push((format!("charts/{}.svg", chart.name), chart.svg.clone().into_bytes()));
    }
    Ok(files)
}

fn printed(reports: &[Report], format: Format) -> anyhow::Result<String> {
    let all: Vec<&Report> = reports.iter().collect();
    let texts: Vec<String> = match format {
        Format::Csv => return months_csv(&all),
        Format::Table => all.iter().map(|report| terminal(report, width())).collect(),
        Format::Json => all.iter().map(|report| result_json(report)).collect::<anyhow::Result<_>>()?,
        Format::Markdown => all.iter().map(|report| markdown(report)).collect::<anyhow::Result<_>>()?,
    };
    Ok(match (format, texts.as_slice()) {
        (_, [only]) => only.clone(),
        (Format::Json, many) => {
            format!("[{}]\n", many.iter().map(|t| t.trim_end()).collect::<Vec<_>>().join(",\n"))
        }
        (_, many) => many.join("\n"),
    })
}

/// The terminal's width, if standard output is one.
pub fn width() -> Option<u16> {
    terminal_size::terminal_size().map(|(width, _)| width.0)
}

fn refuse_pointless_gate(arguments: &Arguments, scenarios: &[Scenario]) -> Result<(), Failure> {
    let without_budget = scenarios.iter().find(|scenario| scenario.budget.is_none());
    if let (true, Some(scenario)) = (arguments.fail_on.contains(&FailOn::Budget), without_budget) {
        return Err(Failure::usage(
            &format!("--fail-on budget, but the scenario `{}` states no budget", scenario.name),
            "add `budget: {total: ..., confidence: 90%}` to the scenario",
        ));
    }
    let without = scenarios.iter().find(|scenario| scenario.expectations.is_empty());
    if let (true, Some(scenario)) = (arguments.fail_on.contains(&FailOn::Expectations), without) {
        return Err(Failure::usage(
            &format!("--fail-on expectations, but the scenario `{}` states none", scenario.name),
            "add `expect:` to the scenario",
        ));
    }
    Ok(())
}

/// Says what breaks, route by route, and gives the exit code.
fn verdict(reports: &[Report], fail_on: &[FailOn]) -> Exit {
    let mut broken = false;
    for report in reports {
        if let (true, Some(budget)) = (fail_on.contains(&FailOn::Budget), report.limits) {
            for route in &report.analysis.routes {
                let risk = route.over_budget_probability.unwrap_or(0.0);
                if !budget.allows(risk) {
                    broken = true;
                    let (risk, allowed) = (percent(risk), percent(1.0 - budget.confidence));
                    say(&format!(
                        "budget: {} breaks it with a chance of {risk}; {allowed} are allowed",
                        route.label
                    ));
                }
            }
        }
        if fail_on.contains(&FailOn::Expectations) {
            for expectation in report.expectations.iter().filter(|e| !e.holds) {
                broken = true;
                say(&format!("expectation: {}", expectation.text));
            }
        }
    }
    if broken { Exit::Broken } else { Exit::Answered }
}
