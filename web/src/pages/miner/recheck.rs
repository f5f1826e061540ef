//! "Verify the last 100 here".

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use leptos::prelude::*;
use vouch_client::words::short;
use wasm_bindgen_futures::spawn_local;

use crate::api::{self, ModelId, ProofSummary};
use crate::settings::{Settings, numbers};
use crate::time::moment;
use crate::worker::{self, Expected};

/// What this browser found out about one proof.
#[derive(Debug, Clone, PartialEq)]
enum Finding {
    Accepted(f64),
    Refused(String),
    NotFetched(String),
}

/// How the whole went.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Tally {
    accepted: u64,
    refused: u64,
    not_fetched: u64,
    verify_ms: f64,
}

/// Most proofs that are listed.
const LISTED: usize = 100;

/// The list of proofs, each verifiable on a click, and all of them at once. New proofs join the list; what has been
/// found out about the others stays.
#[component]
pub(super) fn Recheck(
    /// Recent proofs, newest first.
    #[prop(into)]
    proofs: Signal<Vec<ProofSummary>>,
) -> impl IntoView {
    let findings = RwSignal::new(HashMap::<String, Finding>::new());
    let running = RwSignal::new(false);
    let policy = Settings::get().allow_development;
    let listed = move || proofs.with(|proofs| proofs.iter().take(LISTED).cloned().collect::<Vec<_>>());
    let count = Memo::new(move |_| proofs.with(|proofs| proofs.len().min(LISTED)));
    // How many are verified by the last press of the button.
    let asked = RwSignal::new(0);
    let tally = Memo::new(move |_| {
        findings.with(|findings| {
            findings.values().fold(Tally::default(), |mut tally, finding| {
                match finding {
                    Finding::Accepted(ms) => {
                        tally.accepted += 1;
                        tally.verify_ms += ms;
                    }
                    Finding::Refused(_) => tally.refused += 1,
                    Finding::NotFetched(_) => tally.not_fetched += 1,
                }
                tally
            })
        })
    });
    let all = move |_| {
        running.set(true);
        let allow = policy.get_untracked();
        findings.set(HashMap::new());
        let list = untrack(listed);
        asked.set(list.len());
        spawn_local(async move {
            let mut keys = HashMap::new();
            for proof in list {
                let finding = check(&proof, allow, &mut keys).await;
                if findings.try_update(|findings| findings.insert(proof.id, finding)).is_none() {
                    return;
                }
            }
            running.try_set(false);
        });
    };
    let one = move |proof: ProofSummary| {
        let allow = policy.get_untracked();
        spawn_local(async move {
            let finding = check(&proof, allow, &mut HashMap::new()).await;
            findings.try_update(|findings| findings.insert(proof.id, finding));
        });
    };
    let summary = move || {
        let (tally, numbers) = (tally.get(), numbers());
        let done = tally.accepted + tally.refused + tally.not_fetched;
        if done == 0 {
            return "Nothing verified here yet.".to_owned();
        }
        let rate = if tally.verify_ms > 0.0 { tally.accepted as f64 * 1000.0 / tally.verify_ms } else { 0.0 };
        let mut text = format!(
            "{} of {} verified here: {} accepted, {} refused. {} each, {} a second.",
            numbers.count(done),
            numbers.count(done.max(asked.get() as u64)),
            numbers.count(tally.accepted),
            numbers.count(tally.refused),
            numbers.ms(tally.verify_ms / tally.accepted.max(1) as f64),
            numbers.fixed(rate, 1)
        );
        if tally.not_fetched > 0 {
            text.push_str(&format!(" {} could not be fetched.", numbers.count(tally.not_fetched)));
        }
        text
    };
    let row = move |proof: ProofSummary| {
        let id = proof.id.clone();
        let result = move || {
            findings.with(|findings| {
                findings.get(&id).map(|finding| match finding {
                    Finding::Accepted(ms) => format!("accepted, {}", numbers().ms(*ms)),
                    Finding::Refused(by) => format!("refused by {by}"),
                    Finding::NotFetched(why) => why.clone(),
                })
            })
        };
        let (clicked, link) = (proof.clone(), format!("/verify/{}", proof.id));
        view! {
            <tr>
                <td>{move || moment(proof.at_ms as f64)}</td>
                <td class="num">{move || numbers().ms(proof.response_ms)}</td>
                <td class="num">{move || numbers().bytes(proof.bytes)}</td>
                <td><a class="mono" href=link>{short(&proof.id)}</a></td>
                <td>
                    {move || match result() {
                        Some(text) => text.into_any(),
                        None => {
                            let proof = clicked.clone();
                            view! { <button type="button" class="plain" on:click=move |_| one(proof.clone())>"verify here"</button> }.into_any()
                        }
                    }}
                </td>
            </tr>
        }
    };
    view! {
        <section class="section" aria-labelledby="recheck-title">
            <h2 id="recheck-title">"Recent proofs"</h2>
            <div class="row">
                <button type="button" class="primary" id="verify-all" disabled=running on:click=all>
                    {move || match count.get() {
                        1 => "Verify it here".to_owned(),
                        count => format!("Verify the last {count} here"),
                    }}
                </button>
                <span role="status" id="recheck-summary">{summary}</span>
            </div>
            <div class="scroll" tabindex="0" role="region" aria-label="Table of recent proofs">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"When"</th>
                            <th scope="col" class="num">"Response"</th>
                            <th scope="col" class="num">"Size"</th>
                            <th scope="col">"Proof"</th>
                            <th scope="col">"This browser"</th>
                        </tr>
                    </thead>
                    <tbody><For each=listed key=|proof| proof.id.clone() children=row /></tbody>
                </table>
            </div>
        </section>
    }
}

/// Fetches and verifies one proof. What was asked only the validator knows, so any nonce and any inputs are accepted.
async fn check(proof: &ProofSummary, allow: bool, keys: &mut HashMap<ModelId, Vec<u8>>) -> Finding {
    let fetched = async {
        if let Entry::Vacant(place) = keys.entry(proof.model_id) {
            place.insert(api::key(proof.model_id).await?);
        }
        api::envelope(&proof.id).await
    };
    let envelope = match fetched.await {
        Ok(envelope) => envelope,
        Err(failure) => return Finding::NotFetched(failure.sentence()),
    };
    let expected = Expected { model_id: Some(proof.model_id), allow_development_srs: allow, ..Expected::default() };
    let key = keys.get(&proof.model_id).map(Vec::as_slice).unwrap_or_default();
    match worker::verify(key, &envelope, &expected).await {
        Ok(report) if report.accepted => Finding::Accepted(report.total_ms),
        Ok(report) => Finding::Refused(report.refused_by().join(", ")),
        Err(reason) => Finding::Refused(reason),
    }
}
