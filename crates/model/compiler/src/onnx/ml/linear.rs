//! LinearClassifier and LinearRegressor: a matrix, then the decision for the class with the largest score.
//!
//! Rows: one for each score; about four for each class where the label is wanted.

use super::{
    super::{
        attributes::{Lower, Lowered, Node},
        parts::Parts,
        tensor::Tensor,
    },
    classes::{Labels, PostTransform, features},
};
use crate::{
    CompileError,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] =
    &[("ai.onnx.ml:LinearClassifier", classifier), ("ai.onnx.ml:LinearRegressor", regressor)];

pub(super) const LIMITS: &[(&str, &str)] =
    &[("ai.onnx.ml:LinearClassifier", "labels that are names are given as indices of the classes")];

/// The scores of all rows: [rows, targets].
fn scores(
    node: &Node<'_>,
    graph: &mut Graph,
    x: &Tensor,
    cols: usize,
    targets: usize,
) -> Result<Vec<ValueId>, CompileError> {
    let missing = || node.error("attribute `coefficients` is missing");
    let coefficients = node.floats("coefficients")?.ok_or_else(missing)?;
    if targets == 0 || targets.checked_mul(cols) != Some(coefficients.len()) {
        let n = coefficients.len();
        return Err(node.error(format!("it has {n} coefficients for {cols} features and {targets} targets")));
    }
    let mut bias = node.floats("intercepts")?.unwrap_or_default();
    if bias.is_empty() {
        bias = vec![0.0; targets];
    }
    if bias.len() != targets {
        return Err(node.error(format!("it has {} intercepts for {targets} targets", bias.len())));
    }
    let weights = (0..cols).flat_map(|k| (0..targets).map(move |t| t * cols + k)).map(|i| coefficients[i]).collect();
    let ids = x.ids(graph);
    Ok(Parts::new(node, graph).linear("scores", cols, weights, bias, ids))
}

fn regressor(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, rows, cols) = features(node)?;
    let targets = usize::try_from(node.int("targets", 1)?).map_err(|_| node.error("`targets` is negative"))?;
    let transform = PostTransform::of(node)?;
    let y = scores(node, graph, x, cols, targets)?;
    let y = transform.apply(&mut Parts::new(node, graph), targets, &y);
    Ok(vec![Tensor::values(graph, vec![rows, targets], y)])
}

fn classifier(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, rows, cols) = features(node)?;
    let labels = Labels::of(node, "classlabels_ints", "classlabels_strings")?;
    let transform = PostTransform::of(node)?;
    let targets = node.floats("coefficients")?.map_or(0, |c| c.len()) / cols;
    let own = scores(node, graph, x, cols, targets)?;
    let mut parts = Parts::new(node, graph);
    // One score decides between two classes; its values are those of both.
    if targets == 1 && labels.len() == 2 {
        let limit = if transform == PostTransform::Logistic { 0.5 } else { 0.0 };
        let one = match transform {
            PostTransform::Logistic | PostTransform::Probit => transform.apply(&mut parts, 1, &own),
            _ => own,
        };
        let label = labels.of_score(&mut parts, &one, limit);
        let other = parts.affine("other", &one, -1.0, 1.0);
        let both = other.iter().zip(&one).flat_map(|(&o, &s)| [o, s]).collect();
        return Ok(vec![Labels::tensor(graph, rows, label), Tensor::values(graph, vec![rows, 2], both)]);
    }
    if targets != labels.len() {
        return Err(node.error(format!("it has {targets} scores for {} class labels", labels.len())));
    }
    let label = labels.of_largest(&mut parts, &own);
    let values = transform.apply(&mut parts, targets, &own);
    Ok(vec![Labels::tensor(graph, rows, label), Tensor::values(graph, vec![rows, targets], values)])
}
