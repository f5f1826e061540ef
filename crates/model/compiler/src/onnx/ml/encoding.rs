//! OneHotEncoder, LabelEncoder, FeatureVectorizer, ArrayFeatureExtractor and ZipMap.
//!
//! A category takes two comparisons; a code read by a computed index takes one comparison for each entry. The others take
//! no rows.

use super::super::{
    attributes::{Lower, Lowered, Node},
    parts::Parts,
    tensor::{ElementType, Kind, Tensor},
    weights,
};
use crate::{
    CompileError,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("ai.onnx.ml:ArrayFeatureExtractor", extractor),
    ("ai.onnx.ml:FeatureVectorizer", vectorizer),
    ("ai.onnx.ml:LabelEncoder", label_encoder),
    ("ai.onnx.ml:OneHotEncoder", one_hot),
    ("ai.onnx.ml:ZipMap", |node, _| Ok(vec![node.input(0)?.clone()])),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("ai.onnx.ml:ArrayFeatureExtractor", "the last axis; a computed index reads from a constant vector"),
    ("ai.onnx.ml:LabelEncoder", "numbers to numbers"),
    ("ai.onnx.ml:OneHotEncoder", "numbers; an unknown category gives zeros"),
    ("ai.onnx.ml:ZipMap", "the map is dropped: the output is the tensor with a value for each class"),
];

/// For each value, whether it is each of the categories: [values, categories] truth values.
fn matches(parts: &mut Parts<'_, '_>, x: &[ValueId], categories: &[f64]) -> Vec<ValueId> {
    let n = categories.len();
    let low = categories.iter().map(|c| -c).collect();
    let up = parts.linear("least", 1, vec![1.0; n], low, x.to_vec());
    let up = parts.step("at_least", &up);
    let down = parts.linear("most", 1, vec![-1.0; n], categories.to_vec(), x.to_vec());
    let down = parts.step("at_most", &down);
    parts.mul("equal", &up, &down)
}

fn one_hot(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    if node.strings("cats_strings")?.is_some_and(|c| !c.is_empty()) {
        return Err(node.error("categories that are strings are not supported"));
    }
    let categories: Vec<f64> = node.ints("cats_int64s")?.unwrap_or_default().iter().map(|&v| v as f64).collect();
    let n = categories.len();
    if n == 0 {
        return Err(node.error("it has no categories"));
    }
    let mut shape = x.shape.clone();
    shape.push(n);
    node.checked_len(&shape)?;
    if let Some(c) = x.constants() {
        // A number is cut to an integer.
        let own = |v: &f64| categories.iter().map(|c| f64::from(u8::from(*c == v.trunc()))).collect::<Vec<_>>();
        return Ok(vec![Tensor::floats(shape, c.iter().flat_map(own).collect())]);
    }
    let ids = x.ids(graph);
    let bits = matches(&mut Parts::new(node, graph), &ids, &categories);
    Ok(vec![Tensor::values(graph, shape, bits)])
}

/// Keys or values of a LabelEncoder.
fn list(node: &Node<'_>, what: &str) -> Result<(Vec<f64>, Kind), CompileError> {
    if node.strings(&format!("{what}_strings"))?.is_some_and(|s| !s.is_empty()) {
        return Err(node.error(format!("{what} that are strings are not supported")));
    }
    if let Some(list) = node.ints(&format!("{what}_int64s"))? {
        return Ok((list.iter().map(|&v| v as f64).collect(), Kind::Int));
    }
    if let Some(list) = node.floats(&format!("{what}_floats"))? {
        return Ok((list, Kind::Float));
    }
    match node.tensor(&format!("{what}_tensor"))? {
        Some(t) => {
            let t = weights::read(t, None)?;
            let data = t.constants().ok_or_else(|| node.error(format!("`{what}_tensor` is not constant")))?;
            Ok((data.to_vec(), t.kind))
        }
        None => Err(node.error(format!("it has no {what}"))),
    }
}

fn label_encoder(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    if node.opset < 2 {
        return Err(node.error("the form of version 1 maps strings, which are not supported"));
    }
    let ((keys, _), (values, kind)) = (list(node, "keys")?, list(node, "values")?);
    if keys.len() != values.len() || keys.is_empty() {
        return Err(node.error(format!("it has {} keys and {} values", keys.len(), values.len())));
    }
    let default = match (node.tensor("default_tensor")?, kind) {
        (Some(t), _) => weights::read(t, None)?.constants().and_then(|c| c.first().copied()).unwrap_or(0.0),
        (None, Kind::Float) => node.float("default_float", 0.0)?,
        (None, _) => node.int("default_int64", -1)? as f64,
    };
    // The first of equal keys counts; NaN is not a value that is computed.
    let mut known: Vec<(f64, f64)> = Vec::new();
    for (&k, &v) in keys.iter().zip(&values) {
        if !k.is_nan() && !known.iter().any(|&(other, _)| other == k) {
            known.push((k, v));
        }
    }
    let dtype = if kind == Kind::Float { ElementType::Float32 } else { ElementType::Int64 };
    let value = |x: f64| known.iter().find(|&&(k, _)| k == x).map_or(default, |&(_, v)| v);
    if let Some(c) = x.constants() {
        let data = c.iter().map(|&v| value(v)).collect();
        return Ok(vec![Tensor::constant(kind, x.shape.clone(), data).typed(dtype)]);
    }
    node.checked_len(&[x.len(), known.len()])?;
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    let (keys, values): (Vec<f64>, Vec<f64>) = known.into_iter().unzip();
    let bits = matches(&mut parts, &ids, &keys);
    let offsets = values.iter().map(|v| v - default).collect();
    let y = parts.linear("", keys.len(), offsets, vec![default], bits);
    bound(&mut parts, &y, values.iter().copied().chain([default]));
    Ok(vec![Tensor::computed(graph, dtype, x.shape.clone(), y)])
}

fn bound(parts: &mut Parts<'_, '_>, y: &[ValueId], values: impl Iterator<Item = f64> + Clone) {
    parts.graph.bound_below(y, values.clone().fold(f64::INFINITY, f64::min));
    parts.graph.bound_above(y, values.fold(f64::NEG_INFINITY, f64::max));
}

/// The columns of all operands, side by side.
fn vectorizer(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let widths = node.ints("inputdimensions")?.unwrap_or_default();
    if widths.len() != node.inputs.len() || widths.is_empty() {
        return Err(node.error(format!("it has {} operands and {} widths", node.inputs.len(), widths.len())));
    }
    let mut parts = Vec::with_capacity(widths.len());
    for (i, &width) in widths.iter().enumerate() {
        let t = node.input(i)?;
        let (rows, cols) = match t.shape[..] {
            [n] => (1, n),
            [m, n] => (m, n),
            _ => return Err(node.error(format!("operand {i} has rank {}, expected 1 or 2", t.shape.len()))),
        };
        if usize::try_from(width) != Ok(cols) {
            return Err(node.error(format!("operand {i} has {cols} columns, expected {width}")));
        }
        parts.push((rows, cols, t.ids(graph)));
    }
    let rows = parts[0].0;
    if parts.iter().any(|p| p.0 != rows) {
        return Err(node.error("its operands have different numbers of rows"));
    }
    let all = (0..rows).flat_map(|r| parts.iter().flat_map(move |(_, n, ids)| ids[r * n..(r + 1) * n].to_vec()));
    let all: Vec<ValueId> = all.collect();
    Ok(vec![Tensor::values(graph, vec![rows, parts.iter().map(|p| p.1).sum()], all)])
}

/// Elements of the last axis.
fn extractor(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, index) = (node.input(0)?, node.input(1)?);
    if index.kind != Kind::Int {
        return Err(node.error("indices are not integers"));
    }
    let width = x.shape.last().copied().unwrap_or(1);
    let rows = x.len().checked_div(width).unwrap_or(0);
    let n = index.len();
    if n == 0 || rows == 0 {
        return Err(node.error("an operand is empty"));
    }
    let mut shape = match x.shape.len() {
        0 | 1 => vec![1],
        rank => x.shape[..rank - 1].to_vec(),
    };
    shape.push(n);
    node.checked_len(&shape)?;
    if let Some(list) = index.constants() {
        let inside = |&&v: &&f64| 0.0 <= v && v < width as f64;
        if let Some(v) = list.iter().find(|v| !inside(v)) {
            return Err(node.error(format!("index {v} is outside a dimension of {width}")));
        }
        let pick: Vec<usize> = (0..rows).flat_map(|r| list.iter().map(move |&v| r * width + v as usize)).collect();
        return Ok(vec![x.pick(shape, &pick)]);
    }
    let (Some(data), 1) = (x.constants().map(<[f64]>::to_vec), rows) else {
        return Err(node.error("a computed index reads from constant vectors only"));
    };
    node.checked_len(&[n, width])?;
    let ids = index.ids(graph);
    // What is read by the label of a class is its label.
    let choices: Vec<_> = ids.iter().map(|&v| graph.decision_of(v).cloned()).collect();
    graph.bound_below(&ids, 0.0);
    graph.bound_above(&ids, (width - 1) as f64);
    let mut parts = Parts::new(node, graph);
    let y = if width == 1 {
        parts.constant(data[0], n)
    } else {
        let step = data[1] - data[0];
        if (0..width).all(|i| data[i] == data[0] + step * i as f64) {
            parts.affine("", &ids, step, data[0])
        } else {
            // data[0] + Σ (data[i] − data[i − 1]) where the index is at least i.
            let bias = (1..width).map(|i| -(i as f64)).collect();
            let rest = parts.linear("rest", 1, vec![1.0; width - 1], bias, ids);
            let bits = parts.step("reached", &rest);
            let steps = (1..width).map(|i| data[i] - data[i - 1]).collect();
            let y = parts.linear("", width - 1, steps, vec![data[0]], bits);
            bound(&mut parts, &y, data.iter().copied());
            y
        }
    };
    for (&v, choice) in y.iter().zip(choices) {
        let Some(d) = choice else { continue };
        let labels = d.labels.iter().map(|&l| data.get(l as usize).copied()).collect::<Option<Vec<f64>>>();
        if let Some(labels) = labels {
            graph.decided(&[v], labels.len(), &labels, &d.scores);
        }
    }
    Ok(vec![Tensor::computed(graph, x.dtype, shape, y)])
}
