//! LpPool and GlobalLpPool: (Σ |x|^p)^(1/p). And LRN, whose sums lie across channels.

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, Sum},
    tensor::Tensor,
    window::Window,
};
use crate::{CompileError, function::Function, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[("GlobalLpPool", global), ("LRN", lrn), ("LpPool", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

fn order(node: &Node<'_>) -> Result<u32, CompileError> {
    let p = u32::try_from(node.int("p", 2)?).ok().filter(|p| (1..=16).contains(p));
    p.ok_or_else(|| node.error("p is not from 1 to 16"))
}

/// |x|^p
fn powers(steps: &mut Steps<'_>, x: &Tensor, p: u32) -> Result<Tensor, CompileError> {
    let size = if p.is_multiple_of(2) { x.clone() } else { steps.apply("sizes", Function::Abs, x) };
    let mut power = size.clone();
    for i in 2..=p {
        power = steps.mul(&format!("power{i}"), &power, &size)?;
    }
    Ok(power)
}

/// x^(1/p)
fn root(steps: &mut Steps<'_>, x: &Tensor, p: u32) -> Tensor {
    match p {
        1 => x.clone(),
        2 => steps.apply("", Function::Sqrt, x),
        p => steps.apply("", Function::Power(1.0 / f64::from(p)), x),
    }
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let p = order(node)?;
    let window = Window::of_pool(node, &x.shape)?;
    let planes: usize = x.shape[..2].iter().product();
    let plane: usize = window.input.iter().product();
    let mut shape = x.shape[..2].to_vec();
    shape.extend(&window.output);
    node.checked_len(&[planes, window.positions(), window.size()])?;
    let mut steps = Steps::new(node, graph);
    let powers = powers(&mut steps, x, p)?.ids(steps.graph);
    let taps = window.taps();
    // Padding adds nothing.
    let sums: Vec<Sum> = (0..planes)
        .flat_map(|c| taps.iter().map(move |t| t.iter().flatten().map(|t| (c * plane + t, 1.0)).collect()))
        .collect();
    let sums = steps.weighted("sums", "LpPool", &powers, &sums);
    let sums = Tensor::values(steps.graph, shape, sums);
    Ok(vec![root(&mut steps, &sums, p)])
}

fn global(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    if x.shape.len() < 3 || x.len() == 0 {
        return Err(node.error("its operand has no spatial dimensions"));
    }
    let p = order(node)?;
    let mut shape = vec![1; x.shape.len()];
    shape[..2].copy_from_slice(&x.shape[..2]);
    let planes = shape[0] * shape[1];
    let mut steps = Steps::new(node, graph);
    let powers = powers(&mut steps, &x.reshaped(vec![planes, x.len() / planes]), p)?;
    let sums = steps.sum_last("sums", &powers, 1.0, 0.0)?.reshaped(shape);
    Ok(vec![root(&mut steps, &sums, p)])
}

/// x / (bias + alpha / size · Σ x²)^beta, summed over the channels around each.
fn lrn(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    let (alpha, beta) = (node.float("alpha", f64::from(1e-4f32))?, node.float("beta", 0.75)?);
    let bias = node.float("bias", 1.0)?;
    let size = usize::try_from(node.int("size", 0)?).ok().filter(|s| (1..=1 << 20).contains(s));
    let size = size.ok_or_else(|| node.error("its size is invalid"))?;
    if x.shape.len() < 2 || x.len() == 0 {
        return Err(node.error("its operand has no channels"));
    }
    if !(bias > 0.0 && alpha >= 0.0) {
        return Err(node.error("a bias that is not positive can divide by zero"));
    }
    let channels = x.shape[1];
    let weight = alpha / size as f64;
    let sums: Vec<Sum> = (0..channels)
        .map(|c| {
            let (from, to) = (c.saturating_sub((size - 1) / 2), (c + size / 2).min(channels - 1));
            (from..=to).map(|c| (c, weight)).collect()
        })
        .collect();
    let mut steps = Steps::new(node, graph);
    let squares = steps.mul("squares", x, x)?;
    let around = steps.along("around", "LRN", &squares, 1, &sums)?;
    let base = steps.line("base", &around, 1.0, bias);
    let divisor = steps.apply("divisor", Function::Power(-beta), &base);
    Ok(vec![steps.mul("", x, &divisor)?])
}
