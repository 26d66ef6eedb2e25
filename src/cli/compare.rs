//! `tollcast compare`: scenarios and what-ifs on the same random numbers.

use std::path::{Path, PathBuf};

use clap::Args;

use super::outcome::{Exit, Failure, print, say};
use super::run::{Run, command_with, common_options, compared, refuse_precision, simulated, with_capacity};
use super::simulate::width;
use super::{Format, PricingArguments, RunArguments, files, folder};
use crate::analysis::{ChangeRule, analyse, pair};
use crate::catalogue::{Catalogue, Wanted};
use crate::domain::problem::{Code, Problems, suggest};
use crate::render::chart::png::png;
use crate::render::{
    CaseRow, ComparisonReport, Manifest, Saved, comparison_csv, comparison_json, comparison_markdown,
    comparison_terminal, difference_chart, manifest_json, overlay_chart, since,
};
use crate::workload::{Assembled, Case, Scenario};

/// Arguments of `compare`.
#[derive(Args)]
pub struct Arguments {
    /// Scenario files; they and the what-ifs in them are compared with the first
    #[arg(required = true, num_args = 1.., value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// A what-if of the command line, on the first scenario: several of them hold at once
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Only these of the scenarios' what-ifs
    #[arg(long, value_name = "NAME")]
    what_if: Vec<String>,
    /// Compare the first scenario with a saved result.json too
    #[arg(long, value_name = "RESULT.json")]
    baseline: Option<PathBuf>,
    /// Exit with 3 if a figure of a route's spend grows by more than this, for instance 'p90_increase>5%' or
    /// 'mean_increase>10k' (USD): since the baseline, if there is one, and in each case against the first scenario
    #[arg(long, value_name = "RULE", value_parser = ChangeRule::parse)]
    fail_on: Vec<ChangeRule>,
    /// Write comparison.json, .md, .csv and charts to a folder
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

/// Simulates all cases with the first one's seed and trials, and pairs each with the first.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    refuse_precision(&arguments.run)?;
    if let Some(folder) = &arguments.out {
        folder::probe(folder)?;
    }
    let baseline = arguments.baseline.as_deref().map(saved).transpose()?;
    let (cases, catalogue) = cases(arguments)?;
    let report = comparison(&cases, baseline, arguments, &catalogue)?;
    if let Some(folder) = &arguments.out {
        folder::write(folder, &written(&report)?)?;
        say(&format!("comparison: {}", folder.join("comparison.md").display()));
    }
    print(&match arguments.format {
        Format::Json => comparison_json(&report)?,
        Format::Csv => comparison_csv(&report)?,
        Format::Markdown => comparison_markdown(&report),
        Format::Table => comparison_terminal(&report, width()),
    })?;
    Ok(verdict(&report, &arguments.fail_on))
}

/// A scenario with the name that it has in the comparison.
struct Named {
    name: String,
    /// The number of its file.
    file: usize,
    scenario: Scenario,
}

/// Every file with its what-ifs, all read before any is simulated.
fn cases(arguments: &Arguments) -> Result<(Vec<Named>, Catalogue), Failure> {
    if arguments.scenarios.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return Err(Failure::usage("standard input was named twice", "it can be read once only"));
    }
    let sources = arguments.scenarios.iter().map(|path| files::source(path));
    let assembled: Vec<Assembled> =
        sources.map(|source| files::assembled(&source?)).collect::<Result<_, Failure>>()?;
    let what_ifs = what_ifs(&assembled, arguments)?;
    let bases = assembled.iter().flat_map(Assembled::providers);
    let of_cases = assembled
        .iter()
        .zip(&what_ifs)
        .flat_map(|(base, cases)| cases.iter().flat_map(|case| case.providers(base)).collect::<Vec<_>>());
    let catalogue = files::catalogue(&arguments.pricing, &Wanted::Named(bases.chain(of_cases).collect()))?;
    let mut problems = Problems::new();
    let mut all = Vec::new();
    for (file, (base, cases)) in assembled.iter().zip(&what_ifs).enumerate() {
        let read = |found: Result<Scenario, Problems>, problems: &mut Problems| match found {
            Ok(scenario) => Some(scenario),
            Err(found) => {
                problems.extend(found);
                None
            }
        };
        let Some(scenario) = read(Scenario::read(base, &catalogue), &mut problems) else { continue };
        let several = assembled.len() > 1;
        let own = scenario.name.clone();
        all.push(Named { name: own.clone(), file, scenario });
        for case in cases {
            let name = if several { format!("{own}: {}", case.name) } else { case.name.clone() };
            let scenario = read(case.scenario(base, &catalogue), &mut problems);
            all.extend(scenario.map(|scenario| Named { name, file, scenario }));
        }
    }
    let mut all = problems.or_value(Some(all))?;
    told_apart(&mut all, &arguments.scenarios);
    comparable(&all, arguments)?;
    Ok((all, catalogue))
}

/// The what-ifs of every file that were asked for, those of the command line with the first.
fn what_ifs(assembled: &[Assembled], arguments: &Arguments) -> Result<Vec<Vec<Case>>, Failure> {
    let mut all: Vec<Vec<Case>> = assembled.iter().map(Assembled::cases).collect::<Result<_, _>>()?;
    for wanted in &arguments.what_if {
        let mut known: Vec<&str> = all.iter().flatten().map(|case| case.what_if.as_str()).collect();
        known.dedup();
        if !known.contains(&wanted.as_str()) {
            let help = suggest(wanted, known);
            return Err(Failure::problem(Code::UnknownName, &format!("no what-if `{wanted}`"), &help));
        }
    }
    if !arguments.what_if.is_empty() {
        all.iter_mut().for_each(|cases| cases.retain(|case| arguments.what_if.contains(&case.what_if)));
    }
    if let (false, Some(first)) = (arguments.set.is_empty(), all.first_mut()) {
        first.push(Case::of_pairs(&arguments.set)?);
    }
    Ok(all)
}

/// Tells cases of one name apart by their files, and by their order in one file.
fn told_apart(all: &mut [Named], paths: &[PathBuf]) {
    let several = |all: &[Named], name: &str| all.iter().filter(|case| case.name == *name).count() > 1;
    let alike: Vec<bool> = all.iter().map(|case| several(all, &case.name)).collect();
    if paths.len() > 1 {
        for (case, _) in all.iter_mut().zip(&alike).filter(|(_, alike)| **alike) {
            case.name = format!("{} ({}, {})", case.name, case.file + 1, paths[case.file].display());
        }
    }
    for at in 1..all.len() {
        let before = all[..at].iter().filter(|case| case.name == all[at].name).count();
        if before > 0 {
            all[at].name = format!("{} [{}]", all[at].name, before + 1);
        }
    }
}

fn comparable(all: &[Named], arguments: &Arguments) -> Result<(), Failure> {
    if all.len() < 2 && arguments.baseline.is_none() {
        return Err(Failure::usage(
            "there is nothing to compare the scenario with",
            "name a second scenario, add `what_if:` to the file, or give --set PATH=VALUE or --baseline RESULT.json",
        ));
    }
    match all.iter().find(|case| case.scenario.months != all[0].scenario.months) {
        Some(other) => Err(Failure::usage(
            &format!("`{}` covers other months than `{}`", other.name, all[0].name),
            "scenarios can be compared over the same `start` and `months` only",
        )),
        None => Ok(()),
    }
}

/// Simulates the cases one after the other; only the first one's trials are kept.
fn comparison(
    cases: &[Named],
    baseline: Option<Saved>,
    arguments: &Arguments,
    catalogue: &Catalogue,
) -> Result<ComparisonReport, Failure> {
    let all: Vec<&Scenario> = cases.iter().map(|case| &case.scenario).collect();
    let common = common_options(&all, &arguments.run)?;
    let simulate = |case: &Named| {
        let run = compared(case.scenario.clone(), &all, common, &arguments.run)?;
        with_capacity(run, &all, arguments.run.quiet)
    };
    let base = simulate(&cases[0])?;
    let answers = analyse(&base.scenario, &base.simulation);
    let mut rows = vec![CaseRow::new(&cases[0].name, &answers)];
    let mut pairings = Vec::new();
    for case in &cases[1..] {
        let other = simulate(case)?;
        let analysis = analyse(&other.scenario, &other.simulation);
        pairings.push(pair(base.lived(&answers), other.lived(&analysis)));
        rows.push(CaseRow::new(&case.name, &analysis));
    }
    let manifest =
        |case: &Named| Manifest::new(&case.scenario, catalogue, &common, command(&base, arguments));
    let manifests = cases.iter().map(manifest).collect();
    // As `simulate` would have it: where cases are compared, the scatter of requests is drawn so that all share it.
    let plain = |_| {
        let run = simulated(cases[0].scenario.clone(), &[], common, &arguments.run)?;
        with_capacity(run, &[], arguments.run.quiet)
    };
    let plain = baseline.as_ref().map(plain);
    let plain = plain.transpose()?.map(|run| analyse(&run.scenario, &run.simulation));
    let since = baseline.zip(plain).map(|(saved, plain)| since(saved, &plain, &manifest(&cases[0])));
    let since = since.transpose().map_err(|why| {
        Failure::usage(
            &format!("the saved result cannot be compared: {why}"),
            "save one of the same months and routes",
        )
    })?;
    Ok(ComparisonReport::new(rows, base.horizon(), manifests, pairings).beside(since))
}

fn command(base: &Run, arguments: &Arguments) -> String {
    let paths: Vec<&Path> = arguments.scenarios.iter().map(PathBuf::as_path).collect();
    let set = arguments.set.iter().map(|pair| ("--set", pair.clone()));
    let what_if = arguments.what_if.iter().map(|name| ("--what-if", name.clone()));
    let baseline = arguments.baseline.iter().map(|path| ("--baseline", path.display().to_string()));
    let more: Vec<(&str, String)> = set.chain(what_if).chain(baseline).collect();
    command_with("compare", &paths, &more, &base.options, &arguments.pricing)
}

/// A result that was saved before.
fn saved(path: &Path) -> Result<Saved, Failure> {
    let source = files::source(path)?;
    Saved::read(&source.text).map_err(|why| {
        let help =
            "give the result.json of a report folder, or what `tollcast simulate --format json` printed";
        Failure::problem(Code::Unreadable, &format!("{} is no saved result: {why}", source.name), help)
    })
}

/// Says which rules are broken: since the saved result, if there is one, and in each case against the first.
fn verdict(report: &ComparisonReport, rules: &[ChangeRule]) -> Exit {
    let broken: Vec<String> = rules.iter().flat_map(|rule| report.broken(rule)).collect();
    broken.iter().for_each(|line| say(line));
    if broken.is_empty() { Exit::Answered } else { Exit::Broken }
}

fn written(report: &ComparisonReport) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut charts = Vec::new();
    if report.pairs().next().is_some() {
        charts.push(difference_chart(report)?);
        charts.push(overlay_chart(report)?);
    }
    let mut markdown = comparison_markdown(report);
    for chart in &charts {
        markdown += &format!("\n![{}](charts/{}.svg)\n", chart.description, chart.name);
    }
    let mut all = vec![
        ("manifest.json".to_owned(), manifest_json(&report.manifests[0])?.into_bytes()),
        ("comparison.json".to_owned(), comparison_json(report)?.into_bytes()),
        ("comparison.csv".to_owned(), comparison_csv(report)?.into_bytes()),
        ("comparison.md".to_owned(), markdown.into_bytes()),
    ];
    for chart in charts {
        all.push((format!("charts/{}.png", chart.name), png(&chart.svg)?));
        all.push((format!("charts/{}.svg", chart.name), chart.svg.into_bytes()));
    }
    Ok(all)
}
