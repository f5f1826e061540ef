//! Keys and proofs.

use vouch_envelope::{Nonce, ProofEnvelope};
use vouch_proving::{ProverKey, Salt, Srs};
use vouch_verifier::{TensorSpec, VerifierKey};

use crate::{DisclosureError, Statement, disclosure_program, spec_of};

/// The keys of a tensor's program: the same for the same description and reference string.
///
/// # Errors
/// [`DisclosureError::Proving`] if the reference string is too short, or as [`disclosure_program`].
pub fn disclosure_keys(spec: &TensorSpec, srs: &Srs) -> Result<ProverKey, DisclosureError> {
    Ok(ProverKey::setup(&disclosure_program(spec)?, srs)?)
}

/// Reads the prover's key that belongs to a verifying key.
///
/// The verifying key is made again from the tensor's program and the reference string in the prover's key. A key of a circuit
/// that states more would make proofs of some values only: whether a proof arrives would say which.
///
/// # Errors
/// [`DisclosureError::Key`] if it belongs to another verifying key, or that is not a key of a disclosure;
/// [`DisclosureError::Proving`] if it is damaged, or of another circuit.
pub fn load_key(bytes: &[u8], verifier: &VerifierKey) -> Result<ProverKey, DisclosureError> {
    let key = ProverKey::from_bytes(bytes, &disclosure_program(spec_of(verifier)?)?)?;
    if key.verifier.to_bytes() != verifier.to_bytes() {
        let (got, expected) = (key.verifier.model_id(), verifier.model_id());
        return Err(DisclosureError::Key { reason: format!("the prover key is that of {got}, not of {expected}") });
    }
    key.check()?;
    Ok(key)
}

/// Proves a statement about the values of a tensor; `salt` is the one that the model's proof was made with.
///
/// # Errors
/// [`DisclosureError::False`] if the statement is not true: there is no proof of it.
pub fn prove_statement(
    key: &ProverKey,
    values: &[i64],
    salt: Salt,
    statement: &Statement,
    nonce: Nonce,
) -> Result<ProofEnvelope, DisclosureError> {
    let spec = spec_of(&key.verifier)?;
    statement.check_values(spec, values)?;
    let inputs = [values, &statement.inputs(spec)?].concat();
    Ok(key.prove_salted(&inputs, nonce, salt)?.envelope)
}
