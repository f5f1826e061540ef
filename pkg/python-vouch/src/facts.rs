//! Facts about hashed inputs.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;
use vouch::{Nonce, ProofEnvelope, Salt, Statement, TensorSpec};

use crate::data::{self, bytes32};
use crate::failure::{Raise, wrong};
use crate::keys::{ProvingKey, VerifyingKey};
use crate::model::Model;
use crate::srs::Srs;
use crate::work;

/// A fact, from `vouch.disclose`: the position of one value, or weights of all; the bounds in the tensor's unit.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Fact {
    index: Option<usize>,
    weights: Option<Vec<i64>>,
    lo: f64,
    hi: f64,
}

impl Fact {
    fn about(self, py: Python<'_>, spec: &TensorSpec) -> PyResult<Statement> {
        let (lo, hi) = vouch::fact_bounds(spec, self.lo, self.hi).or_raise(py)?;
        match (self.index, self.weights) {
            (Some(index), None) => Statement::element(spec, index, lo, hi).or_raise(py),
            (None, Some(weights)) => Statement::weighted(spec, weights, lo, hi).or_raise(py),
            _ => Err(wrong(py, "a fact is about one value (index) or a weighted sum of all (weights)")),
        }
    }
}

/// Makes the key for facts about a hashed input; without a reference string, with one for development.
#[pyfunction]
pub(crate) fn fact_key(
    py: Python<'_>,
    model: PyRef<'_, Model>,
    tensor: &str,
    srs: Option<PyRef<'_, Srs>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<ProvingKey> {
    let schema = model.0.program.schema();
    let spec = vouch::hashed_input(&schema, tensor).or_raise(py)?.clone();
    let srs = srs.map(|srs| Arc::clone(&srs.0));
    let make = move || match srs {
        Some(srs) => vouch::fact_keys(&spec, &srs),
        None => vouch::fact_keys(&spec, &vouch::Srs::development(vouch::fact_rows(&spec)?)),
    };
    Ok(ProvingKey(Arc::new(work::run(py, progress.as_ref(), 0.5, make)?)))
}

/// Reads the key for facts about an input from a model's folder.
#[pyfunction]
pub(crate) fn open_fact_key(py: Python<'_>, dir: PathBuf, tensor: &str) -> PyResult<ProvingKey> {
    let dir = vouch::disclosure_dir(&dir, tensor);
    Ok(ProvingKey(Arc::new(py.detach(|| vouch::open_fact_key(dir)).or_raise(py)?)))
}

/// Proves a fact: the proof's bytes and the fact in words.
#[pyfunction]
pub(crate) fn prove_fact<'py>(
    py: Python<'py>,
    key: PyRef<'_, ProvingKey>,
    values: &[u8],
    salt: &[u8],
    fact: Fact,
    nonce: &[u8],
    progress: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyBytes>, String)> {
    let key = Arc::clone(&key.0);
    let spec = vouch::fact_tensor(key.verifying_key()).or_raise(py)?.clone();
    let integers = data::integers(py, &spec, values)?;
    let statement = fact.about(py, &spec)?;
    let words = vouch::fact_words(&statement, &spec);
    let (salt, nonce) = (Salt(bytes32(py, "salt", salt)?), Nonce(bytes32(py, "nonce", nonce)?));
    let expected = key.expected_seconds();
    let prove = move || vouch::prove_fact(&key, &integers, salt, &statement, nonce);
    let envelope = work::run(py, progress.as_ref(), expected, prove)?;
    let bytes = envelope.encode().map_err(vouch::Error::from).or_raise(py)?;
    Ok((PyBytes::new(py, &bytes), words))
}

/// Verifies the proof of a fact: the fact that it states, as JSON.
#[pyfunction]
pub(crate) fn verify_fact(
    py: Python<'_>,
    key: PyRef<'_, VerifyingKey>,
    proof: &[u8],
    hash: &str,
    fact: Option<Fact>,
    nonce: Option<Vec<u8>>,
    allow_development: bool,
) -> PyResult<String> {
    let key = &*key.0;
    let spec = vouch::fact_tensor(key).or_raise(py)?;
    let fact = fact.map(|fact| fact.about(py, spec)).transpose()?;
    let hash = hash.parse().map_err(|e| wrong(py, format!("hash: {e}")))?;
    let nonce = nonce.map(|bytes| bytes32(py, "nonce", &bytes).map(Nonce)).transpose()?;
    let envelope = ProofEnvelope::decode(proof).or_raise(py)?;
    let shown = py.detach(|| vouch::verify_fact(key, hash, fact.as_ref(), nonce, allow_development, &envelope));
    let shown = shown.or_raise(py)?;
    Ok(data::json(&json!({
        "tensor": shown.tensor,
        "index": vouch::fact_index(&shown),
        "weights": shown.weights,
        "lo": spec.real(shown.lo),
        "hi": spec.real(shown.hi),
        "unit": spec.unit,
        "words": vouch::fact_words(&shown, spec),
        "model_id": key.model_id().to_string(),
    })))
}
