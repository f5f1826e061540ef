//! The holder's side: values and salt from the file that was saved with the prediction, a fact, a proof.

use leptos::prelude::*;
use vouch_api::Nonce;
use vouch_client::fact::FactKey;
use vouch_client::hidden::{Opening, Recognition};
use vouch_client::numbers::Numbers;
use vouch_client::words::{short, title};
use vouch_disclosure::Statement;
use vouch_envelope::Section;
use wasm_bindgen_futures::spawn_local;

use super::Choose;
use crate::api;
use crate::components::Download;
use crate::fact;
use crate::prover::{self, Times};
use crate::random::random;
use crate::settings::Settings;
use crate::worker;

/// What the holder has.
#[derive(Debug, Clone, PartialEq)]
struct Held {
    key: FactKey,
    opening: Opening,
}

/// A proof of a fact.
#[derive(Debug, Clone, PartialEq)]
struct Made {
    words: String,
    envelope: Vec<u8>,
    times: Times,
    nonce: Nonce,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Idle,
    Working(&'static str),
    Done(Box<Made>),
    Failed(String),
}

/// The section.
#[component]
pub(super) fn Prove() -> impl IntoView {
    let numbers = Settings::get().numbers;
    let held = RwSignal::new(None::<Held>);
    let state = RwSignal::new(State::Idle);
    let take = move |bytes: Vec<u8>| {
        held.set(None);
        state.set(State::Working("the model's keys"));
        spawn_local(async move {
            match open(&bytes).await {
                Ok(found) => {
                    held.set(Some(found));
                    state.set(State::Idle);
                }
                Err(reason) => state.set(State::Failed(reason)),
            }
        });
    };
    view! {
        <section class="section" aria-labelledby="prove-title">
            <h2 id="prove-title">"Prove a fact"</h2>
            <p>"Predict saves a file with the values of a hidden input and their salt. It is read here and does not leave this browser; the proof is made here, too."</p>
            <Choose id="opening-file" label="The file that was saved with the prediction" take />
            {move || held.get().map(|held| view! { <Form held state numbers=numbers.get_untracked() /> })}
            <div role="status" id="prove-state">{move || match state.get() {
                State::Idle => ().into_any(),
                State::Working(what) => view! { <p class="quiet">{format!("{what} …")}</p> }.into_any(),
                State::Failed(reason) => view! { <p class="note bad" id="prove-failed">{reason}</p> }.into_any(),
                State::Done(made) => view! { <Proved made=*made numbers=numbers.get_untracked() /> }.into_any(),
            }}</div>
        </section>
    }
}

/// Reads the file and fetches the keys that belong to it.
async fn open(bytes: &[u8]) -> Result<Held, String> {
    let file: Recognition = serde_json::from_slice(bytes)
        .map_err(|_| "This is not a file that was saved with a prediction (recognize-….json).".to_owned())?;
    let (model, model_key) = fact::model(file.model_id).await?;
    let opening = Opening::read(file, &model).map_err(|error| error.to_string())?;
    let tensor = model.schema.named(Section::Inputs, &opening.tensor);
    let Some(tensor) = tensor.filter(|_| opening.section == Section::Inputs) else {
        return Err(format!("{} is an output: facts are proved about inputs.", opening.tensor));
    };
    Ok(Held { key: fact::fetch(&model, &model_key, tensor).await?, opening })
}

/// Which fact.
#[component]
fn Form(held: Held, state: RwSignal<State>, numbers: Numbers) -> impl IntoView {
    let index = RwSignal::new(0usize);
    let exact = RwSignal::new(true);
    let (lo, hi) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let nonce = RwSignal::new(String::new());
    let tensor = held.key.tensor.clone();
    let unit = tensor.unit.clone();
    let name = title(&tensor.name);
    let hash = held.opening.hash.to_string();
    let values: Vec<String> = held.opening.values.iter().map(|&v| numbers.auto(tensor.real(v))).collect();
    let held = StoredValue::new(held);
    let prove = move |_| {
        let made = held.with_value(|held| {
            let bounds = (!exact.get_untracked()).then(|| (lo.get_untracked(), hi.get_untracked()));
            let bounds = bounds.as_ref().map(|(lo, hi)| (lo.as_str(), hi.as_str()));
            let statement = held.key.statement(&held.opening.values, index.get_untracked(), bounds);
            statement.map_err(|error| error.to_string())
        });
        let nonce = match nonce.get_untracked().trim() {
            "" => Ok(Nonce(random())),
            text => {
                text.to_lowercase().parse().map_err(|_| "A nonce is written with 64 hexadecimal digits.".to_owned())
            }
        };
        let (statement, nonce) = match (made, nonce) {
            (Ok(statement), Ok(nonce)) => (statement, nonce),
            (Err(reason), _) | (_, Err(reason)) => return state.set(State::Failed(reason)),
        };
        let held = held.get_value();
        spawn_local(async move {
            state.set(State::Working("the prover's key"));
            state.set(match run(&held, &statement, nonce, state, numbers).await {
                Ok(made) => State::Done(Box::new(made)),
                Err(reason) => State::Failed(reason),
            });
        });
    };
    let busy = move || state.with(|state| matches!(state, State::Working(_)));
    view! {
        <div class="section" id="fact-form">
            <p>{format!("{name}: {} values. Their hash is ", values.len())}<span class="mono small" id="fact-hash">{short(&hash)}</span></p>
            <label>"Which value"
                <select id="fact-index" on:change=move |event| index.set(event_target_value(&event).parse().unwrap_or(0))>
                    {values.into_iter().enumerate().map(|(i, value)| view! {
                        <option value=i.to_string()>{format!("value {}: {value} {unit}", i + 1)}</option>
                    }).collect_view()}
                </select>
            </label>
            <fieldset>
                <legend>"What to show of it"</legend>
                <div class="choice">
                    <label><input type="radio" name="fact-kind" value="exact" prop:checked=move || exact.get() on:change=move |_| exact.set(true) />"the value itself"</label>
                    <label><input type="radio" name="fact-kind" value="range" prop:checked=move || !exact.get() on:change=move |_| exact.set(false) />"that it is within a range"</label>
                </div>
            </fieldset>
            {move || (!exact.get()).then(|| view! {
                <div class="row">
                    <label>"From"<input type="text" inputmode="decimal" id="fact-lo" autocomplete="off" prop:value=lo on:input=move |event| lo.set(event_target_value(&event)) /></label>
                    <label>"to"<input type="text" inputmode="decimal" id="fact-hi" autocomplete="off" prop:value=hi on:input=move |event| hi.set(event_target_value(&event)) /></label>
                </div>
            })}
            <label>"Nonce of whoever asks for the proof (64 hexadecimal digits; empty: any)"
                <input type="text" class="mono" id="fact-nonce" autocomplete="off" spellcheck="false" on:input=move |event| nonce.set(event_target_value(&event)) />
            </label>
            <div class="row"><button type="button" class="primary" id="fact-prove" prop:disabled=busy on:click=prove>"Prove it, here"</button></div>
        </div>
    }
}

/// Proves, and checks the proof with the verifier of this browser.
async fn run(
    held: &Held,
    statement: &Statement,
    nonce: Nonce,
    state: RwSignal<State>,
    numbers: Numbers,
) -> Result<Made, String> {
    let FactKey { model, tensor, key, .. } = &held.key;
    let prover_key =
        api::fact_key(model.model_id, &tensor.name, "prover.key").await.map_err(|failure| failure.sentence())?;
    state.set(State::Working("proving"));
    let Opening { values, salt, hash, .. } = &held.opening;
    let (envelope, times) = prover::prove(&prover_key, key, values, *salt, statement, nonce).await?;
    let expected = held.key.expected(statement, Some(*hash), true);
    let mut expected = expected.map_err(|error| error.to_string())?;
    expected.nonce = Some(nonce);
    let report = worker::verify(key, &envelope, &expected).await?;
    if !report.accepted {
        return Err(format!("The new proof is refused by {}; it is thrown away.", report.refused_by().join(" and ")));
    }
    Ok(Made { words: held.key.words(statement, numbers), envelope, times, nonce })
}

/// The proof.
#[component]
fn Proved(made: Made, numbers: Numbers) -> impl IntoView {
    let Times { start_ms, key_ms, prove_ms, k } = made.times;
    let size = numbers.bytes(made.envelope.len() as u64);
    let text = format!(
        "{size}, {} to prove (2^{k} rows), {} to load the prover and its key. This browser's verifier accepts it.",
        numbers.ms(prove_ms),
        numbers.ms(start_ms + key_ms)
    );
    view! {
        <div class="section" id="fact-made">
            <p><strong id="fact-words">{made.words}</strong></p>
            <p class="small quiet" id="fact-times">{text}</p>
            <p class="small">"Nonce "<span class="mono" id="fact-used-nonce">{made.nonce.to_string()}</span></p>
            <div class="row"><Download label="Save the proof of this fact" name="fact.vouch" bytes=made.envelope /></div>
        </div>
    }
}
