//! Which chain a node uses: a folder, or a subnet of Bittensor.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use vouch_protocol::{PartyKey, Share};
use vouch_subtensor::{Endpoint, Network, Options, Subtensor, SubtensorError};

use super::{Chain, FileChain};

/// `finney`, `test`, `local`, a node's address, a list of those, or a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ChainPlace {
    /// One.
    One(String),
    /// Several nodes, the preferred one first.
    Many(Vec<String>),
}

/// How a subnet of Bittensor is used: `[subtensor]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubtensorSettings {
    /// Time for one connection to a node of the chain, and for one answer, milliseconds.
    pub timeout_ms: u64,
    /// The part of a validator's weights that goes to the subnet's owner, from 0 to 1: the chain burns the owner's emission.
    pub burn_share: f64,
    /// Where validators reach this miner, `IP:PORT`, global: it is put on the chain at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub axon: Option<SocketAddr>,
}

impl Default for SubtensorSettings {
    fn default() -> Self {
        Self { timeout_ms: 10_000, burn_share: 0.0, axon: None }
    }
}

/// Why settings name no chain.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// A node's address is none.
    #[error("chain: {0}")]
    Address(#[from] SubtensorError),
    /// No subnet is named.
    #[error("netuid: the chain has many subnets: say which one")]
    Netuid,
    /// The burn share is none.
    #[error("subtensor.burn_share: expected a number from 0 to 1, got {0}")]
    Burn(f64),
}

impl ChainPlace {
    /// The nodes of a chain; `None` if the chain is a folder.
    ///
    /// # Errors
    /// [`PlaceError::Address`] if one of several is no address.
    pub fn endpoints(&self) -> Result<Option<Vec<Endpoint>>, PlaceError> {
        let texts = match self {
            Self::One(text) if Network::named(text).is_none() && !Endpoint::is_meant(text) => return Ok(None),
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts.as_slice(),
        };
        Ok(Some(Endpoint::list(texts)?))
    }

    /// The folder of a chain in files.
    pub fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::One(text) if matches!(self.endpoints(), Ok(None)) => Some(text.into()),
            _ => None,
        }
    }
}

impl SubtensorSettings {
    /// The subnet at a place; `None` if that is a folder. `key` signs what is published.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub fn subnet(
        &self,
        place: &ChainPlace,
        netuid: Option<u16>,
        key: Option<PartyKey>,
    ) -> Result<Option<Subtensor>, PlaceError> {
        let Some(endpoints) = place.endpoints()? else { return Ok(None) };
        let netuid = netuid.ok_or(PlaceError::Netuid)?;
        // A Share has 32 bits after the point.
        let burn = Share::new((self.burn_share * Share::ONE.bits() as f64) as u64);
        let burn = burn.filter(|_| (0.0..=1.0).contains(&self.burn_share));
        let burn = burn.ok_or(PlaceError::Burn(self.burn_share))?;
        let timeout = Duration::from_millis(self.timeout_ms.max(100));
        Ok(Some(Subtensor::new(Options { key, burn, timeout, ..Options::new(endpoints, netuid) })))
    }

    /// The chain at a place.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub fn open(
        &self,
        place: &ChainPlace,
        netuid: Option<u16>,
        key: Option<PartyKey>,
    ) -> Result<Arc<dyn Chain>, PlaceError> {
        if let Some(subnet) = self.subnet(place, netuid, key)? {
            return Ok(Arc::new(subnet));
        }
        Ok(Arc::new(FileChain::new(place.folder().unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> ChainPlace {
        ChainPlace::One(text.into())
    }

    #[test]
    fn a_name_or_an_address_is_a_subnet_and_all_else_a_folder() {
        for folder in ["chain", "/var/lib/vouch/chain", "finney2", "http:"] {
            assert_eq!(place(folder).folder(), Some(folder.into()));
        }
        for nodes in ["finney", "test", "ws://127.0.0.1:9944", "wss://node.example"] {
            assert_eq!(place(nodes).folder(), None);
            assert!(place(nodes).endpoints().unwrap().is_some());
        }
        let many = |texts: &[&str]| ChainPlace::Many(texts.iter().map(|&text| text.into()).collect());
        assert_eq!(many(&["ws://10.0.0.1", "finney"]).endpoints().unwrap().unwrap().len(), 4);
        for wrong in [many(&["ws://"]), many(&["chain"]), many(&[]), place("ws://a b")] {
            assert!(wrong.endpoints().unwrap_err().to_string().contains("chain"), "{wrong:?}");
        }
        // No folder: somebody meant a node.
        for wrong in ["http://node.example", "https://node.example:443", "WSS://node.example"] {
            let error = place(wrong).endpoints().unwrap_err().to_string();
            assert!(error.contains("ws:// or wss://") && error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn a_subnet_has_a_number_and_a_burn_share() {
        let open = |netuid, burn_share| {
            let settings = SubtensorSettings { burn_share, ..SubtensorSettings::default() };
            settings.open(&place("finney"), netuid, None).map(drop)
        };
        assert!(matches!(open(None, 0.0), Err(PlaceError::Netuid)));
        for burn in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(open(Some(2), burn), Err(PlaceError::Burn(_))), "{burn}");
        }
        for burn in [0.0, 0.5, 1.0] {
            open(Some(2), burn).unwrap();
        }
    }
}
