//! What a miner can do wrong, and what it gets for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::post;
use axum::{Json, Router};
use tokio_stream::StreamExt;
use vouch_api::{AttemptOutcome, Nonce, ProveRequest, State as Stage};
use vouch_node::chain::MinerEntry;
use vouch_protocol::{PartyKey, PublicKey, decay};
use vouch_verifier::ProofEnvelope;

use crate::support::{self, Net, ask, end, fixture, miner, verdicts};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Behaviour {
    ReplaysAnOldProof,
    AltersTheOutput,
    OtherModel,
    OtherModelInDisguise,
    OtherNonce,
    OtherNonceInDisguise,
    OtherInputs,
    Garbage,
    Empty,
    SlowLoris,
    NeverAnswers,
    AnswersLate,
    HugeBody,
    DecompressionBomb,
    EndsEarly,
    InternalError,
    SaysItIsFull,
    SendsElsewhere,
}

use Behaviour as B;

const TABLE: &[(Behaviour, AttemptOutcome)] = &[
    (B::ReplaysAnOldProof, AttemptOutcome::Refused),
    (B::AltersTheOutput, AttemptOutcome::Refused),
    (B::OtherModel, AttemptOutcome::Refused),
    (B::OtherModelInDisguise, AttemptOutcome::Refused),
    (B::OtherNonce, AttemptOutcome::Refused),
    (B::OtherNonceInDisguise, AttemptOutcome::Refused),
    (B::OtherInputs, AttemptOutcome::Refused),
    (B::Garbage, AttemptOutcome::Malformed),
    (B::Empty, AttemptOutcome::Malformed),
    (B::HugeBody, AttemptOutcome::Malformed),
    (B::DecompressionBomb, AttemptOutcome::Malformed),
    (B::SlowLoris, AttemptOutcome::Late),
    (B::NeverAnswers, AttemptOutcome::Late),
    (B::AnswersLate, AttemptOutcome::Late),
    (B::EndsEarly, AttemptOutcome::Failed),
    (B::InternalError, AttemptOutcome::Failed),
    (B::SendsElsewhere, AttemptOutcome::Failed),
    (B::SaysItIsFull, AttemptOutcome::Busy),
];

const TIMEOUT: Duration = Duration::from_secs(6);

struct Cheat {
    key: PublicKey,
    behaviour: Behaviour,
    asked: AtomicUsize,
    first: tokio::sync::Mutex<Option<ProofEnvelope>>,
}

async fn prove(other_model: bool, inputs: Vec<i64>, nonce: Nonce) -> ProofEnvelope {
    let key = if other_model { &fixture().b } else { &fixture().a };
    let work = move || key.prove_integers(&inputs, nonce, vouch::Salt::random());
    tokio::task::spawn_blocking(work).await.unwrap().unwrap().envelope
}

fn bytes(envelope: &ProofEnvelope) -> Response<Body> {
    Response::new(Body::from(envelope.encode().unwrap()))
}

/// Honest at first, so that there is something to lose.
async fn serve(State(cheat): State<Arc<Cheat>>, headers: HeaderMap, Json(asked): Json<ProveRequest>) -> Response<Body> {
    let nonce = support::nonce(&asked, &support::caller(&headers), &cheat.key);
    if cheat.asked.fetch_add(1, Ordering::SeqCst) == 0 {
        let envelope = prove(false, asked.inputs, nonce).await;
        *cheat.first.lock().await = Some(envelope.clone());
        return bytes(&envelope);
    }
    let status = |status: StatusCode| Response::builder().status(status);
    match cheat.behaviour {
        B::ReplaysAnOldProof => bytes(cheat.first.lock().await.as_ref().unwrap()),
        B::AltersTheOutput => {
            let mut envelope = prove(false, asked.inputs, nonce).await;
            envelope.public.outputs[0] += 1;
            bytes(&envelope)
        }
        B::OtherModel => bytes(&prove(true, asked.inputs, nonce).await),
        B::OtherModelInDisguise => {
            let mut envelope = prove(true, asked.inputs, nonce).await;
            envelope.model_id = asked.model_id;
            bytes(&envelope)
        }
        B::OtherNonce => bytes(&prove(false, asked.inputs, Nonce([1; 32])).await),
        B::OtherNonceInDisguise => {
            let mut envelope = prove(false, asked.inputs, Nonce([1; 32])).await;
            envelope.nonce = nonce;
            bytes(&envelope)
        }
        B::OtherInputs => bytes(&prove(false, vec![0; asked.inputs.len()], nonce).await),
        B::Garbage => Response::new(Body::from(vec![0xa5; 2000])),
        B::Empty => Response::new(Body::empty()),
        B::SlowLoris => {
            let drop = |_| Ok::<_, std::io::Error>("V");
            let drops = tokio_stream::iter(0..1000).throttle(Duration::from_millis(100)).map(drop);
            Response::new(Body::from_stream(drops))
        }
        B::NeverAnswers => std::future::pending().await,
        B::AnswersLate => {
            tokio::time::sleep(TIMEOUT).await;
            bytes(&prove(false, asked.inputs, nonce).await)
        }
        B::HugeBody => {
            let chunk = vec![0u8; 1 << 16];
            let chunks = tokio_stream::iter(0..100_000).map(move |_| Ok::<_, std::io::Error>(chunk.clone()));
            Response::new(Body::from_stream(chunks))
        }
        B::DecompressionBomb => {
            // The start of a gzip stream: nothing here may unpack it.
            let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xed; 900]].concat();
            Response::builder().header(header::CONTENT_ENCODING, "gzip").body(Body::from(bomb)).unwrap()
        }
        B::EndsEarly => {
            let parts = [Ok("VOUCHPF"), Err(std::io::Error::other("cut"))];
            Response::new(Body::from_stream(tokio_stream::iter(parts)))
        }
        B::InternalError => status(StatusCode::INTERNAL_SERVER_ERROR).body(Body::empty()).unwrap(),
        B::SaysItIsFull => {
            status(StatusCode::SERVICE_UNAVAILABLE).header(header::RETRY_AFTER, "1").body(Body::empty()).unwrap()
        }
        B::SendsElsewhere => {
            status(StatusCode::TEMPORARY_REDIRECT).header(header::LOCATION, "/v1/prove").body(Body::empty()).unwrap()
        }
    }
}

async fn cheat(behaviour: Behaviour, outcome: AttemptOutcome, quic: bool) {
    let net = Net::new();
    let party = PartyKey::generate();
    let key = party.public();
    let state = Arc::new(Cheat { key, behaviour, asked: AtomicUsize::new(0), first: tokio::sync::Mutex::default() });
    let app = Router::new().route("/v1/prove", post(serve)).with_state(state);
    let server = if quic { support::run_channels(&party, app).0 } else { support::run(app, || ()).await };
    net.on_chain(vec![MinerEntry { key, url: server.url.clone() }]);
    let validator = net.validator(|s| s.dispatch.timeout_ms = TIMEOUT.as_millis() as u64).await;

    let honest = end(&validator.url, &ask(&validator.url, None).await.id).await;
    assert_eq!(honest.state, Stage::Done, "{behaviour:?}: {honest:?}");
    let cheated = end(&validator.url, &ask(&validator.url, None).await.id).await;
    assert_eq!(cheated.state, Stage::Failed, "{behaviour:?}: {cheated:?}");
    assert_eq!(cheated.proof_id, None);
    assert_eq!(cheated.error, Some(format!("answers: {}", outcome.as_str())), "{behaviour:?}");

    let verdicts = verdicts(&validator.url).await;
    let [first, second] = verdicts.as_slice() else { panic!("{behaviour:?}: {verdicts:?}") };
    assert_eq!(
        (first.outcome, second.outcome),
        (AttemptOutcome::Verified, outcome),
        "{behaviour:?}: {}",
        second.detail
    );
    assert!(first.after > first.before);
    assert_eq!((second.before, second.after), (first.after, decay(first.after)), "{behaviour:?}");
    let shown = miner(&validator.url, key).await;
    // JSON's decimals lose the last bit.
    assert!((shown.score - second.after.to_f64()).abs() < 1e-15, "{} {}", shown.score, second.after.to_f64());
    let bad = matches!(outcome, AttemptOutcome::Refused | AttemptOutcome::Malformed);
    assert_eq!((shown.verified, shown.refused, shown.missing), (1, u64::from(bad), u64::from(!bad)), "{behaviour:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cheat_gets_what_it_must() {
    fixture();
    support::each(TABLE, |(behaviour, outcome)| cheat(behaviour, outcome, false)).await;
}

/// What depends on how an answer is read is the same over QUIC.
#[tokio::test(flavor = "multi_thread")]
async fn cheats_over_quic_get_the_same() {
    fixture();
    const READ: &[Behaviour] = &[
        B::OtherNonce,
        B::Empty,
        B::HugeBody,
        B::DecompressionBomb,
        B::SlowLoris,
        B::NeverAnswers,
        B::EndsEarly,
        B::InternalError,
        B::SendsElsewhere,
        B::SaysItIsFull,
    ];
    support::each(READ, |behaviour| {
        let row = TABLE.iter().find(|(row, _)| *row == behaviour);
        cheat(behaviour, row.unwrap().1, true)
    })
    .await;
}

/// A question survives cheats as long as somebody is honest.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_asked_again_of_another() {
    let net = Net::new();
    let mut entries = Vec::new();
    let mut servers = Vec::new();
    for behaviour in [B::Garbage, B::NeverAnswers] {
        // Not even honest at first.
        let (key, asked) = (PartyKey::generate().public(), AtomicUsize::new(1));
        let state = Arc::new(Cheat { key, behaviour, asked, first: tokio::sync::Mutex::default() });
        let server = support::run(Router::new().route("/v1/prove", post(serve)).with_state(state), || ()).await;
        entries.push(MinerEntry { key, url: server.url.clone() });
        servers.push(server);
    }
    let key = PartyKey::generate();
    let honest = support::start_miner(&key, net.dir.path(), &net.chain, |_| {}).await;
    entries.push(MinerEntry { key: key.public(), url: honest.url.clone() });
    net.on_chain(entries);
    let validator = net.validator(|s| (s.predictions.hedge_after_ms, s.dispatch.timeout_ms) = (300, 10_000)).await;
    for _ in 0..3 {
        let status = end(&validator.url, &ask(&validator.url, None).await.id).await;
        assert_eq!((status.state, status.miner), (Stage::Done, Some(key.public().to_string())));
    }
}
