//! The standard normal distribution, portable to the last bit: built on the `libm` crate and not on the
//! platform's functions, which differ in the last bit in 7 to 10 % of arguments.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Φ(z), the probability that a standard normal variable is at most `z`.
///
/// Φ(1.6448536) = 0.95.
pub fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// Φ and φ by a table, for sums of very many of them.
pub struct Table {
    /// Φ and φ at the nodes.
    nodes: Vec<(f64, f64)>,
}

/// Nodes per unit of the score.
const PER_UNIT: f64 = 64.0;
/// Beyond ±9, Φ is 0 or 1 to 18 digits.
const TABLE_END: f64 = 9.0;

impl Table {
    /// The table.
    pub fn get() -> &'static Table {
        static TABLE: std::sync::OnceLock<Table> = std::sync::OnceLock::new();
        TABLE.get_or_init(|| {
            let count = (2.0 * TABLE_END * PER_UNIT) as usize;
            let node = |at: usize| {
                let z = at as f64 / PER_UNIT - TABLE_END;
                (cdf(z), density(z))
            };
            Table { nodes: (0..=count).map(node).collect() }
        })
    }

    /// Φ(z) and φ(z) to 10⁻¹⁰: Taylor's expansion from the nearest node, at most 1/128 away.
    pub fn at(&self, z: f64) -> (f64, f64) {
        if z <= -TABLE_END {
            return (0.0, 0.0);
        }
        if z >= TABLE_END {
            return (1.0, 0.0);
        }
        let at = ((z + TABLE_END) * PER_UNIT + 0.5) as usize;
        let (below, density) = self.nodes[at];
        let node = at as f64 / PER_UNIT - TABLE_END;
        let d = z - node;
        let second = node * node - 1.0;
        (
            below + density * d * (1.0 - d * (0.5 * node - d * (second / 6.0))),
            density * (1.0 - d * (node - d * (0.5 * second - d * node * (node * node - 3.0) / 6.0))),
        )
    }
}

/// φ(z), the density.
pub fn density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * PI)
}

/// Φ⁻¹(p), relative error about 10⁻¹⁶ (M. Wichura, AS 241, PPND16, 1988).
///
/// Φ⁻¹(0.95) = 1.6448536. 0 gives −∞ and 1 gives ∞.
pub fn quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE_TOP, &CENTRE_BOTTOM);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let z = upper_tail(tail);
    if q < 0.0 { -z } else { z }
}

/// The z that is exceeded with probability `tail` (at most 0.075).
fn upper_tail(tail: f64) -> f64 {
    let r = libm::sqrt(-libm::log(tail));
    if r <= 5.0 { ratio(r - 1.6, &MIDDLE_TOP, &MIDDLE_BOTTOM) } else { ratio(r - 5.0, &FAR_TOP, &FAR_BOTTOM) }
}

/// The quotient of two polynomials, coefficients by rising power, in pairs: sums that do not wait for each other.
fn ratio(x: f64, top: &[f64; 8], bottom: &[f64; 8]) -> f64 {
    let (square, fourth) = (x * x, (x * x) * (x * x));
    let value = |c: &[f64; 8]| {
        let pair = |at: usize| c[at] + c[at + 1] * x;
        (pair(0) + pair(2) * square) + (pair(4) + pair(6) * square) * fourth
    };
    value(top) / value(bottom)
}

// Coefficients as published in AS 241.
const CENTRE_TOP: [f64; 8] = [
    3.387_132_872_796_366_6,
    1.331_416_678_917_843_8e2,
    1.971_590_950_306_551_4e3,
    1.373_169_376_550_946e4,
    4.592_195_393_154_987e4,
    6.726_577_092_700_87e4,
    3.343_057_558_358_813e4,
    2.509_080_928_730_122_7e3,
];
const CENTRE_BOTTOM: [f64; 8] = [
    1.0,
    4.231_333_070_160_091e1,
    6.871_870_074_920_579e2,
    5.394_196_021_424_751e3,
    2.121_379_430_158_659_6e4,
    3.930_789_580_009_271e4,
    2.872_908_573_572_194_3e4,
    5.226_495_278_852_854e3,
];
const MIDDLE_TOP: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    2.417_807_251_774_506e-1,
    2.272_384_498_926_918_4e-2,
    7.745_450_142_783_414e-4,
];
const MIDDLE_BOTTOM: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    6.897_673_349_851e-1,
    1.481_039_764_274_800_8e-1,
    1.519_866_656_361_645_7e-2,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_TOP: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    2.965_605_718_285_048_7e-1,
    2.653_218_952_657_612_4e-2,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_BOTTOM: [f64; 8] = [
    1.0,
    5.998_322_065_558_88e-1,
    1.369_298_809_227_358e-1,
    1.487_536_129_085_061_5e-2,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, Normal};

    #[test]
    fn the_table_has_ten_digits() {
        let table = Table::get();
        for step in -10_000..10_000 {
            let z = f64::from(step) * 0.001_01;
            let (below, slope) = table.at(z);
            assert!((below - cdf(z)).abs() < 2e-10 && (slope - density(z)).abs() < 2e-10, "{z}");
        }
    }

    #[test]
    fn cdf_and_quantile_agree_with_an_independent_library() {
        let reference = Normal::new(0.0, 1.0).unwrap();
        for step in 1..2000 {
            let p = f64::from(step) / 2000.0;
            assert!((quantile(p) - reference.inverse_cdf(p)).abs() < 1e-9, "{p}");
            assert!((cdf(quantile(p)) - p).abs() < 1e-14, "{p}");
        }
    }

    #[test]
    fn tails_invert() {
        for exponent in 2..300 {
            let p = libm::pow(10.0, -f64::from(exponent));
            let back = cdf(quantile(p));
            assert!((back / p - 1.0).abs() < 1e-10, "{p} {back}");
        }
        assert!(quantile(0.0).is_infinite() && quantile(1.0).is_infinite());
    }
}
