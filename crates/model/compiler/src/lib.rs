//! From an ONNX model to a [`vouch_program::Program`]: the float model becomes an integer program whose runs can be proved.
//!
//! ```text
//! OnnxModel -> Graph (float) -> passes -> ranges -> quantize -> Program + CompileReport
//! ```
//!
//! * [`OnnxModel`] is a model file that was read and checked; [`Oracle`] runs it in floating point (tract).
//! * The crate's graph is the model after lowering: static shapes, constants folded, layout operators dissolved into
//!   lists of values; what remains are matrices, products, maxima and functions of one variable.
//! * Ranges are interval arithmetic from the declared input ranges, or calibration data ([`CompileOptions`]).
//! * Scales are chosen by trying configurations, cheapest first, and measuring the program against the float model.
//!
//! Compilation is deterministic: the same file and options give the same bytes.

mod compile;
pub mod data;
mod element;
mod error;
mod function;
mod graph;
mod io;
mod onnx;
mod options;
mod oracle;
mod parallel;
mod quantize;
mod report;
mod schema;

pub use compile::{Compiled, Prepared, compile, compile_model, input_ranges};
pub use data::{InputSpec, NamedTensor, NamedTensors, Samples};
pub use element::ElementType;
pub use error::{CompileError, DataError, InputError};
pub use io::{dequantize_outputs, quantize_inputs};
pub use onnx::{OnnxModel, OperatorInfo, operators};
pub use options::{CompileOptions, GivenSamples, InputRanges, InputScales, InputShapes, MaxErrors};
pub use oracle::Oracle;
pub use report::{
    AccuracyReport, CompileReport, Configuration, InputRange, OperatorCount, OutputAccuracy, RangeReport, SampleSet,
    TableReport, TensorReport,
};
pub use schema::{FieldSchema, Schema};
