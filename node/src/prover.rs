//! A prover host: takes jobs from a miner's queue in NATS and answers them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_nats::jetstream::{AckKind, Message};
use tokio::sync::watch;
use tokio::task::JoinSet;
use vouch::ProvingKey;
use vouch_api::ModelId;

use crate::broker::{Answer, Broker, Job};
use crate::miner::prove::{self, ProveError};
use crate::miner::{MinerSettings, load_keys};
use crate::now_ms;
use crate::registry::Registry;

/// How long one look for a job takes; a stop waits for it.
const LOOK: Duration = Duration::from_secs(1);

struct Host {
    broker: Broker,
    keys: BTreeMap<ModelId, Arc<ProvingKey>>,
}

/// Proves what is in the queue until `stop` is ready, then finishes what it has taken.
///
/// # Errors
/// Names what cannot be used: a model, a key, the queue.
pub async fn run(settings: &MinerSettings, stop: impl Future<Output = ()>) -> Result<()> {
    let queue = settings.broker().context("no queue: name it with --queue, or in the setting `miner.broker`")?;
    let (models, development) = (settings.models.clone(), settings.allow_development_srs);
    let load = move || load_keys(&Registry::load(&models, Duration::from_secs(60), development)?);
    let keys = tokio::task::spawn_blocking(load).await??;
    let host = Arc::new(Host { broker: Broker::connect(queue, false).await?, keys });
    println!("prover of {} models, queue {}", host.keys.len(), host.broker.settings().name);
    let (stopping, stopped) = watch::channel(false);
    let mut workers = JoinSet::new();
    for _ in 0..settings.provers {
        workers.spawn(host.clone().work(stopped.clone()));
    }
    let ended = tokio::select! {
        () = stop => Ok(()),
        // A worker stops by itself only if it panics.
        ended = ended(&mut workers) => ended,
    };
    stopping.send_replace(true);
    ended.and(self::ended(&mut workers).await)
}

/// Waits for all workers, or for the first that panics.
async fn ended(workers: &mut JoinSet<()>) -> Result<()> {
    while let Some(ended) = workers.join_next().await {
        ended.context("a worker stopped")?;
    }
    Ok(())
}

impl Host {
    async fn work(self: Arc<Self>, stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            match self.broker.next(LOOK).await {
                Ok(None) => {}
                // Taken, but not begun: somebody else has it at once.
                Ok(Some(message)) if *stopped.borrow() => acknowledge(&message, AckKind::Nak(None)).await,
                Ok(Some(message)) => self.take(message).await,
                Err(error) => {
                    tracing::warn!(%error, "the queue does not answer");
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }

    async fn take(&self, message: Message) {
        let Ok(job) = serde_json::from_slice::<Job>(&message.payload) else {
            tracing::warn!("something in the queue is no job");
            return acknowledge(&message, AckKind::Term).await;
        };
        if job.until_ms <= now_ms() {
            tracing::info!(model = %job.model_id, "a job came too late");
            return acknowledge(&message, AckKind::Term).await;
        }
        let Some(key) = self.keys.get(&job.model_id).cloned() else {
            tracing::warn!(model = %job.model_id, "a job for a model that is not here");
            return acknowledge(&message, AckKind::Nak(Some(LOOK))).await;
        };
        let (inputs, salt, nonce) = (job.inputs.clone(), job.salt, job.nonce);
        let mut proof = tokio::task::spawn_blocking(move || prove::prove(&key, &inputs, salt, nonce));
        let mut alive = tokio::time::interval(self.broker.settings().ack_wait / 3);
        let proved = loop {
            tokio::select! {
                proved = &mut proof => break proved,
                _ = alive.tick() => acknowledge(&message, AckKind::Progress).await,
            }
        };
        let answer = match proved {
            Ok(Ok(proved)) => Answer::Proof(proved.answer),
            Ok(Err(ProveError::Inputs(reason))) => Answer::Inputs(reason),
            Ok(Err(ProveError::Broken(reason))) => Answer::Failed(reason),
            Err(_) => Answer::Failed("the prover panicked".into()),
        };
        // Without an acknowledgement the job is given to another prover: nothing is lost with this connection.
        match self.broker.answer(&job, &answer).await {
            Ok(()) => {
                tracing::info!(model = %job.model_id, proof = matches!(answer, Answer::Proof(_)), "answered");
                acknowledge(&message, AckKind::Ack).await;
            }
            Err(error) => tracing::warn!(%error, "an answer could not be sent"),
        }
    }
}

async fn acknowledge(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        tracing::warn!(%error, "the queue does not hear");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_that_panics_ends_the_host_with_an_error() {
        let mut workers = JoinSet::new();
        workers.spawn(std::future::pending());
        workers.spawn(async { panic!("on purpose") });
        let error = ended(&mut workers).await.unwrap_err();
        assert!(error.to_string().contains("a worker stopped"), "{error}");
        let mut workers = JoinSet::new();
        workers.spawn(async {});
        assert!(ended(&mut workers).await.is_ok());
    }
}
