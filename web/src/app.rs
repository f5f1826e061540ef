//! The frame of every page.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{A, Route, Router, Routes};
use leptos_router::path;
use vouch_client::numbers::Numbers;
use wasm_bindgen_futures::spawn_local;

use crate::api::{self, Network};
use crate::components::DigestPair;
use crate::http::{self, Link};
use crate::pages;
use crate::poll::{LIVE, Polled, poll};
use crate::settings::{Settings, Theme};
use crate::worker::{self, Program};

/// What every page may read: the network's state and the program that verifies here.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    /// The validator's own account of itself.
    pub network: Polled<Network>,
    /// The verifier in this browser, once it runs, or why it does not.
    pub program: RwSignal<Option<Result<Program, String>>>,
}

impl Shared {
    /// The shared state.
    pub(crate) fn get() -> Self {
        expect_context()
    }

    fn provide() -> Self {
        let shared = Self { network: poll(api::NETWORK, LIVE), program: RwSignal::new(None) };
        spawn_local(async move { shared.program.set(Some(worker::program().await)) });
        provide_context(shared);
        shared
    }

    /// SHA-256 of the program here.
    pub(crate) fn digest_here(self) -> Option<String> {
        self.program.get().and_then(Result::ok).map(|program| program.sha256)
    }

    /// SHA-256 of the validator's program.
    pub(crate) fn digest_there(self) -> Option<String> {
        self.network.data.with(|network| {
            network.as_ref().map(|network| network.verifier_sha256.clone()).filter(|digest| !digest.is_empty())
        })
    }
}

/// The application.
#[component]
pub(crate) fn App() -> impl IntoView {
    provide_meta_context();
    Settings::provide();
    Shared::provide();
    view! {
        <Title formatter=|text: String| if text.is_empty() { "Vouch".to_owned() } else { format!("{text} · Vouch") } />
        <Router>
            <a class="skip" href="#content">"Skip to the page"</a>
            <Header />
            <main class="page" id="content" tabindex="-1">
                <Routes fallback=pages::Missing>
                    <Route path=path!("/") view=pages::Predict />
                    <Route path=path!("/strategies") view=pages::Strategies />
                    <Route path=path!("/strategies/:id") view=pages::Strategies />
                    <Route path=path!("/verify") view=pages::Verify />
                    <Route path=path!("/verify/:id") view=pages::Verify />
                    <Route path=path!("/disclose") view=pages::Disclose />
                    <Route path=path!("/miners") view=pages::Miners />
                    <Route path=path!("/miners/:id") view=pages::Miner />
                    <Route path=path!("/models") view=pages::Models />
                    <Route path=path!("/models/:id") view=pages::Model />
                    <Route path=path!("/deposits") view=pages::Deposits />
                    <Route path=path!("/network") view=pages::Network />
                </Routes>
            </main>
            <Footer />
        </Router>
    }
}

#[component]
fn Header() -> impl IntoView {
    let link = http::link();
    let state = {
        let link = link.clone();
        move || match link.get() {
            Link::Up => "validator answers",
            Link::Down => "no answer, trying again",
            Link::Unknown => "asking the validator",
        }
    };
    let class = move || match link.get() {
        Link::Up => "link-state up",
        Link::Down => "link-state down",
        Link::Unknown => "link-state",
    };
    view! {
        <header class="top">
            <div class="top-row">
                <a class="brand" href="/"><img class="mark" src="/assets/mark.svg" alt="" width="24" height="24" />"Vouch"</a>
                <p class=class role="status" id="link-state">{state}</p>
            </div>
            <nav class="tabs" aria-label="Pages">
                <A href="/" exact=true>"Predict"</A>
                <A href="/strategies">"Strategies"</A>
                <A href="/verify">"Verify"</A>
                <A href="/disclose">"Disclose"</A>
                <A href="/miners">"Miners"</A>
                <A href="/models">"Models"</A>
                <A href="/deposits">"Deposits"</A>
                <A href="/network">"Network"</A>
            </nav>
        </header>
    }
}

#[component]
fn Footer() -> impl IntoView {
    let settings = Settings::get();
    let shared = Shared::get();
    view! {
        <footer class="foot">
            <div class="digests">
                <DigestPair
                    here=Signal::derive(move || shared.digest_here())
                    there=Signal::derive(move || shared.digest_there())
                />
            </div>
            <div class="section">
                <Choice
                    legend="Numbers"
                    name="numbers"
                    options=[(Numbers::Comma, "1,234.5"), (Numbers::Space, "1\u{202f}234.5")]
                        .map(|(style, text)| (style, style.key(), text))
                        .into()
                    chosen=settings.numbers
                />
                <Choice legend="Theme" name="theme" options=Theme::ALL.into() chosen=settings.theme />
                <Choice
                    legend="Proofs that rest on a development setup"
                    name="development"
                    options=[(true, "accept", "accept"), (false, "refuse", "refuse")].into()
                    chosen=settings.allow_development
                />
            </div>
        </footer>
    }
}

/// One of several values; options are a value, its key and its label.
#[component]
fn Choice<T: Copy + PartialEq + Send + Sync + 'static>(
    legend: &'static str,
    name: &'static str,
    options: Vec<(T, &'static str, &'static str)>,
    chosen: RwSignal<T>,
) -> impl IntoView {
    view! {
        <fieldset>
            <legend>{legend}</legend>
            <div class="choice">
                {options.into_iter().map(|(value, key, text)| view! {
                    <label>
                        <input
                            type="radio"
                            name=name
                            value=key
                            prop:checked=move || chosen.get() == value
                            on:change=move |_| chosen.set(value)
                        />
                        {text}
                    </label>
                }).collect_view()}
            </div>
        </fieldset>
    }
}
