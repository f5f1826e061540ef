//! What a caller of a miner can do wrong, and what it hears.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vouch_api::{Capacity, ModelId, Problem, ProveRequest};
use vouch_node::chain::{Parties, ValidatorEntry};
use vouch_node::now_ms;
use vouch_protocol::{MAX_VALIDITY_MS, PartyKey, PublicKey, SignedHeaders, sign};
use vouch_verifier::{Expected, verify_bytes};

use crate::support::{self, Net, fixture, prove_request, start_miner};

async fn send(url: &str, headers: &SignedHeaders, body: Vec<u8>) -> Response {
    let mut post = Client::new().post(format!("{url}/v1/prove")).body(body);
    for (name, value) in headers.to_pairs() {
        post = post.header(name, value);
    }
    post.send().await.unwrap()
}

fn signed(key: &PartyKey, to: PublicKey, body: &[u8]) -> SignedHeaders {
    sign(key, &to, "POST", "/v1/prove", body, now_ms() + 30_000)
}

async fn refused(response: Response, status: u16, name: &str) {
    let got = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{name}");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!((got, problem.name()), (status, name), "{problem}");
    assert_eq!((problem.status, id.len()), (status, 16));
}

fn json(request: &ProveRequest) -> Vec<u8> {
    serde_json::to_vec(request).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_request_hears_why() {
    let net = Net::new();
    let (key, poor, stranger) = (PartyKey::generate(), PartyKey::generate(), PartyKey::generate());
    let stake = |key: &PartyKey, stake| ValidatorEntry { key: key.public(), stake };
    net.chain.write(&Parties { validators: vec![stake(&net.key, 10), stake(&poor, 0)], ..Parties::default() }).unwrap();
    let miner =
        start_miner(&key, net.dir.path(), &net.chain, |s| (s.max_body_bytes, s.body_timeout_ms) = (4096, 500)).await;
    let (url, to, caller) = (miner.url.clone(), key.public(), &net.key);

    // What is right is answered with a proof that holds.
    let request = prove_request();
    let body = json(&request);
    let right = signed(caller, to, &body);
    let response = send(&url, &right, body.clone()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let expected = Expected {
        nonce: Some(support::nonce(&request, &net.key.public(), &key.public())),
        inputs: Some(request.inputs.clone()),
        allow_development_srs: true,
        ..Expected::default()
    };
    verify_bytes(fixture().a.verifying_key(), &expected, &response.bytes().await.unwrap()).unwrap();

    refused(send(&url, &right, body.clone()).await, 409, "replayed").await;
    refused(send(&url, &signed(caller, to, &body), body.clone()).await, 409, "answered").await;
    refused(Client::new().post(format!("{url}/v1/prove")).body(body.clone()).send().await.unwrap(), 401, "unsigned")
        .await;
    let mut forged = signed(caller, to, &body);
    forged.signature.0[3] ^= 1;
    refused(send(&url, &forged, body.clone()).await, 401, "forged").await;
    // Signed with another key than it names.
    let borrowed = SignedHeaders { key: caller.public(), ..signed(&stranger, to, &body) };
    refused(send(&url, &borrowed, body.clone()).await, 401, "forged").await;
    refused(send(&url, &signed(caller, to, b"{}"), body.clone()).await, 401, "forged").await;
    refused(send(&url, &signed(caller, stranger.public(), &body), body.clone()).await, 401, "forged").await;
    let at = |expires| sign(caller, &to, "POST", "/v1/prove", &body, expires);
    refused(send(&url, &at(now_ms() - 1), body.clone()).await, 401, "expired").await;
    refused(send(&url, &at(now_ms() + MAX_VALIDITY_MS + 60_000), body.clone()).await, 401, "expired").await;
    refused(send(&url, &signed(&stranger, to, &body), body.clone()).await, 403, "unknown-caller").await;
    refused(send(&url, &signed(&poor, to, &body), body.clone()).await, 403, "unknown-caller").await;

    let huge = vec![b' '; 5000];
    refused(send(&url, &signed(caller, to, &huge), huge).await, 413, "too-large").await;
    for garbage in [&b""[..], b"{", b"\xff\xfe", b"[]"] {
        refused(send(&url, &signed(caller, to, garbage), garbage.to_vec()).await, 400, "malformed").await;
    }
    let with = |change: &dyn Fn(&mut ProveRequest)| {
        let mut request = prove_request();
        change(&mut request);
        json(&request)
    };
    let cases: [(Vec<u8>, u16, &str); 5] = [
        (with(&|r| r.model_id = ModelId([3; 32])), 404, "no-such-model"),
        (with(&|r| r.inputs.truncate(1)), 422, "inputs"),
        (with(&|r| r.inputs[0] = i64::MAX), 422, "inputs"),
        (with(&|r| r.request_id = "x".repeat(65)), 400, "malformed"),
        (with(&|r| r.deadline_ms = 0), 504, "late"),
    ];
    for (body, status, name) in cases {
        let response = send(&url, &signed(caller, to, &body), body).await;
        if name == "late" && response.status() == 200 {
            continue; // Room at once: nothing waited.
        }
        refused(response, status, name).await;
    }
    refused(Client::new().get(format!("{url}/nowhere")).send().await.unwrap(), 404, "not-found").await;
    let deleted = Client::new().delete(format!("{url}/v1/prove")).send().await.unwrap();
    assert_eq!(deleted.headers()["allow"], "POST");
    refused(deleted, 405, "method").await;

    // The store survives a restart.
    miner.stop().await;
    let miner = start_miner(&key, net.dir.path(), &net.chain, |_| {}).await;
    refused(send(&miner.url, &right, body).await, 409, "replayed").await;
    let text = reqwest::get(format!("{}/metrics", miner.url)).await.unwrap().text().await.unwrap();
    assert!(text.contains("vouch_proofs_total{result=\"replayed\"} 1"), "{text}");
}

/// Bytes that trickle in, in the head and in the body, end with an answer or a closed connection, soon.
#[tokio::test(flavor = "multi_thread")]
async fn slow_callers_are_let_go() {
    let net = Net::new();
    let key = PartyKey::generate();
    let miner = start_miner(&key, net.dir.path(), &net.chain, |s| s.body_timeout_ms = 300).await;
    let address = miner.url.trim_start_matches("http://").to_owned();
    let mut head = String::from("POST /v1/prove HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n");
    for (name, value) in signed(&net.key, key.public(), b"").to_pairs() {
        head += &format!("{name}: {value}\r\n");
    }
    for (start, answer) in [("POST /v1/pr", None), (head.as_str(), None), (&format!("{head}\r\n{{"), Some("408"))] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut got = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut got)).await;
        let text = String::from_utf8_lossy(&got).into_owned();
        match answer {
            Some(answer) => assert!(text.contains(answer), "{text}"),
            None => assert!(read.is_ok(), "still connected: {text}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_held_back() {
    let net = Net::new();
    let key = PartyKey::generate();
    let miner = start_miner(&key, net.dir.path(), &net.chain, |s| (s.rate, s.burst, s.queue) = (0.01, 12, 3)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let body = json(&prove_request());
        let (url, headers) = (miner.url.clone(), signed(&net.key, key.public(), &body));
        tasks.spawn(async move {
            let response = send(&url, &headers, body).await;
            let status = response.status().as_u16();
            if matches!(status, 429 | 503) {
                let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
                assert!(wait >= 1);
            }
            status
        });
    }
    let statuses = tasks.join_all().await;
    let count = |status| statuses.iter().filter(|s| **s == status).count();
    assert_eq!((count(429), count(200) + count(503)), (28, 12), "{statuses:?}");
    assert!(count(503) > 0 && count(200) >= 3, "the queue holds three: {statuses:?}");
    let capacity: Capacity = support::get(&miner.url, "/v1/capacity").await;
    assert_eq!(capacity, Capacity { limit: 3, waiting: 0, proving: 0, open: true });
}

/// A miner that is told to stop finishes what it took, and takes nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_finishes_what_was_taken() {
    let net = Net::new();
    let key = PartyKey::generate();
    let miner = start_miner(&key, net.dir.path(), &net.chain, |_| {}).await;
    let body = json(&prove_request());
    let (url, headers) = (miner.url.clone(), signed(&net.key, key.public(), &body));
    let asked = tokio::spawn(async move { send(&url, &headers, body).await.status() });
    loop {
        let capacity: Capacity = support::get(&miner.url, "/v1/capacity").await;
        if capacity.proving == 1 || asked.is_finished() {
            break;
        }
    }
    let url = miner.url.clone();
    miner.stop().await;
    assert_eq!(asked.await.unwrap(), 200);
    assert!(Client::new().get(format!("{url}/health")).send().await.is_err());
}
