//! Elementary functions in f32, short enough to be vectorised where they are called.
//!
//! Only additions, multiplications, both fused if so wished, square roots and integer steps, each of which rounds
//! in the same way on every instruction set. The coefficients are minimax fits; the tests hold the largest errors
//! against libm, for both ways of rounding.

use super::LIMIT;
use super::arithmetic::MultiplyAdd;

/// 1.5·2²³: adding it leaves the nearest whole number, ties to even, in the low bits of the sum.
const WHOLE: f32 = 12_582_912.0;
/// 2²³: adding it to a number from 0 to 2²³ − 1 does the same for lengths, and their bits then count up
/// from those of 2²³ itself.
const WHOLE_LENGTH: f32 = 8_388_608.0;

/// 2^(a·b) for |a·b| ≤ 126, within 2.5·10⁻⁷ of it.
#[inline(always)]
pub fn exp2<M: MultiplyAdd>(a: f32, b: f32) -> f32 {
    let shifted = M::multiply_add(a, b, WHOLE);
    let f = M::multiply_add(a, b, -(shifted - WHOLE));
    let p =
        polynomial::<M, 6>(f, [0.001_326_472_7, 0.009_671_513, 0.055_507_336, 0.240_222_42, 0.693_147, 1.0]);
    // The whole part of the power sits in the low bits of the shifted sum: there it is moved to the exponent.
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// log₂ u for normal u > 0, within 3·10⁻⁷ of it where |log₂ u| ≥ 1 and relatively within as much elsewhere.
#[inline(always)]
pub fn log2<M: MultiplyAdd>(u: f32) -> f32 {
    // √½, so that the rest after the whole part lies evenly around 1.
    let above = u.to_bits().wrapping_sub(0x3f35_04f3) as i32;
    let exponent = above >> 23;
    let f = f32::from_bits(u.to_bits().wrapping_sub((exponent << 23) as u32)) - 1.0;
    let p = polynomial::<M, 8>(
        f,
        [
            -0.145_811_68,
            0.234_042_36,
            -0.248_876_87,
            0.287_098_7,
            -0.360_239_62,
            0.480_923_24,
            -0.721_352_8,
            1.442_694_9,
        ],
    );
    M::multiply_add(p, f, exponent as f32)
}

/// (sin πv, cos πv) for |v| ≤ ½, within 2.5·10⁻⁷.
#[inline(always)]
pub fn sin_cos_pi<M: MultiplyAdd>(v: f32) -> (f32, f32) {
    let y = v * v;
    let s = polynomial::<M, 5>(y, [0.077_560_39, -0.598_242_1, 2.550_069_8, -5.167_71, 3.141_592_7]);
    let c = polynomial::<M, 5>(y, [0.219_696_8, -1.331_880_2, 4.058_412, -4.934_793, 0.999_999_94]);
    (s * v, c)
}

/// A polynomial from its coefficients, the highest power first (Horner): what is fused shortens the chain.
#[inline(always)]
fn polynomial<M: MultiplyAdd, const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    let mut sum = coefficients[0];
    for coefficient in &coefficients[1..] {
        sum = M::multiply_add(sum, x, *coefficient);
    }
    sum
}

/// The whole number nearest to a·b, ties to even, for 0 ≤ a·b; at most `LIMIT`.
#[inline(always)]
pub fn whole<M: MultiplyAdd>(a: f32, b: f32) -> i32 {
    let shifted = lesser(M::multiply_add(a, b, WHOLE_LENGTH), WHOLE_LENGTH + LIMIT as f32);
    shifted.to_bits().wrapping_sub(WHOLE_LENGTH.to_bits()) as i32
}

/// The smaller of two numbers. `f32::min` looks for NaN as well, which costs two more instructions.
#[inline(always)]
pub fn lesser(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// A uniform number in (0, 1] from the size of `bits` as a signed number: multiples of 2⁻³¹, and 2⁻³³ for
/// the half step that rounds to 0. The sign is left over for other uses.
#[inline(always)]
pub fn uniform(bits: u32) -> f32 {
    let size = f32::from_bits((bits as i32 as f32).to_bits() & 0x7fff_ffff);
    let size = if size > 0.25 { size } else { 0.25 };
    size * (1.0 / 2_147_483_648.0)
}

#[cfg(test)]
mod tests {
    use super::super::arithmetic::{Fused, Separate};
    use super::*;

    fn keep_their_errors<M: MultiplyAdd>() {
        for step in 0..200_000 {
            let part = step as f32 / 200_000.0;
            let t = -120.0 + 240.0 * part;
            let exact = libm::exp2(f64::from(t));
            assert!((f64::from(exp2::<M>(1.0, t)) / exact - 1.0).abs() < 2.5e-7, "2^{t}");
            let u = libm::exp2f(-32.0 * part - 1.0);
            assert!((f64::from(log2::<M>(u)) / libm::log2(f64::from(u)) - 1.0).abs() < 3e-7, "log2 {u}");
            let v = part - 0.5;
            let (sin, cos) = sin_cos_pi::<M>(v);
            let angle = std::f64::consts::PI * f64::from(v);
            let error =
                (f64::from(sin) - libm::sin(angle)).abs().max((f64::from(cos) - libm::cos(angle)).abs());
            assert!(error < 2.5e-7, "sin and cos of {v} π: {error}");
        }
    }

    #[test]
    fn approximations_keep_their_errors() {
        keep_their_errors::<Separate>();
        keep_their_errors::<Fused>();
    }

    /// The product in the exponent is not rounded when it is fused: for the widest spread and score, 2¹¹⁷, a rounding
    /// is an error of up to 2⁻¹⁸ in the exponent.
    #[test]
    fn fused_powers_of_products_keep_the_error_of_small_powers() {
        let worst = |power: fn(f32, f32) -> f32| {
            let error = |step: i32| {
                let score = -6.77 + 13.54 * step as f32 / 20_000.0;
                let exact = libm::exp2(f64::from(17.3_f32) * f64::from(score));
                (f64::from(power(17.3, score)) / exact - 1.0).abs()
            };
            (0..=20_000).map(error).fold(0.0, f64::max)
        };
        assert!(worst(exp2::<Fused>) < 2.5e-7);
        assert!(worst(exp2::<Separate>) < std::f64::consts::LN_2 * 2.0_f64.powi(-18) + 2.5e-7);
    }

    #[test]
    fn lengths_round_to_the_nearest_token() {
        let limit = LIMIT as i32;
        for (x, tokens) in [
            (0.0, 0),
            (0.49, 0),
            (0.51, 1),
            (271_999.5, 272_000),
            (8_388_606.5, limit - 1),
            (8_388_607.0, limit),
            (8_388_607.5, limit),
            (1e30, limit),
            (f32::INFINITY, limit),
        ] {
            assert_eq!(whole::<Separate>(1.0, x), tokens, "{x}");
        }
        assert_eq!(whole::<Fused>(1e30, 1e30), limit);
        // The smallest uniform number reaches a score of √(2 · 33 · ln 2) = 6.76.
        assert_eq!((uniform(0), uniform(i32::MIN as u32)), (1.0 / 8_589_934_592.0, 1.0));
    }
}
