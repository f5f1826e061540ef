//! Reports of the verifier, and what they mean in words.

use serde::Deserialize;
use vouch_envelope::Check;

use crate::strategy::proof_name;

/// The verdict on one proof, with the time that it took.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Report {
    /// Whether every check passed.
    pub accepted: bool,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// Milliseconds for all of it, measured around the calls.
    pub total_ms: f64,
}

impl Report {
    /// The names of the checks that refused, without those that were not reached.
    pub fn refused_by(&self) -> Vec<String> {
        let refused = self.checks.iter().filter(|check| check.refused());
        refused.map(|check| check.name.clone()).collect()
    }

    /// The names of the checks that passed without a comparison, because the caller did not say what to expect.
    pub fn not_checked(&self) -> Vec<String> {
        let unchecked = self.checks.iter().filter(|check| check.passed && check.code == Check::NOT_CHECKED);
        unchecked.map(|check| check.name.clone()).collect()
    }
}

/// The checks of one proof of a chain.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ProofReport {
    /// Whether every check passed.
    pub accepted: bool,
    /// The checks, in order.
    pub checks: Vec<Check>,
}

impl ProofReport {
    /// Milliseconds that its checks took.
    pub fn ms(&self) -> f64 {
        self.checks.iter().map(|check| check.micros as f64).sum::<f64>() / 1000.0
    }
}

/// The verdict on a chain of proofs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChainReport {
    /// Whether every check passed.
    pub accepted: bool,
    /// Of the chain as a whole.
    pub checks: Vec<Check>,
    /// Of each proof; none if the chain cannot be read.
    pub proofs: Vec<ProofReport>,
    /// Of each link, in the order of the inputs that they fill.
    pub links: Vec<Check>,
    /// Milliseconds for all of it, measured around the calls.
    pub total_ms: f64,
}

/// A place in a chain that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Such as "proof 2 (Forecast for Birch) by pairing".
    pub place: String,
    /// Why.
    pub detail: String,
}

impl ChainReport {
    /// Everything that refused: of the chain, then of its proofs, then of its links. `tokens` are the names of the tokens
    /// that the chain's forecasts are about.
    pub fn refusals<S: AsRef<str>>(&self, tokens: &[S]) -> Vec<Refusal> {
        let whole = self.checks.iter().filter(|check| check.refused());
        let whole =
            whole.map(|check| Refusal { place: format!("the chain's {}", check.name), detail: check.detail.clone() });
        let proofs = self.proofs.iter().enumerate().flat_map(|(number, proof)| {
            let name = format!("proof {} ({})", number + 1, proof_name(tokens, number));
            let refused = proof.checks.iter().filter(|check| check.refused());
            refused.map(move |check| Refusal { place: format!("{name} by {}", check.name), detail: in_words(check) })
        });
        let links = self.links.iter().enumerate().filter(|(_, check)| check.refused());
        let links = links
            .map(|(number, check)| Refusal { place: format!("link {}", number + 1), detail: check.detail.clone() });
        whole.chain(proofs).chain(links).collect()
    }
}

/// A check of the verifier, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The verifier's name for it.
    pub name: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// What it means if it refuses.
    pub refusal: &'static str,
}

/// The checks in the verifier's order.
pub const QUESTIONS: [Question; 8] = [
    Question {
        name: "format",
        question: "Is this a proof envelope at all?",
        refusal: "The file is damaged, or it is no envelope.",
    },
    Question {
        name: "model identity",
        question: "Is it about the model that was asked?",
        refusal: "It is about another model.",
    },
    Question {
        name: "setup",
        question: "Who made the numbers that all proofs rest on?",
        refusal: "It rests on a development setup: whoever made that could forge proofs. You have not chosen to accept those.",
    },
    Question {
        name: "nonce",
        question: "Does it answer this request, and no older one?",
        refusal: "It was made for another request.",
    },
    Question {
        name: "public inputs",
        question: "Was the model given exactly these inputs?",
        refusal: "The model was given other inputs than the ones asked about.",
    },
    Question {
        name: "public outputs",
        question: "Is the result one that the model can give?",
        refusal: "The result is none that the model can give, or not the one expected.",
    },
    Question { name: "proof identities", question: "Is the proof well formed?", refusal: "The proof is malformed." },
    Question {
        name: "pairing",
        question: "Does the computation, all of it, add up?",
        refusal: "Claim and proof do not belong together: one of them was changed.",
    },
];

/// Why a check refused: in words, then in the verifier's own.
pub fn in_words(check: &Check) -> String {
    let question = QUESTIONS.iter().find(|question| question.name == check.name).filter(|_| check.refused());
    match question {
        Some(question) => format!("{} ({})", question.refusal, check.detail),
        None => check.detail.clone(),
    }
}

/// Whether the verifier refused a development setup.
pub fn refuses_development<'a>(mut checks: impl Iterator<Item = &'a Check>) -> bool {
    checks.any(|check| check.refused() && check.code == "development-setup")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, passed: bool, code: &str) -> Check {
        Check { name: name.into(), passed, code: code.into(), detail: format!("detail of {name}"), micros: 1500 }
    }

    #[test]
    fn a_report_names_what_refused_and_what_was_not_compared() {
        let checks = vec![
            check("format", true, Check::OK),
            check("nonce", true, Check::NOT_CHECKED),
            check("public inputs", false, "inputs"),
            check("pairing", false, Check::NOT_REACHED),
        ];
        let report = Report { accepted: false, checks, total_ms: 1.0 };
        assert_eq!(report.refused_by(), ["public inputs"]);
        assert_eq!(report.not_checked(), ["nonce"]);
        let words = in_words(&report.checks[2]);
        assert_eq!(words, "The model was given other inputs than the ones asked about. (detail of public inputs)");
        for at in [0, 1, 3] {
            assert_eq!(in_words(&report.checks[at]), report.checks[at].detail);
        }
        assert_eq!(in_words(&check("a newer check", false, "new")), "detail of a newer check");
    }

    #[test]
    fn only_a_refused_setup_is_one_of_development() {
        let of = |check: Check| refuses_development([check].iter());
        assert!(of(check("setup", false, "development-setup")));
        assert!(!of(check("setup", true, "development-setup")) && !of(check("setup", false, "setup")));
    }

    #[test]
    fn a_chains_refusals_have_places() {
        let good = || vec![check("format", true, Check::OK)];
        let proof = |checks: Vec<Check>| ProofReport { accepted: checks.iter().all(|check| check.passed), checks };
        let report = ChainReport {
            accepted: false,
            checks: vec![check("links", false, "links"), check("format", true, Check::OK)],
            proofs: vec![
                proof(good()),
                proof(vec![check("pairing", false, "pairing")]),
                proof(vec![check("nonce", false, "nonce")]),
            ],
            links: vec![
                check("link", true, Check::OK),
                check("link", false, "link"),
                check("link", false, Check::NOT_REACHED),
            ],
            total_ms: 1.0,
        };
        let found = report.refusals(&["Alder", "Birch"]);
        let places: Vec<&str> = found.iter().map(|refusal| refusal.place.as_str()).collect();
        assert_eq!(
            places,
            ["the chain's links", "proof 2 (Forecast for Birch) by pairing", "proof 3 (Allocation) by nonce", "link 2"]
        );
        assert_eq!(found[0].detail, "detail of links");
        assert_eq!(found[2].detail, "It was made for another request. (detail of nonce)");
        assert_eq!(report.proofs[0].ms(), 1.5);
    }

    #[test]
    fn reports_are_read() {
        let check = r#"{"name":"format","passed":true,"code":"ok","detail":"","micros":5}"#;
        let text = format!(
            r#"{{"accepted":true,"checks":[{check}],"proofs":[{{"model_id":"x","accepted":true,"checks":[]}}],"links":[],"total_ms":2.5}}"#
        );
        let chain: ChainReport = serde_json::from_str(&text).unwrap();
        assert!(chain.accepted && chain.refusals::<&str>(&[]).is_empty());
        let report: Report = serde_json::from_str(&text).unwrap();
        assert_eq!((report.checks.len(), report.total_ms), (1, 2.5));
    }
}
