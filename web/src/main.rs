//! The dashboard of a validator: ask a model, get a prediction with a proof, and check the proof in your own browser.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`app`] | the frame of every page and the addresses of the pages |
//! | [`pages`] | one module a page |
//! | [`components`] | what pages are made of: verdict, fields, charts, digests |
//! | [`worker`] | the verifier in its Web Worker, seen from the page |
//! | [`prover`], [`fact`] | the prover of facts about hidden inputs in its Web Worker; what such a fact is |
//! | [`chain`] | the deposit contract, read through the validator, written through the wallet |
//! | [`setup`], [`strategy`] | what must be there before one can ask; what is expected of a chain of proofs |
//! | [`claim`], [`tamper`] | integers and units; ways to cheat |
//! | [`api`], [`http`], [`poll`] | the validator |
//! | [`numbers`], [`settings`] | how numbers are written, and what the user chose |

mod api;
mod app;
mod chain;
mod claim;
mod components;
mod fact;
mod hidden;
mod http;
mod numbers;
mod pages;
mod poll;
mod prover;
mod settings;
mod setup;
mod strategy;
mod tamper;
mod worker;

fn main() {
    leptos::mount::mount_to_body(app::App);
    if let Some(shell) = leptos::prelude::document().get_element_by_id("shell") {
        shell.remove();
    }
}
