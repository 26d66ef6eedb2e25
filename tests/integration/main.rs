//! Tests of the whole: one binary, one module per topic.
//!
//! Logic is tested with invented providers and round prices; only `catalogue` and `invoices` read the
//! shipped price files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod catalogue;
mod closed_forms;
mod command_line;
mod determinism;
mod estimators;
mod house;
mod invoices;
mod laws;
mod parity;
mod precision;
mod price_command;
mod price_files;
mod shards;
mod support;
mod table_sums;
mod worked_bills;
