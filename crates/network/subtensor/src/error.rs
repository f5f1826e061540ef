//! Errors, and what to do about them.

use thiserror::Error;

use crate::{Address, TimelockError, ValueError, WeightsError};

/// What is to be done after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Ask again, now or at another node.
    Again,
    /// Ask again after so many blocks.
    Blocks(u64),
    /// A person has to change something first.
    Never,
}

/// Why one node cannot be used.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// No connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// No answer in time.
    #[error("no answer within {0} ms")]
    Late(u64),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer is not one of JSON-RPC, or too large.
    #[error("not an answer of a node: {0}")]
    Protocol(String),
    /// The node belongs to another chain.
    #[error("another chain: expected the first block {expected}, got {got}")]
    OtherChain {
        /// Hash of the first block.
        expected: String,
        /// The node's.
        got: String,
    },
    /// The node is behind.
    #[error("block {got} is its newest, and block {seen} was seen before")]
    Behind {
        /// The node's newest block.
        got: u64,
        /// The newest block that another node had.
        seen: u64,
    },
}

/// Why the chain does not do what is asked.
#[derive(Debug, Error)]
pub enum SubtensorError {
    /// No node answers.
    #[error("no node answers; the last one, {endpoint}: {source}")]
    Endpoint {
        /// Its address.
        endpoint: String,
        /// Why.
        source: EndpointError,
    },
    /// The address of a node is not one.
    #[error("`{text}` is not a node's address: expected `finney`, `test`, `local`, or ws:// or wss:// with a host")]
    Address {
        /// What was given.
        text: String,
    },
    /// The node refuses a question.
    #[error("{method}: the node says {code}: {message}")]
    Node {
        /// The method.
        method: &'static str,
        /// Code of JSON-RPC.
        code: i64,
        /// In the node's words.
        message: String,
    },
    /// The node's answer has another form.
    #[error("{what}: {source}")]
    Value {
        /// Which answer.
        what: &'static str,
        /// What is wrong.
        source: ValueError,
    },
    /// The node's answer is incomplete.
    #[error("{what}: {reason}")]
    Answer {
        /// Which answer.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The runtime is described in a form that this version does not read.
    #[error("the runtime's description: {0}")]
    Metadata(String),
    /// The runtime defines other bytes for a call than the committed metadata.
    #[error("the chain's runtime {spec_version} has another `{call}` than this version signs: update Vouch")]
    Changed {
        /// The call.
        call: &'static str,
        /// The runtime.
        spec_version: u32,
    },
    /// The runtime wants something signed that this version does not know.
    #[error(
        "the chain's runtime wants `{extension}` in every transaction, which this version does not know: update Vouch"
    )]
    Extension {
        /// Its name.
        extension: String,
    },
    /// The subnet is not there.
    #[error("subnet {netuid} does not exist on this chain")]
    NoSubnet {
        /// Its number.
        netuid: u16,
    },
    /// The key is not registered.
    #[error("hotkey {hotkey} is not registered on subnet {netuid}: run `vouch-node register`")]
    NotRegistered {
        /// The key.
        hotkey: Address,
        /// The subnet.
        netuid: u16,
    },
    /// The key may not set weights.
    #[error("hotkey {hotkey} has no validator permit on subnet {netuid}: it needs more stake")]
    NoPermit {
        /// The key.
        hotkey: Address,
        /// The subnet.
        netuid: u16,
    },
    /// A call was executed and failed.
    #[error("{call} failed on the chain: {name}: {docs}")]
    Failed {
        /// The call.
        call: &'static str,
        /// The error's name in the runtime.
        name: String,
        /// The runtime's words.
        docs: String,
    },
    /// The chain takes it later.
    #[error("{what}: the chain takes the next one in {blocks} blocks")]
    TooEarly {
        /// Weights, for example.
        what: &'static str,
        /// In so many blocks.
        blocks: u64,
    },
    /// A transaction is on its way.
    #[error("{call} is sent and not yet in a block")]
    Pending {
        /// The call.
        call: &'static str,
    },
    /// A transaction was in no block while it was valid.
    #[error("{call} was in no block while it was valid: it is sent again")]
    Expired {
        /// The call.
        call: &'static str,
    },
    /// The weights cannot be set.
    #[error("weights: {0}")]
    Weights(#[from] WeightsError),
    /// The weights cannot be encrypted.
    #[error("timelocked weights: {0}")]
    Timelock(#[from] TimelockError),
    /// The chain wants commitments of another form.
    #[error("the chain wants commit-reveal version {got}, this version makes {expected}: update Vouch")]
    CommitReveal {
        /// Ours.
        expected: u16,
        /// The chain's.
        got: u16,
    },
    /// A registration costs more than it may.
    #[error("a registration costs {price} RAO, more than the {most} that are allowed")]
    Price {
        /// The chain's price.
        price: u64,
        /// The limit.
        most: u64,
    },
    /// There is no key to sign with.
    #[error("there is no hotkey to sign with")]
    NoKey,
}

impl SubtensorError {
    pub(crate) fn answer(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Answer { what, reason: reason.into() }
    }

    /// What to do after this error.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Endpoint { .. } | Self::Pending { .. } | Self::Expired { .. } | Self::Answer { .. } => Retry::Again,
            Self::TooEarly { blocks, .. } => Retry::Blocks(*blocks),
            // Stale, ban, too low a priority, full pool: the next block changes it.
            Self::Node { code: 1010..=1016 | -32000, .. } => Retry::Blocks(1),
            Self::Failed { name, .. } if TRANSIENT.contains(&name.as_str()) => Retry::Blocks(10),
            _ => Retry::Never,
        }
    }
}

/// Errors of the runtime that go away by waiting.
const TRANSIENT: &[&str] = &[
    "SettingWeightsTooFast",
    "CommittingWeightsTooFast",
    "ServingRateLimitExceeded",
    "TooManyUnrevealedCommits",
    "TxRateLimitExceeded",
    "SpaceLimitExceeded",
    "TooManyRegistrationsThisBlock",
    "TooManyRegistrationsThisInterval",
    // Commit-reveal was switched on or off between the reading and the block.
    "CommitRevealEnabled",
    "CommitRevealDisabled",
];

/// Why a Bittensor key file cannot be used.
#[derive(Debug, Error)]
pub enum WalletError {
    /// The operating system refuses.
    #[error("{0}")]
    File(std::io::Error),
    /// Others than the owner may read the file.
    #[error("others may read it (mode {mode:03o}); run `chmod 600`")]
    Permissions {
        /// The file's mode.
        mode: u32,
    },
    /// The file is too large to be a key.
    #[error("expected at most {most} bytes, got {got}")]
    Size {
        /// Most bytes.
        most: u64,
        /// Its bytes.
        got: u64,
    },
    /// The file is something else.
    #[error("not a hotkey of a Bittensor wallet: {0}")]
    Format(String),
    /// The file has a public key only.
    #[error("the file has no secret: use the file in `hotkeys`, not one whose name ends in `pub.txt`")]
    PublicOnly,
    /// The key is of another kind.
    #[error("the key is ed25519: Vouch signs with sr25519; make a hotkey with `btcli wallet new-hotkey`")]
    Kind,
    /// The secret does not fit the public key beside it.
    #[error("the secret is of {got}, and the file says {expected}: the file is damaged")]
    Mismatch {
        /// What the file says.
        expected: Address,
        /// What the secret gives.
        got: Address,
    },
    /// The file is encrypted, and there is no password.
    #[error("the key file is encrypted: name a file with its password in `key_password`, or start in a terminal")]
    NoPassword,
    /// The password is another.
    #[error("the password does not open the key file")]
    Password,
    /// The file is encrypted in an old way.
    #[error("the key file is encrypted with {0}, as old wallets did: open it with btcli once, which encrypts it anew")]
    Legacy(&'static str),
}
