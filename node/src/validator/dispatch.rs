//! One query to one miner: asking, verifying, judging.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use sha2::{Digest, Sha256};
use vouch_api::{AttemptOutcome, Nonce, ProveRequest, Salt, State, paths};
use vouch_envelope::hex;
use vouch_protocol::{Share, Verdict, decode_answer, sign};
use vouch_verifier::Expected;

use super::Validator;
use super::flight::Claim;
use super::ledger::Proof;
use crate::chain::MinerEntry;
use crate::engine::{Rejection, VerifyEngine};
use crate::metrics::by;
use crate::now_ms;
use crate::random::random;
use crate::registry::Model;

/// Longest text about an attempt that is kept; some of it comes from miners.
const MAX_DETAIL: usize = 200;

/// What is asked.
#[derive(Clone)]
pub(super) struct Query {
    pub(super) model: Arc<Model>,
    pub(super) inputs: Vec<i64>,
    /// For models with hashed tensors.
    pub(super) salt: Option<Salt>,
    /// The nonce of whoever asked; else each miner gets another.
    pub(super) caller_nonce: Option<Nonce>,
    pub(super) prediction: Option<String>,
}

struct Answer {
    outcome: AttemptOutcome,
    body: Vec<u8>,
    detail: String,
}

impl Answer {
    fn not(outcome: AttemptOutcome, detail: impl ToString) -> Self {
        Self { outcome, body: Vec::new(), detail: detail.to_string() }
    }
}

/// Asks a miner and judges what comes, or that nothing comes. Returns the verdict as it was written down.
pub(super) async fn attempt(
    validator: Arc<Validator>,
    claim: Claim,
    miner: MinerEntry,
    query: Query,
) -> Result<Verdict, crate::database::DatabaseError> {
    let nonce = query.caller_nonce.unwrap_or_else(|| Nonce(random()));
    let id = hex::encode(&random::<16>());
    let limit = query.model.timeout;
    validator.metrics.proving.set(validator.flight.len() as i64);
    let request = ProveRequest {
        request_id: id.clone(),
        model_id: query.model.id(),
        inputs: query.inputs.clone(),
        salt: query.salt,
        nonce,
        deadline_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
    };
    let start = Instant::now();
    let answer = tokio::time::timeout(limit, ask(&validator, &miner, &request, query.model.max_answer_bytes())).await;
    let response = start.elapsed().min(limit);
    let answer = answer.unwrap_or_else(|_| Answer::not(AttemptOutcome::Late, "no answer in time"));
    // The miner is free again: verification is ours. The place is not, until the verdict is written down.
    let place = claim.answered();
    if let Some(prediction) = query.prediction.as_deref().filter(|_| answer.outcome == AttemptOutcome::Verified) {
        validator.set_state(prediction, State::Verifying, "an answer came");
    }
    let start = Instant::now();
    let received = answer.body.len();
    let Judged { outcome, detail, proof, outputs } = check(&validator, &query, nonce, answer).await;
    let verify = if received == 0 { Duration::ZERO } else { start.elapsed() };
    // A proof is as long as its envelope, whatever came with it.
    let bytes = proof.as_ref().map_or(received, |proof| proof.envelope.len()) as u64;

    let micros = |d: Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
    let verdict = Verdict {
        attempt: id,
        prediction: query.prediction.clone(),
        model_id: query.model.id(),
        miner: miner.key,
        nonce,
        caller_nonce: query.caller_nonce.is_some(),
        outcome,
        response_us: micros(response),
        bytes,
        proof_id: proof.as_ref().map(|proof| proof.id.clone()),
        before: Share::ZERO,
        after: Share::ZERO,
        detail: detail.chars().filter(|c| !c.is_control()).take(MAX_DETAIL).collect(),
    };
    let work = move |ledger: &mut super::Ledger| ledger.judge(verdict, micros(verify), proof);
    let (verdict, ended) = validator.ledger.run(work).await?;
    drop(place);
    validator.metrics.proofs.get_or_create(&by(outcome.as_str())).inc();
    validator.metrics.proof_seconds.observe(response.as_secs_f64());
    if bytes > 0 {
        validator.metrics.verify_seconds.observe(verify.as_secs_f64());
    }
    validator.metrics.proving.set(validator.flight.len() as i64);
    tracing::info!(miner = %verdict.miner, outcome = outcome.as_str(), response_ms = response.as_millis() as u64, bytes, score = %verdict.after, detail = verdict.detail, "judged");
    if let Some(prediction) = verdict.prediction.as_deref() {
        if ended {
            if let Some(salt) = query.salt.filter(|_| !outputs.is_empty()) {
                validator.kept.keep(prediction.to_owned(), salt, query.model.named_outputs(&outputs));
            }
            validator.tell(prediction, "verified", |status| {
                status.state = State::Done;
                status.finished_ms = Some(now_ms());
                status.miner = Some(verdict.miner.to_string());
                status.nonce = Some(verdict.nonce);
                status.proof_id = verdict.proof_id.clone();
            });
        } else if outcome != AttemptOutcome::Verified {
            validator.set_state(prediction, State::Proving, &format!("{}: {}", outcome.as_str(), verdict.detail));
        }
    }
    Ok(verdict)
}

/// Sends the request and reads at most `limit` bytes.
async fn ask(validator: &Validator, miner: &MinerEntry, request: &ProveRequest, limit: usize) -> Answer {
    let body = match serde_json::to_vec(request) {
        Ok(body) => body,
        Err(error) => return Answer::not(AttemptOutcome::Cancelled, error),
    };
    let expires = now_ms() + request.deadline_ms.min(vouch_protocol::MAX_VALIDITY_MS);
    let headers = sign(&validator.key, &miner.key, "POST", paths::PROVE, &body, expires);
    let url = format!("{}{}", miner.url.trim_end_matches('/'), paths::PROVE);
    let mut post = validator.client.post(url).header("content-type", "application/json").body(body);
    for (name, value) in headers.to_pairs() {
        post = post.header(name, value);
    }
    let mut response = match post.send().await {
        Ok(response) => response,
        Err(error) => return Answer::not(AttemptOutcome::Failed, error.without_url()),
    };
    match response.status() {
        StatusCode::OK => {}
        StatusCode::SERVICE_UNAVAILABLE => return Answer::not(AttemptOutcome::Busy, "the miner is full"),
        status => return Answer::not(AttemptOutcome::Failed, format!("status {status}")),
    }
    let mut read = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Answer { outcome: AttemptOutcome::Verified, body: read, detail: String::new() },
            Err(error) => return Answer::not(AttemptOutcome::Failed, error.without_url()),
            Ok(Some(chunk)) if read.len() + chunk.len() > limit => {
                return Answer::not(AttemptOutcome::Malformed, format!("more than {limit} bytes"));
            }
            Ok(Some(chunk)) => read.extend_from_slice(&chunk),
        }
    }
}

/// What became of an answer.
struct Judged {
    outcome: AttemptOutcome,
    detail: String,
    proof: Option<Proof>,
    /// The values of hashed outputs, whose hashes are those of the proof.
    outputs: Vec<i64>,
}

impl Judged {
    fn not(outcome: AttemptOutcome, detail: impl ToString) -> Self {
        Self { outcome, detail: detail.to_string(), proof: None, outputs: Vec::new() }
    }
}

/// Verifies an answer against the validator's own request.
async fn check(validator: &Arc<Validator>, query: &Query, nonce: Nonce, answer: Answer) -> Judged {
    if answer.outcome != AttemptOutcome::Verified {
        return Judged::not(answer.outcome, answer.detail);
    }
    let (engine, query) = (validator.engine.clone(), query.clone());
    let development = validator.settings.allow_development_srs;
    let work = move || judge(engine.as_ref(), development, &query, nonce, &answer.body);
    let judged = tokio::task::spawn_blocking(work).await;
    judged.unwrap_or_else(|_| Judged::not(AttemptOutcome::Refused, "the verifier stopped"))
}

/// Of the proof nothing is taken but hashes: what they must be follows from the question, or from values that came beside the proof.
fn judge(engine: &dyn VerifyEngine, development: bool, query: &Query, nonce: Nonce, body: &[u8]) -> Judged {
    let model = &query.model;
    let expected = match model.expected(&query.inputs, nonce, query.salt) {
        Ok(expected) => Expected { allow_development_srs: development, ..expected },
        Err(error) => return Judged::not(AttemptOutcome::Cancelled, error),
    };
    let split = if model.hidden_output_len() == 0 { Ok((Vec::new(), body)) } else { decode_answer(body) };
    let (outputs, envelope) = match split {
        Ok(split) => split,
        Err(error) => return Judged::not(AttemptOutcome::Malformed, error),
    };
    let verified = match engine.verify(&model.key, &expected, envelope) {
        Ok(verified) => verified,
        Err(error @ Rejection::Malformed(_)) => return Judged::not(AttemptOutcome::Malformed, error),
        Err(error) => return Judged::not(AttemptOutcome::Refused, error),
    };
    if let Err(error) = model.check_outputs(&outputs, &verified.output_hashes, query.salt) {
        return Judged::not(AttemptOutcome::Refused, error);
    }
    let proof = Proof { id: hex::encode(&Sha256::digest(envelope)), envelope: envelope.to_vec() };
    Judged { outcome: AttemptOutcome::Verified, detail: String::new(), proof: Some(proof), outputs }
}
