//! Who proves for this miner: this process, or hosts behind a queue in NATS.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vouch::ProvingKey;
use vouch_api::{Capacity, ModelId};

use super::prove::prove;
use super::queue::Queue;
use super::remote::Remote;
use super::run::{NoProof, Run};
use crate::metrics::Metrics;
use crate::registry::Model;

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
                let work = move || prove(&key, &run.inputs, run.salt, run.nonce);
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
