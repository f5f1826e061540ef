//! Facts about a tensor.

use serde::{Deserialize, Serialize};
use vouch_verifier::TensorSpec;

use crate::{DisclosureError, Form, MAX_WEIGHT};

/// `lo ≤ Σ weights_i·x_i ≤ hi`, where x are the integers of a tensor (a real number times its scale).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The tensor's name.
    pub tensor: String,
    /// One for each value, from −[`MAX_WEIGHT`] to [`MAX_WEIGHT`].
    pub weights: Vec<i64>,
    /// Lower bound, inclusive.
    pub lo: i64,
    /// Upper bound, inclusive.
    pub hi: i64,
}

impl Statement {
    /// A value is between two bounds, or equal to both.
    ///
    /// # Errors
    /// [`DisclosureError::Index`], and those of [`Statement::weighted`].
    pub fn element(spec: &TensorSpec, index: usize, lo: i64, hi: i64) -> Result<Self, DisclosureError> {
        let form = Form::of(spec)?;
        let mut weights = vec![0; form.values];
        match weights.get_mut(index) {
            Some(weight) => *weight = 1,
            None => return Err(DisclosureError::Index { name: spec.name.clone(), values: form.values, index }),
        }
        Self::weighted(spec, weights, lo, hi)
    }

    /// A weighted sum of the values is between two bounds.
    ///
    /// # Errors
    /// Those of [`Statement::check`].
    pub fn weighted(spec: &TensorSpec, weights: Vec<i64>, lo: i64, hi: i64) -> Result<Self, DisclosureError> {
        let statement = Self { tensor: spec.name.clone(), weights, lo, hi };
        statement.check(spec)?;
        Ok(statement)
    }

    /// Checks that it is a statement about the tensor, and not one that nothing fulfils.
    ///
    /// # Errors
    /// [`DisclosureError`] with what is wrong.
    pub fn check(&self, spec: &TensorSpec) -> Result<Form, DisclosureError> {
        let form = Form::of(spec)?;
        let name = || spec.name.clone();
        if self.tensor != spec.name {
            return Err(DisclosureError::OtherTensor { expected: name(), got: self.tensor.clone() });
        }
        let (expected, got) = (form.values, self.weights.len());
        if got != expected {
            return Err(DisclosureError::Length { name: name(), what: "weights", expected, got });
        }
        let large = |w: &&i64| w.unsigned_abs() > MAX_WEIGHT.unsigned_abs();
        if let Some((index, &got)) = self.weights.iter().enumerate().find(|(_, w)| large(w)) {
            return Err(DisclosureError::Weight { index, got, max: MAX_WEIGHT });
        }
        if self.lo > self.hi {
            return Err(DisclosureError::Empty { lo: self.lo, hi: self.hi });
        }
        if let Some(got) = [self.lo, self.hi].into_iter().find(|s| s.unsigned_abs() > form.max_sum.unsigned_abs()) {
            return Err(DisclosureError::Bound { name: name(), got, max: form.max_sum });
        }
        Ok(form)
    }

    /// Checks that it is true of these values.
    ///
    /// # Errors
    /// [`DisclosureError::False`] if it is not, and those of [`Statement::check`].
    pub fn check_values(&self, spec: &TensorSpec, values: &[i64]) -> Result<Form, DisclosureError> {
        let form = self.check(spec)?;
        let (name, expected, got) = (|| spec.name.clone(), form.values, values.len());
        if got != expected {
            return Err(DisclosureError::Length { name: name(), what: "values", expected, got });
        }
        if let Some((index, &got)) = values.iter().enumerate().find(|(_, v)| !form.bounds.contains(**v)) {
            return Err(DisclosureError::Value { name: name(), index, got, min: spec.min, max: spec.max });
        }
        // At most max_sum in magnitude.
        let sum = self.weights.iter().zip(values).map(|(w, x)| w * x).sum();
        if !(self.lo..=self.hi).contains(&sum) {
            return Err(DisclosureError::False { sum, lo: self.lo, hi: self.hi });
        }
        Ok(form)
    }

    /// The statement that public inputs of the program stand for.
    ///
    /// # Errors
    /// [`DisclosureError::Inputs`] if they are not those of a statement.
    pub fn from_inputs(spec: &TensorSpec, inputs: &[i64]) -> Result<Self, DisclosureError> {
        let form = Form::of(spec)?;
        let wrong = || DisclosureError::Inputs { name: spec.name.clone() };
        let (weights, words) = inputs.split_at_checked(form.values).ok_or_else(wrong)?;
        let &[lo_high, lo_low, hi_high, hi_low] = words else { return Err(wrong()) };
        let bound = |high: i64, low: i64| {
            i64::try_from((i128::from(high) << form.digit_bits) + i128::from(low)).map_err(|_| wrong())
        };
        let (lo, hi) = (bound(lo_high, lo_low)?, bound(hi_high, hi_low)?);
        let statement = Self::weighted(spec, weights.to_vec(), lo, hi)?;
        // One statement has one encoding.
        if statement.inputs(spec)? == inputs { Ok(statement) } else { Err(wrong()) }
    }

    /// The program's public inputs: weights, then the words of both bounds.
    ///
    /// # Errors
    /// Those of [`Statement::check`].
    pub fn inputs(&self, spec: &TensorSpec) -> Result<Vec<i64>, DisclosureError> {
        let form = self.check(spec)?;
        Ok([self.weights.as_slice(), &form.words(self.lo), &form.words(self.hi)].concat())
    }
}
