//! Measuring a program against the float model.

use std::{collections::BTreeMap, sync::Arc};

use vouch_program::{Instruction, Program};

use crate::{
    AccuracyReport, CompileError, CompileOptions, NamedTensor, NamedTensors, OnnxModel, Oracle, OutputAccuracy,
    SampleSet,
    graph::{Graph, Port, Span},
    io::quantize_inputs,
    parallel,
    quantize::Quantized,
};

/// Pairs kept for a plot.
const SCATTER: usize = 200;

/// What inputs of calibration data are called.
pub(super) const CALIBRATION: &str = "calibration";

/// The values of each output.
pub(super) type Outputs = Vec<Vec<f64>>;

/// Inputs of one source, with the float model's outputs.
pub(super) struct Set {
    source: String,
    pub(super) inputs: Vec<NamedTensors>,
    /// For each sample.
    pub(super) outputs: Vec<Outputs>,
    /// For each sample and each output, the labels and scores of the elements that are labels of classes.
    pub(super) choices: Vec<Vec<Choices>>,
}

/// For each element that is the label of a class: the labels of all classes, and their scores in the float model.
pub(super) type Choices = BTreeMap<usize, (Arc<[f64]>, Vec<f64>)>;

/// What programs are measured against.
pub(super) struct Reference {
    pub(super) tract: Option<Oracle>,
    /// The graph.
    pub(super) graph: Arc<Graph>,
    /// The one before it was simplified, if it has labels that scores decide.
    pub(super) original: Option<Arc<Graph>>,
    pub(super) target: f64,
    max_errors: BTreeMap<String, f64>,
    accepted: BTreeMap<String, f64>,
    sets: Vec<Set>,
}

impl Reference {
    pub(super) fn new(
        model: &OnnxModel,
        graph: &Arc<Graph>,
        original: Option<Arc<Graph>>,
        spans: &[Span],
        options: &CompileOptions,
        warnings: &mut Vec<String>,
    ) -> Result<Self, CompileError> {
        let mut sources = vec![match &options.calibration {
            Some(samples) => (CALIBRATION.to_owned(), samples.iter().take(options.samples).cloned().collect()),
            None => ("random".to_owned(), random(&graph.inputs, spans, options)),
        }];
        sources.extend(options.given.iter().map(|g| (g.source.clone(), g.samples.clone())));
        let other = || CompileError::Oracle { reason: "its outputs have other shapes, or are not finite".into() };
        let all = |sets: Vec<Option<Vec<Outputs>>>| sets.into_iter().collect::<Option<Vec<_>>>().ok_or_else(other);
        let run = |oracle: Oracle| {
            let each = |(_, inputs): &(String, Vec<NamedTensors>)| by_tract(&oracle, graph, inputs);
            let outputs = sources.iter().map(each).collect::<Result<Vec<_>, _>>().and_then(all)?;
            Ok((Some(oracle), outputs))
        };
        let (tract, outputs) = match Oracle::new(model).and_then(run) {
            Ok(found) => found,
            Err(error) => {
                warnings.push(format!("{error}; accuracy is measured against this compiler's own float run"));
                (None, sources.iter().map(|(_, inputs)| by_graph(graph, inputs)).collect())
            }
        };
        let set = |((source, inputs), outputs): ((String, Vec<NamedTensors>), Vec<Outputs>)| {
            let choices = choices(original.as_deref(), &inputs);
            Set { source, inputs, outputs, choices }
        };
        let sets = sources.into_iter().zip(outputs).map(set).collect();
        let (max_errors, accepted) = (options.max_errors.0.clone(), options.accepted.0.clone());
        let (target, graph) = (options.target_error, graph.clone());
        Ok(Self { tract, graph, original, target, max_errors, accepted, sets })
    }

    /// Number of samples.
    pub(super) fn samples(&self) -> usize {
        self.sets.iter().map(|s| s.inputs.len()).sum()
    }

    /// Runs the program on all samples.
    pub(super) fn measure(&self, program: &Program) -> Result<AccuracyReport, CompileError> {
        self.measure_first(program, usize::MAX)
    }

    /// Runs the program on the first samples of each set.
    pub(super) fn measure_first(&self, program: &Program, samples: usize) -> Result<AccuracyReport, CompileError> {
        let mut pairs = Vec::new();
        let mut all = vec![Tally::default(); program.outputs().len()];
        let mut sets = Vec::with_capacity(self.sets.len());
        for set in &self.sets {
            let count = samples.min(set.inputs.len());
            let mut own = set.tallies(program, count, &mut pairs)?;
            if count == set.inputs.len() {
                self.excuse(set, program, &mut own)?;
            }
            all.iter_mut().zip(&own).for_each(|(all, own)| all.join(own));
            sets.push(SampleSet { source: set.source.clone(), samples: count, outputs: self.outputs(program, &own) });
        }
        let outputs = self.outputs(program, &all);
        let (sum, count) = all.iter().fold((0.0, 0), |(sum, count), t| (sum + t.sum, count + t.count));
        let sources: Vec<&str> = sets.iter().map(|s| s.source.as_str()).collect();
        let every = pairs.len().div_ceil(SCATTER).max(1);
        Ok(AccuracyReport {
            oracle: if self.tract.is_some() { "tract" } else { "graph" }.into(),
            source: sources.join(", "),
            samples: sets.iter().map(|s| s.samples).sum(),
            max_abs: outputs.iter().map(|o| o.max_abs).fold(0.0, f64::max),
            mean_abs: sum / count.max(1) as f64,
            max_relative: outputs.iter().map(|o| o.max_abs / o.width()).fold(0.0, f64::max),
            target: self.target,
            outputs,
            sets,
            scatter: pairs.into_iter().step_by(every).collect(),
            costliest: None,
        })
    }

    /// The tensor by whose quantization half of an output's error has come about: on the sample with the largest error,
    /// the first tensor such that this one and those before it as the program has them make half of it.
    pub(super) fn costliest(&self, graph: &Graph, quantized: &Quantized, output: &str) -> Option<String> {
        let index = graph.outputs.iter().position(|o| o.name == output)?;
        let values = &graph.outputs[index].values;
        let off = |run: &[f64], want: &[f64]| {
            values.iter().zip(want).map(|(v, w)| (run[v.index()] - w).abs()).fold(0.0, f64::max)
        };
        let mut worst = None;
        let mut largest = f64::NEG_INFINITY;
        for inputs in self.sets.iter().flat_map(|s| &s.inputs) {
            let integers = quantize_inputs(&quantized.program, inputs).ok()?;
            let given = quantized.values(&quantized.program.run(&integers).ok()?);
            let exact = graph.run(inputs);
            let want: Vec<f64> = values.iter().map(|v| exact[v.index()]).collect();
            let error = off(&graph.run_with(inputs, graph.ops.len() + 1, &given), &want);
            if worst.is_none() || error > largest {
                largest = error;
                worst = Some((inputs, want, given));
            }
        }
        let (inputs, want, given) = worst?;
        let (mut below, mut enough) = (0, graph.ops.len() + 1);
        while enough - below > 1 {
            let middle = below.midpoint(enough);
            let own = off(&graph.run_with(inputs, middle, &given), &want);
            *(if own >= 0.5 * largest { &mut enough } else { &mut below }) = middle;
        }
        match enough.checked_sub(2) {
            Some(op) => Some(graph.sites[graph.ops[op].site.index()].name.clone()),
            None => graph.inputs.first().map(|i| i.name.clone()),
        }
    }

    pub(super) fn outputs(&self, program: &Program, tallies: &[Tally]) -> Vec<OutputAccuracy> {
        let output = |(spec, t): (&vouch_program::OutputTensor, &Tally)| OutputAccuracy {
            name: spec.name.clone(),
            max_abs: t.max,
            mean_abs: t.sum / t.count.max(1) as f64,
            lo: t.lo,
            hi: t.hi,
            max_error: self.max_errors.get(&spec.name).copied(),
            accepted: self.accepted.get(&spec.name).copied(),
            as_given: (t.given > t.max).then_some(t.given),
        };
        program.outputs().iter().zip(tallies).map(output).collect()
    }
}

/// Errors of one output, while they are counted.
#[derive(Clone)]
pub(super) struct Tally {
    pub(super) max: f64,
    pub(super) sum: f64,
    pub(super) count: usize,
    pub(super) lo: f64,
    pub(super) hi: f64,
    /// The largest error, where the inputs' own rounding counts (see [`rounded`](super::rounded)).
    pub(super) given: f64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { max: 0.0, sum: 0.0, count: 0, lo: f64::INFINITY, hi: f64::NEG_INFINITY, given: 0.0 }
    }
}

impl Tally {
    pub(super) fn join(&mut self, o: &Self) {
        self.max = self.max.max(o.max);
        self.sum += o.sum;
        self.count += o.count;
        self.lo = self.lo.min(o.lo);
        self.hi = self.hi.max(o.hi);
        self.given = self.given.max(o.given);
    }
}

impl Set {
    /// The outputs of the program, as integers, for the first `count` samples.
    pub(super) fn run(&self, program: &Program, count: usize) -> Result<Vec<Vec<i64>>, CompileError> {
        let set = || self.source.clone();
        let run = |sample: usize| {
            let integers = quantize_inputs(program, &self.inputs[sample]);
            let integers = integers.map_err(|source| CompileError::Sample { set: set(), sample, source })?;
            let trace = program.run(&integers).map_err(|source| CompileError::Run { set: set(), sample, source })?;
            Ok(program.outputs_of(&trace))
        };
        let parts = parallel::parts(count, work(program), |part| part.map(run).collect::<Result<Vec<_>, _>>());
        Ok(parts.into_iter().collect::<Result<Vec<_>, CompileError>>()?.concat())
    }

    /// Runs the program on the first `count` samples; adds (float, program) of all output values to `pairs`.
    fn tallies(
        &self,
        program: &Program,
        count: usize,
        pairs: &mut Vec<(f64, f64)>,
    ) -> Result<Vec<Tally>, CompileError> {
        let mut tallies = vec![Tally::default(); program.outputs().len()];
        for (sample, result) in self.run(program, count)?.iter().enumerate() {
            let own = tally(program, result, &self.outputs[sample], &self.choices[sample], pairs);
            tallies.iter_mut().zip(&own).for_each(|(all, own)| all.join(own));
        }
        Ok(tallies)
    }
}

/// Multiplications of one run.
pub(super) fn work(program: &Program) -> usize {
    let of = |i: &Instruction| match i {
        Instruction::Linear(l) => {
            let cols = program.matrices().get(l.matrix.0 as usize).map_or(0, |m| m.cols as usize);
            l.x.len().saturating_mul(cols)
        }
        Instruction::Select(s) => {
            let cols = program.matrices().get(s.matrix.0 as usize).map_or(0, |m| m.cols as usize);
            s.x.len().saturating_mul(cols)
        }
        Instruction::Product(p) => p.len as usize,
        Instruction::Max(m) => m.x.len(),
        Instruction::MatMul(m) => m.x.len().saturating_mul(m.cols()),
    };
    program.instructions().iter().map(of).fold(0, usize::saturating_add)
}

/// The errors of one run.
pub(super) fn tally(
    program: &Program,
    result: &[i64],
    expected: &Outputs,
    choices: &[Choices],
    pairs: &mut Vec<(f64, f64)>,
) -> Vec<Tally> {
    let mut rest = result;
    let mut tallies = Vec::with_capacity(program.outputs().len());
    for (index, spec) in program.outputs().iter().enumerate() {
        let (values, tail) = rest.split_at(spec.wires.len());
        rest = tail;
        let mut own = Tally::default();
        for (i, (&got, &want)) in values.iter().zip(&expected[index]).enumerate() {
            let got = got as f64 / spec.scale;
            pairs.push((want, got));
            let own_choice = choices.get(index).and_then(|c| c.get(&i));
            let one = own_choice.map_or_else(
                || {
                    let error = (got - want).abs();
                    Tally { max: error, sum: error, count: 1, lo: want, hi: want, given: error }
                },
                |(labels, scores)| of_label(labels, scores, got, want),
            );
            own.join(&one);
        }
        tallies.push(own);
    }
    tallies
}

/// The error of a label: by how much the score of its class is less than the largest one, in the unit of scores.
fn of_label(labels: &[f64], scores: &[f64], got: f64, want: f64) -> Tally {
    let (lo, hi) = scores.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &s| (lo.min(s), hi.max(s)));
    let own = labels.iter().zip(scores).filter(|(l, _)| **l == got).map(|(_, s)| hi - s).fold(f64::INFINITY, f64::min);
    let error = if got == want { 0.0 } else { own };
    Tally { max: error, sum: error, count: 1, lo, hi, given: error }
}

/// The labels and scores behind each sample's outputs.
pub(super) fn choices(original: Option<&Graph>, inputs: &[NamedTensors]) -> Vec<Vec<Choices>> {
    let Some(original) = original else { return vec![Vec::new(); inputs.len()] };
    let decides = |o: &Port| o.values.iter().any(|&v| original.decision_of(v).is_some());
    if !original.outputs.iter().any(decides) {
        return vec![Vec::new(); inputs.len()];
    }
    let of = |i: &NamedTensors| {
        let values = original.run(i);
        let port = |o: &Port| {
            let choice = |(i, &v)| {
                let d = original.decision_of(v)?;
                Some((i, (d.labels.clone(), d.scores.iter().map(|s| values[s.index()]).collect())))
            };
            o.values.iter().enumerate().filter_map(choice).collect()
        };
        original.outputs.iter().map(port).collect()
    };
    inputs.iter().map(of).collect()
}

/// For each sample, what tract computes; `None` where its outputs are not the graph's.
pub(super) fn by_tract(
    oracle: &Oracle,
    graph: &Graph,
    inputs: &[NamedTensors],
) -> Result<Option<Vec<Outputs>>, CompileError> {
    let ordered = |outputs: NamedTensors| -> Option<Outputs> {
        let of = |o: &Port| {
            let fits = |t: &&NamedTensor| t.data.len() == o.values.len() && t.data.iter().all(|v| v.is_finite());
            outputs.get(&o.name).filter(fits).map(|t| t.data.clone())
        };
        graph.outputs.iter().map(of).collect()
    };
    let results = inputs.iter().map(|i| oracle.run(i)).collect::<Result<Vec<_>, _>>()?;
    Ok(results.into_iter().map(ordered).collect())
}

/// For each sample, what the compiler's own graph computes.
pub(super) fn by_graph(graph: &Graph, inputs: &[NamedTensors]) -> Vec<Outputs> {
    let run = |i: &NamedTensors| {
        let values = graph.run(i);
        graph.outputs.iter().map(|o| o.values.iter().map(|v| values[v.index()]).collect()).collect()
    };
    inputs.iter().map(run).collect()
}

/// Seeded random inputs inside the declared ranges.
pub(super) fn random(inputs: &[Port], spans: &[Span], options: &CompileOptions) -> Vec<NamedTensors> {
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
        let tensor = |(port, span): (&Port, &Span)| {
            let mut number = || {
                if port.integer {
                    (span.lo + ((span.hi - span.lo + 1.0) * uniform()).floor()).min(span.hi)
                } else {
                    // Floats of 32 bits, as the float model computes with.
                    f64::from((span.lo + (span.hi - span.lo) * uniform()) as f32)
                }
            };
            let data = (0..port.values.len()).map(|_| number()).collect();
            (port.name.clone(), NamedTensor { shape: port.shape.clone(), data })
        };
        inputs.iter().zip(spans).map(tensor).collect()
    };
    (0..options.samples).map(|_| sample()).collect()
}
