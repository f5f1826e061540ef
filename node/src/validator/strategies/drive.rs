//! A strategy's way to its end: its forecasts, the allocation on what they proved, then the chain of all.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::broadcast;
use vouch_api::PredictionStatus;
use vouch_envelope::{ProofChain, ProofEnvelope, hex};
use vouch_verifier::{ChainStep, Expected, VerifierKey, verify_chain};

use super::blueprint::Blueprint;
use crate::database::DatabaseError;
use crate::validator::ledger::strategies::Stored;
use crate::validator::predictions::{Predictions, question};
use crate::validator::reads;
use crate::validator::store::Store;

/// Sees strategies through to their ends.
pub(super) struct Driver {
    /// The strategy that is offered now, if there is one.
    pub(super) blueprint: Option<Blueprint>,
    pub(super) predictions: Arc<Predictions>,
    pub(super) store: Store,
    pub(super) allow_development_srs: bool,
    /// Identifiers of strategies that have gone on.
    pub(super) news: broadcast::Sender<String>,
}

/// Why a strategy does not go on now.
enum Stop {
    /// It has failed.
    Failed(String),
    /// Something is broken here: it stays open, and is taken up again at the next start.
    Broken(String),
}

impl Stop {
    fn failed(reason: impl ToString) -> Self {
        Self::Failed(reason.to_string())
    }

    fn of(self, what: &str) -> Self {
        match self {
            Self::Failed(reason) => Self::Failed(format!("{what}: {reason}")),
            broken @ Self::Broken(_) => broken,
        }
    }
}

impl From<DatabaseError> for Stop {
    fn from(error: DatabaseError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl Driver {
    /// Sees a strategy through to its end, whatever happens.
    pub(super) async fn drive(self: Arc<Self>, strategy: Stored) {
        let id = strategy.id.clone();
        let own = id.clone();
        let end = match self.run(strategy).await {
            Ok(chain) => {
                let chain_id = hex::encode(&Sha256::digest(&chain));
                self.store.write(move |ledger| ledger.end_strategy(&own, Ok((&chain_id, &chain)))).await
            }
            Err(Stop::Failed(reason)) => self.store.write(move |ledger| ledger.end_strategy(&own, Err(&reason))).await,
            Err(Stop::Broken(error)) => {
                tracing::error!(error, id, "a strategy is left open");
                return;
            }
        };
        if let Err(error) = end {
            tracing::error!(%error, id, "a strategy's end could not be written down");
        }
        self.tell(&id);
    }

    fn tell(&self, id: &str) {
        // An error means that there are no listeners.
        let _ = self.news.send(id.to_owned());
    }

    /// The bytes of the chain.
    async fn run(&self, mut strategy: Stored) -> Result<Vec<u8>, Stop> {
        let blueprint = self.blueprint.as_ref().filter(|own| own.plan == strategy.plan);
        let blueprint = blueprint.ok_or_else(|| Stop::failed("its models are no longer served"))?;
        let tokens = blueprint.tokens();
        let mut steps = Vec::with_capacity(tokens + 1);
        let forecasts: Vec<String> = strategy.predictions.iter().take(tokens).cloned().collect();
        for (token, id) in strategy.market.tokens.iter().zip(&forecasts) {
            steps.push(self.answered(id).await.map_err(|stop| stop.of(&format!("forecast of {}", token.name)))?);
            self.tell(&strategy.id);
        }
        let hours: Option<Vec<i64>> = steps.iter().map(|step| blueprint.forecast_of(&step.1.public.outputs)).collect();
        let hours = hours.filter(|hours| hours.len() == tokens).ok_or_else(|| Stop::failed("a forecast is missing"))?;
        let (market, horizon, risk) = (&strategy.market, strategy.horizon, strategy.risk);
        let inputs = blueprint.allocation_inputs(market, horizon, risk, &hours).map_err(Stop::failed)?;
        let known = blueprint.forecast_inputs(market).map_err(Stop::failed)?;
        let known = known.into_iter().chain([blueprint.unlinked(&inputs)]);
        if strategy.predictions.len() == tokens {
            let (model, run) = (blueprint.allocation.clone(), inputs.clone());
            let run = tokio::task::spawn_blocking(move || model.check_run(&run)).await;
            run.map_err(|error| Stop::Broken(error.to_string()))?.map_err(Stop::failed)?;
            let pending = question(blueprint.allocation.id(), inputs.clone());
            strategy.predictions.push(pending.status.id.clone());
            let (id, predictions, kept) = (strategy.id.clone(), strategy.predictions.clone(), pending.clone());
            // First known, then asked: a reader who looks between finds it open.
            self.predictions.watch(pending.status.clone());
            let accepted = self.store.write(move |ledger| ledger.accept_allocation(&id, &predictions, &kept)).await;
            if let Err(error) = accepted {
                self.predictions.forget(&pending.status.id);
                return Err(error.into());
            }
            self.predictions.begin(pending);
            self.tell(&strategy.id);
        }
        let last = strategy.predictions.last().ok_or_else(|| Stop::failed("the allocation is missing"))?;
        steps.push(self.answered(last).await.map_err(|stop| stop.of("allocation"))?);
        chain_of(blueprint, steps, known, self.allow_development_srs)
    }

    /// Waits for the end of a question, and reads its proof.
    async fn answered(&self, id: &str) -> Result<(PredictionStatus, ProofEnvelope), Stop> {
        let status = self.predictions.ended(id).await?;
        let status = status.ok_or_else(|| Stop::failed("the question is not known"))?;
        let Some(proof) = status.proof_id.clone() else {
            return Err(Stop::Failed(status.error.unwrap_or_else(|| "no answer".into())));
        };
        let envelope = self.store.read(move |c| reads::envelope(c, &proof)).await?;
        let envelope = envelope.ok_or_else(|| Stop::Broken("a proof is missing".into()))?;
        let envelope = ProofEnvelope::decode(&envelope).map_err(|error| Stop::Broken(error.to_string()))?;
        Ok((status, envelope))
    }
}

/// Links the proofs, and verifies the result as a user would.
fn chain_of(
    blueprint: &Blueprint,
    steps: Vec<(PredictionStatus, ProofEnvelope)>,
    known: impl Iterator<Item = Vec<i64>>,
    allow_development_srs: bool,
) -> Result<Vec<u8>, Stop> {
    let tokens = blueprint.tokens();
    let keys: Vec<&VerifierKey> =
        std::iter::repeat_n(&blueprint.forecast.key, tokens).chain([&blueprint.allocation.key]).collect();
    let (statuses, proofs): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
    let expected = keys.into_iter().zip(&statuses).zip(known).map(|((key, status), inputs)| {
        let (nonce, inputs) = (status.nonce, Some(inputs));
        ChainStep { key, expected: Expected { nonce, inputs, allow_development_srs, ..Expected::default() } }
    });
    let expected: Vec<_> = expected.collect();
    let chain = ProofChain::new(proofs, blueprint.plan.links.clone()).map_err(Stop::failed)?;
    verify_chain(&expected, &blueprint.plan.links, &chain).map_err(Stop::failed)?;
    chain.encode().map_err(Stop::failed)
}
