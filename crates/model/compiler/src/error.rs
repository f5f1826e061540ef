//! What can be wrong with a model, its options, its inputs and its data files.

use std::path::PathBuf;

use thiserror::Error;
use vouch_program::{ProgramError, RunError, ValueError};

use crate::ElementType;

/// Why a model could not be compiled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The bytes are not an ONNX model.
    #[error("not an ONNX model: {reason}")]
    Decode {
        /// What the decoder says.
        reason: String,
    },
    /// The model has no graph, no outputs, duplicate names, undefined names…
    #[error("malformed model: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// The nodes depend on each other in a circle.
    #[error("the graph has a cycle through node {node}")]
    Cycle {
        /// A node of the cycle.
        node: String,
    },
    /// A tensor lies in another file, which is missing or too short.
    #[error("tensor `{tensor}` is stored in the external file `{location}`: {reason}")]
    ExternalData {
        /// Which tensor.
        tensor: String,
        /// Path given by the model.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An element type that is not supported there.
    #[error("tensor `{tensor}` has element type {dtype}: {reason}")]
    DataType {
        /// Which tensor.
        tensor: String,
        /// ONNX's name of the type.
        dtype: String,
        /// What is supported.
        reason: &'static str,
    },
    /// A constant that is NaN or infinite, on which an output depends.
    #[error("{} in tensor `{tensor}`, element {index}, and an output depends on it", number(.value))]
    NotFinite {
        /// Which tensor.
        tensor: String,
        /// Flat index.
        index: usize,
        /// NaN or an infinity.
        value: f64,
    },
    /// A dimension that is negative, or a tensor or program that is too large.
    #[error("`{name}` of shape {shape}: {reason}")]
    Dimensions {
        /// Which tensor or part.
        name: String,
        /// Its shape.
        shape: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An input dimension that the file leaves open.
    #[error(
        "input `{input}`: dimension {axis} (`{dimension}`) is open: give its size with {}",
        fix(.input, .dimension)
    )]
    DynamicDimension {
        /// Which input.
        input: String,
        /// Which axis.
        axis: usize,
        /// Its symbol, empty if it has none.
        dimension: String,
    },
    /// An operator that is not supported.
    #[error("node `{node}`: operator {operator} is not supported{reason}")]
    UnsupportedOperator {
        /// Which node.
        node: String,
        /// Domain and name.
        operator: String,
        /// Why, with leading punctuation, or empty.
        reason: String,
    },
    /// A supported operator used in a way that is not.
    #[error("node `{node}` ({operator}): {reason}")]
    Operator {
        /// Which node.
        node: String,
        /// Its operator.
        operator: String,
        /// What is wrong or unsupported.
        reason: String,
    },
    /// An input without a range.
    #[error(
        "input `{input}` has no range: give --input-range LO,HI or calibration data, or put a `vouch.schema` into the model"
    )]
    MissingRange {
        /// Which input.
        input: String,
    },
    /// A range that makes no sense.
    #[error("range [{lo}, {hi}] of `{input}`: {reason}")]
    Range {
        /// Of which input.
        input: String,
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: f64,
        /// What is wrong.
        reason: &'static str,
    },
    /// A scale that no program can give an input.
    #[error("scale {scale} of input `{input}`, which lies in [{lo}, {hi}]: {reason}")]
    Scale {
        /// Which input.
        input: String,
        /// Integers a unit, as given.
        scale: f64,
        /// Lower end of its range.
        lo: f64,
        /// Upper end of its range.
        hi: f64,
        /// What is wrong.
        reason: &'static str,
    },
    /// The model's `vouch.schema` metadata cannot be used.
    #[error("metadata `vouch.schema`: {reason}")]
    Schema {
        /// What is wrong with it.
        reason: String,
    },
    /// An option out of its range.
    #[error("option {option}: {reason}")]
    Option {
        /// Which option.
        option: &'static str,
        /// What is allowed.
        reason: String,
    },
    /// A calibration or accuracy sample that does not fit the model.
    #[error("{set}, sample {sample}: {source}")]
    Sample {
        /// Of which samples: a file's name, `calibration` or `random`.
        set: String,
        /// Which sample.
        sample: usize,
        /// What is wrong with it.
        source: InputError,
    },
    /// A value's range is too large for any scale, or infinite.
    #[error("`{tensor}` can lie in [{lo}, {hi}]: {reason}")]
    Precision {
        /// Which tensor.
        tensor: String,
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: f64,
        /// What cannot be done with it.
        reason: String,
    },
    /// The float reference failed.
    #[error("the float reference (tract) fails on this model: {reason}")]
    Oracle {
        /// What tract says.
        reason: String,
    },
    /// No configuration is as accurate as demanded.
    #[error(
        "output `{output}` would be off by up to {error:.2e}, and {acceptable:.2e} is acceptable; most of it comes from `{tensor}`: give narrower ranges, or a larger --target-error or --max-error, or accept it with --accept-error {output}={error:.2e}"
    )]
    Accuracy {
        /// Which output.
        output: String,
        /// Its largest absolute error.
        error: f64,
        /// Its largest acceptable error.
        acceptable: f64,
        /// The tensor by whose quantization half of the error has come about.
        tensor: String,
    },
    /// The integer program that came out is not valid.
    #[error("the quantized program is not valid: {0}")]
    Program(#[from] ProgramError),
    /// The program refuses a sample on which its accuracy was to be measured.
    #[error("the quantized program refuses sample {sample} ({set}): {source}")]
    Run {
        /// Of which samples: a file's name, `calibration` or `random`.
        set: String,
        /// Which sample.
        sample: usize,
        /// Why.
        source: RunError,
    },
}

impl CompileError {
    /// The same error, with more about its reason.
    pub(crate) fn because(mut self, more: &str) -> Self {
        if let Self::Operator { reason, .. } = &mut self {
            reason.push_str("; ");
            reason.push_str(more);
        }
        self
    }
}

/// A number that is not finite, as people write it.
fn number(value: &f64) -> &'static str {
    match value {
        v if v.is_nan() => "NaN",
        v if *v > 0.0 => "infinity",
        _ => "−infinity",
    }
}

/// The option that fixes an open dimension.
fn fix(input: &str, dimension: &str) -> String {
    if dimension.is_empty() { format!("--shape {input}=N,N,…") } else { format!("--dim {dimension}=N") }
}

/// An input that does not fit the program's inputs.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum InputError {
    /// An input is missing.
    #[error("input `{name}` is missing")]
    Missing {
        /// Which.
        name: String,
    },
    /// A tensor that is no input.
    #[error("there is no input `{name}`; inputs are {known}")]
    Unknown {
        /// As given.
        name: String,
        /// The known names.
        known: String,
    },
    /// Wrong number of elements.
    #[error("input `{name}` has {got} elements, expected {expected} (shape {shape})")]
    Length {
        /// Which input.
        name: String,
        /// As given.
        got: usize,
        /// As expected.
        expected: usize,
        /// The expected shape.
        shape: String,
    },
    /// NaN or an infinity.
    #[error("{} in input `{name}`, element {index}: numbers must be finite", number(.value))]
    NotFinite {
        /// Which input.
        name: String,
        /// Flat index.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A number that is not an integer, in an input of integers or truth values.
    #[error("input `{name}`[{index}] is {value}, which is not an element of type {dtype}")]
    NotInteger {
        /// Which input.
        name: String,
        /// Flat index.
        index: usize,
        /// The value.
        value: f64,
        /// The input's type.
        dtype: ElementType,
    },
    /// Outside the declared range.
    #[error(
        "input `{name}`[{index}] is {value}, outside the declared range [{lo}, {hi}]: compile with a wider --input-range or correct the input"
    )]
    OutOfRange {
        /// Which input.
        name: String,
        /// Flat index.
        index: usize,
        /// The value.
        value: f64,
        /// Lower end of the range.
        lo: f64,
        /// Upper end of the range.
        hi: f64,
    },
}

impl From<ValueError> for InputError {
    fn from(error: ValueError) -> Self {
        match error {
            ValueError::Count { name, expected, shape, got } => {
                Self::Length { name, got, expected, shape: format!("{shape:?}") }
            }
            ValueError::NotFinite { name, index, value } => Self::NotFinite { name, index, value },
            ValueError::Range { name, index, value, min, max } => {
                Self::OutOfRange { name, index, value, lo: min, hi: max }
            }
        }
    }
}

/// A data file that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Not .npy, .npz or .json.
    #[error("{path}: unknown format, expected .npy, .npz or .json")]
    Format {
        /// Which file.
        path: PathBuf,
    },
    /// The file ends too early.
    #[error("{what} is truncated: it has {got} bytes of data, its header says {expected}")]
    Truncated {
        /// Which array.
        what: String,
        /// Bytes present.
        got: usize,
        /// Bytes expected.
        expected: usize,
    },
    /// A broken header, archive or document.
    #[error("{what} cannot be read: {reason}")]
    Malformed {
        /// Which file or array.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// An element type that is not a number.
    #[error("{what} has element type {dtype}, expected floats or integers")]
    DataType {
        /// Which array.
        what: String,
        /// numpy's name of the type.
        dtype: String,
    },
    /// An array whose shape does not fit the input.
    #[error("input `{name}`: data of shape {got} does not fit the shape {expected}, nor a batch of it")]
    Shape {
        /// Which input.
        name: String,
        /// As read.
        got: String,
        /// As expected.
        expected: String,
    },
    /// Inputs with different numbers of samples.
    #[error("input `{name}` has {got} samples, the others have {expected}")]
    SampleCount {
        /// Which input.
        name: String,
        /// As read.
        got: usize,
        /// As expected.
        expected: usize,
    },
    /// A single array for a model with several inputs.
    #[error("{what} holds one array without a name, but the model has {inputs} inputs: use .npz or JSON")]
    Unnamed {
        /// Which file.
        what: String,
        /// How many inputs.
        inputs: usize,
    },
    /// Missing or unknown names, NaN or infinities.
    #[error(transparent)]
    Input(#[from] InputError),
}
