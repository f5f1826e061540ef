//! The prediction, large, once this browser has accepted its proof.

use leptos::prelude::*;
use vouch_client::numbers::Numbers;

use super::asking::Stage;
use crate::components::VerdictState;
use crate::settings::numbers;
use crate::setup::Ready;

/// Where the prediction is shown. The place is there from the start.
#[component]
pub(super) fn Answer(stage: RwSignal<Stage>, ready: Ready, note: String) -> impl IntoView {
    let shown = move || {
        let (evidence, verdict) = stage.with(Stage::evidence)?;
        let values = evidence.outputs()?;
        match verdict.get() {
            VerdictState::Done(report) => Some((values, report.accepted)),
            VerdictState::Impossible(_) => Some((values, false)),
            _ => None,
        }
    };
    let lines = move || match shown() {
        None => view! { <p class="answer-number quiet" aria-hidden="true">"·"</p> }.into_any(),
        Some((values, accepted)) => {
            let hidden = values.iter().any(|(_, reals)| reals.is_none());
            let lines = values
                .into_iter()
                .flat_map(|(unit, reals)| reals.unwrap_or_default().into_iter().map(move |real| (unit.clone(), real)))
                .take(10)
                .map(|(unit, real)| {
                    let class = if accepted { "answer-number" } else { "answer-number withheld" };
                    let number = result(numbers(), real);
                    view! {
                        <p class=class data-value=real.to_string()>
                            {(!accepted).then(|| view! { <span class="visually-hidden">"Refused, do not use: "</span> })}
                            {number}<span class="unit">{unit}</span>
                        </p>
                    }
                })
                .collect_view();
            let note = hidden.then(|| {
                view! { <p class="note warn" id="not-delivered">"A result is hidden, and its values did not come with an answer whose hash is that of the proof. What is proved, is proved; ask again for the values."</p> }
            });
            (lines, note).into_any()
        }
    };
    let card = ready.card.clone();
    let unit = ready.facts.schema.outputs.first().map(|tensor| tensor.unit.clone()).unwrap_or_default();
    let name = ready.facts.schema.outputs.first().map(|tensor| tensor.name.clone()).unwrap_or_default();
    let about = move || {
        let numbers = numbers();
        let world = card.uncertainty.as_ref().map(|uncertainty| {
            format!("± {} {unit} on average ({}).", result(numbers, uncertainty.mean_abs), uncertainty.source)
        });
        let world = world.unwrap_or_else(|| "The model's author gives no figure for how often it is right.".into());
        let rounding = card.accuracy.as_ref().map(|accuracy| {
            format!(
                " Proving needs whole numbers; rounding to them moved the result by at most {} {unit} in {} trials.",
                numbers.auto(accuracy.max_abs),
                numbers.count(accuracy.samples)
            )
        });
        let stated = card.stated.get(&name).filter(|_| rounding.is_none()).map(|bound| {
            format!(
                " Proving needs whole numbers; the owner states that rounding to them moves the result by at most {} {unit}.",
                numbers.auto(*bound)
            )
        });
        world + rounding.or(stated).as_deref().unwrap_or_default()
    };
    view! {
        <section class="answer" aria-label="Prediction" aria-live="polite" id="answer">
            <p class="quiet">{note}</p>
            {lines}
            <p class="small quiet">{about}</p>
        </section>
    }
}

fn result(numbers: Numbers, value: f64) -> String {
    match value.abs() {
        size if size >= 10.0 => numbers.fixed(value, 1),
        size if size >= 0.1 => numbers.fixed(value, 2),
        _ => numbers.auto(value),
    }
}
