//! What an envelope claims, in units.

use leptos::prelude::*;
use vouch_client::hidden::{Opening, Shown, shown};
use vouch_client::key::KeyFacts;
use vouch_client::words::title;
use vouch_envelope::{PublicValues, Section};
use vouch_schema::TensorSpec;

use super::recognize::{HASHED, PRIVATE};
use crate::settings::numbers;

/// How many values of one tensor are written out.
const SHOWN: usize = 12;

/// Inputs and outputs of a claim with their names and units.
#[component]
pub(crate) fn ClaimTable(
    /// What the key says about the values.
    facts: KeyFacts,
    /// What the envelope shows.
    public: PublicValues,
    /// Values of hidden tensors that are known here.
    known: Vec<Opening>,
) -> impl IntoView {
    let body = move || {
        let of = |kind: &'static str, section: Section| {
            let rows = shown(&facts.schema, section, &public).into_iter();
            rows.map(|(tensor, shown)| row(kind, tensor, values(section, tensor, &shown, &known))).collect_view()
        };
        (of("Output", Section::Outputs), of("Input", Section::Inputs))
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

/// The values of a tensor, or that they are hidden. Values that are known here are shown if their hash is the envelope's.
fn values(section: Section, tensor: &TensorSpec, shown: &Shown, known: &[Opening]) -> String {
    let opened = |hash| known.iter().find(|o| o.section == section && o.tensor == tensor.name && o.hash == hash);
    match shown {
        Shown::Values(values) => written(tensor, values),
        Shown::Hash(hash) => match opened(*hash) {
            Some(opening) => format!("{} ({HASHED})", written(tensor, &opening.values)),
            None => HASHED.to_owned(),
        },
        Shown::Nothing => PRIVATE.to_owned(),
    }
}

fn written(tensor: &TensorSpec, values: &[i64]) -> String {
    let reals = values.iter().take(SHOWN).map(|&value| numbers().auto(tensor.real(value)));
    let mut text = reals.collect::<Vec<_>>().join("\u{2003}");
    if values.len() > SHOWN {
        text.push_str(&format!(" and {} more", numbers().count((values.len() - SHOWN) as u64)));
    }
    text
}

fn row(kind: &'static str, tensor: &TensorSpec, text: String) -> impl IntoView + use<> {
    view! {
        <tr>
            <td>{kind}</td>
            <td>{title(&tensor.name)}</td>
            <td>{text}</td>
            <td>{tensor.unit.clone()}</td>
        </tr>
    }
}
