//! Other people's usage logs: what was asked of which model, what was paid, and what they say about the months
//! to come.
//!
//! `record` is what every log becomes, `read` knows the formats, one file each. `forecast` is the model behind
//! `fit` and `backtest`.

mod record;

pub mod forecast;
pub mod read;

pub use record::{Billed, Record};
