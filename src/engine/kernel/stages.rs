//! The loops. Each is short and goes over one block that stays in the first-level cache: in a single loop
//! the chain of one request is longer than the processor can look ahead.
//!
//! All are inlined into a caller that is compiled for each instruction set, and vectorised there.

#![expect(clippy::needless_range_loop, reason = "loops go over several buffers at once")]

use super::Totals;
use super::arithmetic::MultiplyAdd;
use super::lanes::Lanes;
use super::math::{exp2, log2, sin_cos_pi, uniform, whole};
use super::plan::{Mixture, Plan, Test};

/// Requests per block.
pub const BLOCK: usize = 1024;
/// Parts of a mixture: three of the caller's, and the requests without reasoning.
pub const PARTS: usize = 4;
/// A number of tokens for each request of a block.
pub type Row = [i32; BLOCK];
/// Requests whose sums are sure to fit into 32 bits: 256 times two lengths of less than 2²³ tokens.
const STRETCH: usize = 256;

/// Sums of one chunk: for each quantity its sum over all requests and over those above each end.
pub struct Sums {
    width: usize,
    cells: Vec<u64>,
}

impl Sums {
    pub fn new(plan: &Plan) -> Self {
        let width = plan.ends.len() + 1;
        // The loop that adds requests and prompts writes to the row after them even if there is none.
        let rows = (2 + plan.caps.len() + plan.views.len()).max(3);
        Sums { width, cells: vec![0; width * rows] }
    }

    /// The sums of each segment: what lies above its lower end and not above its upper one.
    pub fn segments(&self, plan: &Plan) -> Vec<Totals> {
        let (caps, views) = (plan.caps.len(), plan.views.len());
        let segment = |at: usize| {
            let within = |row: usize| {
                let row = &self.cells[row * self.width..][..self.width];
                row[at] - row.get(at + 1).copied().unwrap_or(0)
            };
            Totals {
                requests: within(0),
                prompt: within(1),
                outputs: (2..2 + caps).map(within).collect(),
                cached: (2 + caps..2 + caps + views).map(within).collect(),
            }
        };
        (0..self.width).map(segment).collect()
    }

    /// Row of a quantity: requests, prompt, outputs, cached.
    fn row_mut(&mut self, at: usize) -> &mut [u64] {
        &mut self.cells[at * self.width..][..self.width]
    }
}

/// Draws `requests` requests and adds them up.
#[inline(always)]
pub fn draw<M: MultiplyAdd>(plan: &Plan, lanes: &mut Lanes, requests: u64, sums: &mut Sums) {
    let mut block = Block::new();
    let mut left = requests;
    while left > 0 {
        let count = left.min(BLOCK as u64) as usize;
        draw_block::<M>(plan, lanes, &mut block, count, sums);
        left -= count as u64;
    }
}

/// What is known of the requests of a block. Buffers are used again as soon as they are free. Each begins at a
/// cache line: a register of 512 bits that lies across two lines is stored at half the speed.
#[repr(C, align(64))]
pub struct Block {
    first: [u32; BLOCK],
    second: [u32; BLOCK],
    z: [f32; BLOCK],
    w: [f32; BLOCK],
    spare: [f32; BLOCK],
    prompt: [i32; BLOCK],
    output: [i32; BLOCK],
    tokens: [i32; BLOCK],
    spare_is_fresh: bool,
}

impl Block {
    pub fn new() -> Self {
        Block {
            first: [0; BLOCK],
            second: [0; BLOCK],
            z: [0.0; BLOCK],
            w: [0.0; BLOCK],
            spare: [0.0; BLOCK],
            spare_is_fresh: false,
            prompt: [0; BLOCK],
            output: [0; BLOCK],
            tokens: [0; BLOCK],
        }
    }
}

/// Draws a block of requests, each by itself: rows of prompts, of the output under each cap and of what each view
/// caches.
#[inline(always)]
pub fn list<M: MultiplyAdd>(plan: &Plan, lanes: &mut Lanes, block: &mut Block, rows: &mut [Row]) {
    draw_lengths::<M>(plan, lanes, block);
    let (prompts, rows) = rows.split_at_mut(1);
    let (outputs, cached) = rows.split_at_mut(plan.caps.len());
    prompts[0].copy_from_slice(&block.prompt);
    for (row, &cap) in outputs.iter_mut().zip(&plan.caps) {
        for i in 0..BLOCK {
            row[i] = lesser(block.output[i], cap);
        }
    }
    if plan.views.is_empty() {
        return;
    }
    draw_gates::<M>(plan, lanes, block);
    for (row, gate) in cached.iter_mut().zip(&plan.views) {
        if gate.exponent == 0.0 {
            for i in 0..BLOCK {
                row[i] = gate.open(block.prompt[i], block.first[i]) & lesser(block.prompt[i], gate.cut);
            }
        } else {
            gate.draw_shares::<M>(&block.prompt, &block.first, &block.z, row);
        }
    }
}

/// Lengths of a block.
#[inline(always)]
fn draw_lengths<M: MultiplyAdd>(plan: &Plan, lanes: &mut Lanes, block: &mut Block) {
    let Block { first, second, z, w, spare, spare_is_fresh, prompt, output, tokens } = block;
    normals::<M>(lanes, first, second, z, w);
    lengths::<M>(lanes, &plan.prompt, first, prompt, |i| z[i]);
    let [rho, rest] = plan.scores;
    lengths::<M>(lanes, &plan.output, first, output, |i| M::multiply_add(rho, z[i], rest * w[i]));
    if let Some(reasoning) = &plan.reasoning {
        // One normal number is needed, and they come in pairs: every other block lives on the second ones.
        if *spare_is_fresh {
            z.copy_from_slice(spare);
        } else {
            normals::<M>(lanes, first, second, z, spare);
        }
        *spare_is_fresh = !*spare_is_fresh;
        lengths::<M>(lanes, reasoning, first, tokens, |i| z[i]);
        for i in 0..BLOCK {
            output[i] += tokens[i];
        }
    }
}

/// What a block's views ask of chance: for each request the bits that open gates, and the logarithm of the number
/// behind the cached share.
#[inline(always)]
fn draw_gates<M: MultiplyAdd>(plan: &Plan, lanes: &mut Lanes, block: &mut Block) {
    lanes.fill(&mut block.first);
    if plan.shares {
        lanes.fill(&mut block.second);
        for i in 0..BLOCK {
            block.z[i] = log2::<M>(uniform(block.second[i]));
        }
    }
}

impl Test {
    /// All bits if the gate is open for a prompt and its random bits, else none.
    #[inline(always)]
    fn open(&self, prompt: i32, bits: u32) -> i32 {
        when((prompt >= self.minimum) & (bits as i32 <= self.upto))
    }

    /// Cached tokens where a share is drawn.
    #[inline(always)]
    fn draw_shares<M: MultiplyAdd>(
        &self,
        prompt: &Row,
        bits: &[u32; BLOCK],
        log: &[f32; BLOCK],
        to: &mut Row,
    ) {
        for i in 0..BLOCK {
            let power = self.exponent * log[i];
            // Less than 2⁻¹²⁶ of a prompt is no token.
            let power = if power > -126.0 { power } else { -126.0 };
            let cut = lesser(prompt[i], self.cut);
            to[i] = self.open(prompt[i], bits[i]) & whole::<M>(cut as f32, exp2::<M>(1.0, power));
        }
    }
}

#[inline(always)]
fn draw_block<M: MultiplyAdd>(
    plan: &Plan,
    lanes: &mut Lanes,
    block: &mut Block,
    count: usize,
    sums: &mut Sums,
) {
    draw_lengths::<M>(plan, lanes, block);
    let Block { prompt, output, .. } = block;
    // A block is always drawn whole; requests beyond the count have no tokens, so that only their number
    // has to be taken back.
    prompt[count..].fill(0);
    output[count..].fill(0);

    let longest = prompt.iter().fold(0, |longest: i32, &x| if x > longest { x } else { longest });
    let reached = plan.ends.iter().take_while(|&&end| end < longest).count();
    let ends = &plan.ends[..reached];
    // Requests, prompts and the first output share a loop. Without caps the output is cut to nothing.
    let (first_cap, other_caps) = match plan.caps.split_first() {
        Some((&cap, rest)) => (cap, rest),
        None => (0, &[][..]),
    };
    let capped = |i: usize, cap: i32| lesser(output[i], cap);
    add(prompt, ends, sums, [0, 1, 2], |i| [1, prompt[i], capped(i, first_cap)]);
    sums.row_mut(0)[0] -= (BLOCK - count) as u64;
    for (at, &cap) in other_caps.iter().enumerate() {
        add(prompt, ends, sums, [3 + at], |i| [capped(i, cap)]);
    }
    if plan.views.is_empty() {
        return;
    }
    draw_gates::<M>(plan, lanes, block);
    let Block { first, z, prompt, tokens, .. } = block;
    for (at, gate) in plan.views.iter().enumerate() {
        let row = 2 + plan.caps.len() + at;
        if gate.exponent == 0.0 {
            let cached = |i: usize| gate.open(prompt[i], first[i]) & lesser(prompt[i], gate.cut);
            add(prompt, ends, sums, [row], |i| [cached(i)]);
        } else {
            gate.draw_shares::<M>(prompt, first, z, tokens);
            add(prompt, ends, sums, [row], |i| [tokens[i]]);
        }
    }
}

/// The lesser of two whole numbers.
#[inline(always)]
fn lesser(a: i32, b: i32) -> i32 {
    if a < b { a } else { b }
}

/// All bits if `chosen`, else none. A branch here would keep the loop from being vectorised.
#[inline(always)]
fn when(chosen: bool) -> i32 {
    i32::from(chosen).wrapping_neg()
}

/// Two independent standard normal numbers per request (Box and Muller, 1958).
#[inline(always)]
fn normals<M: MultiplyAdd>(
    lanes: &mut Lanes,
    first: &mut [u32; BLOCK],
    second: &mut [u32; BLOCK],
    z: &mut [f32; BLOCK],
    w: &mut [f32; BLOCK],
) {
    // r² = −2 ln u
    const TO_SQUARE: f32 = -2.0 * std::f32::consts::LN_2;
    lanes.fill(first);
    lanes.fill(second);
    for i in 0..BLOCK {
        z[i] = (TO_SQUARE * log2::<M>(uniform(first[i]))).sqrt();
    }
    for i in 0..BLOCK {
        // The angle is drawn in the right half of the circle. The radius left the sign of its bits unused:
        // it chooses the half.
        let (sin, cos) = sin_cos_pi::<M>(second[i] as i32 as f32 * (1.0 / 4_294_967_296.0));
        w[i] = z[i] * sin;
        z[i] *= f32::from_bits(cos.to_bits() ^ (first[i] & 0x8000_0000));
    }
}

/// Lengths in whole tokens, from normal scores.
#[inline(always)]
fn lengths<M: MultiplyAdd>(
    lanes: &mut Lanes,
    law: &Mixture,
    bits: &mut [u32; BLOCK],
    tokens: &mut [i32; BLOCK],
    score: impl Fn(usize) -> f32,
) {
    if law.parts == 1 {
        let (scale, spread) = (law.scale[0], law.spread[0]);
        for i in 0..BLOCK {
            tokens[i] = whole::<M>(scale, exp2::<M>(spread, score(i)));
        }
        return;
    }
    lanes.fill(bits);
    for i in 0..BLOCK {
        let bits = bits[i] as i32;
        let (mut scale, mut spread) = (law.scale[PARTS - 1], law.spread[PARTS - 1]);
        for part in (0..PARTS - 1).rev() {
            let chosen = bits <= law.upto[part];
            scale = if chosen { law.scale[part] } else { scale };
            spread = if chosen { law.spread[part] } else { spread };
        }
        tokens[i] = whole::<M>(scale, exp2::<M>(spread, score(i)));
    }
}

/// Adds quantities over the block to the first sum of their rows, and over the prompts longer than each end to
/// the others.
#[inline(always)]
fn add<const ROWS: usize>(
    prompt: &[i32; BLOCK],
    ends: &[i32],
    sums: &mut Sums,
    rows: [usize; ROWS],
    quantities: impl Fn(usize) -> [i32; ROWS],
) {
    match *ends {
        [] => add_above(prompt, [], sums, rows, 0, quantities),
        [a] => add_above(prompt, [a], sums, rows, 0, quantities),
        [a, b] => add_above(prompt, [a, b], sums, rows, 0, quantities),
        _ => {
            for (at, &end) in ends.iter().enumerate() {
                add_above(prompt, [end], sums, rows, at, &quantities);
            }
        }
    }
}

/// The same for a known number of ends, which begin at number `from`; the sum over all is added with the first.
#[inline(always)]
fn add_above<const ENDS: usize, const ROWS: usize>(
    prompt: &[i32; BLOCK],
    ends: [i32; ENDS],
    sums: &mut Sums,
    rows: [usize; ROWS],
    from: usize,
    quantities: impl Fn(usize) -> [i32; ROWS],
) {
    for start in (0..BLOCK).step_by(STRETCH) {
        let mut all = [0_u32; ROWS];
        let mut above = [[0_u32; ENDS]; ROWS];
        for i in start..start + STRETCH {
            let tokens = quantities(i);
            for row in 0..ROWS {
                all[row] = all[row].wrapping_add(tokens[row] as u32);
                for k in 0..ENDS {
                    let counted = tokens[row] & when(prompt[i] > ends[k]);
                    above[row][k] = above[row][k].wrapping_add(counted as u32);
                }
            }
        }
        for ((row, all), above) in rows.into_iter().zip(all).zip(above) {
            let cells = sums.row_mut(row);
            if from == 0 {
                cells[0] += u64::from(all);
            }
            for (sum, stretch) in cells[1 + from..].iter_mut().zip(above) {
                *sum += u64::from(stretch);
            }
        }
    }
}
