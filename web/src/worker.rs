//! The verifier, in a Web Worker: this side sends keys and envelopes, the worker answers with reports.
//!
//! The worker (`static/worker.js`) loads the `.wasm` that validators run, and hashes the very bytes that it starts.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use futures_channel::oneshot;
use js_sys::{Object, Reflect, Uint8Array};
use serde::Deserialize;
use vouch_client::key::KeyFacts;
pub(crate) use vouch_client::report::{ChainReport, Report};
pub(crate) use vouch_envelope::{Check, Expected, ExpectedChain};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

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

struct Inner {
    worker: Worker,
    next: Cell<u32>,
    waiting: RefCell<HashMap<u32, oneshot::Sender<Result<String, String>>>>,
}

thread_local! {
    static WORKER: &'static Inner = start();
}

fn start() -> &'static Inner {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options("/assets/worker.js", &options).expect("a browser with module workers");
    let inner: &'static Inner =
        Box::leak(Box::new(Inner { worker, next: Cell::new(0), waiting: RefCell::new(HashMap::new()) }));
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let data = event.data();
        let field = |name: &str| Reflect::get(&data, &name.into()).unwrap_or(JsValue::UNDEFINED);
        let id = field("id").as_f64().unwrap_or(-1.0) as u32;
        let answer = match field("ok").as_string() {
            Some(json) => Ok(json),
            None => Err(field("error").as_string().unwrap_or_else(|| "no reason given".into())),
        };
        if let Some(sender) = inner.waiting.borrow_mut().remove(&id) {
            let _ = sender.send(answer);
        }
    });
    inner.worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
        // The worker itself is broken: nobody will answer what is waiting.
        for (_, sender) in inner.waiting.borrow_mut().drain() {
            let _ = sender.send(Err(format!("the worker stopped: {}", event.message())));
        }
    });
    inner.worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    on_error.forget();
    inner
}

async fn call<T: for<'a> Deserialize<'a>>(message: &Object) -> Result<T, String> {
    let inner = WORKER.with(|inner| *inner);
    let id = inner.next.get();
    inner.next.set(id.wrapping_add(1));
    let (sender, answer) = oneshot::channel();
    inner.waiting.borrow_mut().insert(id, sender);
    set(message, "id", &id.into());
    inner.worker.post_message(message).map_err(|error| format!("{error:?}"))?;
    let json = answer.await.map_err(|_| "the worker is gone".to_owned())??;
    serde_json::from_str(&json).map_err(|error| error.to_string())
}

fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
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
