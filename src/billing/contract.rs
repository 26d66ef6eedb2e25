//! What a contract makes of a row of monthly bills: volume steps, credit, commitment.

use crate::catalogue::{Contract, VolumeSteps};
use crate::domain::money::Usd;
use crate::domain::time::Instant;

/// A month's bill at the contract's prices, before its other terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billed {
    /// When the month begins.
    pub from: Instant,
    /// What was used, at the contract's prices.
    pub usage: Usd,
}

/// What a month comes to under a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What was used, at the contract's prices.
    pub usage: Usd,
    /// What the volume steps take off.
    pub volume_discount: Usd,
    /// What prepaid credit covers.
    pub from_credit: Usd,
    /// What is billed for a commitment that was not reached.
    pub shortfall: Usd,
    /// What is paid for credit in advance.
    pub credit_bought: Usd,
}

impl Settled {
    /// What leaves the account in the month.
    pub fn paid(&self) -> Usd {
        self.usage - self.volume_discount - self.from_credit + self.shortfall + self.credit_bought
    }
}

/// Settles months in their order; only months in which the contract holds have its terms.
///
/// Credit is bought with the first of them and used by those that begin before it expires. A commitment of the
/// whole term is settled with the last one given that the contract covers.
pub fn settle(contract: &Contract, months: &[Billed]) -> Vec<Settled> {
    let covered = |month: &Billed| contract.holds(&contract.provider, month.from);
    let last = months.iter().rposition(covered);
    let mut credit = contract.credit.map_or(Usd::ZERO, |credit| credit.amount);
    let mut bought = false;
    let mut net_of_term = Usd::ZERO;
    let mut settled = Vec::new();
    for (index, month) in months.iter().enumerate() {
        let mut result = Settled {
            usage: month.usage,
            volume_discount: Usd::ZERO,
            from_credit: Usd::ZERO,
            shortfall: Usd::ZERO,
            credit_bought: Usd::ZERO,
        };
        if covered(month) {
            result.volume_discount = contract.volume.as_ref().map_or(Usd::ZERO, |v| discount(v, month.usage));
            let net = month.usage - result.volume_discount;
            net_of_term += net;
            if let Some(terms) = contract.credit {
                if !bought {
                    result.credit_bought = terms.paid;
                    bought = true;
                }
                if month.from < terms.expires {
                    result.from_credit = net.min(credit);
                    credit = credit - result.from_credit;
                }
            }
            result.shortfall = match contract.commitment {
                Some(terms) if terms.monthly => (terms.minimum - net).max(Usd::ZERO),
                Some(terms) if Some(index) == last => (terms.minimum - net_of_term).max(Usd::ZERO),
                _ => Usd::ZERO,
            };
        }
        settled.push(result);
    }
    settled
}

fn discount(volume: &VolumeSteps, usage: Usd) -> Usd {
    if !volume.graduated {
        let step = volume.steps.iter().rev().find(|(above, _)| usage > *above);
        return step.map_or(Usd::ZERO, |(_, share)| usage.times(*share));
    }
    let ends = volume.steps.iter().skip(1).map(|(above, _)| Some(*above)).chain(std::iter::once(None));
    let parts = volume.steps.iter().zip(ends).map(|((above, share), end)| {
        let within = end.map_or(usage, |end| usage.min(end)) - *above;
        within.max(Usd::ZERO).times(*share)
    });
    parts.sum()
}
