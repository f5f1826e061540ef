//! Errors on inputs as the program has them.
//!
//! A program takes inputs that are rounded to their scale. Where the float model jumps (at the threshold of a tree, or of a
//! comparison), that rounding alone can put an input on the other side, and the output is then off by the height of the
//! jump, however exact the program is. Such samples are few; on the rounded inputs the program is compared with the float
//! model once more, and both errors are reported.
//!
//! This excuses jumps, not coarse scales: rounding must be fine beside the numbers of each element ([`FINE`]), and only
//! few samples may be off ([`FEW`]).

use vouch_program::Program;

use super::accuracy::{Outputs, Reference, Set, Tally, by_graph, by_tract, choices, tally};
use crate::{CompileError, NamedTensor, NamedTensors, io::quantize_inputs};

/// The largest rounding of an element, as a part of its largest magnitude in all samples.
const FINE: f64 = 1.0 / 16_384.0;

/// The largest part of samples that may be off; one may be in any case.
const FEW: f64 = 0.05;

impl Reference {
    /// Replaces the errors of outputs that jump by those on rounded inputs.
    pub(super) fn excuse(&self, set: &Set, program: &Program, tallies: &mut [Tally]) -> Result<(), CompileError> {
        let acceptable = |tallies: &[Tally]| -> Vec<f64> {
            self.outputs(program, tallies).iter().map(|o| o.acceptable(self.target)).collect()
        };
        let most = acceptable(tallies);
        let missed: Vec<usize> = (0..tallies.len()).filter(|&i| tallies[i].max > most[i]).collect();
        if missed.is_empty() {
            return Ok(());
        }
        let Some(rounded) = rounded(program, &set.inputs) else { return Ok(()) };
        let Some(expected) = self.float(&rounded) else { return Ok(()) };
        let own_choices = choices(self.original.as_deref(), &rounded);
        let (mut same, mut off) = (vec![Tally::default(); tallies.len()], vec![0usize; tallies.len()]);
        for (sample, result) in set.run(program, set.inputs.len())?.iter().enumerate() {
            let mut pairs = Vec::new();
            let given = tally(program, result, &set.outputs[sample], &set.choices[sample], &mut pairs);
            let own = tally(program, result, &expected[sample], &own_choices[sample], &mut pairs);
            for i in 0..same.len() {
                off[i] += usize::from(given[i].max > most[i]);
                same[i].join(&own[i]);
            }
        }
        let few = ((FEW * set.inputs.len() as f64) as usize).max(1);
        for i in missed {
            if off[i] <= few && same[i].max <= most[i] {
                let given = tallies[i].max;
                tallies[i] = Tally { given, ..same[i].clone() };
            }
        }
        Ok(())
    }

    /// What the float model computes for inputs, if it is finite.
    fn float(&self, inputs: &[NamedTensors]) -> Option<Vec<Outputs>> {
        match &self.tract {
            Some(oracle) => by_tract(oracle, &self.graph, inputs).ok()?,
            None => Some(by_graph(&self.graph, inputs)),
        }
    }
}

/// The inputs as the program has them, if their rounding is fine.
fn rounded(program: &Program, inputs: &[NamedTensors]) -> Option<Vec<NamedTensors>> {
    let mut out = Vec::with_capacity(inputs.len());
    for sample in inputs {
        let integers = quantize_inputs(program, sample).ok()?;
        let mut rest = integers.as_slice();
        let mut own = NamedTensors::new();
        for spec in program.inputs() {
            let given = sample.get(&spec.name)?;
            let (values, tail) = rest.split_at_checked(given.data.len())?;
            rest = tail;
            let data = values.iter().map(|&v| v as f64 / spec.scale).collect();
            own.insert(spec.name.clone(), NamedTensor { shape: given.shape.clone(), data });
        }
        out.push(own);
    }
    for spec in program.inputs() {
        let column = |list: &[NamedTensors], i: usize| -> Vec<f64> {
            list.iter().filter_map(|s| s.get(&spec.name)?.data.get(i).copied()).collect()
        };
        let len = inputs.first()?.get(&spec.name)?.data.len();
        let fine = |i: usize| {
            let (given, own) = (column(inputs, i), column(&out, i));
            let size = given.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            given.iter().zip(&own).all(|(a, b)| (a - b).abs() <= FINE * size)
        };
        if !(0..len).all(fine) {
            return None;
        }
    }
    Some(out)
}
