//! Proofs and their verification.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::{Value, json};
use vouch::{Content, Expected, Outcome, Section, Tensors, Verification, expected_values};

use crate::data::{self, Array, ArrayOut};
use crate::failure::{Raise, wrong};
use crate::keys::VerifyingKey;

/// A proof, with what only its maker knows.
#[pyclass(frozen, module = "vouch._native")]
pub(crate) struct Proof {
    pub(crate) proof: Arc<vouch::Proof>,
    pub(crate) outputs: Tensors,
}

#[pymethods]
impl Proof {
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.proof.envelope.encode().map_err(vouch::Error::from).or_raise(py)?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<usize> {
        self.proof.save(path).or_raise(py)
    }

    #[getter]
    fn outputs<'py>(&self, py: Python<'py>) -> Vec<ArrayOut<'py>> {
        data::arrays(py, &self.outputs)
    }

    #[getter]
    fn salt(&self) -> [u8; 32] {
        self.proof.salt.0
    }

    #[getter]
    fn nonce(&self) -> [u8; 32] {
        self.proof.envelope.nonce.0
    }

    /// Seconds for the witness, the proof and its verification.
    #[getter]
    fn seconds(&self) -> (f64, f64, f64) {
        let proof = &self.proof;
        (proof.witness.as_secs_f64(), proof.prove.as_secs_f64(), proof.verify.as_secs_f64())
    }
}

/// What the caller of a verification expects, from `vouch._verify`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Expectations {
    model_id: Option<String>,
    nonce: Option<Vec<u8>>,
    inputs: Option<Vec<Array>>,
    outputs: Option<Vec<Array>>,
    input_hashes: Option<Vec<String>>,
    output_hashes: Option<Vec<String>>,
    allow_development: bool,
}

impl Expectations {
    fn read(self, py: Python<'_>, key: &VerifyingKey) -> PyResult<Expected> {
        let values = |section, arrays: Option<Vec<Array>>| -> PyResult<Option<Vec<i64>>> {
            let Some(arrays) = arrays else { return Ok(None) };
            let tensors = data::inputs(py, arrays)?;
            Ok(Some(expected_values(key.0.schema(), section, &tensors).or_raise(py)?))
        };
        let hashes = |what: &str, texts: Option<Vec<String>>| {
            let parse = |text: &String| text.parse().map_err(|e| wrong(py, format!("{what}: {e}")));
            texts.map(|texts| texts.iter().map(parse).collect::<PyResult<Vec<_>>>()).transpose()
        };
        let model_id = self.model_id.map(|text| text.parse().map_err(|e| wrong(py, format!("model_id: {e}"))));
        let nonce = self.nonce.map(|bytes| data::bytes32(py, "nonce", &bytes).map(vouch::Nonce));
        Ok(Expected {
            model_id: model_id.transpose()?,
            nonce: nonce.transpose()?,
            inputs: values(Section::Inputs, self.inputs)?,
            outputs: values(Section::Outputs, self.outputs)?,
            input_hashes: hashes("input_hashes", self.input_hashes)?,
            output_hashes: hashes("output_hashes", self.output_hashes)?,
            allow_development_srs: self.allow_development,
        })
    }
}

/// Makes all checks of a proof: the report, as JSON, with the content of the claim if it is accepted.
#[pyfunction]
pub(crate) fn report(
    py: Python<'_>,
    key: PyRef<'_, VerifyingKey>,
    proof: &[u8],
    expected: Expectations,
) -> PyResult<String> {
    let expected = expected.read(py, &key)?;
    let key = Arc::clone(&key.0);
    let Outcome { report, claim } = py.detach(|| Verification::new(&*key, expected, proof.to_vec()).complete());
    let checks = report.checks.iter().map(|check| {
        json!({
            "name": check.name,
            "passed": check.passed,
            "code": check.code,
            "verdict": check.verdict(),
            "detail": check.detail,
        })
    });
    Ok(data::json(&json!({
        "model_id": report.model_id.to_string(),
        "accepted": report.accepted,
        "checks": checks.collect::<Vec<Value>>(),
        "claim": claim.as_ref().map(Content::from),
    })))
}
