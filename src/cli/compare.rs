//! `tollcast compare`: what-ifs on the same random numbers.

use std::path::{Path, PathBuf};

use clap::Args;

use super::outcome::{Exit, Failure, print, say};
use super::run::{Run, command, options, refuse_precision, scenarios, simulated};
use super::simulate::width;
use super::{Format, PricingArguments, RunArguments, folder};
use crate::analysis::pair;
use crate::catalogue::Catalogue;
use crate::render::chart::png::png;
use crate::render::{
    ComparisonReport, Manifest, comparison_json, comparison_markdown, comparison_terminal, manifest_json,
    overlay_chart,
};
use crate::workload::Scenario;

/// Arguments of `compare`.
#[derive(Args)]
pub struct Arguments {
    /// Two or more scenario files; each is compared with the first
    #[arg(required = true, num_args = 2.., value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// Write comparison.json, comparison.md and the chart to a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// Simulates all scenarios with the first one's seed and trials, and pairs them.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if arguments.format == Format::Csv {
        return Err(Failure::usage("a comparison has no CSV form", "use --format json, markdown or table"));
    }
    if let Some(folder) = &arguments.out {
        folder::probe(folder)?;
    }
    let report = comparison(arguments)?;
    if let Some(folder) = &arguments.out {
        folder::write(folder, &files(&report)?)?;
        say(&format!("comparison: {}", folder.join("comparison.md").display()));
    }
    print(&match arguments.format {
        Format::Json => comparison_json(&report)?,
        Format::Markdown => comparison_markdown(&report),
        Format::Table | Format::Csv => comparison_terminal(&report, width()),
    })?;
    Ok(Exit::Answered)
}

fn comparison(arguments: &Arguments) -> Result<ComparisonReport, Failure> {
    let (scenarios, catalogue) = scenarios(&arguments.scenarios, &arguments.pricing)?;
    refuse_precision(&arguments.run)?;
    let common = options(&scenarios[0], &arguments.run)?;
    if let Some(other) = scenarios.iter().find(|s| s.months != scenarios[0].months) {
        return Err(Failure::usage(
            &format!("`{}` covers other months than `{}`", other.name, scenarios[0].name),
            "scenarios can be compared over the same `start` and `months` only",
        ));
    }
    let mut runs: Vec<Run> = Vec::new();
    let all: Vec<&Scenario> = scenarios.iter().collect();
    for scenario in &scenarios {
        runs.push(simulated(scenario.clone(), &all, common, &arguments.run)?);
    }
    let base = &runs[0];
    let pairings = runs[1..]
        .iter()
        .map(|other| pair((&base.scenario, &base.simulation), (&other.scenario, &other.simulation)));
    let horizon = format!("{} months from {}", base.scenario.months.len(), base.scenario.months[0].label());
    let pairings = pairings.collect();
    Ok(ComparisonReport::new(
        names(&runs, &arguments.scenarios),
        horizon,
        manifests(&runs, arguments, &catalogue),
        pairings,
    ))
}

/// The scenarios' names, told apart by their files where they are equal.
fn names(runs: &[Run], paths: &[PathBuf]) -> Vec<String> {
    let all: Vec<&String> = runs.iter().map(|run| &run.scenario.name).collect();
    let unique = |name: &String| all.iter().filter(|other| **other == name).count() == 1;
    let named = runs.iter().zip(paths).enumerate().map(|(at, (run, path))| {
        let name = &run.scenario.name;
        if unique(name) { name.clone() } else { format!("{name} ({}, {})", at + 1, path.display()) }
    });
    named.collect()
}

fn manifests(runs: &[Run], arguments: &Arguments, catalogue: &Catalogue) -> Vec<Manifest> {
    let paths: Vec<&Path> = arguments.scenarios.iter().map(PathBuf::as_path).collect();
    let command = |run: &Run| command("compare", &paths, &run.options, &arguments.pricing);
    runs.iter().map(|run| Manifest::new(&run.scenario, catalogue, &run.options, command(run))).collect()
}

fn files(report: &ComparisonReport) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let chart = overlay_chart(report)?;
    let mut markdown = comparison_markdown(report);
    markdown += &format!("\n![{}](charts/{}.svg)\n", chart.description, chart.name);
    Ok(vec![
        ("manifest.json".to_owned(), manifest_json(&report.manifests[0])?.into_bytes()),
        ("comparison.json".to_owned(), comparison_json(report)?.into_bytes()),
        ("comparison.md".to_owned(), markdown.into_bytes()),
        (format!("charts/{}.png", chart.name), png(&chart.svg)?),
        (format!("charts/{}.svg", chart.name), chart.svg.into_bytes()),
    ])
}
