//! What came of the requests of a stretch: counts that add up, waits, and how many ran at once.

/// The longest stretch whose load is kept in detail, in ten-second steps: an hour.
pub const STEPS: usize = 360;

/// Counts of integers or of lengths of time, by their size: exact below 64, then in 32 steps an octave, so within 1.6 %.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    weights: Vec<f64>,
    total: f64,
}

impl Histogram {
    const EXACT: u64 = 64;

    fn slot(value: u64) -> usize {
        if value < Self::EXACT {
            return value as usize;
        }
        let octave = 63 - value.leading_zeros() as usize;
        let step = (value >> (octave - 5)) as usize - 32;
        Self::EXACT as usize + (octave - 6) * 32 + step
    }

    /// The smallest and the largest value of a slot.
    fn ends(slot: usize) -> (u64, u64) {
        if slot < Self::EXACT as usize {
            return (slot as u64, slot as u64);
        }
        let (octave, step) = ((slot - Self::EXACT as usize) / 32 + 6, (slot - Self::EXACT as usize) % 32);
        let low = (32 + step as u64) << (octave - 5);
        (low, low + ((1_u64 << (octave - 5)) - 1))
    }

    /// Adds a value.
    pub fn add(&mut self, value: u64, weight: f64) {
        let slot = Self::slot(value);
        if slot >= self.weights.len() {
            self.weights.resize(slot + 1, 0.0);
        }
        self.weights[slot] += weight;
        self.total += weight;
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Histogram, weight: f64) {
        if other.weights.len() > self.weights.len() {
            self.weights.resize(other.weights.len(), 0.0);
        }
        self.weights.iter_mut().zip(&other.weights).for_each(|(sum, more)| *sum += weight * more);
        self.total += weight * other.total;
    }

    /// The weight of all values.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The smallest value that a share of the weight does not pass; 0 where there is nothing.
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = share * self.total * (1.0 - 1e-12);
        let mut sum = 0.0;
        for (slot, weight) in self.weights.iter().enumerate() {
            sum += weight;
            if sum >= wanted && *weight > 0.0 {
                let (low, high) = Self::ends(slot);
                return low + (high - low) / 2;
            }
        }
        0
    }

    /// The largest value.
    pub fn max(&self) -> u64 {
        let last = self.weights.iter().rposition(|weight| *weight > 0.0);
        last.map_or(0, |slot| Self::ends(slot).1)
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        let middle = |slot: usize| {
            let (low, high) = Self::ends(slot);
            0.5 * (low as f64 + high as f64)
        };
        let sum: f64 = self.weights.iter().enumerate().map(|(slot, weight)| weight * middle(slot)).sum();
        if self.total > 0.0 { sum / self.total } else { 0.0 }
    }

    /// E[(X − limit)⁺] / E[X]: the share that an allowance of `limit` refuses.
    pub fn excess_share(&self, limit: f64) -> f64 {
        let (mut over, mut all) = (0.0, 0.0);
        for (slot, weight) in self.weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let (low, high) = Self::ends(slot);
            let value = 0.5 * (low as f64 + high as f64);
            over += weight * (value - limit).max(0.0);
            all += weight * value;
        }
        if all > 0.0 { over / all } else { 0.0 }
    }
}

/// What is asked of a route.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// Requests of every second.
    pub per_second: Histogram,
    /// The same in ten seconds.
    pub per_ten_seconds: Histogram,
    /// The same in a minute.
    pub per_minute: Histogram,
    /// Tokens of a minute as token limits count them.
    pub tokens_per_minute: Histogram,
}

impl Load {
    /// Counts of requests in windows of so many seconds, or of the nearest length that is counted, and that.
    pub fn window(&self, seconds: u64) -> (&Histogram, u64) {
        match seconds {
            0..=4 => (&self.per_second, 1),
            5..=30 => (&self.per_ten_seconds, 10),
            _ => (&self.per_minute, 60),
        }
    }

    fn merge(&mut self, other: &Load, weight: f64) {
        self.per_second.merge(&other.per_second, weight);
        self.per_ten_seconds.merge(&other.per_ten_seconds, weight);
        self.per_minute.merge(&other.per_minute, weight);
        self.tokens_per_minute.merge(&other.tokens_per_minute, weight);
    }
}

/// What came of requests, of one stretch or summed up with weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Requests that clients wanted served.
    pub offered: f64,
    /// Those that were, by any route.
    pub served: f64,
    /// Of these, those that started later than they came.
    pub delayed: f64,
    /// Of the served, those by each route of the chain.
    pub served_by: Vec<f64>,
    /// Those that were given up because of a limit.
    pub refused: f64,
    /// Those whose prompt no route of the chain takes.
    pub too_long: f64,
    /// Those that failed at the provider, after all tries.
    pub failed: f64,
    /// Those that waited until their deadline.
    pub abandoned: f64,
    /// Those that ran or waited at the end.
    pub in_flight: f64,
    /// Attempts at any route.
    pub attempts: f64,
    /// Times that an attempt was repeated after a pause.
    pub retries: f64,
    /// Repeats that the retry budget did not allow.
    pub over_budget: f64,
    /// By each route of the chain: what it billed, USD.
    pub usd_by: Vec<f64>,
    /// What of that was for attempts that failed, USD.
    pub failed_usd: f64,
    /// Requests that the first route's window takes, and their prompt tokens.
    pub in_window: (f64, f64),
    /// Of these, those that were not served.
    pub lost: (f64, f64),
    /// What all served requests would have cost on the first route, USD.
    pub first_usd: f64,
    /// What all offered requests would cost by the first route's tokens, had they room, USD.
    pub offered_usd: f64,
    /// Waits of served requests, milliseconds.
    pub wait_ms: Histogram,
    /// Time in which so many requests ran at once, seconds.
    pub running: Histogram,
    /// Time from coming to the last token, of served requests, milliseconds.
    pub answer_ms: Histogram,
    /// By each route of the chain: what was asked of it, each request once. Of the first that is all that came.
    pub loads: Vec<Load>,
    /// Tokens of a minute as provisioned units count them.
    pub weighted_per_minute: Histogram,
    /// All of those tokens.
    pub weighted: f64,
    /// What their requests cost on the first route by the token, USD.
    pub weighted_usd: f64,
    /// Of those tokens, what the first route served.
    pub weighted_first: f64,
    /// The time lived through, seconds.
    pub seconds: f64,
}

impl Tally {
    /// Nothing yet, on a chain of so many routes.
    pub fn new(chain: usize) -> Self {
        let none = vec![0.0; chain];
        let loads = vec![Load::default(); chain];
        Tally { served_by: none.clone(), usd_by: none, loads, ..Tally::default() }
    }

    /// Requests that came to nothing because of limits, lengths or errors.
    pub fn rejected(&self) -> f64 {
        self.refused + self.too_long + self.failed
    }

    /// Those, and who waited in vain.
    pub fn unserved(&self) -> f64 {
        self.rejected() + self.abandoned
    }

    /// Served by another route than the first.
    pub fn spilled(&self) -> f64 {
        self.served_by.iter().skip(1).fold(0.0, |sum, served| sum + served)
    }

    /// A share of the offered requests; 0 where nothing was.
    pub fn share(&self, of: f64) -> f64 {
        if self.offered > 0.0 { of / self.offered } else { 0.0 }
    }

    /// All that came.
    pub fn load(&self) -> &Load {
        &self.loads[0]
    }

    /// Adds another tally `weight` times.
    pub fn merge(&mut self, other: &Tally, weight: f64) {
        let add = |sum: &mut f64, more: f64| *sum += weight * more;
        add(&mut self.offered, other.offered);
        add(&mut self.served, other.served);
        add(&mut self.delayed, other.delayed);
        add(&mut self.refused, other.refused);
        add(&mut self.too_long, other.too_long);
        add(&mut self.failed, other.failed);
        add(&mut self.abandoned, other.abandoned);
        add(&mut self.in_flight, other.in_flight);
        add(&mut self.attempts, other.attempts);
        add(&mut self.retries, other.retries);
        add(&mut self.over_budget, other.over_budget);
        add(&mut self.failed_usd, other.failed_usd);
        add(&mut self.in_window.0, other.in_window.0);
        add(&mut self.in_window.1, other.in_window.1);
        add(&mut self.lost.0, other.lost.0);
        add(&mut self.lost.1, other.lost.1);
        add(&mut self.first_usd, other.first_usd);
        add(&mut self.offered_usd, other.offered_usd);
        add(&mut self.weighted, other.weighted);
        add(&mut self.weighted_usd, other.weighted_usd);
        add(&mut self.weighted_first, other.weighted_first);
        add(&mut self.seconds, other.seconds);
        let lists = [(&mut self.served_by, &other.served_by), (&mut self.usd_by, &other.usd_by)];
        for (sums, more) in lists {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += weight * more);
        }
        for (sum, more) in [
            (&mut self.wait_ms, &other.wait_ms),
            (&mut self.running, &other.running),
            (&mut self.answer_ms, &other.answer_ms),
            (&mut self.weighted_per_minute, &other.weighted_per_minute),
        ] {
            sum.merge(more, weight);
        }
        self.loads.iter_mut().zip(&other.loads).for_each(|(sum, more)| sum.merge(more, weight));
    }

    /// Every request is one of: served, refused, too long, failed, abandoned, or still there.
    ///
    /// # Panics
    /// Where one was lost or counted twice: a defect of this program.
    pub fn assert_conserved(&self) {
        let ended = self.served + self.rejected() + self.abandoned + self.in_flight;
        assert!(
            (self.offered - ended).abs() <= 1e-9 * self.offered,
            "{} requests were offered and {ended} accounted for",
            self.offered
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_hold_what_they_say() {
        for value in (0..5_000).chain([65_535, 65_536, 1 << 40, u64::MAX]) {
            let (low, high) = Histogram::ends(Histogram::slot(value));
            assert!(low <= value && value <= high, "{value}: {low}..{high}");
            assert!((high - low) as f64 <= value as f64 / 32.0);
        }
        let mut histogram = Histogram::default();
        (1..=100).for_each(|value| histogram.add(value, 1.0));
        assert_eq!((histogram.quantile(0.5), histogram.quantile(0.01), histogram.max()), (50, 1, 101));
        assert!((histogram.mean() - 50.5).abs() < 0.02 * 50.5);
        // Of 5,050 in all, those above 90: 1 + … + 10.
        assert!((histogram.excess_share(90.0) - 55.0 / 5_050.0).abs() < 2e-3);
    }
}
