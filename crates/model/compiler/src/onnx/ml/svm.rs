//! SVMClassifier and SVMRegressor, with linear, polynomial, radial and sigmoid kernels.
//!
//! Rows: one or two for each support vector (a power of three and more takes some), one for each pair of classes, and half
//! a row for each feature with a radial kernel.

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
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] =
    &[("ai.onnx.ml:SVMClassifier", classifier), ("ai.onnx.ml:SVMRegressor", regressor)];

pub(super) const LIMITS: &[(&str, &str)] = &[(
    "ai.onnx.ml:SVMClassifier",
    "probabilities of two classes; labels that are names are given as indices of the classes",
)];

/// A function of a vector and a support vector.
#[derive(Clone, Copy, Debug)]
enum Kernel {
    Linear,
    /// (gamma · x·v + offset)^degree
    Poly {
        gamma: f64,
        offset: f64,
        degree: u32,
    },
    /// e^(−gamma · |x − v|²)
    Rbf {
        gamma: f64,
    },
    /// tanh(gamma · x·v + offset)
    Sigmoid {
        gamma: f64,
        offset: f64,
    },
}

/// The largest degree of a polynomial kernel.
const MAX_DEGREE: f64 = 32.0;

impl Kernel {
    fn of(node: &Node<'_>) -> Result<Self, CompileError> {
        let p = node.floats("kernel_params")?.unwrap_or_default();
        let at = |i: usize| p.get(i).copied().unwrap_or(0.0);
        let (gamma, offset) = (at(0), at(1));
        if !p.iter().all(|v| v.is_finite()) {
            return Err(node.error("a kernel's parameter is not finite"));
        }
        Ok(match node.string("kernel_type", "LINEAR")?.as_str() {
            "LINEAR" => Self::Linear,
            "POLY" if at(2).fract() == 0.0 && (1.0..=MAX_DEGREE).contains(&at(2)) => {
                Self::Poly { gamma, offset, degree: at(2) as u32 }
            }
            "POLY" => return Err(node.error(format!("the degree {} is not an integer from 1 to {MAX_DEGREE}", at(2)))),
            "RBF" if gamma >= 0.0 => Self::Rbf { gamma },
            "RBF" => return Err(node.error("gamma is negative")),
            "SIGMOID" => Self::Sigmoid { gamma, offset },
            other => return Err(node.error(format!("the kernel `{other}` is unknown"))),
        })
    }

    /// The values for all rows of x and all support vectors: [rows, vectors].
    fn values(self, parts: &mut Parts<'_, '_>, cols: usize, x: &[ValueId], vectors: &[f64]) -> Vec<ValueId> {
        let n = vectors.len() / cols;
        // Column v of the matrix is a support vector times a factor.
        let matrix = |factor: f64| -> Vec<f64> {
            (0..cols).flat_map(|k| (0..n).map(move |v| factor * vectors[v * cols + k])).collect()
        };
        match self {
            Self::Linear => parts.linear("dot", cols, matrix(1.0), vec![0.0; n], x.to_vec()),
            Self::Poly { gamma, offset, degree } => {
                let base = parts.linear("dot", cols, matrix(gamma), vec![offset; n], x.to_vec());
                let (mut power, mut reached) = (base.clone(), 1);
                for bit in (0..degree.ilog2()).rev() {
                    reached *= 2;
                    power = parts.mul(&format!("power{reached}"), &power, &power);
                    if degree >> bit & 1 == 1 {
                        reached += 1;
                        power = parts.mul(&format!("power{reached}"), &power, &base);
                    }
                }
                power
            }
            Self::Rbf { gamma } => {
                // |x − v|² = |x|² − 2·x·v + |v|²
                let square = parts.dot("square", cols, x, x);
                let operands = x.chunks_exact(cols).zip(&square);
                let operands = operands.flat_map(|(x, &s)| x.iter().copied().chain([s])).collect();
                let mut weights = matrix(2.0 * gamma);
                weights.extend(vec![-gamma; n]);
                let norm = |v: &[f64]| -gamma * v.iter().map(|v| v * v).sum::<f64>();
                let bias = vectors.chunks_exact(cols).map(norm).collect();
                let exponents = parts.linear("distance", cols + 1, weights, bias, operands);
                parts.graph.bound_above(&exponents, 0.0);
                parts.apply("kernel", Function::Exp, &exponents, false)
            }
            Self::Sigmoid { gamma, offset } => {
                let dot = parts.linear("dot", cols, matrix(gamma), vec![offset; n], x.to_vec());
                parts.apply("kernel", Function::Tanh, &dot, false)
            }
        }
    }
}

/// Attributes of floats that must be there.
fn required(node: &Node<'_>, name: &str) -> Result<Vec<f64>, CompileError> {
    let missing = || node.error(format!("attribute `{name}` is missing"));
    node.floats(name)?.filter(|l| !l.is_empty()).ok_or_else(missing)
}

/// The support vectors, of which there must be `n`.
fn support(node: &Node<'_>, n: usize, cols: usize) -> Result<Vec<f64>, CompileError> {
    let vectors = required(node, "support_vectors")?;
    if n.checked_mul(cols) != Some(vectors.len()) {
        let len = vectors.len();
        return Err(node.error(format!("{n} support vectors of {cols} features have {len} elements")));
    }
    Ok(vectors)
}

fn regressor(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, rows, cols) = features(node)?;
    let n = usize::try_from(node.int("n_supports", 0)?).map_err(|_| node.error("`n_supports` is negative"))?;
    let (coefficients, rho) = (required(node, "coefficients")?, required(node, "rho")?);
    let transform = PostTransform::of(node)?;
    node.checked_len(&[rows, n.max(1)])?;
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    let (width, operands) = if n > 0 {
        (n, Kernel::of(node)?.values(&mut parts, cols, &ids, &support(node, n, cols)?))
    } else {
        (cols, ids)
    };
    if coefficients.len() != width {
        return Err(node.error(format!("it has {} coefficients, expected {width}", coefficients.len())));
    }
    let y = parts.linear("sum", width, coefficients, vec![rho[0]], operands);
    let y = if node.int("one_class", 0)? != 0 {
        let negated = parts.affine("negated", &y, -1.0, 0.0);
        let not = parts.step("outside", &negated);
        parts.affine("", &not, -2.0, 1.0)
    } else {
        transform.apply(&mut parts, 1, &y)
    };
    Ok(vec![Tensor::values(graph, vec![rows, 1], y)])
}

fn classifier(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, rows, cols) = features(node)?;
    let labels = Labels::of(node, "classlabels_ints", "classlabels_strings")?;
    let transform = PostTransform::of(node)?;
    let (coefficients, rho) = (required(node, "coefficients")?, required(node, "rho")?);
    let counts = node.ints("vectors_per_class")?.unwrap_or_default();
    let counts = counts.iter().map(|&c| usize::try_from(c).ok()).collect::<Option<Vec<_>>>();
    let counts = counts.ok_or_else(|| node.error("`vectors_per_class` has a negative number"))?;
    let n = counts.iter().try_fold(0usize, |n, &c| n.checked_add(c));
    let n = n.ok_or_else(|| node.error("`vectors_per_class` has too large numbers"))?;
    let classes = labels.len();
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    if n == 0 {
        if classes.checked_mul(cols) != Some(coefficients.len()) {
            return Err(node.error(format!("{classes} classes do not have {} coefficients", coefficients.len())));
        }
        let weights = (0..cols).flat_map(|k| (0..classes).map(move |c| c * cols + k)).map(|i| coefficients[i]);
        let scores = parts.linear("scores", cols, weights.collect(), vec![rho[0]; classes], ids);
        let label = labels.of_largest(&mut parts, &scores);
        let y = transform.apply(&mut parts, classes, &scores);
        return Ok(vec![Labels::tensor(graph, rows, label), Tensor::values(graph, vec![rows, classes], y)]);
    }
    let pairs: Vec<(usize, usize)> = (0..classes).flat_map(|i| (i + 1..classes).map(move |j| (i, j))).collect();
    node.checked_len(&[rows.max(n), n.max(classes), classes])?;
    if counts.len() != classes || classes < 2 || rho.len() != pairs.len() {
        return Err(node.error(format!(
            "{classes} classes do not have {} numbers of support vectors and {} constants",
            counts.len(),
            rho.len()
        )));
    }
    if (classes - 1).checked_mul(n) != Some(coefficients.len()) {
        return Err(node.error(format!(
            "{n} support vectors of {classes} classes do not have {} coefficients",
            coefficients.len()
        )));
    }
    let kernels = Kernel::of(node)?.values(&mut parts, cols, &ids, &support(node, n, cols)?);
    let starts: Vec<usize> = counts.iter().scan(0, |at, &c| Some(std::mem::replace(at, *at + c))).collect();
    let mut weights = vec![0.0; n * pairs.len()];
    for (p, &(i, j)) in pairs.iter().enumerate() {
        for v in starts[i]..starts[i] + counts[i] {
            weights[v * pairs.len() + p] = coefficients[(j - 1) * n + v];
        }
        for v in starts[j]..starts[j] + counts[j] {
            weights[v * pairs.len() + p] = coefficients[i * n + v];
        }
    }
    let scores = parts.linear("pairs", n, weights, rho, kernels);
    let probabilities = match (node.floats("prob_a")?.unwrap_or_default(), node.floats("prob_b")?.unwrap_or_default()) {
        (a, b) if a.len() == pairs.len() && b.len() == a.len() => Some((a[0], b[0])),
        (a, _) if a.is_empty() => None,
        _ => return Err(node.error("it does not have two parameters of probabilities for each pair of classes")),
    };
    // A positive score is for the first class of the pair.
    if classes == 2 {
        let reversed = Labels(vec![labels.0[1], labels.0[0]]);
        let label = reversed.of_score(&mut parts, &scores, 0.0);
        let (first, second) = if let Some((a, b)) = probabilities {
            let exponent = parts.affine("platt", &scores, -a, -b);
            let first = parts.apply("probability", Function::Sigmoid, &exponent, false);
            let second = parts.affine("other", &first, -1.0, 1.0);
            (first, second)
        } else {
            let other = parts.affine("other", &scores, -1.0, 0.0);
            (other, scores)
        };
        let both: Vec<ValueId> = first.iter().zip(&second).flat_map(|(&f, &s)| [f, s]).collect();
        let y = transform.apply(&mut parts, 2, &both);
        return Ok(vec![Labels::tensor(graph, rows, label), Tensor::values(graph, vec![rows, 2], y)]);
    }
    if probabilities.is_some() && node.wants(1) {
        return Err(node.error("probabilities of more than two classes come from an iteration, which is not supported"));
    }
    // Each pair votes; the first class with the most votes wins.
    let negated = parts.affine("negated", &scores, -1.0, 0.0);
    let second = parts.step("second", &negated);
    let mut weights = vec![0.0; pairs.len() * classes];
    let mut bias = vec![0.0; classes];
    for (p, &(i, j)) in pairs.iter().enumerate() {
        (weights[p * classes + i], weights[p * classes + j]) = (-1.0, 1.0);
        bias[i] += 1.0;
    }
    let votes = parts.linear("votes", pairs.len(), weights, bias, second);
    let label = labels.of_largest(&mut parts, &votes);
    let y = transform.apply(&mut parts, pairs.len(), &scores);
    Ok(vec![Labels::tensor(graph, rows, label), Tensor::values(graph, vec![rows, pairs.len()], y)])
}
