//! Sobol' indices by pick-and-freeze: what share of an answer's variance an input has.
//!
//! f is evaluated at N points A, at N independent points B, and for every input i at A with that input from B. With
//! V the variance of f, the first-order index is S_i = E[f_B (f_ABi − f_A)] / V (Saltelli et al., Comput. Phys.
//! Commun. 181, 2010) and the total one T_i = E[(f_A − f_ABi)²] / 2V (Jansen, Comput. Phys. Commun. 117, 1999). S_i is
//! what knowing the input would take off the variance, T_i what would be left of it if all others were known. For
//! f = X₁ + 2 X₂ of independent unit normals both are 1/5 and 4/5.

use super::distribution::mean_error;

/// An index and its Monte Carlo error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Index {
    /// Its value.
    pub value: f64,
    /// Its standard error.
    pub error: Option<f64>,
}

/// First-order and total index of an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Indices {
    /// The share of the variance that the input has alone.
    pub first: Index,
    /// The share that it has together with others.
    pub total: Index,
}

/// Parts of the points whose scatter tells the error.
const PARTS: usize = 8;

/// The indices of an input, from f at A, at B, and at A with the input from B. `None` where f does not vary.
pub fn indices(a: &[f64], b: &[f64], mixed: &[f64]) -> Option<Indices> {
    let of = |range: std::ops::Range<usize>| {
        let (a, b, mixed) = (&a[range.clone()], &b[range.clone()], &mixed[range]);
        let n = a.len() as f64;
        let mean = (a.iter().sum::<f64>() + b.iter().sum::<f64>()) / (2.0 * n);
        let square = |values: &[f64]| values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        let variance = (square(a) + square(b)) / (2.0 * n);
        let rows = || a.iter().zip(b).zip(mixed);
        // Taken about the mean: the estimator is the same, and scatters less.
        let first = rows().map(|((a, b), mixed)| (b - mean) * (mixed - a)).sum::<f64>() / n;
        let total = rows().map(|((a, _), mixed)| (a - mixed) * (a - mixed)).sum::<f64>() / (2.0 * n);
        (variance > 1e-20 * mean * mean).then(|| (first / variance, total / variance))
    };
    let (first, total) = of(0..a.len())?;
    let size = a.len() / PARTS;
    let parts: Option<Vec<(f64, f64)>> =
        if size > 1 { (0..PARTS).map(|part| of(part * size..(part + 1) * size)).collect() } else { None };
    let error = |read: fn(&(f64, f64)) -> f64| {
        parts.as_ref().and_then(|parts| mean_error(&parts.iter().map(read).collect::<Vec<_>>()))
    };
    Some(Indices {
        first: Index { value: first, error: error(|part| part.0) },
        total: Index { value: total, error: error(|part| part.1) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use std::f64::consts::PI;

    /// Ishigami and Homma's function with a = 7, b = 0.1 on (−π, π)³: S = (0.3139, 0.4424, 0), T = (0.5576, 0.4424,
    /// 0.2437), from V = a²/8 + bπ⁴/5 + b²π⁸/18 + ½.
    #[test]
    fn indices_of_the_ishigami_function_are_its_closed_forms() {
        let f = |x: &[f64; 3]| x[0].sin() + 7.0 * x[1].sin().powi(2) + 0.1 * x[2].powi(4) * x[0].sin();
        let mut random = rand::rngs::StdRng::seed_from_u64(2);
        let mut points = || -> Vec<[f64; 3]> {
            (0..65_536).map(|_| std::array::from_fn(|_| random.random_range(-PI..PI))).collect()
        };
        let (a, b) = (points(), points());
        let at = |points: &[[f64; 3]]| -> Vec<f64> { points.iter().map(f).collect() };
        let v = 49.0 / 8.0 + 0.1 * PI.powi(4) / 5.0 + 0.01 * PI.powi(8) / 18.0 + 0.5;
        let v1 = 0.5 * (1.0 + 0.1 * PI.powi(4) / 5.0).powi(2);
        let v13 = 0.01 * PI.powi(8) * (1.0 / 18.0 - 1.0 / 50.0);
        let first = [v1 / v, 49.0 / 8.0 / v, 0.0];
        let total = [(v1 + v13) / v, 49.0 / 8.0 / v, v13 / v];
        for input in 0..3 {
            let mixed: Vec<[f64; 3]> = a
                .iter()
                .zip(&b)
                .map(|(a, b)| {
                    let mut mixed = *a;
                    mixed[input] = b[input];
                    mixed
                })
                .collect();
            let found = indices(&at(&a), &at(&b), &at(&mixed)).unwrap();
            for (index, wanted) in [(found.first, first[input]), (found.total, total[input])] {
                let error = index.error.unwrap();
                // Errors from eight parts are themselves known to a quarter.
                assert!(
                    (index.value - wanted).abs() < 5.0 * error + 1e-12,
                    "{input}: {index:?} against {wanted}"
                );
                assert!(error < 0.02, "{input}: {index:?}");
            }
        }
        assert!((first[0] - 0.3139).abs() < 1e-4 && (total[2] - 0.2437).abs() < 1e-4);
    }

    #[test]
    fn what_does_not_vary_has_no_indices() {
        assert_eq!(indices(&[3.0; 64], &[3.0; 64], &[3.0; 64]), None);
    }
}
