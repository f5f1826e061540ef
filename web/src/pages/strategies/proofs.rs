//! The chain, proof by proof and link by link, as this browser checked it.

use leptos::prelude::*;
use vouch_client::numbers::Numbers;
use vouch_client::report::{ProofReport, in_words, refuses_development};
use vouch_client::strategy::proof_name;
use vouch_client::words::{shortened, unit_text};
use vouch_envelope::Check;

use super::asking::Stage;
use crate::components::{AcceptDevelopment, CommandLine, Download, Mark};
use crate::settings::{Settings, numbers};
use crate::strategy::{ChainEvidence, ChainState, Models};

/// The verdict on the chain, and what it is made of.
#[component]
pub(super) fn ChainVerdict(
    stage: RwSignal<Stage>,
    #[prop(into)] state: Signal<ChainState>,
    models: Models,
) -> impl IntoView {
    let class = move || match state.get() {
        ChainState::Done(report) if report.accepted => "verdict accepted",
        ChainState::Done(_) | ChainState::Impossible(_) => "verdict refused",
        _ => "verdict",
    };
    let word = move || match state.get() {
        ChainState::Waiting => "Nothing to check yet",
        ChainState::Running => "Checking …",
        ChainState::Done(report) if report.accepted => "Accepted",
        ChainState::Done(_) => "Refused",
        ChainState::Impossible(_) => "Could not be checked",
    };
    let time = move || match state.get() {
        ChainState::Done(report) => {
            let (proofs, links) = (report.proofs.len(), report.links.len());
            format!("{proofs} proofs and {links} links, by your browser, in {}", numbers().ms(report.total_ms))
        }
        _ => "by your browser".to_owned(),
    };
    let reasons = move || match state.get() {
        ChainState::Impossible(reason) => vec![("Not checked".to_owned(), reason)],
        ChainState::Done(report) if !report.accepted => {
            let refused = stage.with(Stage::evidence).map(|(evidence, _)| report.refusals(&evidence.tokens()));
            let refused = refused.unwrap_or_default().into_iter();
            refused.map(|refusal| (refusal.place, refusal.detail)).collect()
        }
        _ => Vec::new(),
    };
    view! {
        <section class=class aria-label="Verdict of this browser" id="verdict">
            <div class="verdict-head">
                <p class="verdict-word" role="status" id="verdict-word">{word}</p>
                <p class="quiet small" id="verdict-time">{time}</p>
            </div>
            {move || reasons().into_iter().take(4).map(|(place, detail)| view! {
                <p class="refusal"><strong>{format!("Refused at {place}. ")}</strong>{shortened(&detail)}</p>
            }).collect_view()}
            {move || state.with(|state| state.report().is_some_and(|report| {
                refuses_development(report.proofs.iter().flat_map(|proof| &proof.checks))
            })).then(|| view! { <AcceptDevelopment /> })}
            <Steps stage state models />
        </section>
    }
}

/// Proofs and links in the order in which they are checked; all lines are there from the start.
#[component]
fn Steps(stage: RwSignal<Stage>, state: Signal<ChainState>, models: Models) -> impl IntoView {
    let tokens = models.strategy.tokens();
    let unit = unit_text(&models.strategy.forecast_tensor().unit);
    let lines = move || {
        let (state, numbers) = (state.get(), numbers());
        let report = state.report();
        let values = stage.with(Stage::evidence).and_then(|(evidence, _)| evidence.values());
        let forecast = |token: usize| {
            let hours = values.as_ref().and_then(|values| values.forecasts.get(token));
            hours.map(|hours| format!("{}{unit}", numbers.fixed(*hours, 1)))
        };
        let names: Vec<String> = (0..tokens).map(|token| stage.with(|stage| stage.token_name(token))).collect();
        let name = |number: usize| proof_name(&names, number);
        let proofs = (0..=tokens).map(|number| {
            let own = report.and_then(|report| report.proofs.get(number));
            let what = match (number < tokens, forecast(number)) {
                (true, Some(hours)) => format!("says {hours}"),
                (true, None) => "will say how long a redemption takes".to_owned(),
                (false, _) => "says the shares and the expected yield".to_owned(),
            };
            proof(numbers, number, &name(number), what, own)
        });
        let links = (0..tokens).map(|number| {
            let own = report.and_then(|report| report.links.get(number));
            let hours = forecast(number).unwrap_or_else(|| "the time".to_owned());
            link(numbers, number, format!("The allocation was given {hours} of proof {}", number + 1), own)
        });
        (proofs.collect_view(), links.collect_view())
    };
    view! { <ol class="checks" id="chain">{lines}</ol> }
}

fn proof(
    numbers: Numbers,
    number: usize,
    name: &str,
    what: String,
    report: Option<&ProofReport>,
) -> impl IntoView + use<> {
    let mark = report.map_or(Mark::Waiting, |report| if report.accepted { Mark::Passed } else { Mark::Refused });
    let (class, path, word) = mark.sign();
    let time = report.map(|report| numbers.ms(report.ms()));
    let refused = report.and_then(|report| report.checks.iter().find(|check| check.refused()));
    let detail = refused.map_or(what, in_words);
    let title = format!("Proof {}: {name}", number + 1);
    let checks = report.map(|report| report.checks.clone()).unwrap_or_default();
    let checks = checks.into_iter().map(|check| one_check(numbers, &check)).collect_view();
    view! {
        <li class=class data-proof=number.to_string()>
            <svg class="sign" viewBox="0 0 18 18" aria-hidden="true"><path d=path /></svg>
            <span class="check-name">{title}<span class="visually-hidden">{format!(": {word}")}</span></span>
            <span class="check-time">{time}</span>
            <div class="check-detail">
                <span>{shortened(&detail)}</span>
                <details class="more"><summary>"Its checks"</summary><ul class="plain">{checks}</ul></details>
            </div>
        </li>
    }
}

fn one_check(numbers: Numbers, check: &Check) -> impl IntoView + use<> {
    let (_, _, word) = Mark::of(check).sign();
    let time = (check.micros > 0).then(|| format!(", {}", numbers.ms(check.micros as f64 / 1000.0)));
    let text = format!("{}: {word}{}. {}", check.name, time.unwrap_or_default(), shortened(&check.detail));
    view! { <li data-check=check.name.clone()>{text}</li> }
}

fn link(numbers: Numbers, number: usize, what: String, check: Option<&Check>) -> impl IntoView + use<> {
    let (class, path, word) = check.map_or(Mark::Waiting, Mark::of).sign();
    let time = check.map(|check| numbers.ms(check.micros as f64 / 1000.0));
    let detail = check.map(|check| check.detail.clone()).unwrap_or_default();
    view! {
        <li class=class data-link=number.to_string()>
            <svg class="sign" viewBox="0 0 18 18" aria-hidden="true"><path d=path /></svg>
            <span class="check-name">{format!("Link {}", number + 1)}<span class="visually-hidden">{format!(": {word}")}</span></span>
            <span class="check-time">{time}</span>
            <span class="check-detail two-lines">{what}" "{shortened(&detail)}</span>
        </li>
    }
}

/// The files, and the command line.
#[component]
pub(super) fn Files(evidence: ChainEvidence) -> impl IntoView {
    let tokens = evidence.models.strategy.tokens();
    let keys = "--key forecast.key ".repeat(tokens) + "--key allocation.key";
    let development = evidence.models.is_development();
    let policy = Settings::get().allow_development;
    let command = Signal::derive(move || {
        let allow = if development && policy.get() { " --allow-development" } else { "" };
        format!("vouch chain verify strategy.chain {keys} --expected expected.json{allow}")
    });
    let expected = evidence.expected.clone();
    let expected = serde_json::to_vec_pretty(&expected).unwrap_or_default();
    let link = format!("/strategies/{}", evidence.record.status.id);
    view! {
        <section class="section" aria-labelledby="again-title">
            <h2 id="again-title">"Check it again, without this page"</h2>
            <p>"Save the files, and give them to the command line. It is another build of the same verifier."</p>
            <div class="row">
                <Download label="Save the chain" name="strategy.chain" bytes=evidence.bytes.to_vec() />
                <Download label="Save the forecast's key" name="forecast.key" bytes=evidence.models.forecast.key.to_vec() />
                <Download label="Save the allocation's key" name="allocation.key" bytes=evidence.models.allocation.key.to_vec() />
                <Download label="Save what is expected" name="expected.json" bytes=expected />
                <a class="button" href=link>"Link to this strategy"</a>
            </div>
            <CommandLine command />
        </section>
    }
}
