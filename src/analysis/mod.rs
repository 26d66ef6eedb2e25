//! From trials to answers: quantiles with their errors, budget risk, paired differences, expectations.

mod audit;
mod change;
mod commit;
mod compare;
mod distribution;
mod goal;
mod indices;
mod mixture;
mod outcome;
mod recommend;
mod seek;
mod sensitivity;
mod summary;

pub use audit::{Audit, AuditRow, audit};
pub use change::ChangeRule;
pub use commit::{
    AmountUnit, Choice, Curve, CurvePoint, Judged, MeanOf, OfferAnalysis, Remark, Reserved, commitments,
    sizes_tried,
};
pub use compare::{Lived, PairedMonth, PairedRoute, Pairing, pair};
pub use distribution::Distribution;
pub use goal::{Goal, Margin};
pub use indices::{Index, Indices, indices};
pub use outcome::{
    Analysis, Components, ExpectationResult, MonthAnalysis, Ranked, RouteAnalysis, RouteDifference, Shares,
    analyse, spends,
};
pub use recommend::{Cheapest, Dropped, Recommendation, recommend};
pub use seek::{Edge, Probe, edges, sharpened};
pub use sensitivity::{
    Driver, Layers, RouteSensitivity, SWING_FIGURES, Sensitivity, Swing, WorstInput, sensitivity,
};
pub use summary::{Summary, exceedance, histogram};
