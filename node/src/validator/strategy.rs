//! A strategy: its forecasts as questions, then the allocation on what they proved, then the chain of all.

pub(super) mod routes;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tokio::sync::broadcast;
use vouch_api::{ModelId, PredictionStatus};
use vouch_envelope::{ProofChain, ProofEnvelope, hex};
use vouch_verifier::{ChainStep, Expected, VerifierKey, verify_chain};

use super::ledger::strategies::Stored;
use super::ledger::{Pending, Question};
use super::{Validator, ValidatorSettings, predict, reads};
use crate::limit::Limiter;
use crate::market::{self, MarketSource};
use crate::registry::Registry;
use crate::strategy::Blueprint;

/// How often an end that nobody told is looked for.
const LOOK: Duration = Duration::from_secs(5);

/// What a validator needs for strategies.
pub(super) struct Strategies {
    pub(super) blueprint: Blueprint,
    pub(super) source: Box<dyn MarketSource>,
    /// Identifiers of strategies that have gone on.
    pub(super) news: broadcast::Sender<String>,
    /// A strategy is as many questions as it has proofs, and counts as many.
    pub(super) limiter: Limiter<IpAddr>,
}

impl Strategies {
    /// Those of the settings, if there are any.
    pub(super) fn of(settings: &ValidatorSettings, registry: &Registry) -> Result<Option<Self>> {
        let Some(own) = &settings.strategy else { return Ok(None) };
        let blueprint = Blueprint::new(registry, own).context("setting `validator.strategy`")?;
        let source = market::source(&own.market).context("setting `validator.strategy.market`")?;
        let proofs = blueprint.tokens() as u32 + 1;
        let limiter = Limiter::new(settings.rate / f64::from(proofs), settings.burst / proofs);
        Ok(Some(Self { blueprint, source, news: broadcast::channel(256).0, limiter }))
    }
}

/// A question of the validator's own making.
pub(super) fn question(model_id: ModelId, inputs: Vec<i64>) -> Pending {
    let status = super::routes::queued(model_id, None);
    Pending { status, question: Some(Question { inputs, salt: None }) }
}

/// Why a strategy does not go on now.
enum Stop {
    /// It has failed.
    Failed(String),
    /// Something is broken here: it stays open, and is taken up again at the next start.
    Broken(String),
}

impl From<crate::database::DatabaseError> for Stop {
    fn from(error: crate::database::DatabaseError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Sees a strategy through to its end, whatever happens.
pub(super) async fn drive(validator: Arc<Validator>, strategy: Stored) {
    let id = strategy.id.clone();
    let end = match run(&validator, strategy).await {
        Ok(chain) => {
            let own = id.clone();
            let chain_id = hex::encode(&Sha256::digest(&chain));
            validator.ledger.run(move |ledger| ledger.end_strategy(&own, Ok((&chain_id, &chain)))).await
        }
        Err(Stop::Failed(reason)) => {
            let own = id.clone();
            validator.ledger.run(move |ledger| ledger.end_strategy(&own, Err(&reason))).await
        }
        Err(Stop::Broken(error)) => {
            tracing::error!(error, id, "a strategy is left open");
            return;
        }
    };
    if let Err(error) = end {
        tracing::error!(%error, id, "a strategy's end could not be written down");
    }
    validator.tell_strategy(&id);
}

/// The bytes of the chain.
async fn run(validator: &Arc<Validator>, mut strategy: Stored) -> Result<Vec<u8>, Stop> {
    let failed = |reason: &dyn ToString| Stop::Failed(reason.to_string());
    let strategies = validator.strategies.as_ref().filter(|own| own.blueprint.plan == strategy.plan);
    let blueprint = &strategies.ok_or_else(|| failed(&"its models are no longer served"))?.blueprint;
    let tokens = blueprint.tokens();
    let mut steps = Vec::with_capacity(tokens + 1);
    let forecasts: Vec<String> = strategy.predictions.iter().take(tokens).cloned().collect();
    for (token, id) in strategy.market.tokens.iter().zip(&forecasts) {
        steps.push(answered(validator, id).await.map_err(|stop| stop.of(&format!("forecast of {}", token.name)))?);
        validator.tell_strategy(&strategy.id);
    }
    let hours: Option<Vec<i64>> = steps.iter().map(|step| blueprint.forecast_of(&step.1.public.outputs)).collect();
    let hours = hours.filter(|hours| hours.len() == tokens).ok_or_else(|| failed(&"a forecast is missing"))?;
    let (market, horizon, risk) = (&strategy.market, strategy.horizon, strategy.risk);
    let inputs = blueprint.allocation_inputs(market, horizon, risk, &hours).map_err(|e| failed(&e))?;
    let known = blueprint.forecast_inputs(market).map_err(|e| failed(&e))?;
    let known = known.into_iter().chain([blueprint.unlinked(&inputs)]);
    if strategy.predictions.len() == tokens {
        let pending = question(blueprint.allocation.id(), inputs.clone());
        strategy.predictions.push(pending.status.id.clone());
        let (id, predictions, kept) = (strategy.id.clone(), strategy.predictions.clone(), pending.clone());
        // First known, then asked: whoever looks between finds it open.
        validator.watch_live(pending.status.clone());
        let accepted = validator.ledger.run(move |ledger| ledger.accept_allocation(&id, &predictions, &kept)).await;
        if let Err(error) = accepted {
            validator.live().remove(&pending.status.id);
            return Err(error.into());
        }
        tokio::spawn(predict::drive(validator.clone(), pending));
        validator.tell_strategy(&strategy.id);
    }
    let last = strategy.predictions.last().ok_or_else(|| failed(&"the allocation is missing"))?;
    steps.push(answered(validator, last).await.map_err(|stop| stop.of("allocation"))?);
    chain_of(blueprint, steps, known, validator.settings.allow_development_srs)
}

/// Links the proofs, and verifies what has come of it as a user would.
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
    let chain = ProofChain::new(proofs, blueprint.plan.links.clone()).map_err(|e| Stop::Failed(e.to_string()))?;
    verify_chain(&expected, &blueprint.plan.links, &chain).map_err(|e| Stop::Failed(e.to_string()))?;
    chain.encode().map_err(|e| Stop::Failed(e.to_string()))
}

impl Stop {
    fn of(self, what: &str) -> Self {
        match self {
            Self::Failed(reason) => Self::Failed(format!("{what}: {reason}")),
            broken @ Self::Broken(_) => broken,
        }
    }
}

/// Waits for the end of a question, and reads its proof.
async fn answered(validator: &Arc<Validator>, id: &str) -> Result<(PredictionStatus, ProofEnvelope), Stop> {
    let status = ended(validator, id).await?;
    let Some(proof) = status.proof_id.clone() else {
        return Err(Stop::Failed(status.error.unwrap_or_else(|| "no answer".into())));
    };
    let envelope = validator.reader.run(move |c| reads::envelope(c, &proof)).await?;
    let envelope = envelope.ok_or_else(|| Stop::Broken("a proof is missing".into()))?;
    let envelope = ProofEnvelope::decode(&envelope).map_err(|error| Stop::Broken(error.to_string()))?;
    Ok((status, envelope))
}

async fn ended(validator: &Arc<Validator>, id: &str) -> Result<PredictionStatus, Stop> {
    loop {
        // First listen, then look: nothing is missed between.
        let mut events = validator.events.subscribe();
        let status = super::routes::standing(validator, id).await?;
        match status {
            None => return Err(Stop::Failed("the question is not known".into())),
            Some(status) if status.state.is_final() => return Ok(status),
            Some(_) => {}
        }
        let heard = async {
            while let Ok(event) = events.recv().await {
                if event.status.id == id && event.status.state.is_final() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(LOOK, heard).await;
    }
}

impl Validator {
    /// Tells whoever listens that a strategy has gone on.
    fn tell_strategy(&self, id: &str) {
        if let Some(strategies) = &self.strategies {
            // Nobody has to listen.
            let _ = strategies.news.send(id.to_owned());
        }
    }

    /// Takes up the strategies that a stop interrupted.
    pub(super) async fn resume_strategies(self: &Arc<Self>) -> Result<()> {
        for strategy in self.ledger.run(|ledger| ledger.open_strategies()).await? {
            tokio::spawn(drive(self.clone(), strategy));
        }
        Ok(())
    }
}
