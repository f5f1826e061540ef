//! Strategies: forecasts and an allocation on real miners, linked; and what happens when somebody cheats.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use axum::routing::{get as route, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use vouch::{Card, Model, ProvingKey, Salt, Setup};
use vouch_api::{
    AttemptOutcome, Market, MarketToken, Nonce, Problem, ProveRequest, State as Stage, StrategyPlan, StrategyRecord,
};
use vouch_client::strategy::StrategyError as Unfit;
use vouch_compiler::{CompileOptions, compile};
use vouch_envelope::{ProofChain, ProofEnvelope, hex};
use vouch_node::audit;
use vouch_node::chain::MinerEntry;
use vouch_node::market::{FileSource, HttpSource, MarketError, MarketSource};
use vouch_node::registry::Registry;
use vouch_node::validator::{Blueprint, StrategyError, StrategySettings};
use vouch_program::{Interval, Program, Requant};
use vouch_protocol::{PartyKey, PublicKey};
use vouch_verifier::{ChainError, ChainStep, Expected, LinkError, verify_chain};

use crate::support::{self, Net, Running, get, start_miner, verdicts};

const TOKENS: usize = 3;

/// Two values to hours.
fn forecast() -> Program {
    let mut p = Program::builder(6);
    let x = p.input("x", &[1, 2], 16.0, Interval::new(0, 100));
    let m = p.matrix("w", 2, 1, vec![3, 1], vec![Requant::rescale(1)]);
    let y = p.linear("y", m, 1, 1, x.wires());
    p.output("redemption_hours", &[1, 1], 16.0, y.wires());
    p.output_unit("h");
    p.finish().unwrap()
}

/// Yields and hours of three tokens, horizon and risk, to shares.
fn allocation(scale: f64, unit: &str) -> Program {
    let mut p = Program::builder(6);
    let mut wires = Vec::new();
    let inputs = [
        ("yields", 3, 16.0, "%"),
        ("redemption_hours", 3, scale, unit),
        ("horizon", 1, 4.0, "d"),
        ("risk", 1, 16.0, ""),
    ];
    for (name, len, scale, unit) in inputs {
        wires.extend(p.input(name, &[1, len], scale, Interval::new(0, 1000)).wires());
        p.input_unit(unit);
    }
    let weights = (0..24).map(|i| i % 5 - 2).collect();
    let m = p.matrix("w", 8, 3, weights, vec![Requant::rescale(2); 3]);
    let y = p.linear("y", m, 1, 1, wires);
    p.output("shares", &[1, 3], 16.0, y.wires());
    p.finish().unwrap()
}

struct Fixture {
    dir: TempDir,
    forecast: ProvingKey,
    allocation: ProvingKey,
}

impl Fixture {
    fn models(&self) -> PathBuf {
        self.dir.path().join("models")
    }
}

/// A bundle and its keys. The compiler makes the frame, of another model; the program is this one.
fn save(dir: &Path, name: &str, program: Program) -> ProvingKey {
    let onnx = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny.onnx");
    let mut compiled = compile(&onnx, &CompileOptions::default()).unwrap();
    (compiled.program, compiled.report.model) = (program, name.to_owned());
    let model = Model::new(compiled, Card::default());
    let key = model.setup(Setup::development()).unwrap();
    model.save(dir.join(name)).unwrap();
    key.save(dir.join(name)).unwrap();
    key
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let models = dir.path().join("models");
        let forecast = save(&models, "forecast", forecast());
        let allocation = save(&models, "allocation", allocation(16.0, "h"));
        Fixture { dir, forecast, allocation }
    })
}

fn market() -> Market {
    let token = |i: usize| MarketToken {
        name: format!("token {i}"),
        forecast: [("x".to_owned(), vec![i as f64 + 0.5, 2.0])].into(),
        allocation: [("yields".to_owned(), 3.0 + i as f64 / 4.0)].into(),
    };
    Market { source: "tests".into(), as_of: "now".into(), simulated: true, tokens: (0..TOKENS).map(token).collect() }
}

fn settings(market: &str) -> StrategySettings {
    let (forecast, allocation) = ("forecast".to_owned(), "allocation".to_owned());
    StrategySettings {
        forecast,
        allocation,
        horizon: "horizon".to_owned(),
        market: market.to_owned(),
        ..StrategySettings::default()
    }
}

/// A file of market data.
fn market_file(dir: &Path) -> String {
    let path = dir.join("market.json");
    std::fs::write(&path, serde_json::to_vec(&market()).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn honest(net: &Net, count: usize) -> (Vec<Running>, Vec<MinerEntry>) {
    let (mut servers, mut entries) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let key = PartyKey::generate();
        let server = start_miner(&key, net.dir.path(), &net.chain, |s| s.models = fixture().models()).await;
        entries.push(MinerEntry { key: key.public(), url: server.url.clone() });
        servers.push(server);
    }
    (servers, entries)
}

async fn validator(net: &Net, market: &str) -> Running {
    net.validator(|s| {
        (s.models, s.strategy, s.predictions.hedge_after_ms) = (fixture().models(), Some(settings(market)), 10_000);
    })
    .await
}

async fn post_strategy(url: &str, body: &Value) -> reqwest::Response {
    reqwest::Client::new().post(format!("{url}/v1/strategies")).json(body).send().await.unwrap()
}

async fn ask(url: &str) -> StrategyRecord {
    let response = post_strategy(url, &json!({ "horizon": 30.0, "risk": 0.5 })).await;
    assert_eq!(response.status(), 202, "{}", response.text().await.unwrap());
    response.json().await.unwrap()
}

async fn end(url: &str, id: &str) -> StrategyRecord {
    for _ in 0..1200 {
        let record: StrategyRecord = get(url, &format!("/v1/strategies/{id}")).await;
        if record.status.state.is_final() {
            return record;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("strategy {id} has not ended");
}

async fn bytes(url: &str, path: &str) -> Vec<u8> {
    reqwest::get(format!("{url}{path}")).await.unwrap().error_for_status().unwrap().bytes().await.unwrap().to_vec()
}

/// What a user expects who knows the market data, and asks the validator for nonces and links only.
fn steps(record: &StrategyRecord) -> Vec<ChainStep<&'static vouch_verifier::VerifierKey>> {
    let (forecast, allocation) = (fixture().forecast.verifying_key(), fixture().allocation.verifying_key());
    let integer = |value: f64, scale: f64| (value * scale).round() as i64;
    let tokens = &record.market.tokens;
    let mut inputs: Vec<Vec<i64>> =
        tokens.iter().map(|token| token.forecast["x"].iter().map(|v| integer(*v, 16.0)).collect()).collect();
    let yields = tokens.iter().map(|token| integer(token.allocation["yields"], 16.0));
    inputs.push(yields.chain([integer(record.horizon, 4.0), integer(record.risk, 16.0)]).collect());
    let keys = [forecast; TOKENS].into_iter().chain([allocation]);
    let step = |((key, inputs), step): ((_, Vec<i64>), &vouch_api::StrategyStep)| ChainStep {
        key,
        expected: Expected {
            nonce: Some(step.nonce.unwrap()),
            inputs: Some(inputs),
            allow_development_srs: true,
            ..Expected::default()
        },
    };
    keys.zip(inputs).zip(&record.status.steps).map(step).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_from_question_to_chain() {
    let net = Net::new();
    let (_miners, entries) = honest(&net, 2).await;
    net.on_chain(entries);
    let validator = validator(&net, &market_file(net.dir.path())).await;
    let url = &validator.url;
    let plan: StrategyPlan = get(url, "/v1/strategies/plan").await;
    assert_eq!((plan.tokens, plan.links.len(), plan.allocation), (3, 3, fixture().allocation.model_id()));
    let asked = ask(url).await;
    assert_eq!((asked.market.clone(), asked.status.steps.len()), (market(), 4));
    let id = &asked.status.id;

    let stream = String::from_utf8(bytes(url, &format!("/v1/strategies/{id}/events")).await).unwrap();
    assert!(stream.trim_end().lines().rev().any(|line| line == "event: done"), "{stream}");
    assert!(stream.contains("event: proving") || stream.contains("event: queued"), "{stream}");
    let record = end(url, id).await;
    assert_eq!(record.status.state, Stage::Done, "{record:?}");
    assert!(record.status.steps.iter().all(|step| step.state == Stage::Done && step.proof_id.is_some()));
    assert_eq!(record.status.steps[1].token.as_deref(), Some("token 1"));

    let chain = bytes(url, &format!("/v1/strategies/{id}/chain")).await;
    assert_eq!(record.status.chain_id, Some(hex::encode(&Sha256::digest(&chain))));
    let chain = ProofChain::decode(&chain).unwrap();
    let verified = verify_chain(&steps(&record), &plan.links, &chain).unwrap();
    let hours: Vec<i64> = (0..TOKENS).map(|i| verified.claims()[i].outputs()[0]).collect();
    assert_eq!(verified.claims()[TOKENS].inputs()[3..6], hours);
    for (step, proof) in record.status.steps.iter().zip(chain.proofs()) {
        let id = hex::encode(&Sha256::digest(proof.encode().unwrap()));
        assert_eq!(step.proof_id.as_ref(), Some(&id), "each proof is kept on its own, too");
    }
    // Each was scored and logged as any question.
    let judged = verdicts(url).await;
    assert!(judged.iter().all(|v| v.outcome == AttemptOutcome::Verified && v.prediction.is_some()));
    assert_eq!(judged.len(), 4);
    let report = audit::remote(url, &support::scope(10, true)).await.unwrap();
    assert_eq!((report.judged, report.proofs), (4, 4));

    // It is there after a restart.
    validator.stop().await;
    let again = self::validator(&net, &market_file(net.dir.path())).await;
    let kept: StrategyRecord = get(&again.url, &format!("/v1/strategies/{id}")).await;
    assert_eq!(kept, record);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_question_is_refused() {
    let net = Net::new();
    let file = market_file(net.dir.path());
    let validator = validator(&net, &file).await;
    let url = &validator.url;
    let refused = async |body: Value, status: u16, name: &str| {
        let response = post_strategy(url, &body).await;
        assert_eq!(response.status(), status, "{body}");
        let problem: Problem = response.json().await.unwrap();
        assert_eq!(problem.name(), name, "{body}: {problem}");
    };
    refused(json!({ "horizon": 30.0 }), 400, "malformed").await;
    refused(json!({ "horizon": 30.0, "risk": 0.5, "nonce": "00" }), 400, "malformed").await;
    refused(json!({ "horizon": 1e9, "risk": 0.5 }), 422, "inputs").await;
    refused(json!({ "horizon": 30.0, "risk": -1.0 }), 422, "inputs").await;
    let with = |change: &dyn Fn(&mut Market)| {
        let mut market = market();
        change(&mut market);
        json!({ "horizon": 30.0, "risk": 0.5, "market": market })
    };
    refused(with(&|m| drop(m.tokens.pop())), 422, "inputs").await;
    refused(with(&|m| drop(m.tokens[1].forecast.insert("y".into(), vec![]))), 422, "inputs").await;
    refused(with(&|m| m.tokens[1].forecast.values_mut().for_each(Vec::clear)), 422, "inputs").await;
    refused(with(&|m| m.tokens[2].allocation.clear()), 422, "inputs").await;
    refused(
        with(&|m| {
            let _ = m.tokens[2].allocation.insert("redemption_hours".into(), 1.0);
        }),
        422,
        "inputs",
    )
    .await;
    refused(
        with(&|m| {
            let _ = m.tokens[0].allocation.insert("yields".into(), 1e6);
        }),
        422,
        "inputs",
    )
    .await;
    std::fs::write(&file, "{}").unwrap();
    refused(json!({ "horizon": 30.0, "risk": 0.5 }), 502, "market").await;
    for path in ["/v1/strategies/00", "/v1/strategies/00/chain", "/v1/strategies/00/events"] {
        assert_eq!(reqwest::get(format!("{url}{path}")).await.unwrap().status(), 404, "{path}");
    }
    let without = net.validator(|s| s.data = net.dir.path().join("other")).await;
    assert_eq!(reqwest::get(format!("{}/v1/strategies/plan", without.url)).await.unwrap().status(), 404);
    assert_eq!(post_strategy(&without.url, &json!({ "horizon": 1.0, "risk": 0.0 })).await.status(), 404);
}

/// Answers honestly but for the allocation.
struct Cheat {
    key: PublicKey,
    asked: AtomicUsize,
    /// What it does to the allocation's inputs and, after proving, to the envelope.
    inputs: fn(&mut Vec<i64>),
    envelope: fn(&mut ProofEnvelope, &ProveRequest),
}

async fn prove(key: &'static ProvingKey, inputs: Vec<i64>, nonce: Nonce) -> ProofEnvelope {
    tokio::task::spawn_blocking(move || key.prove_integers(&inputs, nonce, Salt::random()))
        .await
        .unwrap()
        .unwrap()
        .envelope
}

async fn serve(State(cheat): State<Arc<Cheat>>, headers: HeaderMap, Json(asked): Json<ProveRequest>) -> Response<Body> {
    let nonce = support::nonce(&asked, &support::caller(&headers), &cheat.key);
    let fixture = fixture();
    let envelope = if asked.model_id == fixture.forecast.model_id() {
        prove(&fixture.forecast, asked.inputs, nonce).await
    } else {
        cheat.asked.fetch_add(1, Ordering::SeqCst);
        let mut inputs = asked.inputs.clone();
        (cheat.inputs)(&mut inputs);
        let mut envelope = prove(&fixture.allocation, inputs, nonce).await;
        (cheat.envelope)(&mut envelope, &asked);
        envelope
    };
    Response::new(Body::from(envelope.encode().unwrap()))
}

async fn cheated(cheat: Cheat) {
    let net = Net::new();
    let cheat = Arc::new(cheat);
    let server = support::run(Router::new().route("/v1/prove", post(serve)).with_state(cheat.clone()), || ()).await;
    let dishonest = MinerEntry { key: cheat.key, url: server.url.clone() };
    net.on_chain(vec![dishonest.clone()]);
    let validator = validator(&net, &market_file(net.dir.path())).await;
    // Alone, it makes the strategy fail, which names the proof; its forecasts are good.
    let record = end(&validator.url, &ask(&validator.url).await.status.id).await;
    assert_eq!((record.status.state, cheat.asked.load(Ordering::SeqCst)), (Stage::Failed, 1), "{record:?}");
    assert_eq!(record.status.error.as_deref(), Some("allocation: answers: refused"));
    assert_eq!(record.status.chain_id, None);
    let states: Vec<_> = record.status.steps.iter().map(|step| step.state).collect();
    assert_eq!(states, [Stage::Done, Stage::Done, Stage::Done, Stage::Failed]);
    let path = format!("{}/v1/strategies/{}/chain", validator.url, record.status.id);
    assert_eq!(reqwest::get(path).await.unwrap().status(), 404);
    let last = verdicts(&validator.url).await.pop().unwrap();
    assert_eq!((last.outcome, last.miner), (AttemptOutcome::Refused, dishonest.key));
    assert!(last.after < last.before);
    // With an honest one beside it, the strategy is made.
    let (_miners, mut entries) = honest(&net, 1).await;
    entries.push(dishonest);
    net.on_chain(entries);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let record = end(&validator.url, &ask(&validator.url).await.status.id).await;
    assert_eq!(record.status.state, Stage::Done, "{record:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cheat_on_the_allocation_is_refused() {
    let envelope = |envelope: &mut ProofEnvelope, _: &ProveRequest| envelope.public.outputs[0] += 1;
    cheated(Cheat { key: PartyKey::generate().public(), asked: AtomicUsize::new(0), inputs: |_| (), envelope }).await;
}

/// A true proof about other hours than the forecast ones, and the same with the expected hours written on it.
#[tokio::test(flavor = "multi_thread")]
async fn a_cheat_on_a_link_is_refused() {
    let inputs = |inputs: &mut Vec<i64>| inputs[4] += 1;
    cheated(Cheat { key: PartyKey::generate().public(), asked: AtomicUsize::new(0), inputs, envelope: |_, _| () })
        .await;
    let envelope = |envelope: &mut ProofEnvelope, asked: &ProveRequest| envelope.public.inputs = asked.inputs.clone();
    cheated(Cheat { key: PartyKey::generate().public(), asked: AtomicUsize::new(0), inputs, envelope }).await;
}

/// A validator that serves a chain whose last proof is about other forecasts does not get through with a user.
#[tokio::test(flavor = "multi_thread")]
async fn users_see_a_broken_link() {
    let net = Net::new();
    let (_miners, entries) = honest(&net, 1).await;
    net.on_chain(entries);
    let validator = validator(&net, &market_file(net.dir.path())).await;
    let record = end(&validator.url, &ask(&validator.url).await.status.id).await;
    let chain = bytes(&validator.url, &format!("/v1/strategies/{}/chain", record.status.id)).await;
    let chain = ProofChain::decode(&chain).unwrap();
    let mut proofs = chain.proofs().to_vec();
    let mut inputs = proofs[TOKENS].public.inputs.clone();
    inputs[5] -= 3;
    proofs[TOKENS] = prove(&fixture().allocation, inputs.clone(), proofs[TOKENS].nonce).await;
    let broken = ProofChain::new(proofs, chain.links().to_vec()).unwrap();
    let error = verify_chain(&steps(&record), chain.links(), &broken).unwrap_err();
    let source = LinkError::Value { position: 0, output: inputs[5] + 3, input: inputs[5] };
    assert_eq!(error, ChainError::Link { link: 2, at: chain.links()[2], source });
}

#[test]
fn models_that_do_not_fit_are_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    for (name, program) in [
        ("forecast", forecast()),
        ("allocation", allocation(16.0, "h")),
        ("scale", allocation(8.0, "h")),
        ("unit", allocation(16.0, "d")),
    ] {
        save(dir.path(), name, program);
    }
    let registry = Registry::load(dir.path(), Duration::from_secs(1), true).unwrap();
    let with = |change: &dyn Fn(&mut StrategySettings)| {
        let mut settings = settings("");
        change(&mut settings);
        Blueprint::new(&registry, &settings).map(|blueprint| blueprint.tokens())
    };
    assert_eq!(with(&|_| ()), Ok(TOKENS));
    let id = registry.iter().find(|model| model.bundle.manifest.name == "forecast").unwrap().id();
    assert_eq!(with(&|s| s.forecast = id.to_string()), Ok(TOKENS));
    let model = |role, name: &str| Err(StrategyError::Model { role, name: name.into(), got: 0 });
    assert_eq!(with(&|s| s.forecast = "none".into()), model("forecast", "none"));
    assert_eq!(with(&|s| s.allocation = "none".into()), model("allocation", "none"));
    assert_eq!(with(&|s| s.allocation = "scale".into()), Err(Unfit::Scale { output: 16.0, input: 8.0 }.into()));
    assert_eq!(
        with(&|s| s.allocation = "unit".into()),
        Err(Unfit::Unit { output: "h".into(), input: "d".into() }.into())
    );
    for change in [
        (|s: &mut StrategySettings| s.output = "no".into()) as fn(&mut StrategySettings),
        |s| s.input = "no".into(),
        |s| s.risk = "no".into(),
    ] {
        assert!(matches!(with(&change), Err(StrategyError::Models(Unfit::Tensor { name, .. })) if name == "no"));
    }
    let values = with(&|s| s.horizon = "yields".into());
    assert!(matches!(&values, Err(StrategyError::Models(Unfit::Values { expected: 1, got: 3, .. }))), "{values:?}");
    let values = with(&|s| s.input = "horizon".into());
    assert!(matches!(&values, Err(StrategyError::Models(Unfit::Scale { .. } | Unfit::Unit { .. }))), "{values:?}");
}

/// The market data that is the default fits the models that are the default.
#[tokio::test]
async fn the_shipped_market_data_fits_the_shipped_models() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let shipped = FileSource::new(&models.join("restaking-allocation/market.json")).market().await.unwrap();
    assert!(shipped.simulated && !shipped.tokens.is_empty());
    let fields = |model: &str| -> Vec<(String, f64, f64)> {
        let text = std::fs::read(models.join(format!("{model}/{model}.schema.json"))).unwrap();
        let schema: Value = serde_json::from_slice(&text).unwrap();
        let number = |field: &Value, name: &str| field[name].as_f64().unwrap();
        let fields = schema["inputs"].as_array().unwrap().iter();
        fields.map(|f| (f["name"].as_str().unwrap().into(), number(f, "min"), number(f, "max"))).collect()
    };
    let defaults = StrategySettings::default();
    let (forecast, mut allocation) = (fields("staking-lstm"), fields("restaking-allocation"));
    for name in [&defaults.input, &defaults.horizon, &defaults.risk] {
        let before = allocation.len();
        allocation.retain(|field| field.0 != *name);
        assert_eq!(allocation.len() + 1, before, "{name}");
    }
    for token in &shipped.tokens {
        assert_eq!((token.forecast.len(), token.allocation.len()), (forecast.len(), allocation.len()));
        for (name, min, max) in &forecast {
            assert!(token.forecast[name].iter().all(|value| (*min..=*max).contains(value)), "{name}");
        }
        for (name, min, max) in &allocation {
            assert!((*min..=*max).contains(&token.allocation[name]), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn market_data_over_http() {
    let text = serde_json::to_vec(&market()).unwrap();
    let app = Router::new()
        .route("/good", route(move || async move { text.clone() }))
        .route("/none", route(|| async { "{}" }))
        .route("/long", route(|| async { vec![b' '; (1 << 20) + 1] }))
        .route("/elsewhere", route(|| async { axum::response::Redirect::temporary("/good") }))
        .route("/never", route(|| async { std::future::pending::<&str>().await }));
    let server = support::run(app, || ()).await;
    let ask = async |path: &str| {
        let source = HttpSource::new(&format!("{}/{path}", server.url), Duration::from_millis(700)).unwrap();
        source.market().await
    };
    assert_eq!(ask("good").await.unwrap(), market());
    assert!(matches!(ask("none").await, Err(MarketError::Content(_))));
    assert!(matches!(ask("long").await, Err(MarketError::TooLong { limit: 1_048_576 })));
    assert!(matches!(ask("elsewhere").await, Err(MarketError::Status { got }) if got == 307));
    assert!(matches!(ask("missing").await, Err(MarketError::Status { got }) if got == 404));
    let late = ask("never").await.unwrap_err();
    assert!(matches!(&late, MarketError::Connection(error) if error.is_timeout()), "{late}");
    assert!(!late.to_string().contains(&server.url), "{late}");
    assert!(matches!(HttpSource::new("http://", Duration::ZERO), Err(MarketError::Address { .. })));
    // A validator asks it for each strategy.
    let net = Net::new();
    let validator = validator(&net, &format!("{}/good", server.url)).await;
    assert_eq!(ask_market(&validator.url).await, market());
}

async fn ask_market(url: &str) -> Market {
    ask(url).await.market
}
