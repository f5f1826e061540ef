//! The validator's interface, with honest miners.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use vouch_api::{
    Health, LogEntry, MinerHistory, MinerSummary, ModelCard, ModelSummary, Network, NoncePart, NonceSource, Problem,
    ProofRecord, State,
};
use vouch_envelope::hex;
use vouch_node::audit;
use vouch_protocol::PublicKey;
use vouch_verifier::{Expected, VerifierKey, verify_bytes};

use crate::support::{self, Net, ask, end, fixture, get, question, verdicts};

async fn bytes(url: &str, path: &str) -> Vec<u8> {
    reqwest::get(format!("{url}{path}")).await.unwrap().error_for_status().unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prediction_from_question_to_proof() {
    let net = Net::new();
    let _miners = net.honest(2).await;
    let validator = net.validator(|_| {}).await;
    let url = &validator.url;
    let part = NoncePart([42; 32]);
    let asked = ask(url, Some(part)).await;
    assert_eq!((asked.user_part, asked.nonce, asked.model_id), (part, None, fixture().id()));

    // The stream tells each step and then ends.
    let stream = bytes(url, &format!("/v1/predictions/{}/events", asked.id)).await;
    let stream = String::from_utf8(stream).unwrap();
    assert!(stream.trim_end().lines().rev().any(|line| line == "event: done"), "{stream}");
    let status = end(url, &asked.id).await;
    assert_eq!((status.state, status.attempts, status.user_part), (State::Done, 1, part));

    // A user checks with what the validator serves, the model's identity, and a nonce that contains the user's own part.
    let network: Network = get(url, "/v1/network").await;
    let miner: PublicKey = status.miner.as_ref().unwrap().parse().unwrap();
    let source = NonceSource {
        chain: &network.chain,
        validator: network.validator.parse::<PublicKey>().unwrap().0,
        miner: miner.0,
        model_id: fixture().id(),
        user_part: part,
        validator_part: status.validator_part.unwrap(),
    };
    let nonce = source.nonce();
    assert_eq!((status.nonce, network.chain.as_str()), (Some(nonce), "local"));
    let key = VerifierKey::from_bytes(&bytes(url, &format!("/v1/models/{}/key", fixture().id())).await).unwrap();
    assert_eq!(key.model_id(), fixture().id());
    let id = status.proof_id.unwrap();
    let envelope = bytes(url, &format!("/v1/proofs/{id}/envelope")).await;
    assert_eq!(hex::encode(&Sha256::digest(&envelope)), id);
    let expected = Expected { nonce: Some(nonce), allow_development_srs: true, ..Expected::default() };
    let claim = verify_bytes(&key, &expected, &envelope).unwrap();
    assert_eq!(
        claim.real_inputs().iter().map(|v| (v * 100.0).round() / 100.0).collect::<Vec<_>>(),
        [0.25, -0.5, 0.75, 1.0]
    );
    let record: ProofRecord = get(url, &format!("/v1/proofs/{id}")).await;
    assert_eq!((record.nonce, record.summary.bytes, Some(record.miner)), (nonce, envelope.len() as u64, status.miner));
    assert_eq!((record.user_part, Some(record.validator_part)), (part, status.validator_part));

    // Every question is paid alike, whoever drew the user's part.
    end(url, &ask(url, None).await.id).await;
    assert!(verdicts(url).await.iter().all(|verdict| verdict.after > verdict.before));

    // A user's part is used once.
    let again = reqwest::Client::new().post(format!("{url}/v1/predictions")).json(&question(Some(part)));
    assert_eq!(again.send().await.unwrap().status(), 409);

    let card: ModelCard = get(url, &format!("/v1/models/{}", fixture().id())).await;
    assert_eq!(card.uncertainty.as_ref().map(|test| test.mean_abs), Some(0.5));
    assert_eq!(card.sample.as_ref().map(|sample| sample["x"].len()), Some(4));
    assert!(card.has_layout);
    let picture = String::from_utf8(bytes(url, &format!("/v1/models/{}/layout.svg", fixture().id())).await).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("matrix: combined weights"), "{picture}");
    assert_eq!(
        (card.inputs[0].name.as_str(), card.inputs[0].shape.as_slice(), card.sizes.proof_bytes),
        ("x", &[1, 4][..], key.proof_len() as u64)
    );
    let models: Vec<ModelSummary> = get(url, "/v1/models").await;
    assert_eq!((models.len(), models[0].srs_kind.as_str()), (1, "development"));
    assert!((1..=2).contains(&models[0].miners), "one or both have answered: {}", models[0].miners);
    let network: Network = get(url, "/v1/network").await;
    assert_eq!(network.validator, net.key.public().to_string());
    let newest: Vec<LogEntry> = get(url, "/v1/log?limit=2").await;
    assert_eq!((newest.len(), newest[0].kind.as_str()), (2, "ended"));
    let strict = audit::remote(url, &support::scope(10, false)).await.unwrap_err().to_string();
    assert!(strict.contains("development setup") && strict.contains("--allow-development"), "{strict}");
    let report = audit::remote(url, &support::scope(10, true)).await.unwrap();
    assert_eq!((report.judged, report.proofs, report.verified_again), (2, 2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn benchmarks_scores_and_weights() {
    let net = Net::new();
    let miners = net.honest(3).await;
    let validator = net.validator(|s| (s.dispatch.benchmark_every_ms, s.scores.epoch_ms) = (600, 1500)).await;
    let url = &validator.url;
    let mut network: Network = get(url, "/v1/network").await;
    let mut rows: Vec<MinerSummary> = Vec::new();
    for _ in 0..600 {
        network = get(url, "/v1/network").await;
        rows = get(url, "/v1/miners").await;
        if rows.iter().all(|m| m.verified >= 2 && m.weight > 0.0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        rows.iter().all(|m| m.verified >= 2 && m.score > 0.0 && m.weight > 0.0 && m.refused + m.missing == 0),
        "{rows:?}"
    );
    assert!(rows.is_sorted_by(|a, b| a.score >= b.score));
    assert!((network.weights.iter().map(|w| w.weight).sum::<f64>() - 1.0).abs() < 1e-6);
    let history: MinerHistory = get(url, &format!("/v1/miners/{}", rows[0].id)).await;
    assert!(history.scores.len() >= 2 && history.proofs.len() >= 2 && history.responses_ms.len() >= 2);
    // Two queries to the same miner never overlap, and inputs differ.
    let judged = verdicts(url).await;
    assert!(judged.iter().all(|v| v.prediction.is_none()));
    let metrics = String::from_utf8(bytes(url, "/metrics").await).unwrap();
    for name in [
        "http_requests_total",
        "attempts_total",
        "predictions",
        "response_seconds_count",
        "verify_seconds_count",
        "predictions_waiting",
        "in_flight",
    ] {
        assert!(metrics.contains(&format!("vouch_{name}")), "{name} is missing:\n{metrics}");
    }
    let health: Health = get(url, "/health").await;
    assert!(health.ok);
    validator.stop().await;
    drop(miners);
    let report =
        audit::folder(&net.dir.path().join("validator"), &fixture().registry(), &support::scope(100, true)).unwrap();
    assert!(report.epochs >= 1 && report.judged >= 6);
    // What the chain holds is what the log says: the audit has recomputed it.
    let published: BTreeMap<_, _> = net.chain.published(&net.key.public()).unwrap();
    assert!(!published.is_empty());

    // A validator that improves a score in its tables is found out.
    let path = net.dir.path().join("validator/validator.sqlite");
    let c = rusqlite::Connection::open(path).unwrap();
    c.execute("UPDATE scores SET score = score + 1", []).unwrap();
    let error =
        audit::folder(&net.dir.path().join("validator"), &fixture().registry(), &support::scope(0, true)).unwrap_err();
    assert!(error.to_string().contains("score of"), "{error}");
    c.execute("UPDATE scores SET score = score - 1", []).unwrap();
    c.execute("UPDATE log SET body = replace(body, '\"verified\"', '\"refused\"') WHERE seq = (SELECT min(seq) FROM log WHERE body LIKE '%\"verified\"%')", []).unwrap();
    assert!(audit::folder(&net.dir.path().join("validator"), &fixture().registry(), &support::scope(0, true)).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_hear_why() {
    let net = Net::new();
    let dashboard = net.dir.path().join("site");
    std::fs::create_dir(&dashboard).unwrap();
    std::fs::write(dashboard.join("index.html"), "<title>Vouch</title>").unwrap();
    std::fs::write(dashboard.join("a.js"), "1").unwrap();
    std::fs::write(dashboard.join("a.js.gz"), "compressed").unwrap();
    let validator = net
        .validator(|s| {
            (s.http.dashboard, s.http.max_body_bytes) = (Some(dashboard), 2000);
            s.http.cors = vec!["https://vouch.example".into()];
            (s.predictions.rate, s.predictions.burst) = (0.01, 9);
        })
        .await;
    let url = &validator.url;
    let client = reqwest::Client::new();
    let id = fixture().id();
    let cases = [
        ("{".to_owned(), 400, "malformed"),
        (r#"{"model_id":"x","inputs":{}}"#.to_owned(), 400, "malformed"),
        (format!(r#"{{"model_id":"{id}","inputs":{{}},"more":1}}"#), 400, "malformed"),
        (format!(r#"{{"model_id":"{}","inputs":{{}}}}"#, "00".repeat(32)), 404, "no-such-model"),
        (format!(r#"{{"model_id":"{id}","inputs":{{}}}}"#), 422, "inputs"),
        (format!(r#"{{"model_id":"{id}","inputs":{{"x":[1,2,3]}}}}"#), 422, "inputs"),
        (format!(r#"{{"model_id":"{id}","inputs":{{"x":[0,0,0,1e9]}}}}"#), 422, "inputs"),
        (" ".repeat(3000), 413, "too-large"),
    ];
    for (body, status, name) in cases {
        let post =
            client.post(format!("{url}/v1/predictions")).header("content-type", "application/json").body(body.clone());
        let response = post.send().await.unwrap();
        let got = response.status().as_u16();
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem: Problem = response.json().await.unwrap();
        assert_eq!((got, problem.name()), (status, name), "{body}: {problem}");
    }
    let plain = client.post(format!("{url}/v1/predictions")).body("{}").send().await.unwrap();
    assert_eq!(plain.status(), 415);
    let many = client.post(format!("{url}/v1/predictions")).json(&question(None)).send().await.unwrap();
    assert_eq!(many.status(), 429);
    assert!(many.headers().contains_key("retry-after"));
    for path in [
        "/v1/nowhere",
        "/v1/models/x",
        "/v1/miners/x",
        "/v1/proofs/x",
        "/v1/proofs/x/envelope",
        "/v1/predictions/x",
        "/v1/predictions/x/events",
    ] {
        let response = client.get(format!("{url}{path}")).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (404, &"application/problem+json".parse().unwrap()),
            "{path}"
        );
    }
    for limit in ["x", "1001", "-1"] {
        assert_eq!(client.get(format!("{url}/v1/log?limit={limit}")).send().await.unwrap().status(), 400, "{limit}");
    }
    assert_eq!(client.get(format!("{url}/ready")).send().await.unwrap().status(), 503, "no miner takes part");
    // The dashboard's files; its own paths all lead to its page.
    assert_eq!(bytes(url, "/a.js").await, b"1");
    for path in ["/", "/miners/abc"] {
        assert_eq!(bytes(url, path).await, b"<title>Vouch</title>", "{path}");
    }
    let compressed = client.get(format!("{url}/a.js")).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    assert!(compressed.headers()["content-type"].to_str().unwrap().contains("javascript"));
    let policy = compressed.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(compressed.bytes().await.unwrap(), &b"compressed"[..]);
    let from = |origin: &'static str| client.get(format!("{url}/v1/models")).header("origin", origin).send();
    let allowed = from("https://vouch.example").await.unwrap();
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://vouch.example");
    assert!(!from("https://other.example").await.unwrap().headers().contains_key("access-control-allow-origin"));
}

/// Every path of the document answers, and every answer has a described status.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_describes_the_server() {
    let net = Net::new();
    let validator = net.validator(|_| {}).await;
    let document: Value = get(&validator.url, "/v1/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 28, "{:?}", paths.keys());
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let url = format!("{}{}", validator.url, path.replace("{id}", &fixture().id().to_string()));
            let method = method.to_uppercase().parse().unwrap();
            let status = reqwest::Client::new().request(method, url).send().await.unwrap().status();
            assert!(operation["responses"].get(status.as_str()).is_some(), "{path}: {status}");
        }
    }
    for schema in
        ["PredictionRequest", "PredictionStatus", "Problem", "ModelCard", "MinerSummary", "LogEntry", "Network"]
    {
        assert!(document["components"]["schemas"].get(schema).is_some(), "{schema}");
    }
}
