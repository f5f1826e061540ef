//! The checks of a verification, one by one, for people and user interfaces.

mod together;

use std::ops::Deref;

use vouch_envelope::{Check, Expected, ProofEnvelope, Section, VerificationReport};

use crate::claim::VerifiedClaim;
use crate::error::{CheckName, VerifyError};
use crate::key::SrsKind;
use crate::opening::DeferredPairing;
use crate::verifier_key::VerifierKey;
use crate::verify;

pub use together::{Together, verify_together};

/// Makes every check on the bytes of an envelope that can be made, also after one has failed. The report is accepted
/// exactly if [`verify_bytes`](crate::verify_bytes) accepts.
pub fn report(key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> VerificationReport {
    let mut verification = Verification::new(key, expected.clone(), envelope.to_vec());
    while verification.step().is_some() {}
    verification.into_report()
}

/// The result of a verification: its checks, and what it has shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The checks.
    pub report: VerificationReport,
    /// What the proof has shown; there is a claim exactly if the report is accepted.
    pub claim: Option<VerifiedClaim>,
}

/// A verification whose checks are made one at a time, for callers that have a clock. (This crate has none.)
///
/// ```text
/// while let Some(check) = verification.step() { check.micros = ...; }
/// let Outcome { report, claim } = verification.finish();
/// ```
///
/// `K` is a reference or another pointer to the key.
#[derive(Debug)]
pub struct Verification<K> {
    key: K,
    expected: Expected,
    bytes: Vec<u8>,
    /// How many of the public inputs are compared elsewhere, by the links of a chain.
    linked: usize,
    state: State,
    checks: Vec<Check>,
}

/// What the checks so far have left to work with.
#[derive(Debug)]
struct State {
    envelope: Option<ProofEnvelope>,
    /// The first check without which the proof cannot be read.
    blocked: Option<CheckName>,
    equation: Option<DeferredPairing>,
    /// Whether a check has failed or was not reached. Callers can write to the checks, but not to this.
    failed: bool,
}

/// A check that passed.
#[derive(Debug)]
struct Passed {
    /// What was checked, for people.
    detail: String,
    /// Whether everything was compared with what the caller expects.
    compared: bool,
}

/// What passed, or why it failed.
type Verdict = Result<Passed, VerifyError>;

impl Passed {
    /// A check that depends on no expectation.
    fn whole(detail: String) -> Self {
        Self { detail, compared: true }
    }

    /// A check of something that the caller may have named.
    fn against(found: &str, named: bool) -> Self {
        let origin = if named { ", as expected" } else { "; not compared with yours: you gave none" };
        Self { detail: format!("{found}{origin}"), compared: named }
    }

    /// Two checks under one name.
    fn and(self, other: Self) -> Self {
        Self { detail: format!("{}; {}", self.detail, other.detail), compared: self.compared && other.compared }
    }
}

impl<K: Deref<Target = VerifierKey>> Verification<K> {
    /// A verification that has not begun.
    pub fn new(key: K, expected: Expected, envelope: Vec<u8>) -> Self {
        let state = State { envelope: None, blocked: None, equation: None, failed: false };
        Self { key, expected, bytes: envelope, linked: 0, state, checks: Vec::with_capacity(CheckName::ALL.len()) }
    }

    /// A verification of an envelope that was decoded as a part of a chain, whose links fill `linked` of its inputs.
    pub(crate) fn decoded(key: K, expected: Expected, envelope: ProofEnvelope, linked: usize) -> Self {
        let mut verification = Self::new(key, expected, Vec::new());
        verification.state.envelope = Some(envelope);
        verification.linked = linked;
        verification
    }

    /// Makes the next check and returns it; `None` after the last.
    pub fn step(&mut self) -> Option<&mut Check> {
        let name = self.next()?;
        let result = self.make(name);
        self.record(name, result)
    }

    /// The check that [`step`](Self::step) makes next.
    fn next(&self) -> Option<CheckName> {
        CheckName::ALL.get(self.checks.len()).copied()
    }

    fn record(&mut self, name: CheckName, result: Result<Verdict, CheckName>) -> Option<&mut Check> {
        let (passed, code, detail) = match result {
            Ok(Ok(Passed { detail, compared: true })) => (true, Check::OK, detail),
            Ok(Ok(Passed { detail, compared: false })) => (true, Check::NOT_CHECKED, detail),
            Ok(Err(error)) => (false, error.code(), error.to_string()),
            Err(failed) => (false, Check::NOT_REACHED, format!("not reached: the check of the {failed} failed")),
        };
        self.state.failed |= !passed;
        self.checks.push(Check { name: name.to_string(), passed, code: code.to_owned(), detail, micros: 0 });
        self.checks.last_mut()
    }

    /// The last check made.
    pub fn last(&mut self) -> Option<&mut Check> {
        self.checks.last_mut()
    }

    /// Makes the checks that are left, and ends the verification.
    pub fn complete(mut self) -> Outcome {
        while self.step().is_some() {}
        self.finish()
    }

    /// The checks made, and the claim if they are all and none failed.
    pub fn finish(mut self) -> Outcome {
        let envelope = self.state.envelope.take();
        let claim = envelope.map(|envelope| VerifiedClaim::new(&self.key, &envelope));
        let report = self.into_report();
        Outcome { claim: claim.filter(|_| report.accepted), report }
    }

    /// The checks made, without a claim. The proof is not accepted before all of them are.
    pub fn into_report(self) -> VerificationReport {
        let holds = self.checks.len() == CheckName::ALL.len() && !self.state.failed;
        let mut report = VerificationReport::new(self.key.model_id(), self.checks);
        report.accepted &= holds;
        report
    }

    /// Makes a check, or says which earlier one it cannot do without.
    fn make(&mut self, name: CheckName) -> Result<Verdict, CheckName> {
        if name == CheckName::Format
            && let Err(error) = self.state.decode(&self.bytes)
        {
            return Ok(Err(error));
        }
        let envelope = self.state.envelope.as_ref().ok_or(CheckName::Format)?;
        if name >= CheckName::ProofIdentities
            && let Some(failed) = self.state.blocked
        {
            return Err(failed);
        }
        if name == CheckName::Pairing && self.state.equation.is_none() {
            return Err(CheckName::ProofIdentities);
        }
        let made = verify::check(name, &self.key, &self.expected, envelope, &mut self.state.equation);
        if name.section().is_some_and(|section| verify::section_values(&self.key, envelope, section).is_err()) {
            self.state.blocked.get_or_insert(name);
        }
        Ok(made.map(|()| self.passed(name, envelope)))
    }

    /// What it means that a check has passed.
    fn passed(&self, name: CheckName, envelope: &ProofEnvelope) -> Passed {
        let (key, expected) = (&*self.key, &self.expected);
        match name {
            CheckName::Format => Passed::whole(format!("version {}", vouch_envelope::ENVELOPE_VERSION)),
            CheckName::ModelIdentity => Passed::against(&key.model_id().to_string(), expected.model_id.is_some()),
            CheckName::Setup => {
                let setup = match key.srs_kind() {
                    SrsKind::Ceremony => "from a ceremony",
                    SrsKind::Development => "for development, which you allow: whoever made it can forge proofs",
                };
                Passed::whole(setup.to_owned())
            }
            CheckName::Nonce => Passed::against(&envelope.nonce.to_string(), expected.nonce.is_some()),
            CheckName::Inputs => self.values(Section::Inputs),
            CheckName::Outputs => self.values(Section::Outputs),
            CheckName::ProofIdentities => canonical(envelope),
            CheckName::Pairing => Passed::whole(HOLD.to_owned()),
        }
    }

    /// What passes of the values and hashes of a section. Where there are none, there is nothing to compare.
    fn values(&self, section: Section) -> Passed {
        let (schema, expected) = (self.key.schema(), &self.expected);
        let (values, hashes) = (schema.values(section), schema.hashes(section));
        let linked = if section == Section::Inputs { self.linked } else { 0 };
        let mut found = format!("{} in range", count(values, "value"));
        if linked > 0 {
            found = format!("{found} ({linked} of them by links)");
        }
        let of_values = match values {
            0 => Passed::whole("no public values".to_owned()),
            _ => Passed::against(&found, expected.values(section).is_some() || linked >= values),
        };
        let of_hashes = || Passed::against(&count(hashes, "hashed tensor"), expected.hashes(section).is_some());
        if hashes == 0 { of_values } else { of_values.and(of_hashes()) }
    }
}

/// A number of things.
fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// What passes of a proof's messages.
fn canonical(envelope: &ProofEnvelope) -> Passed {
    Passed::whole(format!("{} bytes, all messages canonical", envelope.proof.len()))
}

/// What it means that the pairing equation holds.
const HOLD: &str = "gates, copies and evaluations hold";

impl State {
    fn decode(&mut self, bytes: &[u8]) -> Result<(), VerifyError> {
        if self.envelope.is_none() {
            self.envelope = Some(ProofEnvelope::decode(bytes)?);
        }
        Ok(())
    }
}
