//! Compilation and models.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use serde_json::{Value, json};
use vouch::{Card, Compile, InputShapes, Objective, Published, Setup, TensorSpec, Visibility};

use crate::data::{self, Array, ArrayOut};
use crate::failure::{Raise, exception, wrong};
use crate::keys::{ProvingKey, VerifyingKey};
use crate::srs::Srs;
use crate::work;

/// A compiled model.
#[pyclass(frozen, module = "vouch._native")]
pub(crate) struct Model(pub(crate) Arc<vouch::Model>);

/// What the options of a compilation are, from `vouch._compile`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    shapes: BTreeMap<String, Vec<usize>>,
    dims: BTreeMap<String, usize>,
    range: Option<(f64, f64)>,
    ranges: BTreeMap<String, (f64, f64)>,
    scales: BTreeMap<String, f64>,
    calibration: Option<Vec<Array>>,
    samples: Option<Vec<Array>>,
    margin: f64,
    target_error: f64,
    max_error: BTreeMap<String, f64>,
    accept_error: BTreeMap<String, f64>,
    limb_bits: Option<u8>,
    visibility: BTreeMap<String, String>,
    private_weights: bool,
    batch: u32,
    objective: String,
    name: Option<String>,
    version: String,
    author: String,
    description: String,
}

/// A file, or the bytes of one.
#[derive(FromPyObject)]
pub(crate) enum Onnx {
    #[pyo3(transparent)]
    Bytes(PyBackedBytes),
    #[pyo3(transparent)]
    Path(PathBuf),
}

/// What layouts are optimised for.
pub(crate) fn objective(py: Python<'_>, word: &str) -> PyResult<Objective> {
    Ok(match word {
        "prover" => Objective::Prover,
        "proof" => Objective::Proof,
        "memory" => Objective::Memory,
        other => return Err(wrong(py, format!("objective: expected prover, proof or memory, got {other:?}"))),
    })
}

/// A compilation with its options.
fn configured(py: Python<'_>, onnx: Onnx, options: Options) -> PyResult<Compile> {
    let shapes = InputShapes { dims: options.dims, inputs: options.shapes };
    let read = match onnx {
        Onnx::Bytes(bytes) => py.detach(|| vouch::Model::compile_bytes(&bytes, &shapes)),
        Onnx::Path(path) => py.detach(|| vouch::Model::compile_with(path, &shapes)),
    };
    let mut compile = read.or_raise(py)?;
    if let Some((lo, hi)) = options.range {
        compile = compile.input_range(lo..=hi);
    }
    for (name, (lo, hi)) in &options.ranges {
        compile = compile.input_range_of(name, *lo..=*hi);
    }
    for (name, scale) in &options.scales {
        compile = compile.input_scale(name, *scale);
    }
    if let Some(arrays) = options.calibration {
        let samples = data::samples(py, arrays, compile.onnx().inputs())?;
        compile = compile.calibration_samples(samples);
    }
    if let Some(arrays) = options.samples {
        let samples = data::samples(py, arrays, compile.onnx().inputs())?;
        compile = compile.samples_from("samples", samples);
    }
    for (name, error) in &options.max_error {
        compile = compile.max_error(name, *error);
    }
    for (name, error) in &options.accept_error {
        compile = compile.accept_error(name, *error);
    }
    for (name, word) in &options.visibility {
        let visibility: Visibility = word.parse().map_err(|e| wrong(py, format!("visibility of `{name}`: {e}")))?;
        compile = compile.visibility(name, visibility);
    }
    if let Some(bits) = options.limb_bits {
        compile = compile.limb_bits(bits);
    }
    if options.private_weights {
        compile = compile.private_weights();
    }
    if let Some(name) = &options.name {
        compile = compile.name(name);
    }
    let Options { version, author, description, .. } = options;
    let card = Card { version, author, description, ..Card::default() };
    let objective = objective(py, &options.objective)?;
    Ok(compile
        .card(card)
        .margin(options.margin)
        .target_error(options.target_error)
        .batch(options.batch)
        .objective(objective))
}

/// Compiles.
#[pyfunction]
pub(crate) fn compile(py: Python<'_>, onnx: Onnx, options: Options, progress: Option<Py<PyAny>>) -> PyResult<Model> {
    let compile = configured(py, onnx, options)?;
    Ok(Model(Arc::new(work::run(py, progress.as_ref(), 0.0, move || compile.build())?)))
}

/// The names of a model's inputs.
#[pyfunction]
pub(crate) fn input_names(py: Python<'_>, onnx: Onnx, options: Options) -> PyResult<Vec<String>> {
    let compile = configured(py, onnx, options)?;
    Ok(compile.onnx().inputs().iter().map(|input| input.name.clone()).collect())
}

/// The ranges of inputs, as JSON: `[{name, unit, lo, hi, source}, …]`.
#[pyfunction]
pub(crate) fn input_ranges(py: Python<'_>, onnx: Onnx, options: Options) -> PyResult<String> {
    let compile = configured(py, onnx, options)?;
    let ranges = py.detach(|| compile.ranges()).or_raise(py)?;
    Ok(data::json(&json!(ranges)))
}

/// A tensor as JSON.
pub(crate) fn tensor(spec: &TensorSpec, note: Option<&String>) -> Value {
    let (lo, hi) = spec.range();
    json!({
        "name": spec.name,
        "shape": spec.shape,
        "unit": spec.unit,
        "scale": spec.scale,
        "min": lo,
        "max": hi,
        "visibility": spec.visibility.to_string(),
        "note": note,
    })
}

#[pymethods]
impl Model {
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Ok(Self(Arc::new(py.detach(|| vouch::Model::open(path)).or_raise(py)?)))
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        Ok(Self(Arc::new(vouch::Model::from_bytes(bytes).or_raise(py)?)))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.to_bytes().or_raise(py)?))
    }

    fn save(&self, py: Python<'_>, dir: PathBuf) -> PyResult<()> {
        self.0.save(dir).or_raise(py)
    }

    /// What the model is, as JSON: its manifest, inputs and outputs.
    fn describe(&self) -> String {
        let (manifest, schema) = (&self.0.manifest, self.0.program.schema());
        let tensors = |specs: &[TensorSpec]| -> Vec<Value> {
            specs.iter().map(|spec| tensor(spec, manifest.notes.get(&spec.name))).collect()
        };
        data::json(&json!({
            "manifest": manifest,
            "parameters": self.0.parameters(),
            "weights": self.0.program.weights().to_string(),
            "inputs": tensors(&schema.inputs),
            "outputs": tensors(&schema.outputs),
        }))
    }

    /// What proofs and keys will cost, as JSON.
    fn plan(&self, py: Python<'_>, batch: u32, goal: &str, rows: Option<u32>) -> PyResult<String> {
        let setup = with(Setup::development(), batch, objective(py, goal)?, rows);
        let plan = py.detach(|| setup.plan(&self.0.program)).or_raise(py)?;
        Ok(data::json(&json!({ "k": plan.k(), "batch": plan.batch, "estimate": plan.estimate })))
    }

    /// Makes keys; without a reference string, with one for development.
    #[pyo3(signature = (srs, batch, goal, rows, progress))]
    fn setup(
        &self,
        py: Python<'_>,
        srs: Option<PyRef<'_, Srs>>,
        batch: u32,
        goal: &str,
        rows: Option<u32>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<ProvingKey> {
        let srs = srs.map(|srs| Arc::clone(&srs.0));
        let objective = objective(py, goal)?;
        let model = Arc::clone(&self.0);
        let plan = with(Setup::development(), batch, objective, rows);
        let expected = py.detach(|| plan.plan(&model.program)).or_raise(py)?.estimate.prove_seconds;
        let make = move || {
            let setup = srs.as_deref().map_or_else(Setup::development, Setup::new);
            model.setup(with(setup, batch, objective, rows))
        };
        Ok(ProvingKey(Arc::new(work::run(py, progress.as_ref(), expected, make)?)))
    }

    /// Runs the integer program without a proof.
    fn run<'py>(&self, py: Python<'py>, inputs: Vec<Array>) -> PyResult<Vec<ArrayOut<'py>>> {
        let inputs = data::inputs(py, inputs)?;
        let outputs = py.detach(|| self.0.run(&inputs)).or_raise(py)?;
        Ok(data::arrays(py, &outputs))
    }

    /// Checks that a verifying key is this model's, for a reference string.
    fn check_key(
        &self,
        py: Python<'_>,
        key: PyRef<'_, VerifyingKey>,
        srs: PyRef<'_, Srs>,
        batch: u32,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let (model, key, srs) = (Arc::clone(&self.0), Arc::clone(&key.0), Arc::clone(&srs.0));
        work::run(py, progress.as_ref(), 0.0, move || vouch::check_key(&model, batch, &srs, &key))
    }
}

fn with(setup: Setup<'_>, batch: u32, objective: Objective, rows: Option<u32>) -> Setup<'_> {
    let setup = setup.batch(batch).objective(objective);
    match rows {
        Some(k) => setup.rows(k),
        None => setup,
    }
}

/// Publishes a model's folder: the model, its keys by file name, and whether its ranges hide private weights.
#[pyfunction]
pub(crate) fn publish(
    py: Python<'_>,
    dir: PathBuf,
    output: PathBuf,
    accuracy: BTreeMap<String, f64>,
) -> PyResult<(Model, Vec<(String, VerifyingKey)>)> {
    let mut model = vouch::Model::open(&dir).or_raise(py)?;
    model.state_accuracy(accuracy).or_raise(py)?;
    if model.program.weights() == vouch::WeightMode::Private && model.has_coarse_ranges() == Some(false) {
        let message = "the ranges of this model fit its weights exactly, and would say something about them";
        return Err(exception(py, "model", message, "compile-private"));
    }
    let Published { model, keys } = py.detach(|| model.publish(dir, output)).or_raise(py)?;
    let keys = keys.into_iter().map(|(name, key)| (name, VerifyingKey(Arc::new(key)))).collect();
    Ok((Model(Arc::new(model)), keys))
}
