//! Slice, with steps and negative indices.

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::{strides, walk},
};
use crate::CompileError;

pub(super) const OPS: &[(&str, Lower)] = &[("Slice", |node, _| lower(node))];

pub(super) const LIMITS: &[(&str, &str)] = &[("Slice", "starts, ends, axes and steps constant")];

/// starts, ends, axes, steps
type Parameters = (Vec<i64>, Vec<i64>, Option<Vec<i64>>, Option<Vec<i64>>);

fn parameters(node: &Node<'_>) -> Result<Parameters, CompileError> {
    let missing = || node.error("starts or ends are missing");
    if node.opset >= 10 {
        if node.has("starts") || node.has("ends") {
            return Err(node.error("starts and ends are operands from operator set 10 on, not attributes"));
        }
        let starts = node.int_list(1, "starts")?.ok_or_else(missing)?;
        let ends = node.int_list(2, "ends")?.ok_or_else(missing)?;
        Ok((starts, ends, node.int_list(3, "axes")?, node.int_list(4, "steps")?))
    } else {
        if node.inputs.len() > 1 {
            return Err(node.error("starts and ends are attributes before operator set 10, not operands"));
        }
        let starts = node.ints("starts")?.ok_or_else(missing)?;
        let ends = node.ints("ends")?.ok_or_else(missing)?;
        Ok((starts, ends, node.ints("axes")?, None))
    }
}

fn lower(node: &Node<'_>) -> Lowered {
    let x = node.input(0)?;
    let (starts, ends, axes, steps) = parameters(node)?;
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return Err(node.error("starts, ends, axes and steps have different lengths"));
    }
    node.axes(&axes, x.shape.len())?;
    let all = strides(&x.shape);
    let mut walks: Vec<isize> = all.iter().map(|&s| s as isize).collect();
    let (mut shape, mut first) = (x.shape.clone(), 0usize);
    for i in 0..axes.len() {
        let axis = node.axis(axes[i], x.shape.len())?;
        let dim = x.shape[axis] as i64;
        let step = steps[i].clamp(-(1 << 40), 1 << 40);
        if step == 0 {
            return Err(node.error("a step is zero"));
        }
        let wrap = |v: i64| if v < 0 { v.saturating_add(dim) } else { v };
        let (start, end) = if step > 0 {
            (wrap(starts[i]).clamp(0, dim), wrap(ends[i]).clamp(0, dim))
        } else {
            (wrap(starts[i]).clamp(0, (dim - 1).max(0)), wrap(ends[i]).clamp(-1, dim - 1))
        };
        let span = if step > 0 { end - start } else { start - end };
        let count = if span > 0 { (span + step.abs() - 1) / step.abs() } else { 0 };
        shape[axis] = count as usize;
        if count > 0 {
            first += start as usize * all[axis];
            walks[axis] = if count == 1 { 0 } else { all[axis] as isize * step as isize };
        }
    }
    let pick = walk(&shape, &walks, first);
    Ok(vec![x.pick(shape, &pick)])
}
