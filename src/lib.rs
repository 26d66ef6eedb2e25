//! tollcast: what a large-language-model API will cost, before anything is signed.
//!
//! The library behind the `tollcast` binary. The rooms, in the order in which they may import each
//! other (left of `<` knows nothing of its right): `domain < catalogue < billing < workload < engine <
//! analysis < usage < render < cli`. ARCHITECTURE.md tells the whole story, METHOD.md the mathematics.

pub mod analysis;
pub mod billing;
pub mod catalogue;
pub mod cli;
pub mod domain;
pub mod engine;
pub mod render;
pub mod usage;
pub mod workload;
