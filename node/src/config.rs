//! The configuration: a file in TOML; over it the environment; over that the command line.
//!
//! Environment variables are `VOUCH_NODE_` and the path of the setting, joined by two underscores:
//! `VOUCH_NODE_VALIDATOR__DISPATCH__IN_FLIGHT=4` is `in_flight` in `[validator.dispatch]`. On the command line:
//! `--set validator.dispatch.in_flight=4`. The names of before there were sections (`validator.in_flight`) are read, too.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};
use vouch_protocol::PartyKey;
use vouch_subtensor::Subtensor;

use crate::chain::{Chain, ChainPlace, PlaceError, SubtensorSettings};
use crate::miner::MinerSettings;
use crate::validator::{RENAMED, ValidatorSettings};

const PREFIX: &str = "VOUCH_NODE_";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The key file, of Vouch (made if there is none) or a hotkey of a Bittensor wallet.
    pub key: PathBuf,
    /// A file with the password of an encrypted hotkey; without it the terminal is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_password: Option<PathBuf>,
    /// Folder of the file-backed chain, or Bittensor: `finney`, `test`, `local`, a node's `ws://` or `wss://` address, or a
    /// list of those.
    pub chain: ChainPlace,
    /// The subnet, on Bittensor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netuid: Option<u16>,
    /// What to write to the log: a filter of `tracing`.
    pub log: String,
    /// Most connections at once.
    pub connections: usize,
    /// Most connections at once from one address, of IPv6 from one /64.
    pub connections_per_address: usize,
    /// How long one write to a client may wait, milliseconds: a client that does not read is let go.
    pub write_ms: u64,
    /// Addresses of proxies in front, which say in `X-Forwarded-For` who their client is.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a stop waits for what is under way.
    pub drain_ms: u64,
    /// How a subnet of Bittensor is used.
    pub subtensor: SubtensorSettings,
    /// The miner's settings.
    pub miner: MinerSettings,
    /// The validator's settings.
    pub validator: ValidatorSettings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            key: "vouch.key".into(),
            key_password: None,
            chain: ChainPlace::One("chain".into()),
            netuid: None,
            log: "info".into(),
            connections: 1024,
            connections_per_address: 64,
            write_ms: 30_000,
            trusted_proxies: Vec::new(),
            drain_ms: 30_000,
            subtensor: SubtensorSettings::default(),
            miner: MinerSettings::default(),
            validator: ValidatorSettings::default(),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration {path}: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// No chain is named.
    #[error("configuration: {0}")]
    Chain(#[from] PlaceError),
    /// A setting is unknown, or of another type.
    #[error("configuration: {0}")]
    Content(String),
    /// Settings that make no sense.
    #[error("configuration: {setting}: {reason}")]
    Senseless { setting: &'static str, reason: String },
}

fn insert(table: &mut Table, path: &[&str], text: &str) -> Result<(), ConfigError> {
    let Some((name, rest)) = path.split_first() else { return Ok(()) };
    if rest.is_empty() {
        // What is not TOML by itself is a string.
        let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
        table.insert((*name).to_owned(), parsed.unwrap_or_else(|| Value::String(text.to_owned())));
        return Ok(());
    }
    let inner = table.entry((*name).to_owned()).or_insert_with(|| Value::Table(Table::new()));
    match inner {
        Value::Table(inner) => insert(inner, rest, text),
        _ => Err(ConfigError::Content(format!("`{name}` is not a table"))),
    }
}

/// The path of a setting, in today's sections.
fn current<'a>(path: &[&'a str]) -> Vec<&'a str> {
    if let ["validator", old] = path
        && let Some((_, section, name)) = RENAMED.iter().find(|(name, ..)| name == old)
    {
        return vec!["validator", *section, *name];
    }
    path.to_vec()
}

/// Moves the settings of a file into today's sections.
fn update(table: &mut Table) -> Result<(), ConfigError> {
    let Some(Value::Table(validator)) = table.get_mut("validator") else { return Ok(()) };
    for (old, section, name) in RENAMED {
        let Some(value) = validator.remove(*old) else { continue };
        match validator.entry((*section).to_owned()).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(inner) if !inner.contains_key(*name) => drop(inner.insert((*name).to_owned(), value)),
            Value::Table(_) => {
                let both = format!("`validator.{old}` and `validator.{section}.{name}` are the same setting");
                return Err(ConfigError::Content(both));
            }
            _ => return Err(ConfigError::Content(format!("`{section}` is not a table"))),
        }
    }
    Ok(())
}

impl Config {
    /// Reads the file, if one is named, then `environment`, then `settings` (each `path.to.setting=value`).
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        settings: &[String],
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            None => Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
                text.parse().map_err(|e: toml::de::Error| ConfigError::Content(format!("{}: {e}", path.display())))?
            }
        };
        update(&mut table)?;
        let mut variables: Vec<_> = environment.into_iter().collect();
        variables.sort();
        for (name, text) in variables {
            if let Some(path) = name.strip_prefix(PREFIX) {
                let path = path.to_lowercase();
                insert(&mut table, &current(&path.split("__").collect::<Vec<_>>()), &text)?;
            }
        }
        for setting in settings {
            let (path, text) = setting
                .split_once('=')
                .ok_or_else(|| ConfigError::Content(format!("`{setting}`: expected path=value")))?;
            insert(&mut table, &current(&path.split('.').collect::<Vec<_>>()), text)?;
        }
        let config: Self = table.try_into().map_err(|e: toml::de::Error| ConfigError::Content(e.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// The chain. `key` signs what is published.
    ///
    /// # Errors
    /// [`ConfigError::Chain`].
    pub fn chain(&self, key: Option<PartyKey>) -> Result<Arc<dyn Chain>, ConfigError> {
        Ok(self.subtensor.open(&self.chain, self.netuid, key)?)
    }

    /// The subnet of Bittensor, if the chain is not a folder.
    ///
    /// # Errors
    /// [`ConfigError::Chain`].
    pub fn subnet(&self, key: Option<PartyKey>) -> Result<Option<Subtensor>, ConfigError> {
        Ok(self.subtensor.subnet(&self.chain, self.netuid, key)?)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |setting, reason: &str| Err(ConfigError::Senseless { setting, reason: reason.to_owned() });
        let (m, v) = (&self.miner, &self.validator);
        if m.queue == 0 || m.provers == 0 {
            return wrong("miner.queue, miner.provers", "expected at least 1");
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if m.broker_queue.is_empty() || m.broker_queue.len() > 64 || !m.broker_queue.chars().all(plain) {
            return wrong("miner.broker_queue", "expected 1 to 64 letters, digits, `-` and `_`");
        }
        if m.broker_ack_ms < 100 {
            return wrong("miner.broker_ack_ms", "expected at least 100");
        }
        if self.connections == 0 || self.connections_per_address == 0 || self.write_ms == 0 {
            return wrong("connections, connections_per_address, write_ms", "expected at least 1");
        }
        self.subnet(None)?;
        if m.queue < m.provers {
            return wrong("miner.queue", "expected at least as many places as provers");
        }
        if v.dispatch.in_flight == 0 || v.dispatch.benchmarks_in_flight == 0 {
            return wrong("validator.dispatch.in_flight, benchmarks_in_flight", "expected at least 1");
        }
        if v.predictions.attempts == 0 || v.predictions.open == 0 {
            return wrong("validator.predictions.attempts, open", "expected at least 1");
        }
        if v.dispatch.timeout_ms == 0 || v.dispatch.timeout_ms > vouch_protocol::MAX_VALIDITY_MS {
            return wrong(
                "validator.dispatch.timeout_ms",
                "expected from 1 to 120000: signed requests are not valid for longer",
            );
        }
        if v.scores.epoch_ms < 1000 {
            return wrong("validator.scores.epoch_ms", "expected at least 1000");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, env: &[(&str, &str)], settings: &[&str]) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        std::fs::write(&path, file).unwrap();
        let env = env.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        Config::load(Some(&path), env, &settings.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_command_line_beats_the_environment_beats_the_file() {
        let file = "listen = \"127.0.0.1:1\"\n[validator]\nin_flight = 2\nattempts = 2\ntimeout_ms = 5000";
        let env = [("VOUCH_NODE_VALIDATOR__IN_FLIGHT", "3"), ("VOUCH_NODE_VALIDATOR__ATTEMPTS", "3"), ("VOUCH_X", "x")];
        let config = load(file, &env, &["validator.in_flight=4", "key=a.key"]).unwrap();
        let v = &config.validator;
        assert_eq!((v.dispatch.in_flight, v.predictions.attempts, v.dispatch.timeout_ms), (4, 3, 5000));
        assert_eq!((config.listen.port(), config.key), (1, "a.key".into()));
        let nodes = load("chain = [\"ws://10.0.0.1\", \"finney\"]", &[], &["netuid=2"]).unwrap();
        assert_eq!(nodes.chain, ChainPlace::Many(vec!["ws://10.0.0.1".into(), "finney".into()]));
        assert_eq!(load("", &[("VOUCH_NODE_CHAIN", "a/b")], &[]).unwrap().chain, ChainPlace::One("a/b".into()));
        assert_eq!(load("", &[], &[]).unwrap(), Config::default());
    }

    #[test]
    fn unknown_and_senseless_settings_are_named() {
        let text = |r: Result<Config, ConfigError>| r.unwrap_err().to_string();
        assert!(text(load("[validator]\nin_fligth = 2", &[], &[])).contains("in_fligth"));
        assert!(text(load("listen = 4", &[], &[])).contains("listen"));
        assert!(text(load("", &[], &["miner.queue=0"])).contains("miner.queue"));
        assert!(text(load("", &[], &["validator.timeout_ms=999999"])).contains("timeout_ms"));
        assert!(text(load("", &[], &["nonsense"])).contains("path=value"));
        assert!(text(load("chain = \"finney\"", &[], &[])).contains("netuid"));
        let example = toml::to_string(&Config::default()).unwrap();
        assert_eq!(load(&example, &[], &[]).unwrap(), Config::default());
    }

    /// Every name of before there were sections means today's setting, wherever it is said, and layers override by setting,
    /// not by name.
    #[test]
    fn names_of_before_there_were_sections_are_read() {
        for (old, section, name) in RENAMED {
            // Another value than the default: a name that means another setting is found out.
            let text = match Value::try_from(ValidatorSettings::default()).unwrap()[*section].get(*name) {
                Some(Value::Integer(value)) => (value + 1).to_string(),
                Some(Value::Float(value)) => (value / 4.0).to_string(),
                Some(Value::Boolean(value)) => (!value).to_string(),
                Some(Value::Array(_)) => "[\"https://vouch.example\"]".to_owned(),
                _ if *name == "chain_id" => "7".to_owned(),
                _ => "\"x\"".to_owned(),
            };
            let file = load(&format!("[validator]\n{old} = {text}"), &[], &[]).unwrap();
            let new = load("", &[], &[&format!("validator.{section}.{name}={text}")]).unwrap();
            assert_eq!(load("", &[], &[&format!("validator.{old}={text}")]).unwrap(), new, "{old}");
            let variable = format!("VOUCH_NODE_VALIDATOR__{}", old.to_uppercase());
            assert_eq!((load("", &[(&variable, &text)], &[]).unwrap(), file), (new.clone(), new), "{old}");
        }
        let file = "[validator]\nin_flight = 2\n[validator.dispatch]\ntimeout_ms = 9";
        let config = load(file, &[("VOUCH_NODE_VALIDATOR__DISPATCH__IN_FLIGHT", "3")], &["validator.timeout_ms=8"]);
        let dispatch = config.unwrap().validator.dispatch;
        assert_eq!((dispatch.in_flight, dispatch.timeout_ms), (3, 8));
        let twice = load("[validator]\nrate = 1.0\n[validator.predictions]\nrate = 2.0", &[], &[]).unwrap_err();
        assert!(twice.to_string().contains("validator.predictions.rate"), "{twice}");
    }
}
