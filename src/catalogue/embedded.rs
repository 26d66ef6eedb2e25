//! The price files that ship inside the binary.

use std::sync::Arc;

use crate::domain::problem::Source;
use crate::domain::time::Instant;

// FILES: all files under `pricing/`, in order of their providers; DIGEST: their digest.
include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// A shipped price file, and what can be said of it without reading it.
pub struct Shipped {
    /// Its provider, and its name without the ending.
    pub provider: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The YAML events of the text.
    tape: &'static [u8],
    /// The latest day on which any of its prices was checked.
    checked: &'static str,
}

impl Shipped {
    /// The file as a source named `pricing/<file>`.
    pub fn source(&self) -> Arc<Source> {
        let name = format!("pricing/{}.yaml", self.provider);
        Arc::new(Source { name, text: self.text.into(), tape: Some(self.tape) })
    }

    /// The latest day on which any of its prices was checked.
    pub fn checked(&self) -> Option<Instant> {
        Instant::parse(self.checked).ok()
    }
}

/// All shipped price files as sources.
pub fn shipped() -> Vec<Arc<Source>> {
    FILES.iter().map(Shipped::source).collect()
}
