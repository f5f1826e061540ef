//! Whose deposits are shown: an address that is typed, or that of the wallet.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use vouch_client::deposits::short;
use vouch_client::words::sentence;
use vouch_deposits::{Address, parse_address};
use wasm_bindgen_futures::spawn_local;

use crate::ethereum::wallet::Wallet;

/// The account's address, and the wallet.
#[component]
pub(super) fn Who(
    /// The wallet of this browser.
    wallet: Wallet,
    /// What the page's address says.
    typed: Memo<String>,
    /// The contract's chain.
    chain: Option<u64>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let judge = move |text: &str| match parse_address(text) {
        Ok(address) => {
            wrong.set(None);
            Some(address)
        }
        Err(error) => {
            wrong.set(Some(sentence(&error)));
            None
        }
    };
    // The page's address says who is shown; so links, and the browser's "back", work.
    Effect::new(move || {
        let typed = typed.get();
        text.set(typed.clone());
        wrong.set(None);
        if !typed.is_empty() {
            judge(&typed);
        }
    });
    let navigate = use_navigate();
    let show = move |address: Address| {
        navigate(&format!("/deposits?account={}", address.to_checksum(None)), NavigateOptions::default());
    };
    let submit = {
        let show = show.clone();
        move |event: web_sys::SubmitEvent| {
            event.prevent_default();
            if let Some(address) = judge(&text.get_untracked()) {
                text.set(address.to_checksum(None));
                show(address);
            }
        }
    };
    view! {
        <section class="section" aria-labelledby="who">
            <h2 id="who">"Account"</h2>
            <form class="section" on:submit=submit novalidate>
                <div class="with-button">
                    <input
                        type="text"
                        id="account"
                        class="mono"
                        spellcheck="false"
                        autocomplete="off"
                        placeholder="0x…"
                        aria-label="Address of the account"
                        aria-describedby="account-error"
                        aria-invalid=move || wrong.with(Option::is_some).to_string()
                        prop:value=text
                        on:input=move |event| {
                            text.set(event_target_value(&event));
                            wrong.set(None);
                        }
                        on:change=move |_| {
                            let text = text.get_untracked();
                            if !text.trim().is_empty() {
                                judge(&text);
                            }
                        }
                    />
                    <button type="submit" id="show-account">"Show"</button>
                </div>
                <p class="field-error" id="account-error">{wrong}</p>
            </form>
            <WalletLine wallet chain show />
        </section>
    }
}

#[component]
fn WalletLine(
    wallet: Wallet,
    chain: Option<u64>,
    show: impl Fn(Address) + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let said = RwSignal::new(None::<String>);
    let asking = RwSignal::new(false);
    let connect = {
        let show = StoredValue::new(show.clone());
        move |_| {
            said.set(None);
            asking.set(true);
            spawn_local(async move {
                let answer = wallet.connect().await;
                asking.try_set(false);
                match answer {
                    Ok(Some(address)) => {
                        show.try_with_value(|show| show(address));
                    }
                    Ok(None) => drop(said.try_set(Some("The wallet shows no account to this page.".into()))),
                    Err(error) => drop(said.try_set(Some(error.sentence()))),
                }
            });
        }
    };
    let switch = move |expected: u64| {
        said.set(None);
        asking.set(true);
        spawn_local(async move {
            let answer = wallet.switch(expected).await;
            asking.try_set(false);
            said.try_set(answer.err().map(|error| error.sentence()));
        });
    };
    let show = StoredValue::new(show);
    view! {
        <div class="row" id="wallet">
            {move || match (wallet.present.get(), wallet.account.get()) {
                (false, _) => view! {
                    <p class="quiet">"There is no wallet in this browser. You can look at every account; to deposit or withdraw here, install a wallet and load the page again."</p>
                }.into_any(),
                (true, None) => view! {
                    <button type="button" id="connect" disabled=asking on:click=connect>"Connect the wallet"</button>
                    <p class="quiet">"The page learns your address. It can do nothing without your signature."</p>
                }.into_any(),
                (true, Some(address)) => view! {
                    <p>"Wallet: "<span class="mono" id="wallet-account">{short(address)}</span></p>
                    <button type="button" class="plain" id="show-wallet" on:click=move |_| show.with_value(|show| show(address))>"Show its account"</button>
                }.into_any(),
            }}
        </div>
        {move || wrong_chain(wallet, chain).map(|(found, expected)| view! {
            <div class="note warn row" id="wrong-chain">
                <p>{format!("The wallet is on chain {found}, the contract on chain {expected}. What you see is right; to deposit or withdraw, change the wallet's chain.")}</p>
                <button type="button" id="switch" disabled=asking on:click=move |_| switch(expected)>"Change it"</button>
            </div>
        })}
        <p class="field-error" role="status" id="wallet-said">{said}</p>
    }
}

/// The wallet's chain and the contract's, if a connected wallet is on another one.
pub(super) fn wrong_chain(wallet: Wallet, chain: Option<u64>) -> Option<(u64, u64)> {
    wallet.account.get()?;
    let (found, expected) = (wallet.chain.get()?, chain?);
    (found != expected).then_some((found, expected))
}
