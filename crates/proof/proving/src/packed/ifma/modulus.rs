//! The two prime fields of BN254, in limbs of 52 bits.

use halo2_proofs::halo2curves::bn256::{Fq, Fr};

use crate::packed::MAX_BOUND;

/// The bits of a limb.
pub(crate) const MASK: u64 = (1 << 52) - 1;

/// Five limbs of 52 bits, for words of 64.
pub(crate) const fn split(w: [u64; 4]) -> [u64; 5] {
    [
        w[0] & MASK,
        (w[0] >> 52 | w[1] << 12) & MASK,
        (w[1] >> 40 | w[2] << 24) & MASK,
        (w[2] >> 28 | w[3] << 36) & MASK,
        w[3] >> 16,
    ]
}

/// k·p in limbs.
const fn multiple(p: [u64; 5], k: u64) -> [u64; 5] {
    let mut out = [0; 5];
    let mut carry = 0u128;
    let mut i = 0;
    while i < 5 {
        carry += p[i] as u128 * k as u128;
        out[i] = carry as u64 & MASK;
        carry >>= 52;
        i += 1;
    }
    out
}

const fn multiples(p: [u64; 5]) -> [[u64; 5]; MAX_BOUND as usize + 1] {
    let mut out = [[0; 5]; MAX_BOUND as usize + 1];
    let mut k = 0;
    while k < out.len() {
        out[k] = multiple(p, k as u64);
        k += 1;
    }
    out
}

/// −1/p modulo 2^52.
const fn negative_inverse(p: u64) -> u64 {
    let mut x = 1u64;
    let mut i = 0;
    while i < 6 {
        x = x.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(x)));
        i += 1;
    }
    x.wrapping_neg() & MASK
}

/// A prime field whose elements are four words in memory, v·2^256 modulo the prime.
pub(crate) trait Modulus: Copy {
    /// The type in memory.
    type Element: Copy;
    /// The prime.
    const P: [u64; 5];
    /// Multiples of the prime.
    const MULTIPLES: [[u64; 5]; MAX_BOUND as usize + 1] = multiples(Self::P);
    /// −1/p modulo 2^52.
    const INVERSE: u64 = negative_inverse(Self::P[0]);
    /// 2^256 modulo the prime.
    const R256: [u64; 5];
    /// 2^260 modulo the prime: the element 1.
    const R260: [u64; 5];
}

/// The scalar field.
#[derive(Clone, Copy)]
pub(crate) struct Scalar;

impl Modulus for Scalar {
    type Element = Fr;
    const P: [u64; 5] =
        split([0x43e1_f593_f000_0001, 0x2833_e848_79b9_7091, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029]);
    const R256: [u64; 5] =
        split([0xac96_341c_4fff_fffb, 0x36fc_7695_9f60_cd29, 0x666e_a36f_7879_462e, 0x0e0a_77c1_9a07_df2f]);
    const R260: [u64; 5] =
        split([0xb9db_6b75_3fff_ffac, 0xcef7_c838_0f27_1055, 0x85a9_201d_818f_016e, 0x1f16_424e_1bb7_724f]);
}

/// The base field.
#[derive(Clone, Copy)]
pub(crate) struct Base;

impl Modulus for Base {
    type Element = Fq;
    const P: [u64; 5] =
        split([0x3c20_8c16_d87c_fd47, 0x9781_6a91_6871_ca8d, 0xb850_45b6_8181_585d, 0x3064_4e72_e131_a029]);
    const R256: [u64; 5] =
        split([0xd35d_438d_c58f_0d9d, 0x0a78_eb28_f5c7_0b3d, 0x666e_a36f_7879_462c, 0x0e0a_77c1_9a07_df2f]);
    const R260: [u64; 5] =
        split([0x4552_0880_f6fc_e4b4, 0x4989_0849_baa9_89a8, 0x85a9_201d_818f_014a, 0x1f16_424e_1bb7_724f]);
}

// A struct of 32 bytes whose only field has 32 bytes is that field.
const _: () = assert!(size_of::<Fr>() == 32 && size_of::<Fq>() == 32);

/// The words of an element in memory.
pub(crate) fn words<E: Copy>(e: &E) -> [u64; 4] {
    const { assert!(size_of::<E>() == 32) };
    // SAFETY: `Fr` and `Fq`, the only `Element`s, are structs of four words.
    unsafe { std::mem::transmute_copy(e) }
}
