//! A node with its operands, and typed access to its attributes.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use tract_onnx::pb::{self, attribute_proto::AttributeType};

use super::{
    checks::Memory,
    model::node_name,
    tensor::{Elements, Kind, Tensor},
};
use crate::{
    CompileError,
    graph::{Graph, SiteId, ValueId},
};

/// The results of a node, or why there are none.
pub(super) type Lowered = Result<Vec<Tensor>, CompileError>;

/// Lowers a node: adds what it computes to the graph, and gives its results in the order of its outputs.
pub(super) type Lower = fn(&Node<'_>, &mut Graph) -> Lowered;

/// The operators of one file.
pub(super) struct Family {
    pub(super) ops: &'static [(&'static str, Lower)],
    /// Restrictions, by operator.
    pub(super) limits: &'static [(&'static str, &'static str)],
}

/// A node about to be lowered.
pub(super) struct Node<'a> {
    pub(super) proto: &'a pb::NodeProto,
    pub(super) name: String,
    /// Version of its operator's set.
    pub(super) opset: i64,
    pub(super) inputs: Vec<Option<Rc<Tensor>>>,
    wanted: Wanted,
    memory: Memory,
    find: Find,
}

/// The lowering of an operator of ONNX.
pub(super) type Find = fn(&str) -> Option<Lower>;

/// Values that had to be constant and are not.
pub(super) type Wanted = Rc<RefCell<Vec<ValueId>>>;

/// Versions of the operator sets that a model or function imports, by domain.
#[derive(Clone, Debug, Default)]
pub(super) struct Opsets(BTreeMap<String, i64>);

impl Opsets {
    pub(super) fn new(list: &[pb::OperatorSetIdProto]) -> Self {
        Self(list.iter().map(|o| (default_is_empty(&o.domain).to_owned(), o.version)).collect())
    }

    /// The version of a domain's operators; 0 if it is not imported.
    pub(super) fn of(&self, domain: &str) -> i64 {
        self.0.get(default_is_empty(domain)).copied().unwrap_or(0)
    }
}

/// The default domain has two names.
fn default_is_empty(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

impl<'a> Node<'a> {
    /// A node whose name begins with `path`.
    pub(super) fn new(
        proto: &'a pb::NodeProto,
        path: &str,
        opsets: &Opsets,
        inputs: Vec<Option<Rc<Tensor>>>,
        wanted: &Wanted,
        memory: Memory,
        find: Find,
    ) -> Self {
        let (name, opset) = (format!("{path}{}", node_name(proto)), opsets.of(&proto.domain));
        Self { proto, name, opset, inputs, wanted: wanted.clone(), memory, find }
    }

    /// Lowers an operator of ONNX in the node's place.
    pub(super) fn lower_as(
        &self,
        graph: &mut Graph,
        op: &str,
        opset: i64,
        inputs: Vec<Option<Rc<Tensor>>>,
        attribute: Vec<pb::AttributeProto>,
    ) -> Lowered {
        let lower = (self.find)(op).ok_or_else(|| self.error(format!("operator {op} is not supported")))?;
        let output = self.proto.output.clone();
        let proto = pb::NodeProto { op_type: op.to_owned(), output, attribute, ..pb::NodeProto::default() };
        let (name, wanted) = (format!("{}/{op}", self.name), self.wanted.clone());
        lower(&Node { proto: &proto, name, opset, inputs, wanted, memory: self.memory, find: self.find }, graph)
    }

    /// The domain of its operator; the default one is empty.
    pub(super) fn domain(&self) -> &'a str {
        default_is_empty(&self.proto.domain)
    }

    /// An error that names the node and its operator.
    pub(super) fn error(&self, reason: impl Into<String>) -> CompileError {
        CompileError::Operator { node: self.name.clone(), operator: self.proto.op_type.clone(), reason: reason.into() }
    }

    /// The number of elements of a shape, if as much memory is left for one list of them.
    pub(super) fn checked_len(&self, shape: &[usize]) -> Result<usize, CompileError> {
        let most = self.memory.elements();
        let len = crate::data::elements(shape).filter(|&n| n <= most);
        len.ok_or_else(|| CompileError::Dimensions {
            name: self.name.clone(),
            shape: format!("{shape:?}"),
            reason: format!("it has more than {most} elements, which is what a model of so few weights may have here"),
        })
    }

    /// The key of its operator in the registry.
    pub(super) fn key(&self) -> String {
        match self.domain() {
            "" => self.proto.op_type.clone(),
            domain => format!("{domain}:{}", self.proto.op_type),
        }
    }

    /// A site for results like `like`: of integers if those are integers.
    pub(super) fn site(&self, graph: &mut Graph, like: &Tensor, shape: &[usize]) -> SiteId {
        graph.new_site(&self.name, &self.proto.op_type, shape, like.dtype.is_integer())
    }

    /// Whether output `i` has a name, so that its value is wanted.
    pub(super) fn wants(&self, i: usize) -> bool {
        self.proto.output.get(i).is_some_and(|name| !name.is_empty())
    }

    pub(super) fn optional(&self, i: usize) -> Option<&Tensor> {
        self.inputs.get(i).and_then(|t| t.as_deref())
    }

    pub(super) fn input(&self, i: usize) -> Result<&Tensor, CompileError> {
        self.optional(i).ok_or_else(|| self.error(format!("operand {i} is missing")))
    }

    /// A float operand.
    pub(super) fn float_input(&self, i: usize) -> Result<&Tensor, CompileError> {
        let t = self.input(i)?;
        if t.kind == Kind::Float { Ok(t) } else { Err(self.error(format!("operand {i} is not a float tensor"))) }
    }

    /// An operand that must be constant. (Where it depends on inputs whose values calibration data fixes, it becomes one.)
    pub(super) fn constant(&self, i: usize, what: &str) -> Result<Option<(&Tensor, &[f64])>, CompileError> {
        let Some(t) = self.optional(i) else { return Ok(None) };
        match &t.elements {
            Elements::Constant(data) => Ok(Some((t, data.as_slice()))),
            Elements::Values(ids) => {
                self.wanted.borrow_mut().clone_from(ids);
                Err(self.error(format!("{what} must be constant")))
            }
        }
    }

    /// A constant operand of integers.
    pub(super) fn int_list(&self, i: usize, what: &str) -> Result<Option<Vec<i64>>, CompileError> {
        match self.constant(i, what)? {
            Some((t, _)) if t.kind != Kind::Int => Err(self.error(format!("{what} are not integers"))),
            Some((_, data)) => Ok(Some(data.iter().map(|&v| v as i64).collect())),
            None => Ok(None),
        }
    }

    fn attribute(&self, name: &str, kind: AttributeType) -> Result<Option<&'a pb::AttributeProto>, CompileError> {
        let Some(a) = self.proto.attribute.iter().find(|a| a.name == name) else { return Ok(None) };
        if a.r#type != 0 && a.r#type != kind as i32 {
            return Err(self.error(format!("attribute `{name}` has the wrong type")));
        }
        Ok(Some(a))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.proto.attribute.iter().any(|a| a.name == name)
    }

    pub(super) fn int(&self, name: &str, default: i64) -> Result<i64, CompileError> {
        Ok(self.attribute(name, AttributeType::Int)?.map_or(default, |a| a.i))
    }

    pub(super) fn float(&self, name: &str, default: f64) -> Result<f64, CompileError> {
        let value = self.attribute(name, AttributeType::Float)?.map_or(default, |a| f64::from(a.f));
        if value.is_finite() { Ok(value) } else { Err(self.error(format!("attribute `{name}` is {value}"))) }
    }

    pub(super) fn ints(&self, name: &str) -> Result<Option<Vec<i64>>, CompileError> {
        Ok(self.attribute(name, AttributeType::Ints)?.map(|a| a.ints.clone()))
    }

    pub(super) fn floats(&self, name: &str) -> Result<Option<Vec<f64>>, CompileError> {
        Ok(self.attribute(name, AttributeType::Floats)?.map(|a| a.floats.iter().map(|&v| f64::from(v)).collect()))
    }

    pub(super) fn string(&self, name: &str, default: &str) -> Result<String, CompileError> {
        let a = self.attribute(name, AttributeType::String)?;
        Ok(a.map_or_else(|| default.to_owned(), |a| String::from_utf8_lossy(&a.s).into_owned()))
    }

    pub(super) fn strings(&self, name: &str) -> Result<Option<Vec<String>>, CompileError> {
        let text = |s: &Vec<u8>| String::from_utf8_lossy(s).into_owned();
        Ok(self.attribute(name, AttributeType::Strings)?.map(|a| a.strings.iter().map(text).collect()))
    }

    pub(super) fn tensor(&self, name: &str) -> Result<Option<&'a pb::TensorProto>, CompileError> {
        Ok(self.attribute(name, AttributeType::Tensor)?.and_then(|a| a.t.as_ref()))
    }

    /// The graph of an attribute.
    pub(super) fn graph(&self, name: &str) -> Result<&'a pb::GraphProto, CompileError> {
        let found = self.attribute(name, AttributeType::Graph)?.and_then(|a| a.g.as_ref());
        found.ok_or_else(|| self.error(format!("`{name}` is missing")))
    }

    /// An axis from −rank to rank − 1.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> Result<usize, CompileError> {
        let rank = rank as i64;
        if !(-rank..rank).contains(&axis) {
            return Err(self.error(format!("axis {axis} is outside a tensor of rank {rank}")));
        }
        Ok(axis.rem_euclid(rank) as usize)
    }

    /// Different axes from −rank to rank − 1, in ascending order.
    pub(super) fn axes(&self, axes: &[i64], rank: usize) -> Result<Vec<usize>, CompileError> {
        let mut out = axes.iter().map(|&a| self.axis(a, rank)).collect::<Result<Vec<_>, _>>()?;
        out.sort_unstable();
        let n = out.len();
        out.dedup();
        if out.len() == n { Ok(out) } else { Err(self.error("an axis occurs twice")) }
    }

    /// Axes that are an attribute before operator set `since`, and operand 1 from it on.
    pub(super) fn axes_of(&self, since: i64) -> Result<Option<Vec<i64>>, CompileError> {
        if self.opset >= since {
            if self.has("axes") {
                return Err(self.error(format!("`axes` is an operand from operator set {since} on, not an attribute")));
            }
            self.int_list(1, "axes")
        } else {
            if self.optional(1).is_some() {
                return Err(self.error(format!("`axes` is an attribute before operator set {since}, not an operand")));
            }
            self.ints("axes")
        }
    }
}
