//! What deposit and withdrawal have in common: a token, an amount, a transaction.

use leptos::prelude::*;
use vouch_client::deposits::{Token, rules};
use vouch_deposits::{Address, U256};

use super::transaction::{Call, Transaction};
use crate::ethereum::Source;
use crate::ethereum::wallet::Wallet;
use crate::settings::numbers;

/// What both forms have: a token, an amount, a transaction.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) source: Source,
    pub(super) wallet: Wallet,
    pub(super) address: Address,
    pub(super) chosen: RwSignal<String>,
    pub(super) text: RwSignal<String>,
    pub(super) transaction: Transaction,
}

impl Form {
    pub(super) fn new(source: Source, wallet: Wallet, address: Address, chosen: String) -> Self {
        Self {
            source,
            wallet,
            address,
            chosen: RwSignal::new(chosen),
            text: RwSignal::new(String::new()),
            transaction: Transaction::new(),
        }
    }

    pub(super) fn token(self) -> Option<Token> {
        self.source.account.with(|account| {
            let tokens = &account.as_ref()?.tokens;
            self.chosen.with(|chosen| {
                tokens.iter().find(|token| token.address.to_string().eq_ignore_ascii_case(chosen)).cloned()
            })
        })
    }

    pub(super) fn send(self, call: Call, empty: bool) {
        let text = self.text;
        self.transaction.send((self.source, self.wallet, self.address), call, move || {
            if empty {
                text.try_set(String::new());
            }
        });
    }

    pub(super) fn contract(self) -> Address {
        self.source.contract.with_value(|contract| contract.address)
    }
}

/// What is wrong with what was typed; nothing is wrong yet with nothing.
pub(super) fn refused(form: Form, units: Memo<Result<U256, String>>) -> Option<String> {
    if form.text.with(|text| text.trim().is_empty()) { None } else { units.get().err() }
}

/// The token and the amount.
#[component]
pub(super) fn Entry(
    form: Form,
    tokens: Memo<Vec<(String, String)>>,
    name: &'static str,
    most: fn(&Token) -> U256,
    error: Signal<Option<String>>,
    hint: Signal<Option<String>>,
) -> impl IntoView {
    let error_id = format!("{name}-error");
    let chosen = move |address: String| move || form.chosen.with(|chosen| chosen.eq_ignore_ascii_case(&address));
    let available = move || form.token().map(|token| (rules::amount(&token, most(&token)), token.symbol));
    view! {
        <div class="amount">
            <label class="section-tight"><span>"Token"</span>
                <select id=format!("{name}-token") disabled=move || form.transaction.busy() on:change=move |event| {
                    form.chosen.set(event_target_value(&event));
                    form.transaction.forget();
                }>
                    {move || form.token().is_none().then(|| view! { <option value="" selected>"choose"</option> })}
                    {move || tokens.get().into_iter().map(|(address, symbol)| view! {
                        <option value=address.clone() selected=chosen(address)>{symbol}</option>
                    }).collect_view()}
                </select>
            </label>
            <label class="section-tight"><span>"Amount"</span>
                <input
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    id=format!("{name}-amount")
                    aria-describedby=error_id.clone()
                    aria-invalid=move || (error.with(Option::is_some) && form.text.with(|text| !text.is_empty())).to_string()
                    disabled=move || form.transaction.busy()
                    prop:value=form.text
                    on:input=move |event| {
                        form.text.set(event_target_value(&event));
                        form.transaction.forget();
                    }
                />
            </label>
        </div>
        <p class="small">
            {move || available().map(|(amount, symbol)| format!("At most {} {symbol}. ", numbers().exact(&amount)))}
            <button type="button" class="plain" id=format!("{name}-all") disabled=move || form.transaction.busy()
                on:click=move |_| if let Some((amount, _)) = available() { form.text.set(amount); form.transaction.forget(); }>"All of it"</button>
        </p>
        // One of both at a time, in the same place.
        <div class="said">
            <p class="field-error" id=error_id>{error}</p>
            <p class="small quiet" id=format!("{name}-hint")>{hint}</p>
        </div>
    }
}
