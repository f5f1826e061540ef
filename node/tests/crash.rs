//! `kill -9` at random moments under load, then an audit: nothing that was acknowledged is lost, nothing is scored
//! twice, the log's chain holds. `VOUCH_TEST_CRASHES` says how often (3).

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use vouch_api::{NoncePart, PredictionStatus, State};
use vouch_node::audit;
use vouch_protocol::{Finished, PartyKey};

use crate::support::{self, Net, end, fixture, question, verifier};

fn crashes() -> u32 {
    std::env::var("VOUCH_TEST_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(3)
}

/// A port that is free now.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(role: &str, net: &Net, key: &std::path::Path, port: u16, extra: &[String]) -> Process {
    let data = |name: &str| net.dir.path().join(name).display().to_string();
    let models = fixture().models().display().to_string();
    let mut settings = vec![
        format!("listen=127.0.0.1:{port}"),
        format!("key={}", key.display()),
        format!("chain={}", data("chain")),
        format!("{role}.models={models}"),
        format!("{role}.data={}", data(role)),
        format!("{role}.allow_development_srs=true"),
        format!("{role}.rate=10000.0"),
        format!("{role}.burst=10000"),
        "log=error".to_owned(),
    ];
    if role == "validator" {
        let verifier = verifier();
        settings.push("validator.dispatch.private_addresses=true".to_owned());
        settings.push(format!("validator.verifier.native={}", verifier.native));
        settings.push(format!("validator.verifier.wasm={}", verifier.wasm.display()));
    }
    settings.extend_from_slice(extra);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vouch-node"));
    command.arg(role).stdout(Stdio::null());
    for setting in settings {
        command.arg("--set").arg(setting);
    }
    Process(command.spawn().unwrap())
}

async fn up(url: &str) {
    for _ in 0..600 {
        if reqwest::get(format!("{url}/health")).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{url} does not come up");
}

fn random(below: u64) -> u64 {
    let bytes = PartyKey::generate().public().0;
    u64::from_le_bytes(bytes[..8].try_into().unwrap()) % below
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_is_killed_loses_nothing() {
    let net = Net::new();
    let key_path = net.dir.path().join("validator.key");
    net.key.save(&key_path).unwrap();
    let _miners = net.honest(3).await;
    let port = port();
    let url = format!("http://127.0.0.1:{port}");
    let extra = [
        "validator.benchmark_every_ms=300",
        "connections_per_address=10000",
        "validator.dispatch.benchmark_for_ms=1",
        "validator.epoch_ms=1000",
        "validator.hedge_after_ms=2000",
        "validator.open_predictions=10000",
    ]
    .map(str::to_owned);
    let mut acknowledged = BTreeSet::new();
    for round in 0..crashes() {
        let process = start("validator", &net, &key_path, port, &extra);
        up(&url).await;
        let load = tokio::spawn({
            let url = url.clone();
            async move {
                let client = reqwest::Client::new();
                let mut own = Vec::new();
                // Until the validator is gone.
                loop {
                    let part = (own.len() % 2 == 0).then(|| NoncePart(PartyKey::generate().public().0));
                    let post = client.post(format!("{url}/v1/predictions")).json(&question(part));
                    let Ok(response) = post.send().await else { return own };
                    assert_eq!(response.status(), 202);
                    let Ok(status) = response.json::<PredictionStatus>().await else { return own };
                    own.push(status.id);
                    tokio::time::sleep(Duration::from_millis(150)).await;
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(300 + random(1500))).await;
        drop(process);
        let own = load.await.unwrap();
        println!("round {round}: {} acknowledged before the kill", own.len());
        acknowledged.extend(own);
        // Right after the kill, before anything is repaired.
        let report =
            audit::folder(&net.dir.path().join("validator"), &fixture().registry(), &support::scope(3, true)).unwrap();
        for id in &acknowledged {
            assert!(report.predictions.contains_key(id), "prediction {id} is lost");
        }
    }
    let process = start("validator", &net, &key_path, port, &extra);
    up(&url).await;
    for id in &acknowledged {
        assert_eq!(end(&url, id).await.state, State::Done, "{id}");
    }
    let remote = audit::remote(&url, &support::scope(5, true)).await.unwrap();
    drop(process);
    let report =
        audit::folder(&net.dir.path().join("validator"), &fixture().registry(), &support::scope(1000, true)).unwrap();
    println!("{report}");
    assert!(report.entries >= remote.entries && remote.verified_again == 5.min(remote.proofs));
    assert!(acknowledged.iter().all(|id| matches!(report.predictions[id], Finished::Proved(_))));
    assert_eq!(report.verified_again, report.proofs);
    assert!(report.judged >= acknowledged.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_is_killed_answers_nothing_twice_and_hangs_nobody() {
    let net = Net::new();
    let key_path = net.dir.path().join("miner.key");
    let key = PartyKey::generate();
    key.save(&key_path).unwrap();
    let port = port();
    let url = format!("http://127.0.0.1:{port}");
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let mut answered = 0;
    for _ in 0..crashes() {
        let process = start("miner", &net, &key_path, port, &["miner.queue=100".to_owned()]);
        up(&url).await;
        let requests: Vec<_> = (0..12)
            .map(|_| {
                let body = serde_json::to_vec(&support::prove_request()).unwrap();
                let expires = vouch_node::now_ms() + 100_000;
                (vouch_protocol::sign(&net.key, &key.public(), "POST", "/v1/prove", &body, expires), body)
            })
            .collect();
        let send = |(headers, body): (vouch_protocol::SignedHeaders, Vec<u8>)| {
            let mut post = client.post(format!("{url}/v1/prove")).body(body);
            for (name, value) in headers.to_pairs() {
                post = post.header(name, value);
            }
            async move { post.send().await.ok().map(|r| r.status().as_u16()) }
        };
        let mut first = tokio::task::JoinSet::new();
        for (i, request) in requests.iter().cloned().enumerate() {
            let sent = send(request);
            first.spawn(async move { (i, sent.await) });
        }
        tokio::time::sleep(Duration::from_millis(50 + random(900))).await;
        drop(process);
        // Every caller hears that the connection is gone.
        let first = tokio::time::timeout(Duration::from_secs(5), first.join_all()).await.expect("a caller hangs");
        let process = start("miner", &net, &key_path, port, &["miner.queue=100".to_owned()]);
        up(&url).await;
        for (i, status) in first {
            let again = send(requests[i].clone()).await;
            if status == Some(200) {
                answered += 1;
                assert_eq!(again, Some(409), "answered twice");
            } else {
                assert!(matches!(again, Some(200 | 409)), "{again:?}");
            }
        }
        drop(process);
    }
    println!("{answered} requests were answered before the kills");
}
