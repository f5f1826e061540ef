//! What the contract says, and why it says nothing, in words.

use vouch_evm::contract::VouchVerifier::VouchVerifierErrors as Error;
use vouch_evm::{Answer, Refusal};

use super::{NodeFailure, Obstacle, Said};

impl Obstacle {
    /// What happened, and what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::Node(failure) => failure.sentence(),
            Self::OtherChain { found, expected } => format!(
                "The node is of chain {found}, but the contract is on chain {expected}. Give a node of chain {expected}, or correct the chain's number."
            ),
            Self::NoContract { chain } => format!(
                "There is no contract at this address on chain {chain}. Check the address, or give a node of the chain that the contract is on."
            ),
            Self::OtherContract { chain } => format!(
                "The contract at this address on chain {chain} is not VouchVerifier as this release has it, so it was not asked. Check the address, or deploy the contract with `contracts/scripts/deploy-verifier.js`."
            ),
        }
    }
}

impl NodeFailure {
    fn sentence(&self) -> String {
        match self {
            Self::Unreachable => {
                "The node does not answer this page. Check that its address is right and that it runs. It must also answer pages of other sites (CORS), and have an https address unless this page was loaded from the same machine.".into()
            }
            Self::Slow => "The node has not answered in time. Try again, or give another node.".into(),
            Self::TooLong => "The node's answer is too long. Check its address, or give another node.".into(),
            Self::Status(status) => format!(
                "The server at this address answers with status {status}. Check that the address is that of a node's JSON-RPC, with its key if it needs one."
            ),
            Self::Refused { message, .. } => {
                format!("The node refuses: {}. Give another node.", message.trim_end_matches('.'))
            }
            Self::Malformed(what) => {
                format!("The node's answer is not what this page understands: {what}. Check its address, or give another node.")
            }
        }
    }
}

impl Said {
    /// Whether the model's key is not registered, so that the contract can say nothing of the proof.
    pub fn is_unregistered(&self) -> bool {
        matches!(&self.answer, Answer::Refused(Refusal { error: Error::UnknownModel(_), .. }))
    }

    /// The verdict, in a word or two.
    pub fn word(&self) -> &'static str {
        match &self.answer {
            Answer::Valid => "Valid",
            Answer::NotValid => "Not valid",
            Answer::Refused(_) if self.is_unregistered() => "Key not registered",
            Answer::Refused(_) => "Refused",
        }
    }

    /// What that means.
    pub fn sentence(&self) -> String {
        match &self.answer {
            Answer::Valid => {
                "The contract accepts the proof: `verify` returns true for this model, these values and this nonce.".into()
            }
            Answer::NotValid => {
                "The contract does not accept the proof: `verify` returns false. The proof does not show that the model computed these values for this nonce.".into()
            }
            Answer::Refused(_) if self.is_unregistered() => format!(
                "The contract has no key of this model, so it cannot check its proofs. Anyone may register the key, once: `vouch export proof.vouch --evm verifier.key -o calls.json` writes the transaction's data as `registerKey`.{}",
                if self.allows_development { "" } else { " This contract takes no keys of development setups." }
            ),
            Answer::Refused(Refusal { name, error }) => format!("The contract reverts with {name}: {}.", reason(error)),
        }
    }
}

/// Why the contract refuses a call. Those that only a registration gives are said as they are named.
fn reason(error: &Error) -> String {
    match error {
        Error::ProofLength(e) => {
            format!("the proof has {} bytes, and proofs of this model have {}", e.length, e.expected)
        }
        Error::PublicValuesLength(e) => {
            format!("the public values have {} bytes, and those of this model have {}", e.length, e.expected)
        }
        Error::ValueOutOfRange(_) => "a public value is outside of its tensor's range".into(),
        Error::HashNotCanonical(_) => "a hash is not below the order of the field".into(),
        Error::MessageNotCanonical(e) => format!(
            "what is at byte {} of the proof is not the one encoding of a number or of a point of the curve",
            e.offset
        ),
        Error::DegenerateChallenge(_) => "the check would divide by zero".into(),
        Error::CurveOperation(_) => "the chain could not compute with a point".into(),
        Error::CalldataNotCanonical(_) => "the call's data is not in its one form".into(),
        _ => "it does not take this call".into(),
    }
}
