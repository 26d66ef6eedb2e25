//! From trials to answers: quantiles with their errors, budget risk, paired differences, expectations.

mod audit;
mod commit;
mod compare;
mod distribution;
mod mixture;
mod outcome;
mod summary;

pub use audit::{Audit, AuditRow, audit};
pub use commit::{AmountUnit, Curve, CurvePoint, Judged, MeanOf, OfferAnalysis, commitments, sizes_tried};
pub use compare::{PairedRoute, Pairing, pair};
pub use distribution::Distribution;
pub use outcome::{
    Analysis, Components, ExpectationResult, MonthAnalysis, RouteAnalysis, RouteDifference, Shares, analyse,
};
pub use summary::{Summary, exceedance, histogram};
