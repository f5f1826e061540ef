//! What the validator has recorded of an account, where the chain's node does not let this page read the events itself.

use leptos::prelude::*;
use vouch_client::deposits::{Account, short, withdrew};
use vouch_deposits::{Address, parse_address};

use super::events::{EventTable, LISTED, Line, amount, points};
use crate::api::{AccountDeposits, DEPOSITS, DepositEntry, DepositEvent};
use crate::ethereum::Source;
use crate::poll::{SLOW, poll};

/// The validator's record.
#[component]
pub(super) fn Recorded(
    /// Names the tokens.
    source: Source,
    /// Whose record.
    address: Address,
) -> impl IntoView {
    let record = poll::<AccountDeposits>(format!("{DEPOSITS}/{}?limit={LISTED}", address.to_checksum(None)), SLOW);
    let lines = Memo::new(move |_| {
        source.account.with(|account| {
            let account = account.as_ref()?;
            record.data.with(|record| Some(record.as_ref()?.history.iter().map(|entry| line(account, entry)).collect()))
        })
    });
    let lines = Signal::derive(move || lines.get().unwrap_or_else(Vec::new));
    let total =
        Signal::derive(move || record.data.with(|record| record.as_ref().map_or(0, |record| record.history_total)));
    let said = move || {
        let failure = record.failure.with(|failure| failure.as_ref().map(|failure| failure.sentence()));
        record.data.with(|record| match (record, failure) {
            (Some(record), _) => format!(
                "What follows is the validator's record, up to block {}: its word, which this page has not checked.",
                record.block.number
            ),
            (None, Some(why)) => format!("The validator's own record cannot be read either. {why}"),
            (None, None) => "Reading the validator's own record …".to_owned(),
        })
    };
    view! {
        <p class="note small" id="recorded">{said}</p>
        <EventTable lines total />
    }
}

fn line(account: &Account, entry: &DepositEntry) -> Line {
    Line {
        at_ms: entry.block.at_ms as f64,
        block: entry.block.number,
        transaction: entry.transaction.clone(),
        what: what(account, &entry.event),
        points: entry.points.parse().ok(),
    }
}

fn what(account: &Account, event: &DepositEvent) -> String {
    let amount = |token: &str, units: &str| match units.parse() {
        Ok(units) => {
            let known = account.tokens.iter().find(|known| Ok(known.address) == parse_address(token));
            amount(known, token, units)
        }
        Err(_) => "an amount that cannot be read".to_owned(),
    };
    let points = |text: &str| text.parse().map_or_else(|_| "unreadable".to_owned(), points);
    match event {
        DepositEvent::Deposited { token, units, .. } => format!("Deposited {}", amount(token, units)),
        DepositEvent::Withdrawn { token, units, paid, to, .. } => {
            let other = parse_address(to).ok().filter(|to| *to != account.address).map(short);
            withdrew(&amount(token, units), &amount(token, paid), other.as_deref())
        }
        DepositEvent::ClaimAnnounced { claim, .. } => format!("A claim of {} points was announced", points(claim)),
        DepositEvent::Claimed { claim } => format!("{} points were claimed", points(claim)),
        DepositEvent::ClaimCancelled { claim } => format!("The claim of {} points was called off", points(claim)),
    }
}
