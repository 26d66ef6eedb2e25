//! A whole order on one route at one instant: tokens, calls and fees.

use std::fmt;

use super::meter::{MeterBill, Scope, bill_meter};
use super::month::fees_of;
use super::request::{Bill, BillError, Usage, bill_request};
use crate::catalogue::{
    BandMode, Contract, ContractCard, Fee, LookupError, Meter, Offer, PriceEntry, RateCard, Slot,
};
use crate::domain::money::Usd;
use crate::domain::quantity::Quantity;
use crate::domain::time::Instant;

/// What is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Tokens.
    pub usage: Usage,
    /// Meters by name and variant, with their quantities.
    pub uses: Vec<(String, Option<String>, Quantity)>,
    /// One request, or a month.
    pub scope: Scope,
}

/// What an order costs.
#[derive(Clone, Debug)]
pub struct Quote<'a> {
    /// What is bought.
    pub offer: Offer<'a>,
    /// When.
    pub at: Instant,
    /// Which prices hold then.
    pub slot: Slot,
    /// The prices that were billed: the list's or a contract's.
    pub card: RateCard,
    /// By which terms of a contract, if by one.
    pub contract: Option<String>,
    /// The tokens.
    pub bill: Bill,
    /// What the tokens cost on the list, where a contract holds.
    pub list_total: Option<Usd>,
    /// The meters.
    pub meters: Vec<(&'a Meter, MeterBill)>,
    /// Platform fees in force, and what they are on this order; their minimum holds for a month only.
    pub fees: Vec<(&'a Fee, Usd)>,
}

impl<'a> Quote<'a> {
    /// The entry whose prices hold.
    pub fn entry(&self) -> &'a PriceEntry {
        self.offer.entry(self.slot)
    }

    /// Tokens and meters, before platform fees.
    pub fn total(&self) -> Usd {
        self.bill.total + self.meters.iter().map(|(_, bill)| bill.amount).sum()
    }

    /// Everything, with each fee's share.
    pub fn total_with_fees(&self) -> Usd {
        self.total() + self.fees.iter().map(|(_, amount)| *amount).sum()
    }
}

/// Why an order cannot be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuoteError {
    /// No price is known then.
    NoPrice(LookupError),
    /// The tokens cannot be billed.
    Bill(BillError),
    /// The meter is not sold on this route then; those that are.
    NoMeter {
        /// Its name and variant.
        wanted: String,
        /// What is sold.
        known: Vec<String>,
    },
    /// Tokens of a whole month on a card whose bands are by the request.
    MonthOfBands,
    /// Tokens of a whole month where the price depends on the time of day.
    MonthOfHours,
}

impl fmt::Display for QuoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QuoteError::NoPrice(error) => write!(f, "{}", error.title),
            QuoteError::Bill(error) => write!(f, "{error}"),
            QuoteError::NoMeter { wanted, .. } => write!(f, "no price of `{wanted}` is published here"),
            QuoteError::MonthOfBands => {
                write!(f, "a month's tokens cannot be billed where the price depends on the single request")
            }
            QuoteError::MonthOfHours => {
                write!(f, "a month's tokens cannot be billed where the price depends on the time of day")
            }
        }
    }
}

impl std::error::Error for QuoteError {}

/// What an order costs on an offer at an instant, by the list or a contract.
///
/// # Errors
/// When some part of it has no published price.
pub fn quote<'a>(
    offer: Offer<'a>,
    at: Instant,
    order: &Order,
    contract: Option<&Contract>,
) -> Result<Quote<'a>, QuoteError> {
    let slot = offer.slot_at(at).ok_or_else(|| QuoteError::NoPrice(offer.no_price_at(at)))?;
    let list = offer.card(slot);
    let agreed = contract.and_then(|contract| contract.card(offer, at, list));
    let (card, terms) = match agreed {
        Some(ContractCard { card, terms }) => (card, Some(terms)),
        None => (list.clone(), None),
    };
    let by_request = card.bands.len() > 1 || card.mode == BandMode::Graduated;
    if matches!(order.scope, Scope::Month { .. }) && by_request && order.usage != Usage::default() {
        return Err(QuoteError::MonthOfBands);
    }
    let by_hour = !offer.entry(slot).windows.is_empty();
    if matches!(order.scope, Scope::Month { .. }) && by_hour && order.usage != Usage::NONE {
        return Err(QuoteError::MonthOfHours);
    }
    let bill = bill_request(&card, &order.usage).map_err(QuoteError::Bill)?;
    let list_total = match &terms {
        // What only the contract prices has no list price.
        Some(_) => bill_request(list, &order.usage).ok().map(|bill| bill.total),
        None => None,
    };
    let mut meters = Vec::new();
    for (name, level, quantity) in &order.uses {
        let Some(meter) = offer.meter_at(name, level.as_deref(), at) else {
            let wanted = meter_name(name, level.as_deref());
            let sold = offer.meters_at(at).into_iter();
            let known = sold.map(|meter| meter_name(&meter.name, meter.level.as_deref())).collect();
            return Err(QuoteError::NoMeter { wanted, known });
        };
        meters.push((meter, bill_meter(meter, *quantity, order.scope)));
    }
    let spend = bill.total + meters.iter().map(|(_, bill)| bill.amount).sum();
    let fee = |fee: &Fee| match order.scope {
        Scope::Month { .. } => fees_of(&[fee], spend),
        Scope::Request => spend.times(fee.share),
    };
    let fees = offer.fees_at(at).into_iter().map(|known| (known, fee(known))).collect();
    Ok(Quote { offer, at, slot, card, contract: terms, bill, list_total, meters, fees })
}

/// `web_search` or `web_search:low`.
pub fn meter_name(name: &str, level: Option<&str>) -> String {
    level.map_or_else(|| name.to_owned(), |level| format!("{name}:{level}"))
}
