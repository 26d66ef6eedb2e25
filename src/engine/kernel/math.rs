//! Elementary functions in f32, short enough to be vectorised where they are called.
//!
//! Only additions, multiplications, square roots and integer steps, each of which rounds in the same way on
//! every instruction set; nothing is fused. The coefficients are minimax fits; the tests hold the largest
//! errors against libm.

/// 1.5·2²³: adding it leaves the nearest whole number, ties to even, in the low bits of the sum.
const WHOLE: f32 = 12_582_912.0;
/// 2²³: adding it to a number from 0 to 2²³ − 1 does the same for lengths, and their bits then count up
/// from those of 2²³ itself.
const WHOLE_LENGTH: f32 = 8_388_608.0;

/// 2^t for |t| ≤ 126, within 2.5·10⁻⁷ of it.
#[inline(always)]
pub fn exp2(t: f32) -> f32 {
    let shifted = t + WHOLE;
    let f = t - (shifted - WHOLE);
    let p = 0.001_326_472_7;
    let p = p * f + 0.009_671_513;
    let p = p * f + 0.055_507_336;
    let p = p * f + 0.240_222_42;
    let p = p * f + 0.693_147;
    let p = p * f + 1.0;
    // The whole part of t sits in the low bits of the shifted sum: there it is moved to the exponent.
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// log₂ u for normal u > 0, within 3·10⁻⁷ of it where |log₂ u| ≥ 1 and relatively within as much elsewhere.
#[inline(always)]
pub fn log2(u: f32) -> f32 {
    // √½, so that the rest after the whole part lies evenly around 1.
    let above = u.to_bits().wrapping_sub(0x3f35_04f3) as i32;
    let exponent = above >> 23;
    let f = f32::from_bits(u.to_bits().wrapping_sub((exponent << 23) as u32)) - 1.0;
    let p = -0.145_811_68;
    let p = p * f + 0.234_042_36;
    let p = p * f - 0.248_876_87;
    let p = p * f + 0.287_098_7;
    let p = p * f - 0.360_239_62;
    let p = p * f + 0.480_923_24;
    let p = p * f - 0.721_352_8;
    let p = p * f + 1.442_694_9;
    p * f + exponent as f32
}

/// (sin πv, cos πv) for |v| ≤ ½, within 2·10⁻⁷.
#[inline(always)]
pub fn sin_cos_pi(v: f32) -> (f32, f32) {
    let y = v * v;
    let s = 0.077_560_39;
    let s = s * y - 0.598_242_1;
    let s = s * y + 2.550_069_8;
    let s = s * y - 5.167_71;
    let s = s * y + 3.141_592_7;
    let c = 0.219_696_8;
    let c = c * y - 1.331_880_2;
    let c = c * y + 4.058_412;
    let c = c * y - 4.934_793;
    let c = c * y + 0.999_999_94;
    (s * v, c)
}

/// The whole number nearest to `x`, ties to even, for 0 ≤ x ≤ 2²³ − 1.
#[inline(always)]
pub fn whole(x: f32) -> i32 {
    (x + WHOLE_LENGTH).to_bits().wrapping_sub(WHOLE_LENGTH.to_bits()) as i32
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
    use super::*;

    #[test]
    fn approximations_keep_their_errors() {
        for step in 0..200_000 {
            let part = step as f32 / 200_000.0;
            let t = -120.0 + 240.0 * part;
            let exact = libm::exp2(f64::from(t));
            assert!((f64::from(exp2(t)) / exact - 1.0).abs() < 2.5e-7, "2^{t}");
            let u = libm::exp2f(-32.0 * part - 1.0);
            assert!((f64::from(log2(u)) / libm::log2(f64::from(u)) - 1.0).abs() < 3e-7, "log2 {u}");
            let v = part - 0.5;
            let (sin, cos) = sin_cos_pi(v);
            let angle = std::f64::consts::PI * f64::from(v);
            let error =
                (f64::from(sin) - libm::sin(angle)).abs().max((f64::from(cos) - libm::cos(angle)).abs());
            assert!(error < 2.5e-7, "sin and cos of {v} π: {error}");
        }
    }

    #[test]
    fn lengths_round_to_the_nearest_token() {
        for (x, tokens) in [(0.0, 0), (0.49, 0), (0.51, 1), (271_999.5, 272_000), (8_388_607.0, 8_388_607)] {
            assert_eq!(whole(x), tokens);
        }
        // The smallest uniform number reaches a score of √(2 · 33 · ln 2) = 6.76.
        assert_eq!((uniform(0), uniform(i32::MIN as u32)), (1.0 / 8_589_934_592.0, 1.0));
    }
}
