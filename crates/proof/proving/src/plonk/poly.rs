//! Polynomials as slices of coefficients.

use halo2_proofs::halo2curves::{
    bn256::Fr,
    ff::{Field, PrimeField},
};
use rayon::prelude::*;

use crate::{
    ProvingError,
    packed::{Kernel, Packed, dispatch, transform::Transform},
};

/// The n-th roots of unity.
#[derive(Debug)]
pub(super) struct Domain {
    pub(super) n: usize,
    pub(super) k: u32,
    pub(super) omega: Fr,
    inverse: Transform,
}

impl Domain {
    pub(super) fn new(k: u32) -> Self {
        let n = 1usize << k;
        let omega = root_of_unity(k);
        // Inverses of 2^k and of ω, as constants of the field.
        let scale = Fr::TWO_INV.pow_vartime([u64::from(k)]);
        let back = order_2_to(k, Fr::ROOT_OF_UNITY_INV);
        Self { n, k, omega, inverse: Transform::new(k, back, Fr::one(), Some(scale)) }
    }

    /// A root of unity of order 2^k.
    pub(super) fn root(&self, k: u32) -> Fr {
        root_of_unity(k)
    }

    /// The transform from coefficients to values at `shift·ω^i`.
    pub(super) fn coset(&self, shift: Fr) -> Transform {
        Transform::new(self.k, self.omega, shift, None)
    }

    /// Coefficients of the polynomial with these values at ω^i.
    pub(super) fn coefficients(&self, values: &[Fr]) -> Vec<Fr> {
        let mut out = vec![Fr::zero(); self.n];
        self.interpolate(values, &mut out);
        out
    }

    /// The same, into a slice of the same length.
    pub(super) fn interpolate(&self, values: &[Fr], to: &mut [Fr]) {
        self.inverse.run(values, to);
    }

    /// `x·ω^rotation`.
    pub(super) fn rotate(&self, x: Fr, rotation: i32) -> Fr {
        x * self.omega.pow_vartime([i64::from(rotation).rem_euclid(self.n as i64) as u64])
    }
}

/// `first·by^i` for all i.
pub(super) fn points(first: Fr, by: Fr, to: &mut [Fr]) {
    let mut x = first;
    for v in to {
        *v = x;
        x *= by;
    }
}

fn root_of_unity(k: u32) -> Fr {
    order_2_to(k, Fr::ROOT_OF_UNITY)
}

/// The power of an element of order 2^S that has order 2^k.
fn order_2_to(k: u32, root: Fr) -> Fr {
    (k..Fr::S).fold(root, |r, _| r.square())
}

/// The inverse of an element that is not zero.
///
/// # Errors
/// [`ProvingError::Zero`] if it is zero.
pub(super) fn invert_nonzero(v: Fr, what: &'static str) -> Result<Fr, ProvingError> {
    Option::<Fr>::from(v.invert()).ok_or(ProvingError::Zero { what })
}

/// `Σ_j factors[j]·polys[j]`, of polynomials of one length.
pub(super) fn combine(polys: &[&[Fr]], factors: &[Fr]) -> Vec<Fr> {
    let mut out = vec![Fr::zero(); polys.first().map_or(0, |p| p.len())];
    out.par_chunks_mut(512).enumerate().for_each(|(i, out)| {
        dispatch(out.len(), Combination { polys, factors, start: 512 * i, out });
    });
    out
}

struct Combination<'a> {
    polys: &'a [&'a [Fr]],
    factors: &'a [Fr],
    start: usize,
    out: &'a mut [Fr],
}

impl Kernel for Combination<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Packed>(self) {
        let one = L::splat(&Fr::one());
        let factors: Vec<L> = self.factors.iter().map(L::splat).collect();
        for (i, out) in self.out.chunks_exact_mut(L::WIDTH).enumerate() {
            let at = self.start + i * L::WIDTH;
            let mut sum = L::splat(&Fr::zero());
            // A product's bound is 2, so thirty-two stay below 80; with the reduced sum, 66.
            for (polys, factors) in self.polys.chunks(32).zip(factors.chunks(32)) {
                for (p, f) in polys.iter().zip(factors) {
                    sum = sum.add(L::load(&p[at..]).mul(*f));
                }
                sum = sum.mul(one);
            }
            sum.store(out);
        }
    }
}

/// `low + by·high`, of polynomials of one length.
pub(super) fn fold(low: &[Fr], high: &[Fr], by: &Fr) -> Vec<Fr> {
    let mut out = vec![Fr::zero(); low.len()];
    dispatch(out.len(), Fold { low, high, by, out: &mut out });
    out
}

struct Fold<'a> {
    low: &'a [Fr],
    high: &'a [Fr],
    by: &'a Fr,
    out: &'a mut [Fr],
}

impl Kernel for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Packed>(self) {
        let by = L::splat(self.by);
        let parts = self.low.chunks_exact(L::WIDTH).zip(self.high.chunks_exact(L::WIDTH));
        for ((low, high), out) in parts.zip(self.out.chunks_exact_mut(L::WIDTH)) {
            L::load(high).mul(by).add(L::load(low)).store(out);
        }
    }
}

/// The value at x.
pub(super) fn evaluate(poly: &[Fr], x: &Fr) -> Fr {
    dispatch(poly.len(), Evaluation { poly, x })
}

struct Evaluation<'a> {
    poly: &'a [Fr],
    x: &'a Fr,
}

impl Kernel for Evaluation<'_> {
    type Output = Fr;

    #[inline(always)]
    fn run<L: Packed>(self) -> Fr {
        // Horner's rule in x^WIDTH in every lane, then in x over the lanes.
        let by = L::splat(&self.x.pow_vartime([L::WIDTH as u64]));
        let mut sum = L::splat(&Fr::zero());
        for chunk in self.poly.chunks_exact(L::WIDTH).rev() {
            sum = sum.mul(by).add(L::load(chunk));
        }
        let mut lanes = [Fr::zero(); 8];
        sum.store(&mut lanes[..L::WIDTH]);
        lanes[..L::WIDTH].iter().rev().fold(Fr::zero(), |sum, v| sum * self.x + v)
    }
}

/// The quotient of the division by X − x, padded to the same length.
pub(super) fn divide(poly: &[Fr], x: &Fr) -> Vec<Fr> {
    let mut out = vec![Fr::zero(); poly.len()];
    let mut carry = Fr::zero();
    for (out, c) in out.iter_mut().zip(poly.iter().skip(1)).rev() {
        carry = carry * x + c;
        *out = carry;
    }
    out
}
