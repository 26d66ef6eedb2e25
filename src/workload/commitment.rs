//! Contract offers of a scenario, checked: what may be committed on a route, and what that brings.

use crate::catalogue::CapacityOffer;
use crate::domain::money::Usd;

/// A contract offer. Its months are numbers of the scenario's months.
#[derive(Clone, Debug)]
pub struct ContractOffer {
    /// Its name in the file.
    pub name: String,
    /// The route that it is for, an index into the scenario's routes.
    pub route: usize,
    /// The first month in which it holds.
    pub first: usize,
    /// For how many months it holds; all of them lie within the horizon.
    pub months: usize,
    /// Share off the whole bill that comes with signing.
    pub discount: f64,
    /// Shares off a month's bill by its size, after the discount, that come with signing.
    pub volume: Option<VolumeTerms>,
    /// What is committed.
    pub terms: Terms,
    /// What a reader should know.
    pub note: Option<String>,
}

/// Shares off a month's bill by its size.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeTerms {
    /// Whether a step's share holds for the part above it only.
    pub graduated: bool,
    /// The amounts above which they hold, USD, growing, and the shares.
    pub steps: Vec<(f64, f64)>,
}

/// What is committed.
#[derive(Clone, Debug)]
pub enum Terms {
    /// Money, or no more than a signature.
    Money(MoneyTerms),
    /// Provisioned units.
    Reservation(Box<Reservation>),
}

/// A commitment of money.
#[derive(Clone, Debug, PartialEq)]
pub enum MoneyTerms {
    /// Nothing beyond signing.
    Signing,
    /// Pay C for use of C / (1 − discount); use beyond is billed without the pool's discount.
    Pool {
        /// The pool's discount, below 1.
        discount: f64,
        /// How often C is paid.
        per: Per,
        /// What C may be, USD.
        amounts: Amounts,
    },
    /// All use at a discount, but no less than a minimum.
    Minimum {
        /// What has to reach it.
        per: Per,
        /// Minimums in USD, growing, each with its discount.
        levels: Vec<(f64, f64)>,
    },
    /// Pay C with the first month for use of C · (1 + bonus) in the months up to its expiry.
    Credit {
        /// The bonus.
        bonus: f64,
        /// Months from the contract's first on in which it can be used.
        months: usize,
        /// What C may be, USD.
        amounts: Amounts,
    },
}

impl MoneyTerms {
    /// κ: how much use a dollar paid in advance covers, 1 / (1 − discount) or 1 + bonus; 1 where nothing is prepaid.
    pub fn cover(&self) -> f64 {
        match self {
            MoneyTerms::Pool { discount, .. } => 1.0 / (1.0 - discount),
            MoneyTerms::Credit { bonus, .. } => 1.0 + bonus,
            MoneyTerms::Signing | MoneyTerms::Minimum { .. } => 1.0,
        }
    }
}

/// What a commitment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Every month by itself.
    Month,
    /// All months of the contract together.
    Term,
}

/// What may be chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Amounts {
    /// One of these, growing.
    List(Vec<f64>),
    /// Anything from one to the other.
    Range(f64, f64),
}

/// Provisioned units to reserve.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// The units, as the price file has them.
    pub offer: CapacityOffer,
    /// Input tokens per minute that one unit serves.
    pub input_tokens_per_minute: f64,
    /// Input tokens that an output token counts as.
    pub output_weight: f64,
    /// Input tokens that a cached token counts as.
    pub cached_weight: f64,
    /// Sizes to choose from, growing; each is sold, or none at all.
    pub units: Vec<u64>,
    /// The commitments to choose from.
    pub terms: Vec<ReservedTerm>,
    /// What may serve demand beyond them.
    pub beyond: Vec<Beyond>,
    /// The price of a unit for an hour without a commitment, where it is sold so.
    pub hour_usd: Option<f64>,
    /// The route to which demand spills.
    pub spill: usize,
}

/// A commitment for provisioned units.
#[derive(Clone, Debug, PartialEq)]
pub struct ReservedTerm {
    /// `1 month`.
    pub name: String,
    /// What one unit costs for as many whole terms as cover the contract's months.
    pub unit_price: Usd,
    /// Months that are paid beyond the contract's, because terms are whole.
    pub months_beyond: usize,
}

/// What serves demand beyond reserved units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// The token route.
    Tokens,
    /// More units, by the hour.
    Hourly,
}

impl Beyond {
    /// All of them with their names in files.
    pub const ALL: [(&'static str, Beyond); 2] = [("tokens", Beyond::Tokens), ("hourly", Beyond::Hourly)];
}
