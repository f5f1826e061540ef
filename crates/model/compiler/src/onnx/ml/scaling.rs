//! Scaler, Normalizer, Imputer and Binarizer.
//!
//! A Scaler is folded into what follows it where that is a matrix or a tree, else it takes a row an element. An Imputer
//! takes none unless it replaces a number: a computed value is never NaN. A Binarizer takes a row an element. A Normalizer
//! takes about four rows an element and as many for the norm.

use super::{
    super::{
        attributes::{Lower, Lowered, Node},
        parts::Parts,
        softmax::repeat,
        tensor::{ElementType, Kind, Tensor},
    },
    classes::features,
};
use crate::{CompileError, function::Function, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("ai.onnx.ml:Binarizer", binarizer),
    ("ai.onnx.ml:Imputer", imputer),
    ("ai.onnx.ml:Normalizer", normalizer),
    ("ai.onnx.ml:Scaler", scaler),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("ai.onnx.ml:Imputer", "a computed value is never NaN: nothing is replaced where NaN is"),
    ("ai.onnx.ml:Normalizer", "a run with a norm that is (nearly) zero is refused"),
];

/// A value for each feature, or one for all.
fn by_feature(node: &Node<'_>, name: &str, cols: usize, default: f64) -> Result<Vec<f64>, CompileError> {
    match node.floats(name)?.as_deref() {
        None | Some([]) => Ok(vec![default; cols]),
        Some([v]) => Ok(vec![*v; cols]),
        Some(list) if list.len() == cols => Ok(list.to_vec()),
        Some(list) => Err(node.error(format!("`{name}` has {} values for {cols} features", list.len()))),
    }
}

/// (x − offset) · scale
fn scaler(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, _, cols) = features(node)?;
    let (offset, scale) = (by_feature(node, "offset", cols, 0.0)?, by_feature(node, "scale", cols, 1.0)?);
    let at = |i: usize| (scale[i % cols], -offset[i % cols] * scale[i % cols]);
    let factors = (0..x.len()).map(at).unzip();
    let (scale, shift): (Vec<f64>, Vec<f64>) = factors;
    let ids = x.ids(graph);
    let site = graph.site(&node.name, &node.proto.op_type, &x.shape);
    let y = graph.affine(site, ids, scale, shift);
    Ok(vec![Tensor::values(graph, x.shape.clone(), y)])
}

/// Each row divided by its norm.
fn normalizer(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, _, cols) = features(node)?;
    let norm = node.string("norm", "MAX")?;
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    let reciprocal = match norm.as_str() {
        // ONNX's reference divides by the largest magnitude, onnxruntime by the largest value.
        "MAX" => {
            let magnitudes = parts.abs("magnitude", &ids);
            let largest = parts.max("largest", cols, magnitudes);
            parts.apply("reciprocal", Function::Reciprocal, &largest, false)
        }
        "L1" => {
            let magnitudes = parts.abs("magnitude", &ids);
            let sum = parts.total("norm", cols, magnitudes);
            parts.apply("reciprocal", Function::Reciprocal, &sum, false)
        }
        "L2" => {
            let square = parts.dot("square", cols, &ids, &ids);
            parts.graph.bound_below(&square, 0.0);
            parts.apply("reciprocal", Function::Power(-0.5), &square, false)
        }
        other => return Err(node.error(format!("the norm `{other}` is unknown"))),
    };
    let y = parts.mul("", &ids, &repeat(&reciprocal, cols));
    Ok(vec![Tensor::values(graph, x.shape.clone(), y)])
}

/// Another value in the place of one that marks a missing value.
fn imputer(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, _, cols) = features(node)?;
    let integers = x.kind == Kind::Int;
    let (values, replaced) = if integers {
        let list = node.ints("imputed_value_int64s")?.unwrap_or_default();
        (list.iter().map(|&v| v as f64).collect(), Some(node.int("replaced_value_int64", 0)? as f64))
    } else {
        // What marks a missing value may be NaN.
        let marker = node.proto.attribute.iter().find(|a| a.name == "replaced_value_float").map_or(0.0, |a| a.f);
        let list = node.floats("imputed_value_floats")?.unwrap_or_default();
        (list, (!marker.is_nan()).then_some(f64::from(marker)))
    };
    let values: Vec<f64> = match values.len() {
        1 => vec![values[0]; cols],
        n if n == cols => values,
        n => return Err(node.error(format!("it has {n} imputed values for {cols} features"))),
    };
    if let Some(c) = x.constants() {
        let missing = |v: f64| replaced.map_or(v.is_nan(), |r| v == r);
        let data = c.iter().enumerate().map(|(i, &v)| if missing(v) { values[i % cols] } else { v }).collect();
        return Ok(vec![Tensor::constant(x.kind, x.shape.clone(), data).typed(x.dtype)]);
    }
    let Some(replaced) = replaced else { return Ok(vec![x.clone()]) };
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    let marker = parts.constant(replaced, ids.len());
    let bits = parts.equal("missing", &ids, &marker);
    let other = (0..ids.len()).map(|i| parts.graph.constant(values[i % cols])).collect::<Vec<_>>();
    let y = parts.select("", &bits, &other, &ids);
    Ok(vec![Tensor::computed(graph, x.dtype, x.shape.clone(), y)])
}

/// 1 where x is above the threshold, else 0.
fn binarizer(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.input(0)?;
    let threshold = node.float("threshold", 0.0)?;
    if let Some(c) = x.constants() {
        let data = c.iter().map(|&v| f64::from(u8::from(v > threshold))).collect();
        return Ok(vec![Tensor::constant(x.kind, x.shape.clone(), data).typed(x.dtype)]);
    }
    let ids = x.ids(graph);
    let mut parts = Parts::new(node, graph);
    // A matrix of one element: its threshold is exact.
    let rest = parts.linear("rest", 1, vec![-1.0], vec![threshold], ids);
    let not = parts.step("not", &rest);
    let bits = parts.not("", &not);
    let dtype = if x.kind == Kind::Float { ElementType::Float32 } else { x.dtype };
    Ok(vec![Tensor::computed(graph, dtype, x.shape.clone(), bits)])
}
