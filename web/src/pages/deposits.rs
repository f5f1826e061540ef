//! "Deposits": the deposit contract that this validator is configured with.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::{self, DepositsConfig};
use crate::components::{Empty, Loading, Trouble};
use crate::poll::{SLOW, poll};
use crate::settings::numbers;

/// The page.
#[component]
pub(crate) fn Deposits() -> impl IntoView {
    let config = poll::<DepositsConfig>(api::DEPOSITS, SLOW);
    let known = move || config.data.with(Option::is_some);
    let missing = move || config.failure.with(|failure| failure.as_ref().is_some_and(|failure| failure.is_missing()));
    let none = move || missing() || config.data.with(|config| config.as_ref().is_some_and(|c| c.contract.is_none()));
    view! {
        <Title text="Deposits" />
        <div class="lead">
            <h1>"Deposits"</h1>
            <p>"Who deposits staking tokens into the contract on Ethereum earns points by the hour, in proportion to the deposit."</p>
        </div>
        {move || (!missing()).then(|| view! { <Trouble failure=config.failure stale=Signal::derive(known) /> })}
        {move || (!known() && config.failure.with(Option::is_none)).then(|| view! { <Loading what="the contract's address" /> })}
        {move || none().then(|| view! {
            <Empty title="No deposit contract is configured">
                <p>"This validator was started without the address of a deposit contract, so there are no deposits or points to show. Everything else on this site works without one."</p>
            </Empty>
        })}
        {move || config.data.get().and_then(|config| config.contract.clone().map(|contract| (config, contract))).map(|(config, contract)| view! {
            <section class="section" aria-labelledby="contract">
                <h2 id="contract">"The contract"</h2>
                <dl class="facts">
                    <dt>"Address"</dt><dd class="mono" id="contract-address">{contract}</dd>
                    <dt>"Chain"</dt><dd>{config.chain_id.map_or_else(|| "not said".to_owned(), |id| numbers().count(id))}</dd>
                    <dt>"Asked at"</dt><dd class="mono">{config.rpc_url.clone().unwrap_or_else(|| "no address of a node is configured".to_owned())}</dd>
                </dl>
                <p class="note">"This page does not read balances or points from the chain yet. Any wallet or block explorer can, at this address."</p>
            </section>
        })}
    }
}
