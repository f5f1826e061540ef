//! A Web Worker that is asked again and again: each message has a number, and its answer has the same.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use futures_channel::oneshot;
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// The worker, and who waits for it.
pub(crate) struct Asked {
    worker: Worker,
    next: Cell<u32>,
    waiting: RefCell<HashMap<u32, oneshot::Sender<Result<String, String>>>>,
    /// Why it answers nothing more.
    stopped: RefCell<Option<String>>,
}

impl Asked {
    /// Starts a worker, once and for as long as the page is open.
    pub(crate) fn start(script: &str) -> &'static Self {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(script, &options).expect("a browser with module workers");
        let (next, waiting, stopped) = (Cell::new(0), RefCell::new(HashMap::new()), RefCell::new(None));
        let asked: &'static Self = Box::leak(Box::new(Self { worker, next, waiting, stopped }));
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            let field = |name: &str| Reflect::get(&data, &name.into()).unwrap_or(JsValue::UNDEFINED);
            let id = field("id").as_f64().unwrap_or(-1.0) as u32;
            let answer = match field("ok").as_string() {
                Some(text) => Ok(text),
                None => Err(field("error").as_string().unwrap_or_else(|| "no reason given".into())),
            };
            if let Some(sender) = asked.waiting.borrow_mut().remove(&id) {
                let _ = sender.send(answer);
            }
        });
        asked.worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            // The worker itself is broken: nobody will answer what is waiting, and what is still to come.
            let reason = format!("the worker stopped: {}", event.message());
            for (_, sender) in asked.waiting.borrow_mut().drain() {
                let _ = sender.send(Err(reason.clone()));
            }
            asked.stopped.replace(Some(reason));
        });
        asked.worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        on_error.forget();
        asked
    }

    /// Sends a message, which gets its number here, and waits for the answer: the worker's text, or its error's.
    pub(crate) async fn ask(&self, message: &Object) -> Result<String, String> {
        if let Some(reason) = self.stopped.borrow().clone() {
            return Err(reason);
        }
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        let (sender, answer) = oneshot::channel();
        self.waiting.borrow_mut().insert(id, sender);
        set(message, "id", &id.into());
        self.worker.post_message(message).map_err(|error| format!("{error:?}"))?;
        answer.await.map_err(|_| "the worker is gone".to_owned())?
    }
}

/// Sets a field of a message.
pub(crate) fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}
