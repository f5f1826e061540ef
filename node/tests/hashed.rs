//! Models whose input and output are hashed: from question to values, who can cheat, and what is written down.
#![allow(missing_docs)]

mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use support::{Net, Running, end, fixture, get, hidden, miner, question, start_miner, verdicts};
use vouch::{Srs, fact_keys};
use vouch_api::{
    AttemptOutcome, HiddenOutputs, ModelCard, Nonce, NoncePart, PredictionAccepted, PredictionRequest, Problem,
    ProveRequest, Salt, State as Stage, Visibility,
};
use vouch_disclosure::{Statement, load_key, prove_statement, spec_of, verify_statement};
use vouch_envelope::hex;
use vouch_node::audit;
use vouch_node::chain::MinerEntry;
use vouch_node::registry::{DisclosureKeysError, Registry, RegistryError};
use vouch_protocol::{PartyKey, PublicKey, decay, encode_answer};
use vouch_verifier::{Expected, ProofEnvelope, Section, TensorHash, VerifierKey, verify_bytes};

/// Numbers that do not occur by chance.
const INPUT: [f64; 4] = [0.713_043_2, -0.391_402_7, 0.552_846_1, -0.823_751_9];

fn asked(salt: Option<Salt>, user_part: Option<NoncePart>) -> PredictionRequest {
    PredictionRequest { model_id: hidden().id(), inputs: [("x".to_owned(), INPUT.to_vec())].into(), user_part, salt }
}

/// The integers that the model is given, and that it computes.
fn run() -> (Vec<i64>, Vec<i64>) {
    let key = &hidden().a;
    let scale = key.verifying_key().schema().inputs[0].scale;
    let inputs: Vec<i64> = INPUT.iter().map(|v| (v * scale).round() as i64).collect();
    let outputs = key.program().outputs_of(&key.program().run(&inputs).unwrap());
    (inputs, outputs)
}

fn hash(salt: Salt, section: Section, name: &str, values: &[i64]) -> TensorHash {
    vouch::tensor_hash(&salt, section, name, values).unwrap()
}

fn salt() -> Salt {
    Salt(PartyKey::generate().public().0)
}

async fn send(url: &str, path: &str, body: &impl serde::Serialize) -> reqwest::Response {
    reqwest::Client::new().post(format!("{url}{path}")).json(body).send().await.unwrap()
}

async fn ask(url: &str, question: &PredictionRequest) -> PredictionAccepted {
    let response = send(url, "/v1/predictions", question).await;
    assert_eq!(response.status(), 202);
    response.json().await.unwrap()
}

/// The values of hashed outputs, or the problem.
async fn outputs(url: &str, id: &str, salt: Salt) -> Result<HiddenOutputs, (u16, String)> {
    let response = send(url, &format!("/v1/predictions/{id}/outputs"), &json!({ "salt": salt })).await;
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    if status == 200 {
        return Ok(serde_json::from_str(&text).unwrap());
    }
    Err((status, serde_json::from_str::<Problem>(&text).unwrap().name().to_owned()))
}

/// An honest miner and a validator for the model with hashes.
async fn network(net: &Net, benchmark_every_ms: u64) -> (Running, Running) {
    let key = PartyKey::generate();
    let miner = start_miner(&key, net.dir.path(), &net.chain, |s| s.models = hidden().models()).await;
    net.on_chain(vec![MinerEntry { key: key.public(), url: miner.url.clone() }]);
    let validator =
        net.validator(|s| (s.models, s.dispatch.benchmark_every_ms) = (hidden().models(), benchmark_every_ms)).await;
    (miner, validator)
}

async fn envelope(url: &str, id: &str) -> Vec<u8> {
    let path = format!("{url}/v1/proofs/{id}/envelope");
    reqwest::get(path).await.unwrap().error_for_status().unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_prediction_from_question_to_values() {
    let net = Net::new();
    let (_miner, validator) = network(&net, 0).await;
    let url = &validator.url;
    let (inputs, values) = run();
    let (own, part) = (salt(), NoncePart([42; 32]));
    for (given, part) in [(Some(own), Some(part)), (None, None)] {
        let accepted = ask(url, &asked(given, part)).await;
        assert_eq!(accepted.salt.is_some(), given.is_none(), "a salt is said if, and only if, the validator drew it");
        let salt = given.or(accepted.salt).unwrap();
        let id = accepted.status.id;
        let status = end(url, &id).await;
        assert_eq!(status.state, Stage::Done, "{:?}", status.error);

        // A user checks with their own hash.
        let key = reqwest::get(format!("{url}/v1/models/{}/key", hidden().id())).await.unwrap().bytes().await.unwrap();
        let key = VerifierKey::from_bytes(&key).unwrap();
        let bytes = envelope(url, status.proof_id.as_ref().unwrap()).await;
        let expected = Expected {
            nonce: status.nonce,
            inputs: Some(vec![]),
            input_hashes: Some(vec![hash(salt, Section::Inputs, "x", &inputs)]),
            allow_development_srs: true,
            ..Expected::default()
        };
        let claim = verify_bytes(&key, &expected, &bytes).unwrap();
        assert!(claim.outputs().is_empty());

        // The values are for whoever has the salt, once.
        let other = Salt([1; 32]);
        assert_eq!(outputs(url, &id, other).await, Err((403, "other-salt".into())));
        let got = outputs(url, &id, salt).await.unwrap();
        assert_eq!(got.outputs, [("y".to_owned(), values.clone())].into());
        assert_eq!(claim.public().output_hashes, [hash(salt, Section::Outputs, "y", &got.outputs["y"])]);
        assert_eq!(outputs(url, &id, salt).await, Err((410, "not-kept".into())));
    }
    assert_eq!(outputs(url, "x", own).await, Err((404, "no-such-prediction".into())));
    let card: ModelCard = get(url, &format!("/v1/models/{}", hidden().id())).await;
    assert_eq!([card.inputs[0].visibility, card.outputs[0].visibility], [Visibility::Hashed; 2]);
    let report = audit::remote(url, &support::scope(10, true)).await.unwrap();
    assert_eq!((report.judged, report.proofs, report.verified_again), (2, 2, 2));
    validator.stop().await;
    let report =
        audit::folder(&net.dir.path().join("validator"), &hidden().registry(), &support::scope(10, true)).unwrap();
    assert_eq!(report.verified_again, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn salts_that_are_missing_or_for_nothing_are_refused() {
    let net = Net::new();
    let (running, validator) = network(&net, 0).await;
    let public = net.validator(|s| s.data = net.dir.path().join("public")).await;
    let needless = PredictionRequest { salt: Some(salt()), ..question(None) };
    let refused = send(&public.url, "/v1/predictions", &needless).await;
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.json::<Problem>().await.unwrap().name(), "salt");
    let body = json!({ "model_id": hidden().id(), "inputs": { "x": INPUT }, "salt": "00" });
    assert_eq!(send(&validator.url, "/v1/predictions", &body).await.status(), 400);

    // A miner is told the salt by whoever asks it.
    let entry = net_miner(&net);
    let request = ProveRequest { model_id: hidden().id(), ..support::prove_request() };
    for (salt, status) in [(None, 422), (Some(salt()), 200)] {
        let request =
            ProveRequest { salt, request_id: hex::encode(&[u8::from(salt.is_some()); 16]), ..request.clone() };
        let body = serde_json::to_vec(&request).unwrap();
        let headers =
            vouch_protocol::sign(&net.key, &entry.key, "POST", "/v1/prove", &body, vouch_node::now_ms() + 100_000);
        let mut post = reqwest::Client::new().post(format!("{}/v1/prove", running.url)).body(body);
        for (name, value) in headers.to_pairs() {
            post = post.header(name, value);
        }
        let response = post.send().await.unwrap();
        assert_eq!(response.status(), status);
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind == vouch_api::ANSWER_TYPE, status == 200, "{kind}");
    }
}

fn net_miner(net: &Net) -> MinerEntry {
    use vouch_node::chain::Chain;
    net.chain.parties().unwrap().miners.remove(0)
}

/// Where the log goes.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Every way in which values could be written.
fn needles(inputs: &[i64], reals: &[f64], salt: Option<Salt>) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    for pair in inputs.windows(2) {
        all.push(("decimal", format!("{},{}", pair[0], pair[1]).into_bytes()));
        all.push(("decimal, spaced", format!("{}, {}", pair[0], pair[1]).into_bytes()));
        all.push(("64 bits", pair.iter().flat_map(|v| v.to_le_bytes()).collect()));
        all.push(("32 bits", pair.iter().flat_map(|v| (*v as i32).to_le_bytes()).collect()));
        // An answer's own form, without its four bytes of length.
        all.push(("zigzag", encode_answer(pair, &[])[4..].to_vec()));
    }
    for real in reals {
        all.push(("float", real.to_string().into_bytes()));
        all.push(("float, bytes", real.to_le_bytes().to_vec()));
    }
    if let Some(salt) = salt {
        all.push(("salt, hexadecimal", salt.to_string().into_bytes()));
        all.push(("salt", salt.0.to_vec()));
    }
    all
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    all
}

fn found(places: &[(String, Vec<u8>)], needles: &[(&str, Vec<u8>)]) -> Vec<String> {
    let has = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
    let mut all = Vec::new();
    for (place, bytes) in places {
        let here = needles.iter().filter(|(_, needle)| has(bytes, needle));
        all.extend(here.map(|(kind, _)| format!("{kind} in {place}")));
    }
    all
}

/// Databases, log lines of every level, metrics and answers, but for those that are meant for whoever asked.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_hidden_is_written_down() {
    let lines = Lines::default();
    let writer = lines.clone();
    // A line of a public model's validator shows that the net is fine enough.
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let net = Net::new();
    let (_miner, validator) = network(&net, 300).await;
    let url = &validator.url;
    let (inputs, values) = run();
    let mut all = Vec::new();
    let mut places = Vec::new();
    for given in [Some(salt()), None] {
        let accepted = ask(url, &asked(given, None)).await;
        let id = accepted.status.id;
        let salt = given.or(accepted.salt).unwrap();
        let stream = reqwest::get(format!("{url}/v1/predictions/{id}/events")).await.unwrap().text().await.unwrap();
        assert!(stream.contains("event: done"), "{stream}");
        places.push(("the events".to_owned(), stream.into_bytes()));
        assert_eq!(end(url, &id).await.state, Stage::Done);
        if given.is_some() {
            assert_eq!(outputs(url, &id, salt).await.unwrap().outputs["y"], values);
        }
        let text = serde_json::to_vec(&end(url, &id).await).unwrap();
        places.push(("the prediction".to_owned(), text));
        all.extend(needles(&inputs, &INPUT, Some(salt)));
    }
    all.extend(needles(&values, &[], None));
    for path in ["/metrics", "/v1/log?after=0&limit=1000", "/v1/network", "/v1/miners"] {
        let text = reqwest::get(format!("{url}{path}")).await.unwrap().text().await.unwrap();
        places.push((path.to_owned(), text.into_bytes()));
    }
    tracing::info!("the end of the log");
    places.push(("the log".to_owned(), lines.0.lock().unwrap().clone()));
    places.extend(files(net.dir.path()));
    assert!(places.iter().any(|(name, _)| name.ends_with("validator.sqlite")));
    assert!(places.iter().any(|(name, _)| name.ends_with("miner.sqlite")));
    assert_eq!(found(&places, &all), Vec::<String>::new());
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the end of the log") && log.contains("judged"), "{log}");
    drop(validator);

    // Of a public model, the same search finds what is there to be found.
    let net = Net::new();
    let _miners = net.honest(1).await;
    let validator = net.validator(|_| {}).await;
    let open = PredictionRequest { model_id: fixture().id(), salt: None, ..asked(None, None) };
    assert_eq!(end(&validator.url, &ask(&validator.url, &open).await.status.id).await.state, Stage::Done);
    let shown = found(&files(net.dir.path()), &all);
    for kind in ["decimal in", "zigzag in"] {
        assert!(shown.iter().any(|place| place.starts_with(kind)), "{kind}: {shown:?}");
    }
}

/// What was in memory only is gone with it; the question ends, and the log says why.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_ends_hidden_questions() {
    let net = Net::new();
    let silent = Router::new().route("/v1/prove", post(async || std::future::pending::<()>().await));
    let server = support::run(silent, || ()).await;
    net.on_chain(vec![MinerEntry { key: PartyKey::generate().public(), url: server.url.clone() }]);
    let validator = net.validator(|s| s.models = hidden().models()).await;
    let accepted = ask(&validator.url, &asked(None, None)).await;
    validator.stop().await;
    let validator = net.validator(|s| s.models = hidden().models()).await;
    let status = end(&validator.url, &accepted.status.id).await;
    assert_eq!(status.state, Stage::Failed);
    assert!(status.error.as_ref().unwrap().contains("not stored"), "{status:?}");
    let gone = outputs(&validator.url, &accepted.status.id, accepted.salt.unwrap()).await;
    assert_eq!(gone, Err((410, "not-kept".into())));
    audit::remote(&validator.url, &support::scope(0, true)).await.unwrap();
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Behaviour {
    OtherInput,
    OtherSalt,
    OtherOutputs,
    OutputsOfAnotherRun,
    FewerOutputs,
    NoOutputs,
    HashOfOtherOutputs,
    HashOfOtherInput,
    NoHashes,
    ClearValues,
    HugeCount,
}

use Behaviour as B;

const TABLE: &[(Behaviour, AttemptOutcome)] = &[
    (B::OtherInput, AttemptOutcome::Refused),
    (B::OtherSalt, AttemptOutcome::Refused),
    (B::OtherOutputs, AttemptOutcome::Refused),
    (B::OutputsOfAnotherRun, AttemptOutcome::Refused),
    (B::FewerOutputs, AttemptOutcome::Refused),
    (B::NoOutputs, AttemptOutcome::Malformed),
    (B::HashOfOtherOutputs, AttemptOutcome::Refused),
    (B::HashOfOtherInput, AttemptOutcome::Refused),
    (B::NoHashes, AttemptOutcome::Refused),
    (B::ClearValues, AttemptOutcome::Refused),
    (B::HugeCount, AttemptOutcome::Malformed),
];

struct Cheat {
    key: PublicKey,
    behaviour: Behaviour,
    asked: AtomicUsize,
    requests: Mutex<Vec<Value>>,
}

fn step(values: &mut [i64]) {
    values[0] += if values[0] > 0 { -1 } else { 1 };
}

/// Honest at first. Afterwards it proves with what it likes, or tells of an honest proof what is not so.
async fn serve(State(cheat): State<Arc<Cheat>>, headers: HeaderMap, Json(raw): Json<Value>) -> Response<Body> {
    let asked: ProveRequest = serde_json::from_value(raw.clone()).unwrap();
    let nonce = support::nonce(&asked, &support::caller(&headers), &cheat.key);
    let ProveRequest { inputs, salt, .. } = asked;
    cheat.requests.lock().unwrap().push(raw);
    let mine = cheat.behaviour;
    let honest = cheat.asked.fetch_add(1, Ordering::SeqCst) == 0;
    let is = move |behaviour| !honest && mine == behaviour;
    let salt = salt.unwrap();
    let (mut own, mut own_salt) = (inputs.clone(), salt);
    if is(B::OtherInput) || is(B::HashOfOtherInput) {
        step(&mut own);
    }
    if is(B::OtherSalt) {
        own_salt.0[31] ^= 1;
    }
    let proved = tokio::task::spawn_blocking(move || hidden().a.prove_integers(&own, nonce, own_salt));
    let proved = proved.await.unwrap().unwrap();
    let (mut values, mut envelope) = (proved.outputs, proved.envelope);
    if is(B::OtherOutputs) || is(B::HashOfOtherOutputs) {
        step(&mut values);
    }
    if is(B::HashOfOtherOutputs) {
        envelope.public.output_hashes = vec![hash(salt, Section::Outputs, "y", &values)];
    }
    if is(B::HashOfOtherInput) {
        envelope.public.input_hashes = vec![hash(salt, Section::Inputs, "x", &inputs)];
    }
    if is(B::OutputsOfAnotherRun) {
        let program = hidden().a.program();
        values = program.outputs_of(&program.run(&vec![0; inputs.len()]).unwrap());
    }
    if is(B::FewerOutputs) {
        values.pop();
    }
    if is(B::NoHashes) {
        envelope.public.input_hashes.clear();
    }
    if is(B::ClearValues) {
        envelope.public.outputs.clone_from(&values);
    }
    let bytes = envelope.encode().unwrap();
    Response::new(Body::from(match mine {
        _ if honest => encode_answer(&values, &bytes),
        B::NoOutputs => bytes,
        B::HugeCount => [&u32::MAX.to_le_bytes(), bytes.as_slice()].concat(),
        _ => encode_answer(&values, &bytes),
    }))
}

async fn cheat(behaviour: Behaviour, outcome: AttemptOutcome) {
    let net = Net::new();
    let key = PartyKey::generate().public();
    let state = Arc::new(Cheat { key, behaviour, asked: AtomicUsize::new(0), requests: Mutex::default() });
    let server = support::run(Router::new().route("/v1/prove", post(serve)).with_state(state), || ()).await;
    net.on_chain(vec![MinerEntry { key, url: server.url.clone() }]);
    let validator = net.validator(|s| s.models = hidden().models()).await;
    let url = &validator.url;
    let honest = end(url, &ask(url, &asked(None, None)).await.status.id).await;
    assert_eq!(honest.state, Stage::Done, "{behaviour:?}: {honest:?}");
    let cheated = ask(url, &asked(None, None)).await;
    let status = end(url, &cheated.status.id).await;
    assert_eq!((status.state, status.proof_id), (Stage::Failed, None), "{behaviour:?}");
    let values = outputs(url, &status.id, cheated.salt.unwrap()).await;
    assert_eq!(values, Err((410, "not-kept".into())), "{behaviour:?}: what was refused is not passed on");
    let judged = verdicts(url).await;
    let [first, second] = judged.as_slice() else { panic!("{behaviour:?}: {judged:?}") };
    assert_eq!(
        (first.outcome, second.outcome),
        (AttemptOutcome::Verified, outcome),
        "{behaviour:?}: {}",
        second.detail
    );
    assert!(first.after > first.before && second.proof_id.is_none());
    assert_eq!(second.after, decay(first.after), "{behaviour:?}");
    let shown = miner(url, key).await;
    assert_eq!((shown.verified, shown.refused, shown.missing), (1, 1, 0), "{behaviour:?}");
    // The size that counts is that of the proof, without the values beside it.
    let kept = envelope(url, first.proof_id.as_ref().unwrap()).await;
    assert_eq!(first.bytes, kept.len() as u64);
    assert!(ProofEnvelope::decode(&kept).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cheat_gets_what_it_must() {
    hidden();
    support::each(TABLE, |(behaviour, outcome)| cheat(behaviour, outcome)).await;
}

/// A benchmark looks like a question: the same fields, a salt of its own, inputs within the schema.
#[tokio::test(flavor = "multi_thread")]
async fn benchmarks_look_like_questions() {
    let net = Net::new();
    let (key, asked_before) = (PartyKey::generate().public(), AtomicUsize::new(0));
    let state = Arc::new(Cheat { key, behaviour: B::HugeCount, asked: asked_before, requests: Mutex::default() });
    let app = Router::new().route("/v1/prove", post(serve)).with_state(state.clone());
    let server = support::run(app, || ()).await;
    net.on_chain(vec![MinerEntry { key, url: server.url.clone() }]);
    let validator = net.validator(|s| (s.models, s.dispatch.benchmark_every_ms) = (hidden().models(), 200)).await;
    ask(&validator.url, &asked(None, None)).await;
    ask(&validator.url, &asked(Some(salt()), None)).await;
    for _ in 0..600 {
        if state.requests.lock().unwrap().len() >= 6 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let judged = verdicts(&validator.url).await;
    let requests = state.requests.lock().unwrap().clone();
    assert!(requests.len() >= 6, "{}", requests.len());
    assert!(judged.iter().any(|v| v.prediction.is_none()) && judged.iter().any(|v| v.prediction.is_some()));
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    for request in &requests {
        assert_eq!(fields(request), fields(&requests[0]));
        assert_eq!(request["salt"].as_str().unwrap().len(), 64);
        assert_eq!(request["inputs"].as_array().unwrap().len(), INPUT.len());
    }
    let salts: BTreeSet<&str> = requests.iter().filter_map(|r| r["salt"].as_str()).collect();
    assert_eq!(salts.len(), requests.len());
    for part in ["user_part", "validator_part"] {
        let parts: BTreeSet<&str> = requests.iter().filter_map(|r| r[part].as_str()).collect();
        assert_eq!(parts.len(), requests.len(), "{part}");
    }
}

/// Keys for facts about the hashed input are served; with them its holder proves one against the hash in the proof.
#[tokio::test(flavor = "multi_thread")]
async fn a_fact_about_a_hidden_input_is_proved_with_the_validators_keys() {
    let net = Net::new();
    let (_miner, validator) = network(&net, 0).await;
    let url = &validator.url;
    let own = salt();
    let accepted = ask(url, &asked(Some(own), None)).await;
    let status = end(url, &accepted.status.id).await;
    let bytes = envelope(url, status.proof_id.as_ref().unwrap()).await;
    let shown = ProofEnvelope::decode(&bytes).unwrap().public.input_hashes[0];

    let model = format!("{url}/v1/models/{}", hidden().id());
    let fetch = async |path: &str| reqwest::get(format!("{model}/disclosure/{path}")).await.unwrap();
    let verifier = fetch("x/verifier.key").await.error_for_status().unwrap().bytes().await.unwrap();
    let prover = fetch("x/prover.key").await.error_for_status().unwrap().bytes().await.unwrap();
    let verifier = VerifierKey::from_bytes(&verifier).unwrap();
    let key = load_key(&prover, &verifier).unwrap();
    let (inputs, _) = run();
    let statement = Statement::element(spec_of(&verifier).unwrap(), 2, inputs[2], inputs[2]).unwrap();
    let nonce = Nonce([5; 32]);
    let fact = prove_statement(&key, &inputs, own, &statement, nonce).unwrap();
    verify_statement(&verifier, shown, &statement, Some(nonce), true, &fact).unwrap();
    assert!(
        verify_statement(&verifier, hash(salt(), Section::Inputs, "x", &inputs), &statement, None, true, &fact)
            .is_err()
    );

    // Only hashed inputs have keys, and a name is no path.
    for path in ["y/verifier.key", "z/prover.key", "..%2f..%2fa/verifier.key", "%ff/prover.key", "x/model.vouch"] {
        assert_eq!(fetch(path).await.status(), 404, "{path}");
    }
    let other = reqwest::get(format!("{url}/v1/models/{}/disclosure/x/prover.key", Nonce([1; 32]))).await.unwrap();
    assert_eq!(other.status(), 404);
}

/// A key for another tensor in its place is noticed when the validator starts.
#[test]
fn keys_for_other_facts_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (models, path) = (hidden().models(), dir.path().join("a"));
    std::fs::create_dir_all(path.join("disclosure/x")).unwrap();
    for file in ["model.vouch", "verifier.key"] {
        std::fs::copy(models.join("a").join(file), path.join(file)).unwrap();
    }
    let load = || Registry::load(dir.path(), Duration::from_secs(60), true);
    assert!(load().unwrap().iter().next().unwrap().disclosures.is_empty());
    let mut spec = hidden().a.verifying_key().schema().inputs[0].clone();
    spec.max += 1;
    fact_keys(&spec, &Srs::development(12)).unwrap().save(path.join("disclosure/x")).unwrap();
    let error = load().err().unwrap();
    assert!(matches!(error, RegistryError::Disclosure(DisclosureKeysError::OtherTensor { .. })), "{error}");
    std::fs::copy(path.join("verifier.key"), path.join("disclosure/x/verifier.key")).unwrap();
    let error = load().err().unwrap();
    assert!(matches!(error, RegistryError::Disclosure(DisclosureKeysError::Program { .. })), "{error}");
}
