//! Walks a model's nodes and lowers each to the graph.

use std::{collections::HashMap, rc::Rc};

use super::{
    OnnxModel, attributes::Node, average_pool, batch_normalization, concat, constant, conv, elementwise, gather, gemm,
    gru, lstm, mat_mul, max_pool, model::MAX_ELEMENTS, model::checked_len, pad, reduce, reshape, rnn, slice, softmax,
    split, tensor::Tensor, transpose, unary,
};
use crate::{CompileError, Schema, function::Function, graph::Graph};

/// The results of a node, or why there are none.
pub(super) type Lowered = Result<Vec<Tensor>, CompileError>;

/// The float graph of a model.
pub(crate) fn import(model: &OnnxModel) -> Result<Graph, CompileError> {
    let mut graph = Graph::default();
    let mut tensors: HashMap<String, Rc<Tensor>> = HashMap::new();
    for (name, tensor) in model.initializers() {
        tensors.insert(name.clone(), Rc::new(tensor.clone()));
    }
    for spec in model.inputs() {
        let ids = graph.input(&spec.name, &spec.shape);
        tensors.insert(spec.name.clone(), Rc::new(Tensor::values(&graph, spec.shape.clone(), ids)));
    }
    for proto in model.nodes() {
        let inputs = proto.input.iter().map(|name| tensors.get(name).cloned()).collect();
        let node = Node::new(proto, model.opset(), inputs);
        let results = lower(&node, &mut graph)?;
        for (name, tensor) in proto.output.iter().zip(results) {
            if !name.is_empty() {
                checked_len(name, &tensor.shape)?;
                if let Some(index) = tensor.constants().and_then(|c| c.iter().position(|v| !v.is_finite())) {
                    return Err(node.error(format!("element {index} of its constant result is not finite")));
                }
                tensors.insert(name.clone(), Rc::new(tensor));
            }
        }
        if graph.len() > MAX_ELEMENTS {
            return Err(node.error("the graph has more than 2^27 values"));
        }
    }
    for name in model.outputs() {
        let missing = || CompileError::Malformed { reason: format!("output `{name}` is not computed by its node") };
        let tensor = tensors.get(name).ok_or_else(missing)?.clone();
        let ids = tensor.ids(&mut graph);
        graph.output(name, &tensor.shape, ids);
    }
    if let Some(schema) = model.schema() {
        let name = |fields: &[_], name: &str| Schema::unit(fields, name).to_owned();
        graph.inputs.iter_mut().for_each(|p| p.unit = name(&schema.inputs, &p.name));
        graph.outputs.iter_mut().for_each(|p| p.unit = name(&schema.outputs, &p.name));
    }
    Ok(graph)
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let unsupported = |reason: &str| CompileError::UnsupportedOperator {
        node: node.name.clone(),
        operator: if node.proto.domain.is_empty() {
            node.proto.op_type.clone()
        } else {
            format!("{}:{}", node.proto.domain, node.proto.op_type)
        },
        reason: reason.to_owned(),
    };
    if !matches!(node.proto.domain.as_str(), "" | "ai.onnx") {
        return Err(unsupported(": only the default operator domain is"));
    }
    match node.proto.op_type.as_str() {
        "Abs" => unary::lower(node, graph, Function::Abs),
        "Add" => elementwise::add(node, graph, 1.0),
        "AveragePool" => average_pool::lower(node, graph),
        "BatchNormalization" => batch_normalization::lower(node, graph),
        "Cast" => constant::cast(node),
        "Clip" => unary::clip(node, graph),
        "Concat" => concat::lower(node, graph),
        "Constant" => constant::lower(node),
        "ConstantOfShape" => constant::of_shape(node),
        "Conv" => conv::lower(node, graph),
        "Div" => elementwise::div(node, graph),
        "Dropout" => constant::dropout(node),
        "Elu" => unary::elu(node, graph),
        "Erf" => unary::lower(node, graph, Function::Erf),
        "Exp" => unary::lower(node, graph, Function::Exp),
        "Flatten" => reshape::flatten(node),
        "GRU" => gru::lower(node, graph),
        "Gather" => gather::lower(node),
        "Gelu" => unary::gelu(node, graph),
        "Gemm" => gemm::lower(node, graph),
        "GlobalAveragePool" => average_pool::global(node, graph),
        "HardSigmoid" => unary::hard_sigmoid(node, graph),
        "Identity" => Ok(vec![node.input(0)?.clone()]),
        "LSTM" => lstm::lower(node, graph),
        "LeakyRelu" => unary::leaky_relu(node, graph),
        "MatMul" => mat_mul::lower(node, graph),
        "MaxPool" => max_pool::lower(node, graph),
        "Mul" => elementwise::mul(node, graph),
        "Neg" => elementwise::neg(node, graph),
        "Pad" => pad::lower(node, graph),
        "Pow" => elementwise::pow(node, graph),
        "RNN" => rnn::lower(node, graph),
        "Reciprocal" => unary::lower(node, graph, Function::Reciprocal),
        "ReduceMean" => reduce::lower(node, graph, true),
        "ReduceSum" => reduce::lower(node, graph, false),
        "Relu" => unary::lower(node, graph, Function::Relu),
        "Reshape" => reshape::lower(node),
        "Shape" => constant::shape(node),
        "Sigmoid" => unary::lower(node, graph, Function::Sigmoid),
        "Slice" => slice::lower(node),
        "Softmax" => softmax::lower(node, graph),
        "Softplus" => unary::lower(node, graph, Function::Softplus),
        "Split" => split::lower(node),
        "Sqrt" => unary::lower(node, graph, Function::Sqrt),
        "Squeeze" => reshape::squeeze(node),
        "Sub" => elementwise::add(node, graph, -1.0),
        "Tanh" => unary::lower(node, graph, Function::Tanh),
        "Transpose" => transpose::lower(node),
        "Unsqueeze" => reshape::unsqueeze(node),
        _ => Err(unsupported("")),
    }
}
