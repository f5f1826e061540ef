//! What runs by itself: benchmarks, epochs, the chain's news.

use std::sync::Arc;
use std::time::Duration;

use vouch_api::Salt;

use super::Validator;
use super::dispatch::{Query, attempt};
use crate::now_ms;
use crate::random::{random, shuffle, uniform};

/// Whether the validator stops before the time is over.
async fn stopped(validator: &Validator, time: Duration) -> bool {
    let mut stop = validator.stop.subscribe();
    tokio::time::timeout(time, stop.wait_for(|stop| *stop)).await.is_ok()
}

/// Asks every miner in turn, in another order each round, at irregular moments, for a random model and random inputs, with a random salt where there are hashes.
pub(super) async fn benchmarks(validator: Arc<Validator>) {
    let every = validator.settings.benchmark_every_ms;
    loop {
        let mut miners = validator.parties().miners.clone();
        shuffle(&mut miners);
        let pause = every / (miners.len() as u64).max(1);
        for miner in miners {
            if stopped(&validator, Duration::from_millis(pause / 2 + uniform(pause + 1))).await {
                return;
            }
            let mut models: Vec<_> = validator.registry.iter().cloned().collect();
            shuffle(&mut models);
            let (Some(model), Some(claim)) = (models.pop(), validator.flight.claim(miner.key)) else { continue };
            let (inputs, salt) = (model.random_inputs(), model.has_hashes().then(|| Salt(random())));
            let query = Query { model, inputs, salt, caller_nonce: None, prediction: None };
            let validator = validator.clone();
            tokio::spawn(async move {
                if let Err(error) = attempt(validator, claim, miner, query).await {
                    tracing::error!(%error, "an attempt could not be written down");
                }
            });
        }
        if validator.parties().miners.is_empty() && stopped(&validator, Duration::from_millis(every)).await {
            return;
        }
    }
}

/// Forgets values of hashed outputs that nobody has fetched in time.
pub(super) async fn forget(validator: Arc<Validator>) {
    let pause = (validator.kept.time() / 8).clamp(Duration::from_millis(50), Duration::from_secs(10));
    while !stopped(&validator, pause).await {
        validator.kept.forget_old();
    }
}

/// Ends epochs and publishes weights; again, until the chain takes them.
pub(super) async fn epochs(validator: Arc<Validator>) {
    loop {
        if let Err(error) = publish(&validator).await {
            tracing::error!(%error, "weights could not be published");
        }
        let ends = match validator.ledger.run(|ledger| Ok(ledger.epoch())).await {
            Ok((_, ends)) => ends,
            Err(_) => now_ms() + 1000,
        };
        let wait = ends.saturating_sub(now_ms());
        // Not longer than a few seconds at once, so that weights that were not taken are offered again.
        if stopped(&validator, Duration::from_millis(wait.clamp(50, 5000))).await {
            return;
        }
        if now_ms() >= ends {
            let miners: Vec<_> = validator.parties().miners.iter().map(|m| m.key).collect();
            if let Err(error) = validator.ledger.run(move |ledger| ledger.end_epoch(&miners)).await {
                tracing::error!(%error, "the epoch could not be ended");
            }
        }
    }
}

async fn publish(validator: &Arc<Validator>) -> anyhow::Result<()> {
    for (epoch, weights) in validator.ledger.run(|ledger| ledger.unpublished()).await? {
        let (chain, key) = (validator.chain.clone(), validator.public());
        tokio::task::spawn_blocking(move || chain.publish(&key, epoch, &weights)).await??;
        validator.ledger.run(move |ledger| ledger.published(epoch)).await?;
        tracing::info!(epoch, "weights published");
    }
    Ok(())
}

/// Follows the chain. While it does not answer, those who were there stay.
pub(super) async fn chain(validator: Arc<Validator>) {
    while !stopped(&validator, Duration::from_millis(validator.settings.chain_every_ms.max(100))).await {
        let chain = validator.chain.clone();
        match tokio::task::spawn_blocking(move || chain.parties()).await {
            Ok(Ok(parties)) => {
                *validator.parties.write().unwrap_or_else(|e| e.into_inner()) = Arc::new(parties);
            }
            Ok(Err(error)) => tracing::warn!(%error, "the chain does not answer"),
            Err(_) => tracing::warn!("the chain gave no answer"),
        }
    }
}
