//! `tollcast simulate`: the main job.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::outcome::{Exit, Failure, print, say};
use super::partial::{self, Header, ShardArgument, Sources};
use super::run::{
    Run, Watch, capacity_left_out, command, options, refuse_endless, scenarios, simulated, with_capacity,
};
use super::{Format, PricingArguments, RunArguments, files, folder, progress};
use crate::analysis::analyse;
use crate::catalogue::{Catalogue, Wanted};
use crate::domain::format::percent;
use crate::engine::{BATCH, Engine, Estimator, Options, batches_of};
use crate::render::chart::png::png;
use crate::render::{
    Manifest, Report, audit_sheet, build, charts, html, manifest_json, markdown, months_csv, result_json,
    terminal, to_json,
};
use crate::workload::Scenario;

/// Arguments of `simulate`.
#[derive(Args)]
pub struct Arguments {
    /// Scenario files; - is standard input
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
    /// Run part I (from 1 on) of N equal parts of the trials and write it to the file --out, for `tollcast merge`;
    /// auto takes I (and N, where it is known) from a Slurm, AWS Batch or Kubernetes array
    #[arg(long, value_name = "I/N", value_parser = ShardArgument::parse)]
    shard: Option<ShardArgument>,
    /// Draw every request too, for the same trials, and compare all figures
    #[arg(long)]
    audit: bool,
    #[command(flatten)]
    run: RunArguments,
    #[command(flatten)]
    pricing: PricingArguments,
}

/// What becomes of an answer.
#[derive(Args)]
pub struct Output {
    /// Write a report folder: HTML, Markdown, JSON, CSV and charts
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Exit with 3 if a route breaks the budget's stated confidence, an expectation does not hold, or no route meets
    /// the requirements
    #[arg(long, value_enum, value_delimiter = ',')]
    fail_on: Vec<FailOn>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Any route whose chance to break the budget is above 1 − its confidence
    Budget,
    /// Any expectation of the scenario
    Expectations,
    /// No route that meets all requirements of the scenario
    Requirements,
}

/// Simulates, prints and writes.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    if let Some(shard) = &arguments.shard {
        return write_part(arguments, shard);
    }
    let (scenarios, catalogue) = scenarios(&arguments.scenarios, &arguments.pricing)?;
    refuse_pointless_gate(&arguments.output.fail_on, &scenarios)?;
    if arguments.audit {
        return audit(arguments, scenarios);
    }
    let folders = folders(arguments);
    for folder in folders.iter().flatten() {
        folder::probe(folder)?;
    }
    let mut reports = Vec::new();
    for ((scenario, path), folder) in scenarios.into_iter().zip(&arguments.scenarios).zip(folders) {
        let options = options(&scenario, &arguments.run)?;
        let run =
            with_capacity(simulated(scenario, &[], options, &arguments.run)?, &[], arguments.run.quiet)?;
        let command = command("simulate", &[path], &run.options, &arguments.pricing);
        reports.push(reported(&run, &catalogue, command, folder.as_deref(), &arguments.output)?);
    }
    print(&printed(&reports, arguments.output.format)?)?;
    Ok(verdict(&reports, &arguments.output.fail_on))
}

/// The report of a run, written to `folder` if there is one.
fn reported(
    run: &Run,
    catalogue: &Catalogue,
    command: String,
    folder: Option<&Path>,
    output: &Output,
) -> Result<Report, Failure> {
    let manifest = Manifest::new(&run.scenario, catalogue, &run.options, command);
    let analysis = analyse(&run.scenario, &run.simulation);
    let mut report = build(&run.scenario, catalogue, analysis, manifest);
    if output.format != Format::Table {
        report.warnings.iter().for_each(|warning| say(&format!("note: {warning}")));
    }
    if let Some(folder) = folder {
        report.charts = charts(&report)?;
        folder::write(folder, &report_files(&report)?)?;
        say(&format!("report: {}", folder.join("report.html").display()));
    }
    Ok(report)
}

/// The answer of a run that came about elsewhere, delivered as `simulate` would have.
pub fn deliver(run: &Run, catalogue: &Catalogue, command: String, output: &Output) -> Result<Exit, Failure> {
    refuse_pointless_gate(&output.fail_on, std::slice::from_ref(&run.scenario))?;
    let report = [reported(run, catalogue, command, output.out.as_deref(), output)?];
    print(&printed(&report, output.format)?)?;
    Ok(verdict(&report, &output.fail_on))
}

/// Runs a part of the trials and writes it to a file.
fn write_part(arguments: &Arguments, shard: &ShardArgument) -> Result<Exit, Failure> {
    let shard = shard.resolved()?;
    let [path] = arguments.scenarios.as_slice() else {
        return Err(Failure::usage("--shard beside several scenarios", "a part is of one scenario"));
    };
    let Some(target) = &arguments.output.out else {
        return Err(Failure::usage(
            "--shard without --out",
            "say where the part goes: --out part-1.tollcast",
        ));
    };
    let unused = [
        (arguments.run.precision.is_some(), "--precision"),
        (arguments.audit, "--audit"),
        (!arguments.output.fail_on.is_empty(), "--fail-on"),
        (arguments.output.format != Format::Table, "--format"),
    ];
    if let Some((_, name)) = unused.iter().find(|(given, _)| *given) {
        let help = match *name {
            "--precision" => {
                "a part does not know how exact the whole is: state --trials, or leave --shard out"
            }
            "--audit" => "an audit is of a whole run: leave --shard out",
            _ => "a part prints nothing; give that to `tollcast merge`, or leave --shard out",
        };
        return Err(Failure::usage(&format!("{name} beside --shard"), help));
    }
    let text = files::source(path)?;
    let assembled = files::assembled(&text)?;
    let wanted = Wanted::Named(assembled.providers());
    let over = files::price_sources(&arguments.pricing)?;
    let catalogue = files::catalogue_over(&over, &arguments.pricing.exchange, &wanted)?;
    let scenario = Scenario::read(&assembled, &catalogue)?;
    let options = options(&scenario, &arguments.run)?;
    let command = command("simulate", &[path], &options, &arguments.pricing);
    let range = shard.batches(batches_of(options.trials))?;
    let sources =
        Sources { scenario: &assembled.sources, over: &over, exchange: &arguments.pricing.exchange };
    let header = Header::new(&scenario, &catalogue, &options, command, &range, &sources);
    if partial::is_there(target, &header)? {
        say(&format!("{} is already there, whole and of the same job", target.display()));
        return Ok(Exit::Answered);
    }
    let trials = (range.len() as u32 * BATCH).min(options.trials);
    let bar = progress::bar(u64::from(trials), arguments.run.quiet);
    let engine = Engine::new(&scenario, &[], options);
    let batches = Watch::new(&bar).run(&engine, range, trials)?;
    bar.finish_and_clear();
    partial::write(target, &header, &batches)?;
    say(&format!("part {} of {}: {}", shard.index, shard.count, target.display()));
    Ok(Exit::Answered)
}

/// Simulates both ways and compares.
fn audit(arguments: &Arguments, scenarios: Vec<Scenario>) -> Result<Exit, Failure> {
    if arguments.output.out.is_some() {
        return Err(Failure::usage("--out beside --audit", "an audit is printed: send it to a file"));
    }
    let mut sheets = Vec::new();
    let mut verdicts = Vec::new();
    for scenario in scenarios {
        capacity_left_out(&scenario);
        let chosen = options(&scenario, &arguments.run)?;
        let drawing = if chosen.estimator.drawn().is_some() { chosen.estimator } else { Estimator::Exact };
        let both = [Estimator::Fast, drawing].map(|estimator| Options { estimator, ..chosen });
        refuse_endless(&scenario, &both[1])?;
        let fast = simulated(scenario.clone(), &[], both[0], &arguments.run)?;
        let exact =
            simulated(scenario, &[], Options { trials: fast.options.trials, ..both[1] }, &arguments.run)?;
        let audit = crate::analysis::audit(&fast.scenario, &fast.simulation, &exact.simulation);
        verdicts.push(audit.holds());
        sheets.push((audit.clone(), audit_sheet(&fast.scenario.name, fast.options.trials, &audit)));
    }
    let text: Vec<String> = match arguments.output.format {
        Format::Json => {
            let all: Vec<_> = sheets.iter().map(|(audit, _)| audit).collect();
            vec![match all.as_slice() {
                [only] => to_json(only)?,
                many => to_json(&many)?,
            }]
        }
        Format::Csv => sheets.iter().map(|(_, sheet)| sheet.csv()).collect::<anyhow::Result<_>>()?,
        Format::Markdown => sheets.iter().map(|(_, sheet)| sheet.markdown()).collect(),
        Format::Table => sheets.iter().map(|(_, sheet)| sheet.terminal(width())).collect(),
    };
    print(&text.join("\n"))?;
    Ok(if verdicts.iter().all(|holds| *holds) { Exit::Answered } else { Exit::Broken })
}

/// Where each scenario's report goes: the folder itself for one, folders by file name in it for several.
fn folders(arguments: &Arguments) -> Vec<Option<PathBuf>> {
    let Some(out) = &arguments.output.out else { return vec![None; arguments.scenarios.len()] };
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

fn refuse_pointless_gate(fail_on: &[FailOn], scenarios: &[Scenario]) -> Result<(), Failure> {
    let without_budget = scenarios.iter().find(|scenario| scenario.budget.is_none());
    if let (true, Some(scenario)) = (fail_on.contains(&FailOn::Budget), without_budget) {
        return Err(Failure::usage(
            &format!("--fail-on budget, but the scenario `{}` states no budget", scenario.name),
            "add `budget: {total: ..., confidence: 90%}` to the scenario",
        ));
    }
    let without = scenarios.iter().find(|scenario| scenario.expectations.is_empty());
    if let (true, Some(scenario)) = (fail_on.contains(&FailOn::Expectations), without) {
        return Err(Failure::usage(
            &format!("--fail-on expectations, but the scenario `{}` states none", scenario.name),
            "add `expect:` to the scenario",
        ));
    }
    let without = scenarios.iter().find(|scenario| scenario.requirements.is_empty());
    if let (true, Some(scenario)) = (fail_on.contains(&FailOn::Requirements), without) {
        return Err(Failure::usage(
            &format!("--fail-on requirements, but the scenario `{}` states none", scenario.name),
            "add `requirements:` to the scenario",
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
        let unmet = report.recommended.as_ref().is_some_and(|section| section.none);
        if unmet && fail_on.contains(&FailOn::Requirements) {
            broken = true;
            say(&format!("requirements: no route of `{}` meets them all", report.title));
        }
    }
    if broken { Exit::Broken } else { Exit::Answered }
}
