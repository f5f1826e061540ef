//! Deposit and withdrawal, for the account of the wallet.

use alloy_sol_types::SolCall;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use vouch_client::deposits::rules;
use vouch_deposits::contract::ERC20Permit::approveCall;
use vouch_deposits::contract::VouchDeposit::{depositCall, withdrawAllCall, withdrawCall};
use vouch_deposits::{Address, U256, parse_address};

use super::form::{Entry, Form, refused};
use super::transaction::{Call, Report};
use super::who::wrong_chain;
use crate::ethereum::Source;
use crate::ethereum::wallet::Wallet;

/// The forms, or why there are none.
#[component]
pub(super) fn Transact(
    /// The account that is shown.
    source: Source,
    /// The wallet.
    wallet: Wallet,
    /// The contract's chain.
    chain: Option<u64>,
    /// The account's address.
    address: Address,
    /// The time in milliseconds, every second.
    now: RwSignal<f64>,
) -> impl IntoView {
    let obstacle = Memo::new(move |_| obstacle(wallet, chain, address));
    view! {
        {move || match obstacle.get() {
            Some(why) => view! {
                <section class="section" aria-labelledby="transact">
                    <h2 id="transact">"Deposit and withdraw"</h2>
                    <p class="note" id="read-only">{why}</p>
                </section>
            }.into_any(),
            None => view! { <Forms source wallet address now /> }.into_any(),
        }}
    }
}

/// Why nothing can be signed for this account here.
fn obstacle(wallet: Wallet, chain: Option<u64>, address: Address) -> Option<String> {
    if !wallet.present.get() {
        return Some("Without a wallet this page only reads.".into());
    }
    let Some(own) = wallet.account.get() else {
        return Some("Connect the wallet to deposit and withdraw.".into());
    };
    if own != address {
        return Some(
            "You look at another account than the wallet's. Only its own wallet can deposit and withdraw for it."
                .into(),
        );
    }
    if let Some((found, expected)) = wrong_chain(wallet, chain) {
        return Some(format!(
            "The wallet is on chain {found}. Nothing can be sent until it is on chain {expected}, where the contract is."
        ));
    }
    match (chain, wallet.chain.get()) {
        (None, _) => Some("The validator does not say which chain the contract is on, so this page sends nothing: it could be the wrong one.".into()),
        (_, None) => Some("The wallet does not say which chain it is on, so this page sends nothing.".into()),
        _ => None,
    }
}

#[component]
fn Forms(source: Source, wallet: Wallet, address: Address, now: RwSignal<f64>) -> impl IntoView {
    let asked = use_query_map().with_untracked(|query| query.get("token"));
    let tokens = Memo::new(move |_| {
        source.account.with(|account| {
            let tokens = account.as_ref().map(|account| account.tokens.as_slice()).unwrap_or_default();
            tokens.iter().map(|token| (token.address.to_checksum(None), token.symbol.clone())).collect::<Vec<_>>()
        })
    });
    let first = tokens.with_untracked(|tokens| tokens.first().map(|token| token.0.clone())).unwrap_or_default();
    let deposited = source.account.with_untracked(|account| {
        let token = account.as_ref()?.tokens.iter().find(|token| !token.balance.is_zero())?;
        Some(token.address.to_checksum(None))
    });
    let given = Form::new(source, wallet, address, asked.unwrap_or_else(|| first.clone()));
    let taken = Form::new(source, wallet, address, deposited.unwrap_or(first));
    view! {
        <DepositForm form=given tokens now />
        <WithdrawForm form=taken tokens />
    }
}

#[component]
fn DepositForm(form: Form, tokens: Memo<Vec<(String, String)>>, now: RwSignal<f64>) -> impl IntoView {
    let closed = Memo::new(move |_| {
        let Some(token) = form.token() else {
            // The page's address may say anything; only an address is repeated.
            return Some(match parse_address(&form.chosen.get()) {
                Ok(token) => format!("The contract does not know the token {token}. Choose one of the list."),
                Err(error) => format!("The link names no token: {error}. Choose one of the list."),
            });
        };
        let seconds = (now.get() / 1000.0) as u64;
        form.source.account.with(|account| account.as_ref().and_then(|account| rules::closed(account, &token, seconds)))
    });
    let units = Memo::new(move |_| match form.token() {
        Some(token) => rules::deposit(&token, &form.text.get()),
        None => Err(String::new()),
    });
    let error = move || closed.get().or_else(|| refused(form, units));
    let good = move || closed.with(Option::is_none) && !form.transaction.busy();
    let allowed = move || form.token().zip(units.get().ok()).is_some_and(|(token, units)| token.allowance >= units);
    let hint = move || {
        if closed.with(Option::is_some) {
            return None;
        }
        let (token, units) = form.token().zip(units.get().ok())?;
        let (has, needs) = (rules::amount(&token, token.allowance), rules::amount(&token, units));
        Some(if token.allowance >= units {
            format!("The contract may draw {has} {} from the account, so this is one transaction.", token.symbol)
        } else {
            format!(
                "The contract may draw {has} {} from the account so far: allow it {needs} first, then deposit.",
                token.symbol
            )
        })
    };
    let allow = move |units: U256, done: &'static str| {
        if let Some(token) = form.token() {
            let data = approveCall { spender: form.contract(), value: units }.abi_encode();
            form.send(Call { to: token.address, data, done: done.into() }, false);
        }
    };
    let deposit = move |_| {
        if let Some((token, amount)) = form.token().zip(units.get().ok()) {
            let data = depositCall { token: token.address, amount }.abi_encode();
            let done = format!("Deposited {} {}.", rules::amount(&token, amount), token.symbol);
            form.send(Call { to: form.contract(), data, done }, true);
        }
    };
    let some = move || form.token().is_some_and(|token| !token.allowance.is_zero());
    view! {
        <section class="section" aria-labelledby="deposit">
            <h2 id="deposit">"Deposit"</h2>
            <Entry form tokens name="deposit" most=|token| token.wallet error=Signal::derive(error) hint=Signal::derive(hint) />
            <div class="row">
                <button type="button" id="allow" disabled=move || !good() || units.with(Result::is_err) || allowed()
                    on:click=move |_| if let Ok(units) = units.get() { allow(units, "Allowed. Now deposit it.") }>"1. Allow"</button>
                <button type="button" class="primary" id="deposit-now" disabled=move || !good() || !allowed() on:click=deposit>"2. Deposit"</button>
                <button type="button" class="plain" id="take-back" class:hidden=move || !some() disabled=move || form.transaction.busy()
                    on:click=move |_| allow(U256::ZERO, "The allowance is taken back.")>"Take the allowance back"</button>
            </div>
            <Report transaction=form.transaction id="deposit-report" />
        </section>
    }
}

#[component]
fn WithdrawForm(form: Form, tokens: Memo<Vec<(String, String)>>) -> impl IntoView {
    let units = Memo::new(move |_| match form.token() {
        Some(token) => rules::withdrawal(&token, &form.text.get()),
        None => Err("The contract does not know this token. Choose one of the list.".into()),
    });
    let error = move || refused(form, units);
    let hint = move || {
        if error().is_none() && form.token().is_some_and(|token| token.balance.is_zero()) {
            return Some("The account has nothing of this token in the contract.".to_owned());
        }
        let (token, units) = form.token().zip(units.get().ok())?;
        Some(match rules::paid(&token, units) {
            None => "The token does not answer now, so the withdrawal may fail; the balance is kept then.".to_owned(),
            Some(paid) if paid < units => format!(
                "The token's balances have shrunk, and all depositors share that: this pays {} {}.",
                rules::amount(&token, paid),
                token.symbol
            ),
            Some(paid) => format!("You get {} {}, in one transaction.", rules::amount(&token, paid), token.symbol),
        })
    };
    let withdraw = move |_| {
        let Some((token, amount)) = form.token().zip(units.get().ok()) else { return };
        let address = token.address;
        let data = if amount == token.balance {
            withdrawAllCall { token: address }.abi_encode()
        } else {
            withdrawCall { token: address, amount }.abi_encode()
        };
        let done = format!("Withdrew {} {}.", rules::amount(&token, amount), token.symbol);
        form.send(Call { to: form.contract(), data, done }, true);
    };
    view! {
        <section class="section" aria-labelledby="withdraw">
            <h2 id="withdraw">"Withdraw"</h2>
            <Entry form tokens name="withdraw" most=|token| token.balance error=Signal::derive(error) hint=Signal::derive(hint) />
            <div class="row">
                <button type="button" class="primary" id="withdraw-now" disabled=move || form.transaction.busy() || units.with(Result::is_err) on:click=withdraw>"Withdraw"</button>
            </div>
            <Report transaction=form.transaction id="withdraw-report" />
        </section>
    }
}
