//! From trials to answers: quantiles with their errors, budget risk, paired differences, expectations.

mod audit;
mod change;
mod compare;
mod distribution;
mod goal;
mod mixture;
mod outcome;
mod recommend;
mod seek;
mod summary;

pub use audit::{Audit, AuditRow, audit};
pub use change::ChangeRule;
pub use compare::{Lived, PairedMonth, PairedRoute, Pairing, pair};
pub use distribution::Distribution;
pub use goal::{Goal, Margin};
pub use outcome::{
    Analysis, Components, ExpectationResult, MonthAnalysis, RouteAnalysis, RouteDifference, Shares, analyse,
    spends,
};
pub use recommend::{Cheapest, Dropped, Recommendation, recommend};
pub use seek::{Edge, Probe, edges, sharpened};
pub use summary::{Summary, exceedance, histogram};
