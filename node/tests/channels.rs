//! Questions over QUIC: nobody on the way reads them, and each end is the one it should be.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use vouch_api::{AttemptOutcome, Problem, State as Stage};
use vouch_channel::{ChannelLimits, Dialer};
use vouch_node::chain::MinerEntry;
use vouch_node::now_ms;
use vouch_protocol::{PartyKey, SignedHeaders, sign};

use crate::support::{self, Net, ask, end, prove_request, start_channels, verdicts};

/// Passes datagrams on between one client and `to`, and keeps them.
async fn tap(to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let front = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let back = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (front.local_addr().unwrap(), Arc::<Mutex<Vec<u8>>>::default());
    let kept = seen.clone();
    tokio::spawn(async move {
        let (mut there, mut here, mut client) = (vec![0; 1 << 16], vec![0; 1 << 16], None);
        loop {
            tokio::select! {
                Ok((length, from)) = front.recv_from(&mut there) => {
                    client = Some(from);
                    kept.lock().unwrap().extend_from_slice(&there[..length]);
                    let _ = back.send_to(&there[..length], to).await;
                }
                Ok((length, _)) = back.recv_from(&mut here) => {
                    kept.lock().unwrap().extend_from_slice(&here[..length]);
                    if let Some(client) = client {
                        let _ = front.send_to(&here[..length], client).await;
                    }
                }
            }
        }
    });
    (address, seen)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_asked_and_nobody_on_the_way_reads_it() {
    let net = Net::new();
    let key = PartyKey::generate();
    let (_miner, address) = start_channels(&key, net.dir.path(), &net.chain, "127.0.0.1:0", |_| {}).await;
    let (tapped, seen) = tap(address).await;
    net.on_chain(vec![MinerEntry { key: key.public(), url: format!("quic://{tapped}") }]);
    let validator = net.validator(|_| {}).await;
    for _ in 0..3 {
        let status = end(&validator.url, &ask(&validator.url, None).await.id).await;
        assert_eq!((status.state, status.miner), (Stage::Done, Some(key.public().to_string())), "{:?}", status.error);
    }
    let verdicts = verdicts(&validator.url).await;
    assert!(verdicts.iter().all(|verdict| verdict.outcome == AttemptOutcome::Verified), "{verdicts:?}");
    // The clock is the same as over HTTP: it starts when the request is handed over, and a proof takes some time.
    assert!(verdicts.iter().all(|verdict| (1_000..20_000_000).contains(&verdict.response_us)), "{verdicts:?}");
    let seen = seen.lock().unwrap().clone();
    assert!(seen.len() > 3 * verdicts[0].bytes as usize, "{}", seen.len());
    // The request's text, its headers, the start of an envelope, the validator's key.
    let own = net.key.public();
    for text in [&b"inputs"[..], b"x-vouch-key", b"POST", b"VOUCHPF", own.to_string().as_bytes(), &own.0] {
        assert!(!contains(&seen, text), "{}", String::from_utf8_lossy(text));
    }
}

/// What the chain says of a key holds: whoever else is at its address is not asked, and earns nothing.
#[tokio::test(flavor = "multi_thread")]
async fn another_miner_at_the_address_is_not_asked() {
    let net = Net::new();
    let (key, other) = (PartyKey::generate(), PartyKey::generate());
    let (miner, address) = start_channels(&other, net.dir.path(), &net.chain, "127.0.0.1:0", |_| {}).await;
    net.on_chain(vec![MinerEntry { key: key.public(), url: format!("quic://{address}") }]);
    let validator = net.validator(|s| s.dispatch.timeout_ms = 15_000).await;
    let start = Instant::now();
    let status = end(&validator.url, &ask(&validator.url, None).await.id).await;
    assert_eq!((status.state, status.error.as_deref()), (Stage::Failed, Some("answers: failed")));
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    let metrics = reqwest::get(format!("{}/metrics", miner.url)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("vouch_proof_seconds_count 0"), "{metrics}");
}

/// A miner that stops and starts costs nobody a question.
#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_was_started_anew_is_found_again() {
    let net = Net::new();
    let key = PartyKey::generate();
    let (miner, address) = start_channels(&key, net.dir.path(), &net.chain, "127.0.0.1:0", |_| {}).await;
    net.on_chain(vec![MinerEntry { key: key.public(), url: format!("quic://{address}") }]);
    let validator = net.validator(|s| s.predictions.attempts = 1).await;
    let done = async || {
        let status = end(&validator.url, &ask(&validator.url, None).await.id).await;
        assert_eq!(status.state, Stage::Done, "{:?}", status.error);
    };
    done().await;
    miner.stop().await;
    let (_again, same) = start_channels(&key, net.dir.path(), &net.chain, &address.to_string(), |_| {}).await;
    assert_eq!(same, address);
    done().await;
    let verdicts = verdicts(&validator.url).await;
    assert!(verdicts.iter().all(|verdict| verdict.outcome == AttemptOutcome::Verified), "{verdicts:?}");
}

/// A request on a stream: status and body.
async fn send(
    dialer: &Dialer,
    to: (&PartyKey, SocketAddr),
    method: &str,
    path: &str,
    signed: Option<SignedHeaders>,
    body: Vec<u8>,
) -> (u16, Vec<u8>) {
    let stream = dialer.open(&to.0.public(), to.1).await.unwrap().stream;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let driver = tokio::spawn(connection);
    let mut request = hyper::Request::builder().method(method).uri(path).header("host", "miner");
    for (name, value) in signed.iter().flat_map(SignedHeaders::to_pairs) {
        request = request.header(name, value);
    }
    let response = sender.send_request(request.body(axum::body::Body::from(body)).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(axum::body::Body::new(response.into_body()), 1 << 20).await.unwrap();
    driver.abort();
    (status, body.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_for_one_validators_requests() {
    let net = Net::new();
    let (key, stranger) = (PartyKey::generate(), PartyKey::generate());
    let change = |s: &mut vouch_node::miner::MinerSettings| (s.max_body_bytes, s.body_timeout_ms) = (4096, 500);
    let (miner, address) = start_channels(&key, net.dir.path(), &net.chain, "127.0.0.1:0", change).await;
    let to = (&key, address);
    // Nobody but validators gets as far as a request.
    let strange = Dialer::new(&stranger, ChannelLimits::default()).unwrap();
    assert!(strange.open(&key.public(), address).await.is_err());

    let dialer = Dialer::new(&net.key, ChannelLimits::default()).unwrap();
    let signed = |key: &PartyKey, body: &[u8]| {
        let expires = now_ms() + 60_000;
        Some(sign(key, &to.0.public(), "POST", "/v1/prove", body, expires))
    };
    let name = |(status, body): (u16, Vec<u8>)| {
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        (status, problem.name().to_owned())
    };
    let body = serde_json::to_vec(&prove_request()).unwrap();
    let (status, answer) = send(&dialer, to, "POST", "/v1/prove", signed(&net.key, &body), body.clone()).await;
    assert_eq!((status, &answer[..7]), (200, &b"VOUCHPF"[..]));
    // Another's request is not passed on, however well it is signed.
    let passed_on = send(&dialer, to, "POST", "/v1/prove", signed(&stranger, &body), body.clone()).await;
    assert_eq!(name(passed_on), (401, "forged".to_owned()));
    let huge = vec![b' '; 5000];
    let refused = send(&dialer, to, "POST", "/v1/prove", signed(&net.key, &huge), huge.clone()).await;
    assert_eq!(name(refused), (413, "too-large".to_owned()));
    assert_eq!(send(&dialer, to, "GET", "/v1/models", None, vec![]).await.0, 200);
    // What the operator watches is not for validators.
    for path in ["/metrics", "/health", "/ready", "/nowhere"] {
        assert_eq!(name(send(&dialer, to, "GET", path, None, vec![]).await), (404, "not-found".to_owned()), "{path}");
    }

    // A body that does not come, a head that does not end, and no HTTP at all.
    let mut head = String::from("POST /v1/prove HTTP/1.1\r\nhost: miner\r\ncontent-length: 9\r\n");
    for (name, value) in signed(&net.key, b"").unwrap().to_pairs() {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    for (text, answer) in
        [(head.clone() + "\r\nx", "HTTP/1.1 408"), (head, ""), ("\0\0\r\n\r\n".to_owned(), "HTTP/1.1 400")]
    {
        let mut stream = dialer.open(&key.public(), address).await.unwrap().stream;
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut told = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut told)).await;
        assert!(read.is_ok(), "the stream is not let go");
        assert!(String::from_utf8_lossy(&told).starts_with(answer), "{}", String::from_utf8_lossy(&told));
    }
    // The connection is as good as before.
    assert_eq!(send(&dialer, to, "GET", "/v1/capacity", None, vec![]).await.0, 200);
    // The operator has them over HTTP.
    for path in ["/metrics", "/health", "/ready"] {
        assert_eq!(reqwest::get(format!("{}{path}", miner.url)).await.unwrap().status(), 200, "{path}");
    }
}

/// A validator that stops waiting frees its place in the queue.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_takes_its_request_with_it() {
    let net = Net::new();
    let key = PartyKey::generate();
    let (miner, address) = start_channels(&key, net.dir.path(), &net.chain, "127.0.0.1:0", |s| s.queue = 100).await;
    let dialer = Arc::new(Dialer::new(&net.key, ChannelLimits::default()).unwrap());
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (dialer, key, signer) = (dialer.clone(), key.clone(), net.key.clone());
        asked.spawn(async move {
            let body = serde_json::to_vec(&prove_request()).unwrap();
            let signed = sign(&signer, &key.public(), "POST", "/v1/prove", &body, now_ms() + 60_000);
            send(&dialer, (&key, address), "POST", "/v1/prove", Some(signed), body).await
        });
    }
    let waiting = async || support::get::<vouch_api::Capacity>(&miner.url, "/v1/capacity").await.waiting;
    while waiting().await < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    asked.abort_all();
    let start = Instant::now();
    while waiting().await > 0 {
        assert!(start.elapsed() < Duration::from_secs(5), "places are not freed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
