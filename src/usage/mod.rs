//! Other people's usage logs: what was asked of which model, what was paid, and what they say about the months
//! to come.
//!
//! `record` is what every log becomes, `read` knows the formats, one file each. `pricer` bills a record exactly,
//! `replay` a whole log, `series` bins it. `forecast` is
//! the model behind `fit` and `backtest`; `backtest` holds it and its rivals (`baselines`) against what came,
//! `sessions` does so for logs whose sessions have no common clock, `score` says how well; `held` shows a fit
//! beside its own log. `columns` sums a table
//! whose single rows nobody wants.

mod arrivals;
mod backtest;
mod baselines;
mod fit;
mod held;
mod lengths;
mod pricer;
mod record;
mod replay;
mod score;
mod series;
mod sessions;
mod traffic;

pub mod columns;
pub mod forecast;
pub mod read;

pub use arrivals::Bunching;
pub use backtest::{FAN, Options as BacktestOptions, Origin, Task, duration, parse_duration, rolling};
pub use fit::{CacheFit, Fit, History, Seen, VolumeFit, VolumeOptions, fit, next_month};
pub use held::{Band, Held, HeldDays, HeldMemory, HeldShare, held};
pub use lengths::{Fitted, Lengths};
pub use pricer::{Priced, Pricer, Terms, Unpriced};
pub use record::{Billed, Record};
pub use replay::{Compared, Difference, Replay, Tally};
pub use score::{COVERAGES, PIT_BARS, Score};
pub use series::{Collector, DAY_MS, Series, SeriesReading, read_series};
pub use sessions::{Session, Spending, Spent, halves};
pub use traffic::{LengthBin, Sums, Traffic, rank_of};
