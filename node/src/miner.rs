//! The miner: proves what validators ask for.
//!
//! A request is looked at in this order, so that what is cheap to refuse is refused cheaply: the caller's key and stake,
//! the request's age, the body's length and pace, the signature, the caller's rate, the nonce (kept on disk until the
//! request has expired), the content, the room in the queue.

mod queue;
mod routes;
mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use serde::{Deserialize, Serialize};
use vouch_api::ModelId;
use vouch_protocol::{PartyKey, PublicKey};
use vouch_prover::{PROVER_KEY_FILE, ProverKey};

use crate::chain::Chain;
use crate::limit::Limiter;
use crate::metrics::Metrics;
use crate::registry::{Model, Registry};
use crate::server;

use queue::Queue;
use store::Store;

/// What can be set about a miner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinerSettings {
    /// Folder of bundles with proving keys.
    pub models: PathBuf,
    /// Folder for what is stored.
    pub data: PathBuf,
    /// Most requests that wait or are proved.
    pub queue: usize,
    /// Proofs made at once; each uses all cores.
    pub provers: usize,
    /// Least stake of a caller.
    pub min_stake: u64,
    /// Requests a second of each caller, in the long run.
    pub rate: f64,
    /// Requests of each caller at once.
    pub burst: u32,
    /// Largest body of a request.
    pub max_body_bytes: usize,
    /// How long a caller may take to send a body.
    pub body_timeout_ms: u64,
    /// Accept keys of a development setup.
    pub allow_development_srs: bool,
}

impl Default for MinerSettings {
    fn default() -> Self {
        Self {
            models: "models".into(),
            data: "miner-data".into(),
            queue: 8,
            provers: 1,
            min_stake: 1,
            rate: 5.0,
            burst: 20,
            max_body_bytes: 1 << 20,
            body_timeout_ms: 10_000,
            allow_development_srs: false,
        }
    }
}

struct Served {
    model: Arc<Model>,
    key: ProverKey,
}

/// A running miner's state.
pub struct Miner {
    public: PublicKey,
    settings: MinerSettings,
    served: std::collections::BTreeMap<ModelId, Arc<Served>>,
    chain: Arc<dyn Chain>,
    store: Store,
    limiter: Limiter<PublicKey>,
    queue: Queue,
    metrics: Arc<Metrics>,
}

impl Miner {
    /// Loads models, keys and what was stored.
    ///
    /// # Errors
    /// Names what cannot be used.
    pub fn new(key: &PartyKey, settings: MinerSettings, chain: Arc<dyn Chain>) -> Result<Arc<Self>> {
        let registry = Registry::load(&settings.models, Duration::from_secs(60), settings.allow_development_srs)?;
        let mut served = std::collections::BTreeMap::new();
        for model in registry.iter() {
            let path = model.dir.join(PROVER_KEY_FILE);
            let key = ProverKey::load(&path, &model.bundle.program).with_context(|| path.display().to_string())?;
            anyhow::ensure!(key.verifier.model_id() == model.id(), "{}: not the verifying key's", path.display());
            served.insert(model.id(), Arc::new(Served { model: model.clone(), key }));
        }
        std::fs::create_dir_all(&settings.data).with_context(|| settings.data.display().to_string())?;
        let store = Store::open(&settings.data.join("miner.sqlite"))?;
        let metrics = Arc::new(Metrics::miner());
        Ok(Arc::new(Self {
            public: key.public(),
            served,
            chain,
            store,
            limiter: Limiter::new(settings.rate, settings.burst),
            queue: Queue::new(settings.queue, settings.provers, metrics.clone()),
            metrics,
            settings,
        }))
    }

    /// The server.
    pub fn router(self: &Arc<Self>) -> Router {
        server::layers(routes::router(self.clone()), self.metrics.clone())
    }

    /// Takes nothing more; what was taken is finished.
    pub fn close(&self) {
        self.queue.close();
    }

    /// The miner's key.
    pub fn public(&self) -> PublicKey {
        self.public
    }
}
