//! Epochs: their ends, and the weights that are published then.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vouch_protocol::{EpochHead, PartyKey};

use super::ledger::epochs::Unpublished;
use super::participants::Participants;
use super::stop::Stop;
use super::store::Store;
use crate::chain::Publication;
use crate::now_ms;

/// How long an epoch is: `[validator.scores]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreSettings {
    /// Length of an epoch, milliseconds.
    pub epoch_ms: u64,
}

impl Default for ScoreSettings {
    fn default() -> Self {
        Self { epoch_ms: 600_000 }
    }
}

/// Ends epochs and publishes weights.
pub(super) struct Epochs {
    pub(super) key: PartyKey,
    pub(super) participants: Arc<Participants>,
    pub(super) store: Store,
}

impl Epochs {
    /// Runs until the stop. Weights are offered again until the chain takes them.
    pub(super) async fn run(self, stop: Stop) {
        match self.store.write(|ledger| ledger.last_weights()).await {
            Ok(weights) => self.participants.set_weights(&weights),
            Err(error) => tracing::error!(%error, "the last weights could not be read"),
        }
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
                match self.store.write(move |ledger| ledger.end_epoch(&miners)).await {
                    Ok(weights) => self.participants.set_weights(&weights),
                    Err(error) => tracing::error!(%error, "the epoch could not be ended"),
                }
            }
        }
    }

    async fn publish(&self) -> anyhow::Result<()> {
        for Unpublished { epoch, weights, seq, head } in self.store.write(|ledger| ledger.unpublished()).await? {
            let (chain, validator) = (self.participants.chain(), self.key.public());
            let name = self.participants.now().chain.clone();
            let head = EpochHead { chain: name, validator, epoch, seq, head }.sign(&self.key)?;
            let publication = Publication { weights, head };
            tokio::task::spawn_blocking(move || chain.publish(&validator, epoch, &publication)).await??;
            self.store.write(move |ledger| ledger.published(epoch)).await?;
            tracing::info!(epoch, "weights published");
        }
        Ok(())
    }
}
