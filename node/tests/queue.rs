//! A miner whose queue is in NATS, with a real server, and provers that are killed. Needs `nats-server` (Debian has it);
//! `cargo xtask test --only queue` runs these.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Response, StatusCode};
use tokio_stream::StreamExt;
use vouch_api::{Capacity, ProveRequest, State};
use vouch_node::chain::MinerEntry;
use vouch_node::now_ms;
use vouch_protocol::{PartyKey, sign};
use vouch_verifier::{Expected, verify_bytes};

use crate::support::{self, Net, Running, ask, end, fixture, prove_request, start_miner};

/// How long a prover may be silent in these tests.
const ACK_MS: u64 = 1000;

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A NATS server with JetStream, and where it is.
async fn nats(dir: &Path, port: u16) -> (Process, String) {
    let program = std::env::var_os("VOUCH_NATS_SERVER").unwrap_or_else(|| "nats-server".into());
    let mut command = Command::new(program);
    command.args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--jetstream", "--store_dir"]).arg(dir);
    let process = Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nats-server"));
    let url = format!("nats://127.0.0.1:{port}");
    for _ in 0..500 {
        if async_nats::connect(&url).await.is_ok() {
            return (process, url);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nats-server does not come up");
}

fn prover(url: &str) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vouch-node"));
    command.args(["prover", "--queue", url]).stdout(Stdio::null());
    for setting in [
        format!("miner.models={}", fixture().models().display()),
        "miner.allow_development_srs=true".to_owned(),
        format!("miner.broker_ack_ms={ACK_MS}"),
        "log=error".to_owned(),
    ] {
        command.arg("--set").arg(setting);
    }
    Process(command.spawn().unwrap())
}

async fn miner(net: &Net, key: &PartyKey, url: &str, room: usize) -> Running {
    start_miner(key, net.dir.path(), &net.chain, |s| {
        (s.broker, s.broker_ack_ms, s.queue) = (Some(url.to_owned()), ACK_MS, room);
    })
    .await
}

/// Sends a request of the validator's; the future owns what it needs.
fn send(net: &Net, key: &PartyKey, url: &str, request: &ProveRequest) -> impl Future<Output = Response> + use<> {
    let body = serde_json::to_vec(request).unwrap();
    let headers = sign(&net.key, &key.public(), "POST", "/v1/prove", &body, now_ms() + 100_000);
    let mut post = reqwest::Client::new().post(format!("{url}/v1/prove")).body(body);
    for (name, value) in headers.to_pairs() {
        post = post.header(name, value);
    }
    async move { post.send().await.unwrap() }
}

async fn capacity(url: &str) -> Capacity {
    support::get(url, "/v1/capacity").await
}

async fn until(url: &str, want: impl Fn(&Capacity) -> bool) {
    for _ in 0..2000 {
        if want(&capacity(url).await) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{:?}", capacity(url).await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn a_prover_that_is_killed_loses_no_job_and_each_is_answered_once() {
    const JOBS: usize = 8;
    let net = Net::new();
    let key = PartyKey::generate();
    let (_server, url) = nats(&net.dir.path().join("nats"), port()).await;
    let miner = miner(&net, &key, &url, 20).await;
    // Whoever listens hears every answer that any prover sends.
    let listener = async_nats::connect(&url).await.unwrap();
    let mut answers = listener.subscribe("vouch.answer.>").await.unwrap();
    listener.flush().await.unwrap();

    let first = prover(&url);
    let requests: Vec<_> = (0..JOBS).map(|_| prove_request()).collect();
    let asked: Vec<_> = requests.iter().map(|request| tokio::spawn(send(&net, &key, &miner.url, request))).collect();
    until(&miner.url, |c| c.proving == 1 && c.waiting >= 1).await;
    drop(first);
    // The job that it had is still open.
    let open = capacity(&miner.url).await;
    assert!(open.proving == 1 && open.waiting >= 1, "{open:?}");
    let _provers = (prover(&url), prover(&url));
    for (request, asked) in requests.iter().zip(asked) {
        let response = asked.await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let envelope = response.bytes().await.unwrap();
        let expected = Expected {
            nonce: Some(support::nonce(request, &net.key.public(), &key.public())),
            inputs: Some(request.inputs.clone()),
            allow_development_srs: true,
            ..Expected::default()
        };
        verify_bytes(fixture().a.verifying_key(), &expected, &envelope).unwrap();
    }
    until(&miner.url, |c| (c.waiting, c.proving) == (0, 0)).await;
    let mut heard = Vec::new();
    while let Ok(Some(answer)) = tokio::time::timeout(Duration::from_millis(2 * ACK_MS), answers.next()).await {
        heard.push(answer.subject.to_string());
    }
    heard.sort();
    let sent = heard.len();
    heard.dedup();
    // The one that was killed may have sent its answer and not have said that it did.
    assert!(heard.len() == JOBS && sent <= JOBS + 1, "{sent} answers for {} jobs", heard.len());
    // The same request again is not proved again.
    assert_eq!(send(&net, &key, &miner.url, &requests[0]).await.status(), StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn a_queue_without_provers_is_full_soon_and_forgets_who_went_away() {
    let net = Net::new();
    let key = PartyKey::generate();
    let (server, url) = nats(&net.dir.path().join("nats"), port()).await;
    let miner = miner(&net, &key, &url, 2).await;
    let short = ProveRequest { deadline_ms: 1500, ..prove_request() };
    let late = async { send(&net, &key, &miner.url, &short).await.status() };
    let gone = async {
        let request = prove_request();
        // Goes away while it waits.
        let sent = send(&net, &key, &miner.url, &request);
        assert!(tokio::time::timeout(Duration::from_millis(700), sent).await.is_err());
    };
    let full = async {
        until(&miner.url, |c| c.waiting == 2).await;
        let response = send(&net, &key, &miner.url, &prove_request()).await;
        (response.status(), response.headers().contains_key("retry-after"))
    };
    let (late, (), full) = tokio::join!(late, gone, full);
    assert_eq!((late, full), (StatusCode::GATEWAY_TIMEOUT, (StatusCode::SERVICE_UNAVAILABLE, true)));
    // Nothing is left for a prover that comes later.
    until(&miner.url, |c| c.waiting == 0).await;

    // Without its queue the miner says so at once, and says why it is not ready.
    drop(server);
    let began = std::time::Instant::now();
    assert_eq!(send(&net, &key, &miner.url, &prove_request()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(began.elapsed() < Duration::from_secs(15));
    let ready = reqwest::get(format!("{}/ready", miner.url)).await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// The stream itself says so: this miner has not asked for anything yet.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn a_queue_that_another_miner_has_filled_is_full() {
    let net = Net::new();
    let (key, other) = (PartyKey::generate(), PartyKey::generate());
    let (_server, url) = nats(&net.dir.path().join("nats"), port()).await;
    let (miner, second) = (miner(&net, &key, &url, 1).await, miner(&net, &other, &url, 1).await);
    let short = ProveRequest { deadline_ms: 5000, ..prove_request() };
    let first = async { send(&net, &key, &miner.url, &short).await.status() };
    let full = async {
        until(&miner.url, |c| c.waiting == 1).await;
        let response = send(&net, &other, &second.url, &prove_request()).await;
        (response.status(), response.headers().contains_key("retry-after"))
    };
    let (first, full) = tokio::join!(first, full);
    assert_eq!((first, full), (StatusCode::GATEWAY_TIMEOUT, (StatusCode::SERVICE_UNAVAILABLE, true)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn a_validator_does_not_see_where_its_miner_proves() {
    let net = Net::new();
    let key = PartyKey::generate();
    let port = port();
    let store = net.dir.path().join("nats");
    let (server, url) = nats(&store, port).await;
    let miner = miner(&net, &key, &url, 8).await;
    let _provers = (prover(&url), prover(&url));
    net.on_chain(vec![MinerEntry { key: key.public(), url: miner.url.clone() }]);
    let validator = net.validator(|_| {}).await;
    for round in 0..2 {
        let status = end(&validator.url, &ask(&validator.url, None).await.id).await;
        assert_eq!(status.state, State::Done, "round {round}: {:?}", status.error);
    }
    // The server is killed and comes back: miner and provers find it again.
    drop(server);
    let _server = nats(&store, port).await;
    for _ in 0..200 {
        if capacity(&miner.url).await.open {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let status = end(&validator.url, &ask(&validator.url, None).await.id).await;
    assert_eq!(status.state, State::Done, "{:?}", status.error);
}

/// Anybody who reads the queue's subjects can publish an answer. One that does not hold is dropped, and the prover's is
/// still taken.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server"]
async fn an_answer_that_does_not_hold_does_not_use_up_the_wait() {
    let net = Net::new();
    let key = PartyKey::generate();
    let (_server, url) = nats(&net.dir.path().join("nats"), port()).await;
    let miner = miner(&net, &key, &url, 8).await;
    let rogue = async_nats::connect(&url).await.unwrap();
    let mut jobs = rogue.subscribe("vouch.job").await.unwrap();
    rogue.flush().await.unwrap();
    let request = prove_request();
    let asked = tokio::spawn(send(&net, &key, &miner.url, &request));
    let job = tokio::time::timeout(Duration::from_secs(20), jobs.next()).await.unwrap().unwrap();
    let job: serde_json::Value = serde_json::from_slice(&job.payload).unwrap();
    let subject = job["answer"].as_str().unwrap().to_owned();
    // Many, so that a limit on their number would be found: proofs that are none.
    for junk in 0..100u8 {
        rogue.publish(subject.clone(), vec![0, junk, junk].into()).await.unwrap();
    }
    rogue.flush().await.unwrap();
    let honest = prover(&url);
    let response = asked.await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{}", response.text().await.unwrap());

    // Without a prover, a failure that is claimed is believed, but not at once.
    drop(honest);
    let began = std::time::Instant::now();
    let asked = tokio::spawn(send(&net, &key, &miner.url, &prove_request()));
    let job = tokio::time::timeout(Duration::from_secs(20), jobs.next()).await.unwrap().unwrap();
    let job: serde_json::Value = serde_json::from_slice(&job.payload).unwrap();
    let subject = job["answer"].as_str().unwrap().to_owned();
    rogue.publish(subject, [&[2][..], b"out of memory"].concat().into()).await.unwrap();
    assert_eq!(asked.await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
}
