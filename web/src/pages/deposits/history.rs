//! What happened to the account, and its points over time.

use leptos::prelude::*;
use vouch_deposits::contract::VouchDeposit::VouchDepositEvents as Event;
use vouch_deposits::{Address, U256};

use super::holdings::{approximate, cut};
use crate::chain::history::Entry;
use crate::chain::{Account, Source, rules};
use crate::components::chart::{Chart, Series, lines};
use crate::numbers::moment;
use crate::settings::numbers;

/// So many events are listed.
const LISTED: usize = 200;

/// The chart and the table.
#[component]
pub(super) fn HistorySection(
    /// Where it comes from.
    source: Source,
) -> impl IntoView {
    let drawing = Signal::derive(move || {
        let course = source.account.with(|account| {
            let account = account.as_ref()?;
            source.history.with(|history| Some(history.as_ref()?.as_ref().ok()?.0.course(account)))
        });
        let value = |(at, points): (u64, U256)| (at as f64 * 1000.0, approximate(points));
        let values: Vec<_> = course.unwrap_or_default().into_iter().map(value).collect();
        let series = if values.is_empty() { vec![] } else { vec![Series { name: "points".into(), values }] };
        lines(numbers(), &series, "", 2)
    });
    let failed = move || {
        source.history.with(|history| match history {
            Some(Err(failure)) => Some(failure.sentence()),
            _ => None,
        })
    };
    let entries = move || {
        source.history.with(|history| match history {
            Some(Ok((history, _))) => history.entries.clone(),
            _ => Vec::new(),
        })
    };
    let rows = move || {
        source.account.with(|account| {
            let account = account.as_ref()?;
            Some(entries().iter().rev().take(LISTED).map(|entry| row(account, entry)).collect_view())
        })
    };
    view! {
        <section class="section" aria-labelledby="history">
            <h2 id="history">"History"</h2>
            {move || failed().map(|why| view! { <p class="note warn" id="no-history">"The events cannot be read now, so there is no history to show. "{why}</p> })}
            <Chart title="Points over time" drawing />
            <div class="scroll" tabindex="0" role="region" aria-label="Table of events, newest first">
                <table id="history-table">
                    <thead><tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"What"</th>
                        <th scope="col" class="num">"Points after it"</th>
                        <th scope="col">"Transaction"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {move || {
                let count = entries().len();
                (count > LISTED).then(|| view! { <p class="small quiet">{format!("The newest {LISTED} of {count}.")}</p> })
            }}
        </section>
    }
}

fn row(account: &Account, entry: &Entry) -> impl IntoView + use<> {
    view! {
        <tr>
            <td>{moment(entry.at as f64 * 1000.0)}</td>
            <td>{what(account, &entry.event)}</td>
            <td class="num">{numbers().exact(&cut(entry.points, 6))}</td>
            <td class="mono"><span title=format!("{} in block {}", entry.transaction, entry.block)>{entry.transaction.to_string().chars().take(10).collect::<String>()}"…"</span></td>
        </tr>
    }
}

/// An event, in words.
fn what(account: &Account, event: &Event) -> String {
    let numbers = numbers();
    let amount = |address: Address, units: U256| match account.tokens.iter().find(|token| token.address == address) {
        Some(token) => format!("{} {}", numbers.exact(&rules::amount(token, units)), token.symbol),
        None => format!("{units} units of {address}"),
    };
    let points = |points: U256| numbers.exact(&cut(points, 6));
    match event {
        Event::Deposited(e) => format!("Deposited {}", amount(e.token, e.credited)),
        Event::Withdrawn(e) => {
            let mut text = format!("Withdrew {}", amount(e.token, e.debited));
            if e.paid != e.debited {
                text.push_str(&format!(", of which {} was paid", amount(e.token, e.paid)));
            }
            if e.to != e.account {
                text.push_str(&format!(", to {}", crate::chain::read::short(e.to)));
            }
            text
        }
        Event::ClaimAnnounced(e) => format!("A claim of {} points was announced", points(e.points)),
        Event::Claimed(e) => format!("{} points were claimed", points(e.points)),
        Event::ClaimCancelled(e) => format!("The claim of {} points was called off", points(e.points)),
        _ => String::new(),
    }
}
