//! Limits as providers enforce them: allowances of fixed windows, token buckets, and the leaky bucket of provisioned
//! units.

/// Microseconds in a second.
pub const SECOND: u64 = 1_000_000;

/// What an attempt asks of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ask {
    /// Whether the route takes such a prompt at all.
    pub fits: bool,
    /// Whether its window holds it: units take shorter ones than their route.
    pub in_window: bool,
    /// Whether it is bought in another tier than the route's, whose limits it knows nothing of.
    pub apart: bool,
    /// Prompt tokens, cached ones included.
    pub input: f64,
    /// Of these, cached.
    pub cached: f64,
    /// Output tokens that come.
    pub output: f64,
    /// Output tokens that are reserved at arrival: max_tokens.
    pub reserved: f64,
    /// What a limit on tokens counts of it.
    pub counted: f64,
    /// What it costs by the token, USD; of units also where they do not take it.
    pub usd: f64,
    /// The part of that which is input: what a failed attempt can cost.
    pub input_usd: f64,
    /// From admission to the last token, microseconds.
    pub service: u64,
    /// From admission to the first token, microseconds: when an attempt fails.
    pub first_token: u64,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Counts {
    /// Requests.
    Requests,
    /// Tokens as the route counts them: prompt and reserved output, or the larger of what comes and max_tokens.
    Tokens,
    /// Tokens weighted as provisioned units count them.
    Weighted {
        /// Of an output token.
        output: f64,
        /// Of a cached token.
        cached: f64,
    },
}

impl Counts {
    /// What an attempt uses.
    pub fn cost(self, ask: &Ask) -> f64 {
        match self {
            Counts::Requests => 1.0,
            Counts::Tokens => ask.counted,
            Counts::Weighted { output, cached } => {
                ask.input - (1.0 - cached) * ask.cached + output * ask.reserved
            }
        }
    }

    /// What is given back when the output is known.
    fn refund(self, ask: &Ask) -> f64 {
        match self {
            Counts::Weighted { output, .. } => output * (ask.reserved - ask.output),
            Counts::Requests | Counts::Tokens => 0.0,
        }
    }
}

/// How a limit is enforced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Enforced {
    /// So much in every window of a length, microseconds.
    Window {
        /// The length.
        length: u64,
        /// What is allowed in it.
        allowance: f64,
    },
    /// A bucket that holds so much and fills at a rate per microsecond; what is used is taken out.
    TokenBucket {
        /// What it holds.
        capacity: f64,
        /// The rate.
        rate: f64,
    },
    /// A bucket that drains at a rate per microsecond; what is used is poured in, and nothing is admitted while it
    /// is full.
    LeakyBucket {
        /// What it holds.
        capacity: f64,
        /// The rate.
        rate: f64,
    },
}

impl Enforced {
    /// An allowance per minute, enforced over windows of so many seconds: rounded down to whole ones, and where that
    /// is none, one in as long as it takes.
    pub fn per_minute(allowance: f64, window_s: u64) -> Self {
        let share = allowance * window_s as f64 / 60.0;
        // 6 requests per minute over 10 s are one, whatever the last bit says.
        let whole = (share + 1e-9).floor();
        if whole >= 1.0 {
            Enforced::Window { length: window_s * SECOND, allowance: whole }
        } else {
            let length = (60.0 * SECOND as f64 / allowance).ceil();
            Enforced::Window { length: length as u64, allowance: 1.0 }
        }
    }
}

/// A limit and how far it is used up.
#[derive(Clone, Debug)]
pub struct Limit {
    counts: Counts,
    enforced: Enforced,
    /// Prompts longer than the first and at most as long as the second are its business.
    prompts: (f64, f64),
    /// Whether refused attempts use it up too.
    refused_count: bool,
    /// What is used of the window; what is in the bucket.
    level: f64,
    /// The number of the window; when the bucket was looked at.
    at: u64,
}

/// Why an attempt is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There may be room at this time.
    Until(u64),
    /// There never will be: it asks for more than the limit ever holds.
    Never,
}

impl Limit {
    /// A limit, unused.
    pub fn new(counts: Counts, enforced: Enforced) -> Self {
        let level = match enforced {
            Enforced::TokenBucket { capacity, .. } => capacity,
            Enforced::Window { .. } | Enforced::LeakyBucket { .. } => 0.0,
        };
        Limit { counts, enforced, prompts: (-1.0, f64::INFINITY), refused_count: false, level, at: 0 }
    }

    /// The same for prompts longer than `above` and at most `upto` tokens.
    pub fn for_prompts(mut self, above: f64, upto: f64) -> Self {
        self.prompts = (above, upto);
        self
    }

    /// The same where refused attempts count, or do not.
    pub fn counting_refused(mut self, yes: bool) -> Self {
        self.refused_count = yes;
        self
    }

    fn concerns(&self, ask: &Ask) -> bool {
        !ask.apart && ask.input > self.prompts.0 && ask.input <= self.prompts.1
    }

    /// Brings the level to `now`.
    fn settle(&mut self, now: u64) {
        match self.enforced {
            Enforced::Window { length, .. } => {
                let window = now / length;
                if window != self.at {
                    (self.at, self.level) = (window, 0.0);
                }
            }
            Enforced::TokenBucket { capacity, rate } => {
                self.level = (self.level + rate * (now - self.at) as f64).min(capacity);
                self.at = now;
            }
            Enforced::LeakyBucket { rate, .. } => {
                self.level = (self.level - rate * (now - self.at) as f64).max(0.0);
                self.at = now;
            }
        }
    }

    /// Whether there is room for an attempt now.
    pub fn room(&mut self, now: u64, ask: &Ask) -> Result<(), Refusal> {
        if !self.concerns(ask) {
            return Ok(());
        }
        self.settle(now);
        let cost = self.counts.cost(ask);
        match self.enforced {
            Enforced::Window { allowance, .. } if cost > allowance => Err(Refusal::Never),
            Enforced::Window { length, allowance } => {
                if self.level + cost <= allowance {
                    Ok(())
                } else {
                    Err(Refusal::Until((self.at + 1) * length))
                }
            }
            Enforced::TokenBucket { capacity, .. } if cost > capacity => Err(Refusal::Never),
            Enforced::TokenBucket { rate, .. } => {
                // A billionth of a request is no reason to wait.
                let missing = cost - self.level;
                if missing <= 1e-9 {
                    Ok(())
                } else {
                    Err(Refusal::Until(now + (missing / rate).ceil() as u64))
                }
            }
            Enforced::LeakyBucket { capacity, rate } => {
                let over = self.level - capacity;
                if over < 0.0 { Ok(()) } else { Err(Refusal::Until(now + (over / rate) as u64 + 1)) }
            }
        }
    }

    /// Uses what an admitted attempt asks for. Call after [`Limit::room`] said yes.
    pub fn take(&mut self, ask: &Ask) {
        if self.concerns(ask) {
            let cost = self.counts.cost(ask);
            match self.enforced {
                Enforced::TokenBucket { .. } => self.level -= cost,
                Enforced::Window { .. } | Enforced::LeakyBucket { .. } => self.level += cost,
            }
        }
    }

    /// Notes that an attempt was refused now, by this limit or another.
    pub fn refused(&mut self, now: u64, ask: &Ask) {
        if self.refused_count && self.concerns(ask) {
            self.settle(now);
            let cost = self.counts.cost(ask);
            match self.enforced {
                Enforced::Window { .. } => self.level += cost,
                // Takes what is there; nobody owes anything.
                Enforced::TokenBucket { .. } => self.level = (self.level - cost).max(0.0),
                Enforced::LeakyBucket { .. } => {}
            }
        }
    }

    /// What is given back when the attempt's output is known.
    pub fn refund_of(&self, ask: &Ask) -> f64 {
        if self.concerns(ask) { self.counts.refund(ask) } else { 0.0 }
    }

    /// Gives back what was reserved and not used.
    pub fn refund(&mut self, now: u64, amount: f64) {
        self.settle(now);
        self.level = (self.level - amount).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(input: f64) -> Ask {
        Ask { fits: true, input, counted: input, ..Ask::default() }
    }

    #[test]
    fn windows_are_rounded_down_to_whole_requests() {
        let window = |allowance, seconds| Enforced::per_minute(allowance, seconds);
        assert_eq!(window(500.0, 1), Enforced::Window { length: SECOND, allowance: 8.0 });
        assert_eq!(window(6.0, 10), Enforced::Window { length: 10 * SECOND, allowance: 1.0 });
        // Two a minute are one in thirty seconds, not none in every second.
        assert_eq!(window(2.0, 1), Enforced::Window { length: 30 * SECOND, allowance: 1.0 });
    }

    #[test]
    fn a_window_forgets_at_its_end() {
        let mut limit = Limit::new(Counts::Requests, Enforced::per_minute(2.0, 60));
        for _ in 0..2 {
            assert_eq!(limit.room(5, &ask(1.0)), Ok(()));
            limit.take(&ask(1.0));
        }
        assert_eq!(limit.room(59 * SECOND, &ask(1.0)), Err(Refusal::Until(60 * SECOND)));
        assert_eq!(limit.room(60 * SECOND, &ask(1.0)), Ok(()));
        let mut tokens = Limit::new(Counts::Tokens, Enforced::per_minute(1_000.0, 60));
        assert_eq!(tokens.room(0, &ask(1_001.0)), Err(Refusal::Never));
    }

    #[test]
    fn refused_attempts_use_up_a_window_where_they_count() {
        let mut limit = Limit::new(Counts::Tokens, Enforced::per_minute(1_000.0, 60)).counting_refused(true);
        limit.take(&ask(900.0));
        assert_eq!(limit.room(0, &ask(200.0)), Err(Refusal::Until(60 * SECOND)));
        limit.refused(0, &ask(200.0));
        // 1,100 of 1,000 are used: now a request of 50 has no room either.
        assert!(limit.room(0, &ask(50.0)).is_err());
    }

    #[test]
    fn refused_attempts_empty_a_bucket_where_they_count() {
        for (counts, at) in [(true, SECOND), (false, SECOND / 2)] {
            let enforced = Enforced::TokenBucket { capacity: 1.0, rate: 1.0 / SECOND as f64 };
            let mut limit = Limit::new(Counts::Requests, enforced).counting_refused(counts);
            limit.take(&ask(1.0));
            assert_eq!(limit.room(SECOND / 2, &ask(1.0)), Err(Refusal::Until(SECOND)));
            limit.refused(SECOND / 2, &ask(1.0));
            // Half a request was there again: gone where refused ones count, and a whole one is a second away.
            assert_eq!(limit.room(SECOND / 2, &ask(1.0)), Err(Refusal::Until(SECOND / 2 + at)));
        }
    }

    #[test]
    fn a_token_bucket_holds_its_burst_and_fills_at_its_rate() {
        let enforced = Enforced::TokenBucket { capacity: 3.0, rate: 2.0 / SECOND as f64 };
        let mut limit = Limit::new(Counts::Requests, enforced);
        for _ in 0..3 {
            assert_eq!(limit.room(0, &ask(1.0)), Ok(()));
            limit.take(&ask(1.0));
        }
        assert_eq!(limit.room(0, &ask(1.0)), Err(Refusal::Until(SECOND / 2)));
        assert_eq!(limit.room(SECOND / 2, &ask(1.0)), Ok(()));
    }

    /// Microsoft's rule: admission adds prompt − cached + max_tokens (weighted), and the rest is given back at the end.
    #[test]
    fn units_admit_below_their_brim_and_give_back_what_was_not_used() {
        let unit = Enforced::LeakyBucket { capacity: 2_400.0, rate: 2_400.0 / (60.0 * SECOND as f64) };
        let counts = Counts::Weighted { output: 6.0, cached: 0.0 };
        let mut limit = Limit::new(counts, unit);
        let big = Ask {
            fits: true,
            input: 2_000.0,
            cached: 1_000.0,
            reserved: 400.0,
            output: 100.0,
            ..Ask::default()
        };
        assert_eq!(counts.cost(&big), 1_000.0 + 2_400.0);
        assert_eq!(limit.room(0, &big), Ok(()));
        limit.take(&big);
        // 3,400 in a bucket of 2,400: 1,000 have to drain, 25 seconds.
        let Err(Refusal::Until(time)) = limit.room(0, &big) else { panic!("a full bucket admits") };
        assert!(time.abs_diff(25 * SECOND) <= 1, "{time}");
        assert_eq!(limit.refund_of(&big), 1_800.0);
        limit.refund(0, 1_800.0);
        assert_eq!(limit.room(0, &big), Ok(()));
    }
}
