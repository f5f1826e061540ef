//! Epochs: their ends, and the weights that are published then.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vouch_protocol::{PublicKey, ScoreParameters, Share};

use super::participants::Participants;
use super::stop::Stop;
use super::store::Store;
use crate::now_ms;

/// How answers are scored and how long an epoch is: `[validator.scores]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreSettings {
    /// Length of an epoch, milliseconds.
    pub epoch_ms: u64,
    /// Weight of the response time, from 0 to 1; the proof's size has the rest.
    pub time_weight: f64,
    /// Length in bytes from which an answer earns nothing for its size.
    pub size_limit: u64,
}

impl Default for ScoreSettings {
    fn default() -> Self {
        Self { epoch_ms: 600_000, time_weight: 0.5, size_limit: 16_384 }
    }
}

impl ScoreSettings {
    pub(super) fn parameters(&self) -> ScoreParameters {
        let w_time = Share::of((self.time_weight * 1e6).round() as u64, 1_000_000);
        ScoreParameters { w_time, size_limit: self.size_limit }
    }
}

/// Ends epochs and publishes weights.
pub(super) struct Epochs {
    pub(super) validator: PublicKey,
    pub(super) participants: Arc<Participants>,
    pub(super) store: Store,
}

impl Epochs {
    /// Runs until the stop. Weights are offered again until the chain takes them.
    pub(super) async fn run(self, stop: Stop) {
        loop {
            if let Err(error) = self.publish().await {
                tracing::error!(%error, "weights could not be published");
            }
            let ends = match self.store.write(|ledger| Ok(ledger.epoch())).await {
                Ok((_, ends)) => ends,
                Err(_) => now_ms() + 1000,
            };
            let wait = ends.saturating_sub(now_ms());
            // Not longer than a few seconds at once, so that weights that were not taken are offered again.
            if stop.within(Duration::from_millis(wait.clamp(50, 5000))).await {
                return;
            }
            if now_ms() >= ends {
                let miners: Vec<_> = self.participants.now().miners.iter().map(|miner| miner.key).collect();
                if let Err(error) = self.store.write(move |ledger| ledger.end_epoch(&miners)).await {
                    tracing::error!(%error, "the epoch could not be ended");
                }
            }
        }
    }

    async fn publish(&self) -> anyhow::Result<()> {
        for (epoch, weights) in self.store.write(|ledger| ledger.unpublished()).await? {
            let (chain, validator) = (self.participants.chain(), self.validator);
            tokio::task::spawn_blocking(move || chain.publish(&validator, epoch, &weights)).await??;
            self.store.write(move |ledger| ledger.published(epoch)).await?;
            tracing::info!(epoch, "weights published");
        }
        Ok(())
    }
}
