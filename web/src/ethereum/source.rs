//! The account that is shown, read again and again while the page is open.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use leptos::prelude::*;
use vouch_client::deposits::{self, Account, Compared, History};
use vouch_client::failure::ChainFailure;
use vouch_deposits::Address;
use wasm_bindgen_futures::spawn_local;

use super::{Contract, history, read};
use crate::poll::{alive, sleep};

/// How often the chain is read.
const PERIOD: Duration = Duration::from_secs(4);
/// How often it is tried again when it cannot be read.
const AGAIN: Duration = Duration::from_secs(2);

/// An account, read from the chain.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// Where from.
    pub contract: StoredValue<Contract>,
    /// The last that was read.
    pub account: RwSignal<Option<Account>>,
    /// Why nothing newer was, if so.
    pub failure: RwSignal<Option<ChainFailure>>,
    /// Its history, and how it compares, or why it cannot be read.
    pub history: RwSignal<Option<Result<(History, Compared), ChainFailure>>>,
    symbols: StoredValue<BTreeMap<Address, String>>,
}

impl Source {
    /// Reads an account until the part of the page that called is gone.
    pub(crate) fn follow(contract: Contract, address: Address) -> Self {
        let source = Self {
            contract: StoredValue::new(contract),
            account: RwSignal::new(None),
            failure: RwSignal::new(None),
            history: RwSignal::new(None),
            symbols: StoredValue::new(BTreeMap::new()),
        };
        let alive = alive();
        spawn_local(async move {
            while alive.load(Ordering::Relaxed) {
                let read = source.read(address).await;
                sleep(if read { PERIOD } else { AGAIN }).await;
            }
        });
        source
    }

    /// Reads once; says whether that worked.
    pub(crate) async fn read(self, address: Address) -> bool {
        let Some(contract) = self.contract.try_get_value() else { return false };
        let failed = match self.account(&contract, address).await {
            Ok(account) => {
                self.failure.try_update(|failure| failure.take());
                self.take(&contract, account).await;
                false
            }
            Err(failure) => {
                if self.failure.try_with_untracked(|old| old.as_ref() != Some(&failure)) == Some(true) {
                    self.failure.set(Some(failure));
                }
                true
            }
        };
        !failed
    }

    /// Reads until a block is reached, for some seconds.
    pub(crate) async fn catch_up(self, address: Address, block: u64) {
        for _ in 0..20 {
            self.read(address).await;
            let seen = self.account.try_with_untracked(|account| account.as_ref().map_or(0, |account| account.block));
            if seen.is_none_or(|seen| seen >= block) {
                return;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn account(self, contract: &Contract, address: Address) -> Result<Account, ChainFailure> {
        // A node can be replaced by another while it is away, so this is asked whenever it may have been.
        let fresh = self.account.try_with_untracked(Option::is_none).unwrap_or(true);
        if let Some(expected) = contract.chain_id
            && (fresh || self.failure.try_with_untracked(Option::is_some).unwrap_or(true))
        {
            let found = read::chain_id(&contract.url).await?;
            if found != expected {
                return Err(ChainFailure::OtherChain { found, expected });
            }
        }
        let mut account = read::account(contract, address).await?;
        for token in &mut account.tokens {
            let known = self.symbols.try_with_value(|symbols| symbols.get(&token.address).cloned()).flatten();
            token.symbol = match known {
                Some(symbol) => symbol,
                None => {
                    let said = read::symbol(&contract.url, token.address).await?;
                    let symbol = said.unwrap_or_else(|| deposits::short(token.address));
                    self.symbols.try_update_value(|symbols| symbols.insert(token.address, symbol.clone()));
                    symbol
                }
            };
        }
        Ok(account)
    }

    /// Keeps what was read. The history is read again only if it does not add up to what the contract says.
    async fn take(self, contract: &Contract, account: Account) {
        let old = self.history.try_with_untracked(|history| match history {
            Some(Ok((history, _))) => history.compare(&account).ok().filter(|found| found.agrees),
            _ => None,
        });
        if self.account.try_with_untracked(|old| old.as_ref() != Some(&account)) == Some(true) {
            self.account.set(Some(account.clone()));
        }
        match old {
            Some(Some(compared)) => {
                self.history.try_maybe_update(|history| match history {
                    Some(Ok((_, old))) if *old != compared => {
                        *old = compared;
                        (true, ())
                    }
                    _ => (false, ()),
                });
            }
            Some(None) => {
                let history = history::history(contract, &account).await;
                let compared = history.and_then(|history| Ok((history.compare(&account)?, history)));
                let _ = self.history.try_set(Some(compared.map(|(compared, history)| (history, compared))));
            }
            None => {}
        }
    }
}
