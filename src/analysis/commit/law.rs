//! What every kind of offer has in common: choices, and what each costs in every trial.

use std::ops::Range;

use crate::workload::Amounts;

/// Something that may be chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// Not to sign.
    Nothing,
    /// An amount under one of the offer's terms.
    Take {
        /// The number of the terms.
        line: usize,
        /// USD, or units.
        amount: f64,
    },
}

/// Terms under which amounts can be chosen.
#[derive(Clone, Debug)]
pub struct Line {
    /// What tells these terms from the offer's others: `1 year, more by the hour`; empty where there are no others.
    pub name: String,
    /// What can be chosen.
    pub amounts: Amounts,
}

/// What a choice comes to, trial by trial.
#[derive(Clone, Debug, Default)]
pub struct Paid {
    /// Cost over the horizon, USD.
    pub cost: Vec<f64>,
    /// What is paid for and not used, USD.
    pub shortfall: Vec<f64>,
    /// What is paid for use beyond the commitment, USD.
    pub overage: Vec<f64>,
    /// The share of the commitment's periods (months, terms or hours) in which it is not used up.
    pub not_reached: Vec<f64>,
}

/// An offer's arithmetic.
pub trait Law: Sync {
    /// Its terms.
    fn lines(&self) -> &[Line];

    /// What a choice comes to.
    fn paid(&self, choice: Choice) -> Paid;

    /// What a choice costs in every trial, USD.
    fn cost(&self, choice: Choice) -> Vec<f64> {
        self.paid(choice).cost
    }

    /// Whether an amount of zero under some terms is the same as not to sign.
    fn zero_is_nothing(&self, line: usize) -> bool;

    /// What the best choice of each trial would have cost, known afterwards, USD.
    fn hindsight(&self) -> Vec<f64>;

    /// The amount of a range that costs least in the mean over some trials: exact.
    fn cheapest(&self, line: usize, trials: Range<usize>) -> f64;

    /// The smallest amount that no period of any trial reaches.
    fn out_of_reach(&self, line: usize) -> Option<f64>;
}
