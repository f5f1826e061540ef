//! Bodies of the fuzz targets. A bounded run of the same bodies is in `tests/errors.rs`.

use vouch_compiler::{CompileOptions, InputRanges, OnnxModel, compile_model};

/// Any bytes as a model file: read, imported, quantized and measured, or an error.
pub fn import(data: &[u8]) {
    if let Ok(model) = OnnxModel::from_bytes(data) {
        let ranges = InputRanges::global(-1.0, 1.0);
        let options = CompileOptions { ranges, samples: 1, ..CompileOptions::default() };
        // A hostile file is an error; a panic ends the run.
        drop(compile_model(&model, &options));
    }
}
