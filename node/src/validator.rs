//! The validator: asks miners, verifies what comes back, scores, publishes weights, and serves users.

mod deposits;
mod disclosure;
mod dispatch;
mod flight;
mod hidden;
mod ledger;
mod openapi;
mod predict;
mod reads;
mod routes;
mod schedule;
mod site;
mod strategy;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use vouch_api::{PredictionEvent, PredictionStatus, State};
use vouch_follower::Follower;
use vouch_protocol::{PartyKey, PublicKey, ScoreParameters, Share};

use crate::chain::{Chain, Parties};
use crate::database::Blocking;
use crate::engine::VerifyEngine;
use crate::limit::Limiter;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::strategy::StrategySettings;
use crate::{now_ms, server};

use deposits::Deposits;
use flight::Flight;
use hidden::Kept;
use ledger::Ledger;
use strategy::Strategies;

pub(crate) use ledger::DATABASE_FILE;
pub(crate) use reads::read_log;

/// What can be set about a validator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ValidatorSettings {
    /// Folder of bundles.
    pub models: PathBuf,
    /// Folder for what is stored.
    pub data: PathBuf,
    /// The verifier, as WebAssembly: what `cargo xtask wasm` makes.
    pub verifier_wasm: PathBuf,
    /// Verify with the verifier that is linked into the program instead: without its limits of instructions and memory,
    /// and without a file that browsers can compare theirs with.
    pub native_verifier: bool,
    /// Folder of the dashboard's files, served at `/`.
    pub dashboard: Option<PathBuf>,
    /// Origins that may use the interface from other pages; `*` for all.
    pub cors: Vec<String>,
    /// How long a miner may take to answer.
    pub timeout_ms: u64,
    /// Most queries that are with miners.
    pub in_flight: usize,
    /// Mean time between two benchmarks of one miner; 0 for none.
    pub benchmark_every_ms: u64,
    /// Length of an epoch.
    pub epoch_ms: u64,
    /// Weight of the response time, from 0 to 1; that of the size is the rest.
    pub time_weight: f64,
    /// Bytes of an answer that is worth nothing for its size.
    pub size_limit: u64,
    /// Most miners that are asked for one prediction.
    pub attempts: usize,
    /// After this long, a second miner is asked.
    pub hedge_after_ms: u64,
    /// After this long, a prediction has failed.
    pub prediction_timeout_ms: u64,
    /// How long the values of hashed outputs wait in memory for whoever asked.
    pub hidden_keep_ms: u64,
    /// Most predictions that are open.
    pub open_predictions: usize,
    /// Predictions a second of each client, in the long run.
    pub rate: f64,
    /// Predictions of each client at once.
    pub burst: u32,
    /// Largest body of a request.
    pub max_body_bytes: usize,
    /// How often the chain is asked who takes part.
    pub chain_every_ms: u64,
    /// Accept keys of a development setup.
    pub allow_development_srs: bool,
    /// The deposit contract's address.
    pub deposit_contract: Option<String>,
    /// The deposit contract's chain.
    pub deposit_chain_id: Option<u64>,
    /// Where that chain can be asked: a node's address, over HTTP or HTTPS. It is not told to anybody.
    pub deposit_rpc_url: Option<String>,
    /// The block in which the contract was deployed, or one before.
    pub deposit_first_block: u64,
    /// A block of that chain is final when so many are on top of it.
    pub deposit_confirmations: u64,
    /// The pause between looks at that chain.
    pub deposit_poll_ms: u64,
    /// Strategies: forecasts and an allocation, linked.
    pub strategy: Option<StrategySettings>,
}

impl Default for ValidatorSettings {
    fn default() -> Self {
        Self {
            models: "models".into(),
            data: "validator-data".into(),
            verifier_wasm: "pkg/vouch_verifier.wasm".into(),
            native_verifier: false,
            dashboard: None,
            cors: Vec::new(),
            timeout_ms: 60_000,
            in_flight: 16,
            benchmark_every_ms: 20_000,
            epoch_ms: 600_000,
            time_weight: 0.5,
            size_limit: 16_384,
            attempts: 3,
            hedge_after_ms: 15_000,
            prediction_timeout_ms: 180_000,
            hidden_keep_ms: 600_000,
            open_predictions: 256,
            rate: 2.0,
            burst: 10,
            max_body_bytes: 1 << 20,
            chain_every_ms: 5_000,
            allow_development_srs: false,
            deposit_contract: None,
            deposit_chain_id: None,
            deposit_rpc_url: None,
            deposit_first_block: 0,
            deposit_confirmations: 64,
            deposit_poll_ms: 6_000,
            strategy: None,
        }
    }
}

/// A running validator's state.
pub struct Validator {
    key: PartyKey,
    settings: ValidatorSettings,
    registry: Registry,
    chain: Arc<dyn Chain>,
    engine: Arc<dyn VerifyEngine>,
    ledger: Blocking<Ledger>,
    reader: Blocking<Connection>,
    client: reqwest::Client,
    parties: RwLock<Arc<Parties>>,
    flight: Flight,
    live: Mutex<HashMap<String, PredictionStatus>>,
    kept: Kept,
    events: broadcast::Sender<PredictionEvent>,
    event_count: AtomicU64,
    limiter: Limiter<std::net::IpAddr>,
    deposits: Option<Deposits>,
    strategies: Option<Strategies>,
    metrics: Arc<Metrics>,
    started_ms: u64,
    stop: watch::Sender<bool>,
    follower: OnceLock<Follower>,
}

impl Validator {
    /// Loads models and what was stored.
    ///
    /// # Errors
    /// Names what cannot be used.
    pub fn new(
        key: PartyKey,
        settings: ValidatorSettings,
        chain: Arc<dyn Chain>,
        engine: Arc<dyn VerifyEngine>,
    ) -> Result<Arc<Self>> {
        let timeout = Duration::from_millis(settings.timeout_ms);
        let registry = Registry::load(&settings.models, timeout, settings.allow_development_srs)?;
        std::fs::create_dir_all(&settings.data).with_context(|| settings.data.display().to_string())?;
        let path = settings.data.join(DATABASE_FILE);
        let parameters = ScoreParameters {
            w_time: Share::of((settings.time_weight * 1e6).round() as u64, 1_000_000),
            size_limit: settings.size_limit,
        };
        let ledger = Ledger::open(&path, key.public(), parameters, settings.epoch_ms)?;
        let reader = reads::open(&path)?;
        // Nothing is decompressed and nobody is followed elsewhere: what a miner sends is what is read.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .pool_max_idle_per_host(1)
            .build()?;
        let parties = chain.parties()?;
        let deposits = Deposits::of(&settings)?;
        let strategies = Strategies::of(&settings, &registry)?;
        Ok(Arc::new(Self {
            registry,
            chain,
            engine,
            ledger: Blocking::new(ledger),
            reader: Blocking::new(reader),
            client,
            parties: RwLock::new(Arc::new(parties)),
            flight: Flight::new(settings.in_flight),
            live: Mutex::default(),
            kept: Kept::new(Duration::from_millis(settings.hidden_keep_ms)),
            events: broadcast::channel(1024).0,
            event_count: AtomicU64::new(0),
            limiter: Limiter::new(settings.rate, settings.burst),
            deposits,
            strategies,
            metrics: Arc::new(Metrics::validator()),
            started_ms: now_ms(),
            stop: watch::channel(false).0,
            follower: OnceLock::new(),
            key,
            settings,
        }))
    }

    /// The server.
    pub fn router(self: &Arc<Self>) -> Router {
        server::layers(routes::router(self.clone()), self.metrics.clone())
    }

    /// Starts what runs by itself: benchmarks, epochs, the chain's news, and the predictions that a stop interrupted.
    ///
    /// # Errors
    /// If the stored predictions cannot be read.
    pub async fn start(self: &Arc<Self>) -> Result<JoinSet<()>> {
        let mut tasks = JoinSet::new();
        if let Some(follower) = self.follow_deposits().await?.cloned() {
            let mut stop = self.stop.subscribe();
            tasks.spawn(async move {
                // The sender lives as long as the validator.
                follower.run(async { drop(stop.wait_for(|stop| *stop).await) }).await;
            });
        }
        tasks.spawn(schedule::chain(self.clone()));
        tasks.spawn(schedule::epochs(self.clone()));
        tasks.spawn(schedule::forget(self.clone()));
        if self.settings.benchmark_every_ms > 0 {
            tasks.spawn(schedule::benchmarks(self.clone()));
        }
        for pending in self.ledger.run(|ledger| ledger.pending()).await? {
            self.watch_live(pending.status.clone());
            tokio::spawn(predict::drive(self.clone(), pending));
        }
        self.resume_strategies().await?;
        Ok(tasks)
    }

    /// Begins nothing more; listeners are told that it ends.
    pub fn close(&self) {
        self.stop.send_replace(true);
    }

    /// The validator's key.
    pub fn public(&self) -> PublicKey {
        self.key.public()
    }

    fn parties(&self) -> Arc<Parties> {
        self.parties.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    fn live(&self) -> std::sync::MutexGuard<'_, HashMap<String, PredictionStatus>> {
        self.live.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn watch_live(&self, status: PredictionStatus) {
        let mut live = self.live();
        live.insert(status.id.clone(), status);
        self.metrics.waiting.set(live.len() as i64);
    }

    /// Changes how an open prediction stands, and tells whoever listens. A final state closes it.
    fn tell(&self, id: &str, detail: &str, change: impl FnOnce(&mut PredictionStatus)) {
        let status = {
            let mut live = self.live();
            let Some(status) = live.get_mut(id) else { return };
            change(status);
            let status = status.clone();
            if status.state.is_final() {
                live.remove(id);
                self.metrics.predictions.get_or_create(&crate::metrics::by(status.state.as_str())).inc();
            }
            self.metrics.waiting.set(live.len() as i64);
            status
        };
        let seq = self.event_count.fetch_add(1, Ordering::Relaxed) + 1;
        // Nobody has to listen.
        let _ = self.events.send(PredictionEvent { seq, at_ms: now_ms(), status, detail: detail.to_owned() });
    }

    fn set_state(&self, id: &str, state: State, detail: &str) {
        self.tell(id, detail, |status| status.state = state);
    }
}
