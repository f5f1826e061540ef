//! The checks of a verification, one by one, for people and user interfaces.

use std::ops::Deref;

use vouch_envelope::{Check, ProofEnvelope, Section, VerificationReport};

use crate::claim::Expected;
use crate::error::{CheckName, VerifyError};
use crate::key::{SrsKind, VerifierKey};
use crate::proof::{self, Opening};
use crate::verify;

/// Makes every check on the bytes of an envelope that can be made, also after one has failed. The report is accepted
/// exactly if [`verify_bytes`](crate::verify_bytes) accepts.
pub fn report(key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> VerificationReport {
    let mut verification = Verification::new(key, expected.clone(), envelope.to_vec());
    while verification.step().is_some() {}
    verification.finish()
}

/// A verification whose checks are made one at a time, for callers that have a clock. (This crate has none.)
///
/// ```text
/// while let Some(check) = verification.step() { check.micros = ...; }
/// let report = verification.finish();
/// ```
///
/// `K` is a reference or another pointer to the key.
#[derive(Debug)]
pub struct Verification<K> {
    key: K,
    expected: Expected,
    bytes: Vec<u8>,
    state: State,
    checks: Vec<Check>,
}

/// What the checks so far have left to work with.
#[derive(Debug)]
struct State {
    envelope: Option<ProofEnvelope>,
    /// The first check without which the proof cannot be read.
    blocked: Option<CheckName>,
    opening: Option<Opening>,
}

/// What passed, or why not.
type Outcome = Result<String, VerifyError>;

impl<K: Deref<Target = VerifierKey>> Verification<K> {
    /// A verification that has not begun.
    pub fn new(key: K, expected: Expected, envelope: Vec<u8>) -> Self {
        let state = State { envelope: None, blocked: None, opening: None };
        Self { key, expected, bytes: envelope, state, checks: Vec::with_capacity(CheckName::ALL.len()) }
    }

    /// A verification of an envelope that was decoded as a part of something else.
    pub(crate) fn decoded(key: K, expected: Expected, envelope: ProofEnvelope) -> Self {
        let mut verification = Self::new(key, expected, Vec::new());
        verification.state.envelope = Some(envelope);
        verification
    }

    /// Makes the next check and returns it; `None` after the last.
    pub fn step(&mut self) -> Option<&mut Check> {
        let name = *CheckName::ALL.get(self.checks.len())?;
        let (passed, code, detail) = match self.make(name) {
            Ok(Ok(detail)) => (true, Check::OK, detail),
            Ok(Err(error)) => (false, error.code(), error.to_string()),
            Err(failed) => (false, Check::NOT_REACHED, format!("not reached: the check of the {failed} failed")),
        };
        self.checks.push(Check { name: name.to_string(), passed, code: code.to_owned(), detail, micros: 0 });
        self.checks.last_mut()
    }

    /// The last check made.
    pub fn last(&mut self) -> Option<&mut Check> {
        self.checks.last_mut()
    }

    /// The report of the checks made. It is not accepted before all of them are.
    pub fn finish(self) -> VerificationReport {
        let complete = self.checks.len() == CheckName::ALL.len();
        let mut report = VerificationReport::new(self.key.model_id(), self.checks);
        report.accepted &= complete;
        report
    }

    /// Makes a check, or says which earlier one it cannot do without.
    fn make(&mut self, name: CheckName) -> Result<Outcome, CheckName> {
        let (key, expected) = (&*self.key, &self.expected);
        if name == CheckName::Format {
            return Ok(self.state.decode(&self.bytes));
        }
        let envelope = self.state.envelope.as_ref().ok_or(CheckName::Format)?;
        let passed = |result: Result<(), VerifyError>, detail: String| Ok(result.map(|()| detail));
        match name {
            CheckName::Format => Err(CheckName::Format),
            CheckName::ModelIdentity => {
                passed(verify::check_model(key, expected, envelope), key.model_id().to_string())
            }
            CheckName::Setup => {
                let setup = match key.srs_kind() {
                    SrsKind::Ceremony => "from a ceremony",
                    SrsKind::Development => "for development: whoever made it can forge proofs",
                };
                passed(verify::check_setup(key, expected), setup.to_owned())
            }
            CheckName::Nonce => {
                let detail = format!("{}, {}", envelope.nonce, origin(expected.nonce.is_some()));
                passed(verify::check_nonce(expected, envelope), detail)
            }
            CheckName::Inputs | CheckName::Outputs => {
                let section = if name == CheckName::Inputs { Section::Inputs } else { Section::Outputs };
                let count = key.schema().values(section);
                let mut detail = format!("{count} values in range, {}", origin(expected.values(section).is_some()));
                let hashes = key.schema().hashes(section);
                if hashes > 0 {
                    let origin = origin(expected.hashes(section).is_some());
                    detail = format!("{detail}; {hashes} hashed tensors, {origin}");
                }
                let result = verify::check_values(key, expected, envelope, section);
                if verify::section_values(key, envelope, section).is_err() {
                    self.state.blocked.get_or_insert(name);
                }
                passed(result, detail)
            }
            CheckName::ProofIdentities => {
                if let Some(failed) = self.state.blocked {
                    return Err(failed);
                }
                let detail = format!("{} bytes, all messages canonical", envelope.proof.len());
                let opening = proof::reduce(key, envelope).map(|opening| self.state.opening = Some(opening));
                passed(opening, detail)
            }
            CheckName::Pairing => {
                let failed = self.state.blocked.unwrap_or(CheckName::ProofIdentities);
                let opening = self.state.opening.as_ref().ok_or(failed)?;
                passed(verify::check_opening(key, opening), "gates, copies and evaluations hold".to_owned())
            }
        }
    }
}

impl State {
    fn decode(&mut self, bytes: &[u8]) -> Outcome {
        if self.envelope.is_none() {
            self.envelope = Some(ProofEnvelope::decode(bytes)?);
        }
        Ok(format!("version {}", vouch_envelope::ENVELOPE_VERSION))
    }
}

/// Where the expected value comes from.
fn origin(given: bool) -> &'static str {
    if given { "as expected" } else { "the caller accepts any" }
}
