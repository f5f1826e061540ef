//! One transaction: rehearsed on the chain as it is, signed in the wallet, waited for.

use std::time::Duration;

use leptos::prelude::*;
use vouch_client::deposits::why;
use vouch_deposits::{Address, B256};
use wasm_bindgen_futures::spawn_local;

use crate::ethereum::wallet::Wallet;
use crate::ethereum::{Source, read};
use crate::poll::sleep;

/// How a transaction stands.
#[derive(Debug, Clone, PartialEq, Default)]
enum Progress {
    /// There is none.
    #[default]
    None,
    /// The chain is asked what it would do.
    Rehearsed,
    /// The wallet shows it to the user.
    Asked,
    /// It waits to get into a block.
    Sent(B256),
    /// It is in a block, and did what it should.
    Done(String),
    /// It was not sent, or failed.
    Failed(String),
}

/// A form's transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transaction {
    progress: RwSignal<Progress>,
}

/// What is sent.
pub(super) struct Call {
    /// To which contract.
    pub to: Address,
    /// The call.
    pub data: Vec<u8>,
    /// What is said when it is done.
    pub done: String,
}

impl Transaction {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { progress: RwSignal::new(Progress::None) }
    }

    /// Whether one is under way.
    pub(super) fn busy(self) -> bool {
        self.progress.with(|progress| matches!(progress, Progress::Rehearsed | Progress::Asked | Progress::Sent(_)))
    }

    /// Forgets what became of the last one.
    pub(super) fn forget(self) {
        if !untrack(|| self.busy()) {
            self.progress.set(Progress::None);
        }
    }

    /// Rehearses, asks the wallet, waits, and reads the account again. `after` is called if all went well.
    pub(super) fn send(
        self,
        (source, wallet, from): (Source, Wallet, Address),
        call: Call,
        after: impl FnOnce() + 'static,
    ) {
        if untrack(|| self.busy()) {
            return;
        }
        self.progress.set(Progress::Rehearsed);
        spawn_local(async move {
            let end = match self.carry_out(source, wallet, from, &call).await {
                Ok(block) => {
                    source.catch_up(from, block).await;
                    after();
                    Progress::Done(call.done)
                }
                Err(reason) => Progress::Failed(reason),
            };
            self.progress.try_set(end);
        });
    }

    async fn carry_out(self, source: Source, wallet: Wallet, from: Address, call: &Call) -> Result<u64, String> {
        let contract = source.contract.try_get_value();
        let contract = contract.and_then(|contract| Some((contract.url, contract.chain_id?)));
        // Without a chain there is no form.
        let (url, chain) = contract.ok_or("The validator does not say which chain the contract is on.")?;
        read::rehearse(&url, from, call.to, &call.data).await.map_err(|failure| why(&failure))?;
        self.progress.try_set(Progress::Asked);
        let hash = wallet.send(chain, from, call.to, &call.data).await.map_err(|error| error.sentence())?;
        self.progress.try_set(Progress::Sent(hash));
        loop {
            // A wallet that does not answer for a moment has not lost the transaction.
            if let Ok(Some((block, succeeded))) = wallet.receipt(hash).await {
                return if succeeded {
                    Ok(block)
                } else {
                    Err(format!(
                        "The transaction {hash} is in block {block}, but failed: nothing has changed but the fee."
                    ))
                };
            }
            sleep(Duration::from_secs(1)).await;
            if self.progress.is_disposed() {
                return Err(String::new());
            }
        }
    }
}

/// What is said about a transaction. The place is always there.
#[component]
pub(super) fn Report(
    /// Which.
    transaction: Transaction,
    /// Its identifier in the page.
    id: &'static str,
) -> impl IntoView {
    let text = move || {
        transaction.progress.with(|progress| match progress {
            Progress::None => String::new(),
            Progress::Rehearsed => "Asking the chain whether this would work …".into(),
            Progress::Asked => "Look at your wallet: it shows what you are about to sign.".into(),
            Progress::Sent(hash) => format!(
                "Sent as {}…; waiting for a block. You may leave this page, it will happen anyway.",
                hash.to_string().chars().take(10).collect::<String>()
            ),
            Progress::Done(text) | Progress::Failed(text) => text.clone(),
        })
    };
    let failed = move || transaction.progress.with(|progress| matches!(progress, Progress::Failed(_)));
    view! { <p class=move || if failed() { "report bad" } else { "report" } role="status" id=id>{text}</p> }
}
