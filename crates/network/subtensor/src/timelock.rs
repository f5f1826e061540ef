//! Weights that the chain opens later: encrypted to a round of drand's quicknet.
//!
//! The scheme is Boneh and Franklin's identity-based encryption with Fujisaki and Okamoto's transformation, in the form of the
//! crate `tle`, which the chain runs. P is drand's public key, Q the hash of the round's number to G1, and the round's
//! signature is s·Q:
//!
//! ```text
//! Q = H(SHA-256(round, big-endian))        r = H3(σ, k) mod q        k: key of the cipher, σ: random
//! U = r·G2      V = σ ⊕ SHA-256(e(Q, P)^r)      W = k ⊕ SHA-256(σ)      body = AES-256-GCM(k, message)
//! ```
//!
//! Who has the signature computes e(s·Q, U) = e(Q, P)^r, then σ, k and the message.

use ark_bls12_381::{Bls12_381, Fr, G1Affine, G1Projective, G2Affine, G2Projective, g1};
use ark_ec::hashing::HashToCurve;
use ark_ec::hashing::curve_maps::wb::WBMap;
use ark_ec::hashing::map_to_curve_hasher::MapToCurveBasedHasher;
use ark_ec::pairing::Pairing;
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::PrimeField;
use ark_ff::field_hashers::DefaultFieldHasher;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use parity_scale_codec::{Decode, Encode};
use rand_core::{OsRng, RngCore};
use sha2::{Digest, Sha256};
use thiserror::Error;
use vouch_envelope::hex;

/// Seconds since 1970 of quicknet's first round.
pub const DRAND_GENESIS: u64 = 1_692_803_367;
/// Seconds between its rounds.
pub const DRAND_PERIOD: u64 = 3;
/// Quicknet's public key, chain 52db9ba7….
const DRAND_KEY: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const SUITE: &[u8] = b"AES_GCM_";
const NONCE: usize = 12;

/// What is encrypted: the weights, with the key whose they are, so that nobody can commit another's.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct WeightsPayload {
    /// The validator's hotkey.
    pub hotkey: Vec<u8>,
    /// UIDs.
    pub uids: Vec<u16>,
    /// Their weights.
    pub weights: Vec<u16>,
    /// The subnet's version of weights.
    pub version_key: u64,
}

/// Why a message cannot be encrypted or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimelockError {
    /// The bytes are not of this form.
    #[error("not timelocked data: {0}")]
    Form(&'static str),
    /// The signature is of another round, or the data was changed.
    #[error("the signature does not open it")]
    Signature,
}

fn sha(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn xor(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|i| a[i] ^ b[i])
}

/// The point whose multiple is the round's signature.
fn identity(round: u64) -> Result<G1Affine, TimelockError> {
    type Hasher = MapToCurveBasedHasher<G1Projective, DefaultFieldHasher<Sha256, 128>, WBMap<g1::Config>>;
    let hasher = Hasher::new(DOMAIN).map_err(|_| TimelockError::Form("the curve's hash"))?;
    hasher.hash(&sha(&[&round.to_be_bytes()])).map_err(|_| TimelockError::Form("the round's hash"))
}

/// SHA-256 of the pairing of two points.
fn mask(q: G1Affine, u: G2Affine) -> Result<[u8; 32], TimelockError> {
    let mut bytes = Vec::new();
    let paired = Bls12_381::pairing(q, u).0;
    paired.serialize_compressed(&mut bytes).map_err(|_| TimelockError::Form("a pairing"))?;
    Ok(sha(&[&bytes]))
}

fn exponent(sigma: &[u8; 32], key: &[u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(&sha(&[sigma, key]))
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_le_bytes()[..], bytes].concat()
}

fn drand_key() -> Result<G2Affine, TimelockError> {
    let bytes: [u8; 96] = hex::decode_array(DRAND_KEY).map_err(|_| TimelockError::Form("drand's key"))?;
    G2Affine::deserialize_compressed(&bytes[..]).map_err(|_| TimelockError::Form("drand's key"))
}

/// Encrypts a message so that the signature of `round` opens it.
///
/// # Errors
/// [`TimelockError::Form`]; a test shows that there is none.
pub fn seal(message: &[u8], round: u64) -> Result<Vec<u8>, TimelockError> {
    let (mut key, mut sigma, mut nonce) = ([0; 32], [0; 32], [0; NONCE]);
    OsRng.fill_bytes(&mut key);
    OsRng.fill_bytes(&mut sigma);
    OsRng.fill_bytes(&mut nonce);
    let r = exponent(&sigma, &key);
    let mut out = Vec::new();
    let u = (G2Projective::generator() * r).into_affine();
    u.serialize_compressed(&mut out).map_err(|_| TimelockError::Form("U"))?;
    let v = xor(&sigma, &mask(identity(round)?, (drand_key()? * r).into_affine())?);
    let w = xor(&key, &sha(&[&sigma]));
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&key));
    let sealed = cipher.encrypt(Nonce::from_slice(&nonce), message).map_err(|_| TimelockError::Form("too long"))?;
    let body = [counted(&sealed), counted(&nonce)].concat();
    for part in [&v[..], &w, &body, SUITE] {
        out.extend(counted(part));
    }
    Ok(out)
}

/// Reads lists of bytes with their length before them.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], TimelockError> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(TimelockError::Form("it is cut off"))?;
        self.0 = tail;
        Ok(head)
    }

    fn list(&mut self) -> Result<&'a [u8], TimelockError> {
        let length: [u8; 8] = self.take(8)?.try_into().map_err(|_| TimelockError::Form("a length"))?;
        let length = usize::try_from(u64::from_le_bytes(length)).map_err(|_| TimelockError::Form("a length"))?;
        self.take(length)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TimelockError> {
        self.list()?.try_into().map_err(|_| TimelockError::Form("a part has another length"))
    }
}

/// Opens a message with the signature of its round, as the chain does.
///
/// # Errors
/// [`TimelockError`].
pub fn open(sealed: &[u8], signature: &[u8; 48]) -> Result<Vec<u8>, TimelockError> {
    let mut parts = Parts(sealed);
    let u = G2Affine::deserialize_compressed(parts.take(96)?).map_err(|_| TimelockError::Form("U"))?;
    let (v, w): ([u8; 32], [u8; 32]) = (parts.array()?, parts.array()?);
    let (body, suite) = (parts.list()?, parts.list()?);
    if suite != SUITE || !parts.0.is_empty() {
        return Err(TimelockError::Form("another cipher, or bytes left over"));
    }
    let point = G1Affine::deserialize_compressed(&signature[..]).map_err(|_| TimelockError::Signature)?;
    let sigma = xor(&v, &mask(point, u)?);
    let key = xor(&w, &sha(&[&sigma]));
    if (G2Projective::generator() * exponent(&sigma, &key)).into_affine() != u {
        return Err(TimelockError::Signature);
    }
    let mut body = Parts(body);
    let (sealed, nonce): (&[u8], [u8; NONCE]) = (body.list()?, body.array()?);
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&key));
    cipher.decrypt(Nonce::from_slice(&nonce), sealed).map_err(|_| TimelockError::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quicknet's signature of round 1000.
    const ROUND_1000: &str =
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

    #[test]
    fn a_rounds_signature_opens_it() {
        let signature = hex::decode_array(ROUND_1000).unwrap();
        let sealed = seal(b"weights", 1000).unwrap();
        assert_eq!(open(&sealed, &signature).unwrap(), b"weights");
        assert_ne!(seal(b"weights", 1000).unwrap(), sealed);
        assert_eq!(open(&seal(b"weights", 1001).unwrap(), &signature), Err(TimelockError::Signature));
    }

    #[test]
    fn changed_and_cut_data_is_refused() {
        let signature = hex::decode_array(ROUND_1000).unwrap();
        let sealed = seal(b"weights", 1000).unwrap();
        for at in [0, 50, 100, 110, 150, 190, 200, 210, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&changed, &signature).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(open(&sealed[..length], &signature).is_err(), "{length} bytes");
        }
    }
}
