//! The float model, run by tract: the reference that accuracy is measured against.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use tract_onnx::prelude::*;

use crate::{CompileError, ElementType, InputSpec, NamedTensor, NamedTensors, OnnxModel};

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

/// tract's name of an element type.
fn datum_type(dtype: ElementType) -> TractResult<DatumType> {
    Ok(match dtype {
        ElementType::Float16 => DatumType::F16,
        ElementType::Float32 => DatumType::F32,
        ElementType::Float64 => DatumType::F64,
        ElementType::Int8 => DatumType::I8,
        ElementType::Int16 => DatumType::I16,
        ElementType::Int32 => DatumType::I32,
        ElementType::Int64 => DatumType::I64,
        ElementType::Uint8 => DatumType::U8,
        ElementType::Uint16 => DatumType::U16,
        ElementType::Uint32 => DatumType::U32,
        ElementType::Uint64 => DatumType::U64,
        ElementType::Bool => DatumType::Bool,
        ElementType::Bfloat16 | ElementType::Int4 | ElementType::Uint4 => {
            return Err(TractError::msg(format!("it has no inputs of type {dtype}")));
        }
    })
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
        if let Some(reason) = model.misread() {
            return Err(failed(reason));
        }
        let runnable = guarded(|| {
            let onnx = tract_onnx::onnx().with_ignore_output_shapes(true);
            let mut inference = onnx.parse(&proto, None)?.model;
            inference.set_input_names(inputs.iter().map(|i| i.name.as_str()))?;
            for (i, input) in inputs.iter().enumerate() {
                inference.set_input_fact(i, datum_type(input.dtype)?.fact(&input.shape).into())?;
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
            let tensor = guarded(|| {
                let data = tensor.data.iter();
                let tensor = match spec.dtype {
                    ElementType::Bool => Tensor::from_shape(&spec.shape, &data.map(|&v| v != 0.0).collect::<Vec<_>>()),
                    ElementType::Float64 => Tensor::from_shape(&spec.shape, &tensor.data),
                    t if t.is_integer() => {
                        Tensor::from_shape(&spec.shape, &data.map(|&v| v as i64).collect::<Vec<_>>())
                    }
                    _ => Tensor::from_shape(&spec.shape, &data.map(|&v| v as f32).collect::<Vec<_>>()),
                }?;
                Ok(tensor.cast_to_dt(datum_type(spec.dtype)?)?.into_owned())
            })?;
            values.push(tensor.into_tvalue());
        }
        let results = guarded(|| self.runnable.run(values))?;
        let mut outputs = NamedTensors::new();
        for (name, value) in self.outputs.iter().zip(results) {
            let tensor = guarded(|| {
                let cast = value.cast_to::<f64>()?;
                let view = cast.to_plain_array_view::<f64>()?;
                Ok(NamedTensor { shape: view.shape().to_vec(), data: view.iter().copied().collect() })
            })?;
            outputs.insert(name.clone(), tensor);
        }
        Ok(outputs)
    }
}
