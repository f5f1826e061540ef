//! The contract that checks proofs: where the dashboard proposes to ask it. The validator does not ask it.

use anyhow::{Context, Result, anyhow, bail, ensure};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use vouch_api::OnchainConfig;
use vouch_deposits::parse_address;

/// A contract that checks proofs, which the dashboard proposes: `[validator.onchain]`. All three are set or none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnchainSettings {
    /// The address of a `VouchVerifier`.
    pub contract: Option<String>,
    /// The chain's identifier (EIP-155).
    pub chain_id: Option<u64>,
    /// The URL of a node of that chain, HTTP or HTTPS. Browsers ask it themselves, so everybody sees it.
    pub rpc_url: Option<String>,
}

impl OnchainSettings {
    /// What clients are told.
    ///
    /// # Errors
    /// Names the setting that cannot be one.
    pub(super) fn config(&self) -> Result<OnchainConfig> {
        let (contract, chain_id, rpc_url) = match (&self.contract, self.chain_id, &self.rpc_url) {
            (Some(contract), Some(chain_id), Some(rpc_url)) => (contract, chain_id, rpc_url),
            (None, None, None) => return Ok(OnchainConfig::default()),
            _ => bail!("validator.onchain: contract, chain_id and rpc_url: set all or none"),
        };
        let contract = parse_address(contract).context("validator.onchain.contract")?;
        let url: Url = rpc_url.parse().map_err(|error| anyhow!("validator.onchain.rpc_url: {error}"))?;
        ensure!(
            ["http", "https"].contains(&url.scheme()),
            "validator.onchain.rpc_url: it starts neither with http nor with https"
        );
        Ok(OnchainConfig {
            contract: Some(contract.to_checksum(None)),
            chain_id: Some(chain_id),
            rpc_url: Some(rpc_url.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0";

    fn settings(contract: &str, rpc_url: &str) -> OnchainSettings {
        OnchainSettings { contract: Some(contract.into()), chain_id: Some(1), rpc_url: Some(rpc_url.into()) }
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        assert_eq!(OnchainSettings::default().config().unwrap(), OnchainConfig::default());
        let good = settings(&CONTRACT.to_lowercase(), "https://node.example/key").config().unwrap();
        assert_eq!(good.contract.as_deref(), Some(CONTRACT));
        assert_eq!((good.chain_id, good.rpc_url.as_deref()), (Some(1), Some("https://node.example/key")));
        let none = OnchainSettings { chain_id: None, ..settings(CONTRACT, "https://node.example") };
        for (settings, why) in [
            (none, "set all or none"),
            (settings("0x12", "https://node.example"), "validator.onchain.contract"),
            (settings(CONTRACT, "node.example"), "validator.onchain.rpc_url"),
            (settings(CONTRACT, "wss://node.example"), "neither with http nor with https"),
        ] {
            let error = format!("{:#}", settings.config().unwrap_err());
            assert!(error.contains(why), "{error}");
        }
    }
}
