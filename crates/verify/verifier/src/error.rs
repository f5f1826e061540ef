//! Why a key or a proof is refused. Every error says what was expected and what was found.

use std::fmt;

use thiserror::Error;
use vouch_envelope::{CursorError, EnvelopeError, ModelId, Nonce, Section, TensorHash};

use crate::real::Real;

#[cfg(test)]
mod tests;

/// What is wrong with the encoding of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PointError {
    /// A coordinate is not below the modulus, or the flags are not those of the point.
    #[error("not a canonical encoding")]
    NotCanonical,
    /// No point of the curve has this coordinate.
    #[error("not on the curve")]
    NotOnCurve,
    /// The point is outside the subgroup of prime order.
    #[error("not in the subgroup")]
    NotInSubgroup,
    /// The point is the identity, where that is not allowed.
    #[error("the identity")]
    Identity,
}

impl PointError {
    /// A short name of the kind of error, fixed, for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotCanonical => "point-not-canonical",
            Self::NotOnCurve => "point-not-on-curve",
            Self::NotInSubgroup => "point-not-in-subgroup",
            Self::Identity => "point-identity",
        }
    }
}

/// Why bytes or a description are not a verifying key.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum KeyError {
    /// A field is malformed.
    #[error(transparent)]
    Field(#[from] CursorError),
    /// The input is something else.
    #[error(
        "not a verifying key: expected magic {}, got {}",
        vouch_envelope::hex::encode(expected),
        vouch_envelope::hex::encode(got)
    )]
    Magic { expected: [u8; 8], got: [u8; 8] },
    /// The input is of another version of the format.
    #[error("verifying key: expected version {expected}, got {got}")]
    Version { expected: u16, got: u16 },
    /// The key has more of something than the format allows.
    #[error("{what}: expected at most {limit}, got {got}")]
    TooMany { what: &'static str, limit: usize, got: usize },
    /// A byte stands for none of the choices that it should.
    #[error("{what} at byte {offset}: got unknown code {got}")]
    Code { what: &'static str, offset: usize, got: u8 },
    /// The bytes are not the encoding of the key that they describe.
    #[error("not the canonical encoding: byte {offset} differs")]
    NotCanonical { offset: usize },
    /// A number is outside its range.
    #[error("{what}: expected {min} to {max}, got {got}")]
    Range { what: &'static str, min: u64, max: u64, got: u64 },
    /// An index points outside of what it indexes.
    #[error("{what} {position}: expected an index below {limit}, got {got}")]
    Index { what: &'static str, position: usize, limit: usize, got: u64 },
    /// Two lists that belong together have different lengths, or a derived number is not the one stored.
    #[error("{what}: expected {expected}, got {got}")]
    Mismatch { what: &'static str, expected: u64, got: u64 },
    /// An entry occurs twice.
    #[error("{what} {position} occurs before")]
    Duplicate { what: &'static str, position: usize },
    /// A column of the permutation argument is not queried at the current row.
    #[error("permutation column {position} has no query at rotation 0")]
    PermutationQuery { position: usize },
    /// A scalar is not below the modulus.
    #[error("{what} {position} is not a canonical scalar")]
    Scalar { what: &'static str, position: usize },
    /// A point is refused.
    #[error("{what} {position}: {reason}")]
    Point { what: &'static str, position: usize, reason: PointError },
    /// The bounds of a tensor exclude every value.
    #[error("{section} tensor {name}: expected minimum <= maximum, got {min} > {max}")]
    Bounds { section: Section, name: String, min: i64, max: i64 },
    /// The scale of a tensor is not a positive finite number.
    #[error("{section} tensor {name}: expected a positive finite scale, got {}", Real(*got))]
    Scale { section: Section, name: String, got: f64 },
}

impl KeyError {
    /// A short name of the kind of error, fixed, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Field(error) => error.code(),
            Self::Magic { .. } => "magic",
            Self::Version { .. } => "version",
            Self::TooMany { .. } => "too-many",
            Self::Code { .. } => "unknown-code",
            Self::NotCanonical { .. } => "not-canonical",
            Self::Range { .. } => "range",
            Self::Index { .. } => "index",
            Self::Mismatch { .. } => "mismatch",
            Self::Duplicate { .. } => "duplicate",
            Self::PermutationQuery { .. } => "permutation-query",
            Self::Scalar { .. } => "scalar",
            Self::Point { reason, .. } => reason.code(),
            Self::Bounds { .. } => "bounds",
            Self::Scale { .. } => "scale",
        }
    }
}

/// The checks of a verification, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckName {
    /// The bytes are an envelope.
    Format,
    /// The envelope, the key and the caller mean the same model.
    ModelIdentity,
    /// The setup is of a kind that the caller accepts.
    Setup,
    /// The envelope answers the caller's request.
    Nonce,
    /// The inputs fit the schema and are those that the caller expects.
    Inputs,
    /// The outputs fit the schema and are those that the caller expects.
    Outputs,
    /// The proof's messages are well-formed and the circuit's identities can be evaluated.
    ProofIdentities,
    /// The pairing equation holds: the claimed evaluations are true, and so are the identities.
    Pairing,
}

impl CheckName {
    /// All checks, in their order.
    pub const ALL: [Self; 8] = [
        Self::Format,
        Self::ModelIdentity,
        Self::Setup,
        Self::Nonce,
        Self::Inputs,
        Self::Outputs,
        Self::ProofIdentities,
        Self::Pairing,
    ];

    /// The section whose values it is about, if any.
    pub(crate) fn section(self) -> Option<Section> {
        match self {
            Self::Inputs => Some(Section::Inputs),
            Self::Outputs => Some(Section::Outputs),
            Self::Format | Self::ModelIdentity | Self::Setup | Self::Nonce | Self::ProofIdentities | Self::Pairing => {
                None
            }
        }
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "format",
            Self::ModelIdentity => "model identity",
            Self::Setup => "setup",
            Self::Nonce => "nonce",
            Self::Inputs => "public inputs",
            Self::Outputs => "public outputs",
            Self::ProofIdentities => "proof identities",
            Self::Pairing => "pairing",
        })
    }
}

/// Why an envelope is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum VerifyError {
    /// The bytes are not an envelope.
    #[error("format: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The caller expects another model than the key's.
    #[error("model identity: expected {expected}, the key is of {got}")]
    KeyIdentity { expected: ModelId, got: ModelId },
    /// The envelope is about another model than the key's.
    #[error("model identity: expected {expected}, the envelope is about {got}")]
    ModelIdentity { expected: ModelId, got: ModelId },
    /// The key was made with a setup for development, and the caller does not accept that.
    #[error("setup: expected one from a ceremony, got a development setup")]
    DevelopmentSetup,
    /// The envelope answers another request.
    #[error("nonce: expected {expected}, got {got}")]
    Nonce { expected: Nonce, got: Nonce },
    /// The number of values is not the schema's.
    #[error("{section}: the model has {expected} values, the envelope has {got}")]
    ValueCount { section: Section, expected: usize, got: usize },
    /// The number of values is not what the caller expects.
    #[error("{section}: expected {expected} values, got {got}")]
    ExpectedCount { section: Section, expected: usize, got: usize },
    /// The number of hashes is not the schema's, or not what the caller expects.
    #[error("{section}: expected {expected} hashes of tensors, got {got}")]
    HashCount { section: Section, expected: usize, got: usize },
    /// A hash is not a field element.
    #[error("{section}: hash {index}: expected a number below the field's order, got {got}")]
    HashEncoding { section: Section, index: usize, got: TensorHash },
    /// A hash is not the one that the caller expects.
    #[error("{section}: hash {index}: expected {expected}, got {got}")]
    Hash { section: Section, index: usize, expected: TensorHash, got: TensorHash },
    /// A value is outside its tensor's bounds.
    #[error("{section}: value {index} (tensor {tensor}): expected {min} to {max}, got {got}")]
    ValueRange { section: Section, tensor: String, index: usize, min: i64, max: i64, got: i64 },
    /// A value is not the one that the caller expects.
    #[error("{section}: value {index}: expected {expected}, got {got}")]
    Value { section: Section, index: usize, expected: i64, got: i64 },
    /// The proof is too short or too long.
    #[error("proof: {0}")]
    Proof(#[from] CursorError),
    /// A scalar of the proof is not below the modulus.
    #[error("proof: byte {offset}: expected a canonical scalar, got {got}")]
    Scalar { offset: usize, got: String },
    /// A point of the proof is refused.
    #[error("proof: byte {offset}: expected a point of the curve, got {got}: {reason}")]
    Point { offset: usize, reason: PointError, got: String },
    /// A challenge hit one of the few values for which the protocol is undefined. The probability is below 2^-225: there
    /// are at most 2^28 rows.
    #[error("proof: challenge {challenge} is degenerate")]
    DegenerateChallenge { challenge: &'static str },
    /// An evaluation that the key refers to is missing. A key that has been loaded cannot cause this.
    #[error("proof: no value for {what}")]
    Missing { what: &'static str },
    /// The pairing equation does not hold: the proof is false.
    #[error("pairing: expected e(h, [s]) = e(f, [1]), got two different values")]
    Pairing,
}

impl VerifyError {
    /// A short name of the kind of error, fixed, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Envelope(error) => error.code(),
            Self::KeyIdentity { .. } => "key-identity",
            Self::ModelIdentity { .. } => "model-identity",
            Self::DevelopmentSetup => "development-setup",
            Self::Nonce { .. } => "nonce",
            Self::ValueCount { .. } => "value-count",
            Self::ExpectedCount { .. } => "expected-count",
            Self::HashCount { .. } => "hash-count",
            Self::HashEncoding { .. } => "hash-encoding",
            Self::Hash { .. } => "hash",
            Self::ValueRange { .. } => "value-range",
            Self::Value { .. } => "value",
            Self::Proof(error) => error.code(),
            Self::Scalar { .. } => "scalar",
            Self::Point { reason, .. } => reason.code(),
            Self::DegenerateChallenge { .. } => "degenerate-challenge",
            Self::Missing { .. } => "missing",
            Self::Pairing => "pairing",
        }
    }

    /// The check that failed.
    pub fn check(&self) -> CheckName {
        match self {
            Self::Envelope(_) => CheckName::Format,
            Self::KeyIdentity { .. } | Self::ModelIdentity { .. } => CheckName::ModelIdentity,
            Self::DevelopmentSetup => CheckName::Setup,
            Self::Nonce { .. } => CheckName::Nonce,
            Self::ValueCount { section, .. }
            | Self::ExpectedCount { section, .. }
            | Self::HashCount { section, .. }
            | Self::HashEncoding { section, .. }
            | Self::Hash { section, .. }
            | Self::ValueRange { section, .. }
            | Self::Value { section, .. } => match section {
                Section::Inputs => CheckName::Inputs,
                Section::Outputs => CheckName::Outputs,
            },
            Self::Proof(_)
            | Self::Scalar { .. }
            | Self::Point { .. }
            | Self::DegenerateChallenge { .. }
            | Self::Missing { .. } => CheckName::ProofIdentities,
            Self::Pairing => CheckName::Pairing,
        }
    }
}
