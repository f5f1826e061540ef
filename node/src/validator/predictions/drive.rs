//! A user's question: asked of one miner after the other, of two when the first is slow, until an answer holds.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use vouch_api::{AttemptOutcome, State};
use vouch_protocol::Verdict;

use super::board::Board;
use crate::chain::MinerEntry;
use crate::database::DatabaseError;
use crate::now_ms;
use crate::registry::Registry;
use crate::validator::dispatcher::{Claim, Dispatcher, Next, Query, RecordedVerdict};
use crate::validator::hidden_outputs::HiddenOutputs;
use crate::validator::ledger::{Pending, Question};
use crate::validator::store::Store;

type Attempts = JoinSet<Result<Verdict, DatabaseError>>;

/// Sees questions through to their ends.
pub(super) struct Driver {
    /// Most miners that are asked for one question.
    pub(super) attempts: usize,
    /// After this time without an answer, a second miner is asked.
    pub(super) hedge_after: Duration,
    /// After this time, a question has failed.
    pub(super) timeout: Duration,
    pub(super) registry: Arc<Registry>,
    pub(super) dispatcher: Arc<Dispatcher>,
    pub(super) hidden: Arc<HiddenOutputs>,
    pub(super) board: Arc<Board>,
    pub(super) store: Store,
}

impl Driver {
    /// Sees a question through to its end, whatever happens.
    pub(super) async fn drive(self: Arc<Self>, pending: Pending) {
        let id = pending.status.id.clone();
        let Err(reason) = self.answered(pending).await else { return };
        let (own, text) = (id.clone(), reason.clone());
        match self.store.write(move |ledger| ledger.fail(&own, &text)).await {
            Ok(true) => self.board.tell(&id, &reason, |status| {
                status.state = State::Failed;
                status.finished_ms = Some(now_ms());
                status.error = Some(reason.clone());
            }),
            Ok(false) => {}
            // It stays open in the database, and is taken up again at the next start.
            Err(error) => tracing::error!(%error, id, "a prediction's end could not be written down"),
        }
    }

    async fn answered(self: &Arc<Self>, pending: Pending) -> Result<(), String> {
        let id = pending.status.id.clone();
        let Some(model) = self.registry.get(&pending.status.model_id).cloned() else {
            return Err("the model is no longer served".into());
        };
        let Some(Question { inputs, salt }) = pending.question else {
            return Err("the validator was started anew, and hidden inputs are not stored".into());
        };
        let query = Query { model, inputs, salt, user_part: pending.status.user_part, prediction: Some(id.clone()) };
        let deadline = Instant::now() + self.timeout;
        let mut hedge_at = Instant::now();
        let mut tried = HashSet::new();
        let mut running: Attempts = JoinSet::new();
        let mut failures: Vec<String> = Vec::new();
        loop {
            let released = self.dispatcher.released();
            tokio::pin!(released);
            released.as_mut().enable();
            let more = tried.len() < self.attempts;
            if more && (running.is_empty() || Instant::now() >= hedge_at) {
                match self.dispatcher.next(&tried) {
                    Next::Free(claim, miner) => {
                        tried.insert(miner.key);
                        self.board.tell(&id, "a miner has it", |status| {
                            status.state = State::Proving;
                            status.miner = Some(miner.key.to_string());
                            status.attempts += 1;
                        });
                        running.spawn(self.clone().attempt(claim, miner, query.clone(), id.clone()));
                        hedge_at = Instant::now() + self.hedge_after;
                        continue;
                    }
                    // There is a first one at work, and no miner free to hedge with: look again later.
                    Next::Busy | Next::Nobody if !running.is_empty() => hedge_at = Instant::now() + self.hedge_after,
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

    /// One miner's attempt, and the news of it.
    async fn attempt(
        self: Arc<Self>,
        claim: Claim,
        miner: MinerEntry,
        query: Query,
        id: String,
    ) -> Result<Verdict, DatabaseError> {
        let (model, salt) = (query.model.clone(), query.salt);
        let asked = self.dispatcher.ask(claim, miner, query).await;
        if asked.arrived() {
            self.board.set_state(&id, State::Verifying, "an answer came");
        }
        let RecordedVerdict { verdict, ended, outputs } = self.dispatcher.judge(asked).await?;
        if ended {
            if let Some(salt) = salt.filter(|_| !outputs.is_empty()) {
                self.hidden.keep(id.clone(), salt, model.named_outputs(&outputs));
            }
            self.board.tell(&id, "verified", |status| {
                status.state = State::Done;
                status.finished_ms = Some(now_ms());
                status.miner = Some(verdict.miner.to_string());
                status.validator_part = Some(verdict.validator_part);
                status.nonce = Some(verdict.nonce);
                status.proof_id = verdict.proof_id.clone();
            });
        } else if verdict.outcome != AttemptOutcome::Verified {
            let detail = format!("{}: {}", verdict.outcome.as_str(), verdict.detail);
            self.board.set_state(&id, State::Proving, &detail);
        }
        Ok(verdict)
    }
}

fn reason(failures: &[String]) -> String {
    if failures.is_empty() { "no miner takes part".into() } else { format!("answers: {}", failures.join(", ")) }
}
