//! Einsum: sums of products over labelled axes, as products of matrices.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, permuted},
    tensor::{Tensor, strides, walk},
};
use crate::{CompileError, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[("Einsum", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

/// A label of an axis. Axes of an ellipsis have numbers, counted from the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Ellipsis(usize),
    Letter(char),
}

/// A tensor with a label for each axis; all are different.
#[derive(Clone)]
struct Labelled {
    t: Tensor,
    labels: Vec<Label>,
}

/// The labels of one term of the equation.
fn term(node: &Node<'_>, text: &str, rank: Option<usize>) -> Result<Vec<Label>, CompileError> {
    let letters = |part: &str| part.chars().map(Label::Letter).collect::<Vec<_>>();
    let bad = || node.error(format!("`{text}` is not a term of an equation"));
    let labels = match text.split_once("...") {
        None => letters(text),
        Some((before, after)) => {
            let count = before.chars().count() + after.chars().count();
            let open = rank.map_or(Some(0), |rank| rank.checked_sub(count)).ok_or_else(bad)?;
            let dots = (0..open).rev().map(Label::Ellipsis);
            letters(before).into_iter().chain(dots).chain(letters(after)).collect()
        }
    };
    let letter = |l: &Label| !matches!(l, Label::Letter(c) if !c.is_ascii_alphabetic());
    if !labels.iter().all(letter) || rank.is_some_and(|rank| rank != labels.len()) {
        return Err(bad());
    }
    Ok(labels)
}

/// The diagonal of axes with the same label.
fn diagonal(node: &Node<'_>, t: &Tensor, labels: &[Label]) -> Result<Labelled, CompileError> {
    let mut kept: Vec<Label> = Vec::new();
    let (mut shape, mut steps): (Vec<usize>, Vec<isize>) = (Vec::new(), Vec::new());
    for ((&label, &dim), stride) in labels.iter().zip(&t.shape).zip(strides(&t.shape)) {
        match kept.iter().position(|&l| l == label) {
            None => {
                kept.push(label);
                shape.push(dim);
                steps.push(stride as isize);
            }
            Some(i) if shape[i] == dim => steps[i] += stride as isize,
            Some(i) => return Err(node.error(format!("axes of {} and {dim} have one label", shape[i]))),
        }
    }
    let pick = walk(&shape, &steps, 0);
    Ok(Labelled { t: t.pick(shape, &pick), labels: kept })
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let equation: String = node.string("equation", "")?.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (equation.as_str(), None),
    };
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != node.inputs.len() {
        return Err(node.error(format!("{} operands for `{equation}`", node.inputs.len())));
    }
    let mut operands = Vec::with_capacity(terms.len());
    let mut count: BTreeMap<Label, usize> = BTreeMap::new();
    let mut dims: BTreeMap<Label, usize> = BTreeMap::new();
    for (i, text) in terms.iter().enumerate() {
        let t = node.input(i)?;
        let labels = term(node, text, Some(t.shape.len()))?;
        for (&l, &d) in labels.iter().zip(&t.shape) {
            *count.entry(l).or_default() += 1;
            let known = dims.entry(l).or_insert(d);
            if *known != d && *known != 1 && d != 1 {
                return Err(node.error(format!("axes of {known} and {d} have one label")));
            }
            *known = (*known).max(d);
        }
        operands.push(diagonal(node, t, &labels)?);
    }
    let ellipsis: Vec<Label> = dims.keys().copied().filter(|l| matches!(l, Label::Ellipsis(_))).rev().collect();
    let result: Vec<Label> = match right {
        Some(text) => term(node, text, text.contains("...").then(|| text.chars().count() - 3 + ellipsis.len()))
            .or_else(|_| term(node, text, None))?,
        // Without a result in the equation, it has the labels that occur once, in alphabetical order.
        None => {
            let once = count.iter().filter(|(l, n)| **n == 1 && matches!(l, Label::Letter(_)));
            ellipsis.iter().copied().chain(once.map(|(l, _)| *l)).collect()
        }
    };
    let different: BTreeSet<Label> = result.iter().copied().collect();
    if different.len() != result.len() || result.iter().any(|l| !dims.contains_key(l)) {
        return Err(node.error(format!("`{equation}` has no such result")));
    }
    let mut steps = Steps::new(node, graph);
    let mut rest = operands.into_iter();
    let mut current = rest.next().ok_or_else(|| node.error("it has no operands"))?;
    let mut later: Vec<Labelled> = rest.collect();
    later.reverse();
    let mut step = 0;
    loop {
        // What neither the result nor a later operand has is summed.
        let needed: BTreeSet<Label> =
            result.iter().copied().chain(later.iter().flat_map(|l| l.labels.iter().copied())).collect();
        current = summed(&mut steps, &format!("sum{step}"), current, &needed)?;
        let Some(next) = later.pop() else { break };
        let needed: BTreeSet<Label> = result
            .iter()
            .copied()
            .chain(later.iter().flat_map(|l| l.labels.iter().copied()))
            .chain(current.labels.iter().copied())
            .collect();
        let next = summed(&mut steps, &format!("other{step}"), next, &needed)?;
        let kept: BTreeSet<Label> =
            result.iter().copied().chain(later.iter().flat_map(|l| l.labels.iter().copied())).collect();
        current = contracted(&mut steps, current, next, &kept)?;
        step += 1;
    }
    let order: Option<Vec<usize>> = result.iter().map(|l| current.labels.iter().position(|own| own == l)).collect();
    let order = order.ok_or_else(|| node.error(format!("`{equation}` has no such result")))?;
    Ok(vec![permuted(&current.t, &order)])
}

/// The tensor with axes in the order of `labels`.
fn ordered(x: &Labelled, labels: &[Label]) -> Tensor {
    let order: Vec<usize> = labels.iter().filter_map(|l| x.labels.iter().position(|own| own == l)).collect();
    permuted(&x.t, &order)
}

/// Sums the axes that are not needed.
fn summed(steps: &mut Steps<'_>, name: &str, x: Labelled, needed: &BTreeSet<Label>) -> Result<Labelled, CompileError> {
    let (kept, gone): (Vec<Label>, Vec<Label>) = x.labels.iter().partition(|l| needed.contains(l));
    if gone.is_empty() {
        return Ok(x);
    }
    let t = ordered(&x, &[kept.as_slice(), &gone].concat());
    let shape = t.shape[..kept.len()].to_vec();
    let n: usize = t.shape[kept.len()..].iter().product();
    let rows = t.len().checked_div(n).unwrap_or(0);
    let y = steps.sum_last(name, &t.reshaped(vec![rows, n]), 1.0, 0.0)?;
    Ok(Labelled { t: y.reshaped(shape), labels: kept })
}

/// The product of two tensors, summed over the axes that both have and `kept` has not.
fn contracted(
    steps: &mut Steps<'_>,
    a: Labelled,
    b: Labelled,
    kept: &BTreeSet<Label>,
) -> Result<Labelled, CompileError> {
    let dims = |x: &Labelled| x.labels.iter().copied().zip(x.t.shape.iter().copied()).collect::<BTreeMap<_, _>>();
    let (da, db) = (dims(&a), dims(&b));
    // An axis of length 1 fits any other.
    let common: Vec<Label> = a.labels.iter().copied().filter(|l| db.contains_key(l)).collect();
    let wide = |x: Labelled, other: &BTreeMap<Label, usize>| -> Result<Labelled, CompileError> {
        let shape: Vec<usize> = x
            .labels
            .iter()
            .zip(&x.t.shape)
            .map(|(l, &d)| if d == 1 { other.get(l).copied().unwrap_or(1) } else { d })
            .collect();
        steps.node.checked_len(&shape)?;
        Ok(Labelled { t: super::steps::spread(&x.t, &shape), labels: x.labels })
    };
    let (a, b) = (wide(a, &db)?, wide(b, &da)?);
    let dim = |l: &Label| {
        let of = |x: &Labelled| x.labels.iter().position(|own| own == l).map(|i| x.t.shape[i]);
        of(&a).or_else(|| of(&b)).unwrap_or(1)
    };
    let (batch, inner): (Vec<Label>, Vec<Label>) = common.iter().partition(|l| kept.contains(l));
    let left: Vec<Label> = a.labels.iter().copied().filter(|l| !common.contains(l)).collect();
    let right: Vec<Label> = b.labels.iter().copied().filter(|l| !common.contains(l)).collect();
    let size = |list: &[Label]| list.iter().map(dim).product::<usize>();
    let (items, m, k, n) = (size(&batch), size(&left), size(&inner), size(&right));
    let x = ordered(&a, &[batch.as_slice(), &left, &inner].concat()).reshaped(vec![items, m, k]);
    let y = ordered(&b, &[batch.as_slice(), &inner, &right].concat()).reshaped(vec![items, k, n]);
    let labels = [batch.as_slice(), &left, &right].concat();
    let shape: Vec<usize> = labels.iter().map(dim).collect();
    steps.node.checked_len(&shape)?;
    let z = steps.products(&x, &y, 1.0)?;
    Ok(Labelled { t: z.reshaped(shape), labels })
}
