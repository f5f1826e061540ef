//! The float model, run by tract: the reference that accuracy is measured against.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use tract_onnx::prelude::*;

use crate::{CompileError, InputSpec, NamedTensor, NamedTensors, OnnxModel};

/// Runs an ONNX model in floating point.
pub struct Oracle {
    runnable: Arc<TypedRunnableModel>,
    inputs: Vec<InputSpec>,
    outputs: Vec<String>,
}

impl std::fmt::Debug for Oracle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oracle").field("inputs", &self.inputs).field("outputs", &self.outputs).finish()
    }
}

fn failed(reason: impl std::fmt::Display) -> CompileError {
    CompileError::Oracle { reason: format!("{reason:#}") }
}

/// Runs `f`, turning a panic into an error.
fn guarded<T>(f: impl FnOnce() -> TractResult<T>) -> Result<T, CompileError> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => result.map_err(failed),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown reason");
            Err(failed(format!("it panics: {text}")))
        }
    }
}

impl Oracle {
    /// Loads a model file.
    ///
    /// # Errors
    /// The errors of [`OnnxModel::load`], and [`CompileError::Oracle`] if tract does not support the model.
    pub fn load(path: &Path) -> Result<Self, CompileError> {
        Self::new(&OnnxModel::load(path)?)
    }

    /// Prepares a model that was read before.
    ///
    /// # Errors
    /// [`CompileError::Oracle`] if tract does not support the model.
    pub fn new(model: &OnnxModel) -> Result<Self, CompileError> {
        let inputs = model.inputs().to_vec();
        let outputs = model.outputs().to_vec();
        let proto = model.self_contained_proto();
        if model.opset() < 10 && model.has_reverse_layers() {
            return Err(failed("it runs reverse recurrent layers forward"));
        }
        let runnable = guarded(|| {
            let onnx = tract_onnx::onnx().with_ignore_output_shapes(true);
            let mut inference = onnx.parse(&proto, None)?.model;
            inference.set_input_names(inputs.iter().map(|i| i.name.as_str()))?;
            for (i, input) in inputs.iter().enumerate() {
                inference.set_input_fact(i, f32::fact(&input.shape).into())?;
            }
            inference.into_optimized()?.into_runnable()
        })?;
        Ok(Self { runnable, inputs, outputs })
    }

    /// The model's outputs on one set of inputs.
    ///
    /// # Errors
    /// [`CompileError::Oracle`] if an input is missing or has the wrong size, or if tract fails.
    pub fn run(&self, inputs: &NamedTensors) -> Result<NamedTensors, CompileError> {
        let mut values = TVec::new();
        for spec in &self.inputs {
            let tensor = inputs.get(&spec.name).ok_or_else(|| failed(format!("input `{}` is missing", spec.name)))?;
            let data: Vec<f32> = tensor.data.iter().map(|&v| v as f32).collect();
            let tensor = guarded(|| Tensor::from_shape(&spec.shape, &data))?;
            values.push(tensor.into_tvalue());
        }
        let results = guarded(|| self.runnable.run(values))?;
        let mut outputs = NamedTensors::new();
        for (name, value) in self.outputs.iter().zip(results) {
            let tensor = guarded(|| {
                let cast = value.cast_to::<f32>()?;
                let view = cast.to_plain_array_view::<f32>()?;
                Ok(NamedTensor { shape: view.shape().to_vec(), data: view.iter().map(|&v| f64::from(v)).collect() })
            })?;
            outputs.insert(name.clone(), tensor);
        }
        Ok(outputs)
    }
}
