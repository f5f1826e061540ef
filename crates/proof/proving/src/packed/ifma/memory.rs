//! From memory to lanes and back.

use std::arch::x86_64::*;

use super::{MASK, Modulus, Wide};

/// The eight elements at the places of memory, as words: `[w][lane]`.
#[inline(always)]
pub(crate) fn transpose_in(z: [__m512i; 4]) -> [__m512i; 4] {
    // SAFETY: see the module.
    unsafe {
        let low = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13);
        let high = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
        let a = _mm512_permutex2var_epi64(z[0], low, z[1]);
        let b = _mm512_permutex2var_epi64(z[2], low, z[3]);
        let c = _mm512_permutex2var_epi64(z[0], high, z[1]);
        let d = _mm512_permutex2var_epi64(z[2], high, z[3]);
        [
            _mm512_shuffle_i64x2::<0x44>(a, b),
            _mm512_shuffle_i64x2::<0xee>(a, b),
            _mm512_shuffle_i64x2::<0x44>(c, d),
            _mm512_shuffle_i64x2::<0xee>(c, d),
        ]
    }
}

/// The inverse of [`transpose_in`].
#[inline(always)]
pub(crate) fn transpose_out(w: [__m512i; 4]) -> [__m512i; 4] {
    // SAFETY: see the module.
    unsafe {
        let low = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13);
        let high = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
        let a = _mm512_shuffle_i64x2::<0x44>(w[0], w[1]);
        let b = _mm512_shuffle_i64x2::<0xee>(w[0], w[1]);
        let c = _mm512_shuffle_i64x2::<0x44>(w[2], w[3]);
        let d = _mm512_shuffle_i64x2::<0xee>(w[2], w[3]);
        [
            _mm512_permutex2var_epi64(a, low, c),
            _mm512_permutex2var_epi64(a, high, c),
            _mm512_permutex2var_epi64(b, low, d),
            _mm512_permutex2var_epi64(b, high, d),
        ]
    }
}

/// Limbs of words, times 2^`SHIFT` (0 or 4).
#[inline(always)]
pub(crate) fn limbs<const SHIFT: u32>(w: [__m512i; 4]) -> [__m512i; 5] {
    // SAFETY: see the module.
    unsafe {
        let mask = _mm512_set1_epi64(MASK as i64);
        let join = |low: __m512i, right: u32, high: __m512i, left: u32| {
            let right = _mm512_srl_epi64(low, _mm_cvtsi64_si128(i64::from(right)));
            let left = _mm512_sll_epi64(high, _mm_cvtsi64_si128(i64::from(left)));
            _mm512_and_si512(_mm512_or_si512(right, left), mask)
        };
        [
            _mm512_and_si512(_mm512_sll_epi64(w[0], _mm_cvtsi64_si128(i64::from(SHIFT))), mask),
            join(w[0], 52 - SHIFT, w[1], 12 + SHIFT),
            join(w[1], 40 - SHIFT, w[2], 24 + SHIFT),
            join(w[2], 28 - SHIFT, w[3], 36 + SHIFT),
            _mm512_srl_epi64(w[3], _mm_cvtsi64_si128(i64::from(16 - SHIFT))),
        ]
    }
}

/// Words of limbs below 2^52.
#[inline(always)]
pub(crate) fn packed(l: [__m512i; 5]) -> [__m512i; 4] {
    // SAFETY: see the module.
    unsafe {
        [
            _mm512_or_si512(l[0], _mm512_slli_epi64::<52>(l[1])),
            _mm512_or_si512(_mm512_srli_epi64::<12>(l[1]), _mm512_slli_epi64::<40>(l[2])),
            _mm512_or_si512(_mm512_srli_epi64::<24>(l[2]), _mm512_slli_epi64::<28>(l[3])),
            _mm512_or_si512(_mm512_srli_epi64::<36>(l[3]), _mm512_slli_epi64::<16>(l[4])),
        ]
    }
}

/// Rows become columns: lane j of row i is what lane i of row j was.
#[inline(always)]
pub(crate) fn transpose(r: [__m512i; 8]) -> [__m512i; 8] {
    // SAFETY: see the module.
    unsafe {
        let pairs: [__m512i; 8] = std::array::from_fn(|i| {
            if i % 2 == 0 { _mm512_unpacklo_epi64(r[i], r[i + 1]) } else { _mm512_unpackhi_epi64(r[i - 1], r[i]) }
        });
        let mut out = r;
        // pairs[0] has lanes 0, 2, 4, 6 of rows 0 and 1; pairs[1] lanes 1, 3, 5, 7.
        for odd in 0..2 {
            let [a, b, c, d] = [pairs[odd], pairs[2 + odd], pairs[4 + odd], pairs[6 + odd]];
            let ab = [_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0xdd>(a, b)];
            let cd = [_mm512_shuffle_i64x2::<0x88>(c, d), _mm512_shuffle_i64x2::<0xdd>(c, d)];
            // ab[0]: lanes 0 and 4 of rows 0, 1, then of rows 2, 3; ab[1]: lanes 2 and 6.
            out[odd] = _mm512_shuffle_i64x2::<0x88>(ab[0], cd[0]);
            out[4 + odd] = _mm512_shuffle_i64x2::<0xdd>(ab[0], cd[0]);
            out[2 + odd] = _mm512_shuffle_i64x2::<0x88>(ab[1], cd[1]);
            out[6 + odd] = _mm512_shuffle_i64x2::<0xdd>(ab[1], cd[1]);
        }
        out
    }
}

/// [`transpose`] of elements.
#[inline(always)]
pub(crate) fn transpose_square<M: Modulus>(rows: &mut [Wide<M>; 8]) {
    for limb in 0..5 {
        let columns = transpose(std::array::from_fn(|i| rows[i].0[limb]));
        for (row, column) in rows.iter_mut().zip(columns) {
            row.0[limb] = column;
        }
    }
}

impl<M: Modulus> Wide<M> {
    /// Loads limbs, lane by lane.
    #[inline(always)]
    pub(crate) fn load_limbs(from: &[[u64; 8]; 5]) -> Self {
        // SAFETY: eight words are a register; see the module.
        unsafe { Self::new(std::array::from_fn(|i| _mm512_loadu_si512(from[i].as_ptr().cast()))) }
    }

    /// Loads eight elements as they are in memory (times 2^`SHIFT`).
    #[inline(always)]
    pub(crate) fn load_raw<const SHIFT: u32>(from: &[M::Element]) -> Self {
        let from: &[M::Element; 8] = from[..8].first_chunk().expect("eight elements");
        let at = from.as_ptr().cast::<__m512i>();
        // SAFETY: eight elements of 32 bytes are four registers of 64; see the module.
        let z = unsafe { std::array::from_fn(|i| _mm512_loadu_si512(at.add(i))) };
        Self::new(limbs::<SHIFT>(transpose_in(z)))
    }

    /// Stores fully reduced elements as they are.
    #[inline(always)]
    pub(crate) fn store_raw(self, to: &mut [M::Element]) {
        let to: &mut [M::Element; 8] = to[..8].first_chunk_mut().expect("eight elements");
        let at = to.as_mut_ptr().cast::<__m512i>();
        for (i, z) in transpose_out(packed(self.0)).into_iter().enumerate() {
            // SAFETY: eight elements of 32 bytes are four registers of 64; all are below the prime; see the module.
            unsafe { _mm512_storeu_si512(at.add(i), z) };
        }
    }
}
