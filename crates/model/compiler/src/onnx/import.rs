//! Walks a model's nodes and lowers each to the graph.

use std::{collections::HashMap, rc::Rc};

use super::{
    OnnxModel,
    attributes::{Lowered, Node},
    model::{MAX_ELEMENTS, checked_len},
    registry,
    tensor::Tensor,
};
use crate::{CompileError, Schema, graph::Graph};

/// The float graph of a model.
pub(crate) fn import(model: &OnnxModel) -> Result<Graph, CompileError> {
    let mut graph = Graph::default();
    let mut tensors: HashMap<String, Rc<Tensor>> = HashMap::new();
    for (name, tensor) in model.initializers() {
        tensors.insert(name.clone(), Rc::new(tensor.clone()));
    }
    for spec in model.inputs() {
        let ids = graph.input(&spec.name, &spec.shape, spec.dtype.is_integer());
        let tensor = Tensor::computed(&graph, spec.dtype, spec.shape.clone(), ids);
        tensors.insert(spec.name.clone(), Rc::new(tensor));
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
        graph.output(name, &tensor.shape, ids, tensor.dtype.is_integer());
    }
    if let Some(schema) = model.schema() {
        let name = |fields: &[_], name: &str| Schema::unit(fields, name).to_owned();
        graph.inputs.iter_mut().for_each(|p| p.unit = name(&schema.inputs, &p.name));
        graph.outputs.iter_mut().for_each(|p| p.unit = name(&schema.outputs, &p.name));
    }
    Ok(graph)
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    match registry::find(&node.key()) {
        Some(lower) => lower(node, graph),
        None => Err(CompileError::UnsupportedOperator {
            node: node.name.clone(),
            operator: node.key(),
            reason: String::new(),
        }),
    }
}
