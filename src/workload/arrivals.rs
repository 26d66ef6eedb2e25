//! How requests fall on the clock: evenly by chance, in bursts, or from clients with gaps of their own. None of it
//! changes how many come in a day.

use super::length::Shape;

/// The arrivals of a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// How requests, or the sessions that they come in, follow each other.
    pub pattern: Pattern,
    /// Seconds from one request of a session to the next; absent where sessions are none of the arrivals' business.
    pub turn_gap_s: Option<Shape>,
}

/// How arrivals follow each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// By chance, around what every [`Scale`] gives its parts.
    Bursts([Burst; Scale::ALL.len()]),
    /// A number of clients, each with independent gaps.
    Clients {
        /// How many, equally busy.
        count: u32,
        /// The law of their gaps.
        law: GapLaw,
        /// The coefficient of variation of a gap; 1 is a Poisson process.
        cv: f64,
    },
}

impl Pattern {
    /// A Poisson process that follows the hours.
    pub const POISSON: Pattern = Pattern::Bursts([Burst::NONE; Scale::ALL.len()]);
}

/// The law of the gaps between a client's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapLaw {
    /// Gamma.
    Gamma,
    /// Weibull: longer tails at the same coefficient of variation.
    Weibull,
}

impl GapLaw {
    /// All of them with their names in files.
    pub const ALL: [(&'static str, GapLaw); 2] = [("gamma", GapLaw::Gamma), ("weibull", GapLaw::Weibull)];
}

/// A stretch of time that is a part of the next longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// An hour of its day.
    Hour,
    /// Ten minutes of their hour.
    TenMinutes,
    /// A minute of its ten.
    Minute,
    /// Ten seconds of their minute.
    TenSeconds,
    /// A second of its ten.
    Second,
}

impl Scale {
    /// All of them with their names in files, the longest first.
    pub const ALL: [(&'static str, Scale); 5] = [
        ("hour", Scale::Hour),
        ("ten_minutes", Scale::TenMinutes),
        ("minute", Scale::Minute),
        ("ten_seconds", Scale::TenSeconds),
        ("second", Scale::Second),
    ];

    /// Into how many of it the next longer stretch is cut.
    pub const fn parts(self) -> usize {
        match self {
            Scale::Hour => 24,
            Scale::TenMinutes | Scale::TenSeconds => 6,
            Scale::Minute | Scale::Second => 10,
        }
    }

    /// Its length.
    pub const fn seconds(self) -> u64 {
        match self {
            Scale::Hour => 3_600,
            Scale::TenMinutes => 600,
            Scale::Minute => 60,
            Scale::TenSeconds => 10,
            Scale::Second => 1,
        }
    }

    /// The largest coefficient of variation that a part of a fixed whole can have: all in one part.
    pub fn most_cv(self) -> f64 {
        (self.parts() as f64 - 1.0).sqrt()
    }
}

/// How unevenly a stretch's requests fall on its parts: some parts are quiet, and the others' shares scatter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// The probability that a part is quiet: nothing comes. One part never is.
    pub quiet: f64,
    /// The coefficient of variation of a part's share where none is quiet, beyond chance.
    pub cv: f64,
}

impl Burst {
    /// Evenly: by chance alone.
    pub const NONE: Burst = Burst { quiet: 0.0, cv: 0.0 };

    /// α of the symmetric Dirichlet law of `parts` shares: their coefficient of variation is √((k−1)/(kα+1)).
    /// Infinite where they are equal. Ten parts with a coefficient of 1 have α = 0.8.
    pub fn evenness(&self, parts: usize) -> f64 {
        let parts = parts as f64;
        if self.cv <= 0.0 {
            return f64::INFINITY;
        }
        ((parts - 1.0) / (self.cv * self.cv) - 1.0) / parts
    }

    /// The burst whose shares have Dirichlet parameter `evenness`.
    pub fn of_evenness(quiet: f64, evenness: f64, parts: usize) -> Burst {
        let parts = parts as f64;
        Burst { quiet, cv: ((parts - 1.0) / (parts * evenness + 1.0)).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evenness_and_variation_say_the_same() {
        let burst = Burst { quiet: 0.1, cv: 1.0 };
        assert!((burst.evenness(10) - 0.8).abs() < 1e-12);
        let again = Burst::of_evenness(0.1, 0.8, 10);
        assert!((again.cv - 1.0).abs() < 1e-12);
        assert_eq!(Burst::NONE.evenness(6), f64::INFINITY);
        // All in one part: a share of 10 or 0, mean 1, has variance 9.
        assert!((Scale::Second.most_cv() - 3.0).abs() < 1e-12);
    }
}
