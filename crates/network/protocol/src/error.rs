//! Errors.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use vouch_envelope::{ModelId, Nonce};

use crate::{LogHash, PublicKey, Share};

/// Why a key file cannot be used.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum KeyFileError {
    /// The operating system refuses.
    #[error("key file {path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    /// Others than the owner may read the file.
    #[error("key file {path}: others may read it (mode {mode:03o}); run `chmod 600` and consider making a new key", path = path.display())]
    Permissions { path: PathBuf, mode: u32 },
    /// The file is something else.
    #[error("key file {path}: not a key of Vouch (make one with `vouch-node keys new`)", path = path.display())]
    Format { path: PathBuf },
}

/// Why a signed request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum SignatureError {
    /// A header is missing or malformed.
    #[error("header {name} is missing or malformed")]
    Header { name: &'static str },
    /// The request came too late.
    #[error("the request expired at {expires_ms}, now is {now_ms}")]
    Expired { expires_ms: u64, now_ms: u64 },
    /// The request is valid for longer than allowed.
    #[error("the request expires at {expires_ms}, too far from now ({now_ms})")]
    TooFar { expires_ms: u64, now_ms: u64 },
    /// The key is not a key.
    #[error("the caller's key is not a point of the group")]
    Key,
    /// The signature is of something else.
    #[error("the signature does not match the request")]
    Forged,
}

/// Why a log is not the log of a validator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum LogError {
    /// An entry is missing or twice there.
    #[error("entry {expected} expected, got {got}")]
    Sequence { expected: u64, got: u64 },
    /// An entry follows another than the one before it.
    #[error("entry {seq}: expected {expected} before it, got {got}")]
    Previous { seq: u64, expected: LogHash, got: LogHash },
    /// An entry was changed.
    #[error("entry {seq}: its hash is {expected}, the log says {got}")]
    Hash { seq: u64, expected: LogHash, got: LogHash },
    /// An entry's text is no event.
    #[error("entry {seq}: {reason}")]
    Body { seq: u64, reason: String },
}

/// Why a signed head shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum HeadError {
    /// Another key than the validator's was to sign.
    #[error("the head is validator {expected}'s, the key is {got}'s")]
    Key { expected: PublicKey, got: PublicKey },
    /// The signature is not the validator's.
    #[error("the head of epoch {epoch} is not signed by validator {validator}")]
    Forged { validator: PublicKey, epoch: u64 },
}

/// Why a log does not add up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ReplayError {
    /// The chain is broken.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log does not begin with the validator's parameters.
    #[error("entry {seq}: the validator's parameters must come first")]
    NoParameters { seq: u64 },
    /// A score is not what the rules give.
    #[error("entry {seq}: score of {miner} for {model}: expected {expected:?}, got {got:?}")]
    Score {
        seq: u64,
        miner: PublicKey,
        model: ModelId,
        /// Before and after, by the rules.
        expected: (Share, Share),
        /// Before and after, by the log.
        got: (Share, Share),
    },
    /// An answer was counted twice.
    #[error("entry {seq}: attempt {attempt} was judged before, in entry {first}")]
    Twice { seq: u64, attempt: String, first: u64 },
    /// The log is another validator's than the one that is audited.
    #[error("entry {seq}: the log is of validator {got}, expected {expected}")]
    Validator { seq: u64, expected: PublicKey, got: PublicKey },
    /// An entry is older than the one before it.
    #[error("entry {seq}: its time is {at_ms}, the entry before has {before_ms}; time must not run backwards")]
    Time {
        seq: u64,
        /// Time of the entry before, milliseconds since 1970.
        before_ms: u64,
        at_ms: u64,
    },
    /// A verdict is about a model that the newest `started` entry does not name.
    #[error("entry {seq}: model {model} is not among those that the validator started with")]
    Model { seq: u64, model: ModelId },
    /// An epoch ended twice, or out of order.
    #[error("entry {seq}: epoch {epoch} ended after epoch {last}")]
    Epoch { seq: u64, epoch: u64, last: u64 },
    /// A nonce is not the hash of its parts, the parties and the model.
    #[error("entry {seq}: the nonce must be {expected}, the log says {got}")]
    Nonce { seq: u64, expected: Nonce, got: Nonce },
    /// A nonce was used for two attempts.
    #[error("entry {seq}: nonce {nonce} was used before, in entry {first}")]
    NonceTwice { seq: u64, nonce: Nonce, first: u64 },
    /// A proof was credited twice.
    #[error("entry {seq}: proof {proof_id} was credited before, in entry {first}")]
    ProofTwice { seq: u64, proof_id: String, first: u64 },
    /// A verified answer without a proof, or a proof that was not verified.
    #[error("entry {seq}: attempt {attempt} {reason}")]
    Proof { seq: u64, attempt: String, reason: &'static str },
    /// Weights are not what the scores give.
    #[error("entry {seq}: weights of epoch {epoch} are not those of the scores")]
    Weights { seq: u64, epoch: u64 },
    /// A question ended that was never accepted, or twice.
    #[error("entry {seq}: prediction {prediction} {reason}")]
    Prediction { seq: u64, prediction: String, reason: &'static str },
}
