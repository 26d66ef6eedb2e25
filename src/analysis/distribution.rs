//! The law of an amount over the trials: the sample itself, or, where volume scatters by a known law, the
//! sample with volume integrated out.
//!
//! Given everything else, a month's spend is volume · A with lognormal volume, so its distribution function is
//! the mean of Φ((ln q − ln A_i)/σ) over the trials. That leaves only what is not known in closed form to
//! sampling, and an error ten to a hundred times smaller.

use super::mixture::Mixture;
use super::summary::{Figures, Summary, sorted};
use crate::engine::Sampler;

/// Parts of the trials, one after the other, whose scatter tells the error of Sobol points. Each is a scrambled
/// net; the whole is a better one, so the error of the whole is overstated, by about half (METHOD.md).
pub const PARTS: usize = 4;

/// An amount over the trials.
#[derive(Clone, Debug)]
pub enum Distribution {
    /// One value per trial.
    Sample(Sample),
    /// A mixture of lognormals.
    Mixture(Mixture),
}

/// Values of trials.
#[derive(Clone, Debug)]
pub struct Sample {
    sampler: Sampler,
    values: Vec<f64>,
    sorted: Vec<f64>,
    /// What is expected of the value in each trial: means are taken of these, which scatter less.
    expected: Vec<f64>,
}

impl Distribution {
    /// The law of values with their expectations given the trial.
    pub fn of_sample(sampler: Sampler, values: Vec<f64>, expected: Vec<f64>) -> Self {
        let sorted = sorted(&values);
        Distribution::Sample(Sample { sampler, values, sorted, expected })
    }

    /// Its figures with their errors.
    pub fn summary(&self) -> Summary {
        match self {
            Distribution::Mixture(mixture) => mixture.summary(),
            Distribution::Sample(sample) => sample.summary(),
        }
    }

    /// The chance of more than `limit`.
    pub fn exceeds(&self, limit: f64) -> f64 {
        match self {
            Distribution::Mixture(mixture) => mixture.exceeds(limit),
            Distribution::Sample(Sample { sorted, .. }) => {
                (sorted.len() - sorted.partition_point(|value| *value <= limit)) as f64 / sorted.len() as f64
            }
        }
    }

    /// `count` or more values in order that stand for it, alike likely.
    pub fn sorted(&self, count: usize) -> Vec<f64> {
        match self {
            Distribution::Mixture(mixture) => mixture.quantiles(count),
            Distribution::Sample(sample) => sample.sorted.clone(),
        }
    }
}

impl Sample {
    fn summary(&self) -> Summary {
        let plain = Summary::of_sorted(&self.values, &self.sorted);
        let n = self.expected.len() as f64;
        let mean = self.expected.iter().sum::<f64>() / n;
        if self.sampler == Sampler::Random {
            let errors = Figures { mean: mean_error(&self.expected), ..plain.standard_error };
            return Summary { mean, standard_error: errors, ..plain };
        }
        let size = self.values.len().div_ceil(PARTS);
        let parts: Vec<Summary> =
            self.values.chunks(size).filter(|part| part.len() > 1).map(Summary::of).collect();
        let mean_of = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let means: Vec<f64> = self.expected.chunks(size).map(mean_of).collect();
        plain.with_errors(mean, mean_error(&means), &parts, size)
    }
}

/// The standard error of the mean of independent values.
pub fn mean_error(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt())
}
