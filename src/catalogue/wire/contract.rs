//! What a contract file may contain: terms that hold beside the list prices of one provider.

use super::{Amount, PriceEntryWire, Share, Text};
use crate::domain::document::{Count, Spanned};
use crate::domain::time::Instant;
use crate::wire_map;

wire_map! {
    /// A tollcast contract: what was agreed with one provider, laid over its list prices. Amounts are in USD.
    pub struct ContractWire {
        /// Version of this format: 1.
        tollcast_contract: Count,
        /// Its name.
        name: Text,
        /// The provider that it is with.
        provider: Text,
        /// Since when it holds.
        from: Spanned<Instant>,
        /// Until when it holds.
        until: Option<Spanned<Instant>>,
        /// Percentages off the list price of tokens; the first that fits a model and tier holds.
        discounts: Vec<DiscountWire>,
        /// Prices of the contract for single models, instead of the list.
        models: Vec<ContractModelWire>,
        /// Percentages off a month's bill by its size, after the discounts.
        volume_steps: Option<VolumeStepsWire>,
        /// What has to be spent in any case.
        commitment: Option<CommitmentWire>,
        /// Prepaid credit.
        credit: Option<CreditWire>,
        /// The document that says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
        /// What a reader should know.
        note: Option<Text>,
    }
}

wire_map! {
    /// A percentage off the list price of tokens.
    pub struct DiscountWire {
        /// How much is taken off.
        share: Share,
        /// The models it holds for; all if absent.
        models: Vec<Text>,
        /// The tiers it holds for; all if absent.
        tiers: Vec<Text>,
    }
}

wire_map! {
    /// A model with prices of its own.
    pub struct ContractModelWire {
        /// The model's name in routes.
        id: Text,
        /// Dated prices, as in a price file.
        prices: Vec<PriceEntryWire>,
    }
}

wire_map! {
    /// Percentages off a month's bill by its size.
    pub struct VolumeStepsWire {
        /// graduated (each step's percentage on the part above it) or whole (the highest step's on all).
        mode: Text,
        /// The steps, by growing amount.
        steps: Vec<VolumeStepWire>,
    }
}

wire_map! {
    /// One step.
    pub struct VolumeStepWire {
        /// The month's bill above which it holds, USD.
        above: Amount,
        /// How much is taken off.
        share: Share,
    }
}

wire_map! {
    /// A minimum spend; what is missing is billed all the same.
    pub struct CommitmentWire {
        /// The least that is billed, USD.
        minimum: Amount,
        /// month, or term for the whole contract.
        per: Text,
    }
}

wire_map! {
    /// Credit that is paid in advance and used up by bills.
    pub struct CreditWire {
        /// What it is worth, USD.
        amount: Amount,
        /// What is paid for it, USD.
        paid: Amount,
        /// From when on what is left is lost.
        expires: Spanned<Instant>,
    }
}
