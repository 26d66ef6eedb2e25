//! The load as it comes: windows of a second, ten seconds and a minute, and the course of hours.

use super::limit::SECOND;
use super::tally::{Histogram, STEPS, Tally};

/// Ten seconds, microseconds.
pub const STEP: u64 = 10 * SECOND;
const MINUTE: u64 = 60 * SECOND;

/// The load of the worst hour, ten seconds a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// When it begins, microseconds.
    pub start: u64,
    /// Requests that came and that a route takes.
    pub offered: Vec<f64>,
    /// Those that the first route had room for at once.
    pub first: Vec<f64>,
    /// Those that came to nothing, by when they came.
    pub refused: Vec<f64>,
    /// Tokens as provisioned units count them.
    pub weighted: Vec<f64>,
}

impl Course {
    /// An hour in which nothing has come.
    pub fn new(start: u64) -> Self {
        let none = || vec![0.0; STEPS];
        Course { start, offered: none(), first: none(), refused: none(), weighted: none() }
    }

    /// What makes one hour worse than another: more requests without room, then more requests.
    pub fn badness(&self) -> (f64, f64) {
        let beyond = self.offered.iter().sum::<f64>() - self.first.iter().sum::<f64>();
        (beyond.max(0.0), self.offered.iter().sum())
    }
}

/// A window of a length, and what came in it.
#[derive(Clone, Copy, Debug)]
struct Window {
    length: u64,
    number: u64,
    count: u64,
}

impl Window {
    fn new(length: u64, from: u64) -> Self {
        Window { length, number: from / length, count: 0 }
    }

    /// Goes on to a time. What came in the window that has ended, and how many empty ones followed it; `None` where it
    /// lasts.
    fn advance(&mut self, at: u64) -> Option<(u64, f64)> {
        let number = at / self.length;
        (number != self.number).then(|| {
            let ended = (self.count, (number - self.number - 1) as f64);
            (self.number, self.count) = (number, 0);
            ended
        })
    }
}

/// Counts a window and the empty ones after it.
fn enter(histogram: &mut Histogram, (count, empty): (u64, f64)) {
    histogram.add(count, 1.0);
    if empty > 0.0 {
        histogram.add(0, empty);
    }
}

/// Arrivals of the current second, ten seconds and minute.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    second: Window,
    ten: Window,
    minute: Window,
    /// Tokens of the minute, and the same as units count them.
    tokens: (f64, f64),
}

impl Windows {
    /// Windows from a time on.
    pub fn new(from: u64) -> Self {
        Windows {
            second: Window::new(SECOND, from),
            ten: Window::new(STEP, from),
            minute: Window::new(MINUTE, from),
            tokens: (0.0, 0.0),
        }
    }

    /// Counts a request with its tokens, and with its load on units.
    pub fn add(&mut self, tokens: f64, weighted: f64) {
        for window in [&mut self.second, &mut self.ten, &mut self.minute] {
            window.count += 1;
        }
        self.tokens.0 += tokens;
        self.tokens.1 += weighted;
    }

    /// Goes on to a time: windows that have ended are counted.
    pub fn advance(&mut self, at: u64, tally: &mut Tally) {
        if let Some(ended) = self.second.advance(at) {
            enter(&mut tally.per_second, ended);
        }
        if let Some(ended) = self.ten.advance(at) {
            enter(&mut tally.per_ten_seconds, ended);
        }
        if let Some(ended) = self.minute.advance(at) {
            enter(&mut tally.per_minute, ended);
            enter(&mut tally.tokens_per_minute, (self.tokens.0 as u64, ended.1));
            enter(&mut tally.weighted_per_minute, (self.tokens.1 as u64, ended.1));
            self.tokens = (0.0, 0.0);
        }
    }
}
