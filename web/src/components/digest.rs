//! Digests of 32 bytes, drawn and written.

use leptos::prelude::*;

/// A digest as 32 bars and as text.
#[component]
pub(crate) fn Digest(
    /// Hexadecimal text.
    #[prop(into)]
    hex: Signal<String>,
) -> impl IntoView {
    view! {
        <span class="digest">
            <svg class="digest-bars" viewBox="0 0 128 16" preserveAspectRatio="none" aria-hidden="true">
                {move || bytes(&hex.get()).into_iter().enumerate().map(|(index, byte)| {
                    let height = 1.0 + f64::from(byte) / 255.0 * 15.0;
                    view! {
                        <rect
                            x=(index * 4).to_string()
                            y=format!("{:.2}", 16.0 - height)
                            width="3"
                            height=format!("{height:.2}")
                        />
                    }
                }).collect_view()}
            </svg>
            <span class="digest-text">{move || hex.get()}</span>
        </span>
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    vouch_envelope::hex::decode(hex).unwrap_or_default()
}

/// The program that this browser runs and the one that the validator runs, side by side.
#[component]
pub(crate) fn DigestPair(
    /// SHA-256 of the program that verifies here; `None` until it has been hashed.
    #[prop(into)]
    here: Signal<Option<String>>,
    /// SHA-256 that the validator says its own verifier has; `None` until it has said so.
    #[prop(into)]
    there: Signal<Option<String>>,
) -> impl IntoView {
    let sentence = move || match (here.get(), there.get()) {
        (Some(here), _) if here.is_empty() => {
            "This browser hashes files only on pages served over HTTPS or from this machine, so the two cannot be compared here."
        }
        (Some(here), Some(there)) if here == there => "The same program, byte for byte.",
        (Some(_), Some(_)) => {
            "These are different programs. Your browser's verdict stands on its own, but ask the validator why."
        }
        (None, _) => "Hashing the program in this browser …",
        (_, None) => "The validator has not said which program it runs.",
    };
    let text = |digest: Option<String>| digest.unwrap_or_default();
    view! {
        <div class="section">
            <div class="digest-pair">
                <div><p class="small quiet">"Verifier in your browser, SHA-256"</p><Digest hex=Signal::derive(move || text(here.get())) /></div>
                <div><p class="small quiet">"Verifier in the validator, SHA-256"</p><Digest hex=Signal::derive(move || text(there.get())) /></div>
            </div>
            <p class="small" id="digest-verdict" role="status">{sentence}</p>
        </div>
    }
}
