//! Who proves for this miner: this process, or hosts behind a queue in NATS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vouch::ProvingKey;
use vouch_api::{Capacity, ModelId, Nonce, Salt};

use super::queue::{Queue, QueueError};
use super::remote::Remote;
use crate::hidden::{self, ProveError};
use crate::metrics::Metrics;
use crate::registry::Model;

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

pub(super) enum Provers {
    /// This process.
    Here { keys: BTreeMap<ModelId, Arc<ProvingKey>>, queue: Queue, metrics: Arc<Metrics> },
    /// Hosts behind a queue.
    Elsewhere { remote: Box<Remote>, metrics: Arc<Metrics> },
}

impl Provers {
    /// What the miner answers: an envelope, for a model with hashed outputs after their values. A caller that goes away (drops the future) before its turn is not proved for.
    pub(super) async fn prove(&self, model: &Arc<Model>, run: Run, deadline: Duration) -> Result<Vec<u8>, NoProof> {
        match self {
            Self::Here { keys, queue, metrics } => {
                let key = keys.get(&model.id()).cloned().ok_or_else(|| NoProof::Broken("no proving key".into()))?;
                let work = move || hidden::prove(&key, &run.inputs, run.salt, run.nonce);
                let proved = queue.run(deadline, work).await??;
                metrics.proof_seconds.observe(proved.time.as_secs_f64());
                Ok(proved.answer)
            }
            Self::Elsewhere { remote, metrics } => {
                let start = std::time::Instant::now();
                let result = remote.prove(model, run, deadline).await;
                if result.is_ok() {
                    metrics.proof_seconds.observe(start.elapsed().as_secs_f64());
                }
                metrics.waiting.set(i64::try_from(remote.waiting()).unwrap_or(i64::MAX));
                result
            }
        }
    }

    pub(super) async fn capacity(&self) -> Capacity {
        match self {
            Self::Here { queue, .. } => queue.capacity(),
            Self::Elsewhere { remote, .. } => remote.capacity().await,
        }
    }

    pub(super) fn close(&self) {
        match self {
            Self::Here { queue, .. } => queue.close(),
            Self::Elsewhere { remote, .. } => remote.close(),
        }
    }
}
