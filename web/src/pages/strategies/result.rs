//! The recommendation: shares as bars, the expected yield, redemption times.

use leptos::prelude::*;
use vouch_client::numbers::Numbers;
use vouch_client::strategy::{StrategyValues, provenance};
use vouch_client::words::unit_text;
use vouch_schema::TensorSpec;

use super::asking::Stage;
use crate::settings::numbers;
use crate::strategy::{ChainEvidence, ChainState, Models};

/// What the market data says of a token's yield, if it says it.
const YIELD: &str = "yield_pct";

/// The recommendation. Its place is there from the start, with a row for each token.
#[component]
pub(super) fn Recommendation(
    stage: RwSignal<Stage>,
    #[prop(into)] state: Signal<ChainState>,
    models: Models,
) -> impl IntoView {
    let shown = move || {
        let (evidence, _) = stage.with(Stage::evidence)?;
        let values = evidence.values()?;
        match state.get() {
            ChainState::Done(report) => Some((evidence, values, report.accepted)),
            ChainState::Impossible(_) => Some((evidence, values, false)),
            _ => None,
        }
    };
    let tokens = models.strategy.tokens();
    let lines = move || match shown() {
        None => stage.with(|stage| open(stage, tokens)).into_any(),
        Some((evidence, values, accepted)) => recommendation(&evidence, &values, accepted, numbers()).into_any(),
    };
    view! {
        <section class="answer" aria-label="Recommendation" aria-live="polite" id="recommendation">
            <p class="quiet">"Expected yield, costs and risk taken off"</p>
            {lines}
        </section>
    }
}

/// Nothing is known yet, but how much there will be.
fn open(stage: &Stage, tokens: usize) -> impl IntoView + use<> {
    let rows = (0..tokens).map(|token| {
        let name = stage.token_name(token);
        view! { <tr><th scope="row">{name}</th><td><Bar share=0.0 largest=1.0 text=String::new() /></td><td class="num whole">"·"</td><td class="num whole">"·"</td></tr> }
    });
    let rows = rows.collect_view();
    view! {
        <p class="answer-number quiet" aria-hidden="true">"·"</p>
        <Shares withheld=false>{rows}</Shares>
        <p class="small quiet two-lines">"Shares, redemption times and yield come with their proofs."</p>
        <p class="small quiet two-lines"></p>
    }
}

/// The table around the rows.
#[component]
fn Shares(withheld: bool, children: Children) -> impl IntoView {
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Shares">
            <table class="shares" class:withheld=withheld id="shares">
                <thead><tr>
                    <th scope="col">"Token"</th><th scope="col">"Recommended share"</th>
                    <th scope="col" class="num">"Redemption takes"</th><th scope="col" class="num">"Pays now"</th>
                </tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

/// A share as a bar, the largest share being the whole of it.
#[component]
fn Bar(share: f64, largest: f64, text: String) -> impl IntoView {
    let width = format!("{:.2}%", (share / largest).clamp(0.0, 1.0) * 100.0);
    view! {
        <div class="share"><span class="share-track" aria-hidden="true"><span class="share-bar" style:width=width></span></span><span class="share-number">{text}</span></div>
    }
}

fn recommendation(
    evidence: &ChainEvidence,
    values: &StrategyValues,
    accepted: bool,
    numbers: Numbers,
) -> impl IntoView + use<> {
    let class = if accepted { "answer-number" } else { "answer-number withheld" };
    let unit = unit_text(&values.unit);
    let tensor = evidence.models.strategy.forecast_tensor().clone();
    let tokens = evidence.record.market.tokens.iter().zip(&values.shares).zip(&values.forecasts);
    let largest = values.shares.iter().copied().fold(0.0, f64::max).max(1e-9);
    let rows = tokens.map(|((token, share), hours)| {
        let pays = token.allocation.get(YIELD).map(|pays| format!("{}\u{a0}%/year", numbers.fixed(*pays, 2)));
        row(numbers, &token.name, *share, largest, redemption(numbers, *hours, &tensor), pays)
    });
    let rows = rows.collect_view();
    let sum: f64 = values.shares.iter().sum();
    let plan = evidence.models.strategy.plan();
    let horizon = values.inputs.get(&plan.horizon).and_then(|v| v.first()).copied().unwrap_or(0.0);
    let risk = values.inputs.get(&plan.risk).and_then(|v| v.first()).copied().unwrap_or(0.0);
    let unit_of_horizon = unit_text(&evidence.models.strategy.preference_tensors()[0].unit);
    let market = provenance(&evidence.record.market);
    view! {
        <p class=class id="expected-yield" data-value=values.expected_yield.to_string()>
            {(!accepted).then(|| view! { <span class="visually-hidden">"Refused, do not use: "</span> })}
            {numbers.fixed(values.expected_yield, 2)}<span class="unit">{unit}</span>
        </p>
        <Shares withheld=!accepted>{rows}</Shares>
        <p class="small quiet two-lines" id="shares-sum" data-value=sum.to_string()>
            {format!("For a horizon of {}{unit_of_horizon} and a risk of {}. The shares sum to {}, as proofs are about whole numbers.",
                numbers.auto(horizon), numbers.auto(risk), percent(numbers, sum, 2))}
        </p>
        <p class="small two-lines" id="market-note"><strong>{market}</strong>" Redemption times are forecasts of the first model."</p>
    }
}

fn row(
    numbers: Numbers,
    name: &str,
    share: f64,
    largest: f64,
    redemption: String,
    pays: Option<String>,
) -> impl IntoView + use<> {
    view! {
        <tr data-share=share.to_string()>
            <th scope="row">{name.to_owned()}</th>
            <td><Bar share largest text=percent(numbers, share, 1) /></td>
            <td class="num whole">{redemption}</td>
            <td class="num whole">{pays}</td>
        </tr>
    }
}

fn percent(numbers: Numbers, share: f64, decimals: usize) -> String {
    format!("{}\u{a0}%", numbers.fixed(share * 100.0, decimals))
}

/// Hours, with days where they are many; a forecast below zero is none.
fn redemption(numbers: Numbers, value: f64, tensor: &TensorSpec) -> String {
    let plain = format!("{}{}", numbers.fixed(value, 1), unit_text(&tensor.unit));
    if tensor.unit == "h" && value >= 48.0 {
        return format!("{plain} ({}\u{a0}d)", numbers.fixed(value / 24.0, 1));
    }
    plain
}

/// What the verdict means, in sentences.
#[component]
pub(super) fn Meaning(state: RwSignal<ChainState>, evidence: ChainEvidence) -> impl IntoView {
    let development = evidence.models.is_development();
    let asked_here = evidence.asked_here;
    view! {
        <div class="section" role="status">
            {move || match state.get() {
                ChainState::Done(report) if report.accepted => view! {
                    <p><strong>"What has been proved. "</strong>"From the market data that the validator shows, the first model computes exactly these redemption times; from the same data, exactly these times and "
                    {if asked_here { "the horizon and risk that you chose" } else { "the horizon and risk above" }}
                    ", the second model computes exactly these shares and this yield. Your browser made the numbers of the data itself, and checked every proof and every link."</p>
                    <p><strong>"What has not. "</strong>"That the market data is true, that the models are right about the world, or that the advice suits you. The proofs answer questions that the validator drew for this strategy; that nobody answered them before is its word."</p>
                    {development.then(|| view! {
                        <p class="note warn">"The proofs rest on a development setup: whoever made that setup could forge proofs. You have chosen to accept that; you can change it at the foot of the page."</p>
                    })}
                }.into_any(),
                ChainState::Done(report) => {
                    let refused = report.refusals(&evidence.tokens());
                    let places: Vec<String> = refused.into_iter().map(|refusal| refusal.place).collect();
                    view! {
                        <p><strong>"Do not use this recommendation. "</strong>{format!("Your browser refused it at {}.", places.join(", at "))}
                        " Whatever anyone says about it, the chain does not show what it claims."</p>
                    }.into_any()
                }
                _ => ().into_any(),
            }}
        </div>
    }
}
