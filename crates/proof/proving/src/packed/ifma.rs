//! Eight elements at once with AVX-512 IFMA, which multiplies integers of 52 bits.
//!
//! An element v is kept as v·2^260 modulo p (Montgomery form for five limbs of 52 bits), a limb of all eight lanes in one register. In memory halo2curves
//! keeps v·2^256: loading multiplies by 16 with shifts, and storing divides by it.
//!
//! Every function here needs AVX-512 F, DQ and IFMA; [`available`] says whether they are there, and only [`run`] and its like, which are compiled for
//! them, call the others.

mod memory;
mod modulus;

use std::{arch::x86_64::*, marker::PhantomData, sync::LazyLock};

use halo2_proofs::halo2curves::bn256::Fr;

pub(crate) use self::{
    memory::{limbs, packed, transpose, transpose_square},
    modulus::{Base, MASK, Modulus, Scalar, split, words},
};
use super::{Kernel, Packed};

/// Whether the processor has the instructions, and they are not switched off by `VOUCH_AVX512=off`.
pub(crate) fn available() -> bool {
    #[cfg(test)]
    if super::tests::PORTABLE.load(std::sync::atomic::Ordering::SeqCst) {
        return false;
    }
    static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512ifma")
            && std::env::var_os("VOUCH_AVX512").is_none_or(|v| v != "off")
    });
    *AVAILABLE
}

/// Runs a kernel with eight lanes.
///
/// # Safety
/// [`available`].
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub(crate) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Eight>()
}

/// Eight elements: limbs in order, lanes side by side.
#[derive(Clone, Copy)]
pub(crate) struct Wide<M>(pub(crate) [__m512i; 5], PhantomData<M>);

/// Eight scalars.
pub(crate) type Eight = Wide<Scalar>;

impl<M: Modulus> Wide<M> {
    /// From limbs.
    #[inline(always)]
    pub(crate) fn new(limbs: [__m512i; 5]) -> Self {
        Self(limbs, PhantomData)
    }

    /// A constant in limbs, in all lanes.
    #[inline(always)]
    pub(crate) fn constant(limbs: &[u64; 5]) -> Self {
        // SAFETY: see the module.
        unsafe { Self::new(limbs.map(|l| _mm512_set1_epi64(l as i64))) }
    }

    /// Carries until all limbs are below 2^52; they may be negative, but not the value.
    #[inline(always)]
    pub(crate) fn carried(self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let mask = _mm512_set1_epi64(MASK as i64);
            let [mut a, mut b, mut c, mut d, mut e] = self.0;
            b = _mm512_add_epi64(b, _mm512_srai_epi64::<52>(a));
            a = _mm512_and_si512(a, mask);
            c = _mm512_add_epi64(c, _mm512_srai_epi64::<52>(b));
            b = _mm512_and_si512(b, mask);
            d = _mm512_add_epi64(d, _mm512_srai_epi64::<52>(c));
            c = _mm512_and_si512(c, mask);
            e = _mm512_add_epi64(e, _mm512_srai_epi64::<52>(d));
            d = _mm512_and_si512(d, mask);
            Self::new([a, b, c, d, e])
        }
    }

    /// The sum without carrying.
    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self::new(std::array::from_fn(|i| _mm512_add_epi64(self.0[i], other.0[i]))) }
    }

    /// The difference without carrying.
    #[inline(always)]
    pub(crate) fn minus(self, other: Self) -> Self {
        // SAFETY: see the module.
        unsafe { Self::new(std::array::from_fn(|i| _mm512_sub_epi64(self.0[i], other.0[i]))) }
    }

    /// The product of carried values divided by 2^260, not carried; its value is below `p + a·b/2^260`.
    #[inline(always)]
    pub(crate) fn times(self, other: Self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let zero = _mm512_setzero_si512();
            let p: [__m512i; 5] = M::P.map(|l| _mm512_set1_epi64(l as i64));
            let inverse = _mm512_set1_epi64(M::INVERSE as i64);
            let a = self.0;
            let mut t = [zero; 5];
            for b in other.0 {
                for j in 0..5 {
                    t[j] = _mm512_madd52lo_epu64(t[j], a[j], b);
                }
                let m = _mm512_madd52lo_epu64(zero, t[0], inverse);
                for j in 0..5 {
                    t[j] = _mm512_madd52lo_epu64(t[j], m, p[j]);
                }
                let carry = _mm512_srli_epi64::<52>(t[0]);
                t = [_mm512_add_epi64(t[1], carry), t[2], t[3], t[4], zero];
                for j in 0..5 {
                    t[j] = _mm512_madd52hi_epu64(t[j], a[j], b);
                }
                for j in 0..5 {
                    t[j] = _mm512_madd52hi_epu64(t[j], m, p[j]);
                }
            }
            Self::new(t)
        }
    }

    /// Subtracts p from carried values below 2p that are not below p.
    #[inline(always)]
    pub(crate) fn reduced_once(self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let d = self.minus(Self::constant(&M::P)).carried();
            let negative = _mm512_movepi64_mask(d.0[4]);
            Self::new(std::array::from_fn(|i| _mm512_mask_mov_epi64(d.0[i], negative, self.0[i])))
        }
    }

    /// Reduces carried values below 80p fully: an estimate of the quotient by the top limbs, and at most one more p.
    #[inline(always)]
    pub(crate) fn reduced(self) -> Self {
        // SAFETY: see the module.
        unsafe {
            let top = _mm512_cvtepi64_pd(self.0[4]);
            let q = _mm512_mul_pd(top, _mm512_set1_pd(1.0 / (M::P[4] + 1) as f64));
            let q = _mm512_cvttpd_epi64(q);
            let zero = _mm512_setzero_si512();
            let mut t = [zero; 5];
            for j in 0..5 {
                let p = _mm512_set1_epi64(M::P[j] as i64);
                t[j] = _mm512_madd52lo_epu64(t[j], q, p);
                if j < 4 {
                    t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], q, p);
                }
            }
            self.minus(Self::new(t)).carried().reduced_once()
        }
    }
}

impl Packed for Eight {
    const WIDTH: usize = 8;

    #[inline(always)]
    fn load(from: &[Fr]) -> Self {
        Self::load_raw::<4>(from)
    }

    #[inline(always)]
    fn announce(soon: &[Fr]) {
        let at = soon.as_ptr().cast::<i8>();
        // SAFETY: prefetching is not an access; see the module for the instruction.
        unsafe {
            for line in 0..4 {
                _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(64 * line));
            }
        }
    }

    #[inline(always)]
    fn splat(v: &Fr) -> Self {
        Self::constant(&split(words(&(*v * Fr::from(16)))))
    }

    #[inline(always)]
    fn store(self, to: &mut [Fr]) {
        self.times(Self::constant(&Scalar::R256)).carried().reduced_once().store_raw(to);
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.plus(other).carried()
    }

    #[inline(always)]
    fn sub(self, other: Self, bound: u32) -> Self {
        self.plus(Self::constant(&Scalar::MULTIPLES[bound as usize])).minus(other).carried()
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.times(other).carried()
    }
}
