//! How a log's requests bunch, from second to hour: counts of parts of stretches as they stream by, and the bursts
//! that give the same second and third factorial moments.

use crate::engine::capacity::split_moments;
use crate::workload::{Burst, Scale};

/// Seconds of a block that is counted at a time: a day.
const BLOCK: usize = 86_400;
/// Stretches from which bursts are told.
const LEAST_STRETCHES: u64 = 3;
/// Pairs of requests in a stretch, summed, from which bursts are told.
const LEAST_PAIRS: f64 = 100.0;
/// The least that a log of less than an hour has to span, seconds.
const LEAST_SECONDS: usize = 1_800;
/// Of so many requests one may come late by more than a day before nothing is told.
const LATE_ONE_IN: u64 = 1_000;
/// Parts are taken as never quiet where that meets the third moment within this share.
const NEVER_QUIET: f64 = 0.02;
/// Shares of quiet parts that are tried.
const QUIET_STEPS: usize = 200;

/// Counts a log's requests second by second, a day at a time.
#[derive(Clone, Debug)]
pub struct Bunching {
    /// When the first request came, milliseconds; blocks are counted from there.
    origin_ms: Option<i64>,
    block: i64,
    seconds: Vec<u32>,
    /// The last second of the block in which something came.
    last: usize,
    sums: [Sums; Scale::ALL.len()],
    requests: u64,
    late: u64,
    /// All times are whole multiples of this after the first, milliseconds: the log's clock. 0 until two differ.
    tick_ms: u64,
}

/// Sums over the stretches of a scale that lie in the log as a whole.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// Σ n(n−1) and Σ n(n−1)(n−2) of the stretches.
    whole: (f64, f64),
    /// The same of their parts.
    parts: (f64, f64),
    stretches: u64,
}

impl Default for Bunching {
    fn default() -> Self {
        Bunching {
            origin_ms: None,
            block: 0,
            seconds: Vec::new(),
            last: 0,
            sums: [Sums::default(); Scale::ALL.len()],
            requests: 0,
            late: 0,
            tick_ms: 0,
        }
    }
}

impl Bunching {
    /// Counts a request that came at a time.
    pub fn add(&mut self, at_ms: i64) {
        self.requests += 1;
        let origin = *self.origin_ms.get_or_insert(at_ms);
        self.tick_ms = common_divisor(self.tick_ms, (at_ms - origin).unsigned_abs());
        let second = (at_ms - origin).div_euclid(1_000);
        let (block, second) = (second.div_euclid(BLOCK as i64), second.rem_euclid(BLOCK as i64) as usize);
        if block < self.block {
            self.late += 1;
            return;
        }
        if block > self.block {
            self.close(BLOCK);
            self.block = block;
        }
        if self.seconds.is_empty() {
            self.seconds = vec![0; BLOCK];
        }
        self.seconds[second] += 1;
        self.last = self.last.max(second);
    }

    /// Counts the block's stretches that end by `end`, and begins another.
    fn close(&mut self, end: usize) {
        if self.seconds.is_empty() {
            return;
        }
        for (sums, (_, scale)) in self.sums.iter_mut().zip(Scale::ALL) {
            let part = scale.seconds() as usize;
            let whole = part * scale.parts();
            for stretch in self.seconds[..end - end % whole].chunks_exact(whole) {
                let total: u64 = stretch.iter().map(|count| u64::from(*count)).sum();
                if total == 0 {
                    continue;
                }
                sums.stretches += 1;
                add(&mut sums.whole, total as f64);
                for seconds in stretch.chunks_exact(part) {
                    add(&mut sums.parts, seconds.iter().map(|count| f64::from(*count)).sum());
                }
            }
        }
        self.seconds.fill(0);
        self.last = 0;
    }

    /// The sixths of a log of half an hour or more that is too short for a whole hour, instead of ten minutes.
    fn sixths(&self, end: usize) -> Option<Burst> {
        let parts = Scale::TenMinutes.parts();
        if end < LEAST_SECONDS {
            return None;
        }
        let mut sums = Sums::default();
        let mut all = 0.0;
        for part in 0..parts {
            let seconds = &self.seconds[part * end / parts..(part + 1) * end / parts];
            let count: f64 = seconds.iter().map(|count| f64::from(*count)).sum();
            add(&mut sums.parts, count);
            all += count;
        }
        add(&mut sums.whole, all);
        Some(sums.burst(parts))
    }

    /// The bursts of a log; `None` where requests have no order in time, or are too few.
    ///
    /// An hour's share of its day is the workload's hours as well as bursts; it is left to those.
    pub fn bursts(mut self) -> Option<[Burst; Scale::ALL.len()]> {
        let end = (self.last + 1).min(BLOCK);
        let early = self.block == 0 && !self.seconds.is_empty();
        let first_hour = if early { self.sixths(end) } else { None };
        self.close(end);
        if self.late * LATE_ONE_IN > self.requests {
            return None;
        }
        let mut bursts = [Burst::NONE; Scale::ALL.len()];
        let mut known = false;
        for ((burst, sums), (_, scale)) in bursts.iter_mut().zip(&self.sums).zip(Scale::ALL) {
            if self.tick_ms > 1_000 * scale.seconds() {
                // The clock does not tell such parts apart.
                continue;
            }
            if scale == Scale::TenMinutes && sums.stretches == 0 {
                *burst = first_hour.unwrap_or(Burst::NONE);
                continue;
            }
            let enough = sums.stretches >= LEAST_STRETCHES || scale == Scale::TenMinutes;
            if scale != Scale::Hour && enough && sums.whole.0 >= LEAST_PAIRS {
                let found = sums.burst(scale.parts());
                // All in one part is more than any finite evenness.
                *burst = Burst { cv: found.cv.min(0.99 * scale.most_cv()), ..found };
                known = true;
            }
        }
        known.then_some(bursts)
    }
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn add(sums: &mut (f64, f64), count: f64) {
    let pairs = count * (count - 1.0);
    sums.0 += pairs;
    sums.1 += pairs * (count - 2.0);
}

impl Sums {
    /// The burst whose factorial moments these are: for every share of quiet parts the evenness that gives the second,
    /// and of these the one that gives the third.
    fn burst(&self, parts: usize) -> Burst {
        let second = self.parts.0 / self.whole.0;
        let third = self.parts.1 / self.whole.1.max(f64::MIN_POSITIVE);
        if second * parts as f64 <= 1.0 {
            // More even than chance.
            return Burst::NONE;
        }
        let missed = |burst: &Burst| (split_moments(parts, burst).1 / third).ln().abs();
        let even = of_second(0.0, second, parts);
        if let Some(burst) = even.filter(|burst| missed(burst) <= NEVER_QUIET) {
            return burst;
        }
        let tried =
            (0..QUIET_STEPS).filter_map(|step| of_second(step as f64 / QUIET_STEPS as f64, second, parts));
        tried.min_by(|a, b| missed(a).total_cmp(&missed(b))).unwrap_or(Burst::NONE)
    }
}

/// The burst with a share of quiet parts that has a second factorial moment; `None` where quiet parts alone have more.
fn of_second(quiet: f64, second: f64, parts: usize) -> Option<Burst> {
    let of = |evenness: f64| Burst::of_evenness(quiet, evenness, parts);
    let (mut low, mut high) = (1e-4_f64, 1e7_f64);
    if split_moments(parts, &Burst { quiet, cv: 0.0 }).0 > second {
        return None;
    }
    for _ in 0..80 {
        let middle = (low * high).sqrt();
        if split_moments(parts, &of(middle)).0 > second { low = middle } else { high = middle }
    }
    Some(of((low * high).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::capacity::{ArrivalLaw, ArrivalStream, Rates};
    use crate::workload::{Arrivals, Pattern};

    /// What is drawn with bursts is found to have them.
    #[test]
    fn bursts_are_found_again() {
        let mut wanted = [Burst::NONE; 5];
        wanted[2] = Burst { quiet: 0.0, cv: 0.6 };
        wanted[3] = Burst { quiet: 0.3, cv: 0.4 };
        wanted[4] = Burst { quiet: 0.5, cv: 0.2 };
        let law =
            ArrivalLaw::new("w", &Arrivals { pattern: Pattern::Bursts(wanted), turn_gap_s: None }, None);
        let rates = Rates { days: vec![200_000.0; 16], hours: [1.0 / 24.0; 24], shift: 0 };
        let mut bunching = Bunching::default();
        // A log begins when it begins; here its stretches are those of the law.
        bunching.add(0);
        for at in ArrivalStream::new(&law, &rates, (1, 0), 0, 384) {
            bunching.add((at / 1_000) as i64);
        }
        let found = bunching.bursts().unwrap();
        for (scale, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            // Quiet parts and uneven ones make up for each other; what a limit sees are the moments. Over four days
            // of the law for minutes they scatter by 0.74 and 2.8 % (40 runs of other code), over sixteen by half of
            // that.
            let parts = Scale::ALL[scale].1.parts();
            let (a, b) = (split_moments(parts, found), split_moments(parts, &wanted));
            let near = (a.0 / b.0 - 1.0).abs() < 0.015 && (a.1 / b.1 - 1.0).abs() < 0.06;
            assert!(near, "{scale}: {found:?}, {wanted:?}");
        }
    }

    #[test]
    fn chance_alone_is_no_burst_and_disorder_is_said() {
        let law = ArrivalLaw::new("w", &Arrivals { pattern: Pattern::POISSON, turn_gap_s: None }, None);
        let rates = Rates { days: vec![100_000.0; 2], hours: [1.0 / 24.0; 24], shift: 0 };
        let times: Vec<u64> = ArrivalStream::new(&law, &rates, (1, 0), 0, 48).collect();
        let mut bunching = Bunching::default();
        times.iter().for_each(|at| bunching.add((at / 1_000) as i64));
        for burst in bunching.bursts().unwrap() {
            assert!(burst.quiet < 0.02 && burst.cv < 0.06, "{burst:?}");
        }
        let mut backwards = Bunching::default();
        times.iter().rev().for_each(|at| backwards.add((at / 1_000) as i64));
        assert!(backwards.bursts().is_none());
        assert!(Bunching::default().bursts().is_none());
        // A clock of whole minutes tells nothing of seconds.
        let mut coarse = Bunching::default();
        times.iter().for_each(|at| coarse.add((at / 60_000_000 * 60_000) as i64));
        for burst in &coarse.bursts().unwrap()[3..] {
            assert_eq!(*burst, Burst::NONE);
        }
    }
}
