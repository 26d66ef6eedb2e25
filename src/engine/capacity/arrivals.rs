//! When requests come, in order, hour by hour.
//!
//! What an hour holds depends on its day and on itself alone (for clients' gaps, on where the stretch begins), so the
//! same hour of the same future has the same requests in whatever stretch it is lived through.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::limit::SECOND;
use super::split::{MOST_PARTS, Split, gamma};
use crate::engine::counts::{Sessions, poisson};
use crate::engine::law::Law;
use crate::engine::stream::{Purpose, Stream};
use crate::workload::{Arrivals, Burst, GapLaw, Pattern, Scale};

/// Microseconds in an hour.
pub const HOUR: u64 = 3_600 * SECOND;

/// Expected requests of a workload, hour by hour.
#[derive(Clone, Debug)]
pub struct Rates {
    /// Of every day of the horizon.
    pub days: Vec<f64>,
    /// The share of each hour of the local day.
    pub hours: [f64; 24],
    /// Hours that the local clock is ahead of the horizon's.
    pub shift: i64,
}

impl Rates {
    /// The local day and hour of an hour of the horizon; what falls beyond its ends is as on its first or last day.
    fn local(&self, hour: usize) -> (usize, usize) {
        let local = hour as i64 + self.shift;
        let day = local.div_euclid(24).clamp(0, self.days.len() as i64 - 1);
        (day as usize, local.rem_euclid(24) as usize)
    }

    /// The expected requests of an hour of the horizon.
    pub fn of(&self, hour: usize) -> f64 {
        let (day, hour) = self.local(hour);
        self.days[day] * self.hours[hour]
    }
}

/// What does not change from stretch to stretch: the laws of a workload's arrivals.
pub struct ArrivalLaw {
    splits: [Split; Scale::ALL.len()],
    pattern: Pattern,
    gap: Option<Law>,
    /// The mean gap, seconds, and the law of the gap that a random time falls into.
    met_gap: Option<(f64, Law)>,
    /// The law of the turns of the session that a random turn belongs to.
    met_turns: Option<Law>,
    /// Mean turns of a session and their law; one where requests come alone.
    turns: Option<(f64, Law)>,
    /// How long before a stretch sessions are begun one by one, hours; those that had begun before are drawn as a
    /// random time finds them.
    pub memory_hours: usize,
    name: String,
}

/// The longest time before a stretch in which sessions are begun one by one, hours.
const MOST_MEMORY: usize = 12;
/// The longest gap, seconds.
const MOST_GAP_S: f64 = 1e6;
/// The most turns of a session.
const MOST_TURNS: f64 = 20_000.0;

impl ArrivalLaw {
    /// The laws of the workload called `name`; sessions only where their turns' gaps are known.
    pub fn new(name: &str, arrivals: &Arrivals, turns: Option<&crate::workload::Shape>) -> Self {
        let bursts = match &arrivals.pattern {
            Pattern::Bursts(bursts) => *bursts,
            Pattern::Clients { .. } => [Burst::NONE; Scale::ALL.len()],
        };
        let mut splits = [Split::new(1, Burst::NONE); Scale::ALL.len()];
        for ((split, burst), (_, scale)) in splits.iter_mut().zip(bursts).zip(Scale::ALL) {
            *split = Split::new(scale.parts(), burst);
        }
        let gap = arrivals.turn_gap_s.as_ref().map(Law::new);
        let turns_shape = turns;
        let turns = turns.filter(|_| gap.is_some());
        let turns = turns.map(|shape| (Sessions::new(shape).mean_turns(), Law::new(shape)));
        let mean_gap = gap.as_ref().map_or(0.0, |law| law.partial_moment(1, f64::INFINITY));
        // A long session: the ninetieth percentile of turns.
        let long = turns.as_ref().map_or(0.0, |(_, law)| law.at_score(1.3) * mean_gap);
        let memory_hours = if turns.is_some() { (long / 3_600.0).ceil().max(1.0) as usize } else { 0 };
        ArrivalLaw {
            met_gap: arrivals.turn_gap_s.as_ref().map(|shape| (mean_gap, Law::new(&shape.by_length()))),
            met_turns: turns_shape.filter(|_| turns.is_some()).map(|shape| Law::new(&shape.by_length())),
            splits,
            pattern: arrivals.pattern.clone(),
            gap,
            turns,
            memory_hours: memory_hours.min(MOST_MEMORY),
            name: name.to_owned(),
        }
    }

    /// The number of requests of one hour's arrival, in the mean.
    fn cluster(&self) -> f64 {
        self.turns.as_ref().map_or(1.0, |(mean, _)| *mean)
    }
}

/// The arrivals of a workload in a stretch of hours, in order.
pub struct ArrivalStream<'a> {
    law: &'a ArrivalLaw,
    rates: &'a Rates,
    address: (u64, u32),
    /// The hour whose starts are in `starts`, and the one after the last.
    hour: usize,
    end: usize,
    starts: Vec<u64>,
    next: usize,
    clients: Option<Clients>,
    /// Turns of sessions that have begun: when, and how many follow.
    turns: BinaryHeap<Reverse<(u64, u32)>>,
    stream: Stream,
}

impl<'a> ArrivalStream<'a> {
    /// The arrivals from hour `from` to before hour `to` of the horizon, microseconds since its beginning.
    pub fn new(law: &'a ArrivalLaw, rates: &'a Rates, address: (u64, u32), from: usize, to: usize) -> Self {
        let purpose = Purpose::named(&format!("turns {} {from}", law.name));
        let mut stream = Stream::new(address.0, address.1, purpose);
        let clients = match &law.pattern {
            Pattern::Clients { count, law, cv } => {
                Some(Clients::new(*count, Gap::new(*law, *cv), &mut stream))
            }
            Pattern::Bursts(_) => None,
        };
        let mut arrivals = ArrivalStream {
            law,
            rates,
            address,
            hour: from,
            end: to,
            starts: Vec::new(),
            next: 0,
            clients,
            turns: BinaryHeap::new(),
            stream,
        };
        arrivals.begin_before(from);
        arrivals.fill();
        arrivals
    }

    /// Sessions that are on their way when hour `from` begins, as a random time finds them at the rate of the day
    /// before: λ E[T − 1] E[gap] of them, each in a gap that was met by its length, of a session that was met by its
    /// gaps.
    fn begin_before(&mut self, from: usize) {
        let (Some((mean_turns, _)), Some((mean_gap, gaps)), Some(turns)) =
            (&self.law.turns, &self.law.met_gap, &self.law.met_turns)
        else {
            return;
        };
        let day = from.saturating_sub(24)..from.max(1);
        let hours = day.len() as f64;
        let requests = day.map(|hour| self.rates.of(hour)).sum::<f64>() / hours / 3_600.0;
        let running = requests / mean_turns * (mean_turns - 1.0) * mean_gap;
        let count = poisson(running, self.stream.uniform()) as u64;
        let base = from as u64 * HOUR;
        for _ in 0..count {
            let all = loop {
                let drawn = turns.draw(self.stream.uniform(), self.stream.normal());
                let all = libm::round(drawn).clamp(1.0, MOST_TURNS);
                // Met by its gaps, of which there is one less than turns.
                if self.stream.uniform() * drawn < all - 1.0 {
                    break all as u32;
                }
            };
            let gap = gaps.draw(self.stream.uniform(), self.stream.normal()).min(MOST_GAP_S);
            let rest = gap * self.stream.uniform();
            // In which of its gaps: any.
            let before = (self.stream.uniform() * f64::from(all - 1)) as u32;
            let at = base + (rest * SECOND as f64) as u64;
            self.turns.push(Reverse((at, all - 2 - before.min(all - 2))));
        }
    }

    /// The starts of hour `self.hour`.
    fn fill(&mut self) {
        self.starts.clear();
        self.next = 0;
        let base = self.hour as u64 * HOUR;
        let mean = self.rates.of(self.hour) / self.law.cluster();
        match &mut self.clients {
            Some(clients) => clients.hour(mean, base, &mut self.starts, &mut self.stream),
            None => {
                let (day, local) = self.rates.local(self.hour);
                let named = |kind: &str, at: usize| {
                    let purpose = Purpose::named(&format!("{kind} {} {at}", self.law.name));
                    Stream::new(self.address.0, self.address.1, purpose)
                };
                let mut stream = named("arrivals of hour", day * 24 + local);
                let count = if self.law.splits[0].is_even() {
                    poisson(mean, stream.uniform()) as u64
                } else {
                    let mut of_day = named("arrivals of day", day);
                    let starts = poisson(self.rates.days[day] / self.law.cluster(), of_day.uniform()) as u64;
                    self.law.splits[0].split(starts, Some(&self.rates.hours), &mut of_day)[local]
                };
                scatter(&self.law.splits[1..], count, base, HOUR, &mut stream, &mut self.starts);
                self.starts.sort_unstable();
            }
        }
    }

    fn next_start(&mut self) -> Option<u64> {
        while self.next >= self.starts.len() {
            if self.hour + 1 >= self.end {
                return None;
            }
            self.hour += 1;
            self.fill();
        }
        Some(self.starts[self.next])
    }

    fn gap(&mut self) -> u64 {
        let seconds = match &self.law.gap {
            Some(law) => law.draw(self.stream.uniform(), self.stream.normal()),
            None => 0.0,
        };
        (seconds.min(MOST_GAP_S) * SECOND as f64) as u64
    }
}

impl Iterator for ArrivalStream<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let start = self.next_start();
        let turn = self.turns.peek().map(|Reverse((at, _))| *at);
        let limit = self.end as u64 * HOUR;
        match (start, turn) {
            (start, Some(turn)) if start.is_none_or(|start| turn <= start) => {
                let Reverse((at, left)) = self.turns.pop()?;
                if at >= limit {
                    // All that is left comes after the stretch.
                    self.turns.clear();
                    return None;
                }
                if left > 0 {
                    let gap = self.gap();
                    self.turns.push(Reverse((at + gap, left - 1)));
                }
                Some(at)
            }
            (Some(at), _) => {
                self.next += 1;
                if let Some((_, law)) = &self.law.turns {
                    let drawn = law.draw(self.stream.uniform(), self.stream.normal());
                    let turns = libm::round(drawn).clamp(1.0, MOST_TURNS) as u32;
                    if turns > 1 {
                        let gap = self.gap();
                        self.turns.push(Reverse((at + gap, turns - 2)));
                    }
                }
                Some(at)
            }
            (None, _) => None,
        }
    }
}

/// Spreads requests over a stretch and the parts of its parts; in no order.
fn scatter(splits: &[Split], count: u64, start: u64, length: u64, stream: &mut Stream, times: &mut Vec<u64>) {
    // One request is as likely in one part as in another.
    if count <= 1 || splits.iter().all(Split::is_even) {
        times.extend((0..count).map(|_| start + (stream.uniform() * length as f64) as u64));
        return;
    }
    let parts = splits[0].parts();
    let counts: [u64; MOST_PARTS] = splits[0].split(count, None, stream);
    let part = length / parts as u64;
    for (at, count) in counts[..parts].iter().enumerate().filter(|(_, count)| **count > 0) {
        scatter(&splits[1..], *count, start + at as u64 * part, part, stream, times);
    }
}

/// Clients with independent gaps, in a time that runs as fast as requests are expected.
struct Clients {
    gap: Gap,
    count: f64,
    /// When each sends next, in its own mean gaps since the stretch began (as bits: positive floats sort alike).
    next: BinaryHeap<Reverse<u64>>,
    /// How many mean gaps have passed.
    passed: f64,
}

impl Clients {
    fn new(count: u32, gap: Gap, stream: &mut Stream) -> Self {
        let next = (0..count).map(|_| Reverse(gap.rest(stream).to_bits())).collect();
        Clients { gap, count: f64::from(count), next, passed: 0.0 }
    }

    fn hour(&mut self, mean: f64, base: u64, times: &mut Vec<u64>, stream: &mut Stream) {
        let each = mean / self.count;
        let until = self.passed + each;
        while let Some(Reverse(bits)) = self.next.peek().copied()
            && f64::from_bits(bits) < until
        {
            let at = f64::from_bits(bits);
            let share = ((at - self.passed) / each).clamp(0.0, 1.0);
            times.push(base + (share * (HOUR - 1) as f64) as u64);
            self.next.pop();
            self.next.push(Reverse((at + self.gap.draw(stream)).to_bits()));
        }
        self.passed = until;
    }
}

/// The law of a gap with mean 1.
#[derive(Clone, Copy, Debug)]
enum Gap {
    Regular,
    /// Shape.
    Gamma(f64),
    /// Shape and scale.
    Weibull(f64, f64),
}

impl Gap {
    fn new(law: GapLaw, cv: f64) -> Self {
        if cv < 1e-3 {
            return Gap::Regular;
        }
        match law {
            GapLaw::Gamma => Gap::Gamma(1.0 / (cv * cv)),
            GapLaw::Weibull => {
                let shape = weibull_shape(cv);
                Gap::Weibull(shape, 1.0 / libm::tgamma(1.0 + 1.0 / shape))
            }
        }
    }

    fn draw(self, stream: &mut Stream) -> f64 {
        match self {
            Gap::Regular => 1.0,
            Gap::Gamma(shape) => gamma(shape, stream) / shape,
            Gap::Weibull(shape, scale) => scale * libm::pow(-libm::log(stream.uniform()), 1.0 / shape),
        }
    }

    /// What is left of the gap that one comes into at a random time: a uniform part of a gap that was met in
    /// proportion to its length.
    fn rest(self, stream: &mut Stream) -> f64 {
        let met = match self {
            Gap::Regular => 1.0,
            Gap::Gamma(shape) => gamma(shape + 1.0, stream) / shape,
            Gap::Weibull(shape, scale) => scale * libm::pow(gamma(1.0 + 1.0 / shape, stream), 1.0 / shape),
        };
        met * stream.uniform()
    }
}

/// The shape of a Weibull law with a coefficient of variation: cv² = Γ(1 + 2/k) / Γ(1 + 1/k)² − 1.
fn weibull_shape(cv: f64) -> f64 {
    let of = |shape: f64| {
        let ratio = libm::lgamma(1.0 + 2.0 / shape) - 2.0 * libm::lgamma(1.0 + 1.0 / shape);
        libm::sqrt(libm::expm1(ratio).max(0.0))
    };
    let (mut low, mut high) = (0.05_f64, 1e4_f64);
    for _ in 0..100 {
        let middle = (low * high).sqrt();
        if of(middle) > cv { low = middle } else { high = middle }
    }
    (low * high).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Component, Shape};

    fn rates(days: usize, a_day: f64) -> Rates {
        Rates { days: vec![a_day; days], hours: [1.0 / 24.0; 24], shift: 0 }
    }

    fn times(pattern: Pattern, rates: &Rates, hours: usize) -> Vec<u64> {
        let arrivals = Arrivals { pattern, turn_gap_s: None };
        let law = ArrivalLaw::new("w", &arrivals, None);
        ArrivalStream::new(&law, rates, (3, 0), 0, hours).collect()
    }

    /// Mean and variance of counts over windows.
    fn counts(times: &[u64], window: u64, end: u64) -> (f64, f64) {
        let mut counts = vec![0.0; (end / window) as usize];
        times.iter().filter(|at| **at < end).for_each(|at| counts[(at / window) as usize] += 1.0);
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n;
        (mean, counts.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / n)
    }

    #[test]
    fn chance_alone_is_a_poisson_process() {
        let rates = rates(20, 48_000.0);
        let times = times(Pattern::POISSON, &rates, 480);
        assert!(times.is_sorted());
        let (mean, variance) = counts(&times, 10 * SECOND, 480 * HOUR);
        let wanted = 48_000.0 / 8_640.0;
        let n = 480.0 * 360.0;
        assert!((mean - wanted).abs() < 5.0 * (wanted / n).sqrt());
        // The variance of a sample variance of Poisson counts is (2λ² + λ)/n.
        assert!((variance - wanted).abs() < 5.0 * ((2.0 * wanted * wanted + wanted) / n).sqrt());
    }

    /// In the long run the number of renewals has variance cv² times its mean (Cox, Renewal Theory, 1962).
    #[test]
    fn clients_gaps_have_their_variation() {
        let rates = rates(200, 24_000.0);
        for law in [GapLaw::Gamma, GapLaw::Weibull] {
            for cv in [0.5, 2.0] {
                let times = times(Pattern::Clients { count: 1, law, cv }, &rates, 4_800);
                let (mean, variance) = counts(&times, HOUR, 4_800 * HOUR);
                assert!((mean / 1_000.0 - 1.0).abs() < 5.0 * cv / (1_000.0_f64 * 4_800.0).sqrt());
                let dispersion = variance / mean;
                // Nearly normal counts: the relative error of a variance is sqrt(2/n); edges of hours add a little.
                assert!(
                    (dispersion / (cv * cv) - 1.0).abs() < 5.0 * (2.0_f64 / 4_800.0).sqrt() + 0.02,
                    "{law:?} {cv} {dispersion}"
                );
            }
        }
        // An exponential law is both, at 1.
        assert!((weibull_shape(1.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn an_hour_is_the_same_in_every_stretch() {
        let bursts = [Burst { quiet: 0.2, cv: 0.8 }; 5];
        let rates = rates(2, 5_000.0);
        let arrivals = Arrivals { pattern: Pattern::Bursts(bursts), turn_gap_s: None };
        let law = ArrivalLaw::new("w", &arrivals, None);
        let all: Vec<u64> = ArrivalStream::new(&law, &rates, (3, 7), 0, 48).collect();
        let some: Vec<u64> = ArrivalStream::new(&law, &rates, (3, 7), 20, 22).collect();
        let wanted: Vec<u64> = all.into_iter().filter(|at| (20 * HOUR..22 * HOUR).contains(at)).collect();
        assert_eq!(some, wanted);
    }

    /// Bursts move requests within a day, and change neither their number nor its law.
    #[test]
    fn bursts_keep_the_days() {
        let rates = rates(400, 300.0);
        let bursts = [Burst { quiet: 0.5, cv: 1.0 }; 5];
        let times = times(Pattern::Bursts(bursts), &rates, 9_600);
        let (mean, variance) = counts(&times, 24 * HOUR, 9_600 * HOUR);
        assert!((mean - 300.0).abs() < 5.0 * (300.0_f64 / 400.0).sqrt());
        assert!((variance / 300.0 - 1.0).abs() < 5.0 * (2.0_f64 / 400.0).sqrt());
        let (mean, variance) = counts(&times, HOUR, 9_600 * HOUR);
        assert!(variance > 10.0 * mean, "{variance} {mean}");
    }

    #[test]
    fn sessions_bring_their_turns() {
        let constant =
            |x: f64| Shape { components: vec![Component { weight: 1.0, ln_median: x.ln(), sigma: 0.0 }] };
        let arrivals = Arrivals { pattern: Pattern::POISSON, turn_gap_s: Some(constant(20.0)) };
        let law = ArrivalLaw::new("w", &arrivals, Some(&constant(5.0)));
        let rates = rates(50, 2_400.0);
        let times: Vec<u64> = ArrivalStream::new(&law, &rates, (3, 0), 0, 1_200).collect();
        assert!(times.is_sorted());
        let mean = times.len() as f64 / 1_200.0;
        // 24,000 sessions of five.
        assert!((mean / 100.0 - 1.0).abs() < 5.0 / (24_000.0_f64).sqrt());
        // An hour holds whole sessions: its variance is five times its mean, but for those cut by its ends.
        let (mean, variance) = counts(&times, HOUR, 1_200 * HOUR);
        assert!((variance / mean / 5.0 - 1.0).abs() < 0.25, "{}", variance / mean);
    }

    /// Sessions that last for days: an hour after any warm-up has the requests that it expects all the same.
    #[test]
    fn an_hour_finds_sessions_that_began_long_before() {
        let law = |median: f64, sigma| Shape {
            components: vec![Component { weight: 1.0, ln_median: libm::log(median), sigma }],
        };
        let arrivals = Arrivals { pattern: Pattern::POISSON, turn_gap_s: Some(law(600.0, 1.0)) };
        // Half of all turns are of sessions longer than 96 turns, which take more than a day.
        let arrivals = ArrivalLaw::new("w", &arrivals, Some(&law(20.0, 1.25)));
        assert_eq!(arrivals.memory_hours, MOST_MEMORY);
        let rates = rates(40, 24_000.0);
        let hours: Vec<f64> = (0..400)
            .map(|trial| {
                let stream = ArrivalStream::new(&arrivals, &rates, (1, trial), 500 - MOST_MEMORY, 501);
                stream.filter(|at| *at >= 500 * HOUR).count() as f64
            })
            .collect();
        let mean = hours.iter().sum::<f64>() / 400.0;
        let variance = hours.iter().map(|n| (n - mean) * (n - mean)).sum::<f64>() / 400.0;
        let error = (variance / 400.0).sqrt();
        assert!(error < 10.0 && (mean - 1_000.0).abs() < 4.0 * error, "{mean} ± {error}");
    }
}
