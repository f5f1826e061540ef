//! The structured reference string (SRS) of KZG: powers of a secret s, as points.
//!
//! [`Srs::check`] checks that consecutive powers have the ratio s (all at once, by a random combination and one pairing equation), that the secret is not
//! a root of unity of the domain, and that the Lagrange points are those of the powers (another random combination).

use halo2_proofs::{
    arithmetic::best_multiexp,
    halo2curves::{
        CurveAffine,
        bn256::{Bn256, Fr, G1Affine, G2Affine},
        ff::Field,
        group::{Curve, prime::PrimeCurveAffine},
        pairing::{Engine, MillerLoopResult, MultiMillerLoop},
        serde::SerdeObject,
    },
    poly::{EvaluationDomain, commitment::ParamsProver, kzg::commitment::ParamsKZG},
};
use rand_core::{OsRng, RngCore};
use vouch_verifier::SrsKind;

use crate::ProvingError;

/// Largest k of a reference string that is read or made.
pub const MAX_K: u32 = 24;

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
        Self { params: ParamsKZG::setup(k.min(MAX_K), rng), kind: SrsKind::Development }
    }

    /// log2 of the number of powers.
    pub fn k(&self) -> u32 {
        self.params.get_g().len().ilog2()
    }

    /// What identifies the secret, whatever the number of powers: BLAKE2b-256 of G1, G2 and s·G2 with personalization `Vouch-srs-ident\0`.
    pub fn identity(&self) -> [u8; 32] {
        let points = [self.params.g2().to_raw_bytes(), self.params.s_g2().to_raw_bytes()];
        crate::digest(b"Vouch-srs-ident\0", &[&G1Affine::generator().to_raw_bytes(), &points[0], &points[1]])
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
        if !bool::from(s_g2.is_on_curve()) || (s_g2 * order_minus_one).to_affine() != -s_g2 {
            return refuse("s·G2 is not in the subgroup of prime order");
        }
        if bool::from(s_g2.is_identity()) || g.iter().any(|p| bool::from(p.is_identity())) {
            return refuse("a power is the point at infinity");
        }
        let n = g.len();
        let r: Vec<Fr> = (0..n).map(|_| Fr::random(OsRng)).collect();
        // e(Σ r_i·g_{i+1}, G2) = e(Σ r_i·g_i, s·G2): fails with probability 1 − 1/|F| unless every g_{i+1} = s·g_i.
        if n > 1 {
            let next = best_multiexp(&r[..n - 1], &g[1..]).to_affine();
            let this = best_multiexp(&r[..n - 1], &g[..n - 1]).to_affine();
            let terms = [(&next, &g2.into()), (&-this, &s_g2.into())];
            let product = Bn256::multi_miller_loop(&terms).final_exponentiation();
            if product != <Bn256 as Engine>::Gt::identity() {
                return refuse("its points are not consecutive powers of one secret");
            }
        }
        // e(s^(n-1)·G1, s·G2) = e(G1, G2) if s^n = 1: so for 1 (nobody has contributed), and for every point of the domain, where commitments bind nothing.
        let terms = [(&g[n - 1], &s_g2.into()), (&-g[0], &g2.into())];
        if Bn256::multi_miller_loop(&terms).final_exponentiation() == <Bn256 as Engine>::Gt::identity() {
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
