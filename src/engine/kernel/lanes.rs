//! Random bits in lanes: independent xoshiro128++ generators (Blackman and Vigna, 2021) side by side.
//!
//! A lane's whole state is one Philox block, whose counter holds the chunk and the lane. Philox is a
//! bijection of its counter, so no two lanes of a month and no two months of one key start alike.

use super::super::stream::philox;
use super::stages::BLOCK;

/// Generators side by side: two 512-bit registers per word of state, since one alone would wait for itself.
const LANES: usize = 32;

/// The generators of one chunk.
pub struct Lanes {
    state: [[u32; LANES]; 4],
}

impl Lanes {
    /// The lanes of chunk number `chunk` of the month that `seed` names.
    pub fn new(seed: [u64; 2], chunk: u32) -> Self {
        let [key, month] = seed.map(|word| [word as u32, (word >> 32) as u32]);
        let mut state = [[0; LANES]; 4];
        for lane in 0..LANES {
            let block = philox([lane as u32, chunk, month[0], month[1]], key);
            for (words, word) in state.iter_mut().zip(block) {
                words[lane] = word;
            }
        }
        Lanes { state }
    }

    /// Fills a block with random bits.
    #[inline(always)]
    pub fn fill(&mut self, bits: &mut [u32; BLOCK]) {
        let [mut a, mut b, mut c, mut d] = self.state;
        for row in bits.as_chunks_mut::<LANES>().0 {
            for lane in 0..LANES {
                row[lane] = a[lane].wrapping_add(d[lane]).rotate_left(7).wrapping_add(a[lane]);
                let shifted = b[lane] << 9;
                c[lane] ^= a[lane];
                d[lane] ^= b[lane];
                b[lane] ^= c[lane];
                a[lane] ^= d[lane];
                c[lane] ^= shifted;
                d[lane] = d[lane].rotate_left(11);
            }
        }
        self.state = [a, b, c, d];
    }
}
