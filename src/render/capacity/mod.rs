//! What a capacity analysis says, for people and machines.

mod charts;

pub use charts::charts_of;
