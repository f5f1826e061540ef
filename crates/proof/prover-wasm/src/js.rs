//! The interface for JavaScript: wasm-bindgen makes a module of it. Errors are thrown.

#![allow(missing_docs, unreachable_pub, unsafe_code)]

use wasm_bindgen::prelude::*;

use crate::api::{ApiError, Prover};

fn thrown(error: ApiError) -> JsError {
    JsError::new(&error.to_string())
}

#[wasm_bindgen(js_name = Prover)]
pub struct ScriptProver(Prover);

#[wasm_bindgen(js_class = Prover)]
impl ScriptProver {
    #[wasm_bindgen(constructor)]
    pub fn new(prover_key: &[u8], verifier_key: &[u8]) -> Result<ScriptProver, JsError> {
        Prover::load(prover_key, verifier_key).map(Self).map_err(thrown)
    }

    pub fn describe(&self) -> Result<String, JsError> {
        self.0.describe().map_err(thrown)
    }

    pub fn hash(&self, values: &[i32], salt: &str) -> Result<String, JsError> {
        self.0.hash(values, salt).map_err(thrown)
    }

    pub fn prove(&self, values: &[i32], salt: &str, statement: &str, nonce: &str) -> Result<Vec<u8>, JsError> {
        self.0.prove(values, salt, statement, nonce).map_err(thrown)
    }
}
