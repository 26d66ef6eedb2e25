//! Requests on their way through a chain of routes: admission, waiting, retries, fall-back, and the end of each.
//!
//! An attempt asks the routes of the chain in order, and the first that has room serves it. Where none has, the client
//! waits in its queue until there may be room, or pauses and tries all again, or gives up.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::limit::{Ask, Limit, Refusal};
use super::tally::{STEPS, Tally};
use crate::engine::few::Few;
use crate::engine::stream::Stream;

/// The most requests that wait in a queue; more are given up at once.
const MOST_WAITING: usize = 1_000_000;
/// The most retries that a budget saves up.
const BUDGET_SAVED: f64 = 10.0;

/// A route as a server of requests.
#[derive(Clone, Debug, Default)]
pub struct Station {
    /// Its limits.
    pub limits: Vec<Limit>,
    /// How many it serves at once.
    pub concurrency: Option<u32>,
    /// The share of attempts that fail.
    pub error_share: f64,
    /// Whether the input of a failed attempt is billed.
    pub bills_failed: bool,
}

/// What clients do when they are refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Client {
    /// How often a request is tried again.
    pub retries: u32,
    /// The first pause, microseconds; each is twice the one before.
    pub backoff: u64,
    /// The longest pause, microseconds.
    pub longest_backoff: u64,
    /// Whether pauses are uniform between nothing and their length (full jitter).
    pub jitter: bool,
    /// Retries per request that all clients together may make, on average; infinite is no budget.
    pub retry_budget: f64,
    /// How long a request waits in the queue, microseconds; 0 is no queue.
    pub patience: u64,
    /// How many requests the clients let run at once.
    pub concurrency: Option<u32>,
}

impl Client {
    /// One that takes no for an answer.
    pub const MEEK: Client = Client {
        retries: 0,
        backoff: 0,
        longest_backoff: 0,
        jitter: true,
        retry_budget: f64::INFINITY,
        patience: 0,
        concurrency: None,
    };
}

/// What a request asks of every route of the chain.
pub type Asks = Few<Ask, 2>;

/// A request that has not ended.
#[derive(Clone, Debug)]
struct Request {
    came: u64,
    /// Whether it came after the warm-up.
    counted: bool,
    tries: u32,
    /// Whether the last attempt failed at the provider.
    failed: bool,
    asks: Asks,
}

/// What happens later.
#[derive(Clone, Copy, Debug)]
struct Event {
    at: u64,
    number: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
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
const NONE: u32 = u32::MAX;

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
    fn new(start: u64) -> Self {
        let none = || vec![0.0; STEPS];
        Course { start, offered: none(), first: none(), refused: none(), weighted: none() }
    }

    /// What makes one hour worse than another: more requests without room, then more requests.
    pub fn badness(&self) -> (f64, f64) {
        let beyond = self.offered.iter().sum::<f64>() - self.first.iter().sum::<f64>();
        (beyond.max(0.0), self.offered.iter().sum())
    }
}

const STEP: u64 = 10 * super::limit::SECOND;
const HOUR: u64 = 3_600 * super::limit::SECOND;
const MINUTE: u64 = 60 * super::limit::SECOND;

/// A chain of routes with its clients.
pub struct Line {
    stations: Vec<Station>,
    running_at: Vec<u32>,
    client: Client,
    /// What the load on provisioned units is counted by, and the longest prompt that is a part of it.
    weights: (super::limit::Counts, f64),
    events: BinaryHeap<Reverse<Event>>,
    number: u64,
    slab: Vec<Request>,
    free: Vec<u32>,
    queue: VecDeque<u32>,
    wake: u64,
    running: u32,
    budget: f64,
    stream: Stream,
    now: u64,
    /// From when on requests count.
    from: u64,
    /// Whether the counted time is over.
    closed: bool,
    tally: Tally,
    windows: Windows,
    course: Course,
    worst: Option<Course>,
}

/// Arrivals of the current second, ten seconds and minute.
#[derive(Clone, Copy, Debug, Default)]
struct Windows {
    second: (u64, u64),
    ten: (u64, u64),
    minute: (u64, u64),
    tokens: f64,
    weighted: f64,
}

impl Line {
    /// A chain that begins at `start` and counts from `from` on, microseconds.
    pub fn new(
        stations: Vec<Station>,
        client: Client,
        weights: (super::limit::Counts, f64),
        stream: Stream,
        (start, from): (u64, u64),
    ) -> Self {
        let tally = Tally::new(stations.len());
        let second = super::limit::SECOND;
        Line {
            running_at: vec![0; stations.len()],
            stations,
            client,
            weights,
            events: BinaryHeap::new(),
            number: 0,
            slab: Vec::new(),
            free: Vec::new(),
            queue: VecDeque::new(),
            wake: u64::MAX,
            running: 0,
            budget: BUDGET_SAVED,
            stream,
            now: start,
            from,
            closed: false,
            tally,
            windows: Windows {
                second: (from / second, 0),
                ten: (from / STEP, 0),
                minute: (from / MINUTE, 0),
                ..Windows::default()
            },
            course: Course::new(from),
            worst: None,
        }
    }

    /// A request comes at `at`, not before the one before it.
    pub fn arrive(&mut self, at: u64, asks: Asks) {
        self.until(at);
        self.pass(at);
        let counted = at >= self.from;
        self.budget =
            (self.budget + self.client.retry_budget).min(BUDGET_SAVED.max(self.client.retry_budget));
        if counted {
            self.came(at, &asks);
        }
        let slot = self.keep(Request { came: at, counted, tries: 0, failed: false, asks });
        // Who waits already goes first.
        if self.queue.is_empty() || self.client.patience == 0 {
            self.attempt(slot);
        } else {
            self.wait(slot, u64::MAX);
        }
    }

    /// Lives on to `end` without further requests, and says what came of all.
    pub fn finish(mut self, end: u64) -> (Tally, Option<Course>) {
        self.until(end);
        self.pass(end);
        self.close_windows(end);
        // Those who came are seen off, for an hour at most: nobody comes after them, and no time is counted.
        self.closed = true;
        self.until(end + HOUR);
        self.now = self.now.max(end + HOUR);
        let left = |line: &Line, slot: u32| f64::from(u8::from(line.slab[slot as usize].counted));
        self.expire();
        let waiting: f64 = self.queue.iter().map(|slot| left(&self, *slot)).sum();
        let events: f64 = self
            .events
            .iter()
            .map(|Reverse(event)| match event.kind {
                Kind::Done { counted, .. } => f64::from(u8::from(counted)),
                Kind::Failed { slot, .. } | Kind::Retry { slot } => left(&self, slot),
                Kind::Wake => 0.0,
            })
            .sum();
        self.tally.in_flight = waiting + events;
        self.tally.seconds = (end - self.from) as f64 / super::limit::SECOND as f64;
        self.keep_worst();
        self.tally.assert_conserved();
        (self.tally, self.worst)
    }

    fn keep_worst(&mut self) {
        let worse = self.worst.as_ref().is_none_or(|worst| self.course.badness() > worst.badness());
        if worse {
            self.worst = Some(self.course.clone());
        }
    }

    fn keep(&mut self, request: Request) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.slab[slot as usize] = request;
                slot
            }
            None => {
                self.slab.push(request);
                (self.slab.len() - 1) as u32
            }
        }
    }

    fn push(&mut self, at: u64, kind: Kind) {
        self.number += 1;
        self.events.push(Reverse(Event { at, number: self.number, kind }));
    }

    /// Lets everything happen that is due up to `at`.
    fn until(&mut self, at: u64) {
        while let Some(Reverse(event)) = self.events.peek().copied()
            && event.at <= at
        {
            self.events.pop();
            self.pass(event.at);
            match event.kind {
                Kind::Done { station, counted, slot } => self.done(station, counted, slot),
                Kind::Failed { station, slot } => self.failed(station, slot),
                Kind::Retry { slot } => self.attempt(slot),
                Kind::Wake => {
                    if self.wake == event.at {
                        self.wake = u64::MAX;
                        self.serve_queue();
                    }
                }
            }
        }
    }

    /// Time passes with as many running as there are.
    fn pass(&mut self, at: u64) {
        let from = self.now.max(self.from);
        if at > from && !self.closed {
            self.tally.running.add(u64::from(self.running), (at - from) as f64 / super::limit::SECOND as f64);
        }
        self.now = at;
    }

    /// Counts a request that comes.
    fn came(&mut self, at: u64, asks: &[Ask]) {
        let ask = &asks[0];
        self.tally.offered += 1.0;
        self.advance_windows(at);
        let weighted = self.load_of(ask);
        if weighted > 0.0 {
            self.tally.weighted_usd += ask.usd;
        }
        self.windows.second.1 += 1;
        self.windows.ten.1 += 1;
        self.windows.minute.1 += 1;
        self.windows.tokens += ask.input + ask.reserved;
        self.windows.weighted += weighted;
        self.tally.weighted += weighted;
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

    /// What a request is as a load on provisioned units.
    fn load_of(&self, ask: &Ask) -> f64 {
        let (counts, longest) = self.weights;
        if ask.input <= longest { counts.cost(&Ask { reserved: ask.output, ..*ask }) } else { 0.0 }
    }

    fn step(&self, at: u64) -> usize {
        (((at - self.course.start) / STEP) as usize).min(STEPS - 1)
    }

    fn advance_windows(&mut self, at: u64) {
        let (second, ten, minute) = (at / super::limit::SECOND, at / STEP, at / MINUTE);
        let windows = &mut self.windows;
        if second != windows.second.0 {
            self.tally.per_second.add(windows.second.1, 1.0);
            let empty = second - windows.second.0 - 1;
            if empty > 0 {
                self.tally.per_second.add(0, empty as f64);
            }
            windows.second = (second, 0);
        }
        if ten != windows.ten.0 {
            self.tally.per_ten_seconds.add(windows.ten.1, 1.0);
            let empty = ten - windows.ten.0 - 1;
            if empty > 0 {
                self.tally.per_ten_seconds.add(0, empty as f64);
            }
            windows.ten = (ten, 0);
        }
        if minute != windows.minute.0 {
            self.tally.per_minute.add(windows.minute.1, 1.0);
            self.tally.tokens_per_minute.add(windows.tokens as u64, 1.0);
            self.tally.weighted_per_minute.add(windows.weighted as u64, 1.0);
            let empty = minute - windows.minute.0 - 1;
            if empty > 0 {
                self.tally.per_minute.add(0, empty as f64);
                self.tally.tokens_per_minute.add(0, empty as f64);
                self.tally.weighted_per_minute.add(0, empty as f64);
            }
            windows.minute = (minute, 0);
            (windows.tokens, windows.weighted) = (0.0, 0.0);
        }
    }

    /// The windows that have ended by `end` are counted; one that has not is left out.
    fn close_windows(&mut self, end: u64) {
        if end > self.from {
            self.advance_windows(end);
        }
    }

    /// Tries every route of the chain in turn.
    fn attempt(&mut self, slot: u32) {
        match self.try_chain(slot) {
            Tried::Started => {}
            Tried::NoRoom(until) if self.client.patience > 0 => self.wait(slot, until),
            Tried::NoRoom(_) => self.try_again(slot),
            Tried::Never => self.end(slot, End::TooLong),
        }
    }

    fn try_chain(&mut self, slot: u32) -> Tried {
        let full = self.client.concurrency.is_some_and(|most| self.running >= most);
        if full {
            return Tried::NoRoom(u64::MAX);
        }
        let (mut until, mut possible) = (u64::MAX, false);
        for at in 0..self.stations.len() {
            let ask = self.slab[slot as usize].asks[at];
            if !ask.fits {
                continue;
            }
            if self.slab[slot as usize].counted {
                self.tally.attempts += 1.0;
            }
            match self.room(at, &ask) {
                Ok(()) => {
                    self.start(slot, at, &ask);
                    return Tried::Started;
                }
                Err(Refusal::Until(time)) => {
                    possible = true;
                    until = until.min(time);
                }
                Err(Refusal::Never) => {}
            }
        }
        if possible { Tried::NoRoom(until) } else { Tried::Never }
    }

    fn room(&mut self, at: usize, ask: &Ask) -> Result<(), Refusal> {
        let now = self.now;
        let station = &mut self.stations[at];
        if station.concurrency.is_some_and(|most| self.running_at[at] >= most) {
            return Err(Refusal::Until(u64::MAX));
        }
        let mut verdict = Ok(());
        for limit in &mut station.limits {
            verdict = match (verdict, limit.room(now, ask)) {
                (Ok(()), found) => found,
                (Err(Refusal::Until(a)), Err(Refusal::Until(b))) => Err(Refusal::Until(a.max(b))),
                (Err(_), Err(Refusal::Never)) => Err(Refusal::Never),
                (found, _) => found,
            };
        }
        match verdict {
            Ok(()) => station.limits.iter_mut().for_each(|limit| limit.take(ask)),
            Err(_) => station.limits.iter_mut().for_each(|limit| limit.refused(now, ask)),
        }
        verdict
    }

    fn start(&mut self, slot: u32, at: usize, ask: &Ask) {
        self.running += 1;
        self.running_at[at] += 1;
        let request = &self.slab[slot as usize];
        if at == 0
            && request.counted
            && request.tries == 0
            && request.came >= self.course.start
            && self.now == request.came
        {
            let step = self.step(request.came);
            self.course.first[step] += 1.0;
        }
        let station = &self.stations[at];
        let fails = station.error_share > 0.0 && self.stream.uniform() < station.error_share;
        if fails {
            self.push(self.now + ask.first_token, Kind::Failed { station: at as u8, slot });
            return;
        }
        let request = &self.slab[slot as usize];
        let (counted, came) = (request.counted, request.came);
        if counted {
            let wait = self.now - came;
            self.tally.delayed += f64::from(u8::from(wait > 0));
            self.tally.wait_ms.add(wait.div_ceil(1_000), 1.0);
            self.tally.answer_ms.add((wait + ask.service) / 1_000, 1.0);
            self.tally.usd_by[at] += ask.usd;
            self.tally.first_usd += if request.asks[0].fits { request.asks[0].usd } else { ask.usd };
            if at == 0 {
                self.tally.weighted_first += self.load_of(ask);
            }
        }
        let gives_back = self.stations[at].limits.iter().any(|limit| limit.refund_of(ask) != 0.0);
        let kept = if gives_back {
            slot
        } else {
            self.free.push(slot);
            NONE
        };
        self.push(self.now + ask.service, Kind::Done { station: at as u8, counted, slot: kept });
    }

    fn leave(&mut self, station: u8) {
        self.running -= 1;
        self.running_at[usize::from(station)] -= 1;
    }

    fn done(&mut self, station: u8, counted: bool, slot: u32) {
        self.leave(station);
        if counted {
            self.tally.served += 1.0;
            self.tally.served_by[usize::from(station)] += 1.0;
        }
        if slot != NONE {
            let ask = self.slab[slot as usize].asks[usize::from(station)];
            self.give_back(station, &ask);
            self.free.push(slot);
        }
        self.serve_queue();
    }

    fn give_back(&mut self, station: u8, ask: &Ask) {
        let now = self.now;
        for limit in &mut self.stations[usize::from(station)].limits {
            let amount = limit.refund_of(ask);
            if amount != 0.0 {
                limit.refund(now, amount);
            }
        }
    }

    fn failed(&mut self, station: u8, slot: u32) {
        self.leave(station);
        let request = &mut self.slab[slot as usize];
        request.failed = true;
        let ask = request.asks[usize::from(station)];
        if request.counted && self.stations[usize::from(station)].bills_failed {
            self.tally.usd_by[usize::from(station)] += ask.input_usd;
            self.tally.failed_usd += ask.input_usd;
        }
        self.give_back(station, &Ask { output: 0.0, ..ask });
        self.try_again(slot);
        self.serve_queue();
    }

    /// Pauses before the next attempt, or gives up.
    fn try_again(&mut self, slot: u32) {
        let request = &mut self.slab[slot as usize];
        if request.tries >= self.client.retries {
            let end = if request.failed { End::Failed } else { End::Refused };
            return self.end(slot, end);
        }
        if self.budget < 1.0 {
            if request.counted {
                self.tally.over_budget += 1.0;
            }
            let end = if request.failed { End::Failed } else { End::Refused };
            return self.end(slot, end);
        }
        self.budget -= 1.0;
        let doubled = self.client.backoff.saturating_mul(1 << request.tries.min(40));
        request.tries += 1;
        request.failed = false;
        if request.counted {
            self.tally.retries += 1.0;
        }
        let pause = doubled.min(self.client.longest_backoff);
        let pause = if self.client.jitter { (self.stream.uniform() * pause as f64) as u64 } else { pause };
        // Nothing happens twice at the same instant without end.
        self.push(self.now + pause.max(1), Kind::Retry { slot });
    }

    fn wait(&mut self, slot: u32, until: u64) {
        if self.queue.len() >= MOST_WAITING {
            return self.end(slot, End::Abandoned);
        }
        self.queue.push_back(slot);
        if self.queue.len() == 1 {
            self.wake_at(until);
        }
    }

    fn wake_at(&mut self, at: u64) {
        if at < self.wake {
            self.wake = at;
            self.push(at, Kind::Wake);
        }
    }

    /// Takes those out of the queue whose patience is over.
    fn expire(&mut self) {
        while let Some(&slot) = self.queue.front()
            && self.slab[slot as usize].came + self.client.patience < self.now
        {
            self.queue.pop_front();
            self.end(slot, End::Abandoned);
        }
    }

    fn serve_queue(&mut self) {
        loop {
            self.expire();
            let Some(&slot) = self.queue.front() else { return };
            match self.try_chain(slot) {
                Tried::Started => {
                    self.queue.pop_front();
                }
                Tried::NoRoom(until) => return self.wake_at(until),
                Tried::Never => {
                    self.queue.pop_front();
                    self.end(slot, End::TooLong);
                }
            }
        }
    }

    fn end(&mut self, slot: u32, end: End) {
        if self.slab[slot as usize].counted {
            let sum = match end {
                End::Refused => &mut self.tally.refused,
                End::TooLong => &mut self.tally.too_long,
                End::Failed => &mut self.tally.failed,
                End::Abandoned => &mut self.tally.abandoned,
            };
            *sum += 1.0;
            let came = self.slab[slot as usize].came;
            if came >= self.course.start {
                let step = self.step(came);
                self.course.refused[step] += 1.0;
            }
        }
        self.free.push(slot);
    }
}

/// What came of an attempt at a whole chain.
enum Tried {
    Started,
    /// There may be room at this time.
    NoRoom(u64),
    /// No route takes it.
    Never,
}

/// How a request ends that is not served.
#[derive(Clone, Copy)]
enum End {
    Refused,
    TooLong,
    Failed,
    Abandoned,
}
