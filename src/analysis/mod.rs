//! From trials to answers: quantiles with their errors, budget risk, paired differences, expectations.

mod audit;
pub mod capacity;
mod change;
mod commit;
mod compare;
mod distribution;
mod goal;
mod indices;
mod map;
mod mixture;
mod outcome;
mod paired;
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
pub use compare::{Case, Lived, PairedMonth, PairedRoute, Pairing, Tried, pair};
pub use distribution::Distribution;
pub use goal::{Found, Goal, MarginUnit, Standing, seek};
pub use indices::{Index, Indices, indices};
pub use map::{Cell, Map, Spot, Winner, map};
pub use outcome::{
    Analysis, Components, ExpectationResult, MonthAnalysis, Ranked, RouteAnalysis, Shares, analyse,
    refuses_more, spends,
};
pub use paired::RouteDifference;
pub use recommend::{Cheapest, Dropped, Recommendation, recommend};
pub use seek::{Edge, End, Margin, Probe, Sought, Stretch};
pub use sensitivity::{Driver, Layers, RouteSensitivity, Sensitivity, Swing, WorstInput, sensitivity};
pub use summary::{Figure, Summary, exceedance, histogram};
