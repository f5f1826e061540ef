//! The miner: proves what validators ask for.
//!
//! A request is looked at in this order, so that what is cheap to refuse is refused cheaply: the caller's key and stake,
//! the request's age, the body's length and pace, the signature, the caller's rate, the nonce (kept on disk until the
//! request has expired), the content, the room in the queue.

mod channel;
pub(crate) mod prove;
mod provers;
mod queue;
mod remote;
mod routes;
mod run;
mod shares;
mod store;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use vouch::{PROVER_KEY_FILE, ProvingKey};
use vouch_api::ModelId;
use vouch_protocol::{PartyKey, PublicKey};

use crate::broker::BrokerSettings;
use crate::chain::{Chain, Recent};
use crate::limit::Limiter;
use crate::metrics::Metrics;
use crate::registry::Registry;

use provers::Provers;
use queue::Queue;
use remote::Remote;
use shares::Shares;
use store::Store;

pub use channel::listen;

/// What can be set about a miner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinerSettings {
    /// Folder of bundles with proving keys.
    pub models: PathBuf,
    /// Folder for what is stored.
    pub data: PathBuf,
    /// Where to listen for validators, over QUIC (UDP); without it, at the address and port of `listen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quic: Option<SocketAddr>,
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
    /// A NATS server with JetStream that holds the queue, `nats://host:port`; then `vouch-node prover` proves, not this
    /// process.
    pub broker: Option<String>,
    /// The queue's name there.
    pub broker_queue: String,
    /// A prover that has said nothing for so long has lost its job to another.
    pub broker_ack_ms: u64,
}

impl MinerSettings {
    /// The queue in NATS, if there is one.
    pub(crate) fn broker(&self) -> Option<BrokerSettings> {
        self.broker.as_ref().map(|url| BrokerSettings {
            url: url.clone(),
            name: self.broker_queue.clone(),
            limit: self.queue,
            ack_wait: Duration::from_millis(self.broker_ack_ms),
        })
    }
}

impl Default for MinerSettings {
    fn default() -> Self {
        Self {
            models: "models".into(),
            data: "miner-data".into(),
            quic: None,
            queue: 8,
            provers: 1,
            min_stake: 1,
            rate: 5.0,
            burst: 20,
            max_body_bytes: 1 << 20,
            body_timeout_ms: 10_000,
            allow_development_srs: false,
            broker: None,
            broker_queue: "vouch".into(),
            broker_ack_ms: 10_000,
        }
    }
}

/// How long a miner believes what the chain said.
const CHAIN_RECENT: Duration = Duration::from_secs(1);

/// The proving keys of all models.
pub(crate) fn load_keys(registry: &Registry) -> Result<BTreeMap<ModelId, Arc<ProvingKey>>> {
    let load = |model: &Arc<crate::registry::Model>| {
        let path = model.dir.join(PROVER_KEY_FILE);
        let key = ProvingKey::open(&path, &model.bundle).with_context(|| path.display().to_string())?;
        anyhow::ensure!(key.model_id() == model.id(), "{}: not the verifying key's", path.display());
        Ok((model.id(), Arc::new(key)))
    };
    registry.iter().map(load).collect()
}

/// A running miner's state.
pub struct Miner {
    public: PublicKey,
    settings: MinerSettings,
    registry: Registry,
    chain: Arc<Recent>,
    store: Store,
    limiter: Limiter<PublicKey>,
    shares: Shares,
    provers: Provers,
    metrics: Arc<Metrics>,
}

impl Miner {
    /// Loads models, keys and what was stored, and connects to the queue, if it is elsewhere.
    ///
    /// # Errors
    /// Names what cannot be used.
    pub async fn open(key: &PartyKey, settings: MinerSettings, chain: Arc<dyn Chain>) -> Result<Arc<Self>> {
        let public = key.public();
        let metrics = Arc::new(Metrics::miner());
        let own = settings.clone();
        let load = move || {
            let registry = Registry::load(&own.models, Duration::from_secs(60), own.allow_development_srs)?;
            let keys = if own.broker.is_some() { BTreeMap::new() } else { load_keys(&registry)? };
            std::fs::create_dir_all(&own.data).with_context(|| own.data.display().to_string())?;
            let store = Store::open(&own.data.join("miner.sqlite"))?;
            anyhow::Ok((registry, keys, store))
        };
        let (registry, keys, store) = tokio::task::spawn_blocking(load).await??;
        let provers = match settings.broker() {
            Some(broker) => {
                let remote = Box::new(Remote::connect(broker, &public).await?);
                Provers::Elsewhere { remote, metrics: metrics.clone() }
            }
            None => {
                let queue = Queue::new(settings.queue, settings.provers, metrics.clone());
                Provers::Here { keys, queue, metrics: metrics.clone() }
            }
        };
        Ok(Arc::new(Self {
            public,
            registry,
            chain: Arc::new(Recent::new(chain, CHAIN_RECENT)),
            store,
            limiter: Limiter::new(settings.rate, settings.burst),
            shares: Shares::default(),
            provers,
            metrics,
            settings,
        }))
    }

    /// Takes nothing more; what was taken is finished.
    pub fn close(&self) {
        self.provers.close();
    }

    /// The miner's key.
    pub fn public(&self) -> PublicKey {
        self.public
    }
}
