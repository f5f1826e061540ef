//! Miners that have no prover and hand in what others proved.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use vouch_api::{
    AttemptOutcome, MinerHistory, Network, NoncePart, PredictionRequest, PredictionStatus, ProveRequest, paths,
};
use vouch_node::chain::{MinerEntry, Parties, ValidatorEntry};
use vouch_node::now_ms;
use vouch_protocol::{PartyKey, sign};

use crate::support::{self, Net, end, fixture, get, verdicts};

/// Where a thief gets its proofs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// It asks the same validator the same question as a user, with the same part of the nonce.
    AsksAsUser,
    /// It has a validator's key and sends the honest miner the same question.
    AsksAsValidator,
    /// It sends the honest miner the very request that it got, body and headers.
    Forwards,
    /// It takes the newest proof of the honest miner from the public pages.
    CopiesPublicProofs,
    /// It takes such a proof and writes the expected nonce into the envelope.
    RelabelsPublicProofs,
}

struct Thief {
    source: Source,
    key: PartyKey,
    /// Registered as a validator.
    rogue: PartyKey,
    victim: MinerEntry,
    validator: tokio::sync::OnceCell<String>,
    stolen: AtomicUsize,
}

impl Thief {
    async fn steal(&self, headers: &axum::http::HeaderMap, asked: &ProveRequest) -> Option<Vec<u8>> {
        let http = reqwest::Client::new();
        let url = self.validator.get()?;
        let envelope = async |id: &str| {
            let response = http.get(format!("{url}/v1/proofs/{id}/envelope")).send().await.ok()?;
            Some(response.error_for_status().ok()?.bytes().await.ok()?.to_vec())
        };
        let at_victim = format!("{}{}", self.victim.url, paths::PROVE);
        match self.source {
            Source::AsksAsUser => {
                let scale = fixture().a.verifying_key().schema().inputs[0].scale;
                let values = asked.inputs.iter().map(|&value| value as f64 / scale).collect();
                let question = PredictionRequest {
                    model_id: asked.model_id,
                    inputs: [("x".to_owned(), values)].into(),
                    user_part: Some(asked.user_part),
                    salt: None,
                };
                let mut response = http.post(format!("{url}/v1/predictions")).json(&question).send().await.ok()?;
                if response.status() == StatusCode::CONFLICT {
                    // The part was a user's own: the same question with another.
                    let question = PredictionRequest { user_part: Some(NoncePart([3; 32])), ..question };
                    response = http.post(format!("{url}/v1/predictions")).json(&question).send().await.ok()?;
                }
                let status: PredictionStatus = response.error_for_status().ok()?.json().await.ok()?;
                envelope(&end(url, &status.id).await.proof_id?).await
            }
            Source::AsksAsValidator => {
                let body = serde_json::to_vec(asked).ok()?;
                let signed = sign(&self.rogue, &self.victim.key, "POST", paths::PROVE, &body, now_ms() + 30_000);
                let post = http.post(at_victim).body(body);
                let post = signed.to_pairs().into_iter().fold(post, |post, (name, value)| post.header(name, value));
                Some(post.send().await.ok()?.error_for_status().ok()?.bytes().await.ok()?.to_vec())
            }
            Source::Forwards => {
                let names = ["x-vouch-key", "x-vouch-nonce", "x-vouch-expires", "x-vouch-signature"];
                let post = http.post(at_victim).body(serde_json::to_vec(asked).ok()?);
                let post = names.into_iter().fold(post, |post, name| post.header(name, &headers[name]));
                Some(post.send().await.ok()?.error_for_status().ok()?.bytes().await.ok()?.to_vec())
            }
            Source::CopiesPublicProofs | Source::RelabelsPublicProofs => {
                let history: MinerHistory = get(url, &format!("/v1/miners/{}", self.victim.key)).await;
                let bytes = envelope(&history.proofs.first()?.id).await?;
                if self.source == Source::CopiesPublicProofs {
                    return Some(bytes);
                }
                let mut envelope = vouch_verifier::ProofEnvelope::decode(&bytes).ok()?;
                envelope.nonce = support::nonce(asked, &support::caller(headers), &self.key.public());
                envelope.public.inputs = asked.inputs.clone();
                envelope.encode().ok()
            }
        }
    }
}

async fn serve(
    State(thief): State<Arc<Thief>>,
    headers: axum::http::HeaderMap,
    Json(asked): Json<ProveRequest>,
) -> Response<Body> {
    match thief.steal(&headers, &asked).await {
        Some(bytes) => {
            thief.stolen.fetch_add(1, Ordering::SeqCst);
            Response::new(Body::from(bytes))
        }
        None => Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).body(Body::empty()).unwrap(),
    }
}

/// The thief earns nothing, and the honest miner is paid for everything that it proved.
async fn free_ride(source: Source) {
    let net = Net::new();
    let honest_key = PartyKey::generate();
    let honest = support::start_miner(&honest_key, net.dir.path(), &net.chain, |_| {}).await;
    let victim = MinerEntry { key: honest_key.public(), url: honest.url.clone() };
    let thief = Arc::new(Thief {
        source,
        key: PartyKey::generate(),
        rogue: PartyKey::generate(),
        victim: victim.clone(),
        validator: tokio::sync::OnceCell::new(),
        stolen: AtomicUsize::new(0),
    });
    let app = Router::new().route(paths::PROVE, post(serve)).with_state(thief.clone());
    let server = support::run(app, || ()).await;
    let stake = |key: &PartyKey, stake| ValidatorEntry { key: key.public(), stake };
    let thief_key = thief.key.public();
    net.chain
        .write(&Parties {
            miners: vec![victim, MinerEntry { key: thief_key, url: server.url.clone() }],
            validators: vec![stake(&net.key, 10), stake(&thief.rogue, 1)],
            ..Parties::default()
        })
        .unwrap();
    let validator = net
        .validator(|s| {
            (s.dispatch.benchmark_every_ms, s.dispatch.backoff_ms, s.scores.epoch_ms) = (500, 0, 2_000);
        })
        .await;
    thief.validator.set(validator.url.clone()).unwrap();
    let start = Instant::now();
    let of_thief = async || {
        let all = verdicts(&validator.url).await;
        all.into_iter().partition::<Vec<_>, _>(|verdict| verdict.miner == thief_key)
    };
    // A forwarded request is signed for the thief, so there is nothing to hand in; the others get proofs.
    let enough = |own: usize| own >= 3 && (source == Source::Forwards || thief.stolen.load(Ordering::SeqCst) >= 2);
    let mut network: Network = get(&validator.url, "/v1/network").await;
    loop {
        let (own, others) = of_thief().await;
        if enough(own.len()) && others.len() >= 3 && network.weights.iter().any(|weight| weight.weight > 0.0) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "{source:?}: {} of the thief, {others:?}", own.len());
        tokio::time::sleep(Duration::from_millis(200)).await;
        network = get(&validator.url, "/v1/network").await;
    }
    let (own, others) = of_thief().await;
    assert!(own.iter().all(|v| v.outcome != AttemptOutcome::Verified && v.after.bits() == 0), "{source:?}: {own:?}");
    if source != Source::Forwards {
        let refused = own.iter().filter(|v| v.outcome == AttemptOutcome::Refused).count();
        assert!(refused >= 2, "{source:?}: proofs came, and were refused: {own:?}");
    }
    let paid = others.iter().filter(|v| v.outcome == AttemptOutcome::Verified);
    assert!(paid.clone().count() >= 2 && paid.clone().all(|v| v.after > v.before), "{source:?}: {others:?}");
    for weight in network.weights {
        assert_eq!(weight.weight > 0.0, weight.miner == honest_key.public().to_string(), "{source:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_asked_for_as_a_user_earns_nothing() {
    free_ride(Source::AsksAsUser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_asked_for_as_another_validator_earns_nothing() {
    free_ride(Source::AsksAsValidator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_request_is_not_answered() {
    free_ride(Source::Forwards).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_proof_of_another_miner_earns_nothing() {
    free_ride(Source::CopiesPublicProofs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_proof_with_another_label_earns_nothing() {
    free_ride(Source::RelabelsPublicProofs).await;
}
