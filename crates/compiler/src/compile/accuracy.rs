//! Measuring a program against the float model.

use vouch_program::Program;

use crate::{
    AccuracyReport, CompileError, CompileOptions, NamedTensor, NamedTensors, OnnxModel, Oracle, OutputAccuracy,
    graph::{Graph, Span},
    io::quantize_inputs,
};

/// Pairs kept for a plot.
const SCATTER: usize = 200;

/// Inputs with the float model's outputs.
pub(super) struct Reference {
    oracle: &'static str,
    source: &'static str,
    target: f64,
    inputs: Vec<NamedTensors>,
    /// For each sample and output, the values.
    outputs: Vec<Vec<Vec<f64>>>,
}

impl Reference {
    pub(super) fn new(
        model: &OnnxModel,
        graph: &Graph,
        spans: &[Span],
        options: &CompileOptions,
        warnings: &mut Vec<String>,
    ) -> Result<Self, CompileError> {
        let (source, inputs) = match &options.calibration {
            Some(samples) => ("calibration", samples.iter().take(options.samples).cloned().collect()),
            None => ("random", random(model, spans, options)),
        };
        let by_tract = Oracle::new(model)
            .and_then(|oracle| inputs.iter().map(|i| oracle.run(i)).collect::<Result<Vec<_>, CompileError>>());
        let by_graph = |i: &NamedTensors| {
            let values = graph.run(i);
            graph.outputs.iter().map(|o| o.values.iter().map(|v| values[v.index()]).collect()).collect::<Vec<_>>()
        };
        let ordered = |outputs: NamedTensors| -> Option<Vec<Vec<f64>>> {
            let of = |o: &crate::graph::Port| {
                outputs.get(&o.name).filter(|t| t.data.len() == o.values.len()).map(|t| t.data.clone())
            };
            graph.outputs.iter().map(of).collect()
        };
        let (oracle, outputs) = match by_tract {
            Ok(results) => match results.into_iter().map(ordered).collect::<Option<Vec<_>>>() {
                Some(outputs) => ("tract", outputs),
                None => return Err(CompileError::Oracle { reason: "its outputs have other shapes".into() }),
            },
            Err(error) => {
                warnings.push(format!("{error}; accuracy is measured against this compiler's own float run"));
                ("graph", inputs.iter().map(by_graph).collect())
            }
        };
        Ok(Self { oracle, source, target: options.target_error, inputs, outputs })
    }

    /// Runs the program on all samples.
    pub(super) fn measure(&self, program: &Program) -> Result<AccuracyReport, CompileError> {
        let mut results = Vec::with_capacity(self.inputs.len());
        for (sample, inputs) in self.inputs.iter().enumerate() {
            let integers =
                quantize_inputs(program, inputs).map_err(|source| CompileError::Sample { sample, source })?;
            let trace = program.run(&integers).map_err(|source| CompileError::Run { sample, source })?;
            results.push(program.outputs_of(&trace));
        }
        let mut outputs = Vec::new();
        let (mut max_abs, mut sum, mut count, mut max_relative) = (0f64, 0f64, 0usize, 0f64);
        let mut pairs = Vec::new();
        let mut start = 0;
        for (index, spec) in program.outputs().iter().enumerate() {
            let n = spec.wires.len();
            let mut own = OutputAccuracy {
                name: spec.name.clone(),
                max_abs: 0.0,
                mean_abs: 0.0,
                lo: f64::INFINITY,
                hi: f64::NEG_INFINITY,
            };
            for (result, expected) in results.iter().zip(&self.outputs) {
                for (&got, &want) in result[start..start + n].iter().zip(&expected[index]) {
                    let got = got as f64 / spec.scale;
                    let error = (got - want).abs();
                    own.max_abs = own.max_abs.max(error);
                    own.mean_abs += error;
                    own.lo = own.lo.min(want);
                    own.hi = own.hi.max(want);
                    pairs.push((want, got));
                }
            }
            start += n;
            let total = n * self.inputs.len();
            sum += own.mean_abs;
            count += total;
            own.mean_abs /= total.max(1) as f64;
            max_abs = max_abs.max(own.max_abs);
            // A single sample has no range: then errors count against the magnitude.
            let width = if own.hi > own.lo { own.hi - own.lo } else { own.hi.abs().max(1e-9) };
            max_relative = max_relative.max(own.max_abs / width);
            outputs.push(own);
        }
        let every = pairs.len().div_ceil(SCATTER).max(1);
        Ok(AccuracyReport {
            oracle: self.oracle.into(),
            source: self.source.into(),
            samples: self.inputs.len(),
            max_abs,
            mean_abs: sum / count.max(1) as f64,
            max_relative,
            target: self.target,
            outputs,
            scatter: pairs.into_iter().step_by(every).collect(),
        })
    }
}

/// Seeded random inputs inside the declared ranges.
fn random(model: &OnnxModel, spans: &[Span], options: &CompileOptions) -> Vec<NamedTensors> {
    let mut state = options.seed;
    let mut uniform = || {
        // splitmix64
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64
    };
    let mut sample = || {
        let tensor = |(spec, span): (&crate::InputSpec, &Span)| {
            let len: usize = spec.shape.iter().product();
            // Floats of 32 bits, as the float model computes with.
            let data = (0..len).map(|_| f64::from((span.lo + (span.hi - span.lo) * uniform()) as f32)).collect();
            (spec.name.clone(), NamedTensor { shape: spec.shape.clone(), data })
        };
        model.inputs().iter().zip(spans).map(tensor).collect()
    };
    (0..options.samples).map(|_| sample()).collect()
}
