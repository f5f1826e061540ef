//! The checks of a verification, one by one, for people and user interfaces.

use vouch_envelope::{Check, ProofEnvelope, Section, VerificationReport};

use crate::claim::Expected;
use crate::error::{CheckName, VerifyError};
use crate::key::{SrsKind, VerifierKey};
use crate::{proof, verify};

/// Makes every check on the bytes of an envelope that can be made, also after one has failed. The report is accepted
/// exactly if [`verify_bytes`](crate::verify_bytes) accepts.
pub fn report(key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> VerificationReport {
    let mut checks = Vec::with_capacity(CheckName::ALL.len());
    let mut add = |name: CheckName, result: Result<String, String>| {
        let (passed, detail) = match result {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        checks.push(Check { name: name.to_string(), passed, detail });
    };
    match ProofEnvelope::decode(envelope).map_err(VerifyError::from) {
        Ok(envelope) => run(key, expected, &envelope, &mut add),
        Err(error) => {
            add(CheckName::Format, Err(error.to_string()));
            for name in CheckName::ALL.into_iter().skip(1) {
                add(name, Err(not_reached(CheckName::Format)));
            }
        }
    }
    VerificationReport::new(key.model_id(), checks)
}

fn not_reached(failed: CheckName) -> String {
    format!("not reached: the check of the {failed} failed")
}

fn run(
    key: &VerifierKey,
    expected: &Expected,
    envelope: &ProofEnvelope,
    add: &mut dyn FnMut(CheckName, Result<String, String>),
) {
    let detail = |result: Result<(), VerifyError>, passed: String| match result {
        Ok(()) => Ok(passed),
        Err(error) => Err(error.to_string()),
    };
    let origin = |given: bool| if given { "as expected" } else { "the caller accepts any" };

    add(CheckName::Format, Ok(format!("version {}", vouch_envelope::ENVELOPE_VERSION)));
    add(CheckName::ModelIdentity, detail(verify::check_model(key, expected, envelope), key.model_id().to_string()));
    let setup = match key.srs_kind() {
        SrsKind::Ceremony => "from a ceremony",
        SrsKind::Development => "for development: whoever made it can forge proofs",
    };
    add(CheckName::Setup, detail(verify::check_setup(key, expected), setup.to_owned()));
    let nonce = format!("{}, {}", envelope.nonce, origin(expected.nonce.is_some()));
    add(CheckName::Nonce, detail(verify::check_nonce(expected, envelope), nonce));
    let mut counts = Ok(());
    for (name, section) in [(CheckName::Inputs, Section::Inputs), (CheckName::Outputs, Section::Outputs)] {
        let count = key.schema().values(section);
        let passed = format!("{count} values in range, {}", origin(expected.values(section).is_some()));
        add(name, detail(verify::check_values(key, expected, envelope, section), passed));
        if counts.is_ok() && verify::section_values(key, envelope, section).is_err() {
            counts = Err(name);
        }
    }
    if let Err(failed) = counts {
        add(CheckName::ProofIdentities, Err(not_reached(failed)));
        add(CheckName::Pairing, Err(not_reached(failed)));
        return;
    }
    match proof::reduce(key, envelope) {
        Ok(opening) => {
            let passed = format!("{} bytes, all messages canonical", envelope.proof.len());
            add(CheckName::ProofIdentities, Ok(passed));
            let passed = "gates, copies and evaluations hold".to_owned();
            add(CheckName::Pairing, detail(verify::check_opening(key, &opening), passed));
        }
        Err(error) => {
            add(CheckName::ProofIdentities, Err(error.to_string()));
            add(CheckName::Pairing, Err(not_reached(CheckName::ProofIdentities)));
        }
    }
}
