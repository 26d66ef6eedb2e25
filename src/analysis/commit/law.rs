//! What every kind of offer has in common: choices, and what each costs in every trial.

use std::ops::Range;

use crate::workload::{Amounts, Beyond};

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
    /// How units are reserved; `None` for money, which has no terms to choose among.
    pub reserved: Option<Reserved>,
    /// What can be chosen.
    pub amounts: Amounts,
}

/// How units are reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The commitment as the price file has it: `1 year`.
    pub term: String,
    /// What serves the rest.
    pub beyond: Beyond,
}

/// An amount that is on offer and out of reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutOfReach {
    /// The amount: the smallest of a list, or the largest of a range. USD, or units.
    pub amount: f64,
    /// The largest amount that some period of some trial uses up under the same terms.
    pub reach: f64,
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

impl Paid {
    /// What it comes to not to sign, where months outside of the contract cost `outside` in each trial and its own
    /// months `list`.
    pub fn unsigned(outside: &[f64], list: &[f64]) -> Self {
        Paid {
            cost: outside.iter().zip(list).map(|(outside, list)| outside + list).collect(),
            shortfall: vec![0.0; list.len()],
            overage: list.to_vec(),
            not_reached: vec![0.0; list.len()],
        }
    }
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

    /// An amount on offer that no period of any trial uses up, if there is one.
    fn out_of_reach(&self, line: usize) -> Option<OutOfReach>;
}

impl OutOfReach {
    /// That of some amounts of which at most `reach` is used up.
    pub fn of(amounts: &Amounts, reach: f64) -> Option<Self> {
        let amount = match amounts {
            Amounts::List(amounts) => amounts.iter().copied().find(|amount| *amount > reach),
            Amounts::Range(_, to) => Some(*to).filter(|to| *to > reach),
        };
        amount.map(|amount| OutOfReach { amount, reach })
    }
}
