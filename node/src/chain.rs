//! Who takes part in the network, and where weights are published.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vouch_protocol::{PublicKey, SignedHead, WeightEntry};
use vouch_subtensor::SubtensorError;

mod place;
mod subnet;

pub use place::{ChainPlace, PlaceError, SubtensorSettings};

/// A miner on the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinerEntry {
    /// Its key.
    pub key: PublicKey,
    /// Where it serves: `quic://IP:PORT`; or, on the validator's machine, `http://IP:PORT`.
    pub url: String,
}

/// A validator on the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidatorEntry {
    /// Its key.
    pub key: PublicKey,
    /// What it has staked.
    pub stake: u64,
}

/// Name of a chain in a folder whose file does not say another.
const DEFAULT_NAME: &str = "local";
/// Longest name of a chain, bytes.
const MAX_NAME: usize = 64;

fn default_name() -> String {
    DEFAULT_NAME.to_owned()
}

/// Everybody on the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    /// The chain's name: part of every nonce, so that a proof for one chain is worth nothing on another.
    #[serde(default = "default_name")]
    pub chain: String,
    /// Miners.
    #[serde(default)]
    pub miners: Vec<MinerEntry>,
    /// Validators.
    #[serde(default)]
    pub validators: Vec<ValidatorEntry>,
}

impl Default for Parties {
    fn default() -> Self {
        Self { chain: default_name(), miners: Vec::new(), validators: Vec::new() }
    }
}

impl Parties {
    /// A caller's stake; `None` if it is not a validator here.
    pub fn stake(&self, key: &PublicKey) -> Option<u64> {
        self.validators.iter().find(|v| v.key == *key).map(|v| v.stake)
    }
}

/// What a validator publishes at the end of an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// The weights.
    pub weights: Vec<WeightEntry>,
    /// The head of its log with these weights: a log that is rewritten later does not fit.
    pub head: SignedHead,
}

/// Why the chain does not answer.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ChainError {
    /// The operating system refuses.
    #[error("chain file {path}: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// The file's content is not that of a chain.
    #[error("chain file {path}: {reason}", path = path.display())]
    Format { path: PathBuf, reason: String },
    /// Bittensor's chain does not do it, or not yet.
    #[error(transparent)]
    Subtensor(#[from] SubtensorError),
}

impl ChainError {
    /// How long to wait before the same is tried again.
    pub fn pause(&self) -> Duration {
        if let Self::Subtensor(error) = self { subnet::pause(error) } else { Duration::ZERO }
    }

    /// Whether nothing went wrong: what was sent is on its way, or the chain takes it later.
    pub fn is_wait(&self) -> bool {
        matches!(
            self,
            Self::Subtensor(
                SubtensorError::Pending { .. } | SubtensorError::Expired { .. } | SubtensorError::TooEarly { .. }
            )
        )
    }
}

/// A chain: it knows the parties and takes weights. Called on threads that may block.
pub trait Chain: Send + Sync {
    /// Everybody who takes part now.
    ///
    /// # Errors
    /// [`ChainError`].
    fn parties(&self) -> Result<Parties, ChainError>;

    /// Publishes the weights of an epoch and the log's head. Publishing the same epoch again changes nothing.
    ///
    /// # Errors
    /// [`ChainError`].
    fn publish(&self, validator: &PublicKey, epoch: u64, publication: &Publication) -> Result<(), ChainError>;

    /// Number of the chain's own epoch, if it has epochs: then an epoch of scores ends when this number changes, and not by
    /// the clock.
    ///
    /// # Errors
    /// [`ChainError`].
    fn epoch(&self) -> Result<Option<u64>, ChainError> {
        Ok(None)
    }
}

/// Who takes part, asked at most once in a while: strangers who knock do not make anybody ask the chain each time.
pub struct Recent {
    chain: Arc<dyn Chain>,
    keep: Duration,
    last: Mutex<Option<(Instant, Arc<Parties>)>>,
}

impl Recent {
    /// What `chain` says, believed for so long.
    pub fn new(chain: Arc<dyn Chain>, keep: Duration) -> Self {
        Self { chain, keep, last: Mutex::default() }
    }

    /// What is known, if it is new enough. Does not block.
    pub fn known(&self) -> Option<Arc<Parties>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| at.elapsed() < self.keep).map(|(_, parties)| parties.clone())
    }

    /// What is known, or else what the chain says. Blocks.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn parties(&self) -> Result<Arc<Parties>, ChainError> {
        if let Some(parties) = self.known() {
            return Ok(parties);
        }
        let parties = Arc::new(self.chain.parties()?);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), parties.clone()));
        Ok(parties)
    }
}

/// A chain in a folder: `parties.json`, written by people, and `weights-<validator>/<epoch>.json`, written by validators.
#[derive(Debug, Clone)]
pub struct FileChain {
    dir: PathBuf,
}

impl FileChain {
    /// The chain in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    fn parties_path(&self) -> PathBuf {
        self.dir.join("parties.json")
    }

    /// Writes who takes part.
    ///
    /// # Errors
    /// [`ChainError::File`].
    pub fn write(&self, parties: &Parties) -> Result<(), ChainError> {
        write_json(&self.parties_path(), parties)
    }

    /// The weights and heads that a validator has published, by epoch.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn published(&self, validator: &PublicKey) -> Result<BTreeMap<u64, Publication>, ChainError> {
        let dir = self.weights_dir(validator);
        if !dir.exists() {
            return Ok(BTreeMap::new());
        }
        let file = |source| ChainError::File { path: dir.clone(), source };
        let mut all = BTreeMap::new();
        for entry in std::fs::read_dir(&dir).map_err(file)? {
            let path = entry.map_err(file)?.path();
            let epoch = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")?.parse().ok());
            if let Some(epoch) = epoch {
                all.insert(epoch, read_json(&path)?);
            }
        }
        Ok(all)
    }

    fn weights_dir(&self, validator: &PublicKey) -> PathBuf {
        self.dir.join(format!("weights-{validator}"))
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ChainError> {
    let bytes = std::fs::read(path).map_err(|source| ChainError::File { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|e| ChainError::Format { path: path.to_owned(), reason: e.to_string() })
}

/// A reader sees the old content or the new one, nothing between.
fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), ChainError> {
    let file = |source| ChainError::File { path: path.to_owned(), source };
    let bytes = serde_json::to_vec_pretty(value)
        .map_err(|e| ChainError::Format { path: path.to_owned(), reason: e.to_string() })?;
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(file)?;
    }
    let new = path.with_extension("new");
    let mut out = std::fs::File::create(&new).map_err(file)?;
    out.write_all(&bytes).and_then(|()| out.sync_all()).map_err(file)?;
    std::fs::rename(&new, path).map_err(file)
}

impl Chain for FileChain {
    fn parties(&self) -> Result<Parties, ChainError> {
        let path = self.parties_path();
        let parties: Parties = read_json(&path)?;
        if parties.chain.is_empty() || parties.chain.len() > MAX_NAME {
            let reason = format!("`chain`: expected a name of 1 to {MAX_NAME} bytes, got {}", parties.chain.len());
            return Err(ChainError::Format { path, reason });
        }
        Ok(parties)
    }

    fn publish(&self, validator: &PublicKey, epoch: u64, publication: &Publication) -> Result<(), ChainError> {
        // A file an epoch: what it takes to publish does not grow with the epochs that there were.
        let path = self.weights_dir(validator).join(format!("{epoch}.json"));
        if path.exists() { Ok(()) } else { write_json(&path, publication) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouch_protocol::{EpochHead, LogHash, PartyKey, Share};

    #[test]
    fn weights_are_published_once() {
        let dir = tempfile::tempdir().unwrap();
        let chain = FileChain::new(dir.path());
        let party = PartyKey::generate();
        let key = party.public();
        assert!(matches!(chain.parties(), Err(ChainError::File { .. })));
        let parties = Parties { validators: vec![ValidatorEntry { key, stake: 7 }], ..Parties::default() };
        chain.write(&parties).unwrap();
        assert_eq!(chain.parties().unwrap(), parties);
        assert_eq!((parties.stake(&key), parties.stake(&PublicKey([2; 32]))), (Some(7), None));
        let head = EpochHead { chain: "local".into(), validator: key, epoch: 3, seq: 9, head: LogHash([1; 32]) };
        let head = head.sign(&party).unwrap();
        let weight = |w| Publication { weights: vec![WeightEntry { miner: key, weight: w }], head: head.clone() };
        chain.publish(&key, 3, &weight(Share::ONE)).unwrap();
        chain.publish(&key, 3, &weight(Share::ZERO)).unwrap();
        assert_eq!(chain.published(&key).unwrap(), BTreeMap::from([(3, weight(Share::ONE))]));
    }

    #[test]
    fn a_chain_has_a_name() {
        let dir = tempfile::tempdir().unwrap();
        let chain = FileChain::new(dir.path());
        let file = dir.path().join("parties.json");
        std::fs::write(&file, "{}").unwrap();
        assert_eq!(chain.parties().unwrap().chain, "local");
        std::fs::write(&file, r#"{"chain":"finney"}"#).unwrap();
        assert_eq!(chain.parties().unwrap().chain, "finney");
        for name in [String::new(), "x".repeat(65)] {
            std::fs::write(&file, format!(r#"{{"chain":"{name}"}}"#)).unwrap();
            assert!(chain.parties().unwrap_err().to_string().contains("1 to 64 bytes"), "{name}");
        }
    }

    #[test]
    fn what_is_recent_is_not_asked_again() {
        let dir = tempfile::tempdir().unwrap();
        let chain = FileChain::new(dir.path());
        let recent = |keep| Recent::new(Arc::new(chain.clone()), keep);
        let (long, none) = (recent(Duration::from_secs(3600)), recent(Duration::ZERO));
        assert!(long.parties().is_err(), "a failure is not kept");
        chain.write(&Parties::default()).unwrap();
        assert_eq!(*long.parties().unwrap(), Parties::default());
        let key = PublicKey([1; 32]);
        let more = Parties { validators: vec![ValidatorEntry { key, stake: 7 }], ..Parties::default() };
        chain.write(&more).unwrap();
        assert_eq!((long.parties().unwrap().stake(&key), none.parties().unwrap().stake(&key)), (None, Some(7)));
        assert_eq!((long.known().is_some(), none.known().is_some()), (true, false));
    }
}
