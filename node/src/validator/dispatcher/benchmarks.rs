//! Benchmarks: queries of the validator's own, in rounds.
//!
//! In a round all miners are asked at the same time, and each again as soon as it has answered, until the round is over.
//! What a miner delivers is what its prover can do: keys that share one prover share its proofs.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use vouch_api::{AttemptOutcome, NoncePart, Salt};

use super::{Claim, Dispatcher, Query};
use crate::chain::MinerEntry;
use crate::random::{random, shuffle, uniform};
use crate::registry::Model;
use crate::validator::stop::Stop;

impl Dispatcher {
    /// Begins rounds at irregular moments until the stop; without benchmarks it ends at once.
    pub(in crate::validator) async fn benchmarks(self: Arc<Self>, stop: Stop) {
        let every = self.settings.benchmark_every_ms;
        if every == 0 {
            return;
        }
        while !stop.within(Duration::from_millis(every / 2 + uniform(every.saturating_add(1)))).await {
            let mut miners = self.participants.now().miners.clone();
            self.backoff.keep(&miners.iter().map(|miner| miner.key).collect());
            miners.retain(|miner| !self.backoff.rests(&miner.key));
            shuffle(&mut miners);
            let until = Instant::now() + Duration::from_millis(self.settings.benchmark_for_ms);
            for miner in miners {
                tokio::spawn(self.clone().sprint(miner, until));
            }
        }
    }

    /// One miner's part of a round. It ends with the first answer that is not verified.
    async fn sprint(self: Arc<Self>, miner: MinerEntry, until: Instant) {
        loop {
            let Some(claim) = self.claim_until(&miner, until).await else { return };
            let mut models: Vec<_> = self.registry.iter().cloned().collect();
            shuffle(&mut models);
            let Some(model) = models.pop() else { return };
            let Some(inputs) = self.benchmark_inputs(&model).await else {
                tracing::warn!(model = %model.id(), "found no inputs that the program accepts");
                return;
            };
            let salt = model.has_hashes().then(|| Salt(random()));
            let query = Query { model, inputs, salt, user_part: NoncePart(random()), prediction: None };
            let asked = self.ask(claim, miner.clone(), query).await;
            match self.judge(asked).await {
                Ok(judged) if judged.verdict.outcome == AttemptOutcome::Verified && Instant::now() < until => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::error!(%error, "an attempt could not be written down");
                    return;
                }
            }
        }
    }

    /// Claims the miner, if it becomes free before the round is over. A miner that answers a user's question meanwhile
    /// misses nothing: that is paid alike.
    async fn claim_until(&self, miner: &MinerEntry, until: Instant) -> Option<Claim> {
        loop {
            let released = self.released();
            tokio::pin!(released);
            released.as_mut().enable();
            let room = timeout_at(until, self.flight.benchmark_room()).await.ok()??;
            if let Ok(claim) = self.flight.claim_in(miner.key, room) {
                return Some(claim);
            }
            timeout_at(until, released).await.ok()?;
        }
    }

    /// Inputs like those of users, that the program accepts; without questions so far, inputs near the card's sample.
    async fn benchmark_inputs(&self, model: &Arc<Model>) -> Option<Vec<i64>> {
        let recent = if model.has_hashes() { None } else { self.samples.draw(&model.id()) };
        let model = model.clone();
        let draw = move || {
            let accepted = recent.filter(|inputs| model.check_run(inputs).is_ok());
            accepted.or_else(|| model.benchmark_inputs())
        };
        tokio::task::spawn_blocking(draw).await.ok().flatten()
    }
}
