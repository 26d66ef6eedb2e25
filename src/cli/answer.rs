//! Answers of tables, JSON and charts: how they are asked for, printed and written, alike for all commands that give
//! one.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::outcome::{Exit, Failure, print, say};
use super::simulate::width;
use super::{Format, RunArguments, folder};
use crate::analysis::Figure;
use crate::render::chart::Chart;
use crate::render::chart::png::png;
use crate::render::{Manifest, Sheet, manifest_json};

/// How an answer is shown.
#[derive(Args)]
pub struct Shown {
    /// Write the answer as .md and .json, and its charts, to a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// A figure of spend that an answer can be told by.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ToldFigure {
    /// The mean
    Mean,
    /// The median
    P50,
    /// What nine of ten futures do not pass
    P90,
}

impl ToldFigure {
    /// The figure.
    pub fn figure(self) -> Figure {
        match self {
            ToldFigure::Mean => Figure::Mean,
            ToldFigure::P50 => Figure::P50,
            ToldFigure::P90 => Figure::P90,
        }
    }
}

/// What was found.
pub struct Answer {
    /// The stem of its files.
    pub name: &'static str,
    /// Its tables.
    pub sheets: Vec<Sheet>,
    /// All of it for scripts.
    pub json: String,
    /// Its pictures.
    pub charts: Vec<Chart>,
    /// What it can be reproduced from.
    pub manifest: Manifest,
}

impl Shown {
    /// Refuses what cannot be shown, before anything is computed.
    pub fn prepare(&self, run: &RunArguments) -> Result<(), Failure> {
        self.refuse_csv()?;
        if run.precision.is_some() {
            return Err(Failure::usage(
                "--precision has no meaning here",
                "say how many futures with --trials",
            ));
        }
        self.probe()
    }

    /// Refuses the form that answers of several tables do not have.
    pub fn refuse_csv(&self) -> Result<(), Failure> {
        if self.format == Format::Csv {
            return Err(Failure::usage(
                "this answer has no CSV form",
                "use --format json, markdown or table",
            ));
        }
        Ok(())
    }

    /// Sees whether the folder can be written.
    pub fn probe(&self) -> Result<(), Failure> {
        match &self.out {
            Some(folder) => Ok(folder::probe(folder)?),
            None => Ok(()),
        }
    }

    /// What to print.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Writes an answer to its folder and prints it.
    pub fn deliver(&self, answer: Answer) -> Result<Exit, Failure> {
        if let Some(folder) = &self.out {
            folder::write(folder, &files(&answer)?)?;
            say(&format!("answer: {}", folder.join(format!("{}.md", answer.name)).display()));
        }
        print(&match self.format {
            Format::Json => answer.json,
            Format::Markdown => markdown(&answer),
            Format::Table | Format::Csv => {
                let sheets: Vec<String> = answer.sheets.iter().map(|sheet| sheet.terminal(width())).collect();
                format!("{}\n{}\n", sheets.join("\n"), answer.manifest.provenance())
            }
        })?;
        Ok(Exit::Answered)
    }
}

fn markdown(answer: &Answer) -> String {
    let sheets: Vec<String> = answer.sheets.iter().map(Sheet::markdown).collect();
    format!("{}\n{}\n", sheets.join("\n"), answer.manifest.provenance())
}

fn files(answer: &Answer) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut text = markdown(answer);
    for chart in &answer.charts {
        text += &format!("\n![{}](charts/{}.svg)\n", chart.description, chart.name);
    }
    let mut all = vec![
        ("manifest.json".to_owned(), manifest_json(&answer.manifest)?.into_bytes()),
        (format!("{}.json", answer.name), answer.json.clone().into_bytes()),
        (format!("{}.md", answer.name), text.into_bytes()),
    ];
    for chart in &answer.charts {
        all.push((format!("charts/{}.png", chart.name), png(&chart.svg)?));
        all.push((format!("charts/{}.svg", chart.name), chart.svg.clone().into_bytes()));
    }
    Ok(all)
}
