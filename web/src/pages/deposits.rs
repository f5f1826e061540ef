//! "Deposits": what an account has in the deposit contract, read from the chain; deposits and withdrawals with a wallet.

mod events;
mod form;
mod history;
mod holdings;
mod recorded;
mod transact;
mod transaction;
mod who;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use vouch_client::words::sentence;
use vouch_deposits::{Address, parse_address};

use crate::api::{self, DepositsConfig};
use crate::components::{Empty, Loading, Trouble};
use crate::ethereum::wallet::Wallet;
use crate::ethereum::{Contract, Source};
use crate::poll::{SLOW, every_second, poll};
use history::HistorySection;
use holdings::Holdings;
use transact::Transact;
use who::Who;

/// The page.
#[component]
pub(crate) fn Deposits() -> impl IntoView {
    let config = poll::<DepositsConfig>(api::DEPOSITS, SLOW);
    let known = move || config.data.with(Option::is_some);
    let missing = move || config.failure.with(|failure| failure.as_ref().is_some_and(|failure| failure.is_missing()));
    let none = move || missing() || config.data.with(|config| config.as_ref().is_some_and(|c| c.contract.is_none()));
    let configured = Memo::new(move |_| config.data.get().filter(|config| config.contract.is_some()));
    view! {
        <Title text="Deposits" />
        <div class="lead">
            <h1>"Deposits"</h1>
            <p>"Who deposits staking tokens into the contract on Ethereum earns points: one an hour for each whole token. Whoever deposited can withdraw at any time; nobody can stop that."</p>
        </div>
        {move || (!missing()).then(|| view! { <Trouble failure=config.failure stale=Signal::derive(known) /> })}
        {move || (!known() && config.failure.with(Option::is_none)).then(|| view! { <Loading what="the contract's address" /> })}
        {move || none().then(|| view! {
            <Empty title="No deposit contract is configured">
                <p>"This validator was started without the address of a deposit contract, so there are no deposits or points to show. Everything else on this site works without one."</p>
            </Empty>
        })}
        {move || configured.get().map(|config| match readable(&config) {
            Ok(contract) => view! { <OnChain contract /> }.into_any(),
            Err(why) => view! { <Empty title="The chain cannot be read"><p id="unreadable">{why}</p></Empty> }.into_any(),
        })}
        {move || configured.get().map(facts)}
    }
}

/// The contract, if this page can ask for it: the page's policy allows the validator's own address only.
fn readable(config: &DepositsConfig) -> Result<Contract, String> {
    let address = parse_address(config.contract.as_deref().unwrap_or_default())
        .map_err(|error| format!("The validator is configured with a wrong address. {}", sentence(&error)))?;
    let url = config.rpc_url.clone().ok_or(
        "This validator has no node of the chain configured, so this page cannot read deposits. A wallet or a block explorer can, at the address below.",
    )?;
    if !url.starts_with('/') || url.starts_with("//") {
        return Err("The validator names a node at another address, which the policy of this page does not allow it to ask. A wallet or a block explorer can read the contract, at the address below.".into());
    }
    Ok(Contract { address, chain_id: config.chain_id, first_block: config.first_block, url })
}

fn facts(config: DepositsConfig) -> impl IntoView {
    view! {
        <section class="section" aria-labelledby="contract">
            <h2 id="contract">"The contract"</h2>
            <dl class="facts">
                <dt>"Address"</dt><dd class="mono" id="contract-address">{config.contract}</dd>
                <dt>"Chain"</dt><dd>{config.chain_id.map_or_else(|| "not said".to_owned(), |id| id.to_string())}</dd>
                <dt>"Read"</dt><dd>"through this validator, which passes questions on to its own node of the chain. Whoever must not trust it compares with a node or a block explorer of their choice."</dd>
            </dl>
        </section>
    }
}

#[component]
fn OnChain(contract: Contract) -> impl IntoView {
    let wallet = Wallet::watch();
    let query = use_query_map();
    let typed = Memo::new(move |_| query.with(|query| query.get("account").unwrap_or_default()));
    let address = Memo::new(move |_| parse_address(&typed.get()).ok());
    let chain = contract.chain_id;
    view! {
        <Who wallet typed chain />
        {move || match address.get() {
            Some(address) => view! { <OneAccount contract=contract.clone() address wallet /> }.into_any(),
            None => view! {
                <Empty title="No account is chosen">
                    <p>"Type the address of an account above, or connect a wallet. What accounts have is public: everybody can look at every one."</p>
                </Empty>
            }.into_any(),
        }}
    }
}

#[component]
fn OneAccount(contract: Contract, address: Address, wallet: Wallet) -> impl IntoView {
    let chain = contract.chain_id;
    let source = Source::follow(contract, address);
    let now = every_second();
    // A memo: what is below is made once, and not again with every block.
    let known = Memo::new(move |_| source.account.with(Option::is_some));
    let empty = Memo::new(move |_| source.account.with(|account| account.as_ref().is_some_and(|a| a.is_empty())));
    view! {
        <div role="status" id="chain-state">
            {move || source.failure.get().map(|failure| {
                let next = source.account.with(|account| account.as_ref().map(|account| account.block)).map_or_else(
                    || " Trying again every two seconds.".to_owned(),
                    |block| format!(" What you see is of block {block}. Trying again every two seconds."),
                );
                let class = if known.get() { "note bad over" } else { "note bad" };
                view! { <p class=class>{failure.sentence()}{next}</p> }
            })}
        </div>
        {move || (!known.get() && source.failure.with(Option::is_none)).then(|| view! { <Loading what="the account from the chain" /> })}
        {move || known.get().then(|| view! {
            <div class="split">
                <div class="section">
                    {move || if empty.get() {
                        view! {
                            <Empty title="This account has no deposits">
                                <p id="no-deposits">"It has never deposited anything into this contract, so it has no points either. Whoever holds one of the listed tokens can deposit it; points count from that second on."</p>
                            </Empty>
                        }.into_any()
                    } else {
                        view! { <Holdings source now /> }.into_any()
                    }}
                </div>
                <div class="section"><Transact source wallet chain address now /></div>
            </div>
            {move || (!empty.get()).then(|| view! { <HistorySection source address /> })}
        })}
    }
}
