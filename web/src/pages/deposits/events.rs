//! A table of what happened to an account, newest first.

use leptos::prelude::*;
use vouch_client::deposits::{Token, cut, rules};
use vouch_deposits::U256;

use crate::settings::numbers;
use crate::time::moment;

/// So many events are listed.
pub(super) const LISTED: usize = 200;

/// One event, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// The block's time, in milliseconds since 1970.
    pub at_ms: f64,
    /// The block's height.
    pub block: u64,
    /// The transaction, with `0x`.
    pub transaction: String,
    /// What happened, in words.
    pub what: String,
    /// Points after it, if they are known.
    pub points: Option<U256>,
}

/// The newest of an account's events.
#[component]
pub(super) fn EventTable(
    /// At most [`LISTED`], newest first.
    #[prop(into)]
    lines: Signal<Vec<Line>>,
    /// How many there are in all.
    #[prop(into)]
    total: Signal<u64>,
) -> impl IntoView {
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Table of events, newest first">
            <table id="history-table">
                <thead><tr>
                    <th scope="col">"When"</th>
                    <th scope="col">"What"</th>
                    <th scope="col" class="num">"Points after it"</th>
                    <th scope="col">"Transaction"</th>
                </tr></thead>
                <tbody>{move || lines.get().iter().map(row).collect_view()}</tbody>
            </table>
        </div>
        {move || {
            let (shown, total) = (lines.with(Vec::len), total.get());
            (total > shown as u64).then(|| view! { <p class="small quiet">{format!("The newest {shown} of {total}.")}</p> })
        }}
    }
}

fn row(line: &Line) -> impl IntoView + use<> {
    let short: String = line.transaction.chars().take(10).collect();
    // A narrow table breaks between date and time, and not within the date.
    let when = moment(line.at_ms);
    let when = when.split(' ').map(|part| view! { <span class="whole">{part.to_owned()}</span>" " }).collect_view();
    view! {
        <tr>
            <td>{when}</td>
            <td>{line.what.clone()}</td>
            <td class="num">{line.points.map_or_else(|| "–".to_owned(), points)}</td>
            <td class="mono"><span title=format!("{} in block {}", line.transaction, line.block)>{short}"…"</span></td>
        </tr>
    }
}

/// Points, as they are shown in texts.
pub(super) fn points(points: U256) -> String {
    numbers().exact(&cut(points, 6))
}

/// An amount of a token of the contract, with its symbol.
pub(super) fn amount(token: Option<&Token>, address: &str, units: U256) -> String {
    match token {
        Some(token) => format!("{} {}", numbers().exact(&rules::amount(token, units)), token.symbol),
        None => format!("{units} units of {address}"),
    }
}
