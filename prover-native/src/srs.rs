//! The structured reference string (SRS) of KZG: powers of a secret s, as points.
//!
//! File format (`.srs`):
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | `VOUCHSR\0` |
//! | 2 | version, little-endian |
//! | 1 | 0: made locally for development, 1: from a ceremony |
//! | 4 | k |
//! | 64·2^k | s^i·G1, affine, coordinates in Montgomery form, little-endian |
//! | 64·2^k | L_i(s)·G1, L_i the Lagrange basis of the 2^k-th roots of unity |
//! | 128, 128 | G2, s·G2 |
//! | 32 | BLAKE2b-256 of all before |
//!
//! The points are halo2's `SerdeFormat::RawBytes`. Reading checks the digest, that every point is on the curve (G1 has prime order; G2 points are also
//! multiplied by the order), that consecutive powers have the ratio s (all at once, by a random combination and one pairing equation), that the
//! secret is not a root of unity of the domain, and that
//! the Lagrange points are those of the powers (another random combination).

mod import;

use std::path::Path;

use halo2_proofs::{
    SerdeFormat,
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

pub use self::import::{DEFAULT_K, Source};
use crate::{ProverError, files};

const MAGIC: &[u8; 8] = b"VOUCHSR\0";
const VERSION: u16 = 1;
const HEADER: usize = 15;
const G1: usize = 64;
const G2: usize = 128;
const PERSONAL: &[u8; 16] = b"Vouch-srs-file\0\0";
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
        files::digest(b"Vouch-srs-ident\0", &[&G1Affine::generator().to_raw_bytes(), &points[0], &points[1]])
    }

    /// The first 2^k powers.
    ///
    /// # Errors
    /// [`ProverError::SrsTooSmall`].
    pub fn truncated(&self, k: u32) -> Result<Self, ProverError> {
        use halo2_proofs::poly::commitment::Params;
        if k > self.k() {
            return Err(ProverError::SrsTooSmall { needed: k, got: self.k() });
        }
        let mut params = self.params.clone();
        if k < self.k() {
            params.downsize(k);
        }
        Ok(Self { params, kind: self.kind })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`ProverError::File`].
    pub fn save(&self, path: &Path) -> Result<(), ProverError> {
        let mut bytes = Vec::with_capacity(HEADER + (2 << self.k()) * G1 + 2 * G2 + 32);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.push(u8::from(self.kind == SrsKind::Ceremony));
        // halo2's own writer begins with k.
        self.params.write_custom(&mut bytes, SerdeFormat::RawBytes).map_err(|e| ProverError::format("SRS", e))?;
        let digest = files::digest(PERSONAL, &[&bytes]);
        files::write(path, &[&bytes, &digest])
    }

    /// Reads a file and checks everything about it.
    ///
    /// # Errors
    /// [`ProverError::File`], [`ProverError::Format`], or [`ProverError::Srs`] if the points are not powers of a secret.
    pub fn load(path: &Path) -> Result<Self, ProverError> {
        crate::cpu::check()?;
        let bytes = files::map(path)?;
        let wrong = |reason: String| ProverError::format("SRS", format!("{}: {reason}", path.display()));
        if bytes.len() < HEADER + 32 || &bytes[..8] != MAGIC {
            return Err(wrong("not a reference string of Vouch (`vouch srs import` reads those of ceremonies, `vouch srs generate` makes one for development)".into()));
        }
        let version = u16::from_le_bytes([bytes[8], bytes[9]]);
        if version != VERSION {
            return Err(wrong(format!("version {version}, this program reads version {VERSION}")));
        }
        let kind = match bytes[10] {
            0 => SrsKind::Development,
            1 => SrsKind::Ceremony,
            other => return Err(wrong(format!("unknown kind {other}"))),
        };
        let k = u32::from_le_bytes([bytes[11], bytes[12], bytes[13], bytes[14]]);
        if k > MAX_K {
            return Err(wrong(format!("k = {k}, at most {MAX_K} is supported")));
        }
        let expected = HEADER + (2usize << k) * G1 + 2 * G2 + 32;
        if bytes.len() != expected {
            return Err(wrong(format!("{} bytes, expected {expected} for k = {k}", bytes.len())));
        }
        let (content, digest) = bytes.split_at(bytes.len() - 32);
        if files::digest(PERSONAL, &[content]) != digest {
            return Err(wrong("the digest does not match: the file is damaged".into()));
        }
        let params =
            ParamsKZG::read_custom(&mut &content[11..], SerdeFormat::RawBytes).map_err(|e| wrong(e.to_string()))?;
        let srs = Self { params, kind };
        srs.check()?;
        Ok(srs)
    }

    /// Checks that the points are powers of one secret, and the Lagrange points theirs.
    ///
    /// # Errors
    /// [`ProverError::Srs`].
    pub fn check(&self) -> Result<(), ProverError> {
        let refuse = |reason: &str| Err(ProverError::Srs(reason.to_owned()));
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
