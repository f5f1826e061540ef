//! An envelope, verified here, with all that one may want to do with it.

use std::sync::Arc;

use leptos::prelude::*;
use vouch_client::hidden::{self, Opening};
use vouch_client::key::KeyFacts;
use vouch_envelope::{ProofEnvelope, Section};
use wasm_bindgen_futures::spawn_local;

use crate::components::{ClaimTable, CommandLine, Download, Hidden, TryToCheat, VerdictState};
use crate::settings::Settings;
use crate::worker::{self, Expected};

/// What is to be verified, and against what.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evidence {
    /// The verifying key, as it was fetched or given.
    pub key: Arc<Vec<u8>>,
    /// What the key says.
    pub facts: KeyFacts,
    /// The envelope's bytes.
    pub bytes: Arc<Vec<u8>>,
    /// What is expected of it, apart from the setup.
    pub expected: Expected,
    /// Values of hashed tensors that this page knows, whatever the envelope says.
    pub known: Vec<Opening>,
    /// Where others can see the same, if anywhere.
    pub link: Option<String>,
}

impl Evidence {
    /// The envelope, if the bytes are one.
    pub(crate) fn envelope(&self) -> Option<ProofEnvelope> {
        ProofEnvelope::decode(&self.bytes).ok()
    }

    /// The inputs that are expected, as a file for the command line. None unless all of them are known.
    fn inputs_file(&self) -> Option<Vec<u8>> {
        hidden::inputs_file(&self.facts.schema, &self.expected, &self.known)
    }

    /// The same, with values of one more hashed tensor known.
    pub(crate) fn with_opening(mut self, opening: Opening) -> Self {
        self.known.retain(|old| (old.section, &old.tensor) != (opening.section, &opening.tensor));
        self.known.push(opening);
        hidden::expect(&mut self.expected, &self.facts.schema, &self.known);
        self
    }

    /// The outputs in units: those in the envelope, and those that are known here and have its hash.
    pub(crate) fn outputs(&self) -> Option<Vec<(String, Option<Vec<f64>>)>> {
        Some(hidden::outputs(&self.facts.schema, &self.envelope()?.public, &self.known))
    }

    /// Verifies, and again whenever the setup policy changes.
    pub(crate) fn verdict(&self) -> RwSignal<VerdictState> {
        let state = RwSignal::new(VerdictState::Running);
        let settings = Settings::get();
        let evidence = self.clone();
        Effect::new(move || {
            let mut expected = evidence.expected.clone();
            expected.allow_development_srs = settings.allow_development.get();
            let (key, bytes) = (evidence.key.clone(), evidence.bytes.clone());
            spawn_local(async move {
                let answer = worker::verify(&key, &bytes, &expected).await;
                state.set(VerdictState::from_answer(answer));
            });
        });
        state
    }
}

/// What the verdict means, in sentences.
#[component]
pub(crate) fn Meaning(
    /// How far the verification is.
    state: RwSignal<VerdictState>,
    /// What is verified.
    evidence: Evidence,
) -> impl IntoView {
    let development = evidence.facts.is_development();
    let asked = evidence.expected.nonce.is_some();
    let hashed = evidence.facts.has_hashes();
    view! {
        <div class="section" role="status">
            {move || match state.get() {
                VerdictState::Done(report) if report.accepted => view! {
                    <p><strong>"What has been proved. "</strong>"The model with this identity, given exactly these inputs, computes exactly this result"
                    {if asked { ", and the proof was made for this request." } else { ". For which request it was made, you did not say; it could be an old one." }}</p>
                    {not_compared(&report.not_checked())}
                    <p><strong>"What has not. "</strong>"That the inputs are true, or that the model is right about the world: how often it is, its accuracy report says."</p>
                    {hashed.then(|| view! {
                        <p><strong>"What is hidden. "</strong>"Of some values the proof shows only a salted hash. The miner that computed and the validator that was asked know them; whoever sees the proof does not."</p>
                    })}
                    {development.then(|| view! {
                        <p class="note warn">"The proof rests on a development setup: whoever made that setup could forge proofs. You have chosen to accept that; you can change it at the foot of the page."</p>
                    })}
                }.into_any(),
                VerdictState::Done(report) if report.refused_by() == ["setup"] => view! {
                    <p><strong>"Do not rely on this result. "</strong>"Everything else holds, but whoever made the development setup could have forged the proof."</p>
                }.into_any(),
                VerdictState::Done(report) => view! {
                    <p><strong>"Do not use this result. "</strong>{format!("Your browser refused it by: {}.", report.refused_by().join(", "))}
                    " Whatever anyone says about it, the envelope does not show what it claims."</p>
                }.into_any(),
                _ => ().into_any(),
            }}
        </div>
    }
}

/// A sentence about the checks that had nothing to compare with.
fn not_compared(names: &[String]) -> Option<impl IntoView + use<>> {
    let names = names.join(", ");
    (!names.is_empty()).then(|| {
        let text = format!("{names}. Nobody said here what to expect of them, so they are what the envelope says. What was looked at is in the list above.");
        view! { <p id="not-compared"><strong>"What was not compared. "</strong>{text}</p> }
    })
}

/// Claim, downloads, command line and, of what was accepted, "try to cheat".
#[component]
pub(crate) fn EvidenceDetails(
    /// How far the verification is.
    state: RwSignal<VerdictState>,
    /// What is verified.
    evidence: Evidence,
) -> impl IntoView {
    let Some(envelope) = evidence.envelope() else {
        return view! { <p class="note bad">"These bytes are not an envelope, so there is nothing more to show."</p> }
            .into_any();
    };
    let mut command = format!("vouch verify proof.vouch --key verifier.key --model-id {}", evidence.facts.model_id);
    if let Some(nonce) = &evidence.expected.nonce {
        command.push_str(&format!(" --nonce {nonce}"));
    }
    let inputs = evidence.inputs_file();
    if inputs.is_some() {
        command.push_str(" --input input.json");
        if let Some(opening) = evidence.known.iter().find(|opening| opening.section == Section::Inputs) {
            command.push_str(&format!(" --salt {}", opening.salt));
        }
    }
    let development = evidence.facts.is_development();
    let policy = Settings::get().allow_development;
    let command = Signal::derive(move || match development && policy.get() {
        true => format!("{command} --allow-development"),
        false => command.clone(),
    });
    let link = evidence.link.clone();
    let public = envelope.public.clone();
    let accepted = Memo::new(move |_| state.with(|state| state.report().is_some_and(|report| report.accepted)));
    let (key, expected) = (evidence.key.clone(), evidence.expected.clone());
    let cheat = move || {
        let (key, envelope, expected) = (key.to_vec(), envelope.clone(), expected.clone());
        accepted.get().then(|| view! { <TryToCheat key envelope expected /> })
    };
    view! {
        <section class="section" aria-labelledby="claim-title">
            <h2 id="claim-title">"What the envelope claims"</h2>
            <ClaimTable facts=evidence.facts.clone() public=public.clone() known=evidence.known.clone() />
        </section>
        <Hidden evidence=evidence.clone() public />
        {cheat}
        <section class="section" aria-labelledby="again-title">
            <h2 id="again-title">"Check it again, without this page"</h2>
            <p>"Save the files, and give them to the command line. It is another build of the same verifier."</p>
            <div class="row">
                <Download label="Save the envelope" name="proof.vouch" bytes=evidence.bytes.to_vec() />
                <Download label="Save the verifying key" name="verifier.key" bytes=evidence.key.to_vec() />
                {inputs.map(|bytes| view! { <Download label="Save the inputs" name="input.json" bytes /> })}
                {link.map(|link| view! { <a class="button" href=link>"Link to this proof"</a> })}
            </div>
            <CommandLine command />
        </section>
    }
    .into_any()
}
