//! BatchNormalization at inference: a scaling and a shift of each channel.

use super::{
    attributes::{Lower, Lowered, Node},
    elementwise::affine,
};
use crate::graph::Graph;

pub(super) const OPS: &[(&str, Lower)] = &[("BatchNormalization", lower)];

pub(super) const LIMITS: &[(&str, &str)] =
    &[("BatchNormalization", "scale, bias, mean and variance constant; inference only")];

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let epsilon = node.float("epsilon", f64::from(1e-5f32))?;
    if node.int("training_mode", 0)? != 0 {
        return Err(node.error("training_mode is set: export the model for inference"));
    }
    if node.int("spatial", 1)? != 1 {
        return Err(node.error("spatial=0 is not supported"));
    }
    if x.shape.len() < 2 {
        return Err(node.error("its operand has no channels"));
    }
    let channels = x.shape[1];
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
