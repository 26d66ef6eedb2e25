//! Draws every request of a workload's month and adds up its tokens, at one to two nanoseconds each: brute force.
//!
//! One source is compiled for several instruction sets and vectorised by the compiler; which one runs is chosen
//! at run time. All of them give the same bits: every step rounds as IEEE 754 says, the fused one too, lengths are
//! whole numbers, and sums are of integers. Fused steps are faster and give other bits, so they are asked for.
//! Random numbers are addressed by (seed, chunk), so a month may be split between threads at chunks.

mod arithmetic;
mod lanes;
#[expect(clippy::approx_constant, reason = "coefficients of fits that happen to be near constants")]
mod math;
mod plan;
mod stages;

pub use arithmetic::Arithmetic;
use arithmetic::{Emulated, Fused, MultiplyAdd, Separate};
use lanes::Lanes;
use plan::Plan;
use stages::{BLOCK, Block, Row, Sums};

use crate::workload::Component;

/// Longest length in tokens; longer ones count as this. A larger one would not fit in the mantissa together
/// with the bit that rounds it.
pub const LIMIT: u32 = (1 << 23) - 1;
/// Requests per chunk, the unit in which random numbers are seeded.
const CHUNK: u64 = 1 << 20;
/// The most parts of a mixture.
pub const MOST_PARTS: usize = stages::PARTS - 1;

/// What the requests of a month look like.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Prompt lengths, in tokens.
    pub prompt: Vec<Component>,
    /// Visible output lengths, in tokens.
    pub output: Vec<Component>,
    /// Correlation of the normal scores of prompt and output; for laws of one part.
    pub correlation: f64,
    /// The share of requests that reason, and for how long, in tokens.
    pub reasoning: Option<(f64, Vec<Component>)>,
    /// Inclusive ends of all segments of the prompt axis but the last, in tokens, ascending.
    pub ends: Vec<u32>,
    /// Output limits in tokens, at least one; one output sum for each.
    pub caps: Vec<u32>,
    /// Caches; one sum of cached tokens for each.
    pub gates: Vec<Gate>,
}

/// A cache as requests meet it. All share one uniform number for the gate and one for the cached share.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Shorter prompts are never hit, in tokens.
    pub minimum: u32,
    /// No more than this of a prompt is cached, in tokens.
    pub cut: u32,
    /// The chance of a hit.
    pub hit_probability: f64,
    /// The cached share of a hit is u to this power; 0 caches all of it.
    pub exponent: f64,
}

/// The sums of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Requests.
    pub requests: u64,
    /// Prompt tokens.
    pub prompt: u64,
    /// Output tokens, one for each limit.
    pub outputs: Vec<u64>,
    /// Cached tokens, one for each gate.
    pub cached: Vec<u64>,
}

/// An instruction set to run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The best that the machine has, up to AVX-512.
    Best,
    /// No better than AVX2 with FMA.
    Avx2,
    /// What every machine of the kind has: SSE2, NEON.
    Baseline,
}

/// The sums of `requests` requests under `seed`, one per segment.
pub fn sums(
    shape: &Shape,
    requests: u64,
    seed: [u64; 2],
    arithmetic: Arithmetic,
    level: Level,
) -> Vec<Totals> {
    let plan = Plan::new(shape);
    let mut sums = Sums::new(&plan);
    for (chunk, first) in (0..requests).step_by(CHUNK as usize).enumerate() {
        let count = (requests - first).min(CHUNK);
        let mut lanes = Lanes::new(seed, chunk as u32);
        draw(&plan, &mut lanes, arithmetic, level, &mut Wanted::Sums(count, &mut sums));
    }
    sums.segments(&plan)
}

/// Requests one after the other, the same on every machine.
pub struct List {
    plan: Plan,
    lanes: Lanes,
    block: Box<Block>,
    rows: Vec<Row>,
    next: usize,
}

impl List {
    /// The requests of a shape under `seed`.
    pub fn new(shape: &Shape, seed: [u64; 2]) -> Self {
        let plan = Plan::new(shape);
        let rows = vec![[0; BLOCK]; 1 + plan.caps.len() + plan.views.len()];
        List { plan, lanes: Lanes::new(seed, 0), block: Box::new(Block::new()), rows, next: BLOCK }
    }

    /// The next request's tokens: its prompt, its output under each cap, what each gate caches.
    pub fn next(&mut self, tokens: &mut [f64]) {
        if self.next == BLOCK {
            let List { plan, lanes, block, rows, .. } = self;
            draw(plan, lanes, Arithmetic::Separate, Level::Best, &mut Wanted::List(block, rows));
            self.next = 0;
        }
        for (tokens, row) in tokens.iter_mut().zip(&self.rows) {
            *tokens = f64::from(row[self.next]);
        }
        self.next += 1;
    }
}

/// What is to be drawn.
enum Wanted<'a> {
    /// So many requests, added up.
    Sums(u64, &'a mut Sums),
    /// A block of them, each by itself.
    List(&'a mut Block, &'a mut [Row]),
}

fn draw(plan: &Plan, lanes: &mut Lanes, arithmetic: Arithmetic, level: Level, wanted: &mut Wanted<'_>) {
    match level {
        Level::Best => draw_best(plan, lanes, arithmetic, wanted),
        Level::Avx2 => draw_avx2(plan, lanes, arithmetic, wanted),
        Level::Baseline => draw_baseline(plan, lanes, arithmetic, wanted),
    }
}

#[multiversion::multiversion(targets("x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl"))]
fn draw_best<'a>(plan: &Plan, lanes: &mut Lanes, arithmetic: Arithmetic, wanted: &mut Wanted<'a>) {
    multiversion::target::match_target! {
        "x86_64+avx512f" => draw_with::<Fused>(plan, lanes, arithmetic, wanted),
        _ => draw_avx2(plan, lanes, arithmetic, wanted),
    }
}

#[multiversion::multiversion(targets("x86_64+avx2+fma"))]
fn draw_avx2<'a>(plan: &Plan, lanes: &mut Lanes, arithmetic: Arithmetic, wanted: &mut Wanted<'a>) {
    multiversion::target::match_target! {
        "x86_64+avx2+fma" => draw_with::<Fused>(plan, lanes, arithmetic, wanted),
        _ => draw_baseline(plan, lanes, arithmetic, wanted),
    }
}

#[inline(never)]
fn draw_baseline(plan: &Plan, lanes: &mut Lanes, arithmetic: Arithmetic, wanted: &mut Wanted<'_>) {
    // Every ARM processor of 64 bits has the instruction.
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
        draw_with::<Fused>(plan, lanes, arithmetic, wanted);
    } else {
        draw_with::<Emulated>(plan, lanes, arithmetic, wanted);
    }
}

/// Draws in one way or the other, where `F` is the fused step of the instruction set.
#[inline(always)]
fn draw_with<F: MultiplyAdd>(
    plan: &Plan,
    lanes: &mut Lanes,
    arithmetic: Arithmetic,
    wanted: &mut Wanted<'_>,
) {
    match (wanted, arithmetic) {
        (Wanted::Sums(requests, sums), Arithmetic::Separate) => {
            stages::draw::<Separate>(plan, lanes, *requests, sums);
        }
        (Wanted::Sums(requests, sums), Arithmetic::Fused) => stages::draw::<F>(plan, lanes, *requests, sums),
        // A list is as long as it is asked for, and its arithmetic takes little of the time.
        (Wanted::List(block, rows), _) => stages::list::<Separate>(plan, lanes, block, rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::normal;

    fn part(weight: f64, median: f64, sigma: f64) -> Component {
        Component { weight, ln_median: median.ln(), sigma }
    }

    fn gate(minimum: u32, cut: u32, hit_probability: f64, exponent: f64) -> Gate {
        Gate { minimum, cut, hit_probability, exponent }
    }

    fn plain() -> Shape {
        Shape {
            prompt: vec![part(1.0, 8000.0, 1.3)],
            output: vec![part(1.0, 400.0, 1.0)],
            correlation: 0.3,
            reasoning: None,
            ends: vec![20_000, 272_000],
            caps: vec![1_000, 128_000],
            gates: vec![gate(1024, u32::MAX, 0.4, 0.0), gate(0, 50_000, 0.7, 0.25)],
        }
    }

    fn shapes() -> Vec<Shape> {
        let mixture = vec![part(0.5, 2000.0, 0.8), part(0.3, 8000.0, 1.0), part(0.2, 60_000.0, 0.7)];
        let reasoning = Some((0.3, vec![part(0.7, 1000.0, 0.8), part(0.3, 4000.0, 0.0)]));
        let constant = Shape { prompt: vec![part(1.0, 272_000.0, 0.0)], correlation: 0.0, ..plain() };
        vec![
            plain(),
            Shape { prompt: mixture.clone(), output: mixture, correlation: 0.0, reasoning, ..plain() },
            constant,
            Shape { ends: vec![], gates: vec![], caps: vec![u32::MAX], ..plain() },
            Shape { ends: vec![100, 1_000, 10_000, 100_000], correlation: -0.9, ..plain() },
        ]
    }

    const BOTH: [Arithmetic; 2] = [Arithmetic::Separate, Arithmetic::Fused];

    #[test]
    fn every_instruction_set_gives_the_same_sums() {
        for (at, shape) in shapes().iter().enumerate() {
            for (arithmetic, requests) in BOTH.into_iter().zip([CHUNK + 12_345, CHUNK / 4 + 123]) {
                let of = |level| sums(shape, requests, [7, at as u64], arithmetic, level);
                let baseline = of(Level::Baseline);
                assert!(of(Level::Avx2) == baseline, "shape {at}, {arithmetic:?}");
                assert!(of(Level::Best) == baseline, "shape {at}, {arithmetic:?}");
                assert_eq!(baseline.iter().map(|totals| totals.requests).sum::<u64>(), requests);
            }
        }
    }

    /// Summed up by their segments, the requests of a list are those of the sums.
    #[test]
    fn a_list_holds_the_requests_of_the_sums() {
        let requests = 3 * BLOCK as u64 + 77;
        for shape in shapes() {
            let wanted = sums(&shape, requests, [5, 6], Arithmetic::Separate, Level::Baseline);
            let mut list = List::new(&shape, [5, 6]);
            let mut found = vec![vec![0.0; 2 + shape.caps.len() + shape.gates.len()]; wanted.len()];
            let mut tokens = vec![0.0; 1 + shape.caps.len() + shape.gates.len()];
            for _ in 0..requests {
                list.next(&mut tokens);
                let segment = &mut found[shape.ends.partition_point(|end| f64::from(*end) < tokens[0])];
                segment[0] += 1.0;
                segment[1..].iter_mut().zip(&tokens).for_each(|(sum, more)| *sum += more);
            }
            for (found, wanted) in found.iter().zip(&wanted) {
                let tokens = [&[wanted.requests, wanted.prompt], &*wanted.outputs, &*wanted.cached].concat();
                assert_eq!(*found, tokens.iter().map(|tokens| *tokens as f64).collect::<Vec<_>>());
            }
        }
    }

    /// Both draw the same requests. Sine and cosine are wrong by 2.5·10⁻⁷ of a radius, which is 4 at most but for
    /// a request in three thousand, so a score by 10⁻⁶; a spread of 1.9 makes that 2·10⁻⁶ x of a length x. For all
    /// lengths together, half a last bit is allowed, 2⁻²⁴. The random part is, with 1 + cv² below 10 in n = 2²⁰
    /// draws, 2·10⁻⁶ √(10/n) of the sum, and every length may round to the next token with a chance of 2·10⁻⁶ x;
    /// five standard deviations of each. At an end n φ(0)/σ 2·10⁻⁶ requests change sides, one or two.
    #[test]
    fn fused_and_separate_steps_draw_the_same_requests() {
        let of = |totals: &Totals| [&[totals.prompt][..], &totals.outputs, &totals.cached].concat();
        for (at, shape) in shapes().iter().enumerate() {
            let [separate, fused] =
                BOTH.map(|arithmetic| sums(shape, CHUNK, [5, at as u64], arithmetic, Level::Best));
            let total = |all: &[Totals], quantity: usize| -> f64 {
                all.iter().map(|totals| of(totals)[quantity] as f64).sum()
            };
            for quantity in 0..of(&separate[0]).len() {
                let (a, b) = (total(&separate, quantity), total(&fused, quantity));
                let most = (2.0_f64.powi(-24) + 3.2e-8) * a + 5.0 * (2e-6 * a).sqrt();
                assert!((a - b).abs() <= most, "shape {at}, {quantity}: {a} and {b}, at most {most} apart");
            }
            for (a, b) in separate.iter().zip(&fused) {
                assert!(a.requests.abs_diff(b.requests) <= 10, "{} and {}", a.requests, b.requests);
            }
            assert!(separate != fused, "shape {at}: they are two ways");
            // Constant prompts leave nothing to round.
            let prompts = |all: &[Totals]| all.iter().map(|totals| totals.prompt).collect::<Vec<_>>();
            assert_eq!(prompts(&separate) == prompts(&fused), at == 2, "shape {at}");
        }
    }

    #[test]
    fn constants_fall_on_their_side_of_an_end_and_obey_every_limit() {
        let of = |prompt: f64| {
            let shape = Shape {
                prompt: vec![part(1.0, prompt, 0.0)],
                output: vec![part(1.0, 2_000.0, 0.0)],
                correlation: 0.0,
                gates: vec![
                    gate(272_000, u32::MAX, 1.0, 0.0),
                    gate(0, 1_000, 1.0, 0.0),
                    gate(0, 9, 0.0, 0.0),
                ],
                ..plain()
            };
            sums(&shape, 10, [1, 2], Arithmetic::Separate, Level::Best)
        };
        let below = &of(271_999.0)[1];
        assert_eq!((below.requests, below.prompt), (10, 2_719_990));
        assert_eq!(
            (below.outputs.as_slice(), below.cached.as_slice()),
            (&[10_000, 20_000][..], &[0, 10_000, 0][..])
        );
        assert_eq!((of(272_000.0)[1].requests, of(272_000.0)[1].cached[0]), (10, 2_720_000));
        assert_eq!((of(272_001.0)[1].requests, of(272_001.0)[2].requests), (0, 10));
    }

    /// Means against the closed forms of lognormals, within five standard errors of the sums.
    #[test]
    fn sums_have_the_means_of_their_laws() {
        BOTH.into_iter().for_each(have_the_means_of_their_laws);
    }

    fn have_the_means_of_their_laws(arithmetic: Arithmetic) {
        let shape = plain();
        let n = 4_000_000_u64;
        let totals = sums(&shape, n, [11, 5], arithmetic, Level::Best);
        let (mu, sigma, nu, s) = (8000.0_f64.ln(), 1.3, 400.0_f64.ln(), 1.0);
        let z = |end: f64| ((end + 0.5).ln() - mu) / sigma;
        let bounds = [f64::NEG_INFINITY, z(20_000.0), z(272_000.0), f64::INFINITY];
        // E[Xᵃ Oᵇ] of a segment, with score correlation 0.3.
        let moment = |at: usize, a: f64, b: f64| {
            let tilt = a * sigma + 0.3 * b * s;
            let whole =
                (a * mu + b * nu + 0.5 * (a * a * sigma * sigma + 0.6 * a * b * sigma * s + b * b * s * s))
                    .exp();
            whole * (normal::cdf(bounds[at + 1] - tilt) - normal::cdf(bounds[at] - tilt))
        };
        let near = |what: &str, sum: u64, mean: f64, square: f64| {
            let error = ((square - mean * mean) / n as f64).sqrt();
            let found = sum as f64 / n as f64;
            assert!((found - mean).abs() < 5.0 * error, "{what}: {found}, expected {mean} ± {error}");
        };
        for (at, totals) in totals.iter().enumerate() {
            let share = moment(at, 0.0, 0.0);
            near("requests", totals.requests, share, share);
            near("prompt", totals.prompt, moment(at, 1.0, 0.0), moment(at, 2.0, 0.0));
            // A limit of 128,000 takes nothing that could be seen.
            near("output", totals.outputs[1], moment(at, 0.0, 1.0), moment(at, 0.0, 2.0));
        }
        let reached = 1.0 - normal::cdf((1023.5_f64.ln() - mu) / sigma - sigma);
        let cached: u64 = totals.iter().map(|totals| totals.cached[0]).sum();
        let whole = (mu + 0.5 * sigma * sigma).exp();
        near("cached", cached, 0.4 * whole * reached, 0.4 * (2.0 * mu + 2.0 * sigma * sigma).exp());
        // E[S] of u^0.25 is 0.8, E[S²] is 2/3; prompts count up to 50,000 tokens.
        let c = (50_000.0_f64.ln() - mu) / sigma;
        let upto = |k: f64| {
            (k * mu + 0.5 * k * k * sigma * sigma).exp() * normal::cdf(c - k * sigma)
                + 50_000.0_f64.powf(k) * normal::cdf(-c)
        };
        let cached: u64 = totals.iter().map(|totals| totals.cached[1]).sum();
        near("cached under a cut", cached, 0.7 * 0.8 * upto(1.0), 0.7 * upto(2.0) * 2.0 / 3.0);
        let d = (1_000.0_f64.ln() - nu) / s;
        let capped = |k: f64| {
            (k * nu + 0.5 * k * k * s * s).exp() * normal::cdf(d - k * s)
                + 1_000.0_f64.powf(k) * normal::cdf(-d)
        };
        near("capped output", totals.iter().map(|t| t.outputs[0]).sum(), capped(1.0), capped(2.0));
    }

    #[test]
    fn reasoning_adds_its_share_and_mixtures_their_weights() {
        BOTH.into_iter().for_each(adds_its_share_and_weights);
    }

    fn adds_its_share_and_weights(arithmetic: Arithmetic) {
        let shape = shapes().remove(1);
        let n = 2_000_000;
        let totals = sums(&Shape { caps: vec![LIMIT], ..shape.clone() }, n, [3, 3], arithmetic, Level::Best);
        let moment = |parts: &[Component], k: f64| -> f64 {
            parts.iter().map(|c| c.weight * (k * c.ln_median + 0.5 * k * k * c.sigma * c.sigma).exp()).sum()
        };
        let (share, thoughts) = shape.reasoning.unwrap();
        let mean = moment(&shape.output, 1.0) + share * moment(&thoughts, 1.0);
        let variance = moment(&shape.output, 2.0) + share * moment(&thoughts, 2.0);
        let found = totals.iter().map(|t| t.outputs[0]).sum::<u64>() as f64 / n as f64;
        assert!((found - mean).abs() < 5.0 * (variance / n as f64).sqrt(), "{found}, expected {mean}");
    }
}
