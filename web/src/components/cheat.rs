//! "Try to cheat": change the envelope, and see which check refuses.

use leptos::prelude::*;
use vouch_client::report::in_words;
use vouch_client::tamper::Cheat;
use vouch_client::words::shortened;
use vouch_envelope::ProofEnvelope;
use wasm_bindgen_futures::spawn_local;

use crate::components::VerdictState;
use crate::settings::{Settings, numbers};
use crate::worker::{self, Expected};

/// Buttons that tamper with an envelope and verify the result with the same expectations.
#[component]
pub(crate) fn TryToCheat(
    /// The verifying key.
    key: Vec<u8>,
    /// The honest envelope.
    envelope: ProofEnvelope,
    /// What is expected, apart from the setup.
    expected: Expected,
) -> impl IntoView {
    let cheats = Cheat::ALL.into_iter().filter(|cheat| cheat.applies(&envelope)).collect::<Vec<_>>();
    let given = StoredValue::new((key, envelope, expected));
    let policy = Settings::get().allow_development;
    let card = move |cheat: Cheat| {
        let state = RwSignal::new(VerdictState::Waiting);
        let try_it = move |_| {
            let (key, envelope, mut expected) = given.get_value();
            expected.allow_development_srs = policy.get_untracked();
            state.set(VerdictState::Running);
            spawn_local(async move {
                let answer = match cheat.apply(&envelope) {
                    Ok(bytes) => worker::verify(&key, &bytes, &expected).await,
                    Err(reason) => Err(reason),
                };
                state.set(VerdictState::from_answer(answer));
            });
        };
        view! {
            <li class="cheat" data-cheat=cheat.key()>
                <p class="small quiet">{cheat.why()}</p>
                <button type="button" on:click=try_it>{cheat.label()}</button>
                <p class="cheat-result" role="status">{move || outcome(&state.get())}</p>
            </li>
        }
    };
    view! {
        <section class="section" aria-labelledby="cheat-title">
            <h2 id="cheat-title">"Try to cheat"</h2>
            <p>"Each button changes the envelope as a liar might, and gives it to the verifier again. A good verifier refuses all of them, and says why."</p>
            <ul class="cheats plain">{cheats.into_iter().map(card).collect_view()}</ul>
        </section>
    }
}

fn outcome(state: &VerdictState) -> impl IntoView + use<> {
    match state {
        VerdictState::Waiting => "".into_any(),
        VerdictState::Running => "Checking …".into_any(),
        VerdictState::Impossible(reason) => reason.clone().into_any(),
        VerdictState::Done(report) if report.accepted => {
            "Accepted. That must not happen: please report it, with the envelope.".into_any()
        }
        VerdictState::Done(report) => {
            let by = report.refused_by();
            let detail = report.checks.iter().find(|check| check.refused()).map(|check| shortened(&in_words(check)));
            let time = numbers().ms(report.total_ms);
            view! {
                <strong>"Refused"</strong>
                {format!(" by {} ({time}). ", by.join(" and "))}
                <span class="quiet">{detail}</span>
            }
            .into_any()
        }
    }
}
