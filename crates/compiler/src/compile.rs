//! The pipeline: import, ranges, the search for a configuration, the report.

mod accuracy;
mod inputs;
mod search;

use std::path::Path;

use vouch_program::Program;

use crate::{
    CompileError, CompileOptions, CompileReport, Configuration, OnnxModel, OperatorCount, RangeReport, Schema,
    graph::{Graph, Ranges, Span},
    onnx,
};

/// A compiled model.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The integer program.
    pub program: Program,
    /// What was done, and how accurate it is.
    pub report: CompileReport,
    /// What the model itself says about its inputs and outputs.
    pub schema: Schema,
}

/// Compiles a model file.
///
/// # Errors
/// [`CompileError`] for a file or options that cannot be used, and for models that are not supported.
pub fn compile(path: &Path, options: &CompileOptions) -> Result<Compiled, CompileError> {
    compile_model(&OnnxModel::load(path)?, options)
}

/// Compiles a model that was read before.
///
/// # Errors
/// As [`compile`].
pub fn compile_model(model: &OnnxModel, options: &CompileOptions) -> Result<Compiled, CompileError> {
    options.check()?;
    let mut graph = onnx::import(model)?;
    graph.simplify();
    for (sample, tensors) in options.calibration.iter().flatten().enumerate() {
        check_sample(model, tensors).map_err(|source| CompileError::Sample { sample, source })?;
    }
    let inputs = inputs::ranges(model, options)?;
    inputs::fix_scales(&mut graph, model, options, &inputs)?;
    let spans: Vec<Span> = inputs.iter().map(|i| Span::new(i.lo, i.hi)).collect();
    let ranges = Ranges::new(&graph, &spans, options.calibration.as_ref(), options.margin)?;
    let mut warnings = Vec::new();
    let reference = accuracy::Reference::new(model, &graph, &spans, options, &mut warnings)?;
    let best = search::search(&graph, &ranges, &spans, options, &reference)?;
    if best.accuracy.max_relative > options.target_error {
        warnings.push(format!(
            "the target error of {:e} of the outputs' range was not reached ({:e})",
            options.target_error, best.accuracy.max_relative
        ));
    }
    let counts = model.operator_counts().into_iter();
    let report = CompileReport {
        model: model.name().to_owned(),
        onnx_digest: model.digest().iter().map(|b| format!("{b:02x}")).collect(),
        opset: model.opset(),
        parameters: graph.parameters(),
        operators: counts.map(|(operator, count)| OperatorCount { operator, count }).collect(),
        tensors: best.quantized.tensors.clone(),
        tables: best.quantized.tables.clone(),
        accuracy: best.accuracy,
        ranges: RangeReport {
            source: if options.calibration.is_some() { "calibration" } else { "interval" }.into(),
            calibration_samples: options.calibration.as_ref().map_or(0, Vec::len),
            margin: if options.calibration.is_some() { options.margin } else { 0.0 },
            inputs,
        },
        configuration: Configuration {
            limb_bits: best.config.limb_bits,
            linear_drop: best.config.drop,
            first_bits: best.config.first_bits,
            last_bits: best.config.last_bits,
            function_bits: best.config.function_bits,
            clamped: best.clamped,
            table_segments: best.quantized.segments(),
            tried: best.tried,
        },
        warnings,
    };
    let schema = model.schema().cloned().unwrap_or_default();
    Ok(Compiled { program: best.quantized.program, report, schema })
}

fn check_sample(model: &OnnxModel, tensors: &crate::NamedTensors) -> Result<(), crate::InputError> {
    use crate::InputError;
    for spec in model.inputs() {
        let name = spec.name.clone();
        let tensor = tensors.get(&name).ok_or(InputError::Missing { name: name.clone() })?;
        let expected = spec.shape.iter().product();
        if tensor.data.len() != expected {
            let shape = format!("{:?}", spec.shape);
            return Err(InputError::Length { name, got: tensor.data.len(), expected, shape });
        }
        if let Some(index) = tensor.data.iter().position(|v| !v.is_finite()) {
            return Err(InputError::NotFinite { name, index, value: tensor.data[index] });
        }
    }
    Ok(())
}

/// The graphs to try: with explicit clamps only where a clip needs them, then with clamps of all saturating functions.
fn variants(
    graph: &Graph,
    spans: &[Span],
    options: &CompileOptions,
    ranges: &Ranges,
) -> Result<Vec<(bool, Graph, Ranges)>, CompileError> {
    let mut out = Vec::new();
    for (clamped, grid) in [(false, 0), (true, -60)] {
        let mut own = graph.clone();
        if own.clamp_arguments(ranges, clamped, grid) {
            own.simplify();
            let ranges = Ranges::new(&own, spans, options.calibration.as_ref(), options.margin)?;
            out.push((clamped, own, ranges));
        } else if !clamped {
            out.push((false, own, ranges.clone()));
        }
    }
    Ok(out)
}
