//! "Try to cheat": change the chain, and see what refuses.

use leptos::prelude::*;
use vouch_client::tamper::ChainCheat;
use vouch_client::words::shortened;
use wasm_bindgen_futures::spawn_local;

use crate::settings::{Settings, numbers};
use crate::strategy::{ChainEvidence, ChainState};

/// For a chain that was accepted, buttons that tamper with it and verify the result with the same expectations.
#[component]
pub(super) fn TryToCheat(state: RwSignal<ChainState>, evidence: ChainEvidence) -> impl IntoView {
    let accepted = Memo::new(move |_| state.with(|state| matches!(state, ChainState::Done(report) if report.accepted)));
    move || accepted.get().then(|| view! { <Cheats evidence=evidence.clone() /> })
}

#[component]
fn Cheats(evidence: ChainEvidence) -> impl IntoView {
    let policy = Settings::get().allow_development;
    let given = StoredValue::new(evidence);
    let card = move |cheat: ChainCheat| {
        let state = RwSignal::new(ChainState::Waiting);
        let try_it = move |_| {
            let evidence = given.get_value();
            let allow = policy.get_untracked();
            state.set(ChainState::Running);
            spawn_local(async move {
                let done = match evidence.cheated(cheat) {
                    Ok(bytes) => evidence.verify(&bytes, allow).await,
                    Err(reason) => ChainState::Impossible(reason),
                };
                state.try_set(done);
            });
        };
        view! {
            <li class="cheat" data-cheat=cheat.key()>
                <p class="small quiet">{cheat.why()}</p>
                <button type="button" on:click=try_it>{cheat.label()}</button>
                <p class="cheat-result" role="status">{move || given.with_value(|evidence| outcome(&state.get(), evidence))}</p>
            </li>
        }
    };
    view! {
        <section class="section" aria-labelledby="cheat-title">
            <h2 id="cheat-title">"Try to cheat"</h2>
            <p>"Each button changes the chain as a liar might, and gives it to the verifier again. A good verifier refuses all of them, and says which proof or link is wrong."</p>
            <ul class="cheats plain">{ChainCheat::ALL.into_iter().map(card).collect_view()}</ul>
        </section>
    }
}

fn outcome(state: &ChainState, evidence: &ChainEvidence) -> impl IntoView + use<> {
    match state {
        ChainState::Waiting => "".into_any(),
        ChainState::Running => "Checking …".into_any(),
        ChainState::Impossible(reason) => reason.clone().into_any(),
        ChainState::Done(report) if report.accepted => {
            "Accepted. That must not happen: please report it, with the chain.".into_any()
        }
        ChainState::Done(report) => {
            let refused = report.refusals(&evidence.tokens());
            let places: Vec<&str> = refused.iter().map(|refusal| refusal.place.as_str()).take(3).collect();
            let detail = refused.first().map(|refusal| shortened(&refusal.detail));
            let time = numbers().ms(report.total_ms);
            view! {
                <strong>"Refused"</strong>
                {format!(" at {} ({time}). ", places.join(", at "))}
                <span class="quiet">{detail}</span>
            }
            .into_any()
        }
    }
}
