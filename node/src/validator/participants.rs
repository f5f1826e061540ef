//! The parties on the chain, as last read.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use vouch_protocol::{PublicKey, WeightEntry};

use super::stop::Stop;
use crate::chain::{Chain, ChainError, Parties};

/// Follows the chain. While the chain does not answer, the parties stay as they were.
pub(super) struct Participants {
    chain: Arc<dyn Chain>,
    every: Duration,
    now: RwLock<Arc<Parties>>,
    weights: RwLock<Arc<HashMap<PublicKey, u64>>>,
}

impl Participants {
    /// Reads the chain once.
    pub(super) fn read(chain: Arc<dyn Chain>, every: Duration) -> Result<Self, ChainError> {
        let now = RwLock::new(Arc::new(chain.parties()?));
        Ok(Self { chain, every, now, weights: RwLock::default() })
    }

    pub(super) fn now(&self) -> Arc<Parties> {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The weights of the last epoch, multiples of 2^-32.
    pub(super) fn weights(&self) -> Arc<HashMap<PublicKey, u64>> {
        self.weights.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_weights(&self, weights: &[WeightEntry]) {
        let weights = weights.iter().map(|entry| (entry.miner, entry.weight.bits())).collect();
        *self.weights.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(weights);
    }

    /// The chain itself.
    pub(super) fn chain(&self) -> Arc<dyn Chain> {
        self.chain.clone()
    }

    /// Reads the chain again and again until the stop.
    pub(super) async fn follow(self: Arc<Self>, stop: Stop) {
        while !stop.within(self.every.max(Duration::from_millis(100))).await {
            let chain = self.chain.clone();
            match tokio::task::spawn_blocking(move || chain.parties()).await {
                Ok(Ok(parties)) if parties.chain != self.now().chain => {
                    let (was, is) = (&self.now().chain, &parties.chain);
                    tracing::error!(
                        was,
                        is,
                        "the chain has another name: nonces would not match; start the validator again"
                    );
                }
                Ok(Ok(parties)) => {
                    *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(parties);
                }
                Ok(Err(error)) => tracing::warn!(%error, "the chain does not answer"),
                Err(_) => tracing::warn!("the chain gave no answer"),
            }
        }
    }
}
