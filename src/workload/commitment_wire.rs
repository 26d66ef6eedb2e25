//! What a contract offer of a scenario may contain.

use serde_json::{Value as Json, json};

use super::quantity::QuantityWire;
use super::wire::Text;
use crate::domain::document::{Count, Field, Must, Node, Spanned, Value, Wire};
use crate::domain::problem::{Code, Place, Problems};
use crate::domain::time::Month;
use crate::wire_map;

wire_map! {
    /// A contract offer: what may be committed on a route, and what that brings. Exactly one of prepaid_pool,
    /// minimum_spend, credit and reservation, or none where signing alone brings a discount.
    pub struct CommitmentWire {
        /// The route that it is for: its label or its name.
        route: Must<Text>,
        /// The first month in which it holds, for instance 2027-04; the scenario's first if absent.
        start: Option<Spanned<Month>>,
        /// For how many months it holds; to the end of the horizon if absent.
        months: Option<Count>,
        /// Percentage off the route's whole bill that comes with signing.
        discount: Option<QuantityWire>,
        /// Percentages off a month's bill by its size, after the discount, that come with signing.
        volume: Option<VolumeTermsWire>,
        /// Pay an amount in advance at a discount; use beyond what it covers is billed without it.
        prepaid_pool: Option<PoolWire>,
        /// All use at a discount, but no less than a minimum is billed.
        minimum_spend: Option<MinimumWire>,
        /// Prepaid credit with a bonus that expires.
        credit: Option<CreditTermsWire>,
        /// Provisioned units, reserved for a term.
        reservation: Option<ReservationWire>,
        /// What a reader should know: who offered it, or that it is hypothetical.
        note: Option<Text>,
    }
}

wire_map! {
    /// Percentages off a month's bill by its size.
    pub struct VolumeTermsWire {
        /// graduated (each step's percentage on the part above it) or whole (the highest step's on all).
        mode: Must<Text>,
        /// The steps, by growing amount.
        steps: Vec<VolumeTermsStepWire>,
    }
}

wire_map! {
    /// One step.
    pub struct VolumeTermsStepWire {
        /// The month's bill above which it holds, USD.
        above: Must<QuantityWire>,
        /// How much is taken off.
        discount: Must<QuantityWire>,
    }
}

wire_map! {
    /// A prepaid pool: pay C for use of C / (1 − discount).
    pub struct PoolWire {
        /// How much cheaper use from the pool is.
        discount: Must<QuantityWire>,
        /// month (a pool for every month, what is left is lost) or term (one pool for the whole contract).
        per: Must<Text>,
        /// What may be paid, USD: a list, or {from, to} for any amount between.
        amounts: Must<AmountsWire>,
    }
}

wire_map! {
    /// A minimum spend.
    pub struct MinimumWire {
        /// month (every month has to reach it) or term (the whole contract has to).
        per: Must<Text>,
        /// The minimums on offer, each with the discount that it brings.
        levels: Vec<LevelWire>,
    }
}

wire_map! {
    /// A minimum and its discount.
    pub struct LevelWire {
        /// The least that is billed, USD.
        amount: Must<QuantityWire>,
        /// How much is taken off all use.
        discount: Must<QuantityWire>,
    }
}

wire_map! {
    /// Prepaid credit: pay C with the first month for use of C · (1 + bonus); what is left at its expiry is lost.
    pub struct CreditTermsWire {
        /// How much more use than money.
        bonus: Must<QuantityWire>,
        /// Months from the contract's start in which it can be used.
        expires_after_months: Must<Count>,
        /// What may be paid, USD: a list, or {from, to} for any amount between.
        amounts: Must<AmountsWire>,
    }
}

wire_map! {
    /// Provisioned units of the route's model and region, at the price file's terms.
    pub struct ReservationWire {
        /// How many may be reserved: a list, or {from, to} for every size between that is sold.
        units: Must<AmountsWire>,
        /// The commitment as the price file has it, for instance 1 month; all of them are tried if absent.
        term: Option<Text>,
        /// What serves demand beyond the reserved units: tokens (the token route) or hourly (more units, by the
        /// hour); both are tried if absent.
        beyond: Option<Text>,
        /// The route to which demand beyond the units, and prompts too long for them, spill; the offer's own if absent.
        spill_to: Option<Text>,
    }
}

wire_map! {
    /// Any amount from one to another.
    pub struct AmountRangeWire {
        /// The smallest.
        from: Must<QuantityWire>,
        /// The largest.
        to: Must<QuantityWire>,
    }
}

/// Amounts to choose from.
#[derive(Clone, Debug)]
pub enum AmountsWire {
    /// These and no others.
    List(Vec<QuantityWire>, Place),
    /// Any between two.
    Range(AmountRangeWire),
}

impl Wire for AmountsWire {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Map(_) => AmountRangeWire::read(node, problems).map(AmountsWire::Range),
            Value::List(items) => {
                let read: Vec<QuantityWire> =
                    items.iter().filter_map(|item| QuantityWire::read(item, problems)).collect();
                // What cannot be read is noted; a list with a hole in it would be another choice.
                (read.len() == items.len()).then(|| AmountsWire::List(read, node.place.clone()))
            }
            _ => {
                let help = "write [10k, 20k] or {from: 0, to: 60k}";
                problems.at(Code::WrongType, &node.place, "expected a list or a range", node.found(), help);
                None
            }
        }
    }

    fn schema() -> Json {
        let list = <Vec<QuantityWire> as Field>::schema();
        json!({"anyOf": [list, <AmountRangeWire as Wire>::schema()]})
    }
}
