//! A wallet that is injected into the page (EIP-1193): it says who the user is, and signs.

use js_sys::{Function, JSON, Object, Promise, Reflect};
use leptos::prelude::*;
use serde_json::{Value, json};
use vouch_client::deposits::hex::{hexadecimal, number};
use vouch_deposits::{Address, B256};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// The user has said no.
const REJECTED: i64 = 4001;
/// The wallet does not know the chain.
const UNKNOWN_CHAIN: i64 = 4902;
/// A question is open in the wallet already.
const BUSY: i64 = -32002;

/// A wallet's refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WalletError {
    code: i64,
    message: String,
}

impl WalletError {
    /// A sentence for people.
    pub(crate) fn sentence(&self) -> String {
        match self.code {
            REJECTED => "You have said no in the wallet; nothing was sent.".into(),
            BUSY => "The wallet already shows a question: open it and answer.".into(),
            UNKNOWN_CHAIN => "The wallet does not know this chain: add it there, then try again.".into(),
            _ if self.message.is_empty() => format!("The wallet refuses (code {}).", self.code),
            _ => format!("The wallet says: {}.", self.message.trim_end_matches('.')),
        }
    }
}

/// The wallet of this browser, as far as it has told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wallet {
    /// Whether there is one.
    pub present: RwSignal<bool>,
    /// The account that it lets this page see.
    pub account: RwSignal<Option<Address>>,
    /// The chain that it is on.
    pub chain: RwSignal<Option<u64>>,
}

impl Wallet {
    /// Looks for a wallet and listens to it, until the part of the page that called is gone.
    pub(crate) fn watch() -> Self {
        let wallet = Self { present: RwSignal::new(false), account: RwSignal::new(None), chain: RwSignal::new(None) };
        wallet.look();
        // Some wallets come after the page, and say so.
        let late = window_event_listener_untyped("ethereum#initialized", move |_| wallet.look());
        on_cleanup(move || late.remove());
        wallet
    }

    fn look(self) {
        let Some(provider) = provider() else { return };
        if self.present.get_untracked() {
            return;
        }
        self.present.set(true);
        listen(&provider, "accountsChanged", move |value| self.take_accounts(&value));
        listen(&provider, "chainChanged", move |value| self.take_chain(&value));
        listen(&provider, "disconnect", move |_| self.take_accounts(&json!([])));
        spawn_local(async move {
            if let Ok(accounts) = request("eth_accounts", json!([])).await {
                self.take_accounts(&accounts);
            }
            if let Ok(chain) = request("eth_chainId", json!([])).await {
                self.take_chain(&chain);
            }
        });
    }

    /// Asks the user to show an account to this page.
    pub(crate) async fn connect(self) -> Result<Option<Address>, WalletError> {
        let accounts = request("eth_requestAccounts", json!([])).await?;
        self.take_accounts(&accounts);
        let chain = request("eth_chainId", json!([])).await?;
        self.take_chain(&chain);
        Ok(first(&accounts))
    }

    /// Asks the user to change to a chain.
    pub(crate) async fn switch(self, chain: u64) -> Result<(), WalletError> {
        request("wallet_switchEthereumChain", json!([{ "chainId": format!("{chain:#x}") }])).await?;
        let chain = request("eth_chainId", json!([])).await?;
        self.take_chain(&chain);
        Ok(())
    }

    /// Asks the user to sign a transaction for a chain, and sends it. Returns its hash.
    pub(crate) async fn send(self, chain: u64, from: Address, to: Address, data: &[u8]) -> Result<B256, WalletError> {
        let own = |message: String| WalletError { code: 0, message };
        // It may have changed since the button was drawn; on another chain the same addresses are somebody else's.
        let found = request("eth_chainId", json!([])).await?;
        self.take_chain(&found);
        if number(&found) != Ok(chain) {
            return Err(own(format!("it is not on chain {chain} any more, so nothing was sent")));
        }
        let mut transaction = json!({
            "from": from.to_checksum(None),
            "to": to.to_checksum(None),
            "data": hexadecimal(data),
            "chainId": format!("{chain:#x}"),
        });
        if let Some(gas) = gas(&transaction).await {
            transaction["gas"] = json!(format!("{gas:#x}"));
        }
        let hash = request("eth_sendTransaction", json!([transaction])).await?;
        hash.as_str().and_then(|hash| hash.parse().ok()).ok_or_else(|| own("it gave no transaction".into()))
    }

    /// The block that a transaction is in, and whether it succeeded; none while it waits.
    pub(crate) async fn receipt(self, hash: B256) -> Result<Option<(u64, bool)>, WalletError> {
        let receipt = request("eth_getTransactionReceipt", json!([hash])).await?;
        let Ok(block) = number(&receipt["blockNumber"]) else { return Ok(None) };
        Ok(Some((block, receipt["status"].as_str() == Some("0x1"))))
    }

    fn take_accounts(self, accounts: &Value) {
        let account = first(accounts);
        if self.account.try_get_untracked().is_some_and(|old| old != account) {
            self.account.set(account);
        }
    }

    fn take_chain(self, chain: &Value) {
        let chain = number(chain).ok();
        if self.chain.try_get_untracked().is_some_and(|old| old != chain) {
            self.chain.set(chain);
        }
    }
}

/// What the wallet's node thinks that a transaction takes, and some more; if it does not say, the wallet decides.
///
/// Nodes estimate at the time of the last block. If that is the block of a deposit, a withdrawal has no points to store
/// there, but has in the next block, where a place that was empty costs 20,000 more: it would run out of gas.
async fn gas(transaction: &Value) -> Option<u64> {
    let estimate = number(&request("eth_estimateGas", json!([transaction])).await.ok()?).ok()?;
    estimate.checked_add(estimate / 8)?.checked_add(25_000)
}

fn first(accounts: &Value) -> Option<Address> {
    accounts.get(0)?.as_str()?.parse().ok()
}

fn provider() -> Option<Object> {
    Reflect::get(&window(), &"ethereum".into()).ok()?.dyn_into().ok()
}

fn method(provider: &Object, name: &str) -> Option<Function> {
    Reflect::get(provider, &name.into()).ok()?.dyn_into().ok()
}

/// Listens until the part of the page that called is gone.
fn listen(provider: &Object, event: &'static str, told: impl Fn(Value) + 'static) {
    let Some(on) = method(provider, "on") else { return };
    let heard = Closure::<dyn Fn(JsValue)>::new(move |value: JsValue| told(value_of(&value)));
    let function: JsValue = heard.as_ref().clone();
    let _ = on.call2(provider, &event.into(), &function);
    let kept = StoredValue::new_local((provider.clone(), heard));
    on_cleanup(move || {
        kept.try_with_value(|(provider, heard)| {
            if let Some(off) = method(provider, "removeListener") {
                let _ = off.call2(provider, &event.into(), heard.as_ref());
            }
        });
    });
}

async fn request(name: &str, params: Value) -> Result<Value, WalletError> {
    let broken = |message: &str| WalletError { code: 0, message: message.into() };
    let provider = provider().ok_or_else(|| broken("it is gone"))?;
    let function = method(&provider, "request").ok_or_else(|| broken("it does not speak EIP-1193"))?;
    let question = json!({ "method": name, "params": params }).to_string();
    let question = JSON::parse(&question).map_err(|_| broken("the question cannot be asked"))?;
    let promise = function.call1(&provider, &question).map_err(|error| error_of(&error))?;
    let answer = JsFuture::from(Promise::resolve(&promise)).await.map_err(|error| error_of(&error))?;
    Ok(value_of(&answer))
}

fn value_of(value: &JsValue) -> Value {
    let text = JSON::stringify(value).ok().and_then(|text| text.as_string());
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null)
}

fn error_of(error: &JsValue) -> WalletError {
    let field = |name: &str| Reflect::get(error, &name.into()).unwrap_or(JsValue::UNDEFINED);
    let message = field("message").as_string().or_else(|| error.as_string()).unwrap_or_default();
    WalletError {
        code: field("code").as_f64().map_or(0, |code| code as i64),
        message: message.chars().take(200).collect(),
    }
}
