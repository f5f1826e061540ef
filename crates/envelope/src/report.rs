//! What a verifier tells people about its verdict.

use serde::{Deserialize, Serialize};

use crate::ModelId;

/// One check that a verifier made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Short name, fixed for each check, such as `nonce`.
    pub name: String,
    /// Whether it was made and passed.
    pub passed: bool,
    /// For programs: `ok`, `not-reached`, or the kind of failure, such as `development-setup`.
    #[serde(default)]
    pub code: String,
    /// For people: what was found, or why it failed or was not reached.
    pub detail: String,
    /// Microseconds that it took; 0 where nobody measured.
    #[serde(default)]
    pub micros: u64,
}

impl Check {
    /// Code of a check that passed.
    pub const OK: &str = "ok";
    /// Code of a check that could not be made because another failed.
    pub const NOT_REACHED: &str = "not-reached";
}

/// All checks of one verification, in order. The same envelope, key and expectations give the same report, but for the
/// times, which are 0 unless the verification was given a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationReport {
    /// Identity of the key that the verification used.
    pub model_id: ModelId,
    /// Whether the proof is accepted: every check passed.
    pub accepted: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

impl VerificationReport {
    /// A report of `checks`, accepted if there are any and all of them passed.
    pub fn new(model_id: ModelId, checks: Vec<Check>) -> Self {
        let accepted = !checks.is_empty() && checks.iter().all(|check| check.passed);
        Self { model_id, accepted, checks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_accepted_only_if_all_checks_pass() {
        let check =
            |passed| Check { name: "nonce".into(), passed, code: String::new(), detail: String::new(), micros: 0 };
        let accepted = |checks| VerificationReport::new(ModelId([0; 32]), checks).accepted;
        assert!(accepted(vec![check(true), check(true)]));
        assert!(!accepted(vec![check(true), check(false)]));
        assert!(!accepted(vec![]));
    }
}
