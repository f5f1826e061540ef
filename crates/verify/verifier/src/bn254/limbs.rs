//! Montgomery multiplication with limbs of 29 bits.
//!
//! A product of two 32-bit halves is the widest that WebAssembly multiplies in one instruction: words of 64 bits would take
//! four multiplications and carries for each product. With nine limbs of 29 bits a column of a product, nine products of
//! 58 bits, fits 64 bits with room for the multiples of the modulus and for a second product, so that no carry is needed
//! before the column is complete (as in the WebAssembly code of Barretenberg).
//!
//! The Montgomery factor is 2^256, as with words of 64 bits (`words.rs`), so that constants and values are the same: eight
//! steps of the reduction remove 29 bits, the ninth removes 24.

#![expect(clippy::disallowed_methods, reason = "sums of products are below 2^64, or are meant modulo 2^64")]

use super::integer::{Words, difference, sum};
use super::prime::Prime;

/// Bits of a limb.
const BITS: u32 = 29;
const MASK: u64 = (1 << BITS) - 1;
/// 256 - 8 · 29: bits that the last step of the reduction removes.
const LAST: u32 = 24;
const LAST_MASK: u64 = (1 << LAST) - 1;

/// An integer of 256 bits in limbs of 29 bits.
type Limbs = [u64; 9];

/// The limbs of an integer.
const fn split(a: &Words) -> Limbs {
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
/// products, a multiple of the modulus and a carry below 2^35 are added or subtracted, which is below 2^63.
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
const fn product(a: &Limbs, b: &Limbs) -> Columns {
    columns!(column a b)
}

/// The columns of a square: products of different limbs are computed once.
#[inline(always)]
const fn squared(a: &Limbs) -> Columns {
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

/// The columns' value divided by 2^256, modulo p. The value is above -p^2 and below 2^256 p, so that what is left before the
/// last step is above -p and below 2 p. Columns may be negative, in two's complement.
#[inline(always)]
const fn reduce<M: Prime>(t: Columns) -> Words {
    let (p, n) = (const { &split(&M::MODULUS) }, M::INVERSE & MASK);
    let mut m: Limbs = [0; 9];
    let mut carry = 0u64;
    // Makes column k a multiple of 2^29 by adding a multiple of p, and carries the rest.
    macro_rules! low {
        ($k:literal: $($a:ident $i:literal $b:ident $j:literal),*) => {{
            let sum = t[$k].wrapping_add(carry)$(.wrapping_add($a[$i].wrapping_mul($b[$j])))*;
            m[$k] = sum.wrapping_mul(n) & MASK;
            carry = carried(sum.wrapping_add(m[$k].wrapping_mul(p[0])));
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
    let mut column = t[8].wrapping_add(carry);
    add!(column: m 0 p 8, m 1 p 7, m 2 p 6, m 3 p 5, m 4 p 4, m 5 p 3, m 6 p 2, m 7 p 1);
    m[8] = column.wrapping_mul(n) & LAST_MASK;
    add!(column: m 8 p 0);
    // The 24 low bits are zero; the other five are the lowest of the result.
    let r8 = (column & MASK) >> LAST;
    carry = carried(column);
    macro_rules! high {
        ($k:literal: $($terms:tt)+) => {{
            let mut column = t[$k].wrapping_add(carry);
            add!(column: $($terms)+);
            carry = carried(column);
            column & MASK
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
    let result = [
        r8 | (r9 << 5) | (r10 << 34) | (r11 << 63),
        (r11 >> 1) | (r12 << 28) | (r13 << 57),
        (r13 >> 7) | (r14 << 22) | (r15 << 51),
        (r15 >> 13) | (r16 << 16),
    ];
    if r16.cast_signed() < 0 {
        return sum(&result, &M::MODULUS);
    }
    let (reduced, negative) = difference(&result, &M::MODULUS);
    if negative { result } else { reduced }
}

/// A column without its lowest 29 bits, with its sign.
#[inline(always)]
const fn carried(column: u64) -> u64 {
    (column.cast_signed() >> BITS).cast_unsigned()
}

/// `a b / 2^256` modulo p, of an a below p and a b below 2^256.
#[inline(always)]
pub(super) const fn multiply<M: Prime>(a: &Words, b: &Words) -> Words {
    reduce::<M>(product(&split(a), &split(b)))
}

/// `a a / 2^256` modulo p, of a number below p.
#[inline(always)]
pub(super) const fn square<M: Prime>(a: &Words) -> Words {
    reduce::<M>(squared(&split(a)))
}

/// `(a0 + a1 u) (b0 + b1 u) / 2^256` modulo p, with `u^2 = -1`, of numbers below p. Three products and two reductions, by
/// Karatsuba's method:
///
/// ```text
/// a0 b0 - a1 b1 + ((a0 + a1) (b0 + b1) - a0 b0 - a1 b1) u
/// ```
///
/// The columns of the third product may leave 64 bits; those of the differences do not.
#[inline(always)]
pub(super) const fn multiply_pairs<M: Prime>(a: [&Words; 2], b: [&Words; 2]) -> [Words; 2] {
    let ([a0, a1], [b0, b1]) = ([split(a[0]), split(a[1])], [split(b[0]), split(b[1])]);
    let (low, high) = (product(&a0, &b0), product(&a1, &b1));
    let all = product(&added(&a0, &a1), &added(&b0, &b1));
    [reduce::<M>(subtracted(&low, &high)), reduce::<M>(subtracted(&subtracted(&all, &low), &high))]
}

/// Sums of limbs, without carries.
#[inline(always)]
const fn added(a: &Limbs, b: &Limbs) -> Limbs {
    let mut sums = *a;
    macro_rules! each {
        ($($i:literal)+) => { $(sums[$i] = sums[$i].wrapping_add(b[$i]);)+ };
    }
    each!(0 1 2 3 4 5 6 7 8);
    sums
}

/// Differences of columns.
#[inline(always)]
const fn subtracted(a: &Columns, b: &Columns) -> Columns {
    let mut differences = *a;
    macro_rules! each {
        ($($i:literal)+) => { $(differences[$i] = differences[$i].wrapping_sub(b[$i]);)+ };
    }
    each!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);
    differences
}
