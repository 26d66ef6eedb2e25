//! Facts about buying from a provider: texts, and beside them what scenarios can require.

use super::Text;
use crate::domain::document::{Count, Spanned};
use crate::domain::time::Instant;
use crate::wire_map;

wire_map! {
    /// Plain facts about buying from this provider.
    pub struct FactsWire {
        /// Whether and how it can be bought.
        availability: Option<FactWire>,
        /// What has to be signed or approved first.
        registration: Option<RegistrationWire>,
        /// The service-level agreement.
        sla: Option<AnsweredWire>,
        /// Whether several upstream providers serve a request.
        routing: Option<AnsweredWire>,
        /// The prompt cache.
        cache: Option<FactWire>,
        /// The documentation.
        documentation: Option<DocumentationWire>,
        /// Where data is processed.
        data_residency: Option<ResidencyWire>,
        /// Whom it suits.
        best_for: Option<FactWire>,
        /// Where it is weaker.
        weaker_at: Option<FactWire>,
    }
}

wire_map! {
    /// A fact with its source.
    pub struct FactWire {
        /// The fact.
        text: Text,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
    }
}

wire_map! {
    /// A fact that answers yes or no: is there an SLA, do several upstreams serve with fall-back.
    pub struct AnsweredWire {
        /// The fact.
        text: Text,
        /// yes, no or unknown; unknown if absent.
        value: Option<Text>,
        /// Tiers and models for which the value is another one; the first that fits holds.
        except: Vec<ExceptionWire>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
    }
}

wire_map! {
    /// Tiers and models for which a value is another one.
    pub struct ExceptionWire {
        /// The tiers; all if absent.
        tiers: Vec<Text>,
        /// The models; all if absent.
        models: Vec<Text>,
        /// yes, no or unknown.
        value: Text,
    }
}

wire_map! {
    /// What has to be signed or approved before it can be used.
    pub struct RegistrationWire {
        /// The fact.
        text: Text,
        /// Whether more than an account and a key is needed, such as an approval: yes, no or unknown.
        value: Option<Text>,
        /// Tiers and models for which the value is another one; the first that fits holds.
        except: Vec<ExceptionWire>,
        /// Calendar days from asking for the approval to having it, at most; unknown if absent.
        lead_time_days: Option<Count>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
    }
}

wire_map! {
    /// The documentation.
    pub struct DocumentationWire {
        /// The fact.
        text: Text,
        /// poor, good or excellent, by the word of the source.
        rating: Option<Text>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
    }
}

wire_map! {
    /// Where data is processed.
    pub struct ResidencyWire {
        /// The fact.
        text: Text,
        /// What single regions of this file promise; regions that are not listed are unknown.
        regions: Vec<RegionWire>,
        /// Who says so.
        source: Text,
        /// When that was checked.
        checked: Spanned<Instant>,
    }
}

wire_map! {
    /// Where a region of this file processes data.
    pub struct RegionWire {
        /// The region, as prices name it.
        region: Text,
        /// us, eu, apac, uk, … ; several are a choice, anywhere is a promise of none.
        places: Vec<Text>,
    }
}
