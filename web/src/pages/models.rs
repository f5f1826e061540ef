//! "Models": what can be asked.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::{self, ModelSummary};
use crate::components::{Empty, Loading, Trouble, short};
use crate::poll::{SLOW, poll};
use crate::settings::numbers;

/// The page.
#[component]
pub(crate) fn Models() -> impl IntoView {
    let models = poll::<Vec<ModelSummary>>(api::MODELS, SLOW);
    let known = move || models.data.with(Option::is_some);
    let none = move || models.data.with(|models| models.as_ref().is_some_and(Vec::is_empty));
    view! {
        <Title text="Models" />
        <div class="lead">
            <h1>"Models"</h1>
            <p>"A model is known by a digest over everything that gives its proofs their meaning. Change one weight, and it is another model with another identity."</p>
        </div>
        <Trouble failure=models.failure stale=Signal::derive(known) />
        {move || (!known()).then(|| view! { <Loading what="the models" /> })}
        {move || none().then(|| view! {
            <Empty title="This validator has no models yet">
                <p>"Its operator adds one by putting a model's folder into the registry."</p>
            </Empty>
        })}
        <ul class="plain section">
            {move || models.data.get().unwrap_or_default().into_iter().map(|model| view! {
                <li class="cheat">
                    <h2><a href=format!("/models/{}", model.id)>{model.name.clone()}</a>" "<span class="quiet">{model.version.clone()}</span></h2>
                    <p>{model.description.clone()}</p>
                    <p class="small quiet">
                        <span class="mono">{short(&model.id.to_string())}</span>
                        {move || format!(" · {} · served by {} miners", setup(&model.srs_kind), numbers().count(model.miners))}
                    </p>
                    <p><a href=format!("/?model={}", model.id)>"Ask it"</a></p>
                </li>
            }).collect_view()}
        </ul>
    }
}

/// The kind of setup, in words.
pub(super) fn setup(kind: &str) -> &'static str {
    match kind {
        "ceremony" => "setup from a public ceremony",
        "development" => "development setup (whoever made it can forge proofs)",
        _ => "setup of an unknown kind",
    }
}
