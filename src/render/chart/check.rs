//! Refuses what cannot be drawn, in a sentence, before anything is drawn.

use anyhow::{Result, ensure};

/// Beyond this many dollars an amount is a mistake of the caller, and labels would grow without end.
const LARGEST: f64 = 1e15;

/// An error unless there is at least one of `what`.
pub fn some<T>(rows: &[T], chart: &str, what: &str) -> Result<()> {
    ensure!(!rows.is_empty(), "the {chart} chart needs at least one {what}, and got none");
    Ok(())
}

/// An error unless every amount is a number of dollars that fits on an axis.
pub fn amounts(values: &[f64], whose: &str) -> Result<()> {
    for value in values {
        ensure!(value.is_finite(), "an amount of {whose} is {value}, which cannot be drawn");
        ensure!(value.abs() <= LARGEST, "an amount of {whose} is ${value:e}, which is beyond any axis");
    }
    Ok(())
}

/// An error unless every value is a probability or a share.
pub fn shares(values: &[f64], whose: &str) -> Result<()> {
    for value in values {
        ensure!(
            (-1e-9..=1.0 + 1e-9).contains(value),
            "a share of {whose} is {value}, which is not between 0 and 1"
        );
    }
    Ok(())
}

/// An error unless the budget, if any, can be drawn.
pub fn budget(budget_usd: Option<f64>) -> Result<()> {
    amounts(budget_usd.as_slice(), "the budget")
}
