//! From a checked scenario to possible futures.
//!
//! The way of a trial: `draw` gives every assumption a value, `path` the expected requests of each month,
//! `traffic` cuts the prompts into segments at every threshold of every route, `moments` computes what a
//! request of a segment uses, `month` draws the month's token sums from their limit law (or request by
//! request where counts are small), `invoice` prices the sums on every route. `exact` replaces `moments`
//! and `month` by drawing every single request: the audit of the fast way. `simulate` runs the trials.
//!
//! The place of closed forms and of the fast brute-force kernel is behind `moments` and `exact`; nothing
//! else knows how a month's sums come about.

pub mod capacity;
mod closed;
mod counts;
mod demand;
mod draw;
mod exact;
mod few;
#[cfg(test)]
pub mod fixtures;
mod gate;
mod invoice;
pub mod kernel;
mod law;
mod lowdiscrepancy;
mod moments;
mod month;
mod outcome;
mod output;
mod parallel;
mod path;
mod quadrature;
mod simulate;
mod source;
mod stream;
mod tariff;
mod traffic;

pub use demand::{Demand, Hour, MonthDemand, UnitLaw};
pub use draw::Sampler;
pub use gate::cached_shares;
pub use law::{length_figures, share_above};
pub use outcome::{Batch, Items, OutcomeSums, RouteOutcome, Scatter, Simulation, Tally, Unserved};
pub use parallel::{all, ordered};
pub use path::{DayScatter, Days, regime_factor};
pub use simulate::{BATCH, Drawn, Engine, Estimator, Options, Stopped, batches_of, simulate};
pub use stream::{Purpose, Stream};
