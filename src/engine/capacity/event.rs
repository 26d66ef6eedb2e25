//! What happens later to requests on their way, in the order of time.

/// What happens later.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// When, microseconds.
    pub at: u64,
    /// In which order it was noted.
    pub number: u64,
    /// What.
    pub kind: Kind,
}

/// What happens.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// An attempt at a route ends: what is given back to its limits stands in the slab, if anything.
    Done { station: u8, counted: bool, slot: u32 },
    /// An attempt fails.
    Failed { station: u8, slot: u32 },
    /// A pause is over.
    Retry { slot: u32 },
    /// There may be room for the head of the queue.
    Wake,
}

/// No slot.
pub const NONE: u32 = u32::MAX;

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Event {}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// What came of an attempt at a whole chain.
pub enum Tried {
    /// It was started.
    Started,
    /// There may be room at this time.
    NoRoom(u64),
    /// No route takes it.
    Never,
}

/// How a request ends that is not served.
#[derive(Clone, Copy)]
pub enum End {
    /// No room, and no more tries.
    Refused,
    /// No route takes it.
    TooLong,
    /// The last try failed at the provider.
    Failed,
    /// Its patience was over.
    Abandoned,
}
