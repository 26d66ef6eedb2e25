//! The load as it comes: windows of a second, ten seconds and a minute, and the course of hours.

use super::arrivals::HOUR;
use super::limit::{Ask, Counts, SECOND};
use super::tally::{Histogram, Load, STEPS, Tally};

/// Ten seconds, microseconds.
const STEP: u64 = 10 * SECOND;
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

/// What is asked of a route in the current second, ten seconds and minute.
#[derive(Clone, Copy, Debug)]
struct Windows {
    second: Window,
    ten: Window,
    minute: Window,
    /// Tokens of the minute.
    tokens: f64,
}

impl Windows {
    /// Windows from a time on.
    fn new(from: u64) -> Self {
        Windows {
            second: Window::new(SECOND, from),
            ten: Window::new(STEP, from),
            minute: Window::new(MINUTE, from),
            tokens: 0.0,
        }
    }

    /// Counts a request with its tokens.
    fn add(&mut self, tokens: f64) {
        for window in [&mut self.second, &mut self.ten, &mut self.minute] {
            window.count += 1;
        }
        self.tokens += tokens;
    }

    /// Goes on to a time: windows that have ended are counted.
    fn advance(&mut self, at: u64, load: &mut Load) {
        if let Some(ended) = self.second.advance(at) {
            enter(&mut load.per_second, ended);
        }
        if let Some(ended) = self.ten.advance(at) {
            enter(&mut load.per_ten_seconds, ended);
        }
        if let Some(ended) = self.minute.advance(at) {
            enter(&mut load.per_minute, ended);
            enter(&mut load.tokens_per_minute, (self.tokens as u64, ended.1));
            self.tokens = 0.0;
        }
    }
}

/// The load on provisioned units in the current minute.
#[derive(Clone, Copy, Debug)]
struct Minute {
    window: Window,
    weighted: f64,
}

impl Minute {
    /// The minute of a time.
    fn new(from: u64) -> Self {
        Minute { window: Window::new(MINUTE, from), weighted: 0.0 }
    }

    /// Goes on to a time: a minute that has ended is counted.
    fn advance(&mut self, at: u64, weighted_per_minute: &mut Histogram) {
        if let Some((_, empty)) = self.window.advance(at) {
            enter(weighted_per_minute, (self.weighted as u64, empty));
            self.weighted = 0.0;
        }
    }
}

/// Watches what comes: windows of every route of a chain, minutes of units, the course of the hour.
pub struct Watch {
    /// What the load on provisioned units is counted by, and the longest prompt that is a part of it.
    weights: (Counts, f64),
    windows: Vec<Windows>,
    minute: Minute,
    course: Course,
    worst: Option<Course>,
}

impl Watch {
    /// Watches a chain of so many routes from a time on.
    pub fn new(chain: usize, weights: (Counts, f64), from: u64) -> Self {
        let windows = vec![Windows::new(from); chain];
        Watch { weights, windows, minute: Minute::new(from), course: Course::new(from), worst: None }
    }

    /// Counts a request that comes.
    pub fn came(&mut self, at: u64, asks: &[Ask], tally: &mut Tally) {
        let ask = &asks[0];
        tally.offered += 1.0;
        tally.offered_usd += ask.usd;
        if ask.in_window {
            tally.in_window = (tally.in_window.0 + 1.0, tally.in_window.1 + ask.input);
        }
        let weighted = self.load_of(ask);
        if weighted > 0.0 {
            tally.weighted_usd += ask.usd;
        }
        if ask.in_window && !ask.apart {
            self.asked(0, at, ask, tally);
        }
        self.minute.advance(at, &mut tally.weighted_per_minute);
        self.minute.weighted += weighted;
        tally.weighted += weighted;
        while at >= self.course.start + HOUR {
            self.keep_worst();
            self.course = Course::new(self.course.start + HOUR);
        }
        if asks.iter().any(|ask| ask.fits) {
            let step = self.step(at);
            self.course.offered[step] += 1.0;
            self.course.weighted[step] += weighted;
        }
    }

    /// A request is asked of a route of the chain for the first time.
    pub fn asked(&mut self, station: usize, at: u64, ask: &Ask, tally: &mut Tally) {
        self.windows[station].advance(at, &mut tally.loads[station]);
        self.windows[station].add(ask.counted);
    }

    /// What a request is as a load on provisioned units.
    pub fn load_of(&self, ask: &Ask) -> f64 {
        let (counts, longest) = self.weights;
        if ask.input <= longest && !ask.apart {
            counts.cost(&Ask { reserved: ask.output, counted: ask.input + ask.output, ..*ask })
        } else {
            0.0
        }
    }

    /// Notes something of a request that came within the course's hour.
    pub fn in_course(&mut self, came: u64, note: impl FnOnce(&mut Course, usize)) {
        if came >= self.course.start {
            let step = self.step(came);
            note(&mut self.course, step);
        }
    }

    /// The windows that have ended by `end` are counted; one that has not is left out.
    pub fn close(&mut self, end: u64, tally: &mut Tally) {
        for (windows, load) in self.windows.iter_mut().zip(&mut tally.loads) {
            windows.advance(end, load);
        }
        self.minute.advance(end, &mut tally.weighted_per_minute);
    }

    /// The worst hour.
    pub fn worst(mut self) -> Option<Course> {
        self.keep_worst();
        self.worst
    }

    fn keep_worst(&mut self) {
        let worse = self.worst.as_ref().is_none_or(|worst| self.course.badness() > worst.badness());
        if worse {
            self.worst = Some(self.course.clone());
        }
    }

    fn step(&self, at: u64) -> usize {
        (((at - self.course.start) / STEP) as usize).min(STEPS - 1)
    }
}
