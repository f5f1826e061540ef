//! Users' questions: accepted, driven to an end, and told about.

mod board;
mod drive;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::broadcast;
use vouch_api::{
    MAX_PREDICTION_VALUES, ModelId, NoncePart, PredictionAccepted, PredictionEvent, PredictionRequest,
    PredictionStatus, Salt, State,
};
use vouch_envelope::hex;

use super::dispatcher::Dispatcher;
use super::hidden_outputs::HiddenOutputs;
use super::ledger::{Pending, Question};
use super::reads;
use super::stop::Stop;
use super::store::Store;
use crate::database::DatabaseError;
use crate::limit::Limiter;
use crate::metrics::Metrics;
use crate::now_ms;
use crate::random::random;
use crate::registry::{HiddenError, InputRefusal, Registry, RunRefusal};
use crate::server;

use board::Board;
use drive::Driver;

/// How often the end of a prediction is looked for when no event tells it.
const LOOK: Duration = Duration::from_secs(5);

/// Users' questions: `[validator.predictions]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PredictionSettings {
    /// Most miners that are asked for one prediction.
    pub attempts: usize,
    /// After this long without an answer, a second miner is asked; milliseconds.
    pub hedge_after_ms: u64,
    /// After this long, a prediction has failed; milliseconds.
    pub timeout_ms: u64,
    /// Most predictions that are open.
    pub open: usize,
    /// Predictions a second of each client address, in the long run.
    pub rate: f64,
    /// Predictions of each client address at once.
    pub burst: u32,
}

impl Default for PredictionSettings {
    fn default() -> Self {
        Self { attempts: 3, hedge_after_ms: 15_000, timeout_ms: 180_000, open: 256, rate: 2.0, burst: 10 }
    }
}

/// A question that is not accepted.
#[derive(Debug, Error)]
pub(super) enum PredictionError {
    #[error("too many requests; the next is possible in {retry_after_s} s")]
    Rate { retry_after_s: u64 },
    #[error("no model {0}")]
    NoSuchModel(ModelId),
    #[error("at most {MAX_PREDICTION_VALUES}")]
    TooManyValues,
    #[error(transparent)]
    Inputs(#[from] InputRefusal),
    #[error(transparent)]
    Run(#[from] RunRefusal),
    #[error(transparent)]
    Salt(#[from] HiddenError),
    #[error("the validator shuts down")]
    Stopping,
    #[error("too many predictions are open")]
    Full,
    #[error("draw another")]
    NonceUsed,
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The task that writes the question down ended early.
    #[error("a task panicked")]
    Panicked,
}

/// What the service works with.
pub(super) struct Parts {
    pub(super) registry: Arc<Registry>,
    pub(super) dispatcher: Arc<Dispatcher>,
    pub(super) hidden: Arc<HiddenOutputs>,
    pub(super) store: Store,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stop: Stop,
}

/// The service of predictions.
pub(super) struct Predictions {
    registry: Arc<Registry>,
    store: Store,
    stop: Stop,
    board: Arc<Board>,
    driver: Arc<Driver>,
    limiter: Limiter<IpAddr>,
}

/// A question that no miner has been asked yet.
fn queued(model_id: ModelId, user_part: Option<NoncePart>) -> PredictionStatus {
    PredictionStatus {
        id: hex::encode(&random::<16>()),
        model_id,
        user_part: user_part.unwrap_or_else(|| NoncePart(random())),
        validator_part: None,
        nonce: None,
        state: State::Queued,
        created_ms: now_ms(),
        finished_ms: None,
        miner: None,
        attempts: 0,
        proof_id: None,
        error: None,
    }
}

/// A question of the validator's own making.
pub(super) fn question(model_id: ModelId, inputs: Vec<i64>) -> Pending {
    Pending { status: queued(model_id, None), question: Some(Question { inputs, salt: None }) }
}

impl Predictions {
    pub(super) fn new(settings: &PredictionSettings, parts: Parts) -> Self {
        let Parts { registry, dispatcher, hidden, store, metrics, stop } = parts;
        let board = Arc::new(Board::new(settings.open, metrics));
        let driver = Driver {
            attempts: settings.attempts,
            hedge_after: Duration::from_millis(settings.hedge_after_ms),
            timeout: Duration::from_millis(settings.timeout_ms),
            registry: registry.clone(),
            dispatcher,
            hidden,
            board: board.clone(),
            store: store.clone(),
        };
        let limiter = Limiter::new(settings.rate, settings.burst);
        Self { registry, store, stop, board, driver: Arc::new(driver), limiter }
    }

    /// Takes one question from a client's rate.
    pub(super) fn admit(&self, client: IpAddr) -> Result<(), PredictionError> {
        self.limiter.take(server::counted(client)).map_err(|retry_after_s| PredictionError::Rate { retry_after_s })
    }

    /// Accepts a question. Once accepted, it is seen through to its end, even if the caller goes away.
    pub(super) async fn ask(&self, asked: PredictionRequest) -> Result<PredictionAccepted, PredictionError> {
        let missing = PredictionError::NoSuchModel(asked.model_id);
        let model = self.registry.get(&asked.model_id).cloned().ok_or(missing)?;
        let values: usize = asked.inputs.values().map(Vec::len).sum();
        if values > MAX_PREDICTION_VALUES {
            return Err(PredictionError::TooManyValues);
        }
        let inputs = model.integers(&asked.inputs)?;
        let drawn = (model.has_hashes() && asked.salt.is_none()).then(|| Salt(random()));
        let salt = asked.salt.or(drawn);
        model.check_salt(salt)?;
        // Inputs that the program refuses cannot be proved: no miner is asked, and none is blamed.
        let run = tokio::task::spawn_blocking(move || model.check_run(&inputs).map(|()| inputs));
        let inputs = run.await.map_err(|_| PredictionError::Panicked)??;
        let status = queued(asked.model_id, asked.user_part);
        self.reserve(std::slice::from_ref(&status), 0)?;
        let pending = Pending { status: status.clone(), question: Some(Question { inputs, salt }) };
        let (store, board, driver) = (self.store.clone(), self.board.clone(), self.driver.clone());
        let task = tokio::spawn(async move {
            let kept = pending.clone();
            let accepted = store.write(move |ledger| ledger.accept(&kept)).await;
            if matches!(accepted, Ok(true)) {
                tokio::spawn(driver.drive(pending));
            } else {
                board.remove(&pending.status.id);
            }
            accepted
        });
        if !task.await.map_err(|_| PredictionError::Panicked)?? {
            return Err(PredictionError::NonceUsed);
        }
        Ok(PredictionAccepted { status, salt: drawn })
    }

    /// Takes places for new predictions, if there is room for `spare` more.
    pub(super) fn reserve(&self, new: &[PredictionStatus], spare: usize) -> Result<(), PredictionError> {
        if self.stop.is_set() {
            return Err(PredictionError::Stopping);
        }
        if self.board.add(new, spare) { Ok(()) } else { Err(PredictionError::Full) }
    }

    /// Takes a place for one more prediction, whether there is room or not.
    pub(super) fn watch(&self, status: PredictionStatus) {
        self.board.watch(status);
    }

    /// Gives back the place of a prediction that was not written down.
    pub(super) fn forget(&self, id: &str) {
        self.board.remove(id);
    }

    /// Begins to ask miners a question that is written down.
    pub(super) fn begin(&self, pending: Pending) {
        tokio::spawn(self.driver.clone().drive(pending));
    }

    /// Takes up the questions that a stop interrupted.
    pub(super) async fn resume(&self) -> Result<(), DatabaseError> {
        for pending in self.store.write(|ledger| ledger.pending()).await? {
            self.watch(pending.status.clone());
            self.begin(pending);
        }
        Ok(())
    }

    /// Number of predictions that no miner has been asked for.
    pub(super) fn queued(&self) -> usize {
        self.board.queued()
    }

    /// News of all predictions.
    pub(super) fn listen(&self) -> broadcast::Receiver<PredictionEvent> {
        self.board.listen()
    }

    /// How a question stands, if there is one.
    pub(super) async fn standing(&self, id: &str) -> Result<Option<PredictionStatus>, DatabaseError> {
        if let Some(status) = self.board.get(id) {
            return Ok(Some(status));
        }
        let own = id.to_owned();
        self.store.read(move |c| reads::prediction(c, &own)).await
    }

    /// Waits for a question's end; `None` if there is no such question.
    pub(super) async fn ended(&self, id: &str) -> Result<Option<PredictionStatus>, DatabaseError> {
        loop {
            // First listen, then look: nothing is missed between.
            let mut events = self.listen();
            match self.standing(id).await? {
                Some(status) if !status.state.is_final() => {}
                known => return Ok(known),
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
}
