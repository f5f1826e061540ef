//! One miner: its history, and its recent proofs, each of which can be verified here.

mod recheck;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use vouch_client::words::short;

use crate::api::{self, MinerHistory};
use crate::components::chart::{Chart, Series, histogram, lines};
use crate::components::{Empty, Loading, Trouble};
use crate::poll::{LIVE, poll};
use crate::settings::numbers;
use recheck::Recheck;

/// The page.
#[component]
pub(crate) fn Miner() -> impl IntoView {
    let params = use_params_map();
    move || params.with(|params| params.get("id")).map(|id| view! { <OneMiner id /> })
}

#[component]
fn OneMiner(id: String) -> impl IntoView {
    let history = poll::<MinerHistory>(format!("{}/{id}", api::MINERS), LIVE);
    let of = move |values: fn(&MinerHistory) -> Vec<f64>| {
        history.data.with(|history| history.as_ref().map(values).unwrap_or_default())
    };
    let scores = Signal::derive(move || {
        let values = history.data.with(|history| history.as_ref().map(|h| h.scores.clone()).unwrap_or_default());
        lines(numbers(), &[Series { name: "score".into(), values }], "", 3)
    });
    let responses =
        Signal::derive(move || histogram(numbers(), &of(|history| history.responses_ms.clone()), "ms", "answers"));
    let sizes =
        Signal::derive(move || histogram(numbers(), &of(|history| history.proof_bytes.clone()), "bytes", "proofs"));
    let known = move || history.data.with(Option::is_some);
    let proofs = Memo::new(move |_| {
        history.data.with(|history| history.as_ref().map(|history| history.proofs.clone()).unwrap_or_default())
    });
    let any = Memo::new(move |_| known().then(|| proofs.with(|proofs| !proofs.is_empty())));
    view! {
        <Title text=format!("Miner {}", short(&id)) />
        <div class="lead">
            <p class="small"><a href="/miners">"All miners"</a></p>
            <h1>"Miner "<span class="mono">{short(&id)}</span></h1>
            <p class="mono small quiet digest-text">{id.clone()}</p>
        </div>
        <Trouble failure=history.failure stale=Signal::derive(known) />
        {move || (!known() && history.failure.with(Option::is_none)).then(|| view! { <Loading what="the miner's history" /> })}
        <div class="charts" class:hidden=move || !known()>
            <Chart title="Score over time, from 0 to 1" drawing=scores />
            <Chart title="Response times" drawing=responses />
            <Chart title="Proof sizes" drawing=sizes />
        </div>
        {move || match any.get() {
            Some(true) => view! { <Recheck proofs /> }.into_any(),
            Some(false) => view! {
                <Empty title="No verified proof yet">
                    <p>"This miner has not yet given an answer that holds. Refused answers are counted, but not kept."</p>
                </Empty>
            }.into_any(),
            None => ().into_any(),
        }}
    }
}
