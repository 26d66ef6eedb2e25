//! What a backtest found: as a table, as JSON, as charts.

use serde_json::{Map, Value, json};

use super::chart::Chart;
use super::chart::hindsight::{self, Hindsight};
use super::chart::ranks::{self, Ranks};
use super::prices::to_json;
use super::sheet::Sheet;
use crate::domain::format::{percent, thousands};
use crate::usage::{COVERAGES, Score, Task};

/// A backtest.
#[derive(Clone, Debug)]
pub struct BacktestReport {
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// What was read and decided.
    pub remarks: Vec<String>,
    /// In one line, what it can be reproduced from.
    pub provenance: String,
}

impl BacktestReport {
    /// The model over all tasks, and each rival over those that it took part in.
    fn pooled(&self) -> (Score, Vec<(&'static str, Score)>) {
        let mut model = Score::default();
        let mut rivals: Vec<(&'static str, Score)> = Vec::new();
        for task in &self.tasks {
            model.pool(&task.model);
            for (name, score) in &task.baselines {
                match rivals.iter_mut().find(|(known, _)| known == name) {
                    Some((_, pooled)) => pooled.pool(score),
                    None => {
                        let mut pooled = Score::default();
                        pooled.pool(score);
                        rivals.push((name, pooled));
                    }
                }
            }
        }
        (model, rivals)
    }
}

/// Names for people.
fn words(name: &str) -> &str {
    match name {
        "poisson_requests" => "Poisson × independent requests",
        "mean_days" => "mean × bins",
        "negative_binomial" => "negative binomial",
        "linear_trend" => "linear trend",
        "naive_week" => "seasonal naive",
        "equal_mixture" => "equal mixture of four",
        "session_bootstrap" => "session bootstrap",
        other => other,
    }
}

/// The backtest as a table: the model and its rivals, task by task.
pub fn backtest_sheet(report: &BacktestReport) -> Sheet {
    let head = [
        "task",
        "horizon",
        "forecasts",
        "forecaster",
        "CRPS / spend",
        "WAPE",
        "bias",
        "50 %",
        "80 %",
        "90 %",
        "95 %",
        "width of 90 %",
    ];
    let (pooled, rivals) = report.pooled();
    let mut sheet = Sheet::new(title(&pooled, &rivals), &head);
    for task in &report.tasks {
        sheet.rows.push(row(&task.name, &task.horizon, "tollcast", &task.model));
        for (name, score) in &task.baselines {
            sheet.rows.push(row("", "", words(name), score));
        }
    }
    sheet.notes.push(
        "CRPS / spend: what a forecast's error and width cost together, as a share of spend; smaller is better. 50 % to 95 %: how often what came lay inside that interval; a good forecast's 90 % interval holds nine times of ten, and is narrow."
            .to_owned(),
    );
    sheet.notes.extend(report.remarks.iter().cloned());
    sheet
}

fn row(task: &str, horizon: &str, forecaster: &str, score: &Score) -> Vec<String> {
    let coverage = score.coverage().map(|share| format!("{:.0}", 100.0 * share));
    let mut row = vec![
        task.to_owned(),
        horizon.to_owned(),
        thousands(score.forecasts() as u64),
        forecaster.to_owned(),
        format!("{:.3}", score.crps_over_spend()),
        percent(score.wape()),
        format!("{:+.1} %", 100.0 * score.bias()).replace('-', "−"),
    ];
    row.extend(coverage);
    row.push(percent(score.width_90()));
    row
}

/// One row for every task and forecaster, in plain numbers.
pub fn backtest_rows(report: &BacktestReport) -> Sheet {
    let head = [
        "task",
        "horizon",
        "forecasts",
        "forecaster",
        "crps_over_spend",
        "wape",
        "bias",
        "coverage_50",
        "coverage_80",
        "coverage_90",
        "coverage_95",
        "width_90",
    ];
    let mut sheet = Sheet::new("backtest", &head);
    for task in &report.tasks {
        let all = [("tollcast", &task.model)].into_iter();
        for (name, score) in all.chain(task.baselines.iter().map(|(name, score)| (*name, score))) {
            let figures = [score.crps_over_spend(), score.wape(), score.bias()].into_iter();
            let figures = figures.chain(score.coverage()).chain([score.width_90()]);
            let mut row = vec![task.name.clone(), task.horizon.clone()];
            row.extend([score.forecasts().to_string(), name.to_owned()]);
            row.extend(figures.map(|figure| format!("{figure:.6}")));
            sheet.rows.push(row);
        }
    }
    sheet
}

fn title(model: &Score, rivals: &[(&'static str, Score)]) -> String {
    let held = 100.0 * model.coverage()[2];
    let best = rivals.iter().min_by(|a, b| a.1.crps_over_spend().total_cmp(&b.1.crps_over_spend()));
    let against = match best {
        Some((name, score)) if score.forecasts() == model.forecasts() => format!(
            " Its CRPS is {:.3} of spend; that of the best rival ({}) is {:.3}.",
            model.crps_over_spend(),
            words(name),
            score.crps_over_spend()
        ),
        _ => format!(" Its CRPS is {:.3} of spend.", model.crps_over_spend()),
    };
    format!(
        "The 90 % interval held in {held:.0} of 100 forecasts ({} in all).{against}",
        thousands(model.forecasts() as u64)
    )
}

/// The backtest as JSON.
///
/// # Errors
/// Never in practice: all of it is text and numbers.
pub fn backtest_json(report: &BacktestReport) -> anyhow::Result<String> {
    let (pooled, rivals) = report.pooled();
    let tasks: Vec<Value> = report
        .tasks
        .iter()
        .map(|task| {
            json!({
                "name": task.name,
                "horizon": task.horizon,
                "bin": task.bin,
                "origins": task.model.forecasts(),
                "model": score(&task.model),
                "baselines": scores(&task.baselines),
            })
        })
        .collect();
    to_json(&json!({
        "schema_version": 1,
        "tasks": tasks,
        "pooled": {"model": score(&pooled), "baselines": scores(&rivals)},
        "remarks": report.remarks,
    }))
}

fn scores(all: &[(&'static str, Score)]) -> Value {
    Value::Object(all.iter().map(|(name, one)| ((*name).to_owned(), score(one))).collect())
}

fn score(score: &Score) -> Value {
    let coverage: Map<String, Value> = COVERAGES
        .iter()
        .zip(score.coverage())
        .map(|(nominal, held)| (format!("{:.0}", 100.0 * nominal), json!(held)))
        .collect();
    json!({
        "crps_over_spend": score.crps_over_spend(),
        "wape": score.wape(),
        "coverage": coverage,
        "width_90": score.width_90(),
        "bias": score.bias(),
        "pinball_over_spend": score.pinball_over_spend(),
        "pit": score.pit,
        "forecasts": score.forecasts(),
    })
}

/// A chart of every task's forecasts over what came, and one of the ranks of all outcomes.
///
/// # Errors
/// When a chart cannot be drawn, a defect of ours.
pub fn backtest_charts(report: &BacktestReport) -> anyhow::Result<Vec<Chart>> {
    let mut charts = Vec::new();
    for (number, task) in report.tasks.iter().enumerate() {
        charts.push(hindsight::draw(&Hindsight {
            name: format!("backtest-{}", number + 1),
            task: task.name.clone(),
            horizon: task.horizon.clone(),
            rolling: task.bin.is_some(),
            at_ms: task.origins.iter().map(|origin| origin.at_ms).collect(),
            spent: task.origins.iter().map(|origin| origin.spent).collect(),
            fans: task.origins.iter().map(|origin| origin.fan).collect(),
            coverage_90: task.model.coverage()[2],
            provenance: report.provenance.clone(),
        })?);
    }
    let (pooled, _) = report.pooled();
    charts.push(ranks::draw(&Ranks {
        counts: pooled.pit.to_vec(),
        forecasts: pooled.forecasts(),
        provenance: report.provenance.clone(),
    })?);
    Ok(charts)
}
