//! Eight additions at once.
//!
//! Coordinates are taken from memory as they are, v·2^256. To arithmetic in the form v·2^260 they look like v/16, and so does what the formulas give,
//! but for the square of the slope, which has no factor 1/16 of its own: the slope is computed with a factor 1/4, which is put into the inverses, and
//! what else it is multiplied by is multiplied by 4.

use std::arch::x86_64::*;

use ff::BatchInvert;
use halo2_proofs::halo2curves::bn256::Fq;

use super::{Pair, Point, add, denominator, neighbours};
use crate::packed::ifma::{Base, Modulus, Wide, limbs, packed, transpose};

// The coordinates of a point are eight words in a row, a register of 64 bytes.
const _: () = assert!(size_of::<Point>() == 64);

type Eight = Wide<Base>;

/// The points that eight pairs add, and which of the sums need other formulas: those with equal x or with the identity.
struct Operands {
    a: [Eight; 2],
    b: [Eight; 2],
    special: __mmask8,
}

/// All additions of a round.
///
/// # Safety
/// [`crate::packed::ifma::available`].
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub(super) unsafe fn add_pairs(points: &[Point], pairs: &[Pair], sums: &mut [Point]) {
    let (eights, rest) = pairs.as_chunks::<8>();
    // Running products of the denominators, lane by lane.
    let mut products: Vec<Eight> = Vec::with_capacity(eights.len());
    let mut product = Eight::constant(&Base::R260);
    for eight in eights {
        products.push(product);
        product = product.times(difference(&load(points, eight))).carried();
    }
    let mut inverses = [Fq::one(); 16];
    product.reduced().store_raw(&mut inverses[..8]);
    for (d, pair) in inverses[8..].iter_mut().zip(rest) {
        let [a, b] = neighbours(points, pair);
        *d = denominator(a, b);
    }
    inverses.iter_mut().batch_invert();
    for (inverse, pair) in inverses[8..].iter().zip(rest) {
        let [a, b] = neighbours(points, pair);
        sums[pair.to as usize] = add(a, b, inverse);
    }
    // V in the form v·2^260 was read as one in the form v·2^256, so its inverse lacks a factor 2^8; a fourth of it is wanted.
    let mut scaled = [Fq::zero(); 8];
    for (s, inverse) in scaled.iter_mut().zip(&inverses) {
        *s = *inverse * Fq::from(64);
    }
    let mut inverse = Eight::load_raw::<0>(&scaled);
    for (eight, product) in eights.iter().zip(&products).rev() {
        let o = load(points, eight);
        let own = inverse.times(*product).carried();
        inverse = inverse.times(difference(&o)).carried();
        let sum = combine(&o, own);
        store(sums, eight, sum);
        if o.special != 0 {
            specials(points, eight, o.special, sums);
        }
    }
}

/// Sums that need other formulas, one at a time.
#[cold]
fn specials(points: &[Point], pairs: &[Pair; 8], which: u8, sums: &mut [Point]) {
    for (lane, pair) in pairs.iter().enumerate().filter(|(lane, _)| which >> lane & 1 == 1) {
        debug_assert!(lane < 8);
        super::one_by_one(points, std::slice::from_ref(pair), sums);
    }
}

#[inline(always)]
fn load(points: &[Point], pairs: &[Pair; 8]) -> Operands {
    // SAFETY: a point has 64 bytes; for the instructions see `add_pairs`.
    unsafe {
        let read = |offset: usize| -> [__m512i; 8] {
            transpose(std::array::from_fn(|i| {
                let point: *const Point = &points[pairs[i].from as usize + offset];
                _mm512_loadu_si512(point.cast())
            }))
        };
        let (a, b) = (read(0), read(1));
        let mut differ: __mmask8 = 0;
        for w in 0..4 {
            differ |= _mm512_cmpneq_epi64_mask(a[w], b[w]);
        }
        let any = |p: &[__m512i; 8]| {
            let all = p.iter().fold(_mm512_setzero_si512(), |all, w| _mm512_or_si512(all, *w));
            _mm512_test_epi64_mask(all, all)
        };
        let special = !(differ & any(&a) & any(&b));
        let both = |p: [__m512i; 8]| {
            let [x0, x1, x2, x3, y0, y1, y2, y3] = p;
            [Eight::new(limbs::<0>([x0, x1, x2, x3])), Eight::new(limbs::<0>([y0, y1, y2, y3]))]
        };
        Operands { a: both(a), b: both(b), special }
    }
}

/// `x_b − x_a`, below 2p; 1 in special lanes.
#[inline(always)]
fn difference(o: &Operands) -> Eight {
    let d = o.b[0].plus(Eight::constant(&Base::P)).minus(o.a[0]).carried();
    if o.special == 0 {
        return d;
    }
    let one = Eight::constant(&Base::R260);
    // SAFETY: see `add_pairs`.
    unsafe { Eight::new(std::array::from_fn(|i| _mm512_mask_mov_epi64(d.0[i], o.special, one.0[i]))) }
}

/// The sum, fully reduced, given a fourth of the inverse of the difference.
#[inline(always)]
fn combine(o: &Operands, inverse: Eight) -> [Eight; 2] {
    let ([ax, ay], [bx, by]) = (o.a, o.b);
    let p = Eight::constant(&Base::P);
    let slope = by.plus(p).minus(ay).carried().times(inverse).carried();
    let x = slope.times(slope).plus(Eight::constant(&Base::MULTIPLES[2])).minus(ax).minus(bx).carried().reduced();
    let d = ax.plus(p).minus(x);
    let d = d.plus(d);
    let d = d.plus(d).carried();
    let y = slope.times(d).plus(p).minus(ay).carried().reduced();
    [x, y]
}

#[inline(always)]
fn store(sums: &mut [Point], pairs: &[Pair; 8], [x, y]: [Eight; 2]) {
    let ([x0, x1, x2, x3], [y0, y1, y2, y3]) = (packed(x.0), packed(y.0));
    let rows = transpose([x0, x1, x2, x3, y0, y1, y2, y3]);
    for (pair, row) in pairs.iter().zip(rows) {
        let point: *mut Point = &mut sums[pair.to as usize];
        // SAFETY: a point has 64 bytes; for the instructions see `add_pairs`.
        unsafe { _mm512_storeu_si512(point.cast(), row) };
    }
}
