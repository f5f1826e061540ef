//! `cargo bench -p vouch-node --bench load`: what one validator bears, on loopback.
//!
//! * `verified`: predictions, answered with proofs that were made before and are verified in full: what is measured is the
//!   validator, in this process, with the client and the miners on the same cores.
//! * `many`, with the validator as a process of its own: 10,000 miners on the chain that have nothing to answer: scheduling, scoring, the list of miners, weights.
//! * `soak`: `many` for `VOUCH_SOAK_MINUTES`, with the memory each minute; left out without that.
//!
//! `VOUCH_WASM` names the verifier's `.wasm`; without it the native verifier is used.
#![allow(missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use support::{Net, Running, fixture, question};
use vouch_api::{MinerSummary, Network, Nonce, PredictionStatus, ProveRequest};
use vouch_node::chain::MinerEntry;
use vouch_node::engine::{Rejection, Verified, VerifyEngine};
use vouch_protocol::{PartyKey, PublicKey};
use vouch_verifier::{Expected, ProofEnvelope, VerifierKey};

/// Miners that look up, and proofs that they have.
const MINERS: usize = 16;
const PROOFS: usize = 600;
const CLIENTS: usize = 32;
/// Miners that have nothing to answer.
const MANY: usize = 10_000;

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Resident memory, MiB.
    fn memory(&self) -> f64 {
        memory(self.0.id())
    }
}

/// Resident memory of a process, MiB.
fn memory(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// A validator on `net`, and where it is.
async fn validator(net: &Net, settings: &[String]) -> (Process, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let key = net.dir.path().join("validator.key");
    net.key.save(&key).unwrap();
    let verifier = support::verifier();
    let mut all = vec![
        format!("listen=127.0.0.1:{port}"),
        format!("key={}", key.display()),
        format!("chain={}", net.dir.path().join("chain").display()),
        format!("validator.models={}", fixture().models().display()),
        format!("validator.data={}", net.dir.path().join("validator").display()),
        format!("validator.verifier.native={}", verifier.native),
        format!("validator.verifier.wasm={}", verifier.wasm.display()),
        "validator.allow_development_srs=true".to_owned(),
        "validator.dispatch.private_addresses=true".to_owned(),
        // Miners that have nothing to answer are asked all the same.
        "validator.dispatch.backoff_ms=0".to_owned(),
        "validator.predictions.rate=1000000.0".to_owned(),
        "validator.predictions.burst=1000000".to_owned(),
        "validator.predictions.open=100000".to_owned(),
        "log=error".to_owned(),
    ];
    all.extend_from_slice(settings);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vouch-node"));
    command.arg("validator").stdout(Stdio::null());
    for setting in &all {
        command.arg("--set").arg(setting);
    }
    let process = Process(command.spawn().unwrap());
    let url = format!("http://127.0.0.1:{port}");
    while reqwest::get(format!("{url}/health")).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (process, url)
}

type Proofs = Arc<Mutex<Vec<Vec<u8>>>>;

/// The next proof that was made before, whatever is asked.
async fn hand_out(State(proofs): State<Proofs>, _: Json<ProveRequest>) -> Response<Body> {
    match proofs.lock().unwrap().pop() {
        Some(proof) => Response::new(Body::from(proof)),
        None => Response::builder().status(StatusCode::NOT_FOUND).body(Body::empty()).unwrap(),
    }
}

async fn miner(proofs: Proofs) -> Running {
    support::run(Router::new().route("/v1/prove", post(hand_out)).with_state(proofs), || ()).await
}

fn proofs() -> Proofs {
    let key = &fixture().a;
    let inputs = fixture().registry().get(&fixture().id()).unwrap().integers(&question(None).inputs).unwrap();
    let start = Instant::now();
    let prove = |_| {
        let nonce = Nonce(PartyKey::generate().public().0);
        key.prove_integers(&inputs, nonce, vouch::Salt::random()).unwrap().envelope.encode().unwrap()
    };
    let proofs = (0..PROOFS).map(prove).collect();
    println!("{PROOFS} proofs made in {:.1} s", start.elapsed().as_secs_f64());
    Arc::new(Mutex::new(proofs))
}

/// Verifies for the nonce that the envelope has. No proof can be made before it is asked for; with this engine, in this
/// benchmark only, the validator does all of its work on proofs that were.
struct AnyNonce(Arc<dyn VerifyEngine>);

impl VerifyEngine for AnyNonce {
    fn verify(&self, key: &VerifierKey, expected: &Expected, envelope: &[u8]) -> Result<Verified, Rejection> {
        let nonce = ProofEnvelope::decode(envelope).map_err(|e| Rejection::Malformed(e.to_string()))?.nonce;
        self.0.verify(key, &Expected { nonce: Some(nonce), ..expected.clone() }, envelope)
    }

    fn sha256(&self) -> Option<&str> {
        self.0.sha256()
    }
}

/// Asks, and listens until it is answered.
async fn ask(client: &reqwest::Client, url: &str) -> Duration {
    let start = Instant::now();
    let asked = client.post(format!("{url}/v1/predictions")).json(&question(None)).send().await.unwrap();
    assert_eq!(asked.status(), 202);
    let status: PredictionStatus = asked.json().await.unwrap();
    let events = client.get(format!("{url}/v1/predictions/{}/events", status.id)).send().await.unwrap();
    let events = events.text().await.unwrap();
    assert!(events.contains("event: done"), "{events}");
    start.elapsed()
}

fn quantile(sorted: &[Duration], q: f64) -> f64 {
    let index = (sorted.len() as f64 * q) as usize;
    sorted.get(index.min(sorted.len() - 1)).map_or(0.0, |d| d.as_secs_f64() * 1000.0)
}

async fn verified() {
    let proofs = proofs();
    let net = Net::new();
    let (mut servers, mut entries) = (Vec::new(), Vec::new());
    for _ in 0..MINERS {
        let server = miner(proofs.clone()).await;
        entries.push(MinerEntry { key: PartyKey::generate().public(), url: server.url.clone() });
        servers.push(server);
    }
    net.on_chain(entries);
    let engine = |engine| -> Arc<dyn VerifyEngine> { Arc::new(AnyNonce(engine)) };
    let validator = net.validator_with(engine, |s| s.predictions.open = 100_000).await;
    let before = memory(std::process::id());
    let start = Instant::now();
    let left = Arc::new(AtomicUsize::new(PROOFS));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (left, url) = (left.clone(), validator.url.clone());
        clients.spawn(async move {
            let client = reqwest::Client::new();
            let mut times = Vec::new();
            while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                times.push(ask(&client, &url).await);
            }
            times
        });
    }
    let mut times: Vec<Duration> = clients.join_all().await.into_iter().flatten().collect();
    let took = start.elapsed().as_secs_f64();
    times.sort();
    println!(
        "verified: {} predictions in {took:.1} s, {:.0} a second; p50 {:.1} ms, p99 {:.1} ms; memory {before:.0} MiB before, {:.0} MiB after",
        times.len(),
        times.len() as f64 / took,
        quantile(&times, 0.5),
        quantile(&times, 0.99),
        memory(std::process::id()),
    );
}

async fn get<T: serde::de::DeserializeOwned>(url: &str, path: &str) -> (T, f64) {
    let start = Instant::now();
    let value = support::get(url, path).await;
    (value, start.elapsed().as_secs_f64() * 1000.0)
}

async fn many(time: Duration) {
    let net = Net::new();
    let server = miner(Proofs::default()).await;
    let key = |i: usize| {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&(i as u64).to_le_bytes());
        PublicKey(bytes)
    };
    net.on_chain((0..MANY).map(|i| MinerEntry { key: key(i), url: server.url.clone() }).collect());
    // Each miner every ten seconds: a thousand queries a second, if the validator can.
    let settings = [
        "validator.dispatch.benchmark_every_ms=10000",
        "validator.scores.epoch_ms=5000",
        "validator.dispatch.benchmarks_in_flight=64",
    ];
    let (process, url) = validator(&net, &settings.map(str::to_owned)).await;
    let start = Instant::now();
    let mut next = Duration::ZERO;
    while start.elapsed() < time {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if start.elapsed() >= next {
            next += Duration::from_secs(60);
            println!("  after {:>5.0} s: {:.0} MiB", start.elapsed().as_secs_f64(), process.memory());
        }
    }
    let (newest, _) = get::<Vec<vouch_api::LogEntry>>(&url, "/v1/log?limit=1").await;
    let entries = newest.first().map_or(0, |entry| entry.seq);
    let (miners, list) = get::<Vec<MinerSummary>>(&url, "/v1/miners").await;
    let (network, account) = get::<Network>(&url, "/v1/network").await;
    let asked = miners.iter().filter(|m| m.missing > 0).count();
    println!(
        "many: {} miners, {asked} of them asked, {:.0} log entries a second, epoch {}; /v1/miners {list:.0} ms, /v1/network {account:.0} ms; {:.0} MiB",
        miners.len(),
        entries as f64 / time.as_secs_f64(),
        network.epoch,
        process.memory(),
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        verified().await;
        many(Duration::from_secs(30)).await;
        if let Some(minutes) = std::env::var("VOUCH_SOAK_MINUTES").ok().and_then(|m| m.parse::<u64>().ok()) {
            println!("soak");
            many(Duration::from_secs(minutes * 60)).await;
        }
    });
}
