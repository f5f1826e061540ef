//! One model's card.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::models::setup;
use vouch_api::{Visibility, Weights};

use crate::api::{self, Accuracy, Field, ModelCard};
use crate::components::chart::{Chart, histogram, scatter};
use crate::components::{Digest, HASHED, Loading, PRIVATE, Trouble};
use crate::poll::{SLOW, poll};
use crate::settings::numbers;

/// The page.
#[component]
pub(crate) fn Model() -> impl IntoView {
    let params = use_params_map();
    move || params.with(|params| params.get("id")).map(|id| view! { <OneModel id /> })
}

#[component]
fn OneModel(id: String) -> impl IntoView {
    let card = poll::<ModelCard>(format!("{}/{id}", api::MODELS), SLOW);
    let known = move || card.data.with(Option::is_some);
    view! {
        <Trouble failure=card.failure stale=Signal::derive(known) />
        {move || (!known() && card.failure.with(Option::is_none)).then(|| view! { <Loading what="the model's card" /> })}
        {move || card.data.get().map(|card| view! { <Card card /> })}
    }
}

#[component]
fn Card(card: ModelCard) -> impl IntoView {
    let model = card.summary.clone();
    let identity = model.id.to_string();
    let srs = card.srs_identity.clone();
    let weights = match card.weights {
        Weights::Fixed => "fixed: parts of the circuit, and no secret",
        Weights::Private => "private: neither the key nor proofs tell them",
    };
    let unit = card.outputs.first().map(|output| output.unit.clone()).unwrap_or_default();
    let world = card.uncertainty.clone();
    let layout = card.has_layout.then(|| format!("{}/{}/layout.svg", api::MODELS, model.id));
    let (proof, key, rows, parameters) =
        (card.sizes.proof_bytes, card.sizes.key_bytes, 1u64 << card.k.min(40), card.parameters);
    view! {
        <Title text=model.name.clone() />
        <div class="lead">
            <p class="small"><a href="/models">"All models"</a></p>
            <h1>{model.name.clone()}" "<span class="quiet">{model.version.clone()}</span></h1>
            <p>{model.description.clone()}</p>
            <div class="row">
                <a class="button" href=format!("/?model={}", model.id)>"Ask it"</a>
                <a class="button" href=format!("{}/{}/key", api::MODELS, model.id) download="verifier.key" rel="external">"Save its verifying key"</a>
            </div>
        </div>
        <section class="section" aria-labelledby="identity">
            <h2 id="identity">"Identity"</h2>
            <p>"The hash of the verifying key, which fixes the weights, the scales and the shape of the computation."</p>
            <Digest hex=Signal::stored(identity) />
            <dl class="facts">
                <dt>"Author"</dt><dd>{card.author.clone()}</dd>
                <dt>"Weights"</dt><dd id="weights">{weights}</dd>
                <dt>"Setup"</dt><dd>{setup(&model.srs_kind)}</dd>
                <dt>"Digest of the setup"</dt><dd class="mono small">{srs}</dd>
            </dl>
        </section>
        <section class="section" aria-labelledby="sizes">
            <h2 id="sizes">"Sizes"</h2>
            <dl class="figure-row">
                <div class="figure"><dt>"Parameters"</dt><dd>{move || numbers().count(parameters)}</dd></div>
                <div class="figure"><dt>"Rows of the circuit"</dt><dd>{move || numbers().count(rows)}</dd></div>
                <div class="figure"><dt>"Proof"</dt><dd>{move || numbers().bytes(proof)}</dd></div>
                <div class="figure"><dt>"Verifying key"</dt><dd>{move || numbers().bytes(key)}</dd></div>
            </dl>
        </section>
        <section class="section" aria-labelledby="takes">
            <h2 id="takes">"What it takes and gives"</h2>
            <Notes inputs=card.inputs.clone() outputs=card.outputs.clone() />
        </section>
        <section class="section" aria-labelledby="right">
            <h2 id="right">"How often it is right"</h2>
            {
                let unit = unit.clone();
                move || match &world {
                    Some(world) => format!("On average {} {unit} off ({}).", numbers().auto(world.mean_abs), world.source),
                    None => "Its author gives no figure. A proof shows that the model was run, not that the model is good.".to_owned(),
                }
            }
        </section>
        <section class="section" aria-labelledby="rounded">
            <h2 id="rounded">"What rounding costs"</h2>
            {match card.accuracy.clone() {
                Some(accuracy) => view! { <Rounding accuracy unit /> }.into_any(),
                None => view! { <p id="not-measured">{match card.weights {
                    Weights::Fixed => "The model's folder holds no accuracy report.",
                    Weights::Private => "The weights are private, and figures that were measured with them could give them away: the owner publishes none.",
                }}</p> }.into_any(),
            }}
            <Stated stated=card.stated.clone() outputs=card.outputs.clone() />
        </section>
        {layout.map(|layout| view! {
            <section class="section" aria-labelledby="layout">
                <h2 id="layout">"How the computation is laid out"</h2>
                <p>"Each row of the circuit is one line of the table that the prover fills; colours are layers of the model."</p>
                <div class="picture" tabindex="0" role="region" aria-label="Picture of the layout"><img src=layout alt="Picture of the circuit's layout: columns from left to right, rows from top to bottom" loading="lazy" width="960" height="480" /></div>
            </section>
        })}
    }
}

/// The bounds of rounding errors that the owner answers for.
#[component]
fn Stated(stated: BTreeMap<String, f64>, outputs: Vec<Field>) -> impl IntoView {
    if stated.is_empty() {
        return ().into_any();
    }
    let row = |(name, bound): (String, f64)| {
        let unit = outputs.iter().find(|output| output.name == name).map(|output| output.unit.clone());
        let unit = unit.unwrap_or_default();
        view! {
            <dt>{name.replace('_', " ")}</dt>
            <dd>{move || format!("at most {} {unit}", numbers().auto(bound))}</dd>
        }
    };
    view! {
        <p>"Largest difference from the original model, as stated by the owner. No proof is about it."</p>
        <dl class="facts" id="stated">{stated.into_iter().map(row).collect_view()}</dl>
    }
    .into_any()
}

#[component]
fn Notes(inputs: Vec<Field>, outputs: Vec<Field>) -> impl IntoView {
    let rows = |kind: &'static str, notes: Vec<Field>| {
        let row = |note: Field| {
            let unit = if note.unit.is_empty() { String::new() } else { format!(", in {}", note.unit) };
            let hidden = match note.visibility {
                Visibility::Public => None,
                Visibility::Hashed => Some(HASHED),
                Visibility::Private => Some(PRIVATE),
            };
            view! {
                <dt>{note.name.replace('_', " ")}</dt>
                <dd data-visibility=note.name.clone()>
                    <span class="quiet">{kind}{unit}". "</span>{note.description}
                    {hidden.map(|hidden| view! { <p class="small hidden-mark">{hidden}</p> })}
                </dd>
            }
        };
        notes.into_iter().map(row).collect_view()
    };
    view! { <dl class="facts">{rows("Output", outputs)}{rows("Input", inputs)}</dl> }
}

#[component]
fn Rounding(accuracy: Accuracy, unit: String) -> impl IntoView {
    let differences: Vec<f64> = accuracy.scatter.iter().map(|pair| pair.1 - pair.0).collect();
    let pairs = accuracy.scatter.clone();
    let against = {
        let unit = unit.clone();
        Signal::derive(move || scatter(numbers(), &pairs, ("float", "proved"), &unit))
    };
    let spread = {
        let unit = unit.clone();
        Signal::derive(move || histogram(numbers(), &differences, &unit, "results"))
    };
    let sentence = move || {
        let numbers = numbers();
        format!(
            "Proofs are about whole numbers, so weights and inputs are rounded. Over {} inputs the result moved by {} {unit} on average and by {} {unit} at most, which is {} of the range of results.",
            numbers.count(accuracy.samples),
            numbers.auto(accuracy.mean_abs),
            numbers.auto(accuracy.max_abs),
            numbers.auto(accuracy.max_relative * 100.0) + "\u{a0}%"
        )
    };
    view! {
        <p>{sentence}</p>
        <div class="charts">
            <Chart title="The rounded model against the original" drawing=against />
            <Chart title="Difference of the two" drawing=spread />
        </div>
    }
}
