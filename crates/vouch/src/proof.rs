//! Proofs, and their verification.

use std::{fmt::Display, path::Path, time::Duration};

use rand_core::{OsRng, RngCore};
use vouch_envelope::{Nonce, ProofChain, ProofEnvelope};
use vouch_proving::Salt;
use vouch_verifier::{Expected, VerifiedClaim, VerifierKey};

use crate::{Error, Result, error::Cause, files};

/// Largest proof that is read.
const MAX_PROOF: u64 = 64 << 20;
/// Largest chain of proofs that is read.
const MAX_CHAIN: u64 = 1 << 30;

/// A proof, with what only its maker knows.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The proof with its claim: what verifiers get.
    pub envelope: ProofEnvelope,
    /// The outputs as integers, also those that the proof does not show.
    pub outputs: Vec<i64>,
    /// The secret that salts the hashes of hashed tensors. Keep it: its holder can recognize the values.
    pub salt: Salt,
    /// Time to run the program and fill the circuit's first phase.
    pub witness: Duration,
    /// Time for the proof, from the witness on.
    pub prove: Duration,
    /// Time to verify the new proof.
    pub verify: Duration,
}

impl Proof {
    /// Writes the envelope in its binary form, and returns its length in bytes.
    ///
    /// # Errors
    /// Kind `System`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<usize> {
        let bytes = self.envelope.encode()?;
        files::write(path.as_ref(), &[&bytes])?;
        Ok(bytes.len())
    }
}

/// A nonce of 32 random bytes, for who asks for a proof.
pub fn random_nonce() -> Nonce {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    Nonce(bytes)
}

/// Reads a proof: its binary form, or the JSON that `vouch export` writes.
///
/// # Errors
/// Kind `System` if the file cannot be read; `Refused` or `Damaged` if it is not a proof.
pub fn open_proof(path: impl AsRef<Path>) -> Result<ProofEnvelope> {
    Ok(ProofEnvelope::decode(&read_proof(path.as_ref())?)?)
}

/// The bytes of a proof's binary form, from that or from JSON.
///
/// # Errors
/// Kind `System` if the file cannot be read, `Refused` if it is JSON and not a proof's.
pub fn read_proof(path: &Path) -> Result<Vec<u8>> {
    binary(path, files::read(path, MAX_PROOF)?, |json| {
        serde_json::from_slice::<ProofEnvelope>(json).map(|envelope| envelope.encode())
    })
}

/// The bytes of a chain's binary form, from that or from JSON.
///
/// # Errors
/// As [`read_proof`].
pub fn read_chain(path: &Path) -> Result<Vec<u8>> {
    binary(path, files::read(path, MAX_CHAIN)?, |json| {
        serde_json::from_slice::<ProofChain>(json).map(|chain| chain.encode())
    })
}

/// Bytes as they are, or in the binary form if they are JSON.
fn binary<J: Display, B: Display>(
    path: &Path,
    bytes: Vec<u8>,
    encode: impl FnOnce(&[u8]) -> Result<Result<Vec<u8>, B>, J>,
) -> Result<Vec<u8>> {
    if bytes.first() != Some(&b'{') {
        return Ok(bytes);
    }
    let wrong = |e: &dyn Display| Error::from(Cause::Proof { path: path.to_owned(), reason: e.to_string() });
    encode(&bytes).map_err(|e| wrong(&e))?.map_err(|e| wrong(&e))
}

/// Verifies a proof against what the caller expects. Trust comes from the key and the expectations, never from the proof.
///
/// # Errors
/// Kind `Refused`, with a text that says which check failed, what was expected and what was found.
pub fn verify(key: &VerifierKey, expected: &Expected, proof: &ProofEnvelope) -> Result<VerifiedClaim> {
    let _span = tracing::info_span!("verify").entered();
    Ok(vouch_verifier::verify(key, expected, proof)?)
}
