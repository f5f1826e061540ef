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

/// Bytes that the graph of any model may take, and how many more for each element of its weights.
const MEMORY: (usize, usize) = (1 << 29, 256);

/// About what a value of the graph takes, an operand of an operation, and an element of a tensor.
const BYTES: (usize, usize, usize) = (24, 8, 8);

/// What is left of the memory that a model may take while it is lowered: a small file does not take a large memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory(usize);

impl Memory {
    /// That of a model with so many weights.
    pub(super) fn of(weights: usize) -> Self {
        Self(MEMORY.1.saturating_mul(weights).saturating_add(MEMORY.0))
    }

    /// Takes what values, operands and elements of tensors need, if there is as much left.
    pub(super) fn take(&mut self, values: usize, operands: usize, elements: usize) -> Option<()> {
        let bytes = [(values, BYTES.0), (operands, BYTES.1), (elements, BYTES.2)];
        let bytes = bytes.iter().fold(0usize, |sum, (n, each)| sum.saturating_add(n.saturating_mul(*each)));
        self.0 = self.0.checked_sub(bytes)?;
        Some(())
    }

    /// Elements that one tensor, or one list of operands, may have.
    pub(super) fn elements(self) -> usize {
        (self.0 / (BYTES.0 + BYTES.2)).min(MAX_ELEMENTS)
    }
}
