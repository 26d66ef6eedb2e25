//! The load as it comes: windows of a second, ten seconds and a minute, and the course of hours.

use super::limit::SECOND;
use super::tally::{STEPS, Tally};

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

/// Arrivals of the current second, ten seconds and minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Windows {
    /// The number of the second, and what came in it.
    pub second: (u64, u64),
    /// The same of ten seconds.
    pub ten: (u64, u64),
    /// The same of the minute.
    pub minute: (u64, u64),
    /// Tokens of the minute.
    pub tokens: f64,
    /// The same as units count them.
    pub weighted: f64,
}

impl Windows {
    /// Windows from a time on.
    pub fn new(from: u64) -> Self {
        Windows {
            second: (from / SECOND, 0),
            ten: (from / STEP, 0),
            minute: (from / MINUTE, 0),
            ..Windows::default()
        }
    }

    /// Counts a request with its tokens.
    pub fn add(&mut self, tokens: f64, weighted: f64) {
        self.second.1 += 1;
        self.ten.1 += 1;
        self.minute.1 += 1;
        self.tokens += tokens;
        self.weighted += weighted;
    }

    /// Goes on to a time: windows that have ended are counted.
    pub fn advance(&mut self, at: u64, tally: &mut Tally) {
        let (second, ten, minute) = (at / SECOND, at / STEP, at / MINUTE);
        let windows = self;
        if second != windows.second.0 {
            tally.per_second.add(windows.second.1, 1.0);
            let empty = second - windows.second.0 - 1;
            if empty > 0 {
                tally.per_second.add(0, empty as f64);
            }
            windows.second = (second, 0);
        }
        if ten != windows.ten.0 {
            tally.per_ten_seconds.add(windows.ten.1, 1.0);
            let empty = ten - windows.ten.0 - 1;
            if empty > 0 {
                tally.per_ten_seconds.add(0, empty as f64);
            }
            windows.ten = (ten, 0);
        }
        if minute != windows.minute.0 {
            tally.per_minute.add(windows.minute.1, 1.0);
            tally.tokens_per_minute.add(windows.tokens as u64, 1.0);
            tally.weighted_per_minute.add(windows.weighted as u64, 1.0);
            let empty = minute - windows.minute.0 - 1;
            if empty > 0 {
                tally.per_minute.add(0, empty as f64);
                tally.tokens_per_minute.add(0, empty as f64);
                tally.weighted_per_minute.add(0, empty as f64);
            }
            windows.minute = (minute, 0);
            (windows.tokens, windows.weighted) = (0.0, 0.0);
        }
    }
}
