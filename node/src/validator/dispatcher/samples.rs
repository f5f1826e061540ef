//! Inputs of recent questions, from which benchmarks are drawn: a miner must not tell the two apart by their numbers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vouch_api::ModelId;

use crate::random::uniform;

/// Questions that are kept for each model.
const KEPT: usize = 64;
/// Questions with more values are not kept.
const MAX_VALUES: usize = 4096;

/// Public inputs of recent questions, by model. Inputs of models with hashed tensors never come here.
#[derive(Default)]
pub(super) struct Samples(Mutex<HashMap<ModelId, VecDeque<Vec<i64>>>>);

impl Samples {
    fn lock(&self) -> MutexGuard<'_, HashMap<ModelId, VecDeque<Vec<i64>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the inputs of a user's question.
    pub(super) fn keep(&self, model: ModelId, inputs: &[i64]) {
        if inputs.len() > MAX_VALUES {
            return;
        }
        let mut all = self.lock();
        let own = all.entry(model).or_default();
        if own.len() == KEPT {
            own.pop_front();
        }
        own.push_back(inputs.to_vec());
    }

    /// Inputs like those of users: the same as in a recent question, or each value between two recent questions. `None`
    /// while there was none.
    pub(super) fn draw(&self, model: &ModelId) -> Option<Vec<i64>> {
        let all = self.lock();
        let own = all.get(model).filter(|own| !own.is_empty())?;
        let pick = || usize::try_from(uniform(own.len() as u64)).ok().and_then(|index| own.get(index));
        let (one, other) = (pick()?, pick()?);
        if uniform(2) == 0 {
            return Some(one.clone());
        }
        Some(one.iter().zip(other).map(|(&a, &b)| between(a, b)).collect())
    }
}

fn between(a: i64, b: i64) -> i64 {
    let (low, width) = (a.min(b), a.abs_diff(b));
    let offset = if width == u64::MAX { 0 } else { uniform(width + 1) };
    low.wrapping_add(offset.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn benchmarks_are_like_recent_questions() {
        let (samples, model) = (Samples::default(), ModelId([1; 32]));
        assert_eq!(samples.draw(&model), None);
        samples.keep(model, &[10, -5, i64::MIN]);
        assert_eq!(samples.draw(&model), Some(vec![10, -5, i64::MIN]));
        samples.keep(model, &[20, -5, i64::MAX]);
        let drawn: Vec<_> = (0..200).map(|_| samples.draw(&model).unwrap()).collect();
        assert!(drawn.iter().all(|inputs| (10..=20).contains(&inputs[0]) && inputs[1] == -5));
        assert!(drawn.iter().any(|inputs| inputs[0] == 10) && drawn.iter().any(|inputs| (11..20).contains(&inputs[0])));
        assert_eq!(samples.draw(&ModelId([2; 32])), None, "models do not mix");
        // Old ones and long ones are not kept.
        (0..KEPT).for_each(|_| samples.keep(model, &[30, 0, 0]));
        samples.keep(model, &vec![0; MAX_VALUES + 1]);
        assert_eq!(samples.draw(&model), Some(vec![30, 0, 0]));
    }
}
