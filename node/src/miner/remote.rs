//! Provers elsewhere: jobs go into a queue in NATS, answers come back on a subject of this miner's own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_stream::StreamExt;
use vouch_api::Capacity;
use vouch_envelope::hex;
use vouch_protocol::{PublicKey, decode_answer};
use vouch_verifier::{Expected, verify_bytes};

use super::run::{NoProof, Run};
use crate::broker::{Answer, Broker, BrokerError, BrokerSettings, Job};
use crate::now_ms;
use crate::random::random;
use crate::registry::Model;

/// Answers to one job that wait to be checked; more are dropped.
const ANSWERS: usize = 16;
/// How long a failure that nobody can check is held back, in case a proof comes: anybody who may publish can claim one.
const GRACE: Duration = Duration::from_secs(2);

type Waiting = Arc<Mutex<HashMap<String, mpsc::Sender<Answer>>>>;

/// A queue in NATS, as its miner sees it.
pub(super) struct Remote {
    broker: Broker,
    /// The subjects of answers start with this.
    prefix: String,
    waiting: Waiting,
    closed: AtomicBool,
    listener: tokio::task::AbortHandle,
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// A job that is waited for. When this is dropped without an answer, the job is taken back: nobody proves it any more.
struct Asked<'a> {
    remote: &'a Remote,
    id: String,
    sequence: Option<u64>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        // Who has been answered is not there any more.
        let open = self.remote.lock().remove(&self.id).is_some();
        if let (true, Some(sequence)) = (open, self.sequence) {
            let broker = self.remote.broker.clone();
            tokio::spawn(async move {
                if let Err(error) = broker.take_back(sequence).await {
                    tracing::debug!(%error, "a job stays in the queue until its deadline");
                }
            });
        }
    }
}

impl Remote {
    pub(super) async fn connect(settings: BrokerSettings, miner: &PublicKey) -> Result<Self, BrokerError> {
        let name = settings.name.clone();
        let broker = Broker::connect(settings, true).await?;
        let own: String = miner.to_string().chars().take(16).collect();
        let prefix = format!("{name}.answer.{own}");
        let answers = broker.client().subscribe(format!("{prefix}.*")).await;
        let mut answers =
            answers.map_err(|e| BrokerError::Server { what: "listen for answers", reason: e.to_string() })?;
        let waiting = Waiting::default();
        let listening = waiting.clone();
        let listener = tokio::spawn(async move {
            while let Some(message) = answers.next().await {
                let id = message.subject.rsplit('.').next().unwrap_or_default();
                let waiting = listening.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
                // After the job is done, an answer finds nobody.
                if let (Some(waiting), Some(answer)) = (waiting, Answer::decode(&message.payload)) {
                    let _ = waiting.try_send(answer);
                }
            }
        });
        Ok(Self { broker, prefix, waiting, closed: AtomicBool::new(false), listener: listener.abort_handle() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, mpsc::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn waiting(&self) -> usize {
        self.lock().len()
    }

    pub(super) async fn capacity(&self) -> Capacity {
        let limit = self.broker.settings().limit as u64;
        match self.broker.load().await {
            Ok((jobs, proving)) => {
                let open = !self.closed.load(Ordering::SeqCst);
                Capacity { limit, waiting: jobs.saturating_sub(proving), proving, open }
            }
            Err(error) => {
                tracing::warn!(%error, "the queue does not answer");
                Capacity { limit, waiting: self.waiting() as u64, proving: 0, open: false }
            }
        }
    }

    pub(super) async fn prove(&self, model: &Arc<Model>, run: Run, deadline: Duration) -> Result<Vec<u8>, NoProof> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(NoProof::Closed);
        }
        let id = hex::encode(&random::<16>());
        let (sender, mut answers) = mpsc::channel(ANSWERS);
        {
            let mut waiting = self.lock();
            if waiting.len() >= self.broker.settings().limit {
                return Err(NoProof::Full { retry_after_s: 5 });
            }
            waiting.insert(id.clone(), sender);
        }
        let mut asked = Asked { remote: self, id, sequence: None };
        let answer = tokio::time::timeout(deadline, async {
            let until_ms = now_ms().saturating_add(u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX));
            let answer = format!("{}.{}", self.prefix, asked.id);
            let Run { inputs, salt, nonce } = run.clone();
            let job = Job { answer, model_id: model.id(), inputs, salt, nonce, until_ms };
            asked.sequence = Some(self.broker.put(&job).await?);
            Ok(answered(model, &run, &mut answers).await)
        });
        let answer = answer.await;
        if matches!(answer, Ok(Ok(_))) {
            // Answered: there is no job to take back.
            self.lock().remove(&asked.id);
        }
        match answer {
            Err(_) => Err(NoProof::Late),
            Ok(Err(BrokerError::Full)) => Err(NoProof::Full { retry_after_s: 5 }),
            Ok(Err(error)) => Err(NoProof::Unreachable(error.to_string())),
            Ok(Ok(answer)) => answer,
        }
    }
}

/// The first answer that holds. An answer that does not is no reason to stop waiting; a failure is one after a while.
async fn answered(model: &Arc<Model>, run: &Run, answers: &mut mpsc::Receiver<Answer>) -> Result<Vec<u8>, NoProof> {
    let mut failure: Option<(Instant, NoProof)> = None;
    loop {
        let end = failure.as_ref().map(|(end, _)| *end);
        let over = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        let answer = tokio::select! {
            answer = answers.recv() => answer,
            () = over => None,
        };
        let said = match answer {
            // The time is over, or the listener has ended.
            None => return Err(failure.map_or_else(|| NoProof::Broken("no answer".into()), |(_, failure)| failure)),
            Some(Answer::Proof(bytes)) => match checked(model.clone(), run.clone(), bytes).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => {
                    tracing::warn!(?error, "an answer from the queue is dropped");
                    continue;
                }
            },
            Some(Answer::Inputs(reason)) => {
                let (own, inputs) = (model.clone(), run.inputs.clone());
                let refused = tokio::task::spawn_blocking(move || own.check_run(&inputs).is_err()).await;
                if refused.unwrap_or(false) {
                    return Err(NoProof::Inputs(reason));
                }
                NoProof::Inputs(reason)
            }
            Some(Answer::Failed(reason)) => NoProof::Broken(reason),
        };
        failure.get_or_insert((Instant::now() + GRACE, said));
    }
}

/// What provers send is not believed: a wrong proof would cost this miner its score.
async fn checked(model: Arc<Model>, run: Run, bytes: Vec<u8>) -> Result<Vec<u8>, NoProof> {
    match tokio::task::spawn_blocking(move || holds(&model, &run, &bytes).map(|()| bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(reason)) => Err(NoProof::Broken(format!("a prover sent what does not hold: {reason}"))),
        Err(_) => Err(NoProof::Broken("the verifier stopped".into())),
    }
}

/// As the validator will check it.
fn holds(model: &Model, run: &Run, answer: &[u8]) -> Result<(), String> {
    let expected = model.expected(&run.inputs, run.nonce, run.salt).map_err(|e| e.to_string())?;
    let expected = Expected { allow_development_srs: true, ..expected };
    let (values, envelope) = match model.hidden_output_len() {
        0 => (Vec::new(), answer),
        _ => decode_answer(answer).map_err(|e| e.to_string())?,
    };
    let claim = verify_bytes(&model.key, &expected, envelope).map_err(|e| e.to_string())?;
    model.check_outputs(&values, &claim.public().output_hashes, run.salt).map_err(|e| e.to_string())
}
