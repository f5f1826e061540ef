//! What classifiers and regressors share: class labels, the decision for a class, and transformations of scores.

use super::super::{
    attributes::Node,
    order::first_maximum,
    parts::Parts,
    softmax::{repeat, softmax},
    tensor::{ElementType, Tensor},
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, ValueId},
};

/// How scores become the values that are returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PostTransform {
    None,
    Softmax,
    Logistic,
    SoftmaxZero,
    Probit,
}

impl PostTransform {
    pub(super) fn of(node: &Node<'_>) -> Result<Self, CompileError> {
        Ok(match node.string("post_transform", "NONE")?.as_str() {
            "NONE" => Self::None,
            "SOFTMAX" => Self::Softmax,
            "LOGISTIC" => Self::Logistic,
            "SOFTMAX_ZERO" => Self::SoftmaxZero,
            "PROBIT" => Self::Probit,
            other => return Err(node.error(format!("the post transform `{other}` is unknown"))),
        })
    }

    /// By the number that TreeEnsemble gives it.
    pub(super) fn numbered(node: &Node<'_>) -> Result<Self, CompileError> {
        let all = [Self::None, Self::Softmax, Self::Logistic, Self::SoftmaxZero, Self::Probit];
        let number = node.int("post_transform", 0)?;
        let found = usize::try_from(number).ok().and_then(|i| all.get(i).copied());
        found.ok_or_else(|| node.error(format!("the post transform {number} is unknown")))
    }

    /// The values of each row of `n` scores.
    pub(super) fn apply(self, parts: &mut Parts<'_, '_>, n: usize, scores: &[ValueId]) -> Vec<ValueId> {
        match self {
            Self::None => scores.to_vec(),
            // Of a single score: 1.
            Self::Softmax => softmax(parts, n, scores.to_vec()),
            Self::Logistic => parts.apply("logistic", Function::Sigmoid, scores, false),
            Self::SoftmaxZero => softmax_zero(parts, n, scores),
            Self::Probit => parts.apply("probit", Function::Probit, scores, false),
        }
    }
}

/// A softmax over the scores that are not zero; the others stay zero. Where all are zero, the values are 1/2.
fn softmax_zero(parts: &mut Parts<'_, '_>, n: usize, scores: &[ValueId]) -> Vec<ValueId> {
    let groups = scores.len() / n.max(1);
    let zeros = parts.constant(0.0, scores.len());
    let zero = parts.equal("zero", scores, &zeros);
    let some = parts.not("nonzero", &zero);
    let max = parts.max("max", n, scores.to_vec());
    let differences = parts.sum("difference", scores, -1.0, &repeat(&max, n));
    parts.graph.bound_above(&differences, 0.0);
    let exponentials = parts.apply("exp", Function::Exp, &differences, false);
    let kept = parts.mul("kept", &exponentials, &some);
    // 1 where all scores of a group are zero.
    let count = parts.linear("count", n, vec![1.0; n], vec![-(n as f64)], zero);
    let all = parts.step("all", &count);
    let operands = (0..groups).flat_map(|g| kept[g * n..(g + 1) * n].iter().copied().chain([all[g]])).collect();
    let sums = parts.linear("sum", n + 1, vec![1.0; n + 1], vec![0.0], operands);
    parts.graph.bound_below(&sums, LEAST_SUM);
    parts.graph.bound_above(&sums, n as f64);
    let inverse = parts.apply("reciprocal", Function::Reciprocal, &sums, false);
    let all = repeat(&all, n);
    let half = parts.constant(0.5, scores.len());
    parts.terms("", &[(1.0, &kept, &repeat(&inverse, n)), (1.0, &all, &half)])
}

/// A run in which the exponentials of all scores that are not zero, as parts of the largest score's, sum up to less is
/// refused.
const LEAST_SUM: f64 = 1e-3;

/// The labels of a classifier's classes.
pub(super) struct Labels(pub(super) Vec<f64>);

impl Labels {
    /// Integers as they are; names by their indices.
    pub(super) fn of(node: &Node<'_>, ints: &str, strings: &str) -> Result<Self, CompileError> {
        if let Some(list) = node.ints(ints)?.filter(|l| !l.is_empty()) {
            return Ok(Self(list.iter().map(|&v| v as f64).collect()));
        }
        match node.strings(strings)?.filter(|l| !l.is_empty()) {
            Some(list) => Ok(Self((0..list.len()).map(|i| i as f64).collect())),
            None => Err(node.error("it has no class labels")),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The label of the first largest score of each row.
    pub(super) fn of_largest(&self, parts: &mut Parts<'_, '_>, scores: &[ValueId]) -> Vec<ValueId> {
        let n = self.len();
        let found = first_maximum(parts, n, scores, false);
        if self.0.iter().enumerate().all(|(i, &l)| l == i as f64) {
            parts.graph.decided(&found.index, n, &self.0, scores);
            return found.index;
        }
        let label = parts.linear("label", n, self.0.clone(), vec![0.0], found.bits);
        self.bound(parts, &label);
        parts.graph.decided(&label, n, &self.0, scores);
        label
    }

    /// The second label where a score is above `limit`, else the first one.
    pub(super) fn of_score(&self, parts: &mut Parts<'_, '_>, scores: &[ValueId], limit: f64) -> Vec<ValueId> {
        let negated = parts.affine("below", scores, -1.0, limit);
        let not = parts.step("decision", &negated);
        let label = parts.affine("label", &not, self.0[0] - self.0[1], self.0[1]);
        let other = parts.affine("other", scores, -1.0, 2.0 * limit);
        let both: Vec<ValueId> = other.iter().zip(scores).flat_map(|(&o, &s)| [o, s]).collect();
        parts.graph.decided(&label, 2, &self.0[..2], &both);
        label
    }

    fn bound(&self, parts: &mut Parts<'_, '_>, label: &[ValueId]) {
        parts.graph.bound_below(label, self.0.iter().copied().fold(f64::INFINITY, f64::min));
        parts.graph.bound_above(label, self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }

    /// The tensor of labels.
    pub(super) fn tensor(graph: &Graph, rows: usize, ids: Vec<ValueId>) -> Tensor {
        Tensor::computed(graph, ElementType::Int64, vec![rows], ids)
    }
}

/// The operand as a matrix of features: [rows, features]. A vector is one row.
pub(super) fn features<'n>(node: &'n Node<'_>) -> Result<(&'n Tensor, usize, usize), CompileError> {
    let x = node.input(0)?;
    let (rows, cols) = match x.shape[..] {
        [n] => (1, n),
        [m, n] => (m, n),
        _ => return Err(node.error(format!("its operand has rank {}, expected 1 or 2", x.shape.len()))),
    };
    if rows == 0 || cols == 0 {
        return Err(node.error("its operand is empty"));
    }
    Ok((x, rows, cols))
}
