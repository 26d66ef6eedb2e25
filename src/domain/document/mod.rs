//! YAML files as trees that remember where everything stands, and readers that turn them into wire
//! types while collecting every problem. No other room knows the YAML library.
//!
//! Why not `serde`: a derive stops at the first wrong value, loses the place of a key, and sends
//! prices through floats. One declaration in [`wire_map!`](crate::wire_map) gives the struct, its
//! reader and its JSON Schema.

mod events;
mod merge;
mod node;
mod scalars;
#[allow(dead_code, reason = "tapes are recorded by the build script, and by tests")]
mod tape;
mod tree;
mod wire;

pub use merge::overlay;
pub use node::{Entry, Node, Spanned, Value};
pub use scalars::{Count, one_of, word_of};
pub use tree::{MAX_BYTES, parse};
pub use wire::{Field, Must, Named, Wire, object_schema, refuse_unknown_keys};
