//! Random numbers by address: Philox4x32-10 (Salmon et al., SC 2011), a keyed bijection of a counter.
//!
//! A number is addressed by (seed, trial, purpose, draw). Adding an assumption, a workload or a month
//! shifts no other number, and threads need no order. Assumptions, volume paths and the number of requests
//! are therefore the same in every what-if. The noise of single requests is the same as long as the routes'
//! thresholds, windows and caches are; a new one cuts the month into other segments.

use crate::domain::normal;

/// What a stream of numbers is for: a 64-bit name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purpose(u64);

impl Purpose {
    /// The purpose called `name` (FNV-1a of its bytes).
    pub fn named(name: &str) -> Self {
        let offset = 0xcbf2_9ce4_8422_2325_u64;
        Purpose(
            name.bytes().fold(offset, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)),
        )
    }
}

/// The numbers of one trial and purpose, in order.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    trial: u32,
    purpose: u64,
    block: u32,
    spare: Option<u64>,
}

impl Stream {
    /// The stream of `purpose` in `trial` under `seed`.
    pub fn new(seed: u64, trial: u32, purpose: Purpose) -> Self {
        Stream { key: [seed as u32, (seed >> 32) as u32], trial, purpose: purpose.0, block: 0, spare: None }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        if let Some(bits) = self.spare.take() {
            return bits;
        }
        let counter = [self.block, self.trial, self.purpose as u32, (self.purpose >> 32) as u32];
        // 2³² blocks are 8·10⁹ numbers: more than any stream of one trial, month and workload needs.
        self.block = self.block.wrapping_add(1);
        let [a, b, c, d] = philox(counter, self.key);
        self.spare = Some(u64::from(c) | u64::from(d) << 32);
        u64::from(a) | u64::from(b) << 32
    }

    /// A uniform number strictly between 0 and 1, on a grid of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) * (1.0 / (1_u64 << 53) as f64)
    }

    /// The next 32 random bits, for what is scrambled with them.
    pub fn word(&mut self) -> u32 {
        self.bits() as u32
    }

    /// A standard normal number, by inversion.
    pub fn normal(&mut self) -> f64 {
        normal::quantile(self.uniform())
    }
}

/// A bijection of 32 bits in which every bit of the input moves every bit of the output with chance one half
/// (C. Wellons's search for such hashes).
pub fn mix(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// The keyed bijection of a counter.
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    // Multipliers and Weyl constants as published with the generator.
    for _ in 0..10 {
        let a = u64::from(counter[0]) * 0xD251_1F53;
        let b = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_of_the_publication() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let wanted = [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1];
        assert_eq!(philox(counter, [0xa409_3822, 0x299f_31d0]), wanted);
    }

    #[test]
    fn streams_differ_by_every_part_of_their_address() {
        let first = |seed, trial, name| Stream::new(seed, trial, Purpose::named(name)).uniform();
        let base = first(1, 1, "a").to_bits();
        for other in [first(2, 1, "a"), first(1, 2, "a"), first(1, 1, "b"), first(1 << 32 | 1, 1, "a")] {
            assert_ne!(base, other.to_bits());
        }
    }

    #[test]
    fn uniforms_have_the_moments_of_the_uniform_law() {
        let mut stream = Stream::new(7, 0, Purpose::named("moments"));
        let count = 100_000;
        let draws: Vec<f64> = (0..count).map(|_| stream.uniform()).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(count);
        // Five standard errors of a mean of uniforms, sqrt(1/12/n).
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / f64::from(count)).sqrt());
        assert!(draws.iter().all(|u| *u > 0.0 && *u < 1.0));
    }
}
