//! BatchNormalization: at inference a scaling and a shift of each channel; in training by the statistics of the operand.

use super::{
    attributes::{Lower, Lowered, Node},
    elementwise::affine,
    steps::{Steps, inverse, permuted},
    tensor::Tensor,
};
use crate::{CompileError, function::Function, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[("BatchNormalization", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let epsilon = node.float("epsilon", f64::from(1e-5f32))?;
    if node.int("spatial", 1)? != 1 {
        return Err(node.error("spatial=0 is not supported"));
    }
    if x.shape.len() < 2 {
        return Err(node.error("its operand has no channels"));
    }
    let channels = x.shape[1];
    if node.int("training_mode", 0)? != 0 {
        return training(node, graph, x, epsilon);
    }
    if (1..5).any(|i| node.optional(i).is_some_and(|t| t.constants().is_none())) {
        return computed(node, graph, x, epsilon);
    }
    let list = |i: usize, what: &str| {
        let (_, data) = node.constant(i, what)?.ok_or_else(|| node.error(format!("{what} is missing")))?;
        if data.len() == channels { Ok(data) } else { Err(node.error(format!("{what} has {} elements", data.len()))) }
    };
    let (scale, bias) = (list(1, "scale")?, list(2, "bias")?);
    let (mean, variance) = (list(3, "mean")?, list(4, "variance")?);
    if variance.iter().any(|&v| v + epsilon <= 0.0) {
        return Err(node.error("a variance is negative"));
    }
    let factor: Vec<f64> = (0..channels).map(|c| scale[c] / (variance[c] + epsilon).sqrt()).collect();
    let inner: usize = x.shape[2..].iter().product();
    let channel = |i: usize| i / inner.max(1) % channels;
    let scales = (0..x.len()).map(|i| factor[channel(i)]).collect();
    let shifts = (0..x.len()).map(|i| bias[channel(i)] - mean[channel(i)] * factor[channel(i)]).collect();
    Ok(vec![affine(node, graph, x, scales, shifts)])
}

/// Operand `i`, one element for each channel, as \[1, channels, 1, …\].
fn channel_list(node: &Node<'_>, i: usize, x: &Tensor) -> Result<Tensor, CompileError> {
    let t = node.float_input(i)?;
    let mut shape = vec![1; x.shape.len()];
    shape[1] = x.shape[1];
    if t.len() == x.shape[1] {
        Ok(t.reshaped(shape))
    } else {
        Err(node.error(format!("operand {i} has {} elements for {} channels", t.len(), x.shape[1])))
    }
}

/// (x − mean) · scale / √(variance + epsilon) + bias, where one of these is computed.
fn computed(node: &Node<'_>, graph: &mut Graph, x: &Tensor, epsilon: f64) -> Lowered {
    let list = |i: usize| channel_list(node, i, x);
    let mut steps = Steps::new(node, graph);
    let variance = steps.line("variance", &list(4)?, 1.0, epsilon);
    let root = steps.apply("root", Function::Sqrt, &variance);
    let reciprocal = steps.apply("reciprocal", Function::Reciprocal, &root);
    let factor = steps.mul("factor", &list(1)?, &reciprocal)?;
    let difference = steps.add("difference", x, -1.0, &list(3)?)?;
    let scaled = steps.mul("scaled", &difference, &factor)?;
    Ok(vec![steps.add("", &scaled, 1.0, &list(2)?)?])
}

/// Normalized by the mean and the variance of the operand itself; then the running mean and variance.
fn training(node: &Node<'_>, graph: &mut Graph, x: &Tensor, epsilon: f64) -> Lowered {
    let momentum = node.float("momentum", f64::from(0.9f32))?;
    if x.len() == 0 {
        return Err(node.error("its operand is empty"));
    }
    let list = |i: usize| channel_list(node, i, x);
    let mut order: Vec<usize> = (0..x.shape.len()).collect();
    order.swap(0, 1);
    let moved = permuted(x, &order);
    let (channels, n) = (x.shape[1], x.len() / x.shape[1]);
    let rows = moved.reshaped(vec![channels, n]);
    let mut steps = Steps::new(node, graph);
    let mean = steps.sum_last("mean", &rows, 1.0 / n as f64, 0.0)?;
    let difference = steps.add("difference", &rows, -1.0, &mean)?;
    let squares = steps.mul("squares", &difference, &difference)?;
    let variance = steps.sum_last("variance", &squares, 1.0 / n as f64, 0.0)?;
    let padded = steps.line("padded", &variance, 1.0, epsilon);
    let root = steps.apply("root", Function::Sqrt, &padded);
    let reciprocal = steps.apply("reciprocal", Function::Reciprocal, &root);
    let normalized = steps.mul("normalized", &difference, &reciprocal)?;
    let column = |t: Tensor| t.reshaped(vec![channels, 1]);
    let scaled = steps.mul("scaled", &normalized, &column(list(1)?))?;
    let y = steps.add("", &scaled, 1.0, &column(list(2)?))?;
    let y = permuted(&y.reshaped(moved.shape), &inverse(&order));
    let mut running = |name: &str, i: usize, current: &Tensor| {
        let old = steps.line(&format!("{name}.old"), &list(i)?.reshaped(vec![channels]), momentum, 0.0);
        steps.add(name, &old, 1.0 - momentum, &current.reshaped(vec![channels]))
    };
    Ok(vec![y, running("running_mean", 3, &mean)?, running("running_variance", 4, &variance)?])
}
