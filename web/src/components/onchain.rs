//! "Check it on chain": the same proof, checked by the contract on Ethereum, without a wallet.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use vouch_client::onchain::{self, Mistakes, Obstacle, Place, Said};
use vouch_evm::CallError;
use wasm_bindgen_futures::spawn_local;

use super::Evidence;
use crate::api;
use crate::ethereum::node;
use crate::settings::{self, numbers};

/// Names of the fields in the browser's storage.
const STORED: [&str; 3] = ["onchain.node", "onchain.contract", "onchain.chain"];
/// Their names in the page's address.
const LINKED: [&str; 3] = ["rpc", "contract", "chain"];

/// How far the check is.
#[derive(Debug, Clone, PartialEq)]
enum State {
    Waiting,
    Asking,
    Done(Result<Said, Obstacle>),
}

/// The section; for a proof that no contract can check, it says why and what to do.
#[component]
pub(crate) fn OnChain(
    /// What is verified.
    evidence: Evidence,
) -> impl IntoView {
    let Some(envelope) = evidence.envelope() else { return ().into_any() };
    let inner = match onchain::call(&evidence.key, &evidence.facts, &envelope) {
        Ok(call) => view! { <Asking call /> }.into_any(),
        Err(error) => view! { <p id="not-on-chain">{why_not(&error)}</p> }.into_any(),
    };
    view! {
        <section class="section" aria-labelledby="on-chain-title" id="on-chain">
            <h2 id="on-chain-title">"Check it on chain"</h2>
            {inner}
        </section>
    }
    .into_any()
}

fn why_not(error: &CallError) -> String {
    match error {
        CallError::OtherProfile => "The contract on Ethereum cannot check this proof: the model's keys are not of the profile that it reads. Whoever made the keys can make others with `vouch setup --profile evm`; proofs that are made with those can be checked here and there.".into(),
        CallError::OtherModel { .. } => "The proof is about another model than the key's, so there is nothing to ask the contract. Give the key of the proof's model.".into(),
        CallError::OtherValues => "The proof has other public values than the model's tensors, so it is not in the form that the contract takes. Ask for the proof again.".into(),
    }
}

/// The three fields.
#[derive(Clone, Copy)]
struct Typed([RwSignal<String>; 3]);

impl Typed {
    /// What the page's address says, else what was used last, else what the validator proposes.
    fn new() -> Self {
        let query = use_query_map().get_untracked();
        let linked = LINKED.map(|name| query.get(name).unwrap_or_default());
        let first = |texts: [String; 3]| texts.iter().any(|text| !text.is_empty()).then_some(texts);
        let known = first(linked).or_else(|| first(STORED.map(settings::read)));
        let typed = Self(known.clone().unwrap_or_default().map(RwSignal::new));
        if known.is_none() {
            spawn_local(async move {
                // A validator that proposes nothing leaves the fields empty, as one that does not answer does.
                if let Ok(config) = api::onchain().await {
                    let chain = config.chain_id.map(|chain| chain.to_string());
                    typed.propose([config.rpc_url, config.contract, chain]);
                }
            });
        }
        typed
    }

    fn propose(self, texts: [Option<String>; 3]) {
        let untouched = self.0.iter().all(|field| field.try_with_untracked(String::is_empty) == Some(true));
        for (field, text) in self.0.into_iter().zip(texts) {
            if let Some(text) = text.filter(|_| untouched) {
                field.try_set(text);
            }
        }
    }

    fn read(self) -> Result<Place, Mistakes> {
        let [node, contract, chain] = self.0.map(|field| field.get_untracked());
        Place::read(&node, &contract, &chain)
    }

    fn store(self) {
        for (name, field) in STORED.into_iter().zip(self.0) {
            settings::write(name, field.get_untracked().trim());
        }
    }
}

#[component]
fn Asking(call: Vec<u8>) -> impl IntoView {
    let typed = Typed::new();
    let wrong = RwSignal::new(Mistakes::default());
    let state = RwSignal::new(State::Waiting);
    let call = StoredValue::new(call);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        state.set(State::Waiting);
        match typed.read() {
            Err(mistakes) => wrong.set(mistakes),
            Ok(place) => {
                wrong.set(Mistakes::default());
                typed.store();
                state.set(State::Asking);
                let call = call.get_value();
                spawn_local(async move {
                    let said = node::check(&place, &call).await;
                    state.try_set(State::Done(said));
                });
            }
        }
    };
    let [address, contract, chain] = typed.0;
    view! {
        <p>"The contract VouchVerifier checks the same proof on Ethereum. Your browser asks a node of its chain what the contract answers: without a wallet, without a transaction, and without a fee. The node learns the proof and your network address. Choose one that you trust: its answer is only its word."</p>
        <form class="section" on:submit=submit novalidate>
            <Field id="chain-node" label="Node (address of its JSON-RPC)" text=address wrong=Signal::derive(move || wrong.get().node) />
            <Field id="chain-contract" label="Contract (address of a VouchVerifier)" text=contract wrong=Signal::derive(move || wrong.get().contract) />
            <Field id="chain-number" label="Chain (its number; may be empty)" text=chain wrong=Signal::derive(move || wrong.get().chain) />
            <div class="row">
                <button type="submit" id="ask-chain" disabled=move || state.get() == State::Asking>"Check it on chain"</button>
            </div>
        </form>
        <div role="status" id="chain-said">{move || shown(state.get())}</div>
    }
}

#[component]
fn Field(
    id: &'static str,
    label: &'static str,
    text: RwSignal<String>,
    #[prop(into)] wrong: Signal<Option<String>>,
) -> impl IntoView {
    let error = format!("{id}-error");
    view! {
        <div class="section-tight">
            <label for=id>{label}</label>
            <input
                type="text"
                class="mono"
                id=id
                autocomplete="off"
                spellcheck="false"
                aria-describedby=error.clone()
                aria-invalid=move || wrong.with(Option::is_some).to_string()
                prop:value=text
                on:input=move |event| text.set(event_target_value(&event))
            />
            <p class="field-error" id=error>{wrong}</p>
        </div>
    }
}

fn shown(state: State) -> AnyView {
    match state {
        State::Waiting => ().into_any(),
        State::Asking => view! { <p class="quiet">"Asking the node …"</p> }.into_any(),
        State::Done(Err(obstacle)) => {
            view! { <p class="note warn" id="chain-obstacle">{obstacle.sentence()}</p> }.into_any()
        }
        State::Done(Ok(said)) => {
            let class = if said.gas.is_some() && said.word() == "Valid" { "note" } else { "note bad" };
            let gas = said.gas.map(|gas| {
                let gas = numbers().count(gas);
                view! { <p id="chain-gas">"A transaction with this call would take about "<strong>{gas}</strong>" gas."</p> }
            });
            let chain = format!(
                "Chain {}. The code at the address is that of VouchVerifier as this release has it.",
                said.chain
            );
            view! {
                <div class=class>
                    <p><strong id="chain-word">{said.word()}</strong></p>
                    <p>{said.sentence()}</p>
                    {gas}
                    <p class="small quiet">{chain}</p>
                </div>
            }
            .into_any()
        }
    }
}
