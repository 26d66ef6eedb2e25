//! Owen-scrambled Sobol points: evenly spread points whose integration error falls much faster than that
//! of random ones (Owen 1997; hash-based scrambling after Laine and Karras 2011).

/// Direction data of Joe and Kuo (new-joe-kuo-6) for dimensions 2 to 6: degree, coefficients, first
/// direction integers. Dimension 1 is the van der Corput sequence.
const DIRECTIONS: [(u32, u32, &[u32]); 5] =
    [(1, 0, &[1]), (2, 1, &[1, 3]), (3, 1, &[1, 3, 1]), (3, 2, &[1, 1, 1]), (4, 1, &[1, 1, 3, 3])];

/// The first `count` points of the scrambled sequence in `N` dimensions (at most 6), each coordinate
/// strictly between 0 and 1. Different `scramble` give independent randomisations.
pub fn points<const N: usize>(count: u32, scramble: u32) -> Vec<[f64; N]> {
    assert!(N <= DIRECTIONS.len() + 1, "direction numbers are here for six dimensions");
    let matrices: Vec<[u32; 32]> = (0..N).map(matrix).collect();
    let seeds: Vec<u32> = (0..N as u32).map(|d| mix(scramble ^ mix(d + 1))).collect();
    (0..count)
        .map(|index| {
            std::array::from_fn(|d| {
                let bits = scrambled(sobol(&matrices[d], index), seeds[d]);
                (f64::from(bits) + 0.5) / 4_294_967_296.0
            })
        })
        .collect()
}

fn matrix(dimension: usize) -> [u32; 32] {
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

fn sobol(columns: &[u32; 32], index: u32) -> u32 {
    (0..32).filter(|k| index >> k & 1 == 1).fold(0, |point, k| point ^ columns[k])
}

/// Owen scrambling: a hash in which every bit depends only on higher ones, on reversed bits.
fn scrambled(bits: u32, seed: u32) -> u32 {
    let mut x = bits.reverse_bits();
    x = x.wrapping_add(seed);
    x ^= x.wrapping_mul(0x6c50_b47c);
    x ^= x.wrapping_mul(0xb82f_1e52);
    x ^= x.wrapping_mul(0xc7af_e638);
    x ^= x.wrapping_mul(0x8d22_f6e6);
    x.reverse_bits()
}

fn mix(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_elementary_interval_holds_one_point() {
        // The defining property of a scrambled net: 256 points put exactly one into each of 256 strips.
        for scramble in 0..8 {
            let points = points::<6>(256, scramble);
            for d in 0..6 {
                let mut strips: Vec<usize> = points.iter().map(|p| (p[d] * 256.0) as usize).collect();
                strips.sort_unstable();
                assert_eq!(strips, (0..256).collect::<Vec<_>>(), "dimension {d}");
            }
        }
    }

    #[test]
    fn pairs_of_dimensions_fill_the_square() {
        // Dimensions 1 and 2 form a (0, m, 2)-net in base 2: 16 × 16 boxes hold one of 256 points each.
        let points = points::<2>(256, 3);
        let mut boxes: Vec<usize> =
            points.iter().map(|p| (p[0] * 16.0) as usize * 16 + (p[1] * 16.0) as usize).collect();
        boxes.sort_unstable();
        assert_eq!(boxes, (0..256).collect::<Vec<_>>());
    }
}
