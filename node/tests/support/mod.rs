//! A small model with keys, and servers on this machine.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod deposits;
pub mod local_chain;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::HeaderMap;
use tempfile::TempDir;
use tokio::sync::oneshot;
use vouch::{Card, FieldTest, Model, ProvingKey, Setup, Srs, disclosure_dir, fact_keys};
use vouch_api::{
    LogEntry, MinerSummary, ModelId, Nonce, NoncePart, NonceSource, PredictionRequest, PredictionStatus, ProveRequest,
};
use vouch_compiler::{CompileOptions, compile};
use vouch_node::audit::Scope;
use vouch_node::chain::{FileChain, MinerEntry, Parties, ValidatorEntry};
use vouch_node::engine::{self, VerifierSettings, VerifyEngine};
use vouch_node::miner::{self, Miner, MinerSettings};
use vouch_node::registry::Registry;
use vouch_node::server::{Limits, serve, serve_channels};
use vouch_node::validator::{DispatchSettings, PredictionSettings, Validator, ValidatorSettings};
use vouch_program::Visibility;
use vouch_protocol::{Event, PartyKey, PublicKey, Verdict};

/// Two models: the same program, two reference strings. Only the first is served.
pub struct Fixture {
    dir: TempDir,
    pub a: ProvingKey,
    pub b: ProvingKey,
}

impl Fixture {
    pub fn models(&self) -> PathBuf {
        self.dir.path().join("models")
    }

    pub fn id(&self) -> ModelId {
        self.a.model_id()
    }

    pub fn registry(&self) -> Registry {
        Registry::load(&self.models(), Duration::from_secs(60), true).unwrap()
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// All tensors public.
pub fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| Fixture::make(&[]))
}

/// The same model, with its input and its output hashed.
pub fn hidden() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| Fixture::make(&[("x", Visibility::Hashed), ("y", Visibility::Hashed)]))
}

impl Fixture {
    fn make(visibility: &[(&str, Visibility)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let onnx = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny.onnx");
        let card = Card {
            version: "1".to_owned(),
            author: "tests".to_owned(),
            description: "four to two".to_owned(),
            test: Some(FieldTest { mean_abs: 0.5, source: "no data".to_owned() }),
            sample: Some([("x".to_owned(), vec![0.25, -0.5, 0.75, 1.0])].into()),
            accuracy: [("y".to_owned(), 0.125)].into(),
        };
        let mut compiled = compile(&onnx, &CompileOptions::default()).unwrap();
        let modes = visibility.iter().map(|(name, mode)| ((*name).to_owned(), *mode)).collect();
        compiled.program = compiled.program.with_visibility(&modes).unwrap();
        let model = Model::new(compiled, card);
        let make = |name: &str, save: bool| {
            let key = model.setup(Setup::development()).unwrap();
            if save {
                let path = dir.path().join("models").join(name);
                model.save(&path).unwrap();
                key.save(&path).unwrap();
                for spec in key.verifying_key().schema().hashed(vouch_verifier::Section::Inputs) {
                    let folder = disclosure_dir(&path, &spec.name);
                    fact_keys(spec, &Srs::development(12)).unwrap().save(folder).unwrap();
                }
            }
            key
        };
        let (a, b) = (make("a", true), make("b", false));
        Self { dir, a, b }
    }
}

/// A server that stops when this is dropped.
pub struct Running {
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.task).await.unwrap();
    }
}

pub async fn run(app: axum::Router, on_stop: impl FnOnce() + Send + 'static) -> Running {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(serve(listener, app, limits(), async move {
        let _ = stopped.await;
        on_stop();
    }));
    Running { url, stop: Some(stop), task }
}

fn limits() -> Limits {
    Limits { per_address: 10_000, head: Duration::from_secs(2), drain: Duration::from_secs(20), ..Limits::default() }
}

/// A program on channels, for whoever calls.
pub fn run_channels(key: &PartyKey, app: axum::Router) -> (Running, SocketAddr) {
    let listener = miner::listen(SocketAddr::from(([127, 0, 0, 1], 0)), key, &limits()).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let until = async move { drop(stopped.await) };
    let task = tokio::spawn(serve_channels(listener, app, limits(), |_| async { true }, until));
    (Running { url: format!("quic://{address}"), stop: Some(stop), task }, address)
}

/// A miner with both of its servers: the running one has the address of HTTP, and the other is QUIC's.
pub async fn start_channels(
    key: &PartyKey,
    dir: &Path,
    chain: &FileChain,
    at: &str,
    change: impl FnOnce(&mut MinerSettings),
) -> (Running, SocketAddr) {
    let miner = open_miner(key, dir, chain, change).await;
    let http = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", http.local_addr().unwrap());
    let listener = miner::listen(at.parse().unwrap(), key, &limits()).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        miner.serve(http, listener, limits(), async move { drop(stopped.await) }).await;
    });
    (Running { url, stop: Some(stop), task }, address)
}

pub async fn start_miner(
    key: &PartyKey,
    dir: &Path,
    chain: &FileChain,
    change: impl FnOnce(&mut MinerSettings),
) -> Running {
    let miner = open_miner(key, dir, chain, change).await;
    let closing = miner.clone();
    run(miner.router(), move || closing.close()).await
}

async fn open_miner(
    key: &PartyKey,
    dir: &Path,
    chain: &FileChain,
    change: impl FnOnce(&mut MinerSettings),
) -> Arc<Miner> {
    let mut settings = MinerSettings {
        models: fixture().models(),
        data: dir.join(format!("miner-{}", key.public())),
        allow_development_srs: true,
        rate: 1000.0,
        burst: 1000,
        ..MinerSettings::default()
    };
    change(&mut settings);
    Miner::open(key, settings, Arc::new(chain.clone())).await.unwrap()
}

/// The verifier's `.wasm`, if the suite `wasm` has made one and named it in `VOUCH_WASM`; else the native verifier.
pub fn verifier() -> VerifierSettings {
    match std::env::var_os("VOUCH_WASM") {
        Some(path) => VerifierSettings { wasm: path.into(), ..VerifierSettings::default() },
        None => VerifierSettings { native: true, ..VerifierSettings::default() },
    }
}

pub struct Net {
    pub dir: TempDir,
    pub chain: FileChain,
    pub key: PartyKey,
}

impl Net {
    pub fn new() -> Self {
        fixture();
        let dir = tempfile::tempdir().unwrap();
        let net = Self { chain: FileChain::new(dir.path().join("chain")), key: PartyKey::generate(), dir };
        net.on_chain(vec![]);
        net
    }

    pub fn on_chain(&self, miners: Vec<MinerEntry>) {
        let validators = vec![ValidatorEntry { key: self.key.public(), stake: 10 }];
        self.chain.write(&Parties { miners, validators, ..Parties::default() }).unwrap();
    }

    pub async fn honest(&self, count: usize) -> Vec<Running> {
        let (mut entries, mut servers) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let key = PartyKey::generate();
            let running = start_miner(&key, self.dir.path(), &self.chain, |_| {}).await;
            entries.push(MinerEntry { key: key.public(), url: running.url.clone() });
            servers.push(running);
        }
        self.on_chain(entries);
        servers
    }

    pub fn settings(&self) -> ValidatorSettings {
        ValidatorSettings {
            models: fixture().models(),
            data: self.dir.path().join("validator"),
            allow_development_srs: true,
            chain_every_ms: 200,
            verifier: verifier(),
            dispatch: DispatchSettings {
                benchmark_every_ms: 0,
                // One benchmark of each miner in a round.
                benchmark_for_ms: 1,
                timeout_ms: 20_000,
                private_addresses: true,
                ..DispatchSettings::default()
            },
            predictions: PredictionSettings { rate: 1000.0, burst: 1000, ..PredictionSettings::default() },
            ..ValidatorSettings::default()
        }
    }

    pub async fn validator(&self, change: impl FnOnce(&mut ValidatorSettings)) -> Running {
        self.validator_with(|engine| engine, change).await
    }

    /// A validator whose verifier is changed.
    pub async fn validator_with(
        &self,
        engine: impl FnOnce(Arc<dyn VerifyEngine>) -> Arc<dyn VerifyEngine>,
        change: impl FnOnce(&mut ValidatorSettings),
    ) -> Running {
        let mut settings = self.settings();
        change(&mut settings);
        let chain = Arc::new(self.chain.clone());
        let engine = engine(engine::from_settings(&settings.verifier).unwrap());
        let validator = Validator::new(self.key.clone(), settings, chain, engine).unwrap();
        validator.start().await.unwrap().detach_all();
        let closing = validator.clone();
        run(validator.router(), move || closing.close()).await
    }
}

pub fn question(user_part: Option<NoncePart>) -> PredictionRequest {
    let inputs = [("x".to_owned(), vec![0.25, -0.5, 0.75, 1.0])].into();
    PredictionRequest { model_id: fixture().id(), inputs, user_part, salt: None }
}

pub async fn ask(url: &str, user_part: Option<NoncePart>) -> PredictionStatus {
    let post = reqwest::Client::new().post(format!("{url}/v1/predictions")).json(&question(user_part));
    let response = post.send().await.unwrap();
    assert_eq!(response.status(), 202, "{}", response.text().await.unwrap());
    response.json().await.unwrap()
}

pub async fn get<T: serde::de::DeserializeOwned>(url: &str, path: &str) -> T {
    let response = reqwest::get(format!("{url}{path}")).await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Waits for the end of a prediction.
pub async fn end(url: &str, id: &str) -> PredictionStatus {
    for _ in 0..1200 {
        let status: PredictionStatus = get(url, &format!("/v1/predictions/{id}")).await;
        if status.state.is_final() {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("prediction {id} has not ended");
}

/// All verdicts, oldest first.
pub async fn verdicts(url: &str) -> Vec<Verdict> {
    let entries: Vec<LogEntry> = get(url, "/v1/log?after=0&limit=1000").await;
    let events = entries.iter().map(|entry| serde_json::from_str(&entry.body).unwrap());
    events.filter_map(|event| if let Event::Judged(verdict) = event { Some(verdict) } else { None }).collect()
}

pub async fn miner(url: &str, key: PublicKey) -> MinerSummary {
    let miners: Vec<MinerSummary> = get(url, "/v1/miners").await;
    miners.into_iter().find(|miner| miner.id == key.to_string()).unwrap()
}

pub fn prove_request() -> ProveRequest {
    let key = &fixture().a;
    let inputs = vec![0; key.program().input_len()];
    let id = PartyKey::generate().public().to_string()[..32].to_owned();
    let (model_id, user_part, validator_part) = (fixture().id(), NoncePart([7; 32]), NoncePart([8; 32]));
    ProveRequest { request_id: id, model_id, inputs, salt: None, user_part, validator_part, deadline_ms: 30_000 }
}

/// What an audit looks at, without a chain.
pub fn scope(proofs: usize, allow_development: bool) -> Scope {
    Scope { proofs, allow_development, ..Scope::default() }
}

/// The nonce of a request on the chain of these tests.
pub fn nonce(asked: &ProveRequest, validator: &PublicKey, miner: &PublicKey) -> Nonce {
    let source = NonceSource {
        chain: "local",
        validator: validator.0,
        miner: miner.0,
        model_id: asked.model_id,
        user_part: asked.user_part,
        validator_part: asked.validator_part,
    };
    source.nonce()
}

/// The validator that signed a request.
pub fn caller(headers: &HeaderMap) -> PublicKey {
    headers["x-vouch-key"].to_str().unwrap().parse().unwrap()
}

/// Tries every row of a table, a few at a time: they share the cores, and the deadline.
pub async fn each<T: Copy + Send + 'static, F>(table: &'static [T], attempt: impl Fn(T) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(tokio::sync::Semaphore::new(3));
    let mut all = tokio::task::JoinSet::new();
    for &row in table {
        let (room, attempt) = (room.clone(), attempt(row));
        all.spawn(async move {
            let _place = room.acquire().await;
            attempt.await;
        });
    }
    all.join_all().await;
}
