//! "Predict": choose a model, fill its inputs, ask, and see the verdict of this browser.

mod answer;
mod asking;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use vouch_client::words::short;

use crate::api::{self, ModelId, ModelSummary};
use crate::components::{Empty, EvidenceDetails, FieldsForm, Loading, Meaning, Trouble, Verdict, VerdictState};
use crate::poll::{SLOW, poll};
use crate::setup::{self, Setup};
use answer::Answer;
use asking::{Progress, Stage};

/// The page.
#[component]
pub(crate) fn Predict() -> impl IntoView {
    let models = poll::<Vec<ModelSummary>>(api::MODELS, SLOW);
    let query = use_query_map();
    let wanted = RwSignal::new(query.with_untracked(|query| query.get("model")));
    let chosen = Memo::new(move |_| {
        models.data.with(|models| {
            let models = models.as_ref()?;
            let wanted = wanted.get();
            let found = models.iter().find(|model| Some(model.id.to_string()) == wanted);
            found.or(models.first()).map(|model| model.id)
        })
    });
    let is_empty = move || models.data.with(|models| models.as_ref().is_some_and(Vec::is_empty));
    view! {
        <Title text="Predict" />
        <div class="lead">
            <h1>"Ask a model. Check the answer yourself."</h1>
            <p>"A miner somewhere runs the model and proves that it did. Your own browser checks the proof, in a few milliseconds, before you see the number."</p>
        </div>
        <Trouble failure=models.failure stale=Signal::derive(move || models.data.with(Option::is_some)) />
        {move || is_empty().then(|| view! {
            <Empty title="This validator has no models yet">
                <p>"Its operator adds one by putting a model's folder into the registry. There is nothing to ask until then; you can still "<a href="/verify">"check a proof that you have"</a>"."</p>
            </Empty>
        })}
        {move || models.data.with(Option::is_none).then(|| view! { <Loading what="the models" /> })}
        {move || models.data.with(|models| models.as_ref().is_some_and(|models| models.len() > 1)).then(|| view! {
            <label>"Model"
                <select id="model" on:change=move |event| wanted.set(Some(event_target_value(&event)))>
                    {move || models.data.get().unwrap_or_default().into_iter().map(|model| {
                        let id = model.id;
                        view! {
                            <option value=id.to_string() selected=move || chosen.get() == Some(id)>
                                {format!("{} {} ({})", model.name, model.version, short(&model.id.to_string()))}
                            </option>
                        }
                    }).collect_view()}
                </select>
            </label>
        })}
        {move || chosen.get().map(|id| view! { <Ask id /> })}
    }
}

/// The form of one model, and what became of the question.
#[component]
fn Ask(id: ModelId) -> impl IntoView {
    let setup = setup::load(id);
    view! {
        {move || match setup.get() {
            Setup::Loading => view! { <Loading what="the model and its verifying key" /> }.into_any(),
            Setup::Failed(reason) => view! { <p class="note bad" role="status">{reason}</p> }.into_any(),
            Setup::Ready(ready) => view! { <Form ready=*ready /> }.into_any(),
        }}
    }
}

#[component]
fn Form(ready: setup::Ready) -> impl IntoView {
    let fields = ready.fields();
    let stage = RwSignal::new(Stage::Idle);
    let state = Signal::derive(move || match stage.with(Stage::evidence) {
        Some((_, verdict)) => verdict.get(),
        None => VerdictState::Waiting,
    });
    let owner = Owner::current();
    let strict = RwSignal::new(false);
    let busy = move || stage.with(Stage::is_busy);
    let model = ready.card.summary.clone();
    let has_sample = ready.card.sample.is_some();
    let changed = ready.identity_changed.clone();
    let submit = {
        let (fields, ready) = (fields.clone(), ready.clone());
        move |event: web_sys::SubmitEvent| {
            event.prevent_default();
            strict.set(true);
            if let (Some(values), Some(integers)) = (fields.values(), fields.integers()) {
                asking::ask(&ready, values, integers, stage, owner.clone());
            } else {
                stage.set(Stage::Idle);
            }
        }
    };
    let incomplete = {
        let fields = fields.clone();
        move || strict.get() && fields.integers().is_none()
    };
    let sample = {
        let (fields, ready) = (fields.clone(), ready.clone());
        move |_| {
            ready.fill_sample(&fields);
        }
    };
    let random = {
        let fields = fields.clone();
        move |_| fields.fill_at_random()
    };
    let output_note = ready.card.outputs.first().map(|output| output.description.clone()).unwrap_or_default();
    view! {
        <div class="lead">
            <h2><a href=format!("/models/{}", model.id)>{model.name.clone()}</a></h2>
            <p>{model.description.clone()}</p>
            <p class="small quiet">"Identity "<span class="mono">{short(&model.id.to_string())}</span>", computed here from the verifying key."</p>
            {changed.map(|old| view! {
                <p class="note warn">{format!("The last time you used a model of this name here, its identity was {}. A new version has a new identity; if nobody announced one, ask before you rely on it.", short(&old))}</p>
            })}
        </div>
        <div class="split">
            <form class="section" on:submit=submit novalidate>
                <div class="row">
                    {has_sample.then(|| view! { <button type="button" id="fill-sample" on:click=sample>"Fill in an example"</button> })}
                    <button type="button" id="fill-random" on:click=random>"Fill in at random"</button>
                </div>
                <FieldsForm fields strict />
                <div class="row">
                    <button type="submit" class="primary" id="ask" disabled=busy>{move || if busy() { "Asking …" } else { "Ask for a prediction" }}</button>
                    <span class="small" role="status">{move || incomplete().then_some("Some inputs still need your attention.")}</span>
                </div>
            </form>
            <div class="section beside">
                <Answer stage ready=ready.clone() note=output_note />
                <Progress stage />
                <Verdict state />
            </div>
        </div>
        // As high as the screen from the start, so that what comes moves nothing that is seen.
        <div class="after">
            {move || match stage.with(Stage::evidence) {
                Some((evidence, verdict)) => view! {
                    <Meaning state=verdict evidence=evidence.clone() />
                    <EvidenceDetails state=verdict evidence />
                }.into_any(),
                None => view! {
                    <p class="quiet">"When the answer is there, you find here what it proves and what it does not, the whole claim, ways to cheat, and the files to check it elsewhere."</p>
                }.into_any(),
            }}
        </div>
    }
}
