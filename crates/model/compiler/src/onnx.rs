//! Reading ONNX, and lowering its operators to the float graph: one operator (or one family) a file.

mod attributes;
mod average_pool;
mod batch_normalization;
mod concat;
mod constant;
mod conv;
mod elementwise;
mod gather;
mod gemm;
mod gru;
mod import;
mod known;
mod lstm;
mod mat_mul;
mod max_pool;
mod model;
mod oracle_form;
mod pad;
mod recurrent;
mod reduce;
mod registry;
mod reshape;
mod rnn;
mod shapes;
mod slice;
mod softmax;
mod split;
mod tensor;
mod transpose;
mod unary;
mod weights;
mod window;

pub(crate) use import::import;
pub use model::OnnxModel;
pub use registry::{OperatorInfo, operators};
