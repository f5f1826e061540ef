//! The two primes, and what Montgomery's form needs to know of them.

use super::integer::{Words, at_x, difference, sum};

/// A prime below 2^254.
pub(crate) trait Prime: Copy + Eq + Ord + std::fmt::Debug + 'static {
    /// The prime p.
    const MODULUS: Words;
    /// -1/p modulo 2^64.
    const INVERSE: u64 = negative_inverse(Self::MODULUS[0]);
    /// 2^256 modulo p.
    const R: Words = doubled::<Self>([1, 0, 0, 0], 256);
    /// 2^512 modulo p.
    const R_SQUARED: Words = doubled::<Self>([1, 0, 0, 0], 512);
}

/// -1/p modulo 2^64, for an odd p: by Newton's method, each step of which doubles the number of right bits. For the first
/// three bits an odd number is its own inverse.
#[expect(clippy::disallowed_methods, reason = "modulo 2^64")]
const fn negative_inverse(p: u64) -> u64 {
    let mut inverse = p;
    let mut bits = 3u32;
    while bits < 64 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(inverse)));
        bits = bits.wrapping_mul(2);
    }
    inverse.wrapping_neg()
}

/// `2^times a` modulo p.
const fn doubled<M: Prime>(mut a: Words, mut times: u32) -> Words {
    while let Some(next) = times.checked_sub(1) {
        times = next;
        a = added::<M>(&a, &a);
    }
    a
}

/// `a + b` modulo p.
#[inline(always)]
pub(super) const fn added<M: Prime>(a: &Words, b: &Words) -> Words {
    let sum = sum(a, b);
    let (reduced, negative) = difference(&sum, &M::MODULUS);
    if negative { sum } else { reduced }
}

/// `a - b` modulo p.
#[inline(always)]
pub(super) const fn subtracted<M: Prime>(a: &Words, b: &Words) -> Words {
    let (difference, negative) = difference(a, b);
    if negative { sum(&difference, &M::MODULUS) } else { difference }
}

/// The prime of the coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Coordinates;

impl Prime for Coordinates {
    const MODULUS: Words = at_x([36, 36, 24, 6, 1]);
}

/// The prime of the scalars: the order of the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scalars;

impl Prime for Scalars {
    const MODULUS: Words = at_x([36, 36, 18, 6, 1]);
}
