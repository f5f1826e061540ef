//! What the account has: points that tick, the rate, balances, a claim that is pending.

use leptos::prelude::*;
use vouch_client::deposits::{Account, NEVER, POINT_DECIMALS, Token, cut, places, rules};
use vouch_client::failure::ChainFailure;
use vouch_deposits::{U256, format_amount};

use crate::ethereum::Source;
use crate::settings::numbers;
use crate::time::moment;

/// The account's figures and balances.
#[component]
pub(super) fn Holdings(
    /// Where they come from.
    source: Source,
    /// The time in milliseconds, every second.
    now: RwSignal<f64>,
) -> impl IntoView {
    let account = move || source.account.get();
    let points = move || {
        account().map(|account| {
            let time = (now.get() / 1000.0) as u64;
            match account.points_at(time) {
                Ok(points) => numbers().exact(&cut(points, places(account.weight))),
                Err(error) => error.to_string(),
            }
        })
    };
    let ended = Memo::new(move |_| {
        let time = (now.get() / 1000.0) as u64;
        source.account.with(|account| account.as_ref().is_some_and(|account| account.stopped(time)))
    });
    let rate = move || account().map(|account| numbers().exact(&format_amount(account.an_hour(), POINT_DECIMALS)));
    view! {
        <section class="section" aria-labelledby="points">
            <h2 id="points">"Points"</h2>
            <div class="answer">
                <p class="answer-number ticking" id="points-now">{points}</p>
                <p class="quiet">"now, and "<span id="rate">{rate}</span>" an hour"</p>
            </div>
            {move || account().map(|account| ends(&account, now))}
            <Check source />
            {move || account().and_then(|account| account.claim).map(|claim| pending(claim, now))}
        </section>
        <section class="section" aria-labelledby="balances">
            <h2 id="balances">"Balances"</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="Table of balances">
                <table id="balances-table">
                    <thead><tr>
                        <th scope="col">"Token"</th>
                        <th scope="col" class="num">"Deposited"</th>
                        <th scope="col" class="num">"In the account"</th>
                        <th scope="col">"State"</th>
                    </tr></thead>
                    <tbody>{move || {
                        let ended = ended.get();
                        account().map(|account| account.tokens.iter().map(|token| row(token, ended)).collect_view())
                    }}</tbody>
                </table>
            </div>
        </section>
    }
}

/// Whether the events, added up in this page, are what the contract says.
#[component]
fn Check(source: Source) -> impl IntoView {
    let text = move || {
        source.history.with(|history| match history {
            None => ("waiting", "Adding up the contract's events …".to_owned()),
            Some(Ok((_, found))) if found.agrees => (
                "passed",
                format!(
                    "Block {}: this page has added up the contract's events and comes to the contract's own result, to the last digit: {} points.",
                    found.block,
                    format_amount(found.points, POINT_DECIMALS)
                ),
            ),
            Some(Ok((_, found))) => (
                "failed",
                format!(
                    "Block {}: the contract's events add up to {} points, the contract says something else. If this stays, the validator's node leaves out events.",
                    found.block,
                    format_amount(found.points, POINT_DECIMALS)
                ),
            ),
            Some(Err(failure)) => ("failed", without_history(failure)),
        })
    };
    view! {
        <p id="check" class=move || if text().0 == "failed" { "note warn small" } else { "note small" } data-state=move || text().0>
            {move || text().1}
        </p>
    }
}

fn without_history(failure: &ChainFailure) -> String {
    format!(
        "Balances and points are the contract's own words; its events cannot be read, so they are not checked. {}",
        failure.sentence()
    )
}

fn ends(account: &Account, now: RwSignal<f64>) -> impl IntoView + use<> {
    let stop = account.stop;
    (stop < NEVER).then(|| {
        let when = moment(stop as f64 * 1000.0);
        move || {
            let over = now.get() / 1000.0 >= stop as f64;
            let text = if over { format!("Accrual has ended at {when}.") } else { format!("Accrual ends at {when}.") };
            view! { <p id="ends">{text}</p> }
        }
    })
}

fn pending((points, due): (U256, u64), now: RwSignal<f64>) -> impl IntoView {
    let when = moment(due as f64 * 1000.0);
    view! {
        <div class="note warn" id="pending-claim">
            <p>
                {move || format!("A claim of {} points is announced. ", numbers().exact(&cut(points, 6)))}
                {move || if now.get() / 1000.0 >= due as f64 {
                    format!("The claim manager can carry it out since {when}.")
                } else {
                    format!("The claim manager can carry it out from {when} on.")
                }}
            </p>
            <p class="small">"It takes these points and nothing else: deposits stay, and what accrues after the announcement too."</p>
        </div>
    }
}

fn row(token: &Token, ended: bool) -> impl IntoView + use<> {
    let numbers = numbers();
    let state = match (token.listed && !ended, token.readable, token.held < token.total) {
        (_, false, _) => "does not answer",
        (_, true, true) => "shrunk: a withdrawal pays a share",
        (false, true, false) if token.listed => "accrual has ended: can be withdrawn",
        (false, true, false) => "off the list: can be withdrawn, earns nothing",
        (true, true, false) => "earns points",
    };
    let own = if token.readable { numbers.exact(&rules::amount(token, token.wallet)) } else { "–".to_owned() };
    view! {
        <tr data-token=token.address.to_checksum(None)>
            <th scope="row"><span title=token.address.to_checksum(None)>{token.symbol.clone()}</span></th>
            <td class="num deposited">{numbers.exact(&rules::amount(token, token.balance))}</td>
            <td class="num own">{own}</td>
            <td>{state}</td>
        </tr>
    }
}

/// Points, as a number for charts.
pub(super) fn approximate(points: U256) -> f64 {
    format_amount(points, POINT_DECIMALS).parse().unwrap_or(f64::MAX)
}
