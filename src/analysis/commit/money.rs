//! Commitments of money: pools, minimums, credit, and discounts that come with signing.
//!
//! The months of a trial are put together into **periods**: what one commitment is for. With V the bill of a period
//! at the signed prices, a pool or credit of C that covers κC of use costs C + (V − κC)⁺, a minimum of C costs
//! max(V, C). The exact settlement of the same terms is `billing::settle`; a test holds the two together.

use std::ops::Range;

use super::law::{Choice, Law, Line, OutOfReach, Paid};
use crate::workload::{Amounts, ContractOffer, MoneyTerms, Per, VolumeTerms};

/// An offer of money with the trials' bills.
pub struct MoneyLaw {
    lines: Vec<Line>,
    kind: Kind,
    /// Whether signing alone changes the bill.
    signing_pays: bool,
    /// What months outside of the contract cost in each trial, USD.
    outside: Vec<f64>,
    /// What the contract's months cost in each trial without it, USD.
    list: Vec<f64>,
    /// Periods of a trial.
    periods: usize,
}

enum Kind {
    /// C covers κC of each period; months of the contract after it cost `after`.
    Prepaid { cover: f64, bills: Vec<f64>, after: Vec<f64> },
    /// Each level with its bills, trial by trial, period after period.
    Minimum(Vec<(f64, Vec<f64>)>),
    /// The bills of the signed prices.
    Signing(Vec<f64>),
}

impl MoneyLaw {
    /// The law of an offer and its terms, for a route whose monthly bills are `spend`, trial by trial, month after
    /// month.
    pub fn new(offer: &ContractOffer, terms: &MoneyTerms, spend: &[f64], months: usize) -> Self {
        let rows = || spend.chunks_exact(months);
        let covered = offer.first..offer.first + offer.months;
        let inside = |row: &[f64]| row[covered.clone()].iter().sum::<f64>();
        let list: Vec<f64> = rows().map(inside).collect();
        let outside: Vec<f64> =
            rows().zip(&list).map(|(row, inside)| row.iter().sum::<f64>() - inside).collect();
        // Bills of periods of so many months at the signed prices, and what is left over of each trial.
        let bills = |length: usize, repeats: bool, off: f64| {
            let (mut bills, mut after) = (Vec::new(), Vec::new());
            for row in rows() {
                let net: Vec<f64> = row[covered.clone()].iter().map(|usd| signed(offer, off, *usd)).collect();
                let end = if repeats { net.len() } else { length.min(net.len()) };
                bills.extend(net[..end].chunks(length).map(|period| period.iter().sum::<f64>()));
                after.push(net[end..].iter().sum::<f64>());
            }
            (bills, after)
        };
        let line = |amounts: &Amounts| vec![Line { reserved: None, amounts: amounts.clone() }];
        let length = |per: Per| if per == Per::Month { 1 } else { offer.months };
        let cover = terms.cover();
        let (lines, kind, periods) = match terms {
            MoneyTerms::Pool { per, amounts, .. } => {
                let (bills, after) = bills(length(*per), true, 0.0);
                (line(amounts), Kind::Prepaid { cover, bills, after }, offer.months / length(*per))
            }
            MoneyTerms::Credit { months, amounts, .. } => {
                let (bills, after) = bills(*months, false, 0.0);
                (line(amounts), Kind::Prepaid { cover, bills, after }, 1)
            }
            MoneyTerms::Minimum { per, levels } => {
                let amounts = Amounts::List(levels.iter().map(|(amount, _)| *amount).collect());
                let level = |(amount, off): &(f64, f64)| (*amount, bills(length(*per), true, *off).0);
                let kind = Kind::Minimum(levels.iter().map(level).collect());
                (line(&amounts), kind, offer.months / length(*per))
            }
            MoneyTerms::Signing => {
                let amounts = Amounts::List(vec![0.0]);
                (line(&amounts), Kind::Signing(bills(offer.months, true, 0.0).0), 1)
            }
        };
        let signing_pays = offer.discount > 0.0 || offer.volume.is_some();
        MoneyLaw { lines, kind, signing_pays, outside, list, periods }
    }

    /// What a trial costs at the best amount of a range, known afterwards.
    fn best_of_trial(&self, trial: usize, (from, to): (f64, f64)) -> f64 {
        let Kind::Prepaid { cover, bills, after } = &self.kind else { return f64::INFINITY };
        let mut own = bills[trial * self.periods..(trial + 1) * self.periods].to_vec();
        let amount = (order_statistic(&mut own, 1.0 - 1.0 / cover) / cover).clamp(from, to);
        let prepaid = own.iter().map(|bill| amount + (bill - cover * amount).max(0.0));
        self.outside[trial] + after[trial] + prepaid.sum::<f64>()
    }
}

impl Law for MoneyLaw {
    fn lines(&self) -> &[Line] {
        &self.lines
    }

    fn paid(&self, choice: Choice) -> Paid {
        let Choice::Take { amount, .. } = choice else { return Paid::unsigned(&self.outside, &self.list) };
        // Of each period: what it costs, what of it is not used, and what is beyond.
        let settle = |bills: &[f64], of: &dyn Fn(f64) -> [f64; 3], after: Option<&[f64]>| {
            let mut paid = Paid::default();
            for (trial, own) in bills.chunks_exact(self.periods).enumerate() {
                let after = after.map_or(0.0, |after| after[trial]);
                let (mut cost, mut idle, mut beyond, mut missed) =
                    (self.outside[trial] + after, 0.0, after, 0);
                for bill in own {
                    let [own, unused, more] = of(*bill);
                    (cost, idle, beyond) = (cost + own, idle + unused, beyond + more);
                    missed += usize::from(unused > 0.0);
                }
                paid.cost.push(cost);
                paid.shortfall.push(idle);
                paid.overage.push(beyond);
                paid.not_reached.push(missed as f64 / self.periods as f64);
            }
            paid
        };
        match &self.kind {
            Kind::Prepaid { cover, bills, after } => {
                let covered = cover * amount;
                let of = |bill: f64| {
                    let beyond = (bill - covered).max(0.0);
                    [amount + beyond, (covered - bill).max(0.0) / cover, beyond]
                };
                settle(bills, &of, Some(after))
            }
            Kind::Minimum(levels) => {
                let Some((least, bills)) = levels.iter().find(|(level, _)| *level == amount) else {
                    unreachable!("a minimum of {amount} USD is not among the offer's levels");
                };
                let of = |bill: f64| [bill.max(*least), (least - bill).max(0.0), (bill - least).max(0.0)];
                settle(bills, &of, None)
            }
            Kind::Signing(bills) => settle(bills, &|bill| [bill, 0.0, bill], None),
        }
    }

    fn zero_is_nothing(&self, _: usize) -> bool {
        !self.signing_pays && matches!(self.kind, Kind::Prepaid { .. })
    }

    fn hindsight(&self) -> Vec<f64> {
        let mut best = self.cost(Choice::Nothing);
        match &self.lines[0].amounts {
            Amounts::Range(from, to) => {
                for (trial, best) in best.iter_mut().enumerate() {
                    *best = best.min(self.best_of_trial(trial, (*from, *to)));
                }
            }
            Amounts::List(amounts) => {
                for amount in amounts {
                    let cost = self.cost(Choice::Take { line: 0, amount: *amount });
                    best.iter_mut().zip(cost).for_each(|(best, cost)| *best = best.min(cost));
                }
            }
        }
        best
    }

    fn cheapest(&self, line: usize, trials: Range<usize>) -> f64 {
        let Amounts::Range(from, to) = self.lines[line].amounts else { return 0.0 };
        let Kind::Prepaid { cover, bills, .. } = &self.kind else { return from };
        let mut bills = bills[trials.start * self.periods..trials.end * self.periods].to_vec();
        (order_statistic(&mut bills, 1.0 - 1.0 / cover) / cover).clamp(from, to)
    }

    fn out_of_reach(&self, line: usize) -> Option<OutOfReach> {
        let largest = |bills: &[f64]| bills.iter().copied().fold(0.0, f64::max);
        match &self.kind {
            Kind::Prepaid { cover, bills, .. } => {
                OutOfReach::of(&self.lines[line].amounts, largest(bills) / cover)
            }
            // Levels have bills of their own: the first that none of its own bills reaches.
            Kind::Minimum(levels) => {
                let reached = levels.iter().map(|(amount, bills)| (*amount, largest(bills)));
                let mut beyond = reached.filter(|(amount, reach)| amount > reach);
                beyond.next().map(|(amount, reach)| OutOfReach { amount, reach })
            }
            Kind::Signing(_) => None,
        }
    }
}

/// A month's bill at the signed prices: the offer's discount, one of its level, then volume steps.
fn signed(offer: &ContractOffer, off: f64, usd: f64) -> f64 {
    let usage = usd * (1.0 - offer.discount) * (1.0 - off);
    usage - offer.volume.as_ref().map_or(0.0, |volume| volume_discount(volume, usage))
}

fn volume_discount(volume: &VolumeTerms, usage: f64) -> f64 {
    if !volume.graduated {
        let step = volume.steps.iter().rev().find(|(above, _)| usage > *above);
        return step.map_or(0.0, |(_, share)| usage * share);
    }
    let ends = volume.steps.iter().skip(1).map(|(above, _)| *above).chain([f64::INFINITY]);
    let parts = volume.steps.iter().zip(ends);
    parts.map(|((above, share), end)| (usage.min(end) - above).max(0.0) * share).sum()
}

/// The smallest value that at least the share `p` of all values does not exceed; 0 for a share of nothing.
///
/// For one dollar more of C every period costs 1 more, and each with V > κC costs κ less beside. The mean falls as long
/// as κ · #{V > κC} > n: the minimum is where κC is the value number ⌈n (1 − 1/κ)⌉. With 100 periods and κ = 1.25 it
/// is the 20th smallest.
fn order_statistic(values: &mut [f64], p: f64) -> f64 {
    // 12 · (1 − 0.88) is a little more than 1.44 in floating point, as 100 · 0.12 must not be more than 12.
    let rank = (values.len() as f64 * p - 1e-9).ceil().max(0.0) as usize;
    if rank == 0 {
        return 0.0;
    }
    let at = (rank - 1).min(values.len() - 1);
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}
