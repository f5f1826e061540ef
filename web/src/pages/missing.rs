//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

/// The page for addresses that lead nowhere.
#[component]
pub(crate) fn Missing() -> impl IntoView {
    view! {
        <Title text="Not here" />
        <div class="lead">
            <h1>"There is no page at this address"</h1>
            <p>"If you followed a link to a proof, it should look like " <code>"/verify/…"</code> " with an identifier at the end."</p>
            <p><A href="/">"Ask for a prediction"</A>" or "<A href="/verify">"check a proof that you have"</A>"."</p>
        </div>
    }
}
