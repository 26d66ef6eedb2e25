//! One [`Report`] and its renderings: terminal, Markdown, HTML, JSON, CSV, charts.
//!
//! Renderers take a report and return text or bytes. They open no files, print nothing and compute no
//! figures; how a number is rounded for people is decided in `domain::format`.

mod audit;
mod backtest;
mod capacity;
pub mod chart;
mod commitment;
mod comparison;
mod comparison_json;
mod csv;
mod facts;
mod figures;
mod fit_report;
mod fitted;
mod goal;
mod json;
mod map;
mod page;
mod prices;
mod quote;
mod recommend;
mod recommend_json;
mod replay;
mod report;
mod saved;
mod sensitivity;
mod sheet;
mod sql;
mod terminal;
mod units;
mod words;

pub use audit::audit_sheet;
pub use backtest::{BacktestReport, backtest_charts, backtest_json, backtest_rows, backtest_sheet};
pub use capacity::charts_of;
pub use commitment::{CommitmentReport, commitment_charts, commitment_json, commitment_sheets};
pub use comparison::{
    CaseRow, CheapestRoute, ComparisonReport, comparison_csv, comparison_markdown, comparison_terminal,
};
pub use comparison_json::comparison_json;
pub use csv::months_csv;
pub use figures::{charts, difference_chart, overlay_chart};
pub use fit_report::{FitChart, fit_charts, fit_html, fit_markdown, fit_sheet};
pub use fitted::{FitReport, fit_yaml};
pub use goal::{GoalReport, goal_chart, goal_json, goal_sheet};
pub use json::{manifest_json, result_json};
pub use map::{MapReport, map_charts, map_json, map_sheet};
pub use page::{html, markdown};
pub use prices::*;
pub use quote::{QuoteReport, quote_sheet, quotes_csv, quotes_json, quotes_sheet};
pub use replay::{ReplayReport, ReplayReports, replay_days, replay_json, replay_sheets};
pub use report::{Manifest, Report, build};
pub use saved::{Saved, since};
pub use sensitivity::{SensitivityReport, sensitivity_charts, sensitivity_json, sensitivity_sheets};
pub use sheet::Sheet;
pub use sql::{Dialect, LogColumn, SqlName, SqlOptions, price_script};
pub use terminal::terminal;
pub use units::{CapacityReport, capacity_sheet};
