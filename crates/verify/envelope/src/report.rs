//! What a verifier tells people about its verdict.

use serde::{Deserialize, Serialize};

use crate::ModelId;

/// One check that a verifier made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Short name, fixed for each check, such as `nonce`.
    pub name: String,
    /// Whether it was reached, and nothing that it looked at was wrong. What it did not look at, the code says.
    pub passed: bool,
    /// For programs: `ok`, `not-checked`, `not-reached`, or the kind of failure, such as `development-setup`.
    #[serde(default)]
    pub code: String,
    /// For people: what was found, what was not compared, or why the check failed or was not reached.
    pub detail: String,
    /// Microseconds that it took; 0 where nobody measured.
    #[serde(default)]
    pub micros: u64,
}

impl Check {
    /// Code of a check that passed, with everything compared that there is to compare.
    pub const OK: &str = "ok";
    /// Code of a check that passed without a comparison, because the caller did not say what to expect. The detail says
    /// what was checked, such as the range of the values.
    pub const NOT_CHECKED: &str = "not-checked";
    /// Code of a check that could not be made because another failed.
    pub const NOT_REACHED: &str = "not-reached";

    /// Whether it found something wrong. A check that was not reached did not.
    pub fn refused(&self) -> bool {
        !self.passed && self.code != Self::NOT_REACHED
    }

    /// The verdict in a word or two: `ok`, `not checked`, `not reached` or `refused`.
    pub fn verdict(&self) -> &'static str {
        match (self.passed, self.code.as_str()) {
            (true, Self::NOT_CHECKED) => "not checked",
            (true, _) => "ok",
            (false, Self::NOT_REACHED) => "not reached",
            (false, _) => "refused",
        }
    }
}

/// All checks of one verification, in order. The same envelope, key and expectations give the same report, but for the
/// times, which are 0 unless the verification was given a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationReport {
    /// Identity of the key that the verification used.
    pub model_id: ModelId,
    /// Whether the proof is accepted: every check passed. Of a check with the code [`Check::NOT_CHECKED`], this says
    /// nothing about what the caller did not ask for.
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

/// All checks of the verification of a chain, in the order in which they are made: those of the chain as a whole, those
/// of each proof, and one for each link that the caller expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// Whether the chain is accepted: every check passed.
    pub accepted: bool,
    /// Of the chain: its format, the number of its proofs, and whether its links are those that the caller expects.
    pub checks: Vec<Check>,
    /// Of each proof. Empty if the chain cannot be read, or has another number of proofs than the caller expects.
    pub proofs: Vec<VerificationReport>,
    /// Of each link, in the order of the inputs that they fill. Empty likewise.
    pub links: Vec<Check>,
}

impl ChainReport {
    /// A report, accepted if there are proofs and all checks passed.
    pub fn new(checks: Vec<Check>, proofs: Vec<VerificationReport>, links: Vec<Check>) -> Self {
        let passed = |checks: &[Check]| checks.iter().all(|check| check.passed);
        let proved = !proofs.is_empty() && proofs.iter().all(|proof| proof.accepted);
        Self { accepted: proved && passed(&checks) && passed(&links), checks, proofs, links }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_was_not_made_is_neither_ok_nor_refused() {
        let check = |passed, code: &str| {
            let (name, detail) = (String::new(), String::new());
            Check { name, passed, code: code.to_owned(), detail, micros: 0 }
        };
        for (passed, code, verdict, refused) in [
            (true, Check::OK, "ok", false),
            (true, Check::NOT_CHECKED, "not checked", false),
            (false, Check::NOT_REACHED, "not reached", false),
            (false, "nonce", "refused", true),
            // A failure is one, whatever its code says.
            (false, Check::OK, "refused", true),
            (false, Check::NOT_CHECKED, "refused", true),
        ] {
            let check = check(passed, code);
            assert_eq!((check.verdict(), check.refused()), (verdict, refused), "{passed} {code}");
        }
    }

    #[test]
    fn a_report_is_accepted_only_if_all_checks_pass() {
        let check =
            |passed| Check { name: "nonce".into(), passed, code: String::new(), detail: String::new(), micros: 0 };
        let accepted = |checks| VerificationReport::new(ModelId([0; 32]), checks).accepted;
        assert!(accepted(vec![check(true), check(true)]));
        assert!(!accepted(vec![check(true), check(false)]));
        assert!(!accepted(vec![]));
        let chain = |whole, proof, link| {
            let proofs = vec![VerificationReport::new(ModelId([0; 32]), vec![check(proof)])];
            ChainReport::new(vec![check(whole)], proofs, vec![check(link)]).accepted
        };
        assert!(chain(true, true, true));
        assert!(!chain(false, true, true) && !chain(true, false, true) && !chain(true, true, false));
        assert!(!ChainReport::new(vec![check(true)], vec![], vec![]).accepted);
    }
}
