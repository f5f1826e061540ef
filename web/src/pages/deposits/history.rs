//! What happened to the account, and its points over time.

use leptos::prelude::*;
use vouch_client::deposits::{Account, Entry, short, withdrew};
use vouch_deposits::contract::VouchDeposit::VouchDepositEvents as Event;
use vouch_deposits::{Address, U256};

use super::events::{EventTable, LISTED, Line, amount, points};
use super::holdings::approximate;
use super::recorded::Recorded;
use crate::components::chart::{Chart, Series, lines};
use crate::ethereum::Source;
use crate::settings::numbers;

/// The chart and the table.
#[component]
pub(super) fn HistorySection(
    /// Where it comes from.
    source: Source,
    /// Whose it is.
    address: Address,
) -> impl IntoView {
    let failed = Memo::new(move |_| {
        source.history.with(|history| match history {
            Some(Err(failure)) => Some(failure.sentence()),
            _ => None,
        })
    });
    view! {
        <section class="section" aria-labelledby="history">
            <h2 id="history">"History"</h2>
            {move || match failed.get() {
                Some(why) => view! {
                    <p class="note warn" id="no-history">"The events cannot be read from the chain now. "{why}</p>
                    <Recorded source address />
                }.into_any(),
                None => view! { <Read source /> }.into_any(),
            }}
        </section>
    }
}

/// What this page has read itself.
#[component]
fn Read(source: Source) -> impl IntoView {
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
    let newest = move || {
        source.account.with(|account| {
            let account = account.as_ref()?;
            source.history.with(|history| {
                let entries = &history.as_ref()?.as_ref().ok()?.0.entries;
                Some(entries.iter().rev().take(LISTED).map(|entry| line(account, entry)).collect::<Vec<_>>())
            })
        })
    };
    let lines = Signal::derive(move || newest().unwrap_or_default());
    let total = Signal::derive(move || {
        source.history.with(|history| match history {
            Some(Ok((history, _))) => history.entries.len() as u64,
            _ => 0,
        })
    });
    view! {
        <Chart title="Points over time" drawing />
        <EventTable lines total />
    }
}

fn line(account: &Account, entry: &Entry) -> Line {
    Line {
        at_ms: entry.at as f64 * 1000.0,
        block: entry.block,
        transaction: entry.transaction.to_string(),
        what: what(account, &entry.event),
        points: Some(entry.points),
    }
}

/// An event, in words.
fn what(account: &Account, event: &Event) -> String {
    let amount = |address: Address, units: U256| {
        let token = account.tokens.iter().find(|token| token.address == address);
        amount(token, &address.to_string(), units)
    };
    match event {
        Event::Deposited(e) => format!("Deposited {}", amount(e.token, e.credited)),
        Event::Withdrawn(e) => {
            let other = (e.to != e.account).then(|| short(e.to));
            withdrew(&amount(e.token, e.debited), &amount(e.token, e.paid), other.as_deref())
        }
        Event::ClaimAnnounced(e) => format!("A claim of {} points was announced", points(U256::from(e.points))),
        Event::Claimed(e) => format!("{} points were claimed", points(U256::from(e.points))),
        Event::ClaimCancelled(e) => format!("The claim of {} points was called off", points(U256::from(e.points))),
        _ => String::new(),
    }
}
