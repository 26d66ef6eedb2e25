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

use self::law::{Choice, Law, Paid};
use self::money::MoneyLaw;
use self::search::{Tried, least, taken, try_all};
use self::units::UnitsLaw;
use super::distribution::{Distribution, PARTS, mean_error};
use super::summary::Summary;
use crate::domain::format::{count_short, percent, thousands, usd_short};
use crate::domain::time::horizon;
use crate::engine::{Options, Simulation};
use crate::workload::{Amounts, ContractOffer, Per, Scenario, Terms};

/// An offer and what to do about it.
#[derive(Clone, Debug)]
pub struct OfferAnalysis {
    /// Its name.
    pub name: String,
    /// The route that it is for.
    pub route: String,
    /// Its terms in words.
    pub terms: String,
    /// `12 months from Jan 2027`.
    pub covers: String,
    /// The scenario's remark.
    pub note: Option<String>,
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
    pub remarks: Vec<String>,
}

/// What an amount is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmountUnit {
    /// USD for this.
    Usd(&'static str),
    /// Units of this name.
    Units(String),
    /// There is no amount: one signs or does not.
    Signing,
}

impl AmountUnit {
    /// An amount in words: `$18k a month`, `150 PTU`.
    pub fn words(&self, amount: f64) -> String {
        match self {
            AmountUnit::Usd(per) => format!("{} {per}", usd_short(amount)),
            AmountUnit::Units(name) => format!("{} {name}", thousands(amount as u64)),
            AmountUnit::Signing => "the contract".to_owned(),
        }
    }
}

/// A choice and what it comes to.
#[derive(Clone, Debug)]
pub struct Judged {
    /// `$18k a month`, `150 PTU for 1 year, more by the hour`, `nothing`.
    pub label: String,
    /// Its amount; absent for nothing.
    pub amount: Option<f64>,
    /// The terms under which it is taken; empty where the offer has only one set of them.
    pub terms: String,
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
    /// The terms; empty where the offer has only one set of them.
    pub terms: String,
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
        _ => 0,
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
    let spend = &simulation.routes[offer.route].spend;
    let mut remarks = Vec::new();
    let law: Box<dyn Law> = match &offer.terms {
        Terms::Reservation(reservation) => {
            let law = UnitsLaw::new(offer, reservation, scenario, simulation, options)?;
            remarks.extend(unit_remarks(offer, reservation, scenario, &law));
            Box::new(law)
        }
        _ => match MoneyLaw::new(offer, spend, simulation.months) {
            Some(law) => Box::new(law),
            None => anyhow::bail!("an offer of units among those of money"),
        },
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
    remarks.extend(reach_remarks(law.as_ref(), &court));
    Ok(OfferAnalysis {
        name: offer.name.clone(),
        route: scenario.routes[offer.route].label.clone(),
        terms: terms_in_words(offer),
        covers: horizon(&scenario.months[offer.first..offer.first + offer.months]),
        note: offer.note.clone(),
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
        let (amount, terms, label) = match choice {
            Choice::Nothing => (None, String::new(), "nothing".to_owned()),
            Choice::Take { line, amount } => {
                let terms = self.law.lines()[line].name.clone();
                let between = if terms.is_empty() { "" } else { " for " };
                let label = format!("{}{between}{terms}", self.unit.words(amount));
                (Some(amount), terms, label)
            }
        };
        let committed = amount.is_some_and(|amount| amount > 0.0) && self.unit != AmountUnit::Signing;
        let (short, over) = (self.mean(&shortfall), self.mean(&overage));
        // Paid for the commitment itself: all that is neither beyond it nor outside of the contract.
        let outside = self.mean(&self.nothing).mean - self.mean(&self.law.paid(Choice::Nothing).overage).mean;
        let paid = self.mean(&cost).mean - over.mean - outside;
        Judged {
            label,
            amount,
            terms,
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
    Curve { terms: terms.name.clone(), points }
}

fn unit_of(offer: &ContractOffer) -> AmountUnit {
    match &offer.terms {
        Terms::Signing => AmountUnit::Signing,
        Terms::Pool { per: Per::Month, .. } | Terms::Minimum { per: Per::Month, .. } => {
            AmountUnit::Usd("a month")
        }
        Terms::Pool { .. } | Terms::Minimum { .. } => AmountUnit::Usd("for the term"),
        Terms::Credit { .. } => AmountUnit::Usd("of credit"),
        Terms::Reservation(reservation) => AmountUnit::Units(reservation.offer.unit.clone()),
    }
}

/// The offer's law in a sentence.
fn terms_in_words(offer: &ContractOffer) -> String {
    let mut words = match &offer.terms {
        Terms::Signing => "signing commits to nothing".to_owned(),
        Terms::Pool { discount, per, .. } => {
            let span = if *per == Per::Month { "every month" } else { "once for the term" };
            format!(
                "prepaid pool: C paid {span} covers use of {:.4} · C ({} off); use beyond it is billed without that discount",
                1.0 / (1.0 - discount),
                percent(*discount)
            )
        }
        Terms::Minimum { per, .. } => {
            let span = if *per == Per::Month { "each month" } else { "the whole term" };
            format!(
                "minimum spend: all use at the level's discount, but {span} is billed no less than the level"
            )
        }
        Terms::Credit { bonus, months, .. } => format!(
            "prepaid credit: C paid at the start covers use of {:.4} · C in the first {months} months; what is left is lost",
            1.0 + bonus
        ),
        Terms::Reservation(reservation) => format!(
            "reserved {} of {} input tokens a minute each, an output token counting as {} and a cached one as {}",
            reservation.offer.unit,
            count_short(reservation.input_tokens_per_minute),
            reservation.output_weight,
            reservation.cached_weight
        ),
    };
    if offer.discount > 0.0 {
        words += &format!("; {} off the whole bill with signing", percent(offer.discount));
    }
    if let Some(volume) = &offer.volume {
        let mode = if volume.graduated { "of the part above each step" } else { "of the whole month" };
        words += &format!("; volume steps, {mode}");
    }
    words
}

/// Says which amounts no trial reaches.
fn reach_remarks(law: &dyn Law, court: &Court<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    let (unit, lines) = (&court.unit, law.lines());
    let Some(reach) = law.out_of_reach(0) else { return remarks };
    let smallest = match &lines[0].amounts {
        Amounts::List(amounts) => amounts.iter().copied().find(|amount| *amount > reach),
        Amounts::Range(_, to) => Some(*to).filter(|to| *to > reach),
    };
    let Some(amount) = smallest else { return remarks };
    let judged = court.judged(Choice::Take { line: 0, amount });
    let lost = judged.lost_share.map_or("all".to_owned(), percent);
    remarks.push(match unit {
        AmountUnit::Units(_) => format!(
            "The busiest hour of all trials asks for {:.0} units: of {} {lost} would stand idle.",
            reach.ceil(),
            unit.words(amount)
        ),
        _ => format!(
            "Every trial's spend is below {}: {lost} of it would be lost. From {} on it is reached in no trial.",
            unit.words(amount),
            unit.words(reach)
        ),
    });
    remarks
}

/// Says what a reservation assumes and leaves out.
fn unit_remarks(
    offer: &ContractOffer,
    reservation: &crate::workload::Reservation,
    scenario: &Scenario,
    law: &UnitsLaw,
) -> Vec<String> {
    let unit = &reservation.offer.unit;
    let spill = &scenario.routes[reservation.spill].label;
    let mut remarks = vec![format!(
        "The rest by the token pays {spill}'s prices; more by the hour is deployed in the same steps and leaves long prompts to {spill}. Demand flows evenly within an hour: bursts inside of it spill too, and are not counted. A reservation is a price, not a promise of capacity."
    )];
    if let Some(most) = reservation.offer.maximum_prompt_tokens {
        let long = if law.long_share > 0.999 {
            format!("Nearly all input tokens are in prompts above {}, which {unit} refuse", thousands(most))
        } else {
            format!(
                "{} of the input tokens are in prompts above {}, which {unit} refuse",
                percent(law.long_share),
                thousands(most)
            )
        };
        remarks.push(format!("{long}: they always pay by the token."));
    }
    for term in reservation.terms.iter().filter(|term| term.months_beyond > 0) {
        remarks.push(format!(
            "A term of {} is paid whole: {} of its months lie beyond the {} that are counted here, so it looks dearer than it is to those who go on.",
            term.name, term.months_beyond, offer.months
        ));
    }
    remarks
}
