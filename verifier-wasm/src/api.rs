//! What the module can do, as functions from bytes to JSON.

use std::rc::Rc;

use serde::Serialize;
use vouch_verifier::{
    CHAIN_VERSION, ChainStep, ChainVerification, KEY_VERSION, Link, ProofChain, ProofEnvelope, Section, SrsKind,
    TensorSpec, Verification, VerifierKey,
};

use crate::expected;

/// Version of the plain ABI.
pub const ABI_VERSION: u32 = 1;

/// What an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The verifying key.
    Key,
    /// The envelope.
    Envelope,
    /// The chain of proofs.
    Chain,
    /// What the caller expects.
    Expected,
    /// A host has called the module in a wrong way.
    Abi,
}

/// Why a call has no answer. (An envelope that is refused is an answer: a report.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// What is wrong.
    pub kind: Kind,
    /// How, for programs.
    pub code: &'static str,
    /// How, for people.
    pub message: String,
}

impl ApiError {
    /// An error with its message.
    pub fn new(kind: Kind, code: &'static str, message: impl ToString) -> Self {
        Self { kind, code, message: message.to_string() }
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        json(self)
    }
}

/// What cannot fail does not: the types of this module have string keys and finite numbers only.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
    abi: u32,
    envelope: u16,
    key: u16,
    chain: u16,
}

/// Versions of this module, of its ABI, and of the formats that it reads.
pub fn version() -> String {
    json(&Version {
        version: env!("CARGO_PKG_VERSION"),
        abi: ABI_VERSION,
        envelope: vouch_verifier::ENVELOPE_VERSION,
        key: KEY_VERSION,
        chain: CHAIN_VERSION,
    })
}

#[derive(Serialize)]
struct Contents {
    model_id: String,
    nonce: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
    input_hashes: Vec<String>,
    output_hashes: Vec<String>,
    proof_bytes: usize,
}

impl From<&ProofEnvelope> for Contents {
    fn from(envelope: &ProofEnvelope) -> Self {
        let text = |values: &[i64]| values.iter().map(i64::to_string).collect();
        Self {
            model_id: envelope.model_id.to_string(),
            nonce: envelope.nonce.to_string(),
            inputs: text(&envelope.public.inputs),
            outputs: text(&envelope.public.outputs),
            input_hashes: envelope.public.input_hashes.iter().map(ToString::to_string).collect(),
            output_hashes: envelope.public.output_hashes.iter().map(ToString::to_string).collect(),
            proof_bytes: envelope.proof.len(),
        }
    }
}

/// What an envelope says. Nothing of it is verified. Integers are text: they may be too large for a JSON number.
pub fn inspect(envelope: &[u8]) -> Result<String, ApiError> {
    let envelope =
        ProofEnvelope::decode(envelope).map_err(|error| ApiError::new(Kind::Envelope, error.code(), error))?;
    Ok(json(&Contents::from(&envelope)))
}

#[derive(Serialize)]
struct ChainContents<'a> {
    proofs: Vec<Contents>,
    links: &'a [Link],
}

/// What a chain says. Nothing of it is verified.
pub fn inspect_chain(chain: &[u8]) -> Result<String, ApiError> {
    let chain = ProofChain::decode(chain).map_err(|error| ApiError::new(Kind::Chain, error.code(), error))?;
    let proofs = chain.proofs().iter().map(Contents::from).collect();
    Ok(json(&ChainContents { proofs, links: chain.links() }))
}

/// Begins the verification of a chain. There is a key for each proof; `expected` is JSON (`docs/verifier-wasm.md`).
pub fn begin_chain(keys: &[Key], chain: &[u8], expected: &[u8]) -> Result<Session, ApiError> {
    let (steps, links) = expected::parse_chain(expected)?;
    if steps.len() != keys.len() {
        let message = format!("expectations of {} proofs for {} keys", steps.len(), keys.len());
        return Err(ApiError::new(Kind::Expected, "step-count", message));
    }
    let step = |(key, expected): (&Key, _)| ChainStep { key: Rc::clone(&key.0), expected };
    let steps = keys.iter().zip(steps).map(step).collect();
    Ok(Session { work: Work::Chain(ChainVerification::new(steps, links, chain.to_vec())), began: None })
}

/// The report of the verification of a chain, with all times 0.
pub fn verify_chain(keys: &[Key], chain: &[u8], expected: &[u8]) -> Result<String, ApiError> {
    Ok(begin_chain(keys, chain, expected)?.complete())
}

/// A verifying key that has been checked and prepared.
#[derive(Debug, Clone)]
pub struct Key(Rc<VerifierKey>);

#[derive(Serialize)]
struct KeyFacts<'a> {
    model_id: String,
    srs_kind: SrsKind,
    k: u32,
    proof_bytes: usize,
    inputs: &'a [TensorSpec],
    outputs: &'a [TensorSpec],
    layout: &'a str,
}

impl Key {
    /// Reads and checks a key.
    pub fn load(bytes: &[u8]) -> Result<Self, ApiError> {
        let key = VerifierKey::from_bytes(bytes).map_err(|error| ApiError::new(Kind::Key, error.code(), error))?;
        Ok(Self(Rc::new(key)))
    }

    /// What the key says of its model.
    pub fn describe(&self) -> String {
        json(&KeyFacts {
            model_id: self.0.model_id().to_string(),
            srs_kind: self.0.srs_kind(),
            k: self.0.description().k,
            proof_bytes: self.0.proof_len(),
            inputs: self.0.schema().section(Section::Inputs),
            outputs: self.0.schema().section(Section::Outputs),
            layout: &self.0.description().layout,
        })
    }

    /// Begins a verification. `expected` is JSON (`docs/verifier-wasm.md`).
    pub fn begin(&self, envelope: &[u8], expected: &[u8]) -> Result<Session, ApiError> {
        let expected = expected::parse(expected)?;
        let verification = Verification::new(Rc::clone(&self.0), expected, envelope.to_vec());
        Ok(Session { work: Work::Envelope(verification), began: None })
    }

    /// The report of a verification, with all times 0.
    pub fn verify(&self, envelope: &[u8], expected: &[u8]) -> Result<String, ApiError> {
        Ok(self.begin(envelope, expected)?.complete())
    }
}

/// A verification, one check at a time.
#[derive(Debug)]
pub struct Session {
    work: Work,
    /// When the last check began, while it has not ended.
    began: Option<u64>,
}

#[derive(Debug)]
enum Work {
    Envelope(Verification<Rc<VerifierKey>>),
    Chain(ChainVerification<Rc<VerifierKey>>),
}

impl Session {
    /// Ends the check before and makes the next, at a time in microseconds. False if there is no next.
    pub fn step(&mut self, now: u64) -> bool {
        let last = match &mut self.work {
            Work::Envelope(work) => work.last(),
            Work::Chain(work) => work.last(),
        };
        if let (Some(began), Some(check)) = (self.began.take(), last) {
            check.micros = now.saturating_sub(began);
        }
        let more = match &mut self.work {
            Work::Envelope(work) => work.step().is_some(),
            Work::Chain(work) => work.step().is_some(),
        };
        self.began = more.then_some(now);
        more
    }

    /// The report.
    pub fn finish(self) -> String {
        match self.work {
            Work::Envelope(work) => json(&work.into_report()),
            Work::Chain(work) => json(&work.into_report()),
        }
    }

    /// Makes all checks, with all times 0.
    fn complete(mut self) -> String {
        while self.step(0) {}
        self.finish()
    }
}
