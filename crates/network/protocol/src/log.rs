//! The log of a validator: each entry's hash covers the hash of the one before, so that no entry can be changed,
//! dropped or put in later without changing all that follow.
//!
//! `hash = SHA-256("vouch-log-v1\0" || previous || seq || at_ms || length of body || body)`, integers in 8 bytes
//! little-endian. The first entry follows `SHA-256("vouch-log-v1\0" || validator's key)`. The body is JSON text, an
//! [`Event`]; the hash covers the text as it is.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vouch_api::{AttemptOutcome, NoncePart, NonceSource};
use vouch_envelope::hex_text;
use vouch_envelope::{ModelId, Nonce};

use crate::{InputsHash, LogError, PublicKey, ScoreParameters, Share};

const DOMAIN: &[u8] = b"vouch-log-v1\0";

/// Hash of an entry and all before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogHash(pub [u8; 32]);

hex_text!(LogHash);

impl LogHash {
    /// What the first entry of a validator's log follows.
    pub fn genesis(validator: &PublicKey) -> Self {
        Self(Sha256::new().chain_update(DOMAIN).chain_update(validator.0).finalize().into())
    }
}

impl fmt::Debug for LogHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogHash({self})")
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "nearly all events are verdicts, and none is kept in memory")]
pub enum Event {
    /// The validator started. Its parameters hold from here on.
    Started {
        /// Its key.
        validator: PublicKey,
        /// Name of the chain on which it is registered: part of every nonce.
        chain: String,
        /// Version of its software.
        version: String,
        /// The models that it asks for, and how they are scored.
        parameters: ScoreParameters,
    },
    /// A user's question was accepted; it will be heard how it ended.
    Accepted {
        /// Its identifier.
        prediction: String,
        /// The model.
        model_id: ModelId,
        /// The user's part of the nonce.
        user_part: NoncePart,
    },
    /// An answer of a miner, or its absence, was judged.
    Judged(Verdict),
    /// A user's question ended.
    Ended {
        /// Its identifier.
        prediction: String,
        /// The proof, if there is one.
        proof_id: Option<String>,
        /// Why there is none.
        reason: Option<String>,
    },
    /// Weights were published.
    Weights {
        /// Number of the epoch that ended.
        epoch: u64,
        /// The weights, by key.
        weights: Vec<WeightEntry>,
    },
}

impl Event {
    /// The kind's name, as in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Accepted { .. } => "accepted",
            Self::Judged(_) => "judged",
            Self::Ended { .. } => "ended",
            Self::Weights { .. } => "weights",
        }
    }
}

/// How one attempt with one miner was judged, and its score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Identifier of the attempt, which is also that of the request to the miner.
    pub attempt: String,
    /// The user's question that it was for; none for a benchmark.
    pub prediction: Option<String>,
    /// The model.
    pub model_id: ModelId,
    /// The miner.
    pub miner: PublicKey,
    /// Hash of the inputs, as far as the proof must show them.
    pub inputs: InputsHash,
    /// The user's part of the nonce; drawn by the validator for a benchmark.
    pub user_part: NoncePart,
    /// The validator's part of the nonce.
    pub validator_part: NoncePart,
    /// The nonce: the hash of [`NonceSource`].
    pub nonce: Nonce,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// Microseconds from the moment the whole request was sent until the last byte of the answer came.
    pub response_us: u64,
    /// Bytes of the answer, as far as they were read.
    pub bytes: u64,
    /// SHA-256 of the envelope, if it was verified.
    pub proof_id: Option<String>,
    /// The miner's score before.
    pub before: Share,
    /// The miner's score after.
    pub after: Share,
    /// More about it.
    pub detail: String,
}

impl Verdict {
    /// The nonce that the verdict's other fields give, on `chain` for `validator`.
    pub fn expected_nonce(&self, chain: &str, validator: &PublicKey) -> Nonce {
        let source = NonceSource {
            chain,
            validator: validator.0,
            miner: self.miner.0,
            model_id: self.model_id,
            user_part: self.user_part,
            validator_part: self.validator_part,
        };
        source.nonce()
    }
}

/// A published weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightEntry {
    /// The miner.
    pub miner: PublicKey,
    /// Its share.
    pub weight: Share,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// The event, in JSON.
    pub body: String,
    /// Hash of the entry before.
    pub previous: LogHash,
    /// Hash of this entry.
    pub hash: LogHash,
}

impl Entry {
    /// The entry that follows `previous`.
    ///
    /// # Errors
    /// [`LogError::Body`] if the event cannot be written.
    pub fn new(seq: u64, at_ms: u64, event: &Event, previous: LogHash) -> Result<Self, LogError> {
        let body = serde_json::to_string(event).map_err(|e| LogError::Body { seq, reason: e.to_string() })?;
        let hash = hash(seq, at_ms, &body, &previous);
        Ok(Self { seq, at_ms, body, previous, hash })
    }

    /// Checks that the entry is number `seq`, follows `previous`, and was not changed; then reads its event.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn check(&self, seq: u64, previous: &LogHash) -> Result<Event, LogError> {
        if self.seq != seq {
            return Err(LogError::Sequence { expected: seq, got: self.seq });
        }
        if self.previous != *previous {
            return Err(LogError::Previous { seq, expected: *previous, got: self.previous });
        }
        let expected = hash(seq, self.at_ms, &self.body, previous);
        if expected != self.hash {
            return Err(LogError::Hash { seq, expected, got: self.hash });
        }
        serde_json::from_str(&self.body).map_err(|e| LogError::Body { seq, reason: e.to_string() })
    }
}

fn hash(seq: u64, at_ms: u64, body: &str, previous: &LogHash) -> LogHash {
    let hash = Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(previous.0)
        .chain_update(seq.to_le_bytes())
        .chain_update(at_ms.to_le_bytes())
        .chain_update((body.len() as u64).to_le_bytes())
        .chain_update(body);
    LogHash(hash.finalize().into())
}
