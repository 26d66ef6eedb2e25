//! The price files that ship inside the binary.

use std::sync::Arc;

use crate::domain::problem::Source;

/// Name, text and YAML events of every file under `pricing/`, as the build script found them.
const FILES: &[(&str, &str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The shipped price files as sources named `pricing/<file>`.
pub fn shipped() -> Vec<Arc<Source>> {
    let source = |&(name, text, tape): &(&str, &str, &'static [u8])| {
        Arc::new(Source { tape: Some(tape), ..Source::new(format!("pricing/{name}"), text) })
    };
    FILES.iter().map(source).collect()
}
