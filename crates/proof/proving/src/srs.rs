//! The structured reference string (SRS) of KZG: powers of a secret s, as points.
//!
//! [`Srs::check`] checks that consecutive powers have the ratio s (all at once, by a random combination and one pairing equation), that the secret is not
//! a root of unity of the domain, and that the Lagrange points are those of the powers (another random combination).
//!
//! [`Srs::from_raw`] reads halo2's raw form, of which halo2 itself checks nothing:
//!
//! | bytes | content |
//! | --- | --- |
//! | 4 | k, little-endian |
//! | 64·2^k | s^i·G1, coordinates in Montgomery form, little-endian |
//! | 64·2^k | L_i(s)·G1 |
//! | 128, 128 | G2, s·G2 |

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::as_conversions))]

mod development;

use std::ops::Neg;

use halo2_proofs::{
    SerdeFormat,
    arithmetic::best_multiexp,
    halo2curves::{
        CurveAffine,
        bn256::{Bn256, Fr, G1Affine, G2Affine},
        ff::Field,
        group::{Curve, GroupEncoding, prime::PrimeCurveAffine},
        pairing::{Engine, MillerLoopResult, MultiMillerLoop},
        serde::SerdeObject,
    },
    poly::{EvaluationDomain, commitment::ParamsProver, kzg::commitment::ParamsKZG},
};
use rand_core::{OsRng, RngCore};
use rayon::prelude::*;
use vouch_verifier::{SrsKind, VerifierKey};

use crate::{ProvingError, commit::KzgParams, number::long};

/// Largest k of a reference string that is read or made.
pub const MAX_K: u32 = 24;

const G1: usize = 64;
const G2: usize = 128;

/// A reference string.
#[derive(Clone, Debug)]
pub struct Srs {
    /// The points.
    pub params: ParamsKZG<Bn256>,
    /// Where they come from.
    pub kind: SrsKind,
}

impl Srs {
    /// Makes a reference string of 2^k powers from the system's randomness. The secret is dropped, but nobody else can know that:
    /// for development only.
    pub fn development(k: u32) -> Self {
        Self::development_with(k, OsRng)
    }

    /// Like [`Srs::development`], from other randomness (tests).
    pub fn development_with(k: u32, rng: impl RngCore) -> Self {
        Self { params: development::params(k.min(MAX_K), rng), kind: SrsKind::Development }
    }

    /// Reads halo2's raw form (in the module's documentation): every coordinate must be below the modulus, every point on its
    /// curve and not at infinity. That they are powers of a secret is for [`Srs::check`] to say.
    ///
    /// # Errors
    /// [`ProvingError::Srs`] names the first point that is refused.
    pub fn from_raw(bytes: &[u8], kind: SrsKind) -> Result<Self, ProvingError> {
        let k = bytes.first_chunk().map_or(u32::MAX, |k| u32::from_le_bytes(*k));
        check_length(bytes, k)?;
        check_points(bytes, k)?;
        Ok(Self { params: read_unchecked(bytes)?, kind })
    }

    /// log2 of the number of powers.
    pub fn k(&self) -> u32 {
        self.params.get_g().len().ilog2()
    }

    /// What identifies the secret, whatever the number of powers: BLAKE2b-256 of G1, G2 and s·G2 with personalization `Vouch-srs-ident\0`.
    pub fn identity(&self) -> [u8; 32] {
        identity(&self.params)
    }

    /// The first 2^k powers.
    ///
    /// # Errors
    /// [`ProvingError::SrsTooSmall`].
    pub fn truncated(&self, k: u32) -> Result<Self, ProvingError> {
        use halo2_proofs::poly::commitment::Params;
        if k > self.k() {
            return Err(ProvingError::SrsTooSmall { needed: k, got: self.k() });
        }
        let mut params = self.params.clone();
        if k < self.k() {
            params.downsize(k);
        }
        Ok(Self { params, kind: self.kind })
    }

    /// Checks that the points are powers of one secret, and the Lagrange points theirs.
    ///
    /// # Errors
    /// [`ProvingError::Srs`].
    pub fn check(&self) -> Result<(), ProvingError> {
        let refuse = |reason: &str| Err(ProvingError::Srs(reason.to_owned()));
        let g = self.params.get_g();
        let (g2, s_g2) = (self.params.g2(), self.params.s_g2());
        if g.first() != Some(&G1Affine::generator()) || g2 != G2Affine::generator() {
            return refuse("it does not start with the standard generators");
        }
        // The curve's cofactor on G2 is not 1.
        let order_minus_one = -Fr::one();
        if !bool::from(s_g2.is_on_curve()) || (s_g2 * order_minus_one).to_affine() != s_g2.neg() {
            return refuse("s·G2 is not in the subgroup of prime order");
        }
        if bool::from(s_g2.is_identity()) || g.iter().any(|p| bool::from(p.is_identity())) {
            return refuse("a power is the point at infinity");
        }
        let r: Vec<Fr> = g.iter().map(|_| Fr::random(OsRng)).collect();
        // e(Σ r_i·g_{i+1}, G2) = e(Σ r_i·g_i, s·G2): fails with probability 1 − 1/|F| unless every g_{i+1} = s·g_i.
        if let ([_, later @ ..], [earlier @ .., _], [r @ .., _]) = (g, g, r.as_slice())
            && !r.is_empty()
        {
            let next = best_multiexp(r, later).to_affine();
            let this = best_multiexp(r, earlier).to_affine();
            if !equal_pairings((next, g2), (this, s_g2)) {
                return refuse("its points are not consecutive powers of one secret");
            }
        }
        if is_root_of_unity(&self.params) {
            return refuse("its secret is a root of unity, which everybody can guess");
        }
        // Σ r_i·L_i(s) is the commitment of the polynomial with values r_i.
        let domain = EvaluationDomain::<Fr>::new(1, self.k());
        let values = domain.lagrange_from_vec(r.clone());
        let coefficients = domain.lagrange_to_coeff(values.clone());
        use halo2_proofs::poly::commitment::{Blind, Params};
        let lagrange = self.params.commit_lagrange(&values, Blind::default());
        if lagrange.to_affine() != self.params.commit(&coefficients, Blind::default()).to_affine() {
            return refuse("its Lagrange points do not belong to its powers");
        }
        Ok(())
    }
}

fn identity(params: &ParamsKZG<Bn256>) -> [u8; 32] {
    let points = [params.g2().to_raw_bytes(), params.s_g2().to_raw_bytes()];
    crate::digest(b"Vouch-srs-ident\0", &[&G1Affine::generator().to_raw_bytes(), &points[0], &points[1]])
}

/// Whether `e(a, b) = e(c, d)`.
fn equal_pairings((a, b): (G1Affine, G2Affine), (c, d): (G1Affine, G2Affine)) -> bool {
    let product = Bn256::multi_miller_loop(&[(&a, &b.into()), (&c.neg(), &d.into())]).final_exponentiation();
    product == <Bn256 as Engine>::Gt::identity()
}

/// Whether s^n = 1, which is so if `e(s^(n-1)·G1, s·G2) = e(G1, G2)`: so for 1 (nobody has contributed), and for every point of the
/// domain, where commitments bind nothing and hide nothing.
fn is_root_of_unity(params: &ParamsKZG<Bn256>) -> bool {
    let g = params.get_g();
    let last = g.last().copied().unwrap_or_default();
    equal_pairings((last, params.s_g2()), (G1Affine::generator(), G2Affine::generator()))
}

fn refused(reason: impl Into<String>) -> ProvingError {
    ProvingError::Srs(reason.into())
}

/// Checks that bytes have the length and the k of halo2's raw form with 2^k powers.
pub(crate) fn check_length(bytes: &[u8], k: u32) -> Result<(), ProvingError> {
    // In 64 bits: in WebAssembly a usize has 32.
    let expected = (k <= MAX_K).then(|| (long(2 * G1) << k).saturating_add(long(4 + 2 * G2)));
    if Some(long(bytes.len())) == expected && bytes.starts_with(&k.to_le_bytes()) {
        return Ok(());
    }
    Err(refused(format!("its {} bytes are not those of 2^k powers, k = {k} of at most {MAX_K}", bytes.len())))
}

/// Checks every point by itself, in bytes whose length has been checked.
fn check_points(bytes: &[u8], k: u32) -> Result<(), ProvingError> {
    let (points, second) = bytes[4..].split_at((2 * G1) << k);
    let refuse = |name: &str, at: usize, point: &[u8]| {
        let what = if point.iter().all(|b| *b == 0) { "the point at infinity" } else { "not a point of the curve" };
        Err(refused(format!("{name} {at} is {what}")))
    };
    let wrong = |point: &[u8]| G1Affine::from_raw_bytes(point).is_none_or(|p| p.is_identity().into());
    if let Some(at) = points.par_chunks_exact(G1).position_first(wrong) {
        let point = points.chunks_exact(G1).nth(at).unwrap_or_default();
        return match at.checked_sub(1 << k) {
            None => refuse("power", at, point),
            Some(at) => refuse("Lagrange point", at, point),
        };
    }
    let wrong = |point: &[u8]| G2Affine::from_raw_bytes(point).is_none_or(|p| p.is_identity().into());
    match second.chunks_exact(G2).position(wrong) {
        Some(at) => refuse("power in G2", at, second.chunks_exact(G2).nth(at).unwrap_or_default()),
        None => Ok(()),
    }
}

/// The points of bytes that have been checked. halo2 would panic at the end of others.
fn read_unchecked(bytes: &[u8]) -> Result<ParamsKZG<Bn256>, ProvingError> {
    ParamsKZG::read_custom(&mut &*bytes, SerdeFormat::RawBytesUnchecked).map_err(|e| refused(e.to_string()))
}

/// Reads the reference string of a proving key, in the raw form.
///
/// Its points must be on the curve, and its secret that of the verifying key and not in the domain. That each point is the
/// right power is left to the proof: one made with others does not verify.
///
/// # Errors
/// [`ProvingError::Srs`].
pub(crate) fn of_key(bytes: &[u8], key: &VerifierKey) -> Result<KzgParams, ProvingError> {
    let own = key.description();
    check_length(bytes, own.k)?;
    check_points(bytes, own.k)?;
    let params = read_unchecked(bytes)?;
    let (g, g2, s_g2) = (params.get_g(), params.g2(), params.s_g2());
    let generators = g.first() == Some(&G1Affine::generator()) && g2 == G2Affine::generator();
    // The verifying key's point has been found to be in the subgroup.
    let points = g2.to_bytes().as_ref() == own.g2 && s_g2.to_bytes().as_ref() == own.s_g2;
    if !generators || !points || identity(&params) != own.srs_identity {
        return Err(refused("it is not that of the verifying key"));
    }
    if !equal_pairings((g[1], g2), (g[0], s_g2)) {
        return Err(refused("its points are not powers of the secret of the verifying key"));
    }
    if is_root_of_unity(&params) {
        return Err(refused("its secret is a root of unity, which everybody can guess"));
    }
    let size = G1 << own.k;
    let (_, lagrange) = bytes[4..].split_at(size);
    let lagrange = lagrange[..size].chunks_exact(G1).map(G1Affine::from_raw_bytes_unchecked).collect();
    Ok(KzgParams::new(params, lagrange))
}
