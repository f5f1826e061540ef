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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// The clock.
    Clock,
    /// The chain's own epochs; the number of the one that runs.
    Chain(Option<u64>),
}

/// Longest wait at once, so that weights that were not taken are offered again.
const LONGEST_WAIT_MS: u64 = 5_000;
const SHORTEST_WAIT_MS: u64 = 50;

impl Epochs {
    /// Runs until the stop. Weights are offered again until the chain takes them, after the pause that its error asks for.
    pub(super) async fn run(self, stop: Stop) {
        match self.store.write(|ledger| ledger.last_weights()).await {
            Ok(weights) => self.participants.set_weights(&weights),
            Err(error) => tracing::error!(%error, "the last weights could not be read"),
        }
        // The chain's epoch may have ended while the validator was away: then ours ends now.
        let mut epochs = match self.store.write(|ledger| ledger.chain_epoch()).await {
            Ok(known) => known.map_or(Course::Clock, |epoch| Course::Chain(Some(epoch))),
            Err(error) => {
                tracing::error!(%error, "the chain's last epoch could not be read");
                Course::Clock
            }
        };
        // The first look is at once.
        let (mut offer_at_ms, mut longest_ms) = (0, SHORTEST_WAIT_MS);
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
            if stop.within(Duration::from_millis(wait.clamp(SHORTEST_WAIT_MS, longest_ms))).await {
                return;
            }
            longest_ms = LONGEST_WAIT_MS;
            if let Some(next) = self.next(&mut epochs, ends).await {
                offer_at_ms = 0;
                let miners: Vec<_> = self.participants.now().miners.iter().map(|miner| miner.key).collect();
                let chain = if let Course::Chain(epoch) = next { epoch } else { None };
                match self.store.write(move |ledger| ledger.end_epoch(&miners, chain)).await {
                    Ok(weights) => {
                        epochs = next;
                        self.participants.set_weights(&weights);
                    }
                    Err(error) => tracing::error!(%error, "the epoch could not be ended"),
                }
            }
        }
    }

    /// What comes next, if the epoch is over.
    async fn next(&self, epochs: &mut Course, ends_ms: u64) -> Option<Course> {
        let chain = self.participants.chain();
        let known = if let Course::Chain(known) = *epochs { known } else { None };
        match tokio::task::spawn_blocking(move || chain.epoch()).await {
            Ok(Ok(None)) => {
                *epochs = Course::Clock;
                (now_ms() >= ends_ms).then_some(Course::Clock)
            }
            Ok(Ok(Some(epoch))) if known.is_none() => {
                // The first number that is seen ends nothing.
                match self.store.write(move |ledger| ledger.set_chain_epoch(epoch)).await {
                    Ok(()) => *epochs = Course::Chain(Some(epoch)),
                    Err(error) => tracing::error!(%error, "the chain's epoch could not be noted"),
                }
                None
            }
            Ok(Ok(Some(epoch))) => (known != Some(epoch)).then_some(Course::Chain(Some(epoch))),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the chain does not say its epoch");
                *epochs = Course::Chain(known);
                None
            }
            Err(_) => None,
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
