//! A model file, read and checked before anything else looks at it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use tract_onnx::{pb, prelude::*};

use super::{attributes::Opsets, ml, oracle_form, shapes, tensor::Tensor, weights};
use crate::{CompileError, InputShapes, InputSpec, Schema, schema};

pub(super) use super::checks::{checked_len, malformed, node_name};

/// A checked ONNX model.
#[derive(Clone, Debug)]
pub struct OnnxModel {
    proto: pb::ModelProto,
    digest: [u8; 32],
    name: String,
    opset: i64,
    opsets: Opsets,
    inputs: Vec<InputSpec>,
    outputs: Vec<String>,
    /// What the caller should know about how the file was read.
    notes: Vec<String>,
    schema: Option<Schema>,
    initializers: BTreeMap<String, Tensor>,
    order: Vec<usize>,
}

impl OnnxModel {
    /// Reads and checks a model file. External data is looked for next to it.
    ///
    /// # Errors
    /// [`CompileError`] for anything that is wrong with the file.
    pub fn load(path: &Path) -> Result<Self, CompileError> {
        Self::load_with(path, &InputShapes::default())
    }

    /// Reads and checks a model file, and fixes the open axes of its inputs. External data is looked for next to it.
    ///
    /// # Errors
    /// [`CompileError`] for anything that is wrong with the file, or shapes that are not its inputs'.
    pub fn load_with(path: &Path, shapes: &InputShapes) -> Result<Self, CompileError> {
        let bytes = std::fs::read(path).map_err(|source| CompileError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().map(Path::to_path_buf);
        let mut model = Self::read(&bytes, folder, shapes)?;
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
        Self::from_bytes_with(bytes, &InputShapes::default())
    }

    /// Reads and checks a model from its bytes, and fixes the open axes of its inputs; external data cannot be resolved.
    ///
    /// # Errors
    /// As [`OnnxModel::load_with`].
    pub fn from_bytes_with(bytes: &[u8], shapes: &InputShapes) -> Result<Self, CompileError> {
        Self::read(bytes, None, shapes)
    }

    fn read(bytes: &[u8], folder: Option<PathBuf>, shapes: &InputShapes) -> Result<Self, CompileError> {
        if let Some(kind) = other_kind(bytes) {
            return Err(CompileError::Decode { reason: format!("it is {kind}") });
        }
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
        let free: Vec<_> = graph.input.iter().filter(|v| !initializers.contains_key(&v.name)).collect();
        let (inputs, mut notes) = shapes::resolve(&free, &graph.output, shapes)?;
        notes.extend(ml::notes(graph));
        let outputs: Vec<String> = graph.output.iter().map(|v| v.name.clone()).collect();
        if outputs.is_empty() {
            return Err(malformed("its graph has no outputs"));
        }
        let order = order(graph, &inputs, &initializers)?;
        let props = proto.metadata_props.iter().find(|p| p.key == schema::KEY);
        let schema = props.map(|p| Schema::parse(&p.value)).transpose()?;
        let name = graph.name.clone();
        let opsets = Opsets::new(&proto.opset_import);
        Ok(Self { proto, digest, name, opset, opsets, inputs, outputs, notes, schema, initializers, order })
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

    /// Names, shapes and types of the inputs.
    pub fn inputs(&self) -> &[InputSpec] {
        &self.inputs
    }

    /// Names of the outputs.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// What the caller should know about how the file was read.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The `vouch.schema` metadata, if the model has any.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// Versions of all operator sets.
    pub(super) fn opsets(&self) -> &Opsets {
        &self.opsets
    }

    /// The model's own functions.
    pub(super) fn functions(&self) -> impl Iterator<Item = &pb::FunctionProto> {
        self.proto.functions.iter()
    }

    /// The weights by name.
    pub(super) fn initializers(&self) -> &BTreeMap<String, Tensor> {
        &self.initializers
    }

    /// The first element of a weight that is NaN or infinite.
    pub(crate) fn not_finite(&self) -> Option<CompileError> {
        self.initializers.iter().find_map(|(name, t)| {
            let data = t.constants()?;
            let index = data.iter().position(|v| !v.is_finite())?;
            Some(CompileError::NotFinite { tensor: name.clone(), index, value: data[index] })
        })
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

    /// What tract makes of a node, those of functions included, without an error and not as ONNX has it.
    pub(crate) fn misread(&self) -> Option<&'static str> {
        let inner = self.functions().flat_map(|f| &f.node);
        self.nodes().chain(inner).find_map(oracle_form::misread)
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

/// What people take for a model by mistake, by its first bytes.
fn other_kind(bytes: &[u8]) -> Option<&'static str> {
    let kinds: [(&[u8], &str); 7] = [
        (b"", "an empty file"),
        (b"VOUCHMD\0", "a model that is compiled already"),
        (b"VOUCH", "another file of Vouch"),
        (b"PK\x03\x04", "a zip archive, such as PyTorch's .pt and numpy's .npz: export the model to ONNX"),
        (b"\x93NUMPY", "a numpy array"),
        (b"\x89HDF", "an HDF5 file, such as Keras' .h5: export the model to ONNX"),
        (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself"),
    ];
    let is = |magic: &[u8]| if magic.is_empty() { bytes.is_empty() } else { bytes.starts_with(magic) };
    kinds.into_iter().find(|(magic, _)| is(magic)).map(|(_, kind)| kind)
}

fn opset(proto: &pb::ModelProto) -> Result<i64, CompileError> {
    if proto.opset_import.is_empty() {
        return Err(malformed("it imports no operator set"));
    }
    let default = proto.opset_import.iter().find(|o| o.domain.is_empty() || o.domain == "ai.onnx");
    // A model may have operators of other domains only.
    let Some(version) = default.map(|o| o.version) else { return Ok(0) };
    if !(7..=30).contains(&version) {
        return Err(malformed(format!("operator set {version} is not supported (7 to 30 are)")));
    }
    Ok(version)
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
        let inner = captured(node);
        for input in node.input.iter().map(String::as_str).filter(|n| !n.is_empty()).chain(inner) {
            if let Some(&p) = producer.get(input) {
                users[p].push(i);
                waits[i] += 1;
            } else if !given.contains(input) {
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

/// The names that the graphs inside a node take from the graph around it.
fn captured(node: &pb::NodeProto) -> Vec<&str> {
    let mut out = Vec::new();
    let graphs = node.attribute.iter().filter_map(|a| a.g.as_ref());
    for graph in graphs {
        let mut own: Vec<&str> = graph.input.iter().map(|i| i.name.as_str()).collect();
        own.extend(graph.initializer.iter().map(|t| t.name.as_str()));
        own.extend(graph.node.iter().flat_map(|n| n.output.iter().map(String::as_str)));
        let own: BTreeSet<&str> = own.into_iter().collect();
        let read = graph.node.iter().flat_map(|n| n.input.iter().map(String::as_str).chain(captured(n)));
        let read = read.chain(graph.output.iter().map(|o| o.name.as_str()));
        out.extend(read.filter(|name| !name.is_empty() && !own.contains(name)));
    }
    out
}
