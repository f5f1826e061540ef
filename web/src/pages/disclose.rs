//! "Disclose": the holder of a hashed input proves one fact about it; anybody checks such a proof.

mod check;
mod prove;

use leptos::prelude::*;
use leptos_meta::Title;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;

/// The page.
#[component]
pub(crate) fn Disclose() -> impl IntoView {
    view! {
        <Title text="Disclose" />
        <div class="lead">
            <h1>"Show one fact, and nothing else"</h1>
            <p>"A proof shows a hidden input as a salted hash. Whoever has its values can prove a single fact about them against that hash: that a value is so much, or within a range. Nothing else of them is learned."</p>
        </div>
        <prove::Prove />
        <check::Check />
    }
}

/// A field for a file, whose bytes are given on.
#[component]
fn Choose<F>(
    /// Its identifier.
    id: &'static str,
    /// What it is for.
    label: &'static str,
    /// Is given the file's bytes.
    take: F,
) -> impl IntoView
where
    F: Fn(Vec<u8>) + Copy + Send + Sync + 'static,
{
    let chosen = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let file = input.and_then(|input| input.files()).and_then(|files| files.get(0));
        let Some(file) = file else { return };
        spawn_local(async move {
            if let Ok(buffer) = JsFuture::from(file.array_buffer()).await {
                take(js_sys::Uint8Array::new(&buffer).to_vec());
            }
        });
    };
    view! { <label>{label}<input type="file" id=id on:change=chosen /></label> }
}
