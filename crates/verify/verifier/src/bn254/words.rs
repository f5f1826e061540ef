//! Montgomery multiplication with words of 64 bits, for machines that multiply two words to 128 bits.
//!
//! Koç, Acar, Kaliski, *Analyzing and comparing Montgomery multiplication algorithms* (IEEE Micro, 1996), section "CIOS": one
//! word of a factor at a time, and after each a word of the sum is removed by adding a multiple of p. The sum stays below
//! 2^256 in between, since p is below 2^254:
//!
//! ```text
//! (t + a b_i + m p) / 2^64 < 2 p              for t < 2 p, a < p
//! (t + a b_i + c d_i + m p) / 2^64 < 3 p      for t < 3 p, a < p, c < p
//! ```

#![expect(clippy::disallowed_methods, reason = "the lowest word of a product, or sums that the bounds above say fit")]

use super::integer::{Words, difference, product};
use super::prime::Prime;

/// A number below 2 p, modulo p.
#[inline(always)]
const fn reduced<M: Prime>(a: Words) -> Words {
    let (reduced, negative) = difference(&a, &M::MODULUS);
    if negative { a } else { reduced }
}

/// `(t + m p) / 2^64`, for the m below 2^64 that makes it an integer, of a number of five words.
#[inline(always)]
const fn shifted<M: Prime>(t: [u64; 5]) -> Words {
    let ([t0, t1, t2, t3, t4], [p0, p1, p2, p3]) = (t, M::MODULUS);
    let m = t0.wrapping_mul(M::INVERSE);
    let (_, carry) = product(m, p0, t0, 0);
    let (r0, carry) = product(m, p1, t1, carry);
    let (r1, carry) = product(m, p2, t2, carry);
    let (r2, carry) = product(m, p3, t3, carry);
    [r0, r1, r2, t4.wrapping_add(carry)]
}

/// `t + a b`.
#[inline(always)]
const fn accumulated(t: [u64; 5], a: &Words, b: u64) -> [u64; 5] {
    let ([t0, t1, t2, t3, t4], [a0, a1, a2, a3]) = (t, *a);
    let (t0, carry) = product(a0, b, t0, 0);
    let (t1, carry) = product(a1, b, t1, carry);
    let (t2, carry) = product(a2, b, t2, carry);
    let (t3, carry) = product(a3, b, t3, carry);
    [t0, t1, t2, t3, t4.wrapping_add(carry)]
}

/// `(t + a b + m p) / 2^64`.
#[inline(always)]
const fn step<M: Prime>(t: Words, a: &Words, b: u64) -> Words {
    let [t0, t1, t2, t3] = t;
    shifted::<M>(accumulated([t0, t1, t2, t3, 0], a, b))
}

/// `(t + a b + c d + m p) / 2^64`.
#[inline(always)]
const fn step_two<M: Prime>(t: Words, a: &Words, b: u64, c: &Words, d: u64) -> Words {
    let [t0, t1, t2, t3] = t;
    shifted::<M>(accumulated(accumulated([t0, t1, t2, t3, 0], a, b), c, d))
}

/// `a b / 2^256` modulo p, of an a below p and a b below 2^256.
#[inline(always)]
pub(super) const fn multiply<M: Prime>(a: &Words, b: &Words) -> Words {
    let [b0, b1, b2, b3] = *b;
    let t = step::<M>([0; 4], a, b0);
    let t = step::<M>(t, a, b1);
    let t = step::<M>(t, a, b2);
    reduced::<M>(step::<M>(t, a, b3))
}

/// `a a / 2^256` modulo p, of a number below p.
#[inline(always)]
pub(super) const fn square<M: Prime>(a: &Words) -> Words {
    multiply::<M>(a, a)
}

/// `(a b + c d) / 2^256` modulo p, of numbers below p. Before the last step it is below `2 p^2 / 2^256 + p < 2 p`.
#[inline(always)]
const fn multiply_two<M: Prime>(a: &Words, b: &Words, c: &Words, d: &Words) -> Words {
    let ([b0, b1, b2, b3], [d0, d1, d2, d3]) = (*b, *d);
    let t = step_two::<M>([0; 4], a, b0, c, d0);
    let t = step_two::<M>(t, a, b1, c, d1);
    let t = step_two::<M>(t, a, b2, c, d2);
    reduced::<M>(step_two::<M>(t, a, b3, c, d3))
}

/// `(a0 + a1 u) (b0 + b1 u) / 2^256` modulo p, with `u^2 = -1`, of numbers below p:
///
/// ```text
/// a0 b0 + (p - a1) b1 + (a0 b1 + a1 b0) u
/// ```
#[inline(always)]
pub(super) const fn multiply_pairs<M: Prime>(a: [&Words; 2], b: [&Words; 2]) -> [Words; 2] {
    let ([a0, a1], [b0, b1]) = (a, b);
    // p itself stands for zero: as a factor it is as good as a number below p.
    let (negative, _) = difference(&M::MODULUS, a1);
    [multiply_two::<M>(a0, b0, &negative, b1), multiply_two::<M>(a0, b1, a1, b0)]
}
