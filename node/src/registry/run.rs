//! Runs of a model's program, without a proof.

use thiserror::Error;
use vouch_verifier::TensorSpec;

use super::model::Model;

/// Random draws for one benchmark. After each `HALVE_EVERY` of them, inputs are drawn from half the distance around the
/// sample. Where the card has a sample, the first are drawn from an eighth of the range around it.
const DRAWS: u32 = 48;
const HALVE_EVERY: u32 = 4;

/// Inputs in range on which the program has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the program has no result on these inputs: {reason}")]
pub struct RunRefusal {
    reason: String,
}

impl Model {
    /// Runs the program on inputs. A model whose ranges come from samples has inputs in range that leave the range of a
    /// value inside; no miner can prove them. Of a model with private weights this shows nothing, and says so by `Ok`.
    ///
    /// # Errors
    /// [`RunRefusal`] names the value.
    pub fn check_run(&self, inputs: &[i64]) -> Result<(), RunRefusal> {
        let program = &self.bundle.program;
        if !program.has_weights() {
            return Ok(());
        }
        program.run(inputs).map(drop).map_err(|error| RunRefusal { reason: error.to_string() })
    }

    /// Random inputs that the program accepts: near the sample of the card, or within the schema if there is none, and
    /// closer where the program refuses those. `None` if it accepts none of them.
    pub fn benchmark_inputs(&self) -> Option<Vec<i64>> {
        let sample = self.bundle.manifest.sample.as_ref().and_then(|sample| self.integers(sample).ok());
        let halvings = if sample.is_some() { 3 } else { 0 };
        let center = sample.unwrap_or_else(|| self.middle());
        (0..DRAWS).find_map(|draw| {
            let near = |(&random, &center): (&i64, &i64)| {
                let distance = (i128::from(random) - i128::from(center)) / (1 << (halvings + draw / HALVE_EVERY));
                // Between two integers of 64 bits.
                i64::try_from(i128::from(center) + distance).unwrap_or(center)
            };
            let inputs: Vec<i64> = self.random_inputs().iter().zip(&center).map(near).collect();
            self.check_run(&inputs).is_ok().then_some(inputs)
        })
    }

    /// The middle of the ranges.
    fn middle(&self) -> Vec<i64> {
        let middle = |spec: &TensorSpec| {
            let middle = (i128::from(spec.min) + i128::from(spec.max)) / 2;
            std::iter::repeat_n(i64::try_from(middle).unwrap_or_default(), spec.size())
        };
        self.key.schema().inputs.iter().flat_map(middle).collect()
    }
}
