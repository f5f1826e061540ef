//! The other side: a proof of a fact, and what it is about.

use leptos::prelude::*;
use vouch_api::Nonce;
use vouch_client::fact::FactKey;
use vouch_client::report::refuses_development;
use vouch_client::words::{short, title};
use vouch_disclosure::Statement;
use vouch_envelope::{ProofEnvelope, TensorHash};
use wasm_bindgen_futures::spawn_local;

use super::Choose;
use crate::components::AcceptDevelopment;
use crate::fact;
use crate::settings::Settings;
use crate::worker::{self, Report};

/// What was found out about a proof.
#[derive(Debug, Clone, PartialEq)]
struct Found {
    words: String,
    tensor: String,
    hash: TensorHash,
    /// Whether the hash is one that the user gave, or one from a proof of the model.
    tied: bool,
    nonce: String,
    report: Report,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Idle,
    Working,
    Done(Box<Found>),
    Failed(String),
}

/// The section.
#[component]
pub(super) fn Check() -> impl IntoView {
    let settings = Settings::get();
    let fact = RwSignal::new(None::<Vec<u8>>);
    let original = RwSignal::new(None::<Vec<u8>>);
    let (hash, nonce) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let state = RwSignal::new(State::Idle);
    // Only the newest check counts.
    let turn = StoredValue::new(0u32);
    Effect::new(move || {
        let (original, hash, nonce) = (original.get(), hash.get(), nonce.get());
        let development = settings.allow_development.get();
        let numbers = settings.numbers.get();
        let Some(fact) = fact.get() else { return };
        let own = turn.get_value().wrapping_add(1);
        turn.set_value(own);
        state.set(State::Working);
        spawn_local(async move {
            let found = async {
                let (key, statement, envelope) = understand(&fact).await?;
                let wanted = wanted(&key, original, &hash, development).await?;
                let shown = envelope.public.input_hashes.first().copied();
                let expected = key.expected(&statement, wanted, development);
                let mut expected = expected.map_err(|error| error.to_string())?;
                if !nonce.trim().is_empty() {
                    let parsed = nonce.trim().to_lowercase().parse::<Nonce>();
                    expected.nonce =
                        Some(parsed.map_err(|_| "A nonce is written with 64 hexadecimal digits.".to_owned())?);
                }
                let report = worker::verify(&key.key, &fact, &expected).await?;
                Ok::<_, String>(Found {
                    words: key.words(&statement, numbers),
                    tensor: title(&key.tensor.name),
                    hash: wanted.or(shown).ok_or_else(|| "The proof shows no hash.".to_owned())?,
                    tied: wanted.is_some(),
                    nonce: envelope.nonce.to_string(),
                    report,
                })
            };
            let found = found.await;
            if turn.get_value() == own {
                state.set(found.map_or_else(State::Failed, |found| State::Done(Box::new(found))));
            }
        });
    });
    view! {
        <section class="section" aria-labelledby="check-title">
            <h2 id="check-title">"Check a fact"</h2>
            <p>"Your browser checks it, with the same program as proofs of predictions. A fact is about a hash: say which one, or give the proof of the prediction that shows it."</p>
            <Choose id="fact-file" label="The proof of the fact" take=move |bytes| fact.set(Some(bytes)) />
            <Choose id="original-file" label="The proof of the prediction that it is about" take=move |bytes| original.set(Some(bytes)) />
            <details class="more">
                <summary>"Or the hash alone, and the nonce that you asked with"</summary>
                <div class="section">
                    <label>"Hash of the hidden input (64 hexadecimal digits)"
                        <input type="text" class="mono" id="check-hash" autocomplete="off" spellcheck="false" on:change=move |event| hash.set(event_target_value(&event)) />
                    </label>
                    <label>"Nonce (64 hexadecimal digits)"
                        <input type="text" class="mono" id="check-nonce" autocomplete="off" spellcheck="false" on:change=move |event| nonce.set(event_target_value(&event)) />
                    </label>
                </div>
            </details>
            <div role="status" id="check-state">{move || match state.get() {
                State::Idle => ().into_any(),
                State::Working => view! { <p class="quiet">"checking …"</p> }.into_any(),
                State::Failed(reason) => view! { <p class="note bad" id="check-failed">{reason}</p> }.into_any(),
                State::Done(found) => view! { <Outcome found=*found /> }.into_any(),
            }}</div>
        </section>
    }
}

/// The key that an envelope was made for, and the statement that it makes.
async fn understand(bytes: &[u8]) -> Result<(FactKey, Statement, ProofEnvelope), String> {
    let envelope =
        ProofEnvelope::decode(bytes).map_err(|error| format!("This is not a proof, or it is damaged: {error}."))?;
    let key = fact::key_of(&envelope).await?;
    let statement =
        Statement::from_inputs(&key.spec(), &envelope.public.inputs).map_err(|error| format!("{error}."))?;
    Ok((key, statement, envelope))
}

/// The hash that the fact has to be about.
async fn wanted(
    key: &FactKey,
    original: Option<Vec<u8>>,
    typed: &str,
    development: bool,
) -> Result<Option<TensorHash>, String> {
    let typed = match typed.trim() {
        "" => None,
        text => Some(
            text.to_lowercase()
                .parse::<TensorHash>()
                .map_err(|_| "A hash is written with 64 hexadecimal digits.".to_owned())?,
        ),
    };
    let Some(original) = original else { return Ok(typed) };
    let shown = fact::hash_in(key, &original, development).await?;
    if typed.is_some_and(|typed| typed != shown) {
        return Err("The proof of the prediction shows another hash than the one that you typed.".to_owned());
    }
    Ok(Some(shown))
}

/// The verdict.
#[component]
fn Outcome(found: Found) -> impl IntoView {
    let Found { words, tensor, hash, tied, nonce, report } = found;
    let hash = short(&hash.to_string());
    let (class, word) = if report.accepted { ("recognized", "Accepted") } else { ("note bad", "Refused") };
    let about = match (report.accepted, tied) {
        (true, true) => format!("True of the {tensor} with the hash {hash}, which is the one that you gave."),
        (true, false) => format!(
            "True of a {tensor} with the hash {hash}. Whose that is, only a proof of a prediction with this hash says: give it above."
        ),
        (false, _) => format!("Refused by {}.", report.refused_by().join(" and ")),
    };
    view! {
        <div class="section" id="check-outcome">
            <p class=class><strong id="check-verdict">{word}</strong></p>
            <p><strong id="check-words">{words}</strong></p>
            <p id="check-about">{about}</p>
            <p class="small">"Nonce "<span class="mono">{nonce}</span></p>
            <ul class="small quiet">{report.checks.iter().map(|check| view! {
                <li data-fact-check=check.name.clone()>{format!("{}: {}. {}", check.name, check.verdict(), check.detail)}</li>
            }).collect_view()}</ul>
            {refuses_development(report.checks.iter()).then(|| view! { <AcceptDevelopment /> })}
        </div>
    }
}
