//! Requests one after the other.

use crate::engine::exact::{draw_request, shape};
use crate::engine::kernel::List;
use crate::engine::stream::Stream;
use crate::engine::traffic::{Terms, Traffic, add_request};

/// The requests of a workload in a future.
pub enum Requests {
    /// A block at a time, by the kernel.
    Listed(Box<List>),
    /// Each by itself, where the kernel does not know their laws.
    OneByOne(Stream),
}

impl Requests {
    /// Requests from a stream of random numbers.
    pub fn new(traffic: &Traffic<'_>, terms: &Terms, mut stream: Stream) -> Self {
        match shape(traffic, terms) {
            Some(shape) => Requests::Listed(Box::new(List::new(&shape, [stream.bits(), stream.bits()]))),
            None => Requests::OneByOne(stream),
        }
    }

    /// The token sums of the next one.
    pub fn next(&mut self, traffic: &Traffic<'_>, terms: &Terms, basis: &mut [f64]) {
        match self {
            Requests::Listed(list) => list.next(basis),
            Requests::OneByOne(stream) => {
                let drawn = draw_request(traffic, terms, stream);
                basis.fill(0.0);
                add_request(terms, drawn.prompt, drawn.gate, drawn.share, drawn.output, basis);
            }
        }
    }
}
