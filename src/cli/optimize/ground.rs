//! What the modes of `optimize` stand on: a scenario, its prices, and how its cases are simulated.

use std::path::Path;

use super::Range;
use crate::analysis::{Case, analyse};
use crate::catalogue::{Catalogue, Wanted};
use crate::cli::outcome::{Failure, say};
use crate::cli::run::{capacity_left_out, command_with, options};
use crate::cli::{PricingArguments, RunArguments, files};
use crate::domain::problem::{Code, Problems};
use crate::domain::time::horizon;
use crate::engine::{Engine, Options, Simulation, batches_of};
use crate::workload::{Assembled, Case as WhatIf, Edit, Scenario, Varied};

/// A scenario on which cases are tried.
pub struct Ground {
    /// Its tree.
    pub tree: Assembled,
    /// Its prices.
    pub catalogue: Catalogue,
    /// As it is.
    pub scenario: Scenario,
    /// How to simulate.
    pub options: Options,
}

impl Ground {
    /// Reads a scenario with the prices of its routes and of those that `paths` name.
    pub fn read(
        path: &Path,
        paths: &[&str],
        run: &RunArguments,
        pricing: &PricingArguments,
    ) -> Result<Self, Failure> {
        let tree = files::assembled(&files::source(path)?)?;
        let priced = paths.iter().filter_map(|path| path.strip_prefix("prices.")?.split_once('/'));
        let providers = tree.providers().into_iter().chain(priced.map(|(provider, _)| provider.to_owned()));
        let catalogue = files::catalogue(pricing, &Wanted::Named(providers.collect()))?;
        let scenario = Scenario::read(&tree, &catalogue)?;
        capacity_left_out(&scenario);
        let options = options(&scenario, run)?;
        Ok(Ground { tree, catalogue, scenario, options })
    }

    /// The same with the routes of some labels only.
    pub fn with_routes(mut self, labels: &[&str]) -> Result<Self, Failure> {
        let keep = |(_, route): &(usize, &crate::workload::Route)| labels.contains(&route.label.as_str());
        let kept: Vec<usize> =
            self.scenario.routes.iter().enumerate().filter(keep).map(|(at, _)| at).collect();
        if !kept.is_empty() {
            self.tree = self.tree.with_routes(&kept);
            self.scenario = Scenario::read(&self.tree, &self.catalogue)?;
        }
        Ok(self)
    }

    /// The field at a path, over `between` or else all values that make sense.
    pub fn field(&self, path: &str, times: bool, between: Option<Range>) -> Result<Varied, Failure> {
        let between = between.map(|range| (range.low, range.high));
        Varied::new(path, times, between, &self.scenario, &self.tree)
            .map_err(|why| Failure::problem(Code::UnknownName, &why, ""))
    }

    /// The scenario with some edits; its problems where they make none.
    pub fn edited(&self, edits: Vec<Edit>) -> Result<Scenario, Problems> {
        WhatIf { name: String::new(), what_if: String::new(), edits }.scenario(&self.tree, &self.catalogue)
    }

    /// Simulates a case of the scenario with `trials` trials.
    pub fn simulated(&self, scenario: &Scenario, trials: u32) -> Result<Simulation, Failure> {
        let options = Options { trials, ..self.options };
        let engine = Engine::new(scenario, &[&self.scenario, scenario], options);
        let batches = engine.run(0..batches_of(trials), &|_| !crate::cli::interrupt::came())?;
        Ok(engine.blank().merged(batches))
    }

    /// The same with all answers.
    pub fn tried(&self, scenario: Scenario, trials: u32) -> Result<Case, Failure> {
        let simulation = self.simulated(&scenario, trials)?;
        let analysis = analyse(&scenario, &simulation);
        Ok(Case { scenario, simulation, analysis })
    }

    /// Says that some values were passed over, and why the first was; that is an error where all were.
    pub fn passed_over(problems: Option<Problems>, all: bool, what: &str) -> Result<(), Failure> {
        let Some(problems) = problems else { return Ok(()) };
        if all {
            return Err(problems.into());
        }
        let first = problems.into_sorted().into_iter().next().map_or(String::new(), |problem| problem.title);
        say(&format!("note: {what}: {first}"));
        Ok(())
    }

    /// The command that gives the answer again.
    pub fn command(&self, path: &Path, more: &[(&str, String)], pricing: &PricingArguments) -> String {
        command_with("optimize", &[path], more, &self.options, pricing)
    }

    /// `12 months from Jan 2027`.
    pub fn horizon(&self) -> String {
        horizon(&self.scenario.months)
    }
}
