//! Queries to miners: asking, verifying, judging. One query at a time for each miner, and a limit on all.

mod address;
mod backoff;
mod benchmarks;
mod choice;
mod clock;
mod flight;
mod judge;
mod post;
mod query;
mod samples;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use vouch_api::{AttemptOutcome, Nonce, NoncePart, NonceSource, ProveRequest, paths};
use vouch_envelope::hex;
use vouch_protocol::{InputsHash, PartyKey, PublicKey, Share, Verdict, sign};
use vouch_verifier::Expected;

use super::participants::Participants;
use super::store::Store;
use crate::chain::MinerEntry;
use crate::database::DatabaseError;
use crate::engine::VerifyEngine;
use crate::metrics::{Metrics, by};
use crate::now_ms;
use crate::random::random;
use crate::registry::Registry;

use backoff::Backoff;
use clock::Sent;
use flight::{Flight, NoClaim};
use judge::{Judgement, judge};
use post::{Post, Postman};
use query::Answer;
use samples::Samples;

pub(super) use flight::Claim;
pub(super) use query::{Asked, Query};

/// Longest text about an attempt that is kept; some of it comes from miners.
const MAX_DETAIL: usize = 200;
/// What the public log says of a failed request, whatever the reason: a miner's entry on the chain must not turn the
/// validator into a scanner of other machines' ports and paths. The reason is in the validator's own log.
const FAILED: &str = "no usable answer";

/// Queries to miners: `[validator.dispatch]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DispatchSettings {
    /// How long a miner may take to answer, milliseconds.
    pub timeout_ms: u64,
    /// Most users' questions that are with miners.
    pub in_flight: usize,
    /// Most benchmarks that are with miners.
    pub benchmarks_in_flight: usize,
    /// Mean time between two rounds of benchmarks, milliseconds; 0 for none.
    pub benchmark_every_ms: u64,
    /// Length of a round, in which each miner is asked again as soon as it has answered; milliseconds.
    pub benchmark_for_ms: u64,
    /// A miner that does not answer is left alone for this long, milliseconds; twice as long after each further failure,
    /// up to ten minutes. 0 for never. Users' questions go to such miners only when there are no others.
    pub backoff_ms: u64,
    /// Ask miners at addresses of the machine itself and of private networks.
    pub private_addresses: bool,
    /// Ask miners on other machines over HTTP, too, where the chain names such an address: everybody on the way reads inputs,
    /// outputs and salts.
    pub plain_http: bool,
}

impl Default for DispatchSettings {
    fn default() -> Self {
        Self {
            timeout_ms: 60_000,
            in_flight: 16,
            benchmarks_in_flight: 256,
            benchmark_every_ms: 60_000,
            benchmark_for_ms: 10_000,
            backoff_ms: 30_000,
            private_addresses: false,
            plain_http: false,
        }
    }
}

/// Asks miners and judges their answers.
pub(super) struct Dispatcher {
    settings: DispatchSettings,
    /// The chain's name.
    chain: String,
    key: PartyKey,
    registry: Arc<Registry>,
    participants: Arc<Participants>,
    engine: Arc<dyn VerifyEngine>,
    allow_development_srs: bool,
    store: Store,
    metrics: Arc<Metrics>,
    postman: Postman,
    flight: Flight,
    backoff: Backoff,
    samples: Samples,
}

/// What a dispatcher works with.
pub(super) struct Parts {
    pub(super) key: PartyKey,
    pub(super) registry: Arc<Registry>,
    pub(super) participants: Arc<Participants>,
    pub(super) engine: Arc<dyn VerifyEngine>,
    pub(super) allow_development_srs: bool,
    pub(super) store: Store,
    pub(super) metrics: Arc<Metrics>,
}

/// A verdict as it was written down.
pub(super) struct RecordedVerdict {
    pub(super) verdict: Verdict,
    /// Whether it ended the prediction that it was for.
    pub(super) ended: bool,
    /// The values of hashed outputs.
    pub(super) outputs: Vec<i64>,
}

/// Which miner can be asked now.
pub(super) enum Next {
    Free(Claim, MinerEntry),
    /// All that were not tried are busy, or there is no room.
    Busy,
    /// All were tried.
    Nobody,
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Dispatcher {
    pub(super) fn new(settings: DispatchSettings, parts: Parts) -> Result<Self> {
        let Parts { key, registry, participants, engine, allow_development_srs, store, metrics } = parts;
        let postman = Postman::new(&key)?;
        let flight = Flight::new(settings.in_flight, settings.benchmarks_in_flight);
        let backoff = Backoff::new(Duration::from_millis(settings.backoff_ms));
        Ok(Self {
            settings,
            chain: participants.now().chain.clone(),
            key,
            registry,
            participants,
            engine,
            allow_development_srs,
            store,
            metrics,
            postman,
            flight,
            backoff,
            samples: Samples::default(),
        })
    }

    /// Number of queries on their way.
    pub(super) fn in_flight(&self) -> usize {
        self.flight.len()
    }

    /// Most queries on their way.
    pub(super) fn limit(&self) -> usize {
        self.settings.in_flight + self.settings.benchmarks_in_flight
    }

    /// Ready when a miner or a place becomes free after this was called.
    pub(super) fn released(&self) -> tokio::sync::futures::Notified<'_> {
        self.flight.released()
    }

    /// A miner that was not tried, mostly by weight; of those that did not answer lately only if there is no other.
    pub(super) fn next(&self, tried: &HashSet<PublicKey>) -> Next {
        let mut miners = self.participants.now().miners.clone();
        miners.retain(|miner| !tried.contains(&miner.key));
        if miners.is_empty() {
            return Next::Nobody;
        }
        if miners.iter().any(|miner| !self.backoff.rests(&miner.key)) {
            miners.retain(|miner| !self.backoff.rests(&miner.key));
        }
        self.flight.retain_free(&mut miners);
        let weights = self.participants.weights();
        while let Some(miner) = choice::take(&mut miners, &weights) {
            match self.flight.claim(miner.key) {
                Ok(claim) => return Next::Free(claim, miner),
                Err(NoClaim::Room) => return Next::Busy,
                Err(NoClaim::Taken) => {}
            }
        }
        Next::Busy
    }

    fn show_in_flight(&self) {
        self.metrics.proving.set(i64::try_from(self.flight.len()).unwrap_or(i64::MAX));
    }

    /// Asks a miner, and waits for its answer or the end of its time.
    pub(super) async fn ask(&self, claim: Claim, miner: MinerEntry, query: Query) -> Asked {
        let validator_part = NoncePart(random());
        let source = NonceSource {
            chain: &self.chain,
            validator: self.key.public().0,
            miner: miner.key.0,
            model_id: query.model.id(),
            user_part: query.user_part,
            validator_part,
        };
        let nonce = source.nonce();
        if query.prediction.is_some() && query.salt.is_none() {
            self.samples.keep(query.model.id(), &query.inputs);
        }
        let id = hex::encode(&random::<16>());
        let limit = query.model.timeout;
        self.show_in_flight();
        let request = ProveRequest {
            request_id: id.clone(),
            model_id: query.model.id(),
            inputs: query.inputs.clone(),
            salt: query.salt,
            user_part: query.user_part,
            validator_part,
            deadline_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        };
        let (start, sent) = (Instant::now(), Sent::default());
        let sending = self.send(&miner, &request, query.model.max_answer_bytes(), &sent);
        let answer = tokio::time::timeout(limit, sending).await;
        let response = sent.at().unwrap_or(start).elapsed().min(limit);
        let mut answer = answer.unwrap_or_else(|_| Answer::not(AttemptOutcome::Late, "no answer in time"));
        match answer.outcome {
            AttemptOutcome::Failed => {
                tracing::info!(miner = %miner.key, reason = answer.detail, "a request failed");
                answer.detail = FAILED.to_owned();
                self.backoff.failed(miner.key);
            }
            AttemptOutcome::Late => self.backoff.failed(miner.key),
            AttemptOutcome::Cancelled => {}
            _ => self.backoff.answered(&miner.key),
        }
        // The miner is free again: verification is ours. The place is not, until the verdict is written down.
        let place = claim.answered();
        Asked { id, miner, query, validator_part, nonce, answer, response, place }
    }

    /// Verifies an answer, or the lack of one, and writes the verdict down.
    pub(super) async fn judge(&self, asked: Asked) -> Result<RecordedVerdict, DatabaseError> {
        let Asked { id, miner, query, validator_part, nonce, answer, response, place } = asked;
        let start = Instant::now();
        let received = answer.body.len();
        let (prediction, user_part, model_id) = (query.prediction.clone(), query.user_part, query.model.id());
        let (Judgement { outcome, detail, proof, outputs }, inputs) = self.check(query, nonce, answer).await;
        let verify = if received == 0 { Duration::ZERO } else { start.elapsed() };
        // A proof is as long as its envelope, whatever came with it.
        let bytes = proof.as_ref().map_or(received, |proof| proof.envelope.len()) as u64;
        let verdict = Verdict {
            attempt: id,
            prediction,
            model_id,
            miner: miner.key,
            inputs,
            user_part,
            validator_part,
            nonce,
            outcome,
            response_us: micros(response),
            bytes,
            proof_id: proof.as_ref().map(|proof| proof.id.clone()),
            before: Share::ZERO,
            after: Share::ZERO,
            detail: detail.chars().filter(|c| !c.is_control()).take(MAX_DETAIL).collect(),
        };
        let (verdict, ended) = self.store.write(move |ledger| ledger.judge(verdict, micros(verify), proof)).await?;
        drop(place);
        self.metrics.proofs.get_or_create(&by(outcome.as_str())).inc();
        self.metrics.proof_seconds.observe(response.as_secs_f64());
        if bytes > 0 {
            self.metrics.verify_seconds.observe(verify.as_secs_f64());
        }
        self.show_in_flight();
        tracing::info!(miner = %verdict.miner, outcome = outcome.as_str(), response_ms = response.as_millis() as u64, bytes, score = %verdict.after, detail = verdict.detail, "judged");
        Ok(RecordedVerdict { verdict, ended, outputs })
    }

    /// Signs the request and sends it.
    async fn send(&self, miner: &MinerEntry, request: &ProveRequest, limit: usize, sent: &Sent) -> Answer {
        let body = match serde_json::to_vec(request) {
            Ok(body) => body,
            Err(error) => return Answer::not(AttemptOutcome::Cancelled, error),
        };
        let (private, plain) = (self.settings.private_addresses, self.settings.plain_http);
        let place = match address::place(&miner.url, private, plain) {
            Ok(place) => place,
            Err(error) => return Answer::not(AttemptOutcome::Failed, error),
        };
        let expires = now_ms() + request.deadline_ms.min(vouch_protocol::MAX_VALIDITY_MS);
        let headers = sign(&self.key, &miner.key, "POST", paths::PROVE, &body, expires);
        self.postman.send(&miner.key, place, Post { headers, body, limit, sent: sent.clone() }).await
    }

    /// Verifies an answer, if there is one. Also the hash of what a proof must show about the inputs.
    async fn check(&self, query: Query, nonce: Nonce, answer: Answer) -> (Judgement, InputsHash) {
        let (engine, development) = (self.engine.clone(), self.allow_development_srs);
        let work = move || match query.model.expected(&query.inputs, nonce, query.salt) {
            Err(error) => (Judgement::not(AttemptOutcome::Cancelled, error), InputsHash::default()),
            Ok(expected) => {
                let (values, hashes) = (expected.inputs.as_deref(), expected.input_hashes.as_deref());
                let inputs = InputsHash::of(values.unwrap_or_default(), hashes.unwrap_or_default());
                if answer.outcome != AttemptOutcome::Verified {
                    return (Judgement::not(answer.outcome, answer.detail), inputs);
                }
                let expected = Expected { allow_development_srs: development, ..expected };
                (judge(engine.as_ref(), &expected, &query, &answer.body), inputs)
            }
        };
        let stopped = || (Judgement::not(AttemptOutcome::Cancelled, "the verifier stopped"), InputsHash::default());
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| stopped())
    }
}
