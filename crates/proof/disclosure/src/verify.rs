//! Checking proofs of statements.

use vouch_envelope::{Nonce, ProofEnvelope, Section, TensorHash};
use vouch_verifier::{Expected, TensorSpec, VerifiedClaim, VerifierKey, verify};

use crate::{DisclosureError, Form, Statement, disclosure_program};

/// The tensor that a key is about.
///
/// The key must name the tensor's program; that its columns are that program's is for who made the key, or who makes it again, to say.
///
/// # Errors
/// [`DisclosureError::Key`] if it is a key for something else.
pub fn spec_of(key: &VerifierKey) -> Result<&TensorSpec, DisclosureError> {
    let wrong = |reason: String| DisclosureError::Key { reason };
    let Some(spec) = key.schema().inputs.first() else { return Err(wrong("it has no inputs".to_owned())) };
    // What costs nothing first: the tensor is not too large, and the key's public values are those of statements about it.
    let form = Form::of(spec).map_err(|e| wrong(e.to_string()))?;
    if key.schema().values(Section::Inputs) != form.inputs() {
        return Err(wrong(format!("its public values are not those of a statement about `{}`", spec.name)));
    }
    let program = disclosure_program(spec).map_err(|e| wrong(e.to_string()))?;
    if program.digest() != key.description().program_digest {
        return Err(wrong(format!("its program is not the one for facts about `{}`", spec.name)));
    }
    Ok(spec)
}

/// The statement that an envelope makes, whether it proves it or not.
///
/// # Errors
/// As [`spec_of`] and [`Statement::from_inputs`].
pub fn statement_of(key: &VerifierKey, envelope: &ProofEnvelope) -> Result<Statement, DisclosureError> {
    Statement::from_inputs(spec_of(key)?, &envelope.public.inputs)
}

/// What a verifier expects of a proof of a statement about the tensor with a hash.
///
/// # Errors
/// As [`spec_of`] and [`Statement::check`].
pub fn expected_of(
    key: &VerifierKey,
    hash: TensorHash,
    statement: &Statement,
    nonce: Option<Nonce>,
    allow_development_srs: bool,
) -> Result<Expected, DisclosureError> {
    Ok(Expected {
        nonce,
        inputs: Some(statement.inputs(spec_of(key)?)?),
        input_hashes: Some(vec![hash]),
        allow_development_srs,
        ..Expected::default()
    })
}

/// Checks a proof of a statement about the tensor with a hash, which is one that a proof of the model shows.
///
/// # Errors
/// [`DisclosureError::Refused`] if the proof does not show it, or as [`expected_of`].
pub fn verify_statement(
    key: &VerifierKey,
    hash: TensorHash,
    statement: &Statement,
    nonce: Option<Nonce>,
    allow_development_srs: bool,
    envelope: &ProofEnvelope,
) -> Result<VerifiedClaim, DisclosureError> {
    Ok(verify(key, &expected_of(key, hash, statement, nonce, allow_development_srs)?, envelope)?)
}
