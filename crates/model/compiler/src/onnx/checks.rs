//! What is checked while a file is read and while its nodes are lowered.

use tract_onnx::pb;

use crate::CompileError;

/// No tensor has more elements than this.
pub(crate) const MAX_ELEMENTS: usize = 1 << 27;

pub(super) fn malformed(reason: impl Into<String>) -> CompileError {
    CompileError::Malformed { reason: reason.into() }
}

/// A node's name for messages.
pub(super) fn node_name(node: &pb::NodeProto) -> String {
    let first_output = || node.output.iter().find(|o| !o.is_empty()).cloned().unwrap_or_else(|| node.op_type.clone());
    if node.name.is_empty() { first_output() } else { node.name.clone() }
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
