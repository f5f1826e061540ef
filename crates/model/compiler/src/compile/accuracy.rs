//! Measuring a program against the float model.

use std::collections::BTreeMap;

use vouch_program::Program;

use crate::{
    AccuracyReport, CompileError, CompileOptions, NamedTensor, NamedTensors, OnnxModel, Oracle, OutputAccuracy,
    SampleSet,
    graph::{Graph, Span},
    io::quantize_inputs,
};

/// Pairs kept for a plot.
const SCATTER: usize = 200;

/// What inputs of calibration data are called.
pub(super) const CALIBRATION: &str = "calibration";

/// The values of each output.
type Outputs = Vec<Vec<f64>>;

/// Inputs of one source, with the float model's outputs.
struct Set {
    source: String,
    inputs: Vec<NamedTensors>,
    /// For each sample.
    outputs: Vec<Outputs>,
}

/// What programs are measured against.
pub(super) struct Reference {
    oracle: &'static str,
    target: f64,
    max_errors: BTreeMap<String, f64>,
    sets: Vec<Set>,
}

impl Reference {
    pub(super) fn new(
        model: &OnnxModel,
        graph: &Graph,
        spans: &[Span],
        options: &CompileOptions,
        warnings: &mut Vec<String>,
    ) -> Result<Self, CompileError> {
        let mut sources = vec![match &options.calibration {
            Some(samples) => (CALIBRATION.to_owned(), samples.iter().take(options.samples).cloned().collect()),
            None => ("random".to_owned(), random(model, spans, options)),
        }];
        sources.extend(options.given.iter().map(|g| (g.source.clone(), g.samples.clone())));
        let (oracle, sets) = match by_tract(model, graph, &sources) {
            Ok(outputs) => ("tract", outputs.into_iter().collect::<Option<Vec<_>>>()),
            Err(error) => {
                warnings.push(format!("{error}; accuracy is measured against this compiler's own float run"));
                ("graph", Some(sources.iter().map(|(_, inputs)| by_graph(graph, inputs)).collect()))
            }
        };
        let outputs = sets.ok_or_else(|| CompileError::Oracle { reason: "its outputs have other shapes".into() })?;
        let set = |((source, inputs), outputs)| Set { source, inputs, outputs };
        let sets = sources.into_iter().zip(outputs).map(set).collect();
        Ok(Self { oracle, target: options.target_error, max_errors: options.max_errors.0.clone(), sets })
    }

    /// Runs the program on all samples.
    pub(super) fn measure(&self, program: &Program) -> Result<AccuracyReport, CompileError> {
        let mut pairs = Vec::new();
        let mut all = vec![Tally::default(); program.outputs().len()];
        let mut sets = Vec::with_capacity(self.sets.len());
        for set in &self.sets {
            let own = set.tallies(program, &mut pairs)?;
            all.iter_mut().zip(&own).for_each(|(all, own)| all.join(own));
            sets.push(SampleSet {
                source: set.source.clone(),
                samples: set.inputs.len(),
                outputs: self.outputs(program, &own),
            });
        }
        let outputs = self.outputs(program, &all);
        let (sum, count) = all.iter().fold((0.0, 0), |(sum, count), t| (sum + t.sum, count + t.count));
        let sources: Vec<&str> = sets.iter().map(|s| s.source.as_str()).collect();
        let every = pairs.len().div_ceil(SCATTER).max(1);
        Ok(AccuracyReport {
            oracle: self.oracle.into(),
            source: sources.join(", "),
            samples: sets.iter().map(|s| s.samples).sum(),
            max_abs: outputs.iter().map(|o| o.max_abs).fold(0.0, f64::max),
            mean_abs: sum / count.max(1) as f64,
            max_relative: outputs.iter().map(|o| o.max_abs / o.width()).fold(0.0, f64::max),
            target: self.target,
            outputs,
            sets,
            scatter: pairs.into_iter().step_by(every).collect(),
        })
    }

    fn outputs(&self, program: &Program, tallies: &[Tally]) -> Vec<OutputAccuracy> {
        let output = |(spec, t): (&vouch_program::OutputTensor, &Tally)| OutputAccuracy {
            name: spec.name.clone(),
            max_abs: t.max,
            mean_abs: t.sum / t.count.max(1) as f64,
            lo: t.lo,
            hi: t.hi,
            max_error: self.max_errors.get(&spec.name).copied(),
        };
        program.outputs().iter().zip(tallies).map(output).collect()
    }
}

/// Errors of one output, while they are counted.
#[derive(Clone)]
struct Tally {
    max: f64,
    sum: f64,
    count: usize,
    lo: f64,
    hi: f64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { max: 0.0, sum: 0.0, count: 0, lo: f64::INFINITY, hi: f64::NEG_INFINITY }
    }
}

impl Tally {
    fn join(&mut self, o: &Self) {
        self.max = self.max.max(o.max);
        self.sum += o.sum;
        self.count += o.count;
        self.lo = self.lo.min(o.lo);
        self.hi = self.hi.max(o.hi);
    }
}

impl Set {
    /// Runs the program on the samples; adds (float, program) of all output values to `pairs`.
    fn tallies(&self, program: &Program, pairs: &mut Vec<(f64, f64)>) -> Result<Vec<Tally>, CompileError> {
        let set = || self.source.clone();
        let mut results = Vec::with_capacity(self.inputs.len());
        for (sample, inputs) in self.inputs.iter().enumerate() {
            let integers = quantize_inputs(program, inputs).map_err(|source| CompileError::Sample {
                set: set(),
                sample,
                source,
            })?;
            let trace = program.run(&integers).map_err(|source| CompileError::Run { set: set(), sample, source })?;
            results.push(program.outputs_of(&trace));
        }
        let mut start = 0;
        let mut tallies = Vec::with_capacity(program.outputs().len());
        for (index, spec) in program.outputs().iter().enumerate() {
            let n = spec.wires.len();
            let mut own = Tally::default();
            for (result, expected) in results.iter().zip(&self.outputs) {
                for (&got, &want) in result[start..start + n].iter().zip(&expected[index]) {
                    let got = got as f64 / spec.scale;
                    let error = (got - want).abs();
                    own.join(&Tally { max: error, sum: error, count: 1, lo: want, hi: want });
                    pairs.push((want, got));
                }
            }
            start += n;
            tallies.push(own);
        }
        Ok(tallies)
    }
}

/// For each source and sample, what tract computes; `None` where its outputs are not the graph's.
fn by_tract(
    model: &OnnxModel,
    graph: &Graph,
    sources: &[(String, Vec<NamedTensors>)],
) -> Result<Vec<Option<Vec<Outputs>>>, CompileError> {
    let oracle = Oracle::new(model)?;
    let ordered = |outputs: NamedTensors| -> Option<Outputs> {
        let of = |o: &crate::graph::Port| {
            outputs.get(&o.name).filter(|t| t.data.len() == o.values.len()).map(|t| t.data.clone())
        };
        graph.outputs.iter().map(of).collect()
    };
    let each = |(_, inputs): &(String, Vec<NamedTensors>)| {
        let results = inputs.iter().map(|i| oracle.run(i)).collect::<Result<Vec<_>, _>>()?;
        Ok(results.into_iter().map(ordered).collect())
    };
    sources.iter().map(each).collect()
}

/// For each sample, what the compiler's own graph computes.
fn by_graph(graph: &Graph, inputs: &[NamedTensors]) -> Vec<Outputs> {
    let run = |i: &NamedTensors| {
        let values = graph.run(i);
        graph.outputs.iter().map(|o| o.values.iter().map(|v| values[v.index()]).collect()).collect()
    };
    inputs.iter().map(run).collect()
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
