//! "Strategies": a horizon, an appetite for risk, and a recommendation whose every number is proved.

mod asking;
mod cheat;
mod proofs;
mod result;
mod whatif;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use vouch_client::strategy::Preferences;
use vouch_client::typed;
use vouch_client::words::{short, unit_text};
use vouch_schema::TensorSpec;
use wasm_bindgen_futures::spawn_local;

use crate::api;
use crate::components::{Empty, Loading};
use crate::http::Failure;
use crate::poll::{alive, sleep};
use crate::settings::numbers;
use crate::setup::{self, Setup};
use crate::strategy::{ChainState, Models};
use asking::{Progress, Stage};
use cheat::TryToCheat;
use proofs::{ChainVerdict, Files};
use result::{Meaning, Recommendation};
use whatif::WhatIf;

/// What is known of the models.
#[derive(Debug, Clone, PartialEq)]
enum State {
    Loading,
    /// This validator has no strategies.
    None,
    Failed(String),
    Ready(Box<Models>),
}

/// The page.
#[component]
pub(crate) fn Strategies() -> impl IntoView {
    let params = use_params_map();
    let state = load();
    view! {
        <Title text="Strategies" />
        <div class="lead">
            <h1>"How to divide a holding, with proofs"</h1>
            <p>"Miners forecast how long each token takes to redeem, and then recommend a share of each. Every number that a model made comes with a proof; your browser checks all of them, and that the second model was given exactly what the first one said."</p>
            <p class="note warn" id="notice"><strong>"This is no financial advice."</strong>" It is what two small models compute, and they were trained on simulated markets. That their numbers are proved says that nobody changed them, not that they are good."</p>
        </div>
        {move || match state.get() {
            State::Loading => view! { <Loading what="the models and their verifying keys" /> }.into_any(),
            State::None => view! {
                <Empty title="This validator offers no strategies">
                    <p>"Its operator turns them on with "<code>"[validator.strategy]"</code>" and the two models. You can still "<a href="/">"ask single models"</a>"."</p>
                </Empty>
            }.into_any(),
            State::Failed(reason) => view! { <p class="note bad" role="status">{reason}</p> }.into_any(),
            State::Ready(models) => {
                // Another strategy's address is another form.
                let known = params.with(|params| params.get("id"));
                view! { <Ask models=*models known /> }.into_any()
            }
        }}
    }
}

/// Fetches plan, cards and keys; tries again while the validator does not answer.
fn load() -> RwSignal<State> {
    let state = RwSignal::new(State::Loading);
    let alive = alive();
    spawn_local(async move {
        while alive.load(std::sync::atomic::Ordering::Relaxed) {
            match fetch().await {
                Ok(known) => {
                    state.try_set(known);
                    return;
                }
                Err(Failure::Unreachable) => sleep(std::time::Duration::from_secs(2)).await,
                Err(failure) if failure.is_missing() => {
                    state.try_set(State::None);
                    return;
                }
                Err(failure) => {
                    state.try_set(State::Failed(failure.sentence()));
                    return;
                }
            }
        }
    });
    state
}

async fn fetch() -> Result<State, Failure> {
    let plan = api::plan().await?;
    let mut ready = Vec::new();
    for id in [plan.forecast, plan.allocation] {
        match setup::fetch(id).await? {
            Setup::Ready(one) => ready.push(*one),
            Setup::Failed(reason) => return Ok(State::Failed(reason)),
            Setup::Loading => return Ok(State::Loading),
        }
    }
    let [forecast, allocation] = <[_; 2]>::try_from(ready).map_err(|_| Failure::Malformed("two models".to_owned()))?;
    Ok(match Models::new(&plan, forecast, allocation) {
        Ok(models) => State::Ready(Box::new(models)),
        Err(reason) => State::Failed(reason),
    })
}

/// The form and what became of it. `known` is a strategy that was asked for before.
#[component]
fn Ask(models: Models, known: Option<String>) -> impl IntoView {
    let [horizon, risk] = models.strategy.preference_tensors().map(Clone::clone);
    let stage = RwSignal::new(Stage::Idle);
    let owner = Owner::current();
    let typed = (RwSignal::new(start(&horizon, 0.35)), RwSignal::new(start(&risk, 0.5)));
    if let Some(id) = known {
        asking::show(&models, id, stage, typed, owner.clone());
    }
    let chosen = {
        let (horizon, risk) = (horizon.clone(), risk.clone());
        move || {
            Some(Preferences {
                horizon: typed::value(&horizon, &typed.0.get())?,
                risk: typed::value(&risk, &typed.1.get())?,
            })
        }
    };
    let busy = move || stage.with(Stage::is_busy);
    let submit = {
        let (models, chosen) = (models.clone(), chosen.clone());
        move |event: web_sys::SubmitEvent| {
            event.prevent_default();
            if let Some(preferences) = untrack(&chosen) {
                asking::ask(&models, preferences, stage, owner.clone());
            }
        }
    };
    let state = Signal::derive(move || match stage.with(Stage::evidence) {
        Some((_, verdict)) => verdict.get(),
        None => ChainState::Waiting,
    });
    let ids = [("Forecast", &models.forecast), ("Allocation", &models.allocation)].map(|(role, ready)| {
        let summary = &ready.card.summary;
        (role, summary.name.clone(), summary.id.to_string(), ready.identity_changed.clone())
    });
    let models_here = models.clone();
    view! {
        <div class="split">
            <form class="section" on:submit=submit novalidate>
                <Dial id="horizon" tensor=horizon title="Your horizon" text=typed.0 step=1.0
                    ends=("soon", "late") note="When you want your ether back." />
                <Dial id="risk" tensor=risk title="Your appetite for risk" text=typed.1 step=0.01
                    ends=("avoid it", "hardly mind it") note="0 weighs every possible loss heavily, 1 looks at the yield almost alone." />
                <div class="row">
                    <button type="submit" class="primary" id="ask-strategy" disabled=move || busy() || chosen().is_none()>
                        {move || if busy() { "Asking …" } else { "Ask for a strategy" }}
                    </button>
                </div>
                <dl class="facts small">
                    {ids.into_iter().map(|(role, name, id, changed)| view! {
                        <dt>{role}</dt>
                        <dd>
                            <a href=format!("/models/{id}")>{name}</a>" "<span class="mono">{short(&id)}</span>
                            {changed.map(|old| view! { <p class="note warn">{format!("The last time you used a model of this name here, its identity was {}.", short(&old))}</p> })}
                        </dd>
                    }).collect_view()}
                </dl>
                <Progress stage models=models_here />
            </form>
            <div class="section beside">
                <Recommendation stage state models=models.clone() />
                <ChainVerdict stage state models />
            </div>
        </div>
        <div class="after">
            {move || match stage.with(Stage::evidence) {
                Some((evidence, verdict)) => view! {
                    <Meaning state=verdict evidence=evidence.clone() />
                    <WhatIf state=verdict evidence=evidence.clone() />
                    <TryToCheat state=verdict evidence=evidence.clone() />
                    <Files evidence />
                }.into_any(),
                None => view! {
                    <p class="quiet">"When the recommendation is there, you find here what it proves and what it does not, what would change it, ways to cheat, and the files to check it elsewhere."</p>
                }.into_any(),
            }}
        </div>
    }
}

/// A value at a part of a tensor's range, as one would type it.
fn start(tensor: &TensorSpec, part: f64) -> String {
    let (lo, hi) = tensor.range();
    let value = lo + part * (hi - lo);
    if hi - lo > 5.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// One number, to be dragged or typed.
#[component]
fn Dial(
    /// Id of the text field.
    id: &'static str,
    /// Its unit and range.
    tensor: TensorSpec,
    /// What it is.
    title: &'static str,
    /// What is typed.
    text: RwSignal<String>,
    /// Between two places of the slider.
    step: f64,
    /// What its ends mean.
    ends: (&'static str, &'static str),
    /// What it is for.
    note: &'static str,
) -> impl IntoView {
    let (lo, hi) = tensor.range();
    let unit = unit_text(&tensor.unit);
    let range = {
        let unit = unit.clone();
        move || format!("{} to {}{unit}", numbers().auto(lo), numbers().auto(hi))
    };
    let error = format!("{id}-error");
    let valid = {
        let tensor = tensor.clone();
        Memo::new(move |_| text.with(|text| typed::value(&tensor, text).is_some()))
    };
    let slider = move || text.with(|text| text.trim().parse::<f64>().unwrap_or(lo).to_string());
    view! {
        <fieldset class="dial">
            <legend class="field-name">{title}<span class="unit">{unit.clone()}</span></legend>
            <p class="small quiet">{note}</p>
            <div class="dial-row">
                <input type="range" id=format!("{id}-slider") aria-label=title min=lo.to_string() max=hi.to_string() step=step.to_string()
                    prop:value=slider on:input=move |event| text.set(event_target_value(&event)) />
                <input type="text" inputmode="decimal" autocomplete="off" class="number" id=id aria-label=format!("{title}{unit}")
                    aria-describedby=error.clone() aria-invalid=move || (!valid.get()).to_string()
                    prop:value=move || text.get() on:input=move |event| text.set(event_target_value(&event)) />
            </div>
            <p class="dial-ends small quiet" aria-hidden="true"><span>{ends.0}</span><span>{ends.1}</span></p>
            <p class="field-error" id=error>{move || (!valid.get()).then(|| format!("A number from {} is needed; decimals follow a point.", range()))}</p>
        </fieldset>
    }
}
