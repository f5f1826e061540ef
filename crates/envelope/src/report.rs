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
    /// What was found, or why it failed or was not reached.
    pub detail: String,
}

/// All checks of one verification, in order. The same envelope, key and expectations give the same report.
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
        let check = |passed| Check { name: "nonce".into(), passed, detail: String::new() };
        let accepted = |checks| VerificationReport::new(ModelId([0; 32]), checks).accepted;
        assert!(accepted(vec![check(true), check(true)]));
        assert!(!accepted(vec![check(true), check(false)]));
        assert!(!accepted(vec![]));
    }
}
