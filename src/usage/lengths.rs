//! Laws of token lengths from a log: a histogram as it streams by, and the mixture of lognormals that fits it.

use crate::domain::normal;
use crate::workload::Component;

/// Bins of an octave: lengths are known to about 0.5 %.
const PER_OCTAVE: f64 = 128.0;
/// Bins in all, up to 2³² tokens; the first is for a length of 0.
const BINS: usize = 1 + 32 * 128;
/// Numbers of components that are tried; the first that is close enough is taken.
const TRIED: [usize; 6] = [1, 2, 3, 5, 8, 12];
/// A mixture is close enough if its distribution function differs by no more than this anywhere.
const CLOSE: f64 = 0.02;
/// Three components that differ by no more than this are kept too: more would not be read by anybody.
const READABLE: f64 = 0.03;
/// Shares of the longest lengths at which the law is held against the data, by its relative error there.
const TAILS: [f64; 6] = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005];
/// A tail is close enough if its share is right to this.
const CLOSE_TAIL: f64 = 0.05;
/// Tails with fewer lengths than this scatter by more than that themselves.
const LEAST_IN_TAIL: u64 = 400;
/// Lengths are cut if this share of them is the longest, and more than in a quarter of an octave below.
const CUT_SHARE: f64 = 0.005;
const CUT_BESIDE: usize = 32;
/// The narrowest component: lengths are grouped into bins of about this width.
const NARROWEST: f64 = 0.01;
/// Steps of the expectation-maximisation algorithm.
const STEPS: usize = 200;

/// Counts of lengths.
#[derive(Clone, Debug)]
pub struct Lengths {
    counts: Vec<u64>,
    /// Of the lengths of every bin.
    sums: Vec<f64>,
    total: u64,
    sum: f64,
    longest: u64,
}

impl Default for Lengths {
    fn default() -> Self {
        Lengths { counts: vec![0; BINS], sums: vec![0.0; BINS], total: 0, sum: 0.0, longest: 0 }
    }
}

/// A fitted law and how well it fits.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The mixture, with the mean of the data.
    pub components: Vec<Component>,
    /// The largest distance of its distribution function from that of the data (Kolmogorov-Smirnov).
    pub distance: f64,
    /// The mean of the data, tokens.
    pub mean: f64,
}

impl Fitted {
    /// The share of the law up to each of some lengths, in tokens.
    pub fn shares(&self, lengths: impl Iterator<Item = f64>) -> Vec<(f64, f64)> {
        lengths.map(|tokens| (tokens, below_of(&self.components, libm::log(tokens.max(0.5))))).collect()
    }
}

/// The bin of a length.
fn bin_of(tokens: u64) -> usize {
    if tokens == 0 {
        return 0;
    }
    let at = 1 + (libm::log2(tokens as f64) * PER_OCTAVE + 0.5) as usize;
    at.min(BINS - 1)
}

/// The logarithm of the length that stands for a bin.
fn centre_of(bin: usize) -> f64 {
    (bin as f64 - 1.0) / PER_OCTAVE * std::f64::consts::LN_2
}

impl Lengths {
    /// Counts a length.
    pub fn add(&mut self, tokens: u64) {
        self.add_many(tokens, 1);
    }

    /// Counts lengths of `tokens` in all, each taken as their mean.
    pub fn add_many(&mut self, tokens: u64, times: u64) {
        let mean = (tokens + times / 2).checked_div(times).unwrap_or(0);
        self.counts[bin_of(mean)] += times;
        self.sums[bin_of(mean)] += tokens as f64;
        self.total += times;
        self.sum += tokens as f64;
        self.longest = self.longest.max(mean);
    }

    /// The longest length, if so many are about as long that all seem to be cut there.
    pub fn cut_at(&self) -> Option<u64> {
        let last = bin_of(self.longest);
        let near: u64 = self.counts[last.saturating_sub(1)..=last].iter().sum();
        let below: u64 = self.counts[last.saturating_sub(CUT_BESIDE)..last.saturating_sub(1)].iter().sum();
        let alike = self.total > 0 && near as f64 >= CUT_SHARE * self.total as f64;
        (alike && near > below && near < self.total).then_some(self.longest)
    }

    /// How many lengths.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Their mean, tokens; 0 of none.
    pub fn mean(&self) -> f64 {
        if self.total == 0 { 0.0 } else { self.sum / self.total as f64 }
    }

    /// Shares of lengths up to some: pairs of tokens and share, for charts.
    pub fn shares(&self) -> Vec<(f64, f64)> {
        let mut below = 0;
        let bins = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        bins.map(|(bin, count)| {
            below += count;
            (if bin == 0 { 0.0 } else { libm::exp(centre_of(bin)) }, below as f64 / self.total as f64)
        })
        .collect()
    }

    /// The sum of a weight of every bin over all lengths.
    pub fn weighted(&self, weights: &[f64]) -> f64 {
        self.counts.iter().zip(weights).map(|(count, weight)| *count as f64 * weight).sum()
    }

    /// The middle rank of every bin.
    pub fn ranks(&self) -> Vec<f64> {
        let total = self.total.max(1) as f64;
        let mut below = 0.0;
        let rank = |count: &u64| {
            let middle = (below + 0.5 * *count as f64) / total;
            below += *count as f64;
            middle.clamp(1e-9, 1.0 - 1e-9)
        };
        self.counts.iter().map(rank).collect()
    }

    /// The mixture with the fewest components that is close enough; `None` without any length.
    pub fn fit(&self) -> Option<Fitted> {
        if self.total == 0 || self.sum <= 0.0 {
            return None;
        }
        let data = self.grouped();
        let zero = self.counts[0] as f64 / self.total as f64;
        let mut best: Option<(Fitted, f64)> = None;
        for count in TRIED {
            let components = self.with_zero(mixture(&data, count), zero);
            let distance = self.distance(&components);
            let close = if count == 3 { READABLE } else { CLOSE };
            // 1 is just good enough.
            let score = (distance / close).max(self.tail_error(&components) / CLOSE_TAIL);
            if best.as_ref().is_none_or(|(_, best)| score < *best) {
                best = Some((Fitted { components, distance, mean: self.mean() }, score));
            }
            if best.as_ref().is_some_and(|(_, best)| *best <= 1.0) {
                break;
            }
        }
        best.map(|(fitted, _)| fitted)
    }

    /// The largest relative error of the share of lengths beyond one that few are: what long prompts cost depends
    /// on that, and a distance of distribution functions hardly sees it.
    fn tail_error(&self, components: &[Component]) -> f64 {
        let mut above = self.total;
        let mut wanted = TAILS.iter().peekable();
        let mut most: f64 = 0.0;
        for (bin, count) in self.counts.iter().enumerate() {
            above -= count;
            let Some(tail) = wanted.peek() else { break };
            if (above as f64) > **tail * self.total as f64 {
                continue;
            }
            wanted.next();
            if above < LEAST_IN_TAIL {
                break;
            }
            let edge = centre_of(bin) + 0.5 / PER_OCTAVE * std::f64::consts::LN_2;
            let law = 1.0 - below_of(components, edge);
            most = most.max((law * self.total as f64 / above as f64 - 1.0).abs());
        }
        most
    }

    /// Logarithms and weights of the lengths above 0.
    fn grouped(&self) -> Vec<(f64, f64)> {
        let bins = self.counts.iter().enumerate().skip(1).filter(|(_, count)| **count > 0);
        bins.map(|(bin, count)| (centre_of(bin), *count as f64)).collect()
    }

    /// The mixture with a component for lengths of 0, and the mean of the data. Lengths that all requests of a
    /// component share become a constant.
    fn with_zero(&self, mut components: Vec<Component>, zero: f64) -> Vec<Component> {
        for component in &mut components {
            component.weight *= 1.0 - zero;
            if component.sigma <= NARROWEST {
                let bin = bin_of(libm::exp(component.ln_median).round() as u64);
                // The exact length, where all of the bin are alike.
                if self.counts[bin] > 0 {
                    component.ln_median = libm::log(self.sums[bin] / self.counts[bin] as f64);
                }
                component.sigma = 0.0;
            }
        }
        let part = |constant: bool| -> f64 {
            components.iter().filter(|c| (c.sigma == 0.0) == constant).map(mean_of).sum()
        };
        let (constants, rest) = (part(true), part(false));
        // Constants stay where they are, unless there is nothing else.
        let factor = (self.mean() - constants) / rest;
        let only_rest = (0.5..2.0).contains(&factor);
        let shift = libm::log(if only_rest { factor } else { self.mean() / (constants + rest) });
        let moved = components.iter_mut().filter(|c| !only_rest || c.sigma > 0.0);
        moved.for_each(|component| component.ln_median += shift);
        if zero > 0.0 {
            components.push(Component { weight: zero, ln_median: f64::NEG_INFINITY, sigma: 0.0 });
        }
        components
    }

    /// The largest distance of two distribution functions, at the edges of bins.
    fn distance(&self, components: &[Component]) -> f64 {
        let mut below = 0.0;
        let mut most: f64 = 0.0;
        for (bin, count) in self.counts.iter().enumerate() {
            below += *count as f64 / self.total as f64;
            if *count > 0 || bin % 16 == 0 {
                let edge =
                    if bin == 0 { -1.0 } else { centre_of(bin) + 0.5 / PER_OCTAVE * std::f64::consts::LN_2 };
                most = most.max((below - below_of(components, edge)).abs());
            }
        }
        most
    }
}

/// A component's share of the mean.
fn mean_of(component: &Component) -> f64 {
    component.weight * libm::exp(component.ln_median + 0.5 * component.sigma * component.sigma)
}

/// The share of a mixture below a logarithm.
fn below_of(components: &[Component], log: f64) -> f64 {
    let below = |c: &Component| {
        if c.sigma == 0.0 {
            f64::from(u8::from(c.ln_median <= log))
        } else {
            normal::cdf((log - c.ln_median) / c.sigma)
        }
    };
    components.iter().map(|c| c.weight * below(c)).sum()
}

/// The most likely mixture of so many lognormals, by expectation maximisation from equal parts of the data.
fn mixture(data: &[(f64, f64)], count: usize) -> Vec<Component> {
    let total: f64 = data.iter().map(|(_, weight)| weight).sum();
    let mut parts = equal_parts(data, total, count);
    let mut responsibility = vec![0.0; parts.len()];
    for _ in 0..STEPS {
        let mut sums = vec![(0.0, 0.0, 0.0); parts.len()];
        for &(log, weight) in data {
            let density = |c: &Component| {
                let z = (log - c.ln_median) / c.sigma;
                c.weight / c.sigma * libm::exp(-0.5 * z * z)
            };
            responsibility.iter_mut().zip(&parts).for_each(|(share, part)| *share = density(part));
            let whole: f64 = responsibility.iter().sum();
            if whole <= 0.0 {
                continue;
            }
            for (sum, share) in sums.iter_mut().zip(&responsibility) {
                let share = weight * share / whole;
                *sum = (sum.0 + share, sum.1 + share * log, sum.2 + share * log * log);
            }
        }
        for (part, (weight, first, second)) in parts.iter_mut().zip(sums) {
            if weight < 1e-6 * total {
                part.weight = 0.0;
                continue;
            }
            let mean = first / weight;
            let variance = (second / weight - mean * mean).max(NARROWEST * NARROWEST);
            *part = Component { weight: weight / total, ln_median: mean, sigma: libm::sqrt(variance) };
        }
    }
    parts.retain(|part| part.weight > 0.0);
    let whole: f64 = parts.iter().map(|part| part.weight).sum();
    parts.iter_mut().for_each(|part| part.weight /= whole);
    parts
}

/// The data cut into parts of equal weight, each with its own mean and spread.
fn equal_parts(data: &[(f64, f64)], total: f64, count: usize) -> Vec<Component> {
    let mut sums = vec![(0.0, 0.0, 0.0); count];
    let mut below = 0.0;
    for &(log, weight) in data {
        let at = (((below + 0.5 * weight) / total * count as f64) as usize).min(count - 1);
        let sum = &mut sums[at];
        *sum = (sum.0 + weight, sum.1 + weight * log, sum.2 + weight * log * log);
        below += weight;
    }
    let part = |(weight, first, second): (f64, f64, f64)| {
        let mean = first / weight;
        // Wider than the part alone, so that neighbours overlap.
        let variance = 2.0 * (second / weight - mean * mean).max(0.0) + 0.01;
        Component { weight: weight / total, ln_median: mean, sigma: libm::sqrt(variance) }
    };
    sums.into_iter().filter(|(weight, ..)| *weight > 0.0).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Purpose, Stream};

    fn drawn(components: &[(f64, f64, f64)], count: usize) -> Lengths {
        let mut stream = Stream::new(5, 0, Purpose::named("lengths"));
        let mut lengths = Lengths::default();
        for _ in 0..count {
            let mut u = stream.uniform();
            let part = components.iter().find(|(weight, ..)| {
                u -= weight;
                u < 0.0
            });
            let (_, median, sigma) = *part.unwrap_or(&components[0]);
            lengths.add((median * libm::exp(sigma * stream.normal())).round() as u64);
        }
        lengths
    }

    #[test]
    fn a_lognormal_is_found_again() {
        let fitted = drawn(&[(1.0, 5000.0, 0.9)], 20_000).fit().unwrap();
        assert_eq!(fitted.components.len(), 1);
        let c = fitted.components[0];
        // Four standard errors: 0.9/√20,000 and 0.9/√40,000.
        assert!((c.ln_median.exp() / 5000.0 - 1.0).abs() < 0.03, "{c:?}");
        assert!((c.sigma - 0.9).abs() < 0.02, "{c:?}");
        assert!(fitted.distance < 0.012);
    }

    #[test]
    fn two_kinds_of_requests_take_two_components_and_keep_the_mean() {
        let lengths = drawn(&[(0.7, 300.0, 0.4), (0.3, 20_000.0, 0.6)], 20_000);
        let fitted = lengths.fit().unwrap();
        assert!((2..=3).contains(&fitted.components.len()) && fitted.distance <= 0.03, "{fitted:?}");
        let mean: f64 = fitted.components.iter().map(mean_of).sum();
        assert!((mean / lengths.mean() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn lengths_of_zero_and_constants_are_kept() {
        let mut lengths = Lengths::default();
        lengths.add_many(0, 30);
        lengths.add_many(70_000, 70);
        let fitted = lengths.fit().unwrap();
        assert_eq!((lengths.mean(), fitted.components.len()), (700.0, 2));
        assert!(fitted.distance < 0.01, "{fitted:?}");
        assert!(Lengths::default().fit().is_none());
    }

    #[test]
    fn a_cut_is_seen_where_lengths_pile_up() {
        let mut lengths = drawn(&[(1.0, 90_000.0, 0.8)], 6_000);
        assert_eq!(lengths.cut_at(), None);
        let mut cut = Lengths::default();
        for (bin, count) in lengths.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let tokens = libm::exp(centre_of(bin)).round().min(272_000.0) as u64;
            cut.add_many(tokens * count, *count);
        }
        assert_eq!(cut.cut_at(), Some(272_000));
        lengths = Lengths::default();
        lengths.add_many(70_000, 70);
        assert_eq!(lengths.cut_at(), None, "a constant is no cut");
    }

    #[test]
    fn laws_of_no_family_are_followed_by_many_components() {
        // Uniform in the logarithm with a gap: no lognormal at all.
        let mut lengths = Lengths::default();
        for i in 0..30_000_u32 {
            let u = f64::from(i) / 30_000.0;
            let log = if u < 0.5 { 2.0 + 4.0 * u } else { 7.0 + 3.0 * u };
            lengths.add(libm::exp(log).round() as u64);
        }
        let fitted = lengths.fit().unwrap();
        assert!(fitted.distance < 0.05, "{}", fitted.distance);
    }
}
