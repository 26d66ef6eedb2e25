//! Other people's usage logs: what was asked of which model, and what was paid.
//!
//! `record` is what every log becomes, `read` knows the formats, one file each.

mod record;

pub mod read;

pub use record::{Billed, Record};
