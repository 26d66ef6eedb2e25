//! Other people's usage logs: what was asked of which model, what was paid, and what they say about the months
//! to come.
//!
//! `record` is what every log becomes, `read` knows the formats, one file each. `series` bins it. `forecast` is
//! the model behind `fit` and `backtest`; `backtest` holds it and its rivals (`baselines`) against what came,
//! `sessions` does so for logs whose sessions have no common clock, `score` says how well. `columns` sums a table
//! whose single rows nobody wants.

mod backtest;
mod baselines;
mod record;
mod score;
mod series;
mod sessions;

pub mod columns;
pub mod forecast;
pub mod read;

pub use backtest::{FAN, Options as BacktestOptions, Origin, Task, duration, parse_duration, rolling};
pub use record::{Billed, Record};
pub use score::{COVERAGES, PIT_BARS, Score};
pub use series::{Collector, DAY_MS, Series, read_series};
pub use sessions::{Session, halves};
