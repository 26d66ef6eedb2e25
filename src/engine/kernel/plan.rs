//! A shape turned into the constants of the loops.

use super::stages::PARTS;
use super::{Gate, LIMIT, Shape};
use crate::workload::Component;

/// Normal scores of the kernel stay within ±6.77, so no exponent of such a spread leaves the range of f32.
const WIDEST_SIGMA: f64 = 12.0;

/// What the loops need to know of a shape.
pub struct Plan {
    pub prompt: Mixture,
    pub output: Mixture,
    /// Weights of the prompt's and of an independent score in the score of the output.
    pub scores: [f32; 2],
    /// Reasoning lengths of all requests: those without are a part of length 0.
    pub reasoning: Option<Mixture>,
    pub ends: Vec<i32>,
    pub caps: Vec<i32>,
    pub views: Vec<Test>,
    /// Whether any view caches a drawn share.
    pub shares: bool,
}

/// Mixture of lognormals: 2^(spread·z) times a scale.
pub struct Mixture {
    pub parts: usize,
    pub scale: [f32; PARTS],
    pub spread: [f32; PARTS],
    /// Random bits up to and including this, as a signed number, choose the part or one before it.
    pub upto: [i32; PARTS],
}

/// A gate as the loops test it.
pub struct Test {
    pub minimum: i32,
    pub cut: i32,
    /// Random bits up to and including this, as a signed number, open the gate.
    pub upto: i32,
    pub exponent: f32,
}

impl Plan {
    pub fn new(shape: &Shape) -> Self {
        assert!(shape.ends.is_sorted(), "ends ascend");
        let rho = shape.correlation.clamp(-1.0, 1.0);
        let reasoning = shape.reasoning.as_ref().map(|(share, parts)| {
            let share = share.clamp(0.0, 1.0);
            let total: f64 = parts.iter().map(|part| part.weight).sum();
            let scaled = parts.iter().map(|part| Component { weight: part.weight * share / total, ..*part });
            let none = Component { weight: 1.0 - share, ln_median: f64::NEG_INFINITY, sigma: 0.0 };
            Mixture::new(&scaled.chain([none]).collect::<Vec<_>>())
        });
        let longest = if reasoning.is_some() { 2 * LIMIT } else { LIMIT };
        Plan {
            prompt: Mixture::new(&shape.prompt),
            output: Mixture::new(&shape.output),
            scores: [rho as f32, (1.0 - rho * rho).sqrt() as f32],
            reasoning,
            ends: shape.ends.iter().map(|&end| end.min(LIMIT) as i32).collect(),
            caps: shape.caps.iter().map(|&cap| cap.min(longest) as i32).collect(),
            views: shape.gates.iter().map(Test::new).collect(),
            shares: shape.gates.iter().any(|gate| gate.exponent > 0.0),
        }
    }
}

impl Mixture {
    fn new(parts: &[Component]) -> Self {
        let parts: Vec<&Component> = parts.iter().filter(|part| part.weight > 0.0).collect();
        assert!(!parts.is_empty(), "a mixture has a part of positive weight");
        assert!(parts.len() <= PARTS, "a mixture has at most {PARTS} parts of positive weight");
        let total: f64 = parts.iter().map(|part| part.weight).sum();
        let at = |slot: usize| parts[slot.min(parts.len() - 1)];
        let mut below = 0.0;
        Mixture {
            parts: parts.len(),
            scale: std::array::from_fn(|slot| scale(at(slot).ln_median)),
            spread: std::array::from_fn(|slot| spread(at(slot).sigma)),
            upto: std::array::from_fn(|slot| {
                below += at(slot).weight / total;
                if slot + 1 < parts.len() { signed_bits(below).unwrap_or(i32::MIN) } else { i32::MAX }
            }),
        }
    }
}

impl Test {
    fn new(gate: &Gate) -> Self {
        // No prompt is as long as the minimum of a view that is never hit.
        let (minimum, upto) = match signed_bits(gate.hit_probability) {
            Some(upto) => (gate.minimum.min(i32::MAX as u32) as i32, upto),
            None => (i32::MAX, i32::MIN),
        };
        Test { minimum, cut: gate.cut.min(LIMIT) as i32, upto, exponent: gate.exponent.max(0.0) as f32 }
    }
}

/// The largest of the signed numbers below which, and on which, random bits fall with `probability`; `None`
/// if that is less than one in 2³².
fn signed_bits(probability: f64) -> Option<i32> {
    let numbers = (probability.min(1.0) * 4_294_967_296.0).round() as i64;
    (numbers > 0).then(|| (numbers - 1 + i64::from(i32::MIN)) as i32)
}

/// The median in tokens. What is too small to ever round to a token is 0, which spares subnormal numbers.
fn scale(ln_median: f64) -> f32 {
    let median = libm::exp(ln_median.min(80.0));
    if median < 1e-35 { 0.0 } else { median as f32 }
}

/// The spread in powers of 2.
fn spread(sigma: f64) -> f32 {
    (sigma.clamp(-WIDEST_SIGMA, WIDEST_SIGMA) * std::f64::consts::LOG2_E) as f32
}
