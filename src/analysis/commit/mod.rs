//! What to commit: of every contract offer the choice with the lowest expected cost and the one with the lowest P90,
//! what each costs in which futures, and what staying free is worth.
//!
//! A choice is judged on all trials of the simulation: what every trial would have cost under it. Regret is a
//! choice's cost minus that of the trial's own best choice.

mod law;
mod money;
mod search;
#[cfg(test)]
mod tests;
mod units;

pub use self::law::{Choice, Reserved};

use self::law::{Law, OutOfReach, Paid};
use self::money::MoneyLaw;
use self::search::{Tried, least, taken, try_all};
use self::units::UnitsLaw;
use super::distribution::{Distribution, PARTS, mean_error};
use super::summary::Summary;
use crate::domain::time::Month;
use crate::engine::{Options, Simulation};
use crate::workload::{Amounts, ContractOffer, MoneyTerms, Per, Reservation, Scenario, Terms};

/// An offer and what to do about it.
#[derive(Clone, Debug)]
pub struct OfferAnalysis {
    /// The offer.
    pub offer: ContractOffer,
    /// The label of the route that it is for.
    pub route: String,
    /// The months in which it holds.
    pub months: Vec<Month>,
    /// What amounts are.
    pub unit: AmountUnit,
    /// Not to sign.
    pub nothing: Judged,
    /// The choice with the lowest expected cost.
    pub best_mean: Judged,
    /// The choice with the lowest P90.
    pub best_p90: Judged,
    /// The one with the lowest expected cost of all but nothing; absent where nothing is the only one.
    pub best_signed: Option<Judged>,
    /// Standard error of the amount with the lowest expected cost, where it is one of a range.
    pub amount_error: Option<f64>,
    /// These, and others beside them, for a table.
    pub shown: Vec<Judged>,
    /// Cost against amount, under the terms of the best choice.
    pub curve: Curve,
    /// What a reader should know.
    pub remarks: Vec<Remark>,
}

/// What an amount is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmountUnit {
    /// USD for this time.
    Usd(Per),
    /// USD of credit.
    Credit,
    /// Units of this name.
    Units(String),
    /// There is no amount: one signs or does not.
    Signing,
}

/// What a reader of an answer should know.
#[derive(Clone, Debug, PartialEq)]
pub enum Remark {
    /// An amount on offer is used up in no period of any trial.
    OutOfReach {
        /// The amount: USD, or units.
        amount: f64,
        /// The largest that is used up.
        reach: f64,
        /// The share of what is paid for the amount that would be lost.
        lost_share: f64,
    },
    /// Demand beyond reserved units pays the prices of a route.
    Spill {
        /// The route's label.
        route: String,
    },
    /// Units refuse long prompts.
    LongPrompts {
        /// The longest prompt that they take, in tokens.
        above_tokens: u64,
        /// The share of the input tokens that is in longer ones.
        share: f64,
    },
    /// A term is paid beyond the months of the offer.
    MonthsBeyond {
        /// The term: `1 year`.
        term: String,
        /// How many months of it are paid and not counted.
        months: usize,
    },
}

/// A choice and what it comes to.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The choice.
    pub choice: Choice,
    /// How units are reserved, if it is of units.
    pub reserved: Option<Reserved>,
    /// Cost over the horizon, USD.
    pub cost: Summary,
    /// How much less than nothing it costs in the same trial, USD; negative where it costs more.
    pub saving: Summary,
    /// How much more than the trial's own best choice it costs, USD.
    pub regret: Summary,
    /// What is paid and not used, USD.
    pub shortfall: MeanOf,
    /// What is paid for use beyond the commitment, USD.
    pub overage: MeanOf,
    /// How probable it is that a month, term or hour does not use the commitment up; `None` where nothing is committed.
    pub not_reached: Option<f64>,
    /// The share of what is paid for the commitment that is lost, if there is one.
    pub lost_share: Option<f64>,
}

impl Judged {
    /// The amount, USD or units; `None` for nothing.
    pub fn amount(&self) -> Option<f64> {
        match self.choice {
            Choice::Nothing => None,
            Choice::Take { amount, .. } => Some(amount),
        }
    }
}

/// A mean over the trials with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanOf {
    /// The mean.
    pub mean: f64,
    /// Its Monte Carlo error, where the trials can tell.
    pub standard_error: Option<f64>,
}

/// Cost against amount.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// The number of the terms.
    pub line: usize,
    /// How units are reserved, if it is of units.
    pub reserved: Option<Reserved>,
    /// In the order of their amounts.
    pub points: Vec<CurvePoint>,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// USD, or units.
    pub amount: f64,
    /// Mean cost over the horizon, USD.
    pub mean: f64,
    /// P90 of it, USD.
    pub p90: f64,
}

/// How many sizes of provisioned units are tried in every trial: each takes room.
pub fn sizes_tried(offer: &ContractOffer) -> usize {
    match &offer.terms {
        Terms::Reservation(reservation) => reservation.units.len(),
        Terms::Money(_) => 0,
    }
}

/// The answers for some offers of a scenario, by the simulation that `options` gave.
///
/// # Errors
/// When the operating system refuses the threads.
pub fn commitments(
    scenario: &Scenario,
    simulation: &Simulation,
    options: &Options,
    offers: &[&ContractOffer],
) -> anyhow::Result<Vec<OfferAnalysis>> {
    offers.iter().map(|offer| analysed(offer, scenario, simulation, options)).collect()
}

fn analysed(
    offer: &ContractOffer,
    scenario: &Scenario,
    simulation: &Simulation,
    options: &Options,
) -> anyhow::Result<OfferAnalysis> {
    let mut remarks = Vec::new();
    let law: Box<dyn Law> = match &offer.terms {
        Terms::Reservation(reservation) => {
            let law = UnitsLaw::new(offer, reservation, scenario, simulation, options)?;
            remarks.extend(unit_remarks(reservation, scenario, &law));
            Box::new(law)
        }
        Terms::Money(terms) => {
            let spend = &simulation.routes[offer.route].spend;
            Box::new(MoneyLaw::new(offer, terms, spend, simulation.months))
        }
    };
    let court = Court::new(law.as_ref(), simulation, unit_of(offer), offer);
    let tried = try_all(law.as_ref(), simulation.trials);
    let signed = || tried.iter().filter(|tried| tried.choice != Choice::Nothing);
    let pick = |found: Option<&Tried>| found.map_or(Choice::Nothing, |tried| tried.choice);
    let mean = pick(least(&tried, |tried| tried.mean));
    let p90 = pick(least(&tried, |tried| tried.p90));
    let other = least(signed(), |tried| tried.mean).map(|tried| tried.choice);
    let line = match other {
        Some(Choice::Take { line, .. }) => line,
        _ => 0,
    };
    remarks.extend(out_of_reach(law.as_ref(), &court));
    Ok(OfferAnalysis {
        offer: offer.clone(),
        route: scenario.routes[offer.route].label.clone(),
        months: scenario.months[offer.first..offer.first + offer.months].to_vec(),
        nothing: court.judged(Choice::Nothing),
        best_mean: court.judged(mean),
        best_p90: court.judged(p90),
        best_signed: other.map(|choice| court.judged(choice)),
        amount_error: amount_error(law.as_ref(), line, simulation.trials),
        shown: shown(law.as_ref(), &tried, &[mean, p90]).into_iter().map(|c| court.judged(c)).collect(),
        curve: curve(law.as_ref(), line, &tried),
        unit: court.unit,
        remarks,
    })
}

/// Judges choices against nothing and against what would have been best.
struct Court<'a> {
    law: &'a dyn Law,
    simulation: &'a Simulation,
    unit: AmountUnit,
    /// What nothing costs, and what would have been best, trial by trial.
    nothing: Vec<f64>,
    hindsight: Vec<f64>,
}

impl<'a> Court<'a> {
    fn new(law: &'a dyn Law, simulation: &'a Simulation, unit: AmountUnit, offer: &ContractOffer) -> Self {
        debug_assert!(offer.first + offer.months <= simulation.months, "an offer lies within the horizon");
        let (nothing, hindsight) = (law.cost(Choice::Nothing), law.hindsight());
        Court { law, simulation, unit, nothing, hindsight }
    }

    fn judged(&self, choice: Choice) -> Judged {
        let Paid { cost, shortfall, overage, not_reached } = self.law.paid(choice);
        let less =
            |from: &[f64], by: &[f64]| -> Vec<f64> { from.iter().zip(by).map(|(a, b)| a - b).collect() };
        // Searches end a few last bits beside the best choice of a trial.
        let regret = less(&cost, &self.hindsight).into_iter().map(|usd| usd.max(0.0)).collect();
        let (reserved, committed) = match choice {
            Choice::Nothing => (None, false),
            Choice::Take { line, amount } => {
                (self.law.lines()[line].reserved.clone(), amount > 0.0 && self.unit != AmountUnit::Signing)
            }
        };
        let (short, over) = (self.mean(&shortfall), self.mean(&overage));
        // Paid for the commitment itself: all that is neither beyond it nor outside of the contract.
        let outside = self.mean(&self.nothing).mean - self.mean(&self.law.paid(Choice::Nothing).overage).mean;
        let paid = self.mean(&cost).mean - over.mean - outside;
        Judged {
            choice,
            reserved,
            saving: self.summary(less(&self.nothing, &cost)),
            regret: self.summary(regret),
            not_reached: committed.then(|| self.mean(&not_reached).mean),
            lost_share: (committed && paid > 0.0).then(|| short.mean / paid),
            shortfall: short,
            overage: over,
            cost: self.summary(cost),
        }
    }

    fn summary(&self, values: Vec<f64>) -> Summary {
        Distribution::of_sample(self.simulation.sampler, values.clone(), values).summary()
    }

    fn mean(&self, values: &[f64]) -> MeanOf {
        let summary = self.summary(values.to_vec());
        MeanOf { mean: summary.mean, standard_error: summary.standard_error.mean }
    }
}

/// How far the exact minimiser of parts of the trials scatters.
fn amount_error(law: &dyn Law, line: usize, trials: usize) -> Option<f64> {
    let is_range = matches!(law.lines().get(line)?.amounts, Amounts::Range(..));
    if !is_range || trials < 2 * PARTS {
        return None;
    }
    let part = |at: usize| at * trials / PARTS;
    let amounts: Vec<f64> = (0..PARTS).map(|at| law.cheapest(line, part(at)..part(at + 1))).collect();
    mean_error(&amounts)
}

/// Choices for a table: the best two, all of a short list, some of a long one or of a range, the best of other terms.
fn shown(law: &dyn Law, tried: &[Tried], best: &[Choice]) -> Vec<Choice> {
    const MOST: usize = 6;
    let mut choices = vec![Choice::Nothing];
    for (line, terms) in law.lines().iter().enumerate() {
        let own = || {
            tried.iter().filter(|tried| matches!(tried.choice, Choice::Take { line: of, .. } if of == line))
        };
        let mut amounts: Vec<f64> = match &terms.amounts {
            Amounts::List(amounts) if amounts.len() <= MOST => amounts.clone(),
            Amounts::List(amounts) if law.lines().len() == 1 => {
                (0..MOST).map(|at| amounts[at * (amounts.len() - 1) / (MOST - 1)]).collect()
            }
            Amounts::List(_) => Vec::new(),
            Amounts::Range(from, to) => {
                (0..MOST).map(|at| from + (to - from) * at as f64 / (MOST - 1) as f64).collect()
            }
        };
        let leaders = [least(own(), |tried| tried.mean), least(own(), |tried| tried.p90)];
        let leaders = leaders.into_iter().flatten().map(|tried| tried.choice).chain(best.iter().copied());
        amounts.extend(leaders.filter_map(|choice| match choice {
            Choice::Take { line: of, amount } if of == line => Some(amount),
            _ => None,
        }));
        amounts.sort_by(f64::total_cmp);
        amounts.dedup();
        for amount in amounts {
            let choice = taken(law, line, amount);
            if !choices.contains(&choice) {
                choices.push(choice);
            }
        }
    }
    choices
}

/// Mean and P90 against the amount under some terms.
fn curve(law: &dyn Law, line: usize, tried: &[Tried]) -> Curve {
    let Some(terms) = law.lines().get(line) else { return Curve::default() };
    let mut points: Vec<CurvePoint> = Vec::new();
    for tried in tried {
        let amount = match tried.choice {
            Choice::Take { line: of, amount } if of == line => amount,
            Choice::Nothing if law.zero_is_nothing(line) => 0.0,
            _ => continue,
        };
        points.push(CurvePoint { amount, mean: tried.mean, p90: tried.p90 });
    }
    points.sort_by(|a, b| a.amount.total_cmp(&b.amount));
    points.dedup_by(|a, b| a.amount == b.amount);
    Curve { line, reserved: terms.reserved.clone(), points }
}

fn unit_of(offer: &ContractOffer) -> AmountUnit {
    match &offer.terms {
        Terms::Money(MoneyTerms::Signing) => AmountUnit::Signing,
        Terms::Money(MoneyTerms::Pool { per, .. } | MoneyTerms::Minimum { per, .. }) => AmountUnit::Usd(*per),
        Terms::Money(MoneyTerms::Credit { .. }) => AmountUnit::Credit,
        Terms::Reservation(reservation) => AmountUnit::Units(reservation.offer.unit.clone()),
    }
}

/// Which amount no trial uses up.
fn out_of_reach(law: &dyn Law, court: &Court<'_>) -> Option<Remark> {
    let OutOfReach { amount, reach } = law.out_of_reach(0)?;
    let judged = court.judged(Choice::Take { line: 0, amount });
    // What is out of reach is larger than nothing, and has a share that is lost.
    Some(Remark::OutOfReach { amount, reach, lost_share: judged.lost_share? })
}

/// What a reservation assumes and leaves out.
fn unit_remarks(reservation: &Reservation, scenario: &Scenario, law: &UnitsLaw) -> Vec<Remark> {
    let mut remarks = vec![Remark::Spill { route: scenario.routes[reservation.spill].label.clone() }];
    let longest = reservation.offer.maximum_prompt_tokens.filter(|_| law.long_share > 0.0);
    if let Some(most) = longest {
        remarks.push(Remark::LongPrompts { above_tokens: most, share: law.long_share });
    }
    let beyond = reservation.terms.iter().filter(|term| term.months_beyond > 0);
    remarks.extend(
        beyond.map(|term| Remark::MonthsBeyond { term: term.name.clone(), months: term.months_beyond }),
    );
    remarks
}
