//! What an envelope claims, in units.

use leptos::prelude::*;

use crate::claim::{KeyFacts, Tensor};
use crate::settings::numbers;

/// How many values of one tensor are written out.
const SHOWN: usize = 12;

/// Inputs and outputs of a claim with their names and units.
#[component]
pub(crate) fn ClaimTable(
    /// What the key says about the values.
    facts: KeyFacts,
    /// The integers given to the model.
    inputs: Vec<i64>,
    /// The integers that it computed.
    outputs: Vec<i64>,
) -> impl IntoView {
    let body = move || {
        let of = |kind: &'static str, tensors: &[Tensor], values: &[i64]| {
            let tensors = KeyFacts::label(tensors, values);
            tensors.into_iter().map(|(tensor, reals)| row(kind, tensor, &reals)).collect_view()
        };
        (of("Output", &facts.outputs, &outputs), of("Input", &facts.inputs, &inputs))
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Values of the claim">
            <table id="claim">
                <thead>
                    <tr>
                        <th scope="col">"Part"</th>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Values"</th>
                        <th scope="col">"Unit"</th>
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

fn row(kind: &'static str, tensor: &Tensor, reals: &[f64]) -> impl IntoView + use<> {
    let mut text = reals.iter().take(SHOWN).map(|&real| numbers().auto(real)).collect::<Vec<_>>().join("\u{2003}");
    if reals.len() > SHOWN {
        text.push_str(&format!(" and {} more", numbers().count((reals.len() - SHOWN) as u64)));
    }
    view! {
        <tr>
            <td>{kind}</td>
            <td>{tensor.name.replace('_', " ")}</td>
            <td>{text}</td>
            <td>{tensor.unit.clone()}</td>
        </tr>
    }
}
