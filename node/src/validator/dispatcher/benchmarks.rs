//! Benchmarks: queries of the validator's own.

use std::sync::Arc;
use std::time::Duration;

use vouch_api::{NoncePart, Salt};

use super::flight::Purpose;
use super::{Dispatcher, Query};
use crate::random::{random, shuffle, uniform};
use crate::validator::stop::Stop;

impl Dispatcher {
    /// Asks every miner in turn, in another order each round, at irregular moments, for a random model and random
    /// inputs that its program accepts, with a random salt where there are hashes. Runs until the stop; without benchmarks it ends at once.
    pub(in crate::validator) async fn benchmarks(self: Arc<Self>, stop: Stop) {
        let every = self.settings.benchmark_every_ms;
        if every == 0 {
            return;
        }
        loop {
            let mut miners = self.participants.now().miners.clone();
            self.backoff.keep(&miners.iter().map(|miner| miner.key).collect());
            shuffle(&mut miners);
            if miners.is_empty() && stop.within(Duration::from_millis(every)).await {
                return;
            }
            let pause = every / (miners.len() as u64).max(1);
            for miner in miners {
                if stop.within(Duration::from_millis(pause / 2 + uniform(pause + 1))).await {
                    return;
                }
                let mut models: Vec<_> = self.registry.iter().cloned().collect();
                shuffle(&mut models);
                if self.backoff.rests(&miner.key) {
                    continue;
                }
                let Some(model) = models.pop() else { continue };
                let Some(claim) = self.flight.claim(miner.key, Purpose::Benchmark) else { continue };
                let this = self.clone();
                tokio::spawn(async move {
                    let drawn = model.clone();
                    let drawn = tokio::task::spawn_blocking(move || drawn.benchmark_inputs()).await;
                    let Some(inputs) = drawn.ok().flatten() else {
                        tracing::warn!(model = %model.id(), "found no inputs that the program accepts");
                        return;
                    };
                    let salt = model.has_hashes().then(|| Salt(random()));
                    let query = Query { model, inputs, salt, user_part: NoncePart(random()), prediction: None };
                    let asked = this.ask(claim, miner, query).await;
                    if let Err(error) = this.judge(asked).await {
                        tracing::error!(%error, "an attempt could not be written down");
                    }
                });
            }
        }
    }
}
