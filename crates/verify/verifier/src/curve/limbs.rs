//! Montgomery multiplication with limbs of 29 bits.
//!
//! A product of two 32-bit halves is the widest that WebAssembly multiplies in one instruction. Arkworks multiplies
//! 64-bit limbs, each product a call that does four multiplications and carries. With nine limbs of 29 bits a column of
//! a product, nine products of 58 bits, fits 64 bits with room for the multiples of the modulus and for a second
//! product, so that no carry is needed before the column is complete (as in the WebAssembly code of Barretenberg).
//!
//! The Montgomery factor stays 2^256, arkworks' own, so that its constants, conversions and encodings hold: eight
//! steps of the reduction remove 29 bits, the ninth removes 24.

#![expect(clippy::disallowed_methods, reason = "sums of products are below 2^64, or are meant modulo 2^64")]

/// Bits of a limb.
const BITS: u32 = 29;
const MASK: u64 = (1 << BITS) - 1;
/// 256 - 8 · 29: bits that the last step of the reduction removes.
const LAST: u32 = 24;
const LAST_MASK: u64 = (1 << LAST) - 1;

/// An integer of 256 bits in limbs of 29 bits.
type Limbs = [u64; 9];

/// A modulus below 2^254.
pub(super) struct Modulus {
    limbs: Limbs,
    words: [u64; 4],
    /// -1/modulus modulo 2^29.
    inverse: u64,
}

impl Modulus {
    /// The modulus in words of 64 bits, and -1/modulus modulo 2^64.
    pub(super) const fn new(words: [u64; 4], inverse: u64) -> Self {
        Self { limbs: split(&words), words, inverse: inverse & MASK }
    }
}

const fn split(a: &[u64; 4]) -> Limbs {
    let [a0, a1, a2, a3] = *a;
    [
        a0 & MASK,
        (a0 >> 29) & MASK,
        ((a0 >> 58) | (a1 << 6)) & MASK,
        (a1 >> 23) & MASK,
        ((a1 >> 52) | (a2 << 12)) & MASK,
        (a2 >> 17) & MASK,
        ((a2 >> 46) | (a3 << 18)) & MASK,
        (a3 >> 11) & MASK,
        a3 >> 40,
    ]
}

/// Adds products of limbs to a column. It does not overflow: the column of a product is below 9 · 2^58; at most two
/// products, a multiple of the modulus and a carry below 2^35 are added, which is below 2^63.
macro_rules! add {
    ($sum:ident: $($a:ident $i:literal $b:ident $j:literal),+) => {
        $($sum = $sum.wrapping_add($a[$i].wrapping_mul($b[$j]));)+
    };
}

/// The columns of the product of two numbers: `$column!(k: a i b j, ...)` with i + j = k.
macro_rules! columns {
    ($column:ident $a:ident $b:ident) => {
        [
            $column!(0: $a 0 $b 0),
            $column!(1: $a 0 $b 1, $a 1 $b 0),
            $column!(2: $a 0 $b 2, $a 1 $b 1, $a 2 $b 0),
            $column!(3: $a 0 $b 3, $a 1 $b 2, $a 2 $b 1, $a 3 $b 0),
            $column!(4: $a 0 $b 4, $a 1 $b 3, $a 2 $b 2, $a 3 $b 1, $a 4 $b 0),
            $column!(5: $a 0 $b 5, $a 1 $b 4, $a 2 $b 3, $a 3 $b 2, $a 4 $b 1, $a 5 $b 0),
            $column!(6: $a 0 $b 6, $a 1 $b 5, $a 2 $b 4, $a 3 $b 3, $a 4 $b 2, $a 5 $b 1, $a 6 $b 0),
            $column!(7: $a 0 $b 7, $a 1 $b 6, $a 2 $b 5, $a 3 $b 4, $a 4 $b 3, $a 5 $b 2, $a 6 $b 1, $a 7 $b 0),
            $column!(8: $a 0 $b 8, $a 1 $b 7, $a 2 $b 6, $a 3 $b 5, $a 4 $b 4, $a 5 $b 3, $a 6 $b 2, $a 7 $b 1, $a 8 $b 0),
            $column!(9: $a 1 $b 8, $a 2 $b 7, $a 3 $b 6, $a 4 $b 5, $a 5 $b 4, $a 6 $b 3, $a 7 $b 2, $a 8 $b 1),
            $column!(10: $a 2 $b 8, $a 3 $b 7, $a 4 $b 6, $a 5 $b 5, $a 6 $b 4, $a 7 $b 3, $a 8 $b 2),
            $column!(11: $a 3 $b 8, $a 4 $b 7, $a 5 $b 6, $a 6 $b 5, $a 7 $b 4, $a 8 $b 3),
            $column!(12: $a 4 $b 8, $a 5 $b 7, $a 6 $b 6, $a 7 $b 5, $a 8 $b 4),
            $column!(13: $a 5 $b 8, $a 6 $b 7, $a 7 $b 6, $a 8 $b 5),
            $column!(14: $a 6 $b 8, $a 7 $b 7, $a 8 $b 6),
            $column!(15: $a 7 $b 8, $a 8 $b 7),
            $column!(16: $a 8 $b 8),
        ]
    };
}

/// The columns of a product.
type Columns = [u64; 17];

macro_rules! column {
    ($k:literal: $($terms:tt)+) => {{
        let mut sum = 0u64;
        add!(sum: $($terms)+);
        sum
    }};
}

#[inline(always)]
fn product(a: &Limbs, b: &Limbs) -> Columns {
    columns!(column a b)
}

/// The columns of a square: products of different limbs are computed once.
#[inline(always)]
fn squared(a: &Limbs) -> Columns {
    let [a0, a1, a2, a3, a4, a5, a6, a7, a8] = *a;
    macro_rules! sum {
        ($($x:ident $y:ident),*; $($z:ident)?) => {
            0u64 $(.wrapping_add($x.wrapping_mul($y)))* .wrapping_mul(2) $(.wrapping_add($z.wrapping_mul($z)))?
        };
    }
    [
        a0.wrapping_mul(a0),
        sum!(a0 a1;),
        sum!(a0 a2; a1),
        sum!(a0 a3, a1 a2;),
        sum!(a0 a4, a1 a3; a2),
        sum!(a0 a5, a1 a4, a2 a3;),
        sum!(a0 a6, a1 a5, a2 a4; a3),
        sum!(a0 a7, a1 a6, a2 a5, a3 a4;),
        sum!(a0 a8, a1 a7, a2 a6, a3 a5; a4),
        sum!(a1 a8, a2 a7, a3 a6, a4 a5;),
        sum!(a2 a8, a3 a7, a4 a6; a5),
        sum!(a3 a8, a4 a7, a5 a6;),
        sum!(a4 a8, a5 a7; a6),
        sum!(a5 a8, a6 a7;),
        sum!(a6 a8; a7),
        sum!(a7 a8;),
        a8.wrapping_mul(a8),
    ]
}

/// The columns' value divided by 2^256, modulo `p`. The value is below 4 p^2.
#[inline(always)]
fn reduce(t: Columns, modulus: &Modulus) -> [u64; 4] {
    let (p, n) = (&modulus.limbs, modulus.inverse);
    let mut m: Limbs = [0; 9];
    let mut carry = 0u64;
    // Makes column k a multiple of 2^29 by adding a multiple of p, and carries the rest.
    macro_rules! low {
        ($k:literal: $($a:ident $i:literal $b:ident $j:literal),*) => {{
            let sum = t[$k].wrapping_add(carry)$(.wrapping_add($a[$i].wrapping_mul($b[$j])))*;
            m[$k] = sum.wrapping_mul(n) & MASK;
            carry = sum.wrapping_add(m[$k].wrapping_mul(p[0])) >> BITS;
        }};
    }
    low!(0:);
    low!(1: m 0 p 1);
    low!(2: m 0 p 2, m 1 p 1);
    low!(3: m 0 p 3, m 1 p 2, m 2 p 1);
    low!(4: m 0 p 4, m 1 p 3, m 2 p 2, m 3 p 1);
    low!(5: m 0 p 5, m 1 p 4, m 2 p 3, m 3 p 2, m 4 p 1);
    low!(6: m 0 p 6, m 1 p 5, m 2 p 4, m 3 p 3, m 4 p 2, m 5 p 1);
    low!(7: m 0 p 7, m 1 p 6, m 2 p 5, m 3 p 4, m 4 p 3, m 5 p 2, m 6 p 1);
    let mut sum = t[8].wrapping_add(carry);
    add!(sum: m 0 p 8, m 1 p 7, m 2 p 6, m 3 p 5, m 4 p 4, m 5 p 3, m 6 p 2, m 7 p 1);
    m[8] = sum.wrapping_mul(n) & LAST_MASK;
    add!(sum: m 8 p 0);
    // The 24 low bits are zero; the other five are the lowest of the result.
    let r8 = (sum & MASK) >> LAST;
    carry = sum >> BITS;
    macro_rules! high {
        ($k:literal: $($terms:tt)+) => {{
            let mut sum = t[$k].wrapping_add(carry);
            add!(sum: $($terms)+);
            carry = sum >> BITS;
            sum & MASK
        }};
    }
    let r9 = high!(9: m 1 p 8, m 2 p 7, m 3 p 6, m 4 p 5, m 5 p 4, m 6 p 3, m 7 p 2, m 8 p 1);
    let r10 = high!(10: m 2 p 8, m 3 p 7, m 4 p 6, m 5 p 5, m 6 p 4, m 7 p 3, m 8 p 2);
    let r11 = high!(11: m 3 p 8, m 4 p 7, m 5 p 6, m 6 p 5, m 7 p 4, m 8 p 3);
    let r12 = high!(12: m 4 p 8, m 5 p 7, m 6 p 6, m 7 p 5, m 8 p 4);
    let r13 = high!(13: m 5 p 8, m 6 p 7, m 7 p 6, m 8 p 5);
    let r14 = high!(14: m 6 p 8, m 7 p 7, m 8 p 6);
    let r15 = high!(15: m 7 p 8, m 8 p 7);
    let mut r16 = t[16].wrapping_add(carry);
    add!(r16: m 8 p 8);
    subtract_once(
        [
            r8 | (r9 << 5) | (r10 << 34) | (r11 << 63),
            (r11 >> 1) | (r12 << 28) | (r13 << 57),
            (r13 >> 7) | (r14 << 22) | (r15 << 51),
            (r15 >> 13) | (r16 << 16),
        ],
        &modulus.words,
    )
}

/// Sums and differences of words, from the lowest on.
trait Carrying: Sized {
    /// `self + other + carry`, and whether it is too large for a word.
    fn carrying(self, other: Self, carry: bool) -> (Self, bool);
    /// `self - other - borrow`, and whether it is negative.
    fn borrowing(self, other: Self, borrow: bool) -> (Self, bool);
}

impl Carrying for u64 {
    #[inline(always)]
    fn carrying(self, other: Self, carry: bool) -> (Self, bool) {
        let (sum, first) = self.overflowing_add(other);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        (sum, first | second)
    }

    #[inline(always)]
    fn borrowing(self, other: Self, borrow: bool) -> (Self, bool) {
        let (difference, first) = self.overflowing_sub(other);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        (difference, first | second)
    }
}

/// `a + b`, below 2^256.
#[inline(always)]
fn sum(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (*a, *b);
    let (s0, carry) = a0.overflowing_add(b0);
    let (s1, carry) = a1.carrying(b1, carry);
    let (s2, carry) = a2.carrying(b2, carry);
    let (s3, _) = a3.carrying(b3, carry);
    [s0, s1, s2, s3]
}

/// `a - b` modulo 2^256, and whether it is negative.
#[inline(always)]
fn difference(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (*a, *b);
    let (d0, borrow) = a0.overflowing_sub(b0);
    let (d1, borrow) = a1.borrowing(b1, borrow);
    let (d2, borrow) = a2.borrowing(b2, borrow);
    let (d3, borrow) = a3.borrowing(b3, borrow);
    ([d0, d1, d2, d3], borrow)
}

/// A number below 2 p, modulo p.
#[inline(always)]
fn subtract_once(a: [u64; 4], p: &[u64; 4]) -> [u64; 4] {
    let (reduced, negative) = difference(&a, p);
    if negative { a } else { reduced }
}

/// `a + b` modulo p, of numbers below p.
#[inline(always)]
pub(super) fn add(a: &[u64; 4], b: &[u64; 4], modulus: &Modulus) -> [u64; 4] {
    subtract_once(sum(a, b), &modulus.words)
}

/// `a - b` modulo p, of numbers below p.
#[inline(always)]
pub(super) fn subtract(a: &[u64; 4], b: &[u64; 4], modulus: &Modulus) -> [u64; 4] {
    let (difference, negative) = difference(a, b);
    if negative { sum(&difference, &modulus.words) } else { difference }
}

/// `a b / 2^256` modulo p, of numbers below p.
#[inline(always)]
pub(super) fn multiply(a: &[u64; 4], b: &[u64; 4], modulus: &Modulus) -> [u64; 4] {
    reduce(product(&split(a), &split(b)), modulus)
}

/// `a a / 2^256` modulo p, of a number below p.
#[inline(always)]
pub(super) fn square(a: &[u64; 4], modulus: &Modulus) -> [u64; 4] {
    reduce(squared(&split(a)), modulus)
}

/// `(a b + c d) / 2^256` modulo p, of numbers below p.
#[inline(always)]
pub(super) fn multiply_two(a: &[u64; 4], b: &[u64; 4], c: &[u64; 4], d: &[u64; 4], modulus: &Modulus) -> [u64; 4] {
    let mut columns = product(&split(a), &split(b));
    for (sum, other) in columns.iter_mut().zip(product(&split(c), &split(d))) {
        *sum = sum.wrapping_add(other);
    }
    reduce(columns, modulus)
}
