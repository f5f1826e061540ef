//! The pipeline: import, ranges, the search for a configuration, the report.

mod accuracy;
mod inputs;
mod rounded;
mod search;

use std::{cell::OnceCell, path::Path, sync::Arc};

use vouch_program::{Program, WeightMode};

use crate::{
    CompileError, CompileOptions, CompileReport, Configuration, InputRange, NamedTensors, OnnxModel, OperatorCount,
    RangeReport, Schema,
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

impl Compiled {
    /// Checks that every output is as accurate as was demanded, or accepted.
    ///
    /// # Errors
    /// [`CompileError::Accuracy`] names the first output that is not.
    pub fn check_accuracy(&self) -> Result<(), CompileError> {
        let accuracy = &self.report.accuracy;
        let Some(o) = accuracy.refused().next() else { return Ok(()) };
        Err(CompileError::Accuracy {
            output: o.name.clone(),
            error: o.max_abs,
            acceptable: o.acceptable(accuracy.target),
            tensor: accuracy.costliest.clone().unwrap_or_default(),
        })
    }
}

/// Compiles a model file.
///
/// # Errors
/// [`CompileError`] for a file or options that cannot be used, and for models that are not supported.
pub fn compile(path: &Path, options: &CompileOptions) -> Result<Compiled, CompileError> {
    compile_model(&OnnxModel::load(path)?, options)
}

/// The range that each input would have in a compilation with these options, and where it comes from.
///
/// # Errors
/// [`CompileError`] for options that do not fit the model, an input without a range, and operators that are not supported.
pub fn input_ranges(model: &OnnxModel, options: &CompileOptions) -> Result<Vec<InputRange>, CompileError> {
    let mut graph = imported(model, options)?;
    graph.simplify();
    graph.infer_integers();
    inputs::ranges(model, &graph, options)
}

/// The float graph of a model, after a check of the options.
fn imported(model: &OnnxModel, options: &CompileOptions) -> Result<Graph, CompileError> {
    options.check()?;
    inputs::check_names(model, options)?;
    if let Some(calibration) = &options.calibration {
        inputs::check_samples(model, accuracy::CALIBRATION, calibration, None)?;
    }
    onnx::import(model, options.calibration.as_deref().unwrap_or_default())
}

/// Compiles a model that was read before.
///
/// # Errors
/// As [`compile`].
pub fn compile_model(model: &OnnxModel, options: &CompileOptions) -> Result<Compiled, CompileError> {
    Prepared::new(model, options)?.compile(options.limb_bits, options.aim)
}

/// A model that was imported, with the ranges of its values and the float model's outputs: what compilations with different
/// widths of limbs have in common.
pub struct Prepared<'m> {
    model: &'m OnnxModel,
    options: CompileOptions,
    graph: Arc<Graph>,
    /// The ranges of the inputs, for the report and for the ports.
    inputs: Vec<InputRange>,
    spans: Vec<Span>,
    /// Random inputs, where there is no calibration data.
    drawn: Vec<NamedTensors>,
    variants: Vec<Variant>,
    /// The same with ranges that are those of the random inputs, once they are needed.
    sampled: OnceCell<Vec<Variant>>,
    reference: accuracy::Reference,
    warnings: Vec<String>,
}

impl std::fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("model", &self.model.name()).field("options", &self.options).finish()
    }
}

/// A graph to try.
pub(crate) struct Variant {
    /// Whether the arguments of all saturating functions are clamped.
    clamped: bool,
    graph: Graph,
    ranges: Ranges,
}

impl<'m> Prepared<'m> {
    /// Imports a model, and runs it in floating point. The options' `limb_bits` and `aim` do not count.
    ///
    /// # Errors
    /// As [`compile`].
    pub fn new(model: &'m OnnxModel, options: &CompileOptions) -> Result<Self, CompileError> {
        let mut graph = imported(model, options)?;
        let original = graph.decides().then(|| Arc::new(graph.clone()));
        graph.recognize();
        graph.simplify();
        graph.infer_integers();
        let finite = |graph: &Graph| {
            let Some(site) = graph.not_finite() else { return Ok(()) };
            let other =
                || graph.imprecise(site, Span::new(f64::NAN, f64::NAN), "it has a factor that is infinite or NaN");
            Err(model.not_finite().unwrap_or_else(other))
        };
        if !graph.has_infinite() {
            finite(&graph)?;
        }
        let inputs = inputs::ranges(model, &graph, options)?;
        if let Some(given) = &options.given {
            inputs::check_samples(model, &given.source, &given.samples, Some(&inputs))?;
        }
        inputs::fix_scales(&mut graph, model, options, &inputs)?;
        let spans: Vec<Span> = inputs.iter().map(|i| Span::new(i.lo, i.hi)).collect();
        let drawn = || accuracy::random(&graph.inputs, &spans, options);
        let drawn = if options.calibration.is_none() { drawn() } else { Vec::new() };
        graph.saturate(&spans, options, &drawn).map_err(|error| match error {
            CompileError::Precision { .. } => model.not_finite().unwrap_or(error),
            error => error,
        })?;
        finite(&graph)?;
        let graph = Arc::new(graph);
        let ranges = Ranges::new(&graph, &spans, options, &drawn)?;
        let mut warnings = model.notes().to_vec();
        for port in graph.inputs.iter().filter(|p| p.required.is_some()) {
            let name = &port.name;
            warnings.push(format!("input `{name}` is fixed: proofs only take the value that the calibration data has"));
        }
        if let [first, others @ ..] = ranges.guessed() {
            let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            warnings.push(format!(
                "the ranges of `{first}`{more} come from {} random inputs: interval arithmetic bounds nothing there; give \
                 --calibration with representative inputs",
                drawn.len()
            ));
        }
        let reference = accuracy::Reference::new(model, &graph, original, &spans, options, &mut warnings)?;
        let variants = variants(&graph, ranges, |graph| Ranges::new(graph, &spans, options, &drawn))?;
        let (options, sampled) = (options.clone(), OnceCell::new());
        Ok(Self { model, options, graph, inputs, spans, drawn, variants, sampled, reference, warnings })
    }

    /// The variants with ranges of random inputs; none where there is calibration data, or nothing follows from them, or
    /// where weights are private: what the float model makes of inputs says more of the weights than intervals do.
    pub(crate) fn sampled(&self) -> &[Variant] {
        let make = || {
            let sampled = |graph: &Graph| Ranges::sampled(graph, &self.spans, &self.options, &self.drawn);
            variants(&self.graph, sampled(&self.graph)?, sampled)
        };
        let open = !self.drawn.is_empty() && self.options.weights == WeightMode::Fixed;
        self.sampled.get_or_init(|| if open { make().unwrap_or_default() } else { Vec::new() })
    }

    /// Compiles with limbs of `limb_bits` bits; the search aims at the part `aim` of the acceptable errors.
    ///
    /// # Errors
    /// As [`compile`].
    pub fn compile(&self, limb_bits: u8, aim: f64) -> Result<Compiled, CompileError> {
        let options = &CompileOptions { limb_bits, aim, ..self.options.clone() };
        options.check()?;
        let best = search::search(self, options)?;
        let (model, graph) = (self.model, &self.graph);
        let mut warnings = self.warnings.clone();
        if best.sampled {
            warnings.push(format!(
                "ranges come from {} random inputs, widened by {} %: a proof of an input with a value outside of them is \
                 refused; give --calibration with representative inputs",
                self.drawn.len(),
                100.0 * options.margin
            ));
        }
        warnings.extend(best.accuracy.missed().map(|o| {
            let (acceptable, off) = (o.acceptable(best.accuracy.target), o.max_abs);
            format!(
                "the target error of output `{}`, {acceptable:.2e}, was not reached: it is off by up to {off:.2e}",
                o.name
            )
        }));
        warnings.extend(best.accuracy.outputs.iter().filter_map(|o| {
            let given = o.as_given?;
            Some(format!(
                "output `{}` jumps: where rounding an input to its scale moves it past a threshold, it is off by up to \
                 {given:.2e}; on the rounded inputs it is off by up to {:.2e}",
                o.name, o.max_abs
            ))
        }));
        let counts = model.operator_counts().into_iter();
        let source = match (&options.calibration, best.sampled) {
            (Some(_), _) => "calibration",
            (None, true) => "random",
            (None, false) => "interval",
        };
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
                source: source.into(),
                calibration_samples: options.calibration.as_ref().map_or(0, Vec::len),
                margin: if source == "interval" { 0.0 } else { options.margin },
                inputs: self.inputs.clone(),
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
                batch: 1,
                weights: options.weights,
            },
            warnings,
        };
        let schema = model.schema().cloned().unwrap_or_default();
        Ok(Compiled { program: best.quantized.program, report, schema })
    }
}

/// The graphs to try: with explicit clamps only where a clip needs them, then with clamps of all saturating functions, then
/// with wide ranges of logarithms, reciprocals and powers split, then with a scale for each column of an input.
fn variants(
    graph: &Graph,
    ranges: Ranges,
    of: impl Fn(&Graph) -> Result<Ranges, CompileError>,
) -> Result<Vec<Variant>, CompileError> {
    let mut out = Vec::new();
    for (clamped, grid) in [(false, 0), (true, -60)] {
        let mut own = graph.clone();
        if own.clamp_arguments(&ranges, clamped, grid) {
            own.simplify();
            own.infer_integers();
            let ranges = of(&own)?;
            out.push(Variant { clamped, graph: own, ranges });
        } else if !clamped {
            out.push(Variant { clamped: false, graph: own, ranges: ranges.clone() });
        }
    }
    let mut own = graph.clone();
    if own.split_octaves(&ranges) {
        own.simplify();
        let mut ranges = of(&own)?;
        if own.clamp_arguments(&ranges, false, 0) {
            own.simplify();
            ranges = of(&own)?;
        }
        out.push(Variant { clamped: false, graph: own, ranges });
    }
    let mut own = graph.clone();
    if own.split_columns(&ranges) {
        let mut ranges = of(&own)?;
        if own.clamp_arguments(&ranges, false, 0) {
            ranges = of(&own)?;
        }
        out.push(Variant { clamped: false, graph: own, ranges });
    }
    Ok(out)
}
