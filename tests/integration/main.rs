//! Tests of the whole: one binary, one module per topic.
//!
//! Logic is tested with invented providers and round prices; only `catalogue`, `commitments`, `invoices`,
//! `flat_prices`, `requirements` (personas) and `sql` read the shipped price files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod capacity_command;
mod capacity_traces;
mod catalogue;
mod closed_forms;
mod command_line;
mod commitments;
mod determinism;
mod estimators;
mod flat_prices;
mod goals;
mod house;
mod invoices;
mod laws;
mod parity;
mod precision;
mod price_command;
mod price_files;
mod rate_limits;
mod requirements;
mod sensitivity;
mod shards;
mod sql;
mod support;
mod table_sums;
mod usage_commands;
mod usage_formats;
mod usage_framing;
mod what_ifs;
mod worked_bills;
