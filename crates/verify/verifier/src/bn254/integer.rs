//! Integers of 256 bits, and the numbers of the curve.

/// An integer: four words of 64 bits, the lowest first.
pub(crate) type Words = [u64; 4];

/// The number that the curve is made from.
pub(super) const X: u64 = 4_965_661_367_192_848_881;

/// `a b + c + d`, as its low and its high word. It is below 2^128: `(2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1`.
#[inline(always)]
#[expect(
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "nothing is lost but the high word, which is the other"
)]
pub(super) const fn product(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
    let product = (a as u128).wrapping_mul(b as u128).wrapping_add(c as u128).wrapping_add(d as u128);
    (product as u64, (product >> 64) as u64)
}

/// `a + b + carry`, and whether it is too large for a word.
#[inline(always)]
const fn carrying(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(if carry { 1 } else { 0 });
    (sum, first | second)
}

/// `a - b - borrow`, and whether it is negative.
#[inline(always)]
const fn borrowing(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (difference, first) = a.overflowing_sub(b);
    let (difference, second) = difference.overflowing_sub(if borrow { 1 } else { 0 });
    (difference, first | second)
}

/// A polynomial at [`X`], the highest coefficient first.
pub(super) const fn at_x<const N: usize>(coefficients: [u64; N]) -> Words {
    let mut value: Words = [0; 4];
    let mut rest: &[u64] = &coefficients;
    while let [coefficient, tail @ ..] = rest {
        let [v0, v1, v2, v3] = value;
        let (v0, carry) = product(v0, X, *coefficient, 0);
        let (v1, carry) = product(v1, X, carry, 0);
        let (v2, carry) = product(v2, X, carry, 0);
        let (v3, _) = product(v3, X, carry, 0);
        value = [v0, v1, v2, v3];
        rest = tail;
    }
    value
}

/// `a + b` modulo 2^256.
#[inline(always)]
pub(super) const fn sum(a: &Words, b: &Words) -> Words {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (*a, *b);
    let (s0, carry) = a0.overflowing_add(b0);
    let (s1, carry) = carrying(a1, b1, carry);
    let (s2, carry) = carrying(a2, b2, carry);
    let (s3, _) = carrying(a3, b3, carry);
    [s0, s1, s2, s3]
}

/// `a - b` modulo 2^256, and whether it is negative.
#[inline(always)]
pub(super) const fn difference(a: &Words, b: &Words) -> (Words, bool) {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (*a, *b);
    let (d0, borrow) = a0.overflowing_sub(b0);
    let (d1, borrow) = borrowing(a1, b1, borrow);
    let (d2, borrow) = borrowing(a2, b2, borrow);
    let (d3, borrow) = borrowing(a3, b3, borrow);
    ([d0, d1, d2, d3], borrow)
}

/// `floor(a / 2)`.
#[inline(always)]
pub(crate) const fn halve(a: &Words) -> Words {
    let [a0, a1, a2, a3] = *a;
    [(a0 >> 1) | (a1 << 63), (a1 >> 1) | (a2 << 63), (a2 >> 1) | (a3 << 63), a3 >> 1]
}

/// Whether an integer is odd.
#[inline(always)]
pub(super) const fn is_odd(a: &Words) -> bool {
    a[0] & 1 == 1
}

/// Whether an integer is zero.
#[inline(always)]
pub(super) const fn is_zero(a: &Words) -> bool {
    a[0] | a[1] | a[2] | a[3] == 0
}

/// The bits of an integer, from the highest on: 64 for each word.
pub(crate) fn bits(a: &[u64]) -> impl Iterator<Item = bool> {
    a.iter().rev().flat_map(|word| (0..64).map(move |i| word.rotate_left(i) >> 63 == 1))
}

/// The exponent of a power of two.
pub(crate) fn exponent_of_two(a: &Words) -> Option<u8> {
    let mut ones = bits(a).zip((0..=u8::MAX).rev()).filter(|(bit, _)| *bit);
    let (_, exponent) = ones.next()?;
    ones.next().is_none().then_some(exponent)
}

/// The non-adjacent form of an integer below 2^255, with windows of `width` bits, 2 to 7: digits d_i with
///
/// ```text
/// a = Σ d_i 2^i,    |d_i| < 2^(width - 1),
/// ```
///
/// each odd or zero, and of `width` digits in a row at most one is not zero (Hankerson, Menezes, Vanstone: *Guide to
/// Elliptic Curve Cryptography*, algorithm 3.35).
pub(crate) fn digits(a: &Words, width: u8) -> Vec<i8> {
    let power = 1u64.rotate_left(u32::from(width));
    let (half, mask) = (power >> 1, power.abs_diff(1));
    let mut rest = *a;
    let mut digits = Vec::with_capacity(256);
    while !is_zero(&rest) {
        let mut digit = 0;
        if is_odd(&rest) {
            let low = rest[0] & mask;
            rest[0] ^= low;
            // Both are below 2^6, so that they are digits.
            if low < half {
                digit = i8::try_from(low).unwrap_or(0);
            } else {
                digit = i8::try_from(power.abs_diff(low)).unwrap_or(0).checked_neg().unwrap_or(0);
                rest = sum(&rest, &[power, 0, 0, 0]);
            }
        }
        digits.push(digit);
        rest = halve(&rest);
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `Σ d_i 2^i`, for a sum that is not negative.
    fn value(digits: &[i8]) -> Words {
        digits.iter().rev().fold([0; 4], |value, digit| {
            let doubled = sum(&value, &value);
            let size = [u64::from(digit.unsigned_abs()), 0, 0, 0];
            if *digit < 0 { difference(&doubled, &size).0 } else { sum(&doubled, &size) }
        })
    }

    proptest! {
        #[test]
        fn digits_are_sparse_and_make_the_integer(mut a: Words, width in 2u8..8, shift in 0u32..63) {
            a[3] = a[3].checked_shr(shift + 1).unwrap();
            let digits = digits(&a, width);
            prop_assert_eq!(value(&digits), a);
            for window in digits.windows(usize::from(width)) {
                prop_assert!(window.iter().filter(|digit| **digit != 0).count() <= 1);
            }
            prop_assert!(digits.iter().all(|d| *d == 0 || d % 2 != 0 && i32::from(*d).abs() < 1 << (width - 1)));
        }

        #[test]
        fn sums_and_differences_carry(a: Words, b: Words) {
            let (difference, negative) = difference(&a, &b);
            prop_assert_eq!(sum(&difference, &b), a);
            prop_assert_eq!(negative, a.iter().rev().lt(b.iter().rev()));
            let doubled = sum(&halve(&a), &halve(&a));
            prop_assert_eq!(sum(&doubled, &[a[0] & 1, 0, 0, 0]), a);
            prop_assert_eq!(bits(&a).fold([0; 4], |n, bit| sum(&sum(&n, &n), &[u64::from(bit), 0, 0, 0])), a);
        }
    }

    #[test]
    fn polynomials_are_taken_at_x() {
        assert_eq!(at_x([]), [0; 4]);
        assert_eq!(at_x([7]), [7, 0, 0, 0]);
        let product = u128::from(X) * 6 + 2;
        assert_eq!(at_x([6, 2]), [product as u64, (product >> 64) as u64, 0, 0]);
    }
}
