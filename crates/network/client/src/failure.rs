//! Failures of a validator, and of the chain's node behind it, in words.

/// Why a validator gives no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The network or the validator is down.
    Unreachable,
    /// The validator answers with an error, in its own words.
    Refused {
        /// HTTP status.
        status: u16,
        /// Short.
        title: String,
        /// What it is about, if the validator says.
        detail: String,
    },
    /// The answer is not what it should be.
    Malformed(String),
}

impl Failure {
    /// Whether the thing asked for does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404 | 410, .. })
    }

    /// A sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Unreachable => "The validator does not answer.".into(),
            Self::Refused { status: 429, .. } => {
                "The validator takes only so many questions in a while. Wait ten seconds and ask again.".into()
            }
            Self::Refused { title, detail, .. } if detail.is_empty() => format!("The validator says: {title}."),
            Self::Refused { title, detail, .. } => {
                format!("The validator says: {title}. {}", detail.trim_end_matches('.')) + "."
            }
            Self::Malformed(what) => format!("The validator's answer is not what this page understands: {what}."),
        }
    }
}

/// Why the chain cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub enum ChainFailure {
    /// The validator does not pass the question on.
    Validator(Failure),
    /// The validator does not reach the node.
    NodeDown(String),
    /// The node refuses; a call that reverts says why in `data`.
    Refused {
        /// In its words.
        message: String,
        /// What the contract answered.
        data: Option<Vec<u8>>,
    },
    /// The answer is not what it should be.
    Malformed(String),
    /// The node is of another chain than the validator says.
    OtherChain {
        /// The node's chain.
        found: u64,
        /// The validator's.
        expected: u64,
    },
    /// There is no such contract at the address.
    NoContract,
}

impl ChainFailure {
    /// A sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Validator(failure) => failure.sentence(),
            Self::NodeDown(detail) if detail.is_empty() => "The chain's node does not answer.".into(),
            Self::NodeDown(detail) => {
                format!("The validator does not reach the chain's node: {}.", detail.trim_end_matches('.'))
            }
            Self::Refused { message, .. } => format!("The chain's node refuses: {}.", message.trim_end_matches('.')),
            Self::Malformed(what) => format!("The answer of the chain's node is not what this page understands: {what}."),
            Self::OtherChain { found, expected } => format!(
                "The validator's node is of chain {found}, but the contract is said to be on chain {expected}. Nothing of it is shown: the validator's configuration is wrong."
            ),
            Self::NoContract => {
                "There is no deposit contract at this address of this chain. The validator's configuration is wrong, or the node has not caught up.".into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_sentences() {
        let refused = |status, title: &str, detail: &str| Failure::Refused {
            status,
            title: title.to_owned(),
            detail: detail.to_owned(),
        };
        for (failure, said) in [
            (Failure::Unreachable, "The validator does not answer."),
            (refused(404, "No such model", ""), "The validator says: No such model."),
            (refused(422, "Wrong inputs", "`x` is missing."), "The validator says: Wrong inputs. `x` is missing."),
            (
                refused(429, "Too many", "soon"),
                "The validator takes only so many questions in a while. Wait ten seconds and ask again.",
            ),
            (Failure::Malformed("EOF".into()), "The validator's answer is not what this page understands: EOF."),
        ] {
            assert_eq!(failure.sentence(), said);
            assert_eq!(ChainFailure::Validator(failure).sentence(), said);
        }
        assert!(refused(404, "", "").is_missing() && refused(410, "", "").is_missing());
        assert!(!refused(403, "", "").is_missing() && !Failure::Unreachable.is_missing());
    }

    #[test]
    fn failures_of_the_chain_are_sentences() {
        for (failure, said) in [
            (ChainFailure::NodeDown(String::new()), "The chain's node does not answer."),
            (ChainFailure::NodeDown("refused.".into()), "The validator does not reach the chain's node: refused."),
            (
                ChainFailure::Refused { message: "too far back.".into(), data: None },
                "The chain's node refuses: too far back.",
            ),
            (
                ChainFailure::OtherChain { found: 1, expected: 5 },
                "The validator's node is of chain 1, but the contract is said to be on chain 5. Nothing of it is shown: the validator's configuration is wrong.",
            ),
        ] {
            assert_eq!(failure.sentence(), said);
        }
    }
}
