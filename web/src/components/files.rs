//! Files out of the page, text onto the clipboard.

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Saves bytes under a name, as a download of the browser.
fn save_bytes(name: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type("application/octet-stream");
    let parts = Array::of1(&Uint8Array::from(bytes).into());
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.dyn_into()?;
    link.set_href(&url);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&url)
}

/// Puts text onto the clipboard and calls back with whether that was allowed.
fn copy_text(text: String, done: impl FnOnce(bool) + 'static) {
    spawn_local(async move {
        let clipboard = window().navigator().clipboard();
        // Missing where the page is not served securely.
        let allowed = !AsRef::<JsValue>::as_ref(&clipboard).is_undefined()
            && JsFuture::from(clipboard.write_text(&text)).await.is_ok();
        done(allowed);
    });
}

/// A button that saves bytes, which are asked for when it is pressed.
#[component]
pub(crate) fn Download(
    /// What the button says.
    #[prop(into)]
    label: String,
    /// Name of the file.
    #[prop(into)]
    name: String,
    /// The bytes.
    bytes: Vec<u8>,
) -> impl IntoView {
    let bytes = StoredValue::new(bytes);
    view! {
        <button type="button" on:click=move |_| {
            let _ = bytes.with_value(|bytes| save_bytes(&name, bytes));
        }>{label}</button>
    }
}

/// A command line, and a button that copies it.
#[component]
pub(crate) fn CommandLine(
    /// The command.
    #[prop(into)]
    command: Signal<String>,
) -> impl IntoView {
    let copied = RwSignal::new(None::<bool>);
    view! {
        <pre class="command" tabindex="0" aria-label="Command line">{move || command.get()}</pre>
        <div class="row">
            <button type="button" on:click=move |_| copy_text(command.get_untracked(), move |ok| copied.set(Some(ok)))>"Copy the command"</button>
            <span role="status" class="small quiet">{move || copied.get().map(|ok| if ok { "Copied." } else { "The browser does not allow it; please select the text." })}</span>
        </div>
    }
}
