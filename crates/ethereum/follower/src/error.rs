use std::time::Duration;

use alloy_primitives::B256;
use vouch_deposits::{DecodeError, IndexError, LedgerError, PointsError};

/// Why the chain's node did not answer. The node's URL is in none of these: it may hold a key.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum RpcError {
    /// The node cannot be reached, or the connection broke.
    #[error("the chain's node cannot be reached: {0}")]
    Transport(String),
    /// The node answered with a status of HTTP that is no success.
    #[error("the chain's node answered with status {status}")]
    Status {
        status: u16,
        /// How long the node asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The node refused the call.
    #[error("{method}: the chain's node refuses: {message} ({code})")]
    Refused { method: &'static str, code: i64, message: String },
    /// The answer is longer than this program takes.
    #[error("{method}: the answer is longer than {limit} bytes")]
    TooLong { method: &'static str, limit: usize },
    /// The answer is not what the call returns.
    #[error("{method}: the answer is not understood: {reason}")]
    Malformed { method: &'static str, reason: String },
}

/// Why following stopped, or a question was not answered.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum FollowerError {
    /// The chain's node did not answer.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// SQLite refuses.
    #[error("database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The file was written by a newer version.
    #[error("the database has version {found}, this program knows {known}")]
    Newer { found: i64, known: usize },
    /// The file is about another contract.
    #[error("the database is about {found}, not about {expected}: use another file")]
    OtherContract { found: String, expected: String },
    /// The URL is none.
    #[error("the URL of the chain's node: {reason}")]
    Url { reason: String },
    /// The node is of another chain.
    #[error("the chain's node is of chain {found}, not {expected}")]
    WrongChain { found: u64, expected: u64 },
    /// There is no contract at the address.
    #[error("there is no contract at {contract} on chain {chain_id}")]
    NoContract { contract: String, chain_id: u64 },
    /// The chain ends before a block that was final: the node has lost blocks, or is reading them itself.
    #[error("the chain's node ends at block {head}, block {confirmed} was final")]
    Behind { head: u64, confirmed: u64 },
    /// The node's answers contradict each other: they are of different moments, or of different nodes.
    #[error("the chain's node contradicts itself about block {number}")]
    Contradiction { number: u64 },
    /// A final block was replaced.
    #[error("block {number} was final, and was replaced by {found}")]
    Reorganised { number: u64, found: B256 },
    /// It is another chain than before, with the same number.
    #[error("the chain begins with another block than when it was read before")]
    OtherGenesis,
    /// The contract emitted what is none of its events.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A block does not follow the last one.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// An event does not fit those before.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Points could not be computed.
    #[error(transparent)]
    Points(#[from] PointsError),
    /// Nothing of the chain was read yet.
    #[error("nothing of the chain was read yet")]
    NotYet,
    /// The thread that used the database ended early.
    #[error("the database's thread ended early")]
    Thread,
}

impl FollowerError {
    /// Whether what is stored is not of the chain, so that only reading it anew helps.
    pub(crate) fn stored_is_wrong(&self) -> bool {
        matches!(
            self,
            Self::Reorganised { .. }
                | Self::OtherGenesis
                | Self::Ledger(_)
                | Self::Points(_)
                | Self::Index(IndexError::Final { .. })
        )
    }
}
