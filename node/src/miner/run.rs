//! A run that is to be proved, and the errors of proving it.

use vouch_api::{Nonce, Salt};

use super::prove::ProveError;
use super::queue::QueueError;

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoProof {
    /// No room; there may be some in so many seconds.
    Full { retry_after_s: u64 },
    /// The miner shuts down.
    Closed,
    /// The deadline came first.
    Late,
    /// The model refuses the inputs.
    Inputs(String),
    /// The queue's server does not answer.
    Unreachable(String),
    /// The prover failed.
    Broken(String),
}

impl From<QueueError> for NoProof {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Full { retry_after_s } => Self::Full { retry_after_s },
            QueueError::Closed => Self::Closed,
            QueueError::Late => Self::Late,
            QueueError::Broken => Self::Broken("the prover panicked".into()),
        }
    }
}

impl From<ProveError> for NoProof {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Inputs(reason) => Self::Inputs(reason),
            ProveError::Broken(reason) => Self::Broken(reason),
        }
    }
}

/// What is to be proved.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) inputs: Vec<i64>,
    pub(super) salt: Option<Salt>,
    pub(super) nonce: Nonce,
}
