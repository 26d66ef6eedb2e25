//! Requests on their way through a chain of routes: admission, waiting, retries, fall-back, and the end of each.
//!
//! An attempt asks the routes of the chain in order, and the first that has room serves it. Where none has, the client
//! waits in its queue until there may be room, or pauses and tries all again, or gives up.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::arrivals::HOUR;
use super::client::{Client, Station};
use super::course::{Course, Watch};
use super::event::{End, Event, Kind, NONE, Tried};
use super::limit::{Ask, Counts, Refusal, SECOND};
use super::tally::Tally;
use crate::engine::few::Few;
use crate::engine::stream::Stream;

/// The most requests that wait in a queue; more are given up at once.
const MOST_WAITING: usize = 1_000_000;
/// The most retries that a budget saves up.
const BUDGET_SAVED: f64 = 10.0;

/// What a request asks of every route of the chain.
pub type Asks = Few<Ask, 2>;

/// A request that has not ended.
#[derive(Clone, Debug)]
struct Request {
    came: u64,
    /// Whether it came after the warm-up.
    counted: bool,
    tries: u32,
    /// The last route of the chain that it was asked of.
    asked: usize,
    /// Whether the last attempt failed at the provider.
    failed: bool,
    /// Whether the first route had room for it when it came.
    at_once: bool,
    asks: Asks,
}

/// A chain of routes with its clients.
pub struct Line {
    stations: Vec<Station>,
    running_at: Vec<u32>,
    client: Client,
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
    watch: Watch,
}

impl Line {
    /// A chain that begins at `start` and counts from `from` on, microseconds.
    pub fn new(
        stations: Vec<Station>,
        client: Client,
        weights: (Counts, f64),
        stream: Stream,
        (start, from): (u64, u64),
    ) -> Self {
        let tally = Tally::new(stations.len());
        Line {
            running_at: vec![0; stations.len()],
            watch: Watch::new(stations.len(), weights, from),
            stations,
            client,
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
            self.watch.came(at, &asks, &mut self.tally);
        }
        let slot =
            self.keep(Request { came: at, counted, tries: 0, asked: 0, failed: false, at_once: false, asks });
        self.join(slot);
    }

    /// Lives on to `end` without further requests, and says what came of all.
    pub fn finish(mut self, end: u64) -> (Tally, Option<Course>) {
        self.until(end);
        self.pass(end);
        if end > self.from {
            self.watch.close(end, &mut self.tally);
        }
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
        self.tally.seconds = (end - self.from) as f64 / SECOND as f64;
        self.tally.assert_conserved();
        (self.tally, self.watch.worst())
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
                Kind::Retry { slot } => self.join(slot),
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
            self.tally.running.add(u64::from(self.running), (at - from) as f64 / SECOND as f64);
        }
        self.now = at;
    }

    /// A request asks, behind those who wait already.
    fn join(&mut self, slot: u32) {
        if self.queue.is_empty() || self.client.patience == 0 {
            self.attempt(slot);
        } else {
            self.wait(slot, u64::MAX);
        }
    }

    /// Tries every route of the chain in turn.
    fn attempt(&mut self, slot: u32) {
        match self.try_chain(slot, true, 0) {
            Tried::Started => {}
            Tried::NoRoom(until) if self.client.patience > 0 => self.wait(slot, until),
            Tried::NoRoom(_) => self.try_again(slot),
            Tried::Never => self.end(slot, End::TooLong),
        }
    }

    /// Asks the routes from the `first` on in order. A client that waits until there is room does not ask before: only what it is given
    /// then counts, neither as an attempt nor against a limit what was not asked (`asks` is false).
    fn try_chain(&mut self, slot: u32, asks: bool, first: usize) -> Tried {
        let full = self.client.concurrency.is_some_and(|most| self.running >= most);
        if full {
            return Tried::NoRoom(u64::MAX);
        }
        let (mut until, mut possible) = (u64::MAX, false);
        for at in first..self.stations.len() {
            let ask = self.slab[slot as usize].asks[at];
            if !ask.fits {
                continue;
            }
            let verdict = self.room(at, &ask, asks);
            let request = &mut self.slab[slot as usize];
            if request.counted && (asks || verdict.is_ok()) {
                self.tally.attempts += 1.0;
                if request.asked < at && !ask.apart && !self.closed {
                    request.asked = at;
                    self.watch.asked(at, self.now, &ask, &mut self.tally);
                }
            }
            match verdict {
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

    fn room(&mut self, at: usize, ask: &Ask, asks: bool) -> Result<(), Refusal> {
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
            Err(_) if asks => station.limits.iter_mut().for_each(|limit| limit.refused(now, ask)),
            Err(_) => {}
        }
        verdict
    }

    fn start(&mut self, slot: u32, at: usize, ask: &Ask) {
        self.running += 1;
        self.running_at[at] += 1;
        let request = &mut self.slab[slot as usize];
        if at == 0 && request.counted && request.tries == 0 && self.now == request.came {
            request.at_once = true;
            let came = request.came;
            self.watch.in_course(came, |course, step| course.first[step] += 1.0);
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
                self.tally.weighted_first += self.watch.load_of(ask);
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
        for limit in &mut self.stations[usize::from(station)].limits {
            let amount = limit.refund_of(ask);
            if amount != 0.0 {
                limit.refund(self.now, amount);
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
        // The next routes are asked at once; where they have no room either, all are after a pause.
        if !matches!(self.try_chain(slot, true, usize::from(station) + 1), Tried::Started) {
            self.try_again(slot);
        }
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
            match self.try_chain(slot, false, 0) {
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
            let Request { came, at_once, ref asks, .. } = self.slab[slot as usize];
            if asks[0].in_window {
                let lost = &mut self.tally.lost;
                *lost = (lost.0 + 1.0, lost.1 + asks[0].input);
            }
            let taken = asks.iter().any(|ask| ask.fits);
            self.watch.in_course(came, |course, step| {
                // What no route takes is not in the course; what had room and failed is not served at once.
                course.refused[step] += f64::from(u8::from(taken));
                course.first[step] -= f64::from(u8::from(at_once));
            });
        }
        self.free.push(slot);
    }
}
