//! A user's question: asked of one miner after the other, of two when the first is slow, until an answer holds.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use vouch_api::{AttemptOutcome, State};
use vouch_protocol::{PublicKey, Verdict};

use super::Validator;
use super::dispatch::{Query, attempt};
use super::flight::Claim;
use super::ledger::{Pending, Question};
use crate::chain::MinerEntry;
use crate::database::DatabaseError;
use crate::now_ms;
use crate::random::shuffle;

type Attempts = JoinSet<Result<Verdict, DatabaseError>>;

/// Sees a question through to its end, whatever happens.
pub(super) async fn drive(validator: Arc<Validator>, pending: Pending) {
    let id = pending.status.id.clone();
    let Err(reason) = answered(&validator, pending).await else { return };
    let (own, text) = (id.clone(), reason.clone());
    match validator.ledger.run(move |ledger| ledger.fail(&own, &text)).await {
        Ok(true) => validator.tell(&id, &reason, |status| {
            status.state = State::Failed;
            status.finished_ms = Some(now_ms());
            status.error = Some(reason.clone());
        }),
        Ok(false) => {}
        // It stays open in the database, and is taken up again at the next start.
        Err(error) => tracing::error!(%error, id, "a prediction's end could not be written down"),
    }
}

async fn answered(validator: &Arc<Validator>, pending: Pending) -> Result<(), String> {
    let settings = &validator.settings;
    let id = pending.status.id.clone();
    let Some(model) = validator.registry.get(&pending.status.model_id).cloned() else {
        return Err("the model is no longer served".into());
    };
    let Some(Question { inputs, salt }) = pending.question else {
        return Err("the validator was started anew, and hidden inputs are not stored".into());
    };
    let query = Query { model, inputs, salt, caller_nonce: pending.status.nonce, prediction: Some(id.clone()) };
    let hedge = Duration::from_millis(settings.hedge_after_ms);
    let deadline = Instant::now() + Duration::from_millis(settings.prediction_timeout_ms);
    let mut hedge_at = Instant::now();
    let mut tried = HashSet::new();
    let mut running: Attempts = JoinSet::new();
    let mut failures: Vec<String> = Vec::new();
    loop {
        let released = validator.flight.released();
        tokio::pin!(released);
        released.as_mut().enable();
        let more = tried.len() < settings.attempts;
        if more && (running.is_empty() || Instant::now() >= hedge_at) {
            match next(validator, &tried) {
                Next::Free(claim, miner) => {
                    tried.insert(miner.key);
                    validator.tell(&id, "a miner has it", |status| {
                        status.state = State::Proving;
                        status.miner = Some(miner.key.to_string());
                        status.attempts += 1;
                    });
                    running.spawn(attempt(validator.clone(), claim, miner, query.clone()));
                    hedge_at = Instant::now() + hedge;
                    continue;
                }
                // There is a first one at work, and nobody free to hedge with: look again later.
                Next::Busy | Next::Nobody if !running.is_empty() => hedge_at = Instant::now() + hedge,
                Next::Busy => {}
                Next::Nobody => return Err(reason(&failures)),
            }
        } else if running.is_empty() {
            return Err(reason(&failures));
        }
        let idle = running.is_empty();
        tokio::select! {
            Some(ended) = running.join_next(), if !idle => match ended {
                Ok(Ok(verdict)) if verdict.outcome == AttemptOutcome::Verified => {
                    // The slower ones are still judged.
                    running.detach_all();
                    return Ok(());
                }
                Ok(Ok(verdict)) => failures.push(verdict.outcome.as_str().to_owned()),
                Ok(Err(error)) => {
                    tracing::error!(%error, id, "an attempt could not be written down");
                    failures.push("not written down".into());
                }
                Err(_) => failures.push("broken off".into()),
            },
            () = sleep_until(hedge_at), if !idle && more => {}
            () = &mut released, if idle => {}
            () = sleep_until(deadline) => {
                running.detach_all();
                failures.push("time is up".into());
                return Err(reason(&failures));
            }
        }
    }
}

fn reason(failures: &[String]) -> String {
    if failures.is_empty() { "no miner takes part".into() } else { format!("answers: {}", failures.join(", ")) }
}

enum Next {
    Free(Claim, MinerEntry),
    Busy,
    Nobody,
}

/// A random miner that was not asked yet.
fn next(validator: &Validator, tried: &HashSet<PublicKey>) -> Next {
    let mut miners = validator.parties().miners.clone();
    miners.retain(|miner| !tried.contains(&miner.key));
    if miners.is_empty() {
        return Next::Nobody;
    }
    shuffle(&mut miners);
    for miner in miners {
        if let Some(claim) = validator.flight.claim(miner.key) {
            return Next::Free(claim, miner);
        }
    }
    Next::Busy
}
