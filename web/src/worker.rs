//! The verifier, in a Web Worker: this side sends keys and envelopes, the worker answers with reports.
//!
//! The worker (`static/worker.js`) loads the `.wasm` that validators run, and hashes the very bytes that it starts.

use std::sync::Arc;

use js_sys::{Object, Uint8Array};
use serde::Deserialize;
use vouch_client::key::KeyFacts;
pub(crate) use vouch_client::report::{ChainReport, Report};
pub(crate) use vouch_envelope::{Check, Expected, ExpectedChain};
use wasm_bindgen::prelude::*;

use crate::asked::{Asked, set};

/// The program that verifies here.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Program {
    /// SHA-256 of its bytes, empty where the browser offers no hash function.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Milliseconds to compile it and start it, without fetching.
    pub start_ms: f64,
}

thread_local! {
    static WORKER: &'static Asked = Asked::start("/assets/worker.js");
}

async fn call<T: for<'a> Deserialize<'a>>(message: &Object) -> Result<T, String> {
    let json = WORKER.with(|worker| *worker).ask(message).await?;
    serde_json::from_str(&json).map_err(|error| error.to_string())
}

fn message(kind: &str) -> Object {
    let object = Object::new();
    set(&object, "kind", &kind.into());
    object
}

/// Starts the verifier, if it does not run yet, and says which program it is.
pub(crate) async fn program() -> Result<Program, String> {
    call(&message("start")).await
}

/// What a verifying key says about its model, read by the verifier from the key's bytes.
pub(crate) async fn key_facts(key: &[u8]) -> Result<KeyFacts, String> {
    let message = message("key");
    set(&message, "key", &Uint8Array::from(key));
    call(&message).await
}

/// Verifies an envelope.
pub(crate) async fn verify(key: &[u8], envelope: &[u8], expected: &Expected) -> Result<Report, String> {
    let message = message("verify");
    set(&message, "key", &Uint8Array::from(key));
    set(&message, "envelope", &Uint8Array::from(envelope));
    let expected = serde_json::to_string(expected).map_err(|error| error.to_string())?;
    set(&message, "expected", &expected.into());
    call(&message).await
}

/// Verifies a chain of proofs. `keys` has each key once, `order` the key of each proof.
pub(crate) async fn verify_chain(
    keys: &[Arc<Vec<u8>>],
    order: &[usize],
    chain: &[u8],
    expected: &ExpectedChain,
) -> Result<ChainReport, String> {
    let message = message("chain");
    let keys: js_sys::Array = keys.iter().map(|key| Uint8Array::from(key.as_slice())).collect();
    set(&message, "keys", &keys);
    let order: js_sys::Array = order.iter().map(|&key| JsValue::from(key as u32)).collect();
    set(&message, "order", &order);
    set(&message, "chain", &Uint8Array::from(chain));
    let expected = serde_json::to_string(expected).map_err(|error| error.to_string())?;
    set(&message, "expected", &expected.into());
    call(&message).await
}
