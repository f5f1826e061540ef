//! The checks of a chain, one by one, for people and user interfaces.

use std::ops::Deref;

use vouch_envelope::{CHAIN_VERSION, ChainReport, Check, Link, ProofChain, VerificationReport};

use super::{ChainError, ChainStep, VerifiedChain, against, check_claimed, check_count, check_link, linked, schema};
use crate::claim::VerifiedClaim;
use crate::real::Real;
use crate::report::Verification;
use crate::verifier_key::VerifierKey;

/// Names of the checks of a chain as a whole.
const CHECKS: [&str; 3] = ["format", "proofs", "links"];

/// Makes every check on the bytes of a chain that can be made, also after one has failed. The report is accepted exactly
/// if [`verify_chain`](crate::verify_chain()) accepts.
pub fn report_chain<K: Deref<Target = VerifierKey> + Clone>(
    steps: &[ChainStep<K>],
    links: &[Link],
    chain: &[u8],
) -> ChainReport {
    let mut verification = ChainVerification::new(steps.to_vec(), links.to_vec(), chain.to_vec());
    while verification.step().is_some() {}
    verification.into_report()
}

/// The result of the verification of a chain: its checks, and what it has shown.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainOutcome {
    /// The checks.
    pub report: ChainReport,
    /// What the chain has shown; present exactly if the report is accepted.
    pub verified: Option<VerifiedChain>,
}

/// A verification of a chain whose checks are made one at a time, as in [`Verification`].
#[derive(Debug)]
pub struct ChainVerification<K> {
    steps: Vec<ChainStep<K>>,
    links: Vec<Link>,
    bytes: Vec<u8>,
    chain: Option<ProofChain>,
    /// Whether each proof has its key.
    counted: bool,
    checks: Vec<Check>,
    current: Option<Verification<K>>,
    proofs: Vec<VerificationReport>,
    link_checks: Vec<Check>,
    /// Whether a check of the chain, of a proof or of a link has failed. Callers can write to the checks, but not to this.
    failed: bool,
}

fn check(name: &str, result: Result<String, (&str, String)>) -> Check {
    let (passed, code, detail) = match result {
        Ok(detail) => (true, Check::OK, detail),
        Err((code, detail)) => (false, code, detail),
    };
    Check { name: name.to_owned(), passed, code: code.to_owned(), detail, micros: 0 }
}

impl<K: Deref<Target = VerifierKey> + Clone> ChainVerification<K> {
    /// A verification that has not begun.
    pub fn new(steps: Vec<ChainStep<K>>, links: Vec<Link>, chain: Vec<u8>) -> Self {
        Self {
            steps,
            links: Link::sorted(links),
            bytes: chain,
            chain: None,
            counted: false,
            checks: Vec::with_capacity(CHECKS.len()),
            current: None,
            proofs: Vec::new(),
            link_checks: Vec::new(),
            failed: false,
        }
    }

    /// Makes the next check and returns it; `None` after the last.
    pub fn step(&mut self) -> Option<&mut Check> {
        if let Some(name) = CHECKS.get(self.checks.len()) {
            let made = check(name, self.check_chain(name));
            self.failed |= !made.passed;
            self.checks.push(made);
            return self.last();
        }
        if !self.counted {
            return None;
        }
        if self.current.as_mut().is_some_and(|current| current.step().is_some()) {
            return self.last();
        }
        if let Some(report) = self.current.take().map(Verification::into_report) {
            self.failed |= !report.accepted;
            self.proofs.push(report);
        }
        if self.begin_proof() || self.check_next_link() { self.last() } else { None }
    }

    /// The last check made.
    pub fn last(&mut self) -> Option<&mut Check> {
        if let Some(check) = self.link_checks.last_mut() {
            return Some(check);
        }
        match &mut self.current {
            Some(current) => current.last(),
            None => self.checks.last_mut(),
        }
    }

    /// Makes the checks that are left, and ends the verification.
    pub fn complete(mut self) -> ChainOutcome {
        while self.step().is_some() {}
        self.finish()
    }

    /// The checks made, and what the chain has shown if they are all and none failed.
    pub fn finish(self) -> ChainOutcome {
        let proofs = self.chain.iter().flat_map(ProofChain::proofs);
        let claims = self.steps.iter().zip(proofs).map(|(step, envelope)| VerifiedClaim::new(&step.key, envelope));
        let verified = VerifiedChain { claims: claims.collect(), links: self.links.clone() };
        let report = self.into_report();
        ChainOutcome { verified: report.accepted.then_some(verified), report }
    }

    /// The checks made. The chain is not accepted before all of them are.
    pub fn into_report(self) -> ChainReport {
        let holds = self.counted
            && !self.failed
            && self.checks.len() == CHECKS.len()
            && self.proofs.len() == self.steps.len()
            && self.link_checks.len() == self.links.len();
        let mut report = ChainReport::new(self.checks, self.proofs, self.link_checks);
        report.accepted &= holds;
        report
    }

    fn check_chain(&mut self, name: &str) -> Result<String, (&'static str, String)> {
        let failed = |error: ChainError| (error.code(), error.to_string());
        if name == "format" {
            let chain = ProofChain::decode(&self.bytes).map_err(ChainError::from).map_err(failed)?;
            self.chain = Some(chain);
            return Ok(format!("version {CHAIN_VERSION}"));
        }
        let unread = || (Check::NOT_REACHED, "not reached: the check of the format failed".to_owned());
        let chain = self.chain.as_ref().ok_or_else(unread)?;
        if name == "proofs" {
            check_count(&self.steps, chain).map_err(failed)?;
            self.counted = true;
            return Ok(format!("{}, as expected", self.steps.len()));
        }
        check_claimed(&self.links, chain).map_err(failed)?;
        Ok(format!("{}, as expected", self.links.len()))
    }

    /// Makes the first check of the next proof, if there is one.
    fn begin_proof(&mut self) -> bool {
        let proof = self.proofs.len();
        let envelope = self.chain.as_ref().and_then(|chain| chain.proofs().get(proof));
        let Some((step, envelope)) = self.steps.get(proof).zip(envelope) else { return false };
        let expected = against(&step.expected, proof, &self.links, envelope);
        let linked = linked(proof, &self.links, envelope.public.inputs.len());
        let linked = linked.into_iter().filter(|linked| *linked).count();
        let mut verification = Verification::decoded(step.key.clone(), expected, envelope.clone(), linked);
        let begun = verification.step().is_some();
        self.current = Some(verification);
        begun
    }

    /// Checks the next link, if there is one.
    fn check_next_link(&mut self) -> bool {
        let Some((link, &at)) = self.links.iter().enumerate().nth(self.link_checks.len()) else { return false };
        let proofs = self.chain.as_ref().map(ProofChain::proofs).unwrap_or_default();
        let result = match check_link(&at, |proof| schema(&self.steps, proof), proofs) {
            Ok(ends) => {
                let (from, to) = (&ends.from.name, &ends.to.name);
                Ok(format!("{} values of {from} are those of {to}, scale {}", at.len, Real(ends.to.scale)))
            }
            Err(source) => {
                let error = ChainError::Link { link, at, source };
                Err((error.code(), error.to_string()))
            }
        };
        let made = check(&at.to_string(), result);
        self.failed |= !made.passed;
        self.link_checks.push(made);
        true
    }
}
