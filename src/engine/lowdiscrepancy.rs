//! Owen-scrambled Sobol points: evenly spread points whose integration error falls much faster than that
//! of random ones (Owen 1997; hash-based scrambling after Laine and Karras 2011, so that any of 2³² points
//! is found by its index alone).

use super::stream::mix;

/// Direction data of Joe and Kuo (new-joe-kuo-6, SIAM J. Sci. Comput. 30, 2008) for dimensions 2 to 64:
/// degree, coefficients, first direction integers. Dimension 1 is the van der Corput sequence.
#[rustfmt::skip]
const DIRECTIONS: [(u32, u32, &[u32]); DIMENSIONS - 1] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
    (5, 4, &[1, 1, 5, 5, 5]),
    (5, 7, &[1, 1, 7, 11, 19]),
    (5, 11, &[1, 1, 5, 1, 1]),
    (5, 13, &[1, 1, 1, 3, 11]),
    (5, 14, &[1, 3, 5, 5, 31]),
    (6, 1, &[1, 3, 3, 9, 7, 49]),
    (6, 13, &[1, 1, 1, 15, 21, 21]),
    (6, 16, &[1, 3, 1, 13, 27, 49]),
    (6, 19, &[1, 1, 1, 15, 7, 5]),
    (6, 22, &[1, 3, 1, 15, 13, 25]),
    (6, 25, &[1, 1, 5, 5, 19, 61]),
    (7, 1, &[1, 3, 7, 11, 23, 15, 103]),
    (7, 4, &[1, 3, 7, 13, 13, 15, 69]),
    (7, 7, &[1, 1, 3, 13, 7, 35, 63]),
    (7, 8, &[1, 3, 5, 9, 1, 25, 53]),
    (7, 14, &[1, 3, 1, 13, 9, 35, 107]),
    (7, 19, &[1, 3, 1, 5, 27, 61, 31]),
    (7, 21, &[1, 1, 5, 11, 19, 41, 61]),
    (7, 28, &[1, 3, 5, 3, 3, 13, 69]),
    (7, 31, &[1, 1, 7, 13, 1, 19, 1]),
    (7, 32, &[1, 3, 7, 5, 13, 19, 59]),
    (7, 37, &[1, 1, 3, 9, 25, 29, 41]),
    (7, 41, &[1, 3, 5, 13, 23, 1, 55]),
    (7, 42, &[1, 3, 7, 3, 13, 59, 17]),
    (7, 50, &[1, 3, 1, 3, 5, 53, 69]),
    (7, 55, &[1, 1, 5, 5, 23, 33, 13]),
    (7, 56, &[1, 1, 7, 7, 1, 61, 123]),
    (7, 59, &[1, 1, 7, 9, 13, 61, 49]),
    (7, 62, &[1, 3, 3, 5, 3, 55, 33]),
    (8, 14, &[1, 3, 1, 15, 31, 13, 49, 245]),
    (8, 21, &[1, 3, 5, 15, 31, 59, 63, 97]),
    (8, 22, &[1, 3, 1, 11, 11, 11, 77, 249]),
    (8, 38, &[1, 3, 1, 11, 27, 43, 71, 9]),
    (8, 47, &[1, 1, 7, 15, 21, 11, 81, 45]),
    (8, 49, &[1, 3, 7, 3, 25, 31, 65, 79]),
    (8, 50, &[1, 3, 1, 1, 19, 11, 3, 205]),
    (8, 52, &[1, 1, 5, 9, 19, 21, 29, 157]),
    (8, 56, &[1, 3, 7, 11, 1, 33, 89, 185]),
    (8, 67, &[1, 3, 3, 3, 15, 9, 79, 71]),
    (8, 70, &[1, 3, 7, 11, 15, 39, 119, 27]),
    (8, 84, &[1, 1, 3, 1, 11, 31, 97, 225]),
    (8, 97, &[1, 1, 1, 3, 23, 43, 57, 177]),
    (8, 103, &[1, 3, 7, 7, 17, 17, 37, 71]),
    (8, 115, &[1, 3, 1, 5, 27, 63, 123, 213]),
    (8, 122, &[1, 1, 3, 5, 11, 43, 53, 133]),
    (9, 8, &[1, 3, 5, 5, 29, 17, 47, 173, 479]),
    (9, 13, &[1, 3, 3, 11, 3, 1, 109, 9, 69]),
    (9, 16, &[1, 1, 1, 5, 17, 39, 23, 5, 343]),
    (9, 22, &[1, 3, 1, 5, 25, 15, 31, 103, 499]),
    (9, 25, &[1, 1, 1, 11, 11, 17, 63, 105, 183]),
    (9, 44, &[1, 1, 5, 11, 9, 29, 97, 231, 363]),
    (9, 47, &[1, 1, 5, 15, 19, 45, 41, 7, 383]),
    (9, 52, &[1, 3, 7, 7, 31, 19, 83, 137, 221]),
    (9, 55, &[1, 1, 1, 3, 23, 15, 111, 223, 83]),
    (9, 59, &[1, 1, 5, 13, 31, 15, 55, 25, 161]),
    (9, 62, &[1, 1, 3, 13, 25, 47, 39, 87, 257]),
];

/// How many dimensions there are.
pub const DIMENSIONS: usize = 64;

/// The Sobol sequence in its first dimensions.
pub struct Sobol {
    columns: Vec<[u32; 32]>,
}

impl Sobol {
    /// The first `dimensions` dimensions, at most [`DIMENSIONS`].
    pub fn new(dimensions: usize) -> Self {
        Sobol { columns: (0..dimensions.min(DIMENSIONS)).map(columns).collect() }
    }

    /// Coordinate number `dimension` of point number `index`, strictly between 0 and 1. Different `scramble`
    /// give independent randomisations; each dimension needs its own.
    pub fn coordinate(&self, dimension: usize, index: u32, scramble: u32) -> f64 {
        let columns = &self.columns[dimension];
        let (mut bits, mut rest) = (0, index);
        while rest != 0 {
            bits ^= columns[rest.trailing_zeros() as usize];
            rest &= rest - 1;
        }
        (f64::from(scrambled(bits, scramble)) + 0.5) / 4_294_967_296.0
    }
}

fn columns(dimension: usize) -> [u32; 32] {
    let mut columns = [0_u32; 32];
    if dimension == 0 {
        return std::array::from_fn(|k| 1 << (31 - k));
    }
    let (degree, coefficients, first) = DIRECTIONS[dimension - 1];
    let degree = degree as usize;
    for k in 0..32 {
        columns[k] = if k < degree {
            first[k] << (31 - k)
        } else {
            let mut value = columns[k - degree] ^ (columns[k - degree] >> degree);
            for j in 1..degree {
                if (coefficients >> (degree - 1 - j)) & 1 == 1 {
                    value ^= columns[k - j];
                }
            }
            value
        };
    }
    columns
}

/// Owen scrambling: a hash in which every bit depends only on higher ones, on reversed bits.
fn scrambled(bits: u32, seed: u32) -> u32 {
    let seed = mix(seed);
    let mut x = bits.reverse_bits();
    x = x.wrapping_add(seed);
    x ^= x.wrapping_mul(0x6c50_b47c);
    x ^= x.wrapping_mul(0xb82f_1e52);
    x ^= x.wrapping_mul(0xc7af_e638);
    x ^= x.wrapping_mul(0x8d22_f6e6);
    x.reverse_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(count: u32, scramble: u32) -> Vec<Vec<f64>> {
        let sobol = Sobol::new(DIMENSIONS);
        let one = |index| {
            (0..DIMENSIONS).map(|d| sobol.coordinate(d, index, mix(scramble ^ mix(d as u32 + 1)))).collect()
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn every_strip_holds_one_point_in_every_dimension() {
        // The defining property of a scrambled net: 256 points put exactly one into each of 256 strips.
        for scramble in 0..4 {
            let points = points(256, scramble);
            for d in 0..DIMENSIONS {
                let mut strips: Vec<usize> = points.iter().map(|p| (p[d] * 256.0) as usize).collect();
                strips.sort_unstable();
                assert_eq!(strips, (0..256).collect::<Vec<_>>(), "dimension {d}");
            }
        }
    }

    #[test]
    fn the_first_two_dimensions_fill_the_square() {
        // Dimensions 1 and 2 form a (0, m, 2)-net in base 2: 16 × 16 boxes hold one of 256 points each.
        let points = points(256, 3);
        let mut boxes: Vec<usize> =
            points.iter().map(|p| (p[0] * 16.0) as usize * 16 + (p[1] * 16.0) as usize).collect();
        boxes.sort_unstable();
        assert_eq!(boxes, (0..256).collect::<Vec<_>>());
    }

    #[test]
    fn no_two_dimensions_are_alike() {
        // Correlation of 4,096 independent pairs would scatter by 1/64; a net's is smaller still. 5/64 is
        // passed only by dimensions that repeat each other.
        let points = points(4096, 1);
        for a in 0..DIMENSIONS {
            for b in 0..a {
                let sum: f64 = points.iter().map(|p| (p[a] - 0.5) * (p[b] - 0.5)).sum();
                assert!((12.0 * sum / 4096.0).abs() < 5.0 / 64.0, "dimensions {a} and {b}");
            }
        }
    }

    #[test]
    fn points_beyond_65536_go_on_filling() {
        let sobol = Sobol::new(3);
        let mut strips: Vec<usize> =
            (65_536..131_072).map(|index| (sobol.coordinate(2, index, 7) * 65_536.0) as usize).collect();
        strips.sort_unstable();
        strips.dedup();
        assert_eq!(strips.len(), 65_536);
    }
}
