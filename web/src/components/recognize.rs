//! What a proof hides, and whether it is what somebody knows.

use leptos::prelude::*;
use vouch_api::Visibility;
use vouch_client::hidden::{Opening, Shown, find, shown};
use vouch_client::words::{short, title};
use vouch_envelope::{PublicValues, Section};
use vouch_schema::TensorSpec;

use crate::components::{Download, Evidence};

/// Said wherever a hashed tensor is typed or shown.
pub(crate) const HASHED: &str = "hidden: only its hash goes public";
/// Said of a private tensor.
pub(crate) const PRIVATE: &str = "hidden: nothing of it goes public";

/// The hidden tensors of a proof: what is known of each, and a file to recognize it by. Nothing if there are none.
#[component]
pub(crate) fn Hidden(
    /// The proof, and what is known of its hidden tensors.
    evidence: Evidence,
    /// What the envelope shows.
    public: PublicValues,
) -> impl IntoView {
    let rows: Vec<_> = [Section::Inputs, Section::Outputs]
        .into_iter()
        .flat_map(|section| {
            shown(&evidence.facts.schema, section, &public).into_iter().map(move |(t, s)| (section, t, s))
        })
        .filter(|(_, tensor, _)| tensor.visibility != Visibility::Public)
        .map(|(section, tensor, shown)| {
            let known = find(&evidence.known, section, &tensor.name).cloned();
            row(&evidence, section, tensor, shown, known)
        })
        .collect();
    if rows.is_empty() {
        return ().into_any();
    }
    view! {
        <section class="section" aria-labelledby="hidden-title" id="hidden">
            <h2 id="hidden-title">"What the proof hides"</h2>
            <p>"The values of these tensors are not in the envelope. Of a hashed one there is a salted hash: without the salt it says nothing about the values, with it whoever knows the values recognizes them."</p>
            <dl class="facts">{rows}</dl>
        </section>
    }
    .into_any()
}

fn row(
    evidence: &Evidence,
    section: Section,
    tensor: &TensorSpec,
    shown: Shown,
    known: Option<Opening>,
) -> impl IntoView + use<> {
    let name = title(&tensor.name);
    let side = if section == Section::Inputs { "Input" } else { "Output" };
    let (class, text) = match (&shown, &known) {
        (Shown::Hash(hash), Some(opening)) if opening.hash == *hash => {
            ("recognized", "The hash in the envelope is that of the values that you know.".to_owned())
        }
        (Shown::Hash(hash), Some(opening)) => (
            "note bad",
            format!(
                "Not these values, or another salt: the envelope has the hash {}, your values have {}.",
                short(&hash.to_string()),
                short(&opening.hash.to_string())
            ),
        ),
        (Shown::Hash(_), None) => ("quiet", format!("{HASHED}. You have not said which values you expect.")),
        _ => ("quiet", format!("{PRIVATE}; there are values in the model's range, and that is all.")),
    };
    let hash = if let Shown::Hash(hash) = shown { hash.to_string() } else { String::new() };
    let file = known.filter(|_| class == "recognized").map(|opening| {
        let bytes = opening.file(evidence.facts.model_id);
        view! { <Download label="Save what you need to recognize this proof" name=format!("recognize-{}.json", opening.tensor) bytes /> }
    });
    view! {
        <dt>{name}</dt>
        <dd data-hidden=tensor.name.clone()>
            <p><span class="quiet">{side}". "</span><span class=class>{text}</span></p>
            <p class="mono small">{hash}</p>
            {file}
        </dd>
    }
}

/// Fields for values and salt of the hashed tensors of a proof, for whoever has no file of them.
#[component]
pub(crate) fn Recognize<F>(
    /// The proof.
    evidence: Evidence,
    /// Is given what was typed.
    take: F,
) -> impl IntoView
where
    F: Fn(Opening) + Copy + Send + Sync + 'static,
{
    let of =
        |section| evidence.facts.schema.hashed(section).map(|tensor| (section, tensor.clone())).collect::<Vec<_>>();
    let hashed = [of(Section::Inputs), of(Section::Outputs)].concat();
    if hashed.is_empty() {
        return ().into_any();
    }
    let salt = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let fields = hashed.into_iter().enumerate().map(|(index, (section, tensor))| {
        let typed = RwSignal::new(String::new());
        let count = tensor.size();
        let label = format!("{}: {count} numbers, in {}", title(&tensor.name), if tensor.unit.is_empty() { "units" } else { &tensor.unit });
        let check = move |_| match Opening::typed(section, &tensor, &typed.get_untracked(), &salt.get_untracked()) {
            Ok(opening) => {
                wrong.set(None);
                take(opening);
            }
            Err(error) => wrong.set(Some(error.to_string())),
        };
        view! {
            <label>{label}
                <textarea rows="2" spellcheck="false" id=format!("recognize-values-{index}") on:input=move |event| typed.set(event_target_value(&event))></textarea>
            </label>
            <div class="row"><button type="button" id=format!("recognize-{index}") on:click=check>"Is it this?"</button></div>
        }
    });
    view! {
        <details class="more" id="recognize">
            <summary>"Do you know the hidden values?"</summary>
            <div class="section">
                <p class="small quiet">"Drop the file that was saved with the proof above, or type salt and values. They stay in this page."</p>
                <label>"Salt (64 hexadecimal digits)"
                    <input type="text" class="mono" id="recognize-salt" autocomplete="off" spellcheck="false" on:input=move |event| salt.set(event_target_value(&event)) />
                </label>
                {fields.collect_view()}
                <p class="field-error" role="status">{move || wrong.get()}</p>
            </div>
        </details>
    }
    .into_any()
}
