//! The configuration: a file in TOML; over it the environment; over that the command line.
//!
//! Environment variables are `VOUCH_NODE_` and the path of the setting, joined by two underscores:
//! `VOUCH_NODE_VALIDATOR__IN_FLIGHT=4` is `in_flight` in `[validator]`. On the command line: `--set validator.in_flight=4`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::{Table, Value};

use crate::miner::MinerSettings;
use crate::validator::ValidatorSettings;

const PREFIX: &str = "VOUCH_NODE_";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The key file; made if there is none.
    pub key: PathBuf,
    /// Folder of the file-backed chain.
    pub chain: PathBuf,
    /// What to write to the log: a filter of `tracing`.
    pub log: String,
    /// Most connections at once.
    pub connections: usize,
    /// How long a stop waits for what is under way.
    pub drain_ms: u64,
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
            chain: "chain".into(),
            log: "info".into(),
            connections: 1024,
            drain_ms: 30_000,
            miner: MinerSettings::default(),
            validator: ValidatorSettings::default(),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A setting is unknown, or of another type.
    #[error("configuration: {0}")]
    Content(String),
    /// Settings that make no sense.
    #[error("configuration: {setting}: {reason}")]
    Senseless {
        /// Which.
        setting: &'static str,
        /// Why.
        reason: String,
    },
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
        let mut variables: Vec<_> = environment.into_iter().collect();
        variables.sort();
        for (name, text) in variables {
            if let Some(path) = name.strip_prefix(PREFIX) {
                let path = path.to_lowercase();
                insert(&mut table, &path.split("__").collect::<Vec<_>>(), &text)?;
            }
        }
        for setting in settings {
            let (path, text) = setting
                .split_once('=')
                .ok_or_else(|| ConfigError::Content(format!("`{setting}`: expected path=value")))?;
            insert(&mut table, &path.split('.').collect::<Vec<_>>(), text)?;
        }
        let config: Self = table.try_into().map_err(|e: toml::de::Error| ConfigError::Content(e.to_string()))?;
        config.check()?;
        Ok(config)
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
        if m.queue < m.provers {
            return wrong("miner.queue", "expected at least as many places as provers");
        }
        if v.in_flight == 0 || v.attempts == 0 || v.open_predictions == 0 {
            return wrong("validator.in_flight, attempts, open_predictions", "expected at least 1");
        }
        if v.timeout_ms == 0 || v.timeout_ms > vouch_protocol::MAX_VALIDITY_MS {
            return wrong(
                "validator.timeout_ms",
                "expected from 1 to 120000: signed requests are not valid for longer",
            );
        }
        if !(0.0..=1.0).contains(&v.time_weight) {
            return wrong("validator.time_weight", "expected from 0 to 1");
        }
        if v.epoch_ms < 1000 {
            return wrong("validator.epoch_ms", "expected at least 1000");
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
        assert_eq!((v.in_flight, v.attempts, v.timeout_ms), (4, 3, 5000));
        assert_eq!((config.listen.port(), config.key), (1, "a.key".into()));
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
        let example = toml::to_string(&Config::default()).unwrap();
        assert_eq!(load(&example, &[], &[]).unwrap(), Config::default());
    }
}
