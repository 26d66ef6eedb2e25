//! Scenarios for the tests of this room.

use std::sync::Arc;

use crate::catalogue::{Catalogue, shipped};
use crate::domain::problem::Source;
use crate::workload::{Scenario, assemble};

/// The scenario that a text says, at the shipped prices.
pub fn scenario(text: &str) -> Scenario {
    let catalogue = Catalogue::read(&shipped(), &[]).unwrap();
    let source = Arc::new(Source::new("t.yaml", text.to_owned()));
    Scenario::read(&assemble(&source, &|_, _| Err(String::new())).unwrap(), &catalogue).unwrap()
}
