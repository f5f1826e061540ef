//! The interface for JavaScript: what wasm-bindgen turns into a module with types. `verifier-wasm/js` wraps it.
//!
//! Nothing here throws: a call that can fail leaves its error to be asked for. So the only import that wasm-bindgen
//! would need is that of its own checks, which the build replaces by a trap (`xtask/src/wasm/bind.rs`).

#![allow(missing_docs, unreachable_pub, unsafe_code)]

use wasm_bindgen::prelude::wasm_bindgen;

use crate::api::{self, ApiError, Key, Session};

/// A value, or the error instead of it, as JSON.
type Answer<T> = Result<T, ApiError>;

fn error<T>(answer: &Answer<T>) -> Option<String> {
    answer.as_ref().err().map(ApiError::to_json)
}

#[wasm_bindgen(js_name = version)]
pub fn version() -> String {
    api::version()
}

#[wasm_bindgen]
pub struct RawText(Answer<String>);

#[wasm_bindgen]
impl RawText {
    pub fn inspect(envelope: &[u8]) -> Self {
        Self(api::inspect(envelope))
    }

    #[wasm_bindgen(js_name = inspectChain)]
    pub fn inspect_chain(chain: &[u8]) -> Self {
        Self(api::inspect_chain(chain))
    }

    pub fn error(&self) -> Option<String> {
        error(&self.0)
    }

    pub fn text(&self) -> String {
        self.0.clone().unwrap_or_default()
    }
}

#[wasm_bindgen]
pub struct RawKey(Answer<Key>);

#[wasm_bindgen]
impl RawKey {
    pub fn load(bytes: &[u8]) -> Self {
        Self(Key::load(bytes))
    }

    pub fn error(&self) -> Option<String> {
        error(&self.0)
    }

    pub fn describe(&self) -> String {
        self.0.as_ref().map(Key::describe).unwrap_or_default()
    }

    pub fn begin(&self, envelope: &[u8], expected: &str) -> RawSession {
        RawSession(self.0.clone().and_then(|key| key.begin(envelope, expected.as_bytes())))
    }
}

/// The keys of a chain, one for each proof.
#[wasm_bindgen]
pub struct RawChain(Answer<Vec<Key>>);

#[wasm_bindgen]
impl RawChain {
    #[wasm_bindgen(js_name = empty)]
    pub fn empty() -> Self {
        Self(Ok(Vec::new()))
    }

    pub fn add(&mut self, key: &RawKey) {
        match (&mut self.0, &key.0) {
            (Ok(keys), Ok(key)) => keys.push(key.clone()),
            (Ok(_), Err(error)) => self.0 = Err(error.clone()),
            (Err(_), _) => {}
        }
    }

    pub fn begin(self, chain: &[u8], expected: &str) -> RawSession {
        RawSession(self.0.and_then(|keys| api::begin_chain(&keys, chain, expected.as_bytes())))
    }
}

#[wasm_bindgen]
pub struct RawSession(Answer<Session>);

#[wasm_bindgen]
impl RawSession {
    pub fn error(&self) -> Option<String> {
        error(&self.0)
    }

    /// `now` is in microseconds.
    pub fn step(&mut self, now: f64) -> bool {
        self.0.as_mut().is_ok_and(|session| session.step(now as u64))
    }

    pub fn finish(self) -> String {
        self.0.map(Session::finish).unwrap_or_default()
    }
}
