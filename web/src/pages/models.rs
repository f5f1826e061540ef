//! "Models": what can be asked.

use leptos::prelude::*;
use leptos_meta::Title;
use vouch_client::words::short;

use crate::api::{self, ModelSummary};
use crate::components::Listed;
use crate::poll::{SLOW, poll};
use crate::settings::numbers;

/// The page.
#[component]
pub(crate) fn Models() -> impl IntoView {
    let models = poll::<Vec<ModelSummary>>(api::MODELS, SLOW);
    view! {
        <Title text="Models" />
        <div class="lead">
            <h1>"Models"</h1>
            <p>"A model is known by a digest over everything that gives its proofs their meaning. Change one weight, and it is another model with another identity."</p>
        </div>
        <Listed
            list=models
            what="the models"
            empty="This validator has no models yet"
            why="Its operator adds one by putting a model's folder into the registry."
        />
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
