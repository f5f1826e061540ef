//! The deposit contract: what a follower of its chain has read, and questions to the chain's node.

mod rpc;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vouch_api::{AccountDeposits, DepositsConfig, Part, paths};
use vouch_deposits::{Address, parse_address};
use vouch_follower::{Follower, FollowerError, Page, Settings};

use super::stop::Stop;
use rpc::Rpc;

pub(super) use rpc::{Question, RpcError};

/// The database of a validator's follower, in its folder.
const FILE: &str = "deposits.sqlite";

/// The deposit contract: `[validator.deposits]`. The first three are set together or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DepositSettings {
    /// The contract's address.
    pub contract: Option<String>,
    /// The chain's identifier (EIP-155).
    pub chain_id: Option<u64>,
    /// The URL of a node of that chain, HTTP or HTTPS. It is never shown.
    pub rpc_url: Option<String>,
    /// The block in which the contract was deployed, or one before.
    pub first_block: u64,
    /// A block is final when this many are on top of it.
    pub confirmations: u64,
    /// The pause between looks at the chain, milliseconds.
    pub poll_ms: u64,
}

impl Default for DepositSettings {
    fn default() -> Self {
        Self { contract: None, chain_id: None, rpc_url: None, first_block: 0, confirmations: 64, poll_ms: 6_000 }
    }
}

/// The service of deposits.
pub(super) struct Deposits {
    contract: Address,
    chain_id: u64,
    settings: DepositSettings,
    database: PathBuf,
    rpc: Rpc,
    follower: OnceLock<Follower>,
}

impl Deposits {
    /// The contract of the settings, if there is one; its history is kept in a file in `folder`.
    ///
    /// # Errors
    /// Names the setting that cannot be one.
    pub(super) fn new(settings: &DepositSettings, folder: &Path) -> Result<Option<Self>> {
        let (contract, chain_id, rpc_url) = match (&settings.contract, settings.chain_id, &settings.rpc_url) {
            (Some(contract), Some(chain_id), Some(rpc_url)) => (contract, chain_id, rpc_url),
            (None, None, None) => return Ok(None),
            _ => bail!("validator.deposits: contract, chain_id and rpc_url: set all or none"),
        };
        let contract = parse_address(contract).context("validator.deposits.contract")?;
        let rpc = Rpc::new(rpc_url, contract, settings.first_block).context("validator.deposits.rpc_url")?;
        let (settings, database, follower) = (settings.clone(), folder.join(FILE), OnceLock::new());
        Ok(Some(Self { contract, chain_id, settings, database, rpc, follower }))
    }

    /// Opens the history.
    pub(super) async fn open(&self) -> Result<()> {
        let settings = Settings {
            first_block: self.settings.first_block,
            confirmations: self.settings.confirmations,
            poll: Duration::from_millis(self.settings.poll_ms),
            ..Settings::new(self.rpc.url(), self.chain_id, self.contract)
        };
        let follower = Follower::open(&self.database, settings).await.context("deposits")?;
        self.follower.get_or_init(|| follower);
        Ok(())
    }

    /// Follows the chain until the stop.
    pub(super) async fn follow(self: Arc<Self>, stop: Stop) {
        if let Some(follower) = self.follower.get() {
            follower.run(stop.stopped()).await;
        }
    }

    /// The contract, for clients.
    pub(super) fn config(&self) -> DepositsConfig {
        DepositsConfig {
            contract: Some(self.contract.to_checksum(None)),
            chain_id: Some(self.chain_id),
            first_block: self.settings.first_block,
            rpc_url: Some(paths::DEPOSITS_RPC.to_owned()),
        }
    }

    /// How following goes, once the history is open.
    pub(super) fn part(&self) -> Option<Part> {
        self.follower.get().map(|follower| follower.status().part())
    }

    /// What an account has in the contract, and had.
    ///
    /// # Errors
    /// [`FollowerError::NotYet`] before the first block was read.
    pub(super) async fn account(&self, account: Address, page: Page) -> Result<AccountDeposits, FollowerError> {
        match self.follower.get() {
            Some(follower) => follower.account(account, page).await,
            None => Err(FollowerError::NotYet),
        }
    }

    /// Asks the chain's node.
    ///
    /// # Errors
    /// [`RpcError`].
    pub(super) async fn ask(&self, client: IpAddr, question: Question) -> Result<Value, RpcError> {
        let tokens = self.tokens().await;
        self.rpc.ask(client, question, tokens.as_deref()).await
    }

    /// The contract's tokens, once the chain was read.
    async fn tokens(&self) -> Option<Vec<Address>> {
        let follower = self.follower.get()?;
        follower.status().last?;
        let contract = follower.contract().await.ok()?;
        Some(contract.tokens.iter().filter_map(|token| token.address.parse().ok()).collect())
    }
}
