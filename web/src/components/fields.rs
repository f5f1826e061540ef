//! The inputs of a model, as a form made from its schema.

use leptos::prelude::*;
use vouch_client::numbers::Numbers;
use vouch_client::typed::{parse, problem, round_to, typed};
use vouch_client::words::{title, with_unit};
use vouch_schema::TensorSpec;

use super::chart::spark_path;
use vouch_api::Visibility;

use super::recognize::HASHED;
use crate::settings::numbers;

/// Tensors with more values than this are typed as text.
const BOXES: usize = 12;

/// One input: a tensor of the verifying key, with what the model's card says about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// Name, scale and range, from the key.
    pub tensor: TensorSpec,
    /// What it is, for people.
    pub description: String,
}

/// The inputs and what has been typed.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    fields: Vec<(Field, RwSignal<Vec<String>>)>,
}

impl Fields {
    /// Empty fields.
    pub(crate) fn new(fields: Vec<Field>) -> Self {
        let empty = |field: Field| {
            let texts = vec![String::new(); field.tensor.size()];
            (field, RwSignal::new(texts))
        };
        Self { fields: fields.into_iter().map(empty).collect() }
    }

    /// The fields' tensors.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = &TensorSpec> {
        self.fields.iter().map(|(field, _)| &field.tensor)
    }

    /// Fills one field.
    pub(crate) fn fill(&self, index: usize, values: &[f64]) {
        if let Some((field, texts)) = self.fields.get(index) {
            texts.set(values.iter().map(|value| typed(*value, &field.tensor)).collect());
        }
    }

    /// Fills everything with a series that wanders through each input's range.
    pub(crate) fn fill_at_random(&self) {
        for (index, (field, _)) in self.fields.iter().enumerate() {
            let (lo, hi) = field.tensor.range();
            let mut at = 0.15 + 0.7 * js_sys::Math::random();
            let values: Vec<f64> = (0..field.tensor.size())
                .map(|_| {
                    at = (at + 0.12 * (js_sys::Math::random() - 0.5)).clamp(0.02, 0.98);
                    round_to(lo + (hi - lo) * at, (hi - lo) / 10_000.0)
                })
                .collect();
            self.fill(index, &values);
        }
    }

    /// What has been typed, as numbers; `None` if anything is missing or wrong.
    pub(crate) fn values(&self) -> Option<Vec<Vec<f64>>> {
        let of = |(field, texts): &(Field, RwSignal<Vec<String>>)| {
            texts.with(|texts| problem(Numbers::Comma, &field.tensor, texts).is_none().then(|| parse(texts)))
        };
        self.fields.iter().map(of).collect()
    }

    /// What has been typed, as the integers that a proof is about.
    pub(crate) fn integers(&self) -> Option<Vec<i64>> {
        let values = self.values()?;
        let pairs = values.iter().zip(self.tensors());
        pairs.flat_map(|(values, tensor)| values.iter().map(|&value| tensor.integer(value))).collect()
    }
}

/// The form of all fields.
#[component]
pub(crate) fn FieldsForm(
    /// The inputs.
    fields: Fields,
    /// Whether to say what is missing; wrong values are always pointed out.
    #[prop(into)]
    strict: Signal<bool>,
) -> impl IntoView {
    let rows = fields.fields.into_iter().enumerate();
    let rows = rows.map(|(index, (field, texts))| view! { <FieldRow index field texts strict /> });
    view! { <div class="fields">{rows.collect_view()}</div> }
}

#[component]
fn FieldRow(index: usize, field: Field, texts: RwSignal<Vec<String>>, strict: Signal<bool>) -> impl IntoView {
    let Field { tensor, description } = field;
    let (lo, hi) = tensor.range();
    let title = title(&tensor.name);
    let unit = tensor.unit.clone();
    let count = tensor.size();
    let hidden = (tensor.visibility == Visibility::Hashed).then_some(HASHED);
    let range = {
        let unit = unit.clone();
        move || format!("{} to {}", numbers().auto(lo), with_unit(numbers().auto(hi), &unit))
    };
    let error_id = format!("field-{index}-error");
    let wrong = Memo::new(move |_| {
        let typed = texts.with(|texts| texts.iter().all(|text| !text.trim().is_empty()));
        let some =
            texts.with(|texts| texts.iter().any(|text| text.trim().parse::<f64>().is_err() && !text.trim().is_empty()));
        if typed || some || strict.get() { texts.with(|texts| problem(numbers(), &tensor, texts)) } else { None }
    });
    let spark = move || texts.with(|texts| spark_path(&parse(texts), (lo, hi)));
    let boxes = if count <= BOXES {
        let one = |place: usize| {
            let label = if count > 1 { format!("{title}, value {} of {count}", place + 1) } else { title.clone() };
            view! {
                <input
                    type="text"
                    inputmode="decimal"
                    autocomplete="off"
                    class="number"
                    id=format!("field-{index}-{place}")
                    aria-label=label
                    aria-describedby=error_id.clone()
                    aria-invalid=move || wrong.get().is_some().to_string()
                    prop:value=move || texts.with(|texts| texts.get(place).cloned().unwrap_or_default())
                    on:input=move |event| {
                        let text = event_target_value(&event);
                        texts.update(|texts| if let Some(slot) = texts.get_mut(place) { *slot = text; });
                    }
                />
            }
        };
        view! { <div class="field-values">{(0..count).map(one).collect_view()}</div> }.into_any()
    } else {
        view! {
            <div class="field-values">
                <textarea
                    rows="4"
                    spellcheck="false"
                    aria-label=format!("{title}, {count} numbers, separated by spaces or commas")
                    aria-describedby=error_id.clone()
                    aria-invalid=move || wrong.get().is_some().to_string()
                    prop:value=move || texts.with(|texts| texts.join(" "))
                    on:change=move |event| {
                        let text = event_target_value(&event);
                        let words = text.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
                        texts.set(words.filter(|word| !word.is_empty()).map(str::to_owned).collect());
                    }
                ></textarea>
            </div>
        }
        .into_any()
    };
    view! {
        <fieldset class="field">
            <legend class="visually-hidden">{format!("{title} {unit}")}</legend>
            <div class="field-head">
                <p class="field-name">{title.clone()}" "<span class="unit">{unit}</span></p>
                <p class="small quiet">{description}</p>
                <p class="small quiet">{range}</p>
                {hidden.map(|hidden| view! { <p class="small hidden-mark">{hidden}</p> })}
            </div>
            <svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">
                <path class="edge" d="M0 2H100M0 28H100" />
                <path d=spark />
            </svg>
            {boxes}
            <p class="field-error" id=error_id>{move || wrong.get()}</p>
        </fieldset>
    }
}
