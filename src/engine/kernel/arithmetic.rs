//! a·b + c with two roundings, or with one: the only step in which the two ways of the kernel differ.
//!
//! A fused step is what IEEE 754 says it is on every machine, so its bits are the same where there is an
//! instruction for it and where there is none.

/// How a product and the sum after it round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// The product, and then the sum.
    Separate,
    /// Once, after both.
    Fused,
}

/// One multiplication and one addition.
pub trait MultiplyAdd {
    /// a·b + c of finite numbers.
    fn multiply_add(a: f32, b: f32, c: f32) -> f32;
}

/// With two roundings.
pub struct Separate;

impl MultiplyAdd for Separate {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}

/// With one rounding, by the instruction; where the caller is compiled without it, by a call, which is slow.
pub struct Fused;

impl MultiplyAdd for Fused {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

/// With one rounding, in simple steps that can be vectorised.
pub struct Emulated;

impl MultiplyAdd for Emulated {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
        let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
        let sum = product + c;
        // 48 bits hold the product, so only the sum rounds; this is what it lost (Knuth, TAOCP 4.2.2).
        let back = sum - product;
        let lost = (product - (sum - back)) + (c - back);
        // Rounded to odd instead of to nearest, 53 bits lead to the same 24 as all of them would (Boldo and
        // Melquiond, 2008): no tie is made that was none.
        let bits = sum.to_bits();
        let outward = 1_u64.wrapping_sub((lost.to_bits() ^ bits) >> 63 << 1);
        let moved = bits.wrapping_add(if lost == 0.0 { 0 } else { outward });
        f64::from_bits(if bits & 1 == 0 { moved } else { bits }) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stream::philox;

    /// Where the machine has the instruction, and the test is compiled for a system whose own function is right,
    /// `mul_add` is the reference; the cases below are ties that a rounding to 53 bits makes out of none.
    #[test]
    fn the_emulated_step_rounds_once() {
        let tiny = 2.0_f32.powi(-60);
        let (a, b) = (1.0 + 2.0_f32.powi(-12), 1.0 + 2.0_f32.powi(-12));
        // a·b = 1 + 2⁻¹¹ + 2⁻²⁴, half a step above 1 + 2⁻¹¹, whose last bit is even.
        let (even, above) = (1.0 + 2.0_f32.powi(-11), 1.0 + 2.0_f32.powi(-11) + 2.0_f32.powi(-23));
        for (c, expected) in [(0.0, even), (tiny, above), (-tiny, even)] {
            assert_eq!(Emulated::multiply_add(a, b, c), expected, "{c:e}");
            assert_eq!(Emulated::multiply_add(-a, b, -c), -expected, "{c:e}");
        }
        // What the product loses by a rounding of its own.
        assert_eq!(Emulated::multiply_add(a, b, -even), 2.0_f32.powi(-24));
        assert_eq!(Separate::multiply_add(a, b, -even), 0.0);
        // −.24325040 and a half step and a little more, which 53 bits do not hold.
        let found = Emulated::multiply_add(0.947_400_1, 4.639_901e-7, -0.243_250_85);
        assert_eq!(found.to_bits(), 0xbe79_16a3);
    }

    #[test]
    fn emulated_and_fused_steps_have_the_same_bits() {
        for at in 0..1_000_000 {
            let [a, b, c, sizes] = philox([at, 0, 0, 0], [3, 4]);
            // Few bits in the factors make exact products, ties and cancellations frequent.
            let number = |bits: u32, size: u32| {
                let mantissa = if sizes & 1 == 0 { bits & 0x007f_ffff } else { bits & 0x0060_0003 };
                f32::from_bits(mantissa | (bits & 0x8000_0000) | ((127 - 32 + (size & 63)) << 23))
            };
            let (a, b) = (number(a, sizes >> 1), number(b, sizes >> 7));
            let c = match sizes >> 30 {
                0 => -a * b,
                1 => 0.5 * a * b * f32::EPSILON,
                _ => number(c, sizes >> 13),
            };
            let (emulated, fused) = (Emulated::multiply_add(a, b, c), Fused::multiply_add(a, b, c));
            assert_eq!(emulated.to_bits(), fused.to_bits(), "{a:e} · {b:e} + {c:e}");
        }
    }
}
