//! A model file, read and checked before anything else looks at it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use tract_onnx::{pb, prelude::*};

use super::{oracle_form, tensor::Tensor, weights};
use crate::{CompileError, InputSpec, Schema, schema};

/// No tensor has more elements than this.
pub(crate) const MAX_ELEMENTS: usize = 1 << 27;

/// A checked ONNX model.
#[derive(Clone, Debug)]
pub struct OnnxModel {
    proto: pb::ModelProto,
    digest: [u8; 32],
    name: String,
    opset: i64,
    inputs: Vec<InputSpec>,
    outputs: Vec<String>,
    schema: Option<Schema>,
    initializers: BTreeMap<String, Tensor>,
    order: Vec<usize>,
}

fn malformed(reason: impl Into<String>) -> CompileError {
    CompileError::Malformed { reason: reason.into() }
}

/// A node's name for messages.
pub(super) fn node_name(node: &pb::NodeProto) -> String {
    let first_output = || node.output.iter().find(|o| !o.is_empty()).cloned().unwrap_or_else(|| node.op_type.clone());
    if node.name.is_empty() { first_output() } else { node.name.clone() }
}

impl OnnxModel {
    /// Reads and checks a model file. External data is looked for next to it.
    ///
    /// # Errors
    /// [`CompileError`] for anything that is wrong with the file.
    pub fn load(path: &Path) -> Result<Self, CompileError> {
        let bytes = std::fs::read(path).map_err(|source| CompileError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().map(Path::to_path_buf);
        let mut model = Self::read(&bytes, folder)?;
        if model.name.is_empty() {
            model.name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        }
        Ok(model)
    }

    /// Reads and checks a model from its bytes; external data cannot be resolved.
    ///
    /// # Errors
    /// As [`OnnxModel::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CompileError> {
        Self::read(bytes, None)
    }

    fn read(bytes: &[u8], folder: Option<PathBuf>) -> Result<Self, CompileError> {
        let proto = tract_onnx::onnx()
            .proto_model_for_read(&mut &bytes[..])
            .map_err(|e| CompileError::Decode { reason: format!("{e:#}") })?;
        let hash = blake2b_simd::Params::new().hash_length(32).hash(bytes);
        let mut digest = [0; 32];
        digest.copy_from_slice(hash.as_bytes());
        let graph = proto.graph.as_ref().ok_or_else(|| malformed("it has no graph"))?;
        let opset = opset(&proto)?;
        if !graph.sparse_initializer.is_empty() {
            return Err(malformed("sparse initializers are not supported"));
        }
        let mut initializers = BTreeMap::new();
        for t in &graph.initializer {
            let tensor = weights::read(t, folder.as_deref())?;
            if initializers.insert(t.name.clone(), tensor).is_some() {
                return Err(malformed(format!("initializer `{}` is defined twice", t.name)));
            }
        }
        let inputs = graph
            .input
            .iter()
            .filter(|v| !initializers.contains_key(&v.name))
            .map(input_spec)
            .collect::<Result<Vec<_>, _>>()?;
        let outputs: Vec<String> = graph.output.iter().map(|v| v.name.clone()).collect();
        if outputs.is_empty() {
            return Err(malformed("its graph has no outputs"));
        }
        let order = order(graph, &inputs, &initializers)?;
        let props = proto.metadata_props.iter().find(|p| p.key == schema::KEY);
        let schema = props.map(|p| Schema::parse(&p.value)).transpose()?;
        let name = graph.name.clone();
        Ok(Self { proto, digest, name, opset, inputs, outputs, schema, initializers, order })
    }

    /// The graph's name, or the file's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// BLAKE2b-256 of the file.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Version of the default operator set.
    pub fn opset(&self) -> i64 {
        self.opset
    }

    /// Names and shapes of the inputs; a symbolic batch dimension is 1.
    pub fn inputs(&self) -> &[InputSpec] {
        &self.inputs
    }

    /// Names of the outputs.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The `vouch.schema` metadata, if the model has any.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// The weights by name.
    pub(super) fn initializers(&self) -> &BTreeMap<String, Tensor> {
        &self.initializers
    }

    /// The nodes, each after those that it depends on.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &pb::NodeProto> {
        let nodes = self.proto.graph.as_ref().map(|g| g.node.as_slice()).unwrap_or_default();
        self.order.iter().filter_map(move |&i| nodes.get(i))
    }

    /// How often each operator occurs.
    pub(crate) fn operator_counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for node in self.nodes() {
            *counts.entry(node.op_type.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// Whether a recurrent layer runs in reverse only.
    pub(crate) fn has_reverse_layers(&self) -> bool {
        self.nodes().any(oracle_form::is_reverse)
    }

    /// The protobuf with external data inlined and nodes in order, for tract.
    pub(crate) fn self_contained_proto(&self) -> pb::ModelProto {
        let mut proto = self.proto.clone();
        let Some(graph) = &mut proto.graph else { return proto };
        graph.node = self.nodes().cloned().collect();
        oracle_form::unroll_reverse(graph);
        for t in &mut graph.initializer {
            if let Some(tensor) = self.initializers.get(&t.name)
                && !t.external_data.is_empty()
            {
                weights::inline(t, tensor);
            }
        }
        // tract reads weights from the initializers; an input of the same name would have to be fed.
        let initializers = &self.initializers;
        graph.input.retain(|v| !initializers.contains_key(&v.name));
        graph.value_info.clear();
        proto
    }
}

fn opset(proto: &pb::ModelProto) -> Result<i64, CompileError> {
    let default = proto.opset_import.iter().find(|o| o.domain.is_empty() || o.domain == "ai.onnx");
    let version = default.map(|o| o.version).ok_or_else(|| malformed("it imports no operator set"))?;
    if !(7..=30).contains(&version) {
        return Err(malformed(format!("operator set {version} is not supported (7 to 30 are)")));
    }
    Ok(version)
}

fn input_spec(info: &pb::ValueInfoProto) -> Result<InputSpec, CompileError> {
    let input = &info.name;
    if input.is_empty() {
        return Err(malformed("an input has no name"));
    }
    let Some(pb::type_proto::Value::TensorType(t)) = info.r#type.as_ref().and_then(|t| t.value.as_ref()) else {
        return Err(malformed(format!("input `{input}` is not a tensor")));
    };
    let dtype = weights::element_type(input, t.elem_type)?;
    let dims = t.shape.as_ref().ok_or_else(|| malformed(format!("input `{input}` has no shape")))?;
    let mut shape = Vec::new();
    for (axis, dim) in dims.dim.iter().enumerate() {
        use pb::tensor_shape_proto::dimension::Value;
        shape.push(match &dim.value {
            Some(Value::DimValue(d)) if *d > 0 => usize::try_from(*d).unwrap_or(usize::MAX),
            Some(Value::DimValue(d)) if *d < 0 && axis == 0 => 1,
            Some(Value::DimValue(d)) => {
                return Err(CompileError::Dimensions {
                    name: input.clone(),
                    shape: format!("{:?}", dims.dim.len()),
                    reason: format!("dimension {axis} is {d}"),
                });
            }
            other => {
                let symbol = match other {
                    Some(Value::DimParam(p)) => p.clone(),
                    _ => String::new(),
                };
                let batch = ["batch", "batch_size", "n", "b", "bs", "batchsize"];
                if axis != 0 && !batch.contains(&symbol.to_lowercase().as_str()) {
                    return Err(CompileError::DynamicDimension { input: input.clone(), axis, dimension: symbol });
                }
                1
            }
        });
    }
    checked_len(input, &shape)?;
    Ok(InputSpec { name: input.clone(), shape, dtype })
}

/// The number of elements of a shape, if it is at most [`MAX_ELEMENTS`].
pub(super) fn checked_len(name: &str, shape: &[usize]) -> Result<usize, CompileError> {
    let len = crate::data::elements(shape).filter(|&n| n <= MAX_ELEMENTS);
    len.ok_or_else(|| CompileError::Dimensions {
        name: name.to_owned(),
        shape: format!("{shape:?}"),
        reason: "it has more than 2^27 elements".into(),
    })
}

/// An order of the nodes in which every name is defined before its use.
fn order(
    graph: &pb::GraphProto,
    inputs: &[InputSpec],
    initializers: &BTreeMap<String, Tensor>,
) -> Result<Vec<usize>, CompileError> {
    let mut producer: BTreeMap<&str, usize> = BTreeMap::new();
    let mut given: BTreeSet<&str> = initializers.keys().map(String::as_str).collect();
    for input in inputs {
        if !given.insert(&input.name) {
            return Err(malformed(format!("input `{}` is defined twice", input.name)));
        }
    }
    for (i, node) in graph.node.iter().enumerate() {
        for output in node.output.iter().filter(|o| !o.is_empty()) {
            if given.contains(output.as_str()) || producer.insert(output, i).is_some() {
                return Err(malformed(format!("`{output}` is defined twice")));
            }
        }
    }
    let mut waits = vec![0usize; graph.node.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); graph.node.len()];
    for (i, node) in graph.node.iter().enumerate() {
        for input in node.input.iter().filter(|n| !n.is_empty()) {
            if let Some(&p) = producer.get(input.as_str()) {
                users[p].push(i);
                waits[i] += 1;
            } else if !given.contains(input.as_str()) {
                let name = node_name(node);
                return Err(malformed(format!("node `{name}` uses `{input}`, which nothing defines")));
            }
        }
    }
    let mut ready: BTreeSet<usize> = (0..waits.len()).filter(|&i| waits[i] == 0).collect();
    let mut order = Vec::with_capacity(waits.len());
    while let Some(i) = ready.pop_first() {
        order.push(i);
        for &user in &users[i] {
            waits[user] -= 1;
            if waits[user] == 0 {
                ready.insert(user);
            }
        }
    }
    if let Some(stuck) = waits.iter().position(|&w| w > 0) {
        return Err(CompileError::Cycle { node: node_name(&graph.node[stuck]) });
    }
    for output in graph.output.iter().map(|o| o.name.as_str()) {
        if !producer.contains_key(output) && !given.contains(output) {
            return Err(malformed(format!("output `{output}` is not defined")));
        }
    }
    Ok(order)
}
