//! Walks a model's nodes and lowers each to the graph: functions of the model are expanded, branches with a constant
//! condition taken, loops with a constant trip count unrolled.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use tract_onnx::pb;

use super::{
    OnnxModel,
    attributes::{Lowered, Node, Opsets, Wanted},
    checks::{MAX_ELEMENTS, Memory},
    registry,
    tensor::{Kind, Tensor, strides, walk},
    weights,
};
use crate::{
    CompileError, NamedTensors, Schema,
    graph::{Graph, ValueId},
};

/// Functions, branches and loops inside each other.
const MAX_DEPTH: usize = 32;

/// Nodes that are lowered, expanded ones included.
const MAX_NODES: usize = 1 << 20;

/// The float graph of a model.
///
/// An input that decides shapes, axes or branches has to be constant. It gets the value that all `samples` have for it,
/// and the graph requires that value of it ([`Graph::require`]).
pub(crate) fn import(model: &OnnxModel, samples: &[NamedTensors]) -> Result<Graph, CompileError> {
    let mut fixed = BTreeMap::new();
    loop {
        let (error, inputs) = match attempt(model, &fixed) {
            Ok(graph) => return Ok(graph),
            Err(found) => *found,
        };
        // Each round fixes another input.
        let open: Vec<String> = inputs.into_iter().filter(|name| !fixed.contains_key(name)).collect();
        if open.is_empty() {
            return Err(error);
        }
        for name in open {
            match constant_input(&name, samples) {
                Ok(data) => fixed.insert(name, data),
                Err(reason) => return Err(error.because(&reason)),
            };
        }
    }
}

/// The value that an input has in all samples.
fn constant_input(name: &str, samples: &[NamedTensors]) -> Result<Vec<f64>, String> {
    let mut values = samples.iter().filter_map(|s| s.get(name)).map(|t| &t.data);
    let Some(first) = values.next() else {
        return Err(format!("input `{name}` decides it: give its value with --calibration"));
    };
    if values.any(|v| v != first) {
        return Err(format!("input `{name}` decides it, and differs between the calibration samples"));
    }
    Ok(first.clone())
}

/// Lowers a model whose inputs in `fixed` are constant. Where a value had to be constant and was not, the error comes
/// with the inputs that it depends on.
fn attempt(model: &OnnxModel, fixed: &BTreeMap<String, Vec<f64>>) -> Result<Graph, Box<(CompileError, Vec<String>)>> {
    let mut graph = Graph::default();
    let mut tensors: HashMap<String, Rc<Tensor>> = HashMap::new();
    for (name, tensor) in model.initializers() {
        tensors.insert(name.clone(), Rc::new(tensor.clone()));
    }
    let memory = Memory::of(tensors.values().map(|t| t.len()).sum());
    for spec in model.inputs() {
        if crate::data::elements(&spec.shape).is_none_or(|n| n > memory.elements()) {
            let reason = "it has more elements than a model of so few weights may have".into();
            let (name, shape) = (spec.name.clone(), format!("{:?}", spec.shape));
            return Err(Box::new((CompileError::Dimensions { name, shape, reason }, Vec::new())));
        }
        let ids = graph.input(&spec.name, &spec.shape, spec.dtype.is_integer());
        let tensor = match fixed.get(&spec.name).filter(|data| data.len() == ids.len()) {
            Some(data) => {
                graph.require(graph.inputs.len() - 1, data);
                Tensor::constant(spec.dtype.kind(), spec.shape.clone(), data.clone()).typed(spec.dtype)
            }
            None => Tensor::computed(&graph, spec.dtype, spec.shape.clone(), ids),
        };
        tensors.insert(spec.name.clone(), Rc::new(tensor));
    }
    let functions = model.functions().map(|f| ((f.domain().to_owned(), f.name().to_owned()), f)).collect();
    let wanted = Wanted::default();
    let mut importer = Importer { functions, graph, nodes: 0, known: (0, 0, 0), memory, wanted };
    let mut scope = Scope { tensors, parent: None, opsets: model.opsets(), path: String::new(), depth: 0 };
    if let Err(error) = importer.run(model.nodes(), &mut scope) {
        let inputs = importer.graph.inputs_of(&importer.wanted.borrow());
        return Err(Box::new((error, inputs)));
    }
    finish(model, importer.graph, &scope).map_err(|e| Box::new((e, Vec::new())))
}

/// Declares the outputs.
fn finish(model: &OnnxModel, mut graph: Graph, scope: &Scope<'_>) -> Result<Graph, CompileError> {
    for name in model.outputs() {
        let missing = || CompileError::Malformed { reason: format!("output `{name}` is not computed by its node") };
        let tensor = scope.find(name).ok_or_else(missing)?;
        let ids = tensor.ids(&mut graph);
        let bad = |&v: &ValueId| graph.constant_of(v).filter(|c| !c.is_finite());
        if let Some((index, value)) = ids.iter().enumerate().find_map(|(i, v)| Some((i, bad(v)?))) {
            return Err(CompileError::NotFinite { tensor: name.clone(), index, value });
        }
        graph.output(name, &tensor.shape, ids, tensor.dtype.is_integer());
    }
    if let Some(schema) = model.schema() {
        let name = |fields: &[_], name: &str| Schema::unit(fields, name).to_owned();
        graph.inputs.iter_mut().for_each(|p| p.unit = name(&schema.inputs, &p.name));
        graph.outputs.iter_mut().for_each(|p| p.unit = name(&schema.outputs, &p.name));
    }
    Ok(graph)
}

/// Tensors by name: those of a graph, and of the graphs that it is in.
struct Scope<'a> {
    tensors: HashMap<String, Rc<Tensor>>,
    parent: Option<&'a Scope<'a>>,
    opsets: &'a Opsets,
    /// What names of nodes begin with.
    path: String,
    depth: usize,
}

impl<'a> Scope<'a> {
    fn find(&self, name: &str) -> Option<Rc<Tensor>> {
        let own = self.tensors.get(name).cloned();
        own.or_else(|| self.parent.and_then(|p| p.find(name)))
    }

    /// A scope inside this one, from which its tensors are seen.
    fn inner(&'a self, path: String) -> Scope<'a> {
        Scope { tensors: HashMap::new(), parent: Some(self), opsets: self.opsets, path, depth: self.depth + 1 }
    }
}

struct Importer<'m> {
    /// The model's own functions, by domain and name.
    functions: BTreeMap<(String, String), &'m pb::FunctionProto>,
    graph: Graph,
    /// Nodes lowered so far.
    nodes: usize,
    /// Values, operations and matrices of the graph that are counted.
    known: (usize, usize, usize),
    memory: Memory,
    wanted: Wanted,
}

impl Importer<'_> {
    fn run<'n>(
        &mut self,
        nodes: impl Iterator<Item = &'n pb::NodeProto>,
        scope: &mut Scope<'_>,
    ) -> Result<(), CompileError> {
        for proto in nodes {
            let inputs = proto.input.iter().map(|name| scope.find(name)).collect();
            let node = Node::new(proto, &scope.path, scope.opsets, inputs, &self.wanted, self.memory, registry::find);
            if let Some(i) = (0..proto.input.len()).find(|&i| !proto.input[i].is_empty() && node.optional(i).is_none())
            {
                return Err(node.error(format!("it uses `{}`, which nothing computes", proto.input[i])));
            }
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                return Err(node.error("the model has more than 2^20 nodes, with loops unrolled"));
            }
            let results = self.lower(&node, scope)?;
            self.count(&node, &results)?;
            for (name, tensor) in proto.output.iter().zip(results) {
                if !name.is_empty() {
                    scope.tensors.insert(name.clone(), Rc::new(tensor));
                }
            }
        }
        Ok(())
    }

    /// Counts what a node added to the graph, and its results.
    fn count(&mut self, node: &Node<'_>, results: &[Tensor]) -> Result<(), CompileError> {
        let (values, ops, matrices) = self.known;
        self.known = (self.graph.len(), self.graph.ops.len(), self.graph.matrices.len());
        let operands = self.graph.ops[ops..].iter().map(crate::graph::Op::words).sum();
        let weights: usize = self.graph.matrices[matrices..].iter().map(|m| m.weights.len() + m.bias.len()).sum();
        let elements = weights + results.iter().map(Tensor::len).sum::<usize>();
        let taken = self.memory.take(self.graph.len() - values, operands, elements);
        let few = taken.filter(|()| self.graph.len() <= MAX_ELEMENTS);
        few.ok_or_else(|| node.error("the graph takes more memory up to here than a model of so few weights may take"))
    }

    fn lower(&mut self, node: &Node<'_>, scope: &Scope<'_>) -> Lowered {
        if scope.depth > MAX_DEPTH {
            return Err(node.error("graphs inside graphs are too deep"));
        }
        let key = node.key();
        let name = (node.domain().to_owned(), node.proto.op_type.clone());
        if let Some(function) = self.functions.get(&name).copied() {
            return self.call(node, function, scope);
        }
        match key.as_str() {
            "If" => self.branch(node, scope),
            "Loop" => self.repeat(node, scope),
            "Scan" => self.scan(node, scope),
            key => match registry::find(key) {
                Some(lower) => lower(node, &mut self.graph),
                None => Err(CompileError::UnsupportedOperator {
                    node: node.name.clone(),
                    operator: key.to_owned(),
                    reason: String::new(),
                }),
            },
        }
    }

    /// The body of a function of the model.
    fn call(&mut self, node: &Node<'_>, function: &pb::FunctionProto, outer: &Scope<'_>) -> Lowered {
        let opsets = Opsets::new(&function.opset_import);
        let mut scope = Scope {
            tensors: HashMap::new(),
            parent: None,
            opsets: if function.opset_import.is_empty() { outer.opsets } else { &opsets },
            path: format!("{}/", node.name),
            depth: outer.depth + 1,
        };
        for (name, tensor) in function.input.iter().zip(&node.inputs) {
            if let Some(tensor) = tensor {
                scope.tensors.insert(name.clone(), tensor.clone());
            }
        }
        let body: Vec<pb::NodeProto> = function.node.iter().map(|n| with_attributes(n, node.proto)).collect();
        // An operand that the caller leaves out is left out in the body, too.
        let absent: Vec<&String> = function.input.iter().filter(|n| !scope.tensors.contains_key(*n)).collect();
        let body: Vec<pb::NodeProto> = body
            .into_iter()
            .map(|mut n| {
                n.input.iter_mut().filter(|name| absent.iter().any(|a| **a == **name)).for_each(String::clear);
                n
            })
            .collect();
        self.run(body.iter(), &mut scope)?;
        results(node, &function.output, &scope)
    }

    /// The tensors of a graph inside a node, and then its outputs.
    fn body(&mut self, node: &Node<'_>, graph: &pb::GraphProto, scope: &mut Scope<'_>) -> Lowered {
        for t in &graph.initializer {
            scope.tensors.insert(t.name.clone(), Rc::new(weights::read(t, None)?));
        }
        self.run(graph.node.iter(), scope)?;
        let names: Vec<String> = graph.output.iter().map(|o| o.name.clone()).collect();
        results(node, &names, scope)
    }

    fn branch(&mut self, node: &Node<'_>, outer: &Scope<'_>) -> Lowered {
        let (_, condition) = node.constant(0, "the condition")?.ok_or_else(|| node.error("operand 0 is missing"))?;
        let [condition] = condition else { return Err(node.error("the condition is not a single truth value")) };
        let name = if *condition != 0.0 { "then_branch" } else { "else_branch" };
        let mut scope = outer.inner(format!("{}/", node.name));
        self.body(node, node.graph(name)?, &mut scope)
    }

    fn repeat(&mut self, node: &Node<'_>, outer: &Scope<'_>) -> Lowered {
        let single = |i: usize, what: &str| match node.constant(i, what)? {
            None => Ok(None),
            Some((_, [v])) => Ok(Some(*v)),
            Some(_) => Err(node.error(format!("{what} is not a single value"))),
        };
        let trips = single(0, "the trip count")?;
        let mut go = single(1, "the condition")?.is_none_or(|c| c != 0.0);
        let body = node.graph("body")?;
        let carried = node.inputs.len().saturating_sub(2);
        if body.input.len() != carried + 2 || body.output.len() < carried + 1 {
            return Err(node.error("its body has another number of inputs and outputs"));
        }
        let mut state = (0..carried).map(|i| node.input(i + 2).cloned()).collect::<Result<Vec<_>, _>>()?;
        let mut stacked: Vec<Vec<Tensor>> = vec![Vec::new(); body.output.len() - carried - 1];
        let mut trip = 0u32;
        while go && trips.is_none_or(|n| f64::from(trip) < n) {
            let mut scope = outer.inner(format!("{}.{trip}/", node.name));
            let mut bind = |i: usize, tensor: Tensor| {
                scope.tensors.insert(body.input[i].name.clone(), Rc::new(tensor));
            };
            bind(0, Tensor::constant(Kind::Int, vec![], vec![f64::from(trip)]));
            bind(1, Tensor::constant(Kind::Bool, vec![], vec![1.0]));
            state.into_iter().enumerate().for_each(|(i, t)| bind(i + 2, t));
            let mut results = self.body(node, body, &mut scope)?.into_iter();
            let next = results.next();
            go = match next.as_ref().and_then(Tensor::constants) {
                Some([c]) => *c != 0.0,
                _ => {
                    return Err(node.error("its condition depends on computed values: the trip count must be constant"));
                }
            };
            state = results.by_ref().take(carried).collect();
            stacked.iter_mut().zip(results).for_each(|(list, t)| list.push(t));
            trip += 1;
            // A body without nodes must end, too.
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                return Err(node.error("the model has more than 2^20 nodes, with loops unrolled"));
            }
        }
        let stacks = stacked.into_iter().zip(&body.output[carried + 1..]);
        let stacks =
            stacks.map(
                |(list, info)| {
                    if list.is_empty() { empty_stack(node, info) } else { stack(node, &mut self.graph, &list, 0) }
                },
            );
        let stacks = stacks.collect::<Result<Vec<_>, _>>()?;
        state.extend(stacks);
        Ok(state)
    }

    fn scan(&mut self, node: &Node<'_>, outer: &Scope<'_>) -> Lowered {
        if node.opset < 9 {
            return Err(node.error("the form of operator set 8, with a batch, is not supported"));
        }
        let body = node.graph("body")?;
        let scanned = usize::try_from(node.int("num_scan_inputs", 0)?).ok().filter(|&n| n > 0);
        let scanned = scanned.filter(|&n| n <= node.inputs.len() && node.inputs.len() == body.input.len());
        let scanned = scanned.ok_or_else(|| node.error("`num_scan_inputs` does not fit its operands"))?;
        let carried = node.inputs.len() - scanned;
        let outputs = body.output.len().checked_sub(carried);
        let outputs = outputs.ok_or_else(|| node.error("its body has too few outputs"))?;
        let list = |name: &str, len: usize| match node.ints(name)? {
            None => Ok(vec![0; len]),
            Some(v) if v.len() == len => Ok(v),
            Some(_) => Err(node.error(format!("`{name}` has another length"))),
        };
        let (axes, backward) = (list("scan_input_axes", scanned)?, list("scan_input_directions", scanned)?);
        let (out_axes, out_backward) = (list("scan_output_axes", outputs)?, list("scan_output_directions", outputs)?);
        let mut state = (0..carried).map(|i| node.input(i).cloned()).collect::<Result<Vec<_>, _>>()?;
        let mut slices = Vec::with_capacity(scanned);
        for i in 0..scanned {
            let x = node.input(carried + i)?;
            let axis = node.axis(axes[i], x.shape.len())?;
            let mut list = unstack(x, axis);
            if backward[i] != 0 {
                list.reverse();
            }
            slices.push(list);
        }
        let steps = slices.first().map_or(0, Vec::len);
        if slices.iter().any(|s| s.len() != steps) {
            return Err(node.error("its scanned operands have different lengths"));
        }
        let mut stacked: Vec<Vec<Tensor>> = vec![Vec::new(); outputs];
        for step in 0..steps {
            let mut scope = outer.inner(format!("{}.{step}/", node.name));
            let operands = state.into_iter().chain(slices.iter().map(|s| s[step].clone()));
            for (info, tensor) in body.input.iter().zip(operands) {
                scope.tensors.insert(info.name.clone(), Rc::new(tensor));
            }
            let mut results = self.body(node, body, &mut scope)?.into_iter();
            state = results.by_ref().take(carried).collect();
            stacked.iter_mut().zip(results).for_each(|(list, t)| list.push(t));
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                return Err(node.error("the model has more than 2^20 nodes, with loops unrolled"));
            }
        }
        for (i, mut list) in stacked.into_iter().enumerate() {
            if out_backward[i] != 0 {
                list.reverse();
            }
            state.push(if list.is_empty() {
                empty_stack(node, &body.output[carried + i])?
            } else {
                let rank = list[0].shape.len() + 1;
                stack(node, &mut self.graph, &list, node.axis(out_axes[i], rank)?)?
            });
        }
        Ok(state)
    }
}

/// The tensors of these names, as the results of a node.
fn results(node: &Node<'_>, names: &[String], scope: &Scope<'_>) -> Lowered {
    let find = |name: &String| {
        let found = scope.find(name).map(|t| t.as_ref().clone());
        found.ok_or_else(|| node.error(format!("its result `{name}` is not computed")))
    };
    names.iter().map(find).collect()
}

/// A node of a function's body, with the attributes that the caller gives.
fn with_attributes(node: &pb::NodeProto, caller: &pb::NodeProto) -> pb::NodeProto {
    let mut own = node.clone();
    own.attribute = own
        .attribute
        .into_iter()
        .filter_map(|a| {
            if a.ref_attr_name.is_empty() {
                return Some(in_graphs(a, caller));
            }
            let given = caller.attribute.iter().find(|g| g.name == a.ref_attr_name)?;
            Some(pb::AttributeProto { name: a.name, ..given.clone() })
        })
        .collect();
    own
}

/// An attribute whose graphs, if it has any, refer to the caller's attributes.
fn in_graphs(mut attribute: pb::AttributeProto, caller: &pb::NodeProto) -> pb::AttributeProto {
    if let Some(graph) = &mut attribute.g {
        graph.node = graph.node.iter().map(|n| with_attributes(n, caller)).collect();
    }
    attribute
}

/// Tensors of one shape, along a new axis.
fn stack(node: &Node<'_>, graph: &mut Graph, list: &[Tensor], axis: usize) -> Result<Tensor, CompileError> {
    let first = &list[0];
    if list.iter().any(|t| t.shape != first.shape || t.dtype != first.dtype) {
        return Err(node.error("results of its steps have different shapes"));
    }
    let mut shape = first.shape.clone();
    shape.insert(axis, list.len());
    node.checked_len(&shape)?;
    let inner: usize = first.shape[axis..].iter().product();
    let outer: usize = first.shape[..axis].iter().product();
    let order = (0..outer).flat_map(|o| (0..list.len()).map(move |i| (i, o * inner)));
    if let Some(data) = list.iter().map(Tensor::constants).collect::<Option<Vec<_>>>() {
        let all = order.flat_map(|(i, at)| data[i][at..at + inner].iter().copied()).collect();
        return Ok(Tensor::constant(first.kind, shape, all).typed(first.dtype));
    }
    let ids: Vec<_> = list.iter().map(|t| t.ids(graph)).collect();
    let all = order.flat_map(|(i, at)| ids[i][at..at + inner].iter().copied()).collect();
    Ok(Tensor::computed(graph, first.dtype, shape, all))
}

/// What a loop without steps stacks: no elements, of the declared shape.
fn empty_stack(node: &Node<'_>, info: &pb::ValueInfoProto) -> Result<Tensor, CompileError> {
    let Some(pb::type_proto::Value::TensorType(t)) = info.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        return Err(node.error(format!("it has no steps, and `{}` no type", info.name)));
    };
    let dtype = weights::element_type(&info.name, t.elem_type)?;
    use pb::tensor_shape_proto::dimension::Value;
    let dims = t.shape.iter().flat_map(|s| &s.dim).map(|d| match d.value {
        Some(Value::DimValue(v)) => usize::try_from(v).unwrap_or(0),
        _ => 0,
    });
    let shape = std::iter::once(0).chain(dims).collect();
    Ok(Tensor::constant(dtype.kind(), shape, Vec::new()).typed(dtype))
}

/// The parts of a tensor along an axis, without that axis.
fn unstack(x: &Tensor, axis: usize) -> Vec<Tensor> {
    let all = strides(&x.shape);
    let mut shape = x.shape.clone();
    shape.remove(axis);
    let mut steps: Vec<isize> = all.iter().map(|&s| s as isize).collect();
    steps.remove(axis);
    (0..x.shape[axis]).map(|i| x.pick(shape.clone(), &walk(&shape, &steps, i * all[axis]))).collect()
}
