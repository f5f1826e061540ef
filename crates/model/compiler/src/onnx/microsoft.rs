//! Operators of the domain `com.microsoft`: those of quantized networks that onnxruntime writes in the form QOperator.
//!
//! Each is an operator of ONNX between DequantizeLinear and QuantizeLinear, and is lowered as these.

use std::rc::Rc;

use tract_onnx::pb::{AttributeProto, attribute_proto::AttributeType};

use super::{
    attributes::{Lower, Lowered, Node},
    tensor::Tensor,
};
use crate::{CompileError, graph::Graph};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("com.microsoft:DequantizeLinear", |node, graph| Ok(vec![Form { node, graph }.dequantized([0, 1, 2], None)?])),
    ("com.microsoft:DynamicQuantizeMatMul", dynamic_mat_mul),
    ("com.microsoft:MatMulIntegerToFloat", mat_mul),
    ("com.microsoft:QGemm", gemm),
    ("com.microsoft:QLinearAdd", |node, graph| two(node, graph, "Add")),
    ("com.microsoft:QLinearAveragePool", |node, graph| one(node, graph, "AveragePool")),
    ("com.microsoft:QLinearConcat", concat),
    ("com.microsoft:QLinearGlobalAveragePool", |node, graph| one(node, graph, "GlobalAveragePool")),
    ("com.microsoft:QLinearLeakyRelu", |node, graph| one(node, graph, "LeakyRelu")),
    ("com.microsoft:QLinearMul", |node, graph| two(node, graph, "Mul")),
    ("com.microsoft:QLinearReduceMean", |node, graph| one(node, graph, "ReduceMean")),
    ("com.microsoft:QLinearSigmoid", |node, graph| one(node, graph, "Sigmoid")),
    ("com.microsoft:QLinearSoftmax", softmax),
    ("com.microsoft:QLinearWhere", choice),
    ("com.microsoft:QuantizeLinear", quantize),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("com.microsoft:QLinearAveragePool", "channels first"),
    ("com.microsoft:QLinearGlobalAveragePool", "channels first"),
];

/// The operator set that the operators are taken from.
const OPSET: i64 = 13;

/// A node that is lowered as several operators of ONNX.
struct Form<'n, 'g> {
    node: &'n Node<'n>,
    graph: &'g mut Graph,
}

impl Form<'_, '_> {
    /// A result of an operator of ONNX, with some of the node's attributes.
    fn results(
        &mut self,
        op: &str,
        opset: i64,
        inputs: Vec<Option<Tensor>>,
        attributes: Vec<AttributeProto>,
    ) -> Result<Vec<Tensor>, CompileError> {
        self.node.lower_as(self.graph, op, opset, inputs.into_iter().map(|t| t.map(Rc::new)).collect(), attributes)
    }

    fn apply(
        &mut self,
        op: &str,
        inputs: Vec<Option<Tensor>>,
        attributes: Vec<AttributeProto>,
    ) -> Result<Tensor, CompileError> {
        let first = self.results(op, OPSET, inputs, attributes)?.into_iter().next();
        first.ok_or_else(|| self.node.error("it has no result"))
    }

    fn operand(&self, i: usize) -> Option<Tensor> {
        self.node.optional(i).cloned()
    }

    /// An operand with its scale and zero point, which may be lists along an axis.
    fn dequantized(&mut self, [x, scale, zero]: [usize; 3], axis: Option<i64>) -> Result<Tensor, CompileError> {
        let axis = axis.map(|v| vec![int("axis", v)]).unwrap_or_else(|| own(self.node, &["axis"]));
        let x = Some(self.node.input(x)?.clone());
        let (scale, zero) = (Some(self.node.input(scale)?.clone()), self.operand(zero));
        self.apply("DequantizeLinear", vec![x, scale, zero], axis)
    }

    /// The result, by the scale and the zero point that are these operands.
    fn quantized(&mut self, y: Tensor, scale: usize, zero: usize) -> Lowered {
        let (scale, zero) = (Some(self.node.input(scale)?.clone()), self.operand(zero));
        Ok(vec![self.apply("QuantizeLinear", vec![Some(y), scale, zero], Vec::new())?])
    }
}

fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Int as i32, i, ..AttributeProto::default() }
}

/// Attributes that the node has.
fn own(node: &Node<'_>, names: &[&str]) -> Vec<AttributeProto> {
    node.proto.attribute.iter().filter(|a| names.contains(&a.name.as_str())).cloned().collect()
}

/// A function of one operand: x and its scale and zero point, then those of the result.
fn one(node: &Node<'_>, graph: &mut Graph, op: &str) -> Lowered {
    if node.int("channels_last", 0)? != 0 {
        return Err(node.error("channels must come first"));
    }
    let mut form = Form { node, graph };
    let x = form.dequantized([0, 1, 2], Some(1))?;
    let mut attributes = node.proto.attribute.clone();
    attributes.retain(|a| a.name != "channels_last");
    let y = form.apply(op, vec![Some(x)], attributes)?;
    form.quantized(y, 3, 4)
}

fn two(node: &Node<'_>, graph: &mut Graph, op: &str) -> Lowered {
    let mut form = Form { node, graph };
    let (a, b) = (form.dequantized([0, 1, 2], Some(1))?, form.dequantized([3, 4, 5], Some(1))?);
    let y = form.apply(op, vec![Some(a), Some(b)], Vec::new())?;
    form.quantized(y, 6, 7)
}

/// The operand `opset` says which form of Softmax it is.
fn softmax(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let opset = node.int("opset", OPSET)?;
    let mut form = Form { node, graph };
    let x = form.dequantized([0, 1, 2], Some(1))?;
    let y = form.results("Softmax", opset, vec![Some(x)], own(node, &["axis"]))?.into_iter().next();
    let y = y.ok_or_else(|| node.error("it has no result"))?;
    form.quantized(y, 3, 4)
}

/// Scale and zero point of the result come first.
fn concat(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let mut form = Form { node, graph };
    let parts = (2..node.inputs.len()).step_by(3).map(|i| form.dequantized([i, i + 1, i + 2], Some(1)).map(Some));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    let y = form.apply("Concat", parts, own(node, &["axis"]))?;
    form.quantized(y, 0, 1)
}

fn choice(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let mut form = Form { node, graph };
    let condition = Some(node.input(0)?.clone());
    let (a, b) = (form.dequantized([1, 2, 3], Some(1))?, form.dequantized([4, 5, 6], Some(1))?);
    let y = form.apply("Where", vec![condition, Some(a), Some(b)], Vec::new())?;
    form.quantized(y, 7, 8)
}

fn quantize(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let inputs = vec![Some(node.input(0)?.clone()), Some(node.input(1)?.clone()), node.optional(2).cloned()];
    Ok(vec![Form { node, graph }.apply("QuantizeLinear", inputs, own(node, &["axis"]))?])
}

/// The bias is made of integers with the product of both scales and alpha. Without a scale of the result, it is real.
fn gemm(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let mut form = Form { node, graph };
    let a = form.dequantized([0, 1, 2], Some(1))?;
    let columns = if node.int("transB", 0)? != 0 { 0 } else { 1 };
    let b = form.dequantized([3, 4, 5], Some(columns))?;
    let bias = match form.operand(6) {
        None => None,
        Some(c) => {
            let scales = vec![form.operand(1), form.operand(4)];
            let scale = form.apply("Mul", scales, Vec::new())?;
            let c = form.apply("Cast", vec![Some(c)], vec![int("to", 1)])?;
            let c = form.apply("Mul", vec![Some(c), Some(scale)], Vec::new())?;
            let alpha = Tensor::floats(vec![], vec![node.float("alpha", 1.0)?]);
            Some(form.apply("Mul", vec![Some(c), Some(alpha)], Vec::new())?)
        }
    };
    let y = form.apply("Gemm", vec![Some(a), Some(b), bias], own(node, &["alpha", "transA", "transB"]))?;
    if node.optional(7).is_none() { Ok(vec![y]) } else { form.quantized(y, 7, 8) }
}

fn mat_mul(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let mut form = Form { node, graph };
    let (a, b) = (form.dequantized([0, 2, 4], Some(-1))?, form.dequantized([1, 3, 5], Some(-1))?);
    let y = form.apply("MatMul", vec![Some(a), Some(b)], Vec::new())?;
    with_bias(&mut form, y, 6)
}

fn dynamic_mat_mul(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let mut form = Form { node, graph };
    let inputs = vec![Some(node.input(0)?.clone())];
    let a = form.results("DynamicQuantizeLinear", OPSET, inputs, Vec::new())?;
    let a = form.apply("DequantizeLinear", a.into_iter().map(Some).collect(), Vec::new())?;
    let b = form.dequantized([1, 2, 3], Some(-1))?;
    let y = form.apply("MatMul", vec![Some(a), Some(b)], Vec::new())?;
    with_bias(&mut form, y, 4)
}

fn with_bias(form: &mut Form<'_, '_>, y: Tensor, bias: usize) -> Lowered {
    match form.operand(bias) {
        None => Ok(vec![y]),
        bias => Ok(vec![form.apply("Add", vec![Some(y), bias], Vec::new())?]),
    }
}
