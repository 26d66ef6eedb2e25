//! From trials to answers: quantiles with their errors, budget risk, paired differences, expectations.

mod compare;
mod outcome;
mod summary;

pub use compare::{PairedRoute, Pairing, pair};
pub use outcome::{
    Analysis, Components, ExpectationResult, MonthAnalysis, RouteAnalysis, RouteDifference, Shares, analyse,
};
pub use summary::{Summary, exceedance, histogram};
