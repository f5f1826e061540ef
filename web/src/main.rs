//! The dashboard of a validator: ask a model, get a prediction with a proof, and check the proof in your own browser.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`app`] | the frame of every page and the addresses of the pages |
//! | [`pages`] | one module a page |
//! | [`components`] | what pages are made of: verdict, fields, charts, digests |
//! | [`worker`], [`asked`] | the verifier in its Web Worker, seen from the page; any worker that is asked again and again |
//! | [`prover`], [`fact`] | the prover of facts about hidden inputs in its Web Worker; their keys, from the validator |
//! | [`ethereum`] | the deposit contract, read through the validator, written through the wallet; the contract that checks proofs, at a node of the user's |
//! | [`setup`], [`strategy`] | what must be there before one can ask; a chain of proofs and its verification |
//! | [`api`], [`http`], [`poll`] | the validator |
//! | [`settings`], [`time`], [`random`] | what the user chose; the browser's clock and random numbers |
//!
//! What the page computes is in `vouch-client`: expectations, strategies, words, numbers, deposit rules. Here are views and
//! calls of the browser.

mod api;
mod app;
mod asked;
mod components;
mod ethereum;
mod fact;
mod http;
mod pages;
mod poll;
mod prover;
mod random;
mod settings;
mod setup;
mod strategy;
mod time;
mod worker;

fn main() {
    leptos::mount::mount_to_body(app::App);
    if let Some(shell) = leptos::prelude::document().get_element_by_id("shell") {
        shell.remove();
    }
}
