//! What a log's requests are like, counted as they stream by: lengths, cache, reasoning, sessions, volume.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::Record;
use super::arrivals::Bunching;
use super::lengths::Lengths;
use super::series::Collector;
use super::sessions::begin_anew;
use crate::domain::normal;
use crate::domain::time::utc_day_and_minute;
use crate::workload::{Burst, Scale};

/// Bins of the grid on which rank correlations are counted: eight an octave.
const GRID: usize = 8 * 32;
/// Half octaves of prompts, up to 2³² tokens.
const HALF_OCTAVES: usize = 64;
/// Blocks of sessions by which it is told how well ratios are known.
const BLOCKS: usize = 64;
/// Requests above a threshold from which it is told how they are cached.
const LEAST_CROSSING: f64 = 100.0;
/// The most sessions that are told apart.
const MOST_SESSIONS: usize = 5_000_000;

/// Sums over a part of the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    /// Requests.
    pub requests: f64,
    /// Input tokens.
    pub input: f64,
    /// Of these, from a cache.
    pub cached: f64,
    /// Of these, written to a cache.
    pub written: f64,
    /// Of these, to be kept for an hour.
    pub written_1h: f64,
    /// Output tokens.
    pub output: f64,
    /// What they cost, USD.
    pub usd: f64,
}

/// Requests whose prompts are of some lengths.
#[derive(Clone, Copy, Debug)]
pub struct LengthBin {
    /// The lengths, tokens; the upper end is in the next bin.
    pub tokens: (f64, f64),
    /// Their sums.
    pub sums: Sums,
}

/// The requests of a log, counted.
pub struct Traffic {
    /// Prompts.
    pub prompts: Lengths,
    /// Outputs without reasoning.
    pub outputs: Lengths,
    /// Reasoning, of requests that reason.
    pub reasoning: Lengths,
    /// Requests by session.
    sessions: HashMap<Arc<str>, (u64, i64)>,
    /// All of it.
    pub total: Sums,
    /// By hour of the UTC day.
    pub hours: [f64; 24],
    /// Spend and requests over time.
    pub collector: Collector,
    /// Requests above the base band, and their tokens.
    pub crossing: Sums,
    /// Prompts that hit a cache, by length.
    hits: Lengths,
    hit_input: f64,
    /// Single requests by half octaves of their prompts.
    by_length: [Sums; HALF_OCTAVES],
    grid: Vec<u32>,
    blocks: BTreeMap<i64, Sums>,
    /// Rows that are sums over requests.
    pub sums: u64,
    /// Of these, rows that do not tell how many.
    pub untold: u64,
    /// The longest time that one of them spans, milliseconds.
    pub longest_span_ms: i64,
    /// How single requests bunch.
    bunching: Bunching,
    /// Requests of no session.
    single: u64,
}

impl Traffic {
    /// Nothing yet; spend is collected in bins of `bin_ms`.
    pub fn new(bin_ms: i64) -> Self {
        Traffic {
            prompts: Lengths::default(),
            outputs: Lengths::default(),
            reasoning: Lengths::default(),
            sessions: HashMap::new(),
            total: Sums::default(),
            hours: [0.0; 24],
            collector: Collector::new(bin_ms),
            crossing: Sums::default(),
            hits: Lengths::default(),
            hit_input: 0.0,
            by_length: [Sums::default(); HALF_OCTAVES],
            grid: vec![0; GRID * GRID],
            blocks: BTreeMap::new(),
            sums: 0,
            untold: 0,
            longest_span_ms: 0,
            bunching: Bunching::default(),
            single: 0,
        }
    }

    /// Counts a record that cost `usd`.
    pub fn add(&mut self, record: &Record, usd: f64, crossing: bool) {
        let usage = &record.usage;
        let requests = record.requests.max(1);
        let visible = usage.output - usage.reasoning;
        let sums = Sums {
            requests: requests as f64,
            input: usage.input as f64,
            cached: usage.cached as f64,
            written: (usage.written + usage.written_1h + usage.written_12h) as f64,
            written_1h: usage.written_1h as f64,
            output: usage.output as f64,
            usd,
        };
        self.total.add(&sums);
        if crossing {
            self.crossing.add(&sums);
        }
        self.sums += u64::from(record.span_ms.is_some());
        self.untold += u64::from(record.requests == 0);
        self.longest_span_ms = self.longest_span_ms.max(record.span_ms.unwrap_or(0));
        // A sum over requests says what the mean one was, and no more.
        self.prompts.add_many(usage.input, requests);
        self.outputs.add_many(visible, requests);
        if usage.reasoning > 0 {
            self.reasoning.add_many(usage.reasoning, requests);
        }
        if usage.cached > 0 {
            self.hits.add_many(usage.input, requests);
            self.hit_input += usage.input as f64;
        }
        if record.span_ms.is_none() && requests == 1 && usage.input > 0 {
            let half_octave = (2.0 * libm::log2(usage.input as f64)) as usize;
            self.by_length[half_octave.min(HALF_OCTAVES - 1)].add(&sums);
        }
        let cell = grid_bin(usage.input / requests) * GRID + grid_bin(visible / requests);
        self.grid[cell] = self.grid[cell].saturating_add(u32::try_from(requests).unwrap_or(u32::MAX));
        let (_, minute) = utc_day_and_minute(record.instant());
        self.hours[(minute / 60) as usize] += requests as f64;
        if record.span_ms.is_none() && requests == 1 {
            self.bunching.add(record.at_ms);
        }
        self.collector.add(record.at_ms, record.span_ms, requests as f64, usd);
        self.blocks.entry(self.block(record)).or_default().add(&sums);
        if record.session.is_none() {
            self.single += 1;
        }
        if let Some(session) = &record.session {
            if let Some((turns, first)) = self.sessions.get_mut(session) {
                (*turns, *first) = (*turns + requests, (*first).min(record.at_ms));
            } else if self.sessions.len() < MOST_SESSIONS {
                self.sessions.insert(session.clone(), (requests, record.at_ms));
            }
        }
    }

    /// Requests of a session stay together; others are grouped by time.
    fn block(&self, record: &Record) -> i64 {
        match &record.session {
            Some(session) => {
                let mut hasher = DefaultHasher::new();
                session.hash(&mut hasher);
                (hasher.finish() % BLOCKS as u64) as i64
            }
            None => record.at_ms.div_euclid(60_000),
        }
    }

    /// Requests in a session, of every session.
    pub fn turns(&self) -> Lengths {
        let mut turns = Lengths::default();
        self.sessions.values().for_each(|(count, _)| turns.add(*count));
        turns
    }

    /// How requests bunch; `None` where the log holds sums, has no clock, or is in no order.
    pub fn bursts(&self) -> Option<[Burst; Scale::ALL.len()]> {
        if self.sums > 0 || self.begins_anew() { None } else { self.bunching.clone().bursts() }
    }

    /// Whether the sessions have no common clock.
    pub fn begins_anew(&self) -> bool {
        self.single == 0 && begin_anew(self.sessions.values().map(|(_, first)| *first))
    }

    /// The relative standard error of a ratio of two sums, from how it differs between parts of the log.
    ///
    /// The linearised ratio estimator (Cochran, Sampling Techniques, 1977, section 6): with m blocks, R = Σa/Σb,
    /// variance of R ≈ m/(m−1) Σ(a − R b)² / (Σb)².
    pub fn ratio_error(&self, of: fn(&Sums) -> (f64, f64)) -> f64 {
        let parts = self.blocks.len().min(BLOCKS);
        if parts < 2 {
            return 0.0;
        }
        let mut blocks = vec![(0.0, 0.0); parts];
        for (at, sums) in self.blocks.values().enumerate() {
            let (a, b) = of(sums);
            let block = &mut blocks[at * parts / self.blocks.len()];
            *block = (block.0 + a, block.1 + b);
        }
        let (a, b) = blocks.iter().fold((0.0, 0.0), |sum, block| (sum.0 + block.0, sum.1 + block.1));
        if a <= 0.0 || b <= 0.0 {
            return 0.0;
        }
        let ratio = a / b;
        let squares: f64 = blocks.iter().map(|(a, b)| (a - ratio * b) * (a - ratio * b)).sum();
        let m = parts as f64;
        libm::sqrt(m / (m - 1.0) * squares) / a
    }

    /// The cache by length of the prompt, half an octave each; empty where sums hide the single requests.
    pub fn cached_by_length(&self) -> Vec<LengthBin> {
        let single: f64 = self.by_length.iter().map(|sums| sums.requests).sum();
        if single < 0.9 * self.total.requests {
            return Vec::new();
        }
        let edge = |half_octave: usize| libm::exp2(0.5 * half_octave as f64);
        let bins = self.by_length.iter().enumerate().filter(|(_, sums)| sums.requests > 0.0);
        bins.map(|(at, sums)| LengthBin { tokens: (edge(at), edge(at + 1)), sums: *sums }).collect()
    }

    /// The share of a prompt that is cached when the cache is hit at all.
    pub fn share_when_hit(&self) -> f64 {
        if self.hit_input > 0.0 { self.total.cached / self.hit_input } else { 0.0 }
    }

    /// The rank correlation of prompt length and the gate of the cache.
    ///
    /// Where a request hits if ρz + √(1−ρ²)e exceeds t, with z the normal score of its length and e an
    /// independent normal, the covariance of z and the hit is ρφ(t). Where prompts above a threshold matter, ρ is
    /// the one with which they are cached as they were in the log, compared with all: money depends on that, and
    /// hits need not rise or fall with length throughout.
    pub fn cache_correlation(&self) -> f64 {
        let (total, hits) = (self.prompts.total() as f64, self.hits.total() as f64);
        let share = hits / total.max(1.0);
        if !(0.001..=0.999).contains(&share) {
            return 0.0;
        }
        let threshold = -normal::quantile(share);
        if self.crossing.requests >= LEAST_CROSSING && self.crossing.requests < 0.9 * total {
            let all = self.total.cached / self.total.input;
            let wanted = share * (self.crossing.cached / self.crossing.input) / all;
            return rank_of(tail_correlation(threshold, self.crossing.requests / total, wanted));
        }
        let scores: Vec<f64> = self.prompts.ranks().iter().map(|rank| normal::quantile(*rank)).collect();
        let mean = |lengths: &Lengths| lengths.weighted(&scores) / total;
        let covariance = mean(&self.hits) - mean(&self.prompts) * share;
        rank_of((covariance / normal::density(threshold)).clamp(-0.95, 0.95))
    }

    /// Spearman's rank correlation of prompt and visible output.
    pub fn prompt_output_correlation(&self) -> f64 {
        let total: f64 = self.grid.iter().map(|count| f64::from(*count)).sum();
        if total < 2.0 {
            return 0.0;
        }
        let (mut rows, mut columns) = (vec![0.0; GRID], vec![0.0; GRID]);
        for (at, count) in self.grid.iter().enumerate() {
            rows[at / GRID] += f64::from(*count);
            columns[at % GRID] += f64::from(*count);
        }
        let middle_ranks = |counts: &[f64]| -> Vec<f64> {
            let mut below = 0.0;
            let rank = |count: &f64| {
                let rank = (below + 0.5 * count) / total - 0.5;
                below += count;
                rank
            };
            counts.iter().map(rank).collect()
        };
        let (x, y) = (middle_ranks(&rows), middle_ranks(&columns));
        let spread = |counts: &[f64], ranks: &[f64]| -> f64 {
            counts.iter().zip(ranks).map(|(count, rank)| count * rank * rank).sum()
        };
        let cells = self.grid.iter().enumerate().filter(|(_, count)| **count > 0);
        let product: f64 = cells.map(|(at, count)| f64::from(*count) * x[at / GRID] * y[at % GRID]).sum();
        let scale = libm::sqrt(spread(&rows, &x) * spread(&columns, &y));
        if scale > 0.0 { product / scale } else { 0.0 }
    }
}

/// The correlation of scores with which the share `wanted` of the longest prompts, which are the share `tail` of
/// all, passes a gate at `threshold`.
fn tail_correlation(threshold: f64, tail: f64, wanted: f64) -> f64 {
    const POINTS: u32 = 200;
    let passing = |rho: f64| -> f64 {
        let rest = libm::sqrt(1.0 - rho * rho);
        let at = |i: u32| -normal::quantile(tail * (f64::from(i) + 0.5) / f64::from(POINTS));
        (0..POINTS).map(|i| normal::cdf((rho * at(i) - threshold) / rest)).sum::<f64>() / f64::from(POINTS)
    };
    // More of the longest prompts pass, the higher the correlation.
    let (mut low, mut high) = (-0.9, 0.9);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if passing(middle) < wanted { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The rank correlation of normal scores with a correlation: 6/π · asin(ρ/2).
pub fn rank_of(score_correlation: f64) -> f64 {
    6.0 / std::f64::consts::PI * libm::asin(0.5 * score_correlation)
}

fn grid_bin(tokens: u64) -> usize {
    ((libm::log2(tokens as f64 + 1.0) * 8.0) as usize).min(GRID - 1)
}

impl Sums {
    fn add(&mut self, other: &Sums) {
        self.requests += other.requests;
        self.input += other.input;
        self.cached += other.cached;
        self.written += other.written;
        self.written_1h += other.written_1h;
        self.output += other.output;
        self.usd += other.usd;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::Usage;
    use crate::engine::{Purpose, Stream};

    /// Requests drawn as the engine draws them: length and gate by correlated scores.
    #[test]
    fn correlations_are_found_again() {
        let mut stream = Stream::new(9, 0, Purpose::named("traffic"));
        let mut traffic = Traffic::new(60_000);
        let (rho, threshold) = (0.5, 0.3);
        for at in 0..40_000 {
            let z = stream.normal();
            let input = libm::exp(8.0 + z).round() as u64;
            let gate = rho * z + libm::sqrt(1.0 - rho * rho) * stream.normal();
            let output = libm::exp(5.0 + 0.4 * z + 0.9 * stream.normal()).round() as u64;
            let cached = if gate > threshold { input / 2 } else { 0 };
            let usage = Usage { input, cached, output, ..Usage::NONE };
            traffic.add(&Record { usage, requests: 1, at_ms: at * 1000, ..Record::default() }, 0.01, false);
        }
        // Four standard errors of a correlation of 40,000 are 0.02; the grid adds a little.
        assert!(
            (traffic.cache_correlation() - rank_of(rho)).abs() < 0.025,
            "{}",
            traffic.cache_correlation()
        );
        let score = 0.4 / libm::sqrt(0.4 * 0.4 + 0.9 * 0.9);
        let found = traffic.prompt_output_correlation();
        assert!((found - rank_of(score)).abs() < 0.025, "{found} and {}", rank_of(score));
        assert!((traffic.share_when_hit() - 0.5).abs() < 1e-3);
        // The mean of 40,000 lengths with a coefficient of variation of √(e − 1) = 1.31.
        let error = traffic.ratio_error(|sums| (sums.input, sums.requests));
        assert!((error / (1.31 / 200.0) - 1.0).abs() < 0.4, "{error}");
    }
}
