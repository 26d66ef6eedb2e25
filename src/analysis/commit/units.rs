//! Reserved units: what they cost hour by hour, and what demand beyond them costs.
//!
//! Of every month the hours are sorted into the sizes to choose from, so that one pass over the hours tells the
//! excess over every size exactly: Σ (D − U)⁺ = Σ_{D > U} D − U · #{D > U}.

use std::ops::Range;

use super::law::{Choice, Law, Line, OutOfReach, Paid, Reserved};
use crate::billing::sold_size;
use crate::engine::{Demand, MonthDemand, Options, Simulation, UnitLaw, ordered};
use crate::workload::{Amounts, Beyond, ContractOffer, Reservation, Scenario};

/// A reservation with what the trials ask of it.
pub struct UnitsLaw {
    lines: Vec<Line>,
    /// Of every line: what one unit costs over the contract's months, USD, and what serves the rest.
    terms: Vec<(f64, Beyond)>,
    sizes: Vec<u64>,
    /// What months outside of the contract cost in each trial, and those inside without units, USD.
    outside: Vec<f64>,
    list: Vec<f64>,
    /// Whether the rest pays the token prices of the route itself.
    spills_home: bool,
    /// Of every trial and size.
    trials: Vec<Vec<Sized>>,
    /// The share of input tokens in prompts that are too long for units.
    pub long_share: f64,
    /// The most units that an hour of any trial asks for.
    peak_units: f64,
}

/// What a size comes to in a trial, beside the reservation's price.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sized {
    /// The rest by the token, USD.
    tokens_usd: f64,
    /// The rest by the hour, and long prompts by the token, USD.
    hourly_usd: f64,
    /// The share of the reserved unit-hours that is idle.
    idle: f64,
    /// The share of hours in which some are.
    idle_hours: f64,
}

/// A trial's figures.
struct Trial {
    sizes: Vec<Sized>,
    long: f64,
    all: f64,
    peak: f64,
}

impl UnitsLaw {
    /// The law of a reservation.
    ///
    /// # Errors
    /// When the operating system refuses the threads.
    pub fn new(
        offer: &ContractOffer,
        reservation: &Reservation,
        scenario: &Scenario,
        simulation: &Simulation,
        options: &Options,
    ) -> anyhow::Result<Self> {
        let law = UnitLaw {
            route: offer.route,
            spill: reservation.spill,
            input_tokens_per_minute: reservation.input_tokens_per_minute,
            output_weight: reservation.output_weight,
            cached_weight: reservation.cached_weight,
            maximum_prompt: reservation.offer.maximum_prompt_tokens,
        };
        let demand = Demand::new(scenario, options, law);
        let covered = offer.first..offer.first + offer.months;
        let months = simulation.months;
        let spill = &simulation.routes[reservation.spill].spend;
        let found = ordered(simulation.trials, options.threads, |trial| {
            let all = demand.trial(trial as u32);
            let bills = &spill[trial * months..(trial + 1) * months];
            one_trial(reservation, &all[covered.clone()], &bills[covered.clone()])
        })?;
        let own = simulation.routes[offer.route].spend.chunks_exact(months);
        let list: Vec<f64> = own.clone().map(|row| row[covered.clone()].iter().sum()).collect();
        let outside = own.zip(&list).map(|(row, inside)| row.iter().sum::<f64>() - inside).collect();
        let (long, all): (f64, f64) =
            found.iter().fold((0.0, 0.0), |sum, trial| (sum.0 + trial.long, sum.1 + trial.all));
        let (lines, terms) = lines(reservation);
        Ok(UnitsLaw {
            lines,
            terms,
            sizes: reservation.units.clone(),
            outside,
            list,
            spills_home: reservation.spill == offer.route,
            long_share: if all > 0.0 { long / all } else { 0.0 },
            peak_units: found.iter().map(|trial| trial.peak).fold(0.0, f64::max),
            trials: found.into_iter().map(|trial| trial.sizes).collect(),
        })
    }

    /// What a choice costs in a trial: all of it, what of it is idle, and what is for the rest.
    fn settle(&self, trial: usize, line: usize, at: usize) -> [f64; 3] {
        let ((unit_usd, beyond), sized) = (self.terms[line], self.trials[trial][at]);
        let reserved = unit_usd * self.sizes[at] as f64;
        let rest = if beyond == Beyond::Tokens { sized.tokens_usd } else { sized.hourly_usd };
        [self.outside[trial] + reserved + rest, reserved * sized.idle, rest]
    }

    /// The number of a size.
    fn at(&self, amount: f64) -> usize {
        let Some(at) = self.sizes.iter().position(|size| *size as f64 == amount) else {
            unreachable!("{amount} units are not among the offer's sizes");
        };
        at
    }
}

/// Every commitment with every way to serve the rest.
fn lines(reservation: &Reservation) -> (Vec<Line>, Vec<(f64, Beyond)>) {
    let amounts = Amounts::List(reservation.units.iter().map(|units| *units as f64).collect());
    let pairs =
        reservation.terms.iter().flat_map(|term| reservation.beyond.iter().map(move |way| (term, *way)));
    let line = |(term, way): (&crate::workload::ReservedTerm, Beyond)| {
        let reserved = Reserved { term: term.name.clone(), beyond: way };
        let line = Line { reserved: Some(reserved), amounts: amounts.clone() };
        (line, (term.unit_price.to_f64(), way))
    };
    pairs.map(line).unzip()
}

fn one_trial(reservation: &Reservation, months: &[MonthDemand], bills: &[f64]) -> Trial {
    let sizes = &reservation.units;
    let mut trial = Trial { sizes: vec![Sized::default(); sizes.len()], long: 0.0, all: 0.0, peak: 0.0 };
    let hours: usize = months.iter().map(|month| month.hours.len()).sum();
    for (month, bill) in months.iter().zip(bills) {
        trial.long += month.input_tokens.0;
        trial.all += month.input_tokens.1;
        trial.peak = month.hours.iter().map(|hour| hour.units).fold(trial.peak, f64::max);
        add_month(reservation, month, *bill, &mut trial.sizes);
    }
    for (sized, units) in trial.sizes.iter_mut().zip(sizes) {
        sized.idle = if *units > 0 { sized.idle / (*units as f64 * hours as f64) } else { 0.0 };
        sized.idle_hours /= hours as f64;
    }
    trial
}

/// Sums over the hours of a month in which demand lies between two neighbouring sizes.
#[derive(Clone, Copy, Default)]
struct Between {
    hours: f64,
    /// Those that fill the upper of the two to the last.
    full: f64,
    units: f64,
    deployed: f64,
    usd: f64,
    usd_per_unit: f64,
}

/// Adds a month whose bill by the token is `bill`; `idle` and `idle_hours` are still unit-hours and hours.
fn add_month(reservation: &Reservation, month: &MonthDemand, bill: f64, sizes: &mut [Sized]) {
    let units = &reservation.units;
    // Number i holds the hours that exceed exactly i of the sizes.
    let mut between = vec![Between::default(); units.len() + 1];
    let mut short_usd = 0.0;
    for hour in &month.hours {
        let at = units.partition_point(|size| (*size as f64) < hour.units);
        let cell = &mut between[at];
        cell.hours += 1.0;
        cell.full += f64::from(u8::from(units.get(at).is_some_and(|size| *size as f64 == hour.units)));
        cell.units += hour.units;
        cell.deployed += sold_size(&reservation.offer, hour.units) as f64;
        cell.usd += hour.tokens_usd;
        cell.usd_per_unit += if hour.units > 0.0 { hour.tokens_usd / hour.units } else { 0.0 };
        short_usd += hour.tokens_usd;
    }
    let total = short_usd + month.long_usd;
    // Where nothing is expected nothing is billed, save for what no unit serves.
    let share = |usd: f64| if total > 0.0 { usd / total } else { 1.0 };
    let mut above = Between::default();
    for (at, sized) in sizes.iter_mut().enumerate().rev() {
        let cell = between[at + 1];
        above.hours += cell.hours;
        above.units += cell.units;
        above.deployed += cell.deployed;
        above.usd += cell.usd;
        above.usd_per_unit += cell.usd_per_unit;
        let size = units[at] as f64;
        let beyond = (above.usd - size * above.usd_per_unit).max(0.0);
        sized.tokens_usd += bill * share(month.long_usd + beyond);
        let more = above.deployed - size * above.hours;
        sized.hourly_usd += bill * share(month.long_usd) + more * reservation.hour_usd.unwrap_or(0.0);
    }
    let mut below = Between::default();
    for (at, sized) in sizes.iter_mut().enumerate() {
        let cell = between[at];
        below.hours += cell.hours;
        below.units += cell.units;
        let size = units[at] as f64;
        sized.idle += (size * below.hours - below.units).max(0.0);
        if size > 0.0 {
            sized.idle_hours += below.hours - cell.full;
        }
    }
}

impl Law for UnitsLaw {
    fn lines(&self) -> &[Line] {
        &self.lines
    }

    fn paid(&self, choice: Choice) -> Paid {
        let Choice::Take { line, amount } = choice else { return Paid::unsigned(&self.outside, &self.list) };
        let at = self.at(amount);
        let mut paid = Paid::default();
        for trial in 0..self.trials.len() {
            let [cost, idle, rest] = self.settle(trial, line, at);
            paid.cost.push(cost);
            paid.shortfall.push(idle);
            paid.overage.push(rest);
            paid.not_reached.push(self.trials[trial][at].idle_hours);
        }
        paid
    }

    fn zero_is_nothing(&self, line: usize) -> bool {
        self.spills_home && self.terms[line].1 == Beyond::Tokens
    }

    fn hindsight(&self) -> Vec<f64> {
        let mut best = self.cost(Choice::Nothing);
        for (trial, best) in best.iter_mut().enumerate() {
            for line in 0..self.lines.len() {
                for at in 0..self.sizes.len() {
                    *best = best.min(self.settle(trial, line, at)[0]);
                }
            }
        }
        best
    }

    fn cheapest(&self, _: usize, _: Range<usize>) -> f64 {
        0.0
    }

    fn out_of_reach(&self, line: usize) -> Option<OutOfReach> {
        OutOfReach::of(&self.lines[line].amounts, self.peak_units)
    }
}
