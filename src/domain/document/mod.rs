//! YAML files as trees that remember where everything stands, and readers that turn them into wire
//! types while collecting every problem. No other room knows the YAML library.
//!
//! Why not `serde`: a derive stops at the first wrong value, loses the place of a key, and sends
//! prices through floats. One declaration in [`wire_map!`](crate::wire_map) gives the struct, its
//! reader and its JSON Schema.

mod merge;
mod node;
mod scalars;
mod wire;
mod yaml;

pub use merge::overlay;
pub use node::{Entry, Node, Spanned, Value};
pub use scalars::Count;
pub use wire::{Field, Must, Named, Wire, object_schema, refuse_unknown_keys};
pub use yaml::{MAX_BYTES, parse};
