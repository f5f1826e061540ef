//! Epochs: their ends, and the weights that are published then.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vouch_protocol::{EpochHead, PartyKey};

use super::ledger::epochs::Unpublished;
use super::participants::Participants;
use super::stop::Stop;
use super::store::Store;
use crate::chain::{ChainError, Publication};
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

/// What ends epochs.
#[derive(Clone, Copy)]
enum Course {
    /// The clock.
    Clock,
    /// The chain's own epochs; the number that was seen last.
    Chain(Option<u64>),
}

/// Longest wait at once, so that weights that were not taken are offered again.
const LONGEST_WAIT_MS: u64 = 5_000;

impl Epochs {
    /// Runs until the stop. Weights are offered again until the chain takes them, after the pause that its error asks for.
    pub(super) async fn run(self, stop: Stop) {
        match self.store.write(|ledger| ledger.last_weights()).await {
            Ok(weights) => self.participants.set_weights(&weights),
            Err(error) => tracing::error!(%error, "the last weights could not be read"),
        }
        let (mut epochs, mut offer_at_ms) = (Course::Clock, 0);
        loop {
            if now_ms() >= offer_at_ms {
                offer_at_ms = now_ms() + self.offer().await.as_millis() as u64;
            }
            let ends = match self.store.write(|ledger| Ok(ledger.epoch())).await {
                Ok((_, ends)) => ends,
                Err(_) => now_ms() + 1000,
            };
            let wait = match epochs {
                Course::Clock => ends.saturating_sub(now_ms()),
                Course::Chain(_) => LONGEST_WAIT_MS,
            };
            if stop.within(Duration::from_millis(wait.clamp(50, LONGEST_WAIT_MS))).await {
                return;
            }
            if self.is_over(&mut epochs, ends).await {
                offer_at_ms = 0;
                let miners: Vec<_> = self.participants.now().miners.iter().map(|miner| miner.key).collect();
                match self.store.write(move |ledger| ledger.end_epoch(&miners)).await {
                    Ok(weights) => self.participants.set_weights(&weights),
                    Err(error) => tracing::error!(%error, "the epoch could not be ended"),
                }
            }
        }
    }

    /// Whether the epoch is over.
    async fn is_over(&self, epochs: &mut Course, ends_ms: u64) -> bool {
        let chain = self.participants.chain();
        let known = if let Course::Chain(known) = *epochs { known } else { None };
        match tokio::task::spawn_blocking(move || chain.epoch()).await {
            Ok(Ok(None)) => now_ms() >= ends_ms,
            Ok(Ok(Some(epoch))) => {
                *epochs = Course::Chain(Some(epoch));
                known.is_some_and(|before| before != epoch)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the chain does not say its epoch");
                *epochs = Course::Chain(known);
                false
            }
            Err(_) => false,
        }
    }

    /// Offers what is not published, and says how long to wait before the next time.
    async fn offer(&self) -> Duration {
        match self.publish().await {
            Ok(()) => Duration::ZERO,
            Err(error) => {
                let chain = error.downcast_ref::<ChainError>();
                match chain {
                    Some(wait) if wait.is_wait() => tracing::debug!(%error, "weights are on their way"),
                    _ => tracing::error!(%error, "weights could not be published"),
                }
                chain.map_or(Duration::ZERO, ChainError::pause)
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

#[cfg(test)]
mod tests;
