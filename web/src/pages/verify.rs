//! "Verify": an envelope from a file, from the clipboard, or from a link.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use vouch_client::hidden::{self, Opening, Recognition};
use vouch_envelope::ProofEnvelope;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DragEvent, File, HtmlInputElement};

use crate::api::{self, ModelId, Nonce};
use crate::components::{Evidence, EvidenceDetails, Loading, Meaning, OnChain, Recognize, Verdict};
use crate::http::Failure;
use crate::poll::{alive, sleep};
use crate::worker::{self, Expected};

/// First bytes of a verifying key.
const KEY_MAGIC: &[u8; 8] = b"VOUCHVK\0";

/// What the page has.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "there is one on the page")]
enum State {
    /// Nothing yet.
    Empty,
    /// Something is on its way.
    Fetching(&'static str),
    /// An envelope, with its key.
    Ready(Evidence),
    /// An envelope of a model that the validator does not know; the key is needed from elsewhere.
    KeyWanted(Arc<Vec<u8>>, String),
    /// What was given is of no use.
    Unusable(String),
}

/// The page.
#[component]
pub(crate) fn Verify() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let state = RwSignal::new(State::Empty);
    let model = RwSignal::new(query.with_untracked(|query| query.get("model").unwrap_or_default()));
    let nonce = RwSignal::new(query.with_untracked(|query| query.get("nonce").unwrap_or_default()));
    let key = RwSignal::new(None::<Arc<Vec<u8>>>);
    let expected = move || expectations(&model.get_untracked(), &nonce.get_untracked());
    // Why a file of hidden values is of no use.
    let wrong = RwSignal::new(None::<String>);
    let open = move |evidence: Evidence, opening: Result<Opening, String>| match opening {
        Ok(opening) => state.set(State::Ready(evidence.with_opening(opening))),
        Err(reason) => wrong.set(Some(reason)),
    };
    let typed = move |opening: Opening| {
        if let State::Ready(evidence) = state.get_untracked() {
            wrong.set(None);
            open(evidence, Ok(opening));
        }
    };
    // Kept while what is expected cannot be read.
    let held = StoredValue::new(None::<Evidence>);
    let take = move |bytes: Vec<u8>, link: Option<String>| {
        held.set_value(None);
        spawn_local(async move {
            match understand(bytes) {
                Ok(UserInput::Key(bytes)) => {
                    key.set(Some(Arc::new(bytes)));
                    if let State::KeyWanted(envelope, _) = state.get_untracked() {
                        state.set(ready(envelope, key.get_untracked(), expected(), None).await);
                    }
                }
                Ok(UserInput::Envelope(bytes)) => {
                    state.set(State::Fetching("the model's verifying key"));
                    state.set(ready(Arc::new(bytes), key.get_untracked(), expected(), link).await);
                }
                Ok(UserInput::Recognition(file)) => {
                    wrong.set(None);
                    match state.get_untracked() {
                        State::Ready(evidence) => {
                            let opening = Opening::read(*file, &evidence.facts).map_err(|error| error.to_string());
                            open(evidence, opening);
                        }
                        _ => wrong.set(Some("This file says what is hidden in a proof. Give the proof first.".into())),
                    }
                }
                Err(reason) => state.set(State::Unusable(reason)),
            }
        });
    };
    Effect::new(move || {
        let Some(id) = params.with(|params| params.get("id")) else {
            return;
        };
        let alive = alive();
        state.set(State::Fetching("the proof"));
        spawn_local(async move {
            while alive.load(std::sync::atomic::Ordering::Relaxed) {
                match api::envelope(&id).await {
                    Ok(bytes) => return take(bytes, None),
                    Err(Failure::Unreachable) => {
                        state.set(State::Fetching("the proof (the validator does not answer; trying again)"));
                        sleep(std::time::Duration::from_secs(2)).await;
                    }
                    Err(failure) if failure.is_missing() => {
                        return state.set(State::Unusable(format!(
                            "This validator has no proof with the identifier {id}. It keeps proofs for a limited time; whoever gave you the link may still have the file."
                        )));
                    }
                    Err(failure) => return state.set(State::Unusable(failure.sentence())),
                }
            }
        });
    });
    let again = move |_: ()| {
        let evidence = match state.get_untracked() {
            State::Ready(evidence) => Some(evidence),
            State::Unusable(_) => held.get_value(),
            _ => None,
        };
        let Some(evidence) = evidence else {
            return;
        };
        held.set_value(Some(evidence.clone()));
        state.set(match expected() {
            Ok(mut expected) => {
                hidden::expect(&mut expected, &evidence.facts.schema, &evidence.known);
                State::Ready(Evidence { expected, ..evidence })
            }
            Err(reason) => State::Unusable(reason),
        });
    };
    // Who follows a link wants the verdict first.
    let linked = params.with_untracked(|params| params.get("id").is_some());
    let intake = move || {
        view! {
            <section class="section" aria-label="The proof to check">
                <Drop take=move |bytes| take(bytes, None) />
                <details class="more" open=query.with_untracked(|query| query.get("nonce").is_some() || query.get("model").is_some())>
                    <summary>"What do you expect?"</summary>
                    <div class="section">
                        <p class="small quiet">"If you asked the question yourself, or someone you trust did, say here what was asked. A proof that answers something else is then refused. Left empty, any is accepted, and the report says so."</p>
                        <label>"Identity of the model (64 hexadecimal digits)"
                            <input type="text" class="mono" id="expect-model" autocomplete="off" spellcheck="false" prop:value=model on:change=move |event| { model.set(event_target_value(&event)); again(()); } />
                        </label>
                        <label>"Nonce of the request (64 hexadecimal digits)"
                            <input type="text" class="mono" id="expect-nonce" autocomplete="off" spellcheck="false" prop:value=nonce on:change=move |event| { nonce.set(event_target_value(&event)); again(()); } />
                        </label>
                    </div>
                </details>
            </section>
        }
    };
    view! {
        <Title text="Verify" />
        <div class="lead">
            <h1>"Check a proof, here"</h1>
            <p>"Your browser does the checking, with the same program as the validators. Nothing that a server says about the proof counts."</p>
        </div>
        {(!linked).then(intake)}
        <div role="status" id="not-recognized">{move || wrong.get().map(|reason| view! { <p class="note bad">{reason}</p> })}</div>
        {move || match state.get() {
            State::Empty => ().into_any(),
            State::Fetching(what) => view! { <Loading what /> }.into_any(),
            State::Unusable(reason) => view! { <p class="note bad" role="status" id="unusable">{reason}</p> }.into_any(),
            State::KeyWanted(_, reason) => view! { <p class="note warn" role="status" id="key-wanted">{reason}</p> }.into_any(),
            State::Ready(evidence) => {
                let verdict = evidence.verdict();
                view! {
                    <Verdict state=verdict />
                    <Meaning state=verdict evidence=evidence.clone() />
                    <Recognize evidence=evidence.clone() take=typed />
                    <EvidenceDetails state=verdict evidence=evidence.clone() />
                    <OnChain evidence />
                }.into_any()
            }
        }}
        {linked.then(intake)}
    }
}

/// What the user expects, from two fields that may be empty.
fn expectations(model: &str, nonce: &str) -> Result<Expected, String> {
    let read = |text: &str, what: &str| {
        let text = text.trim().to_lowercase();
        let digits = || format!("{what} is written with 64 hexadecimal digits; “{text}” is not.");
        (!text.is_empty()).then(|| vouch_envelope::hex::decode_array(&text).map_err(|_| digits())).transpose()
    };
    Ok(Expected {
        model_id: read(model, "A model's identity")?.map(ModelId),
        nonce: read(nonce, "A nonce")?.map(Nonce),
        ..Expected::default()
    })
}

/// What someone has given to the page.
enum UserInput {
    Envelope(Vec<u8>),
    Key(Vec<u8>),
    Recognition(Box<Recognition>),
}

/// Bytes, hexadecimal text or JSON; an envelope or a key.
fn understand(bytes: Vec<u8>) -> Result<UserInput, String> {
    if bytes.starts_with(KEY_MAGIC) {
        return Ok(UserInput::Key(bytes));
    }
    if bytes.starts_with(&vouch_envelope::ENVELOPE_MAGIC) {
        return Ok(UserInput::Envelope(bytes));
    }
    let nothing = "This is neither an envelope (a file that starts with VOUCHPF, its hexadecimal text, or its JSON) nor a verifying key (VOUCHVK).";
    let text = String::from_utf8(bytes).map_err(|_| nothing.to_owned())?;
    let text = text.trim();
    if text.starts_with('{') {
        if let Ok(file) = serde_json::from_str(text) {
            return Ok(UserInput::Recognition(Box::new(file)));
        }
        let envelope: ProofEnvelope =
            serde_json::from_str(text).map_err(|error| format!("This JSON is not an envelope: {error}."))?;
        return envelope.encode().map(UserInput::Envelope).map_err(|error| error.to_string());
    }
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match vouch_envelope::hex::decode(&digits.to_lowercase()) {
        Ok(bytes) if bytes.starts_with(KEY_MAGIC) => Ok(UserInput::Key(bytes)),
        Ok(bytes) if bytes.starts_with(&vouch_envelope::ENVELOPE_MAGIC) => Ok(UserInput::Envelope(bytes)),
        _ => Err(nothing.to_owned()),
    }
}

async fn ready(
    bytes: Arc<Vec<u8>>,
    key: Option<Arc<Vec<u8>>>,
    expected: Result<Expected, String>,
    link: Option<String>,
) -> State {
    let expected = match expected {
        Ok(expected) => expected,
        Err(reason) => return State::Unusable(reason),
    };
    let model = match ProofEnvelope::decode(&bytes) {
        Ok(envelope) => envelope.model_id,
        Err(error) => return State::Unusable(format!("This starts like an envelope, but it is damaged: {error}.")),
    };
    let key = match key {
        Some(key) => key,
        None => match api::key(model).await {
            Ok(key) => Arc::new(key),
            Err(failure) if failure.is_missing() => {
                let reason = format!(
                    "The envelope is about the model {model}, which this validator does not have. Add the model's verifying key (verifier.key) above, and it is checked with that."
                );
                return State::KeyWanted(bytes, reason);
            }
            Err(failure) => return State::Unusable(failure.sentence()),
        },
    };
    match worker::key_facts(&key).await {
        Ok(facts) => State::Ready(Evidence { key, facts, bytes, expected, known: Vec::new(), link }),
        Err(reason) => State::Unusable(format!("The verifying key cannot be used: {reason}.")),
    }
}

/// A place to drop, choose or paste.
#[component]
fn Drop<F>(take: F) -> impl IntoView
where
    F: Fn(Vec<u8>) + Copy + Send + Sync + 'static,
{
    let over = RwSignal::new(false);
    let read = move |file: File| {
        spawn_local(async move {
            if let Ok(buffer) = JsFuture::from(file.array_buffer()).await {
                take(js_sys::Uint8Array::new(&buffer).to_vec());
            }
        });
    };
    let on_drop = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        let files = event.data_transfer().and_then(|data| data.files());
        let files = files.iter().flat_map(|files| (0..files.length()).filter_map(|index| files.get(index)));
        files.for_each(read);
    };
    let on_choose = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let files = input.and_then(|input| input.files());
        let files = files.iter().flat_map(|files| (0..files.length()).filter_map(|index| files.get(index)));
        files.for_each(read);
    };
    view! {
        <div
            class="drop"
            class:over=over
            on:dragover=move |event: DragEvent| { event.prevent_default(); over.set(true); }
            on:dragleave=move |_| over.set(false)
            on:drop=on_drop
        >
            <label>"Drop an envelope here, or choose the file"
                <input type="file" id="envelope-file" multiple on:change=on_choose />
            </label>
            <label>"or paste it, as hexadecimal text or JSON"
                <textarea
                    id="envelope-text"
                    rows="3"
                    spellcheck="false"
                    on:input=move |event| {
                        let text = event_target_value(&event);
                        if !text.trim().is_empty() {
                            take(text.into_bytes());
                        }
                    }
                ></textarea>
            </label>
        </div>
    }
}
