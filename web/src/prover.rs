//! The prover of facts about hashed inputs, in a Web Worker of its own (`static/prover-worker.js`). Neither is loaded before somebody wants to prove.
//!
//! A worker proves one fact and ends: its memory goes with it, and a module that trapped is not used again.

use futures_channel::oneshot;
use js_sys::{Int32Array, Object, Reflect, Uint8Array};
use serde::Deserialize;
use vouch_api::{Nonce, Salt};
use vouch_disclosure::Statement;
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// How long it took.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(crate) struct Times {
    /// Milliseconds to load and start the module.
    pub start_ms: f64,
    /// Milliseconds to read the key.
    pub key_ms: f64,
    /// Milliseconds to prove.
    pub prove_ms: f64,
    /// The circuit has 2^k rows.
    pub k: u32,
}

/// Proves a fact; the envelope's bytes.
pub(crate) async fn prove(
    prover_key: &[u8],
    verifier_key: &[u8],
    values: &[i64],
    salt: Salt,
    statement: &Statement,
    nonce: Nonce,
) -> Result<(Vec<u8>, Times), String> {
    let values: Vec<i32> =
        values.iter().map(|&v| i32::try_from(v)).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
    let statement = serde_json::to_string(statement).map_err(|error| error.to_string())?;
    let message = Object::new();
    let set = |name: &str, value: &JsValue| {
        let _ = Reflect::set(&message, &name.into(), value);
    };
    set("prover_key", &Uint8Array::from(prover_key));
    set("verifier_key", &Uint8Array::from(verifier_key));
    set("values", &Int32Array::from(values.as_slice()));
    set("salt", &salt.to_string().into());
    set("statement", &statement.into());
    set("nonce", &nonce.to_string().into());

    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options("/assets/prover-worker.js", &options)
        .map_err(|_| "this browser starts no module worker".to_owned())?;
    let (sender, answer) = oneshot::channel::<Result<(Vec<u8>, String), String>>();
    let sender = std::rc::Rc::new(std::cell::Cell::new(Some(sender)));
    let send = {
        let sender = sender.clone();
        move |answer| {
            if let Some(sender) = sender.take() {
                let _ = sender.send(answer);
            }
        }
    };
    let on_message = {
        let send = send.clone();
        Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            let field = |name: &str| Reflect::get(&data, &name.into()).unwrap_or(JsValue::UNDEFINED);
            send(match (field("ok").as_string(), field("envelope").dyn_into::<Uint8Array>()) {
                (Some(times), Ok(envelope)) => Ok((envelope.to_vec(), times)),
                _ => Err(field("error").as_string().unwrap_or_else(|| "no reason given".into())),
            });
        })
    };
    let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
        send(Err(format!("the prover stopped: {}", event.message())));
    });
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    let posted = worker.post_message(&message).map_err(|error| format!("{error:?}"));
    let answer = match posted {
        Ok(()) => answer.await.map_err(|_| "the prover is gone".to_owned()).and_then(|answer| answer),
        Err(reason) => Err(reason),
    };
    worker.terminate();
    let (envelope, times) = answer?;
    Ok((envelope, serde_json::from_str(&times).map_err(|error| error.to_string())?))
}
