//! A question on its way.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use vouch_client::hidden::{self, Opening};
use vouch_client::numbers::Numbers;
use vouch_client::words::short;
use wasm_bindgen_futures::spawn_local;

use vouch_api::Salt;
use vouch_envelope::Section;
use vouch_schema::TensorSpec;

use crate::api::{self, Nonce, NoncePart, PredictionRequest, PredictionStatus, State};
use crate::components::{Evidence, VerdictState};
use crate::http::Failure;
use crate::poll::{now, sleep, stopwatch};
use crate::random::random;
use crate::settings::numbers;
use crate::setup::Ready;

/// How far a question is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Stage {
    /// None has been asked.
    #[default]
    Idle,
    /// It is on its way to the validator.
    Sending,
    /// The validator has it.
    Waiting { prediction: PredictionStatus, since: f64, unreachable: bool },
    /// The envelope is here.
    Here { prediction: PredictionStatus, took_ms: f64, evidence: Box<Evidence>, verdict: RwSignal<VerdictState> },
    /// It ended without an envelope.
    Failed(String),
}

impl Stage {
    /// Whether the user has to wait.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sending | Self::Waiting { .. })
    }

    /// Evidence and verdict, once the envelope is here.
    pub(super) fn evidence(&self) -> Option<(Evidence, RwSignal<VerdictState>)> {
        match self {
            Self::Here { evidence, verdict, .. } => Some(((**evidence).clone(), *verdict)),
            _ => None,
        }
    }
}

/// Asks, follows the answer, fetches the envelope and has it verified.
pub(super) fn ask(
    ready: &Ready,
    values: Vec<Vec<f64>>,
    integers: Vec<i64>,
    stage: RwSignal<Stage>,
    owner: Option<Owner>,
) {
    stage.set(Stage::Sending);
    let ready = ready.clone();
    let names = ready.facts.schema.inputs.iter().map(|tensor| tensor.name.clone());
    let user_part = NoncePart(random());
    let salt = ready.facts.has_hashes().then(|| Salt(random()));
    let question = PredictionRequest {
        model_id: ready.facts.model_id,
        inputs: names.zip(values).collect(),
        user_part: Some(user_part),
        salt,
    };
    spawn_local(async move {
        let since = now();
        // The hashes that the proof must show, before anybody has said one.
        let known = known(&ready, &integers, salt);
        let followed = match &known {
            Ok(_) => follow(&question, stage, since).await,
            Err(reason) => Err(reason.clone()),
        };
        let followed = match followed {
            Ok((prediction, bytes)) => {
                nonce(&prediction, question.model_id, user_part).await.map(|nonce| (prediction, bytes, nonce))
            }
            Err(reason) => Err(reason),
        };
        match followed {
            Ok((prediction, bytes, nonce)) => {
                let id = prediction.proof_id.clone().unwrap_or_default();
                let known = known.unwrap_or_default();
                let expected = hidden::expected(&ready.facts.schema, question.model_id, &integers, Some(nonce), &known);
                let hidden = delivered(&ready, &prediction.id, salt).await;
                let evidence = Evidence {
                    link: Some(link(&id, question.model_id, nonce)),
                    key: ready.key,
                    facts: ready.facts,
                    bytes: Arc::new(bytes),
                    expected,
                    known,
                };
                let evidence = hidden.into_iter().fold(evidence, Evidence::with_opening);
                let here = || {
                    let verdict = evidence.verdict();
                    Stage::Here { prediction, took_ms: now() - since, evidence: Box::new(evidence.clone()), verdict }
                };
                if let Some(owner) = owner {
                    stage.try_set(owner.with(here));
                }
            }
            Err(reason) => {
                stage.try_set(Stage::Failed(reason));
            }
        }
    });
}

/// The nonce that the proof must contain. This page computes it from its own random bytes; the validator says the rest.
async fn nonce(
    prediction: &PredictionStatus,
    model_id: vouch_schema::ModelId,
    user_part: NoncePart,
) -> Result<Nonce, String> {
    let network = api::network().await.map_err(|failure| failure.sentence())?;
    let nonce = api::answer_nonce(&network, prediction, model_id, user_part);
    nonce.ok_or_else(|| "The validator does not say what the proof's nonce was made from.".to_owned())
}

/// The hashed inputs, which this page knows.
fn known(ready: &Ready, integers: &[i64], salt: Option<Salt>) -> Result<Vec<Opening>, String> {
    let openings = salt.map(|salt| hidden::openings(&ready.facts.schema, Section::Inputs, integers, salt));
    openings.transpose().map(Option::unwrap_or_default).map_err(|error| error.to_string())
}

/// The values of hashed outputs, as the validator hands them out: once, to who has the salt. None of them if it does not, or if they do not fit.
async fn delivered(ready: &Ready, prediction: &str, salt: Option<Salt>) -> Vec<Opening> {
    let hashed: Vec<_> = ready.facts.schema.hashed(Section::Outputs).collect();
    let Some(salt) = salt.filter(|_| !hashed.is_empty()) else {
        return Vec::new();
    };
    let Ok(mut answer) = api::outputs(prediction, salt).await else {
        return Vec::new();
    };
    let opening = |tensor: &&TensorSpec| {
        let values = answer.outputs.remove(&tensor.name)?;
        Opening::new(Section::Outputs, tensor, values, salt).ok()
    };
    hashed.iter().filter_map(opening).collect()
}

async fn follow(
    question: &PredictionRequest,
    stage: RwSignal<Stage>,
    since: f64,
) -> Result<(PredictionStatus, Vec<u8>), String> {
    let mut prediction = api::ask(question).await.map_err(|failure| match failure {
        Failure::Unreachable => {
            "The validator does not answer, so nothing was asked. Your inputs are still here.".into()
        }
        other => other.sentence(),
    })?;
    loop {
        match prediction.state {
            State::Done => break,
            State::Failed => {
                let reason = prediction.error.unwrap_or_else(|| "no reason given".into());
                return Err(format!("No miner gave an answer that holds: {reason}. You can ask again."));
            }
            _ => {}
        }
        let id = prediction.id.clone();
        stage.try_set(Stage::Waiting { prediction: prediction.clone(), since, unreachable: false });
        sleep(Duration::from_millis(250)).await;
        match api::prediction(&id).await {
            Ok(newer) => prediction = newer,
            Err(Failure::Unreachable) => {
                stage.try_set(Stage::Waiting { prediction: prediction.clone(), since, unreachable: true });
                sleep(Duration::from_secs(2)).await;
            }
            Err(failure) => return Err(failure.sentence()),
        }
    }
    let id = prediction.proof_id.clone().ok_or("The validator says that it is done, but has no proof to show.")?;
    let bytes = api::envelope(&id).await.map_err(|failure| failure.sentence())?;
    Ok((prediction, bytes))
}

/// A link to the proof that says what was asked, so that whoever follows it need not believe the validator.
fn link(id: &str, model_id: vouch_schema::ModelId, nonce: Nonce) -> String {
    format!("/verify/{id}?model={model_id}&nonce={nonce}")
}

/// The steps of a question.
#[component]
pub(super) fn Progress(stage: RwSignal<Stage>) -> impl IntoView {
    let clock = stopwatch(move || stage.try_with_untracked(Stage::is_busy).unwrap_or(false));
    let steps = move || {
        let numbers = numbers();
        let (at, notes) = stage.with(|stage| position(stage, numbers, clock.get()));
        let names = [
            "The question reaches the validator",
            "A miner runs the model and proves it",
            "The validator checks the proof",
            "Your browser checks the proof",
        ];
        names
            .into_iter()
            .zip(notes)
            .enumerate()
            .map(|(index, (name, note))| {
                let class = match at {
                    Some(at) if index < at => "step done",
                    Some(at) if index == at => "step now",
                    _ => "step",
                };
                view! { <li class=class><span>{name}</span><span class="small quiet">{note}</span></li> }
            })
            .collect_view()
    };
    view! {
        <section class="section" aria-label="Progress">
            <ol class="steps">{steps}</ol>
            <div role="status" id="ask-failure">
                {move || stage.with(|stage| match stage {
                    Stage::Failed(reason) => Some(view! { <p class="note bad">{reason.clone()}</p> }),
                    Stage::Waiting { unreachable: true, .. } => Some(view! { <p class="note bad">{"The validator does not answer just now. It keeps what was asked; this page goes on when it is back.".to_owned()}</p> }),
                    _ => None,
                })}
            </div>
        </section>
    }
}

/// Which step is under way, and a note for each.
fn position(stage: &Stage, numbers: Numbers, now: f64) -> (Option<usize>, [String; 4]) {
    let none = || ["".into(), "".into(), "".into(), "".into()];
    match stage {
        Stage::Idle | Stage::Failed(_) => (None, none()),
        Stage::Sending => (Some(0), none()),
        Stage::Waiting { prediction, since, .. } => {
            let at = if prediction.state == State::Verifying { 2 } else { 1 };
            let mut notes = none();
            notes[1] = numbers.fixed((now - since) / 1000.0, 1) + " s";
            (Some(at), notes)
        }
        Stage::Here { prediction, took_ms, verdict, .. } => {
            let mut notes = none();
            let miner = prediction.miner.as_deref().map(short).unwrap_or_default();
            notes[1] = format!("{miner}, {} in all", numbers.ms(*took_ms));
            let done = verdict.with(|verdict| verdict.report().map(|report| numbers.ms(report.total_ms)));
            let at = if done.is_some() { 4 } else { 3 };
            notes[3] = done.unwrap_or_default();
            (Some(at), notes)
        }
    }
}
