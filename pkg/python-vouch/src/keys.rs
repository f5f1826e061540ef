//! Keys, and proofs with them.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;
use vouch::{Nonce, Salt, Section, SrsKind};

use crate::data::{self, Array, bytes32};
use crate::failure::{Raise, wrong};
use crate::model::{Model, tensor};
use crate::proof::Proof;
use crate::work;

/// A proving key.
#[pyclass(frozen, module = "vouch._native")]
pub(crate) struct ProvingKey(pub(crate) Arc<vouch::ProvingKey>);

/// A verifying key.
#[pyclass(frozen, module = "vouch._native")]
pub(crate) struct VerifyingKey(pub(crate) Arc<vouch::VerifyingKey>);

/// 32 bytes from the system's randomness.
#[pyfunction]
pub(crate) fn random_nonce(py: Python<'_>) -> Bound<'_, PyBytes> {
    PyBytes::new(py, &vouch::random_nonce().0)
}

#[pymethods]
impl ProvingKey {
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf, model: PyRef<'_, Model>, progress: Option<Py<PyAny>>) -> PyResult<Self> {
        let model = Arc::clone(&model.0);
        let open = move || vouch::ProvingKey::open(path, &model);
        Ok(Self(Arc::new(work::run(py, progress.as_ref(), 0.0, open)?)))
    }

    /// Writes both keys: paths and sizes as JSON.
    fn save(&self, py: Python<'_>, dir: PathBuf) -> PyResult<String> {
        let files = py.detach(|| self.0.save(dir)).or_raise(py)?;
        Ok(data::json(&json!({
            "prover": files.prover,
            "prover_bytes": files.prover_bytes,
            "verifier": files.verifier,
            "verifier_bytes": files.verifier_bytes,
        })))
    }

    #[getter]
    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(Arc::new(self.0.verifying_key().clone()))
    }

    #[getter]
    fn batch(&self) -> u32 {
        self.0.batch()
    }

    #[getter]
    fn k(&self) -> u32 {
        self.0.k()
    }

    /// Proves a run on inputs, or on one input of each of several samples.
    fn prove(
        &self,
        py: Python<'_>,
        samples: Vec<Vec<Array>>,
        nonce: &[u8],
        salt: Option<Vec<u8>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Proof> {
        let samples = samples.into_iter().map(|sample| data::inputs(py, sample)).collect::<PyResult<Vec<_>>>()?;
        let nonce = Nonce(bytes32(py, "nonce", nonce)?);
        let salt = match salt {
            Some(salt) => Salt(bytes32(py, "salt", &salt)?),
            None => Salt::random(),
        };
        let key = Arc::clone(&self.0);
        let inputs = match samples.as_slice() {
            [one] => one.clone(),
            several => vouch::together(several),
        };
        // What the caller has to correct is said at once.
        let integers = key.quantize(&inputs).or_raise(py)?;
        let expected = key.expected_seconds();
        let proof = work::run(py, progress.as_ref(), expected, move || key.prove_integers(&integers, nonce, salt))?;
        Ok(Proof { outputs: self.0.dequantize(&proof.outputs), proof: Arc::new(proof) })
    }
}

#[pymethods]
impl VerifyingKey {
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Ok(Self(Arc::new(py.detach(|| vouch::open_verifying_key(path)).or_raise(py)?)))
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        Ok(Self(Arc::new(py.detach(|| vouch::VerifyingKey::from_bytes(bytes)).or_raise(py)?)))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.to_bytes())
    }

    /// What the key says, as JSON.
    fn describe(&self) -> String {
        let schema = self.0.schema();
        let tensors = |section| schema.section(section).iter().map(|spec| tensor(spec, None)).collect::<Vec<_>>();
        data::json(&json!({
            "model_id": self.0.model_id().to_string(),
            "from_ceremony": self.0.srs_kind() == SrsKind::Ceremony,
            "k": self.0.description().k,
            "proof_bytes": self.0.proof_len(),
            "inputs": tensors(Section::Inputs),
            "outputs": tensors(Section::Outputs),
        }))
    }

    /// The hash of a hashed tensor's values, with the secret of its proof.
    fn tensor_hash(&self, py: Python<'_>, inputs: bool, name: &str, values: &[u8], salt: &[u8]) -> PyResult<String> {
        let section = if inputs { Section::Inputs } else { Section::Outputs };
        let spec = self.0.schema().named(section, name);
        let spec = spec.ok_or_else(|| wrong(py, format!("{section}: there is no `{name}`")))?;
        let integers = data::integers(py, spec, values)?;
        let salt = Salt(bytes32(py, "salt", salt)?);
        let hash = vouch::tensor_hash(&salt, section, name, &integers).map_err(|e| wrong(py, e))?;
        Ok(hash.to_string())
    }
}
