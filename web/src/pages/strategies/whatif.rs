//! "What changes my result": each input moved a little, computed by the float model in this page. Nothing of it is proved.

use leptos::prelude::*;
use vouch_client::allocation::{Allocation, Moved, Network, Nudge, Range, nudges};
use vouch_client::numbers::Numbers;
use vouch_client::strategy::StrategyValues;
use vouch_client::words::unit_text;
use vouch_schema::TensorSpec;
use wasm_bindgen_futures::spawn_local;

use crate::http;
use crate::settings::numbers;
use crate::strategy::{ChainEvidence, ChainState};

/// Where the constants of the float model are.
const NETWORK: &str = "/assets/restaking-allocation.network.json";
/// How far shares of the float model may be from the proved ones: else it is another model's.
const SAME_SHARES: f64 = 0.02;
/// The same for the expected yield, %/year.
const SAME_YIELD: f64 = 0.5;
/// Rows that are shown first.
const FIRST: usize = 10;
/// Steps, as parts of each input's range.
const STEPS: [(f64, &str); 3] = [(0.01, "1 %"), (0.05, "5 %"), (0.1, "10 %")];

/// The float model, if it is that of the proofs.
#[derive(Debug, Clone, PartialEq)]
enum Model {
    Loading,
    Ready { network: Box<Network>, base: Allocation },
    Failed(String),
}

/// The section: shown once the chain is accepted.
#[component]
pub(super) fn WhatIf(state: RwSignal<ChainState>, evidence: ChainEvidence) -> impl IntoView {
    let accepted = Memo::new(move |_| state.with(ChainState::is_accepted));
    view! {
        <section class="section" aria-labelledby="what-if-title" id="what-if">
            <h2 id="what-if-title">"What changes my result"</h2>
            {move || match (accepted.get(), evidence.values()) {
                (true, Some(proved)) => view! { <Nudged evidence=evidence.clone() proved /> }.into_any(),
                _ => view! { <p class="quiet">"Shown for recommendations that your browser has accepted."</p> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Nudged(evidence: ChainEvidence, proved: StrategyValues) -> impl IntoView {
    let model = RwSignal::new(Model::Loading);
    {
        let proved = proved.clone();
        spawn_local(async move {
            let loaded = match load(&proved).await {
                Ok((network, base)) => Model::Ready { network: Box::new(network), base },
                Err(reason) => Model::Failed(reason),
            };
            model.try_set(loaded);
        });
    }
    view! {
        {move || match model.get() {
            Model::Loading => view! { <p class="quiet" role="status">"Fetching the float model …"</p> }.into_any(),
            Model::Failed(reason) => view! { <p class="note warn" role="status" id="what-if-none">{reason}</p> }.into_any(),
            Model::Ready { network, base } => view! { <Table evidence=evidence.clone() proved=proved.clone() network=*network base /> }.into_any(),
        }}
    }
}

/// Fetches the float model, and compares it with what was proved.
async fn load(proved: &StrategyValues) -> Result<(Network, Allocation), String> {
    let bytes = http::bytes(NETWORK).await.map_err(|failure| failure.sentence())?;
    let network = Network::from_json(&String::from_utf8_lossy(&bytes)).map_err(|error| error.to_string())?;
    let base =
        network.run(&proved.inputs).map_err(|error| format!("The float model cannot take these inputs: {error}."))?;
    let (shares, expected) = distance(&base, proved);
    if base.shares.len() != proved.shares.len() || shares > SAME_SHARES || expected > SAME_YIELD {
        return Err("The float model of this page gives another result for the same inputs, so it is not the one of this recommendation, and what it says about changes would mean nothing.".to_owned());
    }
    Ok((network, base))
}

/// How far the float model is from the proved numbers: the worst share, and the yield.
fn distance(base: &Allocation, proved: &StrategyValues) -> (f64, f64) {
    let shares = base.shares.iter().zip(&proved.shares).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    (shares, (base.expected_yield - proved.expected_yield).abs())
}

/// What is looked at: the yield, or a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Yield,
    Share(usize),
}

impl Target {
    fn of(self, allocation: &Allocation) -> f64 {
        match self {
            Self::Yield => allocation.expected_yield,
            Self::Share(token) => allocation.shares.get(token).copied().unwrap_or(0.0) * 100.0,
        }
    }

    fn unit(self) -> &'static str {
        if self == Self::Yield { "%/year" } else { "points" }
    }
}

#[component]
fn Table(evidence: ChainEvidence, proved: StrategyValues, network: Network, base: Allocation) -> impl IntoView {
    let part = RwSignal::new(STEPS[1].0);
    let target = RwSignal::new(Target::Yield);
    let all = RwSignal::new(false);
    let (shares_off, yield_off) = distance(&base, &proved);
    let tokens: Vec<String> = evidence.record.market.tokens.iter().map(|token| token.name.clone()).collect();
    let tensors = evidence.models.allocation.facts.schema.inputs.clone();
    let ranges: Vec<Range> = tensors
        .iter()
        .map(|tensor| {
            let (lo, hi) = tensor.range();
            Range { name: tensor.name.clone(), lo, hi }
        })
        .collect();
    let names = tokens.clone();
    let moved = Memo::new(move |_| nudges(&network, &proved.inputs, &ranges, part.get()));
    let rows = move || {
        let (numbers, target) = (numbers(), target.get());
        let Ok(mut moved) = moved.get() else { return None };
        let reach = |nudge: &Nudge| nudge.reach(&base, |a| target.of(a));
        moved.sort_by(|a, b| reach(b).total_cmp(&reach(a)));
        let widest = moved.first().map_or(1.0, reach).max(1e-12);
        let count = if all.get() { moved.len() } else { FIRST };
        let row = |nudge: &Nudge| {
            let tensor = tensors.iter().find(|tensor| tensor.name == nudge.name);
            let token = tokens.get(nudge.index).filter(|_| tensor.is_some_and(|tensor| tensor.size() > 1));
            line(numbers, nudge, tensor, token, &base, target, widest)
        };
        Some(moved.iter().take(count).map(row).collect_view())
    };
    let select = move |event| {
        target.set(match event_target_value(&event).parse() {
            Ok(token) => Target::Share(token),
            Err(_) => Target::Yield,
        });
    };
    view! {
        <p><strong class="not-proved">"Not proved."</strong>" Your browser computes this with the same network in floating point, one input at a time, everything else as it is. An input never moves alone in a real market."</p>
        <div class="row">
            <label>"Look at "
                <select id="what-if-target" on:change=select>
                    <option value="yield">"the expected yield"</option>
                    {names.into_iter().enumerate().map(|(token, name)| view! { <option value=token.to_string()>{format!("the share of {name}")}</option> }).collect_view()}
                </select>
            </label>
            <label>"Move by "
                <select id="what-if-step" on:change=move |event| part.set(event_target_value(&event).parse().unwrap_or(STEPS[1].0))>
                    {STEPS.into_iter().map(|(value, text)| view! { <option value=value.to_string() selected=value == STEPS[1].0>{format!("{text} of its range")}</option> }).collect_view()}
                </select>
            </label>
        </div>
        <div class="scroll" tabindex="0" role="region" aria-label="Changes">
            <table class="swings" id="swings">
                <thead><tr>
                    <th scope="col">"Input"</th><th scope="col" class="num">"Now"</th>
                    <th scope="col" class="num">"A step down"</th><th scope="col" aria-hidden="true"></th><th scope="col" class="num">"A step up"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <div class="row">
            <button type="button" class="plain" on:click=move |_| all.update(|all| *all = !*all)>
                {move || if all.get() { "Show the largest changes only" } else { "Show all inputs" }}
            </button>
        </div>
        <p class="small quiet" id="what-if-distance">{move || format!(
            "For the inputs as they are, the float model is {} percentage points from the proved shares at most, and {} %/year from the proved yield.",
            numbers().auto(shares_off * 100.0), numbers().auto(yield_off),
        )}</p>
    }
}

fn line(
    numbers: Numbers,
    nudge: &Nudge,
    tensor: Option<&TensorSpec>,
    token: Option<&String>,
    base: &Allocation,
    target: Target,
    widest: f64,
) -> impl IntoView + use<> {
    let unit = tensor.map(|tensor| unit_text(&tensor.unit)).unwrap_or_default();
    let title = nudge.name.trim_end_matches("_pct").trim_end_matches("_eth").trim_end_matches("_bp").replace('_', " ");
    let title = token.map_or_else(|| title.clone(), |token| format!("{token}, {title}"));
    let change = |moved: &Option<Moved>| moved.as_ref().map(|moved| target.of(&moved.allocation) - target.of(base));
    let (down, up) = (change(&nudge.down), change(&nudge.up));
    let text = |change: Option<f64>| match change {
        None => "at its end".to_owned(),
        Some(change) => signed(numbers, change, target.unit()),
    };
    let bar = |change: Option<f64>, class: &'static str| {
        let share = (change.unwrap_or(0.0) / widest).clamp(-1.0, 1.0);
        let (left, width) = (format!("{:.2}%", 50.0 + 50.0 * share.min(0.0)), format!("{:.2}%", 50.0 * share.abs()));
        view! { <span class=class style:left=left style:width=width></span> }
    };
    let reach = down.unwrap_or(0.0).abs().max(up.unwrap_or(0.0).abs());
    view! {
        <tr data-input=nudge.name.clone() data-reach=reach.to_string()>
            <th scope="row">{title}</th>
            <td class="num whole">{format!("{}{unit}", numbers.auto(nudge.value))}</td>
            <td class="num whole">{text(down)}</td>
            <td aria-hidden="true"><div class="swing">{bar(down, "swing-down")}{bar(up, "swing-up")}</div></td>
            <td class="num whole">{text(up)}</td>
        </tr>
    }
}

/// A change with its sign.
fn signed(numbers: Numbers, change: f64, unit: &str) -> String {
    let sign = if change >= 0.005 { "+" } else { "" };
    format!("{sign}{}\u{a0}{unit}", numbers.fixed(change, 2))
}
